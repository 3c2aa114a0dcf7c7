package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// eachTwice runs test on two handles of one database, as two processes have them.
func eachTwice(t *testing.T, test func(t *testing.T, first, second *store.DB)) {
	t.Helper()
	for engine, url := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "soroi.db") },
		"postgres": func(t *testing.T) string { return storetest.Postgres(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			at := url(t)
			test(t, storetest.Open(t, at, clock.System{}), storetest.Open(t, at, clock.System{}))
		})
	}
}

// counter is a shop with one SKU on the shelf, listed and read: what an order and a push need.
type counter struct {
	t      *testing.T
	db     *store.DB
	tenant stock.TenantID
	at     stock.LocationID
	sku    stock.SKUID
	shop   channel.ShopID
	lease  store.Lease
}

const shelf = 100

func newCounter(t *testing.T, db *store.DB) *counter {
	t.Helper()
	ctx := context.Background()
	c := &counter{t: t, db: db}
	c.tenant, c.at = storetest.Tenant(t, db, "a")
	c.sku = addSKUs(t, db, c.tenant, "A-1")[0]
	if _, err := db.ChangeStock(ctx, c.tenant, receipt(c.sku, c.at, stock.Set, shelf)); err != nil {
		t.Fatal(err)
	}
	shop, err := db.AddShop(ctx, c.tenant, "memory", "shop", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.SetMode(ctx, c.tenant, shop.ID, store.Live); err != nil {
		t.Fatal(err)
	}
	c.shop = shop.ID
	c.lease = c.acquire("first", time.Hour)
	if _, err := db.TakeListings(ctx, c.tenant, c.lease, []channel.Listing{{Ref: "A-1", Codes: []match.Code{{Text: "A-1"}}, Title: "A"}}); err != nil {
		t.Fatal(err)
	}
	c.plan()
	return c
}

func (c *counter) acquire(holder string, ttl time.Duration) store.Lease {
	c.t.Helper()
	lease, ok, err := c.db.AcquireLease(context.Background(), c.tenant, c.shop, holder, ttl)
	if err != nil || !ok {
		c.t.Fatalf("lease for %s: %v, %v", holder, ok, err)
	}
	return lease
}

// plan makes sellable the target of every listing.
func (c *counter) plan() {
	c.t.Helper()
	_, _, err := c.db.Plan(context.Background(), c.tenant, 100, func(skus []*store.Unplanned) error {
		for _, u := range skus {
			for i := range u.Listings {
				u.Listings[i].NewTarget = u.Terms.Sellable(u.Balance)
			}
		}
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *counter) due() []store.Due {
	c.t.Helper()
	due, err := c.db.ListDue(context.Background(), c.tenant, c.shop, 10, time.Now())
	if err != nil {
		c.t.Fatal(err)
	}
	return due
}

// publish pushes what is due and records that the shop said yes.
func (c *counter) publish() {
	c.t.Helper()
	ctx := context.Background()
	var ids []store.ListingID
	for _, d := range c.due() {
		ids = append(ids, d.ID)
	}
	p, err := c.db.BeginPush(ctx, c.tenant, c.lease, ids, false)
	if err != nil {
		c.t.Fatal(err)
	}
	outcomes := make([]store.PushOutcome, len(p.Items))
	for i := range outcomes {
		outcomes[i].State = channel.Applied
	}
	if err := c.db.RecordPush(ctx, c.tenant, c.lease, p, outcomes); err != nil {
		c.t.Fatal(err)
	}
}

// sale is an order of the listing, changed revision times.
func sale(number string, revision, wanted, shipped int64) order.Snapshot {
	state := order.Open
	switch {
	case wanted == 0:
		state = order.Cancelled
	case wanted == shipped:
		state = order.Shipped
	}
	now := time.Now().UTC()
	return order.Snapshot{Number: number, PlacedAt: now.Add(10 * time.Second), State: state, Version: order.Version{Revision: revision, AskedAt: now},
		Lines: []order.Line{{Key: "1", Ref: "A-1", Wanted: wanted, Shipped: shipped}}}
}

func (c *counter) take(db *store.DB, orders ...order.Snapshot) (store.IntakeResult, error) {
	return db.TakeIn(context.Background(), c.tenant, store.Intake{Lease: c.lease, Loop: "new", Orders: orders, Returns: channel.ReturnsDepends})
}

func (c *counter) mustTake(orders ...order.Snapshot) store.IntakeResult {
	c.t.Helper()
	result, err := c.take(c.db, orders...)
	if err != nil {
		c.t.Fatal(err)
	}
	return result
}

func (c *counter) balance() stock.Balance {
	c.t.Helper()
	answer, err := c.db.ChangeStock(context.Background(), c.tenant, receipt(c.sku, c.at, stock.Add, 0))
	if err != nil {
		c.t.Fatal(err)
	}
	return answer.Rows[0].After
}

func (c *counter) movements() int64 {
	c.t.Helper()
	totals, err := c.db.Totals(context.Background(), c.tenant)
	if err != nil {
		c.t.Fatal(err)
	}
	return totals.Movements
}

// Two processes post to one SKU, by hand and by orders, at the same time: nothing is lost. Each reads the balance, decides, and writes;
// only the row's lock keeps the other out in between.
func TestPosting_two_processes_on_one_SKU(t *testing.T) {
	t.Parallel()
	eachTwice(t, func(t *testing.T, first, second *store.DB) {
		c := newCounter(t, first)
		ctx := context.Background()
		const posters, each = 6, 25
		var wg sync.WaitGroup
		for n, db := range []*store.DB{first, second} {
			for p := range posters {
				wg.Go(func() {
					for i := range each {
						var err error
						if p%3 == 0 {
							_, err = c.take(db, sale(fmt.Sprintf("%d-%d-%d", n, p, i), 1, 1, 0))
						} else {
							_, err = db.ChangeStock(ctx, c.tenant, receipt(c.sku, c.at, stock.Add, 1))
						}
						if err != nil {
							t.Errorf("handle %d: %v", n, err)
							return
						}
					}
				})
			}
		}
		wg.Wait()
		want := stock.Balance{OnHand: shelf + 2*each*posters*2/3, Committed: 2 * each * posters / 3}
		if got := c.balance(); got != want {
			t.Errorf("the balance is %+v, want %+v", got, want)
		}
		if got, want := c.movements(), int64(1+2*posters*each); got != want {
			t.Errorf("%d movements, want %d", got, want)
		}
	})
}

// One key used by two processes at once posts once, and each gets the same answer.
func TestChangeStock_same_key_in_two_processes(t *testing.T) {
	t.Parallel()
	eachTwice(t, func(t *testing.T, first, second *store.DB) {
		c := newCounter(t, first)
		var wg sync.WaitGroup
		for round := range 20 {
			for _, db := range []*store.DB{first, second, first, second} {
				wg.Go(func() {
					r := receipt(c.sku, c.at, stock.Add, 1)
					r.Key = fmt.Sprintf("round %d", round)
					answer, err := db.ChangeStock(context.Background(), c.tenant, r)
					if err != nil || !answer.Applied || answer.Rows[0].After.OnHand != shelf+int64(round)+1 {
						t.Errorf("round %d: %+v, %v", round, answer, err)
					}
				})
			}
			wg.Wait()
		}
		if got := c.balance().OnHand; got != shelf+20 {
			t.Errorf("on hand %d after 20 keys of one unit each", got)
		}
	})
}

// A page that comes in many times at once, as from a poll and a webhook, claims once: its works never share a transaction, since
// neither would see what the other records.
func TestTakeIn_same_page_at_once(t *testing.T) {
	t.Parallel()
	eachTwice(t, func(t *testing.T, first, second *store.DB) {
		c := newCounter(t, first)
		var mu sync.Mutex
		var total store.IntakeResult
		// Other postings keep a handle busy, so that pages wait for the next transaction together.
		var busy sync.WaitGroup
		over := make(chan struct{})
		bulk := receipt(c.sku, c.at, stock.Add, 0)
		for range 200 {
			bulk.Rows = append(bulk.Rows, bulk.Rows[0])
		}
		busy.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				if _, err := first.ChangeStock(context.Background(), c.tenant, bulk); err != nil {
					t.Error(err)
					return
				}
			}
		})
		const rounds = 12 // the first makes the orders, each other one changes them
		for round := range int64(rounds) {
			page := []order.Snapshot{sale("a", round+1, 3+round, 0), sale("b", round+1, 2+round, 0)}
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					result, err := c.take([]*store.DB{first, second}[i%2], page...)
					if err != nil {
						t.Error(err)
					}
					mu.Lock()
					defer mu.Unlock()
					total.New += result.New
					total.Movements += result.Movements
				})
			}
			wg.Wait()
		}
		close(over)
		busy.Wait()
		if got, want := c.balance().Committed, int64(3+2+2*(rounds-1)); got != want {
			t.Errorf("committed %d, want %d", got, want)
		}
		if total.New != 2 || total.Movements != 2*rounds {
			t.Errorf("%d new orders and %d movements, want 2 and %d", total.New, total.Movements, 2*rounds)
		}
	})
}

