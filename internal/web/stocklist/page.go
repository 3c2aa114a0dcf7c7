// Package stocklist is the list of all SKUs with what each shop shows of them (在庫一覧).
package stocklist

import (
	"net/url"
	"time"

	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/filter"
	"soroi/internal/web/ui"
)

// Page is the stock list.
type Page struct {
	ui.Page
	Query Query
	Shops []Shop
	Rows  []Row
	Total int64  // SKUs that match the query
	More  bool   // there are more than Total
	Next  string // where the next page begins; "" at the end
}

// Sort is the order of the list.
type Sort string

// The orders.
const (
	ByCode      Sort = ""
	ByAvailable Sort = "available" // least first
	ByMost      Sort = "most"      // most available first
)

// Query is what a person asked for, as it stands in the address.
type Query struct {
	filter.Filter
	Sort  Sort
	After string // the place in the list; opaque
}

// values is the query as it stands in an address, without the place.
func (q Query) values() url.Values {
	v := q.Filter.Values()
	if q.Sort != ByCode {
		v.Set("sort", string(q.Sort))
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
func (q Query) Rest() string { return address("/stock", q.values()) }

// Tab is the address of the same query with another tab.
func (q Query) Tab(show string) string {
	q.Filter = q.Showing(store.StockShow(show))
	return q.Rest()
}

// Wide is the address of the same tab with nothing else.
func (q Query) Wide() string {
	q.Filter = filter.Filter{Show: q.Show}
	return q.Rest()
}

// From is the address of the page that begins after a place.
func (q Query) From(after string) string {
	v := q.values()
	v.Set("after", after)
	return address("/stock", v)
}

// Fragment is the address of the table alone.
func (q Query) Fragment() string {
	v := q.values()
	if q.After != "" {
		v.Set("after", q.After)
	}
	return address("/stock/rows", v)
}

// here is the address of this very page.
func (q Query) here() string {
	if q.After == "" {
		return q.Rest()
	}
	return q.From(q.After)
}

// Selection is what can be done to chosen rows.
func (p *Page) Selection() ui.Selection {
	return ui.Selection{Actions: ui.SKUActions(p.Lang), Filter: p.Query.Pairs(), Total: p.Total, Back: p.Query.here()}
}

// Option is one order with its name.
type Option struct {
	Sort  Sort
	Label string
}

// Sorts are the orders on offer.
func (p *Page) Sorts() []Option {
	return []Option{{ByCode, p.T("コード順")}, {ByAvailable, p.T("論理在庫の少ない順")}, {ByMost, p.T("論理在庫の多い順")}}
}

// Shop is a column.
type Shop struct {
	ID   int64
	Name string
	Mode ui.State // Paused, Rehearsing, Outage or InLine
}

// Row is one SKU.
type Row struct {
	Code, Name string
	Product    string // its code
	OnHand     int64
	Committed  int64
	Available  int64
	Secured    int64
	Sellable   *stock.Quantity // only for made-to-order goods, whose figure does not follow from the others
	Cells      []Cell          // one per shop, in the page's order
}

// Cell is what one shop shows of a SKU.
type Cell struct {
	State  ui.State
	Shown  *stock.Quantity
	Target *stock.Quantity
	Since  time.Time // since when the target has been due
	More   int       // further listings of the same SKU in this shop
}

// Differs tells whether the target is another number than the shown one.
func (c Cell) Differs() bool {
	if c.Target == nil || c.State == ui.NotListed {
		return false
	}
	return c.Shown == nil || c.Shown.Compare(*c.Target) != 0
}
