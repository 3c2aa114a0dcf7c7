package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// naiveBooks is the way in which stock is usually kept: for each order one transaction that locks the row, reads it, decides, and
// writes. Its statements are prepared, too, and PostgreSQL runs sixteen of them at once.
type naiveBooks struct {
	db       *sql.DB
	workers  int
	lock     *sql.Stmt
	movement *sql.Stmt
	balance  *sql.Stmt
	mark     *sql.Stmt
	day      *sql.Stmt
	sale     *sql.Stmt
	line     *sql.Stmt
	listing  *sql.Stmt
	clock    func() time.Time
}

func newNaiveBooks(ctx context.Context, db *sql.DB, engine string, now func() time.Time) (*naiveBooks, error) {
	n := &naiveBooks{db: db, workers: 1, clock: now}
	lock := "SELECT on_hand, committed, movements FROM balance WHERE tenant_id = 1 AND sku_id = $1 AND location_id = 1"
	if engine == "postgres" {
		n.workers = 16
		lock += " FOR UPDATE"
	}
	for _, s := range []struct {
		into **sql.Stmt
		text string
	}{
		{&n.lock, lock},
		{&n.movement, "INSERT INTO movement (" + movementColumns + ") VALUES (1, $1, 1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10, '1', 'bench', '', $11, $11)"},
		{&n.balance, "UPDATE balance SET on_hand = $2, committed = $3, movements = $4 WHERE tenant_id = 1 AND sku_id = $1 AND location_id = 1"},
		{&n.mark, "INSERT INTO sku_plan (tenant_id, sku_id, marked, planned, rank, since) VALUES (1, $1, 1, 0, 0, $2)" + markConflict},
		{&n.day, "INSERT INTO sku_day (" + dayColumns + ") VALUES (1, $1, $2, 1)" + dayConflict},
		{&n.sale, "INSERT INTO sale (" + saleColumns + ") VALUES (1, $1, $2, $3, $4, $4, $4, 1, $4, 'open', FALSE, '', 0, $4)"},
		{&n.line, "INSERT INTO sale_line (" + lineColumns + ") VALUES (1, $1, '1', $2, $3, $4, '', '', 1, 0, 0, 1, 0, 0, 0, 0)"},
		{&n.listing, "UPDATE listing SET expected = expected - 1, claimed = claimed + 1, sold_rate = 166, sold_rate_at = $2 WHERE tenant_id = 1 AND listing_id = $1"},
	} {
		stmt, err := db.PrepareContext(ctx, s.text)
		if err != nil {
			return nil, err
		}
		*s.into = stmt
	}
	return n, nil
}

func (n *naiveBooks) close() error {
	return errors.Join(n.lock.Close(), n.movement.Close(), n.balance.Close(), n.mark.Close(), n.day.Close(), n.sale.Close(), n.line.Close(), n.listing.Close())
}

// post posts each posting in a transaction of its own.
func (n *naiveBooks) post(ctx context.Context, postings []rawPosting) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	failed := make(chan error, n.workers)
	for range n.workers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(postings) {
					return
				}
				if err := n.one(ctx, postings[i]); err != nil {
					failed <- fmt.Errorf("posting %d: %w", i, err)
					return
				}
			}
		})
	}
	wg.Wait()
	close(failed)
	return <-failed
}

func (n *naiveBooks) one(ctx context.Context, p rawPosting) (err error) {
	now := n.clock().UnixMicro()
	tx, err := n.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	var b rawBalance
	if err := tx.StmtContext(ctx, n.lock).QueryRowContext(ctx, p.sku).Scan(&b.onHand, &b.committed, &b.movements); err != nil {
		return err
	}
	b.onHand += p.onHand
	b.committed += p.committed
	b.movements++
	if _, err := tx.StmtContext(ctx, n.movement).ExecContext(ctx, p.sku, b.movements, p.kind, p.onHand, p.committed, b.onHand, b.committed, p.cause, p.shop, p.document, now); err != nil {
		return err
	}
	if _, err := tx.StmtContext(ctx, n.balance).ExecContext(ctx, p.sku, b.onHand, b.committed, b.movements); err != nil {
		return err
	}
	if _, err := tx.StmtContext(ctx, n.mark).ExecContext(ctx, p.sku, now); err != nil {
		return err
	}
	if p.sale != 0 {
		if _, err := tx.StmtContext(ctx, n.day).ExecContext(ctx, p.sku, today(now)); err != nil {
			return err
		}
		if _, err := tx.StmtContext(ctx, n.sale).ExecContext(ctx, p.sale, p.shop, p.document, now); err != nil {
			return err
		}
		if _, err := tx.StmtContext(ctx, n.line).ExecContext(ctx, p.sale, p.sku, p.sku, ref(p.sku)); err != nil {
			return err
		}
		if _, err := tx.StmtContext(ctx, n.listing).ExecContext(ctx, p.sku, now); err != nil {
			return err
		}
	}
	return tx.Commit()
}
