package replay

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"soroi/internal/mallsim"
)

// Shop is one simulated mall that buyers of the stream go to.
type Shop struct {
	Name string
	Mall *mallsim.Mall
	Keys []mallsim.Key // the listing of each SKU of the stream
	// Largest is the largest quantity that the mall shows; 0 is none known.
	Largest int64
}

// Warehouse is the merchant's own side: goods that arrive, leave and come back are entered in soroi by it, once per key, and are in
// soroi's books when it returns.
type Warehouse interface {
	Receive(ctx context.Context, key, reason string, units map[int]int64) error // receipts by SKU
	TakeBack(ctx context.Context, key, document string, units map[int]int64) error
	WriteOff(ctx context.Context, key, reason string, units map[int]int64) error
	// Shipped tells of which of these orders soroi knows that they have left.
	Shipped(ctx context.Context, numbers []string) (map[string]bool, error)
}

// The rules by which stock appears, since the stream holds none (see docs/replay.md).
const (
	coverWeeks    = 4              // opening stock and what a delivery fills up to: mean sales of so many weeks
	reorderWeeks  = 2              // a delivery comes when less than so many weeks are available
	smallestStock = 12             // of any SKU
	largestStock  = 99_999         // that is on sale at the start: no mall shows more than the smallest of their limits, 楽天's
	shipAfter     = 20 * time.Hour // stream time from order to shipment
	week          = 7 * 24 * time.Hour
	// refundEvery is how often, by the malls' clock, the staff enters returns in the malls: those of orders that soroi has seen leaving.
	// However fast the calendar runs, goods do not come back before anybody has seen them leave. What is left when the stream ends stays
	// unentered.
	refundEvery = 2 * time.Second
)

// world plays the buyers, the warehouse and the shops' staff, and keeps the true books.
type world struct {
	stream    *Stream
	shops     []Shop
	warehouse Warehouse
	meter     *lagMeter
	clock     interface{ Now() time.Time }

	level      []int64 // what a delivery fills up to
	onHand     []int64
	committed  []int64
	byBuyer    map[buyer][]*bought
	unshipped  []*placedOrder
	untold     []refund
	refundedAt time.Time
	nextWeek   time.Time
	weeks      int
	counts     Counts
}

// Counts are what the world saw.
type Counts struct {
	Orders         int   `json:"orders"`      // invoices that became an order
	LostOrders     int   `json:"lost_orders"` // invoices of which no shop had anything
	Lines          int   `json:"order_lines"` // lines of the orders
	UnitsSold      int64 `json:"units_sold"`
	CancelledUnits int64 `json:"cancelled_units"`
	ReturnedUnits  int64 `json:"returned_units"`
	UnmatchedUnits int64 `json:"unmatched_return_units"` // came back without ever having been seen leaving
	LostUnits      int64 `json:"lost_sale_units"`
	Oversold       int64 `json:"oversold_units"`
	Received       int64 `json:"received_units"`
	WrittenOff     int64 `json:"written_off_units"`
}

type buyer struct {
	customer string
	sku      int
}

// bought is one line that a customer may give back.
type bought struct {
	order *placedOrder
	line  string
	left  int64
}

type placedOrder struct {
	shop    int
	number  string
	at      time.Time // stream time
	lines   []orderedLine
	shipped bool
}

// refund is a return that the shop's staff has still to enter in the mall.
type refund struct {
	order *placedOrder
	line  string
	units int64
}

type orderedLine struct {
	id    string
	sku   int
	units int64 // still wanted
}

func newWorld(s *Stream, shops []Shop, w Warehouse, clock interface{ Now() time.Time }) *world {
	n := len(s.Codes)
	wd := &world{stream: s, shops: shops, warehouse: w, meter: newLagMeter(shops, n), clock: clock, level: Levels(s),
		onHand: make([]int64, n), committed: make([]int64, n), byBuyer: make(map[buyer][]*bought), nextWeek: s.First.Truncate(24 * time.Hour).Add(week)}
	copy(wd.onHand, wd.level)
	copy(wd.meter.available, wd.level)
	bySKU := make([]map[mallsim.Key]int, len(shops))
	for shop, s := range shops {
		bySKU[shop] = make(map[mallsim.Key]int, n)
		for sku, key := range s.Keys {
			bySKU[shop][key] = sku
			if l, _, ok := s.Mall.Listing(key); ok {
				wd.meter.shown[shop][sku] = l.Stock
			}
		}
		s.Mall.Watch(func(c mallsim.Change) {
			if sku, ok := bySKU[shop][c.Key]; ok {
				wd.meter.shows(shop, sku, c.After, c.At)
			}
		})
	}
	return wd
}

// Levels are the opening stock of each SKU, and what a delivery fills up to: coverWeeks of its mean weekly sales in the stream, from
// smallestStock to largestStock.
func Levels(s *Stream) []int64 {
	levels := make([]int64, len(s.Codes))
	for _, e := range s.Events {
		if e.Kind == Sale {
			levels[e.SKU] += e.Units
		}
	}
	weeks := max(s.Last.Sub(s.First).Hours()/week.Hours(), 1)
	for i, units := range levels {
		levels[i] = min(max(int64(float64(units)/weeks*coverWeeks), smallestStock), largestStock)
	}
	return levels
}

