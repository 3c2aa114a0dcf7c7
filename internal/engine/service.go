// Package engine runs the loops that keep shops in line: intake, planner, publisher and reconciler (design 3), per shop, under one
// supervisor. Any number of processes may run it on one PostgreSQL: a lease per shop says whose it is.
package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"time"

	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// Options are the engine's paces. A zero takes the default.
type Options struct {
	// TestMalls accepts shops at addresses that are not the malls' own. It is for simulated malls and nothing else.
	TestMalls bool
	// Rates replaces published limits, by channel.
	Rates map[channel.Kind][]channel.Rate
	// Poll replaces every channel's own interval of asking for new orders.
	Poll time.Duration
	// OpenEvery is how often each order that is not final is looked at again: 5 minutes.
	OpenEvery time.Duration
	// ReadEvery is how often each listing's shown number is read: 30 minutes.
	ReadEvery time.Duration
	// ListEvery is how often a shop's listings are pulled for new ones: 1 hour.
	ListEvery time.Duration
	// LeaseFor is how long a silent process keeps its shops: 6 seconds.
	LeaseFor time.Duration
	// Tick is how often loops look for work that another process left: 500 milliseconds.
	Tick time.Duration
	// PublicURL is the address under which shops reach this soroi, such as https://soroi.example, the same in all its processes. Shops that
	// can are asked to send webhooks there, to Hook's path; "" asks none.
	PublicURL string
	// HookEvery is how often a shop's webhooks are looked after, which it may drop by itself: 24 hours.
	HookEvery time.Duration
	// CallTimeout bounds one call to a shop: 30 seconds.
	CallTimeout time.Duration
	// Transport carries the calls; nil is a transport of the engine's own.
	Transport http.RoundTripper
}

func (o Options) withDefaults() Options {
	set := func(d *time.Duration, to time.Duration) {
		if *d <= 0 {
			*d = to
		}
	}
	set(&o.OpenEvery, 5*time.Minute)
	set(&o.ReadEvery, 30*time.Minute)
	set(&o.ListEvery, time.Hour)
	set(&o.HookEvery, 24*time.Hour)
	set(&o.LeaseFor, 6*time.Second)
	set(&o.Tick, 500*time.Millisecond)
	set(&o.CallTimeout, 30*time.Second)
	return o
}

// Service is the engine of one process.
type Service struct {
	db      *store.DB
	clock   clock.Clock
	log     *slog.Logger
	options Options
	specs   map[channel.Kind]channel.Spec
	holder  string
	client  *http.Client

	planWake *signal
	paces    paces

	mu      sync.Mutex
	runners map[shopKey]*runner
	waiters map[int]chan struct{}
	nextID  int
}

type shopKey struct {
	tenant stock.TenantID
	shop   channel.ShopID
}

// New makes an engine; Run starts it. specs are the channels that it can speak.
func New(db *store.DB, c clock.Clock, log *slog.Logger, specs []channel.Spec, o Options) *Service {
	o = o.withDefaults()
	transport := o.Transport
	if transport == nil {
		transport = &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true}
	}
	s := &Service{db: db, clock: c, log: log, options: o, specs: make(map[channel.Kind]channel.Spec, len(specs)), holder: newHolder(),
		client: &http.Client{Transport: transport, Timeout: o.CallTimeout}, planWake: newSignal(),
		runners: make(map[shopKey]*runner), waiters: make(map[int]chan struct{})}
	for _, spec := range specs {
		s.specs[spec.Kind] = spec
	}
	return s
}

// newHolder names this process for as long as it lives.
func newHolder() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails
	return hex.EncodeToString(b[:])
}

// Specs are the channels that the engine can speak, by kind.
func (s *Service) Specs() map[channel.Kind]channel.Spec { return maps.Clone(s.specs) }

// TestMalls tells whether addresses of simulated malls are accepted.
func (s *Service) TestMalls() bool { return s.options.TestMalls }

// Run runs the loops until ctx ends, then stops them in order (intake, planner, publisher finishing the call in flight) and gives the
// leases back. It returns only when all of them have ended.
func (s *Service) Run(ctx context.Context) error {
	var planners sync.WaitGroup
	planning, stopPlanning := context.WithCancel(context.WithoutCancel(ctx))
	planners.Go(func() { s.planLoop(planning) })
	planners.Go(func() { s.dayLoop(planning) })
	for ctx.Err() == nil {
		if err := s.supervise(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("supervise shops", "error", err)
		}
		if s.clock.Sleep(ctx, s.options.LeaseFor/4) != nil {
			break
		}
	}
	s.mu.Lock()
	runners := maps.Clone(s.runners)
	clear(s.runners)
	s.mu.Unlock()
	var stopping sync.WaitGroup
	for _, r := range runners {
		stopping.Go(r.stop)
	}
	stopping.Wait()
	stopPlanning()
	planners.Wait()
	s.client.CloseIdleConnections()
	return nil
}

