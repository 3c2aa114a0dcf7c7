package rakuten

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/channel"
	"soroi/internal/channel/channeltest"
	"soroi/internal/clock"
	"soroi/internal/order"
	"soroi/internal/stock"
)

// desk answers like the order API over a plain list of orders, and keeps every request.
type desk struct {
	t        *testing.T
	placed   []time.Time // order i has number numberOf(i)
	bodies   []string
	searches []searchRequest
	gets     [][]string
	header   http.Header
}

func numberOf(i int) string { return fmt.Sprintf("700001-20000101-%010d", i) }

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		d.t.Error(err)
	}
	d.bodies = append(d.bodies, r.Method+" "+r.URL.RequestURI()+" "+string(body))
	d.header = r.Header.Clone()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	switch r.URL.Path {
	case "/es/2.0/order/searchOrder/":
		d.search(w, body)
	case "/es/2.0/order/getOrder/":
		d.get(w, body)
	case "/es/2.0/inventories/bulk-upsert":
		w.WriteHeader(http.StatusNoContent)
	case "/es/2.0/inventories/bulk-get":
		io.WriteString(w, `{"inventories":[]}`)
	case "/es/2.0/items/search":
		io.WriteString(w, `{"nextCursorMark":"a+b=","results":[]}`)
	case "/es/1.0/license-management/license-key/expiry-date":
		io.WriteString(w, `{"expiryDate":"2000-03-31T23:59:59+09:00"}`)
	default:
		d.t.Errorf("unexpected call of %s", r.URL.Path)
	}
}

func (d *desk) search(w io.Writer, body []byte) {
	var asked searchRequest
	if err := json.Unmarshal(body, &asked); err != nil {
		d.t.Error(err)
	}
	d.searches = append(d.searches, asked)
	from, err1 := time.Parse(orderTime, asked.StartDatetime)
	to, err2 := time.Parse(orderTime, asked.EndDatetime)
	if err1 != nil || err2 != nil || to.Before(from) || to.Sub(from) > 63*24*time.Hour {
		d.t.Errorf("window %s … %s", asked.StartDatetime, asked.EndDatetime)
	}
	var found []string
	for i, at := range d.placed {
		if !at.Before(from) && !at.Truncate(time.Second).After(to) {
			found = append(found, numberOf(i))
		}
	}
	amount, page := asked.PaginationRequestModel.RequestRecordsAmount, asked.PaginationRequestModel.RequestPage
	low := min((page-1)*amount, len(found))
	answer := map[string]any{
		"orderNumberList":  found[low:min(low+amount, len(found))],
		"MessageModelList": []map[string]string{{"messageType": "INFO", "messageCode": "ORDER_EXT_API_SEARCH_ORDER_INFO_101"}},
		"PaginationResponseModel": map[string]int{"totalRecordsAmount": len(found), "requestPage": page,
			"totalPages": (len(found) + amount - 1) / amount},
	}
	json.NewEncoder(w).Encode(answer)
}

func (d *desk) get(w io.Writer, body []byte) {
	var asked getRequest
	if err := json.Unmarshal(body, &asked); err != nil {
		d.t.Error(err)
	}
	d.gets = append(d.gets, asked.OrderNumberList)
	var orders []map[string]any
	for _, n := range asked.OrderNumberList {
		i, err := strconv.Atoi(n[len(n)-10:])
		if err != nil || i >= len(d.placed) {
			continue
		}
		orders = append(orders, map[string]any{"orderNumber": n, "orderProgress": 100, "PackageModelList": []any{},
			"orderDatetime": d.placed[i].In(japan).Format(orderTime)})
	}
	slices.Reverse(orders) // the mall promises no order
	json.NewEncoder(w).Encode(map[string]any{"MessageModelList": []any{map[string]any{"messageType": "INFO"}}, "OrderModelList": orders})
}

// atDesk opens a connector on a desk inside a bubble. The rates are lifted: what is counted here is calls.
func atDesk(t *testing.T, test func(t *testing.T, d *desk, c *connector)) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{t: t}
		deps := channel.Deps{HTTP: &http.Client{Transport: &channeltest.Transport{Handler: d}}, Clock: clock.System{},
			Pace: channel.NewPace(clock.System{}, nil)}
		c, err := Spec().Open(channel.Settings{fieldSecret: "SP_secret", fieldLicense: "SL_key+/="}, deps)
		if err != nil {
			t.Fatal(err)
		}
		test(t, d, c.(*connector))
	})
}

