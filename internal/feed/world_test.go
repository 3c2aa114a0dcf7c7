package feed_test

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"soroi/internal/clock"
	"soroi/internal/event"
	"soroi/internal/feed"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

var oneSeed = flag.Uint64("seed", 0, "run the random sequences with this seed only")

// world is a merchant with goods, and processes that give what happens to a receiver.
type world struct {
	t        *testing.T
	db       *store.DB
	tenant   stock.TenantID
	at       stock.LocationID
	skus     []stock.SKUID
	log      *strings.Builder
	logMu    sync.Mutex
	receiver *receiver
	options  feed.Options
}

func newWorld(t *testing.T, url string) *world {
	t.Helper()
	w := &world{t: t, log: &strings.Builder{}, receiver: &receiver{t: t, answer: func(*http.Request) answer { return answer{status: 204} }}}
	w.db = storetest.Open(t, url, clock.System{})
	w.tenant, w.at = storetest.Tenant(t, w.db, "a")
	ids, err := w.db.AddSKUs(context.Background(), w.tenant, []store.NewSKU{{Code: "A", Name: "a"}, {Code: "B", Name: "b"}, {Code: "C", Name: "c"}})
	w.must(err)
	for _, code := range []string{"A", "B", "C"} {
		w.skus = append(w.skus, ids[code])
	}
	w.plan()
	w.options = feed.Options{Transport: w.receiver, Policy: feed.Policy{Test: true}, Tick: 2 * time.Second}
	return w
}

func fresh(t *testing.T) *world {
	t.Helper()
	return newWorld(t, filepath.Join(t.TempDir(), "soroi.db"))
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) plan() {
	w.t.Helper()
	_, _, err := w.db.Plan(context.Background(), w.tenant, 100, func([]*store.Unplanned) error { return nil })
	w.must(err)
}

// happen changes a SKU and plans it, which is one event.
func (w *world) happen(sku int) {
	w.t.Helper()
	_, err := w.db.ChangeStock(context.Background(), w.tenant, store.ChangeRequest{Cause: stock.ByAPI, Kind: stock.Receipt, Document: "x",
		Rows: []stock.Change{{SKU: w.skus[sku], Location: w.at, Mode: stock.Add, Units: 1}}})
	w.must(err)
	w.plan()
}

func (w *world) hook(name string, kinds ...event.Kind) (store.Webhook, event.Secret) {
	w.t.Helper()
	hook, secret, err := w.db.AddWebhook(context.Background(), w.tenant, store.WebhookForm{Name: name, URL: "https://hooks.example/" + name + "?key=THE-KEY", Kinds: kinds, Most: 4}, "hana")
	w.must(err)
	return hook, secret
}

func (w *world) load(id store.WebhookID) store.Webhook {
	w.t.Helper()
	hook, err := w.db.LoadWebhook(context.Background(), w.tenant, id)
	w.must(err)
	return hook
}

func (w *world) calls(id store.WebhookID) []store.CallRow {
	w.t.Helper()
	calls, err := w.db.ListCalls(context.Background(), w.tenant, id, 0, 1000)
	w.must(err)
	return calls
}

// Write takes what the processes log.
func (w *world) Write(p []byte) (int, error) {
	w.logMu.Lock()
	defer w.logMu.Unlock()
	return w.log.Write(p)
}

func (w *world) logged() string {
	w.logMu.Lock()
	defer w.logMu.Unlock()
	return w.log.String()
}

func (w *world) service() *feed.Service {
	return feed.New(w.db, clock.System{}, slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug})), w.options)
}

// start runs a process until the returned function is called.
func (w *world) start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	s := w.service()
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.Run(ctx); err != nil {
			w.t.Error(err)
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// answer is how the receiver answers.
type answer struct {
	status int
	header http.Header
	body   string
	after  time.Duration
	err    error // the call breaks instead, after it has arrived
	frozen chan struct{}
}

// arrival is one call as it came.
type arrival struct {
	at     time.Time
	id     string
	path   string
	header http.Header
	body   []byte
}

func (a arrival) payload(t *testing.T) (p struct {
	Type     string
	Position int64
	Events   []struct {
		Position int64
		Type     string
		Data     struct {
			SKU       string
			Available int64
		}
	}
}) {
	t.Helper()
	if err := json.Unmarshal(a.body, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// receiver is the other side, inside the process.
type receiver struct {
	t *testing.T

	mu       sync.Mutex
	answer   func(*http.Request) answer
	arrivals []arrival
	inside   map[string]int
}

func (r *receiver) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.arrivals = append(r.arrivals, arrival{at: time.Now(), id: req.Header.Get("webhook-id"), path: req.URL.Path, header: req.Header.Clone(), body: body})
	if r.inside == nil {
		r.inside = make(map[string]int)
	}
	if r.inside[req.URL.Path]++; r.inside[req.URL.Path] > 1 {
		r.t.Errorf("two calls of %s at once", req.URL.Path)
	}
	a := r.answer(req)
	r.mu.Unlock()
	if a.frozen != nil {
		r.leave(req) // a process that stands still is not seen by the others
		<-a.frozen
	} else {
		defer r.leave(req)
	}
	if a.after > 0 {
		select {
		case <-time.After(a.after):
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
	if a.err != nil {
		return nil, a.err
	}
	if a.header == nil {
		a.header = http.Header{}
	}
	return &http.Response{StatusCode: a.status, Header: a.header, Body: io.NopCloser(strings.NewReader(a.body)), Request: req}, nil
}

func (r *receiver) leave(req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inside[req.URL.Path]--
}

// process carries one process's calls, and can make it stand still in the middle of its next.
type process struct {
	*receiver
	freeze *atomic.Pointer[chan struct{}]
}

func (p process) RoundTrip(req *http.Request) (*http.Response, error) {
	if wake := p.freeze.Swap(nil); wake != nil {
		req = req.WithContext(context.WithValue(context.Background(), frozenKey{}, *wake))
	}
	return p.receiver.RoundTrip(req)
}

type frozenKey struct{}

func (r *receiver) set(answer func(*http.Request) answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *receiver) got() []arrival {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.arrivals)
}

func always(a answer) func(*http.Request) answer { return func(*http.Request) answer { return a } }
