package vendure

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/test/vendure/realshop"
)

// TestRealShop goes the whole circle with a server that nobody here wrote.
func TestRealShop(t *testing.T) {
	server := realshop.Start(t)
	c := &circle{t: t, server: server, conn: connect(t, server, nil)}

	tea, cup := c.add("tea", 10), c.add("cup", 4)
	t.Run("settings are checked", func(t *testing.T) {
		checked, err := c.conn.Check(t.Context())
		if err != nil || checked.Account != "__default_channel__" {
			t.Errorf("Check gave %+v, %v", checked, err)
		}
		stranger := connect(t, server, channel.Settings{fieldPassword: "wrong"})
		_, err = stranger.Check(t.Context())
		(&circle{t: t, conn: stranger}).keep("refusals/credentials")
		if channel.KindOf(err) != channel.Auth || codeOf(err) != "INVALID_CREDENTIALS_ERROR" {
			t.Errorf("a wrong password gave %v", err)
		}
		_, err = connect(t, server, channel.Settings{fieldLocation: "nowhere"}).Check(t.Context())
		if channel.KindOf(err) != channel.Auth {
			t.Errorf("an unknown stock location gave %v", err)
		}
	})
	t.Run("listings are pulled", func(t *testing.T) {
		got := c.listings()
		c.keep("listings/two")
		if l := got[tea]; !slices.Equal(l.Codes, []match.Code{{Kind: match.SKU, Text: "tea"}}) || l.Title != "商品 tea" || *l.Quantity != stock.Units(10) {
			t.Errorf("tea came as %+v", l)
		}
		if l := got[cup]; *l.Quantity != stock.Units(4) || len(got) != 2 {
			t.Errorf("cup came as %+v, of %d", l, len(got))
		}
	})

	cart := server.Fill(realshop.Line{Variant: string(tea), Units: 1})
	number := server.Order(realshop.Line{Variant: string(tea), Units: 3}, realshop.Line{Variant: string(cup), Units: 1})
	page := c.pull("")
	c.keep("orders/placed")
	t.Run("an order is pulled, a cart is not", func(t *testing.T) {
		s := c.find(page, number)
		if s.State != order.Open || len(s.Lines) != 2 || len(s.Problems) > 0 {
			t.Fatalf("the order came as %+v", s)
		}
		if l := s.Lines[0]; l.Ref != tea || l.Wanted != 3 || l.Shipped != 0 || l.Code != "tea" || l.Title != "商品 tea" {
			t.Errorf("its first line came as %+v", l)
		}
		if slices.ContainsFunc(page.Orders, func(s order.Snapshot) bool { return s.Number == cart }) {
			t.Error("a cart came as an order")
		}
		c.shows(tea, 7)
		c.shows(cup, 3)
		c.keep("stock/read")
	})
	t.Run("quantities are pushed and read back", func(t *testing.T) {
		outcomes := c.push(map[channel.Ref]int64{tea: 20, cup: 0})
		c.keep("stock/push")
		for ref, want := range map[channel.Ref]int64{tea: 20, cup: 0} {
			if o := outcomes[ref]; o.State != channel.Applied || o.Shown == nil || *o.Shown != stock.Units(want) {
				t.Errorf("%s is %+v", ref, o)
			}
			c.shows(ref, want)
			if got := server.Saleable(string(ref)); got != want {
				t.Errorf("the shop itself would sell %d, want %d", got, want)
			}
		}
		if onHand, allocated := server.Level(string(tea)); onHand != 23 || allocated != 3 {
			t.Errorf("on hand %d, allocated %d; want 23 and 3", onHand, allocated)
		}
	})
	t.Run("an unknown variant harms nobody", func(t *testing.T) {
		outcomes := c.push(map[channel.Ref]int64{tea: 21, "4711": 5})
		if o := outcomes[tea]; o.State != channel.Applied {
			t.Errorf("tea is %+v", o)
		}
		if o := outcomes["4711"]; o.State != channel.Refused || channel.KindOf(o.Err) != channel.NotFound {
			t.Errorf("the unknown variant is %+v", o)
		}
		c.shows(tea, 21)
	})
	t.Run("units are shipped", func(t *testing.T) {
		server.Fulfil(number, realshop.Line{Variant: string(tea), Units: 2})
		s := c.refresh(page, number)
		c.keep("orders/partly_shipped")
		if s.State != order.Open || s.Lines[0].Wanted != 3 || s.Lines[0].Shipped != 2 {
			t.Errorf("the partly shipped order came as %+v", s)
		}
		c.shows(tea, 21)
	})
	t.Run("a part is cancelled and its units come back", func(t *testing.T) {
		server.Cancel(number, realshop.Line{Variant: string(cup), Units: 1})
		s := c.refresh(page, number)
		c.keep("orders/partly_cancelled")
		if s.Lines[1].Wanted != 0 || s.State != order.Open {
			t.Errorf("the partly cancelled order came as %+v", s)
		}
		c.shows(cup, 1)
	})
	t.Run("the next pull finds an order and the paid cancel", func(t *testing.T) {
		second := server.Order(realshop.Line{Variant: string(tea), Units: 1})
		server.Cancel(second)
		next := c.pull(page.Next)
		c.keep("orders/changed")
		if s := c.find(next, second); s.State != order.Cancelled || s.Lines[0].Wanted != 0 {
			t.Errorf("the cancelled order came as %+v", s)
		}
		if s := c.find(next, number); s.Lines[1].Wanted != 0 {
			t.Errorf("the changed order came as %+v", s)
		}
		c.shows(tea, 21)
	})
	t.Run("all is shipped", func(t *testing.T) {
		server.Fulfil(number, realshop.Line{Variant: string(tea), Units: 1})
		s := c.refresh(page, number)
		c.keep("orders/shipped")
		if s.State != order.Shipped || s.Lines[0].Shipped != 3 {
			t.Errorf("the shipped order came as %+v", s)
		}
		if onHand, allocated := server.Level(string(tea)); onHand != 21 || allocated != 0 {
			t.Errorf("on hand %d, allocated %d; want 21 and 0", onHand, allocated)
		}
		c.shows(tea, 21)
	})
	t.Run("units that have left are cancelled, and the shop sells them again", func(t *testing.T) {
		server.Cancel(number, realshop.Line{Variant: string(tea), Units: 3})
		s := c.refresh(page, number)
		c.keep("orders/cancelled_after_shipping")
		if s.State != order.Cancelled || s.Lines[0].Wanted != 0 || s.Lines[0].Shipped != 3 {
			t.Errorf("the order came as %+v", s)
		}
		c.shows(tea, 24)
		c.push(map[channel.Ref]int64{tea: 21})
	})
	t.Run("a deleted variant is still named by its orders", func(t *testing.T) {
		gone := c.add("gone", 5)
		sold := server.Order(realshop.Line{Variant: string(gone), Units: 2})
		server.Delete(string(gone))
		s := c.find(c.pull(page.Next), sold)
		c.keep("orders/variant_deleted")
		if len(s.Lines) != 1 || s.Lines[0].Ref != gone || s.Lines[0].Wanted != 2 || len(s.Problems) != 0 {
			t.Errorf("the order came as %+v", s)
		}
		if o := c.push(map[channel.Ref]int64{gone: 1})[gone]; o.State != channel.Refused || channel.KindOf(o.Err) != channel.NotFound {
			t.Errorf("a push to it is %+v", o)
		}
	})
	t.Run("a variant that is gone between reading and writing is no answer for the others", func(t *testing.T) {
		inputs := []inputWire{{ID: string(tea), StockLevels: []inputLevel{{"1", 99}}}, {ID: "4711", StockLevels: []inputLevel{{"1", 1}}}}
		on := true
		_, err := c.conn.write(t.Context(), settingsWire{&on, new(int64)}, inputs)
		c.keep("refusals/no_entity")
		e, ok := errors.AsType[*channel.Error](err)
		if !ok || e.Kind != channel.Temporary || !e.NotDone || e.Code != "ENTITY_NOT_FOUND" {
			t.Errorf("it gave %v", err)
		}
		c.shows(tea, 21)
	})
	t.Run("a stock location that is gone is an error without a code", func(t *testing.T) {
		on := true
		_, err := c.conn.write(t.Context(), settingsWire{&on, new(int64)}, []inputWire{{ID: string(tea), StockLevels: []inputLevel{{"99", 1}}}})
		c.keep("refusals/no_code")
		if e, ok := errors.AsType[*channel.Error](err); !ok || e.Kind != channel.Temporary || e.NotDone {
			t.Errorf("it gave %v", err)
		}
		c.shows(tea, 21)
	})
	t.Run("a document that does not fit the schema is refused", func(t *testing.T) {
		_, err := c.conn.ask(t.Context(), "test", `{ productVariants { nonsense } }`, nil, new(struct{}))
		c.keep("refusals/not_valid")
		if e, ok := errors.AsType[*channel.Error](err); !ok || e.Kind != channel.Invalid || !e.NotDone || e.Status != 400 {
			t.Errorf("it gave %v", err)
		}
	})
	t.Run("an order that is gone has a problem", func(t *testing.T) {
		snapshots, err := c.conn.RefreshOrders(t.Context(), []order.Known{{Number: "NONE", PlacedAt: clock.System{}.Now()}})
		if err != nil || len(snapshots) != 1 || !snapshots[0].Incomplete || len(snapshots[0].Problems) != 1 {
			t.Errorf("it came as %+v, %v", snapshots, err)
		}
	})
	t.Run("what a shop sets for itself counts", func(t *testing.T) { countsApart(t, server) })
	t.Run("many pages", func(t *testing.T) { manyPages(t, server) })
	t.Run("a lost session is renewed", func(t *testing.T) {
		c.conn.session.token = "worn out"
		c.conn.send(t.Context(), "test", stockDocument, values{"ids": []string{}, "take": 1}, "worn out")
		c.keep("refusals/forbidden")
		c.shows(tea, 21)
		if c.conn.session.token == "worn out" {
			t.Error("the session was not renewed")
		}
	})
}

