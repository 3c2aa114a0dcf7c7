package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"soroi/internal/stock"
)

// catalogWork is a CatalogEdit on its way: everything that it touches is loaded and locked, decided in memory and then written.
type catalogWork struct {
	edit   CatalogEdit
	answer CatalogAnswer

	products map[string]*productState // by their code as it is now
	skus     map[string]*skuState
	byID     map[stock.ProductID]*productState
	ofID     map[stock.SKUID]*skuState
	held     map[stock.SKUID]int64 // units that orders hold, of SKUs that may be archived
	now      time.Time

	// What each row of the edit became; nil where it was refused.
	productOf []*productState
	skuOf     []*skuState
	left      []*productState // products from which a SKU went to another
}

type productState struct {
	before, now Product
	isNew       bool
	skus        []*skuState // all of them
}

type skuState struct {
	before, now SKUEntry
	product     *productState
	isNew       bool
}

func newCatalogWork(e CatalogEdit) *catalogWork {
	return &catalogWork{edit: e, products: make(map[string]*productState), skus: make(map[string]*skuState),
		byID: make(map[stock.ProductID]*productState), ofID: make(map[stock.SKUID]*skuState), held: make(map[stock.SKUID]int64),
		productOf: make([]*productState, len(e.Products)), skuOf: make([]*skuState, len(e.SKUs)),
		answer: CatalogAnswer{Products: make([]ProductResult, len(e.Products)), SKUs: make([]SKUResult, len(e.SKUs))}}
}

func (w *catalogWork) run(ctx context.Context, tx *Tx) error {
	w.now = instant(micros(tx.now))
	if err := w.load(ctx, tx); err != nil {
		return err
	}
	for i := range w.edit.Products {
		w.editProduct(i)
	}
	for i := range w.edit.SKUs {
		w.editSKU(i)
	}
	if !w.edit.Partial && w.answer.Refused() != nil {
		return nil
	}
	w.answer.Applied = true
	if w.edit.Dry {
		return nil
	}
	if err := w.write(ctx, tx); err != nil {
		return err
	}
	for i, p := range w.productOf {
		if p != nil {
			w.answer.Products[i].After.ID = p.now.ID
		}
	}
	for i, s := range w.skuOf {
		if s != nil {
			after := w.answer.SKUs[i].After
			after.ID, after.ProductID = s.now.ID, s.product.now.ID
		}
	}
	return nil
}

// load reads and locks the rows that the edits name, with all SKUs of the products whose SKUs they touch. Products come before SKUs, each by id,
// so that two edits wait for each other in one order.
func (w *catalogWork) load(ctx context.Context, tx *Tx) error {
	var skuCodes, productCodes []string
	for _, e := range w.edit.SKUs {
		skuCodes = append(skuCodes, e.Code)
		if e.NewCode != nil {
			skuCodes = append(skuCodes, *e.NewCode)
		}
		if e.Product != nil && *e.Product != "" {
			productCodes = append(productCodes, *e.Product)
		} else {
			productCodes = append(productCodes, e.Code)
		}
	}
	for _, e := range w.edit.Products {
		productCodes = append(productCodes, e.Code)
		if e.NewCode != nil {
			productCodes = append(productCodes, *e.NewCode)
		}
	}
	owners, err := tx.productsOfSKUs(ctx, distinct(skuCodes))
	if err != nil {
		return err
	}
	products, err := tx.lockProducts(ctx, distinct(productCodes), owners)
	if err != nil {
		return err
	}
	for _, p := range products {
		state := &productState{before: p, now: p}
		w.products[p.Code], w.byID[p.ID] = state, state
	}
	entries, err := tx.lockSKUs(ctx, products, distinct(skuCodes))
	if err != nil {
		return err
	}
	for _, e := range entries {
		s := &skuState{before: e, now: e, product: w.byID[e.ProductID]}
		if s.product == nil {
			return fmt.Errorf("sku %s changed its product meanwhile: %w", e.Code, ErrAgain)
		}
		s.product.skus = append(s.product.skus, s)
		w.skus[e.Code], w.ofID[e.ID] = s, s
	}
	return w.loadDetails(ctx, tx)
}

// loadDetails reads the further codes of the SKUs that are named, and what orders hold of those that might be archived.
func (w *catalogWork) loadDetails(ctx context.Context, tx *Tx) error {
	var named, leaving []stock.SKUID
	for _, e := range w.edit.SKUs {
		if s := w.skus[e.Code]; s != nil {
			named = append(named, s.now.ID)
			if e.Archived != nil && *e.Archived {
				leaving = append(leaving, s.now.ID)
			}
		}
	}
	for _, e := range w.edit.Products {
		if p := w.products[e.Code]; p != nil && e.Archived != nil && *e.Archived {
			for _, s := range p.skus {
				leaving = append(leaving, s.now.ID)
			}
		}
	}
	codes, err := tx.codesOf(ctx, distinct(named))
	if err != nil {
		return err
	}
	for id, list := range codes {
		w.ofID[id].before.Codes, w.ofID[id].now.Codes = list, slices.Clone(list)
	}
	leaving = distinct(leaving)
	return tx.queryRows(ctx, func(rows *sql.Rows) error {
		var sku stock.SKUID
		var units int64
		err := rows.Scan(&sku, &units)
		w.held[sku] += units
		return err
	}, "SELECT sku_id, committed FROM balance WHERE tenant_id = $1 AND committed <> 0 AND sku_id IN (", "BIGINT", ")", nil, len(leaving),
		func(args []any, i int) []any { return append(args, int64(leaving[i])) })
}

