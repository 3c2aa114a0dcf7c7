package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

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
	// Hold, where it is set, refuses the request with ErrImportState unless the import is still as it says: whoever moves the import on waits until
	// the request is through.
	Hold *ImportHold
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
	Bundle  bool  `json:",omitempty"` // it was refused because the SKU is a bundle
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
	if w.reused {
		return ChangeAnswer{}, ErrKeyReused
	}
	return w.answer, nil
}

type changeWork struct {
	request ChangeRequest
	digest  string
	answer  ChangeAnswer
	reused  bool // the key stands for another request; what else the transaction does is not the worse for it
}

func (w *changeWork) alone() []string {
	if w.request.Key == "" {
		return nil
	}
	return []string{"key " + w.request.Key}
}

func (w *changeWork) size() int { return len(w.request.Rows) }

// changeWorks are the requests of one transaction.
type changeWorks []*changeWork

func (w *changeWork) with(others works) works {
	ws, _ := others.(changeWorks)
	return append(ws, w)
}

func (ws changeWorks) prepare(ctx context.Context, tx *Tx) ([]balanceKey, error) {
	for _, w := range ws {
		w.answer, w.reused = ChangeAnswer{}, false
	}
	if err := ws.findAnswers(ctx, tx); err != nil {
		return nil, err
	}
	keys := make([]balanceKey, 0, len(ws))
	for _, w := range ws {
		if w.answer.Repeated || w.reused {
			continue
		}
		if err := tx.checkHold(ctx, w.request.Hold); err != nil {
			return nil, err
		}
		for _, c := range w.request.Rows {
			keys = append(keys, balanceKey{c.SKU, c.Location})
		}
	}
	return keys, nil
}

func (w *changeWork) decide(l *ledger) error {
	if w.answer.Repeated || w.reused {
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
		if l.bundles[c.SKU] {
			err = errBundle
		}
		if err != nil {
			results[i] = ChangeResult{Refused: err, Reason: err.Error(), After: before, Bundle: l.bundles[c.SKU]}
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
			Document: r.Document, Line: strconv.Itoa(i + 1), Actor: r.Actor, Reason: reason, OccurredAt: l.now}, rank)
		if err != nil {
			return err
		}
	}
	return nil
}

func (ws changeWorks) record(ctx context.Context, tx *Tx) error {
	return ws.filter(func(w *changeWork) bool { return w.request.Key != "" && !w.answer.Repeated && w.answer.Applied }).keepAnswers(ctx, tx)
}

func (ws changeWorks) filter(keep func(*changeWork) bool) changeWorks {
	var kept changeWorks
	for _, w := range ws {
		if keep(w) {
			kept = append(kept, w)
		}
	}
	return kept
}

// findAnswers gives the requests whose key has been used the answers of then.
func (ws changeWorks) findAnswers(ctx context.Context, tx *Tx) error {
	keyed := ws.filter(func(w *changeWork) bool { return w.request.Key != "" })
	byKey := make(map[string]*changeWork, len(keyed))
	for _, w := range keyed {
		byKey[w.request.Key] = w
	}
	return tx.queryRows(ctx, func(rows *sql.Rows) error {
		var key, digest, answer string
		if err := rows.Scan(&key, &digest, &answer); err != nil {
			return err
		}
		w := byKey[key]
		if w.reused = digest != w.digest; w.reused {
			return nil
		}
		err := json.Unmarshal([]byte(answer), &w.answer)
		w.answer.Repeated = true
		return err
	}, "SELECT posting_key, digest, answer FROM posting_key WHERE tenant_id = $1 AND posting_key IN (", "TEXT", ")", nil, len(keyed),
		func(args []any, i int) []any { return append(args, keyed[i].request.Key) })
}

// keepAnswers records keys. Where another process was faster with one, the transaction runs again and finds that one's answer.
func (ws changeWorks) keepAnswers(ctx context.Context, tx *Tx) error {
	// In one order, so that two processes cannot wait for each other's keys.
	slices.SortFunc(ws, func(a, b *changeWork) int { return strings.Compare(a.request.Key, b.request.Key) })
	answers := make([]string, len(ws))
	for i, w := range ws {
		text, err := json.Marshal(w.answer)
		if err != nil {
			return err
		}
		answers[i] = string(text)
	}
	kept := 0
	err := tx.insertedRows(ctx, func(*sql.Rows) error { kept++; return nil }, "posting_key (tenant_id, posting_key, digest, answer, posted_at)", "TEXT TEXT TEXT BIGINT",
		" ON CONFLICT (tenant_id, posting_key) DO NOTHING RETURNING posting_key", len(ws),
		func(args []any, i int) []any {
			return append(args, ws[i].request.Key, ws[i].digest, answers[i], micros(tx.now))
		})
	if err == nil && kept < len(ws) {
		return fmt.Errorf("a key was used meanwhile: %w", ErrAgain)
	}
	return err
}
