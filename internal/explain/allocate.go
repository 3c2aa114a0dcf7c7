package explain

import (
	"math"
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
func (e *Explanation) allocated(p allocation.Pattern, t allocation.Target, shop allocation.Shop, why *store.Settled) {
	if t.Rule < 0 {
		e.add(NoRule, time.Time{}, "pattern", p.Name)
		return
	}
	rule := t.Rule + 1
	if why != nil {
		e.auto(p, t, why)
		e.bounded(t, shop)
		return
	}
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
	e.bounded(t, shop)
}

// AutoWords says in one sentence why auto shares or divides under a pattern of that name.
func AutoWords(pattern string, why *store.Settled, language string) string {
	var e Explanation
	e.auto(allocation.Pattern{Name: pattern}, allocation.Target{Rule: why.Rule}, why)
	return e.Steps[0].Words(language)
}

// auto tells why auto shares or divides, with the figures that it went by.
func (e *Explanation) auto(p allocation.Pattern, t allocation.Target, why *store.Settled) {
	what := AutoSame
	switch {
	case why.State == allocation.AutoSplit && why.Risk > why.Most:
		what = AutoSplit
	case why.State == allocation.AutoSplit:
		what = AutoStill
	}
	rate := strconv.FormatFloat(math.Round(float64(why.Rate)/100)/10, 'f', -1, 64)
	lag := time.Duration(why.Lag) * time.Microsecond
	e.add(what, why.At, "pattern", p.Name, "rule", t.Rule+1, "left", why.Sellable, "rate", rate, "large", max(min(why.Large, why.Sellable), 1), "lag", max(lag.Round(time.Second), time.Second), "risk", allocation.RiskText(rounded(why.Risk)), "most", allocation.RiskText(why.Most))
	if why.State == allocation.AutoSplit {
		e.add(AutoPart, time.Time{}, "units", t.Share.N)
	}
}

// rounded leaves a risk as many digits as say something.
func rounded(millionths int64) int64 {
	step := int64(1)
	for millionths/step >= 100 {
		step *= 10
	}
	return (millionths + step/2) / step * step
}

// bounded tells what keeps the listing below what the rule gives.
func (e *Explanation) bounded(t allocation.Target, shop allocation.Shop) {
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
