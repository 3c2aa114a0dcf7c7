package vendure

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// The parser knows the shapes of values but not the bounds of scalars: these do.

func notADate(s string) string {
	return fmt.Sprintf("DateTime cannot represent an invalid date-time-string %s.", s)
}

func notAnInt(s string) string {
	return "Int cannot represent non 32-bit signed integer value: " + s
}

// scalar says what is wrong with a value of a scalar type, "" when nothing is.
func scalar(typeName, value string) string {
	switch typeName {
	case "DateTime":
		if _, err := time.Parse(time.RFC3339Nano, value); err != nil {
			return notADate(value)
		}
	case "Int":
		if n, err := strconv.ParseInt(value, 10, 64); err != nil || n < math.MinInt32 || n > math.MaxInt32 {
			return notAnInt(value)
		}
	}
	return ""
}

// literals checks what stands in the document itself.
func literals(selections ast.SelectionSet) string {
	for _, selection := range selections {
		var message string
		switch x := selection.(type) {
		case *ast.Field:
			for _, argument := range x.Arguments {
				if message = literal(argument.Value); message != "" {
					return message
				}
			}
			message = literals(x.SelectionSet)
		case *ast.InlineFragment:
			message = literals(x.SelectionSet)
		case *ast.FragmentSpread:
			message = literals(x.Definition.SelectionSet)
		}
		if message != "" {
			return message
		}
	}
	return ""
}

func literal(v *ast.Value) string {
	if v == nil || v.Kind == ast.Variable || v.Kind == ast.NullValue {
		return ""
	}
	for _, child := range v.Children {
		if message := literal(child.Value); message != "" {
			return message
		}
	}
	if v.Definition == nil || v.Kind == ast.ListValue || v.Kind == ast.ObjectValue {
		return ""
	}
	return scalar(v.Definition.Name, v.Raw)
}

// given checks the value of a variable.
func (s *Server) given(value any, t *ast.Type) string {
	if value == nil {
		return ""
	}
	if t.Elem != nil {
		items, ok := value.([]any)
		if !ok {
			items = []any{value}
		}
		for _, item := range items {
			if message := s.given(item, t.Elem); message != "" {
				return message
			}
		}
		return ""
	}
	if fields, ok := value.(map[string]any); ok {
		for _, f := range s.schema.Types[t.NamedType].Fields {
			if message := s.given(fields[f.Name], f.Type); message != "" {
				return message
			}
		}
		return ""
	}
	switch x := value.(type) {
	case json.Number:
		return scalar(t.NamedType, x.String())
	case string:
		return scalar(t.NamedType, x)
	case int64:
		return scalar(t.NamedType, strconv.FormatInt(x, 10))
	}
	return ""
}
