package exchange

import "fmt"

// Formats is what people see of every format, in the order of a menu.
func Formats() []Info {
	return []Info{Stock.Info(), Product.Info(), Secured.Info(), Reorder.Info(), Assignment.Info(), Exception.Info(), Link.Info(), Bundle.Info(), Count.Info()}
}

// FindFormat gives the format of that name.
func FindFormat(name string) (Info, bool) {
	for _, f := range Formats() {
		if f.Name == name {
			return f, true
		}
	}
	return Info{}, false
}

// reader is what can be asked of a format by its name.
type reader interface {
	columns(headers []string, m *Mapping) ([]ColumnUse, error)
	further(s *Sheet) (int, error)
}

func (f *Format[T]) columns(headers []string, m *Mapping) ([]ColumnUse, error) {
	b, err := bind(f, headers, m)
	if err != nil {
		return nil, err
	}
	return b.uses, nil
}

func (f *Format[T]) further(s *Sheet) (int, error) { return headerFurther(s, f, nil) }

func readerOf(format string) (reader, error) {
	for _, r := range []struct {
		name string
		reader
	}{{Stock.Name, Stock}, {Product.Name, Product}, {Secured.Name, Secured}, {Reorder.Name, Reorder}, {Assignment.Name, Assignment}, {Exception.Name, Exception}, {Link.Name, Link}, {Bundle.Name, Bundle}, {Count.Name, Count}} {
		if r.name == format {
			return r.reader, nil
		}
	}
	return nil, fmt.Errorf("there is no format %q", format)
}

// Columns tells what would become of each column of a file with these headers; m is nil where its headers alone decide. A *Problem says why the file could not
// be read so.
func Columns(format string, headers []string, m *Mapping) ([]ColumnUse, error) {
	r, err := readerOf(format)
	if err != nil {
		return nil, err
	}
	return r.columns(headers, m)
}

// HeaderLine looks for a format's headers in the rows that follow those of a sheet, where a title stands above them. It gives 0 when there are none, and leaves
// the sheet at its first row.
func HeaderLine(s *Sheet, format string) (int, error) {
	r, err := readerOf(format)
	if err != nil {
		return 0, err
	}
	line, err := r.further(s)
	if err != nil {
		return 0, err
	}
	return line, s.Rewind()
}
