package engine

import (
	"context"
	"time"

	"soroi/internal/channel"
	"soroi/internal/store"
)

// readLoop reads what the shop really shows, every listing once per ReadEvery, and heals what drifted.
func (r *runner) readLoop(ctx context.Context) {
	every := r.service.options.ReadEvery
	for r.service.clock.Sleep(ctx, max(min(every/60, 5*time.Second), r.resting())) == nil {
		if err := r.reconcile(ctx, every); err != nil && !r.failed(ctx, loopRead, err) {
			return
		}
	}
}

// reconcile reads the listings that were not read for every, a call at a time, while nothing waits to be pushed to zero.
func (r *runner) reconcile(ctx context.Context, every time.Duration) error {
	olderThan := r.service.clock.Now().Add(-every)
	for {
		// What a live shop's publisher has to read before it writes, it reads itself.
		live := r.state().Mode == store.Live
		list, err := r.service.db.ListToRead(ctx, r.tenant, r.held().Shop, r.shop.Spec.Limits.ReadItems, olderThan, r.settled(), live)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return r.succeeded(ctx, loopRead)
		}
		if err := r.readBack(ctx, list); err != nil {
			return err
		}
	}
}

// readBack reads listings, records what they show, and then pulls the shop's orders. Where a listing that was sure disagreed, an order
// that had not been seen is no drift.
func (r *runner) readBack(ctx context.Context, list []store.ToRead) error {
	ids := make([]store.ListingID, len(list))
	refs := make([]channel.Ref, len(list))
	for i, l := range list {
		ids[i], refs[i] = l.ID, l.Ref
	}
	from := r.service.clock.Now()
	shown, err := r.shop.Read(ctx, refs)
	if err != nil {
		return err
	}
	until := r.service.clock.Now()
	lease := r.held()
	odd, err := r.service.db.RecordRead(ctx, r.tenant, lease, from, until, ids, shown)
	if err != nil {
		return err
	}
	r.worked()
	r.pushWake.set()
	// Every order that was placed before the reading comes in before anything is written on the strength of it.
	if err := r.pull(ctx); err != nil {
		return err
	}
	if err := r.service.planAll(ctx, r.tenant); err != nil || len(odd) == 0 {
		return err
	}
	// Fewer than expected may be a sale that the shop lists only later: look again when it must be in the list.
	lateness, patience := r.shop.Spec.Limits.Lateness, int64(1)
	if lateness > 0 {
		patience = 2
	}
	again := until.Add(lateness - r.service.options.ReadEvery)
	drifted, err := r.service.db.Adopt(ctx, r.tenant, lease, from, until, odd, patience, again)
	if err != nil {
		return err
	}
	if drifted > 0 {
		r.log.Warn("shop had drifted", "listings", drifted)
		r.pushWake.set()
		r.service.tell()
	}
	return nil
}
