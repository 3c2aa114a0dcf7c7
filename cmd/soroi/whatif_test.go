package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func whatifPatterns(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "patterns.txt")
	if err := os.WriteFile(file, []byte("soroi patterns 1\n\npattern 楽天優先\nrule 0..10\n  楽天 = same\nrule 11..\n  others = same\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// The figures of the issue: four shops, 30 units, 60 orders an hour, five minutes and five. A simple sync oversells about nine units, the pattern fewer,
// auto at its risk or below, and the best split that is found is not beaten by much.
func TestWhatif_json(t *testing.T) {
	t.Parallel()
	plot := filepath.Join(t.TempDir(), "plot.svg")
	got, err := run(t, "whatif", whatifPatterns(t), "--rate", "楽天=30,Yahoo=15,Amazon=9,Qoo10=6", "--poll", "5m", "--show", "5m", "--call", "0s", "--cycles", "4000", "--json", "--plot", plot)
	if err != nil {
		t.Fatal(err)
	}
	var out struct {
		Units    int64
		Risk     float64
		Shops    []struct{ Name, Write string }
		Policies []struct {
			Policy, Name string
			Cycles       int
			Oversold     float64
			Risk         float64
			Lost         float64 `json:"lost_elsewhere"`
			Stood        []float64
			Parts        []string
			PerSecond    float64 `json:"cycles_per_second"`
		}
	}
	if err := json.Unmarshal([]byte(got), &out); err != nil {
		t.Fatalf("%v in %s", err, got)
	}
	if out.Units != 30 || out.Risk != 0.001 || len(out.Shops) != 4 || out.Shops[3].Name != "Qoo10" || out.Shops[0].Write != "overwrite" || len(out.Policies) != 5 {
		t.Fatalf("%+v", out)
	}
	p := out.Policies
	for i, name := range []string{"simple", "same", "pattern", "auto", "split"} {
		if p[i].Policy != name || p[i].Cycles != 4000 || len(p[i].Stood) != 4 || p[i].PerSecond <= 0 {
			t.Errorf("%+v", p[i])
		}
	}
	if p[0].Oversold < 8.5 || p[0].Oversold > 10 || p[2].Name != "楽天優先" || p[2].Oversold > 0.7*p[1].Oversold {
		t.Errorf("simple %v, same %v, pattern %v", p[0].Oversold, p[1].Oversold, p[2].Oversold)
	}
	if p[3].Risk > 0.001 || p[4].Risk > 0.001 || p[3].Lost > 1.1*p[4].Lost || len(p[4].Parts) != 4 {
		t.Errorf("auto: risk %v, lost %v; split %v: risk %v, lost %v", p[3].Risk, p[3].Lost, p[4].Parts, p[4].Risk, p[4].Lost)
	}
	svg, err := os.ReadFile(plot)
	if err != nil {
		t.Fatal(err)
	}
	d, texts := xml.NewDecoder(strings.NewReader(string(svg))), 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok && (strings.Contains(string(text), "おまかせ") || strings.Contains(string(text), "楽天優先")) {
			texts++
		}
	}
	if texts != 8 {
		t.Errorf("auto and the pattern are named %d times in the plot, want 4 each", texts)
	}
}

func TestWhatif_table(t *testing.T) {
	t.Parallel()
	args := []string{"whatif", "--rate", "rakuten=2,yahoo=1", "--units", "5", "--poll", "yahoo=5m,30s", "--show", "30s/1m", "--write", "yahoo=difference,overwrite", "--cycles", "500", "--language", "en"}
	got, err := run(t, append(args, "--no-search")...)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(got, "\n")
	if len(lines) < 5 || lines[0] != "From 5 units until all are sold, 500 times" || !strings.HasPrefix(strings.TrimSpace(lines[1]), "policy  oversold") || strings.Contains(got, "split") {
		t.Errorf("%s", got)
	}
	again, err := run(t, append(args, "--no-search")...)
	speed := regexp.MustCompile(`(?m) +(cycles/s|\d+)$`)
	if err != nil || speed.ReplaceAllString(again, "") != speed.ReplaceAllString(got, "") {
		t.Errorf("%v: the same question gave\n%s\nand\n%s", err, got, again)
	}
	got, err = run(t, args...)
	if err != nil || !strings.Contains(got, "best fixed split: ") {
		t.Errorf("%v: %s", err, got)
	}
}

func TestWhatif_refused(t *testing.T) {
	t.Parallel()
	file := whatifPatterns(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "how fast does the SKU sell? Give --rate"},
		{[]string{"--rate", "a"}, `--rate "a": write it like NAME=VALUE`},
		{[]string{"--rate", "a=x"}, "--rate a=x: give orders per hour"},
		{[]string{"--rate", "a=NaN"}, "--rate a=NaN: give orders per hour"},
		{[]string{"--rate", "a=1,a=2"}, "the shop a comes twice"},
		{[]string{"--rate", "a=0"}, "nothing sells anywhere"},
		{[]string{"--rate", "a=1", "--units", "0"}, "--units 0: give 1 to"},
		{[]string{"--rate", "a=1", "--cycles", "0"}, "--cycles 0: give 1 to"},
		{[]string{"--rate", "a=1", "--risk", "99%"}, `--risk "99%": give a percentage`},
		{[]string{"--rate", "a=1", "--poll", "5"}, `--poll "5": give a time like 15s`},
		{[]string{"--rate", "a=1", "--poll", "0s"}, `--poll "0s": give a time like 15s`},
		{[]string{"--rate", "a=1", "--show", "b=5m"}, `--show "b=5m": there is no such shop in --rate`},
		{[]string{"--rate", "a=1", "--write", "shout"}, `--write "shout": give overwrite, difference`},
		{[]string{file, "--rate", "a=1"}, "店舗「楽天」がありません"},
		{[]string{"nowhere.txt", "--rate", "a=1"}, `there is no file "nowhere.txt"`},
	} {
		got, err := run(t, append([]string{"whatif"}, c.args...)...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q\n%s", c.args, err, c.want, got)
		}
	}
}
