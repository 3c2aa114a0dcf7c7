package ui

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"soroi/internal/exchange"
)

// File is a list that a browser is sent as a file.
type File struct {
	Name     string // without the day and the ending
	Encoding exchange.Encoding
	Columns  []string // nil is all
	Lang     Lang
}

// ReadFile reads what a form asks for: the encoding, and the columns.
func ReadFile(l Lang, name string, v url.Values) File {
	f := File{Name: name, Encoding: exchange.UTF8BOM, Columns: v["column"], Lang: l}
	if e := exchange.Encoding(v.Get("encoding")); slices.Contains(exchange.Encodings, e) {
		f.Encoding = e
	}
	return f
}

// Options are those of its writer.
func (f File) Options() exchange.WriteOptions {
	return exchange.WriteOptions{Encoding: f.Encoding, Columns: f.Columns, Language: FileLanguage(f.Lang)}
}

// FileLanguage is the language of files for people who read the screens in this one.
func FileLanguage(l Lang) exchange.Language {
	if l == English {
		return exchange.English
	}
	return exchange.Japanese
}

// Choice is one entry of a select, or one box to check.
type Choice struct {
	Value, Label string
	Chosen       bool
}

// Encodings are those of files.
func Encodings() []Choice {
	var list []Choice
	for _, e := range exchange.Encodings {
		list = append(list, Choice{Value: string(e), Label: e.Name()})
	}
	return list
}

// FileField is a column of the files that lists are written as.
func FileField(key string) exchange.Field {
	for _, c := range exchange.List.Columns {
		if c.Key == key {
			return c.Field
		}
	}
	return exchange.Field{}
}

// FileColumns are columns of a file, all of them chosen where chosen is nil.
func FileColumns(l Lang, keys, chosen []string) []Choice {
	var list []Choice
	for _, key := range keys {
		label := FileField(key).Header
		if l == English {
			label = FileField(key).English
		}
		list = append(list, Choice{key, label, chosen == nil || slices.Contains(chosen, key)})
	}
	return list
}

// Send writes the file as it comes: it holds no more than a part of it. An encoding that lacks characters is tried first, so that a file that cannot be
// written is refused before its first byte.
func (f File) Send(w http.ResponseWriter, now time.Time, write func(io.Writer, exchange.WriteOptions) error) error {
	if f.Encoding == exchange.CP932 {
		if err := write(io.Discard, f.Options()); err != nil {
			return f.refuse(err)
		}
	}
	begun := &begun{w: w, name: f.Name + "-" + now.In(jst).Format("20060102-150405") + ".csv", encoding: f.Encoding}
	err := write(begun, f.Options())
	if err != nil && begun.sent {
		return &halfError{err}
	}
	if err != nil {
		return f.refuse(err)
	}
	begun.begin() // an empty file is one too
	return nil
}

func (f File) refuse(err error) error {
	var wrong *exchange.Problem
	if !errors.As(err, &wrong) {
		return err
	}
	l := f.Options().Language
	return &Refusal{http.StatusUnprocessableEntity, wrong.Sentence(l) + wrong.Next(l)}
}

// begun sends the head of a file with its first byte.
type begun struct {
	w        http.ResponseWriter
	name     string
	encoding exchange.Encoding
	sent     bool
}

func (b *begun) begin() {
	if b.sent {
		return
	}
	b.sent = true
	charset := "utf-8"
	switch b.encoding {
	case exchange.CP932:
		charset = "Shift_JIS"
	case exchange.UTF16LE, exchange.UTF16BE:
		charset = "utf-16"
	}
	h := b.w.Header()
	h.Set("Content-Type", "text/csv; charset="+charset)
	h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", b.name))
	h.Set("Cache-Control", "no-store")
	b.w.WriteHeader(http.StatusOK)
}

func (b *begun) Write(part []byte) (int, error) {
	b.begin()
	return b.w.Write(part)
}

// halfError is an error after a part of a file has been sent.
type halfError struct{ err error }

func (e *halfError) Error() string { return "half a file was sent: " + e.err.Error() }
func (e *halfError) Unwrap() error { return e.err }
