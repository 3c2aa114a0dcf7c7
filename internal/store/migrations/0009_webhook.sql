-- When a shop last sent a webhook, as far as it was noted: the process that hears it need not be the one that runs the shop.
ALTER TABLE shop ADD COLUMN notified_at BIGINT NOT NULL DEFAULT 0;
-- How many listings the last pull of them left out, because the shop keeps no count of them.
ALTER TABLE shop_loop ADD COLUMN left_out BIGINT NOT NULL DEFAULT 0;
