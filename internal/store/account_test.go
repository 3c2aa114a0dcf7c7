package store_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"soroi/internal/clock"
	"soroi/internal/credential"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// handClock is a clock that moves only when a test says so. Whoever sleeps moves it.
type handClock struct {
	clock.System
	mu  sync.Mutex
	now time.Time
}

func newHandClock() *handClock {
	return &handClock{now: time.Date(2026, 4, 1, 3, 0, 0, 0, time.UTC)}
}

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *handClock) Sleep(_ context.Context, d time.Duration) error {
	c.advance(d)
	return nil
}

func (c *handClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// eachAtHand runs test on every engine, each with a clock of its own.
func eachAtHand(t *testing.T, test func(t *testing.T, db *store.DB, c *handClock)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := newHandClock()
		db.SetClock(c)
		test(t, db, c)
	})
}

const goodPassword = "correct horse battery"

func setUp(t *testing.T, db *store.DB, tenant stock.TenantID) store.Account {
	t.Helper()
	a, err := db.SetUpOwner(context.Background(), tenant, store.NewAccount{Login: " Owner@Example.jp ", Name: "店主", Password: goodPassword})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestSetUpOwner_one_of_many_wins(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		tenant, _ := storetest.Tenant(t, db, "a")
		if needs, err := db.NeedsOwner(ctx, tenant); err != nil || !needs {
			t.Fatalf("a new tenant needs an owner: %v, %v", needs, err)
		}
		var won, late atomic.Int64
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				_, err := db.SetUpOwner(ctx, tenant, store.NewAccount{Login: string(rune('a' + i)), Password: goodPassword})
				switch {
				case err == nil:
					won.Add(1)
				case errors.Is(err, store.ErrSetUp):
					late.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || late.Load() != 7 {
			t.Errorf("%d made the first account and %d came too late", won.Load(), late.Load())
		}
		if needs, err := db.NeedsOwner(ctx, tenant); err != nil || needs {
			t.Errorf("still needs an owner: %v, %v", needs, err)
		}
		other, _ := storetest.Tenant(t, db, "b")
		if needs, err := db.NeedsOwner(ctx, other); err != nil || !needs {
			t.Errorf("another tenant: %v, %v", needs, err)
		}
	})
}

func TestSetUpOwner_refuses(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		tenant, _ := storetest.Tenant(t, db, "a")
		var refused *credential.PasswordError
		if _, err := db.SetUpOwner(ctx, tenant, store.NewAccount{Login: "a", Password: "short"}); !errors.As(err, &refused) || refused.Code != "short" {
			t.Errorf("a short password: %v", err)
		}
		for _, login := range []string{" ", strings.Repeat("x", 201)} {
			if _, err := db.SetUpOwner(ctx, tenant, store.NewAccount{Login: login, Password: goodPassword}); !errors.Is(err, store.ErrLogin) {
				t.Errorf("login %.10q: %v", login, err)
			}
		}
		if _, err := db.SetUpOwner(ctx, tenant+1000, store.NewAccount{Login: "a", Password: goodPassword}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a tenant that is not there: %v", err)
		}
	})
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		tenant, _ := storetest.Tenant(t, db, "a")
		owner := setUp(t, db, tenant)
		if owner.Login != "owner@example.jp" || owner.Role != store.Owner || owner.Language != "ja" {
			t.Errorf("owner %+v", owner)
		}
		s, err := db.SignIn(ctx, tenant, "OWNER@example.jp", goodPassword)
		if err != nil || s.Account != owner {
			t.Fatalf("%+v, %v", s, err)
		}
		found, err := db.FindSession(ctx, s.Token)
		if err != nil || found.Account != owner {
			t.Errorf("%+v, %v", found, err)
		}
		other, _ := storetest.Tenant(t, db, "b")
		for name, try := range map[string]struct {
			tenant          stock.TenantID
			login, password string
		}{
			"wrong password":       {tenant, "owner@example.jp", goodPassword + "x"},
			"unknown login":        {tenant, "nobody", goodPassword},
			"the other's tenant":   {other, "owner@example.jp", goodPassword},
			"no password":          {tenant, "owner@example.jp", ""},
			"an enormous password": {tenant, "owner@example.jp", strings.Repeat("x", 1<<20)},
		} {
			if _, err := db.SignIn(ctx, try.tenant, try.login, try.password); !errors.Is(err, store.ErrSignIn) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, token := range []string{"", "x", s.Token + "x", strings.Replace(s.Token, "session_", "soroi_", 1)} {
			if _, err := db.FindSession(ctx, token); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("token %q: %v", token, err)
			}
		}
		if err := db.SignOut(ctx, s.Token); err != nil {
			t.Fatal(err)
		}
		if _, err := db.FindSession(ctx, s.Token); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("after signing out: %v", err)
		}
	})
}

// A login that does not exist must cost the same hash as one that does; without it the answer comes some hundred times sooner.
func TestSignIn_unknown_login_takes_as_long(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		tenant, _ := storetest.Tenant(t, db, "a")
		setUp(t, db, tenant)
		fastest := func(login string) time.Duration {
			best := time.Hour
			for range 5 {
				began := time.Now()
				if _, err := db.SignIn(ctx, tenant, login, "not the password"); !errors.Is(err, store.ErrSignIn) {
					t.Fatal(err)
				}
				best = min(best, time.Since(began))
			}
			return best
		}
		known, unknown := fastest("owner@example.jp"), fastest("nobody@example.jp")
		if unknown < known/4 || known < unknown/4 {
			t.Errorf("a known login takes %v, an unknown one %v", known, unknown)
		}
	})
}

