package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"soroi/internal/event"
	"soroi/internal/stock"
)

// mostCalls is how many calls of each webhook are remembered.
const mostCalls = 200

// lazyPositions is how far a webhook may lag behind a feed in which nothing is for it before that is written down: each event of others
// would else cost it a write.
const lazyPositions = 1000

// Call is one call of a webhook, as its process is to make it.
type Call struct {
	Webhook   WebhookID
	ID        string // the same at each attempt to give the same events
	URL       string
	Body      []byte
	Secrets   []event.Secret // the newest first
	First     int64          // the first event's position
	Last      int64          // up to which the feed is given with it
	Events    int
	Attempt   int64     // from 1
	HeldUntil time.Time // another process may call after that
	SentAt    time.Time

	token, version int64
}

// DueWebhooks lists the webhooks that there is something to give to and that nobody is calling now.
func (db *DB) DueWebhooks(ctx context.Context, tenant stock.TenantID) ([]WebhookID, error) {
	var due []WebhookID
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		due = due[:0]
		list, err := tx.webhooks(ctx, ` AND state = 'active' AND next_at <= $2 AND held_until <= $2
			AND position < (SELECT last_seq FROM event_feed WHERE tenant_id = $1) ORDER BY webhook_id`, micros(tx.now))
		if err != nil {
			return err
		}
		for _, w := range list {
			page, missing, err := tx.nextEvents(ctx, FeedQuery{After: w.Position, Kinds: w.Kinds, Limit: 1})
			if err != nil {
				return err
			}
			if len(page.Events) > 0 || missing == nil && w.Waiting >= lazyPositions {
				due = append(due, w.ID)
			}
		}
		return nil
	})
	return due, err
}

// nextEvents reads what comes next for a webhook. One that stood still for longer than events are kept goes on with the oldest, and its receiver is
// told what is missing.
func (tx *Tx) nextEvents(ctx context.Context, q FeedQuery) (FeedPage, *event.Range, error) {
	page, err := tx.readFeed(ctx, q)
	var expired *ExpiredError
	if !errors.As(err, &expired) {
		return page, nil, err
	}
	missing := &event.Range{After: q.After, Before: expired.Oldest}
	q.After, q.UpTo = expired.Oldest-1, 0
	page, err = tx.readFeed(ctx, q)
	return page, missing, err
}

// BeginCall takes a webhook for its holder, until ttl has passed or EndCall, and puts its next call together. ok is false when there is nothing to
// give, or when somebody else calls it. However many processes try, one calls: when another one has taken the webhook after ttl, EndCall of the
// first is not heard.
//
// A call that was tried before is put together as it was: same id, same events, same bytes.
func (db *DB) BeginCall(ctx context.Context, tenant stock.TenantID, id WebhookID, holder string, ttl time.Duration) (call Call, ok bool, err error) {
	err = db.Write(ctx, tenant, func(tx *Tx) error {
		call, ok = Call{Webhook: id, SentAt: tx.now, HeldUntil: tx.now.Add(ttl)}, false
		var kinds string
		var now, old sealed
		var oldUntil, replays int64
		var q FeedQuery
		err := tx.one(ctx, []any{&call.URL, &kinds, &q.Limit, &now.key, &now.text, &old.key, &old.text, &oldUntil, &q.After, &q.UpTo, &replays, &call.version, &call.token, &call.Attempt},
			`UPDATE webhook SET holder = $3, token = token + 1, held_until = $4 WHERE tenant_id = $1 AND webhook_id = $2 AND state = 'active' AND next_at <= $5 AND held_until <= $5
			RETURNING url, kinds, most, key_id, secret, old_key_id, old_secret, old_until, position, pending, replays, version, token, failures + 1`,
			int64(id), holder, micros(call.HeldUntil), micros(tx.now))
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		q.Kinds = splitKinds(kinds)
		page, missing, err := tx.nextEvents(ctx, q)
		if err != nil {
			return err
		}
		if ok = len(page.Events) > 0; !ok {
			if missing != nil {
				page.Position = q.After // it is told with the next events
			}
			_, err = tx.exec(ctx, "UPDATE webhook SET held_until = 0, pending = 0, position = $3 WHERE tenant_id = $1 AND webhook_id = $2", int64(id), page.Position)
			return err
		}
		if call.Body, call.Events, call.Last, err = event.Batch(page.Events, page.Position, missing); err != nil {
			return err
		}
		call.First = page.Events[0].Position
		call.ID = event.CallID(int64(id), replays, call.First, call.Last)
		if err := tx.sign(&call, now, old, instant(oldUntil)); err != nil {
			return err
		}
		_, err = tx.exec(ctx, "UPDATE webhook SET pending = $3 WHERE tenant_id = $1 AND webhook_id = $2", int64(id), call.Last)
		return err
	})
	return call, ok, err
}

