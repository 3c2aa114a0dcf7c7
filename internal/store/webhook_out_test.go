package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"soroi/internal/event"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// hook is a tenant with one webhook and a feed to fill.
type hook struct {
	t      *testing.T
	db     *store.DB
	clk    *handClock
	tenant stock.TenantID
	id     store.WebhookID
	secret event.Secret
	wait   time.Duration // after a failure
}

const held = 20 * time.Second

func newHook(t *testing.T, db *store.DB, clk *handClock, kinds ...event.Kind) *hook {
	t.Helper()
	h := &hook{t: t, db: db, clk: clk}
	h.tenant, _ = storetest.Tenant(t, db, "a")
	w, secret, err := db.AddWebhook(t.Context(), h.tenant, store.WebhookForm{Name: "倉庫", URL: "https://hooks.example/soroi", Kinds: kinds, Most: 3}, "hana")
	if err != nil {
		t.Fatal(err)
	}
	h.id, h.secret = w.ID, secret
	return h
}

func (h *hook) happen(kinds ...event.Kind) {
	h.t.Helper()
	for _, k := range kinds {
		if err := h.db.Write(h.t.Context(), h.tenant, func(tx *store.Tx) error { return tx.AddEvent(h.t.Context(), k, "{}") }); err != nil {
			h.t.Fatal(err)
		}
	}
	number(h.t, h.db, h.tenant)
}

func (h *hook) load() store.Webhook {
	h.t.Helper()
	w, err := h.db.LoadWebhook(h.t.Context(), h.tenant, h.id)
	if err != nil {
		h.t.Fatal(err)
	}
	return w
}

func (h *hook) due() bool {
	h.t.Helper()
	due, err := h.db.DueWebhooks(h.t.Context(), h.tenant)
	if err != nil {
		h.t.Fatal(err)
	}
	return slices.Contains(due, h.id)
}

func (h *hook) begin() (store.Call, bool) {
	h.t.Helper()
	call, ok, err := h.db.BeginCall(h.t.Context(), h.tenant, h.id, "test", held)
	if err != nil {
		h.t.Fatal(err)
	}
	return call, ok
}

func (h *hook) must() store.Call {
	h.t.Helper()
	call, ok := h.begin()
	if !ok {
		h.t.Fatal("there is nothing to give")
	}
	return call
}

func (h *hook) end(call store.Call, r store.CallResult) store.WebhookState {
	h.t.Helper()
	state, err := h.db.EndCall(h.t.Context(), h.tenant, call, r, func(int64) time.Duration { return h.wait })
	if err != nil {
		h.t.Fatal(err)
	}
	return state
}

var (
	taken  = store.CallResult{Status: 204, Took: time.Millisecond}
	failed = store.CallResult{Status: 500, Answer: "oops"}
)

// given are the positions that a call brings.
func given(t *testing.T, c store.Call) (all []int64) {
	t.Helper()
	var p struct{ Events []struct{ Position int64 } }
	if err := json.Unmarshal(c.Body, &p); err != nil {
		t.Fatal(err)
	}
	for _, e := range p.Events {
		all = append(all, e.Position)
	}
	return all
}

