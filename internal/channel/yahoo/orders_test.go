package yahoo

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/channel"
	"soroi/internal/order"
)

// pullAll pulls until nothing more follows.
func pullAll(t *testing.T, c *connector, since channel.Cursor) ([]string, channel.OrderPage) {
	t.Helper()
	var numbers []string
	for range 1000 {
		page, err := c.PullOrders(t.Context(), since)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Orders {
			numbers = append(numbers, o.Number)
		}
		if !page.More {
			return numbers, page
		}
		since = page.Next
	}
	t.Fatal("pulling never ends")
	return nil, channel.OrderPage{}
}

func TestAnOrderIsShownOnceUntilItChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := s.open()
		first := s.place("10000001")
		numbers, page := pullAll(t, c, "")
		if len(numbers) != 1 {
			t.Fatalf("pulled %v", numbers)
		}
		s.calls()
		time.Sleep(15 * time.Second)
		numbers, page = pullAll(t, c, page.Next)
		if n := s.calls(); len(numbers) != 0 || n[opOrderInfo] != 0 || n[opOrderList] != 1 {
			t.Errorf("an order that has not changed: pulled %v with %v", numbers, n)
		}
		first.version, first.changed = 2, time.Now()
		numbers, page = pullAll(t, c, page.Next)
		if len(numbers) != 1 {
			t.Errorf("an order inside the overlap that changed: pulled %v", numbers)
		}
		time.Sleep(lateness + time.Minute)
		if numbers, page = pullAll(t, c, page.Next); len(numbers) != 0 {
			t.Errorf("long after: pulled %v", numbers)
		}
		if p, err := readCursor(page.Next, testSeller, time.Now()); err != nil || len(p.Shown) != 0 {
			t.Errorf("the cursor still remembers %v (%v)", p.Shown, err)
		}
	})
}

func TestPagesAreSmallWhileOrdersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := s.open()
		for i := range 23 {
			s.place(fmt.Sprint(10000001 + i)) // all in one second
		}
		seen := map[string]bool{}
		var since channel.Cursor
		for pages := 1; ; pages++ {
			began := time.Now()
			page, err := c.PullOrders(t.Context(), since)
			if err != nil {
				t.Fatal(err)
			}
			if len(page.Orders) > pageOrders || time.Since(began) > 10*time.Second {
				t.Errorf("page %d holds %d orders and took %v", pages, len(page.Orders), time.Since(began))
			}
			for _, o := range page.Orders {
				if seen[o.Number] {
					t.Errorf("%s came twice", o.Number)
				}
				seen[o.Number] = true
			}
			if !page.More {
				break
			}
			since = page.Next
		}
		if len(seen) != 23 {
			t.Errorf("pulled %d orders", len(seen))
		}
	})
}

func TestHeldOrdersComeWhenTheyAreLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := s.open()
		_, page := pullAll(t, c, "")
		held := s.place("10000001")
		held.published = time.Now().Add(50 * time.Hour)
		held.listed = held.published
		for range 49 {
			time.Sleep(time.Hour)
			var numbers []string
			if numbers, page = pullAll(t, c, page.Next); len(numbers) != 0 {
				t.Fatalf("pulled %v before it was let go", numbers)
			}
		}
		time.Sleep(time.Hour)
		numbers, page := pullAll(t, c, page.Next)
		if !slices.Equal(numbers, []string{testSeller + "-10000001"}) {
			t.Fatalf("pulled %v after it was let go", numbers)
		}
		time.Sleep(2 * time.Minute)
		if numbers, _ = pullAll(t, c, page.Next); len(numbers) != 0 {
			t.Errorf("and again: %v", numbers)
		}
	})
}

// An order that joins the list late, while the orders after it are being read page by page, is not lost.
func TestLateOrderDuringABacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := s.open()
		late := s.place("99999999")
		late.listed = late.listed.Add(lateness - time.Second)
		late.published = time.Time{} // so that only the order's own time can find it
		for i := range 60 {
			time.Sleep(time.Second)
			s.place(fmt.Sprint(10000001 + i))
		}
		numbers, page := pullAll(t, c, "")
		if len(numbers) != 60 {
			t.Fatalf("pulled %d orders while one is not listed yet, want 60", len(numbers))
		}
		time.Sleep(lateness)
		if numbers, _ = pullAll(t, c, page.Next); !slices.Equal(numbers, []string{testSeller + "-99999999"}) {
			t.Errorf("then pulled %v", numbers)
		}
	})
}

// Polling asks for each order once, whatever the overlaps of the two lists are.
func TestPollingAsksForEachOrderOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := s.open()
		_, page := pullAll(t, c, "")
		s.calls()
		const orders = 60
		for i := range orders {
			s.place(fmt.Sprint(10000001 + i))
			time.Sleep(15 * time.Second)
			_, page = pullAll(t, c, page.Next)
		}
		if n := s.calls(); n[opOrderInfo] != orders || n[opOrderList] > orders*5/4+1 {
			t.Errorf("%d orders took %v", orders, n)
		}
	})
}

