package yahoo

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// signer makes the public-key header. Without it the mall ends every login of the shop after twelve hours.
type signer struct {
	seller  string
	version string
	key     *rsa.PublicKey
}

// sign sets the two headers of one call: who calls and when, encrypted so that only the mall can read it, and the number of
// the key. The scheme is the mall's; see docs/channels/yahoo.md.
func (s signer) sign(h http.Header, now time.Time) error {
	text := s.seller + ":" + strconv.FormatInt(now.Unix(), 10)
	//lint:ignore SA1019 the mall reads PKCS #1 v1.5 and nothing else; what is encrypted is a name and a time
	sealed, err := rsa.EncryptPKCS1v15(rand.Reader, s.key, []byte(text))
	if err != nil {
		return err
	}
	h.Set("X-sws-signature", base64.StdEncoding.EncodeToString(sealed))
	h.Set("X-sws-signature-version", s.version)
	return nil
}

// readKey reads a public key in PEM, also when a form has swallowed its line breaks.
func readKey(text string) (*rsa.PublicKey, error) {
	_, rest, found := strings.Cut(text, "-----BEGIN ")
	_, rest, named := strings.Cut(rest, "-----")
	middle, _, ended := strings.Cut(rest, "-----END ")
	if !found || !named || !ended {
		return nil, errors.New("must be the whole key with its BEGIN and END lines")
	}
	packed := strings.Join(strings.Fields(strings.ReplaceAll(middle, `\n`, "\n")), "")
	der, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		return nil, errors.New("is damaged between its BEGIN and END lines")
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		if old, oldErr := x509.ParsePKCS1PublicKey(der); oldErr == nil {
			key, err = old, nil
		}
	}
	public, ok := key.(*rsa.PublicKey)
	if err != nil || !ok {
		return nil, errors.New("is not an RSA public key")
	}
	if public.Size() < 128 {
		return nil, errors.New("is an RSA key of fewer than 1024 bits")
	}
	return public, nil
}
