-- Counting without stopping trade (棚卸; docs/stocktake.md). scope is JSON of StockQuery; where listed is set, the SKUs are those of stocktake_sku instead.
CREATE TABLE stocktake (
  tenant_id BIGINT NOT NULL,
  stocktake_id BIGINT NOT NULL,
  stocktake_key TEXT NOT NULL,
  name TEXT NOT NULL,
  location_id BIGINT NOT NULL,
  scope TEXT NOT NULL,
  listed BOOLEAN NOT NULL,
  blind BOOLEAN NOT NULL,
  picked TEXT NOT NULL,
  actor TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  closed_by TEXT NOT NULL DEFAULT '',
  closed_at BIGINT NOT NULL DEFAULT 0,
  CONSTRAINT stocktake_pkey PRIMARY KEY (tenant_id, stocktake_id),
  CONSTRAINT stocktake_tenant_id_stocktake_key_key UNIQUE (tenant_id, stocktake_key),
  CONSTRAINT stocktake_picked_check CHECK (picked IN ('on_shelf', 'taken', 'asked'))
);

CREATE TABLE stocktake_sku (
  tenant_id BIGINT NOT NULL,
  stocktake_id BIGINT NOT NULL,
  sku_id BIGINT NOT NULL,
  CONSTRAINT stocktake_sku_pkey PRIMARY KEY (tenant_id, stocktake_id, sku_id)
) /*sqlite WITHOUT ROWID*/;

-- One entry at the shelf, once by its key. A line is worked out from the scans of its round that are not undone.
CREATE TABLE stocktake_scan (
  tenant_id BIGINT NOT NULL,
  stocktake_id BIGINT NOT NULL,
  scan_key TEXT NOT NULL,
  sku_id BIGINT NOT NULL,
  round BIGINT NOT NULL,
  sets BOOLEAN NOT NULL,
  units BIGINT NOT NULL,
  picked BIGINT,
  scanned_at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  undone BOOLEAN NOT NULL DEFAULT FALSE,
  CONSTRAINT stocktake_scan_pkey PRIMARY KEY (tenant_id, stocktake_id, scan_key)
) /*sqlite WITHOUT ROWID*/;

CREATE INDEX stocktake_scan_line_idx ON stocktake_scan (tenant_id, stocktake_id, sku_id, round);
CREATE INDEX stocktake_scan_last_idx ON stocktake_scan (tenant_id, stocktake_id, scanned_at);

-- One round of one SKU; the latest is current. seq is the last movement that the books held at counted_at, first_seq at first_at; on_hand and committed are what
-- it left. posted is what approving has added to on hand. corrected is what others had corrected
-- since the count when it was approved; expected and variance are as of then, or of closing.
CREATE TABLE stocktake_line (
  tenant_id BIGINT NOT NULL,
  stocktake_id BIGINT NOT NULL,
  sku_id BIGINT NOT NULL,
  round BIGINT NOT NULL,
  current BOOLEAN NOT NULL,
  state TEXT NOT NULL,
  counted BIGINT NOT NULL DEFAULT 0,
  picked BIGINT NOT NULL DEFAULT 0,
  scans BIGINT NOT NULL DEFAULT 0,
  first_at BIGINT NOT NULL DEFAULT 0,
  first_seq BIGINT NOT NULL DEFAULT 0,
  counted_at BIGINT NOT NULL DEFAULT 0,
  seq BIGINT NOT NULL DEFAULT 0,
  on_hand BIGINT NOT NULL DEFAULT 0,
  committed BIGINT NOT NULL DEFAULT 0,
  actor TEXT NOT NULL DEFAULT '',
  asked_by TEXT NOT NULL DEFAULT '',
  asked_at BIGINT NOT NULL DEFAULT 0,
  adjusted TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  posted BIGINT NOT NULL DEFAULT 0,
  corrected BIGINT NOT NULL DEFAULT 0,
  expected BIGINT NOT NULL DEFAULT 0,
  variance BIGINT NOT NULL DEFAULT 0,
  approved_by TEXT NOT NULL DEFAULT '',
  approved_at BIGINT NOT NULL DEFAULT 0,
  CONSTRAINT stocktake_line_pkey PRIMARY KEY (tenant_id, stocktake_id, sku_id, round),
  CONSTRAINT stocktake_line_state_check CHECK (state IN ('asked', 'counted', 'approved', 'left')),
  CONSTRAINT stocktake_line_adjusted_check CHECK (adjusted IN ('', 'corrected', 'moved')),
  CONSTRAINT stocktake_line_counted_check CHECK (counted >= 0),
  CONSTRAINT stocktake_line_picked_check CHECK (picked >= 0)
) /*sqlite WITHOUT ROWID*/;
