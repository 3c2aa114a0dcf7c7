package api

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"soroi/internal/stock"
	"soroi/internal/store"
)

// Bounds of a batch of changes.
const (
	mostRows      = 1000
	longestCode   = 200
	longestReason = 200
	longestKey    = 200
)

// changeRow is one row of a request.
type changeRow struct {
	code, reason string
	change       stock.Change // without SKU and location
}

// ChangesAnswer is what became of a batch.
type ChangesAnswer struct {
	Applied  int64       `json:"applied"`  // rows
	Repeated bool        `json:"repeated"` // the key had been used: this is the first answer
	Rows     []RowResult `json:"rows"`
}

// RowResult is what became of one row, in the order of the request. The figures are there when it was applied.
type RowResult struct {
	Code      string      `json:"code"`
	Applied   bool        `json:"applied"`
	Delta     *int64      `json:"delta"`
	OnHand    *int64      `json:"on_hand"`
	Committed *int64      `json:"committed"`
	Available *int64      `json:"available"`
	Refused   *RowRefusal `json:"refused"` // nil when nothing is wrong with the row itself
}

// RowRefusal says why a row cannot be applied.
type RowRefusal struct {
	Type   string `json:"type"`
	Detail string `json:"detail"`
}

// The types of a refused row.
const (
	rowUnknownSKU = typePrefix + "unknown-sku"
	rowNegative   = typePrefix + "negative-stock"
)

func (a *API) changeStock(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	key, err := r.onceKey()
	if err != nil {
		return err
	}
	rows, partial, err := r.readChanges()
	if err != nil {
		return err
	}
	codes := make([]string, len(rows))
	for i, row := range rows {
		codes[i] = row.code
	}
	skus, err := a.deps.DB.FindSKUs(r.ctx(), r.token.Tenant, codes)
	if err != nil {
		return err
	}
	location, err := a.deps.DB.DefaultLocation(r.ctx(), r.token.Tenant)
	if err != nil {
		return err
	}
	results := make([]RowResult, len(rows))
	change := store.ChangeRequest{Cause: stock.ByAPI, Kind: stock.Adjustment, Document: r.r.Header.Get("Idempotency-Key"), Actor: r.token.Name, Partial: partial, Key: key}
	if key == "" {
		change.Document = "api-" + strings.ToLower(rand.Text()[:12])
	}
	var known []int // the rows of the request that change.Rows holds
	for i, row := range rows {
		results[i].Code = row.code
		sku, there := skus[row.code]
		if !there {
			results[i].Refused = &RowRefusal{rowUnknownSKU, fmt.Sprintf("No SKU has the code %q, exactly as written. GET /api/v1/stock?q=… searches.", row.code)}
			continue
		}
		row.change.SKU, row.change.Location = sku, location
		known = append(known, i)
		change.Rows = append(change.Rows, row.change)
		change.Reasons = append(change.Reasons, row.reason)
	}
	if len(known) == 0 || len(known) < len(rows) && !partial {
		if partial {
			return r.answer(http.StatusOK, ChangesAnswer{Rows: results})
		}
		return refusedRows(results)
	}
	answer, err := a.deps.DB.ChangeStock(r.ctx(), r.token.Tenant, change)
	if err != nil {
		return err
	}
	out := ChangesAnswer{Repeated: answer.Repeated, Rows: results}
	for n, i := range known {
		out.Applied += results[i].take(answer.Rows[n])
	}
	if !answer.Applied && !partial {
		return refusedRows(results)
	}
	if out.Applied > 0 && !answer.Repeated {
		a.deps.Changed()
	}
	return r.answer(http.StatusOK, out)
}

// onceKey is the key that makes a request happen once; "" when the caller sent none. A key of one token is no key of another.
func (r *request) onceKey() (string, error) {
	key := r.r.Header.Get("Idempotency-Key")
	if len(key) > longestKey || strings.ContainsFunc(key, func(c rune) bool { return c < ' ' || c > '~' }) {
		return "", parameterProblem("Idempotency-Key", "The Idempotency-Key must be at most %d visible ASCII characters.", longestKey)
	}
	if key == "" {
		return "", nil
	}
	return "api/" + strconv.FormatInt(r.token.ID, 10) + "/" + key, nil
}

