package store

import (
	"context"
	"database/sql"
)

// dialect is the seam below which the two engines differ. Nothing above it asks which one it is.
type dialect interface {
	name() string
	open(ctx context.Context, url string) (read, write *sql.DB, err error)
	txOptions(write bool) *sql.TxOptions
	// forUpdate locks the rows of a SELECT; where the write transaction is the lock it is empty.
	forUpdate() string
	skipLocked() string
	// classify turns an engine's error into ErrNotFound, ErrAgain or *ConflictError, and passes on what it does not know.
	classify(err error) error
	// migrating runs fn while no other process migrates.
	migrating(ctx context.Context, db *sql.DB, fn func(conn *sql.Conn) error) error
	// text is a migration as this engine reads it.
	text(migration string) string
	// chunks splits n rows into parts, each of which one statement takes.
	chunks(n int) []int
	// rows is a statement over a list of n rows with its parameters, of which those of the list are given row by row, from $first on.
	rows(s rowsStatement, n int, args []any) (string, []any, error)
	// bind is a statement with its parameters as the driver takes them fastest.
	bind(text string, args []any) (string, []any)
	// commitsInOrder tells whether a transaction that took a lock later also commits later: one writes at a time.
	commitsInOrder() bool
	// prepares tells whether statements are kept prepared here, because the driver does not keep them itself.
	prepares() bool
	describe(ctx context.Context, db *sql.DB) (Schema, error)
	// scrub leaves as little behind of what was deleted or overwritten as the engine can.
	scrub(ctx context.Context, write *sql.DB) error
}

// Schema is what the parity test compares: the same on both engines after all migrations.
type Schema struct {
	Columns []string // "table.column type null|not null"
	Keys    []string // "table (columns)", primary and unique
	Indexes []string // "name on table (columns) where …"
}
