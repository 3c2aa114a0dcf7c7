package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

func TestStockQuery(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		_, err := db.AddSKUs(ctx, b.tenant, []store.NewSKU{
			{Product: "T", Code: "T-RED-S", Name: "Tシャツ 赤 S"},
			{Product: "T", Code: "T-RED-M", Name: "Tシャツ 赤 M", Terms: stock.Terms{Secured: stock.Secured{As: stock.InUnits, N: 2}}},
			{Product: "T", Code: "T-BLUE-S", Name: "Tシャツ 青 S", Terms: stock.Terms{Secured: stock.Secured{As: stock.InUnits}}},
			{Product: "D", Code: "DESK", Name: "机", Terms: stock.Terms{Supply: stock.MadeToOrder, Figure: 2}},
			{Code: "OLD", Name: "昔の品"}})
		b.must(err)
		exec := func(text, code string, args ...any) {
			t.Helper()
			n, err := db.Exec(ctx, text, append([]any{int64(b.tenant), code}, args...)...)
			if b.must(err); n != 1 {
				t.Fatalf("%d rows", n)
			}
		}
		for code, o := range map[string][2]string{"T-RED-S": {"赤", "S"}, "T-RED-M": {"赤", "M"}, "T-BLUE-S": {"青", "S"}} {
			exec("UPDATE sku SET option1 = $3, option2 = $4 WHERE tenant_id = $1 AND code = $2", code, o[0], o[1])
		}
		exec("UPDATE sku SET archived_at = 1 WHERE tenant_id = $1 AND code = $2", "OLD")
		exec("UPDATE sku SET pattern_id = 7 WHERE tenant_id = $1 AND code = $2", "T-RED-S")
		exec("UPDATE sku SET reorder_point = 5 WHERE tenant_id = $1 AND code = $2", "T-RED-M")
		b.set("T-RED-S", 9)
		b.set("T-RED-M", 5)
		shop := b.shop("楽天", "T-BLUE-S")
		b.sale(shop, "R1", "T-BLUE-S×1")
		b.plan()
		for name, c := range map[string]struct {
			query store.StockQuery
			want  string
		}{
			"all in use":             {store.StockQuery{}, "DESK T-BLUE-S T-RED-M T-RED-S"},
			"all":                    {store.StockQuery{Archived: store.WithArchived}, "DESK OLD T-BLUE-S T-RED-M T-RED-S"},
			"out of use":             {store.StockQuery{Archived: store.OnlyArchived}, "OLD"},
			"out of use is not out":  {store.StockQuery{Archived: store.OnlyArchived, Show: store.ShowOut}, ""},
			"a product":              {store.StockQuery{Product: "T"}, "T-BLUE-S T-RED-M T-RED-S"},
			"no such product":        {store.StockQuery{Product: "t"}, ""},
			"a colour":               {store.StockQuery{Options: [3]string{"赤"}}, "T-RED-M T-RED-S"},
			"a size":                 {store.StockQuery{Options: [3]string{1: "S"}}, "T-BLUE-S T-RED-S"},
			"a colour and a size":    {store.StockQuery{Options: [3]string{"赤", "S"}}, "T-RED-S"},
			"a colour or a size":     {store.StockQuery{Value: "S"}, "T-BLUE-S T-RED-S"},
			"low":                    {store.StockQuery{Show: store.ShowLow}, "T-BLUE-S T-RED-M"},
			"out":                    {store.StockQuery{Show: store.ShowOut}, "T-BLUE-S"},
			"oversold":               {store.StockQuery{Show: store.ShowOversold}, "T-BLUE-S"},
			"low and red":            {store.StockQuery{Show: store.ShowLow, Options: [3]string{"赤"}}, "T-RED-M"},
			"made to order":          {store.StockQuery{Supply: stock.MadeToOrder}, "DESK"},
			"units kept back":        {store.StockQuery{Secured: store.SomeSecured}, "T-RED-M"},
			"says what is kept back": {store.StockQuery{Secured: store.OwnSecured}, "T-BLUE-S T-RED-M"},
			"nothing kept back":      {store.StockQuery{Secured: store.NothingSecured}, "DESK T-BLUE-S T-RED-S"},
			"a pattern":              {store.StockQuery{Pattern: 7}, "T-RED-S"},
			"no pattern":             {store.StockQuery{Pattern: store.NoPattern}, "DESK T-BLUE-S T-RED-M"},
			"many things at once": {store.StockQuery{Text: "シャツ", Product: "T", Options: [3]string{"赤"}, Show: store.ShowLow, Supply: stock.Stocked, Secured: store.SomeSecured,
				Pattern: store.NoPattern, Codes: []string{"T-RED-M", "T-RED-S"}, Sort: store.SortAvailable}, "T-RED-M"},
		} {
			if got := codesOf(b.stock(c.query)); got != c.want {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
			if n, err := db.CountStock(ctx, b.tenant, c.query); err != nil || n != (store.Count{N: int64(len(strings.Fields(c.want)))}) {
				t.Errorf("%s: counted %+v, %v", name, n, err)
			}
			// What is done to all hits meets the same ones, part by part.
			var ids, want []stock.SKUID
			for after := stock.SKUID(0); ; {
				part, err := db.SelectSKUs(ctx, b.tenant, c.query, after, 2)
				b.must(err)
				if ids = append(ids, part...); len(part) < 2 {
					break
				}
				after = part[len(part)-1]
			}
			for _, code := range strings.Fields(c.want) {
				want = append(want, b.id(code))
			}
			if slices.Sort(want); !slices.Equal(ids, want) {
				t.Errorf("%s: selected %v, want %v", name, ids, want)
			}
		}
		other := newBooks(t, db, "b")
		if ids, err := db.SelectSKUs(ctx, other.tenant, store.StockQuery{Archived: store.WithArchived}, 0, 0); err != nil || len(ids) != 0 {
			t.Errorf("another tenant selects %v, %v", ids, err)
		}
	})
}

// Lists by level read the few rows that they are about, through the index that holds no others.
func TestStockQuery_levels_use_their_index(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		var codes []string
		for i := range 3000 {
			codes = append(codes, fmt.Sprintf("S-%04d", i))
		}
		b.skus(codes...)
		_, err := db.Exec(ctx, "UPDATE sku_plan SET level = CASE WHEN sku_id % 100 = 0 THEN 2 ELSE 0 END WHERE tenant_id = $1", int64(b.tenant))
		b.must(err)
		if db.Engine() == "postgres" {
			_, err = db.Exec(ctx, "ANALYZE sku, sku_plan")
			b.must(err)
		}
		for _, show := range []store.StockShow{store.ShowLow, store.ShowOut, store.ShowOversold} {
			plan, err := db.PlanOfSelect(ctx, b.tenant, store.StockQuery{Show: show})
			if err != nil || !strings.Contains(plan, "sku_plan_level_idx") {
				t.Errorf("%s: %v\n%s", show, err, plan)
			}
		}
	})
}
