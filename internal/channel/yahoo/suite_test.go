package yahoo

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"soroi/internal/channel"
	"soroi/internal/channel/channeltest"
	"soroi/internal/mallsim"
	simulated "soroi/internal/mallsim/yahoo"
)

// storeKey is the key pair of every simulated store: a small one, since every call of the suite is opened with it.
var storeKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		panic(err)
	}
	return key
})

// harness runs the suite on the simulated mall with what its protocol leaves open set by options.
func harness(options simulated.Options) channeltest.Harness {
	return channeltest.Harness{
		Spec:         Spec(),
		PageOrders:   mostPageOrders,
		PageListings: pageItems,
		Lacks: map[string]string{
			"Orders/PartlyShipped": "ShipStatus is of the whole order",
			"Orders/Return":        "an order does not say that goods came back",
		},
		New: func(t *testing.T, s channeltest.Setup) channeltest.Bench {
			mall := mallsim.New(s.Clock, mallsim.Options{Name: "見本店", WriteLag: s.WriteLag, OrderLag: s.OrderLag})
			o := options
			o.PrivateKey, o.Endless = storeKey(), true // the suite lets years pass
			return suiteBench(t, mall, simulated.New(mall, o))
		},
	}
}

func keyOf(r channel.Ref) mallsim.Key {
	item, sub, _ := strings.Cut(string(r), ":")
	return mallsim.Key{Item: item, Variant: sub}
}

// operations are the mall's calls by class, as patterns.
var operations = map[channeltest.Class]string{
	channeltest.Orders: "order*", channeltest.Push: simulated.OpSetStock, channeltest.Read: simulated.OpGetStock,
	channeltest.Listings: simulated.OpMyItemList, channeltest.Any: "*",
}

func suiteBench(t *testing.T, mall *mallsim.Mall, server *simulated.Server) channeltest.Bench {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("the simulated mall refuses: %v", err)
		}
	}
	keys := server.Credentials()
	refresh := server.Grant()
	return channeltest.Bench{
		Handler: server,
		Settings: channel.Settings{
			fieldSeller: channel.Secret(keys.SellerID), fieldClientID: channel.Secret(keys.ClientID),
			fieldClientSecret: channel.Secret(keys.ClientSecret), fieldRefreshToken: channel.Secret(refresh),
			fieldKey: channel.Secret(keys.PublicKey), fieldKeyVersion: channel.Secret(keys.KeyVersion), channel.BaseURL: "https://yahoo.example",
		},
		Secrets: []string{keys.ClientSecret, refresh, keys.PublicKey},
		AddListing: func(l channeltest.Listing) channel.Ref {
			title := l.Title
			if title == "" {
				title = l.Code
			}
			key := mallsim.Key{Item: l.Code}
			if len(l.Code)%2 == 0 { // some with variations, some without
				key = mallsim.Key{Item: "goods-" + l.Code, Variant: l.Code}
			}
			must(mall.AddListing(mallsim.Listing{Key: key, Code: l.Code, Title: title, Stock: l.Units}))
			return ref(key.Item, key.Variant)
		},
		RemoveListing: func(r channel.Ref) { mall.RemoveListing(keyOf(r)) },
		Shown:         func(r channel.Ref) int64 { n, _ := mall.Stock(keyOf(r)); return n },
		SetShown: func(r channel.Ref, n int64) {
			if _, ok := mall.SetStock(keyOf(r), n, mallsim.ByEdit); !ok {
				t.Fatalf("no listing %s", r)
			}
		},
		Place: func(lines ...channeltest.Line) string {
			var basket mallsim.Basket
			for _, l := range lines {
				basket.Lines = append(basket.Lines, mallsim.Want{Key: keyOf(l.Ref), Units: l.Units})
			}
			o, err := server.Buy(basket)
			must(err)
			return o.Number
		},
		Cancel: func(number string) { _, err := server.SetStatus(number, simulated.StatusCancelled, "100"); must(err) },
		Edit: func(number string, line int, units int64) {
			_, err := mall.Edit(number, strconv.Itoa(line+1), units)
			must(err)
		},
		Ship: func(number string) { _, err := mall.Ship(number, nil); must(err) },
		Inject: func(f channeltest.Fault, on channeltest.Class) {
			mall.Inject(mallsim.Fault{Op: operations[on], Kind: mallsim.FaultKind(f)})
		},
		Heal: mall.ClearFaults,
		Refused: func() int {
			refused := 0
			for op, n := range mall.Calls() {
				if strings.HasSuffix(op, ":refused") {
					refused += n
				}
			}
			return refused
		},
	}
}

func TestSuite(t *testing.T) { channeltest.Run(t, harness(simulated.Options{})) }

// What the mall's documents leave open may be either way; the connector must bear both.
func TestSuiteTheOtherWay(t *testing.T) {
	channeltest.Run(t, harness(simulated.Options{
		TooFastStatus: http.StatusForbidden, RefuseBelowZero: true, RefuseUnsigned: true, Missing: simulated.MissingIsError, CancelZeroes: true,
	}))
}

// The connector inside the shop that the engine holds.
func TestSuiteThroughShop(t *testing.T) {
	channeltest.Run(t, channeltest.ThroughShop(harness(simulated.Options{Missing: simulated.MissingIsAbsent})))
}
