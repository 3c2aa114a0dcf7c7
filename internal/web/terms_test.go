package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"soroi/internal/stock"
	"soroi/internal/store"
)

// sum is a figure of a SKU's page: f-h, f-c, f-a or f-s, and the secured units as "f-k".
func (m *merchant) sum(code, id string) string {
	m.t.Helper()
	v := m.browser.page("/sku?code=" + code)
	got, _ := v.ByID(id)
	return got
}

func (m *merchant) load(code string) store.SKU {
	m.t.Helper()
	item, err := m.db.LoadSKU(context.Background(), m.tenant, code)
	if err != nil {
		m.t.Fatal(err)
	}
	return item
}

func TestTerms(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		_, err := m.db.AddSKUs(context.Background(), m.tenant, []store.NewSKU{{Product: "T", Code: "T-1", Name: "シャツ 赤"}, {Product: "T", Code: "T-2", Name: "シャツ 青"}})
		if err != nil {
			t.Fatal(err)
		}
		m.stocked("T-1", "T-2")
		save := func(to string, form url.Values) visit {
			t.Helper()
			form.Set("code", "T-1")
			return m.browser.post("/sku?code=T-1", to, form)
		}
		for _, c := range []struct {
			to       string
			form     url.Values
			sellable string // of T-1, T-2
			refused  string
		}{
			{"/sku/terms", url.Values{"supply": {"stocked"}, "secured_as": {"units"}, "secured": {"３"}, "secured_reason": {"実店舗"}, "reorder": {"8"}}, "7 10", ""},
			{"/sku/terms", url.Values{"supply": {"stocked"}, "secured_as": {"percent"}, "secured": {"25"}, "reorder": {""}}, "7 10", ""},
			{"/sku/product-terms", url.Values{"secured_as": {"units"}, "secured": {"4"}, "reorder": {"12"}}, "7 6", ""},
			{"/sku/terms", url.Values{"supply": {"stocked"}, "secured_as": {""}, "secured": {"99"}}, "6 6", ""},
			{"/sku/terms", url.Values{"supply": {"made_to_order"}, "figure": {"1,200"}}, "1,200 6", ""},
			{"/sku/terms", url.Values{"supply": {"daily"}, "figure": {"30"}}, "30 6", ""},
			{"/sku/terms", url.Values{"supply": {"made_to_order_unlimited"}}, "無制限 6", ""},
			{"/sku/terms", url.Values{"supply": {"daily"}, "figure": {""}}, "無制限 6", "整数を入力してください"},
			{"/sku/terms", url.Values{"supply": {"elsewhere"}}, "無制限 6", "選択肢から選んでください"},
			{"/sku/terms", url.Values{"supply": {"stocked"}, "secured_as": {"percent"}, "secured": {"101"}}, "無制限 6", "割合は 0〜100%"},
			{"/sku/terms", url.Values{"supply": {"stocked"}, "secured_as": {"units"}, "secured": {"-1"}}, "無制限 6", "0 以上の数"},
			{"/sku/terms", url.Values{"supply": {"stocked"}, "secured_as": {"units"}, "secured": {"1"}, "secured_reason": {strings.Repeat("長", 201)}}, "無制限 6", "文字数が多すぎます"},
			{"/sku/terms", url.Values{"supply": {"stocked"}, "reorder": {"many"}}, "無制限 6", "整数を入力してください"},
			{"/sku/product-terms", url.Values{"secured_as": {"units"}, "secured": {"x"}, "reorder": {"99999999999"}}, "無制限 6", "整数を入力してください"},
			{"/sku/terms", url.Values{"supply": {"stocked"}, "secured_as": {"units"}, "secured": {"0"}, "secured_reason": {`<script>alert("x")</script>`}}, "10 6", ""},
		} {
			v := save(c.to, c.form)
			switch {
			case c.refused == "" && (v.Code != http.StatusSeeOther || v.to() != "/sku?code=T-1"):
				t.Errorf("%v: %d to %q", c.form, v.Code, v.to())
			case c.refused != "" && (v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, c.refused)):
				t.Errorf("%v: %d does not say %q", c.form, v.Code, c.refused)
			case c.refused != "":
				for _, fault := range v.Faults(v.Field("token")) {
					t.Errorf("%v: %s", c.form, fault)
				}
			}
			if got := m.sum("T-1", "f-s") + " " + m.sum("T-2", "f-s"); got != c.sellable {
				t.Errorf("%v: sellable %s, want %s", c.form, got, c.sellable)
			}
		}
		if own := m.load("T-1").Terms; own.Reorder != stock.PointAt(12) || !own.ReorderByProduct || own.Secured.As != stock.InUnits {
			t.Errorf("%+v", own)
		}
		m.plan()
		if got := m.browser.page("/stock?show=low").codes(); !slices.Equal(got, []string{"T-1", "T-2"}) {
			t.Errorf("at or below the point: %v", got)
		}
		why := m.browser.page(fmt.Sprintf("/sku?code=T-2&why=%d", m.load("T-2").Listings[0].ID))
		if got, _ := why.ByID("why"); !strings.Contains(got, "確保在庫 4") || !strings.Contains(got, "商品 T の設定") || strings.Contains(got, "説明できない") {
			t.Errorf("why: %s", got)
		}
	})
}

