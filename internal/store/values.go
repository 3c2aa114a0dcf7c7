package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"sync"
)

// largestChunk bounds the rows of one statement, so that its parameters fit both engines.
const largestChunk = 256

// chunks splits n rows into powers of four, so that few different statements are ever made and each stays prepared.
func chunks(n int) []int {
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

// rowsOf describes the columns of a VALUES list: their types, in order, as "BIGINT TEXT BIGINT". The first row's parameters are
// cast, which gives the list its types on both engines.
type rowsOf string

var valuesTexts sync.Map // "types|rows|first" → text

// text is "(CAST($3 AS BIGINT), …), ($6, …)" for n rows whose parameters begin at number first.
func (types rowsOf) text(n, first int) string {
	key := string(types) + "|" + strconv.Itoa(n) + "|" + strconv.Itoa(first)
	if text, ok := valuesTexts.Load(key); ok {
		return text.(string)
	}
	kinds := strings.Fields(string(types))
	var b strings.Builder
	p := first
	for row := range n {
		if row > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for i, kind := range kinds {
			if i > 0 {
				b.WriteString(", ")
			}
			if row == 0 {
				b.WriteString("CAST($" + strconv.Itoa(p) + " AS " + kind + ")")
			} else {
				b.WriteString("$" + strconv.Itoa(p))
			}
			p++
		}
		b.WriteByte(')')
	}
	valuesTexts.Store(key, b.String())
	return b.String()
}

// statementTexts keeps "before VALUES list after" joined, so that a chunk of a known size costs no building.
var statementTexts sync.Map

type statementKey struct {
	before, after, types string
	n, first             int
}

func statementText(before string, types rowsOf, n, first int, after string) string {
	key := statementKey{before, after, string(types), n, first}
	if text, ok := statementTexts.Load(key); ok {
		return text.(string)
	}
	text := before + types.text(n, first) + after
	statementTexts.Store(key, text)
	return text
}

// execRows runs "before VALUES list after" over all rows in chunks. fixed are the parameters that come after the tenant ($2 …);
// row appends the parameters of row i.
func (tx *Tx) execRows(ctx context.Context, before string, types rowsOf, after string, fixed []any, n int, row func(args []any, i int) []any) error {
	done := 0
	for _, size := range chunks(n) {
		args := make([]any, 0, len(fixed)+size*8)
		args = append(args, fixed...)
		for i := done; i < done+size; i++ {
			args = row(args, i)
		}
		if _, err := tx.exec(ctx, statementText(before, types, size, 2+len(fixed), after), args...); err != nil {
			return err
		}
		done += size
	}
	return nil
}

// queryRows runs "before VALUES list after" over all rows in chunks and calls each for every row that comes back.
func (tx *Tx) queryRows(ctx context.Context, each func(*sql.Rows) error, before string, types rowsOf, after string, fixed []any, n int, row func(args []any, i int) []any) error {
	done := 0
	for _, size := range chunks(n) {
		args := make([]any, 0, len(fixed)+size*8)
		args = append(args, fixed...)
		for i := done; i < done+size; i++ {
			args = row(args, i)
		}
		if err := tx.query(ctx, each, statementText(before, types, size, 2+len(fixed), after), args...); err != nil {
			return err
		}
		done += size
	}
	return nil
}

// insertRows inserts rows of which the tenant is the first column. target is "table (tenant_id, a, b)"; after may hold an
// ON CONFLICT clause.
func (tx *Tx) insertRows(ctx context.Context, target, after string, n int, row func(args []any, i int) []any) error {
	columns := strings.Count(target, ",") + 1
	done := 0
	for _, size := range chunks(n) {
		args := make([]any, 0, size*columns)
		for i := done; i < done+size; i++ {
			args = row(args, i)
		}
		if _, err := tx.exec(ctx, insertText(target, columns, size, after), args...); err != nil {
			return err
		}
		done += size
	}
	return nil
}

func insertText(target string, columns, n int, after string) string {
	key := statementKey{target, after, "insert", n, columns}
	if text, ok := statementTexts.Load(key); ok {
		return text.(string)
	}
	var b strings.Builder
	b.WriteString("INSERT INTO " + target + " VALUES ")
	p := 2
	for row := range n {
		if row > 0 {
			b.WriteString(", ")
		}
		b.WriteString("($1")
		for range columns - 1 {
			b.WriteString(", $" + strconv.Itoa(p))
			p++
		}
		b.WriteByte(')')
	}
	b.WriteString(after)
	statementTexts.Store(key, b.String())
	return b.String()
}
