package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"soroi/internal/stock"
	"soroi/internal/store"
)

// batches are the sizes that the raw engine is tried with; its best one counts.
var batches = []int{256, 512, 1024}

// forms are the ways in which the raw engine passes rows; its best one counts.
func (b *bench) forms() []form {
	if b.engine == "postgres" {
		return []form{rowsForm, arraysForm}
	}
	return []form{placeForm}
}

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
		if err := b.postingOn(ctx, skus); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) postingOn(ctx context.Context, skus int) (err error) {
	var closing []func() error
	defer func() {
		for _, c := range closing {
			err = errors.Join(err, c())
		}
	}()
	filled := func() (string, error) {
		at, err := b.place.fresh(ctx)
		if err != nil {
			return "", err
		}
		db, err := b.place.raw(at)
		if err != nil {
			return "", err
		}
		return at, errors.Join(b.fillBalances(ctx, db, skus), db.Close())
	}
	at, err := filled()
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, at, b.clock)
	if err != nil {
		return err
	}
	closing = append(closing, db.Close)
	ours := &walk{n: int64(skus)}
	sides := []side{{name: "soroi", n: b.movements, run: func(ctx context.Context, n int) error { return b.postChanges(ctx, db, ours, n) }}}

	at, err = filled()
	if err != nil {
		return err
	}
	naiveDB, err := b.place.raw(at)
	if err != nil {
		return err
	}
	closing = append(closing, naiveDB.Close)
	naive, err := newNaiveBooks(ctx, naiveDB, b.engine, b.clock.Now)
	if err != nil {
		return err
	}
	closing = append([]func() error{naive.close}, closing...)
	slow := &walk{n: int64(skus)}
	sides = append(sides, side{name: "naive", n: max(b.movements/20, 1), run: func(ctx context.Context, n int) error { return naive.post(ctx, changes(slow, n)) }})

	var names []string
	for _, f := range b.forms() {
		at, err := filled()
		if err != nil {
			return err
		}
		rawDB, err := b.place.raw(at)
		if err != nil {
			return err
		}
		closing = append(closing, rawDB.Close)
		raw := newRawBooks(rawDB, f, b.clock.Now)
		closing = append([]func() error{raw.close}, closing...)
		fast := &walk{n: int64(skus)}
		for _, batch := range batches {
			if err := raw.full(ctx, batch); err != nil {
				return err
			}
			names = append(names, fmt.Sprintf("batches of %s, %s", count(float64(batch)), f))
			sides = append(sides, side{name: names[len(names)-1], n: b.movements / batch * batch, run: func(ctx context.Context, n int) error {
				return inBatches(n, batch, func() error { return raw.post(ctx, changes(fast, batch), nil) })
			}})
		}
	}
	rates, err := race(ctx, b.clock, b.rounds, sides...)
	if err != nil {
		return err
	}
	b.posted("posting, "+what(skus, "SKU"), rates[0], rates[2:], names, rates[1])
	return nil
}

// inBatches does n pieces of work by whole batches, at least one.
func inBatches(n, batch int, one func() error) error {
	for done := 0; done == 0 || done+batch <= n; done += batch {
		if err := one(); err != nil {
			return err
		}
	}
	return nil
}

// posted prints one line of posting.
func (b *bench) posted(name string, ours float64, raws []float64, names []string, naive float64) {
	raw, best := raws[0], names[0]
	for i, rate := range raws {
		if rate > raw {
			raw, best = rate, names[i]
		}
	}
	b.line(name, "%s/s = %.0f %% of the raw engine's %s/s (%s) %s", count(ours), 100*ours/raw, count(raw), best, b.aim(ours >= 0.7*raw, "70 %"))
	b.line("", "and %.1f × the %s/s of a transaction with a row lock for each; the raw engine's is %.1f × %s", ours/naive, count(naive), raw/naive, b.aim(ours >= 10*naive, "10 ×"))
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
