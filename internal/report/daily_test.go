package report_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"maps"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"soroi/internal/clock"
	"soroi/internal/event"
	"soroi/internal/mail"
	"soroi/internal/report"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
	"soroi/internal/testkit"
)

// hand is a clock that is moved by hand.
type hand struct {
	clock.System
	mu sync.Mutex
	at time.Time
}

func (h *hand) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *hand) set(at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = at
}

// daily is a merchant in Tokyo with a view that finds a SKU, and a mail server.
type daily struct {
	t      *testing.T
	clock  *hand
	db     *store.DB
	tenant stock.TenantID
	view   store.ViewID
	smtp   *testkit.SMTP
}

func eachDaily(t *testing.T, test func(d *daily)) {
	t.Helper()
	for engine, url := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "soroi.db") },
		"postgres": func(t *testing.T) string { return storetest.Postgres(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			h := &hand{at: time.Date(2026, 3, 31, 22, 59, 0, 0, time.UTC)} // 7:59 on 1 April
			d := &daily{t: t, clock: h, db: storetest.Open(t, url(t), h), smtp: testkit.NewSMTP(t, "shop", "geheim", false, false)}
			d.tenant, _ = storetest.Tenant(t, d.db, "a")
			_, err := d.db.AddSKUs(ctx, d.tenant, []store.NewSKU{{Code: "A-1", Name: "皿 <青>"}})
			d.must(err)
			_, _, err = d.db.Plan(ctx, d.tenant, 100, func([]*store.Unplanned) error { return nil })
			d.must(err)
			d.view, err = d.db.SaveView(ctx, d.tenant, store.View{List: "low", Name: "朝の発注", Query: ""})
			d.must(err)
			test(d)
		})
	}
}

func (d *daily) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *daily) process() *report.Daily {
	m, err := mail.New(mail.Config{Host: d.smtp.Host, Port: d.smtp.Port, User: d.smtp.User, Password: d.smtp.Password, From: "soroi@shop.example", Roots: d.smtp.Roots, Timeout: 5 * time.Second})
	d.must(err)
	return report.NewDaily(d.db, d.clock, slog.New(slog.DiscardHandler), m, "https://soroi.example", func(saved string) (store.LowQuery, []string) {
		q := store.LowQuery{Sort: store.LowCode}
		q.Filter.Text = saved
		return q, []string{"sku", "available"}
	})
}

func (d *daily) wanted(change func(*store.ViewReport)) {
	d.t.Helper()
	r := store.ViewReport{Hour: 8, Recipients: "hana@shop.example,ken@shop.example", Webhook: true, Language: "ja", Encoding: "cp932"}
	if change != nil {
		change(&r)
	}
	d.must(d.db.SetReport(context.Background(), d.tenant, d.view, &r))
}

// round lets several processes look for work at once.
func (d *daily) round() {
	var running sync.WaitGroup
	for range 3 {
		p := d.process()
		running.Go(func() { p.Round(context.Background()) })
	}
	running.Wait()
}

func (d *daily) now() store.ViewReport {
	d.t.Helper()
	views, err := d.db.ListViews(context.Background(), d.tenant, "low")
	d.must(err)
	return *views[0].Report
}

func (d *daily) events() []event.Event {
	d.t.Helper()
	_, err := d.db.NumberEvents(context.Background(), d.tenant, 1000)
	d.must(err)
	page, err := d.db.ReadFeed(context.Background(), d.tenant, store.FeedQuery{Kinds: []event.Kind{event.ViewReport}, Limit: 100})
	d.must(err)
	return page.Events
}

func (d *daily) sent(what string, letters, events int) {
	d.t.Helper()
	if l, e := len(d.smtp.Letters()), len(d.events()); l != letters || e != events {
		d.t.Errorf("%s: %d letters and %d events, want %d and %d; %+v", what, l, e, letters, events, d.now())
	}
}

