package exchange

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Code names a reason. It is stored in receipts and never changes; what it says to a person stands in one table (reasons.go).
type Code string

// Fate is what a reason does to what it is about.
type Fate string

// The fates.
const (
	FileRefused   Fate = "file_refused"   // nothing of the file can be used
	RowRefused    Fate = "row_refused"    // the row says something that cannot be done
	RowIgnored    Fate = "row_ignored"    // the row asks for nothing
	RowNoted      Fate = "row_noted"      // the row is used, and something about it should be known
	ColumnIgnored Fate = "column_ignored" // the column is not read
)

// Language is a language of sentences.
type Language string

// The languages.
const (
	Japanese Language = "ja"
	English  Language = "en"
)

// Problem is one finding about a file: what, where, and with Sentence and Next what to do. It is an error where it is the
// reason for refusing the whole file.
type Problem struct {
	Code    Code
	Line    int    // of the file, from 1; where the row begins. 0: about the whole file
	EndLine int    // where the row ends; like Line unless a quoted field holds line ends
	Offset  int64  // of the first broken byte in the file, from 0; only with broken bytes
	Header  string // the column as the file names it
	Value   string // what stood there, cut to valueRunes characters
	Hint    string // what the sentence needs besides: the nearest header, what is allowed, a limit

	column int    // of the file, from 1, where the header is not known yet
	key    string // of the field, where the header is not known yet
}

// valueRunes bounds how much of a cell a finding repeats.
const valueRunes = 100

// Error is the English sentence with its place.
func (p *Problem) Error() string {
	if p.Line == 0 {
		return p.Sentence(English)
	}
	return fmt.Sprintf("line %d: %s", p.Line, p.Sentence(English))
}

// Fate is what the problem does.
func (p *Problem) Fate() Fate { return reasons[p.Code].fate }

// Sentence says what is wrong.
func (p *Problem) Sentence(lang Language) string {
	return p.fill(reasons[p.Code].what.In(lang))
}

// Next says what to do about it.
func (p *Problem) Next(lang Language) string {
	return p.fill(reasons[p.Code].next.In(lang))
}

// fill puts the problem's words into a sentence.
func (p *Problem) fill(sentence string) string {
	if !strings.Contains(sentence, "{") {
		return sentence
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(sentence, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, after, _ := strings.Cut(rest, "}")
		switch name {
		case "header":
			b.WriteString(p.Header)
		case "value":
			b.WriteString(p.Value)
		case "hint":
			b.WriteString(p.Hint)
		case "line":
			b.WriteString(strconv.Itoa(p.Line))
		case "end":
			b.WriteString(strconv.Itoa(p.EndLine))
		case "offset":
			b.WriteString(strconv.FormatInt(p.Offset, 10))
		}
		sentence = after
	}
}

// about is a problem of a field, whose place is filled in by who reads the row.
func about(key string, code Code, hint string) *Problem {
	return &Problem{Code: code, Hint: hint, key: key}
}

// cut shortens s to n characters, an ellipsis included.
func cut(s string, n int) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	end := 0
	for range n - 1 {
		_, size := utf8.DecodeRuneInString(s[end:])
		end += size
	}
	return s[:end] + "…"
}

// problemJSON is a problem in a receipt.
type problemJSON struct {
	Code    Code   `json:"code"`
	Fate    Fate   `json:"fate"`
	Line    int    `json:"line,omitempty"`
	EndLine int    `json:"end_line,omitempty"`
	Offset  *int64 `json:"offset,omitempty"`
	Column  string `json:"column,omitempty"`
	Value   string `json:"value,omitempty"`
	Hint    string `json:"hint,omitempty"`
	Message string `json:"message"`
	Next    string `json:"next,omitempty"`

	MessageEN string `json:"message_en"`
	NextEN    string `json:"next_en,omitempty"`
}

// MarshalJSON writes the problem with its sentences in both languages.
func (p *Problem) MarshalJSON() ([]byte, error) {
	j := problemJSON{Code: p.Code, Fate: p.Fate(), Line: p.Line, EndLine: p.EndLine, Column: p.Header, Value: p.Value, Hint: p.Hint,
		Message: p.Sentence(Japanese), Next: p.Next(Japanese), MessageEN: p.Sentence(English), NextEN: p.Next(English)}
	if p.Code == BrokenBytes {
		j.Offset = &p.Offset
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote; the sentences follow from the code.
func (p *Problem) UnmarshalJSON(data []byte) error {
	var j problemJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	*p = Problem{Code: j.Code, Line: j.Line, EndLine: j.EndLine, Header: j.Column, Value: j.Value, Hint: j.Hint}
	if j.Offset != nil {
		p.Offset = *j.Offset
	}
	return nil
}
