package store

import (
	"context"
	"database/sql"
	"fmt"

	"soroi/internal/stock"
)

// ImportShow narrows the rows of an import down.
type ImportShow string

// What rows there are.
const (
	ImportAll      ImportShow = ""
	ImportChanging ImportShow = "changing"
	ImportUp       ImportShow = "up"
	ImportDown     ImportShow = "down"
	ImportToZero   ImportShow = "zero"
	ImportKept     ImportShow = "kept" // could not be undone
)

var importShows = map[ImportShow]string{
	ImportAll: "", ImportChanging: " AND (units_before <> units_after OR change <> '')", ImportUp: " AND units_after > units_before", ImportDown: " AND units_after < units_before",
	ImportToZero: " AND units_after <= 0 AND units_before > 0", ImportKept: " AND state = 'kept'",
}

// ListImportRows reads rows of an import by their number: up to limit of those after the given one.
func (db *DB) ListImportRows(ctx context.Context, tenant stock.TenantID, id ImportID, show ImportShow, after int64, limit int) ([]ImportRow, error) {
	where, known := importShows[show]
	if !known {
		where = ""
	}
	return db.importRows(ctx, tenant, id, "seq > $3"+where+" ORDER BY seq LIMIT $4", after, limit)
}

// ImportSpan reads the rows of an import that are in a state, from the first such one to the end of its part: parts are size rows long, counted from the
// first row, so a part is the same whenever it is asked for. done is how many rows have left the state, from the first on: they are not looked at again.
func (db *DB) ImportSpan(ctx context.Context, tenant stock.TenantID, id ImportID, state string, done, size int64) ([]ImportRow, error) {
	rows, err := db.importRows(ctx, tenant, id, "state = $3 AND seq > $4 ORDER BY seq LIMIT $5", state, done/size*size, size)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	end := (rows[0].Seq-1)/size*size + size
	for i, r := range rows {
		if r.Seq > end {
			return rows[:i], nil
		}
	}
	return rows, nil
}

func (db *DB) importRows(ctx context.Context, tenant stock.TenantID, id ImportID, where string, args ...any) ([]ImportRow, error) {
	var list []ImportRow
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		list = list[:0]
		return tx.query(ctx, func(rows *sql.Rows) error {
			var r ImportRow
			err := rows.Scan(&r.Seq, &r.Line, &r.Label, &r.SKU, &r.Location, &r.Mode, &r.Units, &r.Reason, &r.Request, &r.Before, &r.After, &r.Change, &r.Delta, &r.Undo, &r.State)
			list = append(list, r)
			return err
		}, `SELECT seq, line, label, sku_id, location_id, mode, units, reason, request, units_before, units_after, change, delta, undo, state FROM import_row
			WHERE tenant_id = $1 AND import_id = $2 AND `+where, append([]any{int64(id)}, args...)...)
	})
	if err != nil {
		return nil, fmt.Errorf("rows of import %d: %w", id, err)
	}
	return list, nil
}

// NumberedFinding is a finding with its number, by which they are read on.
type NumberedFinding struct {
	Number int64
	ImportFinding
}

// ListImportFindings reads findings in the order in which they were made: up to limit of those after the given one.
func (db *DB) ListImportFindings(ctx context.Context, tenant stock.TenantID, id ImportID, after int64, limit int) ([]NumberedFinding, error) {
	var list []NumberedFinding
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		list = list[:0]
		return tx.query(ctx, func(rows *sql.Rows) error {
			var f NumberedFinding
			err := rows.Scan(&f.Number, &f.Line, &f.Fate, &f.Problem)
			list = append(list, f)
			return err
		}, "SELECT finding, line, fate, problem FROM import_finding WHERE tenant_id = $1 AND import_id = $2 AND finding > $3 ORDER BY finding LIMIT $4", int64(id), after, limit)
	})
	if err != nil {
		return nil, fmt.Errorf("findings of import %d: %w", id, err)
	}
	return list, nil
}

// ListRefusedRows reads rows of a file that could not be used, as JSON of exchange.RefusedRow, in the order in which they were found: up to limit of those after
// the given number. Numbers rise from 1 without gaps.
func (db *DB) ListRefusedRows(ctx context.Context, tenant stock.TenantID, id ImportID, after int64, limit int) ([]string, error) {
	var list []string
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		list = list[:0]
		return tx.query(ctx, func(rows *sql.Rows) error {
			var body string
			err := rows.Scan(&body)
			list = append(list, body)
			return err
		}, "SELECT body FROM import_refused WHERE tenant_id = $1 AND import_id = $2 AND refused > $3 ORDER BY refused LIMIT $4", int64(id), after, limit)
	})
	if err != nil {
		return nil, fmt.Errorf("refused rows of import %d: %w", id, err)
	}
	return list, nil
}

