// Package store keeps everything that soroi knows, in SQLite or PostgreSQL behind one set of methods, and is the only
// package that holds SQL. Every statement is written once, in the dialect that both engines share (style 6).
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"soroi/internal/clock"
	"soroi/internal/credential"
	"soroi/internal/stock"
)

// DB is one database. It is safe for concurrent use.
type DB struct {
	dialect dialect
	read    *sql.DB
	write   *sql.DB
	clock   clock.Clock
	ids     idSource
	ledger  groups
	keys    credential.Keys
	hashers chan struct{} // holds one value per password that is being hashed
	// mostFew and mostExamined; a test takes less.
	fewHits, examined int

	statements statements
}

// Open opens the database at url: postgres://… or the path of a SQLite file, which is made when it is not there. It does not
// migrate; Migrate does.
func Open(ctx context.Context, url string, c clock.Clock) (*DB, error) {
	var d dialect = sqlite{}
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		d = postgres{}
	}
	read, write, err := d.open(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db := &DB{dialect: d, read: read, write: write, clock: c, hashers: make(chan struct{}, mostHashing), fewHits: mostFew, examined: mostExamined}
	db.ledger.db = db
	return db, nil
}

// Close ends all connections. Every transaction must have ended before.
func (db *DB) Close() error {
	db.statements.close()
	if db.read == db.write {
		return db.write.Close()
	}
	return errors.Join(db.read.Close(), db.write.Close())
}

// Engine is "sqlite" or "postgres".
func (db *DB) Engine() string { return db.dialect.name() }

// Tx is one transaction of one tenant. All its rows carry the same Now.
type Tx struct {
	db     *DB
	tx     *sql.Tx
	pool   *sql.DB
	tenant stock.TenantID
	now    time.Time
	texts  []string // statements that were not prepared yet

	reading bool // it may write nothing
}

// Now is the transaction's one moment, UTC.
func (tx *Tx) Now() time.Time { return tx.now }

// Tenant is the merchant whose rows the transaction sees.
func (tx *Tx) Tenant() stock.TenantID { return tx.tenant }

// Read runs fn in a read-only transaction that sees one moment.
func (db *DB) Read(ctx context.Context, tenant stock.TenantID, fn func(*Tx) error) error {
	return db.run(ctx, tenant, false, fn)
}

// Write runs fn in a transaction and commits it durably: when Write returns nil, kill -9 and power loss keep it. fn may run again
// after a deadlock or a busy file, so it touches nothing outside the transaction.
func (db *DB) Write(ctx context.Context, tenant stock.TenantID, fn func(*Tx) error) error {
	const tries = 8
	for try := 1; ; try++ {
		err := db.fillIDs(ctx)
		if err == nil {
			err = db.run(ctx, tenant, true, fn)
		}
		if err == nil || !errors.Is(err, ErrAgain) || try == tries {
			return err
		}
		if err := db.clock.Sleep(ctx, time.Duration(try)*time.Millisecond); err != nil {
			return err
		}
	}
}

func (db *DB) run(ctx context.Context, tenant stock.TenantID, write bool, fn func(*Tx) error) (err error) {
	pool := db.read
	if write {
		pool = db.write
	}
	sqlTx, err := pool.BeginTx(ctx, db.dialect.txOptions(write))
	if err != nil {
		return fmt.Errorf("begin: %w", db.dialect.classify(err))
	}
	defer func() {
		if err != nil {
			_ = sqlTx.Rollback() // the error that led here is the one to tell
		}
	}()
	tx := &Tx{db: db, tx: sqlTx, pool: pool, tenant: tenant, now: db.clock.Now().Truncate(time.Microsecond), reading: !write}
	if err = fn(tx); err != nil {
		return err
	}
	if err = sqlTx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", db.dialect.classify(err))
	}
	db.statements.prepare(ctx, pool, tx.texts)
	return nil
}

// exec runs a statement. The tenant is always $1.
func (tx *Tx) exec(ctx context.Context, text string, args ...any) (sql.Result, error) {
	return tx.execAll(ctx, text, tx.withTenant(args))
}

// execAll is exec with the tenant as the first of args.
func (tx *Tx) execAll(ctx context.Context, text string, args []any) (sql.Result, error) {
	text, args = tx.db.dialect.bind(text, args)
	var result sql.Result
	var err error
	if stmt := tx.statement(ctx, text); stmt != nil {
		result, err = stmt.ExecContext(ctx, args...)
	} else {
		result, err = tx.tx.ExecContext(ctx, text, args...)
	}
	if err != nil {
		return nil, tx.failed(err)
	}
	return result, nil
}

// query runs a query and calls row for each of its rows. The tenant is always $1.
func (tx *Tx) query(ctx context.Context, row func(*sql.Rows) error, text string, args ...any) error {
	return tx.queryAll(ctx, row, text, tx.withTenant(args))
}

// queryAll is query with the tenant as the first of args.
func (tx *Tx) queryAll(ctx context.Context, row func(*sql.Rows) error, text string, args []any) error {
	text, args = tx.db.dialect.bind(text, args)
	var rows *sql.Rows
	var err error
	if stmt := tx.statement(ctx, text); stmt != nil {
		rows, err = stmt.QueryContext(ctx, args...)
	} else {
		rows, err = tx.tx.QueryContext(ctx, text, args...)
	}
	if err != nil {
		return tx.failed(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return tx.failed(err)
		}
	}
	if err := rows.Err(); err != nil {
		return tx.failed(err)
	}
	return nil
}

// one reads a single row into dest, or returns ErrNotFound.
func (tx *Tx) one(ctx context.Context, dest []any, text string, args ...any) error {
	found := false
	err := tx.query(ctx, func(rows *sql.Rows) error {
		found = true
		return rows.Scan(dest...)
	}, text, args...)
	if err == nil && !found {
		return ErrNotFound
	}
	return err
}

// changed runs a statement and returns how many rows it changed.
func (tx *Tx) changed(ctx context.Context, text string, args ...any) (int64, error) {
	result, err := tx.exec(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (tx *Tx) withTenant(args []any) []any {
	all := make([]any, 0, len(args)+1)
	all = append(all, int64(tx.tenant))
	return append(all, args...)
}

func (tx *Tx) failed(err error) error { return tx.db.dialect.classify(err) }

// statement is the prepared form of text inside this transaction, or nil where there is none (yet).
func (tx *Tx) statement(ctx context.Context, text string) *sql.Stmt {
	if !tx.db.dialect.prepares() {
		return nil
	}
	if stmt := tx.db.statements.find(tx.pool, text); stmt != nil {
		return tx.tx.StmtContext(ctx, stmt)
	}
	tx.texts = append(tx.texts, text)
	return nil
}

// micros is how an instant is stored; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// instant is the inverse of micros.
func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
