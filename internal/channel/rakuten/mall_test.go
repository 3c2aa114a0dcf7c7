package rakuten

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/channel"
	"soroi/internal/channel/channeltest"
	"soroi/internal/clock"
	"soroi/internal/mallsim"
	simulated "soroi/internal/mallsim/rakuten"
	"soroi/internal/order"
	"soroi/internal/stock"
)

// shop is a simulated mall with a connector on it, for what only this mall has.
type shop struct {
	mall   *mallsim.Mall
	server *simulated.Server
	conn   *connector
	t      *testing.T
}

// atMall runs a test in a bubble. The options' key is the one in settings unless they bring their own.
func atMall(t *testing.T, o simulated.Options, test func(s *shop)) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.System{}
		mall := mallsim.New(c, mallsim.Options{})
		o.ServiceSecret = testSecret
		if o.Keys == nil {
			o.Keys = []simulated.Key{{License: testLicense, ExpiresAt: c.Now().AddDate(20, 0, 0)}}
		}
		s := &shop{mall: mall, server: simulated.New(mall, o), t: t}
		s.conn = s.open(testLicense)
		test(s)
	})
}

func (s *shop) open(license string) *connector {
	s.t.Helper()
	with := settings()
	with[fieldLicense] = channel.Secret(license)
	deps := channel.Deps{HTTP: &http.Client{Transport: &channeltest.Transport{Handler: s.server}, Timeout: 30 * time.Second},
		Clock: clock.System{}, Pace: channel.NewPace(clock.System{}, Spec().Limits.Rates)}
	conn, err := Spec().Open(with, deps)
	if err != nil {
		s.t.Fatal(err)
	}
	return conn.(*connector)
}

func (s *shop) list(item, variant, code string, n int64) channel.Ref {
	s.t.Helper()
	if err := s.mall.AddListing(mallsim.Listing{Key: mallsim.Key{Item: item, Variant: variant}, Code: code, Title: "Tシャツ", Stock: n}); err != nil {
		s.t.Fatal(err)
	}
	return refOf(item, variant)
}

func (s *shop) place(wants ...mallsim.Want) string {
	s.t.Helper()
	o, err := s.mall.Place(mallsim.Basket{Lines: wants})
	if err != nil {
		s.t.Fatal(err)
	}
	return o.Number
}

func (s *shop) refresh(number string) order.Snapshot {
	s.t.Helper()
	got, err := s.conn.RefreshOrders(s.t.Context(), []order.Known{{Number: number, PlacedAt: time.Now()}})
	if err != nil || len(got) != 1 || got[0].Check() != nil {
		s.t.Fatalf("refreshing %s gave %v, %v", number, got, err)
	}
	return got[0]
}

func (s *shop) push(updates ...channel.Update) []channel.Outcome {
	s.t.Helper()
	outcomes, err := s.conn.PushStock(s.t.Context(), updates)
	if err != nil {
		s.t.Fatal(err)
	}
	return outcomes
}

func want(key mallsim.Key, n int64) mallsim.Want { return mallsim.Want{Key: key, Units: n} }

func TestOneSKUInSeveralPackages(t *testing.T) {
	atMall(t, simulated.Options{}, func(s *shop) {
		ref := s.list("t-shirt-01", "Blue-M", "TS-BM", 10)
		key := mallsim.Key{Item: "t-shirt-01", Variant: "Blue-M"}
		number := s.place(want(key, 2), want(key, 1), want(key, 3))
		s.server.Pack(number, []string{"1", "3"}, []string{"2"})
		got := s.refresh(number)
		var units int64
		for _, l := range got.Lines {
			if l.Ref != ref {
				t.Errorf("line %s sells %s, want %s", l.Key, l.Ref, ref)
			}
			units += l.Wanted
		}
		if len(got.Lines) != 3 || units != 6 || len(got.Problems) != 0 {
			t.Errorf("three lines in two packages came as %+v", got)
		}
	})
}

func TestPendingCancelHolds(t *testing.T) {
	atMall(t, simulated.Options{}, func(s *shop) {
		s.list("mug", "mug", "MUG", 10)
		number := s.place(want(mallsim.Key{Item: "mug", Variant: "mug"}, 4))
		if _, err := s.server.RequestCancel(number); err != nil {
			t.Fatal(err)
		}
		if got := s.refresh(number); got.State != order.Open || got.Lines[0].Wanted != 4 {
			t.Errorf("an order whose cancel is pending is %+v, want open and holding 4", got)
		}
		if _, err := s.server.Cancel(number, simulated.ByRakuten, simulated.RestoreBySetting); err != nil {
			t.Fatal(err)
		}
		if got := s.refresh(number); got.State != order.Cancelled || got.Lines[0].Wanted != 0 {
			t.Errorf("the cancelled order is %+v", got)
		}
	})
}

