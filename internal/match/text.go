package match

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Text is the rule as it is stored; Default is "".
func (r Rule) Text() string {
	if r.Steps == nil {
		r.Steps = []Step{}
	}
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // texts and a flag always marshal
	}
	if standard, _ := json.Marshal(Default()); string(text) == string(standard) {
		return ""
	}
	return string(text)
}

// Read is the inverse of Text.
func Read(stored string) (Rule, error) {
	if stored == "" {
		return Default(), nil
	}
	var r Rule
	if err := json.Unmarshal([]byte(stored), &r); err != nil {
		return Rule{}, fmt.Errorf("read match rule %q: %w", stored, err)
	}
	return r, nil
}

// JoinCodes writes a listing's codes into one text, a line for each; SplitCodes is its inverse. Line ends inside a code become spaces.
func JoinCodes(codes []Code) string {
	var b strings.Builder
	for _, c := range codes {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(string(c.Kind))
		b.WriteByte('\t')
		b.WriteString(strings.NewReplacer("\n", " ", "\r", " ").Replace(c.Text))
	}
	return b.String()
}

// SplitCodes reads what JoinCodes wrote.
func SplitCodes(joined string) []Code {
	if joined == "" {
		return nil
	}
	var codes []Code
	for line := range strings.SplitSeq(joined, "\n") {
		kind, text, _ := strings.Cut(line, "\t")
		codes = append(codes, Code{Kind(kind), text})
	}
	return codes
}
