package mallsim

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Order is what a buyer bought, as the mall keeps it.
type Order struct {
	Number    string      `json:"number"`
	PlacedAt  time.Time   `json:"placed_at"`
	ChangedAt time.Time   `json:"changed_at"`
	ListedAt  time.Time   `json:"listed_at"` // in the mall's list from then on
	Revision  int64       `json:"revision"`  // 1 when placed, one more with each change
	Stage     string      `json:"stage,omitempty"`
	Cancelled bool        `json:"cancelled,omitempty"` // nothing is wanted any more
	Test      bool        `json:"test,omitempty"`
	Reason    string      `json:"reason,omitempty"` // of the last cancel
	Lines     []OrderLine `json:"lines"`
}

// OrderLine is one line of an order.
type OrderLine struct {
	ID       string `json:"id"` // the place of the line in its basket: "1", "2" …
	Key      Key    `json:"key"`
	Code     string `json:"code"`
	Title    string `json:"title"`
	Ordered  int64  `json:"ordered"`  // at first
	Wanted   int64  `json:"wanted"`   // now, shipped ones included; below Shipped only when shipped units were cancelled
	Shipped  int64  `json:"shipped"`  // have left
	Returned int64  `json:"returned"` // of the shipped ones, came back
}

// Shipped tells whether everything that is wanted has left, and something has.
func (o Order) Shipped() bool {
	any := false
	for _, l := range o.Lines {
		if l.Wanted > l.Shipped {
			return false
		}
		any = any || l.Shipped > 0 && l.Wanted > 0
	}
	return any
}

// Basket is what a buyer wants to buy.
type Basket struct {
	Number    string    `json:"number,omitempty"`    // default: the mall's next
	At        time.Time `json:"at,omitzero"`         // default: now
	HeldUntil time.Time `json:"held_until,omitzero"` // the order is in the mall's list only from then on
	Test      bool      `json:"test,omitempty"`      // a test order; its stock effect is real
	Stage     string    `json:"stage,omitempty"`     // a protocol's own word
	Lines     []Want    `json:"lines"`
}

// Want is one line of a basket.
type Want struct {
	Key    Key   `json:"key"`
	Units  int64 `json:"units"`
	AtMost bool  `json:"at_most,omitempty"` // buy what there is, up to Units
}

// Cancellation says what of an order is cancelled.
type Cancellation struct {
	Lines   map[string]int64 // line → units; nil = everything that has not been shipped
	Shipped bool             // with nil Lines: what has been shipped too. It stays shipped until it is returned
	Restock *bool            // overrides the mall's own way with the units
	Reason  string
}

// purchase is an order as the mall keeps it.
type purchase struct {
	doc       uint32
	number    string
	placed    time.Time
	changed   time.Time
	listed    time.Time
	revision  int64
	stage     string
	cancelled bool
	test      bool
	reason    string
	lines     []sold
}

type sold struct {
	id                                 int32
	entry                              *entry
	ordered, wanted, shipped, returned int64
}

func (s sold) line() OrderLine {
	return OrderLine{ID: strconv.Itoa(int(s.id)), Key: s.entry.key, Code: s.entry.code, Title: s.entry.title,
		Ordered: s.ordered, Wanted: s.wanted, Shipped: s.shipped, Returned: s.returned}
}

func (p *purchase) order(lines []OrderLine) Order {
	for _, s := range p.lines {
		lines = append(lines, s.line())
	}
	return Order{Number: p.number, PlacedAt: p.placed, ChangedAt: p.changed, ListedAt: p.listed, Revision: p.revision,
		Stage: p.stage, Cancelled: p.cancelled, Test: p.test, Reason: p.reason, Lines: lines}
}

// Place buys. The numbers fall at once. When a line that is not AtMost asks for more than there is, nothing is taken and the
// error is a *SoldOutError; so it is when AtMost lines leave nothing at all to buy. A line's ID is its place in the basket,
// counted from 1, also when lines before it found nothing.
func (m *Mall) Place(b Basket) (Order, error) {
	var ev events
	defer m.tell(&ev)
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(b.Lines) == 0 {
		return Order{}, fmt.Errorf("an order needs lines")
	}
	if _, there := m.orders[b.Number]; there && b.Number != "" {
		return Order{}, &StateError{b.Number, "the number is taken"}
	}
	lines, err := m.pick(b.Lines)
	if err != nil {
		return Order{}, err
	}
	now := m.clock.Now()
	p := &purchase{number: b.Number, placed: b.At.UTC(), changed: now, revision: 1, stage: b.Stage, test: b.Test, lines: lines}
	if b.At.IsZero() {
		p.placed = now
	}
	p.listed = now.Add(m.options.OrderLag)
	if b.HeldUntil.After(p.listed) {
		p.listed = b.HeldUntil.UTC()
	}
	if p.number == "" {
		p.number = m.nextNumber(p.placed)
	}
	m.keep(p)
	for _, s := range p.lines {
		m.move(&ev, s.entry, -s.wanted, BySale, p)
	}
	o := p.order(nil)
	ev.orders = append(ev.orders, o)
	return o, nil
}

