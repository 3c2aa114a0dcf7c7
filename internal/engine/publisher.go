package engine

import (
	"context"
	"errors"
	"time"

	"soroi/internal/channel"
	"soroi/internal/store"
)

// pushLoop makes the shop show its targets, the riskiest first, one call at a time.
func (r *runner) pushLoop(ctx context.Context) {
	wait := time.Duration(0)
	for r.pushWake.wait(ctx, r.service.clock, wait) {
		wait = r.service.options.Tick
		if rest := r.resting(); rest > 0 {
			wait = rest
			continue
		}
		if r.state().Mode != store.Live {
			continue
		}
		for {
			more, err := r.publish(ctx)
			if err == nil && !more {
				err = r.caughtUp(ctx)
			}
			if err != nil {
				if errors.Is(err, store.ErrHandsOff) {
					break
				}
				if !r.failed(ctx, loopPush, err) {
					return
				}
				wait = max(r.resting(), time.Second)
				break
			}
			if !more {
				break
			}
		}
	}
}

// publish makes one call: it waits for the slot, chooses what is most urgent at that moment, and sends it. What must be read before
// it can be written is read first, unless zeros wait. It tells whether there may be more to do.
func (r *runner) publish(ctx context.Context) (more bool, err error) {
	limits := r.shop.Spec.Limits
	due, err := r.due(ctx, 1)
	if err != nil || len(due) == 0 {
		return false, err
	}
	if err := r.shop.PushReady(ctx); err != nil {
		return false, err
	}
	if r.shop.Spec.Can.Write == channel.Overwrite {
		// The window in which an unseen sale could be overwritten is now one call, not one polling interval (design 3, "The race").
		// What comes in here must be planned before it is decided what to send.
		if err := r.pull(ctx); err != nil {
			return false, err
		}
		if err := r.service.planAll(ctx, r.tenant); err != nil {
			return false, err
		}
	}
	if due, err = r.due(ctx, 2*max(limits.PushItems, limits.ReadItems)); err != nil || len(due) == 0 {
		return false, err
	}
	var ready []store.ListingID
	var unread []store.ToRead
	for _, d := range due {
		switch {
		case d.NeedsRead && r.shop.Spec.Can.Write != channel.Overwrite:
			if len(unread) < limits.ReadItems {
				unread = append(unread, store.ToRead{ID: d.ID, Ref: d.Ref})
			}
		case len(ready) < r.batch:
			ready = append(ready, d.ID)
		}
	}
	if len(ready) > 0 {
		urgent := ctx
		if due[0].Lane == store.ToZero {
			urgent = channel.Urgent(ctx)
		}
		if err := r.push(urgent, ready); err != nil {
			return false, err
		}
	}
	if len(unread) > 0 {
		if err := r.readBack(ctx, unread); err != nil {
			return false, err
		}
	}
	return true, nil
}

// due lists what the shop is to be asked for. What was just written is not read before the shop has had time to show it.
func (r *runner) due(ctx context.Context, limit int) ([]store.Due, error) {
	return r.service.db.ListDue(ctx, r.tenant, r.held().Shop, limit, r.settled())
}

// settled is the moment before which everything that was written shows by now.
func (r *runner) settled() time.Time {
	return r.service.clock.Now().Add(-r.shop.Spec.Limits.Lag)
}

// push records the sending, sends, and records the answer. Once it has left, the call is finished and recorded even when the engine
// stops meanwhile.
func (r *runner) push(ctx context.Context, ids []store.ListingID) error {
	if !r.safe() {
		return r.service.clock.Sleep(ctx, r.service.options.Tick)
	}
	lease := r.held()
	push, err := r.service.db.BeginPush(ctx, r.tenant, lease, ids, r.shop.Spec.Can.Write == channel.Overwrite)
	if err != nil || len(push.Items) == 0 {
		return err
	}
	updates := make([]channel.Update, len(push.Items))
	for i, item := range push.Items {
		updates[i] = item.Update
	}
	sending := context.WithoutCancel(ctx)
	// What has waited for its slot until the lease was nearly over does not leave: the shop may be another process's by the time it arrives.
	outcomes, callErr := r.shop.Push(channel.OnlyIf(sending, r.stillOurs), updates)
	now := r.service.clock.Now()
	results := make([]store.PushOutcome, len(outcomes))
	for i, o := range outcomes {
		results[i] = store.PushOutcome{Outcome: o, HoldUntil: r.holdUntil(now, o), Verify: r.shop.Spec.Can.ReadAfter && o.State == channel.Applied}
	}
	if err := r.service.db.RecordPush(sending, r.tenant, lease, push, results); err != nil {
		// The listings stay in flight; whoever holds the lease next reads them back.
		r.cancel()
		return err
	}
	r.service.tell()
	r.resize(outcomes)
	if callErr != nil {
		return callErr
	}
	r.worked()
	return r.succeeded(ctx, loopPush)
}

// caughtUp ends the publisher's trouble when nothing is left that it could have been about. That nothing may be sent just now ends none.
func (r *runner) caughtUp(ctx context.Context) error {
	r.mu.Lock()
	well := r.well[loopPush]
	r.mu.Unlock()
	if well {
		return nil
	}
	waiting, err := r.service.db.Waiting(ctx, r.tenant, r.held().Shop)
	if err != nil || waiting {
		return err
	}
	return r.succeeded(ctx, loopPush)
}

// smallestBatch is how far a batch shrinks.
const smallestBatch = 10

// resize halves the batch when one item that had moved made the shop refuse its neighbours, and doubles it back when none did: in a rush, many
// small calls of which most succeed beat a large one that always meets a sale.
func (r *runner) resize(outcomes []channel.Outcome) {
	var conflicts, neighbours int
	for _, o := range outcomes {
		switch {
		case o.State == channel.Conflict:
			conflicts++
		case o.State == channel.Refused && channel.KindOf(o.Err) == channel.Temporary:
			neighbours++
		}
	}
	if conflicts > 0 && neighbours > 0 {
		r.batch = max(r.batch/2, min(smallestBatch, r.shop.Spec.Limits.PushItems))
		return
	}
	r.batch = min(2*r.batch, r.shop.Spec.Limits.PushItems)
}

// holdUntil keeps a listing out of the queue for as long as trying again is pointless.
func (r *runner) holdUntil(now time.Time, o channel.Outcome) time.Time {
	switch o.State {
	case channel.Unknown, channel.Accepted:
		return now.Add(r.shop.Spec.Limits.Lag + time.Second)
	case channel.Refused:
		switch channel.KindOf(o.Err) {
		case channel.NotFound, channel.Uncounted:
			return now.Add(time.Hour)
		case channel.Invalid, channel.Unsupported:
			return now.Add(10 * time.Minute)
		}
	}
	return time.Time{}
}
