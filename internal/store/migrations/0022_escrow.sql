-- What a shop may have sold or may yet sell without our knowing (docs/escrow.md), kept for every listing under every rule, so that a pattern may
-- become a split at any time. unseen may have been sold up to unseen_at and its orders are not in; doubt is more that it may show; until
-- doubt_until a write without a clear answer may still arrive. 2^50 is "without bound", the largest instant is "never". crossed_at is when orders
-- or cancels of the listing came in last. share is what the pattern gives while it divides the units, and NULL while it does not: target is then
-- what may be shown of it by now.
ALTER TABLE listing ADD COLUMN unseen BIGINT NOT NULL DEFAULT 1125899906842624;
ALTER TABLE listing ADD COLUMN unseen_at BIGINT NOT NULL DEFAULT 9223372036854775807;
ALTER TABLE listing ADD COLUMN doubt BIGINT NOT NULL DEFAULT 0;
ALTER TABLE listing ADD COLUMN doubt_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE listing ADD COLUMN crossed_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE listing ADD COLUMN share BIGINT;

-- The next complete pull ends what was unseen before our time.
UPDATE listing SET unseen_at = settled_until + 2000000 WHERE settled_until > 0;
CREATE INDEX listing_unseen_idx ON listing (tenant_id, shop_id, unseen_at) WHERE unseen > 0;
CREATE INDEX listing_split_idx ON listing (tenant_id, shop_id, sku_id) WHERE share IS NOT NULL;

-- divided says that a SKU's units were divided when it was planned last; room is what was left of sellable then, below 0 when units had left in a way that shops cannot know.
-- look_at is when it is to be planned again without any other cause, 0 for never.
ALTER TABLE sku_plan ADD COLUMN divided BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE sku_plan ADD COLUMN room BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sku_plan ADD COLUMN look_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX sku_plan_look_idx ON sku_plan (tenant_id, look_at) WHERE look_at > 0;
CREATE INDEX sku_plan_divided_idx ON sku_plan (tenant_id, sku_id) WHERE divided;
