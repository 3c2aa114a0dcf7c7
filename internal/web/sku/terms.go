package sku

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// Terms is the form of what the SKU says itself.
type Terms struct {
	Supply  string // stocked, made_to_order, daily or made_to_order_unlimited
	Figure  string
	Secured SecuredForm
	Reorder string // "" follows the product
}

// SecuredForm is a figure of secured stock as it is typed.
type SecuredForm struct {
	As     stock.SecuredAs
	N      string
	Reason string
}

// ProductTerms is the form of what the product says for SKUs that say nothing themselves.
type ProductTerms struct {
	Code    string
	Secured SecuredForm
	Reorder string
	Now     stock.Defaults
	Open    bool
}

// daily is a made-to-order figure per day.
const daily = "daily"

// Choice is one way with its name.
type Choice struct{ Value, Label string }

// Supplies are the ways in which a SKU's sellable quantity may come about.
func (p *Page) Supplies() []Choice {
	return []Choice{{string(stock.Stocked), p.T("在庫品")}, {string(stock.MadeToOrder), p.T("受注生産：決まった数")}, {daily, p.T("受注生産：1日ごとの数")},
		{string(stock.MadeToOrderUnlimited), p.T("受注生産：無制限")}}
}

// SecuredWays are the ways in which a SKU may keep units back.
func (p *Page) SecuredWays() []Choice {
	return []Choice{{string(stock.NotSaid), p.T("商品の設定（%s）", SecuredWords(p.Lang, p.Product.Now.Secured))}, {string(stock.InUnits), p.T("個")}, {string(stock.InPercent), p.T("%")}}
}

// ProductWays are the ways in which a product may.
func (p *Page) ProductWays() []Choice {
	return []Choice{{string(stock.NotSaid), p.T("なし")}, {string(stock.InUnits), p.T("個")}, {string(stock.InPercent), p.T("%")}}
}

// SecuredReasons are offered for the reason field; any other text is as good.
func (p *Page) SecuredReasons() []string { return ui.SecuredReasons(p.Lang) }

// ReorderHint is what an empty reorder point means.
func (p *Page) ReorderHint() string {
	if p.Product.Now.Reorder.Set {
		return ui.Number(p.Product.Now.Reorder.Units)
	}
	return p.T("なし")
}

// SecuredWords writes a figure of secured stock.
func SecuredWords(l ui.Lang, s stock.Secured) string {
	switch s.As {
	case stock.InUnits:
		return l.T("%s個", ui.Number(s.N))
	case stock.InPercent:
		return ui.Number(s.N) + "%"
	}
	return l.T("なし")
}

func fillTerms(page *Page, item store.SKU) {
	own := item.Terms.Own()
	page.Terms = Terms{Supply: string(own.Supply), Secured: securedForm(own.Secured), Reorder: pointForm(own.Reorder)}
	if own.Supply == stock.MadeToOrder {
		page.Terms.Figure = strconv.FormatInt(own.Figure, 10)
		if own.Daily {
			page.Terms.Supply = daily
		}
	}
	page.Product = ProductTerms{Code: item.Product, Secured: securedForm(item.Defaults.Secured), Reorder: pointForm(item.Defaults.Reorder), Now: item.Defaults}
}

func securedForm(s stock.Secured) SecuredForm {
	f := SecuredForm{As: s.As, Reason: s.Reason}
	if s.As != stock.NotSaid {
		f.N = strconv.FormatInt(s.N, 10)
	}
	return f
}

func pointForm(p stock.Point) string {
	if !p.Set {
		return ""
	}
	return strconv.FormatInt(p.Units, 10)
}

