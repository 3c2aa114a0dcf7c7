package mallsim

import "time"

// What changed a shown number.
const (
	ByOpening = "opening" // put on sale
	BySale    = "sale"    // a buyer ordered, or an order grew
	ByPush    = "push"    // written over the mall's API
	ByCancel  = "cancel"  // an order was cancelled or shrank, and the mall put the units back
	ByReturn  = "return"  // shipped units came back and the mall shows them again
	ByEdit    = "edit"    // the shop's staff changed it by hand
	ByRemoval = "removal" // taken off sale
)

// Change is one line of a mall's journal: one change of a true number.
type Change struct {
	Seq      int64     `json:"seq"` // 1, 2, 3 … within the mall
	At       time.Time `json:"at"`
	Key      Key       `json:"key"`
	Before   int64     `json:"before"`
	After    int64     `json:"after"`
	By       string    `json:"by"`
	Document string    `json:"document,omitempty"` // the order, where one did it
}

// journal keeps every change in 32 bytes, in blocks, so that a year of sales fits and adding one never copies the others.
type journal struct {
	blocks [][]mark
	length int
}

const blockSize = 4096

type mark struct {
	at            int64 // microseconds since 1970
	before, after int64
	entry         uint32
	cause         uint32 // cause in the low 4 bits, document above: place in byDoc + 1, 0 for none
}

var causes = [...]string{ByOpening, BySale, ByPush, ByCancel, ByReturn, ByEdit, ByRemoval}

func causeOf(by string) uint32 {
	for i, name := range causes {
		if name == by {
			return uint32(i)
		}
	}
	return 5 // a person's own word counts as an edit
}

func (j *journal) add(k mark) {
	if j.length%blockSize == 0 {
		j.blocks = append(j.blocks, make([]mark, 0, blockSize))
	}
	last := len(j.blocks) - 1
	j.blocks[last] = append(j.blocks[last], k)
	j.length++
}

func (j *journal) at(i int) mark { return j.blocks[i/blockSize][i%blockSize] }

// record writes one change into the journal, under the lock, and keeps it for the watchers.
func (m *Mall) record(ev *events, e *entry, before, after int64, by string, order *purchase) {
	k := mark{at: m.clock.Now().UnixMicro(), before: before, after: after, entry: e.id, cause: causeOf(by)}
	if order != nil {
		k.cause |= order.doc << 4
	}
	m.journal.add(k)
	ev.changes = append(ev.changes, m.change(m.journal.length-1))
}

func (m *Mall) change(i int) Change {
	k := m.journal.at(i)
	c := Change{Seq: int64(i) + 1, At: time.UnixMicro(k.at).UTC(), Key: m.index[k.entry].key, Before: k.before, After: k.after,
		By: causes[k.cause&15]}
	if doc := k.cause >> 4; doc != 0 {
		c.Document = m.byDoc[doc-1].number
	}
	return c
}

// Journal is a page of the journal: up to limit changes after the one numbered after, oldest first; limit 0 is all of them.
func (m *Mall) Journal(after int64, limit int) []Change {
	m.mu.Lock()
	defer m.mu.Unlock()
	from := int(min(max(after, 0), int64(m.journal.length)))
	to := m.journal.length
	if limit > 0 {
		to = min(to, from+limit)
	}
	page := make([]Change, 0, to-from)
	for i := from; i < to; i++ {
		page = append(page, m.change(i))
	}
	return page
}

// events are what a call has to tell its watchers once the lock is free.
type events struct {
	changes []Change
	orders  []Order
}

// Watch calls fn with every change of a true number from now on, on the goroutine that made it and before its call returns.
// fn may be called from several goroutines at once, may use the mall, and should be quick.
func (m *Mall) Watch(fn func(Change)) {
	m.watchMu.Lock()
	defer m.watchMu.Unlock()
	m.watchers = append(m.watchers[:len(m.watchers):len(m.watchers)], fn)
}

// WatchOrders calls fn with every order as it stands after each change, in the manner of Watch. An order may not be in the
// mall's list yet: see Order.ListedAt.
func (m *Mall) WatchOrders(fn func(Order)) {
	m.watchMu.Lock()
	defer m.watchMu.Unlock()
	m.orderWatchers = append(m.orderWatchers[:len(m.orderWatchers):len(m.orderWatchers)], fn)
}

// tell is deferred before the lock is taken, so that it runs after the lock is free.
func (m *Mall) tell(ev *events) {
	if len(ev.changes) == 0 && len(ev.orders) == 0 {
		return
	}
	m.watchMu.RLock()
	watchers, orderWatchers := m.watchers, m.orderWatchers
	m.watchMu.RUnlock()
	for _, c := range ev.changes {
		for _, fn := range watchers {
			fn(c)
		}
	}
	for _, o := range ev.orders {
		for _, fn := range orderWatchers {
			fn(o)
		}
	}
}
