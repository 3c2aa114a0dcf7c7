package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// parts are "code×units".
func (b *books) parts(list ...string) []stock.Part {
	b.t.Helper()
	var parts []stock.Part
	for _, l := range snapshot("", list...).Lines {
		parts = append(parts, stock.Part{SKU: b.id(l.Code), Units: l.Wanted})
	}
	slices.SortFunc(parts, func(a, b stock.Part) int { return int(a.SKU - b.SKU) })
	return parts
}

func (b *books) bundle(code string, list ...string) store.BundleResult {
	b.t.Helper()
	answer, err := b.db.EditBundles(context.Background(), b.tenant, store.BundleEdit{Actor: "owner", Reason: "set", Rows: []store.BundleRow{{SKU: b.id(code), Parts: b.parts(list...)}}})
	b.must(err)
	return answer.Rows[0]
}

// allocate plans as the engine does, and gives what was planned of each SKU last.
func (b *books) allocate() map[string]*store.Unplanned {
	b.t.Helper()
	last := make(map[string]*store.Unplanned)
	for {
		n, _, err := b.db.Plan(context.Background(), b.tenant, 3, func(skus []*store.Unplanned) error {
			for _, u := range skus {
				shops := make([]allocation.Shop, len(u.Listings))
				for i, l := range u.Listings {
					shops[i].ID = allocation.ShopID(l.Shop)
				}
				for i, t := range u.Allotment.Targets(u.Sellable(), shops) {
					u.Listings[i].NewTarget = t.Quantity
				}
				last[u.Code] = u
			}
			return nil
		})
		b.must(err)
		if n == 0 {
			return last
		}
	}
}

func (b *books) row(code string) store.SKU {
	b.t.Helper()
	s, err := b.db.LoadSKU(context.Background(), b.tenant, code)
	b.must(err)
	return s
}

// wantRow compares on hand, committed and sellable of a SKU.
func (b *books) wantRow(code string, onHand, committed, sellable int64) {
	b.t.Helper()
	s := b.row(code)
	if got := (stock.Balance{OnHand: onHand, Committed: committed}); s.Balance != got || s.Sellable() != stock.Units(sellable) {
		b.t.Errorf("%s: %+v sells %v, want %+v sells %d", code, s.Balance, s.Sellable(), got, sellable)
	}
}

