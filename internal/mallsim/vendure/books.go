package vendure

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"

	"soroi/internal/mallsim"
)

// books are what this shop knows beside the core: which variant has which id, how many units are allocated, and when an order's
// lines last changed.
type books struct {
	mu        sync.Mutex
	variants  []variant // by id, which is also by time
	latest    map[mallsim.Key]int
	allocated map[mallsim.Key]int64
	orders    map[string]followed // by number
	changes   []changed           // by time; an order may be in it several times
	changedAt map[string]time.Time
}

type variant struct {
	id   int // from 1
	key  mallsim.Key
	made time.Time
}

// followed is what is remembered of an order. held is empty once nothing of it is allocated.
type followed struct {
	revision int64
	quantity int64 // over all lines, as shown
	surplus  int64 // units that left and were cancelled afterwards
	held     []held
}

type held struct {
	key   mallsim.Key
	units int64
}

type changed struct {
	at     time.Time
	number string
}

func openBooks(m *mallsim.Mall) *books {
	b := &books{latest: map[mallsim.Key]int{}, allocated: map[mallsim.Key]int64{}, orders: map[string]followed{}, changedAt: map[string]time.Time{}}
	const page = 10_000
	for after := int64(0); ; {
		journal := m.Journal(after, page)
		for _, c := range journal {
			b.heard(c)
			after = c.Seq
		}
		if len(journal) < page {
			break
		}
	}
	for _, l := range m.Listings() {
		if _, known := b.latest[l.Key]; !known {
			b.put(l.Key, m.Clock().Now())
		}
	}
	for _, o := range m.Find(mallsim.Query{Hidden: true}) {
		b.ordered(o)
	}
	m.Watch(b.heard)
	m.WatchOrders(func(o mallsim.Order) {
		for key, units := range b.ordered(o) {
			m.AddStock(key, units, mallsim.ByCancel, math.MinInt32, math.MaxInt32)
		}
	})
	return b
}

// heard gives a new listing its id.
func (b *books) heard(c mallsim.Change) {
	if c.By != mallsim.ByOpening {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.put(c.Key, c.At)
}

func (b *books) put(key mallsim.Key, at time.Time) {
	if n := len(b.variants); n > 0 && at.Before(b.variants[n-1].made) {
		at = b.variants[n-1].made
	}
	b.variants = append(b.variants, variant{id: len(b.variants) + 1, key: key, made: at})
	b.latest[key] = len(b.variants)
}

// quantity is how many units of a line the shop shows: those that came back are gone from it, as are cancelled ones.
func quantity(l mallsim.OrderLine) int64 { return max(l.Wanted-l.Returned, 0) }

// ordered follows an order: units wanted and not sent off are allocated. A change of quantities moves the order's updatedAt; a
// parcel does not, as the real server has it. It returns the units that left and have been cancelled since this order was seen
// last, by listing: the shop puts them on hand again.
func (b *books) ordered(o mallsim.Order) map[mallsim.Key]int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	before, known := b.orders[o.Number]
	if known && before.revision >= o.Revision {
		return nil
	}
	for _, h := range before.held {
		if b.allocated[h.key] -= h.units; b.allocated[h.key] == 0 {
			delete(b.allocated, h.key)
		}
	}
	now := followed{revision: o.Revision}
	var ordered int64
	back := map[mallsim.Key]int64{}
	for _, l := range o.Lines {
		ordered += l.Ordered
		now.quantity += quantity(l)
		if cancelled := max(l.Shipped-l.Wanted, 0); cancelled > 0 {
			now.surplus += cancelled
			back[l.Key] += cancelled
		}
		if units := max(l.Wanted-l.Shipped, 0); units > 0 {
			now.held = append(now.held, held{l.Key, units})
			b.allocated[l.Key] += units
		}
	}
	if known && now.quantity != before.quantity || !known && now.quantity != ordered {
		at := o.ChangedAt
		if n := len(b.changes); n > 0 && at.Before(b.changes[n-1].at) {
			at = b.changes[n-1].at
		}
		b.changes = append(b.changes, changed{at, o.Number})
		b.changedAt[o.Number] = at
	}
	b.orders[o.Number] = now
	if before.surplus > 0 || now.surplus == 0 {
		return nil // the core cancels what has left all at once, so it comes back once
	}
	return back
}

func (b *books) variant(id string) (variant, bool) {
	n, err := strconv.Atoi(id)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil || n < 1 || n > len(b.variants) || b.latest[b.variants[n-1].key] != n {
		return variant{}, false
	}
	return b.variants[n-1], true
}

// of is the variant that a key means now, or meant last.
func (b *books) of(key mallsim.Key) variant {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.latest[key]
	if n == 0 {
		return variant{key: key}
	}
	return b.variants[n-1]
}

// since are the variants made after a moment, oldest first.
func (b *books) since(after time.Time) []variant {
	b.mu.Lock()
	defer b.mu.Unlock()
	from, _ := slices.BinarySearchFunc(b.variants, after, func(v variant, t time.Time) int { return cmp.Or(v.made.Compare(t), -1) })
	var list []variant
	for _, v := range b.variants[from:] {
		if b.latest[v.key] == v.id {
			list = append(list, v)
		}
	}
	return list
}

func (b *books) allocatedTo(key mallsim.Key) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.allocated[key]
}

// updatedAt is when the order's lines last changed: when it was placed, unless they were cut or grown since.
func (b *books) updatedAt(o mallsim.Order) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if at, ok := b.changedAt[o.Number]; ok {
		return at
	}
	return o.PlacedAt
}

// changedSince are the numbers of the orders whose lines changed after a moment, each once.
func (b *books) changedSince(after time.Time) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	from, _ := slices.BinarySearchFunc(b.changes, after, func(c changed, t time.Time) int { return cmp.Or(c.at.Compare(t), -1) })
	var numbers []string
	seen := map[string]bool{}
	for _, c := range b.changes[from:] {
		if !seen[c.number] {
			seen[c.number] = true
			numbers = append(numbers, c.number)
		}
	}
	return numbers
}

// ID is the id of a listing's variant, "" when the shop never had it.
func (s *Server) ID(key mallsim.Key) string {
	v := s.books.of(key)
	if v.id == 0 {
		return ""
	}
	return strconv.Itoa(v.id)
}

// Key is the listing that a variant's id means.
func (s *Server) Key(id string) (mallsim.Key, bool) {
	v, ok := s.books.variant(id)
	return v.key, ok
}
