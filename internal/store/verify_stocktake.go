package store

import (
	"context"
	"database/sql"
	"fmt"
)

// stocktakes checks that what stocktakes have added to on hand of each SKU at each location is what the movements of that cause did.
func (v *verifier) stocktakes(ctx context.Context) error {
	var after, broken balanceKey
	after.sku = -1 << 62
	for more := true; more && v.report.Broken == nil; {
		n := 0
		err := v.tx.query(ctx, func(rows *sql.Rows) error {
			var posted, moved int64
			if err := rows.Scan(&after.sku, &after.location, &posted, &moved); err != nil {
				return err
			}
			n++
			if posted != moved && v.report.Broken == nil {
				v.report.Broken = &BrokenRow{Table: "stocktake_line", What: "posted, over all stocktakes,", Found: fmt.Sprint(posted), Expected: fmt.Sprintf("%d by the movements of stocktakes", moved)}
				broken = after
			}
			return nil
		}, `SELECT sku_id, location_id, posted, (SELECT CAST(COALESCE(SUM(movement.on_hand_delta), 0) AS BIGINT) FROM movement WHERE movement.tenant_id = $1 AND movement.sku_id = sums.sku_id
				AND movement.location_id = sums.location_id AND movement.cause = 'stocktake')
			FROM (SELECT line.sku_id, stocktake.location_id, CAST(SUM(line.posted) AS BIGINT) AS posted FROM stocktake_line AS line
				JOIN stocktake ON stocktake.tenant_id = line.tenant_id AND stocktake.stocktake_id = line.stocktake_id
				WHERE line.tenant_id = $1 AND (line.sku_id, stocktake.location_id) > ($2, $3) GROUP BY line.sku_id, stocktake.location_id ORDER BY line.sku_id, stocktake.location_id LIMIT $4) AS sums
			ORDER BY sku_id, location_id`, int64(after.sku), int64(after.location), v.page)
		if err != nil {
			return err
		}
		more = n == v.page
	}
	if v.report.Broken == nil {
		return nil
	}
	code, err := v.code(ctx, "SELECT code FROM sku WHERE tenant_id = $1 AND sku_id = $2", int64(broken.sku))
	if err != nil {
		return err
	}
	place, err := v.code(ctx, "SELECT code FROM location WHERE tenant_id = $1 AND location_id = $2", int64(broken.location))
	v.report.Broken.Key = "sku " + code + ", location " + place
	return err
}
