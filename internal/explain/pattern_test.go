package explain

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"soroi/internal/allocation"
)

// Every finding and every problem of a line has words in both languages, filled in.
func TestPatternMistake(t *testing.T) {
	t.Parallel()
	shop := func(id allocation.ShopID) string { return map[allocation.ShopID]string{1: "楽天"}[id] }
	line := func(p allocation.Problem) error { return &allocation.LineError{Line: 7, Text: "x{line}", Err: p} }
	for _, c := range []struct {
		err  error
		want string
	}{
		{&allocation.NameError{}, `The name "" cannot be used. Give one of 1 to 100 characters, without line breaks or spaces around it`},
		{&allocation.RangeError{Rule: 0, From: 5, To: 4}, "Rule 1 covers 5..4, which is no number at all. Begin at 0 or more, and end no lower than that"},
		{&allocation.GapError{From: 11, To: allocation.Open}, "No rule says what happens at 11 or more. Widen the rule beside it, or add one"},
		{&allocation.GapError{From: 11, To: 11}, "No rule says what happens at 11. Widen the rule beside it, or add one"},
		{&allocation.OverlapError{RuleA: 0, RuleB: 2, From: 0, To: 10}, "Rules 1 and 3 both cover 10 or fewer. Make one of them narrower"},
		{&allocation.OverlapError{RuleA: 0, RuleB: 2, From: 4, To: 10}, "Rules 1 and 3 both cover 4 to 10. Make one of them narrower"},
		{&allocation.KindError{Rule: 1, Shop: 1, Kind: "half"}, `Rule 2 gives 楽天 a share of an unknown kind, "half". Choose same, a percentage, fixed, at most, or stop`},
		{&allocation.PercentError{Rule: 1, N: 12050}, "Rule 2 gives the other shops 120.5%. Give 0% to 100%"},
		{&allocation.UnitsError{Rule: 1, Shop: 9, N: -3}, "Rule 2 gives shop 9 -3 units. Give 0 to 1000000000"},
		{&allocation.DuplicateShopError{Rule: 1, Shop: 1}, "Rule 2 mentions 楽天 twice. Leave one out"},
		{&allocation.SizeError{Rule: -1, Count: 201}, "201 rules or shops are too many: up to 200 rules, and 500 shops in a rule"},
		{&allocation.AutoError{Rule: 1, Risk: 600_000}, "Rule 2 is auto with a risk of 60%. Give 0.0001% to 50%"},
		{&allocation.AutoError{Rule: 1, Risk: 1000, Shares: true}, "Rule 2 is auto, so it cannot have shares. Leave one of the two out"},
		{line(allocation.BadRisk), `Line 7: "auto x{line}" cannot be read. Write the risk like auto 0.1%, from 0.0001% to 50%`},
		{line(allocation.AutoAlone), `Line 7: "x{line}" cannot stand here. A rule with auto has that one line only`},
		{line(allocation.NoHeader), `Line 7: This is no file of patterns. Its first line must be "soroi patterns 1"`},
		{line(allocation.OtherVersion), `Line 7: This file is of another version ("x{line}"). Update soroi, or export as version 1`},
		{line(allocation.OutsidePlace), `Line 7: "x{line}" must stand below a line "pattern NAME" and, if it is a share, below "rule RANGE"`},
		{line(allocation.NoShare), `Line 7: "x{line}" cannot be read. Write it like "SHOP = 50%"`},
		{line(allocation.BadName), `Line 7: The name "x{line}" cannot be read. Give a name, and close its quotes`},
		{line(allocation.BadRange), `Line 7: The range "x{line}" cannot be read. Write 5, 0..10, ..10 or 11..`},
		{line(allocation.BadShare), `Line 7: The share "x{line}" cannot be read. Write same, 50%, fixed 3, at most 5 or stop`},
		{line(allocation.UnknownShop), `Line 7: There is no shop "x{line}". Use a name from the list of shops`},
		{line(allocation.TwoDefaults), `Line 7: A rule has "others" twice. Leave one out`},
		{line(allocation.DuplicateName), `Line 7: The name "x{line}" comes twice. Give one of them another`},
		{line(allocation.TooMany), "Line 7: Reading ended here, since there are too many mistakes. Mend the ones above first"},
		{&allocation.LineError{Line: 2, Text: "p", Err: &allocation.GapError{From: 1, To: 4}}, "Line 2: No rule says what happens at 1 to 4. Widen the rule beside it, or add one"},
		{errors.New("something else"), "something else"},
	} {
		if got := PatternMistake(c.err, "en", shop); got != c.want {
			t.Errorf("%v:\n%s\nwant\n%s", c.err, got, c.want)
		}
		ja := PatternMistake(c.err, "ja", shop)
		if left := unfilled.FindString(strings.ReplaceAll(ja, "x{line}", "")); left != "" || ja == "" {
			t.Errorf("%v: %q", c.err, ja)
		}
	}
	for key, s := range patternSentences {
		ja, en := unfilled.FindAllString(s.ja, -1), unfilled.FindAllString(s.en, -1)
		slices.Sort(ja)
		slices.Sort(en)
		if s.ja == "" || s.en == "" || !slices.Equal(ja, en) {
			t.Errorf("%s: %v in Japanese, %v in English", key, ja, en)
		}
	}
}
