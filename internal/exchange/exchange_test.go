package exchange_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"soroi/internal/exchange"
	"soroi/internal/stock"
)

// open opens a file of the given bytes.
func open(t testing.TB, content string, o exchange.Options) *exchange.Sheet {
	t.Helper()
	sheet, err := exchange.Open(strings.NewReader(content), o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := sheet.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return sheet
}

// readStock reads a file of stock; the rows come as "line code mode units".
func readStock(t testing.TB, content string, o exchange.ReadOptions) (rows []string, receipt *exchange.Receipt) {
	t.Helper()
	r, err := exchange.Read(open(t, content, exchange.Options{Name: "test.csv"}), exchange.Stock, o)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	for row := range r.All() {
		rows = append(rows, fmt.Sprintf("%d %s %s %d", row.Line, strings.Join(row.Value.SKU.Codes, "|"), row.Value.Mode, row.Value.Units))
	}
	if err := r.Err(); err != nil {
		t.Fatalf("rows: %v", err)
	}
	return rows, r.Receipt()
}

// findings gives the receipt's findings as "line code header value".
func findings(r *exchange.Receipt) []string {
	var list []string
	for _, p := range r.Findings {
		list = append(list, strings.TrimRight(fmt.Sprintf("%d %s %s %s", p.Line, p.Code, p.Header, p.Value), " "))
	}
	return list
}

// refusedFile gives the code with which a file is refused; "" when it is read.
func refusedFile(t testing.TB, content string, o exchange.Options, read exchange.ReadOptions) *exchange.Problem {
	t.Helper()
	sheet, err := exchange.Open(strings.NewReader(content), o)
	if err == nil {
		defer sheet.Close()
		_, err = exchange.Read(sheet, exchange.Stock, read)
	}
	var p *exchange.Problem
	if err != nil && !errors.As(err, &p) {
		t.Fatalf("the error is no problem: %v", err)
	}
	return p
}

func same(t testing.TB, what string, got, want []string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s:\n%s\nwant:\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestStock(t *testing.T) {
	t.Parallel()
	add := exchange.ReadOptions{Defaults: exchange.Defaults{Mode: stock.Add}}
	for _, c := range []struct {
		name     string
		content  string
		options  exchange.ReadOptions
		rows     []string
		findings []string
	}{
		{"plain", "SKUコード,在庫数\nA-1,5\nA-2,0\n", exchange.ReadOptions{}, []string{"2 A-1 set 5", "3 A-2 set 0"}, nil},
		{"any order, unknown columns, a mode for each row", "備考欄,処理,在庫数,SKUコード\nx,加算,5,A\n,減算,3,B\n,上書き,2,C\n,,1,D\n", add,
			[]string{"2 A add 5", "3 B subtract 3", "4 C set 2", "5 D add 1"}, nil},
		{"signs", "code,qty\nA,+5\nB,-5\nC,−5\nD,▲5\nE,(5)\n", add, []string{"2 A add 5", "3 B subtract 5", "4 C subtract 5", "5 D subtract 5", "6 E subtract 5"}, nil},
		{"signs where they are unclear", "code,qty,mode\nA,+5,\nB,-5,\nC,-5,減算\nD,5,\n", exchange.ReadOptions{}, []string{"5 D set 5"},
			[]string{"2 sign_with_set qty +5", "3 negative_number qty -5", "4 sign_with_subtract qty -5"}},
		{"empty cells", "code,qty\nA,\n,3\n,\n\n , \nB,1\n", exchange.ReadOptions{}, []string{"7 B set 1"},
			[]string{"2 nothing_asked qty", "3 value_missing code", "6 value_missing code", "6 nothing_asked qty"}},
		{"formulas", "code,qty\n=\"00123\",5\n\"=\"\"00124\"\"\",6\n=1+1,7\n00125,=1+1\n\"=\"\"a\"\"&\"\"b\"\"\",1\n", exchange.ReadOptions{}, []string{"2 00123 set 5", "3 00124 set 6"},
			[]string{"4 value_formula code =1+1", "5 value_formula qty =1+1", "6 value_formula code =\"a\"&\"b\""}},
		{"errors of a spreadsheet and lost characters", "code,qty\n#N/A,5\n#REF,5\nA\uFFFD,1\nB,#VALUE!\n", exchange.ReadOptions{}, []string{"3 #REF set 5"},
			[]string{"2 value_error code #N/A", "4 lost_character code A\uFFFD", "5 value_error qty #VALUE!"}},
		{"white space around codes", "code,qty\n A ,\u30005\n\u00A0B\u200B,1\n", exchange.ReadOptions{}, []string{"2 A set 5", "3 B set 1"}, nil},
		{"control characters in codes", "code,qty\n\"A\nB\",5\nA\u200BB,1\n", exchange.ReadOptions{}, nil, []string{"2 value_control code A\nB", "4 value_control code A\u200BB"}},
		{"short and long rows", "code,qty,mode\nA,1\nB,2,加算,\nC,3,加算,x\nD,1,000\nE,5,", exchange.ReadOptions{}, []string{"2 A set 1", "3 B add 2", "6 E set 5"},
			[]string{"4 too_many_fields  C,3,加算,x", "5 not_choice mode 000"}},
		{"cut off", "code,qty,mode\nA,1,\nB,1", exchange.ReadOptions{}, []string{"2 A set 1"}, []string{"3 row_cut_off  B,1"}},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			rows, receipt := readStock(t, c.content, c.options)
			same(t, "rows", rows, c.rows)
			same(t, "findings", findings(receipt), c.findings)
			if n := receipt.Rows; n.Read != n.Used+n.Ignored+n.Refused || n.Used != int64(len(c.rows)) {
				t.Errorf("counts %+v for %d used rows", n, len(c.rows))
			}
		})
	}
}
