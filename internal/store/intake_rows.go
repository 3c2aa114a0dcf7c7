package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"soroi/internal/order"
	"soroi/internal/stock"
)

func (w *intakeWork) prepare(ctx context.Context, tx *Tx) ([]balanceKey, error) {
	*w = intakeWork{in: w.in, sales: make(map[string]*saleRow), listings: make(map[order.Ref]*listingSight)}
	if err := tx.fence(ctx, w.in.Lease); err != nil {
		return nil, err
	}
	var connected int64
	var zone string
	err := tx.one(ctx, []any{&connected, &w.location, &zone}, `SELECT connected_at, (SELECT MIN(location_id) FROM location WHERE tenant_id = $1),
		(SELECT time_zone FROM tenant WHERE tenant_id = $1) FROM shop WHERE tenant_id = $1 AND shop_id = $2`, int64(w.in.Lease.Shop))
	if err == nil {
		w.zone, err = zoneOf(zone)
	}
	if err != nil {
		return nil, fmt.Errorf("shop %d: %w", w.in.Lease.Shop, err)
	}
	w.connected = instant(connected)
	if err := w.loadSales(ctx, tx); err != nil {
		return nil, err
	}
	if err := w.loadListings(ctx, tx); err != nil {
		return nil, err
	}
	var keys []balanceKey
	for _, l := range w.listings {
		if l.sku != 0 {
			keys = append(keys, balanceKey{l.sku, w.location})
		}
	}
	for _, s := range w.sales {
		for _, sku := range s.skus {
			if sku != 0 {
				keys = append(keys, balanceKey{sku, w.location})
			}
		}
	}
	return keys, nil
}

func (w *intakeWork) loadSales(ctx context.Context, tx *Tx) error {
	var numbers []string
	for _, s := range w.in.Orders {
		numbers = append(numbers, s.Number)
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	byID := make(map[int64]*saleRow)
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		s := newSaleRow()
		var number, state string
		var asked, placed int64
		if err := rows.Scan(&s.id, &number, &s.recorded.Version.Revision, &asked, &state, &placed); err != nil {
			return err
		}
		s.placed = instant(placed)
		s.recorded.Exists, s.recorded.State, s.recorded.Version.AskedAt = true, order.State(state), instant(asked)
		w.sales[number], byID[s.id] = s, s
		return nil
	}, `SELECT sale_id, number, revision, asked_at, state, placed_at FROM sale WHERE tenant_id = $1 AND shop_id = $2 AND number IN (`, "TEXT", `)`,
		[]any{int64(w.in.Lease.Shop)}, len(numbers), func(args []any, i int) []any { return append(args, numbers[i]) })
	if err != nil || len(byID) == 0 {
		return err
	}
	ids := make([]int64, 0, len(byID))
	for id := range byID {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return tx.queryRows(ctx, func(rows *sql.Rows) error {
		var id int64
		var key string
		var listing int64
		var sku sql.NullInt64
		var l order.RecordedLine
		var base order.Claim
		if err := rows.Scan(&id, &key, &listing, &sku, &l.Line.Ref, &l.Line.Code, &l.Line.Title, &l.Line.Wanted, &l.Line.Shipped, &l.Line.Returned,
			&l.Claim.Held, &l.Claim.Shipped, &l.Claim.Returned, &base.Shipped, &base.Returned); err != nil {
			return err
		}
		l.Line.Key = key
		s := byID[id]
		s.recorded.Lines[key], s.skus[key], s.listings[key], s.base[key] = l, stock.SKUID(sku.Int64), ListingID(listing), base
		return nil
	}, `SELECT sale_id, line, listing_id, sku_id, ref, code, title, wanted, wanted_shipped, wanted_returned, held, shipped, returned, base_shipped, base_returned
		FROM sale_line WHERE tenant_id = $1 AND sale_id IN (`, "BIGINT", `)`,
		nil, len(ids), func(args []any, i int) []any { return append(args, ids[i]) })
}

func (w *intakeWork) loadListings(ctx context.Context, tx *Tx) error {
	seen := make(map[order.Ref]bool)
	for _, s := range w.in.Orders {
		for _, l := range s.Lines {
			seen[l.Ref] = true
		}
	}
	for _, s := range w.sales {
		for _, l := range s.recorded.Lines {
			seen[l.Line.Ref] = true
		}
	}
	refs := make([]string, 0, len(seen))
	for ref := range seen {
		refs = append(refs, string(ref))
	}
	slices.Sort(refs)
	return tx.queryRows(ctx, func(rows *sql.Rows) error {
		var ref string
		var sku sql.NullInt64
		var from, until, rateAt int64
		l := &listingSight{}
		if err := rows.Scan(&l.id, &ref, &sku, &from, &until, &l.overwriting, &l.rate, &rateAt); err != nil {
			return err
		}
		l.sku, l.settledFrom, l.settledUntil, l.rateAt = stock.SKUID(sku.Int64), instant(from), instant(until), instant(rateAt)
		w.listings[order.Ref(ref)] = l
		return nil
	}, `SELECT listing_id, ref, sku_id, settled_from, settled_until, in_flight AND sent_absolute, sold_rate, sold_rate_at FROM listing
		WHERE tenant_id = $1 AND shop_id = $2 AND ref IN (`, "TEXT", `)`,
		[]any{int64(w.in.Lease.Shop)}, len(refs), func(args []any, i int) []any { return append(args, refs[i]) })
}

