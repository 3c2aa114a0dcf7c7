package shopify

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"soroi/internal/mallsim"
)

// visibleFor is how long an order can be read without read_all_orders.
const visibleFor = 60 * 24 * time.Hour

func legacy(n int64) string { return strconv.FormatInt(n, 10) }

// updatedAt is when an order changed last as the API tells it: a held order changes when it is let go.
func (s *Server) updatedAt(o mallsim.Order) time.Time {
	if o.ListedAt.After(o.ChangedAt.Add(s.mall.Options().OrderLag)) {
		return o.ListedAt.Truncate(time.Second)
	}
	return o.ChangedAt.Truncate(time.Second)
}

func (s *Server) readable(o mallsim.Order) bool {
	now := s.mall.Clock().Now()
	return !o.ListedAt.After(now) && (s.o.AllOrders || now.Sub(o.PlacedAt) <= visibleFor)
}

func (c *call) orderNode(number string) (object, bool) {
	o, ok := c.mall.Order(number)
	if !ok || !c.readable(o) {
		return object{}, false
	}
	return c.order(o), true
}

// placed is an order with what it is sorted by.
type placed struct {
	mallsim.Order
	at time.Time
	id int64
}

func (p placed) position() string { return p.at.UTC().Format(time.RFC3339Nano) + "|" + legacy(p.id) }

func (p placed) compare(o placed) int {
	return cmp.Or(p.at.Compare(o.at), cmp.Compare(p.id, o.id))
}

// orders is a page of orders.
func (c *call) orders(args map[string]any) any {
	n, ok := c.first(OpOrders, args)
	if !ok {
		return nil
	}
	text, _ := args["query"].(string)
	query, err := readSearch(text, "updated_at", "created_at", "processed_at", "status", "name", "id", "test")
	if err == nil {
		err = query.times("updated_at", "created_at", "processed_at")
	}
	var after placed
	if cursor, given := args["after"].(string); given && err == nil {
		after, err = readPosition(cursor)
	}
	if err != nil {
		c.fail(OpOrders, "BAD_REQUEST", err.Error())
		return nil
	}
	key, _ := args["sortKey"].(string)
	reverse := args["reverse"] == true
	var all []placed
	for _, o := range c.candidates(query) {
		p := placed{Order: o, at: o.PlacedAt.Truncate(time.Second), id: c.ids.of(kindOrder, o.Number)}
		switch key {
		case "UPDATED_AT":
			p.at = c.updatedAt(o)
		case "ID":
			p.at = time.Time{}
		}
		sign := p.compare(after)
		if reverse {
			sign = -sign
		}
		if after.id != 0 && sign <= 0 || !query.holds(func(t term) bool { return c.orderHolds(o, p.id, t) }) || !c.status(o, query) {
			continue
		}
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b placed) int {
		if reverse {
			return b.compare(a)
		}
		return a.compare(b)
	})
	page := connection{before: after.id != 0, hasNext: len(all) > n}
	for _, p := range all[:min(n, len(all))] {
		page.nodes = append(page.nodes, edge{cursorOf(p.position()), c.order(p.Order)})
	}
	return page
}

func readPosition(cursor string) (placed, error) {
	text, ok := readCursor(cursor)
	at, id, found := strings.Cut(text, "|")
	t, err := time.Parse(time.RFC3339Nano, at)
	n, numberErr := strconv.ParseInt(id, 10, 64)
	if !ok || !found || err != nil || numberErr != nil || n <= 0 {
		return placed{}, fmt.Errorf("invalid cursor")
	}
	return placed{at: t, id: n}, nil
}

// candidates are the readable orders that can match a search.
func (c *call) candidates(query search) []mallsim.Order {
	q := mallsim.Query{ChangedFrom: query.since("updated_at"), PlacedFrom: query.since("created_at")}
	if !c.o.AllOrders {
		if oldest := c.mall.Clock().Now().Add(-visibleFor); oldest.After(q.PlacedFrom) {
			q.PlacedFrom = oldest
		}
	}
	found := c.mall.Find(q)
	if q.ChangedFrom.IsZero() {
		return found
	}
	for _, number := range c.diary.heldSince(q.ChangedFrom) {
		o, ok := c.mall.Order(number)
		if ok && c.readable(o) && o.ChangedAt.Before(q.ChangedFrom) {
			found = append(found, o)
		}
	}
	return found
}

