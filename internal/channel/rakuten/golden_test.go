package rakuten

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/channel/channeltest"
	"soroi/internal/order"
)

var asked = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// decodeOrders reads a getOrder answer about the numbers it holds and the extra ones.
func decodeOrders(t testing.TB, data []byte, extra ...string) ([]order.Snapshot, error) {
	t.Helper()
	var answer getAnswer
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, err
	}
	numbers := extra
	if answer.OrderModelList != nil {
		for _, raw := range *answer.OrderModelList {
			var m orderModel
			_ = json.Unmarshal(raw, &m)
			numbers = append(numbers, string(m.OrderNumber))
		}
	}
	return snapshotsOf(answer, numbers, asked)
}

func TestOrderAnswers(t *testing.T) {
	for _, name := range []string{"placed", "before_sku_migration", "cancelled", "odd", "gone"} {
		t.Run(name, func(t *testing.T) {
			var extra []string
			if name == "gone" {
				extra = []string{"700001-20260310-0000000099", "700001-20260310-0000000098"}
			}
			got, err := decodeOrders(t, channeltest.Fixture(t, "orders/"+name+".response.json"), extra...)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range got {
				if err := s.Check(); err != nil {
					t.Error(err)
				}
			}
			channeltest.Golden(t, "orders/"+name, got)
		})
	}
}

// What a buyer is called, where they live and what they remarked never passes the decoder, not even when it fails.
func TestBuyersStayOut(t *testing.T) {
	data := channeltest.Fixture(t, "orders/placed.response.json")
	got, err := decodeOrders(t, data)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	broken := strings.Replace(string(data), `"PackageModelList": [`, `"PackageModelList": "試験", "x": [`, 1)
	withProblems, err := decodeOrders(t, []byte(broken))
	if err != nil {
		t.Fatal(err)
	}
	if len(withProblems[0].Problems) == 0 {
		t.Error("an order without packages has no problem")
	}
	for _, private := range []string{"試験", "太郎", "buyer.invalid", "見本町", "玄関先", "京都府"} {
		if strings.Contains(string(text), private) || strings.Contains(strings.Join(withProblems[0].Problems, " "), private) {
			t.Errorf("the snapshot holds %q", private)
		}
	}
}

func TestStatuses(t *testing.T) {
	for progress, want := range map[int64]order.State{100: order.Open, 200: order.Open, 300: order.Open, 400: order.Open, 500: order.Shipped,
		600: order.Shipped, 700: order.Shipped, 800: order.Open, 900: order.Cancelled} {
		if got, known := stateOf(number{progress, true}); got != want || !known {
			t.Errorf("status %d is %s (known: %t), want %s", progress, got, known, want)
		}
	}
	for _, n := range []number{{0, false}, {950, true}, {-1, true}} {
		if got, known := stateOf(n); got != order.Open || known {
			t.Errorf("status %+v is %s (known: %t), want open and unknown", n, got, known)
		}
	}
}

func TestStockAnswers(t *testing.T) {
	var answer bulkGetAnswer
	if err := json.Unmarshal(channeltest.Fixture(t, "stock/bulk_get.response.json"), &answer); err != nil {
		t.Fatal(err)
	}
	got, err := shownOf(answer)
	if err != nil {
		t.Fatal(err)
	}
	channeltest.Golden(t, "stock/bulk_get", got)
}

// outcomeWords are outcomes as a person would compare them.
func outcomeWords(outcomes []channel.Outcome, err error) []string {
	if err != nil {
		e := err.(*channel.Error)
		words := "call: " + e.Error()
		if e.NotDone {
			words += " [surely not done]"
		}
		return []string{words}
	}
	var words []string
	for _, o := range outcomes {
		line := string(o.State)
		if o.Err != nil {
			line += ": " + o.Err.Error()
			if o.Err.(*channel.Error).NotDone {
				line += " [surely not done]"
			}
		}
		words = append(words, line)
	}
	return words
}

