-- The key that a setting is sealed with; '' is in clear.
ALTER TABLE shop_setting ADD COLUMN key_id TEXT NOT NULL DEFAULT '';
