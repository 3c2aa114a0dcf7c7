package channel

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"soroi/internal/clock"
	"soroi/internal/order"
)

// Shop is what the engine holds of a shop: it keeps the connector inside its limits, repeats what may be repeated, and makes of every
// answer one that can be recorded. Whether anything may be sent at all (paused, rehearsing, lease) is decided in the transaction that
// records the sending, so that no process can be wrong about it. It is safe for concurrent use.
type Shop struct {
	Spec      Spec
	connector Connector
	pace      *Pace
	clock     clock.Clock
}

// Access is how a shop is reached.
type Access struct {
	HTTP  *http.Client // its timeout bounds each call
	Clock clock.Clock
	Rates []Rate // the merchant's own limits, in the place of the published ones
}

// OpenShop makes a shop. It makes no network call. The error is a *FieldError.
func OpenShop(spec Spec, settings Settings, a Access) (*Shop, error) {
	spec = spec.Opened(a.Rates)
	pace := NewPace(a.Clock, spec.Limits.Rates)
	connector, err := spec.Open(settings, Deps{HTTP: a.HTTP, Clock: a.Clock, Pace: pace})
	if err != nil {
		return nil, err
	}
	return &Shop{Spec: spec, connector: connector, pace: pace, clock: a.Clock}, nil
}

// readTries is how often a call without effect is tried when the shop stumbles.
const readTries = 3

// try repeats a call that has no effect on the shop, with growing pauses, while the error may pass by itself.
func (s *Shop) try(ctx context.Context, call func() error) error {
	for n := 1; ; n++ {
		err := call()
		if err == nil {
			return nil
		}
		s.slowDown(err)
		if kind := KindOf(err); n == readTries || kind != Temporary && kind != Unreadable || ctx.Err() != nil {
			return err
		}
		if err := s.clock.Sleep(ctx, time.Duration(n)*500*time.Millisecond); err != nil {
			return err
		}
	}
}

// slowDown stops all calls for a while when the shop said "too many".
func (s *Shop) slowDown(err error) {
	var e *Error
	if errors.As(err, &e) && e.Kind == Throttled {
		wait := e.RetryAfter
		if wait <= 0 {
			wait = 2 * time.Second
		}
		s.pace.Hold(wait)
	}
}

// PullOrders pulls one page of orders.
func (s *Shop) PullOrders(ctx context.Context, since Cursor) (page OrderPage, err error) {
	err = s.try(ctx, func() (err error) {
		page, err = s.connector.PullOrders(ctx, since)
		return err
	})
	return page, err
}

// RefreshOrders looks again at known orders, at most Limits.RefreshOrders of them.
func (s *Shop) RefreshOrders(ctx context.Context, known []order.Known) (orders []order.Snapshot, err error) {
	err = s.try(ctx, func() (err error) {
		orders, err = s.connector.RefreshOrders(ctx, known)
		return err
	})
	return orders, err
}

// Read reads what the shop shows, one Shown per ref in the same order; at most Limits.ReadItems.
func (s *Shop) Read(ctx context.Context, refs []Ref) (shown []Shown, err error) {
	err = s.try(ctx, func() (err error) {
		shown, err = s.connector.ReadStock(ctx, refs)
		return err
	})
	if err == nil && len(shown) != len(refs) {
		return nil, &Error{Kind: Unreadable, Op: "read stock", Message: fmt.Sprintf("%d answers for %d listings", len(shown), len(refs))}
	}
	return shown, err
}

// PushReady waits until a push may leave within lead: what is to be sent is decided after it, which keeps the targets fresh, and takes about
// that long. An urgent ctx may use the reserve.
func (s *Shop) PushReady(ctx context.Context, lead time.Duration) error {
	for {
		wait := s.pace.free(s.Spec.Limits.PushBucket, max(s.Spec.Limits.PushCost, 1), isUrgent(ctx)) - lead
		if wait <= 0 {
			return ctx.Err()
		}
		if err := s.clock.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// Push asks the shop to show quantities: one call, at most Limits.PushItems. It always returns one outcome per update; what is not
// known is Unknown, and then nothing may be assumed before a read-back. A push is tried once; only a keyed channel is asked again with
// the same keys when the answer was lost. The error is the one that befell the call as a whole, if one did.
func (s *Shop) Push(ctx context.Context, updates []Update) ([]Outcome, error) {
	if len(updates) == 0 {
		return nil, nil
	}
	outcomes, err := s.connector.PushStock(ctx, updates)
	if s.Spec.Can.Keyed && unclear(err) && ctx.Err() == nil {
		if s.clock.Sleep(ctx, time.Second) == nil {
			outcomes, err = s.connector.PushStock(ctx, updates)
		}
	}
	if err == nil && len(outcomes) != len(updates) {
		err = &Error{Kind: Unreadable, Op: "push stock", Message: fmt.Sprintf("%d answers for %d listings", len(outcomes), len(updates))}
	}
	if err == nil {
		for _, o := range outcomes {
			s.slowDown(o.Err)
		}
		return outcomes, nil
	}
	s.slowDown(err)
	state := Unknown
	if !unclear(err) {
		state = Refused
	}
	outcomes = make([]Outcome, len(updates))
	for i := range outcomes {
		outcomes[i] = Outcome{State: state, Err: err}
	}
	return outcomes, err
}

// unclear tells whether a failed write may have happened.
func unclear(err error) bool {
	if err == nil {
		return false
	}
	e, ok := errors.AsType[*Error](err)
	return !ok || !e.NotDone
}

// ListListings lists one page of listings; without Can.ListListings the error is Unsupported.
func (s *Shop) ListListings(ctx context.Context, since Cursor) (page ListingPage, err error) {
	lister, ok := s.connector.(Lister)
	if !ok || !s.Spec.Can.ListListings {
		return ListingPage{}, &Error{Kind: Unsupported, Op: "list listings"}
	}
	err = s.try(ctx, func() (err error) {
		page, err = lister.ListListings(ctx, since)
		return err
	})
	return page, err
}

// VerifyWebhook checks that the shop sent the body.
func (s *Shop) VerifyWebhook(header http.Header, body []byte) error {
	notified, ok := s.connector.(Notified)
	if !ok || !s.Spec.Can.Webhook {
		return &Error{Kind: Unsupported, Op: "webhook"}
	}
	return notified.VerifyWebhook(header, body)
}

// Subscribe has the shop send its webhooks to address and no longer to former; without Can.Subscribe the error is Unsupported. Whether the
// shop may be written to is for the caller to know. It is repeated like a call without effect, since repeating it has none.
func (s *Shop) Subscribe(ctx context.Context, address, former string) error {
	subscriber, ok := s.connector.(Subscriber)
	if !ok || !s.Spec.Can.Subscribe {
		return &Error{Kind: Unsupported, Op: "subscribe"}
	}
	return s.try(ctx, func() error { return subscriber.Subscribe(ctx, address, former) })
}

// Check tries the credentials without effect. A channel that cannot do so reads an empty page of orders instead.
func (s *Shop) Check(ctx context.Context) (Checked, error) {
	if checker, ok := s.connector.(Checker); ok && s.Spec.Can.Check {
		return checker.Check(ctx)
	}
	_, err := s.connector.PullOrders(ctx, "")
	return Checked{}, err
}
