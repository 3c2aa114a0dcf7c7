package engine

import (
	"time"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/stock"
	"soroi/internal/store"
)

const (
	// quietAfter is how long after its last order a SKU counts as quiet. Until then shares that are a single unit out of place are left so: the next
	// order would most likely move the unit back.
	quietAfter = 5 * time.Minute
	// lookAfter is when a SKU whose shops wait for each other is planned again although nothing has been heard. What they wait for marks it itself.
	lookAfter = 10 * time.Minute
)

// wayOf is the way in which a channel's numbers are changed, as the rules of escrow know it.
func wayOf(can channel.Can) allocation.Write {
	switch {
	case can.Write == channel.CompareAndSet, can.Write == channel.Delta && can.RefusesBelowZero:
		return allocation.Move
	case can.Write == channel.Delta:
		return allocation.MoveToZero
	}
	return allocation.Overwrite
}

// divide decides what the shops of a SKU whose units are divided may show next, of the shares that are theirs (docs/escrow.md).
func (p *planning) divide(u *store.Unplanned, shares []allocation.Target) {
	now := p.now()
	holders := make([]allocation.Holder, len(u.Listings))
	var lastSold time.Time
	for i, l := range u.Listings {
		share, _ := shares[i].Quantity.Units()
		holders[i] = allocation.Holder{Account: l.Held.Account, Write: p.ways[l.Shop], Target: share, HandsOff: l.Held.HandsOff}
		if l.Held.LastSold.After(lastSold) {
			lastSold = l.Held.LastSold
		}
	}
	least := int64(1)
	quiet := lastSold.Add(quietAfter)
	if !lastSold.IsZero() && now.Before(quiet) {
		least = 2
	}
	numbers := make([]int64, len(holders))
	sellable, _ := u.Sellable().Units()
	u.Room = allocation.Decide(numbers, sellable, holders, least)
	for i := range u.Listings {
		l, h := &u.Listings[i], &holders[i]
		share := shares[i].Quantity
		l.NewShare, l.NewTarget = &share, stock.Units(max(numbers[i], 0))
		switch {
		case numbers[i] == allocation.Keep && l.Target != nil:
			l.NewTarget = *l.Target
		case h.HandsOff && !l.Held.Outage, h.Unsure && h.Target > 0:
			// Nothing above zero leaves for it before it has been read, or its shop goes live; both have it planned anew.
			l.NewTarget = share
		}
		if l.NewTarget.Compare(share) == 0 {
			continue
		}
		switch {
		case l.Held.Outage:
			u.LookAt = earlier(u.LookAt, l.Held.Until)
		case h.HandsOff:
		case least > 1:
			u.LookAt = earlier(u.LookAt, quiet)
		default:
			u.LookAt = earlier(u.LookAt, now.Add(lookAfter))
		}
	}
}

// earlier is the earlier of two moments, where zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
