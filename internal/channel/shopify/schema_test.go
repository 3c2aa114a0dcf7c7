package shopify

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

var loadSchema = sync.OnceValues(func() (*ast.Schema, error) {
	shared := os.Getenv("SOROI_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "..", "shared")
	}
	path := filepath.Join(shared, "specs", "shopify", "admin_"+version+".graphql")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return gqlparser.LoadSchema(&ast.Source{Name: path, Input: string(text)})
})

// schema is Shopify's own description of the API. It is no part of this repository.
func schema(t *testing.T) *ast.Schema {
	t.Helper()
	s, err := loadSchema()
	if os.IsNotExist(err) {
		t.Skipf("the official schema is not here, so the documents are not checked against it; set SOROI_SHARED to the folder that holds specs/shopify: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Every document is valid under the official schema, and asks for no more than it declares and the shop allows.
func TestDocumentsAreValid(t *testing.T) {
	s := schema(t)
	for _, d := range documents() {
		t.Run(d.Op, func(t *testing.T) {
			query, errs := gqlparser.LoadQueryWithRules(s, d.Text, rules.NewDefaultRules())
			if errs != nil {
				t.Fatalf("%v\n%s", errs, d.Text)
			}
			price := priceOf(query.Operations[0].SelectionSet)
			if query.Operations[0].Operation == ast.Mutation {
				price += 10
			}
			if price > d.Cost || price > 1000 {
				t.Errorf("the document may cost %v points, it declares %v and the shop allows 1000", price, d.Cost)
			}
		})
	}
}

// What is really sent, variables included, is valid too.
func checkRequests(t *testing.T, s *shop) {
	t.Helper()
	official := schema(t)
	for _, r := range s.requests {
		if r.Operation == "Token" {
			continue
		}
		query, errs := gqlparser.LoadQueryWithRules(official, r.Query, rules.NewDefaultRules())
		if errs != nil {
			t.Fatalf("%s: %v", r.Operation, errs)
		}
		variables := map[string]any{}
		text, err := json.Marshal(r.Variables)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &variables); err != nil {
			t.Fatal(err)
		}
		if _, err := validator.VariableValues(official, query.Operations[0], whole(variables).(map[string]any)); err != nil {
			t.Errorf("%s with %s: %v", r.Operation, text, err)
		}
	}
}

// whole turns JSON's numbers back into whole ones, since the schema's Int refuses the others.
func whole(v any) any {
	switch v := v.(type) {
	case float64:
		return int64(v)
	case []any:
		for i := range v {
			v[i] = whole(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = whole(v[k])
		}
	}
	return v
}

// priceOf reckons by the published rule: objects and the parts of a connection cost 1 each, as often as the page is long.
func priceOf(set ast.SelectionSet) float64 {
	var sum float64
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.InlineFragment:
			sum += priceOf(sel.SelectionSet)
		case *ast.Field:
			if len(sel.SelectionSet) == 0 {
				continue
			}
			times, pays := 1.0, 1.0
			if first := sel.Arguments.ForName("first"); first != nil {
				n, err := strconv.Atoi(first.Value.Raw)
				if err != nil {
					panic(err)
				}
				times = float64(n)
			}
			if sel.Name == "nodes" && sel.Arguments.ForName("ids") != nil {
				times = 250
			}
			if sel.Definition.Type.Elem != nil { // a list: each of its elements is an object
				sum += times * (pays + priceOf(sel.SelectionSet))
				continue
			}
			if nodes := nodesOf(sel.SelectionSet); nodes != nil { // a connection
				sum += 1 + times*(1+priceOf(nodes)) + 1
				continue
			}
			sum += 1 + priceOf(sel.SelectionSet)
		}
	}
	return sum
}

func nodesOf(set ast.SelectionSet) ast.SelectionSet {
	for _, sel := range set {
		if f, ok := sel.(*ast.Field); ok && f.Name == "nodes" && f.Arguments.ForName("ids") == nil {
			return f.SelectionSet
		}
	}
	return nil
}
