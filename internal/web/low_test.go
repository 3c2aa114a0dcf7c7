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
	"soroi/internal/testkit"
	"soroi/internal/text"
)

// shirts are three products in colours and sizes: T-1 is out in red, T-2 at its point in blue, T-3 has enough.
func (m *merchant) shirts() {
	m.t.Helper()
	ctx := context.Background()
	ptr := func(s string) *string { return &s }
	var e store.CatalogEdit
	var codes []string
	for i := range 3 {
		product := fmt.Sprintf("T-%d", i+1)
		e.Products = append(e.Products, store.ProductEdit{Code: product, Name: ptr("シャツ " + product), Options: &stock.OptionNames{"色", "サイズ"}})
		for _, colour := range []string{"赤", "青"} {
			code := product + "-" + map[string]string{"赤": "R", "青": "B"}[colour]
			e.SKUs = append(e.SKUs, store.SKUEdit{Code: code, Product: ptr(product), Options: &stock.Options{colour, "M"}})
			codes = append(codes, code)
		}
	}
	if answer, err := m.db.EditCatalog(ctx, m.tenant, e); err != nil || !answer.Applied {
		m.t.Fatal(answer.Refused(), err)
	}
	m.stocked(codes...)
	ids, err := m.db.FindSKUs(ctx, m.tenant, codes)
	if err != nil {
		m.t.Fatal(err)
	}
	m.skus = ids
	point := stock.PointAt(10)
	units := int64(24)
	if _, err := m.db.EditTerms(ctx, m.tenant, store.TermsEdit{Rows: []store.TermsRow{{SKU: ids["T-2-B"], Change: stock.TermsChange{Reorder: &point}}, {SKU: ids["T-1-R"], Change: stock.TermsChange{Reorder: &point}}}}); err != nil {
		m.t.Fatal(err)
	}
	if _, err := m.db.EditInbound(ctx, m.tenant, "test", []store.InboundRow{{SKU: ids["T-1-R"], Document: "PO-1", Units: &units}}); err != nil {
		m.t.Fatal(err)
	}
	m.sell(0, "o-1", "T-1-R", 12)
	m.sell(0, "o-2", "T-2-B", 3)
}

// table is the text of each row of a list's table.
func (v visit) table() []string {
	var list []string
	for _, n := range v.All(func(n *htmlNode) bool { return testkit.HasAttr(n, "data-row") }) {
		list = append(list, strings.Join(strings.Fields(testkit.Text(n)), " "))
	}
	return list
}

