package shopify

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// term is one condition of a search: field, comparison, value.
type term struct{ field, op, value string }

// search is one or more sets of terms; one set has to hold as a whole.
type search [][]term

// readSearch reads the search syntax as far as the mall knows it: field:value, field:>='value', AND (or nothing) and OR
// between terms. known are the fields that may be asked for. Shopify warns about others and goes on without them; the mall
// refuses them, since a search that says less than was meant hides mistakes.
func readSearch(text string, known ...string) (search, error) {
	var found search
	var set []term
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		word, rest := nextWord(text)
		text = rest
		switch word {
		case "OR":
			found, set = append(found, set), nil
			continue
		case "AND":
			continue
		}
		field, value, ok := strings.Cut(word, ":")
		if !ok {
			return nil, fmt.Errorf("%q is no term of the form field:value", word)
		}
		t := term{field: field}
		for _, op := range []string{">=", "<=", ">", "<"} {
			if after, has := strings.CutPrefix(value, op); has {
				t.op, value = op, after
				break
			}
		}
		t.value = unquote(value)
		if !contains(known, field) {
			return nil, fmt.Errorf("%q is no field to search by", field)
		}
		set = append(set, t)
	}
	if len(set) > 0 || len(found) > 0 {
		found = append(found, set)
	}
	return found, nil
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// nextWord cuts one word off a search; quotes hold a word together.
func nextWord(text string) (word, rest string) {
	var quote byte
	for i := 0; i < len(text); i++ {
		switch ch := text[i]; {
		case ch == '\\' && i+1 < len(text):
			i++
		case quote != 0:
			if ch == quote {
				quote = 0
			}
		case ch == '\'' || ch == '"':
			quote = ch
		case ch == ' ':
			return text[:i], text[i:]
		}
	}
	return text, ""
}

func unquote(s string) string {
	if n := len(s); n >= 2 && (s[0] == '\'' || s[0] == '"') && s[n-1] == s[0] {
		s = s[1 : n-1]
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// holds tells whether one set holds, by a test of single terms. No terms at all hold always.
func (s search) holds(test func(term) bool) bool {
	if len(s) == 0 {
		return true
	}
	for _, set := range s {
		all := true
		for _, t := range set {
			all = all && test(t)
		}
		if all {
			return true
		}
	}
	return false
}

// times reads the values of a time field beforehand, so that a wrong one is refused.
func (s search) times(fields ...string) error {
	for _, set := range s {
		for _, t := range set {
			if contains(fields, t.field) {
				if _, err := readTime(t.value); err != nil {
					return fmt.Errorf("%q is no time for %s", t.value, t.field)
				}
			}
		}
	}
	return nil
}

// since is the earliest time that a term of the field can mean, zero when some set has no lower bound.
func (s search) since(field string) time.Time {
	var earliest time.Time
	for i, set := range s {
		var bound time.Time
		for _, t := range set {
			if t.field == field && (t.op == ">=" || t.op == ">" || t.op == "") {
				if at, err := readTime(t.value); err == nil && at.After(bound) {
					bound = at
				}
			}
		}
		if i == 0 || bound.Before(earliest) {
			earliest = bound
		}
	}
	return earliest
}

func readTime(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC(), nil
	}
	return time.Parse(time.DateOnly, s)
}

func (t term) compareTime(at time.Time) bool {
	want, err := readTime(t.value)
	if err != nil {
		return false
	}
	return t.compare(at.Compare(want))
}

func (t term) compareNumber(n int64) bool {
	want, err := strconv.ParseInt(t.value, 10, 64)
	if err != nil {
		return false
	}
	switch {
	case n < want:
		return t.compare(-1)
	case n > want:
		return t.compare(1)
	}
	return t.compare(0)
}

func (t term) compare(sign int) bool {
	switch t.op {
	case ">=":
		return sign >= 0
	case ">":
		return sign > 0
	case "<=":
		return sign <= 0
	case "<":
		return sign < 0
	}
	return sign == 0
}

// compareText folds case; a star at the end asks for the beginning only.
func (t term) compareText(s string) bool {
	s, want := strings.ToLower(s), strings.ToLower(t.value)
	if head, star := strings.CutSuffix(want, "*"); star {
		return strings.HasPrefix(s, head)
	}
	return s == want
}

// cursorOf writes a position as Shopify does: opaque.
func cursorOf(position string) string { return base64.StdEncoding.EncodeToString([]byte(position)) }

func readCursor(cursor string) (string, bool) {
	text, err := base64.StdEncoding.DecodeString(cursor)
	return string(text), err == nil
}
