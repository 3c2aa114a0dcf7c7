package replay

import (
	"math"
	"slices"
	"sync"
	"time"
)

// lagMeter measures, from outside, how long it takes until every other shop has stopped offering what was just sold: from the moment
// an order is placed until each of them shows no more than what is truly left.
type lagMeter struct {
	mu        sync.Mutex
	shown     [][]int64 // by shop, by SKU
	largest   []int64   // that each shop can show
	available []int64   // by SKU: the truth, may be negative
	waiting   map[listing][]*pendingOrder
	samples   []time.Duration
}

type listing struct{ shop, sku int }

// pendingOrder is an order that some shop does not reflect yet.
type pendingOrder struct {
	placed time.Time
	open   int // listings that still offer too much
	last   time.Time
}

func newLagMeter(shops []Shop, skus int) *lagMeter {
	m := &lagMeter{shown: make([][]int64, len(shops)), available: make([]int64, skus), waiting: make(map[listing][]*pendingOrder)}
	for i, s := range shops {
		m.shown[i] = make([]int64, skus)
		if s.Largest == 0 {
			s.Largest = math.MaxInt64
		}
		m.largest = append(m.largest, s.Largest)
	}
	return m
}

// right is what a shop should show.
func (m *lagMeter) right(shop, sku int) int64 {
	return min(max(m.available[sku], 0), m.largest[shop])
}

// shows takes in what a shop shows from now on.
func (m *lagMeter) shows(shop, sku int, n int64, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.shown[shop][sku] = n
	m.settle(listing{shop, sku}, now)
}

// add changes what is truly available by a delta that is no sale.
func (m *lagMeter) add(sku int, delta int64, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.available[sku] += delta
	for shop := range m.shown {
		m.settle(listing{shop, sku}, now)
	}
}

// sold takes an order in: units by SKU. It returns how many of them were not there.
func (m *lagMeter) sold(shop int, units map[int]int64, now time.Time) (oversold int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	order := &pendingOrder{placed: now, last: now}
	for sku, n := range units {
		oversold += min(n, max(0, n-max(m.available[sku], 0)))
		m.available[sku] -= n
		for other := range m.shown {
			if key := (listing{other, sku}); other != shop && m.tooMany(key) {
				order.open++
				m.waiting[key] = append(m.waiting[key], order)
			}
		}
	}
	if order.open == 0 {
		m.samples = append(m.samples, 0)
	}
	return oversold
}

func (m *lagMeter) tooMany(k listing) bool {
	return m.shown[k.shop][k.sku] > m.right(k.shop, k.sku)
}

func (m *lagMeter) settle(k listing, now time.Time) {
	orders := m.waiting[k]
	if len(orders) == 0 || m.tooMany(k) {
		return
	}
	delete(m.waiting, k)
	for _, o := range orders {
		o.open--
		o.last = now
		if o.open == 0 {
			m.samples = append(m.samples, now.Sub(o.placed))
		}
	}
}

// behind counts the listings that do not show what is there.
func (m *lagMeter) behind() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for shop := range m.shown {
		for sku, shown := range m.shown[shop] {
			if shown != m.right(shop, sku) {
				n++
			}
		}
	}
	return n
}

// Lags are quantiles over all orders, in seconds of the shops' time.
type Lags struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

func (m *lagMeter) lags() Lags {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.samples) == 0 {
		return Lags{}
	}
	sorted := slices.Clone(m.samples)
	slices.Sort(sorted)
	at := func(p float64) float64 {
		i := min(int(p*float64(len(sorted))), len(sorted)-1)
		return float64(sorted[i].Round(time.Millisecond).Milliseconds()) / 1000
	}
	return Lags{P50: at(0.5), P99: at(0.99), Max: at(1)}
}
