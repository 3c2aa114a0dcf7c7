package store

import (
	"context"
	"database/sql"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

// ListingState is how a listing stands (出品の状態), in one word for people and programs.
type ListingState string

// The states of a listing. Where several hold, the first of this list is the one to tell.
const (
	StateIgnored    ListingState = "ignored"    // its code is no stock: nothing is asked and nothing is decided
	StateNotLinked  ListingState = "not_linked" // no SKU is linked to it: nothing is decided
	StateOrdersOnly ListingState = "orders"     // known from orders alone: they claim, and nothing is written or read
	StatePaused     ListingState = "paused"     // nothing is sent: paused by hand
	StateRehearsing ListingState = "rehearsing" // nothing is sent: computed only
	StateOutage     ListingState = "outage"     // nothing is sent: the shop is down as planned
	StateSending    ListingState = "sending"    // a write is on its way
	StateError      ListingState = "error"      // the shop refuses, or has failed again and again
	StateUnclear    ListingState = "unclear"    // what it shows is in doubt: it is read back
	StateNeverRead  ListingState = "never_read" // nobody knows yet what it shows
	StateBehind     ListingState = "behind"     // another number is due and not yet sent
	StateInLine     ListingState = "in_line"    // shows its target
	// StateNotListed is for a shop that has no listing of a SKU at all.
	StateNotListed ListingState = "not_listed"
)

// manyFailures is how often in a row a passing error may come before it counts as one that a person should see.
const manyFailures = 3

// Listing is everything that is known of one listing (出品), for screens, API and explanations. The four facts stay apart: decided
// (Target), sent, believed (Expected) and shown.
type Listing struct {
	ID         ListingID
	Shop       channel.ShopID
	SKU        stock.SKUID // 0 while it has none
	Ref        channel.Ref
	Code       string // the merchant's code as the shop has it
	Title      string
	Ignored    bool // its code is no stock
	OrdersOnly bool // the shop has not told of it: it is known from orders alone
	Lane       Lane
	State      ListingState
	Target     *stock.Quantity // nil until planned
	Share      *stock.Quantity // what the pattern gives it while the units are divided: Target is what may be shown of it by now. Else nil
	// Exposure is the most that the shop may have sold or may yet sell without our knowing; at least allocation.Unbounded/2 where there is no bound.
	Exposure int64
	TargetAt time.Time
	DueSince time.Time // since when it has been out of line
	// Expected is what the shop is believed to show. Nil when nobody knows: it was never read, or the shop has sold more than it can
	// have shown (Overdrawn).
	Expected   *stock.Quantity
	Overdrawn  bool
	SettledAt  time.Time // when Expected was last made sure by a read or an absolute write
	Unsure     bool
	InFlight   bool
	FullPass   bool // is to be written again although it is in line
	Sent       *stock.Quantity
	Overwrote  bool // what was sent last was absolute
	SentAt     time.Time
	Answer     channel.State // the shop's answer to what was sent last; "" while there is none
	AnsweredAt time.Time
	ErrorKind  channel.ErrorKind // "" when the last call went well
	ErrorCode  string            // the mall's own
	ErrorText  string
	Failures   int64           // in a row
	Strikes    int64           // how often in a row it was read as something other than expected
	HeldUntil  time.Time       // not tried again before
	Shown      *stock.Quantity // what the shop last confirmed or showed
	ShownAt    time.Time
	ReadAt     time.Time
}

// Believed is the number that the shop is believed to show now: the last confirmed one less the orders seen since. Nil when nobody
// can tell.
func (l Listing) Believed() *stock.Quantity {
	if l.Unsure {
		return nil
	}
	return l.Expected
}

// state is how the listing stands at now in a shop that is as given. This is the one place that decides it.
func (l Listing) state(shop Shop, now time.Time) ListingState {
	switch {
	case l.Ignored:
		return StateIgnored
	case l.SKU == 0:
		return StateNotLinked
	case l.OrdersOnly:
		return StateOrdersOnly
	case shop.Mode == Paused:
		return StatePaused
	case shop.Mode != Live:
		return StateRehearsing
	case shop.InOutage(now):
		return StateOutage
	case l.InFlight:
		return StateSending
	case l.ErrorKind != "" && (lasting(l.ErrorKind) || l.Failures >= manyFailures):
		return StateError
	case l.Unsure || l.Overdrawn:
		return StateUnclear
	case l.Target == nil:
		return StateBehind
	case l.Expected == nil:
		return StateNeverRead
	case l.Target.Compare(*l.Expected) != 0:
		return StateBehind
	}
	return StateInLine
}

// lasting tells whether an error stays until a person does something.
func lasting(kind channel.ErrorKind) bool {
	switch kind {
	case channel.Auth, channel.NotFound, channel.Uncounted, channel.Invalid, channel.Unsupported:
		return true
	}
	return false
}

const listingColumns = `listing_id, shop_id, sku_id, ref, code, title, ignored, NOT pulled, lane, target,
	target_at, due_since, expected, settled_until, unsure, in_flight, full_pass, sent,
	sent_absolute, sent_at, answer, answered_at, error_kind, error_code, error_text, failures,
	held_until, shown, shown_at, read_at, strikes, share, ` + accountColumns

// scanListing reads a row of listingColumns, then more. The state is the caller's to set.
func scanListing(rows *sql.Rows, more ...any) (Listing, error) {
	var l Listing
	var sku, target, expected, sent, shown, share sql.NullInt64
	var account accountRow
	var targetAt, dueSince, settled, sentAt, answeredAt, heldUntil, shownAt, readAt int64
	dest := []any{&l.ID, &l.Shop, &sku, &l.Ref, &l.Code, &l.Title, &l.Ignored, &l.OrdersOnly, &l.Lane, &target, &targetAt, &dueSince, &expected, &settled, &l.Unsure, &l.InFlight, &l.FullPass, &sent,
		&l.Overwrote, &sentAt, &l.Answer, &answeredAt, &l.ErrorKind, &l.ErrorCode, &l.ErrorText, &l.Failures, &heldUntil, &shown, &shownAt, &readAt, &l.Strikes, &share}
	dest = append(dest, account.dest()...)
	if err := rows.Scan(append(dest, more...)...); err != nil {
		return l, err
	}
	if l.Overdrawn = expected.Valid && expected.Int64 < 0; l.Overdrawn {
		expected.Valid = false
	}
	l.SKU = stock.SKUID(sku.Int64)
	l.Target, l.Expected, l.Sent, l.Shown, l.Share = quantity(target), quantity(expected), quantity(sent), quantity(shown), quantity(share)
	l.Exposure = account.account().Exposure()
	l.TargetAt, l.DueSince, l.SettledAt, l.SentAt = instant(targetAt), instant(dueSince), instant(settled), instant(sentAt)
	l.AnsweredAt, l.HeldUntil, l.ShownAt, l.ReadAt = instant(answeredAt), instant(heldUntil), instant(shownAt), instant(readAt)
	return l, nil
}

// listingsOf calls each for all listings of SKUs, those of one SKU by shop and id. shops are the tenant's.
func (tx *Tx) listingsOf(ctx context.Context, skus []stock.SKUID, shops map[channel.ShopID]Shop, each func(Listing)) error {
	return tx.queryRows(ctx, func(rows *sql.Rows) error {
		l, err := scanListing(rows)
		if err == nil {
			l.State = l.state(shops[l.Shop], tx.now)
			each(l)
		}
		return err
	}, "SELECT "+listingColumns+" FROM listing WHERE tenant_id = $1 AND sku_id IN (", "BIGINT", ") ORDER BY sku_id, shop_id, listing_id",
		nil, len(skus), func(args []any, i int) []any { return append(args, int64(skus[i])) })
}
