package engine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// A SKU that a shop has sold for long and that nobody knew becomes known: its listing is linked, its orders claim, and the other shops show what is
// left, without anybody pulling anything.
func TestEngine_new_SKU_finds_its_listing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := newMemoryShop("a", channel.Delta, 2, opening), newMemoryShop("b", channel.Delta, 2, opening)
		tn := newTown(t, 1, a, b) // the shops list two, one is known
		stop := tn.start()
		defer stop()
		tn.settle()
		a.buy(refOf(1), 3)
		time.Sleep(time.Minute)
		w, err := tn.db.SumWaiting(context.Background(), tn.tenant)
		if err != nil || w.Lines != 1 || w.Units != 3 {
			t.Fatalf("%+v %v", w, err)
		}
		ids, err := tn.db.AddSKUs(context.Background(), tn.tenant, []store.NewSKU{{Code: string(refOf(1))}})
		if err != nil {
			t.Fatal(err)
		}
		tn.skus = append(tn.skus, ids[string(refOf(1))])
		tn.change(stock.Set, opening, tn.skus[1])
		time.Sleep(10 * time.Second)
		tn.settle()
		if got := b.shows(refOf(1)); got != opening-3 {
			t.Errorf("the other shop shows %d", got)
		}
		if got := tn.balance(tn.skus[1]); got.Committed != 3 {
			t.Errorf("%+v", got)
		}
	})
}

// A changed rule is applied to what has no SKU yet, and once only.
func TestEngine_changed_rule_is_applied(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		shop := newMemoryShop("a", channel.Delta, 3, opening)
		tn := newTown(t, 3, shop)
		if err := tn.db.SetMatchRule(ctx, tn.tenant, tn.ids[0], match.Rule{Steps: []match.Step{}}); err != nil {
			t.Fatal(err)
		}
		stop := tn.start()
		defer stop()
		time.Sleep(time.Minute)
		if n := tn.totals().Linked; n != 0 {
			t.Fatalf("%d listings linked although it is for people to do", n)
		}
		if err := tn.db.SetMatchRule(ctx, tn.tenant, tn.ids[0], match.Default()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if n := tn.totals().Linked; n != 3 {
			t.Errorf("%d listings linked", n)
		}
		shops, err := tn.db.ListShops(ctx, tn.tenant)
		if err != nil || shops[0].MatchDone != shops[0].MatchDue || shops[0].MatchDue == 0 {
			t.Errorf("%d of %d passes done: %v", shops[0].MatchDone, shops[0].MatchDue, err)
		}
	})
}

// An order of a listing that the shop had not told of makes soroi ask at once, not at the next full hour.
func TestEngine_unknown_listing_is_asked_for(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shop := newMemoryShop("a", channel.Delta, 1, opening)
		tn := newTown(t, 2, shop)
		stop := tn.start()
		defer stop()
		time.Sleep(6 * time.Minute)
		shop.mu.Lock()
		shop.shown[refOf(1)] = 7
		shop.mu.Unlock()
		shop.buy(refOf(1), 2)
		time.Sleep(time.Minute)
		if got := tn.balance(tn.skus[1]); got.Committed != 2 {
			t.Errorf("%+v", got)
		}
	})
}
