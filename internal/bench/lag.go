package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"soroi/internal/channel"
)

// waiting is one order that a shop does not show yet.
type waiting struct {
	placed time.Time
	most   int64 // the order is in the shop's number when it is at most this
}

// tracker measures how long each other shop takes until it shows an order. Nothing is restocked, so what is left only falls.
type tracker struct {
	bench *bench
	mu    sync.Mutex
	left  map[channel.Ref]int64
	open  []map[channel.Ref][]waiting // by shop
	lags  []time.Duration
}

// placed notes an order of one unit in a shop, before that shop can tell of it.
func (t *tracker) placed(shop int, ref channel.Ref) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.left[ref]; !known {
		t.left[ref] = opening
	}
	t.left[ref]--
	for other := range t.open {
		if other != shop {
			t.open[other][ref] = append(t.open[other][ref], waiting{t.bench.clock.Now(), t.left[ref]})
		}
	}
}

// shows notes what a shop shows.
func (t *tracker) shows(shop int, ref channel.Ref, n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.bench.clock.Now()
	t.open[shop][ref] = slices.DeleteFunc(t.open[shop][ref], func(w waiting) bool {
		if n > w.most {
			return false
		}
		t.lags = append(t.lags, now.Sub(w.placed))
		return true
	})
}

func (t *tracker) rest() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, shop := range t.open {
		for _, list := range shop {
			n += len(list)
		}
	}
	return n
}

// lag places orders at a steady rate in three shops and measures how long it takes from an order being visible until each other shop
// has confirmed its new number.
func lag(ctx context.Context, b *bench) (err error) {
	shops := []*memoryShop{newMemoryShop(b, "a", 20, 20), newMemoryShop(b, "b", 20, 20), newMemoryShop(b, "c", 20, 20)}
	w, err := newWorld(ctx, b, b.listed, shops...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.db.Close()) }()
	t := &tracker{bench: b, left: make(map[channel.Ref]int64)}
	for i, s := range shops {
		t.open = append(t.open, make(map[channel.Ref][]waiting))
		s.pushed = func(ref channel.Ref, n int64) { t.shows(i, ref, n) }
	}
	placed := 0
	err = w.run(ctx, b, func() error {
		if err := b.clock.Sleep(ctx, 2*b.poll); err != nil { // every shop is served
			return err
		}
		rng := rand.New(rand.NewPCG(1, 1))
		every := time.Second / time.Duration(b.perSecond)
		start := b.clock.Now()
		for next := start; next.Sub(start) < b.sellFor; next = next.Add(every) {
			if err := b.clock.Sleep(ctx, next.Sub(b.clock.Now())); err != nil {
				return err
			}
			shop, ref := rng.IntN(len(shops)), channel.Ref(code(rng.IntN(b.listed)))
			t.placed(shop, ref)
			t.shows(shop, ref, shops[shop].buy(ref))
			placed++
		}
		for deadline := b.clock.Now().Add(30 * time.Second); t.rest() > 0; {
			if b.clock.Now().After(deadline) {
				return fmt.Errorf("%d of %d orders are not shown by every other shop", t.rest(), placed)
			}
			if err := b.clock.Sleep(ctx, 10*time.Millisecond); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.Sort(t.lags)
	ms := func(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }
	p99 := quantile(t.lags, 0.99)
	b.line(fmt.Sprintf("order visible → other shops, %d/s", b.perSecond), "p50 %s, p99 %s, longest %s, of which up to %s are the polling interval (%s SKUs in 3 shops, %s orders) %s",
		ms(quantile(t.lags, 0.5)), ms(p99), ms(quantile(t.lags, 1)), ms(b.poll), count(float64(b.listed)), count(float64(placed)), b.aim(p99 < time.Second+b.poll, "p99 < 1 s + polling interval"))
	return nil
}
