package api

import (
	"fmt"
	"net/http"
	"time"

	"soroi/internal/stock"
	"soroi/internal/store"
)

// Inbound is one line of what is expected.
type Inbound struct {
	Code      string     `json:"code"`
	Document  string     `json:"document"`
	Units     int64      `json:"units"`
	Received  int64      `json:"received"`
	Left      int64      `json:"left"`
	Due       *string    `json:"due"` // 2026-04-01
	Note      string     `json:"note"`
	CreatedAt time.Time  `json:"created_at"`
	ClosedAt  *time.Time `json:"closed_at"`
}

// InboundPage is a page of them.
type InboundPage struct {
	Items      []Inbound `json:"items"`
	NextCursor *string   `json:"next_cursor"`
}

// InboundAnswer is what became of a batch.
type InboundAnswer struct {
	Applied  int64           `json:"applied"`
	Repeated bool            `json:"repeated"`
	Rows     []InboundResult `json:"rows"`
}

// InboundResult is what became of one row: the line as it was, and as it is.
type InboundResult struct {
	Code     string      `json:"code"`
	Document string      `json:"document"`
	Applied  bool        `json:"applied"`
	Before   *Inbound    `json:"before"`
	After    *Inbound    `json:"after"`
	Refused  *RowRefusal `json:"refused"`
}

func (row InboundResult) refusal() *RowRefusal { return row.Refused }

const (
	rowInvalidInbound = typePrefix + "invalid-inbound"
	rowNoInbound      = typePrefix + "nothing-expected"
)

func inboundOf(i *store.Inbound) *Inbound {
	if i == nil {
		return nil
	}
	out := &Inbound{Code: i.Code, Document: i.Document, Units: i.Units, Received: i.Received, Left: i.Left(), Note: i.Note, CreatedAt: i.CreatedAt, ClosedAt: instant(i.ClosedAt)}
	if i.Due != nil {
		day := i.Due.String()
		out.Due = &day
	}
	return out
}

func (a *API) listInbound(r *request) error {
	p := r.parameters("code", "closed", "limit", "cursor")
	q := store.InboundQuery{SKU: p.text("code"), Closed: p.choice("closed", "true", "false") == "true", Limit: p.number("limit", store.MostInboundRows), After: p.text("cursor")}
	if len(p.values["code"]) > 1 {
		p.refuse("code", "The parameter code may be given once.")
	}
	if p.err != nil {
		return p.err
	}
	page, err := a.deps.DB.ListInbound(r.ctx(), r.token.Tenant, q)
	if err != nil {
		return err
	}
	answer := InboundPage{Items: []Inbound{}, NextCursor: cursor(page.Next)}
	for _, line := range page.Lines {
		answer.Items = append(answer.Items, *inboundOf(&line))
	}
	return r.answer(http.StatusOK, answer)
}

// setInbound writes down what is expected. It is the same however often it is sent, so it needs no key.
func (a *API) setInbound(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	var codes []string
	var rows []store.InboundRow
	_, err := r.readRowsOf([]string{"code", "document"}, []string{"units", "due", "note", "closed"}, func(b *body, row map[string]any, at string) {
		codes = append(codes, b.text(row, "code", at, 1, longestCode))
		rows = append(rows, b.inbound(row, at))
	})
	if err != nil {
		return err
	}
	skus, err := a.deps.DB.FindSKUs(r.ctx(), r.token.Tenant, codes)
	if err != nil {
		return err
	}
	answer := InboundAnswer{Rows: make([]InboundResult, len(rows))}
	unknown := false
	for i, code := range codes {
		answer.Rows[i].Code, answer.Rows[i].Document = code, rows[i].Document
		if rows[i].SKU = skus[code]; rows[i].SKU == 0 {
			answer.Rows[i].Refused, unknown = &RowRefusal{rowUnknownSKU, problemOfSKU(code).Detail}, true
		}
	}
	if unknown {
		return refusedRows(answer.Rows)
	}
	done, err := a.deps.DB.EditInbound(r.ctx(), r.token.Tenant, r.token.Name, rows)
	if err != nil {
		return err
	}
	for i, result := range done.Rows {
		if wrong := result.Refused; wrong != nil {
			answer.Rows[i].Refused = &RowRefusal{rowInvalidInbound, fmt.Sprintf("The field %s %s.", wrong.Field, wrong.Reason)}
		} else if done.Applied {
			answer.Rows[i].Applied, answer.Rows[i].Before, answer.Rows[i].After = true, inboundOf(result.Before), inboundOf(result.After)
			answer.Applied++
		}
	}
	if !done.Applied {
		return refusedRows(answer.Rows)
	}
	a.deps.Changed()
	return r.answer(http.StatusOK, answer)
}

