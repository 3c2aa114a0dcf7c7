package credential

import (
	"fmt"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// until tries at the given pace until the guard says to wait, and gives the number of tries that it let through.
func until(g *Guard, login, address string, from time.Time) (let int, wait time.Duration) {
	for let < 1000 {
		if wait = g.Try(login, address, from.Add(time.Duration(let)*time.Millisecond)); wait > 0 {
			return let, wait
		}
		let++
	}
	return let, 0
}

func TestGuard(t *testing.T) {
	t.Parallel()
	t.Run("one login from one address", func(t *testing.T) {
		var g Guard
		if let, wait := until(&g, "hana", "192.0.2.1", noon); let != 5 || wait <= 14*time.Second || wait > 15*time.Second {
			t.Errorf("%d tries, then %v", let, wait)
		}
		now := noon
		var waits []time.Duration
		for range 8 {
			now = now.Add(g.Try("hana", "192.0.2.1", now))
			if wait := g.Try("hana", "192.0.2.1", now); wait != 0 {
				t.Fatalf("still %v after waiting as told", wait)
			}
			waits = append(waits, g.Try("hana", "192.0.2.1", now))
		}
		if got := fmt.Sprint(waits); got != "[30s 1m0s 2m0s 4m0s 8m0s 15m0s 15m0s 15m0s]" {
			t.Errorf("the waits grow as %s", got)
		}
		if wait := g.Try("hana", "192.0.2.2", now); wait != 0 {
			t.Errorf("the owner at another address waits %v", wait)
		}
		if wait := g.Try("taro", "192.0.2.1", now); wait != 0 {
			t.Errorf("a colleague at the same address waits %v", wait)
		}
		if wait := g.Try("hana", "192.0.2.1", now.Add(quietAfter)); wait != 0 {
			t.Errorf("after a quiet hour it is %v", wait)
		}
	})
	t.Run("the right password", func(t *testing.T) {
		var g Guard
		for range 7 {
			for range 4 {
				if wait := g.Try("hana", "192.0.2.1", noon); wait != 0 {
					t.Fatalf("somebody who gets it right every fourth time waits %v", wait)
				}
			}
			g.Passed("hana", "192.0.2.1")
		}
		if let, _ := until(&g, "taro", "192.0.2.1", noon); let != 5 {
			t.Errorf("another login from there was tried %d times", let)
		}
	})
	t.Run("a login from everywhere", func(t *testing.T) {
		var g Guard
		let := 0
		for ; let < 1000; let++ {
			if g.Try("hana", fmt.Sprintf("192.0.2.%d", let), noon) > 0 {
				break
			}
		}
		if let != 50 {
			t.Errorf("%d tries", let)
		}
		g.Try("hana", "198.51.100.1", noon.Add(15*time.Second))
		for range 20 {
			if wait := g.Try("hana", "198.51.100.1", noon.Add(16*time.Second)); wait > time.Minute {
				t.Errorf("its owner waits %v", wait)
			}
		}
	})
	t.Run("many logins from one address", func(t *testing.T) {
		var g Guard
		let := 0
		for ; let < 1000; let++ {
			if g.Try(fmt.Sprintf("login-%d", let), "192.0.2.1", noon) > 0 {
				break
			}
		}
		if let != 30 {
			t.Errorf("%d tries", let)
		}
	})
	t.Run("an address that is not known", func(t *testing.T) {
		var g Guard
		if let, _ := until(&g, "hana", "", noon); let != 50 {
			t.Errorf("%d tries", let)
		}
		for i := range 200 {
			if wait := g.Try(fmt.Sprintf("login-%d", i), "", noon); wait != 0 {
				t.Fatalf("others wait %v", wait)
			}
		}
	})
	t.Run("a flood of names", func(t *testing.T) {
		var g Guard
		until(&g, "hana", "192.0.2.1", noon)
		for i := range 3 * mostWatched {
			g.Try(fmt.Sprintf("login-%d", i), fmt.Sprintf("2001:db8:%x::", i), noon)
			if len(g.seen) > mostWatched+3 {
				t.Fatalf("%d names are kept", len(g.seen))
			}
		}
		if wait := g.Try("hana", "192.0.2.1", noon.Add(time.Second)); wait == 0 {
			t.Error("the flood has washed out what is under attack")
		}
	})
}
