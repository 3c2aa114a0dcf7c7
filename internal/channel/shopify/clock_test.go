package shopify

import (
	"context"
	"sync"
	"time"
)

// fixed is a clock that stands still.
type fixed struct{ at time.Time }

func (f fixed) Now() time.Time                                   { return f.at }
func (f fixed) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }
func (f fixed) After(time.Duration) <-chan time.Time {
	c := make(chan time.Time, 1)
	c <- f.at
	return c
}

// moving is a clock on which time passes while somebody sleeps, and only then: for the pace, which waits for its turn.
type moving struct {
	fixed
	mu    sync.Mutex
	slept time.Duration
}

func (m *moving) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at.Add(m.slept)
}

func (m *moving) Sleep(ctx context.Context, d time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.slept += d
	return ctx.Err()
}
