// Package yahoo is a simulated Yahoo!ショッピング: it speaks ストアAPI (ShoppingWebService/V1) and YConnect's token endpoint as
// docs/channels/yahoo.md tells them, and refuses what they refuse. What that page leaves open is a field of Options.
//
// A listing's Key is (商品コード, 個別商品コード); the second is empty for goods without variations. In reality tokens come from a
// host of their own; here everything is behind one handler.
package yahoo

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"soroi/internal/mallsim"
)

// The limits of the mall.
const (
	MaxCodes    = 1000        // item codes in one setStock or getStock
	MaxQuantity = 999_999_999 // units
	MaxItems    = 100         // items in one page of myItemList
	codeLife    = 10 * time.Minute
	accessLife  = time.Hour
	RefreshLife = 28 * 24 * time.Hour // of a refresh token, from the consent
	UnsignedFor = 12 * time.Hour      // from the first order call without a valid header until everything ends
	keyLife     = 365 * 24 * time.Hour
)

// Missing says how getStock answers for a code of which it has no stock record [open].
type Missing int

// The ways of being missing.
const (
	MissingHasStatus0 Missing = iota // a Result with Status 0 and no Quantity
	MissingIsAbsent                  // no Result at all
	MissingIsError                   // a Result with the ErrorCode st-02101
)

// Options are the credentials, the limits and the answers to what is open.
type Options struct {
	ClientID     string // default soroi-app
	ClientSecret string // default soroi-secret
	RedirectURI  string // default https://soroi.example/callback
	SellerID     string // ストアアカウント; begins order ids; default soroi-store

	// PrivateKey is the mall's half of the store's key pair. Nil makes a new pair at start, which takes a good part of a second:
	// tests share one.
	PrivateKey *rsa.PrivateKey
	KeyVersion int // default 4
	// Endless makes consents and the key pair outlive a replay of years, which has nobody to renew them.
	Endless bool

	LimitScale          float64       // times the mall's own rate; 0 means 1
	UnlimitedOrderReads bool          // reading orders and the catalogue has no rate
	TooFastStatus       int           // 503 or 403 [open]; default 503
	BlockFor            time.Duration // how long a path stays closed after too many calls [open]; default 3 s

	RefuseUnsigned       bool    // a call without the header is refused at once, not only after 12 hours [open]
	RefuseBelowZero      bool    // a subtraction below zero is st-02104 instead of stopping at 0 [open]
	SpaceSets            bool    // " 3", which a bare plus becomes, sets 3 instead of failing [doc: either]
	Missing              Missing // [open]
	StatusShowsClose     bool    // getStock's Status is 2 while 在庫クローズ is on [open]
	StockReturnsOnCancel *bool   // [open]; nil: the mall's Restock
	NoOrderAPI           bool    // the application is not allowed the order API: px-04307
	MaxPage              int     // orders in one page of orderList [open]; default 2000
	CancelZeroes         bool    // the lines of a cancelled order say Quantity 0 [open]
}

// Server speaks for one store.
type Server struct {
	mall *mallsim.Mall
	o    Options
	mux  *http.ServeMux

	// mu is never held while the mall is called: the mall calls back, and asks what mu guards, from under its own lock.
	mu        sync.Mutex
	paths     map[string]*path
	grants    []*grant
	access    map[string]*access
	codes     map[string]*code
	serial    int
	keyUntil  time.Time
	orphans   map[mallsim.Key]orphan
	overdraft map[mallsim.Key]bool
	closed    map[mallsim.Key]bool
	stumbles  map[mallsim.Key]bool
	seen      map[string]bool
	parent    map[string]string
	children  map[string][]string
	busy      bool
}

// path is the count of one URL's calls.
type path struct {
	bucket  *mallsim.Bucket
	blocked time.Time
}

// orphan is a quantity of a code that is no item yet.
type orphan struct {
	units int64
	at    time.Time
}

