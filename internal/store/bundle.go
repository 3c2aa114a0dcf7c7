package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"

	"soroi/internal/allocation"
	"soroi/internal/stock"
)

// Bundle is what decides how many of a bundle (セット商品) there are: everything that it comes down to.
type Bundle struct {
	Parts []BundlePart // by SKU, none of them a bundle
}

// BundlePart is one part of a bundle with all that decides how many units of it can be sold.
type BundlePart struct {
	stock.Part
	Code      string
	Name      string
	Archived  bool
	Terms     stock.InForce
	Balance   stock.Balance // over all locations
	Allotment Allotment
}

// Sellable is what all shops together may offer of the part.
func (p BundlePart) Sellable() stock.Quantity { return sellable(p.Archived, p.Terms, p.Balance) }

func compareParts(a, b stock.Part) int { return cmp.Compare(a.SKU, b.SKU) }

// Sets is how many can be put together, and the index of the part of which there is the least; −1 when none runs out.
func (b *Bundle) Sets() (sets stock.Quantity, scarcest int) {
	parts := make([]stock.Part, len(b.Parts))
	for i, p := range b.Parts {
		parts[i] = p.Part
	}
	return stock.MostSets(parts, func(i int) stock.Quantity { return b.Parts[i].Sellable() })
}

// Limit is what the parts' own patterns leave of a bundle to a shop.
type Limit struct {
	Sets stock.Quantity
	Part int // index of the part that allows the fewest; −1 when none limits
	// Divided says that the part's units are divided among shops: each is held for one listing, so none is left for a bundle.
	Divided bool
}

// Limit is how many a shop may show because of what the parts' patterns and exceptions give it.
func (b *Bundle) Limit(shop allocation.Shop) Limit {
	least := Limit{Sets: stock.Unlimited, Part: -1}
	for i, p := range b.Parts {
		// What the channel can show is asked of the bundle, not of its parts.
		t := p.Allotment.Targets(p.Sellable(), []allocation.Shop{{ID: shop.ID, Unlimited: true}})[0]
		limit := Limit{Sets: p.Sets(t.Quantity), Part: i}
		if t.Split && !p.Sellable().IsUnlimited() {
			limit.Sets, limit.Divided = stock.Units(0), true
		}
		if limit.Sets.Compare(least.Sets) < 0 {
			least = limit
		}
	}
	return least
}

// counted gives a bundle the balance of what can be put together: it has none of its own. One whose parts never run out is unlimited itself.
func (b *Bundle) counted(terms *stock.InForce, balance *stock.Balance) {
	sets, _ := b.Sets()
	units, limited := sets.Units()
	terms.Supply = stock.Stocked
	if !limited {
		terms.Supply = stock.MadeToOrderUnlimited
	}
	*balance = stock.Balance{OnHand: units}
}

