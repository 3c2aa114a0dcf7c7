package store

import (
	"context"
	"errors"
	"fmt"

	"soroi/internal/stock"
)

// Receipt is units of expected lines that have arrived (入荷).
type Receipt struct {
	// Key makes the receipt happen once: repeated with the same rows it gives the first answer again, repeated with others it is refused with
	// ErrKeyReused.
	Key      string
	Cause    stock.Cause
	Actor    string
	Location stock.LocationID
	Rows     []ReceiptRow // at most MostInBatch
}

// ReceiptRow is what has arrived of one line.
type ReceiptRow struct {
	SKU      stock.SKUID
	Document string
	Units    int64 // from 1; more than was announced is no error
	// Last says that nothing more will come of the line. A line of which all has come closes by itself.
	Last bool
}

// ReceiptResult is what became of a row.
type ReceiptResult struct {
	Line    *Inbound // as it is now; nil when the row was refused
	After   stock.Balance
	Refused *stock.TermsError
}

// ReceiptAnswer tells what became of each row, in its order.
type ReceiptAnswer struct {
	Applied  bool // all rows, or none
	Repeated bool // the key had been used: this is the first answer
	Rows     []ReceiptResult
}

// ReceiveInbound posts what has arrived and counts it on its lines, in one transaction. A row of a line that is not there, or is closed, is refused,
// and keeps all others back.
func (db *DB) ReceiveInbound(ctx context.Context, tenant stock.TenantID, r Receipt) (ReceiptAnswer, error) {
	if r.Key == "" {
		return ReceiptAnswer{}, errors.New("receive inbound: no key")
	}
	if len(r.Rows) > MostInBatch {
		return ReceiptAnswer{}, fmt.Errorf("receive inbound: %d rows, more than %d", len(r.Rows), MostInBatch)
	}
	once, err := newOneTime(r.Key, r.Rows)
	if err != nil {
		return ReceiptAnswer{}, fmt.Errorf("receive inbound: %w", err)
	}
	w := &receiptWork{receipt: r, once: once}
	if err := db.ledger.post(ctx, tenant, w); err != nil {
		return ReceiptAnswer{}, fmt.Errorf("receive inbound: %w", err)
	}
	return w.answer, nil
}

type receiptWork struct {
	receipt Receipt
	once    oneTime
	answer  ReceiptAnswer
	lines   map[inboundKey]*inboundLine
}

func (w *receiptWork) alone() []string { return []string{"inbound", "key " + w.receipt.Key} }
func (w *receiptWork) size() int       { return len(w.receipt.Rows) }

func (w *receiptWork) with(others works) works {
	ws, _ := others.(singles)
	return append(ws, w)
}

func (w *receiptWork) prepare(ctx context.Context, tx *Tx) ([]balanceKey, error) {
	w.answer = ReceiptAnswer{}
	repeated, err := w.once.find(ctx, tx, &w.answer)
	if err != nil || repeated {
		w.answer.Repeated = repeated
		return nil, err
	}
	rows := make([]InboundRow, len(w.receipt.Rows))
	keys := make([]balanceKey, len(rows))
	skus := make([]stock.SKUID, len(rows))
	for i, r := range w.receipt.Rows {
		rows[i] = InboundRow{SKU: r.SKU, Document: r.Document}
		keys[i] = balanceKey{r.SKU, w.receipt.Location}
		skus[i] = r.SKU
	}
	if w.lines, err = tx.lockInbound(ctx, rows); err != nil {
		return nil, err
	}
	codes, err := tx.codesOfSKUs(ctx, skus)
	for _, l := range w.lines {
		l.Code = codes[l.SKU]
	}
	return keys, err
}

func (w *receiptWork) decide(l *ledger) error {
	if w.answer.Repeated {
		return nil
	}
	r := w.receipt
	w.answer.Rows = make([]ReceiptResult, len(r.Rows))
	refused := false
	for i, row := range r.Rows {
		wrong := row.check(w.lines[inboundKey{row.SKU, row.Document}])
		if l.bundles[row.SKU] {
			wrong = &stock.TermsError{Field: "sku", Reason: errBundle.Reason, Code: "bundle"}
		}
		w.answer.Rows[i].Refused = wrong
		refused = refused || wrong != nil
	}
	if refused {
		return nil
	}
	w.answer.Applied = true
	for i, row := range r.Rows {
		line := w.lines[inboundKey{row.SKU, row.Document}]
		after, err := l.post(stock.Movement{SKU: row.SKU, Location: r.Location, Kind: stock.Receipt, OnHandDelta: row.Units, Cause: r.Cause, Document: row.Document,
			Line: fmt.Sprint(i + 1), Actor: r.Actor, Reason: line.Note, OccurredAt: l.now}, rankOrder)
		if err != nil {
			return err
		}
		line.Received += row.Units
		if row.Last || line.Received >= line.Units {
			line.ClosedAt = l.now
		}
		line.dirty = true
		now := line.Inbound
		w.answer.Rows[i].Line, w.answer.Rows[i].After = &now, after
	}
	return nil
}

func (r ReceiptRow) check(line *inboundLine) *stock.TermsError {
	switch {
	case line == nil:
		return &stock.TermsError{Field: "document", Reason: fmt.Sprintf("%q announces nothing of this SKU", r.Document), Code: "no_line"}
	case !line.ClosedAt.IsZero():
		return &stock.TermsError{Field: "document", Reason: fmt.Sprintf("%q is closed", r.Document), Code: "closed"}
	case r.Units < 1:
		return &stock.TermsError{Field: "units", Reason: fmt.Sprintf("%d is not a number of units that arrive", r.Units), Code: "negative"}
	case r.Units > stock.LargestUnits:
		return &stock.TermsError{Field: "units", Reason: fmt.Sprintf("%d is above the limit of %d", r.Units, stock.LargestUnits), Code: "large"}
	}
	return nil
}

func (w *receiptWork) record(ctx context.Context, tx *Tx) error {
	if w.answer.Repeated || !w.answer.Applied {
		return nil
	}
	if err := tx.writeInbound(ctx, w.lines); err != nil {
		return err
	}
	return w.once.keep(ctx, tx, w.answer)
}
