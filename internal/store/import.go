package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"soroi/internal/stock"
)

// ImportID names an import (取込).
type ImportID int64

// ImportState says how far an import is.
type ImportState string

// The states. A file is checked, then waits for a person; what is applied can be undone.
const (
	ImportChecking   ImportState = "checking"   // 確認中: read and compared, nothing is changed
	ImportChecked    ImportState = "checked"    // 確認済み: waits for a yes
	ImportRefused    ImportState = "refused"    // 取込不可: the file cannot be used
	ImportApplying   ImportState = "applying"   // 反映中
	ImportApplied    ImportState = "applied"    // 反映済み
	ImportCancelling ImportState = "cancelling" // 取消中: what was applied is taken back
	ImportCancelled  ImportState = "cancelled"  // 取消済み: nothing is left of it
	ImportUndoing    ImportState = "undoing"    // 元に戻し中
	ImportUndone     ImportState = "undone"     // 元に戻した
	ImportDiscarded  ImportState = "discarded"  // 破棄: never applied
)

// Busy tells whether the import goes on by itself.
func (s ImportState) Busy() bool {
	return s == ImportChecking || s == ImportApplying || s == ImportCancelling || s == ImportUndoing
}

// Import is a file on its way into the books. Counts are rows; before and after are units on hand of the SKUs that the file names.
type Import struct {
	ID       ImportID
	Kind     string // the format: exchange.Info.Name
	FileName string
	Digest   string // SHA-256 of the file
	Options  string // JSON of how it is read
	State    ImportState
	Receipt  string // JSON of exchange.Receipt
	Failure  string // why it was refused, cancelled or lost, as JSON of exchange.Problem or in words for the log

	RowsRead, BytesRead, Bytes int64
	Staged                     int64 // usable rows
	Refused                    int64 // rows that are not usable
	Changing                   int64 // usable rows that change something
	UnitsBefore, UnitsAfter    int64
	Applied, Undone, Kept      int64 // Kept could not be undone

	Actor                         string
	CreatedAt, StartedAt, EndedAt time.Time
}

// ImportRow is one usable row.
type ImportRow struct {
	Seq      int64 // from 1, without gaps
	Line     int64 // of the file
	Label    string
	SKU      stock.SKUID      // 0 for rows about something else
	Location stock.LocationID // for stock
	Mode     stock.Mode       // for stock
	Units    int64            // for stock
	Reason   string           // for stock
	Request  string           // JSON of what is asked, for everything but stock
	Before   int64            // on hand, for stock
	Again    bool             // only while staging: an earlier row names the same place, so that Before is no stock of its own
	After    int64
	Change   string // JSON of what would change, for everything but stock; "" when nothing
	Delta    int64  // what was posted
	Undo     string // JSON of what leads back
	State    string // staged, applied, undone, kept
}

// ImportFinding is one finding about the file.
type ImportFinding struct {
	Line    int64
	Fate    string
	Problem string // JSON of exchange.Problem
}

// ErrImportState says that an import is not in the state that an action needs: somebody else was faster.
var ErrImportState = errors.New("the import has moved on")

