package engine_test

import (
	"context"
	"testing"
	"testing/synctest"

	"soroi/internal/allocation"
	"soroi/internal/store"
)

// A pattern divides what is sellable; changing the default, assigning another and an exception reach every shop without any other cause.
func TestEngine_follows_patterns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		tn := newTown(t, 2, threeShops(2)...)
		stop := tn.start()
		defer stop()
		tn.settle()

		percent := func(parts ...int64) (p allocation.Pattern) {
			p.Rules = []allocation.Rule{{To: allocation.Open, Default: allocation.Share{Kind: allocation.Stop}}}
			for i, n := range parts {
				p.Rules[0].Shares = append(p.Rules[0].Shares, allocation.ShopShare{Shop: allocation.ShopID(tn.ids[i]), Share: allocation.Share{Kind: allocation.Percent, N: n * 100}})
			}
			return p
		}
		save := func(c store.PatternChange) store.PatternID {
			t.Helper()
			id, err := tn.db.SavePattern(ctx, tn.tenant, c)
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		split := percent(50, 30, 20)
		split.Name = "split"
		id := save(store.PatternChange{Pattern: split})
		if err := tn.db.SetDefaultPattern(ctx, tn.tenant, id); err != nil {
			t.Fatal(err)
		}
		shares := map[int64][]int64{40: {20, 12, 8}, 37: {19, 11, 7}}
		tn.want = func(shop int, available int64) int64 { return shares[available][shop] }
		tn.settle()
		if _, taken := tn.shops[1].buy(refOf(0), 3); taken != 3 {
			t.Fatalf("the shop sold %d", taken)
		}
		tn.settle()

		only := percent(100)
		only.Name = "only"
		onlyID := save(store.PatternChange{Pattern: only})
		if _, err := tn.db.AssignPatterns(ctx, tn.tenant, []store.Assignment{{SKU: tn.skus[0], Pattern: onlyID}}); err != nil {
			t.Fatal(err)
		}
		shares[37] = []int64{37, 0, 0}
		tn.settle()

		most := int64(5)
		if _, err := tn.db.SetExceptions(ctx, tn.tenant, "me", []store.Exception{{SKU: tn.skus[1], Shop: tn.ids[0], Most: &most}}); err != nil {
			t.Fatal(err)
		}
		shares[40] = []int64{5, 21, 14} // the 15 units that the first may not have go to the others, 3 : 2
		tn.settle()

		only.Rules[0].Shares[0].Share.N = 9000
		save(store.PatternChange{ID: onlyID, Pattern: only})
		shares[37] = []int64{33, 0, 0}
		tn.settle()
	})
}

// What is out of use is sold nowhere, whatever lies on the shelf, and is sold again when it comes back.
func TestEngine_archived_is_sold_nowhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tn := newTown(t, 1, threeShops(1)...)
		stop := tn.start()
		defer stop()
		tn.settle()
		for _, archived := range []bool{true, false} {
			_, err := tn.db.EditCatalog(context.Background(), tn.tenant, store.CatalogEdit{SKUs: []store.SKUEdit{{Code: string(refOf(0)), Archived: &archived}}})
			if err != nil {
				t.Fatal(err)
			}
			tn.want = func(_ int, available int64) int64 {
				if archived {
					return 0
				}
				return available
			}
			tn.settle()
		}
	})
}
