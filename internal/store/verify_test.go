package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"soroi/internal/order"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// soldBooks are books in which orders were taken, cut, shipped, cancelled and returned.
func soldBooks(t *testing.T, db *store.DB, tenant string) *books {
	b := newBooks(t, db, tenant)
	b.skus("A-01", "A-02", "A-03", "A-04")
	shop := b.shop("楽天", "A-01", "A-02")
	b.set("A-01", 10)
	b.set("A-02", 4)
	b.set("A-03", 7)
	b.sale(shop, "R1", "A-01×3", "A-02×6")
	b.sale(shop, "R2", "A-01×1")
	asked := time.Now().Add(time.Second)
	change := func(s order.Snapshot, state order.State, lines func(l *order.Line)) {
		s.State = state
		s.Version.AskedAt = asked
		asked = asked.Add(time.Second)
		for i := range s.Lines {
			lines(&s.Lines[i])
		}
		b.take(shop, s)
	}
	change(snapshot("R1", "A-01×3", "A-02×6"), order.Open, func(l *order.Line) { l.Wanted--; l.Shipped = 2 })
	change(snapshot("R2", "A-01×1"), order.Cancelled, func(l *order.Line) { l.Wanted = 0 })
	change(snapshot("R3", "A-02×2"), order.Shipped, func(l *order.Line) { l.Shipped = 2 })
	change(snapshot("R3", "A-02×2"), order.Shipped, func(l *order.Line) { l.Shipped, l.Returned = 2, 1 })
	// An order from before our time, of which some units had left: their claim is no movement.
	old := snapshot("R0", "A-01×5", "無い品×1")
	old.PlacedAt = time.Now().AddDate(0, -1, 0)
	change(old, order.Open, func(l *order.Line) { l.Shipped = l.Wanted / 2 })
	b.sale(shop, "R4", "A-03×1") // nobody lists it yet
	b.list(shop, "A-03")
	return b
}

func TestVerify_whole_books(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := soldBooks(t, db, "a")
		// Pages so small that each table has many, and passes over few lines: no row is skipped or read twice where they meet.
		for _, page := range []int{1, 2, 3, 5, 1000} {
			for _, most := range []int64{1, 3, 1000} {
				r, err := db.VerifyInParts(context.Background(), b.tenant, most, page)
				if err != nil || r != (store.Report{Movements: 16, Balances: 3, Lines: 7}) {
					t.Errorf("by %d and %d: %+v %v, %v", page, most, r, r.Broken, err)
				}
			}
		}
		var steps []int64
		var all int64
		if _, err := db.Verify(context.Background(), b.tenant, func(done, total int64) { steps, all = append(steps, done), total }); err != nil {
			t.Fatal(err)
		}
		if last := steps[len(steps)-1]; last != all {
			t.Errorf("read %d of %d rows", last, all)
		}
		empty := newBooks(t, db, "b")
		if r, err := db.Verify(context.Background(), empty.tenant, nil); err != nil || !r.OK() || r != (store.Report{}) {
			t.Errorf("empty books: %+v, %v", r, err)
		}
	})
}

