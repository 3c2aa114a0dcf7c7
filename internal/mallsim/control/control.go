// Package control is the back door of the simulated malls: an HTTP API in JSON, for loopback only, over which a person or a script
// plays buyer and shop staff, breaks things and reads the malls' own books. docs/malls.md shows each call with curl.
//
// What is wrong with a request is answered as application/problem+json, in words, and nothing is half done.
package control

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"soroi/internal/mallsim"
)

// Shop is one simulated mall with what a person needs to link it.
type Shop struct {
	Name     string
	Kind     string
	BaseURL  string            // "" until it listens
	Settings map[string]string // by the field keys of its channel, base_url included
	Mall     *mallsim.Mall
	// Place and Cancel, where a mall has its own way to sell (closed goods) and to cancel (what becomes of shipped units), take
	// the place of Mall's.
	Place  func(mallsim.Basket) (mallsim.Order, error)
	Cancel func(number string, c mallsim.Cancellation) (mallsim.Order, error)
}

// LargestBody bounds a request's body.
const LargestBody = 8 << 20

// Handler is the API over the shops that list returns; it is asked anew with each request.
func Handler(list func() []Shop) http.Handler {
	s := &server{list: list, codes: map[*mallsim.Mall]map[string]mallsim.Key{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.index)
	mux.HandleFunc("GET /shops", s.shops)
	shop := func(pattern string, do func(Shop, http.ResponseWriter, *http.Request) error) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" /shops/{shop}"+path, func(w http.ResponseWriter, r *http.Request) {
			for _, found := range list() {
				if found.Name == r.PathValue("shop") {
					if err := do(found, w, r); err != nil {
						refuse(w, err)
					}
					return
				}
			}
			refuse(w, &refusal{http.StatusNotFound, "no_shop", fmt.Sprintf("there is no shop %q; GET /shops lists them", r.PathValue("shop"))})
		})
	}
	shop("GET ", s.shop)
	shop("GET /listings", listings)
	shop("POST /listings", addListings)
	shop("DELETE /listings", removeListing)
	shop("POST /stock", s.editStock)
	shop("GET /orders", orders)
	shop("POST /orders", s.placeOrder)
	shop("GET /orders/{number}", oneOrder)
	shop("POST /orders/{number}/{change}", changeOrder)
	shop("GET /journal", journal)
	shop("GET /faults", faults)
	shop("POST /faults", injectFault)
	shop("DELETE /faults", clearFaults)
	shop("GET /calls", calls)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, &refusal{http.StatusNotFound, "no_path", fmt.Sprintf("there is nothing to %s at %s; GET / says what there is", r.Method, r.URL.Path)})
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := local(r); err != nil {
			refuse(w, err)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, LargestBody)
		mux.ServeHTTP(w, r)
	})
}

type server struct {
	list func() []Shop

	mu    sync.Mutex
	codes map[*mallsim.Mall]map[string]mallsim.Key
}

// local refuses what a web page in somebody's browser could send: another host's name, or a foreign origin.
func local(r *http.Request) error {
	if !loopback(r.Host) {
		return &refusal{http.StatusForbidden, "not_local", fmt.Sprintf("this API answers on loopback only, not as %q", r.Host)}
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		u, err := url.Parse(origin)
		if err != nil || !loopback(u.Host) {
			return &refusal{http.StatusForbidden, "not_local", fmt.Sprintf("requests from %q are refused", origin)}
		}
	}
	return nil
}

func loopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (s *server) index(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"what": "the simulated malls' own side; see docs/malls.md",
		"paths": []string{
			"GET /shops", "GET /shops/{shop}",
			"GET|POST|DELETE /shops/{shop}/listings", "POST /shops/{shop}/stock",
			"GET|POST /shops/{shop}/orders", "GET /shops/{shop}/orders/{number}",
			"POST /shops/{shop}/orders/{number}/{cancel|edit|ship|return|advance}",
			"GET /shops/{shop}/journal", "GET /shops/{shop}/calls",
			"GET|POST|DELETE /shops/{shop}/faults",
		},
		"fault_kinds": mallsim.FaultKinds(),
	})
}

// shopView is a shop as the API shows it. The credentials are a simulated mall's: they open nothing else.
type shopView struct {
	Name     string            `json:"name"`
	Kind     string            `json:"kind"`
	BaseURL  string            `json:"base_url"`
	Settings map[string]string `json:"settings"`
	Listings int               `json:"listings"`
	Orders   int               `json:"orders"`
	Changes  int               `json:"changes"` // lines in the journal
	Faults   int               `json:"faults"`
	Now      time.Time         `json:"now"`
}

func view(s Shop) shopView {
	orders, changes := s.Mall.Size()
	return shopView{Name: s.Name, Kind: s.Kind, BaseURL: s.BaseURL, Settings: s.Settings, Listings: s.Mall.Count(), Orders: orders,
		Changes: changes, Faults: len(s.Mall.Faults()), Now: s.Mall.Clock().Now()}
}

func (s *server) shops(w http.ResponseWriter, _ *http.Request) {
	views := []shopView{}
	for _, shop := range s.list() {
		views = append(views, view(shop))
	}
	answer(w, http.StatusOK, map[string]any{"shops": views})
}

func (s *server) shop(shop Shop, w http.ResponseWriter, _ *http.Request) error {
	answer(w, http.StatusOK, view(shop))
	return nil
}

// find is the key that a request means: the mall's own, or the one whose merchant code it names.
func (s *server) find(m *mallsim.Mall, item, variant, code string) (mallsim.Key, error) {
	if item != "" && code == "" {
		return mallsim.Key{Item: item, Variant: variant}, nil
	}
	if code == "" || item != "" {
		return mallsim.Key{}, &refusal{http.StatusBadRequest, "no_key", "name the listing by item (and variant) or by code"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for range 2 {
		k, there := s.codes[m][code]
		if l, _, on := m.Listing(k); there && on && l.Code == code {
			return k, nil
		}
		byCode := map[string]mallsim.Key{}
		for _, l := range m.Listings() {
			byCode[l.Code] = l.Key
		}
		s.codes[m] = byCode
	}
	return mallsim.Key{}, &refusal{http.StatusNotFound, "no_listing", fmt.Sprintf("no listing has the code %q", code)}
}
