package stock

import "time"

// Moves tells whether a movement of the kind goes with units that really came or went. The others correct what the books say, or only promise units.
func (k MovementKind) Moves() bool {
	switch k {
	case Receipt, Issue, Shipment, Return:
		return true
	}
	return false
}

// Corrects tells whether a movement of the kind says that the books were wrong. Merchants also write goods that arrive in this way, so a person has to say what it was
// where it matters (Adjusted).
func (k MovementKind) Corrects() bool { return k == Opening || k == Adjustment }

// PickedUnits says where the units of open orders are while a location is counted.
type PickedUnits string

// The answers.
const (
	OnShelf     PickedUnits = "on_shelf" // 棚にある: they are counted with the others
	TakenOff    PickedUnits = "taken"    // 取り出し済み: all of them are off the shelf
	PickedAsked PickedUnits = "asked"    // SKU ごと: whoever counts says so for each SKU
)

// Valid tells whether the answer is one of the list above.
func (p PickedUnits) Valid() bool { return p == OnShelf || p == TakenOff || p == PickedAsked }

// Adjusted says what the adjustments were that were posted after a count's moment.
type Adjusted string

// What they can be.
const (
	AdjustedUnsaid    Adjusted = ""
	AdjustedCorrected Adjusted = "corrected" // they repaired the books
	AdjustedMoved     Adjusted = "moved"     // units came or went
)

// Valid tells whether it is one of the list above.
func (a Adjusted) Valid() bool {
	return a == AdjustedUnsaid || a == AdjustedCorrected || a == AdjustedMoved
}

// Moment is when a SKU was counted at a location: the time, and the number of the last movement that the books held then (0 is none).
type Moment struct {
	At  time.Time
	Seq int64
}

// Since is what the ledger holds about a SKU at a location beyond a count's moment.
type Since struct {
	Late      Balance // moved by the moment, posted after it
	Moved     int64   // units that moved after it, to on hand
	Corrected int64   // what corrections posted after it have done to on hand
}

// With adds a movement of the given number in the ledger.
func (s Since) With(m Movement, seq int64, at Moment) Since {
	switch {
	case seq <= at.Seq:
	case m.Kind.Corrects():
		s.Corrected += m.OnHandDelta
	case !m.Kind.Moves():
	case m.OccurredAt.After(at.At):
		s.Moved += m.OnHandDelta
	default:
		s.Late = s.Late.Add(m)
	}
	return s
}

// Count is what a person saw on a shelf, beside what the books held at the moment (docs/stocktake.md).
type Count struct {
	Units  int64       // on the shelf, from 0 to LargestUnits
	Rule   PickedUnits // where the units of open orders were
	Picked int64       // of the open orders that the books showed, off the shelf: said by whoever counted; it counts with PickedAsked alone
	Books  Balance     // after the last movement of the moment
	Since  Since
	Says   Adjusted
	Posted int64 // what approving has added to on hand already; Since knows nothing of that
}

// Expected is what should have been on hand at the moment.
func (c Count) Expected() int64 { return c.Books.OnHand + c.Since.Late.OnHand }

// Off is how many units were on hand at the moment and not on the shelf: those of open orders that had been picked. A shipment from before the moment that the books heard of
// later is one of those that were said to be picked, and no longer on hand.
func (c Count) Off() int64 {
	switch c.Rule {
	case TakenOff:
		return max(0, c.Books.Committed+c.Since.Late.Committed)
	case PickedAsked:
		return max(0, c.Picked+c.Since.Late.Committed)
	}
	return 0
}

// Variance is by how much the books were wrong at the moment: positive where there was more than they said (棚卸差異).
func (c Count) Variance() int64 { return c.Units + c.Off() - c.Expected() }

// Unclear tells whether the books were adjusted since and nobody has said what that was.
func (c Count) Unclear() bool { return c.Since.Corrected != 0 && c.Says == AdjustedUnsaid }

// Delta is what must still be added to on hand so that it is the truth of the shelf: what was counted and what has moved since.
func (c Count) Delta() int64 {
	if c.Says == AdjustedMoved {
		return c.Variance() - c.Posted
	}
	return c.Variance() - c.Posted - c.Since.Corrected
}

// Scan is one entry at the shelf.
type Scan struct {
	Key   string // names it among all scans of a stocktake
	Sets  bool   // it says how many there are; otherwise it adds
	Units int64
	At    time.Time
}

// Tally is the figure that scans of one round come to. They must be in the order of their times, then of their keys; ok is false where none is given.
func Tally(scans []Scan) (units int64, first, last time.Time, ok bool) {
	for _, s := range scans {
		if s.Sets {
			units, first = 0, s.At // what was seen before no longer matters
		}
		if first.IsZero() {
			first = s.At
		}
		units += s.Units
		last, ok = s.At, true
	}
	return units, first, last, ok
}