func TestBundles(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBooks(t, db, "a")
		ctx := context.Background()
		b.skus("CUP カップ", "BOX 箱", "TEA 紅茶", "GIFT ギフト", "PAIR 二組")
		b.set("CUP", 10)
		b.set("BOX", 7)
		b.set("TEA", 3)
		if r := b.bundle("GIFT", "CUP×2", "BOX×1"); r.Refused != nil || !r.Changed() {
			t.Fatalf("%+v", r)
		}
		if r := b.bundle("PAIR", "GIFT×2", "TEA×1"); r.Refused != nil {
			t.Fatalf("%+v", r)
		}
		rakuten := b.shop("楽天", "CUP", "GIFT", "PAIR")
		yahoo := b.shop("Yahoo!", "GIFT")
		b.wantRow("GIFT", 5, 0, 5)
		b.wantRow("PAIR", 2, 0, 2)

		// A sale takes all parts in one step, and every number that follows from them is planned.
		b.allocate()
		b.sale(rakuten, "R1", "PAIR×1", "CUP×1")
		b.wantRow("CUP", 10, 5, 5)
		b.wantRow("BOX", 7, 2, 5)
		b.wantRow("TEA", 3, 1, 2)
		b.wantRow("GIFT", 2, 0, 2)
		planned := b.allocate()
		for code, want := range map[string]int64{"CUP": 5, "GIFT": 2, "PAIR": 1} {
			for _, l := range planned[code].Listings {
				if l.NewTarget != stock.Units(want) {
					t.Errorf("%s in shop %d is to show %v, want %d", code, l.Shop, l.NewTarget, want)
				}
			}
		}
		if n := len(planned["GIFT"].Listings); n != 2 {
			t.Errorf("%d listings of the gift", n)
		}
		if s := b.row("PAIR"); s.Sold.Week != 1 {
			t.Errorf("the pair was sold %d times", s.Sold.Week)
		}
		if s := b.row("CUP"); s.Sold.Week != 5 {
			t.Errorf("%d cups were sold", s.Sold.Week)
		}
		basis, err := db.LoadBasis(ctx, b.tenant, "CUP", 10)
		b.must(err)
		if basis.Lines != 2 || basis.Held != 5 || len(basis.Claims) != 2 {
			t.Errorf("the cups' claims: %d lines hold %d: %+v", basis.Lines, basis.Held, basis.Claims)
		}
		b.verify()

		// Another recipe changes no order that is there; cancelling gives back what was taken.
		if r := b.bundle("GIFT", "CUP×1", "TEA×1"); r.Refused != nil || r.Lines != 0 {
			t.Fatalf("%+v", r)
		}
		b.wantRow("PAIR", 0, 0, 0) // 3 teas each, 2 are left
		b.sale(yahoo, "Y1", "GIFT×1")
		b.wantRow("CUP", 10, 6, 4)
		b.wantRow("TEA", 3, 2, 1)
		cancelled := snapshot("R1", "PAIR×0", "CUP×1")
		cancelled.State = order.Cancelled
		b.take(rakuten, cancelled)
		b.wantRow("CUP", 10, 2, 8)
		b.wantRow("BOX", 7, 0, 7)
		b.wantRow("TEA", 3, 1, 2)
		shipped := snapshot("Y1", "GIFT×1")
		shipped.Lines[0].Shipped = 1
		b.take(yahoo, shipped)
		b.wantRow("CUP", 9, 1, 8)
		b.wantRow("TEA", 2, 0, 2)
		b.verify()
		b.allocate()
		if s := b.row("GIFT"); s.Sold.Week != 1 {
			t.Errorf("the gift was sold %d times", s.Sold.Week)
		}

		// A bundle has no shelf, and is not made to order.
		change, err := db.ChangeStock(ctx, b.tenant, store.ChangeRequest{Cause: stock.ByHand, Kind: stock.Adjustment, Document: "count", Partial: true,
			Rows: []stock.Change{{SKU: b.id("GIFT"), Location: b.location, Mode: stock.Set, Units: 9}, {SKU: b.id("TEA"), Location: b.location, Mode: stock.Add, Units: 1}}})
		b.must(err)
		var wrong *stock.ChangeError
		if !errors.As(change.Rows[0].Refused, &wrong) || wrong.Field != "sku" || !change.Rows[1].Applied {
			t.Errorf("stock of a bundle: %+v", change)
		}
		terms, err := db.EditTerms(ctx, b.tenant, store.TermsEdit{Rows: []store.TermsRow{{SKU: b.id("GIFT"), Change: stock.TermsChange{Supply: &stock.SupplyChange{Supply: stock.MadeToOrderUnlimited}}}}})
		b.must(err)
		if r := terms.Rows[0].Refused; r == nil || r.Code != "bundle" {
			t.Errorf("supply of a bundle: %+v", terms)
		}
		if removed, err := db.DeleteUnused(ctx, b.tenant, []string{"BOX", "PAIR"}); err != nil || len(removed) != 0 {
			t.Errorf("deleted %v, %v", removed, err)
		}
	})
}

func TestBundles_refused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBooks(t, db, "a")
		ctx := context.Background()
		b.skus("A a", "B b", "C c", "D d", "OLD o", "DESK 受注生産")
		b.must(db.SetTerms(ctx, b.tenant, b.id("DESK"), stock.Terms{Supply: stock.MadeToOrder, Figure: 3}))
		b.set("D", 4)
		_, err := db.EditCatalog(ctx, b.tenant, store.CatalogEdit{SKUs: []store.SKUEdit{{Code: "OLD", Archived: new(true)}}})
		b.must(err)
		b.bundle("B", "C×1")
		for _, c := range []struct {
			name, sku string
			parts     []stock.Part
			code      string
		}{
			{"itself", "A", b.parts("A×1"), "cycle"},
			{"on hand of its own", "D", b.parts("A×1"), "on_hand"},
			{"made to order", "DESK", b.parts("A×1"), "supply"},
			{"a part out of use", "A", b.parts("OLD×1"), "archived"},
			{"a part that is not there", "A", []stock.Part{{SKU: 1 << 40, Units: 1}}, "unknown"},
			{"a way back", "C", b.parts("B×1"), "cycle"},
		} {
			answer, err := db.EditBundles(ctx, b.tenant, store.BundleEdit{Rows: []store.BundleRow{{SKU: b.id(c.sku), Parts: c.parts}}})
			b.must(err)
			if r := answer.Rows[0]; answer.Applied || r.Refused == nil || r.Refused.Code != c.code || r.Changed() {
				t.Errorf("%s: %+v", c.name, answer)
			}
		}
		// Rows see each other: these two close a cycle together. Partial makes the first.
		rows := []store.BundleRow{{SKU: b.id("C"), Parts: b.parts("A×1")}, {SKU: b.id("A"), Parts: b.parts("B×1")}}
		dry, err := db.EditBundles(ctx, b.tenant, store.BundleEdit{Rows: rows, Dry: true})
		b.must(err)
		if dry.Applied || dry.Rows[0].Refused != nil || dry.Rows[1].Refused == nil || dry.Rows[1].Refused.Code != "cycle" {
			t.Errorf("dry: %+v", dry)
		}
		made, err := db.EditBundles(ctx, b.tenant, store.BundleEdit{Key: "k", Rows: rows, Partial: true})
		b.must(err)
		again, err := db.EditBundles(ctx, b.tenant, store.BundleEdit{Key: "k", Rows: rows, Partial: true})
		b.must(err)
		if !made.Applied || made.Repeated || !again.Repeated || again.Rows[1].Refused == nil {
			t.Errorf("%+v, then %+v", made, again)
		}
		b.set("A", 6)
		b.wantRow("B", 6, 0, 6) // B holds C, which holds A now
		if _, err := db.EditBundles(ctx, b.tenant, store.BundleEdit{Key: "k", Rows: rows[:1]}); !errors.Is(err, store.ErrKeyReused) {
			t.Errorf("a key used for something else: %v", err)
		}
		if _, err := db.EditBundles(ctx, b.tenant, store.BundleEdit{Rows: []store.BundleRow{{SKU: 1 << 40}}}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("no such bundle: %v", err)
		}
	})
}

