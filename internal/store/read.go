package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

// ToRead is a listing whose shown number is to be read.
type ToRead struct {
	ID  ListingID
	Ref channel.Ref
}

// ListToRead lists listings of a shop by when they were read last, those before olderThan only, and none that was written to after
// settled. sureOnly leaves out those of which nobody knows what they show.
func (db *DB) ListToRead(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, limit int, olderThan, settled time.Time, sureOnly bool) ([]ToRead, error) {
	var list []ToRead
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		list = list[:0]
		return tx.query(ctx, func(rows *sql.Rows) error {
			var r ToRead
			err := rows.Scan(&r.ID, &r.Ref)
			list = append(list, r)
			return err
		}, `SELECT listing_id, ref FROM listing WHERE tenant_id = $1 AND shop_id = $2 AND read_at < $3 AND pulled AND NOT in_flight AND sent_at <= $4
			AND held_until <= $5 AND NOT ($6 AND `+unknown+`) AND (share IS NULL OR doubt_until <= $5) ORDER BY read_at LIMIT $7`,
			int64(shop), micros(olderThan), micros(settled), micros(tx.now), sureOnly, limit)
	})
	return list, err
}

// Disagreement is a listing that shows something other than expected.
type Disagreement struct {
	ID       ListingID
	Ref      channel.Ref
	Expected stock.Quantity
	Found    stock.Quantity
	Claimed  int64 // units sold through the listing so far: unchanged later means that no order came in between
	Strikes  int64 // how often in a row it was found so
}

