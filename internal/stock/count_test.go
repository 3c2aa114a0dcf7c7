package stock_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"soroi/internal/stock"
)

func TestCount(t *testing.T) {
	t.Parallel()
	ten := stock.Balance{OnHand: 10, Committed: 2}
	for _, c := range []struct {
		name                      string
		count                     stock.Count
		expected, off, gap, delta int64
		unclear                   bool
	}{
		{"as the books say", stock.Count{Units: 10, Rule: stock.OnShelf, Books: ten}, 10, 0, 0, 0, false},
		{"two are missing", stock.Count{Units: 8, Rule: stock.OnShelf, Books: ten}, 10, 0, -2, -2, false},
		{"two lie on the packing table", stock.Count{Units: 8, Rule: stock.TakenOff, Books: ten}, 10, 2, 0, 0, false},
		{"one of the two was picked", stock.Count{Units: 8, Rule: stock.PickedAsked, Picked: 1, Books: ten}, 10, 1, -1, -1, false},
		{"what is said to be picked does not count under another rule", stock.Count{Units: 8, Rule: stock.OnShelf, Picked: 1, Books: ten}, 10, 0, -2, -2, false},
		{"both had gone, and the shop told of it later", stock.Count{Units: 8, Rule: stock.TakenOff, Books: ten, Since: stock.Since{Late: stock.Balance{OnHand: -2, Committed: -2}}}, 8, 0, 0, 0, false},
		{"shipped since", stock.Count{Units: 10, Rule: stock.OnShelf, Books: ten, Since: stock.Since{Moved: -2}}, 10, 0, 0, 0, false},
		{"found, and the books were put right by hand meanwhile", stock.Count{Units: 13, Books: ten, Since: stock.Since{Corrected: 3}}, 10, 0, 3, 0, true},
		{"the same, said", stock.Count{Units: 13, Books: ten, Since: stock.Since{Corrected: 3}, Says: stock.AdjustedCorrected}, 10, 0, 3, 0, false},
		{"a delivery that was written as an adjustment", stock.Count{Units: 10, Books: ten, Since: stock.Since{Corrected: 3}, Says: stock.AdjustedMoved}, 10, 0, 0, 0, false},
		{"oversold: more was promised back than held", stock.Count{Units: 0, Rule: stock.TakenOff, Books: stock.Balance{OnHand: 0, Committed: -1}}, 0, 0, 0, 0, false},
	} {
		if e, o, v, d := c.count.Expected(), c.count.Off(), c.count.Variance(), c.count.Delta(); e != c.expected || o != c.off || v != c.gap || d != c.delta || c.count.Unclear() != c.unclear {
			t.Errorf("%s: expected %d, off %d, variance %d, delta %d, unclear %v", c.name, e, o, v, d, c.count.Unclear())
		}
	}
}

func TestTally(t *testing.T) {
	t.Parallel()
	at := func(n int) time.Time { return time.Unix(int64(n), 0) }
	if _, _, _, ok := stock.Tally(nil); ok {
		t.Error("nothing scanned is a count")
	}
	n, first, last, ok := stock.Tally([]stock.Scan{{Units: 1, At: at(1)}, {Units: 12, At: at(2)}, {Units: 1, At: at(3)}})
	if n != 14 || first != at(1) || last != at(3) || !ok {
		t.Errorf("%d from %v to %v", n, first, last)
	}
	n, first, last, _ = stock.Tally([]stock.Scan{{Units: 9, At: at(1)}, {Sets: true, Units: 4, At: at(5)}, {Units: 1, At: at(6)}})
	if n != 5 || first != at(5) || last != at(6) {
		t.Errorf("%d from %v to %v", n, first, last)
	}
}

// shelf is a warehouse and its books, moved at random: units lie on the shelf, or on the packing table when they are picked for an order. The books hear of everything
// at once or later.
type shelf struct {
	random  *rand.Rand
	now     int64
	lying   int64 // on the shelf
	packing int64 // picked, and not yet gone
	open    int64 // units of orders that the books know and that are not picked
	untold  int64 // parcels that have gone, and the books do not know yet

	books   stock.Balance
	ledger  []stock.Movement
	waiting []posting
}

type posting struct {
	due int64
	m   stock.Movement
}

func (s *shelf) time() time.Time { return time.Unix(s.now, 0) }

// tell lets the books hear of a movement after a delay of at most slow seconds. Of a parcel they learn no better time than that at which the shop was asked.
func (s *shelf) tell(kind stock.MovementKind, onHand, committed, slow int64) {
	delay := s.random.Int64N(slow + 1)
	m := stock.Movement{Kind: kind, OnHandDelta: onHand, CommittedDelta: committed, OccurredAt: s.time()}
	if kind == stock.Shipment {
		m.OccurredAt = time.Unix(s.now+s.random.Int64N(delay+1), 0)
		s.untold -= onHand
	}
	s.waiting = append(s.waiting, posting{s.now + delay, m})
	s.hear()
}

func (s *shelf) hear() {
	s.waiting = slices.DeleteFunc(s.waiting, func(p posting) bool {
		if p.due > s.now {
			return false
		}
		s.post(p.m)
		return true
	})
}

