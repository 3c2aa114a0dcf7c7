package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// BenchmarkReads measures what screens and API read, with 100,000 SKUs in three shops, all of them pushed and one in fifty behind.
func BenchmarkReads(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		benchmarkReads(b, storetest.Open(b, filepath.Join(b.TempDir(), "soroi.db"), clock.System{}))
	})
	b.Run("postgres", func(b *testing.B) { benchmarkReads(b, storetest.Open(b, storetest.Postgres(b), clock.System{})) })
}

const benchSKUs = 100_000

func benchmarkReads(b *testing.B, db *store.DB) {
	ctx := context.Background()
	books := fillBooks(b, db)
	after := func(text string, sort store.StockSort) string {
		return books.stock(store.StockQuery{Text: text, Sort: sort, Limit: store.MostStockRows}).Next
	}
	for _, c := range []struct {
		name string
		q    store.StockQuery
	}{
		{"code", store.StockQuery{}},
		{"code_deep", store.StockQuery{After: after("", store.SortCode)}},
		{"search_many", store.StockQuery{Text: "シャツ"}},
		{"search_one", store.StockQuery{Text: "sku-099999"}},
		{"search_none", store.StockQuery{Text: "なにもない"}},
		{"available", store.StockQuery{Sort: store.SortAvailable}},
		{"available_deep", store.StockQuery{Sort: store.SortAvailable, After: after("", store.SortAvailable)}},
		{"behind", store.StockQuery{Show: store.ShowBehind}},
		{"errors", store.StockQuery{Show: store.ShowErrors}},
		{"out", store.StockQuery{Show: store.ShowOut}},
		{"oversold_none", store.StockQuery{Show: store.ShowOversold}},
		{"unlisted_none", store.StockQuery{Show: store.ShowUnlisted}},
	} {
		b.Run("list/"+c.name, func(b *testing.B) {
			for b.Loop() {
				books.stock(c.q)
			}
		})
		b.Run("count/"+c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := db.CountStock(ctx, books.tenant, c.q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("sku", func(b *testing.B) {
		for b.Loop() {
			if _, err := db.LoadSKU(ctx, books.tenant, "SKU-050000"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("movements", func(b *testing.B) {
		for b.Loop() {
			if _, err := db.ListMovements(ctx, books.tenant, "SKU-050000", "", 0); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func fillBooks(b *testing.B, db *store.DB) *books {
	ctx := context.Background()
	books := newBooks(b, db, "bench")
	names := []string{"Tシャツ", "ぷりんたー用紙", "革靴 メンズ", "マグカップ"}
	rows := make([]store.NewSKU, benchSKUs)
	codes := make([]string, benchSKUs)
	for i := range rows {
		codes[i] = fmt.Sprintf("SKU-%06d", i)
		rows[i] = store.NewSKU{Code: codes[i], Name: fmt.Sprintf("%s 色%d サイズ%d", names[i%len(names)], i%17, i%5)}
	}
	ids, err := db.AddSKUs(ctx, books.tenant, rows)
	books.must(err)
	shops := []channel.ShopID{books.shop("a", codes...), books.shop("b", codes...), books.shop("c", codes...)}
	set := func(every int, units func(i int) int64) {
		var changes []stock.Change
		for i := 0; i < benchSKUs; i += every {
			changes = append(changes, stock.Change{SKU: ids[codes[i]], Location: books.location, Mode: stock.Set, Units: units(i)})
		}
		for part := range slices.Chunk(changes, 4000) {
			_, err := db.ChangeStock(ctx, books.tenant, store.ChangeRequest{Cause: stock.ByImport, Kind: stock.Opening, Document: "bench", Rows: part})
			books.must(err)
		}
		books.plan()
	}
	set(1, func(i int) int64 { return int64(i % 500) })
	for _, s := range shops {
		for range benchSKUs / mostPushed {
			books.push(s, channel.Applied, nil)
		}
	}
	set(50, func(i int) int64 { return int64(i%500) + 1 })
	return books
}
