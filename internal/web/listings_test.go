package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html/atom"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/store"
	"soroi/internal/testkit"
)

// list makes a shop tell of listings, as "ref code code …" with kinds sku and jan.
func (m *merchant) list(shop int, listings ...string) {
	m.t.Helper()
	var page []channel.Listing
	for _, l := range listings {
		words := strings.Fields(l)
		one := channel.Listing{Ref: channel.Ref(words[0]), Title: "出品 " + words[0]}
		for i, code := range words[1:] {
			one.Codes = append(one.Codes, match.Code{Kind: []match.Kind{match.SKU, match.JAN}[min(i, 1)], Text: code})
		}
		page = append(page, one)
	}
	if _, err := m.db.TakeListings(context.Background(), m.tenant, m.leases[shop], page); err != nil {
		m.t.Fatal(err)
	}
}

// order takes an order of lines "ref×units" in; "=code×units" is a line that names no listing.
func (m *merchant) order(shop int, number string, lines ...string) {
	m.t.Helper()
	now := time.Now().Add(time.Minute).UTC()
	s := order.Snapshot{Number: number, PlacedAt: now, State: order.Open, Version: order.Version{AskedAt: now}}
	for i, l := range lines {
		what, units, _ := strings.Cut(l, "×")
		line := order.Line{Key: fmt.Sprint(i + 1), Ref: order.Ref(what), Code: what, Title: "注文の " + what}
		if code, custom := strings.CutPrefix(what, "="); custom {
			line.Ref, line.Code = "", code
		}
		if _, err := fmt.Sscan(units, &line.Wanted); err != nil {
			m.t.Fatal(err)
		}
		s.Lines = append(s.Lines, line)
	}
	if _, err := m.db.TakeIn(context.Background(), m.tenant, store.Intake{Lease: m.leases[shop], Loop: "new", Orders: []order.Snapshot{s}}); err != nil {
		m.t.Fatal(err)
	}
}

func (m *merchant) committed(code string) int64 { return m.load(code).Balance.Committed }

// in is a form about a listing.
func (m *merchant) in(shop int, ref string, more ...string) url.Values {
	f := url.Values{"shop": {fmt.Sprint(m.shops[shop].ID)}, "ref": {ref}, "back": {"/listings"}}
	for i := 0; i < len(more); i += 2 {
		f.Set(more[i], more[i+1])
	}
	return f
}

// rowsOf are the titles of a list's rows.
func rowsOf(v visit) string {
	var titles []string
	for _, p := range v.All(func(n *htmlNode) bool {
		return n.DataAtom == atom.P && strings.Contains(attr(n, "class"), "first") && inRow(n)
	}) {
		title, _, _ := strings.Cut(testkit.Text(p), " 受注")
		titles = append(titles, strings.TrimPrefix(strings.TrimPrefix(title, "出品 "), "注文の "))
	}
	return strings.Join(titles, " ")
}

func inRow(n *htmlNode) bool {
	for ; n != nil; n = n.Parent {
		if n.DataAtom == atom.Tr && testkit.HasAttr(n, "data-row") {
			return true
		}
	}
	return false
}

