package mallsim

import (
	"sync"
	"time"

	"soroi/internal/clock"
)

// Bucket is a mall's own counter of how fast it is asked: it holds up to burst tokens and gets perSecond of them back each
// second of the mall's clock. It starts full and is safe for concurrent use.
type Bucket struct {
	clock     clock.Clock
	perSecond float64
	burst     float64

	mu     sync.Mutex
	tokens float64
	at     time.Time
}

// NewBucket is a full bucket. perSecond ≤ 0 makes one that never runs out.
func NewBucket(c clock.Clock, perSecond, burst float64) *Bucket {
	return &Bucket{clock: c, perSecond: perSecond, burst: burst, tokens: burst, at: c.Now()}
}

// Take takes cost tokens, or none and says how long until there are enough.
func (b *Bucket) Take(cost float64) (ok bool, wait time.Duration) {
	if b.perSecond <= 0 {
		return true, 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refill()
	if b.tokens >= cost-1e-9 {
		b.tokens -= cost
		return true, 0
	}
	return false, time.Duration((cost-b.tokens)/b.perSecond*float64(time.Second)) + time.Microsecond
}

// Refund puts tokens back, for a mall that takes the price asked first and gives back what was not used.
func (b *Bucket) Refund(cost float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refill()
	b.tokens = min(b.burst, b.tokens+cost)
}

// Available is what is in the bucket now.
func (b *Bucket) Available() float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refill()
	return b.tokens
}

func (b *Bucket) refill() {
	now := b.clock.Now()
	if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.tokens = min(b.burst, b.tokens+passed*b.perSecond)
		b.at = now
	}
}
