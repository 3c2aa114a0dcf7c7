package feed_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/event"
	"soroi/internal/feed"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// Over a real connection: what arrives is signed as the convention says, with each secret that is valid, and says what it is.
func TestWebhook_call_over_TLS(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		arrived := make(chan arrival, 10)
		server := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil || r.Method != http.MethodPost {
				t.Error(r.Method, err)
			}
			arrived <- arrival{path: r.URL.RequestURI(), header: r.Header, body: body}
			rw.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(rw, "thank\x00 you\n <b>")
		}))
		t.Cleanup(server.Close)
		w := &world{t: t, db: db, log: &strings.Builder{}, options: feed.Options{Transport: server.Client().Transport, Policy: feed.Policy{Test: true}}}
		w.tenant, w.at = storetest.Tenant(t, db, "a")
		ids, err := db.AddSKUs(t.Context(), w.tenant, []store.NewSKU{{Code: "A", Name: "a"}})
		w.must(err)
		w.skus = []stock.SKUID{ids["A"]}
		hook, secret, err := db.AddWebhook(t.Context(), w.tenant, store.WebhookForm{Name: "x", URL: server.URL + "/in?key=THE-KEY", Most: 10}, "hana")
		w.must(err)
		second, err := db.RotateSecret(t.Context(), w.tenant, hook.ID, time.Hour, "")
		w.must(err)
		stop := w.start()
		w.happen(0)
		a := <-arrived
		for w.load(hook.ID).Waiting > 0 {
			runtime.Gosched() // the answer is on its way
		}
		stop()
		for _, s := range []event.Secret{secret, second} {
			if err := event.Verify(a.header.Get("webhook-id"), a.header.Get("webhook-timestamp"), a.header.Get("webhook-signature"), a.body, s, time.Now()); err != nil {
				t.Error(err)
			}
			if strings.Contains(w.logged(), s.Reveal()[6:]) {
				t.Error("a secret stands in the log")
			}
		}
		p := a.payload(t)
		if a.path != "/in?key=THE-KEY" || a.header.Get("Content-Type") != "application/json" || p.Type != "events" || len(p.Events) == 0 || p.Events[0].Data.SKU != "A" {
			t.Errorf("%s %v %s", a.path, a.header, a.body)
		}
		if strings.Contains(w.logged(), "THE-KEY") {
			t.Error("the address stands in the log")
		}
		calls := w.calls(hook.ID)
		if len(calls) == 0 || calls[0].Status != 202 || calls[0].Answer != "thank you <b>" || calls[0].ID != a.header.Get("webhook-id") {
			t.Errorf("%+v", calls)
		}
	})
}