func (c *call) orderHolds(o mallsim.Order, id int64, t term) bool {
	switch t.field {
	case "updated_at":
		return t.compareTime(c.updatedAt(o))
	case "created_at", "processed_at":
		return t.compareTime(o.PlacedAt.Truncate(time.Second))
	case "name":
		return t.compareText(o.Number) || t.compareText(strings.TrimPrefix(o.Number, "#"))
	case "id":
		return t.compareNumber(id)
	case "test":
		return t.value == strconv.FormatBool(o.Test)
	}
	switch t.value { // status
	case "any", "not_closed":
		return t.value == "any" || !c.closed(o)
	case "open":
		return !c.closed(o)
	case "closed":
		return o.Shipped()
	case "cancelled":
		return o.Cancelled
	}
	return false
}

func (c *call) closed(o mallsim.Order) bool { return o.Cancelled || o.Shipped() }

// status leaves out what a search without a status term may leave out.
func (c *call) status(o mallsim.Order, query search) bool {
	if !c.o.OpenOnly || !c.closed(o) {
		return true
	}
	for _, set := range query {
		for _, t := range set {
			if t.field == "status" {
				return true
			}
		}
	}
	return false
}

func (c *call) order(o mallsim.Order) object {
	n := c.ids.of(kindOrder, o.Number)
	s := c.diary.story(o.Number)
	var current, edited = int64(0), false
	for _, l := range o.Lines {
		current += currentOf(l)
		edited = edited || l.Wanted != l.Ordered
	}
	var reason, cancelled, closed any
	if o.Cancelled {
		reason, cancelled = cancelReason(o.Reason), cmp.Or(s.cancelledAt, o.ChangedAt).Truncate(time.Second)
	}
	if c.closed(o) {
		closed = o.ChangedAt.Truncate(time.Second)
	}
	return object{kindOrder, bag{
		"id": gid(kindOrder, n), "legacyResourceId": legacy(n), "name": o.Number, "test": o.Test, "confirmed": true, "edited": edited,
		"createdAt": o.PlacedAt.Truncate(time.Second), "processedAt": o.PlacedAt.Truncate(time.Second), "updatedAt": c.updatedAt(o),
		"cancelledAt": cancelled, "cancelReason": reason, "closed": c.closed(o), "closedAt": closed, "sourceName": "web",
		"currentSubtotalLineItemsQuantity": current,
		"displayFinancialStatus":           financialStatus(o), "displayFulfillmentStatus": fulfillmentStatus(o),
		"lineItems": finder(func(args map[string]any) any {
			var all []edge
			for _, l := range o.Lines {
				all = append(all, edge{cursorOf(l.ID), c.line(o.Number, l)})
			}
			return c.cut("lineItems", args, all)
		}),
		"refunds": finder(func(args map[string]any) any {
			list := []object{}
			for _, r := range s.refunds {
				list = append(list, c.refund(o, r))
			}
			return head(list, args)
		}),
		"fulfillments": finder(func(args map[string]any) any {
			list := []object{}
			for _, sent := range s.shipments {
				list = append(list, c.shipment(o, sent))
			}
			return head(list, args)
		}),
	}}
}

func head(list []object, args map[string]any) []object {
	if v, given := args["first"]; given && v != nil {
		return list[:min(len(list), int(max(whole(v), 0)))]
	}
	return list
}

// currentOf is currentQuantity: what was ever on the line less what was removed or refunded.
func currentOf(l mallsim.OrderLine) int64 { return max(l.Wanted-l.Returned, 0) }

func (c *call) line(number string, l mallsim.OrderLine) object {
	n := c.ids.of(kindLine, number+"/"+l.ID)
	var variant, product *object
	if found, ok := c.find(l.Key); ok {
		v, p := c.variant(found), c.product(found)
		variant, product = &v, &p
	}
	open := max(l.Wanted-l.Shipped, 0)
	return object{kindLine, bag{
		"id": gid(kindLine, n), "sku": l.Code, "title": l.Title, "name": l.Title, "variantTitle": l.Key.Variant,
		"quantity": max(l.Ordered, l.Wanted), "currentQuantity": currentOf(l), "unfulfilledQuantity": open,
		"nonFulfillableQuantity": max(l.Ordered, l.Wanted) - max(l.Wanted, l.Shipped), "refundableQuantity": currentOf(l),
		"requiresShipping": true, "restockable": variant != nil, "variant": variant, "product": product,
	}}
}

