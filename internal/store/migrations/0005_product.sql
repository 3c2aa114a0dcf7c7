-- Options make the SKUs of a product (colour, size …): up to three, named on the product, valued on the SKU. code_key is the code folded by
-- internal/text, so that codes which differ only in width and case meet; several SKUs may share one. archived_at is 0 for what is in use.
ALTER TABLE product ADD COLUMN option1_name TEXT NOT NULL DEFAULT '';
ALTER TABLE product ADD COLUMN option2_name TEXT NOT NULL DEFAULT '';
ALTER TABLE product ADD COLUMN option3_name TEXT NOT NULL DEFAULT '';
ALTER TABLE product ADD COLUMN search_key TEXT NOT NULL DEFAULT '';
ALTER TABLE product ADD COLUMN archived_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sku ADD COLUMN option1 TEXT NOT NULL DEFAULT '';
ALTER TABLE sku ADD COLUMN option2 TEXT NOT NULL DEFAULT '';
ALTER TABLE sku ADD COLUMN option3 TEXT NOT NULL DEFAULT '';
ALTER TABLE sku ADD COLUMN code_key TEXT NOT NULL DEFAULT '';
ALTER TABLE sku ADD COLUMN archived_at BIGINT NOT NULL DEFAULT 0;


-- The rules by which a tenant's keys were folded last (see fold.go); 0 for rows that are older than keys.
ALTER TABLE tenant ADD COLUMN folded BIGINT NOT NULL DEFAULT 0;

CREATE INDEX sku_product_idx ON sku (tenant_id, product_id, sku_id);
CREATE INDEX sku_code_key_idx ON sku (tenant_id, code_key);

-- Further codes of a SKU, for matching listings, orders and files: JAN and whatever else shops and suppliers call it.
CREATE TABLE sku_code (
  tenant_id BIGINT NOT NULL,
  sku_id BIGINT NOT NULL,
  code TEXT NOT NULL,
  code_key TEXT NOT NULL,
  kind TEXT NOT NULL,
  CONSTRAINT sku_code_pkey PRIMARY KEY (tenant_id, sku_id, code),
  CONSTRAINT sku_code_tenant_id_sku_id_fkey FOREIGN KEY (tenant_id, sku_id) REFERENCES sku (tenant_id, sku_id),
  CONSTRAINT sku_code_kind_check CHECK (kind IN ('jan', 'other'))
);

CREATE INDEX sku_code_code_key_idx ON sku_code (tenant_id, code_key);

-- Codes that are no stock (postage, discounts): their listings and order lines are never asked about.
CREATE TABLE ignored_code (
  tenant_id BIGINT NOT NULL,
  code_key TEXT NOT NULL,
  code TEXT NOT NULL,
  reason TEXT NOT NULL,
  actor TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  CONSTRAINT ignored_code_pkey PRIMARY KEY (tenant_id, code_key)
);
