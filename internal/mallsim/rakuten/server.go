// Package rakuten is a simulated 楽天市場: it speaks the RMS WEB SERVICE as docs/channels/rakuten.md tells it and refuses what
// RMS refuses. What the page leaves open is a field of Options. See there for each fact's source.
//
// A listing's Key is (商品管理番号, SKU管理番号); a Key without a variant is the one SKU of its product, and bears the product's
// number as its variantId. Listing.Code is the システム連携用SKU番号. Item ids must be lower case, as RMS folds them.
package rakuten

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"soroi/internal/mallsim"
)

// The limits of RMS.
const (
	MaxWrites   = 400   // SKUs in one bulk-upsert
	MaxReads    = 1000  // SKUs in one bulk-get, records in one range answer
	MaxVariants = 400   // variantIds under one manageNumber
	MaxQuantity = 99999 // units that a SKU may show
	MaxNumbers  = 100   // orders in one getOrder
	MaxPage     = 1000  // order numbers in one page of searchOrder
	MaxHits     = 15000 // order numbers that paging reaches
	maxSpan     = 63 * 24 * time.Hour
	maxAge      = 730 * 24 * time.Hour
)

// Key is one licenseKey (ライセンスキー). Zero times mean that it has always worked and never ends.
type Key struct {
	License   string
	ActiveAt  time.Time // refused before: API servers do not know a fresh key for 10 to 30 minutes
	ExpiresAt time.Time
}

// Options are the credentials, the limits and the answers to what is open.
type Options struct {
	ServiceSecret string // default SP000000_soroi
	Keys          []Key  // at most two; default one, SL000000_soroi, that ends after 90 days
	ShopID        string // begins order numbers; default 123456

	LimitScale float64 // times the mall's own rates; 0 means 1
	// OrdersPerSecond is the rate of the order API, which is not published; default 2, with bursts of 4.
	OrdersPerSecond     float64
	UnlimitedOrderReads bool // reading orders and the catalogue has no rate

	ConfirmAfter time.Duration // from 100 注文確認待ち to 200 楽天処理中; default 6 minutes
	FixAfter     time.Duration // from 200 to 300 発送待ち; default 30 minutes
	OrphanLife   time.Duration // after its last write; default 24 hours
	FreshKeyFor  time.Duration // how long IssueKey's keys are refused; default 20 minutes

	Unticked         []string  // operations whose box in 利用機能編集 is not ticked
	Unmigrated       bool      // a shop from before the SKU project: IE1105
	SKUsSince        time.Time // orders placed before have no SkuModelList
	AuthStatus       int       // HTTP status of ES01-01 [open]; default 401
	UntickedStatus   int       // HTTP status of ES04-01 [open]; default 400
	PartialBatches   bool      // bulk-upsert writes its good lines although it answers with errors [open]
	ZeroForMissing   bool      // bulk-get answers 0 for a pair without a record instead of leaving it out [recall]
	ItemQuantities   bool      // items/search with isInventoryIncluded tells quantities [open]
	ExpiryWithoutTZ  bool      // expiryDate as 2026-04-30T23:59:59 [open]
	RestockOnCancel  *bool     // 在庫戻し of a SKU without a setting of its own; default: the mall's Restock
	LargestOrderBody int64     // bytes; default 1 MiB
}

// Server speaks RMS for one shop.
type Server struct {
	mall    *mallsim.Mall
	o       Options
	writes  *mallsim.Bucket
	reads   *mallsim.Bucket
	items   *mallsim.Bucket
	orders  *mallsim.Bucket
	started time.Time
	mux     *http.ServeMux

	mu       sync.Mutex
	keys     []Key
	unticked map[string]bool
	orphans  map[mallsim.Key]*orphan
	records  map[mallsim.Key]*record
	counted  catalogue

	ruleMu  sync.Mutex // held while the mall asks for a rule, so never while the mall is called
	extras  map[string]*extra
	restock map[mallsim.Key]bool
}

// New is the shop's API in front of a mall. It gives the mall its order numbers and its rule for cancelled units.
func New(m *mallsim.Mall, o Options) *Server {
	o = o.withDefaults(m.Clock().Now())
	c := m.Clock()
	// A quarter of a second's allowance keeps a caller that is exactly on time from being refused for the network's jitter.
	rate := func(perSecond, burst float64) *mallsim.Bucket {
		perSecond *= o.LimitScale
		return mallsim.NewBucket(c, perSecond, max(burst, burst*o.LimitScale)+max(0.25, perSecond/20))
	}
	s := &Server{mall: m, o: o, writes: rate(1, 1), reads: rate(5, 5), items: rate(5, 5), orders: rate(o.OrdersPerSecond, 2*o.OrdersPerSecond),
		started: c.Now(), keys: o.Keys, unticked: map[string]bool{}, orphans: map[mallsim.Key]*orphan{},
		records: map[mallsim.Key]*record{}, extras: map[string]*extra{}, restock: map[mallsim.Key]bool{}}
	if o.UnlimitedOrderReads {
		s.orders, s.items = mallsim.NewBucket(c, 0, 0), mallsim.NewBucket(c, 0, 0)
	}
	for _, op := range o.Unticked {
		s.unticked[op] = true
	}
	m.Numbering(func(at time.Time, serial int64) string {
		return fmt.Sprintf("%s-%s-%010d", o.ShopID, at.In(jst).Format("20060102"), serial)
	})
	m.Restocking(s.restocks)
	s.mux = s.routes()
	return s
}

