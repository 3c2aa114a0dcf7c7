package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
	"soroi/internal/text"
)

// search is the codes of the SKUs that a text finds, over all pages, in their order.
func (b *books) search(words string) []string {
	b.t.Helper()
	var codes []string
	q := store.StockQuery{Text: words, Limit: 7}
	for {
		page := b.stock(q)
		for _, r := range page.Rows {
			codes = append(codes, r.Code)
		}
		if q.After = page.Next; q.After == "" {
			return codes
		}
	}
}

// Whatever is added, renamed, moved, archived or deleted, in whatever order, a search finds what its keys hold: by way of the index and by way of the
// keys, and counting says the same.
func TestSearch_finds_what_there_is(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 1))
		b := newBooks(t, db, "a")
		other := newBooks(t, db, "b")
		other.skus("KZ-1 Tシャツ")
		m := &searchModel{books: b, r: r, skus: make(map[string]modelSKU), products: make(map[string]string)}
		for range 40 {
			m.step()
		}
		for _, few := range []int{10_000, 3, 0} {
			db.SetFewHits(few, 1000)
			for range 60 {
				m.ask(few)
			}
		}
	})
}

type modelSKU struct {
	product, name string // name is "" where it is called after its product
	options       stock.Options
	codes         []string
}

// searchModel knows what the books hold, and does to both what steps do.
type searchModel struct {
	*books
	r        *rand.Rand
	skus     map[string]modelSKU
	products map[string]string // code → name
}

var searchWords = strings.Fields("Tシャツ 長袖シャツ 赤 紺 M L コーヒーカップ カップ オーガニックコットン MX-700 a4 3.5mm 100%綿 under_score back\\slash ★ 紺シャツ 4901234567894 KZ キー")

func (m *searchModel) word() string { return searchWords[m.r.IntN(len(searchWords))] }

func (m *searchModel) name() string {
	words := make([]string, 1+m.r.IntN(3))
	for i := range words {
		words[i] = m.word()
	}
	return strings.Join(words, []string{" ", "・", ""}[m.r.IntN(3)])
}

func (m *searchModel) code() string {
	return []string{"KZ-", "kz", "ab_", "", "赤"}[m.r.IntN(5)] + fmt.Sprint(m.r.IntN(300)) + []string{"-M", "", "/L"}[m.r.IntN(3)]
}

func pickKey[V any](r *rand.Rand, m map[string]V) string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys[r.IntN(len(keys))]
}

// step makes one edit of the catalogue, and notes it when it was taken.
func (m *searchModel) step() {
	m.t.Helper()
	if len(m.skus) < 5 || m.r.IntN(2) == 0 {
		product := fmt.Sprintf("P%d", m.r.IntN(8))
		e := store.CatalogEdit{Products: []store.ProductEdit{{Code: product, Options: &colourAndSize}}}
		if m.products[product] == "" {
			e.Products[0].Name = new(m.name())
		}
		next := modelSKU{product: product, options: stock.Options{m.word(), fmt.Sprint(m.r.IntN(1000))}}
		if m.r.IntN(2) == 0 {
			next.name = m.name()
		}
		var codes []stock.SKUCode
		for range m.r.IntN(3) {
			next.codes = append(next.codes, m.code())
			codes = append(codes, stock.SKUCode{Code: next.codes[len(next.codes)-1], Kind: stock.OtherCode})
		}
		code := m.code()
		e.SKUs = []store.SKUEdit{{Code: code, Must: store.MustBeNew, Product: &product, Name: &next.name, Options: &next.options, Codes: &codes}}
		if m.edit(e).Applied {
			m.skus[code] = next
			if e.Products[0].Name != nil {
				m.products[product] = *e.Products[0].Name
			}
		}
		return
	}
	code := pickKey(m.r, m.skus)
	s := m.skus[code]
	switch m.r.IntN(6) {
	case 0:
		if to := m.code(); m.edit(store.CatalogEdit{SKUs: []store.SKUEdit{{Code: code, NewCode: &to}}}).Applied {
			delete(m.skus, code)
			m.skus[to] = s
		}
	case 1:
		s.name = m.name()
		m.made(store.CatalogEdit{SKUs: []store.SKUEdit{{Code: code, Name: &s.name}}})
		m.skus[code] = s
	case 2:
		name := m.name()
		m.made(store.CatalogEdit{Products: []store.ProductEdit{{Code: s.product, Name: &name}}})
		m.products[s.product] = name
	case 3:
		codes := []stock.SKUCode{{Code: m.code(), Kind: stock.OtherCode}}
		s.codes = []string{codes[0].Code}
		m.made(store.CatalogEdit{SKUs: []store.SKUEdit{{Code: code, Codes: &codes}}})
		m.skus[code] = s
	case 4:
		if to := pickKey(m.r, m.products); m.edit(store.CatalogEdit{SKUs: []store.SKUEdit{{Code: code, Product: &to}}}).Applied {
			s.product = to
			m.skus[code] = s
		}
	case 5:
		removed, err := m.db.DeleteUnused(context.Background(), m.tenant, []string{code})
		m.must(err)
		if len(removed) != 1 {
			m.t.Fatalf("removed %q", removed)
		}
		delete(m.skus, code)
		if !slices.ContainsFunc(slices.Collect(mapValues(m.skus)), func(o modelSKU) bool { return o.product == s.product }) {
			delete(m.products, s.product)
		}
	}
}

