package engine_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/engine"
	"soroi/internal/store"
)

// hookShop is a memoryShop that can be asked for webhooks.
type hookShop struct {
	*memoryShop
	mu     sync.Mutex
	asked  []string // address, then former
	refuse error
}

type hookConnector struct {
	*memoryConnector
	hook *hookShop
}

func newHookShop(name string) *hookShop {
	return &hookShop{memoryShop: newMemoryShop(name, channel.Delta, 1, opening)}
}

func (s *hookShop) spec() channel.Spec {
	spec := s.memoryShop.spec()
	spec.Can.Webhook, spec.Can.Subscribe = true, true
	spec.Limits.Poll = 24 * time.Hour
	spec.Open = func(_ channel.Settings, d channel.Deps) (channel.Connector, error) {
		return hookConnector{&memoryConnector{s.memoryShop, d}, s}, nil
	}
	return spec
}

func (c hookConnector) VerifyWebhook(header http.Header, _ []byte) error {
	if header.Get("Signed") == "" {
		return &channel.Error{Kind: channel.Auth, Op: "webhook", NotDone: true}
	}
	return nil
}

func (c hookConnector) Subscribe(_ context.Context, address, former string) error {
	c.hook.mu.Lock()
	defer c.hook.mu.Unlock()
	if c.hook.refuse != nil {
		return c.hook.refuse
	}
	c.hook.asked = append(c.hook.asked, address, former)
	return nil
}

func (s *hookShop) answers(refuse error) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = refuse
	return slices.Clone(s.asked)
}

// serve runs an engine on the town's database for its shop at an address.
func (tn *town) serve(s *hookShop, address string) (e *engine.Service, stop func()) {
	o := tn.options
	o.PublicURL, o.HookEvery, o.OpenEvery = address, 5*time.Minute, 24*time.Hour
	o.ReadEvery = 24 * time.Hour // reading pulls, too
	var specs []channel.Spec
	for _, other := range tn.shops {
		spec := other.spec()
		if other == s.memoryShop {
			spec = s.spec()
		}
		specs = append(specs, spec)
	}
	e = engine.New(tn.db, clock.System{}, tn.log, specs, o)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := e.Run(ctx); err != nil {
			tn.t.Error(err)
		}
	})
	return e, func() {
		cancel()
		running.Wait()
	}
}

func (tn *town) hook() store.ShopStatus {
	tn.t.Helper()
	list, _, err := tn.db.ListShopStatus(context.Background(), tn.tenant, time.Time{})
	if err != nil {
		tn.t.Fatal(err)
	}
	return list[0]
}

// A shop is asked for webhooks when it is live, not before and not while it is paused; again later, since it may drop them; and when the
// address has moved it is told which one it was.
func TestWebhooks_are_asked_for_while_the_shop_is_live(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		s := newHookShop("a")
		tn := newTown(t, 1, s.memoryShop)
		mode := func(m store.Mode) {
			if err := tn.db.SetMode(ctx, tn.tenant, tn.ids[0], m); err != nil {
				t.Fatal(err)
			}
		}
		mode(store.Rehearsing)
		_, stop := tn.serve(s, "https://one.example")
		defer func() { stop() }()
		time.Sleep(6 * time.Minute)
		mode(store.Paused)
		time.Sleep(6 * time.Minute)
		if asked := s.answers(nil); asked != nil {
			t.Fatalf("a shop that is not live was asked: %v", asked)
		}
		mode(store.Live)
		time.Sleep(10 * time.Second)
		at := "https://one.example" + engine.HookPath(tn.tenant, tn.ids[0])
		if asked := s.answers(nil); !slices.Equal(asked, []string{at, ""}) {
			t.Fatalf("going live: %v", asked)
		}
		time.Sleep(5 * time.Minute)
		if asked := s.answers(nil); !slices.Equal(asked, []string{at, "", at, at}) {
			t.Errorf("later: %v", asked)
		}
		if hook := tn.hook().Hook(); hook.SucceededAt.IsZero() || string(hook.Cursor) != at {
			t.Errorf("what is known of it: %+v, want %s", hook, at)
		}
		stop()
		_, stop = tn.serve(s, "https://two.example")
		time.Sleep(10 * time.Second)
		moved := "https://two.example" + engine.HookPath(tn.tenant, tn.ids[0])
		if asked := s.answers(nil); !slices.Equal(asked[4:], []string{moved, at}) {
			t.Errorf("after the move: %v", asked[4:])
		}
		stop()
		_, stop = tn.serve(s, "")
		time.Sleep(6 * time.Minute)
		if asked := s.answers(nil); len(asked) != 6 {
			t.Errorf("without an address: %v", asked[6:])
		}
	})
}

