package allocation_test

import (
	"fmt"

	"soroi/internal/allocation"
	"soroi/internal/stock"
)

// The world that escrow is tried against: malls with real numbers and real sales, of which our side sees only orders that a pull brings, answers and
// readings. It shares no code with escrow: what is oversold is counted at the malls.

const (
	malls     = 3
	mostSales = 6 // of one mall that are not seen yet
)

// sale is an order of one unit that is not in our books. Times are even numbers from 2, dense, per mall.
type sale struct {
	at     int8
	listed bool // in the mall's list of orders: a pull brings it
}

// wire is a write on its way.
type wire struct {
	way      allocation.Write // NoWrite: none
	number   int8
	expected int8
	landed   bool // the mall has done with it
	done     bool // and did it
	conflict bool
	sentAt   int8
}

// mall is one shop: the truth, then what our side knows of it.
type mall struct {
	number    int8 // what it shows and sells from
	sales     [mostSales]sale
	seen      int8 // orders in our books that can be cancelled
	cancelled int8 // of those, cancelled at the mall and not known to us
	back      int8 // of those, units that the mall has put back
	wire      wire
	ghost     wire // a write without an answer, which may still arrive
	reading   int8 // an answer to a reading that is not recorded yet, plus 1
	readFrom  int8 // when the reading began
	crossed   bool // orders have come in since
	early     bool // the reading began while the ghost could still arrive
	removed   bool // no longer one of the merchant's shops

	account allocation.Account
	decided int8
	paused  bool
	late    bool // the mall breaks its promise: a pull says that all is in, and it is not
}

// world is one state. It is comparable: two ways to the same state are one.
type world struct {
	malls     [malls]mall
	onHand    int8
	committed int8 // by orders in our books
	sold      int8 // by orders at the malls, cancelled ones left out
	allowed   int8 // what could not be helped when units left in a way the malls cannot know
	pattern   int8
	stale     bool
	budget    budget
}

// budget is how often each thing may still happen.
type budget struct{ ghosts, cancels, leaves, edits, patterns, pauses, removals, readings, late, sales int8 }

// scenario is what does not change.
type scenario struct {
	name     string
	ways     [malls]allocation.Write
	putsBack [malls]bool
	patterns [][malls]int64 // percentages
	start    world
	divided  [][mostUnits][malls]int64
	least    int64
	broken   bool // a promise is broken on purpose: what is sold is not looked at, only that all comes right again
	// overlap says that exposures may exceed sellable by design: units leave elsewhere, or a reading shows what a cancel put back.
	overlap bool
}

func (w *world) sellable() int64 { return int64(max(w.onHand-w.committed, 0)) }

func (w *world) oversold() int8 { return max(w.sold-w.onHand, 0) }

// lack is what follows when units are gone that the malls may have for sale, or may yet get from writes that have left: as many may be
// oversold, and from here on not one more.
func (w *world) lack() {
	more := w.committed - w.onHand
	for i := range w.malls {
		m := &w.malls[i]
		more += m.number + m.unseen()
		for _, x := range []wire{m.wire, m.ghost} {
			switch {
			case x.way == allocation.NoWrite || x.landed:
			case x.way == allocation.Overwrite:
				more += x.number
			default:
				more += max(x.number-x.expected, 0)
			}
		}
	}
	w.allowed = max(more, 0)
	w.stale = true
}

// mostUnits is above every sellable quantity of a scenario.
const mostUnits = 8

// prepare divides every sellable quantity by the percentages of each pattern, through the same rules as planning.
func (sc *scenario) prepare() {
	for _, percents := range sc.patterns {
		r := allocation.Rule{To: allocation.Open, Default: allocation.Share{Kind: allocation.Stop}}
		var shops [malls]allocation.Shop
		for i, percent := range percents {
			shops[i].ID = allocation.ShopID(i + 1)
			r.Shares = append(r.Shares, allocation.ShopShare{Shop: shops[i].ID, Share: allocation.Share{Kind: allocation.Percent, N: percent * 100}})
		}
		var table [mostUnits][malls]int64
		for n := range table {
			for i, t := range (allocation.Pattern{Rules: []allocation.Rule{r}}).Targets(stock.Units(int64(n)), shops[:]) {
				table[n][i], _ = t.Quantity.Units()
			}
		}
		sc.divided = append(sc.divided, table)
	}
}

func (sc *scenario) targets(w *world) *[malls]int64 { return &sc.divided[w.pattern][w.sellable()] }

// now is after every order so far.
func (m *mall) now() int8 { return 2 * m.unseen() }

