package rakuten

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"soroi/internal/mallsim"
)

// product is one 商品 with its SKUs.
type product struct {
	manageNumber string
	skus         []mallsim.Listing
}

// products are the shop's products by manageNumber, from the first one after a number on, at most limit of those that keep wants.
func (s *Server) products(after string, limit int, keep func(product) bool) []product {
	var list []product
	last := mallsim.Key{Item: after, Variant: "\xff"}
	var open product
	for {
		page := s.mall.ListingsAfter(last, 500)
		for _, l := range page {
			if l.Key.Item != open.manageNumber {
				if len(open.skus) > 0 && keep(open) {
					if list = append(list, open); len(list) == limit {
						return list
					}
				}
				open = product{manageNumber: l.Key.Item}
			}
			open.skus = append(open.skus, l)
			last = l.Key
		}
		if len(page) < 500 {
			break
		}
	}
	if len(open.skus) > 0 && keep(open) {
		list = append(list, open)
	}
	return list
}

func (s *Server) searchItems(w http.ResponseWriter, r *http.Request, _ bool) {
	q := r.URL.Query()
	number := func(name string, unset, lowest, highest int) (int, bool) {
		if !q.Has(name) {
			return unset, true
		}
		n, err := strconv.Atoi(q.Get(name))
		if err != nil || n < lowest || n > highest {
			itemError(w, http.StatusBadRequest, problem{"IE0003", name + " is out of range", at(name)})
			return 0, false
		}
		return n, true
	}
	hits, ok := number("hits", 10, 1, 100)
	if !ok {
		return
	}
	offset, ok := number("offset", 0, 0, 10000)
	if !ok {
		return
	}
	if offset+hits > 10000 {
		itemError(w, http.StatusBadRequest, problem{"IE0003", "offset reaches no further than 10000", at("offset")})
		return
	}
	cursor := q.Get("cursorMark")
	after := ""
	if cursor != "" && cursor != "*" {
		plain, err := base64.URLEncoding.DecodeString(cursor)
		if err != nil || !strings.HasPrefix(string(plain), "after:") {
			itemError(w, http.StatusBadRequest, problem{"IE0002", "cursorMark is not one of ours", at("cursorMark")})
			return
		}
		after = strings.TrimPrefix(string(plain), "after:")
	}
	keep := itemFilter(q.Get)
	page := s.products(after, offset+hits, keep)
	page = page[min(offset, len(page)):]
	results := make([]map[string]any, 0, len(page))
	withStock := q.Get("isInventoryIncluded") == "true"
	for _, p := range page {
		result := map[string]any{"item": p.item()}
		if withStock {
			result["inventory"] = p.inventory(s.o.ItemQuantities)
		}
		results = append(results, result)
	}
	body := map[string]any{"numFound": s.countProducts(keep, narrows(q)), "offset": offset, "results": results}
	if cursor != "" {
		next := cursor
		if len(page) > 0 {
			next = base64.URLEncoding.EncodeToString([]byte("after:" + page[len(page)-1].manageNumber))
		}
		body["nextCursorMark"] = next
	}
	answer(w, http.StatusOK, body)
}

// catalogue is how many products a catalogue of so many listings has; paging through it asks again and again.
type catalogue struct{ ever, now, products int }

func (s *Server) countProducts(keep func(product) bool, narrowed bool) int {
	version := catalogue{ever: s.mall.Ever(), now: s.mall.Count()}
	if !narrowed {
		s.mu.Lock()
		known := s.counted
		s.mu.Unlock()
		if known.ever == version.ever && known.now == version.now {
			return known.products
		}
	}
	s.products("", 0, func(p product) bool {
		if keep(p) {
			version.products++
		}
		return false
	})
	if !narrowed {
		s.mu.Lock()
		s.counted = version
		s.mu.Unlock()
	}
	return version.products
}

// narrows tells whether a search is for less than everything.
func narrows(q url.Values) bool {
	for name := range q {
		switch name {
		case "hits", "offset", "cursorMark", "isInventoryIncluded", "sortKey", "sortOrder":
		default:
			return true
		}
	}
	return false
}

