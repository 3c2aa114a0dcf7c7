CREATE TABLE shop (
  tenant_id BIGINT NOT NULL,
  shop_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  mode TEXT NOT NULL DEFAULT 'rehearsing',
  connected_at BIGINT NOT NULL,
  outage_from BIGINT,
  outage_until BIGINT,
  CONSTRAINT shop_pkey PRIMARY KEY (tenant_id, shop_id),
  CONSTRAINT shop_tenant_id_name_key UNIQUE (tenant_id, name),
  CONSTRAINT shop_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant (tenant_id),
  CONSTRAINT shop_mode_check CHECK (mode IN ('rehearsing', 'live', 'paused'))
);

CREATE TABLE shop_setting (
  tenant_id BIGINT NOT NULL,
  shop_id BIGINT NOT NULL,
  field TEXT NOT NULL,
  value TEXT NOT NULL,
  CONSTRAINT shop_setting_pkey PRIMARY KEY (tenant_id, shop_id, field),
  CONSTRAINT shop_setting_tenant_id_shop_id_fkey FOREIGN KEY (tenant_id, shop_id) REFERENCES shop (tenant_id, shop_id)
);

-- How far a shop's loops have come, and what went wrong last.
CREATE TABLE shop_loop (
  tenant_id BIGINT NOT NULL,
  shop_id BIGINT NOT NULL,
  loop TEXT NOT NULL,
  cursor TEXT NOT NULL DEFAULT '',
  succeeded_at BIGINT NOT NULL DEFAULT 0,
  failed_at BIGINT NOT NULL DEFAULT 0,
  error_kind TEXT NOT NULL DEFAULT '',
  error_code TEXT NOT NULL DEFAULT '',
  error_text TEXT NOT NULL DEFAULT '',
  CONSTRAINT shop_loop_pkey PRIMARY KEY (tenant_id, shop_id, loop)
);

-- Who runs a shop's loops. token rises with each change of holder; a write under an older token is refused.
CREATE TABLE lease (
  tenant_id BIGINT NOT NULL,
  shop_id BIGINT NOT NULL,
  holder TEXT NOT NULL,
  token BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  CONSTRAINT lease_pkey PRIMARY KEY (tenant_id, shop_id)
);

-- One SKU in one shop. Four facts are kept apart: decided (target), sent, expected (believed to be shown) and shown (last
-- confirmed or read). Quantities are stock.Quantity.Sortable. lane is what the publisher has to do, derived here and nowhere else:
-- 0 nothing, 1 to zero, 2 falling or unsure, 3 raising from zero, 4 the rest, 5 full pass.
CREATE TABLE listing (
  tenant_id BIGINT NOT NULL,
  listing_id BIGINT NOT NULL,
  shop_id BIGINT NOT NULL,
  sku_id BIGINT,
  ref TEXT NOT NULL,
  code TEXT NOT NULL,
  title TEXT NOT NULL,
  target BIGINT,
  target_at BIGINT NOT NULL DEFAULT 0,
  due_since BIGINT NOT NULL DEFAULT 0,
  risk BIGINT NOT NULL DEFAULT 0,
  expected BIGINT,
  unsure BOOLEAN NOT NULL DEFAULT FALSE,
  settled_from BIGINT NOT NULL DEFAULT 0,
  settled_until BIGINT NOT NULL DEFAULT 0,
  claimed BIGINT NOT NULL DEFAULT 0,
  sold_rate BIGINT NOT NULL DEFAULT 0,
  sold_rate_at BIGINT NOT NULL DEFAULT 0,
  in_flight BOOLEAN NOT NULL DEFAULT FALSE,
  sent BIGINT,
  sent_absolute BOOLEAN NOT NULL DEFAULT FALSE,
  sent_at BIGINT NOT NULL DEFAULT 0,
  push_key TEXT NOT NULL DEFAULT '',
  answer TEXT NOT NULL DEFAULT '',
  answered_at BIGINT NOT NULL DEFAULT 0,
  error_kind TEXT NOT NULL DEFAULT '',
  error_code TEXT NOT NULL DEFAULT '',
  error_text TEXT NOT NULL DEFAULT '',
  failures BIGINT NOT NULL DEFAULT 0,
  held_until BIGINT NOT NULL DEFAULT 0,
  shown BIGINT,
  shown_at BIGINT NOT NULL DEFAULT 0,
  read_at BIGINT NOT NULL DEFAULT 0,
  strikes BIGINT NOT NULL DEFAULT 0,
  full_pass BOOLEAN NOT NULL DEFAULT FALSE,
  lane BIGINT GENERATED ALWAYS AS (CASE
    WHEN target IS NULL OR sku_id IS NULL THEN 0
    WHEN target = 0 AND (unsure OR expected IS NULL OR expected <> 0) THEN 1
    WHEN unsure OR expected IS NULL OR expected < 0 OR expected > target THEN 2
    WHEN expected = 0 AND target > 0 THEN 3
    WHEN expected <> target THEN 4
    WHEN full_pass THEN 5
    ELSE 0 END) STORED,
  CONSTRAINT listing_pkey PRIMARY KEY (tenant_id, listing_id),
  CONSTRAINT listing_tenant_id_shop_id_ref_key UNIQUE (tenant_id, shop_id, ref),
  CONSTRAINT listing_tenant_id_shop_id_fkey FOREIGN KEY (tenant_id, shop_id) REFERENCES shop (tenant_id, shop_id)
);

