package explain

import (
	"slices"
	"strings"
	"testing"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// Every number that a pattern gives can be followed from what is sellable, in both languages.
func TestAllocated(t *testing.T) {
	t.Parallel()
	const open = allocation.Open
	give := func(shop allocation.ShopID, kind allocation.ShareKind, n int64) allocation.ShopShare {
		return allocation.ShopShare{Shop: shop, Share: allocation.Share{Kind: kind, N: n}}
	}
	share := func(kind allocation.ShareKind, n int64) allocation.Share { return allocation.Share{Kind: kind, N: n} }
	stop := share(allocation.Stop, 0)
	thirds := []allocation.ShopShare{give(1, allocation.Percent, 3300), give(2, allocation.Percent, 6700)}
	for _, c := range []struct {
		name     string
		rule     allocation.Rule
		sellable stock.Quantity
		shops    []allocation.Shop
		want     string
		target   string
	}{
		{"percent of overlapping numbers", allocation.Rule{Shares: []allocation.ShopShare{give(1, allocation.Percent, 1250)}, Default: share(allocation.Same, 0)}, stock.Units(11), []allocation.Shop{{ID: 1}},
			"Pattern p, rule 1: 12.5% in this shop\nThat is 1.375, rounded down to 1", "1"},
		{"percent of what never runs out", allocation.Rule{Default: share(allocation.Percent, 5000)}, stock.Unlimited, []allocation.Shop{{ID: 1, Unlimited: true}},
			"Pattern p, rule 1: 50% in this shop", "unlimited"},
		{"rounded up", allocation.Rule{Shares: thirds, Default: stop}, stock.Units(2), []allocation.Shop{{ID: 1}, {ID: 2}},
			"Pattern p, rule 1: 33% in this shop\nThat is 0.66; one of the units that rounding leaves goes to the largest remainder: 1", "1"},
		{"rounded down", allocation.Rule{Shares: thirds, Default: stop}, stock.Units(10), []allocation.Shop{{ID: 1}, {ID: 2}},
			"Pattern p, rule 1: 33% in this shop\nThat is 3.3, rounded down to 3", "3"},
		{"fixed", allocation.Rule{Shares: []allocation.ShopShare{give(1, allocation.Fixed, 4)}, Default: stop}, stock.Units(10), []allocation.Shop{{ID: 1}},
			"Pattern p, rule 1: fixed at 4 in this shop", "4"},
		{"fixed and too few", allocation.Rule{Shares: []allocation.ShopShare{give(2, allocation.Fixed, 4), give(1, allocation.Fixed, 4)}, Default: stop}, stock.Units(6), []allocation.Shop{{ID: 1}, {ID: 2}},
			"Pattern p, rule 1: fixed at 4 in this shop\nThere are not that many: 2 are left for it", "2"},
		{"reduced", allocation.Rule{Shares: []allocation.ShopShare{give(2, allocation.Fixed, 3), give(1, allocation.Percent, 10000)}, Default: stop}, stock.Units(10), []allocation.Shop{{ID: 1}, {ID: 2}},
			"Pattern p, rule 1: 100% in this shop\nIt asks for 10; all shops together ask for more than there is, so each gets the same part of it: 7", "7"},
		{"an exception", allocation.Rule{Default: share(allocation.Same, 0)}, stock.Units(9), []allocation.Shop{{ID: 1, Exception: share(allocation.AtMost, 2)}},
			"Pattern p, rule 1: the same number in every shop\nException for this SKU: at most 2 in this shop", "2"},
		{"stopped", allocation.Rule{Shares: thirds, Default: stop}, stock.Units(10), []allocation.Shop{{ID: 1, Exception: stop}, {ID: 2}},
			"Pattern p, rule 1: 33% in this shop\nThat is 3.3, rounded down to 3\nException for this SKU: not sold in this shop", "0"},
		{"units of others", allocation.Rule{Shares: thirds, Default: stop}, stock.Units(10), []allocation.Shop{{ID: 1}, {ID: 2, Exception: stop}},
			"Pattern p, rule 1: 33% in this shop\nThat is 3.3, rounded down to 3\nUnits that other shops may not have: 7 more", "10"},
		{"listed twice", allocation.Rule{Shares: thirds, Default: stop}, stock.Units(100), []allocation.Shop{{ID: 1}, {ID: 2}, {ID: 1}},
			"Pattern p, rule 1: 33% in this shop\nThat is 33\nListed 2 times in this shop: its units are divided among them", "17"},
		{"no rule", allocation.Rule{From: 5, Default: stop}, stock.Units(4), []allocation.Shop{{ID: 1}}, "No rule of the pattern p covers it: 0", "0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.rule.To = open
			p := allocation.Pattern{Name: "p", Rules: []allocation.Rule{c.rule}}
			target := p.Targets(c.sellable, c.shops)[0]
			e := Explanation{Explained: true}
			e.allocated(p, target, c.shops[0], nil)
			if got := words(e, "en"); got != c.want || target.Quantity.String() != c.target {
				t.Errorf("%s:\n%s\nwant %s:\n%s", target.Quantity, got, c.target, c.want)
			}
			if ja := words(e, "ja"); unfilled.MatchString(ja) || len(strings.Split(ja, "\n")) != len(e.Steps) {
				t.Error(ja)
			}
		})
	}
}

// A split looks at all shops that list the SKU, not only at the one that is explained.
func TestComputed_all_shops(t *testing.T) {
	t.Parallel()
	b, l, specs := example()
	b.Shops = append(b.Shops, store.Shop{ID: 2, Name: "Yahoo", Kind: "yahoo"})
	b.Listings = []store.Listing{{ID: 4, Shop: 2, SKU: 9}, l}
	specs = append(specs, channel.Spec{Kind: "yahoo", Limits: channel.Limits{Largest: 1}})
	b.Allotment.Pattern = allocation.Pattern{Rules: []allocation.Rule{{To: allocation.Open, Default: allocation.Share{Kind: allocation.Percent, N: 5000}}}}
	var got []string
	for _, listing := range b.Listings {
		target, shop := computed(stock.Units(10), b, listing, specs)
		if shop.ID != allocation.ShopID(listing.Shop) {
			t.Errorf("shop %d for listing %d", shop.ID, listing.ID)
		}
		got = append(got, target.Quantity.String())
	}
	if !slices.Equal(got, []string{"1", "9"}) {
		t.Error(got)
	}
}
