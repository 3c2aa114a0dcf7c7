package yahoo

import (
	"net/http"
	"strconv"
	"strings"

	"soroi/internal/mallsim"
)

// price is what everything costs; the mall simulates stock, not money.
const price = 1000

// myItemList lists items: those whose code begins with query, or with type=name those whose name holds it. A call without query
// must name a category (stcat_key); every item is in it.
func (s *Server) myItemList(w http.ResponseWriter, r *http.Request, _ bool) {
	q := r.URL.Query()
	if !s.seller(w, q.Get("seller_id"), OpMyItemList) {
		return
	}
	refuse := func(what string) {
		s.mall.Refused(OpMyItemList)
		fail(w, http.StatusBadRequest, "", what)
	}
	query := q.Get("query")
	if query == "" && q.Get("stcat_key") == "" {
		refuse("query is required.")
		return
	}
	start, ok := count(q.Get("start"), 1)
	results, fine := count(q.Get("results"), 25)
	if !ok || !fine || results > MaxItems {
		refuse("start or results is wrong.")
		return
	}
	var found [][]mallsim.Listing
	for _, item := range s.items() {
		hit := strings.HasPrefix(item[0].Key.Item, query)
		if q.Get("type") == "name" {
			hit = strings.Contains(item[0].Title, query)
		}
		if hit {
			found = append(found, item)
		}
	}
	page := found[min(start-1, len(found)):min(start-1+results, len(found))]
	elements := make([]element, len(page))
	for i, item := range page {
		elements[i] = node("Result", leaf("ItemCode", item[0].Key.Item), words("Name", nameOf(item)), number("Price", price))
		if q.Get("stock") == "true" {
			var sum int64
			for _, l := range item {
				sum += l.Stock
			}
			elements[i].inner = append(elements[i].inner, number("Quantity", sum))
		}
	}
	send(w, http.StatusOK, resultSet(len(found), start, elements))
}

// count reads a number from 1 up; other is what an absent one means.
func count(text string, other int) (int, bool) {
	if text == "" {
		return other, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 1
}

func nameOf(item []mallsim.Listing) string {
	if item[0].Title != "" {
		return item[0].Title
	}
	return item[0].Key.Item
}

// getItem describes one item with its variations.
func (s *Server) getItem(w http.ResponseWriter, r *http.Request, _ bool) {
	q := r.URL.Query()
	if !s.seller(w, q.Get("seller_id"), OpGetItem) {
		return
	}
	for _, item := range s.items() {
		if item[0].Key.Item != q.Get("item_code") {
			continue
		}
		result := node("Result", leaf("ItemCode", item[0].Key.Item), words("Name", nameOf(item)), number("Price", price))
		subs := node("SubCodes")
		for _, l := range item {
			if l.Key.Variant != "" {
				subs.inner = append(subs.inner, element{name: "SubCode", attrs: []string{"code", l.Key.Variant},
					inner: []element{{name: "Option", attrs: []string{"name", "種類", "value", l.Title}}}})
			}
		}
		if len(subs.inner) > 0 {
			result.inner = append(result.inner, subs)
		}
		send(w, http.StatusOK, resultSet(1, 1, []element{result}))
		return
	}
	s.mall.Refused(OpGetItem)
	fail(w, http.StatusNotFound, "", "商品が見つかりません。")
}
