// Package mallsim is the heart of the simulated malls: what a mall sells, how much it shows of each thing, who bought what,
// and every change of a shown number with its cause. The folders below it speak one mall's wire protocol each on top of it.
//
// A simulated mall is a mall of its own: it lowers its numbers itself when a buyer orders, refuses what the real one refuses,
// fails when it is told to, and knows nothing of soroi. It imports no connector, and no connector imports it.
package mallsim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"soroi/internal/clock"
)

// Key names a listing inside its mall. Protocol folders map their own ids to it; Variant may be "".
type Key struct {
	Item    string `json:"item"`
	Variant string `json:"variant,omitempty"`
}

func (k Key) String() string {
	if k.Variant == "" {
		return k.Item
	}
	return k.Item + "/" + k.Variant
}

// Compare orders keys by item, then variant, byte by byte.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Item, o.Item), cmp.Compare(k.Variant, o.Variant))
}

// Listing is one thing that the mall sells.
type Listing struct {
	Key       Key    `json:"key"`
	Code      string `json:"code"` // the merchant's own SKU code
	Title     string `json:"title"`
	Stock     int64  `json:"stock"` // units shown; may be below zero when somebody wrote so
	Unlimited bool   `json:"unlimited,omitempty"`
}

// Restock says what a mall does with the units of a cancelled line when nobody says otherwise.
type Restock int

// The ways of restocking.
const (
	RestockAlways Restock = iota // the units are shown again
	RestockNever                 // they are not
	RestockAsked                 // only when the one who cancels asks for it
)

// Options are what makes one mall differ from another of the same kind.
type Options struct {
	Name    string
	Seed    uint64
	Restock Restock
	// WriteLag is how long a written number (push or edit) stays hidden from readers. Buyers buy by the true number at once,
	// and what they take shows at once.
	WriteLag time.Duration
	// OrderLag is how long a placed order stays out of the mall's order list.
	OrderLag time.Duration
	// OrderPrefix begins the number of each order that comes without one, unless a protocol numbers them (Numbering).
	OrderPrefix string
}

// Mall is one shop in one simulated mall. All methods are safe for concurrent use.
type Mall struct {
	clock   clock.Clock
	options Options

	mu        sync.Mutex
	entries   map[Key]*entry
	index     []*entry // every entry there ever was, by entry.id
	sorted    []*entry // the live ones by key; nil when it must be made again
	orders    map[string]*purchase
	byTime    []*purchase // by PlacedAt, then number
	byDoc     []*purchase // by purchase.doc - 1
	serial    int64
	journal   journal
	numbering func(at time.Time, serial int64) string
	restocks  func(number string, line OrderLine) bool

	watchMu       sync.RWMutex
	watchers      []func(Change)
	orderWatchers []func(Order)

	faultMu sync.Mutex
	faults  []*Fault
	random  *rand.Rand

	callMu sync.Mutex
	calls  map[string]int
}

// entry is a listing as the mall keeps it.
type entry struct {
	id      uint32
	key     Key
	code    string
	title   string
	stock   int64 // the true number
	endless bool
	updated time.Time
	gone    bool
	hidden  []write // writes that readers do not see yet, oldest first
}

type write struct {
	at    time.Time
	delta int64
}

// New is an empty mall.
func New(c clock.Clock, o Options) *Mall {
	return &Mall{
		clock:   c,
		options: o,
		entries: make(map[Key]*entry),
		orders:  make(map[string]*purchase),
		random:  rand.New(rand.NewPCG(o.Seed, 0x736f726f69)),
		calls:   make(map[string]int),
	}
}

// Clock is the mall's own clock. Protocols use no other.
func (m *Mall) Clock() clock.Clock { return m.clock }

// Options are the ones the mall was made with.
func (m *Mall) Options() Options { return m.options }

// Name is the shop's name.
func (m *Mall) Name() string { return m.options.Name }

