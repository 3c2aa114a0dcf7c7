// Package stocktake is counting without stopping trade (棚卸): the stocktakes, the page on which a person with a scanner counts, and what differs.
package stocktake

import (
	"net/url"
	"strconv"

	"soroi/internal/impact"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/bulk"
	"soroi/internal/web/ui"
)

// List is GET /stocktakes.
type List struct {
	ui.Page
	Items []Item
	Older store.StocktakeID // the next page begins before it; 0 at the end
	Paged bool
}

// Item is one stocktake with how far it is.
type Item struct {
	store.Stocktake
	Sums store.StocktakeSums
}

// Address is the stocktake's page.
func (i Item) Address() string { return address(i.ID) }

func address(id store.StocktakeID) string {
	return "/stocktakes/" + strconv.FormatInt(int64(id), 10)
}

// New is the page on which one is opened.
type New struct {
	ui.Page
	Form    NewForm
	Target  bulk.Target
	Total   int64 // SKUs that were chosen
	Places  []Place
	Pickeds []Choice
	Wrong   ui.FieldErrors
}

// NewForm is what a person typed.
type NewForm struct {
	Key     string
	Name    string
	Place   string
	Product string
	Text    string
	Picked  stock.PickedUnits
	Blind   bool
}

// Place is a location.
type Place struct{ Code string }

// Choice is one of several answers with what it means.
type Choice struct {
	Value, Label, Help string
	Chosen             bool
}

// pickedWords names where the units of open orders are.
var pickedWords = map[stock.PickedUnits][2]string{
	stock.OnShelf:     {"まだ棚にある", "受注中の商品は、まだ 1 つも棚から取り出していない。出荷した分は、soroi にも出荷として出ている。"},
	stock.TakenOff:    {"すべて取り出してある", "受注中の商品は、すべて棚から取り出してある（梱包台の上・出荷の途中）。数えた数に引当済の数を足して比べます。"},
	stock.PickedAsked: {"SKU ごとに数える", "取り出してある数を、数える人が SKU ごとに入れる。"},
}

// Pickeds are the answers to where the units of open orders are.
func Pickeds(l ui.Lang, chosen stock.PickedUnits) []Choice {
	var list []Choice
	for _, p := range []stock.PickedUnits{stock.OnShelf, stock.TakenOff, stock.PickedAsked} {
		list = append(list, Choice{string(p), l.T(pickedWords[p][0]), l.T(pickedWords[p][1]), p == chosen})
	}
	return list
}

// Show is the page of one stocktake: how far it is, and what differs.
type Show struct {
	ui.Page
	Stocktake store.Stocktake
	Which     string // which SKUs are to be counted
	Picked    string
	Sums      store.StocktakeSums
	Lines     store.LineSums
	Query     Query
	Rows      []Row
	Next      string
	Uncounted []store.Uncounted // some of those that the books say are there
	Impact    impact.Impact
	Partly    bool // the impact is of some of the lines only
	Key       string
	Wrong     ui.FieldErrors
	Reason    string
	Chosen    map[string]bool // SKUs whose boxes are ticked, by code
}

// Address is the page's.
func (p *Show) Address() string { return address(p.Stocktake.ID) }

// ToDo is how many SKUs are neither counted nor decided on.
func (p *Show) ToDo() int64 { return p.Sums.Uncounted + p.Sums.Asked }

// Sure is how many lines can be approved without a further word.
func (p *Show) Sure() int64 { return p.Lines.Open + p.Lines.Same - p.Lines.Unsure }

// All is what the progress counts against.
func (p *Show) All() int64 { return max(p.Sums.Scope, p.Sums.Counted+p.Sums.Left+p.ToDo()) }

// Query is which lines are shown.
type Query struct {
	Show  store.LineShow
	Sort  store.LineSort
	After string
}

func readQuery(v url.Values) Query {
	q := Query{Show: store.LinesOpen, After: v.Get("after")}
	switch s := store.LineShow(v.Get("show")); s {
	case store.LinesSame, store.LinesAsked, store.LinesApproved:
		q.Show = s
	}
	if v.Get("show") == "all" {
		q.Show = store.LinesAll
	}
	switch sort := store.LineSort(v.Get("sort")); sort {
	case store.LinesByCode, store.LinesByValue:
		q.Sort = sort
	}
	return q
}

func (q Query) word() string {
	if q.Show == store.LinesAll {
		return "all"
	}
	return string(q.Show)
}

// Values is the query as it stands in an address, without the place.
func (q Query) values() url.Values {
	v := url.Values{"show": {q.word()}}
	if q.Sort != "" {
		v.Set("sort", string(q.Sort))
	}
	return v
}

// Encoded is the query as it stands in a form.
func (q Query) Encoded() string { return q.values().Encode() }

