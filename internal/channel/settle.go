package channel

// Settle takes over what the shop says of a bucket in its answer to one call, for shops that take the highest price of a call
// first and give back what it did not use: unused is the part of the declared cost that was not used, available, burst and
// perSecond are the shop's own figures.
//
// Unlike Observe it never lifts the level above what was left by our own count: other calls may be on their way, and answers may
// overtake each other, so that the shop's figure may be older than the last call that left.
func (p *Pace) Settle(name string, unused, available, burst, perSecond float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	b, ok := p.buckets[name]
	if !ok {
		p.buckets[name] = &bucket{perSecond: perSecond, burst: burst, tokens: available, at: now}
		return
	}
	b.refill(now)
	b.burst, b.perSecond = burst, perSecond
	b.tokens = min(b.tokens+unused, available, burst)
}