// A snapshot that is older than what is recorded changes nothing, not even when it comes after a restart.
func TestTakeIn_older_snapshot_is_ignored(t *testing.T) {
	t.Parallel()
	eachTwice(t, func(t *testing.T, first, second *store.DB) {
		c := newCounter(t, first)
		c.mustTake(sale("a", 1, 5, 0))
		c.mustTake(sale("a", 3, 2, 2))
		before, movements := c.balance(), c.movements()
		if want := (stock.Balance{OnHand: shelf - 2}); before != want {
			t.Fatalf("the balance is %+v, want %+v", before, want)
		}
		for _, db := range []*store.DB{first, second} {
			result, err := c.take(db, sale("a", 2, 4, 0), sale("a", 1, 5, 0))
			if err != nil || result.Stale != 2 {
				t.Errorf("%+v, %v; want two stale snapshots", result, err)
			}
		}
		if got := c.balance(); got != before || c.movements() != movements {
			t.Errorf("the balance became %+v with %d movements", got, c.movements())
		}
	})
}

// A shop lowers its own number when it sells. The expected number follows, so the shop that made the sale has nothing to do.
func TestTakeIn_sale_lowers_what_is_expected(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := newCounter(t, db)
		c.publish()
		if due := c.due(); len(due) != 0 {
			t.Fatalf("not in line after the first push: %+v", due)
		}
		c.mustTake(sale("a", 1, 3, 0))
		c.plan()
		if due := c.due(); len(due) != 0 {
			t.Errorf("the shop that made the sale is to be written: %+v", due)
		}
	})
}

