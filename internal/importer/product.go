package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"soroi/internal/exchange"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// catalogRow is what one row asks of the catalogue: of a product, of a SKU, of its way of supply; or, to undo an addition, that a SKU goes.
type catalogRow struct {
	Product *store.ProductEdit  `json:",omitempty"`
	SKU     *store.SKUEdit      `json:",omitempty"`
	Supply  *stock.SupplyChange `json:",omitempty"`
	Delete  string              `json:",omitempty"`
}

// editCatalog makes the edits of rows. Making them again changes nothing, so it needs no key; what leads back is kept before (prepareCatalog).
func (s *Service) editCatalog(ctx context.Context, tenant stock.TenantID, requests []request, dry bool) ([]outcome, error) {
	var e store.CatalogEdit
	var gone []string
	list := make([]outcome, len(requests))
	productAt, skuAt := make([]int, len(requests)), make([]int, len(requests))
	said := make(map[string]int) // where a product's edit stands in e
	for i, r := range requests {
		productAt[i], skuAt[i] = -1, -1
		if p := r.Catalog.Product; p != nil {
			at, there := said[p.Code]
			switch {
			case !there:
				said[p.Code], productAt[i] = len(e.Products), len(e.Products)
				e.Products = append(e.Products, *p)
			case !reflect.DeepEqual(e.Products[at], *p): // each row of a product's SKUs says the same about it
				list[i].refuse(&stock.CatalogError{Field: "product", Code: "twice", Reason: "is said otherwise in a row before"})
				continue
			}
		}
		if k := r.Catalog.SKU; k != nil {
			skuAt[i] = len(e.SKUs)
			e.SKUs = append(e.SKUs, *k)
		}
		if code := r.Catalog.Delete; code != "" {
			gone = append(gone, code)
		}
	}
	e.Partial, e.Dry, e.Bulk = dry, dry, true
	if len(e.Products)+len(e.SKUs) > 0 {
		answer, err := s.db.EditCatalog(ctx, tenant, e)
		if err != nil {
			return nil, err
		}
		for i := range requests {
			back := &catalogRow{}
			if at := productAt[i]; at >= 0 {
				list[i].takeProduct(answer.Products[at], back)
			}
			if at := skuAt[i]; at >= 0 {
				list[i].takeSKU(answer.SKUs[at], back)
			}
			list[i].undo = request{Catalog: back}
		}
		if err := s.editSupply(ctx, tenant, requests, answer, skuAt, list, dry); err != nil {
			return nil, err
		}
	}
	if len(gone) > 0 && !dry {
		if _, err := s.db.DeleteUnused(ctx, tenant, gone); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (o *outcome) takeProduct(r store.ProductResult, back *catalogRow) {
	o.refuse(r.Refused)
	if undo, ok := r.Undo(); ok {
		back.Product = &undo
	}
	o.changed = o.changed || r.Changed()
	switch {
	case r.Before == nil && r.After != nil:
		o.words = "– → " + r.After.Name
	case r.Changed() && r.Before.Name != r.After.Name:
		o.words = r.Before.Name + " → " + r.After.Name
	}
}

func (o *outcome) takeSKU(r store.SKUResult, back *catalogRow) {
	o.refuse(r.Refused)
	if undo, ok := r.Undo(); ok {
		back.SKU = &undo
	}
	if r.Before == nil && r.After != nil {
		back.Delete = r.After.Code
	}
	o.changed = o.changed || r.Changed()
	switch {
	case r.Before == nil && r.After != nil:
		o.words = "– → " + r.After.Code + " " + r.After.Name
	case r.Changed():
		o.words = r.Before.Name + " → " + r.After.Name
	}
}

// catalogWords are why the catalogue refuses a row, by stock.CatalogError's codes.
var catalogWords = map[string]string{
	"missing": "名前がない", "long": "長すぎる", "control": "使えない文字がある", "space": "前後に空白がある", "jan_digits": "JANコードの桁数が違う", "jan_check": "JANコードの検査数字が違う",
	"kind": "コードの種類が違う", "many": "コードが多すぎる", "gap": "属性名が抜けている", "same": "属性名が重なっている", "no_option": "商品にない属性の値がある", "taken": "コードがほかで使われている",
	"same_options": "同じ属性の SKU がある", "claims": "受注が引き当てている", "unknown": "見つからない", "exists": "すでにある", "twice": "ファイルに2回ある", "in_use": "使われている", "cost": "原価が使えない数",
}

func (o *outcome) refuse(err error) {
	if err == nil {
		return
	}
	o.refused, o.hint = exchange.CatalogRule, err.Error()
	var wrong *stock.CatalogError
	if errors.As(err, &wrong) {
		o.hint = catalogWords[wrong.Code] + ": " + wrong.Error()
	}
}

// editSupply changes the ways of supply of SKUs that are there.
func (s *Service) editSupply(ctx context.Context, tenant stock.TenantID, requests []request, answer store.CatalogAnswer, skuAt []int, list []outcome, dry bool) error {
	e := store.TermsEdit{Partial: dry, Dry: dry, Bulk: true}
	var at []int
	for i, r := range requests {
		if r.Catalog.Supply == nil || skuAt[i] < 0 || list[i].refused != "" {
			continue
		}
		entry := answer.SKUs[skuAt[i]].Before
		if !dry || entry == nil {
			entry = answer.SKUs[skuAt[i]].After
		}
		if entry == nil || dry && answer.SKUs[skuAt[i]].Before == nil {
			continue // it is not there yet; its supply comes with it
		}
		e.Rows = append(e.Rows, store.TermsRow{SKU: entry.ID, Change: stock.TermsChange{Supply: r.Catalog.Supply}})
		at = append(at, i)
	}
	if len(e.Rows) == 0 {
		return nil
	}
	terms, err := s.db.EditTerms(ctx, tenant, e)
	if err != nil {
		return err
	}
	for n, row := range terms.Rows {
		o := &list[at[n]]
		if row.Refused != nil {
			o.refused, o.hint = exchange.CatalogRule, row.Refused.Error()
			continue
		}
		if !row.Changed() {
			continue
		}
		o.changed = true
		o.undo.Catalog.Supply = row.Undo().Supply
		if o.undo.Catalog.SKU == nil && o.undo.Catalog.Delete == "" {
			o.undo.Catalog.SKU = &store.SKUEdit{Code: requests[at[n]].Catalog.SKU.Code, Must: store.MustExist}
		}
		if o.words == "" {
			o.words = fmt.Sprintf("%s → %s", row.Before.Supply, row.After.Supply)
		}
	}
	return nil
}

// prepareCatalog keeps what leads back from edits of the catalogue before they are made: made twice, they no longer tell.
func (s *Service) prepareCatalog(ctx context.Context, w *work, forward []request) error {
	if forward[0].Catalog == nil {
		return nil
	}
	for _, row := range w.rows {
		if row.Undo != "" {
			return nil
		}
	}
	would, err := s.carryOut(ctx, w.tenant, "", w.job.Actor, forward, true)
	if err != nil {
		return err
	}
	for i, o := range would {
		if !o.changed {
			continue
		}
		undo, err := json.Marshal(o.undo)
		if err != nil {
			return err
		}
		w.rows[i].Undo, w.rows[i].State = string(undo), "staged"
	}
	return s.db.RecordImport(ctx, w.tenant, w.job.ID, s.holder, holdFor, w.rows)
}

// beginProduct looks at rows of products and SKUs. What the file does not say stays as it is.
func beginProduct(ctx context.Context, c *Check) (looker[exchange.ProductRow], error) {
	seen := make(map[string]bool)
	return func(ctx context.Context, rows *exchange.Rows[exchange.ProductRow], part []exchange.Row[exchange.ProductRow]) ([]staged, error) {
		is, products, err := c.service.catalogNow(ctx, c.tenant, part)
		if err != nil {
			return nil, err
		}
		list := make([]staged, len(part))
		requests := make([]request, len(part))
		for i := range part {
			v := part[i].Value
			list[i].row = store.ImportRow{Line: int64(part[i].Line), Label: v.SKU}
			if v.SKU == "" {
				list[i].row.Label = v.Product
			}
			requests[i] = request{Catalog: catalogRequest(v, is[v.SKU], products[v.Product])}
		}
		return list, stageRequests(ctx, c, rows, part, list, requests, seen, func(r request) string {
			if k := r.Catalog.SKU; k != nil {
				return "sku " + k.Code
			}
			return "product " + r.Catalog.Product.Code
		}, "code")
	}, nil
}

// catalogNow reads the SKUs and products that rows name, as they are: an edit that changes nothing tells.
func (s *Service) catalogNow(ctx context.Context, tenant stock.TenantID, part []exchange.Row[exchange.ProductRow]) (map[string]*store.SKUEntry, map[string]*store.Product, error) {
	e := store.CatalogEdit{Partial: true, Dry: true}
	skus, products := make(map[string]*store.SKUEntry), make(map[string]*store.Product)
	for _, row := range part {
		if _, asked := skus[row.Value.SKU]; !asked && row.Value.SKU != "" {
			skus[row.Value.SKU] = nil
			e.SKUs = append(e.SKUs, store.SKUEdit{Code: row.Value.SKU, Must: store.MustExist})
		}
		if _, asked := products[row.Value.Product]; !asked && row.Value.Product != "" {
			products[row.Value.Product] = nil
			e.Products = append(e.Products, store.ProductEdit{Code: row.Value.Product, Must: store.MustExist})
		}
	}
	answer, err := s.db.EditCatalog(ctx, tenant, e)
	if err != nil {
		return nil, nil, err
	}
	for i, r := range answer.SKUs {
		skus[e.SKUs[i].Code] = r.Before
	}
	for i, r := range answer.Products {
		products[e.Products[i].Code] = r.Before
	}
	return skus, products, nil
}

// catalogRequest is what a row asks for, given the SKU and the product as they are; nil where they are not there.
func catalogRequest(v exchange.ProductRow, sku *store.SKUEntry, product *store.Product) *catalogRow {
	r := &catalogRow{}
	names := stock.OptionNames{}
	if product != nil {
		names = product.Options
	}
	named := false
	for i, name := range v.OptionNames {
		if name.Given {
			names[i], named = name.Value, true
		}
	}
	if v.Product != "" && (v.ProductName.Given || named || v.SKU == "") {
		r.Product = &store.ProductEdit{Code: v.Product}
		if v.ProductName.Given {
			r.Product.Name = &v.ProductName.Value
		}
		if named {
			r.Product.Options = &names
		}
	}
	if v.SKU == "" {
		if v.Archived.Given {
			r.Product.Archived = &v.Archived.Value
		}
		return r
	}
	r.SKU = &store.SKUEdit{Code: v.SKU}
	if v.Product != "" {
		r.SKU.Product = &v.Product
	}
	if v.Name.Given {
		r.SKU.Name = &v.Name.Value
	}
	if v.Cost.Given {
		r.SKU.Cost = &v.Cost.Value
	}
	if v.Archived.Given {
		r.SKU.Archived = &v.Archived.Value
	}
	values := stock.Options{}
	var codes []stock.SKUCode
	if sku != nil {
		values, codes = sku.Options, sku.Codes
	}
	valued := false
	for i, value := range v.Options {
		if value.Given {
			values[i], valued = value.Value, true
		}
	}
	if valued {
		r.SKU.Options = &values
	}
	if list, given := skuCodes(v, codes); given {
		r.SKU.Codes = &list
	}
	if v.Supply.Given {
		r.Supply = &stock.SupplyChange{Supply: v.Supply.Value, Figure: v.Figure.Value, Daily: v.Daily}
	}
	return r
}

// skuCodes are the further codes after a row that says some kinds of them.
func skuCodes(v exchange.ProductRow, now []stock.SKUCode) (list []stock.SKUCode, given bool) {
	for _, kind := range []struct {
		kind stock.CodeKind
		says exchange.Maybe[[]string]
	}{{stock.JAN, v.JANs}, {stock.OtherCode, v.Codes}} {
		given = given || kind.says.Given
		for _, c := range now {
			if c.Kind == kind.kind && !kind.says.Given {
				list = append(list, c)
			}
		}
		for _, code := range kind.says.Value {
			list = append(list, stock.SKUCode{Code: code, Kind: kind.kind})
		}
	}
	return list, given
}
