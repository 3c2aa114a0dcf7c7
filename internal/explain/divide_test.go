package explain

import (
	"strings"
	"testing"

	"soroi/internal/allocation"
	"soroi/internal/store"
)

// A number that is held back says what the share is and whom it waits for; units that left elsewhere are told of.
func TestDerive_divided(t *testing.T) {
	t.Parallel()
	b, l, specs := example()
	half := allocation.Share{Kind: allocation.Percent, N: 5000}
	b.Allotment.Pattern = allocation.Pattern{Name: "半分", Rules: []allocation.Rule{{To: allocation.Open, Shares: []allocation.ShopShare{{Shop: 1, Share: half}, {Shop: 2, Share: half}}, Default: allocation.Share{Kind: allocation.Stop}}}}
	b.Shops = append(b.Shops, store.Shop{ID: 2, Name: "Yahoo!", Kind: "rakuten", Mode: store.Live})
	other := store.Listing{ID: 6, Shop: 2, SKU: 9, Share: units(3), Target: units(3), Exposure: 6}
	l.Share, l.Target, l.Expected, l.Shown, l.Sent, l.Exposure = units(4), units(1), units(1), units(1), units(1), 1
	for _, c := range []struct {
		name   string
		change func(l, other *store.Listing)
		want   []string
		not    string
	}{
		{"waits for the other shop", func(*store.Listing, *store.Listing) {}, []string{"This shop's share is 4; 1 may be shown now", "Waits until Yahoo! has surely given up 3"}, "oversold"},
		{"the other was never read", func(_, o *store.Listing) { o.Exposure = allocation.Unbounded }, []string{"Waits until it is known what Yahoo! shows"}, "oversold"},
		{"waits for its own orders", func(_, o *store.Listing) { o.Exposure = 3 }, []string{"Waits until this shop's orders are in, or sales are quiet"}, "oversold"},
		{"units left elsewhere", func(l, o *store.Listing) { l.Exposure, o.Exposure = 4, 6 }, []string{"up to 3 may be oversold"}, "surely given up 4"},
		{"shows its share", func(l, o *store.Listing) { l.Target, l.Exposure, o.Exposure = units(4), 4, 3 }, []string{"Target: 4"}, "Waits until"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, l, other := b, l, other
			c.change(&l, &other)
			b.Listings = []store.Listing{l, other}
			e := Derive(b, l, specs)
			text := words(e, "en")
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("no %q in\n%s", want, text)
				}
			}
			if strings.Contains(text, c.not) || !e.Explained {
				t.Errorf("%v: %q in\n%s", e.Explained, c.not, text)
			}
		})
	}
}
