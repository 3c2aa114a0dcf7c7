package shopify

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"soroi/internal/mallsim"
)

// document is one checked document of one version.
type document struct {
	query  *ast.QueryDocument
	errors gqlerror.List
}

// The sizes that a document or its variables may not pass.
const (
	mostElements  = 250 // of an input array, and of first
	mostDocuments = 1000
)

// load checks a document against the mall's own schema of a version, and against the official one where it was given.
// The answers are kept: connectors send the same few documents for ever.
func (s *Server) load(d dialect, text string) *document {
	s.documentMu.Lock()
	defer s.documentMu.Unlock()
	if known, ok := s.documents[d.version+text]; ok {
		return known
	}
	var doc document
	doc.query, doc.errors = gqlparser.LoadQueryWithRules(d.schema, text, rules.NewDefaultRules())
	if doc.errors == nil && s.o.Schema != nil {
		_, doc.errors = gqlparser.LoadQueryWithRules(s.o.Schema, text, rules.NewDefaultRules())
	}
	if len(s.documents) >= mostDocuments {
		clear(s.documents)
	}
	s.documents[d.version+text] = &doc
	return &doc
}

type graphqlRequest struct {
	Query         string         `json:"query"`
	OperationName string         `json:"operationName"`
	Variables     map[string]any `json:"variables"`
}

// graphql answers one POST. The operation's name for Mall.Serve is the document's first root field.
func (s *Server) graphql(w http.ResponseWriter, r *http.Request, d dialect) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mallsim.LargestRequest))
	if err != nil {
		s.refuse(w, OpUnknown, http.StatusBadRequest, "the body cannot be read")
		return
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var req graphqlRequest
	if err := decoder.Decode(&req); err != nil || req.Query == "" {
		s.refuse(w, OpUnknown, http.StatusBadRequest, map[string]string{"query": "Required parameter missing or invalid"})
		return
	}
	doc := s.load(d, req.Query)
	if doc.errors != nil {
		if !s.admit(w, r, OpUnknown) {
			return
		}
		s.mall.Refused(OpUnknown)
		answer(w, http.StatusOK, map[string]any{"errors": documentErrors(doc.errors)})
		return
	}
	operation := doc.query.Operations.ForName(req.OperationName)
	if operation == nil {
		s.refuse(w, OpUnknown, http.StatusBadRequest, "No operation named \""+req.OperationName+"\"")
		return
	}
	op := rootName(operation)
	r.Body = io.NopCloser(bytes.NewReader(body))
	call := &call{Server: s, dialect: d, operation: operation, op: op}
	s.mall.Serve(w, r, op, func(w http.ResponseWriter, k mallsim.FaultKind) { call.refuse(w, k, req.Variables) },
		func(w http.ResponseWriter, silent bool) {
			call.silent = silent
			if s.admit(w, r, op) {
				call.answer(w, req.Variables)
			}
		})
}

// rootName is the first field that an operation asks for, also inside a fragment.
func rootName(o *ast.OperationDefinition) string {
	set := o.SelectionSet
	for len(set) > 0 {
		switch x := set[0].(type) {
		case *ast.Field:
			return x.Name
		case *ast.InlineFragment:
			set = x.SelectionSet
		case *ast.FragmentSpread:
			set = x.Definition.SelectionSet
		}
	}
	return OpUnknown
}

// admit checks the shop's state and the token.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, op string) bool {
	switch status := s.stopped(); {
	case status != 0:
		s.refuse(w, op, status, http.StatusText(status))
	case !s.authorized(r):
		s.refuse(w, op, http.StatusUnauthorized, "[API] Invalid API key or access token (unrecognized login or wrong password)")
	default:
		return true
	}
	return false
}

func documentErrors(list gqlerror.List) []map[string]any {
	var errors []map[string]any
	for _, e := range list {
		errors = append(errors, map[string]any{"message": e.Message, "locations": e.Locations,
			"extensions": map[string]any{"code": "undefinedField"}})
	}
	return errors
}

