package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"soroi/internal/allocation"
	"soroi/internal/store"
)

// On a SKU's page its pattern is chosen, and what each shop may show of it is bounded.
func TestSKU_allotment(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		m.stocked("A-1", "B-2")
		v := m.browser.page("/sku?code=A-1")
		if !strings.Contains(v.html, "すべての店舗に同じ数") || !strings.Contains(v.html, "店舗ごとの例外") {
			t.Error("a SKU without a pattern does not say so")
		}
		m.browser.page("/patterns/new")
		if v := m.browser.post("/patterns/new", "/patterns", ruleForm(m, "0", "0")); v.Code != http.StatusSeeOther {
			t.Fatalf("saving: %d", v.Code)
		}
		list, err := m.db.ReadPatterns(context.Background(), m.tenant)
		if err != nil || len(list) != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		id := fmt.Sprint(list[0].ID)
		link := `<a href="/patterns/` + id + `">絞る</a>`
		post := func(to string, form url.Values) visit {
			t.Helper()
			form.Set("code", "A-1")
			v := m.browser.post("/sku?code=A-1", to, form)
			if v.Code == http.StatusSeeOther && v.to() != "/sku?code=A-1" {
				t.Errorf("%v goes to %s", form, v.to())
			}
			return v
		}
		if v := post("/sku/pattern", url.Values{"pattern_id": {id}}); v.Code != http.StatusSeeOther {
			t.Fatalf("%d %s", v.Code, v.html)
		}
		if v := m.browser.page("/sku?code=A-1"); !strings.Contains(v.html, link) || !strings.Contains(v.html, `<option value="`+id+`" selected>`) || strings.Contains(v.html, "（標準）") {
			t.Error("the page does not name the SKU's pattern")
		}
		if v := post("/sku/pattern", url.Values{"pattern_id": {"99"}}); v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, "もうありません") {
			t.Errorf("a pattern that is gone: %d", v.Code)
		}
		if v := post("/sku/pattern", url.Values{"pattern_id": {"x"}}); v.Code != http.StatusForbidden {
			t.Errorf("no pattern at all: %d", v.Code)
		}
		if err := m.db.SetDefaultPattern(context.Background(), m.tenant, list[0].ID); err != nil {
			t.Fatal(err)
		}
		if v := m.browser.page("/sku?code=B-2"); !strings.Contains(v.html, link+" （標準）") {
			t.Error("the default is not named as such")
		}
		if post("/sku/pattern", url.Values{"pattern_id": {"0"}}); m.load("A-1").Allotment.Assigned {
			t.Error("going back to the default does not")
		}

		a, b := fmt.Sprintf("e%d", m.shops[0].ID), fmt.Sprintf("e%d", m.shops[1].ID)
		held := func() string {
			item, text := m.load("A-1"), ""
			for _, shop := range m.shops {
				text += string(item.Allotment.Exceptions[shop.ID].Kind) + fmt.Sprint(item.Allotment.Exceptions[shop.ID].N) + " "
			}
			return text
		}
		for _, c := range []struct {
			form url.Values
			code int
			held string
		}{
			{url.Values{a + ".as": {"stop"}, b + ".as": {"at_most"}, b + ".most": {"１,２00"}}, http.StatusSeeOther, "stop0 at_most1200 "},
			{url.Values{a + ".as": {""}, b + ".as": {"at_most"}, b + ".most": {"many"}}, http.StatusUnprocessableEntity, "stop0 at_most1200 "},
			{url.Values{a + ".as": {"at_most"}, a + ".most": {"-1"}}, http.StatusUnprocessableEntity, "stop0 at_most1200 "},
			{url.Values{a + ".as": {"half"}}, http.StatusForbidden, "stop0 at_most1200 "},
			{url.Values{b + ".as": {"at_most"}, b + ".most": {"3"}}, http.StatusSeeOther, "stop0 at_most3 "},
			{url.Values{a + ".as": {""}, a + ".most": {"7"}, b + ".as": {"at_most"}, b + ".most": {"0"}}, http.StatusSeeOther, "0 stop0 "},
			{url.Values{a + ".as": {""}, b + ".as": {""}}, http.StatusSeeOther, "0 0 "},
			{url.Values{}, http.StatusSeeOther, "0 0 "},
		} {
			v := post("/sku/exceptions", c.form)
			if v.Code != c.code || held() != c.held {
				t.Errorf("%v: %d, held %q, want %d, %q", c.form, v.Code, held(), c.code, c.held)
			}
			if c.code == http.StatusUnprocessableEntity && (!strings.Contains(v.html, "の整数で入力してください") || !strings.Contains(v.html, `value="`+c.form.Get(b+".most")+`"`)) {
				t.Errorf("%v: it is not said what is wrong, or what was typed is lost", c.form)
			}
		}

		post("/sku/exceptions", url.Values{a + ".as": {"stop"}})
		if v := m.browser.page("/sku?code=A-1"); !strings.Contains(v.html, `<option value="stop" selected>`) {
			t.Error("the exception is not on the page")
		}
		if e := m.load("B-2").Allotment.Exceptions; len(e) != 0 {
			t.Errorf("another SKU has exceptions: %v", e)
		}
	})
}

// Patterns and exceptions come from files, too.
func TestImports_patterns_and_exceptions(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		m.stocked("A-1", "B-2")
		m.browser.page("/patterns/new")
		if v := m.browser.post("/patterns/new", "/patterns", ruleForm(m, "0", "0")); v.Code != http.StatusSeeOther {
			t.Fatalf("saving: %d", v.Code)
		}
		take := func(kind, text string) string {
			t.Helper()
			to := m.imported(kind, "", text)
			if v := m.browser.post(to, to+"/apply", nil); v.Code != http.StatusSeeOther {
				t.Fatalf("%s: %d %s", kind, v.Code, v.html)
			}
			if job := m.settled(to); job.State != store.ImportApplied {
				t.Fatalf("%s: %+v", kind, job)
			}
			return to
		}
		take("assignment", "SKUコード,配分パターン\nA-1,絞る\n")
		exceptions := take("exception", "店舗,SKUコード,上限\n本店,A-1,停止\n二号店,A-1,5\n")
		m.says(m.browser.page(exceptions), "– → 5", "– → 0")
		a, b := m.load("A-1").Allotment, m.load("B-2").Allotment
		if !a.Assigned || a.Pattern.Name != "絞る" || b.Assigned {
			t.Errorf("assigned: %v %q, %v", a.Assigned, a.Pattern.Name, b.Assigned)
		}
		if first, second := a.Exceptions[m.shops[0].ID], a.Exceptions[m.shops[1].ID]; first.Kind != allocation.Stop || second.Kind != allocation.AtMost || second.N != 5 || len(b.Exceptions) != 0 {
			t.Errorf("exceptions: %+v, %+v", a.Exceptions, b.Exceptions)
		}
		m.browser.post(exceptions, exceptions+"/undo", nil)
		if job := m.settled(exceptions); job.State != store.ImportUndone || len(m.load("A-1").Allotment.Exceptions) != 0 {
			t.Errorf("undone: %s, %+v", job.State, m.load("A-1").Allotment.Exceptions)
		}
	})
}
