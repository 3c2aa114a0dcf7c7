package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"soroi/internal/stock"
	"soroi/internal/store/storetest"
	"soroi/internal/testkit"
	"soroi/internal/web/webtest"
)

// field is the name of a SKU's place in the grid.
func (m *merchant) field(code string) string { return fmt.Sprintf("c.%d", m.load(code).SKU) }

func (m *merchant) was(code string) string { return fmt.Sprintf("w.%d", m.load(code).SKU) }

// A merchant registers a shirt with colours and sizes, gives them stock, keeps units back and says when to reorder; renames it, and takes it out of use.
func TestProducts(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		to := func(from, action string, form url.Values, status int, says ...string) visit {
			t.Helper()
			v := m.browser.post(from, action, form)
			if v.Code != status {
				t.Fatalf("%s %v: %d\n%s", action, form, v.Code, v.html)
			}
			for _, want := range says {
				if !strings.Contains(v.html, want) {
					t.Errorf("%s %v does not say %q", action, form, want)
				}
			}
			if status == http.StatusUnprocessableEntity {
				for _, fault := range v.Faults(v.Field("token")) {
					t.Errorf("%s: %s", action, fault)
				}
			}
			return v
		}
		if v := m.browser.page("/products"); !strings.Contains(v.html, "商品はまだありません") {
			t.Error("an empty list does not say what to do")
		}
		to("/products/new", "/products/new", url.Values{"new_code": {"TS"}, "name": {""}, "option1_name": {"カラー"}, "option3_name": {"柄"}}, 422, "入力してください")
		to("/products/new", "/products/new", url.Values{"new_code": {"TS"}, "name": {"シャツ"}, "option1_name": {"カラー"}, "option3_name": {"柄"}}, 422, "前の属性を空けたまま")
		if v := to("/products/new", "/products/new", url.Values{"new_code": {"TS"}, "name": {"シャツ"}, "option1_name": {"カラー"}, "option2_name": {"サイズ"}}, 303); v.to() != "/product?code=TS" {
			t.Errorf("to %s", v.to())
		}
		to("/products/new", "/products/new", url.Values{"new_code": {"TS"}, "name": {"別"}}, 422, "もう使われています")
		const page = "/product?code=TS"
		to(page, "/product/skus", url.Values{"code": {"TS"}, "template": {"{product}-{1}-{2}"}, "values1": {"黒、白"}}, 422, "すべての属性に")
		values := url.Values{"code": {"TS"}, "template": {"{product}-{1}-{2}"}, "values1": {"黒、白"}, "values2": {"L\nM\nS"}, "do": {"look"}}
		to(page, "/product/skus", values, 200, `value="TS-黒-M"`, "この 6 SKU を登録する")
		values["do"], values["new.黒\x1fM\x1f"] = []string{"make"}, []string{"TS-BLACK-M"}
		to(page, "/product/skus", values, 303)
		to(page, "/product/skus", url.Values{"code": {"TS"}, "template": {"{product}-{1}-{2}"}, "values1": {"白"}, "values2": {"S"}}, 422, "もうあります")
		to(page, "/product/skus", url.Values{"code": {"TS"}, "template": {"TS-白-S"}, "values1": {"紺"}, "values2": {"S"}}, 422, "直してから登録してください", "もう使われています")
		grid := m.browser.page(page)
		if s, l := strings.Index(grid.html, ">S<"), strings.Index(grid.html, ">L<"); s < 0 || l < s {
			t.Error("sizes do not stand in their order")
		}

		// Stock: set, add, subtract; what moved meanwhile is said, and nothing is half done.
		stockPage := page + "&layer=on_hand"
		set := func(status int, mode, key string, values map[string][2]string, says ...string) {
			t.Helper()
			form := url.Values{"code": {"TS"}, "layer": {"on_hand"}, "mode": {mode}, "key": {key}, "reason": {"棚卸"}}
			for code, v := range values {
				form.Set(m.was(code), v[0])
				form.Set(m.field(code), v[1])
			}
			to(stockPage+"&mode="+mode, "/product/grid", form, status, says...)
		}
		set(303, "set", "k1", map[string][2]string{"TS-BLACK-M": {"0", "１２"}, "TS-白-S": {"0", "5"}, "TS-白-M": {"0", "0"}})
		set(303, "set", "k1", map[string][2]string{"TS-BLACK-M": {"0", "１２"}, "TS-白-S": {"0", "5"}, "TS-白-M": {"0", "0"}}) // sent twice
		if m.onHand("TS-BLACK-M") != 12 || m.onHand("TS-白-S") != 5 {
			t.Errorf("set: %d %d", m.onHand("TS-BLACK-M"), m.onHand("TS-白-S"))
		}
		set(303, "add", "k2", map[string][2]string{"TS-BLACK-M": {"12", "3"}, "TS-白-S": {"5", ""}})
		set(303, "subtract", "k3", map[string][2]string{"TS-白-S": {"5", "2"}})
		set(422, "subtract", "k4", map[string][2]string{"TS-白-S": {"3", "4"}, "TS-BLACK-M": {"15", "1"}}, "これ以上は引けません", "TS-白-S")
		set(422, "set", "k5", map[string][2]string{"TS-BLACK-M": {"12", "20"}, "TS-白-S": {"3", "9"}}, "入力中に 12 から 15 に変わりました")
		set(422, "set", "k6", map[string][2]string{"TS-BLACK-M": {"15", "many"}}, "整数を入力してください")
		set(422, "set", "k7", map[string][2]string{"TS-BLACK-M": {"15", "15"}}, "変えた数がありません")
		to(stockPage, "/product/grid", url.Values{"code": {"TS"}, "layer": {"on_hand"}, "mode": {"set"}, "key": {"k8"}, m.was("TS-白-S"): {"3"}, m.field("TS-白-S"): {"4"}}, 422, "理由を入力してください")
		if m.onHand("TS-BLACK-M") != 15 || m.onHand("TS-白-S") != 3 {
			t.Errorf("after all: %d %d", m.onHand("TS-BLACK-M"), m.onHand("TS-白-S"))
		}

		// Terms.
		nth := 0
		terms := func(status int, layer, code, was, value string, says ...string) {
			t.Helper()
			nth++
			to(page+"&layer="+layer, "/product/grid", url.Values{"code": {"TS"}, "layer": {layer}, "key": {fmt.Sprint("t", nth)}, m.was(code): {was}, m.field(code): {value}}, status, says...)
		}
		terms(303, "secured", "TS-BLACK-M", "", "10％")
		terms(303, "reorder", "TS-BLACK-M", "", "20")
		terms(422, "secured", "TS-BLACK-M", "10%", "101%", "割合は 0〜100%")
		terms(422, "reorder", "TS-BLACK-M", "20", "5%", "整数を入力してください")
		if item := m.load("TS-BLACK-M"); item.Terms.Secured.As != stock.InPercent || item.Terms.Secured.N != 10 || item.Terms.Reorder != stock.PointAt(20) || item.Name != "シャツ 黒 M" {
			t.Errorf("%+v", item)
		}
		terms(303, "secured", "TS-BLACK-M", "10%", "")
		if m.load("TS-BLACK-M").Terms.Secured.As != stock.NotSaid {
			t.Error("an empty place does not follow the product")
		}

		// Added to and taken off, from what is in force; what somebody else has changed meanwhile is said, and nothing is half done.
		moved := func(status int, layer, mode, key string, values map[string][2]string, says ...string) {
			t.Helper()
			form := url.Values{"code": {"TS"}, "layer": {layer}, "mode": {mode}, "key": {key}, "reason": {"実店舗"}}
			for code, v := range values {
				form.Set(m.was(code), v[0])
				form.Set(m.field(code), v[1])
			}
			to(page+"&layer="+layer+"&mode="+mode, "/product/grid", form, status, says...)
		}
		moved(303, "secured", "set", "m1", map[string][2]string{"TS-白-S": {"", "４"}})
		moved(303, "secured", "add", "m2", map[string][2]string{"TS-白-S": {"4", "3"}, "TS-白-M": {"", ""}})
		moved(303, "secured", "add", "m2", map[string][2]string{"TS-白-S": {"4", "3"}, "TS-白-M": {"", ""}}) // sent twice
		moved(422, "secured", "subtract", "m3", map[string][2]string{"TS-白-S": {"7", "8"}, "TS-白-M": {"", ""}}, "TS-白-S：")
		moved(422, "secured", "set", "m4", map[string][2]string{"TS-白-S": {"4", "9"}, "TS-白-M": {"", "1"}}, "入力中に 4 から 7 に変わりました")
		moved(303, "reorder", "add", "m5", map[string][2]string{"TS-BLACK-M": {"20", "5"}, "TS-白-S": {"", "2"}})
		moved(422, "reorder", "subtract", "m6", map[string][2]string{"TS-白-S": {"2", "3"}}, "TS-白-S：")
		if item := m.load("TS-白-S"); item.Terms.Secured.N != 7 || item.Terms.Secured.Reason != "実店舗" || item.Terms.Reorder != stock.PointAt(2) || m.load("TS-白-M").Terms.Secured.As != stock.NotSaid {
			t.Errorf("%+v", item.Terms)
		}
		if m.load("TS-BLACK-M").Terms.Reorder != stock.PointAt(25) {
			t.Errorf("%+v", m.load("TS-BLACK-M").Terms.Reorder)
		}

		// What was saved is offered to be put back, and stands in its places to be looked at first.
		form := url.Values{"code": {"TS"}, "layer": {"on_hand"}, "axes": {"213"}, "mode": {"add"}, "key": {"u1"}, "reason": {"入荷"}, m.was("TS-白-S"): {"3"}, m.field("TS-白-S"): {"40"}}
		saved := m.browser.page(to(stockPage, "/product/grid", form, 303).to())
		links := saved.All(func(n *htmlNode) bool { return strings.Contains(attr(n, "href"), "fill=") })
		if len(links) != 1 || m.onHand("TS-白-S") != 43 {
			t.Fatalf("%d ways back from %d: %s", len(links), m.onHand("TS-白-S"), saved.html)
		}
		filled := m.browser.page(attr(links[0], "href"))
		if got := filled.Field(m.field("TS-白-S")); got != "3" || filled.Field(m.was("TS-白-S")) != "43" || filled.Field("reason") != "取り消し" || m.onHand("TS-白-S") != 43 {
			t.Errorf("%q stands there to be looked at", got)
		}
		if rows := filled.All(func(n *htmlNode) bool { return attr(n, "scope") == "row" }); len(rows) != 3 || attr(filled.All(func(n *htmlNode) bool { return n.Data == "option" && testkit.HasAttr(n, "selected") })[0], "value") != "213" {
			t.Errorf("%d rows: the layout is forgotten", len(rows))
		}
		set(303, "set", "u2", map[string][2]string{"TS-白-S": {"43", "3"}})

		// What things are called.
		to("/product/sku?code=TS-BLACK-M", "/product/sku", url.Values{"code": {"TS-BLACK-M"}, "new_code": {"TS-BK-M"}, "name": {""}, "product": {"TS"}, "option1": {"黒"}, "option2": {"M"}, "jans": {"4901234567890"}}, 422, "最後の数字が合いません")
		to("/product/sku?code=TS-BLACK-M", "/product/sku", url.Values{"code": {"TS-BLACK-M"}, "new_code": {"TS-BK-M"}, "name": {""}, "product": {"TS"}, "option1": {"黒"}, "option2": {"M"}, "jans": {"4901234567894"}, "codes": {"old-1\nold-2"}}, 303)
		if v := m.browser.page("/product/sku?code=TS-BK-M"); !strings.Contains(v.html, "4901234567894") || !strings.Contains(v.html, "old-1\nold-2") {
			t.Error("the codes are not kept")
		}
		to("/product/sku?code=TS-白-L", "/product/sku", url.Values{"code": {"TS-白-L"}, "archive": {"delete"}}, 303)
		to("/product/sku?code=TS-BK-M", "/product/sku", url.Values{"code": {"TS-BK-M"}, "archive": {"delete"}}, 422, "取扱終了にしてください")
		to(page, "/product/edit", url.Values{"code": {"TS"}, "new_code": {"TS1"}, "name": {"Tシャツ"}, "option1_name": {"カラー"}}, 422, "SKU がこの属性の値を使っています")
		to(page, "/product/edit", url.Values{"code": {"TS"}, "new_code": {"TS1"}, "name": {"Tシャツ"}, "option1_name": {"色"}, "option2_name": {"サイズ"}}, 303)
		m.plan()
		if v := m.browser.page("/products?q=ｔしゃつ"); !strings.Contains(v.html, "TS1") || !strings.Contains(v.html, "色 × サイズ") {
			t.Errorf("the list: %s", v.html)
		}
		file := m.browser.get("/products/csv")
		for _, want := range []string{"商品コード,商品名,SKUコード", "TS1,Tシャツ,TS-BK-M", "4901234567894"} {
			if !strings.Contains(file.html, want) {
				t.Errorf("the file does not say %q: %s", want, file.html)
			}
		}
		to("/product?code=TS1", "/product/edit", url.Values{"code": {"TS1"}, "archive": {"1"}}, 303)
		if v := m.browser.page("/products"); strings.Contains(v.html, "TS1") {
			t.Error("what is out of use stays in the list")
		}
		if !m.load("TS-BK-M").Archived {
			t.Error("its SKUs are in use")
		}
		to("/product?code=TS1", "/product/edit", url.Values{"code": {"TS1"}, "archive": {"0"}}, 303)
		if m.load("TS-BK-M").Archived {
			t.Error("its SKUs did not come back")
		}
		if v := m.browser.get("/product?code=none"); v.Code != http.StatusNotFound {
			t.Errorf("no such product: %d", v.Code)
		}
	})
}