// Each kind of broken row is found and named, whatever else is right.
func TestVerify_names_the_broken_row(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, breaks, want string }{
		{"on hand of a movement", "UPDATE movement SET on_hand_after = on_hand_after + 1 WHERE tenant_id = $1 AND sku_id = $2 AND seq = 2",
			"movement sku A-01, location main, seq 2: on_hand_after is 11 and must be 10"},
		{"committed of a movement", "UPDATE movement SET committed_after = 99 WHERE tenant_id = $1 AND sku_id = $2 AND seq = 2",
			"movement sku A-01, location main, seq 2: committed_after is 99 and must be 3"},
		{"a changed movement", "UPDATE movement SET on_hand_delta = 9 WHERE tenant_id = $1 AND sku_id = $2 AND seq = 1",
			"movement sku A-01, location main, seq 1: on_hand_after is 10 and must be 9"},
		{"a lost movement in the middle", "DELETE FROM movement WHERE tenant_id = $1 AND sku_id = $2 AND seq = 2",
			"movement sku A-01, location main, seq 3: seq is 3 and must be 2"},
		{"a lost first movement", "DELETE FROM movement WHERE tenant_id = $1 AND sku_id = $2 AND seq = 1",
			"movement sku A-01, location main, seq 2: seq is 2 and must be 1"},
		{"an unknown kind", "UPDATE movement SET kind = 'magic' WHERE tenant_id = $1 AND sku_id = $2 AND seq = 1",
			"movement sku A-01, location main, seq 1: the movement is impossible: movement of sku %d has unknown kind \"magic\" and must be a movement that explains itself"},
		{"no document", "UPDATE movement SET document = '' WHERE tenant_id = $1 AND sku_id = $2 AND seq = 1",
			"movement sku A-01, location main, seq 1: the movement is impossible: movement of sku %d without a document and must be a movement that explains itself"},
		{"an oversell that was none", "UPDATE movement SET oversold = 3 WHERE tenant_id = $1 AND sku_id = $2 AND seq = 2",
			"movement sku A-01, location main, seq 2: oversold is 3 and must be 0"},
		{"on hand of a balance", "UPDATE balance SET on_hand = on_hand - 1 WHERE tenant_id = $1 AND sku_id = $2",
			"balance sku A-01, location main: on_hand is 7 and must be 8, the sum of its movements"},
		{"committed of a balance", "UPDATE balance SET committed = committed + 1 WHERE tenant_id = $1 AND sku_id = $2",
			"balance sku A-01, location main: committed is 4 and must be 3, the sum of its movements"},
		{"number of movements", "UPDATE balance SET movements = 1 WHERE tenant_id = $1 AND sku_id = $2",
			"balance sku A-01, location main: movements is 1 and must be 7, their number"},
		{"a lost balance", "DELETE FROM balance WHERE tenant_id = $1 AND sku_id = $2",
			"balance sku A-01, location main: the row is missing and must be there, for 7 movements and 3 units held by orders"},
		{"a balance out of nothing", "INSERT INTO balance (tenant_id, sku_id, location_id, on_hand, committed, movements) SELECT tenant_id, $2 + 3, location_id, 1, 0, 0 FROM location WHERE tenant_id = $1",
			"balance sku A-04, location main: on_hand is 1 and must be 0, the sum of its movements"},
		{"what a line holds", "UPDATE sale_line SET held = held + 1 WHERE tenant_id = $1 AND sku_id = $2 AND held > 0",
			"balance sku A-01, location main: committed is 3 and must be 4, what open orders hold"},
		{"a line that holds without a balance", "UPDATE sale_line SET sku_id = $2 + 3, held = 2 WHERE tenant_id = $1 AND sku_id IS NULL",
			"balance sku A-04, location main: the row is missing and must be there, for 0 movements and 2 units held by orders"},
		{"what a line shipped", "UPDATE sale_line SET shipped = 1 WHERE tenant_id = $1 AND sku_id = $2 AND shipped = 2 AND base_shipped = 0",
			"sale_line shop 楽天, order R1, line 1: shipped is 1 and must be 2 by its movements"},
		{"what a line had returned", "UPDATE sale_line SET returned = 0 WHERE tenant_id = $1 AND sku_id = $2 + 1 AND returned = 1",
			"sale_line shop 楽天, order R3, line 1: returned is 0 and must be 1 by its movements"},
		{"what lay before our time", "UPDATE sale_line SET base_shipped = 0 WHERE tenant_id = $1 AND sku_id = $2 AND base_shipped = 2",
			"sale_line shop 楽天, order R0, line 1: shipped is 2 and must be 0 by its movements"},
		{"a lost line", "DELETE FROM sale_line WHERE tenant_id = $1 AND sku_id = $2 + 1 AND returned = 1",
			"movement sku A-02, location main, seq 5: its line of an order is missing (shop 楽天, order R3, line 1) and must be there, with this SKU"},
		{"a movement of no order", "UPDATE movement SET document = 'R9' WHERE tenant_id = $1 AND sku_id = $2 AND seq = 2",
			"sale_line shop 楽天, order R1, line 1: held is 0 and must be -3 by its movements"},
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				b := soldBooks(t, db, c.name) // each break in the books of a tenant of its own
				sku := b.id("A-01")
				if n, err := db.Exec(context.Background(), c.breaks, int64(b.tenant), int64(sku)); err != nil || n == 0 {
					t.Fatalf("broke %d rows: %v", n, err)
				}
				want := strings.ReplaceAll(c.want, "%d", fmt.Sprint(sku))
				for _, most := range []int64{2, 1000} {
					r, err := db.VerifyInParts(context.Background(), b.tenant, most, 3)
					if err != nil {
						t.Fatal(err)
					}
					if r.OK() || r.Broken.String() != want {
						t.Errorf("by %d: %v\nwant %s", most, r.Broken, want)
					}
				}
			})
		}
	})
}