func (s *shelf) post(m stock.Movement) {
	s.ledger = append(s.ledger, m)
	s.books = s.books.Add(m)
	switch m.Kind {
	case stock.Claimed:
		s.open += m.CommittedDelta
	case stock.Shipment:
		s.untold += m.OnHandDelta
	}
}

// step lets something happen. adjusting allows people to write any number into the books.
func (s *shelf) step(adjusting bool) {
	s.now += 1 + s.random.Int64N(5)
	s.hear()
	n := 1 + s.random.Int64N(4)
	switch s.random.IntN(8) {
	case 0:
		s.tell(stock.Claimed, 0, n, 20)
	case 1:
		s.pick(min(n, s.open, s.lying))
	case 2: // a parcel goes
		if n = min(n, s.packing); n > 0 {
			s.packing -= n
			s.tell(stock.Shipment, -n, -n, 40)
		}
	case 3:
		s.lying += n
		s.tell(stock.Receipt, n, 0, 20)
	case 4:
		s.lying += n
		s.tell(stock.Return, n, 0, 20)
	case 5:
		if n = min(n, s.lying); n > 0 {
			s.lying -= n
			s.tell(stock.Issue, -n, 0, 20)
		}
	case 6: // stolen, or found: nobody tells the books
		s.lying = max(0, s.lying+n-3)
	case 7:
		if adjusting {
			s.post(stock.Movement{Kind: stock.Adjustment, OnHandDelta: s.random.Int64N(9) - 4, OccurredAt: s.time()})
		}
	}
}

func (s *shelf) pick(n int64) {
	if n > 0 {
		s.open, s.lying, s.packing = s.open-n, s.lying-n, s.packing+n
	}
}

// Whatever comes between count, movements and approval, on hand is the truth of the shelf once the books have heard of everything: what lies there and on the packing table.
func TestCount_random(t *testing.T) {
	t.Parallel()
	adjusted, late, picked := 0, 0, 0
	for seed := range uint64(30_000) {
		s := &shelf{random: rand.New(rand.NewPCG(seed, 4)), lying: 20}
		s.post(stock.Movement{Kind: stock.Opening, OnHandDelta: 17 + s.random.Int64N(7)})
		for range s.random.IntN(30) {
			s.step(true)
		}
		rule := []stock.PickedUnits{stock.OnShelf, stock.TakenOff, stock.PickedAsked}[s.random.IntN(3)]
		s.now += s.random.Int64N(2) // perhaps in the same second as the last thing
		s.hear()
		switch rule {
		case stock.OnShelf: // the packing table is emptied onto the shelf first
			s.lying, s.open, s.packing = s.lying+s.packing, s.open+s.packing, 0
			if s.untold > 0 { // and all parcels must be known to have gone
				s.now += 100
				s.hear()
			}
		case stock.TakenOff: // the wave is picked first; where the shelf does not have it, somebody says the number instead
			if s.open > s.lying {
				rule = stock.PickedAsked
			}
			s.pick(min(s.open, s.lying))
		}
		moment := stock.Moment{At: s.time(), Seq: int64(len(s.ledger))}
		count := stock.Count{Units: s.lying, Rule: rule, Picked: s.packing + s.untold, Books: s.books, Says: stock.AdjustedCorrected}
		if rule == stock.TakenOff && s.packing > 0 {
			picked++
		}
		stolen := s.truth()
		s.now++
		approve := func(from int) {
			for i, m := range s.ledger[from:] {
				count.Since = count.Since.With(m, int64(from+i+1), moment)
			}
			if delta := count.Delta(); delta != 0 {
				s.post(stock.Movement{Kind: stock.Adjustment, OnHandDelta: delta, OccurredAt: s.time()})
				count.Posted += delta
			}
		}
		for range s.random.IntN(30) {
			s.stepKnown(true)
		}
		from := int(moment.Seq)
		if slices.ContainsFunc(s.ledger[from:], func(m stock.Movement) bool { return m.Kind.Corrects() }) {
			adjusted++
		}
		approve(0)           // what had been posted by the moment does not count again
		from = len(s.ledger) // with the approval's own movement
		for range s.random.IntN(15) {
			s.stepKnown(false)
		}
		s.now += 1000
		s.hear()
		if s.books.OnHand != s.truth() {
			late++ // the books heard after the approval of what had happened before the count
			approve(from)
		}
		if s.books.OnHand != s.truth() {
			t.Fatalf("seed %d, %s: the books say %d, the truth is %d (%d at the count); %+v", seed, rule, s.books.OnHand, s.truth(), stolen, count)
		}
	}
	if late < 1000 || picked < 1000 || adjusted < 1000 {
		t.Errorf("%d late, %d picked, %d adjusted: the sequences prove little", late, picked, adjusted)
	}
}

func (s *shelf) truth() int64 { return s.lying + s.packing }

// stepKnown is step without units that come or go unseen: after the count nobody could know of them.
func (s *shelf) stepKnown(adjusting bool) {
	before := s.truth()
	heard := len(s.ledger) + len(s.waiting)
	s.step(adjusting)
	if len(s.ledger)+len(s.waiting) == heard {
		s.lying += before - s.truth()
	}
}
