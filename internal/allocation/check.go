package allocation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"soroi/internal/stock"
)

// The findings of Check are values with fields; the words for a person are made at the edges. Rules are counted from 0. A finding
// about a rule's default has Shop 0.
type (
	// NameError says that a pattern's name is empty, too long, or has a line break or another control character in it.
	NameError struct{ Name string }

	// RangeError says that a rule ends before it begins, or begins below 0.
	RangeError struct {
		Rule     int
		From, To int64
	}

	// GapError says that no rule covers From to To, both included; To may be Open.
	GapError struct{ From, To int64 }

	// OverlapError says that two rules both cover From to To; To may be Open.
	OverlapError struct {
		RuleA, RuleB int
		From, To     int64
	}

	// KindError says that a share is of no known kind.
	KindError struct {
		Rule int
		Shop ShopID
		Kind ShareKind
	}

	// PercentError says that a percentage is below 0 or above 100. N is in hundredths of a percent.
	PercentError struct {
		Rule int
		Shop ShopID
		N    int64
	}

	// UnitsError says that a number of units is negative or above stock.LargestUnits.
	UnitsError struct {
		Rule int
		Shop ShopID
		N    int64
	}

	// DuplicateShopError says that a rule mentions a shop twice.
	DuplicateShopError struct {
		Rule int
		Shop ShopID
	}

	// SizeError says that there are more rules, or shops in a rule, than MostRules or MostShops.
	SizeError struct {
		Rule  int // −1 when it is about the rules
		Count int
	}

	// AutoError says that an auto rule has a risk outside 1 to LargestRisk, or shares besides.
	AutoError struct {
		Rule   int
		Risk   int64 // millionths
		Shares bool
	}
)

// Bounds of a pattern: far above what a person writes, and small enough to plan with.
const (
	LongestName = 100 // characters
	MostRules   = 200
	MostShops   = 500 // that a rule mentions
)

func (e *NameError) Error() string { return fmt.Sprintf("bad pattern name %q", e.Name) }
func (e *RangeError) Error() string {
	return fmt.Sprintf("rule %d covers nothing: %s", e.Rule+1, rangeText(e.From, e.To))
}
func (e *GapError) Error() string { return "no rule covers " + rangeText(e.From, e.To) }
func (e *OverlapError) Error() string {
	return fmt.Sprintf("rules %d and %d both cover %s", e.RuleA+1, e.RuleB+1, rangeText(e.From, e.To))
}
func (e *KindError) Error() string {
	return fmt.Sprintf("rule %d gives shop %d a share of unknown kind %q", e.Rule+1, e.Shop, e.Kind)
}
func (e *PercentError) Error() string {
	return fmt.Sprintf("rule %d gives shop %d %s, which is not from 0%% to 100%%", e.Rule+1, e.Shop, percentText(e.N))
}
func (e *UnitsError) Error() string {
	return fmt.Sprintf("rule %d gives shop %d %d units, which is not from 0 to %d", e.Rule+1, e.Shop, e.N, int64(stock.LargestUnits))
}
func (e *DuplicateShopError) Error() string {
	return fmt.Sprintf("rule %d mentions shop %d twice", e.Rule+1, e.Shop)
}
func (e *SizeError) Error() string {
	if e.Rule < 0 {
		return fmt.Sprintf("%d rules are more than %d", e.Count, MostRules)
	}
	return fmt.Sprintf("rule %d mentions %d shops, more than %d", e.Rule+1, e.Count, MostShops)
}

func (e *AutoError) Error() string {
	if e.Shares {
		return fmt.Sprintf("rule %d is auto and has shares besides", e.Rule+1)
	}
	return fmt.Sprintf("rule %d is auto with a risk of %d millionths, which is not from 1 to %d", e.Rule+1, e.Risk, LargestRisk)
}

// Check finds everything that is wrong with a pattern, in the order of its rules, then overlaps and gaps from low to high. A sellable
// quantity of 0 needs no rule: there is nothing to give. Each error is a pointer to one of the findings above.
func Check(p Pattern) []error {
	var found []error
	if !goodName(p.Name) {
		found = append(found, &NameError{p.Name})
	}
	if len(p.Rules) > MostRules {
		return append(found, &SizeError{-1, len(p.Rules)})
	}
	for i, r := range p.Rules {
		if r.From < 0 || r.To < r.From {
			found = append(found, &RangeError{i, r.From, r.To})
		}
		if r.Auto != 0 {
			if r.Auto < 0 || r.Auto > LargestRisk {
				found = append(found, &AutoError{Rule: i, Risk: r.Auto})
			}
			if len(r.Shares) > 0 || r.Default != (Share{}) {
				found = append(found, &AutoError{i, r.Auto, true})
			}
			continue
		}
		if len(r.Shares) > MostShops {
			found = append(found, &SizeError{i, len(r.Shares)})
			continue
		}
		for k, s := range r.Shares {
			if r.find(s.Shop) < k {
				found = append(found, &DuplicateShopError{i, s.Shop})
			}
			found = checkShare(found, i, s.Shop, s.Share)
		}
		found = checkShare(found, i, 0, r.Default)
	}
	return append(found, checkRanges(p.Rules)...)
}

func goodName(name string) bool {
	return name != "" && name == strings.TrimSpace(name) && utf8.ValidString(name) && utf8.RuneCountInString(name) <= LongestName &&
		!strings.ContainsFunc(name, unicode.IsControl)
}

func checkShare(found []error, rule int, shop ShopID, s Share) []error {
	switch s.Kind {
	case Same, Stop:
		if s.N != 0 {
			found = append(found, &UnitsError{rule, shop, s.N})
		}
	case Percent:
		if s.N < 0 || s.N > Whole {
			found = append(found, &PercentError{rule, shop, s.N})
		}
	case Fixed, AtMost:
		if s.N < 0 || s.N > stock.LargestUnits {
			found = append(found, &UnitsError{rule, shop, s.N})
		}
	default:
		found = append(found, &KindError{rule, shop, s.Kind})
	}
	return found
}

// checkRanges walks the ranges from low to high and reports where none or several apply. A range that is wrong by itself is left out.
func checkRanges(rules []Rule) (found []error) {
	var order []int
	for i, r := range rules {
		if r.From >= 0 && r.To >= r.From {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rules[a].From, rules[b].From) })
	var gaps []error
	next := int64(1) // the first number that no rule has covered so far; 0 needs none
	ended := false   // nothing is above it
	for k, i := range order {
		r := rules[i]
		for _, j := range order[:k] {
			if o := rules[j]; o.To >= r.From {
				found = append(found, &OverlapError{min(i, j), max(i, j), r.From, min(o.To, r.To)})
			}
		}
		if !ended && r.From > next {
			gaps = append(gaps, &GapError{next, r.From - 1})
		}
		switch {
		case r.To == Open:
			ended = true
		case r.To >= next:
			next = r.To + 1
		}
	}
	if !ended {
		gaps = append(gaps, &GapError{next, Open})
	}
	return append(found, gaps...)
}
