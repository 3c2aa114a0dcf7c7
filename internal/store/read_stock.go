package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

// StockRow is one SKU with what every shop shows of it.
type StockRow struct {
	SKU     stock.SKUID
	Code    string
	Name    string
	Product string        // the product's code
	Options [3]string     // its values of the product's options; "" where the product has no such option
	Terms   stock.InForce // of a bundle: stocked or unlimited, as its parts are
	// Defaults are what the product says, whether the SKU follows it or not.
	Defaults stock.Defaults
	Balance  stock.Balance // over all locations; of a bundle, how many can be put together
	MovedAt  time.Time     // when its last movement was posted; zero when there is none
	// Allotment is how the sellable quantity is divided.
	Allotment Allotment
	// Archived says that the SKU is out of use.
	Archived bool
	// Unplanned says that something has changed and the targets are not decided anew yet.
	Unplanned bool
	// Sold and Inbound are as planning found them last: what was sold lately, and what is still expected.
	Sold     SoldLately
	Inbound  int64
	Listings []Listing // by shop
}

// Sellable is what all shops together may offer.
func (r StockRow) Sellable() stock.Quantity { return sellable(r.Archived, r.Terms, r.Balance) }

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

// Count is how many there are, as far as it was worth counting.
type Count struct {
	N    int64
	More bool // there are N at least
}

// mostExamined bounds the rows that are looked at for counting the hits of a text that has many.
const mostExamined = 12_000

// CountStock counts the SKUs that a query finds, whatever its page: up to MostCounted of them, and fewer where only few of very many hits of a word
// fulfil the rest of the query.
func (db *DB) CountStock(ctx context.Context, tenant stock.TenantID, q StockQuery) (Count, error) {
	var c Count
	q.Sort = SortCode
	err := db.Read(ctx, tenant, func(tx *Tx) (err error) {
		c, err = tx.countStock(ctx, q)
		return err
	})
	if err != nil {
		return Count{}, fmt.Errorf("count stock: %w", err)
	}
	return c, nil
}

// CountAllStock counts every SKU that a query finds, however many: for work on all of them, which takes longer than counting.
func (db *DB) CountAllStock(ctx context.Context, tenant stock.TenantID, q StockQuery) (n int64, err error) {
	q.Sort = SortCode
	err = db.Read(ctx, tenant, func(tx *Tx) error {
		s, err := tx.stockSource(ctx, q)
		if err != nil {
			return err
		}
		return tx.one(ctx, []any{&n}, "SELECT COUNT(*) FROM "+s.from+" WHERE "+s.where, s.args...)
	})
	if err != nil {
		return 0, fmt.Errorf("count all stock: %w", err)
	}
	return n, nil
}

func (tx *Tx) countStock(ctx context.Context, q StockQuery) (Count, error) {
	found, err := tx.find(ctx, kindSKU, q.Text)
	if err != nil {
		return Count{}, err
	}
	if found.any() || found.few {
		s := q.source(found, 0)
		var n int64
		err = tx.one(ctx, []any{&n}, "SELECT COUNT(*) FROM (SELECT 1 FROM "+s.from+" WHERE "+s.where+" LIMIT "+s.add(MostCounted+1)+") AS counted", s.args...)
		return Count{N: min(n, MostCounted), More: n > MostCounted}, err
	}
	most := tx.db.examined
	if len(found.check) > 0 {
		most /= 2 // each costs twice as much
	}
	s := q.source(found, most)
	var n int64
	err = tx.one(ctx, []any{&n}, "SELECT COUNT(DISTINCT sku.sku_id) FROM "+s.from+" WHERE "+s.where, s.args...)
	return Count{N: min(n, MostCounted), More: n > MostCounted || found.n > most}, err
}

func shopsByID(shops []Shop) map[channel.ShopID]Shop {
	byID := make(map[channel.ShopID]Shop, len(shops))
	for _, s := range shops {
		byID[s.ID] = s
	}
	return byID
}

