package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"soroi/internal/stock"
)

// DeleteUnused removes SKUs by their codes, and the products that are left without any, and returns the codes of those that it removed. It
// leaves every SKU of which anything is told elsewhere: one that ever moved, that a shop lists, that was ordered or that is expected. Archiving is
// for those. It is there to undo adding.
func (db *DB) DeleteUnused(ctx context.Context, tenant stock.TenantID, codes []string) (removed []string, err error) {
	codes = distinct(codes)
	for part := range slices.Chunk(codes, MostEdits) {
		err := db.Write(ctx, tenant, func(tx *Tx) error {
			gone, err := tx.deleteUnused(ctx, part)
			removed = append(removed, gone...)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("delete unused skus: %w", err)
		}
	}
	return removed, nil
}

func (tx *Tx) deleteUnused(ctx context.Context, codes []string) (removed []string, err error) {
	var skus []stock.SKUID
	var products []int64
	err = tx.queryRows(ctx, func(rows *sql.Rows) error {
		var code string
		var sku stock.SKUID
		var product int64
		err := rows.Scan(&code, &sku, &product)
		removed, skus, products = append(removed, code), append(skus, sku), append(products, product)
		return err
	}, `SELECT code, sku_id, product_id FROM sku WHERE tenant_id = $1
		AND NOT EXISTS (SELECT 1 FROM movement WHERE movement.tenant_id = sku.tenant_id AND movement.sku_id = sku.sku_id)
		AND NOT EXISTS (SELECT 1 FROM listing WHERE listing.tenant_id = sku.tenant_id AND listing.sku_id = sku.sku_id)
		AND NOT bundle AND NOT EXISTS (SELECT 1 FROM bundle_part WHERE bundle_part.tenant_id = sku.tenant_id AND bundle_part.part_id = sku.sku_id)
		AND NOT EXISTS (SELECT 1 FROM sku_day WHERE sku_day.tenant_id = sku.tenant_id AND sku_day.sku_id = sku.sku_id)
		AND NOT EXISTS (SELECT 1 FROM inbound WHERE inbound.tenant_id = sku.tenant_id AND inbound.sku_id = sku.sku_id)
		AND code IN (`, "TEXT", ")", nil, len(codes), func(args []any, i int) []any { return append(args, codes[i]) })
	if err != nil {
		return nil, err
	}
	for _, table := range []string{"sku_code", "sku_shop", "sku_plan", "sku_auto", "balance", "sku"} {
		err := tx.execRows(ctx, "DELETE FROM "+table+" WHERE tenant_id = $1 AND sku_id IN (", "BIGINT", ")", nil, len(skus),
			func(args []any, i int) []any { return append(args, int64(skus[i])) })
		if err != nil {
			return nil, err
		}
	}
	if err := tx.unindex(ctx, kindSKU, removed); err != nil {
		return nil, err
	}
	products = distinct(products)
	var emptied []string
	err = tx.queryRows(ctx, func(rows *sql.Rows) error {
		var code string
		err := rows.Scan(&code)
		emptied = append(emptied, code)
		return err
	}, `DELETE FROM product WHERE tenant_id = $1
		AND NOT EXISTS (SELECT 1 FROM sku WHERE sku.tenant_id = product.tenant_id AND sku.product_id = product.product_id) AND product_id IN (`, "BIGINT", ") RETURNING code",
		nil, len(products), func(args []any, i int) []any { return append(args, products[i]) })
	if err != nil {
		return nil, err
	}
	return removed, tx.unindex(ctx, kindProduct, emptied)
}