func TestLow(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		if v := m.browser.page("/low"); !strings.Contains(v.html, "在庫割れも発注点割れもありません") {
			t.Error("nothing is low, and it is not said")
		}
		m.shirts()
		for query, want := range map[string][]string{
			"":                                     {"T-1-R シャツ T-1 赤 M シャツ T-1 赤 M 売り越し -2 0 24 10 12 12 12 0", "T-2-B シャツ T-2 青 M シャツ T-2 青 M 発注点割れ 7 0 0 10 3 3 3 70"},
			"?sort=sold_30&cols=sold_30,days_left": {"T-1-R シャツ T-1 赤 M シャツ T-1 赤 M 売り越し 12 0", "T-2-B シャツ T-2 青 M シャツ T-2 青 M 発注点割れ 3 70"},
			"?show=out&cols=available":             {"T-1-R シャツ T-1 赤 M シャツ T-1 赤 M 売り越し -2"},
			"?show=oversold&cols=available":        {"T-1-R シャツ T-1 赤 M シャツ T-1 赤 M 売り越し -2"},
			"?value=青&cols=available":              {"T-2-B シャツ T-2 青 M シャツ T-2 青 M 発注点割れ 7"},
			"?product=T-3":                         nil,
			"?q=t-2&cols=inbound":                  {"T-2-B シャツ T-2 青 M シャツ T-2 青 M 発注点割れ 0"},
			"?group=product&cols=available,shortfall&sort=shortfall":  {"T-1 シャツ T-1 シャツ T-1 1 在庫割れ 1 売り越し -2 12", "T-2 シャツ T-2 シャツ T-2 1 発注点割れ 7 3"},
			"?group=o:色&cols=available":                               {"赤 1 在庫割れ 1 売り越し -2", "青 1 発注点割れ 7"},
			"?group=o:サイズ&cols=available":                             {"M 2 在庫割れ 1 売り越し 5"},
			"?group=o:素材&cols=available":                              {"（素材 なし） 2 在庫割れ 1 売り越し 5"},
			"?sort=nonsense&group=nonsense&cols=nonsense&show=behind": {"T-1-R シャツ T-1 赤 M シャツ T-1 赤 M 売り越し -2 0 24 10 12 12 12 0", "T-2-B シャツ T-2 青 M シャツ T-2 青 M 発注点割れ 7 0 0 10 3 3 3 70"},
		} {
			path := "/low"
			if query != "" {
				v, err := url.ParseQuery(query[1:])
				if err != nil {
					t.Fatal(err)
				}
				path += "?" + v.Encode()
			}
			if got := m.browser.page(path).table(); !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
		}
		if v := m.browser.get("/low?after=nonsense"); v.Code != http.StatusNotFound {
			t.Errorf("a place that is none: %d", v.Code)
		}
		if part := m.browser.get("/low/rows?show=out"); part.Code != http.StatusOK || strings.Contains(part.html, "<html lang") || len(part.table()) != 1 {
			t.Errorf("the table alone: %d", part.Code)
		}
		// Sums lead to what they sum up.
		sums := m.browser.page("/low?" + url.Values{"group": {"o:色"}, "show": {"out"}}.Encode())
		for _, n := range sums.All(func(n *htmlNode) bool { return testkit.HasAttr(n, "data-open") }) {
			if got := m.browser.page(attr(n, "href")).codes(); !slices.Equal(got, []string{"T-1-R"}) {
				t.Errorf("%s leads to %v", testkit.Text(n), got)
			}
		}
		// The front door: two clicks at most.
		if v := m.browser.page("/"); !strings.Contains(v.html, `href="/low"`) {
			t.Error("the menu does not lead here")
		}
	})
}

func TestLow_views(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		m.shirts()
		save := func(form url.Values) visit {
			t.Helper()
			return m.browser.post("/low", "/low/views", form)
		}
		v := save(url.Values{"name": {"赤の在庫割れ"}, "query": {url.Values{"value": {"赤"}, "show": {"out"}, "cols": {"available,shortfall"}}.Encode()}})
		if v.Code != http.StatusSeeOther {
			t.Fatalf("%d %s", v.Code, v.html)
		}
		red := v.to()
		page := m.browser.page(red)
		if got := page.table(); !slices.Equal(got, []string{"T-1-R シャツ T-1 赤 M シャツ T-1 赤 M 売り越し -2 12"}) || !strings.Contains(page.html, "事前設定を保存しました") {
			t.Errorf("%q", got)
		}
		if got := m.browser.page("/low").table(); len(got) != 2 {
			t.Errorf("a view that is not the home took its place: %q", got)
		}
		id := strings.TrimPrefix(red, "/low?view=")
		// Changed, it says so, and replaces itself when it is told to; and becomes the home.
		if changed := m.browser.page(red + "&value=" + url.QueryEscape("青")); !strings.Contains(changed.html, "変更あり") {
			t.Error("a changed view does not say so")
		}
		save(url.Values{"name": {"赤の在庫割れ"}, "query": {url.Values{"value": {"青"}}.Encode()}, "view": {id}, "over": {"1"}, "home": {"1"}})
		if got := m.browser.page("/low").codes(); !slices.Equal(got, []string{"T-2-B"}) {
			t.Errorf("the home view: %v", got)
		}
		if got := m.browser.page("/low?view=0").table(); len(got) != 2 {
			t.Errorf("the standard one: %q", got)
		}
		for name, want := range map[string]string{"": "名前を入力してください", strings.Repeat("長", 61): "60文字まで", "赤の在庫割れ": "同じ名前"} {
			v := save(url.Values{"name": {name}, "query": {"show=out"}})
			if v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, want) {
				t.Errorf("%q: %d does not say %q", name, v.Code, want)
			}
			for _, fault := range v.Faults(v.Field("token")) {
				t.Errorf("%q: %s", name, fault)
			}
		}
		if v := m.browser.post("/low", "/low/views/"+id+"/delete", nil); v.Code != http.StatusSeeOther {
			t.Errorf("%d", v.Code)
		}
		if v := m.browser.page("/low"); len(v.table()) != 2 || strings.Contains(v.html, "赤の在庫割れ") {
			t.Error("a deleted view is still there")
		}
	})
}

