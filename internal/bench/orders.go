package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"soroi/internal/channel"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/store"
)

func ref(sku int64) string { return "item-" + strconv.FormatInt(sku, 10) }

// sales makes orders of one line and one unit: SKU k is listed in shop k modulo shops, as listing k.
type sales struct {
	walk  walk
	shops int64
	last  int64
}

func (s *sales) next(n int) []rawPosting {
	list := make([]rawPosting, n)
	for i := range list {
		s.last++
		sku := s.walk.next()
		list[i] = rawPosting{sku: sku, committed: 1, kind: string(stock.Claimed), cause: string(stock.ByOrder), shop: sku%s.shops + 1,
			document: "bench-" + strconv.FormatInt(s.last, 10), sale: s.last}
	}
	return list
}

// orders races pages of orders, taken in for several shops at once, against the raw engine writing the same rows and against a
// transaction for each order.
func orders(ctx context.Context, b *bench) error {
	selling := func() *sales { return &sales{walk: walk{n: int64(b.listed)}, shops: int64(b.shops)} }
	return b.hold(ctx, contest{name: fmt.Sprintf("orders, pages of %d from %d shops", b.page, b.shops), n: 2048,
		fill: func(ctx context.Context, db *sql.DB) error {
			return errors.Join(b.fillBalances(ctx, db, b.listed), b.fillShops(ctx, db))
		},
		ours: func(ctx context.Context, db *store.DB) (side, error) {
			leases := make([]store.Lease, b.shops)
			for i := range leases {
				lease, ok, err := db.AcquireLease(ctx, rawTenant, channel.ShopID(i+1), "bench", 24*time.Hour)
				if err != nil || !ok {
					return side{}, fmt.Errorf("lease: %v, %w", ok, err)
				}
				leases[i] = lease
			}
			s := selling()
			var pages [][]order.Snapshot
			return side{before: func(_ context.Context, n int) error { pages = b.snapshots(s, n); return nil },
				run: func(ctx context.Context, _ int) error { return b.takeIn(ctx, db, leases, pages) }}, nil
		},
		raw: func(books *rawBooks) func(context.Context, int) error {
			s := selling()
			return func(ctx context.Context, batch int) error { return books.takeIn(ctx, s.next(batch)) }
		},
		naive: func(books *naiveBooks) func(context.Context, int) error {
			s := selling()
			return func(ctx context.Context, n int) error { return books.post(ctx, s.next(n)) }
		}})
}

