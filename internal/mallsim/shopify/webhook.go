package shopify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"soroi/internal/mallsim"
)

// retries are the pauses before each further try of a delivery: eight within four hours. After the last one the subscription is
// deleted.
var retries = []time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 40 * time.Minute,
	time.Hour, 102 * time.Minute}

const (
	patience     = 5 * time.Second // for the whole answer
	mostSendings = 8               // at once
)

// hooks are the subscriptions, and the deliveries that are on their way.
type hooks struct {
	s *Server

	mu      sync.Mutex
	list    []subscription
	serial  int64
	queue   []delivery
	counted int
	wake    chan struct{}
	known   map[string]bool // orders whose creation has been told
	over    map[string]bool // orders whose cancel has been told
}

type subscription struct {
	id      int64
	topic   string
	uri     string
	format  string
	fields  []string // of the body; empty is all of them
	created time.Time
}

type delivery struct {
	hook  int64
	topic string
	id    string // the same on every try
	event string
	body  []byte
	at    time.Time // when it happened
	due   time.Time
	tried int
}

func newHooks(s *Server) *hooks {
	h := &hooks{s: s, wake: make(chan struct{}, 1), known: map[string]bool{}, over: map[string]bool{}}
	for _, o := range s.mall.Find(mallsim.Query{Hidden: true}) {
		h.known[o.Number], h.over[o.Number] = true, o.Cancelled
	}
	return h
}

// headerTopic is a topic as the header writes it: ORDERS_CREATE is orders/create.
func headerTopic(topic string) string {
	i := strings.LastIndex(topic, "_")
	return strings.ToLower(topic[:i] + "/" + topic[i+1:])
}

// enqueue lines up one event for everyone who subscribed to it.
func (h *hooks) enqueue(topic string, due time.Time, body []byte) {
	event := h.s.next("event")
	h.mu.Lock()
	hooks := slices.Clone(h.list)
	h.mu.Unlock()
	for _, hook := range hooks {
		if hook.topic != topic {
			continue
		}
		d := delivery{hook: hook.id, topic: topic, id: h.s.next("delivery"), event: event, body: only(body, hook.fields), at: due, due: due}
		h.mu.Lock()
		h.counted++
		h.queue = append(h.queue, d)
		if n := h.s.o.DuplicateEvery; n > 0 && h.counted%n == 0 {
			h.queue = append(h.queue, d)
		}
		h.mu.Unlock()
	}
	h.nudge()
}

// only keeps the named fields of a body, at its top; no names keep everything.
func only(text []byte, fields []string) []byte {
	if len(fields) == 0 {
		return text
	}
	all, some := map[string]json.RawMessage{}, map[string]any{}
	if err := json.Unmarshal(text, &all); err != nil { // it has just been written
		panic(err)
	}
	for _, f := range fields {
		if v, ok := all[f]; ok {
			some[f] = v
		}
	}
	return body(some)
}

// silent tells whether nobody would hear of an event: then nothing is written for it.
func (h *hooks) silent() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.s.o.Client == nil || len(h.list) == 0
}

func (h *hooks) nudge() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

func (h *hooks) change(c mallsim.Change) {
	if c.By == mallsim.ByRemoval || h.silent() {
		return
	}
	item := h.s.ids.item(c.Key)
	h.enqueue("INVENTORY_LEVELS_UPDATE", c.At, body(map[string]any{
		"inventory_item_id": item, "location_id": h.s.o.Locations[0].ID, "available": c.After, "updated_at": c.At.UTC().Format(time.RFC3339),
		"admin_graphql_api_id": gid(kindLevel, h.s.ids.of(kindLevel, keyName(c.Key))) + "?inventory_item_id=" + legacy(item),
	}))
}

func (h *hooks) order(o mallsim.Order, refunded bool) {
	h.mu.Lock()
	created, cancelled := !h.known[o.Number], o.Cancelled && !h.over[o.Number]
	h.known[o.Number], h.over[o.Number] = true, o.Cancelled
	h.mu.Unlock()
	if h.silent() {
		return
	}
	due := h.s.mall.Clock().Now()
	if o.ListedAt.After(due) {
		due = o.ListedAt
	}
	text := h.s.orderBody(o)
	if created {
		h.enqueue("ORDERS_CREATE", due, text)
	}
	h.enqueue("ORDERS_UPDATED", due, text)
	if cancelled {
		h.enqueue("ORDERS_CANCELLED", due, text)
	}
	if refunded {
		h.enqueue("REFUNDS_CREATE", due, body(map[string]any{"order_id": h.s.ids.of(kindOrder, o.Number), "created_at": due.UTC().Format(time.RFC3339)}))
	}
}