func TestLow_files(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		m.shirts()
		file := func(query url.Values) visit {
			t.Helper()
			v := m.browser.get("/low/csv?" + query.Encode())
			if v.Code != http.StatusOK || !strings.HasPrefix(v.Header().Get("Content-Disposition"), `attachment; filename="low-`) {
				t.Errorf("%v: %d %v", query, v.Code, v.Header())
			}
			return v
		}
		all := file(url.Values{})
		want := "\uFEFF商品コード,SKUコード,名称,選択肢1,選択肢2,選択肢3,状態,論理在庫,確保在庫,入荷予定,発注点,不足数,7日販売数,30日販売数,残り日数\r\n" +
			"T-1,T-1-R,シャツ T-1 赤 M,赤,M,,売り越し,-2,0,24,10,12,12,12,0\r\nT-2,T-2-B,シャツ T-2 青 M,青,M,,発注点割れ,7,0,0,10,3,3,3,70\r\n"
		if got := all.html; got != want {
			t.Errorf("%q\nwant %q", got, want)
		}
		if got, want := file(url.Values{"column": {"sku", "shortfall"}, "encoding": {"utf-8"}, "show": {"out"}}).html, "SKUコード,不足数\r\nT-1-R,12\r\n"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		shiftJIS := file(url.Values{"column": {"sku", "level"}, "encoding": {"cp932"}}).html
		var decoded strings.Builder
		for rest := []byte(shiftJIS); len(rest) > 0; {
			r, n := text.DecodeCP932(rest)
			decoded.WriteRune(r)
			rest = rest[n:]
		}
		if got := decoded.String(); got != "SKUコード,状態\r\nT-1-R,売り越し\r\nT-2-B,発注点割れ\r\n" {
			t.Errorf("%q", got)
		}
		if got, want := file(url.Values{"group": {"o:色"}, "encoding": {"utf-8"}, "column": {"name", "skus", "available"}}).html, "名称,SKU数,論理在庫\r\n赤,1,-2\r\n青,1,7\r\n"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		// A code that Shift_JIS lacks is refused before a byte is sent.
		if _, err := m.db.EditCatalog(context.Background(), m.tenant, store.CatalogEdit{SKUs: []store.SKUEdit{{Code: "T-1-R", NewCode: ptrTo("T-1-Ř")}}}); err != nil {
			t.Fatal(err)
		}
		if v := m.browser.get("/low/csv?encoding=cp932"); v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, "UTF-8 を選んでください") || v.Header().Get("Content-Disposition") != "" {
			t.Errorf("%d %s", v.Code, v.html)
		}
		// What was chosen in the stock list, as a file.
		ask := m.browser.post("/stock", "/bulk/csv", url.Values{"code": {"T-3-R", "T-3-B"}, "back": {"/stock"}})
		if ask.Code != http.StatusOK || !strings.Contains(ask.html, "対象 2件") {
			t.Errorf("%d", ask.Code)
		}
		for _, fault := range ask.Faults(ask.Field("token")) {
			t.Error(fault)
		}
		v := m.browser.post("/stock", "/bulk/csv/run", url.Values{"code": {"T-3-R", "T-3-B"}, "encoding": {"utf-8"}, "column": {"sku", "on_hand", "sellable", "supply"}})
		if want := "SKUコード,実在庫,販売可能数,供給\r\nT-3-B,10,10,在庫\r\nT-3-R,10,10,在庫\r\n"; v.Code != http.StatusOK || v.html != want {
			t.Errorf("%d %q, want %q", v.Code, v.html, want)
		}
		v = m.browser.post("/stock", "/bulk/csv/run", url.Values{"all": {"1"}, "show": {"low"}, "encoding": {"utf-8"}, "column": {"sku"}})
		if want := "SKUコード\r\nT-1-Ř\r\nT-2-B\r\n"; v.html != want {
			t.Errorf("%q, want %q", v.html, want)
		}
	})
}

func ptrTo[T any](v T) *T { return &v }
