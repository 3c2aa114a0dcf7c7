package text

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// An index key is what an index of words and codes keeps of one thing, in two lines:
//
//	" kz1001nvm  4901234567894 \n kz 1001 nv m  オ-ガニツクコツトン 長袖 t シヤツ "
//
// First the codes, bare: folded, without what parts words. Then the parts in words. A word is a run of one script: Latin letters and digits, or Japanese of
// one kind; spaces, dashes and other punctuation part words, a bar after katakana is a long vowel. Words of one part have one space between them, parts have
// two, so that what adjoins in a part adjoins in the key.

// codesEnd is between the codes of a key and its words.
const codesEnd = "\n"

// IndexKey is the index key of something with codes and texts. A text's words with dashes inside are in it without them too, so that MX-700 in a
// name is found as mx700. Codes are in it as codes, and as words where they have several.
func IndexKey(codes []string, texts ...string) string {
	var bares, parts []string
	add := func(list *[]string, part string) {
		if part != "" && !slices.Contains(*list, part) {
			*list = append(*list, part)
		}
	}
	for _, code := range codes {
		words := split(Fold(code))
		add(&bares, strings.Join(words, ""))
		if len(words) > 1 || len(words) == 1 && !latin(words[0]) {
			add(&parts, strings.Join(words, " "))
		}
	}
	for _, text := range texts {
		folded := Fold(text)
		add(&parts, strings.Join(split(folded), " "))
		for token := range strings.FieldsSeq(folded) {
			token = strings.Trim(token, "-")
			if bare := strings.ReplaceAll(token, "-", ""); bare != token && latin(bare) && len(split(bare)) == 1 {
				add(&parts, bare)
			}
		}
	}
	return " " + strings.Join(bares, "  ") + " " + codesEnd + " " + strings.Join(parts, "  ") + " "
}

// BareCode is a code as an index key has it.
func BareCode(code string) string { return strings.Join(split(Fold(code)), "") }

// IndexCodes are the bare codes of an index key.
func IndexCodes(key string) []string {
	codes, _, _ := strings.Cut(key, codesEnd)
	return strings.Fields(codes)
}

// IndexWords are the words of an index key that are worth an index's while, each once: all but single Latin letters, digits and signs.
func IndexWords(key string) []string {
	_, key, _ = strings.Cut(key, codesEnd)
	var words []string
	for word := range strings.FieldsSeq(key) {
		if Indexed(word) && !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return words
}

// Indexed tells whether an index keeps a word.
func Indexed(word string) bool {
	r, size := utf8.DecodeRuneInString(word)
	switch classOf(r) {
	case alnum:
		return len(word) > size
	case kana, han, other:
		return true
	}
	return false
}

// WordTails are the ends under which an index finds a word: by any of its ends where it is Japanese, since nothing parts コットン from
// オーガニックコットン; as a whole and reversed behind "<" where it is Latin, for its beginning and its end.
func WordTails(word string) []string {
	if latin(word) {
		return []string{word, "<" + reverse(word)}
	}
	var tails []string
	for i := range word {
		tails = append(tails, word[i:])
	}
	return tails
}

func reverse(s string) string {
	runes := []rune(s)
	slices.Reverse(runes)
	return string(runes)
}

// Reverse is s backwards, by characters: what ends in s begins with it.
func Reverse(s string) string { return reverse(s) }

// IndexTerm is one word of a query as an index looks for it. It is found where a code begins or ends with Bare, or where Words adjoin in a part: the
// first of them as the end of a word, the last as the beginning of one. A single Latin word is found at either end of a word, a single Japanese one
// anywhere in it.
type IndexTerm struct {
	Bare  string
	Words []string // at least one
}

// IndexTerms are the terms of a query, each once. All of them must be found. Bars, spaces and punctuation alone are no terms. As in Terms, a
// bar at the end is not searched for, unless the word is short.
func IndexTerms(query string) []IndexTerm {
	var terms []IndexTerm
	for token := range strings.FieldsSeq(Fold(query)) {
		t := IndexTerm{Words: split(token)}
		t.Bare = strings.Join(t.Words, "")
		if n := len(t.Words); n > 0 {
			if bare := strings.TrimRight(t.Words[n-1], "-"); utf8.RuneCountInString(bare) >= 3 {
				t.Words[n-1] = bare
			}
		}
		if len(t.Words) == 0 {
			continue
		}
		if !slices.ContainsFunc(terms, func(o IndexTerm) bool { return o.Bare == t.Bare && slices.Equal(o.Words, t.Words) }) {
			terms = append(terms, t)
		}
	}
	return terms
}

// Parts are the texts of which an index key must hold one for the term to be found in it. They hold letters, digits, signs, spaces and bars only.
func (t IndexTerm) Parts() []string {
	switch words := strings.Join(t.Words, " "); {
	case words == t.Bare && !latin(words):
		return []string{words}
	case words == t.Bare:
		return []string{" " + words, words + " "}
	case len(t.Words) == 1 && latin(words):
		return []string{" " + t.Bare, t.Bare + " ", " " + words, words + " "}
	default:
		return []string{" " + t.Bare, t.Bare + " ", words}
	}
}

// Find tells whether an index key holds every term.
func Find(key string, terms []IndexTerm) bool {
	for _, t := range terms {
		if !slices.ContainsFunc(t.Parts(), func(part string) bool { return strings.Contains(key, part) }) {
			return false
		}
	}
	return true
}

// class is what kind of character one is. Words are runs of one class.
type class int

const (
	gap   class = iota // parts words and is no part of any
	sign               // a word by itself: symbols and emoji
	alnum              // Latin letters and digits
	kana
	han
	other // letters of other scripts, and characters of the merchant's own
)

func classOf(r rune) class {
	switch {
	case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
		return alnum
	case r >= 'ァ' && r <= 'ヺ', r == 'ヽ', r == 'ヾ':
		return kana
	case unicode.Is(unicode.Han, r), r == '々', r == '〆':
		return han
	case unicode.Is(unicode.Latin, r), unicode.IsDigit(r):
		return alnum
	case unicode.IsPunct(r), unicode.IsSpace(r):
		return gap
	case unicode.IsSymbol(r):
		return sign
	}
	return other
}

// latin tells whether a word is of Latin letters and digits, with a point or comma inside numbers.
func latin(word string) bool {
	r, _ := utf8.DecodeRuneInString(word)
	return classOf(r) == alnum
}

// longestWord bounds a word, in characters: a longer run of one script is several.
const longestWord = 64

// split parts a folded text into its words.
func split(folded string) []string {
	var words []string
	start, last, length := 0, gap, 0
	flush := func(end int) {
		if last != gap && end > start {
			words = append(words, folded[start:end])
		}
		start, length = end, 0
	}
	for i, r := range folded {
		c := classOf(r)
		size := utf8.RuneLen(r)
		switch {
		case r == '-' && last == kana:
			c = kana // a long vowel
		case (r == '.' || r == ',') && last == alnum && digitAt(folded, i-1) && digitAt(folded, i+size):
			c = alnum // inside a number
		}
		if c != last || c == sign || length == longestWord {
			flush(i)
		}
		length++
		if c == gap {
			start = i + size
		}
		last = c
	}
	flush(len(folded))
	return words
}

func digitAt(s string, i int) bool { return i >= 0 && i < len(s) && s[i] >= '0' && s[i] <= '9' }
