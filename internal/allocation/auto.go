package allocation

import (
	"math"
	"time"

	"soroi/internal/stock"
)

// A rule with a risk instead of shares is auto (おまかせ): shops show all units while it is unlikely that all of them sell before the shops can be
// told, and divide them before that ends. It becomes a plain rule, Same for all or Fixed units for each, to which everything applies
// that applies to one which a person wrote: exceptions, what channels can show, escrow.
//
// A sale is in our books after its shop's See, and has changed another shop's number after that one's Show. What sells within that time is taken to be
// drawn from a Poisson distribution at the recent rates. Shops go on sharing while the chance that this is all there is stays at or below the risk. (It is
// sales that bring stock down, so one is certain; that so many or more sell is therefore the chance of selling one too many.)
//
// A split gives each unit to the shop that is likeliest to sell it by the time at which all would be gone: slow shops get less than their part, and
// the last unit lies in the fastest. What lies somewhere stays there unless moving it sells more by then: a move waits for two writes, and a shop that can
// only be overwritten sells nothing meanwhile.

// Risks, in millionths: of an oversell, each time that a SKU's stock runs out.
const (
	UsualRisk   = 1_000   // 0.1 %
	LargestRisk = 500_000 // 50 %
)

// Pace is how fast a SKU sells in one listing, and how late each side learns of the other. Spans are microseconds.
type Pace struct {
	Rate  int64 // units sold lately, in thousandths per hour
	See   int64 // from an order until it is in our books: the longest that is usual
	Show  int64 // from a decision until the shop sells by it, and the wait for a write that is under way
	Write Write
	// Order is how many units an order of the SKU takes on average, in thousandths, and Large how many one takes at most, as far as recent ones tell; 0 is one
	// unit each. They are the SKU's, and the same in all its listings.
	Order, Large int64
	Shown        int64 // what the listing shows, or will when what is under way has arrived; below 0 when nobody knows
}

// Memory is what is remembered of a SKU's sales, from which its pace follows.
type Memory struct {
	Month int64 // units sold in 30 days
	// Of the last LastOrders orders: how many they are, the units of all, and of the largest.
	Orders, Units, Largest int64
}

// LastOrders is of how many orders their sizes are remembered.
const LastOrders = 30

// What is known of sales says too little of those that come.
const (
	// busy is how much denser sales come than a month has them on average: within the hours of a day, and in bursts.
	busy = 8
	// tail is how many times larger than the largest order of late one may be.
	tail = 10
	// anything is the size of an order of a SKU that has never been ordered: it may take all there is.
	anything = 1_000_000
)

// Pace is a listing's pace as far as sales go, of a SKU that so many listings have: faded is what the listing has sold lately, in thousandths of a
// unit per hour.
func (m Memory) Pace(faded int64, listings int) Pace {
	p := Pace{Rate: max(faded, m.Month*1000*busy/(30*24)/int64(max(listings, 1))), Large: anything}
	if m.Orders > 0 {
		p.Order, p.Large = m.Units*1000/m.Orders, min(m.Largest*tail, anything)
	}
	return p
}

// AutoState is how auto served a SKU last. It makes auto slow to change its mind.
type AutoState int

// The states.
const (
	AutoNew   AutoState = iota // not yet
	AutoSame                   // all shops share
	AutoSplit                  // the units are divided
)

// AutoReason says why auto shares or splits.
type AutoReason struct {
	State    AutoState
	Sellable int64
	Rate     int64   // of all shops that may have any, thousandths of a unit per hour
	Lag      int64   // microseconds: See and Show, each shop's weighed by its rate
	Mean     float64 // orders that come within the lag
	Large    int64   // units that one of them may take
	Risk     int64   // millionths, rounded up: the chance that those are all there are
	Most     int64   // millionths: what it may be
}

const (
	// slowest is the rate, of all shops together, of a SKU that has not sold lately, in units per hour: one a month.
	slowest = 1.0 / (30 * 24)
	// mostWeighed is up to how many units each is given where it is likeliest to sell. More are divided by the rates alone.
	mostWeighed = 400
	// spread is by how many standard deviations of what sells a split looks further ahead than selling all units would take.
	spread = 1.9
	// worth is how many units more a move must sell.
	worth = 0.02
	// calmer and muchCalmer are how much faster sales must be bearable for shops that divide to share again: with more units, and with those there are.
	calmer     = 1.25
	muchCalmer = 8
)

const hour = float64(time.Hour / time.Microsecond)

