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
const foldedBy = 3

// foldedAtOnce is how many rows one transaction of the refolding changes.
const foldedAtOnce = 2000

// refold makes the keys and the index of all tenants whose rows were folded by other rules. What there is goes first, and a negative number says so;
// then rows go by ids, so that it may stop and begin again anywhere. Rows that are added meanwhile bring their keys along.
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
		if err := db.refoldTenant(ctx, tenant); err != nil {
			return fmt.Errorf("fold the keys of tenant %d: %w", tenant, err)
		}
	}
	return nil
}

func (db *DB) refoldTenant(ctx context.Context, tenant stock.TenantID) error {
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		n, err := tx.changed(ctx, "UPDATE tenant SET folded = $2 WHERE tenant_id = $1 AND folded <> $2", int64(-foldedBy))
		for _, table := range []string{"search_text", "search_code", "search_word", "word_tail", "word"} {
			if err == nil && n > 0 {
				_, err = tx.exec(ctx, "DELETE FROM "+table+" WHERE tenant_id = $1")
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, step := range []func(tx *Tx, ctx context.Context, after int64) (int64, error){(*Tx).refoldCodes, (*Tx).refoldSKUs, (*Tx).refoldProducts, (*Tx).refoldListings} {
		after, more := int64(0), true
		for more {
			err := db.Write(ctx, tenant, func(tx *Tx) error {
				last, err := step(tx, ctx, after)
				more, after = last > after, max(last, after)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return db.Write(ctx, tenant, func(tx *Tx) error {
		_, err := tx.exec(ctx, "UPDATE tenant SET folded = $2 WHERE tenant_id = $1", int64(foldedBy))
		return err
	})
}

// coded is a row with a code.
type coded struct {
	id   int64
	code string
}

// codedAfter reads the next rows after an id and returns the last id, or after where there are none.
func (tx *Tx) codedAfter(ctx context.Context, query string, after int64) ([]coded, int64, error) {
	var list []coded
	last := after
	err := tx.query(ctx, func(rows *sql.Rows) error {
		var c coded
		err := rows.Scan(&c.id, &c.code)
		list, last = append(list, c), c.id
		return err
	}, query, after, foldedAtOnce)
	return list, last, err
}

func (tx *Tx) refoldProducts(ctx context.Context, after int64) (int64, error) {
	list, last, err := tx.codedAfter(ctx, "SELECT product_id, code FROM product WHERE tenant_id = $1 AND product_id > $2 ORDER BY product_id LIMIT $3", after)
	if err != nil {
		return after, err
	}
	ids := make([]stock.ProductID, len(list))
	for i, c := range list {
		ids[i] = stock.ProductID(c.id)
	}
	return last, tx.indexProducts(ctx, ids, nil)
}

func (tx *Tx) refoldSKUs(ctx context.Context, after int64) (int64, error) {
	list, last, err := tx.codedAfter(ctx, "SELECT sku_id, code FROM sku WHERE tenant_id = $1 AND sku_id > $2 ORDER BY sku_id LIMIT $3", after)
	if err != nil {
		return after, err
	}
	err = tx.execRows(ctx, "UPDATE sku SET code_key = v.column2 FROM (", "BIGINT TEXT", ") AS v WHERE sku.tenant_id = $1 AND sku.sku_id = v.column1",
		nil, len(list), func(args []any, i int) []any { return append(args, list[i].id, text.Fold(list[i].code)) })
	if err != nil {
		return after, err
	}
	ids := make([]stock.SKUID, len(list))
	for i, c := range list {
		ids[i] = stock.SKUID(c.id)
	}
	return last, tx.indexSKUs(ctx, ids, nil)
}

// refoldCodes folds the further codes of the next SKUs that have any.
func (tx *Tx) refoldCodes(ctx context.Context, after int64) (int64, error) {
	list, last, err := tx.codedAfter(ctx, `SELECT sku_id, code FROM sku_code WHERE tenant_id = $1 AND sku_id IN (
		SELECT DISTINCT sku_id FROM sku_code WHERE tenant_id = $1 AND sku_id > $2 ORDER BY sku_id LIMIT $3) ORDER BY sku_id`, after)
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
		id         int64
		code, name string
		codes      []match.Code
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
