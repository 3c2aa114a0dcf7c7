package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/stock"
)

// Unplanned is one SKU whose targets must be computed, with everything that decides them.
type Unplanned struct {
	SKU      stock.SKUID
	Code     string
	Terms    stock.InForce
	Archived bool // the SKU is out of use
	InBundle bool // it is a part of bundles
	Product  stock.ProductID
	Sold     SoldLately
	Inbound  int64         // units that are still expected
	Balance  stock.Balance // over all locations; of a bundle, how many can be put together
	Since    time.Time     // when the oldest of the reasons arose outside
	Listings []PlanListing // by shop, then id, which is the order in which a pattern serves them
	// Allotment is how the SKU's sellable quantity is divided.
	Allotment Allotment

	// Room and LookAt are decided where the units are divided: what is left of sellable, below 0 when units have left in a way that shops
	// cannot know, and when to plan again without any other cause, zero for never.
	Room   int64
	LookAt time.Time

	marked     int64
	told       told
	orders     allocation.Memory // of a SKU under auto
	wasSettled bool              // there is a row of what auto came to
}

// SoldLately is what orders of the last days hold or have taken, today being one of the days.
type SoldLately struct{ Week, Month int64 } // 7 and 30 days

// Sellable is what all shops together may offer: nothing of a SKU that is out of use, whatever lies on the shelf.
func (u *Unplanned) Sellable() stock.Quantity { return sellable(u.Archived, u.Terms, u.Balance) }

func sellable(archived bool, terms stock.InForce, b stock.Balance) stock.Quantity {
	if archived {
		return stock.Units(0)
	}
	return terms.Sellable(b)
}

// level is what lists show of the SKU: one that is out of use wants nothing.
func (u *Unplanned) level() stock.Level {
	if u.Archived {
		return stock.LevelFine
	}
	return u.Terms.Level(u.Balance)
}

// Divides tells whether the SKU's units are divided, so that each is for sale in one shop at most (docs/escrow.md).
func (u *Unplanned) Divides() bool { return len(u.Listings) > 0 && u.Allotment.Divides(u.Sellable()) }

// urgency orders SKUs by how much they press for more units, the most first: by level, then by shortfall.
func (u *Unplanned) urgency() int64 {
	const most = 4_000_000_000
	return -(int64(u.level())*most + min(u.Terms.Shortfall(u.Balance), most-1))
}

// PlanListing is what planning knows of a listing, and what it decides.
type PlanListing struct {
	ID       ListingID
	Shop     channel.ShopID
	Target   *stock.Quantity // as decided last; nil when never
	Expected *stock.Quantity
	SoldRate int64 // thousandths of a unit per hour, faded to now

	Share *stock.Quantity // what the pattern gave it when the units were divided last; nil when they were not
	Held  *Held           // set by Plan where the units are divided

	NewTarget stock.Quantity
	NewShare  *stock.Quantity
	Risk      int64

	onItsWay sql.NullInt64 // of a SKU under auto: what is being written
}

// Plan takes up to limit changed SKUs, those changed by orders first, lets decide fill in each listing's NewTarget and Risk, and
// writes the targets that differ. A SKU that changed a hundred times meanwhile is planned once. It returns how many SKUs it planned
// and the shops whose targets changed. Several planners may run at once.
func (db *DB) Plan(ctx context.Context, tenant stock.TenantID, limit int, decide func([]*Unplanned) error) (planned int, shops map[channel.ShopID]int, err error) {
	err = db.Write(ctx, tenant, func(tx *Tx) error {
		planned, shops = 0, make(map[channel.ShopID]int)
		skus, err := tx.unplanned(ctx, limit)
		if err != nil || len(skus) == 0 {
			return err
		}
		if err := tx.loadAccounts(ctx, skus); err != nil {
			return err
		}
		if err := decide(skus); err != nil {
			return err
		}
		planned = len(skus)
		return tx.writePlan(ctx, skus, shops)
	})
	return planned, shops, err
}

func (tx *Tx) unplanned(ctx context.Context, limit int) ([]*Unplanned, error) {
	var skus []*Unplanned
	err := tx.query(ctx, func(rows *sql.Rows) error {
		u := &Unplanned{}
		var since int64
		if err := rows.Scan(append([]any{&u.SKU, &u.marked, &since}, u.told.dest()...)...); err != nil {
			return err
		}
		u.Since = instant(since)
		skus = append(skus, u)
		return nil
	}, `SELECT sku_id, marked, since, `+toldColumns+` FROM sku_plan WHERE tenant_id = $1 AND marked > planned ORDER BY rank, sku_id LIMIT $2`+tx.db.dialect.skipLocked(), limit)
	if err != nil || len(skus) == 0 {
		return nil, err
	}
	return skus, tx.fillPlan(ctx, skus)
}

