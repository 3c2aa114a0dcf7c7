package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"

	"soroi/internal/stock"
)

// Approval asks to bring on hand in line with what was counted (差異の承認), or, with Undo, to take that back.
type Approval struct {
	Stocktake StocktakeID
	// Key makes it happen once: repeated with the same rows it gives the first answer again, repeated with others it is refused with ErrKeyReused.
	Key    string
	Actor  string
	Reason string // of the movements of rows without one; may be empty
	Undo   bool
	Rows   []ApprovalRow // at most MostInBatch, each SKU once
}

// ApprovalRow is one line to be approved.
type ApprovalRow struct {
	SKU    stock.SKUID
	Says   stock.Adjusted `json:",omitempty"` // what adjustments since were; "" leaves what was said
	Anyway bool           `json:",omitempty"` // although units moved between its scans
	Reason string         `json:",omitempty"`
}

// ApprovalResult is what became of a row.
type ApprovalResult struct {
	Delta   int64 // posted
	After   int64 // on hand
	Refused *StocktakeError
}

// ApprovalAnswer tells what became of each row, in its order.
type ApprovalAnswer struct {
	Applied  bool // all rows, or none
	Repeated bool // the key had been used: this is the first answer
	Rows     []ApprovalResult
}

// Approve posts what the lines come to, one movement for each that changes anything, in one transaction: all of them or none. A line that is not counted, or whose books were adjusted since without
// anybody saying what that was, or whose units moved between its scans, keeps all others back.
func (db *DB) Approve(ctx context.Context, tenant stock.TenantID, a Approval) (ApprovalAnswer, error) {
	if a.Key == "" {
		return ApprovalAnswer{}, errors.New("approve: no key")
	}
	if len(a.Rows) > MostInBatch {
		return ApprovalAnswer{}, fmt.Errorf("approve: %d rows, more than %d", len(a.Rows), MostInBatch)
	}
	once, err := newOneTime(a.Key, []any{a.Stocktake, a.Undo, a.Reason, a.Rows})
	if err != nil {
		return ApprovalAnswer{}, fmt.Errorf("approve: %w", err)
	}
	w := &approvalWork{approval: a, once: once}
	if err := db.ledger.post(ctx, tenant, w); err != nil {
		return ApprovalAnswer{}, fmt.Errorf("approve in stocktake %d: %w", a.Stocktake, err)
	}
	return w.answer, nil
}

type approvalWork struct {
	approval  Approval
	once      oneTime
	answer    ApprovalAnswer
	stocktake Stocktake
	lines     map[stock.SKUID]*StocktakeLine
}

func (w *approvalWork) alone() []string {
	return []string{"stocktake " + strconv.FormatInt(int64(w.approval.Stocktake), 10), "key " + w.approval.Key}
}
func (w *approvalWork) size() int { return len(w.approval.Rows) }

func (w *approvalWork) with(others works) works {
	ws, _ := others.(singles)
	return append(ws, w)
}

func (w *approvalWork) prepare(ctx context.Context, tx *Tx) ([]balanceKey, error) {
	w.answer = ApprovalAnswer{}
	repeated, err := w.once.find(ctx, tx, &w.answer)
	if err != nil || repeated {
		w.answer.Repeated = repeated
		return nil, err
	}
	if w.stocktake, err = tx.openStocktake(ctx, w.approval.Stocktake); err != nil {
		return nil, err
	}
	skus := make([]stock.SKUID, len(w.approval.Rows))
	for i, r := range w.approval.Rows {
		skus[i] = r.SKU
	}
	page, err := tx.stocktakeLines(ctx, w.stocktake, LineQuery{SKUs: skus, Sort: LinesByID, Limit: MostInBatch})
	if err != nil {
		return nil, err
	}
	w.lines = make(map[stock.SKUID]*StocktakeLine, len(page.Lines))
	keys := make([]balanceKey, 0, len(page.Lines))
	for i := range page.Lines {
		l := &page.Lines[i]
		w.lines[l.SKU] = l
		keys = append(keys, balanceKey{l.SKU, w.stocktake.Location})
	}
	return keys, nil
}

