package low

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"soroi/internal/report"
	"soroi/internal/store"
	"soroi/internal/web/filter"
)

// Query is what a person asked the list for, as it stands in the address and in saved views.
type Query struct {
	filter.Filter
	Group   store.LowGroup
	Option  string // of store.ByOption: the option's name
	Sort    store.LowSort
	Columns []string     // of figures; nil is all
	View    store.ViewID // the saved view that it began with; 0 is none
	After   string       // the place in the list; opaque
}

// Figures are the columns of figures that may be shown, in their order.
var Figures = []string{"available", "secured", "inbound", "reorder_point", "shortfall", "sold_7", "sold_30", "days_left"}

// sorts are the orders on offer.
var sorts = []store.LowSort{store.LowUrgent, store.LowShortfall, store.LowAvailable, store.LowDays, store.LowWeek, store.LowMonth, store.LowInbound, store.LowCode}

// optionPrefix stands before the name of an option in the grouping of an address.
const optionPrefix = "o:"

// Read reads a query from an address, a form or a saved view. What is no choice of ours is left out.
func Read(v url.Values) Query {
	q := Query{Filter: filter.Read(v), Sort: store.LowSort(v.Get("sort")), After: v.Get("after")}
	q.Supply, q.Archived, q.Pattern = "", "", 0 // what is made to order or out of use is never low
	switch q.Show {
	case store.ShowOut, store.ShowOversold:
	default:
		q.Show = store.ShowLow
	}
	switch group := v.Get("group"); {
	case group == string(store.ByProduct):
		q.Group = store.ByProduct
	case strings.HasPrefix(group, optionPrefix):
		q.Group, q.Option = store.ByOption, strings.TrimPrefix(group, optionPrefix)
	}
	if !slices.Contains(sorts, q.Sort) || q.Sort == store.LowCode && q.Group != store.BySKU {
		q.Sort = store.LowUrgent
	}
	columns := v["col"] // of the form
	if len(columns) == 0 && v.Get("cols") != "" {
		columns = strings.Split(v.Get("cols"), ",")
	}
	for _, key := range Figures {
		if slices.Contains(columns, key) {
			q.Columns = append(q.Columns, key)
		}
	}
	if len(q.Columns) == len(Figures) {
		q.Columns = nil
	}
	if id, err := strconv.ParseInt(v.Get("view"), 10, 64); err == nil {
		q.View = store.ViewID(id)
	}
	return q
}

// group is the grouping as it stands in an address.
func (q Query) group() string {
	if q.Group == store.ByOption {
		return optionPrefix + q.Option
	}
	return string(q.Group)
}

// values is the query without its view and place: what a saved view keeps.
func (q Query) values() url.Values {
	if q.Show == store.ShowLow {
		q.Show = ""
	}
	v := q.Filter.Values()
	for _, p := range [][2]string{{"group", q.group()}, {"sort", string(q.Sort)}, {"cols", strings.Join(q.Columns, ",")}} {
		if p[1] != "" {
			v.Set(p[0], p[1])
		}
	}
	return v
}

// Saved is the query as a saved view keeps it.
func (q Query) Saved() string { return q.values().Encode() }

// full is the query as it stands in an address, without the place.
func (q Query) full() url.Values {
	v := q.values()
	v.Set("view", strconv.FormatInt(int64(q.View), 10))
	return v
}

// Rest is the address of the same query from its start.
func (q Query) Rest() string { return "/low?" + q.full().Encode() }

// Tab is the address of the same query with another tab.
func (q Query) Tab(show string) string {
	q.Show = store.StockShow(show)
	return q.Rest()
}

// By is the address of the same query in another order.
func (q Query) By(sort store.LowSort) string {
	q.Sort = sort
	return q.Rest()
}

// Wide is the address of the same query without the finer conditions.
func (q Query) Wide() string {
	q.Filter = filter.Filter{Show: q.Show, Text: q.Text}
	return q.Rest()
}

// From is the address of the page that begins after a place.
func (q Query) From(after string) string {
	v := q.full()
	v.Set("after", after)
	return "/low?" + v.Encode()
}

// Fragment is the address of the table alone.
func (q Query) Fragment() string {
	v := q.full()
	if q.After != "" {
		v.Set("after", q.After)
	}
	return "/low/rows?" + v.Encode()
}

func (q Query) here() string {
	if q.After == "" {
		return q.Rest()
	}
	return q.From(q.After)
}

// Into is the address of the SKUs that a row sums up.
func (q Query) Into(product, value string) string {
	if q.Group == store.ByOption {
		q.Value = value
	} else {
		q.Product = product
	}
	q.Group, q.Option = store.BySKU, ""
	return q.Rest()
}

// Low is the query as the books understand it.
func (q Query) Low() store.LowQuery {
	return store.LowQuery{Filter: q.Query(), Group: q.Group, Option: q.Option, Sort: q.Sort}
}

// Shows tells whether a column is to be shown.
func (q Query) Shows(key string) bool { return q.Columns == nil || slices.Contains(q.Columns, key) }

// FileColumns are the columns of a file of what the list shows.
func (q Query) FileColumns() []string {
	return slices.DeleteFunc(report.LowColumns(q.Group), func(key string) bool { return slices.Contains(Figures, key) && !q.Shows(key) })
}

// ReadSaved reads a saved view for whoever sends it.
func ReadSaved(saved string) (store.LowQuery, []string) {
	v, err := url.ParseQuery(saved)
	if err != nil {
		v = url.Values{}
	}
	q := Read(v)
	return q.Low(), q.FileColumns()
}
