package testkit_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"soroi/internal/testkit"
)

// judged is a test that remembers what was said about it instead of failing.
type judged struct {
	testing.TB
	failed, skipped string
}

func (j *judged) Helper() {}
func (j *judged) Errorf(format string, args ...any) {
	j.failed = fmt.Sprintf(format, args...)
}
func (j *judged) Fatalf(format string, args ...any) {
	j.failed = fmt.Sprintf(format, args...)
	panic(j) // leaves the judged function, as Fatalf does
}
func (j *judged) Skip(args ...any) {
	j.skipped = fmt.Sprint(args...)
	panic(j) // leaves the judged function, as Skip does
}

// judge runs fn and gives what it said.
func judge(fn func(testing.TB)) *judged {
	j := &judged{}
	func() {
		defer func() {
			if r := recover(); r != nil && r != any(j) {
				panic(r)
			}
		}()
		fn(j)
	}()
	return j
}

func TestGolden(t *testing.T) {
	if testkit.Updating() {
		return // every file would be made to agree
	}
	path := filepath.Join(t.TempDir(), "a.golden")
	if got := judge(func(tb testing.TB) { testkit.Golden(tb, path, []byte("a")) }); got.failed == "" {
		t.Error("a golden file that is not there passes")
	}
	if err := os.WriteFile(path, []byte("a\nb\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := judge(func(tb testing.TB) { testkit.Golden(tb, path, []byte("a\nb\n")) }); got.failed != "" {
		t.Errorf("the same bytes fail: %s", got.failed)
	}
	for _, other := range []string{"a\nc\n", "a\n", ""} {
		if got := judge(func(tb testing.TB) { testkit.Golden(tb, path, []byte(other)) }); !strings.Contains(got.failed, "differs") {
			t.Errorf("%q passes for a, b: %q", other, got.failed)
		}
	}
}

func TestMissing(t *testing.T) {
	t.Setenv("SOROI_TEST_MUST", "postgres,vendure")
	if got := judge(func(tb testing.TB) { testkit.Missing(tb, "vendure", "no server") }); !strings.Contains(got.failed, "no server") {
		t.Errorf("what must be there is missing, and the test says %+v", got)
	}
	if got := judge(func(tb testing.TB) { testkit.Missing(tb, "chromium", "no browser") }); got.skipped != "no browser" || got.failed != "" {
		t.Errorf("what need not be there is missing, and the test says %+v", got)
	}
}

func TestChromium(t *testing.T) {
	t.Setenv("SOROI_TEST_CHROMIUM", "/opt/x/chromium")
	if got := testkit.Chromium(t); got != "/opt/x/chromium" {
		t.Errorf("Chromium is %q, not the one that was named", got)
	}
	folder := t.TempDir()
	browser := filepath.Join(folder, "google-chrome")
	if err := os.WriteFile(browser, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOROI_TEST_CHROMIUM", "")
	t.Setenv("PATH", folder)
	if got := testkit.Chromium(t); got != browser {
		t.Errorf("Chromium is %q, want %q", got, browser)
	}
}
