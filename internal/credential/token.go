package credential

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"

	"soroi/internal/stock"
)

// SecretBytes is how much randomness a token holds.
const SecretBytes = 32

// Kind is a kind of token; it stands at its front, so that a leaked one can be recognized.
type Kind string

// The kinds of token.
const (
	SessionToken Kind = "session"
	APIToken     Kind = "soroi"
)

// Token is a secret that names its tenant: "soroi_7_…".
type Token struct {
	Kind   Kind
	Tenant stock.TenantID
	Secret string
}

// NewToken makes a token of SecretBytes fresh random bytes.
func NewToken(kind Kind, tenant stock.TenantID, random []byte) Token {
	return Token{Kind: kind, Tenant: tenant, Secret: base64.RawURLEncoding.EncodeToString(random)}
}

// Present is the token as its holder keeps it.
func (t Token) Present() string {
	return string(t.Kind) + "_" + strconv.FormatInt(int64(t.Tenant), 10) + "_" + t.Secret
}

// Hash is all that is kept of a token. The secret is random and long, so a plain hash cannot be turned round.
func (t Token) Hash() string {
	sum := sha256.Sum256([]byte(t.Present()))
	return hex.EncodeToString(sum[:])
}

// String hides the secret, so that a token in a log says nothing.
func (t Token) String() string {
	return string(t.Kind) + "_" + strconv.FormatInt(int64(t.Tenant), 10) + "_…"
}

// ParseToken reads what Present writes. ok is false for anything else.
func ParseToken(kind Kind, presented string) (t Token, ok bool) {
	rest, ok := strings.CutPrefix(presented, string(kind)+"_")
	if !ok {
		return Token{}, false
	}
	number, secret, ok := strings.Cut(rest, "_")
	if !ok || len(secret) != base64.RawURLEncoding.EncodedLen(SecretBytes) {
		return Token{}, false
	}
	tenant, err := strconv.ParseInt(number, 10, 64)
	if err != nil || tenant <= 0 || strconv.FormatInt(tenant, 10) != number {
		return Token{}, false
	}
	return Token{Kind: kind, Tenant: stock.TenantID(tenant), Secret: secret}, true
}
