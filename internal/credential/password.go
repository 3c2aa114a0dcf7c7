// Package credential holds the rules of passwords and tokens: what a good one is, how it is kept and how it is compared. It is
// pure: randomness is an argument.
package credential

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Bounds of a password. The upper one keeps a request from choosing how much work it makes.
const (
	ShortestPassword = 10 // characters
	LongestPassword  = 256
)

// PasswordError says why a password is refused.
type PasswordError struct {
	Code string // "short", "long" or "login": the password is the login
}

func (e *PasswordError) Error() string { return "password refused: " + e.Code }

// CheckPassword refuses a password that is too short, too long or the login itself. The error is a *PasswordError.
func CheckPassword(login, password string) error {
	switch n := utf8.RuneCountInString(password); {
	case n < ShortestPassword:
		return &PasswordError{"short"}
	case n > LongestPassword:
		return &PasswordError{"long"}
	case strings.EqualFold(strings.TrimSpace(password), strings.TrimSpace(login)):
		return &PasswordError{"login"}
	}
	return nil
}

// cost is what one try of a password costs: memory in KiB, passes over it, and lanes.
type cost struct {
	memory, passes uint32
	lanes          uint8
}

// newCost is the cost of every new hash: 19 MiB and two passes, which OWASP's list gives for argon2id with one lane.
var newCost = cost{memory: 19 * 1024, passes: 2, lanes: 1}

// SaltBytes is how much randomness a hash takes.
const SaltBytes = 16

const keyBytes = 32

// HashPassword is what is kept of a password: argon2id in the usual "$argon2id$v=19$m=…,t=…,p=…$salt$key" spelling, so that the cost
// can be raised later. salt must be SaltBytes fresh random bytes.
func HashPassword(password string, salt []byte) string {
	return newCost.hash(password, salt)
}

func (c cost) hash(password string, salt []byte) string {
	key := argon2.IDKey([]byte(password), salt, c.passes, c.memory, c.lanes, keyBytes)
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.passes, c.lanes, encode(salt), encode(key))
}

// NoPassword is the hash that no password has. Comparing with it takes as long as comparing with a real one.
var NoPassword = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, newCost.memory, newCost.passes, newCost.lanes,
	base64.RawStdEncoding.EncodeToString(make([]byte, SaltBytes)), base64.RawStdEncoding.EncodeToString(make([]byte, keyBytes)))

// SamePassword tells whether hash was made from the password. A hash that cannot be read is an error.
func SamePassword(hash, password string) (bool, error) {
	var version int
	var c cost
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return false, fmt.Errorf("password hash of an unknown kind")
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, fmt.Errorf("password hash of an unknown version %q", parts[2])
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.passes, &c.lanes); err != nil || c.passes == 0 || c.lanes == 0 {
		return false, fmt.Errorf("password hash with an unreadable cost %q", parts[3])
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, fmt.Errorf("password hash with an unreadable salt: %w", err)
	}
	key, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(key) != keyBytes {
		return false, fmt.Errorf("password hash with an unreadable key")
	}
	if len(password) > 4*LongestPassword {
		password = password[:4*LongestPassword] + "…" // never a password that was accepted, and no more work than one
	}
	made := argon2.IDKey([]byte(password), salt, c.passes, c.memory, c.lanes, keyBytes)
	return subtle.ConstantTimeCompare(made, key) == 1, nil
}
