package text

import (
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding/japanese"
)

// CP932 is what Windows, spreadsheets and the malls call Shift_JIS: JIS X 0208 with the extensions of NEC and IBM (①㈱髙).
// The pairs come from golang.org/x/text. It differs from Microsoft's table in two things, mended here: it lacks the user-defined
// pairs (F040–F9FC, U+E000–U+E757 on Windows), and of the characters that stand in the table twice it writes NEC's copies (ED, EE) where Windows
// writes IBM's (FA–FC). The second byte of a pair may be an ASCII byte such as 5C ("\", in ソ and 表): only reading pair by pair
// tells the two apart.
//
// 80, A0 and FD–FF are no characters here. Windows maps them to controls, but no text holds them: they are the sign of a
// broken or differently encoded file.

const (
	pairRows    = 60  // lead bytes 81–9F and E0–FC
	pairColumns = 189 // trail bytes 40–FC
)

// cp932Tables holds both directions, made once when first needed.
type cp932Tables struct {
	decode [pairRows * pairColumns]uint16 // 0 where there is no character
	encode [0x10000]uint16                // the pair as one number, high byte first; 0 where there is none
}

var cp932 = sync.OnceValue(func() *cp932Tables {
	t := new(cp932Tables)
	decoder, encoder := japanese.ShiftJIS.NewDecoder(), japanese.ShiftJIS.NewEncoder()
	for row := range pairRows {
		lead := byte(0x81 + row)
		if row >= 31 {
			lead = byte(0xE0 + row - 31)
		}
		for column := range pairColumns {
			trail := byte(0x40 + column)
			if trail == 0x7F {
				continue
			}
			if 0xF0 <= lead && lead <= 0xF9 {
				t.decode[row*pairColumns+column] = 0xE000 + uint16(lead-0xF0)*188 + uint16(column)
				if trail > 0x7F {
					t.decode[row*pairColumns+column]--
				}
				t.encode[t.decode[row*pairColumns+column]] = uint16(lead)<<8 | uint16(trail)
				continue
			}
			s, err := decoder.Bytes([]byte{lead, trail})
			if r, size := utf8.DecodeRune(s); err == nil && size == len(s) && r != utf8.RuneError {
				t.decode[row*pairColumns+column] = uint16(r)
				switch pair, err := encoder.Bytes(s); {
				case err != nil || len(pair) != 2:
				case pair[0] != 0xED && pair[0] != 0xEE:
					t.encode[r] = uint16(pair[0])<<8 | uint16(pair[1])
				case lead >= 0xFA:
					t.encode[r] = uint16(lead)<<8 | uint16(trail)
				}
			}
		}
	}
	return t
})

// DecodeCP932 reads the character at the start of b and gives how many bytes it takes. What is no character gives
// utf8.RuneError, which CP932 itself cannot hold, and the bytes to step over: 1, or 2 where both belong to a pair without a
// character. A lead byte at the end of b gives size 0: it needs the byte after it.
func DecodeCP932(b []byte) (r rune, size int) {
	if len(b) == 0 {
		return utf8.RuneError, 0
	}
	lead := b[0]
	var row int
	switch {
	case lead < utf8.RuneSelf:
		return rune(lead), 1
	case 0xA1 <= lead && lead <= 0xDF:
		return rune(lead) - 0xA1 + 0xFF61, 1
	case 0x81 <= lead && lead <= 0x9F:
		row = int(lead) - 0x81
	case 0xE0 <= lead && lead <= 0xFC:
		row = int(lead) - 0xE0 + 31
	default:
		return utf8.RuneError, 1
	}
	if len(b) == 1 {
		return utf8.RuneError, 0
	}
	trail := b[1]
	if trail < 0x40 || trail == 0x7F || trail > 0xFC {
		return utf8.RuneError, 1
	}
	if r := cp932().decode[row*pairColumns+int(trail)-0x40]; r != 0 {
		return rune(r), 2
	}
	if trail < utf8.RuneSelf {
		return utf8.RuneError, 1 // the second byte stands for itself
	}
	return utf8.RuneError, 2
}

// EncodeCP932 gives the bytes of r, the first one alone when size is 1. Size is 0 when CP932 has no such character; nothing is
// written for another one that looks alike (see CP932Twin).
func EncodeCP932(r rune) (b [2]byte, size int) {
	switch {
	case 0 <= r && r < utf8.RuneSelf:
		return [2]byte{byte(r)}, 1
	case 0xFF61 <= r && r <= 0xFF9F:
		return [2]byte{byte(r - 0xFF61 + 0xA1)}, 1
	case r < 0 || r > 0xFFFF:
		return b, 0
	}
	pair := cp932().encode[r]
	if pair == 0 {
		return b, 0
	}
	return [2]byte{byte(pair >> 8), byte(pair)}, 2
}

// twins are characters that other systems write for one that CP932 has: the same sign of JIS X 0208, to which Unicode's tables
// gave two code points. Macs and most tools type the left one, Windows the right one.
var twins = map[rune]rune{
	'〜': '\uFF5E', '−': '\uFF0D', '‖': '∥', '—': '―', '¢': '\uFFE0', '£': '\uFFE1', '¬': '\uFFE2', '¥': '\uFFE5', '‾': '\uFFE3', '¦': '\uFFE4',
}

// CP932Twin gives the character that stands in CP932 for r (～ for 〜), and false when there is none. Reading it back gives the
// twin, so it is for text that people read, never for codes.
func CP932Twin(r rune) (rune, bool) {
	twin, ok := twins[r]
	return twin, ok
}
