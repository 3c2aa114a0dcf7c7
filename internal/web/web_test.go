package web_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/engine"
	"soroi/internal/feed"
	"soroi/internal/importer"
	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
	"soroi/internal/testkit"
	"soroi/internal/web"
)

// shopSpec is a channel whose shops answer nothing: what the screens do with a shop needs no more.
var shopSpec = channel.Spec{Kind: "paper", Name: "紙モール", Hosts: []string{"api.paper.example"},
	Fields: []channel.Field{
		{Key: "api_key", Label: "APIキー", LabelEN: "API key", Help: "管理画面 → 設定", HelpEN: "Back office → settings", Secret: true, Required: true},
		{Key: "store_code", Label: "店舗コード", LabelEN: "Store code", Required: true},
		{Key: channel.BaseURL, Label: "アドレス", LabelEN: "Address", Default: "https://api.paper.example"},
	},
	Can:    channel.Can{Write: channel.Overwrite, ListListings: true, Webhook: true, Subscribe: true},
	Limits: channel.Limits{Largest: 999_999, PushItems: 10, ReadItems: 10, Poll: 15 * time.Second},
	Open:   func(channel.Settings, channel.Deps) (channel.Connector, error) { return silent{}, nil },
}

type silent struct{ channel.Connector }

// merchant is a set-up soroi with a browser that is signed in.
type merchant struct {
	t       testing.TB
	db      *store.DB
	tenant  stock.TenantID
	at      stock.LocationID
	handler http.Handler
	imports *importer.Service
	feed    *feed.Service
	browser *browser
	skus    map[string]stock.SKUID
	shops   []store.Shop
	leases  []store.Lease
}

const (
	login    = "hana@example.jp"
	password = "a long sentence of flowers"
)

// empty is a soroi that nobody has set up, whose screens live by a clock.
func empty(t testing.TB, screens clock.Clock) *merchant {
	t.Helper()
	return emptyOn(t, filepath.Join(t.TempDir(), "soroi.db"), screens)
}

// emptyOn is empty on the database at url.
func emptyOn(t testing.TB, url string, screens clock.Clock) *merchant {
	t.Helper()
	m := &merchant{t: t, db: storetest.Open(t, url, clock.System{})}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	m.tenant, m.at = storetest.Tenant(t, m.db, "main")
	e := engine.New(m.db, clock.System{}, log, []channel.Spec{shopSpec}, engine.Options{PublicURL: "https://soroi.test"})
	m.imports = importer.New(m.db, clock.System{}, log, nil)
	var err error
	m.feed = feed.New(m.db, clock.System{}, log, feed.Options{Policy: feed.Policy{Test: true}})
	m.handler, err = web.New(web.Deps{DB: m.db, Engine: e, Feed: m.feed, Import: m.imports, Clock: screens, Log: log, PublicURL: "http://soroi.test"})
	if err != nil {
		t.Fatal(err)
	}
	m.browser = newBrowser(t, m.handler)
	return m
}

// open is a merchant with an owner who is signed in, and nothing else.
func open(t testing.TB) *merchant {
	t.Helper()
	return setUp(t, clock.System{})
}

func setUp(t testing.TB, screens clock.Clock) *merchant {
	t.Helper()
	return empty(t, screens).owned()
}

// onEach runs a test with a merchant on each engine.
func onEach(t *testing.T, test func(t *testing.T, m *merchant)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, open(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, emptyOn(t, storetest.Postgres(t), clock.System{}).owned())
	})
}

// owned gives the merchant an owner, and signs him in.
func (m *merchant) owned() *merchant {
	t := m.t
	t.Helper()
	if _, err := m.db.SetUpOwner(context.Background(), m.tenant, store.NewAccount{Login: login, Name: "佐藤 花", Password: password}); err != nil {
		t.Fatal(err)
	}
	m.browser.signIn()
	return m
}

// stocked is a merchant with two live shops that list the given codes, 10 of each on the shelf.
func stocked(t testing.TB, codes ...string) *merchant {
	t.Helper()
	return open(t).stocked(codes...)
}

func (m *merchant) stocked(codes ...string) *merchant {
	t := m.t
	t.Helper()
	ctx := context.Background()
	var skus []store.NewSKU
	var listings []channel.Listing
	for _, c := range codes {
		skus = append(skus, store.NewSKU{Code: c, Name: "商品 " + c})
		listings = append(listings, channel.Listing{Ref: channel.Ref("ref-" + c), Codes: []match.Code{{Text: c}}, Title: "出品 " + c})
	}
	var err error
	if m.skus, err = m.db.AddSKUs(ctx, m.tenant, skus); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"本店", "二号店"} {
		shop, err := m.db.AddShop(ctx, m.tenant, "paper", name, channel.Settings{"api_key": "the-secret-key", "store_code": "S1"})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.db.SetMode(ctx, m.tenant, shop.ID, store.Live); err != nil {
			t.Fatal(err)
		}
		lease, _, err := m.db.AcquireLease(ctx, m.tenant, shop.ID, "test", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.db.TakeListings(ctx, m.tenant, lease, listings); err != nil {
			t.Fatal(err)
		}
		m.shops, m.leases = append(m.shops, shop), append(m.leases, lease)
	}
	for _, c := range codes {
		m.change(c, stock.Set, 10)
	}
	m.plan()
	return m
}

