package engine_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/channel"
	"soroi/internal/store"
)

// A stumble that has passed is no trouble any more: whichever loop met it, the shop's state says so as soon as the loop works again, also when
// there is nothing left for it to do.
func TestTrouble_ends_when_the_loop_works_again(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"pull", "refresh", "push", "read", "list"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newMemoryShop("a", channel.Delta, 1, opening-1)
				tn := newTown(t, 1, s)
				tn.options.ListEvery = time.Minute
				if op == "refresh" {
					tn.options.Poll = time.Hour // what has just been pulled is not looked at again
				}
				var mu sync.Mutex
				failing := true
				met := 0
				s.fault = func(at string) fault {
					mu.Lock()
					defer mu.Unlock()
					if failing && at == op {
						met++
						return before
					}
					return none
				}
				stop := tn.start()
				defer stop()
				number, _ := s.buy(refOf(0), 2) // an order that is not final, so that it is looked at again
				trouble := func() (store.Loop, bool) {
					list, _, err := tn.db.ListShopStatus(context.Background(), tn.tenant, time.Time{})
					if err != nil {
						t.Fatal(err)
					}
					return list[0].Trouble()
				}
				seen := 0
				for range 90 {
					time.Sleep(time.Second)
					if _, ok := trouble(); ok {
						seen++
					}
				}
				// What else pulls orders does the work of looking at them again, so that trouble may end before the fault does.
				if seen < 80 && op != "refresh" && op != "read" || seen == 0 {
					t.Errorf("in trouble in %d of 90 seconds, after %d failures", seen, met)
				}
				mu.Lock()
				failing = false
				mu.Unlock()
				s.ship(number)
				time.Sleep(4 * time.Minute)
				tn.settle()
				if loop, ok := trouble(); ok {
					t.Errorf("four minutes after it passed: %+v", loop)
				}
			})
		})
	}
}
