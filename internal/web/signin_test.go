package web_test

import (
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"soroi/internal/clock"
)

// turned is a clock that goes on only when it is turned.
type turned struct {
	clock.System
	by atomic.Int64
}

func (c *turned) Now() time.Time {
	return time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC).Add(time.Duration(c.by.Load()))
}

// After five wrong passwords even the right one has to wait, with a sentence that says how long; then it is taken. A login that does not exist is
// answered in the same words.
func TestSignIn_slows_guessing_down(t *testing.T) {
	t.Parallel()
	screens := &turned{}
	m := setUp(t, screens)
	for _, who := range []string{login, "nobody@example.jp"} {
		stranger := newBrowser(t, m.handler)
		try := func(password string) (int, string, string) {
			t.Helper()
			v := stranger.post("/signin", "/signin", url.Values{"login": {" " + who}, "password": {password}})
			text, _ := v.ByID("signin-wrong")
			return v.Code, text, v.Header().Get("Retry-After")
		}
		for n := range 5 {
			if code, text, _ := try("wrong password"); code != http.StatusUnprocessableEntity || text != "ログインIDかパスワードが違います。" {
				t.Errorf("%s, try %d: %d %q", who, n+1, code, text)
			}
		}
		if code, text, after := try(password); code != http.StatusTooManyRequests || text != "サインインの失敗が続いています。15秒後にもう一度お試しください。" || after != "15" {
			t.Errorf("%s, the sixth: %d %q after %q", who, code, text, after)
		}
		screens.by.Add(int64(16 * time.Second))
		code, _, _ := try(password)
		if want := map[bool]int{true: http.StatusSeeOther, false: http.StatusUnprocessableEntity}[who == login]; code != want {
			t.Errorf("%s, after waiting: %d, want %d", who, code, want)
		}
	}
}
