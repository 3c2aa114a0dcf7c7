package impact_test

import (
	"context"
	"fmt"
	"testing"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/impact"
	"soroi/internal/match"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// Ten SKUs with 0 to 9 units in two shops, one of them in rehearsal: a split 50 : 50 is compared with the same number everywhere.
func TestOf(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		tenant, at := storetest.Tenant(t, db, "impact")
		var shops []channel.ShopID
		var rows []store.NewSKU
		var listings []channel.Listing
		for i := range 10 {
			code := fmt.Sprintf("S%d", i)
			rows = append(rows, store.NewSKU{Code: code})
			listings = append(listings, channel.Listing{Ref: channel.Ref(code), Codes: []match.Code{{Text: code}}})
		}
		skus, err := db.AddSKUs(ctx, tenant, rows)
		if err != nil {
			t.Fatal(err)
		}
		for i, name := range []string{"楽天", "Yahoo!"} {
			shop, err := db.AddShop(ctx, tenant, "test", name, nil)
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				if err := db.SetMode(ctx, tenant, shop.ID, store.Live); err != nil {
					t.Fatal(err)
				}
			}
			lease, _, err := db.AcquireLease(ctx, tenant, shop.ID, "test", 1e12)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.TakeListings(ctx, tenant, lease, listings); err != nil {
				t.Fatal(err)
			}
			shops = append(shops, shop.ID)
		}
		change := store.ChangeRequest{Cause: stock.ByHand, Kind: stock.Opening, Document: "test"}
		for i := range 10 {
			change.Rows = append(change.Rows, stock.Change{SKU: skus[fmt.Sprintf("S%d", i)], Location: at, Mode: stock.Set, Units: int64(i)})
		}
		if _, err := db.ChangeStock(ctx, tenant, change); err != nil {
			t.Fatal(err)
		}
		half := allocation.Share{Kind: allocation.Percent, N: allocation.Whole / 2}
		q := impact.Question{Pattern: allocation.Pattern{Name: "half", Rules: []allocation.Rule{{To: allocation.Open, Default: allocation.Share{Kind: allocation.Stop},
			Shares: []allocation.ShopShare{{Shop: allocation.ShopID(shops[0]), Share: half}, {Shop: allocation.ShopID(shops[1]), Share: half}}}}},
			SKUs: []store.StockQuery{{Pattern: store.NoPattern}}}
		got, err := impact.Of(ctx, db, clock.System{}, tenant, map[channel.Kind]channel.Spec{"test": {Kind: "test"}}, q)
		if err != nil {
			t.Fatal(err)
		}
		// 1 unit: the first keeps it, the second loses it. 2 and more: both fall. 0: nothing changes.
		if got.Examined != 10 || !got.All || got.Changed != 9 || got.Pushes != 8 {
			t.Errorf("%d examined, all %v, %d changed, %d pushes", got.Examined, got.All, got.Changed, got.Pushes)
		}
		for i, want := range []impact.Shop{{Changed: 8, Down: 8, Mode: store.Live}, {Changed: 9, Down: 9, ToZero: 1, Mode: store.Rehearsing}} {
			want.ID, want.Name = got.Shops[i].ID, got.Shops[i].Name
			if got.Shops[i] != want {
				t.Errorf("shop %d: %+v, want %+v", i, got.Shops[i], want)
			}
		}
		first := got.Examples[0]
		if len(got.Examples) != 9 || first.Code != "S9" || first.Sellable != stock.Units(9) || len(first.Shops) != 2 || first.Shops[0].After != stock.Units(5) || first.Shops[1].After != stock.Units(4) {
			t.Errorf("examples: %+v", got.Examples)
		}

		q.Pattern = allocation.Everywhere
		if got, err = impact.Of(ctx, db, clock.System{}, tenant, nil, q); err != nil || got.Changed != 0 || got.Pushes != 0 || len(got.Examples) != 0 {
			t.Errorf("the pattern that is in force: %+v, %v", got, err)
		}
		if list, err := db.ListStock(ctx, tenant, store.StockQuery{}); err != nil || !list.Rows[0].Unplanned {
			t.Errorf("asking has planned something: %v, %v", list.Rows[0].Unplanned, err)
		}
	})
}
