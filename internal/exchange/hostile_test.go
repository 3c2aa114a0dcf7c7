package exchange_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"soroi/internal/exchange"
	"soroi/internal/stock"
	"soroi/internal/testkit"
)

// Each hostile file has an account of what it was taken for and what became of each row and column (testdata/README.md says where the shapes
// come from). Every file is read as stock, in the mode set and in the mode add.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	const saved = "testdata/hostile/saved_as_xlsx.xlsx"
	if testkit.Updating() {
		content := book(t, func(f *excelize.File) {
			put(t, f, "Sheet1", map[string]any{"A1": "SKUコード", "B1": "在庫数", "C1": "備考", "A2": "00123", "B2": 5, "C2": "文字列", "A3": 123, "B3": 1.5, "A4": 4901234567894, "B4": "１２",
				"A5": "A", "B5": "==SUM(1,1)", "A7": 45000, "B7": 1, "C7": "日付"})
			style(t, f, "A7", `m"月"d"日"`)
		})
		if err := os.WriteFile(saved, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob("testdata/hostile/*")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, mode := range []stock.Mode{stock.Set, stock.Add} {
				fmt.Fprintf(&b, "as %s\n", mode)
				account(&b, string(content), mode)
			}
			testkit.Golden(t, "testdata/accounts/"+filepath.Base(name)+".golden", []byte(b.String()))
		})
	}
}

func account(b *strings.Builder, content string, mode stock.Mode) {
	sheet, err := exchange.Open(strings.NewReader(content), exchange.Options{})
	if err != nil {
		refusal(b, err)
		return
	}
	defer sheet.Close()
	d := sheet.Detection
	fmt.Fprintf(b, "  %s, %s, sure %v, broken %d, delimiter %q, headers on line %d\n", d.Encoding, d.Why, d.Sure, d.Broken, string(rune(sheet.Delimiter)), sheet.HeaderLine)
	rows, err := exchange.Read(sheet, exchange.Stock, exchange.ReadOptions{Defaults: exchange.Defaults{Mode: mode}})
	if err != nil {
		refusal(b, err)
		return
	}
	kind, _ := rows.Layout()
	fmt.Fprintf(b, "  layout %q\n", kind)
	for _, c := range rows.Columns() {
		if c.Key != "" {
			fmt.Fprintf(b, "  column %d %q is %s\n", c.Position, c.Header, c.Key)
		} else {
			fmt.Fprintf(b, "  column %d %q is ignored: %s\n", c.Position, c.Header, c.Reason)
		}
	}
	for row := range rows.All() {
		v := row.Value
		fmt.Fprintf(b, "  line %d: %s %d of %q", row.Line, v.Mode, v.Units, v.SKU.Codes)
		if v.SKU.Listing != "" {
			fmt.Fprintf(b, ", listing %s of %s", v.SKU.Listing, v.SKU.Channel)
		}
		if v.Reason != "" {
			fmt.Fprintf(b, ", %q", v.Reason)
		}
		b.WriteByte('\n')
	}
	if err := rows.Err(); err != nil {
		refusal(b, err)
	}
	r := rows.Receipt()
	for _, p := range r.Findings {
		fmt.Fprintf(b, "  line %d–%d: %s: %s\n", p.Line, p.EndLine, p.Fate(), strings.ReplaceAll(p.Sentence(exchange.Japanese), "\n", "⏎"))
	}
	fmt.Fprintf(b, "  %+v, lines end with %s\n", r.Rows, r.File.LineEnding)
}

func refusal(b *strings.Builder, err error) {
	if p, ok := err.(*exchange.Problem); ok {
		fmt.Fprintf(b, "  refused: %s: %s %s\n", p.Code, p.Sentence(exchange.Japanese), p.Next(exchange.Japanese))
		return
	}
	fmt.Fprintf(b, "  failed: %v\n", err)
}
