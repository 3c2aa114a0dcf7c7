package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"soroi/internal/channel"
	"soroi/internal/order"
	"soroi/internal/stock"
)

// ListingID names one SKU's listing in one shop.
type ListingID int64

// Intake is one page of orders of one shop, to be taken in.
type Intake struct {
	Lease  Lease
	Loop   string          // which loop pulled them; its cursor and success are recorded with them
	Next   *channel.Cursor // nil keeps the loop's cursor
	Orders []order.Snapshot
	// Unchanged are orders that were asked for and have not changed.
	Unchanged []string
	// Returns says what the shop does to its own number on a cancel.
	Returns channel.Returning
}

// IntakeResult tells what a page did.
type IntakeResult struct {
	New, Changed, Stale int
	Movements           int
	Oversold            int64 // units
	Unlinked            int   // lines of listings that no SKU is linked to
	Unsure              int   // listings whose shown number must be read back
}

// TakeIn takes a page of orders in: orders, claims, movements, balances, marks, the listings' expected quantities and the loop's
// cursor in one durable transaction (design 3, Intake). Taking the same page in again, or an older one, changes nothing. It
// fails with ErrLeaseLost when another process runs the shop.
func (db *DB) TakeIn(ctx context.Context, tenant stock.TenantID, in Intake) (IntakeResult, error) {
	for _, s := range in.Orders {
		if err := s.Check(); err != nil {
			return IntakeResult{}, fmt.Errorf("take in orders of shop %d: %w", in.Lease.Shop, err)
		}
	}
	w := &intakeWork{in: in}
	err := db.ledger.post(ctx, tenant, w)
	return w.result, err
}

// clockMargin is how far a shop's clock may be from ours when an order's time is compared with the time of a read or a write.
// Inside the margin the answer is "unsure", which a read-back settles.
const clockMargin = 2 * time.Second

type intakeWork struct {
	in     Intake
	result IntakeResult

	location  stock.LocationID
	connected time.Time
	sales     map[string]*saleRow
	listings  map[order.Ref]*listingSight
	touched   []*saleRow
}

// saleRow is an order as recorded, with what this page changes.
type saleRow struct {
	id         int64
	recorded   order.Recorded
	skus       map[string]stock.SKUID // by line
	listings   map[string]ListingID
	base       map[string]order.Claim
	isNew      bool
	touched    bool
	snapshot   order.Snapshot
	lateCancel int64
	dirty      map[string]bool // lines to write
}

// listingSight is what intake needs to know of a listing, and what it changes.
type listingSight struct {
	id           ListingID
	sku          stock.SKUID
	settledFrom  time.Time
	settledUntil time.Time
	overwriting  bool // an absolute write is under way
	rate         int64
	rateAt       time.Time

	changed  bool
	lowered  int64 // units by which the shop has lowered its own number
	claimed  int64
	unsure   bool
	soldNow  int64
	lastSold time.Time
}

// alone keeps two pages of one shop apart: both may hold the same order.
func (w *intakeWork) alone() []string { return alone(w.in.Lease.Shop) }

func (w *intakeWork) size() int {
	n := len(w.in.Unchanged)/16 + 1
	for _, s := range w.in.Orders {
		n += len(s.Lines)
	}
	return n
}

func (w *intakeWork) prepare(ctx context.Context, tx *Tx) ([]balanceKey, error) {
	*w = intakeWork{in: w.in, sales: make(map[string]*saleRow), listings: make(map[order.Ref]*listingSight)}
	if err := tx.fence(ctx, w.in.Lease); err != nil {
		return nil, err
	}
	var connected int64
	err := tx.one(ctx, []any{&connected, &w.location}, `SELECT connected_at, (SELECT MIN(location_id) FROM location WHERE tenant_id = $1)
		FROM shop WHERE tenant_id = $1 AND shop_id = $2`, int64(w.in.Lease.Shop))
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
		var asked int64
		if err := rows.Scan(&s.id, &number, &s.recorded.Version.Revision, &asked, &state); err != nil {
			return err
		}
		s.recorded.Exists, s.recorded.State, s.recorded.Version.AskedAt = true, order.State(state), instant(asked)
		w.sales[number], byID[s.id] = s, s
		return nil
	}, `SELECT sale_id, number, revision, asked_at, state FROM sale WHERE tenant_id = $1 AND shop_id = $2 AND number IN (`, "TEXT", `)`,
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

