package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"soroi/internal/channel"
	"soroi/internal/event"
	"soroi/internal/stock"
)

// Past is a SKU as the books had it at a moment: what replaying its ledger up to there comes to. A balance's movements count up to the last that was
// posted at or before the moment, in the order of their numbers.
type Past struct {
	SKU       stock.SKUID
	Code      string
	Name      string
	At        time.Time
	Balance   stock.Balance // over all locations
	Locations []PastBalance
	Claims    []OpenClaim // the oldest lines that held units then
	Lines     int64       // how many lines held units then
	Held      int64       // how many units they held
	// Decided is what planning had made of it last. It is nil when nothing had been planned yet, or when that is older than events are kept.
	Decided *Decided
	// Bundle says that the SKU is a bundle today: it has no ledger of its own.
	Bundle bool
}

// PastBalance is one location's part.
type PastBalance struct {
	ID      stock.LocationID
	Name    string
	Balance stock.Balance
	Last    *PostedMovement // the last movement up to the moment; nil when there was none
}

// Decided is what planning decided at some moment, and what it went by.
type Decided struct {
	At        time.Time
	Available int64
	Sellable  stock.Quantity
	Shops     []DecidedShop
}

// DecidedShop is what one listing of a shop was to show.
type DecidedShop struct {
	Shop   channel.ShopID
	Name   string
	Target stock.Quantity
}

// LoadPast reads a SKU as it was at a moment, with at most claims of the lines that held its units. A SKU that is not there gives ErrNotFound.
func (db *DB) LoadPast(ctx context.Context, tenant stock.TenantID, code string, at time.Time, claims int) (Past, error) {
	var p Past
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		p = Past{Code: code, At: at}
		if err := tx.one(ctx, []any{&p.SKU, &p.Name, &p.Bundle}, "SELECT sku_id, name, bundle FROM sku WHERE tenant_id = $1 AND code = $2", code); err != nil {
			return err
		}
		locations, err := tx.locationsOf(ctx, p.SKU)
		if err != nil {
			return err
		}
		for _, l := range locations {
			b, err := tx.balanceAt(ctx, p.SKU, l, at)
			if err != nil {
				return err
			}
			p.Balance = p.Balance.Plus(b.Balance)
			p.Locations = append(p.Locations, b)
			if b.Last == nil {
				continue
			}
			if err := tx.claimsAt(ctx, &p, b, claims); err != nil {
				return err
			}
		}
		p.Decided, err = tx.decidedAt(ctx, p.SKU, at)
		return err
	})
	if err != nil {
		return Past{}, fmt.Errorf("sku %s at %s: %w", code, at.UTC().Format(time.RFC3339), err)
	}
	return p, nil
}

// balanceAt is the balance after the last movement that was posted at or before a moment.
func (tx *Tx) balanceAt(ctx context.Context, sku stock.SKUID, l LocationBalance, at time.Time) (PastBalance, error) {
	b := PastBalance{ID: l.ID, Name: l.Name}
	var seq int64
	err := tx.one(ctx, []any{&seq}, "SELECT seq FROM movement WHERE tenant_id = $1 AND sku_id = $2 AND location_id = $3 AND posted_at <= $4 ORDER BY seq DESC LIMIT 1",
		int64(sku), int64(l.ID), micros(at))
	if errors.Is(err, ErrNotFound) {
		return b, nil
	}
	if err != nil {
		return b, err
	}
	list, err := tx.movementsAt(ctx, sku, l, seq+1, 1)
	if err != nil || len(list) == 0 {
		return b, err
	}
	b.Last, b.Balance = &list[0], list[0].After
	return b, nil
}

