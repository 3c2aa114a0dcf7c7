package yahoo

import (
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"soroi/internal/mallsim"
)

// clockSlack is how far the time in the header may be from the mall's.
const clockSlack = 5 * time.Minute

// grant is one consent of the shop's person: what hangs on one refresh token.
type grant struct {
	refresh  string
	until    time.Time
	unsigned time.Time // first order call without a valid header; zero while there was none
}

type access struct {
	grant *grant
	until time.Time
}

type code struct {
	redirect string
	until    time.Time
}

// ended tells whether a grant no longer counts.
func (g *grant) ended(now time.Time) bool { return !now.Before(g.until) || g.cut(now) }

// cut tells whether the 12 hours after an unsigned order call are over.
func (g *grant) cut(now time.Time) bool {
	return !g.unsigned.IsZero() && !now.Before(g.unsigned.Add(UnsignedFor))
}

// secret is the next token: made from the mall's seed, so that a run repeats.
func (s *Server) secret(prefix string) string {
	s.serial++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d/%d", s.o.SellerID, s.mall.Options().Seed, s.serial))
	return prefix + base64.RawURLEncoding.EncodeToString(sum[:])
}

// Consent is what the shop's person does in the browser: the code that the redirect carries.
func (s *Server) Consent() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.consent(s.o.RedirectURI)
}

func (s *Server) consent(redirect string) string {
	c := s.secret("co")
	s.codes[c] = &code{redirect: redirect, until: s.mall.Clock().Now().Add(codeLife)}
	return c
}

// Grant is a consent already exchanged: a refresh token with its whole life before it.
func (s *Server) Grant() (refreshToken string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.granted().refresh
}

func (s *Server) granted() *grant {
	g := &grant{refresh: s.secret("RT"), until: s.mall.Clock().Now().Add(s.o.life(RefreshLife))}
	s.grants = append(s.grants, g)
	return g
}

// Revoke ends every token at once, as a withdrawn consent does.
func (s *Server) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grants = nil
	clear(s.access)
	clear(s.codes)
}

// ExpireAccess ends the access tokens and leaves the refresh tokens.
func (s *Server) ExpireAccess() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.access)
}

// authorize stands for the consent page: the person says yes.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != s.o.ClientID || q.Get("redirect_uri") != s.o.RedirectURI || q.Get("response_type") != "code" {
		s.mall.Refused(OpAuthorize)
		oauthError(w, http.StatusBadRequest, "invalid_request", "client_id, redirect_uri or response_type is wrong")
		return
	}
	s.mu.Lock()
	c := s.consent(s.o.RedirectURI)
	s.mu.Unlock()
	back := url.Values{"code": {c}}
	if state := q.Get("state"); state != "" {
		back.Set("state", state)
	}
	http.Redirect(w, r, s.o.RedirectURI+"?"+back.Encode(), http.StatusFound)
}

func oauthError(w http.ResponseWriter, status int, name, description string) {
	oauthAnswer(w, status, map[string]any{"error": name, "error_description": description})
}

func oauthAnswer(w http.ResponseWriter, status int, body map[string]any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(text)
}

func (s *Server) tokenFault(w http.ResponseWriter, k mallsim.FaultKind) {
	oauthError(w, mallsim.FaultStatus(k), "server_error", string(k))
}

// token is the token endpoint.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, name, description string) {
		s.mall.Refused(OpToken)
		oauthError(w, status, name, description)
	}
	if err := r.ParseForm(); err != nil {
		refuse(http.StatusBadRequest, "invalid_request", "the body is no form")
		return
	}
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	if id != s.o.ClientID || secret != s.o.ClientSecret {
		refuse(http.StatusUnauthorized, "invalid_client", "client_id or client_secret is wrong")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.mall.Clock().Now()
	answer := map[string]any{"token_type": "Bearer", "expires_in": int(accessLife.Seconds())}
	var g *grant
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		given := r.PostForm.Get("code")
		c, ok := s.codes[given]
		delete(s.codes, given)
		if !ok || !now.Before(c.until) || c.redirect != r.PostForm.Get("redirect_uri") {
			refuse(http.StatusBadRequest, "invalid_grant", "the code is unknown, used, too old or for another redirect_uri")
			return
		}
		g = s.granted()
		answer["refresh_token"] = g.refresh
		answer["id_token"] = s.secret("ID")
	case "refresh_token":
		for _, have := range s.grants {
			if have.refresh == r.PostForm.Get("refresh_token") {
				g = have
			}
		}
		if g == nil || g.ended(now) {
			refuse(http.StatusBadRequest, "invalid_grant", "the refresh token is unknown or has ended")
			return
		}
	default:
		refuse(http.StatusBadRequest, "unsupported_grant_type", "grant_type is neither authorization_code nor refresh_token")
		return
	}
	token := s.secret("AT")
	maps.DeleteFunc(s.access, func(_ string, a *access) bool { return !now.Before(a.until) })
	s.access[token] = &access{grant: g, until: now.Add(accessLife)}
	answer["access_token"] = token
	oauthAnswer(w, http.StatusOK, answer)
}

// admit checks token and header. When it returns false it has answered.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, op string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.mall.Clock().Now()
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	a, ok := s.access[token]
	switch {
	case !bearer || !ok:
		unauthorized(w, "invalid token")
		return false
	case a.grant.cut(now):
		fail(w, http.StatusUnauthorized, "px-04102", "The session has ended.")
		return false
	case !now.Before(a.until) || a.grant.ended(now):
		unauthorized(w, "expired token")
		return false
	}
	signature, version := r.Header.Get("X-sws-signature"), r.Header.Get("X-sws-signature-version")
	signed := s.signed(signature, version, now)
	if !signed && orderOp(op) && a.grant.unsigned.IsZero() {
		a.grant.unsigned = now
	}
	if !signed && (signature != "" || s.o.RefuseUnsigned) {
		fail(w, http.StatusForbidden, "px-14303", notPermitted)
		return false
	}
	if orderOp(op) && s.o.NoOrderAPI {
		fail(w, http.StatusForbidden, "px-04307", notPermitted)
		return false
	}
	return true
}

// signed tells whether the header holds "<seller>:<unix time>" encrypted with the store's present public key, and its version.
func (s *Server) signed(signature, version string, now time.Time) bool {
	if version != strconv.Itoa(s.o.KeyVersion) || !now.Before(s.keyUntil) {
		return false
	}
	sealed, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	//lint:ignore SA1019 the mall asks for this padding
	text, err := rsa.DecryptPKCS1v15(nil, s.o.PrivateKey, sealed)
	if err != nil {
		return false
	}
	seller, at, ok := strings.Cut(string(text), ":")
	seconds, err := strconv.ParseInt(at, 10, 64)
	return ok && err == nil && seller == s.o.SellerID && now.Sub(time.Unix(seconds, 0)).Abs() <= clockSlack
}
