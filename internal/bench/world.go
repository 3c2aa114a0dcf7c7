package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// world is a merchant's books with SKUs that are listed in every one of some memory shops.
type world struct {
	at     string
	db     *store.DB
	tenant stock.TenantID
	place  stock.LocationID
	skus   []stock.SKUID
	shops  []*memoryShop
	ids    []channel.ShopID
}

const opening = 1000

func code(i int) string { return "item-" + strconv.Itoa(i) }

// newWorld makes books in which everything is listed, planned and in line.
func newWorld(ctx context.Context, b *bench, skus int, shops ...*memoryShop) (w *world, err error) {
	w = &world{shops: shops}
	if w.at, err = b.place.fresh(ctx); err != nil {
		return nil, err
	}
	if w.db, err = store.Open(ctx, w.at, b.clock); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.db.Close())
		}
	}()
	tenant, err := w.db.AddTenant(ctx, "bench", "bench")
	if err != nil {
		return nil, err
	}
	w.tenant = tenant.ID
	if w.place, err = w.db.DefaultLocation(ctx, w.tenant); err != nil {
		return nil, err
	}
	rows := make([]store.NewSKU, skus)
	for i := range rows {
		rows[i] = store.NewSKU{Code: code(i), Name: "商品 " + code(i)}
	}
	ids, err := w.db.AddSKUs(ctx, w.tenant, rows)
	if err != nil {
		return nil, err
	}
	for i := range skus {
		w.skus = append(w.skus, ids[code(i)])
	}
	if err := w.change(ctx, stock.Set, opening, w.skus); err != nil {
		return nil, err
	}
	for _, s := range shops {
		if err := w.list(ctx, s); err != nil {
			return nil, err
		}
	}
	if err := w.plan(ctx); err != nil {
		return nil, err
	}
	raw, err := b.place.raw(w.at)
	if err != nil {
		return nil, err
	}
	_, err = raw.ExecContext(ctx, "UPDATE listing SET expected = target, shown = target, read_at = $1", b.clock.Now().UnixMicro())
	return w, errors.Join(err, b.place.settle(ctx, raw), raw.Close())
}

// list adds a shop whose listings are all linked.
func (w *world) list(ctx context.Context, s *memoryShop) error {
	shop, err := w.db.AddShop(ctx, w.tenant, s.spec.Kind, string(s.spec.Kind), nil)
	if err != nil {
		return err
	}
	w.ids = append(w.ids, shop.ID)
	lease, ok, err := w.db.AcquireLease(ctx, w.tenant, shop.ID, "filling", time.Hour)
	if err != nil || !ok {
		return fmt.Errorf("lease: %v, %w", ok, err)
	}
	for from := 0; from < len(w.skus); from += 1000 {
		var page []channel.Listing
		for i := from; i < min(from+1000, len(w.skus)); i++ {
			page = append(page, channel.Listing{Ref: channel.Ref(code(i)), Codes: []match.Code{{Text: code(i)}}, Title: code(i)})
			s.shown[channel.Ref(code(i))] = opening
		}
		if _, err := w.db.TakeListings(ctx, w.tenant, lease, page); err != nil {
			return err
		}
	}
	return errors.Join(w.db.ReleaseLease(ctx, w.tenant, lease), w.db.SetMode(ctx, w.tenant, shop.ID, store.Live))
}

// change changes on hand of many SKUs.
func (w *world) change(ctx context.Context, mode stock.Mode, units int64, skus []stock.SKUID) error {
	r := store.ChangeRequest{Cause: stock.ByHand, Kind: stock.Adjustment, Document: "bench"}
	for _, sku := range skus {
		r.Rows = append(r.Rows, stock.Change{SKU: sku, Location: w.place, Mode: mode, Units: units})
	}
	_, err := w.db.ChangeStock(ctx, w.tenant, r)
	return err
}
