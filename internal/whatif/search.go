package whatif

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"soroi/internal/allocation"
)

// searchCycles is how many cycles judge one candidate, and searchSeed sets them apart from those that judge what was found.
const (
	searchCycles = 1500
	searchSeed   = 0x5eed
)

// lazy is a Least that moves units only to a shop that has none.
const lazy = 1 << 30

// candidate is one static split: each shop's part, in hundredths of a percent, and how units move.
type candidate struct {
	parts  []int64
	frozen bool
	least  int64
	lost   float64
}

// BestSplit searches the static split that loses fewest sales at a risk, in millionths: the parts of every shop, kept as they are (each shop sells its
// own units and no more) or kept up by escrow as the units go. It starts from parts that follow the rates more and less strictly, and moves a part
// from one shop to another as long as that is better.
func BestSplit(ctx context.Context, w *World, seed uint64, risk int64) (Policy, error) {
	return bestSplit(ctx, w, seed, risk, searchCycles)
}

func bestSplit(ctx context.Context, w *World, seed uint64, risk int64, cycles int) (Policy, error) {
	s := search{ctx: ctx, w: w, seed: seed ^ searchSeed, risk: float64(risk) / 1e6, cycles: cycles}
	var best candidate
	best.lost = math.Inf(1)
	for _, way := range []candidate{{frozen: true}, {}, {least: lazy}} {
		found := candidate{lost: math.Inf(1)}
		for _, power := range []float64{0.7, 0.85, 1, 1.15, 1.3, 1.6, 2, 4} {
			found = s.better(found, candidate{parts: partsByRate(w.Shops, power), frozen: way.frozen, least: way.least})
		}
		for _, step := range []int64{500, 200} {
			found = s.climb(found, max(step, allocation.Whole/max(w.Units, 1)))
		}
		if found.lost < best.lost {
			best = found
		}
	}
	return best.policy(w), ctx.Err()
}

type search struct {
	ctx    context.Context
	w      *World
	seed   uint64
	risk   float64
	cycles int
}

// better is the one that loses fewer sales; one with too much risk is never better.
func (s *search) better(a, b candidate) candidate {
	r, err := Play(s.ctx, s.w, b.policy(s.w), s.seed, s.cycles)
	if err != nil || r.Risk > s.risk {
		return a
	}
	if b.lost = r.Elsewhere; b.lost < a.lost {
		return b
	}
	return a
}

// climb moves step from shop to shop while that is better.
func (s *search) climb(from candidate, step int64) candidate {
	const mostRounds = 12
	for range mostRounds {
		if from.parts == nil || s.ctx.Err() != nil {
			return from
		}
		best := from
		for i := range from.parts {
			for k := range from.parts {
				if i == k || from.parts[i] == 0 || !s.near(i, k) {
					continue
				}
				next := from
				next.parts = slices.Clone(from.parts)
				units := min(step, next.parts[i])
				next.parts[i] -= units
				next.parts[k] += units
				best = s.better(best, next)
			}
		}
		if best.lost >= from.lost {
			return from
		}
		from = best
	}
	return from
}

// near keeps the number of moves from growing with the square of that of shops: they go between the fastest and any other, and between neighbours in the
// order of rates.
func (s *search) near(i, k int) bool {
	order := make([]int, len(s.w.Shops))
	for n := range order {
		order[n] = n
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(s.w.Shops[b].Rate, s.w.Shops[a].Rate) })
	a, b := slices.Index(order, i), slices.Index(order, k)
	return a == 0 || b == 0 || a-b == 1 || b-a == 1
}

// partsByRate gives each shop a part by its rate to a power, the rest that rounding leaves to the fastest.
func partsByRate(shops []Shop, power float64) []int64 {
	sum, fastest := 0.0, 0
	for i, s := range shops {
		sum += math.Pow(s.Rate, power)
		if s.Rate > shops[fastest].Rate {
			fastest = i
		}
	}
	parts := make([]int64, len(shops))
	left := int64(allocation.Whole)
	for i, s := range shops {
		if sum > 0 {
			parts[i] = int64(math.Pow(s.Rate, power) / sum * allocation.Whole)
		}
		left -= parts[i]
	}
	parts[fastest] += left
	return parts
}

func (c candidate) policy(w *World) Policy {
	rule := allocation.Rule{To: allocation.Open, Default: allocation.Share{Kind: allocation.Stop}}
	for i, part := range c.parts {
		rule.Shares = append(rule.Shares, allocation.ShopShare{Shop: allocation.ShopID(i + 1), Share: allocation.Share{Kind: allocation.Percent, N: part}})
	}
	return Policy{Name: SplitName, Pattern: allocation.Pattern{Name: "split", Rules: []allocation.Rule{rule}}, Frozen: c.frozen, Least: c.least}
}

// Parts are the parts of a policy that BestSplit found, as people write them.
func (p Policy) Parts() []string {
	var parts []string
	for _, r := range p.Pattern.Rules {
		for _, s := range r.Shares {
			parts = append(parts, fmt.Sprint(s.Share))
		}
	}
	return parts
}
