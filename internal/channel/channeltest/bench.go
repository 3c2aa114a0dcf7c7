package channeltest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/order"
	"soroi/internal/stock"
)

// patience is the client's timeout: how long one call may take.
const patience = 30 * time.Second

// bench is one sub-test at work.
type bench struct {
	Bench
	t         *testing.T
	h         Harness
	spec      channel.Spec
	can       channel.Can
	limits    channel.Limits
	clock     clock.Clock
	ctx       context.Context
	transport *Transport
	conn      channel.Connector

	mu    sync.Mutex
	keys  int
	taken map[string]order.Recorded
}

func open(t *testing.T, h Harness, setup Setup) *bench {
	t.Helper()
	setup.Clock = clock.System{}
	b := &bench{Bench: h.New(t, setup), t: t, h: h, spec: h.Spec, can: h.Spec.Can, limits: h.Spec.Limits, clock: setup.Clock,
		ctx: t.Context(), taken: map[string]order.Recorded{}}
	b.transport = &Transport{Handler: b.Handler}
	b.reopen()
	if calls := b.transport.Calls(); calls != 0 {
		t.Errorf("opening the connector made %d calls, want none", calls)
	}
	return b
}

// reopen opens a new connector on the same mall and settings.
func (b *bench) reopen() {
	b.t.Helper()
	deps := b.newDeps()
	conn, err := b.spec.Open(b.Settings, deps)
	if err == nil && b.h.throughShop {
		conn, err = openShop(b.spec, b.Settings, deps, conn)
	}
	if err != nil {
		b.t.Fatalf("opening the connector with valid settings: %v", err)
	}
	b.conn = conn
}

func (b *bench) newDeps() channel.Deps {
	return channel.Deps{
		HTTP:  &http.Client{Transport: b.transport, Timeout: patience},
		Clock: b.clock,
		Pace:  channel.NewPace(b.clock, b.limits.Rates),
	}
}

// wait lets time pass.
func (b *bench) wait(d time.Duration) {
	b.t.Helper()
	if err := b.clock.Sleep(b.ctx, d); err != nil {
		b.t.Fatal(err)
	}
}

// list puts up one listing.
func (b *bench) list(code string, n int64) channel.Ref {
	return b.AddListing(Listing{Code: code, Units: n})
}

// listMany puts up count listings of n units each.
func (b *bench) listMany(count int, n int64) []channel.Ref {
	refs := make([]channel.Ref, count)
	for i := range refs {
		refs[i] = b.list(fmt.Sprintf("many-%05d", i), n)
	}
	return refs
}

// fault is err as a *channel.Error. It fails the test when it is not one, or when it shows a secret.
func (b *bench) fault(what string, err error) *channel.Error {
	b.t.Helper()
	e, ok := errors.AsType[*channel.Error](err)
	if !ok {
		b.t.Fatalf("%s: error %v (%T) is no *channel.Error", what, err, err)
	}
	if e.Kind == "" || e.Op == "" {
		b.t.Errorf("%s: error %q names no kind or no operation", what, e)
	}
	text := err.Error() + fmt.Sprintf("%+v", *e)
	for _, secret := range b.Secrets {
		if secret != "" && strings.Contains(text, secret) {
			b.t.Errorf("%s: the error shows a secret: %s", what, strings.ReplaceAll(text, secret, "<SECRET>"))
		}
	}
	return e
}

// page asks for one page of orders and checks what holds for each.
func (b *bench) page(since channel.Cursor) channel.OrderPage {
	b.t.Helper()
	asked := b.clock.Now()
	page, err := b.conn.PullOrders(b.ctx, since)
	if err != nil {
		b.t.Fatalf("PullOrders(%q): %v", since, err)
	}
	var latest time.Time
	named := map[string]bool{}
	for _, s := range page.Orders {
		b.sound(s, asked)
		if !named[s.Number] && !b.can.ChangedSince && s.PlacedAt.Before(latest) {
			b.t.Errorf("order %s of %v comes after one of %v: want oldest first", s.Number, s.PlacedAt, latest)
		}
		if !named[s.Number] {
			latest = s.PlacedAt
		}
		named[s.Number] = true
	}
	if page.More && !page.UpTo.IsZero() {
		b.t.Errorf("UpTo is %v while more pages follow", page.UpTo)
	}
	if page.UpTo.After(b.clock.Now()) {
		b.t.Errorf("UpTo %v lies in the future of %v", page.UpTo, b.clock.Now())
	}
	if page.Next == "" {
		b.t.Error("the page has no next cursor")
	}
	return page
}

