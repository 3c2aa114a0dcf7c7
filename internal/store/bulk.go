package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"soroi/internal/stock"
)

// BulkID names a bulk action.
type BulkID int64

// BulkAction is what is done to each SKU. Exactly one of its fields is there.
type BulkAction struct {
	Terms   *stock.TermsChange `json:",omitempty"`
	Pattern *PatternID         `json:",omitempty"` // assigns an allocation pattern; 0 goes back to the tenant's default
}

// BulkState says how far a bulk action is.
type BulkState string

// The states. Only a running one changes anything.
const (
	BulkRunning   BulkState = "running"
	BulkDone      BulkState = "done"
	BulkCancelled BulkState = "cancelled"
	BulkFailed    BulkState = "failed"
)

// Bulk is one action on all SKUs that a filter finds (一括処理).
type Bulk struct {
	ID        BulkID
	Filter    StockQuery
	Action    BulkAction
	Actor     string
	Total     int64 // SKUs that the filter found when it began
	Seen      int64 // SKUs that have been looked at
	Changed   int64 // of those, the ones that are others than before
	Refused   int64 // of those, the ones to which it could not be done
	State     BulkState
	Failure   string // why it failed, for the log
	CreatedAt time.Time
	EndedAt   time.Time // zero while running

	after stock.SKUID
}

// StartBulk begins an action on all hits of a filter; its page and order do not matter. Parts of it are done by StepBulk. The same key begins nothing new and gives the
// action that it began.
func (db *DB) StartBulk(ctx context.Context, tenant stock.TenantID, key, actor string, filter StockQuery, action BulkAction) (Bulk, error) {
	filter.Sort, filter.After, filter.Limit = SortCode, "", 0
	total, err := db.CountAllStock(ctx, tenant, filter)
	if err != nil {
		return Bulk{}, err
	}
	filterText, err := json.Marshal(filter)
	if err != nil {
		return Bulk{}, fmt.Errorf("start bulk: %w", err)
	}
	actionText, err := json.Marshal(action)
	if err != nil {
		return Bulk{}, fmt.Errorf("start bulk: %w", err)
	}
	var b Bulk
	err = db.Write(ctx, tenant, func(tx *Tx) error {
		id, err := tx.newID(ctx)
		if err != nil {
			return err
		}
		_, err = tx.exec(ctx, `INSERT INTO bulk (tenant_id, bulk_id, bulk_key, filter, action, actor, total, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (tenant_id, bulk_key) DO NOTHING`, id, key, string(filterText), string(actionText), actor, total, micros(tx.now))
		if err != nil {
			return err
		}
		b, err = tx.bulk(ctx, "bulk_key = $2", key)
		return err
	})
	if err != nil {
		return Bulk{}, fmt.Errorf("start bulk: %w", err)
	}
	return b, nil
}

// LoadBulk reads a bulk action, or gives ErrNotFound.
func (db *DB) LoadBulk(ctx context.Context, tenant stock.TenantID, id BulkID) (Bulk, error) {
	var b Bulk
	err := db.Read(ctx, tenant, func(tx *Tx) (err error) {
		b, err = tx.bulk(ctx, "bulk_id = $2", int64(id))
		return err
	})
	if err != nil {
		return Bulk{}, fmt.Errorf("bulk %d: %w", id, err)
	}
	return b, nil
}

// CancelBulk ends a running bulk action where it is: what it has done stays.
func (db *DB) CancelBulk(ctx context.Context, tenant stock.TenantID, id BulkID) error {
	return db.Write(ctx, tenant, func(tx *Tx) error {
		_, err := tx.exec(ctx, "UPDATE bulk SET state = 'cancelled', ended_at = $3 WHERE tenant_id = $1 AND bulk_id = $2 AND state = 'running'", int64(id), micros(tx.now))
		return err
	})
}

const bulkColumns = "bulk_id, filter, action, actor, total, seen, changed, refused, after_sku_id, state, failure, created_at, ended_at"

func (tx *Tx) bulk(ctx context.Context, where string, args ...any) (Bulk, error) {
	var b Bulk
	var filter, action string
	var created, ended int64
	err := tx.one(ctx, []any{&b.ID, &filter, &action, &b.Actor, &b.Total, &b.Seen, &b.Changed, &b.Refused, &b.after, &b.State, &b.Failure, &created, &ended},
		"SELECT "+bulkColumns+" FROM bulk WHERE tenant_id = $1 AND "+where, args...)
	if err != nil {
		return Bulk{}, err
	}
	b.CreatedAt, b.EndedAt = instant(created), instant(ended)
	return b, errors.Join(json.Unmarshal([]byte(filter), &b.Filter), json.Unmarshal([]byte(action), &b.Action))
}

