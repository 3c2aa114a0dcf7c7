package vendure

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/channel/channeltest"
	"soroi/internal/order"
)

var askedAt = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

// fixtures are the names of a folder's captured answers.
func fixtures(t *testing.T, folder string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", folder, "*.response.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no fixtures in %s: %v", folder, err)
	}
	for i, p := range paths {
		paths[i] = folder + "/" + strings.TrimSuffix(filepath.Base(p), ".response.json")
	}
	return paths
}

func answerOf(t testing.TB, name string, status int) channel.Answer {
	return channel.Answer{Status: status, Header: http.Header{}, Body: channeltest.Fixture(t, name+".response.json")}
}

func readAnswer(t *testing.T, name string, out any) {
	t.Helper()
	data, failed := decode("test", answerOf(t, name, 200))
	if failed != nil {
		t.Fatal(failed)
	}
	if err := json.Unmarshal(data, out); err != nil {
		t.Fatal(err)
	}
}

func TestGoldenOrders(t *testing.T) {
	for _, name := range fixtures(t, "orders") {
		t.Run(name, func(t *testing.T) {
			var data struct{ Placed, Changed, Orders ordersWire }
			readAnswer(t, name, &data)
			var all orderList
			for _, w := range []ordersWire{data.Placed, data.Changed, data.Orders} {
				if w.Items == nil {
					continue
				}
				list, err := w.read("test")
				if err != nil {
					t.Fatal(err)
				}
				all = slices.Concat(all, list)
			}
			got := snapshots(all, askedAt)
			for _, s := range got {
				if err := s.Check(); err != nil {
					t.Error(err)
				}
			}
			channeltest.Golden(t, name, got)
		})
	}
}

func TestGoldenListings(t *testing.T) {
	for _, name := range fixtures(t, "listings") {
		t.Run(name, func(t *testing.T) {
			var data struct {
				GlobalSettings settingsWire
				ProductVariant variantsWire `json:"productVariants"`
			}
			readAnswer(t, name, &data)
			listings, _, err := readListings(data.GlobalSettings, data.ProductVariant.Items)
			if err != nil {
				t.Fatal(err)
			}
			channeltest.Golden(t, name, listings)
		})
	}
}

func TestGoldenStock(t *testing.T) {
	for _, name := range fixtures(t, "stock") {
		t.Run(name, func(t *testing.T) {
			var data struct {
				GlobalSettings settingsWire
				ProductVariant variantsWire      `json:"productVariants"`
				Updated        []json.RawMessage `json:"updateProductVariants"`
			}
			readAnswer(t, name, &data)
			settings := data.GlobalSettings
			if settings.TrackInventory == nil {
				on := true
				settings = settingsWire{&on, new(int64)}
			}
			variants, err := readVariants("test", settings, slices.Concat(data.ProductVariant.Items, data.Updated))
			if err != nil {
				t.Fatal(err)
			}
			shown := map[channel.Ref]string{}
			for ref, v := range variants {
				shown[ref] = v.quantity(settings).String()
			}
			channeltest.Golden(t, name, shown)
		})
	}
}

func TestGoldenRefusals(t *testing.T) {
	type refusal struct {
		Kind    channel.ErrorKind
		Code    string
		Message string
		NotDone bool
	}
	for _, name := range fixtures(t, "refusals") {
		t.Run(name, func(t *testing.T) {
			status := 200
			if name == "refusals/not_valid" {
				status = 400
			}
			answer := answerOf(t, name, status)
			_, failed := decode("test", answer)
			if name == "refusals/credentials" {
				_, failed = loginAnswer(t, answer)
			}
			if failed == nil {
				t.Fatal("no error")
			}
			channeltest.Golden(t, name, refusal{failed.Kind, failed.Code, failed.Message, failed.NotDone})
		})
	}
}

// loginAnswer logs in at a shop that gives this answer.
func loginAnswer(t *testing.T, answer channel.Answer) (channel.Secret, *channel.Error) {
	t.Helper()
	s := talk(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(answer.Status)
		w.Write(answer.Body)
	})
	token, err := s.session.current(t.Context(), s)
	e, _ := err.(*channel.Error)
	return token, e
}