func newSaleRow() *saleRow {
	return &saleRow{recorded: order.Recorded{Lines: make(map[string]order.RecordedLine)}, skus: make(map[string]stock.SKUID),
		listings: make(map[string]ListingID), base: make(map[string]order.Claim), dirty: make(map[string]bool)}
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

func (w *intakeWork) decide(l *ledger) error {
	for _, snapshot := range w.in.Orders {
		s := w.sales[snapshot.Number]
		if s == nil {
			s = newSaleRow()
			s.isNew = true
			w.sales[snapshot.Number] = s
		}
		diff := order.Diff(s.recorded, snapshot, snapshot.PlacedAt.Before(w.connected))
		if diff.Stale {
			w.result.Stale++
			continue
		}
		if !s.touched {
			s.touched = true
			w.touched = append(w.touched, s)
		}
		moved := false
		for _, d := range diff.Lines {
			posted, err := w.takeLine(l, s, snapshot, d)
			if err != nil {
				return err
			}
			moved = moved || posted
		}
		switch {
		case !s.recorded.Exists:
			w.result.New++
		case moved || s.recorded.State != snapshot.State:
			w.result.Changed++
		}
		s.recorded.Exists, s.recorded.Version, s.recorded.State = true, snapshot.Version, snapshot.State
		s.snapshot, s.lateCancel = snapshot, diff.LateCancel
	}
	return nil
}

// takeLine posts what one line's claim changes and keeps the listing's expected quantity in step with the shop's own number.
func (w *intakeWork) takeLine(l *ledger, s *saleRow, snapshot order.Snapshot, d order.LineDiff) (moved bool, err error) {
	key := d.Line.Key
	listing := w.listings[d.Line.Ref]
	sku := s.skus[key]
	if d.New {
		s.base[key] = order.Claim{Shipped: d.From.Shipped, Returned: d.From.Returned}
		if listing != nil {
			sku = listing.sku
			s.listings[key] = listing.id
		}
	}
	if listing != nil && sku == 0 {
		sku = listing.sku
		s.listings[key] = listing.id
	}
	s.skus[key] = sku
	claim := d.To
	if sku == 0 {
		w.result.Unlinked++
		claim = d.From // nothing can be claimed; the line waits for a link with what it wants
	} else {
		for _, step := range d.Steps() {
			occurred := snapshot.Version.AskedAt
			if d.New && step.Kind == stock.Claimed {
				occurred = snapshot.PlacedAt
			}
			after, err := l.post(stock.Movement{SKU: sku, Location: w.location, Kind: step.Kind, OnHandDelta: step.OnHandDelta, CommittedDelta: step.CommittedDelta,
				Cause: stock.ByOrder, Document: snapshot.Number, Line: key, OccurredAt: occurred}, w.in.Lease.Shop, rankOrder)
			if err != nil {
				return moved, fmt.Errorf("order %s line %s: %w", snapshot.Number, key, err)
			}
			moved = true
			w.result.Movements++
			w.result.Oversold += stock.Oversold(step.CommittedDelta, after)
		}
	}
	before, was := s.recorded.Lines[key]
	if old := before; !was || old.Line != d.Line || old.Claim != claim {
		s.dirty[key] = true
	}
	if listing != nil {
		was := before.Line
		if d.New {
			was = order.Line{Wanted: d.From.Shipped, Returned: d.From.Returned}
		}
		listing.sold(d.Line, was, snapshot, w.in.Returns)
		// What an order that was cut before our first sight of it did to the shop's own number is not to be seen from what is left; nor when
		// a line was added to an order that was known.
		cut := d.New && (snapshot.Edited || snapshot.State == order.Cancelled) && w.in.Returns != channel.ReturnsAlways
		if cut || d.New && s.recorded.Exists {
			listing.changed, listing.unsure = true, true
		}
	}
	s.recorded.Lines[key] = order.RecordedLine{Line: d.Line, Claim: claim}
	return moved, nil
}

// sold follows the shop's own number: a sale lowers it, a cancel or a return may raise it. An order placed before the listing's
// number was last settled by a read or an absolute write is in that number already; near that moment nobody can tell, so the
// listing becomes unsure and is read back before it is written to.
func (l *listingSight) sold(line, was order.Line, snapshot order.Snapshot, returns channel.Returning) {
	units := line.Wanted - was.Wanted
	back := line.Returned - was.Returned
	if units == 0 && back == 0 {
		return
	}
	l.changed = true
	l.claimed += units
	if units < 0 || back > 0 {
		l.unsure = true
		if returns == channel.ReturnsAlways && units < 0 {
			l.lowered += units
		}
		return
	}
	at := snapshot.PlacedAt
	if was.Key != "" {
		at = snapshot.Version.AskedAt // a line that grew did so at an unknown time before now
		l.unsure = true
	}
	l.soldNow += units
	l.lastSold = at
	switch {
	case l.overwriting:
		l.unsure = true // the write may have come before or after the sale
	case at.Before(l.settledFrom.Add(-clockMargin)):
		// already in the settled number
	case at.After(l.settledUntil.Add(clockMargin)):
		l.lowered += units
	default:
		l.unsure = true
	}
}

// rateWindow is the memory of a listing's rate of sale.
const rateWindow = 6 * time.Hour

// newRate is the rate of sale in thousandths of a unit per hour after selling units at now: an exponentially weighted mean over
// rateWindow.
func (l *listingSight) newRate(now time.Time) int64 {
	faded := float64(l.rate) * math.Exp(-max(now.Sub(l.rateAt).Hours(), 0)/rateWindow.Hours())
	return int64(faded + float64(l.soldNow)*1000/rateWindow.Hours())
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