// Numbering lets a protocol give order numbers their form. serial rises by one with each order that comes without a number.
func (m *Mall) Numbering(number func(at time.Time, serial int64) string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.numbering = number
}

// Restocking lets a protocol decide line by line whether cancelled units are shown again when the one who cancels does not
// say; it takes the place of Options.Restock. rule must not call the mall.
func (m *Mall) Restocking(rule func(number string, line OrderLine) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.restocks = rule
}

// AddListing puts something on sale with an opening number. A key that is on sale already is an error.
func (m *Mall) AddListing(l Listing) error {
	var ev events
	defer m.tell(&ev)
	m.mu.Lock()
	defer m.mu.Unlock()
	if l.Key.Item == "" {
		return fmt.Errorf("a listing needs an item id")
	}
	if _, there := m.entries[l.Key]; there {
		return fmt.Errorf("listing %s is on sale already", l.Key)
	}
	e := m.newEntry(l)
	m.record(&ev, e, 0, e.stock, ByOpening, nil)
	return nil
}

func (m *Mall) newEntry(l Listing) *entry {
	e := &entry{id: uint32(len(m.index)), key: l.Key, code: l.Code, title: l.Title, stock: l.Stock, endless: l.Unlimited,
		updated: m.clock.Now()}
	m.index = append(m.index, e)
	m.entries[l.Key] = e
	m.sorted = nil
	return e
}

// RemoveListing takes something off sale; its orders and its journal stay.
func (m *Mall) RemoveListing(k Key) {
	var ev events
	defer m.tell(&ev)
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[k]
	if !ok {
		return
	}
	before := e.stock
	e.gone, e.stock, e.hidden = true, 0, nil
	delete(m.entries, k)
	m.sorted = nil
	m.record(&ev, e, before, 0, ByRemoval, nil)
}

// SetUnlimited says whether a listing sells without limit. False when there is no such listing.
func (m *Mall) SetUnlimited(k Key, unlimited bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[k]
	if ok {
		e.endless, e.updated = unlimited, m.clock.Now()
	}
	return ok
}

// Listing is what a reader is shown of one listing, and when it last changed.
func (m *Mall) Listing(k Key) (Listing, time.Time, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[k]
	if !ok {
		return Listing{}, time.Time{}, false
	}
	return m.shown(e, m.clock.Now()), e.updated, true
}

// Listings are what a reader is shown of everything on sale, by key.
func (m *Mall) Listings() []Listing { return m.ListingsAfter(Key{}, 0) }

// ListingsAfter are up to limit listings whose key is greater than after, by key; limit 0 is all of them.
func (m *Mall) ListingsAfter(after Key, limit int) []Listing {
	m.mu.Lock()
	defer m.mu.Unlock()
	live := m.live()
	from, found := slices.BinarySearchFunc(live, after, func(e *entry, k Key) int { return e.key.Compare(k) })
	if found {
		from++
	}
	live = live[from:]
	if limit > 0 && len(live) > limit {
		live = live[:limit]
	}
	now := m.clock.Now()
	list := make([]Listing, len(live))
	for i, e := range live {
		list[i] = m.shown(e, now)
	}
	return list
}

// Count is how many listings are on sale.
func (m *Mall) Count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.entries)
}

// Ever is how many listings have ever been put on sale. As long as it and Count stay, so does the catalogue.
func (m *Mall) Ever() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.index)
}

// Size is how many orders there are, hidden ones too, and how many lines the journal has.
func (m *Mall) Size() (orders, changes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.orders), m.journal.length
}

// Stock is the true number of a listing, the one that buyers buy by.
func (m *Mall) Stock(k Key) (int64, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[k]
	if !ok {
		return 0, false
	}
	return e.stock, true
}

