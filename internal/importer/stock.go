package importer

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"soroi/internal/exchange"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// kinds are the imports that there are, by the name of their format.
var kinds = map[string]kind{
	exchange.Stock.Name:      {check: checking(exchange.Stock, beginStock), apply: applyStock},
	exchange.Product.Name:    {check: checking(exchange.Product, beginProduct), apply: applySettings},
	exchange.Secured.Name:    {check: checking(exchange.Secured, beginSecured), apply: applySettings},
	exchange.Reorder.Name:    {check: checking(exchange.Reorder, beginReorder), apply: applySettings},
	exchange.Assignment.Name: {check: checking(exchange.Assignment, beginAssignment), apply: applySettings},
	exchange.Exception.Name:  {check: checking(exchange.Exception, beginException), apply: applySettings},
	exchange.Link.Name:       {check: checking(exchange.Link, beginLink), apply: applySettings},
	exchange.Bundle.Name:     {check: checking(exchange.Bundle, beginBundle), apply: applySettings},
	exchange.Count.Name:      {check: checking(exchange.Count, beginCount), apply: applySettings},
}

// beginStock looks at rows that change on hand.
func beginStock(ctx context.Context, c *Check) (func(context.Context, *exchange.Rows[exchange.StockRow], []exchange.Row[exchange.StockRow]) ([]staged, error), error) {
	locations, err := c.service.db.FindLocations(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	known := newCodes(c)
	return func(ctx context.Context, rows *exchange.Rows[exchange.StockRow], part []exchange.Row[exchange.StockRow]) ([]staged, error) {
		refs := make([]exchange.SKURef, len(part))
		for i, row := range part {
			refs[i] = row.Value.SKU
		}
		skus, err := known.find(ctx, refs)
		if err != nil {
			return nil, err
		}
		ids := make([]stock.SKUID, len(skus))
		for i, m := range skus {
			ids[i] = m.sku
		}
		bundles, err := c.service.db.BundlesAmong(ctx, c.tenant, ids)
		if err != nil {
			return nil, err
		}
		list := make([]staged, len(part))
		var places []store.StockPlace
		for i := range part {
			v := part[i].Value
			row := store.ImportRow{Line: int64(part[i].Line), Label: skus[i].code, SKU: skus[i].sku, Mode: v.Mode, Units: v.Units, Reason: v.Reason}
			for _, p := range skus[i].problems {
				list[i].problems = append(list[i].problems, rows.Place(&part[i], "code", p))
			}
			if bundles[skus[i].sku] {
				list[i].problems = append(list[i].problems, rows.Problem(&part[i], "code", exchange.StockOfBundle, ""))
			}
			at, there := locations[v.Location]
			if !there {
				list[i].problems = append(list[i].problems, rows.Problem(&part[i], "location", exchange.LocationUnknown, ""))
			}
			row.Location = at
			list[i].row = row
			if list[i].usable() {
				places = append(places, store.StockPlace{SKU: row.SKU, Location: at})
			}
		}
		have, err := c.service.db.StagedStock(ctx, c.tenant, c.Import.ID, places)
		if err != nil {
			return nil, err
		}
		for i := range list {
			if list[i].usable() {
				follow(rows, &part[i], &list[i], have)
			}
		}
		return list, nil
	}, nil
}

// follow says what the row makes of on hand, as rows before it have left it. A SKU that is set twice, or set and moved, is refused unless both rows say
// the same: which one was meant is not for us to say.
func follow(rows *exchange.Rows[exchange.StockRow], row *exchange.Row[exchange.StockRow], s *staged, have map[store.StockPlace]store.StagedStock) {
	at := store.StockPlace{SKU: s.row.SKU, Location: s.row.Location}
	is := have[at]
	s.row.Before, s.row.After, s.row.Again = is.Before, is.Before, is.Named
	change := stock.Change{SKU: s.row.SKU, Location: s.row.Location, Mode: s.row.Mode, Units: s.row.Units}
	delta, err := change.Delta(stock.Balance{OnHand: is.Before})
	var negative *stock.NegativeError
	switch {
	case errors.As(err, &negative):
		s.problems = append(s.problems, rows.Problem(row, "units", exchange.NegativeResult, strconv.FormatInt(negative.OnHand, 10)))
		return
	case err != nil:
		s.problems = append(s.problems, rows.Problem(row, "units", exchange.NumberTooLarge, strconv.Itoa(stock.LargestUnits)))
		return
	case is.Named && (is.Set || s.row.Mode == stock.Set) && (delta != 0 || s.row.Mode != stock.Set):
		s.problems = append(s.problems, rows.Problem(row, "code", exchange.CodeRepeated, ""))
		return
	}
	s.row.After = is.Before + delta
	have[at] = store.StagedStock{Before: s.row.After, Named: true, Set: s.row.Mode == stock.Set}
}

// applyStock posts a part of an import, or takes it back.
func applyStock(ctx context.Context, s *Service, w *work) error {
	r := store.ChangeRequest{Key: w.key(), Cause: stock.ByImport, Kind: stock.Adjustment, Document: Document(w.job), Actor: w.job.Actor, Bulk: true,
		Hold: &store.ImportHold{ID: w.job.ID, Holder: s.holder, State: w.job.State}}
	var posted []int // the rows of the part that are posted
	for i, row := range w.rows {
		change := stock.Change{SKU: row.SKU, Location: row.Location, Mode: row.Mode, Units: row.Units}
		reason := row.Reason
		if w.back {
			reason = "取込 " + strconv.FormatInt(int64(w.job.ID), 10) + " を元に戻す"
			change.Mode, change.Units, change.AllowNegative = stock.Subtract, row.Delta, true
			if row.Delta < 0 {
				change.Mode, change.Units = stock.Add, -row.Delta
			}
			if row.Delta == 0 {
				continue
			}
		}
		posted = append(posted, i)
		r.Rows, r.Reasons = append(r.Rows, change), append(r.Reasons, reason)
	}
	if len(posted) > 0 {
		answer, err := s.db.ChangeStock(ctx, w.tenant, r)
		if err != nil {
			return err
		}
		for n, i := range posted {
			if result := answer.Rows[n]; result.Reason != "" {
				return &refusedError{w.rows[i].Line, result.Reason}
			}
			if !w.back {
				w.rows[i].Delta = answer.Rows[n].Delta
			}
		}
	}
	return nil
}

// refusedError says that a row which was fine when the file was checked no longer is.
type refusedError struct {
	line   int64
	reason string
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("line %d can no longer be applied: %s", e.line, e.reason)
}

// Document is what the movements of an import name as their document.
func Document(i store.Import) string {
	return "取込 " + strconv.FormatInt(int64(i.ID), 10) + " " + i.FileName
}
