package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// link links listings: "ref=CODE", "ref=" takes a link off.
func (b *books) link(shop channel.ShopID, change func(*store.LinkRequest), links ...string) store.LinkAnswer {
	b.t.Helper()
	r := b.linkRequest(shop, links...)
	if change != nil {
		change(&r)
	}
	answer, err := b.db.Link(context.Background(), b.tenant, r)
	b.must(err)
	return answer
}

func (b *books) linkRequest(shop channel.ShopID, links ...string) store.LinkRequest {
	b.t.Helper()
	r := store.LinkRequest{Actor: "owner", Reason: "違う商品だった"}
	for _, l := range links {
		ref, code, _ := strings.Cut(l, "=")
		row := store.LinkRow{Shop: shop, Ref: order.Ref(ref)}
		if code != "" {
			row.SKU = b.id(code)
		}
		r.Rows = append(r.Rows, row)
	}
	return r
}

// balance is a SKU's as "on hand/committed".
func (b *books) balance(code string) string {
	b.t.Helper()
	sku, err := b.db.LoadSKU(context.Background(), b.tenant, code)
	b.must(err)
	return fmt.Sprintf("%d/%d", sku.Balance.OnHand, sku.Balance.Committed)
}

// waiting are the lines that wait, as "number.line×units".
func (b *books) waiting() string {
	b.t.Helper()
	page, err := b.db.ListWaiting(context.Background(), b.tenant, 0, "", 0)
	b.must(err)
	var words []string
	for _, l := range page.Lines {
		words = append(words, fmt.Sprintf("%s.%s×%d", l.Number, l.Line, l.Units))
	}
	return strings.Join(words, " ")
}

func (b *books) verify() {
	b.t.Helper()
	r, err := b.db.Verify(context.Background(), b.tenant, nil)
	b.must(err)
	if !r.OK() {
		b.t.Fatal(r.Broken)
	}
}

func (b *books) want(what, got, want string) {
	b.t.Helper()
	if got != want {
		b.t.Errorf("%s: %s, want %s", what, got, want)
	}
}

// later is the snapshot of an order some time after, changed.
func later(s order.Snapshot, after time.Duration, change func(lines []order.Line)) order.Snapshot {
	s.Version.AskedAt = s.Version.AskedAt.Add(after)
	s.Lines = append([]order.Line(nil), s.Lines...)
	change(s.Lines)
	return s
}

func TestLink_waiting_lines_claim(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBooks(t, db, "a")
		b.skus("A", "B")
		b.set("A", 10)
		shop := b.shop("楽天", "x", "y")
		other := b.shop("Yahoo!", "x")
		b.sale(shop, "R1", "x×2", "y×1")
		b.sale(other, "Y1", "x×5")
		part := snapshot("R2", "x×4")
		part.Lines[0].Shipped = 3
		b.take(shop, part)
		b.want("waiting", b.waiting(), "R1.1×2 R1.2×1 Y1.1×5 R2.1×4")
		answer := b.link(shop, nil, "x=A")
		o := answer.Rows[0]
		if !answer.Applied || !o.Applied || o.Before.SKU != 0 || o.After.SKU != b.id("A") || o.Lines != 2 || o.Units != 6 {
			t.Errorf("%+v", answer)
		}
		b.want("A", b.balance("A"), "7/3") // 3 of R2 have left; R1 holds 2 and R2 one
		b.want("waiting", b.waiting(), "R1.2×1 Y1.1×5")
		b.verify()
		// The movements say who did it.
		page, err := db.ListMovements(context.Background(), b.tenant, "A", "", 10)
		b.must(err)
		if m := page.Movements[0]; m.Actor != "owner" || m.Reason != "違う商品だった" || m.Cause != stock.ByOrder {
			t.Errorf("%+v", m)
		}
	})
}

