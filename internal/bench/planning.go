package main

import (
	"context"
	"database/sql"
	"errors"

	"soroi/internal/allocation"
	"soroi/internal/event"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// planBatch is how many SKUs the engine plans in one transaction.
const planBatch = 500

// plan plans everything that is marked, with the default pattern, as the engine's planner does.
func (w *world) plan(ctx context.Context) error {
	for {
		n, _, err := w.db.Plan(ctx, w.tenant, planBatch, func(skus []*store.Unplanned) error {
			for _, u := range skus {
				list := make([]allocation.Shop, len(u.Listings))
				for i, l := range u.Listings {
					list[i] = allocation.Shop{ID: allocation.ShopID(l.Shop), Largest: 99999}
				}
				for i, t := range allocation.Everywhere.Targets(u.Terms.Sellable(u.Balance), list) {
					u.Listings[i].NewTarget = t.Quantity
					u.Listings[i].Risk = 1
				}
			}
			return nil
		})
		if err != nil || n < planBatch {
			return err
		}
	}
}

// planning races planning changed SKUs, each listed in three shops, against the raw engine writing the same targets.
func planning(ctx context.Context, b *bench) (err error) {
	shops := func() []*memoryShop {
		return []*memoryShop{newMemoryShop(b, "a", 1, 1), newMemoryShop(b, "b", 1, 1), newMemoryShop(b, "c", 1, 1)}
	}
	ours, err := newWorld(ctx, b, b.listed, shops()...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ours.db.Close()) }()
	n := b.listed / batches[1] * batches[1]
	if n == 0 {
		n = b.listed
	}
	mark := func(ctx context.Context, n int) error { return ours.change(ctx, stock.Add, 1, ours.skus[:n]) }
	sides := []side{{name: "soroi", n: n, before: mark, run: func(ctx context.Context, _ int) error { return ours.plan(ctx) }}}
	var names []string
	for _, f := range b.forms() {
		other, err := newWorld(ctx, b, b.listed, shops()...)
		if err != nil {
			return err
		}
		if err := other.db.Close(); err != nil {
			return err
		}
		db, err := b.place.raw(other.at)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		raw, err := newRawPlan(ctx, b, db, f)
		if err != nil {
			return err
		}
		names = append(names, string(f))
		sides = append(sides, side{name: string(f), n: n, run: raw.plan})
	}
	rates, err := race(ctx, b.clock, b.rounds, 0, sides...)
	if err != nil {
		return err
	}
	raw, best := rates[1], names[0]
	for i, rate := range rates[1:] {
		if rate > raw {
			raw, best = rate, names[i]
		}
	}
	b.line("planning, 3 listings each", "%.0f µs for each changed SKU = %.0f %% of the raw engine's speed of writing the same targets (%.0f µs, batches of %d, %s)",
		1e6/rates[0], 100*rates[0]/raw, 1e6/raw, batches[1], best)
	return nil
}

// rawPlan writes targets past soroi.
type rawPlan struct {
	*rawBooks
	listings [][]int64 // by SKU
	skus     []int64
	tenant   int64
	target   int64
	events   int64 // written so far
}

func newRawPlan(ctx context.Context, b *bench, db *sql.DB, f form) (p *rawPlan, err error) {
	p = &rawPlan{rawBooks: newRawBooks(db, f, b.clock.Now)}
	rows, err := db.QueryContext(ctx, "SELECT tenant_id, sku_id, listing_id FROM listing ORDER BY sku_id, listing_id")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var sku, listing int64
		if err := rows.Scan(&p.tenant, &sku, &listing); err != nil {
			return nil, err
		}
		if len(p.skus) == 0 || p.skus[len(p.skus)-1] != sku {
			p.skus, p.listings = append(p.skus, sku), append(p.listings, nil)
		}
		p.listings[len(p.skus)-1] = append(p.listings[len(p.skus)-1], listing)
	}
	return p, rows.Err()
}

// feed is how the feed gets events: at once on SQLite, by way of the outbox on PostgreSQL.
func (r *rawBooks) feed() statement {
	if r.form == placeForm {
		return r.statement("event", "tenant_id, created_at, seq, kind, sku_id, shop_id, body", "BIGINT BIGINT BIGINT TEXT BIGINT BIGINT TEXT", "")
	}
	return r.statement("event_outbox", "tenant_id, created_at, batch_id, place, kind, sku_id, shop_id, body", "BIGINT BIGINT BIGINT BIGINT TEXT BIGINT BIGINT TEXT", "")
}

// event is what is told of a planned SKU.
func (p *rawPlan) event(sku int64, shops int, now int64) []any {
	figures := event.Figures{Available: opening + p.target, Sellable: stock.Units(opening + p.target)}
	change := event.StockChange{OnHand: opening + p.target, After: figures, Before: &figures}
	for shop := range shops {
		change.Shops = append(change.Shops, event.ShopTarget{ShopID: int64(shop), Target: figures.Sellable})
	}
	const past = 1 << 40 // past every number that the feed has given
	row := []any{p.tenant, now, past + p.events}
	if p.form != placeForm {
		row = append(row, int64(1))
	}
	return append(row, string(event.StockChanged), sku, int64(0), change.Body())
}

// plan writes new targets for the listings of the first n SKUs, a batch in one transaction.
func (p *rawPlan) plan(ctx context.Context, n int) error {
	p.target++
	now := p.clock().UnixMicro()
	batch := batches[1]
	for from := 0; from < n; from += batch {
		to := min(from+batch, n)
		var targets, planned, events [][]any
		for i := from; i < to; i++ {
			for _, listing := range p.listings[i] {
				targets = append(targets, []any{listing, opening + p.target, now, int64(1), now})
			}
			planned = append(planned, []any{p.skus[i], p.target + 1, opening + p.target, opening + p.target, now, int64(0), int64(-1), int64(0), int64(1), int64(0), int64(0), int64(0), int64(0)})
			p.events++
			events = append(events, p.event(p.skus[i], len(p.listings[i]), now))
		}
		tx, err := p.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		for len(targets) > 0 && err == nil {
			part := targets[:min(batch, len(targets))]
			targets = targets[len(part):]
			err = p.exec(ctx, tx, p.updating(updateTargets, 5), part)
		}
		if err == nil {
			err = errors.Join(p.exec(ctx, tx, p.updating(updatePlanned, 13), planned), p.exec(ctx, tx, p.rawBooks.feed(), events))
		}
		if err != nil {
			return errors.Join(err, tx.Rollback())
		}
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	return nil
}
