package shopify

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"soroi/internal/mallsim"
)

// root are the fields of the query root.
func (c *call) root() bag {
	return bag{
		"shop":                   finder(func(map[string]any) any { return c.shop() }),
		"currentAppInstallation": finder(func(map[string]any) any { return c.installation() }),
		"locations":              c.guarded("read_locations", "locations", c.locations),
		"location":               c.guarded("read_locations", "location", c.location),
		"inventoryItem":          c.guarded("read_inventory", "inventoryItem", c.byID(kindItem)),
		"inventoryItems":         c.guarded("read_inventory", "inventoryItems", func(a map[string]any) any { return c.listings(OpItems, a) }),
		"productVariant":         c.guarded("read_products", "productVariant", c.byID(kindVariant)),
		"productVariants":        c.guarded("read_products", "productVariants", func(a map[string]any) any { return c.listings(OpVariants, a) }),
		"order":                  c.guarded("read_orders", "order", c.byID(kindOrder)),
		"orders":                 c.guarded("read_orders", "orders", c.orders),
		"node":                   c.guarded("read_inventory", "node", c.byID("")),
		"nodes":                  c.guarded("read_inventory", "nodes", c.nodes),
		"webhookSubscriptions":   finder(c.subscriptions),
	}
}

// guarded is a field that needs a scope.
func (c *call) guarded(scope, path string, find finder) finder {
	return func(args map[string]any) any {
		if !slices.Contains(c.o.Scopes, scope) {
			c.fail(path, "ACCESS_DENIED", "Access denied for "+path+" field. Required access: `"+scope+"` access scope.")
			return nil
		}
		return find(args)
	}
}

func (c *call) shop() any {
	address := "https://" + c.o.Domain
	return object{"Shop", bag{"id": gid("Shop", c.ids.of("Shop", c.o.Domain)), "name": c.mall.Name(), "email": "owner@example.com",
		"myshopifyDomain": c.o.Domain, "ianaTimezone": "Asia/Tokyo", "url": address,
		"primaryDomain": object{"Domain", bag{"id": gid("Domain", c.ids.of("Domain", c.o.Domain)), "host": c.o.Domain, "url": address}}}}
}

func (c *call) installation() any {
	var scopes []object
	for _, s := range c.o.Scopes {
		scopes = append(scopes, object{"AccessScope", bag{"handle": s}})
	}
	return object{"AppInstallation", bag{"id": gid("AppInstallation", c.ids.of("AppInstallation", c.o.ClientID)), "accessScopes": scopes}}
}

// first reads the page size of a connection.
func (c *call) first(path string, args map[string]any) (int, bool) {
	v, given := args["first"]
	n := whole(v)
	switch {
	case !given || v == nil:
		c.fail(path, "BAD_REQUEST", "you must provide one of first or last")
	case n < 0 || n > mostElements:
		c.fail(path, "BAD_REQUEST", "first must be between 0 and 250")
	default:
		return int(n), true
	}
	return 0, false
}

// cut is a page of a short list.
func (c *call) cut(path string, args map[string]any, all []edge) any {
	n, ok := c.first(path, args)
	if !ok {
		return nil
	}
	if args["reverse"] == true {
		slices.Reverse(all)
	}
	from := 0
	if after, ok := args["after"].(string); ok {
		from = 1 + slices.IndexFunc(all, func(e edge) bool { return e.cursor == after })
		if from == 0 {
			c.fail(path, "BAD_REQUEST", "invalid cursor")
			return nil
		}
	}
	to := min(from+n, len(all))
	return connection{nodes: all[from:to], before: from > 0, hasNext: to < len(all)}
}

// listing is what the API shows of one listing.
type listing struct {
	mallsim.Listing
	updated time.Time
}

func (c *call) find(k mallsim.Key) (listing, bool) {
	l, updated, ok := c.mall.Listing(k)
	return listing{l, updated.Truncate(time.Second)}, ok
}

func (c *call) variant(l listing) object {
	title := cmp.Or(l.Key.Variant, "Default Title")
	return object{kindVariant, bag{
		"id": gid(kindVariant, c.ids.variant(l.Key)), "legacyResourceId": legacy(c.ids.variant(l.Key)), "sku": l.Code, "barcode": nil,
		"title": title, "displayName": strings.TrimSuffix(l.Title+" - "+title, " - Default Title"),
		"createdAt": c.started, "updatedAt": l.updated, "inventoryPolicy": "DENY", "inventoryQuantity": l.Stock,
		"sellableOnlineQuantity": max(l.Stock, 0),
		"selectedOptions":        []object{{"SelectedOption", bag{"name": "Title", "value": title}}},
		"inventoryItem":          finder(func(map[string]any) any { return c.item(l) }),
		"product":                finder(func(map[string]any) any { return c.product(l) }),
	}}
}

