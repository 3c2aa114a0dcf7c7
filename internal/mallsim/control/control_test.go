package control

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"soroi/internal/clock"
	"soroi/internal/mallsim"
)

type desk struct {
	*testing.T
	mall *mallsim.Mall
	http.Handler
}

func open(t *testing.T) *desk {
	t.Helper()
	m := mallsim.New(clock.System{}, mallsim.Options{Name: "楽天"})
	for i := range 5 {
		k := mallsim.Key{Item: fmt.Sprint("item", i), Variant: "v"}
		if err := m.AddListing(mallsim.Listing{Key: k, Code: fmt.Sprint("C-", i), Stock: 10}); err != nil {
			t.Fatal(err)
		}
	}
	shop := Shop{Name: "rakuten", Kind: "rakuten", BaseURL: "http://127.0.0.1:1", Settings: map[string]string{"license_key": "SL"}, Mall: m}
	return &desk{t, m, Handler(func() []Shop { return []Shop{shop} })}
}

func (d *desk) call(method, path, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:9"+path, strings.NewReader(body))
	for _, fn := range change {
		fn(r)
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

// want makes a call and decodes its answer into out.
func (d *desk) want(status int, method, path, body string, out any) {
	d.Helper()
	w := d.call(method, path, body)
	if w.Code != status {
		d.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	if out != nil {
		if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
			d.Fatal(err)
		}
	}
}

func TestABuyersDay(t *testing.T) {
	d := open(t)
	var o mallsim.Order
	d.want(201, "POST", "/shops/rakuten/orders", `{"number":"A 1/2","lines":[{"code":"C-1","units":3},{"item":"item2","variant":"v","units":99,"at_most":true}]}`, &o)
	if len(o.Lines) != 2 || o.Lines[0].Key.Item != "item1" || o.Lines[1].Wanted != 10 {
		t.Fatalf("%+v", o)
	}
	at := "/shops/rakuten/orders/" + url.PathEscape("A 1/2")
	d.want(200, "POST", at+"/edit", `{"line":"1","units":2}`, &o)
	d.want(200, "POST", at+"/ship", `{"lines":{"2":4}}`, &o)
	d.want(200, "POST", at+"/return", `{"lines":{"2":1},"restock":true}`, &o)
	d.want(200, "POST", at+"/advance", `{"stage":"300"}`, &o)
	d.want(200, "POST", at+"/cancel", `{"lines":{"1":1},"restock":false,"reason":"no need"}`, &o)
	d.want(200, "POST", at+"/cancel", "", &o)
	if o.Lines[0].Wanted != 0 || o.Lines[1].Wanted != 4 || o.Lines[1].Returned != 1 || o.Stage != "300" || o.Revision != 7 {
		t.Fatalf("%+v", o)
	}
	var again mallsim.Order
	d.want(200, "GET", at, "", &again)
	if again.Revision != 7 {
		t.Fatalf("%+v", again)
	}
	var l listingView
	d.want(200, "POST", "/shops/rakuten/stock", `{"code":"C-2","add":5}`, &l)
	if l.Stock != 12 || l.Shown != 12 { // 10 − 10 + 1 back + 6 cancelled + 5
		t.Fatalf("%+v", l)
	}
	d.want(200, "POST", "/shops/rakuten/stock", `{"item":"item2","variant":"v","stock":1}`, &l)
	d.want(200, "POST", "/shops/rakuten/stock", `{"code":"C-2","unlimited":true}`, &l)
	if l.Stock != 1 || !l.Unlimited {
		t.Fatalf("%+v", l)
	}
	d.want(201, "POST", "/shops/rakuten/listings", `{"listings":[{"key":{"item":"new"},"code":"N","stock":4}]}`, nil)
	d.want(201, "POST", "/shops/rakuten/orders", `{"lines":[{"code":"N","units":4}]}`, nil)
	d.want(204, "DELETE", "/shops/rakuten/listings?item=new", "", nil)
	var all struct{ Shops []shopView }
	d.want(200, "GET", "/shops", "", &all)
	if s := all.Shops[0]; s.Settings["license_key"] != "SL" || s.Orders != 2 || s.Listings != 5 || s.Changes == 0 {
		t.Fatalf("%+v", s)
	}
	d.want(200, "GET", "/", "", nil)
	d.want(200, "GET", "/shops/rakuten", "", nil)
	d.want(200, "GET", "/shops/rakuten/calls", "", nil)
}

func TestRefusals(t *testing.T) {
	d := open(t)
	d.mall.Place(mallsim.Basket{Number: "n", Lines: []mallsim.Want{{Key: mallsim.Key{Item: "item0", Variant: "v"}, Units: 1}}})
	orders, changes := d.mall.Size()
	for _, c := range []struct {
		status             int
		code, method, path string
		body               string
	}{
		{404, "no_path", "GET", "/nothing", ""},
		{404, "no_shop", "GET", "/shops/amazon", ""},
		{404, "no_order", "GET", "/shops/rakuten/orders/x", ""},
		{404, "no_order", "POST", "/shops/rakuten/orders/x/ship", ""},
		{404, "no_order", "POST", "/shops/rakuten/orders/n/ship", `{"lines":{"7":1}}`},
		{404, "no_change", "POST", "/shops/rakuten/orders/n/burn", ""},
		{409, "wrong_state", "POST", "/shops/rakuten/orders/n/return", ""},
		{400, "bad_request", "POST", "/shops/rakuten/orders/n/edit", `{"line":"1"}`},
		{400, "bad_request", "POST", "/shops/rakuten/orders", ""},
		{400, "bad_request", "POST", "/shops/rakuten/orders", `{"lines":[]}`},
		{400, "bad_request", "POST", "/shops/rakuten/orders", `{"lines":[{"code":"C-1","units":1}]} {}`},
		{400, "bad_request", "POST", "/shops/rakuten/orders", `{"lines":[{"code":"C-1","unit":1}]}`},
		{400, "bad_request", "POST", "/shops/rakuten/orders", `{"lines":[{"code":"C-1","units":-1}]}`},
		{400, "no_key", "POST", "/shops/rakuten/orders", `{"lines":[{"units":1}]}`},
		{404, "no_listing", "POST", "/shops/rakuten/orders", `{"lines":[{"code":"C-1","units":1},{"code":"none","units":1}]}`},
		{409, "sold_out", "POST", "/shops/rakuten/orders", `{"lines":[{"code":"C-1","units":1},{"code":"C-2","units":11}]}`},
		{409, "wrong_state", "POST", "/shops/rakuten/orders", `{"number":"n","lines":[{"code":"C-1","units":1}]}`},
		{413, "too_large", "POST", "/shops/rakuten/orders", `{"number":"` + strings.Repeat("x", LargestBody) + `"}`},
		{400, "bad_request", "POST", "/shops/rakuten/stock", `{"code":"C-1"}`},
		{400, "bad_request", "POST", "/shops/rakuten/stock", `{"code":"C-1","stock":1,"add":1}`},
		{400, "bad_request", "POST", "/shops/rakuten/stock", `{"code":"C-1","stock":-1}`},
		{409, "out_of_range", "POST", "/shops/rakuten/stock", `{"code":"C-1","add":-11}`},
		{404, "no_listing", "POST", "/shops/rakuten/stock", `{"item":"zz","stock":1}`},
		{409, "listed", "POST", "/shops/rakuten/listings", `{"listings":[{"key":{"item":"new"}},{"key":{"item":"item1","variant":"v"}}]}`},
		{409, "listed", "POST", "/shops/rakuten/listings", `{"listings":[{"key":{"item":"new"}},{"key":{"item":"new"}}]}`},
		{404, "no_listing", "DELETE", "/shops/rakuten/listings?item=zz", ""},
		{400, "bad_request", "GET", "/shops/rakuten/journal?limit=0", ""},
		{400, "bad_request", "GET", "/shops/rakuten/journal?after=x", ""},
		{400, "bad_request", "GET", "/shops/rakuten/orders?from=yesterday", ""},
		{400, "bad_request", "GET", "/shops/rakuten/orders?after=x", ""},
		{400, "bad_request", "POST", "/shops/rakuten/faults", `{"kind":"earthquake"}`},
		{400, "bad_request", "POST", "/shops/rakuten/faults", `{"kind":"slow","op":"["}`},
		{400, "bad_request", "POST", "/shops/rakuten/faults", `{"kind":"slow","delay":"soon"}`},
		{400, "bad_request", "POST", "/shops/rakuten/faults", `{"kind":"slow","probability":2}`},
		{400, "bad_request", "POST", "/shops/rakuten/faults", `{"kind":"slow","until":"2001-01-01T00:00:00Z"}`},
	} {
		w := d.call(c.method, c.path, c.body)
		var p struct{ Code, Detail string }
		json.Unmarshal(w.Body.Bytes(), &p)
		if w.Code != c.status || p.Code != c.code || p.Detail == "" || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s %.80s: %d %s", c.method, c.path, c.body, w.Code, w.Body)
		}
	}
	if o, ch := d.mall.Size(); o != orders || ch != changes || d.mall.Count() != 5 || len(d.mall.Faults()) != 0 {
		t.Errorf("something was half done: %d orders, %d changes", o, ch)
	}
	if w := d.call("GET", "/shops", "", func(r *http.Request) { r.Host = "evil.example" }); w.Code != 403 {
		t.Errorf("another host's name: %d", w.Code)
	}
	if w := d.call("GET", "/shops", "", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }); w.Code != 403 {
		t.Errorf("a foreign origin: %d", w.Code)
	}
	if w := d.call("GET", "/shops", "", func(r *http.Request) { r.Host = "[::1]:80"; r.Header.Set("Origin", "http://localhost:3") }); w.Code != 200 {
		t.Errorf("loopback: %d", w.Code)
	}
}

