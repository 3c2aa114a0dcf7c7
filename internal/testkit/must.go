package testkit

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Missing ends a test that needs something which this machine lacks: it is skipped, unless SOROI_TEST_MUST, a list parted
// by commas, names what is missing. make test names everything it has set up, so that green means tested.
func Missing(t testing.TB, what, reason string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("SOROI_TEST_MUST"), ","), what) {
		t.Fatalf("%s (SOROI_TEST_MUST asks for %s)", reason, what)
	}
	t.Skip(reason)
}

// Chromium is the path of the browser that the tests of the screens drive: SOROI_TEST_CHROMIUM, or the first in PATH.
func Chromium(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("SOROI_TEST_CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	Missing(t, "chromium", "no Chromium in PATH and none named by SOROI_TEST_CHROMIUM; make test installs one")
	return ""
}