// pick looks at every line before anything is taken.
func (m *Mall) pick(wants []Want) ([]sold, error) {
	taken := make(map[*entry]int64, len(wants))
	lines := make([]sold, 0, len(wants))
	for i, want := range wants {
		e, ok := m.entries[want.Key]
		if !ok {
			return nil, &NoListingError{Key: want.Key}
		}
		if want.Units <= 0 {
			return nil, fmt.Errorf("line %d asks for %d units of %s", i+1, want.Units, want.Key)
		}
		units := want.Units
		if left := e.stock - taken[e]; !e.endless && units > left {
			if !want.AtMost {
				return nil, &SoldOutError{Key: want.Key, Shown: left}
			}
			units = max(left, 0)
		}
		if units > 0 {
			taken[e] += units
			lines = append(lines, sold{id: int32(i + 1), entry: e, ordered: units, wanted: units})
		}
	}
	if len(lines) == 0 {
		first := wants[0].Key
		return nil, &SoldOutError{Key: first, Shown: m.entries[first].stock}
	}
	return lines, nil
}

func (m *Mall) nextNumber(at time.Time) string {
	for {
		m.serial++
		number := m.options.OrderPrefix + strconv.FormatInt(m.serial, 10)
		if m.numbering != nil {
			number = m.numbering(at, m.serial)
		}
		if _, there := m.orders[number]; !there {
			return number
		}
	}
}

// keep files an order by number and by time; most come last.
func (m *Mall) keep(p *purchase) {
	m.orders[p.number] = p
	m.byDoc = append(m.byDoc, p)
	p.doc = uint32(len(m.byDoc))
	at, _ := slices.BinarySearchFunc(m.byTime, p, func(a, b *purchase) int {
		return cmp.Or(a.placed.Compare(b.placed), cmp.Compare(a.number, b.number))
	})
	m.byTime = slices.Insert(m.byTime, at, p)
}

// move changes a number by a sale, a cancel or a return: readers see it at once.
func (m *Mall) move(ev *events, e *entry, delta int64, by string, p *purchase) {
	if e.gone {
		again, ok := m.entries[e.key]
		if !ok {
			return
		}
		e = again
	}
	if e.endless || delta == 0 {
		return
	}
	before := e.stock
	e.stock += delta
	e.updated = m.clock.Now()
	m.record(ev, e, before, e.stock, by, p)
}

// change runs fn on an order under the lock and counts the change, unless fn refuses.
func (m *Mall) changeOrder(number string, fn func(*events, *purchase) error) (Order, error) {
	var ev events
	defer m.tell(&ev)
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.orders[number]
	if !ok {
		return Order{}, &NoOrderError{Number: number}
	}
	if err := fn(&ev, p); err != nil {
		return Order{}, err
	}
	p.changed = m.clock.Now()
	p.revision++
	o := p.order(nil)
	ev.orders = append(ev.orders, o)
	return o, nil
}

func (p *purchase) line(id string) (*sold, error) {
	for i := range p.lines {
		if strconv.Itoa(int(p.lines[i].id)) == id {
			return &p.lines[i], nil
		}
	}
	return nil, &NoOrderError{Number: p.number, Line: id}
}

// each finds the lines that are named and how many units of each; nil names every line with as many as most says.
// It refuses before anything is changed: a line twice or unknown, none or more than most.
func (p *purchase) each(lines map[string]int64, most func(*sold) int64, doing string) (map[*sold]int64, error) {
	found := make(map[*sold]int64, len(p.lines))
	if lines == nil {
		for i := range p.lines {
			if n := most(&p.lines[i]); n > 0 {
				found[&p.lines[i]] = n
			}
		}
	}
	for id, units := range lines {
		s, err := p.line(id)
		if err != nil {
			return nil, err
		}
		if n := most(s); units <= 0 || units > n {
			return nil, &StateError{p.number, fmt.Sprintf("line %s has %d units to %s, not %d", id, n, doing, units)}
		}
		found[s] = units
	}
	if len(found) == 0 {
		return nil, &StateError{p.number, "nothing is left to " + doing}
	}
	return found, nil
}

// Cancel takes units out of an order. Whether the mall shows them again follows Cancellation.Restock, else the protocol's
// rule (Restocking), else Options.Restock. Shipped units are never shown again by a cancel: Return does that.
func (m *Mall) Cancel(number string, c Cancellation) (Order, error) {
	return m.changeOrder(number, func(ev *events, p *purchase) error {
		open := func(s *sold) int64 { return max(s.wanted-s.shipped, 0) }
		most := open
		if c.Shipped && c.Lines == nil {
			most = func(s *sold) int64 { return s.wanted }
		}
		found, err := p.each(c.Lines, most, "cancel")
		if err != nil {
			return err
		}
		for i := range p.lines {
			s := &p.lines[i]
			units := found[s]
			back := min(units, open(s))
			restock := m.restocksLine(p, c.Restock, s)
			s.wanted -= units
			if restock {
				m.move(ev, s.entry, back, ByCancel, p)
			}
		}
		p.reason = c.Reason
		p.cancelled = !slices.ContainsFunc(p.lines, func(s sold) bool { return s.wanted > 0 })
		return nil
	})
}

