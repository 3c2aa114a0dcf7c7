package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The raw engine: the same rows that soroi writes, by hand-written SQL as fast as we know how. It decides nothing and reads nothing:
// balances are kept in memory, statements are prepared, rows of a batch are sorted by key and each key is written once.

const rawTenant = 1

// Columns of the tables that are written, with their types where a VALUES list needs them.
const (
	movementColumns = `tenant_id, sku_id, location_id, seq, kind, on_hand_delta, committed_delta, on_hand_after, committed_after, oversold, cause, shop_id, document, line, actor, reason, occurred_at, posted_at`
	movementTypes   = `BIGINT BIGINT BIGINT BIGINT TEXT BIGINT BIGINT BIGINT BIGINT BIGINT TEXT BIGINT TEXT TEXT TEXT TEXT BIGINT BIGINT`
	markConflict    = ` ON CONFLICT (tenant_id, sku_id) DO UPDATE SET marked = sku_plan.marked + 1,
		rank = CASE WHEN sku_plan.marked > sku_plan.planned AND sku_plan.rank < excluded.rank THEN sku_plan.rank ELSE excluded.rank END,
		since = CASE WHEN sku_plan.marked > sku_plan.planned AND sku_plan.since < excluded.since THEN sku_plan.since ELSE excluded.since END`
	saleColumns = `tenant_id, sale_id, shop_id, number, placed_at, first_seen_at, taken_at, revision, asked_at, state, test, problems, late_cancel, checked_at`
	saleTypes   = `BIGINT BIGINT BIGINT TEXT BIGINT BIGINT BIGINT BIGINT BIGINT TEXT BOOLEAN TEXT BIGINT BIGINT`
	dayColumns  = `tenant_id, sku_id, day, sold`
	dayConflict = ` ON CONFLICT (tenant_id, sku_id, day) DO UPDATE SET sold = sku_day.sold + excluded.sold`
	lineColumns = `tenant_id, sale_id, line, listing_id, sku_id, ref, code, title, wanted, wanted_shipped, wanted_returned, held, shipped, returned, base_shipped, base_returned`
	lineTypes   = `BIGINT BIGINT TEXT BIGINT BIGINT TEXT TEXT TEXT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT`
)

// form is how a statement takes many rows.
type form string

const (
	rowsForm   form = "VALUES rows"          // ($1, $2), ($3, $4) …
	placeForm  form = "VALUES rows by place" // (?, ?), (?, ?) …: SQLite looks a numbered parameter up by its name, which takes long when there are thousands
	arraysForm form = "arrays"               // one array for each column; PostgreSQL only
)

// statement is one text for n rows, or for any number of them where rows come as arrays.
type statement struct {
	form          form
	before, after string
	types         []string
	cast          bool // the first row's parameters need their types
}

func (s statement) text(n int) string {
	var b strings.Builder
	b.WriteString(s.before)
	if s.form == arraysForm {
		b.WriteString("SELECT * FROM unnest(")
		for i, t := range s.types {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "$%d::%s[]", i+1, t)
		}
		b.WriteString(")")
	} else {
		b.WriteString("VALUES ")
		p := 1
		for row := range n {
			if row > 0 {
				b.WriteString(", ")
			}
			b.WriteByte('(')
			for i, t := range s.types {
				if i > 0 {
					b.WriteString(", ")
				}
				parameter := "?"
				if s.form == rowsForm {
					parameter = "$" + strconv.Itoa(p)
				}
				if s.cast && row == 0 {
					parameter = "CAST(" + parameter + " AS " + t + ")"
				}
				b.WriteString(parameter)
				p++
			}
			b.WriteByte(')')
		}
	}
	b.WriteString(s.after)
	return b.String()
}

// rawBooks posts to a database past soroi.
type rawBooks struct {
	db       *sql.DB
	form     form
	texts    map[textKey]string
	prepared map[string]*sql.Stmt
	balances map[int64]*rawBalance
	clock    func() time.Time
}

// textKey names a statement's text for so many rows, so that it is built once.
type textKey struct {
	before string
	n      int
}

