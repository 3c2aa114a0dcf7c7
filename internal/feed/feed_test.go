package feed_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/store"
)

// What is older than is kept goes, a bit at a time.
func TestFeed_is_trimmed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := fresh(t)
		w.options.Keep, w.options.Tick = 24*time.Hour, time.Hour
		for range 30 {
			w.happen(0)
		}
		old, _ := w.hook("old")
		time.Sleep(20 * time.Hour)
		w.happen(0)
		young, _ := w.hook("young")
		stop := w.start()
		defer stop()
		ends := func() (oldest, newest int64) {
			page, err := w.db.ReadFeed(t.Context(), w.tenant, store.FeedQuery{After: young.Position, Limit: 1})
			w.must(err)
			return page.Oldest, page.Newest
		}
		if oldest, newest := ends(); oldest != 1 || newest != young.Position || newest != old.Position+1 {
			t.Errorf("%d to %d", oldest, newest)
		}
		time.Sleep(5 * time.Hour)
		if oldest, newest := ends(); oldest != young.Position || newest != young.Position {
			t.Errorf("after a day: %d to %d", oldest, newest)
		}
	})
}

// Who waits for events is told at once.
func TestSubscribe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := fresh(t)
		happened := make(chan struct{}, 1)
		w.options.Changed = func() (<-chan struct{}, func()) { return happened, func() {} }
		w.options.Tick = time.Hour
		s := w.service()
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { w.must(s.Run(ctx)) })
		changed, stop := s.Subscribe()
		synctest.Wait()
		start := time.Now()
		happened <- struct{}{}
		<-changed
		stop()
		if time.Since(start) != 0 {
			t.Errorf("told after %v", time.Since(start))
		}
		cancel()
		running.Wait()
	})
}