// take notes what the store made of the row, and returns 1 when it was applied.
func (row *RowResult) take(result store.ChangeResult) int64 {
	switch {
	case result.Bundle:
		row.Refused = &RowRefusal{rowInvalidBundle, "The " + result.Reason + "."}
	case result.Reason != "":
		row.Refused = &RowRefusal{rowNegative, fmt.Sprintf("%s, which is less than nothing. Check the number, or send allow_negative.", result.Reason)}
	case result.Applied:
		available := result.After.Available()
		row.Applied, row.Delta, row.OnHand, row.Committed, row.Available = true, &result.Delta, &result.After.OnHand, &result.After.Committed, &available
		return 1
	}
	return 0
}

// refusedRows is the answer when rows that cannot be applied have kept all others back.
func refusedRows[Row interface{ refusal() *RowRefusal }](results []Row) error {
	return refusedAll(results, `correct them, or send "partial": true to apply the others.`)
}

// refusedAll is refusedRows with what to do next.
func refusedAll[Row interface{ refusal() *RowRefusal }](results []Row, next string) error {
	refused, first := 0, -1
	for i, row := range results {
		if row.refusal() != nil {
			refused++
			if first < 0 {
				first = i
			}
		}
	}
	p := problem(rowsRefused, "%d of %d rows cannot be applied, the first is /rows/%d: %s Nothing was changed; %s", refused, len(results), first, results[first].refusal().Detail, next)
	p.Rows = results
	return p
}

func (row RowResult) refusal() *RowRefusal { return row.Refused }

// readRows reads the body of a batch whose rows have the named fields; each reads one row, which has them all.
func (r *request) readRows(fields []string, each func(b *body, row map[string]any, at string)) (partial bool, err error) {
	return r.readRowsOf(fields, nil, each)
}

// readRowsOf is readRows with fields that a row may lack.
func (r *request) readRowsOf(required, optional []string, each func(b *body, row map[string]any, at string)) (partial bool, err error) {
	return r.readMany(mostRows, required, optional, each)
}

// readMany is readRowsOf with a bound of its own.
func (r *request) readMany(most int, required, optional []string, each func(b *body, row map[string]any, at string)) (partial bool, err error) {
	v, err := r.read()
	if err != nil {
		return false, err
	}
	var b body
	object, ok := b.object(v, "", []string{"rows"}, []string{"partial"})
	if !ok {
		return false, b.problem()
	}
	partial = b.boolean(object, "partial", "")
	for i, v := range b.array(object, "rows", "", most) {
		at := "/rows/" + strconv.Itoa(i)
		if row, ok := b.object(v, at, required, optional); ok {
			each(&b, row, at)
		}
	}
	return partial, b.problem()
}

// readChanges reads the body of a batch.
func (r *request) readChanges() (rows []changeRow, partial bool, err error) {
	v, err := r.read()
	if err != nil {
		return nil, false, err
	}
	var b body
	object, ok := b.object(v, "", []string{"rows"}, []string{"partial"})
	if !ok {
		return nil, false, b.problem()
	}
	partial = b.boolean(object, "partial", "")
	for i, v := range b.array(object, "rows", "", mostRows) {
		at := "/rows/" + strconv.Itoa(i)
		row, ok := b.object(v, at, []string{"code", "mode", "units"}, []string{"reason", "allow_negative"})
		if !ok {
			continue
		}
		rows = append(rows, changeRow{code: b.text(row, "code", at, 1, longestCode), reason: b.text(row, "reason", at, 0, longestReason),
			change: stock.Change{Mode: stock.Mode(b.choice(row, "mode", at, string(stock.Set), string(stock.Add), string(stock.Subtract))),
				Units: b.number(row, "units", at, 0, stock.LargestUnits), AllowNegative: b.boolean(row, "allow_negative", at)}})
	}
	return rows, partial, b.problem()
}