// SetStock makes a listing show n. by is ByPush or ByEdit. It returns the number then shown, false when there is no such
// listing.
func (m *Mall) SetStock(k Key, n int64, by string) (after int64, ok bool) {
	var ev events
	defer m.tell(&ev)
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[k]
	if !ok {
		return 0, false
	}
	m.write(&ev, e, n, by)
	return n, true
}

// AddStock changes the number of a listing by d. When the result would lie outside lowest … highest, nothing changes and the
// error is a *RangeError; when there is no such listing it is a *NoListingError.
func (m *Mall) AddStock(k Key, d int64, by string, lowest, highest int64) (after int64, err error) {
	var ev events
	defer m.tell(&ev)
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[k]
	if !ok {
		return 0, &NoListingError{Key: k}
	}
	after = e.stock + d
	if after < lowest || after > highest {
		return e.stock, &RangeError{Key: k, Before: e.stock, After: after, Lowest: lowest, Highest: highest}
	}
	m.write(&ev, e, after, by)
	return after, nil
}

// StockWrite is one line of WriteStock: a number to show, or with Add a change of it.
type StockWrite struct {
	Key   Key
	Units int64
	Add   bool
}

// WriteStock writes all the lines or none, in one moment. It returns one error per line: *NoListingError, or *RangeError when
// the number would lie outside lowest … highest. Nothing is written unless all of them are nil.
func (m *Mall) WriteStock(lines []StockWrite, by string, lowest, highest int64) []error {
	var ev events
	defer m.tell(&ev)
	m.mu.Lock()
	defer m.mu.Unlock()
	errs := make([]error, len(lines))
	to := make(map[*entry]int64, len(lines))
	wrong := false
	for i, w := range lines {
		e, ok := m.entries[w.Key]
		if !ok {
			errs[i], wrong = &NoListingError{Key: w.Key}, true
			continue
		}
		before, again := to[e]
		if !again {
			before = e.stock
		}
		after := w.Units
		if w.Add {
			after += before
		}
		if after < lowest || after > highest {
			errs[i], wrong = &RangeError{Key: w.Key, Before: before, After: after, Lowest: lowest, Highest: highest}, true
		}
		to[e] = after
	}
	if wrong {
		return errs
	}
	for _, w := range lines {
		e := m.entries[w.Key]
		m.write(&ev, e, to[e], by)
	}
	return errs
}

// write changes a number from outside a sale: readers see it after WriteLag.
func (m *Mall) write(ev *events, e *entry, n int64, by string) {
	before := e.stock
	e.stock = n
	e.updated = m.clock.Now()
	if n == before {
		return
	}
	if m.options.WriteLag > 0 {
		e.forget(e.updated.Add(-m.options.WriteLag))
		e.hidden = append(e.hidden, write{at: e.updated, delta: n - before})
	}
	m.record(ev, e, before, n, by, nil)
}

// forget drops the hidden writes that readers have come to see by now.
func (e *entry) forget(seen time.Time) {
	n := 0
	for n < len(e.hidden) && !e.hidden[n].at.After(seen) {
		n++
	}
	if e.hidden = e.hidden[n:]; len(e.hidden) == 0 {
		e.hidden = nil
	}
}

func (m *Mall) shown(e *entry, now time.Time) Listing {
	l := Listing{Key: e.key, Code: e.code, Title: e.title, Stock: e.stock, Unlimited: e.endless}
	if len(e.hidden) == 0 {
		return l
	}
	e.forget(now.Add(-m.options.WriteLag))
	for _, w := range e.hidden {
		l.Stock -= w.delta
	}
	if e.stock >= 0 {
		l.Stock = max(l.Stock, 0)
	}
	return l
}

func (m *Mall) live() []*entry {
	if m.sorted == nil {
		m.sorted = make([]*entry, 0, len(m.entries))
		for _, e := range m.entries {
			m.sorted = append(m.sorted, e)
		}
		slices.SortFunc(m.sorted, func(a, b *entry) int { return a.key.Compare(b.key) })
	}
	return m.sorted
}