func TestWebhook_is_given_what_happens_from_now_on(t *testing.T) {
	t.Parallel()
	eachAtHand(t, func(t *testing.T, db *store.DB, clk *handClock) {
		first := newHook(t, db, clk)
		first.happen(event.Oversell, event.StockChanged)
		w, secret, err := db.AddWebhook(t.Context(), first.tenant, store.WebhookForm{Name: "会計", URL: "https://a.example", Most: 100}, "hana")
		if err != nil || w.Position != 2 || w.State != store.WebhookActive || secret == first.secret || secret.Reveal() == first.secret.Reveal() {
			t.Errorf("%+v %v", w, err)
		}
		h := &hook{t: t, db: db, clk: clk, tenant: first.tenant, id: w.ID}
		if h.due() || !first.due() {
			t.Error("what happened before is due, or what happened after is not")
		}
		h.happen(event.SyncFailing)
		call := h.must()
		if !slices.Equal(given(t, call), []int64{3}) || call.URL != "https://a.example" || call.Attempt != 1 || len(call.Secrets) != 1 || call.Secrets[0] != secret {
			t.Errorf("%v %+v", given(t, call), call.Secrets)
		}
		if strings.Contains(fmt.Sprintf("%+v %#v %v", call, call, w), secret.Reveal()[6:]) {
			t.Error("the secret is printed")
		}
		var taken *store.ConflictError
		if _, _, err := db.AddWebhook(t.Context(), first.tenant, store.WebhookForm{Name: "会計", URL: "https://a.example", Most: 1}, "x"); !errors.As(err, &taken) || taken.Key != "webhook_tenant_id_name_key" {
			t.Errorf("the same name again: %v", err)
		}
		other, _ := storetest.Tenant(t, db, "b")
		for what, err := range map[string]error{
			"load": func() error { _, err := db.LoadWebhook(t.Context(), other, h.id); return err }(), "pause": db.PauseWebhook(t.Context(), other, h.id),
			"resume": db.ResumeWebhook(t.Context(), other, h.id), "delete": db.DeleteWebhook(t.Context(), other, h.id), "set": db.SetWebhook(t.Context(), other, h.id, store.WebhookForm{Most: 1}),
			"rotate": func() error { _, err := db.RotateSecret(t.Context(), other, h.id, 0, ""); return err }(), "replay": func() error { _, err := db.ReplayWebhook(t.Context(), other, h.id, 0); return err }(),
			"ping": func() error { _, err := db.BeginPing(t.Context(), other, h.id); return err }(),
		} {
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s of another tenant's: %v", what, err)
			}
		}
	})
}

// What is tried again is the same call, whatever happened meanwhile; only then comes the rest, in order.
func TestWebhook_retries_the_same_call(t *testing.T) {
	t.Parallel()
	eachAtHand(t, func(t *testing.T, db *store.DB, clk *handClock) {
		h := newHook(t, db, clk)
		h.happen(event.Oversell, event.StockChanged)
		call := h.must()
		if _, ok := h.begin(); ok || h.due() {
			t.Error("it was called while it was being called")
		}
		h.wait = time.Minute
		h.end(call, failed)
		h.happen(event.StockChanged, event.SyncFailing)
		if _, ok := h.begin(); ok || h.due() {
			t.Error("it was called before its time")
		}
		if w := h.load(); w.Failures != 1 || !w.NextAt.Equal(clk.Now().Add(time.Minute)) || w.Position != 0 || w.Waiting != 4 || !w.FailingSince.Equal(call.SentAt) {
			t.Errorf("%+v", w)
		}
		clk.advance(time.Minute)
		again := h.must()
		if again.ID != call.ID || string(again.Body) != string(call.Body) || again.Attempt != 2 {
			t.Errorf("%s then %s", call.ID, again.ID)
		}
		h.end(again, taken)
		rest := h.must()
		if !slices.Equal(given(t, rest), []int64{3, 4}) || rest.ID == call.ID || rest.Attempt != 1 {
			t.Errorf("the rest: %v %s", given(t, rest), rest.ID)
		}
		h.end(rest, taken)
		if w := h.load(); w.Failures != 0 || !w.NextAt.IsZero() || w.Position != 4 || w.Waiting != 0 || !w.FailingSince.IsZero() || !w.TakenAt.Equal(clk.Now()) || h.due() {
			t.Errorf("%+v", w)
		}
		h.happen(event.StockChanged, event.StockChanged, event.StockChanged, event.StockChanged)
		if c := h.must(); !slices.Equal(given(t, c), []int64{5, 6, 7}) {
			t.Errorf("more than it takes at once: %v", given(t, c))
		}
		calls, err := db.ListCalls(t.Context(), h.tenant, h.id, 0, 10)
		if err != nil || len(calls) != 3 || calls[0].Number != 3 || calls[2].Status != 500 || calls[2].Answer != "oops" || calls[1].Attempt != 2 || calls[1].First != 1 || calls[1].Last != 2 || calls[0].Took != time.Millisecond {
			t.Errorf("%+v %v", calls, err)
		}
		if older, err := db.ListCalls(t.Context(), h.tenant, h.id, 3, 1); err != nil || len(older) != 1 || older[0].Number != 2 {
			t.Errorf("%+v %v", older, err)
		}
	})
}

