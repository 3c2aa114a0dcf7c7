package channel

import (
	"errors"
	"fmt"
	"time"
)

// ErrorKind is what an error means for what to do next.
type ErrorKind string

// The kinds of error.
const (
	Temporary   ErrorKind = "temporary"   // try again later
	Throttled   ErrorKind = "throttled"   // too fast: wait RetryAfter
	Maintenance ErrorKind = "maintenance" // the shop is down on purpose, for long
	Auth        ErrorKind = "auth"        // the merchant must renew something: stop this shop
	NotFound    ErrorKind = "not_found"   // the listing or order is gone
	Uncounted   ErrorKind = "uncounted"   // the shop has the listing and keeps no count of it where soroi could write one
	Invalid     ErrorKind = "invalid"     // the shop will never take this
	Unsupported ErrorKind = "unsupported" // the channel cannot do it
	Unreadable  ErrorKind = "unreadable"  // the answer makes no sense: cut off, of the wrong shape
)

// Error is every error that leaves a connector.
type Error struct {
	Kind    ErrorKind
	Op      string // the connector's operation: "inventories/bulk-upsert"
	Status  int    // HTTP status, 0 when there was no answer
	Code    string // the mall's own code, kept for people to search for
	Message string // the mall's own words, never a secret
	// RetryAfter is how long the shop asked us to wait; 0 when it did not say.
	RetryAfter time.Duration
	// NotDone says that a write surely had no effect. When false, a write may have happened.
	NotDone bool
	Err     error // what lay beneath, may be nil
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s: %s", e.Op, e.Kind)
	if e.Status != 0 {
		text += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf is the kind of a connector's error, Temporary when it is no *Error: what we do not understand may pass.
func KindOf(err error) ErrorKind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Temporary
}