// What the parts' patterns give a shop bounds the bundle there; units that are divided among shops are left to them.
func TestBundles_patterns_of_parts(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBooks(t, db, "a")
		ctx := context.Background()
		b.skus("A a", "B b", "SET s")
		b.set("A", 20)
		b.set("B", 9)
		b.bundle("SET", "A×2", "B×1")
		one := b.shop("一号店", "SET", "A")
		two := b.shop("二号店", "SET")
		assign := func(rule allocation.Rule) {
			t.Helper()
			rule.To = allocation.Open
			id, err := db.SavePattern(ctx, b.tenant, store.PatternChange{Pattern: allocation.Pattern{Name: fmt.Sprint(rule.Default, rule.Shares), Rules: []allocation.Rule{rule}}, Actor: "owner"})
			b.must(err)
			_, err = db.AssignPatterns(ctx, b.tenant, []store.Assignment{{SKU: b.id("A"), Pattern: id}})
			b.must(err)
		}
		want := func(first, second int64) {
			t.Helper()
			set := b.allocate()["SET"]
			for _, l := range set.Listings {
				n := first
				if l.Shop == two {
					n = second
				}
				if l.NewTarget != stock.Units(n) {
					t.Errorf("shop %d is to show %v, want %d", l.Shop, l.NewTarget, n)
				}
			}
		}
		want(9, 9)
		assign(allocation.Rule{Default: allocation.Share{Kind: allocation.Same}, Shares: []allocation.ShopShare{{Shop: allocation.ShopID(two), Share: allocation.Share{Kind: allocation.AtMost, N: 5}}}})
		want(9, 2)
		assign(allocation.Rule{Default: allocation.Share{Kind: allocation.Same}, Shares: []allocation.ShopShare{{Shop: allocation.ShopID(one), Share: allocation.Share{Kind: allocation.Stop}}}})
		want(0, 9)
		assign(allocation.Rule{Default: allocation.Share{Kind: allocation.Percent, N: 3000}})
		want(0, 0)
	})
}

// Random orders of bundles, of parts and of what is now one and now the other, with recipes that change: balances, claims and days are what a plain model says.
func TestBundles_random(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for seed := range uint64(6) {
			randomBundles(t, db, seed)
		}
	})
}

type bundleLine struct {
	shop    channel.ShopID
	number  string
	sku     string
	wanted  int64
	shipped bool
	parts   map[string]int64 // as it claimed them; nil: the SKU itself
}

