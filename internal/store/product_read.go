package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"soroi/internal/stock"
)

// ProductQuery asks for products, by code.
type ProductQuery struct {
	// Text is words, each of which must begin or end the product's code or that of one of its SKUs, or be in its name or in its SKUs' values. What begins
	// or ends the codes of thousands of SKUs is looked for in the products' own codes only.
	Text     string
	Codes    []string // when not nil, only these, exactly as written; at most MostCodes
	Archived ArchivedQuery
	After    string // Next of the page before; "" is the start
	Limit    int    // at most MostStockRows; 0 is 100
}

// ProductRow is a product with what its SKUs come to.
type ProductRow struct {
	Product
	SKUs      int64 // in use
	Available int64 // of those, where they are stocked
	Out, Low  int64 // how many of them are out; how many are at or below their reorder point, those that are out included
}

// ProductPage is a page of products.
type ProductPage struct {
	Rows []ProductRow
	Next string // After of the next page; "" at the end
}

// ListProducts reads a page of products.
func (db *DB) ListProducts(ctx context.Context, tenant stock.TenantID, q ProductQuery) (ProductPage, error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	q.Limit = min(q.Limit, MostStockRows)
	var page ProductPage
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		page = ProductPage{}
		s, err := tx.productSource(ctx, q)
		if err != nil {
			return err
		}
		err = tx.query(ctx, func(rows *sql.Rows) error {
			p, err := scanProduct(rows)
			page.Rows = append(page.Rows, ProductRow{Product: p})
			return err
		}, "SELECT "+productColumns+" FROM "+s.from+" WHERE "+s.where+" ORDER BY "+s.code+" LIMIT "+s.add(q.Limit+1), s.args...)
		if err != nil {
			return err
		}
		if len(page.Rows) > q.Limit {
			page.Rows = page.Rows[:q.Limit]
			page.Next = page.Rows[q.Limit-1].Code
		}
		return tx.fillProducts(ctx, page.Rows)
	})
	if err != nil {
		return ProductPage{}, fmt.Errorf("list products: %w", err)
	}
	return page, nil
}

// productSource is what a query reads from.
func (tx *Tx) productSource(ctx context.Context, q ProductQuery) (source, error) {
	found, err := tx.find(ctx, kindProduct, q.Text)
	if err != nil {
		return source{}, err
	}
	s := source{from: "product", code: "product.code"}
	add := s.add
	var where strings.Builder
	where.WriteString("product.tenant_id = $1")
	const key = " AND search_text.tenant_id = $1 AND search_text.kind = 1 AND search_text.code = product.code"
	switch {
	case found.any():
	case found.few:
		s.from = "(" + union(found.from, &s.params, " UNION ") + ") AS hit CROSS JOIN product"
		where.WriteString(" AND product.product_id = hit.id")
		if len(found.check) > 0 {
			s.from += " CROSS JOIN search_text"
			where.WriteString(key + found.keyHolds(found.check, &s.params, "product.product_id"))
		}
	case q.Codes != nil:
		s.from = "product CROSS JOIN search_text"
		where.WriteString(key + found.keyHolds(found.terms, &s.params, "product.product_id"))
	default:
		// Reading through the keys in the order of their codes finds the page soon: there are many hits.
		s.from, s.code = "search_text CROSS JOIN product", "search_text.code"
		where.WriteString(" AND search_text.tenant_id = $1 AND search_text.kind = 1 AND product.product_id = search_text.id" +
			found.keyHolds(found.terms, &s.params, "product.product_id"))
	}
	if q.After != "" {
		where.WriteString(" AND " + s.code + " > " + add(q.After))
	}
	if q.Codes != nil {
		list := []string{"NULL"}
		for _, code := range q.Codes[:min(len(q.Codes), MostCodes)] {
			list = append(list, add(code))
		}
		where.WriteString(" AND product.code IN (" + strings.Join(list, ", ") + ")")
	}
	switch q.Archived {
	case WithoutArchived:
		where.WriteString(" AND product.archived_at = 0")
	case OnlyArchived:
		where.WriteString(" AND product.archived_at > 0")
	}
	s.where = where.String()
	return s, nil
}

