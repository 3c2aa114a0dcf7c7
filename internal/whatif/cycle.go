package whatif

import (
	"cmp"
	"math"
	"math/rand/v2"

	"soroi/internal/allocation"
)

// never is later than every instant of a cycle.
const never = int64(math.MaxInt64)

// write is a number on its way to a shop.
type write struct {
	lands    int64 // when the shop sells by it; never when there is none
	sent     int64
	number   int64
	expected int64
	way      allocation.Write
}

// sale is an order that our books do not have yet.
type sale struct{ at, units int64 }

// place is a shop in a cycle: the truth, then what our side knows of it.
type place struct {
	Shop
	number   int64 // what it shows and sells from
	sales    []sale
	phase    int64 // it is polled at phase, phase + Every, …
	polledAt int64 // the next poll that matters; never when nothing waits for it
	readAt   int64 // the next reading
	writing  write // of a sync that waits for each write's end
	flying   []write
	writeAt  int64 // when the loop of a blind sync writes next
	stood    float64
}

// cycle runs one SKU from its first number until it is sold out and quiet. Its fields outlive a cycle: a run reuses one.
type cycle struct {
	world  *World
	policy Policy
	plans  plans
	rng    *rand.Rand
	pcg    *rand.PCG

	now     int64
	left    int64 // units that are truly not sold; below 0 those sold twice
	books   int64 // what our side believes is left
	state   allocation.AutoState
	split   bool
	places  []place
	holders []allocation.Holder
	numbers []int64
	least   int64   // allocation.Decide's
	memory  *memory // of real orders, from which rates follow; nil where they are given
	more    bool    // of the demand
	longest int64
	outcome Outcome
}

func newCycle(w *World, p Policy) *cycle {
	c := &cycle{world: w, policy: p, pcg: rand.NewPCG(0, 0)}
	c.rng = rand.New(c.pcg)
	c.plans = newPlans(w, p)
	c.least = cmp.Or(p.Least, usualLeast)
	c.places = make([]place, len(w.Shops))
	for i := range c.places {
		c.places[i].Shop = w.Shops[i]
	}
	c.holders = make([]allocation.Holder, len(w.Shops))
	c.numbers = make([]int64, len(w.Shops))
	return c
}

// run plays one cycle: the demand is the source's, and everything else that is left to chance comes from the seed and the cycle's number.
func (c *cycle) run(seed, n uint64, demand source) Outcome {
	c.pcg.Seed(^seed, n)
	c.now, c.left, c.books = 0, c.world.Units, c.world.Units
	c.outcome = Outcome{Stood: c.outcome.Stood[:0]}
	c.longest = c.world.longest()
	if c.memory != nil {
		c.longest, c.more = never, true
	}
	c.begin()
	next, wanted := demand.next()
	soldOut := int64(-1)
	for {
		at, what, shop := next.at, ordered, next.shop
		if !wanted {
			at = never
		}
		if c.more && !wanted {
			c.longest = c.now + 10*c.world.slowest()
		}
		c.more = wanted
		for i := range c.places {
			p := &c.places[i]
			if t := p.landing(); t < at {
				at, what, shop = t, landed, i
			}
			if p.polledAt < at {
				at, what, shop = p.polledAt, polled, i
			}
			if p.readAt < at {
				at, what, shop = p.readAt, read, i
			}
			if p.writeAt < at {
				at, what, shop = p.writeAt, wrote, i
			}
		}
		if at > c.longest || at == never {
			at, what = min(at, c.longest), ended
		}
		c.pass(at)
		if c.left <= 0 && soldOut < 0 {
			soldOut = at
		}
		switch what {
		case ended:
			return c.end(soldOut)
		case ordered:
			if next.shop < 0 {
				c.arrive(next.units)
			} else {
				c.order(next)
			}
			if c.left <= 0 && soldOut < 0 {
				soldOut = at
			}
			next, wanted = demand.next()
		case landed:
			c.land(shop)
		case polled:
			c.poll(shop)
		case read:
			c.read(shop)
		case wrote:
			p := &c.places[shop]
			c.send(shop, c.plans.targets(c)[shop])
			p.writeAt += p.Every
		}
		if c.quiet() {
			return c.end(soldOut)
		}
	}
}

// What can happen next.
const (
	ordered = iota
	landed
	polled
	read
	wrote
	ended
)

func (p *place) landing() int64 {
	if len(p.flying) > 0 {
		return p.flying[0].lands
	}
	return p.writing.lands
}

// begin puts every shop in line with what the policy gives it of all units.
func (c *cycle) begin() {
	c.state = allocation.AutoNew
	targets := c.plans.targets(c)
	for i := range c.places {
		p := &c.places[i]
		p.number, p.sales, p.flying, p.stood = targets[i], p.sales[:0], p.flying[:0], 0
		p.phase = int64(c.rng.Float64() * float64(p.Every))
		p.polledAt, p.readAt, p.writeAt, p.writing = never, never, never, write{lands: never}
		if c.policy.Blind {
			p.writeAt = int64(c.rng.Float64() * float64(p.Every))
		}
		c.holders[i] = allocation.Holder{Account: allocation.Account{Shown: p.number}, Write: p.Write}
	}
}

// pass lets time go by.
func (c *cycle) pass(at int64) {
	if c.left > 0 {
		for i := range c.places {
			c.places[i].stood += float64(c.places[i].number) * float64(at-c.now)
		}
	}
	c.now = at
}