// sized is a merchant with a shirt in two colours and three sizes, seen by a real browser.
func sized(t *testing.T, m *merchant) (tab *webtest.Tab, at string) {
	t.Helper()
	tab = webtest.Open(t)
	server := httptest.NewServer(m.handler)
	t.Cleanup(func() {
		tab.Go("about:blank")
		server.Close()
	})
	form := url.Values{"new_code": {"TS"}, "name": {"シャツ"}, "option1_name": {"カラー"}, "option2_name": {"サイズ"}}
	if v := m.browser.post("/products/new", "/products/new", form); v.Code != 303 {
		t.Fatal(v.Code)
	}
	if v := m.browser.post("/product?code=TS", "/product/skus", url.Values{"code": {"TS"}, "template": {"{1}{2}"}, "values1": {"a,b"}, "values2": {"S,M,L"}, "do": {"make"}}); v.Code != 303 {
		t.Fatal(v.Code)
	}
	return tab, server.URL
}

// paste lays text down where the focus is, as a person's Ctrl+V does.
func paste(text string) string {
	return fmt.Sprintf(`(() => { const data = new DataTransfer(); data.setData("text/plain", %q); document.activeElement.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})); return true })()`, text)
}

const cellText = `document.querySelector("input[aria-label=%s]").%s`

