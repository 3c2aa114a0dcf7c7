package mallsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/clock"
)

var mug = Key{Item: "mug-07", Variant: "white"}

func stocked(t *testing.T, o Options, units int64) *Mall {
	t.Helper()
	m := New(clock.System{}, o)
	if err := m.AddListing(Listing{Key: mug, Code: "MUG-07-W", Title: "マグカップ 白", Stock: units}); err != nil {
		t.Fatal(err)
	}
	return m
}

func place(t *testing.T, m *Mall, units ...int64) Order {
	t.Helper()
	var b Basket
	for _, n := range units {
		b.Lines = append(b.Lines, Want{Key: mug, Units: n})
	}
	o, err := m.Place(b)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func expect(t *testing.T, m *Mall, k Key, want int64) {
	t.Helper()
	if got, ok := m.Stock(k); !ok || got != want {
		t.Fatalf("%s shows %d (on sale: %v), want %d", k, got, ok, want)
	}
}

func TestPlace(t *testing.T) {
	t.Run("lowers the number at once and numbers the order", func(t *testing.T) {
		m := stocked(t, Options{OrderPrefix: "A-"}, 10)
		o := place(t, m, 3, 2)
		expect(t, m, mug, 5)
		if o.Number != "A-1" || o.Revision != 1 || len(o.Lines) != 2 || o.Lines[1].ID != "2" || o.Lines[1].Wanted != 2 {
			t.Fatalf("order %+v", o)
		}
	})
	t.Run("takes nothing when one line finds too few, lines of one listing together", func(t *testing.T) {
		m := stocked(t, Options{}, 4)
		_, err := m.Place(Basket{Lines: []Want{{Key: mug, Units: 3}, {Key: mug, Units: 2}}})
		out, ok := errors.AsType[*SoldOutError](err)
		if !ok || out.Shown != 1 || out.Key != mug {
			t.Fatalf("error %v", err)
		}
		expect(t, m, mug, 4)
	})
	t.Run("buys what there is when asked at most", func(t *testing.T) {
		m := stocked(t, Options{}, 4)
		o, err := m.Place(Basket{Lines: []Want{{Key: mug, Units: 3, AtMost: true}, {Key: mug, Units: 3, AtMost: true}, {Key: mug, Units: 1, AtMost: true}}})
		if err != nil || len(o.Lines) != 2 || o.Lines[0].Wanted != 3 || o.Lines[1].Wanted != 1 {
			t.Fatalf("%+v %v", o, err)
		}
		expect(t, m, mug, 0)
		if _, err := m.Place(Basket{Lines: []Want{{Key: mug, Units: 3, AtMost: true}}}); err == nil {
			t.Fatal("sold something that was not there")
		}
	})
	t.Run("does not lower what is unlimited", func(t *testing.T) {
		m := stocked(t, Options{}, 0)
		m.SetUnlimited(mug, true)
		place(t, m, 99)
		expect(t, m, mug, 0)
	})
	t.Run("refuses a number twice, nothing, no units, unknown goods", func(t *testing.T) {
		m := stocked(t, Options{}, 9)
		line := []Want{{Key: mug, Units: 1}}
		if _, err := m.Place(Basket{Number: "X", Lines: line}); err != nil {
			t.Fatal(err)
		}
		for _, b := range []Basket{{Number: "X", Lines: line}, {}, {Lines: []Want{{Key: mug}}}, {Lines: []Want{{Key: Key{Item: "?"}, Units: 1}}}} {
			if _, err := m.Place(b); err == nil {
				t.Errorf("took basket %+v", b)
			}
		}
		expect(t, m, mug, 8)
	})
	t.Run("numbers skip those that are taken", func(t *testing.T) {
		m := stocked(t, Options{}, 9)
		m.Place(Basket{Number: "1", Lines: []Want{{Key: mug, Units: 1}}})
		if o := place(t, m, 1); o.Number != "2" {
			t.Fatalf("number %s", o.Number)
		}
	})
}

func TestOrderLife(t *testing.T) {
	yes, no := true, false
	cases := []struct {
		name    string
		restock Restock
		do      func(*Mall, string) (Order, error)
		shown   int64
		wanted  []int64
		shipped []int64
		back    []int64
		dead    bool
	}{
		{"full cancel puts back", RestockAlways, func(m *Mall, n string) (Order, error) { return m.Cancel(n, Cancellation{}) },
			10, []int64{0, 0}, []int64{0, 0}, []int64{0, 0}, true},
		{"full cancel of a mall that never puts back", RestockNever, func(m *Mall, n string) (Order, error) { return m.Cancel(n, Cancellation{}) },
			5, []int64{0, 0}, []int64{0, 0}, []int64{0, 0}, true},
		{"asked and not asked", RestockAsked, func(m *Mall, n string) (Order, error) {
			m.Cancel(n, Cancellation{Lines: map[string]int64{"1": 1}})
			return m.Cancel(n, Cancellation{Lines: map[string]int64{"1": 1}, Restock: &yes})
		}, 6, []int64{1, 2}, []int64{0, 0}, []int64{0, 0}, false},
		{"asked not to", RestockAlways, func(m *Mall, n string) (Order, error) { return m.Cancel(n, Cancellation{Restock: &no}) },
			5, []int64{0, 0}, []int64{0, 0}, []int64{0, 0}, true},
		{"cancel leaves what has been shipped", RestockAlways, func(m *Mall, n string) (Order, error) {
			m.Ship(n, map[string]int64{"1": 2})
			return m.Cancel(n, Cancellation{})
		}, 8, []int64{2, 0}, []int64{2, 0}, []int64{0, 0}, false},
		{"cancel after shipping puts nothing back by itself", RestockAlways, func(m *Mall, n string) (Order, error) {
			m.Ship(n, nil)
			return m.Cancel(n, Cancellation{Shipped: true})
		}, 5, []int64{0, 0}, []int64{3, 2}, []int64{0, 0}, true},
		{"return of some", RestockAlways, func(m *Mall, n string) (Order, error) {
			m.Ship(n, nil)
			return m.Return(n, map[string]int64{"2": 1}, true)
		}, 6, []int64{3, 2}, []int64{3, 2}, []int64{0, 1}, false},
		{"return that is not shown again", RestockAlways, func(m *Mall, n string) (Order, error) {
			m.Ship(n, nil)
			return m.Return(n, nil, false)
		}, 5, []int64{3, 2}, []int64{3, 2}, []int64{3, 2}, false},
		{"a line grows and another goes", RestockAlways, func(m *Mall, n string) (Order, error) {
			m.Edit(n, "1", 5)
			return m.Edit(n, "2", 0)
		}, 5, []int64{5, 0}, []int64{0, 0}, []int64{0, 0}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := stocked(t, Options{Restock: c.restock}, 10)
			o, err := c.do(m, place(t, m, 3, 2).Number)
			if err != nil {
				t.Fatal(err)
			}
			expect(t, m, mug, c.shown)
			for i, l := range o.Lines {
				if l.Wanted != c.wanted[i] || l.Shipped != c.shipped[i] || l.Returned != c.back[i] || l.Ordered != []int64{3, 2}[i] {
					t.Errorf("line %+v", l)
				}
			}
			if o.Cancelled != c.dead {
				t.Errorf("cancelled %v", o.Cancelled)
			}
			if again, ok := m.Order(o.Number); !ok || !reflect.DeepEqual(again, o) {
				t.Errorf("kept %+v, answered %+v", again, o)
			}
			balanced(t, m)
		})
	}
}

