package whatif

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"soroi/internal/allocation"
)

// fourShops have 50, 25, 15 and 10 % of the sales.
func fourShops(perHour float64, every, show time.Duration) *World {
	w := &World{Units: 30}
	for i, part := range []float64{.5, .25, .15, .1} {
		w.Shops = append(w.Shops, Shop{Name: fmt.Sprint("shop ", i+1), Rate: part * perHour, Every: every.Microseconds(), Show: Lag{show.Microseconds()}, Write: allocation.Overwrite})
	}
	return w
}

// However the world is, units are sold at most once more than there are by the shops' own count, every unit is accounted for, no split is ever sold twice,
// and the same seed gives the same.
func TestPlay_properties(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 7))
	for round := range 60 {
		w := &World{Units: 1 + rng.Int64N(60)}
		for i := range 1 + rng.IntN(5) {
			s := Shop{Name: fmt.Sprint(i), Rate: rng.Float64() * 50, Every: 1 + rng.Int64N(600_000_000), Call: rng.Int64N(10_000_000), Write: allocation.Write(1 + rng.IntN(3))}
			for range rng.IntN(3) {
				s.Show = append(s.Show, rng.Int64N(600_000_000))
			}
			w.Shops = append(w.Shops, s)
		}
		parts := candidate{parts: partsByRate(w.Shops, 1)}
		frozen := parts
		frozen.frozen = true
		for _, p := range []Policy{Simple, Same, Auto(allocation.UsualRisk), parts.policy(w), frozen.policy(w)} {
			say := fmt.Sprintf("round %d, %s (frozen %v): %+v", round, p.Name, p.Frozen, w)
			c, demand := newCycle(w, p), newPoisson(w.Shops)
			for n := range uint64(40) {
				demand.begin(3, n)
				o := c.run(3, n, demand)
				if o.Sold != w.Units-o.Left+o.Oversold || o.Sold < 0 || o.Left < 0 || o.Elsewhere < 0 || o.Nowhere < 0 {
					t.Fatalf("%s: %+v", say, o)
				}
				if p.Name == SplitName && o.Oversold > 0 {
					t.Fatalf("%s: cycle %d oversold %d of a split", say, n, o.Oversold)
				}
				if p.Name != SplitName && o.Left > 0 {
					t.Fatalf("%s: cycle %d: %d units are never sold", say, n, o.Left)
				}
			}
			a, err := Play(context.Background(), w, p, 3, 40)
			if err != nil {
				t.Fatal(err)
			}
			b, err := Play(context.Background(), w, p, 3, 40)
			if err != nil || !reflect.DeepEqual(a, b) {
				t.Fatalf("%s: %+v and %+v, %v", say, a, b, err)
			}
		}
	}
}

// A shop that learns of nothing late oversells nothing, and one shop alone never does.
func TestPlay_nothing_late(t *testing.T) {
	t.Parallel()
	w := fourShops(60, time.Microsecond, 0)
	r, err := Play(context.Background(), w, Same, 1, 1000)
	if err != nil || r.Oversold != 0 || r.Elsewhere != 0 || r.Unsold != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	w = fourShops(60, time.Hour, time.Hour)
	w.Shops = w.Shops[:1]
	for _, p := range []Policy{Same, Auto(allocation.UsualRisk)} {
		if r, err := Play(context.Background(), w, p, 1, 1000); err != nil || r.Oversold != 0 || r.Elsewhere != 0 {
			t.Errorf("%s: %+v, %v", p.Name, r, err)
		}
	}
}

// What a search may stop, it stops.
func TestBestSplit_cancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := BestSplit(ctx, fourShops(60, time.Minute, time.Minute), 1, 1000); err == nil {
		t.Error("no error")
	}
}
