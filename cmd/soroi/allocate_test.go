package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"soroi/internal/allocation"
	"soroi/internal/clock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

const patterns = `soroi patterns 1

pattern 少ないときは楽天だけ
rule 0..10
  楽天市場店 = same
  others = stop
rule 11..50
  楽天市場店 = 50%
  Yahoo!店 = 30%
  Amazon = 20%
rule 51..
  楽天市場店 = same
  others = at most 40

pattern 分ける
rule 0..200
  楽天市場店 = 70%
  Yahoo!店 = 30%
rule 201..
  楽天市場店 = same

pattern ほか
rule 0..
  Qoo10 = same
  others = same
`

func allocate(t *testing.T, args ...string) (string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "patterns.txt")
	if err := os.WriteFile(file, []byte(patterns), 0o600); err != nil {
		t.Fatal(err)
	}
	return run(t, append([]string{"allocate", file}, args...)...)
}

func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := root()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestAllocate_table(t *testing.T) {
	t.Parallel()
	got, err := allocate(t, "--name", "少ないときは楽天だけ", "--sellable", "0..12,49..100,unlimited")
	if err != nil {
		t.Fatal(err)
	}
	want := `少ないときは楽天だけ
販売可能数  楽天市場店  Yahoo!店  Amazon       合計  規則
     0..10       0..10         0       0      0..10     1
        11           6         3       2         11     2
        12           6         4       2         12     2
        49          24        15      10         49     2
        50          25        15      10         50     2
   51..100     51..100        40      40   131..180     3
 unlimited   unlimited        40      40  unlimited     3
名前のない店舗にも数が配られます。--shop 店舗名 で加えて見られます
`
	if got != want {
		t.Errorf("%s", got)
	}
}

// A long table is thinned out to what tells the pattern, with both sides of each rule's ends.
func TestAllocate_long(t *testing.T) {
	t.Parallel()
	got, err := allocate(t, "--name", "分ける", "--sellable", "0..10000", "--language", "en")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(got, "\n")
	if len(lines) > 50 || !strings.Contains(lines[1], "sellable") {
		t.Errorf("%d lines:\n%s", len(lines), got)
	}
	for _, n := range []int{0, 1, 2, 12, 20, 50, 100, 200, 201, 500, 1000, 10000} {
		if !strings.Contains(got, fmt.Sprintf("\n%8d  ", n)) {
			t.Errorf("no line for %d", n)
		}
	}
	if !strings.Contains(got, "\n10001 quantities, 23 of them shown; --all or --json prints each\n") {
		t.Errorf("no note in\n%s", got)
	}
	all, err := allocate(t, "--name", "少ないときは楽天だけ", "--sellable", "0..10000", "--all")
	if n := strings.Count(all, "\n"); err != nil || n != 10_001+3 {
		t.Errorf("%d lines with --all, %v", n, err)
	}
}

func TestAllocate_json(t *testing.T) {
	t.Parallel()
	text, err := allocate(t, "--name", "少ないときは楽天だけ", "--sellable", "0..10000,unlimited", "--json", "--shop", "実店舗")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Pattern string
		Shops   []string
		Rows    []struct {
			Sellable   any
			Rule       int
			Split      bool
			Sum        any
			Quantities map[string]any
		}
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if got.Pattern != "少ないときは楽天だけ" || fmt.Sprint(got.Shops) != "[楽天市場店 Yahoo!店 Amazon 実店舗]" || len(got.Rows) != 10_002 {
		t.Errorf("%s %v %d", got.Pattern, got.Shops, len(got.Rows))
	}
	for n, want := range map[int]string{0: "{0 1 false 0 map[Amazon:0 Yahoo!店:0 実店舗:0 楽天市場店:0]}", 11: "{11 2 true 11 map[Amazon:2 Yahoo!店:3 実店舗:0 楽天市場店:6]}",
		10_000: "{10000 3 false 10120 map[Amazon:40 Yahoo!店:40 実店舗:40 楽天市場店:10000]}", 10_001: "{unlimited 3 false unlimited map[Amazon:40 Yahoo!店:40 実店舗:40 楽天市場店:unlimited]}"} {
		if s := fmt.Sprint(got.Rows[n]); s != want {
			t.Errorf("%s\nwant %s", s, want)
		}
	}
}

