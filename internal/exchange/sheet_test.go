package exchange_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"soroi/internal/exchange"
	"soroi/internal/text"
)

// cp932 writes text as Windows does; it fails on characters that CP932 lacks.
func cp932(t testing.TB, s string) string {
	t.Helper()
	var b []byte
	for _, r := range s {
		pair, n := text.EncodeCP932(r)
		if n == 0 {
			t.Fatalf("%q is not in CP932", r)
		}
		b = append(b, pair[:n]...)
	}
	return string(b)
}

func utf16Bytes(order binary.AppendByteOrder, s string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

const table = "SKUコード,在庫数,商品名\r\nソ-1,5,表示\\能力 ①㈱髙～\r\n予,2,ｱｲｳ\r\n"

func TestEncodings(t *testing.T) {
	t.Parallel()
	tabs := strings.ReplaceAll(table, ",", "\t")
	for _, c := range []struct {
		name     string
		content  string
		encoding exchange.Encoding
		why      exchange.Why
		sure     bool
	}{
		{"UTF-8", table, exchange.UTF8, exchange.WhyValid, true},
		{"UTF-8 with its mark", "\uFEFF" + table, exchange.UTF8BOM, exchange.WhyMark, true},
		{"CP932", cp932(t, table), exchange.CP932, exchange.WhyValid, true},
		{"UTF-16LE with its mark", utf16Bytes(binary.LittleEndian, "\uFEFF"+tabs), exchange.UTF16LE, exchange.WhyMark, true},
		{"UTF-16BE with its mark", utf16Bytes(binary.BigEndian, "\uFEFF"+tabs), exchange.UTF16BE, exchange.WhyMark, true},
		{"UTF-16LE", utf16Bytes(binary.LittleEndian, tabs), exchange.UTF16LE, exchange.WhyZeros, true},
		{"UTF-16BE", utf16Bytes(binary.BigEndian, tabs), exchange.UTF16BE, exchange.WhyZeros, true},
		{"CP932, tabs", cp932(t, tabs), exchange.CP932, exchange.WhyValid, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sheet := open(t, c.content, exchange.Options{})
			d := sheet.Detection
			if d.Encoding != c.encoding || d.Why != c.why || d.Sure != c.sure || d.Broken != 0 {
				t.Errorf("detected %+v", d)
			}
			rows, receipt := readStock(t, c.content, exchange.ReadOptions{})
			same(t, "rows", rows, []string{"2 ソ-1 set 5", "3 予 set 2"})
			same(t, "findings", findings(receipt), nil)
			if receipt.File.LineEnding != "CRLF" {
				t.Errorf("lines end with %s", receipt.File.LineEnding)
			}
		})
	}
}

func TestDetection(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		content string
		want    string // encoding why sure other
	}{
		{"nothing but ASCII", "code,qty\nA,1\n", "utf-8 ascii true cp932"},
		{"both, surely UTF-8", "code,qty\nA\u200BB,1\n", "utf-8 likely true cp932"},
		{"both, é or ﾃｩ", "code,qty\nChlo\u00E9,1\n", "utf-8 likely false cp932"},
		{"half-width kana of CP932", "code,qty\n" + cp932(t, "ｱｲｳ") + ",1\n", "cp932 valid true "},
		{"words in half-width kana of CP932", "code,qty\n" + cp932(t, "ｼｬﾂ ｱｵ,1\nｸﾂｼﾀ･ｸﾛ､ｼﾛ,2\nﾎﾞｳｼ,3\n"), "cp932 valid true "},
		{"CP932 with one broken byte", cp932(t, table) + "\x80,1\n", "cp932 most false "},
		{"UTF-8 with one broken byte", table + "\x80,1\n", "utf-8 most false "},
		{"UTF-8 with one line of CP932", strings.Repeat(table, 3) + cp932(t, "ソ,1,表\n"), "utf-8 most false "},
		{"CP932 with one line of UTF-8", cp932(t, strings.Repeat(table, 3)) + "ソート,1,表\n", "cp932 most false "},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			d := open(t, c.content, exchange.Options{}).Detection
			if got := fmt.Sprintf("%s %s %v %s", d.Encoding, d.Why, d.Sure, d.Other); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			if d.Why.Sentence(exchange.Japanese) == "" || d.Why.Sentence(exchange.English) == "" {
				t.Errorf("%s has no sentence", d.Why)
			}
		})
	}
}

