package store

import (
	"context"
	"database/sql"
	"fmt"

	"soroi/internal/stock"
)

// sweep has SKUs planned anew, in pieces: those of a pattern, or with 0 those that have none. One transaction that marked a million SKUs would keep
// every order waiting; pieces of bulk rank do not. A sweep survives a crash; planners of several processes share it.
func (tx *Tx) sweep(ctx context.Context, pattern PatternID) error {
	id, err := tx.newID(ctx)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, "INSERT INTO sweep (tenant_id, sweep_id, pattern_id, after_sku_id, created_at) VALUES ($1, $2, $3, 0, $4)",
		id, nullable(int64(pattern)), micros(tx.now))
	return err
}

// sweepPattern sweeps everything that follows the pattern: its own SKUs, and those without one when it is the default.
func (tx *Tx) sweepPattern(ctx context.Context, id PatternID) error {
	if err := tx.sweep(ctx, id); err != nil {
		return err
	}
	standard, err := tx.lockDefaultPattern(ctx)
	if err != nil || standard != id {
		return err
	}
	return tx.sweep(ctx, 0)
}

// Sweep marks up to limit SKUs of the oldest sweep for planning and tells whether there may be more to mark.
func (db *DB) Sweep(ctx context.Context, tenant stock.TenantID, limit int) (more bool, err error) {
	// Most of the time there is nothing to sweep: that is found without a writing transaction.
	waiting := false
	err = db.Read(ctx, tenant, func(tx *Tx) error {
		return tx.one(ctx, []any{&waiting}, "SELECT EXISTS (SELECT 1 FROM sweep WHERE tenant_id = $1)")
	})
	if err != nil || !waiting {
		return false, err
	}
	err = db.Write(ctx, tenant, func(tx *Tx) error {
		more = false
		var id, after int64
		var pattern sql.NullInt64
		found := false
		err := tx.query(ctx, func(rows *sql.Rows) error {
			found = true
			return rows.Scan(&id, &pattern, &after)
		}, "SELECT sweep_id, pattern_id, after_sku_id FROM sweep WHERE tenant_id = $1 ORDER BY sweep_id LIMIT 1"+tx.db.dialect.skipLocked())
		if err != nil || !found {
			return err
		}
		more = true
		where, args := "pattern_id IS NULL", []any{after, limit}
		if pattern.Valid {
			where, args = "pattern_id = $4", append(args, pattern.Int64)
		}
		var skus []stock.SKUID
		err = tx.query(ctx, func(rows *sql.Rows) error {
			var sku stock.SKUID
			err := rows.Scan(&sku)
			skus = append(skus, sku)
			return err
		}, "SELECT sku_id FROM sku WHERE tenant_id = $1 AND sku_id > $2 AND "+where+" ORDER BY sku_id LIMIT $3", args...)
		if err != nil {
			return err
		}
		if err := tx.markSKUs(ctx, skus, rankBulk); err != nil {
			return err
		}
		if len(skus) < limit {
			_, err = tx.exec(ctx, "DELETE FROM sweep WHERE tenant_id = $1 AND sweep_id = $2", id)
			return err
		}
		_, err = tx.exec(ctx, "UPDATE sweep SET after_sku_id = $3 WHERE tenant_id = $1 AND sweep_id = $2", id, int64(skus[len(skus)-1]))
		return err
	})
	if err != nil {
		return false, fmt.Errorf("sweep: %w", err)
	}
	return more, nil
}
