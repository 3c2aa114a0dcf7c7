package shopify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/mallsim"
)

// ear is somebody who takes webhooks.
type ear struct {
	mu     sync.Mutex
	status int
	heard  []heard
}

type heard struct {
	topic, id, event string
	body             string
	signature        string
	at               time.Time
}

func (e *ear) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, heard{r.Header.Get("X-Shopify-Topic"), r.Header.Get("X-Shopify-Webhook-Id"), r.Header.Get("X-Shopify-Event-Id"),
		string(body), r.Header.Get("X-Shopify-Hmac-SHA256"), time.Now()})
	w.WriteHeader(e.status)
}

func (e *ear) all() []heard {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.heard)
}

func (e *ear) topics() string {
	var topics []string
	for _, h := range e.all() {
		topics = append(topics, h.topic)
	}
	slices.Sort(topics)
	return strings.Join(topics, " ")
}

// listening is a shop that sends everything to an ear while the test runs.
func listening(t *testing.T, e *ear, o Options, topics ...string) *shop {
	t.Helper()
	o.Client = &http.Client{Transport: mallsim.Transport(e)}
	s := newShop(t, o)
	for _, topic := range topics {
		data := s.good(s.query(`mutation($t: WebhookSubscriptionTopic!) { webhookSubscriptionCreate(topic: $t, webhookSubscription: {uri: "https://soroi.example/hooks", format: JSON}) { webhookSubscription { id topic uri } userErrors { field message } } }`,
			map[string]any{"t": topic}))
		if dig(data, "webhookSubscriptionCreate", "webhookSubscription", "uri") != "https://soroi.example/hooks" {
			t.Fatalf("%v", data)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	})
	return s
}

func mac(secret, body string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(body))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

func (s *shop) subscribed() int {
	data := s.good(s.query(`{ webhookSubscriptions(first: 50) { nodes { id topic uri format } } }`, nil))
	return len(dig(data, "webhookSubscriptions", "nodes").([]any))
}

func TestWebhooksOfAnOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &ear{status: 200}
		s := listening(t, e, Options{}, "ORDERS_CREATE", "ORDERS_UPDATED", "ORDERS_CANCELLED", "INVENTORY_LEVELS_UPDATE")
		o := s.place(mallsim.Want{Key: tea, Units: 2})
		synctest.Wait()
		if got := e.topics(); got != "inventory_levels/update orders/create orders/updated" {
			t.Errorf("after a sale: %s", got)
		}
		if _, err := s.mall.Cancel(o.Number, mallsim.Cancellation{}); err != nil {
			t.Fatal(err)
		}
		s.good(s.set("k", s.want(tea, 3, nil)))
		synctest.Wait()
		if got := e.topics(); got != "inventory_levels/update inventory_levels/update inventory_levels/update orders/cancelled orders/create orders/updated orders/updated" {
			t.Errorf("after a cancel and an own write: %s", got)
		}
		ids := map[string]bool{}
		for _, h := range e.all() {
			if h.signature != mac("shpss_soroi", h.body) {
				t.Errorf("%s is not signed: %s", h.topic, h.signature)
			}
			if ids[h.id] {
				t.Errorf("the id %s came twice", h.id)
			}
			ids[h.id] = true
			if strings.HasPrefix(h.topic, "orders/") && !strings.Contains(h.body, `"name":"`+o.Number+`"`) {
				t.Errorf("%s: %s", h.topic, h.body)
			}
		}
	})
}

func TestWebhooksAreRepeatedAndThenGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &ear{status: 500}
		s := listening(t, e, Options{}, "ORDERS_CREATE", "ORDERS_UPDATED")
		s.place(mallsim.Want{Key: tea, Units: 2})
		time.Sleep(90 * time.Second)
		synctest.Wait()
		e.mu.Lock()
		e.status = 200
		e.mu.Unlock()
		time.Sleep(5 * time.Hour)
		synctest.Wait()
		all := e.all()
		if len(all) != 6 || s.subscribed() != 2 {
			t.Errorf("two deliveries, each heard the third time: %+v", all)
		}
		for _, h := range all {
			if n := len(slices.DeleteFunc(slices.Clone(all), func(o heard) bool { return o.id != h.id })); n != 3 {
				t.Errorf("delivery %s was tried %d times under one id", h.id, n)
			}
		}
		e.mu.Lock()
		e.status, e.heard = 404, nil
		e.mu.Unlock()
		s.place(mallsim.Want{Key: tea, Units: 2})
		began := time.Now()
		time.Sleep(5 * time.Hour)
		synctest.Wait()
		all = e.all()
		if n := s.subscribed(); len(all) != 18 || n != 0 {
			t.Errorf("%d tries, %d subscriptions left", len(all), n)
		}
		if last := all[len(all)-1].at.Sub(began); last > 4*time.Hour+time.Minute {
			t.Errorf("the last try came after %v", last)
		}
		s.place(mallsim.Want{Key: tea, Units: 2})
		time.Sleep(time.Hour)
		if n := len(e.all()); n != 18 {
			t.Errorf("a deleted subscription was told: %d", n)
		}
	})
}

