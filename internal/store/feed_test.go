package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"soroi/internal/event"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// written is a feed of n events, a minute apart, of which every third is rare.
func written(t *testing.T, db *store.DB, clk *handClock, n int) stock.TenantID {
	t.Helper()
	tenant, _ := storetest.Tenant(t, db, "a")
	for i := range n {
		kind := event.StockChanged
		if i%3 == 2 {
			kind = []event.Kind{event.Oversell, event.SyncFailing}[i%2]
		}
		if err := db.Write(t.Context(), tenant, func(tx *store.Tx) error { return tx.AddEvent(t.Context(), kind, fmt.Sprint(i+1)) }); err != nil {
			t.Fatal(err)
		}
		clk.advance(time.Minute)
	}
	number(t, db, tenant)
	return tenant
}

func positions(page store.FeedPage) []int64 {
	var all []int64
	for _, e := range page.Events {
		all = append(all, e.Position)
	}
	return all
}

func TestFeed_pages(t *testing.T) {
	t.Parallel()
	eachAtHand(t, func(t *testing.T, db *store.DB, clk *handClock) {
		tenant := written(t, db, clk, 20)
		for name, c := range map[string]struct {
			q        store.FeedQuery
			want     []int64
			position int64
			more     bool
		}{
			"from the start":         {store.FeedQuery{Limit: 3}, []int64{1, 2, 3}, 3, true},
			"to the end":             {store.FeedQuery{After: 17, Limit: 3}, []int64{18, 19, 20}, 20, false},
			"at the end":             {store.FeedQuery{After: 20, Limit: 3}, nil, 20, false},
			"a rare kind":            {store.FeedQuery{Kinds: []event.Kind{event.SyncFailing}, Limit: 2}, []int64{6, 12}, 12, true},
			"the rest of it":         {store.FeedQuery{After: 12, Kinds: []event.Kind{event.SyncFailing}, Limit: 2}, []int64{18}, 20, false},
			"two kinds":              {store.FeedQuery{After: 1, Kinds: []event.Kind{event.StockChanged, event.Oversell}, Limit: 5}, []int64{2, 3, 4, 5, 7}, 7, true},
			"a kind that is not":     {store.FeedQuery{Kinds: []event.Kind{event.WebhookStopped}, Limit: 5}, nil, 20, false},
			"up to a position":       {store.FeedQuery{After: 4, UpTo: 7, Limit: 5}, []int64{5, 6, 7}, 7, true},
			"a rare kind up to":      {store.FeedQuery{After: 4, UpTo: 11, Kinds: []event.Kind{event.Oversell}, Limit: 5}, []int64{9}, 11, true},
			"nothing up to":          {store.FeedQuery{After: 6, UpTo: 8, Kinds: []event.Kind{event.Oversell}, Limit: 5}, nil, 8, true},
			"up to beyond the end":   {store.FeedQuery{After: 18, UpTo: 99, Limit: 5}, []int64{19, 20}, 20, false},
			"up to before the start": {store.FeedQuery{After: 6, UpTo: 3, Limit: 5}, nil, 6, true},
		} {
			page, err := db.ReadFeed(t.Context(), tenant, c.q)
			if err != nil || !slices.Equal(positions(page), c.want) || page.Position != c.position || page.More != c.more || page.Oldest != 1 || page.Newest != 20 {
				t.Errorf("%s: %v up to %d, more %v, %d–%d, %v", name, positions(page), page.Position, page.More, page.Oldest, page.Newest, err)
			}
		}
		if _, err := db.ReadFeed(t.Context(), tenant, store.FeedQuery{After: 21, Limit: 1}); !errors.Is(err, store.ErrPosition) {
			t.Errorf("after the end: %v", err)
		}
		other, _ := storetest.Tenant(t, db, "b")
		if page, err := db.ReadFeed(t.Context(), other, store.FeedQuery{Limit: 5}); err != nil || len(page.Events) > 0 || page.Position != 0 || page.Oldest != 1 {
			t.Errorf("another tenant's: %+v %v", page, err)
		}
	})
}

func TestFeed_is_found_by_time_and_trimmed(t *testing.T) {
	t.Parallel()
	eachAtHand(t, func(t *testing.T, db *store.DB, clk *handClock) {
		tenant := written(t, db, clk, 20)
		start := clk.Now().Add(-20 * time.Minute)
		at := func(offset time.Duration) int64 {
			t.Helper()
			p, err := db.FeedPositionAt(t.Context(), tenant, start.Add(offset))
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		for offset, want := range map[time.Duration]int64{-time.Hour: 0, 0: 0, time.Microsecond: 1, time.Minute: 1, 90 * time.Second: 2, 19 * time.Minute: 19, 20 * time.Minute: 20, time.Hour: 20} {
			if got := at(offset); got != want {
				t.Errorf("after %v: position %d, want %d", offset, got, want)
			}
		}
		trim := func(before time.Duration, limit, want int) {
			t.Helper()
			if n, err := db.TrimFeed(t.Context(), tenant, start.Add(before), limit); err != nil || n != want {
				t.Errorf("trimmed %d, want %d: %v", n, want, err)
			}
		}
		trim(0, 100, 0)
		trim(7*time.Minute, 4, 4)
		trim(7*time.Minute, 4, 3)
		trim(7*time.Minute, 4, 0)
		if got := at(-time.Hour); got != 7 {
			t.Errorf("before what is kept: %d", got)
		}
		var expired *store.ExpiredError
		if _, err := db.ReadFeed(t.Context(), tenant, store.FeedQuery{After: 6, Limit: 5}); !errors.As(err, &expired) || expired.Oldest != 8 || expired.After != 6 {
			t.Errorf("after what is not kept: %v", err)
		}
		if page, err := db.ReadFeed(t.Context(), tenant, store.FeedQuery{After: 7, Limit: 2}); err != nil || !slices.Equal(positions(page), []int64{8, 9}) || page.Oldest != 8 {
			t.Errorf("after the last that is not kept: %+v %v", page, err)
		}
		trim(time.Hour, 100, 13)
		if page := feed(t, db, tenant, 20); page.Oldest != 21 || page.Newest != 20 {
			t.Errorf("of an empty feed: %+v", page)
		}
		if err := db.Write(t.Context(), tenant, func(tx *store.Tx) error { return tx.AddEvent(t.Context(), event.Oversell, "again") }); err != nil {
			t.Fatal(err)
		}
		if page := feed(t, db, tenant, 20); len(page.Events) != 1 || page.Events[0].Position != 21 {
			t.Errorf("a number was given again: %+v", page)
		}
	})
}
