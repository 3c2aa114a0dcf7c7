package channel_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/order"
	"soroi/internal/stock"
)

// script is a connector that answers what it is told, call by call; the last answer stays.
type script struct {
	push  []answer
	read  []answer
	pull  []answer
	sent  [][]channel.Update
	calls int
}

type answer struct {
	outcomes []channel.Outcome
	shown    []channel.Shown
	err      error
}

func next(answers *[]answer) answer {
	a := (*answers)[0]
	if len(*answers) > 1 {
		*answers = (*answers)[1:]
	}
	return a
}

func (s *script) PullOrders(context.Context, channel.Cursor) (channel.OrderPage, error) {
	s.calls++
	return channel.OrderPage{Next: "after"}, next(&s.pull).err
}

func (s *script) RefreshOrders(context.Context, []order.Known) ([]order.Snapshot, error) {
	s.calls++
	return nil, next(&s.pull).err
}

func (s *script) PushStock(_ context.Context, updates []channel.Update) ([]channel.Outcome, error) {
	s.calls++
	s.sent = append(s.sent, updates)
	a := next(&s.push)
	return a.outcomes, a.err
}

func (s *script) ReadStock(context.Context, []channel.Ref) ([]channel.Shown, error) {
	s.calls++
	a := next(&s.read)
	return a.shown, a.err
}

func open(t *testing.T, s *script, can channel.Can) *channel.Shop {
	t.Helper()
	spec := channel.Spec{Kind: "script", Can: can,
		Limits: channel.Limits{PushBucket: "push", Rates: []channel.Rate{{Bucket: "push", Calls: 10, Per: time.Second, Burst: 1}}},
		Open:   func(channel.Settings, channel.Deps) (channel.Connector, error) { return s, nil }}
	shop, err := channel.OpenShop(spec, nil, channel.Access{Clock: clock.System{}})
	if err != nil {
		t.Fatal(err)
	}
	return shop
}

var (
	lost        = &channel.Error{Kind: channel.Temporary, Op: "push", Message: "the answer was lost"}
	notSent     = &channel.Error{Kind: channel.Temporary, Op: "push", Message: "no connection", NotDone: true}
	throttled   = &channel.Error{Kind: channel.Throttled, Op: "push", NotDone: true, RetryAfter: 7 * time.Second}
	unreadable  = &channel.Error{Kind: channel.Unreadable, Op: "pull"}
	credentials = &channel.Error{Kind: channel.Auth, Op: "pull"}
	errPlain    = errors.New("a connector that forgot its manners")
	applied     = channel.Outcome{State: channel.Applied}
)

func updates(n int) []channel.Update {
	list := make([]channel.Update, n)
	for i := range list {
		list[i] = channel.Update{Ref: channel.Ref(rune('a' + i)), Want: stock.Units(int64(i)), Key: "key"}
	}
	return list
}