// pullAll pulls to the end and gives the numbers in the order in which they came.
func pullAll(t *testing.T, c *connector, since channel.Cursor) ([]string, channel.Cursor) {
	t.Helper()
	var numbers []string
	for {
		page, err := c.PullOrders(t.Context(), since)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page.Orders {
			numbers = append(numbers, s.Number)
		}
		since = page.Next
		if !page.More {
			return numbers, since
		}
	}
}

func TestRequests(t *testing.T) {
	atDesk(t, func(t *testing.T, d *desk, c *connector) {
		time.Sleep(24 * time.Hour)
		d.placed = []time.Time{time.Now()}
		since, err := json.Marshal(cursor{V: 1, From: time.Now().Add(-overlap).Unix()})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.PullOrders(t.Context(), channel.Cursor(since)); err != nil {
			t.Fatal(err)
		}
		if got := d.header.Get("Content-Type"); got != "application/json; charset=utf-8" {
			t.Errorf("Content-Type is %q", got)
		}
		if got := d.header.Get("Authorization"); got != "ESA U1Bfc2VjcmV0OlNMX2tleSsvPQ==" {
			t.Errorf("Authorization is %q", got)
		}
		ten := stock.Units(10)
		outcomes, err := c.PushStock(t.Context(), []channel.Update{
			{Ref: "t-shirt-01/blue-m", Want: stock.Units(12), Key: "a"},
			{Ref: "mug-07/mug-07", Want: stock.Units(8), Expect: &ten, Key: "b"},
			{Ref: "before//migration", Want: stock.Units(1), Key: "c"},
		})
		if err != nil || outcomes[0].State != channel.Applied || outcomes[1].State != channel.Applied || outcomes[2].State != channel.Refused {
			t.Errorf("pushed with %v, %v", outcomes, err)
		}
		if _, err := c.ReadStock(t.Context(), []channel.Ref{"t-shirt-01/blue-m", "before//migration", "t-shirt-01/blue-m", "mug-07/mug-07"}); err != nil {
			t.Error(err)
		}
		page, err := c.ListListings(t.Context(), "")
		if err != nil || !page.More {
			t.Errorf("listed with %+v, %v", page, err)
		}
		if page, err = c.ListListings(t.Context(), page.Next); err != nil || page.More {
			t.Errorf("the repeated mark is not the end: %+v, %v", page, err)
		}
		checked, err := c.Check(t.Context())
		if err != nil || !checked.Expires.Equal(time.Date(2000, 3, 31, 14, 59, 59, 0, time.UTC)) {
			t.Errorf("checked with %v, %v", checked, err)
		}
		channeltest.Golden(t, "requests", d.bodies)
	})
}

// What a cursor has seen costs no details again, however often the hour before it is searched.
func TestSeenOrdersAreNotFetchedAgain(t *testing.T) {
	atDesk(t, func(t *testing.T, d *desk, c *connector) {
		for range 50 {
			d.placed = append(d.placed, time.Now())
			time.Sleep(time.Second)
		}
		first, since := pullAll(t, c, "")
		if len(first) != 50 {
			t.Fatalf("pulled %d orders, want 50", len(first))
		}
		d.gets, d.bodies = nil, nil
		if again, next := pullAll(t, c, since); len(again) != 0 || len(d.gets) != 0 || len(d.bodies) != 1 {
			t.Errorf("an idle poll gave %v with %d calls, %d of them for details", again, len(d.bodies), len(d.gets))
		} else {
			since = next
		}
		// One that the mall lists half an hour late is found.
		late := time.Now()
		time.Sleep(30 * time.Minute)
		_, since = pullAll(t, c, since)
		d.placed = append(d.placed, late)
		time.Sleep(time.Minute)
		if got, _ := pullAll(t, c, since); !slices.Equal(got, []string{numberOf(50)}) {
			t.Errorf("the late order came as %v", got)
		}
	})
}

