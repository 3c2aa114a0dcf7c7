// Package web serves the screens: every route in one list, and what holds for all of them (who is there, the form token, the headers).
package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"soroi/internal/clock"
	"soroi/internal/engine"
	"soroi/internal/feed"
	"soroi/internal/importer"
	"soroi/internal/report"
	"soroi/internal/store"
	"soroi/internal/web/account"
	"soroi/internal/web/bulk"
	"soroi/internal/web/bundles"
	"soroi/internal/web/front"
	"soroi/internal/web/imports"
	"soroi/internal/web/listings"
	"soroi/internal/web/low"
	"soroi/internal/web/patterns"
	"soroi/internal/web/products"
	"soroi/internal/web/settings"
	"soroi/internal/web/shops"
	"soroi/internal/web/sku"
	"soroi/internal/web/stocklist"
	"soroi/internal/web/stocktake"
	"soroi/internal/web/ui"
)

// Deps is what the screens need.
type Deps struct {
	DB     *store.DB
	Engine *engine.Service
	Import *importer.Service
	Feed   *feed.Service
	Clock  clock.Clock
	Log    *slog.Logger
	// Daily sends views; without it none can be tried.
	Daily *report.Daily
	// PublicURL is where browsers reach the screens. Cookies are marked secure when it begins with https://.
	PublicURL string
}

type site struct {
	Deps
	ui      *ui.UI
	cookies ui.Cookies
	account *account.Screen
	keys    *ui.Template
}