// New is the store's API in front of a mall. It gives the mall its order ids.
func New(m *mallsim.Mall, o Options) *Server {
	o = o.withDefaults()
	s := &Server{mall: m, o: o, paths: map[string]*path{}, access: map[string]*access{}, codes: map[string]*code{},
		keyUntil: m.Clock().Now().Add(o.life(keyLife)), orphans: map[mallsim.Key]orphan{}, overdraft: map[mallsim.Key]bool{},
		closed: map[mallsim.Key]bool{}, stumbles: map[mallsim.Key]bool{}, seen: map[string]bool{}, parent: map[string]string{},
		children: map[string][]string{}}
	m.Numbering(func(_ time.Time, serial int64) string { return fmt.Sprintf("%s-%d", o.SellerID, 10_000_000+serial) })
	if o.StockReturnsOnCancel != nil {
		m.Restocking(func(string, mallsim.OrderLine) bool { return *o.StockReturnsOnCancel })
	}
	m.WatchOrders(s.closeShort)
	s.mux = s.routes()
	return s
}

// life is how long something of the store lasts.
func (o Options) life(usual time.Duration) time.Duration {
	if o.Endless {
		return 100 * keyLife
	}
	return usual
}

func (o Options) withDefaults() Options {
	orElse := func(s *string, other string) {
		if *s == "" {
			*s = other
		}
	}
	orElse(&o.ClientID, "soroi-app")
	orElse(&o.ClientSecret, "soroi-secret")
	orElse(&o.RedirectURI, "https://soroi.example/callback")
	orElse(&o.SellerID, "soroi-store")
	if o.PrivateKey == nil {
		o.PrivateKey = NewKey()
	}
	if o.KeyVersion == 0 {
		o.KeyVersion = 4
	}
	if o.LimitScale == 0 {
		o.LimitScale = 1
	}
	if o.TooFastStatus == 0 {
		o.TooFastStatus = http.StatusServiceUnavailable
	}
	if o.BlockFor == 0 {
		o.BlockFor = 3 * time.Second
	}
	if o.MaxPage == 0 {
		o.MaxPage = 2000
	}
	return o
}

// NewKey is a fresh key pair for a store.
func NewKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(fmt.Sprintf("yahoo: no key pair: %v", err)) // the machine has no randomness
	}
	return key
}

// Credentials are what a connector is set up with, by the names that the mall gives them.
type Credentials struct {
	ClientID, ClientSecret, RedirectURI string
	SellerID                            string
	PublicKey                           string // PEM, with its BEGIN and END lines
	KeyVersion                          string
}

// Credentials of the store. A refresh token comes from Grant, a code from Consent.
func (s *Server) Credentials() Credentials {
	s.mu.Lock()
	defer s.mu.Unlock()
	der, err := x509.MarshalPKIXPublicKey(&s.o.PrivateKey.PublicKey)
	if err != nil {
		panic(fmt.Sprintf("yahoo: the public key cannot be written: %v", err))
	}
	return Credentials{ClientID: s.o.ClientID, ClientSecret: s.o.ClientSecret, RedirectURI: s.o.RedirectURI, SellerID: s.o.SellerID,
		PublicKey:  string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		KeyVersion: strconv.Itoa(s.o.KeyVersion)}
}

// ReplaceKey issues the store another key pair under the next version; the old one no longer counts.
func (s *Server) ReplaceKey(key *rsa.PrivateKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.o.PrivateKey, s.o.KeyVersion, s.keyUntil = key, s.o.KeyVersion+1, s.mall.Clock().Now().Add(s.o.life(keyLife))
}

// The operations, as Mall.Serve and Mall.Calls name them.
const (
	OpToken      = "yconnect/token"
	OpAuthorize  = "yconnect/authorization"
	OpSetStock   = "setStock"
	OpGetStock   = "getStock"
	OpMyItemList = "myItemList"
	OpGetItem    = "getItem"
	OpOrderCount = "orderCount"
	OpOrderList  = "orderList"
	OpOrderInfo  = "orderInfo"
)

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	const v1 = "/ShoppingWebService/V1/"
	for _, x := range []struct {
		method, op string
		do         func(http.ResponseWriter, *http.Request, bool)
	}{
		{"POST", OpSetStock, s.setStock}, {"POST", OpGetStock, s.getStock}, {"GET", OpMyItemList, s.myItemList}, {"GET", OpGetItem, s.getItem},
		{"GET", OpOrderCount, s.orderCount}, {"POST", OpOrderList, s.orderList}, {"POST", OpOrderInfo, s.orderInfo},
	} {
		mux.HandleFunc(x.method+" "+v1+x.op, s.serve(x.op, x.do))
	}
	mux.HandleFunc("POST /yconnect/v2/token", func(w http.ResponseWriter, r *http.Request) {
		s.mall.Serve(w, r, OpToken, s.tokenFault, func(w http.ResponseWriter, _ bool) { s.token(w, r) })
	})
	mux.HandleFunc("GET /yconnect/v2/authorization", func(w http.ResponseWriter, r *http.Request) {
		s.mall.Serve(w, r, OpAuthorize, s.tokenFault, func(w http.ResponseWriter, _ bool) { s.authorize(w, r) })
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, "", "The requested URL "+r.URL.Path+" was not found.")
	})
	return mux
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// orderOp tells whether an operation belongs to the order API, whose use without the header starts the 12 hours.
func orderOp(op string) bool { return strings.HasPrefix(op, "order") }

