package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// Asking a shop for webhooks is a write to it: only a live shop, outside a planned outage, and only by whoever holds its lease.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		tenant, _ := storetest.Tenant(t, db, "a")
		shop, err := db.AddShop(ctx, tenant, "shopify", "店", nil)
		must(err)
		lease, _, err := db.AcquireLease(ctx, tenant, shop.ID, "one", time.Hour)
		must(err)
		handsOff := func(why string) {
			t.Helper()
			if _, err := db.BeginSubscribe(ctx, tenant, lease); !errors.Is(err, store.ErrHandsOff) {
				t.Errorf("%s: %v", why, err)
			}
		}
		handsOff("in rehearsal")
		must(db.SetMode(ctx, tenant, shop.ID, store.Paused))
		handsOff("paused")
		must(db.SetMode(ctx, tenant, shop.ID, store.Live))
		must(db.SetOutage(ctx, tenant, shop.ID, time.Now().Add(-time.Hour), time.Now().Add(time.Hour)))
		handsOff("in a planned outage")
		must(db.SetOutage(ctx, tenant, shop.ID, time.Time{}, time.Time{}))
		former, err := db.BeginSubscribe(ctx, tenant, lease)
		if err != nil || former != "" {
			t.Errorf("the first time: %q %v", former, err)
		}
		must(db.Subscribed(ctx, tenant, lease, "https://soroi.example/hooks/1/2"))
		must(db.LoopFailed(ctx, tenant, shop.ID, store.LoopHook, &channel.Error{Kind: channel.Invalid, Code: "ORDERS_CREATE", Message: "no"}))
		if former, err = db.BeginSubscribe(ctx, tenant, lease); err != nil || former != "https://soroi.example/hooks/1/2" {
			t.Errorf("after a failure: %q %v", former, err)
		}
		stranger := lease
		stranger.Holder = "two"
		if _, err := db.BeginSubscribe(ctx, tenant, stranger); !errors.Is(err, store.ErrLeaseLost) {
			t.Errorf("without the lease: %v", err)
		}
		if err := db.Subscribed(ctx, tenant, stranger, "https://elsewhere.example"); !errors.Is(err, store.ErrLeaseLost) {
			t.Errorf("recorded without the lease: %v", err)
		}
		must(db.Notified(ctx, tenant, shop.ID))
		list, _, err := db.ListShopStatus(ctx, tenant, time.Now())
		must(err)
		if hook := list[0].Hook(); hook.ErrorKind != channel.Invalid || hook.Cursor != "https://soroi.example/hooks/1/2" || time.Since(list[0].Shop.NotifiedAt) > time.Minute {
			t.Errorf("as the screen sees it: %+v, last %v", hook, list[0].Shop.NotifiedAt)
		}
		if loop, trouble := list[0].Trouble(); trouble {
			t.Errorf("a shop without webhooks is in trouble: %+v", loop)
		}
	})
}
