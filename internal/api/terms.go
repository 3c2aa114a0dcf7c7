package api

import (
	"fmt"
	"net/http"

	"soroi/internal/stock"
	"soroi/internal/store"
)

// Secured is what is kept back: one of Units and Percent.
type Secured struct {
	Units     *int64 `json:"units"`
	Percent   *int64 `json:"percent"`
	Reason    string `json:"reason"`
	ByProduct bool   `json:"by_product"`
}

// ReorderPoint is at what available to order more.
type ReorderPoint struct {
	Units     int64 `json:"units"`
	ByProduct bool  `json:"by_product"`
}

// Terms are the terms in force of a SKU, or in a batch what a SKU or a product says itself.
type Terms struct {
	Supply  stock.Supply  `json:"supply"`
	Figure  int64         `json:"figure"`
	Daily   bool          `json:"daily"`
	Secured *Secured      `json:"secured"`
	Reorder *ReorderPoint `json:"reorder_point"`
}

// SKUTerms are the terms in force of one SKU, with what they come to.
type SKUTerms struct {
	Code    string `json:"code"`
	Product string `json:"product"`
	Terms
	Available    int64    `json:"available"`
	SecuredUnits int64    `json:"secured_units"`
	Sellable     quantity `json:"sellable"`
	SoldToday    int64    `json:"sold_today"`
	Level        string   `json:"level"`
}

// TermsPage is a page of them.
type TermsPage struct {
	Items      []SKUTerms `json:"items"`
	NextCursor *string    `json:"next_cursor"`
}

// TermsAnswer is what became of a batch.
type TermsAnswer struct {
	Applied  int64         `json:"applied"`
	Repeated bool          `json:"repeated"`
	Rows     []TermsResult `json:"rows"`
}

// TermsResult is what became of one row: what the SKU or the product said itself, and says now.
type TermsResult struct {
	Code    *string     `json:"code"`
	Product *string     `json:"product"`
	Applied bool        `json:"applied"`
	Before  *Terms      `json:"before"`
	After   *Terms      `json:"after"`
	Refused *RowRefusal `json:"refused"`
}

func (row TermsResult) refusal() *RowRefusal { return row.Refused }

// The types of a refused row.
const (
	rowUnknownProduct = typePrefix + "unknown-product"
	rowInvalidTerms   = typePrefix + "invalid-terms"
)

// levels name the levels of urgency.
var levels = map[stock.Level]string{stock.LevelFine: "fine", stock.LevelLow: "low", stock.LevelOut: "out", stock.LevelOversold: "oversold"}

func termsOf(t stock.Terms, securedByProduct, reorderByProduct bool) Terms {
	out := Terms{Supply: t.Supply, Figure: t.Figure, Daily: t.Daily}
	switch n := t.Secured.N; t.Secured.As {
	case stock.InUnits:
		out.Secured = &Secured{Units: &n, Reason: t.Secured.Reason, ByProduct: securedByProduct}
	case stock.InPercent:
		out.Secured = &Secured{Percent: &n, Reason: t.Secured.Reason, ByProduct: securedByProduct}
	}
	if t.Reorder.Set {
		out.Reorder = &ReorderPoint{t.Reorder.Units, reorderByProduct}
	}
	return out
}

// filter reads the parameters by which lists of SKUs are narrowed down.
func (p *parameters) filter(shows ...string) store.StockQuery {
	return store.StockQuery{Text: p.text("q"), Product: p.text("product"), Value: p.text("value"), Show: store.StockShow(p.choice("show", shows...)),
		Supply:   stock.Supply(p.choice("supply", string(stock.Stocked), string(stock.MadeToOrder), string(stock.MadeToOrderUnlimited))),
		Secured:  store.SecuredQuery(p.choice("secured", string(store.SomeSecured), string(store.OwnSecured), string(store.NothingSecured))),
		Archived: store.ArchivedQuery(p.choice("archived", string(store.WithArchived), string(store.OnlyArchived)))}
}

// stockShows are what the list of stock can be narrowed down to.
var stockShows = []string{string(store.ShowBehind), string(store.ShowErrors), string(store.ShowLow), string(store.ShowOut), string(store.ShowOversold), string(store.ShowUnlisted)}

func (a *API) listTerms(r *request) error {
	p := r.parameters("q", "code", "product", "value", "show", "supply", "secured", "archived", "limit", "cursor")
	q := p.filter(stockShows...)
	q.Codes, q.Limit, q.After = p.values["code"], p.number("limit", store.MostStockRows), p.text("cursor")
	if len(q.Codes) > store.MostCodes {
		p.refuse("code", "At most %d codes may be asked for at once, these are %d.", store.MostCodes, len(q.Codes))
	}
	if p.err != nil {
		return p.err
	}
	page, err := a.deps.DB.ListStock(r.ctx(), r.token.Tenant, q)
	if err != nil {
		return err
	}
	answer := TermsPage{Items: []SKUTerms{}, NextCursor: cursor(page.Next)}
	for _, row := range page.Rows {
		t := SKUTerms{Code: row.Code, Product: row.Product, Terms: termsOf(row.Terms.Terms, row.Terms.SecuredByProduct, row.Terms.ReorderByProduct), Available: row.Balance.Available(),
			SecuredUnits: row.Terms.SecuredUnits(row.Balance), Sellable: quantity(row.Sellable()), SoldToday: row.Terms.SoldToday, Level: levels[stock.LevelFine]}
		if !row.Archived {
			t.Level = levels[row.Terms.Level(row.Balance)]
		}
		answer.Items = append(answer.Items, t)
	}
	return r.answer(http.StatusOK, answer)
}

// termsRow is one row of a request.
type termsRow struct {
	code, product *string
	change        stock.TermsChange
}

