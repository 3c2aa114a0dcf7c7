package vendure

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"soroi/internal/clock"
	"soroi/internal/mallsim"
	"soroi/test/vendure/realshop"
)

// TestTheRealShopSaysTheSame tells one story to the real server and to the simulated one, over the same documents, and compares
// every answer.
func TestTheRealShopSaysTheSame(t *testing.T) {
	server := realshop.Start(t)
	real := &teller{t: t, client: server.Client(), base: server.BaseURL(), username: server.Username(), password: server.Password()}

	m := mallsim.New(clock.System{}, mallsim.Options{Name: "vendure", Seed: 1})
	sim := New(m, Options{Username: server.Username(), Password: server.Password()})
	here := httptest.NewServer(sim)
	t.Cleanup(here.Close)
	simulated := &teller{t: t, client: here.Client(), base: here.URL, username: server.Username(), password: server.Password()}

	for _, code := range []string{"tea", "cup"} {
		id := server.AddProduct(code, 10)
		server.Change(id, map[string]any{"trackInventory": "INHERIT"})
		key := mallsim.Key{Item: code}
		if err := m.AddListing(mallsim.Listing{Key: key, Code: code, Title: "商品 " + code, Stock: 10}); err != nil {
			t.Fatal(err)
		}
		if got := sim.ID(key); got != id {
			t.Fatalf("the simulated shop calls %s %s, the real one %s", code, got, id)
		}
	}
	same := func(what, document string, variables map[string]any) {
		t.Helper()
		want, got := real.ask(document, variables), simulated.ask(document, variables)
		if want != got {
			t.Errorf("%s: the real shop says\n%s\nthe simulated one\n%s", what, want, got)
		}
	}
	const levels = `{ globalSettings { trackInventory outOfStockThreshold } productVariants(options: { sort: { id: ASC } }) { totalItems items {
		id sku name enabled trackInventory outOfStockThreshold useGlobalOutOfStockThreshold stockOnHand stockAllocated
		product { name } stockLevels { stockLocationId stockOnHand stockAllocated stockLocation { name } } } } }`
	const push = `mutation Push($in: [UpdateProductVariantInput!]!) { updateProductVariants(input: $in) {
		id trackInventory stockLevels { stockLocationId stockOnHand stockAllocated } } }`
	level := func(location string, onHand any) []map[string]any {
		return []map[string]any{{"stockLocationId": location, "stockOnHand": onHand}}
	}

	same("without a session", levels, nil)
	same("a wrong password", `mutation { login(username: "superadmin", password: "no") { __typename
		... on CurrentUser { identifier } ... on ErrorResult { errorCode message } } }`, nil)
	if _, ok := real.header["Vendure-Auth-Token"]; ok {
		t.Error("the real shop gives a token with a refusal")
	}
	real.token, simulated.token = "worn-out", "worn-out"
	same("a session that nobody knows", levels, nil)
	if a, b := real.header["Vendure-Auth-Token"], simulated.header["Vendure-Auth-Token"]; fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("it comes back with the token %q, simulated %q", a, b)
	}
	real.token, simulated.token = "", ""
	real.login()
	simulated.login()
	same("who am I", `{ me { __typename identifier } activeChannel { id code } }`, nil)
	same("locations", `{ stockLocations(options: { take: 10, sort: { createdAt: ASC, id: ASC } }) { totalItems items { id name } } }`, nil)
	same("the opening stock", levels, nil)

	same("no document", ``, nil)
	same("half a document", `{ productVariants {`, nil)
	same("an unknown field", `{ productVariants { nonsense } }`, nil)
	same("a missing variable", `query ($n: Int!) { productVariants(options: { take: $n }) { totalItems } }`, nil)
	same("a variable of the wrong type", `query ($n: Int!) { productVariants(options: { take: $n }) { totalItems } }`, map[string]any{"n": "many"})
	same("an unknown input field", push, map[string]any{"in": []map[string]any{{"id": "1", "stock": 3}}})
	same("more than a list gives", `{ productVariants(options: { take: 1001 }) { totalItems } }`, nil)
	same("a date that is none", `{ orders(options: { filter: { updatedAt: { after: "yesterday" } } }) { totalItems } }`, nil)
	same("ids that are not there", `query ($ids: [String!]!) { productVariants(options: { filter: { id: { in: $ids } } }) { totalItems items { id } } }`,
		map[string]any{"ids": []string{"1", "99", "abc", "", "1"}})
	same("a page", `{ productVariants(options: { skip: 1, take: 1, sort: { sku: ASC } }) { totalItems items { sku } } }`, nil)
	same("made long ago", `{ productVariants(options: { filter: { createdAt: { before: "2001-01-01T00:00:00Z" } } }) { totalItems } }`, nil)
	same("by code", `{ productVariants(options: { filter: { sku: { eq: "cup" } } }) { items { sku } } }`, nil)
	same("one of them", `{ one: productVariant(id: "2") { sku } none: productVariant(id: "77") { sku } }`, nil)

	same("a write", push, map[string]any{"in": []map[string]any{{"id": "1", "stockLevels": level("1", 9)}, {"id": "2", "stockLevels": level("1", 0)}}})
	same("below zero", push, map[string]any{"in": []map[string]any{{"id": "2", "stockLevels": level("1", -3)}}})
	same("beyond 32 bits", push, map[string]any{"in": []map[string]any{{"id": "2", "stockLevels": level("1", 3_000_000_000)}}})
	same("an unknown variant beside a known one", push, map[string]any{"in": []map[string]any{{"id": "1", "stockLevels": level("1", 77)}, {"id": "99", "stockLevels": level("1", 1)}}})
	same("an unknown location beside a known one", push, map[string]any{"in": []map[string]any{{"id": "1", "stockLevels": level("1", 77)}, {"id": "2", "stockLevels": level("9", 1)}}})
	same("nothing was saved", levels, nil)
	same("a date variable that is none", `query ($d: DateTime!) { orders(options: { filter: { updatedAt: { after: $d } } }) { totalItems } }`, map[string]any{"d": "yesterday"})
	same("in the order of the input", push, map[string]any{"in": []map[string]any{{"id": "2", "stockLevels": level("1", 5)}, {"id": "1", "stockLevels": level("1", 5)}}})
	same("one variant twice", push, map[string]any{"in": []map[string]any{{"id": "2", "stockLevels": level("1", 4)}, {"id": "2", "stockLevels": level("1", 12)}}})
	same("the old way of writing", push, map[string]any{"in": []map[string]any{{"id": "1", "stockOnHand": 10}}})
	same("no longer counted", push, map[string]any{"in": []map[string]any{{"id": "2", "trackInventory": "FALSE"}}})
	same("counted again", push, map[string]any{"in": []map[string]any{{"id": "2", "trackInventory": "INHERIT", "stockLevels": level("1", 12)}}})

	story := &story{t: t, server: server, m: m, same: same, levels: levels}
	story.tell()
}

