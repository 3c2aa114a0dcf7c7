package allocation_test

import (
	"math/rand/v2"
	"testing"

	"soroi/internal/allocation"
	"soroi/internal/stock"
)

// randomRule gives a rule for shops 1 to 5, of which some are mentioned. Half of them divide.
func randomRule(rng *rand.Rand) allocation.Rule {
	left := int64(allocation.Whole)
	share := func() allocation.Share {
		switch rng.IntN(8) {
		case 0, 1, 2:
			n := rng.Int64N(left + 1)
			if rng.IntN(2) == 0 {
				n = n / 100 * 100
			}
			left -= n
			return allocation.Share{Kind: allocation.Percent, N: n}
		case 3:
			return allocation.Share{Kind: allocation.Fixed, N: rng.Int64N(30)}
		case 4:
			return allocation.Share{Kind: allocation.AtMost, N: rng.Int64N(30)}
		case 5:
			if rng.IntN(2) == 0 {
				return allocation.Share{Kind: allocation.Same}
			}
			return allocation.Share{Kind: allocation.Percent, N: rng.Int64N(allocation.Whole + 1)}
		}
		return allocation.Share{Kind: allocation.Stop}
	}
	r := allocation.Rule{To: allocation.Open, Default: share()}
	for _, shop := range rng.Perm(5)[:rng.IntN(6)] {
		r.Shares = append(r.Shares, allocation.ShopShare{Shop: allocation.ShopID(shop + 1), Share: share()})
	}
	return r
}

// randomShops lists the SKU in some shops, in some of them twice.
func randomShops(rng *rand.Rand) []allocation.Shop {
	var shops []allocation.Shop
	for _, i := range rng.Perm(6)[:rng.IntN(7)] {
		shop := allocation.Shop{ID: allocation.ShopID(i + 1), Unlimited: rng.IntN(2) == 0}
		if rng.IntN(4) == 0 {
			shop.Largest = 1 + rng.Int64N(200)
		}
		switch rng.IntN(6) {
		case 0:
			shop.Exception = allocation.Share{Kind: allocation.Stop}
		case 1:
			shop.Exception = allocation.Share{Kind: allocation.AtMost, N: rng.Int64N(40)}
		}
		shops = append(shops, shop)
		if rng.IntN(5) == 0 {
			shops = append(shops, shop)
		}
	}
	return shops
}

// Design 2.3 for every sellable quantity from 0 to 10,000: no target above sellable, its channel's largest or its exception; those of a
// split rule together not above sellable either, and each of them explained by its own steps.
func TestTargets_never_too_much(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 3))
	splits := 0
	for range 30 {
		r := randomRule(rng)
		if r.Split() {
			splits++
		}
		p := allocation.Pattern{Rules: []allocation.Rule{r}}
		shops := randomShops(rng)
		var targets []allocation.Target
		for s := int64(0); s <= 10_000; s++ {
			targets = p.AppendTargets(targets[:0], stock.Units(s), shops)
			sum := int64(0)
			byShop := make(map[allocation.ShopID]int64)
			for i, target := range targets {
				n, limited := target.Quantity.Units()
				sum += n
				byShop[target.Shop] += n
				largest := shops[i].Largest
				if !limited || n < 0 || n > s || largest > 0 && n > largest || target.Shop != shops[i].ID {
					t.Fatalf("%+v of %d under %+v for %+v", target, s, r, shops)
				}
				switch e := shops[i].Exception; {
				case e.Kind == allocation.Stop && n > 0, e.Kind == allocation.AtMost && n > e.N:
					t.Fatalf("%+v of %d against the exception %+v", target, s, e)
				}
			}
			if !r.Split() {
				continue
			}
			if sum > s {
				t.Fatalf("%d of %d are given away by %+v to %+v: %+v", sum, s, r, shops, targets)
			}
			for _, target := range targets {
				if units := target.Part + target.Moved; byShop[target.Shop] != units && !target.Capped && !target.Excepted || byShop[target.Shop] > units {
					t.Fatalf("shop %d shows %d of %d, but its steps are %+v", target.Shop, byShop[target.Shop], s, target)
				}
			}
		}
	}
	if splits < 8 || splits > 22 {
		t.Errorf("%d of 30 rules divide: the test looks at one kind only", splits)
	}
}

