package vendure

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/clock"
	"soroi/internal/mallsim"
)

// desk is a shop without a network, with the staff logged in.
type desk struct {
	t      *testing.T
	mall   *mallsim.Mall
	server *Server
	token  string
}

func open(t *testing.T, o Options, before func(*mallsim.Mall)) *desk {
	t.Helper()
	m := mallsim.New(clock.System{}, mallsim.Options{Name: "vendure", Seed: 7})
	if before != nil {
		before(m)
	}
	o.Username, o.Password = "staff", "secret"
	d := &desk{t: t, mall: m, server: New(m, o)}
	d.login()
	return d
}

func (d *desk) login() {
	d.t.Helper()
	d.token = ""
	header, _ := d.post(`mutation { login(username: "staff", password: "secret") { __typename } }`, nil)
	d.token = header.Get("vendure-auth-token")
}

func (d *desk) post(document string, variables map[string]any) (http.Header, string) {
	d.t.Helper()
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		d.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/admin-api", strings.NewReader(string(body)))
	r.Header.Set("Authorization", "Bearer "+d.token)
	w := httptest.NewRecorder()
	d.server.ServeHTTP(w, r)
	return w.Header(), w.Body.String()
}

func (d *desk) says(document, want string) {
	d.t.Helper()
	if _, got := d.post(document, nil); got != want {
		d.t.Errorf("%s\nsays %s\nwant %s", document, got, want)
	}
}

// Whatever the town's other malls do, this one shows the units of a cancel again.
func TestCancelledUnitsComeBack(t *testing.T) {
	m := mallsim.New(clock.System{}, mallsim.Options{Name: "vendure", Restock: mallsim.RestockNever})
	New(m, Options{})
	tea := mallsim.Key{Item: "tea"}
	if err := m.AddListing(mallsim.Listing{Key: tea, Code: "tea", Title: "tea", Stock: 10}); err != nil {
		t.Fatal(err)
	}
	o, err := m.Place(mallsim.Basket{Lines: []mallsim.Want{{Key: tea, Units: 4}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Cancel(o.Number, mallsim.Cancellation{}); err != nil {
		t.Fatal(err)
	}
	if n, _ := m.Stock(tea); n != 10 {
		t.Errorf("%d are shown after the cancel", n)
	}
}

func TestSessionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{SessionLife: time.Hour}, nil)
		const ok = `{"data":{"productVariants":{"totalItems":0}}}`
		time.Sleep(59 * time.Minute)
		d.says(`{ productVariants { totalItems } }`, ok)
		time.Sleep(time.Minute)
		if _, got := d.post(`{ productVariants { totalItems } }`, nil); !strings.Contains(got, "FORBIDDEN") {
			t.Errorf("a session of an hour ago says %s", got)
		}
		d.login()
		d.says(`{ productVariants { totalItems } }`, ok)
		d.says(`mutation { logout { success } }`, `{"data":{"logout":{"success":true}}}`)
		if _, got := d.post(`{ productVariants { totalItems } }`, nil); !strings.Contains(got, "FORBIDDEN") {
			t.Errorf("after leaving it says %s", got)
		}
	})
}