// story is what happens to one order after another in both shops.
type story struct {
	t      *testing.T
	server *realshop.Shop
	m      *mallsim.Mall
	same   func(what, document string, variables map[string]any)
	levels string
}

const orderFields = `items { state active type totalQuantity lines { quantity orderPlacedQuantity productVariant { id sku }
	fulfillmentLines { quantity fulfillment { state } } } } totalItems`

func (s *story) tell() {
	s.t.Helper()
	var real, sim string
	check := func(what string) {
		s.t.Helper()
		s.same(what+": stock", s.levels, nil)
		s.same(what+": orders", `{ orders(options: { filter: { orderPlacedAt: { isNull: false } }, sort: { orderPlacedAt: ASC } }) { `+orderFields+` } }`, nil)
		s.same(what+": cancelled orders", `{ orders(options: { filter: { state: { in: ["Cancelled"] } } }) { totalItems } }`, nil)
	}
	must := func(o mallsim.Order, err error) mallsim.Order {
		s.t.Helper()
		if err != nil {
			s.t.Fatal(err)
		}
		return o
	}
	place := func(tea, cup int64) {
		real = s.server.Order(realshop.Line{Variant: "1", Units: tea}, realshop.Line{Variant: "2", Units: cup})
		sim = must(s.m.Place(mallsim.Basket{Lines: []mallsim.Want{{Key: mallsim.Key{Item: "tea"}, Units: tea}, {Key: mallsim.Key{Item: "cup"}, Units: cup}}})).Number
	}
	cancel := func(variant, line string, units int64) {
		s.server.Cancel(real, realshop.Line{Variant: variant, Units: units})
		must(s.m.Cancel(sim, mallsim.Cancellation{Lines: map[string]int64{line: units}}))
	}
	ship := func(variant, line string, units int64) {
		s.server.Fulfil(real, realshop.Line{Variant: variant, Units: units})
		must(s.m.Ship(sim, map[string]int64{line: units}))
	}
	place(3, 2)
	check("placed")
	cancel("2", "2", 1)
	check("one unit cancelled")
	ship("1", "1", 2)
	check("partly shipped")
	cancel("2", "2", 1)
	check("a line cancelled")
	ship("1", "1", 1)
	check("shipped")
	s.server.Cancel(real)
	must(s.m.Cancel(sim, mallsim.Cancellation{Shipped: true}))
	check("cancelled after shipping")

	place(1, 1)
	s.server.Cancel(real)
	must(s.m.Cancel(sim, mallsim.Cancellation{}))
	check("cancelled at once")

	place(2, 2)
	s.server.Fulfil(real)
	must(s.m.Ship(sim, nil))
	s.server.Cancel(real, realshop.Line{Variant: "1", Units: 1})
	must(s.m.Return(sim, map[string]int64{"1": 1}, true))
	check("one unit came back")
}

