package vendure

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"soroi/internal/order"
)

// ordersWire decodes each order by itself, so that one that cannot be read in full does not hold up the others.
type ordersWire struct {
	Items []json.RawMessage `json:"items"`
}

// orderWire is an order's head; its lines are decoded one by one.
type orderWire struct {
	Code          string            `json:"code"`
	State         string            `json:"state"`
	Type          string            `json:"type"`
	UpdatedAt     string            `json:"updatedAt"`
	OrderPlacedAt *string           `json:"orderPlacedAt"`
	Lines         []json.RawMessage `json:"lines"`

	placed, updated time.Time
}

type lineWire struct {
	ID             string `json:"id"`
	Quantity       *int64 `json:"quantity"`
	Placed         *int64 `json:"orderPlacedQuantity"`
	ProductVariant *struct {
		ID   string `json:"id"`
		SKU  string `json:"sku"`
		Name string `json:"name"`
	} `json:"productVariant"`
	Parcels []struct {
		Quantity    *int64 `json:"quantity"`
		Fulfillment struct {
			State string `json:"state"`
		} `json:"fulfillment"`
	} `json:"fulfillmentLines"`
}

// The words of the shop that decide what an order means for stock.
const (
	stateCancelled = "Cancelled"
	stateShipped   = "Shipped"
	stateDelivered = "Delivered"
	typeAggregate  = "Aggregate"
	parcelShipped  = "Shipped"
	parcelArrived  = "Delivered"
)

type orderList []orderWire

func (l orderList) placedAt() []time.Time {
	times := make([]time.Time, len(l))
	for i, o := range l {
		times[i] = o.placed
	}
	return times
}

func (l orderList) updatedAt() []time.Time {
	times := make([]time.Time, len(l))
	for i, o := range l {
		times[i] = o.updated
	}
	return times
}

// read decodes the heads. An order without a number or with a time that is none is an error, since it could not be recorded and
// must not be passed over. A cart has not been placed; its time stays zero.
func (w ordersWire) read(op string) (orderList, error) {
	if w.Items == nil {
		return nil, unreadable(op, fmt.Errorf("no orders"))
	}
	list := make(orderList, len(w.Items))
	for i, item := range w.Items {
		o := &list[i]
		if err := json.Unmarshal(item, o); err != nil {
			return nil, unreadable(op, err)
		}
		if o.Code == "" {
			return nil, unreadable(op, fmt.Errorf("an order has no code"))
		}
		var err error
		if o.updated, err = instant(o.UpdatedAt); err != nil {
			return nil, unreadable(op, fmt.Errorf("order %s: %w", o.Code, err))
		}
		if o.OrderPlacedAt == nil {
			continue
		}
		if o.placed, err = instant(*o.OrderPlacedAt); err != nil {
			return nil, unreadable(op, fmt.Errorf("order %s: %w", o.Code, err))
		}
	}
	return list, nil
}

// snapshots are the orders that hold stock, each once, oldest first. Carts hold none. An aggregate order repeats the orders of
// its sellers, which are in the list themselves.
func snapshots(orders orderList, asked time.Time) []order.Snapshot {
	list := make([]order.Snapshot, 0, len(orders))
	seen := make(map[string]bool, len(orders))
	for _, o := range orders {
		if o.placed.IsZero() || o.Type == typeAggregate || seen[o.Code] {
			continue
		}
		seen[o.Code] = true
		list = append(list, o.snapshot(asked))
	}
	slices.SortStableFunc(list, func(a, b order.Snapshot) int { return a.PlacedAt.Compare(b.PlacedAt) })
	return list
}

// snapshot is the order as the ledger takes it. The shop's time of change can fall back, so snapshots are ordered by when they
// were asked for. A line that makes no sense leaves a problem behind; the others are claimed.
func (o orderWire) snapshot(asked time.Time) order.Snapshot {
	s := order.Snapshot{Number: o.Code, PlacedAt: o.placed, Version: order.Version{AskedAt: asked}}
	if o.Lines == nil {
		s.Incomplete = true
		s.Problems = append(s.Problems, "the order came without its lines")
	}
	keys := make(map[string]bool, len(o.Lines))
	for i, raw := range o.Lines {
		line, cut, problem := readLine(raw)
		s.Edited = s.Edited || cut
		if problem == "" && keys[line.Key] {
			line.Key, problem = "", "it comes twice"
		}
		if problem != "" {
			s.Problems = append(s.Problems, fmt.Sprintf("line %d: %s", i+1, problem))
		}
		if line.Key == "" {
			s.Incomplete = true
			continue
		}
		keys[line.Key] = true
		switch o.State {
		case stateCancelled:
			line.Wanted = 0
		case stateShipped, stateDelivered:
			line.Shipped = max(line.Shipped, line.Wanted)
		}
		s.Lines = append(s.Lines, line)
	}
	s.State = o.came(s)
	return s
}

// came is what the order has come to. It follows from its lines where they are known in full: the shop has states that say
// less, and merchants add their own.
func (o orderWire) came(s order.Snapshot) order.State {
	switch {
	case o.State == stateCancelled:
		return order.Cancelled
	case s.Incomplete:
		return order.Open
	case len(s.Lines) == 0 && (o.State == stateShipped || o.State == stateDelivered):
		return order.Shipped
	case len(s.Lines) == 0:
		return order.Open
	}
	var wanted int64
	for _, l := range s.Lines {
		if l.Wanted > l.Shipped {
			return order.Open
		}
		wanted += l.Wanted
	}
	if wanted == 0 {
		return order.Cancelled
	}
	return order.Shipped
}

// readLine decodes one line. A line without a key could not be read; one with a key and a problem could, but for its listing or
// its parcels. cut says that it is not of as many units as were bought.
func readLine(raw json.RawMessage) (line order.Line, cut bool, problem string) {
	var w lineWire
	if err := json.Unmarshal(raw, &w); err != nil {
		return order.Line{}, false, "it makes no sense: " + err.Error()
	}
	if w.ID == "" || w.Quantity == nil || *w.Quantity < 0 || far(*w.Quantity) {
		return order.Line{}, false, "it lacks its id or its quantity"
	}
	cut = w.Placed != nil && *w.Placed != *w.Quantity
	line = order.Line{Key: w.ID, Wanted: *w.Quantity}
	if v := w.ProductVariant; v != nil && v.ID != "" {
		line.Ref, line.Code, line.Title = order.Ref(v.ID), v.SKU, v.Name
	} else {
		problem = "it names no variant"
	}
	for _, part := range w.Parcels {
		if part.Quantity == nil || *part.Quantity < 0 || far(*part.Quantity) {
			problem = "a parcel lacks its quantity"
			continue
		}
		if part.Fulfillment.State == parcelShipped || part.Fulfillment.State == parcelArrived {
			line.Shipped += *part.Quantity
		}
	}
	return line, cut, problem
}