// order lets a customer buy what the shop shows, up to what is wanted.
func (c *cycle) order(d Demand) {
	p := &c.places[d.shop]
	sold := min(d.units, p.number)
	before := c.left
	missing := d.units - sold
	elsewhere := min(missing, max(before-sold, 0))
	c.outcome.Elsewhere += elsewhere
	c.outcome.Nowhere += missing - elsewhere
	if sold == 0 {
		return
	}
	p.number -= sold
	c.left -= sold
	c.outcome.Sold += sold
	if over := sold - min(sold, max(before, 0)); over > 0 {
		c.outcome.Oversold += over
		c.outcome.OversoldOrders++
	}
	p.sales = append(p.sales, sale{c.now, sold})
	p.await(c.now)
}

// arrive takes in that units have come.
func (c *cycle) arrive(units int64) {
	c.left += units
	c.books += units
	if !c.policy.Blind {
		c.plan()
	}
}

// await makes the next poll after now come.
func (p *place) await(now int64) {
	if p.polledAt == never {
		p.polledAt = p.phase + (max(now-p.phase, 0)+p.Every-1)/p.Every*p.Every
	}
}

// poll takes in all orders of a shop.
func (c *cycle) poll(shop int) {
	p, h := &c.places[shop], &c.holders[shop]
	p.polledAt = never
	for _, s := range p.sales {
		c.books -= s.units
		if c.memory != nil {
			c.memory.sold(shop, s.units, c.now)
		}
		h.Account = h.Sold(s.units, s.at)
	}
	p.sales = p.sales[:0]
	h.Account = h.Complete(c.now)
	if !c.policy.Blind {
		c.plan()
	}
}

// plan decides what is sent, and sends it.
func (c *cycle) plan() {
	if c.policy.Frozen {
		return
	}
	targets := c.plans.targets(c)
	if !c.split {
		for i := range c.places {
			h := &c.holders[i]
			if h.Busy == allocation.NoWrite && !h.Unsure && h.Shown != targets[i] {
				c.send(i, targets[i])
			}
		}
	} else {
		for i := range c.holders {
			c.holders[i].Target = targets[i]
		}
		allocation.Decide(c.numbers, max(c.books, 0), c.holders, c.least)
		for i, number := range c.numbers {
			if h := &c.holders[i]; number != allocation.Keep && (number != h.Shown || number == 0 && h.Unsure) && h.MaySend(h.Write, number, false) {
				c.send(i, number)
			}
		}
	}
	for i := range c.places {
		p, h := &c.places[i], &c.holders[i]
		if h.Unsure && h.Busy == allocation.NoWrite && p.readAt == never {
			p.readAt = c.now + p.Call
		}
		if h.Unseen > 0 {
			p.await(c.now + 1)
		}
	}
}

// send lets a number leave.
func (c *cycle) send(shop int, number int64) {
	p, h := &c.places[shop], &c.holders[shop]
	c.outcome.Pushes++
	w := write{lands: c.now + p.Call + p.Show.draw(c.rng), sent: c.now, number: number, expected: h.Shown, way: p.Write}
	if number == 0 || c.policy.Blind {
		w.way = allocation.Overwrite
	}
	if c.policy.Blind {
		if n := len(p.flying); n > 0 {
			w.lands = max(w.lands, p.flying[n-1].lands)
		}
		p.flying = append(p.flying, w)
		return
	}
	h.Account = h.Sent(h.Write, number)
	w.expected = h.Shown
	p.writing = w
	p.readAt = never
}

// land makes a write what the shop sells by, and our side learns of it.
func (c *cycle) land(shop int) {
	p, h := &c.places[shop], &c.holders[shop]
	if c.policy.Blind {
		p.number = p.flying[0].number
		p.flying = append(p.flying[:0], p.flying[1:]...)
		return
	}
	w := p.writing
	p.writing.lands = never
	switch to := p.number + w.number - w.expected; {
	case w.way == allocation.Overwrite:
		p.number = w.number
	case to < 0 && w.way == allocation.Move:
		h.Account = h.Refused(w.number, w.expected, true)
		c.plan()
		return
	default:
		p.number = max(to, 0)
	}
	h.Account = h.Applied(w.number, w.expected, w.sent, c.now)
	c.plan()
}

// read takes in what a shop shows.
func (c *cycle) read(shop int) {
	p, h := &c.places[shop], &c.holders[shop]
	p.readAt = never
	h.Account = h.Read(p.number, c.now, c.now, false)
	c.plan()
}

// quiet tells whether nothing can be sold any more, and nothing is on its way.
func (c *cycle) quiet() bool {
	if c.memory != nil && c.more {
		return false // units may come
	}
	for i := range c.places {
		p := &c.places[i]
		if p.number > 0 || len(p.sales) > 0 || p.writing.lands != never {
			return false
		}
		for _, w := range p.flying {
			if w.number > 0 {
				return false
			}
		}
		if c.policy.Blind && c.books > 0 && c.left > 0 {
			return false
		}
		if h := &c.holders[i]; !c.policy.Blind && (p.readAt != never || p.polledAt != never || h.Unseen > 0) {
			return false
		}
	}
	return true
}

func (c *cycle) end(soldOut int64) Outcome {
	o := &c.outcome
	o.Left = max(c.left, 0)
	o.Lasted = soldOut
	if soldOut < 0 {
		o.Lasted = c.now
	}
	for i := range c.places {
		mean := 0.0
		if o.Lasted > 0 {
			mean = c.places[i].stood / float64(o.Lasted)
		}
		o.Stood = append(o.Stood, mean)
	}
	return *o
}