// The mall moves orders on by itself; none of the stages before shipping changes a claim.
func TestStagesBeforeShipping(t *testing.T) {
	atMall(t, simulated.Options{}, func(s *shop) {
		s.list("mug", "mug", "MUG", 10)
		number := s.place(want(mallsim.Key{Item: "mug", Variant: "mug"}, 4))
		for range 6 {
			if got := s.refresh(number); got.State != order.Open || got.Lines[0].Wanted != 4 || got.Lines[0].Shipped != 0 {
				t.Errorf("at %v the order is %+v", time.Now(), got)
			}
			time.Sleep(10 * time.Minute)
		}
	})
}

func TestOrdersFromBeforeTheMigration(t *testing.T) {
	since := time.Date(2000, 1, 2, 0, 0, 0, 0, time.UTC)
	atMall(t, simulated.Options{SKUsSince: since}, func(s *shop) {
		s.list("t-shirt-01", "Blue-M", "TS-BM", 10)
		key := mallsim.Key{Item: "t-shirt-01", Variant: "Blue-M"}
		old := s.place(want(key, 2))
		got := s.refresh(old)
		if len(got.Lines) != 1 || got.Lines[0].Wanted != 2 || len(got.Problems) != 1 || got.Incomplete {
			t.Errorf("an old order came as %+v, want its 2 units and a problem", got)
		}
		if _, ok := pairOf(got.Lines[0].Ref); ok {
			t.Errorf("ref %s of an old order names a SKU", got.Lines[0].Ref)
		}
		time.Sleep(time.Until(since) + time.Hour)
		if got := s.refresh(s.place(want(key, 1))); len(got.Problems) != 0 || got.Lines[0].Ref != refOf("t-shirt-01", "Blue-M") {
			t.Errorf("an order after the migration came as %+v", got)
		}
	})
}

func TestKeys(t *testing.T) {
	atMall(t, simulated.Options{Keys: []simulated.Key{{License: testLicense, ExpiresAt: time.Date(2000, 3, 31, 14, 59, 59, 0, time.UTC)}}}, func(s *shop) {
		checked, err := s.conn.Check(s.t.Context())
		if err != nil || !checked.Expires.Equal(time.Date(2000, 3, 31, 14, 59, 59, 0, time.UTC)) {
			t.Errorf("checked with %+v, %v", checked, err)
		}
		time.Sleep(80 * 24 * time.Hour)
		s.server.IssueKey("SL_next")
		next := s.open("SL_next")
		if _, err := next.Check(s.t.Context()); channel.KindOf(err) != channel.Auth {
			t.Errorf("a key that is too fresh: %v", err)
		}
		time.Sleep(time.Hour)
		for name, conn := range map[string]*connector{"old": s.conn, "next": next} {
			if _, err := conn.PullOrders(s.t.Context(), ""); err != nil {
				t.Errorf("the %s key while both live: %v", name, err)
			}
		}
		time.Sleep(20 * 24 * time.Hour)
		if _, err := s.conn.PullOrders(s.t.Context(), ""); channel.KindOf(err) != channel.Auth {
			t.Errorf("the old key after its end: %v", err)
		}
		if _, err := s.conn.PushStock(s.t.Context(), []channel.Update{{Ref: "mug/mug", Want: stock.Units(1)}}); channel.KindOf(err) != channel.Auth ||
			!err.(*channel.Error).NotDone {
			t.Errorf("a push with the old key after its end: %v", err)
		}
		if checked, err := next.Check(s.t.Context()); err != nil || checked.Expires.Before(time.Now()) {
			t.Errorf("the next key: %+v, %v", checked, err)
		}
	})
}

// A cancel after shipping is found within the hour, once, although nobody asks for the order any more.
func TestLateCancelsAreSwept(t *testing.T) {
	atMall(t, simulated.Options{}, func(s *shop) {
		s.list("mug", "mug", "MUG", 2000)
		mug := want(mallsim.Key{Item: "mug", Variant: "mug"}, 1)
		var late []string
		for range ordersPerPage + 20 {
			late = append(late, s.place(mug))
		}
		s.place(mug)
		time.Sleep(24 * time.Hour)
		_, since := pullAll(s.t, s.conn, "")
		for _, n := range late {
			if _, err := s.mall.Ship(n, nil); err != nil {
				s.t.Fatal(err)
			}
		}
		time.Sleep(40 * 24 * time.Hour)
		if got, next := pullAll(s.t, s.conn, since); len(got) != 0 {
			s.t.Errorf("nothing has been cancelled, yet the pull gives %v", got)
		} else {
			since = next
		}
		for _, n := range late {
			if _, err := s.server.Cancel(n, simulated.ByShop, simulated.RestoreYes); err != nil {
				s.t.Fatal(err)
			}
		}
		time.Sleep(time.Hour + time.Minute)
		got, since := pullAll(s.t, s.conn, since)
		slices.Sort(got)
		slices.Sort(late)
		if !slices.Equal(got, late) {
			s.t.Errorf("%d cancelled orders were found, want %d", len(got), len(late))
		}
		for range 3 {
			time.Sleep(time.Hour + time.Minute)
			before := s.mall.Calls()[simulated.OpGetOrder]
			if got, since = pullAll(s.t, s.conn, since); len(got) != 0 || s.mall.Calls()[simulated.OpGetOrder] != before {
				s.t.Errorf("the cancelled orders are fetched again: %d", len(got))
			}
		}
		time.Sleep(30 * 24 * time.Hour)
		_, since = pullAll(s.t, s.conn, since)
		if at, err := readCursor(since, time.Now()); err != nil || len(at.Ended) != 0 {
			s.t.Errorf("the cursor still remembers %d orders of 70 days ago (%v)", len(at.Ended), err)
		}
	})
}

