package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"soroi/internal/event"
	"soroi/internal/stock"
)

// FeedQuery asks for a part of a tenant's feed of events.
type FeedQuery struct {
	After int64        // a position that was seen; 0 is before the first
	UpTo  int64        // the last position to look at; 0 is the end
	Kinds []event.Kind // of which kinds; none is all
	Limit int          // most events, ≥ 1
}

// FeedPage is a part of the feed.
type FeedPage struct {
	Events []event.Event // in order of their positions
	// Position is how far the feed was looked through for this page: what comes after it is the next page. It is past the last event when
	// others followed that were not asked for.
	Position int64
	More     bool  // there is more now
	Oldest   int64 // the first position that is still kept, or would be
	Newest   int64 // the last there is, 0 when nothing has ever happened
}

// ErrPosition says that a position is behind the end of the feed, so it is not one that this feed gave.
var ErrPosition = errors.New("the position is after the end of the feed")

// ExpiredError says that events after a position were there and are not kept any more.
type ExpiredError struct {
	After  int64 // what was asked for
	Oldest int64 // the first that is kept
}

func (e *ExpiredError) Error() string {
	return fmt.Sprintf("events after %d are not kept any more; the oldest is %d", e.After, e.Oldest)
}

// ReadFeed reads the events after a position. Each position is given exactly once to whoever goes on from FeedPage.Position. The errors are
// ErrPosition and *ExpiredError.
func (db *DB) ReadFeed(ctx context.Context, tenant stock.TenantID, q FeedQuery) (FeedPage, error) {
	var page FeedPage
	err := db.Read(ctx, tenant, func(tx *Tx) (err error) {
		page, err = tx.readFeed(ctx, q)
		return err
	})
	return page, err
}

func (tx *Tx) readFeed(ctx context.Context, q FeedQuery) (FeedPage, error) {
	page, err := tx.feedEnds(ctx)
	switch {
	case err != nil:
		return page, err
	case q.After > page.Newest:
		return page, ErrPosition
	case q.After < page.Oldest-1:
		return page, &ExpiredError{q.After, page.Oldest}
	}
	upTo := page.Newest
	if q.UpTo > 0 {
		upTo = min(upTo, q.UpTo)
	}
	args := []any{q.After, upTo, q.Limit + 1}
	where := ""
	if len(q.Kinds) > 0 {
		if !slices.Contains(q.Kinds, event.StockChanged) {
			where = " AND kind <> 'stock.changed'" // as event_rare_idx says it
		}
		for i, k := range q.Kinds {
			args = append(args, string(k))
			where += map[bool]string{true: " AND kind IN (", false: ", "}[i == 0] + "$" + strconv.Itoa(len(args)+1)
		}
		where += ")"
	}
	err = tx.query(ctx, func(rows *sql.Rows) error {
		var e event.Event
		var at int64
		if err := rows.Scan(&e.Position, &e.Kind, &at, &e.ShopID, &e.Body, &e.SKU, &e.Shop); err != nil {
			return err
		}
		e.At = instant(at)
		page.Events = append(page.Events, e)
		return nil
	}, `SELECT seq, event.kind, event.created_at, event.shop_id, body, COALESCE(sku.code, ''), COALESCE(shop.name, '') FROM
		(SELECT seq, kind, created_at, sku_id, shop_id, body FROM event WHERE tenant_id = $1 AND seq > $2 AND seq <= $3`+where+` ORDER BY seq LIMIT $4) AS event
		LEFT JOIN sku ON sku.tenant_id = $1 AND sku.sku_id = event.sku_id LEFT JOIN shop ON shop.tenant_id = $1 AND shop.shop_id = event.shop_id ORDER BY seq`, args...)
	if err != nil {
		return page, err
	}
	page.Position = max(upTo, q.After)
	if len(page.Events) > q.Limit {
		page.Events = page.Events[:q.Limit]
		page.Position = page.Events[q.Limit-1].Position
	}
	page.More = page.Position < page.Newest
	return page, nil
}

// feedEnds reads where the feed begins and ends.
func (tx *Tx) feedEnds(ctx context.Context) (FeedPage, error) {
	var page FeedPage
	err := tx.one(ctx, []any{&page.Newest, &page.Oldest}, `SELECT last_seq, COALESCE((SELECT MIN(seq) FROM event WHERE tenant_id = $1), last_seq + 1)
		FROM event_feed WHERE tenant_id = $1`)
	if errors.Is(err, ErrNotFound) {
		return FeedPage{Oldest: 1}, nil
	}
	return page, err
}

// FeedEnds tells where the feed begins and ends: Oldest and Newest.
func (db *DB) FeedEnds(ctx context.Context, tenant stock.TenantID) (FeedPage, error) {
	var page FeedPage
	err := db.Read(ctx, tenant, func(tx *Tx) (err error) {
		page, err = tx.feedEnds(ctx)
		return err
	})
	return page, err
}

// FeedPositionAt is the last position before a moment: what comes after it was written down at the moment or later. Of a feed whose events of
// that time are not kept any more it is the position before the oldest.
func (db *DB) FeedPositionAt(ctx context.Context, tenant stock.TenantID, at time.Time) (int64, error) {
	var position int64
	err := db.Read(ctx, tenant, func(tx *Tx) (err error) {
		position, err = tx.positionAt(ctx, micros(at))
		return err
	})
	return position, err
}

// positionAt halves the feed: its times never go back.
func (tx *Tx) positionAt(ctx context.Context, at int64) (int64, error) {
	ends, err := tx.feedEnds(ctx)
	if err != nil {
		return 0, err
	}
	before, from := ends.Oldest-1, ends.Newest+1 // before is earlier than the moment, from is not
	for from-before > 1 {
		middle := before + (from-before)/2
		var created int64
		if err := tx.one(ctx, []any{&created}, "SELECT created_at FROM event WHERE tenant_id = $1 AND seq = $2", middle); err != nil {
			return 0, err
		}
		if created < at {
			before = middle
		} else {
			from = middle
		}
	}
	return before, nil
}

// TrimFeed drops up to limit of the events that were written down before a moment, the oldest first, and returns how many. Their numbers are never
// given again.
func (db *DB) TrimFeed(ctx context.Context, tenant stock.TenantID, before time.Time, limit int) (int, error) {
	var ends FeedPage
	var last int64
	err := db.Read(ctx, tenant, func(tx *Tx) (err error) {
		if ends, err = tx.feedEnds(ctx); err != nil {
			return err
		}
		last, err = tx.positionAt(ctx, micros(before))
		return err
	})
	if last = min(last, ends.Oldest-1+int64(limit)); err != nil || last < ends.Oldest {
		return 0, err
	}
	var dropped int64
	err = db.Write(ctx, tenant, func(tx *Tx) (err error) {
		dropped, err = tx.changed(ctx, "DELETE FROM event WHERE tenant_id = $1 AND seq <= $2", last)
		return err
	})
	return int(dropped), err
}