// The grid is typed in like a spreadsheet, and a block that was copied from one is laid down. What cannot be read is marked and nothing is sent.
func TestBrowser_product_grid(t *testing.T) {
	t.Parallel()
	scriptsBuilt(t)
	test := func(t *testing.T, m *merchant) {
		tab, at := sized(t, m)
		signIn(tab, at, "/product?code=TS&layer=on_hand")
		tab.Until(ready)
		value := func(code string) string { return fmt.Sprintf(cellText, code, "value") }
		told := `document.querySelector("[data-changes]").textContent`
		tab.Do(chromedp.Focus("input[aria-label=aM]"))
		tab.Until(paste("7\t１,２００\t5\r\n8\t数\r\n"))
		tab.Until(value("aM") + ` === "7" && ` + value("aL") + ` === "１,２００" && ` + value("bM") + ` === "8" && ` + value("bL") + ` === "数"`)
		tab.Until(told + `.includes("変えた数：4") && ` + told + `.includes("+1,215") && ` + told + `.includes("読めない数：1") && ` + told + `.includes("枠の外の 1 個")`)
		tab.Until(`document.querySelector("input[aria-label=aL]").closest("td").dataset.diff === "0 +1,200" && !document.querySelector("input[aria-label=aL]").hasAttribute("aria-invalid")`)
		tab.Type("#reason", "棚卸")
		tab.Click(".save button.main")
		tab.Until(`document.activeElement.getAttribute("aria-label") === "bL" && document.activeElement.getAttribute("aria-invalid") === "true"`)
		if n := m.onHand("aM"); n != 0 {
			t.Fatalf("half a grid was sent: %d", n)
		}
		tab.Type("input[aria-label=bL]", "9")
		tab.Until(told + ` === "変えた数：4（合計 +1,224）"`)
		tab.Do(press("ArrowLeft"))
		tab.Do(chromedp.Focus("input[aria-label=aM]"))
		tab.Do(press("ArrowLeft"))
		tab.Until(`document.activeElement.getAttribute("aria-label") === "aS"`)
		tab.Do(press("Enter"))
		tab.Until(`document.activeElement.getAttribute("aria-label") === "bS"`)
		tab.Do(press("ArrowRight"))
		tab.Do(press("Escape")) // bM is as it was
		tab.Until(value("bM") + ` === "0"`)
		tab.Click(".save button.main")
		tab.Until(`Boolean(document.querySelector(".notice.good"))`)
		for code, want := range map[string]int64{"aS": 0, "aM": 7, "aL": 1200, "bM": 0, "bL": 9} {
			if got := m.onHand(code); got != want {
				t.Errorf("%s: %d, want %d", code, got, want)
			}
		}

		// The way back: looked at, then saved.
		tab.Until(ready)
		tab.Click(`a[href*="fill="]`)
		tab.Until(ready + ` && ` + value("aL") + ` === "0" && ` + told + `.includes("変えた数：3")`)
		tab.Click(".save button.main")
		tab.Until(`Boolean(document.querySelector(".notice.good"))`)
		if n := m.onHand("aL") + m.onHand("aM") + m.onHand("bL"); n != 0 {
			t.Errorf("%d units stayed", n)
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, setUp(t, hurried()))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, emptyOn(t, storetest.Postgres(t), hurried()).owned())
	})
}

