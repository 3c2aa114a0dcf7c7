package sku

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"soroi/internal/exchange"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// Bundle is what the SKU is put together from, and what it is a part of.
type Bundle struct {
	Is    bool
	Parts []BundlePart // everything that it comes down to
	Text  string       // the form: a part per line
	Open  bool
	In    []InBundle // bundles that it is a part of
	More  bool       // there are more of those
}

// BundlePart is one part, with how many bundles it is enough for.
type BundlePart struct {
	Code, Name string
	Units      int64
	Sellable   stock.Quantity
	Sets       stock.Quantity
	Scarcest   bool
	Archived   bool
}

// InBundle is a bundle that the SKU is a part of.
type InBundle struct {
	Code, Name string
	Units      int64 // of the SKU in one, those of bundles inside it included
	Sets       stock.Quantity
}

const bundleRows = 20

func (s *Screen) bundle(r *http.Request, page *Page) error {
	own, err := s.db.ListBundles(r.Context(), page.TenantID, store.BundleQuery{Codes: []string{page.Code}})
	if err != nil {
		return err
	}
	for _, item := range own.Items {
		page.Bundle.Is, page.Bundle.Parts = true, bundleParts(item)
		page.Bundle.Text = partsText(item)
	}
	in, err := s.db.ListBundles(r.Context(), page.TenantID, store.BundleQuery{Part: page.Code, Limit: bundleRows})
	if err != nil {
		return err
	}
	page.Bundle.More = in.Next != ""
	for _, item := range in.Items {
		row := InBundle{Code: item.Code, Name: item.Name}
		row.Sets, _ = item.Sets()
		for _, p := range item.Parts {
			if p.Code == page.Code {
				row.Units = p.Units
			}
		}
		page.Bundle.In = append(page.Bundle.In, row)
	}
	return nil
}

func bundleParts(item store.BundleItem) []BundlePart {
	_, scarcest := item.Sets()
	parts := make([]BundlePart, len(item.Parts))
	for i, p := range item.Parts {
		parts[i] = BundlePart{Code: p.Code, Name: p.Name, Units: p.Units, Sellable: p.Sellable(), Sets: p.Sets(p.Sellable()), Scarcest: i == scarcest, Archived: p.Archived}
	}
	slices.SortFunc(parts, func(a, b BundlePart) int { return strings.Compare(a.Code, b.Code) })
	return parts
}

// partsText is what the form shows of a bundle that is there.
func partsText(item store.BundleItem) string {
	var lines []string
	for _, p := range item.Direct {
		lines = append(lines, exchange.WriteParts([]exchange.PartRef{{SKU: p.Code, Units: p.Units}}))
	}
	return strings.Join(lines, "\n")
}

// SaveBundle is POST /sku/bundle: what the SKU is put together from, a part per line; nothing makes it a SKU with stock of its own.
func (s *Screen) SaveBundle(w http.ResponseWriter, r *http.Request) error {
	page, item, err := s.load(r, r.PostFormValue("code"))
	if err != nil {
		return err
	}
	page.Bundle.Text, page.Bundle.Open = strings.ReplaceAll(r.PostFormValue("parts"), "\r\n", "\n"), true
	row := store.BundleRow{SKU: item.SKU}
	refs, problem := exchange.ReadParts(page.Bundle.Text)
	if problem != nil {
		page.wrongPart(problem)
	}
	codes := make([]string, len(refs))
	for i, ref := range refs {
		codes[i] = ref.SKU
	}
	found, err := s.db.ResolveCodes(r.Context(), page.TenantID, codes)
	if err != nil {
		return err
	}
	for _, ref := range refs {
		m := found[ref.SKU]
		if !m.Found() {
			page.wrongPart(&exchange.Problem{Code: exchange.CodeUnknown, Value: ref.SKU})
		}
		row.Parts = append(row.Parts, stock.Part{SKU: m.SKU, Units: ref.Units})
	}
	if !page.Wrong.Any() {
		answer, err := s.db.EditBundles(r.Context(), page.TenantID, store.BundleEdit{Actor: page.Actor, Reason: page.T("セット商品の構成を変更"), Rows: []store.BundleRow{row}})
		if err != nil {
			return fmt.Errorf("save parts of %s: %w", page.Code, err)
		}
		if wrong := answer.Rows[0].Refused; wrong != nil {
			named, err := s.db.CodesOfSKUs(r.Context(), page.TenantID, append(wrong.Cycle, wrong.Part))
			if err != nil {
				return err
			}
			page.wrongPart(exchange.BundleProblem(wrong, named))
		}
	}
	if page.Wrong.Any() {
		return s.refuse(w, r, page)
	}
	s.engine.Changed()
	s.cookies.After(w, r, page.Address(), ui.DoneBundle)
	return nil
}

func (p *Page) wrongPart(problem *exchange.Problem) {
	lang := exchange.Language(p.Lang)
	p.Wrong["parts"] = problem.Sentence(lang) + " " + problem.Next(lang)
}