// Each way in which a receiver can fail: what is remembered of it, and when it is called again.
func TestWebhook_receivers_that_fail(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer      answer
		status      int
		says        string
		least, most time.Duration // until the next call
		state       store.WebhookState
	}{
		"an error of its own":     {answer{status: 500, body: "kaputt"}, 500, "", 4 * time.Second, 9 * time.Second, store.WebhookActive},
		"a client's error":        {answer{status: 404}, 404, "", 4 * time.Second, 9 * time.Second, store.WebhookActive},
		"it has moved":            {answer{status: 302, header: http.Header{"Location": {"https://elsewhere.example/"}}}, 302, "", 4 * time.Second, 9 * time.Second, store.WebhookActive},
		"too fast":                {answer{status: 429, header: http.Header{"Retry-After": {"600"}}}, 429, "", 10 * time.Minute, 11*time.Minute + time.Second, store.WebhookActive},
		"too fast, until a time":  {answer{status: 503, header: http.Header{"Retry-After": {"Sat, 01 Jan 2000 00:10:00 GMT"}}}, 503, "", 9 * time.Minute, 11*time.Minute + time.Second, store.WebhookActive},
		"too fast, for a century": {answer{status: 503, header: http.Header{"Retry-After": {"2000000000"}}}, 503, "", 12 * time.Hour, 12*time.Hour + 2*time.Minute, store.WebhookActive},
		"no connection":           {answer{err: errors.New("connection refused")}, 0, "connection refused", 4 * time.Second, 9 * time.Second, store.WebhookActive},
		"too slow":                {answer{status: 200, after: time.Minute}, 0, "no answer within 15s", 19 * time.Second, 24 * time.Second, store.WebhookActive},
		"nearly too slow":         {answer{status: 200, after: 14 * time.Second}, 200, "", 0, 0, store.WebhookActive},
		"it wants no more":        {answer{status: 410}, 410, "", 0, 0, store.WebhookStopped},
		"a huge answer":           {answer{status: 500, body: strings.Repeat("長い", 100_000)}, 500, "", 4 * time.Second, 9 * time.Second, store.WebhookActive},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := fresh(t)
				w.receiver.answer = always(c.answer)
				if c.least > time.Minute {
					w.options.Tick = time.Minute // nobody looks more often, or hours of waiting would be a thousand times as many looks
				}
				hook, _ := w.hook("倉庫")
				stop := w.start()
				defer stop()
				w.happen(0)
				for range 3 {
					time.Sleep(max(c.most, 10*time.Second))
					if len(w.receiver.got()) > 1 {
						break
					}
				}
				got, calls, now := w.receiver.got(), w.calls(hook.ID), w.load(hook.ID)
				first := calls[len(calls)-1]
				if first.Status != c.status || first.Error != c.says || len([]rune(first.Answer)) > 300 || now.State != c.state {
					t.Errorf("%+v, %s", first, now.State)
				}
				if c.most == 0 {
					if len(got) != 1 {
						t.Fatalf("%d calls", len(got))
					}
					return
				}
				if wait := got[1].at.Sub(got[0].at); wait < c.least || wait > c.most {
					t.Errorf("called again after %v", wait)
				}
				if got[0].id != got[1].id || string(got[0].body) != string(got[1].body) || now.Position != hook.Position && c.status != 200 {
					t.Error("the second call is another one")
				}
				for _, a := range got {
					if a.path != "/倉庫" {
						t.Errorf("it was followed to %s", a.path)
					}
				}
			})
		})
	}
}

// For three days it is tried, more and more seldom, then it is stopped. Resumed, it gets everything, in order.
func TestWebhook_is_stopped_after_three_days(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := fresh(t)
		w.receiver.answer = always(answer{status: 503})
		w.options.Tick = 10 * time.Minute
		hook, _ := w.hook("x")
		other, _ := w.hook("y", event.WebhookStopped)
		stop := w.start()
		defer stop()
		start := time.Now()
		w.happen(0)
		for w.load(hook.ID).State == store.WebhookActive && time.Since(start) < 100*time.Hour {
			time.Sleep(10 * time.Minute)
			if time.Since(start) < 30*time.Minute {
				w.happen(1)
			}
		}
		tries := len(w.receiver.got())
		if d := time.Since(start); d < 72*time.Hour || d > 80*time.Hour || tries < 12 || tries > 40 || w.load(hook.ID).StopReason != store.StopFailing {
			t.Errorf("stopped after %v and %d calls: %+v", d, tries, w.load(hook.ID))
		}
		w.receiver.set(always(answer{status: 200}))
		time.Sleep(12 * time.Hour)
		after := w.receiver.got()[tries:]
		if len(after) != 1 || after[0].path != "/y" || !strings.Contains(string(after[0].body), `"reason":"failing"`) {
			t.Errorf("after it was stopped: %v", after)
		}
		if w.load(other.ID).Waiting != 0 {
			t.Error("the other one does not get its events")
		}
		w.must(w.db.ResumeWebhook(t.Context(), w.tenant, hook.ID))
		time.Sleep(time.Hour)
		var positions []int64
		for _, a := range w.receiver.got()[tries+1:] {
			for _, e := range a.payload(t).Events {
				positions = append(positions, e.Position)
			}
		}
		newest := w.load(hook.ID).Position
		if int64(len(positions)) != newest-hook.Position || positions[0] != hook.Position+1 || !slices.IsSorted(positions) {
			t.Errorf("resumed it gets %v", positions)
		}
	})
}

