package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"soroi/internal/stock"
)

// BundleItem is one bundle with its parts.
type BundleItem struct {
	SKU      stock.SKUID
	Code     string
	Name     string
	Archived bool
	Direct   []NamedPart // what the merchant says, by code
	*Bundle              // what it comes down to, with figures
}

// NamedPart is a part with its SKU's names.
type NamedPart struct {
	stock.Part
	Code, Name string
}

// BundleQuery says which bundles are listed, by code.
type BundleQuery struct {
	Codes []string // only these, exactly as written; nil is all
	Part  string   // only those that come down to the SKU of this code, or have it as a part; "" is all
	After string   // Next of the page before; "" is the first
	Limit int      // at most MostStockRows; 0 is 100
}

// BundlePage is a page of bundles.
type BundlePage struct {
	Items []BundleItem
	Next  string // After of the next page; "" at the end
}

// ListBundles reads a page of bundles, by code.
func (db *DB) ListBundles(ctx context.Context, tenant stock.TenantID, q BundleQuery) (BundlePage, error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	q.Limit = min(q.Limit, MostStockRows)
	var page BundlePage
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		page = BundlePage{}
		where, args := "", []any{q.After, q.Limit + 1}
		if q.Part != "" {
			args = append(args, q.Part)
			part := "(SELECT part.sku_id FROM sku AS part WHERE part.tenant_id = $1 AND part.code = $" + strconv.Itoa(len(args)+1) + ")"
			where = " AND sku_id IN (SELECT bundle_id FROM bundle_leaf WHERE tenant_id = $1 AND leaf_id IN " + part +
				" UNION SELECT bundle_id FROM bundle_part WHERE tenant_id = $1 AND part_id IN " + part + ")"
		}
		add := func(rows *sql.Rows) error {
			var item BundleItem
			err := rows.Scan(&item.SKU, &item.Code, &item.Name, &item.Archived)
			page.Items = append(page.Items, item)
			return err
		}
		const columns = "SELECT sku_id, code, name, archived_at > 0 FROM sku WHERE tenant_id = $1 AND bundle AND code > $2"
		var err error
		if q.Codes != nil {
			err = tx.queryRows(ctx, add, columns+where+" AND code IN (", "TEXT", ") ORDER BY code LIMIT $3", args, len(q.Codes), func(args []any, i int) []any { return append(args, q.Codes[i]) })
		} else {
			err = tx.query(ctx, add, columns+where+" ORDER BY code LIMIT $3", args...)
		}
		if err != nil {
			return err
		}
		if len(page.Items) > q.Limit {
			page.Items = page.Items[:q.Limit]
			page.Next = page.Items[q.Limit-1].Code
		}
		return tx.fillBundles(ctx, page.Items)
	})
	if err != nil {
		return BundlePage{}, fmt.Errorf("list bundles: %w", err)
	}
	return page, nil
}

// fillBundles reads the parts of bundles.
func (tx *Tx) fillBundles(ctx context.Context, items []BundleItem) error {
	skus := make([]stock.SKUID, len(items))
	byID := make(map[stock.SKUID]*BundleItem, len(items))
	for i := range items {
		skus[i] = items[i].SKU
		byID[skus[i]] = &items[i]
	}
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		var bundle stock.SKUID
		var p NamedPart
		err := rows.Scan(&bundle, &p.SKU, &p.Units, &p.Code, &p.Name)
		byID[bundle].Direct = append(byID[bundle].Direct, p)
		return err
	}, `SELECT bundle_part.bundle_id, bundle_part.part_id, bundle_part.units, part.code, part.name FROM bundle_part
		JOIN sku AS part ON part.tenant_id = bundle_part.tenant_id AND part.sku_id = bundle_part.part_id
		WHERE bundle_part.tenant_id = $1 AND bundle_part.bundle_id IN (`, "BIGINT", ") ORDER BY part.code", nil, len(skus),
		func(args []any, i int) []any { return append(args, int64(skus[i])) })
	if err != nil {
		return err
	}
	today, err := tx.today(ctx)
	if err != nil {
		return err
	}
	patterns, err := tx.allotments(ctx)
	if err != nil {
		return err
	}
	bundles, err := tx.bundlesOf(ctx, today, patterns, skus)
	for i := range items {
		items[i].Bundle = bundles[items[i].SKU]
	}
	return err
}
