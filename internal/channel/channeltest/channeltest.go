// Package channeltest is the meaning of "it is a connector": one suite, run against every channel on its simulated mall
// (style 5). A channel's own test gives Run a Harness: how to start its mall, and small handles on the mall's side.
//
// Each sub-test has its own mall and its own connector inside a synctest bubble, so waiting costs nothing, a goroutine left
// behind fails the test, and sub-tests run in parallel. The mall is reached in process, but every request and answer goes
// through its bytes on the wire.
package channeltest

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/channel"
	"soroi/internal/clock"
)

// Harness is what the suite needs to know of a channel's simulated mall.
type Harness struct {
	Spec channel.Spec
	// New starts a mall with no listing and no order. It is called inside the sub-test's bubble, once per sub-test.
	New func(t *testing.T, s Setup) Bench
	// PageOrders is a number of orders that surely fills one page of PullOrders; PageListings the same for ListListings.
	PageOrders, PageListings int
	// Lacks names the sub-tests ("Orders/Return") that this mall's protocol has no words for, with the reason. What
	// Spec.Can leaves undeclared needs no line here.
	Lacks       map[string]string
	throughShop bool
}

// ThroughShop is the harness with the connector inside the channel.Shop that the engine holds. What passes alone must pass
// there, too.
func ThroughShop(h Harness) Harness {
	h.throughShop = true
	return h
}

// Setup is what a sub-test wants of its mall.
type Setup struct {
	Clock    clock.Clock   // the bubble's clock; the mall must use no other
	WriteLag time.Duration // until a write shows to readers
	OrderLag time.Duration // until a placed order is in the mall's order list
}

// Bench is one running mall with handles on its own side. None of the handles goes through the connector.
// Orders are addressed by the number that Place gave, their lines by their position in Place, from 0.
type Bench struct {
	Handler  http.Handler     // the mall's API
	Settings channel.Settings // valid for this mall; any base_url will do, since there is no network
	Secrets  []string         // what no error may contain

	AddListing    func(l Listing) channel.Ref
	RemoveListing func(ref channel.Ref)
	Shown         func(ref channel.Ref) int64 // the mall's own figure at this moment, whatever the lag; 0 when it has none
	SetShown      func(ref channel.Ref, n int64)

	Place     func(lines ...Line) string // a buyer's order; the mall lowers its own figures
	Cancel    func(number string)        // the whole order
	Edit      func(number string, line int, units int64)
	Ship      func(number string)                        // all that is still wanted
	ShipUnits func(number string, line int, units int64) // a part
	Return    func(number string, line int, units int64) // shipped units come back to the shelf

	Inject  func(f Fault, on Class) // every call of the class fails like this until Heal
	Heal    func()
	Refused func() int // calls that the mall has refused for being too fast

	// Webhook is what the shop sends about an order; only for Can.Webhook.
	Webhook func(number string) (http.Header, []byte)
	// Subscribed is how many kinds of event the shop sends to each address; only for Can.Subscribe.
	Subscribed func() map[string]int
}

// Listing is a listing to put up at the mall. Code is the merchant's code; it is distinct per listing, [a-z0-9-], at most
// 20 characters. An empty Title becomes the code.
type Listing struct {
	Code      string
	Title     string
	Units     int64
	Unlimited bool // only for Can.Unlimited
}

// Line is one line of a buyer's order.
type Line struct {
	Ref   channel.Ref
	Units int64
}

// Class groups a protocol's calls by what they are for.
type Class string

// The classes of calls. Any is all of them.
const (
	Orders   Class = "orders"
	Push     Class = "push"
	Read     Class = "read"
	Listings Class = "list"
	Any      Class = "any"
)

// Fault is a way in which a mall's call goes wrong, worded as the mall words it.
type Fault string

// The faults a mall can be told to have.
const (
	TimeoutBefore    Fault = "timeout_before" // no answer, no effect
	TimeoutAfter     Fault = "timeout_after"  // no answer, effect happened
	ServerError      Fault = "server_error"   // the mall's 500, no effect
	ServerErrorAfter Fault = "server_error_after"
	TooMany          Fault = "too_many"
	MaintenancePage  Fault = "maintenance_page" // HTML with status 200
	Unavailable      Fault = "unavailable"      // 503
	CutBody          Fault = "cut_body"
	WrongType        Fault = "wrong_type"
	Reset            Fault = "reset"
	Unauthorized     Fault = "unauthorized"
	Forbidden        Fault = "forbidden"
	Conflict         Fault = "conflict"    // the mall's 409
	SilentLoss       Fault = "silent_loss" // answers success, does nothing
	DuplicateOrders  Fault = "duplicate_orders"
)

// test is one sub-test. Needs, where given, says which channels must pass it; the others skip it by their own declaration.
type test struct {
	name  string
	needs func(channel.Spec) bool
	setup func(channel.Spec) Setup
	run   func(b *bench)
}

// Run runs the whole suite against one channel.
func Run(t *testing.T, h Harness) {
	all := slices.Concat(orderTests, stockTests, readTests, faultTests(), mannerTests())
	for name, reason := range h.Lacks {
		known := slices.ContainsFunc(all, func(x test) bool { return x.name == name })
		if !known || strings.TrimSpace(reason) == "" {
			t.Errorf("Lacks[%q] = %q: the name must be a sub-test's and the reason must be given", name, reason)
		}
	}
	for _, x := range all {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			if reason, lacks := h.Lacks[x.name]; lacks {
				t.Skipf("%s has no words for it: %s", h.Spec.Name, reason)
			}
			if x.needs != nil && !x.needs(h.Spec) {
				t.Skipf("%s does not declare it: %+v", h.Spec.Name, h.Spec.Can)
			}
			synctest.Test(t, func(t *testing.T) {
				var setup Setup
				if x.setup != nil {
					setup = x.setup(h.Spec)
				}
				x.run(open(t, h, setup))
			})
		})
	}
}
