package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// send posts a body to an address.
func (w *world) send(path, body string, headers ...string) answer {
	c := call{method: http.MethodPost, path: path, token: w.writer, body: body, header: map[string]string{"Content-Type": "application/json"}}
	for i := 0; i+1 < len(headers); i += 2 {
		c.header[headers[i]] = headers[i+1]
	}
	return w.do(c)
}

func read[T any](t *testing.T, a answer) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return v
}

// list makes a shop tell of listings, as "ref code code".
func (w *world) list(lease store.Lease, listings ...string) {
	w.t.Helper()
	var page []channel.Listing
	for _, l := range listings {
		words := strings.Fields(l)
		one := channel.Listing{Ref: channel.Ref(words[0]), Title: "出品 " + words[0]}
		for _, code := range words[1:] {
			one.Codes = append(one.Codes, match.Code{Kind: match.SKU, Text: code})
		}
		page = append(page, one)
	}
	_, err := w.db.TakeListings(context.Background(), w.tenant, lease, page)
	w.must(err)
}

// order takes an order of lines "ref×units" in; "=code×units" names no listing.
func (w *world) order(lease store.Lease, number string, lines ...string) {
	w.t.Helper()
	now := time.Now().UTC()
	s := order.Snapshot{Number: number, PlacedAt: now.Add(time.Minute), State: order.Open, Version: order.Version{AskedAt: now}}
	for i, l := range lines {
		what, units, _ := strings.Cut(l, "×")
		line := order.Line{Key: fmt.Sprint(i + 1), Ref: order.Ref(what), Code: what, Title: what}
		if code, custom := strings.CutPrefix(what, "="); custom {
			line.Ref, line.Code = "", code
		}
		_, err := fmt.Sscan(units, &line.Wanted)
		w.must(err)
		s.Lines = append(s.Lines, line)
	}
	_, err := w.db.TakeIn(context.Background(), w.tenant, store.Intake{Lease: lease, Loop: "new", Returns: channel.ReturnsNever, Orders: []order.Snapshot{s}})
	w.must(err)
}

func (w *world) committed(code string) int64 {
	w.t.Helper()
	return read[struct{ Committed int64 }](w.t, w.get("/api/v1/stock/"+url.PathEscape(code))).Committed
}

func (w *world) waiting(query string) string {
	w.t.Helper()
	var words []string
	for next := ""; ; {
		page := read[WaitingPage](w.t, w.get("/api/v1/listings/waiting?limit=1"+query+next))
		for _, l := range page.Items {
			words = append(words, fmt.Sprintf("%s.%s×%d", l.Order, l.Line, l.Units))
		}
		if page.NextCursor == nil {
			return strings.Join(words, " ")
		}
		next = "&cursor=" + *page.NextCursor
	}
}

func TestListings(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.set("TS-01", 10)
		rakuten, yahoo := w.shop("楽天本店", store.Live, "TS-01"), w.shop("Yahoo店", store.Live)
		w.list(rakuten, "x ts-02 zz", "y none")
		w.list(yahoo, "z TS-01")
		w.order(rakuten, "R-1", "x×2", "ref:TS-01×1", "=ギフト×1")
		golden(t, "listings", w.get("/api/v1/listings"))
		for query, want := range map[string]string{
			"?show=unlinked": "x y", "?show=linked": "ref:TS-01 z", "?show=errors": "", "?show=ignored": "", "?shop=" + url.QueryEscape("Yahoo店"): "z", "?q=ts-": "ref:TS-01 x z",
			"?q=ts-&show=unlinked": "x", fmt.Sprintf("?shop=%d&limit=1", rakuten.Shop): "ref:TS-01 x y",
		} {
			var refs []string
			next := query
			for {
				page := read[ListingPage](t, w.get("/api/v1/listings"+next))
				for _, l := range page.Items {
					refs = append(refs, l.Ref)
				}
				if page.NextCursor == nil {
					break
				}
				next = query + "&cursor=" + *page.NextCursor
			}
			if got := strings.Join(refs, " "); got != want {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
		}
		for query, want := range map[string]int{"?show=some": 400, "?limit=501": 400, "?cursor=x": 400, "?shop=none": 404, "?page=2": 400} {
			if a := w.get("/api/v1/listings" + query); a.status != want {
				t.Errorf("%s: %d", query, a.status)
			}
		}
		if got := w.waiting(""); got != "R-1.1×2 R-1.3×1" {
			t.Errorf("waiting: %s", got)
		}
		if got := w.waiting("&shop=" + url.QueryEscape("Yahoo店")); got != "" {
			t.Errorf("waiting at Yahoo: %s", got)
		}
		for query, want := range map[string]int{"?limit=1001": 400, "?cursor=x": 400, "?shop=none": 404} {
			if a := w.get("/api/v1/listings/waiting" + query); a.status != want {
				t.Errorf("waiting%s: %d", query, a.status)
			}
		}
		golden(t, "listings_waiting", w.get("/api/v1/listings/waiting"))
	})
}