func (w *intakeWork) record(ctx context.Context, tx *Tx) error {
	if err := w.writeSales(ctx, tx); err != nil {
		return err
	}
	if err := w.writeListings(ctx, tx); err != nil {
		return err
	}
	if len(w.in.Unchanged) > 0 {
		err := tx.execRows(ctx, `UPDATE sale SET checked_at = $3 WHERE tenant_id = $1 AND shop_id = $2 AND number IN (`, "TEXT", `)`,
			[]any{int64(w.in.Lease.Shop), micros(tx.now)}, len(w.in.Unchanged), func(args []any, i int) []any { return append(args, w.in.Unchanged[i]) })
		if err != nil {
			return err
		}
	}
	return tx.loopSucceeded(ctx, w.in.Lease.Shop, w.in.Loop, w.in.Next)
}

func (w *intakeWork) writeSales(ctx context.Context, tx *Tx) error {
	fresh := 0
	for _, s := range w.touched {
		if s.isNew {
			fresh++
		}
	}
	ids, err := tx.newIDs(ctx, fresh)
	if err != nil {
		return err
	}
	for _, s := range w.touched {
		if s.isNew {
			s.id, ids = ids[0], ids[1:]
		}
	}
	now := micros(tx.now)
	err = tx.insertRows(ctx, `sale (tenant_id, sale_id, shop_id, number, placed_at, first_seen_at, taken_at, revision, asked_at, state, test, problems, late_cancel, checked_at)`,
		"BIGINT BIGINT TEXT BIGINT BIGINT BIGINT BIGINT BIGINT TEXT BOOLEAN TEXT BIGINT BIGINT", ` ON CONFLICT (tenant_id, shop_id, number) DO UPDATE SET taken_at = excluded.taken_at, revision = excluded.revision, asked_at = excluded.asked_at,
		state = excluded.state, test = excluded.test, problems = excluded.problems, late_cancel = excluded.late_cancel, checked_at = excluded.checked_at`,
		len(w.touched), func(args []any, i int) []any {
			s := w.touched[i]
			return append(args, s.id, int64(w.in.Lease.Shop), s.snapshot.Number, micros(s.snapshot.PlacedAt), now, now, s.snapshot.Version.Revision,
				micros(s.snapshot.Version.AskedAt), string(s.snapshot.State), s.snapshot.Test, strings.Join(s.snapshot.Problems, "\n"), s.lateCancel, now)
		})
	if err != nil {
		return err
	}
	type lineRow struct {
		sale *saleRow
		key  string
	}
	var lines []lineRow
	for _, s := range w.touched {
		for key := range s.dirty {
			lines = append(lines, lineRow{s, key})
		}
	}
	slices.SortFunc(lines, func(a, b lineRow) int {
		if a.sale.id != b.sale.id {
			return int(a.sale.id - b.sale.id)
		}
		return strings.Compare(a.key, b.key)
	})
	return tx.insertRows(ctx, `sale_line (tenant_id, sale_id, line, listing_id, sku_id, ref, code, title, wanted, wanted_shipped, wanted_returned,
		held, shipped, returned, base_shipped, base_returned)`, "BIGINT TEXT BIGINT BIGINT TEXT TEXT TEXT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT",
		` ON CONFLICT (tenant_id, sale_id, line) DO UPDATE SET listing_id = excluded.listing_id, sku_id = excluded.sku_id, wanted = excluded.wanted,
		wanted_shipped = excluded.wanted_shipped, wanted_returned = excluded.wanted_returned, held = excluded.held, shipped = excluded.shipped, returned = excluded.returned`,
		len(lines), func(args []any, i int) []any {
			s, key := lines[i].sale, lines[i].key
			r := s.recorded.Lines[key]
			return append(args, s.id, key, int64(s.listings[key]), nullable(int64(s.skus[key])), string(r.Line.Ref), r.Line.Code, r.Line.Title,
				r.Line.Wanted, r.Line.Shipped, r.Line.Returned, r.Claim.Held, r.Claim.Shipped, r.Claim.Returned, s.base[key].Shipped, s.base[key].Returned)
		})
}

func (w *intakeWork) writeListings(ctx context.Context, tx *Tx) error {
	var changed []*listingSight
	for _, l := range w.listings {
		if l.changed {
			changed = append(changed, l)
			if l.unsure {
				w.result.Unsure++
			}
		}
	}
	slices.SortFunc(changed, func(a, b *listingSight) int { return int(a.id - b.id) })
	return tx.execRows(ctx, `UPDATE listing SET expected = CASE WHEN listing.expected = $2 THEN listing.expected
		ELSE listing.expected - v.column2 END, claimed = listing.claimed + v.column3,
		unsure = listing.unsure OR v.column4, sold_rate = v.column5, sold_rate_at = v.column6 FROM (`,
		"BIGINT BIGINT BIGINT BOOLEAN BIGINT BIGINT", `) AS v WHERE listing.tenant_id = $1 AND listing.listing_id = v.column1`,
		[]any{stock.Unlimited.Sortable()}, len(changed), func(args []any, i int) []any {
			l := changed[i]
			rate, at := l.rate, l.rateAt
			if l.soldNow > 0 {
				rate, at = l.newRate(tx.now), tx.now
			}
			return append(args, int64(l.id), l.lowered, l.claimed, l.unsure, rate, micros(at))
		})
}

// nullable is an id, or NULL where there is none.
func nullable(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}
