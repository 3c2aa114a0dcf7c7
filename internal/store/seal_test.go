package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/credential"
	"soroi/internal/event"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// Settings are sealed for their shop with the first key, opened with any, resealed when the keys change, and a key that is missing is named.
func TestSettings_are_sealed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		old, young := credential.NewKey(), credential.NewKey()
		a, _ := storetest.Tenant(t, db, "a")
		b, _ := storetest.Tenant(t, db, "b")
		add := func(tenant int, value string) {
			t.Helper()
			id := a
			if tenant == 1 {
				id = b
			}
			_, err := db.AddShop(ctx, id, "rakuten", "店 "+value, channel.Settings{"api_key": channel.Secret(value), "base_url": "https://x.example"})
			must(err)
		}
		values := func() (all []string, err error) {
			for _, tenant := range []int{0, 1} {
				id := a
				if tenant == 1 {
					id = b
				}
				shops, err := db.ListShops(ctx, id)
				if err != nil {
					return nil, err
				}
				for _, s := range shops {
					all = append(all, s.Settings["api_key"].Reveal())
				}
			}
			return all, nil
		}
		with := func(ids ...string) {
			t.Helper()
			slices.Sort(ids)
			if got, err := db.SealedWith(ctx); err != nil || !slices.Equal(got, ids) {
				t.Errorf("sealed with %q %v, want %q", got, err, ids)
			}
		}
		add(0, "clear")
		with("")
		if _, err := db.Reseal(ctx); err == nil {
			t.Error("sealed without a key")
		}
		db.UseKeys(credential.Keys{old})
		add(1, "sealed")
		with("", old.ID())
		if n, err := db.Reseal(ctx); err != nil || n != 2 {
			t.Errorf("sealed %d of two settings in clear: %v", n, err)
		}
		with(old.ID())
		if n, err := db.Reseal(ctx); err != nil || n != 0 {
			t.Errorf("sealed again %d: %v", n, err)
		}
		db.UseKeys(credential.Keys{young, old})
		add(0, "young")
		if n, err := db.Reseal(ctx); err != nil || n != 4 {
			t.Errorf("%d went over to the new key: %v", n, err)
		}
		with(young.ID())
		if got, err := values(); err != nil || !slices.Equal(got, []string{"clear", "young", "sealed"}) {
			t.Errorf("read %q %v", got, err)
		}
		db.UseKeys(credential.Keys{old})
		var missing *credential.KeyError
		if _, err := values(); !errors.As(err, &missing) || missing.ID != young.ID() {
			t.Errorf("with the old key only: %v", err)
		}
		if _, err := db.Reseal(ctx); !errors.As(err, &missing) {
			t.Errorf("resealed without the key: %v", err)
		}
		names, err := db.ForgetSealed(ctx)
		if err != nil || len(names) != 3 {
			t.Errorf("forgot %q %v", names, err)
		}
		if got, err := values(); err != nil || !slices.Equal(got, []string{"", "", ""}) {
			t.Errorf("after forgetting: %q %v", got, err)
		}
		shops, err := db.ListShops(ctx, a)
		must(err)
		if shops[0].Mode != store.Paused {
			t.Errorf("a shop without its settings is %s", shops[0].Mode)
		}
		if names, err = db.ForgetSealed(ctx); err != nil || len(names) != 0 {
			t.Errorf("forgot again %q %v", names, err)
		}
	})
}

// Webhooks' secrets are sealed like shops' settings: with the first key, opened with any, resealed, and, when their key is lost, replaced by one that nobody
// knows, with the webhook stopped.
func TestSecrets_are_sealed(t *testing.T) {
	t.Parallel()
	eachAtHand(t, func(t *testing.T, db *store.DB, clk *handClock) {
		h := newHook(t, db, clk)
		secrets := func() []event.Secret {
			t.Helper()
			ping, err := db.BeginPing(t.Context(), h.tenant, h.id)
			if err != nil {
				t.Fatal(err)
			}
			return ping.Secrets
		}
		stored := func() (all string) {
			t.Helper()
			texts, err := db.Texts(t.Context(), "SELECT secret FROM webhook UNION ALL SELECT old_secret FROM webhook")
			if err != nil {
				t.Fatal(err)
			}
			return strings.Join(texts, " ")
		}
		if !strings.Contains(stored(), h.secret.Reveal()) {
			t.Error("without keys it lies in clear")
		}
		old, young := credential.NewKey(), credential.NewKey()
		db.UseKeys(credential.Keys{old})
		next, err := db.RotateSecret(t.Context(), h.tenant, h.id, time.Hour, "")
		if err != nil || strings.Contains(stored(), next.Reveal()) {
			t.Fatalf("in clear although there is a key: %v", err)
		}
		if got, err := db.SealedWith(t.Context()); err != nil || !slices.Equal(got, []string{"", old.ID()}) {
			t.Errorf("sealed with %q %v", got, err)
		}
		if n, err := db.Reseal(t.Context()); err != nil || n != 1 || strings.Contains(stored(), h.secret.Reveal()) {
			t.Errorf("sealed %d: %v", n, err)
		}
		db.UseKeys(credential.Keys{young, old})
		if n, err := db.Reseal(t.Context()); err != nil || n != 2 {
			t.Errorf("%d went over to the new key: %v", n, err)
		}
		db.UseKeys(credential.Keys{young})
		if got := secrets(); !slices.Equal(got, []event.Secret{next, h.secret}) {
			t.Errorf("%d secrets", len(got))
		}
		if names, err := db.ForgetSealed(t.Context()); err != nil || len(names) != 0 {
			t.Errorf("forgot %q: %v", names, err)
		}
		h.happen(event.Oversell)
		db.UseKeys(credential.Keys{old})
		if _, _, err := db.BeginCall(t.Context(), h.tenant, h.id, "x", held); err == nil {
			t.Error("a call is made with a secret that cannot be opened")
		}
		if names, err := db.ForgetSealed(t.Context()); err != nil || !slices.Equal(names, []string{"Webhook 倉庫"}) {
			t.Errorf("forgot %q: %v", names, err)
		}
		if w := h.load(); w.State != store.WebhookStopped || w.StopReason != store.StopSecret || h.due() {
			t.Errorf("%+v", w)
		}
		if got := secrets(); len(got) != 1 || got[0] == next {
			t.Errorf("%d secrets", len(got))
		}
	})
}
