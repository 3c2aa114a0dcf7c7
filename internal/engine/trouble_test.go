package engine_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/channel"
	"soroi/internal/event"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// trouble is what stands against a shop, by loop.
func (tn *town) trouble() map[string]channel.ErrorKind {
	tn.t.Helper()
	status, _, err := tn.db.ListShopStatus(context.Background(), tn.tenant, time.Time{})
	if err != nil {
		tn.t.Fatal(err)
	}
	found := make(map[string]channel.ErrorKind)
	for _, s := range status {
		for _, l := range s.Loops {
			if l.ErrorKind != "" {
				found[l.Name] = l.ErrorKind
			}
		}
	}
	return found
}

// kinds are the kinds of the feed's rare events, in order.
func (tn *town) kinds() []event.Kind {
	tn.t.Helper()
	if _, err := tn.db.NumberEvents(context.Background(), tn.tenant, 10_000); err != nil {
		tn.t.Fatal(err)
	}
	page, err := tn.db.ReadFeed(context.Background(), tn.tenant, store.FeedQuery{Limit: 1000, Kinds: []event.Kind{event.SyncFailing, event.SyncRecovered}})
	if err != nil {
		tn.t.Fatal(err)
	}
	var kinds []event.Kind
	for _, e := range page.Events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// A shop is down for ten minutes, whatever it is asked. While it is, every loop says so; when it is back nothing is said against it any more, even
// by loops that found nothing to do since. The feed tells of both, once.
func TestEngine_what_has_passed_is_not_held_against_a_shop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newMemoryShop("a", channel.Delta, 2, opening)
		var down atomic.Bool
		s.fault = func(string) fault { return map[bool]fault{true: maintenance, false: none}[down.Load()] }
		tn := newTown(t, 2, s)
		stop := tn.start()
		defer stop()
		tn.settle()
		s.buy(refOf(0), 1) // an order that is not final: there is something to look at again
		tn.settle()
		time.Sleep(time.Minute)
		if found := tn.trouble(); len(found) > 0 {
			t.Fatalf("before anything happened: %v", found)
		}
		down.Store(true)
		tn.change(stock.Add, 5, tn.skus[1])
		// The loops back off together: whichever wakes first fails and keeps the others waiting, so each needs its turn.
		silent := func() (list []string) {
			for _, loop := range []string{"new", "open", "read", "push"} {
				if tn.trouble()[loop] == "" {
					list = append(list, loop)
				}
			}
			return list
		}
		for range 12 {
			if time.Sleep(10 * time.Minute); len(silent()) == 0 {
				break
			}
		}
		if list := silent(); len(list) > 0 {
			t.Errorf("while it was down these loops said nothing: %v", list)
		}
		down.Store(false)
		tn.settle()
		time.Sleep(5 * time.Minute)
		if found := tn.trouble(); len(found) > 0 {
			t.Errorf("after it came back: %v", found)
		}
		if got := tn.kinds(); len(got) != 2 || got[0] != event.SyncFailing || got[1] != event.SyncRecovered {
			t.Errorf("the feed tells %v", got)
		}
	})
}
