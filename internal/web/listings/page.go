// Package listings holds the pages about what shops list and which SKU that is (出品): linking, what waits for it, and what is no stock.
package listings

import (
	"net/url"
	"strconv"
	"time"

	"soroi/internal/match"
	"soroi/internal/stock"
	"soroi/internal/web/ui"
)

// Show is what the list shows.
type Show string

// What the list can show.
const (
	ShowUnlinked Show = ""        // listings without a SKU: what there is to do
	ShowWaiting  Show = "waiting" // lines of orders that wait for a link
	ShowUnlisted Show = "skus"    // SKUs that no shop lists
	ShowLinked   Show = "linked"
	ShowErrors   Show = "errors"
	ShowIgnored  Show = "ignored"
	ShowAll      Show = "all"
)

// Query is what a person asked for, as it stands in the address.
type Query struct {
	Shop  int64 // 0 is all
	Show  Show
	Text  string
	After string // the place in the list; opaque
}

func (q Query) values() url.Values {
	v := url.Values{}
	if q.Shop != 0 {
		v.Set("shop", strconv.FormatInt(q.Shop, 10))
	}
	if q.Show != ShowUnlinked {
		v.Set("show", string(q.Show))
	}
	if q.Text != "" {
		v.Set("q", q.Text)
	}
	return v
}