func (o Options) withDefaults(now time.Time) Options {
	orElse := func(d *time.Duration, other time.Duration) {
		if *d == 0 {
			*d = other
		}
	}
	orElse(&o.ConfirmAfter, 6*time.Minute)
	orElse(&o.FixAfter, 30*time.Minute)
	orElse(&o.OrphanLife, 24*time.Hour)
	orElse(&o.FreshKeyFor, 20*time.Minute)
	if o.ServiceSecret == "" {
		o.ServiceSecret = "SP000000_soroi"
	}
	if len(o.Keys) == 0 {
		o.Keys = []Key{{License: "SL000000_soroi", ExpiresAt: now.Add(90 * 24 * time.Hour)}}
	}
	if o.ShopID == "" {
		o.ShopID = "123456"
	}
	if o.LimitScale == 0 {
		o.LimitScale = 1
	}
	if o.OrdersPerSecond == 0 {
		o.OrdersPerSecond = 2
	}
	if o.AuthStatus == 0 {
		o.AuthStatus = http.StatusUnauthorized
	}
	if o.UntickedStatus == 0 {
		o.UntickedStatus = http.StatusBadRequest
	}
	if o.LargestOrderBody == 0 {
		o.LargestOrderBody = 1 << 20
	}
	return o
}

// Credentials are the settings a connector needs, by the names that RMS gives them.
func (s *Server) Credentials() (serviceSecret, licenseKey string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.o.ServiceSecret, s.keys[len(s.keys)-1].License
}

// IssueKey gives the shop another licenseKey beside the newest one it has. It is refused for Options.FreshKeyFor and ends 90 days
// from now; the key before it works until its own end.
func (s *Server) IssueKey(license string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.mall.Clock().Now()
	next := Key{License: license, ActiveAt: now.Add(s.o.FreshKeyFor), ExpiresAt: now.Add(90 * 24 * time.Hour)}
	s.keys = append(s.keys[max(0, len(s.keys)-1):len(s.keys):len(s.keys)], next)
}

// Tick ticks or unticks an operation's box in 利用機能編集.
func (s *Server) Tick(op string, ticked bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unticked[op] = !ticked
}

