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

// BeginDay tells the planner, once, that a new day has begun for the tenant: SKUs with a daily figure have all of it again. It returns how
// many SKUs it marked, and when the next day begins. A crash in between repeats it; other processes find it done.
func (db *DB) BeginDay(ctx context.Context, tenant stock.TenantID) (marked int, next time.Time, err error) {
	var today stock.Day
	begun := false
	err = db.Read(ctx, tenant, func(tx *Tx) error {
		var name string
		var last stock.Day
		if err := tx.one(ctx, []any{&name, &last}, "SELECT time_zone, day FROM tenant WHERE tenant_id = $1"); err != nil {
			return err
		}
		zone, err := zoneOf(name)
		if err != nil {
			return err
		}
		today = stock.DayOf(tx.now, zone)
		begun, next = last >= today, (today + 1).Start(zone)
		return nil
	})
	var after stock.SKUID
	for err == nil && !begun {
		var skus []stock.SKUID
		err = db.Write(ctx, tenant, func(tx *Tx) error {
			skus = skus[:0]
			err := tx.query(ctx, func(rows *sql.Rows) error {
				var sku stock.SKUID
				err := rows.Scan(&sku)
				skus = append(skus, sku)
				return err
			}, "SELECT sku_id FROM sku WHERE tenant_id = $1 AND daily AND sku_id > $2 ORDER BY sku_id LIMIT $3", int64(after), MostInBatch)
			if err != nil {
				return err
			}
			if len(skus) < MostInBatch {
				if _, err := tx.exec(ctx, "UPDATE tenant SET day = $2 WHERE tenant_id = $1 AND day < $2", int64(today)); err != nil {
					return err
				}
			}
			return tx.markSKUs(ctx, skus, rankOrder)
		})
		if err == nil {
			marked += len(skus)
			if begun = len(skus) < MostInBatch; !begun {
				after = skus[len(skus)-1]
			}
		}
	}
	if err != nil {
		return marked, next, fmt.Errorf("begin day of tenant %d: %w", tenant, err)
	}
	return marked, next, nil
}
