package exchange

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"soroi/internal/text"
)

// DefaultMaxBytes bounds a file when Options say nothing: a million rows of a mall's widest export are below it.
const DefaultMaxBytes = 2 << 30

// Options say what the file cannot be asked. The zero value finds everything out.
type Options struct {
	Name       string   // the file's name, for the receipt
	Encoding   Encoding // "" looks at the bytes
	Delimiter  byte     // ',', '\t' or ';'; 0 looks at the header row
	HeaderLine int      // the line on which the headers stand; 0 is the first row that is not blank
	SheetName  string   // of a workbook; "" is its first sheet that is not empty
	TempDir    string   // for what a workbook unpacks; "" is the system's
	MaxBytes   int64    // 0 is DefaultMaxBytes
}

// Sheet is an open file: what it is, its headers, and its rows one after the other.
type Sheet struct {
	Name       string
	Size       int64
	SHA256     string // of the file's bytes, in hex: the key under which an import happens once
	Detection  Detection
	Delimiter  byte     // 0 in a workbook
	HeaderLine int      // from 1
	Headers    []string // without the white space around them; "" where a column has none
	SheetName  string   // the sheet that is read, in a workbook
	SheetNames []string // all of them
	BlankRows  int64    // passed over so far

	in     Input
	book   *workbook
	source source
}

