package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"soroi/internal/clock"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// BenchmarkPlan_bundles sells one part that 30,000 bundles share, and plans all of them.
func BenchmarkPlan_bundles(b *testing.B) {
	for _, e := range []string{"sqlite", "postgres"} {
		b.Run(e, func(b *testing.B) {
			url := b.TempDir() + "/s.db"
			if e == "postgres" {
				url = storetest.Postgres(b)
			}
			db := storetest.Open(b, url, clock.System{})
			k := newBooks(b, db, "a")
			const n = 30_000
			codes := make([]string, 0, n+3)
			for i := range n {
				codes = append(codes, fmt.Sprintf("S-%05d s", i))
			}
			for part := range 31 {
				lo, hi := part*1000, min((part+1)*1000, n)
				if lo < hi {
					k.skus(codes[lo:hi]...)
				}
			}
			k.skus("P p", "Q q", "R r")
			k.set("P", 1_000_000)
			k.set("Q", 1_000_000)
			k.set("R", 500)
			parts := []stock.Part{{SKU: k.id("P"), Units: 2}, {SKU: k.id("Q"), Units: 1}, {SKU: k.id("R"), Units: 1}}
			for lo := 0; lo < n; lo += 1000 {
				var list []string
				for _, c := range codes[lo : lo+1000] {
					list = append(list, c[:7])
				}
				ids, err := db.FindSKUs(context.Background(), k.tenant, list)
				k.must(err)
				edit := store.BundleEdit{}
				for _, c := range list {
					edit.Rows = append(edit.Rows, store.BundleRow{SKU: ids[c], Parts: parts})
				}
				answer, err := db.EditBundles(context.Background(), k.tenant, edit)
				k.must(err)
				if !answer.Applied {
					b.Fatalf("%+v", answer.Rows[0].Refused)
				}
			}
			plan := func() (planned int) {
				for {
					n, _, err := db.Plan(context.Background(), k.tenant, 500, func([]*store.Unplanned) error { return nil })
					k.must(err)
					if n == 0 {
						return planned
					}
					planned += n
				}
			}
			plan()
			units := int64(500)
			for b.Loop() {
				units--
				k.set("R", units)
				from := time.Now()
				got := plan()
				if got < n {
					b.Fatalf("%d planned", got)
				}
				b.ReportMetric(float64(got)/time.Since(from).Seconds(), "skus/s")
			}
		})
	}
}
