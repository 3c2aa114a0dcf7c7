package shopify

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/stock"
)

func update(item string, want int64, expect *int64, key string) channel.Update {
	u := channel.Update{Ref: ref(item, "124656943"), Want: stock.Units(want), Key: key}
	if expect != nil {
		q := stock.Units(*expect)
		u.Expect = &q
	}
	return u
}

func n(v int64) *int64 { return &v }

func setAnswerOf(userErrors string, changes ...string) string {
	group := "null"
	if len(changes) > 0 {
		group = `{"id":"gid://shopify/InventoryAdjustmentGroup/9001","changes":[` + strings.Join(changes, ",") + `]}`
	}
	return fmt.Sprintf(`{"inventorySetQuantities":{"inventoryAdjustmentGroup":%s,"userErrors":[%s]}}`, group, userErrors)
}

func changed(item string, after int64) string {
	return fmt.Sprintf(`{"name":"available","quantityAfterChange":%d,"item":{"id":"gid://shopify/InventoryItem/%s"},"location":{"id":"gid://shopify/Location/124656943"}},
		{"name":"on_hand","quantityAfterChange":%d,"item":{"id":"gid://shopify/InventoryItem/%s"},"location":{"id":"gid://shopify/Location/124656943"}}`, after, item, after+3, item)
}

func named(code string, at int) string {
	return fmt.Sprintf(`{"code":%q,"field":["input","quantities","%d","changeFromQuantity"],"message":"in their words"}`, code, at)
}

func unnamed(code string) string {
	return fmt.Sprintf(`{"code":%q,"field":null,"message":"in their words"}`, code)
}

// The comparison and the absolute write go out together; what the shop does not list as changed shows what was asked for.
func TestPush(t *testing.T) {
	s := (&shop{}).on("SetQuantities", setAnswerOf("", changed("30322695", 7)))
	outcomes, err := connect(t, s, fixed{noon}).PushStock(t.Context(), []channel.Update{
		update("30322695", 7, n(9), "push-1"), update("30322696", 0, nil, "push-2")})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int64{7, 0} {
		if o := outcomes[i]; o.State != channel.Applied || o.Shown == nil || *o.Shown != stock.Units(want) || o.Err != nil {
			t.Errorf("outcome %d is %+v, want applied and %d shown", i, o, want)
		}
	}
	sent := s.asked("SetQuantities")[0]
	input := sent.Variables["input"].(map[string]any)
	quantities := input["quantities"].([]any)
	first, second := quantities[0].(map[string]any), quantities[1].(map[string]any)
	if first["changeFromQuantity"] != 9.0 || first["inventoryItemId"] != "gid://shopify/InventoryItem/30322695" || first["locationId"] != "gid://shopify/Location/124656943" || first["quantity"] != 7.0 {
		t.Errorf("sent %v", first)
	}
	if from, there := second["changeFromQuantity"]; !there || from != nil {
		t.Errorf("an absolute write sends changeFromQuantity %v (there: %t), want it there and null", from, there)
	}
	if input["name"] != "available" || !strings.Contains(sent.Query, "@idempotent(key: $key)") {
		t.Errorf("sent %v in %s", input, sent.Query)
	}
	checkRequests(t, s)
}

// The key of a call follows from its updates' keys alone, so a repeat is the same call and another batch is another.
func TestCallKey(t *testing.T) {
	one := []change{newChange(update("1", 7, n(9), "push-1")), newChange(update("2", 0, nil, "push-2"))}
	again := []change{newChange(update("1", 7, n(9), "push-1")), newChange(update("2", 0, nil, "push-2"))}
	if a, b := callKey(one, "1"), callKey(again, "1"); a != b {
		t.Errorf("the same batch has keys %s and %s", a, b)
	}
	if key := callKey(one, "1"); !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(key) {
		t.Errorf("key %s is no UUID", key)
	}
	seen := map[string]string{}
	for name, batch := range map[string][]change{
		"both": one, "first": one[:1], "second": one[1:], "turned": {one[1], one[0]},
		"joined": {{key: "push-1push-2"}}, "other": {newChange(update("1", 7, n(9), "push-3"))},
	} {
		key := callKey(batch, "1")
		if other, there := seen[key]; there {
			t.Errorf("%s and %s share the key %s", name, other, key)
		}
		seen[key] = name
	}
}