// Open looks at a file once, from end to end, and says what it is; then its rows can be read. What cannot be read at all gives
// a *Problem. Close must be called.
func Open(in Input, o Options) (*Sheet, error) {
	limit := o.MaxBytes
	if limit <= 0 {
		limit = DefaultMaxBytes
	}
	if in.Size() > limit {
		return nil, &Problem{Code: FileTooLarge, Hint: megabytes(limit)}
	}
	seen, err := look(in)
	if err != nil {
		return nil, err
	}
	s := &Sheet{Name: o.Name, Size: seen.size, SHA256: seen.sha256, HeaderLine: o.HeaderLine, in: in}
	switch is, name := seen.kind(); is {
	case zipContainer:
		s.Detection = Detection{Encoding: Workbook, Why: WhyContainer, Sure: true}
		if s.book, err = openWorkbook(in, o.TempDir); err != nil {
			return nil, err
		}
		s.SheetNames = s.book.names()
		if s.SheetName, err = s.book.choose(o.SheetName); err != nil {
			s.Close()
			return nil, err
		}
	case oleContainer:
		if encrypted(in) {
			return nil, &Problem{Code: FileEncrypted}
		}
		return nil, &Problem{Code: FileOldExcel}
	case otherContainer:
		return nil, &Problem{Code: FileNotTable, Hint: name}
	default:
		if o.Encoding != "" && o.Encoding != Workbook {
			s.Detection = seen.asked(o.Encoding)
		} else if s.Detection, err = seen.detect(); err != nil {
			return nil, err
		}
		s.Delimiter = o.Delimiter
		if s.Delimiter == 0 {
			if s.Delimiter, err = s.findDelimiter(); err != nil {
				return nil, err
			}
		}
	}
	if err := s.start(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close gives back what reading took. The Input stays open.
func (s *Sheet) Close() error {
	var err error
	if s.source != nil {
		err = s.source.close()
		s.source = nil
	}
	if s.book != nil {
		if closing := s.book.close(); err == nil {
			err = closing
		}
		s.book = nil
	}
	return err
}

// Offset is how many bytes of Size have been read, for showing progress. Of a workbook it is a guess.
func (s *Sheet) Offset() int64 { return min(s.source.offset(), s.Size) }

// Rewind goes back to the first row below the headers.
func (s *Sheet) Rewind() error { return s.start() }

// Preview gives the first n rows below the headers as they stand, for a person to look at, and goes back to the first.
func (s *Sheet) Preview(n int) ([]Record, error) {
	if err := s.Rewind(); err != nil {
		return nil, err
	}
	var rows []Record
	for len(rows) < n {
		r, err := s.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, s.Rewind()
}

func (s *Sheet) open() error {
	if s.source != nil {
		if err := s.source.close(); err != nil {
			return err
		}
		s.source = nil
	}
	if s.book != nil {
		source, err := s.book.rows(s.SheetName, s.Size)
		if err != nil {
			return err
		}
		s.source = source
		return nil
	}
	s.source = newScanner(s.decoder(), s.Delimiter)
	return nil
}

func (s *Sheet) decoder() *decoder {
	mark := int64(s.Detection.mark)
	return newDecoder(io.NewSectionReader(s.in, mark, s.Size-mark), s.Detection.Encoding, mark, s.Size-mark)
}

// start opens the rows and reads the headers.
func (s *Sheet) start() error {
	if err := s.open(); err != nil {
		return err
	}
	s.BlankRows = 0
	for {
		r, err := s.source.next()
		if err == io.EOF {
			return &Problem{Code: HeaderMissing}
		}
		if err != nil {
			return err
		}
		if r.blank() || r.Line < s.HeaderLine || separatorLine(r.Cells) {
			continue
		}
		if len(r.Faults) > 0 {
			p := r.Faults[0]
			return &Problem{Code: HeaderBroken, Line: p.Line, EndLine: p.EndLine, Value: p.Value, Offset: p.Offset, Hint: cut(p.Value, 40)}
		}
		s.HeaderLine, s.Headers = r.Line, r.Cells
		for i, cell := range s.Headers {
			s.Headers[i] = trim(cell)
			if inner, ok := unwrap(s.Headers[i]); ok {
				s.Headers[i] = inner
			}
		}
		for len(s.Headers) > 1 && s.Headers[len(s.Headers)-1] == "" {
			s.Headers = s.Headers[:len(s.Headers)-1]
		}
		return nil
	}
}

// separatorLine is the line "sep=;" by which Excel is told the delimiter.
func separatorLine(cells []string) bool {
	line := strings.ToLower(cells[0])
	return strings.HasPrefix(line, "sep=") && len(line) <= 5 && (len(cells) == 1 || len(cells) == 2 && cells[1] == "")
}

// next gives the next row that is not blank, as wide as the headers; io.EOF after the last.
func (s *Sheet) next() (Record, error) {
	for {
		r, err := s.source.next()
		if err != nil {
			return Record{}, err
		}
		if r.blank() {
			s.BlankRows++
			continue
		}
		s.fit(&r)
		return r, nil
	}
}

// fit makes a row as wide as the headers. Cells that are missing at its end are empty, which is how spreadsheets save them, but a
// last row that just stops may have lost the end of a number with the rest. Text beyond the headers is a delimiter that should have been within
// quotation marks; in a workbook it is a remark somewhere to the right.
func (s *Sheet) fit(r *Record) {
	written := func() string {
		delim := ","
		if s.Delimiter != 0 {
			delim = string(rune(s.Delimiter))
		}
		return cut(strings.Join(r.Cells, delim), valueRunes)
	}
	switch width := len(s.Headers); {
	case len(r.Cells) > width:
		if i := slices.IndexFunc(r.Cells[width:], func(cell string) bool { return cell != "" }); i >= 0 {
			p := &Problem{Code: TooManyFields, Line: r.Line, EndLine: r.EndLine, Value: written(), Hint: fmt.Sprintf("%d > %d", len(r.Cells), width)}
			if s.book != nil {
				p.Code, p.Value = ExtraCells, cut(r.Cells[width+i], valueRunes)
			}
			r.Faults = append(r.Faults, p)
		}
		r.Cells = r.Cells[:width]
	case len(r.Cells) < width:
		if r.cutOff && len(r.Faults) == 0 {
			r.Faults = append(r.Faults, &Problem{Code: RowCutOff, Line: r.Line, EndLine: r.EndLine, Value: written()})
		}
		cells := make([]string, width)
		copy(cells, r.Cells)
		r.Cells = cells
	}
	if s.Detection.Encoding == CP932 {
		for i, cell := range r.Cells {
			if isUTF8(cell) {
				r.Faults = append(r.Faults, &Problem{Code: OtherEncoding, Line: r.Line, EndLine: r.EndLine, Value: cut(cell, valueRunes), Hint: UTF8.Name(), column: i + 1})
			}
		}
	}
	for _, p := range r.Faults {
		if p.Header == "" && p.column > 0 && p.column <= len(s.Headers) {
			p.Header = s.Headers[p.column-1]
		}
	}
}

// LineEnding is how the lines that were read so far end: "CRLF", "LF", "CR", several of them joined by "+", or "" when none has.
func (s *Sheet) LineEnding() string {
	scan, ok := s.source.(*scanner)
	if !ok {
		return ""
	}
	var found []string
	for _, e := range []struct {
		n    int
		name string
	}{{scan.endings.crlf, "CRLF"}, {scan.endings.lf, "LF"}, {scan.endings.cr, "CR"}} {
		if e.n > 0 {
			found = append(found, e.name)
		}
	}
	return strings.Join(found, "+")
}

// delimiters are looked for in this order.
var delimiters = []byte{',', '\t', ';'}

// findDelimiter looks at the first line that is not blank: the candidate that stands there most often, outside quotation marks.
func (s *Sheet) findDelimiter() (byte, error) {
	block, err := s.decoder().next()
	if err != nil && err != io.EOF {
		return 0, err
	}
	for len(block) > 0 && (block[0] == '\r' || block[0] == '\n') {
		block = block[1:]
	}
	if len(block) > 5 && bytes.EqualFold(block[:4], []byte("sep=")) && bytes.IndexByte(delimiters, block[4]) >= 0 && (block[5] == '\r' || block[5] == '\n') {
		return block[4], nil
	}
	var count [256]int
	inside := false
	for _, c := range block {
		if c == '"' {
			inside = !inside
		}
		if !inside && (c == '\r' || c == '\n') {
			break
		}
		if !inside {
			count[c]++
		}
	}
	best := delimiters[0]
	for _, c := range delimiters {
		if count[c] > count[best] {
			best = c
		}
	}
	return best, nil
}

// headerKey is the form under which headers are compared: folded, without the marks by which people part words.
func headerKey(s string) string { return headerMarks.Replace(text.Fold(s)) }

var headerMarks = strings.NewReplacer(" ", "", "_", "", "-", "")
