-- Bundles (セット商品): SKUs without stock of their own, put together from parts. bundle_part is what the merchant says, bundle_leaf what it comes down to:
-- parts that are no bundles, each once. The two flags spare everybody else the look.
CREATE TABLE bundle_part (
  tenant_id BIGINT NOT NULL,
  bundle_id BIGINT NOT NULL,
  part_id BIGINT NOT NULL,
  units BIGINT NOT NULL,
  CONSTRAINT bundle_part_pkey PRIMARY KEY (tenant_id, bundle_id, part_id),
  CONSTRAINT bundle_part_tenant_id_bundle_id_fkey FOREIGN KEY (tenant_id, bundle_id) REFERENCES sku (tenant_id, sku_id),
  CONSTRAINT bundle_part_tenant_id_part_id_fkey FOREIGN KEY (tenant_id, part_id) REFERENCES sku (tenant_id, sku_id),
  CONSTRAINT bundle_part_units_check CHECK (units > 0)
) /*sqlite WITHOUT ROWID*/;

CREATE INDEX bundle_part_part_id_idx ON bundle_part (tenant_id, part_id, bundle_id);

CREATE TABLE bundle_leaf (
  tenant_id BIGINT NOT NULL,
  bundle_id BIGINT NOT NULL,
  leaf_id BIGINT NOT NULL,
  units BIGINT NOT NULL,
  CONSTRAINT bundle_leaf_pkey PRIMARY KEY (tenant_id, bundle_id, leaf_id)
) /*sqlite WITHOUT ROWID*/;

CREATE INDEX bundle_leaf_leaf_id_idx ON bundle_leaf (tenant_id, leaf_id, bundle_id);

ALTER TABLE sku ADD COLUMN bundle BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE sku ADD COLUMN in_bundle BOOLEAN NOT NULL DEFAULT FALSE;

-- What a line of an order for a bundle has claimed of each part for every bundle that it asks for: the recipe of the moment when it first claimed, so that
-- another recipe later changes no order that is there. Such a line is bundled and claims nothing of its own SKU.
CREATE TABLE sale_part (
  tenant_id BIGINT NOT NULL,
  sale_id BIGINT NOT NULL,
  line TEXT NOT NULL,
  sku_id BIGINT NOT NULL,
  units BIGINT NOT NULL,
  CONSTRAINT sale_part_pkey PRIMARY KEY (tenant_id, sale_id, line, sku_id),
  CONSTRAINT sale_part_tenant_id_sale_id_line_fkey FOREIGN KEY (tenant_id, sale_id, line) REFERENCES sale_line (tenant_id, sale_id, line)
) /*sqlite WITHOUT ROWID*/;

CREATE INDEX sale_part_sku_idx ON sale_part (tenant_id, sku_id);

ALTER TABLE sale_line ADD COLUMN bundled BOOLEAN NOT NULL DEFAULT FALSE;

CREATE INDEX sku_bundle_idx ON sku (tenant_id, code) WHERE bundle;
