package shopify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"soroi/internal/channel"
)

const throttled = `{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}],"extensions":{"cost":{"requestedQueryCost":112,"actualQueryCost":null,
	"throttleStatus":{"maximumAvailable":2000.0,"currentlyAvailable":40,"restoreRate":100.0}}}}`

func TestErrors(t *testing.T) {
	const shpat = "shpat_fixed"
	for name, x := range map[string]struct {
		reply   reply
		kind    channel.ErrorKind
		code    string
		notDone bool
		wait    time.Duration
	}{
		"throttled":         {reply{body: throttled}, channel.Throttled, "THROTTLED", true, 720 * time.Millisecond},
		"throttled by 429":  {reply{status: 429, body: throttled}, channel.Throttled, "THROTTLED", true, 720 * time.Millisecond},
		"429 and Retry":     {reply{status: 429, header: http.Header{"Retry-After": {"2.0"}}}, channel.Throttled, "", true, 2 * time.Second},
		"denied":            {reply{body: `{"data":null,"errors":[{"message":"Access denied","extensions":{"code":"ACCESS_DENIED"}}]}`}, channel.Auth, "ACCESS_DENIED", true, 0},
		"too dear":          {reply{body: `{"errors":[{"message":"Query cost is 1207","extensions":{"code":"MAX_COST_EXCEEDED","cost":1207}}]}`}, channel.Invalid, "MAX_COST_EXCEEDED", true, 0},
		"their fault":       {reply{body: `{"errors":[{"message":"Internal error. Request ID: 1","extensions":{"code":"INTERNAL_SERVER_ERROR","requestId":"1"}}]}`}, channel.Temporary, "INTERNAL_SERVER_ERROR", false, 0},
		"not a document":    {reply{body: `{"errors":[{"message":"Field 'x' doesn't exist","extensions":{"code":"undefinedField"}}]}`}, channel.Invalid, "undefinedField", true, 0},
		"a field failed":    {reply{body: `{"data":{"inventorySetQuantities":null},"errors":[{"message":"oh","path":["inventorySetQuantities"]}]}`}, channel.Temporary, "", false, 0},
		"errors as text":    {reply{status: 401, body: `{"errors":"[API] Invalid API key or access token"}`}, channel.Auth, "", true, 0},
		"frozen":            {reply{status: 402, body: `{"errors":"Unavailable Shop"}`}, channel.Auth, "", true, 0},
		"forbidden":         {reply{status: 403, body: `{"errors":"no"}`}, channel.Auth, "", true, 0},
		"no shop":           {reply{status: 404, body: `{"errors":"Not Found"}`}, channel.Invalid, "", true, 0},
		"locked":            {reply{status: 423, body: `{"errors":"Locked"}`}, channel.Auth, "", true, 0},
		"500":               {reply{status: 500}, channel.Temporary, "", false, 0},
		"503":               {reply{status: 503}, channel.Maintenance, "", false, 0},
		"bad JSON asked":    {reply{status: 400, body: `{"errors":{"query":"Required parameter missing or invalid"}}`}, channel.Invalid, "", true, 0},
		"web page":          {reply{header: http.Header{"Content-Type": {"text/html"}}, body: `<!DOCTYPE html>`}, channel.Maintenance, "", false, 0},
		"neither":           {reply{body: `{}`}, channel.Unreadable, "", false, 0},
		"null data":         {reply{body: `{"data":null}`}, channel.Unreadable, "", false, 0},
		"nothing about it":  {reply{body: `{"data":{}}`}, channel.Unreadable, "", false, 0},
		"another shape":     {reply{body: `{"data":[1]}`}, channel.Unreadable, "", false, 0},
		"errors of no form": {reply{body: `{"errors":7}`}, channel.Temporary, "", false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := (&shop{}).reply("SetQuantities", x.reply)
			_, err := connect(t, s, fixed{noon}).PushStock(t.Context(), []channel.Update{update("1", 1, nil, "a")})
			e, ok := errors.AsType[*channel.Error](err)
			if !ok {
				t.Fatalf("%v is no *channel.Error", err)
			}
			if e.Kind != x.kind || e.Code != x.code || e.NotDone != x.notDone || e.RetryAfter != x.wait {
				t.Errorf("%+v, want kind %s, code %q, not done %t, wait %v", e, x.kind, x.code, x.notDone, x.wait)
			}
			if strings.Contains(e.Error(), shpat) {
				t.Errorf("the error shows the token: %v", e)
			}
		})
	}
}