func (m *mall) unseen() int8 {
	for i := range m.sales {
		if m.sales[i].at == 0 {
			return int8(i)
		}
	}
	return mostSales
}

// dense makes times small again: each order's is twice its place, each of the rest even and just not before the orders that it is not before.
func (m *mall) dense() {
	n := m.unseen()
	var at [mostSales]int8
	for i := range n {
		at[i] = m.sales[i].at
	}
	shrink := func(t int64) int64 {
		if t == allocation.Never || t <= 0 {
			return t
		}
		k := int64(0)
		for i := range n {
			if int64(at[i]) <= t {
				k++
			}
		}
		return 2 * k
	}
	m.account.KnownFrom = shrink(m.account.KnownFrom)
	m.wire.sentAt, m.readFrom = int8(shrink(int64(m.wire.sentAt))), int8(shrink(int64(m.readFrom)))
	m.account.KnownAt, m.account.UnseenAt = shrink(m.account.KnownAt), shrink(m.account.UnseenAt)
	for i := range n {
		m.sales[i].at = 2 * (i + 1)
	}
}

// land lets a write arrive.
func (m *mall) land(x *wire) {
	x.landed, x.done = true, true
	switch difference := x.number - x.expected; x.way {
	case allocation.Overwrite:
		m.number = x.number
	case allocation.MoveToZero:
		m.number = max(m.number+difference, 0)
	case compare:
		if m.number != x.expected {
			x.done, x.conflict = false, true
			return
		}
		m.number = x.number
	default:
		if m.number+difference < 0 {
			x.done, x.conflict = false, true
			return
		}
		m.number += difference
	}
}

// compare is a mall's compare-and-set; to escrow it is a Move.
const compare = allocation.Write(100)

// toEscrow is the way as escrow knows it.
func toEscrow(w allocation.Write) allocation.Write {
	if w == compare {
		return allocation.Move
	}
	return w
}

// decide plans all malls at once, as the planner's transaction does.
func (sc *scenario) decide(w world) world {
	targets := sc.targets(&w)
	var all [malls]allocation.Holder
	var decided, place [malls]int64
	holders := all[:0]
	for i := range w.malls {
		if m := &w.malls[i]; !m.removed {
			place[len(holders)] = int64(i)
			holders = append(holders, allocation.Holder{Account: m.account, Write: toEscrow(sc.ways[i]), Target: targets[i], HandsOff: m.paused})
		}
	}
	numbers := decided[:len(holders)]
	allocation.Decide(numbers, w.sellable(), holders, sc.least)
	for k, n := range numbers {
		if n != allocation.Keep {
			w.malls[place[k]].decided = int8(n)
		}
	}
	w.stale = false
	return w
}

// maySend tells whether the decided number of a mall may leave.
func (sc *scenario) maySend(w *world, i int) bool {
	m := &w.malls[i]
	a := m.account
	differs := int64(m.decided) != a.Shown || m.decided == 0 && a.Unsure
	if m.removed || m.paused || m.decided < 0 || !differs || a.Unsure && m.decided > 0 {
		return false
	}
	return a.MaySend(toEscrow(sc.ways[i]), int64(m.decided), w.stale)
}

func (sc *scenario) send(w world, i int) world {
	m := &w.malls[i]
	if m.wire.way != allocation.NoWrite && !m.wire.landed {
		m.ghost = m.wire // a second write beside the first
	}
	m.wire = wire{way: sc.ways[i], number: m.decided, expected: int8(m.account.Shown), sentAt: m.now()}
	if m.decided == 0 {
		m.wire.way = allocation.Overwrite
	}
	m.account = m.account.Sent(toEscrow(sc.ways[i]), int64(m.decided))
	m.crossed = m.reading > 0
	return w
}

// answer is recorded as the mall gave it.
func (w world) answer(i int) world {
	m := &w.malls[i]
	if x := m.wire; x.done {
		m.account = m.account.Applied(int64(x.number), int64(x.expected), int64(x.sentAt), int64(m.now()))
	} else {
		m.account = m.account.Refused(int64(x.number), int64(x.expected), x.conflict)
	}
	m.wire = wire{}
	w.stale = true
	return w
}

// lose is an answer that never comes, or a process that ends; the write may still arrive.
func (w world) lose(i int) world {
	m := &w.malls[i]
	m.account = m.account.Unclear(allocation.Never)
	if !m.wire.landed {
		m.ghost = m.wire
	}
	m.wire = wire{}
	w.stale = true
	return w
}

// settle is the moment after which the ghost cannot arrive any more.
func (w world) settle(i int) world {
	m := &w.malls[i]
	m.ghost = wire{}
	m.account.DoubtUntil = 0
	return w
}

