package exchange

import (
	"strings"
	"sync"

	"soroi/internal/stock"
)

// Format is one kind of file that goes in and out: its own columns, and the malls' files that say the same. It is data; reading,
// writing, the screens' help, docs/csv.md and the template all come from it. T is one row, typed.
type Format[T any] struct {
	Name    string // "stock": in commands, addresses and saved mappings; never changes
	Title   Words
	Help    Words
	Columns []Column[T]
	// Layouts are other people's files that give the same rows, tried in order before the own one.
	Layouts []Layout[T]
	// Start fills in what holds for every row before its columns are read.
	Start func(row *T, d Defaults)
	// Finish judges a row whose columns have been read; nil is a good row. The problem's fate says whether it is refused or ignored.
	Finish func(row *T) *Problem
	// Total adds a used row to the receipt's sums, such as "units_set".
	Total func(row *T, add func(name string, n int64))
}

// Words is a text for people in both languages.
type Words struct {
	JA string `json:"ja"`
	EN string `json:"en"`
}

// In gives the text in one of them.
func (w Words) In(lang Language) string {
	if lang == English {
		return w.EN
	}
	return w.JA
}

// Layout is a file of somebody else's making, recognised by its headers.
type Layout[T any] struct {
	Kind  string // "rakuten-normal-item"
	Title Words
	// Marks are headers that together only this file has; all must be there. They are compared as headerKey folds them.
	Marks   []string
	Columns []Column[T]
	// Finish takes the place of the format's own.
	Finish func(row *T) *Problem
}

// Defaults are what the person who imports chose for the whole file.
type Defaults struct {
	Mode stock.Mode // for rows that do not say; "" is set
}

// Field is what people see of a column.
type Field struct {
	Key     string // in JSON, mappings and commands; never changes
	Header  string // as it is written
	English string // header in an English file
	Aliases []string
	// Ranked names are in order of exactness: of several columns that fit, the one with the earlier name is read and the others are listed as ignored. Where
	// they are not, such a file is refused.
	Ranked  bool
	Help    Words
	Example string
	Kind    FieldKind
	// Required columns must be in the file; whether a cell may be empty is Empty.
	Required bool
	// Unless is the key of a column in whose presence a required one may be missing.
	Unless  string
	Empty   Empty
	Choices []Choice // of a ChoiceField
}

// FieldKind is what a cell holds; the writer protects codes and texts from spreadsheets by it.
type FieldKind string

// The kinds.
const (
	CodeField   FieldKind = "code"   // leading zeros matter
	TextField   FieldKind = "text"   // free text
	NumberField FieldKind = "number" // a whole number
	ChoiceField FieldKind = "choice" // one of a few words
)

// Empty is what an empty cell of a column means.
type Empty string

// The meanings.
const (
	EmptyKeeps   Empty = "keeps"   // says nothing: what is stored stays
	EmptyRefused Empty = "refused" // the row is refused
	EmptySkips   Empty = "skips"   // the row asks for nothing and is ignored
	EmptyClears  Empty = "clears"  // what is stored is taken away
	EmptyMeans   Empty = "means"   // the help says what
)

var emptyWords = map[Empty]Words{
	EmptyKeeps:   {"空欄なら変えません", "empty: left as it is"},
	EmptyRefused: {"空欄にはできません", "may not be empty"},
	EmptySkips:   {"空欄の行は何も変えません", "a row with an empty cell changes nothing"},
	EmptyClears:  {"空欄なら設定を消します", "empty: the setting is removed"},
	EmptyMeans:   {"意味の欄のとおり", "as described"},
}

// Sentence says it to people.
func (e Empty) Sentence(lang Language) string { return emptyWords[e].In(lang) }

// Choice is a word that a cell may hold.
type Choice struct {
	Value   string   // what it means
	Word    string   // as it is written: 加算
	Aliases []string // other ways to write it, compared folded
	Help    Words
}

// Column is a field with the way into and out of a row.
type Column[T any] struct {
	Field
	// Set takes a cell, never an empty one unless Empty is EmptyClears, cleaned and, but for texts, without white space around it.
	// A problem needs only its code and hint.
	Set func(row *T, cell string) *Problem
	// Get gives the cell of a row to be written; nil in columns that are only read.
	Get func(row *T) string
}

// names are all headers that mean the field.
func (f *Field) names() []string {
	return append([]string{f.Header, f.English, f.Key}, f.Aliases...)
}

// chooser finds the choice that a cell means: as it is written, or folded like a header.
func chooser(choices []Choice) func(cell string) (string, *Problem) {
	exact := make(map[string]string)
	var words []string
	for _, c := range choices {
		words = append(words, c.Word)
		for _, name := range append([]string{c.Word, c.Value}, c.Aliases...) {
			exact[name] = c.Value
		}
	}
	allowed := strings.Join(words, "・")
	folded := sync.OnceValue(func() map[string]string {
		keys := make(map[string]string)
		for name, value := range exact {
			if key := headerKey(name); key != "" { // + and - are themselves only
				keys[key] = value
			}
		}
		return keys
	})
	return func(cell string) (string, *Problem) {
		if value, ok := exact[cell]; ok {
			return value, nil
		}
		if value, ok := folded()[headerKey(cell)]; ok {
			return value, nil
		}
		return "", &Problem{Code: NotChoice, Hint: allowed}
	}
}

// Info is what screens, commands and docs know of a format.
type Info struct {
	Name    string
	Title   Words
	Help    Words
	Fields  []Field
	Layouts []LayoutInfo
}

// LayoutInfo is what they know of another's file.
type LayoutInfo struct {
	Kind   string
	Title  Words
	Fields []Field
}

// Info gives what people see of the format.
func (f *Format[T]) Info() Info {
	info := Info{Name: f.Name, Title: f.Title, Help: f.Help, Fields: fields(f.Columns)}
	for _, l := range f.Layouts {
		info.Layouts = append(info.Layouts, LayoutInfo{Kind: l.Kind, Title: l.Title, Fields: fields(l.Columns)})
	}
	return info
}

func fields[T any](columns []Column[T]) []Field {
	list := make([]Field, len(columns))
	for i, c := range columns {
		list[i] = c.Field
	}
	return list
}
