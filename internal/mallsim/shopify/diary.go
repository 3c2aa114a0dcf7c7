package shopify

import (
	"strconv"
	"sync"
	"time"

	"soroi/internal/mallsim"
)

// diary keeps what the mall's core forgets of an order and Shopify shows: what was refunded and whether it was put back, what
// left when, since when it is cancelled, and how many units of each listing are committed.
type diary struct {
	mu        sync.Mutex
	orders    map[string]*story
	committed map[mallsim.Key]int64
	restocked map[string]map[mallsim.Key]int64 // by order, until the change that did it is known
	held      map[string]time.Time             // orders listed later than the mall's lag, and when
	lag       time.Duration
}

type story struct {
	revision    int64
	lines       map[string]mallsim.OrderLine
	refunds     []refund
	shipments   []shipment
	cancelledAt time.Time
}

type refund struct {
	number int
	at     time.Time
	lines  []refundLine
}

type refundLine struct {
	line     string
	units    int64
	restock  string // a RefundLineItemRestockType
	restocks bool
}

type shipment struct {
	number int
	at     time.Time
	units  map[string]int64
}

func newDiary(m *mallsim.Mall) *diary {
	d := &diary{orders: map[string]*story{}, committed: map[mallsim.Key]int64{}, restocked: map[string]map[mallsim.Key]int64{},
		held: map[string]time.Time{}, lag: m.Options().OrderLag}
	for _, o := range m.Find(mallsim.Query{Hidden: true}) {
		// What happened before is told as one refund and one shipment at the time of the last change.
		first := o
		first.Revision, first.Cancelled = 1, false
		first.Lines = nil
		for _, l := range o.Lines {
			l.Wanted, l.Shipped, l.Returned = max(l.Ordered, l.Wanted), 0, 0
			first.Lines = append(first.Lines, l)
		}
		d.order(first, o.PlacedAt)
		o.Revision = max(o.Revision, 2)
		d.order(o, o.ChangedAt)
	}
	return d
}

// change notes units that a cancel or a return has put back; the order's own change follows it.
func (d *diary) change(c mallsim.Change) {
	if c.Document == "" || c.By != mallsim.ByCancel && c.By != mallsim.ByReturn {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.restocked[c.Document] == nil {
		d.restocked[c.Document] = map[mallsim.Key]int64{}
	}
	d.restocked[c.Document][c.Key] += c.After - c.Before
}

// order notes an order as it stands after a change. It tells whether something was refunded.
func (d *diary) order(o mallsim.Order, at time.Time) (refunded bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.orders[o.Number]
	if s == nil {
		s = &story{lines: map[string]mallsim.OrderLine{}}
		d.orders[o.Number] = s
		if o.ListedAt.After(o.ChangedAt.Add(d.lag)) {
			d.held[o.Number] = o.ListedAt
		}
	} else if o.Revision <= s.revision {
		return false
	}
	s.revision = o.Revision
	back := d.restocked[o.Number]
	delete(d.restocked, o.Number)
	r := refund{number: len(s.refunds) + 1, at: at}
	left := shipment{number: len(s.shipments) + 1, at: at, units: map[string]int64{}}
	for _, l := range o.Lines {
		old, known := s.lines[l.ID]
		s.lines[l.ID] = l
		d.committed[l.Key] += max(l.Wanted-l.Shipped, 0) - max(old.Wanted-old.Shipped, 0)
		if known {
			r.add(l.ID, old.Wanted-l.Wanted, "CANCEL", l.Key, back)
			r.add(l.ID, l.Returned-old.Returned, "RETURN", l.Key, back)
		}
		if n := l.Shipped - old.Shipped; n > 0 {
			left.units[l.ID] = n
		}
	}
	if len(r.lines) > 0 {
		s.refunds = append(s.refunds, r)
	}
	if len(left.units) > 0 {
		s.shipments = append(s.shipments, left)
	}
	if o.Cancelled && s.cancelledAt.IsZero() {
		s.cancelledAt = at
	}
	return len(r.lines) > 0
}

func (r *refund) add(line string, units int64, restock string, k mallsim.Key, back map[mallsim.Key]int64) {
	if units <= 0 {
		return
	}
	l := refundLine{line: line, units: units, restock: "NO_RESTOCK"}
	if back[k] >= units {
		back[k] -= units
		l.restock, l.restocks = restock, true
	}
	r.lines = append(r.lines, l)
}

// story is what the diary holds of an order; a copy that is not changed any more.
func (d *diary) story(number string) story {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.orders[number]
	if s == nil {
		return story{}
	}
	return story{revision: s.revision, refunds: s.refunds[:len(s.refunds):len(s.refunds)],
		shipments: s.shipments[:len(s.shipments):len(s.shipments)], cancelledAt: s.cancelledAt}
}

func (d *diary) committedOf(k mallsim.Key) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.committed[k]
}

// heldSince are the orders that were let go at or after a time.
func (d *diary) heldSince(t time.Time) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var numbers []string
	for number, at := range d.held {
		if !at.Before(t) {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

func (r refund) name(order string) string   { return order + "/refund/" + strconv.Itoa(r.number) }
func (s shipment) name(order string) string { return order + "/shipment/" + strconv.Itoa(s.number) }
