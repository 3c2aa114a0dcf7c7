package store

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"soroi/internal/stock"
)

func wrong(field, code, format string, args ...any) error {
	return &stock.CatalogError{Field: field, Code: code, Reason: fmt.Sprintf(format, args...)}
}

// editProduct makes one edit in memory, or refuses it and leaves everything as it is.
func (w *catalogWork) editProduct(row int) {
	e, result := w.edit.Products[row], &w.answer.Products[row]
	p := w.products[e.Code]
	if twin := slices.Index(w.productOf[:row], p); p != nil && twin >= 0 {
		// Files repeat a product on each row of its SKUs.
		if *result = w.answer.Products[twin]; reflect.DeepEqual(e, w.edit.Products[twin]) {
			w.productOf[row] = p
		} else {
			*result = ProductResult{Refused: wrong("code", "twice", "%q stands twice in the request, and not the same", e.Code)}
		}
		return
	}
	now, err := w.nextProduct(e, p)
	if err != nil {
		result.Refused = err
		return
	}
	if p == nil {
		p = &productState{isNew: true}
	} else {
		before := p.now
		result.Before = &before
	}
	w.takeProduct(p, now)
	w.productOf[row] = p
	result.After = &now
}

// nextProduct is the product as the edit wants it. It changes nothing.
func (w *catalogWork) nextProduct(e ProductEdit, p *productState) (Product, error) {
	if err := stock.CheckCode("code", e.Code); err != nil {
		return Product{}, err
	}
	var now Product
	switch {
	case p == nil && e.Must == MustExist:
		return now, wrong("code", "unknown", "%q is no product's", e.Code)
	case p != nil && e.Must == MustBeNew:
		return now, wrong("code", "exists", "%q is another product's already", e.Code)
	case p == nil:
		now = Product{Code: e.Code}
	default:
		now = p.now
	}
	if e.NewCode != nil && *e.NewCode != now.Code {
		if err := stock.CheckCode("code", *e.NewCode); err != nil {
			return now, err
		}
		if w.products[*e.NewCode] != nil {
			return now, wrong("code", "taken", "%q is another product's already", *e.NewCode)
		}
		now.Code = *e.NewCode
	}
	if e.Name != nil {
		now.Name = *e.Name
	}
	if now.Name == "" && (p == nil || e.Name != nil) {
		return now, wrong("name", "missing", "is missing")
	}
	if err := stock.CheckText("name", now.Name, stock.LongestName); err != nil {
		return now, err
	}
	if e.Options != nil {
		now.Options = *e.Options
		if err := w.checkOptions(now.Options, p); err != nil {
			return now, err
		}
	}
	return now, w.archiveProduct(e, p, &now)
}

// checkOptions refuses names that no longer cover the values which SKUs have.
func (w *catalogWork) checkOptions(names stock.OptionNames, p *productState) error {
	if err := names.Check(); err != nil {
		return err
	}
	if p == nil {
		return nil
	}
	for i, name := range names {
		for _, s := range p.skus {
			if name == "" && s.now.Options[i] != "" {
				return wrong(fmt.Sprintf("option%d_name", i+1), "in_use", "is still needed: %s has the value %q", s.now.Code, s.now.Options[i])
			}
		}
	}
	return nil
}

