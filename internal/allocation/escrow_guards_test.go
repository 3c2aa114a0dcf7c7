package allocation_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// guards are the lines of escrow.go that keep its promises, each with what stands there when it is gone. Without any one of them, the
// exploration of a scenario fails (or a walk, where it takes longer ways). Most are judged by what the malls have sold alone, those for which that is not the point by what is for sale
// after quiet; only where the absence shows as neither, because something else still holds, by the exposures.
var guards = []struct {
	name     string
	line     string // as it is in escrow.go, once
	without  string
	scenario string
	judge    string // what a state is looked at for
}{
	{"a raise takes only the room that is left", "units := min(h.Target-h.Shown, free)", "units := h.Target - h.Shown", "a pattern that changes, differences", "oversold"},
	{"exposures of all shops take room", "\t\troom -= h.Exposure()\n", "", "a pattern that changes, differences", "oversold"},
	{"a paused shop keeps its exposure", "room -= h.Exposure()", "if !h.HandsOff {\n\t\t\troom -= h.Exposure()\n\t\t}", "a shop that is paused", "oversold"},
	{"what has been granted takes room", "\t\t*room -= units\n", "", "a lost answer", "oversold"},
	{"a lowered number frees units only once confirmed", "\ta.Busy = w\n", "\ta.Busy = w\n\ta.Shown = min(a.Shown, number)\n", "a pattern that changes, differences", "oversold"},
	{"a write under way is counted", "\ta.Doubt += gain(w, number, a.Shown)\n", "", "a lost answer", "oversold"},
	{"a write without an answer is counted", "\ta.Unsure = true\n\ta.DoubtUntil =", "\ta.Unsure, a.Doubt = true, 0\n\ta.DoubtUntil =", "a lost answer", "oversold"},
	{"a raise that was decided before something changed does not leave", "return !stale", "return true", "a lost answer", "oversold"},
	{"nor does an absolute number", "case w == Overwrite || number > a.Shown:", "case number > a.Shown:", "units that leave elsewhere, absolute numbers", "oversold"},
	{"one write at a time", "case a.Busy != NoWrite:\n\t\treturn false\n", "", "a lost answer", "oversold"},
	{"an absolute number adds all of itself", "\t\treturn number\n\t}\n\treturn max(number-expected, 0)", "\t}\n\treturn max(number-expected, 0)", "a pattern that changes, absolute numbers", "oversold"},
	{"an absolute raise needs room for all of it", "if number := min(h.Target, free); number > h.Shown {", "if number := min(h.Target, free+h.Shown); number > h.Shown {", "a pattern that changes, absolute numbers", "oversold"},
	{"an absolute number downwards needs room, too", "if h.Write == Overwrite && h.Target > room {", "if false {", "a pattern that changes, absolute numbers", "oversold"},
	{"what was shown before an absolute number may have been sold", "a.Unseen = min(max(before, 0), Unbounded)", "a.Unseen = 0", "a pattern that changes, absolute numbers", "oversold"},
	{"what was sold unseen is over only when orders are complete", "if upTo >= a.UnseenAt {", "if true {", "a pattern that changes, absolute numbers", "oversold"},
	{"orders placed before come off what was unseen", "if placedAt <= a.KnownAt {", "if false {", "a pattern that changes, absolute numbers", "oversold"},
	{"what sold beyond the old number under way, sold from the new one", "a.Shown = number + min(before, 0)", "a.Shown = number", "a lost answer", "invariant"},
	{"what a reading does not show may have been sold", "a.Unseen = min(max(a.Exposure()-number, 0), Unbounded)", "a.Unseen = 0", "readings in between", "oversold"},
	{"a reading that a write may follow proves nothing", "|| from < a.DoubtUntil {", "{", "a lost answer", "oversold"},
	{"a reading that orders have crossed proves nothing", "if crossed || ", "if ", "readings in between", "oversold"},
	{"units that a mall may have put back are counted", "\ta.Doubt += units\n", "", "cancels", "invariant"},
	{"a shop that joins may have anything", "Unseen: Unbounded, KnownAt", "Unseen: 0, KnownAt", "a shop that joins", "oversold"},
	{"it is known when it was read and its orders are in", "return Account{Unseen: Unbounded, KnownAt: Never, UnseenAt: Never, Unsure: true}", "return Account{Unseen: Unbounded, KnownAt: Never, UnseenAt: 0, Unsure: true}", "a shop that joins", "oversold"},
	{"a shop leaves only when nothing is left", "return a.Exposure() == 0 }", "return a.Shown == 0 }", "a shop that leaves", "oversold"},
	{"a difference that stops at zero keeps what it took until orders are complete", "\t\ta.Unseen += expected - number", "\t\ta.Unseen += 0", "differences that stop at zero", "oversold"},
	{"and is not raised before", " && (h.Write != MoveToZero || h.Unseen == 0)", "", "differences that stop at zero", "invariant"},
	{"what has sold below nothing comes off what was unseen", "more := min(-a.Shown, a.Unseen)", "more := int64(0)", "walk", "invariant"},

	{"excess is lowered", "if room < 0 || over >= least", "if over >= least", "small moves are left", "quiet"},
	{"who shows nothing is served", "over >= least || hungry && room == 0 {", "over >= least {", "small moves are left", "quiet"},
	{"an absolute number goes by way of zero", "return 0 // and once its orders are in, better", "return h.Shown", "a pattern that changes, absolute numbers", "quiet"},
	{"an order that may have come before or after is read", "|| placedAt > a.KnownFrom\n", "\n", "a lost answer", "quiet"},
	{"one that came while an absolute number was under way, too", " || a.Busy == Overwrite // before or after the write", "", "a pattern that changes, absolute numbers", "quiet"},
	{"one that came later than promised, too", "a.Unsure || units > 0 || placedAt", "a.Unsure || placedAt", "an order later than promised", "quiet"},
	{"an older write may still change what is shown", " || at < a.DoubtUntil // something", " // something", "a lost answer", "quiet"},
	{"a cancel is read", "\ta.Doubt += units\n\ta.Unsure = true\n", "\ta.Doubt += units\n", "cancels", "quiet"},
}

