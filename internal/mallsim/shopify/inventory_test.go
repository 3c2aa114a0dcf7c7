package shopify

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/mallsim"
)

func TestSetComparesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, Options{})
		s.place(mallsim.Want{Key: tea, Units: 2}) // 9 → 7, which the caller has not seen
		r := s.set("k1", s.want(cup, 1, 4), s.want(tea, 5, 9))
		if code, field := userError(r, OpSet); code != "CHANGE_FROM_QUANTITY_STALE" || field != "input quantities 1 changeFromQuantity" {
			t.Errorf("%s at %s: %s", code, field, r.body)
		}
		if dig(r.Data, OpSet, "inventoryAdjustmentGroup") != nil {
			t.Errorf("a refused set has a group: %s", r.body)
		}
		s.shows(tea, 7)
		s.shows(cup, 4) // all or nothing
		data := s.good(s.set("k2", s.want(cup, 1, 4), s.want(tea, 5, 7)))
		if after := dig(data, OpSet, "inventoryAdjustmentGroup", "changes", 1, "quantityAfterChange"); after != 5.0 {
			t.Errorf("after the change there are %v", after)
		}
		s.shows(tea, 5)
		s.shows(cup, 1)
		s.good(s.set("k3", s.want(tea, 0, nil)))
		s.shows(tea, 0)
	})
}

func TestSetOnHandLeavesCommittedAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, Options{})
		s.place(mallsim.Want{Key: tea, Units: 2})
		input := map[string]any{"name": "on_hand", "reason": "correction", "quantities": []any{s.want(tea, 12, 9)}}
		data := s.good(s.query(setDocument, map[string]any{"key": "k", "input": input}))
		if after := dig(data, OpSet, "inventoryAdjustmentGroup", "changes", 0, "quantityAfterChange"); after != 12.0 {
			t.Errorf("%v on hand", after)
		}
		s.shows(tea, 10)
	})
}

func TestIdempotencyKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, Options{})
		first := s.good(s.set("k", s.want(tea, 7, 9)))
		s.place(mallsim.Want{Key: tea, Units: 3})
		again := s.good(s.set("k", s.want(tea, 7, 9)))
		if fmt.Sprint(first) != fmt.Sprint(again) {
			t.Errorf("the same key gave\n%v\nand then\n%v", first, again)
		}
		s.shows(tea, 4)
		if code, _ := userError(s.set("k", s.want(tea, 6, 9)), OpSet); code != "IDEMPOTENCY_KEY_PARAMETER_MISMATCH" {
			t.Errorf("the same key with other arguments: %s", code)
		}
		s.shows(tea, 4)
		if code, _ := userError(s.set("lost", s.want(tea, 6, 9)), OpSet); code != "CHANGE_FROM_QUANTITY_STALE" {
			t.Errorf("stale: %s", code)
		}
		if _, ok := s.mall.SetStock(tea, 9, mallsim.ByEdit); !ok {
			t.Fatal("no tea")
		}
		if code, _ := userError(s.set("lost", s.want(tea, 6, 9)), OpSet); code != "CHANGE_FROM_QUANTITY_STALE" {
			t.Errorf("the key of a failed attempt: %s, want the first answer again", code)
		}
		s.shows(tea, 9)
	})
	t.Run("failed keys stay failed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t, Options{FailedKeysStay: true})
			s.set("k", s.want(tea, 7, 1))
			if code, _ := userError(s.set("k", s.want(tea, 7, 1)), OpSet); code != "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED" {
				t.Errorf("%s", code)
			}
		})
	})
	t.Run("silent loss answers success and does nothing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t, Options{})
			s.mall.Inject(mallsim.Fault{Op: OpSet, Kind: mallsim.SilentLoss, Times: 1})
			s.good(s.set("k", s.want(tea, 7, 9)))
			s.shows(tea, 9)
		})
	})
}

func TestOldKeysAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, Options{})
		for i := range 3000 {
			s.remember(fmt.Sprint("old", i), attempt{at: s.now()})
		}
		time.Sleep(keysLive + time.Minute)
		for i := range 3000 {
			s.remember(fmt.Sprint("new", i), attempt{at: s.now()})
		}
		if _, kept := s.keys["new0"]; len(s.keys) != 3000 || !kept {
			t.Errorf("%d keys are kept", len(s.keys))
		}
	})
}