func TestManyOrdersInOneHour(t *testing.T) {
	atDesk(t, func(t *testing.T, d *desk, c *connector) {
		time.Sleep(1000 * time.Hour)
		base := time.Now()
		for i := range 2500 {
			d.placed = append(d.placed, base.Add(time.Duration(i)*time.Second))
		}
		time.Sleep(2500 * time.Second)
		got, since := pullAll(t, c, "")
		slices.Sort(got)
		if got = slices.Compact(got); len(got) != 2500 {
			t.Errorf("pulled %d orders, want 2,500", len(got))
		}
		for _, part := range d.gets {
			if len(part) > getOrders {
				t.Errorf("details of %d orders in one call", len(part))
			}
		}
		again, _ := pullAll(t, c, since)
		if len(again) != 0 {
			t.Errorf("an idle poll after a busy hour fetched %d orders", len(again))
		}
	})
}

// Paging reaches 15,000 hits: a window that holds more is halved until it fits.
func TestWindowsAreNarrowed(t *testing.T) {
	atDesk(t, func(t *testing.T, d *desk, c *connector) {
		base := time.Now()
		for i := range 40_000 {
			d.placed = append(d.placed, base.Add(time.Duration(i)*20*time.Second))
		}
		time.Sleep(40_000 * 20 * time.Second)
		got, _ := pullAll(t, c, "")
		slices.Sort(got)
		if got = slices.Compact(got); len(got) != 40_000 {
			t.Errorf("pulled %d orders, want 40,000", len(got))
		}
		for _, s := range d.searches {
			if p := s.PaginationRequestModel; p.RequestPage*p.RequestRecordsAmount > ceiling {
				t.Fatalf("page %d of %d hits lies beyond what paging reaches", p.RequestPage, p.RequestRecordsAmount)
			}
		}
	})
}

// The first pull walks the history in windows and leaves out what was finished long ago; later pulls leave out nothing.
func TestFirstPull(t *testing.T) {
	atDesk(t, func(t *testing.T, d *desk, c *connector) {
		_, since := pullAll(t, c, "")
		if n := len(d.searches); n != 13 {
			t.Errorf("walking 729 days took %d searches, want 12 windows of 63 days and the last hour", n)
		}
		for i, s := range d.searches {
			to, err := time.Parse(orderTime, s.EndDatetime)
			if err != nil {
				t.Fatal(err)
			}
			old := to.Before(time.Now().Add(-longest))
			if all := len(s.OrderProgressList) == 9; all == old {
				t.Errorf("search %d, to %s, asks for %v", i, s.EndDatetime, s.OrderProgressList)
			}
		}
		d.searches = nil
		time.Sleep(300 * 24 * time.Hour)
		pullAll(t, c, since)
		for i, s := range d.searches {
			if sweep := i == len(d.searches)-1; len(s.OrderProgressList) != 9 && !sweep {
				t.Errorf("after a long pause the search to %s asks for %v alone", s.EndDatetime, s.OrderProgressList)
			}
		}
	})
}

// An order that the search names and the details lack is not lost.
func TestOrderWithoutDetails(t *testing.T) {
	atDesk(t, func(t *testing.T, d *desk, c *connector) {
		d.placed = []time.Time{time.Now()}
		time.Sleep(time.Minute)
		found := numberOf(1)
		snapshots, err := c.details(t.Context(), []string{numberOf(0), found})
		if err != nil || len(snapshots) != 2 {
			t.Fatalf("got %v, %v", snapshots, err)
		}
		i := slices.IndexFunc(snapshots, func(s order.Snapshot) bool { return s.Number == found })
		if s := snapshots[i]; !s.Incomplete || len(s.Problems) == 0 || s.Check() != nil || s.PlacedAt.Format("2006-01-02") != "1999-12-31" {
			t.Errorf("the order without details came as %+v", s)
		}
	})
}

func TestBatchesAboveTheLimit(t *testing.T) {
	atDesk(t, func(t *testing.T, d *desk, c *connector) {
		if _, err := c.PushStock(t.Context(), make([]channel.Update, pushItems+1)); channel.KindOf(err) != channel.Invalid {
			t.Errorf("401 updates: %v", err)
		}
		if _, err := c.ReadStock(t.Context(), make([]channel.Ref, readItems+1)); channel.KindOf(err) != channel.Invalid {
			t.Errorf("1,001 refs: %v", err)
		}
		if len(d.bodies) != 0 {
			t.Errorf("refused batches made %d calls", len(d.bodies))
		}
	})
}
