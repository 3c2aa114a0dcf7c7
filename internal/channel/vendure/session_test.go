package vendure

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/mallsim"
	mall "soroi/internal/mallsim/vendure"
	"soroi/internal/order"
	"soroi/internal/stock"
)

// talk is a connector whose shop is a function.
func talk(t *testing.T, answer http.HandlerFunc) *shop {
	t.Helper()
	return over(t, mallsim.Transport(answer), nil)
}

func over(t *testing.T, transport http.RoundTripper, more channel.Settings) *shop {
	t.Helper()
	settings := channel.Settings{channel.BaseURL: "https://shop.example", fieldUsername: "soroi", fieldPassword: "correct-horse"}
	for k, v := range more {
		settings[k] = v
	}
	c := clock.System{}
	conn, err := Spec().Open(settings, channel.Deps{HTTP: &http.Client{Transport: transport}, Clock: c, Pace: channel.NewPace(c, Spec().Limits.Rates)})
	if err != nil {
		t.Fatal(err)
	}
	return conn.(*shop)
}

func simulated(t *testing.T, o mall.Options) (*mallsim.Mall, *mall.Server) {
	t.Helper()
	m := mallsim.New(clock.System{}, mallsim.Options{Name: "vendure", Seed: 1})
	o.Username, o.Password = "soroi", "correct-horse"
	if err := m.AddListing(mallsim.Listing{Key: mallsim.Key{Item: "tea"}, Code: "tea", Title: "tea", Stock: 10}); err != nil {
		t.Fatal(err)
	}
	return m, mall.New(m, o)
}

func TestOneLoginForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, server := simulated(t, mall.Options{})
		s := over(t, mallsim.Transport(server), nil)
		read := func() {
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					if got, err := s.ReadStock(t.Context(), []channel.Ref{"1"}); err != nil || got[0].Quantity != stock.Units(10) {
						t.Errorf("read %+v, %v", got, err)
					}
				})
			}
			wg.Wait()
		}
		read()
		if n := m.Calls()["login"]; n != 1 {
			t.Errorf("%d logins, want 1", n)
		}
		server.Forget()
		read()
		if n := m.Calls()["login"]; n != 2 {
			t.Errorf("%d logins after the shop forgot the session, want 2", n)
		}
	})
}

// A login that failed leaves nothing behind that the next caller could take for a session.
func TestLoginFailsOnce(t *testing.T) {
	m, server := simulated(t, mall.Options{})
	s := over(t, mallsim.Transport(server), nil)
	stale, err := s.session.current(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	server.Forget()
	m.Inject(mallsim.Fault{Op: "login", Kind: mallsim.ServerError, Times: 1})
	if _, err := s.session.renew(t.Context(), s, stale); channel.KindOf(err) != channel.Temporary {
		t.Errorf("a login that the shop could not serve: %v", err)
	}
	token, err := s.session.renew(t.Context(), s, stale)
	if err != nil || token == "" || token == stale {
		t.Errorf("the next caller got %q, %v", token.Reveal(), err)
	}
}

func TestNoBearerToken(t *testing.T) {
	_, server := simulated(t, mall.Options{CookiesOnly: true})
	_, err := over(t, mallsim.Transport(server), nil).ReadStock(t.Context(), []channel.Ref{"1"})
	if channel.KindOf(err) != channel.Auth || !strings.Contains(err.Error(), "tokenMethod") {
		t.Errorf("a shop that gives no token: %v", err)
	}
}

func TestWrongChannelToken(t *testing.T) {
	_, server := simulated(t, mall.Options{ChannelToken: "mine"})
	_, err := over(t, mallsim.Transport(server), channel.Settings{fieldToken: "another"}).ReadStock(t.Context(), []channel.Ref{"1"})
	if channel.KindOf(err) != channel.Auth || codeOf(err) != "CHANNEL_NOT_FOUND" {
		t.Errorf("a wrong channel token: %v", err)
	}
}

// A sale between the reading and the writing of one push stays taken: the shop counts it apart.
func TestSaleWhilePushing(t *testing.T) {
	m, server := simulated(t, mall.Options{Threshold: 3})
	tea := mallsim.Key{Item: "tea"}
	between := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		before := m.Calls()["productVariants"]
		server.ServeHTTP(w, r)
		if m.Calls()["productVariants"] > before {
			if _, err := m.Place(mallsim.Basket{Lines: []mallsim.Want{{Key: tea, Units: 2}}}); err != nil {
				t.Error(err)
			}
		}
	})
	s := over(t, mallsim.Transport(between), nil)
	outcomes, err := s.PushStock(t.Context(), []channel.Update{{Ref: "1", Want: stock.Units(7), Key: "k"}})
	if err != nil || outcomes[0].State != channel.Applied || *outcomes[0].Shown != stock.Units(5) {
		t.Errorf("the push gave %+v, %v; want it applied, showing 5", outcomes, err)
	}
	if n, _ := m.Stock(tea); n != 5 {
		t.Errorf("the shop sells %d, want the 7 that were pushed less the 2 that were sold meanwhile", n)
	}
}

// A burst that fills more than a page within the overlap is pulled to its end, and a change among it is found soon.
func TestBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, server := simulated(t, mall.Options{})
		s := over(t, mallsim.Transport(server), nil)
		m.SetStock(mallsim.Key{Item: "tea"}, 1000, mallsim.ByEdit)
		seen := map[string]order.State{}
		var since channel.Cursor
		pull := func() {
			for calls := 0; ; calls++ {
				page, err := s.PullOrders(t.Context(), since)
				if err != nil || calls > 20 {
					t.Fatalf("call %d: %v", calls, err)
				}
				for _, o := range page.Orders {
					seen[o.Number] = o.State
				}
				if since = page.Next; !page.More {
					return
				}
			}
		}
		pull()
		var last string
		for range 2*pageOrders + 20 {
			o, err := m.Place(mallsim.Basket{Lines: []mallsim.Want{{Key: mallsim.Key{Item: "tea"}, Units: 1}}})
			if err != nil {
				t.Fatal(err)
			}
			last = o.Number
		}
		pull()
		if len(seen) != 2*pageOrders+20 {
			t.Errorf("pulled %d of %d orders", len(seen), 2*pageOrders+20)
		}
		time.Sleep(time.Minute)
		pull()
		if _, err := m.Cancel(last, mallsim.Cancellation{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		for range 3 {
			pull()
		}
		if seen[last] != order.Cancelled {
			t.Errorf("the cancelled order is still %s after three pulls", seen[last])
		}
	})
}

func TestAdminPath(t *testing.T) {
	for given, want := range map[string]string{
		"https://shop.example":            "https://shop.example/admin-api",
		"https://shop.example/":           "https://shop.example/admin-api",
		"https://shop.example/back/admin": "https://shop.example/back/admin",
	} {
		if got := over(t, nil, channel.Settings{channel.BaseURL: channel.Secret(given)}).endpoint; got != want {
			t.Errorf("%s leads to %s, want %s", given, got, want)
		}
	}
}