// orderBody is an order as webhooks write it: the older API's names and plain numbers.
func (s *Server) orderBody(o mallsim.Order) []byte {
	n := s.ids.of(kindOrder, o.Number)
	var cancelled any
	if o.Cancelled {
		cancelled = o.ChangedAt.UTC().Format(time.RFC3339)
	}
	lines := []map[string]any{}
	for _, l := range o.Lines {
		lines = append(lines, map[string]any{"id": s.ids.of(kindLine, o.Number+"/"+l.ID), "variant_id": s.ids.variant(l.Key), "sku": l.Code,
			"quantity": max(l.Ordered, l.Wanted), "current_quantity": currentOf(l), "fulfillable_quantity": max(l.Wanted-l.Shipped, 0)})
	}
	return body(map[string]any{"id": n, "admin_graphql_api_id": gid(kindOrder, n), "name": o.Number, "test": o.Test,
		"created_at": o.PlacedAt.UTC().Format(time.RFC3339), "updated_at": s.updatedAt(o).UTC().Format(time.RFC3339), "cancelled_at": cancelled,
		"financial_status": strings.ToLower(financialStatus(o)), "line_items": lines})
}

func body(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil { // numbers, strings and lists of them always marshal
		panic(err)
	}
	return text
}

// Sign is the header that goes with a body: topic as in orders/create, the shop and the signature.
func (s *Server) Sign(topic, id string, at time.Time, body []byte) http.Header {
	s.mu.Lock()
	secret := s.secrets.now
	if s.secrets.before != "" && s.mall.Clock().Now().Before(s.secrets.until) {
		secret = s.secrets.before
	}
	s.mu.Unlock()
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return http.Header{
		"Content-Type":          {"application/json"},
		"X-Shopify-Topic":       {topic},
		"X-Shopify-Shop-Domain": {s.o.Domain},
		"X-Shopify-Hmac-Sha256": {base64.StdEncoding.EncodeToString(mac.Sum(nil))},
		"X-Shopify-Webhook-Id":  {id},
		// The time in the header has fractions of a second, unlike those in the body.
		"X-Shopify-Triggered-At": {at.UTC().Format(time.RFC3339Nano)},
		"X-Shopify-Api-Version":  {versions[len(versions)-2]},
	}
}

// Webhook is what the shop would send about an order now.
func (s *Server) Webhook(number string) (http.Header, []byte) {
	o, _ := s.mall.Order(number)
	text := s.orderBody(o)
	return s.Sign("orders/updated", s.next("delivery"), s.mall.Clock().Now(), text), text
}

// Run sends webhooks until ctx ends, and returns when every sending has ended. Nothing is sent while it does not run.
func (s *Server) Run(ctx context.Context) error {
	var sending sync.WaitGroup
	defer sending.Wait()
	turns := make(chan struct{}, mostSendings)
	for {
		d, wait, some := s.hooks.due()
		if !some {
			var later <-chan time.Time
			if wait > 0 {
				later = s.mall.Clock().After(wait)
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-s.hooks.wake:
			case <-later:
			}
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case turns <- struct{}{}:
		}
		sending.Go(func() {
			defer func() { <-turns }()
			s.send(ctx, d)
		})
	}
}

// due takes the next delivery whose time has come, or says how long until one's has; 0 is none at all.
func (h *hooks) due() (d delivery, wait time.Duration, some bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.s.mall.Clock().Now()
	for i, d := range h.queue {
		if left := d.due.Sub(now); left <= 0 {
			h.queue = slices.Delete(h.queue, i, i+1)
			return d, 0, true
		} else if wait == 0 || left < wait {
			wait = left
		}
	}
	return delivery{}, wait, false
}

// send tries a delivery once.
func (s *Server) send(ctx context.Context, d delivery) {
	hook, ok := s.hooks.find(d.hook)
	if !ok {
		return
	}
	if s.post(ctx, hook, d) || ctx.Err() != nil {
		return
	}
	if d.tried >= len(retries) {
		s.hooks.drop(d.hook)
		return
	}
	d.due = s.mall.Clock().Now().Add(retries[d.tried])
	d.tried++
	s.hooks.mu.Lock()
	s.hooks.queue = append(s.hooks.queue, d)
	s.hooks.mu.Unlock()
	s.hooks.nudge()
}

func (s *Server) post(ctx context.Context, hook subscription, d delivery) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hook.uri, bytes.NewReader(d.body))
	if err != nil {
		return false
	}
	req.Header = s.Sign(headerTopic(d.topic), d.id, d.at, d.body)
	req.Header.Set("X-Shopify-Event-Id", d.event)
	resp, err := s.o.Client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	return err == nil && resp.StatusCode >= 200 && resp.StatusCode < 300
}

func (h *hooks) find(id int64) (subscription, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.IndexFunc(h.list, func(s subscription) bool { return s.id == id })
	if i < 0 {
		return subscription{}, false
	}
	return h.list[i], true
}

