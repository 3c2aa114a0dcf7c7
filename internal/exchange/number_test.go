package exchange

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cell string
		want string // the number, with its sign where it has one; else the code
	}{
		{"0", "0"}, {"12", "12"}, {"007", "7"}, {"１２", "12"}, {" 12 ", "12"}, {"\u300012\u00A0", "12"},
		{"1,234", "1234"}, {"１，２３４", "1234"}, {"12,345,678", "12345678"}, {"1 234 567", "1234567"}, {"1\u00A0234", "1234"}, {"1'234", "1234"}, {"1,000.00", "1000"},
		{"1,23", "bad_grouping"}, {"1,5", "bad_grouping"}, {"1234,567", "bad_grouping"}, {",123", "bad_grouping"}, {"1,,234", "bad_grouping"}, {"1,234 567", "bad_grouping"}, {"1 2", "bad_grouping"}, {"1,000,", "bad_grouping"},
		{"1.0", "1"}, {"1.", "1"}, {"3.000", "3"}, {"１．０", "1"}, {"1.5", "not_whole"}, {".5", "not_number"}, {"0.1", "not_whole"}, {"1.0.0", "not_number"},
		{"1E+3", "1000"}, {"1e3", "1000"}, {"1.5E+3", "1500"}, {"1.23457E+12", "number_too_large"}, {"1.2345E+3", "not_whole"}, {"1E-3", "not_number"}, {"E3", "not_number"}, {"1E", "not_number"}, {"1E+99", "not_number"},
		{"+5", "+5"}, {"＋5", "+5"}, {"-5", "-5"}, {"－５", "-5"}, {"−5", "-5"}, {"–5", "-5"}, {"—5", "-5"}, {"‐5", "-5"}, {"‑5", "-5"}, {"ー5", "-5"}, {"▲5", "-5"}, {"△5", "-5"}, {"(5)", "-5"}, {"（５）", "-5"},
		{"- 5", "-5"}, {"-1,234", "-1234"}, {"▲1,234", "-1234"}, {"-0", "-0"}, {"+0", "+0"},
		{"--5", "not_number"}, {"5-", "not_number"}, {"(-5)", "not_number"}, {"(5", "not_number"}, {"+", "not_number"}, {"-", "not_number"}, {"()", "not_number"},
		{"1000000000", "1000000000"}, {"1000000001", "number_too_large"}, {"-1000000001", "number_too_large"}, {"99999999999999999999", "number_too_large"}, {"4901234567894", "number_too_large"},
		{"000000000000000000000000000001", "1"},
		{"", "not_number"}, {"  ", "not_number"}, {"五", "not_number"}, {"5個", "not_number"}, {"①", "not_number"}, {"0x10", "not_number"}, {"1_000", "not_number"}, {"NaN", "not_number"}, {"1月5日", "not_number"}, {"１／２", "not_number"}, {"٣", "not_number"},
		{strings.Repeat("1", 5000), "not_number"}, {strings.Repeat("0", 100) + "1", "1"},
	} {
		n, p := parseNumber(c.cell)
		got := strconv.FormatInt(n.value, 10)
		switch {
		case p != nil:
			got = string(p.Code)
		case n.signed && n.value == 0:
			got = c.cell[:1] + "0"
		case n.signed && n.value > 0:
			got = "+" + got
		}
		if got != c.want {
			t.Errorf("%q is %s, want %s", cut(c.cell, 50), got, c.want)
		}
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"1,234", "１．０", "1E+3", "(5)", "▲5", "1 234.00", "-1.5E2", "99999999999999999999", "1'000", "\xFF"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		n, p := parseNumber(cell)
		if p != nil {
			if reasons[p.Code].fate != RowRefused || n.value != 0 {
				t.Fatalf("%q is %d with %s", cell, n.value, p.Code)
			}
			return
		}
		if n.value > 1_000_000_000 || n.value < -1_000_000_000 {
			t.Fatalf("%q is %d", cell, n.value)
		}
		if again, p := parseNumber(strconv.FormatInt(n.value, 10)); p != nil || again.value != n.value {
			t.Fatalf("%q is %d, read again %d, %v", cell, n.value, again.value, p)
		}
		// A plain number by the strict reading is that number.
		if strict, err := strconv.ParseInt(cell, 10, 64); err == nil && strict != n.value {
			t.Fatalf("%q is %d", cell, n.value)
		}
	})
}

func TestHeaderDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
		near bool
	}{
		{"在庫数", "在庫数", 0, true}, {"ＳＫＵコード", "skuコード", 0, true}, {"reorder point", "reorder_point", 0, true}, {"在庫数", "在庫數", 1, true},
		{"在庫数", "在庫数(個)", 3, true}, {"在庫数", "商品名", 3, false}, {"sku", "SKU番号", 2, true}, {"a", "b", 1, false}, {"在庫", "価格", 2, false},
	} {
		if d, near := headerDistance(c.a, c.b); d != c.want || near != c.near {
			t.Errorf("%s and %s differ by %d, near %v; want %d, %v", c.a, c.b, d, near, c.want, c.near)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{"": "", "abc": "abc", "abcd": "ab…", "ソ表能": "ソ表能", "ソ表能力": "ソ表…", "\xFF\xFE\xFD\xFC": "\xFF\xFE…"} {
		if got := cut(s, 3); got != want || utf8.RuneCountInString(got) > 3 {
			t.Errorf("%q is cut to %q", s, got)
		}
	}
}