// teller asks one server and writes down what it says, without what is of the moment.
type teller struct {
	t                  *testing.T
	client             *http.Client
	base, token        string
	username, password string
	header             http.Header
}

func (p *teller) login() {
	p.t.Helper()
	p.ask(`mutation ($u: String!, $p: String!) { login(username: $u, password: $p) { __typename } }`, map[string]any{"u": p.username, "p": p.password})
	if p.token = p.header.Get("vendure-auth-token"); p.token == "" {
		p.t.Fatal("a login gave no token")
	}
}

func (p *teller) ask(document string, variables map[string]any) string {
	p.t.Helper()
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		p.t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, p.base+"/admin-api", bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	p.header = resp.Header
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	var said struct {
		Data   any `json:"data"`
		Errors []struct {
			Message    string
			Path       []any
			Extensions struct{ Code string }
		} `json:"errors"`
	}
	if err := json.Unmarshal(text, &said); err != nil {
		p.t.Fatalf("HTTP %d %s", resp.StatusCode, text)
	}
	kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	out := fmt.Sprintf("HTTP %d %s\n", resp.StatusCode, kind)
	for _, e := range said.Errors {
		out += fmt.Sprintf("error %q at %v", e.Extensions.Code, e.Path)
		if e.Extensions.Code != "GRAPHQL_PARSE_FAILED" && e.Extensions.Code != "BAD_USER_INPUT" {
			out += ": " + e.Message
		}
		out += "\n"
	}
	sumParcels(said.Data)
	data, err := json.MarshalIndent(said.Data, "", " ")
	if err != nil {
		p.t.Fatal(err)
	}
	return out + string(data)
}

// sumParcels puts an order line's parcels of one state together: the simulated shop does not keep them apart.
func sumParcels(data any) {
	switch x := data.(type) {
	case []any:
		for _, item := range x {
			sumParcels(item)
		}
	case map[string]any:
		if parts, ok := x["fulfillmentLines"].([]any); ok {
			sums := map[string]float64{}
			for _, part := range parts {
				part := part.(map[string]any)
				sums[part["fulfillment"].(map[string]any)["state"].(string)] += part["quantity"].(float64)
			}
			x["fulfillmentLines"] = sums
		}
		for _, item := range x {
			sumParcels(item)
		}
	}
}
