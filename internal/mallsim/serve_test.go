package mallsim

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/clock"
)

// try sends one call to a mall that adds one to done and answers {"ok":true}.
func try(t *testing.T, f Fault, wait time.Duration) (status int, body string, done int64, silent bool, err error) {
	t.Helper()
	var effects, quiets atomic.Int64
	defer func() { done, silent = effects.Load(), quiets.Load() > 0 }()
	m := New(clock.System{}, Options{})
	m.Inject(f)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.Serve(w, r, "stock/write", nil, func(w http.ResponseWriter, quiet bool) {
			if quiet {
				quiets.Add(1)
			} else {
				effects.Add(1)
			}
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"ok":true}`)
		})
	})
	client := &http.Client{Transport: Transport(h)}
	ctx, stop := context.WithTimeout(t.Context(), wait)
	defer stop()
	req, _ := http.NewRequestWithContext(ctx, "POST", "http://mall.test/x", strings.NewReader("{}"))
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", 0, false, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), 0, false, err
}

func TestFaults(t *testing.T) {
	cases := []struct {
		kind   FaultKind
		status int
		done   int64
		body   string
		err    error
	}{
		{TimeoutBefore, 0, 0, "", context.DeadlineExceeded},
		{TimeoutAfter, 0, 1, "", context.DeadlineExceeded},
		{ServerError, 500, 0, "server_error", nil},
		{ServerErrorAfter, 500, 1, "server_error_after", nil},
		{TooMany, 429, 0, "too_many", nil},
		{MaintenancePage, 200, 0, "<!DOCTYPE html>", nil},
		{Unavailable, 503, 0, "unavailable", nil},
		{CutBody, 200, 1, `{"ok"`, io.ErrUnexpectedEOF},
		{WrongType, 200, 1, `["?"]`, nil},
		{Reset, 0, 0, "", syscall.ECONNRESET},
		{Slow, 200, 1, `{"ok":true}`, nil},
		{SilentLoss, 200, 0, `{"ok":true}`, nil},
		{DuplicateOrders, 200, 1, `{"ok":true}`, nil},
		{Unauthorized, 401, 0, "unauthorized", nil},
		{Forbidden, 403, 0, "forbidden", nil},
		{Conflict, 409, 0, "conflict", nil},
	}
	if len(cases) != len(FaultKinds()) {
		t.Fatalf("%d of %d kinds are tried", len(cases), len(FaultKinds()))
	}
	for _, c := range cases {
		t.Run(string(c.kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				status, body, done, silent, err := try(t, Fault{Op: "stock/*", Kind: c.kind}, 30*time.Second)
				synctest.Wait()
				if status != c.status || done != c.done || !strings.HasPrefix(body, c.body) || !errors.Is(err, c.err) {
					t.Errorf("status %d, done %d, body %q, error %v", status, done, body, err)
				}
				if silent != (c.kind == SilentLoss) {
					t.Errorf("silent %v", silent)
				}
			})
		})
	}
}

func TestFaultTiming(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		if _, _, done, _, err := try(t, Fault{Kind: TimeoutAfter, Delay: 3 * time.Second}, time.Minute); !errors.Is(err, syscall.ECONNRESET) || done != 1 || time.Since(start) != 3*time.Second {
			t.Errorf("done %d after %v, error %v", done, time.Since(start), err)
		}
		start = time.Now()
		if status, _, _, _, _ := try(t, Fault{Op: "*", Kind: Slow, Delay: 7 * time.Second}, time.Minute); status != 200 || time.Since(start) != 7*time.Second {
			t.Errorf("status %d after %v", status, time.Since(start))
		}
	})
}

func TestFaultsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := New(clock.System{}, Options{Seed: 1})
		now := time.Now()
		m.Inject(Fault{Op: "a", Kind: Reset, Times: 2})
		m.Inject(Fault{Op: "b", Kind: Reset, From: now.Add(time.Hour), Until: now.Add(2 * time.Hour)})
		m.Inject(Fault{Op: "c", Kind: Reset, Probability: 0.25})
		hits := func(op string, n int) (hit int) {
			for range n {
				if _, ok := m.strike(op); ok {
					hit++
				}
			}
			return hit
		}
		if got := hits("a", 5); got != 2 {
			t.Errorf("twice struck %d times", got)
		}
		if got := hits("b", 1); got != 0 {
			t.Error("struck before its time")
		}
		if got := hits("c", 1000); got < 200 || got > 300 {
			t.Errorf("a quarter struck %d of 1000", got)
		}
		time.Sleep(time.Hour)
		if got := hits("b", 3); got != 3 {
			t.Errorf("struck %d of 3 in its time", got)
		}
		time.Sleep(time.Hour)
		if got := hits("b", 3); got != 0 {
			t.Error("struck after its time")
		}
		if left := m.Faults(); len(left) != 1 || left[0].Op != "c" {
			t.Errorf("left %+v", left)
		}
		m.ClearFaults()
		if got := hits("c", 100); got != 0 {
			t.Error("struck after it was cleared")
		}
	})
}

func TestCalls(t *testing.T) {
	m := New(clock.System{}, Options{})
	m.Inject(Fault{Kind: ServerError, Times: 1})
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.Serve(w, r, "op", func(w http.ResponseWriter, k FaultKind) { w.WriteHeader(FaultStatus(k)) }, func(w http.ResponseWriter, _ bool) {})
	})
	for range 3 {
		resp, err := Transport(h).RoundTrip(must(http.NewRequest("GET", "http://x/", nil)))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if calls := m.Calls(); calls["op"] != 3 || calls["op:refused"] != 1 {
		t.Fatalf("calls %v", calls)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBucket(clock.System{}, 2, 3)
		for i := range 3 {
			if ok, _ := b.Take(1); !ok {
				t.Fatalf("call %d was refused", i)
			}
		}
		ok, wait := b.Take(1)
		if ok || wait < 500*time.Millisecond || wait > 501*time.Millisecond {
			t.Fatalf("fourth call: %v, wait %v", ok, wait)
		}
		time.Sleep(wait)
		if ok, _ := b.Take(1); !ok {
			t.Fatal("refused after the wait it asked for")
		}
		time.Sleep(time.Hour)
		if got := b.Available(); got != 3 {
			t.Fatalf("%v tokens after an hour", got)
		}
		free := NewBucket(clock.System{}, 0, 0)
		for range 100 {
			if ok, _ := free.Take(5); !ok {
				t.Fatal("an unlimited bucket refused")
			}
		}
	})
}
