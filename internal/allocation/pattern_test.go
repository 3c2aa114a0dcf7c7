package allocation_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"soroi/internal/allocation"
	"soroi/internal/stock"
)

func TestPattern_Targets(t *testing.T) {
	t.Parallel()
	// Shop 1 shows anything, shop 2 at most 999 units, shop 3 at most 99 or "unlimited".
	shops := []allocation.Shop{{ID: 1}, {ID: 2, Largest: 999}, {ID: 3, Largest: 99, Unlimited: true}}
	split := allocation.Pattern{Rules: []allocation.Rule{
		{From: 1, To: 5, Shares: map[allocation.ShopID]allocation.Share{1: {Kind: allocation.Same}}, Default: allocation.Share{Kind: allocation.Stop}},
		{From: 6, Default: allocation.Share{Kind: allocation.AtMost, N: 10}, Shares: map[allocation.ShopID]allocation.Share{2: {Kind: allocation.Same}}},
	}}
	u := stock.Units
	for _, c := range []struct {
		name     string
		pattern  allocation.Pattern
		sellable stock.Quantity
		want     [3]stock.Quantity
		capped   [3]bool
		rule     int
	}{
		{"same everywhere", allocation.Everywhere, u(7), [3]stock.Quantity{u(7), u(7), u(7)}, [3]bool{}, 0},
		{"nothing", allocation.Everywhere, u(0), [3]stock.Quantity{u(0), u(0), u(0)}, [3]bool{}, 0},
		{"more than a channel shows", allocation.Everywhere, u(5000), [3]stock.Quantity{u(5000), u(999), u(99)}, [3]bool{false, true, true}, 0},
		{"exactly what a channel shows", allocation.Everywhere, u(999), [3]stock.Quantity{u(999), u(999), u(99)}, [3]bool{false, false, true}, 0},
		{"unlimited", allocation.Everywhere, stock.Unlimited, [3]stock.Quantity{stock.Unlimited, u(999), stock.Unlimited}, [3]bool{false, true, false}, 0},
		{"a few: one shop alone", split, u(5), [3]stock.Quantity{u(5), u(0), u(0)}, [3]bool{}, 0},
		{"more: two shops up to a bound", split, u(6), [3]stock.Quantity{u(6), u(6), u(6)}, [3]bool{}, 1},
		{"many: the bound holds", split, u(50), [3]stock.Quantity{u(10), u(50), u(10)}, [3]bool{}, 1},
		{"unlimited is above every range", split, stock.Unlimited, [3]stock.Quantity{u(10), u(999), u(10)}, [3]bool{false, true, false}, 1},
		{"no rule covers nothing", split, u(0), [3]stock.Quantity{u(0), u(0), u(0)}, [3]bool{}, -1},
		{"no rules at all", allocation.Pattern{}, u(9), [3]stock.Quantity{u(0), u(0), u(0)}, [3]bool{}, -1},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			for i, got := range c.pattern.Targets(c.sellable, shops) {
				if got.Shop != shops[i].ID || got.Quantity != c.want[i] || got.Capped != c.capped[i] || got.Rule != c.rule {
					t.Errorf("shop %d gets %+v, want %s, capped %v, by rule %d", shops[i].ID, got, c.want[i], c.capped[i], c.rule)
				}
			}
		})
	}
}

// No target is ever more than what is sellable or more than its channel can show (design 2.3).
func TestPattern_Targets_never_too_much(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	kinds := []allocation.ShareKind{allocation.Same, allocation.AtMost, allocation.Stop}
	share := func() allocation.Share { return allocation.Share{Kind: kinds[rng.IntN(3)], N: rng.Int64N(50)} }
	for range 2000 {
		var p allocation.Pattern
		for from := int64(0); len(p.Rules) < rng.IntN(4); {
			to := from + rng.Int64N(40)
			p.Rules = append(p.Rules, allocation.Rule{From: from, To: to, Default: share(), Shares: map[allocation.ShopID]allocation.Share{1: share(), 2: share()}})
			from = to + 1
		}
		shops := []allocation.Shop{{ID: 1, Largest: rng.Int64N(60)}, {ID: 2, Unlimited: true, Largest: rng.Int64N(60)}, {ID: 3}}
		sellable := stock.Units(rng.Int64N(100))
		if rng.IntN(10) == 0 {
			sellable = stock.Unlimited
		}
		for i, got := range p.Targets(sellable, shops) {
			if got.Quantity.Compare(sellable) > 0 {
				t.Fatalf("%+v of %s sellable under %+v", got, sellable, p)
			}
			if l := shops[i].Largest; l > 0 && !got.Quantity.IsUnlimited() && got.Quantity.Compare(stock.Units(l)) > 0 {
				t.Fatalf("%+v in a channel that shows at most %d", got, l)
			}
		}
	}
}
