package engine_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/stock"
)

// memoryShop is a shop without a protocol: it lowers its own number on a sale as every mall does, and its connector speaks to it
// directly. What a wire can do to a call, its faults do.
type memoryShop struct {
	name    string
	write   channel.Write
	returns channel.Returning // "" is "depends"

	mu       sync.Mutex
	shown    map[channel.Ref]int64
	orders   []*memoryOrder
	changes  int64
	restock  bool
	stops    bool          // a difference that would lead below zero stops there
	lateness time.Duration // how long after it was placed an order is listed
	fault    func(op string) fault
	pushed   []channel.Update
	written  []int64                // what was shown after each write that took effect
	onPush   func([]channel.Update) // runs after the effect, before the answer, without the lock
}

type memoryOrder struct {
	number   string
	placed   time.Time
	revision int64
	ref      channel.Ref
	bought   int64
	wanted   int64
	shipped  int64
}

type fault int

const (
	none fault = iota
	before
	after
	silent
	maintenance
	late // the write arrives when its call has ended, within the channel's lag
)

func newMemoryShop(name string, write channel.Write, skus int, each int64) *memoryShop {
	s := &memoryShop{name: name, write: write, shown: make(map[channel.Ref]int64)}
	for i := range skus {
		s.shown[refOf(i)] = each
	}
	return s
}

func refOf(sku int) channel.Ref { return channel.Ref("item-" + strconv.Itoa(sku)) }

// buy places an order for what is shown, at most units, and returns how many units it took.
func (s *memoryShop) buy(ref channel.Ref, units int64) (number string, taken int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken = min(units, s.shown[ref])
	if taken <= 0 {
		return "", 0
	}
	s.shown[ref] -= taken
	s.changes++
	number = fmt.Sprintf("%s-%05d", s.name, len(s.orders)+1)
	s.orders = append(s.orders, &memoryOrder{number: number, placed: time.Now(), revision: s.changes, ref: ref, bought: taken, wanted: taken})
	return number, taken
}

// cut lowers what an order wants by units and returns by how many it did.
func (s *memoryShop) cut(number string, units int64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.orders {
		if o.number == number {
			units = min(units, o.wanted-o.shipped)
			o.wanted -= units
			if s.restock {
				s.shown[o.ref] += units
			}
			s.changes++
			o.revision = s.changes
			return units
		}
	}
	return 0
}

func (s *memoryShop) ship(number string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.orders {
		if o.number == number {
			units := o.wanted - o.shipped
			o.shipped = o.wanted
			s.changes++
			o.revision = s.changes
			return units
		}
	}
	return 0
}

// holds is how many units of an order are sold and not shipped.
func (s *memoryShop) holds(number string) (int64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.orders {
		if o.number == number {
			return o.wanted - o.shipped, true
		}
	}
	return 0, false
}

func (s *memoryShop) shows(ref channel.Ref) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown[ref]
}

// memoryLag is the lag of memory shops.
const memoryLag = 200 * time.Millisecond

func (s *memoryShop) spec() channel.Spec {
	return channel.Spec{
		Kind: channel.Kind("memory" + s.name), Name: s.name,
		Can: channel.Can{Write: s.write, ChangedSince: true, ListListings: true, RefusesBelowZero: !s.stops, ReturnsOnCancel: cmp.Or(s.returns, channel.ReturnsDepends)},
		Limits: channel.Limits{PushItems: 20, ReadItems: 30, RefreshOrders: 20, Largest: 99999, Lateness: s.lateness, History: 24 * time.Hour, Lag: memoryLag,
			Poll: 5 * time.Second, PushBucket: "push", Rates: []channel.Rate{{Bucket: "push", Calls: 2, Per: time.Second, Burst: 2}}},
		Open: func(_ channel.Settings, d channel.Deps) (channel.Connector, error) {
			return &memoryConnector{s, d}, nil
		},
	}
}

type memoryConnector struct {
	shop *memoryShop
	deps channel.Deps
}

func (c *memoryConnector) meet(op string) (fault, error) {
	f := none
	if c.shop.fault != nil {
		f = c.shop.fault(op)
	}
	switch f {
	case before:
		return f, &channel.Error{Kind: channel.Temporary, Op: op}
	case maintenance:
		return f, &channel.Error{Kind: channel.Maintenance, Op: op}
	}
	return f, nil
}

func (c *memoryConnector) snapshot(o *memoryOrder, asked time.Time) order.Snapshot {
	state := order.Open
	switch {
	case o.wanted == 0:
		state = order.Cancelled
	case o.shipped == o.wanted:
		state = order.Shipped
	}
	return order.Snapshot{Edited: o.wanted != o.bought, Number: o.number, PlacedAt: o.placed, State: state, Version: order.Version{Revision: o.revision, AskedAt: asked},
		Lines: []order.Line{{Key: "1", Ref: o.ref, Wanted: o.wanted, Shipped: o.shipped}}}
}

