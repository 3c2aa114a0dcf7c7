package stock

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CodeKind says what a further code of a SKU is.
type CodeKind string

// The kinds of further codes.
const (
	JAN       CodeKind = "jan"   // JANコード: a GTIN of 8, 12, 13 or 14 digits with its check digit
	OtherCode CodeKind = "other" // whatever else a shop, a supplier or an old system calls it
)

// SKUCode is a further code of a SKU, beside the one that names it. Several SKUs may carry the same.
type SKUCode struct {
	Code string
	Kind CodeKind
}

// Bounds of what a merchant may call things, in characters.
const (
	LongestCode = 200
	LongestName = 500
	MostCodes   = 50 // further codes of one SKU
)

// CatalogError says what is wrong with a product or a SKU by itself, or beside others.
type CatalogError struct {
	Field  string // "code", "name", "product", "option1_name" …, "option1" …, "codes", "cost", "archived"
	Code   string // of the sentence, one of CatalogCodes
	Reason string
}

func (e *CatalogError) Error() string { return e.Field + " " + e.Reason }

// CatalogCodes are all codes of CatalogError, for whoever has a sentence for each.
func CatalogCodes() []string {
	return []string{"missing", "long", "control", "space", "jan_digits", "jan_check", "kind", "many", "gap", "same", "no_option", "taken", "same_options", "claims",
		"unknown", "exists", "twice", "in_use", "cost"}
}

// CheckText refuses a text that nobody could read or search for: control characters, broken bytes, white space at either end, too long. An
// empty text is fine. The error is a *CatalogError.
func CheckText(field, s string, longest int) error {
	switch {
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return &CatalogError{field, "control", "holds characters that cannot be shown"}
	case strings.TrimSpace(s) != s:
		return &CatalogError{field, "space", "begins or ends with white space"}
	case utf8.RuneCountInString(s) > longest:
		return &CatalogError{field, "long", fmt.Sprintf("has %d characters, more than %d", utf8.RuneCountInString(s), longest)}
	}
	return nil
}

// CheckCode refuses what cannot be a code. A code is kept as it is written: two that differ only in case or in zeros in front are two
// codes. The error is a *CatalogError.
func CheckCode(field, code string) error {
	if code == "" {
		return &CatalogError{field, "missing", "is missing"}
	}
	return CheckText(field, code, LongestCode)
}

// Check refuses a further code that is none. The error is a *CatalogError.
func (c SKUCode) Check() error {
	if err := CheckCode("codes", c.Code); err != nil {
		return err
	}
	switch c.Kind {
	case OtherCode:
		return nil
	case JAN:
		return CheckJAN("codes", c.Code)
	}
	return &CatalogError{"codes", "kind", fmt.Sprintf("kind %q is neither jan nor other", c.Kind)}
}

// CheckJAN refuses what is no JAN: the digits of a GTIN of 8, 12, 13 or 14, the last of which follows from the others (weights 3 and 1 from
// the right, GS1 General Specifications 7.9). The error is a *CatalogError.
func CheckJAN(field, code string) error {
	digits := len(code) == 8 || len(code) >= 12 && len(code) <= 14
	for i := 0; i < len(code); i++ {
		digits = digits && code[i] >= '0' && code[i] <= '9'
	}
	if !digits {
		return &CatalogError{field, "jan_digits", fmt.Sprintf("%q is no JAN: it has 8 or 13 digits (12 or 14 for goods from abroad and for boxes)", code)}
	}
	sum := 0
	for i := 0; i < len(code)-1; i++ {
		n := int(code[i] - '0')
		if (len(code)-i)%2 == 0 {
			n *= 3
		}
		sum += n
	}
	if want := byte('0' + (10-sum%10)%10); code[len(code)-1] != want {
		return &CatalogError{field, "jan_check", fmt.Sprintf("%q is no JAN: its last digit would be %c", code, want)}
	}
	return nil
}
