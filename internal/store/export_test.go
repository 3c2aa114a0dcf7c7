package store

import (
	"context"

	"soroi/internal/clock"
	"soroi/internal/stock"
)

// SetClock gives a test's database another clock.
func (db *DB) SetClock(c clock.Clock) { db.clock = c }

// Exec runs a statement as it stands, past every rule: for tests that break the books on purpose.
func (db *DB) Exec(ctx context.Context, text string, args ...any) (int64, error) {
	result, err := db.write.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// VerifyInParts is Verify with another bound on the lines of one pass, and on the rows of one page.
func (db *DB) VerifyInParts(ctx context.Context, tenant stock.TenantID, most int64, page int) (Report, error) {
	return db.verify(ctx, tenant, nil, most, page)
}
