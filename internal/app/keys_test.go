package app_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"soroi/internal/app"
	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/credential"
	"soroi/internal/store"
)

// started opens a soroi on a SQLite file as serve does and ends it at once.
func started(t *testing.T, database string) error {
	t.Helper()
	a, err := app.Open(t.Context(), app.Config{DatabaseURL: database, Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	ended, stop := context.WithCancel(t.Context())
	stop()
	return a.Run(ended)
}

const theSecret = "a secret that must not lie in the file"

// withSecret is a database of before: a shop's secret lies in it in clear.
func withSecret(t *testing.T) string {
	t.Helper()
	ctx, database := context.Background(), filepath.Join(t.TempDir(), "soroi.db")
	db, err := store.Open(ctx, database, clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	if err := app.EnsureTenant(ctx, db); err != nil {
		t.Fatal(err)
	}
	tenants, err := db.ListTenants(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"一号店", "二号店", "三号店", "四号店", "五号店", "六号店"} {
		settings := channel.Settings{"client_secret": theSecret, "private_key": channel.Secret(strings.Repeat(theSecret+" ", 20)), "access_token": theSecret}
		if _, err := db.AddShop(ctx, tenants[0].ID, "shopify", name, settings); err != nil {
			t.Fatal(err)
		}
	}
	return database
}

// secretOf reads the shop's secret as a command does.
func secretOf(t *testing.T, database string) (string, error) {
	t.Helper()
	ctx := context.Background()
	db, err := app.OpenStore(ctx, database, clock.System{})
	if err != nil {
		return "", err
	}
	defer db.Close()
	tenants, err := db.ListTenants(ctx)
	if err != nil {
		return "", err
	}
	shops, err := db.ListShops(ctx, tenants[0].ID)
	if err != nil {
		return "", err
	}
	return shops[0].Settings["client_secret"].Reveal(), nil
}

// The first start makes a key beside the file, readable by its owner only, and leaves no secret in any file of the database; later starts use it.
func TestKeys_the_first_start_makes_one(t *testing.T) {
	database := withSecret(t)
	if text, err := os.ReadFile(database); err != nil || !strings.Contains(string(text), theSecret) {
		t.Fatalf("the secret was not in the file before: %v", err)
	}
	for range 2 {
		if err := started(t, database); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(database + ".key")
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v %v", info, err)
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(database), "*"))
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err != nil || strings.Contains(string(text), theSecret) {
			t.Errorf("%s holds the secret (%v)", filepath.Base(file), err)
		}
	}
	if got, err := secretOf(t, database); err != nil || got != theSecret {
		t.Errorf("%q %v", got, err)
	}
}

// A key that is missing, wrong or no key at all ends the start with what to do, and changes nothing.
func TestKeys_without_the_right_one_nothing_starts(t *testing.T) {
	database := withSecret(t)
	if err := started(t, database); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(database + ".key")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := credential.ParseKeys(string(kept))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(database + ".key"); err != nil {
		t.Fatal(err)
	}
	if err := started(t, database); err == nil || !strings.Contains(err.Error(), keys[0].ID()) || !strings.Contains(err.Error(), database+".key") || !strings.Contains(err.Error(), "soroi key forget") {
		t.Errorf("without the file: %v", err)
	}
	if _, err := os.Stat(database + ".key"); err == nil {
		t.Error("another key was made in the place of the lost one")
	}
	t.Setenv("SOROI_SECRET_KEY", credential.NewKey().Encode())
	if err := started(t, database); err == nil || !strings.Contains(err.Error(), "sealed with key "+keys[0].ID()) {
		t.Errorf("with another key: %v", err)
	}
	t.Setenv("SOROI_SECRET_KEY", "hunter2")
	if err := started(t, database); err == nil || !strings.Contains(err.Error(), "SOROI_SECRET_KEY: key 1 is not 32 bytes") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("with no key at all: %v", err)
	}
	young := credential.NewKey()
	t.Setenv("SOROI_SECRET_KEY", young.Encode()+","+keys[0].Encode())
	if err := started(t, database); err != nil {
		t.Errorf("with a new key before the old one: %v", err)
	}
	t.Setenv("SOROI_SECRET_KEY", young.Encode())
	if err := started(t, database); err != nil {
		t.Errorf("with the new key alone: %v", err)
	}
	if got, err := secretOf(t, database); err != nil || got != theSecret {
		t.Errorf("%q %v", got, err)
	}
	t.Setenv("SOROI_SECRET_KEY", "")
	t.Setenv("SOROI_SECRET_KEY_FILE", filepath.Join(t.TempDir(), "key"))
	if err := os.WriteFile(os.Getenv("SOROI_SECRET_KEY_FILE"), []byte(young.Encode()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := started(t, database); err != nil {
		t.Errorf("with the key in a file of its own: %v", err)
	}
}