// New makes the screens. The error is one of their templates'.
func New(d Deps) (http.Handler, error) {
	u, err := ui.New(d.Clock, d.Log)
	if err != nil {
		return nil, err
	}
	s := &site{Deps: d, ui: u, cookies: ui.Cookies{Secure: strings.HasPrefix(d.PublicURL, "https://")}}
	var screenErr [15]error
	s.account, screenErr[0] = account.New(u, d.DB, s.cookies)
	frontScreen, err := front.New(u, d.DB)
	screenErr[1] = err
	stockScreen, err := stocklist.New(u, d.DB)
	screenErr[2] = err
	skuScreen, err := sku.New(u, d.DB, d.Engine, s.cookies)
	screenErr[3] = err
	shopScreen, err := shops.New(u, d.DB, d.Engine, s.cookies)
	screenErr[4] = err
	s.keys, screenErr[5] = u.KeysPage()
	bulkScreen, err := bulk.New(u, d.DB, d.Engine, s.cookies)
	screenErr[7] = err
	patternScreen, err := patterns.New(u, d.DB, d.Engine, d.Clock, s.cookies, bulkScreen)
	screenErr[6] = err
	listingScreen, err := listings.New(u, d.DB, d.Engine, s.cookies)
	screenErr[8] = err
	importScreen, err := imports.New(u, d.DB, d.Import, d.Clock)
	screenErr[9] = err
	settingsScreen, err := settings.New(u, d.DB, d.Feed, s.cookies)
	screenErr[10] = err
	lowScreen, err := low.New(u, d.DB, d.Daily, s.cookies)
	screenErr[11] = err
	bundleScreen, err := bundles.New(u, d.DB)
	screenErr[12] = err
	takeScreen, err := stocktake.NewScreen(u, d.DB, d.Engine, s.cookies)
	screenErr[13] = err
	productScreen, err := products.NewScreen(u, d.DB, d.Engine, s.cookies)
	screenErr[14] = err
	if err := errors.Join(screenErr[:]...); err != nil {
		return nil, fmt.Errorf("screens: %w", err)
	}

	mux := http.NewServeMux()
	mux.Handle("GET /assets/{name}", u.Assets())
	mux.HandleFunc("GET /lang", s.setLang)
	for route, fn := range map[string]handler{
		"GET /setup":    s.account.SetupForm,
		"POST /setup":   s.account.Setup,
		"GET /signin":   s.account.SigninForm,
		"POST /signin":  s.account.Signin,
		"POST /signout": s.account.Signout,
	} {
		mux.Handle(route, s.open(fn))
	}
	mux.Handle("GET /live", s.signedIn(s.live))
	for route, fn := range map[string]handler{
		"GET /{$}":                frontScreen.Show,
		"GET /front/live":         frontScreen.Live,
		"GET /stock":              stockScreen.List,
		"GET /stock/rows":         stockScreen.Rows,
		"GET /sku":                skuScreen.Show,
		"GET /sku/now":            skuScreen.Now,
		"GET /sku/history":        skuScreen.History,
		"GET /sku/past":           skuScreen.ShowPast,
		"POST /sku/change":        skuScreen.Change,
		"POST /sku/terms":         skuScreen.SaveTerms,
		"POST /sku/product-terms": skuScreen.SaveProductTerms,
		"POST /sku/pattern":       skuScreen.SavePattern,
		"POST /sku/bundle":        skuScreen.SaveBundle,
		"GET /products":           productScreen.List,
		"GET /products/csv":       productScreen.CSV,
		"GET /products/new":       productScreen.NewForm,
		"POST /products/new":      productScreen.Add,
		"GET /product":            productScreen.Show,
		"GET /product/grid":       productScreen.GridPart,
		"POST /product/grid":      productScreen.SaveGrid,
		"POST /product/edit":      productScreen.Save,
		"POST /product/skus":      productScreen.AddSKUs,
		"GET /product/sku":        productScreen.EditSKU,
		"POST /product/sku":       productScreen.SaveSKU,
		"GET /bundles":            bundleScreen.List,
		"GET /bundles/csv":        bundleScreen.CSV,
		"POST /sku/exceptions":    skuScreen.SaveExceptions,
		"POST /sku/inbound":       skuScreen.AddInbound,
		"POST /sku/receive":       skuScreen.Receive,

		"GET /low":                    lowScreen.Show,
		"GET /low/rows":               lowScreen.Rows,
		"GET /low/csv":                lowScreen.CSV,
		"POST /low/views":             lowScreen.Save,
		"POST /low/views/{id}/delete": lowScreen.Delete,
		"GET /low/views/{id}/report":  lowScreen.Report,
		"POST /low/views/{id}/report": lowScreen.SaveReport,
		"POST /bulk/csv":              bulkScreen.AskCSV,
		"POST /bulk/csv/run":          bulkScreen.RunCSV,
		"POST /bulk/secured":          bulkScreen.AskSecured,
		"POST /bulk/secured/run":      bulkScreen.RunSecured,
		"POST /bulk/pattern":          patternScreen.Assign,
		"POST /bulk/reorder":          bulkScreen.AskReorder,
		"POST /bulk/reorder/run":      bulkScreen.RunReorder,
		"GET /bulk/{id}":              bulkScreen.Show,
		"GET /bulk/{id}/live":         bulkScreen.Live,
		"POST /bulk/{id}/cancel":      bulkScreen.Cancel,

		"GET /stocktakes":                   takeScreen.List,
		"GET /stocktakes/new":               takeScreen.NewForm,
		"POST /bulk/stocktake":              takeScreen.Ask,
		"POST /stocktakes":                  takeScreen.Open,
		"GET /stocktakes/{id}":              takeScreen.Show,
		"GET /stocktakes/{id}/live":         takeScreen.Live,
		"GET /stocktakes/{id}/count":        takeScreen.Count,
		"GET /stocktakes/{id}/csv":          takeScreen.CSV,
		"POST /stocktakes/{id}/scan":        takeScreen.Scan,
		"POST /stocktakes/{id}/undo-scan":   takeScreen.Undo,
		"POST /stocktakes/{id}/approve":     takeScreen.Approve,
		"POST /stocktakes/{id}/approve-all": takeScreen.ApproveAll,
		"POST /stocktakes/{id}/recount":     takeScreen.Recount,
		"POST /stocktakes/{id}/absent":      takeScreen.Absent,
		"POST /stocktakes/{id}/close":       takeScreen.Close,

		"GET /patterns":              patternScreen.List,
		"GET /patterns/new":          patternScreen.NewForm,
		"GET /patterns/{id}":         patternScreen.EditForm,
		"POST /patterns":             patternScreen.Save,
		"POST /patterns/preview":     patternScreen.Preview,
		"POST /patterns/try":         patternScreen.Try,
		"POST /patterns/default":     patternScreen.SetDefault,
		"POST /patterns/{id}/delete": patternScreen.Delete,
		"GET /patterns.txt":          patternScreen.Export,
		"GET /patterns/text":         patternScreen.TextForm,
		"POST /patterns/text":        patternScreen.TakeText,

		"GET /listings":                  listingScreen.List,
		"GET /listings/sums":             listingScreen.Sums,
		"GET /listings/skus":             listingScreen.Options,
		"GET /listings/csv":              listingScreen.CSV,
		"GET /listings/one":              listingScreen.One,
		"GET /listings/of":               listingScreen.Of,
		"POST /listings/link":            listingScreen.Link,
		"POST /listings/unlink":          listingScreen.Unlink,
		"POST /listings/forget":          listingScreen.Forget,
		"POST /listings/pull":            listingScreen.Pull,
		"POST /listings/full":            listingScreen.FullPass,
		"GET /listings/rule":             listingScreen.RuleForm,
		"POST /listings/rule":            listingScreen.Rule,
		"GET /listings/ignored":          listingScreen.Ignored,
		"POST /listings/ignore":          listingScreen.Ignore,
		"GET /listings/sole":             listingScreen.SoleForm,
		"POST /listings/sole":            listingScreen.Sole,
		"GET /imports":                   importScreen.List,
		"GET /import-template/{kind}":    importScreen.Template,
		"GET /imports/{id}":              importScreen.Show,
		"GET /imports/{id}/live":         importScreen.Live,
		"GET /imports/{id}/findings.csv": importScreen.Findings,
		"GET /imports/{id}/refused.csv":  importScreen.Refused,
		"GET /imports/{id}/undo":         importScreen.AskUndo,
		"GET /import-columns/{id}":       importScreen.ChooseColumns,
		"POST /import-columns/{id}":      importScreen.TakeColumns,
		"POST /import-columns/{id}/drop": importScreen.DropColumns,
		"POST /import-mappings/delete":   importScreen.DeleteMapping,
		"POST /imports/{id}/apply":       importScreen.Apply,
		"POST /imports/{id}/discard":     importScreen.Discard,
		"POST /imports/{id}/cancel":      importScreen.Cancel,
		"POST /imports/{id}/undo":        importScreen.Undo,

		"GET /shops":                shopScreen.List,
		"GET /shops/live":           shopScreen.ListLive,
		"GET /shops/new":            shopScreen.NewForm,
		"POST /shops":               shopScreen.Add,
		"GET /shops/{id}":           shopScreen.Show,
		"GET /shops/{id}/live":      shopScreen.Live,
		"GET /shops/{id}/preview":   shopScreen.Preview,
		"POST /shops/{id}/mode":     shopScreen.SetMode,
		"POST /shops/{id}/settings": shopScreen.Save,
		"POST /shops/{id}/outage":   shopScreen.SetOutage,
		"POST /shops/{id}/listings": shopScreen.PullListings,

		"GET /settings":           settingsScreen.General,
		"POST /settings/password": settingsScreen.SavePassword,
		"POST /settings/language": settingsScreen.SaveLanguage,

		"GET /keys": s.showKeys,
		"/":         s.missing,
	} {
		mux.Handle(route, s.signedIn(fn))
	}
	mux.Handle(uploadRoute, s.uploading(importScreen.Upload))
	for route, fn := range map[string]handler{
		"POST /settings/company":              settingsScreen.SaveCompany,
		"GET /settings/webhooks":              settingsScreen.Webhooks,
		"GET /settings/webhooks/live":         settingsScreen.WebhooksLive,
		"GET /settings/webhooks/new":          settingsScreen.NewWebhook,
		"POST /settings/webhooks":             settingsScreen.AddWebhook,
		"GET /settings/webhooks/{id}":         settingsScreen.Webhook,
		"GET /settings/webhooks/{id}/live":    settingsScreen.WebhookLive,
		"POST /settings/webhooks/{id}":        settingsScreen.SaveWebhook,
		"POST /settings/webhooks/{id}/pause":  settingsScreen.PauseWebhook,
		"POST /settings/webhooks/{id}/resume": settingsScreen.ResumeWebhook,
		"POST /settings/webhooks/{id}/ping":   settingsScreen.PingWebhook,
		"POST /settings/webhooks/{id}/secret": settingsScreen.RotateSecret,
		"POST /settings/webhooks/{id}/replay": settingsScreen.ReplayWebhook,
		"POST /settings/webhooks/{id}/delete": settingsScreen.DeleteWebhook,
		"GET /settings/tokens":                settingsScreen.Tokens,
		"POST /settings/tokens":               settingsScreen.AddToken,
		"POST /settings/tokens/{id}/revoke":   settingsScreen.RevokeToken,
		"GET /settings/people":                settingsScreen.People,
		"POST /settings/people":               settingsScreen.AddPerson,
		"POST /settings/people/{id}/password": settingsScreen.ResetPassword,
		"POST /settings/people/{id}/remove":   settingsScreen.RemovePerson,
	} {
		mux.Handle(route, s.signedIn(settings.Owner(fn)))
	}
	return s.guard(mux), nil
}