// Lines that make no sense leave the others to be claimed.
func TestOrderProblems(t *testing.T) {
	const placed = `"code":"A","state":"PaymentSettled","type":"Regular","updatedAt":"2026-11-23T08:31:04.000Z","orderPlacedAt":"2026-11-23T08:31:04.381Z"`
	const good = `{"id":"1","quantity":2,"productVariant":{"id":"7","sku":"s","name":"n"},"fulfillmentLines":null}`
	tests := []struct {
		name, order string
		want        order.Snapshot
	}{
		{"no lines at all", `{` + placed + `}`, order.Snapshot{State: order.Open, Incomplete: true, Problems: []string{"the order came without its lines"}}},
		{"a line without quantity", `{` + placed + `,"lines":[{"id":"2"},` + good + `]}`,
			order.Snapshot{State: order.Open, Incomplete: true, Problems: []string{"line 1: it lacks its id or its quantity"}}},
		{"a negative line", `{` + placed + `,"lines":[{"id":"2","quantity":-1},` + good + `]}`,
			order.Snapshot{State: order.Open, Incomplete: true, Problems: []string{"line 1: it lacks its id or its quantity"}}},
		{"a line twice", `{` + placed + `,"lines":[` + good + `,` + good + `]}`,
			order.Snapshot{State: order.Open, Incomplete: true, Problems: []string{"line 2: it comes twice"}}},
		{"a parcel without quantity", `{` + placed + `,"lines":[{"id":"1","quantity":2,"productVariant":{"id":"7","sku":"s","name":"n"},"fulfillmentLines":[{"fulfillment":{"state":"Shipped"}}]}]}`,
			order.Snapshot{State: order.Open, Problems: []string{"line 1: a parcel lacks its quantity"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			list, err := ordersWire{Items: []json.RawMessage{json.RawMessage(test.order)}}.read("test")
			if err != nil {
				t.Fatal(err)
			}
			got := snapshots(list, askedAt)[0]
			if got.State != test.want.State || got.Incomplete != test.want.Incomplete || !slices.Equal(got.Problems, test.want.Problems) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			if test.name != "no lines at all" && (len(got.Lines) != 1 || got.Lines[0].Ref != "7" || got.Lines[0].Wanted != 2) {
				t.Errorf("its good line came as %+v", got.Lines)
			}
		})
	}
}

func TestOrderStates(t *testing.T) {
	line := func(quantity, parcels string) string {
		return `{"id":"1","quantity":` + quantity + `,"productVariant":{"id":"7","sku":"s","name":"n"},"fulfillmentLines":` + parcels + `}`
	}
	parcel := func(units, state string) string {
		return `[{"quantity":` + units + `,"fulfillment":{"state":"` + state + `"}}]`
	}
	tests := []struct {
		name, state, line string
		want              order.State
		wanted, shipped   int64
	}{
		{"authorized", "PaymentAuthorized", line("2", "[]"), order.Open, 2, 0},
		{"being edited", "Modifying", line("2", "null"), order.Open, 2, 0},
		{"the merchant's own state", "InKiln", line("2", "[]"), order.Open, 2, 0},
		{"packed", "PaymentSettled", line("2", parcel("2", "Pending")), order.Open, 2, 0},
		{"parcel cancelled", "PaymentSettled", line("2", parcel("2", "Cancelled")), order.Open, 2, 0},
		{"partly shipped", "PartiallyShipped", line("2", parcel("1", "Shipped")), order.Open, 2, 1},
		{"shipped", "Shipped", line("2", parcel("2", "Shipped")), order.Shipped, 2, 2},
		{"delivered", "Delivered", line("2", parcel("2", "Delivered")), order.Shipped, 2, 2},
		{"shipped without parcels", "Shipped", line("2", "[]"), order.Shipped, 2, 2},
		{"rest cancelled", "PartiallyShipped", line("1", parcel("1", "Shipped")), order.Shipped, 1, 1},
		{"cancelled", "Cancelled", line("0", "[]"), order.Cancelled, 0, 0},
		{"cancelled at the till", "Cancelled", line("2", "[]"), order.Cancelled, 0, 0},
		{"everything cut", "PaymentSettled", line("0", "[]"), order.Cancelled, 0, 0},
		{"cancelled after shipping", "Cancelled", line("0", parcel("2", "Shipped")), order.Cancelled, 0, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := orderWire{Code: "A", State: test.state, Lines: []json.RawMessage{json.RawMessage(test.line)}, placed: askedAt}
			got := o.snapshot(askedAt)
			if got.State != test.want || got.Lines[0].Wanted != test.wanted || got.Lines[0].Shipped != test.shipped {
				t.Errorf("got %+v, want %s, %d wanted, %d shipped", got, test.want, test.wanted, test.shipped)
			}
		})
	}
}

func TestCartsAndAggregatesAreLeftOut(t *testing.T) {
	orders := orderList{{Code: "cart", State: "AddingItems"}, {Code: "sum", State: "PaymentSettled", Type: "Aggregate", placed: askedAt},
		{Code: "part", State: "PaymentSettled", Type: "Seller", placed: askedAt}}
	if got := snapshots(orders, askedAt); len(got) != 1 || got[0].Number != "part" {
		t.Errorf("got %+v, want the seller's order alone", got)
	}
}

func FuzzOrders(f *testing.F) {
	seed(f, "orders")
	f.Fuzz(func(t *testing.T, body []byte) {
		data, failed := decode("fuzz", channel.Answer{Status: 200, Body: body})
		if failed != nil {
			return
		}
		var wire struct{ Placed, Changed, Orders ordersWire }
		if json.Unmarshal(data, &wire) != nil {
			return
		}
		for _, w := range []ordersWire{wire.Placed, wire.Changed, wire.Orders} {
			list, err := w.read("fuzz")
			if err != nil {
				continue
			}
			for _, s := range snapshots(list, askedAt) {
				if err := s.Check(); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

func FuzzStock(f *testing.F) {
	seed(f, "stock")
	seed(f, "listings")
	f.Fuzz(func(t *testing.T, body []byte) {
		data, failed := decode("fuzz", channel.Answer{Status: 200, Body: body})
		if failed != nil {
			return
		}
		var wire struct {
			GlobalSettings settingsWire
			ProductVariant variantsWire `json:"productVariants"`
		}
		if json.Unmarshal(data, &wire) != nil {
			return
		}
		variants, err := readVariants("fuzz", wire.GlobalSettings, wire.ProductVariant.Items)
		if err != nil {
			return
		}
		for _, v := range variants {
			if units, limited := v.quantity(wire.GlobalSettings).Units(); limited && units < 0 {
				t.Errorf("%+v shows %d", v, units)
			}
		}
		readListings(wire.GlobalSettings, wire.ProductVariant.Items)
	})
}

func FuzzRefusal(f *testing.F) {
	seed(f, "refusals")
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, status := range []int{200, 400, 500} {
			data, failed := decode("fuzz", channel.Answer{Status: status, Body: body})
			if (failed == nil) == (data == nil) || status >= 300 && failed == nil {
				t.Errorf("HTTP %d gave %q and %v", status, data, failed)
			}
		}
	})
}

func seed(f *testing.F, folder string) {
	paths, _ := filepath.Glob(filepath.Join("testdata", folder, "*.response.json"))
	for _, path := range paths {
		body, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
}
