package shopify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"soroi/internal/clock"
	"soroi/internal/mallsim"
)

var (
	tea = mallsim.Key{Item: "tea", Variant: "100g"}
	cup = mallsim.Key{Item: "cup"}
)

// shop is one mall in front of a test, inside a synctest bubble.
type shop struct {
	*Server
	t    *testing.T
	mall *mallsim.Mall
}

func newShop(t *testing.T, o Options) *shop {
	t.Helper()
	m := mallsim.New(clock.System{}, mallsim.Options{Name: "揃いの店"})
	for _, l := range []mallsim.Listing{
		{Key: tea, Code: "TEA-100", Title: "煎茶", Stock: 9}, {Key: cup, Code: "CUP'S", Title: "湯呑み", Stock: 4},
	} {
		if err := m.AddListing(l); err != nil {
			t.Fatal(err)
		}
	}
	if o.StaticToken == "" {
		o.StaticToken = "shpat_test"
	}
	return &shop{Server: New(m, o), t: t, mall: m}
}

// reply is an answer with its parts.
type reply struct {
	status int
	header http.Header
	body   string
	Data   map[string]any `json:"data"`
	Errors any            `json:"errors"`
	Ext    struct {
		Cost struct {
			Requested float64  `json:"requestedQueryCost"`
			Actual    *float64 `json:"actualQueryCost"`
			Throttle  struct {
				Maximum   float64 `json:"maximumAvailable"`
				Available float64 `json:"currentlyAvailable"`
				Rate      float64 `json:"restoreRate"`
			} `json:"throttleStatus"`
		} `json:"cost"`
	} `json:"extensions"`
}

func (s *shop) post(path string, header http.Header, body string) reply {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodPost, "https://example.myshopify.com"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header = header
	resp, err := (&http.Client{Transport: mallsim.Transport(s)}).Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	r := reply{status: resp.StatusCode, header: resp.Header, body: string(text)}
	if err := json.Unmarshal(text, &r); err != nil {
		s.t.Fatalf("%s: %v", text, err)
	}
	return r
}

func (s *shop) ask(version, query string, variables map[string]any) reply {
	s.t.Helper()
	text, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.post("/admin/api/"+version+"/graphql.json", http.Header{"X-Shopify-Access-Token": {"shpat_test"}}, string(text))
}

func (s *shop) query(query string, variables map[string]any) reply {
	s.t.Helper()
	return s.ask("2026-07", query, variables)
}

// good is the data of an answer that must have no errors.
func (s *shop) good(r reply) map[string]any {
	s.t.Helper()
	if r.status != 200 || r.Errors != nil || r.Data == nil {
		s.t.Fatalf("status %d: %s", r.status, r.body)
	}
	return r.Data
}

// dig follows a path of keys and positions into an answer.
func dig(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			list, _ := v.([]any)
			if step >= len(list) {
				return nil
			}
			v = list[step]
		}
	}
	return v
}

// errorCode is the first error's extension code.
func (r reply) errorCode() string {
	code, _ := dig(r.Errors, 0, "extensions", "code").(string)
	return code
}

const setDocument = `mutation Set($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id createdAt reason changes { name delta quantityAfterChange item { id } location { id } } }
    userErrors { code field message }
  }
}`

const adjustDocument = `mutation Adjust($input: InventoryAdjustQuantitiesInput!, $key: String!) {
  inventoryAdjustQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id changes { name delta quantityAfterChange } }
    userErrors { code field message }
  }
}`

// want is one element of a set; from is nil for "whatever is there".
func (s *shop) want(k mallsim.Key, quantity int64, from any) map[string]any {
	return map[string]any{"inventoryItemId": s.InventoryItemID(k), "locationId": s.LocationID(), "quantity": quantity, "changeFromQuantity": from}
}

func (s *shop) set(key string, wants ...map[string]any) reply {
	s.t.Helper()
	return s.query(setDocument, map[string]any{"key": key,
		"input": map[string]any{"name": "available", "reason": "correction", "referenceDocumentUri": "gid://soroi/Push/1", "quantities": wants}})
}

// userError is the code and the field of the first userError of a mutation, "" when there is none.
func userError(r reply, mutation string) (code string, field string) {
	e := dig(r.Data, mutation, "userErrors", 0)
	code, _ = dig(e, "code").(string)
	return code, strings.Trim(fmt.Sprint(dig(e, "field")), "[]")
}

func (s *shop) shows(k mallsim.Key, want int64) {
	s.t.Helper()
	if got, _ := s.mall.Stock(k); got != want {
		s.t.Errorf("%s shows %d, want %d", k, got, want)
	}
}

func (s *shop) place(lines ...mallsim.Want) mallsim.Order {
	s.t.Helper()
	o, err := s.mall.Place(mallsim.Basket{Lines: lines})
	if err != nil {
		s.t.Fatal(err)
	}
	return o
}

func (s *shop) token(form url.Values) reply {
	return s.post("/admin/oauth/access_token", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, form.Encode())
}

var official = sync.OnceValues(func() (*ast.Schema, error) {
	shared := os.Getenv("SOROI_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "..", "shared")
	}
	text, err := os.ReadFile(filepath.Join(shared, "specs", "shopify", "admin_2026-07.graphql"))
	if err != nil {
		return nil, err
	}
	return gqlparser.LoadSchema(&ast.Source{Name: "official", Input: string(bytes.ToValidUTF8(text, nil))})
})

// officialSchema is the published schema of 2026-07, which does not lie in this repository.
func officialSchema(t *testing.T) *ast.Schema {
	t.Helper()
	schema, err := official()
	if os.IsNotExist(err) {
		t.Skipf("the published schema is not here (set SOROI_SHARED to where it lies): %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return schema
}
