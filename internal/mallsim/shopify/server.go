// Package shopify is a simulated Shopify: it speaks the Admin GraphQL API as docs/channels/shopify.md tells it, sends signed
// webhooks and refuses what Shopify refuses. What the page leaves open is a field of Options. See there for each fact's source.
//
// A listing's Key names a product and a variant; ids are made from the key, so the same key has the same ids in every run.
// Listing.Code is the SKU. All stock lies at the first of Options.Locations; the others stock nothing.
package shopify

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"soroi/internal/mallsim"
)

// Location is a place that may stock goods.
type Location struct {
	ID       int64
	Name     string
	Inactive bool
	Offline  bool // does not fulfil online orders
}

// Options are the credentials, the limits and the answers to what is open.
type Options struct {
	Domain       string // default example.myshopify.com
	ClientID     string // default soroi-client
	ClientSecret string // default shpss_soroi
	StaticToken  string // a token that never ends, as older shops have; "" is none
	Scopes       []string
	Locations    []Location // default one, 124656943

	LimitScale  float64 // times the shop's own points; 0 means 1
	BucketSize  float64 // points that the bucket holds; default 2000
	RestoreRate float64 // points a second; default 100
	LargestCost float64 // of one document; default 1000
	// ThrottledStatus is the HTTP status of a throttled answer; default 200. 429 has been reported.
	ThrottledStatus int

	// Schema, where given, is the official schema: documents that it does not allow are refused too.
	Schema *ast.Schema
	Oldest string // the oldest living version; default 2025-10. Requests for older ones are served by it

	OpenOnly          bool // orders without a status term leaves out cancelled and closed ones, as the older API did [recall]
	AllOrders         bool // read_all_orders is granted: orders older than 60 days are shown
	OmitUnchanged     bool // a set that changes nothing has no change in its group, and no group when nothing changes at all [recall]
	FailedKeysStay    bool // a key whose first use ended in userErrors answers IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED, not the errors again
	InternalErrors200 bool // a server error is status 200 with INTERNAL_SERVER_ERROR
	NotApproved       bool // the app may not hear of orders: it has no approval for buyers' data

	// Client sends webhooks; nil sends none. Each DuplicateEvery-th delivery is sent twice.
	Client         *http.Client
	DuplicateEvery int
}

// Server speaks the Admin API for one shop.
type Server struct {
	mall     *mallsim.Mall
	o        Options
	bucket   *mallsim.Bucket
	dialects map[string]dialect
	started  time.Time
	ids      *registry
	hooks    *hooks
	diary    *diary

	mu      sync.Mutex
	tokens  map[string]time.Time // end of each token; zero never
	secrets secrets
	serial  int64
	absent  map[mallsim.Key]bool // not stocked at the location
	status  int                  // of every call, where the shop is frozen or locked; 0 is none

	documentMu sync.Mutex
	documents  map[string]*document

	writeMu sync.Mutex // inventory mutations, one after the other
	keys    map[string]attempt
}

// secrets are the client secret, and the one before it while deliveries may still be signed with it.
type secrets struct {
	now, before string
	until       time.Time
}

// New is the shop's API in front of a mall that has its books already (Mall.Restore). It gives the mall its order numbers.
// Webhooks leave while Run runs.
func New(m *mallsim.Mall, o Options) *Server {
	o = o.withDefaults()
	now := m.Clock().Now()
	s := &Server{mall: m, o: o, dialects: map[string]dialect{}, started: now, tokens: map[string]time.Time{},
		secrets: secrets{now: o.ClientSecret}, documents: map[string]*document{}, keys: map[string]attempt{}}
	for _, version := range versions {
		s.dialects[version] = newDialect(version)
	}
	s.bucket = mallsim.NewBucket(m.Clock(), o.RestoreRate*o.LimitScale, o.BucketSize*o.LimitScale)
	if o.StaticToken != "" {
		s.tokens[o.StaticToken] = time.Time{}
	}
	m.Numbering(func(_ time.Time, serial int64) string { return "#" + strconv.FormatInt(1000+serial, 10) })
	s.ids = newRegistry(m)
	s.diary = newDiary(m)
	s.hooks = newHooks(s)
	m.Watch(func(c mallsim.Change) {
		s.ids.listing(c.Key)
		s.diary.change(c)
		s.hooks.change(c)
	})
	m.WatchOrders(func(o mallsim.Order) {
		s.ids.order(o.Number)
		refunded := s.diary.order(o, s.now())
		s.hooks.order(o, refunded)
	})
	return s
}

func (o Options) withDefaults() Options {
	text := func(v *string, other string) {
		if *v == "" {
			*v = other
		}
	}
	number := func(v *float64, other float64) {
		if *v == 0 {
			*v = other
		}
	}
	text(&o.Domain, "example.myshopify.com")
	text(&o.ClientID, "soroi-client")
	text(&o.ClientSecret, "shpss_soroi")
	text(&o.Oldest, versions[0])
	number(&o.LimitScale, 1)
	number(&o.BucketSize, 2000)
	number(&o.RestoreRate, 100)
	number(&o.LargestCost, 1000)
	if o.ThrottledStatus == 0 {
		o.ThrottledStatus = http.StatusOK
	}
	if len(o.Locations) == 0 {
		o.Locations = []Location{{ID: 124656943, Name: "本店倉庫"}}
	}
	if o.Scopes == nil {
		o.Scopes = []string{"read_products", "read_inventory", "write_inventory", "read_locations", "read_orders"}
	}
	return o
}