type rawBalance struct{ onHand, committed, movements int64 }

func newRawBooks(db *sql.DB, f form, now func() time.Time) *rawBooks {
	return &rawBooks{db: db, form: f, texts: make(map[textKey]string), prepared: make(map[string]*sql.Stmt), balances: make(map[int64]*rawBalance), clock: now}
}

func (r *rawBooks) close() error {
	var errs []error
	for _, stmt := range r.prepared {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(errs...)
}

func (r *rawBooks) statement(table, columns, types, conflict string) statement {
	if types == "" {
		types = strings.Repeat("BIGINT ", strings.Count(columns, ",")+1)
	}
	return statement{form: r.form, before: "INSERT INTO " + table + " (" + columns + ") ", after: conflict, types: strings.Fields(types)}
}

// updating sets columns of table from rows whose first column is the key.
func (r *rawBooks) updating(text string, columns int) statement {
	before, after, _ := strings.Cut(text, "ROWS")
	if r.form == arraysForm {
		names := make([]string, columns)
		for i := range names {
			names[i] = fmt.Sprintf("column%d", i+1)
		}
		after = strings.Replace(after, " AS v", " AS v("+strings.Join(names, ", ")+")", 1)
	}
	return statement{form: r.form, before: before, after: after, types: slices.Repeat([]string{"BIGINT"}, columns), cast: true}
}

// mostValues is how many rows one VALUES list has: longer ones were slower on SQLite, whatever the batch.
const mostValues = 256

// exec runs the statement over rows, each a slice of the row's values.
func (r *rawBooks) exec(ctx context.Context, tx *sql.Tx, s statement, rows [][]any) error {
	for part := range slices.Chunk(rows, r.most()) {
		if err := r.execPart(ctx, tx, s, part); err != nil {
			return err
		}
	}
	return nil
}

func (r *rawBooks) most() int {
	if r.form == arraysForm {
		return math.MaxInt
	}
	return mostValues
}

func (r *rawBooks) execPart(ctx context.Context, tx *sql.Tx, s statement, rows [][]any) error {
	text := r.texts[textKey{s.before, len(rows)}]
	if text == "" {
		text = s.text(len(rows))
		r.texts[textKey{s.before, len(rows)}] = text
	}
	stmt := r.prepared[text]
	if stmt == nil {
		var err error
		if stmt, err = tx.PrepareContext(ctx, text); err != nil {
			return fmt.Errorf("%s: %w", text[:min(len(text), 80)], err)
		}
		defer stmt.Close()
	} else {
		stmt = tx.StmtContext(ctx, stmt)
	}
	_, err := stmt.ExecContext(ctx, arguments(s, rows)...)
	return err
}

func arguments(s statement, rows [][]any) []any {
	if s.form != arraysForm {
		args := make([]any, 0, len(rows)*len(s.types))
		for _, row := range rows {
			args = append(args, row...)
		}
		return args
	}
	args := make([]any, len(s.types))
	for i, t := range s.types {
		switch t {
		case "BIGINT":
			column := make([]int64, len(rows))
			for j, row := range rows {
				column[j] = row[i].(int64)
			}
			args[i] = column
		case "TEXT":
			column := make([]string, len(rows))
			for j, row := range rows {
				column[j] = row[i].(string)
			}
			args[i] = column
		case "BOOLEAN":
			column := make([]bool, len(rows))
			for j, row := range rows {
				column[j] = row[i].(bool)
			}
			args[i] = column
		}
	}
	return args
}

// prepare keeps the statements of full batches prepared.
func (r *rawBooks) prepare(ctx context.Context, texts ...string) error {
	for _, text := range texts {
		if r.prepared[text] != nil {
			continue
		}
		stmt, err := r.db.PrepareContext(ctx, text)
		if err != nil {
			return fmt.Errorf("%s: %w", text[:min(len(text), 80)], err)
		}
		r.prepared[text] = stmt
	}
	return nil
}

const (
	updateBalances = `UPDATE balance SET on_hand = v.column2, committed = v.column3, movements = v.column4 FROM (ROWS) AS v
		WHERE balance.tenant_id = 1 AND balance.sku_id = v.column1 AND balance.location_id = 1`
	updateListings = `UPDATE listing SET expected = listing.expected - v.column2, claimed = listing.claimed + v.column3, sold_rate = v.column4, sold_rate_at = v.column5
		FROM (ROWS) AS v WHERE listing.tenant_id = 1 AND listing.listing_id = v.column1`
	updateTargets = `UPDATE listing SET target = v.column2, target_at = v.column3, risk = v.column4, due_since = v.column5
		FROM (ROWS) AS v WHERE listing.tenant_id = 1 AND listing.listing_id = v.column1`
	updatePlanned = `UPDATE sku_plan SET planned = v.column2, available = v.column3, sellable = v.column4, told_at = v.column5, secured = v.column6, reorder_point = NULLIF(v.column7, -1),
		level = v.column8, product_id = v.column9, sold_7 = v.column10, sold_30 = v.column11, inbound = v.column12, urgency = v.column13
		FROM (ROWS) AS v WHERE sku_plan.tenant_id = 1 AND sku_plan.sku_id = v.column1`
)

// rawPosting is one movement that the raw engine posts.
type rawPosting struct {
	sku       int64
	onHand    int64
	committed int64
	kind      string
	cause     string
	shop      int64
	document  string
	sale      int64 // the order that it is of, 0 for none
}

// post writes one batch: movements, balances and marks, and whatever more writes, in one transaction.
func (r *rawBooks) post(ctx context.Context, postings []rawPosting, more func(tx *sql.Tx) error) (err error) {
	now := r.clock().UnixMicro()
	slices.SortStableFunc(postings, func(a, b rawPosting) int { return int(a.sku - b.sku) })
	movements := make([][]any, len(postings))
	var skus []int64
	for i, p := range postings {
		b := r.balances[p.sku]
		if b == nil {
			b = &rawBalance{}
			r.balances[p.sku] = b
		}
		b.onHand += p.onHand
		b.committed += p.committed
		b.movements++
		movements[i] = []any{int64(rawTenant), p.sku, int64(1), b.movements, p.kind, p.onHand, p.committed, b.onHand, b.committed, int64(0), p.cause, p.shop,
			p.document, "1", "bench", "", now, now}
		if len(skus) == 0 || skus[len(skus)-1] != p.sku {
			skus = append(skus, p.sku)
		}
	}
	balances, marks := make([][]any, len(skus)), make([][]any, len(skus))
	for i, sku := range skus {
		b := r.balances[sku]
		balances[i] = []any{sku, b.onHand, b.committed, b.movements}
		marks[i] = []any{int64(rawTenant), sku, int64(1), int64(0), int64(0), now}
	}
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	if err := r.exec(ctx, tx, r.statement("movement", movementColumns, movementTypes, ""), movements); err != nil {
		return err
	}
	if err := r.exec(ctx, tx, r.updating(updateBalances, 4), balances); err != nil {
		return err
	}
	if err := r.exec(ctx, tx, r.marking(), marks); err != nil {
		return err
	}
	if more != nil {
		if err := more(tx); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (r *rawBooks) marking() statement {
	return r.statement("sku_plan", "tenant_id, sku_id, marked, planned, rank, since", "", markConflict)
}

// full prepares the statements of batches of this size.
func (r *rawBooks) full(ctx context.Context, batch int) error {
	batch = min(batch, r.most())
	return r.prepare(ctx, r.statement("movement", movementColumns, movementTypes, "").text(batch),
		r.updating(updateBalances, 4).text(batch), r.updating(updateBalances, 4).text(1), r.marking().text(batch), r.marking().text(1),
		r.statement("sale", saleColumns, saleTypes, "").text(batch), r.statement("sale_line", lineColumns, lineTypes, "").text(batch),
		r.updating(updateListings, 5).text(batch), r.updating(updateTargets, 5).text(batch), r.updating(updatePlanned, 13).text(batch),
		r.statement("sku_day", dayColumns, "", dayConflict).text(batch), r.feed().text(batch))
}
