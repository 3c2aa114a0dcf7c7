package shopify

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/channel/channeltest"
	"soroi/internal/mallsim"
	simulated "soroi/internal/mallsim/shopify"
	"soroi/internal/stock"
)

const (
	testToken  = "shpat_700001"
	testSecret = "shpss_700001"
)

// operations are the mall's calls by class, as patterns.
var operations = map[channeltest.Class]string{
	channeltest.Orders: "order*", channeltest.Push: simulated.OpSet, channeltest.Read: simulated.OpNodes,
	channeltest.Listings: simulated.OpVariants, channeltest.Any: "*",
}

// harness runs the suite on the simulated shop. What Shopify leaves open is set by options, the ways of the merchant by changes.
func harness(options simulated.Options, changes ...string) channeltest.Harness {
	return channeltest.Harness{
		Spec:         Spec(),
		PageOrders:   ordersPage,
		PageListings: listingsPage,
		Lacks: map[string]string{
			"Orders/ListingGone": "a line whose variant was deleted names no variant any more, only its sku",
		},
		New: func(t *testing.T, s channeltest.Setup) channeltest.Bench {
			mall := mallsim.New(s.Clock, mallsim.Options{Name: "揃い屋", WriteLag: s.WriteLag, OrderLag: s.OrderLag})
			o := options
			o.StaticToken, o.ClientSecret = testToken, testSecret
			settings := channel.Settings{channel.BaseURL: "https://example.myshopify.com", fieldToken: testToken, fieldSecret: testSecret}
			for i := 0; i < len(changes); i += 2 {
				settings[changes[i]] = channel.Secret(changes[i+1])
			}
			return bench(t, mall, simulated.New(mall, o), settings)
		},
	}
}

func bench(t *testing.T, mall *mallsim.Mall, server *simulated.Server, settings channel.Settings) channeltest.Bench {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("the simulated shop refuses: %v", err)
		}
	}
	keys := map[channel.Ref]mallsim.Key{}
	keyOf := func(ref channel.Ref) mallsim.Key {
		k, ok := keys[ref]
		if !ok {
			t.Fatalf("no listing %s was put up", ref)
		}
		return k
	}
	id := func(line int) string { return strconv.Itoa(line + 1) }
	return channeltest.Bench{
		Handler:  server,
		Settings: settings,
		Secrets:  []string{testToken, testSecret},
		AddListing: func(l channeltest.Listing) channel.Ref {
			title := l.Title
			if title == "" {
				title = l.Code
			}
			key := mallsim.Key{Item: l.Code}
			must(mall.AddListing(mallsim.Listing{Key: key, Code: l.Code, Title: title, Stock: l.Units}))
			made := ref(tail(server.InventoryItemID(key)), tail(server.LocationID()))
			keys[made] = key
			return made
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
			_, err := mall.Cancel(number, mallsim.Cancellation{Shipped: true, Reason: "CUSTOMER"})
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
		Webhook:    func(number string) (http.Header, []byte) { return server.Webhook(number) },
		Subscribed: server.Subscribed,
	}
}

func TestSuite(t *testing.T) { channeltest.Run(t, harness(simulated.Options{})) }

// By client credentials, a smaller and slower bucket, throttling by status, and what else Shopify leaves open turned round.
func TestSuiteTheOtherWay(t *testing.T) {
	h := harness(simulated.Options{ClientID: "id-700001", BucketSize: 1000, RestoreRate: 50, ThrottledStatus: http.StatusTooManyRequests,
		OmitUnchanged: true, FailedKeysStay: true, InternalErrors200: true,
		Locations: []simulated.Location{{ID: 45, Name: "倉庫"}, {ID: 46, Name: "銀座店", Offline: true}, {ID: 47, Name: "旧倉庫", Inactive: true}}},
		fieldToken, "", fieldClientID, "id-700001")
	channeltest.Run(t, h)
}

// The connector inside the shop that the engine holds.
func TestSuiteThroughShop(t *testing.T) {
	channeltest.Run(t, channeltest.ThroughShop(harness(simulated.Options{})))
}

// The documents are those of the official schema on the simulated shop too: what it knows and Shopify does not is refused.
func TestSuiteBySchema(t *testing.T) {
	channeltest.Run(t, harness(simulated.Options{Schema: schema(t)}))
}

