package store

import (
	"context"
	"database/sql"

	"soroi/internal/order"
	"soroi/internal/stock"
)

// Totals are counts over everything that a tenant's books hold.
type Totals struct {
	Sales, OpenSales    int64
	Movements           int64
	OversoldUnits       int64
	Pushes, PushedItems int64 // calls that left, and the listings in them
	Drifts              int64
	Linked              int64 // listings that belong to a SKU
	NotInLine           int64 // listings that do not show their target
	Unplanned           int64 // SKUs that changed and are not planned yet
}

// Totals counts.
func (db *DB) Totals(ctx context.Context, tenant stock.TenantID) (Totals, error) {
	var t Totals
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		return tx.one(ctx, []any{&t.Sales, &t.OpenSales, &t.Movements, &t.OversoldUnits, &t.Pushes, &t.PushedItems, &t.Drifts, &t.Linked, &t.NotInLine, &t.Unplanned},
			`SELECT (SELECT COUNT(*) FROM sale WHERE tenant_id = $1), (SELECT COUNT(*) FROM sale WHERE tenant_id = $1 AND state = 'open'),
			(SELECT CAST(COALESCE(SUM(movements), 0) AS BIGINT) FROM balance WHERE tenant_id = $1),
			(SELECT CAST(COALESCE(SUM(oversold), 0) AS BIGINT) FROM movement WHERE tenant_id = $1 AND oversold > 0),
			(SELECT COUNT(*) FROM push WHERE tenant_id = $1), (SELECT CAST(COALESCE(SUM(items), 0) AS BIGINT) FROM push WHERE tenant_id = $1),
			(SELECT COUNT(*) FROM drift WHERE tenant_id = $1),
			(SELECT COUNT(*) FROM listing WHERE tenant_id = $1 AND sku_id IS NOT NULL),
			(SELECT COUNT(*) FROM listing WHERE tenant_id = $1 AND (lane > 0 OR in_flight)),
			(SELECT COUNT(*) FROM sku_plan WHERE tenant_id = $1 AND marked > planned)`)
	})
	return t, err
}

// Balances loads every SKU's balance over all locations. It holds the whole catalogue in memory: it is for examining books, not for
// serving screens.
func (db *DB) Balances(ctx context.Context, tenant stock.TenantID) (map[stock.SKUID]stock.Balance, error) {
	balances := make(map[stock.SKUID]stock.Balance)
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		return tx.query(ctx, func(rows *sql.Rows) error {
			var sku stock.SKUID
			var b stock.Balance
			err := rows.Scan(&sku, &b.OnHand, &b.Committed)
			balances[sku] = balances[sku].Plus(b)
			return err
		}, "SELECT sku_id, on_hand, committed FROM balance WHERE tenant_id = $1")
	})
	return balances, err
}

// SaleStates tells what has become of orders, by number; a number that nobody knows is left out.
func (db *DB) SaleStates(ctx context.Context, tenant stock.TenantID, numbers []string) (map[string]order.State, error) {
	states := make(map[string]order.State, len(numbers))
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		return tx.queryRows(ctx, func(rows *sql.Rows) error {
			var number, state string
			err := rows.Scan(&number, &state)
			states[number] = order.State(state)
			return err
		}, `SELECT number, state FROM sale WHERE tenant_id = $1
			AND shop_id IN (SELECT shop_id FROM shop WHERE tenant_id = $1) AND number IN (`, "TEXT", ")", nil, len(numbers), func(args []any, i int) []any { return append(args, numbers[i]) })
	})
	return states, err
}
