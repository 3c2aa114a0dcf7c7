package store_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// lowBooks are shirts in colours and sizes, and some other goods, with random stock, terms, sales and deliveries.
func lowBooks(t *testing.T, db *store.DB, rng *rand.Rand) (*books, []store.LowRow) {
	ctx := context.Background()
	b := newBooks(t, db, "a")
	var skus []store.SKUEdit
	var products []store.ProductEdit
	ptr := func(s string) *string { return &s }
	for i := range 8 {
		product := fmt.Sprintf("P-%d", i)
		names := stock.OptionNames{"色", "サイズ"}
		if i%3 == 1 {
			names = stock.OptionNames{"サイズ", "色"}
		}
		products = append(products, store.ProductEdit{Code: product, Name: ptr("商品 " + product), Options: &names})
		for _, colour := range []string{"赤", "青"} {
			for _, size := range []string{"S", "M"} {
				options := stock.Options{colour, size}
				if i%3 == 1 {
					options = stock.Options{size, colour}
				}
				skus = append(skus, store.SKUEdit{Code: fmt.Sprintf("%s-%s%s", product, map[string]string{"赤": "R", "青": "B"}[colour], size), Product: ptr(product), Options: &options})
			}
		}
	}
	skus = append(skus, store.SKUEdit{Code: "SOLO", Name: ptr("一点物")})
	if answer, err := db.EditCatalog(ctx, b.tenant, store.CatalogEdit{Products: products, SKUs: skus}); err != nil || !answer.Applied {
		t.Fatal(answer.Refused(), err)
	}
	var codes []string
	for _, s := range skus {
		codes = append(codes, s.Code)
	}
	shop := b.shop("楽天", codes...)
	var rows []store.TermsRow
	for i, code := range codes {
		if n := int64(rng.IntN(12)); n > 0 {
			b.set(code, n)
		}
		c := stock.TermsChange{}
		if rng.IntN(3) > 0 {
			p := stock.PointAt(int64(rng.IntN(12)))
			c.Reorder = &p
		}
		if rng.IntN(3) == 0 {
			c.Secured = &stock.SecuredChange{Mode: stock.Set, As: stock.InPercent, N: 30}
		}
		rows = append(rows, store.TermsRow{SKU: b.id(code), Change: c})
		if n := rng.IntN(4); n > 0 {
			b.sale(shop, fmt.Sprint("R", i), fmt.Sprintf("%s×%d", code, n))
		}
		if rng.IntN(3) == 0 {
			units := int64(rng.IntN(20))
			_, err := db.EditInbound(ctx, b.tenant, "owner", []store.InboundRow{{SKU: b.id(code), Document: "PO", Units: &units}})
			b.must(err)
		}
	}
	_, err := db.EditTerms(ctx, b.tenant, store.TermsEdit{Rows: rows})
	b.must(err)
	b.plan()
	// What the list must have, from the books and not from what planning kept.
	var want []store.LowRow
	for _, code := range codes {
		s, err := db.LoadSKU(ctx, b.tenant, code)
		b.must(err)
		level := s.Terms.Level(s.Balance)
		if level == stock.LevelFine {
			continue
		}
		days, err := db.Days(ctx, b.tenant, s.SKU)
		b.must(err)
		inbound, err := db.ListInbound(ctx, b.tenant, store.InboundQuery{SKU: code})
		b.must(err)
		r := store.LowRow{SKU: s.SKU, Code: code, Name: s.Name, Of: s.Product, Options: s.Options, SKUs: 1, Level: level, Reorder: s.Terms.Reorder}
		r.Available, r.Secured, r.Shortfall = s.Balance.Available(), s.Terms.SecuredUnits(s.Balance), max(s.Terms.Reorder.Units-s.Balance.Available(), 0)
		for _, sold := range days {
			r.Week, r.Month = r.Week+sold, r.Month+sold
		}
		for _, l := range inbound.Lines {
			r.Inbound += l.Left()
		}
		if level >= stock.LevelOut {
			r.Out = 1
		}
		want = append(want, r)
	}
	if len(want) < 8 {
		t.Fatalf("only %d SKUs are low", len(want))
	}
	return b, want
}

