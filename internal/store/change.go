package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"soroi/internal/stock"
)

// ChangeRequest asks for changes of on hand, by a person, a program or a file.
type ChangeRequest struct {
	// Key makes the request happen once: repeated with the same rows it gives the first answer again, repeated with others it is
	// refused with ErrKeyReused. "" is no protection.
	Key      string
	Cause    stock.Cause
	Kind     stock.MovementKind // Adjustment, Receipt, Issue, Opening or Return
	Document string             // what the movements name as their document
	Actor    string
	Reason   string
	Reasons  []string // of each row, where they differ from Reason; nil, or as many as Rows
	Bulk     bool     // plan after all orders
	// Partial applies the rows that can be; otherwise one refused row refuses all.
	Partial bool
	Rows    []stock.Change
}

// ChangeResult is what became of one row.
type ChangeResult struct {
	Applied bool
	Delta   int64
	After   stock.Balance
	// Refused says why, in the words of *stock.ChangeError or *stock.NegativeError. A row that is fine in a request that was refused as
	// a whole has neither Applied nor Refused.
	Refused error `json:"-"`
	// Reason is Refused in words, kept for a repeated request.
	Reason string `json:",omitempty"`
}

// ErrKeyReused says that a once-only key came back with another content.
var ErrKeyReused = errors.New("the key was used for another request")

// ChangeAnswer is the answer to a ChangeRequest.
type ChangeAnswer struct {
	Applied  bool // at least one row, and all of them unless Partial
	Repeated bool // the key had been used: this is the first answer
	Rows     []ChangeResult
}

// ChangeStock posts the changes. It returns once they are durable.
func (db *DB) ChangeStock(ctx context.Context, tenant stock.TenantID, r ChangeRequest) (ChangeAnswer, error) {
	w := &changeWork{request: r}
	if r.Key != "" {
		body, err := json.Marshal(struct {
			Kind    stock.MovementKind
			Partial bool
			Rows    []stock.Change
			Reasons []string `json:",omitempty"`
		}{r.Kind, r.Partial, r.Rows, r.Reasons})
		if err != nil {
			return ChangeAnswer{}, fmt.Errorf("digest the request: %w", err)
		}
		sum := sha256.Sum256(body)
		w.digest = hex.EncodeToString(sum[:16])
	}
	if err := db.ledger.post(ctx, tenant, w); err != nil {
		return ChangeAnswer{}, err
	}
	return w.answer, nil
}

type changeWork struct {
	request ChangeRequest
	digest  string
	answer  ChangeAnswer
}

func (w *changeWork) alone() []string {
	if w.request.Key == "" {
		return nil
	}
	return []string{"key " + w.request.Key}
}

func (w *changeWork) size() int { return len(w.request.Rows) }

func (w *changeWork) prepare(ctx context.Context, tx *Tx) ([]balanceKey, error) {
	w.answer = ChangeAnswer{}
	if w.request.Key != "" {
		repeated, err := tx.findAnswer(ctx, w.request.Key, w.digest, &w.answer)
		if err != nil || repeated {
			w.answer.Repeated = repeated
			return nil, err
		}
	}
	keys := make([]balanceKey, len(w.request.Rows))
	for i, c := range w.request.Rows {
		keys[i] = balanceKey{c.SKU, c.Location}
	}
	return keys, nil
}

func (w *changeWork) decide(l *ledger) error {
	if w.answer.Repeated {
		return nil
	}
	r := w.request
	results := make([]ChangeResult, len(r.Rows))
	scratch := make(map[balanceKey]stock.Balance) // rows of one request see each other
	refused := false
	for i, c := range r.Rows {
		key := balanceKey{c.SKU, c.Location}
		before, seen := scratch[key]
		if !seen {
			before = l.balance(key)
		}
		delta, err := c.Delta(before)
		if err != nil {
			results[i] = ChangeResult{Refused: err, Reason: err.Error(), After: before}
			refused = true
			continue
		}
		before.OnHand += delta
		scratch[key] = before
		results[i] = ChangeResult{Delta: delta, After: before}
	}
	w.answer.Rows = results
	if refused && !r.Partial {
		return nil
	}
	rank := rankOrder
	if r.Bulk {
		rank = rankBulk
	}
	for i, c := range r.Rows {
		if results[i].Refused != nil {
			continue
		}
		results[i].Applied = true
		w.answer.Applied = true
		if results[i].Delta == 0 {
			continue
		}
		reason := r.Reason
		if r.Reasons != nil {
			reason = cmp.Or(r.Reasons[i], reason)
		}
		_, err := l.post(stock.Movement{SKU: c.SKU, Location: c.Location, Kind: r.Kind, OnHandDelta: results[i].Delta, Cause: r.Cause,
			Document: r.Document, Line: fmt.Sprint(i + 1), Actor: r.Actor, Reason: reason, OccurredAt: l.now}, rank)
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *changeWork) record(ctx context.Context, tx *Tx) error {
	if w.request.Key == "" || w.answer.Repeated || !w.answer.Applied {
		return nil
	}
	return tx.keepAnswer(ctx, w.request.Key, w.digest, w.answer)
}

// findAnswer tells whether a key has been used, and gives the answer of then.
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
