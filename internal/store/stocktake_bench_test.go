package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"soroi/internal/clock"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// BenchmarkStocktake counts among 100,000 SKUs, 10,000 of which are counted.
func BenchmarkStocktake(b *testing.B) {
	ctx := context.Background()
	db := storetest.Open(b, filepath.Join(b.TempDir(), "soroi.db"), clock.System{})
	k := newBooks(b, db, "bench")
	codes := make([]string, 100_000)
	for i := range codes {
		codes[i] = fmt.Sprintf("SKU-%06d", i)
	}
	k.skus(codes...)
	ids, err := db.FindSKUs(ctx, k.tenant, codes)
	k.must(err)
	r := store.ChangeRequest{Cause: stock.ByHand, Kind: stock.Adjustment, Document: "count"}
	for _, code := range codes {
		r.Rows = append(r.Rows, stock.Change{SKU: ids[code], Location: k.location, Mode: stock.Set, Units: 5})
		if len(r.Rows) == 4000 {
			_, err = db.ChangeStock(ctx, k.tenant, r)
			k.must(err)
			r.Rows = nil
		}
	}
	c := k.count(stock.OnShelf, nil)
	for n := 0; n < 10_000; n += 1000 {
		scans := make([]store.NewScan, 1000)
		for i := range scans {
			scans[i] = store.NewScan{Key: codes[n+i], SKU: ids[codes[n+i]], Sets: true, Units: int64(i % 11)}
		}
		_, err := db.AddScans(ctx, k.tenant, c.take.ID, "hana", scans)
		k.must(err)
	}
	b.Run("scan", func(b *testing.B) {
		for i := range b.N {
			_, err := db.AddScans(ctx, k.tenant, c.take.ID, "hana", []store.NewScan{{Key: c.key(), SKU: ids[codes[i%10_000]], Units: 1}})
			k.must(err)
		}
	})
	b.Run("sums", func(b *testing.B) {
		for range b.N {
			_, err := db.SumStocktake(ctx, k.tenant, c.take)
			k.must(err)
		}
	})
	b.Run("page", func(b *testing.B) {
		for range b.N {
			_, err := db.ListStocktakeLines(ctx, k.tenant, c.take, store.LineQuery{Show: store.LinesOpen})
			k.must(err)
		}
	})
	b.Run("line sums", func(b *testing.B) {
		for range b.N {
			_, err := db.SumStocktakeLines(ctx, k.tenant, c.take)
			k.must(err)
		}
	})
	b.Run("approve 500", func(b *testing.B) {
		for range b.N {
			page, err := db.ListStocktakeLines(ctx, k.tenant, c.take, store.LineQuery{Show: store.LinesSure, Sort: store.LinesByID, Limit: 500})
			k.must(err)
			rows := make([]store.ApprovalRow, len(page.Lines))
			for i, l := range page.Lines {
				rows[i].SKU = l.SKU
			}
			c.approve(rows...)
			b.ReportMetric(float64(len(rows)), "lines")
		}
	})
}
