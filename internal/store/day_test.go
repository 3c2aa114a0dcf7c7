package store_test

import (
	"context"
	"maps"
	"testing"
	"time"

	"soroi/internal/clock"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

func TestSoldByDay(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a") // in Tokyo
		b.skus("A-01", "A-02")
		shop := b.shop("楽天", "A-01")
		b.must(db.SetConnected(ctx, b.tenant, int64(shop), time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)))
		asked := time.Date(2026, 4, 2, 0, 0, 0, 0, time.UTC)
		take := func(number, placed, line string, change func(*order.Snapshot)) {
			t.Helper()
			s := snapshot(number, line)
			at, err := time.Parse(time.RFC3339, placed)
			b.must(err)
			asked = asked.Add(time.Second)
			s.PlacedAt, s.Version.AskedAt = at, asked
			if change != nil {
				change(&s)
			}
			b.take(shop, s)
		}
		check := func(what, code string, want map[string]int64) {
			t.Helper()
			days, err := db.Days(ctx, b.tenant, b.id(code))
			maps.DeleteFunc(days, func(_ string, sold int64) bool { return sold == 0 })
			if err != nil || !maps.Equal(days, want) {
				t.Errorf("%s: %v, %v, want %v", what, days, err, want)
			}
			if r, err := db.Verify(ctx, b.tenant, nil); err != nil || !r.OK() {
				t.Errorf("%s: %v, %v", what, r.Broken, err)
			}
		}
		take("R1", "2026-03-31T14:59:59Z", "A-01×3", nil)
		take("R2", "2026-03-31T15:00:00Z", "A-01×5", nil)
		check("on both sides of midnight", "A-01", map[string]int64{"2026-03-31": 3, "2026-04-01": 5})
		take("R1", "2026-04-01T20:00:00Z", "A-01×2", nil) // the mall tells another time now
		check("cut later", "A-01", map[string]int64{"2026-03-31": 2, "2026-04-01": 5})
		take("R2", "2026-03-31T15:00:00Z", "A-01×5", func(s *order.Snapshot) { s.Lines[0].Shipped = 4 })
		check("shipped", "A-01", map[string]int64{"2026-03-31": 2, "2026-04-01": 5})
		take("R2", "2026-03-31T15:00:00Z", "A-01×5", func(s *order.Snapshot) { s.Lines[0].Shipped, s.Lines[0].Returned = 4, 4 })
		check("sent back", "A-01", map[string]int64{"2026-03-31": 2, "2026-04-01": 5})
		take("R2", "2026-03-31T15:00:00Z", "A-01×0", func(s *order.Snapshot) { s.State = order.Cancelled; s.Lines[0].Shipped, s.Lines[0].Returned = 4, 4 })
		check("the rest cancelled", "A-01", map[string]int64{"2026-03-31": 2, "2026-04-01": 4})
		take("R1", "2026-03-31T14:59:59Z", "A-01×0", func(s *order.Snapshot) { s.State = order.Cancelled })
		check("cancelled", "A-01", map[string]int64{"2026-04-01": 4})
		take("R0", "2026-02-27T00:00:00Z", "A-01×7", func(s *order.Snapshot) { s.Lines[0].Shipped = 6 })
		check("from before our time, one unit left to ship", "A-01", map[string]int64{"2026-02-27": 1, "2026-04-01": 4})
		take("R3", "2026-04-01T14:59:59Z", "A-02×2", nil)
		check("of a listing that nobody knows yet", "A-02", map[string]int64{})
		b.list(shop, "A-02")
		check("linked", "A-02", map[string]int64{"2026-04-01": 2})
	})
}