// A function that is not ticked is found by the check, with the operation's name.
func TestUntickedFunctions(t *testing.T) {
	for _, op := range []string{simulated.OpSearchOrder, simulated.OpBulkGet, simulated.OpExpiryDate} {
		atMall(t, simulated.Options{Unticked: []string{op}}, func(s *shop) {
			_, err := s.conn.Check(s.t.Context())
			if channel.KindOf(err) != channel.Auth {
				t.Errorf("%s is not ticked: %v", op, err)
			}
		})
	}
}

func TestShopWithoutSKUs(t *testing.T) {
	atMall(t, simulated.Options{Unmigrated: true}, func(s *shop) {
		if _, err := s.conn.ReadStock(s.t.Context(), []channel.Ref{"mug/mug"}); channel.KindOf(err) != channel.Unsupported {
			t.Errorf("reading a shop from before the SKU project: %v", err)
		}
		if _, err := s.conn.PushStock(s.t.Context(), []channel.Update{{Ref: "mug/mug", Want: stock.Units(1)}}); channel.KindOf(err) != channel.Unsupported {
			t.Errorf("writing to a shop from before the SKU project: %v", err)
		}
	})
}

// The lines beside a refused one are unknown, whichever way the mall treats them; the refused one is surely not done.
func TestNeighboursOfARefusedLine(t *testing.T) {
	for _, partial := range []bool{false, true} {
		atMall(t, simulated.Options{PartialBatches: partial}, func(s *shop) {
			good, bad, absolute := s.list("a", "A", "A", 10), s.list("b", "B", "B", 1), s.list("c", "C", "C", 10)
			five := stock.Units(5)
			for _, x := range []struct {
				ref   channel.Ref
				state channel.State
				kind  channel.ErrorKind
			}{{bad, channel.Conflict, channel.Invalid}, {"nowhere/nothing", channel.Refused, channel.NotFound}} {
				outcomes := s.push(
					channel.Update{Ref: good, Want: stock.Units(4), Expect: &five},
					channel.Update{Ref: x.ref, Want: stock.Units(0), Expect: &five},
					channel.Update{Ref: absolute, Want: stock.Units(7)},
				)
				if o := outcomes[1]; o.State != x.state || channel.KindOf(o.Err) != x.kind || !o.Err.(*channel.Error).NotDone {
					s.t.Errorf("partial %t: %s is %s (%v), want %s", partial, x.ref, o.State, o.Err, x.state)
				}
				for _, i := range []int{0, 2} {
					if o := outcomes[i]; o.State != channel.Unknown {
						s.t.Errorf("partial %t: line %d beside %s is %s (%v), want unknown", partial, i, x.ref, o.State, o.Err)
					}
				}
			}
		})
	}
}

// An absolute write to a mistyped pair looks like success and is even found afterwards; the list does not have it.
func TestMistypedPair(t *testing.T) {
	atMall(t, simulated.Options{}, func(s *shop) {
		s.list("mug", "mug", "MUG", 10)
		if o := s.push(channel.Update{Ref: "mug/mugg", Want: stock.Units(3)})[0]; o.State != channel.Applied {
			t.Errorf("an unknown pair is %+v; the mall accepts it in silence", o)
		}
		found := func() bool {
			shown, err := s.conn.ReadStock(s.t.Context(), []channel.Ref{"mug/mugg"})
			if err != nil {
				t.Fatal(err)
			}
			return shown[0].Found
		}
		if !found() {
			t.Error("the orphan record is not found; then ReadStock could tell a typing error, and the docs are wrong")
		}
		page, err := s.conn.ListListings(s.t.Context(), "")
		if err != nil || len(page.Listings) != 1 || page.Listings[0].Ref != "mug/mug" {
			t.Errorf("the shop lists %+v, %v", page, err)
		}
		time.Sleep(25 * time.Hour)
		if found() {
			t.Error("the orphan record outlived its day")
		}
	})
}
