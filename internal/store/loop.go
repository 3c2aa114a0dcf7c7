package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"soroi/internal/channel"
	"soroi/internal/event"
	"soroi/internal/stock"
)

// Loop is how far one loop of a shop has come.
type Loop struct {
	Name        string
	Cursor      channel.Cursor
	SucceededAt time.Time
	FailedAt    time.Time // of the last failure, also when a success came later
	ErrorKind   channel.ErrorKind
	ErrorCode   string
	ErrorText   string // the last failure, "" when the loop last succeeded
	LeftOut     int64  // listings that the shop keeps no count of, at the last pull of them
}

// LoadLoop reads one loop of a shop; a loop that never ran is empty.
func (db *DB) LoadLoop(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, loop string) (Loop, error) {
	l := Loop{Name: loop}
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		var ok, failed int64
		err := tx.one(ctx, []any{&l.Cursor, &ok, &failed, &l.ErrorKind, &l.ErrorCode, &l.ErrorText},
			"SELECT cursor, succeeded_at, failed_at, error_kind, error_code, error_text FROM shop_loop WHERE tenant_id = $1 AND shop_id = $2 AND loop = $3", int64(shop), loop)
		l.SucceededAt, l.FailedAt = instant(ok), instant(failed)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	})
	return l, err
}

// loopRound is a round that a loop has done, with the cursor that it has come to; nil leaves the cursor.
type loopRound struct {
	shop channel.ShopID
	loop string
	next *channel.Cursor
}