func TestOrderRefusesWithoutEffect(t *testing.T) {
	m := stocked(t, Options{}, 10)
	n := place(t, m, 3, 2).Number
	m.Ship(n, map[string]int64{"1": 1})
	before, _ := m.Order(n)
	for name, err := range map[string]error{
		"unknown order":       second(m.Ship("?", nil)),
		"unknown line":        second(m.Cancel(n, Cancellation{Lines: map[string]int64{"1": 1, "9": 1}})),
		"too many":            second(m.Cancel(n, Cancellation{Lines: map[string]int64{"1": 3}})),
		"none":                second(m.Ship(n, map[string]int64{"1": 0})),
		"return of unshipped": second(m.Return(n, map[string]int64{"2": 1}, true)),
		"edit below shipped":  second(m.Edit(n, "1", 0)),
		"edit past the shelf": second(m.Edit(n, "1", 99)),
	} {
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if after, _ := m.Order(n); !reflect.DeepEqual(before, after) {
		t.Errorf("changed from %+v to %+v", before, after)
	}
	expect(t, m, mug, 5)
}

func second(_ Order, err error) error { return err }

func TestAddStockKeepsItsRange(t *testing.T) {
	m := stocked(t, Options{}, 3)
	_, err := m.AddStock(mug, -4, ByPush, 0, 99999)
	if r, ok := errors.AsType[*RangeError](err); !ok || r.Before != 3 || r.After != -1 {
		t.Fatalf("error %v", err)
	}
	expect(t, m, mug, 3)
	if after, err := m.AddStock(mug, -3, ByPush, 0, 99999); err != nil || after != 0 {
		t.Fatal(after, err)
	}
	if _, err := m.AddStock(Key{Item: "?"}, 1, ByPush, 0, 9); err == nil {
		t.Fatal("wrote to a listing that is not there")
	}
}

func TestWriteStockIsAllOrNothing(t *testing.T) {
	m := stocked(t, Options{}, 3)
	cup := Key{Item: "cup"}
	m.AddListing(Listing{Key: cup, Stock: 7})
	errs := m.WriteStock([]StockWrite{{Key: cup, Units: 9}, {Key: mug, Units: -4, Add: true}, {Key: Key{Item: "?"}}}, ByPush, 0, 99999)
	if errs[0] != nil || errs[1] == nil || errs[2] == nil {
		t.Fatal(errs)
	}
	expect(t, m, cup, 7)
	expect(t, m, mug, 3)
	if errs := m.WriteStock([]StockWrite{{Key: cup, Units: 9}, {Key: mug, Units: -3, Add: true}}, ByPush, 0, 99999); errs[0] != nil || errs[1] != nil {
		t.Fatal(errs)
	}
	expect(t, m, cup, 9)
	expect(t, m, mug, 0)
	balanced(t, m)
}

func TestLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := stocked(t, Options{WriteLag: 10 * time.Second, OrderLag: 5 * time.Second}, 10)
		reads := func(want int64) {
			t.Helper()
			if l, _, _ := m.Listing(mug); l.Stock != want {
				t.Fatalf("a reader sees %d, want %d", l.Stock, want)
			}
		}
		m.SetStock(mug, 20, ByPush)
		reads(10)
		time.Sleep(6 * time.Second)
		m.SetStock(mug, 15, ByPush)
		place(t, m, 12) // the true number is enough
		reads(0)        // 3 less the two hidden writes, never below zero
		if got := len(m.Orders(nil)); got != 0 {
			t.Fatalf("%d orders listed at once", got)
		}
		time.Sleep(4 * time.Second)
		reads(8) // 15 − 12, the later write (−5) still hidden
		time.Sleep(1 * time.Second)
		if got := len(m.Orders(nil)); got != 1 {
			t.Fatalf("%d orders listed after the lag", got)
		}
		time.Sleep(5 * time.Second)
		reads(3)
		o, err := m.Place(Basket{HeldUntil: time.Now().Add(time.Hour), Lines: []Want{{Key: mug, Units: 1}}})
		if err != nil || !o.ListedAt.Equal(time.Now().Add(time.Hour)) {
			t.Fatalf("%+v %v", o, err)
		}
		time.Sleep(59 * time.Minute)
		if got := len(m.Orders(nil)); got != 1 {
			t.Fatalf("%d orders", got)
		}
		time.Sleep(time.Minute)
		if got := len(m.Orders(nil)); got != 2 {
			t.Fatalf("%d orders", got)
		}
	})
}

