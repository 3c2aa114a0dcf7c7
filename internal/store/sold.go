package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

// SoldByShop is how many units of a SKU each shop's orders hold or have taken that were placed since a moment. Test orders and what was cancelled do not count;
// what was sold within bundles is the bundle's.
func (db *DB) SoldByShop(ctx context.Context, tenant stock.TenantID, sku stock.SKUID, since time.Time) (map[channel.ShopID]int64, error) {
	sold := make(map[channel.ShopID]int64)
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		return tx.query(ctx, func(rows *sql.Rows) error {
			var shop channel.ShopID
			var units int64
			err := rows.Scan(&shop, &units)
			sold[shop] = units
			return err
		}, `SELECT sale.shop_id, CAST(SUM(sale_line.wanted) AS BIGINT) FROM sale_line
			JOIN sale ON sale.tenant_id = sale_line.tenant_id AND sale.sale_id = sale_line.sale_id
			WHERE sale_line.tenant_id = $1 AND sale_line.sku_id = $2 AND sale.placed_at >= $3 AND NOT sale.test GROUP BY sale.shop_id`, int64(sku), micros(since))
	})
	if err != nil {
		return nil, fmt.Errorf("sold by shop of sku %d: %w", sku, err)
	}
	return sold, nil
}
