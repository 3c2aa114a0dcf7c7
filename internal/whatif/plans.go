package whatif

import (
	"math"

	"soroi/internal/allocation"
	"soroi/internal/stock"
)

// plans are what the policy gives the shops. What follows from the number of units alone is computed once.
type plans struct {
	pattern allocation.Pattern
	shops   []allocation.Shop
	auto    bool
	known   [allocation.AutoSplit + 1][]*plan // by state and units
	scratch []allocation.Target
	live    *plan // where rates follow from orders, so that nothing is known beforehand
}

type plan struct {
	targets []int64
	split   bool
	state   allocation.AutoState
}

func newPlans(w *World, p Policy) plans {
	ps := plans{pattern: p.Pattern, auto: p.Pattern.HasAuto()}
	rate := 0.0
	for _, s := range w.Shops {
		rate += s.Rate
	}
	for i, s := range w.Shops {
		ps.shops = append(ps.shops, allocation.Shop{ID: allocation.ShopID(i + 1), Pace: s.pace(rate)})
	}
	for i := range ps.known {
		ps.known[i] = make([]*plan, w.Units+1)
	}
	return ps
}

// pace is the shop as auto knows it where all shops together sell rate an hour. The wait for a write that is under way is half of one, as often as
// there has been a sale during it.
func (s Shop) pace(rate float64) allocation.Pace {
	show := float64(s.Call + s.Show.Longest())
	wait := show / 2 * (1 - math.Exp(-rate*show/hour))
	return allocation.Pace{Rate: int64(math.Round(s.Rate * 1000)), See: s.Every + s.Call, Show: int64(show + wait), Write: s.Write}
}

// targets are what the shops are to show of the units in the books.
func (ps *plans) targets(c *cycle) []int64 {
	if c.memory != nil {
		c.memory.paces(ps.shops, c.now)
		ps.live = ps.compute(c, max(c.books, 0), ps.live)
		if c.books > 0 {
			c.split = ps.live.split
		}
		c.state = ps.live.state
		return ps.live.targets
	}
	n := min(max(c.books, 0), int64(len(ps.known[0])-1))
	known := ps.known[c.state]
	p := known[n]
	if p == nil || p.state == allocation.AutoSplit { // which depends on what the shops show
		p = ps.compute(c, n, p)
		known[n] = p
	}
	if n > 0 {
		c.split = p.split
	}
	c.state = p.state
	return p.targets
}

func (ps *plans) compute(c *cycle, n int64, p *plan) *plan {
	if p == nil {
		p = &plan{}
	}
	if ps.auto {
		for i := range ps.shops {
			ps.shops[i].Pace.Shown = c.holders[i].Shown
			if w := c.places[i].writing; w.lands != never {
				ps.shops[i].Pace.Shown = w.number
			}
		}
	}
	var why allocation.AutoReason
	ps.scratch, why = ps.pattern.AppendSettled(ps.scratch[:0], stock.Units(n), ps.shops, c.state)
	p.state = why.State
	p.targets = quantities(p.targets[:0], ps.scratch)
	p.split = n > 0 && len(ps.scratch) > 0 && ps.scratch[0].Split
	return p
}

// quantities makes targets plain numbers.
func quantities(dst []int64, targets []allocation.Target) []int64 {
	for _, t := range targets {
		n, _ := t.Quantity.Units()
		dst = append(dst, n)
	}
	return dst
}
