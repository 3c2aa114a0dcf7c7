package exchange_test

import (
	"fmt"
	"strings"
	"testing"

	"soroi/internal/exchange"
)

func TestDamage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		exists string // codes parted by spaces
		code   string
		want   string // "" is nothing suspicious
	}{
		{"as written", "ab-1 AB-1", "AB-1", ""},
		{"nothing like it", "A", "12", ""},
		{"zeros eaten", "00123 0123 9", "123", "eaten_zeros [0123 00123]"},
		{"beside one with zeros", "00123 123", "123", "eaten_zeros [00123]"},
		{"no zeros anywhere", "123 456", "123", ""},
		{"scientific", "1234567890123 1234574999999 1234575000000 12345678", "1.23457E+12", "scientific [1234567890123 1234574999999]"},
		{"scientific with few digits", "4901234567894", "4.90E+12", "scientific [4901234567894]"},
		{"scientific, rounded up over all digits", "999999999999", "1.00000E+12", "scientific []"},
		{"scientific with nothing near", "A", "4.90E+12", "scientific []"},
		{"a code with an E in it", "1E5 2E5", "1.00E+05", "scientific [1E5]"},
		{"a code with an E in it, more digits", "12e03", "1.20E+04", "scientific [12e03]"},
		{"such a code as it is", "1E5", "1E5", ""},
		{"more digits than a spreadsheet keeps", "12345678901234567 12345678901234599", "12345678901234500", "lost_digits [12345678901234567 12345678901234599]"},
		{"decimals eaten", "1.10 1.1.1", "1.1", "eaten_decimals [1.10]"},
		{"all decimals eaten", "1.0", "1", "eaten_decimals [1.0]"},
		{"a date", "1-2 3-4", "1月2日", "became_date [1-2]"},
		{"a date with a year", "2024-1-2", "2024/1/2", "became_date [2024-1-2]"},
		{"a date of a year not in the code", "10-11", "2026/10/11", "became_date [10-11]"},
		{"a month's name", "MAR1", "3月1日", "became_date [MAR1]"},
		{"an English date", "1-2", "2-Jan", "became_date [1-2]"},
		{"a date and nothing like it", "A", "1月2日", "became_date []"},
		{"a 13th month", "13-2", "13月2日", ""},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			codes := exchange.NewCodes(strings.Fields(c.exists)...)
			exact, err := codes.Exact(t.Context(), []string{c.code})
			if err != nil {
				t.Fatal(err)
			}
			got, err := exchange.NewDamage(codes).Find(t.Context(), []exchange.Looked{{Code: c.code, Found: exact[c.code]}, {Code: "no such code"}})
			if err != nil {
				t.Fatal(err)
			}
			said := ""
			if s := got[0]; s != nil {
				said = fmt.Sprintf("%s %v", s.Kind, s.Candidates)
				if p := s.Problem(); p.Value != c.code || p.Fate() != exchange.RowRefused {
					t.Errorf("the problem is %+v", p)
				}
			}
			if said != c.want || got[1] != nil {
				t.Errorf("%q is %q, want %q; a code like no other is %v", c.code, said, c.want, got[1])
			}
		})
	}
}