// A view goes out once a day at its hour, however many processes look, and says what it finds.
func TestDaily(t *testing.T) {
	t.Parallel()
	eachDaily(t, func(d *daily) {
		d.wanted(nil)
		d.round()
		d.sent("before the hour", 0, 0)
		d.clock.set(d.clock.Now().Add(time.Minute))
		d.round()
		d.round()
		d.sent("at the hour", 1, 1)
		d.clock.set(d.clock.Now().Add(15*time.Hour + 59*time.Minute))
		d.round()
		d.sent("the end of the day", 1, 1)
		d.clock.set(d.clock.Now().Add(10 * time.Hour))
		d.round()
		d.sent("the next day, late", 2, 2)

		e := d.events()[0]
		if want := `"name":"朝の発注","day":"2026-04-01","skus":1,"out":1,"url":"https://soroi.example/low?view=`; !strings.Contains(e.Body, want) || !strings.Contains(e.Body, `"code":"A-1"`) {
			d.t.Error(e.Body)
		}
		letter := d.smtp.Letters()[0]
		m, err := netmail.ReadMessage(strings.NewReader(letter.Data))
		d.must(err)
		subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		d.must(err)
		if subject != "在庫割れ・発注点割れ「朝の発注」1 SKU（2026-04-01）" || strings.Join(letter.To, " ") != "hana@shop.example ken@shop.example" {
			d.t.Errorf("%q to %v", subject, letter.To)
		}
		parts := leaves(d.t, m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
		if text := parts["text/plain"]; !strings.Contains(text, "A-1 | 皿 <青> | 0") || !strings.Contains(text, "https://soroi.example/low?view=") {
			d.t.Error(text)
		}
		if html := parts["text/html"]; !strings.Contains(html, "皿 &lt;青&gt;") {
			d.t.Error(html)
		}
		if csv := parts["text/csv"]; csv != "SKU\x83R\x81[\x83h,\x98_\x97\x9d\x8d\xdd\x8c\xc9\r\nA-1,0\r\n" {
			d.t.Errorf("%q", csv)
		}
	})
}

// leaves are the parts of a letter by type.
func leaves(t *testing.T, kind, encoding string, body io.Reader) map[string]string {
	t.Helper()
	media, params, err := mime.ParseMediaType(kind)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	if !strings.HasPrefix(media, "multipart/") {
		switch strings.ToLower(encoding) {
		case "base64":
			body = base64.NewDecoder(base64.StdEncoding, body)
		case "quoted-printable":
			body = quotedprintable.NewReader(body)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		all[media] = string(text)
		return all
	}
	for r := multipart.NewReader(body, params["boundary"]); ; {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(all, leaves(t, part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part))
	}
}

// What passes is tried again, later and later; what needs somebody waits for him; what may have arrived is not sent twice.
func TestDaily_failures(t *testing.T) {
	t.Parallel()
	eachDaily(t, func(d *daily) {
		d.wanted(nil)
		d.clock.set(d.clock.Now().Add(time.Minute))
		d.smtp.Answer("RCPT", "450 4.2.0 Greylisted")
		d.smtp.Answer(".", testkit.Drop)
		d.round()
		d.sent("put off", 0, 1)
		if r := d.now(); r.State != store.ReportFailed || !strings.HasPrefix(r.Failure, "busy: ") || !r.NextTryAt.Equal(d.clock.Now().Add(time.Minute)) {
			d.t.Errorf("%+v", r)
		}
		d.round()
		d.sent("too early", 0, 1)
		d.clock.set(d.clock.Now().Add(time.Minute))
		d.round()
		if r := d.now(); r.State != store.ReportSending || !strings.HasPrefix(r.Failure, "unsure: ") || r.Tries != 2 {
			d.t.Errorf("%+v", r)
		}
		d.clock.set(d.clock.Now().Add(5 * time.Hour))
		d.round()
		d.sent("nobody knows", 0, 1)

		d.clock.set(d.clock.Now().Add(20 * time.Hour))
		d.smtp.Answer("RCPT", "550 5.1.1 User unknown")
		d.round()
		if r := d.now(); r.State != store.ReportFailed || !strings.HasPrefix(r.Failure, "recipient: ") || !r.NextTryAt.IsZero() {
			d.t.Errorf("%+v", r)
		}
		d.clock.set(d.clock.Now().Add(5 * time.Hour))
		d.round()
		d.sent("nobody there", 0, 2)
		d.wanted(func(r *store.ViewReport) { r.Recipients = "hana@shop.example" })
		d.round()
		d.sent("to another", 1, 2)
		if r := d.now(); r.State != store.ReportSent || r.Failure != "" || !r.SentAt.Equal(d.clock.Now()) {
			d.t.Errorf("%+v", r)
		}
		d.must(d.db.SetReport(context.Background(), d.tenant, d.view, nil))
		d.clock.set(d.clock.Now().Add(48 * time.Hour))
		d.round()
		if n := len(d.smtp.Letters()); n != 1 {
			d.t.Errorf("it is wanted no more: %d letters", n)
		}
	})
}

// A report that is asked for after its hour begins tomorrow, and says nothing where there is nothing to say.
func TestDaily_quiet(t *testing.T) {
	t.Parallel()
	eachDaily(t, func(d *daily) {
		d.clock.set(d.clock.Now().Add(2 * time.Hour))
		d.wanted(func(r *store.ViewReport) { r.SkipEmpty = true })
		d.round()
		d.sent("today is over", 0, 0)
		d.clock.set(d.clock.Now().Add(24 * time.Hour))
		d.round()
		d.sent("tomorrow", 1, 1)
		_, err := d.db.SaveView(context.Background(), d.tenant, store.View{ID: d.view, List: "low", Name: "朝の発注", Query: "nothing-is-called-so"})
		d.must(err)
		d.clock.set(d.clock.Now().Add(24 * time.Hour))
		d.round()
		d.sent("nothing to say", 1, 1)
		d.wanted(func(r *store.ViewReport) { r.Webhook, r.Language = false, "en" })
		d.clock.set(d.clock.Now().Add(24 * time.Hour))
		d.round()
		d.sent("nothing, said", 2, 1)
		if data := d.smtp.Letters()[1].Data; !strings.Contains(data, "There is nothing in this view.") || strings.Contains(data, "text/csv") {
			d.t.Error(data)
		}
		d.wanted(func(r *store.ViewReport) { r.Recipients = "" })
		d.clock.set(d.clock.Now().Add(24 * time.Hour))
		d.round()
		d.sent("only an event", 2, 2)
		if r := d.now(); r.State != store.ReportSent {
			d.t.Errorf("%+v", r)
		}
	})
}

// A try goes out at once and uses no day up.
func TestDaily_try(t *testing.T) {
	t.Parallel()
	eachDaily(t, func(d *daily) {
		d.wanted(nil)
		views, err := d.db.ListViews(context.Background(), d.tenant, "low")
		d.must(err)
		d.must(d.process().Try(context.Background(), d.tenant, views[0]))
		d.sent("a try", 1, 0)
		d.smtp.Answer("MAIL", "553 5.7.1 Sender address rejected")
		var p *mail.Problem
		if err := d.process().Try(context.Background(), d.tenant, views[0]); !errors.As(err, &p) || p.Sort != mail.Sender {
			d.t.Error(err)
		}
		d.clock.set(d.clock.Now().Add(time.Minute))
		d.round()
		d.sent("and the day", 2, 1)
	})
}
