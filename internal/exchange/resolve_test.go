package exchange_test

import (
	"fmt"
	"strings"
	"testing"

	"soroi/internal/exchange"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		exists string // codes parted by spaces
		code   string
		want   string // code, (folded), others, suspicion
	}{
		{"as written", "ab-1 AB-1", "AB-1", "AB-1"},
		{"in another case", "ab-1 cd", "AB-1", "ab-1 folded"},
		{"in another width", "AB-1", "ＡＢ－１", "AB-1 folded"},
		{"several in another case", "ab-1 Ab-1", "AB-1", "one of [Ab-1 ab-1]"},
		{"unknown", "A", "B", ""},
		{"nothing like it", "A", "12", ""},
		{"zeros eaten", "00123 0123 9", "123", "eaten_zeros [0123 00123]"},
		{"beside one with zeros", "00123 123", "123", "123 eaten_zeros [00123]"},
		{"no zeros anywhere", "123 456", "123", "123"},
		{"scientific", "1234567890123 1234574999999 1234575000000 12345678", "1.23457E+12", "scientific [1234567890123 1234574999999]"},
		{"scientific with few digits", "4901234567894", "4.90E+12", "scientific [4901234567894]"},
		{"scientific with nothing near", "A", "4.90E+12", "scientific []"},
		{"a code with an E in it", "1E5 2E5", "1.00E+05", "scientific [1E5]"},
		{"a code with an E in it, more digits", "12e03", "1.20E+04", "scientific [12e03]"},
		{"such a code as it is", "1E5", "1E5", "1E5"},
		{"more digits than a spreadsheet keeps", "12345678901234567 12345678901234599", "12345678901234500", "lost_digits [12345678901234567 12345678901234599]"},
		{"decimals eaten", "1.10 1.1.1", "1.1", "eaten_decimals [1.10]"},
		{"a date", "1-2 3-4", "1月2日", "became_date [1-2]"},
		{"a date with a year", "2024-1-2", "2024/1/2", "became_date [2024-1-2]"},
		{"a date of a year not in the code", "10-11", "2026/10/11", "became_date [10-11]"},
		{"a month's name", "MAR1", "3月1日", "became_date [MAR1]"},
		{"an English date", "1-2", "2-Jan", "became_date [1-2]"},
		{"a date and nothing like it", "A", "1月2日", "became_date []"},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			got, err := exchange.NewResolver(exchange.NewCodes(strings.Fields(c.exists)...)).Resolve(t.Context(), []string{c.code, "no such code"})
			if err != nil {
				t.Fatal(err)
			}
			said := got[0].Code
			if got[0].Folded {
				said += " folded"
			}
			if len(got[0].Others) > 0 {
				said += fmt.Sprintf(" one of %v", got[0].Others)
			}
			if s := got[0].Suspect; s != nil {
				said += fmt.Sprintf(" %s %v", s.Kind, s.Candidates)
			}
			if said = strings.TrimSpace(said); said != c.want {
				t.Errorf("%q is %q, want %q", c.code, said, c.want)
			}
			if p := got[0].Problem("code"); (p == nil) != (c.want == c.code) {
				t.Errorf("the problem is %v", p)
			}
			if p := got[1].Problem("code"); p == nil || p.Code != exchange.CodeUnknown {
				t.Errorf("a code that is unknown gives %v", p)
			}
		})
	}
}
