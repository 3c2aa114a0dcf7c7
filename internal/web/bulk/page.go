// Package bulk is what is done to many SKUs at once (一括処理): the question before it, and how far it has come.
package bulk

import (
	"strings"
	"time"

	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/filter"
	"soroi/internal/web/ui"
)

// Target is the SKUs that were chosen in a list.
type Target struct {
	All    bool // all hits of the filter; otherwise the codes
	Codes  []string
	Filter filter.Filter
	Back   string // the list's address
}

// Query is the target as the books understand it.
func (t Target) Query() store.StockQuery {
	if t.All {
		return t.Filter.Query()
	}
	return store.StockQuery{Codes: t.Codes, Archived: store.WithArchived}
}

// shown is how many codes are named.
const shown = 8

// Some are the first of the chosen codes.
func (t Target) Some() []string { return t.Codes[:min(len(t.Codes), shown)] }

// Others is how many more there are.
func (t Target) Others() int64 { return int64(len(t.Codes) - len(t.Some())) }

// Words says which SKUs all hits are.
func (t Target) Words(l ui.Lang) string {
	words := t.Filter.Words(l)
	if len(words) == 0 {
		return l.T("すべての SKU")
	}
	return strings.Join(words, l.T("、かつ "))
}

// Ask is the page before an action.
type Ask struct {
	ui.Page
	Kind   Kind
	Target Target
	Total  int64
	Form   Form
	Wrong  ui.FieldErrors
}

// Kind is what can be done.
type Kind string

// The kinds.
const (
	Secured Kind = "secured"
	Reorder Kind = "reorder"
	toFile  Kind = "csv"
)

// Form is what a person typed.
type Form struct {
	Key    string // makes the action happen once, however often the form is sent
	Mode   string // set, add, subtract, or clear
	N      string
	As     stock.SecuredAs
	Reason string
}

// clear takes a setting away.
const clear = "clear"

// Mode is one way to change, with its name.
type Mode struct{ Mode, Label string }

// CSV is the page before a file.
type CSV struct {
	ui.Page
	Target    Target
	Total     int64
	Columns   []ui.Choice
	Encodings []ui.Choice
}

// Modes are the ways of this kind.
func (p *Ask) Modes() []Mode {
	follow := Mode{clear, p.T("商品の設定に従う")}
	if p.Kind == Reorder {
		return []Mode{{string(stock.Set), p.T("上書き")}, follow}
	}
	return []Mode{{string(stock.Set), p.T("上書き")}, {string(stock.Add), p.T("加算")}, {string(stock.Subtract), p.T("減算")}, follow}
}

// Reasons are offered for the reason field; any other text is as good.
func (p *Ask) Reasons() []string { return ui.SecuredReasons(p.Lang) }

// Job is the page of an action that runs or has ended.
type Job struct {
	ui.Page
	ID        store.BulkID
	What      string // what is done, in words
	Which     string // to which SKUs
	State     store.BulkState
	Total     int64
	Seen      int64
	Changed   int64
	Refused   int64
	StartedAt time.Time
	EndedAt   time.Time
	Back      string
}

// Running tells whether there is more to come.
func (p *Job) Running() bool { return p.State == store.BulkRunning }

// Same is how many SKUs were so already.
func (p *Job) Same() int64 { return max(p.Seen-p.Changed-p.Refused, 0) }
