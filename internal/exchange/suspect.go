package exchange

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// SuspectKind is what a spreadsheet has probably done to a code.
type SuspectKind string

// The kinds of damage.
const (
	EatenZeros    SuspectKind = "eaten_zeros"    // 00123 became 123
	EatenDecimals SuspectKind = "eaten_decimals" // 1.10 became 1.1
	Scientific    SuspectKind = "scientific"     // 1234567890123 became 1.23457E+12, 1E5 became 1.00E+05
	LostDigits    SuspectKind = "lost_digits"    // of more than 15 digits the rest became zeros
	BecameDate    SuspectKind = "became_date"    // 1-2 became 1月2日
)

// suspectCodes are the reasons for refusing a suspicious code.
var suspectCodes = map[SuspectKind]Code{
	EatenZeros: CodeEatenZeros, EatenDecimals: CodeEatenDecimals, Scientific: CodeScientific, LostDigits: CodeLostDigits, BecameDate: CodeBecameDate,
}

// Suspect is a code that a spreadsheet seems to have changed, with the codes that exist and may have been meant.
type Suspect struct {
	Kind       SuspectKind `json:"kind"`
	Written    string      `json:"written"`
	Candidates []string    `json:"candidates,omitempty"`
}

// Problem is what is to be said about it; Rows.Place tells where.
func (s *Suspect) Problem() *Problem {
	p := &Problem{Code: suspectCodes[s.Kind], Hint: "?"}
	p.Value = s.Written
	if n := len(s.Candidates); n > 0 {
		p.Hint = strings.Join(s.Candidates[:min(n, 5)], ", ")
		if n > 5 {
			p.Hint += " …"
		}
	}
	return p
}

// guess is one way to undo damage: codes that it may have been, or what it must begin with.
type guess struct {
	kind   SuspectKind
	codes  []string
	prefix string
	fits   func(code string) bool
	// certain tells that nobody would write such a code by hand: it is damage even when nothing like it exists.
	certain bool
}

var (
	scientific = regexp.MustCompile(`^([0-9])(?:\.([0-9]+))?[Ee]\+?([0-9]{1,3})$`)
	decimal    = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)
	dates      = []*regexp.Regexp{
		regexp.MustCompile(`^(?P<m>[0-9]{1,2})月(?P<d>[0-9]{1,2})日$`),
		regexp.MustCompile(`^(?P<y>[0-9]{4})年(?P<m>[0-9]{1,2})月(?P<d>[0-9]{1,2})日$`),
		regexp.MustCompile(`^(?P<y>[0-9]{4})[/-](?P<m>[0-9]{1,2})[/-](?P<d>[0-9]{1,2})$`),
		regexp.MustCompile(`^(?P<m>[0-9]{1,2})/(?P<d>[0-9]{1,2})/(?P<y>[0-9]{4})$`),
		regexp.MustCompile(`^(?P<d>[0-9]{1,2})-(?P<n>[A-Z][a-z]{2})$`),
		regexp.MustCompile(`^(?P<n>[A-Z][a-z]{2})-(?P<d>[0-9]{2})$`),
	}
)

// damage gives the ways in which a spreadsheet may have made a code what it is.
func damage(code string) []guess {
	var list []guess
	if g, ok := eatenZeros(code); ok {
		list = append(list, g)
	}
	if g, ok := lostDigits(code); ok {
		list = append(list, g)
	}
	if parts := scientific.FindStringSubmatch(code); parts != nil {
		list = append(list, scientificGuess(parts[1], parts[2], parts[3]))
	}
	if decimal.MatchString(code) && len(code) <= 15 {
		g := guess{kind: EatenDecimals}
		padded := code
		if !strings.Contains(code, ".") {
			padded += "."
		}
		for range 4 {
			padded += "0"
			g.codes = append(g.codes, padded)
		}
		list = append(list, g)
	}
	if g, ok := dateGuess(code); ok {
		list = append(list, g)
	}
	return list
}

// longestDigits is how long a code of digits is taken to be.
const longestDigits = 20

// eatenZeros puts zeros back in front of a number.
func eatenZeros(code string) (guess, bool) {
	if !digits(code) || len(code) > 13 {
		return guess{}, false
	}
	g := guess{kind: EatenZeros}
	for n := len(code) + 1; n <= min(longestDigits, len(code)+12); n++ {
		g.codes = append(g.codes, strings.Repeat("0", n-len(code))+code)
	}
	return g, true
}

