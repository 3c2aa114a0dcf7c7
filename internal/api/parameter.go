package api

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// parameters reads the query of a request; anything but the names it is asked for is refused.
type parameters struct {
	values map[string][]string
	err    error // the first thing that is wrong
}

func (r *request) parameters(names ...string) *parameters {
	values, err := url.ParseQuery(r.r.URL.RawQuery)
	p := &parameters{values: values}
	if err != nil {
		p.refuse("", "The query of the address is not well encoded: %s.", err)
	}
	for name, values := range p.values {
		switch {
		case !sound(name) || slices.ContainsFunc(values, func(v string) bool { return !sound(v) }):
			p.refuse(name, "The parameter %q is not well-formed text in UTF-8.", name)
		case !slices.Contains(names, name):
			p.refuse(name, "There is no parameter %q here; there are %s.", name, strings.Join(names, ", "))
		case len(values) > 1 && name != "code":
			p.refuse(name, "The parameter %s may be given once.", name)
		}
	}
	return p
}

// sound tells whether a text can be looked up: UTF-8 without U+0000, which PostgreSQL does not take.
func sound(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

func (p *parameters) refuse(name, format string, args ...any) {
	// Of several, the same one is told each time, whatever the order of the map.
	problem := parameterProblem(name, format, args...)
	if old, ok := p.err.(*Problem); !ok || problem.Parameter < old.Parameter {
		p.err = problem
	}
}

func (p *parameters) text(name string) string {
	if values := p.values[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// number is a whole number from 1 to most, or 0 when the parameter is missing.
func (p *parameters) number(name string, most int) int {
	text, given := p.values[name]
	if !given {
		return 0
	}
	n, err := strconv.Atoi(text[0])
	if err != nil || n < 1 || n > most {
		p.refuse(name, "%s must be a whole number from 1 to %d, not %q.", name, most, text[0])
		return 0
	}
	return n
}

// choice is one of several words, "" when the parameter is missing.
func (p *parameters) choice(name string, words ...string) string {
	text, given := p.values[name]
	if !given {
		return ""
	}
	if !slices.Contains(words, text[0]) {
		p.refuse(name, "%s must be one of %s, not %q.", name, strings.Join(words, ", "), text[0])
	}
	return text[0]
}
