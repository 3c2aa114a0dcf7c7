package all_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/channel/all"
	"soroi/internal/clock"
	"soroi/internal/mallsim"
	"soroi/internal/mallsim/town"
	"soroi/internal/order"
	"soroi/internal/stock"
)

// TestTown proves that a simulated town and the connectors understand each other with nothing but the settings that the town
// gives: every kind of channel has its mall, its goods bear the merchant's codes, and a sale, a push and a reading meet.
func TestTown(t *testing.T) {
	var kinds []string
	for _, spec := range all.Specs() {
		kinds = append(kinds, string(spec.Kind))
	}
	goods := town.Goods(30, 1)
	goods = append(goods, town.Good{Code: "85123A", Stock: 7}, town.Good{Code: "85123a", Stock: 8}, town.Good{Code: "BANK CHARGES", Stock: 9})
	malls, err := town.New(clock.System{}, town.Options{Kinds: kinds, Goods: goods, LimitScale: 1000, UnlimitedOrderReads: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := malls.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { malls.Close() })
	for i, spec := range all.Specs() {
		t.Run(string(spec.Kind), func(t *testing.T) {
			mall := malls.Malls()[i]
			settings := channel.Settings{}
			for key, value := range mall.Settings() {
				if !slices.ContainsFunc(spec.Fields, func(f channel.Field) bool { return f.Key == key }) {
					t.Errorf("the channel has no field %s", key)
				}
				settings[key] = channel.Secret(value)
			}
			if wrong := settings.Check(spec, true); len(wrong) > 0 {
				t.Fatal(wrong[0])
			}
			rates := slices.Clone(spec.Limits.Rates)
			for i := range rates {
				rates[i].Calls, rates[i].Burst = rates[i].Calls*1000, rates[i].Burst*1000
			}
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			shop, err := channel.OpenShop(spec, settings, channel.Access{HTTP: &http.Client{Transport: transport, Timeout: time.Minute}, Clock: clock.System{}, Rates: rates})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := shop.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			refs := map[string]channel.Ref{}
			for page, next := (channel.ListingPage{More: true}), channel.Cursor(""); page.More; next = page.Next {
				if page, err = shop.ListListings(t.Context(), next); err != nil {
					t.Fatal(err)
				}
				for _, l := range page.Listings {
					for _, code := range l.Codes {
						if _, taken := refs[code.Text]; !taken {
							refs[code.Text] = l.Ref
						}
					}
				}
			}
			for _, g := range goods[:30] {
				if refs[g.Code] == "" {
					t.Errorf("no listing bears the code %s", g.Code)
				}
			}
			code := goods[0].Code
			key, _ := mall.Key(code)
			o, err := mall.Place(mallsim.Basket{Lines: []mallsim.Want{{Key: key, Units: 1}}})
			if err != nil {
				t.Fatal(err)
			}
			var got order.Snapshot
			for page := (channel.OrderPage{More: true}); page.More; {
				if page, err = shop.PullOrders(t.Context(), page.Next); err != nil {
					t.Fatal(err)
				}
				if len(page.Orders) > 0 {
					got = page.Orders[0]
				}
			}
			if len(got.Lines) != 1 {
				t.Fatalf("%+v", got)
			}
			if got.Lines[0].Ref != refs[code] || got.Lines[0].Wanted != 1 || got.Number == "" {
				t.Errorf("order %s came in as %+v; %s is listed as %s", o.Number, got, code, refs[code])
			}
			shown, err := shop.Read(t.Context(), []channel.Ref{refs[code]})
			before := goods[0].Stock - 1
			if err != nil || !shown[0].Found || shown[0].Quantity != stock.Units(before) {
				t.Fatalf("%+v %v", shown, err)
			}
			expected := stock.Units(before)
			outcomes, err := shop.Push(t.Context(), []channel.Update{{Ref: refs[code], Want: stock.Units(3), Expect: &expected, Key: "town-1"}})
			if err != nil || outcomes[0].State != channel.Applied {
				t.Fatalf("%+v %v", outcomes, err)
			}
			if n, _ := mall.Core.Stock(key); n != 3 {
				t.Errorf("the mall shows %d", n)
			}
		})
	}
}