// SaveTerms is POST /sku/terms.
func (s *Screen) SaveTerms(w http.ResponseWriter, r *http.Request) error {
	page, item, err := s.load(r, r.PostFormValue("code"))
	if err != nil {
		return err
	}
	f := r.PostForm
	page.Terms = Terms{Supply: f.Get("supply"), Figure: f.Get("figure"), Secured: readSecured(r), Reorder: f.Get("reorder")}
	c := stock.TermsChange{Supply: page.supply(), Secured: page.secured(page.Terms.Secured, ""), Reorder: page.reorder(page.Terms.Reorder, "")}
	return s.saveTerms(w, r, page, "", store.TermsRow{SKU: item.SKU, Change: c})
}

// SaveProductTerms is POST /sku/product-terms: the form of the product's settings on a SKU's page.
func (s *Screen) SaveProductTerms(w http.ResponseWriter, r *http.Request) error {
	page, item, err := s.load(r, r.PostFormValue("code"))
	if err != nil {
		return err
	}
	page.Product.Secured, page.Product.Reorder, page.Product.Open = readSecured(r), r.PostForm.Get("reorder"), true
	c := stock.TermsChange{Secured: page.secured(page.Product.Secured, "product_"), Reorder: page.reorder(page.Product.Reorder, "product_")}
	ids, err := s.db.FindProducts(r.Context(), page.TenantID, []string{item.Product})
	if err != nil {
		return err
	}
	return s.saveTerms(w, r, page, "product_", store.TermsRow{Product: ids[item.Product], Change: c})
}

func (s *Screen) saveTerms(w http.ResponseWriter, r *http.Request, page *Page, prefix string, row store.TermsRow) error {
	if !page.Wrong.Any() {
		answer, err := s.db.EditTerms(r.Context(), page.TenantID, store.TermsEdit{Rows: []store.TermsRow{row}})
		if err != nil {
			return fmt.Errorf("save terms of %s: %w", page.Code, err)
		}
		if wrong := answer.Rows[0].Refused; wrong != nil {
			field := wrong.Field
			if field == "reason" {
				field = "secured_reason"
			}
			page.wrongTerm(prefix+field, wrong)
		}
	}
	if page.Wrong.Any() {
		return s.refuse(w, r, page)
	}
	s.engine.Changed()
	s.cookies.After(w, r, page.Address(), ui.DoneTerms)
	return nil
}

func readSecured(r *http.Request) SecuredForm {
	f := r.PostForm
	return SecuredForm{As: stock.SecuredAs(f.Get("secured_as")), N: f.Get("secured"), Reason: strings.TrimSpace(f.Get("secured_reason"))}
}

// wrongTerm says beside a field what is wrong with it.
func (p *Page) wrongTerm(field string, err error) {
	var wrong *stock.TermsError
	if errors.As(err, &wrong) {
		p.Wrong[field] = p.Lang.TermsSentence(wrong)
	}
}

var notANumber = &stock.TermsError{Code: "number"}

func (p *Page) supply() *stock.SupplyChange {
	c := &stock.SupplyChange{Supply: stock.Supply(p.Terms.Supply)}
	if p.Terms.Supply == daily {
		c.Supply, c.Daily = stock.MadeToOrder, true
	}
	if c.Supply != stock.MadeToOrder {
		return c
	}
	n, err := ui.ReadNumber(p.Terms.Figure)
	if err != nil {
		p.wrongTerm("figure", notANumber)
	}
	c.Figure = n
	return c
}

func (p *Page) secured(f SecuredForm, prefix string) *stock.SecuredChange {
	c := &stock.SecuredChange{Mode: stock.Set, As: f.As, Reason: &f.Reason}
	if f.As == stock.NotSaid {
		return c
	}
	n, err := ui.ReadNumber(f.N)
	if err != nil {
		p.wrongTerm(prefix+"secured", notANumber)
	}
	c.N = n
	return c
}

func (p *Page) reorder(typed, prefix string) *stock.Point {
	if strings.TrimSpace(typed) == "" {
		return &stock.Point{}
	}
	n, err := ui.ReadNumber(typed)
	if err != nil {
		p.wrongTerm(prefix+"reorder_point", notANumber)
	}
	point := stock.PointAt(n)
	return &point
}
