package allocation_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"soroi/internal/allocation"
	"soroi/internal/stock"
)

var auto = allocation.Pattern{Name: "auto", Rules: []allocation.Rule{{To: allocation.Open, Auto: allocation.UsualRisk}}}

const minute = int64(time.Minute / time.Microsecond)

// selling is a shop that sells so many units an hour, is polled every see and shows a number after show.
func selling(id int, perHour float64, see, show int64, way allocation.Write) allocation.Shop {
	return allocation.Shop{ID: allocation.ShopID(id), Pace: allocation.Pace{Rate: int64(perHour * 1000), See: see, Show: show, Write: way}}
}

// four have 50, 25, 15 and 10 % of the sales.
func four(perHour float64, see, show int64, way allocation.Write) []allocation.Shop {
	var shops []allocation.Shop
	for i, part := range []float64{.5, .25, .15, .1} {
		shops = append(shops, selling(i+1, perHour*part, see, show, way))
	}
	return shops
}

func TestAuto(t *testing.T) {
	t.Parallel()
	shown := func(shops []allocation.Shop, numbers ...int64) []allocation.Shop {
		for i, n := range numbers {
			shops[i].Pace.Shown = n
		}
		return shops
	}
	bounded := func(shops []allocation.Shop, i int, most int64) []allocation.Shop {
		shops[i].Exception = allocation.Share{Kind: allocation.AtMost, N: most}
		if most == 0 {
			shops[i].Exception = allocation.Share{Kind: allocation.Stop}
		}
		return shops
	}
	const five = 5 * minute
	over, move := allocation.Overwrite, allocation.Move
	for _, c := range []struct {
		name   string
		n      int64
		shops  []allocation.Shop
		before allocation.AutoState
		state  allocation.AutoState
		want   []int64
	}{
		{"plenty is shared", 300, four(10, five, five, over), allocation.AutoNew, allocation.AutoSame, []int64{300, 300, 300, 300}},
		{"little is divided, less than their part for the slow ones", 30, four(60, five, five, over), allocation.AutoNew, allocation.AutoSplit, []int64{17, 7, 4, 2}},
		{"the last unit lies in the fastest shop", 1, four(60, five, five, over), allocation.AutoNew, allocation.AutoSplit, []int64{1, 0, 0, 0}},
		{"what never sold is shared to the last", 1, four(0, five, five, over), allocation.AutoNew, allocation.AutoSame, []int64{1, 1, 1, 1}},
		{"but not when a shop shows a number only after a day", 1, four(0, five, 24*60*minute, over), allocation.AutoNew, allocation.AutoSplit, []int64{1, 0, 0, 0}},
		{"one shop that sells needs nobody's leave, the others are given what is left over", 2, []allocation.Shop{selling(1, 100, five, five, move), selling(2, 0, five, five, move)}, allocation.AutoNew, allocation.AutoSplit, []int64{2, 0}},
		{"a last unit is shared again when it does not sell any more", 1, shown(four(0, minute, minute, over), 1), allocation.AutoSplit, allocation.AutoSame, []int64{1, 1, 1, 1}},
		{"not when it sells a little less", 1, shown(four(0.02, minute, minute, over), 1), allocation.AutoSplit, allocation.AutoSplit, []int64{1, 0, 0, 0}},
		{"the only shop has all", 2, []allocation.Shop{selling(1, 100, five, five, move)}, allocation.AutoSplit, allocation.AutoSame, []int64{2}},
		{"and so has the only one that may have any", 2, bounded(four(60, five, five, over)[:2], 1, 0), allocation.AutoNew, allocation.AutoSame, []int64{2, 0}},
		{"nothing", 0, four(60, five, five, over), allocation.AutoSplit, allocation.AutoSplit, []int64{0, 0, 0, 0}},
		{"shops that share go on a little longer than they would begin to", 8, four(10, five, five, over), allocation.AutoSame, allocation.AutoSame, []int64{8, 8, 8, 8}},
		{"than they would begin to", 8, four(10, five, five, over), allocation.AutoNew, allocation.AutoSplit, []int64{5, 2, 1, 0}},
		{"and then divide", 7, four(10, five, five, over), allocation.AutoSame, allocation.AutoSplit, []int64{4, 2, 1, 0}},
		{"units stay where they are when moving them sells fewer", 3, shown(four(60, five, five, over), 0, 1, 1, 1), allocation.AutoSplit, allocation.AutoSplit, []int64{0, 1, 1, 1}},
		{"and move when that sells more", 1, shown(four(1, minute, minute, over), 0, 0, 0, 1), allocation.AutoSplit, allocation.AutoSplit, []int64{1, 0, 0, 0}},
		{"a cancelled unit goes to a shop that has none, not through a zero", 4, shown(four(60, five, five, over), 3, 0, 0, 0), allocation.AutoSplit, allocation.AutoSplit, []int64{3, 1, 0, 0}},
		{"more is shown than there is", 3, shown(four(60, five, five, over), 3, 3, 3, 3), allocation.AutoSplit, allocation.AutoSplit, []int64{2, 1, 0, 0}},
		{"nobody knows what one shows", 3, shown(four(60, five, five, over), 0, 1, 1, -1), allocation.AutoSplit, allocation.AutoSplit, []int64{2, 1, 0, 0}},
		{"a stopped shop has no part", 10, bounded(four(60, five, five, over), 0, 0), allocation.AutoNew, allocation.AutoSplit, []int64{0, 5, 3, 2}},
		{"a bound holds", 10, bounded(four(60, five, five, over), 0, 2), allocation.AutoNew, allocation.AutoSplit, []int64{2, 4, 2, 2}},
		{"very many units of something very fast", 1000, four(20_000, five, five, over), allocation.AutoNew, allocation.AutoSplit, []int64{500, 250, 150, 100}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			targets, why := auto.AppendSettled(nil, stock.Units(c.n), c.shops, c.before)
			var got []int64
			for _, target := range targets {
				n, _ := target.Quantity.Units()
				got = append(got, n)
			}
			if why.State != c.state || !slices.Equal(got, c.want) {
				t.Errorf("state %d, %v, want %d, %v: %+v", why.State, got, c.state, c.want, why)
			}
			if c.n > 0 && targets[0].Split != (why.State == allocation.AutoSplit) {
				t.Errorf("state %d, split %v", why.State, targets[0].Split)
			}
		})
	}
}