// call is one operation at work.
type call struct {
	*Server
	dialect
	operation *ast.OperationDefinition
	op        string
	variables map[string]any
	silent    bool // answer success, change nothing
	busy      bool // every keyed mutation meets another one of its key that is still running
	cost      float64
	errors    []map[string]any
}

// answer charges for the document, runs it and writes what came of it.
func (c *call) answer(w http.ResponseWriter, variables map[string]any) {
	vars, err := validator.VariableValues(c.schema, c.operation, variables)
	if err != nil {
		c.mall.Refused(c.op)
		answer(w, http.StatusOK, map[string]any{"errors": []map[string]any{{"message": err.Error(),
			"extensions": map[string]any{"code": "INVALID_VARIABLE"}}}})
		return
	}
	c.variables = vars
	asked := c.requested()
	if asked > c.o.LargestCost {
		c.mall.Refused(c.op)
		answer(w, http.StatusOK, map[string]any{"errors": []map[string]any{{"message": "Query cost exceeds the single query max cost limit.",
			"extensions": map[string]any{"code": "MAX_COST_EXCEEDED", "cost": asked, "maxCost": c.o.LargestCost}}}})
		return
	}
	if ok, _ := c.bucket.Take(asked); !ok {
		c.throttled(w, asked)
		return
	}
	data := c.run()
	actual := min(c.cost, asked)
	c.bucket.Refund(asked - actual)
	body := fields{{"data", data}}
	if len(c.errors) > 0 {
		c.mall.Refused(c.op)
		body = append(body, field{"errors", c.errors})
	}
	answer(w, http.StatusOK, append(body, field{"extensions", c.costs(asked, actual)}))
}

func (c *call) throttled(w http.ResponseWriter, asked float64) {
	c.mall.Refused(c.op)
	answer(w, c.o.ThrottledStatus, map[string]any{
		"errors":     []map[string]any{{"message": "Throttled", "extensions": map[string]any{"code": "THROTTLED"}}},
		"extensions": c.costs(asked, nil),
	})
}

func (c *call) costs(asked float64, actual any) map[string]any {
	return map[string]any{"cost": map[string]any{
		"requestedQueryCost": asked,
		"actualQueryCost":    actual,
		"throttleStatus": map[string]any{
			"maximumAvailable":   c.o.BucketSize * c.o.LimitScale,
			"currentlyAvailable": float64(int64(c.bucket.Available())),
			"restoreRate":        c.o.RestoreRate * c.o.LimitScale,
		},
	}}
}

// refuse words a fault as Shopify does.
func (c *call) refuse(w http.ResponseWriter, k mallsim.FaultKind, variables map[string]any) {
	status := mallsim.FaultStatus(k)
	switch k {
	case mallsim.TooMany:
		c.throttled(w, c.o.LargestCost)
	case mallsim.Unauthorized:
		answer(w, status, map[string]any{"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"})
	case mallsim.ServerError, mallsim.ServerErrorAfter:
		if c.o.InternalErrors200 {
			answer(w, http.StatusOK, map[string]any{"errors": []map[string]any{{"message": "Internal error. Looks like something went wrong on our end.",
				"extensions": map[string]any{"code": "INTERNAL_SERVER_ERROR", "requestId": c.next("request")}}}})
			return
		}
		answer(w, status, map[string]any{"errors": "Internal Server Error"})
	case mallsim.Conflict:
		if c.dialect.idempotent && (c.op == OpSet || c.op == OpAdjust) {
			c.busy = true
			c.answer(w, variables)
			return
		}
		answer(w, status, map[string]any{"errors": "Conflict"})
	default:
		answer(w, status, map[string]any{"errors": http.StatusText(status)})
	}
}

// fail notes an error of the document as a whole, and makes the field that caused it null.
func (c *call) fail(path, code, message string) {
	c.errors = append(c.errors, map[string]any{"message": message, "path": []string{path}, "extensions": map[string]any{"code": code}})
}
