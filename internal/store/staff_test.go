package store_test

import (
	"errors"
	"sync"
	"testing"

	"soroi/internal/credential"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

func TestAccounts(t *testing.T) {
	t.Parallel()
	eachAtHand(t, func(t *testing.T, db *store.DB, _ *handClock) {
		ctx := t.Context()
		tenant, _ := storetest.Tenant(t, db, "a")
		owner := setUp(t, db, tenant)
		a, err := db.AddAccount(ctx, tenant, store.NewAccount{Login: " Taro@Example.jp ", Name: " 太郎 ", Password: goodPassword, Language: "en"}, store.Staff)
		if err != nil || a.Login != "taro@example.jp" || a.Name != "太郎" || a.Role != store.Staff || a.Language != "en" {
			t.Fatalf("%+v %v", a, err)
		}
		var taken *store.ConflictError
		if _, err := db.AddAccount(ctx, tenant, store.NewAccount{Login: "TARO@example.jp", Password: goodPassword}, store.Staff); !errors.As(err, &taken) || taken.Key != "account_tenant_id_login_key" {
			t.Errorf("the same login: %v", err)
		}
		var refused *credential.PasswordError
		if _, err := db.AddAccount(ctx, tenant, store.NewAccount{Login: "x", Password: "short"}, store.Staff); !errors.As(err, &refused) {
			t.Errorf("a short password: %v", err)
		}
		if _, err := db.AddAccount(ctx, tenant, store.NewAccount{Login: " ", Password: goodPassword}, store.Staff); !errors.Is(err, store.ErrLogin) {
			t.Errorf("no login: %v", err)
		}
		list, err := db.ListAccounts(ctx, tenant)
		if err != nil || len(list) != 2 || list[0].ID != owner.ID || list[1] != a {
			t.Errorf("%+v %v", list, err)
		}
		session, err := db.SignIn(ctx, tenant, a.Login, goodPassword)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.ChangePassword(ctx, tenant, a.Login, "wrong password", "another good one"); !errors.Is(err, store.ErrSignIn) {
			t.Errorf("with a wrong password: %v", err)
		}
		if err := db.ChangePassword(ctx, tenant, a.Login, goodPassword, "short"); !errors.As(err, &refused) {
			t.Errorf("to a short one: %v", err)
		}
		if _, err := db.FindSession(ctx, session.Token); err != nil {
			t.Errorf("refused changes ended the session: %v", err)
		}
		if err := db.ChangePassword(ctx, tenant, a.Login, goodPassword, "another good one"); err != nil {
			t.Fatal(err)
		}
		if _, err := db.FindSession(ctx, session.Token); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the session goes on: %v", err)
		}
		if session, err = db.SignIn(ctx, tenant, a.Login, "another good one"); err != nil {
			t.Fatal(err)
		}
		other, _ := storetest.Tenant(t, db, "b")
		if err := db.RemoveAccount(ctx, other, a.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another tenant removed it: %v", err)
		}
		if err := db.RemoveAccount(ctx, tenant, owner.ID); !errors.Is(err, store.ErrLastOwner) {
			t.Errorf("the last owner: %v", err)
		}
		if err := db.RemoveAccount(ctx, tenant, a.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := db.FindSession(ctx, session.Token); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("somebody who was removed is still signed in: %v", err)
		}
		if _, err := db.SignIn(ctx, tenant, a.Login, "another good one"); !errors.Is(err, store.ErrSignIn) {
			t.Errorf("somebody who was removed signs in: %v", err)
		}
	})
}

// Two owners remove each other at once: one of them stays.
func TestRemoveAccount_an_owner_stays(t *testing.T) {
	t.Parallel()
	eachTwice(t, func(t *testing.T, first, second *store.DB) {
		tenant, _ := storetest.Tenant(t, first, "a")
		one := setUp(t, first, tenant)
		two, err := first.AddAccount(t.Context(), tenant, store.NewAccount{Login: "two", Password: goodPassword}, store.Owner)
		if err != nil {
			t.Fatal(err)
		}
		var both sync.WaitGroup
		errs := make([]error, 2)
		both.Go(func() { errs[0] = first.RemoveAccount(t.Context(), tenant, one.ID) })
		both.Go(func() { errs[1] = second.RemoveAccount(t.Context(), tenant, two.ID) })
		both.Wait()
		list, err := first.ListAccounts(t.Context(), tenant)
		if err != nil || len(list) != 1 || errors.Is(errs[0], store.ErrLastOwner) == errors.Is(errs[1], store.ErrLastOwner) {
			t.Errorf("%v, %v; left %+v", errs[0], errs[1], list)
		}
	})
}

// The time zone may be another one until something has been sold.
func TestSetTimeZone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := newCounter(t, db)
		for _, zone := range []string{"", "Local", "Asia/Atlantis", "../etc/passwd"} {
			if err := db.SetTimeZone(t.Context(), c.tenant, zone); !errors.Is(err, store.ErrZone) {
				t.Errorf("%q: %v", zone, err)
			}
		}
		if err := db.SetTimeZone(t.Context(), c.tenant, "Europe/Berlin"); err != nil {
			t.Fatal(err)
		}
		if err := db.SetTimeZone(t.Context(), 99, "Asia/Tokyo"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("of nobody: %v", err)
		}
		if fixed, err := db.ZoneFixed(t.Context(), c.tenant); err != nil || fixed {
			t.Errorf("fixed before the first sale: %v", err)
		}
		c.mustTake(sale("o-1", 1, 2, 0))
		if err := db.SetTimeZone(t.Context(), c.tenant, "Asia/Tokyo"); !errors.Is(err, store.ErrZoneFixed) {
			t.Errorf("after a sale: %v", err)
		}
		tenant, err := db.LoadTenant(t.Context(), c.tenant)
		if fixed, err2 := db.ZoneFixed(t.Context(), c.tenant); err != nil || err2 != nil || !fixed || tenant.TimeZone != "Europe/Berlin" {
			t.Errorf("%+v %v %v", tenant, err, err2)
		}
	})
}
