package exchange_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"soroi/internal/exchange"
	"soroi/internal/stock"
)

func TestMallFiles(t *testing.T) {
	t.Parallel()
	const normalItem = "コントロールカラム,商品管理番号（商品URL）,商品番号,商品名,SKU管理番号,システム連携用SKU番号,バリエーション項目選択肢1,在庫数,在庫戻しフラグ\r\n" +
		`"","T-Shirt","TS","Tシャツ ①","","","","",""` + "\r\n" + `"","T-Shirt","","","r-sku00000001","TS-R","赤","5","1"` + "\r\n" + `"","T-Shirt","","","Blue","","青","0","1"` + "\r\n" +
		`"","T-Shirt","","","Green","","緑","","1"` + "\r\n" + `"d","Mug","","","m1","","","9",""` + "\r\n" + `"","Mug","","","","","","3",""` + "\r\n"
	const quantity = "code,name,sub-code,quantity,mode,allow-overdraft,stock-close\r\nmug,マグ,,5,,0,\r\nts,シャツ,ts-r,+1,,0,0\r\nts,シャツ,ts-b,-2,,0,0\r\nts,,ts-g,3,+,,\r\nts,,ts-w,4,-,,\r\nts,,ts-x,,,,\r\nts,,ts-y,-4,-,,\r\nts,,ts-z,4,x,,\r\n"
	const auPAY = `"ctrlCol","lotNumber","itemCode","stockSegment","stockCount","choicesStockHorizontalName","choicesStockHorizontalCode","choicesStockHorizontalSeq","choicesStockVerticalName","choicesStockVerticalCode","choicesStockVerticalSeq","choicesStockCount"` + "\r\n" +
		`"","1","mug","1","9","","","","","","",""` + "\r\n" + `"U","2","ts","2","","青","-bl","1","M","-m","1","12"` + "\r\n" + `"","2","ts","2","0","青","-bl","1","","-","","x"` + "\r\n" + `"D","3","old","1","1","","","","","","",""` + "\r\n" + `"","3","odd","3","1","","","","","","",""` + "\r\n"
	const selectCSV = "項目選択肢用コントロールカラム,商品管理番号（商品URL）,選択肢タイプ,項目選択肢項目名,項目選択肢別在庫用横軸選択肢子番号,項目選択肢別在庫用縦軸選択肢子番号,項目選択肢別在庫用在庫数\r\nn,ts,i,,-r,-m,7\r\nn,ts,s,熨斗,,,\r\n"
	for _, c := range []struct {
		name, content, layout string
		rows, finds           []string
	}{
		{"Rakuten normal-item", cp932(t, normalItem), "rakuten-normal-item",
			[]string{"3 rakuten t-shirt/r-sku00000001 TS-R|r-sku00000001 set 5", "4 rakuten t-shirt/Blue Blue set 0"},
			[]string{"2 product_row 商品管理番号（商品URL） T-Shirt", "5 nothing_asked 在庫数", "6 delete_row コントロールカラム d", "7 code_missing SKU管理番号"}},
		{"Yahoo quantity", cp932(t, quantity), "yahoo-quantity",
			[]string{"2 yahoo mug mug set 5", "3 yahoo ts:ts-r ts-r add 1", "4 yahoo ts:ts-b ts-b subtract 2", "5 yahoo ts:ts-g ts-g add 3", "6 yahoo ts:ts-w ts-w subtract 4"},
			[]string{"7 nothing_asked quantity", "8 sign_with_subtract quantity -4", "9 not_choice mode x"}},
		{"au PAY stock", cp932(t, auPAY), "aupay-stock", []string{"2   mug set 9", "3   ts-bl-m set 12"},
			[]string{"4 not_number choicesStockCount x", "5 delete_row ctrlCol D", "6 not_choice stockSegment 3"}},
		{"Rakuten select", cp932(t, selectCSV), "rakuten-select", []string{"2   ts-r-m set 7"}, []string{"3 option_row 選択肢タイプ s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, err := exchange.Read(open(t, c.content, exchange.Options{}), exchange.Stock, exchange.ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if kind, title := r.Layout(); kind != c.layout || title.JA == "" || title.EN == "" {
				t.Errorf("taken for %q %+v", kind, title)
			}
			var rows []string
			for row := range r.All() {
				v := row.Value
				rows = append(rows, fmt.Sprintf("%d %s %s %s %s %d", row.Line, v.SKU.Channel, v.SKU.Listing, strings.Join(v.SKU.Codes, "|"), v.Mode, v.Units))
			}
			same(t, "rows", rows, c.rows)
			same(t, "findings", findings(r.Receipt()), c.finds)
		})
	}
}

