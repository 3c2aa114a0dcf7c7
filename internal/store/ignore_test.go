package store_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

func TestIgnoreCodes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		b.skus("A", "B")
		b.set("A", 10)
		shop := b.shop("楽天", "A", "POST", "x")
		other := b.shop("Yahoo!")
		b.link(shop, nil, "x=B")
		b.sale(shop, "R1", "A×1", "POST×1", "何か×1")
		custom := snapshot("Y1", "post×1", "gift×2")
		custom.Lines[0].Ref = ""
		b.take(other, custom)
		b.want("waiting", b.waiting(), "R1.2×1 R1.3×1 Y1.1×1 Y1.2×2")
		ignore := func(rows ...store.IgnoreRow) []store.IgnoreOutcome {
			t.Helper()
			outcomes, err := db.IgnoreCodes(ctx, b.tenant, "owner", rows)
			b.must(err)
			return outcomes
		}
		got := ignore(store.IgnoreRow{Code: "ｐost", Reason: "送料"}, store.IgnoreRow{Code: "a"}, store.IgnoreRow{Code: "X"}, store.IgnoreRow{Code: "gift", Remove: true})
		want := []store.IgnoreOutcome{{After: true, Listings: 1, Lines: 2}, {SKU: "A", Linked: 1}, {After: true, Linked: 1}, {}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%+v\nwant %+v", got, want)
		}
		b.want("waiting", b.waiting(), "R1.3×1 Y1.2×2")
		b.want("asked about", b.listings(store.ListingQuery{Show: store.ListingsUnlinked}), "")
		status, _, err := db.ListShopStatus(ctx, b.tenant, time.Now())
		b.must(err)
		if s := status[0]; s.Listings != 3 || s.Linked != 2 || s.Unlinked != 0 {
			t.Errorf("%+v", s)
		}
		// What comes in later is known to be no stock; a link wins all the same.
		b.sale(shop, "R2", "POST×1", "x×1")
		b.list(other, "Post")
		b.sale(other, "Y2", "Post×1")
		b.want("waiting", b.waiting(), "R1.3×1 Y1.2×2")
		b.want("B", b.balance("B"), "0/1")
		codes, err := db.ListIgnoredCodes(ctx, b.tenant, "", 10)
		if err != nil || len(codes) != 2 || codes[0].Code != "ｐost" || codes[0].Reason != "送料" || codes[0].Actor != "owner" || codes[1].Code != "X" {
			t.Errorf("%+v %v", codes, err)
		}
		if codes, err = db.ListIgnoredCodes(ctx, b.tenant, "Post", 10); err != nil || len(codes) != 1 {
			t.Errorf("after the first: %+v %v", codes, err)
		}
		// A listing of an ignored code that is linked by hand is stock: its lines claim. Taken off, it is no stock again.
		b.link(shop, nil, "POST=A")
		b.want("A", b.balance("A"), "10/3")
		b.link(shop, nil, "POST=")
		b.want("A", b.balance("A"), "10/1")
		b.want("waiting", b.waiting(), "R1.3×1 Y1.2×2")
		// No longer ignored: asked about again, and tried by the rules.
		got = ignore(store.IgnoreRow{Code: "POST", Remove: true})
		if want := (store.IgnoreOutcome{Before: true, Listings: 2, Lines: 4}); got[0] != want {
			t.Errorf("%+v, want %+v", got[0], want)
		}
		b.want("waiting", b.waiting(), "R1.2×1 R1.3×1 Y1.1×1 Y1.2×2 R2.1×1 Y2.1×1")
		if _, err := db.IgnoreCodes(ctx, b.tenant, "", []store.IgnoreRow{{Code: " "}}); err == nil {
			t.Error("an empty code was taken")
		}
		b.verify()
	})
}

// A listing of an ignored code that the shop tells of only after it was sold quiets the line.
func TestIgnoreCodes_listing_comes_after_its_order(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		shop, other := b.shop("楽天"), b.shop("Yahoo!")
		if _, err := db.IgnoreCodes(ctx, b.tenant, "", []store.IgnoreRow{{Code: "wrap"}}); err != nil {
			t.Fatal(err)
		}
		sold := snapshot("R1", "item-7×1")
		sold.Lines[0].Code = ""
		b.take(shop, sold)
		b.take(other, sold)
		_, err := db.TakeListings(ctx, b.tenant, b.leases[shop], []channel.Listing{{Ref: "item-7", Codes: []match.Code{{Text: "WRAP"}}}})
		b.must(err)
		page, err := db.ListWaiting(ctx, b.tenant, 0, "", 10)
		if err != nil || len(page.Lines) != 1 || page.Lines[0].Shop != other {
			t.Errorf("%+v %v", page, err)
		}
	})
}