func TestWriteAnswers(t *testing.T) {
	for _, x := range []struct {
		name   string
		status int
	}{{"out_of_range", 400}, {"too_many", 400}, {"not_migrated", 400}, {"conflict", 409}, {"unexpected", 500}} {
		t.Run(x.name, func(t *testing.T) {
			body := channeltest.Fixture(t, "stock/"+x.name+".response.json")
			channeltest.Golden(t, "stock/"+x.name, outcomeWords(writtenOf(channel.Answer{Status: x.status, Body: body}, 5)))
		})
	}
	if got := outcomeWords(writtenOf(channel.Answer{Status: 204}, 2)); len(got) != 2 || got[0] != "applied" || got[1] != "applied" {
		t.Errorf("204 for two lines means %q", got)
	}
	// An error about a line that was not sent says nothing about those that were.
	body := `{"errors":[{"code":"IE0117","message":"","metadata":{"propertyPath":"inventories[7].quantity"}}]}`
	if _, err := writtenOf(channel.Answer{Status: 400, Body: []byte(body)}, 2); channel.KindOf(err) != channel.Invalid {
		t.Errorf("an error about line 7 of 2 is %v", err)
	}
}

func TestGatewayAnswers(t *testing.T) {
	for _, x := range []struct {
		name   string
		status int
		kind   channel.ErrorKind
	}{
		{"unauthorised", 401, channel.Auth}, {"unauthorised", 400, channel.Auth}, {"unauthorised", 200, channel.Auth},
		{"not_ticked", 400, channel.Auth}, {"not_ticked", 403, channel.Auth}, {"no_charset", 415, channel.Invalid},
		{"not_ticked", 429, channel.Throttled}, {"unauthorised", 503, channel.Maintenance}, {"unauthorised", 500, channel.Temporary},
	} {
		var words refusalWire
		body := channeltest.Fixture(t, "gateway/"+x.name+".response.json")
		if err := json.Unmarshal(body, &words); err != nil {
			t.Fatal(err)
		}
		got := refusal(bulkGet, channel.Answer{Status: x.status, Body: body}, words)
		if got == nil || got.Kind != x.kind || got.Code == "" || got.Status != x.status {
			t.Errorf("%s with status %d is %v, want kind %s", x.name, x.status, got, x.kind)
		}
	}
}

func TestItemAnswers(t *testing.T) {
	var answer itemsAnswer
	if err := json.Unmarshal(channeltest.Fixture(t, "items/search.response.json"), &answer); err != nil {
		t.Fatal(err)
	}
	got, err := listingsOf(answer)
	if err != nil {
		t.Fatal(err)
	}
	channeltest.Golden(t, "items/search", got)
}

func TestTimes(t *testing.T) {
	for text, want := range map[string]string{
		"2026-03-10T00:05:09+0900":  "2026-03-09T15:05:09Z",
		"2026-04-30T23:59:59+09:00": "2026-04-30T14:59:59Z",
		"2026-04-30T14:59:59Z":      "2026-04-30T14:59:59Z",
		"2026-04-30T23:59:59":       "2026-04-30T14:59:59Z",
		"2026-04-30 23:59:59":       "2026-04-30T14:59:59Z",
		"2026-04-30":                "2026-04-30T14:59:59Z",
	} {
		if got, ok := readTime(text); !ok || got.Format(time.RFC3339) != want {
			t.Errorf("%q is %v (%t), want %s", text, got, ok, want)
		}
	}
	if got, ok := readTime("soon"); ok {
		t.Errorf("%q is read as %v", "soon", got)
	}
}

func TestRefs(t *testing.T) {
	if got := refOf("T-Shirt-01", "Blue-M"); got != "t-shirt-01/Blue-M" {
		t.Errorf("the ref is %q; the mall folds the product's number and not the SKU's", got)
	}
	if p, ok := pairOf("t-shirt-01/a/b"); !ok || p.VariantID != "a/b" || p.ManageNumber != "t-shirt-01" {
		t.Errorf("read as %+v (%t)", p, ok)
	}
	for _, ref := range []channel.Ref{"", "t-shirt-01", "t-shirt-01/", "/blue", refWithoutSKU("t-shirt-01", "色:青"), refWithoutSKU("t-shirt-01", "")} {
		if p, ok := pairOf(ref); ok {
			t.Errorf("%q names SKU %+v", ref, p)
		}
	}
	if refWithoutSKU("T", "色:青\nM") != refWithoutSKU("t", "色:青 M") || refWithoutSKU("t", "青") == refWithoutSKU("t", "赤") {
		t.Error("orders from before the migration must agree on one choice and differ between two")
	}
}
