package engine

import (
	"context"
	"time"

	"soroi/internal/channel"
	"soroi/internal/order"
	"soroi/internal/store"
)

// Poll is how often a shop of a channel is asked for new orders.
func (s *Service) Poll(spec channel.Spec) time.Duration {
	if s.options.Poll > 0 {
		return s.options.Poll
	}
	return spec.Limits.Poll
}

// intakeLoop takes new orders in: when the shop says so, else every Poll.
func (r *runner) intakeLoop(ctx context.Context) {
	poll := r.service.Poll(r.shop.Spec)
	wait := time.Duration(0)
	for {
		if !r.pullWake.wait(ctx, r.service.clock, wait) {
			return
		}
		if rest := r.resting(); rest > 0 {
			wait = rest
			continue
		}
		wait = poll
		notified := r.notified.Swap(false)
		if err := r.pull(ctx); err != nil {
			if !r.failed(ctx, loopNew, err) {
				return
			}
			wait = max(r.resting(), time.Second)
			continue
		}
		if notified {
			// The order that was told of may not be in the shop's list before Lateness has passed: look once more then.
			wait = min(poll, max(r.shop.Spec.Limits.Lateness, pullGap))
			if r.service.clock.Sleep(ctx, min(poll, pullGap)) != nil {
				return
			}
		}
	}
}

// pull takes in every page of orders that the shop has for the cursor. Each page is durable before the next is asked for.
func (r *runner) pull(ctx context.Context) error {
	select {
	case r.pulling <- struct{}{}:
		defer func() { <-r.pulling }()
	case <-ctx.Done():
		return ctx.Err()
	}
	db := r.service.db
	lease := r.held()
	loop, err := db.LoadLoop(ctx, r.tenant, lease.Shop, loopNew)
	if err != nil {
		return err
	}
	for cursor := loop.Cursor; ; {
		page, err := r.shop.PullOrders(ctx, cursor)
		if err != nil {
			return err
		}
		if err := r.takeIn(ctx, store.Intake{Lease: lease, Loop: loopNew, Next: &page.Next, UpTo: page.UpTo, Orders: page.Orders}); err != nil {
			return err
		}
		r.worked()
		if !page.More {
			return nil
		}
		cursor = page.Next
	}
}

func (r *runner) takeIn(ctx context.Context, in store.Intake) error {
	in.Returns = r.shop.Spec.Can.ReturnsOnCancel
	result, err := r.service.db.TakeIn(ctx, r.tenant, in)
	if err != nil {
		return err
	}
	if result.Movements > 0 {
		r.service.planWake.set()
	}
	r.unknown(result.Unknown)
	if result.Unsure > 0 {
		r.pushWake.set()
	}
	if result.Oversold > 0 {
		r.log.Warn("oversold", "units", result.Oversold)
	}
	if result.New+result.Changed > 0 {
		r.log.Debug("orders taken in", "new", result.New, "changed", result.Changed, "movements", result.Movements)
		r.service.tell()
	}
	return nil
}

// openLoop looks again at every order that is not final: no Japanese mall can tell which ones changed.
func (r *runner) openLoop(ctx context.Context) {
	every := r.service.options.OpenEvery
	for r.service.clock.Sleep(ctx, max(every/10, r.resting())) == nil {
		if err := r.refreshOpen(ctx, every); err != nil && !r.failed(ctx, loopOpen, err) {
			return
		}
	}
}

// refreshOpen asks for all open orders that were last asked for at least every ago.
func (r *runner) refreshOpen(ctx context.Context, every time.Duration) error {
	db, lease := r.service.db, r.held()
	before := r.service.clock.Now().Add(-every)
	for {
		open, err := db.ListOpen(ctx, r.tenant, lease.Shop, before, max(r.shop.Spec.Limits.RefreshOrders, 1))
		if err != nil {
			return err
		}
		if len(open) == 0 {
			return r.succeeded(ctx, loopOpen)
		}
		known := make([]order.Known, len(open))
		unchanged := make([]string, len(open))
		for i, o := range open {
			known[i] = order.Known{Number: o.Number, PlacedAt: o.PlacedAt, Version: order.Version{Revision: o.Revision, AskedAt: o.AskedAt}}
			unchanged[i] = o.Number
		}
		snapshots, err := r.shop.RefreshOrders(ctx, known)
		if err != nil {
			return err
		}
		if err := r.takeIn(ctx, store.Intake{Lease: lease, Loop: loopOpen, Orders: snapshots, Unchanged: unchanged}); err != nil {
			return err
		}
		r.worked()
	}
}

// listLoop pulls the shop's listings, to find new ones and link them.
func (r *runner) listLoop(ctx context.Context) {
	if !r.shop.Spec.Can.ListListings {
		return
	}
	wait := time.Duration(0)
	for r.listWake.wait(ctx, r.service.clock, wait) {
		wait = r.service.options.ListEvery
		if rest := r.resting(); rest > 0 {
			wait = rest
			continue
		}
		if err := r.list(ctx); err != nil {
			if !r.failed(ctx, loopList, err) {
				return
			}
			wait = max(r.resting(), 10*time.Second)
		}
	}
}

func (r *runner) list(ctx context.Context) error {
	var cursor channel.Cursor
	var linked, leftOut int
	for {
		page, err := r.shop.ListListings(ctx, cursor)
		if err != nil {
			return err
		}
		result, err := r.service.db.TakeListings(ctx, r.tenant, r.held(), page.Listings)
		if err != nil {
			return err
		}
		linked += result.Linked
		leftOut += page.LeftOut
		if !page.More {
			break
		}
		cursor = page.Next
	}
	r.linked(linked)
	return r.service.db.ListingsPulled(ctx, r.tenant, r.held().Shop, loopList, leftOut)
}
