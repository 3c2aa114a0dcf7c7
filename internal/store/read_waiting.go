package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"time"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/stock"
)

// WaitingLine is a line of an order that waits until it is known which SKU it is (紐付け待ちの受注): it claims nothing yet.
type WaitingLine struct {
	Shop     channel.ShopID
	Number   string // of the order
	Line     string
	Ref      order.Ref // "" where the shop named no listing: then the line itself is to be linked
	Code     string
	Title    string
	Wanted   int64 // units that the buyer wants
	Units    int64 // that will be held, or have left or come back already, once it is linked
	PlacedAt time.Time
	SeenAt   time.Time // since when it has waited

	sale int64
}

// WaitingPage is a page of waiting lines.
type WaitingPage struct {
	Lines []WaitingLine
	Next  string // where the next page begins; "" at the end
}

// MostWaiting bounds a page.
const MostWaiting = 1000

type waitingPlace struct {
	Sale int64
	Line string
}

const waitingText = `SELECT sale_line.sale_id, sale.shop_id, sale.number, sale_line.line, ref, code, title, wanted, awaiting, placed_at, first_seen_at FROM sale_line
	JOIN sale ON sale.tenant_id = sale_line.tenant_id AND sale.sale_id = sale_line.sale_id WHERE sale_line.tenant_id = $1 AND sale_line.awaiting > 0 `

func scanWaiting(rows *sql.Rows) (WaitingLine, error) {
	var l WaitingLine
	var placed, seen int64
	err := rows.Scan(&l.sale, &l.Shop, &l.Number, &l.Line, &l.Ref, &l.Code, &l.Title, &l.Wanted, &l.Units, &placed, &seen)
	l.PlacedAt, l.SeenAt = instant(placed), instant(seen)
	return l, err
}

// ListWaiting lists the lines that wait, those of the orders that soroi saw first. shop 0 is all. after is Next of the page before; a place that is
// not one of this list gives ErrPlace.
func (db *DB) ListWaiting(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, after string, limit int) (WaitingPage, error) {
	if limit <= 0 {
		limit = 100
	}
	limit = min(limit, MostWaiting)
	from := waitingPlace{Sale: -1 << 62}
	if after != "" {
		if err := readPlace(after, &from); err != nil {
			return WaitingPage{}, fmt.Errorf("list waiting lines: %w", err)
		}
	}
	var page WaitingPage
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		page = WaitingPage{}
		err := tx.query(ctx, func(rows *sql.Rows) error {
			l, err := scanWaiting(rows)
			page.Lines = append(page.Lines, l)
			return err
		}, waitingText+`AND ($2 = 0 OR sale.shop_id = $2) AND (sale_line.sale_id, sale_line.line) > ($3, $4) ORDER BY sale_line.sale_id, sale_line.line LIMIT $5`,
			int64(shop), from.Sale, from.Line, limit+1)
		if len(page.Lines) > limit {
			page.Lines = page.Lines[:limit]
			last := page.Lines[limit-1]
			page.Next = place(waitingPlace{last.sale, last.Line})
		}
		return err
	})
	if err != nil {
		return WaitingPage{}, fmt.Errorf("list waiting lines: %w", err)
	}
	return page, nil
}

// WaitingGoods are lines that one link sets free: those of one listing, or a single line that names none.
type WaitingGoods struct {
	Shop    channel.ShopID
	Ref     order.Ref
	Code    string // as the oldest line has it
	Title   string
	Units   int64         // of all of them
	All     int           // lines
	Lines   []WaitingLine // the oldest
	Listing ListingID     // 0 while the shop has not told of it
	// Suggestions are the SKUs that it may be, the likeliest first.
	Suggestions []Suggestion
}

// Since is since when the oldest has waited.
func (g WaitingGoods) Since() time.Time { return g.Lines[0].SeenAt }

// Waiting is what waits in all.
type Waiting struct {
	Lines, Units int64
	More         bool // there are more than these: MostWaitingSeen lines were looked at
	Since        time.Time
	Shops        map[channel.ShopID]int64 // lines
}

// MostWaitingSeen bounds the lines that are counted and gathered.
const MostWaitingSeen = 10_000

// SumWaiting counts the lines that wait.
func (db *DB) SumWaiting(ctx context.Context, tenant stock.TenantID) (Waiting, error) {
	var w Waiting
	err := db.Read(ctx, tenant, func(tx *Tx) (err error) {
		w, err = tx.sumWaiting(ctx)
		return err
	})
	if err != nil {
		return Waiting{}, fmt.Errorf("count waiting lines: %w", err)
	}
	return w, nil
}

