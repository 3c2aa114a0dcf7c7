package products

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// mostNew bounds the SKUs that are added at once.
const mostNew = 500

// template proposes how codes of new SKUs are made of the product's and the values.
func template(p store.ProductStock) string {
	text := "{product}"
	for i, name := range p.Options {
		if name != "" {
			text += "-{" + strconv.Itoa(i+1) + "}"
		}
	}
	return text
}

var separators = regexp.MustCompile(`[,、，\r\n\t]+`)

// valuesIn are the values of a field, each once.
func valuesIn(text string) []string {
	var values []string
	for _, v := range separators.Split(text, -1) {
		if v = strings.TrimSpace(v); v != "" && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	return values
}

// combinations are all SKUs that the values give and that the product does not have, with codes by the template.
func combinations(p store.ProductStock, m Matrix) (list []NewSKU, skipped int) {
	n := p.Options.Count()
	have := make(map[[3]string]bool)
	for _, sku := range p.SKUs {
		if !sku.Archived {
			have[sku.Options] = true
		}
	}
	sets := [3][]string{{""}, {""}, {""}}
	for i := range n {
		sets[i] = valuesIn(m.Values[i])
	}
	for _, a := range sets[0] {
		for _, b := range sets[1] {
			for _, c := range sets[2] {
				o := [3]string{a, b, c}
				if have[o] {
					skipped++
					continue
				}
				code := strings.NewReplacer("{product}", p.Code, "{1}", a, "{2}", b, "{3}", c).Replace(m.Template)
				list = append(list, NewSKU{Options: o, Label: strings.Join(slices.DeleteFunc([]string{a, b, c}, func(v string) bool { return v == "" }), " / "), Code: code})
			}
		}
	}
	return list, skipped
}

// AddSKUs is POST /product/skus: SKUs for all values of the options; first they are shown with their codes, then added.
func (s *Screen) AddSKUs(w http.ResponseWriter, r *http.Request) error {
	page, p, err := s.load(r, r.PostFormValue("code"), Available)
	if err != nil {
		return err
	}
	m := &page.Matrix
	m.Open, m.Template = true, strings.TrimSpace(r.PostFormValue("template"))
	for i := range m.Values {
		m.Values[i] = r.PostFormValue("values" + strconv.Itoa(i+1))
	}
	m.Look, m.Skipped = combinations(p, *m)
	switch {
	case len(m.Look) == 0 && m.Skipped > 0:
		page.Wrong["matrix"] = page.T("どの組み合わせの SKU も、もうあります。")
	case len(m.Look) == 0:
		page.Wrong["matrix"] = page.T("すべての属性に、値を1つ以上入力してください。")
	case len(m.Look) > mostNew:
		page.Wrong["matrix"] = page.T("一度に足せるのは %s SKU までです（いまは %s）。", ui.Number(mostNew), ui.Number(int64(len(m.Look))))
		m.Look = nil
	}
	making := r.PostFormValue("do") == "make"
	edit := store.CatalogEdit{Dry: !making}
	for i := range m.Look {
		if typed := r.PostForm["new."+strings.Join(m.Look[i].Options[:], "\x1f")]; making && len(typed) > 0 {
			m.Look[i].Code = strings.TrimSpace(typed[0])
		}
		options := stock.Options(m.Look[i].Options)
		edit.SKUs = append(edit.SKUs, store.SKUEdit{Code: m.Look[i].Code, Must: store.MustBeNew, Product: &p.Code, Options: &options})
	}
	if !page.Wrong.Any() {
		answer, err := s.db.EditCatalog(r.Context(), page.TenantID, edit)
		if err != nil {
			return err
		}
		for i, result := range answer.SKUs {
			var refused *stock.CatalogError
			if errors.As(result.Refused, &refused) {
				m.Look[i].Wrong = page.Lang.CatalogSentence(refused)
				page.Wrong["matrix"] = page.T("登録できないコードがあります。直してから登録してください。")
			}
		}
	}
	if !making || page.Wrong.Any() {
		page.lay(p)
		status := http.StatusOK
		if page.Wrong.Any() {
			status = http.StatusUnprocessableEntity
		}
		return s.views.Product.Page(w, status, page)
	}
	s.engine.Changed()
	s.cookies.After(w, r, Address(p.Code), ui.DoneProduct)
	return nil
}

// Name is the field of a new SKU's code.
func (n NewSKU) Name() string { return "new." + strings.Join(n.Options[:], "\x1f") }
