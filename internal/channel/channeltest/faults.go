package channeltest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"soroi/internal/channel"
	"soroi/internal/order"
)

// kindsOf says which kinds of error a fault may end in.
var kindsOf = map[Fault][]channel.ErrorKind{
	TimeoutBefore:    {channel.Temporary},
	TimeoutAfter:     {channel.Temporary},
	ServerError:      {channel.Temporary},
	ServerErrorAfter: {channel.Temporary},
	TooMany:          {channel.Throttled},
	MaintenancePage:  {channel.Maintenance},
	Unavailable:      {channel.Maintenance, channel.Temporary},
	CutBody:          {channel.Unreadable, channel.Temporary},
	WrongType:        {channel.Unreadable},
	Reset:            {channel.Temporary},
	Unauthorized:     {channel.Auth},
	Forbidden:        {channel.Auth},
	Conflict:         {channel.Temporary},
}

// certain are the faults in which the shop surely did nothing; in the others a write may have happened.
var certain = []Fault{TooMany, Unauthorized, Forbidden}

// faultTests are one sub-test per fault and class of calls, worded by the mall, and one per status that anything between us
// and the mall may answer with.
func faultTests() []test {
	var tests []test
	for _, f := range []Fault{TimeoutBefore, ServerError, TooMany, MaintenancePage, Unavailable, CutBody, WrongType, Reset, Unauthorized, Forbidden, Conflict} {
		for _, c := range []Class{Orders, Read, Listings} {
			x := test{name: fmt.Sprintf("Faults/%s/%s", f, c), run: func(b *bench) { readingFault(b, f, c) }}
			if c == Listings {
				x.needs = func(s channel.Spec) bool { return s.Can.ListListings }
			}
			tests = append(tests, x)
		}
	}
	for _, f := range []Fault{TimeoutBefore, TimeoutAfter, ServerError, ServerErrorAfter, TooMany, MaintenancePage, Unavailable, Reset, Unauthorized, Forbidden, Conflict, SilentLoss} {
		tests = append(tests, test{name: fmt.Sprintf("Faults/%s/%s", f, Push), run: func(b *bench) { pushFault(b, f) }})
	}
	for _, g := range gateways {
		tests = append(tests, test{name: "Faults/Gateway/" + g.name, run: func(b *bench) { gatewayFault(b, g) }})
	}
	return append(tests,
		test{name: "Faults/duplicate_orders/orders", run: faultDuplicateOrders},
		test{name: "Faults/SlowBody", run: faultSlowBody},
		test{name: "Faults/CancelReturnsAtOnce", run: faultCancel},
		test{name: "Faults/CancelledBefore", run: faultCancelledBefore},
	)
}

func wantKind(b *bench, what string, err error, kinds []channel.ErrorKind) *channel.Error {
	b.t.Helper()
	if err == nil {
		b.t.Fatalf("%s: no error", what)
	}
	e := b.fault(what, err)
	if !slices.Contains(kinds, e.Kind) {
		b.t.Errorf("%s: %v is %s, want %v", what, err, e.Kind, kinds)
	}
	return e
}

// calls are the ways of one class to ask the shop something.
func (b *bench) calls(c Class, ref channel.Ref, last channel.Cursor) map[string]func(context.Context) error {
	calls := map[string]func(context.Context) error{}
	if c == Orders || c == Any {
		calls["PullOrders"] = func(ctx context.Context) error { _, err := b.conn.PullOrders(ctx, last); return err }
		known := b.known(b.pulled(), b.numbers()...)
		calls["RefreshOrders"] = func(ctx context.Context) error { _, err := b.conn.RefreshOrders(ctx, known); return err }
	}
	if c == Read || c == Any {
		calls["ReadStock"] = func(ctx context.Context) error {
			_, err := b.conn.ReadStock(ctx, []channel.Ref{ref})
			return err
		}
	}
	if lister, ok := b.conn.(channel.Lister); ok && b.can.ListListings && (c == Listings || c == Any) {
		calls["ListListings"] = func(ctx context.Context) error { _, err := lister.ListListings(ctx, ""); return err }
	}
	return calls
}

func readingFault(b *bench, f Fault, c Class) {
	ref := b.list("tea", 10)
	b.Place(Line{ref, 1})
	b.wait(b.limits.Lateness + time.Minute)
	_, last := b.pull("")
	calls := b.calls(c, ref, last.Next)
	b.Inject(f, c)
	for name, call := range calls {
		e := wantKind(b, name, call(b.ctx), kindsOf[f])
		if f == Unauthorized && e.Status == 0 {
			b.t.Errorf("%s: the error %v lost the HTTP status", name, e)
		}
	}
	b.Heal()
	for name, call := range calls {
		if err := call(b.ctx); err != nil {
			b.t.Errorf("%s after the fault has passed: %v", name, err)
		}
	}
}