func TestVerify_names_the_broken_day(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for name, c := range map[string]struct{ breaks, want string }{
			"more":    {"UPDATE sku_day SET sold = sold + 1 WHERE tenant_id = $1 AND sku_id = $2", "sku_day sku A-01, day 2026-04-01: sold is 4 and must be 3 by the orders of that day"},
			"lost":    {"DELETE FROM sku_day WHERE tenant_id = $1 AND sku_id = $2", "sku_day sku A-01, day 2026-04-01: sold is 0 and must be 3 by the orders of that day"},
			"moved":   {"UPDATE sku_day SET day = day - 1 WHERE tenant_id = $1 AND sku_id = $2", "sku_day sku A-01, day 2026-03-31: sold is 3 and must be 0 by the orders of that day"},
			"made up": {"INSERT INTO sku_day (tenant_id, sku_id, day, sold) VALUES ($1, $2, 0, 2)", "sku_day sku A-01, day 1970-01-01: sold is 2 and must be 0 by the orders of that day"},
		} {
			b := newBooks(t, db, name)
			b.skus("A-01", "A-02", "A-03")
			shop := b.shop("楽天", "A-01", "A-02")
			for i, code := range []string{"A-01", "A-02"} {
				s := snapshot("R"+code, code+"×3")
				s.PlacedAt = time.Date(2026, 4, 1+i, 0, 0, 0, 0, time.UTC)
				b.take(shop, s)
			}
			if r, err := db.Verify(context.Background(), b.tenant, nil); err != nil || !r.OK() {
				t.Fatalf("%v, %v", r.Broken, err)
			}
			if n, err := db.Exec(context.Background(), c.breaks, int64(b.tenant), int64(b.id("A-01"))); err != nil || n == 0 {
				t.Fatalf("broke %d rows: %v", n, err)
			}
			for _, most := range []int64{1, 1000} {
				if r, err := db.VerifyInParts(context.Background(), b.tenant, most, 1); err != nil || r.OK() || r.Broken.String() != c.want {
					t.Errorf("%s: %v, %v, want %s", name, r.Broken, err, c.want)
				}
			}
		}
	})
}

// stopped is a clock that shows what it is set to.
type stopped struct {
	clock.System
	at time.Time
}

func (c *stopped) Now() time.Time { return c.at }

func TestBeginDay(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		c := &stopped{at: time.Date(2026, 3, 31, 14, 59, 0, 0, time.UTC)}
		db.SetClock(c)
		b := newBooks(t, db, "a")
		b.skus("A-01", "A-02", "A-03")
		b.must(db.SetTerms(ctx, b.tenant, b.id("A-02"), stock.Terms{Supply: stock.MadeToOrder, Figure: 4, Daily: true}))
		shop := b.shop("楽天", "A-02")
		begin := func(wantMarked int, wantNext string) {
			t.Helper()
			marked, next, err := db.BeginDay(ctx, b.tenant)
			if err != nil || marked != wantMarked || next.Format(time.RFC3339) != wantNext {
				t.Errorf("marked %d, next %s, %v", marked, next, err)
			}
		}
		sellable := func(want int64) {
			t.Helper()
			if s, err := db.LoadSKU(ctx, b.tenant, "A-02"); err != nil || s.Sellable() != stock.Units(want) {
				t.Errorf("sellable %s, %v, want %d", s.Sellable(), err, want)
			}
		}
		begin(1, "2026-03-31T15:00:00Z")
		begin(0, "2026-03-31T15:00:00Z")
		s := snapshot("R1", "A-02×3")
		s.PlacedAt = c.at
		b.take(shop, s)
		sellable(1)
		b.plan()
		c.at = c.at.Add(time.Minute)
		sellable(4)
		if s, err := db.LoadSKU(ctx, b.tenant, "A-02"); err != nil || !s.Unplanned {
			t.Errorf("between midnight and its planning it counts as planned, %v", err)
		}
		begin(1, "2026-04-01T15:00:00Z")
		if s, err := db.PlanOf(ctx, b.tenant, b.id("A-01")); err != nil || s.Waits {
			t.Errorf("a SKU without a daily figure was marked, %v", err)
		}
		b.plan()
		if s, err := db.LoadSKU(ctx, b.tenant, "A-02"); err != nil || s.Unplanned || *s.Listings[0].Target != stock.Units(4) {
			t.Errorf("%+v, %v", s.Listings, err)
		}
		c.at = c.at.Add(-48 * time.Hour) // a machine whose clock was set back
		begin(0, "2026-03-30T15:00:00Z")
	})
}

