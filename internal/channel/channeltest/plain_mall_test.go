package channeltest

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/mallsim"
)

// plainMall speaks a protocol made for testing the suite itself: JSON over POST, one path per operation. It can do
// everything that the port knows.
type plainMall struct {
	mall   *mallsim.Mall
	rate   *mallsim.Bucket
	mu     sync.Mutex
	once   map[string]plainResult // by key
	asked  map[string]bool        // tickets that have been asked for before
	ticket int
	async  bool
}

const (
	plainKey     = "plain-api-key"
	plainPage    = 20
	plainItems   = 50
	plainHistory = 60 * 24 * time.Hour
)

type plainOrder struct {
	Number    string              `json:"number"`
	Placed    time.Time           `json:"placed"`
	Changed   time.Time           `json:"changed"`
	Revision  int64               `json:"revision"`
	Cancelled bool                `json:"cancelled"`
	Lines     []mallsim.OrderLine `json:"lines"`
}

type plainItem struct {
	Ref       string    `json:"ref"`
	Code      string    `json:"code"`
	Title     string    `json:"title"`
	Units     int64     `json:"units"`
	Unlimited bool      `json:"unlimited"`
	Updated   time.Time `json:"updated"`
}

type plainWrite struct {
	Ref       string `json:"ref"`
	Units     int64  `json:"units"`
	Unlimited bool   `json:"unlimited"`
	Expect    *int64 `json:"expect"`
	Key       string `json:"key"`
}

type plainResult struct {
	State  string `json:"state"` // done, open, gone, conflict
	Shown  int64  `json:"shown"`
	Ticket string `json:"ticket"`
}

type plainQuestion struct {
	From    time.Time    `json:"from"`
	After   string       `json:"after"` // number of the last order, or ref of the last listing, of the page before
	Changed bool         `json:"changed"`
	Numbers []string     `json:"numbers"`
	Refs    []string     `json:"refs"`
	Writes  []plainWrite `json:"writes"`
	Tickets []string     `json:"tickets"`
}

type plainAnswer struct {
	OK      *bool         `json:"ok"`
	Orders  []plainOrder  `json:"orders,omitempty"`
	More    bool          `json:"more,omitempty"`
	Items   []plainItem   `json:"items,omitempty"`
	Results []plainResult `json:"results,omitempty"`
}

func plainRefusal(w http.ResponseWriter, k mallsim.FaultKind) {
	if k == mallsim.TooMany {
		w.Header().Set("Retry-After", "1")
	}
	http.Error(w, `{"error":"`+string(k)+`"}`, mallsim.FaultStatus(k))
}

func (p *plainMall) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	op := strings.TrimPrefix(r.URL.Path, "/")
	p.mall.Serve(w, r, op, plainRefusal, func(w http.ResponseWriter, silent bool) {
		var q plainQuestion
		switch ok, _ := p.rate.Take(1); {
		case r.Header.Get("Authorization") != plainKey:
			plainRefusal(w, mallsim.Unauthorized)
			return
		case !ok:
			p.mall.Refused("too_many")
			plainRefusal(w, mallsim.TooMany)
			return
		case json.NewDecoder(r.Body).Decode(&q) != nil:
			http.Error(w, "{}", http.StatusBadRequest)
			return
		}
		yes := true
		a := plainAnswer{OK: &yes}
		switch op {
		case "orders":
			a.Orders, a.More = p.orders(q)
		case "order":
			for _, n := range q.Numbers {
				if o, ok := p.mall.Order(n); ok {
					a.Orders = append(a.Orders, plainOf(o))
				}
			}
		case "push":
			for _, wr := range q.Writes {
				a.Results = append(a.Results, p.write(wr, silent))
			}
		case "confirm":
			a.Results = p.confirm(q.Tickets)
		case "read":
			a.Items = p.read(q.Refs)
		case "list":
			for _, l := range p.mall.ListingsAfter(mallsim.Key{Item: q.After}, plainItems) {
				a.Items = append(a.Items, p.item(l))
			}
			a.More = len(a.Items) == plainItems
		}
		if mallsim.Duplicating(w) {
			a.Orders = append(a.Orders, a.Orders...)
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(a)
	})
}

func plainOf(o mallsim.Order) plainOrder {
	return plainOrder{o.Number, o.PlacedAt, o.ChangedAt, o.Revision, o.Cancelled, o.Lines}
}

// orders is a page by time of change or of placing, then number, behind (From, After).
func (p *plainMall) orders(q plainQuestion) (page []plainOrder, more bool) {
	at := func(o plainOrder) time.Time {
		if q.Changed {
			return o.Changed
		}
		return o.Placed
	}
	for _, o := range p.mall.Orders(nil) {
		if o := plainOf(o); at(o).After(q.From) || at(o).Equal(q.From) && o.Number > q.After {
			page = append(page, o)
		}
	}
	slices.SortFunc(page, func(a, b plainOrder) int { return cmp.Or(at(a).Compare(at(b)), cmp.Compare(a.Number, b.Number)) })
	if len(page) > plainPage {
		return page[:plainPage], true
	}
	return page, false
}

