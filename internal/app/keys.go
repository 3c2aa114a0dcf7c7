package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"soroi/internal/credential"
	"soroi/internal/store"
)

// Where the keys of the shops' settings are found. The key itself, or a file that holds it; beside a SQLite file is one by default.
const (
	keyVariable     = "SOROI_SECRET_KEY"
	keyFileVariable = "SOROI_SECRET_KEY_FILE"
)

// keyFile is the file that is to hold the keys, "" when there is none for this database.
func keyFile(db *store.DB, database string) string {
	if path := os.Getenv(keyFileVariable); path != "" {
		return path
	}
	if db.Engine() != "sqlite" {
		return ""
	}
	return strings.TrimPrefix(database, "sqlite:") + ".key"
}

// findKeys reads the keys from the environment or their file; none there are no error.
func findKeys(db *store.DB, database string) (credential.Keys, error) {
	if text := os.Getenv(keyVariable); text != "" {
		keys, err := credential.ParseKeys(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", keyVariable, err)
		}
		return keys, nil
	}
	path := keyFile(db, database)
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the key of the shops' settings: %w", err)
	}
	keys, err := credential.ParseKeys(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

// sealSettings sees to it that the shops' settings are sealed, making a key beside a new SQLite file. It is an error when they are sealed with
// a key that is not there: nothing could be sent to any shop.
func sealSettings(ctx context.Context, db *store.DB, database string, log *slog.Logger) error {
	keys, err := findKeys(db, database)
	if err != nil {
		return err
	}
	used, err := db.SealedWith(ctx)
	if err != nil {
		return err
	}
	path := keyFile(db, database)
	for _, id := range used {
		if id != "" && !slices.Contains(keys.IDs(), id) {
			where := "set " + keyVariable + " to it"
			if path != "" {
				where += ", or put it into " + path
			}
			return fmt.Errorf("the shops' settings: %w; %s. If it is lost, \"soroi key forget\" takes those settings away so that they can be entered again",
				&credential.KeyError{ID: id, Have: keys.IDs()}, where)
		}
	}
	if len(keys) == 0 && path == "" {
		log.Warn("the shops' settings lie in clear in the database; give every soroi on it one key (soroi key new)", "variable", keyVariable)
		return nil
	}
	if len(keys) == 0 {
		if keys, err = makeKey(path); err != nil {
			return err
		}
		log.Info("a key for the shops' settings was made; keep a copy of it apart from the database's", "file", path)
	}
	if info, err := os.Stat(path); err == nil && os.Getenv(keyVariable) == "" && info.Mode().Perm()&0o077 != 0 {
		log.Warn("others on this machine can read the key of the shops' settings", "file", path, "mode", info.Mode().Perm())
	}
	db.UseKeys(keys)
	n, err := db.Reseal(ctx)
	if n > 0 {
		log.Info("shops' settings sealed", "settings", n, "key", keys[0].ID())
	}
	return err
}

// makeKey writes a new key into a file that nobody else can read; the file is there as a whole or not at all. When another process has just made
// one, that is it.
func makeKey(path string) (credential.Keys, error) {
	wrong := func(err error) error {
		return fmt.Errorf("make a key for the shops' settings: %w; or set %s", err, keyVariable)
	}
	key := credential.NewKey()
	f, err := os.CreateTemp(filepath.Dir(path), ".soroi-key-*") // mode 0600
	if err != nil {
		return nil, wrong(err)
	}
	defer os.Remove(f.Name())
	if _, err = f.WriteString(key.Encode() + "\n"); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, wrong(err)
	}
	if err = os.Link(f.Name(), path); errors.Is(err, fs.ErrExist) {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, wrong(err)
		}
		return credential.ParseKeys(string(text))
	}
	if err != nil {
		return nil, wrong(err)
	}
	return credential.Keys{key}, nil
}
