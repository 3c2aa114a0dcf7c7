package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/event"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// shifted is a clock that is ahead of another, or behind.
type shifted struct {
	clock.Clock
	by time.Duration
}

func (c shifted) Now() time.Time { return c.Clock.Now().Add(c.by) }

// number numbers all events that have none.
func number(t *testing.T, db *store.DB, tenant stock.TenantID) {
	t.Helper()
	for {
		n, err := db.NumberEvents(t.Context(), tenant, 100)
		if err != nil {
			t.Fatal(err)
		}
		if n < 100 {
			return
		}
	}
}

// feed reads everything after a position.
func feed(t *testing.T, db *store.DB, tenant stock.TenantID, after int64, kinds ...event.Kind) store.FeedPage {
	t.Helper()
	number(t, db, tenant)
	page, err := db.ReadFeed(t.Context(), tenant, store.FeedQuery{After: after, Kinds: kinds, Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// told are the events' kinds and bodies as lines.
func told(events []event.Event) string {
	var lines []string
	for _, e := range events {
		lines = append(lines, strings.Join(strings.Fields(fmt.Sprintf("%s %s%s %s", e.Kind, e.SKU, e.Shop, e.Body)), " "))
	}
	return strings.Join(lines, "\n")
}

func (c *counter) change(mode stock.Mode, units int64) {
	c.t.Helper()
	r := receipt(c.sku, c.at, mode, units)
	r.Kind = stock.Adjustment
	r.Rows[0].AllowNegative = true
	if _, err := c.db.ChangeStock(context.Background(), c.tenant, r); err != nil {
		c.t.Fatal(err)
	}
}

// Planning tells of each SKU of which another number is available or for sale, once for all that happened to it, with what it was and is.
func TestEvents_of_planning(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := newCounter(t, db)
		shop := fmt.Sprint(c.shop)
		at := feed(t, db, c.tenant, 0)
		if got, want := told(at.Events), `stock.changed A-1 {"on_hand":100,"committed":0,"available":100,"sellable":100,"before":null,"shops":[{"id":`+shop+`,"target":100}]}`; got != want {
			t.Errorf("the first:\n%s\n%s", got, want)
		}
		for range 50 {
			c.change(stock.Subtract, 1)
		}
		c.mustTake(sale("o-1", 1, 7, 0))
		c.plan()
		page := feed(t, db, c.tenant, at.Position)
		if got, want := told(page.Events), `stock.changed A-1 {"on_hand":50,"committed":7,"available":43,"sellable":43,"before":{"available":100,"sellable":100},"shops":[{"id":`+shop+`,"target":43}]}`; got != want {
			t.Errorf("51 changes:\n%s\n%s", got, want)
		}
		c.mustTake(sale("o-1", 2, 7, 7)) // leaves the shelf: nothing is for sale that was not
		c.plan()
		c.change(stock.Add, 5)
		c.change(stock.Subtract, 5)
		c.plan()
		if got := feed(t, db, c.tenant, page.Position); len(got.Events) != 0 || got.Position != page.Position {
			t.Errorf("nothing changed, and yet: %s", told(got.Events))
		}
		if err := db.SetTerms(t.Context(), c.tenant, c.sku, stock.Terms{Supply: stock.MadeToOrderUnlimited}); err != nil {
			t.Fatal(err)
		}
		c.plan()
		if got := told(feed(t, db, c.tenant, page.Position).Events); !strings.Contains(got, `"sellable":"unlimited","before":{"available":43,"sellable":43},"shops":[{"id":`+shop+`,"target":"unlimited"}]`) {
			t.Errorf("made to order: %s", got)
		}
	})
}

// Each level that a SKU comes to is told of once, beside its numbers: low, out, oversold, and back. A new SKU has not come from anywhere.
func TestEvents_of_levels(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := newCounter(t, db)
		terms := stock.Terms{Supply: stock.Stocked, Reorder: stock.PointAt(20)}
		if err := db.SetTerms(t.Context(), c.tenant, c.sku, terms); err != nil {
			t.Fatal(err)
		}
		c.plan()
		page := feed(t, db, c.tenant, 0, event.StockLow)
		if len(page.Events) > 0 {
			t.Errorf("new, and yet: %s", told(page.Events))
		}
		for _, step := range []struct {
			units int64
			want  string
		}{
			{21, ""},
			{20, `stock.low A-1 {"level":"low","before":"fine","available":20,"reorder_point":20}`},
			{1, ""},
			{0, `stock.low A-1 {"level":"out","before":"low","available":0,"reorder_point":20}`},
			{-2, `stock.low A-1 {"level":"oversold","before":"out","available":-2,"reorder_point":20}`},
			{5, `stock.low A-1 {"level":"low","before":"oversold","available":5,"reorder_point":20}`},
			{50, `stock.low A-1 {"level":"fine","before":"low","available":50,"reorder_point":20}`},
		} {
			c.change(map[bool]stock.Mode{true: stock.Add, false: stock.Subtract}[step.units >= c.balance().OnHand], max(step.units-c.balance().OnHand, c.balance().OnHand-step.units))
			c.plan()
			page = feed(t, db, c.tenant, page.Position, event.StockLow)
			if got := told(page.Events); got != step.want {
				t.Errorf("%d available: %s", step.units, got)
			}
		}
		terms.Reorder = stock.Point{}
		if err := db.SetTerms(t.Context(), c.tenant, c.sku, terms); err != nil {
			t.Fatal(err)
		}
		c.change(stock.Set, 0)
		c.plan()
		if got, want := told(feed(t, db, c.tenant, page.Position).Events), `stock.low A-1 {"level":"out","before":"fine","available":0,"reorder_point":null}`; !strings.HasSuffix(got, want) || strings.Count(got, "\n") != 1 {
			t.Errorf("without a reorder point: %s", got)
		}
	})
}