func (p *plainMall) write(wr plainWrite, silent bool) plainResult {
	p.mu.Lock()
	defer p.mu.Unlock()
	if done, ok := p.once[wr.Key]; ok {
		return done
	}
	key := mallsim.Key{Item: wr.Ref}
	shown, ok := p.mall.Stock(key)
	switch {
	case !ok:
		return plainResult{State: "gone"}
	case wr.Expect != nil && *wr.Expect != shown:
		return plainResult{State: "conflict", Shown: shown}
	}
	if !silent {
		p.mall.SetUnlimited(key, wr.Unlimited)
		if !wr.Unlimited {
			p.mall.SetStock(key, wr.Units, mallsim.ByPush)
		}
	}
	p.ticket++
	done := plainResult{State: "done", Shown: wr.Units, Ticket: strconv.Itoa(p.ticket)}
	if p.async {
		done.State = "open"
	}
	if wr.Key != "" && !silent {
		p.once[wr.Key] = done
	}
	return done
}

// confirm says of each ticket that it is open once, and then that it is done.
func (p *plainMall) confirm(tickets []string) []plainResult {
	p.mu.Lock()
	defer p.mu.Unlock()
	var results []plainResult
	for _, ticket := range tickets {
		state := "open"
		if p.asked[ticket] {
			state = "done"
		}
		p.asked[ticket] = true
		results = append(results, plainResult{State: state, Ticket: ticket})
	}
	return results
}

func (p *plainMall) item(l mallsim.Listing) plainItem {
	_, updated, _ := p.mall.Listing(l.Key)
	return plainItem{l.Key.Item, l.Code, l.Title, l.Stock, l.Unlimited, updated}
}

func (p *plainMall) read(refs []string) (items []plainItem) {
	for _, ref := range refs {
		if l, _, ok := p.mall.Listing(mallsim.Key{Item: ref}); ok {
			items = append(items, p.item(l))
		}
	}
	return items
}

func plainSign(body []byte) string {
	mac := hmac.New(sha256.New, []byte(plainKey))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

var plainOps = map[Class]string{Orders: "order*", Push: "push", Read: "read", Listings: "list", Any: "*"}

func plainBench(t *testing.T, s Setup, async bool) Bench {
	mall := mallsim.New(s.Clock, mallsim.Options{WriteLag: s.WriteLag, OrderLag: s.OrderLag, OrderPrefix: "P-1"})
	server := &plainMall{mall: mall, rate: mallsim.NewBucket(s.Clock, 10, 10), once: map[string]plainResult{}, asked: map[string]bool{}, async: async}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("the plain mall refuses: %v", err)
		}
	}
	lines := func(line int, units int64) map[string]int64 { return map[string]int64{strconv.Itoa(line + 1): units} }
	key := func(ref channel.Ref) mallsim.Key { return mallsim.Key{Item: string(ref)} }
	return Bench{
		Handler:  server,
		Settings: channel.Settings{"key": plainKey, channel.BaseURL: "https://plain.example"},
		Secrets:  []string{plainKey},
		AddListing: func(l Listing) channel.Ref {
			title := cmp.Or(l.Title, l.Code)
			must(mall.AddListing(mallsim.Listing{Key: mallsim.Key{Item: "i-" + l.Code}, Code: l.Code, Title: title, Stock: l.Units, Unlimited: l.Unlimited}))
			return channel.Ref("i-" + l.Code)
		},
		RemoveListing: func(ref channel.Ref) { mall.RemoveListing(key(ref)) },
		Shown:         func(ref channel.Ref) int64 { n, _ := mall.Stock(key(ref)); return n },
		SetShown:      func(ref channel.Ref, n int64) { mall.SetStock(key(ref), n, mallsim.ByEdit) },
		Place: func(wanted ...Line) string {
			var basket mallsim.Basket
			for _, l := range wanted {
				basket.Lines = append(basket.Lines, mallsim.Want{Key: key(l.Ref), Units: l.Units})
			}
			o, err := mall.Place(basket)
			must(err)
			return o.Number
		},
		Cancel:    func(n string) { _, err := mall.Cancel(n, mallsim.Cancellation{Shipped: true}); must(err) },
		Edit:      func(n string, line int, units int64) { _, err := mall.Edit(n, strconv.Itoa(line+1), units); must(err) },
		Ship:      func(n string) { _, err := mall.Ship(n, nil); must(err) },
		ShipUnits: func(n string, line int, units int64) { _, err := mall.Ship(n, lines(line, units)); must(err) },
		Return:    func(n string, line int, units int64) { _, err := mall.Return(n, lines(line, units), true); must(err) },
		Inject: func(f Fault, on Class) {
			mall.Inject(mallsim.Fault{Op: plainOps[on], Kind: mallsim.FaultKind(f)})
		},
		Heal:    mall.ClearFaults,
		Refused: func() int { return mall.Calls()["too_many:refused"] },
		Webhook: func(n string) (http.Header, []byte) {
			body := []byte(`{"order":"` + n + `"}`)
			return http.Header{"X-Sign": {plainSign(body)}}, body
		},
	}
}
