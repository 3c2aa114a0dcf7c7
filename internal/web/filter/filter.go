// Package filter is what a person asks a list of SKUs for: as it stands in addresses and forms, in words, and as the books understand it. Lists,
// and whatever is done to all of their hits, share it.
package filter

import (
	"net/url"
	"slices"
	"strconv"

	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// Filter narrows a list of SKUs down. What is empty does not narrow.
type Filter struct {
	Text     string
	Show     store.StockShow
	Product  string // its code, exactly
	Value    string // of one of the options, exactly: 赤, M
	Supply   stock.Supply
	Secured  store.SecuredQuery
	Pattern  int64 // the id of the allocation pattern that is assigned, store.NoPattern for none; 0 is any
	Archived store.ArchivedQuery
}

// longest bounds what is searched for, in characters.
const longest = 200

// choice is one narrowing with its name in Japanese.
type choice struct{ value, word string }

var (
	shows = []choice{{"", "すべて"}, {string(store.ShowBehind), "揃っていない"}, {string(store.ShowErrors), "エラー"}, {string(store.ShowLow), "発注点割れ"},
		{string(store.ShowOut), "在庫割れ"}, {string(store.ShowOversold), "売り越し"}, {string(store.ShowUnlisted), "未出品"}}
	supplies = []choice{{"", "すべて"}, {string(stock.Stocked), "在庫品"}, {string(stock.MadeToOrder), "受注生産（数あり）"}, {string(stock.MadeToOrderUnlimited), "受注生産（無制限）"}}
	secureds = []choice{{"", "すべて"}, {string(store.SomeSecured), "確保あり"}, {string(store.NothingSecured), "確保なし"}, {string(store.OwnSecured), "SKU に設定あり"}}
	archives = []choice{{"", "取扱中のみ"}, {string(store.WithArchived), "取扱終了も"}, {string(store.OnlyArchived), "取扱終了のみ"}}
)

// Read reads a filter from an address or a form. What is no choice of ours narrows nothing.
func Read(v url.Values) Filter {
	pattern, _ := strconv.ParseInt(v.Get("pattern"), 10, 64) // what is no number narrows nothing
	return Filter{Pattern: max(pattern, store.NoPattern), Text: cut(v.Get("q")), Show: store.StockShow(known(shows, v.Get("show"))), Product: cut(v.Get("product")), Value: cut(v.Get("value")),
		Supply: stock.Supply(known(supplies, v.Get("supply"))), Secured: store.SecuredQuery(known(secureds, v.Get("secured"))),
		Archived: store.ArchivedQuery(known(archives, v.Get("archived")))}
}

func cut(text string) string {
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest])
	}
	return text
}

func known(choices []choice, value string) string {
	if slices.ContainsFunc(choices, func(c choice) bool { return c.value == value }) {
		return value
	}
	return ""
}

// Values is the filter as it stands in an address.
func (f Filter) Values() url.Values {
	v := url.Values{}
	for _, p := range f.Pairs() {
		v.Set(p.Name, p.Value)
	}
	return v
}

// Pairs is the filter as hidden fields of a form, without those that do not narrow.
func (f Filter) Pairs() []ui.Pair {
	var all []ui.Pair
	for _, p := range [][2]string{{"q", f.Text}, {"show", string(f.Show)}, {"product", f.Product}, {"value", f.Value}, {"supply", string(f.Supply)},
		{"secured", string(f.Secured)}, {"pattern", f.pattern()}, {"archived", string(f.Archived)}} {
		if p[1] != "" {
			all = append(all, ui.Pair{Name: p[0], Value: p[1]})
		}
	}
	return all
}

func (f Filter) pattern() string {
	if f.Pattern == 0 {
		return ""
	}
	return strconv.FormatInt(f.Pattern, 10)
}

// Any tells whether the filter narrows at all.
func (f Filter) Any() bool { return f != Filter{} }

// Finer tells whether it narrows by more than a text and a tab.
func (f Filter) Finer() bool {
	f.Text, f.Show = "", ""
	return f.Any()
}

// Showing is the same filter with another tab.
func (f Filter) Showing(show store.StockShow) Filter {
	f.Show = show
	return f
}

// Query is the filter as the books understand it.
func (f Filter) Query() store.StockQuery {
	return store.StockQuery{Text: f.Text, Show: f.Show, Product: f.Product, Value: f.Value, Supply: f.Supply, Secured: f.Secured, Pattern: f.Pattern, Archived: f.Archived}
}

// Of is the filter that gave a query.
func Of(q store.StockQuery) Filter {
	return Filter{Text: q.Text, Show: q.Show, Product: q.Product, Value: q.Value, Supply: q.Supply, Secured: q.Secured, Pattern: q.Pattern, Archived: q.Archived}
}

// Words says what the filter narrows by, a few words for each.
func (f Filter) Words(l ui.Lang) []string {
	var words []string
	if f.Text != "" {
		words = append(words, l.T("「%s」を含む", f.Text))
	}
	for _, c := range []struct {
		choices []choice
		value   string
	}{{shows, string(f.Show)}, {supplies, string(f.Supply)}, {secureds, string(f.Secured)}, {archives, string(f.Archived)}} {
		if c.value != "" {
			words = append(words, l.T(wordOf(c.choices, c.value)))
		}
	}
	switch {
	case f.Pattern == store.NoPattern:
		words = append(words, l.T("配分パターンなし"))
	case f.Pattern != 0:
		words = append(words, l.T("指定した配分パターン"))
	}
	if f.Product != "" {
		words = append(words, l.T("商品コード %s", f.Product))
	}
	if f.Value != "" {
		words = append(words, l.T("色・サイズなど %s", f.Value))
	}
	return words
}

func wordOf(choices []choice, value string) string {
	for _, c := range choices {
		if c.value == value {
			return c.word
		}
	}
	return ""
}

// Option is one choice of a list with its name.
type Option struct {
	Value, Label string
	Chosen       bool
}

func options(l ui.Lang, choices []choice, chosen string) []Option {
	list := make([]Option, len(choices))
	for i, c := range choices {
		list[i] = Option{c.value, l.T(c.word), c.value == chosen}
	}
	return list
}

// Select is one more narrowing that a list offers.
type Select struct {
	Name, Label string
	Options     []Option
}

// Selects are the narrowings beside text and tabs.
func (f Filter) Selects(l ui.Lang) []Select {
	return []Select{
		{"supply", l.T("供給"), options(l, supplies, string(f.Supply))},
		{"secured", l.T("確保在庫"), options(l, secureds, string(f.Secured))},
		{"archived", l.T("取扱"), options(l, archives, string(f.Archived))},
	}
}

// Tabs are the narrowings of which one is always chosen.
func (f Filter) Tabs(l ui.Lang) []Option { return options(l, shows, string(f.Show)) }
