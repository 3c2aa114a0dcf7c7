package yahoo

import (
	"bytes"
	"context"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"time"

	"soroi/internal/channel"
)

const apiPath = "/ShoppingWebService/V1/"

// The mall's codes that more than one place knows.
const (
	codeNoOrder    = "od91801"
	codeQuantity   = "st-02104"
	codeUnreadBack = "ed-10002" // written, and what that led to could not be read
)

// connector speaks for one store.
type connector struct {
	deps        channel.Deps
	seller      string
	base        string
	signer      signer
	tokens      *tokens
	consentedOn time.Time // zero: not told
	keyUntil    time.Time // zero: not told
}

// String names the store, so that printing a connector shows no secret.
func (c *connector) String() string { return "Yahoo!ショッピング " + c.seller }

// GoString is String.
func (c *connector) GoString() string { return c.String() }

// Check asks for the number of new orders, which has no effect. It proves the token, the key and the right to read orders.
func (c *connector) Check(ctx context.Context) (channel.Checked, error) {
	answer, err := c.get(ctx, opOrderCount, url.Values{"sellerId": {c.seller}})
	if err != nil {
		return channel.Checked{}, err
	}
	if err := readCount(answer); err != nil {
		return channel.Checked{}, err
	}
	checked := channel.Checked{Account: c.seller, Expires: c.keyUntil}
	if !c.consentedOn.IsZero() {
		ends := c.consentedOn.Add(consentLasts)
		if checked.Expires.IsZero() || ends.Before(checked.Expires) {
			checked.Expires = ends
		}
	}
	checked.Expires = checked.Expires.UTC()
	if c.consentedOn.IsZero() && c.keyUntil.IsZero() {
		checked.Expires = time.Time{}
	}
	return checked, nil
}

// get makes a call without a body.
func (c *connector) get(ctx context.Context, op string, query url.Values) (channel.Answer, error) {
	return c.do(ctx, op, http.MethodGet, "?"+query.Encode(), "", nil)
}

// form makes a call with form values. url.Values writes the plus of a difference as %2B, as the mall wants it.
func (c *connector) form(ctx context.Context, op string, values url.Values) (channel.Answer, error) {
	return c.do(ctx, op, http.MethodPost, "", "application/x-www-form-urlencoded", []byte(values.Encode()))
}

// xml makes a call whose body is a document.
func (c *connector) xml(ctx context.Context, op string, request any) (channel.Answer, error) {
	body, err := xml.Marshal(request)
	if err != nil {
		return channel.Answer{}, &channel.Error{Kind: channel.Invalid, Op: op, Err: err, NotDone: true}
	}
	return c.do(ctx, op, http.MethodPost, "", "application/xml; charset=utf-8", append([]byte(xml.Header), body...))
}

// do makes one call. A token that the mall calls expired is renewed once, and the call repeated: the first one did nothing.
func (c *connector) do(ctx context.Context, op, method, query, contentType string, body []byte) (channel.Answer, error) {
	token, err := c.tokens.get(ctx, "")
	if err != nil {
		return channel.Answer{}, err
	}
	answer, err := c.send(ctx, op, method, query, contentType, body, token)
	if err != nil {
		return channel.Answer{}, err
	}
	if expired(answer) {
		if token, err = c.tokens.get(ctx, token); err != nil {
			return channel.Answer{}, err
		}
		if answer, err = c.send(ctx, op, method, query, contentType, body, token); err != nil {
			return channel.Answer{}, err
		}
	}
	if e := failure(op, answer); e != nil {
		return answer, e
	}
	return answer, nil
}

func (c *connector) send(
	ctx context.Context, op, method, query, contentType string, body []byte, token channel.Secret,
) (channel.Answer, error) {
	req, err := http.NewRequest(method, c.base+apiPath+op+query, bytes.NewReader(body))
	if err != nil {
		return channel.Answer{}, &channel.Error{Kind: channel.Invalid, Op: op, Message: "the address cannot be used", NotDone: true}
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	req.Header.Set("Authorization", "Bearer "+token.Reveal())
	if err := c.signer.sign(req.Header, c.deps.Clock.Now()); err != nil {
		return channel.Answer{}, &channel.Error{Kind: channel.Auth, Op: op, Message: "the public key cannot be used", Err: err, NotDone: true}
	}
	return c.deps.Call(ctx, op, op, 1, req)
}

// expired tells whether the mall refused the call only because the access token has ended.
func expired(answer channel.Answer) bool {
	if answer.Status != http.StatusUnauthorized {
		return false
	}
	says := strings.ToLower(answer.Header.Get("WWW-Authenticate"))
	return strings.Contains(says, "invalid_token") || strings.Contains(says, "expired token")
}

// failure is the error in an answer, nil when there is none. It follows the table of docs/channels/yahoo.md.
func failure(op string, answer channel.Answer) *channel.Error {
	body, isError := readError(answer.Body)
	e := answer.Failed(op, body.Code, body.Message)
	if e == nil {
		if !isError {
			return nil
		}
		e = &channel.Error{
			Kind: channel.Invalid, Op: op, Status: answer.Status, Code: body.Code, Message: body.Message, NotDone: true,
		}
	}
	judge(e)
	if tooFast := e.Status == http.StatusForbidden || e.Status == http.StatusServiceUnavailable; isError && body.Code == "" && tooFast {
		// The mall refuses a caller that is too fast with either status; a missing right and maintenance have codes, and
		// without its own <Error> the answer is somebody else's.
		e.Kind, e.NotDone = channel.Throttled, true
	}
	return e
}

// judge corrects what the HTTP status says of an error by what the mall's own code says.
func judge(e *channel.Error) {
	switch code := strings.ToLower(e.Code); {
	case code == "ed-00002" || code == "st-01000":
		e.Kind, e.NotDone = channel.Maintenance, true
	case code == "ed-00001" || code == "st-02999" || code == "st-02000":
		e.Kind, e.NotDone = channel.Temporary, false
	case code == codeUnreadBack:
		e.Kind, e.NotDone = channel.Temporary, false
	case code == "ed-00003" || code == "ed-00004" || code == "ed-00005":
		e.Kind, e.NotDone = channel.Auth, true
	case code == "px-04102" || code == "px-04307" || code == "px-14303":
		e.Kind, e.NotDone = channel.Auth, true
	case code == codeNoOrder:
		e.Kind, e.NotDone = channel.NotFound, true
	case busyPublishing(e.Message):
		e.Kind, e.NotDone = channel.Temporary, true
		e.RetryAfter = max(e.RetryAfter, time.Minute)
	case e.Status == http.StatusForbidden && code != "" && !strings.HasPrefix(code, "px-"):
		e.Kind, e.NotDone = channel.Throttled, true
	}
}

// busyPublishing tells whether the store's staff are publishing or uploading the whole shop, which stops writes meanwhile.
func busyPublishing(message string) bool {
	return strings.Contains(message, "反映") || strings.Contains(message, "アップロード")
}
