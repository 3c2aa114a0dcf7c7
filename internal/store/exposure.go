package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

// Divided is a SKU whose units are divided among its shops (docs/escrow.md).
type Divided struct {
	SKU      stock.SKUID
	Code     string
	Sellable int64
	Planned  bool  // nothing has changed since it was planned last
	Room     int64 // what was left of sellable then, after what was decided; below 0 units had left in a way that shops cannot know
	Shops    []Exposed
}

// Exposed is what one listing may have sold or may yet sell without our knowing.
type Exposed struct {
	Listing  ListingID
	Shop     channel.ShopID
	Exposure int64 // at least allocation.Unbounded/2 where there is no bound
}

// Exposure is the sum over all shops.
func (d Divided) Exposure() (sum int64) {
	for _, s := range d.Shops {
		sum += s.Exposure
	}
	return sum
}

// Excess is how many units may be sold beyond what is sellable: none, unless units have left in a way that shops cannot know, or it is not known yet
// what a shop shows.
func (d Divided) Excess() int64 { return max(d.Exposure()-d.Sellable, 0) }

// ListDivided lists up to limit SKUs whose units are divided, by id, those after a SKU.
func (db *DB) ListDivided(ctx context.Context, tenant stock.TenantID, after stock.SKUID, limit int) ([]Divided, error) {
	var list []Divided
	err := db.Read(ctx, tenant, func(tx *Tx) (err error) {
		list, err = tx.listDivided(ctx, after, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("divided skus: %w", err)
	}
	return list, nil
}

func (tx *Tx) listDivided(ctx context.Context, after stock.SKUID, limit int) ([]Divided, error) {
	var ids []stock.SKUID
	err := tx.query(ctx, func(rows *sql.Rows) error {
		var id stock.SKUID
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT sku_id FROM sku_plan WHERE tenant_id = $1 AND divided AND sku_id > $2 ORDER BY sku_id LIMIT $3`, int64(after), limit)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return tx.divided(ctx, ids)
}

// divided reads, of SKUs, those whose units are divided, by id.
func (tx *Tx) divided(ctx context.Context, ids []stock.SKUID) ([]Divided, error) {
	slices.Sort(ids)
	arg := func(args []any, i int) []any { return append(args, int64(ids[i])) }
	byID := make(map[stock.SKUID]*Divided, len(ids))
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		d := &Divided{}
		err := rows.Scan(&d.SKU, &d.Planned, &d.Room)
		byID[d.SKU] = d
		return err
	}, "SELECT sku_id, marked = planned, room FROM sku_plan WHERE tenant_id = $1 AND divided AND sku_id IN (", "BIGINT", ")", nil, len(ids), arg)
	if err != nil || len(byID) == 0 {
		return nil, err
	}
	stocks := make([]*Unplanned, 0, len(byID))
	for _, id := range ids {
		if byID[id] != nil {
			stocks = append(stocks, &Unplanned{SKU: id})
		}
	}
	if err := tx.fillPlan(ctx, stocks); err != nil {
		return nil, err
	}
	for _, u := range stocks {
		byID[u.SKU].Code = u.Code
		byID[u.SKU].Sellable, _ = u.Sellable().Units()
	}
	err = tx.queryRows(ctx, func(rows *sql.Rows) error {
		var sku stock.SKUID
		var e Exposed
		var r accountRow
		if err := rows.Scan(append([]any{&sku, &e.Listing, &e.Shop}, r.dest()...)...); err != nil {
			return err
		}
		e.Exposure = r.account().Exposure()
		if d := byID[sku]; d != nil {
			d.Shops = append(d.Shops, e)
		}
		return nil
	}, `SELECT listing.sku_id, listing.listing_id, listing.shop_id, `+accountColumns+` FROM listing WHERE listing.tenant_id = $1 AND listing.pulled AND listing.sku_id IN (`, "BIGINT",
		")", nil, len(ids), arg)
	if err != nil {
		return nil, err
	}
	list := make([]Divided, len(stocks))
	for i, u := range stocks {
		list[i] = *byID[u.SKU]
	}
	return list, nil
}
