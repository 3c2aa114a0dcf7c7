package report

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"soroi/internal/exchange"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// lineWords are the states of lines as files say them.
var lineWords = map[store.LineState]exchange.Words{
	store.LineAsked:    {JA: "数え直し待ち", EN: "to be recounted"},
	store.LineCounted:  {JA: "数えた", EN: "counted"},
	store.LineApproved: {JA: "反映済み", EN: "posted"},
	store.LineLeft:     {JA: "そのまま", EN: "left as is"},
}

// WriteCountSheet writes the SKUs of a stocktake that are to be counted still: those that nobody has counted, then those that are to be counted again. A blind stocktake's sheet does not
// say what is expected.
func WriteCountSheet(ctx context.Context, db *store.DB, tenant stock.TenantID, s store.Stocktake, w io.Writer, o exchange.WriteOptions) (exchange.Written, error) {
	if o.Columns = []string{"stocktake", "code", "name", "expected", "counted", "picked", "counted_at"}; s.Blind {
		o.Columns = append(o.Columns[:3], o.Columns[4:]...)
	}
	if s.Picked != stock.PickedAsked {
		o.Columns = append(o.Columns[:len(o.Columns)-2], "counted_at")
	}
	out, err := exchange.NewWriter(w, exchange.CountSheet, o)
	if err != nil {
		return exchange.Written{}, err
	}
	number := strconv.FormatInt(int64(s.ID), 10)
	for after := stock.SKUID(0); ; {
		list, err := db.ListUncounted(ctx, tenant, s, false, after, partRows)
		if err != nil {
			return exchange.Written{}, fmt.Errorf("write a count sheet: %w", err)
		}
		for _, u := range list {
			if err := out.Write(exchange.CountRow{Stocktake: number, SKU: u.Code, Name: u.Name, Expected: strconv.FormatInt(u.OnHand, 10)}); err != nil {
				return exchange.Written{}, err
			}
			after = u.SKU
		}
		if len(list) < partRows {
			break
		}
	}
	err = eachLine(ctx, db, tenant, s, store.LinesAsked, func(l store.StocktakeLine) error {
		return out.Write(exchange.CountRow{Stocktake: number, SKU: l.Code, Name: l.Name, Expected: strconv.FormatInt(l.OnHand, 10)})
	})
	if err != nil {
		return exchange.Written{}, err
	}
	return out.Close()
}

// WriteDifferences writes every line of a stocktake. Times are in the given zone.
func WriteDifferences(ctx context.Context, db *store.DB, tenant stock.TenantID, s store.Stocktake, zone *time.Location, w io.Writer, o exchange.WriteOptions) (exchange.Written, error) {
	out, err := exchange.NewWriter(w, exchange.Differences, o)
	if err != nil {
		return exchange.Written{}, err
	}
	err = eachLine(ctx, db, tenant, s, store.LinesAll, func(l store.StocktakeLine) error {
		state := lineWords[l.State].JA
		if o.Language == exchange.English {
			state = lineWords[l.State].EN
		}
		row := exchange.DifferenceRow{Stocktake: s.Name, SKU: l.Code, Name: l.Name, Counted: l.Count.Units, Picked: l.Count.Off(), Expected: l.Expected, Variance: l.Variance, Value: l.Value(), Moved: l.Count.Since.Moved,
			OnHand: l.OnHand, To: l.OnHand + l.Delta, State: state, Actor: l.Actor, Reason: l.Reason, ApprovedBy: l.ApprovedBy}
		if !l.CountedAt.IsZero() {
			row.CountedAt = l.CountedAt.In(zone)
		}
		return out.Write(row)
	})
	if err != nil {
		return exchange.Written{}, err
	}
	return out.Close()
}

func eachLine(ctx context.Context, db *store.DB, tenant stock.TenantID, s store.Stocktake, show store.LineShow, do func(store.StocktakeLine) error) error {
	for after, more := "", true; more; {
		page, err := db.ListStocktakeLines(ctx, tenant, s, store.LineQuery{Show: show, Sort: store.LinesByID, After: after, Limit: partRows})
		if err != nil {
			return err
		}
		for _, l := range page.Lines {
			if err := do(l); err != nil {
				return err
			}
		}
		after, more = page.Next, page.Next != ""
	}
	return nil
}
