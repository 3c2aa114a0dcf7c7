package text_test

import (
	"slices"
	"strings"
	"testing"

	"soroi/internal/text"
)

func TestIndexKey(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		codes []string
		texts []string
		want  string
	}{
		{"codes, words of a code, words of names", []string{"KZ-1001-NV-M", "4901234567894"}, []string{"オーガニックコットン長袖Tシャツ", "ネイビー"},
			" kz1001nvm  4901234567894 \n kz 1001 nv m  オ-ガニツクコツトン 長袖 t シヤツ  ネイビ- "},
		{"a code without parts is a code alone", []string{"10012345"}, nil, " 10012345 \n  "},
		{"a Japanese code is words too", []string{"赤靴"}, nil, " 赤靴 \n 赤靴 "},
		{"punctuation in a code", []string{"A/1_2 %", "¥$^"}, nil, " a12  ¥$^ \n a 1 2  ¥ $ ^ "},
		{"a code in a name, with and without its dash", nil, []string{"プリンタ MX-700 黒"}, "  \n プリンタ mx 700 黒  mx700 "},
		{"numbers keep their point", nil, []string{"3.5mm 1,000枚 12.5"}, "  \n 3.5mm 1,000 枚 12.5 "},
		{"a point at the end is none", nil, []string{"No.5. 3."}, "  \n no 5 3 "},
		{"punctuation parts", nil, []string{"靴(革)/黒・茶、新品!"}, "  \n 靴 革 黒茶 新品 "},
		{"signs are words", nil, []string{"★新品★→"}, "  \n ★ 新品 ★ → "},
		{"katakana with a bar at the end", nil, []string{"キー-7 ーA"}, "  \n キ-- 7 a "},
		{"equal parts once", []string{"A-1", "a-1", ""}, []string{"靴", "靴", ""}, " a1 \n a 1  靴 "},
		{"a run without end", nil, []string{strings.Repeat("あ", 70)}, "  \n " + strings.Repeat("ア", 64) + " アアアアアア "},
		{"nothing", nil, nil, "  \n  "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := text.IndexKey(tt.codes, tt.texts...); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
	key := text.IndexKey([]string{"KZ-1001-NV-M"}, "長袖 Tシャツ KZ ★ M")
	if got := text.IndexWords(key); !slices.Equal(got, []string{"kz", "1001", "nv", "長袖", "シヤツ"}) {
		t.Errorf("words %q", got)
	}
	if got := text.IndexCodes(key); !slices.Equal(got, []string{"kz1001nvm"}) {
		t.Errorf("codes %q", got)
	}
	if got := text.WordTails("コツトン"); !slices.Equal(got, []string{"コツトン", "ツトン", "トン", "ン"}) {
		t.Errorf("tails %q", got)
	}
	if got := text.WordTails("mx700"); !slices.Equal(got, []string{"mx700", "<007xm"}) {
		t.Errorf("tails %q", got)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	key := text.IndexKey([]string{"MX-700-BK", "4901234567894", "赤靴25"}, "プリンター複合機 A4対応 3.5mm ブラック", "iPhone 15 ケース", "ミニバー ★")
	for _, query := range []string{
		"", "mx700", "MX-700", "mx-7", "700bk", "700-BK", "bk", "mx", "プリンター", "ぷりんた", "複合", "合機", "ブラック 複合", "490123", "7894", "ー700", "a4", "A4対応", "対応",
		"3.5", "3.5mm", "5mm", "iPhone 15", "バー", "★", "赤靴", "靴25", "赤 700", "（複合機）", "リンタ",
	} {
		if !text.Find(key, text.IndexTerms(query)) {
			t.Errorf("%q does not find %q", query, key)
		}
	}
	for _, query := range []string{"mx701", "ブラック 赤い", "894プリンタ", "894mx", "プリンタ複合機", "00b", "90123", "hon", "x70", "ア4", "4a", "☆", "iphone15"} {
		if text.Find(key, text.IndexTerms(query)) {
			t.Errorf("%q finds %q", query, key)
		}
	}
	for _, query := range []string{" - ー ", "", "、。", "_%\\", "("} {
		if terms := text.IndexTerms(query); len(terms) != 0 {
			t.Errorf("%q has the terms %q", query, terms)
		}
	}
}

// Whatever a merchant copies out of a code or a name finds it again, and an index that keeps words and codes as it is told finds no less than the
// key itself.
func FuzzIndexFindsItsParts(f *testing.F) {
	f.Add("MX-700-BK", "プリンター 複合機", "mx7 複合")
	f.Add("ー", "--a--", "★ a")
	f.Add("a.b", "1.2.3", "2.3")
	f.Add("^$%", "< >", "<")
	f.Fuzz(func(t *testing.T, code, name, query string) {
		key := text.IndexKey([]string{code}, name)
		for _, part := range []string{code, name} {
			if terms := text.IndexTerms(part); !text.Find(key, terms) {
				t.Fatalf("%+q with terms %+q does not find itself in %+q", part, terms, key)
			}
		}
		for _, term := range text.IndexTerms(query) {
			if text.Find(key, []text.IndexTerm{term}) && !indexed(key, term) {
				t.Fatalf("the index does not find %+q in %+q", term, key)
			}
		}
	})
}

// indexed is what an index does: it looks for codes that begin or end with the term, and for each of the term's words that it keeps.
func indexed(key string, term text.IndexTerm) bool {
	for _, code := range text.IndexCodes(key) {
		if strings.HasPrefix(code, term.Bare) || strings.HasSuffix(code, term.Bare) {
			return true
		}
	}
	for i, word := range term.Words {
		if !text.Indexed(word) {
			continue
		}
		found := slices.ContainsFunc(text.IndexWords(key), func(w string) bool {
			begins := slices.ContainsFunc(text.WordTails(w), func(tail string) bool { return strings.HasPrefix(tail, word) })
			ends := slices.ContainsFunc(text.WordTails(w), func(tail string) bool {
				return tail == word || strings.HasPrefix(tail, "<"+text.Reverse(word))
			})
			switch last := len(term.Words) - 1; {
			case last == 0:
				return begins || ends
			case i == 0:
				return ends
			case i == last:
				return begins
			}
			return w == word
		})
		if !found {
			return false
		}
	}
	return true
}
