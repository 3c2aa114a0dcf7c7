package exchange

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"soroi/internal/text"
)

// WriteOptions say how a file is written. The zero value is all columns, for a spreadsheet, in UTF-8 with the mark by which Excel knows it.
type WriteOptions struct {
	Encoding Encoding   // "" is UTF8BOM. UTF-16 is written with its mark and tabs, as Excel's "Unicode text"
	Columns  []string   // the keys, in the order wanted; nil is all that can be written
	Language Language   // of the headers
	Protect  Protection // "" is ForSpreadsheets
}

// geta (〓) stands where a printer has no type for a character. It is written for characters that the encoding lacks, and told.
const geta = '〓'

// Written is what became of the rows.
type Written struct {
	Rows int64
	// Replaced are the characters that the encoding lacks, with what stands for each: 〓, or the twin of the same look that CP932 has (～ for 〜). Codes are
	// never changed so; Write refuses them.
	Replaced []Replacement
}

// Replacement is a character that was written as another.
type Replacement struct {
	Character string `json:"character"`
	By        string `json:"by"`
	Times     int64  `json:"times"`
	FirstLine int    `json:"first_line"` // of the file, from 1
	Header    string `json:"column"`
}

// Writer writes rows of a format as a file, in constant memory. Writing to io.Discard first tells what would be replaced or refused.
type Writer[T any] struct {
	out     *sink
	columns []Column[T]
	headers []string
	protect Protection
	rows    int64
}

// NewWriter writes the headers. A key that the format does not have, or that is only read, is an error.
func NewWriter[T any](w io.Writer, f *Format[T], o WriteOptions) (*Writer[T], error) {
	out, err := newSink(w, o.Encoding)
	if err != nil {
		return nil, err
	}
	x := &Writer[T]{out: out, protect: o.Protect}
	if o.Columns == nil {
		for _, c := range f.Columns {
			if c.Get != nil {
				x.columns = append(x.columns, c)
			}
		}
	}
	for _, key := range o.Columns {
		i := slices.IndexFunc(f.Columns, func(c Column[T]) bool { return c.Key == key && c.Get != nil })
		if i < 0 {
			return nil, &Problem{Code: NoSuchColumn, Value: key, Hint: f.Name}
		}
		x.columns = append(x.columns, f.Columns[i])
	}
	for _, c := range x.columns {
		header := c.Header
		if o.Language == English {
			header = c.English
		}
		x.headers = append(x.headers, header)
	}
	return x, out.row(x.headers, x.headers, nil)
}

// Write writes rows. A code that the encoding cannot hold gives a *Problem with NotInEncoding, and the file must be thrown away.
func (x *Writer[T]) Write(rows ...T) error {
	cells, kinds := make([]string, len(x.columns)), make([]FieldKind, len(x.columns))
	for i := range rows {
		for j, c := range x.columns {
			cells[j], kinds[j] = c.Get(&rows[i]), c.Kind
			if x.protect != ForPrograms {
				cells[j] = protect(cells[j], c.Kind)
			}
		}
		if err := x.out.row(cells, x.headers, kinds); err != nil {
			return err
		}
		x.rows++
	}
	return nil
}

// Close writes what is left and tells what became of it. The io.Writer stays open.
func (x *Writer[T]) Close() (Written, error) {
	if err := x.out.w.Flush(); err != nil {
		return Written{}, fmt.Errorf("write the file: %w", err)
	}
	return Written{Rows: x.rows, Replaced: x.out.replaced}, nil
}

// sink writes rows of cells in an encoding, with CRLF at their ends.
type sink struct {
	w        *bufio.Writer
	encoding Encoding
	delim    string
	quoted   string // what makes a cell be written within quotation marks
	line     int
	replaced []Replacement
	buf      []byte
}

func newSink(w io.Writer, encoding Encoding) (*sink, error) {
	if encoding == "" {
		encoding = UTF8BOM
	}
	s := &sink{w: bufio.NewWriterSize(w, blockBytes), encoding: encoding, delim: ",", line: 1}
	mark := ""
	switch encoding {
	case UTF8, CP932:
	case UTF8BOM:
		mark = "\xEF\xBB\xBF"
	case UTF16LE:
		mark, s.delim = "\xFF\xFE", "\t"
	case UTF16BE:
		mark, s.delim = "\xFE\xFF", "\t"
	default:
		return nil, &Problem{Code: NoSuchEncoding, Value: string(encoding)}
	}
	s.delimit(s.delim[0])
	if _, err := s.w.WriteString(mark); err != nil {
		return nil, fmt.Errorf("write the file: %w", err)
	}
	return s, nil
}

