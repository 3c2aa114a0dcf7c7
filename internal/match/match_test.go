package match_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"soroi/internal/match"
	"soroi/internal/stock"
	"soroi/internal/text"
)

// book is the SKUs of "1 own A-1, 2 jan 490, 3! own X": a mark after the number is a SKU out of use.
func book(t *testing.T, list string) match.Book {
	t.Helper()
	b := match.Book{}
	for entry := range strings.SplitSeq(list, ", ") {
		if entry == "" {
			continue
		}
		var h match.Holder
		var id string
		if _, err := fmt.Sscan(entry, &id, &h.Of, &h.Code); err != nil {
			t.Fatalf("%q: %v", entry, err)
		}
		id, h.Archived = strings.CutSuffix(id, "!")
		if _, err := fmt.Sscan(id, &h.SKU); err != nil {
			t.Fatalf("%q: %v", entry, err)
		}
		b[text.Fold(h.Code)] = append(b[text.Fold(h.Code)], h)
	}
	return b
}

// codes are a listing's codes of "sku:A-1 jan:490".
func codes(list string) []match.Code {
	var all []match.Code
	for word := range strings.FieldsSeq(list) {
		kind, code, _ := strings.Cut(word, ":")
		all = append(all, match.Code{Kind: match.Kind(kind), Text: code})
	}
	return all
}

func steps(list string) []match.Step {
	var all []match.Step
	for word := range strings.FieldsSeq(list) {
		from, to, _ := strings.Cut(word, ">")
		all = append(all, match.Step{From: match.Kind(from), To: match.Of(to)})
	}
	return all
}

