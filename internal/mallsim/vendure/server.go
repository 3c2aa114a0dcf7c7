// Package vendure is a simulated Vendure shop: the part of the Admin API that a stock program needs, over GraphQL, with the
// refusals of the real server. It is held to the real one by test/vendure.
//
// The core's number of a listing is what the shop would sell (saleable). Units allocated to orders are kept here, from the
// core's own orders, and on hand follows: saleable + allocated + threshold. A parcel takes units from both, a cancel gives them
// back, and a cancel of units that have left puts them on hand again.
package vendure

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"soroi/internal/mallsim"
)

//go:embed schema.graphql
var schemaText string

// Options are what one shop's owner has set up.
type Options struct {
	Username, Password string
	// ChannelToken, where given, is the only value that the vendure-token header may have; without the header the default
	// channel is meant.
	ChannelToken string
	// SessionLife is how long a login lasts; 0 means a year, as the real server has it.
	SessionLife time.Duration
	// Threshold is the shop-wide outOfStockThreshold.
	Threshold int64
	// CookiesOnly is a shop whose tokenMethod lacks "bearer": a login gives no token.
	CookiesOnly bool
}

// Server is the shop's HTTP side.
type Server struct {
	mall    *mallsim.Mall
	options Options
	schema  *ast.Schema

	mu       sync.Mutex
	sessions map[string]time.Time // token → end
	logins   int64

	books *books
}

// New is the HTTP side of a mall. A mall that is to be restored from its books is restored before.
func New(m *mallsim.Mall, o Options) *Server {
	schema := gqlparser.MustLoadSchema(&ast.Source{Name: "admin-api", Input: schemaText})
	if o.SessionLife == 0 {
		o.SessionLife = 365 * 24 * time.Hour
	}
	m.Restocking(func(string, mallsim.OrderLine) bool { return true }) // the real server has no setting for it
	return &Server{mall: m, options: o, schema: schema, sessions: map[string]time.Time{}, books: openBooks(m)}
}

// fault is a GraphQL error; an empty code stands for the errors that the real server sends without one.
type fault struct {
	status  int
	code    string
	message string
	path    string
}

func (f *fault) Error() string { return f.code + ": " + f.message }

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.mall.Clock().Now().UTC().Format(http.TimeFormat))
	if r.URL.Path != "/admin-api" {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mallsim.LargestRequest))
	if err != nil {
		http.Error(w, "request entity too large", http.StatusRequestEntityTooLarge)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	call, refused := s.parse(body)
	op := "invalid"
	if refused == nil {
		op = call.name()
	}
	s.mall.Serve(w, r, op, render, func(w http.ResponseWriter, silent bool) {
		if refused != nil {
			s.mall.Refused(op)
			sayFault(w, refused)
			return
		}
		call.w, call.silent, call.token = w, silent, bearer(r)
		data, failed := s.run(call, r.Header.Get("vendure-token"))
		if failed != nil {
			s.mall.Refused(op)
			sayFault(w, failed)
			return
		}
		say(w, http.StatusOK, map[string]any{"data": data})
	})
}

func bearer(r *http.Request) string {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return token
}

// run answers a call, field by field. The first refusal refuses it all: every field at the root of this schema that can be
// refused must not be null.
func (s *Server) run(c *call, channel string) (map[string]any, *fault) {
	if s.options.ChannelToken != "" && channel != "" && channel != s.options.ChannelToken {
		return nil, &fault{code: "CHANNEL_NOT_FOUND", message: fmt.Sprintf("No Channel with the token %q could be found", channel)}
	}
	known := s.knows(c.token)
	if c.token != "" && !known {
		c.w.Header().Set("vendure-auth-token", "")
	}
	data := map[string]any{}
	for _, field := range c.fields(c.operation.SelectionSet, c.root()) {
		args := field.ArgumentMap(c.variables)
		if field.Name != "login" && field.Name != "__typename" && !known {
			return nil, &fault{code: "FORBIDDEN", message: "You are not currently authorized to perform this action", path: field.Name}
		}
		value, failed := s.resolve(c, field.Name, args)
		if failed != nil {
			failed.path = field.Name
			return nil, failed
		}
		data[field.Alias] = c.project(value, field.SelectionSet)
	}
	return data, nil
}

