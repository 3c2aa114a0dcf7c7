package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"soroi/internal/channel"
	"soroi/internal/event"
	"soroi/internal/stock"
)

// newEvent is an event on its way into the feed. A zero at is the transaction's time.
type newEvent struct {
	kind event.Kind
	sku  stock.SKUID
	shop channel.ShopID
	body string
	at   int64
}

// addEvents writes events down in the transaction that causes them: they are there if and only if it commits.
//
// # How a reader with a cursor never misses one
//
// A reader asks for what comes after the last number that it has seen. That is right only if nothing ever appears below a number that could
// be seen, and PostgreSQL commits in another order than numbers are taken: a transaction that took 7 may become visible before one that took 6.
//
// So events are numbered after they are committed. A transaction leaves them in event_outbox, without a number and without waiting for
// anybody. NumberEvents then moves what is committed into event. It locks the tenant's row of event_feed first, so of all processes one
// numbers at a time: the next one sees the last number only once those before it are committed, too. Numbers therefore become visible in
// order and without gaps, and a transaction that never commits has none.
//
// They are numbered in the order of (created_at, batch_id, place). What two processes write about one SKU stands in the order in which it
// happened even if their clocks differ, because planning never gives a SKU's event an earlier time than the one before it (writePlan).
//
// Numbering inside the writing transaction would need no second step, but its lock would be every writer's: a process that is frozen between
// taking numbers and committing would keep the whole tenant from being planned and published. Frozen while it numbers, it only keeps the
// feed waiting. Where the write transaction is the lock anyway (SQLite), commits are in order, and events are numbered at once.
func (tx *Tx) addEvents(ctx context.Context, events []newEvent) error {
	if len(events) == 0 {
		return nil
	}
	now := micros(tx.now)
	for i := range events {
		if events[i].at == 0 {
			events[i].at = now
		}
	}
	if tx.db.dialect.commitsInOrder() {
		return tx.numberEvents(ctx, events, 0)
	}
	batch, err := tx.newID(ctx)
	if err != nil {
		return err
	}
	return tx.insertRows(ctx, "event_outbox (tenant_id, created_at, batch_id, place, kind, sku_id, shop_id, body)", "BIGINT BIGINT BIGINT TEXT BIGINT BIGINT TEXT", "",
		len(events), func(args []any, i int) []any {
			e := events[i]
			return append(args, e.at, batch, int64(i), string(e.kind), int64(e.sku), int64(e.shop), e.body)
		})
}

// numberEvents gives events the next numbers, in order, and puts them into the feed. The times of the feed never go back, so that a time can be
// looked up in it like a number: no event is earlier than from, nor than the one before it. A from of 0 gives all of them one time.
func (tx *Tx) numberEvents(ctx context.Context, events []newEvent, from int64) error {
	n, latest := int64(len(events)), int64(0)
	for _, e := range events {
		latest = max(latest, e.at)
	}
	var last, at int64
	err := tx.one(ctx, []any{&last, &at}, `INSERT INTO event_feed (tenant_id, last_seq, last_at) VALUES ($1, $2, $3) ON CONFLICT (tenant_id) DO UPDATE SET
		last_seq = event_feed.last_seq + excluded.last_seq, last_at = CASE WHEN event_feed.last_at > excluded.last_at THEN event_feed.last_at ELSE excluded.last_at END
		RETURNING last_seq, last_at`, n, latest)
	if err != nil {
		return err
	}
	if from > 0 {
		at = from
	}
	return tx.insertRows(ctx, "event (tenant_id, seq, kind, sku_id, shop_id, body, created_at)", "BIGINT TEXT BIGINT BIGINT TEXT BIGINT", "",
		len(events), func(args []any, i int) []any {
			e := events[i]
			at = max(at, e.at)
			return append(args, last-n+1+int64(i), string(e.kind), int64(e.sku), int64(e.shop), e.body, at)
		})
}

// NumberEvents numbers up to limit of the events that are committed and have no number yet (addEvents says why), and returns how many it
// numbered. Any number of processes may call it.
func (db *DB) NumberEvents(ctx context.Context, tenant stock.TenantID, limit int) (int, error) {
	waiting := false
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		waiting = false
		return tx.query(ctx, func(*sql.Rows) error {
			waiting = true
			return nil
		}, "SELECT place FROM event_outbox WHERE tenant_id = $1 LIMIT 1")
	})
	if err != nil || !waiting {
		return 0, err
	}
	numbered := 0
	err = db.Write(ctx, tenant, func(tx *Tx) error {
		var last, lastAt int64
		err := tx.one(ctx, []any{&last, &lastAt}, `INSERT INTO event_feed (tenant_id, last_seq, last_at) VALUES ($1, 0, 0)
			ON CONFLICT (tenant_id) DO UPDATE SET last_seq = event_feed.last_seq RETURNING last_seq, last_at`)
		if err != nil {
			return err
		}
		events, err := tx.takeOutbox(ctx, limit)
		if err != nil || len(events) == 0 {
			return err
		}
		numbered = len(events)
		return tx.numberEvents(ctx, events, max(lastAt, 1))
	})
	if err != nil {
		return 0, fmt.Errorf("number events: %w", err)
	}
	return numbered, nil
}

// takeOutbox takes the oldest events out of the outbox, in order.
func (tx *Tx) takeOutbox(ctx context.Context, limit int) ([]newEvent, error) {
	type row struct {
		newEvent
		batch, place int64
	}
	var rows []row
	err := tx.query(ctx, func(r *sql.Rows) error {
		var e row
		err := r.Scan(&e.at, &e.batch, &e.place, &e.kind, &e.sku, &e.shop, &e.body)
		rows = append(rows, e)
		return err
	}, `DELETE FROM event_outbox WHERE tenant_id = $1 AND (created_at, batch_id, place) IN (SELECT created_at, batch_id, place FROM event_outbox
		WHERE tenant_id = $1 ORDER BY created_at, batch_id, place LIMIT $2) RETURNING created_at, batch_id, place, kind, sku_id, shop_id, body`, limit)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.batch, b.batch), cmp.Compare(a.place, b.place))
	})
	events := make([]newEvent, len(rows))
	for i, r := range rows {
		events[i] = r.newEvent
	}
	return events, nil
}

// tellOversold writes down which of the movements took units that were not there. Made-to-order goods need none.
func (tx *Tx) tellOversold(ctx context.Context, rows []movementRow) error {
	var skus []stock.SKUID
	for _, m := range rows {
		if m.oversold > 0 {
			skus = append(skus, m.SKU)
		}
	}
	if len(skus) == 0 {
		return nil
	}
	slices.Sort(skus)
	skus = slices.Compact(skus)
	stocked := make(map[stock.SKUID]bool, len(skus))
	err := tx.queryRows(ctx, func(r *sql.Rows) error {
		var sku stock.SKUID
		err := r.Scan(&sku)
		stocked[sku] = true
		return err
	}, "SELECT sku_id FROM sku WHERE tenant_id = $1 AND supply = 'stocked' AND sku_id IN (", "BIGINT", ")", nil, len(skus),
		func(args []any, i int) []any { return append(args, int64(skus[i])) })
	if err != nil {
		return err
	}
	var events []newEvent
	for _, m := range rows {
		if m.oversold > 0 && stocked[m.SKU] {
			events = append(events, newEvent{kind: event.Oversell, sku: m.SKU, shop: m.shop,
				body: event.Body(event.OversellBody{Order: m.Document, Line: m.Line, Units: m.oversold, Available: m.after.Available()})})
		}
	}
	return tx.addEvents(ctx, events)
}
