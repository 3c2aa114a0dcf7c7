package main

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/order"
	"soroi/internal/stock"
)

// memoryShop is a shop without a protocol, so that what is measured is soroi alone. It lowers its own number when it sells, and takes
// deltas.
type memoryShop struct {
	spec  channel.Spec
	clock clock.Clock

	mu     sync.Mutex
	shown  map[channel.Ref]int64
	orders []order.Snapshot
	calls  []time.Time // when each push arrived
	items  int
	pushed func(ref channel.Ref, shown int64) // called under the lock after each write
}

// newMemoryShop is a shop that takes so many calls per second of 400 items each.
func newMemoryShop(b *bench, name string, callsPerSecond, burst float64) *memoryShop {
	s := &memoryShop{clock: b.clock, shown: make(map[channel.Ref]int64)}
	s.spec = channel.Spec{Kind: channel.Kind("memory" + name), Name: name,
		Can: channel.Can{Write: channel.Delta, ChangedSince: true, ReturnsOnCancel: channel.ReturnsDepends},
		Limits: channel.Limits{PushItems: 400, ReadItems: 1000, RefreshOrders: 100, Largest: 99999, History: time.Hour, Poll: b.poll, PushBucket: "push",
			Rates: []channel.Rate{{Bucket: "push", Calls: callsPerSecond, Per: time.Second, Burst: burst}}},
		Open: func(_ channel.Settings, d channel.Deps) (channel.Connector, error) {
			return &memoryConnector{s, d}, nil
		},
	}
	return s
}

// buy places an order of one unit and returns what the shop shows after it.
func (s *memoryShop) buy(ref channel.Ref) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	s.shown[ref]--
	s.orders = append(s.orders, order.Snapshot{Number: strconv.Itoa(len(s.orders) + 1), PlacedAt: now, State: order.Open,
		Version: order.Version{Revision: 1, AskedAt: now}, Lines: []order.Line{{Key: "1", Ref: ref, Wanted: 1}}})
	return s.shown[ref]
}

type memoryConnector struct {
	shop *memoryShop
	deps channel.Deps
}

func (c *memoryConnector) PullOrders(_ context.Context, since channel.Cursor) (channel.OrderPage, error) {
	from, _ := strconv.Atoi(string(since)) // "" is the start
	c.shop.mu.Lock()
	defer c.shop.mu.Unlock()
	to := min(from+100, len(c.shop.orders))
	return channel.OrderPage{Orders: slices.Clone(c.shop.orders[from:to]), Next: channel.Cursor(strconv.Itoa(to)), More: to < len(c.shop.orders)}, nil
}

func (c *memoryConnector) RefreshOrders(context.Context, []order.Known) ([]order.Snapshot, error) {
	return nil, nil
}

func (c *memoryConnector) PushStock(ctx context.Context, updates []channel.Update) ([]channel.Outcome, error) {
	if err := c.deps.Pace.Wait(ctx, "push", 1); err != nil {
		return nil, &channel.Error{Kind: channel.Temporary, Op: "push", Err: err, NotDone: true}
	}
	outcomes := make([]channel.Outcome, len(updates))
	c.shop.mu.Lock()
	defer c.shop.mu.Unlock()
	c.shop.calls = append(c.shop.calls, c.deps.Clock.Now())
	c.shop.items += len(updates)
	for i, u := range updates {
		want, _ := u.Want.Units()
		if u.Expect != nil {
			expect, _ := u.Expect.Units()
			want += c.shop.shown[u.Ref] - expect
		}
		c.shop.shown[u.Ref] = want
		if c.shop.pushed != nil {
			c.shop.pushed(u.Ref, want)
		}
		outcomes[i].State = channel.Applied
	}
	return outcomes, nil
}

func (c *memoryConnector) ReadStock(_ context.Context, refs []channel.Ref) ([]channel.Shown, error) {
	c.shop.mu.Lock()
	defer c.shop.mu.Unlock()
	shown := make([]channel.Shown, len(refs))
	for i, ref := range refs {
		n, found := c.shop.shown[ref]
		shown[i] = channel.Shown{Ref: ref, Found: found, Quantity: stock.Units(n)}
	}
	return shown, nil
}