// delimit sets what parts the cells.
func (s *sink) delimit(c byte) { s.delim, s.quoted = string(rune(c)), "\"\r\n"+string(rune(c)) }

func (s *sink) row(cells, headers []string, kinds []FieldKind) error {
	s.buf = s.buf[:0]
	lines := 1
	for i, cell := range cells {
		kind := TextField
		if kinds != nil {
			kind = kinds[i]
		}
		if i > 0 {
			s.put(rune(s.delim[0]))
		}
		quote := strings.ContainsAny(cell, s.quoted) || cell != "" && (cell[0] == ' ' || cell[len(cell)-1] == ' ') || cell == "" && len(cells) == 1
		if quote {
			s.put('"')
		}
		afterCR := false
		for at, r := range cell {
			if r == utf8.RuneError {
				if _, size := utf8.DecodeRuneInString(cell[at:]); size == 1 {
					return &Problem{Code: NotInEncoding, Line: s.line, EndLine: s.line, Header: headers[i], Value: cut(strings.ToValidUTF8(cell, "\uFFFD"), valueRunes), Hint: string(s.encoding.Name())}
				}
			}
			if r == '"' && quote {
				s.put('"')
			}
			if r == '\r' || r == '\n' && !afterCR {
				lines++
			}
			afterCR = r == '\r'
			if s.put(r) {
				continue
			}
			if kind == CodeField {
				return &Problem{Code: NotInEncoding, Line: s.line, EndLine: s.line, Header: headers[i], Value: cut(cell, valueRunes), Hint: string(s.encoding.Name())}
			}
			by, ok := text.CP932Twin(r)
			if !ok {
				by = geta
			}
			s.put(by)
			s.replace(r, by, headers[i])
		}
		if quote {
			s.put('"')
		}
	}
	s.put('\r')
	s.put('\n')
	s.line += lines
	if _, err := s.w.Write(s.buf); err != nil {
		return fmt.Errorf("write the file: %w", err)
	}
	return nil
}

// put adds a character; false when the encoding lacks it.
func (s *sink) put(r rune) bool {
	switch s.encoding {
	case CP932:
		b, n := text.EncodeCP932(r)
		s.buf = append(s.buf, b[:n]...)
		return n > 0
	case UTF16LE, UTF16BE:
		for _, unit := range utf16.AppendRune(nil, r) {
			high, low := byte(unit>>8), byte(unit)
			if s.encoding == UTF16LE {
				high, low = low, high
			}
			s.buf = append(s.buf, high, low)
		}
		return true
	}
	s.buf = utf8.AppendRune(s.buf, r)
	return true
}

// maxReplaced bounds how many different characters are told.
const maxReplaced = 1000

func (s *sink) replace(r, by rune, header string) {
	for i := range s.replaced {
		if s.replaced[i].Character == string(r) && s.replaced[i].Header == header {
			s.replaced[i].Times++
			return
		}
	}
	if len(s.replaced) < maxReplaced {
		s.replaced = append(s.replaced, Replacement{Character: string(r), By: string(by), Times: 1, FirstLine: s.line, Header: header})
	}
}

// WriteTemplate writes a file to fill in: the headers of a format, and a row of examples.
func WriteTemplate(w io.Writer, info Info, o WriteOptions) error {
	s, err := newSink(w, o.Encoding)
	if err != nil {
		return err
	}
	var headers, examples []string
	for _, f := range info.Fields {
		header := f.Header
		if o.Language == English {
			header = f.English
		}
		headers = append(headers, header)
		examples = append(examples, protect(f.Example, f.Kind))
	}
	if err := s.row(headers, headers, nil); err != nil {
		return err
	}
	if err := s.row(examples, headers, nil); err != nil {
		return err
	}
	if err := s.w.Flush(); err != nil {
		return fmt.Errorf("write the template: %w", err)
	}
	return nil
}
