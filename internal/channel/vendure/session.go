package vendure

import (
	"context"
	"encoding/json"

	"soroi/internal/channel"
)

const loginOp = "login"

// session is the administrator's login, kept in memory only: a new process logs in anew. Callers that need it at the same
// time wait for one login.
type session struct {
	username string
	password channel.Secret
	turn     chan struct{} // holds one while somebody reads or changes token
	token    channel.Secret
}

// current is the token, after a login if there is none yet.
func (k *session) current(ctx context.Context, s *shop) (channel.Secret, error) {
	return k.renew(ctx, s, "")
}

// renew is a token other than the stale one: the one that somebody else has fetched meanwhile, or a new one.
func (k *session) renew(ctx context.Context, s *shop, stale channel.Secret) (channel.Secret, error) {
	select {
	case k.turn <- struct{}{}:
	case <-ctx.Done():
		return "", &channel.Error{Kind: channel.Temporary, Op: loginOp, Err: ctx.Err(), NotDone: true}
	}
	defer func() { <-k.turn }()
	if k.token != stale && k.token != "" {
		return k.token, nil
	}
	token, err := k.login(ctx, s)
	if err != nil {
		k.token = ""
		return "", err
	}
	k.token = token
	return token, nil
}

// login asks for a new session. Every refusal is of kind Auth.
func (k *session) login(ctx context.Context, s *shop) (channel.Secret, error) {
	got, failed := s.send(ctx, loginOp, loginDocument, values{"username": k.username, "password": k.password.Reveal()}, "")
	if failed != nil {
		return "", failed
	}
	var data struct {
		Login struct {
			Type      string `json:"__typename"`
			ErrorCode string `json:"errorCode"`
			Message   string `json:"message"`
		} `json:"login"`
	}
	if err := json.Unmarshal(got.data, &data); err != nil {
		return "", unreadable(loginOp, err)
	}
	refused := &channel.Error{Kind: channel.Auth, Op: loginOp, Status: 200, NotDone: true}
	switch {
	case data.Login.Type == "":
		return "", unreadable(loginOp, nil)
	case data.Login.Type != "CurrentUser":
		refused.Code, refused.Message = data.Login.ErrorCode, cut(data.Login.Message)
		return "", refused
	}
	token := got.header.Get("vendure-auth-token")
	if token == "" {
		refused.Message = "the shop gave no bearer token: its authOptions.tokenMethod must contain \"bearer\""
		return "", refused
	}
	return channel.Secret(token), nil
}
