package exchange

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// risky are the first characters of a text that a spreadsheet would run as a formula, full-width ones included, since a Japanese
// spreadsheet takes those too.
const risky = "=+-@\t\r\n＝＋－＠"

// unwrap gives the text of ="text", the form in which a text survives a spreadsheet as it is. Whatever else begins with an equals sign
// is not one.
func unwrap(cell string) (string, bool) {
	if len(cell) < 3 || !strings.HasPrefix(cell, `="`) || cell[len(cell)-1] != '"' {
		return "", false
	}
	inner := cell[2 : len(cell)-1]
	if !strings.Contains(inner, `"`) {
		return inner, true
	}
	if bare := strings.ReplaceAll(inner, `""`, ""); strings.Contains(bare, `"`) {
		return "", false // ="a"&"b"
	}
	return strings.ReplaceAll(inner, `""`, `"`), true
}

// errorCells are what a spreadsheet saves in place of a value.
var errorCells = []string{"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#GETTING_DATA"}

// clean gives what a cell says: ="001" is 001, an apostrophe that keeps a spreadsheet from running a text is taken off. Other
// formulas, a spreadsheet's errors and characters that somebody has lost before are refused. exact tells that the text is to be taken as it is.
func clean(cell string) (value string, exact bool, p *Problem) {
	if cell == "" {
		return "", false, nil
	}
	trimmed := cell
	if c := cell[0]; c == '=' || c == '\'' || c == '#' || c <= ' ' || c >= utf8.RuneSelf {
		trimmed = trim(cell)
	}
	switch {
	case trimmed == "":
		return "", false, nil
	case trimmed[0] == '=':
		inner, ok := unwrap(trimmed)
		if !ok {
			return "", false, &Problem{Code: ValueFormula}
		}
		value, exact = inner, true
	case trimmed[0] == '\'' && len(trimmed) > 1 && strings.ContainsAny(firstRune(trimmed[1:]), risky):
		value, exact = trimmed[1:], true
	case trimmed[0] == '#':
		if len(trimmed) > 2 && strings.Trim(trimmed, "#") == "" { // a column that was too narrow
			return "", false, &Problem{Code: ValueError}
		}
		for _, e := range errorCells {
			if strings.EqualFold(trimmed, e) {
				return "", false, &Problem{Code: ValueError}
			}
		}
		value = cell
	default:
		value = cell
	}
	if strings.Contains(value, "\uFFFD") {
		return "", false, &Problem{Code: LostCharacter}
	}
	return value, exact, nil
}

func firstRune(s string) string {
	_, size := utf8.DecodeRuneInString(s)
	return s[:size]
}

// trim takes white space and invisible marks off both ends: spaces of all widths, and the marks that copying from web pages leaves.
func trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || r == 0xFEFF || r == 0x200B || r == 0x200E || r == 0x200F || r == 0x2060
	})
}

// control finds the first control or invisible character in a code.
func control(code string) (string, bool) {
	for _, r := range code {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == 0x2028 || r == 0x2029 {
			return fmt.Sprintf("%U", r), true
		}
	}
	return "", false
}