// escrowVerdict is in each failure of a judgement.
var escrowVerdict = map[string]string{"oversold": ": oversold: ", "quiet": " after quiet", "invariant": "exposure"}

// TestEscrow_guards takes each guard out of the source in turn, and shows what it was there for. The package is built with the changed file
// in place of its own; nothing in the tree is touched.
func TestEscrow_guards(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("escrow.go")
	if err != nil {
		t.Fatal(err)
	}
	if raceEnabled { // without it, TestEscrow_explored does all of this
		t.Run("all in place", func(t *testing.T) {
			t.Parallel()
			if out, failed := exploreWith(t, string(source), "", ""); failed {
				t.Error(out)
			}
		})
	}
	for _, g := range guards {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			if n := strings.Count(string(source), g.line); n != 1 {
				t.Fatalf("%q is in escrow.go %d times", g.line, n)
			}
			out, failed := exploreWith(t, strings.Replace(string(source), g.line, g.without, 1), g.scenario, g.judge)
			if !failed || !strings.Contains(out, escrowVerdict[g.judge]) {
				t.Errorf("failed: %v, without showing %q:\n%s", failed, g.judge, out)
			}
		})
	}
}

// exploreWith explores a scenario, or walks, or both with all scenarios, with another escrow.go.
func exploreWith(t *testing.T, source, scenario, judge string) (output string, failed bool) {
	t.Helper()
	dir := t.TempDir()
	changed, overlay := filepath.Join(dir, "escrow.go"), filepath.Join(dir, "overlay.json")
	own, err := filepath.Abs("escrow.go")
	if err != nil {
		t.Fatal(err)
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {own: changed}})
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string][]byte{changed: []byte(source), overlay: list} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pattern := "^TestEscrow_(explored|walked)$"
	if scenario == "walk" {
		pattern = "^TestEscrow_walked$"
	} else if scenario != "" {
		pattern = "^TestEscrow_explored$/^" + strings.ReplaceAll(scenario, " ", "_") + "$"
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-count=1", "-overlay", overlay, "-run", pattern, ".", "-judge", judge)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	return string(out), err != nil
}
