package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"soroi/internal/event"
	"soroi/internal/stock"
)

// WebhookID names one webhook.
type WebhookID int64

// WebhookState says whether a webhook is given events.
type WebhookState string

// The states of a webhook.
const (
	WebhookActive  WebhookState = "active"
	WebhookPaused  WebhookState = "paused"  // 一時停止, by somebody
	WebhookStopped WebhookState = "stopped" // 停止, by soroi: Webhook.StopReason says why
)

// Why soroi stops a webhook.
const (
	StopFailing = "failing" // it did not take its events for event.GiveUpAfter
	StopGone    = "gone"    // it answered that it does not want any more (410)
	StopSecret  = "secret"  // its secret was sealed with a key that is lost
)

// Webhook is an address of the merchant's that is given events. Its secret is not here.
type Webhook struct {
	Tenant       stock.TenantID
	ID           WebhookID
	Name         string
	URL          string
	Kinds        []event.Kind // none is all
	Most         int          // events in one call
	State        WebhookState
	StopReason   string
	SecretMark   string    // tells one secret from the next and says nothing about either
	OldUntil     time.Time // until when calls are signed with the secret of before, too; zero when there is none
	Position     int64     // up to which it has taken the feed
	Waiting      int64     // how many positions of the feed come after that
	Failures     int64     // in a row
	FailingSince time.Time // the first of them
	NextAt       time.Time // when it is tried again; zero for at once
	TakenAt      time.Time // when it last took events
	Actor        string    // who made it
	CreatedAt    time.Time
}

// WebhookForm is what people decide about a webhook.
type WebhookForm struct {
	Name  string // unique
	URL   string
	Kinds []event.Kind // none is all
	Most  int          // events in one call, 1 to LargestMost
}

// LargestMost is the most events that one call may bring.
const LargestMost = 500

