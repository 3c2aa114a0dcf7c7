package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"soroi/internal/store"
)

// searching measures the first page of the stock list and its count for one search after another, on a catalogue of -catalogue SKUs.
func searching(ctx context.Context, b *bench) (err error) {
	at, err := b.place.fresh(ctx)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, at, b.clock)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tenant, err := db.AddTenant(ctx, "bench", "bench")
	if err != nil {
		return err
	}
	c := newCatalogue(b.catalogue)
	begun := b.clock.Now()
	products, err := c.fill(ctx, db, tenant.ID)
	if err != nil {
		return err
	}
	took := b.clock.Now().Sub(begun)
	raw, err := b.place.raw(at)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, raw.Close()) }()
	if err := b.place.settle(ctx, raw); err != nil {
		return err
	}
	b.line("catalogue", "%d SKUs of %d products added in %.0f s, %.0f SKUs/s", b.catalogue, products, took.Seconds(), float64(b.catalogue)/took.Seconds())
	if err := b.sizes(ctx, raw); err != nil {
		return err
	}
	some, err := db.ListStock(ctx, tenant.ID, store.StockQuery{Text: c.brands[len(c.brands)*2/3], Limit: 50})
	if err != nil || len(some.Rows) == 0 {
		return fmt.Errorf("nothing of the brand %s: %w", c.brands[len(c.brands)*2/3], err)
	}
	code := some.Rows[len(some.Rows)-1].Code
	parts := strings.Split(code, "-")
	for _, q := range []struct{ name, text string }{
		{"everything", ""},
		{"a code", code},
		{"a code without dashes", strings.ReplaceAll(strings.ToLower(code), "-", "")},
		{"the beginning of codes", parts[0] + "-" + parts[1][:4]},
		{"a brand, as codes begin", parts[0]},
		{"the middle of codes", parts[1]},
		{"a JAN", janOf(b.catalogue / 20 * 100 / 11)},
		{"the maker of most JANs", "4900"},
		{"a word in many names", "シャツ"},
		{"the end of words", "コットン"},
		{"two words in many", "シャツ ネイビー"},
		{"three words in few", c.brands[len(c.brands)/2] + " 長袖 ネイビー"},
		{"one letter", "m"},
		{"a word in none", "こたつ布団"},
		{"two words in none together", "ワイシャツ " + c.brands[0]},
	} {
		page, err := b.timed(ctx, func() error {
			_, err := db.ListStock(ctx, tenant.ID, store.StockQuery{Text: q.text, Limit: 100})
			return err
		})
		if err != nil {
			return err
		}
		var n store.Count
		count, err := b.timed(ctx, func() (err error) {
			n, err = db.CountStock(ctx, tenant.ID, store.StockQuery{Text: q.text})
			return err
		})
		if err != nil {
			return err
		}
		hits := fmt.Sprint(n.N)
		if n.More {
			hits += "+"
		}
		b.line("search "+q.name, "page %s, count %s, %s hits %s", page, count, hits, b.aim(max(page.p99, count.p99) < 150*time.Millisecond, "p99 < 150 ms"))
	}
	return nil
}

// spread is how long something took over many rounds.
type spread struct{ p50, p99 time.Duration }

func (s spread) String() string {
	return fmt.Sprintf("%.1f ms (p99 %.1f)", s.p50.Seconds()*1000, s.p99.Seconds()*1000)
}

// timed runs fn warm: a few times unmeasured, then 20 rounds for each of -rounds.
func (b *bench) timed(_ context.Context, fn func() error) (spread, error) {
	for range 3 {
		if err := fn(); err != nil {
			return spread{}, err
		}
	}
	runtime.GC()
	var took []time.Duration
	for range 20 * b.rounds {
		begun := b.clock.Now()
		if err := fn(); err != nil {
			return spread{}, err
		}
		took = append(took, b.clock.Now().Sub(begun))
	}
	slices.Sort(took)
	return spread{took[len(took)/2], took[len(took)*99/100]}, nil
}
