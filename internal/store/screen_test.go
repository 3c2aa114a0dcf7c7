package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// screens is a small merchant: three SKUs, two live shops that list them, one more in rehearsal, an order or two.
type screens struct {
	db     *store.DB
	tenant stock.TenantID
	at     stock.LocationID
	skus   []stock.SKUID
	shops  []store.Shop
	leases []store.Lease
	now    time.Time
}

func newScreens(t *testing.T, db *store.DB) *screens {
	t.Helper()
	ctx := context.Background()
	s := &screens{db: db, now: time.Now().UTC()}
	s.tenant, s.at = storetest.Tenant(t, db, "screens")
	s.skus = addSKUs(t, db, s.tenant, "A-1", "B-2", "C-3")
	for i, name := range []string{"本店", "二号店", "試し店"} {
		shop, err := db.AddShop(ctx, s.tenant, "rakuten", name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if i < 2 {
			if err := db.SetMode(ctx, s.tenant, shop.ID, store.Live); err != nil {
				t.Fatal(err)
			}
		}
		lease, ok, err := db.AcquireLease(ctx, s.tenant, shop.ID, "test", time.Hour)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		listings := []channel.Listing{{Ref: "a", Codes: []match.Code{{Text: "A-1"}}, Title: "A"}, {Ref: "b", Codes: []match.Code{{Text: "B-2"}}, Title: "B"}, {Ref: "x", Codes: []match.Code{{Text: "X-9"}}, Title: "ない"}}
		if _, err := db.TakeListings(ctx, s.tenant, lease, listings); err != nil {
			t.Fatal(err)
		}
		s.shops, s.leases = append(s.shops, shop), append(s.leases, lease)
	}
	for _, sku := range s.skus {
		if _, err := db.ChangeStock(ctx, s.tenant, receipt(sku, s.at, stock.Set, 5)); err != nil {
			t.Fatal(err)
		}
	}
	s.plan(t, 5)
	return s
}

// plan gives every listing the same target.
func (s *screens) plan(t *testing.T, target int64) {
	t.Helper()
	_, _, err := s.db.Plan(context.Background(), s.tenant, 100, func(skus []*store.Unplanned) error {
		for _, u := range skus {
			for i := range u.Listings {
				u.Listings[i].NewTarget = stock.Units(target)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// read makes a shop show n for everything it lists.
func (s *screens) read(t *testing.T, shop int, n int64) {
	t.Helper()
	ctx := context.Background()
	list, err := s.db.ListToRead(ctx, s.tenant, s.shops[shop].ID, 10, time.Now().Add(time.Hour), time.Now().Add(time.Hour), false)
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]store.ListingID, len(list))
	shown := make([]channel.Shown, len(list))
	for i, l := range list {
		ids[i], shown[i] = l.ID, channel.Shown{Ref: l.Ref, Found: true, Quantity: stock.Units(n)}
	}
	if _, err := s.db.RecordRead(ctx, s.tenant, s.leases[shop], time.Now(), time.Now(), ids, shown); err != nil {
		t.Fatal(err)
	}
}

func (s *screens) sell(t *testing.T, shop int, o order.Snapshot) {
	t.Helper()
	if now := time.Now().UTC(); now.After(s.now) { // a sale of just now, however long the test has taken so far
		s.now = now
	}
	o.PlacedAt, o.State, o.Version = s.now, order.Open, order.Version{AskedAt: s.now}
	if _, err := s.db.TakeIn(context.Background(), s.tenant, store.Intake{Lease: s.leases[shop], Loop: "new", Orders: []order.Snapshot{o}}); err != nil {
		t.Fatal(err)
	}
	s.now = s.now.Add(time.Millisecond)
}

func (s *screens) front(t *testing.T) store.Front {
	t.Helper()
	f, err := s.db.LoadFront(context.Background(), s.tenant, store.FrontQuery{LagSince: time.Now().Add(-time.Hour), Late: time.Now().Add(time.Hour),
		Since: time.Now().Add(-24 * time.Hour), Rows: 10, Flow: 10})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestLoadFront(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newScreens(t, db)
		s.read(t, 0, 5)
		s.read(t, 1, 7)
		f := s.front(t)
		if len(f.Shops) != 3 || f.Shops[0].Listings != 3 || f.Shops[0].Linked != 2 {
			t.Fatalf("shops: %+v", f.Shops)
		}
		if f.BehindAll != 2 || f.LateAll != 2 || len(f.Behind) != 2 || f.Behind[0].Shop != s.shops[1].ID || f.Behind[0].SKUCode != "A-1" {
			t.Errorf("behind: only the second shop differs, and the one in rehearsal does not count: %d %d %+v", f.BehindAll, f.LateAll, f.Behind)
		}
		if f.Behind[0].State != store.StateBehind || f.Behind[0].Believed().String() != "7" {
			t.Errorf("behind: %+v", f.Behind[0])
		}
		if f.Sales != 0 || len(f.Oversold) != 0 || len(f.Flow) != 0 {
			t.Errorf("nothing has been sold: %+v", f)
		}

		s.sell(t, 0, order.Snapshot{Number: "fine", Lines: []order.Line{{Key: "1", Ref: "a", Wanted: 2}}})
		s.sell(t, 1, order.Snapshot{Number: "too-much", Lines: []order.Line{{Key: "1", Ref: "b", Wanted: 9}, {Key: "2", Ref: "a", Wanted: 1}}})
		s.sell(t, 0, order.Snapshot{Number: "unknown-goods", Lines: []order.Line{{Key: "1", Ref: "x", Wanted: 1, Code: "X-9"}}})
		s.sell(t, 0, order.Snapshot{Number: "odd", Problems: []string{"one", "two"}})
		f = s.front(t)
		if len(f.Oversold) != 1 || f.Oversold[0].Code != "B-2" || f.Oversold[0].Balance.Available() != -4 || f.Oversold[0].Document != "too-much" {
			t.Errorf("oversold: %+v", f.Oversold)
		}
		if f.Sales != 1 || len(f.Attention) != 1 || f.Attention[0].Number != "odd" || len(f.Attention[0].Problems) != 2 {
			t.Errorf("attention: %d %+v", f.Sales, f.Attention)
		}
		if f.Waiting.Lines != 1 || f.Waiting.Units != 1 || len(f.Waits) != 1 || f.Waits[0].Number != "unknown-goods" || f.Waits[0].Code != "X-9" || f.Waits[0].Shop != s.shops[0].ID {
			t.Errorf("waiting: %+v %+v", f.Waiting, f.Waits)
		}
		if len(f.Flow) != 3 || f.Flow[0].Code != "X-9" || f.Flow[1].Number != "too-much" || f.Flow[1].Others != 1 || len(f.Flow[1].Listings) != 3 || f.Flow[2].Balance.Available() != 2 {
			t.Errorf("flow: %+v", f.Flow)
		}

		if _, err := db.ChangeStock(context.Background(), s.tenant, receipt(s.skus[1], s.at, stock.Add, 4)); err != nil {
			t.Fatal(err)
		}
		if f = s.front(t); len(f.Oversold) != 0 {
			t.Errorf("an oversell that has been filled is over: %+v", f.Oversold)
		}
	})
}

func TestLoadFront_other_tenants_are_not_seen(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newScreens(t, db)
		s.sell(t, 0, order.Snapshot{Number: "n", Problems: []string{"p"}, Lines: []order.Line{{Key: "1", Ref: "a", Wanted: 9}}})
		s.tenant, _ = storetest.Tenant(t, db, "other")
		if f := s.front(t); len(f.Shops) != 0 || f.BehindAll != 0 || f.Sales != 0 || len(f.Oversold) != 0 || len(f.Flow) != 0 {
			t.Errorf("another tenant's page shows %+v", f)
		}
	})
}

func TestListShopStatus(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		s := newScreens(t, db)
		s.read(t, 0, 9)
		due, err := db.ListDue(ctx, s.tenant, s.shops[0].ID, 10, time.Now())
		if err != nil || len(due) != 2 {
			t.Fatal(due, err)
		}
		push, err := db.BeginPush(ctx, s.tenant, s.leases[0], []store.ListingID{due[0].ID}, true)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.RecordPush(ctx, s.tenant, s.leases[0], push, []store.PushOutcome{{Outcome: channel.Outcome{State: channel.Applied}}}); err != nil {
			t.Fatal(err)
		}
		if err := db.LoopFailed(ctx, s.tenant, s.shops[0].ID, "push", &channel.Error{Kind: channel.Throttled, Op: "x", Code: "T1"}); err != nil {
			t.Fatal(err)
		}
		if err := db.LoopFailed(ctx, s.tenant, s.shops[0].ID, "new", &channel.Error{Kind: channel.Auth, Op: "x", Code: "A1"}); err != nil {
			t.Fatal(err)
		}
		list, all, err := db.ListShopStatus(ctx, s.tenant, time.Now().Add(-time.Hour))
		if err != nil || len(list) != 3 {
			t.Fatal(list, err)
		}
		first := list[0]
		if first.Lag.Items != 1 || all.Items != 1 || all.P99 <= 0 || list[1].Lag.Items != 0 {
			t.Errorf("lag: %+v, all %+v", first.Lag, all)
		}
		if first.Backlog[store.Falling] != 1 || first.PushedAt.IsZero() || !first.PushOK {
			t.Errorf("status: %+v", first)
		}
		if trouble, ok := first.Trouble(); !ok || trouble.ErrorCode != "A1" {
			t.Errorf("the wrong credentials matter most: %+v", trouble)
		}
		if _, ok := list[1].Trouble(); ok {
			t.Error("the second shop has no trouble")
		}
		if err := db.LoopSucceeded(ctx, s.tenant, s.shops[0].ID, "new"); err != nil {
			t.Fatal(err)
		}
		if list, _, err = db.ListShopStatus(ctx, s.tenant, time.Now()); err != nil || list[0].Pulled().IsZero() {
			t.Errorf("pulled: %+v %v", list[0], err)
		}
		if trouble, ok := list[0].Trouble(); !ok || trouble.ErrorCode != "T1" {
			t.Errorf("what the one loop did well does not mend the other: %+v", trouble)
		}
	})
}

