package stock

import "fmt"

// Mode says how a change by hand, file or API is meant (style 12).
type Mode string

// The modes of a change.
const (
	Set      Mode = "set"      // 上書き
	Add      Mode = "add"      // 加算
	Subtract Mode = "subtract" // 減算
)

// LargestUnits bounds every figure that a person or a program may enter: it keeps sums far from the end of int64.
const LargestUnits = 1_000_000_000

// Change asks for another on-hand figure. What it does depends on the balance it meets, so it becomes a movement only
// while that balance is locked.
type Change struct {
	SKU      SKUID
	Location LocationID
	Mode     Mode
	Units    int64 // ≥ 0, at most LargestUnits
	// Was, where it is set, is the on hand that whoever asks has seen: another one refuses the change, so that nobody undoes what happened meanwhile.
	Was *int64 `json:",omitempty"`
	// AllowNegative lets on hand fall below zero. Without it such a change is refused.
	AllowNegative bool
}

// NegativeError says that a change would leave fewer than no units on the shelf.
type NegativeError struct {
	OnHand int64 // before the change
	Result int64 // what it would have led to
}

func (e *NegativeError) Error() string {
	return fmt.Sprintf("on hand is %d and would become %d", e.OnHand, e.Result)
}

// MovedError says that on hand is no longer what whoever asked for a change had seen.
type MovedError struct{ Was, OnHand int64 }

func (e *MovedError) Error() string {
	return fmt.Sprintf("on hand was %d and is %d now", e.Was, e.OnHand)
}

// ChangeError says what is wrong with a change by itself.
type ChangeError struct {
	Field  string // "mode", "units", or "sku" for one that is a bundle
	Reason string
}

func (e *ChangeError) Error() string { return e.Field + " " + e.Reason }

// Check refuses a change that no balance could make right. The error is a *ChangeError.
func (c Change) Check() error {
	switch c.Mode {
	case Set, Add, Subtract:
	default:
		return &ChangeError{"mode", fmt.Sprintf("%q is not set, add or subtract", c.Mode)}
	}
	if c.Units < 0 {
		return &ChangeError{"units", fmt.Sprintf("%d is negative; use subtract to take units away", c.Units)}
	}
	if c.Units > LargestUnits {
		return &ChangeError{"units", fmt.Sprintf("%d is above the limit of %d", c.Units, LargestUnits)}
	}
	return nil
}

// Delta is what the change does to on hand, given the balance it meets. The error is a *ChangeError, a *MovedError or a *NegativeError.
func (c Change) Delta(b Balance) (int64, error) {
	if err := c.Check(); err != nil {
		return 0, err
	}
	if c.Was != nil && *c.Was != b.OnHand {
		return 0, &MovedError{*c.Was, b.OnHand}
	}
	var delta int64
	switch c.Mode {
	case Set:
		delta = c.Units - b.OnHand
	case Add:
		delta = c.Units
	case Subtract:
		delta = -c.Units
	}
	if after := b.OnHand + delta; after < 0 && delta < 0 && !c.AllowNegative {
		return 0, &NegativeError{OnHand: b.OnHand, Result: after}
	}
	return delta, nil
}
