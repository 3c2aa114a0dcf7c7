package engine_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// dividedGuards are the places at which store and engine keep what package allocation has decided, each with what stands there when it is gone. Without any
// one of them the random sequences fail, or the comparison of the store's texts with the rules. What only delays a raise, or is checked twice, is not in the list.
var dividedGuards = []struct{ name, judge, file, line, without string }{
	{"a raise waits for its plan", "runs", "../store/push.go", "OR target > listing.expected) AND ` + unplannedSKU", "OR target > listing.expected) AND share IS NULL AND ` + unplannedSKU"},
	{"a number that leaves is in doubt", "runs", "../store/push.go", "doubt = `+sentDoubt(absolutely)+`,", ""},
	{"an absolute number waits for its plan", "texts", "../store/push.go", "NOT ($4 AND target > 0 AND `+unplannedSKU+`)", "NOT ($4 AND FALSE)"},
	{"what is unsure is read before it is written", "texts", "../store/push.go", " AND NOT (share IS NOT NULL AND target > 0 AND `+unknown+`)", ""},
	{"a refused or lost answer keeps it so", "runs", "../store/escrow.go", "WHEN v.column2 IN ('unknown', 'accepted') THEN listing.doubt\n", "WHEN v.column2 IN ('unknown', 'accepted') THEN 0\n"},
	{"what an absolute number covers may have been sold", "texts", "../store/escrow.go", "WHEN listing.sent_absolute THEN ` + lesser(greater(overwritten", "WHEN FALSE THEN ` + lesser(greater(overwritten"},
	{"a takeover leaves it in doubt until it may not arrive any more", "runs", "../store/lease.go", "unsure = TRUE, doubt_until", "unsure = TRUE, doubt = 0, doubt_until"},
	{"what a reading does not show may have been sold", "runs", "../store/read.go", "THEN `+readUnseen(\"v.column2\", \"$3\")+`", "THEN 0"},
	{"so do readings", "runs", "../store/read.go", "if err := tx.markDivided(ctx, ids); err != nil {", "if err := tx.markDivided(ctx, nil); err != nil {"},
	{"the units are divided by their accounts", "runs", "divide.go", "Account: l.Held.Account, Write:", "Account: allocation.Account{Shown: max(l.Held.Shown, 0), Busy: l.Held.Busy}, Write:"},
	{"a paused shop has it planned before it goes live", "runs", "../store/shop.go", "if err := tx.markDividedOf(ctx, shop); err != nil {", "if err := tx.markDividedOf(ctx, 0); err != nil {"},
	{"a shop that is overwritten is no other", "runs", "divide.go", "	return allocation.Overwrite\n", "	return allocation.Move\n"},
}

func TestDivided_guards(t *testing.T) {
	if os.Getenv("SOROI_TEST_GUARDS") == "" {
		t.Skip("SOROI_TEST_GUARDS=1 takes each guard out in turn, and builds the engine for it")
	}
	for _, g := range dividedGuards {
		t.Run(g.name, func(t *testing.T) {
			source, err := os.ReadFile(g.file)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(source), g.line); n != 1 {
				t.Fatalf("%q is in %s %d times", g.line, g.file, n)
			}
			dir := t.TempDir()
			changed, overlay := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
			own, err := filepath.Abs(g.file)
			if err != nil {
				t.Fatal(err)
			}
			list, err := json.Marshal(map[string]map[string]string{"Replace": {own: changed}})
			if err != nil {
				t.Fatal(err)
			}
			for file, text := range map[string][]byte{changed: []byte(strings.Replace(string(source), g.line, g.without, 1)), overlay: list} {
				if err := os.WriteFile(file, text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			args := []string{"test", "-vet=off", "-count=1", "-overlay", overlay, "-run", "^TestDivided_random|^TestEscrow_texts"}
			if g.judge == "texts" {
				args = append(args, "../store")
			} else {
				args = append(args, ".", "-divided", "4")
			}
			cmd := exec.CommandContext(t.Context(), "go", args...)
			cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: Test") {
				t.Errorf("nothing fails without it: %v\n%.2000s", err, out)
			}
		})
	}
}
