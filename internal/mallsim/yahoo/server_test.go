package yahoo

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"soroi/internal/mallsim"
)

// hands is a clock that a test sets.
type hands struct {
	mu  sync.Mutex
	now time.Time
}

func (h *hands) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hands) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func (h *hands) Sleep(ctx context.Context, d time.Duration) error { h.pass(d); return ctx.Err() }

func (h *hands) After(d time.Duration) <-chan time.Time {
	h.pass(d)
	c := make(chan time.Time, 1)
	c <- h.Now()
	return c
}

var shared = sync.OnceValue(NewKey)

// store is a simulated store with a caller that signs its calls, each at a second of its own.
type store struct {
	*Server
	t      *testing.T
	clock  *hands
	mall   *mallsim.Mall
	access string
	bare   bool // calls go out without the header
}

func open(t *testing.T, o Options) *store {
	t.Helper()
	clock := &hands{now: time.Date(2026, 1, 15, 1, 0, 0, 0, time.UTC)}
	m := mallsim.New(clock, mallsim.Options{Name: "テスト店", Seed: 7})
	o.PrivateKey = shared()
	x := &store{Server: New(m, o), t: t, clock: clock, mall: m}
	x.access = x.refresh(x.Grant())
	for _, l := range []mallsim.Listing{
		{Key: mallsim.Key{Item: "t-shirt-01", Variant: "blue-m"}, Title: "Tシャツ 青 M", Stock: 10},
		{Key: mallsim.Key{Item: "t-shirt-01", Variant: "red-m"}, Title: "Tシャツ 赤 M", Stock: 5},
		{Key: mallsim.Key{Item: "mug-07"}, Title: "マグ & <皿> ]]>", Stock: 9},
	} {
		if err := x.ListItem(l); err != nil {
			t.Fatal(err)
		}
	}
	return x
}

var (
	blue = mallsim.Key{Item: "t-shirt-01", Variant: "blue-m"}
	mug  = mallsim.Key{Item: "mug-07"}
)

type answered struct {
	status int
	header http.Header
	body   string
}

func (x *store) send(r *http.Request) answered {
	w := httptest.NewRecorder()
	x.ServeHTTP(w, r)
	return answered{w.Code, w.Header(), w.Body.String()}
}

func (x *store) tokenCall(form url.Values, id, secret string) (int, map[string]any) {
	x.t.Helper()
	r := httptest.NewRequest("POST", "/yconnect/v2/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(id, secret)
	a := x.send(r)
	var body map[string]any
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		x.t.Fatalf("token answer %q: %v", a.body, err)
	}
	return a.status, body
}

func (x *store) refresh(token string) string {
	x.t.Helper()
	status, body := x.tokenCall(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}, "soroi-app", "soroi-secret")
	if status != 200 {
		x.t.Fatalf("refreshing: %d %v", status, body)
	}
	if _, there := body["refresh_token"]; there {
		x.t.Error("a refresh returned a new refresh token")
	}
	return body["access_token"].(string)
}

func sign(t *testing.T, c Credentials, text string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(c.PublicKey))
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	//lint:ignore SA1019 the mall asks for this padding
	sealed, err := rsa.EncryptPKCS1v15(rand.Reader, key.(*rsa.PublicKey), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(sealed)
}

