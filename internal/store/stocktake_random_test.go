package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// Trade goes on at random while one SKU is counted and approved: at the end on hand is what lies there and what is on its way out.
func TestStocktake_random(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		c := newHandClock()
		random(t, storetest.Open(t, filepath.Join(t.TempDir(), "soroi.db"), c), c, 120)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		c := newHandClock()
		random(t, storetest.Open(t, storetest.Postgres(t), c), c, 120)
	})
}

func random(t *testing.T, db *store.DB, clock *handClock, seeds int) {
	rests := 0
	for seed := range seeds {
		b := newBooks(t, db, fmt.Sprint("s", seed))
		b.skus("A-01")
		r := rand.New(rand.NewPCG(uint64(seed), 9))
		b.set("A-01", 15+r.Int64N(10))
		shop := b.shop("本店", "A-01")
		w := &yard{counting: &counting{books: b, clock: clock}, r: r, shop: shop, lying: 20}
		for range 10 + r.IntN(20) {
			w.step()
		}
		rule := []stock.PickedUnits{stock.OnShelf, stock.TakenOff, stock.PickedAsked}[r.IntN(3)]
		if rule == stock.OnShelf {
			w.putBack()
		} else {
			w.pick() // all of what is known
		}
		clock.advance(time.Second)
		w.counting = b.count(rule, clock)
		off := int64(0)
		for _, o := range w.orders {
			if !o.told {
				off += o.units
			}
		}
		_, err := db.AddScans(context.Background(), b.tenant, w.take.ID, "hana", []store.NewScan{{Key: "1", SKU: b.id("A-01"), Sets: true, Units: w.lying, Picked: &off}})
		b.must(err)
		counted := clock.Now()
		for _, o := range w.orders {
			if o.gone && rule == stock.OnShelf {
				o.asked = counted.Add(-time.Millisecond) // what is not told yet must be on its way: its page was asked for before the count
			}
		}
		away := slices.DeleteFunc(slices.Clone(w.orders), func(o *parcel) bool { return !o.gone || o.told })
		clock.advance(time.Second)
		w.known = true
		for range r.IntN(12) {
			w.step()
		}
		w.compare(counted)
		if a := w.approve(store.ApprovalRow{SKU: b.id("A-01"), Says: stock.AdjustedCorrected}); !a.Applied {
			t.Fatalf("seed %d: %+v", seed, a)
		}
		for range r.IntN(6) {
			w.step()
		}
		for _, o := range away { // a page of orders that was asked for before the count arrives after the approval
			if !o.told {
				w.tell(o, counted.Add(-time.Millisecond))
			}
		}
		w.compare(counted)
		if w.line("A-01").Delta != 0 {
			rests++
		}
		if a := w.approve(store.ApprovalRow{SKU: b.id("A-01")}); !a.Applied {
			t.Fatalf("seed %d: %+v", seed, a)
		}
		for _, o := range w.orders {
			if !o.told {
				o.gone = true
				w.tell(o, clock.Now())
			}
			if !o.picked {
				w.lying -= o.units
			}
		}
		if got := b.onHand("A-01"); got != w.lying {
			t.Fatalf("seed %d, %s: the books say %d, the truth is %d; %+v", seed, rule, got, w.lying, w.line("A-01"))
		}
		if report, err := db.Verify(context.Background(), b.tenant, nil); err != nil || !report.OK() {
			t.Fatalf("seed %d: %v, %v", seed, report.Broken, err)
		}
	}
	if rests < seeds/40 {
		t.Errorf("%d of %d had a rest: the sequences prove little", rests, seeds)
	}
}

// yard is a warehouse whose shop tells of parcels late.
type yard struct {
	*counting
	r      *rand.Rand
	shop   channel.ShopID
	lying  int64
	orders []*parcel
	known  bool // nothing is lost or found unseen any more
}

type parcel struct {
	number             string
	units              int64
	placed, asked      time.Time
	picked, gone, told bool
}

func (w *yard) step() {
	w.clock.advance(time.Duration(1+w.r.IntN(3)) * time.Second)
	n := 1 + w.r.Int64N(3)
	switch w.r.IntN(8) {
	case 0:
		o := &parcel{number: fmt.Sprint("o", len(w.orders)), units: n, placed: w.clock.Now()}
		w.orders = append(w.orders, o)
		w.books.take(w.shop, w.snapshot(o, order.Open, w.clock.Now()))
	case 1, 7:
		w.pick()
	case 2:
		for _, o := range w.orders {
			o.gone = o.gone || o.picked && w.r.IntN(2) == 0
		}
	case 3:
		for _, o := range w.orders {
			if o.gone && !o.told {
				w.tell(o, w.clock.Now())
				break
			}
		}
	case 4:
		w.lying += n
		w.change(stock.Receipt, "A-01", n)
	case 5:
		if !w.known {
			w.lying += n - 2
		}
	case 6:
		if w.line0() {
			w.change(stock.Adjustment, "A-01", n-2)
		}
	}
}

// line0 tells whether adjustments still count as corrections of what was found.
func (w *yard) line0() bool {
	if w.take.ID == 0 {
		return true
	}
	l := w.line("A-01")
	return l.State == store.LineCounted
}

func (w *yard) pick() {
	for _, o := range w.orders {
		if !o.picked {
			o.picked = true
			w.lying -= o.units
		}
	}
}

// putBack empties the packing table.
func (w *yard) putBack() {
	for _, o := range w.orders {
		if o.picked && !o.gone {
			o.picked = false
			w.lying += o.units
		}
	}
}

func (w *yard) tell(o *parcel, asked time.Time) {
	o.told = true
	if !o.asked.IsZero() {
		asked = o.asked
	}
	w.books.take(w.shop, w.snapshot(o, order.Shipped, asked))
}

func (w *yard) snapshot(o *parcel, state order.State, asked time.Time) order.Snapshot {
	s := order.Snapshot{Number: o.number, PlacedAt: o.placed, State: state, Version: order.Version{Revision: 1, AskedAt: asked}}
	line := order.Line{Key: "1", Ref: "A-01", Code: "A-01", Title: "A-01", Wanted: o.units}
	if state == order.Shipped {
		line.Shipped, s.Version.Revision = o.units, 2
	}
	s.Lines = []order.Line{line}
	return s
}

// compare holds the figures that SQL sums up against the rule for one movement after another.
func (w *yard) compare(counted time.Time) {
	w.t.Helper()
	moves, err := w.db.ListMovements(context.Background(), w.tenant, "A-01", "", 1000)
	w.must(err)
	slices.Reverse(moves.Movements)
	l := w.line("A-01")
	at := stock.Moment{At: counted}
	for _, m := range moves.Movements {
		if !m.PostedAt.After(counted) {
			at.Seq = m.Seq
		}
	}
	var since stock.Since
	for _, m := range moves.Movements {
		if m.Seq == at.Seq && m.After != l.Count.Books {
			w.t.Errorf("the books at the moment: %+v, want %+v", l.Count.Books, m.After)
		}
		since = since.With(stock.Movement{Kind: m.Kind, OnHandDelta: m.OnHandDelta, CommittedDelta: m.CommittedDelta, OccurredAt: m.OccurredAt}, m.Seq, at)
	}
	if l.State == store.LineApproved {
		since.Corrected = l.Count.Since.Corrected // as of the approval
	}
	if since != l.Count.Since {
		w.t.Errorf("since: %+v, want %+v", l.Count.Since, since)
	}
}
