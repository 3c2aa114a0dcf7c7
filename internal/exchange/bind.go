package exchange

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// ColumnUse tells what became of one column of a file.
type ColumnUse struct {
	Position int    `json:"position"` // from 1
	Header   string `json:"header"`
	Key      string `json:"key,omitempty"` // the field that it is; "" when it is ignored
	Reason   Code   `json:"reason,omitempty"`
	Hint     string `json:"hint,omitempty"`
	// Cleaned counts the cells of which not every character was taken as it stood: ="001", white space around a code.
	Cleaned int64 `json:"cleaned,omitempty"`
}

// Sentence says why the column is ignored; "" when it is used.
func (c ColumnUse) Sentence(lang Language) string {
	if c.Reason == "" {
		return ""
	}
	return (&Problem{Code: c.Reason, Header: c.Header, Hint: c.Hint}).Sentence(lang)
}

// binding is a layout laid over the headers of a file.
type binding[T any] struct {
	kind    string // of the layout; "" for the format's own
	title   Words
	columns []Column[T]
	at      []int // the file's column of each of columns, from 0; −1 when it has none
	uses    []ColumnUse
	finish  func(row *T) *Problem
}

// bind decides which columns of a file are which fields. The error is a *Problem.
func bind[T any](f *Format[T], headers []string, m *Mapping) (*binding[T], error) {
	if m != nil {
		return bindMapping(f, headers, m)
	}
	keys := make([]string, len(headers))
	for i, header := range headers {
		keys[i] = headerKey(header)
	}
	for _, l := range f.Layouts {
		if hasAll(keys, l.Marks) {
			return bindNames(&binding[T]{kind: l.Kind, title: l.Title, columns: l.Columns, finish: l.Finish}, headers, keys, ColumnUnused)
		}
	}
	return bindNames(&binding[T]{title: f.Title, columns: f.Columns, finish: f.Finish}, headers, keys, ColumnUnknown)
}

func hasAll(keys, marks []string) bool {
	for _, mark := range marks {
		found := false
		for _, key := range keys {
			found = found || key == headerKey(mark)
		}
		if !found {
			return false
		}
	}
	return true
}

// bindNames goes by the names of the fields.
func bindNames[T any](b *binding[T], headers, keys []string, others Code) (*binding[T], error) {
	b.begin(headers)
	for i := range b.columns {
		if err := b.bindField(i, headers, keys); err != nil {
			return nil, err
		}
	}
	seen := make(map[string]int)
	for j := range b.uses {
		use := &b.uses[j]
		if use.Key != "" || use.Reason == ColumnSecond {
			continue
		}
		seen[keys[j]]++
		use.Reason = others
		switch {
		case keys[j] == "":
			use.Reason = ColumnNameless
		case isReport(headers[j]):
			use.Reason = ColumnReport
		}
	}
	for j := range b.uses {
		if b.uses[j].Reason == others && seen[keys[j]] > 1 {
			b.uses[j].Reason = ColumnDuplicate
		}
	}
	return b, b.missing(headers)
}

// bindField looks for the column of one field.
func (b *binding[T]) bindField(i int, headers, keys []string) error {
	field := &b.columns[i].Field
	var fits []int
	for rank, name := range field.names() {
		if name == "" || slices.ContainsFunc(field.names()[:rank], func(n string) bool { return headerKey(n) == headerKey(name) }) {
			continue
		}
		for j, key := range keys {
			if key == headerKey(name) && b.uses[j].Key == "" {
				fits = append(fits, j)
			}
		}
	}
	for _, j := range fits {
		switch first := b.at[i]; {
		case first < 0:
			b.at[i] = j
			b.uses[j].Key, b.uses[j].Reason = field.Key, ""
		case !field.Ranked, keys[first] == keys[j]:
			return twice(headers, min(first, j), max(first, j))
		default:
			b.uses[j].Reason, b.uses[j].Hint = ColumnSecond, headers[first]
		}
	}
	return nil
}

func twice(headers []string, first, second int) *Problem {
	if headerKey(headers[first]) != headerKey(headers[second]) {
		return &Problem{Code: HeaderClash, Header: headers[first], Hint: headers[second]}
	}
	return &Problem{Code: HeaderTwice, Header: headers[second], Hint: fmt.Sprintf("%d, %d", first+1, second+1)}
}

func (b *binding[T]) begin(headers []string) {
	b.at = make([]int, len(b.columns))
	for i := range b.at {
		b.at[i] = -1
	}
	b.uses = make([]ColumnUse, len(headers))
	for j, header := range headers {
		b.uses[j] = ColumnUse{Position: j + 1, Header: header}
	}
}

// missing refuses a file without a column that is needed, naming the header that is nearest to it.
func (b *binding[T]) missing(headers []string) error {
	for i := range b.columns {
		field := &b.columns[i].Field
		if !field.Required || b.at[i] >= 0 || field.Unless != "" && b.has(field.Unless) {
			continue
		}
		best, distance := "", 1<<30
		for j, header := range headers {
			if b.uses[j].Key != "" || header == "" {
				continue
			}
			if d, near := field.distance(header); near && d < distance {
				best, distance = header, d
			}
		}
		if best == "" {
			return &Problem{Code: ColumnMissing, Header: field.Header}
		}
		return &Problem{Code: ColumnMissingNear, Header: field.Header, Hint: best}
	}
	return nil
}

