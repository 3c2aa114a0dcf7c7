package mallsim

import (
	"fmt"
	"slices"
	"strconv"
)

// Books are everything a mall knows of itself, for keeping and for judging a run by.
type Books struct {
	Name     string    `json:"name"`
	Serial   int64     `json:"serial"`
	Listings []Listing `json:"listings"` // true numbers, by key
	Orders   []Order   `json:"orders"`   // hidden ones too, by time of placing, then number
	Journal  []Change  `json:"journal"`
}

// Books are the mall's own books at this moment.
func (m *Mall) Books() Books {
	orders := m.Find(Query{Hidden: true})
	m.mu.Lock()
	defer m.mu.Unlock()
	b := Books{Name: m.options.Name, Serial: m.serial, Orders: orders, Journal: make([]Change, 0, m.journal.length)}
	for _, e := range m.live() {
		b.Listings = append(b.Listings, Listing{Key: e.key, Code: e.code, Title: e.title, Stock: e.stock, Unlimited: e.endless})
	}
	for i := range m.journal.length {
		b.Journal = append(b.Journal, m.change(i))
	}
	return b
}

// Restore fills an empty mall from books. Nobody who watches is told. A mall that is not empty, or books that do not hang
// together, are an error; the mall is then of no further use.
func (m *Mall) Restore(b Books) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.index) > 0 || len(m.orders) > 0 {
		return fmt.Errorf("mall %s is not empty", m.options.Name)
	}
	for _, l := range b.Listings {
		if _, there := m.entries[l.Key]; there {
			return fmt.Errorf("the books of %s list %s twice", b.Name, l.Key)
		}
		m.newEntry(l)
	}
	for _, o := range b.Orders {
		if err := m.restoreOrder(o); err != nil {
			return err
		}
	}
	for i, c := range b.Journal {
		if c.Seq != int64(i)+1 {
			return fmt.Errorf("the journal of %s lacks change %d", b.Name, i+1)
		}
		e := m.known(c.Key, "", "")
		k := mark{at: c.At.UnixMicro(), before: c.Before, after: c.After, entry: e.id, cause: causeOf(c.By)}
		if p, ok := m.orders[c.Document]; ok {
			k.cause |= p.doc << 4
		}
		m.journal.add(k)
		if c.At.After(e.updated) || i == 0 {
			e.updated = c.At
		}
	}
	m.serial = b.Serial
	return nil
}

func (m *Mall) restoreOrder(o Order) error {
	if _, there := m.orders[o.Number]; there || o.Number == "" {
		return fmt.Errorf("the books hold order %q twice or without a number", o.Number)
	}
	p := &purchase{number: o.Number, placed: o.PlacedAt, changed: o.ChangedAt, listed: o.ListedAt, revision: o.Revision,
		stage: o.Stage, cancelled: o.Cancelled, test: o.Test, reason: o.Reason}
	for _, l := range o.Lines {
		id, err := strconv.ParseInt(l.ID, 10, 32)
		if err != nil {
			return fmt.Errorf("order %s has a line called %q", o.Number, l.ID)
		}
		p.lines = append(p.lines, sold{id: int32(id), entry: m.known(l.Key, l.Code, l.Title), ordered: l.Ordered, wanted: l.Wanted,
			shipped: l.Shipped, returned: l.Returned})
	}
	m.keep(p)
	return nil
}

// known is the entry of a key, made as one that is off sale when the books only speak of it in the past.
func (m *Mall) known(k Key, code, title string) *entry {
	if e, ok := m.entries[k]; ok {
		return e
	}
	if i := slices.IndexFunc(m.index, func(e *entry) bool { return e.gone && e.key == k }); i >= 0 {
		return m.index[i]
	}
	e := &entry{id: uint32(len(m.index)), key: k, code: code, title: title, gone: true}
	m.index = append(m.index, e)
	return e
}
