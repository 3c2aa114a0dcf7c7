package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"soroi/internal/event"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// number gives events their places, which a running soroi does by itself.
func (w *world) number() {
	w.t.Helper()
	_, err := w.db.NumberEvents(context.Background(), w.tenant, 10_000)
	w.must(err)
}

type eventPage struct {
	Items []struct {
		Position int64
		Type     event.Kind
	}
	Position, Oldest, Newest int64
	More                     bool
}

func (w *world) events(query string) eventPage {
	w.t.Helper()
	a := w.get("/api/v1/events" + query)
	if a.status != http.StatusOK {
		w.t.Fatalf("%s: %d %s", query, a.status, a.body)
	}
	var p eventPage
	w.must(json.Unmarshal(a.body, &p))
	return p
}

// Every kind of event, as programs see it, held against the document.
func TestEvents(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.fill()
		w.must(db.SetTerms(t.Context(), w.tenant, w.sku("TS-01"), stock.Terms{Supply: stock.Stocked, Reorder: stock.PointAt(7)}))
		w.plan()
		shops, err := db.ListShops(t.Context(), w.tenant)
		w.must(err)
		w.must(db.LoopSucceeded(t.Context(), w.tenant, shops[1].ID, "new"))
		hook, _, err := db.AddWebhook(t.Context(), w.tenant, store.WebhookForm{Name: "倉庫", URL: "https://hooks.example/", Most: 10}, "owner")
		w.must(err)
		_, err = db.ReplayWebhook(t.Context(), w.tenant, hook.ID, 0)
		w.must(err)
		w.number()
		call, _, err := db.BeginCall(t.Context(), w.tenant, hook.ID, "test", time.Minute)
		w.must(err)
		_, err = db.EndCall(t.Context(), w.tenant, call, store.CallResult{Status: http.StatusGone}, func(int64) time.Duration { return 0 })
		w.must(err)
		w.number()
		golden(t, "events", w.get("/api/v1/events?kinds=oversell,stock.low,sync.failing,sync.recovered,webhook.stopped"))
		golden(t, "events_stock", w.get("/api/v1/events?kinds=stock.changed&limit=3"))
	})
}

func (w *world) sku(code string) stock.SKUID {
	w.t.Helper()
	ids, err := w.db.FindSKUs(context.Background(), w.tenant, []string{code})
	w.must(err)
	return ids[code]
}

// Going on from each answer's position gives every event once, whatever is asked for at a time, and passes over other kinds.
func TestEvents_cursor(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.plan()
		w.number()
		start := w.events("?after=latest")
		if len(start.Items) != 0 || start.Position != start.Newest || start.Position == 0 || start.More {
			t.Errorf("latest: %+v", start)
		}
		for i := range 7 {
			w.set("TS-01", int64(i+1))
			w.plan()
		}
		w.number()
		for _, limit := range []int{1, 3, 100} {
			var seen []string
			for position, more := start.Position, true; more; {
				p := w.events(fmt.Sprintf("?after=%d&limit=%d", position, limit))
				for _, e := range p.Items {
					seen = append(seen, fmt.Sprintf("%d %s", e.Position-start.Position, e.Type))
				}
				position, more = p.Position, p.More
			}
			if got := strings.Join(seen, " "); got != "1 stock.changed 2 stock.low 3 stock.changed 4 stock.changed 5 stock.changed 6 stock.changed 7 stock.changed 8 stock.changed" {
				t.Errorf("limit %d: %s", limit, got)
			}
		}
		if p := w.events(fmt.Sprintf("?after=%d&kinds=oversell", start.Position)); len(p.Items) != 0 || p.Position != start.Position+8 {
			t.Errorf("nothing of the kind: %+v", p)
		}
		if p := w.events(""); len(p.Items) == 0 || p.Items[0].Position != p.Oldest || p.Oldest != 1 {
			t.Errorf("from the start: %+v", p)
		}
		_, err := db.TrimFeed(t.Context(), w.tenant, time.Now().Add(time.Hour), int(start.Position))
		w.must(err)
		a := w.get("/api/v1/events?after=1")
		if p := a.problem(t); a.status != http.StatusGone || p.Type != typePrefix+eventsExpired.name || !strings.Contains(p.Detail, fmt.Sprintf("after=%d", start.Position)) {
			t.Errorf("%d %s", a.status, a.body)
		}
		if p := w.events(""); p.Items[0].Position != start.Position+1 || p.Oldest != start.Position+1 {
			t.Errorf("from what is kept: %+v", p)
		}
		for query, parameter := range map[string]string{"after=x": "after", "after=-1": "after", "after=9999": "after", "after=": "after", "kinds=": "kinds", "kinds=oversell,stock": "kinds",
			"limit=0": "limit", "limit=1001": "limit", "wait=61": "wait", "wait=0": "wait", "kind=oversell": "kind"} {
			if a := w.get("/api/v1/events?" + query); a.status != http.StatusBadRequest || a.problem(t).Parameter != parameter {
				t.Errorf("%s: %d %s", query, a.status, a.body)
			}
		}
		other, _ := storetest.Tenant(t, db, "b")
		_, foreign, err := db.AddAPIToken(t.Context(), other, "他社", false)
		w.must(err)
		a = w.do(call{method: http.MethodGet, path: "/api/v1/events", token: foreign})
		var p eventPage
		w.must(json.Unmarshal(a.body, &p))
		if a.status != http.StatusOK || len(p.Items) != 0 || p.Newest != 0 || p.Oldest != 1 {
			t.Errorf("another's: %s", a.body)
		}
	})
}

// Who waits gets what happens as soon as it does, and an empty answer when nothing has.
func TestEvents_wait(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.plan()
		w.number()
		position := w.events("?after=latest").Position
		if p := w.events(fmt.Sprintf("?after=%d&wait=1", position)); len(p.Items) != 0 || p.Position != position {
			t.Errorf("nothing happened: %+v", p)
		}
		var waiting sync.WaitGroup
		var a answer
		waiting.Go(func() {
			r := httptest.NewRequest(http.MethodGet, fmt.Sprintf("/api/v1/events?after=%d&kinds=stock.changed&wait=60", position), nil)
			r.Header.Set("Authorization", "Bearer "+w.reader)
			recorder := httptest.NewRecorder()
			w.api.ServeHTTP(recorder, r)
			a = answer{recorder.Code, recorder.Header(), recorder.Body.Bytes()}
		})
		w.set("TS-01", 5)
		w.plan()
		w.number()
		waiting.Wait()
		var p eventPage
		w.must(json.Unmarshal(a.body, &p))
		if a.status != http.StatusOK || len(p.Items) != 1 || p.Items[0].Type != event.StockChanged {
			t.Errorf("%d %s", a.status, a.body)
		}
		ctx, leave := context.WithCancel(t.Context())
		gone := httptest.NewRequest(http.MethodGet, fmt.Sprintf("/api/v1/events?after=%d&wait=60", p.Position), nil).WithContext(ctx)
		gone.Header.Set("Authorization", "Bearer "+w.reader)
		leave()
		w.api.ServeHTTP(httptest.NewRecorder(), gone) // returns at once
	})
}
