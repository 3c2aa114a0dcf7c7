package yahoo

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/channel/channeltest"
	"soroi/internal/clock"
)

const (
	testSeller  = "kitchen-soroi"
	testID      = "dj00aiZpPWsoroi"
	testSecret  = "hush-client-secret"
	testRefresh = "RT-hush-refresh-token"
)

// script is a mall that answers as each test says, and remembers what it was asked. It exists for what the simulated mall does
// not do on demand.
type script struct {
	t     *testing.T
	key   *rsa.PrivateKey
	clock clock.Clock

	mu     sync.Mutex
	asked  []request
	tokens int
	orders []scripted
	answer map[string]func(w http.ResponseWriter, r request) // by operation, in the place of the usual answer
}

type request struct {
	op     string
	header http.Header
	body   string
}

// scripted is an order of the script.
type scripted struct {
	number            string
	placed, changed   time.Time
	published, listed time.Time
	version           int
	status, children  string
	reason            string
}

func newScript(t *testing.T) *script {
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	return &script{t: t, key: key, clock: clock.System{}, answer: map[string]func(http.ResponseWriter, request){}}
}

func (s *script) pem() string {
	der, err := x509.MarshalPKIXPublicKey(&s.key.PublicKey)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func (s *script) settings() channel.Settings {
	return channel.Settings{
		fieldSeller: testSeller, fieldClientID: testID, fieldClientSecret: testSecret, fieldRefreshToken: testRefresh,
		fieldKey: channel.Secret(s.pem()), fieldKeyVersion: "4", channel.BaseURL: "https://yahoo.test/",
	}
}

func (s *script) open(change ...func(channel.Settings)) *connector {
	s.t.Helper()
	settings := s.settings()
	for _, c := range change {
		c(settings)
	}
	spec := Spec()
	opened, err := spec.Open(settings, channel.Deps{
		HTTP:  &http.Client{Transport: &channeltest.Transport{Handler: s}, Timeout: 30 * time.Second},
		Clock: s.clock,
		Pace:  channel.NewPace(s.clock, spec.Limits.Rates),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return opened.(*connector)
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	req := request{op: r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:], header: r.Header, body: string(body)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, req)
	if answer := s.answer[req.op]; answer != nil {
		answer(w, req)
		return
	}
	switch req.op {
	case opToken:
		s.tokens++
		fmt.Fprintf(w, `{"access_token":"AT-%d","token_type":"Bearer","expires_in":3600}`, s.tokens)
	case opOrderList:
		s.list(w, req)
	case opOrderInfo:
		s.info(w, req)
	default:
		s.t.Errorf("%s was not expected", req.op)
	}
}

func (s *script) list(w io.Writer, r request) {
	var q struct {
		Search listSearch `xml:"Search"`
		Seller string     `xml:"SellerId"`
	}
	if err := xml.Unmarshal([]byte(r.body), &q); err != nil || q.Seller != testSeller {
		s.t.Errorf("orderList %s: %v", r.body, err)
	}
	within := func(t time.Time, from, to string) bool {
		text := writeTime(t)
		return (from == "" || text >= from) && (to == "" || text <= to)
	}
	var found []scripted
	c := q.Search.Condition
	for _, o := range s.orders {
		if within(o.placed, c.OrderedFrom, c.OrderedTo) && within(o.published, c.PublishedFrom, c.PublishedTo) &&
			!s.clock.Now().Before(o.listed) {
			found = append(found, o)
		}
	}
	slices.SortStableFunc(found, func(a, b scripted) int { return a.placed.Compare(b.placed) })
	from := min(q.Search.Start-1, len(found))
	to := min(from+q.Search.Result, len(found))
	fmt.Fprintf(w, `<Result><Status>OK</Status><Search><TotalCount>%d</TotalCount>`, len(found))
	for _, o := range found[from:to] {
		fmt.Fprintf(w, `<OrderInfo><OrderId>%s</OrderId><Version>%d</Version><OrderTime>%s</OrderTime>`+
			`<LastUpdateTime>%s</LastUpdateTime><PublicationTime>%s</PublicationTime></OrderInfo>`,
			o.number, o.version, jst(o.placed), jst(o.changed), jst(o.published))
	}
	fmt.Fprint(w, `</Search></Result>`)
}

func (s *script) info(w http.ResponseWriter, r request) {
	var q struct {
		OrderID string `xml:"Target>OrderId"`
	}
	if err := xml.Unmarshal([]byte(r.body), &q); err != nil {
		s.t.Error(err)
	}
	i := slices.IndexFunc(s.orders, func(o scripted) bool { return o.number == q.OrderID })
	if i < 0 {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `<Error><Message>no such order</Message><Code>od91801</Code></Error>`)
		return
	}
	o := s.orders[i]
	fmt.Fprintf(w, `<ResultSet><Result><Status>OK</Status><OrderInfo><OrderId>%s</OrderId><Version>%d</Version><OrderTime>%s</OrderTime>`+
		`<LastUpdateTime>%s</LastUpdateTime><OrderStatus>%s</OrderStatus><CancelReason>%s</CancelReason><ChildOrderId>%s</ChildOrderId>`+
		`<Item><LineId>1</LineId><ItemId>mug-07</ItemId><Title>m</Title><SubCode/><Quantity>1</Quantity></Item></OrderInfo></Result></ResultSet>`,
		o.number, o.version, jst(o.placed), jst(o.changed), cmp.Or(o.status, "2"), o.reason, o.children)
}

// place puts an order into the script as of now.
func (s *script) place(number string) *scripted {
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders = append(s.orders, scripted{
		number: testSeller + "-" + number, placed: now, changed: now, published: now, listed: now, version: 1,
	})
	return &s.orders[len(s.orders)-1]
}

// calls are how often each operation has been asked since the last time.
func (s *script) calls() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := map[string]int{}
	for _, r := range s.asked {
		n[r.op]++
	}
	s.asked = nil
	return n
}

func (s *script) last(op string) request {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range slices.Backward(s.asked) {
		if r.op == op {
			return r
		}
	}
	s.t.Fatalf("%s was not asked", op)
	return request{}
}

func jst(t time.Time) string { return t.In(japan).Format(time.RFC3339) }

// signed is what the mall reads in the header of a call.
func (s *script) signed(r request) (seller, unix string) {
	sealed, err := base64.StdEncoding.DecodeString(r.header.Get("X-Sws-Signature"))
	if err != nil {
		s.t.Fatal(err)
	}
	//lint:ignore SA1019 the mall reads PKCS #1 v1.5 and nothing else
	text, err := rsa.DecryptPKCS1v15(rand.Reader, s.key, sealed)
	if err != nil {
		s.t.Fatal(err)
	}
	seller, unix, _ = strings.Cut(string(text), ":")
	return seller, unix
}
