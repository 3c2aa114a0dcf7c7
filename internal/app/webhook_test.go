package app_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"soroi/internal/app"
	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/engine"
	"soroi/internal/mallsim"
	"soroi/internal/mallsim/shopify"
	"soroi/internal/mallsim/town"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// patience bounds every wait; each ends as soon as what it waits for is there.
const patience = time.Minute

func until(t *testing.T, what string, there func() bool) {
	t.Helper()
	for start := time.Now(); !there(); time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > patience {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// fast are limits of a mall, in calls a second by bucket.
func fast(calls map[string]float64) (rates []channel.Rate) {
	for bucket, n := range calls {
		rates = append(rates, channel.Rate{Bucket: bucket, Calls: n, Per: time.Second, Burst: n})
	}
	return rates
}

// freeAddress is a port of this machine that is free now: shops must be told an address before soroi listens there.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// An order at a simulated Shopify, its signed webhook over HTTP, the pull, and the other mall's number. Shops are asked for orders once an
// hour, so only the webhook explains it.
func TestWebhook_from_the_order_to_the_other_mall(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	goods := []town.Good{{Code: "tea", Product: "tea", Title: "お茶", Stock: 40}}
	malls, err := town.New(clock.System{}, town.Options{Kinds: []string{"shopify", "rakuten"}, Goods: goods, LimitScale: 50, UnlimitedOrderReads: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := malls.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { malls.Close() })

	address := freeAddress(t)
	config := app.Config{DatabaseURL: filepath.Join(t.TempDir(), "soroi.db"), Listen: address, PublicURL: "http://" + address + "/",
		Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
		Engine: engine.Options{TestMalls: true, Poll: time.Hour, OpenEvery: time.Hour, ReadEvery: time.Hour,
			Rates: map[channel.Kind][]channel.Rate{"shopify": fast(map[string]float64{"points": 10000}),
				"rakuten": fast(map[string]float64{"write": 50, "read": 200, "orders": 50, "items": 50})}}}
	a, err := app.Open(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	tenant, shops := connect(t, a.DB, malls, goods)
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- a.Run(running) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})

	hook := a.URL() + engine.HookPath(tenant, shops[0])
	seller, other := malls.Mall("shopify"), malls.Mall("rakuten")
	shown := func(m *town.Mall) int64 {
		k, _ := m.Key("tea")
		n, _ := m.Core.Stock(k)
		return n
	}
	until(t, "both malls show what is there", func() bool { return shown(seller) == 30 && shown(other) == 30 })
	server := seller.Handler.(*shopify.Server)
	until(t, "Shopify sends its webhooks here", func() bool { return server.Subscribed()[hook] > 0 })
	k, _ := seller.Key("tea")
	order, err := seller.Place(mallsim.Basket{Lines: []mallsim.Want{{Key: k, Units: 3}}})
	if err != nil {
		t.Fatal(err)
	}
	placed := time.Now()
	until(t, "the other mall shows what is left", func() bool { return shown(other) == 27 })
	t.Logf("order placed → the other mall shows it: %v", time.Since(placed).Round(time.Millisecond))

	header, body := server.Webhook(order.Number)
	for _, c := range []struct {
		name, to string
		body     []byte
		forge    bool
		status   int
		says     string
	}{
		{"signed", hook, body, false, http.StatusOK, ""},
		{"changed after it was signed", hook, append(body, ' '), false, http.StatusUnauthorized, "the webhook's signature is wrong"},
		{"unsigned", hook, body, true, http.StatusUnauthorized, "the webhook carries no signature"},
		{"huge", hook, bytes.Repeat([]byte("x"), 4<<20+1), false, http.StatusRequestEntityTooLarge, "the body is larger than 4 MiB"},
		{"to a mall that sends none", a.URL() + engine.HookPath(tenant, shops[1]), body, false, http.StatusNotFound, "not found"},
		{"to a shop that is not there", a.URL() + engine.HookPath(tenant, 1), body, false, http.StatusNotFound, "not found"},
		{"to no number", a.URL() + "/hooks/1/tea", body, false, http.StatusNotFound, "not found"},
	} {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.to, bytes.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if req.Header = header.Clone(); c.forge {
			req.Header.Del("X-Shopify-Hmac-Sha256")
		}
		answer, err := (&http.Client{Timeout: patience}).Do(req)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != c.status || !strings.Contains(string(text), c.says) {
			t.Errorf("a webhook %s: %d %q %v, want %d %q", c.name, answer.StatusCode, text, err, c.status, c.says)
		}
	}
}

// connect makes the goods known with 30 units each, and the malls live shops.
func connect(t *testing.T, db *store.DB, malls *town.Town, goods []town.Good) (stock.TenantID, []channel.ShopID) {
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	tenants, err := db.ListTenants(ctx)
	must(err)
	tenant := tenants[0].ID
	at, err := db.DefaultLocation(ctx, tenant)
	must(err)
	opening := store.ChangeRequest{Cause: stock.ByImport, Kind: stock.Opening, Document: "opening"}
	for _, g := range goods {
		ids, err := db.AddSKUs(ctx, tenant, []store.NewSKU{{Code: g.Code, Name: g.Title}})
		must(err)
		opening.Rows = append(opening.Rows, stock.Change{SKU: ids[g.Code], Location: at, Mode: stock.Set, Units: 30})
	}
	_, err = db.ChangeStock(ctx, tenant, opening)
	must(err)
	var shops []channel.ShopID
	for _, m := range malls.Malls() {
		settings := channel.Settings{}
		for key, value := range m.Settings() {
			settings[key] = channel.Secret(value)
		}
		shop, err := db.AddShop(ctx, tenant, channel.Kind(m.Kind), m.Name, settings)
		must(err)
		must(db.SetMode(ctx, tenant, shop.ID, store.Live))
		shops = append(shops, shop.ID)
	}
	return tenant, shops
}

func TestOpen_refuses_a_public_address_that_will_not_do(t *testing.T) {
	t.Parallel()
	for address, says := range map[string]string{
		"http://soroi.example": "must begin with https://", "soroi.example": "is not an address", "ftp://soroi.example": "is not an address",
		"https://soroi.example/stock": "something behind the host", "https://user:word@soroi.example": "is not an address",
	} {
		_, err := app.Open(t.Context(), app.Config{DatabaseURL: filepath.Join(t.TempDir(), "soroi.db"), Listen: "127.0.0.1:0", PublicURL: address, Log: slog.New(slog.DiscardHandler)})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", address, err, says)
		}
	}
	a, err := app.Open(t.Context(), app.Config{DatabaseURL: filepath.Join(t.TempDir(), "soroi.db"), Listen: "127.0.0.1:0", PublicURL: "https://soroi.example/", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ended, stop := context.WithCancel(t.Context())
	stop()
	if err := a.Run(ended); err != nil || a.URL() != "https://soroi.example" {
		t.Errorf("%s: %v", a.URL(), err)
	}
}