func TestLinks(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.set("TS-01", 10)
		rakuten := w.shop("楽天本店", store.Live, "TS-01")
		w.list(rakuten, "x ts-02", "y A", "z A", "u U")
		w.order(rakuten, "R-1", "x×2", "ref:TS-01×1", "=ギフト×1")
		const path = "/api/v1/listings/links"
		body := `{"rows":[{"shop":"楽天本店","listing":"ts-02","sku":"TS-01"},{"shop":"楽天本店","listing":"ref:TS-01","sku":"KZ/1 001"},{"shop":"楽天本店","order":"R-1","line":"3","sku":"TS-01"}],"reason":"棚札"`
		a := w.send(path, body+`,"dry_run":true}`)
		try := read[LinksAnswer](t, a)
		if a.status != 200 || !try.DryRun || try.Applied != 3 || try.Rows[0].Claims != (LineSum{1, 2}) || w.committed("TS-01") != 1 || w.changed != 0 {
			t.Errorf("dry run: %s", a.body)
		}
		a = w.send(path, body+`}`, "Idempotency-Key", "links-1")
		golden(t, "links", a)
		if w.committed("TS-01") != 3 || w.committed("KZ/1 001") != 1 || w.waiting("") != "" || w.changed != 1 {
			t.Errorf("committed %d and %d, waiting %q, %d wakings", w.committed("TS-01"), w.committed("KZ/1 001"), w.waiting(""), w.changed)
		}
		again := read[LinksAnswer](t, w.send(path, body+`}`, "Idempotency-Key", "links-1"))
		if !again.Repeated || again.Applied != 3 || w.changed != 1 {
			t.Errorf("repeated: %+v", again)
		}
		if a = w.send(path, `{"rows":[{"shop":"楽天本店","listing":"x","sku":null}]}`, "Idempotency-Key", "links-1"); a.status != 409 {
			t.Errorf("the key for other rows: %d", a.status)
		}
		// Taken off with its claims kept, and without.
		w.send(path, `{"rows":[{"shop":"楽天本店","listing":"x","sku":null}],"keep_claims":true}`)
		if w.committed("TS-01") != 3 {
			t.Errorf("kept: %d", w.committed("TS-01"))
		}
		off := read[LinksAnswer](t, w.send(path, `{"rows":[{"shop":"楽天本店","listing":"ref:TS-01","sku":null,"by_rule":true}]}`))
		if w.committed("KZ/1 001") != 0 || !off.Rows[0].After.ByRule || *off.Rows[0].Before.SKU != "KZ/1 001" || w.waiting("") != "R-1.2×1" {
			t.Errorf("taken off: %+v, %d", off.Rows[0], w.committed("KZ/1 001"))
		}
		// Every kind of row that cannot be.
		w.send(path, `{"rows":[{"shop":"楽天本店","listing":"u","sku":"TS-02"}]}`)
		bad := `"rows":[{"shop":"無い店","listing":"x","sku":"TS-01"},{"shop":"楽天本店","listing":"無い","sku":"TS-01"},{"shop":"楽天本店","listing":"A","sku":"TS-01"},{"shop":"楽天本店","listing":"x","sku":"無い"},
			{"shop":"楽天本店","listing":"u","sku":"TS-01"},{"shop":"楽天本店","listing":"y","sku":"TS-01"},{"shop":"楽天本店","listing":"y","sku":"TS-02"},{"shop":"楽天本店","order":"R-1","line":"9","sku":"TS-01"}],"only_unlinked":true`
		a = w.send(path, `{`+bad+`}`)
		golden(t, "links_refused", a)
		if a.status != 422 || w.committed("TS-02") != 0 {
			t.Errorf("%d", a.status)
		}
		some := read[LinksAnswer](t, w.send(path, `{`+bad+`,"partial":true}`))
		if some.Applied != 1 || !some.Rows[5].Applied {
			t.Errorf("in part: %+v", some)
		}
		for body, want := range map[string]string{
			`{"rows":[]}`: "/rows", `{"rows":[{"shop":"a","sku":null}]}`: "/rows/0", `{"rows":[{"shop":"a","listing":"x","order":"1","line":"1","sku":null}]}`: "/rows/0",
			`{"rows":[{"shop":"a","listing":"x"}]}`: "/rows/0/sku", `{"rows":[{"shop":"a","listing":"x","sku":"s","by_rule":true}]}`: "/rows/0/by_rule",
			`{"rows":[{"shop":"a","listing":"x","sku":7}]}`: "/rows/0/sku", `{"rows":[{"shop":"a","listing":"x","sku":null}],"dry_run":1}`: "/dry_run",
		} {
			a := w.send(path, body)
			if p := a.problem(t); a.status != 400 || len(p.Errors) != 1 || p.Errors[0].Pointer != want {
				t.Errorf("%s: %d %s", body, a.status, a.body)
			}
		}
		if a := w.do(call{method: http.MethodPost, path: path, token: w.reader, body: body + "}", header: map[string]string{"Content-Type": "application/json"}}); a.status != 403 {
			t.Errorf("with a token that may only read: %d", a.status)
		}
	})
}

