package vendure

import (
	"testing"

	"soroi/internal/channel"
	"soroi/internal/channel/channeltest"
	"soroi/internal/mallsim"
	mall "soroi/internal/mallsim/vendure"
)

func TestConformance(t *testing.T) {
	channeltest.Run(t, channeltest.Harness{
		Spec:         Spec(),
		New:          startMall,
		PageOrders:   pageOrders,
		PageListings: pageListings,
		Lacks: map[string]string{
			"Orders/Return": "units that come back are cancelled in the order, so a return reads as a cancel after shipping",
		},
	})
}

// opsOf names the simulated shop's operations of a class.
var opsOf = map[channeltest.Class]string{
	channeltest.Orders:   "orders",
	channeltest.Push:     "updateProductVariants",
	channeltest.Read:     "productVariants",
	channeltest.Listings: "productVariants",
	channeltest.Any:      "*",
}

func startMall(t *testing.T, setup channeltest.Setup) channeltest.Bench {
	m := mallsim.New(setup.Clock, mallsim.Options{Name: "vendure", Seed: 1, OrderPrefix: "V",
		WriteLag: setup.WriteLag, OrderLag: setup.OrderLag})
	// A threshold tells the figures apart that the protocol could confuse.
	server := mall.New(m, mall.Options{Username: "soroi", Password: "correct-horse", ChannelToken: "shop-token", Threshold: 2})
	key := func(ref channel.Ref) mallsim.Key {
		key, ok := server.Key(string(ref))
		if !ok {
			t.Fatalf("the mall never had %s", ref)
		}
		return key
	}
	must := func(_ mallsim.Order, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	line := func(number string, i int) string {
		o, _ := m.Order(number)
		return o.Lines[i].ID
	}
	return channeltest.Bench{
		Handler: server,
		Settings: channel.Settings{channel.BaseURL: "https://shop.example", fieldUsername: "soroi", fieldPassword: "correct-horse",
			fieldToken: "shop-token"},
		Secrets: []string{"correct-horse"},
		AddListing: func(l channeltest.Listing) channel.Ref {
			title := l.Title
			if title == "" {
				title = l.Code
			}
			k := mallsim.Key{Item: l.Code}
			if err := m.AddListing(mallsim.Listing{Key: k, Code: l.Code, Title: title, Stock: l.Units, Unlimited: l.Unlimited}); err != nil {
				t.Fatal(err)
			}
			return channel.Ref(server.ID(k))
		},
		RemoveListing: func(ref channel.Ref) { m.RemoveListing(key(ref)) },
		Shown:         func(ref channel.Ref) int64 { n, _ := m.Stock(key(ref)); return n },
		SetShown:      func(ref channel.Ref, n int64) { m.SetStock(key(ref), n, mallsim.ByEdit) },
		Place: func(lines ...channeltest.Line) string {
			var basket mallsim.Basket
			for _, l := range lines {
				basket.Lines = append(basket.Lines, mallsim.Want{Key: key(l.Ref), Units: l.Units})
			}
			o, err := m.Place(basket)
			must(o, err)
			return o.Number
		},
		Cancel: func(number string) { must(m.Cancel(number, mallsim.Cancellation{Shipped: true})) },
		Edit:   func(number string, i int, units int64) { must(m.Edit(number, line(number, i), units)) },
		Ship:   func(number string) { must(m.Ship(number, nil)) },
		ShipUnits: func(number string, i int, units int64) {
			must(m.Ship(number, map[string]int64{line(number, i): units}))
		},
		Return: func(number string, i int, units int64) {
			must(m.Return(number, map[string]int64{line(number, i): units}, true))
		},
		Inject: func(f channeltest.Fault, on channeltest.Class) {
			m.Inject(mallsim.Fault{Op: opsOf[on], Kind: mallsim.FaultKind(f)})
		},
		Heal: m.ClearFaults,
		Refused: func() int {
			refused := 0
			for _, op := range opsOf {
				refused += m.Calls()[op+":refused"]
			}
			return refused
		},
	}
}