func randomBundles(t *testing.T, db *store.DB, seed uint64) {
	b := newBooks(t, db, fmt.Sprint("random-", seed))
	rng := rand.New(rand.NewPCG(seed, 9))
	goods := []string{"P", "Q", "R", "X", "Y"}
	b.skus("P p", "Q q", "R r", "X x", "Y y")
	shelf := map[string]int64{"P": 60, "Q": 40, "R": 90, "X": 0, "Y": 0}
	for code, n := range shelf {
		b.set(code, n)
	}
	shops := []channel.ShopID{b.shop("楽天", goods...), b.shop("Yahoo!", goods...)}
	recipes := make(map[string]map[string]int64) // direct
	var leaves func(code string, times int64, into map[string]int64)
	leaves = func(code string, times int64, into map[string]int64) {
		if len(recipes[code]) == 0 {
			into[code] += times
			return
		}
		for part, n := range recipes[code] {
			leaves(part, times*n, into)
		}
	}
	claimed := func(code string) map[string]int64 {
		if len(recipes[code]) == 0 {
			return nil
		}
		into := make(map[string]int64)
		leaves(code, 1, into)
		return into
	}
	var lines []*bundleLine
	each := func(fn func(sku string, units int64, l *bundleLine)) {
		for _, l := range lines {
			if l.parts == nil {
				fn(l.sku, l.wanted, l)
			}
			for part, n := range l.parts {
				fn(part, n*l.wanted, l)
			}
		}
	}
	onHand := func(code string) int64 {
		n := shelf[code]
		each(func(sku string, units int64, l *bundleLine) {
			if sku == code && l.shipped {
				n -= units
			}
		})
		return n
	}
	committed := func(code string) (n int64) {
		each(func(sku string, units int64, l *bundleLine) {
			if sku == code && !l.shipped {
				n += units
			}
		})
		return n
	}
	asked := time.Now().UTC()
	say := func(l *bundleLine) {
		s := snapshot(l.number, fmt.Sprintf("%s×%d", l.sku, l.wanted))
		asked = asked.Add(time.Second).Truncate(time.Microsecond)
		s.Version.AskedAt = asked
		if l.wanted == 0 {
			s.State = order.Cancelled
		}
		if l.shipped {
			s.Lines[0].Shipped = l.wanted
		}
		b.take(l.shop, s)
	}
	for step := range 60 {
		switch n := rng.IntN(10); {
		case n < 4 || len(lines) == 0:
			l := &bundleLine{shop: shops[rng.IntN(2)], number: fmt.Sprint("N", step), sku: goods[rng.IntN(len(goods))], wanted: 1 + rng.Int64N(3)}
			l.parts = claimed(l.sku)
			lines = append(lines, l)
			say(l)
		case n < 7:
			if l := lines[rng.IntN(len(lines))]; !l.shipped {
				had := l.wanted > 0
				if l.wanted = rng.Int64N(4); !had && l.wanted > 0 && l.parts == nil {
					l.parts = claimed(l.sku) // it had given everything back, and claims by the recipe of now
				}
				if l.wanted > 0 {
					l.shipped = rng.IntN(3) == 0
				}
				say(l)
			}
		default:
			code := goods[3+rng.IntN(2)]
			next := make(map[string]int64)
			if rng.IntN(4) > 0 {
				for _, part := range []string{"P", "Q", "R"} {
					if rng.IntN(2) == 0 {
						next[part] = 1 + rng.Int64N(3)
					}
				}
				if code == "Y" && rng.IntN(2) == 0 {
					next["X"] = 1 + rng.Int64N(2)
				}
			}
			var list []string
			for part, n := range next {
				list = append(list, fmt.Sprintf("%s×%d", part, n))
			}
			r := b.bundle(code, list...)
			if made := len(recipes[code]) == 0 && len(next) > 0; made && onHand(code) != 0 {
				if r.Refused == nil || r.Refused.Code != "on_hand" {
					t.Fatalf("seed %d step %d: %s has units on hand: %+v", seed, step, code, r)
				}
				continue
			} else if r.Refused != nil {
				t.Fatalf("seed %d step %d: %+v", seed, step, r)
			} else if recipes[code] = next; made {
				for _, l := range lines {
					if l.sku == code && l.parts == nil && !l.shipped && l.wanted > 0 {
						l.parts = claimed(code)
					}
				}
			}
		}
		if step%10 != 9 {
			continue
		}
		b.verify()
		b.allocate()
		for _, code := range goods {
			s := b.row(code)
			if len(recipes[code]) == 0 {
				if want := (stock.Balance{OnHand: onHand(code), Committed: committed(code)}); s.Balance != want {
					t.Fatalf("seed %d step %d: %s is %+v, want %+v", seed, step, code, s.Balance, want)
				}
				continue
			}
			sets := int64(1 << 40)
			for part, n := range claimed(code) {
				sets = min(sets, max(onHand(part)-committed(part), 0)/n)
			}
			if s.Sellable() != stock.Units(sets) {
				t.Fatalf("seed %d step %d: %v of %s, want %d", seed, step, s.Sellable(), code, sets)
			}
			for _, l := range s.Listings {
				if l.Target == nil || *l.Target != stock.Units(sets) {
					t.Fatalf("seed %d step %d: a shop is to show %v of %s, want %d", seed, step, l.Target, code, sets)
				}
			}
		}
	}
}