func TestShop_Push(t *testing.T) {
	t.Parallel()
	conflict := channel.Outcome{State: channel.Conflict, Err: &channel.Error{Kind: channel.Invalid, Op: "push", NotDone: true}}
	for _, c := range []struct {
		name    string
		answers []answer
		keyed   bool
		states  []channel.State
		failed  bool
		calls   int
	}{
		{"each item has its own answer", []answer{{outcomes: []channel.Outcome{applied, conflict}}}, false, []channel.State{channel.Applied, channel.Conflict}, false, 1},
		{"a lost answer leaves nothing known", []answer{{err: lost}}, false, []channel.State{channel.Unknown, channel.Unknown}, true, 1},
		{"an error that is no *Error is unclear, too", []answer{{err: errPlain}}, false, []channel.State{channel.Unknown, channel.Unknown}, true, 1},
		{"what was surely not done is refused", []answer{{err: notSent}}, false, []channel.State{channel.Refused, channel.Refused}, true, 1},
		{"a keyed channel is asked again", []answer{{err: lost}, {outcomes: []channel.Outcome{applied, applied}}}, true, []channel.State{channel.Applied, channel.Applied}, false, 2},
		{"a keyed channel is asked again once", []answer{{err: lost}}, true, []channel.State{channel.Unknown, channel.Unknown}, true, 2},
		{"a keyed channel whose answer was clear is not", []answer{{err: notSent}}, true, []channel.State{channel.Refused, channel.Refused}, true, 1},
		{"too few answers are no answers", []answer{{outcomes: []channel.Outcome{applied}}}, false, []channel.State{channel.Unknown, channel.Unknown}, true, 1},
		{"too many answers are none either", []answer{{outcomes: []channel.Outcome{applied, applied, applied}}}, false, []channel.State{channel.Unknown, channel.Unknown}, true, 1},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &script{push: c.answers}
				outcomes, err := open(t, s, channel.Can{Keyed: c.keyed}).Push(t.Context(), updates(2))
				if (err != nil) != c.failed || s.calls != c.calls {
					t.Errorf("%v after %d calls, want %d", err, s.calls, c.calls)
				}
				for i, o := range outcomes {
					if o.State != c.states[i] {
						t.Errorf("update %d is %s, want %s", i, o.State, c.states[i])
					}
					if o.State != channel.Applied && o.Err == nil {
						t.Errorf("update %d is %s without a reason", i, o.State)
					}
				}
				if len(outcomes) != len(c.states) {
					t.Errorf("%d outcomes", len(outcomes))
				}
				for _, sent := range s.sent {
					if len(sent) != 2 || sent[0] != s.sent[0][0] || sent[1] != s.sent[0][1] {
						t.Errorf("an attempt sent %+v, the first one %+v", sent, s.sent[0])
					}
				}
			})
		})
	}
}

func TestShop_Push_of_nothing_makes_no_call(t *testing.T) {
	t.Parallel()
	s := &script{}
	if outcomes, err := open(t, s, channel.Can{}).Push(t.Context(), nil); len(outcomes) != 0 || err != nil || s.calls != 0 {
		t.Errorf("%v, %v after %d calls", outcomes, err, s.calls)
	}
}

// "Too many" holds every call of the shop, whether it was said of the whole call or of one item.
func TestShop_too_many_holds_the_shop(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]answer{
		"whole call": {err: throttled},
		"one item":   {outcomes: []channel.Outcome{applied, {State: channel.Refused, Err: throttled}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				shop := open(t, &script{push: []answer{a}}, channel.Can{})
				start := time.Now()
				if _, err := shop.Push(t.Context(), updates(2)); (err != nil) != (a.err != nil) {
					t.Error(err)
				}
				if err := shop.PushReady(t.Context(), 0); err != nil || time.Since(start) < throttled.RetryAfter {
					t.Errorf("the next push may leave after %v, %v", time.Since(start), err)
				}
			})
		})
	}
}

// What is to be sent is decided shortly before it can leave; a zero may use the bucket's reserve.
func TestShop_PushReady(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		taken  float64 // of 10 tokens that come back one a second; two of them are the reserve
		urgent bool
		lead   time.Duration
		want   time.Duration
	}{
		{"free", 0, false, 0, 0},
		{"the reserve is left", 8, false, 0, time.Second},
		{"the reserve is for zeros", 8, true, 0, 0},
		{"a zero waits when the reserve is gone, too", 10, true, 0, time.Second},
		{"decided in time", 9, false, 300 * time.Millisecond, 1700 * time.Millisecond},
		{"decided at once", 8, false, 2 * time.Second, 0},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var pace *channel.Pace
				spec := channel.Spec{Kind: "script", Limits: channel.Limits{PushBucket: "push", Rates: []channel.Rate{{Bucket: "push", Calls: 1, Per: time.Second, Burst: 10}}},
					Open: func(_ channel.Settings, d channel.Deps) (channel.Connector, error) {
						pace = d.Pace
						return &script{}, nil
					}}
				shop, err := channel.OpenShop(spec, nil, channel.Access{Clock: clock.System{}})
				if err != nil {
					t.Fatal(err)
				}
				if err := pace.Wait(channel.Urgent(t.Context()), "push", c.taken); err != nil {
					t.Fatal(err)
				}
				ctx := t.Context()
				if c.urgent {
					ctx = channel.Urgent(ctx)
				}
				start := time.Now()
				if err := shop.PushReady(ctx, c.lead); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start).Round(time.Millisecond); took != c.want {
					t.Errorf("ready after %v, want %v", took, c.want)
				}
			})
		})
	}
}