func TestUserErrors(t *testing.T) {
	broken := func(change func(s *shop, input, element map[string]any)) func(s *shop) map[string]any {
		return func(s *shop) map[string]any {
			element := s.want(tea, 7, 9)
			input := map[string]any{"name": "available", "reason": "correction", "quantities": []any{element}}
			change(s, input, element)
			return input
		}
	}
	for code, input := range map[string]func(s *shop) map[string]any{
		"INVALID_REASON":               broken(func(_ *shop, in, _ map[string]any) { in["reason"] = "because" }),
		"INVALID_NAME":                 broken(func(_ *shop, in, _ map[string]any) { in["name"] = "damaged" }),
		"INVALID_REFERENCE_DOCUMENT":   broken(func(_ *shop, in, _ map[string]any) { in["referenceDocumentUri"] = "push 7" }),
		"INVALID_QUANTITY_NEGATIVE":    broken(func(_ *shop, _, e map[string]any) { e["quantity"] = -1 }),
		"INVALID_QUANTITY_TOO_HIGH":    broken(func(_ *shop, _, e map[string]any) { e["quantity"] = largestQuantity + 1 }),
		"INVALID_INVENTORY_ITEM":       broken(func(_ *shop, _, e map[string]any) { e["inventoryItemId"] = "gid://shopify/InventoryItem/7" }),
		"INVALID_LOCATION":             broken(func(_ *shop, _, e map[string]any) { e["locationId"] = "gid://shopify/Location/7" }),
		"ITEM_NOT_STOCKED_AT_LOCATION": broken(func(_ *shop, _, e map[string]any) { e["locationId"] = "gid://shopify/Location/2" }),
		"NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR": broken(func(s *shop, in, e map[string]any) {
			in["quantities"] = []any{e, s.want(tea, 8, nil)}
		}),
	} {
		t.Run(code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t, Options{Locations: []Location{{ID: 1, Name: "倉庫"}, {ID: 2, Name: "店頭"}, {ID: 3, Name: "旧店", Inactive: true}}})
				r := s.query(setDocument, map[string]any{"key": "k", "input": input(s)})
				if got, field := userError(r, OpSet); got != code || field == "" {
					t.Errorf("%s at %q, want %s", got, field, code)
				}
				s.shows(tea, 9)
			})
		})
	}
	t.Run("a listing that was taken down", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t, Options{})
			s.mall.RemoveListing(tea)
			if got, _ := userError(s.set("k", s.want(tea, 1, nil)), OpSet); got != "INVALID_INVENTORY_ITEM" {
				t.Errorf("%s", got)
			}
		})
	})
}

func TestAdjust(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, Options{})
		adjust := func(key string, delta int64, from any, ledger any) reply {
			change := map[string]any{"inventoryItemId": s.InventoryItemID(tea), "locationId": s.LocationID(), "delta": delta, "changeFromQuantity": from}
			if ledger != nil {
				change["ledgerDocumentUri"] = ledger
			}
			return s.query(adjustDocument, map[string]any{"key": key,
				"input": map[string]any{"name": "available", "reason": "correction", "changes": []any{change}}})
		}
		data := s.good(adjust("a", -2, nil, nil))
		if after := dig(data, OpAdjust, "inventoryAdjustmentGroup", "changes", 0, "quantityAfterChange"); after != 7.0 {
			t.Errorf("after: %v", after)
		}
		s.good(adjust("a", -2, nil, nil)) // the same key: once
		s.shows(tea, 7)
		if code, field := userError(adjust("b", 1, 9, nil), OpAdjust); code != "CHANGE_FROM_QUANTITY_STALE" || field != "input changes 0 changeFromQuantity" {
			t.Errorf("%s at %s", code, field)
		}
		if code, _ := userError(adjust("c", 1, nil, "gid://soroi/Push/1"), OpAdjust); code != "INVALID_AVAILABLE_DOCUMENT" {
			t.Errorf("%s", code)
		}
		if code, _ := userError(adjust("d", largestDelta+1, nil, nil), OpAdjust); code != "INVALID_QUANTITY_TOO_HIGH" {
			t.Errorf("%s", code)
		}
		s.good(adjust("e", -10, nil, nil))
		s.shows(tea, -3)
	})
}

// Buyers and comparing writers at once: every unit is accounted for, and nothing is half done.
func TestSetsAndSalesAtOnce(t *testing.T) {
	s := newShop(t, Options{LimitScale: 1e6})
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 1))
			for i := range 50 {
				if worker%2 == 0 {
					s.mall.Place(mallsim.Basket{Lines: []mallsim.Want{{Key: tea, Units: 1 + random.Int64N(3)}, {Key: cup, Units: 1}}})
					continue
				}
				now, _ := s.mall.Stock(tea)
				other, _ := s.mall.Stock(cup)
				r := s.set(fmt.Sprintf("k-%d-%d", worker, i), s.want(tea, now+5, now), s.want(cup, other+2, other))
				code, _ := userError(r, OpSet)
				if r.Errors != nil || code != "" && code != "CHANGE_FROM_QUANTITY_STALE" {
					t.Errorf("%s", r.body)
				}
			}
		})
	}
	wg.Wait()
	for _, k := range []mallsim.Key{tea, cup} {
		var sum int64
		for _, c := range s.mall.Journal(0, 0) {
			if c.Key == k {
				sum += c.After - c.Before
			}
		}
		s.shows(k, sum)
		if sum < 0 {
			t.Errorf("%s was sold below zero: %d", k, sum)
		}
	}
}
