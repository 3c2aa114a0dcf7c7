package exchange_test

import (
	"fmt"
	"strings"
	"testing"

	"soroi/internal/exchange"
	"soroi/internal/stock"
)

// readRows reads a file as rows of a format; each comes as its line and what show says.
func readRows[T any](t *testing.T, f *exchange.Format[T], content string, show func(T) string) (rows []string, receipt *exchange.Receipt) {
	t.Helper()
	r, err := exchange.Read(open(t, content, exchange.Options{}), f, exchange.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for row := range r.All() {
		rows = append(rows, fmt.Sprintf("%d %s", row.Line, show(row.Value)))
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return rows, r.Receipt()
}

func TestSecured(t *testing.T) {
	t.Parallel()
	rows, receipt := readRows(t, exchange.Secured, "SKUコード,商品コード,確保在庫,理由\nA,,3,卸\n,P,10%,\nB,P,既定,\nC,,１０％,\nD,,101%,\nE,,-1,\nF,,,\n,,1,\nG,,10.5%,\nH,,default,\nI,,0,\n",
		func(r exchange.SecuredRow) string {
			return fmt.Sprintf("%s/%s %s %q %v", r.Product, r.SKU, r.Secured, r.Reason.Value, r.Reason.Given)
		})
	same(t, "rows", rows, []string{`2 /A 3 "卸" true`, `3 P/ 10% "" false`, `4 P/B 既定 "" false`, `5 /C 10% "" false`, `11 /H 既定 "" false`, `12 /I 0 "" false`})
	same(t, "findings", findings(receipt), []string{"6 bad_percent 確保在庫 101%", "7 negative_number 確保在庫 -1", "8 nothing_asked 確保在庫", "9 code_missing SKUコード", "10 bad_percent 確保在庫 10.5%"})
}

func TestReorder(t *testing.T) {
	t.Parallel()
	rows, receipt := readRows(t, exchange.Reorder, "sku;reorder point\nA;10\nB;5%\nC;既定\n", func(r exchange.ReorderRow) string { return r.SKU + " " + r.Point.String() })
	same(t, "rows", rows, []string{"2 A 10", "4 C 既定"})
	same(t, "findings", findings(receipt), []string{"3 not_number reorder point 5%"})
}

func TestAssignment(t *testing.T) {
	t.Parallel()
	rows, receipt := readRows(t, exchange.Assignment, "商品コード,配分パターン\nP,均等\nQ,既定\nR,\n", func(r exchange.AssignmentRow) string { return fmt.Sprint(r.Product, " ", r.Pattern, " ", r.Default) })
	same(t, "rows", rows, []string{"2 P 均等 false", "3 Q  true"})
	same(t, "findings", findings(receipt), []string{"4 nothing_asked 配分パターン"})
}

func TestException(t *testing.T) {
	t.Parallel()
	rows, receipt := readRows(t, exchange.Exception, "店舗,SKU,上限\n楽天,A,5\n楽天,B,停止\n楽天,C,なし\n,D,1\n楽天,E,x\n", func(r exchange.ExceptionRow) string {
		return fmt.Sprint(r.Shop, " ", r.SKU, " ", r.Most, " ", r.Remove)
	})
	same(t, "rows", rows, []string{"2 楽天 A 5 false", "3 楽天 B 0 false", "4 楽天 C 0 true"})
	same(t, "findings", findings(receipt), []string{"5 value_missing 店舗", "6 not_number 上限 x"})
}

func TestLink(t *testing.T) {
	t.Parallel()
	rows, receipt := readRows(t, exchange.Link, "店舗,出品,SKUコード\n楽天,t-shirt/r,A\n楽天,mug/m,解除\n楽天,x,\n", func(r exchange.LinkRow) string { return fmt.Sprint(r.Shop, " ", r.Ref, " ", r.SKU, " ", r.Unlink) })
	same(t, "rows", rows, []string{"2 楽天 t-shirt/r A false", "3 楽天 mug/m  true"})
	same(t, "findings", findings(receipt), []string{"4 nothing_asked SKUコード"})
}

func TestProduct(t *testing.T) {
	t.Parallel()
	rows, receipt := readRows(t, exchange.Product, "商品コード,SKUコード,商品名,属性1名,属性1,JANコード,照合コード,販売方法,受注枠,状態\n"+
		"P,A, Tシャツ ,カラー,赤,4901234567894,x|y,在庫,,取扱中\nP,B,,,,\"\",\"1\n2\",受注生産(日産),10,取扱終了\n,C,,,,,,無制限,5,\n,,x,,,,,,,\nP,,,,,,,受注生産,1,\nQ,,,,,,,made_to_order_unlimited,,\nR,D,,,,,,通常,,どうかな\n",
		func(r exchange.ProductRow) string {
			return fmt.Sprintf("%s/%s %s %s=%s %v %v %s %v %v %v", r.Product, r.SKU, r.ProductName.Value, r.OptionNames[0].Value, r.Options[0].Value, r.JANs.Value, r.Codes.Value, r.Supply.Value, r.Daily, r.Figure.Value, r.Archived)
		})
	same(t, "rows", rows, []string{
		"2 P/A Tシャツ カラー=赤 [4901234567894] [x y] stocked false 0 {false true}", "3 P/B  = [] [1 2] made_to_order true 10 {true true}",
		"7 P/  = [] [] made_to_order false 1 {false false}", "8 Q/  = [] [] made_to_order_unlimited false 0 {false false}"})
	same(t, "findings", findings(receipt), []string{"5 not_together 受注枠 5", "6 code_missing SKUコード", "9 not_choice 状態 どうかな"})
}

// Of several columns that name the SKU the most exact one is read, and the others are listed.
func TestRankedColumns(t *testing.T) {
	t.Parallel()
	r, err := exchange.Read(open(t, "商品コード,JAN,SKU,在庫数\nP,4901234567894,A,5\n", exchange.Options{}), exchange.Stock, exchange.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if row, err := r.Next(); err != nil || row.Value.SKU.Text() != "A" {
		t.Errorf("%+v, %v", row.Value, err)
	}
	for i, want := range []exchange.Code{exchange.ColumnSecond, exchange.ColumnSecond, "", ""} {
		if c := r.Columns()[i]; c.Reason != want || want != "" && c.Hint != "SKU" {
			t.Errorf("%+v", c)
		}
	}
	if p := refusedFile(t, "SKU,Ｓku,在庫数\nA,B,1\n", exchange.Options{}, exchange.ReadOptions{}); p == nil || p.Code != exchange.HeaderTwice {
		t.Errorf("one name twice gives %v", p)
	}
}

func TestSpool(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	spool, err := exchange.NewSpool(strings.NewReader("code,qty\nA,1\n"), dir, 100)
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := exchange.Open(spool, exchange.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := exchange.Read(sheet, exchange.Stock, exchange.ReadOptions{Defaults: exchange.Defaults{Mode: stock.Add}})
	if err != nil {
		t.Fatal(err)
	}
	if row, err := rows.Next(); err != nil || row.Value.Units != 1 || sheet.Offset() != sheet.Size {
		t.Errorf("%+v, %v, read %d of %d", row, err, sheet.Offset(), sheet.Size)
	}
	if err := sheet.Close(); err != nil {
		t.Error(err)
	}
	if err := spool.Close(); err != nil {
		t.Error(err)
	}
	if _, err := exchange.NewSpool(strings.NewReader("12345"), dir, 4); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("a stream that is too long gives %v", err)
	}
	if left := mustReadDir(t, dir); left > 0 {
		t.Errorf("%d files are left", left)
	}
}