// loopsSucceeded records that loops have done a round each. Where one had been told of as failing it ends that.
func (tx *Tx) loopsSucceeded(ctx context.Context, rounds []loopRound) error {
	var moved, stayed, told []loopRound
	for _, r := range rounds {
		if r.next != nil {
			moved = append(moved, r)
		} else {
			stayed = append(stayed, r)
		}
	}
	record := func(list []loopRound, cursor string) error {
		return tx.insertedRows(ctx, func(rows *sql.Rows) error {
			var r loopRound
			var was bool
			err := rows.Scan(&r.shop, &r.loop, &was)
			if was {
				told = append(told, r)
			}
			return err
		}, `shop_loop (tenant_id, shop_id, loop, cursor, succeeded_at)`, "BIGINT TEXT TEXT BIGINT", ` ON CONFLICT (tenant_id, shop_id, loop) DO UPDATE SET `+cursor+`
			succeeded_at = excluded.succeeded_at, error_kind = '', error_code = '', error_text = '', failures = 0, failing_since = 0 RETURNING shop_id, loop, told`,
			len(list), func(args []any, i int) []any {
				next := channel.Cursor("")
				if list[i].next != nil {
					next = *list[i].next
				}
				return append(args, int64(list[i].shop), list[i].loop, string(next), micros(tx.now))
			})
	}
	if err := errors.Join(record(moved, "cursor = excluded.cursor,"), record(stayed, "")); err != nil {
		return err
	}
	for _, r := range told {
		if err := tx.tellRecovered(ctx, r.shop, r.loop); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) loopSucceeded(ctx context.Context, shop channel.ShopID, loop string, next *channel.Cursor) error {
	return tx.loopsSucceeded(ctx, []loopRound{{shop, loop, next}})
}

// LoopSucceeded records that a loop has done its round without orders to take in.
func (db *DB) LoopSucceeded(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, loop string) error {
	return db.Write(ctx, tenant, func(tx *Tx) error { return tx.loopSucceeded(ctx, shop, loop, nil) })
}

// ListingsPulled records that a shop's listings were pulled from the first to the last, and how many the shop keeps no count of.
func (db *DB) ListingsPulled(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, loop string, leftOut int) error {
	return db.Write(ctx, tenant, func(tx *Tx) error {
		if err := tx.loopSucceeded(ctx, shop, loop, nil); err != nil {
			return err
		}
		_, err := tx.exec(ctx, "UPDATE shop_loop SET left_out = $4 WHERE tenant_id = $1 AND shop_id = $2 AND loop = $3", int64(shop), loop, leftOut)
		return err
	})
}

// When a failing loop is told of: at once when trying again is no use, else when it has failed so often in a row and for so long.
const (
	tellFailures = 5
	tellAfter    = time.Minute
)

// LoopFailed records why a loop's round failed, for the shops screen, and tells of it when it does not look as if it would pass.
func (db *DB) LoopFailed(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, loop string, cause error) error {
	kind := channel.KindOf(cause)
	f := event.Failure{Loop: loop, Error: event.FailureError{Kind: string(kind), Text: cause.Error()}}
	if e, ok := errors.AsType[*channel.Error](cause); ok {
		f.Error.Code = e.Code
	}
	return db.Write(ctx, tenant, func(tx *Tx) error {
		var since int64
		var told bool
		err := tx.one(ctx, []any{&f.Failures, &since, &told}, `INSERT INTO shop_loop (tenant_id, shop_id, loop, failed_at, error_kind, error_code, error_text, failures, failing_since)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $4)
			ON CONFLICT (tenant_id, shop_id, loop) DO UPDATE SET failed_at = excluded.failed_at, error_kind = excluded.error_kind, error_code = excluded.error_code,
			error_text = excluded.error_text, failures = shop_loop.failures + 1,
			failing_since = CASE WHEN shop_loop.failures = 0 THEN excluded.failing_since ELSE shop_loop.failing_since END
			RETURNING failures, failing_since, told`, int64(shop), loop, micros(tx.now), string(kind), f.Error.Code, f.Error.Text)
		if err != nil || told || loop == LoopHook { // without webhooks the shop is kept in line all the same
			return err
		}
		hopeless := kind == channel.Auth || kind == channel.Unsupported
		if !hopeless && (f.Failures < tellFailures || tx.now.Sub(instant(since)) < tellAfter) {
			return nil
		}
		f.Since = event.Timestamp(instant(since))
		return tx.tellFailing(ctx, shop, f)
	})
}

// tellFailing writes down that a shop fails, once however many of its loops do. What fails in a planned outage is expected; it is told of when the
// outage is over and it still fails.
func (tx *Tx) tellFailing(ctx context.Context, shop channel.ShopID, f event.Failure) error {
	s, since, err := tx.lockFailing(ctx, shop)
	if err != nil || s.InOutage(tx.now) {
		return err
	}
	if _, err := tx.exec(ctx, "UPDATE shop_loop SET told = TRUE WHERE tenant_id = $1 AND shop_id = $2 AND loop = $3", int64(shop), f.Loop); err != nil || since > 0 {
		return err
	}
	if _, err := tx.exec(ctx, "UPDATE shop SET failing_since = $3 WHERE tenant_id = $1 AND shop_id = $2", int64(shop), micros(tx.now)); err != nil {
		return err
	}
	return tx.addEvents(ctx, []newEvent{{kind: event.SyncFailing, shop: shop, body: event.Body(f)}})
}

// tellRecovered ends a loop's failing, and its shop's when it was the last.
func (tx *Tx) tellRecovered(ctx context.Context, shop channel.ShopID, loop string) error {
	_, since, err := tx.lockFailing(ctx, shop)
	if err != nil {
		return err
	}
	if _, err := tx.exec(ctx, "UPDATE shop_loop SET told = FALSE WHERE tenant_id = $1 AND shop_id = $2 AND loop = $3", int64(shop), loop); err != nil {
		return err
	}
	n, err := tx.changed(ctx, `UPDATE shop SET failing_since = 0 WHERE tenant_id = $1 AND shop_id = $2 AND failing_since > 0
		AND NOT EXISTS (SELECT 1 FROM shop_loop WHERE shop_loop.tenant_id = $1 AND shop_loop.shop_id = $2 AND told)`, int64(shop))
	if err != nil || n == 0 {
		return err
	}
	return tx.addEvents(ctx, []newEvent{{kind: event.SyncRecovered, shop: shop, body: event.Body(event.Recovery{Since: event.Timestamp(instant(since))})}})
}

// lockFailing locks a shop's row, so that of two loops which begin or end to fail together each sees what the other has done.
func (tx *Tx) lockFailing(ctx context.Context, shop channel.ShopID) (s Shop, since int64, err error) {
	var from, until sql.NullInt64
	err = tx.one(ctx, []any{&from, &until, &since}, `SELECT outage_from, outage_until, failing_since FROM shop WHERE tenant_id = $1 AND shop_id = $2`+tx.db.dialect.forUpdate(), int64(shop))
	s.OutageFrom, s.OutageUntil = instant(from.Int64), instant(until.Int64)
	return s, since, err
}