func TestAllocate_refused(t *testing.T) {
	t.Parallel()
	bad := filepath.Join(t.TempDir(), "bad.txt")
	if err := os.WriteFile(bad, []byte("soroi patterns 1\npattern p\nrule 0..9\nA = 50\nrule 11..\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"no such file", []string{"missing.txt"}, `there is no file "missing.txt" with patterns`},
		{"a mistake", []string{bad, "--language", "en"}, bad + ":\n  Line 4: The share \"50\" cannot be read. Write same, 50%, fixed 3, at most 5 or stop"},
		{"words for sellable", []string{bad, "--sellable", "many"}, `--sellable "many": give a number, a range like 0..10000, or unlimited`},
		{"a range backwards", []string{bad, "--sellable", "9..1"}, `--sellable "9..1": a range goes from a number to one that is not smaller`},
		{"a range that is too long", []string{bad, "--sellable", "0..1000000"}, `--sellable "0..1000000": ask for at most 1000000 quantities at once`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if out, err := run(t, append([]string{"allocate"}, c.args...)...); err == nil || err.Error() != c.want || out != "" {
				t.Errorf("%v, %q", err, out)
			}
		})
	}
	if _, err := allocate(t); err == nil || !strings.HasSuffix(err.Error(), "has: 少ないときは楽天だけ, 分ける, ほか") {
		t.Errorf("two patterns: %v", err)
	}
}

// With a database, the shops are the merchant's, within what their channels show.
func TestAllocate_database(t *testing.T) {
	t.Parallel()
	at := filepath.Join(t.TempDir(), "soroi.db")
	db := storetest.Open(t, at, clock.System{})
	tenant, _ := storetest.Tenant(t, db, "a")
	for _, name := range []string{"楽天市場店", "Yahoo!店"} {
		if _, err := db.AddShop(t.Context(), tenant, "rakuten", name, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := allocate(t, "--db", at, "--language", "en"); err == nil || !strings.Contains(err.Error(), "Line 10: There is no shop \"Amazon\"") {
		t.Errorf("%v", err)
	}
	if _, err := db.AddShop(t.Context(), tenant, "rakuten", "Amazon", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := db.AddShop(t.Context(), tenant, "rakuten", "Qoo10", nil); err != nil {
		t.Fatal(err)
	}
	got, err := allocate(t, "--db", at, "--name", "ほか", "--sellable", "200000")
	if err != nil {
		t.Fatal(err)
	}
	if want := "ほか\n販売可能数  楽天市場店  Yahoo!店  Amazon  Qoo10    合計  規則\n    200000       99999     99999   99999  99999  399996     1\n"; got != want {
		t.Errorf("%s", got)
	}

	// A stored pattern goes by its name.
	half := allocation.Pattern{Name: "半分", Rules: []allocation.Rule{{To: allocation.Open, Default: allocation.Share{Kind: allocation.Percent, N: 2500}}}}
	if _, err := db.SavePattern(t.Context(), tenant, store.PatternChange{Pattern: half}); err != nil {
		t.Fatal(err)
	}
	run := func(name string) (string, error) {
		cmd := allocateCommand()
		var out strings.Builder
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		cmd.SilenceUsage, cmd.SilenceErrors = true, true
		cmd.SetArgs([]string{name, "--db", at, "--sellable", "10"})
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	if got, err := run("半分"); err != nil || !strings.Contains(got, "10           3         3       2      2    10     1") {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := run("ない"); err == nil || !strings.Contains(err.Error(), "stored are: 半分") {
		t.Errorf("a name that is not there: %v", err)
	}
}
