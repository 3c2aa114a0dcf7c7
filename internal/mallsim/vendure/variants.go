package vendure

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"soroi/internal/mallsim"
)

const locationID = "1"

// variant is a variant as the Admin API shows it.
func (s *Server) variant(v variant, shown mallsim.Listing) object {
	id := strconv.Itoa(v.id)
	allocated := s.books.allocatedTo(v.key)
	onHand := shown.Stock + allocated + s.options.Threshold
	tracking := "INHERIT"
	if shown.Unlimited {
		tracking = "FALSE"
	}
	_, updated, _ := s.mall.Listing(v.key)
	return object{"__typename": "ProductVariant", "id": id, "productId": id, "sku": shown.Code, "name": shown.Title, "enabled": true,
		"createdAt": v.made, "updatedAt": updated, "trackInventory": tracking, "outOfStockThreshold": 0, "useGlobalOutOfStockThreshold": true,
		"stockOnHand": onHand, "stockAllocated": allocated,
		"product": object{"__typename": "Product", "id": id, "name": shown.Title},
		"stockLevels": []object{{"__typename": "StockLevel", "id": id, "stockLocationId": locationID, "stockOnHand": onHand,
			"stockAllocated": allocated, "stockLocation": s.location()}}}
}

func (s *Server) listVariants(args map[string]any) (any, *fault) {
	o, failed := readOptions(args)
	if failed != nil {
		return nil, failed
	}
	var found []variant
	if ids, ok := o.one("id"); ok {
		for _, id := range ids {
			if v, ok := s.books.variant(id); ok {
				found = append(found, v)
			}
		}
	} else {
		found = s.books.since(o.after("createdAt"))
	}
	type row struct {
		variant
		shown mallsim.Listing
		at    time.Time
	}
	rows := make([]row, 0, len(found))
	for _, v := range found {
		shown, at, live := s.mall.Listing(v.key)
		if !live {
			continue
		}
		match, failed := o.match(func(field string) any {
			switch field {
			case "id":
				return strconv.Itoa(v.id)
			case "sku":
				return shown.Code
			case "name":
				return shown.Title
			case "createdAt":
				return v.made
			default:
				return at
			}
		})
		if failed != nil {
			return nil, failed
		}
		if match {
			rows = append(rows, row{v, shown, at})
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		return o.compare(func(field string) int {
			switch field {
			case "id":
				return cmp.Compare(a.id, b.id)
			case "sku":
				return cmp.Compare(a.shown.Code, b.shown.Code)
			case "name":
				return cmp.Compare(a.shown.Title, b.shown.Title)
			case "createdAt":
				return a.made.Compare(b.made)
			default:
				return a.at.Compare(b.at)
			}
		})
	})
	items := []object{}
	for _, r := range page(rows, o) {
		items = append(items, s.variant(r.variant, r.shown))
	}
	return list("ProductVariantList", items, len(rows)), nil
}

// change is one variant's part of a write, understood and checked.
type change struct {
	variant  variant
	onHand   *int64
	tracking string
}

// update writes on-hand figures: all of them, or none when one of the variants or locations is unknown.
func (s *Server) update(args map[string]any, silent bool) (any, *fault) {
	inputs, _ := args["input"].([]any)
	changes := make([]change, 0, len(inputs))
	for _, raw := range inputs {
		input, _ := raw.(map[string]any)
		id := text(input["id"])
		v, ok := s.books.variant(id)
		if ok {
			_, _, ok = s.mall.Listing(v.key)
		}
		if !ok {
			return nil, &fault{code: "ENTITY_NOT_FOUND", message: fmt.Sprintf("No ProductVariant with the id %q could be found", id)}
		}
		c := change{variant: v, tracking: text(input["trackInventory"])}
		figures := []any{map[string]any{"stockLocationId": locationID, "stockOnHand": input["stockOnHand"]}}
		if levels, ok := input["stockLevels"].([]any); ok {
			figures = levels
		} else if input["stockOnHand"] == nil {
			figures = nil
		}
		for _, raw := range figures {
			level, _ := raw.(map[string]any)
			if text(level["stockLocationId"]) != locationID {
				return nil, &fault{message: "FOREIGN KEY constraint failed"}
			}
			n, ok := whole(level["stockOnHand"])
			if !ok {
				return nil, &fault{code: "BAD_USER_INPUT", message: fmt.Sprintf("Int cannot represent non 32-bit signed integer value: %v", level["stockOnHand"])}
			}
			c.onHand = &n
		}
		changes = append(changes, c)
	}
	if !silent {
		for _, c := range changes {
			s.apply(c)
		}
	}
	// The answer names each variant once, in the order of the ids and not of the input. Of one that is written twice, the last
	// figure counts.
	slices.Reverse(changes)
	slices.SortStableFunc(changes, func(a, b change) int { return cmp.Compare(a.variant.id, b.variant.id) })
	changes = slices.CompactFunc(changes, func(a, b change) bool { return a.variant.id == b.variant.id })
	items := make([]object, 0, len(changes))
	for _, c := range changes {
		shown, _, _ := s.mall.Listing(c.variant.key)
		if c.onHand != nil {
			// The answer shows what has just been saved, though other readers may have to wait for it.
			shown.Stock = *c.onHand - s.books.allocatedTo(c.variant.key) - s.options.Threshold
		}
		if c.tracking != "" {
			shown.Unlimited = c.tracking == "FALSE"
		}
		items = append(items, s.variant(c.variant, shown))
	}
	return items, nil
}

func (s *Server) apply(c change) {
	if c.tracking != "" {
		s.mall.SetUnlimited(c.variant.key, c.tracking == "FALSE")
	}
	if c.onHand != nil {
		s.mall.SetStock(c.variant.key, *c.onHand-s.books.allocatedTo(c.variant.key)-s.options.Threshold, mallsim.ByPush)
	}
}

// whole reads a 32-bit number, whether it stood in the document or among the variables.
func whole(v any) (int64, bool) {
	var n int64
	switch x := v.(type) {
	case int64:
		n = x
	case int:
		n = int64(x)
	case json.Number:
		parsed, err := strconv.ParseInt(x.String(), 10, 64)
		if err != nil {
			return 0, false
		}
		n = parsed
	default:
		return 0, false
	}
	return n, n >= math.MinInt32 && n <= math.MaxInt32
}