// A mall that comes back from its books has the same ids and the same units allocated.
func TestRestored(t *testing.T) {
	tea, cup := mallsim.Key{Item: "tea"}, mallsim.Key{Item: "cup"}
	first := open(t, Options{}, nil)
	for _, key := range []mallsim.Key{tea, cup} {
		if err := first.mall.AddListing(mallsim.Listing{Key: key, Code: key.Item, Title: key.Item, Stock: 10}); err != nil {
			t.Fatal(err)
		}
	}
	o, err := first.mall.Place(mallsim.Basket{Lines: []mallsim.Want{{Key: tea, Units: 4}, {Key: cup, Units: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.mall.Ship(o.Number, map[string]int64{"1": 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := first.mall.Cancel(o.Number, mallsim.Cancellation{Lines: map[string]int64{"2": 1}}); err != nil {
		t.Fatal(err)
	}
	const question = `{ productVariants(options: { sort: { id: ASC } }) { items { id sku stockLevels { stockOnHand stockAllocated } } }
		orders { items { code state totalQuantity updatedAt } } }`
	_, want := first.post(question, nil)
	if !strings.Contains(want, `"sku":"tea","stockLevels":[{"stockAllocated":3,"stockOnHand":9}]`) {
		t.Errorf("before: %s", want)
	}
	second := open(t, Options{}, func(m *mallsim.Mall) {
		if err := m.Restore(first.mall.Books()); err != nil {
			t.Fatal(err)
		}
	})
	second.says(question, strings.TrimSpace(want))
}

// An order's time of change follows its quantities, not its parcels: the real server forgets the others.
func TestForgottenChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tea := mallsim.Key{Item: "tea"}
		d := open(t, Options{}, nil)
		if err := d.mall.AddListing(mallsim.Listing{Key: tea, Code: "tea", Title: "tea", Stock: 10}); err != nil {
			t.Fatal(err)
		}
		o, err := d.mall.Place(mallsim.Basket{Lines: []mallsim.Want{{Key: tea, Units: 4}}})
		if err != nil {
			t.Fatal(err)
		}
		const question = `{ orders(options: { filter: { updatedAt: { after: "2000-01-01T00:30:00Z" } } }) { totalItems } }`
		time.Sleep(time.Hour)
		if _, err := d.mall.Ship(o.Number, map[string]int64{"1": 1}); err != nil {
			t.Fatal(err)
		}
		d.says(question, `{"data":{"orders":{"totalItems":0}}}`)
		if _, err := d.mall.Cancel(o.Number, mallsim.Cancellation{Lines: map[string]int64{"1": 1}}); err != nil {
			t.Fatal(err)
		}
		d.says(question, `{"data":{"orders":{"totalItems":1}}}`)
	})
}

func TestFilters(t *testing.T) {
	d := open(t, Options{}, nil)
	for _, code := range []string{"tea", "cup", "Teapot"} {
		if err := d.mall.AddListing(mallsim.Listing{Key: mallsim.Key{Item: code}, Code: code, Title: code, Stock: 1}); err != nil {
			t.Fatal(err)
		}
	}
	d.mall.RemoveListing(mallsim.Key{Item: "cup"})
	for options, want := range map[string]string{
		`sort: { sku: ASC }`:  `Teapot tea`,
		`sort: { sku: DESC }`: `tea Teapot`,
		`filter: { sku: { contains: "tea" } }, sort: { id: ASC }`:                                            `tea Teapot`,
		`filter: { sku: { notEq: "tea" } }`:                                                                  `Teapot`,
		`filter: { sku: { notIn: ["Teapot"] } }`:                                                             `tea`,
		`filter: { sku: { isNull: true } }`:                                                                  ``,
		`filter: { id: { in: ["3", "2", "1"] } }, sort: { id: DESC }`:                                        `Teapot tea`,
		`filter: { id: { eq: "1" }, sku: { eq: "cup" } }`:                                                    ``,
		`filter: { id: { eq: "1" }, sku: { eq: "Teapot" } }, filterOperator: OR`:                             `tea Teapot`,
		`filter: { createdAt: { between: { start: "1990-01-01T00:00:00Z", end: "1991-01-01T00:00:00Z" } } }`: ``,
		`take: 0`: ``,
		`skip: 7`: ``,
	} {
		var said struct {
			Data struct {
				ProductVariants struct{ Items []struct{ SKU string } }
			}
		}
		_, text := d.post(`{ productVariants(options: { `+options+` }) { items { sku } } }`, nil)
		if err := json.Unmarshal([]byte(text), &said); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range said.Data.ProductVariants.Items {
			got = append(got, v.SKU)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s gives %v, want %s (%s)", options, got, want, text)
		}
	}
}

func FuzzAsk(f *testing.F) {
	f.Add(`{"query":"{ productVariants { items { id } } }"}`)
	f.Add(`{"query":"mutation ($i: [UpdateProductVariantInput!]!) { updateProductVariants(input: $i) { id } }","variables":{"i":[{"id":"1","stockLevels":[{"stockLocationId":"1","stockOnHand":3}]}]}}`)
	f.Add(`{"query":"query ($o: OrderListOptions) { orders(options: $o) { items { lines { quantity } } } }","variables":{"o":{"take":3,"sort":{"code":"DESC"},"filter":{"state":{"in":["x"]}}}}}`)
	m := mallsim.New(clock.System{}, mallsim.Options{Name: "vendure"})
	if err := m.AddListing(mallsim.Listing{Key: mallsim.Key{Item: "tea"}, Code: "tea", Stock: 5}); err != nil {
		f.Fatal(err)
	}
	if _, err := m.Place(mallsim.Basket{Lines: []mallsim.Want{{Key: mallsim.Key{Item: "tea"}, Units: 1}}}); err != nil {
		f.Fatal(err)
	}
	server := New(m, Options{Username: "staff", Password: "secret"})
	d := &desk{mall: m, server: server}
	f.Fuzz(func(t *testing.T, body string) {
		d.t = t
		if d.token == "" {
			d.login()
		}
		r := httptest.NewRequest(http.MethodPost, "/admin-api", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+d.token)
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		if w.Code != 200 && w.Code != 400 || !json.Valid(w.Body.Bytes()) {
			t.Errorf("HTTP %d %s", w.Code, w.Body)
		}
	})
}
