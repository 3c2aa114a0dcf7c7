// Package impact says what another allocation pattern, or other figures of on hand, would change at the shops before they are saved (配分の影響): for every SKU
// concerned, the same arithmetic that planning does, and nothing is written.
package impact

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// Question is a pattern and the SKUs that would follow it.
type Question struct {
	Pattern allocation.Pattern
	SKUs    []store.StockQuery // their hits together; a SKU that two of them find counts twice
	// Within bounds how long the examining may take; what it could not examine in that time it says. 0 is no bound.
	Within time.Duration
}

// Impact is what would change.
type Impact struct {
	Examined int64 // SKUs
	All      bool  // there are no more SKUs than were examined
	Changed  int64 // SKUs of which a target would change
	Pushes   int64 // listings of live shops that would have to be written
	Shops    []Shop
	Examples []Example // the SKUs that lose most, at most MostExamples
}

// Shop is what would change in one shop, in listings.
type Shop struct {
	ID       channel.ShopID
	Name     string
	Mode     store.Mode
	Changed  int64
	Up, Down int64
	ToZero   int64 // show something now and would show 0
	FromZero int64 // show 0 now and would show something
}

// Example is one SKU whose targets would change.
type Example struct {
	Code     string
	Sellable stock.Quantity
	Shops    []Change // one per listing whose target changes
	lost     int64
}

// Change is one listing's target before and after.
type Change struct {
	Shop          channel.ShopID
	Before, After stock.Quantity
}

// MostExamples bounds the examples.
const MostExamples = 20

// Of examines all SKUs of the question, part by part: neither memory nor a transaction grows with their number.
func Of(ctx context.Context, db *store.DB, c clock.Clock, tenant stock.TenantID, specs map[channel.Kind]channel.Spec, q Question) (Impact, error) {
	shops, err := db.ListShops(ctx, tenant)
	if err != nil {
		return Impact{}, fmt.Errorf("impact of pattern %q: %w", q.Pattern.Name, err)
	}
	t := newTally(shops, specs)
	if q.Pattern.HasAuto() {
		if t.paces, err = db.ShopPaces(ctx, tenant, specs); err != nil {
			return Impact{}, fmt.Errorf("impact of pattern %q: %w", q.Pattern.Name, err)
		}
	}
	until := c.Now().Add(q.Within)
	t.All = true
	for _, query := range q.SKUs {
		after := stock.SKUID(0)
		for {
			ids, err := db.SelectSKUs(ctx, tenant, query, after, store.MostSelected)
			if err == nil && len(ids) > 0 {
				var skus []*store.Unplanned
				if skus, err = db.PlanInputs(ctx, tenant, ids); err == nil {
					t.add(skus, q.Pattern)
				}
			}
			if err != nil {
				return Impact{}, fmt.Errorf("impact of pattern %q: %w", q.Pattern.Name, err)
			}
			if len(ids) < store.MostSelected {
				break
			}
			after = ids[len(ids)-1]
			if q.Within > 0 && !c.Now().Before(until) {
				t.All = false
				return t.result(), nil
			}
		}
	}
	return t.result(), nil
}

// OfStock examines what adding units to on hand would change, by SKU.
func OfStock(ctx context.Context, db *store.DB, tenant stock.TenantID, specs map[channel.Kind]channel.Spec, deltas map[stock.SKUID]int64) (Impact, error) {
	shops, err := db.ListShops(ctx, tenant)
	if err != nil {
		return Impact{}, fmt.Errorf("impact of stock: %w", err)
	}
	t := newTally(shops, specs)
	t.All = true
	auto, err := db.HasAuto(ctx, tenant)
	if err == nil && auto {
		t.paces, err = db.ShopPaces(ctx, tenant, specs)
	}
	if err != nil {
		return Impact{}, fmt.Errorf("impact of stock: %w", err)
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(deltas)), store.MostSelected) {
		skus, err := db.PlanInputs(ctx, tenant, ids)
		if err != nil {
			return Impact{}, fmt.Errorf("impact of stock: %w", err)
		}
		for _, u := range skus {
			t.Examined++
			other := *u
			other.Balance.OnHand += deltas[u.SKU]
			t.compare(u, &other)
		}
	}
	return t.result(), nil
}

// tally counts while SKUs go by.
type tally struct {
	Impact
	shops map[channel.ShopID]allocation.Shop
	paces map[channel.ShopID]allocation.Pace // where auto may decide
	at    map[channel.ShopID]int
}

func newTally(shops []store.Shop, specs map[channel.Kind]channel.Spec) *tally {
	t := &tally{shops: make(map[channel.ShopID]allocation.Shop, len(shops)), at: make(map[channel.ShopID]int, len(shops))}
	for i, s := range shops {
		t.shops[s.ID], t.at[s.ID] = s.Allocation(specs[s.Kind]), i
		t.Shops = append(t.Shops, Shop{ID: s.ID, Name: s.Name, Mode: s.Mode})
	}
	return t
}

func (t *tally) add(skus []*store.Unplanned, p allocation.Pattern) {
	for _, u := range skus {
		t.Examined++
		if u.Archived {
			continue
		}
		t.one(u, p)
	}
}

// one compares what the SKU's listings are to show as things are with what they would be to show under another pattern: targets on both sides, so what is merely on its
// way does not count as a change.
func (t *tally) one(u *store.Unplanned, p allocation.Pattern) {
	other := *u
	other.Allotment.Pattern, other.Allotment.Settled = p, nil
	t.compare(u, &other)
}

func (t *tally) compare(u, other *store.Unplanned) {
	sellable := u.Sellable()
	list := make([]allocation.Shop, len(u.Listings))
	for i, l := range u.Listings {
		list[i] = t.shops[l.Shop]
	}
	before := u.Allotment.Targets(sellable, slices.Clone(list))
	other.Settle(list, t.paces)
	example := Example{Code: u.Code, Sellable: sellable}
	for i, after := range other.Allotment.Targets(other.Sellable(), list) {
		from, to := before[i].Quantity, after.Quantity
		if from.Compare(to) == 0 {
			continue
		}
		shop := &t.Shops[t.at[u.Listings[i].Shop]]
		shop.Changed++
		if to.Compare(from) < 0 {
			shop.Down++
		} else {
			shop.Up++
		}
		if to.IsZero() {
			shop.ToZero++
		}
		if from.IsZero() {
			shop.FromZero++
		}
		if shop.Mode == store.Live {
			t.Pushes++
		}
		example.Shops = append(example.Shops, Change{shop.ID, from, to})
		example.lost += max(countable(from)-countable(to), 0)
	}
	if len(example.Shops) == 0 {
		return
	}
	t.Changed++
	t.keep(example)
}

// countable is a quantity as a number that can be added up: unlimited is the largest figure that anybody can enter.
func countable(q stock.Quantity) int64 { return min(q.Sortable(), stock.LargestUnits) }

// keep keeps the examples that lose most.
func (t *tally) keep(e Example) {
	at, _ := slices.BinarySearchFunc(t.Examples, e, func(a, b Example) int { return cmp.Or(cmp.Compare(b.lost, a.lost), cmp.Compare(a.Code, b.Code)) })
	if at < MostExamples {
		t.Examples = slices.Insert(t.Examples, at, e)
		t.Examples = t.Examples[:min(len(t.Examples), MostExamples)]
	}
}

func (t *tally) result() Impact { return t.Impact }