// What the whole file is said to do goes for a mall's rows that do not say, too.
func TestMallFileWithAMode(t *testing.T) {
	t.Parallel()
	rows, _ := readStock(t, "code,sub-code,quantity\nA,,5\nB,,-5\n", exchange.ReadOptions{Defaults: exchange.Defaults{Mode: stock.Subtract}})
	same(t, "rows", rows, []string{"2 A subtract 5"})
}

func TestMapping(t *testing.T) {
	t.Parallel()
	content := "Nr;Menge;Lager;x\nA;5;W1;1\nB;6;;2\n"
	m := &exchange.Mapping{Name: "倉庫", Format: "stock", Columns: []exchange.MappedColumn{{Header: "nr", Key: "code"}, {Header: "Menge", Key: "units"}},
		Mode: stock.Add, Constants: []exchange.MappedConstant{{Key: "reason", Value: "日次"}, {Key: "location", Value: "main"}}}
	saved, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	again := new(exchange.Mapping)
	if err := json.Unmarshal(saved, again); err != nil || !reflect.DeepEqual(m, again) {
		t.Errorf("%s comes back as %+v, %v", saved, again, err)
	}
	r, err := exchange.Read(open(t, content, m.Options(exchange.Options{})), exchange.Stock, exchange.ReadOptions{Mapping: again})
	if err != nil {
		t.Fatal(err)
	}
	for row := range r.All() {
		if v := row.Value; v.Mode != stock.Add || v.Reason != "日次" || v.Location != "main" || v.Units != int64(row.Line)+3 {
			t.Errorf("%+v", v)
		}
	}
	if kind, title := r.Layout(); kind != "mapping" || title.JA != "倉庫" || r.Receipt().Rows.Used != 2 {
		t.Errorf("%s %v %+v", kind, title, r.Receipt().Rows)
	}
	if reason := r.Columns()[2].Reason; reason != exchange.ColumnUnmapped {
		t.Errorf("the column that is not mapped: %s", reason)
	}
	for _, c := range []struct {
		name string
		m    exchange.Mapping
		want exchange.Code
		hint string
	}{
		{"a source that is not there", exchange.Mapping{Columns: []exchange.MappedColumn{{Header: "Mengen", Key: "units"}}}, exchange.MappingSource, "Menge"},
		{"a field that is none", exchange.Mapping{Columns: []exchange.MappedColumn{{Header: "Menge", Key: "price"}}}, exchange.MappingKey, "code, units, mode, location, reason"},
		{"a field twice", exchange.Mapping{Columns: []exchange.MappedColumn{{Header: "Nr", Key: "code"}, {Header: "x", Key: "code"}}}, exchange.HeaderClash, "x"},
		{"a needed field is missing", exchange.Mapping{Columns: []exchange.MappedColumn{{Header: "Menge", Key: "units"}}}, exchange.ColumnMissing, ""},
		{"a constant that is no number", exchange.Mapping{Constants: []exchange.MappedConstant{{Key: "units", Value: "x"}}}, exchange.MappingConstant, "「x」は数ではありません。 \"x\" is not a number."},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			if p := refusedFile(t, content, exchange.Options{}, exchange.ReadOptions{Mapping: &c.m}); p == nil || p.Code != c.want || p.Hint != c.hint {
				t.Errorf("%+v, want %s %q", p, c.want, c.hint)
			}
		})
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	m := exchange.Suggest(exchange.Stock.Info(), []string{"", "自社SKUコード", "倉庫名", "現在庫", "備考"})
	got := make(map[string]string)
	for _, c := range m.Columns {
		got[c.Key] = c.Header
	}
	if m.Format != "stock" || got["code"] != "自社SKUコード" || got["units"] != "現在庫" || got["location"] != "倉庫名" || got["reason"] != "備考" || got["mode"] != "" {
		t.Errorf("%+v", m)
	}
}