func TestListings(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		if v := m.browser.page("/listings"); !strings.Contains(v.html, "まだ出品がありません") {
			t.Error("an empty soroi does not say where listings come from")
		}
		m.stocked("A-1", "A-2", "B-1")
		if v := m.browser.page("/listings"); !strings.Contains(v.html, "紐付いていない出品はありません") {
			t.Error("with everything linked it does not say so")
		}
		m.list(0, "x a-2", "y 999", "z")
		m.list(1, "w B-1X")
		shop := fmt.Sprint(m.shops[0].ID)
		for path, want := range map[string]string{
			"/listings": "x y z w", "/listings?shop=" + shop: "x y z", "/listings?q=A-": "x", "/listings?q=" + url.QueryEscape("出品 z"): "z", "/listings?q=nothing": "",
			"/listings?show=linked&shop=" + shop: "A-1 A-2 B-1", "/listings?show=linked&q=b": "B-1 B-1", "/listings?show=all&shop=" + shop: "A-1 A-2 B-1 x y z", "/listings?show=ignored": "",
		} {
			if got := rowsOf(m.browser.page(path)); got != want {
				t.Errorf("%s lists %q, want %q", path, got, want)
			}
		}
		for _, path := range []string{"/listings?shop=999", "/listings?after=x", "/listings/one?shop=" + shop + "&ref=none", "/listings/one?shop=999&ref=x", "/listings/of?code=none", "/listings/rule?shop=999", "/listings/sole?shop=999"} {
			if v := m.browser.get(path); v.Code != http.StatusNotFound {
				t.Errorf("%s: %d", path, v.Code)
			}
		}
		v := m.browser.page("/listings")
		if !strings.Contains(v.html, "コードの大文字小文字・全角半角違い") || !strings.Contains(v.html, `value="A-2"`) {
			t.Error("the SKU whose code differs only in case is not suggested")
		}
		// Linked by the suggestion's button.
		if v = m.browser.post("/listings", "/listings/link", m.in(0, "x", "sku", "A-2")); v.Code != http.StatusSeeOther || v.to() != "/listings" {
			t.Fatalf("%d to %q", v.Code, v.to())
		}
		if v = m.browser.page("/listings"); rowsOf(v) != "y z w" || !strings.Contains(v.html, "紐付けました") {
			t.Errorf("after linking: %q", rowsOf(v))
		}
		// By a code that is typed: unknown ones, then one of another width.
		for typed, says := range map[string]string{"": "SKUコードかJANを入力", "none": "「none」という商品はありません"} {
			v = m.browser.post("/listings", "/listings/link", m.in(0, "y", "code", typed, "sku", ""))
			if v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, says) || v.Field("code") != typed {
				t.Errorf("%q: %d", typed, v.Code)
			}
		}
		m.browser.post("/listings", "/listings/link", m.in(0, "y", "code", "ｂ-1", "sku", ""))
		if got := rowsOf(m.browser.page("/listings/of?code=B-1")); !strings.Contains(got, "y") {
			t.Errorf("B-1's listings: %q", got)
		}
		// What the shop has cannot be removed.
		if v = m.browser.post("/listings", "/listings/forget", m.in(0, "z")); v.Code != http.StatusConflict {
			t.Errorf("forgetting what the shop has: %d", v.Code)
		}
		if v = m.browser.post("/listings", "/listings/pull", m.in(0, "", "back", "/listings?shop="+shop)); v.to() != "/listings?shop="+shop {
			t.Errorf("pulled, to %q", v.to())
		}
		if v = m.browser.page(v.to()); !strings.Contains(v.html, "出品の取り込みを始めました") {
			t.Error("it is not said that listings are being pulled")
		}
		m.browser.post("/listings", "/listings/full", m.in(0, ""))
		if due, err := m.db.ListDue(context.Background(), m.tenant, m.shops[0].ID, 10, time.Now()); err != nil || len(due) == 0 {
			t.Errorf("a full pass: %+v %v", due, err)
		}
	})
}

func TestListings_claims_go_where_a_person_says(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		m.stocked("A-1", "A-2")
		m.order(0, "o-1", "ref-A-1×3")
		one := "/listings/one?shop=" + fmt.Sprint(m.shops[0].ID) + "&ref=ref-A-1"
		v := m.browser.page(one)
		if !strings.Contains(v.html, "引当中の受注 1行 3個") || !strings.Contains(v.html, "いまのSKUに残す") {
			t.Error("the page does not ask about what the order holds")
		}
		want := func(what string, a1, a2 int64) {
			t.Helper()
			if x, y := m.committed("A-1"), m.committed("A-2"); x != a1 || y != a2 {
				t.Errorf("%s: A-1 holds %d, A-2 %d; want %d and %d", what, x, y, a1, a2)
			}
		}
		m.browser.post(one, "/listings/link", m.in(0, "ref-A-1", "code", "A-2", "sku", "", "one", "1", "keep", "1"))
		want("kept", 3, 0)
		m.browser.post(one, "/listings/link", m.in(0, "ref-A-1", "code", "A-1", "sku", "", "one", "1", "keep", ""))
		m.browser.post(one, "/listings/link", m.in(0, "ref-A-1", "code", "A-2", "sku", "", "one", "1", "keep", ""))
		want("moved", 0, 3)
		if v = m.browser.post(one, "/listings/unlink", m.in(0, "ref-A-1")); v.Code != http.StatusSeeOther {
			t.Errorf("taken off: %d", v.Code)
		}
		want("taken off", 0, 0)
		if v = m.browser.page("/listings"); rowsOf(v) != "ref-A-1" && !strings.Contains(v.html, "受注1行 3個が待っています") {
			t.Errorf("after taking it off: %q", rowsOf(v))
		}
		// Somebody else has linked it meanwhile: a button of the list does not take that away.
		m.browser.post(one, "/listings/link", m.in(0, "ref-A-1", "sku", "A-1"))
		v = m.browser.post("/listings", "/listings/link", m.in(0, "ref-A-1", "sku", "A-2"))
		if v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, "A-1 に紐付けたところです") {
			t.Errorf("linked twice: %d", v.Code)
		}
		want("linked again", 3, 0)
	})
}