func pushFault(b *bench, f Fault) {
	ref := b.list("tea", 10)
	effect := f == TimeoutAfter || f == ServerErrorAfter
	for _, expected := range []bool{false, true} {
		if expected && b.can.Write == channel.Overwrite {
			continue
		}
		before := b.Shown(ref)
		want := before - 3
		update := b.update(ref, want, nil)
		if expected {
			update = b.update(ref, want, &before)
		}
		b.Inject(f, Push)
		outcomes, err := b.push(update)
		b.Heal()
		if f == SilentLoss {
			b.wantShown(ref, before)
			if got := b.read(ref)[0]; !got.Found || got.Quantity.Sortable() != before {
				b.t.Errorf("after a write that was lost in silence, reading gives %+v, want %d", got, before)
			}
		} else {
			wantUncertain(b, f, outcomes, err)
			if effect {
				b.wantShown(ref, want)
			} else {
				b.wantShown(ref, before)
			}
		}
		b.wantApplied(b.settle(b.update(ref, want, nil)))
		b.wantShown(ref, want)
	}
}

// wantUncertain checks what a failed push says of its one update: of the right kind, and never "surely not done" unless the
// shop surely did nothing.
func wantUncertain(b *bench, f Fault, outcomes []channel.Outcome, err error) {
	b.t.Helper()
	sure := false
	if err == nil {
		o := outcomes[0]
		if o.State == channel.Applied || o.State == channel.Accepted {
			b.t.Errorf("%s: the push is %s", f, o.State)
			return
		}
		err, sure = o.Err, o.State == channel.Refused || o.State == channel.Conflict
	}
	e := wantKind(b, fmt.Sprintf("a push with %s", f), err, kindsOf[f])
	sure = sure || e.NotDone
	switch {
	case slices.Contains(certain, f) && !sure:
		b.t.Errorf("%s: the push may have happened, says %v; the shop refused the call", f, err)
	case (f == TimeoutBefore || f == TimeoutAfter || f == ServerErrorAfter || f == Reset) && sure:
		b.t.Errorf("%s: the push surely did not happen, says %v; nobody can know", f, err)
	}
}

// gateway is an answer that comes from something between us and the mall, with a body that is not the mall's.
type gateway struct {
	name   string
	answer func(w http.ResponseWriter)
	kinds  []channel.ErrorKind
	wait   time.Duration
	renews bool // a connector may fetch new credentials and call again
}

func status(code int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(code)
		io.WriteString(w, body)
	}
}

var gateways = []gateway{
	{name: "401", answer: status(401, ""), kinds: []channel.ErrorKind{channel.Auth}, renews: true},
	{name: "403", answer: status(403, "forbidden"), kinds: []channel.ErrorKind{channel.Auth}, renews: true},
	{name: "404", answer: status(404, "404 page not found"), kinds: []channel.ErrorKind{channel.NotFound, channel.Invalid}},
	{name: "408", answer: status(408, ""), kinds: []channel.ErrorKind{channel.Temporary}},
	{name: "409", answer: status(409, ""), kinds: []channel.ErrorKind{channel.Temporary}},
	{name: "429", answer: status(429, ""), kinds: []channel.ErrorKind{channel.Throttled}},
	{name: "429WithRetryAfter", wait: 7 * time.Second, kinds: []channel.ErrorKind{channel.Throttled},
		answer: func(w http.ResponseWriter) { w.Header().Set("Retry-After", "7"); status(429, "slow down")(w) }},
	{name: "500", answer: status(500, "internal error"), kinds: []channel.ErrorKind{channel.Temporary}},
	{name: "502", answer: status(502, "<html><body>Bad Gateway</body></html>"), kinds: []channel.ErrorKind{channel.Temporary}},
	{name: "503", answer: status(503, ""), kinds: []channel.ErrorKind{channel.Maintenance, channel.Temporary}},
	{name: "504", answer: status(504, ""), kinds: []channel.ErrorKind{channel.Temporary}},
	{name: "MaintenancePage", kinds: []channel.ErrorKind{channel.Maintenance},
		answer: func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			io.WriteString(w, "<!DOCTYPE html><html><body>ただいまメンテナンス中です</body></html>")
		}},
	{name: "CutBody", kinds: []channel.ErrorKind{channel.Unreadable, channel.Temporary},
		answer: func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, `{"data":{"ord`)
		}},
	{name: "Empty", answer: status(200, ""), kinds: []channel.ErrorKind{channel.Unreadable}},
	{name: "WrongType", answer: status(200, `[{"orders":7}]`), kinds: []channel.ErrorKind{channel.Unreadable}},
	{name: "Garbage", answer: status(200, "\x00\xff\xfe no such answer"), kinds: []channel.ErrorKind{channel.Unreadable}},
	{name: "Reset", kinds: []channel.ErrorKind{channel.Temporary}, answer: func(http.ResponseWriter) { panic(http.ErrAbortHandler) }},
}