// Every code the official schema lists has its meaning for the update it names, and the neighbours may be sent again.
func TestRefusals(t *testing.T) {
	type meaning struct {
		state channel.State
		kind  channel.ErrorKind
	}
	meanings := map[string]meaning{
		"CHANGE_FROM_QUANTITY_STALE":                   {channel.Conflict, channel.Temporary},
		"COMPARE_QUANTITY_STALE":                       {channel.Conflict, channel.Temporary},
		"INVALID_INVENTORY_ITEM":                       {channel.Refused, channel.NotFound},
		"INVALID_LOCATION":                             {channel.Refused, channel.NotFound},
		"ITEM_NOT_STOCKED_AT_LOCATION":                 {channel.Refused, channel.Uncounted},
		"NON_MUTABLE_INVENTORY_ITEM":                   {channel.Refused, channel.Unsupported},
		"COMPARE_QUANTITY_REQUIRED":                    {channel.Refused, channel.Invalid},
		"INVALID_NAME":                                 {channel.Refused, channel.Invalid},
		"INVALID_QUANTITY_NEGATIVE":                    {channel.Refused, channel.Invalid},
		"INVALID_QUANTITY_TOO_HIGH":                    {channel.Refused, channel.Invalid},
		"INVALID_QUANTITY_TOO_LOW":                     {channel.Refused, channel.Invalid},
		"INVALID_REASON":                               {channel.Refused, channel.Invalid},
		"INVALID_REFERENCE_DOCUMENT":                   {channel.Refused, channel.Invalid},
		"NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR": {channel.Refused, channel.Invalid},
		"SERVICE_UNAVAILABLE":                          {channel.Refused, channel.Temporary},
	}
	for code, want := range meanings {
		t.Run(code, func(t *testing.T) {
			s := (&shop{}).on("SetQuantities", setAnswerOf(named(code, 1)))
			outcomes, err := connect(t, s, fixed{noon}).PushStock(t.Context(), []channel.Update{
				update("1", 7, n(9), "a"), update("2", 7, n(9), "b"), update("3", 7, n(9), "c")})
			if err != nil {
				t.Fatal(err)
			}
			failed, ok := outcomes[1].Err.(*channel.Error)
			if outcomes[1].State != want.state || !ok || failed.Kind != want.kind || failed.Code != code || failed.Message != "in their words" || !failed.NotDone {
				t.Errorf("the named one is %+v, want %+v", outcomes[1], want)
			}
			for _, i := range []int{0, 2} {
				e, ok := outcomes[i].Err.(*channel.Error)
				if outcomes[i].State != channel.Refused || !ok || e.Kind != channel.Temporary || !e.NotDone {
					t.Errorf("neighbour %d is %+v, want refused for now", i, outcomes[i])
				}
			}
		})
	}
	known := map[string]bool{"IDEMPOTENCY_CONCURRENT_REQUEST": true, "IDEMPOTENCY_KEY_PARAMETER_MISMATCH": true, "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED": true}
	for _, v := range schema(t).Types["InventorySetQuantitiesUserErrorCode"].EnumValues {
		if _, ok := meanings[v.Name]; !ok && !known[v.Name] {
			t.Errorf("the schema has the code %s, which has no meaning here", v.Name)
		}
	}
}