type handler = func(http.ResponseWriter, *http.Request) error

// largestForm bounds what a browser may send: the longest form has a key in PEM and a few lines.
const largestForm = 256 << 10

// uploadRoute is the one form with a file.
const uploadRoute = "POST /imports"

// guard is what holds for every answer.
func (s *site) guard(next http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	return crossOrigin.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		if s.cookies.Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		limit := int64(largestForm)
		if r.Method+" "+r.URL.Path == uploadRoute {
			limit = imports.LargestUpload
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		next.ServeHTTP(w, r)
	}))
}

// session is who is there, or ErrNotFound.
func (s *site) session(r *http.Request) (store.Session, error) {
	cookie, err := r.Cookie(ui.SessionCookie)
	if err != nil {
		return store.Session{}, store.ErrNotFound
	}
	return s.DB.FindSession(r.Context(), cookie.Value)
}

// post reads and checks a posted form.
func (s *site) post(w http.ResponseWriter, r *http.Request, key string) error {
	if r.Method != http.MethodPost {
		return nil
	}
	if err := r.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return ui.ErrLarge
		}
		return ui.ErrForm
	}
	return ui.CheckForm(r, key)
}

// open serves a page for which nobody needs to be signed in.
func (s *site) open(fn handler) http.Handler {
	return s.ui.Handle(func(w http.ResponseWriter, r *http.Request) error {
		token := ""
		if session, err := s.session(r); err == nil {
			token = session.Token
		} else if !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("find session: %w", err)
		}
		key := s.cookies.FormKey(w, r, token)
		if err := s.post(w, r, key); err != nil {
			return err
		}
		p := ui.Page{Token: ui.FormToken(key), Lang: ui.LangOf(r)}
		if r.Method == http.MethodGet {
			p.Notices = s.cookies.TakeDone(w, r, p.Lang)
		}
		ui.SetFrame(r, p)
		return fn(w, r)
	})
}

