package whatif

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// bruteCycle is the simple sync once more, by the second instead of by the event, and without any of this package's parts: for each second, each shop
// lets arrive what was written Show seconds before, sells to whoever comes, is polled when its second has come, and is written when that has.
func bruteCycle(rng *rand.Rand, perHour []float64, units, every, show int) (oversold int) {
	type shop struct{ shows, unseen, poll, write int }
	type parcel struct{ at, shop, number int }
	shops := make([]shop, len(perHour))
	for i := range shops {
		shops[i] = shop{shows: units, poll: rng.IntN(every), write: rng.IntN(every)}
	}
	var wire []parcel
	stock, books := units, units
	for second := 0; ; second++ {
		for len(wire) > 0 && wire[0].at <= second {
			shops[wire[0].shop].shows = wire[0].number
			wire = wire[1:]
		}
		dead := true
		for i := range shops {
			s := &shops[i]
			if rng.Float64() < perHour[i]/3600 && s.shows > 0 {
				s.shows--
				s.unseen++
				if stock--; stock < 0 {
					oversold++
				}
			}
			if second%every == s.poll {
				books -= s.unseen
				s.unseen = 0
			}
			if second%every == s.write {
				wire = append(wire, parcel{second + show, i, max(books, 0)})
			}
			dead = dead && s.shows == 0 && s.unseen == 0
		}
		if dead && books <= 0 {
			for _, p := range wire {
				dead = dead && p.number == 0
			}
			if dead {
				return oversold
			}
		}
	}
}

func TestPlay_as_brute_force_has_it(t *testing.T) {
	t.Parallel()
	for _, lag := range []struct{ every, show time.Duration }{{5 * time.Minute, 5 * time.Minute}, {30 * time.Second, time.Minute}} {
		for _, rate := range []float64{2, 10, 60} {
			t.Run(fmt.Sprint(lag.every, lag.show, rate), func(t *testing.T) {
				t.Parallel()
				w := fourShops(rate, lag.every, lag.show)
				r, err := Play(context.Background(), w, Simple, 1, 4000)
				if err != nil {
					t.Fatal(err)
				}
				rates := make([]float64, len(w.Shops))
				for i, s := range w.Shops {
					rates[i] = s.Rate
				}
				rng := rand.New(rand.NewPCG(2, 3))
				cycles := int(2000 * math.Min(rate/10, 1))
				sum, squares := 0.0, 0.0
				for range cycles {
					o := float64(bruteCycle(rng, rates, 30, int(lag.every.Seconds()), int(lag.show.Seconds())))
					sum += o
					squares += o * o
				}
				n := float64(cycles)
				mean, width := sum/n, halfWidth(sum, squares, n)
				t.Logf("every %v + %v, %v/h: %.3f ± %.3f by events, %.3f ± %.3f by seconds", lag.every, lag.show, rate, r.Oversold, r.OversoldWidth, mean, width)
				if apart := math.Abs(mean - r.Oversold); apart > 2*math.Hypot(width, r.OversoldWidth)+0.02*mean {
					t.Errorf("%.3f ± %.3f by events, %.3f ± %.3f by seconds", r.Oversold, r.OversoldWidth, mean, width)
				}
			})
		}
	}
}