// request is a call as a good caller makes it.
func (x *store) request(method, path, kind, body string) *http.Request {
	x.t.Helper()
	r := httptest.NewRequest(method, "/ShoppingWebService/V1/"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Authorization", "Bearer "+x.access)
	if !x.bare {
		c := x.Credentials()
		r.Header.Set("X-sws-signature", sign(x.t, c, fmt.Sprintf("%s:%d", c.SellerID, x.clock.Now().Unix())))
		r.Header.Set("X-sws-signature-version", c.KeyVersion)
	}
	return r
}

func (x *store) call(method, path, kind, body string) answered {
	x.t.Helper()
	x.clock.pass(time.Second)
	return x.send(x.request(method, path, kind, body))
}

const formKind = "application/x-www-form-urlencoded"

func (x *store) set(codes, quantities string) answered {
	return x.call("POST", "setStock", formKind, url.Values{"seller_id": {"soroi-store"}, "item_code": {codes}, "quantity": {quantities}}.Encode())
}

// wantStatus also checks that the body is well-formed XML.
func (x *store) want(a answered, status int, holds ...string) {
	x.t.Helper()
	if a.status != status {
		x.t.Errorf("status %d, want %d: %s", a.status, status, a.body)
	}
	decoder := xml.NewDecoder(strings.NewReader(a.body))
	for {
		if _, err := decoder.Token(); err == io.EOF {
			break
		} else if err != nil {
			x.t.Errorf("the answer is no XML: %v\n%s", err, a.body)
			break
		}
	}
	flat := strings.ReplaceAll(a.body, "\n", "")
	for _, h := range holds {
		if !strings.Contains(flat, h) {
			x.t.Errorf("the answer lacks %s:\n%s", h, a.body)
		}
	}
}

func TestTokens(t *testing.T) {
	x := open(t, Options{})
	form := url.Values{"grant_type": {"authorization_code"}, "code": {x.Consent()}, "redirect_uri": {"https://soroi.example/callback"}}
	status, body := x.tokenCall(form, "soroi-app", "soroi-secret")
	if status != 200 || body["refresh_token"] == nil || body["expires_in"] != 3600.0 || body["token_type"] != "Bearer" {
		t.Fatalf("exchanging a code: %d %v", status, body)
	}
	refresh := body["refresh_token"].(string)
	refused := func(what string, form url.Values, id, secret string, status int, name string) {
		t.Helper()
		if got, body := x.tokenCall(form, id, secret); got != status || body["error"] != name {
			t.Errorf("%s: %d %v, want %d %s", what, got, body, status, name)
		}
	}
	refused("the same code again", form, "soroi-app", "soroi-secret", 400, "invalid_grant")
	refused("a wrong secret", form, "soroi-app", "guess", 401, "invalid_client")
	old := url.Values{"grant_type": {"authorization_code"}, "code": {x.Consent()}, "redirect_uri": {"https://soroi.example/callback"}}
	x.clock.pass(codeLife)
	refused("an old code", old, "soroi-app", "soroi-secret", 400, "invalid_grant")
	elsewhere := url.Values{"grant_type": {"authorization_code"}, "code": {x.Consent()}, "redirect_uri": {"https://evil.example/"}}
	refused("another redirect_uri", elsewhere, "soroi-app", "soroi-secret", 400, "invalid_grant")
	refused("another grant type", url.Values{"grant_type": {"password"}}, "soroi-app", "soroi-secret", 400, "unsupported_grant_type")
	again := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}
	x.clock.pass(RefreshLife - codeLife - time.Second)
	if x.refresh(refresh) == "" {
		t.Error("no token in the last second of 28 days")
	}
	x.clock.pass(time.Second)
	refused("after 28 days", again, "soroi-app", "soroi-secret", 400, "invalid_grant")
}

func TestAuthorizePage(t *testing.T) {
	x := open(t, Options{})
	const page = "/yconnect/v2/authorization?response_type=code&client_id=%s&redirect_uri=https%%3A%%2F%%2Fsoroi.example%%2Fcallback&scope=openid&state=s1"
	a := x.send(httptest.NewRequest("GET", fmt.Sprintf(page, "soroi-app"), nil))
	to, err := url.Parse(a.header.Get("Location"))
	if a.status != http.StatusFound || err != nil || to.Host != "soroi.example" || to.Query().Get("state") != "s1" || to.Query().Get("code") == "" {
		t.Errorf("%d to %v", a.status, to)
	}
	if a := x.send(httptest.NewRequest("GET", fmt.Sprintf(page, "other"), nil)); a.status != 400 {
		t.Errorf("another client: %d", a.status)
	}
}

func TestAccessTokenEnds(t *testing.T) {
	x := open(t, Options{})
	x.want(x.call("GET", "orderCount?sellerId=soroi-store", "", ""), 200, "<NewOrder>0</NewOrder>")
	x.clock.pass(accessLife)
	a := x.call("GET", "orderCount?sellerId=soroi-store", "", "")
	x.want(a, 401)
	if h := a.header.Get("WWW-Authenticate"); !strings.Contains(h, `error="invalid_token"`) || !strings.Contains(h, "expired token") {
		t.Errorf("WWW-Authenticate: %s", h)
	}
	x.access = "made up"
	x.want(x.set("mug-07", "3"), 401)
	x.access = x.refresh(x.Grant())
	x.Revoke()
	x.want(x.set("mug-07", "3"), 401)
}

// The header is decrypted: another store, another time, another version or no encryption at all are all no header.
func TestHeader(t *testing.T) {
	x := open(t, Options{})
	c := x.Credentials()
	now := func() int64 { return x.clock.Now().Unix() }
	for name, forge := range map[string]func(h http.Header){
		"another store": func(h http.Header) { h.Set("X-sws-signature", sign(t, c, fmt.Sprintf("other-store:%d", now()))) },
		"old":           func(h http.Header) { h.Set("X-sws-signature", sign(t, c, fmt.Sprintf("soroi-store:%d", now()-400))) },
		"ahead":         func(h http.Header) { h.Set("X-sws-signature", sign(t, c, fmt.Sprintf("soroi-store:%d", now()+400))) },
		"no time":       func(h http.Header) { h.Set("X-sws-signature", sign(t, c, "soroi-store")) },
		"not sealed": func(h http.Header) {
			h.Set("X-sws-signature", base64.StdEncoding.EncodeToString([]byte("soroi-store:1")))
		},
		"no base64":     func(h http.Header) { h.Set("X-sws-signature", "%%%") },
		"other version": func(h http.Header) { h.Set("X-sws-signature-version", "3") },
		"no version":    func(h http.Header) { h.Del("X-sws-signature-version") },
	} {
		x.clock.pass(time.Minute)
		r := x.request("POST", "getStock", formKind, "seller_id=soroi-store&item_code=mug-07")
		forge(r.Header)
		t.Log(name)
		x.want(x.send(r), 403, "<Code>px-14303</Code>")
	}
	x.want(x.call("POST", "getStock", formKind, "seller_id=soroi-store&item_code=mug-07"), 200)
	x.ReplaceKey(shared())
	if v := x.Credentials().KeyVersion; v != "5" {
		t.Errorf("the new key's version is %s", v)
	}
	x.access = x.refresh(x.Grant())
	x.clock.pass(keyLife - 2*time.Second)
	x.access = x.refresh(x.Grant())
	x.want(x.set("mug-07", "3"), 200)
	x.want(x.set("mug-07", "3"), 403, "px-14303") // the key's year is over
}

