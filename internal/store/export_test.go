package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"soroi/internal/allocation"
	"soroi/internal/clock"
	"soroi/internal/event"
	"soroi/internal/stock"
)

// SetClock gives a test's database another clock.
func (db *DB) SetClock(c clock.Clock) { db.clock = c }

// Exec runs a statement as it stands, past every rule: for tests that break the books on purpose.
func (db *DB) Exec(ctx context.Context, text string, args ...any) (int64, error) {
	result, err := db.write.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Days are what is recorded as sold of a SKU, by date.
func (db *DB) Days(ctx context.Context, tenant stock.TenantID, sku stock.SKUID) (map[string]int64, error) {
	days := make(map[string]int64)
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		return tx.query(ctx, func(rows *sql.Rows) error {
			var day stock.Day
			var sold int64
			err := rows.Scan(&day, &sold)
			days[day.String()] = sold
			return err
		}, "SELECT day, sold FROM sku_day WHERE tenant_id = $1 AND sku_id = $2", int64(sku))
	})
	return days, err
}

// PlanRow is what planning found last of a SKU.
type PlanRow struct {
	Available, Secured int64
	Reorder            stock.Point
	Level              stock.Level
	Waits              bool
	Week, Month        int64 // sold in 7 and 30 days
	Inbound            int64
}

// PlanOf reads it.
func (db *DB) PlanOf(ctx context.Context, tenant stock.TenantID, sku stock.SKUID) (PlanRow, error) {
	var p PlanRow
	var point sql.NullInt64
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		return tx.one(ctx, []any{&p.Available, &p.Secured, &point, &p.Level, &p.Waits, &p.Week, &p.Month, &p.Inbound},
			"SELECT available, secured, reorder_point, level, marked > planned, sold_7, sold_30, inbound FROM sku_plan WHERE tenant_id = $1 AND sku_id = $2", int64(sku))
	})
	p.Reorder = pointOf(point)
	return p, err
}

// VerifyInParts is Verify with another bound on the lines of one pass, and on the rows of one page.
func (db *DB) VerifyInParts(ctx context.Context, tenant stock.TenantID, most int64, page int) (Report, error) {
	return db.verify(ctx, tenant, nil, most, page)
}

// ListedRow is one row of a list of rows.
type ListedRow struct {
	Place int64
	Ref   sql.NullInt64
	Name  sql.NullString
	Sure  sql.NullBool
}

// Listed sends rows to the database as statements over many rows do, and returns what it makes of them.
func (db *DB) Listed(ctx context.Context, rows []ListedRow) (back []ListedRow, err error) {
	err = db.Read(ctx, 1, func(tx *Tx) error {
		return tx.queryRows(ctx, func(r *sql.Rows) error {
			var row ListedRow
			err := r.Scan(&row.Place, &row.Ref, &row.Name, &row.Sure)
			back = append(back, row)
			return err
		}, "SELECT v.column1 + $2 - $1, v.column2, v.column3, v.column4 FROM (", "BIGINT BIGINT TEXT BOOLEAN", ") AS v", []any{int64(1)}, len(rows),
			func(args []any, i int) []any {
				return append(args, rows[i].Place, rows[i].Ref, rows[i].Name, rows[i].Sure)
			})
	})
	return back, err
}

// Steps is how SQLite would run each statement that has been run so far: the words of EXPLAIN QUERY PLAN, by text.
func (db *DB) Steps(ctx context.Context) (map[string][]string, error) {
	steps := make(map[string][]string)
	for key := range db.statements.byKey {
		rows, err := key.pool.QueryContext(ctx, "EXPLAIN QUERY PLAN "+key.text, make([]any, strings.Count(key.text, "?"))...)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key.text, err)
		}
		for rows.Next() {
			var id, parent, unused int64
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				return nil, err
			}
			steps[key.text] = append(steps[key.text], step)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, err
		}
	}
	return steps, nil
}

// AddEvent writes an event down that is about nothing, with any body.
func (tx *Tx) AddEvent(ctx context.Context, kind event.Kind, body string) error {
	return tx.addEvents(ctx, []newEvent{{kind: kind, body: body}})
}

