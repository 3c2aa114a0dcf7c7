package api

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/feed"
	"soroi/internal/importer"
	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

var update = flag.Bool("update", false, "write the golden files and openapi.json anew")

// document is openapi.yaml, read once.
var document = sync.OnceValues(func() (*openapi3.T, error) { return openapi3.NewLoader().LoadFromData(documentYAML) })

// world is a merchant with goods in three shops, and the API in front of it.
type world struct {
	t       *testing.T
	db      *store.DB
	tenant  stock.TenantID
	at      stock.LocationID
	api     http.Handler
	imports *importer.Service
	log     *bytes.Buffer
	writer  string // tokens
	reader  string
	changed int // how often the planner was woken
	pulled  []channel.ShopID
}

func newWorld(t *testing.T, db *store.DB) *world {
	w := &world{t: t, db: db, log: &bytes.Buffer{}}
	ctx := context.Background()
	w.tenant, w.at = storetest.Tenant(t, db, "a")
	_, err := db.AddSKUs(ctx, w.tenant, []store.NewSKU{{Code: "TS-01", Name: "Tシャツ 黒"}, {Code: "TS-02", Name: "Ｔシャツ　白"}, {Code: "KZ/1 001", Name: "革靴"}, {Code: "changes", Name: "小銭入れ"},
		{Code: "DESK", Name: "注文家具の机", Terms: stock.Terms{Supply: stock.MadeToOrderUnlimited}}})
	w.must(err)
	_, w.writer, err = db.AddAPIToken(ctx, w.tenant, "倉庫", true)
	w.must(err)
	_, w.reader, err = db.AddAPIToken(ctx, w.tenant, "集計", false)
	w.must(err)
	log := slog.New(slog.NewTextHandler(w.log, nil))
	w.imports = importer.New(db, clock.System{}, log, nil)
	w.api = New(Deps{DB: db, Clock: clock.System{}, Log: log, Changed: func() { w.changed++ },
		Pull:   func(_ stock.TenantID, shop channel.ShopID) { w.pulled = append(w.pulled, shop) },
		Import: w.imports,
		Feed:   feed.New(db, clock.System{}, log, feed.Options{Policy: feed.Policy{Test: true}}),
		Specs:  []channel.Spec{{Kind: "plain", Limits: channel.Limits{Largest: 9999}}}})
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// fill gives the merchant a history: stock, shops in several states, an oversell.
func (w *world) fill() {
	w.t.Helper()
	w.set("TS-01", 10)
	w.set("TS-02", 1)
	rakuten := w.shop("楽天本店", store.Live, "TS-01", "TS-02", "DESK")
	yahoo := w.shop("Yahoo店", store.Live, "TS-01")
	w.shop("練習店", store.Rehearsing, "TS-01")
	w.plan()
	w.push(rakuten, channel.Outcome{State: channel.Applied})
	w.push(yahoo, channel.Outcome{State: channel.Refused, Err: &channel.Error{Kind: channel.Invalid, Op: "setStock", Code: "ed-00104", Message: "項目が不正です", NotDone: true}})
	w.sell(rakuten, "R-1", map[string]int64{"TS-01": 3, "TS-02": 2})
	w.plan()
	w.must(w.db.LoopFailed(context.Background(), w.tenant, yahoo.Shop, "new", &channel.Error{Kind: channel.Auth, Op: "orderList", Code: "AccessToken", Message: "expired"}))
}

func (w *world) set(code string, units int64) {
	w.t.Helper()
	ctx := context.Background()
	ids, err := w.db.FindSKUs(ctx, w.tenant, []string{code})
	w.must(err)
	_, err = w.db.ChangeStock(ctx, w.tenant, store.ChangeRequest{Cause: stock.ByHand, Kind: stock.Opening, Document: "棚卸-1", Actor: "owner", Reason: "棚卸",
		Rows: []stock.Change{{SKU: ids[code], Location: w.at, Mode: stock.Set, Units: units}}})
	w.must(err)
}

func (w *world) shop(name string, mode store.Mode, codes ...string) store.Lease {
	w.t.Helper()
	ctx := context.Background()
	shop, err := w.db.AddShop(ctx, w.tenant, "plain", name, channel.Settings{"key": "hidden"})
	w.must(err)
	w.must(w.db.SetMode(ctx, w.tenant, shop.ID, mode))
	lease, _, err := w.db.AcquireLease(ctx, w.tenant, shop.ID, "test", time.Hour)
	w.must(err)
	var listings []channel.Listing
	for _, c := range codes {
		listings = append(listings, channel.Listing{Ref: channel.Ref("ref:" + c), Codes: []match.Code{{Text: c}}, Title: c})
	}
	_, err = w.db.TakeListings(ctx, w.tenant, lease, listings)
	w.must(err)
	return lease
}

func (w *world) plan() {
	w.t.Helper()
	_, _, err := w.db.Plan(context.Background(), w.tenant, 100, func(skus []*store.Unplanned) error {
		for _, u := range skus {
			for i := range u.Listings {
				u.Listings[i].NewTarget = u.Terms.Sellable(u.Balance).AtMost(9999)
			}
		}
		return nil
	})
	w.must(err)
}

func (w *world) push(lease store.Lease, outcome channel.Outcome) {
	w.t.Helper()
	ctx := context.Background()
	due, err := w.db.ListDue(ctx, w.tenant, lease.Shop, 10, time.Now().Add(time.Hour))
	w.must(err)
	var ids []store.ListingID
	for _, d := range due {
		ids = append(ids, d.ID)
	}
	p, err := w.db.BeginPush(ctx, w.tenant, lease, ids, false)
	w.must(err)
	outcomes := make([]store.PushOutcome, len(p.Items))
	for i := range outcomes {
		outcomes[i].Outcome = outcome
	}
	w.must(w.db.RecordPush(ctx, w.tenant, lease, p, outcomes))
}

func (w *world) sell(lease store.Lease, number string, units map[string]int64) {
	w.t.Helper()
	now := time.Now().UTC()
	s := order.Snapshot{Number: number, PlacedAt: now.Add(time.Minute), State: order.Open, Version: order.Version{AskedAt: now}}
	for _, code := range []string{"TS-01", "TS-02"} {
		s.Lines = append(s.Lines, order.Line{Key: code, Ref: order.Ref("ref:" + code), Wanted: units[code]})
	}
	_, err := w.db.TakeIn(context.Background(), w.tenant, store.Intake{Lease: lease, Loop: "new", Returns: channel.ReturnsNever, Orders: []order.Snapshot{s}})
	w.must(err)
}

// call is one request of a test.
type call struct {
	method, path string
	token        string
	body         string
	header       map[string]string
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) problem(t *testing.T) Problem {
	t.Helper()
	var p Problem
	if err := json.Unmarshal(a.body, &p); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return p
}

func (w *world) get(path string) answer {
	return w.do(call{method: http.MethodGet, path: path, token: w.reader})
}

func (w *world) post(body string, headers ...string) answer {
	c := call{method: http.MethodPost, path: "/api/v1/stock/changes", token: w.writer, body: body, header: map[string]string{"Content-Type": "application/json"}}
	for i := 0; i+1 < len(headers); i += 2 {
		c.header[headers[i]] = headers[i+1]
	}
	return w.do(c)
}

// do makes a request, and holds the answer against the document.
func (w *world) do(c call) answer {
	w.t.Helper()
	r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for name, value := range c.header {
		r.Header.Set(name, value)
	}
	recorder := httptest.NewRecorder()
	w.api.ServeHTTP(recorder, r)
	a := answer{recorder.Code, recorder.Header(), recorder.Body.Bytes()}
	w.valid(c, r, a)
	if a.status >= 400 {
		p := a.problem(w.t)
		if p.Reference == "" || !strings.Contains(w.log.String(), "reference="+p.Reference) {
			w.t.Errorf("%s %s: the reference %q is not in the log", c.method, c.path, p.Reference)
		}
		if p.Status != a.status || a.header.Get("Content-Type") != "application/problem+json" {
			w.t.Errorf("%s %s: status %d, %s", c.method, c.path, a.status, a.body)
		}
	}
	return a
}

// valid holds an answer against openapi.yaml.
func (w *world) valid(c call, r *http.Request, a answer) {
	w.t.Helper()
	doc, err := document()
	w.must(err)
	for _, route := range routes {
		mux := http.NewServeMux()
		mux.Handle(route.method+" "+route.path, http.NotFoundHandler())
		if _, pattern := mux.Handler(r); pattern == "" || route.path == "/api/v1/stock/{code}" && c.method == http.MethodPost {
			continue
		}
		item := doc.Paths.Find(route.path)
		input := &openapi3filter.ResponseValidationInput{Status: a.status, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)),
			RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: &routers.Route{Spec: doc, Path: route.path, PathItem: item, Method: c.method,
				Operation: item.GetOperation(c.method)}},
			Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true}}
		if err := openapi3filter.ValidateResponse(context.Background(), input); err != nil {
			w.t.Errorf("%s %s answers %d against the document: %v\n%s", c.method, c.path, a.status, err, a.body)
		}
		return
	}
	if a.status != http.StatusNotFound && a.status != http.StatusMethodNotAllowed {
		w.t.Errorf("%s %s is not in the document and answers %d", c.method, c.path, a.status)
	}
}