func (c *memoryConnector) PullOrders(_ context.Context, since channel.Cursor) (channel.OrderPage, error) {
	asked := time.Now()
	f, err := c.meet("pull")
	if err != nil {
		return channel.OrderPage{}, err
	}
	from, _ := strconv.ParseInt(string(since), 10, 64)
	c.shop.mu.Lock()
	defer c.shop.mu.Unlock()
	var page channel.OrderPage
	list := slices.Clone(c.shop.orders)
	slices.SortFunc(list, func(a, b *memoryOrder) int { return int(a.revision - b.revision) })
	for _, o := range list {
		if o.revision < from-3 { // pages overlap
			continue
		}
		if o.placed.After(asked.Add(-c.shop.lateness)) { // not in the list yet
			break
		}
		if len(page.Orders) == 10 {
			page.More = true
			break
		}
		page.Orders = append(page.Orders, c.snapshot(o, asked))
		from = max(from, o.revision)
	}
	if page.More && len(page.Orders) > 0 && page.Orders[len(page.Orders)-1].Version.Revision <= from-3 {
		from++
	}
	page.Next = channel.Cursor(strconv.FormatInt(from, 10))
	if page.More {
		page.Next = channel.Cursor(strconv.FormatInt(from+3, 10))
	}
	if !page.More {
		page.UpTo = asked.Add(-c.shop.lateness)
	}
	if f == after {
		return channel.OrderPage{}, &channel.Error{Kind: channel.Unreadable, Op: "pull"}
	}
	return page, nil
}

func (c *memoryConnector) RefreshOrders(_ context.Context, known []order.Known) ([]order.Snapshot, error) {
	asked := time.Now()
	if _, err := c.meet("refresh"); err != nil {
		return nil, err
	}
	c.shop.mu.Lock()
	defer c.shop.mu.Unlock()
	var snapshots []order.Snapshot
	for _, k := range known {
		for _, o := range c.shop.orders {
			if o.number == k.Number {
				snapshots = append(snapshots, c.snapshot(o, asked))
			}
		}
	}
	return snapshots, nil
}

func (c *memoryConnector) PushStock(ctx context.Context, updates []channel.Update) ([]channel.Outcome, error) {
	if err := c.deps.Pace.Wait(ctx, "push", 1); err != nil {
		return nil, err
	}
	f, err := c.meet("push")
	if err != nil {
		return nil, err
	}
	if f == late {
		time.AfterFunc(memoryLag*3/4, func() {
			c.shop.mu.Lock()
			defer c.shop.mu.Unlock()
			for _, u := range updates {
				c.apply(u, none)
			}
		})
		return nil, &channel.Error{Kind: channel.Temporary, Op: "push"}
	}
	outcomes := make([]channel.Outcome, len(updates))
	c.shop.mu.Lock()
	for i, u := range updates {
		outcomes[i] = c.apply(u, f)
		if outcomes[i].State == channel.Applied && f != silent {
			c.shop.written = append(c.shop.written, c.shop.shown[u.Ref])
		}
	}
	c.shop.pushed = append(c.shop.pushed, updates...)
	hook := c.shop.onPush
	c.shop.mu.Unlock()
	if hook != nil {
		hook(updates)
	}
	if f == after {
		return nil, &channel.Error{Kind: channel.Temporary, Op: "push"}
	}
	return outcomes, nil
}

func (c *memoryConnector) apply(u channel.Update, f fault) channel.Outcome {
	want, _ := u.Want.Units()
	now := c.shop.shown[u.Ref]
	switch {
	case f == silent:
	case u.Expect == nil || c.shop.write == channel.Overwrite:
		c.shop.shown[u.Ref] = want
	case c.shop.write == channel.CompareAndSet:
		if expect, _ := u.Expect.Units(); expect != now {
			return channel.Outcome{State: channel.Conflict, Err: &channel.Error{Kind: channel.Invalid, Op: "push", Code: "STALE", NotDone: true}}
		}
		c.shop.shown[u.Ref] = want
	default:
		expect, _ := u.Expect.Units()
		if now+want-expect < 0 && c.shop.stops {
			c.shop.shown[u.Ref] = 0
			break
		}
		if now+want-expect < 0 {
			return channel.Outcome{State: channel.Conflict, Err: &channel.Error{Kind: channel.Invalid, Op: "push", Code: "NEGATIVE", NotDone: true}}
		}
		c.shop.shown[u.Ref] = now + want - expect
	}
	return channel.Outcome{State: channel.Applied}
}

func (c *memoryConnector) ReadStock(_ context.Context, refs []channel.Ref) ([]channel.Shown, error) {
	if _, err := c.meet("read"); err != nil {
		return nil, err
	}
	c.shop.mu.Lock()
	defer c.shop.mu.Unlock()
	shown := make([]channel.Shown, len(refs))
	for i, ref := range refs {
		n, found := c.shop.shown[ref]
		shown[i] = channel.Shown{Ref: ref, Found: found, Quantity: stock.Units(n)}
	}
	return shown, nil
}

func (c *memoryConnector) ListListings(context.Context, channel.Cursor) (channel.ListingPage, error) {
	if _, err := c.meet("list"); err != nil {
		return channel.ListingPage{}, err
	}
	c.shop.mu.Lock()
	defer c.shop.mu.Unlock()
	var page channel.ListingPage
	for ref := range c.shop.shown {
		page.Listings = append(page.Listings, channel.Listing{Ref: ref, Codes: []match.Code{{Text: string(ref)}}, Title: string(ref)})
	}
	return page, nil
}

// noNetwork refuses every call: a memory shop makes none.
type noNetwork struct{}

func (noNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("unexpected call to %s", r.URL.Host)
}

// chance is a fault source: each operation meets each kind of fault with the given probability.
func chance(rng *rand.Rand, kinds []fault, p float64, quiet func() bool) func(string) fault {
	var mu sync.Mutex
	return func(string) fault {
		mu.Lock()
		defer mu.Unlock()
		if quiet() || rng.Float64() >= p {
			return none
		}
		return kinds[rng.IntN(len(kinds))]
	}
}
