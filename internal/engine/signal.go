package engine

import (
	"context"
	"time"

	"soroi/internal/clock"
)

// signal wakes one waiting loop. Setting it while it is set, or while nobody waits, is remembered once.
type signal struct{ ch chan struct{} }

func newSignal() *signal { return &signal{ch: make(chan struct{}, 1)} }

func (s *signal) set() {
	select {
	case s.ch <- struct{}{}:
	default:
	}
}

// wait returns when the signal is set, after d, or when ctx ends (false).
func (s *signal) wait(ctx context.Context, c clock.Clock, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-ctx.Done():
		return false
	case <-s.ch:
	case <-c.After(d):
	}
	return ctx.Err() == nil
}
