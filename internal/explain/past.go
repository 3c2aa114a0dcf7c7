package explain

import (
	"strings"
	"time"

	"soroi/internal/store"
)

// The steps that only a look back has.
const (
	Decided     What = "decided"
	DecidedShop What = "decided_shop"
	NotDecided  What = "not_decided"
	NeverMoved  What = "never_moved"
	BundleThen  What = "bundle"
)

// Past explains a SKU as it was at a moment: from on hand and who held it to what every shop was to show.
func Past(p store.Past, names map[int64]string) []Step {
	var e Explanation
	switch last := lastOf(p); {
	case p.Bundle:
		e.add(BundleThen, time.Time{})
	case last == nil:
		e.add(NeverMoved, time.Time{})
	default:
		e.add(OnHand, last.PostedAt, "units", p.Balance.OnHand)
		from := last.ShopName
		if from == "" {
			from = string(last.Cause)
		}
		e.add(LastMovement, last.PostedAt, "kind", last.Kind, "on_hand_delta", last.OnHandDelta, "committed_delta", last.CommittedDelta, "from", from, "document", last.Document)
		e.add(Committed, time.Time{}, "units", p.Balance.Committed, "lines", p.Lines)
		units := int64(0)
		for _, c := range p.Claims {
			e.add(ClaimOf, c.PlacedAt, "units", c.Held, "shop", names[int64(c.Shop)], "order", c.Number, "line", c.Line)
			units += c.Held
		}
		if more := p.Lines - int64(len(p.Claims)); more > 0 {
			e.add(MoreClaims, time.Time{}, "lines", more, "units", p.Held-units)
		}
		e.add(Available, time.Time{}, "units", p.Balance.Available())
	}
	d := p.Decided
	if d == nil {
		e.add(NotDecided, time.Time{})
		return e.Steps
	}
	e.add(Decided, d.At, "at", d.At.In(jst).Format(time.DateTime), "available", d.Available, "sellable", &d.Sellable)
	for _, s := range d.Shops {
		e.add(DecidedShop, d.At, "shop", strings.TrimSpace(s.Name), "target", &s.Target)
	}
	return e.Steps
}

var jst = time.FixedZone("JST", 9*60*60)

// lastOf is the newest movement of all locations.
func lastOf(p store.Past) *store.PostedMovement {
	var last *store.PostedMovement
	for _, l := range p.Locations {
		if l.Last != nil && (last == nil || l.Last.PostedAt.After(last.PostedAt)) {
			last = l.Last
		}
	}
	return last
}