// The operations, as Mall.Serve, Mall.Calls and Tick name them.
const (
	OpSearchOrder         = "order/searchOrder"
	OpGetOrder            = "order/getOrder"
	OpConfirmOrder        = "order/confirmOrder"
	OpCancelOrder         = "order/cancelOrder"
	OpCancelAfterShipping = "order/cancelOrderAfterShipping"
	OpSearchOrderItem     = "purchaseItem/searchOrderItem"
	OpGetOrderItem        = "purchaseItem/getOrderItem"
	OpBulkUpsert          = "inventories/bulk-upsert"
	OpBulkGet             = "inventories/bulk-get"
	OpRange               = "inventories/range"
	OpPut                 = "inventories/put"
	OpGet                 = "inventories/get"
	OpDelete              = "inventories/delete"
	OpVariantList         = "inventories/variant-lists"
	OpItemSearch          = "items/search"
	OpItem                = "items/get"
	OpItemSettings        = "items/inventory-related-settings"
	OpExpiryDate          = "license/expiry-date"
)

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	order := func(op, path string, do func(http.ResponseWriter, *http.Request, string, bool)) {
		mux.HandleFunc(path+"{$}", s.serve(op, s.orders, orderFault(op), s.orderCall(op, do)))
	}
	order(OpSearchOrder, "/es/2.0/order/searchOrder/", s.searchOrder)
	order(OpGetOrder, "/es/2.0/order/getOrder/", s.getOrder)
	order(OpConfirmOrder, "/es/2.0/order/confirmOrder/", s.confirmOrder)
	order(OpCancelOrder, "/es/2.0/order/cancelOrder/", s.cancelOrder)
	order(OpCancelAfterShipping, "/es/2.0/order/cancelOrderAfterShipping/", s.cancelOrder)
	order(OpSearchOrderItem, "/es/2.0/purchaseItem/searchOrderItem/", s.searchOrder)
	order(OpGetOrderItem, "/es/2.0/purchaseItem/getOrderItem/", s.getOrder)

	stock := func(op, pattern string, bucket *mallsim.Bucket, do func(http.ResponseWriter, *http.Request, bool)) {
		mux.HandleFunc(pattern, s.serve(op, bucket, itemFault, s.migrated(do)))
	}
	const one = "/inventories/manage-numbers/{manageNumber}/variants/{variantId}"
	for _, v := range []string{"/es/2.0", "/es/2.1"} {
		stock(OpBulkUpsert, "POST "+v+"/inventories/bulk-upsert", s.writes, s.bulkUpsert)
		stock(OpBulkGet, "POST "+v+"/inventories/bulk-get", s.reads, s.bulkGet)
		stock(OpRange, "GET "+v+"/inventories/bulk-get/range", s.reads, s.readRange)
		stock(OpPut, "PUT "+v+one, s.writes, s.putOne)
		stock(OpGet, "GET "+v+one, s.writes, s.getOne)
		stock(OpDelete, "DELETE "+v+one, s.writes, s.deleteOne)
	}
	stock(OpVariantList, "GET /es/2.1/inventories/variant-lists/manage-numbers/{manageNumber}", s.reads, s.variantList)
	item := func(op, pattern string, do func(http.ResponseWriter, *http.Request, bool)) {
		mux.HandleFunc(pattern, s.serve(op, s.items, itemFault, do))
	}
	item(OpItemSearch, "GET /es/2.0/items/search", s.searchItems)
	item(OpItem, "GET /es/2.0/items/manage-numbers/{manageNumber}", s.getItem)
	item(OpItemSettings, "GET /es/2.0/items/inventory-related-settings/manage-numbers/{manageNumber}", s.itemSettings)
	item(OpExpiryDate, "GET /es/1.0/license-management/license-key/expiry-date", s.expiryDate)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		itemError(w, http.StatusBadRequest, problem{Code: "GE0007", Message: "the path is wrong: " + r.URL.Path})
	})
	return mux
}

// ServeHTTP answers one call. A path without its trailing slash is refused, never redirected.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/es/2.0/order/") || strings.HasPrefix(r.URL.Path, "/es/2.0/purchaseItem/") {
		if !strings.HasSuffix(r.URL.Path, "/") {
			gateway(w, http.StatusNotFound, "ES04-01", "Bad Request")
			return
		}
	}
	s.mux.ServeHTTP(w, r)
}

// serve is what every operation passes first: faults, then the key, the box, the rate.
func (s *Server) serve(op string, bucket *mallsim.Bucket, render mallsim.FaultRender, do func(http.ResponseWriter, *http.Request, bool)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mall.Serve(w, r, op, s.faultWords(render), func(w http.ResponseWriter, silent bool) {
			switch {
			case !s.authentic(r):
				s.mall.Refused(op)
				gateway(w, s.o.AuthStatus, "ES01-01", "Authentication Failed")
			case s.isUnticked(op):
				s.mall.Refused(op)
				gateway(w, s.o.UntickedStatus, "ES04-01", "Bad Request")
			default:
				if ok, _ := bucket.Take(1); !ok {
					s.mall.Refused(op)
					s.mall.Refused("too_many")
					gateway(w, http.StatusTooManyRequests, "ES04-01", "Too Many Requests")
					return
				}
				do(w, r, silent)
			}
		})
	}
}

func (s *Server) authentic(r *http.Request) bool {
	kind, sealed, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || kind != "ESA" {
		return false
	}
	plain, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return false
	}
	secret, license, ok := strings.Cut(string(plain), ":")
	if !ok || secret != s.o.ServiceSecret {
		return false
	}
	now := s.mall.Clock().Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.keys {
		if k.License == license {
			return !now.Before(k.ActiveAt) && (k.ExpiresAt.IsZero() || now.Before(k.ExpiresAt))
		}
	}
	return false
}

func (s *Server) isUnticked(op string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unticked[op]
}

// expiryDate tells when a licenseKey of this shop ends.
func (s *Server) expiryDate(w http.ResponseWriter, r *http.Request, _ bool) {
	license := r.URL.Query().Get("licenseKey")
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.keys {
		if k.License != license {
			continue
		}
		layout := time.RFC3339
		if s.o.ExpiryWithoutTZ {
			layout = "2006-01-02T15:04:05"
		}
		answer(w, http.StatusOK, map[string]string{"expiryDate": k.ExpiresAt.In(jst).Format(layout)})
		return
	}
	itemError(w, http.StatusNotFound, problem{Code: "GE0014", Message: "no such licenseKey"})
}