func TestPreviewOfGoingLive(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		s := newScreens(t, db)
		trial := s.shops[2].ID
		sums, err := db.SumListings(ctx, s.tenant, trial)
		if want := (store.ListingSums{All: 3, Linked: 2, Unread: 2}); err != nil || sums != want {
			t.Errorf("nothing read yet: %+v %v", sums, err)
		}
		s.read(t, 2, 3)
		sums, err = db.SumListings(ctx, s.tenant, trial)
		if want := (store.ListingSums{All: 3, Linked: 2, Up: 2}); err != nil || sums != want {
			t.Errorf("3 is shown, 5 is due: %+v %v", sums, err)
		}
		list, err := db.ListPreview(ctx, s.tenant, trial, 1)
		if err != nil || len(list) != 1 || list[0].State != store.StateRehearsing || list[0].Target.String() != "5" || list[0].Expected.String() != "3" {
			t.Errorf("preview: %+v %v", list, err)
		}
	})
}

func TestListDrifts(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		s := newScreens(t, db)
		s.read(t, 0, 5)
		list, err := db.ListToRead(ctx, s.tenant, s.shops[0].ID, 10, time.Now().Add(time.Hour), time.Now().Add(time.Hour), false)
		if err != nil {
			t.Fatal(err)
		}
		var ids []store.ListingID
		var shown []channel.Shown
		for _, l := range list {
			if l.Ref == "a" {
				ids, shown = append(ids, l.ID), append(shown, channel.Shown{Ref: l.Ref, Found: true, Quantity: stock.Units(8)})
			}
		}
		odd, err := db.RecordRead(ctx, s.tenant, s.leases[0], time.Now(), time.Now(), ids, shown)
		if err != nil || len(odd) != 1 {
			t.Fatal(odd, err)
		}
		if n, err := db.Adopt(ctx, s.tenant, s.leases[0], time.Now(), time.Now(), odd, 1, time.Now()); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		drifts, err := db.ListDrifts(ctx, s.tenant, s.shops[0].ID, 10)
		if err != nil || len(drifts) != 1 || drifts[0].Code != "A-1" || drifts[0].Expected.String() != "5" || drifts[0].Found.String() != "8" {
			t.Errorf("%+v %v", drifts, err)
		}
	})
}

