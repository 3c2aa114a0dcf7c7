package store

import (
	"context"
	"database/sql"
	"fmt"

	"soroi/internal/match"
	"soroi/internal/stock"
	"soroi/internal/text"
)

// foldedBy numbers the rules of internal/text by which keys are folded. It rises when they change; every tenant's keys are then made anew
// at the next start.
const foldedBy = 2

// foldedAtOnce is how many rows one transaction of the refolding changes.
const foldedAtOnce = 2000

// refold makes the keys of all tenants whose rows were folded by other rules. It goes by ids and may stop and begin again anywhere; rows that are
// added meanwhile bring their keys along.
func (db *DB) refold(ctx context.Context) error {
	var tenants []stock.TenantID
	err := db.Read(ctx, 0, func(tx *Tx) error {
		tenants = nil
		return tx.query(ctx, func(rows *sql.Rows) error {
			var id stock.TenantID
			err := rows.Scan(&id)
			tenants = append(tenants, id)
			return err
		}, "SELECT tenant_id FROM tenant WHERE tenant_id > $1 AND folded <> $2 ORDER BY tenant_id", int64(foldedBy))
	})
	if err != nil {
		return err
	}
	for _, tenant := range tenants {
		for _, step := range []func(tx *Tx, ctx context.Context, after int64) (int64, error){(*Tx).refoldProducts, (*Tx).refoldSKUs, (*Tx).refoldCodes, (*Tx).refoldListings} {
			after, more := int64(0), true
			for more {
				err := db.Write(ctx, tenant, func(tx *Tx) error {
					last, err := step(tx, ctx, after)
					more, after = last > after, max(last, after)
					return err
				})
				if err != nil {
					return fmt.Errorf("fold the keys of tenant %d: %w", tenant, err)
				}
			}
		}
		err := db.Write(ctx, tenant, func(tx *Tx) error {
			_, err := tx.exec(ctx, "UPDATE tenant SET folded = $2 WHERE tenant_id = $1", int64(foldedBy))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// named is a row with a code and a name.
type named struct {
	id         int64
	code, name string
}

// namedAfter reads the next rows after an id and returns the last id, or after where there are none.
func (tx *Tx) namedAfter(ctx context.Context, query string, after int64) ([]named, int64, error) {
	var list []named
	last := after
	err := tx.query(ctx, func(rows *sql.Rows) error {
		var n named
		err := rows.Scan(&n.id, &n.code, &n.name)
		list, last = append(list, n), n.id
		return err
	}, query, after, foldedAtOnce)
	return list, last, err
}

func (tx *Tx) refoldProducts(ctx context.Context, after int64) (int64, error) {
	list, last, err := tx.namedAfter(ctx, "SELECT product_id, code, name FROM product WHERE tenant_id = $1 AND product_id > $2 ORDER BY product_id LIMIT $3", after)
	if err != nil {
		return after, err
	}
	return last, tx.execRows(ctx, "UPDATE product SET search_key = v.column2 FROM (", "BIGINT TEXT", ") AS v WHERE product.tenant_id = $1 AND product.product_id = v.column1",
		nil, len(list), func(args []any, i int) []any {
			return append(args, list[i].id, text.SearchKey(list[i].code, list[i].name))
		})
}

func (tx *Tx) refoldSKUs(ctx context.Context, after int64) (int64, error) {
	list, last, err := tx.namedAfter(ctx, "SELECT sku_id, code, name FROM sku WHERE tenant_id = $1 AND sku_id > $2 ORDER BY sku_id LIMIT $3", after)
	if err != nil {
		return after, err
	}
	return last, tx.execRows(ctx, "UPDATE sku SET code_key = v.column2, search_key = v.column3 FROM (", "BIGINT TEXT TEXT",
		") AS v WHERE sku.tenant_id = $1 AND sku.sku_id = v.column1", nil, len(list), func(args []any, i int) []any {
			return append(args, list[i].id, text.Fold(list[i].code), text.SearchKey(list[i].code, list[i].name))
		})
}

// refoldCodes folds the further codes of the next SKUs that have any.
func (tx *Tx) refoldCodes(ctx context.Context, after int64) (int64, error) {
	var list []named
	last := after
	err := tx.query(ctx, func(rows *sql.Rows) error {
		var n named
		err := rows.Scan(&n.id, &n.code)
		list, last = append(list, n), n.id
		return err
	}, `SELECT sku_id, code FROM sku_code WHERE tenant_id = $1 AND sku_id IN (
		SELECT DISTINCT sku_id FROM sku_code WHERE tenant_id = $1 AND sku_id > $2 ORDER BY sku_id LIMIT $3) ORDER BY sku_id`, after, foldedAtOnce)
	if err != nil {
		return after, err
	}
	return last, tx.execRows(ctx, "UPDATE sku_code SET code_key = v.column3 FROM (", "BIGINT TEXT TEXT",
		") AS v WHERE sku_code.tenant_id = $1 AND sku_code.sku_id = v.column1 AND sku_code.code = v.column2", nil, len(list), func(args []any, i int) []any {
			return append(args, list[i].id, list[i].code, text.Fold(list[i].code))
		})
}

// refoldListings folds the codes of the next listings. One from before listings had several codes gets its first until the shop tells again.
func (tx *Tx) refoldListings(ctx context.Context, after int64) (int64, error) {
	type listed struct {
		named
		codes []match.Code
	}
	var list []listed
	last := after
	err := tx.query(ctx, func(rows *sql.Rows) error {
		var l listed
		var codes string
		err := rows.Scan(&l.id, &l.code, &l.name, &codes)
		if l.codes = match.SplitCodes(codes); codes == "" {
			l.codes = codesOfLine(l.code)
		}
		list, last = append(list, l), l.id
		return err
	}, "SELECT listing_id, code, title, codes FROM listing WHERE tenant_id = $1 AND listing_id > $2 ORDER BY listing_id LIMIT $3", after, foldedAtOnce)
	if err != nil {
		return after, err
	}
	return last, tx.execRows(ctx, "UPDATE listing SET codes = v.column2, code_key = v.column3, search_key = v.column4 FROM (", "BIGINT TEXT TEXT TEXT",
		") AS v WHERE listing.tenant_id = $1 AND listing.listing_id = v.column1", nil, len(list), func(args []any, i int) []any {
			l := list[i]
			return append(args, l.id, match.JoinCodes(l.codes), text.Fold(l.code), listingKey(l.codes, l.name))
		})
}
