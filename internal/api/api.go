// Package api is the HTTP API that other programs of a merchant use: reading and changing stock, its history, why a shop shows a number, how
// units are divided among shops (patterns and exceptions), and what happens (the feed of events, and webhooks).
// openapi.yaml beside this file describes it, and the tests hold every answer against it.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/feed"
	"soroi/internal/importer"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// Deps is what the API works with.
type Deps struct {
	DB     *store.DB
	Clock  clock.Clock
	Log    *slog.Logger
	Import *importer.Service
	Specs  []channel.Spec // the channels that are known
	Feed   *feed.Service
	// Changed is called after stock has changed, so that it is planned at once. It may be nil.
	Changed func()
	// Pull is called to ask a shop for its listings now. It may be nil.
	Pull func(stock.TenantID, channel.ShopID)
}

// largestBody bounds what is read of a request.
const largestBody = 1 << 20

// API serves /api/v1.
type API struct {
	deps Deps
	mux  *http.ServeMux
}

// route is one door of the API. Each stands in openapi.yaml, and nothing else does.
type route struct {
	method, path string
	access       access
	handle       func(a *API, r *request) error
}

// access says who may come in.
type access int

const (
	open    access = iota // anybody
	reading               // a token
	writing               // a token that may write
)

var routes = []route{
	{http.MethodGet, "/api/v1/openapi.yaml", open, (*API).documentYAML},
	{http.MethodGet, "/api/v1/openapi.json", open, (*API).documentJSON},
	{http.MethodGet, "/api/v1/stock", reading, (*API).listStock},
	{http.MethodGet, "/api/v1/stock/{code}", reading, (*API).loadStock},
	{http.MethodGet, "/api/v1/stock/{code}/movements", reading, (*API).listMovements},
	{http.MethodGet, "/api/v1/stock/{code}/explain", reading, (*API).explain},
	{http.MethodGet, "/api/v1/stock/{code}/past", reading, (*API).loadPast},
	{http.MethodGet, "/api/v1/past", reading, (*API).listPast},
	{http.MethodPost, "/api/v1/stock/changes", writing, (*API).changeStock},
	{http.MethodGet, "/api/v1/terms", reading, (*API).listTerms},
	{http.MethodPut, "/api/v1/terms", writing, (*API).setTerms},
	{http.MethodGet, "/api/v1/products", reading, (*API).listProducts},
	{http.MethodPut, "/api/v1/products", writing, (*API).setProducts},
	{http.MethodGet, "/api/v1/products/{product}", reading, (*API).loadProduct},
	{http.MethodGet, "/api/v1/skus/{code}", reading, (*API).loadSKU},
	{http.MethodGet, "/api/v1/skus", reading, (*API).listSKUs},
	{http.MethodPut, "/api/v1/skus", writing, (*API).setSKUs},
	{http.MethodPost, "/api/v1/skus/delete-unused", writing, (*API).deleteUnused},
	{http.MethodGet, "/api/v1/bundles", reading, (*API).listBundles},
	{http.MethodPut, "/api/v1/bundles", writing, (*API).setBundles},
	{http.MethodGet, "/api/v1/inbound", reading, (*API).listInbound},
	{http.MethodPut, "/api/v1/inbound", writing, (*API).setInbound},
	{http.MethodPost, "/api/v1/inbound/receipts", writing, (*API).receiveInbound},
	{http.MethodGet, "/api/v1/low", reading, (*API).listLow},
	{http.MethodGet, "/api/v1/shops", reading, (*API).listShops},
	{http.MethodGet, "/api/v1/patterns", reading, (*API).listPatterns},
	{http.MethodPost, "/api/v1/patterns", writing, (*API).addPattern},
	{http.MethodPut, "/api/v1/patterns/default", writing, (*API).setDefaultPattern},
	{http.MethodPost, "/api/v1/patterns/impact", reading, (*API).patternImpact},
	{http.MethodPost, "/api/v1/patterns/assignments", writing, (*API).assignPatterns},
	{http.MethodGet, "/api/v1/patterns/{pattern}", reading, (*API).loadPattern},
	{http.MethodPut, "/api/v1/patterns/{pattern}", writing, (*API).changePattern},
	{http.MethodDelete, "/api/v1/patterns/{pattern}", writing, (*API).deletePattern},
	{http.MethodPost, "/api/v1/exceptions", writing, (*API).setExceptions},
	{http.MethodPost, importsPath, writing, (*API).addImport},
	{http.MethodGet, importsPath + "/{import}", reading, (*API).loadImport},
	{http.MethodGet, importsPath + "/{import}/rows", reading, (*API).listImportRows},
	{http.MethodGet, importsPath + "/{import}/findings", reading, (*API).listImportFindings},
	{http.MethodGet, importsPath + "/{import}/refused", reading, (*API).listRefusedRows},
	{http.MethodPost, importsPath + "/{import}/apply", writing, (*API).applyImport},
	{http.MethodPost, importsPath + "/{import}/undo", writing, (*API).undoImport},
	{http.MethodPost, importsPath + "/{import}/cancel", writing, (*API).cancelImport},
	{http.MethodPost, importsPath + "/{import}/discard", writing, (*API).discardImport},
	{http.MethodGet, stocktakesPath, reading, (*API).listStocktakes},
	{http.MethodPost, stocktakesPath, writing, (*API).openStocktake},
	{http.MethodGet, stocktakesPath + "/{stocktake}", reading, (*API).loadStocktake},
	{http.MethodGet, stocktakesPath + "/{stocktake}/lines", reading, (*API).listCountLines},
	{http.MethodGet, stocktakesPath + "/{stocktake}/uncounted", reading, (*API).listUncounted},
	{http.MethodPost, stocktakesPath + "/{stocktake}/counts", writing, (*API).addCounts},
	{http.MethodPost, stocktakesPath + "/{stocktake}/counts/undo", writing, (*API).undoCounts},
	{http.MethodPost, stocktakesPath + "/{stocktake}/approvals", writing, (*API).approveCounts},
	{http.MethodPost, stocktakesPath + "/{stocktake}/recounts", writing, (*API).askRecounts},
	{http.MethodPost, stocktakesPath + "/{stocktake}/absent", writing, (*API).countAbsent},
	{http.MethodPost, stocktakesPath + "/{stocktake}/close", writing, (*API).closeStocktake},
	{http.MethodGet, mappingsPath, reading, (*API).listMappings},
	{http.MethodPut, mappingsPath + "/{name}", writing, (*API).putMapping},
	{http.MethodDelete, mappingsPath + "/{name}", writing, (*API).deleteMapping},
	{http.MethodGet, "/api/v1/shops/{id}/match-rule", reading, (*API).loadRule},
	{http.MethodPost, "/api/v1/shops/{id}/match-rule", writing, (*API).setRule},
	{http.MethodGet, "/api/v1/listings", reading, (*API).listListings},
	{http.MethodPost, "/api/v1/listings/links", writing, (*API).linkListings},
	{http.MethodGet, "/api/v1/listings/waiting", reading, (*API).listWaiting},
	{http.MethodGet, "/api/v1/listings/ignored", reading, (*API).listIgnored},
	{http.MethodPost, "/api/v1/listings/ignored", writing, (*API).ignoreCodes},
	{http.MethodPost, "/api/v1/listings/pull", writing, (*API).pullListings},
	{http.MethodGet, "/api/v1/events", reading, (*API).listEvents},
	{http.MethodGet, "/api/v1/webhooks", reading, (*API).listWebhooks},
	{http.MethodPost, "/api/v1/webhooks", writing, (*API).addWebhook},
	{http.MethodGet, "/api/v1/webhooks/{id}", reading, (*API).loadWebhook},
	{http.MethodPatch, "/api/v1/webhooks/{id}", writing, (*API).changeWebhook},
	{http.MethodDelete, "/api/v1/webhooks/{id}", writing, (*API).deleteWebhook},
	{http.MethodGet, "/api/v1/webhooks/{id}/calls", reading, (*API).listCalls},
	{http.MethodPost, "/api/v1/webhooks/{id}/ping", writing, (*API).pingWebhook},
	{http.MethodPost, "/api/v1/webhooks/{id}/replay", writing, (*API).replayWebhook},
	{http.MethodPost, "/api/v1/webhooks/{id}/secret", writing, (*API).rotateSecret},
}