// A webhook that wants few kinds passes over the others without calls, and seldom with a write.
func TestWebhook_passes_over_other_kinds(t *testing.T) {
	t.Parallel()
	eachAtHand(t, func(t *testing.T, db *store.DB, clk *handClock) {
		h := newHook(t, db, clk, event.Oversell)
		h.happen(slices.Repeat([]event.Kind{event.StockChanged}, 5)...)
		if h.due() || h.load().Position != 0 {
			t.Error("nothing is for it")
		}
		h.happen(event.Oversell, event.StockChanged)
		call := h.must()
		if !slices.Equal(given(t, call), []int64{6}) || call.Last != 7 {
			t.Errorf("%v up to %d", given(t, call), call.Last)
		}
		h.end(call, taken)
		err := db.Write(t.Context(), h.tenant, func(tx *store.Tx) error {
			for range 1000 {
				if err := tx.AddEvent(t.Context(), event.StockChanged, "{}"); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		number(t, db, h.tenant)
		if !h.due() {
			t.Error("a thousand others and its place is not written down")
		}
		if _, ok := h.begin(); ok {
			t.Error("a call without events")
		}
		if w := h.load(); w.Position != 1007 || h.due() {
			t.Errorf("%+v", w)
		}
	})
}

// Of two processes one calls. When it says nothing for longer than it may, the other one makes the same call, and the first is not heard any more.
func TestWebhook_is_called_by_one_process(t *testing.T) {
	t.Parallel()
	eachTwice(t, func(t *testing.T, first, second *store.DB) {
		clk := newHandClock()
		first.SetClock(clk)
		second.SetClock(clk)
		h := newHook(t, first, clk)
		h.happen(event.Oversell)
		var began atomic.Int64
		var call store.Call
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				c, ok, err := []*store.DB{first, second}[i%2].BeginCall(t.Context(), h.tenant, h.id, fmt.Sprint(i), held)
				if err != nil {
					t.Error(err)
				}
				if ok && began.Add(1) == 1 {
					call = c
				}
			})
		}
		all.Wait()
		if began.Load() != 1 {
			t.Fatalf("%d processes call it", began.Load())
		}
		clk.advance(held)
		again := h.must()
		if again.ID != call.ID || string(again.Body) != string(call.Body) {
			t.Errorf("%s then %s", call.ID, again.ID)
		}
		if _, err := second.EndCall(t.Context(), h.tenant, call, failed, func(int64) time.Duration { return 0 }); !errors.Is(err, store.ErrLeaseLost) {
			t.Errorf("the first is heard: %v", err)
		}
		if err := second.DropCall(t.Context(), h.tenant, call); err != nil {
			t.Fatal(err)
		}
		if _, ok := h.begin(); ok {
			t.Error("the first gave away what was not its own")
		}
		h.end(again, taken)
		if w := h.load(); w.Position != 1 || w.Failures != 0 {
			t.Errorf("%+v", w)
		}
		h.happen(event.Oversell)
		dropped := h.must()
		if err := first.DropCall(t.Context(), h.tenant, dropped); err != nil {
			t.Fatal(err)
		}
		if c := h.must(); c.ID != dropped.ID || c.Attempt != 1 {
			t.Errorf("a call that was broken off: %s, attempt %d", c.ID, c.Attempt)
		}
	})
}

// Sent back in the feed while a call is under way, it stays there: the call's end does not undo it, and its events come again under another id.
func TestWebhook_replay(t *testing.T) {
	t.Parallel()
	eachAtHand(t, func(t *testing.T, db *store.DB, clk *handClock) {
		h := newHook(t, db, clk)
		h.happen(event.Oversell, event.StockChanged)
		call := h.must()
		if at, err := db.ReplayWebhook(t.Context(), h.tenant, h.id, 0); err != nil || at != 0 {
			t.Fatal(at, err)
		}
		if _, ok := h.begin(); ok {
			t.Error("two calls at once")
		}
		h.end(call, taken)
		again := h.must()
		if !slices.Equal(given(t, again), []int64{1, 2}) || again.ID == call.ID {
			t.Errorf("%v under %s", given(t, again), again.ID)
		}
		h.end(again, taken)
		if at, err := db.ReplayWebhook(t.Context(), h.tenant, h.id, 1); err != nil || at != 1 {
			t.Fatal(at, err)
		}
		if c := h.must(); !slices.Equal(given(t, c), []int64{2}) {
			t.Errorf("%v", given(t, c))
		}
		if _, err := db.ReplayWebhook(t.Context(), h.tenant, h.id, 3); !errors.Is(err, store.ErrPosition) {
			t.Errorf("after the end: %v", err)
		}
		clk.advance(time.Hour)
		h.happen(event.Oversell)
		if _, err := db.TrimFeed(t.Context(), h.tenant, clk.Now(), 100); err != nil {
			t.Fatal(err)
		}
		if at, err := db.ReplayWebhook(t.Context(), h.tenant, h.id, 0); err != nil || at != 2 {
			t.Errorf("further back than what is kept: %d %v", at, err)
		}
	})
}

