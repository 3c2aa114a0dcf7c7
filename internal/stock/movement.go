package stock

import (
	"fmt"
	"time"
)

// MovementKind says what happened to the units.
type MovementKind string

// The kinds of movement (在庫変動). Each changes on hand, committed or both, and no other kind exists.
const (
	Opening    MovementKind = "opening"    // 期首: first count of a SKU
	Receipt    MovementKind = "receipt"    // 入荷: units arrived
	Issue      MovementKind = "issue"      // 出庫: units left for a reason that is no order
	Adjustment MovementKind = "adjustment" // 在庫調整: the shelf was counted or corrected
	Claimed    MovementKind = "claim"      // 引当: an order line took units, or gave some back (negative)
	Shipment   MovementKind = "shipment"   // 出荷: units of an order left the shelf; negative when the shop took it back
	Return     MovementKind = "return"     // 返品: units of a shipped order came back to the shelf
)

// Valid tells whether the kind is one of the list above.
func (k MovementKind) Valid() bool {
	switch k {
	case Opening, Receipt, Issue, Adjustment, Claimed, Shipment, Return:
		return true
	}
	return false
}

// Cause says by which door a movement came in.
type Cause string

// The doors.
const (
	ByOrder  Cause = "order"  // a snapshot of a shop's order
	ByHand   Cause = "hand"   // a person, on a screen
	ByAPI    Cause = "api"    // a program
	ByImport Cause = "import" // a file

	ByStocktake Cause = "stocktake" // a difference that was found by counting and approved (棚卸)
)

// Movement is one line of the ledger (在庫変動). It is never changed or removed; a mistake is corrected by another one.
type Movement struct {
	SKU            SKUID
	Location       LocationID
	Kind           MovementKind
	OnHandDelta    int64
	CommittedDelta int64
	Cause          Cause
	Document       string    // the outside document: order number, file, request key. Never empty
	Line           string    // the line inside the document, where it has lines
	Actor          string    // who: a user's login, a token's name, a shop's name
	Reason         string    // a person's words, may be empty
	OccurredAt     time.Time // when it happened outside; posting time is the ledger's own
}

// Check refuses a movement that the ledger could not explain later.
func (m Movement) Check() error {
	switch {
	case m.SKU == 0:
		return fmt.Errorf("movement without a sku")
	case m.Location == 0:
		return fmt.Errorf("movement of sku %d without a location", m.SKU)
	case !m.Kind.Valid():
		return fmt.Errorf("movement of sku %d has unknown kind %q", m.SKU, m.Kind)
	case m.Cause == "":
		return fmt.Errorf("movement of sku %d without a cause", m.SKU)
	case m.Document == "":
		return fmt.Errorf("movement of sku %d without a document", m.SKU)
	case m.OnHandDelta == 0 && m.CommittedDelta == 0:
		return fmt.Errorf("movement of sku %d moves nothing", m.SKU)
	}
	return nil
}

// Balance is the running total of one SKU at one location. It equals the sum of its movements (design 2.1), and only
// posting movements changes it. Both figures are signed truth: they are shown as they are, never clamped.
type Balance struct {
	OnHand    int64 // 実在庫
	Committed int64 // 引当済
}

// Available is what is not promised to anybody (論理在庫). Negative means oversold.
func (b Balance) Available() int64 { return b.OnHand - b.Committed }

// Add is the balance after a movement.
func (b Balance) Add(m Movement) Balance {
	return Balance{OnHand: b.OnHand + m.OnHandDelta, Committed: b.Committed + m.CommittedDelta}
}

// Plus is the sum of two balances: the same SKU at two locations.
func (b Balance) Plus(o Balance) Balance {
	return Balance{OnHand: b.OnHand + o.OnHand, Committed: b.Committed + o.Committed}
}

// Oversold is how many of the units that a claim has just taken were not there (売り越し): claimed is the rise of
// committed, after is the balance that it led to.
func Oversold(claimed int64, after Balance) int64 {
	if claimed <= 0 || after.Available() >= 0 {
		return 0
	}
	return min(claimed, -after.Available())
}
