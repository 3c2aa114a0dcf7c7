package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/store"
)

// An auto rule is settled when its SKU is planned; what it came to is kept, explains the targets afterwards, and is looked at again though nothing happens.
func TestAuto(t *testing.T) {
	t.Parallel()
	eachAtHand(t, func(t *testing.T, db *store.DB, clk *handClock) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		b.skus("A", "B")
		b.set("A", 12)
		b.set("B", 12)
		first, second := b.shop("本店", "A", "B"), b.shop("二号店", "A", "B")
		auto := allocation.Pattern{Name: "おまかせ", Rules: []allocation.Rule{{To: 99, Auto: 1000}, {From: 100, To: allocation.Open, Default: allocation.Share{Kind: allocation.Same}}}}
		if has, err := db.HasAuto(ctx, b.tenant); err != nil || has {
			t.Errorf("auto before there is one: %v %v", has, err)
		}
		id, err := db.SavePattern(ctx, b.tenant, store.PatternChange{Pattern: auto})
		b.must(err)
		if has, err := db.HasAuto(ctx, b.tenant); err != nil || !has {
			t.Errorf("auto is there: %v %v", has, err)
		}
		assign := func(id store.PatternID) {
			t.Helper()
			_, err := db.AssignPatterns(ctx, b.tenant, []store.Assignment{{SKU: b.id("A"), Pattern: id}})
			b.must(err)
		}
		assign(id)
		minute := time.Minute.Microseconds()
		// plan plans what is marked, with shops that are late by so many minutes, and says what became of the SKUs.
		plan := func(late int64) string {
			t.Helper()
			paces := map[channel.ShopID]allocation.Pace{first: {See: minute, Show: late * minute, Write: allocation.Overwrite}, second: {See: minute, Show: late * minute, Write: allocation.Overwrite}}
			var told []string
			for {
				n, _, err := db.Plan(ctx, b.tenant, 100, func(skus []*store.Unplanned) error {
					told = nil
					for _, u := range skus {
						list := []allocation.Shop{{ID: allocation.ShopID(first)}, {ID: allocation.ShopID(second)}}
						u.Settle(list, paces)
						text := u.Code
						for i, target := range u.Allotment.Targets(u.Sellable(), list) {
							u.Listings[i].NewTarget = target.Quantity
							text += " " + target.Quantity.String()
						}
						told = append(told, text)
					}
					return nil
				})
				b.must(err)
				if n == 0 {
					return strings.Join(told, ", ")
				}
			}
		}
		reason := func(code string) string {
			t.Helper()
			row, err := db.LoadSKU(ctx, b.tenant, code)
			b.must(err)
			why := row.Allotment.Why(row.Sellable())
			if why == nil {
				return "none"
			}
			shops := make([]allocation.Shop, len(row.Listings))
			for i, l := range row.Listings {
				shops[i].ID = allocation.ShopID(l.Shop)
			}
			text := fmt.Sprintf("state %d, %d left, risk %d", why.State, why.Sellable, why.Risk)
			for i, target := range row.Allotment.Targets(row.Sellable(), shops) {
				if l := row.Listings[i]; l.Target == nil || l.Target.Compare(target.Quantity) != 0 {
					text += fmt.Sprintf(", target %v but explained as %s", l.Target, target.Quantity)
				}
			}
			return text
		}
		wake := func() {
			t.Helper()
			for more := true; more; {
				var err error
				more, err = db.WakeAuto(ctx, b.tenant, 1)
				b.must(err)
			}
		}
		if got := plan(4); got != "A 12 12, B 12 12" {
			t.Errorf("at first: %s", got)
		}
		if got := reason("A"); got != "state 1, 12 left, risk 116" {
			t.Errorf("at first: %s", got)
		}
		// Ten sell in an hour, at 1.7 an hour by the memory of six: two are left.
		for i := range 5 {
			clk.advance(10 * time.Minute)
			order := snapshot(fmt.Sprint("x", i), "A×2")
			order.PlacedAt = clk.Now()
			b.take(first, order)
		}
		if got := plan(4); got != "A 2 0" {
			t.Errorf("when it sells fast: %s", got)
		}
		if got := reason("A"); !strings.HasPrefix(got, "state 2, 2 left, risk ") || strings.Contains(got, "but") {
			t.Errorf("when it sells fast: %s", got)
		}
		if got := reason("B"); got != "none" {
			t.Errorf("a SKU without auto: %s", got)
		}
		sold, err := db.SoldByShop(ctx, b.tenant, b.id("A"), clk.Now().Add(-35*time.Minute))
		if err != nil || len(sold) != 1 || sold[first] != 8 { // the fifth back is 40 minutes ago
			t.Errorf("sold by shop: %v %v", sold, err)
		}
		// Nothing is due yet; in five minutes it is, and nothing comes of it.
		wake()
		if got := plan(4); got != "" {
			t.Errorf("not due: %s", got)
		}
		clk.advance(5 * time.Minute)
		wake()
		if got := plan(4); got != "A 2 0" {
			t.Errorf("due: %s", got)
		}
		// A month later it has not sold, and is shared again, though nothing has happened to it.
		clk.advance(32 * 24 * time.Hour)
		wake()
		if got := plan(4); got != "A 2 2" {
			t.Errorf("a month later: %s, %s", got, reason("A"))
		}
		// Near the edge, it is looked at again, and shops that have become very slow divide it.
		clk.advance(time.Hour)
		b.set("A", 13) // ten are committed
		if got := plan(4); got != "A 3 3" {
			t.Errorf("one more: %s", got)
		}
		clk.advance(10 * time.Minute)
		wake()
		if got := plan(60 * 24 * 20); got == "A 3 3" || !strings.HasPrefix(got, "A ") {
			t.Errorf("shops that are late by twenty days: %q", got)
		}
		// Another rule, then another pattern, takes over.
		b.set("A", 150)
		if got := plan(4); !strings.HasPrefix(got, "A 1") || reason("A") != "none" {
			t.Errorf("plenty: %s, %s", got, reason("A"))
		}
		b.set("A", 13)
		plan(4)
		if reason("A") == "none" {
			t.Error("auto again: no reason")
		}
		assign(0)
		if got := plan(4); got == "" || reason("A") != "none" {
			t.Errorf("without the pattern: %s, %s", got, reason("A"))
		}
		clk.advance(24 * time.Hour)
		wake()
		plan(4)
		wake()
		if got := plan(4); got != "" {
			t.Errorf("what auto does not decide of is not woken again and again: %s", got)
		}
	})
}