// Sorts are the orders of the lines.
func (p *Show) Sorts() []Choice {
	var list []Choice
	for _, s := range []struct {
		by    store.LineSort
		label string
	}{{store.LinesBySize, "差の大きい順"}, {store.LinesByValue, "金額の大きい順"}, {store.LinesByCode, "コード順"}} {
		list = append(list, Choice{Value: string(s.by), Label: p.T(s.label), Chosen: s.by == p.Query.Sort})
	}
	return list
}

// ShowWord is which lines are shown, as it stands in an address.
func (p *Show) ShowWord() string { return p.Query.word() }

// Reasons are offered for the reason fields; any other text is as good.
func (p *Show) Reasons() []string {
	return []string{p.T("紛失"), p.T("破損"), p.T("盗難"), p.T("誤出荷"), p.T("入荷の数え違い"), p.T("前回の数え違い"), p.T("見つかった")}
}

// Here is the address of the lines that are shown.
func (p *Show) Here() string { return p.Address() + "?" + p.Query.values().Encode() }

// From is the address of the next page.
func (p *Show) From() string {
	v := p.Query.values()
	v.Set("after", p.Next)
	return p.Address() + "?" + v.Encode()
}

// Tab is one kind of lines.
type Tab struct {
	Address, Label string
	N              int64
	Chosen         bool
}

// Tabs are the kinds of lines.
func (p *Show) Tabs() []Tab {
	var tabs []Tab
	for _, t := range []struct {
		show  store.LineShow
		label string
		n     int64
	}{{store.LinesOpen, "差異あり", p.Lines.Open}, {store.LinesSame, "差異なし", p.Lines.Same}, {store.LinesAsked, "数え直し待ち", p.Sums.Asked}, {store.LinesApproved, "反映済み", p.Sums.Approved},
		{store.LinesAll, "すべて", p.Sums.Counted + p.Sums.Asked + p.Sums.Left}} {
		q := Query{Show: t.show, Sort: p.Query.Sort}
		tabs = append(tabs, Tab{p.Address() + "?" + q.values().Encode(), p.T(t.label), t.n, t.show == p.Query.Show})
	}
	return tabs
}

// Row is one line as the page shows it.
type Row struct {
	store.StocktakeLine
	Link  string
	Wrong string // why it keeps others back
}

// After is on hand once the line is approved.
func (r Row) After() int64 { return r.OnHand + r.Delta }

// Since is what has moved since the count.
func (r Row) Since() int64 { return r.Count.Since.Moved }

// Choosable tells whether something can be done with the line.
func (r Row) Choosable() bool {
	return r.State == store.LineCounted || r.State == store.LineApproved || r.State == store.LineLeft
}

// Tone is how the line's state is meant.
func (r Row) Tone() ui.Tone {
	switch {
	case r.State == store.LineApproved && r.Delta != 0:
		return ui.Warn
	case r.State == store.LineApproved:
		return ui.Good
	case r.State == store.LineCounted && !r.Sure():
		return ui.Warn
	case r.State == store.LineAsked:
		return ui.Busy
	}
	return ui.Quiet
}

// Word names the line's state.
func (p *Show) Word(r Row) string {
	switch {
	case r.State == store.LineApproved && r.Delta != 0:
		return p.T("遅れて届いた動きあり")
	case r.State == store.LineApproved:
		return p.T("反映済み")
	case r.State == store.LineAsked:
		return p.T("数え直し待ち")
	case r.State == store.LineLeft:
		return p.T("そのまま")
	case r.Count.Unclear():
		return p.T("数えたあとに在庫調整")
	case r.Between > 0:
		return p.T("数えている間に動き")
	}
	return p.T("数えた")
}

// Count is the page for whoever counts.
type Count struct {
	ui.Page
	Stocktake store.Stocktake
	Key       string // of the next scan
	Panel     Panel
	Code      string // what was typed and not taken
	Units     string
}

// Address is the stocktake's.
func (p *Count) Address() string { return address(p.Stocktake.ID) }

// AsksPicked tells whether whoever counts says how many units of open orders are off the shelf.
func (p *Count) AsksPicked() bool { return p.Stocktake.Picked == stock.PickedAsked }

// Panel is what the last scan came to, with those before it and how far the stocktake is.
type Panel struct {
	Result     Result // of the last scan; "" where there was none
	Text       string // what was scanned
	Sentence   string // why it was not taken
	Code, Name string
	Units      int64
	Sets       bool
	Counted    int64
	Expected   int64
	Committed  int64
	Blind      bool
	Candidates []Candidate
	Last       []store.LastScan
	Sums       store.StocktakeSums
}

// Candidate is a SKU that a code may have meant.
type Candidate struct{ Code, Name, Key string }

// Result is what a scan came to.
type Result string

// The results.
const (
	Taken     Result = "taken"
	Undone    Result = "undone"
	Unknown   Result = "unknown"
	Ambiguous Result = "ambiguous"
	Refused   Result = "refused"
)

// All is what the progress counts against.
func (p Panel) All() int64 {
	return max(p.Sums.Scope, p.Sums.Counted+p.Sums.Left+p.Sums.Asked+p.Sums.Uncounted)
}
