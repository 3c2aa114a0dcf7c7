// Package feed keeps the feed of events going (internal/event): it numbers what happened, gives it to the merchants' webhooks, and drops what is
// older than is kept. Any number of processes may run it on one PostgreSQL: one numbers at a time, and a webhook is called by one at a time.
package feed

import (
	"context"
	crand "crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"soroi/internal/clock"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// Options are the feed's paces. A zero takes the default.
type Options struct {
	Policy Policy
	// Keep is how long events are kept: 7 days. At least event.GiveUpAfter, or a webhook that fails may miss some.
	Keep time.Duration
	// Tick is how often work is looked for that another process left: 500 milliseconds.
	Tick time.Duration
	// CallTimeout bounds one call of a webhook: 15 seconds.
	CallTimeout time.Duration
	// Changed gives a channel that gets a value when something may have happened, and what ends it. Without it events wait for the next tick.
	Changed func() (<-chan struct{}, func())
	// Transport carries the calls instead of one that holds the policy. It is for tests.
	Transport http.RoundTripper
}

func (o Options) withDefaults() Options {
	set := func(d *time.Duration, to time.Duration) {
		if *d <= 0 {
			*d = to
		}
	}
	set(&o.Keep, 7*24*time.Hour)
	set(&o.Tick, 500*time.Millisecond)
	set(&o.CallTimeout, 15*time.Second)
	return o
}

// Service is the feed's work in one process.
type Service struct {
	db      *store.DB
	clock   clock.Clock
	log     *slog.Logger
	options Options
	holder  string
	client  *http.Client

	mu      sync.Mutex
	random  *rand.Rand
	calling map[hookKey]bool
	tenants map[stock.TenantID]int // webhooks that are being called
	waiters map[int]chan struct{}
	nextID  int
}

type hookKey struct {
	tenant  stock.TenantID
	webhook store.WebhookID
}

// New makes it; Run starts it.
func New(db *store.DB, c clock.Clock, log *slog.Logger, o Options) *Service {
	o = o.withDefaults()
	transport := o.Transport
	if transport == nil {
		transport = o.Policy.transport()
	}
	var seed [16]byte
	_, _ = crand.Read(seed[:]) // crypto/rand never fails
	return &Service{db: db, clock: c, log: log, options: o, holder: hex.EncodeToString(seed[8:]),
		client:  &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		random:  rand.New(rand.NewPCG(binary.NativeEndian.Uint64(seed[:8]), binary.NativeEndian.Uint64(seed[8:]))),
		calling: make(map[hookKey]bool), tenants: make(map[stock.TenantID]int), waiters: make(map[int]chan struct{})}
}

// CheckURL refuses an address that a webhook may not have, with an *AddressError.
func (s *Service) CheckURL(raw string) error { return s.options.Policy.CheckURL(raw) }

// Keep is how long events are kept.
func (s *Service) Keep() time.Duration { return s.options.Keep }

// Run works until ctx ends. A call under way then is broken off, and made again by whoever comes next. It returns only when everything has ended.
func (s *Service) Run(ctx context.Context) error {
	var changed <-chan struct{}
	if s.options.Changed != nil {
		var stop func()
		changed, stop = s.options.Changed()
		defer stop()
	}
	var work sync.WaitGroup
	work.Go(func() { s.trimLoop(ctx) })
	var calls sync.WaitGroup
	for {
		s.number(ctx)
		s.tell()
		s.call(ctx, &calls)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-s.clock.After(s.options.Tick):
		}
		if ctx.Err() != nil {
			break
		}
	}
	calls.Wait()
	work.Wait()
	s.client.CloseIdleConnections()
	return nil
}

// mostNumbered bounds the events that one transaction numbers.
const mostNumbered = 2000

// number gives events their places in the feed.
func (s *Service) number(ctx context.Context) {
	s.each(ctx, "number events", func(tenant stock.TenantID) error {
		for {
			n, err := s.db.NumberEvents(ctx, tenant, mostNumbered)
			if err != nil || n < mostNumbered {
				return err
			}
		}
	})
}

// each runs fn for every tenant; one tenant's failure is logged and keeps no other from its turn.
func (s *Service) each(ctx context.Context, what string, fn func(tenant stock.TenantID) error) {
	tenants, err := s.db.ListTenants(ctx)
	if err != nil && ctx.Err() == nil {
		s.log.Error("list tenants", "error", err)
	}
	for _, t := range tenants {
		if err := fn(t.ID); err != nil && ctx.Err() == nil {
			s.log.Error(what, "tenant", t.ID, "error", err)
		}
	}
}

// Of events that are too old, this many are dropped in one transaction, with a pause in which others get at the database.
const (
	mostTrimmed = 1000
	trimEvery   = time.Minute
	trimPause   = 50 * time.Millisecond
)

func (s *Service) trimLoop(ctx context.Context) {
	for s.clock.Sleep(ctx, trimEvery) == nil {
		s.each(ctx, "drop old events", func(tenant stock.TenantID) error {
			for {
				n, err := s.db.TrimFeed(ctx, tenant, s.clock.Now().Add(-s.options.Keep), mostTrimmed)
				if err != nil || n < mostTrimmed {
					return err
				}
				if err := s.clock.Sleep(ctx, trimPause); err != nil {
					return err
				}
			}
		})
	}
}

// Subscribe returns a channel that gets a value, at most one waiting, when there may be new events. stop ends it.
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

// errTimeout says that a receiver took too long.
var errTimeout = errors.New("no answer in time")