CREATE INDEX listing_sku_idx ON listing (tenant_id, sku_id);
CREATE INDEX listing_due_idx ON listing (tenant_id, shop_id, lane, risk DESC, due_since) WHERE lane > 0;
CREATE INDEX listing_read_idx ON listing (tenant_id, shop_id, read_at);

-- "order" is a word of SQL: the shop's order is a sale here.
CREATE TABLE sale (
  tenant_id BIGINT NOT NULL,
  sale_id BIGINT NOT NULL,
  shop_id BIGINT NOT NULL,
  number TEXT NOT NULL,
  placed_at BIGINT NOT NULL,
  first_seen_at BIGINT NOT NULL,
  taken_at BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  asked_at BIGINT NOT NULL,
  state TEXT NOT NULL,
  test BOOLEAN NOT NULL,
  problems TEXT NOT NULL,
  late_cancel BIGINT NOT NULL,
  checked_at BIGINT NOT NULL,
  CONSTRAINT sale_pkey PRIMARY KEY (tenant_id, sale_id),
  CONSTRAINT sale_tenant_id_shop_id_number_key UNIQUE (tenant_id, shop_id, number)
);

CREATE INDEX sale_open_idx ON sale (tenant_id, shop_id, checked_at) WHERE state = 'open';
CREATE INDEX sale_placed_idx ON sale (tenant_id, placed_at);
CREATE INDEX sale_attention_idx ON sale (tenant_id, placed_at) WHERE problems <> '' OR late_cancel > 0;

-- A line and its claim. held, shipped and returned are what has been posted; base_* is what lay before our time and was never posted.
CREATE TABLE sale_line (
  tenant_id BIGINT NOT NULL,
  sale_id BIGINT NOT NULL,
  line TEXT NOT NULL,
  listing_id BIGINT NOT NULL,
  sku_id BIGINT,
  ref TEXT NOT NULL,
  code TEXT NOT NULL,
  title TEXT NOT NULL,
  wanted BIGINT NOT NULL,
  wanted_shipped BIGINT NOT NULL,
  wanted_returned BIGINT NOT NULL,
  held BIGINT NOT NULL,
  shipped BIGINT NOT NULL,
  returned BIGINT NOT NULL,
  base_shipped BIGINT NOT NULL,
  base_returned BIGINT NOT NULL,
  CONSTRAINT sale_line_pkey PRIMARY KEY (tenant_id, sale_id, line),
  CONSTRAINT sale_line_tenant_id_sale_id_fkey FOREIGN KEY (tenant_id, sale_id) REFERENCES sale (tenant_id, sale_id)
);

CREATE INDEX sale_line_sku_idx ON sale_line (tenant_id, sku_id);
CREATE INDEX sale_line_unlinked_idx ON sale_line (tenant_id, ref) WHERE sku_id IS NULL;

-- A difference between what a shop showed and what was expected, with what was believed then.
CREATE TABLE drift (
  tenant_id BIGINT NOT NULL,
  drift_id BIGINT NOT NULL,
  shop_id BIGINT NOT NULL,
  listing_id BIGINT NOT NULL,
  expected BIGINT NOT NULL,
  found BIGINT NOT NULL,
  target BIGINT,
  found_at BIGINT NOT NULL,
  CONSTRAINT drift_pkey PRIMARY KEY (tenant_id, drift_id)
);

CREATE INDEX drift_listing_idx ON drift (tenant_id, listing_id, found_at);

-- How long shops took to show a change, in buckets of logarithmic width (see stat.go).
CREATE TABLE lag (
  tenant_id BIGINT NOT NULL,
  shop_id BIGINT NOT NULL,
  minute BIGINT NOT NULL,
  bucket BIGINT NOT NULL,
  items BIGINT NOT NULL,
  CONSTRAINT lag_pkey PRIMARY KEY (tenant_id, shop_id, minute, bucket)
);

-- One row per call that wrote quantities.
CREATE TABLE push (
  tenant_id BIGINT NOT NULL,
  push_id BIGINT NOT NULL,
  shop_id BIGINT NOT NULL,
  lane BIGINT NOT NULL,
  items BIGINT NOT NULL,
  applied BIGINT NOT NULL DEFAULT 0,
  refused BIGINT NOT NULL DEFAULT 0,
  unclear BIGINT NOT NULL DEFAULT 0,
  sent_at BIGINT NOT NULL,
  answered_at BIGINT NOT NULL DEFAULT 0,
  error_text TEXT NOT NULL DEFAULT '',
  CONSTRAINT push_pkey PRIMARY KEY (tenant_id, push_id)
);

CREATE INDEX push_sent_idx ON push (tenant_id, shop_id, sent_at);
