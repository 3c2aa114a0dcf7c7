package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
	"soroi/internal/text"
)

// StockShow narrows the stock list down.
type StockShow string

// What the stock list can show.
const (
	ShowAll      StockShow = ""
	ShowBehind   StockShow = "behind"   // a live shop does not show its target
	ShowErrors   StockShow = "errors"   // a shop has refused
	ShowOut      StockShow = "out"      // stocked goods with available ≤ 0 (在庫割れ)
	ShowOversold StockShow = "oversold" // stocked goods with available < 0
	ShowUnlisted StockShow = "unlisted" // sold nowhere
)

// StockSort is the order of the stock list.
type StockSort string

// The orders of the stock list.
const (
	SortCode          StockSort = ""
	SortAvailable     StockSort = "available" // least first
	SortMostAvailable StockSort = "most"
)

// StockQuery asks for a page of the stock list.
type StockQuery struct {
	Text  string   // words, all of which must be in the SKU's code or name, whatever their width, kana and case
	Codes []string // when not nil, only these, exactly as written; at most MostCodes
	Show  StockShow
	Sort  StockSort
	After string // Next of the page before; "" is the start
	Limit int    // rows of the page, at most MostStockRows; 0 is 100
}

// Bounds of a query.
const (
	MostStockRows = 1000
	MostCodes     = 200
	mostTerms     = 8
)

// StockRow is one SKU with what every shop shows of it.
type StockRow struct {
	SKU     stock.SKUID
	Code    string
	Name    string
	Terms   stock.Terms
	Balance stock.Balance // over all locations
	MovedAt time.Time     // when its last movement was posted; zero when there is none
	// Unplanned says that something has changed and the targets are not decided anew yet.
	Unplanned bool
	Listings  []Listing // by shop
}

// Sellable is what all shops together may offer.
func (r StockRow) Sellable() stock.Quantity { return r.Terms.Sellable(r.Balance) }

// StockPage is a page of the stock list.
type StockPage struct {
	Rows  []StockRow
	Shops []Shop // all of the tenant's, without settings, by id
	Next  string // After of the next page; "" at the end
}

// stockPlace is where a page of the stock list ends.
type stockPlace struct {
	Sort      StockSort
	Code      string
	Available int64
}

// ListStock reads a page of the stock list. A place that is not one of this list gives ErrPlace.
func (db *DB) ListStock(ctx context.Context, tenant stock.TenantID, q StockQuery) (StockPage, error) {
	var page StockPage
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		page = StockPage{}
		var err error
		if page.Shops, err = tx.bareShops(ctx); err != nil {
			return err
		}
		if page.Rows, page.Next, err = tx.stockRows(ctx, q); err != nil {
			return err
		}
		return tx.fillStock(ctx, page.Rows, shopsByID(page.Shops))
	})
	if err != nil {
		return StockPage{}, fmt.Errorf("list stock: %w", err)
	}
	return page, nil
}

// CountStock counts the SKUs that a query finds, whatever its page.
func (db *DB) CountStock(ctx context.Context, tenant stock.TenantID, q StockQuery) (int64, error) {
	var n int64
	q.Sort = SortCode
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		from, where, args := stockWhere(q)
		return tx.one(ctx, []any{&n}, "SELECT COUNT(*) FROM "+from+" WHERE "+where, args...)
	})
	if err != nil {
		return 0, fmt.Errorf("count stock: %w", err)
	}
	return n, nil
}

func shopsByID(shops []Shop) map[channel.ShopID]Shop {
	byID := make(map[channel.ShopID]Shop, len(shops))
	for _, s := range shops {
		byID[s.ID] = s
	}
	return byID
}

// lyingText joins what is available of each SKU, over all locations, as lying.available; NULL where a SKU never moved. Aggregating all
// balances once is faster than asking for each SKU's, which both engines do several times over where the figure is compared.
const lyingText = ` LEFT JOIN (SELECT balance.sku_id, CAST(SUM(balance.on_hand - balance.committed) AS BIGINT) AS available FROM balance
	WHERE balance.tenant_id = $1 GROUP BY balance.sku_id) AS lying ON lying.sku_id = sku.sku_id`

const availableText = "COALESCE(lying.available, 0)"

// liveListings joins the live shops with their listings, liveWhere being its condition. The shops come first: CROSS JOIN keeps SQLite
// from walking all listings of the tenant instead.
const (
	liveListings = "shop CROSS JOIN listing"
	liveWhere    = "shop.tenant_id = $1 AND shop.mode = 'live' AND listing.tenant_id = $1 AND listing.shop_id = shop.shop_id"
)

// behindText finds the SKUs of which a live shop does not show its target; errorText those that a shop has refused.
const (
	behindText = "sku.sku_id IN (SELECT listing.sku_id FROM " + liveListings + " WHERE " + liveWhere + " AND listing.lane > 0 AND listing.lane < 5)"
	errorText  = "sku.sku_id IN (SELECT listing.sku_id FROM listing WHERE listing.tenant_id = $1 AND listing.error_kind <> '')"
)