func gatewayFault(b *bench, g gateway) {
	ref := b.list("tea", 10)
	b.Place(Line{ref, 1})
	b.wait(b.limits.Lateness + time.Minute)
	_, last := b.pull("")
	calls := b.calls(Any, ref, last.Next)
	b.transport.Intercept(func(w http.ResponseWriter, _ *http.Request) bool { g.answer(w); return true })
	for name, call := range calls {
		before := b.transport.Calls()
		e := wantKind(b, name, call(b.ctx), g.kinds)
		// Only a refused credential may be renewed and tried again; everything else is Shop's to repeat.
		if made := b.transport.Calls() - before; made != 1 && !g.renews && !b.h.throughShop {
			b.t.Errorf("%s made %d calls although the first one failed", name, made)
		}
		if g.wait != 0 && e.RetryAfter != g.wait {
			b.t.Errorf("%s: the shop asked to wait %v, the error says %v", name, g.wait, e.RetryAfter)
		}
	}
	outcomes, err := b.push(b.update(ref, 4, nil))
	b.transport.Intercept(nil)
	b.wantShown(ref, 9)
	if err == nil && outcomes[0].State != channel.Applied {
		err = outcomes[0].Err
	}
	// A write whose answer has no body by the mall's own rules may take any 2xx for success; its reading back finds out.
	if err != nil || !b.can.ReadAfter {
		wantKind(b, "PushStock", err, g.kinds)
	}
	for name, call := range calls {
		if err := call(b.ctx); err != nil {
			b.t.Errorf("%s after the fault has passed: %v", name, err)
		}
	}
}

// An order that comes twice has the effect of one (design 2.2).
func faultDuplicateOrders(b *bench) {
	tea := b.list("tea", 100)
	var numbers []string
	for i := range 5 {
		numbers = append(numbers, b.Place(Line{tea, int64(i + 1)}))
		b.wait(time.Second)
	}
	b.wait(b.limits.Lateness + time.Minute)
	b.Inject(DuplicateOrders, Orders)
	seen, _ := b.pull("")
	b.refresh(b.known(seen, numbers[:min(len(numbers), b.limits.RefreshOrders)]...))
	for i, n := range numbers {
		b.wantClaim(n, tea, order.Claim{Held: int64(i + 1)})
	}
	if len(b.taken) != len(numbers) {
		b.t.Errorf("%d orders were taken in, want %d", len(b.taken), len(numbers))
	}
}

// A slow answer that ends within the client's patience is an answer.
func faultSlowBody(b *bench) {
	ref := b.list("tea", 10)
	number := b.Place(Line{ref, 1})
	b.wait(b.limits.Lateness + time.Minute)
	inner := b.transport.Handler
	b.transport.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(slow{w, b.clock.After}, r)
	})
	seen, _ := b.pull("")
	if len(seen[number].Lines) != 1 {
		b.t.Errorf("the slow shop gave %+v", seen)
	}
	if got := b.read(ref)[0]; got.Quantity.Sortable() != 9 {
		b.t.Errorf("the slow shop shows %+v, want 9", got)
	}
	b.wantApplied(b.settle(b.update(ref, 5, nil)))
	b.wantShown(ref, 5)
}

// slow writes the first bytes of each part, waits, and writes the rest.
type slow struct {
	http.ResponseWriter
	after func(time.Duration) <-chan time.Time
}

func (s slow) Write(p []byte) (int, error) {
	half := len(p) / 2
	n, err := s.ResponseWriter.Write(p[:half])
	if err != nil {
		return n, err
	}
	<-s.after(3 * time.Second)
	rest, err := s.ResponseWriter.Write(p[half:])
	return n + rest, err
}

// Cancelling ends a call that hangs, at once, for every operation.
func faultCancel(b *bench) {
	ref := b.list("tea", 10)
	b.Place(Line{ref, 1})
	b.wait(b.limits.Lateness + time.Minute)
	_, last := b.pull("")
	calls := b.calls(Any, ref, last.Next)
	calls["PushStock"] = func(ctx context.Context) error {
		outcomes, err := b.conn.PushStock(ctx, []channel.Update{b.update(ref, 4, nil)})
		if err == nil {
			err = outcomes[0].Err
		}
		return err
	}
	b.transport.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	})
	for name, call := range calls {
		b.wait(time.Minute) // let the pace fill up, so that the call waits for the shop and not for its turn
		ctx, cancel := context.WithTimeout(b.ctx, 2*time.Second)
		began := b.clock.Now()
		err := call(ctx)
		cancel()
		if took := b.clock.Now().Sub(began); took != 2*time.Second {
			b.t.Errorf("%s returned %v after it began, want the 2s after which it was cancelled", name, took)
		}
		if e := wantKind(b, name, err, []channel.ErrorKind{channel.Temporary}); e.NotDone {
			b.t.Errorf("%s was cancelled while the shop was at work, yet it says that nothing was done", name)
		}
	}
}

// A call whose context has ended sends nothing and says so.
func faultCancelledBefore(b *bench) {
	ref := b.list("tea", 10)
	ctx, cancel := context.WithCancel(b.ctx)
	cancel()
	outcomes, err := b.conn.PushStock(ctx, []channel.Update{b.update(ref, 4, nil)})
	if err == nil {
		b.t.Fatalf("a push with an ended context gave %+v", outcomes)
	}
	if e := b.fault("PushStock", err); !e.NotDone {
		b.t.Errorf("a push that was never sent is unclear: %v", err)
	}
	if calls := b.transport.Calls(); calls != 0 {
		b.t.Errorf("an ended context made %d calls", calls)
	}
	b.wantShown(ref, 10)
}