// The whole of it: an order of unknown goods is held and shown, on the front page too; once linked it claims, and what the other shop is to show falls.
func TestListings_waiting_orders(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		m.stocked("A-1")
		m.push(0)
		m.push(1)
		m.order(0, "o-7", "mystery×2", "ref-A-1×1", "=手作り×1")
		v := m.browser.page("/")
		if got, _ := v.ByID("answer"); got != "どの商品か分からない受注が2行あります" || !strings.Contains(v.html, "3個の在庫を、まだ引き当てていません") || !strings.Contains(v.html, `href="/listings?show=waiting"`) {
			t.Errorf("the front page says %q", got)
		}
		v = m.browser.page("/listings?show=waiting")
		if rowsOf(v) != "mystery =手作り" {
			t.Errorf("waiting: %q", rowsOf(v))
		}
		for _, words := range []string{"o-7", "本店", "受注1行 2個が待っています", "から"} {
			if !strings.Contains(v.html, words) {
				t.Errorf("the list does not say %q", words)
			}
		}
		if m.committed("A-1") != 1 {
			t.Errorf("%d committed before linking", m.committed("A-1"))
		}
		m.browser.post("/listings?show=waiting", "/listings/link", m.in(0, "mystery", "code", "A-1", "sku", ""))
		m.browser.post("/listings?show=waiting", "/listings/link", m.in(0, "", "number", "o-7", "line", "3", "code", "A-1", "sku", ""))
		if m.committed("A-1") != 4 {
			t.Errorf("%d committed after linking", m.committed("A-1"))
		}
		m.plan()
		due, err := m.db.ListDue(context.Background(), m.tenant, m.shops[1].ID, 10, time.Now())
		if err != nil || len(due) != 1 || due[0].Target.String() != "6" {
			t.Errorf("the other shop is to show %+v: %v", due, err)
		}
		if v = m.browser.page("/listings?show=waiting"); !strings.Contains(v.html, "紐付けを待っている受注はありません") {
			t.Error("something still waits")
		}
		if v = m.browser.post("/listings", "/listings/link", m.in(0, "", "number", "o-7", "line", "9", "code", "A-1", "sku", "")); v.Code != http.StatusNotFound {
			t.Errorf("a line that is none: %d", v.Code)
		}
	})
}

func TestListings_ignored_codes(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		m.stocked("A-1")
		m.list(0, "p POSTAGE")
		m.order(0, "o-1", "p×1")
		m.browser.post("/listings", "/listings/ignore", m.in(0, "p", "ignore", "postage", "reason", "送料"))
		if v := m.browser.page("/listings"); rowsOf(v) != "" {
			t.Errorf("still asked about: %q", rowsOf(v))
		}
		if got, _ := m.browser.page("/").ByID("answer"); strings.Contains(got, "分からない受注") {
			t.Errorf("the front page says %q", got)
		}
		if v := m.browser.page("/listings/ignored"); !strings.Contains(v.html, "postage") || !strings.Contains(v.html, "送料") {
			t.Error("the code is not listed")
		}
		for typed, says := range map[string]string{" ": "商品コードを入力してください", "a-1": "商品 A-1 のコードです", strings.Repeat("x", 201): "長すぎます"} {
			v := m.browser.post("/listings/ignored", "/listings/ignore", url.Values{"ignore": {typed}, "back": {"/listings/ignored"}})
			if v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, says) {
				t.Errorf("%q: %d", typed, v.Code)
			}
		}
		v := m.browser.post("/listings/ignored", "/listings/ignore", url.Values{"ignore": {"POSTAGE"}, "remove": {"1"}, "back": {"/listings/ignored"}})
		if v.to() != "/listings/ignored" {
			t.Errorf("%d to %q", v.Code, v.to())
		}
		if v := m.browser.page("/listings"); rowsOf(v) != "p" {
			t.Errorf("asked about again: %q", rowsOf(v))
		}
	})
}

