package store

import (
	"context"

	"soroi/internal/stock"
)

// Totals are counts over everything that a tenant's books hold.
type Totals struct {
	Sales, OpenSales    int64
	Movements           int64
	OversoldUnits       int64
	Pushes, PushedItems int64 // calls that left, and the listings in them
	Drifts              int64
	NotInLine           int64 // listings that do not show their target
	Unplanned           int64 // SKUs that changed and are not planned yet
}

// Totals counts.
func (db *DB) Totals(ctx context.Context, tenant stock.TenantID) (Totals, error) {
	var t Totals
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		return tx.one(ctx, []any{&t.Sales, &t.OpenSales, &t.Movements, &t.OversoldUnits, &t.Pushes, &t.PushedItems, &t.Drifts, &t.NotInLine, &t.Unplanned},
			`SELECT (SELECT COUNT(*) FROM sale WHERE tenant_id = $1), (SELECT COUNT(*) FROM sale WHERE tenant_id = $1 AND state = 'open'),
			(SELECT CAST(COALESCE(SUM(movements), 0) AS BIGINT) FROM balance WHERE tenant_id = $1),
			(SELECT CAST(COALESCE(SUM(oversold), 0) AS BIGINT) FROM movement WHERE tenant_id = $1 AND oversold > 0),
			(SELECT COUNT(*) FROM push WHERE tenant_id = $1), (SELECT CAST(COALESCE(SUM(items), 0) AS BIGINT) FROM push WHERE tenant_id = $1),
			(SELECT COUNT(*) FROM drift WHERE tenant_id = $1),
			(SELECT COUNT(*) FROM listing WHERE tenant_id = $1 AND (lane > 0 OR in_flight)),
			(SELECT COUNT(*) FROM sku_plan WHERE tenant_id = $1 AND marked > planned)`)
	})
	return t, err
}