func (b *bench) sound(s order.Snapshot, asked time.Time) {
	b.t.Helper()
	if err := s.Check(); err != nil {
		b.t.Errorf("the connector gave a snapshot that cannot be recorded: %v", err)
	}
	if s.PlacedAt.Location() != time.UTC {
		b.t.Errorf("order %s: placed at %v, want UTC", s.Number, s.PlacedAt)
	}
	if at := s.Version.AskedAt; at.Before(asked) || at.After(b.clock.Now()) || at.Location() != time.UTC {
		b.t.Errorf("order %s: asked at %v, want the UTC time just before the request, between %v and %v", s.Number, at, asked, b.clock.Now())
	}
}

// pull asks for pages until there are no more and takes every order in. It returns the last snapshot of each order.
func (b *bench) pull(since channel.Cursor) (map[string]order.Snapshot, channel.OrderPage) {
	b.t.Helper()
	seen := map[string]order.Snapshot{}
	for range 10_000 {
		page := b.page(since)
		for _, s := range page.Orders {
			seen[s.Number] = s
		}
		b.take(page.Orders)
		if !page.More {
			return seen, page
		}
		since = page.Next
	}
	b.t.Fatal("pulling never ends: 10,000 pages and still More")
	return nil, channel.OrderPage{}
}

// take records snapshots the way the ledger does, through order.Diff.
func (b *bench) take(snapshots []order.Snapshot) {
	for _, s := range snapshots {
		recorded := b.taken[s.Number]
		d := order.Diff(recorded, s, false)
		if d.Stale {
			continue
		}
		lines := map[string]order.RecordedLine{}
		for key, l := range recorded.Lines {
			lines[key] = l
		}
		for _, l := range d.Lines {
			lines[l.Line.Key] = order.RecordedLine{Line: l.Line, Claim: l.To}
		}
		b.taken[s.Number] = order.Recorded{Exists: true, Version: s.Version, State: s.State, Lines: lines}
	}
}

// known is what RefreshOrders is shown of orders that have been taken in.
func (b *bench) known(snapshots map[string]order.Snapshot, numbers ...string) []order.Known {
	b.t.Helper()
	known := make([]order.Known, len(numbers))
	for i, n := range numbers {
		s, ok := snapshots[n]
		if !ok {
			b.t.Fatalf("order %s has not been pulled", n)
		}
		known[i] = order.Known{Number: n, PlacedAt: s.PlacedAt, Version: s.Version}
	}
	return known
}

// refresh looks again at known orders and takes the answers in.
func (b *bench) refresh(known []order.Known) map[string]order.Snapshot {
	b.t.Helper()
	asked := b.clock.Now()
	snapshots, err := b.conn.RefreshOrders(b.ctx, known)
	if err != nil {
		b.t.Fatalf("RefreshOrders: %v", err)
	}
	got := map[string]order.Snapshot{}
	for _, s := range snapshots {
		b.sound(s, asked)
		if !slices.ContainsFunc(known, func(k order.Known) bool { return k.Number == s.Number }) {
			b.t.Errorf("RefreshOrders gave order %s, which was not asked for", s.Number)
		}
		got[s.Number] = s
	}
	b.take(snapshots)
	return got
}

// claims sums what an order's lines hold, per listing, as the ledger has them.
func (b *bench) claims(number string) map[channel.Ref]order.Claim {
	sums := map[channel.Ref]order.Claim{}
	for _, l := range b.taken[number].Lines {
		c := sums[l.Line.Ref]
		c.Held += l.Claim.Held
		c.Shipped += l.Claim.Shipped
		c.Returned += l.Claim.Returned
		sums[l.Line.Ref] = c
	}
	return sums
}

func (b *bench) wantClaim(number string, ref channel.Ref, want order.Claim) {
	b.t.Helper()
	if got := b.claims(number)[ref]; got != want {
		b.t.Errorf("order %s claims %+v of %s, want %+v; recorded: %+v", number, got, ref, want, b.taken[number])
	}
}

// update is a push of want, with what is expected, or nil to write absolutely.
func (b *bench) update(ref channel.Ref, want int64, expect *int64) channel.Update {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keys++
	u := channel.Update{Ref: ref, Want: stock.Units(want), Key: fmt.Sprintf("suite-%08d", b.keys)}
	if expect != nil {
		q := stock.Units(*expect)
		u.Expect = &q
	}
	return u
}

// push sends updates and checks what holds for every answer.
func (b *bench) push(updates ...channel.Update) ([]channel.Outcome, error) {
	b.t.Helper()
	outcomes, err := b.conn.PushStock(b.ctx, updates)
	if err != nil {
		b.fault("PushStock", err)
		return nil, err
	}
	if len(outcomes) != len(updates) {
		b.t.Fatalf("PushStock gave %d outcomes for %d updates", len(outcomes), len(updates))
	}
	for i, o := range outcomes {
		b.wellFormed(updates[i].Ref, o)
	}
	return outcomes, nil
}

