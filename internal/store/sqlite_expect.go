package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// few are the tables in which a tenant has a handful of rows. All others grow with its catalogue or with time.
var few = []string{"location", "shop", "shop_setting", "shop_loop", "lease", "account", "session", "api_token", "id_block"}

// expectMany tells SQLite, in the place of its own ANALYZE, that a tenant has very many rows and a shop not many fewer. Without that it
// takes tenant_id for a column that finds ten rows, and would now and then rather walk everything that a tenant has than look up what a
// statement lists. The figures are the same in every database, so a statement is run in the same way in all of them.
func expectMany(ctx context.Context, conn *sql.Conn) error {
	wanted, err := expectations(ctx, conn)
	if err != nil {
		return err
	}
	// This makes the table of expectations where there is none.
	if _, err := conn.ExecContext(ctx, "ANALYZE sqlite_schema"); err != nil {
		return err
	}
	has, err := pairs(ctx, conn, "SELECT tbl || ' ' || idx, stat FROM sqlite_stat1")
	if err != nil || maps.Equal(has, wanted) {
		return err
	}
	if _, err := conn.ExecContext(ctx, "DELETE FROM sqlite_stat1"); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		table, index, _ := strings.Cut(key, " ")
		if _, err := conn.ExecContext(ctx, "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", table, index, wanted[key]); err != nil {
			return err
		}
	}
	_, err = conn.ExecContext(ctx, "ANALYZE sqlite_schema")
	return err
}

// expectations are what expectMany says of each index, by "table index".
func expectations(ctx context.Context, conn *sql.Conn) (map[string]string, error) {
	// The key of a table without row numbers is the table itself and goes by its name.
	indexes, err := pairs(ctx, conn, `SELECT t.name || ' ' || CASE WHEN t.wr AND i.origin = 'pk' THEN t.name ELSE i.name END,
		i."unique" || ' ' || i.partial || (SELECT GROUP_CONCAT(' ' || name, '') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno))
		FROM pragma_table_list AS t, pragma_index_list(t.name) AS i WHERE t.schema = 'main' AND t.type = 'table'`)
	wanted := make(map[string]string)
	for key, text := range indexes {
		table, _, _ := strings.Cut(key, " ")
		index := strings.Fields(text)
		if columns := index[2:]; columns[0] == "tenant_id" && !slices.Contains(few, table) {
			wanted[key] = expectation(columns, index[0] == "1", index[1] == "1")
		}
	}
	return wanted, err
}

// expectation is the rows of an index, and how many of them share their first column, their first two, and so on.
func expectation(columns []string, unique, partial bool) string {
	rows := 1 << 20
	if partial {
		rows = 1 << 10
	}
	text := fmt.Sprint(rows)
	for i, column := range columns {
		switch {
		case column == "tenant_id":
		case column == "shop_id":
			rows /= 4
		default:
			rows = min(rows, 10)
		}
		if unique && i == len(columns)-1 {
			rows = 1
		}
		text += fmt.Sprintf(" %d", rows)
	}
	return text
}

// pairs reads rows of two texts.
func pairs(ctx context.Context, conn *sql.Conn, text string) (map[string]string, error) {
	rows, err := conn.QueryContext(ctx, text)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := make(map[string]string)
	for rows.Next() {
		var key, value string
		if err := rows.Scan(&key, &value); err != nil {
			return nil, err
		}
		found[key] = value
	}
	return found, errors.Join(rows.Err(), rows.Close())
}