// AddImport begins an import, which holder checks.
func (db *DB) AddImport(ctx context.Context, tenant stock.TenantID, i Import, holder string, ttl time.Duration) (Import, error) {
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		id, err := tx.newID(ctx)
		if err != nil {
			return err
		}
		i.ID, i.State, i.CreatedAt = ImportID(id), ImportChecking, tx.now
		_, err = tx.exec(ctx, `INSERT INTO import_job (tenant_id, import_id, kind, file_name, digest, options, state, bytes, actor, created_at, holder, held_until)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, id, i.Kind, i.FileName, i.Digest, i.Options, string(i.State), i.Bytes, i.Actor, micros(tx.now),
			holder, micros(tx.now.Add(ttl)))
		return err
	})
	if err != nil {
		return Import{}, fmt.Errorf("add import of %q: %w", i.FileName, err)
	}
	return i, nil
}

// ImportPart is what checking has found in one part of a file.
type ImportPart struct {
	Rows                []ImportRow
	Findings            []ImportFinding
	RefusedRows         []string // JSON of exchange.RefusedRow
	Refused             int64    // rows of this part that are not usable
	RowsRead, BytesRead int64    // of the file so far
}

// StageImport adds a part to an import that holder is checking.
func (db *DB) StageImport(ctx context.Context, tenant stock.TenantID, id ImportID, holder string, ttl time.Duration, p ImportPart) error {
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		var staged, findings int64
		err := tx.one(ctx, []any{&staged, &findings}, `UPDATE import_job SET staged = staged + $4, refused = refused + $5, rows_read = $6, bytes_read = $7, held_until = $8
			WHERE tenant_id = $1 AND import_id = $2 AND state = 'checking' AND holder = $3
			RETURNING staged, (SELECT COALESCE(MAX(finding), 0) FROM import_finding WHERE tenant_id = $1 AND import_id = $2)`,
			int64(id), holder, len(p.Rows), p.Refused, p.RowsRead, p.BytesRead, micros(tx.now.Add(ttl)))
		if errors.Is(err, ErrNotFound) {
			return ErrImportState
		}
		if err != nil {
			return err
		}
		first := staged - int64(len(p.Rows)) + 1
		var changing, before, after int64
		err = tx.insertRows(ctx, "import_row (tenant_id, import_id, seq, line, label, sku_id, location_id, mode, units, reason, request, units_before, units_after, change)",
			"BIGINT BIGINT BIGINT TEXT BIGINT BIGINT TEXT BIGINT TEXT TEXT BIGINT BIGINT TEXT", "", len(p.Rows), func(args []any, i int) []any {
				r := p.Rows[i]
				if r.Before != r.After || r.Change != "" {
					changing++
				}
				if after += r.After; r.Again {
					after -= r.Before
				} else {
					before += r.Before
				}
				return append(args, int64(id), first+int64(i), r.Line, r.Label, int64(r.SKU), int64(r.Location), string(r.Mode), r.Units, r.Reason, r.Request, r.Before, r.After, r.Change)
			})
		if err != nil {
			return err
		}
		err = tx.insertRows(ctx, "import_finding (tenant_id, import_id, finding, line, fate, problem)", "BIGINT BIGINT BIGINT TEXT TEXT", "", len(p.Findings),
			func(args []any, i int) []any {
				f := p.Findings[i]
				return append(args, int64(id), findings+1+int64(i), f.Line, f.Fate, f.Problem)
			})
		if err != nil {
			return err
		}
		if len(p.RefusedRows) > 0 {
			var last int64
			if err := tx.one(ctx, []any{&last}, "SELECT COALESCE(MAX(refused), 0) FROM import_refused WHERE tenant_id = $1 AND import_id = $2", int64(id)); err != nil {
				return err
			}
			err = tx.insertRows(ctx, "import_refused (tenant_id, import_id, refused, body)", "BIGINT BIGINT TEXT", "", len(p.RefusedRows),
				func(args []any, i int) []any { return append(args, int64(id), last+1+int64(i), p.RefusedRows[i]) })
			if err != nil {
				return err
			}
		}
		_, err = tx.exec(ctx, `UPDATE import_job SET changing = changing + $3, units_before = units_before + $4, units_after = units_after + $5 WHERE tenant_id = $1 AND import_id = $2`,
			int64(id), changing, before, after)
		return err
	})
	if err != nil {
		return fmt.Errorf("stage import %d: %w", id, err)
	}
	return nil
}

// ImportChecked ends the checking of an import: it is checked or refused.
func (db *DB) ImportChecked(ctx context.Context, tenant stock.TenantID, id ImportID, holder string, state ImportState, receipt, failure string) error {
	return db.changeImport(ctx, tenant, id, "UPDATE import_job SET state = $3, receipt = $4, failure = $5, holder = '', ended_at = $6 WHERE tenant_id = $1 AND import_id = $2 AND state = 'checking' AND holder = $7",
		func(tx *Tx) []any { return []any{string(state), receipt, failure, micros(tx.now), holder} })
}

func (db *DB) changeImport(ctx context.Context, tenant stock.TenantID, id ImportID, text string, args func(*Tx) []any) error {
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		n, err := tx.changed(ctx, text, append([]any{int64(id)}, args(tx)...)...)
		if err == nil && n == 0 {
			return ErrImportState
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("import %d: %w", id, err)
	}
	return nil
}

// importMoves are the steps that a person may take, and from where.
var importMoves = map[ImportState][]ImportState{
	ImportApplying:   {ImportChecked},
	ImportCancelling: {ImportApplying},
	ImportUndoing:    {ImportApplied},
	ImportDiscarded:  {ImportChecking, ImportChecked},
}

// MoveImport takes the step that a person asks for: to applying, cancelling, undoing or discarded. An import from which the step cannot be taken gives
// ErrImportState. One that takes it already stays as it is.
func (db *DB) MoveImport(ctx context.Context, tenant stock.TenantID, id ImportID, to ImportState, failure string) error {
	from := importMoves[to]
	if len(from) == 0 {
		return fmt.Errorf("import %d: nobody moves it to %s", id, to)
	}
	list := make([]string, len(from))
	for i, s := range from {
		list[i] = "'" + string(s) + "'"
	}
	i, err := db.LoadImport(ctx, tenant, id)
	if err != nil || i.State == to {
		return err
	}
	return db.changeImport(ctx, tenant, id, `UPDATE import_job SET state = $3, failure = CASE WHEN $4 = '' THEN failure ELSE $4 END, holder = '', held_until = 0,
		started_at = CASE WHEN $3 = 'applying' THEN $5 ELSE started_at END WHERE tenant_id = $1 AND import_id = $2 AND state IN (`+strings.Join(list, ", ")+")",
		func(tx *Tx) []any { return []any{string(to), failure, micros(tx.now)} })
}

const importColumns = `import_id, kind, file_name, digest, options, state, receipt, failure, rows_read, bytes_read, bytes, staged, refused, changing, units_before, units_after,
	applied, undone, kept, actor, created_at, started_at, ended_at`

func scanImport(rows *sql.Rows) (Import, error) {
	var i Import
	var created, started, ended int64
	err := rows.Scan(&i.ID, &i.Kind, &i.FileName, &i.Digest, &i.Options, &i.State, &i.Receipt, &i.Failure, &i.RowsRead, &i.BytesRead, &i.Bytes, &i.Staged, &i.Refused, &i.Changing,
		&i.UnitsBefore, &i.UnitsAfter, &i.Applied, &i.Undone, &i.Kept, &i.Actor, &created, &started, &ended)
	i.CreatedAt, i.StartedAt, i.EndedAt = instant(created), instant(started), instant(ended)
	return i, err
}

// LoadImport reads an import, or gives ErrNotFound.
func (db *DB) LoadImport(ctx context.Context, tenant stock.TenantID, id ImportID) (Import, error) {
	list, err := db.imports(ctx, tenant, "import_id = $2", int64(id))
	if err == nil && len(list) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Import{}, fmt.Errorf("import %d: %w", id, err)
	}
	return list[0], nil
}

// ListImports lists imports, the newest first: up to limit of those before the given one; 0 is the start.
func (db *DB) ListImports(ctx context.Context, tenant stock.TenantID, before ImportID, limit int) ([]Import, error) {
	return db.imports(ctx, tenant, "($2 = 0 OR import_id < $2) ORDER BY import_id DESC LIMIT $3", int64(before), limit)
}

// FindApplied lists other imports of the same file as the same kind that are applied or about to be, the newest first.
func (db *DB) FindApplied(ctx context.Context, tenant stock.TenantID, kind, digest string, but ImportID) ([]Import, error) {
	return db.imports(ctx, tenant, "digest = $2 AND import_id <> $3 AND kind = $4 AND state IN ('applying', 'applied') ORDER BY import_id DESC LIMIT 5", digest, int64(but), kind)
}

func (db *DB) imports(ctx context.Context, tenant stock.TenantID, where string, args ...any) ([]Import, error) {
	var list []Import
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		list = list[:0]
		return tx.query(ctx, func(rows *sql.Rows) error {
			i, err := scanImport(rows)
			list = append(list, i)
			return err
		}, "SELECT "+importColumns+" FROM import_job WHERE tenant_id = $1 AND "+where, args...)
	})
	if err != nil {
		return nil, fmt.Errorf("read imports: %w", err)
	}
	return list, nil
}

// HoldImport takes hold of an import that goes on by itself and that nobody else works on, until ttl from now. One whose checking process is gone is
// discarded: its file is gone, too, and nothing of it was applied. ok tells whether there is one.
func (db *DB) HoldImport(ctx context.Context, tenant stock.TenantID, holder string, ttl time.Duration) (held Import, ok bool, err error) {
	waiting := false
	err = db.Read(ctx, tenant, func(tx *Tx) error {
		return tx.one(ctx, []any{&waiting}, "SELECT EXISTS (SELECT 1 FROM import_job WHERE tenant_id = $1 AND state IN ('checking', 'applying', 'cancelling', 'undoing') AND (holder = $3 OR held_until < $2))",
			micros(tx.now), holder)
	})
	if err != nil || !waiting {
		return Import{}, false, err
	}
	err = db.Write(ctx, tenant, func(tx *Tx) error {
		ok = false
		_, err := tx.exec(ctx, `UPDATE import_job SET state = 'discarded', failure = 'the process that was checking it has ended', ended_at = $2
			WHERE tenant_id = $1 AND state = 'checking' AND held_until < $2`, micros(tx.now))
		if err != nil {
			return err
		}
		return tx.query(ctx, func(rows *sql.Rows) error {
			held, err = scanImport(rows)
			ok = true
			return err
		}, `UPDATE import_job SET holder = $2, held_until = $3 WHERE tenant_id = $1 AND import_id = (SELECT import_id FROM import_job
			WHERE tenant_id = $1 AND state IN ('applying', 'cancelling', 'undoing') AND (holder = $2 OR held_until < $4) ORDER BY import_id LIMIT 1) RETURNING `+importColumns,
			holder, micros(tx.now.Add(ttl)), micros(tx.now))
	})
	if err != nil {
		return Import{}, false, fmt.Errorf("hold import: %w", err)
	}
	return held, ok, nil
}

// RecordImport notes what became of one part of an import that holder works on: the state, Delta and Undo of its rows.
func (db *DB) RecordImport(ctx context.Context, tenant stock.TenantID, id ImportID, holder string, ttl time.Duration, rows []ImportRow) error {
	counts := map[string]int64{}
	for _, r := range rows {
		counts[r.State]++
	}
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		n, err := tx.changed(ctx, `UPDATE import_job SET applied = applied + $4, undone = undone + $5, kept = kept + $6, held_until = $7 WHERE tenant_id = $1 AND import_id = $2 AND holder = $3`,
			int64(id), holder, counts["applied"], counts["undone"], counts["kept"], micros(tx.now.Add(ttl)))
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrImportState
		}
		return tx.execRows(ctx, "UPDATE import_row SET state = v.column2, delta = v.column3, undo = v.column4 FROM (", "BIGINT TEXT BIGINT TEXT",
			") AS v WHERE import_row.tenant_id = $1 AND import_row.import_id = $2 AND import_row.seq = v.column1", []any{int64(id)}, len(rows),
			func(args []any, i int) []any {
				return append(args, rows[i].Seq, rows[i].State, rows[i].Delta, rows[i].Undo)
			})
	})
	if err != nil {
		return fmt.Errorf("record import %d: %w", id, err)
	}
	return nil
}

// EndImport says that nothing is left to do for an import that holder works on.
func (db *DB) EndImport(ctx context.Context, tenant stock.TenantID, id ImportID, holder string, from, to ImportState) error {
	return db.changeImport(ctx, tenant, id, "UPDATE import_job SET state = $3, holder = '', held_until = 0, ended_at = $4 WHERE tenant_id = $1 AND import_id = $2 AND state = $5 AND holder = $6",
		func(tx *Tx) []any { return []any{string(to), micros(tx.now), string(from), holder} })
}

// ImportHold says who works on an import, and in which state it is.
type ImportHold struct {
	ID     ImportID
	Holder string
	State  ImportState
}

func (tx *Tx) checkHold(ctx context.Context, h *ImportHold) error {
	if h == nil {
		return nil
	}
	var id int64
	err := tx.one(ctx, []any{&id}, "SELECT import_id FROM import_job WHERE tenant_id = $1 AND import_id = $2 AND holder = $3 AND state = $4"+tx.db.dialect.forUpdate(),
		int64(h.ID), h.Holder, string(h.State))
	if errors.Is(err, ErrNotFound) {
		return ErrImportState
	}
	return err
}

// KeyUsed tells whether a once-only key stands in the books: the request that bore it has been made.
func (db *DB) KeyUsed(ctx context.Context, tenant stock.TenantID, key string) (used bool, err error) {
	err = db.Read(ctx, tenant, func(tx *Tx) error {
		return tx.one(ctx, []any{&used}, "SELECT EXISTS (SELECT 1 FROM posting_key WHERE tenant_id = $1 AND posting_key = $2)", key)
	})
	if err != nil {
		return false, fmt.Errorf("look for key %s: %w", key, err)
	}
	return used, nil
}
