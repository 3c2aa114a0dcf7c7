package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

// SKU is one SKU with everything that is kept of it.
type SKU struct {
	StockRow
	Locations []LocationBalance
	Shops     []Shop // all of the tenant's, without settings, by id
}

// LocationBalance is what lies of a SKU at one place.
type LocationBalance struct {
	ID      stock.LocationID
	Name    string
	Balance stock.Balance
}

// LoadSKU reads the SKU of a code, exactly as written, or gives ErrNotFound.
func (db *DB) LoadSKU(ctx context.Context, tenant stock.TenantID, code string) (SKU, error) {
	var s SKU
	err := db.Read(ctx, tenant, func(tx *Tx) (err error) {
		s, err = tx.sku(ctx, code)
		return err
	})
	if err != nil {
		return SKU{}, fmt.Errorf("sku %s: %w", code, err)
	}
	return s, nil
}

func (tx *Tx) sku(ctx context.Context, code string) (SKU, error) {
	rows := []StockRow{{Code: code}}
	var s SKU
	r := &rows[0]
	err := tx.one(ctx, []any{&r.SKU, &r.Name}, "SELECT sku_id, name FROM sku WHERE tenant_id = $1 AND code = $2", code)
	if err != nil {
		return SKU{}, err
	}
	if s.Shops, err = tx.bareShops(ctx); err != nil {
		return SKU{}, err
	}
	if err := tx.fillStock(ctx, rows, shopsByID(s.Shops)); err != nil {
		return SKU{}, err
	}
	s.StockRow = rows[0]
	s.Locations, err = tx.locationsOf(ctx, s.SKU)
	return s, err
}

// locationsOf reads where a SKU lies, by location; a SKU that never moved lies nowhere.
func (tx *Tx) locationsOf(ctx context.Context, sku stock.SKUID) ([]LocationBalance, error) {
	var list []LocationBalance
	err := tx.query(ctx, func(rows *sql.Rows) error {
		var l LocationBalance
		err := rows.Scan(&l.ID, &l.Name, &l.Balance.OnHand, &l.Balance.Committed)
		list = append(list, l)
		return err
	}, `SELECT balance.location_id, location.name, on_hand, committed FROM balance
		JOIN location ON location.tenant_id = balance.tenant_id AND location.location_id = balance.location_id
		WHERE balance.tenant_id = $1 AND balance.sku_id = $2 ORDER BY balance.location_id`, int64(sku))
	return list, err
}

// PostedMovement is one line of a SKU's ledger as it stands in the books.
type PostedMovement struct {
	stock.Movement
	Seq      int64 // number among the SKU's movements at its location, from 1, without gaps
	After    stock.Balance
	Oversold int64          // units of a claim that were not there
	Shop     channel.ShopID // whose order it was, 0 for any other cause
	ShopName string         // "" for any other cause
	Place    string         // the location's name
	PostedAt time.Time
}

// MovementPage is a page of a SKU's movements.
type MovementPage struct {
	Movements []PostedMovement
	Next      string // after of the next, older page; "" at the end
}

// MostMovements bounds a page of movements.
const MostMovements = 500

// seqPlace is where a page of movements ends: per location, the number of the last movement that was listed.
type seqPlace map[stock.LocationID]int64

// ListMovements reads a page of a SKU's movements over all locations, the newest first: at each location by falling number, among
// locations by when they were posted. after is Next of the page before; "" is the newest. limit is at most MostMovements; 0 is 50. An unknown code
// gives ErrNotFound, a place that is not one of this list ErrPlace.
func (db *DB) ListMovements(ctx context.Context, tenant stock.TenantID, code, after string, limit int) (MovementPage, error) {
	if limit <= 0 {
		limit = 50
	}
	limit = min(limit, MostMovements)
	var page MovementPage
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		page = MovementPage{}
		var sku stock.SKUID
		if err := tx.one(ctx, []any{&sku}, "SELECT sku_id FROM sku WHERE tenant_id = $1 AND code = $2", code); err != nil {
			return err
		}
		from := make(seqPlace)
		if after != "" {
			if err := readPlace(after, &from); err != nil || from == nil {
				return ErrPlace
			}
		}
		var err error
		page, err = tx.movements(ctx, sku, from, limit)
		return err
	})
	if err != nil {
		return MovementPage{}, fmt.Errorf("movements of sku %s: %w", code, err)
	}
	return page, nil
}

