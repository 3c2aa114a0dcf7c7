package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"soroi/internal/stock"
)

// InboundID names a line of what is expected.
type InboundID int64

// Inbound is units of a SKU that are expected (入荷予定): one line of an outside document.
type Inbound struct {
	ID        InboundID
	SKU       stock.SKUID
	Code      string // the SKU's
	Document  string // the order's or delivery's number at whoever sends it; with the SKU it names the line
	Units     int64  // that were announced, from 0 to stock.LargestUnits
	Received  int64  // that have arrived; may be more than Units
	Due       *stock.Day
	Note      string
	Actor     string // who wrote it down first
	CreatedAt time.Time
	ClosedAt  time.Time // zero while more is expected
}

// Left are the units that are still expected.
func (i Inbound) Left() int64 {
	if !i.ClosedAt.IsZero() {
		return 0
	}
	return max(i.Units-i.Received, 0)
}

// InboundRow says how a line shall be. What is nil stays as it is; a line that is not there is added, and needs Units then.
type InboundRow struct {
	SKU      stock.SKUID
	Document string
	Units    *int64
	Due      **stock.Day // a pointer to nil takes the day away
	Note     *string
	Closed   *bool // nothing more is expected, or something is again
}

// InboundResult is what became of a row. Before is nil for a line that was added; After is nil when the row was refused.
type InboundResult struct {
	Before, After *Inbound
	Refused       *stock.TermsError
}

// InboundAnswer tells what became of each row, in its order.
type InboundAnswer struct {
	Applied  bool
	Repeated bool
	Rows     []InboundResult
}

// Bounds of the texts of a line, in characters.
const (
	LongestDocument = 100
	LongestNote     = 200
)

// EditInbound writes down what is expected, in one transaction: at most MostInBatch rows, all of them or none. Doing it again changes nothing. A SKU that is
// not there gives ErrNotFound.
func (db *DB) EditInbound(ctx context.Context, tenant stock.TenantID, actor string, rows []InboundRow) (InboundAnswer, error) {
	if len(rows) > MostInBatch {
		return InboundAnswer{}, fmt.Errorf("edit inbound: %d rows, more than %d", len(rows), MostInBatch)
	}
	var answer InboundAnswer
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		answer = InboundAnswer{Rows: make([]InboundResult, len(rows))}
		skus := make([]stock.SKUID, len(rows))
		for i, r := range rows {
			skus[i] = r.SKU
		}
		codes, err := tx.codesOfSKUs(ctx, skus)
		if err != nil {
			return err
		}
		lines, err := tx.lockInbound(ctx, rows)
		if err != nil {
			return err
		}
		refused := false
		for i, r := range rows {
			code, there := codes[r.SKU]
			if !there {
				return fmt.Errorf("sku %d: %w", r.SKU, ErrNotFound)
			}
			key := inboundKey{r.SKU, r.Document}
			result := &answer.Rows[i]
			if line := lines[key]; line != nil {
				before := line.Inbound
				result.Before = &before
			}
			next, wrong := r.apply(result.Before, actor, tx.now)
			if result.Refused = wrong; wrong != nil {
				refused = true
				continue
			}
			next.Code = code
			lines[key] = &inboundLine{Inbound: next, dirty: true}
			result.After = &next
		}
		if refused {
			return nil
		}
		answer.Applied = true
		err = tx.writeInbound(ctx, lines)
		if conflict := (*ConflictError)(nil); errors.As(err, &conflict) && conflict.Key == "inbound_tenant_id_sku_id_document_key" {
			return fmt.Errorf("another process was faster: %w", ErrAgain)
		}
		if err != nil {
			return err
		}
		for i, r := range rows {
			answer.Rows[i].After.ID = lines[inboundKey{r.SKU, r.Document}].ID
		}
		return nil
	})
	if err != nil {
		return InboundAnswer{}, fmt.Errorf("edit inbound: %w", err)
	}
	return answer, nil
}