func itemFilter(get func(string) string) func(product) bool {
	manage, itemNumber := strings.ToLower(get("manageNumber")), get("itemNumber")
	variant, code := get("variantId"), get("merchantDefinedSkuId")
	itemOut, variantOut := get("isItemStockout"), get("isVariantStockout")
	return func(p product) bool {
		some := func(is func(mallsim.Listing) bool) bool {
			for _, l := range p.skus {
				if is(l) {
					return true
				}
			}
			return false
		}
		out := func(l mallsim.Listing) bool { return !l.Unlimited && l.Stock <= 0 }
		in := func(l mallsim.Listing) bool { return !out(l) }
		switch {
		case manage != "" && p.manageNumber != manage,
			itemNumber != "" && p.manageNumber != itemNumber,
			variant != "" && !some(func(l mallsim.Listing) bool { return variantOf(l.Key) == variant }),
			code != "" && !some(func(l mallsim.Listing) bool { return l.Code == code }),
			itemOut == "true" && some(in), itemOut == "false" && !some(in),
			variantOut == "true" && !some(out), variantOut == "false" && !some(in):
			return false
		}
		return true
	}
}

// item words a product. Its title is what its SKUs' titles begin with; what follows is the SKU's choice.
func (p product) item() map[string]any {
	title := p.skus[0].Title
	for _, l := range p.skus[1:] {
		title = commonStart(title, l.Title)
	}
	if title = strings.TrimSpace(title); title == "" {
		title = p.manageNumber
	}
	variants := make(map[string]any, len(p.skus))
	for _, l := range p.skus {
		v := map[string]any{"merchantDefinedSkuId": nil, "hidden": false, "standardPrice": "1000"}
		if l.Code != "" {
			v["merchantDefinedSkuId"] = l.Code
		}
		if choice := strings.TrimSpace(strings.TrimPrefix(l.Title, title)); choice != "" {
			v["selectorValues"] = map[string]string{"1": choice}
		}
		variants[variantOf(l.Key)] = v
	}
	return map[string]any{"manageNumber": p.manageNumber, "itemNumber": p.manageNumber, "title": title, "itemType": "NORMAL",
		"hideItem": false, "unlimitedInventoryFlag": p.unlimited(), "variants": variants}
}

func (p product) unlimited() bool {
	for _, l := range p.skus {
		if !l.Unlimited {
			return false
		}
	}
	return true
}

func (p product) inventory(quantities bool) map[string]any {
	variants := make(map[string]any, len(p.skus))
	for _, l := range p.skus {
		v := map[string]any{"operationLeadTime": nil, "shipFromIds": nil}
		if quantities {
			v["quantity"] = l.Stock
		}
		variants[variantOf(l.Key)] = v
	}
	return map[string]any{"manageNumber": p.manageNumber, "variants": variants}
}

func commonStart(a, b string) string {
	x, y := []rune(a), []rune(b)
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	return string(x[:n])
}

// one finds the product that a path names, or answers that there is none.
func (s *Server) one(w http.ResponseWriter, r *http.Request) (product, bool) {
	manage := strings.ToLower(r.PathValue("manageNumber"))
	skus := s.variantsOf(manage)
	if len(skus) == 0 {
		itemError(w, http.StatusNotFound, problem{Code: "GE0014", Message: "no such item"})
		return product{}, false
	}
	return product{manage, skus}, true
}

func (s *Server) getItem(w http.ResponseWriter, r *http.Request, _ bool) {
	if p, ok := s.one(w, r); ok {
		answer(w, http.StatusOK, p.item())
	}
}

func (s *Server) itemSettings(w http.ResponseWriter, r *http.Request, _ bool) {
	p, ok := s.one(w, r)
	if !ok {
		return
	}
	s.ruleMu.Lock()
	defer s.ruleMu.Unlock()
	variants := make(map[string]any, len(p.skus))
	for _, l := range p.skus {
		variants[variantOf(l.Key)] = map[string]any{"restockOnCancel": s.restocksSKU(l.Key), "backOrderFlag": false,
			"normalDeliveryDateId": nil, "backOrderDeliveryDateId": nil}
	}
	answer(w, http.StatusOK, map[string]any{"manageNumber": p.manageNumber, "unlimitedInventoryFlag": p.unlimited(),
		"features": map[string]any{"inventoryDisplay": "DISPLAY_ABSOLUTE_STOCK_COUNT", "lowStockThreshold": nil}, "variants": variants})
}
