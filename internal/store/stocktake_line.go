package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"soroi/internal/stock"
)

// LineState says where a line of a stocktake stands.
type LineState string

// The states.
const (
	LineAsked    LineState = "asked"    // 数え直し待ち
	LineCounted  LineState = "counted"  // counted, and not approved
	LineApproved LineState = "approved" // 反映済み
	LineLeft     LineState = "left"     // そのまま: nothing will be changed
)

// StocktakeLine is what is known of one SKU in a stocktake: its latest round.
type StocktakeLine struct {
	SKU        stock.SKUID
	Code, Name string
	Round      int64
	State      LineState
	Count      stock.Count
	Expected   int64 // of the count; as of approving or closing where that has come
	Variance   int64
	Delta      int64 // what approving would add to on hand
	Between    int64 // movements of units between the first and the last scan
	OnHand     int64 // in the books now
	Cost       int64 // what a unit is worth; 0 where it is not known
	Scans      int64
	CountedAt  time.Time
	Actor      string // who counted
	AskedBy    string
	Reason     string
	ApprovedBy string
	ApprovedAt time.Time

	seen int64 // the last movement that the figures know
	at   stock.Moment
}

// Value is what the difference is worth, with its sign; 0 where the SKU's worth is not known.
func (l StocktakeLine) Value() int64 { return l.Variance * l.Cost }

// Sure tells whether the line can be approved without a further word.
func (l StocktakeLine) Sure() bool {
	return l.State == LineCounted && !l.Count.Unclear() && l.Between == 0
}

// LineShow narrows the lines of a stocktake down.
type LineShow string

// What can be shown.
const (
	LinesAll      LineShow = ""
	LinesOpen     LineShow = "open"     // counted and not approved, with a difference
	LinesSame     LineShow = "same"     // counted and not approved, as the books say
	LinesSure     LineShow = "sure"     // counted, and can be approved without a further word
	LinesAsked    LineShow = "asked"    // to be counted again
	LinesApproved LineShow = "approved" // with those that have a rest
)

// LineSort is the order of lines.
type LineSort string

// The orders.
const (
	LinesBySize  LineSort = ""      // the largest difference first, whichever way
	LinesByCode  LineSort = "code"  // by code
	LinesByValue LineSort = "value" // what the difference is worth, the most first, whichever way
	LinesByID    LineSort = "id"    // as whoever walks over all of them wants it
)

// LineQuery asks for lines.
type LineQuery struct {
	Show  LineShow
	SKUs  []stock.SKUID // when not nil, only these
	Sort  LineSort
	After string // Next of the page before; "" is the start
	Limit int    // at most MostInBatch; 0 is 100
}

// LinePage is a page of lines.
type LinePage struct {
	Lines []StocktakeLine
	Next  string // "" at the end
}

// ListStocktakeLines lists lines with what the books say as of now.
func (db *DB) ListStocktakeLines(ctx context.Context, tenant stock.TenantID, s Stocktake, q LineQuery) (page LinePage, err error) {
	err = db.Read(ctx, tenant, func(tx *Tx) (err error) {
		page, err = tx.stocktakeLines(ctx, s, q)
		return err
	})
	if err != nil {
		return LinePage{}, fmt.Errorf("lines of stocktake %d: %w", s.ID, err)
	}
	return page, nil
}

// sinceText sums up what the ledger holds beyond the moments of the lines that need it ($2 the stocktake, $3 the location, $4 whether it is open): those that are counted, and those
// that are approved while the stocktake is open, of which corrections since no longer count. It is stock.Since.With in SQL.
const sinceText = `SELECT line.sku_id,
	CAST(COALESCE(SUM(CASE WHEN m.seq > line.seq AND m.kind IN ('receipt', 'issue', 'shipment', 'return') AND m.occurred_at <= line.counted_at THEN m.on_hand_delta END), 0) AS BIGINT) AS late_on_hand,
	CAST(COALESCE(SUM(CASE WHEN m.seq > line.seq AND m.kind IN ('receipt', 'issue', 'shipment', 'return') AND m.occurred_at <= line.counted_at THEN m.committed_delta END), 0) AS BIGINT) AS late_committed,
	CAST(COALESCE(SUM(CASE WHEN m.seq > line.seq AND m.kind IN ('receipt', 'issue', 'shipment', 'return') AND m.occurred_at > line.counted_at THEN m.on_hand_delta END), 0) AS BIGINT) AS moved,
	CAST(COALESCE(SUM(CASE WHEN m.seq > line.seq AND m.kind IN ('opening', 'adjustment') THEN m.on_hand_delta END), 0) AS BIGINT) AS corrected,
	COUNT(CASE WHEN m.kind IN ('receipt', 'issue', 'shipment', 'return') AND m.occurred_at > line.first_at AND m.occurred_at <= line.counted_at THEN 1 END) AS between_scans
	FROM stocktake_line AS line JOIN movement AS m ON m.tenant_id = line.tenant_id AND m.sku_id = line.sku_id AND m.location_id = $3 AND m.seq > line.first_seq
	WHERE line.tenant_id = $1 AND line.stocktake_id = $2 AND line.current AND (line.state = 'counted' OR line.state = 'approved' AND $4)`

