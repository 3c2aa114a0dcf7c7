package exchange

import (
	"io"
	"strconv"
)

// Bounds of a file's rows. They are far above what any mall writes and keep memory bounded by a constant.
const (
	maxFieldBytes = 256 << 10 // a product's description in HTML may have tens of kilobytes
	maxRowBytes   = 2 << 20
	maxColumns    = 2000
	maxRowFaults  = 10
)

// scanner parts text into rows: RFC 4180, and what is out there besides: any end of line, line ends within quotation marks, ="001".
type scanner struct {
	in      *decoder
	delim   byte
	special [2][256]bool // the bytes that end a run: outside and inside quotation marks

	block []byte
	at    int
	spot  int // the next of in.spots
	eof   bool

	line    int // of the byte at at
	afterCR bool
	endings endings

	// The row that is being read.
	text   []byte // its fields, one after the other
	ends   []int  // where each ends in text
	begin  int    // where the field begins in text
	faults []*Problem
	fault  Code // of the field; its first
	spotAt int64
}

// endings counts how lines end.
type endings struct{ crlf, lf, cr int }

func newScanner(in *decoder, delim byte) *scanner {
	s := &scanner{in: in, delim: delim, line: 1}
	for _, c := range []byte{'\r', '\n', '"', 0, broken} {
		s.special[0][c], s.special[1][c] = true, true
	}
	s.special[0][delim] = true
	return s
}

func (s *scanner) close() error { return nil }

func (s *scanner) offset() int64 { return max(0, s.in.offset-int64(len(s.block)-s.at)) }

