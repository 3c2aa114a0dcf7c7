package exchange

import (
	"strconv"
	"strings"
	"unicode"

	"soroi/internal/stock"
)

// number is a whole number as a cell has it.
type number struct {
	value  int64
	signed bool // with a plus or a minus in front
}

// maxNumberRunes bounds what is looked at as a number.
const maxNumberRunes = 40

// parseNumber reads a whole number the way people and spreadsheets write it: full-width digits, spaces around, separators of thousands
// (1,234 or 1 234), 1.0, 1E+3, a plus, and every sign that serves as a minus, ▲5 and (5) of bookkeeping among them. What could mean
// two things (1,5) is refused.
func parseNumber(cell string) (number, *Problem) {
	s := trim(cell)
	if n, ok := plainNumber(s); ok {
		if p := limitNumber(n); p != nil {
			return number{}, p
		}
		return number{value: n}, nil
	}
	if s == "" || len(s) > maxNumberRunes*4 {
		return number{}, &Problem{Code: NotNumber}
	}
	ascii := make([]byte, 0, len(s))
	for _, r := range s {
		c := narrow(r)
		if c == 0 {
			return number{}, &Problem{Code: NotNumber}
		}
		ascii = append(ascii, c)
	}
	text := string(ascii)
	var n number
	negative := false
	switch {
	case strings.HasPrefix(text, "(") && strings.HasSuffix(text, ")"):
		negative, n.signed = true, true
		text = text[1 : len(text)-1]
	case strings.HasPrefix(text, "+"), strings.HasPrefix(text, "-"):
		negative, n.signed = text[0] == '-', true
		text = text[1:]
	}
	text = strings.TrimSpace(text)
	mantissa, exponent, scientific := strings.Cut(text, "E")
	whole, fraction, pointed := strings.Cut(mantissa, ".")
	power := 0
	if scientific {
		var err error
		if power, err = strconv.Atoi(exponent); err != nil || power < 0 || power > 30 {
			return number{}, &Problem{Code: NotNumber}
		}
	}
	whole, p := ungroup(whole)
	if p != nil {
		return number{}, p
	}
	if !digits(whole) || pointed && fraction != "" && !digits(fraction) {
		return number{}, &Problem{Code: NotNumber}
	}
	for range power {
		next := byte('0')
		if fraction != "" {
			next, fraction = fraction[0], fraction[1:]
		}
		whole += string(rune(next))
	}
	if strings.Trim(fraction, "0") != "" {
		return number{}, &Problem{Code: NotWhole}
	}
	whole = strings.TrimLeft(whole, "0")
	if len(whole) > 18 {
		return number{}, &Problem{Code: NumberTooLarge, Hint: largest}
	}
	if whole != "" {
		n.value, _ = strconv.ParseInt(whole, 10, 64) // at most 18 digits
	}
	if p := limitNumber(n.value); p != nil {
		return number{}, p
	}
	if negative {
		n.value = -n.value
	}
	return n, nil
}

var largest = strconv.FormatInt(stock.LargestUnits, 10)

func limitNumber(n int64) *Problem {
	if n > stock.LargestUnits {
		return &Problem{Code: NumberTooLarge, Hint: largest}
	}
	return nil
}

// plainNumber is the usual case: a few digits and nothing else.
func plainNumber(s string) (int64, bool) {
	if s == "" || len(s) > 18 {
		return 0, false
	}
	n := int64(0)
	for i := 0; i < len(s); i++ {
		c := s[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + int64(c)
	}
	return n, true
}

// narrow gives the ASCII character that a character of a number stands for; 0 when it is part of none.
func narrow(r rune) byte {
	switch {
	case '0' <= r && r <= '9':
		return byte(r)
	case '０' <= r && r <= '９':
		return byte(r - '０' + '0')
	case unicode.IsSpace(r):
		return ' '
	}
	switch r {
	case '.', '．':
		return '.'
	case ',', '，':
		return ','
	case '+', '＋':
		return '+'
	case '-', '－', '−', '‐', '‑', '‒', '–', '—', '―', '﹣', '⁻', 'ー', '▲', '△':
		return '-'
	case 'e', 'E', 'ｅ', 'Ｅ':
		return 'E'
	case '(', '（':
		return '('
	case ')', '）':
		return ')'
	case '\'', '’':
		return '\''
	}
	return 0
}

// ungroup takes separators of thousands out, all of one kind and each before exactly three digits.
func ungroup(whole string) (string, *Problem) {
	at := strings.IndexAny(whole, ", '")
	if at < 0 {
		return whole, nil
	}
	groups := strings.Split(whole, whole[at:at+1])
	for i, group := range groups {
		if !digits(group) || i == 0 && len(group) > 3 || i > 0 && len(group) != 3 {
			if strings.Trim(whole, "0123456789, '") != "" {
				return "", &Problem{Code: NotNumber}
			}
			return "", &Problem{Code: BadGrouping}
		}
	}
	return strings.Join(groups, ""), nil
}

// digits tells whether s is ASCII digits, at least one.
func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
