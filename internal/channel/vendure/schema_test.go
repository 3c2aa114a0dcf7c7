package vendure

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// TestDocuments checks every document against the schema that a real server describes itself by. The schema is not part of
// this repository.
func TestDocuments(t *testing.T) {
	shared := os.Getenv("SOROI_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "..", "shared")
	}
	path := filepath.Join(shared, "specs", "vendure", "admin-api_3.7.3.graphql")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("the server's schema is not on this machine (SOROI_SHARED names its folder): %v", err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "admin-api", Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	for name, document := range documents {
		t.Run(name, func(t *testing.T) {
			query, err := gqlparser.LoadQueryWithRules(schema, document, rules.NewDefaultRules())
			if err != nil {
				t.Fatalf("%v\n%s", err, document)
			}
			if len(query.Operations) != 1 {
				t.Errorf("%d operations, want 1", len(query.Operations))
			}
		})
	}
}

var documents = map[string]string{
	"login": loginDocument, "check": checkDocument, "stock": stockDocument, "push": pushDocument,
	"listings": listingsDocument, "orders": ordersDocument, "refresh": refreshDocument,
}
