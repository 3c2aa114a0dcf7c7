package exchange

import (
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"soroi/internal/text"
)

// broken stands in decoded text for one or two bytes of the file that are no character in its encoding. UTF-8 never holds it.
const broken = 0xFF

// blockBytes is how much is read at a time.
const blockBytes = 64 << 10

// decoder turns the bytes of a file into UTF-8, block by block, in memory that does not depend on the file. Each broken spot
// is one byte 0xFF in its output, and its place in the file is in spots, in order.
type decoder struct {
	in       io.Reader
	encoding Encoding
	raw      []byte // a block, with what was left of the one before at its start
	left     int    // bytes of raw that wait for more
	offset   int64  // in the file, of raw[0]
	out      []byte
	spots    []int64 // where the 0xFF of the last block came from
	end      bool
}

// newDecoder reads in, size bytes that begin at offset of the file.
func newDecoder(in io.Reader, encoding Encoding, offset, size int64) *decoder {
	return &decoder{in: in, encoding: encoding, offset: offset, raw: make([]byte, min(blockBytes, size+utf8.UTFMax))}
}

// next gives the next piece of text; it is the decoder's own until the call after. The end is io.EOF, alone.
func (d *decoder) next() ([]byte, error) {
	for !d.end {
		n, err := io.ReadFull(d.in, d.raw[d.left:])
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			d.end = true
		default:
			return nil, err
		}
		block := d.raw[:d.left+n]
		d.spots = d.spots[:0]
		var text []byte
		var used int
		switch d.encoding {
		case CP932:
			text, used = d.cp932(block)
		case UTF16LE, UTF16BE:
			text, used = d.utf16(block)
		default:
			text, used = d.utf8(block)
		}
		d.offset += int64(used)
		if text = d.keep(text, block[used:]); len(text) > 0 {
			return text, nil
		}
	}
	return nil, io.EOF
}

// keep moves what is left of a block to its start. When text is part of the block it is copied first.
func (d *decoder) keep(text, rest []byte) []byte {
	if len(rest) > 0 && len(text) > 0 && &text[0] == &d.raw[0] {
		d.out = append(d.out[:0], text...)
		text = d.out
	}
	d.left = copy(d.raw, rest)
	return text
}

func (d *decoder) spot(at int) {
	d.spots = append(d.spots, d.offset+int64(at))
	d.out = append(d.out, broken)
}

// utf8 gives a whole block as it is.
func (d *decoder) utf8(block []byte) (text []byte, used int) {
	whole := len(block)
	if !d.end {
		whole = fullRunes(block)
	}
	if utf8.Valid(block[:whole]) {
		return block[:whole], whole
	}
	d.out = d.out[:0]
	for i := 0; i < whole; {
		r, size := utf8.DecodeRune(block[i:whole])
		if r == utf8.RuneError && size == 1 {
			d.spot(i)
		} else {
			d.out = append(d.out, block[i:i+size]...)
		}
		i += size
	}
	return d.out, whole
}

// fullRunes is the length of b without the beginning of a character at its end.
func fullRunes(b []byte) int {
	for i := len(b) - 1; i >= 0 && i > len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:]) {
				return i
			}
			break
		}
	}
	return len(b)
}

func (d *decoder) cp932(block []byte) (text []byte, used int) {
	d.out = d.out[:0]
	for used < len(block) {
		if n := asciiRun(block[used:]); n > 0 {
			d.out = append(d.out, block[used:used+n]...)
			used += n
			continue
		}
		r, size := text932(block[used:])
		switch {
		case size == 0 && !d.end:
			return d.out, used
		case size == 0:
			size = 1
			d.spot(used)
		case r == utf8.RuneError:
			d.spot(used)
		default:
			d.out = utf8.AppendRune(d.out, r)
		}
		used += size
	}
	return d.out, used
}

// text932 is here under a name of its own, since text is what a decoder gives.
var text932 = text.DecodeCP932

// asciiRun is how many bytes at the start of b are ASCII.
func asciiRun(b []byte) int {
	for i, c := range b {
		if c >= utf8.RuneSelf {
			return i
		}
	}
	return len(b)
}

func (d *decoder) utf16(block []byte) (text []byte, used int) {
	d.out = d.out[:0]
	unit := func(i int) rune {
		if d.encoding == UTF16BE {
			return rune(block[i])<<8 | rune(block[i+1])
		}
		return rune(block[i+1])<<8 | rune(block[i])
	}
	for used+2 <= len(block) {
		r := unit(used)
		if !utf16.IsSurrogate(r) {
			d.out = utf8.AppendRune(d.out, r)
			used += 2
			continue
		}
		if used+4 > len(block) && !d.end {
			return d.out, used
		}
		if used+4 <= len(block) {
			if r := utf16.DecodeRune(r, unit(used+2)); r != utf8.RuneError {
				d.out = utf8.AppendRune(d.out, r)
				used += 4
				continue
			}
		}
		d.spot(used)
		used += 2
	}
	if d.end && used < len(block) {
		d.spot(used)
		used = len(block)
	}
	return d.out, used
}
