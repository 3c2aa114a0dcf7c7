package api

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"soroi/internal/stock"
	"soroi/internal/store"
)

// Product is a product of the catalogue.
type Product struct {
	Code       string     `json:"code"`
	Name       string     `json:"name"`
	Options    []string   `json:"options"`
	ArchivedAt *time.Time `json:"archived_at"`
}

// ProductItem is a product with what its SKUs come to.
type ProductItem struct {
	Product
	SKUs      int64 `json:"skus"`
	Available int64 `json:"available"`
	Out       int64 `json:"out"`
	Low       int64 `json:"low"`
}

// ProductPage is a page of products.
type ProductPage struct {
	Items      []ProductItem `json:"items"`
	NextCursor *string       `json:"next_cursor"`
}

// SKU is a SKU as the catalogue has it.
type SKU struct {
	Code       string     `json:"code"`
	Product    string     `json:"product"`
	Name       string     `json:"name"`
	Options    []string   `json:"options"`
	Codes      []SKUCode  `json:"codes"`
	Cost       int64      `json:"cost"`
	ArchivedAt *time.Time `json:"archived_at"`
}

// SKUDetail is one SKU with how its units are divided.
type SKUDetail struct {
	SKU
	// Pattern is the one in force: its own where Assigned, else the default; nil where every shop gets the same number.
	Pattern    *PatternRef    `json:"pattern"`
	Assigned   bool           `json:"assigned"`
	Exceptions []SKUException `json:"exceptions"`
}

// SKUException is the most that one shop may show of a SKU.
type SKUException struct {
	Shop ShopRef `json:"shop"`
	Most int64   `json:"most"`
}

// SKUCode is a further code of a SKU.
type SKUCode struct {
	Code string         `json:"code"`
	Kind stock.CodeKind `json:"kind"`
}

// SKUPage is a page of SKUs.
type SKUPage struct {
	Items      []SKU   `json:"items"`
	NextCursor *string `json:"next_cursor"`
}

// CatalogAnswer is what became of a batch of products or of SKUs.
type CatalogAnswer[T any] struct {
	Applied  int64              `json:"applied"`
	Repeated bool               `json:"repeated"`
	Rows     []CatalogResult[T] `json:"rows"`
}

// CatalogResult is what became of one row.
type CatalogResult[T any] struct {
	Code    string      `json:"code"`
	Applied bool        `json:"applied"`
	Before  *T          `json:"before"`
	After   *T          `json:"after"`
	Refused *RowRefusal `json:"refused"`
}

func (row CatalogResult[T]) refusal() *RowRefusal { return row.Refused }

// rowInvalidCatalog is the type of a row that the catalogue refuses.
const rowInvalidCatalog = typePrefix + "invalid-catalog"

func productOf(p store.Product) Product {
	out := Product{Code: p.Code, Name: p.Name, Options: []string{}, ArchivedAt: instant(p.ArchivedAt)}
	for _, name := range p.Options {
		if name != "" {
			out.Options = append(out.Options, name)
		}
	}
	return out
}

func skuOf(e store.SKUEntry) SKU {
	out := SKU{Code: e.Code, Product: e.Product, Name: e.Name, Options: e.Options[:], Codes: []SKUCode{}, Cost: e.Cost, ArchivedAt: instant(e.ArchivedAt)}
	for _, c := range e.Codes {
		out.Codes = append(out.Codes, SKUCode{c.Code, c.Kind})
	}
	return out
}

func (a *API) listProducts(r *request) error {
	p := r.parameters("q", "code", "archived", "limit", "cursor")
	q := store.ProductQuery{Text: p.text("q"), Codes: p.values["code"], Archived: store.ArchivedQuery(p.choice("archived", string(store.WithArchived), string(store.OnlyArchived))),
		Limit: p.number("limit", store.MostStockRows), After: p.text("cursor")}
	if len(q.Codes) > store.MostCodes {
		p.refuse("code", "At most %d codes may be asked for at once, these are %d.", store.MostCodes, len(q.Codes))
	}
	if p.err != nil {
		return p.err
	}
	page, err := a.deps.DB.ListProducts(r.ctx(), r.token.Tenant, q)
	if err != nil {
		return err
	}
	answer := ProductPage{Items: []ProductItem{}, NextCursor: cursor(page.Next)}
	for _, row := range page.Rows {
		answer.Items = append(answer.Items, ProductItem{productOf(row.Product), row.SKUs, row.Available, row.Out, row.Low})
	}
	return r.answer(http.StatusOK, answer)
}

func (a *API) loadProduct(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	code := r.r.PathValue("product")
	if !sound(code) {
		return problemOfProduct(code)
	}
	page, err := a.deps.DB.ListProducts(r.ctx(), r.token.Tenant, store.ProductQuery{Codes: []string{code}, Archived: store.WithArchived})
	if err != nil {
		return err
	}
	if len(page.Rows) == 0 {
		return problemOfProduct(code)
	}
	row := page.Rows[0]
	return r.answer(http.StatusOK, ProductItem{productOf(row.Product), row.SKUs, row.Available, row.Out, row.Low})
}

