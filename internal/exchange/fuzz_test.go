package exchange_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"soroi/internal/exchange"
)

func mustReadDir(t testing.TB, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// FuzzOpen reads any bytes as each format; the hostile files are its seeds. Whatever comes is counted, and every finding has its sentences.
func FuzzOpen(f *testing.F) {
	files, err := filepath.Glob("testdata/hostile/*")
	if err != nil || len(files) < 10 {
		f.Fatalf("%d hostile files, %v", len(files), err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		if filepath.Ext(name) != ".xlsx" { // a workbook has a target of its own
			f.Add(content)
		}
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) > 2 && content[0] == 'P' && content[1] == 'K' {
			return // FuzzWorkbook's
		}
		anything(t, content)
	})
}

// FuzzWorkbook reads damaged workbooks.
func FuzzWorkbook(f *testing.F) {
	for _, name := range []string{"testdata/hostile/saved_as_xlsx.xlsx"} {
		content, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) { anything(t, content) })
}

func anything(t *testing.T, content []byte) {
	t.Helper()
	whole(t, content, exchange.Stock)
	whole(t, content, exchange.Product)
	whole(t, content, exchange.Secured)
}

func whole[T any](t *testing.T, content []byte, f *exchange.Format[T]) {
	t.Helper()
	dir := "" // making one takes longer than all the rest
	if bytes.HasPrefix(content, []byte("PK")) {
		dir = t.TempDir()
	}
	sheet, err := exchange.Open(bytes.NewReader(content), exchange.Options{TempDir: dir})
	if err != nil {
		mustBeProblem(t, err)
		return
	}
	defer sheet.Close()
	rows, err := exchange.Read(sheet, f, exchange.ReadOptions{Receipt: exchange.ReceiptOptions{JSON: io.Discard, Refused: io.Discard}})
	if err != nil {
		mustBeProblem(t, err)
		return
	}
	used, line := int64(0), 0
	for row := range rows.All() {
		used++
		if row.Line <= line || row.EndLine < row.Line || len(row.Cells) != len(sheet.Headers) {
			t.Fatalf("row at %d–%d after %d, %d cells under %d headers", row.Line, row.EndLine, line, len(row.Cells), len(sheet.Headers))
		}
		line = row.Line
	}
	if err := rows.Err(); err != nil {
		mustBeProblem(t, err)
		return
	}
	receipt := rows.Receipt()
	if n := receipt.Rows; n.Used != used || n.Read != n.Used+n.Ignored+n.Refused {
		t.Fatalf("%+v, %d used", n, used)
	}
	for _, p := range receipt.Findings {
		if p.Sentence(exchange.Japanese) == "" || p.Next(exchange.English) == "" || p.Line == 0 || !utf8.ValidString(p.Error()) {
			t.Fatalf("%+v", p)
		}
	}
	if err := receipt.Close(); err != nil {
		t.Fatal(err)
	}
}

func mustBeProblem(t *testing.T, err error) {
	t.Helper()
	var p *exchange.Problem
	if !errors.As(err, &p) || p.Sentence(exchange.Japanese) == "" || p.Next(exchange.English) == "" {
		t.Fatalf("%T %v", err, err)
	}
}

// FuzzWriteAndReadBack writes a product with any texts and reads it back, in an encoding.
func FuzzWriteAndReadBack(f *testing.F) {
	for i, s := range []string{"=1+1", "00123", "表\"能", "a\r\nb", "'=x", "1-2", "〜é", "=\"x\"", "#N/A", ";,\t"} {
		f.Add(s, s+"x", uint8(i))
	}
	f.Fuzz(func(t *testing.T, code, name string, n uint8) {
		encoding := encodings[int(n)%len(encodings)]
		row := exchange.ProductRow{SKU: code, ProductName: exchange.Maybe[string]{Value: name, Given: true}}
		var b bytes.Buffer
		w, err := exchange.NewWriter(&b, exchange.Product, exchange.WriteOptions{Encoding: encoding, Columns: []string{"product_name", "code"}})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(row); err != nil {
			mustBeProblem(t, err)
			return
		}
		written, err := w.Close()
		if err != nil {
			t.Fatal(err)
		}
		sheet, err := exchange.Open(bytes.NewReader(b.Bytes()), exchange.Options{Encoding: encoding})
		if err != nil {
			t.Fatalf("%q is refused: %v", b.Bytes(), err)
		}
		defer sheet.Close()
		rows, err := exchange.Read(sheet, exchange.Product, exchange.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		back, err := rows.Next()
		if err == io.EOF {
			// Refused or passed over: then the receipt says so, and the texts were such as no catalogue has.
			if n := rows.Receipt().Rows; n.Read != n.Refused+n.Ignored {
				t.Fatalf("%+v", n)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if back.Value.SKU != code {
			t.Fatalf("the code %q is written %q and comes back as %q", code, b.Bytes(), back.Value.SKU)
		}
		if len(written.Replaced) == 0 && back.Value.ProductName.Value != name {
			t.Fatalf("the name %q is written %q and comes back as %q", name, b.Bytes(), back.Value.ProductName.Value)
		}
	})
}
