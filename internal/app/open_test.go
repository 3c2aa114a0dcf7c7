package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"soroi/internal/app"
	"soroi/internal/clock"
)

// A command that looks into a database says that there is none, or that it is behind, and makes no file of a name that was mistyped.
func TestOpenExisting(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "soroi.db")
	if _, err := app.OpenExisting(t.Context(), path, clock.System{}); err == nil || !strings.Contains(err.Error(), "there is no database") {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("looking has made a file")
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := app.OpenExisting(t.Context(), path, clock.System{}); err == nil || !strings.Contains(err.Error(), "soroi migrate --db "+path) {
		t.Errorf("an empty file: %v", err)
	}
	if err := started(t, path); err != nil {
		t.Fatal(err)
	}
	db, err := app.OpenExisting(t.Context(), path, clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