// AddWebhook adds a webhook that is given what happens from now on, and shows its secret, which cannot be read again. A name that is taken gives a
// *ConflictError.
func (db *DB) AddWebhook(ctx context.Context, tenant stock.TenantID, form WebhookForm, actor string) (w Webhook, secret event.Secret, err error) {
	if secret, err = newSecret(); err != nil {
		return w, secret, err
	}
	err = db.Write(ctx, tenant, func(tx *Tx) error {
		id, err := tx.newID(ctx)
		if err != nil {
			return err
		}
		ends, err := tx.feedEnds(ctx)
		if err != nil {
			return err
		}
		kept := tx.sealSecret(WebhookID(id), secret)
		_, err = tx.exec(ctx, `INSERT INTO webhook (tenant_id, webhook_id, name, url, kinds, most, key_id, secret, position, actor, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, id, form.Name, form.URL, joinKinds(form.Kinds), form.Most, kept.key, kept.text, ends.Newest, actor, micros(tx.now))
		if err != nil {
			return err
		}
		w, err = tx.webhook(ctx, WebhookID(id))
		return err
	})
	if err != nil {
		return Webhook{}, event.Secret{}, fmt.Errorf("add webhook %q: %w", form.Name, err)
	}
	return w, secret, nil
}

func newSecret() (event.Secret, error) {
	random := make([]byte, event.SecretBytes)
	if _, err := rand.Read(random); err != nil {
		return event.Secret{}, err
	}
	return event.NewSecret(random), nil
}

func joinKinds(kinds []event.Kind) string {
	var words []string
	for _, k := range kinds {
		words = append(words, string(k))
	}
	return strings.Join(words, " ")
}

func splitKinds(text string) []event.Kind {
	var kinds []event.Kind
	for _, word := range strings.Fields(text) {
		kinds = append(kinds, event.Kind(word))
	}
	return kinds
}

const webhookColumns = `webhook_id, name, url, kinds, most, state, stop_reason, secret, CASE WHEN old_secret = '' THEN 0 ELSE old_until END, position,
	COALESCE((SELECT last_seq FROM event_feed WHERE tenant_id = $1), position) - position, failures, failing_since, next_at, taken_at, actor, created_at`

func (tx *Tx) webhooks(ctx context.Context, rest string, args ...any) ([]Webhook, error) {
	var list []Webhook
	err := tx.query(ctx, func(rows *sql.Rows) error {
		w := Webhook{Tenant: tx.tenant}
		var kinds, secret string
		var old, since, next, taken, created int64
		if err := rows.Scan(&w.ID, &w.Name, &w.URL, &kinds, &w.Most, &w.State, &w.StopReason, &secret, &old, &w.Position, &w.Waiting, &w.Failures, &since, &next, &taken,
			&w.Actor, &created); err != nil {
			return err
		}
		w.Kinds, w.FailingSince, w.NextAt, w.TakenAt, w.CreatedAt = splitKinds(kinds), instant(since), instant(next), instant(taken), instant(created)
		w.SecretMark = secretMark(secret)
		if old > micros(tx.now) {
			w.OldUntil = instant(old)
		}
		list = append(list, w)
		return nil
	}, "SELECT "+webhookColumns+" FROM webhook WHERE tenant_id = $1"+rest, args...)
	return list, err
}

func (tx *Tx) webhook(ctx context.Context, id WebhookID) (Webhook, error) {
	list, err := tx.webhooks(ctx, " AND webhook_id = $2", int64(id))
	if err == nil && len(list) == 0 {
		return Webhook{}, ErrNotFound
	}
	if err != nil {
		return Webhook{}, err
	}
	return list[0], nil
}

// ListWebhooks lists a tenant's webhooks, the oldest first.
func (db *DB) ListWebhooks(ctx context.Context, tenant stock.TenantID) ([]Webhook, error) {
	var list []Webhook
	err := db.Read(ctx, tenant, func(tx *Tx) (err error) {
		list, err = tx.webhooks(ctx, " ORDER BY webhook_id")
		return err
	})
	return list, err
}

// LoadWebhook reads one webhook, or gives ErrNotFound.
func (db *DB) LoadWebhook(ctx context.Context, tenant stock.TenantID, id WebhookID) (Webhook, error) {
	var w Webhook
	err := db.Read(ctx, tenant, func(tx *Tx) (err error) {
		w, err = tx.webhook(ctx, id)
		return err
	})
	return w, err
}

// changeWebhook changes columns of one webhook. set begins at $3.
func (db *DB) changeWebhook(ctx context.Context, tenant stock.TenantID, id WebhookID, set string, args ...any) error {
	return db.Write(ctx, tenant, func(tx *Tx) error {
		n, err := tx.changed(ctx, "UPDATE webhook SET "+set+" WHERE tenant_id = $1 AND webhook_id = $2", append([]any{int64(id)}, args...)...)
		if err == nil && n == 0 {
			return ErrNotFound
		}
		return err
	})
}

// SetWebhook changes what people decide about a webhook. A call that was tried and not taken is put together anew.
func (db *DB) SetWebhook(ctx context.Context, tenant stock.TenantID, id WebhookID, form WebhookForm) error {
	return db.changeWebhook(ctx, tenant, id, "name = $3, url = $4, kinds = $5, most = $6, pending = 0, next_at = 0, version = version + 1",
		form.Name, form.URL, joinKinds(form.Kinds), form.Most)
}

// PauseWebhook stops giving events to a webhook until it is resumed. A call under way ends and counts.
func (db *DB) PauseWebhook(ctx context.Context, tenant stock.TenantID, id WebhookID) error {
	return db.changeWebhook(ctx, tenant, id, "state = $3, stop_reason = ''", string(WebhookPaused))
}

// ResumeWebhook gives events to a webhook again, from where it stood, and forgets that it failed.
func (db *DB) ResumeWebhook(ctx context.Context, tenant stock.TenantID, id WebhookID) error {
	return db.changeWebhook(ctx, tenant, id, "state = $3, stop_reason = '', failures = 0, failing_since = 0, next_at = 0", string(WebhookActive))
}

// DeleteWebhook removes a webhook with the record of its calls.
func (db *DB) DeleteWebhook(ctx context.Context, tenant stock.TenantID, id WebhookID) error {
	return db.Write(ctx, tenant, func(tx *Tx) error {
		if _, err := tx.exec(ctx, "DELETE FROM webhook_call WHERE tenant_id = $1 AND webhook_id = $2", int64(id)); err != nil {
			return err
		}
		n, err := tx.changed(ctx, "DELETE FROM webhook WHERE tenant_id = $1 AND webhook_id = $2", int64(id))
		if err == nil && n == 0 {
			return ErrNotFound
		}
		return err
	})
}

// ErrRotated says that a webhook's secret is not the one any more that somebody saw when they asked for another.
var ErrRotated = errors.New("the secret has been replaced meanwhile")

// RotateSecret gives a webhook a new secret and shows it, once. For overlap (0 for not at all) calls are signed with the secret of before, too. mark is
// the SecretMark of the secret that is to be replaced, so that asking twice replaces it once (ErrRotated); "" replaces whatever there is.
func (db *DB) RotateSecret(ctx context.Context, tenant stock.TenantID, id WebhookID, overlap time.Duration, mark string) (event.Secret, error) {
	next, err := newSecret()
	if err != nil {
		return next, err
	}
	err = db.Write(ctx, tenant, func(tx *Tx) error {
		var was sealed
		if err := tx.one(ctx, []any{&was.key, &was.text}, "SELECT key_id, secret FROM webhook WHERE tenant_id = $1 AND webhook_id = $2"+tx.db.dialect.forUpdate(), int64(id)); err != nil {
			return err
		}
		if mark != "" && mark != secretMark(was.text) {
			return ErrRotated
		}
		if overlap <= 0 {
			was = sealed{}
		}
		kept := tx.sealSecret(id, next)
		_, err := tx.exec(ctx, "UPDATE webhook SET old_key_id = $3, old_secret = $4, old_until = $5, key_id = $6, secret = $7 WHERE tenant_id = $1 AND webhook_id = $2",
			int64(id), was.key, was.text, micros(tx.now.Add(overlap)), kept.key, kept.text)
		return err
	})
	if err != nil {
		return event.Secret{}, fmt.Errorf("rotate the secret of webhook %d: %w", id, err)
	}
	return next, nil
}

// secretMark is Webhook.SecretMark, of a secret as it lies in the database. It is random and long, so a plain hash cannot be turned round.
func secretMark(kept string) string {
	sum := sha256.Sum256([]byte(kept))
	return hex.EncodeToString(sum[:6])
}

// ReplayWebhook sends a webhook back, or forward, in the feed: it is given what comes after a position. Its calls get ids that no call had before. It
// returns the position, which is later than after when events after that are not kept any more. ErrPosition says that after is behind the end.
func (db *DB) ReplayWebhook(ctx context.Context, tenant stock.TenantID, id WebhookID, after int64) (int64, error) {
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		ends, err := tx.feedEnds(ctx)
		if err != nil {
			return err
		}
		if after > ends.Newest {
			return ErrPosition
		}
		after = max(after, ends.Oldest-1)
		n, err := tx.changed(ctx, `UPDATE webhook SET position = $3, pending = 0, next_at = 0, replays = replays + 1, version = version + 1
			WHERE tenant_id = $1 AND webhook_id = $2`, int64(id), after)
		if err == nil && n == 0 {
			return ErrNotFound
		}
		return err
	})
	return after, err
}

// StoppedWebhooks counts the webhooks that soroi has stopped and nobody has resumed.
func (db *DB) StoppedWebhooks(ctx context.Context, tenant stock.TenantID) (int64, error) {
	var n int64
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		return tx.one(ctx, []any{&n}, "SELECT COUNT(*) FROM webhook WHERE tenant_id = $1 AND state = 'stopped'")
	})
	return n, err
}
