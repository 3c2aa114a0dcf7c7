// Package whatif says what a policy of allocation does before anybody lives with it: one SKU in several shops, its customers, what each shop
// delays, and the rules and escrow accounts that planning itself uses, played many times (docs/whatif.md). It reads no clock and no
// database, and the same seed always gives the same result.
package whatif

import (
	"math/rand/v2"
	"time"

	"soroi/internal/allocation"
)

// World is one SKU and the shops that list it.
type World struct {
	Shops []Shop
	Units int64 // with which a cycle begins, MostUnits at most
}

// Bounds of a world: far above what a person asks about.
const (
	MostUnits = 100_000
	MostShops = 50
)

const hour = float64(time.Hour / time.Microsecond)

// Shop is one shop as our side has to live with it. Spans are microseconds.
type Shop struct {
	Name  string
	Rate  float64 // orders per hour; each is for one unit
	Every int64   // its orders are polled this often
	Call  int64   // from a decision until the shop has the number; a reading takes as long
	Show  Lag     // from then until it sells by it, and answers that it does
	Write allocation.Write
}

// Lag is how long something takes: one of the values, each as likely as the others. None is no time.
type Lag []int64

func (l Lag) draw(rng *rand.Rand) int64 {
	switch len(l) {
	case 0:
		return 0
	case 1:
		return l[0]
	}
	return l[rng.IntN(len(l))]
}

// Longest is the longest that it takes.
func (l Lag) Longest() int64 {
	longest := int64(0)
	for _, v := range l {
		longest = max(longest, v)
	}
	return longest
}

// Policy is what decides the shops' numbers.
type Policy struct {
	Name    string
	Pattern allocation.Pattern
	// Frozen writes nothing after the first numbers: each shop sells its own.
	Frozen bool
	// Blind is a sync as simple as can be: each shop's number is overwritten once per interval, in a loop that knows nothing of that
	// which polls, of what the shop has sold meanwhile, or of escrow.
	Blind bool
	// Least is how many units must be out of place before a split moves any (allocation.Decide); 0 is as many as the engine uses.
	Least int64
}

// usualLeast is the engine's while a SKU sells.
const usualLeast = 2

// The policies that everything is compared with.
var (
	Simple = Policy{Name: SimpleName, Pattern: allocation.Everywhere, Blind: true}
	Same   = Policy{Name: SameName, Pattern: allocation.Everywhere}
)

// Auto is the policy of the auto rule at a risk in millionths.
func Auto(risk int64) Policy {
	return Policy{Name: AutoName, Pattern: allocation.Pattern{Name: "auto", Rules: []allocation.Rule{{To: allocation.Open, Auto: risk}}}}
}

// Demand is an order: who wants how many, when.
type Demand struct {
	at, units int64
	shop      int
}

// source gives the orders of a cycle in the order of their times.
type source interface{ next() (Demand, bool) }

// poisson is demand at constant rates.
type poisson struct {
	rng   *rand.Rand
	pcg   *rand.PCG
	rates []float64 // per microsecond
	sum   float64
	at    float64
}

func newPoisson(shops []Shop) *poisson {
	p := &poisson{pcg: rand.NewPCG(0, 0)}
	p.rng = rand.New(p.pcg)
	for _, s := range shops {
		rate := s.Rate / hour
		p.rates = append(p.rates, rate)
		p.sum += rate
	}
	return p
}

func (p *poisson) begin(seed, n uint64) {
	p.pcg.Seed(seed, n)
	p.at = 0
}

func (p *poisson) next() (Demand, bool) {
	if p.sum == 0 {
		return Demand{}, false
	}
	p.at += p.rng.ExpFloat64() / p.sum
	x := p.rng.Float64() * p.sum
	shop := 0
	for ; shop < len(p.rates)-1 && x >= p.rates[shop]; shop++ {
		x -= p.rates[shop]
	}
	return Demand{at: int64(p.at), units: 1, shop: shop}, true
}

// longest is when a cycle that does not end by itself is cut off: twenty times as long as all units would need at the rates given, and ten
// times the slowest way of a number.
func (w *World) longest() int64 {
	rate := 0.0
	for _, s := range w.Shops {
		rate += s.Rate
	}
	longest := 10 * w.slowest()
	if rate > 0 {
		longest += int64(20 * float64(w.Units) / rate * hour)
	}
	return longest
}

// slowest is the longest way of a number.
func (w *World) slowest() (lag int64) {
	for _, s := range w.Shops {
		lag = max(lag, s.Every+s.Call+s.Show.Longest())
	}
	return lag
}

// Outcome is what one cycle came to.
type Outcome struct {
	Sold     int64 // units, those sold twice too
	Oversold int64
	// OversoldOrders are those that were given units of which there were none.
	OversoldOrders int64
	Elsewhere      int64 // units that an order did not get while they were for sale, or on their way, somewhere else
	Nowhere        int64 // units that an order did not get when all had been sold
	Left           int64 // units that were never sold
	Pushes         int64
	Lasted         int64 // microseconds, until the last unit was sold
	Stood          []float64
}
