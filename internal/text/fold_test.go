package text_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"soroi/internal/text"
)

func TestFold(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		want string
		from []string
	}{
		{"width of letters and digits", "abc123", []string{"abc123", "ABC123", "\uFF21\uFF22\uFF23\uFF11\uFF12\uFF13", "AbC\uFF11\uFF12\uFF13"}},
		{"width of kana", "ガギパピ", []string{"ガギパピ", "\uFF76\uFF9E\uFF77\uFF9E\uFF8A\uFF9F\uFF8B\uFF9F", "がぎぱぴ"}},
		{"voiced mark written apart", "ガパ", []string{"カ゛ハ゜", "か゛は゜", "カ\u3099ハ\u309A", "カ\uFF9Eハ\uFF9F", "か\uFF9Eは\uFF9F"}},
		{"voiced mark with nothing to voice", "ア", []string{"ア゛", "゛ア", "\uFF71\uFF9E", "あ゜"}},
		{"voiced mark after a space", "カ", []string{"カ ゛"}},
		{"v sounds", "ヴヷヺ", []string{"ヴヷヺ", "ゔわ゛を゛", "\uFF73\uFF9E\uFF9C\uFF9E\uFF66\uFF9E"}},
		{"small and large kana", "キヤノン", []string{"キヤノン", "キャノン", "きゃのん", "\uFF77\uFF6C\uFF89\uFF9D"}},
		{"small kana of every row", "アイウエオツヤユヨワカケ", []string{"ァィゥェォッャュョヮヵヶ", "ぁぃぅぇぉっゃゅょゎゕゖ", "\uFF67\uFF68\uFF69\uFF6A\uFF6B\uFF6F\uFF6C\uFF6D\uFF6E" + "ワカケ"}},
		{"Ainu kana", "クシストヌハヒフヘホムラリルレロ", []string{"ㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ"}},
		{"repeat marks", "ヽヾ", []string{"ゝゞ", "ヽヾ"}},
		{"long vowel", "コ-ヒ-", []string{"コーヒー", "こーひー", "\uFF7A\uFF70\uFF8B\uFF70", "コ-ヒ-", "コ−ヒ―", "コ〜ヒ~", "コ─ヒ—", "コ‐ヒ–", "コ\uFF0Dヒ\uFF5E"}},
		{"dash in a code", "ab-12", []string{"AB-12", "\uFF21\uFF22\uFF0D\uFF11\uFF12", "ABー12", "ab‑12", "AB−12", "AB\uFF5E12"}},
		{"kanji one is no dash", "一-", []string{"一ー"}},
		{"middle dot", "コカコ-ラ", []string{"コカ・コーラ", "コカ\uFF65コーラ", "コカコーラ"}},
		{"squared words", "リツトル", []string{"㍑", "リットル"}},
		{"circled and Roman digits", "1iii", []string{"①Ⅲ", "\uFF11iii"}},
		{"marks on letters", "chloe pokemon", []string{"Chloé Pokémon", "CHLOE\u0301 POKÉMON"}},
		{"Greek final sigma", "σσ", []string{"Σς"}},
		{"quotes", `men's "a"`, []string{"Men’s “A”", "MEN\uFF07s \uFF02A\uFF02", "men`s \"a\""}},
		{"white space", "a b", []string{" a  b ", "a\u3000b", "a\tb\r\n", "\u00A0a\u2003b"}},
		{"invisible", "ab", []string{"a\u200Bb", "\uFEFFab", "a\u00ADb", "a\x00b", "a\u202Eb", "ab\uFE0F"}},
		{"broken bytes part words", "a b", []string{"a\xFFb", "a\xE3\x81b"}},
		{"rare kanji stay", "𠮷野家 髙島屋", []string{"𠮷野家 髙島屋"}},
		{"emoji", "👩👧", []string{"👩\u200D👧"}},
		{"Hangul", "가방", []string{"가방", "\u1100\u1161\u1107\u1161\u11BC"}},
		{"nothing", "", []string{"", " ", "\u3000\t", "\u200B", "゛"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, from := range tt.from {
				if got := text.Fold(from); got != tt.want {
					t.Errorf("Fold(%+q) = %+q (%s), want %+q (%s)", from, got, got, tt.want, tt.want)
				}
			}
		})
	}
}

// Some texts differ by more than the way of writing.
func TestFoldKeepsApart(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{"ハ", "バ"}, {"バ", "パ"}, {"ビル", "ビール"}, {"一", "ー"}, {"口", "ロ"}, {"夕", "タ"}, {"二", "ニ"}, {"0", "o"}, {"a b", "ab"},
	} {
		if text.Fold(pair[0]) == text.Fold(pair[1]) {
			t.Errorf("%s and %s fold to the same %s", pair[0], pair[1], text.Fold(pair[0]))
		}
	}
}

func TestFoldEveryRune(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if utf8.ValidRune(r) {
			promises(t, string(r))
		}
	}
}

func TestFoldAllocatesNothingForAFoldedCode(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { text.Fold("ab-12 red/xl") }); n != 0 {
		t.Errorf("Fold of a folded code allocates %v times, want 0", n)
	}
}

// promises checks what Fold says about every result.
func promises(t *testing.T, s string) {
	t.Helper()
	folded := text.Fold(s)
	if again := text.Fold(folded); again != folded {
		t.Fatalf("Fold(%+q) = %+q, folded again %+q", s, folded, again)
	}
	if !utf8.ValidString(folded) || !norm.NFC.IsNormalString(folded) {
		t.Fatalf("Fold(%+q) = %+q is not UTF-8 in normal form C", s, folded)
	}
	if strings.ContainsFunc(folded, unicode.IsControl) || strings.Join(strings.Fields(folded), " ") != folded {
		t.Fatalf("Fold(%+q) = %+q has control characters or loose white space", s, folded)
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"", "カ゛は゜", "コーヒー・カップ ①", "Chloé\u0301", "\u3099\u309A゛゜", "a\xFF\u00ADb", "가\u11A8", "ゞ\u0345ᾳ"} {
		f.Add(s)
	}
	f.Add("ハ" + strings.Repeat("\u0301", 40) + "\u309A") // longer than a normaliser keeps together
	f.Fuzz(func(t *testing.T, s string) { promises(t, s) })
}

func FuzzFoldHoldsParts(f *testing.F) {
	f.Add("プリンター", 3, 9)
	f.Add("AB-12 コーヒー・カップ", 1, 20)
	f.Fuzz(func(t *testing.T, s string, from, to int) {
		runes := []rune(s)
		if !utf8.ValidString(s) || from < 0 || to > len(runes) || from >= to {
			return // no part of the text
		}
		part := string(runes[from:to])
		if strings.ContainsFunc(norm.NFKD.String(s), func(r rune) bool {
			return unicode.Is(unicode.M, r) || unicode.Is(unicode.Hangul, r) || unicode.IsSpace(r)
		}) {
			return // a part may begin between a letter and its mark
		}
		if whole := text.Fold(s); !strings.Contains(whole, text.Fold(part)) {
			t.Fatalf("Fold(%+q) = %+q does not hold Fold(%+q) = %+q", s, whole, part, text.Fold(part))
		}
	})
}
