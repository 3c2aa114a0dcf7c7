// Package town is a whole set of simulated malls: the same goods in each of them, an address on loopback and credentials for
// each, live buyers, and books that can be kept and opened again. soroi malls, soroi demo and soroi replay stand on it.
//
//	t, err := town.New(clock, town.Options{Kinds: []string{"rakuten", "yahoo"}, Seed: 1, OrdersPerMinute: 30})
//	err = t.Start(ctx)   // each mall listens, buyers come
//	t.Malls()[0].Settings() // what soroi must be told, by the channel's field keys, base_url included
//	err = t.Close()
package town

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"soroi/internal/clock"
	"soroi/internal/mallsim"
	"soroi/internal/mallsim/control"
)

// Options say what town it is. The zero value of each field but Kinds is a fair choice.
type Options struct {
	// Kinds are the malls, in order. A mall is called by its kind, the second one of a kind "rakuten-2", and so on; "rakuten=本店"
	// gives the name.
	Kinds []string
	Seed  uint64

	// Goods are on sale everywhere from the start; nil means Goods(240, Seed), an empty list nothing.
	Goods []Good
	// Books is a directory that Save wrote: the malls go on from there, and Goods says nothing. A directory without books
	// in it is no error: the town is then new.
	Books string

	LimitScale          float64 // times the malls' own rates; 0 means 1
	UnlimitedOrderReads bool    // order reading has no rate, where a mall counts it apart from writing
	EndlessCredentials  bool    // keys and consents outlive a replay of years; otherwise they end as the malls' own do
	WriteLag, OrderLag  time.Duration
	Restock             mallsim.Restock
	Faults              []Fault

	Port int // the first mall's port, the next ones' follow; 0 lets the machine choose

	// OrdersPerMinute is how many buyers come to all malls together, on the town's clock; 0 is none.
	OrdersPerMinute float64
	// Pace is how long a buyer or the staff typically takes to change an order, cancel it or send it off; 0 means 2 minutes.
	Pace time.Duration
	// EditsPerHour is how often staff changes a mall's number by hand behind soroi's back, in all malls together; 0 is never.
	EditsPerHour float64
}

// Fault is a fault in one mall, or in all of them when Mall is "".
type Fault struct {
	Mall string
	mallsim.Fault
}

// Town is a set of simulated malls on one clock. It is safe for concurrent use.
type Town struct {
	open   func(mall string) bool // nil: all malls
	clock  clock.Clock
	o      Options
	malls  []*Mall
	byName map[string]*Mall
	buyers *buyers

	mu      sync.Mutex
	stop    context.CancelFunc
	servers []*http.Server
	running sync.WaitGroup
}

// Mall is one mall of the town.
type Mall struct {
	Name    string
	Kind    string
	Core    *mallsim.Mall
	Handler http.Handler // its API, for those who need no socket

	opened opened
	mu     sync.Mutex
	base   string
	ids    *ids
	keys   map[string]mallsim.Key // by merchant's code
	codes  []string               // sorted
}

// New builds the malls. Nothing listens and nobody buys before Start.
func New(c clock.Clock, o Options) (*Town, error) {
	if o.Goods == nil {
		o.Goods = Goods(240, o.Seed)
	}
	if o.Pace == 0 {
		o.Pace = 2 * time.Minute
	}
	names, kinds, err := named(o.Kinds)
	if err != nil {
		return nil, err
	}
	t := &Town{clock: c, o: o, byName: map[string]*Mall{}}
	for i, name := range names {
		m := &Mall{Name: name, Kind: kinds[i], ids: newIDs(kinds[i]), keys: map[string]mallsim.Key{}}
		m.Core = mallsim.New(c, mallsim.Options{Name: name, Seed: o.Seed + uint64(i), Restock: o.Restock, WriteLag: o.WriteLag, OrderLag: o.OrderLag})
		secrets, old, err := m.load(o.Books)
		if err != nil {
			return nil, err
		}
		if m.opened, err = openKind(m.Kind, m.Core, o, secrets); err != nil {
			return nil, err
		}
		m.Handler = m.opened.handler
		switch {
		case old && i == 0:
			t.o.Goods = m.goods()
		case !old:
			if err := m.add(t.o.Goods); err != nil {
				return nil, err
			}
		}
		t.malls = append(t.malls, m)
		t.byName[name] = m
	}
	for _, f := range o.Faults {
		if !f.Valid() {
			return nil, fmt.Errorf("fault %+v cannot act", f.Fault)
		}
		if m := t.byName[f.Mall]; m != nil {
			m.Core.Inject(f.Fault)
		} else if f.Mall != "" {
			return nil, fmt.Errorf("a fault is meant for mall %q, which is not there", f.Mall)
		} else {
			for _, m := range t.malls {
				m.Core.Inject(f.Fault)
			}
		}
	}
	t.buyers = newBuyers(t)
	return t, nil
}

// Malls are the malls in the order of Options.Kinds.
func (t *Town) Malls() []*Mall { return t.malls }

