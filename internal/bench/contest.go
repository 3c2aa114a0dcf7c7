package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"soroi/internal/store"
)

// contest is one kind of work, done by soroi, by the raw engine and in the naive way, each on books of its own that begin alike.
type contest struct {
	name  string
	n     int // how much the trial and the first round do
	fill  func(ctx context.Context, db *sql.DB) error
	ours  func(ctx context.Context, db *store.DB) (side, error)
	raw   func(books *rawBooks) func(ctx context.Context, batch int) error // writes one batch
	naive func(books *naiveBooks) func(ctx context.Context, n int) error
}

// hold runs the contest and prints its lines. The raw engine's way is found in a trial first: of all batches and forms, the fastest.
func (b *bench) hold(ctx context.Context, c contest) (err error) {
	var closing []func() error
	defer func() {
		for _, f := range slices.Backward(closing) {
			err = errors.Join(err, f())
		}
	}()
	filled := func() (at string, db *sql.DB, err error) {
		if at, err = b.place.fresh(ctx); err != nil {
			return "", nil, err
		}
		if db, err = b.place.raw(at); err != nil {
			return "", nil, err
		}
		closing = append(closing, db.Close)
		return at, db, c.fill(ctx, db)
	}
	rawSide := func(books *rawBooks, batch int, one func(ctx context.Context, batch int) error) side {
		return side{name: fmt.Sprintf("batches of %s, %s", count(float64(batch)), books.form), n: c.n, run: func(ctx context.Context, n int) error {
			return inBatches(n, batch, func() error { return one(ctx, batch) })
		}}
	}
	rawBooksOf := func(f form, sizes ...int) (*rawBooks, error) {
		_, db, err := filled()
		if err != nil {
			return nil, err
		}
		books := newRawBooks(db, f, b.clock.Now)
		closing = append(closing, books.close)
		for _, batch := range sizes {
			err = errors.Join(err, books.full(ctx, batch))
		}
		return books, err
	}
	type trial struct {
		form  form
		batch int
	}
	var trials []trial
	var tried []side
	for _, f := range b.forms() {
		books, err := rawBooksOf(f, batches...)
		if err != nil {
			return err
		}
		one := c.raw(books)
		for _, batch := range batches {
			trials, tried = append(trials, trial{f, batch}), append(tried, rawSide(books, batch, one))
		}
	}
	rates, err := race(ctx, b.clock, 3, b.lasting/2, tried...)
	if err != nil {
		return err
	}
	best := trials[slices.Index(rates, slices.Max(rates))]
	at, _, err := filled()
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, at, b.clock)
	if err != nil {
		return err
	}
	closing = append(closing, db.Close)
	ours, err := c.ours(ctx, db)
	if err != nil {
		return err
	}
	books, err := rawBooksOf(best.form, best.batch)
	if err != nil {
		return err
	}
	raw := rawSide(books, best.batch, c.raw(books))
	_, naiveDB, err := filled()
	if err != nil {
		return err
	}
	slow, err := newNaiveBooks(ctx, naiveDB, b.engine, b.clock.Now)
	if err != nil {
		return err
	}
	closing = append(closing, slow.close)
	naive := side{name: "naive", n: max(c.n/20, 1), run: c.naive(slow)}
	ours.name, ours.n = "soroi", c.n
	rates, err = race(ctx, b.clock, b.rounds, b.lasting, ours, raw, naive)
	if err != nil {
		return err
	}
	b.line(c.name, "%s/s = %.0f %% of the raw engine's %s/s (%s) %s", count(rates[0]), 100*rates[0]/rates[1], count(rates[1]), raw.name, b.aim(rates[0] >= 0.7*rates[1], "70 %"))
	b.line("", "and %.1f × the %s/s of a transaction with a row lock for each; the raw engine's is %.1f × %s", rates[0]/rates[2], count(rates[2]), rates[1]/rates[2],
		b.aim(rates[0] >= 10*rates[2], "10 ×"))
	return nil
}

// batches are the sizes that the raw engine is tried with; its best one counts.
var batches = []int{256, 512, 1024}

// forms are the ways in which the raw engine passes rows; its best one counts.
func (b *bench) forms() []form {
	if b.engine == "postgres" {
		return []form{rowsForm, arraysForm}
	}
	return []form{placeForm}
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
