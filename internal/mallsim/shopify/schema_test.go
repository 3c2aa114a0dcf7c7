package shopify

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/vektah/gqlparser/v2/ast"

	"soroi/internal/mallsim"
)

// What the mall speaks is a part of what Shopify speaks: each type, field, argument and enum value with the same type.
func TestOwnSchemaIsAPartOfTheOfficialOne(t *testing.T) {
	schema := officialSchema(t)
	own := newDialect("2026-07")
	for name, def := range own.schema.Types {
		if def.BuiltIn || strings.HasPrefix(name, "__") {
			continue
		}
		theirs := schema.Types[name]
		if theirs == nil || theirs.Kind != def.Kind {
			t.Errorf("%s %s is not in the official schema", def.Kind, name)
			continue
		}
		for _, f := range def.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			other := theirs.Fields.ForName(f.Name)
			if other == nil || other.Type.String() != f.Type.String() {
				t.Errorf("%s.%s: %s is not in the official schema (%+v)", name, f.Name, f.Type, other)
				continue
			}
			for _, a := range f.Arguments {
				if there := other.Arguments.ForName(a.Name); there == nil || there.Type.String() != a.Type.String() {
					t.Errorf("%s.%s(%s: %s) is not in the official schema", name, f.Name, a.Name, a.Type)
				}
			}
		}
		for _, v := range def.EnumValues {
			if theirs.EnumValues.ForName(v.Name) == nil {
				t.Errorf("%s.%s is not in the official schema", name, v.Name)
			}
		}
	}
	if schema.Directives["idempotent"] == nil {
		t.Error("the official schema has no @idempotent")
	}
}

// selection asks for everything that a type has, so many levels deep.
func selection(schema *ast.Schema, kind string, depth int) string {
	def := schema.Types[kind]
	if def.Kind == ast.Interface {
		return "{ __typename id }"
	}
	var b strings.Builder
	b.WriteString("{ __typename")
	for _, f := range def.Fields {
		if strings.HasPrefix(f.Name, "__") {
			continue
		}
		inner := schema.Types[f.Type.Name()]
		composite := inner.Kind == ast.Object || inner.Kind == ast.Interface
		if composite && depth == 0 {
			continue
		}
		b.WriteString(" " + f.Name)
		var args []string
		for _, a := range f.Arguments {
			switch {
			case a.Name == "first":
				args = append(args, "first: 3")
			case a.Name == "names":
				args = append(args, `names: ["available", "on_hand", "committed", "damaged"]`)
			case a.Type.NonNull && strings.HasSuffix(strings.ToLower(a.Name), "id"):
				args = append(args, a.Name+`: "gid://shopify/Location/124656943"`)
			case a.Name == "ids":
				args = append(args, `ids: ["gid://shopify/Location/124656943", "gid://shopify/Location/1"]`)
			}
		}
		if len(args) > 0 {
			b.WriteString("(" + strings.Join(args, ", ") + ")")
		}
		if composite {
			b.WriteString(" " + selection(schema, inner.Name, depth-1))
		}
	}
	b.WriteString(" }")
	return b.String()
}

// Every field of the mall's own schema has an answer.
func TestEveryFieldAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, Options{LargestCost: 1e9, BucketSize: 1e9})
		o := s.place(mallsim.Want{Key: tea, Units: 3}, mallsim.Want{Key: cup, Units: 1})
		if _, err := s.mall.Ship(o.Number, map[string]int64{"1": 2}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.mall.Return(o.Number, map[string]int64{"1": 1}, true); err != nil {
			t.Fatal(err)
		}
		if _, err := s.mall.Cancel(o.Number, mallsim.Cancellation{Reason: "inventory"}); err != nil {
			t.Fatal(err)
		}
		s.good(s.query(`mutation { webhookSubscriptionCreate(topic: ORDERS_CREATE, webhookSubscription: {uri: "https://soroi.example/hooks"}) {
			webhookSubscription { id } userErrors { message } } }`, nil))
		d := s.dialects["2026-07"]
		for _, f := range d.schema.Query.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			whole := strings.Fields(selection(d.schema, "QueryRoot", 0)) // keeps the helper honest: a root without scalars
			if len(whole) != 3 {
				t.Fatalf("the root has scalars: %v", whole)
			}
			only := &ast.Schema{Types: map[string]*ast.Definition{}}
			for name, def := range d.schema.Types {
				only.Types[name] = def
			}
			only.Types["QueryRoot"] = &ast.Definition{Kind: ast.Object, Name: "QueryRoot", Fields: ast.FieldList{f}}
			document := "query " + selection(only, "QueryRoot", 5)
			r := s.query(document, nil)
			if r.Errors != nil || r.Data[f.Name] == nil && !strings.Contains(f.Name, "nventoryItem") && f.Name != "order" && f.Name != "productVariant" {
				t.Errorf("%s: %s", f.Name, r.body)
			}
			if r.Ext.Cost.Actual == nil || *r.Ext.Cost.Actual > r.Ext.Cost.Requested {
				t.Errorf("%s cost more than was asked for: %+v", f.Name, r.Ext.Cost)
			}
		}
	})
}

