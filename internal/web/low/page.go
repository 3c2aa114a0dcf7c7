// Package low is the list of stock-outs and of what to order (在庫割れ・発注点割れ), with its saved views (事前設定).
package low

import (
	"cmp"
	"slices"
	"strconv"

	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// Page is the list.
type Page struct {
	ui.Page
	Query   Query
	Rows    []Row
	Total   int64 // rows in all; 0 of sums by an option
	SKUs    int64
	Out     int64
	Next    string
	Options []string // the names of the options that products have
	Views   []View
	View    *View // the one that the query began with
	Name    string
	Wrong   ui.FieldErrors
}

// Row is one line.
type Row struct {
	Code, Name string
	Link       string // to the SKU, or to the SKUs that are summed
	SKUs, Out  int64
	Level      stock.Level
	Figures    []Figure
}

// Figure is one column of a row.
type Figure struct {
	Key, Label string
	Text       string
	Minus      bool
	Strong     bool
}

// View is a saved view.
type View struct {
	ID     store.ViewID
	Name   string
	Home   bool
	Chosen bool
	Sent   bool // every day
	Failed bool // the last time
	saved  string
}

// Address is where the view is.
func (v View) Address() string { return "/low?view=" + strconv.FormatInt(int64(v.ID), 10) }

// Modified tells whether the list shows something else than the view that it began with.
func (p *Page) Modified() bool { return p.View != nil && p.View.saved != p.Query.Saved() }

// Standard tells whether the list shows what it shows when nobody has asked for anything.
func (p *Page) Standard() bool { return p.View == nil && p.Query.Saved() == "" }

// Tab is one narrowing with its name.
type Tab struct {
	Show, Label string
	Chosen      bool
}

// Tabs are the narrowings on offer.
func (p *Page) Tabs() []Tab {
	list := []Tab{{string(store.ShowLow), p.T("発注点割れ・在庫割れ"), false}, {string(store.ShowOut), p.T("在庫割れだけ"), false}, {string(store.ShowOversold), p.T("売り越し"), false}}
	for i := range list {
		list[i].Chosen = list[i].Show == string(p.Query.Show)
	}
	return list
}

// Groups are what a row may be.
func (p *Page) Groups() []ui.Choice {
	list := []ui.Choice{{Label: p.T("SKU ごと")}, {Value: string(store.ByProduct), Label: p.T("商品ごと")}}
	names := p.Options
	if p.Query.Option != "" && !slices.Contains(names, p.Query.Option) {
		names = append(slices.Clone(names), p.Query.Option)
	}
	for _, name := range names {
		list = append(list, ui.Choice{Value: optionPrefix + name, Label: p.T("%s ごと", name)})
	}
	for i := range list {
		list[i].Chosen = list[i].Value == p.Query.group()
	}
	return list
}

// sortWords name the orders.
var sortWords = map[store.LowSort]string{store.LowUrgent: "急ぐ順", store.LowShortfall: "不足数の多い順", store.LowAvailable: "論理在庫の少ない順", store.LowDays: "残り日数の少ない順",
	store.LowWeek: "7日販売数の多い順", store.LowMonth: "30日販売数の多い順", store.LowInbound: "入荷予定の少ない順", store.LowCode: "コード順"}

// Sorts are the orders on offer.
func (p *Page) Sorts() []ui.Choice {
	var list []ui.Choice
	for _, s := range sorts {
		if s != store.LowCode || p.Query.Group == store.BySKU {
			list = append(list, ui.Choice{Value: string(s), Label: p.T(sortWords[s]), Chosen: s == p.Query.Sort})
		}
	}
	return list
}

// Heading is the head of a column of figures.
type Heading struct {
	Key, Label, Help string
	Sort             string // the address of the list in this order; "" where there is none
	Sorted           string // aria-sort
}

// columnSorts are the orders that a column's head leads to, and how its figures then run.
var columnSorts = map[string]struct {
	sort store.LowSort
	runs string
}{"available": {store.LowAvailable, "ascending"}, "inbound": {store.LowInbound, "ascending"}, "shortfall": {store.LowShortfall, "descending"}, "sold_7": {store.LowWeek, "descending"},
	"sold_30": {store.LowMonth, "descending"}, "days_left": {store.LowDays, "ascending"}}

// Headings are those of the shown figures.
func (p *Page) Headings() []Heading {
	var list []Heading
	for _, c := range p.Columns() {
		if !c.Chosen {
			continue
		}
		h := Heading{Key: c.Value, Label: c.Label, Help: p.help(c.Value)}
		if by, ok := columnSorts[c.Value]; ok {
			h.Sort = p.Query.By(by.sort)
			if p.Query.Sort == by.sort {
				h.Sorted = by.runs
			}
		}
		list = append(list, h)
	}
	return list
}

// Columns are the figures that may be shown.
func (p *Page) Columns() []ui.Choice {
	var list []ui.Choice
	for _, key := range Figures {
		list = append(list, ui.Choice{Value: key, Label: p.label(key), Chosen: p.Query.Shows(key)})
	}
	return list
}

// englishLabels are the heads of figures in English, where the file has a programmer's word.
var englishLabels = map[string]string{"available": "Available", "secured": "Secured", "inbound": "Inbound", "reorder_point": "Reorder point", "shortfall": "Shortfall", "sold_7": "Sold, 7 days",
	"sold_30": "Sold, 30 days", "days_left": "Days left"}

func (p *Page) label(key string) string {
	if p.Lang == ui.English {
		return englishLabels[key]
	}
	return ui.FileField(key).Header
}

func (p *Page) help(key string) string { return ui.FileField(key).Help.In(ui.FileLanguage(p.Lang)) }

// Encodings are those of files.
func (p *Page) Encodings() []ui.Choice { return ui.Encodings() }

// FileColumns are the columns of a file, those that the list shows being chosen.
func (p *Page) FileColumns() []ui.Choice {
	wide := p.Query
	wide.Columns = nil
	return ui.FileColumns(p.Lang, wide.FileColumns(), p.Query.FileColumns())
}

// Selectable tells whether rows are SKUs, which can be chosen.
func (p *Page) Selectable() bool { return p.Query.Group == store.BySKU }

// Named tells whether rows have a code and a name.
func (p *Page) Named() bool { return p.Query.Group != store.ByOption }

// Selection is what can be done to chosen rows.
func (p *Page) Selection() ui.Selection {
	return ui.Selection{Actions: ui.SKUActions(p.Lang), Filter: p.Query.Pairs(), Total: p.Total, Back: p.Query.here()}
}

// Fields are the query as hidden fields of a form, without its columns.
func (p *Page) Fields() []ui.Pair {
	var list []ui.Pair
	v := p.Query.values()
	v.Del("cols")
	for name := range v {
		list = append(list, ui.Pair{Name: name, Value: v.Get(name)})
	}
	slices.SortFunc(list, func(a, b ui.Pair) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

func levelWord(l ui.Lang, level stock.Level) string {
	switch level {
	case stock.LevelOversold:
		return l.T("売り越し")
	case stock.LevelOut:
		return l.T("在庫割れ")
	case stock.LevelLow:
		return l.T("発注点割れ")
	}
	return ""
}

// LevelWord says how urgent a row is.
func (p *Page) LevelWord(level stock.Level) string { return levelWord(p.Lang, level) }

// Tone is how urgent the row is.
func (r Row) Tone() ui.Tone {
	if r.Level >= stock.LevelOut {
		return ui.Bad
	}
	return ui.Warn
}

// Icon is the mark of its level, so that it can be told without colour.
func (r Row) Icon() string {
	switch r.Level {
	case stock.LevelOversold:
		return "alert"
	case stock.LevelOut:
		return "minus"
	}
	return "bell"
}