func TestIgnoredCodes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		rakuten := w.shop("楽天本店", store.Live, "TS-01")
		w.list(rakuten, "p POSTAGE", "q gift")
		w.order(rakuten, "R-1", "p×1", "q×1")
		const path = "/api/v1/listings/ignored"
		a := w.send(path, `{"rows":[{"code":"postage","ignored":true,"reason":"送料"},{"code":"ts-01","ignored":true},{"code":"none","ignored":false}]}`)
		golden(t, "ignored", a)
		if got := w.waiting(""); got != "R-1.2×1" {
			t.Errorf("waiting: %s", got)
		}
		w.send(path, `{"rows":[{"code":"fee","ignored":true}]}`)
		first := read[IgnoredPage](t, w.get(path+"?limit=1"))
		if len(first.Items) != 1 || first.Items[0].Code != "fee" || first.Items[0].Actor != "倉庫" || first.NextCursor == nil {
			t.Fatalf("%+v", first)
		}
		second := read[IgnoredPage](t, w.get(path+"?limit=1&cursor="+*first.NextCursor))
		if len(second.Items) != 1 || second.Items[0].Code != "postage" || second.Items[0].Reason != "送料" {
			t.Errorf("%+v", second)
		}
		back := read[IgnoreAnswer](t, w.send(path, `{"rows":[{"code":"POSTAGE","ignored":false}]}`))
		if r := back.Rows[0]; !r.Before || r.After || r.Listings != 1 || r.Lines != 1 || w.waiting("") != "R-1.1×1 R-1.2×1" {
			t.Errorf("%+v", back)
		}
		for body, want := range map[string]string{`{"rows":[{"code":" ","ignored":true}]}`: "/rows/0/code", `{"rows":[{"code":"x"}]}`: "/rows/0/ignored", `{"rows":[{"code":"x","ignored":"yes"}]}`: "/rows/0/ignored"} {
			a := w.send(path, body)
			if p := a.problem(t); a.status != 400 || len(p.Errors) != 1 || p.Errors[0].Pointer != want {
				t.Errorf("%s: %d %s", body, a.status, a.body)
			}
		}
	})
}

