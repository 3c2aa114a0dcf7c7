package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"soroi/internal/stock"
)

// LowGroup says what a row of the list of stock-outs and of what to order is (在庫割れ・発注点割れ).
type LowGroup string

// What a row may be.
const (
	BySKU     LowGroup = ""
	ByProduct LowGroup = "product"
	ByOption  LowGroup = "option" // all SKUs with one value of an option: a colour, a size
)

// LowSort is the order of that list.
type LowSort string

// The orders, the most pressing first; of the same, by SKU, product or value.
const (
	LowUrgent    LowSort = ""          // oversold, then out, then low; then by shortfall
	LowShortfall LowSort = "shortfall" // most first
	LowAvailable LowSort = "available" // least first
	LowWeek      LowSort = "sold_7"    // most first
	LowMonth     LowSort = "sold_30"   // most first
	LowDays      LowSort = "days_left" // least first; those that never run out last
	LowInbound   LowSort = "inbound"   // least first
	LowCode      LowSort = "code"      // by SKU only
)

// LowQuery asks for a page of that list. Its figures are as planning found them last.
type LowQuery struct {
	Filter StockQuery // Show is ShowLow, ShowOut or ShowOversold; anything else is ShowLow
	Group  LowGroup
	Option string // of ByOption: the option's name, exactly as written
	Sort   LowSort
	After  string
	Limit  int // rows of the page, at most MostStockRows; 0 is 100
}

// LowRow is one SKU, or the sums of the SKUs of one product or value that the query finds.
type LowRow struct {
	SKU     stock.SKUID     // of BySKU
	Product stock.ProductID // of BySKU and ByProduct
	Code    string          // the SKU's or the product's; "" of ByOption
	Name    string          // the SKU's or the product's, or the value; "" for SKUs that have no such option
	Of      string          // the product's code, of BySKU
	Options [3]string       // of BySKU
	SKUs    int64           // how many there are
	Out     int64           // how many of them are out
	Level   stock.Level     // the worst
	Reorder stock.Point     // the sum of those that have one
	Figures
}

// Figures are what is known of a SKU, or the sums of several.
type Figures struct {
	Available int64
	Secured   int64
	Inbound   int64 // units that are still expected
	// Shortfall is how many units it takes to get back to the reorder point, or to zero where there is none: max(0, point − available).
	Shortfall   int64
	Week, Month int64 // sold in the last 7 and 30 days, today being one of them
}

// DaysLeft is for how many whole days what is available lasts when it goes on selling as in the last 30 days: available ÷ (sold in 30 days ÷ 30),
// 0 when nothing is available. ok is false when nothing was sold, so that it lasts for ever.
func (f Figures) DaysLeft() (days int64, ok bool) {
	switch {
	case f.Available <= 0:
		return 0, true
	case f.Month <= 0:
		return 0, false
	}
	return f.Available * 30 / f.Month, true
}

// LowPage is a page of the list.
type LowPage struct {
	Rows []LowRow
	// Total is how many rows the whole list has, 0 of ByOption; SKUs how many SKUs are in them, and Out how many of those are out.
	Total, SKUs, Out int64
	Next             string
}

const (
	// lowShort is a SKU's shortfall.
	lowShort = `CASE WHEN COALESCE(sku_plan.reorder_point, 0) > sku_plan.available THEN COALESCE(sku_plan.reorder_point, 0) - sku_plan.available ELSE 0 END`
	// lowColumns are a SKU's figures, as lists order and sum them.
	lowColumns = `sku_plan.sku_id, sku_plan.product_id, sku_plan.level AS level, sku_plan.urgency AS urgency, sku_plan.available AS available, sku_plan.secured AS secured, sku_plan.inbound AS inbound, ` +
		lowShort + ` AS short, sku_plan.sold_7 AS week, sku_plan.sold_30 AS month, sku_plan.reorder_point AS point`
	// lowSums are the sums of several.
	lowSums = `MIN(urgency) AS urgency, COUNT(*) AS skus, COUNT(*) FILTER (WHERE level >= 2) AS outs, MAX(level) AS level, CAST(SUM(available) AS BIGINT) AS available, CAST(SUM(secured) AS BIGINT) AS secured,
		CAST(SUM(inbound) AS BIGINT) AS inbound, CAST(SUM(short) AS BIGINT) AS short, CAST(SUM(week) AS BIGINT) AS week, CAST(SUM(month) AS BIGINT) AS month,
		CAST(SUM(point) AS BIGINT) AS point`
	lowNames = "skus, outs, level, available, secured, inbound, short, week, month, point"
)