func (s *Server) resolve(c *call, name string, args map[string]any) (any, *fault) {
	switch name {
	case "login":
		return s.login(c, text(args["username"]), text(args["password"])), nil
	case "logout":
		s.mu.Lock()
		delete(s.sessions, c.token)
		s.mu.Unlock()
		return object{"__typename": "Success", "success": true}, nil
	case "me":
		return s.user(), nil
	case "activeChannel":
		return object{"__typename": "Channel", "id": "1", "code": "__default_channel__", "token": s.options.ChannelToken}, nil
	case "globalSettings":
		return object{"__typename": "GlobalSettings", "id": "1", "trackInventory": true, "outOfStockThreshold": s.options.Threshold}, nil
	case "stockLocations":
		return list("StockLocationList", []object{s.location()}, 1), nil
	case "productVariants":
		return s.listVariants(args)
	case "productVariant":
		if v, ok := s.books.variant(text(args["id"])); ok {
			if shown, _, live := s.mall.Listing(v.key); live {
				return s.variant(v, shown), nil
			}
		}
		return nil, nil
	case "orders":
		return s.listOrders(c, args)
	case "updateProductVariants":
		return s.update(args, c.silent)
	case "__typename":
		return c.root(), nil
	}
	return nil, &fault{code: "INTERNAL_SERVER_ERROR", message: "the simulated shop cannot answer " + name}
}

func (s *Server) location() object {
	return object{"__typename": "StockLocation", "id": locationID, "name": "Default Stock Location",
		"description": "The default stock location", "createdAt": moment(time.Time{}), "updatedAt": moment(time.Time{})}
}

func (s *Server) user() object {
	return object{"__typename": "CurrentUser", "id": "1", "identifier": s.options.Username}
}

func (s *Server) knows(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	end, ok := s.sessions[token]
	return ok && s.mall.Clock().Now().Before(end)
}

// Forget ends every session, as a restart of a server that keeps them in memory does.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.sessions)
}

func (s *Server) login(c *call, username, password string) object {
	if username != s.options.Username || password != s.options.Password {
		return object{"__typename": "InvalidCredentialsError", "errorCode": "INVALID_CREDENTIALS_ERROR",
			"message": "The provided credentials are invalid", "authenticationError": ""}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d/%d", s.mall.Name(), s.mall.Options().Seed, s.logins))
	token := hex.EncodeToString(sum[:])
	now := s.mall.Clock().Now()
	for known, end := range s.sessions {
		if !now.Before(end) {
			delete(s.sessions, known)
		}
	}
	s.sessions[token] = now.Add(s.options.SessionLife)
	if !s.options.CookiesOnly {
		c.w.Header().Set("vendure-auth-token", token)
	}
	return s.user()
}

func say(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(status)
	w.Write(text)
}

// sayFault words a refusal: HTTP 200 with an error beside no data, or 400 when the document itself is at fault.
func sayFault(w http.ResponseWriter, f *fault) {
	entry := map[string]any{"message": f.message}
	if f.code != "" {
		entry["extensions"] = map[string]any{"code": f.code}
	}
	body := map[string]any{"errors": []any{entry}}
	if f.path != "" {
		entry["path"] = []string{f.path}
		body["data"] = nil
	}
	say(w, max(f.status, http.StatusOK), body)
}

// render words the faults that are injected. The shop itself knows no status but 200 and 400; what is too much, too late or
// closed is said by the proxy in front of it.
func render(w http.ResponseWriter, k mallsim.FaultKind) {
	switch k {
	case mallsim.Unauthorized, mallsim.Forbidden:
		sayFault(w, &fault{code: "FORBIDDEN", message: "You are not currently authorized to perform this action", path: "?"})
	case mallsim.ServerError, mallsim.ServerErrorAfter:
		sayFault(w, &fault{code: "INTERNAL_SERVER_ERROR", message: "Internal server error", path: "?"})
	case mallsim.Conflict:
		sayFault(w, &fault{message: "SQLITE_BUSY: database is locked", path: "?"})
	default:
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(mallsim.FaultStatus(k))
		io.WriteString(w, http.StatusText(mallsim.FaultStatus(k)))
	}
}