var (
	times      = regexp.MustCompile(`"\d{4}-\d\d-\d\dT[0-9:.]+Z"`)
	references = regexp.MustCompile(`("reference": )"[a-z0-9]+"`)
	cursors    = regexp.MustCompile(`("next_cursor": )"[^"]+"`)
	numbers    = regexp.MustCompile(`("id": )\d+`)
	lags       = regexp.MustCompile(`("p\d\d": )[0-9.e-]*[1-9][0-9.e-]*`)
	soldToday  = regexp.MustCompile(`("sold_today": )\d+`) // orders are placed a minute ahead, which may be tomorrow
	documents  = regexp.MustCompile(`"api-[a-z0-9]+"`)
	webhooks   = regexp.MustCompile(`("webhook": )\d+`)
	secrets    = regexp.MustCompile(`"whsec_[^"]+"`)
	pingID     = regexp.MustCompile(`"ping_[0-9_]+"`)
	took       = regexp.MustCompile(`"took":[0-9.e-]+`)
)

func hideSecret(body []byte) []byte { return secrets.ReplaceAll(body, []byte(`"whsec_SECRET"`)) }

// golden compares an answer, without the times and ids of the moment, with testdata/name.json.
func golden(t *testing.T, name string, a answer) {
	t.Helper()
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, a.body, "", "  "); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	text := pretty.String()
	ids := make(map[string]string) // each id becomes the number of its first appearance
	text = numbers.ReplaceAllStringFunc(text, func(s string) string {
		if ids[s] == "" {
			ids[s] = fmt.Sprintf(`"id": %d`, len(ids)+1)
		}
		return ids[s]
	})
	text = times.ReplaceAllString(text, `"TIME"`)
	text = references.ReplaceAllString(text, `$1"REFERENCE"`)
	text = cursors.ReplaceAllString(text, `$1"CURSOR"`)
	text = lags.ReplaceAllString(text, `$1"SECONDS"`)
	text = soldToday.ReplaceAllString(text, `$1"UNITS"`)
	text = documents.ReplaceAllString(text, `"api-DOCUMENT"`)
	text = webhooks.ReplaceAllString(text, `${1}1`)
	text = fmt.Sprintf("HTTP %d %s\n%s", a.status, a.header.Get("Content-Type"), text)
	path := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s differs from %s; see go test -update\n%s", name, path, text)
	}
}

func escaped(code string) string { return url.PathEscape(code) }