// scanLow reads lowNames.
func scanLow(rows *sql.Rows, r *LowRow, more ...any) error {
	var point sql.NullInt64
	err := rows.Scan(append(more, &r.SKUs, &r.Out, &r.Level, &r.Available, &r.Secured, &r.Inbound, &r.Shortfall, &r.Week, &r.Month, &point)...)
	r.Reorder = pointOf(point)
	return err
}

// forever is the place of what never runs out among days.
const forever = 1 << 40

// order is what the list is ordered by: one number that rises.
func (q LowQuery) order() string {
	switch q.Sort {
	case LowShortfall:
		return "-short"
	case LowAvailable:
		return "available"
	case LowWeek:
		return "-week"
	case LowMonth:
		return "-month"
	case LowInbound:
		return "inbound"
	case LowDays:
		return "CASE WHEN available <= 0 THEN 0 WHEN month <= 0 THEN " + strconv.Itoa(forever) + " ELSE available * 30 / month END"
	case LowCode:
		return "0"
	}
	return "urgency"
}

// lowSource is what a query reads from: rows of sku_plan, with sku only where something asks for it.
type lowSource struct {
	text string // a select of lowColumns and more
	params
}

// lowSource reads columns of what the query finds.
func (tx *Tx) lowSource(ctx context.Context, q LowQuery, columns string) (lowSource, error) {
	f := q.Filter
	if !f.byLevel() {
		f.Show = ShowLow
	}
	f.Sort, f.After, f.Limit = SortCode, "", 0
	if q.Group != ByOption && q.bare() {
		return lowSource{text: "SELECT " + columns + " FROM sku_plan WHERE sku_plan.tenant_id = $1 AND " + lowLevels[f.Show]}, nil
	}
	found, err := tx.stockSource(ctx, f)
	if err != nil {
		return lowSource{}, err
	}
	from, where := found.from, found.where
	s := lowSource{params: found.params}
	value := ""
	if q.Group == ByOption {
		name := s.add(q.Option)
		from += " CROSS JOIN product"
		where += " AND product.tenant_id = $1 AND product.product_id = sku.product_id"
		value = ", CASE WHEN product.option1_name = " + name + " THEN sku.option1 WHEN product.option2_name = " + name + " THEN sku.option2 WHEN product.option3_name = " + name +
			" THEN sku.option3 ELSE '' END AS value"
	}
	s.text = "SELECT " + columns + value + " FROM " + from + " WHERE " + where
	return s, nil
}

// lowLevels are the conditions of what is shown.
var lowLevels = map[StockShow]string{ShowLow: "sku_plan.level > 0", ShowOut: "sku_plan.level > 0 AND sku_plan.level >= 2", ShowOversold: "sku_plan.level > 0 AND sku_plan.level = 3"}

// bare tells whether nothing but the level narrows the list, so that sku_plan answers it alone.
func (q LowQuery) bare() bool {
	f := q.Filter
	f.Show = ShowAll
	return f.wide()
}

// wide tells whether a query finds every SKU in use.
func (q StockQuery) wide() bool {
	return q.Codes == nil && q.Text == "" && q.Product == "" && q.Options == [3]string{} && q.Value == "" && q.Show == ShowAll && q.Supply == "" && q.Secured == AnySecured &&
		q.Pattern == 0 && q.Archived != OnlyArchived
}