func TestInbound(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		m.stocked("A-1")
		post := func(to string, form url.Values) visit {
			t.Helper()
			form.Set("code", "A-1")
			return m.browser.post("/sku?code=A-1", to, form)
		}
		good := func(v visit) {
			t.Helper()
			if v.Code != http.StatusSeeOther {
				t.Errorf("%d %s", v.Code, v.html)
			}
		}
		says := func(want ...string) {
			t.Helper()
			v := m.browser.page("/sku?code=A-1")
			for _, w := range want {
				if !strings.Contains(v.html, w) {
					t.Errorf("the page does not say %q", w)
				}
			}
		}
		says("入荷予定はありません")
		good(post("/sku/inbound", url.Values{"document": {"PO-1"}, "units": {"30"}, "due": {"2020-01-31"}, "note": {"春の分"}}))
		says("PO-1", "2020-01-31", "予定日を過ぎています", "予定 30・入荷済 0", "春の分", "あと30個", "入荷予定を登録しました")
		for _, form := range []url.Values{{"document": {""}, "units": {"3"}}, {"document": {"x"}, "units": {"many"}}, {"document": {"x"}, "units": {"-1"}}, {"document": {"x"}, "units": {"1"}, "due": {"tomorrow"}}} {
			v := post("/sku/inbound", form)
			if v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, `class="wrong"`) {
				t.Errorf("%v: %d", form, v.Code)
			}
			for _, fault := range v.Faults(v.Field("token")) {
				t.Errorf("%v: %s", form, fault)
			}
		}
		receipt := url.Values{"document": {"PO-1"}, "units": {"12"}, "key": {"one-page"}}
		for range 2 { // sent twice, it happens once
			good(post("/sku/receive", receipt))
		}
		if got := m.onHand("A-1"); got != 22 {
			t.Errorf("on hand is %d", got)
		}
		says("予定 30・入荷済 12", "あと18個", "入荷を登録しました")
		if got, _ := m.browser.page("/sku?code=A-1").ByID("history"); !strings.Contains(got, "入荷 PO-1") {
			t.Errorf("history: %s", got)
		}
		if v := post("/sku/receive", url.Values{"document": {"PO-1"}, "units": {"0"}, "key": {"k2"}}); v.Code != http.StatusUnprocessableEntity {
			t.Errorf("nothing received: %d", v.Code)
		}
		if v := post("/sku/receive", url.Values{"document": {"PO-9"}, "units": {"1"}, "key": {"k3"}}); v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, "この伝票の入荷予定はありません") {
			t.Errorf("of another document: %d", v.Code)
		}
		good(post("/sku/receive", url.Values{"document": {"PO-1"}, "close": {"1"}}))
		says("入荷予定はありません", "締め切りました")
	})
}