func (c *call) product(l listing) object {
	n := c.ids.product(l.Key)
	return object{kindProduct, bag{"id": gid(kindProduct, n), "legacyResourceId": legacy(n), "title": l.Title, "status": "ACTIVE"}}
}

func (c *call) item(l listing) object {
	n := c.ids.item(l.Key)
	return object{kindItem, bag{
		"id": gid(kindItem, n), "legacyResourceId": legacy(n), "sku": l.Code, "tracked": !l.Unlimited, "requiresShipping": true,
		"createdAt": c.started, "updatedAt": l.updated,
		"duplicateSkuCount": finder(func(map[string]any) any { return c.duplicates(l) }),
		"variant":           finder(func(map[string]any) any { return c.variant(l) }),
		"inventoryLevel": finder(func(args map[string]any) any {
			kind, n, _, _ := readGID(args["locationId"].(string))
			for i, location := range c.o.Locations {
				if kind == kindLocation && location.ID == n && i == 0 && c.stocks(l.Key) {
					return c.level(l)
				}
			}
			return nil
		}),
		"inventoryLevels": finder(func(args map[string]any) any {
			if !c.stocks(l.Key) {
				return c.cut("inventoryLevels", args, nil)
			}
			return c.cut("inventoryLevels", args, []edge{{cursorOf("level"), c.level(l)}})
		}),
	}}
}

// duplicates is how many other listings have the same SKU.
func (c *call) duplicates(l listing) int {
	n := 0
	for _, other := range c.mall.Listings() {
		if other.Code == l.Code && other.Key != l.Key {
			n++
		}
	}
	return n
}

func (c *call) level(l listing) object {
	n := c.ids.item(l.Key)
	id := gid(kindLevel, c.ids.of(kindLevel, keyName(l.Key))) + "?inventory_item_id=" + legacy(n)
	return object{kindLevel, bag{
		"id": id, "isActive": true, "createdAt": c.started, "updatedAt": l.updated, "location": c.place(c.o.Locations[0]),
		"item":       finder(func(map[string]any) any { return c.item(l) }),
		"quantities": finder(func(args map[string]any) any { return c.quantities(l, id, args) }),
	}}
}

// stateNames are the inventory states that Shopify keeps.
var stateNames = []string{"available", "on_hand", "committed", "incoming", "reserved", "damaged", "safety_stock", "quality_control"}

func (c *call) quantities(l listing, level string, args map[string]any) any {
	names, _ := args["names"].([]any)
	var found []object
	for _, v := range names {
		name, _ := v.(string)
		committed := c.diary.committedOf(l.Key)
		var n int64
		switch name {
		case "available":
			n = l.Stock
		case "on_hand":
			n = l.Stock + committed
		case "committed":
			n = committed
		default:
			if !slices.Contains(stateNames, name) {
				c.fail("quantities", "BAD_REQUEST", "The quantity name "+name+" is invalid.")
				return nil
			}
		}
		found = append(found, object{"InventoryQuantity", bag{"id": strings.Replace(level, kindLevel, "InventoryQuantity", 1) + "&name=" + name,
			"name": name, "quantity": n, "updatedAt": l.updated}})
	}
	return found
}

// listings is a page of variants or of inventory items, by key.
func (c *call) listings(op string, args map[string]any) any {
	n, ok := c.first(op, args)
	if !ok {
		return nil
	}
	text, _ := args["query"].(string)
	query, err := readSearch(text, "sku", "id", "title", "inventory_item_id", "updated_at")
	if err == nil {
		err = query.times("updated_at")
	}
	if err != nil {
		c.fail(op, "BAD_REQUEST", err.Error())
		return nil
	}
	var after mallsim.Key
	if cursor, ok := args["after"].(string); ok {
		position, valid := readCursor(cursor)
		if !valid {
			c.fail(op, "BAD_REQUEST", "invalid cursor")
			return nil
		}
		after.Item, after.Variant, _ = strings.Cut(position, "\x00")
	}
	page := connection{before: after.Item != ""}
	for {
		some := c.mall.ListingsAfter(after, mostElements)
		for _, l := range some {
			after = l.Key
			_, updated, ok := c.mall.Listing(l.Key)
			found := listing{l, updated.Truncate(time.Second)}
			if !ok || !query.holds(func(t term) bool { return c.listingHolds(op, found, t) }) {
				continue
			}
			if len(page.nodes) == n {
				page.hasNext = true
				return page
			}
			node := c.item(found)
			if op == OpVariants {
				node = c.variant(found)
			}
			page.nodes = append(page.nodes, edge{cursorOf(keyName(l.Key)), node})
		}
		if len(some) < mostElements {
			return page
		}
	}
}

