// Package text makes Japanese text comparable: what a person types into a search box finds what a mall's catalogue or a
// spreadsheet wrote, whatever the width, the kana or the case. It is pure; what was typed is always stored as typed, and
// the folded form serves searching only.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The voiced sound marks as combining characters; the only marks that tell two kana apart.
const (
	dakuten    = '\u3099'
	handakuten = '\u309A'
)

// Fold gives the form of s under which searching compares. Two texts fold to the same when they differ only in
//
//   - width: full and half (A and U+FF21, ガ and U+FF76 U+FF9E), カ゛ and ガ, ㍑ and リットル, ① and 1 (compatibility forms of Unicode);
//   - kana: ひらがな and ヒラガナ; small and large ones too, since キヤノン and キャノン are one maker;
//   - case, and the marks on letters: É, é and e;
//   - the bar: every dash, minus, wave and the long vowel mark ー is one "-", since people type any of them for any other;
//   - middle dots between words, invisible characters, and how much white space there is.
//
// The result is valid UTF-8 in normal form C without control characters, its words are parted by single spaces, and
// folding it again changes nothing. If a holds b in one word of it, Fold(a) holds Fold(b).
func Fold(s string) string {
	if folded, ok := foldASCII(s); ok {
		return folded
	}
	var b strings.Builder
	b.Grow(len(s))
	var last rune // the last rune written; 0 at the start, where white space is swallowed
	space := false
	for _, r := range norm.NFKD.String(combining(strings.ToValidUTF8(s, " "))) {
		if unicode.IsSpace(r) {
			space = last != 0
			continue
		}
		r = foldRune(r)
		if r < 0 || (r == dakuten || r == handakuten) && (space || !voices(last, r)) {
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
		last = r
	}
	return norm.NFC.String(b.String())
}

// foldASCII folds the usual case, a code, without the tables; ok is false when s holds anything else.
func foldASCII(s string) (folded string, ok bool) {
	plain := true // s is its own folded form
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			return "", false
		case 'A' <= c && c <= 'Z', c < ' ', c == 0x7F, c == '~', c == '`':
			plain = false
		case c == ' ':
			plain = plain && i > 0 && i < len(s)-1 && s[i-1] != ' '
		}
	}
	if plain {
		return s, true
	}
	b := make([]byte, 0, len(s))
	space := false
	for i := 0; i < len(s); i++ {
		if unicode.IsSpace(rune(s[i])) {
			space = len(b) > 0
			continue
		}
		r := foldRune(rune(s[i]))
		if r < 0 {
			continue
		}
		if space {
			b = append(b, ' ')
			space = false
		}
		b = append(b, byte(r))
	}
	return string(b), true
}

// combining turns the voiced sound marks that stand alone (゛゜) into the ones that join the kana before them; their
// compatibility form would put a space between.
func combining(s string) string {
	if !strings.ContainsAny(s, "゛゜") {
		return s
	}
	return strings.NewReplacer("゛", string(dakuten), "゜", string(handakuten)).Replace(s)
}

// foldRune folds one rune of text in compatibility decomposition; −1 means that it goes.
func foldRune(r rune) rune {
	switch {
	case r == dakuten || r == handakuten:
		return r
	case r == '・' || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || mark(r):
		return -1
	case bar(r):
		return '-'
	}
	switch r {
	case '‘', '’', '‛', '`':
		return '\''
	case '“', '”', '‟':
		return '"'
	}
	return large(katakana(unicode.ToLower(unicode.ToUpper(r))))
}

// mark reports whether r only changes the letter before it.
func mark(r rune) bool {
	return unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) ||
		unicode.Is(unicode.Mc, r) && norm.NFD.PropertiesString(string(r)).CCC() != 0
}

// bar reports whether r is drawn as one stroke across the line.
func bar(r rune) bool {
	switch r {
	case 'ー', '〜', '~', '−', '─', '━', '˗', '⁃', '∼':
		return true
	}
	return unicode.Is(unicode.Pd, r)
}

// katakana gives the katakana of a hiragana, and everything else as it is.
func katakana(r rune) rune {
	if 'ぁ' <= r && r <= 'ゖ' || r == 'ゝ' {
		return r + 'ア' - 'あ'
	}
	return r
}

// large gives the full-sized katakana of a small one, and everything else as it is.
func large(r rune) rune {
	switch {
	case r < 'ァ' || r > 'ㇿ':
		return r
	case r <= 'オ' && (r-'ァ')%2 == 0: // ァィゥェォ stand before their large ones
		return r + 1
	}
	switch r {
	case 'ッ', 'ャ', 'ュ', 'ョ', 'ヮ':
		return r + 1
	case 'ヵ':
		return 'カ'
	case 'ヶ':
		return 'ケ'
	}
	if r >= 'ㇰ' {
		return []rune("クシストヌハヒフヘホムラリルレロ")[r-'ㇰ']
	}
	return r
}

// voices reports whether kana and the sound mark make one character.
func voices(kana, mark rune) bool {
	pair := string([]rune{kana, mark})
	return utf8.RuneCountInString(norm.NFC.String(pair)) == 1
}
