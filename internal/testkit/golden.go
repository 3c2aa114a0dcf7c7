package testkit

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write golden files anew instead of comparing with them")

// Updating reports whether the test was run with -update: then files that tests compare with are written anew.
func Updating() bool { return *update }

// Golden compares got with the file at path, as seen from the test's own folder. With -update it writes the file, and the
// diff is reviewed like code.
func Golden(t testing.TB, path string, got []byte) {
	t.Helper()
	path = filepath.FromSlash(path)
	if Updating() {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if !bytes.Equal(got, want) {
		line := 0
		gotLines, wantLines := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
		for line < min(len(gotLines), len(wantLines)) && gotLines[line] == wantLines[line] {
			line++
		}
		t.Errorf("%s differs from line %d on (go test -update writes it anew); got:\n%s\nwant:\n%s", path, line+1, got, want)
	}
}