// Mall is the mall of a name, nil when there is none.
func (t *Town) Mall(name string) *Mall { return t.byName[name] }

// Goods are what the town sells: as it was given when it is new, else as the first mall's books have it, with the numbers that mall
// showed when it was opened.
func (t *Town) Goods() []Good {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.o.Goods)
}

// AddGoods puts more goods on sale in every mall. A code that is on sale already is an error.
func (t *Town) AddGoods(goods []Good) error {
	for _, m := range t.malls {
		if err := m.add(goods); err != nil {
			return err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.o.Goods = append(slices.Clip(t.o.Goods), goods...)
	return nil
}

// VisitOnly sends buyers only to malls of which open, asked by the mall's name, says yes. It is called before Start.
func (t *Town) VisitOnly(open func(mall string) bool) { t.open = open }

// Start opens an address on loopback for each mall and lets the buyers in. Both end with ctx, or with Close.
func (t *Town) Start(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stop != nil {
		return errors.New("the town has been started already")
	}
	var listeners []net.Listener
	for i, m := range t.malls {
		port := 0
		if t.o.Port > 0 {
			port = t.o.Port + i
		}
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			for _, l := range listeners {
				l.Close()
			}
			return fmt.Errorf("open an address for mall %s: %w", m.Name, err)
		}
		listeners = append(listeners, l)
		m.mu.Lock()
		m.base = "http://" + l.Addr().String()
		m.mu.Unlock()
	}
	ctx, t.stop = context.WithCancel(ctx)
	for i, l := range listeners {
		server := &http.Server{Handler: t.malls[i].Handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
		t.servers = append(t.servers, server)
		t.running.Go(func() { server.Serve(l) })
	}
	context.AfterFunc(ctx, func() {
		for _, s := range t.servers {
			s.Close()
		}
	})
	t.running.Go(func() { t.buyers.run(ctx) })
	for _, m := range t.malls {
		if m.opened.run != nil {
			t.running.Go(func() { m.opened.run(ctx) })
		}
	}
	return nil
}

// Close ends what Start began, and waits for it. The malls and their books stay.
func (t *Town) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stop == nil {
		return nil
	}
	t.stop()
	for _, s := range t.servers {
		s.Close()
	}
	t.running.Wait()
	return nil
}

// Control is the malls' own side over HTTP; see package control and docs/malls.md.
func (t *Town) Control() http.Handler {
	return control.Handler(func() []control.Shop {
		shops := make([]control.Shop, len(t.malls))
		for i, m := range t.malls {
			shops[i] = control.Shop{Name: m.Name, Kind: m.Kind, BaseURL: m.BaseURL(), Settings: m.Settings(), Mall: m.Core,
				Place: m.opened.place, Cancel: m.opened.cancel}
		}
		return shops
	})
}

// BaseURL is the mall's address; "" before Start.
func (m *Mall) BaseURL() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.base
}

// Settings are what a connector must be told to reach the mall, by the field keys of its channel; base_url is among them.
func (m *Mall) Settings() map[string]string { return m.opened.settings(m.BaseURL()) }

// Place buys in the mall's own way: it differs from Core.Place where a mall closes goods that show units.
func (m *Mall) Place(b mallsim.Basket) (mallsim.Order, error) {
	if m.opened.place != nil {
		return m.opened.place(b)
	}
	return m.Core.Place(b)
}

// Cancel cancels in the mall's own way; it differs from Core.Cancel where units have been shipped.
func (m *Mall) Cancel(number string, c mallsim.Cancellation) (mallsim.Order, error) {
	if m.opened.cancel != nil {
		return m.opened.cancel(number, c)
	}
	return m.Core.Cancel(number, c)
}

// Key is the listing that bears a merchant's code.
func (m *Mall) Key(code string) (mallsim.Key, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, there := m.keys[code]
	return k, there
}

// goods are the mall's listings as goods, by key; a title holds the choice too.
func (m *Mall) goods() []Good {
	var goods []Good
	for _, l := range m.Core.Listings() {
		goods = append(goods, Good{Code: l.Code, Product: l.Key.Item, Title: l.Title, Stock: l.Stock})
	}
	return goods
}

func (m *Mall) add(goods []Good) error {
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		slices.Sort(m.codes)
	}()
	for _, g := range goods {
		m.mu.Lock()
		_, there := m.keys[g.Code]
		if there || g.Code == "" {
			m.mu.Unlock()
			return fmt.Errorf("mall %s: code %q is on sale already, or empty", m.Name, g.Code)
		}
		k := m.ids.key(g)
		m.keys[g.Code] = k
		m.codes = append(m.codes, g.Code)
		m.mu.Unlock()
		if err := m.Core.AddListing(mallsim.Listing{Key: k, Code: g.Code, Title: g.title(), Stock: g.Stock}); err != nil {
			return fmt.Errorf("mall %s: %w", m.Name, err)
		}
	}
	return nil
}
