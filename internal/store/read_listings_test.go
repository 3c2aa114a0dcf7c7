package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// listings reads all pages of a query as "ref ref …".
func (b *books) listings(q store.ListingQuery) string {
	b.t.Helper()
	var refs []string
	for pages := 0; pages < 100; pages++ {
		page, err := b.db.ListListings(context.Background(), b.tenant, q)
		b.must(err)
		for _, r := range page.Rows {
			refs = append(refs, string(r.Ref))
		}
		if q.After = page.Next; q.After == "" {
			return strings.Join(refs, " ")
		}
	}
	b.t.Fatal("the list never ends")
	return ""
}

func TestListListings(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		b.skus("A-1 湯呑み", "A-2", "B-1")
		b.set("A-1", 5)
		theirs := newBooks(t, db, "b")
		theirs.skus("A-1")
		theirs.shop("楽天", "A-1", "their-x")
		rakuten, yahoo := b.shop("楽天", "A-1", "a-2", "post", "x 赤い 急須"), b.shop("Yahoo!", "A-1", "y")
		_, err := db.IgnoreCodes(ctx, b.tenant, "", []store.IgnoreRow{{Code: "post"}})
		b.must(err)
		b.sale(rakuten, "R1", "a-2×2", "A-1×1")
		b.sale(rakuten, "R2", "a-2×1")
		b.sale(yahoo, "Y1", "A-1×4")
		for _, c := range []struct {
			name string
			q    store.ListingQuery
			want string
		}{
			{"all", store.ListingQuery{}, "A-1 a-2 post x 赤い 急須 A-1 y"},
			{"of one shop", store.ListingQuery{Shop: yahoo}, "A-1 y"},
			{"unlinked", store.ListingQuery{Show: store.ListingsUnlinked}, "a-2 x 赤い 急須 y"},
			{"unlinked of one shop", store.ListingQuery{Show: store.ListingsUnlinked, Shop: rakuten}, "a-2 x 赤い 急須"},
			{"linked", store.ListingQuery{Show: store.ListingsLinked}, "A-1 A-1"},
			{"ignored", store.ListingQuery{Show: store.ListingsIgnored}, "post"},
			{"errors", store.ListingQuery{Show: store.ListingsErrors}, ""},
			{"of one SKU", store.ListingQuery{SKU: b.id("A-1")}, "A-1 A-1"},
			{"a code's beginning", store.ListingQuery{Text: "Ａ-"}, "A-1 a-2 A-1"},
			{"a code's beginning among the unlinked", store.ListingQuery{Text: "a-", Show: store.ListingsUnlinked}, "a-2"},
			{"a code's beginning in one shop", store.ListingQuery{Text: "a", Shop: yahoo}, "A-1"},
			{"words of the title", store.ListingQuery{Text: "きゅうす 急須"}, ""},
			{"words in any order", store.ListingQuery{Text: "急須 赤"}, "x 赤い 急須"},
			{"words among the ignored", store.ListingQuery{Text: "POST", Show: store.ListingsIgnored}, "post"},
			{"nothing to look for", store.ListingQuery{Text: " - "}, ""},
		} {
			for _, limit := range []int{0, 1, 2} {
				c.q.Limit = limit
				b.want(fmt.Sprint(c.name, " by ", limit), b.listings(c.q), c.want)
			}
		}
		page, err := db.ListListings(ctx, b.tenant, store.ListingQuery{})
		b.must(err)
		a1, a2 := page.Rows[0], page.Rows[1]
		if a1.SKUCode != "A-1" || a1.SKUName != "湯呑み" || a1.Holding != 1 || a1.HeldUnits != 1 || a1.Waiting != 0 || a1.State == store.StateNotLinked || len(a1.Suggestions) != 0 || a1.LinkedAt.IsZero() || a1.LinkedBy != "" {
			t.Errorf("%+v", a1)
		}
		if a2.SKU != 0 || a2.Waiting != 2 || a2.WaitingUnits != 3 || a2.State != store.StateNotLinked || len(a2.Suggestions) != 1 || a2.Suggestions[0].Code != "A-2" ||
			a2.Suggestions[0].Reason != match.OwnFolded || !slices.Equal(a2.Codes, []match.Code{{Text: "a-2"}}) {
			t.Errorf("%+v", a2)
		}
		if page.Rows[2].State != store.StateIgnored || len(page.Rows[2].Suggestions) != 0 || page.Rows[4].HeldUnits != 4 || page.Rows[4].Shop != yahoo {
			t.Errorf("%+v", page.Rows[2:])
		}
		b.link(rakuten, nil, "a-2=A-2")
		one, err := db.LoadListing(ctx, b.tenant, rakuten, "a-2")
		if err != nil || one.SKUCode != "A-2" || one.LinkedBy != "owner" || one.HeldUnits != 3 {
			t.Errorf("%+v %v", one, err)
		}
		if _, err := db.LoadListing(ctx, b.tenant, yahoo, "a-2"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an unknown listing: %v", err)
		}
		if _, err := db.ListListings(ctx, b.tenant, store.ListingQuery{After: "?"}); !errors.Is(err, store.ErrPlace) {
			t.Errorf("a place that is none: %v", err)
		}
		n, err := db.CountListings(ctx, b.tenant, store.ListingQuery{Show: store.ListingsUnlinked})
		if err != nil || n != 2 {
			t.Errorf("%d unlinked: %v", n, err)
		}
		counts, err := db.CountToLink(ctx, b.tenant)
		if err != nil || counts.Unlinked[rakuten] != 1 || counts.Unlinked[yahoo] != 1 || counts.Unlisted != 1 || counts.Waiting.Lines != 0 || counts.Errors[rakuten] != 0 {
			t.Errorf("%+v %v", counts, err)
		}
	})
}