// countsApart covers what a shop may set for itself: threshold, tracking, several locations.
func countsApart(t *testing.T, server *realshop.Shop) {
	c := &circle{t: t, server: server, conn: connect(t, server, nil)}
	tea := c.add("apart", 10)

	server.Ask(`mutation { updateGlobalSettings(input: { outOfStockThreshold: 2 }) { __typename } }`, nil, nil)
	c.shows(tea, 8)
	c.push(map[channel.Ref]int64{tea: 5})
	c.shows(tea, 5)
	c.sells(tea, 5)
	server.Change(string(tea), map[string]any{"useGlobalOutOfStockThreshold": false, "outOfStockThreshold": -3})
	c.shows(tea, 10)
	c.push(map[channel.Ref]int64{tea: 4})
	c.shows(tea, 4)
	c.sells(tea, 4)

	server.Ask(`mutation { updateGlobalSettings(input: { trackInventory: false, outOfStockThreshold: 0 }) { __typename } }`, nil, nil)
	server.Change(string(tea), map[string]any{"useGlobalOutOfStockThreshold": true, "trackInventory": "INHERIT"})
	if got := c.read(tea); !got.Quantity.IsUnlimited() {
		t.Errorf("a variant that the shop does not count shows %s", got.Quantity)
	}
	c.push(map[channel.Ref]int64{tea: 6})
	c.shows(tea, 6)
	c.sells(tea, 6)
	if _, err := c.conn.PushStock(t.Context(), []channel.Update{{Ref: tea, Want: stock.Unlimited, Key: "endless"}}); err != nil {
		t.Fatal(err)
	}
	if got := c.read(tea); !got.Quantity.IsUnlimited() {
		t.Errorf("after pushing unlimited the shop shows %s", got.Quantity)
	}
	c.push(map[channel.Ref]int64{tea: 6})

	var made struct{ CreateStockLocation struct{ ID string } }
	server.Ask(`mutation { createStockLocation(input: { name: "倉庫2" }) { id } }`, nil, &made)
	server.Change(string(tea), map[string]any{"stockLevels": []map[string]any{{"stockLocationId": made.CreateStockLocation.ID, "stockOnHand": 10}}})
	c.shows(tea, 16)
	c.push(map[channel.Ref]int64{tea: 3})
	c.shows(tea, 3)
	c.sells(tea, 3)
	there := &circle{t: t, server: server, conn: connect(t, server, channel.Settings{fieldLocation: "倉庫2"})}
	there.push(map[channel.Ref]int64{tea: 9})
	c.shows(tea, 9)
	if onHand, _ := server.Level(string(tea)); onHand != -7 {
		t.Errorf("the first location holds %d, want the -7 that were there before", onHand)
	}
	c.push(map[channel.Ref]int64{tea: 0})
	c.sells(tea, 0)

	var second struct{ CreateChannel struct{ ID string } }
	server.Ask(`mutation { createChannel(input: { code: "second", token: "second-token", defaultLanguageCode: en, pricesIncludeTax: false,
		defaultCurrencyCode: JPY, defaultTaxZoneId: "1", defaultShippingZoneId: "1" }) { ... on Channel { id } } }`, nil, &second)
	_, err := connect(t, server, channel.Settings{fieldToken: "no-such-token"}).Check(t.Context())
	if channel.KindOf(err) != channel.Auth || codeOf(err) != "CHANNEL_NOT_FOUND" {
		t.Errorf("a wrong channel token gave %v", err)
	}
	elsewhere := &circle{t: t, server: server, conn: connect(t, server, channel.Settings{fieldToken: "second-token"})}
	if got := elsewhere.read(tea); got.Found {
		t.Errorf("the second channel shows %+v of the first", got)
	}

	server.Delete(string(tea))
	if got := c.read(tea); got.Found {
		t.Errorf("a deleted variant shows %+v", got)
	}
}

