package store

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"soroi/internal/text"
)

// mostFew is up to how many hits of its rarest term a search goes from those; one with more reads through the keys in the order of their codes instead,
// where a hit is then never far.
const mostFew = 5000

// params gathers the parameters of a statement, of which $1 is the tenant.
type params struct{ args []any }

func (p *params) add(v any) string {
	p.args = append(p.args, v)
	return "$" + strconv.Itoa(len(p.args)+1)
}

// search is what a text came to: how to find its hits.
type search struct {
	kind  kind
	terms []text.IndexTerm
	// from is the rarest term's hits where they can be listed; few says that they are few.
	from []hits
	few  bool
	n    int // how many part lists, as far as they were counted
	// check are the terms that the hits of from do not answer for.
	check []text.IndexTerm
	// bySKU are the terms of a search for products that may be codes of few of their SKUs.
	bySKU map[string]bool
}

// any tells whether everything is found.
func (s search) any() bool { return len(s.terms) == 0 }

// part lists ids among which hits are looked for when they are many: so many of the rarest term's, or of those whose codes come first where no term's can be
// listed. It may list one twice.
func (s search) part(most int, p *params) string {
	from := "SELECT search_text.id FROM search_text WHERE search_text.tenant_id = $1 AND search_text.kind = " + s.kind.text() + " ORDER BY search_text.code"
	if s.from != nil {
		from = "SELECT many.id FROM (" + union(s.from, p, " UNION ALL ") + ") AS many"
	}
	return from + " LIMIT " + p.add(most)
}

// hits is one way to find a term: a statement that gives ids.
type hits struct {
	text string // with % for the parameters
	args []any
}

func (h hits) build(p *params) string {
	var b strings.Builder
	for i, part := range strings.Split(h.text, "%") {
		if i > 0 {
			b.WriteString(p.add(h.args[i-1]))
		}
		b.WriteString(part)
	}
	return b.String()
}

// union lists the hits of several ways, each once.
func union(list []hits, p *params, word string) string {
	parts := make([]string, len(list))
	for i, h := range list {
		parts[i] = h.build(p)
	}
	return strings.Join(parts, word)
}

// last is behind everything that begins with a text.
const last = "\U0010FFFF"

func (k kind) text() string { return strconv.FormatInt(int64(k), 10) }

// codeHits are the things of which a code begins or ends with the term.
func codeHits(k kind, t text.IndexTerm) []hits {
	var list []hits
	for _, form := range []string{">" + t.Bare, "<" + text.Reverse(t.Bare)} {
		list = append(list, hits{"SELECT search_code.id FROM search_code WHERE search_code.tenant_id = $1 AND search_code.kind = " + k.text() +
			" AND search_code.form >= % AND search_code.form < %", []any{form, form + last}})
	}
	return list
}

// skuHits are the products with a SKU of which a code begins or ends with the term.
func skuHits(t text.IndexTerm) []hits {
	var list []hits
	for _, h := range codeHits(kindSKU, t) {
		list = append(list, hits{"SELECT coded.product_id AS id FROM (" + h.text + ") AS hit CROSS JOIN sku AS coded WHERE coded.tenant_id = $1 AND coded.sku_id = hit.id", h.args})
	}
	return list
}

// wordHits are the things with a word that the i-th word of the term may be; whether the words adjoin is not looked at.
func wordHits(k kind, t text.IndexTerm, i int) []hits {
	word, end := t.Words[i], len(t.Words)-1
	if i > 0 && i < end {
		return []hits{{"SELECT search_word.id FROM word CROSS JOIN search_word WHERE word.tenant_id = $1 AND word.word = % AND search_word.tenant_id = $1 AND search_word.kind = " +
			k.text() + " AND search_word.word_id = word.word_id", []any{word}}}
	}
	tails := func(from, to string) hits {
		return hits{"SELECT search_word.id FROM word_tail CROSS JOIN search_word WHERE word_tail.tenant_id = $1 AND word_tail.tail >= % AND word_tail.tail < % " +
			"AND search_word.tenant_id = $1 AND search_word.kind = " + k.text() + " AND search_word.word_id = word_tail.word_id", []any{from, to}}
	}
	var list []hits
	if i == end {
		list = append(list, tails(word, word+last))
	}
	if i == 0 {
		if reversed := "<" + text.Reverse(word); slices.Contains(text.WordTails(word), reversed) {
			list = append(list, tails(reversed, reversed+last))
		} else if end > 0 {
			list = append(list, tails(word, word+"\x01")) // the whole tail: no key holds control characters
		}
	}
	return list
}

