package channel_test

import (
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/channel"
	"soroi/internal/clock"
)

// Two calls of 400 points leave a bucket of 1000. The answer to the first was written before the shop saw the second, so its
// figure must not make room for a third that the shop would refuse.
func TestSettleKeepsCallsOnTheirWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := channel.NewPace(clock.System{}, []channel.Rate{{Bucket: "points", Calls: 100, Per: time.Second, Burst: 1000}})
		for range 2 {
			if err := p.Wait(t.Context(), "points", 400); err != nil {
				t.Fatal(err)
			}
		}
		p.Settle("points", 390, 990, 1000, 100) // the first used 10
		if wait := p.Free("points", 600); wait < 90*time.Millisecond {
			t.Errorf("a call of 600 points may leave after %v, want 100ms: 590 are left", wait)
		}
		p.Settle("points", 390, 980, 1000, 100)
		if wait := p.Free("points", 900); wait != 0 {
			t.Errorf("a call of 900 points must wait %v, want 0: both calls gave their points back", wait)
		}
	})
}

// Somebody else may use the same bucket: the shop's lower figure counts, and so do its own size and rate.
func TestSettleBelievesLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := channel.NewPace(clock.System{}, []channel.Rate{{Bucket: "points", Calls: 100, Per: time.Second, Burst: 1000}})
		p.Settle("points", 0, 100, 2000, 200)
		if wait := p.Free("points", 500); wait.Round(time.Millisecond) != 2*time.Second {
			t.Errorf("a call of 500 points waits %v, want 2s: 100 are there and 200 come each second", wait)
		}
	})
}
