package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// big are the tables that grow with a catalogue or with time.
const big = `(listing|sku|product|balance|movement|sku_plan|sale|sale_line|push|drift|lag|posting_key)`

// walks matches a step that walks all rows of a big table, or all of its tenant's.
var walks = regexp.MustCompile(`^(SCAN ` + big + `\b|SEARCH ` + big + ` USING (COVERING )?(INDEX \w+|PRIMARY KEY) \(tenant_id=\?\))`)

// fitting are walks of an index that holds no more than what is asked for.
var fitting = regexp.MustCompile(`sku_plan_due_idx`)

// sorting matches a step that sorts, if only what is alike in all columns of an index but the last.
var sorting = regexp.MustCompile(`^USE TEMP B-TREE FOR .*ORDER BY`)

// TestSale_walks_no_table runs the way of a sale and wants every one of its statements to find its rows by key: a statement that walks a
// table costs more with each SKU and each order. Which index SQLite takes follows from the text alone, as long as nobody runs ANALYZE.
func TestSale_walks_no_table(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := storetest.Open(t, filepath.Join(t.TempDir(), "soroi.db"), clock.System{})
	b := newBooks(t, db, "steps")
	for range 2 { // a statement is remembered when it ends, and two of its kind may be one
		b.skus("A-1 青", "A-2 赤", "A-3 緑", "A-4 黒")
		b.set("A-1", 10)
	}
	shop := b.shop("本店", "A-1", "A-2", "A-3", "A-4")
	b.list(shop, "B-1")
	b.sale(shop, "1", "A-1×1", "A-2×2", "B-1×1")
	b.skus("B-1 白")
	b.list(shop, "B-1") // its line has waited for it
	b.sale(shop, "1", "A-1×1")
	_, err := db.TakeIn(ctx, b.tenant, store.Intake{Lease: b.leases[shop], Loop: "open", Unchanged: []string{"1"}})
	b.must(err)
	_, err = db.ChangeStock(ctx, b.tenant, store.ChangeRequest{Key: "once", Cause: stock.ByHand, Kind: stock.Adjustment, Document: "count",
		Rows: []stock.Change{{SKU: b.id("A-1"), Location: b.location, Mode: stock.Set, Units: 20}}})
	b.must(err)
	b.plan()
	b.push(shop, channel.Unknown, nil)
	from := time.Now().Add(time.Second)
	list, err := db.ListToRead(ctx, b.tenant, shop, 100, from, from, false)
	b.must(err)
	if len(list) != 5 {
		t.Fatalf("%d listings to read, want 5", len(list))
	}
	read := func(units int64) []store.Disagreement {
		ids := make([]store.ListingID, len(list))
		shown := make([]channel.Shown, len(list))
		for i, l := range list {
			ids[i], shown[i] = l.ID, channel.Shown{Ref: l.Ref, Found: i > 0, Quantity: stock.Units(units)}
		}
		odd, err := db.RecordRead(ctx, b.tenant, b.leases[shop], from, from, ids, shown)
		b.must(err)
		return odd
	}
	read(3)
	odd := read(4)
	drifted, err := db.Adopt(ctx, b.tenant, b.leases[shop], from, from, odd, 1, from)
	b.must(err)
	if drifted == 0 {
		t.Fatal("nothing has drifted")
	}
	b.push(shop, channel.Applied, nil)
	_, err = db.ListOpen(ctx, b.tenant, shop, time.Now(), 10)
	b.must(err)
	_, err = db.SaleStates(ctx, b.tenant, []string{"1"})
	b.must(err)
	b.must(db.SetTerms(ctx, b.tenant, b.id("A-1"), stock.Terms{Supply: stock.Stocked, Secured: stock.Secured{As: stock.InUnits, N: 1}}))

	steps, err := db.Steps(ctx)
	b.must(err)
	if len(steps) < 40 {
		t.Errorf("only %d statements were looked at", len(steps))
	}
	for text, list := range steps {
		bad := slices.IndexFunc(list, func(step string) bool { return walks.MatchString(step) && !fitting.MatchString(step) })
		if bad >= 0 {
			t.Errorf("%s: %q\n%s", "walks a table", list[bad], text)
		}
		if sorts := slices.IndexFunc(list, sorting.MatchString); sorts >= 0 && strings.Contains(text, "LIMIT") {
			t.Errorf("sorts all to give a few: %q\n%s", list[sorts], text)
		}
	}
}

// TestPush_with_statistics_of_a_quiet_hour lets PostgreSQL learn its statistics while everything is in line, as it is nearly always, and then
// puts everything out of line at once. What is due is then looked up, and not found by walking all that is due.
func TestPush_with_statistics_of_a_quiet_hour(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := store.Explain(storetest.Open(t, storetest.Postgres(t), clock.System{}))
	b := newBooks(t, db.DB, "quiet")
	codes := make([]string, 3000)
	for i := range codes {
		codes[i] = fmt.Sprintf("A-%04d", i)
	}
	b.skus(codes...)
	shop := b.shop("本店", codes...)
	change := func(units int64) {
		ids, err := db.FindSKUs(ctx, b.tenant, codes)
		b.must(err)
		r := store.ChangeRequest{Cause: stock.ByHand, Kind: stock.Adjustment, Document: "count"}
		for _, id := range ids {
			r.Rows = append(r.Rows, stock.Change{SKU: id, Location: b.location, Mode: stock.Set, Units: units})
		}
		_, err = db.ChangeStock(ctx, b.tenant, r)
		b.must(err)
	}
	change(5)
	b.plan()
	b.push(shop, channel.Applied, nil)
	for _, table := range []string{"listing", "sku_plan", "balance", "sku"} {
		_, err := db.Exec(ctx, "ANALYZE "+table)
		b.must(err)
	}
	change(6)
	b.plan()
	change(7)
	b.push(shop, channel.Applied, nil)
	b.plan()
	b.push(shop, channel.Applied, nil)
	plans, err := db.Plans(ctx)
	b.must(err)
	if len(plans) < 10 {
		t.Errorf("only %d statements were looked at", len(plans))
	}
	for text, plan := range plans {
		if strings.Contains(plan, "_due_idx") {
			t.Errorf("walks what is due:\n%s\n%s", text, plan)
		}
	}
}
