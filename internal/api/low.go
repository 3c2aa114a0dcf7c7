package api

import (
	"net/http"

	"soroi/internal/store"
)

// Low is one line of the list of stock-outs and of what to order: a SKU, or the sums of those of a product or of a value.
type Low struct {
	Code      *string  `json:"code"` // the SKU's or the product's; nil of a value
	Name      string   `json:"name"`
	Product   *string  `json:"product"`
	Options   []string `json:"options"`
	SKUs      int64    `json:"skus"`
	Out       int64    `json:"out"`
	Level     string   `json:"level"`
	Available int64    `json:"available"`
	Secured   int64    `json:"secured"`
	Inbound   int64    `json:"inbound"`
	Reorder   *int64   `json:"reorder_point"`
	Shortfall int64    `json:"shortfall"`
	Week      int64    `json:"sold_7"`
	Month     int64    `json:"sold_30"`
	Days      *int64   `json:"days_left"` // nil for ever
}

// LowPage is a page of it.
type LowPage struct {
	Items      []Low   `json:"items"`
	SKUs       int64   `json:"skus"` // in the whole list
	Out        int64   `json:"out"`
	NextCursor *string `json:"next_cursor"`
}

// lowSorts are the orders of the list.
var lowSorts = []string{"urgency", string(store.LowShortfall), string(store.LowAvailable), string(store.LowWeek), string(store.LowMonth), string(store.LowDays), string(store.LowInbound), string(store.LowCode)}

func (a *API) listLow(r *request) error {
	p := r.parameters("q", "product", "value", "show", "secured", "group", "option", "sort", "limit", "cursor")
	q := store.LowQuery{Filter: p.filter(string(store.ShowLow), string(store.ShowOut), string(store.ShowOversold)), Option: p.text("option"), After: p.text("cursor"), Limit: p.number("limit", store.MostStockRows)}
	switch group := p.choice("group", "sku", "product", "option"); group {
	case "product", "option":
		q.Group = store.LowGroup(group)
	}
	if sort := p.choice("sort", lowSorts...); sort != "urgency" {
		q.Sort = store.LowSort(sort)
	}
	if (q.Group == store.ByOption) != (q.Option != "") {
		p.refuse("option", "option is the name of an option such as 色, and is given with group=option.")
	}
	if q.Sort == store.LowCode && q.Group != store.BySKU {
		p.refuse("sort", "Only SKUs can be sorted by code.")
	}
	if p.err != nil {
		return p.err
	}
	page, err := a.deps.DB.ListLow(r.ctx(), r.token.Tenant, q)
	if err != nil {
		return err
	}
	answer := LowPage{Items: []Low{}, SKUs: page.SKUs, Out: page.Out, NextCursor: cursor(page.Next)}
	for _, row := range page.Rows {
		out := Low{Name: row.Name, Options: []string{}, SKUs: row.SKUs, Out: row.Out, Level: levels[row.Level], Available: row.Available, Secured: row.Secured, Inbound: row.Inbound,
			Shortfall: row.Shortfall, Week: row.Week, Month: row.Month}
		if row.Code != "" {
			out.Code = &row.Code
		}
		if q.Group == store.BySKU {
			out.Product = &row.Of
			for _, value := range row.Options {
				if value != "" {
					out.Options = append(out.Options, value)
				}
			}
		}
		if row.Reorder.Set {
			out.Reorder = &row.Reorder.Units
		}
		if days, ends := row.DaysLeft(); ends {
			out.Days = &days
		}
		answer.Items = append(answer.Items, out)
	}
	return r.answer(http.StatusOK, answer)
}
