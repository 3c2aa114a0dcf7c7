package store

import (
	"encoding/base64"
	"encoding/json"
	"errors"
)

// ErrPlace says that a place in a list was not made by us, or for another list.
var ErrPlace = errors.New("the place in the list cannot be read")

// place is where a page of a list ends, as its reader keeps it: opaque text, fit for an address.
func place(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "" // places hold texts and numbers only
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// readPlace is the inverse of place.
func readPlace(text string, v any) error {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(raw, v) != nil {
		return ErrPlace
	}
	return nil
}