func TestAddTenantIn_refuses_unknown_zones(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if _, err := db.AddTenantIn(context.Background(), "a", "a", "Asia/Nowhere"); err == nil {
			t.Error("a tenant in no time zone was added")
		}
		tenant, err := db.AddTenantIn(context.Background(), "a", "a", "America/New_York")
		if err != nil || tenant.TimeZone != "America/New_York" {
			t.Fatalf("%+v, %v", tenant, err)
		}
		if all, err := db.ListTenants(context.Background()); err != nil || len(all) != 1 || all[0] != tenant {
			t.Errorf("%+v, %v", all, err)
		}
	})
}

// What planning finds of each SKU is kept for the lists; every SKU has it from its creation.
func TestPlan_keeps_what_lists_show(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		b.skus("A-01", "A-02", "A-03", "A-04")
		set := func(code string, units int64, terms stock.Terms) {
			t.Helper()
			b.must(db.SetTerms(ctx, b.tenant, b.id(code), terms))
			if units != 0 {
				b.set(code, units)
			}
		}
		set("A-01", 11, stock.Terms{Secured: stock.Secured{As: stock.InPercent, N: 10}, Reorder: stock.PointAt(11)})
		set("A-02", 0, stock.Terms{Secured: stock.Secured{As: stock.InUnits, N: 4}})
		set("A-03", 0, stock.Terms{Supply: stock.MadeToOrder, Figure: 2, Reorder: stock.PointAt(0)})
		for code, want := range map[string]store.PlanRow{"A-01": {Waits: true}, "A-02": {Waits: true}, "A-03": {Waits: true}, "A-04": {Waits: true}} {
			if got, err := db.PlanOf(ctx, b.tenant, b.id(code)); err != nil || got != want {
				t.Errorf("%s before: %+v, %v", code, got, err)
			}
		}
		b.plan()
		for code, want := range map[string]store.PlanRow{
			"A-01": {Available: 11, Secured: 2, Reorder: stock.PointAt(11), Level: stock.LevelLow},
			"A-02": {Secured: 4, Level: stock.LevelOut},
			"A-03": {Reorder: stock.PointAt(0)},
			"A-04": {Level: stock.LevelOut},
		} {
			if got, err := db.PlanOf(ctx, b.tenant, b.id(code)); err != nil || got != want {
				t.Errorf("%s: %+v, %v, want %+v", code, got, err, want)
			}
		}
	})
}

// What was sold in the last 7 and 30 days is kept beside the plan: it rises with sales and falls with days, also those that nobody was awake on.
func TestBeginDay_sold_lately(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		c := &stopped{at: time.Date(2026, 4, 1, 3, 0, 0, 0, time.UTC)}
		db.SetClock(c)
		b := newBooks(t, db, "a")
		b.skus("A-01", "A-02")
		shop := b.shop("楽天", "A-01", "A-02")
		b.must(db.SetConnected(ctx, b.tenant, int64(shop), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
		sell := func(number, line string, daysAgo int) {
			t.Helper()
			s := snapshot(number, line)
			s.PlacedAt = c.at.AddDate(0, 0, -daysAgo)
			b.take(shop, s)
		}
		begin := func(days int) {
			t.Helper()
			c.at = c.at.AddDate(0, 0, days)
			_, _, err := db.BeginDay(ctx, b.tenant)
			b.must(err)
			b.plan()
		}
		check := func(what string, week, month int64) {
			t.Helper()
			if p, err := db.PlanOf(ctx, b.tenant, b.id("A-01")); err != nil || p.Week != week || p.Month != month {
				t.Errorf("%s: %d and %d, %v, want %d and %d", what, p.Week, p.Month, err, week, month)
			}
		}
		begin(0)
		sell("R1", "A-01×1", 0)
		sell("R2", "A-01×2", 6)
		sell("R3", "A-01×4", 7)
		sell("R4", "A-01×8", 29)
		sell("R5", "A-01×16", 30)
		sell("R6", "A-02×32", 0)
		b.plan()
		check("today", 3, 15)
		begin(1)
		check("a day later", 1, 7)
		begin(5)
		check("six days later", 1, 7)
		begin(1)
		check("seven days later", 0, 7)
		begin(16)
		check("after two weeks without anybody awake", 0, 3)
		begin(60)
		check("long after", 0, 0)
		if p, err := db.PlanOf(ctx, b.tenant, b.id("A-02")); err != nil || p.Week != 0 || p.Month != 0 {
			t.Errorf("the other: %+v, %v", p, err)
		}
	})
}
