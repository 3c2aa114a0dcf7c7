// Package testkit holds what tests of several packages share. Nothing but tests imports it.
package testkit

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Page is a parsed HTML page.
type Page struct{ root *html.Node }

// ParsePage parses a page, or a fragment of one.
func ParsePage(t testing.TB, text string) Page {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return Page{root}
}

// All are the elements that match, in the page's order.
func (p Page) All(match func(*html.Node) bool) []*html.Node {
	var found []*html.Node
	for n := range p.root.Descendants() {
		if n.Type == html.ElementNode && match(n) {
			found = append(found, n)
		}
	}
	return found
}

// Elements are all elements of some kinds.
func (p Page) Elements(kinds ...atom.Atom) []*html.Node {
	return p.All(func(n *html.Node) bool { return slices.Contains(kinds, n.DataAtom) })
}

// ByID is the text of the element with an id, spaces folded, and whether there is one.
func (p Page) ByID(id string) (text string, ok bool) {
	for _, n := range p.All(func(n *html.Node) bool { return Attr(n, "id") == id }) {
		return Text(n), true
	}
	return "", false
}

// Field is the value of the form field with a name.
func (p Page) Field(name string) string {
	for _, n := range p.All(func(n *html.Node) bool { return n.DataAtom == atom.Input && Attr(n, "name") == name }) {
		return Attr(n, "value")
	}
	return ""
}

// Attr is an attribute's value, "" when there is none.
func Attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// HasAttr tells whether there is such an attribute.
func HasAttr(n *html.Node, key string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
}

// Text is what a person reads inside an element, spaces folded.
func Text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// Faults finds what no page of ours may have: several main headings, forms without a token, fields without a label, anything that runs
// inline, an id twice, a label or description that points nowhere.
func (p Page) Faults(token string) []string {
	var faults []string
	say := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if n := len(p.Elements(atom.H1)); n != 1 {
		say("%d main headings", n)
	}
	ids := map[string]bool{}
	for _, n := range p.All(func(n *html.Node) bool { return HasAttr(n, "id") }) {
		if id := Attr(n, "id"); ids[id] {
			say("id %q twice", id)
		} else {
			ids[id] = true
		}
	}
	labelled := map[string]bool{}
	for _, n := range p.Elements(atom.Label) {
		if target := Attr(n, "for"); target != "" {
			labelled[target] = true
			if !ids[target] {
				say("label for %q, which is not there", target)
			}
		}
	}
	for _, n := range p.All(func(n *html.Node) bool {
		return n.DataAtom == atom.Form && strings.EqualFold(Attr(n, "method"), "post")
	}) {
		found := false
		for d := range n.Descendants() {
			found = found || d.DataAtom == atom.Input && Attr(d, "name") == "token" && Attr(d, "value") == token
		}
		if !found {
			say("the form to %s has no token", Attr(n, "action"))
		}
	}
	for _, n := range p.Elements(atom.Input, atom.Select, atom.Textarea) {
		if Attr(n, "type") == "hidden" || labelled[Attr(n, "id")] || Attr(n, "aria-label") != "" {
			continue
		}
		inside := false
		for a := n.Parent; a != nil; a = a.Parent {
			inside = inside || a.DataAtom == atom.Label
		}
		if !inside {
			say("the field %q has no label", Attr(n, "name"))
		}
	}
	for _, n := range p.All(func(*html.Node) bool { return true }) {
		for _, a := range n.Attr {
			switch {
			case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
				say("<%s> has an inline %s", n.Data, a.Key)
			case strings.HasPrefix(strings.TrimSpace(strings.ToLower(a.Val)), "javascript:"):
				say("<%s> runs %s", n.Data, a.Val)
			case a.Key == "aria-labelledby" || a.Key == "aria-describedby":
				for id := range strings.FieldsSeq(a.Val) {
					if !ids[id] {
						say("%s points to %q, which is not there", a.Key, id)
					}
				}
			}
		}
	}
	for _, n := range p.Elements(atom.Script, atom.Style) {
		if n.DataAtom == atom.Style || Attr(n, "src") == "" {
			say("inline <%s>: %.60s", n.Data, Text(n))
		}
	}
	for _, n := range p.Elements(atom.Button, atom.A) {
		if Text(n) == "" && Attr(n, "aria-label") == "" {
			say("<%s> to %q says nothing", n.Data, Attr(n, "href"))
		}
	}
	return faults
}
