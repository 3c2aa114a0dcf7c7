package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"soroi/internal/stock"
)

// dayKey names what was sold of one SKU on one day of the tenant's time zone: the day on which the orders were placed.
type dayKey struct {
	sku stock.SKUID
	day stock.Day
}

func compareDays(a, b dayKey) int {
	return cmp.Or(cmp.Compare(a.sku, b.sku), cmp.Compare(a.day, b.day))
}

// writeDays adds what the ledger's orders have taken, or given back, to the days on which they were placed.
func (tx *Tx) writeDays(ctx context.Context, l *ledger) error {
	keys := make([]dayKey, 0, len(l.days))
	for k, units := range l.days {
		if units != 0 {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, compareDays)
	return tx.insertRows(ctx, "sku_day (tenant_id, sku_id, day, sold)", "BIGINT BIGINT BIGINT", " ON CONFLICT (tenant_id, sku_id, day) DO UPDATE SET sold = sku_day.sold + excluded.sold",
		len(keys), func(args []any, i int) []any {
			return append(args, int64(keys[i].sku), int64(keys[i].day), l.days[keys[i]])
		})
}

// BeginDay tells the planner, once, that a new day has begun for the tenant: SKUs with a daily figure have all of it again, and of those that sold a week or
// a month ago less was sold lately. It returns how many SKUs it marked, and when the next day begins. A crash in between repeats it; other
// processes find it done.
func (db *DB) BeginDay(ctx context.Context, tenant stock.TenantID) (marked int, next time.Time, err error) {
	var last, today stock.Day
	err = db.Read(ctx, tenant, func(tx *Tx) error {
		var name string
		var oldest sql.NullInt64
		err := tx.one(ctx, []any{&name, &last, &oldest}, "SELECT time_zone, day, (SELECT MIN(day) FROM sku_day WHERE tenant_id = $1) FROM tenant WHERE tenant_id = $1")
		if err != nil {
			return err
		}
		zone, err := zoneOf(name)
		if err != nil {
			return err
		}
		today = stock.DayOf(tx.now, zone)
		next = (today + 1).Start(zone)
		if last == 0 || !oldest.Valid {
			last = max(last, today-1) // nothing has been planned on an earlier day, or nothing was sold
		} else if last < today {
			last = max(last, stock.Day(oldest.Int64)-1)
		}
		return nil
	})
	if err == nil && last < today {
		marked, err = db.beginDay(ctx, tenant, last, today)
	}
	if err != nil {
		return marked, next, fmt.Errorf("begin day of tenant %d: %w", tenant, err)
	}
	return marked, next, nil
}

func (db *DB) beginDay(ctx context.Context, tenant stock.TenantID, last, today stock.Day) (marked int, err error) {
	n, err := db.markAll(ctx, tenant, rankOrder, "SELECT sku_id FROM sku WHERE tenant_id = $1 AND daily AND sku_id > $2 ORDER BY sku_id LIMIT $3")
	marked += n
	for _, window := range []stock.Day{7, 30} {
		// Days that the window has left behind since.
		for day := last - window + 1; day <= today-window && err == nil; day++ {
			n, err = db.markAll(ctx, tenant, rankBulk, "SELECT sku_id FROM sku_day WHERE tenant_id = $1 AND sku_id > $2 AND day = $4 ORDER BY sku_id LIMIT $3", int64(day))
			marked += n
		}
	}
	if err != nil {
		return marked, err
	}
	return marked, db.Write(ctx, tenant, func(tx *Tx) error {
		_, err := tx.exec(ctx, "UPDATE tenant SET day = $2 WHERE tenant_id = $1 AND day < $2", int64(today))
		return err
	})
}

// markAll marks the SKUs that a text selects, part by part; $2 is the SKU after which a part begins and $3 how many it may have.
func (db *DB) markAll(ctx context.Context, tenant stock.TenantID, r rank, text string, args ...any) (marked int, err error) {
	after := stock.SKUID(0)
	for {
		var skus []stock.SKUID
		err := db.Write(ctx, tenant, func(tx *Tx) error {
			skus = skus[:0]
			err := tx.query(ctx, func(rows *sql.Rows) error {
				var sku stock.SKUID
				err := rows.Scan(&sku)
				skus = append(skus, sku)
				return err
			}, text, append([]any{int64(after), MostInBatch}, args...)...)
			if err != nil {
				return err
			}
			return tx.markSKUs(ctx, skus, r)
		})
		if err != nil {
			return marked, err
		}
		marked += len(skus)
		if len(skus) < MostInBatch {
			return marked, nil
		}
		after = skus[len(skus)-1]
	}
}
