package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx" of database/sql
)

// postgres is a server that many processes share. Rows are locked where a decision depends on them.
type postgres struct{}

func (postgres) name() string { return "postgres" }

func (p postgres) open(ctx context.Context, url string) (read, write *sql.DB, err error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	if err := p.check(ctx, db); err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return db, db, nil
}

// check refuses a server whose settings would break a promise: text order that differs from SQLite's, or commits that are
// acknowledged before they are durable.
func (postgres) check(ctx context.Context, db *sql.DB) error {
	var version int
	var collation, encoding, commit, fsync string
	err := db.QueryRowContext(ctx, `SELECT CAST(current_setting('server_version_num') AS INTEGER), datcollate,
		pg_encoding_to_char(encoding), current_setting('synchronous_commit'), current_setting('fsync')
		FROM pg_database WHERE datname = current_database()`).Scan(&version, &collation, &encoding, &commit, &fsync)
	switch {
	case err != nil:
		return err
	case version < 150000:
		return fmt.Errorf("PostgreSQL 15 or later is needed, the server is %d", version/10000)
	case collation != "C" && collation != "C.UTF-8" && collation != "C.utf8":
		return fmt.Errorf("the database's collation is %s; make it with: CREATE DATABASE soroi TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'", collation)
	case encoding != "UTF8":
		return fmt.Errorf("the database's encoding is %s, it must be UTF8", encoding)
	case commit == "off" || commit == "local" || fsync != "on":
		return fmt.Errorf("the server acknowledges commits before they are durable (synchronous_commit=%s, fsync=%s); set both to on", commit, fsync)
	}
	return nil
}

func (postgres) txOptions(write bool) *sql.TxOptions {
	if write {
		return &sql.TxOptions{Isolation: sql.LevelReadCommitted}
	}
	return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
}

func (postgres) forUpdate() string    { return " FOR UPDATE" }
func (postgres) skipLocked() string   { return " FOR UPDATE SKIP LOCKED" }
func (postgres) prepares() bool       { return false }
func (postgres) commitsInOrder() bool { return false }

func (postgres) bind(text string, args []any) (string, []any) { return text, args }

// largestArrays bounds the rows of one statement, for the sake of memory alone.
const largestArrays = 4096

func (postgres) chunks(n int) []int {
	var sizes []int
	for ; n > 0; n -= min(n, largestArrays) {
		sizes = append(sizes, min(n, largestArrays))
	}
	return sizes
}

// rows lists rows as one array for each column. The text is then the same for any number of rows, so it is parsed once in a connection's
// life, and thousands of rows are one message: VALUES with a parameter for each value took three to four times as long.
func (postgres) rows(s rowsStatement, n int, args []any) (string, []any, error) {
	kinds, fixed := s.types.kinds(), s.first-1
	if len(args) != fixed+n*len(kinds) {
		return "", nil, fmt.Errorf("%d parameters for %d rows of %s", len(args)-fixed, n, s.types)
	}
	all := make([]any, fixed, fixed+len(kinds))
	copy(all, args)
	for i, kind := range kinds {
		column, err := columnOf(kind, args[fixed+i:], len(kinds), n)
		if err != nil {
			return "", nil, fmt.Errorf("column %d of %s: %w", i+1, s.types, err)
		}
		all = append(all, column)
	}
	return s.text(0, listArrays), all, nil
}

// listArrays is "before SELECT * FROM UNNEST($3::BIGINT[], …) AS list(column1, …) after".
func listArrays(s rowsStatement, _ int) string {
	var arrays, columns []string
	for i, kind := range s.types.kinds() {
		arrays = append(arrays, fmt.Sprintf("$%d::%s[]", s.first+i, kind))
		columns = append(columns, fmt.Sprintf("column%d", i+1))
	}
	list := "FROM UNNEST(" + strings.Join(arrays, ", ") + ") AS list(" + strings.Join(columns, ", ") + ")"
	if s.into != "" {
		return "INSERT INTO " + s.into + " SELECT $1::BIGINT, " + strings.Join(columns, ", ") + " " + list + s.after
	}
	return s.before + "SELECT * " + list + s.after
}