func TestKeyRefusals(t *testing.T) {
	push := []channel.Update{update("1", 7, n(9), "a"), update("2", 7, nil, "b")}
	t.Run("still running", func(t *testing.T) {
		s := (&shop{}).on("SetQuantities", setAnswerOf(unnamed("IDEMPOTENCY_CONCURRENT_REQUEST")))
		_, err := connect(t, s, fixed{noon}).PushStock(t.Context(), push)
		if e, ok := err.(*channel.Error); !ok || e.Kind != channel.Temporary || e.NotDone {
			t.Errorf("%v, want temporary and unclear", err)
		}
	})
	t.Run("other parameters", func(t *testing.T) {
		s := (&shop{}).on("SetQuantities", setAnswerOf(unnamed("IDEMPOTENCY_KEY_PARAMETER_MISMATCH")))
		outcomes, err := connect(t, s, fixed{noon}).PushStock(t.Context(), push)
		if err != nil || outcomes[0].State != channel.Unknown || outcomes[1].State != channel.Unknown {
			t.Errorf("%+v, %v, want both unknown", outcomes, err)
		}
	})
	t.Run("failed before", func(t *testing.T) {
		s := (&shop{}).on("SetQuantities", setAnswerOf(unnamed("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"))).on("SetQuantities", setAnswerOf("", changed("1", 7)))
		c := connect(t, s, fixed{noon})
		outcomes, err := c.PushStock(t.Context(), push)
		if err != nil || outcomes[0].State != channel.Applied || outcomes[1].State != channel.Applied {
			t.Fatalf("%+v, %v, want both applied under the next key", outcomes, err)
		}
		asked := s.asked("SetQuantities")
		if asked[0].Variables["key"] == asked[1].Variables["key"] {
			t.Error("the second attempt went under the used-up key")
		}
	})
	t.Run("failed every time", func(t *testing.T) {
		s := (&shop{}).on("SetQuantities", setAnswerOf(unnamed("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED")))
		outcomes, err := connect(t, s, fixed{noon}).PushStock(t.Context(), push)
		if err != nil || outcomes[0].State != channel.Refused || channel.KindOf(outcomes[0].Err) != channel.Temporary {
			t.Errorf("%+v, %v, want refused for now", outcomes, err)
		}
		if calls := len(s.asked("SetQuantities")); calls != attempts {
			t.Errorf("%d calls, want %d", calls, attempts)
		}
	})
}

// A shop that oversold shows less than nothing, which the port calls 0. Comparing with 0 would be refused for ever.
func TestPushBelowZero(t *testing.T) {
	s := (&shop{}).on("SetQuantities", setAnswerOf(named("CHANGE_FROM_QUANTITY_STALE", 0)+","+named("CHANGE_FROM_QUANTITY_STALE", 2))).
		on("SetQuantities", setAnswerOf("", changed("1", 5))).
		on("ReadStock", `{"nodes":[`+stocked("1", -2)+`,`+stocked("3", 4)+`]}`)
	outcomes, err := connect(t, s, fixed{noon}).PushStock(t.Context(), []channel.Update{
		update("1", 5, n(0), "a"), update("2", 5, n(0), "b"), update("3", 5, n(0), "c")})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []channel.State{channel.Applied, channel.Refused, channel.Conflict} {
		if outcomes[i].State != want {
			t.Errorf("outcome %d is %+v, want %s", i, outcomes[i], want)
		}
	}
	again := s.asked("SetQuantities")[1].Variables["input"].(map[string]any)["quantities"].([]any)
	if len(again) != 1 || again[0].(map[string]any)["changeFromQuantity"] != -2.0 {
		t.Errorf("sent again: %v", again)
	}
	checkRequests(t, s)
}

func stocked(item string, available int64) string {
	return fmt.Sprintf(`{"id":"gid://shopify/InventoryItem/%s","tracked":true,"inventoryLevel":{"id":"gid://shopify/InventoryLevel/1?inventory_item_id=%s",
		"quantities":[{"name":"available","quantity":%d,"updatedAt":"2026-08-01T02:00:00Z"}]}}`, item, item, available)
}

func TestPushRefusedUnsent(t *testing.T) {
	s := &shop{}
	endless := update("1", 0, nil, "a")
	endless.Want = stock.Unlimited
	strange := update("1", 1, nil, "b")
	strange.Ref = "somebody else's"
	outcomes, err := connect(t, s, fixed{noon}).PushStock(t.Context(), []channel.Update{endless, strange, update("1", largest+1, nil, "c")})
	if err != nil || len(s.requests) != 0 {
		t.Fatalf("%v after %d calls, want none", err, len(s.requests))
	}
	for i, want := range []channel.ErrorKind{channel.Unsupported, channel.NotFound, channel.Invalid} {
		if o := outcomes[i]; o.State != channel.Refused || channel.KindOf(o.Err) != want {
			t.Errorf("outcome %d is %+v, want refused as %s", i, o, want)
		}
	}
}