func address(path string, v url.Values) string {
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// Rest is the same query from its start.
func (q Query) Rest() string { return address("/listings", q.values()) }

// File is the address of what the query finds as a file.
func (q Query) File() string { return address("/listings/csv", q.values()) }

// Here is the address of the page itself.
func (q Query) Here() string {
	v := q.values()
	if q.After != "" {
		v.Set("after", q.After)
	}
	return address("/listings", v)
}

// From is the address of the page that begins after a place.
func (q Query) From(after string) string {
	q.After = after
	return q.Here()
}

// Showing is the address of the same query with another narrowing.
func (q Query) Showing(s Show) string {
	q.Show = s
	return q.Rest()
}

// Cleared is the address of the same query without words.
func (q Query) Cleared() string {
	q.Text = ""
	return q.Rest()
}

// In is the address of the same query in another shop, 0 being all.
func (q Query) In(shop int64) string {
	q.Shop = shop
	return q.Rest()
}

// Sums is the address of the counts alone.
func (q Query) Sums() string { return address("/listings/sums", q.values()) }

// Searchable tells whether words can be looked for in what is shown.
func (q Query) Searchable() bool { return q.Show != ShowWaiting && q.Show != ShowUnlisted }

// Count is a number that stops at a bound.
type Count struct {
	N    int64
	More bool // there are N or more
}

// Page is the list.
type Page struct {
	ui.Page
	Query  Query
	Shops  []Shop
	Tabs   []Tab
	Rows   []Row      // listings
	Goods  []Row      // lines of orders that wait
	SKUs   []Unlisted // SKUs that no shop lists
	Next   string
	Early  bool // the page ended before it was full, since enough was looked through
	ByCode bool // the text is how codes begin
	Cut    bool // more lines wait than are gathered
	Listed bool // some shop has listings, or has orders that wait
}

// Shop is one shop with what there is to do in it.
type Shop struct {
	ID       int64
	Name     string
	ToDo     Count
	Selected bool
	CanList  bool
}

// Sole is the address of the page that links what is suggested without doubt.
func (p *Page) Sole() string {
	return address("/listings/sole", Query{Shop: p.Query.Shop}.values())
}

// Selected is the shop that the list is narrowed down to, nil for all.
func (p *Page) Selected() *Shop {
	for i := range p.Shops {
		if p.Shops[i].Selected {
			return &p.Shops[i]
		}
	}
	return nil
}

// Tab is one narrowing with its name.
type Tab struct {
	Show  Show
	Label string
	Count Count // 0 shows none
	Loud  bool  // what it counts should not be there
}

// Row is a listing, or goods of orders that wait, with what can be done.
type Row struct {
	P        *ui.Page // the frame of the page that it is on
	Shop     string
	ShopID   int64
	Ref      string
	Number   string // with Line, in the place of Ref: a line of an order that names no listing
	Line     string
	Title    string
	Codes    []Code
	State    ui.State
	Shown    *stock.Quantity
	Back     string // where to go after an action without scripts
	OneShop  bool   // the page is about one shop: its name needs no saying
	Apart    bool   // a person has taken it off its SKU
	Orders   []Order
	More     int       // further orders
	Waiting  int64     // lines that wait
	Units    int64     // of them
	Since    time.Time // since when the oldest has waited
	Choices  []Choice  // what it may be
	SKU      string    // what it is linked to
	SKUName  string
	Holding  int64 // lines that hold units under the link
	Held     int64 // the units
	LinkedBy string
	LinkedAt time.Time
	Gone     bool // the shop has no such listing (any more)

	Typed string // as sent, where that was refused
	Wrong string // why
	Done  string // what has just been done; then nothing else is offered but to undo it
	Undo  string // the form's address that takes it back; "" when nothing does
}

// Frame is what a row needs that is answered alone.
func (r Row) Frame() *ui.Page { return r.P }

// Anchor names the row's elements.
func (r Row) Anchor() string {
	return "r-" + strconv.FormatInt(r.ShopID, 10) + "-" + r.Ref + "-" + r.Number + "-" + r.Line
}

// Main is the code by which people know it.
func (r Row) Main() string {
	if len(r.Codes) == 0 {
		return ""
	}
	return r.Codes[0].Text
}

// One is the address of the listing's own page, "" where it has none.
func (r Row) One() string {
	if r.Ref == "" {
		return ""
	}
	return address("/listings/one", url.Values{"shop": {strconv.FormatInt(r.ShopID, 10)}, "ref": {r.Ref}})
}

// Code is one code of a listing.
type Code struct {
	Kind string // its name; "" when nobody knows more
	Text string
}

// Order is one line that waits.
type Order struct {
	Number string
	Units  int64
}

// Choice is a SKU that a listing may be.
type Choice struct {
	Code, Name string
	Why        string
	Sure       bool // equal as written
	Archived   bool
	Key        string // which key chooses it
}

// Unlisted is a SKU that no shop lists.
type Unlisted struct {
	Code, Name string
	Available  int64
	Choices    []Listed
	Back       string
}

// Listed is a listing that may be a SKU's own.
type Listed struct {
	Shop   string
	ShopID int64
	Ref    string
	Code   string
	Title  string
}

// OnePage is one listing.
type OnePage struct {
	ui.Page
	Row  Row
	Form LinkForm
}

// LinkForm is what one listing is to be linked to.
type LinkForm struct {
	Code  string
	Keep  bool
	Wrong string
}

// OfPage is the listings of one SKU.
type OfPage struct {
	ui.Page
	Code, Name string
	Rows       []Row
	Choices    []Listed
	Back       string
}

// Linked is how many there are.
func (p *OfPage) Linked() int64 { return int64(len(p.Rows)) }

// OptionsPage is the SKUs that are offered while one types.
type OptionsPage struct {
	ui.Page
	Options []Choice
}

// RulePage is a shop's match rule.
type RulePage struct {
	ui.Page
	ShopID  int64
	Shop    string
	Form    RuleForm
	Wrong   ui.FieldErrors
	Preview *Preview
}

// RuleForm is a rule as typed.
type RuleForm struct {
	Steps          []match.Step
	Fold           bool
	Prefix, Suffix string
}

// Lines are the rule's steps with room for more.
func (p *RulePage) Lines() []match.Step {
	lines := make([]match.Step, max(len(p.Form.Steps)+1, 4))
	copy(lines, p.Form.Steps)
	return lines[:min(len(lines), match.MostSteps)]
}

// Froms are the kinds of a listing's codes.
func (p *RulePage) Froms() []Kind {
	var kinds []Kind
	for _, k := range match.Kinds() {
		kinds = append(kinds, Kind{string(k), kindName(p.Lang, k)})
	}
	return kinds
}

// Tos are the codes of a SKU.
func (p *RulePage) Tos() []Kind {
	var kinds []Kind
	for _, of := range match.Ofs() {
		kinds = append(kinds, Kind{string(of), ofName(p.Lang, of)})
	}
	return kinds
}

// Kind is a kind of code with its name.
type Kind struct {
	Value, Label string
}

// Preview is what a rule would do.
type Preview struct {
	Tried                 int64
	More                  bool
	Linked, Several, None int64
	Links, Doubts, Left   []Example
}

// Example is one listing with what a rule says of it.
type Example struct {
	Title, Code, SKU string
}

// IgnoredPage is the codes that are no stock.
type IgnoredPage struct {
	ui.Page
	Codes []Ignored
	Next  string
	After string
	Form  IgnoreForm
	Wrong string
}

// Ignored is a code that is no stock.
type Ignored struct {
	Code, Reason, Actor string
	At                  time.Time
}

// IgnoreForm is a code to be ignored, as typed.
type IgnoreForm struct{ Code, Reason string }

// SolePage links what is suggested without doubt.
type SolePage struct {
	ui.Page
	Query    Query
	Shop     string // "" is all
	Tried    int64
	More     bool
	Reasons  []SoleReason
	Examples []Example
	Done     *SoleDone
}

// SoleReason is a reason with how many listings have it.
type SoleReason struct {
	Value, Label string
	Listings     int64
	Chosen       bool
}

// SoleDone is what linking came to.
type SoleDone struct {
	Linked int64
	Claims int64
}

// Any tells whether there is anything to link.
func (p *SolePage) Any() bool {
	for _, r := range p.Reasons {
		if r.Listings > 0 {
			return true
		}
	}
	return false
}

// Chosen is how many listings would be linked.
func (p *SolePage) Chosen() int64 {
	n := int64(0)
	for _, r := range p.Reasons {
		if r.Chosen {
			n += r.Listings
		}
	}
	return n
}