// columnOf makes an array of n values, of which each stands step places after the one before.
func columnOf(kind string, args []any, step, n int) (any, error) {
	switch kind {
	case "BIGINT":
		return columnAs[int64](args, step, n)
	case "TEXT":
		return columnAs[string](args, step, n)
	case "BOOLEAN":
		return columnAs[bool](args, step, n)
	}
	return nil, fmt.Errorf("no array of %s is known", kind)
}

func columnAs[T any](args []any, step, n int) (any, error) {
	column := make([]T, n)
	var null []*T // the same with NULLs, once there is one
	for i := range n {
		value := args[i*step]
		if valuer, ok := value.(driver.Valuer); ok {
			var err error
			if value, err = valuer.Value(); err != nil {
				return nil, err
			}
		}
		if value == nil && null == nil {
			null = make([]*T, n)
			for j := range i {
				null[j] = &column[j]
			}
		}
		if value == nil {
			continue
		}
		known, ok := value.(T)
		if !ok {
			return nil, fmt.Errorf("a %T in row %d", value, i+1)
		}
		column[i] = known
		if null != nil {
			null[i] = &column[i]
		}
	}
	if null != nil {
		return null, nil
	}
	return column, nil
}

func (postgres) text(migration string) string { return sqliteOnly.ReplaceAllString(migration, "") }

func (postgres) classify(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case "40P01", "40001", "55P03":
		return fmt.Errorf("%w: %w", ErrAgain, err)
	case "23505", "23514", "23503":
		return fmt.Errorf("%w: %w", &ConflictError{Key: e.ConstraintName}, err)
	}
	return err
}

// migrationLock is the advisory lock that one migrator holds.
const migrationLock = 7_306_001

func (postgres) migrating(ctx context.Context, db *sql.DB, fn func(conn *sql.Conn) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", migrationLock)
	if err == nil {
		err = fn(conn)
	}
	if err != nil {
		_, undo := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return errors.Join(err, undo)
	}
	_, err = conn.ExecContext(ctx, "COMMIT")
	return err
}

func (postgres) describe(ctx context.Context, db *sql.DB) (Schema, error) {
	var s Schema
	collect := func(into *[]string, text string) error {
		rows, err := db.QueryContext(ctx, text)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				return err
			}
			*into = append(*into, line)
		}
		return rows.Err()
	}
	err := errors.Join(
		collect(&s.Columns, `SELECT table_name || '.' || column_name || ' ' || data_type || CASE is_nullable WHEN 'YES' THEN ' null' ELSE ' not null' END
			FROM information_schema.columns WHERE table_schema = current_schema()`),
		collect(&s.Keys, `SELECT t.relname || ' (' || string_agg(a.attname, ', ' ORDER BY k.n) || ')'
			FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace s ON s.oid = t.relnamespace,
			LATERAL unnest(c.conkey) WITH ORDINALITY k(num, n), pg_attribute a
			WHERE a.attrelid = t.oid AND a.attnum = k.num AND c.contype IN ('p', 'u') AND s.nspname = current_schema() GROUP BY c.oid, t.relname`),
		collect(&s.Indexes, `SELECT i.relname || ' on ' || t.relname || ' (' || string_agg(a.attname, ', ' ORDER BY k.n) || ')'
			FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid JOIN pg_namespace s ON s.oid = t.relnamespace,
			LATERAL unnest(x.indkey) WITH ORDINALITY k(num, n), pg_attribute a
			WHERE a.attrelid = t.oid AND a.attnum = k.num AND s.nspname = current_schema()
			AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = x.indexrelid) GROUP BY i.relname, t.relname`),
	)
	slices.Sort(s.Columns)
	slices.Sort(s.Keys)
	slices.Sort(s.Indexes)
	return s, err
}

// scrub leaves it to the server: its vacuum gives the old rows' space away, its log ends by its own rules.
func (postgres) scrub(context.Context, *sql.DB) error { return nil }
