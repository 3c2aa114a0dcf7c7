package channel

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// LargestAnswer bounds what is read of one answer. No mall's page of the declared sizes comes near it.
const LargestAnswer = 64 << 20

// Answer is one HTTP answer, read whole.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Call sends one request after waiting for its bucket, and reads the answer whole. It returns an error only when there is no
// usable answer; a status other than 2xx is an answer, which the connector may turn into an error with Failed.
//
// The error is a *Error: Temporary when the connection failed (NotDone only if nothing was sent), Unreadable when the body broke
// off, Maintenance when a page of HTML came where the channel speaks JSON or XML.
func (d Deps) Call(ctx context.Context, op, bucket string, cost float64, req *http.Request) (Answer, error) {
	if err := d.Pace.Wait(ctx, bucket, cost); err != nil {
		return Answer{}, &Error{Kind: Temporary, Op: op, Err: err, NotDone: true}
	}
	resp, err := d.HTTP.Do(req.WithContext(ctx))
	if err != nil {
		refused := errors.Is(err, syscall.ECONNREFUSED)
		return Answer{}, &Error{Kind: Temporary, Op: op, Err: withoutURL(err), NotDone: refused}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, LargestAnswer+1))
	if err != nil {
		return Answer{}, &Error{Kind: Unreadable, Op: op, Status: resp.StatusCode, Message: "the answer broke off", Err: err}
	}
	if len(body) > LargestAnswer {
		return Answer{}, &Error{Kind: Unreadable, Op: op, Status: resp.StatusCode, Message: "the answer is larger than 64 MiB"}
	}
	answer := Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}
	if resp.StatusCode < 300 && isPage(resp.Header.Get("Content-Type"), body) {
		return Answer{}, &Error{Kind: Maintenance, Op: op, Status: resp.StatusCode, Message: "the shop answered with a web page"}
	}
	return answer, nil
}

// Failed turns an answer's status into an error, with the mall's own code and words where the connector found them. It is
// nil for 2xx.
func (a Answer) Failed(op, code, message string) *Error {
	if a.Status >= 200 && a.Status < 300 {
		return nil
	}
	e := &Error{Op: op, Status: a.Status, Code: code, Message: message, RetryAfter: retryAfter(a.Header)}
	switch {
	case a.Status == http.StatusTooManyRequests:
		e.Kind, e.NotDone = Throttled, true
	case a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden:
		e.Kind, e.NotDone = Auth, true
	case a.Status == http.StatusNotFound || a.Status == http.StatusGone:
		e.Kind, e.NotDone = NotFound, true
	case a.Status == http.StatusServiceUnavailable:
		e.Kind = Maintenance
	case a.Status >= 500 || a.Status == http.StatusRequestTimeout || a.Status == http.StatusConflict:
		e.Kind = Temporary
	default:
		e.Kind, e.NotDone = Invalid, true
	}
	return e
}

func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.ParseFloat(strings.TrimSpace(h.Get("Retry-After")), 64)
	if err != nil || seconds < 0 || seconds > 86400 {
		return 0
	}
	return time.Duration(seconds * float64(time.Second))
}

func isPage(contentType string, body []byte) bool {
	head := bytes.ToLower(bytes.TrimSpace(body[:min(len(body), 256)]))
	return strings.HasPrefix(strings.ToLower(contentType), "text/html") ||
		bytes.HasPrefix(head, []byte("<!doctype html")) || bytes.HasPrefix(head, []byte("<html"))
}

// withoutURL drops the address from a client error: a query string may hold a key.
func withoutURL(err error) error {
	type unwrapper interface{ Unwrap() error }
	if u, ok := err.(unwrapper); ok {
		if inner := u.Unwrap(); inner != nil {
			return inner
		}
	}
	return err
}
