package channel_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/channel"
	"soroi/internal/clock"
)

func pace(perSecond, burst float64) *channel.Pace {
	return channel.NewPace(clock.System{}, []channel.Rate{{Bucket: "calls", Calls: perSecond, Per: time.Second, Burst: burst}})
}

// However many callers there are, no second of any length holds more calls than the rate and the burst allow.
func TestPace_never_faster_than_declared(t *testing.T) {
	t.Parallel()
	for _, burst := range []float64{1, 4, 10} {
		synctest.Test(t, func(t *testing.T) {
			const rate, calls = 5, 100
			p := pace(rate, burst)
			start := time.Now()
			var mu sync.Mutex
			var at []time.Duration
			var callers sync.WaitGroup
			for i := range 8 {
				callers.Go(func() {
					ctx := context.Background()
					if i%2 == 0 {
						ctx = channel.Urgent(ctx)
					}
					for range calls {
						if err := p.Wait(ctx, "calls", 1); err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						at = append(at, time.Since(start))
						mu.Unlock()
					}
				})
			}
			callers.Wait()
			for i := range at {
				for j := i; j < len(at); j++ {
					if n, most := float64(j-i+1), burst+rate*(at[j]-at[i]).Seconds()+1e-3; n > most {
						t.Fatalf("burst %v: %v calls within %v", burst, n, at[j]-at[i])
					}
				}
			}
			if want := time.Duration((8*calls - burst) / rate * float64(time.Second)); at[len(at)-1] > want+time.Second {
				t.Errorf("burst %v: %d calls took %v, the limit allows %v", burst, 8*calls, at[len(at)-1], want)
			}
		})
	}
}

// A fifth of a bucket that holds several calls is for zeros: they do not wait behind what is less urgent.
func TestPace_reserve_is_for_urgent_calls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace(1, 10)
		for range 8 {
			if wait := p.Free("calls", 1); wait != 0 {
				t.Fatalf("a call waits %v while the bucket is more than a fifth full", wait)
			}
			if err := p.Wait(t.Context(), "calls", 1); err != nil {
				t.Fatal(err)
			}
		}
		if wait := p.Free("calls", 1); wait <= 0 {
			t.Fatal("the reserve is given to any call")
		}
		start := time.Now()
		for range 2 {
			if err := p.Wait(channel.Urgent(t.Context()), "calls", 1); err != nil || time.Since(start) != 0 {
				t.Errorf("an urgent call waited %v, %v", time.Since(start), err)
			}
		}
		if err := p.Wait(channel.Urgent(t.Context()), "calls", 1); err != nil || time.Since(start) < time.Second {
			t.Errorf("an urgent call found the empty bucket full after %v, %v", time.Since(start), err)
		}
	})
}

func TestPace_call_that_costs_more_than_the_bucket_waits_for_a_full_one(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace(10, 20)
		start := time.Now()
		for i := range 3 {
			if err := p.Wait(t.Context(), "calls", 50); err != nil {
				t.Fatal(err)
			}
			if got, want := time.Since(start).Round(time.Millisecond), time.Duration(i)*2*time.Second; got != want {
				t.Errorf("call %d left after %v, want %v", i, got, want)
			}
		}
	})
}

func TestPace_hold_stops_everything(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace(100, 100)
		p.Hold(5 * time.Second)
		p.Hold(2 * time.Second) // does not shorten it
		if wait := p.Free("calls", 1); wait != 5*time.Second {
			t.Errorf("the next call may leave after %v", wait)
		}
		start := time.Now()
		for _, bucket := range []string{"calls", "never declared"} {
			if err := p.Wait(channel.Urgent(t.Context()), bucket, 1); err != nil || time.Since(start) != 5*time.Second {
				t.Errorf("%s: a call left after %v, %v", bucket, time.Since(start), err)
			}
		}
	})
}

func TestPace_bucket_that_was_never_declared_has_no_limit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, start := pace(1, 1), time.Now()
		for range 1000 {
			if err := p.Wait(t.Context(), "other", 9); err != nil {
				t.Fatal(err)
			}
		}
		if time.Since(start) != 0 {
			t.Errorf("it waited %v", time.Since(start))
		}
	})
}

func TestPace_observe_replaces_the_declared_limit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace(1, 1)
		p.Observe("calls", 0, 40, 20)
		if wait := p.Free("calls", 10).Round(time.Millisecond); wait != 500*time.Millisecond {
			t.Errorf("10 points at 20 a second come after %v", wait)
		}
	})
}

// A call whose context ends while it waits does not leave and takes nothing.
func TestPace_ended_context(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace(1, 1)
		if err := p.Wait(t.Context(), "calls", 1); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer stop()
		if err := p.Wait(ctx, "calls", 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the wait ended with %v", err)
		}
		if wait := p.Free("calls", 1).Round(time.Millisecond); wait != 900*time.Millisecond {
			t.Errorf("the next call waits %v more", wait)
		}
	})
}

// Whether a call may leave is asked after its wait, not before.
func TestPace_only_if_is_asked_last(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace(1, 1)
		lost := errors.New("the lease is another's")
		mayUntil := time.Now().Add(500 * time.Millisecond)
		ctx := channel.OnlyIf(t.Context(), func() error {
			if time.Now().After(mayUntil) {
				return lost
			}
			return nil
		})
		if err := p.Wait(ctx, "calls", 1); err != nil {
			t.Errorf("a call that may leave: %v", err)
		}
		if err := p.Wait(ctx, "calls", 1); !errors.Is(err, lost) {
			t.Errorf("a call that waited until it might not leave: %v", err)
		}
	})
}
