package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

// SoldByShop is how many units of a SKU each shop's orders have claimed since a moment, less what was cancelled since. What was sold within bundles counts.
func (db *DB) SoldByShop(ctx context.Context, tenant stock.TenantID, sku stock.SKUID, since time.Time) (map[channel.ShopID]int64, error) {
	sold := make(map[channel.ShopID]int64)
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		return tx.query(ctx, func(rows *sql.Rows) error {
			var shop channel.ShopID
			var units int64
			err := rows.Scan(&shop, &units)
			sold[shop] = max(units, 0)
			return err
		}, `SELECT shop_id, CAST(SUM(committed_delta) AS BIGINT) FROM movement
			WHERE tenant_id = $1 AND sku_id = $2 AND posted_at >= $3 AND kind = '`+string(stock.Claimed)+`' AND shop_id > 0 GROUP BY shop_id`, int64(sku), micros(since))
	})
	if err != nil {
		return nil, fmt.Errorf("sold by shop of sku %d: %w", sku, err)
	}
	return sold, nil
}
