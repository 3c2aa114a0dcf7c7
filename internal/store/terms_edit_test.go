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

func secure(mode stock.Mode, as stock.SecuredAs, n int64) stock.TermsChange {
	return stock.TermsChange{Secured: &stock.SecuredChange{Mode: mode, As: as, N: n}}
}

func (b *books) productID(code string) stock.ProductID {
	b.t.Helper()
	ids, err := b.db.FindProducts(context.Background(), b.tenant, []string{code})
	b.must(err)
	if ids[code] == 0 {
		b.t.Fatalf("no product %s", code)
	}
	return ids[code]
}

// shirts are a product of three SKUs with 10 units each.
func shirts(b *books) {
	b.t.Helper()
	var rows []store.NewSKU
	for _, code := range []string{"T-1", "T-2", "T-3"} {
		rows = append(rows, store.NewSKU{Product: "T", Code: code, Name: code})
	}
	_, err := b.db.AddSKUs(context.Background(), b.tenant, rows)
	b.must(err)
	for _, r := range rows {
		b.set(r.Code, 10)
	}
	b.plan()
}

func (b *books) sellable(code string) string {
	b.t.Helper()
	s, err := b.db.LoadSKU(context.Background(), b.tenant, code)
	b.must(err)
	return s.Sellable().String()
}

func (b *books) unplanned(codes ...string) string {
	b.t.Helper()
	var list string
	for _, code := range codes {
		p, err := b.db.PlanOf(context.Background(), b.tenant, b.id(code))
		b.must(err)
		if p.Waits {
			list += code + " "
		}
	}
	return list
}

func TestEditTerms(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		shirts(b)
		edit := func(e store.TermsEdit) store.TermsAnswer {
			t.Helper()
			answer, err := db.EditTerms(ctx, b.tenant, e)
			b.must(err)
			return answer
		}
		first := edit(store.TermsEdit{Rows: []store.TermsRow{
			{Product: b.productID("T"), Change: secure(stock.Set, stock.InUnits, 4)},
			{SKU: b.id("T-1"), Change: secure(stock.Set, stock.InPercent, 50)},
			{SKU: b.id("T-2"), Change: secure(stock.Add, stock.InUnits, 1)}, // to what the row before made of the product
		}})
		if !first.Applied || b.sellable("T-1") != "5" || b.sellable("T-2") != "5" || b.sellable("T-3") != "6" || b.unplanned("T-1", "T-2", "T-3") != "T-1 T-2 T-3 " {
			t.Errorf("%+v: %s %s %s, waiting %s", first, b.sellable("T-1"), b.sellable("T-2"), b.sellable("T-3"), b.unplanned("T-1", "T-2", "T-3"))
		}
		b.plan()
		// What is so already is no change and no work.
		same := edit(store.TermsEdit{Rows: []store.TermsRow{{Product: b.productID("T"), Change: secure(stock.Set, stock.InUnits, 4)}, {SKU: b.id("T-1"), Change: secure(stock.Set, stock.InPercent, 50)}}})
		if !same.Applied || same.Rows[0].Changed() || same.Rows[1].Changed() || b.unplanned("T-1", "T-2", "T-3") != "" {
			t.Errorf("again: %+v, waiting %s", same, b.unplanned("T-1", "T-2", "T-3"))
		}
		// A product's change concerns those of its SKUs that say nothing themselves.
		edit(store.TermsEdit{Rows: []store.TermsRow{{Product: b.productID("T"), Change: stock.TermsChange{Reorder: &stock.Point{Units: 6, Set: true}}}}})
		b.plan()
		if p, err := db.PlanOf(ctx, b.tenant, b.id("T-3")); err != nil || p.Reorder != stock.PointAt(6) || p.Level != stock.LevelFine || p.Secured != 4 {
			t.Errorf("%+v, %v", p, err)
		}
		// A refused row keeps all others back.
		bad := []store.TermsRow{{SKU: b.id("T-3"), Change: secure(stock.Set, stock.InUnits, 1)}, {SKU: b.id("T-1"), Change: secure(stock.Add, stock.InUnits, 1)}}
		if answer := edit(store.TermsEdit{Rows: bad}); answer.Applied || answer.Rows[0].Refused != nil || answer.Rows[1].Refused == nil || answer.Rows[1].Refused.Code != "mixed" ||
			b.sellable("T-3") != "6" {
			t.Errorf("%+v", answer)
		}
		// Told what would happen, nothing does.
		if answer := edit(store.TermsEdit{Rows: bad, Partial: true, Dry: true}); !answer.Applied || !answer.Rows[0].Changed() || b.sellable("T-3") != "6" {
			t.Errorf("%+v", answer)
		}
		if answer := edit(store.TermsEdit{Rows: bad, Partial: true}); !answer.Applied || b.sellable("T-3") != "9" || answer.Rows[1].Changed() {
			t.Errorf("%+v", answer)
		}
		// Each change can be undone.
		var undo []store.TermsRow
		for i, r := range first.Rows {
			row := store.TermsRow{SKU: b.id("T-1"), Change: r.Undo()}
			switch i {
			case 0:
				row = store.TermsRow{Product: b.productID("T"), Change: r.Undo()}
			case 2:
				row.SKU = b.id("T-2")
			}
			undo = append(undo, row)
		}
		edit(store.TermsEdit{Rows: undo})
		if b.sellable("T-1") != "10" || b.sellable("T-2") != "10" || b.sellable("T-3") != "9" {
			t.Errorf("undone: %s %s %s", b.sellable("T-1"), b.sellable("T-2"), b.sellable("T-3"))
		}
		other := newBooks(t, db, "b")
		for _, row := range []store.TermsRow{{SKU: b.id("T-1")}, {Product: b.productID("T")}} {
			if _, err := db.EditTerms(ctx, other.tenant, store.TermsEdit{Rows: []store.TermsRow{row}}); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("another tenant edits: %v", err)
			}
		}
	})
}