// manyPages makes more variants than one page holds within one second, and finds each.
func manyPages(t *testing.T, server *realshop.Shop) {
	c := &circle{t: t, server: server, conn: connect(t, server, nil)}
	made := map[channel.Ref]bool{}
	for i := range pageListings + 30 {
		made[c.add(fmt.Sprintf("many-%d", i), 1)] = true
	}
	got := c.listings()
	for ref := range made {
		if _, ok := got[ref]; !ok {
			t.Errorf("%s is not listed", ref)
		}
	}
	want := map[channel.Ref]int64{}
	for ref := range made {
		if len(want) < stockItems {
			want[ref] = int64(len(want))
		}
	}
	for ref, o := range c.push(want) {
		if o.State != channel.Applied || *o.Shown != stock.Units(want[ref]) {
			t.Errorf("%s is %+v, want %d", ref, o, want[ref])
		}
	}
}

func connect(t *testing.T, server *realshop.Shop, more channel.Settings) *shop {
	t.Helper()
	settings := channel.Settings{
		channel.BaseURL: channel.Secret(server.BaseURL()),
		fieldUsername:   channel.Secret(server.Username()),
		fieldPassword:   channel.Secret(server.Password()),
	}
	for k, v := range more {
		settings[k] = v
	}
	client := &http.Client{Transport: &recorder{next: &http.Transport{}}}
	t.Cleanup(client.CloseIdleConnections)
	conn, err := Spec().Open(settings, channel.Deps{HTTP: client, Clock: clock.System{}, Pace: channel.NewPace(clock.System{}, nil)})
	if err != nil {
		t.Fatal(err)
	}
	return conn.(*shop)
}

