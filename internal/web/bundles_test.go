package web_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"soroi/internal/store"
)

func TestBundles(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		_, err := m.db.AddSKUs(context.Background(), m.tenant, []store.NewSKU{{Code: "CUP", Name: "カップ"}, {Code: "BOX", Name: "箱"}, {Code: "GIFT", Name: "ギフト"}})
		if err != nil {
			t.Fatal(err)
		}
		m.stocked("CUP", "BOX") // 10 of each
		if v := m.browser.page("/bundles"); !strings.Contains(v.html, "セット商品はまだありません") {
			t.Error("an empty list does not say what to do")
		}
		save := func(code, parts string) visit {
			t.Helper()
			return m.browser.post("/sku?code="+code, "/sku/bundle", url.Values{"code": {code}, "parts": {parts}})
		}
		if v := save("GIFT", "CUP×２\r\nBOX"); v.Code != http.StatusSeeOther || v.to() != "/sku?code=GIFT" {
			t.Fatalf("%d %s", v.Code, v.html)
		}
		if made := m.sum("GIFT", "f-h") + " " + m.sum("GIFT", "f-s"); made != "5 5" {
			t.Errorf("made %s", made)
		}
		page := m.browser.page("/sku?code=GIFT")
		for _, want := range []string{"いちばん少ない", "CUP×2", "構成を変える"} {
			if !strings.Contains(page.html, want) {
				t.Errorf("the bundle's page does not say %q", want)
			}
		}
		if strings.Contains(page.html, `action="/sku/change"`) || strings.Contains(page.html, `name="figure"`) {
			t.Error("a bundle's page offers stock of its own")
		}
		if part := m.browser.page("/sku?code=CUP"); !strings.Contains(part.html, "この SKU を使うセット商品") || !strings.Contains(part.html, "1セットに2個") {
			t.Error("a part's page does not name its bundle")
		}
		for _, c := range []struct{ code, parts, says string }{
			{"CUP", "BOX", "実在庫のある SKU はセット商品にできません"},
			{"GIFT", "GIFT", "構成が自分自身に戻ります(GIFT → GIFT)"},
			{"GIFT", "CUP×2\nNONE×1", "コード「NONE」の商品はありません"},
			{"GIFT", "CUP×0", "構成品を読めません(CUP×0)"},
			{"GIFT", "CUP\nCUP×3", "構成品 CUP が 2 回書かれています"},
		} {
			v := save(c.code, c.parts)
			if v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, c.says) {
				t.Errorf("%s of %q: %d does not say %q", c.code, c.parts, v.Code, c.says)
			}
			for _, fault := range v.Faults(v.Field("token")) {
				t.Errorf("%s: %s", c.parts, fault)
			}
		}
		if v := m.browser.post("/sku?code=CUP", "/sku/change", url.Values{"code": {"GIFT"}, "key": {"k1"}, "mode": {"set"}, "units": {"3"}, "reason": {"棚卸"}}); v.Code != http.StatusUnprocessableEntity ||
			!strings.Contains(v.html, "構成品の在庫を変更してください") && !strings.Contains(v.html, "構成を変える") {
			t.Errorf("stock of a bundle: %d", v.Code)
		}
		if made := m.sum("GIFT", "f-s"); made != "5" {
			t.Errorf("a refused change has changed it to %s", made)
		}
		list := m.browser.page("/bundles")
		for _, want := range []string{"GIFT", "BOX×1 &#43; CUP×2"} {
			if !strings.Contains(list.html, want) {
				t.Errorf("the list does not say %q", want)
			}
		}
		if file := m.browser.get("/bundles/csv"); file.Code != http.StatusOK || !strings.Contains(file.html, "セット商品コード,構成") || !strings.Contains(file.html, "GIFT,BOX×1 + CUP×2") {
			t.Errorf("the file: %d %q", file.Code, file.html)
		}
		m.plan()
		if v := save("GIFT", " "); v.Code != http.StatusSeeOther {
			t.Errorf("ending the bundle: %d", v.Code)
		}
		if v := m.browser.page("/sku?code=GIFT"); !strings.Contains(v.html, `action="/sku/change"`) {
			t.Error("what is no bundle any more has no stock of its own")
		}
	})
}
