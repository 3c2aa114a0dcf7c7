package explain

import (
	"strings"
	"testing"

	"soroi/internal/allocation"
	"soroi/internal/stock"
	"soroi/internal/store"
)

func TestDerive_bundle(t *testing.T) {
	t.Parallel()
	b, l, specs := example()
	stocked := stock.Terms{Supply: stock.Stocked}.Under(stock.Defaults{}, 0)
	part := func(sku stock.SKUID, code string, units, onHand int64, rule allocation.Rule) store.BundlePart {
		rule.To = allocation.Open
		return store.BundlePart{Part: stock.Part{SKU: sku, Units: units}, Code: code, Terms: stocked, Balance: stock.Balance{OnHand: onHand},
			Allotment: store.Allotment{Pattern: allocation.Pattern{Name: "p", Rules: []allocation.Rule{rule}}}}
	}
	same := allocation.Rule{Default: allocation.Share{Kind: allocation.Same}}
	bundle := &store.Bundle{Parts: []store.BundlePart{part(1, "CUP", 2, 15, same), part(2, "BOX", 1, 9, same)}}
	b.Allotment.Bundle, b.Balance, b.Claims, b.Lines, b.Held = bundle, stock.Balance{OnHand: 7}, nil, 0, 0
	for _, c := range []struct {
		name   string
		rule   allocation.Rule // of the box
		target int64
		says   string
	}{
		{"as many as the scarcest part makes", same, 7, "Part CUP: 15 sellable, 2 in each bundle, enough for 7\nPart BOX: 9 sellable, 1 in each bundle, enough for 9\nThat makes 7 bundles; the scarcest part is CUP\n"},
		{"the part's rule allows fewer here", allocation.Rule{Default: allocation.Share{Kind: allocation.AtMost, N: 4}, Shares: []allocation.ShopShare{{Shop: 99, Share: allocation.Share{Kind: allocation.Same}}}}, 4,
			"The allocation of part BOX allows 4 bundles in this shop\n"},
		{"the part is divided", allocation.Rule{Default: allocation.Share{Kind: allocation.Percent, N: 5000}}, 0, "The units of part BOX are divided among shops, so none is left for bundles\n"},
	} {
		bundle.Parts[1] = part(2, "BOX", 1, 9, c.rule)
		l.Target = units(c.target)
		e := Derive(b, l, specs)
		said := words(e, "en")
		if !e.Explained || !strings.Contains(said, c.says) || !strings.Contains(said, "Target: "+l.Target.String()) || strings.Contains(said, "On hand") {
			t.Errorf("%s: explained %v\n%s", c.name, e.Explained, said)
		}
	}
}