func TestLink_claims_follow_the_link(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBooks(t, db, "a")
		b.skus("A", "B")
		b.set("A", 10)
		b.set("B", 10)
		shop := b.shop("楽天", "A")
		open, part, done := snapshot("open", "A×2"), snapshot("part", "A×3"), snapshot("done", "A×1")
		part.Lines[0].Shipped = 1
		done.Lines[0].Shipped, done.State = 1, order.Shipped
		b.take(shop, open, part, done)
		b.want("A", b.balance("A"), "8/4")
		answer := b.link(shop, nil, "A=B")
		if o := answer.Rows[0]; o.Lines != 2 || o.Units != 5 || o.Before.SKU != b.id("A") {
			t.Errorf("%+v", o)
		}
		b.want("A, where what was done stays done", b.balance("A"), "9/0")
		b.want("B", b.balance("B"), "9/4")
		b.verify()
		// What the orders do from here on is B's.
		b.take(shop, later(part, time.Second, func(l []order.Line) { l[0].Shipped = 3 }))
		b.want("B shipped", b.balance("B"), "7/2")
		// Taken off, the line that holds units waits again; linked again, it claims again.
		b.link(shop, nil, "A=")
		b.want("B after unlinking", b.balance("B"), "7/0")
		b.want("waiting", b.waiting(), "open.1×2")
		b.verify()
		b.link(shop, nil, "A=A")
		b.want("A linked again", b.balance("A"), "9/2")
		b.want("nothing waits", b.waiting(), "")
		b.verify()
	})
}

// The shop sells another thing under the listing from now on: what was sold stays what it was.
func TestLink_keeps_claims_when_asked(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBooks(t, db, "a")
		b.skus("A", "B")
		b.set("A", 10)
		b.set("B", 10)
		shop := b.shop("楽天", "A")
		old := snapshot("old", "A×2")
		b.take(shop, old)
		keep := func(r *store.LinkRequest) { r.KeepClaims = true }
		if o := b.link(shop, keep, "A=B").Rows[0]; o.Lines != 0 || o.Units != 0 {
			t.Errorf("%+v", o)
		}
		b.sale(shop, "new", "A×3")
		b.want("A", b.balance("A"), "10/2")
		b.want("B", b.balance("B"), "10/3")
		b.verify()
		b.take(shop, later(old, time.Second, func(l []order.Line) { l[0].Wanted = 1 }))
		b.want("an order from before, changed", b.balance("A"), "10/1")
		// A further change of the link takes along only what that link claimed.
		b.link(shop, nil, "A=")
		b.want("A", b.balance("A"), "10/1")
		b.want("B", b.balance("B"), "10/0")
		b.want("waiting", b.waiting(), "new.1×3")
		b.link(shop, keep, "A=B")
		b.want("what waited claims all the same", b.balance("B"), "10/3")
		b.link(shop, keep, "A=")
		b.want("B kept", b.balance("B"), "10/3")
		b.want("nothing waits", b.waiting(), "")
		b.verify()
	})
}

func TestLink_refusals(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		b.skus("A", "B", "OLD")
		if _, err := db.Exec(ctx, "UPDATE sku SET archived_at = 1 WHERE tenant_id = $1 AND code = 'OLD'", int64(b.tenant)); err != nil {
			t.Fatal(err)
		}
		shop := b.shop("楽天", "A", "x", "y")
		b.sale(shop, "R1", "x×1")
		other := newBooks(t, db, "b")
		other.skus("C")
		theirs := other.shop("楽天", "z")
		r := b.linkRequest(shop, "x=A", "x=B", "none=A", "none=", "y=OLD", "A=B")
		r.Rows = append(r.Rows, store.LinkRow{Shop: shop, Ref: "y", SKU: other.id("C")}, store.LinkRow{Shop: theirs, Ref: "z", SKU: b.id("A")},
			store.LinkRow{Shop: shop, Number: "R1", Line: "1", SKU: b.id("A")}, store.LinkRow{Shop: shop, Number: "R9", Line: "1", SKU: b.id("A")})
		r.OnlyFree = true
		want := []store.LinkRefusal{"", store.TwiceLinked, store.NoListing, store.NoListing, store.SKUArchived, store.OtherLink, store.NoSKU, store.NoSuchShop, store.NoLine, store.NoLine}
		check := func(answer store.LinkAnswer, applied bool) {
			t.Helper()
			if answer.Applied != applied {
				t.Errorf("applied: %v", answer.Applied)
			}
			for i, o := range answer.Rows {
				if o.Refused != want[i] || o.Applied != (applied && want[i] == "") {
					t.Errorf("row %d: %+v, want %q", i, o, want[i])
				}
			}
			if o := answer.Rows[5]; o.Owner != "A" {
				t.Errorf("the listing is linked to %q", o.Owner)
			}
		}
		answer, err := db.Link(ctx, b.tenant, r)
		b.must(err)
		check(answer, false)
		b.want("waiting", b.waiting(), "R1.1×1")
		r.Partial = true
		answer, err = db.Link(ctx, b.tenant, r)
		b.must(err)
		check(answer, true)
		b.want("waiting", b.waiting(), "")
		if _, err := db.Link(ctx, b.tenant, store.LinkRequest{Rows: make([]store.LinkRow, store.MostLinkRows+1)}); err == nil {
			t.Error("too many rows were taken")
		}
	})
}