var capture = flag.Bool("capture", false, "write the real server's answers to testdata")

// recorder keeps the last answer.
type recorder struct {
	next *http.Transport
	last []byte
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if r.last, err = io.ReadAll(resp.Body); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(r.last))
	return resp, nil
}

func (r *recorder) CloseIdleConnections() { r.next.CloseIdleConnections() }

// keep writes the last answer as a fixture, with -capture.
func (c *circle) keep(name string) {
	c.t.Helper()
	if !*capture {
		return
	}
	var text bytes.Buffer
	if err := json.Indent(&text, c.conn.deps.HTTP.Transport.(*recorder).last, "", "  "); err != nil {
		c.t.Fatal(err)
	}
	path := filepath.Join("testdata", filepath.FromSlash(name)+".response.json")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, append(text.Bytes(), '\n'), 0o644); err != nil {
		c.t.Fatal(err)
	}
}

type circle struct {
	t      *testing.T
	server *realshop.Shop
	conn   *shop
}

func (c *circle) add(code string, onHand int64) channel.Ref {
	return channel.Ref(c.server.AddProduct(code, onHand))
}

func (c *circle) listings() map[channel.Ref]channel.Listing {
	c.t.Helper()
	got := map[channel.Ref]channel.Listing{}
	var since channel.Cursor
	for {
		page, err := c.conn.ListListings(c.t.Context(), since)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, l := range page.Listings {
			got[l.Ref] = l
		}
		if !page.More {
			return got
		}
		since = page.Next
	}
}