// StepBulk does one part of the tenant's oldest running bulk action: up to limit SKUs in one transaction, with how far it has come. Other processes
// that ask at the same time find nothing to do. more tells whether there may be more to do.
func (db *DB) StepBulk(ctx context.Context, tenant stock.TenantID, limit int) (more bool, err error) {
	running := false
	err = db.Read(ctx, tenant, func(tx *Tx) error {
		return tx.one(ctx, []any{&running}, "SELECT EXISTS (SELECT 1 FROM bulk WHERE tenant_id = $1 AND state = 'running')")
	})
	if err != nil || !running {
		return false, err
	}
	var b Bulk
	err = db.Write(ctx, tenant, func(tx *Tx) error {
		more = false
		var err error
		b, err = tx.bulk(ctx, "state = 'running' ORDER BY bulk_id LIMIT 1"+tx.db.dialect.skipLocked())
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		more = true
		return tx.stepBulk(ctx, b, min(limit, MostSelected))
	})
	if err == nil || b.ID == 0 || errors.Is(err, ErrAgain) || ctx.Err() != nil {
		return more, err
	}
	// What one part cannot do no later try will: the action ends, and says why.
	failure := err.Error()
	err = db.Write(ctx, tenant, func(tx *Tx) error {
		_, err := tx.exec(ctx, "UPDATE bulk SET state = 'failed', failure = $3, ended_at = $4 WHERE tenant_id = $1 AND bulk_id = $2 AND state = 'running'",
			int64(b.ID), failure, micros(tx.now))
		return err
	})
	return true, errors.Join(fmt.Errorf("bulk %d: %s", b.ID, failure), err)
}

func (tx *Tx) stepBulk(ctx context.Context, b Bulk, limit int) error {
	text, args, err := tx.selection(ctx, b.Filter, b.after, limit)
	if err != nil {
		return err
	}
	var skus []stock.SKUID
	err = tx.query(ctx, func(r *sql.Rows) error {
		var sku stock.SKUID
		err := r.Scan(&sku)
		skus = append(skus, sku)
		return err
	}, text, args...)
	if err != nil {
		return err
	}
	changed, refused, err := tx.actOn(ctx, b.Action, skus)
	if err != nil {
		return err
	}
	state, ended, after := BulkRunning, int64(0), b.after
	if len(skus) < limit {
		state, ended = BulkDone, micros(tx.now)
	}
	if len(skus) > 0 {
		after = skus[len(skus)-1]
	}
	_, err = tx.exec(ctx, `UPDATE bulk SET seen = seen + $3, changed = changed + $4, refused = refused + $5, after_sku_id = $6, state = $7, ended_at = $8
		WHERE tenant_id = $1 AND bulk_id = $2`, int64(b.ID), len(skus), changed, refused, int64(after), string(state), ended)
	return err
}

// actOn does an action to SKUs and counts those that are others than before, and those to which it could not be done.
func (tx *Tx) actOn(ctx context.Context, action BulkAction, skus []stock.SKUID) (changed, refused int, err error) {
	switch {
	case action.Terms != nil:
		e := TermsEdit{Rows: make([]TermsRow, len(skus)), Partial: true, Bulk: true}
		for i, sku := range skus {
			e.Rows[i] = TermsRow{SKU: sku, Change: *action.Terms}
		}
		answer, err := tx.editTerms(ctx, e)
		for _, r := range answer.Rows {
			switch {
			case r.Refused != nil:
				refused++
			case r.Changed():
				changed++
			}
		}
		return changed, refused, err
	case action.Pattern != nil:
		assignments := make([]Assignment, len(skus))
		for i, sku := range skus {
			assignments[i] = Assignment{sku, *action.Pattern}
		}
		before, err := tx.assignPatterns(ctx, assignments)
		for _, b := range before {
			if b.Pattern != *action.Pattern {
				changed++
			}
		}
		return changed, 0, err
	}
	return 0, 0, errors.New("a bulk action that does nothing")
}
