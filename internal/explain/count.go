package explain

import (
	"context"
	"fmt"

	"soroi/internal/channel"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// CountUnexplained counts a tenant's listings whose number cannot be explained; it should be none. That committed equals what orders
// hold is proved by store.Verify, not here.
func CountUnexplained(ctx context.Context, db *store.DB, tenant stock.TenantID, specs ...channel.Spec) (int64, error) {
	_, n, err := findUnexplained(ctx, db, tenant, specs, 0)
	return n, err
}

// FindUnexplained returns the first most listings, by SKU code, whose number cannot be explained.
func FindUnexplained(ctx context.Context, db *store.DB, tenant stock.TenantID, specs []channel.Spec, most int) ([]Explanation, error) {
	list, _, err := findUnexplained(ctx, db, tenant, specs, most)
	return list, err
}

// findUnexplained walks all SKUs page by page: it keeps at most keep explanations and counts all.
func findUnexplained(ctx context.Context, db *store.DB, tenant stock.TenantID, specs []channel.Spec, keep int) (kept []Explanation, n int64, err error) {
	q := store.StockQuery{Limit: store.MostStockRows}
	for {
		page, err := db.ListStock(ctx, tenant, q)
		if err != nil {
			return nil, 0, fmt.Errorf("find unexplained numbers: %w", err)
		}
		for _, row := range page.Rows {
			b := store.Basis{SKU: store.SKU{StockRow: row, Shops: page.Shops}, Held: row.Balance.Committed, Sold: make(map[store.ListingID]int64)}
			for _, l := range row.Listings {
				if l.FellBy() > 0 {
					if b.Sold[l.ID], err = db.SoldSince(ctx, tenant, l); err != nil {
						return nil, 0, fmt.Errorf("find unexplained numbers: %w", err)
					}
				}
				e := Derive(b, l, specs)
				if e.Explained {
					continue
				}
				n++
				if len(kept) < keep {
					kept = append(kept, e)
				}
			}
		}
		if q.After = page.Next; q.After == "" {
			return kept, n, nil
		}
	}
}