// The figures of a line in SQL, as stock.Count has them. Those of a line that needs no sums are kept in it.
const (
	lateText     = "COALESCE(since.late_on_hand, 0)"
	expectedText = "(line.on_hand + " + lateText + ")"
	fixedText    = "(line.state IN ('asked', 'left') OR line.state = 'approved' AND NOT $4)"
)

func offText(p stock.PickedUnits) string {
	switch p {
	case stock.TakenOff:
		return "(CASE WHEN line.committed + COALESCE(since.late_committed, 0) > 0 THEN line.committed + COALESCE(since.late_committed, 0) ELSE 0 END)"
	case stock.PickedAsked:
		return "line.picked"
	}
	return "0"
}

func (tx *Tx) stocktakeLines(ctx context.Context, s Stocktake, q LineQuery) (LinePage, error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	q.Limit = min(q.Limit, MostInBatch)
	args := []any{int64(s.ID), int64(s.Location), s.Open()}
	add := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args)+1)
	}
	of := ""
	if q.SKUs != nil {
		list := []string{"0"}
		for _, sku := range q.SKUs[:min(len(q.SKUs), MostInBatch)] {
			list = append(list, strconv.FormatInt(int64(sku), 10)) // numbers: nothing in them could be SQL
		}
		of = " AND line.sku_id IN (" + strings.Join(list, ", ") + ")"
	}
	variance := "CASE WHEN " + fixedText + " THEN line.variance ELSE line.counted + " + offText(s.Picked) + " - " + expectedText + " END"
	where := ""
	switch q.Show {
	case LinesOpen:
		where = " AND state = 'counted' AND variance <> 0"
	case LinesSame:
		where = " AND state = 'counted' AND variance = 0"
	case LinesSure:
		where = " AND state = 'counted' AND between_scans = 0 AND (corrected = 0 OR adjusted <> '')"
	case LinesAsked:
		where = " AND state = 'asked'"
	case LinesApproved:
		where = " AND state = 'approved'"
	}
	var after struct {
		Size int64
		Code string
		SKU  stock.SKUID
	}
	if q.After != "" {
		if err := readPlace(q.After, &after); err != nil {
			return LinePage{}, err
		}
	}
	order := "ABS(variance) DESC, sku_id"
	switch q.Sort {
	case LinesByCode:
		order = "code"
		if q.After != "" {
			where += " AND code > " + add(after.Code)
		}
	case LinesByValue:
		order = "ABS(variance) * cost DESC, sku_id"
		if q.After != "" {
			worth := add(after.Size)
			where += " AND (ABS(variance) * cost < " + worth + " OR ABS(variance) * cost = " + worth + " AND sku_id > " + add(int64(after.SKU)) + ")"
		}
	case LinesByID:
		order = "sku_id"
		where += " AND sku_id > " + add(int64(after.SKU))
	default:
		if q.After != "" {
			size := add(after.Size)
			where += " AND (ABS(variance) < " + size + " OR ABS(variance) = " + size + " AND sku_id > " + add(int64(after.SKU)) + ")"
		}
	}
	limit := add(q.Limit + 1)
	var page LinePage
	err := tx.query(ctx, func(rows *sql.Rows) error {
		var l StocktakeLine
		c := &l.Count
		var counted, approved, expected, corrected int64
		var fixed bool
		err := rows.Scan(&l.SKU, &l.Code, &l.Name, &l.Round, &l.State, &c.Units, &c.Picked, &c.Books.OnHand, &c.Books.Committed, &l.Scans, &counted, &l.at.Seq, &l.Actor, &l.AskedBy, &c.Says, &l.Reason,
			&c.Posted, &expected, &l.ApprovedBy, &approved, &l.Cost, &l.OnHand, &l.seen, &c.Since.Late.OnHand, &c.Since.Late.Committed, &c.Since.Moved, &corrected, &l.Between, &l.Variance, &fixed)
		if err != nil {
			return err
		}
		l.CountedAt, l.ApprovedAt, c.Rule = instant(counted), instant(approved), s.Picked
		l.at.At = l.CountedAt
		l.fill(fixed, expected, corrected)
		page.Lines = append(page.Lines, l)
		return nil
	}, `WITH since AS (`+sinceText+of+` GROUP BY line.sku_id), figure AS (SELECT line.sku_id, sku.code, sku.name, line.round, line.state, line.counted, line.picked, line.on_hand, line.committed, line.scans,
		line.counted_at, line.seq, line.actor, line.asked_by, line.adjusted, line.reason, line.posted, line.expected, line.approved_by, line.approved_at, sku.cost, COALESCE(lies.on_hand, 0) AS lies,
		COALESCE(lies.movements, 0) AS movements, `+lateText+` AS late_on_hand, COALESCE(since.late_committed, 0) AS late_committed, COALESCE(since.moved, 0) AS moved,
		CASE WHEN line.state = 'counted' THEN COALESCE(since.corrected, 0) ELSE line.corrected END AS corrected, COALESCE(since.between_scans, 0) AS between_scans, `+variance+` AS variance, `+fixedText+` AS fixed
		FROM stocktake_line AS line JOIN sku ON sku.tenant_id = line.tenant_id AND sku.sku_id = line.sku_id LEFT JOIN since ON since.sku_id = line.sku_id
		LEFT JOIN balance AS lies ON lies.tenant_id = line.tenant_id AND lies.sku_id = line.sku_id AND lies.location_id = $3
		WHERE line.tenant_id = $1 AND line.stocktake_id = $2 AND line.current`+of+`)
		SELECT sku_id, code, name, round, state, counted, picked, on_hand, committed, scans, counted_at, seq, actor, asked_by, adjusted, reason, posted, expected, approved_by, approved_at, cost, lies, movements,
		late_on_hand, late_committed, moved, corrected, between_scans, variance, fixed FROM figure WHERE TRUE`+where+" ORDER BY "+order+" LIMIT "+limit, args...)
	if err != nil {
		return LinePage{}, err
	}
	if len(page.Lines) > q.Limit {
		page.Lines = page.Lines[:q.Limit]
		last := page.Lines[q.Limit-1]
		after.Size, after.Code, after.SKU = max(last.Variance, -last.Variance), last.Code, last.SKU
		if q.Sort == LinesByValue {
			after.Size *= last.Cost
		}
		page.Next = place(after)
	}
	return page, nil
}

