package exchange

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// RefusedRow is a row that cannot be used, as it stands in its file, and why.
type RefusedRow struct {
	Line     int        `json:"line"`
	EndLine  int        `json:"end_line"`
	Cells    []string   `json:"cells"`
	Problems []*Problem `json:"problems"`
	// Damaged: the cells are only what could be made of the row, and as they stand they may say something else than was written. Such a row is not taken when it
	// comes back until a person has looked at it.
	Damaged bool `json:"damaged,omitempty"`
}

// damages are faults of writing after which the cells are not what stood there.
var damages = []Code{TooManyFields, RowCutOff, NULByte, UnclosedQuote, StrayQuote, FieldTooLong, RowTooLong, RowUnmended}

func damaged(problems []*Problem) bool {
	return slices.ContainsFunc(problems, func(p *Problem) bool { return slices.Contains(damages, p.Code) })
}

// unmended marks the line of a damaged row. Who has put the row right clears the cell.
var unmended = Words{"要修正", "to be mended"}

// isUnmended tells whether a row that comes back still bears the mark.
func isUnmended(header, cell string) bool {
	return isReport(header) && (strings.HasSuffix(cell, unmended.JA) || strings.HasSuffix(cell, unmended.EN))
}

// RefusedOptions say how refused rows are written.
type RefusedOptions struct {
	Encoding   Encoding // "" is UTF8BOM
	Delimiter  byte     // 0 is the encoding's own
	HeaderLine int      // from 1; the lines above are left blank, so that the file is opened as the first one was
	Language   Language // of the words; "" is Japanese
}

// RefusedLike are the options that make the rows a file like the one that they are from. A workbook gives UTF-8, and so does a file with broken characters: what
// stands for them is nothing that its own encoding has.
func RefusedLike(f FileFacts, lang Language) RefusedOptions {
	o := RefusedOptions{Encoding: f.Detection.Encoding, HeaderLine: f.HeaderLine, Language: lang}
	if f.Delimiter != "" {
		o.Delimiter = f.Delimiter[0]
	}
	if o.Encoding == Workbook || f.Detection.Broken > 0 {
		o.Encoding = UTF8BOM
	}
	if f.SheetName != "" {
		o.HeaderLine = 1
	}
	return o
}

// reportHeaders are the columns that are added to refused rows; they are passed over when the file comes back.
var reportHeaders = []Words{{"soroi: 行", "soroi: line"}, {"soroi: 理由", "soroi: reason"}, {"soroi: 次にすること", "soroi: next"}}

func isReport(header string) bool {
	return slices.ContainsFunc(reportHeaders, func(w Words) bool { return w.JA == header || w.EN == header })
}

// RefusedWriter writes refused rows as a file again: the file's own columns as they were, and what is wrong in columns that reading passes over, so that the
// rows can be put right and the file taken in as it is.
type RefusedWriter struct {
	out     *sink
	headers []string
	own     []int // the columns that no earlier report has added
	lang    Language
}

// NewRefusedWriter writes the headers: those of the file, but for what an earlier report added, and those of the report.
func NewRefusedWriter(w io.Writer, headers []string, o RefusedOptions) (*RefusedWriter, error) {
	out, err := newSink(w, o.Encoding)
	if err != nil {
		return nil, err
	}
	if o.Delimiter != 0 {
		out.delimit(o.Delimiter)
	}
	x := &RefusedWriter{out: out, lang: cmp.Or(o.Language, Japanese)}
	for j, h := range headers {
		if !isReport(h) {
			x.own, x.headers = append(x.own, j), append(x.headers, h)
		}
	}
	for line := 1; line < o.HeaderLine; line++ {
		if err := out.row(nil, nil, nil); err != nil {
			return nil, err
		}
	}
	for _, w := range reportHeaders {
		x.headers = append(x.headers, w.In(x.lang))
	}
	return x, out.row(x.headers, x.headers, nil)
}

// Write writes one row.
func (x *RefusedWriter) Write(row RefusedRow) error {
	var what, next []string
	for _, p := range row.Problems {
		sentence := p.Sentence(x.lang)
		if p.Header != "" && !strings.Contains(sentence, p.Header) {
			sentence = p.Header + ": " + sentence
		}
		what, next = append(what, sentence), append(next, p.Next(x.lang))
	}
	line := itoa(row.Line)
	if row.EndLine > row.Line {
		line += "–" + itoa(row.EndLine)
	}
	if row.Damaged {
		line += " " + unmended.In(x.lang)
		if step := (&Problem{Code: RowUnmended, Header: x.headers[len(x.headers)-3]}).Next(x.lang); !slices.Contains(next, step) {
			next = append(next, step)
		}
	}
	cells := make([]string, 0, len(row.Cells)+3)
	for _, j := range x.own {
		if j < len(row.Cells) {
			cells = append(cells, guard(row.Cells[j]))
		} else {
			cells = append(cells, "")
		}
	}
	cells = append(cells, line, protect(strings.Join(what, " "), TextField), protect(strings.Join(next, " "), TextField))
	return x.out.row(cells, x.headers, nil)
}

// Close writes what is left. The io.Writer stays open.
func (x *RefusedWriter) Close() error {
	if err := x.out.w.Flush(); err != nil {
		return fmt.Errorf("write the refused rows: %w", err)
	}
	return nil
}

// guard makes a cell of somebody's file safe to open in a spreadsheet again, and keeps what it says to this reader.
func guard(cell string) string {
	if _, ok := unwrap(cell); ok {
		return cell
	}
	if n, p := parseNumber(cell); p == nil && (n.signed || keeps(cell)) {
		return cell
	}
	return protect(cell, CodeField)
}
