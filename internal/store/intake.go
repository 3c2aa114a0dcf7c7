package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/text"
)

// ListingID names one SKU's listing in one shop.
type ListingID int64

// Intake is one page of orders of one shop, to be taken in.
type Intake struct {
	Lease Lease
	Loop  string          // which loop pulled them; its cursor and success are recorded with them
	Next  *channel.Cursor // nil keeps the loop's cursor
	// UpTo is the moment up to which every order placed in the shop is in with this page; zero when nobody knows.
	UpTo   time.Time
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
	Unlinked            int   // lines that wait until it is known which SKU they are
	Unknown             int   // of them, those of listings that the shop has not told of yet
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
	zone      *time.Location
	sales     map[string]*saleRow
	listings  map[order.Ref]*listingSight
	ignored   map[string]bool // keys of codes that are no stock, among those of lines without a SKU
	bundles   bool            // the tenant has some
	recipes   map[stock.SKUID][]stock.Part
	touched   []*saleRow
	completes []completing // listings of which every order up to UpTo is in
}

// saleRow is an order as recorded, with what this page changes.
type saleRow struct {
	id         int64
	recorded   order.Recorded
	skus       map[string]stock.SKUID // by line
	listings   map[string]ListingID
	base       map[string]order.Claim
	parts      map[string][]stock.Part // of lines that claim parts of a bundle, for each that they ask for
	placed     time.Time               // at first sight; an order keeps its day
	awaiting   map[string]int64        // units that wait until it is known which SKU the line is
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
	ignored      bool // its code is no stock
	settledFrom  time.Time
	settledUntil time.Time
	overwriting  bool // an absolute write is under way
	divided      bool // its SKU divides its units
	expected     sql.NullInt64
	unseen       int64
	rate         int64
	rateAt       time.Time

	changed  bool
	after    int64 // units placed after its number was known: the shop has lowered it by them
	before   int64 // units placed before then, or about then
	returned int64 // units that the shop has put back into its number
	doubt    int64 // units that it may have put back, or sold by the hand of its staff without lowering its number
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

func newSaleRow() *saleRow {
	return &saleRow{recorded: order.Recorded{Lines: make(map[string]order.RecordedLine)}, skus: make(map[string]stock.SKUID),
		listings: make(map[string]ListingID), base: make(map[string]order.Claim), parts: make(map[string][]stock.Part), awaiting: make(map[string]int64), dirty: make(map[string]bool)}
}

func (w *intakeWork) decide(l *ledger) error {
	for _, snapshot := range w.in.Orders {
		s := w.sales[snapshot.Number]
		if s == nil {
			s = newSaleRow()
			s.isNew, s.placed = true, snapshot.PlacedAt
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
	for _, listing := range w.listings {
		if listing.changed && listing.divided {
			l.mark(listing.sku, rankOrder, l.now)
		}
	}
	for _, c := range w.completes {
		if c.sku != 0 {
			l.mark(c.sku, rankOrder, l.now)
		}
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
	awaiting := int64(0)
	if sku == 0 {
		claim = d.From // nothing can be claimed; the line waits for a link with what it wants
		if listing == nil || !listing.ignored {
			awaiting = d.From.Distance(d.To)
		}
		if awaiting > 0 && w.ignored[text.Fold(d.Line.Code)] {
			awaiting = 0
		}
		if awaiting > 0 {
			w.result.Unlinked++
			if listing == nil && d.Line.Ref != "" {
				w.result.Unknown++
			}
		}
	} else {
		parts := s.parts[key]
		if parts == nil && d.From == s.base[key] && w.recipes[sku] != nil { // it has claimed nothing yet
			parts = w.recipes[sku]
			s.parts[key], s.dirty[key] = parts, true
		}
		g := goods{sku: sku, parts: parts, location: w.location, shop: w.in.Lease.Shop, day: stock.DayOf(s.placed, w.zone)}
		for _, step := range d.Steps() {
			occurred := snapshot.Version.AskedAt
			if d.New && step.Kind == stock.Claimed {
				occurred = snapshot.PlacedAt
			}
			n, oversold, err := l.postLine(g, step, stock.Movement{Document: snapshot.Number, Line: key, OccurredAt: occurred})
			if err != nil {
				return moved, fmt.Errorf("order %s line %s: %w", snapshot.Number, key, err)
			}
			moved = true
			w.result.Movements += n
			w.result.Oversold += oversold
		}
	}
	before, was := s.recorded.Lines[key]
	if old := before; !was || old.Line != d.Line || old.Claim != claim || s.awaiting[key] != awaiting {
		s.dirty[key] = true
	}
	s.awaiting[key] = awaiting
	if listing != nil {
		was := before.Line
		if d.New {
			was = order.Line{Wanted: d.From.Shipped, Returned: d.From.Returned}
		}
		listing.sold(d.Line, was, snapshot, w.in.Returns)
		// What an order that was cut before our first sight of it did to the shop's own number is not to be seen from what is left, also where the
		// shop is said to give units back always; nor when a line was added to an order that was known.
		cut := d.New && (snapshot.Edited || snapshot.State == order.Cancelled)
		if cut || d.New && s.recorded.Exists {
			listing.changed, listing.unsure = true, true
			listing.doubt += max(d.Line.Wanted-was.Wanted, 0) // by which it may have grown
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
		switch put := max(-units, 0); returns {
		case channel.ReturnsAlways:
			l.returned += put
			l.doubt += max(back, 0)
		case channel.ReturnsDepends:
			l.doubt += put + max(back, 0)
		}
		return
	}
	at := snapshot.PlacedAt
	if was.Key != "" {
		at = snapshot.Version.AskedAt // a line that grew did so at an unknown time before now, and nobody knows whether its shop shows it
		l.unsure = true
		l.doubt += units
	}
	l.soldNow += units
	l.lastSold = at
	l.unsure = l.unsure || l.overwriting // the write may have come before or after the sale
	switch {
	case at.Before(l.settledFrom.Add(-clockMargin)):
		l.before += units // already in the settled number
	case at.After(l.settledUntil.Add(clockMargin)):
		l.after += units
	default:
		l.before += units
		l.unsure = true
	}
}

// plain tells whether the orders come off what is shown alone, which is almost always so: then the index of what is unseen need not be written. Should the
// listing have changed meanwhile, expected falls below 0 and is read, and the exposure is the same.
func (l *listingSight) plain() bool {
	boundless := l.unseen >= allocation.Unbounded/2
	if l.expected.Valid {
		return (l.before == 0 || boundless) && l.expected.Int64 >= l.after
	}
	return boundless
}

// rateWindow is the memory of a listing's rate of sale.
const rateWindow = 6 * time.Hour

// newRate is the rate of sale in thousandths of a unit per hour after selling units at now: an exponentially weighted mean over
// rateWindow.
func (l *listingSight) newRate(now time.Time) int64 {
	faded := float64(l.rate) * math.Exp(-max(now.Sub(l.rateAt).Hours(), 0)/rateWindow.Hours())
	return int64(faded + float64(l.soldNow)*1000/rateWindow.Hours())
}
