package exchange_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"soroi/internal/exchange"
	"soroi/internal/stock"
	"soroi/internal/text"
)

// write gives the file of some rows.
func write[T any](t testing.TB, f *exchange.Format[T], o exchange.WriteOptions, rows ...T) (string, exchange.Written) {
	t.Helper()
	var b bytes.Buffer
	w, err := exchange.NewWriter(&b, f, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rows...); err != nil {
		t.Fatal(err)
	}
	written, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), written
}

// readBack reads a file whole; every row must be usable.
func readBack[T any](t testing.TB, f *exchange.Format[T], content string, o exchange.Options) []T {
	t.Helper()
	r, err := exchange.Read(open(t, content, o), f, exchange.ReadOptions{})
	if err != nil {
		t.Fatalf("read %q: %v", content, err)
	}
	var rows []T
	for row := range r.All() {
		rows = append(rows, row.Value)
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	if n := r.Receipt().Rows; n.Refused+n.Ignored+n.Noted > 0 {
		t.Fatalf("%+v: %v in %q", n, findings(r.Receipt()), content)
	}
	return rows
}

// alphabet is what random texts are made of; hostile pieces of several characters among it.
var alphabet = strings.Split("A|b|7|0|00|-|=|+|@|'|\"|\"\"|,|;|\t|\n|\r\n|\r| |\u3000|ソ|表|能|①|㈱|髙|～|ｱ|ﾞ|=\"|=1+1|#N/A|1E5|é|〜|𠮷|👕|\u00A0|sep=|年|月|日|%", "|")

// randomText gives a text without what nothing can keep: white space at its ends (codes and texts have none), and what an encoding lacks.
func randomText(r *rand.Rand, encoding exchange.Encoding, pieces int, code bool) string {
	for {
		var b strings.Builder
		for range 1 + r.IntN(pieces) {
			b.WriteString(alphabet[r.IntN(len(alphabet))])
		}
		s := strings.TrimSpace(b.String())
		lacks := func(c rune) bool {
			_, n := text.EncodeCP932(c)
			return encoding == exchange.CP932 && n == 0 || code && (c < ' ')
		}
		if s != "" && !strings.ContainsFunc(s, lacks) {
			return s
		}
	}
}

var encodings = []exchange.Encoding{exchange.UTF8, exchange.UTF8BOM, exchange.CP932, exchange.UTF16LE, exchange.UTF16BE}

// What is written reads back as it was, in every encoding, whatever the texts hold.
func TestWriteAndReadBack(t *testing.T) {
	t.Parallel()
	const seed = 7
	for _, encoding := range encodings {
		for _, protect := range []exchange.Protection{exchange.ForSpreadsheets, exchange.ForPrograms} {
			t.Run(string(encoding)+"_"+string(protect), func(t *testing.T) {
				t.Parallel()
				r := rand.New(rand.NewPCG(seed, 1))
				var rows []exchange.ProductRow
				for range 700 {
					row := exchange.ProductRow{Product: randomText(r, encoding, 4, true), SKU: randomText(r, encoding, 4, true)}
					row.ProductName = exchange.Maybe[string]{Value: randomText(r, encoding, 12, false), Given: true}
					row.Options[0] = exchange.Maybe[string]{Value: randomText(r, encoding, 3, false), Given: true}
					if protect == exchange.ForPrograms {
						// Without protection, what looks like a formula is refused when it comes back.
						row.Product, row.SKU, row.ProductName.Value, row.Options[0].Value = "P"+row.Product, "S"+row.SKU, "N"+row.ProductName.Value, "O"+row.Options[0].Value
					}
					if r.IntN(2) == 0 {
						row.Supply, row.Daily = exchange.Maybe[stock.Supply]{Value: stock.MadeToOrder, Given: true}, r.IntN(2) == 0
						row.Figure = exchange.Maybe[int64]{Value: r.Int64N(1000), Given: true}
					}
					if r.IntN(2) == 0 {
						row.Archived = exchange.Maybe[bool]{Value: r.IntN(2) == 0, Given: true}
						row.JANs = exchange.Maybe[[]string]{Value: []string{"4901234567894", "00000" + fmt.Sprint(100+r.IntN(900))}[:1+r.IntN(2)], Given: true}
					}
					rows = append(rows, row)
				}
				content, written := write(t, exchange.Product, exchange.WriteOptions{Encoding: encoding, Protect: protect}, rows...)
				if len(written.Replaced) > 0 || written.Rows != int64(len(rows)) {
					t.Errorf("%+v", written)
				}
				back := readBack(t, exchange.Product, content, exchange.Options{})
				if len(back) != len(rows) {
					t.Fatalf("%d rows come back of %d", len(back), len(rows))
				}
				for i := range rows {
					if !reflect.DeepEqual(back[i], rows[i]) {
						t.Fatalf("seed %d, row %d:\n%+v\ncomes back as\n%+v", seed, i, rows[i], back[i])
					}
				}
			})
		}
	}
}

func TestWriteStock(t *testing.T) {
	t.Parallel()
	rows := []exchange.StockRow{{SKU: exchange.SKURef{Codes: []string{"00123"}}, Mode: stock.Set, Units: 5, Reason: "-入荷\n2"}, {SKU: exchange.SKURef{Codes: []string{"A"}}, Mode: stock.Subtract, Units: 7, Location: "w1"}}
	got, _ := write(t, exchange.Stock, exchange.WriteOptions{Encoding: exchange.UTF8, Columns: []string{"units", "code", "mode", "reason"}}, rows...)
	if want := "在庫数,SKUコード,処理,理由\r\n5,\"=\"\"00123\"\"\",上書き,\"=\"\"-入荷\n2\"\"\"\r\n7,A,減算,\r\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, _ = write(t, exchange.Stock, exchange.WriteOptions{Encoding: exchange.UTF8, Columns: []string{"code"}, Language: exchange.English, Protect: exchange.ForPrograms}, rows...); got != "sku\r\n00123\r\nA\r\n" {
		t.Errorf("%q", got)
	}
	for _, encoding := range encodings {
		content, _ := write(t, exchange.Stock, exchange.WriteOptions{Encoding: encoding}, rows...)
		read, _ := readStock(t, content, exchange.ReadOptions{})
		same(t, string(encoding), read, []string{"2 00123 set 5", "4 A subtract 7"})
	}
}