// A claim that takes what is not there is told of with its order, in the transaction that posts it. Goods that are made to order need not be there.
func TestEvents_of_oversell(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := newCounter(t, db)
		c.change(stock.Set, 3)
		from := feed(t, db, c.tenant, 0).Position
		c.mustTake(sale("o-1", 1, 2, 0))
		c.mustTake(sale("o-2", 1, 4, 0))
		c.mustTake(sale("o-2", 2, 5, 0))
		c.mustTake(sale("o-2", 2, 5, 0)) // the same again has no effect
		page := feed(t, db, c.tenant, from, event.Oversell)
		if got, want := told(page.Events), `oversell A-1shop {"order":"o-2","line":"1","units":3,"available":-3}`+"\n"+`oversell A-1shop {"order":"o-2","line":"1","units":1,"available":-4}`; got != want {
			t.Errorf("%s\n%s", got, want)
		}
		if err := db.SetTerms(t.Context(), c.tenant, c.sku, stock.Terms{Supply: stock.MadeToOrder, Figure: 10}); err != nil {
			t.Fatal(err)
		}
		c.mustTake(sale("o-3", 1, 4, 0))
		if got := feed(t, db, c.tenant, page.Position, event.Oversell); len(got.Events) > 0 {
			t.Errorf("made to order and oversold: %s", told(got.Events))
		}
	})
}

// What a transaction that fails has written down was never there.
func TestEvents_die_with_their_transaction(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		tenant, _ := storetest.Tenant(t, db, "a")
		broken := errors.New("broken")
		for i := range 4 {
			err := db.Write(t.Context(), tenant, func(tx *store.Tx) error {
				if err := tx.AddEvent(t.Context(), event.Oversell, fmt.Sprint(i)); err != nil || i%2 == 0 {
					return err
				}
				return broken
			})
			if (i%2 == 0) != (err == nil) {
				t.Fatal(i, err)
			}
		}
		page := feed(t, db, tenant, 0)
		if len(page.Events) != 2 || page.Events[0].Position != 1 || page.Events[1].Position != 2 || page.Events[1].Body != "2" || page.Position != 2 || page.More {
			t.Errorf("%+v", page)
		}
	})
}

// One process is frozen in the middle of a transaction that has written an event down. Others write, number and read on; when it wakes, its event
// comes after everything that could be seen meanwhile, and a reader with a cursor gets it.
func TestEvents_of_a_frozen_transaction_are_not_missed(t *testing.T) {
	t.Parallel()
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := storetest.Postgres(t)
		db, other := storetest.Open(t, url, clock.System{}), storetest.Open(t, url, clock.System{})
		tenant, _ := storetest.Tenant(t, db, "a")
		add := func(db *store.DB, body string, hold func()) error {
			return db.Write(context.Background(), tenant, func(tx *store.Tx) error {
				if err := tx.AddEvent(context.Background(), event.Oversell, body); err != nil {
					return err
				}
				hold()
				return nil
			})
		}
		written, wake, done := make(chan bool), make(chan bool), make(chan error)
		go func() {
			done <- add(other, "frozen", func() {
				close(written)
				<-wake
			})
		}()
		<-written
		for i := range 3 {
			if err := add(db, fmt.Sprint(i), func() {}); err != nil {
				t.Fatal(err)
			}
		}
		page := feed(t, db, tenant, 0)
		if len(page.Events) != 3 || page.Position != 3 {
			t.Fatalf("others had to wait: %+v", page)
		}
		close(wake)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if rest := feed(t, db, tenant, page.Position); len(rest.Events) != 1 || rest.Events[0].Body != "frozen" || rest.Events[0].Position != 4 || rest.Events[0].At.Before(page.Events[2].At) {
			t.Errorf("after it woke: %+v", rest)
		}
	})
}

