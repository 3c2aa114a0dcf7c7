package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

// Lane is what a listing waits for, the most urgent first (design 3, "Which push first").
type Lane int

// The lanes.
const (
	InLine      Lane = 0 // shows its target
	ToZero      Lane = 1
	Falling     Lane = 2 // or unsure: what is shown may be too much
	RaisingZero Lane = 3 // shows 0 while there is stock
	Rest        Lane = 4
	FullPass    Lane = 5
)

// Due is a listing that is not in line.
type Due struct {
	ID        ListingID
	Ref       channel.Ref
	Lane      Lane
	Target    stock.Quantity
	NeedsRead bool // what it shows must be read before it can be written, or is written absolutely
	Divided   bool // its SKU divides its units: what must be read is never written absolutely instead
	DueSince  time.Time
}

// unknown says of a listing that what it shows must be read before a sale-safe write: nobody is sure, nobody knows, or the
// shop has sold more than it can have shown.
const unknown = "(listing.unsure OR listing.expected IS NULL OR listing.expected < 0)"

// mustRead says of a listing that it is to be read and not written next: a number above zero where nobody knows what is shown, and a zero
// that the shop has taken and that nobody has seen yet. Any other zero may always be sent: it is never wrong.
const mustRead = unknown + ` AND (target > 0 OR answer = 'applied' AND sent = 0 AND read_at < sent_at)`

// raisedUnplanned says of a listing that its target is older than a change of its SKU, and that showing it would be more than what is
// shown: a unit that is gone would be for sale again. Its plan comes first. A lower number may always go, and zero is never wrong.
const raisedUnplanned = "target > 0 AND (" + unknown + ` OR target > listing.expected) AND ` + unplannedSKU

// unplannedSKU says of a listing that its SKU has changed and is not planned yet. It is written so that no engine takes the index of all such
// SKUs for it: there may be very many of them just when its statistics say that there is none.
const unplannedSKU = `EXISTS (SELECT 1 FROM sku_plan WHERE sku_plan.tenant_id = listing.tenant_id AND sku_plan.sku_id = listing.sku_id
	AND sku_plan.marked <> sku_plan.planned)`

// ListDue lists up to limit listings of a shop that may be pushed now, by lane, then risk, then age; that is the order of an index, so that the
// first of a long backlog cost no more than those of a short one. Listings that were written to
// after settled are left out where they would have to be read: their shop may still show the old number. Those that would be raised and
// whose SKU has changed and is not planned yet are left out, too.
func (db *DB) ListDue(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, limit int, settled time.Time) ([]Due, error) {
	var due []Due
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		due = due[:0]
		return tx.query(ctx, func(rows *sql.Rows) error {
			var d Due
			var target, since int64
			if err := rows.Scan(&d.ID, &d.Ref, &d.Lane, &target, &d.NeedsRead, &d.Divided, &since); err != nil {
				return err
			}
			d.Target, d.DueSince = stock.FromSortable(target), instant(since)
			due = append(due, d)
			return nil
		}, `SELECT listing_id, ref, lane, target, `+mustRead+`, share IS NOT NULL, due_since FROM listing
			WHERE tenant_id = $1 AND shop_id = $2 AND lane > 0 AND NOT in_flight AND held_until <= $3
			AND (sent_at <= $4 AND (share IS NULL OR doubt_until <= $3) OR NOT (`+mustRead+`)) AND NOT (`+raisedUnplanned+`)
			ORDER BY lane, risk DESC, due_since LIMIT $5`, int64(shop), micros(tx.now), micros(settled), limit)
	})
	return due, err
}

// Waiting tells whether any listing of a shop is out of line, whether or not it may be pushed now.
func (db *DB) Waiting(ctx context.Context, tenant stock.TenantID, shop channel.ShopID) (waiting bool, err error) {
	err = db.Read(ctx, tenant, func(tx *Tx) error {
		waiting = false
		return tx.query(ctx, func(rows *sql.Rows) error {
			return rows.Scan(&waiting)
		}, "SELECT TRUE FROM listing WHERE tenant_id = $1 AND shop_id = $2 AND lane > 0 LIMIT 1", int64(shop))
	})
	return waiting, err
}

// Push is one call that is about to write quantities, as it was recorded before it left.
type Push struct {
	ID     int64
	SentAt time.Time
	Items  []PushItem
}

// PushItem is one listing of a push.
type PushItem struct {
	Listing ListingID
	Update  channel.Update // Expect is nil for an absolute write
}

// ErrHandsOff says that nothing may be sent to the shop: it is paused, in rehearsal or in a planned outage (design 2.7).
var ErrHandsOff = errors.New("nothing may be sent to this shop now")