// stockRows reads the SKUs of a page, and where the next page begins.
func (tx *Tx) stockRows(ctx context.Context, q StockQuery) ([]StockRow, string, error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	q.Limit = min(q.Limit, MostStockRows)
	s, err := tx.stockSource(ctx, q)
	if err != nil {
		return nil, "", err
	}
	var begin stockPlace
	if q.After != "" {
		if err := readPlace(q.After, &begin); err != nil || begin.Sort != q.Sort {
			return nil, "", ErrPlace
		}
	}
	order, available := s.code, "0"
	if q.After != "" && q.Sort == SortCode {
		s.where += " AND " + s.code + " > " + s.add(begin.Code)
	}
	if q.Sort != SortCode {
		then, direction := " > ", ""
		if q.Sort == SortMostAvailable {
			then, direction = " < ", " DESC"
		}
		available, order = availableText, availableText+direction+", sku.code"
		if q.After != "" {
			at := s.add(begin.Available)
			s.where += " AND (" + availableText + then + at + " OR " + availableText + " = " + at + " AND sku.code > " + s.add(begin.Code) + ")"
		}
	}
	text := "SELECT sku.sku_id, sku.code, sku.name, " + available + " FROM " + s.from + " WHERE " + s.where + " ORDER BY " + order + " LIMIT " + s.add(q.Limit+1)
	var rows []StockRow
	var last stockPlace
	more := false
	err = tx.query(ctx, func(r *sql.Rows) error {
		if more = len(rows) == q.Limit; more {
			return nil
		}
		var row StockRow
		var available int64
		err := r.Scan(&row.SKU, &row.Code, &row.Name, &available)
		rows = append(rows, row)
		last = stockPlace{q.Sort, row.Code, available}
		return err
	}, text, s.args...)
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
	today, err := tx.today(ctx)
	if err != nil {
		return err
	}
	patterns, err := tx.allotments(ctx)
	if err != nil {
		return err
	}
	var bundles []stock.SKUID
	err = tx.queryRows(ctx, func(r *sql.Rows) error {
		var sku stock.SKUID
		var s StockRow
		var terms termsRow
		var pattern PatternID
		var bundle bool
		if err := r.Scan(terms.dest(&sku, &bundle, &s.Product, &s.Options[0], &s.Options[1], &s.Options[2], &s.Archived, &pattern, &s.Unplanned, &s.Sold.Week, &s.Sold.Month, &s.Inbound)...); err != nil {
			return err
		}
		row := byID[sku]
		if bundle {
			bundles = append(bundles, sku)
		}
		row.Allotment = patterns.of(pattern)
		row.Product, row.Options, row.Archived, row.Unplanned, row.Terms = s.Product, s.Options, s.Archived, s.Unplanned, terms.inForce()
		row.Defaults, row.Sold, row.Inbound = terms.product, s.Sold, s.Inbound
		return nil
	}, `SELECT sku.sku_id, sku.bundle, product.code, sku.option1, sku.option2, sku.option3, sku.archived_at > 0, COALESCE(sku.pattern_id, 0),
		sku_plan.marked > sku_plan.planned OR sku.daily AND (SELECT tenant.day FROM tenant WHERE tenant.tenant_id = $1) < $2,
		sku_plan.sold_7, sku_plan.sold_30, sku_plan.inbound, `+termsColumns+`
		FROM sku`+termsJoins+` JOIN sku_plan ON sku_plan.tenant_id = sku.tenant_id AND sku_plan.sku_id = sku.sku_id
		WHERE sku.tenant_id = $1 AND sku.sku_id IN (`, "BIGINT", ")",
		[]any{int64(today)}, len(skus), func(args []any, i int) []any { return append(args, int64(skus[i])) })
	if err != nil {
		return err
	}
	if err := tx.addExceptions(ctx, skus, func(sku stock.SKUID) *Allotment { return &byID[sku].Allotment }); err != nil {
		return err
	}
	of, err := tx.bundlesOf(ctx, today, patterns, bundles)
	if err != nil {
		return err
	}
	for sku, b := range of {
		row := byID[sku]
		row.Allotment.Bundle = b
		b.counted(&row.Terms, &row.Balance)
	}
	return tx.listingsOf(ctx, skus, shops, func(l Listing) { byID[l.SKU].Listings = append(byID[l.SKU].Listings, l) })
}
