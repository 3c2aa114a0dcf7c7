package exchange

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"soroi/internal/text"
)

// Encoding is how the characters of a file are written.
type Encoding string

// The encodings, for reading and writing.
const (
	UTF8     Encoding = "utf-8"
	UTF8BOM  Encoding = "utf-8-bom" // with the mark by which Excel knows UTF-8
	CP932    Encoding = "cp932"     // what Windows and the malls call Shift_JIS
	UTF16LE  Encoding = "utf-16le"  // Excel's "Unicode text", with its mark
	UTF16BE  Encoding = "utf-16be"
	Workbook Encoding = "xlsx" // no text at all; the names inside are Unicode
)

// Encodings lists those of text, for a form.
var Encodings = []Encoding{UTF8BOM, CP932, UTF8, UTF16LE, UTF16BE}

// Name is how people call it.
func (e Encoding) Name() string {
	switch e {
	case UTF8:
		return "UTF-8"
	case UTF8BOM:
		return "UTF-8 (BOM)"
	case CP932:
		return "Shift_JIS (CP932)"
	case UTF16LE:
		return "UTF-16LE"
	case UTF16BE:
		return "UTF-16BE"
	case Workbook:
		return "Excel (.xlsx)"
	}
	return string(e)
}

// Detection says which encoding a file has and how that is known.
type Detection struct {
	Encoding Encoding `json:"encoding"`
	Why      Why      `json:"why"`
	// Sure is false where the bytes would make sense in another encoding too, or in none: then a person should look.
	Sure bool `json:"sure"`
	// Other is the encoding in which the whole file would make sense as well; "" when there is none.
	Other Encoding `json:"other,omitempty"`
	// Broken counts the spots that are no characters in Encoding.
	Broken int64 `json:"broken,omitempty"`

	mark int // bytes of the byte order mark
}

// Why names the reason of a detection.
type Why string

// The reasons.
const (
	WhyAsked     Why = "asked"     // somebody said so
	WhyMark      Why = "mark"      // the file begins with a byte order mark
	WhyASCII     Why = "ascii"     // nothing but ASCII, which is the same in UTF-8 and CP932
	WhyValid     Why = "valid"     // the only encoding in which every byte makes sense
	WhyLikely    Why = "likely"    // makes sense in UTF-8 and in CP932; this one is likelier
	WhyZeros     Why = "zeros"     // zero bytes at every other place: UTF-16 without its mark
	WhyMost      Why = "most"      // no encoding fits all of the file; this one fits most of it
	WhyContainer Why = "container" // a workbook
)

var whyWords = map[Why]Words{
	WhyAsked:     {"指定された文字コードです", "it was asked for"},
	WhyMark:      {"先頭の印(BOM)で分かります", "the file begins with its mark (BOM)"},
	WhyASCII:     {"半角英数字だけのファイルです", "the file holds nothing but ASCII"},
	WhyValid:     {"すべての文字が読めるのはこの文字コードだけです", "it is the only encoding in which every byte makes sense"},
	WhyLikely:    {"ほかの文字コードとしても読めますが、こちらが自然です", "the file makes sense in another encoding too; this one is likelier"},
	WhyZeros:     {"一つおきの 0 のバイトで分かります", "every other byte is zero"},
	WhyMost:      {"読めない箇所が最も少ない文字コードです", "it is the encoding with the fewest broken spots"},
	WhyContainer: {"Excel ブックです", "the file is a workbook"},
}

// Sentence says why, for people.
func (w Why) Sentence(lang Language) string { return whyWords[w].In(lang) }

// survey is what one pass over a file finds.
type survey struct {
	sha256    string
	head      []byte // the first bytes
	size      int64
	evenZeros int64 // zero bytes at even places
	oddZeros  int64
	highBytes int64 // bytes from 80 on
	controls  int64 // bytes below 20 other than tab, line ends, zero, escape and the old mark of the end of a file
	escapes   int64 // the beginnings of kanji in ISO-2022-JP
	euc       eucTally
	utf8, jis tally
}

// tally is how a file reads in one encoding.
type tally struct {
	broken int64
	wide   int64 // kana, kanji and their signs
	half   int64 // half-width kana
	other  int64 // other characters that UTF-8 writes in three bytes or more
	short  int64 // those that it writes in two: é, Greek, Cyrillic
}