// A webhook that stood still for longer than events are kept is told what it has missed, with the next events.
func TestWebhook_is_told_what_is_missing(t *testing.T) {
	t.Parallel()
	eachAtHand(t, func(t *testing.T, db *store.DB, clk *handClock) {
		h := newHook(t, db, clk)
		h.happen(event.Oversell, event.Oversell)
		h.end(h.must(), failed) // tried once, with two
		if err := db.PauseWebhook(t.Context(), h.tenant, h.id); err != nil {
			t.Fatal(err)
		}
		clk.advance(time.Hour)
		if _, err := db.TrimFeed(t.Context(), h.tenant, clk.Now(), 100); err != nil {
			t.Fatal(err)
		}
		if h.due() {
			t.Error("it is paused")
		}
		if err := db.ResumeWebhook(t.Context(), h.tenant, h.id); err != nil {
			t.Fatal(err)
		}
		if _, ok := h.begin(); ok || h.due() {
			t.Error("there is nothing to give yet")
		}
		h.happen(event.SyncFailing)
		if !h.due() {
			t.Error("there is something to give")
		}
		call := h.must()
		if !strings.Contains(string(call.Body), `"missing":{"after":0,"before":3}`) || !slices.Equal(given(t, call), []int64{3}) {
			t.Errorf("%s", call.Body)
		}
		h.end(call, taken)
		h.happen(event.SyncFailing)
		if call := h.must(); strings.Contains(string(call.Body), "missing") {
			t.Errorf("%s", call.Body)
		}
	})
}

// A webhook is stopped when it has failed for three days, and at once when it does not want any more. The feed tells of it. Somebody may resume it.
func TestWebhook_is_stopped(t *testing.T) {
	t.Parallel()
	eachAtHand(t, func(t *testing.T, db *store.DB, clk *handClock) {
		h := newHook(t, db, clk)
		h.happen(event.Oversell)
		for range 72 {
			if state := h.end(h.must(), failed); state != store.WebhookActive {
				t.Fatalf("%s after %v", state, clk.Now())
			}
			clk.advance(time.Hour)
		}
		if state := h.end(h.must(), failed); state != store.WebhookStopped {
			t.Errorf("%s after three days", state)
		}
		if n, err := db.StoppedWebhooks(t.Context(), h.tenant); err != nil || n != 1 {
			t.Errorf("%d stopped, %v", n, err)
		}
		page := feed(t, db, h.tenant, 1)
		if want := fmt.Sprintf(`webhook.stopped {"webhook":%d,"name":"倉庫","reason":"failing","since":"2026-04-01T03:00:00Z","position":0}`, h.id); told(page.Events) != want {
			t.Errorf("%s\n%s", told(page.Events), want)
		}
		if w := h.load(); w.StopReason != store.StopFailing || h.due() {
			t.Errorf("%+v", w)
		}
		resume := func() {
			t.Helper()
			if err := db.ResumeWebhook(t.Context(), h.tenant, h.id); err != nil {
				t.Fatal(err)
			}
		}
		resume()
		for range 3 {
			h.end(h.must(), failed)
		}
		call := h.must()
		resume() // while it is being called for the fourth time
		h.end(call, failed)
		if w := h.load(); !slices.Equal(given(t, call), []int64{1}) || call.Attempt != 4 || w.Failures != 1 || !w.FailingSince.Equal(call.SentAt) {
			t.Errorf("resumed: %v, attempt %d, %+v", given(t, call), call.Attempt, w)
		}
		call = h.must()
		if state := h.end(call, store.CallResult{Status: 410}); state != store.WebhookStopped || h.load().StopReason != store.StopGone {
			t.Errorf("gone: %s", state)
		}
		if n, err := db.StoppedWebhooks(t.Context(), h.tenant); err != nil || n != 1 {
			t.Errorf("%d stopped, %v", n, err)
		}
		if err := db.DeleteWebhook(t.Context(), h.tenant, h.id); err != nil {
			t.Fatal(err)
		}
		if list, err := db.ListWebhooks(t.Context(), h.tenant); err != nil || len(list) != 0 {
			t.Errorf("%v %v", list, err)
		}
	})
}