// Receivers that fail, hang, answer late or lose the connection after they took the events, and processes that hang in the middle of a call and wake
// much later: no receiver ever sees a gap, everything arrives, equal ids bring equal bytes, and who goes by them counts each event once.
func TestWebhook_random_sequences(t *testing.T) {
	t.Parallel()
	seeds := []uint64{1, 2, 3, 4, 5, 6, 7, 8}
	if *oneSeed != 0 {
		seeds = []uint64{*oneSeed}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { randomSequence(t, seed) })
		})
	}
}

func randomSequence(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 1))
	chance := rand.New(rand.NewPCG(seed, 2))
	w := fresh(t)
	quiet := false
	accepted := make(map[string]bool) // ids that the receiver has taken, by path and id
	w.receiver.answer = func(req *http.Request) answer {
		key := req.URL.Path + " " + req.Header.Get("webhook-id")
		if wake, frozen := req.Context().Value(frozenKey{}).(chan struct{}); frozen {
			accepted[key] = true
			return answer{status: 200, frozen: wake} // not even the process's own time limit ends this
		}
		if quiet {
			accepted[key] = true
			return answer{status: 200}
		}
		switch chance.IntN(8) {
		case 0:
			return answer{status: 500}
		case 1:
			return answer{err: errors.New("reset before it arrived")}
		case 2:
			accepted[key] = true
			return answer{err: errors.New("reset after it was taken")}
		case 3:
			accepted[key] = true
			return answer{status: 200, after: 20 * time.Second}
		case 4:
			accepted[key] = true
			return answer{status: 200, after: time.Duration(chance.IntN(14)) * time.Second}
		}
		accepted[key] = true
		return answer{status: 200}
	}
	hooks := map[string]store.Webhook{}
	for _, name := range []string{"a", "b"} {
		hook, _ := w.hook(name)
		hooks["/"+name] = hook
	}
	type running struct {
		stop   func()
		freeze *atomic.Pointer[chan struct{}]
	}
	begin := func() running {
		p := process{w.receiver, &atomic.Pointer[chan struct{}]{}}
		w.options.Transport = p
		return running{w.start(), p.freeze}
	}
	processes := []running{begin(), begin()}
	var zombies []running
	wake := make(chan struct{})
	for range 120 {
		time.Sleep(time.Duration(random.IntN(4000)) * time.Millisecond)
		i := random.IntN(len(processes))
		switch n := random.IntN(20); {
		case n < 16:
			w.happen(random.IntN(3))
		case n < 18: // a process ends in order, and another one begins
			processes[i].stop()
			processes[i] = begin()
		default: // a process stands still in the middle of its next call, and others go on
			processes[i].freeze.Store(&wake)
			zombies = append(zombies, processes[i])
			processes[i] = begin()
		}
	}
	w.receiver.mu.Lock()
	quiet = true
	w.receiver.mu.Unlock()
	for _, hook := range hooks {
		w.must(w.db.ResumeWebhook(t.Context(), w.tenant, hook.ID)) // who knows that it is well again need not wait
	}
	time.Sleep(time.Minute)
	close(wake)
	time.Sleep(30 * time.Second)
	for _, p := range append(processes, zombies...) {
		p.stop()
	}
	bodies := make(map[string]string)
	seen := make(map[string]int64)
	last := make(map[string]int64)
	counted := make(map[string]map[int64]int)
	for path, hook := range hooks {
		seen[path], counted[path] = hook.Position, make(map[int64]int)
	}
	for _, a := range w.receiver.got() {
		key := a.path + " " + a.id
		if before, again := bodies[key]; again && before != string(a.body) {
			t.Fatalf("%s came with two bodies", key)
		} else if !again && accepted[key] {
			for _, e := range a.payload(t).Events {
				counted[a.path][e.Position]++
			}
		}
		bodies[key] = string(a.body)
		p := a.payload(t)
		for i, e := range p.Events {
			if i > 0 && e.Position != p.Events[i-1].Position+1 || e.Position > seen[a.path]+1 {
				t.Fatalf("%s: position %d after %d: a gap", a.path, e.Position, seen[a.path])
			}
			seen[a.path] = max(seen[a.path], e.Position)
		}
		last[a.path] = p.Position
	}
	for path, hook := range hooks {
		now := w.load(hook.ID)
		if now.Waiting != 0 || now.State != store.WebhookActive || seen[path] != now.Position || last[path] != now.Position {
			t.Errorf("%s: seen up to %d of %+v", path, seen[path], now)
		}
		for p := hook.Position + 1; p <= now.Position; p++ {
			if counted[path][p] != 1 {
				t.Errorf("%s: who goes by the ids counts position %d %d times", path, p, counted[path][p])
			}
		}
	}
	if len(bodies) < 30 {
		t.Errorf("only %d calls: the sequence does not try anything", len(bodies))
	}
}

