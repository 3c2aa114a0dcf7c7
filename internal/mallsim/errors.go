package mallsim

import "fmt"

// SoldOutError says that a mall had fewer units than a buyer wanted. Nothing was taken.
type SoldOutError struct {
	Key   Key
	Shown int64 // what was left
}

func (e *SoldOutError) Error() string { return fmt.Sprintf("%s is sold out: %d left", e.Key, e.Shown) }

// RangeError says that a number would have left the range that the mall allows. Nothing was changed.
type RangeError struct {
	Key             Key
	Before, After   int64
	Lowest, Highest int64
}

func (e *RangeError) Error() string {
	return fmt.Sprintf("%s would go from %d to %d, outside %d to %d", e.Key, e.Before, e.After, e.Lowest, e.Highest)
}

// NoListingError says that a mall sells no such thing.
type NoListingError struct{ Key Key }

func (e *NoListingError) Error() string { return fmt.Sprintf("there is no listing %s", e.Key) }

// NoOrderError says that a mall has no such order, or the order no such line.
type NoOrderError struct{ Number, Line string }

func (e *NoOrderError) Error() string {
	if e.Line != "" {
		return fmt.Sprintf("order %s has no line %s", e.Number, e.Line)
	}
	return fmt.Sprintf("there is no order %s", e.Number)
}

// StateError says that an order is not in a state for what was asked: shipping a cancelled line, cancelling more units than are left.
type StateError struct{ Number, Reason string }

func (e *StateError) Error() string { return fmt.Sprintf("order %s: %s", e.Number, e.Reason) }
