package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// half is a pattern that gives the shop half and the others the rest by at most n.
func half(name string, shop channel.ShopID) allocation.Pattern {
	return allocation.Pattern{Name: name, Rules: []allocation.Rule{{From: 0, To: allocation.Open,
		Shares:  []allocation.ShopShare{{Shop: allocation.ShopID(shop), Share: allocation.Share{Kind: allocation.Percent, N: allocation.Whole / 2}}},
		Default: allocation.Share{Kind: allocation.Stop}}}}
}

// marked plans everything and returns the SKUs that had to be planned.
func marked(t *testing.T, db *store.DB, tenant stock.TenantID) []stock.SKUID {
	t.Helper()
	var list []stock.SKUID
	for {
		n, _, err := db.Plan(context.Background(), tenant, 100, func(skus []*store.Unplanned) error {
			for _, u := range skus {
				list = append(list, u.SKU)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			slices.Sort(list)
			return list
		}
	}
}

func sweepAll(t *testing.T, db *store.DB, tenant stock.TenantID, limit int) (rounds int) {
	t.Helper()
	for {
		more, err := db.Sweep(context.Background(), tenant, limit)
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return rounds
		}
		rounds++
	}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		tenant, _ := storetest.Tenant(t, db, "patterns")
		other, _ := storetest.Tenant(t, db, "other")
		shop, err := db.AddShop(ctx, tenant, "rakuten", "楽天 = 本店", nil)
		if err != nil {
			t.Fatal(err)
		}
		skus := addSKUs(t, db, tenant, "A", "B", "C", "D", "E")
		marked(t, db, tenant)

		id, err := db.SavePattern(ctx, tenant, store.PatternChange{Pattern: half("半分", shop.ID), Actor: "me"})
		if err != nil {
			t.Fatal(err)
		}
		p, err := db.LoadPattern(ctx, tenant, id)
		if err != nil || p.Name != "半分" || p.Version != 1 || p.Actor != "me" || p.Default || p.SKUs != 0 || len(allocation.Check(p.Pattern)) > 0 || !p.Rules[0].Split() ||
			p.Rules[0].Shares[0].Shop != allocation.ShopID(shop.ID) {
			t.Fatalf("it comes back as %+v, %v", p, err)
		}
		if _, err := db.LoadPattern(ctx, other, id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another tenant loads it: %v", err)
		}

		var conflict *store.ConflictError
		if _, err := db.SavePattern(ctx, tenant, store.PatternChange{Pattern: half("半分", shop.ID)}); !errors.As(err, &conflict) || conflict.Key != "pattern_tenant_id_name_key" {
			t.Errorf("the name twice: %v", err)
		}
		var wrong *store.PatternError
		var noShop *store.NoShopError
		if _, err := db.SavePattern(ctx, tenant, store.PatternChange{Pattern: half("x", 12345)}); !errors.As(err, &wrong) || !errors.As(wrong.Found[0], &noShop) || noShop.Shop != 12345 {
			t.Errorf("a shop that is not there: %v", err)
		}
		gap := half("x", shop.ID)
		gap.Rules[0].From = 3
		if _, err := db.SavePattern(ctx, tenant, store.PatternChange{Pattern: gap}); !errors.As(err, &wrong) {
			t.Errorf("a gap: %v", err)
		}

		before, err := db.AssignPatterns(ctx, tenant, []store.Assignment{{skus[1], id}, {skus[0], id}, {skus[2], 0}})
		if err != nil || len(before) != 3 || before[0].Pattern != 0 || before[0].SKU != skus[1] {
			t.Fatalf("assigned: %+v, %v", before, err)
		}
		if got := marked(t, db, tenant); !slices.Equal(got, []stock.SKUID{skus[0], skus[1]}) {
			t.Errorf("assigning plans %v", got)
		}
		for _, a := range []store.Assignment{{skus[3], 99}, {12345, id}} {
			if _, err := db.AssignPatterns(ctx, tenant, []store.Assignment{{skus[4], id}, a}); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("assigning %+v: %v", a, err)
			}
		}
		if before, err = db.AssignPatterns(ctx, tenant, []store.Assignment{{skus[0], id}, {skus[0], 0}, {skus[0], id}}); err != nil || before[2].Pattern != id {
			t.Errorf("one SKU three times: %+v, %v", before, err)
		}
		if got := marked(t, db, tenant); len(got) != 0 {
			t.Errorf("what nothing changed is planned: %v", got)
		}
		list, plain, err := db.ListPatterns(ctx, tenant)
		if err != nil || len(list) != 1 || list[0].SKUs != 2 || plain != 3 {
			t.Errorf("listed: %+v, %d without, %v", list, plain, err)
		}

		changed := half("五分五分", shop.ID)
		if _, err := db.SavePattern(ctx, tenant, store.PatternChange{ID: id, Version: 1, Pattern: changed}); err != nil {
			t.Fatal(err)
		}
		if n := sweepAll(t, db, tenant, 1); n != 3 {
			t.Errorf("two SKUs were swept one by one in %d rounds", n)
		}
		if got := marked(t, db, tenant); !slices.Equal(got, []stock.SKUID{skus[0], skus[1]}) {
			t.Errorf("changing it plans %v", got)
		}
		if _, err := db.SavePattern(ctx, tenant, store.PatternChange{ID: id, Version: 1, Pattern: changed}); !errors.Is(err, store.ErrVersion) {
			t.Errorf("two people at once: %v", err)
		}
		if _, err := db.SavePattern(ctx, other, store.PatternChange{ID: id, Pattern: allocation.Everywhere}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another tenant changes it: %v", err)
		}

		if err := db.SetDefaultPattern(ctx, tenant, id); err != nil {
			t.Fatal(err)
		}
		sweepAll(t, db, tenant, 100)
		if got := marked(t, db, tenant); !slices.Equal(got, skus[2:]) {
			t.Errorf("the new default plans %v", got)
		}
		if p, err := db.LoadPattern(ctx, tenant, id); err != nil || !p.Default {
			t.Errorf("the default: %+v, %v", p, err)
		}
		var use *store.InUseError
		if err := db.DeletePattern(ctx, tenant, id, 0); !errors.As(err, &use) || use.SKUs != 2 || !use.Default {
			t.Errorf("deleted while in use: %v", err)
		}
		if err := db.SetDefaultPattern(ctx, tenant, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := db.AssignPatterns(ctx, tenant, []store.Assignment{{skus[0], 0}, {skus[1], 0}}); err != nil {
			t.Fatal(err)
		}
		if err := db.DeletePattern(ctx, tenant, id, 0); err != nil {
			t.Error(err)
		}
		if err := db.DeletePattern(ctx, tenant, id, 0); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("deleted twice: %v", err)
		}
		if err := db.SetDefaultPattern(ctx, tenant, id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a default that is gone: %v", err)
		}
	})
}