func (m *merchant) change(code string, mode stock.Mode, units int64) {
	m.t.Helper()
	_, err := m.db.ChangeStock(context.Background(), m.tenant, store.ChangeRequest{Cause: stock.ByHand, Kind: stock.Adjustment, Document: "test", Reason: "棚卸", Actor: "test",
		Rows: []stock.Change{{SKU: m.skus[code], Location: m.at, Mode: mode, Units: units}}})
	if err != nil {
		m.t.Fatal(err)
	}
}

// plan gives every listing its sellable number as the target.
func (m *merchant) plan() {
	m.t.Helper()
	_, _, err := m.db.Plan(context.Background(), m.tenant, 500, func(skus []*store.Unplanned) error {
		for _, u := range skus {
			for i := range u.Listings {
				u.Listings[i].NewTarget = u.Terms.Sellable(u.Balance)
			}
		}
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
}

// push makes a shop confirm everything that it owes.
func (m *merchant) push(shop int) {
	m.t.Helper()
	ctx := context.Background()
	due, err := m.db.ListDue(ctx, m.tenant, m.shops[shop].ID, 500, time.Now())
	if err != nil || len(due) == 0 {
		m.t.Fatal("nothing is due", err)
	}
	var ids []store.ListingID
	for _, d := range due {
		ids = append(ids, d.ID)
	}
	p, err := m.db.BeginPush(ctx, m.tenant, m.leases[shop], ids, true)
	if err != nil {
		m.t.Fatal(err)
	}
	outcomes := make([]store.PushOutcome, len(p.Items))
	for i := range outcomes {
		outcomes[i].State = channel.Applied
	}
	if err := m.db.RecordPush(ctx, m.tenant, m.leases[shop], p, outcomes); err != nil {
		m.t.Fatal(err)
	}
}

// sell takes an order of one shop in, placed after all that was confirmed so far.
func (m *merchant) sell(shop int, number, code string, units int64, problems ...string) {
	m.t.Helper()
	now := time.Now().Add(time.Minute).UTC() // surely after what the shops have confirmed
	_, err := m.db.TakeIn(context.Background(), m.tenant, store.Intake{Lease: m.leases[shop], Loop: "new", Orders: []order.Snapshot{{Number: number, PlacedAt: now, State: order.Open,
		Version: order.Version{AskedAt: now}, Problems: problems, Lines: []order.Line{{Key: "1", Ref: order.Ref("ref-" + code), Code: code, Wanted: units}}}}})
	if err != nil {
		m.t.Fatal(err)
	}
	m.plan()
}

func (m *merchant) onHand(code string) int64 {
	m.t.Helper()
	item, err := m.db.LoadSKU(context.Background(), m.tenant, code)
	if err != nil {
		m.t.Fatal(err)
	}
	return item.Balance.OnHand
}

// browser visits the screens in this process, keeping cookies, following nothing by itself.
type browser struct {
	t       testing.TB
	handler http.Handler
	jar     http.CookieJar
}

func newBrowser(t testing.TB, h http.Handler) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, handler: h, jar: jar}
}

// visit is one answer with its page.
type visit struct {
	*httptest.ResponseRecorder
	testkit.Page
	html string
}

// to is where the answer sends the browser.
func (v visit) to() string { return v.Header().Get("Location") }

func (b *browser) do(r *http.Request) visit {
	b.t.Helper()
	r.Host = "soroi.test"
	site := &url.URL{Scheme: "http", Host: "soroi.test", Path: "/"}
	for _, c := range b.jar.Cookies(site) {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	b.jar.SetCookies(site, w.Result().Cookies())
	text := w.Body.String()
	return visit{w, testkit.ParsePage(b.t, text), text}
}

func (b *browser) get(path string) visit {
	b.t.Helper()
	return b.do(httptest.NewRequest(http.MethodGet, path, nil))
}

// page is get, and the page must be whole and without fault.
func (b *browser) page(path string) visit {
	b.t.Helper()
	v := b.get(path)
	if v.Code != http.StatusOK {
		b.t.Fatalf("%s: %d %s", path, v.Code, v.html)
	}
	for _, fault := range v.Faults(v.Field("token")) {
		b.t.Errorf("%s: %s", path, fault)
	}
	return v
}

// post sends a form with the token that the page at from shows.
func (b *browser) post(from, action string, form url.Values) visit {
	b.t.Helper()
	if form == nil {
		form = url.Values{}
	}
	form.Set("token", b.get(from).Field("token"))
	return b.postRaw(action, form)
}

func (b *browser) postRaw(action string, form url.Values) visit {
	b.t.Helper()
	r := httptest.NewRequest(http.MethodPost, action, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

func (b *browser) signIn() {
	b.t.Helper()
	if v := b.post("/signin", "/signin", url.Values{"login": {login}, "password": {password}}); v.Code != http.StatusSeeOther {
		b.t.Fatalf("sign in: %d %s", v.Code, v.html)
	}
}

func (m *merchant) shopPath(i int, more string) string {
	return fmt.Sprintf("/shops/%d%s", m.shops[i].ID, more)
}

// session is the token of the browser's session.
func (m *merchant) session() string {
	m.t.Helper()
	for _, c := range m.browser.jar.Cookies(&url.URL{Scheme: "http", Host: "soroi.test", Path: "/"}) {
		if c.Name == "soroi_session" {
			return c.Value
		}
	}
	m.t.Fatal("nobody is signed in")
	return ""
}

// hurried is a clock on which streams need not be waited for.
func hurried() clock.Clock {
	now := time.Now().UTC()
	return clock.Scaled{Epoch: now, From: now, Speed: 50}
}
