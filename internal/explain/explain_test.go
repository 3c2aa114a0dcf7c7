package explain_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/explain"
	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// world is a tenant with two SKUs, the first of them listed in a live shop.
type world struct {
	t      *testing.T
	db     *store.DB
	tenant stock.TenantID
	at     stock.LocationID
	lease  store.Lease
	specs  []channel.Spec
}

func newWorld(t *testing.T, db *store.DB) *world {
	w := &world{t: t, db: db, specs: []channel.Spec{{Kind: "plain", Limits: channel.Limits{Largest: 100}}}}
	ctx := context.Background()
	w.tenant, w.at = storetest.Tenant(t, db, "a")
	_, err := db.AddSKUs(ctx, w.tenant, []store.NewSKU{{Code: "A-01", Name: "シャツ"}, {Code: "A-02", Name: "靴"}})
	w.must(err)
	shop, err := db.AddShop(ctx, w.tenant, "plain", "楽天", nil)
	w.must(err)
	_, err = db.AddShop(ctx, w.tenant, "plain", "Yahoo", nil)
	w.must(err)
	w.must(db.SetMode(ctx, w.tenant, shop.ID, store.Live))
	w.lease, _, err = db.AcquireLease(ctx, w.tenant, shop.ID, "test", time.Hour)
	w.must(err)
	_, err = db.TakeListings(ctx, w.tenant, w.lease, []channel.Listing{{Ref: "a-01", Codes: []match.Code{{Text: "A-01"}}}})
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) set(units int64) {
	w.t.Helper()
	ids, err := w.db.FindSKUs(context.Background(), w.tenant, []string{"A-01"})
	w.must(err)
	_, err = w.db.ChangeStock(context.Background(), w.tenant, store.ChangeRequest{Cause: stock.ByHand, Kind: stock.Adjustment, Document: "count",
		Rows: []stock.Change{{SKU: ids["A-01"], Location: w.at, Mode: stock.Set, Units: units}}})
	w.must(err)
}

// plan decides targets, off by a number that is 0 when all is right.
func (w *world) plan(off int64) {
	w.t.Helper()
	_, _, err := w.db.Plan(context.Background(), w.tenant, 100, func(skus []*store.Unplanned) error {
		for _, u := range skus {
			for i := range u.Listings {
				u.Listings[i].NewTarget = stock.Units(u.Balance.Available() - u.Terms.SecuredUnits(u.Balance) + off)
			}
		}
		return nil
	})
	w.must(err)
}

func (w *world) push() {
	w.t.Helper()
	ctx := context.Background()
	due, err := w.db.ListDue(ctx, w.tenant, w.lease.Shop, 10, time.Now().Add(time.Hour))
	w.must(err)
	var ids []store.ListingID
	for _, d := range due {
		ids = append(ids, d.ID)
	}
	p, err := w.db.BeginPush(ctx, w.tenant, w.lease, ids, false)
	w.must(err)
	outcomes := make([]store.PushOutcome, len(p.Items))
	for i := range outcomes {
		outcomes[i].State = channel.Applied
	}
	w.must(w.db.RecordPush(ctx, w.tenant, w.lease, p, outcomes))
}

func (w *world) sell(number string, units int64) {
	w.t.Helper()
	now := time.Now().UTC()
	_, err := w.db.TakeIn(context.Background(), w.tenant, store.Intake{Lease: w.lease, Loop: "new", Returns: channel.ReturnsNever, Orders: []order.Snapshot{{Number: number,
		PlacedAt: now.Add(time.Minute), State: order.Open, Version: order.Version{AskedAt: now}, Lines: []order.Line{{Key: "1", Ref: "a-01", Wanted: units}}}}})
	w.must(err)
}

func (w *world) explain(shop string) explain.Explanation {
	w.t.Helper()
	list, err := explain.Load(context.Background(), w.db, w.specs, w.tenant, "A-01", shop)
	w.must(err)
	if len(list) != 1 {
		w.t.Fatalf("%d explanations", len(list))
	}
	return list[0]
}

func (w *world) unexplained() int64 {
	w.t.Helper()
	n, err := explain.CountUnexplained(context.Background(), w.db, w.tenant, w.specs...)
	w.must(err)
	return n
}

func TestLoad(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.set(10)
		if e := w.explain(""); !e.Explained || e.State != store.StateBehind {
			t.Errorf("before planning: %+v", e)
		}
		w.plan(0)
		w.push()
		if e := w.explain("楽天"); !e.Explained || e.State != store.StateInLine || *e.Published != stock.Units(10) || e.SKU != "A-01" || e.Shop != "楽天" {
			t.Errorf("in line: %+v", e)
		}
		w.sell("R1", 4)
		e := w.explain("")
		if !e.Explained || *e.Published != stock.Units(10) || *e.Believed != stock.Units(6) {
			t.Errorf("sold: %+v", e)
		}
		var claim, sold bool
		for _, s := range e.Steps {
			claim = claim || s.Words("en") == "Order R1 of 楽天 (line 1) holds 4"
			sold = sold || s.Words("en") == "Sold in this shop since: 4"
		}
		if !claim || !sold {
			t.Errorf("steps %+v", e.Steps)
		}
		w.plan(0)
		if e := w.explain(""); !e.Explained || e.State != store.StateInLine {
			t.Errorf("the shop lowered itself: %+v", e)
		}
		if n := w.unexplained(); n != 0 {
			t.Errorf("%d unexplained", n)
		}
		w.set(1000)
		w.plan(0)
		if n := w.unexplained(); n != 1 {
			t.Errorf("a target above what the shop can show: %d unexplained", n)
		}
		w.set(50)
		w.plan(3)
		if e := w.explain(""); e.Explained {
			t.Errorf("a target that nothing gives: %+v", e)
		}
		list, err := explain.FindUnexplained(context.Background(), db, w.tenant, w.specs, 5)
		if err != nil || len(list) != 1 || list[0].SKU != "A-01" {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestLoad_missing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		for _, c := range []struct{ code, shop, what string }{
			{"A-99", "", "sku"}, {"a-01", "", "sku"}, {"A-01", "Amazon", "shop"}, {"A-01", "Yahoo", "listing"}, {"A-02", "楽天", "listing"},
		} {
			_, err := explain.Load(context.Background(), db, w.specs, w.tenant, c.code, c.shop)
			var missing *explain.MissingError
			if !errors.As(err, &missing) || missing.What != c.what || !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s in %q: %v", c.code, c.shop, err)
			}
		}
		if list, err := explain.Load(context.Background(), db, w.specs, w.tenant, "A-02", ""); err != nil || len(list) != 0 {
			t.Errorf("listed nowhere: %+v, %v", list, err)
		}
	})
}
