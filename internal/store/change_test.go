package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

func receipt(sku stock.SKUID, at stock.LocationID, mode stock.Mode, units int64) store.ChangeRequest {
	return store.ChangeRequest{Cause: stock.ByAPI, Kind: stock.Adjustment, Document: "test", Rows: []stock.Change{{SKU: sku, Location: at, Mode: mode, Units: units}}}
}

func addSKUs(t *testing.T, db *store.DB, tenant stock.TenantID, codes ...string) []stock.SKUID {
	t.Helper()
	var rows []store.NewSKU
	for _, c := range codes {
		rows = append(rows, store.NewSKU{Code: c, Name: "商品 " + c})
	}
	ids, err := db.AddSKUs(context.Background(), tenant, rows)
	if err != nil {
		t.Fatal(err)
	}
	var list []stock.SKUID
	for _, c := range codes {
		list = append(list, ids[c])
	}
	return list
}

// Concurrent posts to one SKU from several groups lose nothing: without the row lock PostgreSQL loses most of them.
func TestChangeStock_concurrent_adds_all_count(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		tenant, at := storetest.Tenant(t, db, "a")
		sku := addSKUs(t, db, tenant, "A-1")[0]
		ctx := context.Background()
		const workers, each = 20, 20
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for range each {
					if _, err := db.ChangeStock(ctx, tenant, receipt(sku, at, stock.Add, 1)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		answer, err := db.ChangeStock(ctx, tenant, receipt(sku, at, stock.Add, 0))
		if err != nil {
			t.Fatal(err)
		}
		if got := answer.Rows[0].After.OnHand; got != workers*each {
			t.Errorf("on hand %d after %d adds of 1", got, workers*each)
		}
	})
}

func TestChangeStock_same_key_is_once(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		tenant, at := storetest.Tenant(t, db, "a")
		sku := addSKUs(t, db, tenant, "A-1")[0]
		ctx := context.Background()
		r := receipt(sku, at, stock.Add, 7)
		r.Key = "once"
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				answer, err := db.ChangeStock(ctx, tenant, r)
				if err != nil {
					t.Error(err)
				} else if answer.Rows[0].After.OnHand != 7 || !answer.Applied {
					t.Errorf("answer %+v", answer)
				}
			})
		}
		wg.Wait()
		other := r
		other.Rows = []stock.Change{{SKU: sku, Location: at, Mode: stock.Add, Units: 8}}
		if _, err := db.ChangeStock(ctx, tenant, other); !errors.Is(err, store.ErrKeyReused) {
			t.Errorf("another request under the same key: %v", err)
		}
		answer, err := db.ChangeStock(ctx, tenant, receipt(sku, at, stock.Add, 0))
		if err != nil || answer.Rows[0].After.OnHand != 7 {
			t.Errorf("on hand %+v, %v; want 7", answer, err)
		}
	})
}

func TestChangeStock_refused_row_refuses_all_unless_partial(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		tenant, at := storetest.Tenant(t, db, "a")
		skus := addSKUs(t, db, tenant, "A-1", "A-2")
		ctx := context.Background()
		r := receipt(skus[0], at, stock.Set, 5)
		r.Rows = append(r.Rows, stock.Change{SKU: skus[1], Location: at, Mode: stock.Subtract, Units: 1})
		answer, err := db.ChangeStock(ctx, tenant, r)
		if err != nil {
			t.Fatal(err)
		}
		var negative *stock.NegativeError
		if answer.Applied || answer.Rows[0].Applied || !errors.As(answer.Rows[1].Refused, &negative) || negative.Result != -1 {
			t.Errorf("answer %+v", answer)
		}
		r.Partial = true
		answer, err = db.ChangeStock(ctx, tenant, r)
		if err != nil || !answer.Rows[0].Applied || answer.Rows[1].Applied || answer.Rows[0].After.OnHand != 5 {
			t.Errorf("partial answer %+v, %v", answer, err)
		}
	})
}

func TestMigrations_same_schema_on_both_engines(t *testing.T) {
	t.Parallel()
	described := map[string]store.Schema{}
	var mu sync.Mutex
	t.Run("engines", func(t *testing.T) {
		storetest.Each(t, func(t *testing.T, db *store.DB) {
			s, err := db.Describe(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			described[db.Engine()] = s
			mu.Unlock()
		})
	})
	lite, pg := described["sqlite"], described["postgres"]
	if len(lite.Columns) == 0 {
		t.Fatal("nothing described")
	}
	if len(pg.Columns) == 0 {
		return // PostgreSQL was not there; SOROI_TEST_MUST decides whether that is a failure
	}
	for name, pair := range map[string][2][]string{"columns": {lite.Columns, pg.Columns}, "keys": {lite.Keys, pg.Keys}, "indexes": {lite.Indexes, pg.Indexes}} {
		if a, b := fmt.Sprint(pair[0]), fmt.Sprint(pair[1]); a != b {
			t.Errorf("%s differ:\nsqlite   %s\npostgres %s", name, a, b)
		}
	}
}