// Settle gives the plain rule that an auto rule stands for now, of a SKU that was served as before says.
func (r Rule) Settle(sellable stock.Quantity, shops []Shop, before AutoState) (Rule, AutoReason) {
	rule := Rule{From: r.From, To: r.To, Default: Share{Kind: Same}}
	s := newSellers(shops)
	why := s.reason()
	why.Most, why.State = r.Auto, AutoSame
	n, limited := sellable.Units()
	if !limited {
		return rule, why
	}
	why.Sellable = n
	why.Risk = int64(math.Ceil(PoissonTail(s.orders(n), why.Mean) * 1e6))
	switch {
	case n == 0:
		why.State = before // nothing to share or to divide
	case !s.mayShare(n, why.Mean, float64(r.Auto)/1e6, before):
		why.State = AutoSplit
	}
	if why.State != AutoSplit {
		return rule, why
	}
	rule.Default = Share{Kind: Stop}
	rule.Shares = make([]ShopShare, len(s))
	for i, units := range s.split(n, before) {
		rule.Shares[i] = ShopShare{s[i].id, Share{Fixed, units}}
	}
	return rule, why
}

// mayShare tells whether n units may be shared. To begin with it, there must also be what the way back would lose; and to share again, a little more,
// or sales that are slower by far, so that neither a unit more or less nor one sale changes it again.
func (s sellers) mayShare(n int64, mean, most float64, before AutoState) bool {
	chance := func(n int64, mean float64) float64 { return PoissonTail(s.orders(n), mean) }
	lost := int64(math.Round(s.wayBack()))
	switch {
	case mean == 0 || chance(n, mean) > most:
		return mean == 0
	case before == AutoNew:
		return chance(n-lost, mean) <= most
	case before == AutoSplit:
		return chance(n-lost-s.large()-1, mean*calmer) <= most || chance(max(n-1, 1), mean*muchCalmer) <= most
	}
	return true
}

// orders is how many orders, besides one that is certain, take n units at least: as many as that if all of them are large.
func (s sellers) orders(n int64) int64 {
	if n <= 0 {
		return 0
	}
	return max(n/s.large(), 1)
}

// PoissonTail is the chance that n or more happen where mean are expected, 1 for n of 0 or less. It adds up the chances of n, n+1 … themselves
// instead of taking others from 1, so a small one is as right as a large one.
func PoissonTail(n int64, mean float64) float64 {
	switch {
	case n <= 0:
		return 1
	case !(mean > 0):
		return 0
	}
	k := float64(n)
	head := mean > k // the other side is smaller
	if head {
		k--
	}
	gamma, _ := math.Lgamma(k + 1)
	first := math.Exp(k*math.Log(mean) - mean - gamma)
	sum, term := 0.0, 1.0 // in units of first
	for term > 1e-17*sum {
		sum += term
		if head {
			term *= k / mean
			k--
		} else {
			k++
			term *= mean / k
		}
	}
	if head {
		return 1 - sum*first
	}
	return sum * first
}

// chances are those that more than 0, 1, … units are wanted, up to so many, where mean are on average.
func chances(units int64, mean float64) []float64 {
	list := make([]float64, units)
	chance := math.Exp(-mean) // of exactly k
	tail := 1 - chance
	for k := range list {
		list[k] = max(tail, 0)
		chance *= mean / float64(k+1)
		tail -= chance
	}
	return list
}

// sells is how many of so many units sell, on average, where mean are wanted.
func sells(units int64, mean float64) float64 {
	if mean <= 0 {
		return 0
	}
	chance := math.Exp(-mean)
	tail, sum := 1-chance, 0.0
	for k := int64(1); k <= units && tail > 0; k++ {
		sum += tail
		chance *= mean / float64(k)
		tail -= chance
	}
	return sum
}

// seller is a shop as auto divides units among them: all its listings of the SKU together.
type seller struct {
	id        ShopID
	rate      float64 // units per microsecond
	see, show float64
	overwrite bool
	most      int64 // that it may have
	shown     int64
	order     float64 // units that one takes on average
	large     int64
	unknown   bool
	chances   []float64 // chances[k] that it sells more than k units within the horizon
}

type sellers []seller

func newSellers(shops []Shop) sellers {
	s := make(sellers, 0, len(shops))
	for _, shop := range shops {
		i := s.find(shop.ID)
		p := shop.Pace
		x := &s[i]
		x.rate += float64(max(p.Rate, 0)) / 1000 / hour
		x.see, x.show = max(x.see, float64(p.See)), max(x.show, float64(p.Show))
		x.overwrite = x.overwrite || p.Write == Overwrite
		x.order, x.large = max(x.order, float64(p.Order)/1000, 1), max(x.large, p.Large, 1)
		x.shown += max(p.Shown, 0)
		x.unknown = x.unknown || p.Shown < 0
		if shop.Largest > 0 {
			x.most += shop.Largest
		} else {
			x.most += stock.LargestUnits
		}
		if most, bound := shop.exception(); bound {
			x.most = min(x.most, max(most, 0))
		}
	}
	least := slowest / hour / float64(max(len(s), 1))
	for i := range s {
		s[i].rate = max(s[i].rate, least)
	}
	return s
}

// find is the place of a shop, which is made when there is none.
func (s *sellers) find(id ShopID) int {
	for i := range *s {
		if (*s)[i].id == id {
			return i
		}
	}
	*s = append(*s, seller{id: id})
	return len(*s) - 1
}

// large is how many units one order may take.
func (s sellers) large() int64 {
	large := int64(1)
	for i := range s {
		large = max(large, s[i].large)
	}
	return large
}

