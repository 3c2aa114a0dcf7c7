package shopify

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// fields is an object of an answer, in the order in which its fields were asked for.
type fields []field

type field struct {
	name  string
	value any
}

// MarshalJSON keeps the order.
func (f fields) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, x := range f {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(x.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(x.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// object is something with fields of a type of the schema.
type object struct {
	kind string
	of   any
}

// connection is one page of objects of a kind.
type connection struct {
	nodes   []edge
	before  bool // something comes before the page
	hasNext bool
}

type edge struct {
	cursor string
	node   object
}

// group is several fields of one answer name, which are one field with all their selections.
type group struct {
	name   string
	fields []*ast.Field
}

func (g group) selections() ast.SelectionSet {
	if len(g.fields) == 1 {
		return g.fields[0].SelectionSet
	}
	var all ast.SelectionSet
	for _, f := range g.fields {
		all = append(all, f.SelectionSet...)
	}
	return all
}

// collect gathers what is asked of an object of a kind: fragments opened, @include and @skip followed.
func (c *call) collect(set ast.SelectionSet, kind string) []group {
	var groups []group
	var walk func(ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, selection := range set {
			switch x := selection.(type) {
			case *ast.Field:
				if !c.wanted(x.Directives) {
					continue
				}
				i := slices.IndexFunc(groups, func(g group) bool { return g.name == x.Alias })
				if i < 0 {
					groups = append(groups, group{name: x.Alias})
					i = len(groups) - 1
				}
				groups[i].fields = append(groups[i].fields, x)
			case *ast.InlineFragment:
				if c.wanted(x.Directives) && c.fits(x.TypeCondition, kind) {
					walk(x.SelectionSet)
				}
			case *ast.FragmentSpread:
				if c.wanted(x.Directives) && c.fits(x.Definition.TypeCondition, kind) {
					walk(x.Definition.SelectionSet)
				}
			}
		}
	}
	walk(set)
	return groups
}

func (c *call) wanted(directives ast.DirectiveList) bool {
	if d := directives.ForName("skip"); d != nil && d.ArgumentMap(c.variables)["if"] == true {
		return false
	}
	d := directives.ForName("include")
	return d == nil || d.ArgumentMap(c.variables)["if"] == true
}

func (c *call) fits(condition, kind string) bool {
	if condition == "" || condition == kind {
		return true
	}
	def := c.schema.Types[kind]
	return def != nil && slices.Contains(def.Interfaces, condition)
}

// run runs the operation.
func (c *call) run() any {
	kind := "QueryRoot"
	if c.operation.Operation == ast.Mutation {
		kind = "Mutation"
	}
	return c.object(c.operation.SelectionSet, object{kind: kind}, true)
}

// object reads what is asked of an object. Free objects, and what hangs on them, cost nothing.
func (c *call) object(set ast.SelectionSet, o object, free bool) any {
	switch {
	case o.kind == "QueryRoot" || o.kind == "Mutation" || strings.HasSuffix(o.kind, "Payload"):
		free = false
	case !free:
		c.cost++
	}
	out := fields{}
	for _, g := range c.collect(set, o.kind) {
		f := g.fields[0]
		if f.Name == "__typename" {
			out = append(out, field{g.name, o.kind})
			continue
		}
		out = append(out, field{g.name, c.value(g, c.resolve(o, f), free)})
	}
	return out
}

// value writes what a resolver gave: scalars as they are, objects with what is asked of them.
func (c *call) value(g group, v any, free bool) any {
	switch v := v.(type) {
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return v.UTC().Format("2006-01-02T15:04:05Z")
	case object:
		return c.object(g.selections(), v, free)
	case *object:
		if v == nil {
			return nil
		}
		return c.object(g.selections(), *v, free)
	case []object:
		sized := g.fields[0].Definition.Arguments.ForName("first") != nil
		list := make([]any, len(v))
		for i, o := range v {
			list[i] = c.object(g.selections(), o, free || !sized)
		}
		return list
	case []*object: // nodes: each may be missing
		list := make([]any, len(v))
		for i, o := range v {
			if o != nil {
				list[i] = c.object(g.selections(), *o, free)
			}
		}
		return list
	case connection:
		return c.connection(g, v, free)
	}
	return v
}

func (c *call) connection(asked group, page connection, free bool) any {
	out := fields{}
	kind := asked.fields[0].Definition.Type.Name()
	paid := free
	nodes := func(set ast.SelectionSet) func(edge) any {
		already := paid
		paid = true
		return func(e edge) any {
			if !already {
				return c.object(set, e.node, false)
			}
			return c.object(set, e.node, true)
		}
	}
	for _, g := range c.collect(asked.selections(), kind) {
		switch g.fields[0].Name {
		case "nodes":
			write := nodes(g.selections())
			list := make([]any, len(page.nodes))
			for i, e := range page.nodes {
				list[i] = write(e)
			}
			out = append(out, field{g.name, list})
		case "edges":
			out = append(out, field{g.name, c.edges(g, page, nodes)})
		case "pageInfo":
			out = append(out, field{g.name, c.pageInfo(g.selections(), page)})
		case "__typename":
			out = append(out, field{g.name, kind})
		}
	}
	return out
}

func (c *call) edges(asked group, page connection, nodes func(ast.SelectionSet) func(edge) any) any {
	groups := c.collect(asked.selections(), asked.fields[0].Definition.Type.Name())
	writers := map[string]func(edge) any{}
	for _, g := range groups {
		if g.fields[0].Name == "node" {
			writers[g.name] = nodes(g.selections())
		}
	}
	list := make([]any, len(page.nodes))
	for i, e := range page.nodes {
		var one fields
		for _, g := range groups {
			if write := writers[g.name]; write != nil {
				one = append(one, field{g.name, write(e)})
				continue
			}
			one = append(one, field{g.name, e.cursor})
		}
		list[i] = one
	}
	return list
}

func (c *call) pageInfo(set ast.SelectionSet, page connection) any {
	out := fields{}
	for _, g := range c.collect(set, "PageInfo") {
		var v any
		switch g.fields[0].Name {
		case "hasNextPage":
			v = page.hasNext
		case "hasPreviousPage":
			v = page.before
		case "endCursor":
			if n := len(page.nodes); n > 0 {
				v = page.nodes[n-1].cursor
			}
		case "startCursor":
			if len(page.nodes) > 0 {
				v = page.nodes[0].cursor
			}
		case "__typename":
			v = "PageInfo"
		}
		out = append(out, field{g.name, v})
	}
	return out
}

// bag holds the fields of an object: what they are, or how to find out.
type bag map[string]any

// finder finds a field's value out when it is asked for.
type finder func(args map[string]any) any

func (c *call) resolve(o object, f *ast.Field) any {
	b, _ := o.of.(bag)
	switch o.kind {
	case "QueryRoot":
		b = c.root()
	case "Mutation":
		b = c.mutations(f)
	}
	v, known := b[f.Name]
	if !known {
		c.fail(f.Name, "INTERNAL_SERVER_ERROR", "the simulated mall has no "+o.kind+"."+f.Name)
		return nil
	}
	if find, ok := v.(finder); ok {
		return find(f.ArgumentMap(c.variables))
	}
	return v
}
