package exchange

import "soroi/internal/stock"

// Mapping is how somebody's own file is read: which of its headers is which of a format's fields, what holds for every row, and what
// cannot be found out by looking. It is saved as JSON.
type Mapping struct {
	Name      string           `json:"name"`
	Format    string           `json:"format"`
	Columns   []MappedColumn   `json:"columns"`
	Mode      stock.Mode       `json:"mode,omitempty"` // for rows that do not say
	Constants []MappedConstant `json:"constants,omitempty"`

	// Headers are all of the file for which it was made, used or not: by them such a file is known again.
	Headers []string `json:"headers,omitempty"`

	Encoding   Encoding `json:"encoding,omitempty"`
	Delimiter  string   `json:"delimiter,omitempty"`
	HeaderLine int      `json:"header_line,omitempty"`
	SheetName  string   `json:"sheet_name,omitempty"`
}

// MappedColumn says which field a header is.
type MappedColumn struct {
	Header string `json:"header"`
	Key    string `json:"key"`
}

// MappedConstant gives every row the same value of a field, as it would stand in a cell.
type MappedConstant struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Options are the mapping's share of the options for opening a file; what o says itself goes first.
func (m *Mapping) Options(o Options) Options {
	if o.Encoding == "" {
		o.Encoding = m.Encoding
	}
	if o.Delimiter == 0 && m.Delimiter != "" {
		o.Delimiter = m.Delimiter[0]
	}
	if o.HeaderLine == 0 {
		o.HeaderLine = m.HeaderLine
	}
	if o.SheetName == "" {
		o.SheetName = m.SheetName
	}
	return o
}

// Plain tells whether a file is opened for the mapping as it is without it.
func (m *Mapping) Plain() bool { return m.Options(Options{}) == Options{} }

// Recognises tells whether a file with these headers is like the one for which the mapping was made: the same headers in any order, none more and none less.
func (m *Mapping) Recognises(headers []string) bool {
	missing, further := m.Compare(headers)
	return len(m.Headers) > 0 && len(missing) == 0 && len(further) == 0
}

// Compare gives the headers that the mapping was made for and a file lacks, and those that the file has besides.
func (m *Mapping) Compare(headers []string) (missing, further []string) {
	return without(m.Headers, headers), without(headers, m.Headers)
}

// SameHeader tells whether two headers are written alike but for width, case and what parts words.
func SameHeader(a, b string) bool { return headerKey(a) == headerKey(b) }

// without gives those of list that others do not have, each as often as it is more.
func without(list, others []string) []string {
	have := make(map[string]int)
	for _, h := range others {
		have[headerKey(h)]++
	}
	var rest []string
	for _, h := range list {
		if isReport(h) {
			continue // refused rows that come back
		}
		key := headerKey(h)
		if have[key]--; have[key] < 0 {
			rest = append(rest, h)
		}
	}
	return rest
}

// Suggest proposes the mapping of a file that is not recognised: each field with the header that is one of its names or the nearest to one,
// for a person to correct. Fields without any are left out.
func Suggest(info Info, headers []string) Mapping {
	m := Mapping{Format: info.Name}
	taken := make(map[int]bool)
	for _, exact := range []bool{true, false} {
		for _, f := range info.Fields {
			if m.has(f.Key) {
				continue
			}
			best, distance := -1, 1<<30
			for i, header := range headers {
				if header == "" || taken[i] {
					continue
				}
				if d, near := f.distance(header); near && d < distance && (d == 0 || !exact) {
					best, distance = i, d
				}
			}
			if best >= 0 {
				taken[best] = true
				m.Columns = append(m.Columns, MappedColumn{Header: headers[best], Key: f.Key})
			}
		}
	}
	return m
}

func (m *Mapping) has(key string) bool {
	for _, c := range m.Columns {
		if c.Key == key {
			return true
		}
	}
	return false
}
