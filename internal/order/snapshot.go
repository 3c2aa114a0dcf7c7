// Package order knows what a shop's order means for stock. A shop's answer becomes a Snapshot; what a snapshot asks for,
// less what has been recorded, is a Difference; the difference is posted. New, edited, partly cancelled, cancelled,
// shipped, late, repeated and out-of-order snapshots are all that one difference (design 2.2). The package is pure.
package order

import (
	"fmt"
	"time"
)

// Ref is a shop's own identity of a listing (出品), as the channel's connector spells it. It is opaque to everyone else.
type Ref string

// State is what an order as a whole has come to.
type State string

// The states of an order. What is not Open is final for stock unless a later snapshot says otherwise.
const (
	Open      State = "open"      // units are held until they leave
	Shipped   State = "shipped"   // every unit that is still wanted has left
	Cancelled State = "cancelled" // nothing is wanted any more
)

// Snapshot is a whole order as its shop sees it at one moment.
type Snapshot struct {
	Number   string    // the shop's order number, as the shop writes it
	PlacedAt time.Time // by the shop's clock, UTC
	State    State
	Version  Version
	Lines    []Line
	// Problems are the parts that could not be understood, in words. The lines that could be are claimed all the same.
	Problems []string
	// Incomplete says that lines may be missing: then a recorded line that this snapshot lacks keeps its claim.
	Incomplete bool
	// Edited says that the shop shows fewer or other units than were bought: what the order did to the shop's own number before our
	// first sight of it cannot be told from the units that are left.
	Edited bool
	Test   bool // the shop calls it a test order; its stock effect is real
}

// Version orders the snapshots of one order. A shop that numbers or dates its changes gives a Revision; one that does not
// leaves it 0 and is ordered by when it was asked.
type Version struct {
	Revision int64     // rises with each change; a change time counts in microseconds
	AskedAt  time.Time // when the request that gave this answer was sent, UTC
}

// Before tells whether v is surely older than o.
func (v Version) Before(o Version) bool {
	if v.Revision != o.Revision {
		return v.Revision < o.Revision
	}
	return v.AskedAt.Before(o.AskedAt)
}

// Line is one line of an order.
type Line struct {
	Key   string // stable inside the order, as the shop names the line
	Ref   Ref    // the listing that was sold
	Code  string // the merchant's code on the line, where the shop gives one; it helps a person to link an unknown listing
	Title string // what the shop calls the goods
	// Wanted is how many units the buyer still wants, shipped ones included, cancelled ones not. ≥ 0.
	Wanted int64
	// Shipped is how many of them have left. ≥ 0.
	Shipped int64
	// Returned is how many shipped units the shop says are back on the shelf. ≥ 0.
	Returned int64
}

// Check refuses a snapshot that cannot be recorded. A connector that gives such a snapshot is broken.
func (s Snapshot) Check() error {
	if s.Number == "" {
		return fmt.Errorf("order snapshot without a number")
	}
	if s.PlacedAt.IsZero() {
		return fmt.Errorf("order %s without the time when it was placed", s.Number)
	}
	switch s.State {
	case Open, Shipped, Cancelled:
	default:
		return fmt.Errorf("order %s has unknown state %q", s.Number, s.State)
	}
	seen := make(map[string]bool, len(s.Lines))
	for _, l := range s.Lines {
		switch {
		case l.Key == "":
			return fmt.Errorf("order %s has a line without a key", s.Number)
		case seen[l.Key]:
			return fmt.Errorf("order %s names line %s twice", s.Number, l.Key)
		case l.Wanted < 0 || l.Shipped < 0 || l.Returned < 0:
			return fmt.Errorf("order %s line %s has a negative number of units", s.Number, l.Key)
		}
		seen[l.Key] = true
	}
	return nil
}

// Known is what soroi has recorded of an order that is not final. The loop over open orders shows it to the shop.
type Known struct {
	Number   string
	PlacedAt time.Time
	Version  Version
}