func (b *bench) wellFormed(ref channel.Ref, o channel.Outcome) {
	b.t.Helper()
	switch o.State {
	case channel.Applied:
		if o.Err != nil {
			b.t.Errorf("%s: applied with error %v", ref, o.Err)
		}
	case channel.Accepted:
		if o.Ticket == "" || !b.can.Async {
			b.t.Errorf("%s: accepted with ticket %q, Async declared %t", ref, o.Ticket, b.can.Async)
		}
	case channel.Refused, channel.Conflict, channel.Unknown:
		b.fault(fmt.Sprintf("outcome %s of %s", o.State, ref), o.Err)
	default:
		b.t.Errorf("%s: no such outcome %q", ref, o.State)
	}
}

// settle pushes and follows accepted writes to their end. As the caller of a connector does, it then sends again, once, what
// surely was not done and may be tried again, and what is unknown after it has been read back: that is how a line gets over
// a bad neighbour on a channel whose calls stand or fall as a whole.
func (b *bench) settle(updates ...channel.Update) []channel.Outcome {
	b.t.Helper()
	outcomes := b.confirmed(b.must(updates))
	var again []channel.Update
	var at []int
	for i, o := range outcomes {
		u := updates[i]
		switch {
		case o.State == channel.Refused && channel.KindOf(o.Err) == channel.Temporary:
		case o.State == channel.Unknown:
			b.wait(b.limits.Lag)
			shown := b.read(u.Ref)[0]
			if shown.Found && shown.Quantity == u.Want {
				outcomes[i] = channel.Outcome{State: channel.Applied}
				continue
			}
			if u.Expect != nil {
				u.Expect = &shown.Quantity
			}
			u.Key += "-again"
		default:
			continue
		}
		again, at = append(again, u), append(at, i)
	}
	if len(again) > 0 {
		for i, o := range b.confirmed(b.must(again)) {
			outcomes[at[i]] = o
		}
	}
	return outcomes
}

func (b *bench) must(updates []channel.Update) []channel.Outcome {
	b.t.Helper()
	outcomes, err := b.push(updates...)
	if err != nil {
		b.t.Fatalf("PushStock: %v", err)
	}
	return outcomes
}

// confirmed asks for accepted writes until each has ended.
func (b *bench) confirmed(outcomes []channel.Outcome) []channel.Outcome {
	b.t.Helper()
	for range 100 {
		var tickets []channel.Ticket
		var at []int
		for i, o := range outcomes {
			if o.State == channel.Accepted {
				tickets, at = append(tickets, o.Ticket), append(at, i)
			}
		}
		if len(tickets) == 0 {
			return outcomes
		}
		ended, err := b.conn.(channel.Confirmer).ConfirmPush(b.ctx, tickets)
		if err != nil {
			b.t.Fatalf("ConfirmPush: %v", err)
		}
		if len(ended) != len(tickets) {
			b.t.Fatalf("ConfirmPush gave %d outcomes for %d tickets", len(ended), len(tickets))
		}
		for i, o := range ended {
			b.wellFormed("a ticket", o)
			outcomes[at[i]] = o
		}
		b.wait(max(b.limits.Lag, time.Second))
	}
	b.t.Fatal("an accepted push never ends")
	return nil
}

func (b *bench) wantApplied(outcomes []channel.Outcome) {
	b.t.Helper()
	for i, o := range outcomes {
		if o.State != channel.Applied {
			b.t.Errorf("update %d is %s (%v), want applied", i, o.State, o.Err)
		}
	}
}

func (b *bench) wantShown(ref channel.Ref, want int64) {
	b.t.Helper()
	if got := b.Shown(ref); got != want {
		b.t.Errorf("the mall shows %d for %s, want %d", got, ref, want)
	}
}

// read reads back and checks that the answers are in the order of the refs.
func (b *bench) read(refs ...channel.Ref) []channel.Shown {
	b.t.Helper()
	shown, err := b.conn.ReadStock(b.ctx, refs)
	if err != nil {
		b.fault("ReadStock", err)
		b.t.Fatalf("ReadStock: %v", err)
	}
	if len(shown) != len(refs) {
		b.t.Fatalf("ReadStock gave %d answers for %d refs", len(shown), len(refs))
	}
	for i, s := range shown {
		if s.Ref != refs[i] {
			b.t.Errorf("answer %d is of %s, want %s", i, s.Ref, refs[i])
		}
	}
	return shown
}
