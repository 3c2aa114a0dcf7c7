// Package products holds the pages of products (商品): the list, a product's grid of SKUs by colour and size, and what products and SKUs are called.
package products

import (
	"embed"
	"errors"
	"net/url"
	"strings"

	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

//go:embed list.html product.html new.html sku.html parts.html
var files embed.FS

// Views are the pages' templates.
type Views struct{ List, Product, New, SKU *ui.Template }

// Parse reads them.
func Parse(u *ui.UI) (Views, error) {
	var v Views
	var failed [4]error
	for i, page := range []struct {
		view **ui.Template
		file string
	}{{&v.List, "list.html"}, {&v.Product, "product.html"}, {&v.New, "new.html"}, {&v.SKU, "sku.html"}} {
		*page.view, failed[i] = u.Parse(files, "parts.html", page.file)
	}
	return v, errors.Join(failed[:]...)
}

func escape(s string) string { return url.QueryEscape(s) }

// ListPage is a page of the list.
type ListPage struct {
	ui.Page
	Text     string
	Archived store.ArchivedQuery
	After    string
	Next     string
	Rows     []ListRow
}

// ListRow is one product.
type ListRow struct {
	Code, Name string
	Options    string // the names of its options
	SKUs       int64
	Available  int64
	Out, Low   int64
	Archived   bool
}

// Choice is one way with its name.
type Choice struct{ Value, Label string }

// States are which products the list may show.
func (p *ListPage) States() []Choice {
	return []Choice{{"", p.T("取扱中のみ")}, {string(store.WithArchived), p.T("取扱終了も")}, {string(store.OnlyArchived), p.T("取扱終了のみ")}}
}

func (p *ListPage) address(path, after string) string {
	v := url.Values{}
	for _, f := range [][2]string{{"q", p.Text}, {"archived", string(p.Archived)}, {"after", after}} {
		if f[1] != "" {
			v.Set(f[0], f[1])
		}
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// First is the address of the list from its start.
func (p *ListPage) First() string { return p.address("/products", "") }

// Older is the address of the next page.
func (p *ListPage) Older() string { return p.address("/products", p.Next) }

// File is the address of the list as a file.
func (p *ListPage) File() string { return p.address("/products/csv", "") }

// Product is the page of one product.
type Product struct {
	ui.Page
	Code, Name string
	Archived   bool
	Layer      Layer
	Layers     []LayerTab
	Axes       Axes
	Layouts    []Choice // the ways to lay it out; one where there is no choice
	Grid       Grid
	Undo       string // what was saved last, as an address brings it back; "" when there is nothing
	Undone     int    // of so many places
	More       bool   // it has more SKUs than the grid shows
	SKUs       int
	Form       GridForm
	Entry      Entry
	Matrix     Matrix
	Wrong      ui.FieldErrors
}

// LayerTab is one layer with its name.
type LayerTab struct {
	Layer  Layer
	Label  string
	Chosen bool
}

// GridForm is the form around a grid that can be changed.
type GridForm struct {
	Key    string
	Mode   stock.Mode
	Reason string
}

// Entry is what a product is called, as the form has it.
type Entry struct {
	Code, Name string
	Options    [3]string
	Open       bool
}

// Matrix is the form that adds SKUs for all values of the options.
type Matrix struct {
	Open     bool
	Values   [3]string // one per line, or parted by commas
	Template string    // {product}-{1}-{2}
	Look     []NewSKU  // what would be added, to be looked at
	Skipped  int       // combinations that there are already
}

// NewSKU is one SKU that would be added.
type NewSKU struct {
	Options [3]string
	Label   string
	Code    string
	Wrong   string
}

// Address is the page's own.
func (p *Product) Address() string { return p.On(p.Layer) }

// On is the page with another layer.
func (p *Product) On(l Layer) string {
	to := Address(p.Code) + "&layer=" + string(l)
	if p.Axes != plainAxes {
		to += "&axes=" + p.Axes.String()
	}
	return to
}

// Part is the address of the grid alone.
func (p *Product) Part() string {
	return strings.Replace(p.Address(), "/product?", "/product/grid?", 1)
}

// Back is the page with the numbers from before what was saved last, to be looked at.
func (p *Product) Back() string { return p.Address() + "&fill=" + escape(p.Undo) }

// Address is that of a product's page.
func Address(code string) string { return "/product?code=" + escape(code) }

// Names are the options' names that there are.
func (p *Product) Names() []string {
	var names []string
	for _, n := range p.Entry.Options {
		if n != "" {
			names = append(names, n)
		}
	}
	return names
}

// Modes are the ways to change on hand.
func (p *Product) Modes() []Choice {
	return []Choice{{string(stock.Set), p.T("上書き")}, {string(stock.Add), p.T("加算")}, {string(stock.Subtract), p.T("減算")}}
}

// New is the page for a new product.
type New struct {
	ui.Page
	Entry Entry
	Wrong ui.FieldErrors
}

// SKU is the page of what one SKU is called.
type SKU struct {
	ui.Page
	Product  string
	Names    [3]string // the product's options
	Code     string    // as it is
	Form     SKUForm
	Archived bool
	Held     int64 // units that orders hold, when archiving was refused for it
	Wrong    ui.FieldErrors
}

// SKUForm is what may be changed of it.
type SKUForm struct {
	Code, Name, Product string
	Options             [3]string
	JANs, Codes         string // one per line
}