func distinct[T cmp.Ordered](list []T) []T {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// productsOfSKUs are the products of the SKUs with these codes.
func (tx *Tx) productsOfSKUs(ctx context.Context, codes []string) ([]stock.ProductID, error) {
	var ids []stock.ProductID
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		var id stock.ProductID
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, "SELECT product_id FROM sku WHERE tenant_id = $1 AND code IN (", "TEXT", ")", nil, len(codes), func(args []any, i int) []any { return append(args, codes[i]) })
	return ids, err
}

// lockProducts reads products by code and by id, and locks them in the order of their ids.
func (tx *Tx) lockProducts(ctx context.Context, codes []string, ids []stock.ProductID) ([]Product, error) {
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		var id stock.ProductID
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, "SELECT product_id FROM product WHERE tenant_id = $1 AND code IN (", "TEXT", ")", nil, len(codes), func(args []any, i int) []any { return append(args, codes[i]) })
	if err != nil {
		return nil, err
	}
	ids = distinct(ids)
	var list []Product
	return list, tx.queryRows(ctx, func(rows *sql.Rows) error {
		p, err := scanProduct(rows)
		list = append(list, p)
		return err
	}, "SELECT "+productColumns+" FROM product WHERE product.tenant_id = $1 AND product.product_id IN (", "BIGINT", ") ORDER BY product.product_id"+tx.lock(),
		nil, len(ids), func(args []any, i int) []any { return append(args, int64(ids[i])) })
}

// lockSKUs reads the SKUs of products, and those with these codes, and locks them in the order of their ids.
func (tx *Tx) lockSKUs(ctx context.Context, products []Product, codes []string) ([]SKUEntry, error) {
	var ids []stock.SKUID
	id := func(rows *sql.Rows) error {
		var id stock.SKUID
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}
	err := tx.queryRows(ctx, id, "SELECT sku_id FROM sku WHERE tenant_id = $1 AND product_id IN (", "BIGINT", ")", nil, len(products),
		func(args []any, i int) []any { return append(args, int64(products[i].ID)) })
	if err == nil {
		err = tx.queryRows(ctx, id, "SELECT sku_id FROM sku WHERE tenant_id = $1 AND code IN (", "TEXT", ")", nil, len(codes),
			func(args []any, i int) []any { return append(args, codes[i]) })
	}
	if err != nil {
		return nil, err
	}
	ids = distinct(ids)
	lock := tx.lock()
	if lock != "" {
		lock += " OF sku"
	}
	var list []SKUEntry
	return list, tx.queryRows(ctx, func(rows *sql.Rows) error {
		s, err := scanSKUEntry(rows)
		list = append(list, s)
		return err
	}, "SELECT "+skuEntryColumns+" FROM "+skuEntryFrom+" WHERE sku.tenant_id = $1 AND sku.sku_id IN (", "BIGINT", ") ORDER BY sku.sku_id"+lock,
		nil, len(ids), func(args []any, i int) []any { return append(args, int64(ids[i])) })
}

// codesOf reads the further codes of SKUs, by code.
func (tx *Tx) codesOf(ctx context.Context, skus []stock.SKUID) (map[stock.SKUID][]stock.SKUCode, error) {
	codes := make(map[stock.SKUID][]stock.SKUCode)
	return codes, tx.queryRows(ctx, func(rows *sql.Rows) error {
		var sku stock.SKUID
		var c stock.SKUCode
		err := rows.Scan(&sku, &c.Code, &c.Kind)
		codes[sku] = append(codes[sku], c)
		return err
	}, "SELECT sku_id, code, kind FROM sku_code WHERE tenant_id = $1 AND sku_id IN (", "BIGINT", ") ORDER BY sku_id, code", nil, len(skus),
		func(args []any, i int) []any { return append(args, int64(skus[i])) })
}

// lock is forUpdate in a transaction that writes; one that only reads locks nothing.
func (tx *Tx) lock() string {
	if tx.reading {
		return ""
	}
	return tx.db.dialect.forUpdate()
}

// heldBy says of a SKU that orders hold units of it, "" when they do not.
func (w *catalogWork) heldBy(s *skuState, anyway bool) error {
	if n := w.held[s.before.ID]; n != 0 && !anyway && !w.edit.Anyway && !s.isNew {
		return &stock.CatalogError{Field: "archived", Code: "claims",
			Reason: fmt.Sprintf("of %s: orders hold %d units that have not been shipped", s.now.Code, n)}
	}
	return nil
}

// sameOptions is another SKU in use of the product with the same values, nil when there is none or no value is said.
func (p *productState) sameOptions(s *skuState, o stock.Options) *skuState {
	if o.Empty() {
		return nil
	}
	for _, other := range p.skus {
		if other != s && other.now.Options == o && other.now.ArchivedAt.IsZero() {
			return other
		}
	}
	return nil
}

func quotedValues(o stock.Options) string {
	var words []string
	for _, v := range o {
		if v != "" {
			words = append(words, v)
		}
	}
	return strings.Join(words, " / ")
}
