package town

import (
	"cmp"
	"container/heap"
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"soroi/internal/mallsim"
)

// BuyerStats are what the buyers and the staff have done so far.
type BuyerStats struct {
	Orders      int64 `json:"orders"`
	Units       int64 `json:"units"`
	LostUnits   int64 `json:"lost_units"` // wanted, and the mall showed none
	Cancels     int64 `json:"cancels"`
	Edits       int64 `json:"edits"` // of orders
	Shipments   int64 `json:"shipments"`
	Returns     int64 `json:"returns"`
	NumberEdits int64 `json:"number_edits"` // of a mall's number, by hand
}

// buyers live on the town's clock: one queue of things that will happen, each of which may bring forth others.
type buyers struct {
	town   *Town
	random *rand.Rand
	rank   *rand.Zipf
	order  []int // place of the rank-th most wanted good
	queue  queue
	serial int64

	mu    sync.Mutex
	stats BuyerStats
}

type happening struct {
	at     time.Time
	serial int64
	do     func(now time.Time)
}

func newBuyers(t *Town) *buyers {
	return &buyers{town: t, random: rand.New(rand.NewPCG(t.o.Seed, 0x627579657273))}
}

// Buyers tells what the buyers and the staff have done so far.
func (t *Town) Buyers() BuyerStats {
	t.buyers.mu.Lock()
	defer t.buyers.mu.Unlock()
	return t.buyers.stats
}

func (b *buyers) count(fn func(*BuyerStats)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fn(&b.stats)
}

// run lets things happen in their order until ctx ends.
func (b *buyers) run(ctx context.Context) {
	now := b.town.clock.Now()
	if b.town.o.OrdersPerMinute > 0 {
		b.again(now, time.Duration(float64(time.Minute)/b.town.o.OrdersPerMinute), b.arrive)
	}
	if b.town.o.EditsPerHour > 0 {
		b.again(now, time.Duration(float64(time.Hour)/b.town.o.EditsPerHour), b.editNumber)
	}
	for len(b.queue) > 0 && ctx.Err() == nil {
		next := heap.Pop(&b.queue).(happening)
		if wait := next.at.Sub(b.town.clock.Now()); wait > 0 && b.town.clock.Sleep(ctx, wait) != nil {
			return
		}
		next.do(next.at)
	}
}

// after lets something happen about mean later, by an exponential law.
func (b *buyers) after(now time.Time, mean time.Duration, do func(now time.Time)) {
	b.serial++
	at := now.Add(time.Duration(b.random.ExpFloat64() * float64(mean)))
	heap.Push(&b.queue, happening{at, b.serial, do})
}

// again is a Poisson process.
func (b *buyers) again(now time.Time, mean time.Duration, do func(now time.Time)) {
	b.after(now, mean, func(now time.Time) {
		b.again(now, mean, do)
		do(now)
	})
}

// good is the code of a good, the more wanted ones more often.
func (b *buyers) good(m *Mall) (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.codes)
	if n == 0 {
		return "", false
	}
	if len(b.order) != n {
		b.order = rand.New(rand.NewPCG(b.town.o.Seed, 0x72616e6b)).Perm(n)
		b.rank = rand.NewZipf(b.random, 1.15, 4, uint64(n-1))
	}
	return m.codes[b.order[b.rank.Uint64()]], true
}

// arrive is one buyer with a basket.
func (b *buyers) arrive(now time.Time) {
	m := b.town.malls[b.random.IntN(len(b.town.malls))]
	if open := b.town.open; open != nil && !open(m.Name) {
		return
	}
	lines := 1
	for lines < 5 && b.random.IntN(5) == 0 {
		lines++
	}
	var basket mallsim.Basket
	var wanted int64
	for range lines {
		code, any := b.good(m)
		k, there := m.Key(code)
		if !any || !there {
			return
		}
		units := int64(1)
		if b.random.IntN(6) == 0 {
			units = 2 + b.random.Int64N(3)
		}
		wanted += units
		basket.Lines = append(basket.Lines, mallsim.Want{Key: k, Units: units, AtMost: true})
	}
	o, err := m.Place(basket)
	var got int64
	for _, l := range o.Lines {
		got += l.Ordered
	}
	b.count(func(s *BuyerStats) {
		s.LostUnits += wanted - got
		if err == nil {
			s.Orders++
			s.Units += got
		}
	})
	if err == nil {
		b.follow(now, m, o)
	}
}

// follow decides what becomes of an order. Three in a hundred change, four are cancelled, the others are sent off; two in a
// hundred of those come back.
func (b *buyers) follow(now time.Time, m *Mall, o mallsim.Order) {
	pace := b.town.o.Pace
	line := o.Lines[b.random.IntN(len(o.Lines))]
	switch p := b.random.IntN(100); {
	case p < 4:
		b.after(now, pace, func(time.Time) {
			if _, err := m.Cancel(o.Number, mallsim.Cancellation{Reason: "buyer"}); err == nil {
				b.count(func(s *BuyerStats) { s.Cancels++ })
			}
		})
		return
	case p < 7:
		b.after(now, pace/2, func(time.Time) {
			units := line.Wanted + 1
			if line.Wanted > 1 {
				units = line.Wanted - 1
			}
			if _, err := m.Core.Edit(o.Number, line.ID, units); err == nil {
				b.count(func(s *BuyerStats) { s.Edits++ })
			}
		})
	}
	b.after(now.Add(pace), 2*pace, func(now time.Time) {
		if _, err := m.Core.Ship(o.Number, nil); err != nil {
			return
		}
		b.count(func(s *BuyerStats) { s.Shipments++ })
		if b.random.IntN(50) == 0 {
			b.after(now, 3*pace, func(time.Time) {
				if _, err := m.Core.Return(o.Number, map[string]int64{line.ID: 1}, false); err == nil {
					b.count(func(s *BuyerStats) { s.Returns++ })
				}
			})
		}
	})
}

// editNumber is staff changing a number in the mall's own back office.
func (b *buyers) editNumber(time.Time) {
	m := b.town.malls[b.random.IntN(len(b.town.malls))]
	code, any := b.good(m)
	if k, there := m.Key(code); any && there {
		if _, err := m.Core.AddStock(k, b.random.Int64N(7)-3, mallsim.ByEdit, 0, 99999); err == nil {
			b.count(func(s *BuyerStats) { s.NumberEdits++ })
		}
	}
}

type queue []happening

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return cmp.Or(q[i].at.Compare(q[j].at), cmp.Compare(q[i].serial, q[j].serial)) < 0
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(happening)) }
func (q *queue) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}