func TestDuplicateWebhooksHaveOneID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &ear{status: 200}
		s := listening(t, e, Options{DuplicateEvery: 2}, "ORDERS_CREATE")
		s.place(mallsim.Want{Key: tea, Units: 1})
		s.place(mallsim.Want{Key: tea, Units: 1})
		synctest.Wait()
		count := map[string]int{}
		for _, h := range e.all() {
			count[h.id]++
		}
		if len(e.all()) != 3 || len(count) != 2 {
			t.Errorf("%v", count)
		}
	})
}

func TestARotatedSecretSignsAnHourLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, Options{})
		o := s.place(mallsim.Want{Key: tea, Units: 1})
		s.RotateSecret("shpss_new")
		header, body := s.Webhook(o.Number)
		if header.Get("X-Shopify-Hmac-SHA256") != mac("shpss_soroi", string(body)) {
			t.Error("right after the change the old secret signs")
		}
		time.Sleep(time.Hour)
		header, body = s.Webhook(o.Number)
		if header.Get("X-Shopify-Hmac-SHA256") != mac("shpss_new", string(body)) {
			t.Error("an hour later the new secret signs")
		}
	})
}

func TestSubscriptionsThatAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, Options{})
		create := func(s *shop, uri string) string {
			data := s.good(s.query(`mutation($u: String!) { webhookSubscriptionCreate(topic: ORDERS_CREATE, webhookSubscription: {uri: $u}) { webhookSubscription { id } userErrors { message } } }`, map[string]any{"u": uri}))
			message, _ := dig(data, "webhookSubscriptionCreate", "userErrors", 0, "message").(string)
			return message
		}
		for uri, says := range map[string]string{"http://soroi.example/hooks": "not supported", "hooks": "is invalid", "https://": "is invalid",
			"https://example.myshopify.com/hooks": "cannot be any of the domains"} {
			if got := create(s, uri); !strings.Contains(got, says) {
				t.Errorf("%s: %q", uri, got)
			}
		}
		if got := create(s, "http://127.0.0.1:8080/hooks"); got != "" {
			t.Errorf("this machine: %q", got)
		}
		if got := create(s, "http://127.0.0.1:8080/hooks"); !strings.Contains(got, "already been taken") {
			t.Errorf("twice: %q", got)
		}
		if n := s.subscribed(); n != 1 {
			t.Errorf("%d subscriptions", n)
		}
		if got := create(newShop(t, Options{Scopes: []string{"read_products"}}), "https://soroi.example/"); !strings.Contains(got, "missing access scope") {
			t.Errorf("without read_orders: %q", got)
		}
		if got := create(newShop(t, Options{NotApproved: true}), "https://soroi.example/"); !strings.Contains(got, "protected customer data") {
			t.Errorf("without approval: %q", got)
		}
	})
}

func TestABodyHasOnlyTheFieldsThatWereAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &ear{status: 200}
		s := listening(t, e, Options{})
		s.good(s.query(`mutation { webhookSubscriptionCreate(topic: ORDERS_CREATE, webhookSubscription: {uri: "https://soroi.example/", includeFields: ["id", "nothing"]}) { webhookSubscription { includeFields } } }`, nil))
		o := s.place(mallsim.Want{Key: tea, Units: 2})
		synctest.Wait()
		want := fmt.Sprintf(`{"id":%d}`, s.ids.of(kindOrder, o.Number))
		if all := e.all(); len(all) != 1 || all[0].body != want || all[0].signature != mac("shpss_soroi", want) {
			t.Errorf("%+v, want %s", all, want)
		}
	})
}
