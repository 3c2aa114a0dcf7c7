package realshop

import (
	"fmt"
	"net/http"
)

// Line is a variant and a number of units of it.
type Line struct {
	Variant string
	Units   int64
}

// AddProduct adds a product with one variant under this code, with so many units on hand, and returns the variant's id.
func (s *Shop) AddProduct(code string, onHand int64) (variant string) {
	s.t.Helper()
	product := s.create(`mutation ($in: CreateProductInput!) { made: createProduct(input: $in) { id } }`,
		values{"enabled": true, "translations": []values{{"languageCode": "en", "name": "商品 " + code, "slug": code, "description": ""}}})
	var out struct{ Made []node }
	s.admin.do(`mutation ($in: [CreateProductVariantInput!]!) { made: createProductVariants(input: $in) { id } }`,
		values{"in": []values{{"productId": product, "sku": code, "price": 1000, "stockOnHand": onHand, "trackInventory": "TRUE",
			"taxCategoryId": s.taxCategory, "translations": []values{{"languageCode": "en", "name": "商品 " + code}}}}}, &out)
	return out.Made[0].ID
}

// Change edits a variant through the Admin API; fields are those of UpdateProductVariantInput.
func (s *Shop) Change(variant string, fields map[string]any) {
	s.t.Helper()
	input := values{"id": variant}
	for k, v := range fields {
		input[k] = v
	}
	s.admin.do(`mutation ($in: [UpdateProductVariantInput!]!) { updateProductVariants(input: $in) { id } }`,
		values{"in": []values{input}}, nil)
}

// Delete removes a variant.
func (s *Shop) Delete(variant string) {
	s.t.Helper()
	s.admin.do(`mutation ($id: ID!) { deleteProductVariant(id: $id) { result } }`, values{"id": variant}, nil)
}

// Level is a variant's stock in the first location: units on hand and units allocated to orders.
func (s *Shop) Level(variant string) (onHand, allocated int64) {
	s.t.Helper()
	var out struct {
		ProductVariant struct {
			StockLevels []struct{ StockOnHand, StockAllocated int64 }
		}
	}
	s.admin.do(`query ($id: ID!) { productVariant(id: $id) { stockLevels { stockOnHand stockAllocated } } }`,
		values{"id": variant}, &out)
	if len(out.ProductVariant.StockLevels) == 0 {
		return 0, 0
	}
	return out.ProductVariant.StockLevels[0].StockOnHand, out.ProductVariant.StockLevels[0].StockAllocated
}

// Saleable is how many units of the variant the shop would sell.
func (s *Shop) Saleable(variant string) int64 {
	s.t.Helper()
	onHand, allocated := s.Level(variant)
	return onHand - allocated
}

// Offer is how many units of the variant the shop would put into a cart: a buyer asks for more than there can be, and
// the shop puts in what it has.
func (s *Shop) Offer(variant string) int64 {
	s.t.Helper()
	var out struct {
		AddItemToOrder struct {
			refusal
			QuantityAvailable int64
		}
	}
	buyer := &session{shop: s, path: "/shop-api"}
	buyer.do(`mutation ($id: ID!) { addItemToOrder(productVariantId: $id, quantity: 999) {
		... on InsufficientStockError { errorCode quantityAvailable } ... on ErrorResult { errorCode message } } }`,
		values{"id": variant}, &out)
	if out.AddItemToOrder.ErrorCode != "INSUFFICIENT_STOCK_ERROR" {
		s.t.Fatalf("the real shop put 999 units of %s into a cart: %+v", variant, out.AddItemToOrder)
	}
	return out.AddItemToOrder.QuantityAvailable
}

// Fill puts units into a new buyer's cart and leaves it there. It returns the cart's order code.
func (s *Shop) Fill(lines ...Line) (number string) {
	s.t.Helper()
	_, number = s.fill(lines)
	return number
}

func (s *Shop) fill(lines []Line) (buyer *session, number string) {
	s.t.Helper()
	buyer = &session{shop: s, path: "/shop-api"}
	for _, line := range lines {
		var out struct {
			AddItemToOrder struct {
				refusal
				Code string
			}
		}
		buyer.do(`mutation ($id: ID!, $units: Int!) { addItemToOrder(productVariantId: $id, quantity: $units) {
			... on Order { code } ... on ErrorResult { errorCode message } } }`,
			values{"id": line.Variant, "units": line.Units}, &out)
		s.declined("put units into a cart", out.AddItemToOrder.refusal)
		number = out.AddItemToOrder.Code
	}
	return buyer, number
}

