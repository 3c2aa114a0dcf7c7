package rakuten

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/channel"
	"soroi/internal/channel/channeltest"
	"soroi/internal/clock"
	"soroi/internal/order"
)

// answering opens a connector on a shop that gives the same answer to whatever it is asked.
func answering(t *testing.T, status int, body []byte) channel.Connector {
	t.Helper()
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		if _, err := w.Write(body); err != nil {
			t.Error(err)
		}
	})
	conn, err := Spec().Open(settings(), channel.Deps{HTTP: &http.Client{Transport: &channeltest.Transport{Handler: handler}},
		Clock: clock.System{}, Pace: channel.NewPace(clock.System{}, nil)})
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func refreshing(ctx context.Context, c channel.Connector) ([]order.Snapshot, error) {
	return c.RefreshOrders(ctx, []order.Known{{Number: "700001-20260310-0000000099", PlacedAt: asked}})
}

func pulling(ctx context.Context, c channel.Connector) ([]order.Snapshot, error) {
	page, err := c.PullOrders(ctx, "")
	return page.Orders, err
}

func listing(ctx context.Context, c channel.Connector) ([]order.Snapshot, error) {
	_, err := c.(channel.Lister).ListListings(ctx, "")
	return nil, err
}

func checking(ctx context.Context, c channel.Connector) ([]order.Snapshot, error) {
	_, err := c.(channel.Checker).Check(ctx)
	return nil, err
}

func reading(ctx context.Context, c channel.Connector) ([]order.Snapshot, error) {
	_, err := c.ReadStock(ctx, []channel.Ref{"mug/mug"})
	return nil, err
}

// Whole answers over the wire, and what each means. An empty kind is no error.
func TestAnswersOverTheWire(t *testing.T) {
	fixture := func(name string) string { return string(channeltest.Fixture(t, name+".response.json")) }
	type call = func(context.Context, channel.Connector) ([]order.Snapshot, error)
	for name, x := range map[string]struct {
		call   call
		status int
		body   string
		kind   channel.ErrorKind
		code   string
	}{
		"no orders":                         {pulling, 200, fixture("search/none"), "", ""},
		"no orders, null for the list":      {pulling, 200, strings.Replace(fixture("search/none"), "[]", "null", 1), "", ""},
		"a window of the wrong form":        {pulling, 400, fixture("search/refused"), channel.Invalid, "ORDER_EXT_API_SEARCH_ORDER_ERROR_011"},
		"an error with status 200":          {pulling, 200, fixture("search/refused"), channel.Invalid, "ORDER_EXT_API_SEARCH_ORDER_ERROR_011"},
		"numbers without a count":           {pulling, 200, `{"orderNumberList":["1-2-3"],"MessageModelList":[]}`, channel.Unreadable, ""},
		"an empty number":                   {pulling, 200, strings.Replace(fixture("search/found"), "700001-20260310-0000000021", "", 1), channel.Unreadable, ""},
		"neither list nor message":          {pulling, 200, `{}`, channel.Unreadable, ""},
		"an unknown order, status 400":      {refreshing, 400, fixture("orders/gone"), "", ""},
		"an unknown order, status 200":      {refreshing, 200, fixture("orders/gone"), "", ""},
		"an unknown order, null for list":   {refreshing, 400, strings.Replace(fixture("orders/gone"), "[],", "null,", 1), "", ""},
		"a call without version":            {refreshing, 400, fixture("orders/refused"), channel.Invalid, "ORDER_EXT_API_GET_ORDER_ERROR_009"},
		"an order without a number":         {refreshing, 200, `{"MessageModelList":[],"OrderModelList":[{"orderProgress":100}]}`, channel.Unreadable, ""},
		"an order that is no object":        {refreshing, 200, `{"MessageModelList":[],"OrderModelList":[7]}`, channel.Unreadable, ""},
		"a key that is refused":             {refreshing, 401, fixture("gateway/unauthorised"), channel.Auth, "ES01-01"},
		"a function that is not ticked":     {reading, 400, fixture("gateway/not_ticked"), channel.Auth, "ES04-01"},
		"a missing charset":                 {pulling, 415, fixture("gateway/no_charset"), channel.Invalid, "ES04-03"},
		"stock without a list":              {reading, 200, `{}`, channel.Unreadable, ""},
		"stock without a quantity":          {reading, 200, `{"inventories":[{"manageNumber":"mug","variantId":"mug"}]}`, channel.Unreadable, ""},
		"stock of a shop without SKUs":      {reading, 400, fixture("stock/not_migrated"), channel.Unsupported, "IE1105"},
		"items without results":             {listing, 200, `{"nextCursorMark":"a"}`, channel.Unreadable, ""},
		"an item without its number":        {listing, 200, `{"results":[{"item":{"title":"x"}}]}`, channel.Unreadable, ""},
		"an item with a SKU without one":    {listing, 200, `{"results":[{"item":{"manageNumber":"m","variants":{"":{}}}}]}`, channel.Unreadable, ""},
		"a key's end without a date":        {checking, 200, `{}`, channel.Unreadable, ""},
		"a shop whose state is not known":   {reading, 500, `{"errors":[{"code":"GE0019","message":"","metadata":null}]}`, channel.Temporary, "GE0019"},
		"a conflict with another update":    {reading, 409, fixture("stock/conflict"), channel.Temporary, "CE0001"},
		"something that does not exist":     {checking, 404, `{"errors":[{"code":"GE0014","message":"","metadata":null}]}`, channel.NotFound, "GE0014"},
		"too many calls":                    {reading, 429, `{"Results":{"errorCode":"ES04-01","message":"Too Many Requests"}}`, channel.Throttled, "ES04-01"},
		"maintenance in the mall's words":   {reading, 503, `{"Results":{"errorCode":"ES99-99","message":"maintenance"}}`, channel.Maintenance, "ES99-99"},
		"a refusal by the gateway with 200": {reading, 200, `{"Results":{"errorCode":"ES99-99","message":"no"}}`, channel.Invalid, "ES99-99"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Hour)
				got, err := x.call(t.Context(), answering(t, x.status, []byte(x.body)))
				if x.kind == "" {
					if err != nil {
						t.Fatal(err)
					}
					for _, s := range got {
						if s.Check() != nil || !s.Incomplete || !s.PlacedAt.Equal(asked) {
							t.Errorf("an unknown order came as %+v", s)
						}
					}
					return
				}
				e, ok := err.(*channel.Error)
				if !ok || e.Kind != x.kind || e.Code != x.code || e.Status != x.status && e.Status != 0 {
					t.Errorf("%v, want kind %s and code %q", err, x.kind, x.code)
				}
			})
		})
	}
}
