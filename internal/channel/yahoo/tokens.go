package yahoo

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"soroi/internal/channel"
)

// errConsentEnded is what the merchant has to do when the refresh token is refused.
var errConsentEnded = errors.New("the store owner's consent has ended (it lasts 28 days): consent again and enter the new refresh token")

// tokens keeps the access token of one shop, in memory only. One caller at a time asks for a new one; the others wait for
// its answer.
type tokens struct {
	deps    channel.Deps
	url     string
	id      string
	secret  channel.Secret
	refresh channel.Secret

	turn   chan struct{} // holds one value while nobody asks
	access channel.Secret
	until  time.Time
}

func newTokens(deps channel.Deps, url, id string, secret, refresh channel.Secret) *tokens {
	t := &tokens{deps: deps, url: url, id: id, secret: secret, refresh: refresh, turn: make(chan struct{}, 1)}
	t.turn <- struct{}{}
	return t
}

// get is an access token that is good for a while, and that is not the refused one. Every error says that nothing was done:
// the call that needed the token has not left.
func (t *tokens) get(ctx context.Context, refused channel.Secret) (channel.Secret, error) {
	select {
	case <-t.turn:
	case <-ctx.Done():
		return "", &channel.Error{Kind: channel.Temporary, Op: opToken, Err: ctx.Err(), NotDone: true}
	}
	defer func() { t.turn <- struct{}{} }()
	if t.access != "" && t.access != refused && t.deps.Clock.Now().Before(t.until) {
		return t.access, nil
	}
	t.access = ""
	access, lasts, err := t.ask(ctx)
	if err != nil {
		err.NotDone = true
		return "", err
	}
	t.access = access
	// A token that ends while its call is on the way helps nobody.
	t.until = t.deps.Clock.Now().Add(lasts - min(time.Minute, lasts/10))
	return access, nil
}

func (t *tokens) ask(ctx context.Context) (channel.Secret, time.Duration, *channel.Error) {
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {t.refresh.Reveal()}}
	req, err := http.NewRequest(http.MethodPost, t.url, strings.NewReader(form.Encode()))
	if err != nil {
		return "", 0, &channel.Error{Kind: channel.Invalid, Op: opToken, Message: "the address cannot be used"}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(t.id, t.secret.Reveal())
	answer, err := t.deps.Call(ctx, opToken, opToken, 1, req)
	if err != nil {
		return "", 0, asError(opToken, err)
	}
	return readToken(answer)
}

type tokenAnswer struct {
	AccessToken string          `json:"access_token"`
	ExpiresIn   json.RawMessage `json:"expires_in"`
	Error       string          `json:"error"`
	Description string          `json:"error_description"`
}

// readToken reads the answer of the token endpoint. A life that is missing or makes no sense counts as the usual hour: an
// early end shows as a 401, which is answered by asking again.
func readToken(answer channel.Answer) (channel.Secret, time.Duration, *channel.Error) {
	var t tokenAnswer
	broken := json.Unmarshal(answer.Body, &t)
	if e := answer.Failed(opToken, t.Error, t.Description); e != nil {
		switch {
		case t.Error == "invalid_grant":
			e.Kind, e.Err = channel.Auth, errConsentEnded
		case t.Error == "invalid_client" || t.Error == "unauthorized_client":
			e.Kind, e.Err = channel.Auth, errors.New("the client ID or its secret is not accepted")
		}
		return "", 0, e
	}
	if broken != nil || t.AccessToken == "" {
		return "", 0, &channel.Error{
			Kind: channel.Unreadable, Op: opToken, Status: answer.Status, Message: "the answer holds no access token",
		}
	}
	seconds, err := strconv.ParseInt(strings.Trim(string(t.ExpiresIn), `"`), 10, 64)
	if err != nil || seconds <= 0 || seconds > 86400 {
		seconds = 3600
	}
	return channel.Secret(t.AccessToken), time.Duration(seconds) * time.Second, nil
}

// asError is err as the *channel.Error that it is.
func asError(op string, err error) *channel.Error {
	if e, ok := errors.AsType[*channel.Error](err); ok {
		return e
	}
	return &channel.Error{Kind: channel.Temporary, Op: op, Err: err}
}