// Without the header everything ends twelve hours after the first order call; stock calls alone do not start that clock.
func TestTwelveHours(t *testing.T) {
	x := open(t, Options{})
	x.bare = true
	refresh := x.Grant()
	x.access = x.refresh(refresh)
	x.want(x.set("mug-07", "3"), 200)
	x.clock.pass(13 * time.Hour)
	x.access = x.refresh(refresh)
	x.want(x.call("GET", "orderCount?sellerId=soroi-store", "", ""), 200)
	x.clock.pass(11*time.Hour + 55*time.Minute)
	x.access = x.refresh(refresh)
	x.clock.pass(10 * time.Minute)
	x.want(x.set("mug-07", "3"), 401, "px-04102")
	if status, _ := x.tokenCall(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}, "soroi-app", "soroi-secret"); status != 400 {
		t.Errorf("the refresh token still works: %d", status)
	}
	x.access = x.refresh(x.Grant())
	x.want(x.set("mug-07", "3"), 200)

	strict := open(t, Options{RefuseUnsigned: true})
	strict.bare = true
	strict.want(strict.set("mug-07", "3"), 403, "px-14303")
}

// One call a second and path; one too many closes that path for a while, and no other.
func TestRate(t *testing.T) {
	x := open(t, Options{})
	get := func() answered {
		return x.send(x.request("POST", "getStock", formKind, "seller_id=soroi-store&item_code=mug-07"))
	}
	x.want(get(), 200)
	x.want(get(), 503)
	x.want(x.send(x.request("POST", "setStock", formKind, "seller_id=soroi-store&item_code=mug-07&quantity=1")), 200)
	x.clock.pass(time.Second)
	x.want(get(), 503)
	x.clock.pass(2 * time.Second)
	x.want(get(), 200)
	if n := x.mall.Calls()["getStock:refused"]; n != 2 {
		t.Errorf("%d refusals counted, want 2", n)
	}
	hard := open(t, Options{TooFastStatus: 403})
	hard.want(hard.set("mug-07", "1"), 200)
	hard.want(hard.send(hard.request("POST", "setStock", formKind, "seller_id=soroi-store&item_code=mug-07&quantity=1")), 403)
	free := open(t, Options{UnlimitedOrderReads: true})
	fast := open(t, Options{LimitScale: 10})
	for range 8 {
		free.want(free.send(free.request("GET", "orderCount?sellerId=soroi-store", "", "")), 200)
		fast.want(fast.send(fast.request("GET", "orderCount?sellerId=soroi-store", "", "")), 200)
	}
}

// What the mall says of its failures is in its own words and still XML.
func TestFaults(t *testing.T) {
	for kind, want := range map[mallsim.FaultKind]struct {
		status int
		says   string
	}{
		mallsim.ServerError:  {500, "ed-00001"},
		mallsim.TooMany:      {503, "rate"},
		mallsim.Unavailable:  {503, "ed-00002"},
		mallsim.Unauthorized: {401, "expired token"},
		mallsim.Forbidden:    {403, "px-04307"},
		mallsim.Conflict:     {400, "反映中"},
	} {
		x := open(t, Options{})
		x.mall.Inject(mallsim.Fault{Op: OpSetStock, Kind: kind})
		x.want(x.set("mug-07", "1"), want.status, want.says)
		if n, _ := x.mall.Stock(mug); n != 9 {
			t.Errorf("%s: the mall shows %d, want 9", kind, n)
		}
	}
	x := open(t, Options{})
	x.mall.Inject(mallsim.Fault{Op: OpSetStock, Kind: mallsim.SilentLoss})
	x.want(x.set("mug-07,t-shirt-01:blue-m", "1,+2"), 200, "<Quantity>1</Quantity>", "<Quantity>12</Quantity>")
	if n, _ := x.mall.Stock(mug); n != 9 {
		t.Errorf("a lost write shows %d, want 9", n)
	}
	x.mall.ClearFaults()
	x.mall.Inject(mallsim.Fault{Op: OpOrderList, Kind: mallsim.ServerError})
	x.want(x.call("POST", "orderList", "application/xml", ""), 500, "od91001")
	x.want(x.call("POST", "nowhere", "application/xml", ""), 404)
}
