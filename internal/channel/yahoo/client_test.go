package yahoo

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

func mallError(w http.ResponseWriter, status int, code, message string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Message>%s</Message><Code>%s</Code></Error>`, message, code)
}

func counted(w http.ResponseWriter, _ request) {
	fmt.Fprint(w, `<ResultSet><Result><Status>OK</Status><Count><NewOrder>3</NewOrder></Count></Result></ResultSet>`)
}

func TestCallsAreSigned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		s.answer[opOrderCount] = counted
		checked, err := s.open().Check(t.Context())
		if err != nil || checked.Account != testSeller || !checked.Expires.IsZero() {
			t.Fatalf("%+v, %v", checked, err)
		}
		token := s.last(opToken)
		if user, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(token.header.Get("Authorization"), "Basic ")); string(user) != testID+":"+testSecret {
			t.Errorf("the token was asked for by %q", user)
		}
		if token.body != "grant_type=refresh_token&refresh_token="+testRefresh {
			t.Errorf("the token was asked for with %q", token.body)
		}
		call := s.last(opOrderCount)
		if got := call.header.Get("Authorization"); got != "Bearer AT-1" {
			t.Errorf("authorization %q", got)
		}
		if got := call.header.Get("X-Sws-Signature-Version"); got != "4" {
			t.Errorf("key version %q", got)
		}
		if seller, unix := s.signed(call); seller != testSeller || unix != strconv.FormatInt(time.Now().Unix(), 10) {
			t.Errorf("signed %s:%s", seller, unix)
		}
	})
}

func TestCheckTellsTheEarlierEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		s.answer[opOrderCount] = counted
		c := s.open(func(v channel.Settings) { v[fieldConsentedOn], v[fieldKeyUntil] = "2000-01-05", "2000-09-01" })
		checked, err := c.Check(t.Context())
		if want := time.Date(2000, 2, 1, 15, 0, 0, 0, time.UTC); err != nil || !checked.Expires.Equal(want) {
			t.Errorf("expires %v (%v), want %v", checked.Expires, err, want)
		}
	})
}

func TestTokenIsKeptAndRenewedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		s.answer[opOrderCount] = counted
		c := s.open()
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if _, err := c.Check(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := s.calls()[opToken]; n != 1 {
			t.Errorf("ten calls asked for %d tokens, want 1", n)
		}
		time.Sleep(time.Hour - 30*time.Second)
		if _, err := c.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.last(opOrderCount).header.Get("Authorization"); got != "Bearer AT-2" {
			t.Errorf("half a minute before its end the token is still used: %s", got)
		}
	})
}

func TestExpiredTokenIsRenewedOnce(t *testing.T) {
	expire := func(w http.ResponseWriter) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="api", error="invalid_token", error_description="expired token"`)
		mallError(w, http.StatusUnauthorized, "px-04102", "expired")
	}
	t.Run("the second token works", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newScript(t)
			s.answer[opOrderCount] = func(w http.ResponseWriter, r request) {
				if r.header.Get("Authorization") == "Bearer AT-1" {
					expire(w)
					return
				}
				counted(w, r)
			}
			if _, err := s.open().Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := s.calls(); n[opToken] != 2 || n[opOrderCount] != 2 {
				t.Errorf("calls %v", n)
			}
		})
	})
	t.Run("no token works", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newScript(t)
			s.answer[opOrderCount] = func(w http.ResponseWriter, _ request) { expire(w) }
			_, err := s.open().Check(t.Context())
			if channel.KindOf(err) != channel.Auth {
				t.Errorf("%v", err)
			}
			if n := s.calls(); n[opToken] != 2 || n[opOrderCount] != 2 {
				t.Errorf("calls %v, want the token renewed once", n)
			}
		})
	})
	t.Run("another 401 is no expired token", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newScript(t)
			s.answer[opOrderCount] = func(w http.ResponseWriter, _ request) { mallError(w, 401, "px-04102", "session") }
			_, err := s.open().Check(t.Context())
			if n := s.calls(); channel.KindOf(err) != channel.Auth || n[opToken] != 1 || n[opOrderCount] != 1 {
				t.Errorf("%v after %v", err, n)
			}
		})
	})
}

