package web_test

import (
	"context"
	"strings"
	"testing"

	"soroi/internal/allocation"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// A SKU's page says what the share of a shop is while it may not show it yet.
func TestSKU_divided(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		m.stocked("A-1", "B-2")
		ctx := context.Background()
		id, err := m.db.SavePattern(ctx, m.tenant, store.PatternChange{Pattern: allocation.Pattern{Name: "分ける", Rules: []allocation.Rule{{To: allocation.Open, Default: allocation.Share{Kind: allocation.Fixed, N: 4}}}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.db.AssignPatterns(ctx, m.tenant, []store.Assignment{{SKU: m.skus["A-1"], Pattern: id}}); err != nil {
			t.Fatal(err)
		}
		share := stock.Units(4)
		_, _, err = m.db.Plan(ctx, m.tenant, 500, func(skus []*store.Unplanned) error {
			for _, u := range skus {
				for i := range u.Listings {
					u.Listings[i].NewTarget = u.Terms.Sellable(u.Balance)
					if u.Divides() {
						u.Listings[i].NewTarget, u.Listings[i].NewShare = stock.Units(1), &share
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if v := m.browser.page("/sku?code=A-1"); !strings.Contains(v.html, "配分は 4、ほかの店舗の確認待ち") {
			t.Errorf("the page does not say what the share is:\n%s", v.html)
		}
	})
}