// The page's own documents work, on the official schema too.
func TestDocumentsOfThePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, Options{LargestCost: 1e6, BucketSize: 1e6})
		o := s.place(mallsim.Want{Key: tea, Units: 2})
		data := s.good(s.query(`query BySku($q: String!, $after: String) {
  productVariants(first: 100, query: $q, after: $after) {
    nodes { id sku inventoryPolicy product { id title status }
      inventoryItem { id tracked duplicateSkuCount
        inventoryLevels(first: 10) { nodes { location { id name isActive } quantities(names: ["available","on_hand","committed"]) { name quantity updatedAt } } } } }
    pageInfo { hasNextPage endCursor }
  }
}`, map[string]any{"q": `sku:'TEA-100' OR sku:'CUP\'S'`}))
		if n := len(dig(data, "productVariants", "nodes").([]any)); n != 2 {
			t.Errorf("found %d variants: %v", n, data)
		}
		var figures []string
		for i := range 3 {
			q := dig(data, "productVariants", "nodes", 1, "inventoryItem", "inventoryLevels", "nodes", 0, "quantities", i)
			figures = append(figures, fmt.Sprint(dig(q, "name"), "=", dig(q, "quantity")))
		}
		if got := strings.Join(figures, " "); got != "available=7 on_hand=9 committed=2" {
			t.Errorf("after a sale of 2 out of 9: %s", got)
		}
		data = s.good(s.query(`query Orders($q: String!, $after: String) {
  orders(first: 50, after: $after, query: $q, sortKey: UPDATED_AT) {
    nodes { id name createdAt updatedAt cancelledAt cancelReason test displayFinancialStatus displayFulfillmentStatus
      lineItems(first: 50) { nodes { id sku quantity currentQuantity unfulfilledQuantity restockable variant { id inventoryItem { id } } } pageInfo { hasNextPage endCursor } }
      refunds(first: 20) { id createdAt refundLineItems(first: 50) { nodes { quantity restockType restocked location { id } lineItem { id } } } } }
    pageInfo { hasNextPage endCursor }
  }
}`, map[string]any{"q": "updated_at:>='2000-01-01T00:00:00Z'"}))
		node := dig(data, "orders", "nodes", 0)
		if dig(node, "name") != o.Number || dig(node, "id") != s.OrderID(o.Number) ||
			dig(node, "lineItems", "nodes", 0, "variant", "inventoryItem", "id") != s.InventoryItemID(tea) {
			t.Errorf("%v", node)
		}
		r := s.set("k1", s.want(tea, 7, 7), s.want(cup, 0, nil))
		s.good(r)
		if r.Ext.Cost.Requested != 11 || *r.Ext.Cost.Actual != 11 {
			t.Errorf("a set costs %v, want 11", r.Ext.Cost.Requested)
		}
	})
}

func TestOfficialSchemaIsAskedToo(t *testing.T) {
	schema := officialSchema(t)
	synctest.Test(t, func(t *testing.T) {
		narrow := *schema
		narrow.Directives = map[string]*ast.DirectiveDefinition{}
		for name, d := range schema.Directives {
			if name != "idempotent" {
				narrow.Directives[name] = d
			}
		}
		if r := newShop(t, Options{Schema: &narrow}).set("k1", map[string]any{}); r.Errors == nil || r.Data != nil {
			t.Errorf("a directive that the given schema lacks: %s", r.body)
		}
		s := newShop(t, Options{Schema: schema})
		s.good(s.set("k1", s.want(tea, 7, 9)))
		s.shows(tea, 7)
	})
}