// Between a sale and its plan the old target is more than what is there: no shop is raised to it, neither when work is looked for nor when
// it was found just before the sale.
func TestBeginPush_raise_waits_for_its_plan(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := newCounter(t, db)
		ctx := context.Background()
		before := c.due()
		if len(before) != 1 {
			t.Fatalf("due is %+v before the first push", before)
		}
		push := func() int {
			t.Helper()
			p, err := db.BeginPush(ctx, c.tenant, c.lease, []store.ListingID{before[0].ID}, false)
			if err != nil {
				t.Fatal(err)
			}
			return len(p.Items)
		}
		c.publish()
		c.mustTake(sale("a", 1, 3, 0))
		if due := c.due(); len(due) != 0 {
			t.Errorf("due before the plan: %+v", due)
		}
		if n := push(); n != 0 {
			t.Errorf("%d listings are raised to a target from before the sale", n)
		}
		if _, err := db.ChangeStock(ctx, c.tenant, receipt(c.sku, c.at, stock.Subtract, 50)); err != nil {
			t.Fatal(err)
		}
		c.plan()
		if _, err := db.ChangeStock(ctx, c.tenant, receipt(c.sku, c.at, stock.Subtract, 10)); err != nil {
			t.Fatal(err)
		}
		if n := push(); n != 1 {
			t.Errorf("a falling number waits for its plan")
		}
	})
}

// What was read while a push was on its way may be from before it arrived: it says nothing about what is shown now.
func TestRecordRead_during_a_push(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := newCounter(t, db)
		ctx := context.Background()
		c.publish()
		if _, err := db.ChangeStock(ctx, c.tenant, receipt(c.sku, c.at, stock.Subtract, 40)); err != nil {
			t.Fatal(err)
		}
		c.plan()
		due := c.due()
		p, err := db.BeginPush(ctx, c.tenant, c.lease, []store.ListingID{due[0].ID}, false)
		if err != nil {
			t.Fatal(err)
		}
		from := time.Now()
		old := []channel.Shown{{Ref: "A-1", Found: true, Quantity: stock.Units(shelf)}}
		until := time.Now()
		if err := db.RecordPush(ctx, c.tenant, c.lease, p, []store.PushOutcome{{Outcome: channel.Outcome{State: channel.Applied}}}); err != nil {
			t.Fatal(err)
		}
		odd, err := db.RecordRead(ctx, c.tenant, c.lease, from, until, []store.ListingID{due[0].ID}, old)
		if err != nil {
			t.Fatal(err)
		}
		if len(odd) != 0 {
			t.Errorf("the number from before the push counts as one that differs: %+v", odd)
		}
		later := time.Now().Add(time.Second)
		if odd, err = db.RecordRead(ctx, c.tenant, c.lease, later, later, []store.ListingID{due[0].ID}, old); err != nil || len(odd) != 1 {
			t.Errorf("a number read after the push that differs is not told of: %+v, %v", odd, err)
		}
	})
}

