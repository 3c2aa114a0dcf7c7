package ui

import (
	"fmt"
	"net/http"
)

// Lang is a language of the screens.
type Lang string

// The languages. Page text is written in Japanese inside the templates; english.go has the other side.
const (
	Japanese Lang = "ja"
	English  Lang = "en"
)

// LangCookie remembers a person's choice of language.
const LangCookie = "soroi_lang"

// LangOf is the language that the browser asked for: by its choice on our screens, else Japanese.
func LangOf(r *http.Request) Lang {
	if c, err := r.Cookie(LangCookie); err == nil && Lang(c.Value) == English {
		return English
	}
	return Japanese
}

// T is a Japanese sentence of a template in this language; args fill its %-verbs. A sentence that the English table lacks stays
// Japanese: a test makes sure that there is none.
func (l Lang) T(japanese string, args ...any) string {
	text := japanese
	if l == English {
		if other, ok := english[japanese]; ok {
			text = other
		}
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}
