package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"soroi/internal/store"
)

// A file of unknown columns is read as a person says, once and for all files with the same headers; with any other header it is asked about again.
func TestImports_columns(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		m.stocked("A-1", "B-2")
		send := func(kind, text string) visit {
			t.Helper()
			return m.upload(m.browser.get("/imports").Field("token"), kind, "", "棚.csv", text)
		}
		v := send("stock", "品,色,棚にある数\nA-1,赤,3\nB-2,<b>,４\n")
		if v.Code != http.StatusSeeOther || !strings.HasPrefix(v.to(), "/import-columns/") {
			t.Fatalf("%d %s", v.Code, v.to())
		}
		at := v.to()
		page := m.browser.page(at)
		m.says(page, "棚にある数", "赤", "&lt;b&gt;", "使わない", "在庫数（必須）")
		form := url.Values{"kind": {"stock"}, "mode": {"add"}, "name": {"棚卸表"}, "col0": {"code"}}
		if v := m.browser.post(at, at, form); v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, "「在庫数」の列を選んでください") {
			t.Errorf("a needed column is missing: %d", v.Code)
		}
		form.Set("col2", "code")
		if v := m.browser.post(at, at, form); v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, "と同じ項目です") {
			t.Errorf("one field twice: %d", v.Code)
		}
		form.Set("col2", "units")
		form.Set("all-mode", "掛け算")
		if v := m.browser.post(at, at, form); v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, "掛け算") {
			t.Errorf("a constant that does not suit: %d", v.Code)
		}
		form.Del("all-mode")
		v = m.browser.post(at, at, form)
		if job := m.settled(v.to()); job.State != store.ImportChecked || job.UnitsAfter-job.UnitsBefore != 7 {
			t.Fatalf("mapped: %+v", job)
		}
		m.says(m.browser.page(v.to()), "列の対応にない列です")
		if v := m.browser.get(at); v.Code != http.StatusNotFound {
			t.Errorf("the file still waits: %d", v.Code)
		}
		m.says(m.browser.page("/imports"), "保存した列の対応", "棚卸表", "棚にある数 → 在庫数")

		v = send("stock", "色,棚にある数,品\n赤,5,A-1\n") // another order
		if job := m.settled(v.to()); job.State != store.ImportChecked || job.UnitsAfter-job.UnitsBefore != 5 {
			t.Errorf("known again, with its own mode: %+v", job)
		}
		v = send("stock", "色,棚の数,品\n赤,5,A-1\n") // a renamed header
		if !strings.HasPrefix(v.to(), "/import-columns/") {
			t.Fatalf("a renamed header was not asked about: %s", v.to())
		}
		at = v.to()
		m.says(m.browser.page(at), "棚卸表", "なくなった列「棚にある数」", "新しい列「棚の数」")
		form = url.Values{"kind": {"stock"}, "mode": {"set"}, "name": {"棚卸表"}, "col1": {"units"}, "col2": {"code"}}
		if v := m.browser.post(at, at, form); v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, "この名前の対応がすでにあります") {
			t.Errorf("replaced without asking: %d", v.Code)
		}
		form.Set("replace", "1")
		v = m.browser.post(at, at, form)
		if job := m.settled(v.to()); job.State != store.ImportChecked || job.UnitsAfter != 5 {
			t.Errorf("replaced: %+v", job)
		}

		// UTF-16 without a mark, read wrongly at first; headers below a title.
		v = send("stock", "11月の棚\r\n\r\n品;棚の残り\r\nA-1;8\r\n")
		at = v.to()
		m.says(m.browser.page(at+"?kind=stock&line=3&delimiter=%3B"), "棚の残り", "8")
		if v := m.browser.get(at + "?kind=stock&line=99"); v.Code != http.StatusOK || !strings.Contains(v.html, "見出しの行がありません") {
			t.Errorf("no headers there: %d", v.Code)
		}
		v = m.browser.post(at, at, url.Values{"kind": {"stock"}, "mode": {"set"}, "line": {"3"}, "delimiter": {";"}, "name": {"題つき"}, "col0": {"code"}, "col1": {"units"}})
		if job := m.settled(v.to()); job.State != store.ImportChecked || job.UnitsAfter != 8 {
			t.Errorf("below a title: %+v", job)
		}
		v = send("stock", "12月の棚\r\n\r\n品;棚の残り\r\nA-1;9\r\n")
		if job := m.settled(v.to()); job.State != store.ImportChecked || job.UnitsAfter != 9 {
			t.Errorf("the title's mapping opens the file its own way: %+v", job)
		}

		v = send("link", "店,出品,品\n楽天本店,ref-A-1,A-1\n")
		at = v.to()
		if v := m.browser.post(at, at+"/drop", nil); v.Code != http.StatusSeeOther || m.browser.get(at).Code != http.StatusNotFound {
			t.Errorf("dropped: %d", v.Code)
		}
		for range 2 {
			if v := m.browser.post("/imports", "/import-mappings/delete", url.Values{"name": {"棚卸表"}}); v.Code != http.StatusSeeOther {
				t.Errorf("delete: %d", v.Code)
			}
		}
		if v := send("stock", "色,棚の数,品\n赤,5,A-1\n"); !strings.HasPrefix(v.to(), "/import-columns/") {
			t.Errorf("known by a mapping that is gone: %s", v.to())
		}
	})
}

func TestImports_columns_many(t *testing.T) {
	t.Parallel()
	m := stocked(t, "A-1")
	var headers []string
	for i := range 300 {
		headers = append(headers, fmt.Sprintf("列%d", i))
	}
	v := m.upload(m.browser.get("/imports").Field("token"), "stock", "set", "wide.csv", strings.Join(headers, ",")+"\nA-1,4\n")
	at := v.to()
	m.browser.page(at)
	v = m.browser.post(at, at, url.Values{"kind": {"stock"}, "mode": {"set"}, "col0": {"code"}, "col1": {"units"}})
	if job := m.settled(v.to()); job.State != store.ImportChecked || job.UnitsAfter != 4 {
		t.Errorf("%+v", job)
	}
	if list, err := m.imports.Mappings(t.Context(), m.tenant); err != nil || len(list) != 0 {
		t.Errorf("a mapping without a name was kept: %+v, %v", list, err)
	}
}
