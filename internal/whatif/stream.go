package whatif

import (
	"context"
	"math"
	"runtime"
	"slices"
	"sync"

	"soroi/internal/allocation"
)

// Event is something that really happened to one SKU: an order in a shop, or units that arrived. Instants are microseconds from the beginning of the stream.
type Event struct {
	At    int64
	Shop  int   // of the world's; −1 for a delivery
	Units int64 // wanted, or arrived
}

// Stream is one SKU's events, in the order of their times.
type Stream []Event

// next gives the events of a stream as demand.
type replayed struct {
	events Stream
	at     int
}

func (r *replayed) next() (Demand, bool) {
	if r.at == len(r.events) {
		return Demand{}, false
	}
	e := r.events[r.at]
	r.at++
	return Demand{at: e.At, units: e.Units, shop: e.Shop}, true
}

// Total is what a policy came to over whole streams.
type Total struct {
	SKUs      int64 `json:"skus"`
	Wanted    int64 `json:"wanted_units"`
	Sold      int64 `json:"sold_units"`
	Oversold  int64 `json:"oversold_units"`
	Orders    int64 `json:"oversold_orders"`
	Elsewhere int64 `json:"lost_elsewhere_units"`
	Nowhere   int64 `json:"lost_nowhere_units"`
	Pushes    int64 `json:"pushes"`
}

// PlayStreams plays the streams of many SKUs in the same shops, on all processors. Shops' rates are not asked for: what a policy goes by is what has
// been seen of each SKU's orders before, as in planning. Everything begins with nothing in stock.
func PlayStreams(ctx context.Context, shops []Shop, p Policy, seed uint64, streams []Stream) (Total, error) {
	totals := make([]Total, len(streams))
	next := make(chan int, len(streams))
	for i := range streams {
		next <- i
	}
	close(next)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(streams)) {
		workers.Go(func() {
			for i := range next {
				if ctx.Err() != nil {
					return
				}
				totals[i] = playStream(shops, p, seed, uint64(i), streams[i])
			}
		})
	}
	workers.Wait()
	var all Total
	for _, t := range totals {
		all.SKUs += t.SKUs
		all.Wanted += t.Wanted
		all.Sold += t.Sold
		all.Oversold += t.Oversold
		all.Orders += t.Orders
		all.Elsewhere += t.Elsewhere
		all.Nowhere += t.Nowhere
		all.Pushes += t.Pushes
	}
	return all, ctx.Err()
}

func playStream(shops []Shop, p Policy, seed, n uint64, events Stream) Total {
	w := &World{Shops: slices.Clone(shops)}
	for i := range w.Shops {
		w.Shops[i].Rate = 0
	}
	c := newCycle(w, p)
	c.memory = newMemory(len(shops))
	o := c.run(seed, n, &replayed{events: events})
	t := Total{SKUs: 1, Sold: o.Sold, Oversold: o.Oversold, Orders: o.OversoldOrders, Elsewhere: o.Elsewhere, Nowhere: o.Nowhere, Pushes: o.Pushes}
	for _, e := range events {
		if e.Shop >= 0 {
			t.Wanted += e.Units
		}
	}
	return t
}

// memory is what planning remembers of a SKU's sales: for each listing a mean that fades with six hours, and the units of the last 30 days.
type memory struct {
	rates []float64 // units per hour
	at    []int64
	month []sale
	units int64
	sizes []int64 // of the last orders
}

// The spans of the store's own memory.
const (
	fading = 6 * hour
	month  = 30 * 24 * hour
)

func newMemory(shops int) *memory {
	return &memory{rates: make([]float64, shops), at: make([]int64, shops)}
}

// sold takes in that units of an order were seen.
func (m *memory) sold(shop int, units, now int64) {
	m.rates[shop] = m.rate(shop, now) + float64(units)/(fading/hour)
	m.at[shop] = now
	m.month = append(m.month, sale{now, units})
	m.units += units
	if len(m.sizes) == allocation.LastOrders {
		m.sizes = append(m.sizes[:0], m.sizes[1:]...)
	}
	m.sizes = append(m.sizes, units)
}

func (m *memory) rate(shop int, now int64) float64 {
	return m.rates[shop] * math.Exp(-float64(now-m.at[shop])/fading)
}

// paces puts what is remembered into the shops' paces.
func (m *memory) paces(shops []allocation.Shop, now int64) {
	for len(m.month) > 0 && float64(now-m.month[0].at) > month {
		m.units -= m.month[0].units
		m.month = m.month[1:]
	}
	sales := allocation.Memory{Month: m.units, Orders: int64(len(m.sizes))}
	for _, size := range m.sizes {
		sales.Units += size
		sales.Largest = max(sales.Largest, size)
	}
	for i := range shops {
		known := &shops[i].Pace
		p := sales.Pace(int64(m.rate(i, now)*1000), len(shops))
		known.Rate, known.Order, known.Large = p.Rate, p.Order, p.Large
	}
}