func TestBulk(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		m.stocked("A-1", "A-2", "A-3", "B-1")
		list := m.browser.page("/stock?q=a")
		if got, _ := list.ByID("rows"); !strings.Contains(got, "条件に合う3件すべて") {
			t.Errorf("the list does not say how many all are: %s", got)
		}
		act := func(to string, form url.Values) visit {
			t.Helper()
			form.Set("back", "/stock?q=a")
			return m.browser.post("/stock?q=a", to, form)
		}
		secured := func() string {
			var list []string
			for _, code := range []string{"A-1", "A-2", "A-3", "B-1"} {
				s := m.load(code).Terms.Secured
				list = append(list, fmt.Sprintf("%d%s", s.N, strings.ReplaceAll(strings.ReplaceAll(string(s.As), "units", ""), "percent", "%")))
			}
			return strings.Join(list, " ")
		}
		// Nothing chosen leads back and says so.
		if v := act("/bulk/secured", url.Values{}); v.Code != http.StatusSeeOther || v.to() != "/stock?q=a" || !strings.Contains(m.browser.page("/stock?q=a").html, "チェックを付けてください") {
			t.Errorf("nothing chosen: %d to %s", v.Code, v.to())
		}
		ask := act("/bulk/secured", url.Values{"code": {"A-1", "B-1"}})
		for _, fault := range ask.Faults(ask.Field("token")) {
			t.Error(fault)
		}
		if got := ask.html; ask.Code != http.StatusOK || !strings.Contains(got, "対象 2件") || !strings.Contains(got, "2件を変更する") || strings.Contains(got, "A-2") {
			t.Errorf("%d %s", ask.Code, got)
		}
		key := ask.Field("key")
		run := url.Values{"code": {"A-1", "B-1"}, "key": {key}, "mode": {"add"}, "n": {"2"}, "as": {"units"}, "reason": {"卸"}}
		for range 2 { // sent twice, it happens once
			if v := act("/bulk/secured/run", run); v.Code != http.StatusSeeOther || v.to() != "/stock?q=a" {
				t.Fatalf("%d to %s", v.Code, v.to())
			}
		}
		if got := secured(); got != "2 0 0 2" {
			t.Errorf("secured: %s", got)
		}
		if !strings.Contains(m.browser.page("/stock?q=a").html, "選んだ SKU を変更しました") {
			t.Error("the list does not say that it was done")
		}
		// All hits of the filter, not just those on the page.
		all := url.Values{"all": {"1"}, "q": {"a"}}
		ask = act("/bulk/secured", all)
		if !strings.Contains(ask.html, "対象 3件") || !strings.Contains(ask.html, "「a」を含む") {
			t.Errorf("%s", ask.html)
		}
		set := url.Values{"all": {"1"}, "q": {"a"}, "key": {ask.Field("key")}, "mode": {"set"}, "n": {"10"}, "as": {"percent"}}
		act("/bulk/secured/run", set)
		if got := secured(); got != "10% 10% 10% 2" {
			t.Errorf("secured: %s", got)
		}
		// What cannot be done to some is told.
		v := act("/bulk/secured/run", url.Values{"all": {"1"}, "key": {"mixed"}, "mode": {"subtract"}, "n": {"1"}, "as": {"units"}})
		page := m.browser.page(v.to())
		if got, _ := page.ByID("job"); !strings.Contains(got, "確保在庫から 1 を引く") || !strings.Contains(got, "変更 1") || !strings.Contains(got, "変更できない 3") || !strings.Contains(got, "終わりました") {
			t.Errorf("%s: %s", v.to(), got)
		}
		act("/bulk/secured/run", url.Values{"all": {"1"}, "key": {"clear"}, "mode": {"clear"}})
		if got := secured(); got != "0 0 0 0" {
			t.Errorf("secured: %s", got)
		}
		act("/bulk/reorder/run", url.Values{"all": {"1"}, "q": {"a"}, "key": {"reorder"}, "mode": {"set"}, "n": {"10"}})
		m.plan()
		if got := m.browser.page("/stock?show=low").codes(); !slices.Equal(got, []string{"A-1", "A-2", "A-3"}) {
			t.Errorf("low: %v", got)
		}
		for _, form := range []url.Values{{"mode": {"set"}, "n": {""}, "as": {"units"}}, {"mode": {"set"}, "n": {"101"}, "as": {"percent"}}, {"mode": {"set"}, "n": {"1"}}, {"mode": {"steal"}, "n": {"1"}, "as": {"units"}},
			{"mode": {"set"}, "n": {"1"}, "as": {"units"}, "key": {strings.Repeat("k", 65)}}} {
			form.Set("code", "A-1")
			if form.Get("key") == "" {
				form.Set("key", "bad")
			}
			v := act("/bulk/secured/run", form)
			if v.Code != http.StatusUnprocessableEntity || m.load("A-1").Terms.Secured != (stock.Secured{}) {
				t.Errorf("%v: %d", form, v.Code)
			}
			for _, fault := range v.Faults(v.Field("token")) {
				t.Errorf("%v: %s", form, fault)
			}
		}
		for _, path := range []string{"/bulk/1", "/bulk/x"} {
			if v := m.browser.get(path); v.Code != http.StatusNotFound {
				t.Errorf("%s: %d", path, v.Code)
			}
		}
		other := m.browser.post("/stock", "/bulk/secured", url.Values{"code": {"A-1"}, "back": {"https://evil.example/"}})
		if strings.Contains(other.html, "evil") {
			t.Error("another site is linked to")
		}
	})
}

// An action on more SKUs than are done at once has a page that follows it, and can be stopped.
func TestBulk_many(t *testing.T) {
	t.Parallel()
	m := open(t)
	var skus []store.NewSKU
	for i := range 1200 {
		skus = append(skus, store.NewSKU{Code: fmt.Sprintf("S-%04d", i), Name: "品"})
	}
	if _, err := m.db.AddSKUs(context.Background(), m.tenant, skus); err != nil {
		t.Fatal(err)
	}
	v := m.browser.post("/stock", "/bulk/reorder/run", url.Values{"all": {"1"}, "key": {"k"}, "mode": {"set"}, "n": {"5"}, "back": {"/stock"}})
	page := m.browser.page(v.to())
	if got, _ := page.ByID("job"); !strings.Contains(got, "500 / 1,200件") || !strings.Contains(got, "止める") {
		t.Fatalf("%s", got)
	}
	path, _, _ := strings.Cut(v.to(), "?")
	if part := m.browser.get(path + "/live?back=/stock"); part.Code != http.StatusOK || strings.Contains(part.html, "<html lang") {
		t.Errorf("the part alone: %d", part.Code)
	}
	if _, err := m.db.StepBulk(context.Background(), m.tenant, 500); err != nil {
		t.Fatal(err)
	}
	if v := m.browser.post(v.to(), path+"/cancel", url.Values{"back": {"/stock"}}); v.Code != http.StatusSeeOther {
		t.Errorf("%d", v.Code)
	}
	if got, _ := m.browser.page(v.to()).ByID("job"); !strings.Contains(got, "1,000 / 1,200件") && !strings.Contains(got, "途中で止めました") {
		t.Errorf("%s", got)
	}
	if more, err := m.db.StepBulk(context.Background(), m.tenant, 500); more || err != nil {
		t.Errorf("it goes on: %v", err)
	}
}
