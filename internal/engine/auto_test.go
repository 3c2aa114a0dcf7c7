package engine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/allocation"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// Under auto, shops show everything while stock is plentiful, the last units lie in fewer shops, together never more than there are, and everything is shown
// everywhere again when stock returns.
func TestEngine_auto(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		tn := newTown(t, 2, threeShops(2)...)
		stop := tn.start()
		defer stop()
		tn.settle()

		auto := allocation.Pattern{Name: "auto", Rules: []allocation.Rule{{To: allocation.Open, Auto: allocation.UsualRisk}}}
		id, err := tn.db.SavePattern(ctx, tn.tenant, store.PatternChange{Pattern: auto})
		if err != nil {
			t.Fatal(err)
		}
		if err := tn.db.SetDefaultPattern(ctx, tn.tenant, id); err != nil {
			t.Fatal(err)
		}
		tn.settle() // opening everywhere, as before
		for range 13 {
			for range 3 {
				if _, taken := tn.shops[1].buy(refOf(0), 1); taken != 1 {
					t.Fatal("the shop had none left")
				}
			}
			time.Sleep(time.Minute)
		}
		tn.want = func(shop int, available int64) int64 {
			if available == 1 && shop != 1 {
				return 0 // the last unit lies where it sells
			}
			return available
		}
		tn.settle()
		settled := func() *store.Settled {
			t.Helper()
			row, err := tn.db.LoadSKU(ctx, tn.tenant, string(refOf(0)))
			if err != nil {
				t.Fatal(err)
			}
			return row.Allotment.Why(row.Sellable())
		}
		if why := settled(); why == nil || why.State != allocation.AutoSplit || why.Sellable != 1 || why.Rate < 5000 || why.Lag < time.Second.Microseconds() || why.Risk <= why.Most {
			t.Errorf("%+v", why)
		}
		tn.change(stock.Add, opening, tn.skus[0])
		tn.settle()
		if why := settled(); why == nil || why.State != allocation.AutoSame {
			t.Errorf("%+v", why)
		}
	})
}
