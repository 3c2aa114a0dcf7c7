package web_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"soroi/internal/clock"
	"soroi/internal/event"
	"soroi/internal/mail"
	"soroi/internal/report"
	"soroi/internal/store"
	"soroi/internal/web/low"
)

// A view's daily sending is set, mended and ended on its page; what is wrong is said beside the field, and nothing is kept of it.
func TestLow_report(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		ctx := context.Background()
		id, err := m.db.SaveView(ctx, m.tenant, store.View{List: low.List, Name: "朝の発注", Query: "show=out"})
		if err != nil {
			t.Fatal(err)
		}
		here := fmt.Sprintf("/low/views/%d/report", id)
		if v := m.browser.page(fmt.Sprintf("/low?view=%d", id)); !strings.Contains(v.html, here) {
			t.Error("the list does not lead to the daily sending")
		}
		if v := m.browser.page(here); !strings.Contains(v.html, "--smtp-host") {
			t.Error("it is not said that there is no mail server")
		}
		now := func() *store.ViewReport {
			t.Helper()
			views, err := m.db.ListViews(ctx, m.tenant, low.List)
			if err != nil {
				t.Fatal(err)
			}
			return views[0].Report
		}
		form := func(change url.Values) url.Values {
			v := url.Values{"do": {"save"}, "hour": {"6"}, "recipients": {"hana@shop.example\r\n佐藤 <ken@shop.example>、hana@shop.example"}, "language": {"en"}, "encoding": {"cp932"}, "skip_empty": {"1"}, "webhook": {"1"}}
			for k := range change {
				v[k] = change[k]
			}
			return v
		}
		for what, c := range map[string]struct {
			change url.Values
			status int
			say    string
		}{
			"no address":     {url.Values{"recipients": {"hana"}}, http.StatusUnprocessableEntity, "「hana」はメールアドレスではありません。"},
			"nobody":         {url.Values{"recipients": {""}, "webhook": nil}, http.StatusUnprocessableEntity, "宛先を入力するか"},
			"no hour":        {url.Values{"hour": {"24"}}, http.StatusForbidden, ""},
			"no encoding":    {url.Values{"encoding": {"ebcdic"}}, http.StatusForbidden, ""},
			"a try, no mail": {url.Values{"do": {"try"}}, http.StatusUnprocessableEntity, "メールサーバーが設定されていません"},
		} {
			if v := m.browser.post(here, here, form(c.change)); v.Code != c.status || !strings.Contains(v.html, c.say) {
				t.Errorf("%s: %d\n%s", what, v.Code, v.html)
			}
		}
		if now() != nil {
			t.Error("something is kept of what was refused")
		}
		m.browser.post(here, here, form(nil))
		if r := now(); r == nil || r.Hour != 6 || r.Recipients != "hana@shop.example,ken@shop.example" || !r.Webhook || !r.SkipEmpty || r.Language != "en" || r.Encoding != "cp932" {
			t.Errorf("%+v", r)
		}
		absent, err := mail.New(mail.Config{})
		if err != nil {
			t.Fatal(err)
		}
		// It is sent, cannot be, and the page and the list say so.
		at, err := m.db.ListViews(ctx, m.tenant, low.List)
		if err != nil {
			t.Fatal(err)
		}
		d := report.NewDaily(m.db, clock.System{}, slog.New(slog.DiscardHandler), absent, "https://soroi.example", low.ReadSaved)
		if begun, err := m.db.BeginReport(ctx, m.tenant, at[0], at[0].Report.Day+1, false, reportBody); err != nil || !begun {
			t.Fatal(begun, err)
		}
		if begun, err := m.db.BeginReport(ctx, m.tenant, at[0], at[0].Report.Day+1, false, reportBody); err != nil || begun {
			t.Error("begun twice", err)
		}
		if err := d.Try(ctx, m.tenant, at[0]); err == nil {
			t.Error("sent without a server")
		}
		if err := m.db.EndReport(ctx, m.tenant, id, at[0].Report.Day+1, store.ReportResult{Failure: "recipient: 550 5.1.1 User unknown", Retry: noRetry}); err != nil {
			t.Fatal(err)
		}
		if v := m.browser.page(here); !strings.Contains(v.html, "宛先のアドレスが拒否され") || !strings.Contains(v.html, "550 5.1.1 User unknown") {
			t.Error(v.html)
		}
		if v := m.browser.page("/low"); !strings.Contains(v.html, "送信に失敗") {
			t.Error("the list does not say that a view was not sent")
		}
		m.browser.post(here, here, url.Values{"do": {"stop"}})
		if now() != nil {
			t.Error("it is still sent")
		}
		if v := m.browser.post(here, "/low/views/123456/report", form(nil)); v.Code != http.StatusNotFound {
			t.Errorf("a view that is not there: %d", v.Code)
		}
	})
}

var reportBody = event.Report{Name: "朝の発注", Items: []event.ReportRow{}}

func noRetry(int) time.Duration { return 0 }
