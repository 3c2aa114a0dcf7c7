package rakuten

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"soroi/internal/channel"
)

// connector speaks for one shop. It holds nothing that changes.
type connector struct {
	deps    channel.Deps
	base    string
	auth    channel.Secret // the whole Authorization header
	license channel.Secret // the key's end is asked for by the key itself
}

// String keeps the credentials from being printed: fmt does not ask unexported fields how they want to look.
func (c *connector) String() string { return "rakuten connector" }

// GoString is String, for %#v.
func (c *connector) GoString() string { return c.String() }

// operation is one call of the API.
type operation struct {
	name   string // as in errors: the path without what varies
	bucket string
	method string
	path   string // with its query
}

var (
	searchOrder = operation{"order/searchOrder", bucketOrders, http.MethodPost, "/es/2.0/order/searchOrder/"}
	getOrder    = operation{"order/getOrder", bucketOrders, http.MethodPost, "/es/2.0/order/getOrder/"}
	bulkUpsert  = operation{"inventories/bulk-upsert", bucketWrite, http.MethodPost, "/es/2.0/inventories/bulk-upsert"}
	bulkGet     = operation{"inventories/bulk-get", bucketRead, http.MethodPost, "/es/2.0/inventories/bulk-get"}
	searchItems = operation{"items/search", bucketItems, http.MethodGet, "/es/2.0/items/search"}
	expiryDate  = operation{"license-key/expiry-date", bucketItems, http.MethodGet, "/es/1.0/license-management/license-key/expiry-date"}
)

// send makes one call. The answer is one that the mall gave, of whatever status.
func (c *connector) send(ctx context.Context, op operation, query string, body any) (channel.Answer, error) {
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return channel.Answer{}, &channel.Error{Kind: channel.Invalid, Op: op.name, NotDone: true, Err: err}
		}
	}
	req, err := http.NewRequestWithContext(ctx, op.method, c.base+op.path+query, bytes.NewReader(content))
	if err != nil {
		// The error would name the address, and with it what the query holds.
		return channel.Answer{}, &channel.Error{Kind: channel.Invalid, Op: op.name, NotDone: true, Message: "the shop's address cannot be used"}
	}
	req.Header.Set("Authorization", c.auth.Reveal())
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	return c.deps.Call(ctx, op.name, op.bucket, 1, req)
}

// ask makes one call and decodes a successful answer.
func (c *connector) ask(ctx context.Context, op operation, query string, body any, into answerWire) error {
	answer, err := c.send(ctx, op, query, body)
	if err != nil {
		return err
	}
	shape := json.Unmarshal(answer.Body, into)
	if failed := refusal(op, answer, into.words()); failed != nil {
		return failed
	}
	if shape != nil {
		return unreadable(op, answer, "the answer is not of the known shape")
	}
	return nil
}

func unreadable(op operation, a channel.Answer, why string) *channel.Error {
	return &channel.Error{Kind: channel.Unreadable, Op: op.name, Status: a.Status, Message: why}
}

// refusal is the error in an answer, nil when there is none. The status decides first, then the mall's code, when the
// answer had words that could be read.
func refusal(op operation, a channel.Answer, words refusalWire) *channel.Error {
	code, message := words.first()
	failed := a.Failed(op.name, code, message)
	switch {
	case failed == nil && words.Results.ErrorCode != "":
		failed = &channel.Error{Kind: channel.Invalid, Op: op.name, Status: a.Status, Code: code, Message: message}
	case failed == nil && words.refusedOrders():
		failed = &channel.Error{Kind: channel.Invalid, Op: op.name, Status: a.Status, Code: code, Message: message, NotDone: true}
	case failed == nil:
		return nil
	}
	switch {
	case a.Status == http.StatusTooManyRequests || a.Status >= 500:
	case a.Status == http.StatusUnsupportedMediaType:
		failed.Kind, failed.NotDone = channel.Invalid, true
	case strings.HasPrefix(code, "ES01") || strings.HasPrefix(code, "ES04"):
		failed.Kind, failed.NotDone = channel.Auth, true
	case code == "CE0001": // another update was at work; this one was refused
		failed.Kind, failed.NotDone = channel.Temporary, true
	case code == "IE1105": // the shop still sells without SKUs
		failed.Kind = channel.Unsupported
	}
	return failed
}

// Check asks when the key ends, and tries the two functions that can be tried without an effect: an unticked one is found
// while the merchant is still looking at the form.
func (c *connector) Check(ctx context.Context) (channel.Checked, error) {
	var answer expiryAnswer
	if err := c.ask(ctx, expiryDate, "?licenseKey="+escape(c.license.Reveal()), nil, &answer); err != nil {
		return channel.Checked{}, err
	}
	if answer.ExpiryDate == nil {
		return channel.Checked{}, &channel.Error{Kind: channel.Unreadable, Op: expiryDate.name, Message: "the answer has no expiryDate"}
	}
	now := c.deps.Clock.Now()
	if _, err := c.search(ctx, window{from: now.Add(-overlap), to: now, page: 1, amount: 1}); err != nil {
		return channel.Checked{}, err
	}
	if _, err := c.ReadStock(ctx, []channel.Ref{"soroi-check/soroi-check"}); err != nil {
		return channel.Checked{}, err
	}
	// How the date is written is not documented; one that we cannot read is as good as none.
	expires, _ := readTime(*answer.ExpiryDate)
	return channel.Checked{Expires: expires}, nil
}

func malformed(op operation, format string, args ...any) *channel.Error {
	return &channel.Error{Kind: channel.Invalid, Op: op.name, NotDone: true, Message: fmt.Sprintf(format, args...)}
}
