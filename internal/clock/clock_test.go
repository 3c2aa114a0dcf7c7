package clock_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/clock"
)

func TestSystem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { waits(t, clock.System{}, 1) })
}

func TestScaled_runs_faster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		from := time.Date(2010, 12, 1, 0, 0, 0, 0, time.FixedZone("JST", 9*3600))
		c := clock.Scaled{Epoch: time.Now(), From: from, Speed: 60}
		if got := c.Now(); !got.Equal(from) || got.Location() != time.UTC {
			t.Errorf("it begins at %v", got)
		}
		waits(t, c, 60)
	})
}

// waits checks what every clock promises, on one that runs speed times as fast as the machine's.
func waits(t *testing.T, c clock.Clock, speed int) {
	t.Helper()
	ctx := context.Background()
	for name, wait := range map[string]func(d time.Duration){
		"sleep": func(d time.Duration) {
			if err := c.Sleep(ctx, d); err != nil {
				t.Errorf("sleep: %v", err)
			}
		},
		"after": func(d time.Duration) {
			if at := <-c.After(d); !at.Equal(c.Now()) && at.Sub(c.Now()).Abs() > time.Duration(speed)*time.Microsecond {
				t.Errorf("after fired with %v at %v", at, c.Now())
			}
		},
	} {
		machine, own := time.Now(), c.Now()
		wait(time.Hour)
		if got, want := time.Since(machine), time.Hour/time.Duration(speed); got != want {
			t.Errorf("%s waited %v of the machine's time, want %v", name, got, want)
		}
		if got := c.Now().Sub(own); got != time.Hour {
			t.Errorf("%s waited %v of its own time", name, got)
		}
		if got := c.Now().Location(); got != time.UTC {
			t.Errorf("%s: now is in %v", name, got)
		}
	}
	for _, d := range []time.Duration{0, -time.Second} {
		before := time.Now()
		if err := c.Sleep(ctx, d); err != nil || !time.Now().Equal(before) {
			t.Errorf("sleeping for %v: %v after %v", d, err, time.Since(before))
		}
	}
	short, stop := context.WithTimeout(ctx, time.Second)
	defer stop()
	before := time.Now()
	if err := c.Sleep(short, 1000*time.Hour); !errors.Is(err, context.DeadlineExceeded) || time.Since(before) != time.Second {
		t.Errorf("a sleep whose context ended: %v after %v", err, time.Since(before))
	}
	if err := c.Sleep(short, 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no sleep under an ended context: %v", err)
	}
}

func TestParseScaled(t *testing.T) {
	t.Parallel()
	c := clock.Scaled{Epoch: time.UnixMicro(1_700_000_000_000_123), From: time.UnixMicro(1_291_161_600_000_000).UTC(), Speed: 0.5}
	if back, err := clock.ParseScaled(c.String()); err != nil || back != c {
		t.Errorf("%s comes back as %+v, %v", c, back, err)
	}
	for _, text := range []string{"", "1,2", "1,2,3,4", "a,2,3", "1,b,3", "1,2,c", "1,2,0", "1,2,-1"} {
		if c, err := clock.ParseScaled(text); err == nil {
			t.Errorf("%q was read as %v", text, c)
		}
	}
}
