package main

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"

	"soroi/internal/stock"
	"soroi/internal/store"
)

// walk visits the SKUs 1 … n in an order that looks random and meets none twice in a batch.
type walk struct{ n, at int64 }

func (w *walk) next() int64 {
	const step = 611_953 // prime, so that it meets every number below n unless n is its multiple
	w.at = (w.at + step) % w.n
	return w.at + 1
}

// posting races changes by many callers against raw batches and against a transaction for each.
func posting(ctx context.Context, b *bench) error {
	for _, skus := range []int{1, b.skus} {
		walking := func() *walk { return &walk{n: int64(skus)} }
		err := b.hold(ctx, contest{name: "posting, " + what(skus, "SKU"), n: 4096,
			fill: func(ctx context.Context, db *sql.DB) error { return b.fillBalances(ctx, db, skus) },
			ours: func(_ context.Context, db *store.DB) (side, error) {
				w := walking()
				return side{run: func(ctx context.Context, n int) error { return b.postChanges(ctx, db, w, n) }}, nil
			},
			raw: func(books *rawBooks) func(context.Context, int) error {
				w := walking()
				return func(ctx context.Context, batch int) error { return books.post(ctx, changes(w, batch), nil) }
			},
			naive: func(books *naiveBooks) func(context.Context, int) error {
				w := walking()
				return func(ctx context.Context, n int) error { return books.post(ctx, changes(w, n)) }
			}})
		if err != nil {
			return err
		}
	}
	return nil
}

func what(n int, name string) string {
	if n == 1 {
		return "1 " + name
	}
	return count(float64(n)) + " " + name + "s"
}

// fillBalances puts a balance of every SKU there, and its mark, as in books that have been used.
func (b *bench) fillBalances(ctx context.Context, db *sql.DB, skus int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	fill := newRawBooks(db, b.forms()[0], b.clock.Now)
	for from := 1; err == nil && from <= skus; from += 1000 {
		var balances, marks [][]any
		for sku := from; sku < from+1000 && sku <= skus; sku++ {
			balances = append(balances, []any{int64(rawTenant), int64(sku), int64(1), int64(0), int64(0), int64(0)})
			marks = append(marks, []any{int64(rawTenant), int64(sku), int64(1), int64(1), int64(0), int64(0)})
		}
		err = errors.Join(fill.exec(ctx, tx, fill.statement("balance", "tenant_id, sku_id, location_id, on_hand, committed, movements", "", ""), balances),
			fill.exec(ctx, tx, fill.marking(), marks))
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return b.place.settle(ctx, db)
}

func changes(w *walk, n int) []rawPosting {
	list := make([]rawPosting, n)
	for i := range list {
		list[i] = rawPosting{sku: w.next(), onHand: 1, kind: string(stock.Adjustment), cause: string(stock.ByAPI), document: "bench-" + strconv.Itoa(i)}
	}
	return list
}

// postChanges posts n changes of one unit through ChangeStock, by all the callers at once, each with one change at a time.
func (b *bench) postChanges(ctx context.Context, db *store.DB, w *walk, n int) error {
	list := changes(w, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	failed := make(chan error, b.posters)
	for range b.posters {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(list) {
					return
				}
				_, err := db.ChangeStock(ctx, rawTenant, store.ChangeRequest{Cause: stock.ByAPI, Kind: stock.Adjustment, Document: list[i].document, Actor: "bench",
					Rows: []stock.Change{{SKU: stock.SKUID(list[i].sku), Location: 1, Mode: stock.Add, Units: 1}}})
				if err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(failed)
	return <-failed
}