// StockPlace is one SKU at one location.
type StockPlace struct {
	SKU      stock.SKUID
	Location stock.LocationID
}

// StagedStock is what an import's rows so far make of a place.
type StagedStock struct {
	Before int64 // on hand as the next row meets it
	Named  bool  // an earlier row of the import names the place
	Set    bool  // that row sets it
}

// StagedStock reads, for each place, on hand as the import's next row would meet it: what its earlier rows made of it, else what it is.
func (db *DB) StagedStock(ctx context.Context, tenant stock.TenantID, id ImportID, places []StockPlace) (map[StockPlace]StagedStock, error) {
	found := make(map[StockPlace]StagedStock, len(places))
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		clear(found)
		row := func(args []any, i int) []any { return append(args, int64(places[i].SKU), int64(places[i].Location)) }
		err := tx.queryRows(ctx, func(rows *sql.Rows) error {
			var p StockPlace
			var n int64
			err := rows.Scan(&p.SKU, &p.Location, &n)
			found[p] = StagedStock{Before: n}
			return err
		}, "SELECT sku_id, location_id, on_hand FROM balance WHERE tenant_id = $1 AND (sku_id, location_id) IN (", "BIGINT BIGINT", ")", nil, len(places), row)
		if err != nil {
			return err
		}
		return tx.queryRows(ctx, func(rows *sql.Rows) error {
			var p StockPlace
			var s StagedStock
			err := rows.Scan(&p.SKU, &p.Location, &s.Before, &s.Set)
			s.Named = true
			found[p] = s
			return err
		}, `SELECT sku_id, location_id, units_after, mode = 'set' FROM import_row WHERE tenant_id = $1 AND import_id = $2 AND sku_id > 0
			AND (sku_id, location_id) IN (`, "BIGINT BIGINT", ") ORDER BY seq", []any{int64(id)}, len(places), row)
	})
	if err != nil {
		return nil, fmt.Errorf("staged stock of import %d: %w", id, err)
	}
	return found, nil
}

// UnsafeUndo lists up to limit applied rows of a stock import whose undoing would contradict something that came later: the shelf was counted or corrected
// since, or on hand would fall below zero. document is what the import's movements name. Only rows after the one and up to the other number are looked at.
func (db *DB) UnsafeUndo(ctx context.Context, tenant stock.TenantID, i Import, document string, after, until int64, limit int) ([]ImportRow, error) {
	return db.importRows(ctx, tenant, i.ID, `seq > $3 AND seq <= $7 AND state = 'applied' AND delta <> 0 AND sku_id > 0 AND (
		EXISTS (SELECT 1 FROM movement WHERE movement.tenant_id = import_row.tenant_id AND movement.sku_id = import_row.sku_id AND movement.location_id = import_row.location_id
			AND movement.posted_at >= $4 AND movement.kind IN ('adjustment', 'opening') AND movement.document <> $5)
		OR EXISTS (SELECT 1 FROM balance WHERE balance.tenant_id = import_row.tenant_id AND balance.sku_id = import_row.sku_id AND balance.location_id = import_row.location_id
			AND balance.on_hand < import_row.delta AND import_row.delta > 0))
		ORDER BY seq LIMIT $6`, after, micros(i.StartedAt), document, limit, until)
}

// FindLocations finds locations by their codes; "" is the default one.
func (db *DB) FindLocations(ctx context.Context, tenant stock.TenantID) (map[string]stock.LocationID, error) {
	found := make(map[string]stock.LocationID)
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		clear(found)
		return tx.query(ctx, func(rows *sql.Rows) error {
			var code string
			var id stock.LocationID
			err := rows.Scan(&code, &id)
			found[code] = id
			if _, there := found[""]; !there {
				found[""] = id
			}
			return err
		}, "SELECT code, location_id FROM location WHERE tenant_id = $1 ORDER BY location_id")
	})
	if err != nil {
		return nil, fmt.Errorf("find locations: %w", err)
	}
	return found, nil
}