// RecordRead records what a shop showed when read between from and until. A listing that was unsure or unknown takes the number over;
// the orders of the shop that come in afterwards are set against it by their time. One that was sure and agrees is confirmed. One
// that was sure and disagrees is returned: pull the shop's orders and then call Adopt. A push whose yes was no proof is in line only
// now, so its lag is measured here. A listing that was being written to at any time since from is left as it is. One that shows no number is in error, with the reason that the shop gave.
func (db *DB) RecordRead(ctx context.Context, tenant stock.TenantID, lease Lease, from, until time.Time, ids []ListingID, shown []channel.Shown) ([]Disagreement, error) {
	var odd []Disagreement
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		odd = odd[:0]
		if err := tx.fence(ctx, lease); err != nil {
			return err
		}
		found := make(map[ListingID]stock.Quantity, len(ids))
		for i, id := range ids {
			found[id] = shown[i].Quantity
		}
		if err := tx.markDivided(ctx, ids); err != nil {
			return err
		}
		proving, err := tx.proving(ctx, ids)
		if err != nil {
			return err
		}
		lags := make(lagCounts)
		err = tx.queryRows(ctx, func(rows *sql.Rows) error {
			var d Disagreement
			var expected int64
			var lane Lane
			if err := rows.Scan(&d.ID, &d.Ref, &expected, &d.Claimed, &d.Strikes, &lane); err != nil {
				return err
			}
			if since, ok := proving[d.ID]; ok && lane == InLine {
				lags.add(until.Sub(since))
			}
			d.Expected, d.Found = stock.FromSortable(expected), found[d.ID]
			if expected != d.Found.Sortable() {
				odd = append(odd, d)
			}
			return nil
		}, `UPDATE listing SET read_at = $2, shown = v.column2, shown_at = $2, error_kind = '', error_code = '', error_text = '', failures = 0, held_until = 0,
			settled_from = CASE WHEN `+unknown+` THEN $3 ELSE listing.settled_from END,
			settled_until = CASE WHEN `+unknown+` THEN $2 ELSE listing.settled_until END,
			expected = CASE WHEN `+unknown+` THEN v.column2 ELSE listing.expected END,
			unseen = CASE WHEN `+takesOver+` THEN `+readUnseen("v.column2", "$3")+` ELSE listing.unseen END,
			unseen_at = CASE WHEN `+takesOver+` THEN CAST($2 AS BIGINT) + `+margin+` ELSE listing.unseen_at END,
			doubt = CASE WHEN (`+takesOver+`) AND `+notCrossed("$3")+` THEN 0 ELSE listing.doubt END,
			strikes = CASE WHEN listing.expected = v.column2 THEN 0 ELSE listing.strikes END,
			unsure = FALSE FROM (`, "BIGINT BIGINT BOOLEAN",
			`) AS v WHERE listing.tenant_id = $1 AND listing.listing_id = v.column1 AND v.column3 AND NOT listing.in_flight AND listing.sent_at <= $3 AND listing.answered_at <= $3
			AND (NOT (`+takesOver+`) OR share IS NULL OR `+notCrossed("$3")+`)
			RETURNING listing_id, ref, expected, claimed, strikes, lane`,
			[]any{micros(until), micros(from)}, len(shown), func(args []any, i int) []any {
				return append(args, int64(ids[i]), shown[i].Quantity.Sortable(), shown[i].Found)
			})
		if err != nil {
			return err
		}
		if err := tx.writeLags(ctx, lease.Shop, lags); err != nil {
			return err
		}
		var missing []int
		for i, s := range shown {
			if !s.Found {
				missing = append(missing, i)
			}
		}
		return tx.execRows(ctx, `UPDATE listing SET read_at = $2, error_kind = v.column2, error_code = v.column3, error_text = v.column4, failures = listing.failures + 1,
			held_until = $3, expected = NULL, unsure = TRUE,
			unseen = CASE WHEN v.column2 <> 'not_found' THEN `+unbounded+` WHEN `+quietRead+` THEN `+readUnseen("0", "$4")+` ELSE `+lesser(greater(overwritten, "0"), unbounded)+` END,
			unseen_at = CASE WHEN v.column2 = 'not_found' AND `+quietRead+` THEN CAST($2 AS BIGINT) + `+margin+` ELSE `+never+` END,
			doubt = CASE WHEN v.column2 = 'not_found' AND `+quietRead+` THEN 0 ELSE listing.doubt END FROM (`, "BIGINT TEXT TEXT TEXT",
			`) AS v WHERE listing.tenant_id = $1 AND listing.listing_id = v.column1`,
			[]any{micros(until), micros(until.Add(time.Hour)), micros(from)}, len(missing), func(args []any, n int) []any {
				kind, code, text := channel.NotFound, "", "the shop has no such listing"
				if e, ok := errors.AsType[*channel.Error](shown[missing[n]].Err); ok {
					kind, code, text = e.Kind, e.Code, e.Message
				}
				return append(args, int64(ids[missing[n]]), string(kind), code, text)
			})
	})
	if err != nil {
		return nil, fmt.Errorf("record reading of shop %d: %w", lease.Shop, err)
	}
	return odd, nil
}

// proving finds, among listings that have just been read, those whose last push the shop has taken and that nobody had seen shown yet, and
// since when each was out of line.
func (tx *Tx) proving(ctx context.Context, ids []ListingID) (map[ListingID]time.Time, error) {
	since := make(map[ListingID]time.Time)
	return since, tx.queryRows(ctx, func(rows *sql.Rows) error {
		var id ListingID
		var due int64
		err := rows.Scan(&id, &due)
		since[id] = instant(due)
		return err
	}, `SELECT listing_id, due_since FROM listing WHERE tenant_id = $1 AND unsure AND answer = 'applied' AND sent = target AND read_at < sent_at
		AND due_since > 0 AND listing_id IN (`, "BIGINT", `)`, nil, len(ids), func(args []any, i int) []any { return append(args, int64(ids[i])) })
}

