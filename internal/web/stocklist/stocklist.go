package stocklist

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"soroi/internal/channel"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/filter"
	"soroi/internal/web/ui"
)

// Screen serves the stock list.
type Screen struct {
	ui       *ui.UI
	db       *store.DB
	template *ui.Template
}

// New makes it.
func New(u *ui.UI, db *store.DB) (*Screen, error) {
	t, err := Parse(u)
	return &Screen{ui: u, db: db, template: t}, err
}

const pageRows = 100

// List is GET /stock.
func (s *Screen) List(w http.ResponseWriter, r *http.Request) error {
	page, err := s.page(r)
	if err != nil {
		return err
	}
	return s.template.Page(w, http.StatusOK, page)
}

// Rows is the table alone.
func (s *Screen) Rows(w http.ResponseWriter, r *http.Request) error {
	page, err := s.page(r)
	if err != nil {
		return err
	}
	return s.template.Fragment(w, "rows", page)
}

// query reads what a person asked for; what is no choice of ours becomes the first one.
func query(r *http.Request) Query {
	v := r.URL.Query()
	q := Query{Filter: filter.Read(v), Sort: Sort(v.Get("sort")), After: v.Get("after")}
	p := &Page{}
	if !slices.ContainsFunc(p.Sorts(), func(o Option) bool { return o.Sort == q.Sort }) {
		q.Sort = ByCode
	}
	return q
}

func (s *Screen) page(r *http.Request) (*Page, error) {
	page := &Page{Page: ui.FrameOf(r, ui.SectionStock, "在庫"), Query: query(r)}
	q := page.Query.Query()
	q.Sort, q.After, q.Limit = store.StockSort(page.Query.Sort), page.Query.After, pageRows
	list, err := s.db.ListStock(r.Context(), page.TenantID, q)
	if errors.Is(err, store.ErrPlace) {
		return nil, ui.ErrMissing
	}
	if err != nil {
		return nil, fmt.Errorf("list stock: %w", err)
	}
	total, err := s.db.CountStock(r.Context(), page.TenantID, q)
	if err != nil {
		return nil, fmt.Errorf("count stock: %w", err)
	}
	page.Total, page.More = total.N, total.More
	page.Next = list.Next
	column := make(map[channel.ShopID]int, len(list.Shops))
	now := s.ui.Now()
	for i, shop := range list.Shops {
		column[shop.ID] = i
		c := Shop{ID: int64(shop.ID), Name: shop.Name, Mode: ui.InLine}
		switch {
		case shop.Mode == store.Paused:
			c.Mode = ui.Paused
		case shop.Mode != store.Live:
			c.Mode = ui.Rehearsing
		case shop.InOutage(now):
			c.Mode = ui.Outage
		}
		page.Shops = append(page.Shops, c)
	}
	for _, item := range list.Rows {
		page.Rows = append(page.Rows, row(item, column))
	}
	return page, nil
}

func row(item store.StockRow, column map[channel.ShopID]int) Row {
	r := Row{Code: item.Code, Name: item.Name, Product: item.Product, OnHand: item.Balance.OnHand, Committed: item.Balance.Committed, Available: item.Balance.Available(),
		Secured: item.Terms.SecuredUnits(item.Balance), Cells: make([]Cell, len(column))}
	if item.Terms.Supply != stock.Stocked {
		sellable := item.Sellable()
		r.Sellable = &sellable
	}
	for i := range r.Cells {
		r.Cells[i].State = ui.NotListed
	}
	for _, l := range item.Listings {
		i, ok := column[l.Shop]
		if !ok {
			continue
		}
		cell := Cell{State: ui.State(l.State), Shown: l.Believed(), Target: l.Target, Since: l.DueSince}
		if held := r.Cells[i]; held.State != ui.NotListed {
			cell.More = held.More + 1
			if !held.State.Quieter(cell.State) {
				held.More = cell.More
				cell = held
			}
		}
		r.Cells[i] = cell
	}
	return r
}
