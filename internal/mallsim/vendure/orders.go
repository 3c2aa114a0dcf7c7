package vendure

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"soroi/internal/mallsim"
)

// The states of an order that this shop knows; a basket's stage, where given, takes the place of statePaid.
const (
	statePaid      = "PaymentSettled"
	statePartly    = "PartiallyShipped"
	stateShipped   = "Shipped"
	stateCancelled = "Cancelled"
)

func state(o mallsim.Order) string {
	wanted, left, out := int64(0), false, false
	for _, l := range o.Lines {
		wanted += quantity(l)
		left = left || l.Wanted > l.Shipped
		out = out || l.Shipped > 0
	}
	switch {
	case wanted == 0:
		return stateCancelled
	case out && left:
		return statePartly
	case out:
		return stateShipped
	}
	return cmp.Or(o.Stage, statePaid)
}

// listed are the orders in the shop's list that may meet the filter.
func (s *Server) listed(o options) []mallsim.Order {
	now := s.mall.Clock().Now()
	var found []mallsim.Order
	add := func(numbers []string) {
		for _, number := range numbers {
			if order, ok := s.mall.Order(number); ok && !order.ListedAt.After(now) {
				found = append(found, order)
			}
		}
	}
	if codes, ok := o.one("code"); ok {
		add(codes)
		return found
	}
	if after := o.after("updatedAt"); !after.IsZero() {
		found = s.mall.Find(mallsim.Query{PlacedFrom: after})
		known := make(map[string]bool, len(found))
		for _, order := range found {
			known[order.Number] = true
		}
		add(slices.DeleteFunc(s.books.changedSince(after), func(number string) bool { return known[number] }))
		return found
	}
	return s.mall.Find(mallsim.Query{PlacedFrom: o.after("orderPlacedAt")})
}

func (s *Server) listOrders(c *call, args map[string]any) (any, *fault) {
	o, failed := readOptions(args)
	if failed != nil {
		return nil, failed
	}
	type row struct {
		mallsim.Order
		state   string
		updated time.Time
	}
	var rows []row
	for _, order := range s.listed(o) {
		r := row{order, state(order), s.books.updatedAt(order)}
		match, failed := o.match(func(field string) any {
			switch field {
			case "id", "code":
				return r.Number
			case "state":
				return r.state
			case "type":
				return "Regular"
			case "active":
				return false
			case "updatedAt":
				return r.updated
			default:
				return r.PlacedAt
			}
		})
		if failed != nil {
			return nil, failed
		}
		if match {
			rows = append(rows, r)
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		return o.compare(func(field string) int {
			switch field {
			case "id", "code":
				return strings.Compare(a.Number, b.Number)
			case "state":
				return strings.Compare(a.state, b.state)
			case "updatedAt":
				return a.updated.Compare(b.updated)
			default:
				return a.PlacedAt.Compare(b.PlacedAt)
			}
		})
	})
	items := []object{}
	for _, r := range page(rows, o) {
		items = append(items, s.order(r.Order, r.state, r.updated))
	}
	if mallsim.Duplicating(c.w) && len(items) > 0 {
		items = append(items, items[len(items)/2])
	}
	return list("OrderList", items, len(rows)), nil
}

func (s *Server) order(o mallsim.Order, state string, updated time.Time) object {
	lines := make([]object, len(o.Lines))
	total := int64(0)
	for i, l := range o.Lines {
		id := o.Number + "-" + l.ID
		parcels := []object{}
		if l.Shipped > 0 {
			parcels = append(parcels, object{"__typename": "FulfillmentLine", "orderLineId": id, "quantity": l.Shipped, "fulfillmentId": id,
				"fulfillment": object{"__typename": "Fulfillment", "id": id, "state": "Shipped", "method": "post"}})
		}
		v := s.books.of(l.Key)
		shown, _, live := s.mall.Listing(v.key)
		if !live {
			shown = mallsim.Listing{Key: l.Key, Code: l.Code, Title: l.Title}
		}
		total += quantity(l)
		lines[i] = object{"__typename": "OrderLine", "id": id, "quantity": quantity(l), "orderPlacedQuantity": l.Ordered,
			"productVariant": s.variant(v, shown), "fulfillmentLines": parcels}
	}
	return object{"__typename": "Order", "id": o.Number, "code": o.Number, "state": state, "type": "Regular", "active": false,
		"createdAt": o.PlacedAt, "updatedAt": updated, "orderPlacedAt": o.PlacedAt, "totalQuantity": total, "lines": lines}
}
