package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestPast(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		m.stocked("A-1") // 10
		japan := time.FixedZone("JST", 9*60*60)
		page := func(at time.Time) visit {
			t.Helper()
			return m.browser.get("/sku/past?code=A-1&at=" + url.QueryEscape(at.In(japan).Format("2006-01-02T15:04:05")))
		}
		if v := page(time.Now().Add(-time.Hour)); v.Code != http.StatusOK || !strings.Contains(v.html, "このときまでに在庫の変動はありません") {
			t.Errorf("an hour ago: %d", v.Code)
		}
		now := page(time.Now())
		if on, _ := now.ByID("f-h"); on != "10" || !strings.Contains(now.html, "実在庫 +10") && !strings.Contains(now.html, "実在庫 10") {
			t.Errorf("now: on hand %q\n%s", on, now.html)
		}
		if v := page(time.Now().Add(time.Hour)); v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, "これからの日時は調べられません") {
			t.Errorf("the future: %d", v.Code)
		}
		if v := m.browser.get("/sku/past?code=A-1&at=soon"); v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, "日時を選んでください") {
			t.Errorf("no moment: %d", v.Code)
		}
		if v := m.browser.get("/sku/past?code=none"); v.Code != http.StatusNotFound {
			t.Errorf("no such sku: %d", v.Code)
		}
		if v := m.browser.page("/sku?code=A-1"); !strings.Contains(v.html, "/sku/past?code=A-1") {
			t.Error("the page of the SKU does not lead to its past")
		}
	})
}