// fillShops puts one tenant, its shops and their listings there.
func (b *bench) fillShops(ctx context.Context, db *sql.DB) error {
	for _, text := range []string{
		"INSERT INTO id_block (tenant_id, next_id) VALUES (0, 100000000)",
		"INSERT INTO tenant (tenant_id, code, name, created_at) VALUES (1, 'bench', 'bench', 0)",
		"INSERT INTO location (tenant_id, location_id, code, name) VALUES (1, 1, 'main', 'main')",
	} {
		if _, err := db.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	fill := newRawBooks(db, b.forms()[0], b.clock.Now)
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	var shops [][]any
	for i := range b.shops {
		shops = append(shops, []any{int64(rawTenant), int64(i + 1), "bench", fmt.Sprint(i + 1), "live", int64(1)})
	}
	err = fill.exec(ctx, tx, fill.statement("shop", "tenant_id, shop_id, kind, name, mode, connected_at", "BIGINT BIGINT TEXT TEXT TEXT BIGINT", ""), shops)
	for from := 1; err == nil && from <= b.listed; from += 1000 {
		var listings [][]any
		for sku := int64(from); sku < int64(from)+1000 && sku <= int64(b.listed); sku++ {
			listings = append(listings, []any{int64(rawTenant), sku, sku%int64(b.shops) + 1, sku, ref(sku), ref(sku), "title", int64(100), int64(100)})
		}
		err = fill.exec(ctx, tx, fill.statement("listing", "tenant_id, listing_id, shop_id, sku_id, ref, code, title, target, expected",
			"BIGINT BIGINT BIGINT BIGINT TEXT TEXT TEXT BIGINT BIGINT", ""), listings)
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	err = b.fillSales(ctx, fill, tx)
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return b.place.settle(ctx, db)
}

// fillSales puts one old order of each listed SKU there. On books without any, PostgreSQL would plan for tables that stay empty, and
// keep to those plans for as long as a connection lives.
func (b *bench) fillSales(ctx context.Context, fill *rawBooks, tx *sql.Tx) error {
	const old = 50_000_000 // past every id that the raw engine gives
	for from := 1; from <= b.listed; from += 1000 {
		var heads, lines [][]any
		for sku := int64(from); sku < int64(from)+1000 && sku <= int64(b.listed); sku++ {
			heads = append(heads, []any{int64(rawTenant), old + sku, sku%int64(b.shops) + 1, "old-" + strconv.FormatInt(sku, 10), int64(1), int64(1), int64(1), int64(1), int64(1),
				string(order.Shipped), false, "", int64(0), int64(1)})
			lines = append(lines, []any{int64(rawTenant), old + sku, "1", sku, sku, ref(sku), "", "", int64(1), int64(1), int64(0), int64(0), int64(1), int64(0), int64(0), int64(0)})
		}
		err := errors.Join(fill.exec(ctx, tx, fill.statement("sale", saleColumns, saleTypes, ""), heads),
			fill.exec(ctx, tx, fill.statement("sale_line", lineColumns, lineTypes, ""), lines))
		if err != nil {
			return err
		}
	}
	return nil
}

// snapshots are n orders, by shop.
func (b *bench) snapshots(s *sales, n int) [][]order.Snapshot {
	now := b.clock.Now()
	byShop := make([][]order.Snapshot, b.shops)
	for _, p := range s.next(n) {
		byShop[p.shop-1] = append(byShop[p.shop-1], order.Snapshot{Number: p.document, PlacedAt: now.Add(time.Minute), State: order.Open,
			Version: order.Version{Revision: 1, AskedAt: now}, Lines: []order.Line{{Key: "1", Ref: order.Ref(ref(p.sku)), Wanted: 1}}})
	}
	return byShop
}

// takeIn takes each shop's orders in, page after page, all shops at once.
func (b *bench) takeIn(ctx context.Context, db *store.DB, leases []store.Lease, byShop [][]order.Snapshot) error {
	var wg sync.WaitGroup
	failed := make(chan error, len(byShop))
	for i, list := range byShop {
		wg.Go(func() {
			cursor := channel.Cursor("bench")
			for len(list) > 0 {
				page := list[:min(b.page, len(list))]
				list = list[len(page):]
				if _, err := db.TakeIn(ctx, rawTenant, store.Intake{Lease: leases[i], Loop: "new", Next: &cursor, Orders: page, Returns: channel.ReturnsDepends}); err != nil {
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

// today is the day of a moment in microseconds.
func today(now int64) int64 { return now / (24 * time.Hour).Microseconds() }

// takeIn writes one batch of orders: the order, its line, its movement with balance and mark, what its SKU sold that day, and its listing.
func (r *rawBooks) takeIn(ctx context.Context, batch []rawPosting) error {
	now := r.clock().UnixMicro()
	heads, lines, listings, days := make([][]any, len(batch)), make([][]any, len(batch)), make([][]any, len(batch)), make([][]any, len(batch))
	for i, p := range batch {
		heads[i] = []any{int64(rawTenant), p.sale, p.shop, p.document, now, now, now, int64(1), now, "open", false, "", int64(0), now}
		lines[i] = []any{int64(rawTenant), p.sale, "1", p.sku, p.sku, ref(p.sku), "", "", int64(1), int64(0), int64(0), int64(1), int64(0), int64(0), int64(0), int64(0)}
		listings[i] = []any{p.sku, int64(1), int64(1), int64(166), now}
		days[i] = []any{int64(rawTenant), p.sku, today(now), int64(1)}
	}
	return r.post(ctx, batch, func(tx *sql.Tx) error {
		return errors.Join(r.exec(ctx, tx, r.statement("sku_day", dayColumns, "", dayConflict), days),
			r.exec(ctx, tx, r.statement("sale", saleColumns, saleTypes, ""), heads),
			r.exec(ctx, tx, r.statement("sale_line", lineColumns, lineTypes, ""), lines),
			r.exec(ctx, tx, r.updating(updateListings, 5), listings))
	})
}
