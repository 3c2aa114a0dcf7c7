package engine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/stock"
)

// A SKU that can be made so many times a day sells what is left of the day, and at the merchant's midnight (not the machine's) all of it again.
func TestEngine_daily_figure_begins_again_at_midnight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tn := newTown(t, 1, threeShops(1)...)
		if err := tn.db.SetTerms(context.Background(), tn.tenant, tn.skus[0], stock.Terms{Supply: stock.MadeToOrder, Figure: 5, Daily: true}); err != nil {
			t.Fatal(err)
		}
		midnight := stock.DayOf(time.Now(), time.FixedZone("", 9*60*60)) + 1
		night := midnight.Start(time.FixedZone("", 9*60*60))
		time.Sleep(time.Until(night) - 10*time.Minute)
		stop := tn.start()
		show := func(what string, within time.Duration, want int64) {
			t.Helper()
			time.Sleep(within)
			for _, s := range tn.shops {
				if got := s.shows(refOf(0)); got != want {
					t.Errorf("%s: %s shows %d, want %d", what, s.name, got, want)
				}
			}
		}
		show("at first", 3*time.Minute, 5)
		number, _ := tn.shops[1].buy(refOf(0), 2)
		show("after a sale of two", 2*time.Minute, 3)
		time.Sleep(time.Until(night) - time.Second)
		show("a second before midnight", 0, 3)
		show("after midnight", 30*time.Second, 5)
		tn.shops[1].cut(number, 1)
		show("yesterday's order was cut", 2*time.Minute, 5)
		tn.shops[2].buy(refOf(0), 4)
		show("a sale of four", 2*time.Minute, 1)
		stop()
		time.Sleep(time.Until((midnight + 1).Start(time.FixedZone("", 9*60*60)).Add(time.Hour)))
		defer tn.start()()
		show("started on the next day, having slept over midnight", 2*time.Minute, 5)
	})
}
