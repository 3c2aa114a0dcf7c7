-- What one unit is worth (原価), in the smallest unit of the merchant's currency (yen); 0 where it is not known.
ALTER TABLE sku ADD COLUMN cost BIGINT NOT NULL DEFAULT 0 CONSTRAINT sku_cost_check CHECK (cost >= 0);