// sign sets the secrets that are valid when the call is made.
func (tx *Tx) sign(c *Call, now, old sealed, oldUntil time.Time) error {
	valid := []sealed{now}
	if old.text != "" && oldUntil.After(c.SentAt) {
		valid = append(valid, old)
	}
	for _, one := range valid {
		s, err := tx.openSecret(c.Webhook, one)
		if err != nil {
			return err
		}
		c.Secrets = append(c.Secrets, s)
	}
	return nil
}

// CallResult is what became of a call.
type CallResult struct {
	Status int // HTTP; 0 where there was no answer
	Error  string
	Answer string // its first bytes
	Took   time.Duration
}

// Taken tells whether the receiver has taken the events.
func (r CallResult) Taken() bool { return r.Status >= 200 && r.Status < 300 && r.Error == "" }

// EndCall records what became of a call and gives the webhook back. retry says how long to leave it alone after so many failures in a row. It returns
// the state of the webhook after it. When the webhook was taken by another process meanwhile, nothing is recorded and the error is ErrLeaseLost:
// that one makes the call again. When somebody sent the webhook to another place in the feed meanwhile, it stays there.
//
// A webhook that has been failing for event.GiveUpAfter is stopped, and so is one that answers 410; the feed tells of it.
func (db *DB) EndCall(ctx context.Context, tenant stock.TenantID, call Call, r CallResult, retry func(failures int64) time.Duration) (WebhookState, error) {
	var state WebhookState
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		var token, version, calls, failures, since int64
		var name string
		err := tx.one(ctx, []any{&state, &token, &version, &calls, &failures, &since, &name}, `SELECT state, token, version, calls, failures, failing_since, name FROM webhook
			WHERE tenant_id = $1 AND webhook_id = $2`+tx.db.dialect.forUpdate(), int64(call.Webhook))
		if errors.Is(err, ErrNotFound) || err == nil && token != call.token {
			return ErrLeaseLost
		}
		if err != nil {
			return err
		}
		row := CallRow{Number: calls + 1, Kind: event.TypeEvents, ID: call.ID, First: call.First, Last: call.Last, Events: call.Events, Attempt: call.Attempt, SentAt: call.SentAt, CallResult: r}
		if err := tx.addCall(ctx, call.Webhook, row); err != nil {
			return err
		}
		set, args := "held_until = 0, calls = $3", []any{int64(call.Webhook), calls + 1}
		switch {
		case version != call.version:
		case r.Taken():
			set += ", position = $4, pending = 0, failures = 0, failing_since = 0, next_at = 0, taken_at = $5"
			args = append(args, call.Last, micros(tx.now))
		default:
			// Who resumed it meanwhile has forgotten the failures before.
			if failures++; since == 0 {
				since = micros(call.SentAt)
			}
			set += ", failures = $4, failing_since = $5, next_at = $6"
			args = append(args, failures, since, micros(tx.now.Add(retry(failures))))
			reason := ""
			switch {
			case r.Status == 410:
				reason = StopGone
			case tx.now.Sub(instant(since)) >= event.GiveUpAfter:
				reason = StopFailing
			}
			if reason == "" || state != WebhookActive {
				break
			}
			state = WebhookStopped
			set += ", state = $7, stop_reason = $8"
			args = append(args, string(state), reason)
			err := tx.addEvents(ctx, []newEvent{{kind: event.WebhookStopped, body: event.Body(event.Stop{Webhook: int64(call.Webhook), Name: name, Reason: reason,
				Since: event.Timestamp(instant(since)), Position: call.First - 1})}})
			if err != nil {
				return err
			}
		}
		_, err = tx.exec(ctx, "UPDATE webhook SET "+set+" WHERE tenant_id = $1 AND webhook_id = $2", args...)
		return err
	})
	return state, err
}

