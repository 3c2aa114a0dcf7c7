package allocation_test

import (
	"reflect"
	"strings"
	"testing"

	"soroi/internal/allocation"
	"soroi/internal/stock"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	same, stop := allocation.Share{Kind: allocation.Same}, allocation.Share{Kind: allocation.Stop}
	const open = allocation.Open
	rule := func(from, to int64, shares ...allocation.ShopShare) allocation.Rule {
		return allocation.Rule{From: from, To: to, Shares: shares, Default: stop}
	}
	give := func(shop allocation.ShopID, kind allocation.ShareKind, n int64) allocation.ShopShare {
		return allocation.ShopShare{Shop: shop, Share: allocation.Share{Kind: kind, N: n}}
	}
	many := make([]allocation.Rule, allocation.MostRules+1)
	crowd := make([]allocation.ShopShare, allocation.MostShops+1)
	for _, c := range []struct {
		name  string
		in    string
		rules []allocation.Rule
		want  []error
	}{
		{"good", "p", []allocation.Rule{rule(0, 10), rule(11, open)}, nil},
		{"good in any order", "p", []allocation.Rule{rule(11, open), rule(0, 10)}, nil},
		{"nothing needs no rule", "p", []allocation.Rule{rule(1, open)}, nil},
		{"the everywhere pattern", allocation.Everywhere.Name, allocation.Everywhere.Rules, nil},
		{"auto", "p", []allocation.Rule{rule(0, 10), {From: 11, To: open, Auto: 1}}, nil},
		{"auto with a risk that cannot be, and with shares", "p", []allocation.Rule{{To: 9, Auto: -1}, {From: 10, To: 19, Auto: 500_001}, {From: 20, To: open, Default: stop, Auto: 1000}},
			[]error{&allocation.AutoError{Rule: 0, Risk: -1}, &allocation.AutoError{Rule: 1, Risk: 500_001}, &allocation.AutoError{Rule: 2, Risk: 1000, Shares: true}}},
		{"no name", "", []allocation.Rule{rule(0, open)}, []error{&allocation.NameError{}}},
		{"name with a line break", "a\nb", []allocation.Rule{rule(0, open)}, []error{&allocation.NameError{Name: "a\nb"}}},
		{"name too long", strings.Repeat("長", 101), []allocation.Rule{rule(0, open)}, []error{&allocation.NameError{Name: strings.Repeat("長", 101)}}},
		{"name as long as may be", strings.Repeat("長", 100), []allocation.Rule{rule(0, open)}, nil},
		{"no rules", "p", nil, []error{&allocation.GapError{From: 1, To: open}}},
		{"gap below", "p", []allocation.Rule{rule(3, open)}, []error{&allocation.GapError{From: 1, To: 2}}},
		{"gap of one", "p", []allocation.Rule{rule(0, 10), rule(12, open)}, []error{&allocation.GapError{From: 11, To: 11}}},
		{"gap above", "p", []allocation.Rule{rule(0, 10)}, []error{&allocation.GapError{From: 11, To: open}}},
		{"gap behind a rule inside another", "p", []allocation.Rule{rule(0, 10), rule(2, 3), rule(12, open)},
			[]error{&allocation.OverlapError{RuleA: 0, RuleB: 1, From: 2, To: 3}, &allocation.GapError{From: 11, To: 11}}},
		{"overlap of one", "p", []allocation.Rule{rule(0, 10), rule(10, open)}, []error{&allocation.OverlapError{RuleA: 0, RuleB: 1, From: 10, To: 10}}},
		{"overlap in the other order", "p", []allocation.Rule{rule(10, open), rule(0, 10)}, []error{&allocation.OverlapError{RuleA: 0, RuleB: 1, From: 10, To: 10}}},
		{"overlap without end", "p", []allocation.Rule{rule(0, open), rule(5, open)}, []error{&allocation.OverlapError{RuleA: 0, RuleB: 1, From: 5, To: open}}},
		{"three at once", "p", []allocation.Rule{rule(0, open), rule(0, 5), rule(5, 5)}, []error{&allocation.OverlapError{RuleA: 0, RuleB: 1, From: 0, To: 5},
			&allocation.OverlapError{RuleA: 0, RuleB: 2, From: 5, To: 5}, &allocation.OverlapError{RuleA: 1, RuleB: 2, From: 5, To: 5}}},
		{"backwards", "p", []allocation.Rule{rule(5, 4), rule(0, open)}, []error{&allocation.RangeError{Rule: 0, From: 5, To: 4}}},
		{"below nothing", "p", []allocation.Rule{rule(-1, open)}, []error{&allocation.RangeError{Rule: 0, From: -1, To: open}, &allocation.GapError{From: 1, To: open}}},
		{"bad shares", "p", []allocation.Rule{rule(0, open, give(1, allocation.Percent, 10001), give(2, allocation.Percent, -1), give(3, allocation.Fixed, -1),
			give(4, allocation.AtMost, stock.LargestUnits+1), give(5, "half", 0), give(6, allocation.Same, 3), give(1, allocation.Stop, 0))},
			[]error{&allocation.PercentError{Rule: 0, Shop: 1, N: 10001}, &allocation.PercentError{Rule: 0, Shop: 2, N: -1}, &allocation.UnitsError{Rule: 0, Shop: 3, N: -1},
				&allocation.UnitsError{Rule: 0, Shop: 4, N: stock.LargestUnits + 1}, &allocation.KindError{Rule: 0, Shop: 5, Kind: "half"},
				&allocation.UnitsError{Rule: 0, Shop: 6, N: 3}, &allocation.DuplicateShopError{Rule: 0, Shop: 1}}},
		{"good at the bounds", "p", []allocation.Rule{rule(0, open, give(1, allocation.Percent, 10000), give(2, allocation.Percent, 0), give(3, allocation.Fixed, 0),
			give(4, allocation.AtMost, stock.LargestUnits))}, nil},
		{"more than 100 percent overlap, and may", "p", []allocation.Rule{rule(0, open, give(1, allocation.Percent, 9000), give(2, allocation.Percent, 9000))}, nil},
		{"bad default", "p", []allocation.Rule{{To: open}}, []error{&allocation.KindError{Rule: 0}}},
		{"too many rules", "p", many, []error{&allocation.SizeError{Rule: -1, Count: allocation.MostRules + 1}}},
		{"too many shops", "p", []allocation.Rule{{To: open, Shares: crowd, Default: same}}, []error{&allocation.SizeError{Rule: 0, Count: allocation.MostShops + 1}}},
		{"everything at once", " ", []allocation.Rule{rule(3, 2), rule(2, 5, give(1, allocation.Percent, -5)), rule(5, 9)},
			[]error{&allocation.NameError{Name: " "}, &allocation.RangeError{Rule: 0, From: 3, To: 2}, &allocation.PercentError{Rule: 1, Shop: 1, N: -5},
				&allocation.OverlapError{RuleA: 1, RuleB: 2, From: 5, To: 5}, &allocation.GapError{From: 1, To: 1}, &allocation.GapError{From: 10, To: open}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := allocation.Check(allocation.Pattern{Name: c.in, Rules: c.rules})
			if len(got) != len(c.want) || len(got) > 0 && !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestRule_Split(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"A = 50%\nB = 50%":                   true,
		"A = 50%\nB = 50.01%":                false,
		"A = 50%\nothers = same":             false,
		"A = 50%\nothers = 50%":              true,
		"A = 50%\nothers = 51%":              false,
		"A = same":                           false,
		"A = stop":                           true,
		"A = fixed 5\nB = at most 5":         true,
		"A = fixed 5\nB = 100%\nC = stop":    true,
		"A = fixed 5\nB = 100%\nC = same":    false,
		"A = 60%\nB = 60%\nothers = fixed 1": false,
	} {
		patterns, errs := allocation.Parse("soroi patterns 1\npattern p\nrule 0..\n"+text, newRegister().find)
		if len(errs) > 0 {
			t.Fatal(errs[0])
		}
		if got := patterns[0].Rules[0].Split(); got != want {
			t.Errorf("%q divides: %v", text, got)
		}
	}
}
