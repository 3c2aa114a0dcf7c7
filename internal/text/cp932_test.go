package text_test

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"unicode/utf8"

	"soroi/internal/text"
)

// The table as Microsoft has it. The digest is of what glibc's iconv does with its charset CP932 (Windows-31J): for each pair of bytes
// 8140–FCFC that is a character, one line "pair code-point pair-that-it-is-written-as", in order. Python's codec cp932 reads the same and
// writes 746 of them otherwise: like golang.org/x/text it keeps NEC's copies, which Windows turns into IBM's.
func TestCP932_is_Microsofts(t *testing.T) {
	t.Parallel()
	digest, pairs := sha256.New(), 0
	for lead := 0x81; lead <= 0xFC; lead++ {
		if 0xA0 <= lead && lead < 0xE0 {
			continue
		}
		for trail := 0x40; trail <= 0xFC; trail++ {
			r, size := text.DecodeCP932([]byte{byte(lead), byte(trail)})
			if r == utf8.RuneError {
				continue
			}
			b, n := text.EncodeCP932(r)
			if size != 2 || n != 2 {
				t.Fatalf("%02x%02x is %U of %d bytes, written with %d", lead, trail, r, size, n)
			}
			pairs++
			fmt.Fprintf(digest, "%02x%02x %04x %x\n", lead, trail, r, b)
		}
	}
	const want = "cdc8eec4682f5c6e4cc58bb537af959dd5128944af3b74f435fa26c6b7c3941d"
	if got := fmt.Sprintf("%x", digest.Sum(nil)); got != want || pairs != 9604 {
		t.Errorf("%d pairs with digest %s", pairs, got)
	}
}

func TestCP932(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		bytes string
		want  string // "!" is a broken byte
		back  string // what it is written as, when that differs
	}{
		{"second byte 5C", "\x83\x5C\x95\x5C\x5C\x94\x5C", "ソ表\\能", ""},
		{"second byte 7C, 22 is none", "\x83\x7C\x83\x22", "ポ!\"", "-"},
		{"full-width tilde and minus", "\x81\x60\x81\x7C\x81\x61", "\uFF5E\uFF0D∥", ""},
		{"NEC row 13", "\x87\x40\x87\x8A", "①㈱", ""},
		{"IBM extension", "\xFB\xFC\xFA\x40", "髙ⅰ", "\xFB\xFC\xFA\x40"},
		{"NEC's copy of IBM's extension", "\xEE\xE0\xED\x40", "髙纊", "\xFB\xFC\xFA\x5C"},
		{"a sign with three codes", "\xFA\x54\x81\xCA\xEE\xF9", "\uFFE2\uFFE2\uFFE2", "\x81\xCA\x81\xCA\x81\xCA"},
		{"NEC's doubles of JIS signs", "\x87\x90\x81\xE0\x87\x9A\x81\xE6", "≒≒∵∵", "\x81\xE0\x81\xE0\x81\xE6\x81\xE6"},
		{"half-width kana", "\xB1\xDE", "ｱﾞ", ""},
		{"user-defined", "\xF0\x40\xF0\x80\xF9\xFC", "\uE000\uE03F\uE757", ""},
		{"bytes of nothing", "\x80a\xA0\xFD\xFE\xFF", "!a!!!!", "-"},
		{"pair of nothing", "\x85\x40\x85\xA0", "!@!", "-"},
		{"second byte too low", "\x83,\x83\n", "!,!\n", "-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, back := "", ""
			for b := []byte(c.bytes); len(b) > 0; {
				r, size := text.DecodeCP932(b)
				if size == 0 {
					t.Fatalf("% x wants more", b)
				}
				b = b[size:]
				if r == utf8.RuneError {
					got += "!"
					continue
				}
				got += string(r)
				e, n := text.EncodeCP932(r)
				back += string(e[:n])
			}
			if got != c.want {
				t.Errorf("% x is %q, want %q", c.bytes, got, c.want)
			}
			if want := c.back; want != "-" {
				if want == "" {
					want = c.bytes
				}
				if back != want {
					t.Errorf("%s is written % x, want % x", c.want, back, want)
				}
			}
		})
	}
	if _, size := text.DecodeCP932([]byte{0x83}); size != 0 {
		t.Errorf("half a pair has size %d", size)
	}
}

func TestEncodeCP932_has_no_lookalikes(t *testing.T) {
	t.Parallel()
	for _, r := range "〜−‖—¢£¬¥‾¦é€ÀäßЁ𠮷👕\uFFFD\uFEFF\u00A0\u0080" {
		if b, size := text.EncodeCP932(r); size != 0 && r != 'Ё' {
			t.Errorf("%q is written as % x", r, b[:size])
		}
		twin, ok := text.CP932Twin(r)
		if _, size := text.EncodeCP932(twin); ok && size != 2 {
			t.Errorf("the twin %q of %q cannot be written", twin, r)
		}
	}
}

func FuzzCP932(f *testing.F) {
	f.Add([]byte("\x83\x5C\x81\x60\xFB\xFC\x80\xB1"))
	f.Add([]byte("\x83\x22,\xF0\x40\x85\x40"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for len(b) > 0 {
			r, size := text.DecodeCP932(b)
			switch {
			case size == 0 && len(b) != 1, size < 0, size > 2:
				t.Fatalf("% x has size %d", b, size)
			case size == 0:
				return
			case r == utf8.RuneError:
			default:
				e, n := text.EncodeCP932(r)
				if again, _ := text.DecodeCP932(e[:n]); again != r {
					t.Fatalf("%U is written % x, which is %U", r, e[:n], again)
				}
			}
			b = b[size:]
		}
	})
}
