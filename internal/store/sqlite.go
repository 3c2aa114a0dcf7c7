package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// sqlite is one file with one writer. The write transaction is the lock, so rows need none.
type sqlite struct{}

func (sqlite) name() string { return "sqlite" }

func (sqlite) open(ctx context.Context, path string) (read, write *sql.DB, err error) {
	path = strings.TrimPrefix(path, "sqlite:")
	address := func(pragmas ...string) string {
		v := url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}
		return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: v.Encode()}).String()
	}
	common := []string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "cache_size(-65536)", "temp_store(MEMORY)"}
	if write, err = sql.Open("sqlite", address(common...)); err != nil {
		return nil, nil, err
	}
	write.SetMaxOpenConns(1)
	if err := write.PingContext(ctx); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", path, err), write.Close())
	}
	reading := url.Values{"_pragma": {"busy_timeout(10000)", "query_only(1)", "foreign_keys(1)", "cache_size(-32768)", "temp_store(MEMORY)"}}
	read, err = sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: reading.Encode()}).String())
	if err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(8)
	read.SetMaxIdleConns(8)
	return read, write, nil
}

func (sqlite) txOptions(write bool) *sql.TxOptions { return &sql.TxOptions{ReadOnly: !write} }
func (sqlite) forUpdate() string                   { return "" }
func (sqlite) skipLocked() string                  { return "" }
func (sqlite) prepares() bool                      { return true }
func (sqlite) commitsInOrder() bool                { return true }

// largestChunk bounds the rows of one statement, so that its parameters are fewer than SQLite takes.
const largestChunk = 256

// chunks splits n rows into powers of four, so that few different statements are ever made and each stays prepared.
func (sqlite) chunks(n int) []int {
	var sizes []int
	for size := largestChunk; n > 0; {
		if n >= size {
			sizes = append(sizes, size)
			n -= size
			continue
		}
		size /= 4
	}
	return sizes
}

// rows lists rows as VALUES, with a parameter for each value.
func (sqlite) rows(s rowsStatement, n int, args []any) (string, []any, error) {
	return s.text(n, listValues), args, nil
}

// listValues is "before VALUES (CAST($3 AS BIGINT), …), ($6, …) after". Casting the first row's parameters gives the columns their types.
func listValues(s rowsStatement, n int) string {
	kinds := s.types.kinds()
	var b strings.Builder
	b.WriteString(s.before)
	if s.into != "" {
		b.WriteString("INSERT INTO " + s.into + " ")
	}
	b.WriteString("VALUES ")
	p := s.first
	for row := range n {
		if row > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		if s.into != "" {
			b.WriteString("$1, ")
		}
		for i, kind := range kinds {
			if i > 0 {
				b.WriteString(", ")
			}
			parameter := "$" + strconv.Itoa(p)
			if row == 0 && s.into == "" {
				parameter = "CAST(" + parameter + " AS " + kind + ")"
			}
			b.WriteString(parameter)
			p++
		}
		b.WriteByte(')')
	}
	b.WriteString(s.after)
	return b.String()
}

// bound is a statement whose parameters are in the order of their places.
type bound struct {
	text  string
	order []int // which argument stands at each place
}

var boundTexts sync.Map // text → *bound

// bind turns $1, $2 … into plain places. SQLite takes the numbered form for names and looks each one up in a list, for every parameter of
// every call: with thousands of parameters that was two fifths of all time.
func (sqlite) bind(text string, args []any) (string, []any) {
	known, ok := boundTexts.Load(text)
	if !ok {
		known, _ = boundTexts.LoadOrStore(text, places(text))
	}
	b := known.(*bound)
	ordered := make([]any, len(b.order))
	for i, n := range b.order {
		ordered[i] = args[n]
	}
	return b.text, ordered
}

// places reads the numbers of a statement's parameters. No statement of ours has a dollar sign for anything else.
func places(text string) *bound {
	b := &bound{}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '$' {
			out.WriteByte(text[i])
			continue
		}
		n := 0
		for i+1 < len(text) && text[i+1] >= '0' && text[i+1] <= '9' {
			i++
			n = n*10 + int(text[i]-'0')
		}
		b.order = append(b.order, n-1)
		out.WriteByte('?')
	}
	b.text = out.String()
	return b
}

// sqliteOnly matches a text that only SQLite reads.
var sqliteOnly = regexp.MustCompile(`/\*sqlite (.*?)\*/`)

func (sqlite) text(migration string) string { return sqliteOnly.ReplaceAllString(migration, "$1") }

// uniqueColumns matches the columns in SQLite's words for a broken key.
var uniqueColumns = regexp.MustCompile(`UNIQUE constraint failed: (.+?)(?: \(\d+\))?$`)