// gather sums rows by a key.
func gather(rows []store.LowRow, key func(store.LowRow) string) []store.LowRow {
	sums := make(map[string]*store.LowRow)
	for _, r := range rows {
		k := key(r)
		s := sums[k]
		if s == nil {
			s = &store.LowRow{Name: k}
			sums[k] = s
		}
		s.SKUs, s.Out, s.Level = s.SKUs+1, s.Out+r.Out, max(s.Level, r.Level)
		s.Available, s.Secured, s.Inbound, s.Shortfall, s.Week, s.Month = s.Available+r.Available, s.Secured+r.Secured, s.Inbound+r.Inbound, s.Shortfall+r.Shortfall, s.Week+r.Week, s.Month+r.Month
		if r.Reorder.Set {
			s.Reorder = stock.PointAt(s.Reorder.Units + r.Reorder.Units)
		}
	}
	var list []store.LowRow
	for _, s := range sums {
		list = append(list, *s)
	}
	return list
}

func figures(r store.LowRow) string {
	return fmt.Sprint(r.SKUs, r.Out, r.Level, r.Reorder, r.Figures)
}

func TestListLow(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		b, all := lowBooks(t, db, rand.New(rand.NewPCG(seed, 0)))
		option := func(i int) func(store.LowRow) string {
			return func(r store.LowRow) string {
				at := i
				if strings.HasPrefix(r.Of, "P-1") || strings.HasPrefix(r.Of, "P-4") || strings.HasPrefix(r.Of, "P-7") {
					at = 1 - i
				}
				return r.Options[at]
			}
		}
		days := func(r store.LowRow) int64 {
			if d, ok := r.DaysLeft(); ok {
				return d
			}
			return 1 << 40
		}
		sorts := map[store.LowSort]func(store.LowRow) int64{
			store.LowShortfall: func(r store.LowRow) int64 { return -r.Shortfall }, store.LowAvailable: func(r store.LowRow) int64 { return r.Available },
			store.LowWeek: func(r store.LowRow) int64 { return -r.Week }, store.LowMonth: func(r store.LowRow) int64 { return -r.Month }, store.LowDays: days,
			store.LowInbound: func(r store.LowRow) int64 { return r.Inbound }, store.LowUrgent: func(r store.LowRow) int64 { return -int64(r.Level) },
		}
		for _, c := range []struct {
			name  string
			query store.LowQuery
			keep  func(store.LowRow) bool
			key   func(store.LowRow) string // nil is by SKU
		}{
			{"all", store.LowQuery{}, nil, nil},
			{"out", store.LowQuery{Filter: store.StockQuery{Show: store.ShowOut}}, func(r store.LowRow) bool { return r.Level >= stock.LevelOut }, nil},
			{"of a value", store.LowQuery{Filter: store.StockQuery{Value: "赤"}}, func(r store.LowRow) bool { return slices.Contains(r.Options[:], "赤") }, nil},
			{"of a text", store.LowQuery{Filter: store.StockQuery{Text: "P-3"}}, func(r store.LowRow) bool { return r.Of == "P-3" }, nil},
			{"products", store.LowQuery{Group: store.ByProduct}, nil, func(r store.LowRow) string { return r.Of }},
			{"products out", store.LowQuery{Group: store.ByProduct, Filter: store.StockQuery{Show: store.ShowOut}}, func(r store.LowRow) bool { return r.Level >= stock.LevelOut }, func(r store.LowRow) string { return r.Of }},
			{"products in red", store.LowQuery{Group: store.ByProduct, Filter: store.StockQuery{Value: "赤"}}, func(r store.LowRow) bool { return slices.Contains(r.Options[:], "赤") }, func(r store.LowRow) string { return r.Of }},
			{"colours", store.LowQuery{Group: store.ByOption, Option: "色"}, nil, option(0)},
			{"sizes out", store.LowQuery{Group: store.ByOption, Option: "サイズ", Filter: store.StockQuery{Show: store.ShowOut}}, func(r store.LowRow) bool { return r.Level >= stock.LevelOut }, option(1)},
			{"no such option", store.LowQuery{Group: store.ByOption, Option: "素材"}, nil, func(store.LowRow) string { return "" }},
		} {
			want := slices.Clone(all)
			if c.keep != nil {
				want = slices.DeleteFunc(want, func(r store.LowRow) bool { return !c.keep(r) })
			}
			skus := int64(len(want))
			if c.key != nil {
				want = gather(want, c.key)
			}
			name := func(r store.LowRow) string {
				if c.key == nil || c.query.Group == store.ByProduct {
					return r.Code
				}
				return r.Name
			}
			expected := make(map[string]string)
			for _, r := range want {
				if c.key != nil {
					expected[r.Name] = figures(r)
				} else {
					expected[r.Code] = figures(r)
				}
			}
			for sort, value := range sorts {
				q := c.query
				q.Sort, q.Limit = sort, 3
				var got []store.LowRow
				for pages := 0; ; pages++ {
					page, err := db.ListLow(ctx, b.tenant, q)
					b.must(err)
					if page.Total != int64(len(want)) && c.query.Group != store.ByOption || page.Total != 0 && c.query.Group == store.ByOption || page.SKUs != skus {
						t.Errorf("%s by %q: %d rows of %d SKUs, want %d of %d", c.name, sort, page.Total, page.SKUs, len(want), skus)
					}
					got = append(got, page.Rows...)
					if q.After = page.Next; q.After == "" {
						break
					}
					if pages > 50 {
						t.Fatalf("%s by %q never ends", c.name, sort)
					}
				}
				seen := make(map[string]bool)
				for _, r := range got {
					if expected[name(r)] != figures(r) {
						t.Errorf("%s by %q: %s is %s, want %s", c.name, sort, name(r), figures(r), expected[name(r)])
					}
					seen[name(r)] = true
				}
				if len(seen) != len(want) || len(got) != len(want) {
					t.Errorf("%s by %q: %d rows, %d different, want %d", c.name, sort, len(got), len(seen), len(want))
				}
				if !slices.IsSortedFunc(got, func(x, y store.LowRow) int { return cmp.Compare(value(x), value(y)) }) {
					t.Errorf("%s by %q is not in order", c.name, sort)
				}
			}
		}
		byCode := slices.Clone(all)
		slices.SortFunc(byCode, func(x, y store.LowRow) int { return strings.Compare(x.Code, y.Code) })
		q := store.LowQuery{Sort: store.LowCode, Limit: 2}
		for i := 0; ; i += 2 {
			page, err := db.ListLow(ctx, b.tenant, q)
			b.must(err)
			for j, r := range page.Rows {
				w := byCode[i+j]
				if r.Code != w.Code || r.Name != w.Name || r.Of != w.Of || r.Options != w.Options || figures(r) != figures(w) {
					t.Errorf("by code: %+v, want %+v", r, w)
				}
			}
			if q.After = page.Next; q.After == "" {
				break
			}
		}
		if _, err := db.ListLow(ctx, b.tenant, store.LowQuery{After: "nonsense"}); !errors.Is(err, store.ErrPlace) {
			t.Errorf("%v", err)
		}
		if names, err := db.OptionNames(ctx, b.tenant, 10); err != nil || !slices.Equal(names, []string{"サイズ", "色"}) {
			t.Errorf("%v, %v", names, err)
		}
		other := newBooks(t, db, "b")
		for _, q := range []store.LowQuery{{}, {Group: store.ByProduct}, {Group: store.ByOption, Option: "色"}, {Sort: store.LowCode}} {
			if page, err := db.ListLow(ctx, other.tenant, q); err != nil || len(page.Rows) != 0 || page.Total != 0 {
				t.Errorf("another tenant sees %+v, %v", page, err)
			}
		}
	})
}

func TestDaysLeft(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		available, month int64
		want             int64
		ok               bool
	}{{10, 30, 10, true}, {10, 31, 9, true}, {1, 30, 1, true}, {10, 0, 0, false}, {0, 0, 0, true}, {-3, 5, 0, true}, {100, 1, 3000, true}} {
		if days, ok := (store.Figures{Available: c.available, Month: c.month}).DaysLeft(); days != c.want || ok != c.ok {
			t.Errorf("%d available, %d sold: %d, %v", c.available, c.month, days, ok)
		}
	}
}
