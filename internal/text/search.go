package text

import (
	"slices"
	"strings"
)

// SearchKey gives what a search over parts (a product's code, JAN, name, options …) looks into. A code written with dashes
// is in it without them too, so that AB-12 is found as ab12. No term of a query reaches from one part into the next.
func SearchKey(parts ...string) string {
	var words []string
	for _, part := range parts {
		folded := Fold(part)
		if folded == "" || slices.Contains(words, folded) {
			continue
		}
		words = append(words, folded)
		for word := range strings.FieldsSeq(folded) {
			if code := strings.ReplaceAll(word, "-", ""); code != word && isCode(code) && !slices.Contains(words, code) {
				words = append(words, code)
			}
		}
	}
	return strings.Join(words, " ")
}

// isCode reports whether word is of ASCII letters and digits, with marks of ASCII between them.
func isCode(word string) bool {
	alnum := false
	for i := 0; i < len(word); i++ {
		c := word[i]
		if c <= ' ' || c > '~' {
			return false
		}
		alnum = alnum || 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
	}
	return alnum
}

// Terms gives the folded words of a query, each once, in the query's order. All of them must be in a search key for it to
// match. A bar at either end of a word is not searched for, so プリンター finds プリンタ; a short word (キー) keeps it,
// since it would find too much without. A query of bars and spaces has no terms.
func Terms(query string) []string {
	var terms []string
	for word := range strings.FieldsSeq(Fold(query)) {
		term := strings.Trim(word, "-")
		if term == "" {
			continue
		}
		if bare := strings.TrimLeft(word, "-"); len([]rune(term)) < 3 && !isCode(term) {
			term = bare
		}
		if !slices.Contains(terms, term) {
			terms = append(terms, term)
		}
	}
	return terms
}

// Match reports whether a search key holds every term. No terms match every key.
func Match(key string, terms []string) bool {
	for _, term := range terms {
		if !strings.Contains(key, term) {
			return false
		}
	}
	return true
}
