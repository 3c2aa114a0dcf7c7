package products

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"soroi/internal/stock"
	"soroi/internal/store"
)

func sku(id int, code string, options ...string) store.StockRow {
	r := store.StockRow{SKU: stock.SKUID(id), Code: code}
	copy(r.Options[:], options)
	return r
}

func TestLayOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		options stock.OptionNames
		skus    []store.StockRow
		want    string
		axes    string
	}{
		{"no options", stock.OptionNames{}, []store.StockRow{sku(1, "a")}, " []: (a)[1]", ""},
		{"one", stock.OptionNames{"色"}, []store.StockRow{sku(1, "a", "赤"), sku(2, "b", "青")}, " []: 赤(a)[1] 青(b)[2]", ""},
		{"two, with sizes in their order and a place without a SKU", stock.OptionNames{"色", "サイズ"},
			[]store.StockRow{sku(1, "a", "赤", "L"), sku(2, "b", "赤", "S"), sku(3, "c", "青", "M"), sku(4, "d", "青", "L")}, " [S M L]: 赤[2 0 1] 青[0 3 4]", ""},
		{"numbers by number", stock.OptionNames{"cm"}, []store.StockRow{sku(1, "a", "100cm"), sku(2, "b", "23.5cm"), sku(3, "c", "9cm")}, " []: 9cm(c)[3] 23.5cm(b)[2] 100cm(a)[1]", ""},
		{"three", stock.OptionNames{"色", "サイズ", "柄"}, []store.StockRow{sku(1, "a", "赤", "S", "縞"), sku(2, "b", "赤", "S", "無地")}, "縞 [S]: 赤[1] / 無地 [S]: 赤[2]", ""},
		{"the other way round", stock.OptionNames{"色", "サイズ"}, []store.StockRow{sku(1, "a", "赤", "L"), sku(2, "b", "青", "S")}, " [赤 青]: S[0 2] L[1 0]", "213"},
		{"any two of three", stock.OptionNames{"色", "サイズ", "柄"}, []store.StockRow{sku(1, "a", "赤", "S", "縞"), sku(2, "b", "青", "M", "縞")}, "S [赤 青]: 縞[1 0] / M [赤 青]: 縞[0 2]", "312"},
		{"axes that do not fit", stock.OptionNames{"色"}, []store.StockRow{sku(1, "a", "赤")}, " []: 赤(a)[1]", "213"},
		{"colours in the order in which they came", stock.OptionNames{"色"}, []store.StockRow{sku(9, "a", "赤"), sku(3, "b", "青"), sku(5, "c", "黒")}, " []: 青(b)[3] 黒(c)[5] 赤(a)[9]", ""},
		{"a size among other words", stock.OptionNames{"形"}, []store.StockRow{sku(1, "a", "L"), sku(2, "b", "フリー"), sku(3, "c", "S")}, " []: L(a)[1] フリー(b)[2] S(c)[3]", ""},
		{"shared places and missing values stand apart", stock.OptionNames{"色"}, []store.StockRow{sku(1, "a", "赤"), sku(2, "b", "赤"), sku(3, "c")}, " []: 赤(a)[1] /  []: (b)[2] (c)[3]", ""},
	} {
		p := store.ProductStock{SKUs: c.skus}
		p.Options = c.options
		g := layOut(p, readAxes(c.axes, c.options.Count()), func(r store.StockRow) Cell { return Cell{SKU: int64(r.SKU)} })
		var tables []string
		seen := make(map[string]bool)
		for _, table := range g.Tables {
			var rows []string
			for _, row := range table.Rows {
				var ids []int64
				for _, cell := range row.Cells {
					ids = append(ids, cell.SKU)
					if seen[cell.At] {
						t.Errorf("%s: two places are %s", c.name, cell.At)
					}
					seen[cell.At] = true
				}
				label := row.Label
				if row.Code != "" {
					label += "(" + row.Code + ")"
				}
				rows = append(rows, label+fmt.Sprint(ids))
			}
			tables = append(tables, fmt.Sprintf("%s [%s]: %s", table.Title, strings.Trim(strings.Join(table.Columns, " "), " "), strings.Join(rows, " ")))
		}
		if got := strings.Join(tables, " / "); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestCombinations(t *testing.T) {
	t.Parallel()
	p := store.ProductStock{SKUs: []store.StockRow{sku(1, "x", "黒", "S")}}
	p.Code, p.Options = "TS", stock.OptionNames{"色", "サイズ"}
	list, skipped := combinations(p, Matrix{Values: [3]string{"黒、白,黒", "S\r\nM"}, Template: "{product}_{2}/{1}"})
	var codes []string
	for _, n := range list {
		codes = append(codes, n.Code)
	}
	if skipped != 1 || !slices.Equal(codes, []string{"TS_M/黒", "TS_S/白", "TS_M/白"}) {
		t.Errorf("%v, %d skipped", codes, skipped)
	}
}
