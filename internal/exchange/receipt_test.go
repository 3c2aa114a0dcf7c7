package exchange_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"soroi/internal/exchange"
)

func TestReceipt(t *testing.T) {
	t.Parallel()
	var refused, whole bytes.Buffer
	content := "code,qty,商品名,x\n00123,1,a,\n00124,x,\"b\n2\",\n=1+1,-1,=2+2,z\nB,,c,\n\n,,,\nC,3,d,\nD,4,e,\nE,5,f,\n"
	r, err := exchange.Read(open(t, content, exchange.Options{Name: "在庫.csv"}), exchange.Stock,
		exchange.ReadOptions{Receipt: exchange.ReceiptOptions{Keep: 2, Refused: &refused, JSON: &whole}})
	if err != nil {
		t.Fatal(err)
	}
	for row := range r.All() {
		var err error
		switch row.Value.SKU.Text() {
		case "C":
			err = r.Report(&row, r.Problem(&row, "code", exchange.CodeUnknown, ""))
		case "D":
			err = r.Report(&row, r.Problem(&row, "code", exchange.CodeFolded, "d"))
		case "E":
			err = r.Report(&row, r.Problem(&row, "units", exchange.Unchanged, ""))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	receipt := r.Receipt()
	if err := receipt.Close(); err != nil {
		t.Fatal(err)
	}
	if receipt.Rows != (exchange.RowCounts{Read: 9, Used: 2, Ignored: 4, Refused: 3, Noted: 1}) {
		t.Errorf("%+v", receipt.Rows)
	}
	if receipt.Totals["units_set"] != 5 || receipt.Totals["rows_set"] != 2 {
		t.Errorf("%v", receipt.Totals)
	}
	same(t, "kept findings", findings(receipt), []string{"3 not_number qty x", "5 value_formula code =1+1"})
	if got := fmt.Sprint(receipt.Reasons()); got != "[{blank_row row_ignored 2} {code_folded row_noted 1} {code_unknown row_refused 1} {not_number row_refused 1} {nothing_asked row_ignored 1} {unchanged row_ignored 1} {value_formula row_refused 1}]" {
		t.Errorf("reasons %s", got)
	}

	// The refused rows come back as a file that reads like the first one.
	rows, again := readStock(t, refused.String(), exchange.ReadOptions{})
	same(t, "rows of the refused", rows, []string{"5 C set 3"})
	if !strings.Contains(refused.String(), "\"=\"\"00124\"\"\"") || !strings.Contains(refused.String(), "3–4") || strings.Contains(refused.String(), "\n=") || strings.Contains(refused.String(), ",=") {
		t.Errorf("refused rows:\n%s", refused.String())
	}
	for _, c := range again.Columns[4:] {
		if c.Reason != exchange.ColumnReport {
			t.Errorf("%+v", c)
		}
	}

	var got struct {
		File     exchange.FileFacts
		Format   string
		Columns  []exchange.ColumnUse
		Rows     exchange.RowCounts
		Reasons  []exchange.ReasonCount
		Totals   map[string]int64
		Findings []struct {
			Code, Fate, Message, Next, Column string
			Line                              int
			MessageEN                         string `json:"message_en"`
		}
	}
	if err := json.Unmarshal(whole.Bytes(), &got); err != nil {
		t.Fatalf("%v in\n%s", err, whole.String())
	}
	if len(got.Findings) != 6 || got.Rows != receipt.Rows || got.File.Name != "在庫.csv" || got.Format != "stock" || len(got.Columns) != 4 || got.Columns[2].Reason != exchange.ColumnUnknown ||
		got.File.SHA256 == "" || got.File.LineEnding != "LF" || got.Totals["units_set"] != 5 || len(got.Reasons) != 7 {
		t.Errorf("%+v", got)
	}
	for _, f := range got.Findings {
		if f.Message == "" || f.MessageEN == "" || f.Next == "" || f.Fate == "" || f.Line == 0 {
			t.Errorf("%+v", f)
		}
	}
	small, err := json.Marshal(receipt)
	if err != nil {
		t.Fatal(err)
	}
	var kept exchange.Receipt
	if err := json.Unmarshal(small, &kept); err != nil {
		t.Fatal(err)
	}
	if len(kept.Findings) != 2 || kept.More != 4 || kept.Findings[0].Line != 3 || kept.Findings[0].Code != exchange.NotNumber || kept.Rows != receipt.Rows {
		t.Errorf("%s", small)
	}
}

func TestRefusedRowsInEnglish(t *testing.T) {
	t.Parallel()
	var refused bytes.Buffer
	r, err := exchange.Read(open(t, "code,qty\nA,x\nB,=1\n", exchange.Options{}), exchange.Stock, exchange.ReadOptions{Receipt: exchange.ReceiptOptions{Refused: &refused, Language: exchange.English}})
	if err != nil {
		t.Fatal(err)
	}
	for range r.All() {
	}
	if err := r.Receipt().Close(); err != nil {
		t.Fatal(err)
	}
	want := "\uFEFFcode,qty,soroi: line,soroi: reason,soroi: next\r\nA,x,2,\"qty: \"\"x\"\" is not a number.\",Write it in digits.\r\n" +
		"B,\"=\"\"=1\"\"\",3,\"qty: \"\"=1\"\" is a formula; formulas are not worked out.\",\"Turn it into its value (copy, then paste values) and save again.\"\r\n"
	if refused.String() != want {
		t.Errorf("%q, want %q", refused.String(), want)
	}
	_, again := readStock(t, refused.String(), exchange.ReadOptions{})
	if c := again.Columns[4]; c.Reason != exchange.ColumnReport {
		t.Errorf("%+v", c)
	}
}

func TestReceiptJSONWithoutFindings(t *testing.T) {
	t.Parallel()
	var whole bytes.Buffer
	r, err := exchange.Read(open(t, "code,qty\nA,1\n", exchange.Options{}), exchange.Stock, exchange.ReadOptions{Receipt: exchange.ReceiptOptions{JSON: &whole}})
	if err != nil {
		t.Fatal(err)
	}
	for range r.All() {
	}
	if err := r.Receipt().Close(); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(whole.Bytes(), &got); err != nil || fmt.Sprint(got["findings"]) != "[]" {
		t.Errorf("%v in\n%s", err, whole.String())
	}
}

// failing fails after some bytes.
type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, fmt.Errorf("disk full")
	}
	return len(p), nil
}

func TestReceiptThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	content := "code,qty\n" + strings.Repeat("A,x\n", 5000)
	for _, o := range []exchange.ReceiptOptions{{JSON: &failing{5000}}, {Refused: &failing{70_000}}} {
		r, err := exchange.Read(open(t, content, exchange.Options{}), exchange.Stock, exchange.ReadOptions{Receipt: o})
		if err != nil {
			t.Fatal(err)
		}
		for range r.All() {
		}
		if err := r.Err(); err == nil || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("the error is %v", err)
		}
	}
}
