package front

import (
	"strings"
	"testing"

	"soroi/internal/web/ui"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	fine := Counts{Shops: 3, LiveShops: 2, Listings: 10}
	with := func(change func(*Counts)) Counts {
		c := fine
		change(&c)
		return c
	}
	tests := []struct {
		name   string
		counts Counts
		tone   ui.Tone
		says   string
	}{
		{"no shop", Counts{}, ui.Quiet, "まだ店舗がありません"},
		{"all in line", fine, ui.Good, "すべて揃っています"},
		{"on its way", with(func(c *Counts) { c.Behind = 3 }), ui.Busy, "3件を反映中"},
		{"late", with(func(c *Counts) { c.Behind, c.Late = 3, 2 }), ui.Warn, "2件の反映が遅れて"},
		{"odd orders", with(func(c *Counts) { c.Orders = 4 }), ui.Warn, "受注が4件"},
		{"late matters more than odd orders", with(func(c *Counts) { c.Orders, c.Behind, c.Late = 4, 1, 1 }), ui.Warn, "遅れて"},
		{"a shop in trouble", with(func(c *Counts) { c.Troubles, c.Late, c.Orders = 1, 5, 5 }), ui.Bad, "1店舗に問題"},
		{"an oversell matters most", with(func(c *Counts) { c.Oversells, c.Troubles = 2, 2 }), ui.Bad, "売り越しが2件"},
		{"nothing is sent", with(func(c *Counts) { c.LiveShops = 0 }), ui.Trial, "どの店舗にも送信していません"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := Judge(ui.Japanese, test.counts)
			if got.Tone != test.tone || !strings.Contains(got.Text, test.says) {
				t.Errorf("%s: %q", got.Tone, got.Text)
			}
			if strings.Contains(got.Text, "すべて揃って") != (test.counts == fine) {
				t.Errorf("%q is not honest", got.Text)
			}
			if Judge(ui.English, test.counts).Text == got.Text {
				t.Error("no English")
			}
		})
	}
}