// Calls without effect are repeated while the error may pass by itself, a few times and with pauses.
func TestShop_calls_without_effect_are_repeated(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		answers []answer
		calls   int
		kind    channel.ErrorKind // of the error that is left
	}{
		{"at once", []answer{{}}, 1, ""},
		{"after a stumble", []answer{{err: lost}, {err: unreadable}, {}}, 3, ""},
		{"never", []answer{{err: lost}}, 3, channel.Temporary},
		{"credentials are not tried again", []answer{{err: credentials}}, 1, channel.Auth},
		{"too many is not tried again", []answer{{err: throttled}}, 1, channel.Throttled},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for op, call := range map[string]func(*channel.Shop) error{
					"pull":    func(s *channel.Shop) error { _, err := s.PullOrders(t.Context(), ""); return err },
					"refresh": func(s *channel.Shop) error { _, err := s.RefreshOrders(t.Context(), nil); return err },
					"read":    func(s *channel.Shop) error { _, err := s.Read(t.Context(), nil); return err },
				} {
					s := &script{pull: c.answers, read: c.answers}
					start := time.Now()
					err := call(open(t, s, channel.Can{}))
					if s.calls != c.calls || (err == nil) != (c.kind == "") || err != nil && channel.KindOf(err) != c.kind {
						t.Errorf("%s: %v after %d calls, want %d", op, err, s.calls, c.calls)
					}
					if c.calls > 1 && time.Since(start) == 0 {
						t.Errorf("%s: repeated without a pause", op)
					}
				}
			})
		})
	}
}

func TestShop_Read_needs_an_answer_for_each(t *testing.T) {
	t.Parallel()
	s := &script{read: []answer{{shown: []channel.Shown{{Ref: "a"}}}}}
	if shown, err := open(t, s, channel.Can{}).Read(t.Context(), []channel.Ref{"a", "b"}); channel.KindOf(err) != channel.Unreadable || shown != nil {
		t.Errorf("%v, %v", shown, err)
	}
}

// What a channel does not declare is not used, even if its connector could.
func TestShop_what_is_not_declared_is_unsupported(t *testing.T) {
	t.Parallel()
	shop := open(t, &script{pull: []answer{{}}}, channel.Can{ListListings: true, Webhook: true, Check: true})
	if _, err := shop.ListListings(t.Context(), ""); channel.KindOf(err) != channel.Unsupported {
		t.Errorf("listings: %v", err)
	}
	if err := shop.VerifyWebhook(http.Header{}, nil); channel.KindOf(err) != channel.Unsupported {
		t.Errorf("webhook: %v", err)
	}
	if _, err := shop.Check(t.Context()); err != nil {
		t.Errorf("a channel without a check reads orders instead: %v", err)
	}
}

func TestSpec_Opened_takes_the_merchants_own_limits(t *testing.T) {
	t.Parallel()
	spec := channel.Spec{Limits: channel.Limits{Rates: []channel.Rate{{Bucket: "read", Calls: 1}, {Bucket: "write", Calls: 2}}}}
	own := spec.Opened([]channel.Rate{{Bucket: "write", Calls: 9}, {Bucket: "unknown", Calls: 5}})
	if own.Limits.Rates[0].Calls != 1 || own.Limits.Rates[1].Calls != 9 || len(own.Limits.Rates) != 2 {
		t.Errorf("the limits are %+v", own.Limits.Rates)
	}
	if spec.Limits.Rates[1].Calls != 2 {
		t.Error("the published limits were changed")
	}
}
