-- Allocation patterns (配分パターン). body is the canonical form of internal/allocation, with shops by their ids; version rises with each change.
CREATE TABLE pattern (
  tenant_id BIGINT NOT NULL,
  pattern_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  body TEXT NOT NULL,
  version BIGINT NOT NULL,
  actor TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  CONSTRAINT pattern_pkey PRIMARY KEY (tenant_id, pattern_id),
  CONSTRAINT pattern_tenant_id_name_key UNIQUE (tenant_id, name)
);

-- A SKU without a pattern follows its tenant's; a tenant without one shows the same number everywhere.
ALTER TABLE tenant ADD COLUMN pattern_id BIGINT;
ALTER TABLE sku ADD COLUMN pattern_id BIGINT;
CREATE INDEX sku_pattern_idx ON sku (tenant_id, pattern_id, sku_id) WHERE pattern_id IS NOT NULL;

-- Exceptions of one SKU in one shop, after the pattern: at most so many; 0 stops it.
CREATE TABLE sku_shop (
  tenant_id BIGINT NOT NULL,
  sku_id BIGINT NOT NULL,
  shop_id BIGINT NOT NULL,
  most BIGINT NOT NULL,
  actor TEXT NOT NULL,
  changed_at BIGINT NOT NULL,
  CONSTRAINT sku_shop_pkey PRIMARY KEY (tenant_id, sku_id, shop_id),
  CONSTRAINT sku_shop_tenant_id_sku_id_fkey FOREIGN KEY (tenant_id, sku_id) REFERENCES sku (tenant_id, sku_id),
  CONSTRAINT sku_shop_tenant_id_shop_id_fkey FOREIGN KEY (tenant_id, shop_id) REFERENCES shop (tenant_id, shop_id),
  CONSTRAINT sku_shop_most_check CHECK (most >= 0)
);

-- Many SKUs to be planned anew, in pieces and after all orders: those of a pattern, or those without one where pattern_id is NULL. after_sku_id
-- is how far it has come.
CREATE TABLE sweep (
  tenant_id BIGINT NOT NULL,
  sweep_id BIGINT NOT NULL,
  pattern_id BIGINT,
  after_sku_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  CONSTRAINT sweep_pkey PRIMARY KEY (tenant_id, sweep_id)
);