func (w world) beginReading(i int) world {
	m := &w.malls[i]
	m.reading, m.readFrom, m.crossed = m.number+1, m.now(), false
	m.early = m.account.DoubtUntil == allocation.Never
	return w
}

func (w world) endReading(i int) world {
	m := &w.malls[i]
	if m.early {
		m.account.DoubtUntil = allocation.Never // it may have ended since, but not before the reading began
	}
	m.account = m.account.Read(int64(m.reading-1), int64(m.readFrom), int64(m.now()), m.crossed)
	if m.ghost.way == allocation.NoWrite {
		m.account.DoubtUntil = 0
	}
	m.reading, m.readFrom, m.early, m.crossed = 0, 0, false, false
	m.dense()
	w.stale = true
	return w
}

// pull brings every listed order, and with it how far orders are complete: up to the first that is not listed.
func (w world) pull(i int) world {
	m := &w.malls[i]
	upTo := m.now()
	var left [mostSales]sale
	n := 0
	for _, s := range m.sales {
		switch {
		case s.at == 0:
		case s.listed:
			m.account = m.account.Sold(1, int64(s.at))
			m.seen++
			m.crossed = m.reading > 0
			w.committed++
		default:
			if n == 0 && !m.late {
				upTo = s.at - 1
			}
			left[n] = s
			n++
		}
	}
	m.account = m.account.Complete(int64(upTo))
	m.sales = left
	m.dense()
	w.stale = true
	return w
}

// learn takes in the cancels of a mall.
func (sc *scenario) learn(w world, i int) world {
	m := &w.malls[i]
	w.committed -= m.cancelled
	if sc.putsBack[i] {
		m.account = m.account.Returned(int64(m.cancelled))
	}
	m.cancelled, m.back = 0, 0
	m.crossed = m.reading > 0
	w.stale = true
	return w
}

// next calls emit for every state that can follow.
func (sc *scenario) next(w world, emit func(event string, w world)) {
	if v := sc.decide(w); v != w {
		emit("decide", v)
	}
	for i := range w.malls {
		m := &w.malls[i]
		if m.removed {
			continue
		}
		on := func(event string, change func(v *world, m *mall)) {
			v := w
			change(&v, &v.malls[i])
			emit(event, v)
		}
		if n := m.unseen(); m.number > 0 && n < mostSales && w.budget.sales > 0 {
			on("sale", func(v *world, m *mall) {
				m.number--
				m.sales[n] = sale{at: 2 * (n + 1)}
				v.sold++
				v.budget.sales--
			})
		}
		for k := range m.sales {
			if m.sales[k].at > 0 && !m.sales[k].listed {
				on("list", func(_ *world, m *mall) { m.sales[k].listed = true }) // in any order
			}
		}
		if v := w.pull(i); v != w {
			emit("pull", v)
		}
		if w.budget.late > 0 && m.unseen() > 0 && !m.late {
			on("late", func(v *world, m *mall) { m.late = true; v.budget.late-- })
		}
		if sc.maySend(&w, i) {
			emit("send", sc.send(w, i))
		}
		if m.wire.way != allocation.NoWrite {
			if !m.wire.landed {
				on("land", func(_ *world, m *mall) { m.land(&m.wire) })
			} else {
				emit("answer", w.answer(i))
			}
			if w.budget.ghosts > 0 && m.ghost.way == allocation.NoWrite {
				v := w.lose(i)
				v.budget.ghosts--
				emit("lose", v)
			}
		}
		if m.ghost.way != allocation.NoWrite {
			on("ghost", func(_ *world, m *mall) { m.land(&m.ghost); m.ghost = wire{} })
		}
		if m.account.DoubtUntil == allocation.Never {
			emit("settle", w.settle(i))
		}
		if m.reading > 0 {
			emit("read", w.endReading(i))
		} else if m.account.Busy == allocation.NoWrite {
			if m.account.Unsure {
				emit("ask", w.beginReading(i))
			} else if w.budget.readings > 0 {
				v := w.beginReading(i)
				v.budget.readings--
				emit("ask", v)
			}
		}
		if w.budget.cancels > 0 && m.seen > 0 {
			on("cancel", func(v *world, m *mall) {
				m.seen--
				m.cancelled++
				v.sold--
				v.budget.cancels--
				if sc.putsBack[i] {
					m.number++
					m.back++
				}
			})
		}
		if m.cancelled > 0 {
			emit("learn", sc.learn(w, i))
		}
		if w.budget.edits > 0 && m.seen > 0 {
			on("edit", func(v *world, _ *mall) { v.sold++; v.committed++; v.budget.edits--; v.lack() })
		}
		if w.budget.pauses > 0 || m.paused {
			on("pause", func(v *world, m *mall) {
				m.paused = !m.paused
				if m.paused {
					v.budget.pauses--
				}
				v.stale = true
			})
		}
		if w.budget.removals > 0 && m.account.Gone() && m.decided == 0 && sc.patterns[w.pattern][i] == 0 && m.reading == 0 {
			on("remove", func(v *world, m *mall) { m.removed = true; v.budget.removals-- })
		}
	}
	if w.budget.leaves > 0 && w.onHand > 0 {
		v := w
		v.onHand--
		v.budget.leaves--
		v.lack()
		emit("leave", v)
	}
	if w.budget.patterns > 0 {
		v := w
		v.pattern = (v.pattern + 1) % int8(len(sc.patterns))
		v.stale = true
		v.budget.patterns--
		emit("pattern", v)
	}
}