// fillProducts reads what the SKUs of products come to, as planning found it last.
func (tx *Tx) fillProducts(ctx context.Context, rows []ProductRow) error {
	byID := make(map[stock.ProductID]*ProductRow, len(rows))
	for i := range rows {
		byID[rows[i].ID] = &rows[i]
	}
	return tx.queryRows(ctx, func(r *sql.Rows) error {
		var id stock.ProductID
		var p ProductRow
		err := r.Scan(&id, &p.SKUs, &p.Available, &p.Out, &p.Low)
		row := byID[id]
		row.SKUs, row.Available, row.Out, row.Low = p.SKUs, p.Available, p.Out, p.Low
		return err
	}, `SELECT sku.product_id, COUNT(*), CAST(SUM(CASE WHEN sku.supply = 'stocked' THEN sku_plan.available ELSE 0 END) AS BIGINT),
		CAST(SUM(CASE WHEN sku_plan.level >= 2 THEN 1 ELSE 0 END) AS BIGINT), CAST(SUM(CASE WHEN sku_plan.level >= 1 THEN 1 ELSE 0 END) AS BIGINT)
		FROM sku JOIN sku_plan ON sku_plan.tenant_id = sku.tenant_id AND sku_plan.sku_id = sku.sku_id
		WHERE sku.tenant_id = $1 AND sku.archived_at = 0 AND sku.product_id IN (`, "BIGINT", ") GROUP BY sku.product_id", nil, len(rows),
		func(args []any, i int) []any { return append(args, int64(rows[i].ID)) })
}

// MostOfProduct bounds the SKUs of one product that are read at once.
const MostOfProduct = 2000

// ProductStock is a product with all its SKUs, out of use or not, with stock, terms and listings.
type ProductStock struct {
	Product
	SKUs  []StockRow // by code, at most MostOfProduct
	Codes map[stock.SKUID][]stock.SKUCode
	Shops []Shop // all of the tenant's, without settings, by id
	More  bool   // it has more SKUs than were read
}

// LoadProduct reads the product of a code, exactly as written, or gives ErrNotFound.
func (db *DB) LoadProduct(ctx context.Context, tenant stock.TenantID, code string) (ProductStock, error) {
	var p ProductStock
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		p = ProductStock{}
		found := false
		err := tx.query(ctx, func(rows *sql.Rows) (err error) {
			p.Product, err = scanProduct(rows)
			found = true
			return err
		}, "SELECT "+productColumns+" FROM product WHERE product.tenant_id = $1 AND product.code = $2", code)
		if err != nil {
			return err
		}
		if !found {
			return ErrNotFound
		}
		if p.Shops, err = tx.bareShops(ctx); err != nil {
			return err
		}
		var ids []stock.SKUID
		err = tx.query(ctx, func(rows *sql.Rows) error {
			var r StockRow
			err := rows.Scan(&r.SKU, &r.Code, &r.Name)
			p.SKUs, ids = append(p.SKUs, r), append(ids, r.SKU)
			return err
		}, "SELECT sku_id, code, name FROM sku WHERE tenant_id = $1 AND product_id = $2 ORDER BY code LIMIT $3", int64(p.ID), MostOfProduct+1)
		if err != nil {
			return err
		}
		if p.More = len(p.SKUs) > MostOfProduct; p.More {
			p.SKUs, ids = p.SKUs[:MostOfProduct], ids[:MostOfProduct]
		}
		if p.Codes, err = tx.codesOf(ctx, ids); err != nil {
			return err
		}
		return tx.fillStock(ctx, p.SKUs, shopsByID(p.Shops))
	})
	if err != nil {
		return ProductStock{}, fmt.Errorf("product %s: %w", code, err)
	}
	return p, nil
}

// EntryPage is a page of the catalogue's SKUs.
type EntryPage struct {
	Entries []SKUEntry
	Next    string // After of the next page; "" at the end
}

// ListEntries reads a page of SKUs as the catalogue has them, by code. A place that is not one of this list gives ErrPlace.
func (db *DB) ListEntries(ctx context.Context, tenant stock.TenantID, q StockQuery) (EntryPage, error) {
	q.Sort = SortCode
	var page EntryPage
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		page = EntryPage{}
		rows, next, err := tx.stockRows(ctx, q)
		if err != nil || len(rows) == 0 {
			return err
		}
		page.Next = next
		ids := make([]stock.SKUID, len(rows))
		for i, r := range rows {
			ids[i] = r.SKU
		}
		id := func(args []any, i int) []any { return append(args, int64(ids[i])) }
		err = tx.queryRows(ctx, func(r *sql.Rows) error {
			e, err := scanSKUEntry(r)
			page.Entries = append(page.Entries, e)
			return err
		}, "SELECT "+skuEntryColumns+" FROM "+skuEntryFrom+" WHERE sku.tenant_id = $1 AND sku.sku_id IN (", "BIGINT", ") ORDER BY sku.code", nil, len(ids), id)
		if err != nil {
			return err
		}
		codes, err := tx.codesOf(ctx, ids)
		for i := range page.Entries {
			page.Entries[i].Codes = codes[page.Entries[i].ID]
		}
		return err
	})
	if err != nil {
		return EntryPage{}, fmt.Errorf("list catalogue: %w", err)
	}
	return page, nil
}
