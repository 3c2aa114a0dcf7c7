-- The last orders of a SKU are found without sorting all of them.
DROP INDEX sale_line_sku_idx;
CREATE INDEX sale_line_sku_idx ON sale_line (tenant_id, sku_id, sale_id);