func (b *body) inbound(row map[string]any, at string) store.InboundRow {
	line := store.InboundRow{Document: b.text(row, "document", at, 1, store.LongestDocument)}
	if _, there := row["units"]; there {
		units := b.number(row, "units", at, 0, stock.LargestUnits)
		line.Units = &units
	}
	if v, there := row["due"]; there {
		var due *stock.Day
		if v != nil {
			day, err := stock.ParseDay(b.text(row, "due", at, 1, 10))
			if err != nil {
				b.wrong(at+"/due", "must be a day such as 2026-04-01, or null.")
			}
			due = &day
		}
		line.Due = &due
	}
	if _, there := row["note"]; there {
		note := b.text(row, "note", at, 0, store.LongestNote)
		line.Note = &note
	}
	if _, there := row["closed"]; there {
		closed := b.boolean(row, "closed", at)
		line.Closed = &closed
	}
	return line
}

// receiveInbound posts what has arrived. Only a key makes it happen once, so it must have one.
func (a *API) receiveInbound(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	key, err := r.onceKey()
	if err == nil && key == "" {
		err = parameterProblem("Idempotency-Key", "The Idempotency-Key is missing: without one a repeated request would receive the units again. Send one that is new for each delivery.")
	}
	if err != nil {
		return err
	}
	var codes []string
	var rows []store.ReceiptRow
	_, err = r.readRowsOf([]string{"code", "document", "units"}, []string{"last"}, func(b *body, row map[string]any, at string) {
		codes = append(codes, b.text(row, "code", at, 1, longestCode))
		rows = append(rows, store.ReceiptRow{Document: b.text(row, "document", at, 1, store.LongestDocument), Units: b.number(row, "units", at, 1, stock.LargestUnits), Last: b.boolean(row, "last", at)})
	})
	if err != nil {
		return err
	}
	skus, err := a.deps.DB.FindSKUs(r.ctx(), r.token.Tenant, codes)
	if err != nil {
		return err
	}
	location, err := a.deps.DB.DefaultLocation(r.ctx(), r.token.Tenant)
	if err != nil {
		return err
	}
	answer := InboundAnswer{Rows: make([]InboundResult, len(rows))}
	unknown := false
	for i, code := range codes {
		answer.Rows[i].Code, answer.Rows[i].Document = code, rows[i].Document
		if rows[i].SKU = skus[code]; rows[i].SKU == 0 {
			answer.Rows[i].Refused, unknown = &RowRefusal{rowUnknownSKU, problemOfSKU(code).Detail}, true
		}
	}
	if unknown {
		return refusedRows(answer.Rows)
	}
	done, err := a.deps.DB.ReceiveInbound(r.ctx(), r.token.Tenant, store.Receipt{Key: key, Cause: stock.ByAPI, Actor: r.token.Name, Location: location, Rows: rows})
	if err != nil {
		return err
	}
	for i, result := range done.Rows {
		if wrong := result.Refused; wrong != nil {
			answer.Rows[i].Refused = &RowRefusal{rowNoInbound, fmt.Sprintf("The field %s: %s. GET /api/v1/inbound?code=… lists what is expected.", wrong.Field, wrong.Reason)}
		} else if done.Applied {
			answer.Rows[i].Applied, answer.Rows[i].After = true, inboundOf(result.Line)
			answer.Applied++
		}
	}
	if !done.Applied {
		return refusedRows(answer.Rows)
	}
	if answer.Repeated = done.Repeated; !done.Repeated {
		a.deps.Changed()
	}
	return r.answer(http.StatusOK, answer)
}
