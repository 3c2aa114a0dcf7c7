package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"soroi/internal/mallsim"
)

// refusal is an error that names its status.
type refusal struct {
	status int
	code   string
	detail string
}

func (e *refusal) Error() string { return e.detail }

func wrong(format string, args ...any) error {
	return &refusal{http.StatusBadRequest, "bad_request", fmt.Sprintf(format, args...)}
}

// refuse answers with a problem document.
func refuse(w http.ResponseWriter, err error) {
	status, code := http.StatusBadRequest, "bad_request"
	switch e := err.(type) {
	case *refusal:
		status, code = e.status, e.code
	case *mallsim.SoldOutError:
		status, code = http.StatusConflict, "sold_out"
	case *mallsim.RangeError:
		status, code = http.StatusConflict, "out_of_range"
	case *mallsim.StateError:
		status, code = http.StatusConflict, "wrong_state"
	case *mallsim.NoListingError:
		status, code = http.StatusNotFound, "no_listing"
	case *mallsim.NoOrderError:
		status, code = http.StatusNotFound, "no_order"
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "code": code,
		"detail": err.Error()})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

// read decodes a body strictly: an unknown field is a typing error, and nothing may follow.
func read(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, more := d.Token(); more == nil {
			err = errors.New("something follows the first value")
		} else if !errors.Is(more, io.EOF) {
			err = more
		}
	}
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &refusal{http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("the body is larger than %d bytes", large.Limit)}
	}
	if errors.Is(err, io.EOF) {
		return wrong("the request has no body")
	}
	if err != nil {
		return wrong("the body cannot be read: %v", err)
	}
	return nil
}

// largestPage is how many lines a page has at most; a request without limit gets everything.
const largestPage = 100_000

func limit(q url.Values) (int, error) {
	if !q.Has("limit") {
		return 0, nil
	}
	n, err := strconv.Atoi(q.Get("limit"))
	if err != nil || n < 1 || n > largestPage {
		return 0, wrong("limit is %q, not a number from 1 to %d", q.Get("limit"), largestPage)
	}
	return n, nil
}

func moment(q url.Values, name string) (time.Time, error) {
	if !q.Has(name) {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, q.Get(name))
	if err != nil {
		return t, wrong("%s is %q, not a moment such as 2026-01-15T10:23:45Z", name, q.Get(name))
	}
	return t, nil
}

// lines answers newline-delimited JSON. next, when not nil, is the query of the following page: it goes into a Link header.
func lines[T any](w http.ResponseWriter, r *http.Request, page []T, next url.Values) {
	if next != nil {
		w.Header().Set("Link", fmt.Sprintf("<%s?%s>; rel=\"next\"", r.URL.EscapedPath(), next.Encode()))
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	e := json.NewEncoder(w)
	for _, x := range page {
		if e.Encode(x) != nil {
			return // the reader has left
		}
	}
}
