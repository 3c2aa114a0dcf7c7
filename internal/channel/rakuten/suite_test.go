package rakuten

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"soroi/internal/channel"
	"soroi/internal/channel/channeltest"
	"soroi/internal/mallsim"
	simulated "soroi/internal/mallsim/rakuten"
)

const (
	testSecret  = "SP700001_serviceSecret"
	testLicense = "SL700001_licenseKey"
)

func settings() channel.Settings {
	return channel.Settings{fieldSecret: testSecret, fieldLicense: testLicense, channel.BaseURL: "https://rms.example"}
}

// harness runs the suite on the simulated mall with what its protocol leaves open set by options.
func harness(options simulated.Options) channeltest.Harness {
	return channeltest.Harness{
		Spec:         Spec(),
		PageOrders:   ordersPerPage,
		PageListings: itemPage,
		Lacks: map[string]string{
			"Orders/PartlyShipped": "orderProgress is of the whole order",
			"Orders/Return":        "the order API does not say that goods came back",
		},
		New: func(t *testing.T, s channeltest.Setup) channeltest.Bench {
			mall := mallsim.New(s.Clock, mallsim.Options{Name: "見本店", WriteLag: s.WriteLag, OrderLag: s.OrderLag})
			o := options
			o.ServiceSecret = testSecret
			o.Keys = []simulated.Key{{License: testLicense, ExpiresAt: s.Clock.Now().AddDate(20, 0, 0)}}
			return bench(t, mall, simulated.New(mall, o))
		},
	}
}

func keyOf(ref channel.Ref) mallsim.Key {
	item, variant, _ := strings.Cut(string(ref), "/")
	return mallsim.Key{Item: item, Variant: variant}
}

// operations are the mall's calls by class, as patterns.
var operations = map[channeltest.Class]string{
	channeltest.Orders: "order/*", channeltest.Push: simulated.OpBulkUpsert, channeltest.Read: simulated.OpBulkGet,
	channeltest.Listings: simulated.OpItemSearch, channeltest.Any: "*",
}

func bench(t *testing.T, mall *mallsim.Mall, server *simulated.Server) channeltest.Bench {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("the simulated mall refuses: %v", err)
		}
	}
	id := func(line int) string { return strconv.Itoa(line + 1) }
	return channeltest.Bench{
		Handler:  server,
		Settings: settings(),
		Secrets:  []string{testSecret, testLicense, base64.StdEncoding.EncodeToString([]byte(testSecret + ":" + testLicense))},
		AddListing: func(l channeltest.Listing) channel.Ref {
			title := l.Title
			if title == "" {
				title = l.Code
			}
			key := mallsim.Key{Item: "goods-" + l.Code, Variant: "SKU-" + l.Code}
			must(mall.AddListing(mallsim.Listing{Key: key, Code: l.Code, Title: title, Stock: l.Units}))
			return channel.Ref(key.String())
		},
		RemoveListing: func(ref channel.Ref) { mall.RemoveListing(keyOf(ref)) },
		Shown:         func(ref channel.Ref) int64 { n, _ := mall.Stock(keyOf(ref)); return n },
		SetShown: func(ref channel.Ref, n int64) {
			if _, ok := mall.SetStock(keyOf(ref), n, mallsim.ByEdit); !ok {
				t.Fatalf("no listing %s", ref)
			}
		},
		Place: func(lines ...channeltest.Line) string {
			var basket mallsim.Basket
			for _, l := range lines {
				basket.Lines = append(basket.Lines, mallsim.Want{Key: keyOf(l.Ref), Units: l.Units})
			}
			o, err := mall.Place(basket)
			must(err)
			return o.Number
		},
		Cancel: func(number string) {
			_, err := server.Cancel(number, simulated.ByShop, simulated.RestoreBySetting)
			must(err)
		},
		Edit: func(number string, line int, units int64) { _, err := mall.Edit(number, id(line), units); must(err) },
		Ship: func(number string) { _, err := mall.Ship(number, nil); must(err) },
		ShipUnits: func(number string, line int, units int64) {
			_, err := mall.Ship(number, map[string]int64{id(line): units})
			must(err)
		},
		Return: func(number string, line int, units int64) {
			_, err := mall.Return(number, map[string]int64{id(line): units}, true)
			must(err)
		},
		Inject: func(f channeltest.Fault, on channeltest.Class) {
			mall.Inject(mallsim.Fault{Op: operations[on], Kind: mallsim.FaultKind(f)})
		},
		Heal:    mall.ClearFaults,
		Refused: func() int { return mall.Calls()["too_many:refused"] },
	}
}

func TestSuite(t *testing.T) { channeltest.Run(t, harness(simulated.Options{})) }

// What the mall's documents leave open may be either way; the connector must bear both.
func TestSuiteTheOtherWay(t *testing.T) {
	channeltest.Run(t, harness(simulated.Options{PartialBatches: true, AuthStatus: http.StatusBadRequest,
		UntickedStatus: http.StatusForbidden, ExpiryWithoutTZ: true, ItemQuantities: true}))
}

// The connector inside the shop that the engine holds.
func TestSuiteThroughShop(t *testing.T) {
	channeltest.Run(t, channeltest.ThroughShop(harness(simulated.Options{})))
}