// New makes the API. It answers everything below /api/.
func New(d Deps) http.Handler {
	if d.Changed == nil {
		d.Changed = func() {}
	}
	if d.Pull == nil {
		d.Pull = func(stock.TenantID, channel.ShopID) {}
	}
	a := &API{deps: d, mux: http.NewServeMux()}
	for _, route := range routes {
		a.mux.Handle(route.method+" "+route.path, a.handler(route))
	}
	for _, route := range routes {
		if a.ownPath(route.path) {
			a.mux.Handle(route.path, a.failing(a.wrongMethod))
		}
	}
	a.mux.Handle("/", a.failing(func(r *request) error {
		return problem(notFound, "There is nothing at %s. GET /api/v1/openapi.yaml lists all addresses.", r.r.URL.Path)
	}))
	return a
}

// methods are all that any address knows.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// allowed are the methods that an address knows, and the paths of the routes that they lead to.
func (a *API) allowed(at *url.URL) (known, paths []string) {
	for _, method := range methods {
		_, pattern := a.mux.Handler(&http.Request{Method: method, URL: at})
		if _, path, ok := strings.Cut(pattern, " "); ok {
			known, paths = append(known, method), append(paths, path)
		}
	}
	return known, paths
}

// ownPath tells whether whatever method is asked for at a route's path is a matter of that path alone: of an address below /stock/ that only takes
// posts, reading is that of a SKU whose code is the same word. It tells so once for each path.
func (a *API) ownPath(path string) bool {
	example := &url.URL{Path: strings.NewReplacer("{", "", "}", "").Replace(path)}
	_, paths := a.allowed(example)
	_, taken := a.mux.Handler(&http.Request{Method: http.MethodOptions, URL: example})
	return taken == "" && !slices.ContainsFunc(paths, func(p string) bool { return p != path })
}