// signedIn serves a page for somebody who is signed in; anybody else is led to signing in.
func (s *site) signedIn(fn handler) http.Handler { return s.member(fn, s.post) }

// uploading serves a form with a file to somebody who is signed in. Its handler checks the token itself, as the parts of the form come.
func (s *site) uploading(fn handler) http.Handler {
	return s.member(fn, func(http.ResponseWriter, *http.Request, string) error { return nil })
}

// member serves somebody who is signed in; check refuses a posted form that does not come from our pages.
func (s *site) member(fn handler, check func(w http.ResponseWriter, r *http.Request, key string) error) http.Handler {
	return s.ui.Handle(func(w http.ResponseWriter, r *http.Request) error {
		session, err := s.session(r)
		if errors.Is(err, store.ErrNotFound) {
			return s.leadIn(w, r)
		}
		if err != nil {
			return fmt.Errorf("find session: %w", err)
		}
		tenant, err := s.DB.LoadTenant(r.Context(), session.Account.Tenant)
		if err != nil {
			return fmt.Errorf("load tenant: %w", err)
		}
		p := ui.Page{Tenant: tenant.Name, TenantID: tenant.ID, User: session.Account.Name, Actor: session.Account.Login, Token: ui.FormToken(session.Token),
			Lang: ui.LangOf(r), Live: "/live", AccountID: int64(session.Account.ID), Owner: session.Account.Role == store.Owner}
		ui.SetFrame(r, p)
		if err := check(w, r, session.Token); err != nil {
			return err
		}
		if r.Method == http.MethodGet && r.Header.Get("HX-Request") == "" && r.URL.Path != "/live" {
			p.Notices = s.cookies.TakeDone(w, r, p.Lang)
			ui.SetFrame(r, p)
		}
		return fn(w, r)
	})
}

// leadIn answers somebody who is not signed in.
func (s *site) leadIn(w http.ResponseWriter, r *http.Request) error {
	switch {
	case r.URL.Path == "/live":
		w.WriteHeader(http.StatusNoContent) // a stream that ends for good
		return nil
	case r.Header.Get("HX-Request") != "":
		w.Header().Set("HX-Redirect", "/signin")
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	needed, err := s.account.NeedsSetup(r.Context())
	if err != nil {
		return err
	}
	to := "/setup"
	if !needed {
		to = "/signin"
		if r.Method == http.MethodGet && r.URL.Path != "/" {
			to += "?back=" + escapeQuery(r.URL.RequestURI())
		}
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

func (s *site) missing(http.ResponseWriter, *http.Request) error { return ui.ErrMissing }

func (s *site) showKeys(w http.ResponseWriter, r *http.Request) error {
	p := ui.FrameOf(r, ui.SectionNone, "キー操作")
	return s.keys.Page(w, http.StatusOK, &p)
}

// setLang is GET /lang: it keeps a choice of language and goes back.
func (s *site) setLang(w http.ResponseWriter, r *http.Request) {
	to := ui.Japanese
	if ui.Lang(r.URL.Query().Get("to")) == ui.English {
		to = ui.English
	}
	s.cookies.SetLang(w, to)
	http.Redirect(w, r, ui.LocalPath(r.URL.Query().Get("back")), http.StatusSeeOther)
}
