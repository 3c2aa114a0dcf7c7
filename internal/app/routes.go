package app

import (
	"errors"
	"io"
	"net/http"
	"strconv"

	"soroi/internal/api"
	"soroi/internal/channel"
	"soroi/internal/engine"
	"soroi/internal/stock"
	"soroi/internal/web"
)

// routes is every door of the process, in one list.
func (a *App) routes() (http.Handler, error) {
	screens, err := web.New(web.Deps{DB: a.DB, Engine: a.Engine, Clock: a.config.Clock, Log: a.config.Log, PublicURL: a.config.PublicURL})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", screens)
	mux.Handle("/api/", api.New(api.Deps{DB: a.DB, Clock: a.config.Clock, Log: a.config.Log, Specs: Specs(), Changed: a.Engine.Changed}))
	mux.HandleFunc("POST /hooks/{tenant}/{shop}", a.webhook)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		if _, err := a.DB.ListTenants(r.Context()); err != nil {
			http.Error(w, "database", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ok\n") // a caller that has left needs no answer
	})
	return mux, nil
}

// largestWebhook bounds what is read of a webhook; only its signature matters.
const largestWebhook = 4 << 20

// webhook takes a shop's "pull now". What it says is not looked at: the orders are pulled from the shop itself.
func (a *App) webhook(w http.ResponseWriter, r *http.Request) {
	tenant, err1 := strconv.ParseInt(r.PathValue("tenant"), 10, 64)
	shop, err2 := strconv.ParseInt(r.PathValue("shop"), 10, 64)
	if err1 != nil || err2 != nil {
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestWebhook))
	if err != nil {
		http.Error(w, "the body is larger than 4 MiB or broke off", http.StatusRequestEntityTooLarge)
		return
	}
	err = a.Engine.Notify(stock.TenantID(tenant), channel.ShopID(shop), r.Header, body)
	switch {
	case err == nil:
		w.WriteHeader(http.StatusOK)
	case errors.Is(err, engine.ErrNotHere):
		// The process that runs the shop polls; the sender tries again and may meet it.
		http.Error(w, "this shop is run elsewhere", http.StatusServiceUnavailable)
	case channel.KindOf(err) == channel.Auth:
		a.config.Log.Warn("webhook with a wrong signature", "tenant", tenant, "shop", shop)
		http.Error(w, "wrong signature", http.StatusUnauthorized)
	default:
		http.NotFound(w, r)
	}
}
