-- Times are microseconds since 1970 in UTC. Ids are BIGINT made in Go, unique over processes. tenant_id leads every key, so the
-- schema distributes by tenant. A text between /*sqlite and */ is read by SQLite alone.

CREATE TABLE tenant (
  tenant_id BIGINT NOT NULL,
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  CONSTRAINT tenant_pkey PRIMARY KEY (tenant_id),
  CONSTRAINT tenant_code_key UNIQUE (code)
);

-- Blocks of ids that processes take for themselves; tenant 0 holds the one series.
CREATE TABLE id_block (
  tenant_id BIGINT NOT NULL,
  next_id BIGINT NOT NULL,
  CONSTRAINT id_block_pkey PRIMARY KEY (tenant_id)
);

CREATE TABLE location (
  tenant_id BIGINT NOT NULL,
  location_id BIGINT NOT NULL,
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  CONSTRAINT location_pkey PRIMARY KEY (tenant_id, location_id),
  CONSTRAINT location_tenant_id_code_key UNIQUE (tenant_id, code),
  CONSTRAINT location_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant (tenant_id)
);

CREATE TABLE product (
  tenant_id BIGINT NOT NULL,
  product_id BIGINT NOT NULL,
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  CONSTRAINT product_pkey PRIMARY KEY (tenant_id, product_id),
  CONSTRAINT product_tenant_id_code_key UNIQUE (tenant_id, code)
);

CREATE TABLE sku (
  tenant_id BIGINT NOT NULL,
  sku_id BIGINT NOT NULL,
  product_id BIGINT NOT NULL,
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  search_key TEXT NOT NULL,
  supply TEXT NOT NULL DEFAULT 'stocked',
  secured BIGINT NOT NULL DEFAULT 0,
  figure BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  CONSTRAINT sku_pkey PRIMARY KEY (tenant_id, sku_id),
  CONSTRAINT sku_tenant_id_code_key UNIQUE (tenant_id, code),
  CONSTRAINT sku_tenant_id_product_id_fkey FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, product_id),
  CONSTRAINT sku_supply_check CHECK (supply IN ('stocked', 'made_to_order', 'made_to_order_unlimited')),
  CONSTRAINT sku_secured_check CHECK (secured >= 0),
  CONSTRAINT sku_figure_check CHECK (figure >= 0)
);

-- The running total of one SKU at one location. movements counts its movements and numbers the next one.
CREATE TABLE balance (
  tenant_id BIGINT NOT NULL,
  sku_id BIGINT NOT NULL,
  location_id BIGINT NOT NULL,
  on_hand BIGINT NOT NULL,
  committed BIGINT NOT NULL,
  movements BIGINT NOT NULL,
  CONSTRAINT balance_pkey PRIMARY KEY (tenant_id, sku_id, location_id)
) /*sqlite WITHOUT ROWID*/;

-- The ledger. A row is never changed. seq numbers the movements of one balance without gaps.
CREATE TABLE movement (
  tenant_id BIGINT NOT NULL,
  sku_id BIGINT NOT NULL,
  location_id BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  kind TEXT NOT NULL,
  on_hand_delta BIGINT NOT NULL,
  committed_delta BIGINT NOT NULL,
  on_hand_after BIGINT NOT NULL,
  committed_after BIGINT NOT NULL,
  oversold BIGINT NOT NULL,
  cause TEXT NOT NULL,
  shop_id BIGINT NOT NULL,
  document TEXT NOT NULL,
  line TEXT NOT NULL,
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  occurred_at BIGINT NOT NULL,
  posted_at BIGINT NOT NULL,
  CONSTRAINT movement_pkey PRIMARY KEY (tenant_id, sku_id, location_id, seq)
) /*sqlite WITHOUT ROWID*/;

CREATE INDEX movement_oversold_idx ON movement (tenant_id, posted_at) WHERE oversold > 0;

-- A key that makes a posting happen once, and what it answered then.
CREATE TABLE posting_key (
  tenant_id BIGINT NOT NULL,
  posting_key TEXT NOT NULL,
  digest TEXT NOT NULL,
  answer TEXT NOT NULL,
  posted_at BIGINT NOT NULL,
  CONSTRAINT posting_key_pkey PRIMARY KEY (tenant_id, posting_key)
);

-- "This SKU changed": marked rises with each change, planned follows. rank 0 goes first (orders), 1 is bulk.
CREATE TABLE sku_plan (
  tenant_id BIGINT NOT NULL,
  sku_id BIGINT NOT NULL,
  marked BIGINT NOT NULL,
  planned BIGINT NOT NULL,
  rank BIGINT NOT NULL,
  since BIGINT NOT NULL,
  CONSTRAINT sku_plan_pkey PRIMARY KEY (tenant_id, sku_id)
) /*sqlite WITHOUT ROWID*/;

CREATE INDEX sku_plan_due_idx ON sku_plan (tenant_id, rank, sku_id) WHERE marked > planned;