func TestListings_rule(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		m.stocked("A-1", "A-2")
		m.list(0, "x rk-a-1", "y rk-A-2", "z none")
		shop := fmt.Sprint(m.shops[0].ID)
		path := "/listings/rule?shop=" + shop
		form := func(more ...string) url.Values {
			f := url.Values{"shop": {shop}, "from": {"sku", "", "", ""}, "to": {"own", "own", "own", "own"}, "prefix": {"rk-"}, "suffix": {""}}
			for i := 0; i < len(more); i += 2 {
				f.Set(more[i], more[i+1])
			}
			return f
		}
		v := m.browser.post(path, "/listings/rule", form("do", "try"))
		if v.Code != http.StatusOK || !strings.Contains(v.html, "紐付く出品の例") || m.listed(0) != 2 {
			t.Errorf("tried: %d, %d linked", v.Code, m.listed(0))
		}
		if got := figures(v); got != "1 0 2" {
			t.Errorf("without folding: %s", got)
		}
		if got := figures(m.browser.post(path, "/listings/rule", form("do", "try", "fold", "1"))); got != "2 0 1" {
			t.Errorf("with folding: %s", got)
		}
		bad := form("do", "save")
		bad["from"] = []string{"sku", "sku", "", ""}
		if v = m.browser.post(path, "/listings/rule", bad); v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, "二度あります") {
			t.Errorf("the same step twice: %d", v.Code)
		}
		if v = m.browser.post(path, "/listings/rule", form("do", "save", "fold", "1")); v.Code != http.StatusSeeOther {
			t.Errorf("saved: %d", v.Code)
		}
		page := m.browser.page(path)
		if page.Field("prefix") != "rk-" || !strings.Contains(page.html, `name="fold" value="1" checked`) {
			t.Error("the rule is not shown as saved")
		}
		got, err := m.db.MatchListings(context.Background(), m.tenant, m.leases[0], "", 100)
		if err != nil || got.Linked != 2 {
			t.Errorf("%+v %v", got, err)
		}
	})
}

func figures(v visit) string {
	var all []string
	for _, dd := range v.Elements(atom.Dd) {
		if dl := dd.Parent.Parent; dl != nil && strings.Contains(attr(dl, "class"), "figures") {
			all = append(all, testkit.Text(dd))
		}
	}
	return strings.Join(all, " ")
}

// listed is how many listings of a shop are linked.
func (m *merchant) listed(shop int) int64 {
	m.t.Helper()
	n, err := m.db.CountListings(context.Background(), m.tenant, store.ListingQuery{Shop: m.shops[shop].ID, Show: store.ListingsLinked})
	if err != nil {
		m.t.Fatal(err)
	}
	return n
}

func TestListings_link_many(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		m.stocked("A-1", "A-2", "A-3")
		m.list(0, "x a-1", "y a-2", "z none")
		m.list(1, "x a-3")
		m.order(0, "o-1", "y×2")
		path := "/listings/sole?shop=" + fmt.Sprint(m.shops[0].ID)
		v := m.browser.page(path)
		if !strings.Contains(v.html, "選んだ一致の2件を紐付ける") {
			t.Error("it does not say how many would be linked")
		}
		form := url.Values{"shop": {fmt.Sprint(m.shops[0].ID)}, "reason": {"same_code"}, "do": {"try"}}
		if v = m.browser.post(path, "/listings/sole", form); !strings.Contains(v.html, "選んだ一致の0件を紐付ける") {
			t.Error("another choice is not taken")
		}
		form["reason"], form["do"] = []string{"folded", "magic"}, []string{"link"}
		v = m.browser.post(path, "/listings/sole", form)
		if v.Code != http.StatusOK || !strings.Contains(v.html, "2件を紐付けました") || !strings.Contains(v.html, "待っていた受注1行を引き当てました") {
			t.Errorf("%d", v.Code)
		}
		if m.listed(0) != 5 || m.listed(1) != 3 || m.committed("A-2") != 2 {
			t.Errorf("%d and %d linked, %d committed", m.listed(0), m.listed(1), m.committed("A-2"))
		}
	})
}

