package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"soroi/internal/clock"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// BenchmarkLow measures the list of stock-outs and of what to order among a million SKUs of which one in twenty is low, as median and as the slowest of a hundred.
func BenchmarkLow(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		benchmarkLow(b, storetest.Open(b, filepath.Join(b.TempDir(), "soroi.db"), clock.System{}))
	})
	b.Run("postgres", func(b *testing.B) { benchmarkLow(b, storetest.Open(b, storetest.Postgres(b), clock.System{})) })
}

// fillMillion adds SKUs past the books: five to a product, in colours and sizes, one in twenty low.
func fillMillion(b *testing.B, db *store.DB, n int) stock.TenantID {
	ctx := context.Background()
	tenant, _ := storetest.Tenant(b, db, "million")
	numbers := fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", n)
	for _, text := range []string{
		numbers + `INSERT INTO product (tenant_id, product_id, code, name, created_at, option1_name, option2_name) SELECT $1, i, 'P-' || i, '商品 ' || i, 0,
			CASE WHEN i % 3 = 0 THEN 'カラー' ELSE '色' END, 'サイズ' FROM n WHERE i % 5 = 0`,
		numbers + `INSERT INTO sku (tenant_id, sku_id, product_id, code, name, created_at, option1, option2)
			SELECT $1, i, i + 4 - (i + 4) % 5, 'SKU-' || ((i * 7919) % 1000003) || '-' || i, '商品 ' || i, 0, 'c' || (i % 23), 's' || (i % 5) FROM n WHERE i + 4 - (i + 4) % 5 <= ` + fmt.Sprint(n),
		numbers + `INSERT INTO sku_plan (tenant_id, sku_id, marked, planned, rank, since, available, secured, reorder_point, level, product_id, sold_7, sold_30, inbound, urgency)
			SELECT $1, i, 1, 1, 1, 0, CASE WHEN i % 20 = 0 THEN (i * 31) % 9 - 1 ELSE 100 END, 0, 10,
			CASE WHEN i % 20 <> 0 THEN 0 WHEN (i * 31) % 9 - 1 < 0 THEN 3 WHEN (i * 31) % 9 - 1 = 0 THEN 2 ELSE 1 END, i + 4 - (i + 4) % 5, (i * 17) % 11, (i * 17) % 43, i % 3,
			CASE WHEN i % 20 <> 0 THEN 0 ELSE -(CASE WHEN (i * 31) % 9 - 1 < 0 THEN 3 WHEN (i * 31) % 9 - 1 = 0 THEN 2 ELSE 1 END * 4000000000 + 11 - (i * 31) % 9) END FROM n
			WHERE i + 4 - (i + 4) % 5 <= ` + fmt.Sprint(n),
	} {
		if _, err := db.Exec(ctx, text, int64(tenant)); err != nil {
			b.Fatal(err)
		}
	}
	if db.Engine() == "postgres" {
		if _, err := db.Exec(ctx, "VACUUM ANALYZE"); err != nil {
			b.Fatal(err)
		}
	}
	return tenant
}

func benchmarkLow(b *testing.B, db *store.DB) {
	tenant := fillMillion(b, db, 1_000_000)
	ctx := context.Background()
	for _, c := range []struct {
		name string
		q    store.LowQuery
	}{
		{"urgent", store.LowQuery{}},
		{"shortfall", store.LowQuery{Sort: store.LowShortfall}},
		{"days", store.LowQuery{Sort: store.LowDays}},
		{"sold_30", store.LowQuery{Sort: store.LowMonth}},
		{"code", store.LowQuery{Sort: store.LowCode}},
		{"out", store.LowQuery{Filter: store.StockQuery{Show: store.ShowOut}}},
		{"oversold_code", store.LowQuery{Filter: store.StockQuery{Show: store.ShowOversold}, Sort: store.LowCode}},
		{"product", store.LowQuery{Group: store.ByProduct}},
		{"product_days", store.LowQuery{Group: store.ByProduct, Sort: store.LowDays}},
		{"colour", store.LowQuery{Group: store.ByOption, Option: "色"}},
		{"size", store.LowQuery{Group: store.ByOption, Option: "サイズ"}},
		{"value", store.LowQuery{Filter: store.StockQuery{Value: "c7"}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				page, err := db.ListLow(ctx, tenant, c.q)
				if err != nil || len(page.Rows) == 0 {
					b.Fatal(len(page.Rows), err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms-p99")
			b.ReportMetric(float64(took[0].Microseconds())/1000, "ms-min")
		})
	}
	b.Run("option_names", func(b *testing.B) {
		for b.Loop() {
			if names, err := db.OptionNames(ctx, tenant, 20); err != nil || len(names) != 3 {
				b.Fatal(names, err)
			}
		}
	})
}