func (r InboundRow) apply(before *Inbound, actor string, now time.Time) (Inbound, *stock.TermsError) {
	next := Inbound{SKU: r.SKU, Document: r.Document, Actor: actor, CreatedAt: now}
	if before != nil {
		next = *before
	}
	switch {
	case r.Document == "":
		return next, &stock.TermsError{Field: "document", Reason: "is missing", Code: "missing"}
	case len([]rune(r.Document)) > LongestDocument:
		return next, &stock.TermsError{Field: "document", Reason: fmt.Sprintf("has more than %d characters", LongestDocument), Code: "long"}
	case r.Note != nil && len([]rune(*r.Note)) > LongestNote:
		return next, &stock.TermsError{Field: "note", Reason: fmt.Sprintf("has more than %d characters", LongestNote), Code: "long"}
	case before == nil && r.Units == nil:
		return next, &stock.TermsError{Field: "units", Reason: "is missing", Code: "missing"}
	case r.Units != nil && *r.Units < 0:
		return next, &stock.TermsError{Field: "units", Reason: fmt.Sprintf("%d is negative", *r.Units), Code: "negative"}
	case r.Units != nil && *r.Units > stock.LargestUnits:
		return next, &stock.TermsError{Field: "units", Reason: fmt.Sprintf("%d is above the limit of %d", *r.Units, stock.LargestUnits), Code: "large"}
	}
	if r.Units != nil {
		next.Units = *r.Units
	}
	if r.Due != nil {
		next.Due = *r.Due
	}
	if r.Note != nil {
		next.Note = *r.Note
	}
	if r.Closed != nil {
		switch {
		case *r.Closed && next.ClosedAt.IsZero():
			next.ClosedAt = now
		case !*r.Closed:
			next.ClosedAt = time.Time{}
		}
	}
	return next, nil
}

type inboundKey struct {
	sku      stock.SKUID
	document string
}

type inboundLine struct {
	Inbound
	dirty bool
}

const inboundColumns = `inbound.inbound_id, inbound.sku_id, inbound.document, inbound.units, inbound.received, inbound.due_day, inbound.note, inbound.actor, inbound.created_at,
	inbound.closed_at`

func scanInbound(rows *sql.Rows, more ...any) (Inbound, error) {
	var i Inbound
	var due sql.NullInt64
	var created, closed int64
	err := rows.Scan(append([]any{&i.ID, &i.SKU, &i.Document, &i.Units, &i.Received, &due, &i.Note, &i.Actor, &created, &closed}, more...)...)
	if due.Valid {
		day := stock.Day(due.Int64)
		i.Due = &day
	}
	i.CreatedAt, i.ClosedAt = instant(created), instant(closed)
	return i, err
}

func (tx *Tx) codesOfSKUs(ctx context.Context, skus []stock.SKUID) (map[stock.SKUID]string, error) {
	codes := make(map[stock.SKUID]string, len(skus))
	skus = distinct(skus)
	return codes, tx.queryRows(ctx, func(rows *sql.Rows) error {
		var sku stock.SKUID
		var code string
		err := rows.Scan(&sku, &code)
		codes[sku] = code
		return err
	}, "SELECT sku_id, code FROM sku WHERE tenant_id = $1 AND sku_id IN (", "BIGINT", ")", nil, len(skus), func(args []any, i int) []any { return append(args, int64(skus[i])) })
}

// lockInbound reads and locks the lines that rows are about, those that are there.
func (tx *Tx) lockInbound(ctx context.Context, rows []InboundRow) (map[inboundKey]*inboundLine, error) {
	lines := make(map[inboundKey]*inboundLine)
	return lines, tx.queryRows(ctx, func(r *sql.Rows) error {
		i, err := scanInbound(r)
		lines[inboundKey{i.SKU, i.Document}] = &inboundLine{Inbound: i}
		return err
	}, "SELECT "+inboundColumns+" FROM inbound WHERE inbound.tenant_id = $1 AND (inbound.sku_id, inbound.document) IN (", "BIGINT TEXT",
		") ORDER BY inbound.inbound_id"+tx.lock(), nil, len(rows), func(args []any, i int) []any { return append(args, int64(rows[i].SKU), rows[i].Document) })
}

