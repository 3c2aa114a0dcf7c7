package credential

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// sealBytes is the size of a Key: AES-256.
const sealBytes = 32

// Key seals what must not lie readable in a database. It prints as its id.
type Key struct{ secret [sealBytes]byte }

// NewKey is a random key.
func NewKey() Key {
	var k Key
	_, _ = rand.Read(k.secret[:]) // crypto/rand never fails
	return k
}

// Encode is the key as people keep it: 43 letters, digits, - and _.
func (k Key) Encode() string { return base64.RawURLEncoding.EncodeToString(k.secret[:]) }

// ID names the key without telling it: eight hexadecimal digits.
func (k Key) ID() string {
	sum := sha256.Sum256(append([]byte("soroi key "), k.secret[:]...))
	return hex.EncodeToString(sum[:4])
}

// String is the key's id.
func (k Key) String() string { return "key " + k.ID() }

// GoString is String, for %#v.
func (k Key) GoString() string { return k.String() }

// Keys are the keys that a process was given: the first one seals, each of them opens.
type Keys []Key

// ParseKeys reads keys as Encode writes them, separated by commas or spaces. The error does not repeat what was read.
func ParseKeys(text string) (Keys, error) {
	var keys Keys
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' }) {
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(part), "="))
		if err != nil || len(raw) != sealBytes {
			return nil, fmt.Errorf("key %d is not %d bytes in base64; make one with: soroi key new", len(keys)+1, sealBytes)
		}
		keys = append(keys, Key{[sealBytes]byte(raw)})
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no key in it; make one with: soroi key new")
	}
	return keys, nil
}

// IDs names the keys.
func (k Keys) IDs() []string {
	ids := make([]string, len(k))
	for i, key := range k {
		ids[i] = key.ID()
	}
	return ids
}

// Seal closes a text with the first key. about says where it belongs: what is moved to another place does not open there.
func (k Keys) Seal(plain, about string) (id, sealed string) {
	aead := k[0].aead()
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce)
	return k[0].ID(), base64.RawStdEncoding.EncodeToString(aead.Seal(nonce, nonce, []byte(plain), []byte(about)))
}

// KeyError says that something is sealed with a key that this process was not given.
type KeyError struct {
	ID   string   // of the key that is missing
	Have []string // ids of those that were given
}

func (e *KeyError) Error() string {
	have := "no key was given"
	if len(e.Have) > 0 {
		have = "this soroi was given " + strings.Join(e.Have, ", ")
	}
	return fmt.Sprintf("sealed with key %s; %s", e.ID, have)
}

// ErrSeal says that a sealed text was changed, or belongs to another place.
var ErrSeal = errors.New("the sealed text is damaged, or was sealed for another place")

// Open is the text that Seal closed with the key of that id for that place. The error is a *KeyError or ErrSeal.
func (k Keys) Open(id, sealed, about string) (string, error) {
	for _, key := range k {
		if key.ID() != id {
			continue
		}
		raw, err := base64.RawStdEncoding.DecodeString(sealed)
		aead := key.aead()
		if err != nil || len(raw) < aead.NonceSize() {
			return "", ErrSeal
		}
		plain, err := aead.Open(nil, raw[:aead.NonceSize()], raw[aead.NonceSize():], []byte(about))
		if err != nil {
			return "", ErrSeal
		}
		return string(plain), nil
	}
	return "", &KeyError{ID: id, Have: k.IDs()}
}

func (k Key) aead() cipher.AEAD {
	block, err := aes.NewCipher(k.secret[:])
	if err != nil { // the size is right
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil { // the block is of AES
		panic(err)
	}
	return aead
}
