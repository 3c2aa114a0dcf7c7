package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"soroi/internal/stock"
	"soroi/internal/testkit"
)

type htmlNode = html.Node

func attr(n *htmlNode, key string) string { return testkit.Attr(n, key) }

// codes are the SKUs that a list shows, in its order.
func (v visit) codes() []string {
	var list []string
	for _, n := range v.All(func(n *htmlNode) bool { return testkit.HasAttr(n, "data-open") }) {
		list = append(list, testkit.Text(n))
	}
	return list
}

func TestStockList(t *testing.T) {
	t.Parallel()
	m := stocked(t, "TEE-M", "ｶｯﾌﾟ-1", "MUG-2")
	m.push(0)
	m.push(1)
	m.sell(0, "o-1", "MUG-2", 3)
	v := m.browser.page("/stock")
	if got := v.codes(); !slices.Equal(got, []string{"MUG-2", "TEE-M", "ｶｯﾌﾟ-1"}) {
		t.Errorf("codes: %v", got)
	}
	for id, want := range map[string]string{"h-MUG_2d_2": "10", "c-MUG_2d_2": "3", "a-MUG_2d_2": "7", "s0-MUG_2d_2": "7 一致", "s1-MUG_2d_2": "10 →7 反映待ち"} {
		if got, _ := v.ByID(id); got != want {
			t.Errorf("%s is %q, want %q", id, got, want)
		}
	}
	if to := v.All(func(n *htmlNode) bool { return attr(n, "href") == "/product?code=MUG-2" }); len(to) != 1 {
		t.Errorf("%d ways from a row to its product", len(to))
	}
	for query, want := range map[string][]string{
		"q=カップ": {"ｶｯﾌﾟ-1"}, "q=かっぷ": {"ｶｯﾌﾟ-1"}, "q=ｔｅｅ": {"TEE-M"}, "q=商品+mug": {"MUG-2"}, "q=100%25": nil, "q=%3Cscript%3E": nil,
		"show=behind": {"MUG-2"}, "show=out": nil, "show=unlisted": nil, "sort=available": {"MUG-2", "TEE-M", "ｶｯﾌﾟ-1"}, "show=nonsense&sort=nonsense": {"MUG-2", "TEE-M", "ｶｯﾌﾟ-1"},
	} {
		if got := m.browser.page("/stock?" + query).codes(); !slices.Equal(got, want) {
			t.Errorf("%s finds %v, want %v", query, got, want)
		}
	}
	if v := m.browser.page("/stock?q=nothing&show=out"); !strings.Contains(v.html, "「nothing」に合う商品はありません") {
		t.Error("nothing found is not said")
	}
	if v := m.browser.get("/stock?after=nonsense"); v.Code != http.StatusNotFound {
		t.Errorf("a place that is none: %d", v.Code)
	}
	part := m.browser.get("/stock/rows?q=mug")
	if got := part.codes(); part.Code != http.StatusOK || !slices.Equal(got, []string{"MUG-2"}) || strings.Contains(part.html, "<html lang") {
		t.Errorf("the table alone: %d %v", part.Code, got)
	}
}

func TestStockList_pages_show_each_once(t *testing.T) {
	t.Parallel()
	var codes []string
	for i := range 230 {
		codes = append(codes, fmt.Sprintf("C-%03d", i))
	}
	m := stocked(t, codes...)
	for i, c := range codes {
		if i%3 == 0 {
			m.change(c, stock.Set, int64(i%7))
		}
	}
	for _, order := range []string{"", "sort=available", "sort=most"} {
		var seen []string
		for path, pages := "/stock?"+order, 0; path != ""; pages++ {
			if pages > 5 {
				t.Fatalf("%q never ends", order)
			}
			v := m.browser.page(path)
			seen = append(seen, v.codes()...)
			path = ""
			for _, n := range v.All(func(n *htmlNode) bool { return attr(n, "rel") == "next" }) {
				path = attr(n, "href")
			}
			if got, _ := v.ByID("rows"); !strings.Contains(got, "全230件") {
				t.Errorf("%q does not tell how many there are", order)
			}
		}
		slices.Sort(seen)
		if !slices.Equal(seen, codes) {
			t.Errorf("%q shows %d rows of %d", order, len(slices.Compact(seen)), len(codes))
		}
	}
}

