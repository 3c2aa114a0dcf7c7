package shopify

import (
	"hash/fnv"
	"strconv"
	"strings"
	"sync"

	"soroi/internal/mallsim"
)

// The kinds of things that have ids.
const (
	kindProduct  = "Product"
	kindVariant  = "ProductVariant"
	kindItem     = "InventoryItem"
	kindLevel    = "InventoryLevel"
	kindLocation = "Location"
	kindOrder    = "Order"
	kindLine     = "LineItem"
	kindHook     = "WebhookSubscription"
	kindRefund   = "Refund"
	kindShipment = "Fulfillment"
)

// registry gives things their numbers. A number is made from the thing's name, so it is the same in every run; of two things
// that would share one, the later gets the next free one.
type registry struct {
	mu      sync.Mutex
	numbers map[string]int64 // by kind and name
	taken   map[string]map[int64]bool
	keys    map[string]map[int64]mallsim.Key // by kind
	orders  map[int64]string
	events  map[int64]string // the order of each refund and shipment that has been told of
}

func newRegistry(m *mallsim.Mall) *registry {
	r := &registry{numbers: map[string]int64{}, taken: map[string]map[int64]bool{}, keys: map[string]map[int64]mallsim.Key{},
		orders: map[int64]string{}, events: map[int64]string{}}
	for _, l := range m.Listings() {
		r.listing(l.Key)
	}
	for _, o := range m.Find(mallsim.Query{Hidden: true}) {
		r.order(o.Number)
		for _, l := range o.Lines {
			r.listing(l.Key)
		}
	}
	return r
}

func hash(parts ...string) uint64 {
	h := fnv.New64a()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return h.Sum64()
}

// number is the number of a thing. The caller holds the lock.
func (r *registry) number(kind, name string) int64 {
	if n, ok := r.numbers[kind+"\x00"+name]; ok {
		return n
	}
	if r.taken[kind] == nil {
		r.taken[kind] = map[int64]bool{}
	}
	n := int64(hash(kind, name)%9_000_000_000_000) + 1_000_000_000_000
	for r.taken[kind][n] {
		n++
	}
	r.taken[kind][n] = true
	r.numbers[kind+"\x00"+name] = n
	return n
}

func (r *registry) of(kind, name string) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.number(kind, name)
}

// listing makes the ids of a listing known.
func (r *registry) listing(k mallsim.Key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, kind := range []string{kindVariant, kindItem} {
		if r.keys[kind] == nil {
			r.keys[kind] = map[int64]mallsim.Key{}
		}
		r.keys[kind][r.number(kind, keyName(k))] = k
	}
}

func (r *registry) order(number string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.orders[r.number(kindOrder, number)] = number
}

// event is the number of a refund or shipment of an order; kind and name tell which.
func (r *registry) event(kind, name, order string) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.number(kind, name)
	r.events[n] = order
	return n
}

func (r *registry) eventOrder(n int64) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	number, ok := r.events[n]
	return number, ok
}

func (r *registry) key(kind string, n int64) (mallsim.Key, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, ok := r.keys[kind][n]
	return k, ok
}

func (r *registry) orderNumber(n int64) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	number, ok := r.orders[n]
	return number, ok
}

func keyName(k mallsim.Key) string { return k.Item + "\x00" + k.Variant }

func (r *registry) variant(k mallsim.Key) int64 { return r.of(kindVariant, keyName(k)) }
func (r *registry) item(k mallsim.Key) int64    { return r.of(kindItem, keyName(k)) }
func (r *registry) product(k mallsim.Key) int64 { return r.of(kindProduct, k.Item) }

// gid writes a global id.
func gid(kind string, n int64) string {
	return "gid://shopify/" + kind + "/" + strconv.FormatInt(n, 10)
}

// readGID reads a global id: its kind, its number, and what follows a question mark.
func readGID(id string) (kind string, n int64, query string, ok bool) {
	rest, ok := strings.CutPrefix(id, "gid://shopify/")
	if !ok {
		return "", 0, "", false
	}
	rest, query, _ = strings.Cut(rest, "?")
	kind, text, _ := strings.Cut(rest, "/")
	n, err := strconv.ParseInt(text, 10, 64)
	return kind, n, query, err == nil && n > 0
}

// InventoryItemID is the global id of a listing's inventory item.
func (s *Server) InventoryItemID(k mallsim.Key) string {
	s.ids.listing(k)
	return gid(kindItem, s.ids.item(k))
}

// VariantID is the global id of a listing's variant.
func (s *Server) VariantID(k mallsim.Key) string {
	s.ids.listing(k)
	return gid(kindVariant, s.ids.variant(k))
}

// OrderID is the global id of an order.
func (s *Server) OrderID(number string) string {
	s.ids.order(number)
	return gid(kindOrder, s.ids.of(kindOrder, number))
}

// LocationID is the global id of the location that stocks everything.
func (s *Server) LocationID() string { return gid(kindLocation, s.o.Locations[0].ID) }
