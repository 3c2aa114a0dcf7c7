-- codes are all that a shop calls a listing by (package match), code_key is the main one folded, search_key what a search looks into. pulled is
-- FALSE for what is known from orders alone: such a listing is neither read nor written. apart says that a person has taken it off its SKU: no
-- rule links it again. ignored says that its code is no stock; an ignored listing has no SKU. linked_by is '' for the shop's rule.
ALTER TABLE listing ADD COLUMN codes TEXT NOT NULL DEFAULT '';
ALTER TABLE listing ADD COLUMN code_key TEXT NOT NULL DEFAULT '';
ALTER TABLE listing ADD COLUMN search_key TEXT NOT NULL DEFAULT '';
ALTER TABLE listing ADD COLUMN pulled BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE listing ADD COLUMN apart BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE listing ADD COLUMN ignored BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE listing ADD COLUMN linked_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE listing ADD COLUMN linked_by TEXT NOT NULL DEFAULT '';

DROP INDEX listing_unlinked_idx;
CREATE INDEX listing_unlinked_idx ON listing (tenant_id, shop_id, ref) WHERE sku_id IS NULL AND NOT ignored;
CREATE INDEX listing_ignored_idx ON listing (tenant_id, shop_id, ref) WHERE ignored;
CREATE INDEX listing_code_key_idx ON listing (tenant_id, shop_id, code_key, ref);
CREATE INDEX listing_unlinked_code_idx ON listing (tenant_id, shop_id, code_key, ref) WHERE sku_id IS NULL AND NOT ignored;

-- awaiting counts the units of a line without a SKU that are held, have left or have come back once it is known what they are; 0 when there
-- is nothing to wait for, and for codes that are no stock.
ALTER TABLE sale_line ADD COLUMN awaiting BIGINT NOT NULL DEFAULT 0;
UPDATE sale_line SET awaiting = (CASE WHEN wanted > wanted_shipped THEN wanted - wanted_shipped ELSE 0 END)
  + (CASE WHEN wanted_shipped > base_shipped THEN wanted_shipped - base_shipped ELSE 0 END)
  + (CASE WHEN wanted_returned > base_returned THEN wanted_returned - base_returned ELSE 0 END) WHERE sku_id IS NULL;
CREATE INDEX sale_line_awaiting_idx ON sale_line (tenant_id, sale_id, line) WHERE awaiting > 0;

-- match_rule is the canonical form of package match, '' its default. match_due rises when listings without a SKU are to be tried again; match_done
-- follows.
ALTER TABLE shop ADD COLUMN match_rule TEXT NOT NULL DEFAULT '';
ALTER TABLE shop ADD COLUMN match_due BIGINT NOT NULL DEFAULT 0;
ALTER TABLE shop ADD COLUMN match_done BIGINT NOT NULL DEFAULT 0;

-- Whether a listing of any shop is linked to the SKU.
ALTER TABLE sku ADD COLUMN listed BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE sku SET listed = TRUE WHERE EXISTS (SELECT 1 FROM listing WHERE listing.tenant_id = sku.tenant_id AND listing.sku_id = sku.sku_id);
CREATE INDEX sku_unlisted_idx ON sku (tenant_id, sku_id) WHERE NOT listed AND archived_at = 0;