func TestFind(t *testing.T) {
	m := stocked(t, Options{}, 1000)
	start := time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)
	for i := range 10 { // placed in the wrong order
		at := start.Add(time.Duration((i*7)%10) * time.Minute)
		if _, err := m.Place(Basket{Number: fmt.Sprint("n", (i*7)%10), At: at, Lines: []Want{{Key: mug, Units: 1}}}); err != nil {
			t.Fatal(err)
		}
	}
	got := ""
	for _, o := range m.Find(Query{PlacedFrom: start.Add(2 * time.Minute), PlacedUntil: start.Add(5 * time.Minute),
		Keep: func(o Order) bool { return o.Number != "n3" }}) {
		got += o.Number
	}
	if got != "n2n4n5" {
		t.Fatal(got)
	}
}

func TestPagesOfListings(t *testing.T) {
	m := New(clock.System{}, Options{})
	for i := range 25 {
		m.AddListing(Listing{Key: Key{Item: fmt.Sprint("i", 24-i)}})
	}
	var last Key
	seen := 0
	for {
		page := m.ListingsAfter(last, 10)
		if len(page) == 0 {
			break
		}
		for _, l := range page {
			if l.Key.Compare(last) <= 0 {
				t.Fatalf("%s after %s", l.Key, last)
			}
			last = l.Key
			seen++
		}
	}
	if seen != 25 || m.Count() != 25 {
		t.Fatal(seen)
	}
	m.RemoveListing(last)
	if _, _, ok := m.Listing(last); ok || m.Count() != 24 {
		t.Fatal("still on sale")
	}
	balanced(t, m)
}

