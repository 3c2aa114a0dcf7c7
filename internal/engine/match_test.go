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

// One SKU is listed twice in one shop. A sale of one lowers the other, in that shop as well as elsewhere, and each is believed to show what it shows.
func TestEngine_two_listings_of_one_SKU_in_one_shop(t *testing.T) {
	t.Parallel()
	for _, write := range everyWrite {
		t.Run(string(write), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := context.Background()
				twice, other := newMemoryShop("twice", write, 2, opening), newMemoryShop("other", channel.Delta, 1, opening)
				tn := newTown(t, 1, twice, other)
				stop := tn.start()
				defer stop()
				time.Sleep(5 * time.Second)
				answer, err := tn.db.Link(ctx, tn.tenant, store.LinkRequest{Rows: []store.LinkRow{{Shop: tn.ids[0], Ref: refOf(1), SKU: tn.skus[0]}}})
				if err != nil || !answer.Applied {
					t.Fatalf("%+v %v", answer, err)
				}
				show := func(what string, want int64) {
					t.Helper()
					tn.settle()
					if a, b, c := twice.shows(refOf(0)), twice.shows(refOf(1)), other.shows(refOf(0)); a != want || b != want || c != want {
						t.Errorf("%s: %d and %d in the one shop, %d in the other, want %d", what, a, b, c, want)
					}
				}
				show("before", opening)
				time.Sleep(10 * time.Second)
				twice.buy(refOf(0), 3)
				time.Sleep(time.Minute)
				show("a sale of the first", opening-3)
				twice.buy(refOf(1), 2)
				twice.buy(refOf(0), 1)
				time.Sleep(time.Minute)
				show("sales of both", opening-6)
				number, _ := twice.buy(refOf(1), 4)
				time.Sleep(time.Minute)
				show("one more", opening-10)
				twice.cut(number, 4)
				time.Sleep(time.Minute)
				show("cancelled", opening-6)
				if drifts := tn.totals().Drifts; drifts != 0 {
					t.Errorf("%d drifts in a world without faults", drifts)
				}
			})
		})
	}
}
