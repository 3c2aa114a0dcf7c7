package shopify

import (
	"encoding/json"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// mutationCost is what a mutation costs before its answer is counted.
const mutationCost = 10

// requested is what a document may cost at most: an object 1, a connection its first times what one of its nodes costs, a
// list with first likewise, nodes(ids:) by the number of ids; scalars and lists without a size nothing; a mutation 10 more.
// Where the page is silent (lists without first) the mall is cheap rather than dear.
func (c *call) requested() float64 {
	var sum float64
	for _, g := range c.collect(c.operation.SelectionSet, rootKind(c.operation)) {
		f := g.fields[0]
		if c.operation.Operation == ast.Mutation {
			c.cost += mutationCost
			sum += mutationCost + c.costOf(g.selections(), f.Definition.Type.Name())
			continue
		}
		sum += c.costOfField(g)
	}
	return sum
}

func rootKind(o *ast.OperationDefinition) string {
	if o.Operation == ast.Mutation {
		return "Mutation"
	}
	return "QueryRoot"
}

func (c *call) costOf(set ast.SelectionSet, kind string) float64 {
	def := c.schema.Types[kind]
	if def == nil {
		return 0
	}
	if def.Kind == ast.Interface {
		var dearest float64
		for _, possible := range c.schema.GetPossibleTypes(def) {
			dearest = max(dearest, c.costOf(set, possible.Name))
		}
		return dearest
	}
	var sum float64
	for _, g := range c.collect(set, kind) {
		sum += c.costOfField(g)
	}
	return sum
}

func (c *call) costOfField(g group) float64 {
	f := g.fields[0]
	if f.Definition == nil || len(g.selections()) == 0 {
		return 0
	}
	kind := f.Definition.Type.Name()
	args := f.ArgumentMap(c.variables)
	first := max(float64(whole(args["first"])), 0)
	switch {
	case strings.HasSuffix(kind, "Connection"):
		return first * c.costOfNode(g.selections(), kind)
	case f.Name == "nodes" && f.ObjectDefinition.Name == "QueryRoot":
		ids, _ := args["ids"].([]any)
		return float64(len(ids)) * (1 + c.costOf(g.selections(), kind))
	case f.Definition.Type.Elem != nil && f.Definition.Arguments.ForName("first") != nil:
		return first * (1 + c.costOf(g.selections(), kind))
	case f.Definition.Type.Elem != nil:
		return 0
	}
	return 1 + c.costOf(g.selections(), kind)
}

// costOfNode is what one node of a connection costs, however it is asked for.
func (c *call) costOfNode(set ast.SelectionSet, kind string) float64 {
	var sum float64
	asked := false
	for _, g := range c.collect(set, kind) {
		f := g.fields[0]
		switch f.Name {
		case "nodes":
			asked = true
			sum += c.costOf(g.selections(), f.Definition.Type.Name())
		case "edges":
			for _, e := range c.collect(g.selections(), f.Definition.Type.Name()) {
				if n := e.fields[0]; n.Name == "node" {
					asked = true
					sum += c.costOf(e.selections(), n.Definition.Type.Name())
				}
			}
		}
	}
	if asked {
		sum++
	}
	return sum
}

// whole is a whole number of the variables or of the document, 0 when it is none.
func whole(v any) int64 {
	switch n := v.(type) {
	case int64:
		return n
	case int:
		return int64(n)
	case float64:
		return int64(n)
	case json.Number:
		i, err := n.Int64()
		if err == nil {
			return i
		}
	}
	return 0
}
