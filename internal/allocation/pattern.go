// Package allocation turns one SKU's sellable quantity into one target per shop (在庫数振分け). It is pure arithmetic.
package allocation

import "soroi/internal/stock"

// ShopID names a shop; it is the number of channel.ShopID, which this package does not know.
type ShopID int64

// ShareKind says how a shop's target follows from sellable.
type ShareKind string

// The kinds of share.
const (
	Same   ShareKind = "same"    // the full sellable number: shops overlap
	AtMost ShareKind = "at_most" // the sellable number, but never more than N
	Stop   ShareKind = "stop"    // 0
)

// Share is what a rule gives to one shop.
type Share struct {
	Kind ShareKind
	N    int64 // for AtMost
}

// Rule gives shares while sellable lies between From and To, both included. To 0 is open above.
type Rule struct {
	From, To int64
	Shares   map[ShopID]Share
	Default  Share // for a shop that Shares does not mention
}

// Pattern is an ordered list of rules (配分パターン).
type Pattern struct {
	Name  string
	Rules []Rule
}

// Everywhere is the pattern of SKUs that have none: every shop shows everything that is sellable.
var Everywhere = Pattern{Name: "same", Rules: []Rule{{Default: Share{Kind: Same}}}}

// Shop is what allocation has to know of a shop.
type Shop struct {
	ID        ShopID
	Largest   int64 // the largest quantity that its channel can show
	Unlimited bool  // its channel can show "unlimited"
}

// Target is what one shop should show, with the way that led there.
type Target struct {
	Shop     ShopID
	Quantity stock.Quantity
	Rule     int   // index of the rule that applied; −1 when none covers sellable, and the target is 0
	Share    Share // what the rule gave
	Capped   bool  // the channel cannot show more
}

// Targets gives each shop its target, in the order of shops. No target is more than sellable.
func (p Pattern) Targets(sellable stock.Quantity, shops []Shop) []Target {
	rule := p.ruleFor(sellable)
	targets := make([]Target, len(shops))
	for i, shop := range shops {
		t := Target{Shop: shop.ID, Rule: rule, Share: Share{Kind: Stop}}
		if rule >= 0 {
			t.Share = p.Rules[rule].share(shop.ID)
		}
		switch t.Share.Kind {
		case Same:
			t.Quantity = sellable
		case AtMost:
			t.Quantity = sellable.AtMost(t.Share.N)
		case Stop:
			t.Quantity = stock.Units(0)
		}
		if shop.Largest > 0 && !(t.Quantity.IsUnlimited() && shop.Unlimited) {
			capped := t.Quantity.AtMost(shop.Largest)
			t.Capped = capped.Compare(t.Quantity) != 0
			t.Quantity = capped
		}
		targets[i] = t
	}
	return targets
}

func (p Pattern) ruleFor(sellable stock.Quantity) int {
	n := sellable.Sortable()
	for i, r := range p.Rules {
		if n >= r.From && (r.To == 0 || n <= r.To) {
			return i
		}
	}
	return -1
}

func (r Rule) share(shop ShopID) Share {
	if s, ok := r.Shares[shop]; ok {
		return s
	}
	return r.Default
}