// wrongMethod answers a method that an address does not know.
func (a *API) wrongMethod(r *request) error {
	known, _ := a.allowed(r.r.URL)
	allowed := strings.Join(known, ", ")
	r.w.Header().Set("Allow", allowed)
	return problem(methodNotAllowed, "%s knows %s only, the request was %s.", r.r.URL.Path, allowed, r.r.Method)
}

// ServeHTTP answers a request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	limit := int64(largestBody)
	if r.Method == http.MethodPost && r.URL.Path == importsPath {
		limit = largestFile + 1
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	a.mux.ServeHTTP(w, r)
}

// request is one call on its way through the API.
type request struct {
	w     http.ResponseWriter
	r     *http.Request
	token store.APIToken // of the caller; zero where anybody may come in
}

func (r *request) ctx() context.Context { return r.r.Context() }

func (a *API) handler(route route) http.Handler {
	return a.failing(func(r *request) error {
		if route.access != open {
			if err := a.authorize(r, route.access); err != nil {
				return err
			}
		}
		if code := r.r.PathValue("code"); !sound(code) {
			return problemOfSKU(code)
		}
		return route.handle(a, r)
	})
}

// failing serves a handler whose error becomes a problem.
func (a *API) failing(fn func(*request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, raw *http.Request) {
		r := &request{w: w, r: raw}
		if err := fn(r); err != nil {
			a.answerProblem(r, err)
		}
	})
}