func problemOfProduct(code string) *Problem {
	return problem(unknownProduct, "No product has the code %q, exactly as written. GET /api/v1/products?q=… searches.", code)
}

func (a *API) loadSKU(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	code := r.r.PathValue("code")
	page, err := a.deps.DB.ListEntries(r.ctx(), r.token.Tenant, store.StockQuery{Codes: []string{code}, Archived: store.WithArchived})
	if err != nil {
		return err
	}
	if len(page.Entries) == 0 {
		return problemOfSKU(code)
	}
	item, err := a.deps.DB.LoadSKU(r.ctx(), r.token.Tenant, code)
	if errors.Is(err, store.ErrNotFound) {
		return problemOfSKU(code)
	}
	if err != nil {
		return err
	}
	patterns, _, err := a.deps.DB.ListPatterns(r.ctx(), r.token.Tenant)
	if err != nil {
		return err
	}
	answer := SKUDetail{SKU: skuOf(page.Entries[0]), Pattern: refOf(patterns, item.Allotment.ID), Assigned: item.Allotment.Assigned, Exceptions: []SKUException{}}
	for _, shop := range item.Shops {
		if most := item.Allotment.Most(shop.ID); most != nil {
			answer.Exceptions = append(answer.Exceptions, SKUException{ShopRef{int64(shop.ID), shop.Name}, *most})
		}
	}
	return r.answer(http.StatusOK, answer)
}

func (a *API) listSKUs(r *request) error {
	p := r.parameters("q", "code", "product", "value", "archived", "limit", "cursor")
	q := store.StockQuery{Text: p.text("q"), Codes: p.values["code"], Product: p.text("product"), Value: p.text("value"), Archived: store.ArchivedQuery(p.choice("archived", string(store.WithArchived), string(store.OnlyArchived))),
		Limit: p.number("limit", store.MostStockRows), After: p.text("cursor")}
	if len(q.Codes) > store.MostCodes {
		p.refuse("code", "At most %d codes may be asked for at once, these are %d.", store.MostCodes, len(q.Codes))
	}
	if p.err != nil {
		return p.err
	}
	page, err := a.deps.DB.ListEntries(r.ctx(), r.token.Tenant, q)
	if err != nil {
		return err
	}
	answer := SKUPage{Items: []SKU{}, NextCursor: cursor(page.Next)}
	for _, e := range page.Entries {
		answer.Items = append(answer.Items, skuOf(e))
	}
	return r.answer(http.StatusOK, answer)
}

// musts are what a row may ask of what it names.
var musts = []string{string(store.MustExist), string(store.MustBeNew)}

func (a *API) setProducts(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	key, err := r.onceKey()
	if err != nil {
		return err
	}
	edit := store.CatalogEdit{Key: key}
	partial, err := r.readMany(store.MostEdits, []string{"code"}, []string{"must", "new_code", "name", "options", "archived", "anyway"}, func(b *body, row map[string]any, at string) {
		e := store.ProductEdit{Code: b.text(row, "code", at, 1, longestCode), Must: store.Must(b.choice(row, "must", at, musts...)),
			NewCode: b.maybe(row, "new_code", at, longestCode), Name: b.maybe(row, "name", at, stock.LongestName), Archived: b.whether(row, "archived", at)}
		if list := b.options(row, at); list != nil {
			names := stock.OptionNames(*list)
			e.Options = &names
		}
		e.Anyway = b.boolean(row, "anyway", at)
		edit.Products = append(edit.Products, e)
	})
	if err != nil {
		return err
	}
	done, err := a.editCatalog(r, &edit, partial, len(edit.Products))
	if err != nil {
		return err
	}
	answer := CatalogAnswer[Product]{Repeated: done.Repeated}
	for i, result := range done.Products {
		answer.add(done.Applied, edit.Products[i].Code, made(result.Before, productOf), made(result.After, productOf), result.Refused)
	}
	return a.catalogDone(r, done, partial, answer.Applied, answer, func() error { return refusedRows(answer.Rows) })
}

func (a *API) setSKUs(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	key, err := r.onceKey()
	if err != nil {
		return err
	}
	edit := store.CatalogEdit{Key: key}
	partial, err := r.readMany(store.MostEdits, []string{"code"}, []string{"must", "product", "new_code", "name", "options", "codes", "cost", "archived", "anyway"}, func(b *body, row map[string]any, at string) {
		e := store.SKUEdit{Code: b.text(row, "code", at, 1, longestCode), Must: store.Must(b.choice(row, "must", at, musts...)), Product: b.maybe(row, "product", at, longestCode),
			NewCode: b.maybe(row, "new_code", at, longestCode), Name: b.maybe(row, "name", at, stock.LongestName), Codes: b.furtherCodes(row, at), Archived: b.whether(row, "archived", at)}
		if list := b.options(row, at); list != nil {
			values := stock.Options(*list)
			e.Options = &values
		}
		if _, there := row["cost"]; there {
			cost := b.number(row, "cost", at, 0, stock.LargestUnits)
			e.Cost = &cost
		}
		e.Anyway = b.boolean(row, "anyway", at)
		edit.SKUs = append(edit.SKUs, e)
	})
	if err != nil {
		return err
	}
	done, err := a.editCatalog(r, &edit, partial, len(edit.SKUs))
	if err != nil {
		return err
	}
	answer := CatalogAnswer[SKU]{Repeated: done.Repeated}
	for i, result := range done.SKUs {
		answer.add(done.Applied, edit.SKUs[i].Code, made(result.Before, skuOf), made(result.After, skuOf), result.Refused)
	}
	return a.catalogDone(r, done, partial, answer.Applied, answer, func() error { return refusedRows(answer.Rows) })
}

