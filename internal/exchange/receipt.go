package exchange

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// ReceiptOptions say what is kept of the findings about rows. Memory holds the first Keep of them; all of them go to the writers.
type ReceiptOptions struct {
	Keep int // 0 is 200
	// Refused gets the refused rows as CSV again (UTF-8 with its mark, CRLF): the file's own columns as they were, and what is wrong in
	// columns that reading passes over, so that the rows can be put right and the file taken in as it is.
	Refused io.Writer
	// Language is that of the words in Refused; "" is Japanese.
	Language Language
	// EachRefused, where it is set, gets every refused row as it is found; an error of it ends the reading.
	EachRefused func(RefusedRow) error
	// Each, where it is set, gets every finding about a row as it is made; an error of it ends the reading.
	Each func(*Problem) error
	// JSON gets the whole receipt with every finding, once Close is called.
	JSON io.Writer
}

// Receipt (受領書) accounts for a file: what it was taken for, what became of each column and each row, and why. All rows that are not
// in its findings were used.
type Receipt struct {
	File        FileFacts        `json:"file"`
	Format      string           `json:"format"`
	Layout      string           `json:"layout,omitempty"` // "" when the file has the format's own columns
	LayoutTitle Words            `json:"layout_title"`
	Columns     []ColumnUse      `json:"columns"`
	Rows        RowCounts        `json:"rows"`
	Totals      map[string]int64 `json:"totals,omitempty"`
	// Findings are the first of them, in the file's order, then those that the import found; More counts the others.
	Findings []*Problem `json:"findings"`
	More     int64      `json:"more,omitempty"`

	options ReceiptOptions
	refused *RefusedWriter
	counts  map[Code]int64
	begun   bool // the JSON's first finding is written
}

// FileFacts is what a file was taken for.
type FileFacts struct {
	Name       string    `json:"name"`
	Bytes      int64     `json:"bytes"`
	SHA256     string    `json:"sha256"`
	Detection  Detection `json:"detection"`
	Delimiter  string    `json:"delimiter,omitempty"`
	LineEnding string    `json:"line_ending,omitempty"`
	HeaderLine int       `json:"header_line"`
	SheetName  string    `json:"sheet_name,omitempty"`
	SheetNames []string  `json:"sheet_names,omitempty"`
}

// RowCounts counts the rows below the headers; Read is the sum of Used, Ignored and Refused. Noted rows are used, too.
type RowCounts struct {
	Read    int64 `json:"read"`
	Used    int64 `json:"used"`
	Ignored int64 `json:"ignored"`
	Refused int64 `json:"refused"`
	Noted   int64 `json:"noted"`
}

// ReasonCount is how many rows have a reason.
type ReasonCount struct {
	Code Code  `json:"code"`
	Fate Fate  `json:"fate"`
	Rows int64 `json:"rows"`
}

func itoa(n int) string { return strconv.Itoa(n) }

func newReceipt(s *Sheet, uses []ColumnUse, o ReceiptOptions) (*Receipt, error) {
	if o.Keep == 0 {
		o.Keep = 200
	}
	r := &Receipt{Columns: uses, Totals: make(map[string]int64), Findings: []*Problem{}, options: o, counts: make(map[Code]int64),
		File: FileFacts{Name: s.Name, Bytes: s.Size, SHA256: s.SHA256, Detection: s.Detection, HeaderLine: s.HeaderLine, SheetName: s.SheetName, SheetNames: s.SheetNames}}
	if s.Delimiter != 0 {
		r.File.Delimiter = string(rune(s.Delimiter))
	}
	if o.Refused != nil {
		var err error
		if r.refused, err = NewRefusedWriter(o.Refused, s.Headers, RefusedOptions{Language: o.Language}); err != nil {
			return nil, err
		}
	}
	if o.JSON != nil {
		if _, err := io.WriteString(o.JSON, "{\n\"findings\": ["); err != nil {
			return nil, fmt.Errorf("write the receipt: %w", err)
		}
	}
	return r, nil
}

// take accounts for a row as it is read.
func (r *Receipt) take(row *Record, problems []*Problem) error {
	r.Rows.Read++
	r.Rows.Used++
	if len(problems) == 0 {
		return nil
	}
	return r.change(row, problems)
}