// Without scripts the grid is a form: it is laid out the other way, numbers are typed, saved once and refused beside their place.
func TestBrowser_product_grid_without_scripts(t *testing.T) {
	t.Parallel()
	m := setUp(t, hurried())
	tab, at := sized(t, m)
	tab.Do(scriptsOff)
	signIn(tab, at, "/product?code=TS&layer=on_hand&axes=213")
	if rows := tab.Text("table.sheet tbody"); !strings.HasPrefix(strings.TrimSpace(rows), "S") {
		t.Errorf("sizes do not stand down: %s", rows)
	}
	tab.Type("input[aria-label=aM]", "many")
	tab.Type("input[aria-label=bM]", "5")
	tab.Type("#reason", "棚卸")
	tab.Click(".save button.main")
	tab.Until(`Boolean(document.querySelector("small.wrong"))`)
	if n := m.onHand("bM"); n != 0 {
		t.Errorf("half a grid was saved: %d", n)
	}
	tab.Type("input[aria-label=aM]", "１２")
	tab.Click(".save button.main")
	tab.Until(`Boolean(document.querySelector(".notice.good"))`)
	if m.onHand("aM") != 12 || m.onHand("bM") != 5 {
		t.Errorf("aM %d, bM %d", m.onHand("aM"), m.onHand("bM"))
	}
}