// ListLow reads a page of the list. A place that is not one of this list gives ErrPlace.
func (db *DB) ListLow(ctx context.Context, tenant stock.TenantID, q LowQuery) (LowPage, error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	q.Limit = min(q.Limit, MostStockRows)
	var page LowPage
	err := db.Read(ctx, tenant, func(tx *Tx) (err error) {
		if page, err = tx.countLow(ctx, q); err != nil {
			return err
		}
		return tx.lowRows(ctx, q, &page)
	})
	if err != nil {
		return LowPage{}, fmt.Errorf("list what is low: %w", err)
	}
	return page, nil
}

// countLow counts the rows of the whole list, and its SKUs.
func (tx *Tx) countLow(ctx context.Context, q LowQuery) (LowPage, error) {
	var page LowPage
	byOption := q.Group == ByOption
	if byOption {
		q.Group = BySKU // the same SKUs, without looking at their options
	}
	s, err := tx.lowSource(ctx, q, "sku_plan.level AS level, sku_plan.product_id AS product_id")
	if err != nil {
		return page, err
	}
	err = tx.one(ctx, []any{&page.SKUs, &page.Out}, "SELECT COUNT(*), COUNT(*) FILTER (WHERE level >= 2) FROM ("+s.text+") AS low", s.args...)
	if page.Total = page.SKUs; byOption {
		page.Total = 0
	}
	if err == nil && q.Group == ByProduct {
		err = tx.one(ctx, []any{&page.Total}, "SELECT COUNT(*) FROM (SELECT product_id FROM ("+s.text+") AS low GROUP BY product_id) AS products", s.args...)
	}
	return page, err
}

// lowPlace is where a page ends.
type lowPlace struct {
	Group LowGroup
	Sort  LowSort
	V, ID int64
	Text  string // the value, or the code
}

func (tx *Tx) lowRows(ctx context.Context, q LowQuery, page *LowPage) error {
	var begin lowPlace
	if q.After != "" {
		if err := readPlace(q.After, &begin); err != nil || begin.Group != q.Group || begin.Sort != q.Sort {
			return ErrPlace
		}
	}
	switch {
	case q.Group == BySKU && q.Sort == LowCode:
		return tx.lowByCode(ctx, q, begin, page)
	case q.Group == ByProduct && q.Sort == LowUrgent && q.bare():
		return tx.lowProducts(ctx, q, begin, page)
	}
	s, err := tx.lowSource(ctx, q, lowColumns)
	if err != nil {
		return err
	}
	id, each, group := "sku_id", "urgency, 1 AS skus, CASE WHEN level >= 2 THEN 1 ELSE 0 END AS outs, level, available, secured, inbound, short, week, month, point", ""
	switch q.Group {
	case ByProduct:
		id, each, group = "product_id", lowSums, " GROUP BY product_id"
	case ByOption:
		id, each, group = "value", lowSums, " GROUP BY value"
	}
	text := "SELECT id, v, " + lowNames + " FROM (SELECT id, " + lowNames + ", " + q.order() + " AS v FROM (SELECT " + id + " AS id, " + each + " FROM (" + s.text + ") AS low" + group + ") AS summed) AS ordered"
	if q.After != "" {
		after := s.add(begin.V)
		if q.Group == ByOption {
			text += " WHERE (v, id) > (" + after + ", " + s.add(begin.Text) + ")"
		} else {
			text += " WHERE (v, id) > (" + after + ", " + s.add(begin.ID) + ")"
		}
	}
	text += " ORDER BY v, id LIMIT " + s.add(q.Limit+1)
	var last lowPlace
	err = tx.query(ctx, func(rows *sql.Rows) error {
		if len(page.Rows) == q.Limit {
			page.Next = place(last)
			return nil
		}
		var r LowRow
		last = lowPlace{Group: q.Group, Sort: q.Sort}
		key := any(&last.ID)
		if q.Group == ByOption {
			key = &last.Text
		}
		err := scanLow(rows, &r, key, &last.V)
		switch q.Group {
		case BySKU:
			r.SKU = stock.SKUID(last.ID)
		case ByProduct:
			r.Product = stock.ProductID(last.ID)
		case ByOption:
			r.Name = last.Text
		}
		page.Rows = append(page.Rows, r)
		return err
	}, text, s.args...)
	if err != nil {
		return err
	}
	return tx.nameLow(ctx, q.Group, page.Rows)
}