// Slow receivers of one tenant leave room for those of another.
func TestWebhook_slow_receivers_leave_room(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := fresh(t)
		w.receiver.answer = func(req *http.Request) answer {
			if strings.HasPrefix(req.URL.Path, "/slow") {
				return answer{status: 200, after: 14 * time.Second}
			}
			return answer{status: 200}
		}
		for i := range 10 {
			w.hook(fmt.Sprintf("slow%d", i))
		}
		other := &world{t: t, db: w.db, receiver: w.receiver}
		other.tenant, other.at = storetest.Tenant(t, w.db, "b")
		ids, err := w.db.AddSKUs(t.Context(), other.tenant, []store.NewSKU{{Code: "A", Name: "a"}})
		w.must(err)
		other.skus = []stock.SKUID{ids["A"]}
		hook, _, err := w.db.AddWebhook(t.Context(), other.tenant, store.WebhookForm{Name: "quick", URL: "https://hooks.example/quick", Most: 10}, "x")
		w.must(err)
		stop := w.start()
		defer stop()
		w.happen(0)
		time.Sleep(time.Second)
		start := time.Now()
		other.happen(0)
		for other.load(hook.ID).Waiting > 0 || other.load(hook.ID).Position == 0 {
			time.Sleep(100 * time.Millisecond)
		}
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("it had to wait for %v", d)
		}
	})
}

func TestPing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := fresh(t)
		hook, secret := w.hook("x")
		w.must(w.db.PauseWebhook(t.Context(), w.tenant, hook.ID))
		row, err := w.service().Ping(t.Context(), w.tenant, hook.ID)
		got := w.receiver.got()
		if err != nil || row.Status != 204 || row.Kind != event.TypePing || len(got) != 1 || got[0].payload(t).Type != "ping" {
			t.Fatalf("%+v %v", row, err)
		}
		if err := event.Verify(got[0].id, got[0].header.Get("webhook-timestamp"), got[0].header.Get("webhook-signature"), got[0].body, secret, time.Now()); err != nil {
			t.Error(err)
		}
		w.receiver.set(always(answer{status: 200, after: time.Hour}))
		if row, err := w.service().Ping(t.Context(), w.tenant, hook.ID); err != nil || row.Error != "no answer within 15s" || row.Took != 15*time.Second {
			t.Errorf("%+v %v", row, err)
		}
		if now := w.load(hook.ID); now.Failures != 0 || now.State != store.WebhookPaused || len(w.calls(hook.ID)) != 2 {
			t.Errorf("a ping changed it: %+v", now)
		}
		if _, err := w.service().Ping(t.Context(), w.tenant, 99); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("of none: %v", err)
		}
	})
}

// An address that was fine when it was saved and is not any more is not called.
func TestWebhook_address_is_judged_at_each_call(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := fresh(t)
		hook, _, err := w.db.AddWebhook(t.Context(), w.tenant, store.WebhookForm{Name: "x", URL: "https://10.1.2.3/", Most: 10}, "hana")
		w.must(err)
		stop := w.start()
		w.happen(0)
		time.Sleep(time.Minute)
		stop()
		if calls := w.calls(hook.ID); len(w.receiver.got()) != 0 || len(calls) == 0 || !strings.Contains(calls[0].Error, "not a public one") {
			t.Errorf("%d arrivals, %+v", len(w.receiver.got()), calls)
		}
	})
}
