// Package sku is the page of one SKU: its figures, what each shop shows and why, its history, and changing its stock.
package sku

import (
	"net/url"
	"time"

	"soroi/internal/stock"
	"soroi/internal/web/ui"
)

// Page is one SKU.
type Page struct {
	ui.Page
	Code      string
	Name      string
	Supply    stock.Supply
	Figures   Figures
	Locations []Location // more than one only
	Shops     []Shop
	Why       *Why // opened by "why this number"
	History   []Line
	After     string // the place in the history; "" at its start
	Older     string // where the next page of history begins; "" at its end
	Form      Form
	Terms     Terms
	Product   ProductTerms
	Inbound   Inbound
	Allotment Allotment
	Bundle    Bundle
	Wrong     ui.FieldErrors
}

// Figures lead from on hand to sellable.
type Figures struct {
	OnHand    int64
	Committed int64
	Available int64
	Secured   int64
	Sellable  stock.Quantity
}

// Made tells whether the SKU is made to order, so that sellable does not follow from the shelf.
func (p *Page) Made() bool { return p.Supply != stock.Stocked && p.Supply != "" }

// Location is what lies in one place.
type Location struct {
	ID                int64
	Name              string
	OnHand, Committed int64
}

// Shop is the SKU's listing in one shop.
type Shop struct {
	ListingID int64
	ShopID    int64
	Name      string
	Ref       string
	Shown     *stock.Quantity
	ShownAt   time.Time
	Target    *stock.Quantity
	TargetAt  time.Time
	Share     *stock.Quantity // what the pattern gives it, where that is not the target yet
	State     ui.State
	Trouble   *ui.Trouble
	MallCode  string // the mall's own code and words of the last refusal
	MallWords string
}

// Why is the derivation of one listing's number.
type Why struct {
	ListingID int64
	Shop      string
	Ref       string
	State     ui.State
	Says      string // the answer in one sentence
	Explained bool   // false when a number follows from nothing that is known
	Steps     []Step // the arithmetic, top to bottom
	Claims    []Fact // the order lines that hold units
	Facts     []Fact // what was sent, answered and seen

	pending string // a note for the next step
}

// Step is one line of the arithmetic.
type Step struct {
	Op     string // "", "minus", "equals", "right"
	Label  string
	Value  string
	Note   string
	Tone   ui.Tone
	Result bool // a line that the ones above lead to
}

// Fact is one thing that is known, with its time.
type Fact struct {
	At    time.Time
	Words string
	Tone  ui.Tone
}

// Line is one movement of the history with the balance after it.
type Line struct {
	ID             string
	At             time.Time
	Kind           stock.MovementKind
	Cause          stock.Cause
	Shop           string
	Document       string
	Actor          string
	Reason         string
	Location       string // only with more than one
	OnHandDelta    int64
	CommittedDelta int64
	OnHand         int64
	Committed      int64
	Oversold       int64
}

// Available is what was not promised after the movement.
func (l Line) Available() int64 { return l.OnHand - l.Committed }

// Form is a change of on hand by hand.
type Form struct {
	Key      string // makes the change happen once, however often the form is sent
	Mode     stock.Mode
	Units    string
	Location int64
	Reason   string
}

// Modes are the ways to change, with their names.
func (p *Page) Modes() []Mode {
	return []Mode{{stock.Set, p.T("上書き")}, {stock.Add, p.T("加算")}, {stock.Subtract, p.T("減算")}}
}

// Mode is one way to change.
type Mode struct {
	Mode  stock.Mode
	Label string
}

// Reasons are offered for the reason field; any other text is as good.
func (p *Page) Reasons() []string {
	return []string{p.T("棚卸"), p.T("入荷"), p.T("返品の戻り"), p.T("破損・廃棄"), p.T("実店舗で販売"), p.T("入力の訂正")}
}

// Address is the page's address, with one listing's derivation open when why is not 0.
func (p *Page) Address() string { return "/sku?" + url.Values{"code": {p.Code}}.Encode() }

// Live is the address of the parts that refresh themselves.
func (p *Page) Fragment(block string) string {
	v := url.Values{"code": {p.Code}}
	if p.After != "" {
		v.Set("after", p.After)
	}
	return "/sku/" + block + "?" + v.Encode()
}