// What rounding promises: without bounds, percentages that add up to P give exactly the rounded-down P of sellable in all, and each shop less
// than one unit off its exact part.
func TestTargets_rounding(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 5))
	for range 20 {
		var r allocation.Rule
		r.To, r.Default.Kind = allocation.Open, allocation.Stop
		var shops []allocation.Shop
		left := int64(allocation.Whole)
		for shop := range allocation.ShopID(1 + rng.IntN(20)) {
			n := rng.Int64N(left/2 + 1)
			left -= n
			r.Shares = append(r.Shares, allocation.ShopShare{Shop: shop + 1, Share: allocation.Share{Kind: allocation.Percent, N: n}})
			shops = append(shops, allocation.Shop{ID: shop + 1})
		}
		p := allocation.Pattern{Rules: []allocation.Rule{r}}
		var targets []allocation.Target
		for s := int64(0); s <= 10_000; s++ {
			targets = p.AppendTargets(targets[:0], stock.Units(s), shops)
			sum := int64(0)
			for i, target := range targets {
				n, _ := target.Quantity.Units()
				sum += n
				exact := r.Shares[i].Share.N * s // in ten-thousandths
				if n*allocation.Whole <= exact-allocation.Whole || n*allocation.Whole >= exact+allocation.Whole {
					t.Fatalf("%d of %d is a unit or more off %+v", n, s, r.Shares[i])
				}
			}
			if want := (allocation.Whole - left) * s / allocation.Whole; sum != want {
				t.Fatalf("%d of %d given, want %d under %+v", sum, s, want, r)
			}
		}
	}
}

// More to sell never means less in all, in a split without exceptions; nor less in any one shop, where numbers overlap. (One shop of a
// split may lose a unit: the price of the largest remainder.)
func TestTargets_monotone(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 7))
	shops := []allocation.Shop{{ID: 1}, {ID: 2}, {ID: 3}, {ID: 4}, {ID: 5}}
	for range 40 {
		r := randomRule(rng)
		p := allocation.Pattern{Rules: []allocation.Rule{r}}
		before, sumBefore := p.Targets(stock.Units(0), shops), int64(0)
		for s := int64(1); s <= 3000; s++ {
			now, sum := p.Targets(stock.Units(s), shops), int64(0)
			for i := range now {
				n, _ := now[i].Quantity.Units()
				sum += n
				falls := now[i].Quantity.Compare(before[i].Quantity) < 0
				if falls && (!r.Split() || now[i].Share.Kind == allocation.Fixed) {
					t.Fatalf("shop %d falls from %s to %s when there are %d, under %+v", now[i].Shop, before[i].Quantity, now[i].Quantity, s, r)
				}
			}
			if r.Split() && sum < sumBefore {
				t.Fatalf("all fall from %d to %d when there are %d, under %+v", sumBefore, sum, s, r)
			}
			before, sumBefore = now, sum
		}
	}
}

