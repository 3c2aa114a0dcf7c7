package exchange_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"soroi/internal/exchange"
)

// book makes a workbook; fill puts cells into its sheets, the first of which is called Sheet1.
func book(t testing.TB, fill func(f *excelize.File)) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	fill(f)
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func put(t testing.TB, f *excelize.File, sheet string, cells map[string]any) {
	t.Helper()
	for cell, value := range cells {
		if formula, ok := strings.CutPrefix(fmt.Sprint(value), "=="); ok {
			if err := f.SetCellFormula(sheet, cell, formula); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := f.SetCellValue(sheet, cell, value); err != nil {
			t.Fatal(err)
		}
	}
}

func style(t testing.TB, f *excelize.File, cell, format string) {
	t.Helper()
	id, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.SetCellStyle("Sheet1", cell, cell, id); err != nil {
		t.Fatal(err)
	}
}

func TestWorkbook(t *testing.T) {
	t.Parallel()
	content := book(t, func(f *excelize.File) {
		put(t, f, "Sheet1", map[string]any{
			"A2": "SKUコード", "B2": "在庫数", "C2": "処理",
			"A3": "ソ-1 ①㈱髙～", "B3": 5,
			"A4": 123, "B4": 1234567, // shown as 00123 and 1,234,567
			"A5": 4901234567894, "B5": 1.6, // shown as 4.90E+12 and 2
			"A6": "B", "B6": "==1+1",
			"A7": 45000, "B7": 1, // shown as a date
			"A9": "C", "B9": "７", "C9": "加算",
			"A10": true, "B10": 0, "F10": "check!",
		})
		style(t, f, "A4", "00000")
		style(t, f, "B4", "#,##0")
		style(t, f, "A5", "0.00E+00")
		style(t, f, "B5", "0")
		style(t, f, "A7", `m"月"d"日"`)
	})
	sheet := open(t, content, exchange.Options{TempDir: t.TempDir()})
	if sheet.Detection.Encoding != exchange.Workbook || sheet.SheetName != "Sheet1" || sheet.HeaderLine != 2 || len(sheet.SHA256) != 64 {
		t.Errorf("%+v", sheet)
	}
	rows, receipt := readStock(t, content, exchange.ReadOptions{})
	same(t, "rows", rows, []string{"3 ソ-1 ①㈱髙～ set 5", "4 00123 set 1234567", "7 3月15日 set 1", "9 C add 7", "10 TRUE set 0"})
	same(t, "findings", findings(receipt), []string{"5 not_whole 在庫数 1.6", "6 value_formula 在庫数 =1+1", "10 extra_cells  check!"})
	if receipt.Rows.Read != 8 || receipt.Rows.Ignored != 1 {
		t.Errorf("%+v", receipt.Rows)
	}
}

func TestWorkbookSheets(t *testing.T) {
	t.Parallel()
	content := book(t, func(f *excelize.File) {
		if _, err := f.NewSheet("在庫"); err != nil {
			t.Fatal(err)
		}
		if _, err := f.NewSheet("other"); err != nil {
			t.Fatal(err)
		}
		put(t, f, "在庫", map[string]any{"A1": "code", "B1": "qty", "A2": "A", "B2": 1})
		put(t, f, "other", map[string]any{"A1": "code", "B1": "qty", "A2": "B", "B2": 2})
	})
	if sheet := open(t, content, exchange.Options{}); sheet.SheetName != "在庫" || strings.Join(sheet.SheetNames, " ") != "Sheet1 在庫 other" {
		t.Errorf("the sheet that is read is %q of %q", sheet.SheetName, sheet.SheetNames)
	}
	sheet := open(t, content, exchange.Options{SheetName: "other"})
	for range 2 { // and once more from the start
		rows, err := exchange.Read(sheet, exchange.Stock, exchange.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if row, err := rows.Next(); err != nil || row.Value.SKU.Text() != "B" {
			t.Errorf("%+v, %v", row, err)
		}
	}
	if p := refusedFile(t, content, exchange.Options{SheetName: "zzz"}, exchange.ReadOptions{}); p == nil || p.Code != exchange.WorkbookNoSheet || p.Hint != "Sheet1, 在庫, other" {
		t.Errorf("a sheet that is not there gives %v", p)
	}
	if p := refusedFile(t, book(t, func(*excelize.File) {}), exchange.Options{}, exchange.ReadOptions{}); p == nil || p.Code != exchange.HeaderMissing {
		t.Errorf("an empty workbook gives %v", p)
	}
}

// archive makes a container of parts, name and content by turns.
func archive(t testing.TB, parts ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		part, err := w.Create(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(parts[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// repack copies a workbook with one part changed.
func repack(t testing.TB, content, part string, change func(string) string) string {
	t.Helper()
	from, err := zip.NewReader(strings.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, f := range from.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := b.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		if f.Name == part {
			text = change(text)
		}
		parts = append(parts, f.Name, text)
	}
	return archive(t, parts...)
}

func TestWorkbooksThatAreRefused(t *testing.T) {
	t.Parallel()
	whole := book(t, func(f *excelize.File) {
		put(t, f, "Sheet1", map[string]any{"A1": "code", "B1": "qty"})
		for i := range 50 {
			put(t, f, "Sheet1", map[string]any{fmt.Sprintf("A%d", i+2): "A", fmt.Sprintf("B%d", i+2): i})
		}
	})
	const sheet = "xl/worksheets/sheet1.xml"
	for _, c := range []struct {
		name, content string
		want          exchange.Code
	}{
		{"a zip of something", archive(t, "a.txt", "a"), exchange.FileNotTable},
		{"a document", archive(t, "[Content_Types].xml", "", "word/document.xml", ""), exchange.FileNotTable},
		{"a binary workbook", archive(t, "xl/workbook.bin", ""), exchange.FileNotTable},
		{"OpenDocument", archive(t, "content.xml", ""), exchange.FileNotTable},
		{"a workbook of nothing", archive(t, "xl/workbook.xml", ""), exchange.WorkbookBroken},
		{"cut off", whole[:len(whole)-30], exchange.WorkbookBroken},
		{"a sheet that ends early", repack(t, whole, sheet, func(s string) string { return s[:len(s)*2/3] }), exchange.WorkbookBroken},
		{"a sheet that ends between rows", repack(t, whole, sheet, func(s string) string { return s[:strings.Index(s, `<row r="9"`)] }), exchange.WorkbookBroken},
		{"a sheet of broken marks", repack(t, whole, sheet, func(s string) string { return strings.Replace(s, `<row r="9"`, `<row r="9`, 1) }), exchange.WorkbookBroken},
		{"a bomb of pictures", archive(t, "xl/workbook.xml", "", "xl/media/a.png", strings.Repeat("\x00", 65<<20)), exchange.WorkbookTooLarge},
		{"a bomb of styles", archive(t, "xl/workbook.xml", "", "xl/styles.xml", strings.Repeat("\x00", 17<<20)), exchange.WorkbookTooLarge},
		{"a text without end", archive(t, "xl/workbook.xml", "", "xl/sharedStrings.xml", "<sst><si><t>"+strings.Repeat("x", 2<<20)), exchange.WorkbookTooLarge},
		{"a cell without end", repack(t, whole, sheet, func(s string) string {
			return strings.Replace(s, "<v>9</v>", "<v>"+strings.Repeat("9", 2<<20)+"</v>", 1)
		}), exchange.WorkbookTooLarge},
		{"a row without end", repack(t, whole, sheet, func(s string) string {
			return strings.Replace(s, "</row>", strings.Repeat("<c><v>1</v></c>", 20_000)+"</row>", 1)
		}), exchange.WorkbookTooLarge},
		{"a bomb of texts", archive(t, "xl/workbook.xml", "", "xl/sharedStrings.xml", strings.Repeat("\x00", 129<<20)), exchange.WorkbookTooLarge},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			p := refusedFile(t, c.content, exchange.Options{TempDir: dir}, exchange.ReadOptions{})
			if p == nil || p.Code != c.want {
				t.Errorf("%+v, want %s", p, c.want)
			}
			left, err := os.ReadDir(dir)
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// A workbook with a password is a container of the old kind with two streams in it.
func TestEncryptedWorkbook(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	defer f.Close()
	var b bytes.Buffer
	if err := f.Write(&b, excelize.Options{Password: "secret"}); err != nil {
		t.Fatal(err)
	}
	if p := refusedFile(t, b.String(), exchange.Options{}, exchange.ReadOptions{}); p == nil || p.Code != exchange.FileEncrypted {
		t.Errorf("%v", p)
	}
}