// BundlesAmong are the bundles among SKUs.
func (db *DB) BundlesAmong(ctx context.Context, tenant stock.TenantID, skus []stock.SKUID) (bundles map[stock.SKUID]bool, err error) {
	err = db.Read(ctx, tenant, func(tx *Tx) error {
		bundles, err = tx.bundlesAmong(ctx, skus)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("bundles among skus: %w", err)
	}
	return bundles, nil
}

// bundlesAmong looks SKUs up only where the tenant has any bundles.
func (tx *Tx) bundlesAmong(ctx context.Context, skus []stock.SKUID) (map[stock.SKUID]bool, error) {
	var some bool
	err := tx.one(ctx, []any{&some}, "SELECT EXISTS (SELECT 1 FROM bundle_leaf WHERE tenant_id = $1)")
	if err != nil || !some {
		return nil, err
	}
	skus = distinct(skus)
	bundles := make(map[stock.SKUID]bool)
	return bundles, tx.queryRows(ctx, func(rows *sql.Rows) error {
		var sku stock.SKUID
		err := rows.Scan(&sku)
		bundles[sku] = true
		return err
	}, "SELECT sku_id FROM sku WHERE tenant_id = $1 AND bundle AND sku_id IN (", "BIGINT", ")", nil, len(skus),
		func(args []any, i int) []any { return append(args, int64(skus[i])) })
}

// bundlesOf reads the bundles among SKUs with everything that decides them.
func (tx *Tx) bundlesOf(ctx context.Context, today stock.Day, patterns allotments, skus []stock.SKUID) (map[stock.SKUID]*Bundle, error) {
	if len(skus) == 0 {
		return nil, nil
	}
	leaves, err := tx.leavesOf(ctx, skus)
	if err != nil || len(leaves) == 0 {
		return nil, err
	}
	var ids []stock.SKUID
	for _, parts := range leaves {
		for _, p := range parts {
			ids = append(ids, p.SKU)
		}
	}
	ids = distinct(ids)
	byID := make(map[stock.SKUID]*BundlePart, len(ids))
	err = tx.queryRows(ctx, func(rows *sql.Rows) error {
		var p BundlePart
		var terms termsRow
		var pattern PatternID
		var b stock.Balance
		if err := rows.Scan(terms.dest(&p.SKU, &p.Code, &p.Name, &p.Archived, &pattern, &b.OnHand, &b.Committed)...); err != nil {
			return err
		}
		if before := byID[p.SKU]; before != nil {
			b = b.Plus(before.Balance)
		}
		p.Terms, p.Allotment, p.Balance = terms.inForce(), patterns.of(pattern), b
		byID[p.SKU] = &p
		return nil
	}, `SELECT sku.sku_id, sku.code, sku.name, sku.archived_at > 0, COALESCE(sku.pattern_id, 0), COALESCE(balance.on_hand, 0), COALESCE(balance.committed, 0), `+termsColumns+`
		FROM sku LEFT JOIN balance ON balance.tenant_id = sku.tenant_id AND balance.sku_id = sku.sku_id`+termsJoins+`
		WHERE sku.tenant_id = $1 AND sku.sku_id IN (`, "BIGINT", `)`, []any{int64(today)}, len(ids), func(args []any, i int) []any { return append(args, int64(ids[i])) })
	if err != nil {
		return nil, err
	}
	if err := tx.addExceptions(ctx, ids, func(sku stock.SKUID) *Allotment { return &byID[sku].Allotment }); err != nil {
		return nil, err
	}
	bundles := make(map[stock.SKUID]*Bundle, len(leaves))
	for bundle, parts := range leaves {
		b := &Bundle{Parts: make([]BundlePart, 0, len(parts))}
		for _, p := range parts {
			part := *byID[p.SKU]
			part.Part = p
			b.Parts = append(b.Parts, part)
		}
		bundles[bundle] = b
	}
	return bundles, nil
}

// markBundles has the bundles planned anew whose parts have been planned: there may be more or fewer of them now. They have waited since their parts have.
func (tx *Tx) markBundles(ctx context.Context, planned []*Unplanned) error {
	var parts []*Unplanned
	since := make(map[stock.SKUID]int64)
	for _, u := range planned {
		if u.InBundle {
			parts = append(parts, u)
			since[u.SKU] = micros(u.Since)
		}
	}
	if len(parts) == 0 {
		return nil
	}
	marks := make(map[stock.SKUID]mark)
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		var bundle, leaf stock.SKUID
		err := rows.Scan(&bundle, &leaf)
		m, there := marks[bundle]
		if at := since[leaf]; !there || at < m.since {
			marks[bundle] = mark{rank: rankOrder, since: at}
		}
		return err
	}, "SELECT bundle_id, leaf_id FROM bundle_leaf WHERE tenant_id = $1 AND leaf_id IN (", "BIGINT", ")", nil, len(parts),
		func(args []any, i int) []any { return append(args, int64(parts[i].SKU)) })
	if err != nil {
		return err
	}
	return tx.writeMarks(ctx, marks)
}