func (a *API) setTerms(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	key, err := r.onceKey()
	if err != nil {
		return err
	}
	var rows []termsRow
	partial, err := r.readRowsOf(nil, []string{"code", "product", "secured", "reorder_point", "supply", "figure", "daily"}, func(b *body, row map[string]any, at string) {
		rows = append(rows, b.terms(row, at))
	})
	if err != nil {
		return err
	}
	answer := TermsAnswer{Rows: make([]TermsResult, len(rows))}
	edit, fine, err := a.findTerms(r, rows, answer.Rows)
	if err != nil {
		return err
	}
	if len(fine) < len(rows) && !partial {
		return refusedRows(answer.Rows)
	}
	edit.Key, edit.Partial, edit.Bulk = key, partial, len(rows) > 100
	done, err := a.deps.DB.EditTerms(r.ctx(), r.token.Tenant, edit)
	if err != nil {
		return err
	}
	for n, i := range fine {
		result := done.Rows[n]
		if wrong := result.Refused; wrong != nil {
			answer.Rows[i].Refused = &RowRefusal{rowInvalidTerms, fmt.Sprintf("The field %s: it %s.", wrong.Field, wrong.Reason)}
			continue
		}
		if done.Applied {
			before, after := termsOf(result.Before, false, false), termsOf(result.After, false, false)
			answer.Rows[i].Applied, answer.Rows[i].Before, answer.Rows[i].After = true, &before, &after
			answer.Applied++
		}
	}
	if !done.Applied && !partial {
		return refusedRows(answer.Rows)
	}
	if answer.Repeated = done.Repeated; answer.Applied > 0 && !done.Repeated {
		a.deps.Changed()
	}
	return r.answer(http.StatusOK, answer)
}

// findTerms finds the SKUs and products that rows are about, and returns which rows the edit holds.
func (a *API) findTerms(r *request, rows []termsRow, results []TermsResult) (edit store.TermsEdit, fine []int, err error) {
	var codes, products []string
	for _, row := range rows {
		if row.code != nil {
			codes = append(codes, *row.code)
		} else if row.product != nil {
			products = append(products, *row.product)
		}
	}
	skus, err := a.deps.DB.FindSKUs(r.ctx(), r.token.Tenant, codes)
	if err != nil {
		return edit, nil, err
	}
	known, err := a.deps.DB.FindProducts(r.ctx(), r.token.Tenant, products)
	if err != nil {
		return edit, nil, err
	}
	for i, row := range rows {
		results[i].Code, results[i].Product = row.code, row.product
		switch {
		case row.code != nil && skus[*row.code] == 0:
			results[i].Refused = &RowRefusal{rowUnknownSKU, problemOfSKU(*row.code).Detail}
		case row.code != nil:
			fine, edit.Rows = append(fine, i), append(edit.Rows, store.TermsRow{SKU: skus[*row.code], Change: row.change})
		case known[*row.product] == 0:
			results[i].Refused = &RowRefusal{rowUnknownProduct, fmt.Sprintf("No product has the code %q, exactly as written.", *row.product)}
		default:
			fine, edit.Rows = append(fine, i), append(edit.Rows, store.TermsRow{Product: known[*row.product], Change: row.change})
		}
	}
	return edit, fine, nil
}

// terms reads a row of terms: those that it names are changed.
func (b *body) terms(row map[string]any, at string) termsRow {
	var t termsRow
	named := func(name string) *string {
		if _, there := row[name]; !there {
			return nil
		}
		text := b.text(row, name, at, 1, longestCode)
		return &text
	}
	if t.code, t.product = named("code"), named("product"); (t.code == nil) == (t.product == nil) {
		b.wrong(at, "must name either a SKU (code) or a product (product).")
		t.code, t.product = new(string), nil
	}
	if v, there := row["secured"]; there {
		t.change.Secured = b.secured(v, at+"/secured")
	}
	if v, there := row["reorder_point"]; there {
		t.change.Reorder = &stock.Point{}
		if v != nil {
			*t.change.Reorder = stock.PointAt(b.number(row, "reorder_point", at, 0, stock.LargestUnits))
		}
	}
	_, supply := row["supply"]
	_, figure := row["figure"]
	_, daily := row["daily"]
	if supply || figure || daily {
		if !supply {
			b.wrong(at+"/supply", "the field \"supply\" is missing; figure and daily are said with it.")
		}
		t.change.Supply = &stock.SupplyChange{Supply: stock.Supply(b.choice(row, "supply", at, string(stock.Stocked), string(stock.MadeToOrder), string(stock.MadeToOrderUnlimited))),
			Figure: b.number(row, "figure", at, 0, stock.LargestUnits), Daily: b.boolean(row, "daily", at)}
	}
	return t
}

func (b *body) secured(v any, at string) *stock.SecuredChange {
	c := &stock.SecuredChange{Mode: stock.Set}
	if v == nil {
		return c // the SKU follows its product again
	}
	object, ok := b.object(v, at, nil, []string{"mode", "units", "percent", "reason"})
	if !ok {
		return c
	}
	if mode := b.choice(object, "mode", at, string(stock.Set), string(stock.Add), string(stock.Subtract)); mode != "" {
		c.Mode = stock.Mode(mode)
	}
	_, units := object["units"]
	_, percent := object["percent"]
	switch {
	case units == percent:
		b.wrong(at, "must have either units or percent; null follows the product.")
	case units:
		c.As, c.N = stock.InUnits, b.number(object, "units", at, 0, stock.LargestUnits)
	default:
		c.As, c.N = stock.InPercent, b.number(object, "percent", at, 0, 100)
	}
	if _, there := object["reason"]; there {
		reason := b.text(object, "reason", at, 0, stock.LongestTermsReason)
		c.Reason = &reason
	}
	return c
}