// An order that was sent, cut, returned in part and has more lines than one answer holds comes out right.
func TestLongHistory(t *testing.T) {
	clock := fixed{noon.Add(24 * time.Hour)}
	mall := mallsim.New(clock, mallsim.Options{Name: "揃い屋"})
	server := simulated.New(mall, simulated.Options{StaticToken: testToken, LimitScale: 1e6})
	var basket mallsim.Basket
	for i := range 500 {
		k := mallsim.Key{Item: "goods-" + strconv.Itoa(i)}
		if err := mall.AddListing(mallsim.Listing{Key: k, Code: k.Item, Title: k.Item, Stock: 10}); err != nil {
			t.Fatal(err)
		}
		basket.Lines = append(basket.Lines, mallsim.Want{Key: k, Units: 4})
	}
	o, err := mall.Place(basket)
	if err != nil {
		t.Fatal(err)
	}
	sent, back, cut := map[string]int64{}, map[string]int64{}, map[string]int64{}
	for _, l := range o.Lines {
		sent[l.ID], back[l.ID], cut[l.ID] = 3, 1, 1
	}
	delete(cut, "1")
	never := false
	for _, change := range []func() (mallsim.Order, error){
		func() (mallsim.Order, error) { return mall.Ship(o.Number, sent) },
		func() (mallsim.Order, error) { return mall.Return(o.Number, back, true) },
		func() (mallsim.Order, error) {
			return mall.Cancel(o.Number, mallsim.Cancellation{Lines: cut, Restock: &never})
		},
	} {
		if _, err := change(); err != nil {
			t.Fatal(err)
		}
	}
	spec := Spec()
	settings := channel.Settings{channel.BaseURL: "https://example.myshopify.com", fieldToken: testToken}
	conn, err := spec.Open(settings, channel.Deps{HTTP: &http.Client{Transport: mallsim.Transport(server)}, Clock: clock, Pace: channel.NewPace(clock, nil)})
	if err != nil {
		t.Fatal(err)
	}
	page, err := conn.PullOrders(t.Context(), "")
	if err != nil || len(page.Orders) != 1 || len(page.Orders[0].Lines) != 500 || len(page.Orders[0].Problems) != 0 {
		t.Fatalf("%v: %+v", err, page)
	}
	for i, l := range page.Orders[0].Lines {
		held := int64(0)
		if i == 0 {
			held = 1
		}
		if l.Shipped != 3 || l.Returned != 1 || l.Wanted-l.Shipped != held {
			t.Errorf("line %d: %+v, want 3 sent, 1 back and %d to go", i+1, l, held)
		}
	}
}

// An item that is not stocked at the location any more is told from one that is gone, when it is read and when it is written; and it is counted
// when the listings are pulled.
func TestUnstocked(t *testing.T) {
	clock := fixed{noon}
	mall := mallsim.New(clock, mallsim.Options{Name: "揃い屋"})
	server := simulated.New(mall, simulated.Options{StaticToken: testToken})
	tea, cup := mallsim.Key{Item: "tea"}, mallsim.Key{Item: "cup"}
	for _, k := range []mallsim.Key{tea, cup} {
		if err := mall.AddListing(mallsim.Listing{Key: k, Code: k.Item, Title: k.Item, Stock: 10}); err != nil {
			t.Fatal(err)
		}
	}
	conn, err := Spec().Open(channel.Settings{channel.BaseURL: "https://example.myshopify.com", fieldToken: testToken},
		channel.Deps{HTTP: &http.Client{Transport: mallsim.Transport(server)}, Clock: clock, Pace: channel.NewPace(clock, nil)})
	if err != nil {
		t.Fatal(err)
	}
	at := ref(tail(server.InventoryItemID(tea)), tail(server.LocationID()))
	server.Unstock(tea, false)
	page, err := conn.(channel.Lister).ListListings(t.Context(), "")
	if err != nil || len(page.Listings) != 1 || page.LeftOut != 1 {
		t.Errorf("%v: listed %+v, want the cup and one left out", err, page)
	}
	shown, err := conn.ReadStock(t.Context(), []channel.Ref{at})
	if err != nil || shown[0].Found || channel.KindOf(shown[0].Err) != channel.Uncounted || !strings.Contains(shown[0].Err.Error(), "tick the location") {
		t.Errorf("%v: read %+v", err, shown)
	}
	outcomes, err := conn.PushStock(t.Context(), []channel.Update{{Ref: at, Want: stock.Units(3), Key: "k-1"}})
	if err != nil || outcomes[0].State != channel.Refused || channel.KindOf(outcomes[0].Err) != channel.Uncounted {
		t.Errorf("%v: pushed %+v", err, outcomes)
	}
	server.Unstock(tea, true)
	if shown, err = conn.ReadStock(t.Context(), []channel.Ref{at}); err != nil || !shown[0].Found {
		t.Errorf("%v: stocked again, read %+v", err, shown)
	}
}