// balanced proves that the journal leads to the numbers shown and has no gap.
func balanced(t *testing.T, m *Mall) {
	t.Helper()
	at := map[Key]int64{}
	for i, c := range m.Journal(0, 0) {
		if c.Before != at[c.Key] || c.Seq != int64(i)+1 {
			t.Fatalf("change %+v does not follow from %d", c, at[c.Key])
		}
		at[c.Key] = c.After
	}
	for _, l := range m.Books().Listings {
		if at[l.Key] != l.Stock {
			t.Fatalf("the journal of %s ends at %d, the mall shows %d", l.Key, at[l.Key], l.Stock)
		}
	}
}

func TestCrowd(t *testing.T) {
	m := New(clock.System{}, Options{})
	for i := range 50 {
		m.AddListing(Listing{Key: Key{Item: fmt.Sprint(i)}, Stock: 40})
	}
	var mu sync.Mutex
	heard := 0
	m.Watch(func(Change) { mu.Lock(); heard++; mu.Unlock() })
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 1))
			for range 200 {
				k := Key{Item: fmt.Sprint(r.IntN(50))}
				o, err := m.Place(Basket{Lines: []Want{{Key: k, Units: 1 + r.Int64N(3), AtMost: true}}})
				switch {
				case err != nil:
					m.AddStock(k, 5, ByEdit, 0, 1000)
				case r.IntN(4) == 0:
					m.Cancel(o.Number, Cancellation{})
				case r.IntN(4) == 0:
					m.Ship(o.Number, nil)
				}
				m.Listings()
				m.Orders(func(Order) bool { return false })
			}
		})
	}
	wg.Wait()
	balanced(t, m)
	for _, c := range m.Journal(0, 0) {
		if c.After < 0 {
			t.Fatalf("sold below zero: %+v", c)
		}
	}
	if want := len(m.Journal(50, 0)); heard != want {
		t.Fatalf("watchers heard %d of %d changes", heard, want)
	}
}

func TestBooksComeBack(t *testing.T) {
	m := stocked(t, Options{Name: "shop"}, 30)
	m.AddListing(Listing{Key: Key{Item: "gone"}, Stock: 5})
	m.Place(Basket{Lines: []Want{{Key: Key{Item: "gone"}, Units: 1}, {Key: mug, Units: 2}}})
	m.RemoveListing(Key{Item: "gone"})
	m.Cancel(place(t, m, 4).Number, Cancellation{Reason: "changed my mind"})
	m.Ship(place(t, m, 1).Number, nil)
	text, err := json.Marshal(m.Books())
	if err != nil {
		t.Fatal(err)
	}
	var b Books
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	again := New(clock.System{}, Options{Name: "shop"})
	if err := again.Restore(b); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again.Books(), m.Books()) {
		t.Fatalf("books differ:\n%+v\n%+v", m.Books(), again.Books())
	}
	balanced(t, again)
	if o := place(t, again, 1); o.Number != "4" {
		t.Fatalf("the next order is called %s", o.Number)
	}
	if err := again.Restore(b); err == nil {
		t.Fatal("restored over a mall that is not empty")
	}
	b.Journal = b.Journal[1:]
	if err := New(clock.System{}, Options{}).Restore(b); err == nil {
		t.Fatal("took a journal with a gap")
	}
}

func BenchmarkPlace(b *testing.B) {
	m := New(clock.System{}, Options{})
	for i := range 100_000 {
		m.AddListing(Listing{Key: Key{Item: fmt.Sprint(i)}, Stock: 1 << 40})
	}
	lines := make([]Want, 14)
	n := 0
	for b.Loop() {
		for i := range lines {
			n++
			lines[i] = Want{Key: Key{Item: fmt.Sprint(n * 7919 % 100_000)}, Units: 1}
		}
		m.Place(Basket{Lines: lines})
	}
}