// Adopt takes disagreeing numbers over as drift, after the shop's orders have been pulled. Where an order of the listing came in
// meanwhile, or the number agrees by now, there was none. Fewer units than expected may be a sale that the shop does not list yet:
// that waits for patience strikes, and is read again at again. It returns how many listings had drifted.
func (db *DB) Adopt(ctx context.Context, tenant stock.TenantID, lease Lease, from, until time.Time, odd []Disagreement, patience int64, again time.Time) (int, error) {
	drifted := 0
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		drifted = 0
		if err := tx.fence(ctx, lease); err != nil {
			return err
		}
		byID := make(map[ListingID]Disagreement, len(odd))
		listings := make([]ListingID, len(odd))
		for i, d := range odd {
			listings[i] = d.ID
		}
		if err := tx.markDivided(ctx, listings); err != nil {
			return err
		}
		for _, d := range odd {
			byID[d.ID] = d
		}
		type drift struct {
			Disagreement
			target sql.NullInt64
		}
		var drifts []drift
		err := tx.queryRows(ctx, func(rows *sql.Rows) error {
			var id ListingID
			var target sql.NullInt64
			var strikes int64
			if err := rows.Scan(&id, &target, &strikes); err != nil {
				return err
			}
			if strikes == 0 {
				drifts = append(drifts, drift{byID[id], target})
			}
			return nil
		}, `UPDATE listing SET
			expected = CASE WHEN v.column2 > listing.expected OR listing.strikes + 1 >= $4 THEN v.column2 ELSE listing.expected END,
			settled_from = CASE WHEN v.column2 > listing.expected OR listing.strikes + 1 >= $4 THEN $2 ELSE listing.settled_from END,
			settled_until = CASE WHEN v.column2 > listing.expected OR listing.strikes + 1 >= $4 THEN $3 ELSE listing.settled_until END,
			unseen = CASE WHEN `+adopts+` THEN `+readUnseen("v.column2", "$2")+` ELSE listing.unseen END,
			unseen_at = CASE WHEN `+adopts+` THEN CAST($3 AS BIGINT) + `+margin+` ELSE listing.unseen_at END,
			doubt = CASE WHEN `+adopts+` AND `+notCrossed("$2")+` THEN 0 ELSE listing.doubt END,
			strikes = CASE WHEN v.column2 > listing.expected OR listing.strikes + 1 >= $4 THEN 0 ELSE listing.strikes + 1 END,
			read_at = CASE WHEN v.column2 > listing.expected OR listing.strikes + 1 >= $4 THEN listing.read_at ELSE $5 END,
			due_since = CASE WHEN listing.lane = 0 THEN $3 ELSE listing.due_since END FROM (`, "BIGINT BIGINT BIGINT BIGINT",
			`) AS v WHERE listing.tenant_id = $1 AND listing.listing_id = v.column1 AND listing.claimed = v.column3 AND NOT listing.unsure
			AND NOT listing.in_flight AND listing.expected = v.column4 AND listing.sent_at <= $2 AND listing.answered_at <= $2 AND (share IS NULL OR `+notCrossed("$2")+`)
			RETURNING listing_id, target, strikes`,
			[]any{micros(from), micros(until), patience, micros(again)}, len(odd), func(args []any, i int) []any {
				d := odd[i]
				return append(args, int64(d.ID), d.Found.Sortable(), d.Claimed, d.Expected.Sortable())
			})
		if err != nil {
			return err
		}
		drifted = len(drifts)
		ids, err := tx.newIDs(ctx, len(drifts))
		if err != nil {
			return err
		}
		return tx.insertRows(ctx, "drift (tenant_id, drift_id, shop_id, listing_id, expected, found, target, found_at)", "BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT", "", len(drifts), func(args []any, i int) []any {
			d := drifts[i]
			return append(args, ids[i], int64(lease.Shop), int64(d.ID), d.Expected.Sortable(), d.Found.Sortable(), d.target, micros(until))
		})
	})
	if err != nil {
		return 0, fmt.Errorf("adopt readings of shop %d: %w", lease.Shop, err)
	}
	return drifted, nil
}