func TestDecide(t *testing.T) {
	t.Parallel()
	standard := match.Default()
	by := func(list string) match.Rule { return match.Rule{Steps: steps(list)} }
	with := func(r match.Rule, change func(*match.Rule)) match.Rule {
		change(&r)
		return r
	}
	fold := func(r *match.Rule) { r.Fold = true }
	tests := []struct {
		name  string
		rule  match.Rule
		codes string
		skus  string
		want  string // "1 by sku:A-1", "several by …", "none"
	}{
		{"own code as written", standard, "sku:A-1", "1 own A-1, 2 own A-2", "1 by sku:A-1"},
		{"the first code that is found decides", standard, "sku:A-9 item:A-2 manage:A-1", "1 own A-1, 2 own A-2", "2 by item:A-2"},
		{"a code of an order line, of no known kind", standard, ":A-1", "1 own A-1", "1 by :A-1"},
		{"own codes go before other codes", standard, "sku:X jan:490", "1 own 490, 2 other X", "1 by jan:490"},
		{"another code", standard, "sku:X", "1 own A-1, 1 other X", "1 by sku:X"},
		{"JAN", standard, "jan:4901234567894", "1 jan 4901234567894", "1 by jan:4901234567894"},
		{"case differs and the rule does not fold", standard, "sku:a-1", "1 own A-1", "none"},
		{"case differs and the rule folds", with(standard, fold), "sku:a-1", "1 own A-1", "1 by sku:a-1"},
		{"width differs and the rule folds", with(standard, fold), "sku:\uFF21-\uFF11", "1 own A-1", "1 by sku:\uFF21-\uFF11"},
		{"folding finds two and one is as written", with(standard, fold), "sku:a-1", "1 own A-1, 2 own a-1", "2 by sku:a-1"},
		{"folding finds two and none is as written", with(standard, fold), "sku:A-\uFF11", "1 own A-1, 2 own a-1", "several by sku:A-\uFF11"},
		{"one JAN of two SKUs", standard, "jan:490", "1 jan 490, 2 jan 490", "several by jan:490"},
		{"two codes of one SKU are no doubt", standard, "sku:490", "1 jan 490, 1 other 490", "1 by sku:490"},
		{"doubt ends the trial", by("jan>jan sku>own"), "jan:490 sku:A-1", "1 jan 490, 2 jan 490, 1 own A-1", "several by jan:490"},
		{"only the kinds that the rule names", by("manage>own"), "sku:A-1 manage:A-2", "1 own A-1, 2 own A-2", "2 by manage:A-2"},
		{"only the codes that the rule names", by("sku>jan"), "sku:A-1", "1 own A-1", "none"},
		{"order of trial", by("jan>jan sku>own"), "sku:A-1 jan:490", "1 own A-1, 2 jan 490", "2 by jan:490"},
		{"by hand only", by(""), "sku:A-1", "1 own A-1", "none"},
		{"out of use", standard, "sku:A-1", "1! own A-1", "none"},
		{"out of use beside one in use", standard, "sku:490", "1! jan 490, 2 jan 490", "2 by sku:490"},
		{"prefix", with(standard, func(r *match.Rule) { r.Prefix = "rk-" }), "sku:rk-A-1", "1 own A-1", "1 by sku:rk-A-1"},
		{"a code without the prefix", with(standard, func(r *match.Rule) { r.Prefix = "rk-" }), "sku:A-1", "1 own A-1", "1 by sku:A-1"},
		{"with a prefix in the SKU's code too", with(standard, func(r *match.Rule) { r.Prefix = "rk-" }), "sku:rk-A-1", "1 own rk-A-1", "none"},
		{"suffix", with(standard, func(r *match.Rule) { r.Suffix = "_y" }), "sku:A-1_y", "1 own A-1", "1 by sku:A-1_y"},
		{"nothing but the prefix", with(standard, func(r *match.Rule) { r.Prefix = "rk-" }), "sku:rk-", "1 own rk-", "1 by sku:rk-"},
		{"no codes", standard, "", "1 own A-1", "none"},
		{"a code that folds to nothing", standard, "sku:\u200B", "1 own A-1", "none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := tt.rule.Decide(codes(tt.codes), book(t, tt.skus))
			got := "none"
			switch {
			case d.Several:
				got = fmt.Sprintf("several by %s:%s", d.Code.Kind, d.Code.Text)
			case d.SKU != 0:
				got = fmt.Sprintf("%d by %s:%s", d.SKU, d.Code.Kind, d.Code.Text)
				if d.As.SKU != d.SKU {
					t.Errorf("linked to %d as %+v", d.SKU, d.As)
				}
			}
			if got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		rule  match.Rule
		codes string
		skus  string
		want  string
		sole  stock.SKUID
	}{
		{"nothing", match.Rule{}, "sku:A-1", "1 own B-1", "", 0},
		{"own code, though the rule is by hand", match.Rule{}, "sku:A-1", "1 own A-1", "1 same_code", 1},
		{"JAN", match.Rule{}, "jan:490", "1 jan 490", "1 same_jan", 1},
		{"another code", match.Rule{}, "sku:X", "1 other X", "1 same_other", 1},
		{"case", match.Rule{}, "sku:a-1", "1 own A-1", "1 folded", 1},
		{"case of another code", match.Rule{}, "sku:x", "1 other X", "1 any_folded", 1},
		{"the strongest reason of a SKU", match.Rule{}, "sku:a-1 jan:490", "1 own A-1, 1 jan 490", "1 same_jan", 1},
		{"several, the strongest first", match.Rule{}, "sku:a-1 jan:490", "1 own A-1, 2 jan 490, 3 own a-1", "3 same_code, 2 same_jan, 1 folded", 0},
		{"without the prefix", match.Rule{Prefix: "rk-"}, "sku:rk-A-1", "1 own A-1", "1 same_code stripped", 1},
		{"with the prefix goes first", match.Rule{Prefix: "rk-"}, "sku:rk-A-1", "1 own A-1, 2 own rk-A-1", "2 same_code, 1 same_code stripped", 0},
		{"out of use goes last and does not count", match.Rule{}, "sku:A-1 jan:490", "1! own A-1, 2 jan 490", "2 same_jan, 1! same_code", 2},
		{"nothing but out of use", match.Rule{}, "sku:A-1", "1! own A-1", "1! same_code", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			list := tt.rule.Suggest(codes(tt.codes), book(t, tt.skus))
			var got []string
			for _, c := range list {
				word := fmt.Sprint(c.SKU)
				if c.As.Archived {
					word += "!"
				}
				word += " " + string(c.Reason)
				if c.Stripped {
					word += " stripped"
				}
				got = append(got, word)
			}
			if strings.Join(got, ", ") != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if sole, _ := match.Sole(list); sole.SKU != tt.sole {
				t.Errorf("the sole suggestion is %d, want %d", sole.SKU, tt.sole)
			}
		})
	}
}