// What somebody says about the encoding goes before what the bytes look like.
func TestEncodingIsAsked(t *testing.T) {
	t.Parallel()
	sheet := open(t, "code,qty\n\xC3\xA9,1\n", exchange.Options{Encoding: exchange.CP932})
	rows, err := exchange.Read(sheet, exchange.Stock, exchange.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	row, err := rows.Next()
	if err != nil || row.Value.SKU.Text() != "ﾃｩ" || sheet.Detection.Why != exchange.WhyAsked {
		t.Errorf("%+v %v %+v", row.Value, err, sheet.Detection)
	}
}

// A file of two encodings: its rows that make sense are read, the others are refused with their place.
func TestBrokenBytes(t *testing.T) {
	t.Parallel()
	content := cp932(t, table) + "ソ-2,7,表\r\n" + cp932(t, "表,4,終\r\n")
	rows, receipt := readStock(t, content, exchange.ReadOptions{})
	same(t, "rows", rows, []string{"2 ソ-1 set 5", "3 予 set 2", "5 表 set 4"})
	if len(receipt.Findings) == 0 {
		t.Fatal("no findings")
	}
	same(t, "findings", findings(receipt), []string{"4 other_encoding SKUコード 繧ｽ-2"})
	content = cp932(t, table) + "ソート-2,7,表\r\n" + cp932(t, "表,4,終\r\n")
	rows, receipt = readStock(t, content, exchange.ReadOptions{})
	same(t, "rows", rows, []string{"2 ソ-1 set 5", "3 予 set 2", "5 表 set 4"})
	p := receipt.Findings[0]
	if p.Code != exchange.BrokenBytes || p.Line != 4 || p.Offset < int64(len(cp932(t, table))) || p.Offset > int64(len(content)) || !strings.Contains(p.Error(), "line 4") {
		t.Errorf("the finding is %+v", p)
	}
	// In a column that is not used the same is only noted.
	rows, receipt = readStock(t, "code,qty,name\nA,1,\x81\nB,2,表\n"+strings.Repeat("C,3,表\n", 30), exchange.ReadOptions{})
	if len(rows) != 32 || receipt.Rows.Noted != 1 {
		t.Errorf("%d rows, %+v", len(rows), receipt.Rows)
	}
	same(t, "findings", findings(receipt), []string{"2 broken_unused name \uFFFD"})
}

func TestLines(t *testing.T) {
	t.Parallel()
	for _, ending := range []string{"\n", "\r\n", "\r"} {
		content := strings.Join([]string{"code,qty,note", "A,1,\"two", "lines\"", "", "\"B\",\"2\",\"say \"\"x\"\"\"", "C,3,"}, ending)
		for _, end := range []string{"", ending, ending + ending, ending + "\x1A"} {
			rows, receipt := readStock(t, content+end, exchange.ReadOptions{})
			same(t, fmt.Sprintf("rows with %q at the end", ending+end), rows, []string{"2 A set 1", "5 B set 2", "6 C set 3"})
			same(t, "findings", findings(receipt), nil)
		}
	}
}

func TestDelimiters(t *testing.T) {
	t.Parallel()
	for _, content := range []string{
		"code\tqty\nA,1\t5\n", "code;qty\nA,1;5\n", "sep=;\ncode;qty\n\"A,1\";5\n", "\n\ncode;qty\nA,1;5\n", "code,qty\n\"A,1\",5\n", "\"a;b;c\",code,qty\n,\"A,1\",5\n",
	} {
		rows, _ := readStock(t, content, exchange.ReadOptions{})
		if len(rows) != 1 || !strings.HasSuffix(rows[0], " A,1 set 5") {
			t.Errorf("%q gives %q", content, rows)
		}
	}
}

func TestQuotes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, content string
		rows, finds   []string
	}{
		{"in the middle", "code,qty\nA\"1,5\nB,6\n", []string{"3 B set 6"}, []string{"2 stray_quote code A\"1"}},
		{"after the end", "code,qty\n\"A\"1,5\nB,6\n", []string{"3 B set 6"}, []string{"2 stray_quote code A\"1"}},
		{"never closed", "code,qty\nA,1\nB,\"6\nC,7\n", []string{"2 A set 1"}, []string{"3 unclosed_quote qty 6\nC,7\n"}},
		{"closed much later", "code,qty\n\"A,1\nB,2\n\"C,3\nD,4\n", []string{"5 D set 4"}, []string{"2 stray_quote code A,1\nB,2\n\"C"}},
		{"a formula that is not closed", "code,qty\n=\"A,1\nB,2\n", []string{"3 B set 2"}, []string{"2 stray_quote code =\"A,1"}},
		{"a formula with the delimiter in it", "code,qty\n=\"A,\"\"1\",1\n", []string{"2 A,\"1 set 1"}, nil},
		{"zero bytes", "code,qty\nA\x00,1\nB,2\n", []string{"3 B set 2"}, []string{"2 nul_byte code A"}},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			rows, receipt := readStock(t, c.content, exchange.ReadOptions{})
			same(t, "rows", rows, c.rows)
			same(t, "findings", findings(receipt), c.finds)
		})
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 300<<10)
	rows, receipt := readStock(t, "code,qty\n"+long+",1\nB,2\n\""+long+"\n"+long+"\",3\nC,4\n"+strings.Repeat(",", 3000)+"y\nD,5\n", exchange.ReadOptions{})
	same(t, "rows", rows, []string{"3 B set 2", "6 C set 4", "8 D set 5"})
	var got []string
	for _, p := range receipt.Findings {
		got = append(got, fmt.Sprintf("%d-%d %s", p.Line, p.EndLine, p.Code))
		if len(p.Value) > 400 {
			t.Errorf("a finding repeats %d bytes", len(p.Value))
		}
	}
	if len(got) < 3 || got[0] != "2-2 field_too_long" || got[1] != "4-5 field_too_long" || !strings.HasPrefix(got[2], "7-7 ") {
		t.Errorf("findings %q", got)
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, content string
		want          exchange.Code
		hint          string
	}{
		{"empty", "", exchange.FileEmpty, ""},
		{"blank", "\n\n,,\n", exchange.HeaderMissing, ""},
		{"only the mark", "\uFEFF", exchange.HeaderMissing, ""},
		{"an old workbook", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + strings.Repeat("\x00", 600), exchange.FileOldExcel, ""},
		{"PDF", "%PDF-1.7\n", exchange.FileNotTable, "PDF"},
		{"a page saved as .xls", "\r\n<html><table>", exchange.FileNotTable, "HTML"},
		{"EUC-JP", "code,qty,name\nA,1,\xA4\xA2\xA4\xA4\xA5\xB7\xA5\xE3\xA5\xC4\xC0\xD6\n", exchange.FileOtherEncoding, "EUC-JP"},
		{"ISO-2022-JP", "code,qty,name\nA,1,\x1B$B$\"\x1B(B\n", exchange.FileOtherEncoding, "ISO-2022-JP (JIS)"},
		{"random bytes", "\x01\x02\x03\x04\x05\x06\x07\x08code,qty\n", exchange.FileBinary, "control bytes: 8 / 17"},
		{"a header twice", "code,qty,code\nA,1,B\n", exchange.HeaderTwice, "1, 3"},
		{"two names of one field", "SKUコード,在庫数,数量\nA,1,2\n", exchange.HeaderClash, "数量"},
		{"a missing column", "コード,名前\nA,1\n", exchange.ColumnMissing, ""},
		{"a misspelt column", "コード,在庫数量\nA,1\n", exchange.ColumnMissingNear, "在庫数量"},
		{"headers further below", "在庫一覧\n2026年\nコード,在庫数\nA,1\n", exchange.HeaderFurther, "3"},
		{"a broken header", "コード,在\"庫数\nA,1\n", exchange.HeaderBroken, "在\"庫数"},
		{"a broken zip", "PK\x03\x04 and nothing", exchange.WorkbookBroken, "zip: not a valid zip file"},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			p := refusedFile(t, c.content, exchange.Options{}, exchange.ReadOptions{})
			if p == nil || p.Code != c.want || p.Hint != c.hint {
				t.Errorf("%+v, want %s %q", p, c.want, c.hint)
			}
		})
	}
	if p := refusedFile(t, table, exchange.Options{MaxBytes: 10}, exchange.ReadOptions{}); p == nil || p.Code != exchange.FileTooLarge {
		t.Errorf("a large file gives %v", p)
	}
}