// An order that was read in the second of its change may have changed again in that second, and nothing in the list tells.
func TestRefreshDoubtsWhatWasReadAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := s.open()
		s.place("10000001")
		page, err := c.PullOrders(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []int{1, 0} {
			time.Sleep(time.Minute)
			o := page.Orders[0]
			again, err := c.RefreshOrders(t.Context(), []order.Known{{Number: o.Number, PlacedAt: o.PlacedAt, Version: o.Version}})
			if err != nil || len(again) != want {
				t.Fatalf("refresh %d gave %d orders (%v), want %d", i+1, len(again), err, want)
			}
			page.Orders = append(again, o)
		}
	})
}

func TestAnErrorInTheMiddleKeepsWhatIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := s.open()
		for i := range 4 {
			s.place(fmt.Sprint(10000001 + i))
			time.Sleep(time.Second)
		}
		asked := 0
		s.answer[opOrderInfo] = func(w http.ResponseWriter, r request) {
			if asked++; asked == 3 {
				mallError(w, 500, "od91001", "trouble")
				return
			}
			s.info(w, r)
		}
		page, err := c.PullOrders(t.Context(), "")
		if err != nil || len(page.Orders) != 2 || !page.More || !page.UpTo.IsZero() {
			t.Fatalf("%d orders, more %t, up to %v, %v", len(page.Orders), page.More, page.UpTo, err)
		}
		if numbers, _ := pullAll(t, c, page.Next); len(numbers) != 2 {
			t.Errorf("then %v", numbers)
		}
	})
}

func TestAnOrderThatCannotBeReadIsShownAsAProblem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := s.open()
		s.place("10000001")
		s.answer[opOrderInfo] = func(w http.ResponseWriter, _ request) { fmt.Fprint(w, "<ResultSet><Result><Sta") }
		page, err := c.PullOrders(t.Context(), "")
		if err != nil || len(page.Orders) != 1 {
			t.Fatalf("%+v, %v", page, err)
		}
		broken := page.Orders[0]
		if !broken.Incomplete || len(broken.Problems) != 1 || broken.Check() != nil {
			t.Errorf("%+v", broken)
		}
		s.answer[opOrderInfo] = nil
		known := []order.Known{{Number: broken.Number, PlacedAt: broken.PlacedAt, Version: broken.Version}}
		healed, err := c.RefreshOrders(t.Context(), known)
		if err != nil || len(healed) != 1 || len(healed[0].Lines) != 1 || healed[0].Version.Before(broken.Version) {
			t.Errorf("asked again: %+v, %v", healed, err)
		}
	})
}

func TestRefreshAsksOnlyForWhatChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := s.open()
		for i := range 8 {
			s.place(fmt.Sprint(10000001 + i))
			time.Sleep(24 * time.Hour)
		}
		known := map[string]order.Known{}
		var since channel.Cursor
		for {
			page, err := c.PullOrders(t.Context(), since)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range page.Orders {
				known[o.Number] = order.Known{Number: o.Number, PlacedAt: o.PlacedAt, Version: o.Version}
			}
			if since = page.Next; !page.More {
				break
			}
		}
		all := slices.Collect(maps.Values(known))
		s.calls()
		got, err := c.RefreshOrders(t.Context(), all)
		if n := s.calls(); err != nil || len(got) != 0 || n[opOrderList] != 1 || n[opOrderInfo] != 0 {
			t.Errorf("nothing changed: %+v, %v, %v", got, err, n)
		}
		s.orders[2].version, s.orders[2].changed = 2, time.Now() // the time tells
		s.orders[5].version = 2                                  // only the version tells
		got, err = c.RefreshOrders(t.Context(), all)
		if n := s.calls(); err != nil || len(got) != 2 || n[opOrderList] != 1 || n[opOrderInfo] != 2 {
			t.Errorf("two changed: %+v, %v, %v", got, err, n)
		}
	})
}

func TestSplitOrdersComeWithTheirParent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := s.open()
		s.place("10000001")
		page, err := c.PullOrders(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		parent := page.Orders[0]
		time.Sleep(24 * time.Hour)
		_, page = pullAll(t, c, page.Next)
		child := s.place("10000002")
		child.placed = s.orders[0].placed
		s.orders[0].version, s.orders[0].changed, s.orders[0].children = 2, time.Now(), child.number
		got, err := c.RefreshOrders(t.Context(), []order.Known{{Number: parent.Number, PlacedAt: parent.PlacedAt, Version: parent.Version}})
		if err != nil || len(got) != 2 || got[1].Number != child.number || got[0].Version.Before(parent.Version) {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestAGatewaysNotFoundIsNoMissingOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := s.open()
		s.place("10000001")
		s.answer[opOrderInfo] = func(w http.ResponseWriter, _ request) { http.NotFound(w, nil) }
		_, err := c.PullOrders(t.Context(), "")
		if e, ok := errors.AsType[*channel.Error](err); !ok || e.Kind != channel.NotFound {
			t.Errorf("%v", err)
		}
	})
}

func TestReadTime(t *testing.T) {
	want := time.Date(2026, 1, 15, 1, 23, 45, 0, time.UTC)
	for _, text := range []string{"2026-01-15T10:23:45+09:00", "2026-01-15T01:23:45Z", "2026-01-15T10:23:45", "2026-01-15 10:23:45", "20260115102345", " 20260115102345\n"} {
		if got, err := readTime(text); err != nil || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%q is %v (%v)", text, got, err)
		}
	}
	for _, text := range []string{"", "yesterday", "2026-13-01T00:00:00+09:00"} {
		if got, err := readTime(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}
