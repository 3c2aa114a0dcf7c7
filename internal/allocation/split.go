package allocation

import (
	"math/bits"

	"soroi/internal/stock"
)

// A split rule gives, of S sellable units:
//
//  1. Fixed shares their units, in the order of the rule, while there are any. R are left.
//  2. Percentages ask for their part of S, AtMost shares for their N (or S, if that is less). If all that is asked for is no more than R,
//     each gets it. If it is more, R is divided in proportion to what is asked. Either way by largest remainder: every part is rounded down, the
//     units that this leaves of the rounded-down sum go one each to the largest remainders, ties in the order of the rule. Shops of the default
//     come after those of the rule, in the caller's order.
//  3. A percentage whose shop may not have its units (an exception, its channel's largest number, no listing) gives them to the others of 2,
//     in proportion to what they ask, as far as those may have more.
//
// No step gives a unit twice, so the sum is never above S. When percentages add up to less than 100, the rest stays unsold, as written.

// mostSellable bounds what is divided, so that no sum of products leaves int64: a thousand times what one entry may be.
const mostSellable = 1000 * stock.LargestUnits

// party is one shop in the division.
type party struct {
	shop     ShopID
	share    Share
	listings int64 // 0 when it is in the rule only
	handed   int64 // listings that have been served
	limit    int64 // what exception and channel let it have
	bound    int64 // the exception alone, −1 for none
	most     int64 // limit, and the share's own N
	asked    int64 // ten-thousandths of a unit
	part     int64
	extra    bool
	moved    int64
	clipped  bool // limit made it fewer

	// One round of apportioning.
	takes bool
	given int64
	rest  uint64
	more  bool
}

func (r *Rule) split(dst []Target, rule int, sellable int64, shops []Shop) []Target {
	sellable = min(sellable, mostSellable)
	var few [16]party
	parties := r.parties(few[:0], sellable, shops)
	reduced := divide(parties, sellable)
	redistribute(parties)
	for _, shop := range shops {
		i := findParty(parties, shop.ID)
		p := &parties[i]
		units := p.part + p.moved
		if p.clipped {
			units = min(units, p.limit)
			p.clipped = units == p.limit
		}
		t := Target{Shop: shop.ID, Rule: rule, Share: r.Share(shop.ID), Split: true, Asked: p.asked, Reduced: reduced && p.soft(), Part: p.part, Extra: p.extra,
			Moved: p.moved, Excepted: p.clipped && p.bound == p.limit, Capped: p.clipped && p.bound != p.limit, Listings: int(p.listings)}
		own := units / p.listings
		if p.handed < units%p.listings {
			own++
		}
		p.handed++
		t.Quantity = stock.Units(own)
		dst = append(dst, t)
	}
	return dst
}

// parties are the shops of the rule, then those of its default.
func (r *Rule) parties(list []party, sellable int64, shops []Shop) []party {
	for _, s := range r.Shares {
		list = append(list, party{shop: s.Shop, share: s.Share.sane(), bound: -1})
	}
	for _, shop := range shops {
		i := findParty(list, shop.ID)
		if i < 0 {
			i = len(list)
			list = append(list, party{shop: shop.ID, share: r.Default.sane(), bound: -1})
		}
		p := &list[i]
		p.listings++
		largest := sellable
		if shop.Largest > 0 {
			largest = min(largest, shop.Largest)
		}
		p.limit += largest
		if most, bound := shop.exception(); bound {
			p.bound = max(most, 0)
		}
	}
	for i := range list {
		p := &list[i]
		p.limit = min(p.limit, sellable)
		if p.bound >= 0 && p.listings > 0 && p.bound <= p.limit {
			p.limit = p.bound
		}
		p.most = p.limit
		if p.share.Kind == Fixed || p.share.Kind == AtMost {
			p.most = min(p.most, p.share.N)
			p.clipped = p.listings > 0 && p.limit < min(p.share.N, sellable)
		}
	}
	return list
}

func findParty(list []party, shop ShopID) int {
	for i := range list {
		if list[i].shop == shop {
			return i
		}
	}
	return -1
}

// soft tells whether the party shares what the fixed ones leave.
func (p *party) soft() bool { return p.share.Kind == Percent || p.share.Kind == AtMost }

// divide does steps 1 and 2 and tells whether less was left than is asked for. A part is what the rule gives; only in step 3 does it
// matter that a percentage's shop may not have it.
func divide(parties []party, sellable int64) (reduced bool) {
	left, asked := sellable, int64(0)
	for i := range parties {
		switch p := &parties[i]; p.share.Kind {
		case Fixed:
			p.asked = p.share.N * Whole
			p.part = min(p.most, left)
			left -= p.part
		case Percent:
			p.asked = p.share.N * sellable
			asked += p.asked
		case AtMost:
			p.asked = p.most * Whole
			asked += p.asked
		}
	}
	times, by := int64(1), int64(Whole)
	if asked > left*Whole {
		times, by, reduced = left, asked, true
	}
	for i := range parties {
		parties[i].takes = parties[i].soft()
	}
	if asked > 0 {
		total, _ := partOf(asked, times, by)
		apportion(parties, times, by, total)
	}
	for i := range parties {
		if p := &parties[i]; p.takes {
			p.part, p.extra = p.given, p.more
		}
	}
	return reduced
}

// redistribute does step 3. Each round serves all or fills somebody up, so it ends.
func redistribute(parties []party) {
	free := int64(0)
	for i := range parties {
		if p := &parties[i]; p.share.Kind == Percent && p.part > p.most {
			free += p.part - p.most
			p.clipped = p.listings > 0
		}
	}
	for free > 0 {
		asked := int64(0)
		for i := range parties {
			p := &parties[i]
			if p.takes = p.soft() && p.part+p.moved < p.most; p.takes {
				asked += p.asked
			}
		}
		if asked == 0 {
			return // nobody may have them
		}
		apportion(parties, free, asked, free)
		free = 0
		for i := range parties {
			p := &parties[i]
			room := p.most - p.part - p.moved
			if p.takes && p.given > room {
				free += p.given - room
				p.given = room
				p.clipped = p.clipped || p.share.Kind == Percent || p.limit < p.share.N
			}
			p.moved += p.given
		}
	}
}

// apportion gives each party that takes part asked·times/by units, rounded down, and one more to those with the largest remainders until
// total is given.
func apportion(parties []party, times, by, total int64) {
	for i := range parties {
		p := &parties[i]
		p.given, p.rest, p.more = 0, 0, false
		if p.takes {
			p.given, p.rest = partOf(p.asked, times, by)
			total -= p.given
		}
	}
	for ; total > 0; total-- {
		largest := 0
		for i := range parties {
			if parties[i].rest > parties[largest].rest {
				largest = i
			}
		}
		p := &parties[largest]
		p.given, p.rest, p.more = p.given+1, 0, true
	}
}

// partOf is n·times/by, rounded down, and what was cut off, in parts of by. The result must fit, and by be above 0.
func partOf(n, times, by int64) (units int64, rest uint64) {
	high, low := bits.Mul64(uint64(n), uint64(times))
	whole, rest := bits.Div64(high, low, uint64(by))
	return int64(whole), rest
}