// DropCall gives a webhook back whose call was broken off by us: it counts as not made.
func (db *DB) DropCall(ctx context.Context, tenant stock.TenantID, call Call) error {
	return db.Write(ctx, tenant, func(tx *Tx) error {
		_, err := tx.exec(ctx, "UPDATE webhook SET held_until = 0 WHERE tenant_id = $1 AND webhook_id = $2 AND token = $3", int64(call.Webhook), call.token)
		return err
	})
}

// CallRow is a call as it is remembered.
type CallRow struct {
	Number  int64  // of this webhook's calls, from 1
	Kind    string // event.TypeEvents or event.TypePing
	ID      string
	First   int64 // positions; 0 in a ping
	Last    int64
	Events  int
	Attempt int64
	SentAt  time.Time
	CallResult
}

func (tx *Tx) addCall(ctx context.Context, webhook WebhookID, c CallRow) error {
	_, err := tx.exec(ctx, `INSERT INTO webhook_call (tenant_id, webhook_id, call, kind, call_id, first_seq, last_seq, events, attempt, sent_at, took, status, error_text, answer)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`, int64(webhook), c.Number, c.Kind, c.ID, c.First, c.Last, c.Events, c.Attempt,
		micros(c.SentAt), c.Took.Microseconds(), c.Status, c.Error, c.Answer)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, "DELETE FROM webhook_call WHERE tenant_id = $1 AND webhook_id = $2 AND call <= $3", int64(webhook), c.Number-mostCalls)
	return err
}

// ListCalls lists the remembered calls of a webhook, the newest first: those before a number (0 for all), up to limit.
func (db *DB) ListCalls(ctx context.Context, tenant stock.TenantID, webhook WebhookID, before int64, limit int) ([]CallRow, error) {
	var list []CallRow
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		list = list[:0]
		if before <= 0 {
			before = 1 << 62
		}
		return tx.query(ctx, func(rows *sql.Rows) error {
			var c CallRow
			var sent, took int64
			if err := rows.Scan(&c.Number, &c.Kind, &c.ID, &c.First, &c.Last, &c.Events, &c.Attempt, &sent, &took, &c.Status, &c.Error, &c.Answer); err != nil {
				return err
			}
			c.SentAt, c.Took = instant(sent), time.Duration(took)*time.Microsecond
			list = append(list, c)
			return nil
		}, `SELECT call, kind, call_id, first_seq, last_seq, events, attempt, sent_at, took, status, error_text, answer FROM webhook_call
			WHERE tenant_id = $1 AND webhook_id = $2 AND call < $3 ORDER BY call DESC LIMIT $4`, int64(webhook), before, limit)
	})
	return list, err
}

// BeginPing puts a call together that only tries a webhook out. It needs no lease, since it gives nothing.
func (db *DB) BeginPing(ctx context.Context, tenant stock.TenantID, id WebhookID) (Call, error) {
	var call Call
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		call = Call{Webhook: id, Attempt: 1, SentAt: tx.now, ID: fmt.Sprintf("ping_%d_%d", id, micros(tx.now))}
		var now, old sealed
		var oldUntil, position int64
		err := tx.one(ctx, []any{&call.URL, &now.key, &now.text, &old.key, &old.text, &oldUntil, &position},
			"SELECT url, key_id, secret, old_key_id, old_secret, old_until, position FROM webhook WHERE tenant_id = $1 AND webhook_id = $2", int64(id))
		if err != nil {
			return err
		}
		if call.Body, err = event.Ping(position, tx.now); err != nil {
			return err
		}
		return tx.sign(&call, now, old, instant(oldUntil))
	})
	return call, err
}

// EndPing remembers what became of it.
func (db *DB) EndPing(ctx context.Context, tenant stock.TenantID, call Call, r CallResult) (CallRow, error) {
	row := CallRow{Kind: event.TypePing, ID: call.ID, Attempt: 1, SentAt: call.SentAt, CallResult: r}
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		err := tx.one(ctx, []any{&row.Number}, "UPDATE webhook SET calls = calls + 1 WHERE tenant_id = $1 AND webhook_id = $2 RETURNING calls", int64(call.Webhook))
		if err != nil {
			return err
		}
		return tx.addCall(ctx, call.Webhook, row)
	})
	return row, err
}
