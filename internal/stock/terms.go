package stock

import (
	"fmt"
	"unicode/utf8"
)

// Supply says how a SKU's sellable quantity comes about.
type Supply string

const (
	// Stocked goods sell what is on hand and not committed. "" means the same.
	Stocked Supply = "stocked"
	// MadeToOrder goods (受注生産) sell a figure, whatever lies on the shelf: a standing one, or so many a day.
	MadeToOrder Supply = "made_to_order"
	// MadeToOrderUnlimited goods never run out.
	MadeToOrderUnlimited Supply = "made_to_order_unlimited"
)

// SecuredAs says how the figure of secured stock is meant.
type SecuredAs string

const (
	// NotSaid is the zero value: a SKU follows its product, a product secures nothing.
	NotSaid   SecuredAs = ""
	InUnits   SecuredAs = "units"
	InPercent SecuredAs = "percent" // of available, rounded up
)

// Secured is what is kept back from every shop (確保在庫).
type Secured struct {
	As     SecuredAs
	N      int64  // units from 0 to LargestUnits, or percent from 0 to 100
	Reason string // what for: returns, a real store, wholesale …; may be empty
}

// Units are how many units are kept back of those that are available. A percentage rounds up, so that one unit of few is kept rather than
// none; of nothing, or less, it keeps nothing.
func (s Secured) Units(available int64) int64 {
	switch s.As {
	case InUnits:
		return s.N
	case InPercent:
		return (max(available, 0)*s.N + 99) / 100
	}
	return 0
}

// Check refuses what cannot be meant. The error is a *TermsError.
func (s Secured) Check() error {
	switch {
	case s.As != NotSaid && s.As != InUnits && s.As != InPercent:
		return &TermsError{"secured_as", fmt.Sprintf("%q is not units or percent", s.As), "unknown"}
	case s.N < 0:
		return &TermsError{"secured", fmt.Sprintf("%d is negative", s.N), "negative"}
	case s.As == InPercent && s.N > 100:
		return &TermsError{"secured", fmt.Sprintf("%d is above 100 percent", s.N), "percent"}
	case s.N > LargestUnits:
		return &TermsError{"secured", fmt.Sprintf("%d is above the limit of %d", s.N, LargestUnits), "large"}
	case utf8.RuneCountInString(s.Reason) > LongestTermsReason:
		return &TermsError{"reason", fmt.Sprintf("has %d characters, more than %d", utf8.RuneCountInString(s.Reason), LongestTermsReason), "long"}
	}
	return nil
}

// Point is a reorder point (発注点): at or below it, order more. The zero value is none.
type Point struct {
	Units int64 // from 0 to LargestUnits
	Set   bool
}

// PointAt is a reorder point of n units.
func PointAt(n int64) Point { return Point{Units: n, Set: true} }

// Check refuses what cannot be meant. The error is a *TermsError.
func (p Point) Check() error {
	switch {
	case p.Units < 0:
		return &TermsError{"reorder_point", fmt.Sprintf("%d is negative", p.Units), "negative"}
	case p.Units > LargestUnits:
		return &TermsError{"reorder_point", fmt.Sprintf("%d is above the limit of %d", p.Units, LargestUnits), "large"}
	}
	return nil
}

// TermsError says what is wrong with a term, or a line of what is expected, by itself.
type TermsError struct {
	Field  string // "supply", "figure", "daily", "secured_as", "secured", "reason", "reorder_point" or "mode"; "document", "units" or "note" of what is expected
	Reason string
	Code   string // of the sentence, one of TermsCodes
}

func (e *TermsError) Error() string { return e.Field + " " + e.Reason }

// TermsCodes are all codes of TermsError, for whoever has a sentence for each.
func TermsCodes() []string {
	return []string{"unknown", "negative", "percent", "large", "long", "daily", "mixed", "below", "product", "missing", "no_line", "closed", "bundle"}
}

// Terms are the merchant's settings of one SKU: they decide what can be sold, and when to order more.
type Terms struct {
	Supply  Supply
	Figure  int64 // for MadeToOrder: the quantity that is offered, from 0 to LargestUnits
	Daily   bool  // for MadeToOrder: Figure is what can be made in a day, so what was sold that day is taken off
	Secured Secured
	Reorder Point
}

