package yahoo

import (
	"errors"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/channel/channeltest"
	"soroi/internal/stock"
)

func seedXML(f *testing.F, names ...string) {
	for _, name := range names {
		f.Add(channeltest.Fixture(f, name+".response.xml"))
	}
	f.Add([]byte(`{"orders":[]}`))
	f.Add([]byte("<Result><Search>"))
	f.Add([]byte("\xff\xfe<Result/>"))
}

func FuzzOrderList(f *testing.F) {
	seedXML(f, "orders/list", "orders/list_one", "orders/list_none")
	f.Fuzz(func(t *testing.T, body []byte) {
		orders, total, err := readList(channel.Answer{Status: 200, Body: body})
		if err != nil {
			if err.Kind != channel.Unreadable {
				t.Fatalf("%v is no unreadable answer", err)
			}
			return
		}
		if total < -1 {
			t.Fatalf("total %d", total)
		}
		for _, o := range orders {
			if o.Number == "" || o.PlacedAt.IsZero() {
				t.Fatalf("order without number or time: %+v", o)
			}
		}
	})
}

func FuzzOrderInfo(f *testing.F) {
	seedXML(f, "orders/two_lines", "orders/one_line", "orders/cancelled_for_shortage", "orders/shipped", "orders/split_parent", "orders/odd")
	placed := time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := readInfo(channel.Answer{Status: 200, Body: body})
		if err != nil {
			if err.Kind != channel.Unreadable {
				t.Fatalf("%v is no unreadable answer", err)
			}
			return
		}
		s, _ := snapshot(o, listed{Number: "kitchen-soroi-1", PlacedAt: placed}, testNow)
		if err := s.Check(); err != nil {
			t.Fatal(err)
		}
		if len(s.Lines) < len(o.Items) && !s.Incomplete {
			t.Fatalf("lines are missing and nothing says so: %+v", s)
		}
	})
}

func FuzzStock(f *testing.F) {
	seedXML(f, "stock/set", "stock/set_207", "stock/get", "errors/session")
	f.Fuzz(func(t *testing.T, body []byte) {
		results, err := readStock(opSetStock, channel.Answer{Status: 207, Body: body})
		if err != nil {
			return
		}
		for _, r := range []channel.Ref{"t-shirt-01:blue-m", "mug-07", "mug-08"} {
			o := results.outcome(channel.Update{Ref: r, Want: stock.Units(3)})
			if o.State == channel.Applied && o.Shown == nil || o.State != channel.Applied && o.Err == nil {
				t.Fatalf("outcome %+v proves nothing", o)
			}
			if s, err := results.shown(r); err == nil && !s.Found && s.Quantity != (stock.Quantity{}) {
				t.Fatalf("not there and yet shown: %+v", s)
			}
		}
	})
}

func FuzzItems(f *testing.F) {
	seedXML(f, "items/list", "items/item")
	f.Fuzz(func(t *testing.T, body []byte) {
		if items, _, err := readItems(channel.Answer{Status: 200, Body: body}); err == nil {
			for _, i := range items {
				if i.ItemCode == "" {
					t.Fatal("an item without a code")
				}
			}
		}
		if variations, err := readItem(channel.Answer{Status: 200, Body: body}); err == nil {
			for _, v := range variations {
				if v.code == "" {
					t.Fatal("a variation without a code")
				}
			}
		}
	})
}

func FuzzToken(f *testing.F) {
	f.Add(200, []byte(`{"access_token":"AT","token_type":"Bearer","expires_in":3600}`))
	f.Add(200, []byte(`{"access_token":"AT","expires_in":"3600"}`))
	f.Add(400, []byte(`{"error":"invalid_grant","error_description":"ended"}`))
	f.Add(200, []byte(`<html>`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		token, lasts, err := readToken(channel.Answer{Status: status, Body: body})
		if err == nil && (token == "" || lasts <= 0 || lasts > 24*time.Hour) {
			t.Fatalf("token %q lasts %v", token.Reveal(), lasts)
		}
		if err != nil && err.Kind == channel.Auth && status >= 200 && status < 300 {
			t.Fatalf("%v", err)
		}
	})
}

func FuzzCursor(f *testing.F) {
	p := position{From: testNow, Looked: testNow, Shown: map[string]shown{
		"kitchen-soroi-10000011": {Revision: 1768440230000001, At: testNow}, "other": {Revision: 1, At: testNow}, "=odd": {At: testNow},
	}}
	f.Add(string(p.cursor("kitchen-soroi")))
	f.Add("{}")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := readCursor(channel.Cursor(text), "kitchen-soroi", testNow)
		if err != nil {
			if e, ok := errors.AsType[*channel.Error](error(err)); !ok || e.Kind != channel.Invalid {
				t.Fatalf("%v", err)
			}
			return
		}
		again, err := readCursor(p.cursor("kitchen-soroi"), "kitchen-soroi", testNow)
		if err != nil || !again.From.Equal(p.From) || !again.Looked.Equal(p.Looked) {
			t.Fatalf("%+v became %+v, %v", p, again, err)
		}
		for number, v := range again.Shown {
			if p.Shown[number] != v {
				t.Fatalf("%s was %+v and became %+v", number, p.Shown[number], v)
			}
		}
	})
}
