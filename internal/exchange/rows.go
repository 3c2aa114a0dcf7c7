package exchange

import (
	"io"
	"iter"
	"slices"
	"unicode/utf8"
)

// Rows reads a sheet as rows of a format, one after the other, in constant memory. Each row of the file is accounted for in the receipt.
type Rows[T any] struct {
	sheet   *Sheet
	format  *Format[T]
	binding *binding[T]
	used    []bool // by column of the file
	report  []int  // columns that an earlier report has added
	options ReadOptions
	receipt *Receipt
	add     func(name string, n int64)
	current Row[T] // the one that is being read
	err     error
}

// ReadOptions say how a sheet is to be read.
type ReadOptions struct {
	Defaults
	Mapping *Mapping // nil goes by the names of the headers
	Receipt ReceiptOptions
}

// Row is a usable row: the file's and what it means. It is the caller's to keep.
type Row[T any] struct {
	Record
	Value T
}

// Read decides which column is which field and reads the sheet's rows from the first on. A file that lacks a needed column, or in which a header
// stands twice, gives a *Problem.
func Read[T any](s *Sheet, f *Format[T], o ReadOptions) (*Rows[T], error) {
	if o.Mapping != nil && o.Mode == "" {
		o.Mode = o.Mapping.Mode
	}
	b, err := bind(f, s.Headers, o.Mapping)
	if err != nil {
		if further, is := headerFurther(s, f, o.Mapping); is != nil {
			return nil, is
		} else if further > 0 {
			return nil, &Problem{Code: HeaderFurther, Line: s.HeaderLine, EndLine: s.HeaderLine, Hint: itoa(further)}
		}
		return nil, err
	}
	r := &Rows[T]{sheet: s, format: f, binding: b, used: make([]bool, len(s.Headers)), options: o}
	for j, use := range b.uses {
		r.used[j] = use.Key != ""
		if isReport(use.Header) {
			r.report = append(r.report, j)
		}
	}
	if r.receipt, err = newReceipt(s, b.uses, o.Receipt); err != nil {
		return nil, err
	}
	r.add = r.receipt.add
	r.receipt.Format, r.receipt.Layout, r.receipt.LayoutTitle = f.Name, b.kind, b.title
	return r, s.Rewind()
}

