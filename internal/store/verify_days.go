package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"

	"soroi/internal/stock"
)

// dayRow is what is recorded as sold of a SKU on a day.
type dayRow struct {
	dayKey
	sold int64
}

// part is the pass that looks at the day.
func (k dayKey) part(parts int64) int64 {
	b := binary.BigEndian.AppendUint64(nil, uint64(k.sku))
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(b, uint64(k.day)))
	return lineKey(sum[:16]).part(parts)
}

// days checks that what is recorded as sold on each day is what the orders placed on it hold or have taken, in as many passes as lines.
func (v *verifier) days(ctx context.Context) error {
	zone, err := v.tx.zone(ctx)
	if err != nil {
		return err
	}
	var odd dayKey
	var diff int64
	for part := range v.parts {
		sums := make(map[dayKey]int64) // what orders give, less what is recorded
		add := func(k dayKey, units int64) {
			if k.part(v.parts) != part {
				return
			}
			if sums[k] += units; sums[k] == 0 {
				delete(sums, k)
			}
		}
		err := v.eachLine(ctx, func(r claimRow) bool {
			rows := r.ofParts()
			if r.parts != nil {
				rows = append(rows, r) // the bundle counts as sold beside its parts
			}
			for _, of := range rows {
				if posted := of.posted(); of.sku != 0 {
					add(dayKey{of.sku, stock.DayOf(of.placed, zone)}, posted.Held+posted.Shipped)
				}
			}
			v.step(1)
			return true
		})
		if err != nil {
			return err
		}
		days := &pages[dayRow]{read: func(after *dayRow) ([]dayRow, error) { return v.readDays(ctx, after) }}
		for {
			d, err := days.peek()
			if err != nil {
				return err
			}
			if d == nil {
				break
			}
			add(d.dayKey, -d.sold)
			days.next()
		}
		for k, d := range sums {
			if diff == 0 || compareDays(k, odd) < 0 {
				odd, diff = k, d
			}
		}
	}
	if diff == 0 {
		return nil
	}
	var sold int64
	err = v.tx.query(ctx, func(rows *sql.Rows) error { return rows.Scan(&sold) }, "SELECT sold FROM sku_day WHERE tenant_id = $1 AND sku_id = $2 AND day = $3",
		int64(odd.sku), int64(odd.day))
	if err != nil {
		return err
	}
	code, err := v.code(ctx, "SELECT code FROM sku WHERE tenant_id = $1 AND sku_id = $2", int64(odd.sku))
	v.report.Broken = &BrokenRow{Table: "sku_day", Key: "sku " + code + ", day " + odd.day.String(), What: "sold", Found: fmt.Sprint(sold),
		Expected: fmt.Sprintf("%d by the orders of that day", sold+diff)}
	return err
}

func (v *verifier) readDays(ctx context.Context, after *dayRow) ([]dayRow, error) {
	if after == nil {
		after = &dayRow{dayKey: dayKey{sku: -1 << 62}}
	}
	list := make([]dayRow, 0, v.page)
	err := v.tx.query(ctx, func(rows *sql.Rows) error {
		var r dayRow
		err := rows.Scan(&r.sku, &r.day, &r.sold)
		list = append(list, r)
		return err
	}, "SELECT sku_id, day, sold FROM sku_day WHERE tenant_id = $1 AND (sku_id, day) > ($2, $3) ORDER BY sku_id, day LIMIT $4", int64(after.sku), int64(after.day), v.page)
	return list, err
}