// What a shop does to its number on a cancel is for the shop to say: the listing is read before it is written again.
func TestTakeIn_cancel_makes_unsure(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := newCounter(t, db)
		c.publish()
		c.mustTake(sale("a", 1, 3, 0))
		if result := c.mustTake(sale("a", 2, 1, 0)); result.Unsure != 1 {
			t.Errorf("%+v, want one unsure listing", result)
		}
		c.plan()
		due := c.due()
		if len(due) != 1 || !due[0].NeedsRead || due[0].Lane != store.Falling {
			t.Errorf("due is %+v, want the listing in the lane of the falling, to be read first", due)
		}
	})
}

// Whatever a process does for a shop after it lost the shop's lease is refused and changes nothing.
func TestLease_lost_lease_changes_nothing(t *testing.T) {
	t.Parallel()
	eachTwice(t, func(t *testing.T, first, second *store.DB) {
		c := newCounter(t, first)
		ctx := context.Background()
		c.publish()
		c.mustTake(sale("a", 1, 3, 0))
		if _, err := first.ChangeStock(ctx, c.tenant, receipt(c.sku, c.at, stock.Add, 9)); err != nil {
			t.Fatal(err)
		}
		c.plan()
		due := c.due()
		ids := []store.ListingID{due[0].ID}
		inFlight, err := first.BeginPush(ctx, c.tenant, c.lease, ids, false)
		if err != nil || len(inFlight.Items) != 1 {
			t.Fatalf("push %+v, %v", inFlight, err)
		}
		old := c.acquire("first", 0) // runs out at once
		successor, ok, err := second.AcquireLease(ctx, c.tenant, c.shop, "second", time.Hour)
		if err != nil || !ok || successor.Token <= old.Token {
			t.Fatalf("the second process got %+v, %v, %v", successor, ok, err)
		}
		if due := c.due(); len(due) != 1 || !due[0].NeedsRead {
			t.Errorf("what was in flight is %+v, want it to be read back", due)
		}
		before, movements := c.balance(), c.movements()
		shown := []channel.Shown{{Ref: "A-1", Found: true, Quantity: stock.Units(55)}}
		now := time.Now().UTC()
		for name, try := range map[string]func() error{
			"take in": func() error { _, err := c.take(first, sale("b", 1, 1, 0)); return err },
			"take listings": func() error {
				_, err := first.TakeListings(ctx, c.tenant, old, []channel.Listing{{Ref: "new", Codes: []match.Code{{Text: "A-1"}}}})
				return err
			},
			"begin push": func() error { _, err := first.BeginPush(ctx, c.tenant, old, ids, true); return err },
			"record push": func() error {
				return first.RecordPush(ctx, c.tenant, old, inFlight, []store.PushOutcome{{Outcome: channel.Outcome{State: channel.Applied}}})
			},
			"record read": func() error { _, err := first.RecordRead(ctx, c.tenant, old, now, now, ids, shown); return err },
			"adopt": func() error {
				_, err := first.Adopt(ctx, c.tenant, old, now, now, []store.Disagreement{{ID: ids[0], Found: stock.Units(55)}}, 1, now)
				return err
			},
		} {
			if err := try(); !errors.Is(err, store.ErrLeaseLost) {
				t.Errorf("%s under a lost lease: %v", name, err)
			}
		}
		if got := c.balance(); got != before || c.movements() != movements {
			t.Errorf("the balance became %+v with %d movements", got, c.movements())
		}
		if due := c.due(); len(due) != 1 || !due[0].NeedsRead {
			t.Errorf("due became %+v", due)
		}
		if _, ok, err := first.AcquireLease(ctx, c.tenant, c.shop, "first", time.Hour); ok || err != nil {
			t.Errorf("the first process got the lease back while the second has it: %v", err)
		}
	})
}