// rate is that of all shops that may have any.
func (s sellers) rate() float64 {
	sum := 0.0
	for i := range s {
		if s[i].most > 0 {
			sum += s[i].rate
		}
	}
	return sum
}

// reason weighs lags by rates. Where only one shop may have any, its own number is always right. A difference that leads below zero is refused, and a zero has to follow it: where differences are written,
// Show counts half as much again.
func (s sellers) reason() (why AutoReason) {
	rate, several, units := s.rate(), 0, 0.0
	for i := range s {
		x := &s[i]
		if x.most > 0 {
			several++
			lag := x.see + x.show
			if !x.overwrite {
				lag += x.show / 2
			}
			why.Mean += x.rate / x.order * lag
			units += x.rate * lag
		}
	}
	why.Large = s.large()
	if several < 2 {
		why.Mean = 0
		units = 0
	}
	why.Rate = int64(math.Round(rate * hour * 1000))
	if rate > 0 {
		why.Lag = int64(math.Round(units / rate))
	}
	return why
}

// away is how long a shop that can only be overwritten sells nothing while its number changes: a zero, its orders, the number.
func (x *seller) away() float64 { return 2*x.show + x.see/2 }

// wayBack is how many units are not sold while shops that share begin to divide.
func (s sellers) wayBack() float64 {
	lost := 0.0
	for i := range s {
		if x := &s[i]; x.overwrite && x.most > 0 {
			lost += x.rate * x.away()
		}
	}
	return lost
}

// split gives each shop its part of n units.
func (s sellers) split(n int64, before AutoState) []int64 {
	rate := s.rate()
	best := make([]int64, len(s))
	if rate == 0 {
		return best
	}
	if n > mostWeighed {
		s.byRate(n, rate, best)
		return best
	}
	horizon := (float64(n) + spread*math.Sqrt(float64(n))) / rate
	for i := range s {
		x := &s[i]
		x.chances = chances(min(n, x.most), x.rate*horizon)
	}
	s.give(n, best, func(*seller) bool { return true })
	spare := n
	for i := range s {
		if s[i].unknown || s[i].shown > s[i].most {
			return best
		}
		spare -= s[i].shown
	}
	if before != AutoSplit || spare < 0 {
		return best
	}
	most := s.value(best, horizon, spare) - worth
	for _, may := range []func(*seller) bool{func(*seller) bool { return true }, func(x *seller) bool { return x.shown == 0 || !x.overwrite }} {
		kept := make([]int64, len(s))
		for i := range s {
			kept[i] = s[i].shown
		}
		s.give(spare, kept, may)
		if value := s.value(kept, horizon, spare); value >= most {
			best, most = kept, value
		}
	}
	return best
}

// give adds n units to the parts of shops that may get some, each where it is likeliest to sell; ties go to the first shop.
func (s sellers) give(n int64, parts []int64, may func(*seller) bool) {
	for ; n > 0; n-- {
		best, most := -1, -1.0
		for i := range s {
			x := &s[i]
			if parts[i] < int64(len(x.chances)) && may(x) && x.chances[parts[i]] > most {
				best, most = i, x.chances[parts[i]]
			}
		}
		if best < 0 {
			return
		}
		parts[best]++
	}
}

// byRate divides n units by rates, rounded down. The rest, and what a shop may not have, goes to the fastest that may.
func (s sellers) byRate(n int64, rate float64, parts []int64) {
	left := n
	for i := range s {
		parts[i] = min(int64(float64(n)*s[i].rate/rate+1e-6), s[i].most, left)
		left -= parts[i]
	}
	for left > 0 {
		best := -1
		for i := range s {
			if parts[i] < s[i].most && (best < 0 || s[i].rate > s[best].rate) {
				best = i
			}
		}
		if best < 0 {
			return
		}
		units := min(left, s[best].most-parts[best])
		parts[best] += units
		left -= units
	}
}

// value is how many units sell within the horizon when the shops are given these parts now. spare units lie nowhere yet.
func (s sellers) value(parts []int64, horizon float64, spare int64) (sum float64) {
	wait := 0.0 // until what others give up is free
	for i := range s {
		if x := &s[i]; parts[i] < x.shown {
			free := x.show
			if x.overwrite {
				free += x.see / 2
			}
			wait = max(wait, free)
		}
	}
	for i := range s {
		x := &s[i]
		units, whole := parts[i], x.rate*horizon
		empty := x.show // until it is raised
		if units-x.shown > spare {
			empty += wait
		}
		switch {
		case units == x.shown:
			sum += sells(units, whole)
		case x.overwrite && x.shown > 0:
			sum += sells(units, x.rate*(horizon-max(x.away(), empty)))
		case units < x.shown:
			sum += sells(units, whole)
		case x.shown == 0:
			sum += sells(units, x.rate*(horizon-empty))
		default:
			missed := x.rate*empty - sells(x.shown, x.rate*empty)
			sum += max(sells(units, whole)-missed, sells(x.shown, whole))
		}
	}
	return sum
}