func TestListings_unlisted(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		m.stocked("A-1")
		if _, err := m.db.AddSKUs(context.Background(), m.tenant, []store.NewSKU{{Code: "NEW-1", Name: "新しい品"}, {Code: "NEW-2"}}); err != nil {
			t.Fatal(err)
		}
		m.list(0, "n new-1")
		v := m.browser.page("/listings?show=skus")
		if rowsOf(v) != "NEW-2 NEW-1" || !strings.Contains(v.html, "new-1") {
			t.Errorf("unlisted: %q", rowsOf(v))
		}
		m.browser.post("/listings?show=skus", "/listings/link", m.in(0, "n", "sku", "NEW-1", "back", "/listings?show=skus"))
		if got := rowsOf(m.browser.page("/listings?show=skus")); got != "NEW-2" {
			t.Errorf("unlisted after linking: %q", got)
		}
		if got := rowsOf(m.browser.page("/listings?show=skus&shop=" + fmt.Sprint(m.shops[1].ID))); got != "NEW-2 NEW-1" {
			t.Errorf("not in the second shop: %q", got)
		}
		of := m.browser.page("/listings/of?code=NEW-1")
		if rowsOf(of) == "" || !strings.Contains(m.browser.page("/sku?code=NEW-1").html, "/listings/of?code=NEW-1") {
			t.Error("the SKU's page does not lead to its listings")
		}
		m.browser.post("/listings/of?code=NEW-1", "/listings/unlink", m.in(0, "n", "back", "/listings/of?code=NEW-1"))
		if of = m.browser.page("/listings/of?code=NEW-1"); !strings.Contains(of.html, "このSKUの出品はまだありません") || !strings.Contains(of.html, "new-1") {
			t.Error("taken off, the listing is not offered again")
		}
	})
}

// Suggestions while one types.
func TestListings_options(t *testing.T) {
	t.Parallel()
	m := stocked(t, "MUG-1", "MUG-2", "TEE-1")
	v := m.browser.get("/listings/skus?code=mug")
	var codes []string
	for _, o := range v.Elements(atom.Option) {
		codes = append(codes, attr(o, "value"))
	}
	if slices.Sort(codes); !slices.Equal(codes, []string{"MUG-1", "MUG-2"}) {
		t.Errorf("%v", codes)
	}
	if v = m.browser.get("/listings/skus?code="); v.Code != http.StatusOK || len(v.Elements(atom.Option)) != 0 {
		t.Errorf("nothing typed: %d", v.Code)
	}
}

// One merchant's listings are nothing to another.
func TestListings_other_tenants(t *testing.T) {
	t.Parallel()
	m := stocked(t, "A-1")
	theirs, err := m.db.AddTenant(context.Background(), "other", "他社")
	if err != nil {
		t.Fatal(err)
	}
	shop, err := m.db.AddShop(context.Background(), theirs.ID, "paper", "他店", nil)
	if err != nil {
		t.Fatal(err)
	}
	lease, _, err := m.db.AcquireLease(context.Background(), theirs.ID, shop.ID, "test", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.db.TakeListings(context.Background(), theirs.ID, lease, []channel.Listing{{Ref: "secret", Title: "秘密"}}); err != nil {
		t.Fatal(err)
	}
	id := fmt.Sprint(shop.ID)
	for _, path := range []string{"/listings?shop=" + id, "/listings/one?shop=" + id + "&ref=secret", "/listings/rule?shop=" + id} {
		if v := m.browser.get(path); v.Code != http.StatusNotFound || strings.Contains(v.html, "秘密") {
			t.Errorf("%s: %d", path, v.Code)
		}
	}
	for _, action := range []string{"/listings/link", "/listings/unlink", "/listings/forget", "/listings/pull", "/listings/full", "/listings/rule", "/listings/sole"} {
		v := m.browser.post("/listings", action, url.Values{"shop": {id}, "ref": {"secret"}, "sku": {"A-1"}, "do": {"link"}})
		if v.Code != http.StatusNotFound {
			t.Errorf("%s: %d", action, v.Code)
		}
	}
}