// PlanInputs reads what planning would know of SKUs now, in their order, without planning them. SKUs that are not there are left out.
func (db *DB) PlanInputs(ctx context.Context, tenant stock.TenantID, ids []stock.SKUID) ([]*Unplanned, error) {
	var skus []*Unplanned
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		skus = make([]*Unplanned, len(ids))
		for i, id := range ids {
			skus[i] = &Unplanned{SKU: id}
		}
		return tx.fillPlan(ctx, skus)
	})
	if err != nil {
		return nil, fmt.Errorf("plan of %d skus: %w", len(ids), err)
	}
	return slices.DeleteFunc(skus, func(u *Unplanned) bool { return u.Code == "" }), nil
}

// fillPlan reads everything that decides the targets of SKUs.
func (tx *Tx) fillPlan(ctx context.Context, skus []*Unplanned) error {
	today, err := tx.today(ctx)
	if err != nil {
		return err
	}
	patterns, err := tx.allotments(ctx)
	if err != nil {
		return err
	}
	var bundles []stock.SKUID
	ids := make([]stock.SKUID, len(skus))
	byID := make(map[stock.SKUID]*Unplanned, len(skus))
	for i, u := range skus {
		ids[i], byID[u.SKU] = u.SKU, u
	}
	id := func(args []any, i int) []any { return append(args, int64(skus[i].SKU)) }
	err = tx.queryRows(ctx, func(rows *sql.Rows) error {
		var sku stock.SKUID
		var code string
		var archived bool
		var pattern PatternID
		var b stock.Balance
		var terms termsRow
		var product stock.ProductID
		var lately SoldLately
		var inbound int64
		var bundle, inBundle bool
		if err := rows.Scan(terms.dest(&sku, &code, &archived, &bundle, &inBundle, &pattern, &b.OnHand, &b.Committed, &product, &lately.Week, &lately.Month, &inbound)...); err != nil {
			return err
		}
		u := byID[sku]
		u.Product, u.Sold, u.Inbound, u.InBundle = product, lately, inbound, inBundle
		if bundle {
			bundles = append(bundles, sku)
		}
		u.Code, u.Terms, u.Archived, u.Balance, u.Allotment = code, terms.inForce(), archived, u.Balance.Plus(b), patterns.of(pattern)
		return nil
	}, `SELECT sku.sku_id, sku.code, sku.archived_at > 0, sku.bundle, sku.in_bundle, COALESCE(sku.pattern_id, 0), COALESCE(balance.on_hand, 0), COALESCE(balance.committed, 0), sku.product_id,
		CAST(COALESCE((SELECT SUM(sold) FROM sku_day AS week WHERE week.tenant_id = $1 AND week.sku_id = sku.sku_id AND week.day > $2 - 7), 0) AS BIGINT),
		CAST(COALESCE((SELECT SUM(sold) FROM sku_day AS month WHERE month.tenant_id = $1 AND month.sku_id = sku.sku_id AND month.day > $2 - 30), 0) AS BIGINT),
		CAST(COALESCE((SELECT SUM(units - received) FROM inbound WHERE inbound.tenant_id = $1 AND inbound.sku_id = sku.sku_id AND inbound.closed_at = 0
			AND inbound.units > inbound.received), 0) AS BIGINT), `+termsColumns+`
		FROM sku LEFT JOIN balance ON balance.tenant_id = sku.tenant_id AND balance.sku_id = sku.sku_id`+termsJoins+`
		WHERE sku.tenant_id = $1 AND sku.sku_id IN (`, "BIGINT", `)`, []any{int64(today)}, len(skus), id)
	if err != nil {
		return err
	}
	if err := tx.addExceptions(ctx, ids, func(sku stock.SKUID) *Allotment { return &byID[sku].Allotment }); err != nil {
		return err
	}
	for _, u := range skus {
		u.wasSettled = u.Allotment.Settled != nil
	}
	of, err := tx.bundlesOf(ctx, today, patterns, bundles)
	if err != nil {
		return err
	}
	for sku, b := range of {
		u := byID[sku]
		u.Allotment.Bundle = b
		b.counted(&u.Terms, &u.Balance)
	}
	err = tx.queryRows(ctx, func(rows *sql.Rows) error {
		var sku stock.SKUID
		var l PlanListing
		var target, expected, share sql.NullInt64
		var rateAt int64
		if err := rows.Scan(&l.ID, &sku, &l.Shop, &target, &expected, &share, &l.SoldRate, &rateAt); err != nil {
			return err
		}
		l.Target, l.Expected, l.Share = quantity(target), quantity(expected), quantity(share)
		sight := listingSight{rate: l.SoldRate, rateAt: instant(rateAt)}
		l.SoldRate = sight.newRate(tx.now)
		u := byID[sku]
		u.Listings = append(u.Listings, l)
		return nil
	}, `SELECT listing_id, sku_id, shop_id, target, expected, share, sold_rate, sold_rate_at FROM listing
		WHERE tenant_id = $1 AND pulled AND sku_id IN (`, "BIGINT", `)`, nil, len(skus), id)
	// Put in order here: asked to, SQLite walks all listings in that order instead of looking up those of the SKUs.
	for _, u := range skus {
		slices.SortFunc(u.Listings, func(a, b PlanListing) int { return cmp.Or(cmp.Compare(a.Shop, b.Shop), cmp.Compare(a.ID, b.ID)) })
	}
	if err == nil {
		err = tx.addPace(ctx, skus)
	}
	return err
}

