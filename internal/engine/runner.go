package engine

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// The names of a shop's loops, as they are stored.
const (
	loopNew   = "new"  // new orders
	loopOpen  = "open" // orders that are not final
	loopPush  = "push" // publisher
	loopRead  = "read" // reconciler
	loopList  = "list" // listings
	leaseSafe = 1500 * time.Millisecond
)

// runner runs one shop's loops while this process holds the shop's lease.
type runner struct {
	service  *Service
	tenant   stock.TenantID
	shop     *channel.Shop
	settings channel.Settings
	log      *slog.Logger

	pullWake  *signal
	pushWake  *signal
	listWake  *signal
	matchWake *signal
	hookWake  *signal

	notified atomic.Bool   // a webhook came since the last pull began
	pulling  chan struct{} // holds one token: one pull of new orders at a time, so that the cursor never goes back

	mu        sync.Mutex
	seen      store.Shop
	lease     store.Lease
	blocked   time.Time // credentials are wrong: nothing is tried before
	outage    backoff
	unknownAt time.Time       // when unknown listings were asked for last
	well      map[string]bool // loops whose last round is recorded as one that went well

	cancel context.CancelFunc
	done   chan struct{}
}

func (s *Service) newRunner(tenant stock.TenantID, shop store.Shop, spec channel.Spec, lease store.Lease) (*runner, error) {
	if wrong := shop.Settings.Check(spec, s.options.TestMalls); len(wrong) > 0 {
		return nil, &channel.Error{Kind: channel.Auth, Op: "settings", Message: wrong[0].Error(), NotDone: true}
	}
	opened, err := channel.OpenShop(spec, shop.Settings, channel.Access{HTTP: s.client, Clock: s.clock, Rates: s.options.Rates[spec.Kind]})
	if err != nil {
		return nil, &channel.Error{Kind: channel.Auth, Op: "settings", Message: err.Error(), NotDone: true}
	}
	return &runner{service: s, tenant: tenant, shop: opened, settings: shop.Settings, seen: shop, lease: lease,
		log:      s.log.With("tenant", tenant, "shop", shop.ID, "channel", spec.Kind),
		pullWake: newSignal(), pushWake: newSignal(), listWake: newSignal(), matchWake: newSignal(), hookWake: newSignal(), pulling: make(chan struct{}, 1), well: make(map[string]bool), done: make(chan struct{})}, nil
}

// start starts the loops. They end when the lease is lost or stop is called.
func (r *runner) start() {
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	r.pullWake.set()
	r.pushWake.set()
	r.listWake.set()
	r.matchWake.set()
	go func() {
		defer close(r.done)
		defer cancel()
		// Intake ends first, then the publisher, which finishes the call in flight.
		pulling, stopPulling := context.WithCancel(ctx)
		defer stopPulling()
		var loops sync.WaitGroup
		for _, loop := range []func(context.Context){r.intakeLoop, r.openLoop, r.listLoop, r.matchLoop, r.readLoop, r.hookLoop, r.pushLoop} {
			loops.Go(func() { loop(pulling) })
		}
		r.keepLease(ctx)
		stopPulling()
		loops.Wait()
		release, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer stop()
		if err := r.service.db.ReleaseLease(release, r.tenant, r.held()); err != nil {
			r.log.Warn("release lease", "error", err)
		}
	}()
}

// stop ends the loops and returns when they have ended.
func (r *runner) stop() {
	r.cancel()
	<-r.done
}

func (r *runner) ended() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// keepLease extends the lease until ctx ends or the lease is lost.
func (r *runner) keepLease(ctx context.Context) {
	ttl := r.service.options.LeaseFor
	for {
		if r.service.clock.Sleep(ctx, ttl/3) != nil {
			return
		}
		lease, ok, err := r.service.db.AcquireLease(ctx, r.tenant, r.lease.Shop, r.service.holder, ttl)
		now := r.service.clock.Now()
		switch {
		case err == nil && ok && lease.Token == r.held().Token:
			r.mu.Lock()
			r.lease = lease
			r.mu.Unlock()
		case err == nil || now.After(r.held().ExpiresAt):
			if ctx.Err() == nil {
				r.log.Warn("lease lost")
			}
			return
		}
	}
}

func (r *runner) held() store.Lease {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lease
}

// safe tells whether the lease lasts long enough to send something under it.
func (r *runner) safe() bool {
	return r.held().ExpiresAt.Sub(r.service.clock.Now()) > min(leaseSafe, r.service.options.LeaseFor/3)
}

// stillOurs is nil while safe says yes.
func (r *runner) stillOurs() error {
	if r.safe() {
		return nil
	}
	return store.ErrLeaseLost
}

func (r *runner) see(shop store.Shop) {
	r.mu.Lock()
	changed := r.seen.Mode != shop.Mode
	match := shop.MatchDue > shop.MatchDone
	notified := shop.NotifiedAt.After(r.seen.NotifiedAt)
	r.seen = shop
	r.mu.Unlock()
	if changed {
		r.pushWake.set()
		r.hookWake.set()
	}
	if notified {
		r.notified.Store(true)
		r.pullWake.set()
	}
	if match {
		r.matchWake.set()
	}
}

func (r *runner) state() store.Shop {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

// backoff grows with each failure in a row.
type backoff struct {
	failures int
	until    time.Time
}

const longestBackoff = time.Minute

func (b *backoff) failed(now time.Time) {
	b.failures++
	b.until = now.Add(min(time.Second<<min(b.failures-1, 10), longestBackoff))
}

// authPause is how long a shop whose credentials were refused is left alone; new settings start it at once.
const authPause = 5 * time.Minute

// failed records why a loop's round failed and decides how long to leave the shop alone. It returns false when the loop must end.
func (r *runner) failed(ctx context.Context, loop string, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	if errors.Is(err, store.ErrLeaseLost) {
		r.log.Warn("another process runs the shop now", "loop", loop)
		r.cancel()
		return false
	}
	now := r.service.clock.Now()
	r.mu.Lock()
	r.well[loop] = false
	switch channel.KindOf(err) {
	case channel.Auth:
		r.blocked = now.Add(authPause)
	case channel.Invalid, channel.NotFound, channel.Uncounted, channel.Unsupported:
	default:
		r.outage.failed(now)
	}
	r.mu.Unlock()
	r.log.Warn("loop failed", "loop", loop, "error", err)
	if err := r.service.db.LoopFailed(ctx, r.tenant, r.held().Shop, loop, err); err != nil && ctx.Err() == nil {
		r.log.Error("record failure", "loop", loop, "error", err)
	}
	r.service.tell()
	return true
}

// succeeded records that a loop's round went well, unless that is recorded already. A round that found nothing to do went well, too: what had
// failed before is not to be done any more.
func (r *runner) succeeded(ctx context.Context, loop string) error {
	r.mu.Lock()
	well := r.well[loop]
	r.mu.Unlock()
	if well {
		return nil
	}
	if err := r.service.db.LoopSucceeded(ctx, r.tenant, r.held().Shop, loop); err != nil {
		return err
	}
	r.mu.Lock()
	r.well[loop] = true
	r.mu.Unlock()
	r.service.tell()
	return nil
}

// worked ends the backing off.
func (r *runner) worked() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outage = backoff{}
	r.blocked = time.Time{}
}

// resting is how long the shop is to be left alone.
func (r *runner) resting() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.service.clock.Now()
	return max(r.blocked.Sub(now), r.outage.until.Sub(now), 0)
}