// find works out how to find what a text asks for: it counts the hits of each term, as far as that is quick, and takes the rarest.
func (tx *Tx) find(ctx context.Context, k kind, query string) (search, error) {
	s := search{kind: k, bySKU: make(map[string]bool)}
	s.terms = text.IndexTerms(query)
	s.terms = s.terms[:min(len(s.terms), mostTerms)]
	s.check = s.terms
	rarest := 1 << 30
	for i, t := range s.terms {
		list := codeHits(k, t)
		if k == kindProduct {
			bySKU := skuHits(t)
			n, err := tx.countHits(ctx, codeHits(kindSKU, t))
			if err != nil {
				return s, err
			}
			if s.bySKU[t.Bare] = n <= tx.db.fewHits; s.bySKU[t.Bare] {
				list = append(list, bySKU...)
			}
		}
		words, err := tx.rarestWord(ctx, k, t)
		if err != nil {
			return s, err
		}
		if words == nil {
			continue // its hits cannot be listed
		}
		list = append(list, words...)
		n, err := tx.countHits(ctx, list)
		if err != nil {
			return s, err
		}
		if n >= rarest {
			continue
		}
		rarest, s.from, s.few, s.n = n, list, n <= tx.db.fewHits, n
		s.check = slices.Delete(slices.Clone(s.terms), i, i+1)
		if len(t.Words) > 1 {
			s.check = s.terms
		}
		if n < tx.db.fewHits/10 {
			break
		}
	}
	if s.from == nil && !s.any() {
		var p params
		err := tx.one(ctx, []any{&s.n}, "SELECT COUNT(*) FROM ("+s.part(tx.db.examined+1, &p)+") AS part", p.args...)
		return s, err
	}
	return s, nil
}

// rarestWord lists the hits of the term's word that has the fewest, nil when the index keeps none of its words.
func (tx *Tx) rarestWord(ctx context.Context, k kind, t text.IndexTerm) ([]hits, error) {
	var best []hits
	fewest := 1 << 30
	for i, word := range t.Words {
		if !text.Indexed(word) {
			continue
		}
		list := wordHits(k, t, i)
		if best == nil && len(t.Words) == 1 {
			return list, nil
		}
		n, err := tx.countHits(ctx, list)
		if err != nil {
			return nil, err
		}
		if n < fewest {
			best, fewest = list, n
		}
	}
	return best, nil
}

// countHits counts hits, those of several ways several times, up to one more than are examined for a count.
func (tx *Tx) countHits(ctx context.Context, list []hits) (n int, err error) {
	var p params
	from := union(list, &p, " UNION ALL ")
	err = tx.one(ctx, []any{&n}, "SELECT COUNT(*) FROM (SELECT 1 FROM ("+from+") AS hit LIMIT "+p.add(tx.db.examined+1)+") AS counted", p.args...)
	return n, err
}

// keyHolds is the condition that the key of table holds every one of terms.
func (s search) keyHolds(terms []text.IndexTerm, p *params, id string) string {
	var b strings.Builder
	for _, t := range terms {
		b.WriteString(" AND (")
		for i, part := range t.Parts() {
			if i > 0 {
				b.WriteString(" OR ")
			}
			// Both sides are folded by internal/text, so the engines' own ideas of case do not matter here; no part holds a joker, and naming an escape
			// would double SQLite's time.
			b.WriteString("search_text.search_key LIKE " + p.add("%"+part+"%"))
		}
		if s.bySKU[t.Bare] {
			b.WriteString(" OR " + id + " IN (" + union(skuHits(t), p, " UNION ALL ") + ")")
		}
		b.WriteString(")")
	}
	return b.String()
}