func (w *catalogWork) archiveProduct(e ProductEdit, p *productState, now *Product) error {
	if e.Archived == nil || *e.Archived == !now.ArchivedAt.IsZero() {
		return nil
	}
	if !*e.Archived {
		back := p.now.ArchivedAt
		now.ArchivedAt = time.Time{}
		for i, s := range p.skus {
			for _, other := range p.skus[:i] {
				if s.now.ArchivedAt.Equal(back) && other.now.ArchivedAt.Equal(back) && !s.now.Options.Empty() && s.now.Options == other.now.Options {
					return wrong("archived", "same_options", "cannot end: %s of %s is the same as of %s", quotedValues(s.now.Options), s.now.Code, other.now.Code)
				}
			}
		}
		return nil
	}
	now.ArchivedAt = w.now
	if p == nil {
		return nil
	}
	for _, s := range p.skus {
		if s.now.ArchivedAt.IsZero() {
			if err := w.heldBy(s, e.Anyway); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeProduct makes the product what it shall be, and its SKUs with it: those that are called after it, and those that come and go with it.
func (w *catalogWork) takeProduct(p *productState, now Product) {
	old := p.now
	delete(w.products, old.Code)
	p.now = now
	w.products[now.Code] = p
	for _, s := range p.skus {
		s.now.Product = now.Code
		if s.now.Name == stock.SKUName(old.Name, s.now.Options) {
			s.now.Name = stock.SKUName(now.Name, s.now.Options)
		}
		switch {
		case !now.ArchivedAt.IsZero() && s.now.ArchivedAt.IsZero():
			s.now.ArchivedAt = now.ArchivedAt
		case now.ArchivedAt.IsZero() && !old.ArchivedAt.IsZero() && s.now.ArchivedAt.Equal(old.ArchivedAt):
			s.now.ArchivedAt = time.Time{}
		}
	}
}

// editSKU makes one edit in memory, or refuses it and leaves everything as it is.
func (w *catalogWork) editSKU(row int) {
	e, result := w.edit.SKUs[row], &w.answer.SKUs[row]
	s := w.skus[e.Code]
	if s != nil && slices.Contains(w.skuOf[:row], s) {
		result.Refused = wrong("code", "twice", "%q stands twice in the request", e.Code)
		return
	}
	now, product, err := w.nextSKU(e, s)
	if err != nil {
		result.Refused = err
		return
	}
	if s == nil {
		s = &skuState{isNew: true}
	} else {
		before := s.now
		result.Before = &before
		delete(w.skus, s.now.Code)
	}
	if s.product != product {
		if s.product != nil {
			s.product.skus = slices.DeleteFunc(s.product.skus, func(other *skuState) bool { return other == s })
			w.left = append(w.left, s.product)
		}
		w.products[product.now.Code] = product
		s.product = product
		product.skus = append(product.skus, s)
	}
	s.now = now
	w.skus[now.Code] = s
	if now.ArchivedAt.IsZero() {
		product.now.ArchivedAt = time.Time{} // a product with a SKU in use is in use
	}
	w.skuOf[row] = s
	result.After = &now
}

// nextSKU is the SKU as the edit wants it, and its product. It changes nothing.
func (w *catalogWork) nextSKU(e SKUEdit, s *skuState) (SKUEntry, *productState, error) {
	var now SKUEntry
	if err := stock.CheckCode("code", e.Code); err != nil {
		return now, nil, err
	}
	switch {
	case s == nil && e.Must == MustExist:
		return now, nil, wrong("code", "unknown", "%q is no SKU's", e.Code)
	case s != nil && e.Must == MustBeNew:
		return now, nil, wrong("code", "exists", "%q is another SKU's already", e.Code)
	case s == nil:
		now = SKUEntry{Code: e.Code}
	default:
		now = s.now
	}
	if e.NewCode != nil && *e.NewCode != now.Code {
		if err := stock.CheckCode("code", *e.NewCode); err != nil {
			return now, nil, err
		}
		if w.skus[*e.NewCode] != nil {
			return now, nil, wrong("code", "taken", "%q is another SKU's already", *e.NewCode)
		}
		now.Code = *e.NewCode
	}
	product, err := w.productFor(e, s, now)
	if err != nil {
		return now, nil, err
	}
	now.ProductID, now.Product = product.now.ID, product.now.Code
	if err := w.nameSKU(e, s, product, &now); err != nil {
		return now, nil, err
	}
	if e.Codes != nil {
		if now.Codes, err = furtherCodes(*e.Codes, now.Code); err != nil {
			return now, nil, err
		}
	}
	if e.Cost != nil {
		if *e.Cost < 0 || *e.Cost > stock.LargestUnits {
			return now, nil, wrong("cost", "cost", "is %d, not from 0 to %d", *e.Cost, int64(stock.LargestUnits))
		}
		now.Cost = *e.Cost
	}
	if e.Archived != nil && *e.Archived && now.ArchivedAt.IsZero() {
		now.ArchivedAt = w.now
		if s != nil {
			if err := w.heldBy(s, e.Anyway); err != nil {
				return now, nil, err
			}
		}
	}
	if e.Archived != nil && !*e.Archived {
		now.ArchivedAt = time.Time{}
	}
	if s == nil && e.Archived == nil {
		now.ArchivedAt = product.now.ArchivedAt // what joins a product that is out of use is out of use
	}
	if now.ArchivedAt.IsZero() {
		if other := product.sameOptions(s, now.Options); other != nil {
			return now, nil, wrong("option1", "same_options", "%s is the same as of %s", quotedValues(now.Options), other.now.Code)
		}
	}
	return now, product, nil
}

// productFor is the product that the SKU shall belong to; one that is not there yet is not among w.products.
func (w *catalogWork) productFor(e SKUEdit, s *skuState, now SKUEntry) (*productState, error) {
	if s != nil && (e.Product == nil || *e.Product == "" || *e.Product == s.product.now.Code) {
		return s.product, nil
	}
	code := now.Code
	if e.Product != nil && *e.Product != "" {
		code = *e.Product
	}
	if p := w.products[code]; p != nil {
		return p, nil
	}
	if err := stock.CheckCode("product", code); err != nil {
		return nil, err
	}
	for i, other := range w.edit.Products {
		if other.Code == code && w.answer.Products[i].Refused != nil {
			return nil, wrong("product", "unknown", "%q was refused", code)
		}
	}
	name := code
	if e.Name != nil && *e.Name != "" {
		name = *e.Name
	} else if s != nil {
		name = now.Name
	}
	p := Product{Code: code, Name: name}
	return &productState{isNew: true, now: p}, nil
}

func (w *catalogWork) nameSKU(e SKUEdit, s *skuState, product *productState, now *SKUEntry) error {
	called := s == nil || now.Name == stock.SKUName(s.product.now.Name, now.Options) // after its product
	if e.Options != nil {
		now.Options = *e.Options
	}
	if e.Options != nil || s == nil || s.product != product {
		if err := now.Options.Check(product.now.Options); err != nil {
			return err
		}
	}
	switch {
	case e.Name != nil && *e.Name != "":
		now.Name = *e.Name
	case e.Name != nil || called:
		now.Name = stock.SKUName(product.now.Name, now.Options)
	}
	return stock.CheckText("name", now.Name, stock.LongestName+stock.MostOptions*(stock.LongestOption+1))
}

// furtherCodes are the codes beside a SKU's own, each once, by code.
func furtherCodes(list []stock.SKUCode, own string) ([]stock.SKUCode, error) {
	var codes []stock.SKUCode
	for _, c := range list {
		if err := c.Check(); err != nil {
			return nil, err
		}
		if c.Code != own {
			codes = append(codes, c)
		}
	}
	slices.SortFunc(codes, func(a, b stock.SKUCode) int {
		if c := strings.Compare(a.Code, b.Code); c != 0 {
			return c
		}
		return strings.Compare(string(a.Kind), string(b.Kind)) // jan before other
	})
	codes = slices.CompactFunc(codes, func(a, b stock.SKUCode) bool { return a.Code == b.Code })
	if len(codes) > stock.MostCodes {
		return nil, wrong("codes", "many", "are %d, more than %d", len(codes), stock.MostCodes)
	}
	return codes, nil
}