// Order buys the lines as a new guest, pays, and returns the order's code. An error is the shop's own word of refusal, such
// as too little stock.
func (s *Shop) Order(lines ...Line) (number string) {
	s.t.Helper()
	buyer, number := s.fill(lines)
	s.mu.Lock()
	s.buyers++
	name := fmt.Sprintf("buyer%d", s.buyers)
	s.mu.Unlock()
	step := func(what, document string, variables values) {
		s.t.Helper()
		var out struct{ Done refusal }
		buyer.do(document, variables, &out)
		s.declined(what, out.Done)
	}
	step("know the buyer", `mutation ($in: CreateCustomerInput!) { done: setCustomerForOrder(input: $in) {
		... on ErrorResult { errorCode message } } }`,
		values{"in": values{"firstName": "花子", "lastName": name, "emailAddress": name + "@example.invalid"}})
	step("take the address", `mutation ($in: CreateAddressInput!) { done: setOrderShippingAddress(input: $in) {
		... on ErrorResult { errorCode message } } }`,
		values{"in": values{"streetLine1": "1-1", "city": "東京", "countryCode": "JP"}})
	var methods struct{ EligibleShippingMethods []node }
	buyer.do(`{ eligibleShippingMethods { id } }`, nil, &methods)
	step("choose the carrier", `mutation ($ids: [ID!]!) { done: setOrderShippingMethod(shippingMethodId: $ids) {
		... on ErrorResult { errorCode message } } }`, values{"ids": []string{methods.EligibleShippingMethods[0].ID}})
	step("go to the till", `mutation { done: transitionOrderToState(state: "ArrangingPayment") {
		... on ErrorResult { errorCode message } } }`, nil)
	step("take the payment", `mutation { done: addPaymentToOrder(input: { method: "dummy", metadata: {} }) {
		... on ErrorResult { errorCode message } } }`, nil)
	return number
}

type orderLine struct {
	ID             string
	Quantity       int64
	ProductVariant node
}

func (s *Shop) order(number string) (id string, lines []orderLine) {
	s.t.Helper()
	var out struct {
		Orders struct {
			Items []struct {
				ID    string
				Lines []orderLine
			}
		}
	}
	s.admin.do(`query ($code: String!) { orders(options: { filter: { code: { eq: $code } } }) {
		items { id lines { id quantity productVariant { id } } } } }`, values{"code": number}, &out)
	if len(out.Orders.Items) != 1 {
		s.t.Fatalf("the real shop has %d orders with the code %s", len(out.Orders.Items), number)
	}
	return out.Orders.Items[0].ID, out.Orders.Items[0].Lines
}

// pick names the order's lines that hold the wanted units; no wanted lines means all of them in full.
func (s *Shop) pick(number string, wanted []Line) (id string, picked []values) {
	s.t.Helper()
	id, lines := s.order(number)
	if len(wanted) == 0 {
		for _, line := range lines {
			picked = append(picked, values{"orderLineId": line.ID, "quantity": line.Quantity})
		}
		return id, picked
	}
	for _, want := range wanted {
		for _, line := range lines {
			if line.ProductVariant.ID == want.Variant {
				picked = append(picked, values{"orderLineId": line.ID, "quantity": want.Units})
			}
		}
	}
	return id, picked
}

// Cancel cancels these units of an order, or all of it when no lines are named.
func (s *Shop) Cancel(number string, lines ...Line) {
	s.t.Helper()
	id, picked := s.pick(number, lines)
	var out struct{ Done refusal }
	s.admin.do(`mutation ($in: CancelOrderInput!) { done: cancelOrder(input: $in) { ... on ErrorResult { errorCode message } } }`,
		values{"in": values{"orderId": id, "lines": picked, "reason": "test"}}, &out)
	s.declined("cancel", out.Done)
}

// Pack makes a parcel of these units of an order, or of all of it, without handing it over. It returns the parcel's id.
func (s *Shop) Pack(number string, lines ...Line) (parcel string) {
	s.t.Helper()
	_, picked := s.pick(number, lines)
	var out struct{ Done node }
	s.admin.do(`mutation ($in: FulfillOrderInput!) { done: addFulfillmentToOrder(input: $in) {
		... on Fulfillment { id } ... on ErrorResult { errorCode message } } }`,
		values{"in": values{"lines": picked, "handler": operation("manual-fulfillment", "method", "post", "trackingCode", "1")}}, &out)
	s.declined("pack", out.Done.refusal)
	return out.Done.ID
}

// Move brings a parcel to a state: Shipped, Delivered or Cancelled.
func (s *Shop) Move(parcel, state string) {
	s.t.Helper()
	var out struct{ Done refusal }
	s.admin.do(`mutation ($id: ID!, $state: String!) { done: transitionFulfillmentToState(id: $id, state: $state) {
		... on ErrorResult { errorCode message } } }`, values{"id": parcel, "state": state}, &out)
	s.declined("move a parcel to "+state, out.Done)
}

// Fulfil packs and ships these units of an order, or all of it.
func (s *Shop) Fulfil(number string, lines ...Line) {
	s.t.Helper()
	s.Move(s.Pack(number, lines...), "Shipped")
}

// Ask runs any document on the Admin API as its staff and decodes the data into out.
func (s *Shop) Ask(document string, variables map[string]any, out any) {
	s.t.Helper()
	s.admin.do(document, variables, out)
}

// Client is the client that reaches the shop.
func (s *Shop) Client() *http.Client { return s.http }
