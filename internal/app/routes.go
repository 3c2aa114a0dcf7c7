package app

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"soroi/internal/api"
	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web"
)

// routes is every door of the process, in one list.
func (a *App) routes() (http.Handler, error) {
	screens, err := web.New(web.Deps{DB: a.DB, Engine: a.Engine, Feed: a.Feed, Import: a.Import, Daily: a.Daily, Clock: a.config.Clock, Log: a.config.Log, PublicURL: a.config.PublicURL})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", screens)
	mux.Handle("/api/", api.New(api.Deps{DB: a.DB, Import: a.Import, Clock: a.config.Clock, Log: a.config.Log, Specs: Specs(), Feed: a.Feed, Changed: a.Engine.Changed, Pull: a.Engine.ListNow}))
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

const (
	// largestWebhook bounds what is read of a webhook; only its signature matters.
	largestWebhook = 4 << 20
	// webhookTime bounds how long a webhook may take to arrive.
	webhookTime = 10 * time.Second
)

// webhook takes a shop's "pull now". What it says is not looked at: the orders are pulled from the shop itself.
func (a *App) webhook(w http.ResponseWriter, r *http.Request) {
	tenant, err1 := strconv.ParseInt(r.PathValue("tenant"), 10, 64)
	shop, err2 := strconv.ParseInt(r.PathValue("shop"), 10, 64)
	if err1 != nil || err2 != nil {
		http.NotFound(w, r)
		return
	}
	if err := http.NewResponseController(w).SetReadDeadline(clock.System{}.Now().Add(webhookTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		a.config.Log.Warn("webhook without a deadline", "error", err)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestWebhook))
	switch large, ok := errors.AsType[*http.MaxBytesError](err); {
	case ok:
		http.Error(w, fmt.Sprintf("the body is larger than %d MiB", large.Limit>>20), http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		http.Error(w, "the body broke off", http.StatusBadRequest)
		return
	}
	err = a.Engine.Notify(r.Context(), stock.TenantID(tenant), channel.ShopID(shop), r.Header, body)
	answer, ours := errors.AsType[*channel.Error](err)
	switch {
	case err == nil:
		w.WriteHeader(http.StatusOK)
	case ours && answer.Kind == channel.Auth:
		a.config.Log.Warn("webhook refused", "tenant", tenant, "shop", shop, "error", err)
		http.Error(w, answer.Message, http.StatusUnauthorized)
	case ours, errors.Is(err, store.ErrNotFound):
		http.NotFound(w, r)
	default:
		a.config.Log.Error("webhook", "tenant", tenant, "shop", shop, "error", err)
		http.Error(w, "it could not be taken in now; send it again", http.StatusServiceUnavailable)
	}
}