// claimsAt adds the lines of orders that held units at one location after its last movement.
func (tx *Tx) claimsAt(ctx context.Context, p *Past, b PastBalance, limit int) error {
	const held = ` FROM movement WHERE tenant_id = $1 AND sku_id = $2 AND location_id = $3 AND seq <= $4 AND cause = 'order' GROUP BY shop_id, document, line HAVING SUM(committed_delta) <> 0`
	var lines, units int64
	err := tx.one(ctx, []any{&lines, &units}, "SELECT COUNT(*), CAST(COALESCE(SUM(held), 0) AS BIGINT) FROM (SELECT CAST(SUM(committed_delta) AS BIGINT) AS held"+held+") AS claims",
		int64(p.SKU), int64(b.ID), b.Last.Seq)
	if err != nil || lines == 0 {
		return err
	}
	p.Lines, p.Held = p.Lines+lines, p.Held+units
	return tx.query(ctx, func(rows *sql.Rows) error {
		var c OpenClaim
		var placed int64
		err := rows.Scan(&c.Shop, &c.Number, &c.Line, &placed, &c.Held)
		c.PlacedAt = instant(placed)
		p.Claims = append(p.Claims, c)
		return err
	}, "SELECT shop_id, document, line, MIN(occurred_at), CAST(SUM(committed_delta) AS BIGINT)"+held+" ORDER BY MIN(occurred_at), shop_id, document, line LIMIT $5",
		int64(p.SKU), int64(b.ID), b.Last.Seq, limit)
}

// decidedAt reads the last event of a SKU's stock that was written down at or before a moment: planning tells in it what every shop is to show.
func (tx *Tx) decidedAt(ctx context.Context, sku stock.SKUID, at time.Time) (*Decided, error) {
	var created int64
	var body string
	err := tx.one(ctx, []any{&created, &body}, "SELECT created_at, body FROM event WHERE tenant_id = $1 AND sku_id = $2 AND kind = $3 AND created_at <= $4 ORDER BY seq DESC LIMIT 1",
		int64(sku), string(event.StockChanged), micros(at))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	change, err := event.ParseStockChange(body)
	if err != nil {
		return nil, fmt.Errorf("event of sku %d: %w", sku, err)
	}
	d := &Decided{At: instant(created), Available: change.After.Available, Sellable: change.After.Sellable}
	shops, err := tx.bareShops(ctx)
	if err != nil {
		return nil, err
	}
	names := shopsByID(shops)
	for _, s := range change.Shops {
		d.Shops = append(d.Shops, DecidedShop{Shop: channel.ShopID(s.ShopID), Name: names[channel.ShopID(s.ShopID)].Name, Target: s.Target})
	}
	return d, nil
}

// PastRow is one SKU of a list of the past.
type PastRow struct {
	Code    string
	Name    string
	Balance stock.Balance
}

// ListPast reads what lay of all SKUs at a moment, by code: up to limit (at most MostStockRows) of those after a code. Bundles have no stock and are left out.
func (db *DB) ListPast(ctx context.Context, tenant stock.TenantID, at time.Time, after string, limit int) ([]PastRow, error) {
	limit = min(max(limit, 1), MostStockRows)
	var list []PastRow
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		list = nil
		var skus []int64
		byID := make(map[int64]int)
		err := tx.query(ctx, func(rows *sql.Rows) error {
			var id int64
			var r PastRow
			err := rows.Scan(&id, &r.Code, &r.Name)
			byID[id] = len(list)
			skus, list = append(skus, id), append(list, r)
			return err
		}, "SELECT sku_id, code, name FROM sku WHERE tenant_id = $1 AND NOT bundle AND code > $2 ORDER BY code LIMIT $3", after, limit)
		if err != nil {
			return err
		}
		return tx.queryRows(ctx, func(rows *sql.Rows) error {
			var id int64
			var onHand, committed sql.NullInt64
			err := rows.Scan(&id, &onHand, &committed)
			r := &list[byID[id]]
			r.Balance = r.Balance.Plus(stock.Balance{OnHand: onHand.Int64, Committed: committed.Int64})
			return err
		}, `SELECT balance.sku_id, movement.on_hand_after, movement.committed_after FROM balance
			LEFT JOIN movement ON movement.tenant_id = balance.tenant_id AND movement.sku_id = balance.sku_id AND movement.location_id = balance.location_id AND movement.seq =
				(SELECT last.seq FROM movement AS last WHERE last.tenant_id = balance.tenant_id AND last.sku_id = balance.sku_id AND last.location_id = balance.location_id
					AND last.posted_at <= $2 ORDER BY last.seq DESC LIMIT 1)
			WHERE balance.tenant_id = $1 AND balance.sku_id IN (`, "BIGINT", ")", []any{micros(at)}, len(skus), func(args []any, i int) []any { return append(args, skus[i]) })
	})
	if err != nil {
		return nil, fmt.Errorf("list stock at %s: %w", at.UTC().Format(time.RFC3339), err)
	}
	return list, nil
}