func (tx *Tx) movements(ctx context.Context, sku stock.SKUID, from seqPlace, limit int) (MovementPage, error) {
	locations, err := tx.locationsOf(ctx, sku)
	if err != nil {
		return MovementPage{}, err
	}
	lists := make([][]PostedMovement, len(locations))
	for i, l := range locations {
		if lists[i], err = tx.movementsAt(ctx, sku, l, from[l.ID], limit+1); err != nil {
			return MovementPage{}, err
		}
	}
	var page MovementPage
	for len(page.Movements) < limit {
		list := newest(lists)
		if list < 0 {
			return page, nil
		}
		m := lists[list][0]
		lists[list] = lists[list][1:]
		from[m.Location] = m.Seq
		page.Movements = append(page.Movements, m)
	}
	if newest(lists) >= 0 {
		page.Next = place(from)
	}
	return page, nil
}

// newest is the list whose head was posted last, -1 when all are empty.
func newest(lists [][]PostedMovement) int {
	best := -1
	for i, list := range lists {
		if len(list) > 0 && (best < 0 || lists[best][0].PostedAt.Before(list[0].PostedAt)) {
			best = i
		}
	}
	return best
}

// movementsAt reads a SKU's movements at one location before a number, 0 being the end, the newest first.
func (tx *Tx) movementsAt(ctx context.Context, sku stock.SKUID, at LocationBalance, before int64, limit int) ([]PostedMovement, error) {
	if before == 0 {
		before = 1 << 62
	}
	var list []PostedMovement
	err := tx.query(ctx, func(rows *sql.Rows) error {
		m := PostedMovement{Movement: stock.Movement{SKU: sku, Location: at.ID}, Place: at.Name}
		var occurred, posted int64
		err := rows.Scan(&m.Seq, &m.Kind, &m.OnHandDelta, &m.CommittedDelta, &m.After.OnHand, &m.After.Committed, &m.Oversold, &m.Cause, &m.Shop, &m.ShopName,
			&m.Document, &m.Line, &m.Actor, &m.Reason, &occurred, &posted)
		m.OccurredAt, m.PostedAt = instant(occurred), instant(posted)
		list = append(list, m)
		return err
	}, `SELECT seq, movement.kind, on_hand_delta, committed_delta, on_hand_after, committed_after, oversold, cause, movement.shop_id, COALESCE(shop.name, ''),
			document, line, actor, reason, occurred_at, posted_at
		FROM movement LEFT JOIN shop ON shop.tenant_id = movement.tenant_id AND shop.shop_id = movement.shop_id
		WHERE movement.tenant_id = $1 AND sku_id = $2 AND location_id = $3 AND seq < $4 ORDER BY seq DESC LIMIT $5`,
		int64(sku), int64(at.ID), before, limit)
	return list, err
}

// OpenClaim is what one line of an order holds of a SKU.
type OpenClaim struct {
	Shop     channel.ShopID
	Number   string
	Line     string
	PlacedAt time.Time
	Held     int64
}

// openClaims reads the lines that hold units of a SKU, the oldest order first: at most limit of them, how many there are, and how many
// units all of them hold.
func (tx *Tx) openClaims(ctx context.Context, sku stock.SKUID, limit int) (claims []OpenClaim, lines, units int64, err error) {
	const held = ` FROM (SELECT sale_id, line, held FROM sale_line WHERE tenant_id = $1 AND sku_id = $2 AND held <> 0 AND NOT bundled UNION ALL
		SELECT sale_line.sale_id, sale_line.line, held * units FROM sale_part JOIN sale_line ON sale_line.tenant_id = sale_part.tenant_id
			AND sale_line.sale_id = sale_part.sale_id AND sale_line.line = sale_part.line
		WHERE sale_part.tenant_id = $1 AND sale_part.sku_id = $2 AND held <> 0 AND bundled) AS claims`
	err = tx.one(ctx, []any{&lines, &units}, `SELECT COUNT(*), CAST(COALESCE(SUM(held), 0) AS BIGINT)`+held, int64(sku))
	if err != nil || lines == 0 {
		return nil, lines, units, err
	}
	err = tx.query(ctx, func(rows *sql.Rows) error {
		var c OpenClaim
		var placed int64
		err := rows.Scan(&c.Shop, &c.Number, &c.Line, &placed, &c.Held)
		c.PlacedAt = instant(placed)
		claims = append(claims, c)
		return err
	}, `SELECT sale.shop_id, sale.number, claims.line, sale.placed_at, claims.held`+held+`
		JOIN sale ON sale.tenant_id = $1 AND sale.sale_id = claims.sale_id ORDER BY sale.placed_at, sale.shop_id, sale.number, claims.line LIMIT $3`, int64(sku), limit)
	return claims, lines, units, err
}