// After a rotation calls carry both secrets for a while, and none but the new one when it was said so.
func TestWebhook_secret_is_rotated(t *testing.T) {
	t.Parallel()
	eachAtHand(t, func(t *testing.T, db *store.DB, clk *handClock) {
		h := newHook(t, db, clk)
		h.happen(event.Oversell)
		next, err := db.RotateSecret(t.Context(), h.tenant, h.id, time.Hour, "")
		if err != nil || next == h.secret {
			t.Fatal(err)
		}
		call := h.must()
		if !slices.Equal(call.Secrets, []event.Secret{next, h.secret}) || !h.load().OldUntil.Equal(clk.Now().Add(time.Hour)) {
			t.Errorf("in the overlap %d secrets", len(call.Secrets))
		}
		h.end(call, failed)
		clk.advance(time.Hour)
		if call := h.must(); !slices.Equal(call.Secrets, []event.Secret{next}) || !h.load().OldUntil.IsZero() {
			t.Errorf("after it %d secrets", len(call.Secrets))
		}
		mark := h.load().SecretMark
		last, err := db.RotateSecret(t.Context(), h.tenant, h.id, 0, mark)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.RotateSecret(t.Context(), h.tenant, h.id, 0, mark); !errors.Is(err, store.ErrRotated) {
			t.Errorf("the same secret is replaced twice: %v", err)
		}
		ping, err := db.BeginPing(t.Context(), h.tenant, h.id)
		if err != nil || !slices.Equal(ping.Secrets, []event.Secret{last}) || !strings.Contains(string(ping.Body), `"type":"ping"`) {
			t.Errorf("at once: %d secrets, %v", len(ping.Secrets), err)
		}
	})
}

// The last 200 calls of a webhook are remembered; changing it does not undo what a call under way took.
func TestWebhook_calls_are_remembered(t *testing.T) {
	t.Parallel()
	eachAtHand(t, func(t *testing.T, db *store.DB, clk *handClock) {
		h := newHook(t, db, clk)
		for range 205 {
			ping, err := db.BeginPing(t.Context(), h.tenant, h.id)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.EndPing(t.Context(), h.tenant, ping, taken); err != nil {
				t.Fatal(err)
			}
		}
		calls, err := db.ListCalls(t.Context(), h.tenant, h.id, 0, 1000)
		if err != nil || len(calls) != 200 || calls[0].Number != 205 || calls[199].Number != 6 || calls[0].Kind != event.TypePing {
			t.Errorf("%d calls, %v", len(calls), err)
		}
		h.happen(event.Oversell)
		call := h.must()
		if err := db.PauseWebhook(t.Context(), h.tenant, h.id); err != nil {
			t.Fatal(err)
		}
		h.end(call, taken)
		if w := h.load(); w.Position != 1 || w.State != store.WebhookPaused {
			t.Errorf("%+v", w)
		}
		if err := db.SetWebhook(t.Context(), h.tenant, h.id, store.WebhookForm{Name: "新", URL: "https://b.example", Kinds: []event.Kind{event.Oversell, event.StockLow}, Most: 7}); err != nil {
			t.Fatal(err)
		}
		if w := h.load(); w.Name != "新" || w.URL != "https://b.example" || w.Most != 7 || !slices.Equal(w.Kinds, []event.Kind{event.Oversell, event.StockLow}) || w.State != store.WebhookPaused {
			t.Errorf("%+v", w)
		}
	})
}
