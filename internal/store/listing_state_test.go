package store

import (
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

func TestListing_state(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	five, four := stock.Units(5), stock.Units(4)
	live := Shop{Mode: Live}
	outage := func(from, until time.Duration) Shop {
		return Shop{Mode: Live, OutageFrom: now.Add(from), OutageUntil: now.Add(until)}
	}
	inLine := Listing{SKU: 1, Target: &five, Expected: &five}
	but := func(change func(*Listing)) Listing {
		l := inLine
		change(&l)
		return l
	}
	for _, c := range []struct {
		name    string
		listing Listing
		shop    Shop
		want    ListingState
	}{
		{"shows its target", inLine, live, StateInLine},
		{"is to be written again all the same", but(func(l *Listing) { l.FullPass, l.Lane = true, FullPass }), live, StateInLine},
		{"an old passing error that it came over", but(func(l *Listing) { l.ErrorKind, l.Failures = channel.Temporary, 1 }), live, StateInLine},
		{"another number is due", but(func(l *Listing) { l.Target = &four }), live, StateBehind},
		{"not planned yet", but(func(l *Listing) { l.Target = nil }), live, StateBehind},
		{"a first passing error", but(func(l *Listing) { l.Target, l.ErrorKind, l.Failures = &four, channel.Throttled, 1 }), live, StateBehind},
		{"a passing error that does not pass", but(func(l *Listing) { l.Target, l.ErrorKind, l.Failures = &four, channel.Temporary, 3 }), live, StateError},
		{"a lasting error", but(func(l *Listing) { l.Target, l.ErrorKind, l.Failures = &four, channel.Invalid, 1 }), live, StateError},
		{"gone from the shop", but(func(l *Listing) { l.Expected, l.Unsure, l.ErrorKind, l.Failures = nil, true, channel.NotFound, 1 }), live, StateError},
		{"on its way", but(func(l *Listing) { l.Target, l.InFlight = &four, true }), live, StateSending},
		{"tried again after an error", but(func(l *Listing) { l.InFlight, l.ErrorKind = true, channel.Invalid }), live, StateSending},
		{"an answer was lost", but(func(l *Listing) { l.Unsure = true }), live, StateUnclear},
		{"sold more than it can have shown", but(func(l *Listing) { l.Expected, l.Overdrawn = nil, true }), live, StateUnclear},
		{"never read", but(func(l *Listing) { l.Expected = nil }), live, StateNeverRead},
		{"no SKU", but(func(l *Listing) { l.SKU = 0 }), live, StateNotLinked},
		{"no SKU in a paused shop", but(func(l *Listing) { l.SKU = 0 }), Shop{Mode: Paused}, StateNotLinked},
		{"no stock", but(func(l *Listing) { l.SKU, l.Ignored = 0, true }), live, StateIgnored},
		{"known from orders alone", but(func(l *Listing) { l.OrdersOnly, l.Target = true, nil }), live, StateOrdersOnly},
		{"known from orders alone, in a paused shop", but(func(l *Listing) { l.OrdersOnly = true }), Shop{Mode: Paused}, StateOrdersOnly},
		{"known from orders alone and without a SKU", but(func(l *Listing) { l.SKU, l.OrdersOnly = 0, true }), live, StateNotLinked},
		{"paused", inLine, Shop{Mode: Paused}, StatePaused},
		{"paused with a call still in flight", but(func(l *Listing) { l.InFlight = true }), Shop{Mode: Paused}, StatePaused},
		{"rehearsing", inLine, Shop{Mode: Rehearsing}, StateRehearsing},
		{"a shop that nobody knows", inLine, Shop{}, StateRehearsing},
		{"in an outage", but(func(l *Listing) { l.Target = &four }), outage(0, time.Hour), StateOutage},
		{"in an outage without end", but(func(l *Listing) { l.Target = &four }), Shop{Mode: Live, OutageFrom: now}, StateOutage},
		{"before an outage", but(func(l *Listing) { l.Target = &four }), outage(time.Second, time.Hour), StateBehind},
		{"after an outage", but(func(l *Listing) { l.Target = &four }), outage(-time.Hour, 0), StateBehind},
		{"paused in an outage", inLine, Shop{Mode: Paused, OutageFrom: now}, StatePaused},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := c.listing.state(c.shop, now); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}