// play plays the events of one moment: those of one invoice, which the caller has put together.
func (w *world) play(ctx context.Context, events []Event) error {
	first := events[0]
	if err := w.until(ctx, first.At); err != nil {
		return err
	}
	switch first.Kind {
	case Sale:
		return w.buy(events)
	case GiveBack:
		return w.giveBack(ctx, events)
	case WriteOff:
		return w.writeOff(ctx, events)
	default:
		return w.find(ctx, events)
	}
}

// until does what the shops' staff and the warehouse do up to a moment of the stream: ship what is due, take in deliveries.
func (w *world) until(ctx context.Context, at time.Time) error {
	for !at.Before(w.nextWeek) {
		if err := w.deliver(ctx); err != nil {
			return err
		}
		w.nextWeek = w.nextWeek.Add(week)
	}
	done := 0
	for _, o := range w.unshipped {
		if at.Sub(o.at) < shipAfter {
			break
		}
		if err := w.ship(o); err != nil {
			return err
		}
		done++
	}
	w.unshipped = w.unshipped[done:]
	return w.refund(ctx)
}

// refund enters in the malls the returns of orders that soroi has seen leaving. The goods are back in the warehouse, which has entered
// them: the shop need not put them back itself.
func (w *world) refund(ctx context.Context) error {
	now := w.clock.Now()
	if len(w.untold) == 0 || now.Sub(w.refundedAt) < refundEvery {
		return nil
	}
	w.refundedAt = now
	numbers := make([]string, 0, len(w.untold))
	for _, r := range w.untold {
		numbers = append(numbers, r.order.number)
	}
	seen, err := w.warehouse.Shipped(ctx, numbers)
	if err != nil {
		return fmt.Errorf("look up shipments: %w", err)
	}
	var waiting []refund
	for _, r := range w.untold {
		if !seen[r.order.number] {
			waiting = append(waiting, r)
			continue
		}
		if _, err := w.shops[r.order.shop].Mall.Return(r.order.number, map[string]int64{r.line: r.units}, false); err != nil {
			return fmt.Errorf("return to order %s: %w", r.order.number, err)
		}
	}
	w.untold = waiting
	return nil
}

func (w *world) ship(o *placedOrder) error {
	o.shipped = true
	left := false
	for _, l := range o.lines {
		left = left || l.units > 0
	}
	if !left {
		return nil // all of it had been cancelled
	}
	if _, err := w.shops[o.shop].Mall.Ship(o.number, nil); err != nil {
		return fmt.Errorf("ship order %s: %w", o.number, err)
	}
	for _, l := range o.lines {
		w.onHand[l.sku] -= l.units
		w.committed[l.sku] -= l.units
	}
	return nil
}

func (w *world) deliver(ctx context.Context) error {
	w.weeks++
	units := make(map[int]int64)
	mean := func(sku int) int64 { return w.level[sku] / coverWeeks }
	for sku := range w.level {
		if have := w.onHand[sku] - w.committed[sku]; have < max(mean(sku)*reorderWeeks, smallestStock/2) {
			units[sku] = w.level[sku] - have
		}
	}
	if len(units) == 0 {
		return nil
	}
	if err := w.warehouse.Receive(ctx, fmt.Sprintf("delivery-%d", w.weeks), "週次入荷", units); err != nil {
		return fmt.Errorf("delivery %d: %w", w.weeks, err)
	}
	w.arrive(units)
	return nil
}

// arrive books units that are in soroi's books already.
func (w *world) arrive(units map[int]int64) {
	for sku, n := range units {
		w.onHand[sku] += n
		w.counts.Received += n
		w.meter.add(sku, n, w.clock.Now())
	}
}

// shopOf chooses an invoice's shop by a hash of its number.
func (w *world) shopOf(invoice string) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(invoice)) // a hash takes everything
	return int(h.Sum64() % uint64(len(w.shops)))
}

func (w *world) buy(events []Event) error {
	shop := w.shopOf(events[0].Invoice)
	basket := mallsim.Basket{Lines: make([]mallsim.Want, len(events))}
	var wanted int64
	for i, e := range events {
		basket.Lines[i] = mallsim.Want{Key: w.shops[shop].Keys[e.SKU], Units: e.Units, AtMost: true}
		wanted += e.Units
	}
	order, err := w.shops[shop].Mall.Place(basket)
	var soldOut *mallsim.SoldOutError
	if errors.As(err, &soldOut) {
		w.counts.LostOrders++
		w.counts.LostUnits += wanted
		return nil
	}
	if err != nil {
		return fmt.Errorf("place invoice %s: %w", events[0].Invoice, err)
	}
	placed := &placedOrder{shop: shop, number: order.Number, at: events[0].At}
	units := make(map[int]int64)
	sku := make(map[string]int, len(events))
	customer := make(map[string]string, len(events))
	for i, e := range events {
		sku[fmt.Sprint(i+1)], customer[fmt.Sprint(i+1)] = e.SKU, e.Customer
	}
	for _, l := range order.Lines {
		if l.Ordered == 0 {
			continue
		}
		s := sku[l.ID]
		placed.lines = append(placed.lines, orderedLine{id: l.ID, sku: s, units: l.Ordered})
		units[s] += l.Ordered
		wanted -= l.Ordered
		w.committed[s] += l.Ordered
		w.counts.UnitsSold += l.Ordered
		w.counts.Lines++
		b := buyer{customer[l.ID], s}
		w.byBuyer[b] = append(w.byBuyer[b], &bought{order: placed, line: l.ID, left: l.Ordered})
	}
	w.counts.Orders++
	w.counts.LostUnits += wanted
	w.counts.Oversold += w.meter.sold(shop, units, order.PlacedAt)
	w.unshipped = append(w.unshipped, placed)
	return nil
}

