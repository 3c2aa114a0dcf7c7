package explain

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// computed is the target that the books give a listing, and its shop as the pattern saw it. A split rule looks at all shops that list
// the SKU, so all of them take part, as in planning.
func computed(sellable stock.Quantity, b store.Basis, l store.Listing, specs []channel.Spec) (allocation.Target, allocation.Shop) {
	listings := b.Listings
	own := slices.IndexFunc(listings, func(o store.Listing) bool { return o.ID == l.ID })
	if own < 0 {
		own, listings = 0, []store.Listing{l}
	}
	shops := make([]allocation.Shop, len(listings))
	for i, o := range listings {
		shop := shopOf(b.Shops, o.Shop)
		shops[i] = shop.Allocation(specOf(specs, shop.Kind))
	}
	return b.Allotment.Targets(sellable, shops)[own], shops[own]
}

// allocated leads from sellable to the listing's part of it.
func (e *Explanation) allocated(p allocation.Pattern, t allocation.Target, shop allocation.Shop) {
	if t.Rule < 0 {
		e.add(NoRule, time.Time{}, "pattern", p.Name)
		return
	}
	rule := t.Rule + 1
	switch t.Share.Kind {
	case allocation.Same:
		e.add(ShareSame, time.Time{}, "pattern", p.Name, "rule", rule)
	case allocation.Percent:
		e.add(SharePercent, time.Time{}, "pattern", p.Name, "rule", rule, "percent", t.Share)
	case allocation.Fixed:
		e.add(ShareFixed, time.Time{}, "pattern", p.Name, "rule", rule, "units", t.Share.N)
	case allocation.AtMost:
		e.add(ShareAtMost, time.Time{}, "pattern", p.Name, "rule", rule, "most", t.Share.N)
	default:
		e.add(ShareStop, time.Time{}, "pattern", p.Name, "rule", rule)
	}
	e.divided(t)
	if t.Excepted && shop.Exception.Kind == allocation.Stop {
		e.add(ExceptionStop, time.Time{}, "most", 0)
	} else if t.Excepted {
		e.add(ExceptionAtMost, time.Time{}, "most", shop.Exception.N)
	}
	if t.Capped {
		e.add(Capped, time.Time{}, "largest", shop.Largest)
	}
	if t.Split && t.Listings > 1 {
		e.add(ListedOften, time.Time{}, "listings", t.Listings)
	}
}

// divided tells how a percentage, or a split, came to the shop's part.
func (e *Explanation) divided(t allocation.Target) {
	if t.Asked == 0 {
		return
	}
	switch t.Share.Kind {
	case allocation.Fixed:
		if t.Split && t.Part < t.Share.N && !t.Excepted && !t.Capped {
			e.add(FixedShort, time.Time{}, "units", t.Part)
		}
	case allocation.Percent, allocation.AtMost:
		asked := decimal(t.Asked)
		switch {
		case t.Reduced:
			e.add(Reduced, time.Time{}, "asked", asked, "units", t.Part)
		case t.Extra:
			e.add(RoundedUp, time.Time{}, "asked", asked, "units", t.Part)
		case t.Share.Kind == allocation.Percent && t.Asked%allocation.Whole == 0:
			e.add(ExactPart, time.Time{}, "units", t.Part)
		case t.Share.Kind == allocation.Percent:
			e.add(RoundedDown, time.Time{}, "asked", asked, "units", t.Part)
		}
		if t.Moved > 0 {
			e.add(MovedHere, time.Time{}, "units", t.Moved)
		}
	}
}

// decimal writes ten-thousandths without needless zeros: 3.3, 12, 0.0833.
func decimal(n int64) string {
	text := strconv.FormatInt(n/allocation.Whole, 10)
	if rest := n % allocation.Whole; rest != 0 {
		text += "." + strings.TrimRight(strconv.FormatInt(allocation.Whole+rest, 10)[1:], "0")
	}
	return text
}

func shopOf(shops []store.Shop, id channel.ShopID) store.Shop {
	for _, s := range shops {
		if s.ID == id {
			return s
		}
	}
	return store.Shop{ID: id}
}