// more makes sure that there is a byte at s.at; false at the end of the file.
func (s *scanner) more() (bool, error) {
	for s.at >= len(s.block) {
		if s.eof {
			return false, nil
		}
		block, err := s.in.next()
		s.block, s.at, s.spot = block, 0, 0
		if err == io.EOF {
			s.eof, s.block = true, nil
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// fieldState is where in a field the scanner is.
type fieldState int

const (
	atStart      fieldState = iota
	plain                   // in a field without quotation marks around it
	quoted                  // within quotation marks
	quoteSeen               // at a quotation mark within them: the end, or the first of two
	formula                 // within the text of ="…" without quotation marks around it
	formulaQuote            // at a quotation mark within that
)

// next gives the next row; io.EOF after the last.
func (s *scanner) next() (Record, error) {
	if s.afterCR {
		s.afterCR = false
		if ok, err := s.more(); err != nil {
			return Record{}, err
		} else if ok && s.block[s.at] == '\n' {
			s.at++
			s.endings.cr--
			s.endings.crlf++
		}
	}
	s.text, s.ends, s.begin, s.faults, s.fault = s.text[:0], s.ends[:0], 0, nil, ""
	first, opened := s.line, 0
	state, inCR := atStart, false
	for {
		ok, err := s.more()
		if err != nil {
			return Record{}, err
		}
		if !ok {
			if state == atStart && len(s.ends) == 0 || len(s.ends) == 0 && string(s.text) == "\x1A" {
				return Record{}, io.EOF // \x1A is how old programs mark the end
			}
			switch state {
			case quoted:
				s.faults = append(s.faults, &Problem{Code: UnclosedQuote, Line: opened, EndLine: s.line, Value: cut(string(s.text[s.begin:]), valueRunes), column: len(s.ends) + 1})
			case formula:
				s.flaw(StrayQuote)
			}
			s.endField()
			return s.record(first, true), nil
		}
		inside := state == quoted
		if n := s.run(inside || state == formula); n > 0 {
			state = s.open(state)
			s.put(s.block[s.at : s.at+n])
			s.at += n
			inCR = false
			continue
		}
		c := s.block[s.at]
		s.at++
		switch {
		case c == 0 || c == broken:
			state = s.open(state)
			s.unreadable(c)
		case c == '"':
			switch {
			case state == atStart:
				state, opened = quoted, s.line
			case state == quoted:
				state = quoteSeen
			case state == quoteSeen:
				s.put([]byte{'"'})
				state = quoted
			case state == formula:
				s.put([]byte{'"'})
				state = formulaQuote
			case state == formulaQuote, len(s.text) == s.begin+1 && s.text[s.begin] == '=':
				s.put([]byte{'"'})
				state = formula
			default:
				s.flaw(StrayQuote)
				s.put([]byte{'"'})
			}
		case inside: // an end of line within a field
			if c == '\r' || !inCR {
				s.line++
			}
			s.put([]byte{c})
		case c == s.delim && state != formula:
			s.endField()
			state = atStart
		case c == '\r' || c == '\n':
			if state == formula {
				s.flaw(StrayQuote)
			}
			s.endField()
			r := s.record(first, false)
			s.line++
			if s.afterCR = c == '\r'; s.afterCR {
				s.endings.cr++
			} else {
				s.endings.lf++
			}
			return r, nil
		}
		inCR = c == '\r'
	}
}

// open is the state of a field to which a character is added that is neither quotation mark nor end.
func (s *scanner) open(state fieldState) fieldState {
	switch state {
	case quoteSeen:
		s.flaw(StrayQuote)
		s.put([]byte{'"'})
		return plain
	case atStart, formulaQuote:
		return plain
	}
	return state
}

// run is how many bytes from s.at on are nothing but text.
func (s *scanner) run(inside bool) int {
	table := &s.special[0]
	if inside {
		table = &s.special[1]
	}
	for n, c := range s.block[s.at:] {
		if table[c] {
			return n
		}
	}
	return len(s.block) - s.at
}

// put adds to the field, up to the bounds.
func (s *scanner) put(b []byte) {
	if len(s.text)-s.begin+len(b) > maxFieldBytes {
		s.flaw(FieldTooLong)
		return
	}
	if len(s.text)+len(b) > maxRowBytes {
		s.flaw(RowTooLong)
		return
	}
	s.text = append(s.text, b...)
}

// flaw notes what is wrong with the field; its first flaw is told.
func (s *scanner) flaw(code Code) {
	if s.fault == "" {
		s.fault = code
	}
}

// unreadable notes a byte that is no text.
func (s *scanner) unreadable(c byte) {
	if c == 0 {
		s.flaw(NULByte)
		return
	}
	if s.fault == "" {
		s.spotAt = s.in.spots[s.spot]
	}
	s.spot++
	s.flaw(BrokenBytes)
	s.put([]byte("\uFFFD"))
}

func (s *scanner) endField() {
	if len(s.ends) == maxColumns {
		s.flaw(RowTooLong)
		s.text = s.text[:s.begin]
	} else {
		s.ends = append(s.ends, len(s.text))
	}
	if s.fault == RowTooLong && len(s.faults) > 0 && s.faults[len(s.faults)-1].Code == RowTooLong {
		s.fault = "" // told once
	}
	if s.fault != "" && len(s.faults) < maxRowFaults {
		p := &Problem{Code: s.fault, Line: s.line, EndLine: s.line, Value: cut(string(s.text[s.begin:]), valueRunes), column: len(s.ends)}
		switch s.fault {
		case BrokenBytes:
			p.Offset, p.Hint = s.spotAt, s.in.encoding.Name()
		case FieldTooLong:
			p.Hint = megabytes(maxFieldBytes)
		case RowTooLong:
			p.Hint = megabytes(maxRowBytes) + ", " + strconv.Itoa(maxColumns) + " 列/columns"
		}
		s.faults = append(s.faults, p)
	}
	s.begin, s.fault = len(s.text), ""
}

func (s *scanner) record(first int, cutOff bool) Record {
	text := string(s.text)
	r := Record{Line: first, EndLine: s.line, Cells: make([]string, len(s.ends)), Faults: s.faults, cutOff: cutOff}
	begin := 0
	for i, end := range s.ends {
		r.Cells[i] = text[begin:end]
		begin = end
	}
	for _, p := range s.faults {
		if p.Code != UnclosedQuote {
			p.Line, p.EndLine = first, s.line
		}
	}
	return r
}
