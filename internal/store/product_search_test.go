package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// Products are found by their codes and names and by the codes of their SKUs, whether the hits are few or many, and page by page.
func TestListProducts_search(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBooks(t, db, "a")
		other := newBooks(t, db, "b")
		add := func(b *books, list ...store.NewSKU) {
			_, err := db.AddSKUs(context.Background(), b.tenant, list)
			b.must(err)
		}
		sku := func(product, name, code string) store.NewSKU {
			return store.NewSKU{Product: product, Code: code, Name: name}
		}
		add(b, sku("TS-1", "長袖Tシャツ", "TS-1-RED"), sku("TS-1", "長袖Tシャツ", "4901234567894"), sku("TS-2", "半袖Tシャツ", "TS-2-RED"), sku("TS-3", "長袖 ワイシャツ", "WY-3"), sku("MUG", "マグカップ", "MUG-BLUE"))
		add(other, sku("TS-9", "長袖Tシャツ", "4901234567894"))
		find := func(text, codes string) string {
			var found []string
			q := store.ProductQuery{Text: text, Limit: 1}
			if codes != "" {
				q.Codes = strings.Fields(codes)
			}
			for {
				page, err := db.ListProducts(context.Background(), b.tenant, q)
				b.must(err)
				for _, row := range page.Rows {
					found = append(found, row.Code)
				}
				if q.After = page.Next; page.Next == "" {
					return strings.Join(found, " ")
				}
			}
		}
		for _, few := range []int{1000, 0} {
			db.SetFewHits(few, 1000)
			for _, tt := range []struct{ text, codes, want string }{
				{"", "", "MUG TS-1 TS-2 TS-3"},
				{"しゃつ", "", "TS-1 TS-2 TS-3"},
				{"シャツ 長袖", "", "TS-1 TS-3"},
				{"シャツ", "TS-2 MUG", "TS-2"},
				{"ts", "", "TS-1 TS-2 TS-3"},
				{"長袖 ts-1", "", "TS-1"},
				{"皿", "", ""},
			} {
				if got := find(tt.text, tt.codes); got != tt.want {
					t.Errorf("few being %d, %q of %q finds %q, want %q", few, tt.text, tt.codes, got, tt.want)
				}
			}
			want := map[int]string{1000: "TS-1 TS-3 MUG", 0: "  "}[few] // codes of SKUs lead to products where they are few
			if got := fmt.Sprintf("%s %s %s", find("490123", ""), find("wy-3", ""), find("blue", "")); got != want {
				t.Errorf("few being %d, codes of SKUs find %q, want %q", few, got, want)
			}
		}
	})
}