// has tells whether a field has a column.
func (b *binding[T]) has(key string) bool {
	for i := range b.columns {
		if b.columns[i].Key == key {
			return b.at[i] >= 0
		}
	}
	return false
}

// bindMapping goes by what somebody has saved, and by nothing else.
func bindMapping[T any](f *Format[T], headers []string, m *Mapping) (*binding[T], error) {
	b := &binding[T]{kind: "mapping", title: Words{m.Name, m.Name}, columns: append([]Column[T](nil), f.Columns...), finish: f.Finish}
	b.begin(headers)
	find := func(key string) (int, error) {
		var known []string
		for i, c := range b.columns {
			if c.Key == key {
				return i, nil
			}
			known = append(known, c.Key)
		}
		return 0, &Problem{Code: MappingKey, Value: key, Hint: strings.Join(known, ", ")}
	}
	for j := range b.uses {
		b.uses[j].Reason = ColumnUnmapped
	}
	for _, c := range m.Columns {
		i, err := find(c.Key)
		if err != nil {
			return nil, err
		}
		found := -1
		for j, header := range headers {
			if headerKey(header) != headerKey(c.Header) {
				continue
			}
			if found >= 0 && headers[found] != header {
				continue // one is written exactly as saved
			}
			if found >= 0 {
				return nil, twice(headers, found, j)
			}
			found = j
		}
		if found < 0 {
			return nil, &Problem{Code: MappingSource, Header: c.Header, Hint: nearest(c.Header, headers)}
		}
		if b.at[i] >= 0 {
			return nil, twice(headers, b.at[i], found)
		}
		b.at[i] = found
		b.uses[found].Key, b.uses[found].Reason = c.Key, ""
	}
	for _, c := range m.Constants {
		i, err := find(c.Key)
		if err != nil {
			return nil, err
		}
		var probe T
		if p := f.probe(&b.columns[i], &probe, c.Value); p != nil {
			return nil, &Problem{Code: MappingConstant, Header: b.columns[i].Header, Value: c.Value, Hint: p.Sentence(Japanese) + " " + p.Sentence(English)}
		}
		if at := b.at[i]; at >= 0 {
			b.uses[at].Key, b.uses[at].Reason, b.uses[at].Hint = "", ColumnConstant, c.Value
			b.at[i] = -1
		}
		b.columns[i] = constant(b.columns[i], c.Value)
		b.at[i] = everyRow
	}
	return b, b.missing(headers)
}

// everyRow stands in at for a column whose value is a constant.
const everyRow = 1 << 30

func constant[T any](c Column[T], value string) Column[T] {
	set := c.Set
	c.Set = func(row *T, _ string) *Problem { return set(row, value) }
	return c
}

// probe tries a value on an empty row.
func (f *Format[T]) probe(c *Column[T], row *T, value string) *Problem {
	if f.Start != nil {
		f.Start(row, Defaults{})
	}
	if value == "" && c.Empty == EmptyRefused {
		return &Problem{Code: ValueMissing, Header: c.Header}
	}
	p := c.Set(row, value)
	if p != nil {
		p.Header, p.Value = c.Header, value
	}
	return p
}

// distance is how far a header is from the field's names, and whether it is near enough to be meant.
func (f *Field) distance(header string) (int, bool) {
	best, near := 1<<30, false
	for _, name := range f.names() {
		if name == "" {
			continue
		}
		if d, ok := headerDistance(header, name); ok && d < best {
			best, near = d, true
		}
	}
	return best, near
}

// nearest gives the header that is nearest to a name, whatever the distance.
func nearest(name string, headers []string) string {
	best, distance := "", 1<<30
	for _, header := range headers {
		if header == "" {
			continue
		}
		if d := edits([]rune(headerKey(name)), []rune(headerKey(header))); d < distance {
			best, distance = header, d
		}
	}
	return best
}

// headerDistance counts the characters that differ between two headers. They are near when less than half of the longer one differs, or
// when one holds the other.
func headerDistance(a, b string) (int, bool) {
	x, y := headerKey(a), headerKey(b)
	if x == y {
		return 0, true
	}
	if x == "" || y == "" || len(x) > 300 || len(y) > 300 {
		return 0, false
	}
	d := edits([]rune(x), []rune(y))
	longest := max(utf8.RuneCountInString(x), utf8.RuneCountInString(y))
	if short := min(utf8.RuneCountInString(x), utf8.RuneCountInString(y)); short >= 2 && (strings.Contains(x, y) || strings.Contains(y, x)) {
		return max(1, min(d, longest/2)), true
	}
	return d, d*2 <= longest && longest > 1
}

// edits is the number of insertions, deletions and replacements between two texts.
func edits(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
