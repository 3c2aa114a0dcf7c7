package shopify

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/clock"
	"soroi/internal/mallsim"
)

const ordersDocument = `query($q: String, $after: String, $first: Int!) {
  orders(first: $first, after: $after, query: $q, sortKey: UPDATED_AT) {
    edges { cursor node { name } }
    pageInfo { hasNextPage endCursor }
  }
}`

// names are the orders that a search finds, in pages of a size.
func (s *shop) names(q string, size int) []string {
	s.t.Helper()
	var found []string
	var after any
	for range 100 {
		data := s.good(s.query(ordersDocument, map[string]any{"q": q, "first": size, "after": after}))
		edges, _ := dig(data, "orders", "edges").([]any)
		for _, e := range edges {
			found = append(found, dig(e, "node", "name").(string))
		}
		if dig(data, "orders", "pageInfo", "hasNextPage") != true {
			return found
		}
		after = dig(data, "orders", "pageInfo", "endCursor")
	}
	s.t.Fatal("paging never ends")
	return nil
}

func TestOrdersByTimeOfChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, Options{})
		var numbers []string
		for range 4 {
			numbers = append(numbers, s.place(mallsim.Want{Key: tea, Units: 1}).Number)
			time.Sleep(time.Minute)
		}
		if got := s.names("", 3); !slices.Equal(got, numbers) {
			t.Errorf("all: %v, want %v", got, numbers)
		}
		since := "updated_at:>='" + time.Now().UTC().Format(time.RFC3339) + "'"
		if _, err := s.mall.Cancel(numbers[1], mallsim.Cancellation{}); err != nil {
			t.Fatal(err)
		}
		if got := s.names(since, 3); !slices.Equal(got, numbers[1:2]) {
			t.Errorf("changed since: %v", got)
		}
		if got := s.names("", 1); !slices.Equal(got, []string{numbers[0], numbers[2], numbers[3], numbers[1]}) {
			t.Errorf("by change: %v", got)
		}
		for q, want := range map[string][]string{
			"status:open":                                      {numbers[0], numbers[2], numbers[3]},
			"status:cancelled":                                 {numbers[1]},
			"status:any name:" + numbers[2]:                    {numbers[2]},
			"name:'#1001' OR name:1004":                        {numbers[0], numbers[3]},
			"created_at:<2000-01-01T00:01:00Z AND status:open": {numbers[0]},
		} {
			if got := s.names(q, 10); !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", q, got, want)
			}
		}
	})
}

// A change that lands between two pages moves its order to the end: nothing is skipped.
func TestOrderPagesWhileOrdersChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, Options{})
		var numbers []string
		for range 4 {
			numbers = append(numbers, s.place(mallsim.Want{Key: tea, Units: 1}).Number)
			time.Sleep(time.Minute)
		}
		data := s.good(s.query(ordersDocument, map[string]any{"first": 2}))
		if _, err := s.mall.Cancel(numbers[2], mallsim.Cancellation{}); err != nil {
			t.Fatal(err)
		}
		data = s.good(s.query(ordersDocument, map[string]any{"first": 5, "after": dig(data, "orders", "pageInfo", "endCursor")}))
		var rest []string
		for _, e := range dig(data, "orders", "edges").([]any) {
			rest = append(rest, dig(e, "node", "name").(string))
		}
		if !slices.Equal(rest, []string{numbers[3], numbers[2]}) {
			t.Errorf("the second page holds %v", rest)
		}
	})
}

func TestOrdersOfLongAgo(t *testing.T) {
	for all, want := range map[bool]int{false: 0, true: 1} {
		t.Run(fmt.Sprint(all), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t, Options{AllOrders: all})
				o := s.place(mallsim.Want{Key: tea, Units: 1})
				time.Sleep(visibleFor + time.Minute)
				if got := s.names("", 5); len(got) != want {
					t.Errorf("found %v", got)
				}
				data := s.good(s.query(`query($id: ID!) { order(id: $id) { id } }`, map[string]any{"id": s.OrderID(o.Number)}))
				if (data["order"] != nil) != all {
					t.Errorf("by id: %v", data)
				}
			})
		})
	}
}

func TestOpenOnlyLeavesOutWhatIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, Options{OpenOnly: true})
		o := s.place(mallsim.Want{Key: tea, Units: 1})
		if _, err := s.mall.Cancel(o.Number, mallsim.Cancellation{}); err != nil {
			t.Fatal(err)
		}
		if got := s.names("updated_at:>=2000-01-01", 5); len(got) != 0 {
			t.Errorf("without a status: %v", got)
		}
		if got := s.names("updated_at:>=2000-01-01 status:any", 5); len(got) != 1 {
			t.Errorf("with one: %v", got)
		}
	})
}

func TestHeldOrdersChangeWhenTheyAreLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, Options{})
		o, err := s.mall.Place(mallsim.Basket{Lines: []mallsim.Want{{Key: tea, Units: 1}}, HeldUntil: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		since := "updated_at:>='" + time.Now().Add(30*time.Minute).UTC().Format(time.RFC3339) + "'"
		if got := s.names(since, 5); len(got) != 0 {
			t.Errorf("while held: %v", got)
		}
		time.Sleep(time.Hour)
		if got := s.names(since, 5); !slices.Equal(got, []string{o.Number}) {
			t.Errorf("let go: %v", got)
		}
	})
}

const linesDocument = `query($id: ID!) { order(id: $id) {
  cancelledAt cancelReason displayFinancialStatus displayFulfillmentStatus
  lineItems(first: 10) { nodes { quantity currentQuantity unfulfilledQuantity variant { id } } }
  refunds(first: 10) { refundLineItems(first: 10) { nodes { quantity restockType restocked } } }
  fulfillments(first: 10) { fulfillmentLineItems(first: 10) { nodes { quantity } } } } }`

func TestWhatOrdersTellOfTheirUnits(t *testing.T) {
	yes, no := true, false
	for name, row := range map[string]struct {
		change func(m *mallsim.Mall, number string) error
		want   string
	}{
		"placed": {func(*mallsim.Mall, string) error { return nil },
			"PAID UNFULFILLED 5/5/5 refunds  sent "},
		"cancelled and put back": {func(m *mallsim.Mall, n string) error {
			_, err := m.Cancel(n, mallsim.Cancellation{Restock: &yes, Reason: "inventory"})
			return err
		}, "REFUNDED UNFULFILLED INVENTORY 5/0/0 refunds 5 CANCEL true; sent "},
		"cancelled and not put back": {func(m *mallsim.Mall, n string) error {
			_, err := m.Cancel(n, mallsim.Cancellation{Restock: &no})
			return err
		}, "REFUNDED UNFULFILLED OTHER 5/0/0 refunds 5 NO_RESTOCK false; sent "},
		"partly cancelled": {func(m *mallsim.Mall, n string) error {
			_, err := m.Cancel(n, mallsim.Cancellation{Lines: map[string]int64{"1": 2}})
			return err
		}, "PARTIALLY_REFUNDED UNFULFILLED 5/3/3 refunds 2 CANCEL true; sent "},
		"partly sent": {func(m *mallsim.Mall, n string) error {
			_, err := m.Ship(n, map[string]int64{"1": 2})
			return err
		}, "PAID PARTIALLY_FULFILLED 5/5/3 refunds  sent 2;"},
		"sent and partly returned": {func(m *mallsim.Mall, n string) error {
			if _, err := m.Ship(n, nil); err != nil {
				return err
			}
			_, err := m.Return(n, map[string]int64{"1": 1}, true)
			return err
		}, "PARTIALLY_REFUNDED FULFILLED 5/4/0 refunds 1 RETURN true; sent 5;"},
		"grown": {func(m *mallsim.Mall, n string) error {
			_, err := m.Edit(n, "1", 7)
			return err
		}, "PAID UNFULFILLED 7/7/7 refunds  sent "},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t, Options{LargestCost: 1e6})
				o := s.place(mallsim.Want{Key: tea, Units: 5})
				if err := row.change(s.mall, o.Number); err != nil {
					t.Fatal(err)
				}
				node := s.good(s.query(linesDocument, map[string]any{"id": s.OrderID(o.Number)}))["order"]
				line := dig(node, "lineItems", "nodes", 0)
				got := fmt.Sprint(dig(node, "displayFinancialStatus"), " ", dig(node, "displayFulfillmentStatus"))
				if reason := dig(node, "cancelReason"); reason != nil {
					got += fmt.Sprint(" ", reason)
				}
				got += fmt.Sprintf(" %v/%v/%v refunds ", dig(line, "quantity"), dig(line, "currentQuantity"), dig(line, "unfulfilledQuantity"))
				for _, r := range dig(node, "refunds").([]any) {
					l := dig(r, "refundLineItems", "nodes", 0)
					got += fmt.Sprint(dig(l, "quantity"), " ", dig(l, "restockType"), " ", dig(l, "restocked"), ";")
				}
				got += " sent "
				for _, f := range dig(node, "fulfillments").([]any) {
					got += fmt.Sprint(dig(f, "fulfillmentLineItems", "nodes", 0, "quantity"), ";")
				}
				if got != row.want {
					t.Errorf("got  %s\nwant %s", got, row.want)
				}
			})
		})
	}
}

func TestALineWhoseListingIsGoneHasNoVariant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, Options{})
		o := s.place(mallsim.Want{Key: tea, Units: 1})
		s.mall.RemoveListing(tea)
		data := s.good(s.query(`query($id: ID!) { order(id: $id) { lineItems(first: 5) { nodes { sku variant { id } } } } }`, map[string]any{"id": s.OrderID(o.Number)}))
		if l := dig(data, "order", "lineItems", "nodes", 0); dig(l, "variant") != nil || dig(l, "sku") != "TEA-100" {
			t.Errorf("%v", l)
		}
	})
}

func TestNodesKeepTheirPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, Options{})
		document := `query($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on InventoryItem { id sku inventoryLevel(locationId: "` + s.LocationID() + `") { quantities(names: ["available"]) { quantity } } } } }`
		ids := []string{s.InventoryItemID(cup), "gid://shopify/InventoryItem/1", s.VariantID(tea), s.InventoryItemID(tea)}
		nodes := s.good(s.query(document, map[string]any{"ids": ids}))["nodes"]
		if dig(nodes, 0, "sku") != "CUP'S" || dig(nodes, 1) != nil || dig(nodes, 2, "__typename") != "ProductVariant" ||
			dig(nodes, 3, "inventoryLevel", "quantities", 0, "quantity") != 9.0 {
			t.Errorf("%v", nodes)
		}
	})
}

func TestVariantPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, Options{BucketSize: 1e6})
		for i := range 600 {
			err := s.mall.AddListing(mallsim.Listing{Key: mallsim.Key{Item: fmt.Sprintf("many-%03d", i)}, Code: fmt.Sprintf("MANY-%d", i%300), Title: "多"})
			if err != nil {
				t.Fatal(err)
			}
		}
		count := func(q string) int {
			n := 0
			var after any
			for {
				data := s.good(s.query(`query($q: String, $after: String) { productVariants(first: 250, query: $q, after: $after) { nodes { sku } pageInfo { hasNextPage endCursor } } }`,
					map[string]any{"q": q, "after": after}))
				n += len(dig(data, "productVariants", "nodes").([]any))
				if dig(data, "productVariants", "pageInfo", "hasNextPage") != true {
					return n
				}
				after = dig(data, "productVariants", "pageInfo", "endCursor")
			}
		}
		for q, want := range map[string]int{"": 602, "sku:many-7": 2, "sku:MANY-1*": 222, "sku:nothing": 0} {
			if got := count(q); got != want {
				t.Errorf("%q finds %d, want %d", q, got, want)
			}
		}
	})
}

// Books that are restored give the same ids and the same orders.
func TestIDsSurviveARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, Options{})
		o := s.place(mallsim.Want{Key: tea, Units: 5})
		if _, err := s.mall.Cancel(o.Number, mallsim.Cancellation{Lines: map[string]int64{"1": 2}}); err != nil {
			t.Fatal(err)
		}
		m := mallsim.New(clock.System{}, mallsim.Options{Name: "揃いの店"})
		if err := m.Restore(s.mall.Books()); err != nil {
			t.Fatal(err)
		}
		again := &shop{Server: New(m, Options{StaticToken: "shpat_test"}), t: t, mall: m}
		if again.InventoryItemID(tea) != s.InventoryItemID(tea) || again.OrderID(o.Number) != s.OrderID(o.Number) {
			t.Error("the ids have changed")
		}
		data := again.good(again.query(linesDocument, map[string]any{"id": s.OrderID(o.Number)}))
		if l := dig(data, "order", "lineItems", "nodes", 0); dig(l, "quantity") != 5.0 || dig(l, "currentQuantity") != 3.0 {
			t.Errorf("%v", data)
		}
		if got := again.diary.committedOf(tea); got != 3 {
			t.Errorf("%d committed", got)
		}
	})
}

// A refund and a shipment are reached by their own ids too: so their lines beyond the first page are read.
func TestRefundAndShipmentByID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, Options{})
		o := s.place(mallsim.Want{Key: tea, Units: 3}, mallsim.Want{Key: cup, Units: 1})
		if _, err := s.mall.Ship(o.Number, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.mall.Return(o.Number, map[string]int64{"1": 2}, true); err != nil {
			t.Fatal(err)
		}
		data := s.good(s.query(`query($id: ID!) { order(id: $id) { refunds(first: 5) { id } fulfillments(first: 5) { id status } } }`,
			map[string]any{"id": s.OrderID(o.Number)}))
		if status := dig(data, "order", "fulfillments", 0, "status"); status != "SUCCESS" {
			t.Errorf("the shipment's status is %v", status)
		}
		data = s.good(s.query(`query($refund: ID!, $sent: ID!) {
			refund: node(id: $refund) { ... on Refund { refundLineItems(first: 5) { nodes { quantity restockType } } } }
			sent: node(id: $sent) { ... on Fulfillment { fulfillmentLineItems(first: 5) { nodes { quantity } } } }
			nobody: node(id: "gid://shopify/Refund/7") { id }
		}`, map[string]any{"refund": dig(data, "order", "refunds", 0, "id"), "sent": dig(data, "order", "fulfillments", 0, "id")}))
		if got := dig(data, "refund", "refundLineItems", "nodes", 0, "restockType"); got != "RETURN" {
			t.Errorf("the refund's line is %v", dig(data, "refund"))
		}
		if got := dig(data, "sent", "fulfillmentLineItems", "nodes", 1, "quantity"); fmt.Sprint(got) != "1" {
			t.Errorf("the shipment's second line is %v", dig(data, "sent"))
		}
		if data["nobody"] != nil {
			t.Errorf("an id that nobody has is %v", data["nobody"])
		}
	})
}
