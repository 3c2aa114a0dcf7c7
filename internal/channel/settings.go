package channel

import (
	"fmt"
	"net/url"
	"strings"
)

// Secret is a value that must not be seen: it prints as dots. Reveal gives it to the one place that sends it.
type Secret string

// String hides the secret.
func (Secret) String() string { return "••••" }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return "••••" }

// MarshalText hides the secret from JSON and logs.
func (Secret) MarshalText() ([]byte, error) { return []byte("••••"), nil }

// Reveal is the secret itself.
func (s Secret) Reveal() string { return string(s) }

// Settings are one shop's values for its channel's fields, by Field.Key.
type Settings map[string]Secret

// FieldError says what is wrong with one field of a settings form.
type FieldError struct {
	Field  string
	Reason string // English; the screen has its own sentence by Code
	Code   string // required, url, https, host, format
}

func (e *FieldError) Error() string { return fmt.Sprintf("setting %s %s", e.Field, e.Reason) }

// Get is the value of a field, trimmed, or the field's default.
func (s Settings) Get(spec Spec, key string) string {
	if v := strings.TrimSpace(s[key].Reveal()); v != "" {
		return v
	}
	for _, f := range spec.Fields {
		if f.Key == key {
			return f.Default
		}
	}
	return ""
}

// Check finds everything that is wrong with the settings. Addresses that are not the channel's own, and plain HTTP, pass only
// when testMalls is true: that is how the simulated malls are reached, and nothing else.
func (s Settings) Check(spec Spec, testMalls bool) []*FieldError {
	var wrong []*FieldError
	for _, f := range spec.Fields {
		v := s.Get(spec, f.Key)
		if v == "" {
			if f.Required {
				wrong = append(wrong, &FieldError{f.Key, "is required", "required"})
			}
			continue
		}
		if f.Key == BaseURL || strings.HasSuffix(f.Key, "_url") {
			if err := checkURL(spec, f.Key, v, testMalls); err != nil {
				wrong = append(wrong, err)
			}
		}
	}
	return wrong
}

func checkURL(spec Spec, key, value string, testMalls bool) *FieldError {
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return &FieldError{key, fmt.Sprintf("%q is not an address such as https://…", value), "url"}
	}
	if testMalls {
		return nil
	}
	if u.Scheme != "https" {
		return &FieldError{key, "must begin with https://", "https"}
	}
	if len(spec.Hosts) == 0 {
		return nil
	}
	for _, h := range spec.Hosts {
		if u.Hostname() == h || strings.HasPrefix(h, ".") && strings.HasSuffix(u.Hostname(), h) {
			return nil
		}
	}
	return &FieldError{key, fmt.Sprintf("%q is not one of %s's own addresses (%s); test malls need --test-malls",
		u.Hostname(), spec.Name, strings.Join(spec.Hosts, ", ")), "host"}
}