func (c *call) listingHolds(op string, l listing, t term) bool {
	switch t.field {
	case "sku":
		return t.compareText(l.Code)
	case "title":
		return t.compareText(l.Title)
	case "inventory_item_id":
		return t.compareNumber(c.ids.item(l.Key))
	case "updated_at":
		return t.compareTime(l.updated)
	}
	if op == OpItems {
		return t.compareNumber(c.ids.item(l.Key))
	}
	return t.compareNumber(c.ids.variant(l.Key))
}

func (c *call) place(l Location) object {
	return object{kindLocation, bag{
		"id": gid(kindLocation, l.ID), "legacyResourceId": legacy(l.ID), "name": l.Name, "isActive": !l.Inactive,
		"fulfillsOnlineOrders": !l.Offline && !l.Inactive, "shipsInventory": !l.Offline && !l.Inactive,
		"hasActiveInventory": l.ID == c.o.Locations[0].ID, "createdAt": c.started, "updatedAt": c.started,
		"inventoryLevel": finder(func(args map[string]any) any {
			kind, n, _, _ := readGID(args["inventoryItemId"].(string))
			k, known := c.ids.key(kindItem, n)
			found, there := c.find(k)
			if kind != kindItem || !known || !there || l.ID != c.o.Locations[0].ID || !c.stocks(k) {
				return nil
			}
			return c.level(found)
		}),
	}}
}

func (c *call) locations(args map[string]any) any {
	var all []edge
	for _, l := range c.o.Locations {
		if !l.Inactive || args["includeInactive"] == true {
			all = append(all, edge{cursorOf(legacy(l.ID)), c.place(l)})
		}
	}
	return c.cut("locations", args, all)
}

func (c *call) location(args map[string]any) any {
	id, given := args["id"].(string)
	if !given {
		return c.place(c.o.Locations[0])
	}
	kind, n, _, _ := readGID(id)
	return c.node(kind, n, kindLocation)
}

// byID finds one thing by its global id; kind "" finds any.
func (c *call) byID(kind string) finder {
	return func(args map[string]any) any {
		is, n, _, ok := readGID(args["id"].(string))
		if !ok {
			c.fail(c.op, "BAD_REQUEST", "Invalid global id '"+args["id"].(string)+"'")
			return nil
		}
		return c.node(is, n, kind)
	}
}

func (c *call) node(is string, n int64, want string) *object {
	if want != "" && is != want {
		return nil
	}
	var found object
	ok := false
	switch is {
	case kindItem, kindVariant:
		k, known := c.ids.key(is, n)
		l, there := c.find(k)
		if ok = known && there; ok && is == kindItem {
			found = c.item(l)
		} else if ok {
			found = c.variant(l)
		}
	case kindLocation:
		for _, l := range c.o.Locations {
			if l.ID == n {
				found, ok = c.place(l), true
			}
		}
	case kindLevel:
		return c.levelNode(n)
	case kindOrder:
		if number, known := c.ids.orderNumber(n); known {
			found, ok = c.orderNode(number)
		}
	case kindRefund, kindShipment:
		found, ok = c.eventNode(n)
	case kindHook:
		found, ok = c.subscription(n)
	}
	if !ok {
		return nil
	}
	return &found
}

func (c *call) levelNode(n int64) *object {
	for _, l := range c.mall.Listings() {
		if c.ids.of(kindLevel, keyName(l.Key)) == n {
			if found, ok := c.find(l.Key); ok && c.stocks(l.Key) {
				level := c.level(found)
				return &level
			}
		}
	}
	return nil
}

func (c *call) nodes(args map[string]any) any {
	ids, _ := args["ids"].([]any)
	if len(ids) > mostElements {
		c.fail(OpNodes, "MAX_INPUT_SIZE_EXCEEDED", "The input array size is greater than the maximum allowed of 250.")
		return nil
	}
	found := make([]*object, len(ids))
	for i, v := range ids {
		id, _ := v.(string)
		kind, n, _, ok := readGID(id)
		if !ok {
			c.fail(OpNodes, "BAD_REQUEST", "Invalid global id '"+id+"'")
			return nil
		}
		found[i] = c.node(kind, n, "")
	}
	return found
}