// giveBack cancels what has not been shipped and returns what has, the customer's latest purchase of the code first. What nobody was
// seen buying comes back to the warehouse.
func (w *world) giveBack(ctx context.Context, events []Event) error {
	back := make(map[int]int64)
	for n, e := range events {
		left := e.Units
		purchases := w.byBuyer[buyer{e.Customer, e.SKU}]
		for i := len(purchases) - 1; i >= 0 && left > 0; i-- {
			b := purchases[i]
			units := min(left, b.left)
			if units == 0 {
				continue
			}
			if err := w.undo(ctx, e, n, b, units); err != nil {
				return err
			}
			left -= units
		}
		if left > 0 {
			back[e.SKU] += left
			w.counts.UnmatchedUnits += left
		}
	}
	if len(back) == 0 {
		return nil
	}
	key := fmt.Sprintf("back-%s-%d", events[0].Invoice, events[0].Row)
	if err := w.warehouse.TakeBack(ctx, key, events[0].Invoice, back); err != nil {
		return fmt.Errorf("take back invoice %s: %w", events[0].Invoice, err)
	}
	w.arrive(back)
	return nil
}

func (w *world) undo(ctx context.Context, e Event, n int, b *bought, units int64) error {
	mall := w.shops[b.order.shop].Mall
	lines := map[string]int64{b.line: units}
	b.left -= units
	if !b.order.shipped {
		if _, err := mall.Cancel(b.order.number, mallsim.Cancellation{Lines: lines, Reason: "customer"}); err != nil {
			return fmt.Errorf("cancel order %s: %w", b.order.number, err)
		}
		for i := range b.order.lines {
			if b.order.lines[i].id == b.line {
				b.order.lines[i].units -= units
			}
		}
		w.committed[e.SKU] -= units
		w.counts.CancelledUnits += units
		w.meter.add(e.SKU, units, w.clock.Now())
		return nil
	}
	w.untold = append(w.untold, refund{b.order, b.line, units})
	key := fmt.Sprintf("return-%s-%d-%d-%s-%s", e.Invoice, e.Row, n, b.order.number, b.line)
	if err := w.warehouse.TakeBack(ctx, key, b.order.number, map[int]int64{e.SKU: units}); err != nil {
		return fmt.Errorf("return to order %s: %w", b.order.number, err)
	}
	w.onHand[e.SKU] += units
	w.counts.ReturnedUnits += units
	w.meter.add(e.SKU, units, w.clock.Now())
	return nil
}

// writeOff takes units from the shelf, as many as lie there uncommitted.
func (w *world) writeOff(ctx context.Context, events []Event) error {
	units := make(map[int]int64)
	for _, e := range events {
		have := max(w.onHand[e.SKU]-w.committed[e.SKU]-units[e.SKU], 0)
		if n := min(e.Units, have); n > 0 {
			units[e.SKU] += n
		}
	}
	if len(units) == 0 {
		return nil
	}
	if err := w.warehouse.WriteOff(ctx, fmt.Sprintf("off-%s-%d", events[0].Invoice, events[0].Row), "在庫調整", units); err != nil {
		return fmt.Errorf("write off %s: %w", events[0].Invoice, err)
	}
	for sku, n := range units {
		w.onHand[sku] -= n
		w.counts.WrittenOff += n
		w.meter.add(sku, -n, w.clock.Now())
	}
	return nil
}

func (w *world) find(ctx context.Context, events []Event) error {
	units := make(map[int]int64)
	for _, e := range events {
		units[e.SKU] += e.Units
	}
	if err := w.warehouse.Receive(ctx, fmt.Sprintf("found-%s-%d", events[0].Invoice, events[0].Row), "在庫調整", units); err != nil {
		return fmt.Errorf("take in %s: %w", events[0].Invoice, err)
	}
	w.arrive(units)
	return nil
}

// Invoices splits the stream into invoices: neighbours of one kind, number and moment.
func Invoices(s *Stream) [][]Event {
	events := s.Events
	var list [][]Event
	start := 0
	for i := 1; i <= len(events); i++ {
		if i < len(events) && events[i].Invoice == events[start].Invoice && events[i].Kind == events[start].Kind && events[i].At.Equal(events[start].At) {
			continue
		}
		list = append(list, events[start:i])
		start = i
	}
	return list
}