// rounds is how many times everything may be answered, read, pulled, decided and sent until nothing changes.
const rounds = 40

// quiet lets everything that is under way end, with no more sales, until nothing changes.
func (sc *scenario) quiet(w world) (world, error) {
	for range rounds {
		before := w
		for i := range w.malls {
			m := &w.malls[i]
			if m.removed {
				continue
			}
			m.paused, m.late = false, false
			if m.wire.way != allocation.NoWrite {
				if !m.wire.landed {
					m.land(&m.wire)
				}
				w = w.answer(i)
			}
			w = w.settle(i)
			m = &w.malls[i]
			if m.reading > 0 {
				w = w.endReading(i)
			}
			for k := range m.sales {
				m.sales[k].listed = m.sales[k].at > 0
			}
			w = w.pull(i)
			if m.cancelled > 0 {
				w = sc.learn(w, i)
			}
			if m.account.Unsure {
				w = w.beginReading(i).endReading(i).pull(i)
			}
		}
		w = sc.decide(w)
		for i := range w.malls {
			if sc.maySend(&w, i) {
				w = sc.send(w, i)
			}
		}
		if w == before {
			return w, nil
		}
	}
	return w, fmt.Errorf("no rest after quiet in %d rounds", rounds)
}

// check gives what is wrong with a state.
func (sc *scenario) check(w *world) error {
	if sc.broken {
		return nil
	}
	if *judge != "invariant" && *judge != "quiet" {
		if w.oversold() > w.allowed {
			return fmt.Errorf("oversold: %d sold of %d on hand, where %d could not be helped", w.sold, w.onHand, w.allowed)
		}
		for i := range w.malls {
			if m := &w.malls[i]; m.removed && m.number > m.back { // what a cancel has put back is in our books still
				return fmt.Errorf("oversold: mall %d was let go with units for sale", i)
			}
		}
	}
	if *judge != "" && *judge != "invariant" {
		return nil
	}
	sum := int64(0)
	for i := range w.malls {
		m := &w.malls[i]
		if m.removed {
			continue
		}
		exposure := m.account.Exposure()
		if real := int64(m.number + m.unseen() - m.back); real > exposure {
			return fmt.Errorf("bound: mall %d has sold or may sell %d, exposure is %d", i, real, exposure)
		}
		sum += exposure
	}
	if !sc.overlap && sum > w.sellable() && sum < allocation.Unbounded/2 {
		return fmt.Errorf("invariant: exposures are %d of %d sellable", sum, w.sellable())
	}
	return nil
}

// live checks what must be so when all is quiet: each shop has its share, short of what its own and the others' moves leave; and every unit is for sale once nothing is left.
func (sc *scenario) live(w world) error {
	end, err := sc.quiet(w)
	if err != nil {
		return err
	}
	if err := sc.check(&end); err != nil {
		return err
	}
	targets, total, removed := sc.targets(&end), int64(0), false
	for i := range end.malls {
		m := &end.malls[i]
		if m.removed {
			removed = true
			continue
		}
		total += int64(m.number)
		if off := int64(m.number) - targets[i]; max(off, -off) > 2*(sc.least-1) || m.number == 0 && targets[i] > 0 || m.account.Unsure || m.account.Exposure() != int64(m.number) {
			return fmt.Errorf("mall %d shows %d of its %d after quiet: %+v", i, m.number, targets[i], m.account)
		}
	}
	if total > end.sellable() {
		return fmt.Errorf("%d of %d are for sale after quiet", total, end.sellable())
	}
	if sc.least > 1 {
		calm := *sc
		calm.least = 1
		return calm.live(end)
	}
	if total != end.sellable() && !removed {
		return fmt.Errorf("%d of %d are for sale after quiet", total, end.sellable())
	}
	return nil
}