// BeginPush records that listings are about to be written, with the target of this moment, and returns what to send. A listing that
// came in line meanwhile is left out, and so is one that would be raised and whose SKU has changed and is not planned yet. overwrite
// writes all of them absolutely, and leaves out all whose SKU is not planned yet: where a write cannot carry an unseen sale, it carries
// every seen one. Zeros are always absolute: no unseen sale can make them wrong. When the process dies before RecordPush, the listings
// become unsure.
func (db *DB) BeginPush(ctx context.Context, tenant stock.TenantID, lease Lease, ids []ListingID, overwrite bool) (Push, error) {
	var p Push
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		p = Push{SentAt: tx.now}
		if err := tx.fence(ctx, lease); err != nil {
			return err
		}
		if err := tx.mayPush(ctx, lease.Shop); err != nil {
			return err
		}
		pushID, err := tx.newID(ctx)
		if err != nil {
			return err
		}
		p.ID = pushID
		var lane Lane
		err = tx.queryRows(ctx, func(rows *sql.Rows) error {
			var item PushItem
			var target int64
			var expected sql.NullInt64
			var absolute bool
			var l Lane
			if err := rows.Scan(&item.Listing, &item.Update.Ref, &target, &expected, &absolute, &l); err != nil {
				return err
			}
			if lane == 0 || l < lane {
				lane = l
			}
			item.Update.Want = stock.FromSortable(target)
			item.Update.Key = pushKey(pushID, item.Listing)
			if !absolute {
				item.Update.Expect = quantity(expected)
			}
			p.Items = append(p.Items, item)
			return nil
		}, `UPDATE listing SET in_flight = TRUE, sent = target, sent_at = $2, push_key = $3, answer = '', doubt = `+sentDoubt(absolutely)+`,
			expected = CASE WHEN `+absolutely+` AND listing.expected < 0 THEN 0 ELSE listing.expected END, sent_absolute = `+absolutely+`, unsure = FALSE
			WHERE tenant_id = $1 AND lane <> 0 AND NOT in_flight AND listing_id IN (`, "BIGINT",
			`) AND NOT ($4 AND target > 0 AND `+unplannedSKU+`) AND NOT (`+raisedUnplanned+`) AND NOT (share IS NOT NULL AND target > 0 AND `+unknown+`) RETURNING listing_id, ref, target, expected, sent_absolute, lane`,
			[]any{micros(tx.now), strconv.FormatInt(pushID, 10), overwrite}, len(ids), func(args []any, i int) []any { return append(args, int64(ids[i])) })
		if err != nil || len(p.Items) == 0 {
			return err
		}
		order := make(map[ListingID]int, len(ids))
		for i, id := range ids {
			order[id] = i
		}
		slices.SortFunc(p.Items, func(a, b PushItem) int { return order[a.Listing] - order[b.Listing] })
		_, err = tx.exec(ctx, `INSERT INTO push (tenant_id, push_id, shop_id, lane, items, sent_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			pushID, int64(lease.Shop), int64(lane), len(p.Items), micros(tx.now))
		return err
	})
	if err != nil {
		return Push{}, fmt.Errorf("begin push to shop %d: %w", lease.Shop, err)
	}
	return p, nil
}

// absolutely says of a listing that is about to be written that it is written absolutely.
const absolutely = "($4 OR target = 0 OR " + unknown + ")"

// pushKey names one write of one listing for ever.
func pushKey(push int64, listing ListingID) string {
	return "soroi-" + strconv.FormatInt(push, 36) + "-" + strconv.FormatInt(int64(listing), 36)
}

func (tx *Tx) mayPush(ctx context.Context, shop channel.ShopID) error {
	var mode string
	var from, until sql.NullInt64
	err := tx.one(ctx, []any{&mode, &from, &until}, `SELECT mode, outage_from, outage_until FROM shop WHERE tenant_id = $1 AND shop_id = $2`, int64(shop))
	if err != nil {
		return err
	}
	now := micros(tx.now)
	if Mode(mode) != Live || from.Valid && from.Int64 <= now && (!until.Valid || now < until.Int64) {
		return ErrHandsOff
	}
	return nil
}

// PushOutcome is what became of one item of a push.
type PushOutcome struct {
	channel.Outcome
	// HoldUntil keeps the listing out of the queue until then: backing off, or letting an unclear write show first.
	HoldUntil time.Time
	// Verify makes a listing that was never read unsure although the shop said yes, so that it is read back: the yes is no proof that the
	// shop has such a listing at all.
	Verify bool
	// Stops says that a difference which would lead below zero stops there instead of being refused.
	Stops bool
}

// RecordPush records the shop's answer, one outcome per item, and measures the lag of every listing that is in line with it.
func (db *DB) RecordPush(ctx context.Context, tenant stock.TenantID, lease Lease, p Push, outcomes []PushOutcome) error {
	if len(outcomes) != len(p.Items) {
		return fmt.Errorf("record push %d: %d outcomes for %d items", p.ID, len(outcomes), len(p.Items))
	}
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		if err := tx.fence(ctx, lease); err != nil {
			return err
		}
		var applied, refused, unclear int64
		var firstError string
		for _, o := range outcomes {
			switch o.State {
			case channel.Applied:
				applied++
			case channel.Unknown, channel.Accepted:
				unclear++
			default:
				refused++
			}
			if firstError == "" && o.Err != nil {
				firstError = o.Err.Error()
			}
		}
		if _, err := tx.exec(ctx, `UPDATE push SET applied = $3, refused = $4, unclear = $5, answered_at = $6, error_text = $7 WHERE tenant_id = $1 AND push_id = $2`,
			p.ID, applied, refused, unclear, micros(tx.now), firstError); err != nil {
			return err
		}
		listings := make([]ListingID, len(p.Items))
		for i, item := range p.Items {
			listings[i] = item.Listing
		}
		if err := tx.markDivided(ctx, listings); err != nil {
			return err
		}
		lags := make(lagCounts)
		err := tx.queryRows(ctx, func(rows *sql.Rows) error {
			var lane Lane
			var since int64
			var answer string
			if err := rows.Scan(&lane, &since, &answer); err != nil {
				return err
			}
			if lane == InLine && answer == string(channel.Applied) && since > 0 {
				lags.add(tx.now.Sub(instant(since)))
			}
			return nil
		}, recordPushText, "BIGINT TEXT BIGINT BIGINT BOOLEAN BIGINT TEXT TEXT TEXT BOOLEAN", `) AS v WHERE listing.tenant_id = $1 AND listing.listing_id = v.column1
			AND listing.push_key = $3 AND listing.in_flight RETURNING lane, due_since, answer`,
			[]any{micros(tx.now), strconv.FormatInt(p.ID, 10)}, len(outcomes), func(args []any, i int) []any {
				o := outcomes[i]
				var kind, code, text string
				if o.Err != nil {
					kind, text = string(channel.KindOf(o.Err)), o.Err.Error()
					if e, ok := errors.AsType[*channel.Error](o.Err); ok {
						code = e.Code
					}
				}
				return append(args, int64(p.Items[i].Listing), string(o.State), stored(p.Items[i].Update.Expect), stored(o.Shown), o.Verify,
					micros(o.HoldUntil), kind, code, text, o.Stops)
			})
		if err != nil {
			return err
		}
		return tx.writeLags(ctx, lease.Shop, lags)
	})
	if err != nil {
		return fmt.Errorf("record push %d to shop %d: %w", p.ID, lease.Shop, err)
	}
	return nil
}

// recordPushText is the whole meaning of an answer. Applied: an absolute write settles the listing between sending and answer; a delta
// or a compare-and-set moves the expected quantity by what was sent, so sales taken in meanwhile stay taken off. Refused: nothing
// happened, and an absolute write that did not happen leaves the listing as unsure as it may have been. Everything else is unsure.
var recordPushText = `UPDATE listing SET in_flight = FALSE, answer = v.column2, answered_at = $2, full_pass = FALSE,
	expected = ` + answeredKnown + `, unseen = ` + answeredUnseen + `, unseen_at = ` + answeredUnseenAt + `,
	doubt = ` + answeredDoubt + `, doubt_until = ` + answeredUntil + `,
	settled_from = CASE WHEN v.column2 = 'applied' AND listing.sent_absolute THEN listing.sent_at ELSE listing.settled_from END,
	settled_until = CASE WHEN v.column2 = 'applied' AND listing.sent_absolute THEN $2 ELSE listing.settled_until END,
	shown = CASE WHEN v.column2 = 'applied' THEN COALESCE(v.column4, listing.sent) ELSE listing.shown END,
	shown_at = CASE WHEN v.column2 = 'applied' THEN $2 ELSE listing.shown_at END,
	unsure = listing.unsure OR ` + answeredUnsure + ` OR (v.column5 AND listing.read_at = 0) OR v.column2 IN ('unknown', 'accepted', 'conflict') OR (v.column2 = 'refused' AND listing.sent_absolute),
	failures = CASE WHEN v.column2 = 'applied' THEN 0 ELSE listing.failures + 1 END,
	held_until = v.column6, error_kind = v.column7, error_code = v.column8, error_text = v.column9 FROM (`
