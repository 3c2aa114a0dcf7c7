package store

import (
	"context"
	"database/sql"
	"slices"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

// goods are what one line of an order claims: its SKU, or the parts of a bundle for each that it asks for.
type goods struct {
	sku      stock.SKUID
	parts    []stock.Part // nil: the SKU itself
	location stock.LocationID
	shop     channel.ShopID
	day      stock.Day // on which the order was placed
}

// keys appends the balances that claiming the goods moves.
func (g goods) keys(keys []balanceKey) []balanceKey {
	if g.parts == nil {
		return append(keys, balanceKey{g.sku, g.location})
	}
	for _, p := range g.parts {
		keys = append(keys, balanceKey{p.SKU, g.location})
	}
	return keys
}

// loadRecipes reads what the bundles come down to that are sold here. Tenants without bundles pay nothing for it.
func (ws intakeWorks) loadRecipes(ctx context.Context, tx *Tx, _ map[channel.ShopID]*intakeWork) error {
	var skus []stock.SKUID
	for _, w := range ws {
		if !w.bundles {
			continue
		}
		for _, l := range w.listings {
			skus = append(skus, l.sku)
		}
		for _, s := range w.sales {
			for _, sku := range s.skus {
				skus = append(skus, sku)
			}
		}
	}
	if len(skus) == 0 {
		return nil
	}
	recipes, err := tx.leavesOf(ctx, distinct(skus))
	for _, w := range ws {
		w.recipes = recipes
	}
	return err
}

// leavesOf is what bundles come down to, by SKU; those that are no bundles are not in it.
func (tx *Tx) leavesOf(ctx context.Context, skus []stock.SKUID) (map[stock.SKUID][]stock.Part, error) {
	leaves := make(map[stock.SKUID][]stock.Part)
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		var bundle stock.SKUID
		var p stock.Part
		err := rows.Scan(&bundle, &p.SKU, &p.Units)
		leaves[bundle] = append(leaves[bundle], p)
		return err
	}, "SELECT bundle_id, leaf_id, units FROM bundle_leaf WHERE tenant_id = $1 AND bundle_id IN (", "BIGINT", ")", nil, len(skus),
		func(args []any, i int) []any { return append(args, int64(skus[i])) })
	for _, parts := range leaves {
		slices.SortFunc(parts, compareParts)
	}
	return leaves, err
}

// salePart is what one line of an order has claimed of one part, for each bundle that it asks for.
type salePart struct {
	sale int64
	line string
	stock.Part
}

func (tx *Tx) saleParts(ctx context.Context, sales []int64, add func(sale int64, line string, p stock.Part)) error {
	return tx.queryRows(ctx, func(rows *sql.Rows) error {
		var s salePart
		if err := rows.Scan(&s.sale, &s.line, &s.SKU, &s.Units); err != nil {
			return err
		}
		add(s.sale, s.line, s.Part)
		return nil
	}, "SELECT sale_id, line, sku_id, units FROM sale_part WHERE tenant_id = $1 AND sale_id IN (", "BIGINT", ") ORDER BY sale_id, line, sku_id", nil, len(sales),
		func(args []any, i int) []any { return append(args, sales[i]) })
}

func (tx *Tx) writeSaleParts(ctx context.Context, parts []salePart) error {
	return tx.insertRows(ctx, "sale_part (tenant_id, sale_id, line, sku_id, units)", "BIGINT TEXT BIGINT BIGINT", " ON CONFLICT (tenant_id, sale_id, line, sku_id) DO NOTHING", len(parts),
		func(args []any, i int) []any {
			return append(args, parts[i].sale, parts[i].line, int64(parts[i].SKU), parts[i].Units)
		})
}