// Several processes with different clocks change, plan and number at once while readers follow: each reader sees every position once, in order, and
// each SKU's events form a chain in which every one begins where the one before it ended.
func TestEvents_of_many_processes_reach_every_reader(t *testing.T) {
	t.Parallel()
	const processes, goods, rounds = 3, 6, 40
	run := func(t *testing.T, url string) {
		var dbs []*store.DB
		for i := range processes {
			dbs = append(dbs, storetest.Open(t, url, shifted{clock.System{}, time.Duration(i) * 20 * time.Second}))
		}
		tenant, at := storetest.Tenant(t, dbs[0], "a")
		var codes []string
		for i := range goods {
			codes = append(codes, fmt.Sprintf("A-%d", i))
		}
		skus := addSKUs(t, dbs[0], tenant, codes...)
		ctx := context.Background()
		var writing, numbering, reading sync.WaitGroup
		var quiet, numbered atomic.Bool
		for i, db := range dbs {
			writing.Go(func() {
				random := rand.New(rand.NewPCG(7, uint64(i)))
				for range rounds {
					var rows []stock.Change
					for range 1 + random.IntN(goods) {
						rows = append(rows, stock.Change{SKU: skus[random.IntN(goods)], Location: at, Mode: stock.Add, Units: 1 + random.Int64N(5)})
					}
					if _, err := db.ChangeStock(ctx, tenant, store.ChangeRequest{Cause: stock.ByAPI, Kind: stock.Receipt, Document: "x", Rows: rows}); err != nil {
						t.Error(err)
					}
					if _, _, err := db.Plan(ctx, tenant, 1+random.IntN(goods), func([]*store.Unplanned) error { return nil }); err != nil {
						t.Error(err)
					}
				}
			})
			numbering.Go(func() {
				for !quiet.Load() {
					if _, err := db.NumberEvents(ctx, tenant, 3); err != nil {
						t.Error(err)
					}
				}
			})
		}
		seen := make([][]event.Event, processes)
		for i, db := range dbs {
			reading.Go(func() {
				position := int64(0)
				for last := false; ; last = numbered.Load() {
					page, err := db.ReadFeed(ctx, tenant, store.FeedQuery{After: position, Limit: 1 + i*7})
					if err != nil {
						t.Error(err)
						return
					}
					position = page.Position
					seen[i] = append(seen[i], page.Events...)
					if last && !page.More {
						return
					}
				}
			})
		}
		writing.Wait()
		if _, _, err := dbs[0].Plan(ctx, tenant, 100, func([]*store.Unplanned) error { return nil }); err != nil {
			t.Fatal(err)
		}
		quiet.Store(true)
		numbering.Wait()
		number(t, dbs[0], tenant)
		numbered.Store(true)
		reading.Wait()
		for i, events := range seen {
			available := make(map[string]*event.Figures)
			for n, e := range events {
				if e.Position != int64(n+1) {
					t.Fatalf("reader %d got position %d after %d", i, e.Position, n)
				}
				if n > 0 && e.At.Before(events[n-1].At) {
					t.Fatalf("reader %d: the times go back at %d", i, e.Position)
				}
				if e.Kind != event.StockChanged {
					continue
				}
				var body struct {
					Available int64
					Before    *struct{ Available int64 }
				}
				if err := json.Unmarshal([]byte(e.Body), &body); err != nil {
					t.Fatal(err)
				}
				last := available[e.SKU]
				if (last == nil) != (body.Before == nil) || last != nil && last.Available != body.Before.Available {
					t.Fatalf("reader %d: %s at %d does not begin where the one before it ended: %s", i, e.SKU, e.Position, e.Body)
				}
				available[e.SKU] = &event.Figures{Available: body.Available}
			}
			for j, code := range codes {
				item, err := dbs[0].LoadSKU(ctx, tenant, code)
				if err != nil {
					t.Fatal(err)
				}
				if last := available[code]; last == nil || last.Available != item.Balance.Available() {
					t.Errorf("reader %d: the last of SKU %d says %v, the books %d", i, j, last, item.Balance.Available())
				}
			}
			if !slices.EqualFunc(events, seen[0], func(a, b event.Event) bool { return a == b }) {
				t.Errorf("reader %d has seen another feed than the first", i)
			}
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		run(t, t.TempDir()+"/soroi.db")
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		run(t, storetest.Postgres(t))
	})
}

// Of the outbox of a database that came from another engine, too, everything is numbered.
func TestEvents_outbox_is_numbered_on_both_engines(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		tenant, _ := storetest.Tenant(t, db, "a")
		for i, at := range []int64{300, 100, 200} {
			if _, err := db.Exec(t.Context(), `INSERT INTO event_outbox (tenant_id, created_at, batch_id, place, kind, sku_id, shop_id, body) VALUES ($1, $2, $3, 0, 'oversell', 0, 0, $4)`,
				int64(tenant), at, int64(9-i), fmt.Sprint(at)); err != nil {
				t.Fatal(err)
			}
		}
		page := feed(t, db, tenant, 0)
		if got := told(page.Events); got != "oversell 100\noversell 200\noversell 300" {
			t.Errorf("%s", got)
		}
	})
}

