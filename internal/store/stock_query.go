package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"soroi/internal/stock"
)

// StockShow narrows the stock list down.
type StockShow string

// What the stock list can show.
const (
	ShowAll      StockShow = ""
	ShowBehind   StockShow = "behind"   // a live shop does not show its target
	ShowErrors   StockShow = "errors"   // a shop has refused
	ShowLow      StockShow = "low"      // stocked goods at or below their reorder point, or out (発注点割れ・在庫割れ)
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

// StockQuery asks for SKUs: it is the filter of the stock list, and of whatever is done to all of its hits. What is low or out is as
// planning found it last.
type StockQuery struct {
	Text    string    // words, each of which must begin or end a code of the SKU, or be in its name or values, whatever their width, kana and case
	Codes   []string  // when not nil, only these, exactly as written; at most MostCodes
	Product string    // the product's code, exactly as written; "" is all
	Options [3]string // values of the product's options, in their order, exactly as written; "" is any
	Value   string    // the value of one of the options, whichever, exactly as written; "" is any
	Show    StockShow
	Supply  stock.Supply // "" is any
	Secured SecuredQuery
	Pattern int64 // the id of the allocation pattern that is assigned; 0 is any, NoPattern none
	// Archived adds the SKUs that are out of use; OnlyArchived shows no others.
	Archived ArchivedQuery

	Sort  StockSort
	After string // Next of the page before; "" is the start
	Limit int    // rows of the page, at most MostStockRows; 0 is 100
}

// NoPattern asks for the SKUs that follow the tenant's default.
const NoPattern = -1

// SecuredQuery narrows by what is kept back.
type SecuredQuery string

// The ways to narrow by it.
const (
	AnySecured     SecuredQuery = ""
	SomeSecured    SecuredQuery = "some" // units are kept back now
	OwnSecured     SecuredQuery = "own"  // the SKU says itself what
	NothingSecured SecuredQuery = "none" // nothing is kept back now
)

// ArchivedQuery says whether SKUs that are out of use are shown.
type ArchivedQuery string

// What it can say.
const (
	WithoutArchived ArchivedQuery = ""
	WithArchived    ArchivedQuery = "all"
	OnlyArchived    ArchivedQuery = "only"
)

// Bounds of a query.
const (
	MostStockRows = 1000
	MostCodes     = 200
	mostTerms     = 8
)

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

// source is where the rows of a list are read from.
type source struct {
	from, where string
	code        string // the column of the code by which the list is ordered
	params
}

// stockSource is what a query reads from. Whatever is likely to be few comes first: CROSS JOIN keeps SQLite from beginning with all SKUs instead.
func (tx *Tx) stockSource(ctx context.Context, q StockQuery) (source, error) {
	found, err := tx.find(ctx, kindSKU, q.Text)
	if err != nil {
		return source{}, err
	}
	return q.source(found, 0), nil
}

// source reads what a query finds; where examine is not 0, only so many of the hits of a text that has many.
func (q StockQuery) source(found search, examine int) source {
	s := source{code: "sku.code"}
	add := s.add
	var where strings.Builder
	where.WriteString("sku.tenant_id = $1")
	plan := q.byLevel() || q.Secured == SomeSecured || q.Secured == NothingSecured
	const key = " AND search_text.tenant_id = $1 AND search_text.kind = 0 AND search_text.code = sku.code"
	switch {
	case found.few:
		s.from = "(" + union(found.from, &s.params, " UNION ") + ") AS hit CROSS JOIN sku"
		where.WriteString(" AND sku.sku_id = hit.id")
		if len(found.check) > 0 {
			s.from += " CROSS JOIN search_text"
			where.WriteString(key + found.keyHolds(found.check, &s.params, "sku.sku_id"))
		}
	case examine > 0:
		s.from = "(" + found.part(examine, &s.params) + ") AS hit CROSS JOIN sku"
		where.WriteString(" AND sku.sku_id = hit.id")
		if len(found.check) > 0 {
			s.from += " CROSS JOIN search_text"
			where.WriteString(key + found.keyHolds(found.check, &s.params, "sku.sku_id"))
		}
	case found.any() && q.byLevel():
		s.from, plan = "sku_plan CROSS JOIN sku", false
	case found.any():
		s.from = "sku"
	case q.byLevel():
		s.from, plan = "sku_plan CROSS JOIN sku CROSS JOIN search_text", false
		where.WriteString(key + found.keyHolds(found.terms, &s.params, "sku.sku_id"))
	case q.Sort == SortCode && q.Codes == nil && q.Product == "" && q.Pattern <= 0:
		// Reading through the keys in the order of their codes finds the page soon: there are many hits.
		s.from, s.code = "search_text CROSS JOIN sku", "search_text.code"
		where.WriteString(" AND search_text.tenant_id = $1 AND search_text.kind = 0 AND sku.sku_id = search_text.id" + found.keyHolds(found.terms, &s.params, "sku.sku_id"))
	default:
		s.from = "sku JOIN search_text ON search_text.tenant_id = sku.tenant_id AND search_text.code = sku.code AND search_text.kind = 0"
		where.WriteString(found.keyHolds(found.terms, &s.params, "sku.sku_id"))
	}
	if plan {
		s.from += " CROSS JOIN sku_plan"
	}
	switch {
	case q.byLevel():
		where.WriteString(" AND sku_plan.tenant_id = $1 AND sku_plan.sku_id = sku.sku_id AND sku_plan.level > 0") // what the index is partial by
	case plan:
		where.WriteString(" AND sku_plan.tenant_id = $1 AND sku_plan.sku_id = sku.sku_id")
	}
	if q.Sort != SortCode {
		s.from += lyingText
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
		where.WriteString(" AND sku_plan.level >= 2")
	case ShowOversold:
		where.WriteString(" AND sku_plan.level = 3")
	case ShowUnlisted:
		where.WriteString(" AND NOT sku.listed")
	}
	if q.Product != "" {
		where.WriteString(" AND sku.product_id = (SELECT product.product_id FROM product WHERE product.tenant_id = $1 AND product.code = " + add(q.Product) + ")")
	}
	for i, column := range []string{"sku.option1", "sku.option2", "sku.option3"} {
		if q.Options[i] != "" {
			where.WriteString(" AND " + column + " = " + add(q.Options[i]))
		}
	}
	if q.Value != "" {
		value := add(q.Value)
		where.WriteString(" AND (sku.option1 = " + value + " OR sku.option2 = " + value + " OR sku.option3 = " + value + ")")
	}
	if q.Supply != "" {
		where.WriteString(" AND sku.supply = " + add(string(q.Supply)))
	}
	switch q.Secured {
	case SomeSecured:
		where.WriteString(" AND sku_plan.secured > 0")
	case NothingSecured:
		where.WriteString(" AND sku_plan.secured = 0")
	case OwnSecured:
		where.WriteString(" AND sku.secured_as <> ''")
	}
	switch {
	case q.Pattern == NoPattern:
		where.WriteString(" AND sku.pattern_id IS NULL")
	case q.Pattern != 0:
		where.WriteString(" AND sku.pattern_id IS NOT NULL AND sku.pattern_id = " + add(q.Pattern))
	}
	switch q.Archived {
	case WithoutArchived:
		where.WriteString(" AND sku.archived_at = 0")
	case OnlyArchived:
		where.WriteString(" AND sku.archived_at > 0")
	}
	s.where = where.String()
	return s
}

// byLevel tells whether the query asks for SKUs that are low, or worse.
func (q StockQuery) byLevel() bool {
	return q.Show == ShowLow || q.Show == ShowOut || q.Show == ShowOversold
}

// SelectSKUs walks over all SKUs that a query finds, in the order of their ids: up to limit (at most MostSelected) of those after the given
// one. Whatever is done to all hits of a list takes them from here, part by part, so that neither memory nor a transaction
// grows with their number. The query's page and order do not matter.
func (db *DB) SelectSKUs(ctx context.Context, tenant stock.TenantID, q StockQuery, after stock.SKUID, limit int) ([]stock.SKUID, error) {
	q.Sort = SortCode
	if limit <= 0 || limit > MostSelected {
		limit = MostSelected
	}
	var skus []stock.SKUID
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		skus = make([]stock.SKUID, 0, limit)
		text, args, err := tx.selection(ctx, q, after, limit)
		if err != nil {
			return err
		}
		return tx.query(ctx, func(r *sql.Rows) error {
			var sku stock.SKUID
			err := r.Scan(&sku)
			skus = append(skus, sku)
			return err
		}, text, args...)
	})
	if err != nil {
		return nil, fmt.Errorf("select skus: %w", err)
	}
	return skus, nil
}

func (tx *Tx) selection(ctx context.Context, q StockQuery, after stock.SKUID, limit int) (text string, args []any, err error) {
	s, err := tx.stockSource(ctx, q)
	if err != nil {
		return "", nil, err
	}
	id := "sku.sku_id"
	if q.byLevel() {
		id = "sku_plan.sku_id"
	}
	text = "SELECT " + id + " FROM " + s.from + " WHERE " + s.where + " AND " + id + " > " + s.add(int64(after)) + " ORDER BY " + id + " LIMIT " + s.add(limit)
	return text, s.args, nil
}

// MostSelected is how many SKUs one part of all hits has: as many as one transaction of bulk work takes.
const MostSelected = MostInBatch