// PlanOfSelect is how the engine goes about selecting a query's SKUs.
func (db *DB) PlanOfSelect(ctx context.Context, tenant stock.TenantID, q StockQuery) (string, error) {
	var plan strings.Builder
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		text, args, err := tx.selection(ctx, q, 0, 100)
		if err != nil {
			return err
		}
		explain := map[string]string{"sqlite": "EXPLAIN QUERY PLAN ", "postgres": "EXPLAIN "}[db.Engine()]
		return tx.query(ctx, func(rows *sql.Rows) error {
			names, err := rows.Columns()
			if err != nil {
				return err
			}
			cells := make([]any, len(names))
			for i := range cells {
				cells[i] = new(any)
			}
			err = rows.Scan(cells...)
			fmt.Fprintln(&plan, *cells[len(cells)-1].(*any))
			return err
		}, explain+text, args...)
	})
	return plan.String(), err
}

// SetConnected moves the moment from which a shop's orders are ours.
func (db *DB) SetConnected(ctx context.Context, tenant stock.TenantID, shop int64, at time.Time) error {
	_, err := db.Exec(ctx, "UPDATE shop SET connected_at = $3 WHERE tenant_id = $1 AND shop_id = $2", int64(tenant), shop, micros(at))
	return err
}

// Exec runs a statement inside a transaction, past every rule.
func (tx *Tx) Exec(ctx context.Context, text string) error {
	_, err := tx.exec(ctx, text)
	return err
}

// Queued is how many works of a tenant wait for the next transaction, -1 while none runs.
func (db *DB) Queued(tenant stock.TenantID) int {
	db.ledger.mu.Lock()
	defer db.ledger.mu.Unlock()
	if q := db.ledger.tenants[tenant]; q != nil && q.led {
		return len(q.waiting)
	}
	return -1
}

// Explained is a database that remembers the statements over lists of rows that it has run, to ask how it would run each now.
type Explained struct {
	*DB
	ran *sync.Map // text → []any
}

type rememberingDialect struct {
	dialect
	ran *sync.Map
}

func (d rememberingDialect) bind(text string, args []any) (string, []any) {
	text, args = d.dialect.bind(text, args)
	if strings.Contains(text, "UNNEST") {
		d.ran.Store(text, args)
	}
	return text, args
}

// Explain makes db remember its statements from now on.
func Explain(db *DB) Explained {
	e := Explained{DB: db, ran: new(sync.Map)}
	db.dialect = rememberingDialect{db.dialect, e.ran}
	return e
}

// Plans is how PostgreSQL would run each of the statements now, by text.
func (e Explained) Plans(ctx context.Context) (plans map[string]string, err error) {
	plans = make(map[string]string)
	e.ran.Range(func(text, args any) bool {
		var rows *sql.Rows
		if rows, err = e.write.QueryContext(ctx, "EXPLAIN "+text.(string), args.([]any)...); err != nil {
			return false
		}
		defer rows.Close()
		for rows.Next() {
			var line string
			if err = rows.Scan(&line); err != nil {
				return false
			}
			plans[text.(string)] += line + "\n"
		}
		err = rows.Err()
		return err == nil
	})
	return plans, err
}

// Texts are the first column of a query's rows.
func (db *DB) Texts(ctx context.Context, query string) (texts []string, err error) {
	rows, err := db.read.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, rows.Err()
}

// SetFewHits changes up to how many hits a search goes from those, and how many it examines to count more.
func (db *DB) SetFewHits(n, examined int) { db.fewHits, db.examined = n, examined }

// Account is what is known of a listing, as planning knows it.
func (db *DB) Account(ctx context.Context, tenant stock.TenantID, listing ListingID) (allocation.Account, error) {
	var r accountRow
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		return tx.one(ctx, r.dest(), "SELECT "+accountColumns+" FROM listing WHERE tenant_id = $1 AND listing_id = $2", int64(listing))
	})
	return r.account(), err
}
