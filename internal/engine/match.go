package engine

import (
	"context"
	"time"

	"soroi/internal/order"
)

// matchBatch is how many listings without a SKU one transaction tries: few enough to let postings in between.
const matchBatch = 500

// unknownEvery is how often orders of listings that the shop has not told of make its listings be pulled out of turn.
const unknownEvery = 5 * time.Minute

// matchLoop tries the listings without a SKU by the shop's rule when that has changed, or SKUs and their codes have. What the shop tells of is
// tried as it comes, in listLoop.
func (r *runner) matchLoop(ctx context.Context) {
	wait := r.service.options.ListEvery
	for r.matchWake.wait(ctx, r.service.clock, wait) {
		wait = r.service.options.ListEvery
		if err := r.matchAll(ctx); err != nil {
			if !r.failed(ctx, loopList, err) {
				return
			}
			wait = max(r.resting(), time.Second)
		}
	}
}

// matchAll runs a pass where one is due.
func (r *runner) matchAll(ctx context.Context) error {
	due := r.state()
	if due.MatchDue <= due.MatchDone {
		return nil
	}
	linked := 0
	for after := order.Ref(""); ; {
		m, err := r.service.db.MatchListings(ctx, r.tenant, r.held(), after, matchBatch)
		if err != nil {
			return err
		}
		linked += m.Linked
		if after = m.Next; after == "" {
			break
		}
	}
	r.linked(linked)
	return r.service.db.MatchingDone(ctx, r.tenant, r.held(), due.MatchDue)
}

// linked tells of listings that were linked by the rule.
func (r *runner) linked(listings int) {
	if listings == 0 {
		return
	}
	r.log.Info("listings linked", "listings", listings)
	r.service.planWake.set()
	r.service.tell()
}

// unknown is told of orders of listings that the shop has not told of. A shop that can is asked for them, though not at once again.
func (r *runner) unknown(lines int) {
	now := r.service.clock.Now()
	r.mu.Lock()
	ask := lines > 0 && r.shop.Spec.Can.ListListings && now.Sub(r.unknownAt) >= unknownEvery
	if ask {
		r.unknownAt = now
	}
	r.mu.Unlock()
	if ask {
		r.listWake.set()
	}
}
