package shopify

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"soroi/internal/channel"
)

// version is the API version that every document here was validated against.
const version = "2026-07"

// connector speaks for one Shopify shop.
type connector struct {
	deps     channel.Deps
	base     string // https://your-shop.myshopify.com
	tokens   *tokens
	location *place
	secrets  [][]byte // what webhooks may be signed with
}

var (
	_ channel.Connector  = (*connector)(nil)
	_ channel.Lister     = (*connector)(nil)
	_ channel.Notified   = (*connector)(nil)
	_ channel.Subscriber = (*connector)(nil)
	_ channel.Checker    = (*connector)(nil)
)

// String names the shop, so that printing a connector shows none of its secrets.
func (c *connector) String() string { return "shopify " + c.base }

// GoString is String, for %#v.
func (c *connector) GoString() string { return c.String() }

// envelope is the outer form of every answer. Errors is a list of objects in the GraphQL sense, or a plain text when the call
// did not get as far as GraphQL.
type envelope struct {
	Data       json.RawMessage `json:"data"`
	Errors     json.RawMessage `json:"errors"`
	Extensions struct {
		Cost *cost `json:"cost"`
	} `json:"extensions"`
}

type cost struct {
	Requested float64  `json:"requestedQueryCost"`
	Actual    *float64 `json:"actualQueryCost"` // null when the call was not run
	Throttle  struct {
		Maximum   float64 `json:"maximumAvailable"`
		Available float64 `json:"currentlyAvailable"`
		Restore   float64 `json:"restoreRate"`
	} `json:"throttleStatus"`
}

// ask sends one document and decodes its data. The error is a *channel.Error; see docs/channels/shopify.md for the codes.
func (c *connector) ask(ctx context.Context, d document, variables map[string]any, data any) error {
	_, err := c.askFor(ctx, d, variables, data)
	return err
}

