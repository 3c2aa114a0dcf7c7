package report

import (
	"context"
	"fmt"
	"io"

	"soroi/internal/exchange"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// WriteLinks writes every listing that the query finds with the SKU that it is linked to, as the import of that kind reads them. One without a SKU has an empty
// place, which asks for nothing when it is read.
func WriteLinks(ctx context.Context, db *store.DB, tenant stock.TenantID, q store.ListingQuery, w io.Writer, o exchange.WriteOptions) (exchange.Written, error) {
	out, err := exchange.NewWriter(w, exchange.Link, o)
	if err != nil {
		return exchange.Written{}, err
	}
	for q.After, q.Limit = "", store.MostListings; ; {
		page, err := db.ListListings(ctx, tenant, q)
		if err != nil {
			return exchange.Written{}, fmt.Errorf("write links: %w", err)
		}
		names := make(map[int64]string, len(page.Shops))
		for _, s := range page.Shops {
			names[int64(s.ID)] = s.Name
		}
		for _, r := range page.Rows {
			if err := out.Write(exchange.LinkRow{Shop: names[int64(r.Shop)], Ref: string(r.Ref), SKU: r.SKUCode}); err != nil {
				return exchange.Written{}, err
			}
		}
		if q.After = page.Next; q.After == "" {
			return out.Close()
		}
	}
}