// headerFurther looks for headers of the format in the rows that follow, where a title stands above them.
func headerFurther[T any](s *Sheet, f *Format[T], m *Mapping) (line int, err error) {
	if err := s.Rewind(); err != nil {
		return 0, err
	}
	for range 20 {
		r, err := s.source.next()
		if err == io.EOF {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		if _, err := bind(f, r.Cells, m); err == nil && len(r.Faults) == 0 {
			return r.Line, nil
		}
	}
	return 0, nil
}

// Layout is the kind of file that was recognised: "" for the format's own, "mapping", or a layout's kind.
func (r *Rows[T]) Layout() (kind string, title Words) { return r.binding.kind, r.binding.title }

// Columns tells what becomes of each column of the file.
func (r *Rows[T]) Columns() []ColumnUse { return r.binding.uses }

// Receipt is the account of the rows read so far.
func (r *Rows[T]) Receipt() *Receipt { return r.receipt }

// All gives the usable rows. It ends at the end of the file or at an error, which Err tells.
func (r *Rows[T]) All() iter.Seq[Row[T]] {
	return func(yield func(Row[T]) bool) {
		for {
			row, err := r.Next()
			if err != nil {
				if err != io.EOF {
					r.err = err
				}
				return
			}
			if !yield(row) {
				return
			}
		}
	}
}

// Err is what ended All before the end of the file.
func (r *Rows[T]) Err() error { return r.err }

// Next gives the next usable row, io.EOF after the last. Rows that are refused or ignored go to the receipt and are passed over.
func (r *Rows[T]) Next() (Row[T], error) {
	for {
		record, err := r.sheet.next()
		r.receipt.blank(r.sheet.BlankRows)
		if err != nil {
			if err == io.EOF {
				r.receipt.ended(r.sheet)
			}
			return Row[T]{}, err
		}
		r.current = Row[T]{Record: record}
		problems := r.read(&r.current)
		if err := r.receipt.take(&r.current.Record, problems); err != nil {
			return Row[T]{}, err
		}
		if worst(problems) == RowNoted || len(problems) == 0 {
			if r.format.Total != nil {
				r.format.Total(&r.current.Value, r.add)
			}
			return r.current, nil
		}
	}
}

// read turns a record into a value and finds everything that is wrong with it.
func (r *Rows[T]) read(row *Row[T]) []*Problem {
	var problems []*Problem
	whole := true
	for _, p := range row.Faults {
		switch {
		case p.Fate() == RowNoted:
		case p.column > 0 && p.column <= len(r.used) && !r.used[p.column-1] && (p.Code == BrokenBytes || p.Code == OtherEncoding || p.Code == NULByte || p.Code == FieldTooLong):
			p.Hint, p.Code = string(p.Code), BrokenUnused
		default:
			whole = false
		}
		problems = append(problems, p)
	}
	for _, j := range r.report {
		if cell := row.Cells[j]; isUnmended(r.sheet.Headers[j], cell) {
			whole = false
			problems = append(problems, &Problem{Code: RowUnmended, Line: row.Line, EndLine: row.EndLine, Header: r.sheet.Headers[j], Value: cell})
		}
	}
	if !whole {
		return slices.DeleteFunc(problems, func(p *Problem) bool { return p.Fate() == RowNoted })
	}
	if r.format.Start != nil {
		r.format.Start(&row.Value, r.options.Defaults)
	}
	good := true
	for i := range r.binding.columns {
		if p := r.cell(row, i); p != nil {
			problems = append(problems, p)
			good = good && p.Fate() == RowNoted
		}
	}
	if good && r.binding.finish != nil {
		if p := r.binding.finish(&row.Value); p != nil {
			problems = append(problems, r.place(row, p))
		}
	}
	return problems
}

// cell reads one cell into the row.
func (r *Rows[T]) cell(row *Row[T], i int) *Problem {
	column, at := &r.binding.columns[i], r.binding.at[i]
	if at < 0 {
		return nil
	}
	if at == everyRow {
		if p := column.Set(&row.Value, ""); p != nil {
			return r.place(row, p)
		}
		return nil
	}
	raw := row.Cells[at]
	value, exact, p := clean(raw)
	if p == nil && !exact && value != "" && (edge(value[0]) || edge(value[len(value)-1])) {
		value = trim(value)
	}
	if p == nil && value != raw {
		r.binding.uses[at].Cleaned++
	}
	switch {
	case p != nil:
	case value == "":
		switch column.Empty {
		case EmptyRefused:
			p = &Problem{Code: ValueMissing}
		case EmptySkips:
			p = &Problem{Code: NothingAsked}
		case EmptyClears:
			p = column.Set(&row.Value, "")
		}
	default:
		p = column.Set(&row.Value, value)
	}
	if p == nil {
		return nil
	}
	p.key = column.Key
	return r.place(row, p)
}

func edge(c byte) bool { return c <= ' ' || c >= utf8.RuneSelf }

// place completes a problem with where it is.
func (r *Rows[T]) place(row *Row[T], p *Problem) *Problem {
	p.Line, p.EndLine = row.Line, row.EndLine
	for i := range r.binding.columns {
		column, at := &r.binding.columns[i], r.binding.at[i]
		if column.Key != p.key || p.key == "" {
			continue
		}
		if p.Header == "" {
			p.Header = column.Header
			if at >= 0 && at != everyRow {
				p.Header = r.binding.uses[at].Header
			}
		}
		if p.Value == "" && at >= 0 && at != everyRow {
			p.Value = cut(row.Cells[at], valueRunes)
		}
	}
	return p
}

// Problem is what an import finds out about a field of a row that it was given; Report puts it into the receipt.
func (r *Rows[T]) Problem(row *Row[T], key string, code Code, hint string) *Problem {
	return r.place(row, about(key, code, hint))
}

// Place says where a problem is: in the field key of the row.
func (r *Rows[T]) Place(row *Row[T], key string, p *Problem) *Problem {
	p.key = key
	return r.place(row, p)
}

// Report puts what an import finds out about a row that it was given into the receipt: a row with a refusing or ignoring problem is not
// counted as used any more. A row is reported at most once.
func (r *Rows[T]) Report(row *Row[T], problems ...*Problem) error {
	if fate := worst(problems); (fate == RowRefused || fate == RowIgnored) && r.format.Total != nil {
		r.format.Total(&row.Value, func(name string, n int64) { r.receipt.add(name, -n) })
	}
	return r.receipt.change(&row.Record, problems)
}

// worst is the fate of a row with these problems; "" when there are none.
func worst(problems []*Problem) Fate {
	fate := Fate("")
	for _, p := range problems {
		switch f := p.Fate(); {
		case f == RowRefused:
			return f
		case f == RowIgnored, fate == "":
			fate = f
		}
	}
	return fate
}
