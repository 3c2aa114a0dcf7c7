package products

import (
	"errors"
	"net/http"
	"strings"

	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

func readEntry(r *http.Request) Entry {
	e := Entry{Code: strings.TrimSpace(r.PostFormValue("new_code")), Name: strings.TrimSpace(r.PostFormValue("name")), Open: true}
	for i := range e.Options {
		e.Options[i] = strings.TrimSpace(r.PostFormValue("option" + string(rune('1'+i)) + "_name"))
	}
	return e
}

// NewForm is GET /products/new.
func (s *Screen) NewForm(w http.ResponseWriter, r *http.Request) error {
	page := &New{Page: ui.FrameOf(r, ui.SectionProducts, "商品を登録する"), Wrong: ui.FieldErrors{}}
	page.Entry.Options = [3]string{page.T("カラー"), page.T("サイズ"), ""}
	return s.views.New.Page(w, http.StatusOK, page)
}

// Add is POST /products/new. A product without options gets its one SKU at once, with the product's code.
func (s *Screen) Add(w http.ResponseWriter, r *http.Request) error {
	page := &New{Page: ui.FrameOf(r, ui.SectionProducts, "商品を登録する"), Entry: readEntry(r), Wrong: ui.FieldErrors{}}
	e := page.Entry
	options := stock.OptionNames(e.Options)
	edit := store.CatalogEdit{Products: []store.ProductEdit{{Code: e.Code, Must: store.MustBeNew, Name: &e.Name, Options: &options}}}
	if options.Count() == 0 {
		edit.SKUs = []store.SKUEdit{{Code: e.Code, Must: store.MustBeNew, Product: &e.Code}}
	}
	answer, err := s.db.EditCatalog(r.Context(), page.TenantID, edit)
	if err != nil {
		return err
	}
	if refused := answer.Refused(); refused != nil && !catalogWrong(page.Lang, page.Wrong, refused) {
		return errors.Join(errNothing, refused)
	}
	if page.Wrong.Any() {
		return s.views.New.Page(w, http.StatusUnprocessableEntity, page)
	}
	s.engine.Changed()
	s.cookies.After(w, r, Address(e.Code), ui.DoneProduct)
	return nil
}

// Save is POST /product/edit: what the product is called, or that it goes out of use or comes back.
func (s *Screen) Save(w http.ResponseWriter, r *http.Request) error {
	page, p, err := s.load(r, r.PostFormValue("code"), Available)
	if err != nil {
		return err
	}
	edit := store.ProductEdit{Code: p.Code, Must: store.MustExist}
	code := p.Code
	done := ui.DoneProduct
	if archive := r.PostFormValue("archive"); archive != "" {
		out := archive == "1"
		edit.Archived = &out
		if done = ui.DoneRestored; out {
			done = ui.DoneArchived
		}
	} else {
		page.Entry = readEntry(r)
		options := stock.OptionNames(page.Entry.Options)
		edit.NewCode, edit.Name, edit.Options = &page.Entry.Code, &page.Entry.Name, &options
		code = page.Entry.Code
	}
	answer, err := s.db.EditCatalog(r.Context(), page.TenantID, store.CatalogEdit{Products: []store.ProductEdit{edit}, Anyway: r.PostFormValue("anyway") != ""})
	if err != nil {
		return err
	}
	if refused := answer.Refused(); refused != nil && !catalogWrong(page.Lang, page.Wrong, refused) {
		return errors.Join(errNothing, refused)
	}
	if page.Wrong.Any() {
		page.Entry.Open = true
		page.lay(p)
		return s.views.Product.Page(w, http.StatusUnprocessableEntity, page)
	}
	s.engine.Changed()
	s.cookies.After(w, r, Address(code), done)
	return nil
}

// EditSKU is GET /product/sku: the form of what one SKU is called.
func (s *Screen) EditSKU(w http.ResponseWriter, r *http.Request) error {
	page, err := s.loadSKU(r, r.URL.Query().Get("code"))
	if err != nil {
		return err
	}
	return s.views.SKU.Page(w, http.StatusOK, page)
}

func (s *Screen) loadSKU(r *http.Request, code string) (*SKU, error) {
	page := &SKU{Page: ui.FrameOf(r, ui.SectionProducts, "SKU の登録内容"), Wrong: ui.FieldErrors{}}
	list, err := s.db.ListEntries(r.Context(), page.TenantID, store.StockQuery{Codes: []string{code}, Archived: store.WithArchived})
	if err != nil {
		return nil, err
	}
	if len(list.Entries) == 0 {
		return nil, ui.ErrMissing
	}
	e := list.Entries[0]
	products, err := s.db.ListProducts(r.Context(), page.TenantID, store.ProductQuery{Codes: []string{e.Product}, Archived: store.WithArchived})
	if err != nil {
		return nil, err
	}
	page.Code, page.Product, page.Archived = e.Code, e.Product, !e.ArchivedAt.IsZero()
	page.Names = products.Rows[0].Options
	page.Form = SKUForm{Code: e.Code, Name: e.Name, Product: e.Product, Options: e.Options}
	var jans, others []string
	for _, c := range e.Codes {
		if c.Kind == stock.JAN {
			jans = append(jans, c.Code)
		} else {
			others = append(others, c.Code)
		}
	}
	page.Form.JANs, page.Form.Codes = strings.Join(jans, "\n"), strings.Join(others, "\n")
	return page, nil
}

// SaveSKU is POST /product/sku.
func (s *Screen) SaveSKU(w http.ResponseWriter, r *http.Request) error {
	page, err := s.loadSKU(r, r.PostFormValue("code"))
	if err != nil {
		return err
	}
	edit := store.SKUEdit{Code: page.Code, Must: store.MustExist}
	code, done := page.Code, ui.DoneProduct
	switch archive := r.PostFormValue("archive"); archive {
	case "":
		f := SKUForm{Code: strings.TrimSpace(r.PostFormValue("new_code")), Name: strings.TrimSpace(r.PostFormValue("name")), Product: strings.TrimSpace(r.PostFormValue("product")),
			JANs: r.PostFormValue("jans"), Codes: r.PostFormValue("codes")}
		for i := range f.Options {
			f.Options[i] = strings.TrimSpace(r.PostFormValue("option" + string(rune('1'+i))))
		}
		page.Form = f
		options := stock.Options(f.Options)
		codes := append(codesIn(f.JANs, stock.JAN), codesIn(f.Codes, stock.OtherCode)...)
		edit.NewCode, edit.Name, edit.Product, edit.Options, edit.Codes = &f.Code, &f.Name, &f.Product, &options, &codes
		code = f.Code
	case "delete":
		removed, err := s.db.DeleteUnused(r.Context(), page.TenantID, []string{page.Code})
		if err != nil {
			return err
		}
		if len(removed) == 0 {
			page.Wrong["archived"] = page.T("この SKU は使われたことがあるので、削除できません。取扱終了にしてください。")
			return s.views.SKU.Page(w, http.StatusUnprocessableEntity, page)
		}
		s.cookies.After(w, r, "/products", ui.DoneDeleted)
		return nil
	default:
		out := archive == "1"
		edit.Archived = &out
		if done = ui.DoneRestored; out {
			done = ui.DoneArchived
		}
	}
	answer, err := s.db.EditCatalog(r.Context(), page.TenantID, store.CatalogEdit{SKUs: []store.SKUEdit{edit}, Anyway: r.PostFormValue("anyway") != ""})
	if err != nil {
		return err
	}
	if refused := answer.Refused(); refused != nil && !catalogWrong(page.Lang, page.Wrong, refused) {
		return errors.Join(errNothing, refused)
	}
	if page.Wrong.Any() {
		return s.views.SKU.Page(w, http.StatusUnprocessableEntity, page)
	}
	s.engine.Changed()
	s.cookies.After(w, r, "/sku?code="+escape(code), done)
	return nil
}

// codesIn are the codes of a field, one per line.
func codesIn(text string, kind stock.CodeKind) []stock.SKUCode {
	codes := []stock.SKUCode{}
	for line := range strings.Lines(text) {
		if code := strings.TrimSpace(line); code != "" {
			codes = append(codes, stock.SKUCode{Code: code, Kind: kind})
		}
	}
	return codes
}