func (w *approvalWork) decide(l *ledger) error {
	if w.answer.Repeated {
		return nil
	}
	a := w.approval
	w.answer.Rows = make([]ApprovalResult, len(a.Rows))
	refused := false
	for i, row := range a.Rows {
		line := w.lines[row.SKU]
		if line != nil {
			if err := line.catchUp(l, w.stocktake.Location); err != nil {
				return err
			}
			line.Count.Says = cmp.Or(row.Says, line.Count.Says)
		}
		wrong := row.check(line, a.Undo)
		if wrong == nil && l.bundles[row.SKU] {
			wrong = &StocktakeError{Code: "bundle"} // it has become one since
		}
		w.answer.Rows[i].Refused = wrong
		refused = refused || wrong != nil
	}
	if refused {
		return nil
	}
	w.answer.Applied = true
	for i, row := range a.Rows {
		line, result := w.lines[row.SKU], &w.answer.Rows[i]
		key := balanceKey{row.SKU, w.stocktake.Location}
		reason := cmp.Or(row.Reason, a.Reason, line.Reason)
		result.Delta, result.After = line.Count.Delta(), l.balance(key).OnHand
		if a.Undo {
			result.Delta = -line.Count.Posted
		}
		if result.Delta != 0 {
			after, err := l.post(stock.Movement{SKU: row.SKU, Location: w.stocktake.Location, Kind: stock.Adjustment, OnHandDelta: result.Delta, Cause: stock.ByStocktake,
				Document: w.stocktake.Name, Line: strconv.FormatInt(line.Round, 10), Actor: a.Actor, Reason: reason, OccurredAt: l.now}, rankOrder)
			if err != nil {
				return err
			}
			result.After = after.OnHand
		}
		line.Reason = reason
		line.Count.Posted += result.Delta
	}
	return nil
}

// catchUp adds what other works of this transaction have posted. Where another process has posted since the line was read, the transaction runs again.
func (line *StocktakeLine) catchUp(l *ledger, at stock.LocationID) error {
	var posted []movementRow
	for _, m := range l.rows {
		if m.SKU == line.SKU && m.Location == at && m.seq > line.seen {
			posted = append(posted, m)
		}
	}
	if l.accounts[balanceKey{line.SKU, at}].movements != line.seen+int64(len(posted)) {
		return fmt.Errorf("sku %d moved meanwhile: %w", line.SKU, ErrAgain)
	}
	for _, m := range posted {
		since := line.Count.Since.With(m.Movement, m.seq, line.at)
		if line.State == LineApproved {
			since.Corrected = line.Count.Since.Corrected
		}
		line.Count.Since = since
	}
	return nil
}

func (r ApprovalRow) check(line *StocktakeLine, undo bool) *StocktakeError {
	switch {
	case !r.Says.Valid():
		return &StocktakeError{Code: "adjusted"}
	case line == nil:
		return &StocktakeError{Code: "unknown"}
	case undo:
		if line.State != LineApproved {
			return &StocktakeError{Code: "not_approved"}
		}
	case line.State == LineApproved: // what has come late is posted
	case line.State != LineCounted:
		return &StocktakeError{Code: "not_counted"}
	case line.Count.Unclear():
		return &StocktakeError{Code: "adjusted"}
	case line.Between > 0 && !r.Anyway:
		return &StocktakeError{Code: "moved_between"}
	}
	return nil
}

func (w *approvalWork) record(ctx context.Context, tx *Tx) error {
	if w.answer.Repeated || !w.answer.Applied {
		return nil
	}
	a := w.approval
	state, by, at := LineApproved, a.Actor, micros(tx.now)
	if a.Undo {
		state, by, at = LineCounted, "", 0
	}
	err := tx.execRows(ctx, `UPDATE stocktake_line SET state = $3, approved_by = $4, approved_at = $5, adjusted = v.column2, reason = v.column3, posted = v.column4, corrected = v.column5, expected = v.column6,
		variance = v.column7 FROM (`, "BIGINT TEXT TEXT BIGINT BIGINT BIGINT BIGINT",
		`) AS v WHERE stocktake_line.tenant_id = $1 AND stocktake_line.stocktake_id = $2 AND stocktake_line.sku_id = v.column1 AND stocktake_line.current`,
		[]any{int64(a.Stocktake), string(state), by, at}, len(a.Rows), func(args []any, i int) []any {
			l := w.lines[a.Rows[i].SKU]
			return append(args, int64(l.SKU), string(l.Count.Says), l.Reason, l.Count.Posted, l.Count.Since.Corrected, l.Count.Expected(), l.Count.Variance())
		})
	if err != nil {
		return err
	}
	return w.once.keep(ctx, tx, w.answer)
}