func TestLink_once_and_preview(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		b.skus("A", "B")
		b.set("A", 10)
		shop := b.shop("楽天", "x", "B")
		b.sale(shop, "R1", "x×2", "B×1")
		r := b.linkRequest(shop, "x=A", "B=A")
		r.Key = "once"
		preview, err := db.PreviewLinks(ctx, b.tenant, r)
		b.must(err)
		b.want("A after the preview", b.balance("A"), "10/0")
		b.want("waiting after the preview", b.waiting(), "R1.1×2")
		answer, err := db.Link(ctx, b.tenant, r)
		b.must(err)
		if !reflect.DeepEqual(preview, answer) {
			t.Errorf("previewed %+v\nbecame    %+v", preview, answer)
		}
		b.want("A", b.balance("A"), "10/3")
		again, err := db.Link(ctx, b.tenant, r)
		b.must(err)
		answer.Repeated = true
		if !reflect.DeepEqual(again, answer) {
			t.Errorf("repeated as %+v", again)
		}
		b.want("A after the repetition", b.balance("A"), "10/3")
		r.Rows = r.Rows[:1]
		if _, err := db.Link(ctx, b.tenant, r); !errors.Is(err, store.ErrKeyReused) {
			t.Errorf("the key for other rows: %v", err)
		}
		// What is so already changes nothing.
		if o := b.link(shop, nil, "x=A").Rows[0]; !o.Applied || o.Lines != 0 || o.Before != o.After {
			t.Errorf("%+v", o)
		}
		b.verify()
	})
}

// An order sold what the shop's list does not have. A person says what it was; the listing is never written to before the shop tells of it.
func TestLink_goods_that_only_orders_know(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		b.skus("A")
		b.set("A", 10)
		shop := b.shop("楽天")
		b.sale(shop, "R1", "gone×2")
		goods, err := db.ListWaitingGoods(ctx, b.tenant, 0, 10)
		b.must(err)
		if len(goods) != 1 || goods[0].Listing != 0 || goods[0].Units != 2 || goods[0].Code != "gone" || goods[0].Lines[0].Number != "R1" {
			t.Errorf("%+v", goods)
		}
		o := b.link(shop, nil, "gone=A").Rows[0]
		if o.Listing == 0 || o.Lines != 1 {
			t.Errorf("%+v", o)
		}
		b.want("A", b.balance("A"), "10/2")
		b.sale(shop, "R2", "gone×1")
		b.want("the next order claims at once", b.balance("A"), "10/3")
		b.plan()
		row := b.stock(store.StockQuery{}).Rows[0]
		if len(row.Listings) != 1 || row.Listings[0].State != store.StateOrdersOnly || row.Listings[0].Target != nil {
			t.Errorf("%+v", row.Listings)
		}
		if list, err := db.ListToRead(ctx, b.tenant, shop, 10, time.Now().Add(time.Hour), time.Now().Add(time.Hour), false); err != nil || len(list) != 0 {
			t.Errorf("to be read: %+v %v", list, err)
		}
		b.list(shop, "gone")
		b.plan()
		row = b.stock(store.StockQuery{}).Rows[0]
		if l := row.Listings[0]; l.OrdersOnly || l.Target == nil || l.Target.String() != "7" {
			t.Errorf("told of by the shop: %+v", l)
		}
		b.verify()
	})
}