// askFor is ask, and gives the answer's header too.
func (c *connector) askFor(ctx context.Context, d document, variables map[string]any, data any) (http.Header, error) {
	body, err := json.Marshal(map[string]any{"query": d.Text, "variables": variables})
	if err != nil {
		return nil, &channel.Error{Kind: channel.Invalid, Op: d.Op, Message: "the question cannot be written", Err: err, NotDone: true}
	}
	token, err := c.tokens.get(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := c.send(ctx, d, body, token)
	if err != nil {
		return nil, err
	}
	if answer.Status == http.StatusUnauthorized && c.tokens.drop(ctx, token) {
		if token, err = c.tokens.get(ctx); err != nil {
			return nil, err
		}
		if answer, err = c.send(ctx, d, body, token); err != nil {
			return nil, err
		}
	}
	return answer.Header, c.read(d, answer, data)
}

func (c *connector) send(ctx context.Context, d document, body []byte, token string) (channel.Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/admin/api/"+version+"/graphql.json", bytes.NewReader(body))
	if err != nil {
		return channel.Answer{}, &channel.Error{Kind: channel.Invalid, Op: d.Op, Message: "the shop's address cannot be called", NotDone: true}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("X-Shopify-Access-Token", token)
	return c.deps.Call(ctx, d.Op, points, d.Cost, req)
}

// read turns an answer into data or an error, and tells the pace what the shop said of its bucket.
func (c *connector) read(d document, answer channel.Answer, data any) error {
	var e envelope
	op := d.Op
	unreadable := json.Unmarshal(answer.Body, &e)
	if unreadable == nil {
		c.settle(d, e.Extensions.Cost)
	}
	if answer.Status < 200 || answer.Status >= 300 {
		return refusedCall(op, answer, e)
	}
	if unreadable != nil {
		return &channel.Error{Kind: channel.Unreadable, Op: op, Status: answer.Status, Message: "the answer is not the JSON of a GraphQL answer", Err: unreadable}
	}
	if err := graphqlError(op, answer.Status, e); err != nil {
		return err
	}
	if isNull(e.Data) {
		return &channel.Error{Kind: channel.Unreadable, Op: op, Status: answer.Status, Message: "the answer has neither data nor errors"}
	}
	if err := json.Unmarshal(e.Data, data); err != nil {
		return &channel.Error{Kind: channel.Unreadable, Op: op, Status: answer.Status, Message: "the data has another shape than asked for", Err: err}
	}
	return nil
}

// settle tells the pace what a call really cost and what the shop says is left.
func (c *connector) settle(d document, said *cost) {
	if said == nil || said.Throttle.Maximum <= 0 || said.Throttle.Restore <= 0 {
		return
	}
	var used float64
	if said.Actual != nil {
		used = *said.Actual
	}
	t := said.Throttle
	c.deps.Pace.Settle(points, d.Cost-used, t.Available, t.Maximum, t.Restore)
}

// refusedCall words an answer whose status is not 2xx.
func refusedCall(op string, answer channel.Answer, e envelope) error {
	listed, text := listErrors(e.Errors)
	code, message := "", text
	if len(listed) > 0 {
		code, message = listed[0].Extensions.Code, listed[0].Message
	}
	failed := answer.Failed(op, code, message)
	switch answer.Status {
	case http.StatusPaymentRequired:
		failed.Kind, failed.NotDone = channel.Auth, true
		failed.Message = inWords("the shop is frozen because of an unpaid bill; Shopify lets nobody in until it is settled", message)
	case http.StatusLocked:
		failed.Kind, failed.NotDone = channel.Auth, true
		failed.Message = inWords("Shopify has locked the shop", message)
	case http.StatusNotFound:
		failed.Kind, failed.NotDone = channel.Invalid, true
		failed.Message = inWords("there is no shop or no API at this address", message)
	case http.StatusTooManyRequests:
		if failed.RetryAfter == 0 {
			failed.RetryAfter = e.Extensions.Cost.wait()
		}
	}
	return failed
}

func inWords(ours, theirs string) string {
	if theirs == "" {
		return ours
	}
	return ours + " (" + theirs + ")"
}

// gqlError is one element of a GraphQL answer's errors.
type gqlError struct {
	Message    string `json:"message"`
	Extensions struct {
		Code string `json:"code"`
	} `json:"extensions"`
}

// listErrors reads errors in either of their forms.
func listErrors(raw json.RawMessage) (listed []gqlError, text string) {
	if isNull(raw) || json.Unmarshal(raw, &text) == nil {
		return nil, text
	}
	if json.Unmarshal(raw, &listed) != nil || len(listed) == 0 {
		return nil, "errors of an unknown form"
	}
	return listed, ""
}

// graphqlError words the errors of an answer with status 200, nil when there are none. An answer with errors counts as failed
// even when it has some data.
func graphqlError(op string, status int, e envelope) error {
	if isNull(e.Errors) || bytes.Equal(bytes.TrimSpace(e.Errors), []byte("[]")) {
		return nil
	}
	listed, text := listErrors(e.Errors)
	failed := &channel.Error{Kind: channel.Temporary, Op: op, Status: status, Message: text}
	if len(listed) == 0 {
		return failed
	}
	failed.Code, failed.Message = listed[0].Extensions.Code, listed[0].Message
	// Errors beside data come from a field while it was being worked out, so a write may have happened.
	before := isNull(e.Data)
	switch failed.Code {
	case "THROTTLED":
		failed.Kind, failed.NotDone, failed.RetryAfter = channel.Throttled, true, e.Extensions.Cost.wait()
	case "ACCESS_DENIED", "SHOP_INACTIVE":
		failed.Kind, failed.NotDone = channel.Auth, true
	case "MAX_COST_EXCEEDED":
		failed.Kind, failed.NotDone = channel.Invalid, true
	case "INTERNAL_SERVER_ERROR", "TIMEOUT":
	default:
		// What is left are documents and variables that the shop does not understand; it says so before it runs anything.
		if before {
			failed.Kind, failed.NotDone = channel.Invalid, true
		}
	}
	return failed
}

// wait is how long until the bucket holds what was asked for.
func (c *cost) wait() time.Duration {
	if c == nil || c.Throttle.Restore <= 0 || c.Requested <= c.Throttle.Available {
		return 0
	}
	missing := min(c.Requested, c.Throttle.Maximum) - c.Throttle.Available
	return max(0, time.Duration(missing/c.Throttle.Restore*float64(time.Second)))
}

func isNull(raw json.RawMessage) bool {
	trimmed := bytes.TrimSpace(raw)
	return len(trimmed) == 0 || bytes.Equal(trimmed, []byte("null"))
}
