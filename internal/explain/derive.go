package explain

import (
	"time"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// Derive explains one listing of the basis. It is pure. specs are the channels that are known.
func Derive(b store.Basis, l store.Listing, specs []channel.Spec) Explanation {
	shop := shopOf(b.Shops, l.Shop)
	e := Explanation{SKU: b.Code, Name: b.Name, Shop: shop.Name, ShopID: shop.ID, Listing: l.ID, Ref: l.Ref, State: l.State,
		Published: l.Shown, Believed: l.Believed(), Target: l.Target, Explained: true}
	e.shelf(b)
	sellable := e.terms(b)
	target, asks := computed(sellable, b, l, specs)
	e.allocated(b.Allotment.Pattern, target, asks, b.Allotment.Why(sellable))
	if target.Limited {
		e.limited(b.Allotment.Bundle, asks)
	}
	e.target(b, l, target.Quantity)
	e.excess(b, sellable)
	e.sent(l)
	e.shown(b, l)
	e.standing(l, shop, b.At)
	return e
}

// shelf leads from on hand to available.
func (e *Explanation) shelf(b store.Basis) {
	if b.Allotment.Bundle != nil {
		e.parts(b.Allotment.Bundle)
		return
	}
	e.add(OnHand, b.MovedAt, "units", b.Balance.OnHand)
	if len(b.Last) > 0 {
		m := b.Last[0]
		from := m.ShopName
		if from == "" {
			from = string(m.Cause)
		}
		e.add(LastMovement, m.PostedAt, "kind", m.Kind, "on_hand_delta", m.OnHandDelta, "committed_delta", m.CommittedDelta, "from", from, "document", m.Document)
	}
	e.add(Committed, time.Time{}, "units", b.Balance.Committed, "lines", b.Lines)
	names := make(map[channel.ShopID]string, len(b.Shops))
	for _, s := range b.Shops {
		names[s.ID] = s.Name
	}
	units := int64(0)
	for _, c := range b.Claims {
		e.add(ClaimOf, c.PlacedAt, "units", c.Held, "shop", names[c.Shop], "order", c.Number, "line", c.Line)
		units += c.Held
	}
	if more := b.Lines - int64(len(b.Claims)); more > 0 {
		e.add(MoreClaims, time.Time{}, "lines", more, "units", b.Held-units)
	}
	if b.Held != b.Balance.Committed {
		e.add(CommittedOdd, time.Time{}, "committed", b.Balance.Committed, "held", b.Held)
		e.Explained = false
	}
	e.add(Available, time.Time{}, "units", b.Balance.Available())
}

// parts leads from the parts of a bundle to how many there are.
func (e *Explanation) parts(b *store.Bundle) {
	for _, p := range b.Parts {
		sellable, sets := p.Sellable(), p.Sets(p.Sellable())
		e.add(PartOf, time.Time{}, "code", p.Code, "sellable", &sellable, "units", p.Units, "sets", &sets)
	}
	if sets, scarcest := b.Sets(); scarcest >= 0 {
		e.add(Sets, time.Time{}, "units", &sets, "code", b.Parts[scarcest].Code)
	}
}

// terms leads from available to sellable.
func (e *Explanation) terms(b store.Basis) stock.Quantity {
	sellable := b.Sellable()
	switch supply := b.Terms.Supply; {
	case b.Archived:
		e.add(OutOfUse, time.Time{})
	case b.Allotment.Bundle != nil && supply == stock.MadeToOrderUnlimited: // its parts have said so
	case supply == stock.MadeToOrderUnlimited:
		e.add(Made, time.Time{}, "quantity", &sellable)
	case supply == stock.MadeToOrder:
		if b.Terms.Daily {
			e.add(MadeDaily, time.Time{}, "figure", b.Terms.Figure, "sold", b.Terms.SoldToday, "quantity", &sellable)
		} else {
			e.add(Made, time.Time{}, "quantity", &sellable)
		}
	default:
		e.secured(b)
	}
	e.add(Sellable, time.Time{}, "quantity", &sellable)
	return sellable
}

// secured says what is kept back of the units that are available, and who says so.
func (e *Explanation) secured(b store.Basis) {
	units := b.Terms.SecuredUnits(b.Balance)
	if b.Terms.Secured.As == stock.InPercent {
		e.add(SecuredPercent, time.Time{}, "percent", b.Terms.Secured.N, "available", max(b.Balance.Available(), 0), "units", units)
	} else {
		e.add(Secured, time.Time{}, "units", units)
	}
	if b.Terms.SecuredByProduct {
		e.add(SecuredOfProduct, time.Time{}, "product", b.Product)
	}
	if b.Terms.Secured.Reason != "" && units > 0 {
		e.add(SecuredFor, time.Time{}, "reason", b.Terms.Secured.Reason)
	}
	if left := b.Balance.Available() - units; left < 0 {
		e.add(NotBelowZero, time.Time{}, "units", left)
	}
}

// limited says which part of a bundle keeps the shop from showing more.
func (e *Explanation) limited(b *store.Bundle, shop allocation.Shop) {
	limit := b.Limit(shop)
	what := PartsAllow
	if limit.Divided {
		what = PartsDivided
	}
	e.add(what, time.Time{}, "code", b.Parts[limit.Part].Code, "most", &limit.Sets)
}

// target compares what the listing should show with what the books give.
func (e *Explanation) target(b store.Basis, l store.Listing, computed stock.Quantity) {
	switch same := l.Target != nil && l.Target.Compare(computed) == 0; {
	case l.Share != nil && l.Share.Compare(computed) == 0 && l.Target != nil && !same:
		e.heldBack(b, l)
	case same:
		e.add(TargetIs, l.TargetAt, "quantity", l.Target)
	case b.Unplanned:
		e.add(TargetWaits, l.TargetAt, "quantity", l.Target, "next", &computed)
	default:
		e.add(TargetOdd, l.TargetAt, "quantity", l.Target, "next", &computed)
		e.Explained = false
	}
}

// heldBack tells why a listing may not show its share yet: whom it waits for. The units that another shop may still sell beyond its own share are not
// anybody else's before it has surely lost them (docs/escrow.md).
func (e *Explanation) heldBack(b store.Basis, l store.Listing) {
	e.add(TargetHeld, l.TargetAt, "quantity", l.Target, "share", l.Share)
	waits := false
	for _, o := range b.Listings {
		share, _ := shareOf(o)
		switch over := o.Exposure - share; {
		case o.ID == l.ID || over <= 0 || o.Share == nil:
		case o.Exposure >= allocation.Unbounded/2:
			waits = true
			e.add(HeldUnread, time.Time{}, "shop", shopOf(b.Shops, o.Shop).Name)
		default:
			waits = true
			e.add(HeldFor, time.Time{}, "shop", shopOf(b.Shops, o.Shop).Name, "units", over)
		}
	}
	if !waits {
		e.add(HeldOwn, time.Time{})
	}
}

// excess tells of units that have left in a way that the shops cannot know: until they have confirmed less, so many may be sold too much.
func (e *Explanation) excess(b store.Basis, sellable stock.Quantity) {
	units, limited := sellable.Units()
	sum := int64(0)
	for _, o := range b.Listings {
		if o.Share == nil {
			return
		}
		sum += o.Exposure
	}
	if over := sum - units; limited && over > 0 && sum < allocation.Unbounded/2 {
		e.add(Excess, time.Time{}, "units", over, "exposure", sum)
	}
}

// shareOf is what a listing's pattern gives it.
func shareOf(l store.Listing) (units int64, divided bool) {
	if l.Share == nil {
		return 0, false
	}
	return l.Share.Units()
}

// sent tells of the last push and its answer.
func (e *Explanation) sent(l store.Listing) {
	if l.SentAt.IsZero() {
		e.add(SentNever, time.Time{})
		return
	}
	what := SentChange
	if l.Overwrote {
		what = SentAbsolute
	}
	e.add(what, l.SentAt, "quantity", l.Sent)
	if l.InFlight {
		e.add(InFlight, l.SentAt)
		return
	}
	answers := map[channel.State]What{channel.Applied: AnswerApplied, channel.Accepted: AnswerAccepted, channel.Refused: AnswerRefused,
		channel.Conflict: AnswerConflict, channel.Unknown: AnswerUnknown}
	answer, known := answers[l.Answer]
	if !known {
		answer = AnswerUnknown // the process that had sent it ended before the answer came
	}
	e.add(answer, l.AnsweredAt)
}

// shown tells what the shop showed and what it is believed to show now.
func (e *Explanation) shown(b store.Basis, l store.Listing) {
	byPush := l.Answer == channel.Applied && l.ShownAt.Equal(l.AnsweredAt)
	byRead := l.ShownAt.Equal(l.ReadAt)
	settled := !l.SettledAt.IsZero() && !l.ShownAt.Before(l.SettledAt) // taken over, whatever was sent or read without success since
	switch {
	case l.Shown == nil:
		e.add(ShownNever, time.Time{})
	case byRead:
		e.add(ShownRead, l.ShownAt, "quantity", l.Shown)
	case byPush || settled:
		e.add(ShownAnswer, l.ShownAt, "quantity", l.Shown)
	default:
		e.add(ShownOdd, l.ShownAt, "quantity", l.Shown)
		e.Explained = false
	}
	sold := b.Sold[l.ID]
	asSent := !byRead && l.Sent != nil && l.Shown != nil && l.Sent.Compare(*l.Shown) == 0
	switch fell := l.FellBy(); {
	case l.Overdrawn:
		e.add(Overdrawn, time.Time{})
	case l.Unsure:
		e.add(Unsure, time.Time{})
	case l.Expected == nil:
		e.add(ExpectedUnknown, time.Time{})
	case l.InFlight || fell == 0:
		e.add(ExpectedIs, l.SettledAt, "quantity", l.Expected)
	case l.Strikes > 0, fell < 0 && !asSent, fell > sold && byPush && !asSent:
		// The shop showed another number than believed, and that has not been taken over: an order may merely be late.
		e.add(DriftSeen, l.ShownAt, "quantity", l.Expected, "found", l.Shown)
	case fell > 0 && fell <= sold:
		e.add(SoldSince, l.FollowedSince(), "units", fell)
		e.add(ExpectedIs, l.SettledAt, "quantity", l.Expected)
	default:
		e.add(ExpectedOdd, l.SettledAt, "quantity", l.Expected, "shown", l.Shown, "sold", sold)
		e.Explained = false
	}
}

// standing tells why the listing is not in line, or that it is.
func (e *Explanation) standing(l store.Listing, shop store.Shop, now time.Time) {
	if l.ErrorKind != "" {
		e.add(ShopError, l.AnsweredAt, "kind", l.ErrorKind, "code", l.ErrorCode, "text", l.ErrorText, "times", l.Failures)
	}
	states := map[store.ListingState]What{store.StateInLine: InLine, store.StateBehind: Waiting, store.StateSending: Sending, store.StateUnclear: ToBeRead,
		store.StateNeverRead: ToBeRead, store.StateError: Failing, store.StatePaused: ShopPaused, store.StateRehearsing: ShopRehearsing, store.StateOutage: ShopOutage}
	what, known := states[l.State]
	if !known {
		return // a listing without a SKU has no derivation
	}
	switch what {
	case Waiting:
		e.add(what, l.DueSince, "quantity", l.Target, "lane", l.Lane)
	case ShopOutage:
		e.add(what, shop.OutageFrom, "quantity", l.Target)
	default:
		e.add(what, time.Time{}, "quantity", l.Target)
	}
	if l.HeldUntil.After(now) && what != InLine {
		e.add(Held, l.HeldUntil)
	}
}
