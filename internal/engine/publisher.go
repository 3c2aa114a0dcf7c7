package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/store"
)

// pushLoop makes the shop show its targets, the riskiest first, one call at a time. While it waits for a call's slot it records what was
// answered to the one before.
func (r *runner) pushLoop(ctx context.Context) {
	p := &publisher{runner: r, batch: r.shop.Spec.Limits.PushItems}
	defer func() { _, _ = p.recorded() }() // what it has to say was said: the lease is given up
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
			more, err := p.publish(ctx)
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

// publisher is what the push loop knows from one call to the next.
type publisher struct {
	*runner
	batch     int           // listings in one push
	lead      time.Duration // how long it usually takes to decide what to send and to write that down
	recording chan error    // gets what recording the last call comes to; nil when it is recorded
}

// mostLead bounds how long before its slot a call may be decided on.
const mostLead = 250 * time.Millisecond

// publish makes one call: it waits for the slot, chooses what is most urgent at that moment, and sends it. What must be read before
// it can be written is read first, unless zeros wait. It tells whether there may be more to do, and leaves nothing unrecorded when there
// is not.
func (p *publisher) publish(ctx context.Context) (more bool, err error) {
	limits, overwrites := p.shop.Spec.Limits, p.shop.Spec.Can.Write == channel.Overwrite
	due, err := p.due(ctx, 1)
	if err == nil && len(due) == 0 {
		return p.recorded() // which may have brought up something
	}
	if err != nil {
		return false, p.after(err)
	}
	if err := p.shop.PushReady(urgent(ctx, due), p.lead); err != nil {
		return false, p.after(err)
	}
	began := p.service.clock.Now()
	if overwrites {
		// The window in which an unseen sale could be overwritten is now one call, not one polling interval (design 3, "The race").
		// What comes in here must be planned before it is decided what to send.
		if err := p.pull(ctx); err != nil {
			return false, p.after(err)
		}
		if err := p.service.planAll(ctx, p.tenant); err != nil {
			return false, p.after(err)
		}
	}
	due, err = p.due(ctx, p.batch)
	if err == nil && slices.ContainsFunc(due, func(d store.Due) bool { return d.NeedsRead && (!overwrites || d.Divided) }) {
		// Those are read, in a call of their own; others take their places in this one.
		due, err = p.due(ctx, 2*max(limits.PushItems, limits.ReadItems))
	}
	if err != nil {
		return false, p.after(err)
	}
	var ready []store.ListingID
	var unread []store.ToRead
	for _, d := range due {
		switch {
		case d.NeedsRead && (!overwrites || d.Divided):
			if len(unread) < limits.ReadItems {
				unread = append(unread, store.ToRead{ID: d.ID, Ref: d.Ref})
			}
		case len(ready) < p.batch:
			ready = append(ready, d.ID)
		}
	}
	if len(ready) > 0 {
		if err := p.push(urgent(ctx, due), ready, began); err != nil {
			return false, p.after(err)
		}
	}
	if len(unread) > 0 {
		if err := p.readBack(ctx, unread); err != nil {
			return false, p.after(err)
		}
	}
	return true, nil
}

// urgent marks ctx where the first that is due is a zero.
func urgent(ctx context.Context, due []store.Due) context.Context {
	if len(due) > 0 && due[0].Lane == store.ToZero {
		return channel.Urgent(ctx)
	}
	return ctx
}

// due lists what the shop is to be asked for. What was just written is not read before the shop has had time to show it.
func (r *runner) due(ctx context.Context, limit int) ([]store.Due, error) {
	return r.service.db.ListDue(ctx, r.tenant, r.held().Shop, limit, r.settled())
}

// settled is the moment before which everything that was written shows by now.
func (r *runner) settled() time.Time {
	return r.service.clock.Now().Add(-r.shop.Spec.Limits.Lag)
}

// push writes down what is about to be sent, sends it, and has the answer recorded while the next call is waited for. Once it has left, the
// call is finished and recorded even when the engine stops meanwhile.
func (p *publisher) push(ctx context.Context, ids []store.ListingID, began time.Time) error {
	if !p.safe() {
		return p.service.clock.Sleep(ctx, p.service.options.Tick)
	}
	lease := p.held()
	push, err := p.service.db.BeginPush(ctx, p.tenant, lease, ids, p.shop.Spec.Can.Write == channel.Overwrite)
	if err != nil || len(push.Items) == 0 {
		return err
	}
	p.decided(p.service.clock.Now().Sub(began))
	updates := make([]channel.Update, len(push.Items))
	for i, item := range push.Items {
		updates[i] = item.Update
	}
	sending := context.WithoutCancel(ctx)
	// What has waited for its slot until the lease was nearly over does not leave: the shop may be another process's by the time it arrives.
	outcomes, callErr := p.shop.Push(channel.OnlyIf(sending, p.stillOurs), updates)
	now := p.service.clock.Now()
	results := make([]store.PushOutcome, len(outcomes))
	for i, o := range outcomes {
		results[i] = store.PushOutcome{Outcome: o, HoldUntil: p.holdUntil(now, o), Verify: p.shop.Spec.Can.ReadAfter && o.State == channel.Applied,
			Stops: wayOf(p.shop.Spec.Can) == allocation.MoveToZero}
	}
	p.resize(outcomes)
	if callErr == nil {
		p.worked()
	}
	_, err = p.recorded() // the one before
	recording := make(chan error, 1)
	p.recording = recording
	go func() { recording <- p.record(sending, lease, push, results, callErr == nil) }()
	return errors.Join(err, callErr)
}

// record records a call's answer, and that the loop does well if the call did.
func (r *runner) record(ctx context.Context, lease store.Lease, push store.Push, results []store.PushOutcome, well bool) error {
	if err := r.service.db.RecordPush(ctx, r.tenant, lease, push, results); err != nil {
		// The listings stay in flight; whoever holds the lease next reads them back.
		r.cancel()
		return err
	}
	r.service.tell()
	if !well {
		return nil
	}
	return r.succeeded(ctx, loopPush)
}

// recorded returns when nothing is left to record, and tells whether there was something.
func (p *publisher) recorded() (bool, error) {
	if p.recording == nil {
		return false, nil
	}
	err := <-p.recording
	p.recording = nil
	return true, err
}

// after is err once nothing is left to record.
func (p *publisher) after(err error) error {
	_, failed := p.recorded()
	return errors.Join(err, failed)
}

// decided follows how long it takes until a call can leave: a quarter of the newest and three of what was known. Where a write carries every
// sale that is seen and no other, nothing is decided before the slot is there.
func (p *publisher) decided(took time.Duration) {
	if p.shop.Spec.Can.Write != channel.Overwrite {
		p.lead = min((3*p.lead+took)/4, mostLead)
	}
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
func (p *publisher) resize(outcomes []channel.Outcome) {
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
		p.batch = max(p.batch/2, min(smallestBatch, p.shop.Spec.Limits.PushItems))
		return
	}
	p.batch = min(2*p.batch, p.shop.Spec.Limits.PushItems)
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