func TestReadStock(t *testing.T) {
	s := (&shop{}).on("ReadStock", `{"nodes":[`+stocked("1", 4)+`,null,{},`+stocked("4", -3)+`,
		{"id":"gid://shopify/InventoryItem/5","tracked":true,"inventoryLevel":null},
		{"id":"gid://shopify/InventoryItem/6","tracked":false,"inventoryLevel":{"id":"x","quantities":[{"name":"available","quantity":9,"updatedAt":null}]}}]}`)
	var refs []channel.Ref
	for _, item := range []string{"4", "2", "3", "1", "5", "6"} {
		refs = append(refs, ref(item, "124656943"))
	}
	got, err := connect(t, s, fixed{noon}).ReadStock(t.Context(), append(refs, "strange"))
	if err != nil {
		t.Fatal(err)
	}
	changed := noon.Add(-3600e9)
	for i, want := range []channel.Shown{
		{Ref: refs[0], Found: true, Quantity: stock.Units(0), At: changed}, {Ref: refs[1]}, {Ref: refs[2]},
		{Ref: refs[3], Found: true, Quantity: stock.Units(4), At: changed}, {Ref: refs[4]}, {Ref: refs[5]}, {Ref: "strange"},
	} {
		if got[i].Err != nil {
			got[i].Err = nil
			if i != 4 && i != 5 {
				t.Errorf("item %s is not counted", want.Ref)
			}
		} else if i == 4 || i == 5 {
			t.Errorf("item %s: no reason is given", want.Ref)
		}
		if got[i] != want {
			t.Errorf("read %+v, want %+v", got[i], want)
		}
	}
	checkRequests(t, s)
}

func TestListListings(t *testing.T) {
	s := (&shop{}).on("Listings", `{"productVariants":{"pageInfo":{"hasNextPage":true,"endCursor":"next-1"},"nodes":[
		{"id":"gid://shopify/ProductVariant/1","sku":"TSHIRT-NAVY-M","barcode":"4901234567894","title":"紺 / M","product":{"id":"p","title":"Tシャツ"},"inventoryItem":`+stocked("1", 4)+`},
		{"id":"gid://shopify/ProductVariant/2","sku":"","barcode":null,"title":"Default Title","product":{"id":"p","title":"湯呑み"},"inventoryItem":`+stocked("2", -1)+`},
		{"id":"gid://shopify/ProductVariant/3","sku":"CARD","barcode":null,"title":"Default Title","product":{"id":"p","title":"ギフトカード"},"inventoryItem":{"id":"gid://shopify/InventoryItem/3","tracked":false,"inventoryLevel":null}},
		{"id":"gid://shopify/ProductVariant/4","sku":"FAR","barcode":null,"title":"Default Title","product":{"id":"p","title":"別の倉庫"},"inventoryItem":{"id":"gid://shopify/InventoryItem/4","tracked":true,"inventoryLevel":null}}]}}`).
		on("Listings", `{"productVariants":{"pageInfo":{"hasNextPage":false,"endCursor":null},"nodes":[]}}`)
	c := connect(t, s, fixed{noon})
	page, err := c.ListListings(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Listings) != 2 || page.LeftOut != 2 || !page.More {
		t.Fatalf("got %+v, want the two that can be steered and more to come", page)
	}
	shirt, cup := page.Listings[0], page.Listings[1]
	if shirt.Ref != "1@124656943" || shirt.Title != "Tシャツ 紺 / M" || !slices.Equal(shirt.Codes, []match.Code{{Kind: match.SKU, Text: "TSHIRT-NAVY-M"}, {Kind: match.JAN, Text: "4901234567894"}}) || *shirt.Quantity != stock.Units(4) {
		t.Errorf("got %+v", shirt)
	}
	if cup.Title != "湯呑み" || len(cup.Codes) != 0 || *cup.Quantity != stock.Units(0) {
		t.Errorf("got %+v", cup)
	}
	last, err := c.ListListings(t.Context(), page.Next)
	if err != nil || last.More || len(last.Listings) != 0 {
		t.Errorf("got %+v, %v", last, err)
	}
	if after := s.asked("Listings")[1].Variables["after"]; after != "next-1" {
		t.Errorf("the second page was asked for after %v", after)
	}
	checkRequests(t, s)
}