func (tx *Tx) sumWaiting(ctx context.Context) (Waiting, error) {
	w := Waiting{Shops: make(map[channel.ShopID]int64)}
	err := tx.query(ctx, func(rows *sql.Rows) error {
		var shop channel.ShopID
		var lines, units, since int64
		err := rows.Scan(&shop, &lines, &units, &since)
		w.Lines += lines
		w.Units += units
		w.Shops[shop] = lines
		if at := instant(since); w.Since.IsZero() || at.Before(w.Since) {
			w.Since = at
		}
		return err
	}, `SELECT shop_id, COUNT(*), CAST(SUM(awaiting) AS BIGINT), MIN(first_seen_at) FROM (
			SELECT sale.shop_id, sale_line.awaiting, sale.first_seen_at FROM sale_line JOIN sale ON sale.tenant_id = sale_line.tenant_id AND sale.sale_id = sale_line.sale_id
			WHERE sale_line.tenant_id = $1 AND sale_line.awaiting > 0 ORDER BY sale_line.sale_id, sale_line.line LIMIT $2) AS waiting GROUP BY shop_id`, MostWaitingSeen)
	w.More = w.Lines == MostWaitingSeen
	return w, err
}

// linesShown is how many lines of the same goods are named.
const linesShown = 5

// ListWaitingGoods gathers the lines that wait by what is to be linked, those first that have waited longest, at most limit of them, with suggestions. It
// looks at MostWaitingSeen lines.
func (db *DB) ListWaitingGoods(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, limit int) ([]WaitingGoods, error) {
	list, err := db.waitingGoods(ctx, tenant, limit, "AND ($2 = 0 OR sale.shop_id = $2)", int64(shop))
	if err != nil {
		return nil, fmt.Errorf("list waiting goods: %w", err)
	}
	return list, nil
}

// LoadWaitingGoods reads the lines that wait for one listing of a shop or, where ref is "", the one line that is named; ErrNotFound when nothing waits.
func (db *DB) LoadWaitingGoods(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, ref order.Ref, number, line string) (WaitingGoods, error) {
	where, args := "AND sale_line.sku_id IS NULL AND sale.shop_id = $2 AND sale_line.ref = $3", []any{int64(shop), string(ref)}
	if ref == "" {
		where, args = where+" AND sale.number = $4 AND sale_line.line = $5", append(args, number, line)
	}
	list, err := db.waitingGoods(ctx, tenant, 1, where, args...)
	if err == nil && len(list) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return WaitingGoods{}, fmt.Errorf("goods %s of shop %d that wait: %w", ref, shop, err)
	}
	return list[0], nil
}

func (db *DB) waitingGoods(ctx context.Context, tenant stock.TenantID, limit int, where string, args ...any) ([]WaitingGoods, error) {
	var list []*WaitingGoods
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		list = nil
		at := make(map[shopRef]*WaitingGoods)
		err := tx.query(ctx, func(rows *sql.Rows) error {
			l, err := scanWaiting(rows)
			goods := at[shopRef{l.Shop, l.Ref}]
			if goods == nil {
				goods = &WaitingGoods{Shop: l.Shop, Ref: l.Ref, Code: l.Code, Title: l.Title}
				list = append(list, goods)
				if l.Ref != "" {
					at[shopRef{l.Shop, l.Ref}] = goods
				}
			}
			goods.All++
			goods.Units += l.Units
			if len(goods.Lines) < linesShown {
				goods.Lines = append(goods.Lines, l)
			}
			return err
		}, waitingText+where+" ORDER BY sale_line.sale_id, sale_line.line LIMIT $"+strconv.Itoa(len(args)+2), append(args, MostWaitingSeen)...)
		if err != nil {
			return err
		}
		list = list[:min(len(list), limit)]
		return tx.suggestGoods(ctx, list)
	})
	goods := make([]WaitingGoods, len(list))
	for i, g := range list {
		goods[i] = *g
	}
	return goods, err
}

// suggestGoods finds the listings of waiting goods, and what SKUs they may be.
func (tx *Tx) suggestGoods(ctx context.Context, list []*WaitingGoods) error {
	shops, err := tx.bareShops(ctx)
	if err != nil {
		return err
	}
	byID := shopsByID(shops)
	codes := make(map[shopRef][]match.Code)
	err = tx.queryRows(ctx, func(rows *sql.Rows) error {
		var at shopRef
		var id ListingID
		var joined string
		err := rows.Scan(&id, &at.shop, &at.ref, &joined)
		codes[at] = match.SplitCodes(joined)
		for _, g := range list {
			if g.Shop == at.shop && g.Ref == at.ref {
				g.Listing = id
			}
		}
		return err
	}, "SELECT listing_id, shop_id, ref, codes FROM listing WHERE tenant_id = $1 AND (shop_id, ref) IN (", "BIGINT TEXT", ")", nil, len(list),
		func(args []any, i int) []any { return append(args, int64(list[i].Shop), string(list[i].Ref)) })
	if err != nil {
		return err
	}
	asked := make([]suggesting, len(list))
	for i, g := range list {
		of := codes[shopRef{g.Shop, g.Ref}]
		if !slices.ContainsFunc(of, func(c match.Code) bool { return c.Text == g.Code }) {
			of = append(slices.Clone(of), codesOfLine(g.Code)...)
		}
		asked[i] = suggesting{rule: byID[g.Shop].Match, codes: of}
	}
	found, err := tx.suggest(ctx, asked)
	for i, g := range list {
		if err == nil {
			g.Suggestions = found[i]
		}
	}
	return err
}
