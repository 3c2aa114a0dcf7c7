package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// findAnswer tells whether a once-only key has been used, and gives the answer of then. Used for another request it is ErrKeyReused. Changes of
// stock, of which many share a transaction, look all of theirs up at once (see changeWorks).
func (tx *Tx) findAnswer(ctx context.Context, key, digest string, answer any) (bool, error) {
	var usedFor, text string
	err := tx.one(ctx, []any{&usedFor, &text}, "SELECT digest, answer FROM posting_key WHERE tenant_id = $1 AND posting_key = $2", key)
	switch {
	case errors.Is(err, ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case usedFor != digest:
		return false, ErrKeyReused
	}
	return true, json.Unmarshal([]byte(text), answer)
}

// keepAnswer records a key. Where another process was faster the transaction runs again and finds that one's answer.
func (tx *Tx) keepAnswer(ctx context.Context, key, digest string, answer any) error {
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	n, err := tx.changed(ctx, `INSERT INTO posting_key (tenant_id, posting_key, digest, answer, posted_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (tenant_id, posting_key) DO NOTHING`, key, digest, string(text), micros(tx.now))
	if err == nil && n == 0 {
		return fmt.Errorf("key %s was used meanwhile: %w", key, ErrAgain)
	}
	return err
}