func TestMatchRule(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		rakuten := w.shop("楽天本店", store.Live)
		w.list(rakuten, "x rk-ts-01", "y rk-TS-02", "z none")
		path := fmt.Sprintf("/api/v1/shops/%d/match-rule", rakuten.Shop)
		golden(t, "rule", w.get(path))
		tried := read[RuleAnswer](t, w.send(path, `{"steps":[{"from":"sku","to":"own"}],"fold":true,"prefix":"rk-","dry_run":true}`))
		if tried.Saved || tried.Tried == nil || *tried.Tried != (RuleTry{Listings: 3, Linked: 2, None: 1}) {
			t.Errorf("%+v", tried)
		}
		saved := read[RuleAnswer](t, w.send(path, `{"steps":[],"prefix":"rk-"}`))
		if !saved.Saved || len(saved.Rule.Steps) != 0 || saved.Rule.Prefix != "rk-" {
			t.Errorf("%+v", saved)
		}
		if got := read[RuleAnswer](t, w.get(path)); got.Rule.Prefix != "rk-" || got.Passed {
			t.Errorf("%+v", got)
		}
		for body, want := range map[string]string{`{"steps":[{"from":"magic","to":"own"}]}`: "/steps/0/from", `{"steps":[{"from":"sku","to":"own"},{"from":"sku","to":"own"}]}`: "/steps/1",
			`{"steps":"none"}`: "/steps", `{}`: "/steps", `{"steps":[],"prefix":"` + strings.Repeat("x", 41) + `"}`: "/prefix", `{"steps":[],"dry_run":"yes"}`: "/dry_run"} {
			a := w.send(path, body)
			if p := a.problem(t); a.status != 400 || len(p.Errors) != 1 || p.Errors[0].Pointer != want {
				t.Errorf("%s: %d %s", body, a.status, a.body)
			}
		}
		for _, p := range []string{"/api/v1/shops/999/match-rule", "/api/v1/shops/x/match-rule"} {
			if a := w.get(p); a.status != 404 {
				t.Errorf("%s: %d", p, a.status)
			}
		}
	})
}

func TestPullListings(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		shop := w.shop("楽天本店", store.Live)
		if a := w.send("/api/v1/listings/pull", `{"shop":"楽天本店"}`); a.status != 202 {
			t.Errorf("%d %s", a.status, a.body)
		}
		if len(w.pulled) != 1 || w.pulled[0] != shop.Shop {
			t.Errorf("pulled %v", w.pulled)
		}
		for body, want := range map[string]int{`{"shop":"none"}`: 404, `{}`: 400, `{"shop":""}`: 400} {
			if a := w.send("/api/v1/listings/pull", body); a.status != want {
				t.Errorf("%s: %d", body, a.status)
			}
		}
	})
}

// One merchant's tokens see and change nothing of another's.
func TestListings_other_tenants(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx := context.Background()
		theirs, err := db.AddTenant(ctx, "other", "他社")
		w.must(err)
		shop, err := db.AddShop(ctx, theirs.ID, "plain", "他店", nil)
		w.must(err)
		lease, _, err := db.AcquireLease(ctx, theirs.ID, shop.ID, "test", time.Hour)
		w.must(err)
		_, err = db.TakeListings(ctx, theirs.ID, lease, []channel.Listing{{Ref: "secret", Title: "秘密"}})
		w.must(err)
		if a := w.get("/api/v1/listings"); strings.Contains(string(a.body), "秘密") {
			t.Errorf("%s", a.body)
		}
		if a := w.get(fmt.Sprintf("/api/v1/listings?shop=%d", shop.ID)); a.status != 404 {
			t.Errorf("%d", a.status)
		}
		if a := w.send("/api/v1/listings/links", fmt.Sprintf(`{"rows":[{"shop":"%d","listing":"secret","sku":"TS-01"}]}`, shop.ID)); a.status != 422 {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := w.get(fmt.Sprintf("/api/v1/shops/%d/match-rule", shop.ID)); a.status != 404 {
			t.Errorf("%d", a.status)
		}
	})
}
