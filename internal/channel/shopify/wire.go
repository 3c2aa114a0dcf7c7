package shopify

import (
	"encoding/json"
	"strings"
	"time"

	"soroi/internal/channel"
)

// The global ids that soroi writes.
const (
	gidItem     = "gid://shopify/InventoryItem/"
	gidLocation = "gid://shopify/Location/"
	gidOrder    = "gid://shopify/Order/"
)

// tail is the last part of a global id: gid://shopify/Order/12 → 12.
func tail(gid string) string {
	gid, _, _ = strings.Cut(gid, "?")
	return gid[strings.LastIndexByte(gid, '/')+1:]
}

// isID tells whether a text can be the last part of a global id.
func isID(s string) bool {
	if s == "" || len(s) > 40 {
		return false
	}
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-' && r != '_' {
			return false
		}
	}
	return true
}

// ref names the listing of an inventory item at a location, each as the last part of its global id.
func ref(item, location string) channel.Ref { return channel.Ref(item + "@" + location) }

// split is the inverse of ref. False when no connector of this channel can have spelled it.
func split(r channel.Ref) (item, location string, ok bool) {
	item, location, found := strings.Cut(string(r), "@")
	return item, location, found && isID(item) && isID(location)
}

// instant reads a DateTime. Shopify writes RFC 3339 in UTC.
func instant(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	return t.UTC(), err
}

type page struct {
	HasNextPage bool   `json:"hasNextPage"`
	EndCursor   string `json:"endCursor"`
}

// raws is a connection whose nodes are decoded one by one, so that one bad node does not spoil the others.
type raws struct {
	Nodes    []json.RawMessage `json:"nodes"`
	PageInfo *page             `json:"pageInfo"`
}

type object struct {
	ID string `json:"id"`
}

// level is the stock of one item at one location. Null when the item is not stocked there.
type level struct {
	ID         string `json:"id"`
	Quantities []struct {
		Name      string `json:"name"`
		Quantity  *int64 `json:"quantity"`
		UpdatedAt string `json:"updatedAt"`
	} `json:"quantities"`
}

// available is the sellable number, which may be below zero, and when it last changed, zero when the shop does not say.
func (l *level) available() (n int64, at time.Time, ok bool) {
	for _, q := range l.Quantities {
		if q.Name == "available" && q.Quantity != nil {
			if t, err := instant(q.UpdatedAt); err == nil {
				at = t
			}
			return *q.Quantity, at, true
		}
	}
	return 0, time.Time{}, false
}

type item struct {
	ID      string `json:"id"`
	Tracked *bool  `json:"tracked"`
	Level   *level `json:"inventoryLevel"`
}

type userError struct {
	Code    string   `json:"code"`
	Field   []string `json:"field"`
	Message string   `json:"message"`
}

type setAnswer struct {
	Set *struct {
		Group *struct {
			ID      string `json:"id"`
			Changes []struct {
				Name     string  `json:"name"`
				After    *int64  `json:"quantityAfterChange"`
				Item     *object `json:"item"`
				Location *object `json:"location"`
			} `json:"changes"`
		} `json:"inventoryAdjustmentGroup"`
		UserErrors []userError `json:"userErrors"`
	} `json:"inventorySetQuantities"`
}

type line struct {
	ID          string `json:"id"`
	SKU         string `json:"sku"`
	Name        string `json:"name"`
	Quantity    *int64 `json:"quantity"`
	Current     *int64 `json:"currentQuantity"`
	Unfulfilled *int64 `json:"unfulfilledQuantity"`
	Variant     *struct {
		ID   string  `json:"id"`
		Item *object `json:"inventoryItem"`
	} `json:"variant"`
}

type eventLine struct {
	Quantity *int64  `json:"quantity"`
	Restock  string  `json:"restockType"`
	Line     *object `json:"lineItem"`
}

type eventLinePage struct {
	Nodes    []eventLine `json:"nodes"`
	PageInfo *page       `json:"pageInfo"`
}

// event is a refund or a shipment of an order: which it is, shows in which of the connections is there.
type event struct {
	ID      string         `json:"id"`
	Status  string         `json:"status"`
	Refund  *eventLinePage `json:"refundLineItems"`
	Shipped *eventLinePage `json:"fulfillmentLineItems"`
}

type historyAnswer struct {
	Order *struct {
		Refunds      []event `json:"refunds"`
		Fulfillments []event `json:"fulfillments"`
	} `json:"order"`
}