func (a *API) editCatalog(r *request, edit *store.CatalogEdit, partial bool, rows int) (store.CatalogAnswer, error) {
	edit.Partial, edit.Bulk = partial, rows > 100
	return a.deps.DB.EditCatalog(r.ctx(), r.token.Tenant, *edit)
}

// add tells what became of the next row.
func (answer *CatalogAnswer[T]) add(applied bool, code string, before, after *T, refused error) {
	row := CatalogResult[T]{Code: code, Refused: catalogRefusal(refused)}
	if row.Refused == nil && applied {
		row.Applied, row.Before, row.After = true, before, after
		answer.Applied++
	}
	answer.Rows = append(answer.Rows, row)
}

func (a *API) catalogDone(r *request, done store.CatalogAnswer, partial bool, applied int64, answer any, refused func() error) error {
	if !done.Applied && !partial {
		return refused()
	}
	if applied > 0 && !done.Repeated {
		a.deps.Changed()
	}
	return r.answer(http.StatusOK, answer)
}

// made turns what an edit gave into what the answer shows; nil stays nil.
func made[From, To any](from *From, of func(From) To) *To {
	if from == nil {
		return nil
	}
	to := of(*from)
	return &to
}

func catalogRefusal(err error) *RowRefusal {
	var wrong *stock.CatalogError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrong):
		return &RowRefusal{rowInvalidCatalog, fmt.Sprintf("The field %s: %s.", wrong.Field, wrong.Reason)}
	}
	return &RowRefusal{rowInvalidCatalog, err.Error()}
}

// DeletedAnswer tells which SKUs went.
type DeletedAnswer struct {
	Deleted []string `json:"deleted"`
	Kept    []string `json:"kept"`
}

func (a *API) deleteUnused(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	var codes []string
	_, err := r.readMany(store.MostEdits, []string{"code"}, nil, func(b *body, row map[string]any, at string) {
		codes = append(codes, b.text(row, "code", at, 1, longestCode))
	})
	if err != nil {
		return err
	}
	removed, err := a.deps.DB.DeleteUnused(r.ctx(), r.token.Tenant, codes)
	if err != nil {
		return err
	}
	answer := DeletedAnswer{Deleted: []string{}, Kept: []string{}}
	gone := make(map[string]bool, len(removed))
	for _, code := range removed {
		gone[code] = true
	}
	for _, code := range codes {
		if gone[code] {
			answer.Deleted = append(answer.Deleted, code)
		} else {
			answer.Kept = append(answer.Kept, code)
		}
	}
	return r.answer(http.StatusOK, answer)
}

// maybe is a text that may be missing: then it stays as it is.
func (b *body) maybe(row map[string]any, name, at string, most int) *string {
	if _, there := row[name]; !there {
		return nil
	}
	text := b.text(row, name, at, 0, most)
	return &text
}

// whether is a yes or no that may be missing.
func (b *body) whether(row map[string]any, name, at string) *bool {
	if _, there := row[name]; !there {
		return nil
	}
	is := b.boolean(row, name, at)
	return &is
}

// options are up to three texts in the order of the product's options; what is missing at the end is "".
func (b *body) options(row map[string]any, at string) *[stock.MostOptions]string {
	v, there := row["options"]
	if !there {
		return nil
	}
	list, ok := v.([]any)
	if !ok || len(list) > stock.MostOptions {
		b.wrong(at+"/options", "must be an array of at most %d strings, not %s.", stock.MostOptions, typeOf(v))
		return nil
	}
	var options [stock.MostOptions]string
	for i, item := range list {
		text, ok := item.(string)
		if !ok {
			b.wrong(fmt.Sprintf("%s/options/%d", at, i), "must be a string, not %s.", typeOf(item))
		}
		options[i] = text
	}
	return &options
}

// furtherCodes are all further codes of a SKU.
func (b *body) furtherCodes(row map[string]any, at string) *[]stock.SKUCode {
	v, there := row["codes"]
	if !there {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		b.wrong(at+"/codes", "must be an array, not %s.", typeOf(v))
		return nil
	}
	codes := []stock.SKUCode{}
	for i, item := range list {
		place := fmt.Sprintf("%s/codes/%d", at, i)
		if code, ok := b.object(item, place, []string{"code", "kind"}, nil); ok {
			codes = append(codes, stock.SKUCode{Code: b.text(code, "code", place, 1, longestCode), Kind: stock.CodeKind(b.choice(code, "kind", place, string(stock.JAN), string(stock.OtherCode)))})
		}
	}
	return &codes
}
