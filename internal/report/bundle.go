package report

import (
	"context"
	"fmt"
	"io"

	"soroi/internal/exchange"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// PartsOf are a bundle's direct parts as files name them.
func PartsOf(item store.BundleItem) []exchange.PartRef {
	refs := make([]exchange.PartRef, len(item.Direct))
	for i, p := range item.Direct {
		refs[i] = exchange.PartRef{SKU: p.Code, Units: p.Units}
	}
	return refs
}

// WriteBundles writes every bundle that the query finds, as the import of that kind reads them.
func WriteBundles(ctx context.Context, db *store.DB, tenant stock.TenantID, q store.BundleQuery, w io.Writer, o exchange.WriteOptions) (exchange.Written, error) {
	out, err := exchange.NewWriter(w, exchange.Bundle, o)
	if err != nil {
		return exchange.Written{}, err
	}
	for q.After, q.Limit = "", partRows; ; {
		page, err := db.ListBundles(ctx, tenant, q)
		if err != nil {
			return exchange.Written{}, fmt.Errorf("write bundles: %w", err)
		}
		for _, item := range page.Items {
			if err := out.Write(exchange.BundleRow{SKU: item.Code, Parts: PartsOf(item)}); err != nil {
				return exchange.Written{}, err
			}
		}
		if q.After = page.Next; q.After == "" {
			return out.Close()
		}
	}
}