// change accounts for what is found about a row that was counted as used.
func (r *Receipt) change(row *Record, problems []*Problem) error {
	switch worst(problems) {
	case RowRefused:
		r.Rows.Used--
		r.Rows.Refused++
		if err := r.writeRefused(row, problems); err != nil {
			return err
		}
	case RowIgnored:
		r.Rows.Used--
		r.Rows.Ignored++
	case RowNoted:
		r.Rows.Noted++
	}
	seen := make(map[Code]bool, len(problems))
	for _, p := range problems {
		if !seen[p.Code] {
			seen[p.Code] = true
			r.counts[p.Code]++
		}
		if len(r.Findings) < r.options.Keep {
			r.Findings = append(r.Findings, p)
		} else {
			r.More++
		}
		if err := r.writeFinding(p); err != nil {
			return err
		}
	}
	return nil
}

// blank takes over how many blank rows have been passed over.
func (r *Receipt) blank(rows int64) {
	if news := rows - r.counts[BlankRow]; news > 0 {
		r.counts[BlankRow] = rows
		r.Rows.Read += news
		r.Rows.Ignored += news
	}
}

func (r *Receipt) add(name string, n int64) { r.Totals[name] += n }

// Add adds to a sum of the receipt, such as a total after the import.
func (r *Receipt) Add(name string, n int64) { r.add(name, n) }

func (r *Receipt) ended(s *Sheet) { r.File.LineEnding = s.LineEnding() }

func (r *Receipt) writeRefused(row *Record, problems []*Problem) error {
	if r.refused == nil && r.options.EachRefused == nil {
		return nil
	}
	refused := RefusedRow{Line: row.Line, EndLine: row.EndLine, Cells: row.Cells}
	for _, p := range problems {
		if p.Fate() == RowRefused {
			refused.Problems = append(refused.Problems, p)
		}
	}
	refused.Damaged = damaged(refused.Problems)
	if r.options.EachRefused != nil {
		if err := r.options.EachRefused(refused); err != nil {
			return err
		}
	}
	if r.refused == nil {
		return nil
	}
	return r.refused.Write(refused)
}

func (r *Receipt) writeFinding(p *Problem) error {
	if r.options.Each != nil {
		if err := r.options.Each(p); err != nil {
			return err
		}
	}
	if r.options.JSON == nil {
		return nil
	}
	line, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("write the receipt: %w", err)
	}
	separator := ",\n"
	if !r.begun {
		separator, r.begun = "\n", true
	}
	if _, err := io.WriteString(r.options.JSON, separator+string(line)); err != nil {
		return fmt.Errorf("write the receipt: %w", err)
	}
	return nil
}

// Reasons counts the rows of each reason, the commonest first.
func (r *Receipt) Reasons() []ReasonCount {
	list := []ReasonCount{}
	for code, rows := range r.counts {
		list = append(list, ReasonCount{Code: code, Fate: reasons[code].fate, Rows: rows})
	}
	slices.SortFunc(list, func(a, b ReasonCount) int {
		if c := cmp.Compare(b.Rows, a.Rows); c != 0 {
			return c
		}
		return cmp.Compare(a.Code, b.Code)
	})
	return list
}

// plainReceipt is the receipt without its own way of being written.
type plainReceipt Receipt

// receiptJSON is the receipt as JSON; where Findings is nil they have been written already.
type receiptJSON struct {
	*plainReceipt
	Reasons  []ReasonCount `json:"reasons"`
	Findings []*Problem    `json:"findings,omitempty"`
	More     int64         `json:"more,omitempty"`
}

// MarshalJSON writes the receipt with the findings that are kept.
func (r *Receipt) MarshalJSON() ([]byte, error) {
	return json.Marshal(receiptJSON{(*plainReceipt)(r), r.Reasons(), r.Findings, r.More})
}

// Close completes what goes to the writers. The writers stay open.
func (r *Receipt) Close() error {
	if r.refused != nil {
		if err := r.refused.Close(); err != nil {
			return err
		}
	}
	if r.options.JSON == nil {
		return nil
	}
	rest, err := json.MarshalIndent(receiptJSON{plainReceipt: (*plainReceipt)(r), Reasons: r.Reasons()}, "", "  ")
	if err == nil {
		_, err = io.WriteString(r.options.JSON, "\n],\n"+strings.TrimPrefix(string(rest), "{\n")+"\n")
	}
	if err != nil {
		return fmt.Errorf("write the receipt: %w", err)
	}
	return nil
}