// The figures that the screen gives as the reason.
func TestAuto_reason(t *testing.T) {
	t.Parallel()
	_, why := auto.AppendSettled(nil, stock.Units(12), four(60, 5*minute, 30*1_000_000, allocation.Overwrite), allocation.AutoSame)
	want := allocation.AutoReason{State: allocation.AutoSplit, Sellable: 12, Rate: 60_000, Lag: 330_000_000, Mean: 5.5, Large: 1, Most: 1000, Risk: 10_989}
	why.Mean = math.Round(why.Mean*1e9) / 1e9
	if why != want {
		t.Errorf("%+v, want %+v", why, want)
	}
	_, why = auto.AppendSettled(nil, stock.Unlimited, four(60, 5*minute, minute, allocation.Overwrite), allocation.AutoSplit)
	if why.State != allocation.AutoSame || why.Risk != 0 {
		t.Errorf("of what never runs out: %+v", why)
	}
}

// exactTail is PoissonTail in 300 bits, by the definition.
func exactTail(n int64, mean float64) float64 {
	number := func(x float64) *big.Float { return new(big.Float).SetPrec(300).SetFloat64(x) }
	m := number(mean)
	term, sum := number(1), number(0) // e^mean times the chance of k
	total := number(0)
	for k := int64(0); k < n+4*int64(mean)+400; k++ {
		if k >= n {
			sum.Add(sum, term)
		}
		total.Add(total, term)
		term.Mul(term, m)
		term.Quo(term, number(float64(k+1)))
	}
	tail, _ := sum.Quo(sum, total).Float64()
	return tail
}