// lostDigits is for a number of more digits than a spreadsheet keeps.
func lostDigits(code string) (guess, bool) {
	if !digits(code) || len(code) < 16 || strings.Trim(code[15:], "0") != "" {
		return guess{}, false
	}
	return guess{kind: LostDigits, prefix: code[:15], fits: func(c string) bool { return c != code && digits(c) && len(c) == len(code) }}, true
}

// scientificGuess is for a number shown with few digits: every code of so many digits that would be shown so, and codes with an E in them.
func scientificGuess(first, rest, exponent string) guess {
	power, err := strconv.Atoi(exponent)
	if err != nil {
		power = 0 // at most three digits, so it does not happen
	}
	mantissa := first + rest
	g := guess{kind: Scientific, certain: rest != ""}
	short := strings.TrimRight(mantissa, "0")
	if short == "" {
		short = "0"
	}
	for zeros := range 4 { // 1E5, 10E4 …: short followed by zeros, times a power of ten
		e := power - (len(short) - 1) - zeros
		if e < 0 {
			break
		}
		m := short + strings.Repeat("0", zeros)
		for _, spelling := range []string{"%sE%d", "%se%d", "%sE%02d", "%se%02d"} {
			g.codes = append(g.codes, fmt.Sprintf(spelling, m, e))
		}
	}
	if missing := power + 1 - len(mantissa); missing >= 0 && power < 40 {
		length := power + 1
		stem := mantissa[:len(mantissa)-1] // the last digit may have been rounded
		g.prefix = stem
		g.fits = func(c string) bool { return digits(c) && len(c) == length && roundsTo(c, mantissa) }
		if stem == "" {
			g.prefix, g.fits = "", nil
			g.codes = append(g.codes, mantissa+strings.Repeat("0", missing))
		}
	}
	return g
}

// roundsTo tells whether the first digits of a number, rounded, are these.
func roundsTo(number, first string) bool {
	head := number[:len(first)]
	if len(number) > len(first) && number[len(first)] >= '5' {
		n, err := strconv.ParseInt(head, 10, 64)
		if err != nil {
			return false
		}
		head = strconv.FormatInt(n+1, 10)
	}
	return head == first
}

var months = []string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

// dateGuess gives the codes that a spreadsheet takes for a date.
func dateGuess(code string) (guess, bool) {
	for _, pattern := range dates {
		parts := pattern.FindStringSubmatch(code)
		if parts == nil {
			continue
		}
		year, month, day, name := 0, 0, 0, ""
		for i, group := range pattern.SubexpNames() {
			switch group {
			case "y":
				year, _ = strconv.Atoi(parts[i])
			case "m":
				month, _ = strconv.Atoi(parts[i])
			case "d":
				day, _ = strconv.Atoi(parts[i])
			case "n":
				name = parts[i]
			}
		}
		for i, m := range months {
			if m == name {
				month = i + 1
			}
		}
		if month < 1 || month > 12 {
			return guess{}, false
		}
		g := guess{kind: BecameDate}
		for _, separator := range []string{"-", "/"} {
			for _, pair := range [][2]int{{month, day}, {day, month}} {
				for _, form := range []string{"%d%s%d", "%02d%s%02d", "%d%s%02d", "%02d%s%d"} {
					g.codes = append(g.codes, fmt.Sprintf(form, pair[0], separator, pair[1]))
				}
			}
			if year > 0 {
				g.codes = append(g.codes, fmt.Sprintf("%d%s%d%s%d", year, separator, month, separator, day), fmt.Sprintf("%d%s%02d%s%02d", year, separator, month, separator, day),
					fmt.Sprintf("%02d%s%d%s%d", year%100, separator, month, separator, day), fmt.Sprintf("%02d%s%02d%s%02d", year%100, separator, month, separator, day),
					fmt.Sprintf("%d%s%d", year, separator, month), fmt.Sprintf("%d%s%02d", year, separator, month))
			}
		}
		for _, m := range []string{months[month-1], strings.ToUpper(months[month-1]), strings.ToLower(months[month-1])} {
			for _, form := range []string{"%s%d", "%s%02d", "%s-%d", "%s-%02d", "%s %d"} {
				g.codes = append(g.codes, fmt.Sprintf(form, m, day))
			}
		}
		g.certain = strings.Contains(code, "月")
		return g, true
	}
	return guess{}, false
}
