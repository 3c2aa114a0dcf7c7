// Package patterns is the screen of allocation patterns (配分パターン): the list, the editor with what a change would do, and assignment to all hits
// of a search.
package patterns

import (
	"slices"
	"time"

	"soroi/internal/stock"
	"soroi/internal/web/ui"
)

// ListPage lists the patterns.
type ListPage struct {
	ui.Page
	Patterns []Row
	Plain    int64 // SKUs without a pattern of their own
	Standard string
}

// Row is one pattern of the list.
type Row struct {
	ID        int64
	Name      string
	Rules     []string // in words
	SKUs      int64
	Default   bool
	Actor     string
	ChangedAt time.Time
}

// EditPage is the editor of one pattern.
type EditPage struct {
	ui.Page
	ID      int64 // 0 while it is new
	Version int64
	Name    string
	Default bool
	SKUs    int64 // that follow it
	Shops   []Shop
	Rules   []Rule
	Wrong   []string // what is wrong, in words
	Preview Preview
}

// Shop is a column of the editor.
type Shop struct {
	ID    int64
	Name  string
	Mode  ui.State
	P50   time.Duration // measured lag
	P99   time.Duration
	Items int64 // that the lag was measured on; 0 when it is unknown
	Slow  bool  // slower than the others by far
}

// Rule is a row of the editor, as typed.
type Rule struct {
	Number   int // from 1
	From, To string
	Cells    []Cell // one per shop, in their order
	Default  Cell   // for shops that come later
	Split    bool
	Words    string // its range in words; "" while it cannot be read
}

// Cell is the share of one shop in one rule, as typed.
type Cell struct {
	Key  string // of its fields
	Kind string // "" follows the rule's default
	N    string
	Shop string // for the labels
}

// Kind is a kind of share with its word.
type Kind struct{ Kind, Label string }

// HasAuto tells whether a rule on the screen is auto.
func (p *EditPage) HasAuto() bool {
	return slices.ContainsFunc(p.Rules, func(r Rule) bool { return r.Default.Kind == autoKind })
}

// Kinds are the kinds that a cell may choose from; own is false for the default, which has nothing to follow.
func (p *EditPage) Kinds(own bool) []Kind {
	list := []Kind{{"same", p.T("同数")}, {"percent", p.T("割合 %")}, {"fixed", p.T("固定")}, {"at_most", p.T("上限")}, {"stop", p.T("停止")}}
	if own {
		return append([]Kind{{"", p.T("ほかと同じ")}}, list...)
	}
	return append(list, Kind{autoKind, p.T("おまかせ %")})
}

// autoKind, as the kind of a rule's default, makes the rule auto; its number is the risk in per cent.
const autoKind = "auto"

// Preview is what the pattern on the screen would do.
type Preview struct {
	Fine    bool // the pattern has no mistakes
	Figures []Figure
	SKU     *SKU
	Code    string // as typed
	NoSKU   bool   // Code is nobody's
	Impact  *Impact
}

// Figure is what every shop shows of one sellable quantity.
type Figure struct {
	Sellable stock.Quantity
	Shops    []stock.Quantity
	Sum      stock.Quantity
	Rule     int // from 1; 0 when none applies
	Split    bool
	Auto     bool
	Edge     bool // another rule than in the line before
}

// SKU is one SKU under the pattern.
type SKU struct {
	Code, Name                             string
	OnHand, Committed, Available, Withheld int64
	Sellable                               stock.Quantity
	Lines                                  []Line
	Why                                    string // what auto says of it; "" where another rule applies
}

// Line is one listing before and after.
type Line struct {
	Shop          string
	Before, After stock.Quantity
}

// Changes tells whether the number would be another one.
func (l Line) Changes() bool { return l.Before.Compare(l.After) != 0 }

// Impact is what saving would change.
type Impact struct {
	Examined, Changed, Pushes int64
	All                       bool
	Shops                     []ShopImpact
	Examples                  []Example
}

// ShopImpact is what would change in one shop.
type ShopImpact struct {
	Name                                string
	Quiet                               bool // nothing is sent to it now
	Changed, Up, Down, ToZero, FromZero int64
}

// Example is a SKU that would lose much.
type Example struct {
	Code     string
	Sellable stock.Quantity
	Lines    []Line
}

// TextPage exports and imports patterns as text.
type TextPage struct {
	ui.Page
	Text  string
	Wrong []string
	Plan  []Planned // what an import would do
}

// Planned is what an import would do with one pattern.
type Planned struct {
	Name string
	New  bool
	Same bool
	SKUs int64
}
