package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// Several people scan and approve at once while units come in, some of them in one transaction with an approval: each scan counts once, each difference is posted once, and no unit that came in
// is lost.
func TestStocktake_at_once(t *testing.T) {
	t.Parallel()
	clock := newHandClock()
	storetest.EachClock(t, clock, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		b.skus("A-01", "A-02", "A-03")
		codes := []string{"A-01", "A-02", "A-03"}
		for _, code := range codes {
			b.set(code, 10)
		}
		c := b.count(stock.OnShelf, clock)
		clock.advance(time.Second)
		ids := map[string]stock.SKUID{"A-01": b.id("A-01"), "A-02": b.id("A-02"), "A-03": b.id("A-03")}
		all := func(n int, do func(i int) error) {
			t.Helper()
			var wait sync.WaitGroup
			failed := make(chan error, n)
			for i := range n {
				wait.Go(func() { failed <- do(i) })
			}
			wait.Wait()
			close(failed)
			for err := range failed {
				if err != nil {
					t.Error(err)
				}
			}
		}
		all(40, func(i int) error { // each scan is sent twice
			_, err := db.AddScans(ctx, b.tenant, c.take.ID, "hana", []store.NewScan{{Key: fmt.Sprint("k", i/2), SKU: ids[codes[i/2%2]], Units: 1}, {Key: fmt.Sprint("c", i/2), SKU: ids["A-03"], Units: 2}})
			return err
		})
		for code, want := range map[string]int64{"A-01": 10, "A-02": 10, "A-03": 40} {
			if l := c.line(code); l.Count.Units != want || l.Variance != want-10 {
				t.Errorf("%s: %+v", code, l)
			}
		}
		clock.advance(time.Second)
		all(60, func(i int) error {
			code := codes[i%3]
			if i%5 == 0 {
				_, err := db.Approve(ctx, b.tenant, store.Approval{Stocktake: c.take.ID, Key: fmt.Sprint("a", i), Actor: "owner", Rows: []store.ApprovalRow{{SKU: ids["A-01"]}, {SKU: ids["A-02"]}, {SKU: ids["A-03"]}}})
				return err
			}
			_, err := db.ChangeStock(ctx, b.tenant, store.ChangeRequest{Cause: stock.ByHand, Kind: stock.Receipt, Document: "d", Rows: []stock.Change{{SKU: ids[code], Location: b.location, Mode: stock.Add, Units: 1}}})
			return err
		})
		came := map[string]int64{}
		for i := range 60 {
			if i%5 != 0 {
				came[codes[i%3]]++
			}
		}
		for code, want := range map[string]int64{"A-01": 10, "A-02": 10, "A-03": 40} {
			if l := c.line(code); l.State != store.LineApproved || b.onHand(code) != want+came[code] || l.Count.Posted != want-10 || l.Delta != 0 {
				t.Errorf("%s: on hand %d, %d came in; %+v", code, b.onHand(code), came[code], l)
			}
		}
		if r, err := db.Verify(ctx, b.tenant, nil); err != nil || !r.OK() {
			t.Errorf("%v, %v", r.Broken, err)
		}
	})
}