// now is the mall's time in whole seconds, which is all that the API shows.
func (s *Server) now() time.Time { return s.mall.Clock().Now().Truncate(time.Second) }

// ServeHTTP answers the token endpoint and the GraphQL endpoint of every version.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Request-Id", s.next("request"))
	if r.URL.Path == "/admin/oauth/access_token" {
		s.mall.Serve(w, r, OpToken, s.refuseToken, func(w http.ResponseWriter, _ bool) { s.token(w, r) })
		return
	}
	version, file, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/admin/api/"), "/")
	d, living := s.dialect(version)
	if !strings.HasPrefix(r.URL.Path, "/admin/api/") || file != "graphql.json" || !living {
		s.refuse(w, OpUnknown, http.StatusNotFound, "Not Found")
		return
	}
	w.Header().Set("X-Shopify-API-Version", d.version)
	if r.Method != http.MethodPost {
		s.refuse(w, OpUnknown, http.StatusMethodNotAllowed, "Method Not Allowed")
		return
	}
	s.graphql(w, r, d)
}

// dialect finds the version that serves a request: the asked one, or the oldest living one for those that have died.
func (s *Server) dialect(version string) (dialect, bool) {
	if versionForm.MatchString(version) && version < s.o.Oldest {
		version = s.o.Oldest
	}
	d, ok := s.dialects[version]
	return d, ok
}

// The operations, as Mall.Serve and Mall.Calls name them: the first root field of a document, and these.
const (
	OpToken    = "access_token"
	OpUnknown  = "unknown"
	OpSet      = "inventorySetQuantities"
	OpAdjust   = "inventoryAdjustQuantities"
	OpNodes    = "nodes"
	OpOrders   = "orders"
	OpVariants = "productVariants"
	OpItems    = "inventoryItems"
)

func (s *Server) refuse(w http.ResponseWriter, op string, status int, message any) {
	s.mall.Refused(op)
	answer(w, status, map[string]any{"errors": message})
}

func answer(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil { // strings, numbers and maps of them always marshal
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	w.Write(text)
}

// token is the client credentials grant: a token that lives a day, as often as asked.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	fail := func(status int, code, description string) {
		s.mall.Refused(OpToken)
		answer(w, status, map[string]string{"error": code, "error_description": description})
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost {
		fail(http.StatusBadRequest, "invalid_request", "The request could not be read.")
		return
	}
	form := map[string]string{}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		err = json.Unmarshal(body, &form)
	} else if values, parseErr := url.ParseQuery(string(body)); parseErr == nil {
		for k := range values {
			form[k] = values.Get(k)
		}
	}
	s.mu.Lock()
	id, secret := s.o.ClientID, s.secrets.now
	s.mu.Unlock()
	switch {
	case err != nil || form["grant_type"] != "client_credentials":
		fail(http.StatusBadRequest, "unsupported_grant_type", "The grant type is not supported.")
		return
	case form["client_id"] != id || form["client_secret"] != secret:
		fail(http.StatusBadRequest, "invalid_client", "The client id or secret is wrong.")
		return
	}
	token := "shpat_" + s.next("token")
	s.mu.Lock()
	s.tokens[token] = s.mall.Clock().Now().Add(24 * time.Hour)
	s.mu.Unlock()
	answer(w, http.StatusOK, map[string]any{"access_token": token, "scope": strings.Join(s.o.Scopes, ","), "expires_in": 86399})
}

// next is a text that has not been given before: request ids, tokens, webhook ids.
func (s *Server) next(what string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	return strconv.FormatUint(hash(what, s.mall.Name(), strconv.FormatInt(s.serial, 10)), 16) + strconv.FormatInt(s.serial, 36)
}

func (s *Server) authorized(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	ends, known := s.tokens[r.Header.Get("X-Shopify-Access-Token")]
	return known && (ends.IsZero() || s.mall.Clock().Now().Before(ends))
}

// RevokeTokens ends every token, as an app that is removed and put back does.
func (s *Server) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// RotateSecret gives the app another client secret. For an hour deliveries are still signed with the old one.
func (s *Server) RotateSecret(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets = secrets{now: secret, before: s.secrets.now, until: s.mall.Clock().Now().Add(time.Hour)}
}

// Unstock takes a listing's item out of the location, as the tick in the product's Inventory section does; stocked true puts it back.
func (s *Server) Unstock(k mallsim.Key, stocked bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.absent == nil {
		s.absent = map[mallsim.Key]bool{}
	}
	s.absent[k] = !stocked
}

func (s *Server) stocks(k mallsim.Key) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.absent[k]
}

// Stop makes every call answer with an HTTP status: 402 for a shop that has not paid, 423 for a locked one, 0 for an open one.
func (s *Server) Stop(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

func (s *Server) stopped() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

func (s *Server) refuseToken(w http.ResponseWriter, k mallsim.FaultKind) {
	answer(w, mallsim.FaultStatus(k), map[string]string{"error": string(k)})
}