func TestRenameTenant(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		a, _ := storetest.Tenant(t, db, "a")
		b, _ := storetest.Tenant(t, db, "b")
		if err := db.RenameTenant(ctx, a, "花霞商店"); err != nil {
			t.Fatal(err)
		}
		if got, err := db.LoadTenant(ctx, a); err != nil || got.Name != "花霞商店" {
			t.Errorf("%+v %v", got, err)
		}
		if got, err := db.LoadTenant(ctx, b); err != nil || got.Name != "b" {
			t.Errorf("another merchant was renamed: %+v %v", got, err)
		}
		if err := db.RenameTenant(ctx, b+1_000_000, "x"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an unknown merchant: %v", err)
		}
	})
}

// A shop whose yes is no proof is read after it took a zero; the zero is not sent again and again meanwhile.
func TestListDue_a_zero_that_was_taken_is_read_and_not_sent_again(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		s := newScreens(t, db)
		for _, sku := range s.skus {
			if _, err := db.ChangeStock(ctx, s.tenant, receipt(sku, s.at, stock.Set, 0)); err != nil {
				t.Fatal(err)
			}
		}
		s.plan(t, 0)
		due := func(settled time.Time) []store.Due {
			t.Helper()
			list, err := db.ListDue(ctx, s.tenant, s.shops[0].ID, 10, settled)
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		list := due(time.Now())
		if len(list) != 2 || list[0].NeedsRead || list[0].Lane != store.ToZero {
			t.Fatalf("zeros are sent without a word: %+v", list)
		}
		push := func() {
			t.Helper()
			p, err := db.BeginPush(ctx, s.tenant, s.leases[0], []store.ListingID{list[0].ID, list[1].ID}, false)
			if err != nil {
				t.Fatal(err)
			}
			yes := store.PushOutcome{Outcome: channel.Outcome{State: channel.Applied}, Verify: true}
			if err := db.RecordPush(ctx, s.tenant, s.leases[0], p, []store.PushOutcome{yes, yes}); err != nil {
				t.Fatal(err)
			}
		}
		push()
		if list := due(time.Now().Add(-time.Minute)); len(list) != 0 {
			t.Errorf("the shop may not show it yet, so it is not asked: %+v", list)
		}
		if list := due(time.Now()); len(list) != 2 || !list[0].NeedsRead || !list[1].NeedsRead {
			t.Errorf("what was taken is to be read: %+v", list)
		}
		lag := func() int64 {
			t.Helper()
			_, all, err := db.ListShopStatus(ctx, s.tenant, time.Now().Add(-time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			return all.Items
		}
		if n := lag(); n != 0 {
			t.Errorf("%d lags measured before anybody has seen the numbers", n)
		}
		s.read(t, 0, 0)
		if list := due(time.Now()); len(list) != 0 {
			t.Errorf("seen to be zero, so nothing is due: %+v", list)
		}
		s.read(t, 0, 0)
		if n := lag(); n != 2 {
			t.Errorf("%d lags measured, want one for each push, when it was first seen", n)
		}
		s.read(t, 1, 5)
		s.sell(t, 0, order.Snapshot{Number: "late", Lines: []order.Line{{Key: "1", Ref: "a", Wanted: 1}}})
		s.plan(t, 0)
		if list := due(time.Now()); len(list) != 1 || list[0].NeedsRead {
			t.Errorf("doubt that comes later is met with a zero at once: %+v", list)
		}
	})
}