// A failing loop is told of when it does not look as if it would pass, once for its shop, and so is the end of it.
func TestEvents_of_failing_shops(t *testing.T) {
	t.Parallel()
	temporary := &channel.Error{Kind: channel.Temporary, Op: "orders", Code: "E5", Message: "busy"}
	refused := &channel.Error{Kind: channel.Auth, Op: "orders", Code: "E401", Message: "expired"}
	eachAtHand(t, func(t *testing.T, db *store.DB, clk *handClock) {
		c := newCounter(t, db)
		from := feed(t, db, c.tenant, 0).Position
		ctx := t.Context()
		fail := func(loop string, err error) {
			t.Helper()
			if err := db.LoopFailed(ctx, c.tenant, c.shop, loop, err); err != nil {
				t.Fatal(err)
			}
		}
		succeed := func(loop string) {
			t.Helper()
			if err := db.LoopSucceeded(ctx, c.tenant, c.shop, loop); err != nil {
				t.Fatal(err)
			}
		}
		expect := func(what string, want ...string) {
			t.Helper()
			page := feed(t, db, c.tenant, from, event.SyncFailing, event.SyncRecovered)
			from = page.Position
			if got := told(page.Events); got != strings.Join(want, "\n") {
				t.Errorf("%s:\n%s\nwant\n%s", what, got, strings.Join(want, "\n"))
			}
		}
		for range 4 {
			fail("push", temporary)
			clk.advance(time.Minute)
		}
		succeed("push")
		expect("four failures pass")
		for range 10 {
			fail("push", temporary)
		}
		expect("ten within a moment may pass")
		clk.advance(time.Minute)
		fail("push", temporary)
		expect("for a minute", `sync.failing shop {"loop":"push","failures":11,"since":"2026-04-01T03:04:00Z","error":{"kind":"temporary","code":"E5","text":"orders: temporary E5: busy"}}`)
		fail("push", temporary)
		fail("new", refused)
		fail("read", refused)
		expect("further loops of a shop that fails")
		succeed("push")
		succeed("new")
		expect("one of three is still failing")
		clk.advance(time.Minute)
		succeed("read")
		expect("the last is well", `sync.recovered shop {"since":"2026-04-01T03:05:00Z"}`)
		succeed("read")
		fail("new", refused)
		expect("wrong credentials do not pass", `sync.failing shop {"loop":"new","failures":1,"since":"2026-04-01T03:06:00Z","error":{"kind":"auth","code":"E401","text":"orders: auth E401: expired"}}`)
		succeed("new")
		expect("new credentials", `sync.recovered shop {"since":"2026-04-01T03:06:00Z"}`)
		if err := db.SetOutage(ctx, c.tenant, c.shop, clk.Now(), clk.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			fail("new", temporary)
			clk.advance(5 * time.Minute)
		}
		expect("in a planned outage")
		clk.advance(time.Hour)
		fail("new", temporary)
		expect("and after it", `sync.failing shop {"loop":"new","failures":11,"since":"2026-04-01T03:06:00Z","error":{"kind":"temporary","code":"E5","text":"orders: temporary E5: busy"}}`)
	})
}

// Of loops that begin and end to fail all at once, one event tells each time.
func TestEvents_of_loops_that_fail_together(t *testing.T) {
	t.Parallel()
	eachTwice(t, func(t *testing.T, first, second *store.DB) {
		c := newCounter(t, first)
		from := feed(t, first, c.tenant, 0).Position
		together := func(do func(db *store.DB, loop string) error) {
			var all sync.WaitGroup
			for i, loop := range []string{"new", "open", "push", "read", "list"} {
				all.Go(func() {
					if err := do([]*store.DB{first, second}[i%2], loop); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		}
		for range 5 {
			together(func(db *store.DB, loop string) error {
				return db.LoopFailed(context.Background(), c.tenant, c.shop, loop, &channel.Error{Kind: channel.Auth, Op: "x"})
			})
			together(func(db *store.DB, loop string) error {
				return db.LoopSucceeded(context.Background(), c.tenant, c.shop, loop)
			})
		}
		var kinds []event.Kind
		for _, e := range feed(t, first, c.tenant, from).Events {
			kinds = append(kinds, e.Kind)
		}
		if want := slices.Repeat([]event.Kind{event.SyncFailing, event.SyncRecovered}, 5); !slices.Equal(kinds, want) {
			t.Errorf("%v", kinds)
		}
	})
}