func TestUnusedDuplicatesAreListed(t *testing.T) {
	t.Parallel()
	sheet := open(t, "code,qty,x,x,,soroi: 理由\nA,1,2,3,4,5\n", exchange.Options{})
	rows, err := exchange.Read(sheet, exchange.Stock, exchange.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range rows.Columns() {
		got = append(got, strings.TrimRight(fmt.Sprintf("%d %s %s %s", c.Position, c.Header, c.Key, c.Reason), " "))
		if (c.Key == "") == (c.Sentence(exchange.Japanese) == "") {
			t.Errorf("column %d: %q", c.Position, c.Sentence(exchange.Japanese))
		}
	}
	same(t, "columns", got, []string{"1 code code", "2 qty units", "3 x  column_duplicate", "4 x  column_duplicate", "5   column_nameless", "6 soroi: 理由  column_report"})
}

func TestPreview(t *testing.T) {
	t.Parallel()
	sheet := open(t, "code,qty\nA,1\n\nB,\"2\nC,3\n", exchange.Options{})
	for range 2 {
		rows, err := sheet.Preview(5)
		if err != nil || len(rows) != 2 || strings.Join(rows[0].Cells, "|") != "A|1" || len(rows[1].Faults) != 1 {
			t.Fatalf("%+v, %v", rows, err)
		}
	}
	rows, err := exchange.Read(sheet, exchange.Stock, exchange.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if row, err := rows.Next(); err != nil || row.Line != 2 {
		t.Errorf("%+v, %v", row, err)
	}
}
