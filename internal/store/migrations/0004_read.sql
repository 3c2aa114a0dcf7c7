-- What screens and checks ask for: listings that a shop refuses, listings without a SKU, and the lines that hold units of a SKU. Nobody
-- asked for all lines of a SKU.
CREATE INDEX listing_error_idx ON listing (tenant_id, shop_id, sku_id) WHERE error_kind <> '';
CREATE INDEX listing_unlinked_idx ON listing (tenant_id, shop_id, ref) WHERE sku_id IS NULL;
DROP INDEX sale_line_sku_idx;
CREATE INDEX sale_line_held_idx ON sale_line (tenant_id, sku_id) WHERE held <> 0;
