package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"soroi/internal/channel"
	"soroi/internal/engine"
	"soroi/internal/stock"
)

// run runs an engine over the world while do runs.
func (w *world) run(ctx context.Context, b *bench, do func() error) error {
	var specs []channel.Spec
	for _, s := range w.shops {
		specs = append(specs, s.spec)
	}
	warn := slog.New(slog.NewTextHandler(b.out, &slog.HandlerOptions{Level: slog.LevelWarn}))
	e := engine.New(w.db, b.clock, warn, specs, engine.Options{Poll: b.poll, ReadEvery: 24 * time.Hour, OpenEvery: 24 * time.Hour})
	running, stop := context.WithCancel(ctx)
	defer stop()
	var loops sync.WaitGroup
	var failed error
	loops.Go(func() { failed = e.Run(running) })
	err := do()
	stop()
	loops.Wait()
	return errors.Join(err, failed)
}

// publisher measures how much of its channel's limit one shop's publisher uses while it has work.
func publisher(ctx context.Context, b *bench) error {
	for _, limit := range []float64{1, 20} {
		if err := b.publish(ctx, limit); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) publish(ctx context.Context, callsPerSecond float64) (err error) {
	shop := newMemoryShop(b, "fast", callsPerSecond, 1)
	allowed := callsPerSecond * float64(shop.spec.Limits.PushItems)
	w, err := newWorld(ctx, b, max(int(allowed*b.pushFor.Seconds()), 2*shop.spec.Limits.PushItems), shop)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.db.Close()) }()
	if err := errors.Join(w.change(ctx, stock.Add, 1, w.skus), w.plan(ctx)); err != nil {
		return err
	}
	pushed := func() (calls []time.Time, items int) {
		shop.mu.Lock()
		defer shop.mu.Unlock()
		return shop.calls, shop.items
	}
	err = w.run(ctx, b, func() error {
		for deadline := b.clock.Now().Add(4*b.pushFor + 20*time.Second); ; {
			if _, items := pushed(); items >= len(w.skus) {
				return nil
			}
			if b.clock.Now().After(deadline) {
				return errors.New("the backlog is not pushed")
			}
			if err := b.clock.Sleep(ctx, 5*time.Millisecond); err != nil {
				return err
			}
		}
	})
	if err != nil {
		return err
	}
	calls, items := pushed()
	last := len(calls) - 1
	// All calls but the last leave full; the time between the first and the last call is theirs.
	rate := float64(items) * float64(last) / float64(last+1) / calls[last].Sub(calls[0]).Seconds()
	b.line(fmt.Sprintf("publisher, %g calls/s of %d", callsPerSecond, shop.spec.Limits.PushItems), "%s items/s = %.1f %% of the %s/s that the channel allows %s",
		count(rate), 100*rate/allowed, count(allowed), b.aim(rate >= 0.95*allowed, "95 %"))
	return nil
}
