package whatif

import (
	"cmp"
	"context"
	"slices"
	"time"

	"soroi/internal/allocation"
)

// Question is what to try in a world.
type Question struct {
	World   World
	Pattern *allocation.Pattern // the one in question, over shops 1, 2, … in the world's order; nil when there is none
	Risk    int64               // of auto, and what a split found by search may have; millionths
	Search  bool
	// SearchCycles is how many cycles judge one candidate of the search; 0 is as many as a command takes.
	SearchCycles int
	Seed         uint64
	Cycles       int
}

// Answer is what one policy came to.
type Answer struct {
	Policy  Policy
	Result  Result
	Seconds float64 // that playing it took
}

// PerSecond is how many cycles were played in a second.
func (a Answer) PerSecond() float64 { return float64(a.Result.Cycles) / max(a.Seconds, 1e-9) }

// The names of policies.
const (
	SimpleName  = "simple"  // a sync that knows nothing: see Policy.Blind
	SameName    = "same"    // every shop shows everything
	PatternName = "pattern" // the one in question
	AutoName    = "auto"
	SplitName   = "split" // the best static split that a search finds
)

// sameAuto tells whether two rules are the same auto rule.
func sameAuto(a, b allocation.Rule) bool {
	return a.Auto > 0 && a.Auto == b.Auto && a.From <= 1 && a.To == b.To
}

// Ask plays each policy in turn, first those that everything is compared with. The same question always gets the same answers, but for how long
// they took by now, which must not go backwards.
func Ask(ctx context.Context, q Question, now func() time.Time) ([]Answer, error) {
	policies := []Policy{Simple, Same}
	if q.Pattern != nil {
		policies = append(policies, Policy{Name: PatternName, Pattern: *q.Pattern})
	}
	if auto := Auto(q.Risk); q.Pattern == nil || !slices.EqualFunc(q.Pattern.Rules, auto.Pattern.Rules, sameAuto) {
		policies = append(policies, auto)
	}
	if q.Search {
		best, err := bestSplit(ctx, &q.World, q.Seed, q.Risk, cmp.Or(q.SearchCycles, searchCycles))
		if err != nil {
			return nil, err
		}
		policies = append(policies, best)
	}
	answers := make([]Answer, len(policies))
	for i, p := range policies {
		began := now()
		r, err := Play(ctx, &q.World, p, q.Seed, q.Cycles)
		if err != nil {
			return nil, err
		}
		answers[i] = Answer{p, r, now().Sub(began).Seconds()}
	}
	return answers, nil
}
