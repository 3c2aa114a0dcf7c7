package vendure

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// mostItems is the most that one list gives.
const mostItems = 1000

// options are a list's arguments: which entries, in which order, which page.
type options struct {
	skip, take int
	filter     map[string]map[string]any // field → operators
	any        bool                      // one filter field is enough
	sort       []string                  // fields, "-" before one that falls
}

func readOptions(args map[string]any) (options, *fault) {
	o := options{take: mostItems, filter: map[string]map[string]any{}}
	given, _ := args["options"].(map[string]any)
	if n, ok := whole(given["skip"]); ok {
		o.skip = int(n)
	}
	if n, ok := whole(given["take"]); ok {
		o.take = int(n)
	}
	if o.take > mostItems {
		return o, &fault{code: "USER_INPUT_ERROR", message: fmt.Sprintf("Cannot take more than %d results from a list query", mostItems)}
	}
	o.skip, o.take = max(o.skip, 0), max(o.take, 0)
	filter, _ := given["filter"].(map[string]any)
	for field, raw := range filter {
		if operators, ok := raw.(map[string]any); ok {
			o.filter[field] = operators
		}
	}
	o.any = text(given["filterOperator"]) == "OR"
	sort, _ := given["sort"].(map[string]any)
	// An input object reaches us without its order. The id breaks ties, wherever it stood.
	for _, field := range slices.Sorted(maps.Keys(sort)) {
		if field != "id" {
			o.sort = append(o.sort, mark(field, sort[field]))
		}
	}
	if by, ok := sort["id"]; ok {
		o.sort = append(o.sort, mark("id", by))
	}
	return o, nil
}

func mark(field string, by any) string {
	if text(by) == "DESC" {
		return "-" + field
	}
	return field
}

// one are the values that a field must be one of, where every match must meet that.
func (o options) one(field string) ([]string, bool) {
	operators, ok := o.filter[field]
	if !ok || o.any {
		return nil, false
	}
	if v, ok := operators["eq"].(string); ok {
		return []string{v}, true
	}
	if list, ok := operators["in"].([]any); ok {
		values := make([]string, 0, len(list))
		for _, v := range list {
			if !slices.Contains(values, text(v)) {
				values = append(values, text(v))
			}
		}
		return values, true
	}
	return nil, false
}

// after is a moment that every match lies after, zero when there is none. What is wrong with it shows in match.
func (o options) after(field string) time.Time {
	if o.any {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339Nano, text(o.filter[field]["after"]))
	if err != nil {
		return time.Time{}
	}
	return at
}

// match tells whether an entry meets the filter. get gives a field of it: a string, a time or a bool; nil is null.
func (o options) match(get func(field string) any) (bool, *fault) {
	met := len(o.filter) == 0 || !o.any
	for field, operators := range o.filter {
		value := get(field)
		for operator, wanted := range operators {
			if wanted == nil {
				continue
			}
			ok, failed := meets(value, operator, wanted)
			if failed != nil {
				return false, failed
			}
			if o.any && ok {
				met = true
			}
			if !o.any && !ok {
				met = false
			}
		}
	}
	return met, nil
}

func meets(value any, operator string, wanted any) (bool, *fault) {
	at, dated := value.(time.Time)
	null := value == nil || dated && at.IsZero()
	if operator == "isNull" {
		return null == (wanted == true), nil
	}
	if dated || operator == "before" || operator == "after" || operator == "between" {
		return meetsDate(at, null, operator, wanted)
	}
	if b, ok := value.(bool); ok {
		return b == (wanted == true), nil
	}
	in := func() bool {
		list, _ := wanted.([]any)
		return slices.ContainsFunc(list, func(v any) bool { return text(v) == text(value) })
	}
	switch operator {
	case "eq":
		return text(value) == text(wanted), nil
	case "notEq":
		return text(value) != text(wanted), nil
	case "in":
		return in(), nil
	case "notIn":
		return !in(), nil
	case "contains":
		return strings.Contains(strings.ToLower(text(value)), strings.ToLower(text(wanted))), nil
	}
	return false, &fault{code: "INTERNAL_SERVER_ERROR", message: "the simulated shop cannot filter by " + operator}
}

func meetsDate(at time.Time, null bool, operator string, wanted any) (bool, *fault) {
	if span, ok := wanted.(map[string]any); ok {
		from, failed := date(span["start"])
		if failed != nil {
			return false, failed
		}
		to, failed := date(span["end"])
		return !null && !at.Before(from) && !at.After(to), failed
	}
	other, failed := date(wanted)
	if failed != nil || null {
		return false, failed
	}
	switch operator {
	case "after":
		return at.After(other), nil
	case "before":
		return at.Before(other), nil
	}
	return at.Equal(other), nil
}

// date reads a moment that has been found good when the call was parsed.
func date(v any) (time.Time, *fault) {
	at, err := time.Parse(time.RFC3339Nano, text(v))
	if err != nil {
		return at, &fault{code: "INTERNAL_SERVER_ERROR", message: notADate(text(v))}
	}
	return at, nil
}

// compare orders two entries; by compares one field of them.
func (o options) compare(by func(field string) int) int {
	for _, field := range o.sort {
		name, falls := strings.CutPrefix(field, "-")
		if c := by(name); c != 0 {
			if falls {
				return -c
			}
			return c
		}
	}
	return 0
}

func page[T any](rows []T, o options) []T {
	rows = rows[min(o.skip, len(rows)):]
	return rows[:min(o.take, len(rows))]
}
