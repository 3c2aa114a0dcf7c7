-- The event feed. event is what readers follow: seq has no gaps, and no row ever appears below one that could be seen. Where transactions
-- commit in no known order, what happened waits in event_outbox until it is numbered. last_at is the time of last_seq. What is about no SKU or
-- no shop has 0 there.
CREATE TABLE event_feed (
  tenant_id BIGINT NOT NULL,
  last_seq BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  CONSTRAINT event_feed_pkey PRIMARY KEY (tenant_id)
);

CREATE TABLE event (
  tenant_id BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  kind TEXT NOT NULL,
  sku_id BIGINT NOT NULL,
  shop_id BIGINT NOT NULL,
  body TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  CONSTRAINT event_pkey PRIMARY KEY (tenant_id, seq)
) /*sqlite WITHOUT ROWID*/;

-- Most events tell of a changed SKU; who asks for the others only need not read past those.
CREATE INDEX event_rare_idx ON event (tenant_id, seq) WHERE kind <> 'stock.changed';

CREATE TABLE event_outbox (
  tenant_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  batch_id BIGINT NOT NULL,
  place BIGINT NOT NULL,
  kind TEXT NOT NULL,
  sku_id BIGINT NOT NULL,
  shop_id BIGINT NOT NULL,
  body TEXT NOT NULL,
  CONSTRAINT event_outbox_pkey PRIMARY KEY (tenant_id, created_at, batch_id, place)
) /*sqlite WITHOUT ROWID*/;

-- What the last event of a SKU told: sellable is a quantity, NULL while there was none; told_at its time. available is beside them.
ALTER TABLE sku_plan ADD COLUMN sellable BIGINT;
ALTER TABLE sku_plan ADD COLUMN told_at BIGINT NOT NULL DEFAULT 0;

-- How long a loop has been failing in a row, and whether that was told. A shop is failing from then until the last of its loops that were told of
-- has done its work again.
ALTER TABLE shop_loop ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE shop_loop ADD COLUMN failing_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE shop_loop ADD COLUMN told BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE shop ADD COLUMN failing_since BIGINT NOT NULL DEFAULT 0;
