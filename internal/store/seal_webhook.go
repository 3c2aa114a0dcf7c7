package store

import (
	"context"
	"database/sql"
	"fmt"

	"soroi/internal/event"
)

// sealed is a webhook's secret as it lies in the database: with the id of its key, "" in clear. The zero value is none.
type sealed struct{ key, text string }

// aboutSecret names the place of a webhook's secrets, so that a sealed one does not open anywhere else.
func (tx *Tx) aboutSecret(id WebhookID) string { return fmt.Sprintf("%d/webhook/%d", tx.tenant, id) }

func (tx *Tx) sealSecret(id WebhookID, s event.Secret) sealed {
	if len(tx.db.keys) == 0 {
		return sealed{text: s.Reveal()}
	}
	key, text := tx.db.keys.Seal(s.Reveal(), tx.aboutSecret(id))
	return sealed{key, text}
}

// openSecret is sealSecret's other way. The error wraps a *credential.KeyError or credential.ErrSeal.
func (tx *Tx) openSecret(id WebhookID, s sealed) (event.Secret, error) {
	plain := s.text
	if s.key != "" {
		var err error
		if plain, err = tx.db.keys.Open(s.key, s.text, tx.aboutSecret(id)); err != nil {
			return event.Secret{}, fmt.Errorf("secret of webhook %d: %w", id, err)
		}
	}
	secret, err := event.ParseSecret(plain)
	if err != nil {
		return event.Secret{}, fmt.Errorf("secret of webhook %d: %w", id, err)
	}
	return secret, nil
}

// hookSecrets are the secrets of one webhook.
type hookSecrets struct {
	id       WebhookID
	name     string
	now, old sealed
}

func (tx *Tx) hookSecrets(ctx context.Context) ([]hookSecrets, error) {
	var list []hookSecrets
	err := tx.query(ctx, func(rows *sql.Rows) error {
		var h hookSecrets
		err := rows.Scan(&h.id, &h.name, &h.now.key, &h.now.text, &h.old.key, &h.old.text)
		list = append(list, h)
		return err
	}, "SELECT webhook_id, name, key_id, secret, old_key_id, old_secret FROM webhook WHERE tenant_id = $1 ORDER BY webhook_id")
	return list, err
}

// resealSecrets seals webhooks' secrets with the first key. clear is how many of those that it changed lay in clear.
func (tx *Tx) resealSecrets(ctx context.Context) (n, clear int, err error) {
	list, err := tx.hookSecrets(ctx)
	if err != nil {
		return 0, 0, err
	}
	first := tx.db.keys[0].ID()
	for _, h := range list {
		next := h
		for _, s := range []*sealed{&next.now, &next.old} {
			if s.text == "" || s.key == first {
				continue
			}
			secret, err := tx.openSecret(h.id, *s)
			if err != nil {
				return 0, 0, err
			}
			if s.key == "" {
				clear++
			}
			*s = tx.sealSecret(h.id, secret)
			n++
		}
		if next == h {
			continue
		}
		// Whoever has rotated the secret meanwhile has sealed it.
		_, err := tx.exec(ctx, "UPDATE webhook SET key_id = $3, secret = $4, old_key_id = $5, old_secret = $6 WHERE tenant_id = $1 AND webhook_id = $2 AND secret = $7 AND old_secret = $8",
			int64(h.id), next.now.key, next.now.text, next.old.key, next.old.text, h.now.text, h.old.text)
		if err != nil {
			return 0, 0, err
		}
	}
	return n, clear, nil
}

// forgetSecrets stops the webhooks whose secret none of the keys opens, and gives them one that nobody knows, so that nothing leaves unsigned before
// somebody asks for another. It returns their names.
func (tx *Tx) forgetSecrets(ctx context.Context) ([]string, error) {
	list, err := tx.hookSecrets(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, h := range list {
		if h.old.text != "" {
			if _, err := tx.openSecret(h.id, h.old); err != nil {
				if _, err := tx.exec(ctx, "UPDATE webhook SET old_key_id = '', old_secret = '', old_until = 0 WHERE tenant_id = $1 AND webhook_id = $2", int64(h.id)); err != nil {
					return nil, err
				}
			}
		}
		if _, err := tx.openSecret(h.id, h.now); err == nil {
			continue
		}
		secret, err := newSecret()
		if err != nil {
			return nil, err
		}
		next := tx.sealSecret(h.id, secret)
		_, err = tx.exec(ctx, "UPDATE webhook SET key_id = $3, secret = $4, state = $5, stop_reason = $6 WHERE tenant_id = $1 AND webhook_id = $2",
			int64(h.id), next.key, next.text, string(WebhookStopped), StopSecret)
		if err != nil {
			return nil, err
		}
		names = append(names, "Webhook "+h.name)
	}
	return names, nil
}
