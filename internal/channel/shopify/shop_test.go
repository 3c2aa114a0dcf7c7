package shopify

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"soroi/internal/channel"
)

// shop is a Shopify that answers each operation with what a test has laid out for it, and remembers what it was asked.
type shop struct {
	t testing.TB

	mu       sync.Mutex
	answers  map[string][]reply // by operation; the last one stays
	requests []request
}

type reply struct {
	status int
	header http.Header
	body   string
}

type request struct {
	Operation string
	Token     string
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables"`
}

var operationName = regexp.MustCompile(`^(?:query|mutation) (\w+)`)

// on lays out the next answer to an operation: its data, as JSON.
func (s *shop) on(operation, data string) *shop {
	return s.reply(operation, reply{body: `{"data":` + data + `}`})
}

func (s *shop) reply(operation string, r reply) *shop {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answers == nil {
		s.answers = map[string][]reply{}
	}
	s.answers[operation] = append(s.answers[operation], r)
	return s
}

func (s *shop) asked(operation string) []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []request
	for _, r := range s.requests {
		if r.Operation == operation {
			list = append(list, r)
		}
	}
	return list
}

func (s *shop) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	asked := request{Token: req.Header.Get("X-Shopify-Access-Token")}
	switch req.URL.Path {
	case "/admin/oauth/access_token":
		asked.Operation, asked.Query = "Token", string(body)
	case "/admin/api/2026-07/graphql.json":
		if err := json.Unmarshal(body, &asked); err != nil {
			s.t.Errorf("the shop was sent %q, which is no JSON", body)
		}
		if name := operationName.FindStringSubmatch(asked.Query); name != nil {
			asked.Operation = name[1]
		}
	default:
		s.t.Errorf("the shop was asked at %s", req.URL.Path)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, asked)
	laid := s.answers[asked.Operation]
	if len(laid) == 0 {
		return nil, fmt.Errorf("nothing is laid out for %q", asked.Operation)
	}
	r := laid[0]
	if len(laid) > 1 {
		s.answers[asked.Operation] = laid[1:]
	}
	if r.status == 0 {
		r.status = http.StatusOK
	}
	header := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	for k, v := range r.header {
		header[k] = v
	}
	return &http.Response{StatusCode: r.status, Header: header, Request: req, Body: io.NopCloser(strings.NewReader(r.body))}, nil
}

// connect opens a connector on the shop. changes are pairs of a field and its value.
func connect(t testing.TB, s *shop, clock fixed, changes ...string) *connector {
	t.Helper()
	s.t = t
	settings := channel.Settings{channel.BaseURL: "https://example.myshopify.com", fieldToken: "shpat_fixed", fieldLocation: "gid://shopify/Location/124656943"}
	for i := 0; i < len(changes); i += 2 {
		settings[changes[i]] = channel.Secret(changes[i+1])
	}
	spec := Spec()
	c, err := spec.Open(settings, channel.Deps{HTTP: &http.Client{Transport: s}, Clock: clock, Pace: channel.NewPace(&moving{fixed: clock}, spec.Limits.Rates)})
	if err != nil {
		t.Fatal(err)
	}
	return c.(*connector)
}

// noon is the moment at which most tests happen.
var noon = time.Date(2026, 8, 1, 3, 0, 0, 0, time.UTC)