func (tx *Tx) writePlan(ctx context.Context, skus []*Unplanned, shops map[channel.ShopID]int) error {
	type change struct {
		*PlanListing
		since time.Time
	}
	if err := tx.markBundles(ctx, skus); err != nil {
		return err
	}
	var changes []change
	for _, u := range skus {
		for i := range u.Listings {
			l := &u.Listings[i]
			if l.Target == nil || l.Target.Compare(l.NewTarget) != 0 || !sameQuantity(l.Share, l.NewShare) || l.Held != nil && l.Held.Unsure {
				changes = append(changes, change{l, u.Since})
				shops[l.Shop]++
			}
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Compare(a.ID, b.ID) })
	err := tx.execRows(ctx, `UPDATE listing SET target = v.column2, target_at = $2, risk = v.column3,
		share = v.column5, unsure = listing.unsure OR v.column6, full_pass = listing.full_pass AND v.column5 IS NULL,
		due_since = CASE WHEN listing.lane = 0 OR listing.due_since = 0 THEN v.column4 ELSE listing.due_since END FROM (`,
		"BIGINT BIGINT BIGINT BIGINT BIGINT BOOLEAN", `) AS v WHERE listing.tenant_id = $1 AND listing.listing_id = v.column1`,
		[]any{micros(tx.now)}, len(changes), func(args []any, i int) []any {
			c := changes[i]
			return append(args, int64(c.ID), c.NewTarget.Sortable(), c.Risk, micros(c.since), stored(c.NewShare), c.Held != nil && c.Held.Unsure)
		})
	if err != nil {
		return err
	}
	if err := tx.writeSettled(ctx, skus); err != nil {
		return err
	}
	events := tellPlanned(skus, micros(tx.now))
	err = tx.execRows(ctx, `UPDATE sku_plan SET planned = v.column2, available = v.column3, sellable = v.column4, told_at = v.column5, secured = v.column6,
		reorder_point = v.column7, level = v.column8, product_id = v.column9, sold_7 = v.column10, sold_30 = v.column11, inbound = v.column12,
		urgency = v.column13, room = v.column14, look_at = v.column15, divided = v.column16 FROM (`, "BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BOOLEAN",
		`) AS v WHERE sku_plan.tenant_id = $1 AND sku_plan.sku_id = v.column1`,
		nil, len(skus), func(args []any, i int) []any {
			u := skus[i]
			return append(args, int64(u.SKU), u.marked, u.Balance.Available(), u.Sellable().Sortable(), u.told.at,
				u.Terms.SecuredUnits(u.Balance), storedPoint(u.Terms.Reorder), int64(u.level()),
				int64(u.Product), u.Sold.Week, u.Sold.Month, u.Inbound, u.urgency(), u.Room, micros(u.LookAt), u.Divides())
		})
	if err != nil {
		return err
	}
	return tx.addEvents(ctx, events)
}

// markSKUs makes the planner look at SKUs again, for a reason other than a movement: changed terms, a new link.
func (tx *Tx) markSKUs(ctx context.Context, skus []stock.SKUID, r rank) error {
	marks := make(map[stock.SKUID]mark, len(skus))
	for _, sku := range skus {
		marks[sku] = mark{rank: r, since: micros(tx.now)}
	}
	return tx.writeMarks(ctx, marks)
}

// quantity is a stored quantity, nil where there is none.
func quantity(n sql.NullInt64) *stock.Quantity {
	if !n.Valid {
		return nil
	}
	q := stock.FromSortable(n.Int64)
	return &q
}

func sameQuantity(a, b *stock.Quantity) bool {
	return a == b || a != nil && b != nil && a.Compare(*b) == 0
}

// stored is the inverse of quantity.
func stored(q *stock.Quantity) any {
	if q == nil {
		return nil
	}
	return q.Sortable()
}