// lowProducts reads a page of products in the order of their most urgent SKU: along the index of urgency, past SKUs whose product has a more urgent one.
func (tx *Tx) lowProducts(ctx context.Context, q LowQuery, begin lowPlace, page *LowPage) error {
	f := q.Filter
	if !f.byLevel() {
		f.Show = ShowLow
	}
	where, args := "", []any{q.Limit + 1}
	if q.After != "" {
		where, args = " AND (sku_plan.urgency, sku_plan.sku_id) > ($3, $4)", append(args, begin.V, begin.ID)
	}
	var places []lowPlace
	err := tx.query(ctx, func(rows *sql.Rows) error {
		var r LowRow
		at := lowPlace{Group: q.Group, Sort: q.Sort}
		err := rows.Scan(&r.Product, &at.V, &at.ID)
		page.Rows, places = append(page.Rows, r), append(places, at)
		return err
	}, `SELECT sku_plan.product_id, sku_plan.urgency, sku_plan.sku_id FROM sku_plan WHERE sku_plan.tenant_id = $1 AND `+lowLevels[f.Show]+where+`
		AND NOT EXISTS (SELECT 1 FROM sku_plan AS worse WHERE worse.tenant_id = $1 AND worse.product_id = sku_plan.product_id AND worse.level > 0
			AND (worse.urgency, worse.sku_id) < (sku_plan.urgency, sku_plan.sku_id))
		ORDER BY sku_plan.urgency, sku_plan.sku_id LIMIT $2`, args...)
	if err != nil {
		return err
	}
	if len(page.Rows) > q.Limit {
		page.Rows, page.Next = page.Rows[:q.Limit], place(places[q.Limit-1])
	}
	byProduct := make(map[stock.ProductID]*LowRow, len(page.Rows))
	for i := range page.Rows {
		byProduct[page.Rows[i].Product] = &page.Rows[i]
	}
	err = tx.queryRows(ctx, func(rows *sql.Rows) error {
		var r LowRow
		err := scanLow(rows, &r, &r.Product)
		*byProduct[r.Product] = r
		return err
	}, "SELECT product_id, "+lowNames+" FROM (SELECT product_id, "+lowSums+" FROM (SELECT "+lowColumns+" FROM sku_plan WHERE sku_plan.tenant_id = $1 AND "+lowLevels[f.Show]+
		" AND sku_plan.product_id IN (", "BIGINT", ")) AS low GROUP BY product_id) AS summed", nil, len(page.Rows),
		func(args []any, i int) []any { return append(args, int64(page.Rows[i].Product)) })
	if err != nil {
		return err
	}
	return tx.nameLow(ctx, q.Group, page.Rows)
}

// lowFew is up to how many SKUs are sorted by their codes; of more, those are looked for in the order of the codes, where one is never far.
const lowFew = 20_000

