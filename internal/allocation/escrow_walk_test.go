package allocation_test

import (
	"flag"
	"math/rand/v2"
	"testing"

	"soroi/internal/allocation"
)

// walks is how many random ways TestEscrow_walked goes.
var walks = flag.Int("walks", 3000, "random ways through larger worlds")

// Larger worlds, in which everything can happen several times, cannot be explored in full. Random ways through them are held to the same.
func TestEscrow_walked(t *testing.T) {
	t.Parallel()
	ways := []allocation.Write{allocation.Move, compare, allocation.MoveToZero, allocation.Overwrite}
	most := *walks
	if raceEnabled {
		most = min(most, 200)
	}
	for seed := range uint64(most) {
		rng := rand.New(rand.NewPCG(seed, 17))
		sc := scenario{name: "walk", least: 1 + rng.Int64N(3), overlap: true,
			patterns: [][malls]int64{{50, 30, 20}, {0, 50, 50}, {10, 10, 80}},
			start: world{onHand: 7, malls: [malls]mall{known(4), known(2), joining(1)},
				budget: budget{ghosts: 3, cancels: 3, leaves: 1, edits: 1, patterns: 4, pauses: 2, removals: 1, readings: 4, sales: 12}}}
		for i := range sc.ways {
			sc.ways[i] = ways[rng.IntN(len(ways))]
			sc.putsBack[i] = rng.IntN(2) == 0
		}
		sc.prepare()
		w := sc.start
		var events []string
		for range 150 {
			var at []world
			var names []string
			sc.next(w, func(event string, v world) { at, names = append(at, v), append(names, event) })
			if len(at) == 0 {
				break
			}
			k := rng.IntN(len(at))
			w = at[k]
			events = append(events, names[k])
			err := sc.check(&w)
			if err == nil && rng.IntN(10) == 0 {
				err = sc.live(w)
			}
			if err != nil {
				t.Fatalf("seed %d: %v\nafter %v\n%+v", seed, err, events, w)
			}
		}
		if err := sc.live(w); err != nil {
			t.Fatalf("seed %d: %v\nafter %v\n%+v", seed, err, events, w)
		}
	}
}