func TestSession_slides_and_ends(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	eachAtHand(t, func(t *testing.T, db *store.DB, c *handClock) {
		ctx := context.Background()
		tenant, _ := storetest.Tenant(t, db, "a")
		setUp(t, db, tenant)
		signIn := func() string {
			s, err := db.SignIn(ctx, tenant, "owner@example.jp", goodPassword)
			if err != nil {
				t.Fatal(err)
			}
			return s.Token
		}
		used, unused := signIn(), signIn()
		for range 8 { // 80 days of use, at most 10 days apart
			c.advance(10 * day)
			if _, err := db.FindSession(ctx, used); err != nil {
				t.Fatalf("a session in use ended: %v", err)
			}
		}
		if _, err := db.FindSession(ctx, unused); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a session that was not used for weeks: %v", err)
		}
		c.advance(9 * day)
		if s, err := db.FindSession(ctx, used); err != nil || !s.ExpiresAt.Equal(s.CreatedAt.Add(90*day)) {
			t.Errorf("on day 89: %+v, %v", s, err)
		}
		c.advance(day)
		if _, err := db.FindSession(ctx, used); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("on day 90: %v", err)
		}
	})
}

func TestSetPassword_ends_sessions(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		tenant, _ := storetest.Tenant(t, db, "a")
		owner := setUp(t, db, tenant)
		s, err := db.SignIn(ctx, tenant, owner.Login, goodPassword)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.SetLanguage(ctx, tenant, owner.ID, "en"); err != nil {
			t.Fatal(err)
		}
		if s, err := db.FindSession(ctx, s.Token); err != nil || s.Account.Language != "en" {
			t.Errorf("%+v, %v", s, err)
		}
		if err := db.SetPassword(ctx, tenant, owner.Login, "another good one"); err != nil {
			t.Fatal(err)
		}
		if _, err := db.FindSession(ctx, s.Token); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the old session: %v", err)
		}
		if _, err := db.SignIn(ctx, tenant, owner.Login, goodPassword); !errors.Is(err, store.ErrSignIn) {
			t.Errorf("the old password: %v", err)
		}
		if _, err := db.SignIn(ctx, tenant, owner.Login, "another good one"); err != nil {
			t.Errorf("the new password: %v", err)
		}
		if err := db.SetPassword(ctx, tenant, "nobody", "another good one"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an unknown login: %v", err)
		}
		if err := db.SetLanguage(ctx, tenant, owner.ID+1, "en"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an unknown account: %v", err)
		}
	})
}

func TestAPIToken(t *testing.T) {
	t.Parallel()
	eachAtHand(t, func(t *testing.T, db *store.DB, c *handClock) {
		ctx := context.Background()
		tenant, _ := storetest.Tenant(t, db, "a")
		other, _ := storetest.Tenant(t, db, "b")
		reader, secret, err := db.AddAPIToken(ctx, tenant, "倉庫システム", false)
		if err != nil {
			t.Fatal(err)
		}
		writer, _, err := db.AddAPIToken(ctx, tenant, "till", true)
		if err != nil {
			t.Fatal(err)
		}
		found, err := db.FindAPIToken(ctx, secret)
		if err != nil || found.ID != reader.ID || found.Tenant != tenant || found.MayWrite || !found.UsedAt.Equal(c.Now()) {
			t.Errorf("%+v, %v", found, err)
		}
		first := c.Now()
		c.advance(30 * time.Second)
		if found, err := db.FindAPIToken(ctx, secret); err != nil || !found.UsedAt.Equal(first) {
			t.Errorf("half a minute later: %+v, %v", found, err)
		}
		c.advance(30 * time.Second)
		if found, err := db.FindAPIToken(ctx, secret); err != nil || !found.UsedAt.Equal(c.Now()) {
			t.Errorf("a minute later: %+v, %v", found, err)
		}
		list, err := db.ListAPITokens(ctx, tenant)
		if err != nil || len(list) != 2 || list[0].ID != writer.ID || list[1].Name != "倉庫システム" || !list[1].UsedAt.Equal(c.Now()) || !list[0].MayWrite {
			t.Errorf("%+v, %v", list, err)
		}
		if list, err := db.ListAPITokens(ctx, other); err != nil || len(list) != 0 {
			t.Errorf("another tenant sees %+v, %v", list, err)
		}
		if err := db.RevokeAPIToken(ctx, other, reader.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another tenant revokes: %v", err)
		}
		for range 2 {
			if err := db.RevokeAPIToken(ctx, tenant, reader.ID); err != nil {
				t.Fatal(err)
			}
			if _, err := db.FindAPIToken(ctx, secret); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("after revoking: %v", err)
			}
			c.advance(time.Hour)
		}
		if list, err := db.ListAPITokens(ctx, tenant); err != nil || !list[1].RevokedAt.Equal(c.Now().Add(-2*time.Hour)) {
			t.Errorf("revoked %+v, %v", list, err)
		}
		// A token of one tenant with another's number is nobody's.
		forged := strings.Replace(secret, "soroi_", "soroi_9", 1)
		if _, err := db.FindAPIToken(ctx, forged); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a forged token: %v", err)
		}
	})
}
