package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// mostErrors bounds how many things that are wrong with a body are told at once.
const mostErrors = 50

// body is a JSON body that is read field by field, so that everything that is wrong with it is told at once, each with its place.
type body struct {
	errors []BodyError
}

// read parses the body of a request. The error is a *Problem.
func (r *request) read() (any, error) {
	kind, _, err := mime.ParseMediaType(r.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return nil, problem(unsupportedType, "The Content-Type is %q; send application/json.", r.r.Header.Get("Content-Type"))
	}
	decoder := json.NewDecoder(r.r.Body)
	decoder.UseNumber()
	var v any
	err = decoder.Decode(&v)
	if err == nil {
		if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
			err = more
			if err == nil {
				err = errors.New("there is more after the first value")
			}
		}
	}
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return v, nil
	case errors.As(err, &large):
		return nil, problem(tooLarge, "The body is larger than %d bytes. Send the rows in several requests, each with its own Idempotency-Key.", large.Limit)
	case errors.Is(err, io.EOF):
		return nil, problem(invalidBody, "The body is empty; a JSON object is needed.")
	}
	return nil, problem(invalidBody, "The body is not JSON (near byte %d): %s.", decoder.InputOffset(), strings.TrimPrefix(err.Error(), "json: "))
}

func (b *body) wrong(pointer, format string, args ...any) {
	if len(b.errors) < mostErrors {
		b.errors = append(b.errors, BodyError{Pointer: pointer, Detail: fmt.Sprintf(format, args...)})
	}
}

// problem is what is wrong with the body, nil when nothing is.
func (b *body) problem() error {
	if len(b.errors) == 0 {
		return nil
	}
	first := b.errors[0]
	p := problem(invalidBody, "%s: %s Nothing was changed.", placeOf(first.Pointer), first.Detail)
	p.Errors = b.errors
	return p
}

func placeOf(pointer string) string {
	if pointer == "" {
		return "The body"
	}
	return pointer
}

// object is a JSON object with some of the named fields; any other is refused by its name.
func (b *body) object(v any, pointer string, required, optional []string) (map[string]any, bool) {
	object, ok := v.(map[string]any)
	if !ok {
		b.wrong(pointer, "must be an object, not %s.", typeOf(v))
		return nil, false
	}
	known := append(slices.Clone(required), optional...)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(known, name) {
			b.wrong(pointer+"/"+escape(name), "the field %q is unknown; known are %s.", name, strings.Join(known, ", "))
		}
	}
	for _, name := range required {
		if _, there := object[name]; !there {
			b.wrong(pointer+"/"+escape(name), "the field %q is missing.", name)
		}
	}
	return object, true
}

// escape writes a name as part of a JSON pointer.
func escape(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }

func (b *body) array(object map[string]any, name, pointer string, most int) []any {
	v, there := object[name]
	if !there {
		return nil
	}
	list, ok := v.([]any)
	switch {
	case !ok:
		b.wrong(pointer+"/"+name, "must be an array, not %s.", typeOf(v))
	case len(list) == 0:
		b.wrong(pointer+"/"+name, "must have at least one row.")
	case len(list) > most:
		b.wrong(pointer+"/"+name, "has %d rows, and at most %d are taken at once.", len(list), most)
		return nil
	}
	return list
}

func (b *body) text(object map[string]any, name, pointer string, least, most int) string {
	v, there := object[name]
	if !there {
		return ""
	}
	text, ok := v.(string)
	n := len([]rune(text))
	switch {
	case !ok:
		b.wrong(pointer+"/"+name, "must be a string, not %s.", typeOf(v))
	case n < least:
		b.wrong(pointer+"/"+name, "must not be empty.")
	case n > most:
		b.wrong(pointer+"/"+name, "has %d characters, and at most %d are taken.", n, most)
	case strings.ContainsRune(text, 0):
		b.wrong(pointer+"/"+name, "must not hold the character U+0000.")
	}
	return text
}

func (b *body) choice(object map[string]any, name, pointer string, words ...string) string {
	v, there := object[name]
	if !there {
		return ""
	}
	text, ok := v.(string)
	if !ok {
		b.wrong(pointer+"/"+name, "must be a string, not %s.", typeOf(v))
	} else if !slices.Contains(words, text) {
		b.wrong(pointer+"/"+name, "must be one of %s, not %q.", strings.Join(words, ", "), text)
	}
	return text
}

func (b *body) number(object map[string]any, name, pointer string, least, most int64) int64 {
	v, there := object[name]
	if !there {
		return 0
	}
	number, ok := v.(json.Number)
	if !ok {
		b.wrong(pointer+"/"+name, "must be a whole number, not %s.", typeOf(v))
		return 0
	}
	n, err := strconv.ParseInt(number.String(), 10, 64)
	switch {
	case err != nil:
		b.wrong(pointer+"/"+name, "must be a whole number from %d to %d, not %.40s.", least, most, number)
	case n < least || n > most:
		b.wrong(pointer+"/"+name, "must be from %d to %d, not %d.", least, most, n)
	}
	return n
}

func (b *body) boolean(object map[string]any, name, pointer string) bool {
	v, there := object[name]
	if !there {
		return false
	}
	is, ok := v.(bool)
	if !ok {
		b.wrong(pointer+"/"+name, "must be true or false, not %s.", typeOf(v))
	}
	return is
}

// typeOf names the JSON type of a value.
func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case json.Number:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "an array"
	}
	return "an object"
}
