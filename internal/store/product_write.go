package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"soroi/internal/stock"
	"soroi/internal/text"
)

// write makes the books what the edits came to.
func (w *catalogWork) write(ctx context.Context, tx *Tx) error {
	var products, changed []*productState
	for _, p := range w.products {
		switch {
		case p.isNew:
			products = append(products, p)
		case p.now != p.before:
			changed = append(changed, p)
		}
	}
	var skus, edited []*skuState
	for _, s := range w.skus {
		switch {
		case s.isNew:
			skus = append(skus, s)
		case !s.now.equal(s.before):
			edited = append(edited, s)
		}
	}
	byCode := func(a, b *skuState) int { return compareText(a.now.Code, b.now.Code) }
	slices.SortFunc(products, func(a, b *productState) int { return compareText(a.now.Code, b.now.Code) })
	slices.SortFunc(changed, func(a, b *productState) int { return compareText(a.now.Code, b.now.Code) })
	slices.SortFunc(skus, byCode)
	slices.SortFunc(edited, byCode)
	err := w.writeProducts(ctx, tx, products, changed)
	if err == nil {
		err = w.writeSKUs(ctx, tx, skus, edited)
	}
	if err == nil {
		err = w.writeCodes(ctx, tx, append(slices.Clone(skus), edited...))
	}
	if err == nil && (len(skus) > 0 || slices.ContainsFunc(edited, (*skuState).foundElse)) {
		err = tx.codesChanged(ctx)
	}
	if err == nil {
		err = w.removeEmptied(ctx, tx)
	}
	if err == nil {
		err = w.index(ctx, tx)
	}
	if err == nil {
		err = w.mark(ctx, tx, skus, edited)
	}
	var conflict *ConflictError
	if errors.As(err, &conflict) {
		return fmt.Errorf("a code was taken meanwhile (%w): %w", err, ErrAgain)
	}
	return err
}

// foundElse tells whether the SKU may be found by other codes than before.
func (s *skuState) foundElse() bool {
	return s.now.Code != s.before.Code || !slices.Equal(s.now.Codes, s.before.Codes) || !s.now.ArchivedAt.Equal(s.before.ArchivedAt)
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (w *catalogWork) writeProducts(ctx context.Context, tx *Tx, fresh, changed []*productState) error {
	ids, err := tx.newIDs(ctx, len(fresh))
	if err != nil {
		return err
	}
	for i, p := range fresh {
		p.now.ID = stock.ProductID(ids[i])
	}
	err = tx.insertRows(ctx, "product (tenant_id, product_id, code, name, option1_name, option2_name, option3_name, archived_at, created_at)",
		"BIGINT TEXT TEXT TEXT TEXT TEXT BIGINT BIGINT", "", len(fresh), func(args []any, i int) []any {
			p := fresh[i].now
			return append(args, int64(p.ID), p.Code, p.Name, p.Options[0], p.Options[1], p.Options[2], micros(p.ArchivedAt), micros(tx.now))
		})
	if err != nil {
		return err
	}
	return tx.execRows(ctx, `UPDATE product SET code = v.column2, name = v.column3, option1_name = v.column4, option2_name = v.column5,
		option3_name = v.column6, archived_at = v.column7 FROM (`, "BIGINT TEXT TEXT TEXT TEXT TEXT BIGINT",
		") AS v WHERE product.tenant_id = $1 AND product.product_id = v.column1", nil, len(changed), func(args []any, i int) []any {
			p := changed[i].now
			return append(args, int64(p.ID), p.Code, p.Name, p.Options[0], p.Options[1], p.Options[2], micros(p.ArchivedAt))
		})
}

func (w *catalogWork) writeSKUs(ctx context.Context, tx *Tx, fresh, edited []*skuState) error {
	ids, err := tx.newIDs(ctx, len(fresh))
	if err != nil {
		return err
	}
	for i, s := range fresh {
		s.now.ID = stock.SKUID(ids[i])
	}
	row := func(s *skuState) []any {
		n := s.now
		return []any{int64(n.ID), int64(s.product.now.ID), n.Code, text.Fold(n.Code), n.Name, n.Options[0], n.Options[1], n.Options[2], n.Cost, micros(n.ArchivedAt)}
	}
	err = tx.insertRows(ctx, "sku (tenant_id, sku_id, product_id, code, code_key, name, option1, option2, option3, cost, archived_at, created_at)",
		"BIGINT BIGINT TEXT TEXT TEXT TEXT TEXT TEXT BIGINT BIGINT BIGINT", "", len(fresh), func(args []any, i int) []any {
			return append(append(args, row(fresh[i])...), micros(tx.now))
		})
	if err != nil {
		return err
	}
	return tx.execRows(ctx, `UPDATE sku SET product_id = v.column2, code = v.column3, code_key = v.column4, name = v.column5,
		option1 = v.column6, option2 = v.column7, option3 = v.column8, cost = v.column9, archived_at = v.column10 FROM (`, "BIGINT BIGINT TEXT TEXT TEXT TEXT TEXT TEXT BIGINT BIGINT",
		") AS v WHERE sku.tenant_id = $1 AND sku.sku_id = v.column1", nil, len(edited), func(args []any, i int) []any { return append(args, row(edited[i])...) })
}

// writeCodes makes the further codes of SKUs what they shall be.
func (w *catalogWork) writeCodes(ctx context.Context, tx *Tx, skus []*skuState) error {
	type codeRow struct {
		sku  stock.SKUID
		code stock.SKUCode
	}
	var gone, fresh []codeRow
	for _, s := range skus {
		for _, c := range s.before.Codes {
			if !slices.Contains(s.now.Codes, c) {
				gone = append(gone, codeRow{s.now.ID, c})
			}
		}
		for _, c := range s.now.Codes {
			if !slices.Contains(s.before.Codes, c) {
				fresh = append(fresh, codeRow{s.now.ID, c})
			}
		}
	}
	err := tx.execRows(ctx, "DELETE FROM sku_code WHERE tenant_id = $1 AND (sku_id, code) IN (", "BIGINT TEXT", ")", nil, len(gone),
		func(args []any, i int) []any { return append(args, int64(gone[i].sku), gone[i].code.Code) })
	if err != nil {
		return err
	}
	return tx.insertRows(ctx, "sku_code (tenant_id, sku_id, code, code_key, kind)", "BIGINT TEXT TEXT TEXT", "", len(fresh), func(args []any, i int) []any {
		c := fresh[i].code
		return append(args, int64(fresh[i].sku), c.Code, text.Fold(c.Code), string(c.Kind))
	})
}

// removeEmptied removes the products that were made for a SKU of their own (AddSKUs, EditCatalog) and lost it to another product.
func (w *catalogWork) removeEmptied(ctx context.Context, tx *Tx) error {
	var emptied []int64
	for _, p := range w.left {
		if len(p.skus) == 0 && !p.isNew && !slices.Contains(w.productOf, p) {
			emptied = append(emptied, int64(p.before.ID))
		}
	}
	var codes []string
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		var code string
		err := rows.Scan(&code)
		codes = append(codes, code)
		return err
	}, `DELETE FROM product WHERE tenant_id = $1 AND option1_name = '' AND secured_as = '' AND reorder_point IS NULL
		AND NOT EXISTS (SELECT 1 FROM sku WHERE sku.tenant_id = product.tenant_id AND sku.product_id = product.product_id)
		AND product_id IN (`, "BIGINT", ") RETURNING code", nil, len(emptied), func(args []any, i int) []any { return append(args, emptied[i]) })
	if err != nil {
		return err
	}
	return tx.unindex(ctx, kindProduct, codes)
}