// stockWhere is what a query reads from, its condition on sku, and its parameters from $2 on.
func stockWhere(q StockQuery) (from, condition string, args []any) {
	from = "sku"
	if q.Show == ShowOut || q.Show == ShowOversold || q.Sort != SortCode {
		from += lyingText
	}
	var where strings.Builder
	where.WriteString("sku.tenant_id = $1")
	add := func(arg any) string {
		args = append(args, arg)
		return "$" + strconv.Itoa(len(args)+1)
	}
	terms := text.Terms(q.Text)
	for _, term := range terms[:min(len(terms), mostTerms)] {
		// Both sides are folded by internal/text, so the engines' own ideas of case do not matter here.
		where.WriteString(" AND sku.search_key LIKE " + add("%"+likeEscape.Replace(term)+"%") + ` ESCAPE '\'`)
	}
	if q.Codes != nil {
		if len(q.Codes) == 0 {
			where.WriteString(" AND FALSE")
		} else {
			list := make([]string, 0, MostCodes)
			for _, code := range q.Codes[:min(len(q.Codes), MostCodes)] {
				list = append(list, add(code))
			}
			where.WriteString(" AND sku.code IN (" + strings.Join(list, ", ") + ")")
		}
	}
	switch q.Show {
	case ShowBehind:
		where.WriteString(" AND " + behindText)
	case ShowErrors:
		where.WriteString(" AND " + errorText)
	case ShowOut:
		where.WriteString(" AND sku.supply = 'stocked' AND " + availableText + " <= 0")
	case ShowOversold:
		where.WriteString(" AND sku.supply = 'stocked' AND " + availableText + " < 0")
	case ShowUnlisted:
		where.WriteString(" AND NOT EXISTS (SELECT 1 FROM listing WHERE listing.tenant_id = sku.tenant_id AND listing.sku_id = sku.sku_id)")
	}
	return from, where.String(), args
}

var likeEscape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// stockRows reads the SKUs of a page, and where the next page begins.
func (tx *Tx) stockRows(ctx context.Context, q StockQuery) ([]StockRow, string, error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	q.Limit = min(q.Limit, MostStockRows)
	from, where, args := stockWhere(q)
	add := func(arg any) string {
		args = append(args, arg)
		return "$" + strconv.Itoa(len(args)+1)
	}
	var begin stockPlace
	if q.After != "" {
		if err := readPlace(q.After, &begin); err != nil || begin.Sort != q.Sort {
			return nil, "", ErrPlace
		}
	}
	order, available := "sku.code", "0"
	if q.After != "" && q.Sort == SortCode {
		where += " AND sku.code > " + add(begin.Code)
	}
	if q.Sort != SortCode {
		then, direction := " > ", ""
		if q.Sort == SortMostAvailable {
			then, direction = " < ", " DESC"
		}
		available, order = availableText, availableText+direction+", sku.code"
		if q.After != "" {
			at := add(begin.Available)
			where += " AND (" + availableText + then + at + " OR " + availableText + " = " + at + " AND sku.code > " + add(begin.Code) + ")"
		}
	}
	text := "SELECT sku.sku_id, sku.code, sku.name, sku.supply, sku.secured, sku.figure, " + available + " FROM " + from + " WHERE " + where + " ORDER BY " + order + " LIMIT " + add(q.Limit+1)
	var rows []StockRow
	var last stockPlace
	more := false
	err := tx.query(ctx, func(r *sql.Rows) error {
		if more = len(rows) == q.Limit; more {
			return nil
		}
		var row StockRow
		var available int64
		err := r.Scan(&row.SKU, &row.Code, &row.Name, &row.Terms.Supply, &row.Terms.Secured, &row.Terms.Figure, &available)
		rows = append(rows, row)
		last = stockPlace{q.Sort, row.Code, available}
		return err
	}, text, args...)
	if err != nil || !more {
		return rows, "", err
	}
	return rows, place(last), nil
}

// fillStock reads balances, last movements and listings of rows that have their SKU.
func (tx *Tx) fillStock(ctx context.Context, rows []StockRow, shops map[channel.ShopID]Shop) error {
	skus := make([]stock.SKUID, len(rows))
	byID := make(map[stock.SKUID]*StockRow, len(rows))
	for i := range rows {
		skus[i] = rows[i].SKU
		byID[rows[i].SKU] = &rows[i]
	}
	err := tx.queryRows(ctx, func(r *sql.Rows) error {
		var sku stock.SKUID
		var b stock.Balance
		var moved int64
		if err := r.Scan(&sku, &b.OnHand, &b.Committed, &moved); err != nil {
			return err
		}
		row := byID[sku]
		row.Balance = row.Balance.Plus(b)
		if at := instant(moved); at.After(row.MovedAt) {
			row.MovedAt = at
		}
		return nil
	}, `SELECT balance.sku_id, balance.on_hand, balance.committed, COALESCE((SELECT movement.posted_at FROM movement WHERE movement.tenant_id = balance.tenant_id
		AND movement.sku_id = balance.sku_id AND movement.location_id = balance.location_id AND movement.seq = balance.movements), 0)
		FROM balance WHERE balance.tenant_id = $1 AND balance.sku_id IN (`, "BIGINT", ")",
		nil, len(skus), func(args []any, i int) []any { return append(args, int64(skus[i])) })
	if err != nil {
		return err
	}
	err = tx.queryRows(ctx, func(r *sql.Rows) error {
		var sku stock.SKUID
		err := r.Scan(&sku)
		byID[sku].Unplanned = true
		return err
	}, "SELECT sku_id FROM sku_plan WHERE tenant_id = $1 AND marked > planned AND sku_id IN (", "BIGINT", ")",
		nil, len(skus), func(args []any, i int) []any { return append(args, int64(skus[i])) })
	if err != nil {
		return err
	}
	return tx.listingsOf(ctx, skus, shops, func(l Listing) { byID[l.SKU].Listings = append(byID[l.SKU].Listings, l) })
}