// lowByCode reads a page in the order of the codes.
func (tx *Tx) lowByCode(ctx context.Context, q LowQuery, begin lowPlace, page *LowPage) error {
	f := q.Filter
	if !f.byLevel() {
		f.Show = ShowLow
	}
	f.Sort = SortCode
	s, err := tx.stockSource(ctx, f)
	if err != nil {
		return err
	}
	from, where := s.from, s.where
	if page.Total > lowFew {
		from = strings.Replace(from, "sku_plan CROSS JOIN sku", "sku CROSS JOIN sku_plan", 1)
	}
	if q.After != "" {
		where += " AND sku.code > " + s.add(begin.Text)
	}
	text := "SELECT sku_id, code, " + lowNames + " FROM (SELECT " + lowColumns + ", sku.code AS code, 1 AS skus, CASE WHEN sku_plan.level >= 2 THEN 1 ELSE 0 END AS outs FROM " + from +
		" WHERE " + where + " ORDER BY sku.code LIMIT " + s.add(q.Limit+1) + ") AS low ORDER BY code"
	last := lowPlace{Group: q.Group, Sort: q.Sort}
	err = tx.query(ctx, func(rows *sql.Rows) error {
		if len(page.Rows) == q.Limit {
			page.Next = place(last)
			return nil
		}
		var r LowRow
		err := scanLow(rows, &r, &r.SKU, &last.Text)
		page.Rows = append(page.Rows, r)
		return err
	}, text, s.args...)
	if err != nil {
		return err
	}
	return tx.nameLow(ctx, q.Group, page.Rows)
}

// nameLow reads the codes and names of rows.
func (tx *Tx) nameLow(ctx context.Context, group LowGroup, rows []LowRow) error {
	switch group {
	case BySKU:
		bySKU := make(map[stock.SKUID]*LowRow, len(rows))
		for i := range rows {
			bySKU[rows[i].SKU] = &rows[i]
		}
		return tx.queryRows(ctx, func(r *sql.Rows) error {
			var sku stock.SKUID
			var n LowRow
			err := r.Scan(&sku, &n.Code, &n.Name, &n.Options[0], &n.Options[1], &n.Options[2], &n.Product, &n.Of)
			row := bySKU[sku]
			row.Code, row.Name, row.Options, row.Product, row.Of = n.Code, n.Name, n.Options, n.Product, n.Of
			return err
		}, `SELECT sku.sku_id, sku.code, sku.name, sku.option1, sku.option2, sku.option3, sku.product_id, product.code FROM sku
			JOIN product ON product.tenant_id = sku.tenant_id AND product.product_id = sku.product_id WHERE sku.tenant_id = $1 AND sku.sku_id IN (`, "BIGINT", ")",
			nil, len(rows), func(args []any, i int) []any { return append(args, int64(rows[i].SKU)) })
	case ByProduct:
		byProduct := make(map[stock.ProductID]*LowRow, len(rows))
		for i := range rows {
			byProduct[rows[i].Product] = &rows[i]
		}
		return tx.queryRows(ctx, func(r *sql.Rows) error {
			var product stock.ProductID
			var code, name string
			err := r.Scan(&product, &code, &name)
			byProduct[product].Code, byProduct[product].Name = code, name
			return err
		}, "SELECT product_id, code, name FROM product WHERE tenant_id = $1 AND product_id IN (", "BIGINT", ")", nil, len(rows),
			func(args []any, i int) []any { return append(args, int64(rows[i].Product)) })
	}
	return nil
}

// OptionNames are the names of the options that products have: those of first options, then of second and third ones, each by name, up to limit.
func (db *DB) OptionNames(ctx context.Context, tenant stock.TenantID, limit int) ([]string, error) {
	seen := make(map[string]bool)
	var names []string
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		clear(seen)
		names = names[:0]
		for _, column := range []string{"option1_name", "option2_name", "option3_name"} {
			// From one name to the next along the index: as many steps as there are names, however many products.
			for after := ""; len(names) < limit; {
				var next sql.NullString
				err := tx.one(ctx, []any{&next}, "SELECT MIN("+column+") FROM product WHERE tenant_id = $1 AND "+column+" > $2", after)
				if err != nil {
					return err
				}
				if !next.Valid {
					break
				}
				if after = next.String; !seen[after] {
					seen[after] = true
					names = append(names, after)
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("names of options: %w", err)
	}
	return slices.Clone(names), nil
}
