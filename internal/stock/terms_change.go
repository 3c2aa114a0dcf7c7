package stock

import "fmt"

// SecuredChange asks for another figure of secured stock.
type SecuredChange struct {
	// Mode is how N is meant. Set with NotSaid takes the setting away, so that a SKU follows its product again. Add and Subtract go from what is
	// in force, and only from a figure of the same kind.
	Mode   Mode
	As     SecuredAs
	N      int64
	Reason *string // nil keeps the one that is there
}

// SupplyChange asks for another way in which a SKU's sellable quantity comes about.
type SupplyChange struct {
	Supply Supply
	Figure int64
	Daily  bool
}

// TermsChange asks for other terms. What is nil stays as it is.
type TermsChange struct {
	Secured *SecuredChange
	Reorder *Point // the zero value takes the setting away, so that a SKU follows its product again
	Supply  *SupplyChange
}

// LongestTermsReason bounds the reason of secured stock, in characters.
const LongestTermsReason = 200

// Apply is what becomes of a SKU's own terms beside its product's. The error is a *TermsError.
func (c TermsChange) Apply(own Terms, d Defaults) (Terms, error) {
	if c.Supply != nil {
		own.Supply, own.Figure, own.Daily = c.Supply.Supply, c.Supply.Figure, c.Supply.Daily
		if own.Supply == "" {
			own.Supply = Stocked
		}
		if own.Supply != MadeToOrder {
			own.Figure = 0
		}
	}
	if c.Secured != nil {
		var err error
		if own.Secured, err = c.Secured.apply(own.Secured, d.Secured); err != nil {
			return own, err
		}
	}
	if c.Reorder != nil {
		own.Reorder = *c.Reorder
	}
	return own, own.Check()
}

// ApplyToProduct is what becomes of what a product says. The error is a *TermsError.
func (c TermsChange) ApplyToProduct(d Defaults) (Defaults, error) {
	if c.Supply != nil {
		return d, &TermsError{"supply", "is for SKUs, not for products", "product"}
	}
	if c.Secured != nil {
		var err error
		if d.Secured, err = c.Secured.apply(d.Secured, Secured{}); err != nil {
			return d, err
		}
	}
	if c.Reorder != nil {
		d.Reorder = *c.Reorder
	}
	if err := d.Secured.Check(); err != nil {
		return d, err
	}
	return d, d.Reorder.Check()
}

func (c SecuredChange) apply(own, product Secured) (Secured, error) {
	next := own
	switch c.Mode {
	case Set:
		next.As, next.N = c.As, c.N
	case Add, Subtract:
		base := own
		if base.As == NotSaid {
			base.As, base.N = product.As, product.N
		}
		if base.As == NotSaid {
			base.As, base.N = c.As, 0
		}
		n := c.N
		switch {
		case c.As != base.As:
			return own, &TermsError{"secured", fmt.Sprintf("is in %s now; %s can only be set", base.As, c.As), "mixed"}
		case n < 0 || n > LargestUnits:
			return own, Secured{As: c.As, N: n}.Check()
		case c.Mode == Subtract && n > base.N:
			return own, &TermsError{"secured", fmt.Sprintf("is %d now and would become %d", base.N, base.N-n), "below"}
		case c.Mode == Subtract:
			n = -n
		}
		next.As, next.N = base.As, base.N+n
	default:
		return own, &TermsError{"mode", fmt.Sprintf("%q is not set, add or subtract", c.Mode), "unknown"}
	}
	if c.Reason != nil {
		next.Reason = *c.Reason
	}
	if next.As == NotSaid {
		next = Secured{}
	}
	return next, next.Check()
}
