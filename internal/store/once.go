package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"soroi/internal/stock"
)

// oneTime is a request that is made once: its key, and what it was about.
type oneTime struct {
	key    string // "" is no protection
	digest string
}

// newOneTime makes it of a key and everything that a repeated request must have in common with the first.
func newOneTime(key string, content any) (oneTime, error) {
	if key == "" {
		return oneTime{}, nil
	}
	body, err := json.Marshal(content)
	if err != nil {
		return oneTime{}, fmt.Errorf("digest the request: %w", err)
	}
	sum := sha256.Sum256(body)
	return oneTime{key, hex.EncodeToString(sum[:16])}, nil
}

// find tells whether the request has been made, and gives the answer of then. A key that stands for another request gives ErrKeyReused.
func (o oneTime) find(ctx context.Context, tx *Tx, answer any) (bool, error) {
	if o.key == "" {
		return false, nil
	}
	var usedFor, text string
	err := tx.one(ctx, []any{&usedFor, &text}, "SELECT digest, answer FROM posting_key WHERE tenant_id = $1 AND posting_key = $2", o.key)
	switch {
	case errors.Is(err, ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case usedFor != o.digest:
		return false, ErrKeyReused
	}
	return true, json.Unmarshal([]byte(text), answer)
}

// keep records the answer. Where another process was faster the transaction runs again and finds that one's answer.
func (o oneTime) keep(ctx context.Context, tx *Tx, answer any) error {
	if o.key == "" {
		return nil
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	n, err := tx.changed(ctx, `INSERT INTO posting_key (tenant_id, posting_key, digest, answer, posted_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (tenant_id, posting_key) DO NOTHING`, o.key, o.digest, string(text), micros(tx.now))
	if err == nil && n == 0 {
		return fmt.Errorf("key %s was used meanwhile: %w", o.key, ErrAgain)
	}
	return err
}

// once runs fn in a writing transaction unless the key has been used (repeated); then answer is what was answered. fn fills answer in.
func (db *DB) once(ctx context.Context, tenant stock.TenantID, key string, content, answer any, fn func(*Tx) error) (repeated bool, err error) {
	o, err := newOneTime(key, content)
	if err != nil {
		return false, err
	}
	err = db.Write(ctx, tenant, func(tx *Tx) (err error) {
		if repeated, err = o.find(ctx, tx, answer); err != nil || repeated {
			return err
		}
		if err := fn(tx); err != nil {
			return err
		}
		return o.keep(ctx, tx, answer)
	})
	return repeated, err
}