func TestTokenErrors(t *testing.T) {
	for name, row := range map[string]struct {
		status int
		body   string
		kind   channel.ErrorKind
		says   string
	}{
		"consent ended":  {400, `{"error":"invalid_grant","error_description":"ended"}`, channel.Auth, "consent again"},
		"wrong secret":   {401, `{"error":"invalid_client","error_description":"no"}`, channel.Auth, "client ID"},
		"server trouble": {500, `oops`, channel.Temporary, "500"},
		"maintenance":    {503, ``, channel.Maintenance, "503"},
		"no token":       {200, `{"token_type":"Bearer"}`, channel.Unreadable, "no access token"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				s.answer[opToken] = func(w http.ResponseWriter, _ request) {
					w.WriteHeader(row.status)
					fmt.Fprint(w, row.body)
				}
				_, err := s.open().PushStock(t.Context(), []channel.Update{{Ref: "mug-07", Want: stock.Units(1)}})
				e, ok := errors.AsType[*channel.Error](err)
				if !ok || e.Kind != row.kind || !strings.Contains(e.Error(), row.says) {
					t.Fatalf("%v, want %s that says %q", err, row.kind, row.says)
				}
				if !e.NotDone {
					t.Error("the write never left, yet the error leaves that open")
				}
				for _, secret := range []string{testSecret, testRefresh} {
					if strings.Contains(e.Error(), secret) {
						t.Error("the error shows a secret")
					}
				}
			})
		})
	}
}

func TestErrorsOfTheMall(t *testing.T) {
	for name, row := range map[string]struct {
		status  int
		code    string
		message string
		kind    channel.ErrorKind
		done    bool // may have been done
	}{
		"session ended":            {401, "px-04102", "x", channel.Auth, false},
		"not permitted":            {403, "px-04307", "Use of API is not permitted.", channel.Auth, false},
		"wrong key":                {403, "px-14303", "Use of API is not permitted.", channel.Auth, false},
		"too fast":                 {403, "over-limit", "too many requests", channel.Throttled, false},
		"too fast, without a code": {403, "", "rate", channel.Throttled, false},
		"too fast, the other way":  {503, "", "rate", channel.Throttled, false},
		"maintenance":              {503, "ed-00002", "maintenance", channel.Maintenance, false},
		"system error":             {500, "ed-00001", "system error", channel.Temporary, true},
		"system error of stock":    {500, "st-02999", "system error", channel.Temporary, true},
		"seller closed":            {400, "ed-00005", "closed", channel.Auth, false},
		"shop is being published":  {400, "st-02999x", "ストアが反映中です", channel.Temporary, false},
		"duplicate code":           {400, "st-02103", "duplicate", channel.Invalid, false},
		"order trouble":            {500, "od91001", "trouble", channel.Temporary, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				s.answer[opSetStock] = func(w http.ResponseWriter, _ request) { mallError(w, row.status, row.code, row.message) }
				_, err := s.open().PushStock(t.Context(), []channel.Update{
					{Ref: "mug-07", Want: stock.Units(1)}, {Ref: "mug-08", Want: stock.Units(1)},
				})
				e, ok := errors.AsType[*channel.Error](err)
				if !ok || e.Kind != row.kind || e.NotDone == row.done || e.Code != row.code || e.Message != row.message {
					t.Errorf("%#v, want kind %s, may be done %t", err, row.kind, row.done)
				}
			})
		})
	}
}

func TestOpenRefusesWhatItCannotUse(t *testing.T) {
	s := newScript(t)
	for name, row := range map[string]struct{ field, value string }{
		"no key at all":  {fieldKey, "hello"},
		"half a key":     {fieldKey, s.pem()[:100]},
		"damaged key":    {fieldKey, strings.Replace(s.pem(), "M", "*", 1)},
		"day of consent": {fieldConsentedOn, "1st of August"},
		"end of the key": {fieldKeyUntil, "2027/08/01"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := s.settings()
			settings[row.field] = channel.Secret(row.value)
			_, err := Spec().Open(settings, channel.Deps{})
			if e, ok := errors.AsType[*channel.FieldError](err); !ok || e.Field != row.field {
				t.Errorf("%v, want a complaint about %s", err, row.field)
			}
		})
	}
	t.Run("a key without its line breaks is read", func(t *testing.T) {
		key, err := readKey(strings.ReplaceAll(s.pem(), "\n", " "))
		if err != nil || !key.Equal(&s.key.PublicKey) {
			t.Errorf("%v", err)
		}
	})
}

func TestTokensComeFromYahooOrFromTheTestMall(t *testing.T) {
	for base, want := range map[string]string{
		defaultBase: "https://auth.login.yahoo.co.jp/yconnect/v2/token",
		"https://test.circus.shopping.yahooapis.jp": "https://auth.login.yahoo.co.jp/yconnect/v2/token",
		"http://127.0.0.1:7000":                     "http://127.0.0.1:7000/yconnect/v2/token",
	} {
		if got := tokenURL(base); got != want {
			t.Errorf("%s: tokens from %s, want %s", base, got, want)
		}
	}
}

func TestWaitingForTheTokenEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		hang := make(chan struct{})
		s.answer[opToken] = func(http.ResponseWriter, request) { <-hang; panic(http.ErrAbortHandler) }
		c := s.open()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if _, err := c.Check(ctx); err == nil {
					t.Error("no error")
				}
			})
		}
		began := time.Now()
		wg.Wait()
		if took := time.Since(began); took != time.Second {
			t.Errorf("returned after %v", took)
		}
		close(hang)
	})
}