func (m *Mall) restocksLine(p *purchase, asked *bool, s *sold) bool {
	switch {
	case asked != nil:
		return *asked
	case m.restocks != nil:
		return m.restocks(p.number, s.line())
	}
	return m.options.Restock == RestockAlways
}

// Edit sets how many units of a line are wanted. More are taken from the number shown, with a *SoldOutError when there are
// not enough; fewer go back in the mall's own way. Fewer than have been shipped is refused.
func (m *Mall) Edit(number, line string, units int64) (Order, error) {
	return m.changeOrder(number, func(ev *events, p *purchase) error {
		s, err := p.line(line)
		if err != nil {
			return err
		}
		if units < s.shipped || units < 0 {
			return &StateError{p.number, fmt.Sprintf("line %s cannot want %d units: %d have left", line, units, s.shipped)}
		}
		more := units - s.wanted
		switch {
		case more > 0 && s.entry.gone:
			return &NoListingError{Key: s.entry.key}
		case more > 0 && !s.entry.endless && more > s.entry.stock:
			return &SoldOutError{Key: s.entry.key, Shown: s.entry.stock}
		case more > 0:
			m.move(ev, s.entry, -more, BySale, p)
		case more < 0 && m.restocksLine(p, nil, s):
			m.move(ev, s.entry, -more, ByCancel, p)
		}
		s.wanted = units
		p.cancelled = !slices.ContainsFunc(p.lines, func(s sold) bool { return s.wanted > 0 })
		return nil
	})
}

// Ship sends units off; nil lines means everything that is still to go.
func (m *Mall) Ship(number string, lines map[string]int64) (Order, error) {
	return m.changeOrder(number, func(_ *events, p *purchase) error {
		found, err := p.each(lines, func(s *sold) int64 { return max(s.wanted-s.shipped, 0) }, "ship")
		if err != nil {
			return err
		}
		for s, units := range found {
			s.shipped += units
		}
		return nil
	})
}

// Return takes shipped units back; nil lines means all that are out. With restock the mall shows them again.
func (m *Mall) Return(number string, lines map[string]int64, restock bool) (Order, error) {
	return m.changeOrder(number, func(ev *events, p *purchase) error {
		found, err := p.each(lines, func(s *sold) int64 { return s.shipped - s.returned }, "return")
		if err != nil {
			return err
		}
		for i := range p.lines {
			s := &p.lines[i]
			s.returned += found[s]
			if restock {
				m.move(ev, s.entry, found[s], ByReturn, p)
			}
		}
		return nil
	})
}

// Advance gives an order its protocol's next stage.
func (m *Mall) Advance(number, stage string) (Order, error) {
	return m.changeOrder(number, func(_ *events, p *purchase) error {
		p.stage = stage
		return nil
	})
}

// Order is one order, whether it is in the mall's list yet or not.
func (m *Mall) Order(number string) (Order, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.orders[number]
	if !ok {
		return Order{}, false
	}
	return p.order(nil), true
}

// Orders are the listed orders that keep wants, by time of placing, then number. keep may be nil, must not call the mall and
// must not hold on to the lines it is shown.
func (m *Mall) Orders(keep func(Order) bool) []Order { return m.Find(Query{Keep: keep}) }

// Query says which orders are meant. Zero times are open ends.
type Query struct {
	PlacedFrom, PlacedUntil time.Time // both included
	ChangedFrom             time.Time // included
	Hidden                  bool      // those that are not in the list yet, too
	Keep                    func(Order) bool
}

// Find are the orders that a query means, in the order and under the terms of Orders. With PlacedFrom it costs no more than
// the orders since then.
func (m *Mall) Find(q Query) []Order {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock.Now()
	from := 0
	if !q.PlacedFrom.IsZero() {
		from, _ = slices.BinarySearchFunc(m.byTime, q.PlacedFrom, func(p *purchase, t time.Time) int {
			return cmp.Or(p.placed.Compare(t), 1)
		})
	}
	var found []Order
	var scratch []OrderLine
	for _, p := range m.byTime[from:] {
		if !q.PlacedUntil.IsZero() && p.placed.After(q.PlacedUntil) {
			break
		}
		if p.listed.After(now) && !q.Hidden || p.changed.Before(q.ChangedFrom) {
			continue
		}
		if q.Keep == nil {
			found = append(found, p.order(nil))
			continue
		}
		o := p.order(scratch[:0])
		if scratch = o.Lines; q.Keep(o) {
			o.Lines = slices.Clone(o.Lines)
			found = append(found, o)
		}
	}
	return found
}
