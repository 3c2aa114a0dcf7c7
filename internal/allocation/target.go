package allocation

import "soroi/internal/stock"

// Shop is what allocation has to know of a shop in which one SKU is listed.
//
// Who takes part is the caller's to say: a shop that lists the SKU, whether live, rehearsing or paused (a paused shop goes on
// selling), and a shop without a connector for which units are kept. A shop that has left, or does not list the SKU, is left out; in a split
// its percentage goes to the others. A SKU that is listed several times in one shop has that shop several times.
type Shop struct {
	ID        ShopID
	Largest   int64 // the largest quantity that its channel can show; 0 is any
	Unlimited bool  // its channel can show "unlimited"
	Pace      Pace  // how fast the SKU sells there and how late both sides are; only Auto needs it
	Exception Share // for this SKU in this shop, Stop or AtMost: never more than that, whatever the rule says. The zero Share is none
}

// Target is what one listing should show, with the way that led there.
type Target struct {
	Shop     ShopID
	Quantity stock.Quantity
	Rule     int   // index of the rule that applied; −1 when none covers sellable, and the target is 0
	Share    Share // what the rule gave
	Split    bool  // the rule divides the units

	// How a percentage, and any share of a split, came to its number: Part, and Moved if other shops may not have theirs.
	Asked   int64 // what the share asks for, in ten-thousandths of a unit; 0 of what is unlimited
	Reduced bool  // the rule asks for more than there is, so everybody who shares the rest gets less than asked
	Part    int64 // what the rule gives, rounded
	Extra   bool  // Part has one of the units that rounding down left over
	Moved   int64 // units of percentages that other shops may not have

	Excepted bool // the SKU's exception in this shop made it fewer
	Capped   bool // the channel cannot show more
	Limited  bool // something outside of the pattern allows fewer: the parts of a bundle
	Listings int  // how often the shop lists the SKU; a split divides the shop's units evenly among them, the first get one more
}

// Targets gives each shop its target, in the order of shops. No target is more than sellable, and those of a split rule are together
// no more than sellable. An unlimited quantity is not divided: a percentage of it is unlimited.
func (p Pattern) Targets(sellable stock.Quantity, shops []Shop) []Target {
	return p.AppendTargets(make([]Target, 0, len(shops)), sellable, shops)
}

// AppendTargets appends what Targets gives to dst. An auto rule has no past in it.
func (p Pattern) AppendTargets(dst []Target, sellable stock.Quantity, shops []Shop) []Target {
	dst, _ = p.AppendSettled(dst, sellable, shops, AutoNew)
	return dst
}

// AppendSettled is AppendTargets for a SKU that an auto rule may have served before. The reason's State is what to hand in the next time; where
// another rule applies it is AutoNew.
func (p Pattern) AppendSettled(dst []Target, sellable stock.Quantity, shops []Shop, before AutoState) ([]Target, AutoReason) {
	rule := p.RuleFor(sellable)
	if rule < 0 {
		for _, shop := range shops {
			dst = append(dst, Target{Shop: shop.ID, Rule: -1, Share: Share{Kind: Stop}, Listings: 1})
		}
		return dst, AutoReason{}
	}
	r := &p.Rules[rule]
	var why AutoReason
	if r.Auto > 0 {
		var settled Rule
		settled, why = r.Settle(sellable, shops, before)
		r = &settled
	}
	split := r.Split()
	if units, limited := sellable.Units(); split && limited {
		return r.split(dst, rule, units, shops), why
	}
	for _, shop := range shops {
		t := Target{Shop: shop.ID, Rule: rule, Share: r.Share(shop.ID), Split: split, Listings: 1}
		t.Quantity = t.Share.of(sellable)
		if units, limited := sellable.Units(); t.Share.Kind == Percent && limited {
			t.Asked = t.Share.sane().N * min(units, mostSellable)
			t.Part, _ = t.Quantity.Units()
		}
		if most, bound := shop.exception(); bound {
			t.Excepted = t.lower(most)
		}
		if shop.Largest > 0 && !(t.Quantity.IsUnlimited() && shop.Unlimited) {
			t.Capped = t.lower(shop.Largest)
		}
		dst = append(dst, t)
	}
	return dst, why
}

// of is the share of a quantity, by itself. A percentage is rounded down.
func (s Share) of(sellable stock.Quantity) stock.Quantity {
	s = s.sane()
	switch s.Kind {
	case Same:
		return sellable
	case Percent:
		units, limited := sellable.Units()
		if !limited && s.N > 0 {
			return sellable
		}
		part, _ := partOf(units, s.N, Whole)
		return stock.Units(part)
	case Fixed, AtMost:
		return sellable.AtMost(s.N)
	}
	return stock.Units(0)
}

// sane keeps the arithmetic in its bounds, whatever a pattern that Check has not seen holds.
func (s Share) sane() Share {
	most := int64(stock.LargestUnits)
	if s.Kind == Percent {
		most = Whole
	}
	s.N = min(max(s.N, 0), most)
	return s
}

// Limit makes the target at most n units, for a reason outside of the pattern.
func (t *Target) Limit(n int64) { t.Limited = t.lower(n) }

// lower makes the target at most n units and tells whether that changed it.
func (t *Target) lower(n int64) bool {
	before := t.Quantity
	t.Quantity = before.AtMost(n)
	return t.Quantity != before
}

// exception is the most that the SKU's exception lets the shop have.
func (s Shop) exception() (most int64, bound bool) {
	switch s.Exception.Kind {
	case Stop:
		return 0, true
	case AtMost:
		return s.Exception.N, true
	}
	return 0, false
}
