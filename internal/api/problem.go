package api

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"soroi/internal/explain"
	"soroi/internal/store"
)

// kind is a kind of problem: the last part of its type, its title and its HTTP status.
type kind struct {
	name   string
	title  string
	status int
}

// typePrefix stands before a problem's name in its type.
const typePrefix = "urn:soroi:problem:"

var (
	unauthorized     = kind{"unauthorized", "A valid token is needed", http.StatusUnauthorized}
	forbidden        = kind{"forbidden", "The token may not do this", http.StatusForbidden}
	notFound         = kind{"not-found", "There is nothing at this address", http.StatusNotFound}
	unknownSKU       = kind{"unknown-sku", "There is no such SKU", http.StatusNotFound}
	unknownProduct   = kind{"unknown-product", "There is no such product", http.StatusNotFound}
	unknownShop      = kind{"unknown-shop", "There is no such shop", http.StatusNotFound}
	unknownListing   = kind{"unknown-listing", "The shop does not list this SKU", http.StatusNotFound}
	unknownWebhook   = kind{"unknown-webhook", "There is no such webhook", http.StatusNotFound}
	unknownImport    = kind{"unknown-import", "There is no such import", http.StatusNotFound}
	unknownMapping   = kind{"unknown-mapping", "There is no such column mapping", http.StatusNotFound}
	importState      = kind{"import-state", "The import has moved on", http.StatusConflict}
	unusableFile     = kind{"unusable-file", "The file cannot be used", http.StatusUnprocessableEntity}
	unknownStocktake = kind{"unknown-stocktake", "There is no such stocktake", http.StatusNotFound}
	unknownCount     = kind{"unknown-count", "There is no such count", http.StatusNotFound}
	stocktakeState   = kind{"stocktake-state", "The stocktake does not allow this", http.StatusConflict}
	unknownPattern   = kind{"unknown-pattern", "There is no such pattern", http.StatusNotFound}
	patternChanged   = kind{"pattern-changed", "Somebody else has changed the pattern", http.StatusConflict}
	patternInUse     = kind{"pattern-in-use", "SKUs follow the pattern", http.StatusConflict}
	invalidPattern   = kind{"invalid-pattern", "The pattern cannot be used", http.StatusUnprocessableEntity}
	eventsExpired    = kind{"events-expired", "The events after this position are not kept any more", http.StatusGone}
	nameTaken        = kind{"name-taken", "The name is taken", http.StatusConflict}
	methodNotAllowed = kind{"method-not-allowed", "The address does not know this method", http.StatusMethodNotAllowed}
	invalidParameter = kind{"invalid-parameter", "A parameter cannot be used", http.StatusBadRequest}
	invalidBody      = kind{"invalid-body", "The body cannot be used", http.StatusBadRequest}
	unsupportedType  = kind{"unsupported-type", "The body must be JSON", http.StatusUnsupportedMediaType}
	tooLarge         = kind{"too-large", "The body is too large", http.StatusRequestEntityTooLarge}
	keyReused        = kind{"key-reused", "The Idempotency-Key was used for another request", http.StatusConflict}
	rowsRefused      = kind{"rows-refused", "Nothing was changed, because of some rows", http.StatusUnprocessableEntity}
	internal         = kind{"internal", "Something went wrong on our side", http.StatusInternalServerError}
)

// Problem is an answer that is no success (RFC 9457).
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"` // what is wrong, where, and what to do next
	// Reference finds the line in soroi's log.
	Reference string      `json:"reference"`
	Parameter string      `json:"parameter,omitempty"` // the parameter or header that is wrong
	Errors    []BodyError `json:"errors,omitempty"`    // what is wrong with the body
	Rows      any         `json:"rows,omitempty"`      // what each row of the batch came to: a slice of its results
}

// BodyError is one thing that is wrong with a body.
type BodyError struct {
	Pointer string `json:"pointer"` // RFC 6901
	Detail  string `json:"detail"`
}

func (p *Problem) Error() string { return p.Title + ": " + p.Detail }

func problem(k kind, format string, args ...any) *Problem {
	return &Problem{Type: typePrefix + k.name, Title: k.title, Status: k.status, Detail: fmt.Sprintf(format, args...)}
}

func parameterProblem(name, format string, args ...any) *Problem {
	p := problem(invalidParameter, format, args...)
	p.Parameter = name
	return p
}

// problemOf is the one table from an error to what the caller reads.
func problemOf(err error) *Problem {
	var p *Problem
	var missing *explain.MissingError
	var expired *store.ExpiredError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &missing):
		switch missing.What {
		case "shop":
			return problem(unknownShop, "No shop has the name or number %q. GET /api/v1/shops lists all.", missing.Name)
		case "listing":
			return problem(unknownListing, "There is no listing of %s. GET /api/v1/stock/{code} shows where the SKU is listed.", missing.Name)
		}
		return problemOfSKU(missing.Name)
	case errors.As(err, &expired):
		return problem(eventsExpired, "Events after position %d were there and are not kept any more; the oldest is %d. Read the stock anew (GET /api/v1/stock), then go on with after=%d.",
			expired.After, expired.Oldest, expired.Oldest-1)
	case errors.Is(err, store.ErrPosition):
		return parameterProblem("after", "This feed has never given this position: it is after its end. Take position as the answer gives it.")
	case errors.Is(err, store.ErrPlace):
		return parameterProblem("cursor", "The cursor is not one that this list gave. Begin without it, and take next_cursor as it is.")
	case errors.Is(err, store.ErrKeyReused):
		p := problem(keyReused, "This Idempotency-Key has been used for a request with other rows. Use a new key for a new request.")
		p.Parameter = "Idempotency-Key"
		return p
	}
	return problem(internal, "The request could not be carried out. Try it again in a moment, with the same Idempotency-Key if it changes stock; if it fails again, tell the operator the reference.")
}

func problemOfSKU(code string) *Problem {
	return problem(unknownSKU, "No SKU has the code %q, exactly as written. GET /api/v1/stock?q=… searches.", code)
}

// answerProblem answers an error, and logs it with its reference.
func (a *API) answerProblem(r *request, err error) {
	if r.ctx().Err() != nil {
		return // the caller has left
	}
	p := *problemOf(err)
	p.Reference = strings.ToLower(rand.Text()[:10])
	level := slog.LevelInfo
	if p.Status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	a.deps.Log.Log(r.ctx(), level, "api request refused", "reference", p.Reference, "tenant", r.token.Tenant, "method", r.r.Method, "path", r.r.URL.Path,
		"status", p.Status, "type", p.Type, "error", err)
	body, err := json.Marshal(p)
	if err != nil {
		a.deps.Log.Error("problem not written", "reference", p.Reference, "error", err)
	}
	r.w.Header().Set("Content-Type", "application/problem+json")
	r.w.WriteHeader(p.Status)
	_, _ = r.w.Write(append(body, '\n')) // a caller that has left needs no answer
}

// answer writes v as JSON.
func (r *request) answer(status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	r.w.Header().Set("Content-Type", "application/json")
	r.w.WriteHeader(status)
	_, _ = r.w.Write(append(body, '\n')) // a caller that has left needs no answer
	return nil
}
