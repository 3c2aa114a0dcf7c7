package shopify

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/mallsim"
)

func TestDocumentsThatAreRefused(t *testing.T) {
	for name, document := range map[string]string{
		"an unknown field":          `{ shop { id shoeSize } }`,
		"an unknown operation":      `mutation { productDelete(input: {id: "gid://shopify/Product/1"}) { deletedProductId } }`,
		"an unknown argument":       `{ orders(first: 1, colour: "red") { nodes { id } } }`,
		"an unknown enum value":     `{ orders(first: 1, sortKey: MOOD) { nodes { id } } }`,
		"an object without fields":  `{ shop }`,
		"a variable nobody uses":    `query($q: String) { shop { id } }`,
		"a variable nobody defines": `{ orders(first: 1, query: $q) { nodes { id } } }`,
		"no document":               `{ shop { id `,
		"the retired comparison":    `mutation { inventorySetQuantities(input: {name: "available", reason: "correction", quantities: [{inventoryItemId: "x", locationId: "y", quantity: 1, compareQuantity: 1}]}) @idempotent(key: "k") { userErrors { code } } }`,
		"two operations of a name":  `query A { shop { id } } query A { shop { name } }`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t, Options{})
				if r := s.query(document, nil); r.status != 200 || r.Errors == nil || r.Data != nil {
					t.Errorf("status %d: %s", r.status, r.body)
				}
				if s.mall.Calls()[OpUnknown+":refused"] != 1 {
					t.Errorf("calls %v", s.mall.Calls())
				}
			})
		})
	}
}

func TestCallsThatAreRefused(t *testing.T) {
	many := make([]map[string]any, 251)
	for i := range many {
		many[i] = map[string]any{}
	}
	for name, row := range map[string]struct {
		ask    func(s *shop) reply
		status int
		says   string
	}{
		"no token": {func(s *shop) reply {
			return s.post("/admin/api/2026-07/graphql.json", http.Header{}, `{"query":"{ shop { id } }"}`)
		}, 401, "Invalid API key or access token"},
		"a wrong path":     {func(s *shop) reply { return s.post("/admin/api/2026-07/orders.json", http.Header{}, `{}`) }, 404, "Not Found"},
		"a future version": {func(s *shop) reply { return s.ask("2031-01", `{ shop { id } }`, nil) }, 404, "Not Found"},
		"no version":       {func(s *shop) reply { return s.ask("newest", `{ shop { id } }`, nil) }, 404, "Not Found"},
		"no JSON":          {func(s *shop) reply { return s.post("/admin/api/2026-07/graphql.json", http.Header{}, `query`) }, 400, "missing or invalid"},
		"a frozen shop": {func(s *shop) reply {
			s.Stop(http.StatusPaymentRequired)
			return s.query(`{ shop { id } }`, nil)
		}, 402, "Payment Required"},
		"no page size":     {func(s *shop) reply { return s.query(`{ orders { nodes { id } } }`, nil) }, 200, "one of first or last"},
		"a page too large": {func(s *shop) reply { return s.query(`{ locations(first: 251) { pageInfo { hasNextPage } } }`, nil) }, 200, "between 0 and 250"},
		"a document too dear": {func(s *shop) reply {
			return s.query(`{ orders(first: 50) { nodes { lineItems(first: 50) { nodes { id } } } } }`, nil)
		}, 200, "MAX_COST_EXCEEDED"},
		"a wrong variable": {func(s *shop) reply {
			return s.query(`query($n: Int!) { locations(first: $n) { nodes { id } } }`, map[string]any{"n": "many"})
		}, 200, "INVALID_VARIABLE"},
		"a missing variable": {func(s *shop) reply { return s.query(`query($n: Int!) { locations(first: $n) { nodes { id } } }`, nil) }, 200, "INVALID_VARIABLE"},
		"a wrong cursor":     {func(s *shop) reply { return s.query(`{ orders(first: 1, after: "?") { nodes { id } } }`, nil) }, 200, "invalid cursor"},
		"an unknown search":  {func(s *shop) reply { return s.query(`{ orders(first: 1, query: "mood:good") { nodes { id } } }`, nil) }, 200, "no field to search by"},
		"a search for no time": {func(s *shop) reply {
			return s.query(`{ orders(first: 1, query: "updated_at:>soon") { nodes { id } } }`, nil)
		}, 200, "no time"},
		"no global id": {func(s *shop) reply { return s.query(`{ nodes(ids: ["1"]) { id } }`, nil) }, 200, "Invalid global id"},
		"too many elements": {func(s *shop) reply {
			for i := range many {
				many[i] = s.want(tea, 1, nil)
			}
			return s.set("k", many...)
		}, 200, "MAX_INPUT_SIZE_EXCEEDED"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t, Options{})
				if r := row.ask(s); r.status != row.status || !strings.Contains(r.body, row.says) {
					t.Errorf("status %d: %s, want %d and %q", r.status, r.body, row.status, row.says)
				}
				s.shows(tea, 9)
			})
		})
	}
}

func TestScopesAreAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, Options{Scopes: []string{"read_orders"}})
		if r := s.set("k", s.want(tea, 1, nil)); r.status != 200 || r.errorCode() != "ACCESS_DENIED" {
			t.Errorf("%s", r.body)
		}
		s.shows(tea, 9)
		s.good(s.query(`{ orders(first: 1) { nodes { id } } currentAppInstallation { accessScopes { handle } } }`, nil))
	})
}

func TestVersions(t *testing.T) {
	withCompare := `mutation { inventorySetQuantities(input: {name: "available", reason: "correction", quantities: [{inventoryItemId: "%s", locationId: "%s", quantity: 5, compareQuantity: 9}]}) { userErrors { code } } }`
	withKey := `mutation { inventorySetQuantities(input: {name: "available", reason: "correction", quantities: [{inventoryItemId: "%s", locationId: "%s", quantity: 5, changeFromQuantity: 9}]}) @idempotent(key: "k") { userErrors { code } } }`
	withoutKey := strings.Replace(withKey, ` @idempotent(key: "k")`, "", 1)
	withoutFrom := strings.Replace(withKey, ", changeFromQuantity: 9", "", 1)
	for _, row := range []struct {
		version, name, document string
		ok                      bool
		says                    string
	}{
		{"2025-10", "compare", withCompare, true, ""},
		{"2025-10", "key", withKey, false, "idempotent"},
		{"2026-01", "compare", withCompare, true, ""},
		{"2026-01", "key", withKey, true, ""},
		{"2026-01", "no key", withoutKey, true, ""},
		{"2026-01", "nothing to compare", withoutFrom, true, "COMPARE_QUANTITY_REQUIRED"},
		{"2026-04", "compare", withCompare, false, "compareQuantity"},
		{"2026-04", "key", withKey, true, ""},
		{"2026-07", "no key", withoutKey, false, "@idempotent directive is required"},
		{"2026-07", "no expectation", withoutFrom, false, "changeFromQuantity must be given"},
		{"2026-10", "key", withKey, true, ""},
	} {
		t.Run(row.version+" "+row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t, Options{})
				r := s.ask(row.version, fmt.Sprintf(row.document, s.InventoryItemID(tea), s.LocationID()), nil)
				if (r.Errors == nil) != row.ok || !strings.Contains(r.body, row.says) {
					t.Errorf("%s", r.body)
				}
				if row.ok && row.says == "" {
					s.shows(tea, 5)
				} else {
					s.shows(tea, 9)
				}
			})
		})
	}
	t.Run("a dead version is served by the oldest living one", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t, Options{Oldest: "2026-01"})
			r := s.ask("2024-04", `{ shop { myshopifyDomain } }`, nil)
			s.good(r)
			if got := r.header.Get("X-Shopify-Api-Version"); got != "2026-01" {
				t.Errorf("served by %s", got)
			}
		})
	})
}

func TestClientCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, Options{})
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"soroi-client"}, "client_secret": {"wrong"}}
		if r := s.token(form); r.status != 400 || !strings.Contains(r.body, "invalid_client") {
			t.Errorf("a wrong secret: %d %s", r.status, r.body)
		}
		form.Set("client_secret", "shpss_soroi")
		r := s.token(form)
		token := between(r.body, `"access_token":"`, `"`)
		if r.status != 200 || !strings.HasPrefix(token, "shpat_") || !strings.Contains(r.body, `"expires_in":86399`) {
			t.Fatalf("%d %s", r.status, r.body)
		}
		ask := func() int {
			return s.post("/admin/api/2026-07/graphql.json", http.Header{"X-Shopify-Access-Token": {token}}, `{"query":"{ shop { id } }"}`).status
		}
		if got := ask(); got != 200 {
			t.Errorf("a fresh token: %d", got)
		}
		time.Sleep(24 * time.Hour)
		if got := ask(); got != 401 {
			t.Errorf("a token of yesterday: %d", got)
		}
	})
}

func between(text, from, to string) string {
	_, rest, _ := strings.Cut(text, from)
	found, _, _ := strings.Cut(rest, to)
	return found
}

func TestThrottle(t *testing.T) {
	for _, status := range []int{200, 429} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t, Options{LimitScale: 0.1, ThrottledStatus: status}) // 200 points, 10 a second
				document := `{ orders(first: 100) { nodes { id } } }`
				first := s.query(document, nil)
				if c := first.Ext.Cost; c.Requested != 100 || *c.Actual != 0 || c.Throttle.Maximum != 200 || c.Throttle.Rate != 10 || c.Throttle.Available != 200 {
					t.Errorf("an empty page gives its points back: %+v", c)
				}
				for range 18 {
					s.good(s.query(`mutation { webhookSubscriptionDelete(id: "gid://shopify/WebhookSubscription/1") { userErrors { message } } }`, nil))
				}
				r := s.query(document, nil)
				if r.status != status || r.errorCode() != "THROTTLED" || r.Data != nil || r.Ext.Cost.Actual != nil || r.Ext.Cost.Throttle.Available != 20 {
					t.Errorf("status %d: %s", r.status, r.body)
				}
				if s.mall.Calls()[OpOrders+":refused"] != 1 {
					t.Errorf("calls %v", s.mall.Calls())
				}
				time.Sleep(8 * time.Second)
				s.good(s.query(document, nil))
			})
		})
	}
}

func TestFaultsInShopifysWords(t *testing.T) {
	for kind, row := range map[mallsim.FaultKind]struct {
		status int
		says   string
	}{
		mallsim.TooMany:          {200, "THROTTLED"},
		mallsim.Unauthorized:     {401, "Invalid API key"},
		mallsim.Forbidden:        {403, "Forbidden"},
		mallsim.ServerError:      {500, "Internal Server Error"},
		mallsim.Unavailable:      {503, "Service Unavailable"},
		mallsim.Conflict:         {200, "IDEMPOTENCY_CONCURRENT_REQUEST"},
		mallsim.ServerErrorAfter: {500, "Internal Server Error"},
	} {
		t.Run(string(kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t, Options{})
				s.mall.Inject(mallsim.Fault{Op: OpSet, Kind: kind, Times: 1})
				if r := s.set("k", s.want(tea, 7, 9)); r.status != row.status || !strings.Contains(r.body, row.says) {
					t.Errorf("status %d: %s", r.status, r.body)
				}
				if kind == mallsim.ServerErrorAfter {
					s.shows(tea, 7)
				} else {
					s.shows(tea, 9)
				}
				// The same key again has the one effect.
				s.good(s.set("k", s.want(tea, 7, 9)))
				s.shows(tea, 7)
			})
		})
	}
}