// A range from a to b behaves at a − 1, a, b and b + 1, whatever a and b are.
func TestTargets_boundaries(t *testing.T) {
	t.Parallel()
	shops := []allocation.Shop{{ID: 1}}
	rng := rand.New(rand.NewPCG(9, 9))
	for range 2000 {
		a := 1 + rng.Int64N(5000)
		b := a + rng.Int64N(5000)
		rule := func(from, to, n int64) allocation.Rule {
			return allocation.Rule{From: from, To: to, Default: allocation.Share{Kind: allocation.AtMost, N: n}}
		}
		p := allocation.Pattern{Name: "p", Rules: []allocation.Rule{rule(0, a-1, 0), rule(a, b, 1), rule(b+1, allocation.Open, 2)}}
		if found := allocation.Check(p); len(found) != 0 {
			t.Fatal(found)
		}
		for sellable, want := range map[int64]int{0: 0, a - 1: 0, a: 1, b: 1, b + 1: 2, 1 << 40: 2} {
			target := p.Targets(stock.Units(sellable), shops)[0]
			if target.Rule != want || target.Quantity != stock.Units(min(int64(want), sellable)) {
				t.Fatalf("%d in %d..%d: rule %d gives %s", sellable, a, b, target.Rule, target.Quantity)
			}
		}
		if got := p.RuleFor(stock.Unlimited); got != 2 {
			t.Fatalf("unlimited: rule %d", got)
		}
	}
}

// Planning never fails, whatever a pattern that was not checked holds.
func TestTargets_any_pattern(t *testing.T) {
	t.Parallel()
	const huge = 1 << 62
	kinds := []allocation.ShareKind{allocation.Same, allocation.Percent, allocation.Fixed, allocation.AtMost, allocation.Stop, "", "?"}
	for _, n := range []int64{-huge, -1, 0, 1, allocation.Whole + 1, huge} {
		for _, a := range kinds {
			for _, b := range kinds {
				p := allocation.Pattern{Rules: []allocation.Rule{{To: allocation.Open, Default: allocation.Share{Kind: a, N: n},
					Shares: []allocation.ShopShare{{Shop: 1, Share: allocation.Share{Kind: b, N: n}}, {Shop: 1, Share: allocation.Share{Kind: a, N: n}}}}}}
				for _, sellable := range []stock.Quantity{stock.Units(0), stock.Units(7), stock.Units(huge), stock.Unlimited} {
					sum := int64(0)
					for _, target := range p.Targets(sellable, []allocation.Shop{{ID: 1}, {ID: 2, Exception: allocation.Share{Kind: allocation.AtMost, N: n}}, {ID: 3, Largest: n}}) {
						if target.Quantity.Compare(sellable) > 0 {
							t.Fatalf("%+v of %s", target, sellable)
						}
						units, _ := target.Quantity.Units()
						sum += units
					}
					if units, limited := sellable.Units(); p.Rules[0].Split() && limited && sum > units {
						t.Fatalf("%d of %s under %+v", sum, sellable, p)
					}
				}
			}
		}
	}
}

// BenchmarkTargets is the arithmetic of planning one SKU.
func BenchmarkTargets(b *testing.B) {
	shops := make([]allocation.Shop, 12)
	split := allocation.Rule{From: 11, To: allocation.Open, Default: allocation.Share{Kind: allocation.Stop}}
	for i := range shops {
		shops[i] = allocation.Shop{ID: allocation.ShopID(i + 1), Largest: 99999}
		split.Shares = append(split.Shares, allocation.ShopShare{Shop: shops[i].ID, Share: allocation.Share{Kind: allocation.Percent, N: 833}})
	}
	excepted := append([]allocation.Shop(nil), shops...)
	excepted[3].Exception = allocation.Share{Kind: allocation.AtMost, N: 1}
	p := allocation.Pattern{Rules: []allocation.Rule{{To: 10, Default: allocation.Share{Kind: allocation.Same}}, split}}
	for _, c := range []struct {
		name     string
		pattern  allocation.Pattern
		sellable int64
		shops    []allocation.Shop
	}{
		{"everywhere_3", allocation.Everywhere, 100, shops[:3]},
		{"everywhere_12", allocation.Everywhere, 100, shops},
		{"split_3", p, 100, shops[:3]},
		{"split_12", p, 100, shops},
		{"split_12_exception", p, 100, excepted},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			var targets []allocation.Target
			for b.Loop() {
				targets = c.pattern.AppendTargets(targets[:0], stock.Units(c.sellable), c.shops)
			}
		})
	}
}