func TestSetExceptions(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		tenant, _ := storetest.Tenant(t, db, "exceptions")
		shop, err := db.AddShop(ctx, tenant, "yahoo", "Yahoo!", nil)
		if err != nil {
			t.Fatal(err)
		}
		skus := addSKUs(t, db, tenant, "A", "B")
		marked(t, db, tenant)
		most := func(n int64) *int64 { return &n }
		set := func(e ...store.Exception) []store.Exception {
			t.Helper()
			before, err := db.SetExceptions(ctx, tenant, "me", e)
			if err != nil {
				t.Fatal(err)
			}
			return before
		}
		set(store.Exception{SKU: skus[0], Shop: shop.ID, Most: most(3)}, store.Exception{SKU: skus[1], Shop: shop.ID, Most: most(9)})
		before := set(store.Exception{SKU: skus[1], Shop: shop.ID, Most: most(0)}, store.Exception{SKU: skus[0], Shop: shop.ID})
		if *before[0].Most != 9 || *before[1].Most != 3 {
			t.Errorf("before: %d, %d", *before[0].Most, *before[1].Most)
		}
		before = set(store.Exception{SKU: skus[0], Shop: shop.ID}, store.Exception{SKU: skus[1], Shop: shop.ID, Most: most(4)})
		if before[0].Most != nil || *before[1].Most != 0 {
			t.Errorf("before: %+v", before)
		}
		if got := marked(t, db, tenant); !slices.Equal(got, skus) {
			t.Errorf("exceptions plan %v", got)
		}
		for _, e := range []store.Exception{{SKU: skus[0], Shop: 77, Most: most(1)}, {SKU: 77, Shop: shop.ID, Most: most(1)}, {SKU: skus[0], Shop: shop.ID, Most: most(-1)}} {
			var conflict *store.ConflictError
			if _, err := db.SetExceptions(ctx, tenant, "me", []store.Exception{{SKU: skus[0], Shop: shop.ID, Most: most(5)}, e}); !errors.As(err, &conflict) {
				t.Errorf("%+v: %v", e, err)
			}
		}
		if before := set(store.Exception{SKU: skus[0], Shop: shop.ID}); before[0].Most != nil {
			t.Error("a refused batch was half done")
		}
	})
}