// writeInbound writes the lines that were changed, giving those an id that have none.
func (tx *Tx) writeInbound(ctx context.Context, lines map[inboundKey]*inboundLine) error {
	var dirty []*inboundLine
	fresh := 0
	for _, l := range lines {
		if l.dirty {
			dirty = append(dirty, l)
			if l.ID == 0 {
				fresh++
			}
		}
	}
	ids, err := tx.newIDs(ctx, fresh)
	if err != nil {
		return err
	}
	for _, l := range dirty {
		if l.ID == 0 {
			l.ID, ids = InboundID(ids[0]), ids[1:]
		}
	}
	skus := make([]stock.SKUID, len(dirty))
	for i, l := range dirty {
		skus[i] = l.SKU
	}
	if err := tx.markSKUs(ctx, skus, rankBulk); err != nil {
		return err
	}
	return tx.insertRows(ctx, "inbound (tenant_id, inbound_id, sku_id, document, units, received, due_day, note, actor, created_at, closed_at)",
		"BIGINT BIGINT TEXT BIGINT BIGINT BIGINT TEXT TEXT BIGINT BIGINT", ` ON CONFLICT (tenant_id, inbound_id) DO UPDATE SET units = excluded.units, received = excluded.received,
		due_day = excluded.due_day, note = excluded.note, closed_at = excluded.closed_at`, len(dirty), func(args []any, i int) []any {
			l := dirty[i]
			var due any
			if l.Due != nil {
				due = int64(*l.Due)
			}
			return append(args, int64(l.ID), int64(l.SKU), l.Document, l.Units, l.Received, due, l.Note, l.Actor, micros(l.CreatedAt), micros(l.ClosedAt))
		})
}

// InboundPage is a page of what is expected.
type InboundPage struct {
	Lines []Inbound
	Next  string // After of the next page; "" at the end
}

// InboundQuery asks for lines: those of one SKU, or all; the newest first.
type InboundQuery struct {
	SKU    string // its code, exactly as written; "" is all
	Closed bool   // also those of which nothing more is expected
	After  string
	Limit  int // at most MostInboundRows; 0 is 100
}

// MostInboundRows bounds a page.
const MostInboundRows = 1000

// ListInbound reads lines of what is expected. A place that is not one of this list gives ErrPlace.
func (db *DB) ListInbound(ctx context.Context, tenant stock.TenantID, q InboundQuery) (InboundPage, error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	q.Limit = min(q.Limit, MostInboundRows)
	before := int64(1 << 62)
	if q.After != "" {
		if err := readPlace(q.After, &before); err != nil {
			return InboundPage{}, ErrPlace
		}
	}
	where, args := "", []any{before, q.Limit + 1}
	if !q.Closed {
		where += " AND inbound.closed_at = 0"
	}
	if q.SKU != "" {
		where += " AND sku.code = $4"
		args = append(args, q.SKU)
	}
	var page InboundPage
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		page = InboundPage{}
		return tx.query(ctx, func(rows *sql.Rows) error {
			var code string
			i, err := scanInbound(rows, &code)
			if len(page.Lines) == q.Limit {
				page.Next = place(int64(page.Lines[q.Limit-1].ID))
				return err
			}
			i.Code = code
			page.Lines = append(page.Lines, i)
			return err
		}, "SELECT "+inboundColumns+`, sku.code FROM inbound JOIN sku ON sku.tenant_id = inbound.tenant_id AND sku.sku_id = inbound.sku_id
			WHERE inbound.tenant_id = $1 AND inbound.inbound_id < $2`+where+" ORDER BY inbound.inbound_id DESC LIMIT $3", args...)
	})
	if err != nil {
		return InboundPage{}, fmt.Errorf("list inbound: %w", err)
	}
	return page, nil
}
