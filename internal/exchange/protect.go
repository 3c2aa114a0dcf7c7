package exchange

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Protection says against what a written file guards its texts and codes.
type Protection string

// The protections.
const (
	// ForSpreadsheets, the default, writes whatever a spreadsheet would change (00123, 1-2, 1E5) or run (=1+1, -bl, @x) as ="text". Reading takes
	// that off again, whether the file has been through a spreadsheet or not.
	ForSpreadsheets Protection = "spreadsheets"
	// ForPrograms writes everything as it is, for programs that do not know the form. Such a file must not be opened in a spreadsheet.
	ForPrograms Protection = "programs"
)

// longestLiteral is how many characters a text within a formula may have in Excel; longer ones get an apostrophe in front.
const longestLiteral = 255

// Safe gives a text as it is written into a file that a spreadsheet opens: nothing in it is run.
func Safe(text string) string { return protect(text, TextField) }

// protect gives a cell as it is written.
func protect(cell string, kind FieldKind) string {
	if cell == "" || kind == NumberField || kind == ChoiceField {
		return cell
	}
	danger := strings.ContainsAny(firstRune(cell), risky) || strings.ContainsAny(firstRune(trim(cell)), risky) ||
		cell[0] == '\'' && len(cell) > 1 && strings.ContainsAny(firstRune(cell[1:]), risky)
	short := utf8.RuneCountInString(cell) <= longestLiteral
	switch {
	case danger && !short && cell[0] != '\'':
		return "'" + cell
	case danger, cell[0] == '#', short && (kind == CodeField || len(cell) <= 30 || digits(cell)) && !keeps(cell), trim(cell) != cell:
		return `="` + strings.ReplaceAll(cell, `"`, `""`) + `"`
	}
	return cell
}

var (
	eraDate = regexp.MustCompile(`^(?i:[MTSHR])[0-9]+[./-][0-9]+`)
	aClock  = regexp.MustCompile(`^(?i:[0-9: ]+ ?[ap]m?)$`)
	anE     = regexp.MustCompile(`^[0-9.,+-]*[0-9.][eE][+-]?[0-9]+$`)
)

// keeps tells whether a spreadsheet leaves a cell as it is: a text that nothing could take for a number, a date, a time or a truth value, or a number
// that is shown with all its digits. When in doubt it does not.
func keeps(cell string) bool {
	if digits(cell) {
		return len(cell) <= 11 && (cell[0] != '0' || cell == "0")
	}
	letters, figures := false, false
	for _, r := range cell {
		switch {
		case '0' <= r && r <= '9':
			figures = true
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z':
			letters = true
		case r < utf8.RuneSelf:
		case strings.ContainsRune("年月日時分秒￥¥％", r), unicode.IsDigit(r):
			return false
		case unicode.IsLetter(r):
			letters = true
		}
	}
	if !letters {
		return !figures && len(cell) > 3 // a mark or two may be anything; ---- is not
	}
	if strings.EqualFold(cell, "TRUE") || strings.EqualFold(cell, "FALSE") {
		return false
	}
	if !figures {
		return true
	}
	switch first := cell[0]; {
	case first >= '0' && first <= '9', first == '.', first == ' ', first == ',', first == ':':
		if anE.MatchString(cell) || aClock.MatchString(cell) {
			return false
		}
	case strings.IndexByte("MTSHRmtshr", first) >= 0 && eraDate.MatchString(cell):
		return false
	}
	for i := range len(cell) - 2 {
		for _, m := range months {
			if strings.EqualFold(cell[i:i+3], m) {
				return false
			}
		}
	}
	return true
}
