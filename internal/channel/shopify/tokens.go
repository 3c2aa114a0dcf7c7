package shopify

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"soroi/internal/channel"
)

// opToken is the operation that asks for an access token.
const opToken = "oauth/access_token"

// renewBefore is how long before its end a token is no longer used.
const renewBefore = 5 * time.Minute

// tokens hands out the access token of a shop: the merchant's own, which does not end, or one got by client credentials,
// which lives 24 hours and is then simply asked for again. It is safe for concurrent use.
type tokens struct {
	deps       channel.Deps
	base       string
	fixed      string
	id, secret string

	turn  chan struct{} // holds one: whoever has it may look at and change what follows
	token string
	until time.Time
}

func newTokens(d channel.Deps, base, fixed, id, secret string) *tokens {
	t := &tokens{deps: d, base: base, fixed: fixed, id: id, secret: secret, turn: make(chan struct{}, 1)}
	t.turn <- struct{}{}
	return t
}

// get is a token to send. It calls the shop only when there is none that still lives.
func (t *tokens) get(ctx context.Context) (string, error) {
	if t.fixed != "" {
		return t.fixed, nil
	}
	select {
	case <-ctx.Done():
		return "", &channel.Error{Kind: channel.Temporary, Op: opToken, Err: ctx.Err(), NotDone: true}
	case <-t.turn:
	}
	defer func() { t.turn <- struct{}{} }()
	now := t.deps.Clock.Now()
	if t.token != "" && now.Before(t.until) {
		return t.token, nil
	}
	token, life, err := t.ask(ctx)
	if err != nil {
		return "", err
	}
	t.token, t.until = token, now.Add(max(life-renewBefore, life/2))
	return token, nil
}

// drop forgets a token that the shop refused. False when there is no way to get another.
func (t *tokens) drop(ctx context.Context, token string) bool {
	if t.fixed != "" {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-t.turn:
	}
	defer func() { t.turn <- struct{}{} }()
	if t.token == token {
		t.token = ""
	}
	return true
}

func (t *tokens) ask(ctx context.Context) (string, time.Duration, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {t.id}, "client_secret": {t.secret}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.base+"/admin/oauth/access_token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", 0, &channel.Error{Kind: channel.Invalid, Op: opToken, Message: "the shop's address cannot be called", NotDone: true}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	answer, err := t.deps.Call(ctx, opToken, signIn, 1, req)
	if err != nil {
		// Nothing beyond the token was asked for, so no write can have happened.
		if e, ok := err.(*channel.Error); ok {
			e.NotDone = true
		}
		return "", 0, err
	}
	token, life, failed := readToken(answer)
	if failed != nil {
		failed.NotDone = true
		return "", 0, failed
	}
	return token, life, nil
}

// readToken reads the token endpoint's answer.
func readToken(answer channel.Answer) (string, time.Duration, *channel.Error) {
	var wire struct {
		AccessToken string          `json:"access_token"`
		ExpiresIn   json.Number     `json:"expires_in"`
		Error       string          `json:"error"`
		Description string          `json:"error_description"`
		Errors      json.RawMessage `json:"errors"`
	}
	unreadable := json.Unmarshal(answer.Body, &wire)
	if failed := answer.Failed(opToken, wire.Error, wire.Description); failed != nil {
		if answer.Status < 500 && answer.Status != http.StatusTooManyRequests && answer.Status != http.StatusRequestTimeout {
			failed.Kind = channel.Auth
			failed.Message = inWords("the shop does not accept the client ID and secret", wire.Description)
		}
		return "", 0, failed
	}
	if unreadable != nil || wire.AccessToken == "" {
		return "", 0, &channel.Error{Kind: channel.Unreadable, Op: opToken, Status: answer.Status, Message: "the answer holds no access token"}
	}
	seconds, err := wire.ExpiresIn.Int64()
	if err != nil || seconds <= 0 || seconds > 10*365*86400 {
		seconds = 86399
	}
	return wire.AccessToken, time.Duration(seconds) * time.Second, nil
}
