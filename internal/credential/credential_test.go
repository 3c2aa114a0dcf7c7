package credential

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, login, password, code string }{
		{"nine characters", "owner", "123456789", "short"},
		{"ten characters", "owner", "1234567890", ""},
		{"ten kana are ten characters", "owner", "あいうえおかきくけこ", ""},
		{"too long", "owner", strings.Repeat("x", LongestPassword+1), "long"},
		{"the login in other letters", "owner@example", " OWNER@example ", "login"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := CheckPassword(c.login, c.password)
			var refused *PasswordError
			if errors.As(err, &refused) != (c.code != "") || refused != nil && refused.Code != c.code {
				t.Errorf("%v, want code %q", err, c.code)
			}
		})
	}
}

func TestSamePassword(t *testing.T) {
	t.Parallel()
	small := cost{memory: 64, passes: 1, lanes: 1}
	hash := small.hash("correct horse", bytes.Repeat([]byte{7}, SaltBytes))
	for password, want := range map[string]bool{"correct horse": true, "correct horsf": false, "": false, strings.Repeat("x", 1<<20): false} {
		if same, err := SamePassword(hash, password); err != nil || same != want {
			t.Errorf("%.20q: %v, %v", password, same, err)
		}
	}
	if other := small.hash("correct horse", bytes.Repeat([]byte{8}, SaltBytes)); other == hash {
		t.Error("another salt gave the same hash")
	}
	if same, err := SamePassword(NoPassword, ""); same || err != nil {
		t.Errorf("no password: %v, %v", same, err)
	}
	if !strings.HasPrefix(HashPassword("x", make([]byte, SaltBytes)), "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Error("a new hash does not have the cost of today")
	}
	for _, broken := range []string{"", "x", "$2a$10$abc", strings.Replace(hash, "v=19", "v=18", 1), strings.Replace(hash, "t=1", "t=0", 1), hash[:len(hash)-4]} {
		if same, err := SamePassword(broken, "correct horse"); same || err == nil {
			t.Errorf("broken hash %q: %v, %v", broken, same, err)
		}
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	made := NewToken(APIToken, 42, bytes.Repeat([]byte{0xfe}, SecretBytes))
	read, ok := ParseToken(APIToken, made.Present())
	if !ok || read != made || read.Hash() != made.Hash() {
		t.Errorf("%q read back as %+v, %v", made.Present(), read, ok)
	}
	if strings.Contains(fmt.Sprint(made), made.Secret) || strings.Contains(fmt.Sprintf("%v", &made), made.Secret) {
		t.Error("a printed token shows its secret")
	}
	other := made
	other.Tenant = 43
	if other.Hash() == made.Hash() {
		t.Error("one secret has the same hash in two tenants")
	}
	for _, bad := range []string{"", "soroi_", "soroi_42", "soroi_42_short", "session_42_" + made.Secret, "soroi_042_" + made.Secret, "soroi_-1_" + made.Secret, "soroi_x_" + made.Secret,
		made.Present() + "x"} {
		if _, ok := ParseToken(APIToken, bad); ok {
			t.Errorf("%q was read", bad)
		}
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add(NewToken(SessionToken, 1, make([]byte, SecretBytes)).Present())
	f.Add("session_1_")
	f.Fuzz(func(t *testing.T, presented string) {
		if token, ok := ParseToken(SessionToken, presented); ok && token.Present() != presented {
			t.Errorf("%q reads as %q", presented, token.Present())
		}
	})
}
