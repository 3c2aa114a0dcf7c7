package exchange

import (
	"strings"
	"testing"
)

func TestProtect(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind  FieldKind
		plain string // cells that stay as they are, parted by spaces
		wrap  string // cells that become ="…"
	}{
		{CodeField, "A-1 TS-001-RED-M 12345678901 0 10 ソ-1 赤 abc B2B x1", "00123 1-2 1/2 1E5 1e05 12.50 123456789012 4901234567894 MAR1 Jan-02 1:30 10:30AM 5% ¥5 TRUE false H1.2.3 R5/1 1月2日 １２ -bl +1 @x =1+1 ＝1 －1 #REF #"},
		{TextField, "Tシャツ 赤 1枚 abc", "=1+1 -x @sum +1 007 1/2"},
		{NumberField, "5 -5 +5 00", ""},
		{ChoiceField, "上書き 10% 既定", ""},
	} {
		for cell := range strings.FieldsSeq(c.plain) {
			if got := protect(cell, c.kind); got != cell {
				t.Errorf("%s %q is written %q", c.kind, cell, got)
			}
		}
		for cell := range strings.FieldsSeq(c.wrap) {
			if got := protect(cell, c.kind); got != `="`+cell+`"` {
				t.Errorf("%s %q is written %q", c.kind, cell, got)
			}
		}
	}
	long := "=" + strings.Repeat("x", 300)
	for _, c := range [][2]string{{`=a"b`, `="=a""b"`}, {" A", `=" A"`}, {"\tA", "=\"\tA\""}, {"'=x", `="'=x"`}, {"'x", "'x"}, {long, "'" + long}, {"", ""}, {`="a"`, `="=""a"""`}} {
		if got := protect(c[0], TextField); got != c[1] {
			t.Errorf("%q is written %q, want %q", c[0], got, c[1])
		}
	}
}

// What is written never begins like something that a spreadsheet would run, but for the one form of a text.
func FuzzProtect(f *testing.F) {
	for _, s := range []string{"=1", "-bl", "００1", "'=x", "\t=x", `="a"&"b"`, " =x", "\r\n@x", strings.Repeat("-", 300)} {
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, cell string, code bool) {
		kind := TextField
		if code {
			kind = CodeField
		}
		written := protect(cell, kind)
		if inner, ok := unwrap(written); ok {
			if inner != cell {
				t.Fatalf("%q is written %q, which is %q", cell, written, inner)
			}
		} else if written != "" && strings.ContainsAny(firstRune(strings.TrimLeft(written, " \u3000")), risky) {
			t.Fatalf("%q is written %q", cell, written)
		}
		if strings.Contains(cell, "\uFFFD") || strings.ToValidUTF8(cell, "\uFFFD") != cell {
			return // refused when read
		}
		back, exact, p := clean(written)
		if p != nil {
			t.Fatalf("%q is written %q, which is refused: %v", cell, written, p)
		}
		if !exact {
			back = trim(back)
		}
		if back != cell {
			t.Fatalf("%q is written %q and comes back as %q", cell, written, back)
		}
	})
}