// supervise starts runners for shops whose lease can be had, restarts those whose settings changed, and ends those that are gone.
func (s *Service) supervise(ctx context.Context) error {
	tenants, err := s.db.ListTenants(ctx)
	if err != nil {
		return err
	}
	present := make(map[shopKey]bool)
	for _, tenant := range tenants {
		shops, err := s.db.ListShops(ctx, tenant.ID)
		if err != nil {
			return err
		}
		for _, shop := range shops {
			key := shopKey{tenant.ID, shop.ID}
			present[key] = true
			s.superviseShop(ctx, key, shop)
		}
	}
	s.mu.Lock()
	var gone []*runner
	for key, r := range s.runners {
		if !present[key] || r.ended() {
			gone = append(gone, r)
			delete(s.runners, key)
		}
	}
	s.mu.Unlock()
	for _, r := range gone {
		r.stop()
	}
	return nil
}

func (s *Service) superviseShop(ctx context.Context, key shopKey, shop store.Shop) {
	s.mu.Lock()
	running := s.runners[key]
	s.mu.Unlock()
	if running != nil && !running.ended() {
		if maps.Equal(running.settings, shop.Settings) {
			running.see(shop)
			return
		}
		running.stop()
	}
	spec, known := s.specs[shop.Kind]
	if !known {
		s.log.Error("shop of unknown channel", "tenant", key.tenant, "shop", key.shop, "channel", shop.Kind)
		return
	}
	lease, ok, err := s.db.AcquireLease(ctx, key.tenant, shop.ID, s.holder, s.options.LeaseFor)
	if err != nil || !ok {
		if err != nil && ctx.Err() == nil {
			s.log.Error("lease", "tenant", key.tenant, "shop", key.shop, "error", err)
		}
		return
	}
	r, err := s.newRunner(key.tenant, shop, spec, lease)
	if err != nil {
		s.log.Error("open shop", "tenant", key.tenant, "shop", key.shop, "error", err)
		if err := s.db.LoopFailed(ctx, key.tenant, shop.ID, loopNew, err); err != nil {
			s.log.Error("record failure", "shop", key.shop, "error", err)
		}
		return
	}
	s.mu.Lock()
	s.runners[key] = r
	s.mu.Unlock()
	r.start()
}

// Open makes a shop from settings that may not be saved yet, for trying them. The error is a *channel.FieldError.
func (s *Service) Open(kind channel.Kind, settings channel.Settings) (*channel.Shop, error) {
	spec, known := s.specs[kind]
	if !known {
		return nil, &channel.FieldError{Field: "kind", Reason: fmt.Sprintf("%q is no channel that this soroi speaks", kind), Code: "kind"}
	}
	if wrong := settings.Check(spec, s.options.TestMalls); len(wrong) > 0 {
		return nil, wrong[0]
	}
	return channel.OpenShop(spec, settings, channel.Access{HTTP: s.client, Clock: s.clock, Rates: s.options.Rates[kind]})
}

// Changed says that stock or settings were changed outside the loops: plan and publish now instead of at the next tick.
func (s *Service) Changed() { s.planWake.set() }

// ListNow asks for the shop's listings at once, if this process runs the shop.
func (s *Service) ListNow(tenant stock.TenantID, shop channel.ShopID) {
	if r := s.runner(tenant, shop); r != nil {
		r.listWake.set()
	}
}

func (s *Service) runner(tenant stock.TenantID, shop channel.ShopID) *runner {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runners[shopKey{tenant, shop}]
}

func (s *Service) wakePublishers(tenant stock.TenantID, shops map[channel.ShopID]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for shop := range shops {
		if r := s.runners[shopKey{tenant, shop}]; r != nil {
			r.pushWake.set()
		}
	}
}

// Subscribe returns a channel that gets a value, at most one waiting, whenever something that a screen shows has changed. stop ends it.
func (s *Service) Subscribe() (changed <-chan struct{}, stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.nextID
	s.nextID++
	ch := make(chan struct{}, 1)
	s.waiters[id] = ch
	return ch, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.waiters, id)
	}
}

func (s *Service) tell() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ch := range s.waiters {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}
