package text_test

import (
	"slices"
	"strings"
	"testing"

	"soroi/internal/text"
)

func TestSearchKey(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		parts []string
		want  string
	}{
		{"parts folded and joined", []string{"SKU1", "4901234567894", "赤いコーヒーカップ"}, "sku1 4901234567894 赤イコ-ヒ-カツプ"},
		{"codes also without dashes", []string{"AB-12-X"}, "ab-12-x ab12x"},
		{"a code inside a name", []string{"プリンタ MX-700 黒"}, "プリンタ mx-700 黒 mx700"},
		{"long vowels are no dashes", []string{"コーヒー"}, "コ-ヒ-"},
		{"equal and empty parts once", []string{"a1", "", "A1", " ", "あ", "ア"}, "a1 ア"},
		{"nothing", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := text.SearchKey(tt.parts...); got != tt.want {
				t.Errorf("SearchKey(%q) = %q, want %q", tt.parts, got, tt.want)
			}
		})
	}
}

func TestTerms(t *testing.T) {
	t.Parallel()
	tests := []struct {
		query string
		want  []string
	}{
		{"コーヒー 赤", []string{"コ-ヒ", "赤"}},
		{"プリンター", []string{"プリンタ"}},
		{"キー", []string{"キ-"}},
		{"AB- -12", []string{"ab", "12"}},
		{"赤 アカ あか", []string{"赤", "アカ"}},
		{" - ー ", nil},
		{"", nil},
	}
	for _, tt := range tests {
		if got := text.Terms(tt.query); !slices.Equal(got, tt.want) {
			t.Errorf("Terms(%q) = %q, want %q", tt.query, got, tt.want)
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	key := text.SearchKey("MX-700-BK", "4901234567894", "プリンタ 複合機 ブラック", "キャノン")
	for _, query := range []string{
		"", "mx700", "MX-700", "700bk", "プリンター", "ぷりんた", "ブラック 複合", "キヤノン", "きゃのん mx", "490123", "ー700",
	} {
		if !text.Match(key, text.Terms(query)) {
			t.Errorf("%q does not find %q", query, key)
		}
	}
	for _, query := range []string{"mx701", "プリンタ複合機", "ブラック 赤", "894プリンタ"} {
		if text.Match(key, text.Terms(query)) {
			t.Errorf("%q finds %q", query, key)
		}
	}
}

// Whatever a merchant copies out of one part finds it again.
func FuzzTermsFindTheirPart(f *testing.F) {
	f.Add("MX-700-BK", "プリンター 複合機")
	f.Add("ー", "--a--")
	f.Fuzz(func(t *testing.T, code, name string) {
		key := text.SearchKey(code, name)
		for _, part := range []string{code, name} {
			if terms := text.Terms(part); !text.Match(key, terms) {
				t.Fatalf("%+q with terms %+q does not find itself in %+q", part, terms, key)
			}
		}
		if text.Fold(key) != key {
			t.Fatalf("the key %+q of (%+q, %+q) is not folded", key, code, name)
		}
		if strings.Contains(key, "  ") {
			t.Fatalf("the key %+q has an empty word", key)
		}
	})
}
