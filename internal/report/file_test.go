package report_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"soroi/internal/exchange"
	"soroi/internal/report"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// A file has every row of its list once, in the order of the list, however many parts it is read in.
func TestFiles_have_each_row_once(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		tenant, _ := storetest.Tenant(t, db, "a")
		const n = 2*store.MostStockRows + 7
		var skus []store.NewSKU
		var want []string
		for i := range n {
			skus = append(skus, store.NewSKU{Code: fmt.Sprintf("S-%05d", i), Name: "品"})
			want = append(want, skus[i].Code)
		}
		if _, err := db.AddSKUs(ctx, tenant, skus); err != nil {
			t.Fatal(err)
		}
		for planned := 1; planned > 0; {
			var err error
			if planned, _, err = db.Plan(ctx, tenant, 1000, func([]*store.Unplanned) error { return nil }); err != nil {
				t.Fatal(err)
			}
		}
		o := exchange.WriteOptions{Encoding: exchange.UTF8, Columns: []string{"sku"}}
		for name, write := range map[string]func(*bytes.Buffer) (exchange.Written, error){
			"low": func(b *bytes.Buffer) (exchange.Written, error) {
				return report.WriteLow(ctx, db, tenant, store.LowQuery{Sort: store.LowCode}, b, o)
			},
			"stock": func(b *bytes.Buffer) (exchange.Written, error) {
				return report.WriteStock(ctx, db, tenant, store.StockQuery{}, b, o)
			},
		} {
			var b bytes.Buffer
			written, err := write(&b)
			if err != nil || written.Rows != n {
				t.Fatalf("%s: %+v, %v", name, written, err)
			}
			if got := strings.Split(strings.TrimSpace(b.String()), "\r\n")[1:]; !slices.Equal(got, want) {
				t.Errorf("%s has %d rows, the first %v", name, len(got), got[:3])
			}
		}
	})
}
