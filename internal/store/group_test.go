package store_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// TestGroup_everything_in_one_transaction lets pages of several shops, requests with keys, a repeated one and a wrong one wait together, and
// wants each to come out as if it had been alone.
func TestGroup_everything_in_one_transaction(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "group")
		b.skus("A-1", "HELD")
		b.set("A-1", 100)
		b.set("HELD", 1)
		shops := make([]channel.ShopID, 4)
		for i := range shops {
			shops[i] = b.shop(fmt.Sprint("shop ", i), "A-1")
			b.sale(shops[i], "old", "A-1×2")
		}
		sku, other := b.id("A-1"), b.id("HELD")
		add := func(sku stock.SKUID, key string, units int64) func() error {
			return func() error {
				_, err := db.ChangeStock(ctx, b.tenant, store.ChangeRequest{Key: key, Cause: stock.ByAPI, Kind: stock.Receipt, Document: "group",
					Rows: []stock.Change{{SKU: sku, Location: b.location, Mode: stock.Add, Units: units}}})
				return err
			}
		}
		b.must(add(sku, "used", 10)())

		// One transaction holds a balance, a posting waits for it, and everything else for that one.
		held, release := make(chan struct{}), make(chan struct{})
		var running sync.WaitGroup
		running.Go(func() {
			err := db.Write(ctx, b.tenant, func(tx *store.Tx) error {
				err := tx.Exec(ctx, "UPDATE balance SET on_hand = on_hand WHERE tenant_id = $1 AND on_hand = 1")
				close(held)
				<-release
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
		<-held
		errs := make(map[string]error)
		var mu sync.Mutex
		start := func(name string, run func() error) {
			running.Go(func() {
				err := run()
				mu.Lock()
				defer mu.Unlock()
				errs[name] = err
			})
		}
		waiting := func(n int) {
			for deadline := time.Now().Add(time.Minute); db.Queued(b.tenant) != n; runtime.Gosched() {
				if time.Now().After(deadline) {
					t.Errorf("%d works wait, want %d", db.Queued(b.tenant), n)
					return
				}
			}
		}
		start("first", add(other, "", 1))
		waiting(0)
		for i, shop := range shops {
			next := channel.Cursor(fmt.Sprint("page ", i))
			in := store.Intake{Lease: b.leases[shop], Loop: "new", Next: &next, Returns: channel.ReturnsNever,
				Orders: []order.Snapshot{snapshot("new", "A-1×3"), snapshot("old", "A-1×5")}, Unchanged: []string{"old"}}
			start(fmt.Sprint("page ", i), func() error { _, err := db.TakeIn(ctx, b.tenant, in); return err })
		}
		start("key k2", add(sku, "k2", 1))
		start("key k1", add(sku, "k1", 1))
		start("used again", add(sku, "used", 10))
		start("used wrongly", add(sku, "used", 11))
		start("without", add(sku, "", 1))
		waiting(len(shops) + 5)
		close(release)
		running.Wait()

		for name, err := range errs {
			if wrong := name == "used wrongly"; wrong != errors.Is(err, store.ErrKeyReused) || !wrong && err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		balances, err := db.Balances(ctx, b.tenant)
		b.must(err)
		if want := (stock.Balance{OnHand: 100 + 10 + 3, Committed: int64(len(shops)) * 8}); balances[sku] != want {
			t.Errorf("A-1: %+v, want %+v", balances[sku], want)
		}
		for i, shop := range shops {
			loop, err := db.LoadLoop(ctx, b.tenant, shop, "new")
			b.must(err)
			if want := channel.Cursor(fmt.Sprint("page ", i)); loop.Cursor != want {
				t.Errorf("shop %d is at %q, want %q", i, loop.Cursor, want)
			}
		}
		history, err := db.ListMovements(ctx, b.tenant, "A-1", "", 200)
		b.must(err)
		moments := make(map[time.Time]int)
		for _, m := range history.Movements {
			moments[m.PostedAt]++
		}
		most := 0
		for _, n := range moments {
			most = max(most, n)
		}
		if want := 2*len(shops) + 3; most != want {
			t.Errorf("the largest transaction has %d movements of A-1, want %d: nothing was shared", most, want)
		}
		report, err := db.Verify(ctx, b.tenant, nil)
		b.must(err)
		if !report.OK() {
			t.Errorf("%+v", report)
		}
	})
}
