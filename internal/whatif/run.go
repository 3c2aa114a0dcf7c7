package whatif

import (
	"context"
	"math"
	"runtime"
	"sync"
)

// Result is what a policy came to: means of its cycles. Units sold while an order waits nowhere else are the same for every policy; what differs
// is told.
type Result struct {
	Cycles int64 `json:"cycles"`
	// Oversold is the units sold when none were left, and OversoldWidth half the width of its 95 % interval.
	Oversold      float64 `json:"oversold"`
	OversoldWidth float64 `json:"oversold_width"`
	// Risk is the part of the cycles in which any were, and RiskUpper the upper end of its 95 % interval.
	Risk      float64 `json:"risk"`
	RiskUpper float64 `json:"risk_upper"`
	// Elsewhere is the units that a customer did not get though some were unsold: in another shop, held back, or on their way.
	Elsewhere      float64 `json:"lost_elsewhere"`
	ElsewhereWidth float64 `json:"lost_elsewhere_width"`
	// Nowhere is the units that a customer did not get since all were sold, until the shops were quiet.
	Nowhere float64   `json:"lost_nowhere"`
	Unsold  float64   `json:"unsold"` // units that were never sold
	Pushes  float64   `json:"pushes"` // numbers written
	Hours   float64   `json:"hours"`  // until the last unit was sold
	Stood   []float64 `json:"stood"`  // units that each shop showed, on average over that time
}

// chunk is how many cycles are added up together: the sums, and so the result, do not depend on how many processors there are.
const chunk = 500

// Play plays so many cycles, on all processors. Cycle n is the same for every policy: its customers come at the same times.
func Play(ctx context.Context, w *World, p Policy, seed uint64, cycles int) (Result, error) {
	tallies := make([]tally, (cycles+chunk-1)/chunk)
	next := make(chan int, len(tallies))
	for i := range tallies {
		next <- i
	}
	close(next)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(tallies)) {
		workers.Go(func() {
			c, demand := newCycle(w, p), newPoisson(w.Shops)
			for i := range next {
				for n := i * chunk; n < min((i+1)*chunk, cycles) && ctx.Err() == nil; n++ {
					demand.begin(seed, uint64(n))
					tallies[i].add(c.run(seed, uint64(n), demand))
				}
			}
		})
	}
	workers.Wait()
	var all tally
	for i := range tallies {
		all.merge(&tallies[i])
	}
	return all.result(), ctx.Err()
}

type tally struct {
	cycles, bad                        float64
	over, over2, elsewhere, elsewhere2 float64
	nowhere, pushes, lasted, left      float64
	stood                              []float64
}

func (t *tally) add(o Outcome) {
	one := tally{cycles: 1, over: float64(o.Oversold), elsewhere: float64(o.Elsewhere), nowhere: float64(o.Nowhere), pushes: float64(o.Pushes), lasted: float64(o.Lasted), left: float64(o.Left), stood: o.Stood}
	if o.Oversold > 0 {
		one.bad = 1
	}
	one.over2, one.elsewhere2 = one.over*one.over, one.elsewhere*one.elsewhere
	t.merge(&one)
}

func (t *tally) merge(o *tally) {
	t.cycles += o.cycles
	t.bad += o.bad
	t.over += o.over
	t.over2 += o.over2
	t.elsewhere += o.elsewhere
	t.elsewhere2 += o.elsewhere2
	t.nowhere += o.nowhere
	t.pushes += o.pushes
	t.lasted += o.lasted
	t.left += o.left
	if t.stood == nil {
		t.stood = make([]float64, len(o.stood))
	}
	for i, s := range o.stood {
		t.stood[i] += s
	}
}

func (t *tally) result() Result {
	n := max(t.cycles, 1)
	r := Result{Cycles: int64(t.cycles), Oversold: t.over / n, Risk: t.bad / n, Elsewhere: t.elsewhere / n, Nowhere: t.nowhere / n,
		Unsold: t.left / n, Pushes: t.pushes / n, Hours: t.lasted / n / hour}
	r.OversoldWidth = halfWidth(t.over, t.over2, n)
	r.ElsewhereWidth = halfWidth(t.elsewhere, t.elsewhere2, n)
	r.RiskUpper = upper(r.Risk, n)
	for _, s := range t.stood {
		r.Stood = append(r.Stood, s/n)
	}
	return r
}

// z95 is how many standard deviations to each side hold 95 %.
const z95 = 1.959963984540054

func halfWidth(sum, squares, n float64) float64 {
	mean := sum / n
	return z95 * math.Sqrt(max(squares/n-mean*mean, 0)/n)
}

// upper is the upper end of Wilson's interval for a part p of n.
func upper(p, n float64) float64 {
	z2 := z95 * z95
	return (p + z2/(2*n) + z95*math.Sqrt(p*(1-p)/n+z2/(4*n*n))) / (1 + z2/n)
}