func TestPoissonTail(t *testing.T) {
	t.Parallel()
	for _, mean := range []float64{1e-9, 0.001, 0.3, 1, 2.5, 10, 12.5, 99, 300} {
		for _, n := range []int64{1, 2, 3, 5, 10, 20, 50, 100, 101, 300, 400} {
			got, want := allocation.PoissonTail(n, mean), exactTail(n, mean)
			if math.Abs(got-want) > 1e-9*want {
				t.Errorf("%d or more of %v: %v, want %v", n, mean, got, want)
			}
		}
	}
	for _, c := range []struct {
		n    int64
		mean float64
		want float64
	}{{0, 5, 1}, {-3, 5, 1}, {1, 0, 0}, {5, math.NaN(), 0}, {1, 1e9, 1}} {
		if got := allocation.PoissonTail(c.n, c.mean); got != c.want {
			t.Errorf("%d or more of %v: %v, want %v", c.n, c.mean, got, c.want)
		}
	}
	if got := allocation.PoissonTail(1_000_000_000, 1e9); math.Abs(got-0.5) > 0.001 {
		t.Errorf("half of very many: %v", got)
	}
}

func randomPaces(rng *rand.Rand) []allocation.Shop {
	shops := randomShops(rng)
	for i := range shops {
		shops[i].Unlimited = false
		shops[i].Pace = allocation.Pace{Rate: rng.Int64N(1 << (1 + rng.IntN(20))), See: rng.Int64N(10 * minute), Show: rng.Int64N(20 * minute), Write: allocation.Overwrite, Shown: rng.Int64N(12) - 1}
		if rng.IntN(2) == 0 {
			shops[i].Pace.Write = allocation.Move
		}
	}
	return shops
}

// What auto gives is never more than there is, within what each shop may have, and gives all of it as far as the shops may have it.
func TestAuto_properties(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20_000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		shops := randomPaces(rng)
		n := rng.Int64N(1 << (1 + rng.IntN(10)))
		before := allocation.AutoState(rng.IntN(3))
		say := fmt.Sprintf("seed %d: %d units, before %d, %+v", seed, n, before, shops)
		state := func(n int64, shops []allocation.Shop, before allocation.AutoState) allocation.AutoState {
			_, why := auto.AppendSettled(nil, stock.Units(n), shops, before)
			return why.State
		}
		targets, why := auto.AppendSettled(nil, stock.Units(n), shops, before)
		sum, room := int64(0), int64(0)
		for i, target := range targets {
			units, _ := target.Quantity.Units()
			if sum += units; units < 0 || units > n {
				t.Fatalf("%s: %v", say, targets)
			}
			if e := shops[i].Exception; e.Kind == allocation.Stop && units > 0 || e.Kind == allocation.AtMost && units > e.N || shops[i].Largest > 0 && units > shops[i].Largest {
				t.Fatalf("%s: %v", say, targets)
			}
			if shops[i].Exception.Kind == "" && shops[i].Largest == 0 {
				room = n
			}
		}
		divided := why.State == allocation.AutoSplit
		if divided && (sum > n || room == n && sum < n && before != allocation.AutoSplit) {
			t.Fatalf("%s: %d given of %d", say, sum, n)
		}
		if n == 0 {
			continue
		}
		// More stock, or slower sales, never turns shops that share into shops that divide.
		if !divided {
			if more := n + 1 + rng.Int64N(50); state(more, shops, before) != allocation.AutoSame {
				t.Fatalf("%s: shared, but %d are divided", say, more)
			}
			slower := slices.Clone(shops)
			for i := range slower {
				slower[i].Pace.Rate = rng.Int64N(slower[i].Pace.Rate + 1)
			}
			if state(n, slower, before) != allocation.AutoSame {
				t.Fatalf("%s: shared, but divided when sales are slower: %+v", say, slower)
			}
		}
		// What has just changed stays with a unit more or less.
		if divided && before == allocation.AutoSame && state(n+1, shops, allocation.AutoSplit) != allocation.AutoSplit {
			t.Fatalf("%s: divided, and shared again with one unit more", say)
		}
		if before == allocation.AutoSplit && !divided && n > 1 && state(n-1, shops, allocation.AutoSame) != allocation.AutoSame {
			t.Fatalf("%s: shared, and divided again with one unit less", say)
		}
	}
}