// A shop's line may name no listing at all: the line itself is given its SKU.
func TestLink_line_without_a_listing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		b.skus("A", "B")
		b.set("A", 10)
		shop := b.shop("Shopify")
		custom := snapshot("S1", "A×2", "b×1", "c×4")
		for i := range custom.Lines {
			custom.Lines[i].Ref = ""
		}
		b.take(shop, custom)
		b.want("waiting", b.waiting(), "S1.1×2 S1.2×1 S1.3×4")
		goods, err := db.ListWaitingGoods(ctx, b.tenant, shop, 10)
		b.must(err)
		if len(goods) != 3 || len(goods[0].Suggestions) != 1 || goods[0].Suggestions[0].Reason != match.SameCode || goods[1].Suggestions[0].Reason != match.OwnFolded || len(goods[2].Suggestions) != 0 {
			t.Errorf("%+v", goods)
		}
		give := func(line string, sku string) store.LinkOutcome {
			t.Helper()
			row := store.LinkRow{Shop: shop, Number: "S1", Line: line}
			if sku != "" {
				row.SKU = b.id(sku)
			}
			answer, err := db.Link(ctx, b.tenant, store.LinkRequest{Rows: []store.LinkRow{row}})
			b.must(err)
			if !answer.Applied {
				t.Fatalf("%+v", answer)
			}
			return answer.Rows[0]
		}
		if o := give("1", "A"); o.Lines != 1 || o.Units != 2 {
			t.Errorf("%+v", o)
		}
		give("3", "A")
		b.want("A", b.balance("A"), "10/6")
		b.take(shop, later(custom, time.Second, func(l []order.Line) { l[0].Wanted = 1 }))
		b.want("A after the order was cut", b.balance("A"), "10/5")
		if o := give("3", "B"); o.Before.SKU != b.id("A") || o.Units != 4 {
			t.Errorf("%+v", o)
		}
		b.want("A", b.balance("A"), "10/1")
		b.want("B", b.balance("B"), "0/4")
		give("1", "")
		b.want("waiting", b.waiting(), "S1.1×1 S1.2×1")
		b.verify()
	})
}

// What a person has taken off is not linked again by a rule, unless the person says so.
func TestLink_rules_respect_people(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		b.skus("A", "B")
		shop := b.shop("楽天", "A", "B")
		free := func() string { return b.listings(store.ListingQuery{Show: store.ListingsUnlinked}) }
		b.link(shop, nil, "A=", "B=B")
		b.list(shop, "A", "B")
		b.want("without a SKU", free(), "A")
		pass := func() store.Matching {
			t.Helper()
			m, err := db.MatchListings(ctx, b.tenant, b.leases[shop], "", 10)
			b.must(err)
			return m
		}
		if m := pass(); m.Tried != 0 || m.Linked != 0 {
			t.Errorf("%+v", m)
		}
		answer := b.link(shop, func(r *store.LinkRequest) { r.Rows[0].ByRule = true }, "A=")
		if o := answer.Rows[0]; !o.Applied || o.Before != (store.LinkState{}) || o.After != (store.LinkState{ByRule: true}) {
			t.Errorf("%+v", o)
		}
		if m := pass(); m.Tried != 1 || m.Linked != 1 || m.Next != "" {
			t.Errorf("%+v", m)
		}
		b.want("without a SKU", free(), "")
	})
}