// fill works out the figures that follow from the count; fixed are those of a line that no longer changes.
func (l *StocktakeLine) fill(fixed bool, expected, corrected int64) {
	l.Count.Since.Corrected = corrected
	if fixed {
		l.Expected = expected
		return
	}
	l.Expected, l.Variance, l.Delta = l.Count.Expected(), l.Count.Variance(), l.Count.Delta()
}

// SumStocktakeLines counts the lines that are counted and not approved: with a difference, and those of them that need a further word. up and down are the units that approving all would add
// and take away.
func (db *DB) SumStocktakeLines(ctx context.Context, tenant stock.TenantID, s Stocktake) (sums LineSums, err error) {
	for after, more := "", true; more; {
		page, err := db.ListStocktakeLines(ctx, tenant, s, LineQuery{Sort: LinesByID, After: after, Limit: MostInBatch})
		if err != nil {
			return sums, err
		}
		for _, l := range page.Lines {
			sums.add(l)
		}
		after, more = page.Next, page.Next != ""
	}
	return sums, nil
}

// LineSums is what the lines of a stocktake come to.
type LineSums struct {
	Open, Same int64 // counted, with and without a difference
	Unsure     int64 // of both, those that need a further word
	Rests      int64 // approved lines with a rest
	Value      int64 // of what approving what is counted would add, less what it would take away
	Up, Down   int64 // units that approving what is counted would add and take away
}

func (sums *LineSums) add(l StocktakeLine) {
	switch {
	case l.State == LineApproved && l.Delta != 0:
		sums.Rests++
	case l.State != LineCounted:
		return
	case l.Variance != 0:
		sums.Open++
	default:
		sums.Same++
	}
	if l.State == LineCounted && !l.Sure() {
		sums.Unsure++
	}
	sums.Value += l.Delta * l.Cost
	sums.Up += max(l.Delta, 0)
	sums.Down += max(-l.Delta, 0)
}