// drop deletes a subscription and what was on its way to it. False when there is none.
func (h *hooks) drop(id int64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := len(h.list)
	h.list = slices.DeleteFunc(h.list, func(s subscription) bool { return s.id == id })
	h.queue = slices.DeleteFunc(h.queue, func(d delivery) bool { return d.hook == id })
	return len(h.list) < before
}

func (c *call) hook(s subscription) object {
	return object{kindHook, bag{"id": gid(kindHook, s.id), "legacyResourceId": legacy(s.id), "topic": s.topic, "uri": s.uri, "callbackUrl": s.uri,
		"format": s.format, "createdAt": s.created, "updatedAt": s.created, "includeFields": slices.Clone(s.fields), "filter": nil}}
}

func (c *call) subscription(id int64) (object, bool) {
	s, ok := c.hooks.find(id)
	return c.hook(s), ok
}

func (c *call) subscribe(args map[string]any) any {
	input, _ := args["webhookSubscription"].(map[string]any)
	uri, _ := input["uri"].(string)
	if uri == "" {
		uri, _ = input["callbackUrl"].(string)
	}
	s := subscription{topic: args["topic"].(string), uri: uri, format: "JSON", fields: []string{}, created: c.now()}
	if named, ok := input["includeFields"].([]any); ok {
		for _, f := range named {
			s.fields = append(s.fields, f.(string))
		}
	}
	complain := func(message string, field ...string) any {
		return object{"WebhookSubscriptionCreatePayload", bag{"webhookSubscription": nil,
			"userErrors": []object{{"UserError", bag{"field": append([]string{"webhookSubscription"}, field...), "message": message}}}}}
	}
	scope := "read_orders"
	if s.topic == "INVENTORY_LEVELS_UPDATE" {
		scope = "read_inventory"
	}
	u, err := url.Parse(uri)
	switch {
	case !slices.Contains(c.o.Scopes, scope):
		return complain("Invalid topic specified: " + headerTopic(s.topic) + ". Does it exist? Is there a missing access scope?")
	case c.o.NotApproved && scope == "read_orders":
		return complain("This app is not approved to subscribe to webhook topics containing protected customer data.")
	case err != nil || u.Host == "":
		return complain("Address is invalid", "callbackUrl")
	case u.Scheme != "https" && !loopback(u.Hostname()):
		return complain("Address protocol http:// is not supported", "callbackUrl")
	case u.Hostname() == c.o.Domain || strings.HasSuffix(u.Hostname(), ".myshopify.com"):
		return complain("Address cannot be any of the domains: "+c.o.Domain, "callbackUrl")
	case input["format"] == "XML":
		return complain("The simulated mall sends JSON only", "format")
	}
	c.hooks.mu.Lock()
	defer c.hooks.mu.Unlock()
	if slices.ContainsFunc(c.hooks.list, func(o subscription) bool { return o.topic == s.topic && o.uri == s.uri }) {
		return complain("Address for this topic has already been taken", "callbackUrl")
	}
	if !c.silent {
		c.hooks.serial++
		s.id = 1_000_000_000 + c.hooks.serial
		c.hooks.list = append(c.hooks.list, s)
	}
	return object{"WebhookSubscriptionCreatePayload", bag{"webhookSubscription": c.hook(s), "userErrors": []object{}}}
}

// Subscribed is how many topics are sent to each address.
func (s *Server) Subscribed() map[string]int {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	n := map[string]int{}
	for _, hook := range s.hooks.list {
		n[hook.uri]++
	}
	return n
}

// loopback tells whether a host is this machine, where tests and demos listen without TLS.
func loopback(host string) bool {
	return host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.")
}

func (c *call) unsubscribe(args map[string]any) any {
	kind, n, _, _ := readGID(args["id"].(string))
	if kind != kindHook || !c.hooks.drop(n) {
		return object{"WebhookSubscriptionDeletePayload", bag{"deletedWebhookSubscriptionId": nil,
			"userErrors": []object{{"UserError", bag{"field": []string{"id"}, "message": "Webhook subscription does not exist"}}}}}
	}
	return object{"WebhookSubscriptionDeletePayload", bag{"deletedWebhookSubscriptionId": args["id"], "userErrors": []object{}}}
}

func (c *call) subscriptions(args map[string]any) any {
	topics, _ := args["topics"].([]any)
	uri, _ := args["uri"].(string)
	c.hooks.mu.Lock()
	list := slices.Clone(c.hooks.list)
	c.hooks.mu.Unlock()
	var all []edge
	for _, s := range list {
		if (topics == nil || slices.Contains(topics, any(s.topic))) && (uri == "" || uri == s.uri) {
			all = append(all, edge{cursorOf(legacy(s.id)), c.hook(s)})
		}
	}
	return c.cut("webhookSubscriptions", args, all)
}
