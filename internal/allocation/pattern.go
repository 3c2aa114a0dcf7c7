// Package allocation turns one SKU's sellable quantity into one target per shop (在庫数振分け). It is pure arithmetic.
package allocation

import (
	"math"
	"slices"

	"soroi/internal/stock"
)

// ShopID names a shop; it is the number of channel.ShopID, which this package does not know.
type ShopID int64

// ShareKind says how a shop's target follows from sellable.
type ShareKind string

// The kinds of share.
const (
	Same    ShareKind = "same"    // 同数: the full sellable number; shops overlap
	Percent ShareKind = "percent" // 割合: a part of the sellable number
	Fixed   ShareKind = "fixed"   // 固定: N units, or what there is when there are fewer
	AtMost  ShareKind = "at_most" // 上限: the sellable number, but never more than N
	Stop    ShareKind = "stop"    // 停止: 0
)

// Whole is 100 %. Percentages are integers of a hundredth of a percent: exact, and fine enough for twelve equal shares
// (8.33 %), which whole percents are not.
const Whole = 10_000

// Share is what a rule gives to one shop.
type Share struct {
	Kind ShareKind
	N    int64 // Percent: hundredths of a percent, 0 to Whole. Fixed and AtMost: units, 0 to stock.LargestUnits. Otherwise 0
}

// ShopShare is the share of one shop.
type ShopShare struct {
	Shop  ShopID
	Share Share
}

// Open, as the end of a rule's range, says that the range has none. It is what an unlimited quantity sorts as, so that rule is also
// the one for goods that never run out.
const Open = math.MaxInt64

// Rule gives shares while sellable lies between From and To, both included. Sellable is never negative: "10 or fewer" is 0 to 10.
type Rule struct {
	From, To int64       // To is Open in "11 or more"
	Shares   []ShopShare // in the shops' order, which breaks ties
	Default  Share       // for a shop that Shares does not mention

	// Auto, above 0, makes it a rule without shares: the risk, in millionths, at which shops divide the units instead of sharing them.
	Auto int64
}

// Pattern is an ordered list of rules (配分パターン).
type Pattern struct {
	Name  string
	Rules []Rule
}

// Everywhere is the pattern of SKUs that have none: every shop shows everything that is sellable.
var Everywhere = Pattern{Name: "same", Rules: []Rule{{From: 0, To: Open, Default: Share{Kind: Same}}}}

// RuleFor is the index of the rule that covers a sellable quantity, or −1.
func (p Pattern) RuleFor(sellable stock.Quantity) int {
	n := sellable.Sortable()
	for i, r := range p.Rules {
		if r.From <= n && n <= r.To {
			return i
		}
	}
	return -1
}

// Over is the pattern over other shops: ids gives the new one of each. Shops that have none are left out.
func (p Pattern) Over(ids map[ShopID]ShopID) Pattern {
	rules := slices.Clone(p.Rules)
	for i := range rules {
		rules[i].Shares = nil
		for _, s := range p.Rules[i].Shares {
			if id, ok := ids[s.Shop]; ok {
				rules[i].Shares = append(rules[i].Shares, ShopShare{id, s.Share})
			}
		}
	}
	p.Rules = rules
	return p
}

// HasAuto tells whether any rule is auto.
func (p Pattern) HasAuto() bool {
	return slices.ContainsFunc(p.Rules, func(r Rule) bool { return r.Auto > 0 })
}

// Split tells whether the rule divides the units, so that no two shops offer the same one: nothing in it is Same and its
// percentages, the default's counted once, add up to at most 100. It is a property of what is written, not of the shops that happen to
// list a SKU: a shop that joins never turns a split into overlapping numbers.
func (r Rule) Split() bool {
	if r.Auto > 0 {
		return false // it may divide; its targets say so
	}
	sum := int64(0)
	for i := range len(r.Shares) + 1 {
		share := r.Default
		if i < len(r.Shares) {
			share = r.Shares[i].Share
		}
		switch share.Kind {
		case Same:
			return false
		case Percent:
			sum += share.N
		}
	}
	return sum <= Whole
}

// Share is what the rule gives to a shop, mentioned or not.
func (r Rule) Share(shop ShopID) Share {
	if i := r.find(shop); i >= 0 {
		return r.Shares[i].Share
	}
	return r.Default
}

func (r Rule) find(shop ShopID) int {
	for i, s := range r.Shares {
		if s.Shop == shop {
			return i
		}
	}
	return -1
}