// eventNode is a refund or a shipment by its id. Its order has been read before, or nobody could know the id.
func (c *call) eventNode(n int64) (object, bool) {
	number, known := c.ids.eventOrder(n)
	o, there := c.mall.Order(number)
	if !known || !there || !c.readable(o) {
		return object{}, false
	}
	s := c.diary.story(number)
	for _, r := range s.refunds {
		if c.ids.of(kindRefund, r.name(number)) == n {
			return c.refund(o, r), true
		}
	}
	for _, sent := range s.shipments {
		if c.ids.of(kindShipment, sent.name(number)) == n {
			return c.shipment(o, sent), true
		}
	}
	return object{}, false
}

func lineOf(o mallsim.Order, id string) mallsim.OrderLine {
	i := slices.IndexFunc(o.Lines, func(l mallsim.OrderLine) bool { return l.ID == id })
	return o.Lines[i]
}

func (c *call) refund(o mallsim.Order, r refund) object {
	n := c.ids.event(kindRefund, r.name(o.Number), o.Number)
	return object{kindRefund, bag{
		"id": gid(kindRefund, n), "legacyResourceId": legacy(n), "createdAt": r.at, "updatedAt": r.at, "processedAt": r.at, "note": o.Reason,
		"refundLineItems": finder(func(args map[string]any) any {
			var all []edge
			for i, l := range r.lines {
				name := r.name(o.Number) + "/" + strconv.Itoa(i)
				var location *object
				if l.restocks {
					place := c.place(c.o.Locations[0])
					location = &place
				}
				all = append(all, edge{cursorOf(name), object{"RefundLineItem", bag{
					"id": gid("RefundLineItem", c.ids.of("RefundLineItem", name)), "quantity": l.units, "restockType": l.restock,
					"restocked": l.restocks, "location": location, "lineItem": c.line(o.Number, lineOf(o, l.line)),
				}}})
			}
			return c.cut("refundLineItems", args, all)
		}),
	}}
}

func (c *call) shipment(o mallsim.Order, s shipment) object {
	n := c.ids.event(kindShipment, s.name(o.Number), o.Number)
	var total int64
	for _, units := range s.units {
		total += units
	}
	return object{kindShipment, bag{
		"id": gid(kindShipment, n), "legacyResourceId": legacy(n), "status": "SUCCESS", "name": fmt.Sprintf("%s-F%d", o.Number, s.number),
		"createdAt": s.at, "updatedAt": s.at, "totalQuantity": total,
		"fulfillmentLineItems": finder(func(args map[string]any) any {
			var all []edge
			for _, l := range o.Lines {
				units, sent := s.units[l.ID]
				if !sent {
					continue
				}
				name := s.name(o.Number) + "/" + l.ID
				all = append(all, edge{cursorOf(name), object{"FulfillmentLineItem", bag{
					"id": gid("FulfillmentLineItem", c.ids.of("FulfillmentLineItem", name)), "quantity": units, "lineItem": c.line(o.Number, l),
				}}})
			}
			return c.cut("fulfillmentLineItems", args, all)
		}),
	}}
}

func cancelReason(text string) string {
	upper := strings.ToUpper(text)
	if slices.Contains([]string{"CUSTOMER", "DECLINED", "FRAUD", "INVENTORY", "OTHER", "STAFF"}, upper) {
		return upper
	}
	return "OTHER"
}

// financialStatus is the order's stage where that is one of Shopify's payment states, else what follows from the lines.
func financialStatus(o mallsim.Order) string {
	stage := strings.ToUpper(o.Stage)
	if slices.Contains([]string{"AUTHORIZED", "EXPIRED", "PAID", "PARTIALLY_PAID", "PENDING", "VOIDED"}, stage) {
		return stage
	}
	some, all := false, true
	for _, l := range o.Lines {
		some = some || currentOf(l) < max(l.Ordered, l.Wanted)
		all = all && currentOf(l) == 0
	}
	switch {
	case all:
		return "REFUNDED"
	case some:
		return "PARTIALLY_REFUNDED"
	}
	return "PAID"
}

func fulfillmentStatus(o mallsim.Order) string {
	var left, open int64
	for _, l := range o.Lines {
		left += l.Shipped
		open += max(l.Wanted-l.Shipped, 0)
	}
	switch {
	case left == 0:
		return "UNFULFILLED"
	case open > 0:
		return "PARTIALLY_FULFILLED"
	}
	return "FULFILLED"
}
