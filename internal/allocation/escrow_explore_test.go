package allocation_test

import (
	"errors"
	"flag"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"testing"

	"soroi/internal/allocation"
)

// judge narrows what a state is looked at for: by TestEscrow_guards.
var judge = flag.String("judge", "", "oversold: what the malls have sold. invariant: exposures. quiet: what is for sale at last. Otherwise all")

// known is a mall that shows n units and is known to.
func known(n int8) mall {
	return mall{number: n, account: allocation.Account{Shown: int64(n)}, decided: n}
}

// joining is a mall that shows n units, and of which nothing is known.
func joining(n int8) mall { return mall{number: n, account: allocation.Stranger()} }

// scenarios are small worlds: three shops, four units. Together they have every kind of write, of mall and of event.
func scenarios() []scenario {
	even := [malls]int64{50, 25, 25}
	shift := [][malls]int64{even, {25, 25, 50}}
	mixed := [malls]allocation.Write{allocation.Move, compare, allocation.Overwrite}
	all := func(w allocation.Write) [malls]allocation.Write { return [malls]allocation.Write{w, w, w} }
	first := [malls]mall{known(4), known(0), known(0)}
	shared := [malls]mall{known(2), known(1), known(1)}
	return []scenario{
		{name: "a lost answer", ways: mixed, patterns: [][malls]int64{even}, least: 1,
			start: world{onHand: 4, malls: shared, budget: budget{ghosts: 1, sales: 5}}},
		{name: "a pattern that changes, differences", ways: [malls]allocation.Write{allocation.Move, compare, allocation.MoveToZero}, patterns: shift, least: 1,
			start: world{onHand: 4, malls: shared, budget: budget{patterns: 1, sales: 5}}},
		{name: "a pattern that changes, absolute numbers", ways: all(allocation.Overwrite), patterns: shift, least: 1,
			start: world{onHand: 4, malls: shared, budget: budget{patterns: 1, sales: 5}}},
		{name: "differences that stop at zero", ways: all(allocation.MoveToZero), patterns: shift, least: 1,
			start: world{onHand: 4, malls: first, budget: budget{sales: 5}}},
		{name: "cancels", ways: mixed, putsBack: [malls]bool{true, false, true}, patterns: [][malls]int64{even}, least: 1, overlap: true,
			start: world{onHand: 4, malls: shared, budget: budget{cancels: 1, sales: 4}}},
		{name: "units that leave elsewhere, orders that grow", ways: mixed, patterns: [][malls]int64{even}, least: 1, overlap: true,
			start: world{onHand: 4, malls: shared, budget: budget{leaves: 1, edits: 1, sales: 5}}},
		{name: "units that leave elsewhere, absolute numbers", ways: all(allocation.Overwrite), patterns: [][malls]int64{{50, 50, 0}, {25, 75, 0}}, least: 1, overlap: true,
			start: world{onHand: 4, malls: [malls]mall{known(4), known(0), {removed: true}}, budget: budget{leaves: 1, patterns: 1, sales: 4}}},
		{name: "a shop that joins", ways: mixed, patterns: [][malls]int64{even}, least: 1, overlap: true,
			start: world{onHand: 4, malls: [malls]mall{known(2), known(1), joining(1)}, budget: budget{sales: 5}}},
		{name: "shops that start", ways: mixed, patterns: [][malls]int64{even}, least: 1, overlap: true,
			start: world{onHand: 4, malls: [malls]mall{joining(2), joining(1), joining(1)}, budget: budget{sales: 1}}},
		{name: "a shop that leaves", ways: mixed, patterns: [][malls]int64{even, {50, 50, 0}}, least: 1,
			start: world{onHand: 4, malls: shared, budget: budget{patterns: 1, removals: 1, sales: 5}}},
		{name: "a shop that is paused", ways: mixed, patterns: shift, least: 1,
			start: world{onHand: 4, malls: shared, budget: budget{patterns: 1, pauses: 1, sales: 5}}},
		{name: "readings in between", ways: mixed, patterns: [][malls]int64{even}, least: 1,
			start: world{onHand: 4, malls: shared, budget: budget{readings: 1, sales: 5}}},
		{name: "an order later than promised", ways: mixed, patterns: shift, least: 1, broken: true,
			start: world{onHand: 4, malls: shared, budget: budget{late: 1, sales: 4}}},
		{name: "small moves are left", ways: mixed, patterns: shift, least: 2, overlap: true,
			start: world{onHand: 4, malls: shared, budget: budget{patterns: 1, leaves: 1, sales: 5}}},
	}
}

var errTooMany = errors.New("more states than allowed")

// explore visits every state that can be reached and gives the first that is wrong, with the way to it.
func (sc *scenario) explore(most int) (visited int, err error) {
	sc.prepare()
	seed := maphash.MakeSeed()
	seen := map[uint64]struct{}{maphash.Comparable(seed, sc.start): {}}
	type step struct {
		from   int32
		choice uint8 // which of the states after from
	}
	steps := []step{{from: -1}}
	queue := []world{sc.start} // the worlds of the last steps
	for at := 0; len(queue) > 0; at++ {
		w := queue[0]
		queue = queue[1:]
		err := sc.check(&w)
		if err == nil && (*judge == "" || *judge == "quiet") {
			err = sc.live(w)
		}
		if err != nil {
			var way []uint8
			for i := int32(at); i > 0; i = steps[i].from {
				way = append(way, steps[i].choice)
			}
			return at, fmt.Errorf("%s: %w\nafter %s", sc.name, err, sc.retrace(way))
		}
		if len(steps) > most {
			return at, fmt.Errorf("%s: %w", sc.name, errTooMany)
		}
		choice := uint8(0)
		sc.next(w, func(_ string, v world) {
			h := maphash.Comparable(seed, v)
			if _, known := seen[h]; !known {
				seen[h] = struct{}{}
				queue = append(queue, v)
				steps = append(steps, step{int32(at), choice})
			}
			choice++
		})
	}
	return len(steps), nil
}

// retrace tells the events that lead to a state; way has the choices, the last first.
func (sc *scenario) retrace(way []uint8) string {
	w := sc.start
	var events []string
	for _, choice := range slices.Backward(way) {
		var n uint8
		var chosen world
		sc.next(w, func(event string, v world) {
			if n == choice {
				events = append(events, event)
				chosen = v
			}
			n++
		})
		w = chosen
	}
	return fmt.Sprintf("%s\n%+v", strings.Join(events, ", "), w)
}

// mostStates bounds what one scenario may grow to, so that a change that makes the worlds larger is noticed.
const mostStates = 2_000_000

// Design 2.3, in every order in which sales, pulls, decisions, writes, lost answers, readings, cancels, pauses … can happen: no unit is sold twice, no
// exposure is too small, and after quiet every unit is for sale where the rule wants it.
func TestEscrow_explored(t *testing.T) {
	t.Parallel()
	for _, sc := range scenarios() {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			most := mostStates
			if raceEnabled {
				most = 20_000 // the rest is explored without the detector, by TestEscrow_guards
			}
			n, err := sc.explore(most)
			t.Logf("%d states", n)
			if err != nil && !(raceEnabled && errors.Is(err, errTooMany)) {
				t.Error(err)
			}
		})
	}
}