func TestListUnlisted(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		b.skus("A", "B", "C", "D", "OLD")
		for _, text := range []string{"UPDATE sku SET archived_at = 1 WHERE tenant_id = $1 AND code = 'OLD'",
			"INSERT INTO sku_code (tenant_id, sku_id, code, code_key, kind) SELECT tenant_id, sku_id, '490', '490', 'jan' FROM sku WHERE tenant_id = $1 AND code = 'C'"} {
			if _, err := db.Exec(ctx, text, int64(b.tenant)); err != nil {
				t.Fatal(err)
			}
		}
		b.set("C", 7)
		rakuten, yahoo := b.shop("楽天", "A", "b"), b.shop("Yahoo!", "B", "490")
		b.link(yahoo, nil, "490=")
		unlisted := func(shop channel.ShopID) string {
			t.Helper()
			var words []string
			for after, pages := "", 0; pages < 10; pages++ {
				page, err := db.ListUnlisted(ctx, b.tenant, shop, after, 2)
				b.must(err)
				for _, s := range page.SKUs {
					word := s.Code
					for _, c := range s.Candidates {
						word += "?" + string(c.Ref)
					}
					words = append(words, word)
				}
				if after = page.Next; after == "" {
					break
				}
			}
			return strings.Join(words, " ")
		}
		b.want("nowhere", unlisted(0), "D C?490")
		b.want("not at Rakuten", unlisted(rakuten), "D C B?b")
		b.want("not at Yahoo!", unlisted(yahoo), "D C?490 A")
		b.link(yahoo, nil, "490=C")
		b.want("nowhere, C being linked", unlisted(0), "D")
		b.link(yahoo, nil, "490=")
		b.want("nowhere, C being taken off", unlisted(0), "D C?490")
		page, err := db.ListUnlisted(ctx, b.tenant, 0, "", 10)
		if err != nil || page.SKUs[1].Balance.OnHand != 7 {
			t.Errorf("%+v %v", page, err)
		}
		if _, err := db.ListUnlisted(ctx, b.tenant, 0, "?", 10); !errors.Is(err, store.ErrPlace) {
			t.Errorf("a place that is none: %v", err)
		}
		sku, listings, shops, err := db.ListListingsOf(ctx, b.tenant, "B")
		if err != nil || sku.Code != "B" || len(listings) != 1 || listings[0].Shop != yahoo || len(sku.Candidates) != 1 || sku.Candidates[0].Shop != rakuten || len(shops) != 2 {
			t.Errorf("%+v %+v %v", sku, listings, err)
		}
		if _, _, _, err := db.ListListingsOf(ctx, b.tenant, "b"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an unknown code: %v", err)
		}
	})
}

func TestFindListings(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		shop, other := b.shop("楽天"), b.shop("Yahoo!", "A")
		_, err := db.TakeListings(ctx, b.tenant, b.leases[shop], []channel.Listing{
			{Ref: "item/1", Codes: []match.Code{{Text: "A"}, {Text: "JAN"}}}, {Ref: "item/2", Codes: []match.Code{{Text: "a"}}}, {Ref: "item/3", Codes: []match.Code{{Text: "B"}}},
			{Ref: "item/4", Codes: []match.Code{{Text: "c"}}}, {Ref: "item/5", Codes: []match.Code{{Text: "C"}}}, {Ref: "A-B", Codes: []match.Code{{Text: "x"}}}, {Ref: "item/6", Codes: []match.Code{{Text: "A-B"}}}})
		b.must(err)
		want := map[store.ListingName][]channel.Ref{
			{Shop: shop, Name: "item/2"}: {"item/2"}, {Shop: shop, Name: "A"}: {"item/1"}, {Shop: shop, Name: "a"}: {"item/2"}, {Shop: shop, Name: "b"}: {"item/3"},
			{Shop: shop, Name: "ｃ"}: {"item/4", "item/5"}, {Shop: shop, Name: "A-B"}: {"A-B"}, {Shop: other, Name: "A"}: {"A"},
		}
		var names []store.ListingName
		for n := range want {
			names = append(names, n)
		}
		got, err := db.FindListings(ctx, b.tenant, append(names, store.ListingName{Shop: shop, Name: "JAN"}, store.ListingName{Shop: other, Name: "B"}, store.ListingName{Shop: shop, Name: ""}))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v\nwant %v\n%v", got, want, err)
		}
	})
}