// serve is what every call of V1 passes first: faults, the rate, the token, the header.
func (s *Server) serve(op string, do func(http.ResponseWriter, *http.Request, bool)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mall.Serve(w, r, op, s.fault(op), func(w http.ResponseWriter, silent bool) {
			switch {
			case !s.onTime(op):
				s.mall.Refused(op)
				s.tooFast(w)
			case !s.admit(w, r, op):
				s.mall.Refused(op)
			default:
				do(w, r, silent)
			}
		})
	}
}

// onTime takes the call out of its path's second. One call too many closes the path for a while.
func (s *Server) onTime(op string) bool {
	if s.o.UnlimitedOrderReads && (orderOp(op) || op == OpMyItemList || op == OpGetItem) {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.paths[op]
	if p == nil {
		// The quarter keeps a caller that is exactly on time from being refused for the network's jitter.
		p = &path{bucket: mallsim.NewBucket(s.mall.Clock(), s.o.LimitScale, max(1, s.o.LimitScale)+0.25)}
		s.paths[op] = p
	}
	now := s.mall.Clock().Now()
	if now.Before(p.blocked) {
		return false
	}
	if ok, _ := p.bucket.Take(1); !ok {
		p.blocked = now.Add(time.Duration(float64(s.o.BlockFor) / s.o.LimitScale))
		return false
	}
	return true
}

func (s *Server) tooFast(w http.ResponseWriter) {
	fail(w, s.o.TooFastStatus, "", "Your request rate exceeds the limit.")
}

const (
	notPermitted = "Use of API is not permitted."
	reflecting   = "ストアは反映中またはアップロード中のため、更新できません。しばらくしてからもう一度お試しください。"
)

// fault words what a mall's failure looks like on one operation.
func (s *Server) fault(op string) mallsim.FaultRender {
	return func(w http.ResponseWriter, k mallsim.FaultKind) {
		switch k {
		case mallsim.TooMany:
			s.tooFast(w)
		case mallsim.Unavailable:
			fail(w, http.StatusServiceUnavailable, "ed-00002", "メンテナンス中です。")
		case mallsim.Unauthorized:
			unauthorized(w, "expired token")
		case mallsim.Forbidden:
			fail(w, http.StatusForbidden, "px-04307", notPermitted)
		case mallsim.Conflict:
			fail(w, http.StatusBadRequest, "", reflecting)
		default:
			if orderOp(op) {
				fail(w, http.StatusInternalServerError, "od91001", "システムエラーが発生しました。")
				return
			}
			fail(w, http.StatusInternalServerError, "ed-00001", "システムエラーが発生しました。")
		}
	}
}

// Reflect says whether a store-wide publish or upload is running: while it is, setStock refuses.
func (s *Server) Reflect(running bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = running
}

// Stumble makes the next setStock of each key write and then answer ed-10002, "updated but reading back failed".
func (s *Server) Stumble(keys ...mallsim.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range keys {
		s.stumbles[k] = true
	}
}

// ListItem puts something on sale. A quantity that setStock left for its code before becomes its own.
func (s *Server) ListItem(l mallsim.Listing) error {
	s.mu.Lock()
	kept, there := s.orphans[l.Key]
	delete(s.orphans, l.Key)
	s.mu.Unlock()
	if there {
		l.Stock = kept.units
	}
	return s.mall.AddListing(l)
}

// items are the items on sale with their variations, by code.
func (s *Server) items() [][]mallsim.Listing {
	var items [][]mallsim.Listing
	for _, l := range s.mall.Listings() {
		if n := len(items); n > 0 && items[n-1][0].Key.Item == l.Key.Item {
			items[n-1] = append(items[n-1], l)
			continue
		}
		items = append(items, []mallsim.Listing{l})
	}
	return slices.Clip(items)
}
