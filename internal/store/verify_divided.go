package store

import (
	"context"
	"fmt"

	"soroi/internal/stock"
)

// divided checks, of each SKU whose units are divided and that waits for no plan, that its shops may sell no more without our knowing than was decided when
// it was planned last: what is sellable, or what was beyond it already when units had left in a way that shops cannot know (docs/escrow.md).
func (v *verifier) divided(ctx context.Context) error {
	after := stock.SKUID(-1 << 62)
	for {
		list, err := v.tx.listDivided(ctx, after, v.page)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, d := range list {
			if most := d.Sellable - d.Room; d.Planned && d.Exposure() > most {
				v.report.Broken = &BrokenRow{Table: "sku_plan", Key: "sku " + d.Code, What: "what its shops may sell", Found: fmt.Sprint(d.Exposure()),
					Expected: fmt.Sprintf("at most %d, as decided: %d are sellable", most, d.Sellable)}
				return nil
			}
			after = d.SKU
		}
	}
}