// look reads all of in once.
func look(in Input) (*survey, error) {
	s := &survey{size: in.Size()}
	sum := sha256.New()
	count := &counter{}
	pass := func(encoding Encoding, t *tally, also io.Writer) error {
		var r io.Reader = io.NewSectionReader(in, 0, s.size)
		if also != nil {
			r = io.TeeReader(r, also)
		}
		d := newDecoder(r, encoding, 0, s.size)
		for {
			text, err := d.next()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return fmt.Errorf("read the file: %w", err)
			}
			t.add(text)
		}
	}
	if err := pass(UTF8, &s.utf8, io.MultiWriter(sum, count)); err != nil {
		return nil, err
	}
	s.sha256 = hex.EncodeToString(sum.Sum(nil))
	s.head, s.evenZeros, s.oddZeros, s.highBytes, s.controls = count.head, count.zeros[0], count.zeros[1], count.high, count.controls
	s.escapes, s.euc = count.escapes, count.euc
	if s.highBytes > 0 {
		if err := pass(CP932, &s.jis, nil); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// counter counts bytes as they come by.
type counter struct {
	head     []byte
	n        int64
	zeros    [2]int64
	high     int64
	controls int64
	escapes  int64
	last     byte
	euc      eucTally
}

// eucTally is how a file reads in EUC-JP, of which every character makes sense as half-width kana of CP932.
type eucTally struct {
	broken int64
	kana   int64 // hiragana and katakana
	kanji  int64 // and signs
	lead   byte  // waits for its second byte
}

func (e *eucTally) add(b byte) {
	switch lead := e.lead; {
	case lead != 0:
		e.lead = 0
		switch {
		case b < 0xA1 || b == 0xFF:
			e.broken++
		case lead == 0xA4 || lead == 0xA5:
			e.kana++
		default:
			e.kanji++
		}
	case b < 0x80:
	case b >= 0xA1 && b != 0xFF, b == 0x8E:
		e.lead = b
	default:
		e.broken++
	}
}

func (c *counter) Write(p []byte) (int, error) {
	if room := 4096 - len(c.head); room > 0 {
		c.head = append(c.head, p[:min(room, len(p))]...)
	}
	for i, b := range p {
		if b >= 0x80 || c.euc.lead != 0 {
			c.euc.add(b)
		}
		if b == '$' && c.last == 0x1B {
			c.escapes++
		}
		c.last = b
		switch {
		case b >= 0x80:
			c.high++
		case b >= 0x20, b == '\t', b == '\n', b == '\r', b == 0x1A, b == 0x1B, b == '\f', b == '\v':
		case b == 0:
			c.zeros[(c.n+int64(i))&1]++
		default:
			c.controls++
		}
	}
	c.n += int64(len(p))
	return len(p), nil
}

func (t *tally) add(text []byte) {
	for len(text) > 0 {
		if n := asciiRun(text); n > 0 {
			text = text[n:]
			continue
		}
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		switch {
		case r == utf8.RuneError && size == 1:
			t.broken++
		case 0xFF61 <= r && r <= 0xFF9F:
			t.half++
		case 0x3000 <= r && r <= 0x9FFF, 0xF900 <= r && r <= 0xFAFF, 0xFF01 <= r && r <= 0xFFEF, r >= 0x20000:
			t.wide++
		case r < 0x800:
			t.short++
		default:
			t.other++
		}
	}
}

// detect decides which encoding a file of text has. A file that is none of text gives a *Problem.
func (s *survey) detect() (Detection, error) {
	switch {
	case s.size == 0:
		return Detection{}, &Problem{Code: FileEmpty}
	case bytes.HasPrefix(s.head, []byte("\xEF\xBB\xBF")):
		return Detection{Encoding: UTF8BOM, Why: WhyMark, Sure: s.utf8.broken == 0, Broken: s.utf8.broken, mark: 3}, nil
	case bytes.HasPrefix(s.head, []byte("\xFF\xFE")):
		return Detection{Encoding: UTF16LE, Why: WhyMark, Sure: true, mark: 2}, nil
	case bytes.HasPrefix(s.head, []byte("\xFE\xFF")):
		return Detection{Encoding: UTF16BE, Why: WhyMark, Sure: true, mark: 2}, nil
	}
	// Delimiters, digits and line ends are ASCII, so at least an eighth of the units of a table in UTF-16 have a zero half.
	if zeros := s.evenZeros + s.oddZeros; s.size%2 == 0 && zeros*16 >= s.size {
		switch {
		case s.evenZeros*50 <= s.oddZeros:
			return Detection{Encoding: UTF16LE, Why: WhyZeros, Sure: true}, nil
		case s.oddZeros*50 <= s.evenZeros:
			return Detection{Encoding: UTF16BE, Why: WhyZeros, Sure: true}, nil
		}
	}
	if bad := s.controls + s.evenZeros + s.oddZeros; bad > 3 && bad*20 > s.size {
		return Detection{}, &Problem{Code: FileBinary, Hint: fmt.Sprintf("control bytes: %d / %d", bad, s.size)}
	}
	switch {
	case s.escapes > 0 && s.highBytes == 0:
		return Detection{}, &Problem{Code: FileOtherEncoding, Hint: "ISO-2022-JP (JIS)"}
	case s.utf8.broken > 0 && s.euc.broken == 0 && s.euc.kana > 3 && s.euc.kana*3 > s.euc.kanji:
		return Detection{}, &Problem{Code: FileOtherEncoding, Hint: "EUC-JP"}
	}
	switch utf8OK, jisOK := s.utf8.broken == 0, s.jis.broken == 0; {
	case s.highBytes == 0:
		return Detection{Encoding: UTF8, Why: WhyASCII, Sure: true, Other: CP932}, nil
	case utf8OK && jisOK:
		// Kana and common kanji of CP932 are never valid UTF-8, so that is likelier by far. What can be both by chance: é is ﾃｩ.
		return Detection{Encoding: UTF8, Why: WhyLikely, Sure: s.utf8.wide+s.utf8.half+s.utf8.other > 0, Other: CP932}, nil
	case utf8OK:
		return Detection{Encoding: UTF8, Why: WhyValid, Sure: true}, nil
	case jisOK && s.utf8.wide <= s.utf8.broken:
		return Detection{Encoding: CP932, Why: WhyValid, Sure: s.utf8.wide == 0}, nil
	}
	// Japanese of three bytes a character is no chance, so even a file with broken spots is UTF-8 when it holds more of it than of them.
	d := Detection{Encoding: CP932, Why: WhyMost, Broken: s.jis.broken}
	if s.utf8.wide > s.utf8.broken {
		d = Detection{Encoding: UTF8, Why: WhyMost, Broken: s.utf8.broken}
	}
	if d.Broken*5 > s.highBytes && s.highBytes > 20 {
		return Detection{}, &Problem{Code: FileBinary, Hint: fmt.Sprintf("UTF-8: %d, CP932: %d broken spots", s.utf8.broken, s.jis.broken)}
	}
	return d, nil
}

// asked is the detection when a person has said which encoding it is.
func (s *survey) asked(encoding Encoding) Detection {
	d := Detection{Encoding: encoding, Why: WhyAsked, Sure: true}
	switch encoding {
	case UTF8, UTF8BOM:
		d.Encoding, d.Broken = UTF8, s.utf8.broken
		if bytes.HasPrefix(s.head, []byte("\xEF\xBB\xBF")) {
			d.Encoding, d.mark = UTF8BOM, 3
		}
	case CP932:
		d.Broken = s.jis.broken
	case UTF16LE:
		if bytes.HasPrefix(s.head, []byte("\xFF\xFE")) {
			d.mark = 2
		}
	case UTF16BE:
		if bytes.HasPrefix(s.head, []byte("\xFE\xFF")) {
			d.mark = 2
		}
	}
	return d
}

// container is what a file is by its first bytes, when it is no text.
type container int

const (
	noContainer container = iota
	zipContainer
	oleContainer // .xls, and workbooks with a password
	otherContainer
)

var magics = []struct {
	head string
	is   container
	name string
}{
	{"PK\x03\x04", zipContainer, ""},
	{"PK\x05\x06", zipContainer, ""},
	{"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", oleContainer, ""},
	{"\x09\x08", oleContainer, ""}, // Excel 4 and 5 without a container
	{"%PDF-", otherContainer, "PDF"},
	{"\x1F\x8B", otherContainer, "gzip"},
	{"7z\xBC\xAF\x27\x1C", otherContainer, "7z"},
	{"Rar!", otherContainer, "RAR"},
	{"\x89PNG", otherContainer, "PNG"},
	{"\xFF\xD8\xFF", otherContainer, "JPEG"},
	{"GIF8", otherContainer, "GIF"},
	{"SQLite format 3", otherContainer, "SQLite"},
}

// kind looks for the marks of files that are no text.
func (s *survey) kind() (is container, name string) {
	for _, magic := range magics {
		if bytes.HasPrefix(s.head, []byte(magic.head)) {
			return magic.is, magic.name
		}
	}
	start := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(s.head, []byte("\xEF\xBB\xBF")), " \t\r\n"))
	for _, page := range []struct{ head, name string }{{"<!doctype html", "HTML"}, {"<html", "HTML"}, {"<?xml", "XML"}, {"<table", "HTML"}, {"{\"", "JSON"}, {"[{", "JSON"}} {
		if bytes.HasPrefix(start, []byte(page.head)) {
			return otherContainer, page.name
		}
	}
	return noContainer, ""
}

// isUTF8 tells whether a cell that was read as CP932 is UTF-8 in truth: in a file of two encodings such cells often make sense in both. Kana and
// common kanji of CP932 never do, so Japanese of three bytes a character that comes out whole is no chance.
func isUTF8(cell string) bool {
	start := strings.IndexFunc(cell, func(r rune) bool { return r >= utf8.RuneSelf })
	if start < 0 {
		return false
	}
	var buf [128]byte
	b := buf[:0]
	for i, r := range cell[start:] {
		pair, n := text.EncodeCP932(r)
		if n == 0 {
			return false // a broken spot, which is told as such
		}
		if b = append(b, pair[:n]...); i == 0 && (b[0] < 0xC2 || b[0] > 0xEF) {
			return false
		}
	}
	var t tally
	t.add(b)
	return t.broken == 0 && t.wide > 0
}