// AskRecount asks for SKUs to be counted again (数え直し): what was counted is kept and decides nothing any more. Lines that are approved, or asked for already, stay as they are.
func (db *DB) AskRecount(ctx context.Context, tenant stock.TenantID, id StocktakeID, actor string, skus []stock.SKUID) (asked int64, err error) {
	if len(skus) > MostInBatch {
		return 0, fmt.Errorf("ask for a recount: %d skus, more than %d", len(skus), MostInBatch)
	}
	skus = distinct(skus)
	err = db.Write(ctx, tenant, func(tx *Tx) error {
		asked = 0
		if _, err := tx.openStocktake(ctx, id); err != nil {
			return err
		}
		rounds, err := tx.rounds(ctx, id, skus)
		if err != nil {
			return err
		}
		var again []stock.SKUID
		for _, sku := range skus {
			if list := rounds[sku]; len(list) > 0 && (list[len(list)-1].state == LineCounted || list[len(list)-1].state == LineLeft) {
				again = append(again, sku)
			}
		}
		err = tx.execRows(ctx, "UPDATE stocktake_line SET current = FALSE WHERE tenant_id = $1 AND stocktake_id = $2 AND sku_id IN (", "BIGINT", ")", []any{int64(id)}, len(again),
			func(args []any, i int) []any { return append(args, int64(again[i])) })
		if err != nil {
			return err
		}
		asked = int64(len(again))
		return tx.insertRows(ctx, "stocktake_line (tenant_id, stocktake_id, sku_id, round, current, state, asked_by, asked_at)", "BIGINT BIGINT BIGINT BOOLEAN TEXT TEXT BIGINT", "", len(again),
			func(args []any, i int) []any {
				list := rounds[again[i]]
				return append(args, int64(id), int64(again[i]), list[len(list)-1].round+1, true, string(LineAsked), actor, micros(tx.now))
			})
	})
	if err != nil {
		return 0, fmt.Errorf("ask for a recount in stocktake %d: %w", id, err)
	}
	return asked, nil
}

// CloseStocktake ends one for good. What nobody has counted, and what differs and is not approved, is only left as it is where that is said; otherwise it gives a *StocktakeError
// with their number.
func (db *DB) CloseStocktake(ctx context.Context, tenant stock.TenantID, id StocktakeID, actor string, leaveUncounted, leaveDifferences bool) error {
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		s, err := tx.openStocktake(ctx, id)
		if err != nil {
			return err
		}
		sums, err := tx.sumStocktake(ctx, s)
		if err != nil {
			return err
		}
		if n := sums.Missing + sums.Asked; n > 0 && !leaveUncounted {
			return &StocktakeError{Code: "uncounted", N: n}
		}
		differences := int64(0)
		for after, more := "", true; more; {
			page, err := tx.stocktakeLines(ctx, s, LineQuery{Sort: LinesByID, After: after, Limit: MostInBatch})
			if err != nil {
				return err
			}
			after, more = page.Next, page.Next != ""
			var left []StocktakeLine
			for _, l := range page.Lines {
				if l.State == LineCounted {
					left = append(left, l)
					if l.Delta != 0 {
						differences++
					}
				} else if l.State == LineApproved && l.Delta != 0 {
					differences++
				}
			}
			err = tx.execRows(ctx, "UPDATE stocktake_line SET expected = v.column2, variance = v.column3 FROM (", "BIGINT BIGINT BIGINT",
				") AS v WHERE stocktake_line.tenant_id = $1 AND stocktake_line.stocktake_id = $2 AND stocktake_line.sku_id = v.column1 AND stocktake_line.current", []any{int64(id)}, len(left),
				func(args []any, i int) []any {
					return append(args, int64(left[i].SKU), left[i].Expected, left[i].Variance)
				})
			if err != nil {
				return err
			}
		}
		if differences > 0 && !leaveDifferences {
			return &StocktakeError{Code: "differences", N: differences}
		}
		_, err = tx.exec(ctx, "UPDATE stocktake_line SET state = 'left' WHERE tenant_id = $1 AND stocktake_id = $2 AND current AND state IN ('counted', 'asked')", int64(id))
		if err != nil {
			return err
		}
		_, err = tx.exec(ctx, "UPDATE stocktake SET closed_by = $3, closed_at = $4 WHERE tenant_id = $1 AND stocktake_id = $2", int64(id), actor, micros(tx.now))
		return err
	})
	if err != nil {
		return fmt.Errorf("close stocktake %d: %w", id, err)
	}
	return nil
}