func TestWriteWhatCP932Lacks(t *testing.T) {
	t.Parallel()
	name := func(s string) exchange.ProductRow {
		return exchange.ProductRow{SKU: "A", ProductName: exchange.Maybe[string]{Value: s, Given: true}}
	}
	o := exchange.WriteOptions{Encoding: exchange.CP932, Columns: []string{"code", "product_name"}}
	content, written := write(t, exchange.Product, o, name("〜é\n"+"x"), name("é👕"))
	if want := cp932(t, "SKUコード,商品名\r\nA,\"～〓\nx\"\r\nA,〓〓\r\n"); content != want {
		t.Errorf("% x", content)
	}
	if got := fmt.Sprint(written.Replaced); got != "[{〜 ～ 1 2 商品名} {é 〓 2 2 商品名} {👕 〓 1 4 商品名}]" {
		t.Errorf("replaced: %s", got)
	}
	w, err := exchange.NewWriter(&bytes.Buffer{}, exchange.Product, o)
	if err != nil {
		t.Fatal(err)
	}
	var p *exchange.Problem
	if err := w.Write(name("x"), exchange.ProductRow{SKU: "A〜1"}); !errors.As(err, &p) || p.Code != exchange.NotInEncoding || p.Line != 3 || p.Value != "A〜1" || p.Header != "SKUコード" {
		t.Errorf("a code that CP932 lacks gives %+v", p)
	}
	w, err = exchange.NewWriter(&bytes.Buffer{}, exchange.Product, exchange.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(name("a\xFF")); !errors.As(err, &p) || p.Code != exchange.NotInEncoding || !utf8.ValidString(p.Value) {
		t.Errorf("broken text gives %+v", p)
	}
	if _, err := exchange.NewWriter(&bytes.Buffer{}, exchange.Product, exchange.WriteOptions{Columns: []string{"price"}}); !errors.As(err, &p) || p.Code != exchange.NoSuchColumn {
		t.Errorf("a column that is not there gives %v", err)
	}
	if _, err := exchange.NewWriter(&bytes.Buffer{}, exchange.Product, exchange.WriteOptions{Encoding: "euc-jp"}); !errors.As(err, &p) || p.Code != exchange.NoSuchEncoding {
		t.Errorf("an encoding that is not there gives %v", err)
	}
}

// A template can be taken in as it is: its example is a right row.
func TestTemplates(t *testing.T) {
	t.Parallel()
	for _, encoding := range encodings {
		for _, lang := range []exchange.Language{exchange.Japanese, exchange.English} {
			template := func(info exchange.Info) string {
				var b bytes.Buffer
				if err := exchange.WriteTemplate(&b, info, exchange.WriteOptions{Encoding: encoding, Language: lang}); err != nil {
					t.Fatal(err)
				}
				return b.String()
			}
			readTemplate(t, exchange.Stock, template)
			readTemplate(t, exchange.Product, template)
			readTemplate(t, exchange.Secured, template)
			readTemplate(t, exchange.Reorder, template)
			readTemplate(t, exchange.Assignment, template)
			readTemplate(t, exchange.Exception, template)
			readTemplate(t, exchange.Link, template)
			readTemplate(t, exchange.Bundle, template)
			readTemplate(t, exchange.Count, template)
		}
	}
	if len(exchange.Formats()) != 9 {
		t.Error("a format has no test")
	}
}

func readTemplate[T any](t *testing.T, f *exchange.Format[T], template func(exchange.Info) string) {
	t.Helper()
	if rows := readBack(t, f, template(f.Info()), exchange.Options{}); len(rows) != 1 {
		t.Errorf("%s: %d rows", f.Name, len(rows))
	}
	if info, ok := exchange.FindFormat(f.Name); !ok || info.Title != f.Title {
		t.Errorf("%s is not found", f.Name)
	}
}
