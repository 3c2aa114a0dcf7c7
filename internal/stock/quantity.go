// Package stock holds the words and rules of the ledger (在庫): what a SKU is, what a movement does to a balance, and what
// is left to sell. It is pure: no database, no network, no clock.
package stock

import (
	"fmt"
	"math"
	"strconv"
)

// Quantity is a number of units that a shop shows or should show, or "unlimited" (無制限), which made-to-order goods use.
// It is never negative. The zero value is 0 units.
type Quantity struct {
	units     int64
	unlimited bool
}

// Unlimited is the quantity that no sale uses up.
var Unlimited = Quantity{unlimited: true}

// Units is n units; a negative n is 0, since no shop shows less than nothing.
func Units(n int64) Quantity { return Quantity{units: max(n, 0)} }

// Units returns the number of units and true, or 0 and false when the quantity is unlimited.
func (q Quantity) Units() (int64, bool) {
	return q.units, !q.unlimited
}

// IsUnlimited tells whether no sale uses the quantity up.
func (q Quantity) IsUnlimited() bool { return q.unlimited }

// IsZero tells whether nothing can be sold.
func (q Quantity) IsZero() bool { return !q.unlimited && q.units == 0 }

// AtMost is the smaller of the quantity and n; an unlimited quantity becomes n.
func (q Quantity) AtMost(n int64) Quantity {
	if q.unlimited || q.units > n {
		return Units(n)
	}
	return q
}

// Compare is negative when q is less than other, positive when it is more. Unlimited is more than any number.
func (q Quantity) Compare(other Quantity) int {
	switch a, b := q.Sortable(), other.Sortable(); {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Sortable is the quantity as one integer that keeps its order: unlimited is the largest. It is how a quantity is stored.
func (q Quantity) Sortable() int64 {
	if q.unlimited {
		return math.MaxInt64
	}
	return q.units
}

// FromSortable is the inverse of Sortable.
func FromSortable(n int64) Quantity {
	if n == math.MaxInt64 {
		return Unlimited
	}
	return Units(n)
}

// String prints the number, or "unlimited".
func (q Quantity) String() string {
	if q.unlimited {
		return "unlimited"
	}
	return strconv.FormatInt(q.units, 10)
}

// MarshalText writes what String prints, so JSON reports and API answers agree.
func (q Quantity) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (q *Quantity) UnmarshalText(text []byte) error {
	if string(text) == "unlimited" {
		*q = Unlimited
		return nil
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || n < 0 {
		return fmt.Errorf("quantity %q is neither a whole number from 0 nor \"unlimited\"", text)
	}
	*q = Units(n)
	return nil
}