// Check refuses terms that no SKU can have. The error is a *TermsError.
func (t Terms) Check() error {
	switch {
	case t.Supply != "" && t.Supply != Stocked && t.Supply != MadeToOrder && t.Supply != MadeToOrderUnlimited:
		return &TermsError{"supply", fmt.Sprintf("%q is not stocked, made_to_order or made_to_order_unlimited", t.Supply), "unknown"}
	case t.Figure < 0:
		return &TermsError{"figure", fmt.Sprintf("%d is negative", t.Figure), "negative"}
	case t.Figure > LargestUnits:
		return &TermsError{"figure", fmt.Sprintf("%d is above the limit of %d", t.Figure, LargestUnits), "large"}
	case t.Daily && t.Supply != MadeToOrder:
		return &TermsError{"daily", "is for made_to_order only", "daily"}
	}
	if err := t.Secured.Check(); err != nil {
		return err
	}
	return t.Reorder.Check()
}

// Defaults are what a product says for those of its SKUs that say nothing themselves.
type Defaults struct {
	Secured Secured
	Reorder Point
}

// InForce are the terms that hold for a SKU at one moment: its own, and its product's where it says nothing.
type InForce struct {
	Terms
	SecuredByProduct bool
	ReorderByProduct bool
	SoldToday        int64 // units that orders placed today hold or have taken; it matters where the figure is a daily one
}

// Under resolves a SKU's terms: what it does not say, its product says.
func (t Terms) Under(d Defaults, soldToday int64) InForce {
	f := InForce{Terms: t, SoldToday: soldToday}
	if t.Supply == "" {
		f.Supply = Stocked
	}
	if t.Secured.As == NotSaid && d.Secured.As != NotSaid {
		f.Secured, f.SecuredByProduct = d.Secured, true
	}
	if !t.Reorder.Set && d.Reorder.Set {
		f.Reorder, f.ReorderByProduct = d.Reorder, true
	}
	return f
}

// Own are the terms that the SKU says itself: the inverse of Under.
func (f InForce) Own() Terms {
	t := f.Terms
	if f.SecuredByProduct {
		t.Secured = Secured{}
	}
	if f.ReorderByProduct {
		t.Reorder = Point{}
	}
	return t
}

// SecuredUnits are how many units are kept back now. Made-to-order goods keep back none: their figure is what may be sold.
func (f InForce) SecuredUnits(b Balance) int64 {
	if f.Supply == MadeToOrder || f.Supply == MadeToOrderUnlimited {
		return 0
	}
	return f.Secured.Units(b.Available())
}

// Sellable is what all shops together may offer (販売可能数, design 1): max(0, available − secured), or the figure of a
// made-to-order SKU, from which a daily one loses what was sold today.
func (f InForce) Sellable(b Balance) Quantity {
	switch f.Supply {
	case MadeToOrderUnlimited:
		return Unlimited
	case MadeToOrder:
		if f.Daily {
			return Units(f.Figure - f.SoldToday)
		}
		return Units(f.Figure)
	default:
		return Units(b.Available() - f.SecuredUnits(b))
	}
}

// Level says how urgently a SKU wants more units.
type Level int64

// The levels. Each includes those above it: what is out is also at or below its reorder point.
const (
	LevelFine     Level = 0 // or not counted: made to order
	LevelLow      Level = 1 // available ≤ reorder point (発注点割れ)
	LevelOut      Level = 2 // available ≤ 0 (在庫割れ)
	LevelOversold Level = 3 // available < 0 (売り越し)
)

// Shortfall is how many units it takes to get back to the reorder point, or to zero where there is none: max(0, point − available). Made-to-order
// goods want none.
func (f InForce) Shortfall(b Balance) int64 {
	if f.Supply == MadeToOrder || f.Supply == MadeToOrderUnlimited {
		return 0
	}
	return max(f.Reorder.Units-b.Available(), 0)
}

// Level is the SKU's. What is on its way does not count.
func (f InForce) Level(b Balance) Level {
	switch available := b.Available(); {
	case f.Supply == MadeToOrder || f.Supply == MadeToOrderUnlimited:
		return LevelFine
	case available < 0:
		return LevelOversold
	case available == 0:
		return LevelOut
	case f.Reorder.Set && available <= f.Reorder.Units:
		return LevelLow
	}
	return LevelFine
}