func TestLinkSole(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		b.skus("A", "B", "C", "D", "E", "e")
		if _, err := db.Exec(ctx, "INSERT INTO sku_code (tenant_id, sku_id, code, code_key, kind) SELECT tenant_id, sku_id, '490', '490', 'jan' FROM sku WHERE tenant_id = $1 AND code = 'C'", int64(b.tenant)); err != nil {
			t.Fatal(err)
		}
		b.set("B", 5)
		shop, other := b.shop("楽天"), b.shop("Yahoo!")
		for _, s := range []channel.ShopID{shop, other} {
			b.must(db.SetMatchRule(ctx, b.tenant, s, match.Rule{Steps: []match.Step{}}))
		}
		b.list(shop, "A", "b", "490", "D", "none", "ｅ")
		b.list(other, "B")
		b.link(shop, nil, "D=D")
		b.link(shop, nil, "D=") // a person has taken it off
		b.sale(shop, "R1", "b×2")
		q := store.SoleQuery{Shop: shop, Reasons: []match.Reason{match.SameJAN, match.OwnFolded}}
		want := map[match.Reason]int{match.SameCode: 1, match.SameJAN: 1, match.OwnFolded: 1}
		preview, err := db.PreviewSole(ctx, b.tenant, q, "", 1000)
		if err != nil || preview.Tried != 6 || !reflect.DeepEqual(preview.Found, want) || preview.Linked != 0 || preview.Next != "" || len(preview.Examples) != 2 {
			t.Errorf("%+v %v", preview, err)
		}
		b.want("linked", b.listings(store.ListingQuery{Show: store.ListingsLinked}), "")
		got, err := db.LinkSole(ctx, b.tenant, q, "owner", "", 1000)
		if err != nil || got.Tried != 6 || got.Linked != 2 || got.Claims != 1 || !reflect.DeepEqual(got.Found, want) || got.Next != "" {
			t.Errorf("%+v %v", got, err)
		}
		b.want("linked", b.listings(store.ListingQuery{Show: store.ListingsLinked}), "490 b")
		b.want("B", b.balance("B"), "5/2")
		if got, err = db.LinkSole(ctx, b.tenant, store.SoleQuery{Reasons: match.Reasons()}, "owner", "", 1000); err != nil || got.Linked != 2 {
			t.Errorf("the rest, of all shops: %+v %v", got, err)
		}
		b.want("unlinked", b.listings(store.ListingQuery{Show: store.ListingsUnlinked}), "D none ｅ")
		b.verify()
	})
}

func TestForgetListing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		b.skus("A", "B")
		b.set("A", 9)
		shop := b.shop("楽天", "A", "x")
		b.sale(shop, "R1", "A×2", "gone×1")
		b.link(shop, nil, "gone=B")
		for _, ref := range []order.Ref{"A", "x"} {
			if err := db.ForgetListing(ctx, b.tenant, shop, ref); !errors.Is(err, store.ErrStillListed) {
				t.Errorf("%s: %v", ref, err)
			}
		}
		if err := db.ForgetListing(ctx, b.tenant, shop, "none"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an unknown one: %v", err)
		}
		list, err := db.ListToRead(ctx, b.tenant, shop, 10, time.Now().Add(time.Hour), time.Now().Add(time.Hour), false)
		b.must(err)
		var ids []store.ListingID
		var shown []channel.Shown
		for _, l := range list {
			if l.Ref == "A" {
				ids, shown = append(ids, l.ID), append(shown, channel.Shown{Ref: l.Ref})
			}
		}
		if _, err := db.RecordRead(ctx, b.tenant, b.leases[shop], time.Now(), time.Now(), ids, shown); err != nil || len(ids) != 1 {
			t.Fatal(ids, err)
		}
		b.must(db.ForgetListing(ctx, b.tenant, shop, "A"))
		b.must(db.ForgetListing(ctx, b.tenant, shop, "gone"))
		b.want("left", b.listings(store.ListingQuery{}), "x")
		b.want("unlisted", codesOf(b.stock(store.StockQuery{Show: store.ShowUnlisted})), "A B")
		b.want("A keeps its claim", b.balance("A"), "9/2")
		b.verify()
		b.list(shop, "A")
		b.want("told of again", b.listings(store.ListingQuery{Show: store.ListingsLinked}), "A")
	})
}
