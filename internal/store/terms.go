package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"

	"soroi/internal/stock"
)

// termsColumns and termsJoins read the terms in force of each sku row; termsJoins takes today (tx.today) as $2. Scan them with termsRow.
const (
	termsColumns = `sku.supply, sku.figure, sku.daily, sku.secured_as, sku.secured, sku.secured_reason, sku.reorder_point,
		product.secured_as, product.secured, product.secured_reason, product.reorder_point, COALESCE(sku_day.sold, 0)`
	termsJoins = ` JOIN product ON product.tenant_id = sku.tenant_id AND product.product_id = sku.product_id
		LEFT JOIN sku_day ON sku_day.tenant_id = sku.tenant_id AND sku_day.sku_id = sku.sku_id AND sku_day.day = $2`
)

// termsRow is termsColumns of one row.
type termsRow struct {
	own              stock.Terms
	product          stock.Defaults
	point, pointOfIt sql.NullInt64
	sold             int64
}

func (r *termsRow) dest(more ...any) []any {
	return append(more, &r.own.Supply, &r.own.Figure, &r.own.Daily, &r.own.Secured.As, &r.own.Secured.N, &r.own.Secured.Reason, &r.point,
		&r.product.Secured.As, &r.product.Secured.N, &r.product.Secured.Reason, &r.pointOfIt, &r.sold)
}

func (r *termsRow) inForce() stock.InForce {
	r.own.Reorder, r.product.Reorder = pointOf(r.point), pointOf(r.pointOfIt)
	return r.own.Under(r.product, r.sold)
}

func pointOf(n sql.NullInt64) stock.Point { return stock.Point{Units: n.Int64, Set: n.Valid} }

// storedPoint is a reorder point as a parameter of its own.
func storedPoint(p stock.Point) any {
	if !p.Set {
		return nil
	}
	return p.Units
}

var zones sync.Map // name → *time.Location

// zoneOf is the time zone of a name in the IANA database.
func zoneOf(name string) (*time.Location, error) {
	if zone, ok := zones.Load(name); ok {
		return zone.(*time.Location), nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("time zone of the tenant: %w", err)
	}
	zones.Store(name, zone)
	return zone, nil
}

// zone is the tenant's time zone.
func (tx *Tx) zone(ctx context.Context) (*time.Location, error) {
	var name string
	if err := tx.one(ctx, []any{&name}, "SELECT time_zone FROM tenant WHERE tenant_id = $1"); err != nil {
		return nil, err
	}
	return zoneOf(name)
}

// today is the day of the transaction's moment in the tenant's time zone.
func (tx *Tx) today(ctx context.Context) (stock.Day, error) {
	zone, err := tx.zone(ctx)
	if err != nil {
		return 0, err
	}
	return stock.DayOf(tx.now, zone), nil
}
