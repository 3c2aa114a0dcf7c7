package api

import (
	"errors"
	"strings"

	"soroi/internal/store"
)

// authorize finds the caller's token. It answers the same for a token that is unknown, revoked or somebody else's.
func (a *API) authorize(r *request, need access) error {
	scheme, presented, _ := strings.Cut(r.r.Header.Get("Authorization"), " ")
	refuse := func(detail string) error {
		r.w.Header().Set("WWW-Authenticate", `Bearer realm="soroi"`)
		return problem(unauthorized, "%s", detail)
	}
	if scheme == "" {
		return refuse("The request has no token. Send the header Authorization: Bearer …; soroi token NAME makes one.")
	}
	if !strings.EqualFold(scheme, "Bearer") {
		return refuse("The Authorization header must begin with Bearer.")
	}
	token, err := a.deps.DB.FindAPIToken(r.ctx(), strings.TrimSpace(presented))
	if errors.Is(err, store.ErrNotFound) {
		return refuse("The token is not valid: it is mistyped, or it has been revoked. soroi token NAME makes a new one.")
	}
	if err != nil {
		return err
	}
	r.token = token
	if need == writing && !token.MayWrite {
		return problem(forbidden, "The token %q may only read. soroi token --write NAME makes one that may write.", token.Name)
	}
	return nil
}