func mapValues[V any](m map[string]V) func(yield func(V) bool) {
	return func(yield func(V) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

func (m *searchModel) key(code string) string {
	s := m.skus[code]
	name := s.name
	if name == "" {
		name = stock.SKUName(m.products[s.product], s.options)
	}
	return text.IndexKey(append([]string{code, s.product}, s.codes...), append([]string{name, m.products[s.product]}, s.options[:]...)...)
}

// ask compares one search with the model.
func (m *searchModel) ask(few int) {
	m.t.Helper()
	words := m.word()
	switch m.r.IntN(4) {
	case 0:
		words = m.code()
	case 1:
		words += " " + m.word()
	case 2:
		words = pickKey(m.r, m.skus)
		runes := []rune(words)
		from := m.r.IntN(len(runes))
		words = string(runes[from : from+1+m.r.IntN(len(runes)-from)])
	}
	terms := text.IndexTerms(words)
	want := []string{}
	for code := range m.skus {
		if text.Find(m.key(code), terms) {
			want = append(want, code)
		}
	}
	slices.Sort(want)
	if got := m.search(words); !slices.Equal(got, want) && len(got)+len(want) > 0 {
		m.t.Errorf("with %d as few, %q finds %q, want %q", few, words, got, want)
	}
	if n, err := m.db.CountStock(context.Background(), m.tenant, store.StockQuery{Text: words}); err != nil || n != (store.Count{N: int64(len(want))}) {
		m.t.Errorf("with %d as few, %q counts %+v, want %d, %v", few, words, n, len(want), err)
	}
	ids, err := m.db.SelectSKUs(context.Background(), m.tenant, store.StockQuery{Text: words}, 0, 1000)
	if err != nil || len(ids) != len(want) {
		m.t.Errorf("with %d as few, %q selects %d, want %d, %v", few, words, len(ids), len(want), err)
	}
}

// Of very many hits no more are counted than is worth the while, and the count says so.
func TestCountStock_stops(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBooks(t, db, "a")
		var list []string
		for i := range 60 {
			list = append(list, fmt.Sprintf("S-%03d シャツ %s", i, []string{"赤", "白", "白", "白"}[i%4]))
		}
		b.skus(list...)
		count := func(q store.StockQuery) store.Count {
			t.Helper()
			n, err := db.CountStock(context.Background(), b.tenant, q)
			b.must(err)
			return n
		}
		for _, tt := range []struct {
			name          string
			few, examined int
			text          string
			want          store.Count
		}{
			{"few", 60, 1, "シャツ", store.Count{N: 60}},
			{"many, all of them examined", 10, 100, "シャツ", store.Count{N: 60}},
			{"many, all just examined", 10, 60, "シャツ", store.Count{N: 60}},
			{"many, and more than were examined", 10, 59, "シャツ", store.Count{N: 59, More: true}},
			{"the rarer word is few", 15, 20, "シャツ 赤", store.Count{N: 15}},
			{"all of the rarer word", 14, 30, "シャツ 赤", store.Count{N: 15}},
			{"of part of the rarer word", 5, 28, "シャツ 赤", store.Count{N: 14, More: true}},
			{"a term that no index keeps", 10, 40, "s", store.Count{N: 20, More: true}},
			{"a term that no index keeps, all", 10, 120, "s", store.Count{N: 60}},
		} {
			db.SetFewHits(tt.few, tt.examined)
			if got := count(store.StockQuery{Text: tt.text}); got != tt.want {
				t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
			}
			all := int64(60)
			if strings.Contains(tt.text, "赤") {
				all = 15
			}
			if n, err := db.CountAllStock(context.Background(), b.tenant, store.StockQuery{Text: tt.text}); err != nil || n != all {
				t.Errorf("%s: %d in all, want %d, %v", tt.name, n, all, err)
			}
		}
		db.SetFewHits(10, 100)
		if got := count(store.StockQuery{Text: "シャツ", Show: store.ShowOut}); got != (store.Count{}) {
			t.Errorf("%+v are out before they are planned", got)
		}
		b.plan()
		if got := count(store.StockQuery{Text: "シャツ", Show: store.ShowOut}); got != (store.Count{N: 60}) {
			t.Errorf("%+v are out", got)
		}
	})
}
