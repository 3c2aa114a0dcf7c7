package stock_test

import (
	"errors"
	"strings"
	"testing"

	"soroi/internal/stock"
)

// wrongWith checks that err is a *stock.CatalogError with this code, or nil where code is "".
func wrongWith(t *testing.T, err error, code string) {
	t.Helper()
	var wrong *stock.CatalogError
	switch {
	case code == "" && err != nil:
		t.Errorf("%v, want no error", err)
	case code != "" && (!errors.As(err, &wrong) || wrong.Code != code):
		t.Errorf("%v, want the error %s", err, code)
	}
}

func TestCheckJAN(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ code, wrong string }{
		{"4901234567894", ""},
		{"49968712", ""},
		{"036000291452", ""},
		{"14901234567891", ""},
		{"0000000000000", ""},
		{"4901234567890", "jan_check"},
		{"4910234567894", "jan_check"},
		{"49968710", "jan_check"},
		{"490123456789", "jan_check"},
		{"490123456", "jan_digits"},
		{"49012345678941", "jan_check"},
		{"490123456789412", "jan_digits"},
		{"４９０１２３４５６７８９４", "jan_digits"},
		{"49012345678-4", "jan_digits"},
		{"", "jan_digits"},
	} {
		t.Run(tt.code, func(t *testing.T) {
			t.Parallel()
			wrongWith(t, stock.CheckJAN("codes", tt.code), tt.wrong)
		})
	}
}

func TestCheckCode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, code, wrong string }{
		{"plain", "KZ-1001-NV-M", ""},
		{"zeros in front", "007", ""},
		{"Japanese with a space", "赤 大", ""},
		{"the longest", strings.Repeat("あ", stock.LongestCode), ""},
		{"too long", strings.Repeat("あ", stock.LongestCode+1), "long"},
		{"none", "", "missing"},
		{"space before", " A", "space"},
		{"wide space after", "A　", "space"},
		{"line break inside", "A\nB", "control"},
		{"tab at the end", "A\t", "control"},
		{"broken bytes", "A\xff", "control"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			wrongWith(t, stock.CheckCode("code", tt.code), tt.wrong)
		})
	}
	wrongWith(t, stock.SKUCode{Code: "123", Kind: stock.OtherCode}.Check(), "")
	wrongWith(t, stock.SKUCode{Code: "123", Kind: stock.JAN}.Check(), "jan_digits")
	wrongWith(t, stock.SKUCode{Code: "123", Kind: "ean"}.Check(), "kind")
	wrongWith(t, stock.SKUCode{Kind: stock.OtherCode}.Check(), "missing")
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		names stock.OptionNames
		wrong string
		count int
	}{
		{"none", stock.OptionNames{}, "", 0},
		{"one", stock.OptionNames{"カラー"}, "", 1},
		{"three", stock.OptionNames{"カラー", "サイズ", "柄"}, "", 3},
		{"a gap", stock.OptionNames{"カラー", "", "柄"}, "gap", 2},
		{"the second alone", stock.OptionNames{"", "サイズ"}, "gap", 1},
		{"twice the same", stock.OptionNames{"サイズ", "サイズ"}, "same", 2},
		{"too long", stock.OptionNames{strings.Repeat("色", stock.LongestOption+1)}, "long", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			wrongWith(t, tt.names.Check(), tt.wrong)
			if n := tt.names.Count(); n != tt.count {
				t.Errorf("%d options, want %d", n, tt.count)
			}
		})
	}
	names := stock.OptionNames{"カラー", "サイズ"}
	wrongWith(t, stock.Options{"ネイビー", "M"}.Check(names), "")
	wrongWith(t, stock.Options{"", "M"}.Check(names), "")
	wrongWith(t, stock.Options{"ネイビー", "M", "柄"}.Check(names), "no_option")
	wrongWith(t, stock.Options{"ネイビー "}.Check(names), "space")
	if got := stock.SKUName("長袖Tシャツ", stock.Options{"ネイビー", "", "無地"}); got != "長袖Tシャツ ネイビー 無地" {
		t.Errorf("the name is %q", got)
	}
}
