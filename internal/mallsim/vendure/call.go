package vendure

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// object is a value of an object type with every field that it has; "__typename" names the type.
type object map[string]any

// call is one document with its variables, checked against the schema.
type call struct {
	schema    *ast.Schema
	operation *ast.OperationDefinition
	variables map[string]any

	w      http.ResponseWriter
	silent bool
	token  string
}

// parse reads a request's body and refuses it as the real server does: what is no document or does not fit the schema with HTTP
// 400, variables that do not fit with 200.
func (s *Server) parse(body []byte) (*call, *fault) {
	var request struct {
		Query         string         `json:"query"`
		OperationName string         `json:"operationName"`
		Variables     map[string]any `json:"variables"`
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&request); err != nil || request.Query == "" {
		return nil, &fault{status: http.StatusBadRequest, code: "BAD_REQUEST",
			message: "GraphQL operations must contain a non-empty `query` or a `persistedQuery` extension."}
	}
	document, err := parser.ParseQuery(&ast.Source{Input: request.Query})
	if err != nil {
		return nil, &fault{status: http.StatusBadRequest, code: "GRAPHQL_PARSE_FAILED", message: words(err)}
	}
	if errs := validator.ValidateWithRules(s.schema, document, rules.NewDefaultRules()); len(errs) > 0 {
		return nil, &fault{status: http.StatusBadRequest, code: "GRAPHQL_VALIDATION_FAILED", message: errs[0].Message}
	}
	operation := document.Operations.ForName(request.OperationName)
	if operation == nil {
		return nil, &fault{status: http.StatusBadRequest, code: "OPERATION_RESOLUTION_FAILURE", message: "Unknown operation named \"" + request.OperationName + "\"."}
	}
	if operation.Operation != ast.Query && operation.Operation != ast.Mutation {
		return nil, &fault{status: http.StatusBadRequest, code: "BAD_REQUEST", message: "only queries and mutations are taken"}
	}
	if message := literals(operation.SelectionSet); message != "" {
		return nil, &fault{status: http.StatusBadRequest, code: "GRAPHQL_VALIDATION_FAILED", message: message}
	}
	variables, err := validator.VariableValues(s.schema, operation, request.Variables)
	if err != nil {
		return nil, &fault{code: "BAD_USER_INPUT", message: words(err)}
	}
	for _, v := range operation.VariableDefinitions {
		if message := s.given(variables[v.Variable], v.Type); message != "" {
			return nil, &fault{code: "BAD_USER_INPUT", message: message}
		}
	}
	return &call{schema: s.schema, operation: operation, variables: variables}, nil
}

func words(err error) string {
	if e, ok := err.(*gqlerror.Error); ok {
		return e.Message
	}
	return err.Error()
}

func (c *call) root() string {
	if c.operation.Operation == ast.Mutation {
		return c.schema.Mutation.Name
	}
	return c.schema.Query.Name
}

// name is what the call counts as: its mutation, or the list that it asks for.
func (c *call) name() string {
	fields := c.fields(c.operation.SelectionSet, c.root())
	for _, f := range fields {
		if f.Name == "orders" || f.Name == "productVariants" {
			return f.Name
		}
	}
	if len(fields) == 0 {
		return "nothing"
	}
	return fields[0].Name
}

// fields are the fields that a selection asks of an object of this type, with fragments that fit it opened. The same answer
// key comes once.
func (c *call) fields(selections ast.SelectionSet, typeName string) []*ast.Field {
	var fields []*ast.Field
	add := func(more []*ast.Field) {
		for _, f := range more {
			at := slices.IndexFunc(fields, func(have *ast.Field) bool { return have.Alias == f.Alias })
			if at < 0 {
				fields = append(fields, f)
				continue
			}
			both := *fields[at]
			both.SelectionSet = slices.Concat(both.SelectionSet, f.SelectionSet)
			fields[at] = &both
		}
	}
	for _, selection := range selections {
		switch x := selection.(type) {
		case *ast.Field:
			if c.included(x.Directives) {
				add([]*ast.Field{x})
			}
		case *ast.InlineFragment:
			if c.included(x.Directives) && c.fits(typeName, x.TypeCondition) {
				add(c.fields(x.SelectionSet, typeName))
			}
		case *ast.FragmentSpread:
			if c.included(x.Directives) && c.fits(typeName, x.Definition.TypeCondition) {
				add(c.fields(x.Definition.SelectionSet, typeName))
			}
		}
	}
	return fields
}

func (c *call) included(directives ast.DirectiveList) bool {
	for _, d := range directives {
		on, _ := d.ArgumentMap(c.variables)["if"].(bool)
		if d.Name == "skip" && on || d.Name == "include" && !on {
			return false
		}
	}
	return true
}

func (c *call) fits(typeName, condition string) bool {
	if condition == "" || condition == typeName {
		return true
	}
	abstract := c.schema.Types[condition]
	return abstract != nil && slices.ContainsFunc(c.schema.GetPossibleTypes(abstract), func(d *ast.Definition) bool { return d.Name == typeName })
}

// project keeps of a value what the selection asks for.
func (c *call) project(value any, selections ast.SelectionSet) any {
	switch v := value.(type) {
	case object:
		kept := make(map[string]any, len(selections))
		for _, f := range c.fields(selections, text(v["__typename"])) {
			kept[f.Alias] = c.project(v[f.Name], f.SelectionSet)
		}
		return kept
	case []object:
		items := make([]any, len(v))
		for i, item := range v {
			items[i] = c.project(item, selections)
		}
		return items
	case time.Time:
		return moment(v)
	}
	return value
}

// moment writes a time as the shop's DateTime.
func moment(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

func text(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case json.Number:
		return x.String()
	}
	return ""
}

func list(typeName string, items []object, total int) object {
	return object{"__typename": typeName, "items": items, "totalItems": total}
}
