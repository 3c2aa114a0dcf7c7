package engine_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/channel"
)

var everyWrite = []channel.Write{channel.Overwrite, channel.Delta, channel.CompareAndSet}

// A shop lowers its own number when it sells. What is expected of it follows, so nothing is sent to it: without that a delta would take
// the sold units off once more, and a compare-and-set would lose each time.
func TestEngine_seller_is_left_alone(t *testing.T) {
	t.Parallel()
	for _, write := range everyWrite {
		t.Run(string(write), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				seller, other := newMemoryShop("seller", write, 1, opening), newMemoryShop("other", channel.Delta, 1, opening)
				tn := newTown(t, 1, seller, other)
				tn.options.ReadEvery = time.Hour // no reading heals what is wrong
				stop := tn.start()
				defer stop()
				tn.settle()
				time.Sleep(10 * time.Second) // the last write is surely older than the sale
				sent := len(seller.pushed)
				seller.buy(refOf(0), 3)
				tn.settle()
				time.Sleep(20 * time.Second)
				if n := len(seller.pushed); n != sent {
					t.Errorf("the seller was sent %v", seller.pushed[sent:])
				}
				if got := seller.shows(refOf(0)); got != opening-3 {
					t.Errorf("the seller shows %d", got)
				}
				if got := other.shows(refOf(0)); got != opening-3 {
					t.Errorf("the other shop shows %d", got)
				}
				if drifts := tn.totals().Drifts; drifts != 0 {
					t.Errorf("%d drifts in a world without faults", drifts)
				}
			})
		})
	}
}

// Whether a shop shows cancelled units again is its own business, so it is asked before it is written to. Otherwise a delta would add the
// units once more, and the shop would sell what is not there.
func TestEngine_shop_is_read_after_a_cancel(t *testing.T) {
	t.Parallel()
	for _, write := range everyWrite {
		for _, restock := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/restock=%v", write, restock), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					shop := newMemoryShop("a", write, 1, opening)
					shop.restock = restock
					tn := newTown(t, 1, shop)
					tn.options.ReadEvery = time.Hour
					stop := tn.start()
					defer stop()
					tn.settle()
					time.Sleep(10 * time.Second)
					number, _ := shop.buy(refOf(0), 5)
					tn.settle()
					time.Sleep(10 * time.Second)
					before := len(shop.written)
					shop.cut(number, 3)
					time.Sleep(time.Minute) // the change comes in
					tn.settle()
					for _, shown := range shop.written[before:] {
						if shown > opening-2 {
							t.Errorf("the shop was made to show %d with %d there", shown, opening-2)
						}
					}
					if drifts := tn.totals().Drifts; drifts != 0 {
						t.Errorf("%d drifts in a world without faults", drifts)
					}
				})
			})
		}
	}
}