var checkName = regexp.MustCompile(`CHECK constraint failed: (\S+)`)

func (sqlite) classify(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	var e *driver.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case codes.SQLITE_BUSY, codes.SQLITE_LOCKED:
		return fmt.Errorf("%w: %w", ErrAgain, err)
	case codes.SQLITE_CONSTRAINT:
	default:
		return err
	}
	switch e.Code() {
	case codes.SQLITE_CONSTRAINT_UNIQUE, codes.SQLITE_CONSTRAINT_PRIMARYKEY:
		if m := uniqueColumns.FindStringSubmatch(e.Error()); m != nil {
			return fmt.Errorf("%w: %w", &ConflictError{Key: keyName(m[1], e.Code() == codes.SQLITE_CONSTRAINT_PRIMARYKEY)}, err)
		}
	case codes.SQLITE_CONSTRAINT_CHECK:
		if m := checkName.FindStringSubmatch(e.Error()); m != nil {
			return fmt.Errorf("%w: %w", &ConflictError{Key: m[1]}, err)
		}
	}
	return fmt.Errorf("%w: %w", &ConflictError{}, err)
}

// keyName makes the constraint's name from "sku.tenant_id, sku.code", as our migrations name them.
func keyName(columns string, primary bool) string {
	var table string
	var names []string
	for _, c := range strings.Split(columns, ",") {
		t, name, _ := strings.Cut(strings.TrimSpace(c), ".")
		table = t
		names = append(names, name)
	}
	if primary {
		return table + "_pkey"
	}
	return table + "_" + strings.Join(names, "_") + "_key"
}

func (sqlite) migrating(ctx context.Context, db *sql.DB, fn func(conn *sql.Conn) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err = fn(conn)
	if err == nil {
		err = expectMany(ctx, conn)
	}
	if err != nil {
		_, undo := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return errors.Join(err, undo)
	}
	_, err = conn.ExecContext(ctx, "COMMIT")
	return err
}

func (sqlite) describe(ctx context.Context, db *sql.DB) (Schema, error) {
	var s Schema
	var tables []string
	collect := func(text string, row func(scan func(...any) error) error, args ...any) error {
		rows, err := db.QueryContext(ctx, text, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := row(rows.Scan); err != nil {
				return err
			}
		}
		return rows.Err()
	}
	err := collect("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' ORDER BY name", func(scan func(...any) error) error {
		var t string
		err := scan(&t)
		tables = append(tables, t)
		return err
	})
	if err != nil {
		return s, err
	}
	for _, table := range tables {
		primary := map[int]string{}
		err := collect("SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo($1)", func(scan func(...any) error) error {
			var name, kind string
			var notNull, pk int
			if err := scan(&name, &kind, &notNull, &pk); err != nil {
				return err
			}
			kind, _, _ = strings.Cut(kind, " ")
			s.Columns = append(s.Columns, column(table, name, kind, notNull == 1))
			if pk > 0 {
				primary[pk] = name
			}
			return nil
		}, table)
		if err != nil {
			return s, err
		}
		var key []string
		for i := 1; i <= len(primary); i++ {
			key = append(key, primary[i])
		}
		s.Keys = append(s.Keys, table+" ("+strings.Join(key, ", ")+")")
		type index struct{ name, origin string }
		var indexes []index
		err = collect("SELECT name, origin FROM pragma_index_list($1)", func(scan func(...any) error) error {
			var i index
			err := scan(&i.name, &i.origin)
			indexes = append(indexes, i)
			return err
		}, table)
		if err != nil {
			return s, err
		}
		for _, i := range indexes {
			var columns []string
			err := collect("SELECT name FROM pragma_index_info($1)", func(scan func(...any) error) error {
				var c string
				err := scan(&c)
				columns = append(columns, c)
				return err
			}, i.name)
			if err != nil {
				return s, err
			}
			switch i.origin {
			case "u":
				s.Keys = append(s.Keys, table+" ("+strings.Join(columns, ", ")+")")
			case "c":
				s.Indexes = append(s.Indexes, i.name+" on "+table+" ("+strings.Join(columns, ", ")+")")
			}
		}
	}
	slices.Sort(s.Columns)
	slices.Sort(s.Keys)
	slices.Sort(s.Indexes)
	return s, nil
}

func column(table, name, kind string, notNull bool) string {
	null := "null"
	if notNull {
		null = "not null"
	}
	return table + "." + name + " " + strings.ToLower(kind) + " " + null
}

// scrub writes the file anew without what was deleted or overwritten in it, which takes as long as a copy, and empties the log.
func (sqlite) scrub(ctx context.Context, write *sql.DB) error {
	for _, text := range []string{"VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := write.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}
