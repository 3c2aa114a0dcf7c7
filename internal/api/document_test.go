package api

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"soroi/internal/clock"
	"soroi/internal/explain"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

func (w *world) clock() clock.Clock  { return clock.System{} }
func (w *world) quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// postTo makes one change past the world's own log, which is not for many at once.
func postTo(api http.Handler, token, key, body string) (int, string) {
	r := httptest.NewRequest(http.MethodPost, "/api/v1/stock/changes", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", key)
	recorder := httptest.NewRecorder()
	api.ServeHTTP(recorder, r)
	return recorder.Code, recorder.Body.String()
}

// The document is valid OpenAPI 3.1, in order: each operation has an id, a summary and a tag that is described.
func TestDocument(t *testing.T) {
	t.Parallel()
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaDefaultsValidation()); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("OpenAPI %s", doc.OpenAPI)
	}
	var tags, ids []string
	for _, tag := range doc.Tags {
		tags = append(tags, tag.Name)
	}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			ids = append(ids, operation.OperationID)
			if operation.Summary == "" || len(operation.Tags) != 1 || !slices.Contains(tags, operation.Tags[0]) {
				t.Errorf("%s %s has no summary or no known tag", method, path)
			}
		}
	}
	slices.Sort(ids)
	if len(slices.Compact(slices.Clone(ids))) != len(ids) || slices.Contains(ids, "") {
		t.Errorf("operations %v", ids)
	}
	used, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	for name := range doc.Components.Schemas {
		if !bytes.Contains(used, []byte(`"#/components/schemas/`+name+`"`)) {
			t.Errorf("schema %s is used nowhere", name)
		}
	}
}

// Every route is in the document, and the document has no other.
func TestDocument_has_every_route(t *testing.T) {
	t.Parallel()
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	var written, served []string
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			written = append(written, method+" "+path)
			for _, route := range routes {
				if route.path == path && route.method == method && (route.access == open) != (operation.Security != nil && len(*operation.Security) == 0) {
					t.Errorf("%s %s: who may come in differs", method, path)
				}
			}
		}
	}
	for _, route := range routes {
		served = append(served, route.method+" "+route.path)
	}
	slices.Sort(written)
	slices.Sort(served)
	if !slices.Equal(written, served) {
		t.Errorf("written %v\nserved  %v", written, served)
	}
}

// Every kind of problem is in the document, and the document has no other.
func TestDocument_has_every_problem(t *testing.T) {
	t.Parallel()
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	var served []string
	for _, k := range []kind{unauthorized, forbidden, notFound, unknownSKU, unknownProduct, unknownShop, unknownListing, unknownWebhook, unknownImport, unknownMapping, importState, unusableFile, unknownStocktake, unknownCount, stocktakeState, unknownPattern, patternChanged, patternInUse, invalidPattern, eventsExpired, nameTaken, methodNotAllowed, invalidParameter, invalidBody, unsupportedType, tooLarge, keyReused, rowsRefused, internal} {
		served = append(served, typePrefix+k.name)
	}
	var written []string
	for _, v := range doc.Components.Schemas["Problem"].Value.Properties["type"].Value.Enum {
		written = append(written, v.(string))
	}
	slices.Sort(served)
	slices.Sort(written)
	if !slices.Equal(written, served) {
		t.Errorf("written %v\nserved  %v", written, served)
	}
	for what, want := range map[string]kind{"sku": unknownSKU, "shop": unknownShop, "listing": unknownListing} {
		if p := problemOf(&explain.MissingError{What: what, Name: "x"}); p.Type != typePrefix+want.name {
			t.Errorf("no %s: %s", what, p.Type)
		}
	}
}

// openapi.json is openapi.yaml in another form.
func TestDocument_JSON_is_current(t *testing.T) {
	t.Parallel()
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile("openapi.json", text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(text, documentJSON) {
		t.Error("openapi.json is not current; see go test -update")
	}
}

func TestDocument_is_served(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		for path, want := range map[string][]byte{"/api/v1/openapi.yaml": documentYAML, "/api/v1/openapi.json": documentJSON} {
			if a := w.do(call{method: http.MethodGet, path: path}); a.status != 200 || !bytes.Equal(a.body, want) {
				t.Errorf("%s: %d", path, a.status)
			}
		}
	})
}