const aToken = `{"access_token":"shpat_one","scope":"read_orders","expires_in":86399}`

func credentials() []string {
	return []string{fieldToken, "", fieldClientID, "id-1", fieldSecret, "secret-1"}
}

// A token is asked for once, used until shortly before it ends, and asked for again.
func TestClientCredentials(t *testing.T) {
	s := (&shop{}).reply("Token", reply{body: aToken}).reply("Token", reply{body: strings.Replace(aToken, "one", "two", 1)}).on("Orders", emptyPage)
	c := connect(t, s, fixed{noon}, credentials()...)
	for range 2 {
		if _, err := c.PullOrders(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
	}
	c.tokens.deps.Clock = fixed{noon.Add(24*time.Hour - 4*time.Minute)}
	if _, err := c.PullOrders(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	asked := s.asked("Orders")
	if asked[0].Token != "shpat_one" || asked[1].Token != "shpat_one" || asked[2].Token != "shpat_two" {
		t.Errorf("sent the tokens %s, %s, %s", asked[0].Token, asked[1].Token, asked[2].Token)
	}
	form, err := url.ParseQuery(s.asked("Token")[0].Query)
	if err != nil || form.Get("grant_type") != "client_credentials" || form.Get("client_id") != "id-1" || form.Get("client_secret") != "secret-1" {
		t.Errorf("asked for a token with %v", form)
	}
}

// A refused token is replaced once; when the new one is refused too, the merchant must act.
func TestRefusedToken(t *testing.T) {
	no := reply{status: 401, body: `{"errors":"[API] Invalid API key or access token"}`}
	s := (&shop{}).reply("Token", reply{body: aToken}).reply("Token", reply{body: strings.Replace(aToken, "one", "two", 1)}).
		reply("Orders", no).on("Orders", emptyPage).reply("Orders", no)
	c := connect(t, s, fixed{noon}, credentials()...)
	if _, err := c.PullOrders(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if asked := s.asked("Orders"); len(asked) != 2 || asked[1].Token != "shpat_two" {
		t.Errorf("asked %+v", asked)
	}
	_, err := c.PullOrders(t.Context(), "")
	if channel.KindOf(err) != channel.Auth || len(s.asked("Orders")) != 4 {
		t.Errorf("%v after %d calls, want auth after 4", err, len(s.asked("Orders")))
	}
}

func TestTokenErrors(t *testing.T) {
	for name, x := range map[string]struct {
		reply reply
		kind  channel.ErrorKind
	}{
		"wrong secret": {reply{status: 400, body: `{"error":"invalid_client","error_description":"client_secret secret is wrong"}`}, channel.Auth},
		"no shop":      {reply{status: 404}, channel.Auth},
		"500":          {reply{status: 500}, channel.Temporary},
		"429":          {reply{status: 429}, channel.Throttled},
		"no token":     {reply{body: `{}`}, channel.Unreadable},
		"no JSON":      {reply{body: `oops`}, channel.Unreadable},
	} {
		s := (&shop{}).reply("Token", x.reply)
		_, err := connect(t, s, fixed{noon}, credentials()...).PushStock(t.Context(), []channel.Update{update("1", 1, nil, "a")})
		e, ok := err.(*channel.Error)
		if !ok || e.Kind != x.kind || !e.NotDone {
			t.Errorf("%s: %v, want %s and surely not done", name, err, x.kind)
		}
	}
}

func TestOpen(t *testing.T) {
	spec := Spec()
	base := channel.Settings{channel.BaseURL: "https://example.myshopify.com"}
	with := func(pairs ...channel.Secret) channel.Settings {
		s := channel.Settings{channel.BaseURL: base[channel.BaseURL]}
		for i := 0; i < len(pairs); i += 2 {
			s[pairs[i].Reveal()] = pairs[i+1]
		}
		return s
	}
	for name, x := range map[string]struct {
		settings channel.Settings
		field    string
	}{
		"nothing":        {with(), fieldToken},
		"no address":     {channel.Settings{fieldToken: "t"}, channel.BaseURL},
		"only an id":     {with(fieldClientID, "id"), fieldSecret},
		"only a secret":  {with(fieldSecret, "s"), fieldClientID},
		"wrong location": {with(fieldToken, "t", fieldLocation, "gid://shopify/Product/1"), fieldLocation},
		"token":          {with(fieldToken, "t"), ""},
		"token, secret":  {with(fieldToken, "t", fieldSecret, "s"), ""},
		"credentials":    {with(fieldClientID, "id", fieldSecret, "s", fieldLocation, "45"), ""},
	} {
		_, err := spec.Open(x.settings, channel.Deps{})
		var field string
		if e, ok := err.(*channel.FieldError); ok {
			field = e.Field
		}
		if field != x.field || (err == nil) != (x.field == "") {
			t.Errorf("%s: %v, want field %q", name, err, x.field)
		}
	}
}

func locationsOf(nodes string) string {
	return `{"locations":{"nodes":[` + nodes + `],"pageInfo":{"hasNextPage":false,"endCursor":null}}}`
}

const (
	online = `{"id":"gid://shopify/Location/45","name":"倉庫","isActive":true,"fulfillsOnlineOrders":true}`
	closed = `{"id":"gid://shopify/Location/46","name":"旧倉庫","isActive":false,"fulfillsOnlineOrders":true}`
	till   = `{"id":"gid://shopify/Location/47","name":"銀座店","isActive":true,"fulfillsOnlineOrders":false}`
)

// Without a choice the only location that fulfils online orders is taken, and looked up once; with several, the merchant chooses.
func TestLocation(t *testing.T) {
	s := (&shop{}).on("Locations", locationsOf(till+","+closed+","+online)).on("Orders", emptyPage)
	c := connect(t, s, fixed{noon}, fieldLocation, "")
	for range 2 {
		if _, err := c.PullOrders(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
	}
	if id, err := c.locationID(t.Context()); err != nil || id != "45" || len(s.asked("Locations")) != 1 {
		t.Errorf("location %s, %v, after %d look-ups; want 45 after one", id, err, len(s.asked("Locations")))
	}
	for name, nodes := range map[string]string{"several": online + "," + strings.Replace(online, "45", "48", 1), "none": till + "," + closed} {
		s := (&shop{}).on("Locations", locationsOf(nodes))
		_, err := connect(t, s, fixed{noon}, fieldLocation, "").PullOrders(t.Context(), "")
		if channel.KindOf(err) != channel.Auth || !strings.Contains(err.Error(), "choose") {
			t.Errorf("%s: %v, want the merchant to choose", name, err)
		}
	}
	checkRequests(t, s)
}

func shopAnswer(scopes ...string) string {
	return `{"shop":{"name":"揃い屋","myshopifyDomain":"example.myshopify.com"},"currentAppInstallation":{"id":"x","accessScopes":[{"handle":"` +
		strings.Join(scopes, `"},{"handle":"`) + `"}]}}`
}

func TestCheck(t *testing.T) {
	good := shopAnswer("write_products", "write_inventory", "read_locations", "read_orders")
	s := (&shop{}).on("Shop", good).on("Locations", locationsOf(online))
	checked, err := connect(t, s, fixed{noon}, fieldLocation, "45").Check(t.Context())
	if err != nil || checked.Account != "揃い屋 (example.myshopify.com)" || !checked.Expires.IsZero() {
		t.Errorf("%+v, %v", checked, err)
	}
	checkRequests(t, s)
	for name, x := range map[string]struct {
		shop     *shop
		location string
		kind     channel.ErrorKind
		says     string
	}{
		"scopes":   {(&shop{}).on("Shop", shopAnswer("read_products", "read_inventory", "read_orders")), "45", channel.Auth, "write_inventory, read_locations"},
		"location": {(&shop{}).on("Shop", good).on("Locations", locationsOf(online)), "46", channel.Auth, "Location/46"},
		"version": {(&shop{}).reply("Shop", reply{header: http.Header{"X-Shopify-Api-Version": {"2026-10"}}, body: `{"data":` + good + `}`}),
			"45", channel.Unsupported, "2026-10"},
	} {
		_, err := connect(t, x.shop, fixed{noon}, fieldLocation, x.location).Check(t.Context())
		if channel.KindOf(err) != x.kind || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v, want %s naming %s", name, err, x.kind, x.says)
		}
	}
}

func signed(secret, body string) http.Header {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	h := http.Header{}
	h.Set("x-shopify-hmac-sha256", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return h
}

func TestVerifyWebhook(t *testing.T) {
	const body = `{"id":820982911946154508,"name":"#1001"}`
	c := connect(t, &shop{}, fixed{noon}, fieldSecret, "new", fieldOldSecret, "old")
	for _, secret := range []string{"new", "old"} {
		if err := c.VerifyWebhook(signed(secret, body), []byte(body)); err != nil {
			t.Errorf("signed with the %s secret: %v", secret, err)
		}
	}
	without := connect(t, &shop{}, fixed{noon})
	for name, err := range map[string]error{
		"another secret": c.VerifyWebhook(signed("third", body), []byte(body)),
		"another body":   c.VerifyWebhook(signed("new", body), []byte(body+" ")),
		"no header":      c.VerifyWebhook(http.Header{}, []byte(body)),
		"no base64":      c.VerifyWebhook(http.Header{"X-Shopify-Hmac-Sha256": {"%%%"}}, []byte(body)),
		"no secret":      without.VerifyWebhook(signed("", body), []byte(body)),
	} {
		if channel.KindOf(err) != channel.Auth || err == nil {
			t.Errorf("%s: %v, want auth", name, err)
		}
	}
}

func TestSubscribe(t *testing.T) {
	const subscribed = `{"webhookSubscriptions":{"pageInfo":{"hasNextPage":false,"endCursor":null},"nodes":[
		{"id":"gid://shopify/WebhookSubscription/1","topic":"ORDERS_CREATE","uri":"https://soroi.example/hooks/1"},
		{"id":"gid://shopify/WebhookSubscription/2","topic":"ORDERS_UPDATED","uri":"https://elsewhere.example/"},
		{"id":"gid://shopify/WebhookSubscription/3","topic":"ORDERS_UPDATED","uri":"https://old.example/hooks/1"},
		{"id":"gid://shopify/WebhookSubscription/4","topic":"PRODUCTS_UPDATE","uri":"https://old.example/hooks/1"}]}}`
	const made = `{"webhookSubscriptionCreate":{"webhookSubscription":{"id":"gid://shopify/WebhookSubscription/9"},"userErrors":[]}}`
	s := (&shop{}).on("Webhooks", subscribed).on("Subscribe", made).
		on("Unsubscribe", `{"webhookSubscriptionDelete":{"deletedWebhookSubscriptionId":null,"userErrors":[{"field":["id"],"message":"Webhook subscription does not exist"}]}}`)
	if err := connect(t, s, fixed{noon}, fieldSecret, "shpss_x").Subscribe(t.Context(), "https://soroi.example/hooks/1", "https://old.example/hooks/1"); err != nil {
		t.Error(err)
	}
	asked := s.asked("Subscribe")
	if len(asked) != len(topics)-1 {
		t.Fatalf("subscribed %d times, want %d", len(asked), len(topics)-1)
	}
	for i, r := range asked {
		if r.Variables["topic"] != topics[i+1] {
			t.Errorf("subscribed to %v, want %s", r.Variables["topic"], topics[i+1])
		}
	}
	if gone := s.asked("Unsubscribe"); len(gone) != 1 || gone[0].Variables["id"] != "gid://shopify/WebhookSubscription/3" {
		t.Errorf("unsubscribed %v, want only what soroi had asked for at its old address", gone)
	}
	checkRequests(t, s)
	refused := (&shop{}).on("Webhooks", subscribed).
		on("Subscribe", `{"webhookSubscriptionCreate":{"webhookSubscription":null,"userErrors":[{"field":["webhookSubscription","uri"],"message":"Address is not allowed"}]}}`)
	err := connect(t, refused, fixed{noon}, fieldSecret, "shpss_x").Subscribe(t.Context(), "https://x.example", "https://old.example/hooks/1")
	if channel.KindOf(err) != channel.Invalid || len(refused.asked("Unsubscribe")) != 0 {
		t.Errorf("%v, want invalid and the old address left alone", err)
	}
	unsigned := &shop{}
	if err := connect(t, unsigned, fixed{noon}).Subscribe(t.Context(), "https://x.example", ""); channel.KindOf(err) != channel.Invalid || len(unsigned.requests) != 0 {
		t.Errorf("without a secret: %v after %d calls, want a refusal before any", err, len(unsigned.requests))
	}
}