func TestSKU(t *testing.T) {
	t.Parallel()
	m := stocked(t, "A-1")
	m.push(0)
	m.sell(1, "order-77", "A-1", 4)
	v := m.browser.page("/sku?code=A-1")
	for id, want := range map[string]string{"f-h": "10", "f-c": "4", "f-a": "6", "f-s": "6"} {
		if got, _ := v.ByID(id); got != want {
			t.Errorf("%s is %q, want %q", id, got, want)
		}
	}
	if got, _ := v.ByID("history"); !strings.Contains(got, "引当 二号店 order-77 +4 10 4 6") || !strings.Contains(got, "在庫調整 棚卸 test +10 10 0 10") {
		t.Errorf("history: %s", got)
	}
	for _, path := range []string{"/sku?code=nothing", "/sku", "/sku?code=A-1&why=987654321", "/sku?code=A-1&why=x", "/sku?code=A-1&after=x", "/sku/now?code=x"} {
		if v := m.browser.get(path); v.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, v.Code)
		}
	}
	for _, part := range []string{"/sku/now?code=A-1", "/sku/history?code=A-1"} {
		if v := m.browser.get(part); v.Code != http.StatusOK || strings.Contains(v.html, "<html lang") {
			t.Errorf("%s: %d", part, v.Code)
		}
	}
	why := v.All(func(n *htmlNode) bool { return strings.Contains(attr(n, "href"), "why=") })
	if len(why) != 2 {
		t.Fatalf("%d shops can be asked why", len(why))
	}
	href, _, _ := strings.Cut(attr(why[0], "href"), "#")
	v = m.browser.page(href)
	got, _ := v.ByID("why")
	for _, want := range []string{"10 を表示しています。6 に変える順番を待っています。", "実在庫 10", "引当済 4", "論理在庫 6", "販売可能数 6", "掲載目標 6", "未出荷の受注 1 行", "二号店 の受注 order-77（明細 1）が 4 を引当", "10 にするよう送りました", "店舗の答え：反映した", "いま 10 を表示しているはずです"} {
		if !strings.Contains(got, want) {
			t.Errorf("why does not say %q: %s", want, got)
		}
	}
	if strings.Contains(got, "説明できない") {
		t.Errorf("a number that follows from the books counts as unexplained: %s", got)
	}
}

func TestChange(t *testing.T) {
	t.Parallel()
	m := stocked(t, "A-1")
	tests := []struct {
		mode, units, reason string
		want                int64
		refused             string
	}{
		{"add", "5", "入荷", 15, ""},
		{"subtract", "３", "破損", 12, ""},
		{"set", "1,000", "棚卸", 1000, ""},
		{"set", "0", "棚卸", 0, ""},
		{"subtract", "1", "破損", 0, "実在庫は 0 個なので、1 個は引けません。"},
		{"add", "-3", "入荷", 0, "整数を入力してください"},
		{"add", "1.5", "入荷", 0, "整数を入力してください"},
		{"add", "", "入荷", 0, "整数を入力してください"},
		{"add", "99999999999", "入荷", 0, "整数を入力してください"},
		{"add", "5", "  ", 0, "理由を入力してください"},
		{"steal", "5", "入荷", 0, "どれかを選んでください"},
		{"set", "7", strings.Repeat("長", 201), 0, "200文字まで"},
		{"set", "10", `<script>alert("x")</script>`, 10, ""},
	}
	for _, test := range tests {
		key := m.browser.get("/sku?code=A-1").Field("key")
		v := m.browser.post("/sku?code=A-1", "/sku/change", url.Values{"code": {"A-1"}, "key": {key}, "mode": {test.mode}, "units": {test.units}, "reason": {test.reason}})
		switch {
		case test.refused == "" && (v.Code != http.StatusSeeOther || v.to() != "/sku?code=A-1"):
			t.Errorf("%s %s: %d to %q", test.mode, test.units, v.Code, v.to())
		case test.refused != "" && (v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, test.refused)):
			t.Errorf("%s %s: %d does not say %q", test.mode, test.units, v.Code, test.refused)
		case test.refused != "":
			for _, fault := range v.Faults(v.Field("token")) {
				t.Errorf("%s %s: %s", test.mode, test.units, fault)
			}
		}
		if got := m.onHand("A-1"); got != test.want {
			t.Errorf("%s %s: on hand is %d, want %d", test.mode, test.units, got, test.want)
		}
	}
	v := m.browser.page("/sku?code=A-1")
	if !strings.Contains(v.html, "在庫を変更しました") || strings.Contains(v.html, "<script>alert") {
		t.Error("the change is not confirmed, or its reason runs")
	}
	if got, _ := v.ByID("history"); !strings.Contains(got, login) {
		t.Error("the history does not tell who did it")
	}
}

func TestChange_sent_twice_happens_once(t *testing.T) {
	t.Parallel()
	m := stocked(t, "A-1")
	form := url.Values{"code": {"A-1"}, "key": {m.browser.get("/sku?code=A-1").Field("key")}, "mode": {"add"}, "units": {"5"}, "reason": {"入荷"}}
	for range 2 {
		if v := m.browser.post("/sku?code=A-1", "/sku/change", form); v.Code != http.StatusSeeOther {
			t.Fatalf("%d", v.Code)
		}
	}
	form.Set("units", "6")
	if v := m.browser.post("/sku?code=A-1", "/sku/change", form); v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, "登録済み") {
		t.Errorf("the same form with another number: %d", v.Code)
	}
	if got := m.onHand("A-1"); got != 15 {
		t.Errorf("on hand is %d, want 15", got)
	}
}
