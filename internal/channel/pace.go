package channel

import (
	"context"
	"sync"
	"time"

	"soroi/internal/clock"
)

// Pace keeps one shop's calls inside its limits. Each bucket holds tokens; a call takes its cost out of a bucket before it
// leaves and waits until there is enough. Part of a bucket that is larger than one call is kept for urgent calls (design 3).
// Waiting is on the shop's clock. It is safe for concurrent use.
type Pace struct {
	clock clock.Clock

	mu      sync.Mutex
	buckets map[string]*bucket
	until   time.Time // nothing leaves before: the shop said "wait"
}

type bucket struct {
	perSecond float64
	burst     float64
	tokens    float64
	at        time.Time
}

// reserve is the part of a bucket that only urgent calls may use. A bucket that holds a single call has none: there the
// publisher's order does the same work, since it fills each call with the riskiest first.
const reserve = 0.2

// NewPace starts with full buckets.
func NewPace(c clock.Clock, rates []Rate) *Pace {
	p := &Pace{clock: c, buckets: make(map[string]*bucket, len(rates))}
	now := c.Now()
	for _, r := range rates {
		p.buckets[r.Bucket] = &bucket{perSecond: r.Calls / r.Per.Seconds(), burst: r.Burst, tokens: r.Burst, at: now}
	}
	return p
}

type urgentKey struct{}

// Urgent marks the calls made with ctx as ones that may use the reserve: pushes to zero.
func Urgent(ctx context.Context) context.Context { return context.WithValue(ctx, urgentKey{}, true) }

func isUrgent(ctx context.Context) bool {
	urgent, _ := ctx.Value(urgentKey{}).(bool)
	return urgent
}

type onlyIfKey struct{}

// OnlyIf makes the calls with ctx leave only if may still says nil after all waiting. A call waits for its slot, and while it does the
// right to make it may pass to another process.
func OnlyIf(ctx context.Context, may func() error) context.Context {
	return context.WithValue(ctx, onlyIfKey{}, may)
}

// Wait takes cost tokens out of the bucket, waiting for them as long as needed. A bucket that was never declared has no
// limit. The error is ctx's, or what OnlyIf's function says.
func (p *Pace) Wait(ctx context.Context, name string, cost float64) error {
	urgent := isUrgent(ctx)
	for {
		wait := p.take(name, cost, urgent)
		if wait <= 0 {
			if may, asked := ctx.Value(onlyIfKey{}).(func() error); asked && ctx.Err() == nil {
				return may()
			}
			return ctx.Err()
		}
		if err := p.clock.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// Free tells how long a call of this cost that is not urgent would wait now.
func (p *Pace) Free(name string, cost float64) time.Duration { return p.free(name, cost, false) }

func (p *Pace) free(name string, cost float64, urgent bool) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	b, ok := p.buckets[name]
	now := p.clock.Now()
	held := p.until.Sub(now)
	if !ok {
		return held
	}
	b.refill(now)
	return max(held, b.missing(cost, urgent))
}

func (p *Pace) take(name string, cost float64, urgent bool) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	if held := p.until.Sub(now); held > 0 {
		return held
	}
	b, ok := p.buckets[name]
	if !ok {
		return 0
	}
	b.refill(now)
	if wait := b.missing(cost, urgent); wait > 0 {
		return wait
	}
	b.tokens -= min(cost, b.burst)
	return 0
}

// Hold stops every call of the shop for d: the shop answered "too many".
func (p *Pace) Hold(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := p.clock.Now().Add(d); until.After(p.until) {
		p.until = until
	}
}

// Observe takes over what the shop says of its bucket: what is in it now, how much it holds, how fast it fills. The shop's
// word replaces the declared limit.
func (p *Pace) Observe(name string, available, burst, perSecond float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.buckets[name] = &bucket{perSecond: perSecond, burst: burst, tokens: available, at: p.clock.Now()}
}

func (b *bucket) refill(now time.Time) {
	if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.tokens = min(b.burst, b.tokens+passed*b.perSecond)
		b.at = now
	}
}

// missing is how long until the bucket can pay cost. What costs more than the bucket ever holds waits for a full one.
func (b *bucket) missing(cost float64, urgent bool) time.Duration {
	need := min(cost, b.burst)
	if !urgent && b.burst >= 5*cost {
		need = min(need+b.burst*reserve, b.burst)
	}
	if b.tokens >= need-1e-9 {
		return 0
	}
	return time.Duration((need-b.tokens)/b.perSecond*float64(time.Second)) + time.Microsecond
}