func TestMatchRule(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		b.skus("A-1", "A-2", "A-3")
		b.set("A-1", 10)
		shop := b.shop("楽天")
		byHand := match.Rule{Steps: []match.Step{}}
		b.must(db.SetMatchRule(ctx, b.tenant, shop, byHand))
		listings := []channel.Listing{
			{Ref: "1", Codes: []match.Code{{Kind: match.SKU, Text: "rk-a-1"}}, Title: "一"},
			{Ref: "2", Codes: []match.Code{{Kind: match.SKU, Text: "A-2"}, {Kind: match.JAN, Text: "490"}}, Title: "二"},
			{Ref: "3", Codes: []match.Code{{Kind: match.Manage, Text: "A-3"}}, Title: "三"},
			{Ref: "4", Title: "四"},
		}
		result, err := db.TakeListings(ctx, b.tenant, b.leases[shop], listings)
		if err != nil || result.Linked != 0 {
			t.Fatalf("by hand only: %+v %v", result, err)
		}
		b.sale(shop, "R1", "1×2")
		due := func() (int64, match.Rule) {
			t.Helper()
			shops, err := db.ListShops(ctx, b.tenant)
			b.must(err)
			return shops[0].MatchDue - shops[0].MatchDone, shops[0].Match
		}
		if err := db.MatchingDone(ctx, b.tenant, b.leases[shop], 1); err != nil {
			t.Fatal(err)
		}
		if n, rule := due(); n != 0 || !reflect.DeepEqual(rule, byHand) {
			t.Errorf("%d passes due, rule %+v", n, rule)
		}
		rule := match.Rule{Steps: []match.Step{{From: match.SKU, To: match.Own}}, Fold: true, Prefix: "rk-"}
		preview, err := db.PreviewMatching(ctx, b.tenant, shop, rule, 1)
		b.must(err)
		if preview.Tried != 4 || preview.Linked != 2 || preview.Several != 0 || preview.None != 2 || preview.More || len(preview.Links) != 1 || len(preview.Left) != 1 ||
			preview.Links[0].SKU != "A-1" || preview.Links[0].Title != "一" {
			t.Errorf("%+v", preview)
		}
		b.want("nothing was linked", b.waiting(), "R1.1×2")
		b.must(db.SetMatchRule(ctx, b.tenant, shop, rule))
		if n, _ := due(); n != 1 {
			t.Errorf("%d passes due", n)
		}
		tried, linked, claims, after := 0, 0, 0, order.Ref("")
		for {
			m, err := db.MatchListings(ctx, b.tenant, b.leases[shop], after, 3)
			b.must(err)
			tried, linked, claims = tried+m.Tried, linked+m.Linked, claims+m.Claims
			if after = m.Next; after == "" {
				break
			}
		}
		if tried != 4 || linked != 2 || claims != 1 {
			t.Errorf("tried %d, linked %d, %d claims", tried, linked, claims)
		}
		b.want("A-1", b.balance("A-1"), "10/2")
		if err := db.SetMatchRule(ctx, b.tenant, shop, match.Rule{Steps: []match.Step{{From: "magic", To: match.Own}}}); err == nil {
			t.Error("a wrong rule was taken")
		}
		// New SKUs may be what listings have waited for.
		b.must(db.MatchingDone(ctx, b.tenant, b.leases[shop], 3))
		before, _ := due()
		b.skus("A-4")
		if n, _ := due(); n != before+1 {
			t.Errorf("%d passes due after a new SKU, %d before", n, before)
		}
		b.verify()
	})
}

func TestListWaiting_pages(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		a, y := b.shop("楽天"), b.shop("Yahoo!")
		for i := range 5 {
			b.sale(a, fmt.Sprint("R", i), "x×1", "y×2")
			b.sale(y, fmt.Sprint("Y", i), "x×1")
		}
		theirs := newBooks(t, db, "b")
		theirs.sale(theirs.shop("x"), "Z", "z×1")
		for _, shop := range []channel.ShopID{0, a, y} {
			var got []string
			for after, pages := "", 0; pages < 20; pages++ {
				page, err := db.ListWaiting(ctx, b.tenant, shop, after, 2)
				b.must(err)
				for _, l := range page.Lines {
					got = append(got, l.Number+"."+l.Line)
				}
				if after = page.Next; after == "" {
					break
				}
			}
			want := map[channel.ShopID]int{0: 15, a: 10, y: 5}[shop]
			if len(got) != want {
				t.Errorf("shop %d: %d lines, want %d: %v", shop, len(got), want, got)
			}
		}
		w, err := db.SumWaiting(ctx, b.tenant)
		if err != nil || w.Lines != 15 || w.Units != 20 || w.More || w.Since.IsZero() || w.Shops[a] != 10 || w.Shops[y] != 5 {
			t.Errorf("%+v %v", w, err)
		}
		goods, err := db.ListWaitingGoods(ctx, b.tenant, 0, 2)
		if err != nil || len(goods) != 2 || goods[0].All != 5 || goods[1].Units != 10 || len(goods[0].Lines) != 5 {
			t.Errorf("%+v %v", goods, err)
		}
		if _, err := db.ListWaiting(ctx, b.tenant, 0, "?", 10); !errors.Is(err, store.ErrPlace) {
			t.Errorf("a place that is none: %v", err)
		}
	})
}
