package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"soroi/internal/event"
	"soroi/internal/store"
)

// receiver is the merchant's own program: it keeps what it is given, and can be made to hold the next call.
type receiver struct {
	mu      sync.Mutex
	bodies  map[string]string // by the call's id
	came    map[string]int
	seen    int64 // the last position, without a gap
	gap     bool
	twice   bool // an id came with two bodies
	unsaid  error
	hold    bool
	holding chan string // the id of the call that is held
}

func (r *receiver) serve(secret event.Secret, released <-chan struct{}) http.HandlerFunc {
	return func(_ http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return // the caller was killed while it spoke
		}
		id := req.Header.Get(event.HeaderID)
		r.mu.Lock()
		if err := event.Verify(id, req.Header.Get(event.HeaderTimestamp), req.Header.Get(event.HeaderSignature), body, secret, time.Now()); err != nil {
			r.unsaid = err
		}
		if before, again := r.bodies[id]; again && before != string(body) {
			r.twice = true
		}
		r.bodies[id] = string(body)
		r.came[id]++
		var p struct{ Events []struct{ Position int64 } }
		if err := json.Unmarshal(body, &p); err != nil {
			r.unsaid = err
		}
		for _, e := range p.Events {
			r.gap = r.gap || e.Position > r.seen+1
			r.seen = max(r.seen, e.Position)
		}
		held := r.hold
		r.hold = false
		r.mu.Unlock()
		if held {
			r.holding <- id
			<-released
		}
	}
}

// kill -9 in the middle of a call that has arrived and was not answered: the next process makes the same call again, and goes on from there. The
// receiver has seen every event, in order, and nothing under one id that differs.
func TestServe_killed_in_the_middle_of_a_webhook(t *testing.T) {
	t.Parallel()
	s := newStreet(t)
	binary := filepath.Join(t.TempDir(), "soroi")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	ctx := context.Background()
	r := &receiver{bodies: make(map[string]string), came: make(map[string]int), holding: make(chan string, 1)}
	released := make(chan struct{})
	server := httptest.NewUnstartedServer(nil)
	hook, secret, err := s.db.AddWebhook(ctx, s.tenant, store.WebhookForm{Name: "倉庫", URL: "http://" + server.Listener.Addr().String(), Most: 3}, "test")
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = r.serve(secret, released)
	server.Start()
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(released) })
	first := s.run(binary)
	s.wait("one process")
	r.mu.Lock()
	r.hold = true
	r.mu.Unlock()
	s.buy(0)
	id := <-r.holding
	first.end(syscall.SIGKILL)
	second := s.run(binary)
	s.buy(1)
	s.wait("another process")
	start := time.Now()
	for {
		w, err := s.db.LoadWebhook(ctx, s.tenant, hook.ID)
		if err != nil {
			t.Fatal(err)
		}
		r.mu.Lock()
		again, seen := r.came[id] > 1, r.seen
		r.mu.Unlock()
		if w.Waiting == 0 && seen == w.Position && again {
			break
		}
		if time.Since(start) > patience {
			t.Fatalf("seen up to %d of %+v; the call that was cut came again: %v", seen, w, again)
		}
		time.Sleep(20 * time.Millisecond)
	}
	second.end(syscall.SIGTERM)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gap || r.twice || r.unsaid != nil {
		t.Errorf("gap %v, two bodies under one id %v, %v", r.gap, r.twice, r.unsaid)
	}
}