// index has what searching finds follow: SKUs whose own words or codes changed, all of a product whose name or code did, and products whose words or
// values did.
func (w *catalogWork) index(ctx context.Context, tx *Tx) error {
	var skus []stock.SKUID
	var products []stock.ProductID
	oldSKU, oldProduct := make(map[stock.SKUID]string), make(map[stock.ProductID]string)
	for _, p := range w.products {
		if p.isNew || p.now.Code != p.before.Code || p.now.Name != p.before.Name {
			products = append(products, p.now.ID)
		}
		if !p.isNew && p.now.Code != p.before.Code {
			oldProduct[p.now.ID] = p.before.Code
		}
	}
	for _, s := range w.skus {
		old, now := s.product.before, s.product.now
		valued := s.isNew || s.now.Options != s.before.Options || s.product.now.ID != s.before.ProductID
		if valued {
			products = append(products, s.product.now.ID, s.before.ProductID)
		}
		if valued || s.now.Code != s.before.Code || s.now.Name != s.before.Name || !slices.Equal(s.now.Codes, s.before.Codes) || old.Code != now.Code || old.Name != now.Name {
			skus = append(skus, s.now.ID)
		}
		if !s.isNew && s.now.Code != s.before.Code {
			oldSKU[s.now.ID] = s.before.Code
		}
	}
	if err := tx.indexProducts(ctx, products, oldProduct); err != nil {
		return err
	}
	return tx.indexSKUs(ctx, skus, oldSKU)
}

// mark has those SKUs planned that are new, that came into use or left it, and that follow another product now.
func (w *catalogWork) mark(ctx context.Context, tx *Tx, fresh, edited []*skuState) error {
	var skus []stock.SKUID
	for _, s := range fresh {
		skus = append(skus, s.now.ID)
	}
	for _, s := range edited {
		if !s.now.ArchivedAt.Equal(s.before.ArchivedAt) || s.product.now.ID != s.before.ProductID {
			skus = append(skus, s.now.ID)
		}
	}
	r := rankOrder
	if w.edit.Bulk {
		r = rankBulk
	}
	return tx.markSKUs(ctx, skus, r)
}
