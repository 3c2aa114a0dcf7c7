package exchange

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"soroi/internal/testkit"
)

const documentIntro = `# CSV の形式 / CSV formats

<!-- Written by go test ./internal/exchange -update. Do not edit. -->

読み込むときに決まりはほとんどありません。列の順番は自由です。見出しは下のどれでもよく、全角・半角、大文字・小文字、空白の違いは問いません。
Reading asks for little: columns in any order, headers in any of the spellings below, whatever their width, case and spaces.

- 文字コードは UTF-8(BOM あり・なし)、Shift_JIS(CP932)、UTF-16 を見分けます。.xlsx も読みます。.xls は読めません。
  UTF-8 with or without BOM, Shift_JIS (CP932) and UTF-16 are told apart; .xlsx is read, .xls is not.
- 区切りはカンマ・タブ・セミコロン、行末は CRLF・LF・CR のどれでもかまいません。値の中の改行は " で囲みます。
  Comma, tab or semicolon; CRLF, LF or CR; line ends within a value in quotation marks.
- 数は １２、1,234、1.0、1E+3、▲5、(5) のようにも書けます。1,5 のように二通りに読める数は読みません。
  Numbers may be written １２, 1,234, 1.0, 1E+3, ▲5, (5); what could mean two things (1,5) is refused.
- ="00123" は 00123 と読みます。ほかの計算式は読みません。
  ="00123" is 00123; other formulas are refused.
- すべての行と列を「受領書」に記録します。黙って捨てるものはありません。使えない行は理由を付けた CSV で受け取れます。
  A receipt accounts for every row and column; refused rows come back as CSV with their reasons.
- 表計算ソフトが書き換える値(00123、1-2)と、計算式として動く値(=、+、-、@ で始まるもの)は ="…" の形で書き出します。読み込むと元に戻ります。
  What a spreadsheet would change (00123, 1-2) or run (=, +, -, @) is written as ="…" and reads back as it was.
- Shift_JIS にない文字は、〓(〜 などは ～ などの双子)で書き、どの文字を何行目で置き換えたかを知らせます。コードは置き換えず、書き出しを断ります。
  Characters that Shift_JIS lacks are written as 〓 (〜 as its twin ～) and told with their lines; codes are never changed so: writing is refused.

「必須」の列がないファイルは読みません。
A file without a required column is refused.
`

// docs/csv.md is made from the formats, so that it says what the code does.
func TestDocument(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	b.WriteString(documentIntro)
	for _, f := range Formats() {
		fmt.Fprintf(&b, "\n## %s / %s: `%s`\n\n%s\n%s\n\n", f.Title.JA, f.Title.EN, f.Name, f.Help.JA, f.Help.EN)
		writeFields(&b, f.Fields, true)
		for _, l := range f.Layouts {
			fmt.Fprintf(&b, "\n### %s / %s: `%s`\n\n", l.Title.JA, l.Title.EN, l.Kind)
			b.WriteString("見出しで見分けます。ここにない列は使わず、受領書に記します。\nRecognised by its headers; columns that are not listed here are not used, and the receipt says so.\n\n")
			writeFields(&b, l.Fields, false)
		}
	}
	b.WriteString("\n## 理由 / Reasons\n\n受領書に出る理由の一覧です。\nWhat a receipt may say.\n\n| code | 意味 | meaning | 次にすること | next |\n| --- | --- | --- | --- | --- |\n")
	var codes []Code
	for code := range reasons {
		codes = append(codes, code)
	}
	slices.SortFunc(codes, func(a, b Code) int {
		if c := strings.Compare(string(reasons[a].fate), string(reasons[b].fate)); c != 0 {
			return c
		}
		return strings.Compare(string(a), string(b))
	})
	for _, code := range codes {
		r := reasons[code]
		fmt.Fprintf(&b, "| `%s` (%s) | %s | %s | %s | %s |\n", code, r.fate, cellOf(r.what.JA), cellOf(r.what.EN), cellOf(r.next.JA), cellOf(r.next.EN))
	}
	testkit.Golden(t, "../../docs/csv.md", b.Bytes())
}

func writeFields(b *bytes.Buffer, fields []Field, own bool) {
	if own {
		b.WriteString("| key | 見出し / header | ほかの見出し / also read | 意味 / meaning | 例 / example | 空欄 / empty |\n| --- | --- | --- | --- | --- | --- |\n")
	} else {
		b.WriteString("| key | 見出し / header | 意味 / meaning |\n| --- | --- | --- |\n")
	}
	for _, f := range fields {
		header := f.Header
		if f.English != "" {
			header += " / " + f.English
		}
		if f.Required {
			header += " **必須**"
			if f.Unless != "" {
				header += "(`" + f.Unless + "` があれば不要)"
			}
		}
		help := f.Help.JA + "<br>" + f.Help.EN
		for _, c := range f.Choices {
			if c.Help.JA != "" {
				help += "<br>" + c.Word + ": " + c.Help.JA + " / " + c.Help.EN
			}
		}
		if !own {
			fmt.Fprintf(b, "| `%s` | %s | %s |\n", f.Key, header, cellOf(help))
			continue
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s | %s<br>%s |\n", f.Key, header, cellOf(strings.Join(f.Aliases, "、")), cellOf(help), cellOf(f.Example), f.Empty.Sentence(Japanese), f.Empty.Sentence(English))
	}
}

func cellOf(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// Fields are whole: keys and headers are there once, and no name means two fields of one file.
func TestFieldsAreWhole(t *testing.T) {
	t.Parallel()
	names := make(map[string]bool)
	for _, f := range Formats() {
		if names[f.Name] || f.Title.JA == "" || f.Title.EN == "" || f.Help.JA == "" || f.Help.EN == "" {
			t.Errorf("%s is not whole", f.Name)
		}
		names[f.Name] = true
		checkFields(t, f.Name, f.Fields, true)
		for _, l := range f.Layouts {
			checkFields(t, l.Kind, l.Fields, false)
		}
	}
}

func checkFields(t *testing.T, where string, fields []Field, own bool) {
	t.Helper()
	keys, headers := make(map[string]bool), make(map[string]bool)
	for _, f := range fields {
		if f.Key == "" || keys[f.Key] || f.Header == "" || headers[headerKey(f.Header)] || f.Help.JA == "" || f.Help.EN == "" || f.Kind == "" || emptyWords[f.Empty].JA == "" {
			t.Errorf("%s: the field %q is not whole", where, f.Key)
		}
		if own && (f.English == "" || headers[headerKey(f.English)]) {
			t.Errorf("%s: the field %q has no English header of its own", where, f.Key)
		}
		keys[f.Key], headers[headerKey(f.Header)], headers[headerKey(f.English)] = true, true, true
	}
	if !own {
		return
	}
	// Every header, in both languages, is bound to its own field when all of them stand in a file.
	for _, header := range []func(Field) string{func(f Field) string { return f.Header }, func(f Field) string { return f.English }} {
		var row []string
		for _, f := range fields {
			row = append(row, header(f))
		}
		columns := make([]Column[struct{}], len(fields))
		for i, f := range fields {
			columns[i].Field = f
		}
		b, err := bind(&Format[struct{}]{Columns: columns}, row, nil)
		if err != nil {
			t.Errorf("%s: %v", where, err)
			continue
		}
		for i, f := range fields {
			if b.uses[i].Key != f.Key {
				t.Errorf("%s: the header %q is taken for %q", where, row[i], b.uses[i].Key)
			}
		}
	}
}
