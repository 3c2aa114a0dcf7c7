package shopify

import (
	"errors"
	"testing"

	"soroi/internal/channel"
	"soroi/internal/channel/channeltest"
)

// whatever answers every operation with the same bytes.
func whatever(body []byte) *shop {
	s := &shop{}
	for _, d := range documents() {
		s.reply(operationName.FindStringSubmatch(d.Text)[1], reply{body: string(body)})
	}
	return s.reply("Token", reply{body: string(body)})
}

func wantOurs(t *testing.T, err error) {
	t.Helper()
	if e, ok := errors.AsType[*channel.Error](err); err != nil && (!ok || e.Kind == "" || e.Op == "") {
		t.Errorf("%v (%T) is no whole *channel.Error", err, err)
	}
}

func FuzzOrders(f *testing.F) {
	for name, list := range orderCases(f) {
		if len(list) == 1 {
			f.Add([]byte(list[0].Answer))
		}
		f.Add(channeltest.Fixture(f, "orders/"+name+".answers.json"))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		page, err := connect(t, whatever(body), fixed{noon}).PullOrders(t.Context(), "")
		wantOurs(t, err)
		for _, o := range page.Orders {
			if err := o.Check(); err != nil {
				t.Error(err)
			}
		}
	})
}

func FuzzHistory(f *testing.F) {
	for _, list := range orderCases(f) {
		for _, a := range list {
			f.Add([]byte(a.Answer))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		h := head{id: gidOrder + "1", number: "#1"}
		past, err := connect(t, whatever(body), fixed{noon}).history(t.Context(), &h)
		wantOurs(t, err)
		for id, n := range past.shipped {
			if n < 0 {
				t.Errorf("line %s has sent %d units", id, n)
			}
		}
	})
}

func FuzzStock(f *testing.F) {
	f.Add([]byte(`{"data":` + setAnswerOf("", changed("1", 7)) + `}`))
	f.Add([]byte(`{"data":` + setAnswerOf(named("CHANGE_FROM_QUANTITY_STALE", 1)) + `}`))
	f.Add([]byte(`{"data":{"nodes":[` + stocked("1", -3) + `,null]}}`))
	f.Add([]byte(throttled))
	f.Fuzz(func(t *testing.T, body []byte) {
		c := connect(t, whatever(body), fixed{noon})
		outcomes, err := c.PushStock(t.Context(), []channel.Update{update("1", 7, n(0), "a"), update("2", 3, nil, "b")})
		wantOurs(t, err)
		for _, o := range outcomes {
			if (o.State == channel.Applied) != (o.Err == nil) {
				t.Errorf("outcome %+v", o)
			}
			wantOurs(t, o.Err)
		}
		if err == nil && len(outcomes) != 2 {
			t.Errorf("%d outcomes for 2 updates", len(outcomes))
		}
		shown, err := c.ReadStock(t.Context(), []channel.Ref{"1@124656943", "2@124656943"})
		wantOurs(t, err)
		if err == nil && len(shown) != 2 {
			t.Errorf("%d answers for 2 refs", len(shown))
		}
	})
}

func FuzzOthers(f *testing.F) {
	f.Add([]byte(`{"data":` + locationsOf(online) + `}`))
	f.Add([]byte(`{"data":` + shopAnswer("read_orders") + `}`))
	f.Add([]byte(aToken))
	f.Fuzz(func(t *testing.T, body []byte) {
		c := connect(t, whatever(body), fixed{noon}, fieldLocation, "")
		_, err := c.ListListings(t.Context(), "")
		wantOurs(t, err)
		_, err = c.Check(t.Context())
		wantOurs(t, err)
		wantOurs(t, c.Subscribe(t.Context(), "https://soroi.example/", "https://soroi.test/"))
		_, err = connect(t, whatever(body), fixed{noon}, credentials()...).Check(t.Context())
		wantOurs(t, err)
	})
}

func FuzzCursor(f *testing.F) {
	f.Add(`{"since":"2026-08-01T00:00:00Z","after":"x"}`)
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		_, err := connect(t, (&shop{}).on("Orders", emptyPage), fixed{noon}).PullOrders(t.Context(), channel.Cursor(text))
		wantOurs(t, err)
	})
}

func FuzzWebhook(f *testing.F) {
	f.Add("c2lnbmF0dXJl", []byte(`{}`))
	c := connect(f, &shop{}, fixed{noon}, fieldSecret, "new")
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		header := map[string][]string{"X-Shopify-Hmac-Sha256": {signature}}
		if err := c.VerifyWebhook(header, body); err == nil && signature != signed("new", string(body)).Get("X-Shopify-Hmac-SHA256") {
			t.Errorf("signature %q passes", signature)
		}
	})
}