func (c *circle) pull(since channel.Cursor) channel.OrderPage {
	c.t.Helper()
	page, err := c.conn.PullOrders(c.t.Context(), since)
	if err != nil {
		c.t.Fatal(err)
	}
	if page.More || page.UpTo.IsZero() {
		c.t.Errorf("the page ends with More %t, UpTo %v", page.More, page.UpTo)
	}
	return page
}

func (c *circle) find(page channel.OrderPage, number string) order.Snapshot {
	c.t.Helper()
	for _, s := range page.Orders {
		if s.Number == number {
			if err := s.Check(); err != nil {
				c.t.Error(err)
			}
			return s
		}
	}
	c.t.Fatalf("order %s is not among %d", number, len(page.Orders))
	return order.Snapshot{}
}

func (c *circle) refresh(page channel.OrderPage, number string) order.Snapshot {
	c.t.Helper()
	known := c.find(page, number)
	snapshots, err := c.conn.RefreshOrders(c.t.Context(), []order.Known{{Number: number, PlacedAt: known.PlacedAt, Version: known.Version}})
	if err != nil {
		c.t.Fatal(err)
	}
	return c.find(channel.OrderPage{Orders: snapshots}, number)
}

func (c *circle) push(want map[channel.Ref]int64) map[channel.Ref]channel.Outcome {
	c.t.Helper()
	var updates []channel.Update
	for ref, n := range want {
		updates = append(updates, channel.Update{Ref: ref, Want: stock.Units(n), Key: "push-" + string(ref)})
	}
	outcomes, err := c.conn.PushStock(c.t.Context(), updates)
	if err != nil {
		c.t.Fatal(err)
	}
	got := map[channel.Ref]channel.Outcome{}
	for i, o := range outcomes {
		got[updates[i].Ref] = o
	}
	return got
}

func (c *circle) read(ref channel.Ref) channel.Shown {
	c.t.Helper()
	shown, err := c.conn.ReadStock(c.t.Context(), []channel.Ref{ref})
	if err != nil {
		c.t.Fatal(err)
	}
	return shown[0]
}

func (c *circle) shows(ref channel.Ref, want int64) {
	c.t.Helper()
	if got := c.read(ref); !got.Found || got.Quantity != stock.Units(want) {
		c.t.Errorf("%s shows %+v, want %d", ref, got, want)
	}
}

// sells asks the shop for more than there is: it says how many it has.
func (c *circle) sells(ref channel.Ref, want int64) {
	c.t.Helper()
	if got := c.server.Offer(string(ref)); got != want {
		c.t.Errorf("the shop sells %d of %s, want %d", got, ref, want)
	}
}

func codeOf(err error) string {
	if e, ok := errors.AsType[*channel.Error](err); ok {
		return e.Code
	}
	return ""
}