// A shop that refuses webhooks is kept in line all the same, and the refusal stands on its own until one works.
func TestWebhooks_refused_hold_nothing_up(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newHookShop("a")
		s.refuse = &channel.Error{Kind: channel.Auth, Op: "subscribe", Message: "not approved", NotDone: true}
		tn := newTown(t, 1, s.memoryShop)
		_, stop := tn.serve(s, "https://soroi.example")
		defer stop()
		tn.settle()
		status := tn.hook()
		if _, trouble := status.Trouble(); trouble || status.Hook().ErrorKind != channel.Auth {
			t.Errorf("the refusal: %+v", status.Loops)
		}
		s.answers(nil)
		time.Sleep(6 * time.Minute)
		if hook := tn.hook().Hook(); hook.ErrorKind != "" || hook.SucceededAt.IsZero() {
			t.Errorf("minutes later: %+v", hook)
		}
	})
}

// With polling once a day only the webhook explains that the other shop follows at once: when it comes to the process that runs the shop, and
// when it comes to another one. What nobody signed changes nothing.
func TestWebhooks_pull_now(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		s, other := newHookShop("a"), newMemoryShop("b", channel.Delta, 1, opening)
		tn := newTown(t, 1, s.memoryShop, other)
		first, stop := tn.serve(s, "https://soroi.example")
		defer stop()
		tn.settle()
		second, stopSecond := tn.serve(s, "https://soroi.example")
		defer stopSecond()
		time.Sleep(time.Minute)
		left := int64(opening)
		for name, e := range map[string]*engine.Service{"the process that runs the shop": first, "another process": second} {
			s.buy(refOf(0), 2)
			if err := e.Notify(ctx, tn.tenant, tn.ids[0], http.Header{}, nil); channel.KindOf(err) != channel.Auth {
				t.Errorf("%s, unsigned: %v", name, err)
			}
			time.Sleep(3 * time.Minute)
			if got := other.shows(refOf(0)); got != left {
				t.Fatalf("%s: the other shop shows %d before the webhook", name, got)
			}
			left -= 2
			if err := e.Notify(ctx, tn.tenant, tn.ids[0], http.Header{"Signed": {"yes"}}, nil); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			time.Sleep(5 * time.Second)
			if got := other.shows(refOf(0)); got != left {
				t.Errorf("%s: the other shop shows %d, %d are left", name, got, left)
			}
			if noted := tn.hook().Shop.NotifiedAt; time.Since(noted) > time.Minute {
				t.Errorf("%s: the last webhook came at %v", name, noted)
			}
		}
		if err := first.Notify(ctx, tn.tenant, 1, http.Header{"Signed": {"yes"}}, nil); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a shop that is not there: %v", err)
		}
	})
}

// An order that the shop's list shows only some seconds after the webhook is looked for once more.
func TestWebhooks_look_again_after_the_lateness(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, other := newHookShop("a"), newMemoryShop("b", channel.Delta, 1, opening)
		tn := newTown(t, 1, s.memoryShop, other)
		e, stop := tn.serve(s, "https://soroi.example")
		defer stop()
		tn.settle()
		time.Sleep(time.Minute)
		for range 2 {
			time.Sleep(10 * time.Second) // the first one is noted for other processes, the second is not
			if err := e.Notify(context.Background(), tn.tenant, tn.ids[0], http.Header{"Signed": {"yes"}}, nil); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(500 * time.Millisecond)
		s.buy(refOf(0), 2)
		time.Sleep(10 * time.Second)
		if got := other.shows(refOf(0)); got != opening-2 {
			t.Errorf("the other shop shows %d", got)
		}
	})
}
