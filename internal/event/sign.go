package event

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A call is signed after the Standard Webhooks convention, version 1.0.0 (github.com/standard-webhooks/standard-webhooks,
// spec/standard-webhooks.md, read 2026-11-25): these three headers, and a secret that is shown as "whsec_" and base64.
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"

	secretPrefix     = "whsec_"
	signatureVersion = "v1,"
)

// SecretBytes is how much randomness a secret holds. The convention asks for 24 to 64 bytes.
const SecretBytes = 32

// Secret signs the calls of one webhook. It prints as dots.
type Secret struct{ key string }

// NewSecret makes a secret of SecretBytes fresh random bytes.
func NewSecret(random []byte) Secret { return Secret{string(random)} }

// ParseSecret reads what Reveal writes.
func ParseSecret(text string) (Secret, error) {
	encoded, ok := strings.CutPrefix(text, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return Secret{}, errors.New("a secret is whsec_ and 24 to 64 bytes in base64")
	}
	return Secret{string(key)}, nil
}

// Reveal is the secret as its holder keeps it: "whsec_…".
func (s Secret) Reveal() string {
	return secretPrefix + base64.StdEncoding.EncodeToString([]byte(s.key))
}

// String hides it.
func (s Secret) String() string { return secretPrefix + "•••" }

// GoString hides it, too.
func (s Secret) GoString() string { return s.String() }

// Signature is what the header of that name says about a call: one signature for each secret that is valid, divided by spaces. id holds no
// full stop. sent is written in seconds.
func Signature(id string, sent time.Time, body []byte, secrets ...Secret) string {
	var all []string
	for _, s := range secrets {
		all = append(all, signatureVersion+base64.StdEncoding.EncodeToString(s.sum(id, strconv.FormatInt(sent.Unix(), 10), body)))
	}
	return strings.Join(all, " ")
}

func (s Secret) sum(id, timestamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(s.key))
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}

// Tolerance is how far a call's time may be from the receiver's clock.
const Tolerance = 5 * time.Minute

// Verify tells whether a call with these headers and this body, exactly as it came, was signed with the secret within Tolerance of now. It is
// what a receiver does.
func Verify(id, timestamp, signatures string, body []byte, s Secret, now time.Time) error {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return fmt.Errorf("%s %q is no number of seconds", HeaderTimestamp, timestamp)
	}
	if off := now.Sub(time.Unix(seconds, 0)); off > Tolerance || off < -Tolerance {
		return fmt.Errorf("%s is %s away from now", HeaderTimestamp, off.Abs().Round(time.Second))
	}
	want := s.sum(id, timestamp, body)
	for _, one := range strings.Fields(signatures) {
		encoded, ok := strings.CutPrefix(one, signatureVersion)
		got, err := base64.StdEncoding.DecodeString(encoded)
		if ok && err == nil && subtle.ConstantTimeCompare(got, want) == 1 {
			return nil
		}
	}
	return fmt.Errorf("no signature of %s fits", HeaderSignature)
}
