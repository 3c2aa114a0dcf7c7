package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"soroi/internal/stock"
)

// TrimImports takes away what nobody will need any more, up to limit rows: uploads that wait for a person since before uploads, and the rows, findings
// and refused rows of imports that were begun before staged and can neither be applied nor undone: refused, discarded, undone. One that has been checked
// and never applied since then is discarded first. Receipts stay, and so does everything that an undo needs. It returns how many rows went; fewer than limit is the end.
func (db *DB) TrimImports(ctx context.Context, tenant stock.TenantID, uploads, staged time.Time, limit int) (int, error) {
	gone := int64(0)
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		gone = 0
		_, err := tx.exec(ctx, "UPDATE import_job SET state = 'discarded', failure = 'it was never applied', ended_at = $3 WHERE tenant_id = $1 AND state = 'checked' AND created_at < $2",
			micros(staged), micros(tx.now))
		if err != nil {
			return err
		}
		const (
			old  = "SELECT import_upload_id FROM import_upload WHERE tenant_id = $1 AND created_at < $2"
			over = "SELECT import_id FROM import_job WHERE tenant_id = $1 AND state IN ('refused', 'discarded', 'undone') AND created_at < $2"
		)
		for _, t := range []struct {
			table, key, of string
			before         time.Time
		}{
			{"import_upload_part", "import_upload_id, part", old, uploads}, {"import_upload", "import_upload_id", old, uploads},
			{"import_row", "import_id, seq", over, staged}, {"import_finding", "import_id, finding", over, staged}, {"import_refused", "import_id, refused", over, staged},
		} {
			if gone >= int64(limit) {
				return nil
			}
			owner, _, _ := strings.Cut(t.key, ",")
			n, err := tx.changed(ctx, "DELETE FROM "+t.table+" WHERE tenant_id = $1 AND ("+t.key+") IN (SELECT "+t.key+" FROM "+t.table+" WHERE tenant_id = $1 AND "+owner+" IN ("+t.of+") LIMIT $3)",
				micros(t.before), int64(limit)-gone)
			if err != nil {
				return err
			}
			gone += n
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("trim imports: %w", err)
	}
	return int(gone), nil
}
