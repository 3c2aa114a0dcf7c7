package store

import (
	"context"
	"database/sql"
	"strings"
	"sync"
)

// rowsOf describes the columns of a list of rows: their types, in order, as "BIGINT TEXT BIGINT".
type rowsOf string

func (types rowsOf) kinds() []string { return strings.Fields(string(types)) }

// rowsStatement is a statement over a list of rows: "before LIST after", where the list is a source of rows whose columns are column1,
// column2 …, as in "IN (LIST)" and "FROM (LIST) AS v". Its parameters begin at number first. Where into is set it is "INSERT INTO into
// LIST after" instead, and the tenant ($1) is the first column of each row.
type rowsStatement struct {
	into   string // "table (tenant_id, a, b)"
	before string
	types  rowsOf
	after  string
	first  int
}

// rowsTexts keeps the texts that were put together, so that a statement of a known size costs no building.
var rowsTexts sync.Map

type rowsText struct {
	rowsStatement
	n int
}

// text is what build makes of the statement for n rows.
func (s rowsStatement) text(n int, build func(s rowsStatement, n int) string) string {
	key := rowsText{s, n}
	if text, ok := rowsTexts.Load(key); ok {
		return text.(string)
	}
	text := build(s, n)
	rowsTexts.Store(key, text)
	return text
}

// inChunks calls run with the text and all parameters of each part of n rows. fixed are the parameters that come after the tenant ($2 …);
// row appends the parameters of row i, one for each of the statement's types.
func (tx *Tx) inChunks(s rowsStatement, fixed []any, n int, row func(args []any, i int) []any, run func(text string, args []any) error) error {
	s.first = 2 + len(fixed)
	done := 0
	var all []any // of each part in turn: nobody keeps it
	for _, size := range tx.db.dialect.chunks(n) {
		if all == nil {
			all = make([]any, 0, 1+len(fixed)+size*len(s.types.kinds()))
			all = append(append(all, int64(tx.tenant)), fixed...)
		}
		all = all[:1+len(fixed)]
		for i := done; i < done+size; i++ {
			all = row(all, i)
		}
		text, args, err := tx.db.dialect.rows(s, size, all)
		if err != nil {
			return err
		}
		if err := run(text, args); err != nil {
			return err
		}
		done += size
	}
	return nil
}

// execRows runs "before LIST after" over all rows, in chunks.
func (tx *Tx) execRows(ctx context.Context, before string, types rowsOf, after string, fixed []any, n int, row func(args []any, i int) []any) error {
	return tx.inChunks(rowsStatement{before: before, types: types, after: after}, fixed, n, row, func(text string, args []any) error {
		_, err := tx.execAll(ctx, text, args)
		return err
	})
}

// queryRows runs "before LIST after" over all rows, in chunks, and calls each for every row that comes back.
func (tx *Tx) queryRows(ctx context.Context, each func(*sql.Rows) error, before string, types rowsOf, after string, fixed []any, n int, row func(args []any, i int) []any) error {
	return tx.inChunks(rowsStatement{before: before, types: types, after: after}, fixed, n, row, func(text string, args []any) error {
		return tx.queryAll(ctx, each, text, args)
	})
}

// insertRows inserts rows of which the tenant is the first column; types are those of the others. target is "table (tenant_id, a, b)";
// after may hold an ON CONFLICT clause.
func (tx *Tx) insertRows(ctx context.Context, target string, types rowsOf, after string, n int, row func(args []any, i int) []any) error {
	return tx.inChunks(rowsStatement{into: target, types: types, after: after}, nil, n, row, func(text string, args []any) error {
		_, err := tx.execAll(ctx, text, args)
		return err
	})
}

// insertedRows is insertRows with a RETURNING clause in after; it calls each for every row that comes back.
func (tx *Tx) insertedRows(ctx context.Context, each func(*sql.Rows) error, target string, types rowsOf, after string, n int, row func(args []any, i int) []any) error {
	return tx.inChunks(rowsStatement{into: target, types: types, after: after}, nil, n, row, func(text string, args []any) error {
		return tx.queryAll(ctx, each, text, args)
	})
}