var link = regexp.MustCompile(`^<([^>]+)>; rel="next"$`)

func TestBooksByPage(t *testing.T) {
	d := open(t)
	at := time.Now()
	for i := range 23 {
		// Several orders share a moment, so a page may end between them.
		d.mall.Place(mallsim.Basket{At: at.Add(time.Duration(i/4) * time.Second), Lines: []mallsim.Want{{Key: mallsim.Key{Item: fmt.Sprint("item", i%5), Variant: "v"}, Units: 1}}})
	}
	for _, c := range []struct {
		path string
		want int
	}{{"/listings", 5}, {"/orders", 23}, {"/journal", 28}} {
		seen := map[string]bool{}
		for path := "/shops/rakuten" + c.path + "?limit=4"; path != ""; {
			w := d.call("GET", path, "")
			if w.Code != 200 {
				t.Fatal(w.Body)
			}
			n := 0
			for s := bufio.NewScanner(w.Body); s.Scan(); n++ {
				if seen[s.Text()] {
					t.Errorf("%s: twice %s", c.path, s.Text())
				}
				seen[s.Text()] = true
			}
			path = ""
			if m := link.FindStringSubmatch(w.Header().Get("Link")); m != nil {
				path = m[1]
			}
			if n > 4 || path != "" && n < 4 {
				t.Errorf("%s: a page of %d", c.path, n)
			}
		}
		all := strings.Count(d.call("GET", "/shops/rakuten"+c.path, "").Body.String(), "\n")
		if len(seen) != c.want || all != c.want {
			t.Errorf("%s: %d by page, %d at once, want %d", c.path, len(seen), all, c.want)
		}
	}
	from := at.Add(5 * time.Second).UTC().Format(time.RFC3339Nano)
	if got := strings.Count(d.call("GET", "/shops/rakuten/orders?from="+from, "").Body.String(), "\n"); got != 3 {
		t.Errorf("%d orders from %s", got, from)
	}
}

func TestFaults(t *testing.T) {
	d := open(t)
	d.want(201, "POST", "/shops/rakuten/faults", `{"op":"inventories/*","kind":"unavailable","after":"1h","for":"2h"}`, nil)
	d.want(201, "POST", "/shops/rakuten/faults", `{"kind":"slow","times":3,"delay":"250ms","probability":0.5}`, nil)
	f := d.mall.Faults()
	if len(f) != 2 || f[0].Until.Sub(f[0].From) != 2*time.Hour || f[1].Delay != 250*time.Millisecond || f[1].Times != 3 {
		t.Fatalf("%+v", f)
	}
	if lead := time.Until(f[0].From); lead < 59*time.Minute || lead > time.Hour {
		t.Errorf("begins in %v", lead)
	}
	var list struct{ Faults []struct{ Delay string } }
	d.want(200, "GET", "/shops/rakuten/faults", "", &list)
	if len(list.Faults) != 2 || list.Faults[1].Delay != "250ms" {
		t.Fatalf("%+v", list)
	}
	d.want(204, "DELETE", "/shops/rakuten/faults", "", nil)
	if len(d.mall.Faults()) != 0 {
		t.Fatal("faults were not cleared")
	}
}