// What a rule links is always among the suggestions, and Keys name everything that deciding and suggesting look up.
func TestDecide_is_suggested(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	words := []string{"A-1", "a-1", "B", "p-A-1", "p-B", "490", "\uFF22", "p-"}
	pick := func() string { return words[rng.IntN(len(words))] }
	linked := 0
	for range 20_000 {
		b := match.Book{}
		for sku := range stock.SKUID(4) {
			h := match.Holder{SKU: sku + 1, Of: match.Ofs()[rng.IntN(3)], Code: pick(), Archived: rng.IntN(5) == 0}
			b[text.Fold(h.Code)] = append(b[text.Fold(h.Code)], h)
		}
		r := match.Rule{Fold: rng.IntN(2) == 0, Prefix: []string{"", "p-"}[rng.IntN(2)]}
		for range rng.IntN(4) {
			r.Steps = append(r.Steps, match.Step{From: match.Kinds()[rng.IntN(len(match.Kinds()))], To: match.Ofs()[rng.IntN(4)]})
		}
		var list []match.Code
		for range 1 + rng.IntN(3) {
			list = append(list, match.Code{Kind: match.Kinds()[1+rng.IntN(6)], Text: pick()})
		}
		known := match.Book{}
		for _, key := range r.Keys(list) {
			known[key] = b[key]
		}
		d, suggested := r.Decide(list, b), r.Suggest(list, b)
		if d != r.Decide(list, known) || !reflect.DeepEqual(suggested, r.Suggest(list, known)) {
			t.Fatalf("%+v %+v: Keys leaves something out", r, list)
		}
		if d.SKU == 0 {
			continue
		}
		linked++
		if d.As.Archived || d.Several {
			t.Fatalf("%+v %+v: linked as %+v", r, list, d)
		}
		if !slices.ContainsFunc(suggested, func(c match.Candidate) bool { return c.SKU == d.SKU }) {
			t.Fatalf("%+v %+v: linked to %d, suggested %+v", r, list, d.SKU, suggested)
		}
	}
	if linked < 1000 {
		t.Fatalf("only %d of the cases linked anything", linked)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("あ", 41)
	tests := []struct {
		name string
		rule match.Rule
		want string
	}{
		{"default", match.Default(), ""},
		{"by hand", match.Rule{}, ""},
		{"forty characters are not too long", match.Rule{Prefix: strings.Repeat("あ", 40)}, ""},
		{"everything wrong", match.Rule{Steps: steps("sku>own magic>own sku>magic sku>own >own"), Prefix: long, Suffix: long}, "prefix 0 long, steps 1 kind, steps 2 kind, steps 3 twice, steps 4 kind, suffix 0 long"},
		{"too many", match.Rule{Steps: steps("any>own any>jan any>other any>any sku>own sku>jan sku>other sku>any item>own item>jan item>other")}, "steps 10 many"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, e := range tt.rule.Check() {
				got = append(got, fmt.Sprintf("%s %d %s", e.Field, e.Step, e.Code))
			}
			if strings.Join(got, ", ") != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestRule_as_text(t *testing.T) {
	t.Parallel()
	if got := match.Default().Text(); got != "" {
		t.Errorf("the default is stored as %q", got)
	}
	for _, r := range []match.Rule{match.Default(), {Steps: []match.Step{}}, {Steps: steps("jan>jan"), Fold: true, Prefix: "rk-", Suffix: "\"\n"}} {
		back, err := match.Read(r.Text())
		if err != nil || !reflect.DeepEqual(back, r) {
			t.Errorf("%+v came back as %+v: %v", r, back, err)
		}
	}
	if got := (match.Rule{}).Text(); got != `{"steps":[]}` {
		t.Errorf("by hand is stored as %q", got)
	}
	if _, err := match.Read("{"); err == nil {
		t.Error("half a rule was read")
	}
}

func FuzzCodes_as_text(f *testing.F) {
	f.Add("sku", "A-1", "jan", "490")
	f.Add("", "a\tb", "item", "")
	f.Fuzz(func(t *testing.T, k1, c1, k2, c2 string) {
		if strings.ContainsAny(k1+k2, "\t\n\r") || strings.ContainsAny(c1+c2, "\n\r") {
			return // no kind of ours, and no code of a mall
		}
		list := []match.Code{{match.Kind(k1), c1}, {match.Kind(k2), c2}}
		if got := match.SplitCodes(match.JoinCodes(list)); !slices.Equal(got, list) {
			t.Errorf("%q came back as %q", list, got)
		}
	})
}

func TestCodes_as_text(t *testing.T) {
	t.Parallel()
	if match.JoinCodes(nil) != "" || match.SplitCodes("") != nil {
		t.Error("no codes are not the empty text")
	}
	if got := match.JoinCodes(codes("sku:A-1 jan:490")); got != "sku\tA-1\njan\t490" {
		t.Errorf("%q", got)
	}
	if got := match.JoinCodes([]match.Code{{Kind: match.SKU, Text: "a\r\nb"}}); got != "sku\ta  b" {
		t.Errorf("%q", got)
	}
}