func TestEditTerms_same_key_is_once(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		shirts(b)
		e := store.TermsEdit{Key: "k", Rows: []store.TermsRow{{SKU: b.id("T-1"), Change: secure(stock.Add, stock.InUnits, 3)}}}
		var running sync.WaitGroup
		for range 8 {
			running.Go(func() {
				answer, err := db.EditTerms(ctx, b.tenant, e)
				if err != nil || !answer.Applied || answer.Rows[0].After.Secured.N != 3 {
					t.Errorf("%+v, %v", answer, err)
				}
			})
		}
		running.Wait()
		if got := b.sellable("T-1"); got != "7" {
			t.Errorf("sellable %s", got)
		}
		e.Rows[0].Change = secure(stock.Add, stock.InUnits, 4)
		if _, err := db.EditTerms(ctx, b.tenant, e); !errors.Is(err, store.ErrKeyReused) {
			t.Errorf("%v", err)
		}
	})
}

// Adding from many sides at once loses nothing.
func TestEditTerms_concurrent_adds_all_count(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBooks(t, db, "a")
		shirts(b)
		rows := []store.TermsRow{{SKU: b.id("T-1"), Change: secure(stock.Add, stock.InUnits, 1)}, {SKU: b.id("T-2"), Change: secure(stock.Add, stock.InUnits, 1)}}
		var running sync.WaitGroup
		for i := range 20 {
			running.Go(func() {
				mine := []store.TermsRow{rows[i%2], rows[1-i%2]}
				if _, err := db.EditTerms(context.Background(), b.tenant, store.TermsEdit{Rows: mine}); err != nil {
					t.Error(err)
				}
			})
		}
		running.Wait()
		for _, code := range []string{"T-1", "T-2"} {
			s, err := db.LoadSKU(context.Background(), b.tenant, code)
			if b.must(err); s.Terms.Secured != (stock.Secured{As: stock.InUnits, N: 20}) {
				t.Errorf("%s: %+v", code, s.Terms.Secured)
			}
		}
	})
}

func TestBulk(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		var codes []string
		for i := range 25 {
			codes = append(codes, fmt.Sprintf("S-%02d", i))
		}
		b.skus(codes...)
		b.skus("X-01", "X-02")
		b.must(db.SetTerms(ctx, b.tenant, b.id("S-07"), stock.Terms{Secured: stock.Secured{As: stock.InPercent, N: 5}}))
		add := store.BulkAction{Terms: &stock.TermsChange{Secured: &stock.SecuredChange{Mode: stock.Add, As: stock.InUnits, N: 2}}}
		start := func(key string) store.Bulk {
			t.Helper()
			bulk, err := db.StartBulk(ctx, b.tenant, key, "owner", store.StockQuery{Text: "S-", Sort: store.SortAvailable, Limit: 3}, add)
			b.must(err)
			return bulk
		}
		step := func(want bool) {
			t.Helper()
			if more, err := db.StepBulk(ctx, b.tenant, 10); err != nil || more != want {
				t.Fatalf("more %v, %v", more, err)
			}
		}
		check := func(id store.BulkID, state store.BulkState, seen, changed, refused int64) {
			t.Helper()
			got, err := db.LoadBulk(ctx, b.tenant, id)
			b.must(err)
			if got.State != state || got.Seen != seen || got.Changed != changed || got.Refused != refused || got.Total != 25 || got.Actor != "owner" ||
				got.EndedAt.IsZero() != (state == store.BulkRunning) || got.Action.Terms == nil {
				t.Errorf("%+v", got)
			}
		}
		bulk := start("one")
		if again := start("one"); again.ID != bulk.ID {
			t.Errorf("the same key began %d and %d", bulk.ID, again.ID)
		}
		check(bulk.ID, store.BulkRunning, 0, 0, 0)
		step(true)
		check(bulk.ID, store.BulkRunning, 10, 9, 1)
		step(true)
		step(true)
		check(bulk.ID, store.BulkDone, 25, 24, 1)
		step(false)
		if again := start("one"); again.State != store.BulkDone {
			t.Errorf("%+v", again)
		}
		for code, want := range map[string]int64{"S-00": 2, "S-24": 2, "S-07": 5, "X-01": 0} {
			s, err := db.LoadSKU(ctx, b.tenant, code)
			if b.must(err); s.Terms.Secured.N != want {
				t.Errorf("%s: %+v", code, s.Terms.Secured)
			}
		}
		second := start("two")
		step(true)
		b.must(db.CancelBulk(ctx, b.tenant, second.ID))
		step(false)
		check(second.ID, store.BulkCancelled, 10, 9, 1)
		// Many that step at once do each part once.
		third := start("three")
		var running sync.WaitGroup
		for range 12 {
			running.Go(func() {
				if _, err := db.StepBulk(ctx, b.tenant, 3); err != nil {
					t.Error(err)
				}
			})
		}
		running.Wait()
		for more := true; more; {
			var err error
			more, err = db.StepBulk(ctx, b.tenant, 3)
			b.must(err)
		}
		check(third.ID, store.BulkDone, 25, 24, 1)
		for code, want := range map[string]int64{"S-00": 6, "S-24": 4} { // the second was cancelled after S-09
			s, err := db.LoadSKU(ctx, b.tenant, code)
			if b.must(err); s.Terms.Secured.N != want {
				t.Errorf("%s: %+v", code, s.Terms.Secured)
			}
		}
		other := newBooks(t, db, "b")
		if _, err := db.LoadBulk(ctx, other.tenant, bulk.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another tenant sees it: %v", err)
		}
	})
}