// A shop is as late as was measured, or as its channel says; in an outage, until that ends.
func TestShopPaces(t *testing.T) {
	t.Parallel()
	eachAtHand(t, func(t *testing.T, db *store.DB, clk *handClock) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		b.skus("A")
		shop := b.shop("本店", "A")
		shops, err := db.ListShops(ctx, b.tenant)
		b.must(err)
		specs := map[channel.Kind]channel.Spec{shops[0].Kind: {Kind: shops[0].Kind, Can: channel.Can{Write: channel.Delta}, Limits: channel.Limits{Poll: 20 * time.Second, Lateness: 10 * time.Second, Lag: time.Minute}}}
		pace := func() allocation.Pace {
			t.Helper()
			paces, err := db.ShopPaces(ctx, b.tenant, specs)
			b.must(err)
			return paces[shop]
		}
		want := allocation.Pace{See: 30_000_000, Show: 75_000_000, Write: allocation.Move, Shown: -1}
		if got := pace(); got != want {
			t.Errorf("nothing measured: %+v", got)
		}
		for _, minute := range []int64{clk.Now().Unix() / 60, clk.Now().Add(-7*time.Hour).Unix() / 60} { // the second is too long ago
			_, err := db.Exec(ctx, "INSERT INTO lag (tenant_id, shop_id, minute, bucket, items) VALUES ($1, $2, $3, $4, 25)", int64(b.tenant), int64(shop), minute, 160+(clk.Now().Unix()/60-minute)/60)
			b.must(err)
		}
		if got := pace(); got.Show < 330_000_000 || got.Show > 345_000_000 || got.See != 30_000_000 { // 1.0833^160 ms is 364 s
			t.Errorf("measured: %+v", got)
		}
		b.must(db.SetOutage(ctx, b.tenant, shop, clk.Now().Add(time.Minute), clk.Now().Add(2*time.Hour)))
		if got := pace(); got.Show != 2*time.Hour.Microseconds() {
			t.Errorf("before an outage: %+v", got)
		}
		b.must(db.SetOutage(ctx, b.tenant, shop, clk.Now().Add(time.Hour), clk.Now().Add(2*time.Hour)))
		if got := pace(); got.Show > 345_000_000 {
			t.Errorf("long before an outage: %+v", got)
		}
	})
}
