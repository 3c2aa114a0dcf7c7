package importer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"soroi/internal/exchange"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// countRow is what a row says was counted. Undone names the scan that is taken back instead.
type countRow struct {
	Stocktake store.StocktakeID
	SKU       stock.SKUID
	Units     int64
	Picked    *int64 `json:",omitempty"`
	At        time.Time
	Undone    string `json:",omitempty"`
}

// beginCount looks at rows that say what was counted.
func beginCount(ctx context.Context, c *Check) (looker[exchange.CountRow], error) {
	db := c.service.db
	takes, err := db.ListStocktakes(ctx, c.tenant, 0, store.MostStocktakes)
	if err != nil {
		return nil, err
	}
	takes = slices.DeleteFunc(takes, func(s store.Stocktake) bool { return !s.Open() })
	zone, err := db.Zone(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range takes {
		names = append(names, s.Name+"("+strconv.FormatInt(int64(s.ID), 10)+")")
	}
	known, seen, now := newCodes(c), make(map[string]bool), c.service.clock.Now()
	return func(ctx context.Context, rows *exchange.Rows[exchange.CountRow], part []exchange.Row[exchange.CountRow]) ([]staged, error) {
		skus, err := findEach(ctx, known, part, func(v exchange.CountRow) string { return v.SKU })
		if err != nil {
			return nil, err
		}
		list := make([]staged, len(part))
		requests := make([]request, len(part))
		for i := range part {
			v := part[i].Value
			list[i].row = store.ImportRow{Line: int64(part[i].Line), Label: v.SKU}
			for _, p := range skus[i].problems {
				list[i].problems = append(list[i].problems, rows.Place(&part[i], "code", p))
			}
			row := &countRow{SKU: skus[i].sku, Units: v.Units, At: now}
			if v.Picked.Given {
				row.Picked = &v.Picked.Value
			}
			if at := v.At; !at.IsZero() {
				row.At = time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, zone)
				if row.At.After(now) || now.Sub(row.At) > store.OldestScan {
					list[i].problems = append(list[i].problems, rows.Problem(&part[i], "counted_at", exchange.BadTime, ""))
				}
			}
			if meant := meantStocktake(takes, v.Stocktake); meant != nil {
				row.Stocktake = meant.ID
			} else {
				list[i].problems = append(list[i].problems, rows.Problem(&part[i], "stocktake", exchange.StocktakeUnknown, strings.Join(names, "、")))
			}
			requests[i] = request{Count: row}
		}
		return list, stageRequests(ctx, c, rows, part, list, requests, seen, func(r request) string { return fmt.Sprint(r.Count.Stocktake, "/", r.Count.SKU) }, "code")
	}, nil
}

// meantStocktake is the only open stocktake of a name or number; "" is the only one there is.
func meantStocktake(takes []store.Stocktake, name string) (meant *store.Stocktake) {
	for i, s := range takes {
		if name == "" || name == s.Name || name == strconv.FormatInt(int64(s.ID), 10) {
			if meant != nil {
				return nil
			}
			meant = &takes[i]
		}
	}
	return meant
}

// count takes what was counted into its stocktakes, or takes it back.
func (s *Service) count(ctx context.Context, tenant stock.TenantID, key, actor string, requests []request, dry bool) ([]outcome, error) {
	list := make([]outcome, len(requests))
	of := make(map[store.StocktakeID][]int)
	for i, r := range requests {
		of[r.Count.Stocktake] = append(of[r.Count.Stocktake], i)
	}
	for n, id := range slices.Sorted(maps.Keys(of)) {
		once := key
		if n > 0 {
			once += "/" + strconv.Itoa(n)
		}
		do := s.countOne
		if dry {
			do = s.wouldCount
		}
		if err := do(ctx, tenant, id, once, actor, requests, of[id], list); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// wouldCount says what the rows of one stocktake would do.
func (s *Service) wouldCount(ctx context.Context, tenant stock.TenantID, id store.StocktakeID, _, _ string, requests []request, rows []int, list []outcome) error {
	take, err := s.db.LoadStocktake(ctx, tenant, id)
	if err != nil {
		return err
	}
	skus := make([]stock.SKUID, len(rows))
	for n, i := range rows {
		skus[n] = requests[i].Count.SKU
	}
	lines := make(map[stock.SKUID]store.StocktakeLine)
	for part := range slices.Chunk(skus, store.MostInBatch) {
		page, err := s.db.ListStocktakeLines(ctx, tenant, take, store.LineQuery{SKUs: part, Sort: store.LinesByID, Limit: store.MostInBatch})
		if err != nil {
			return err
		}
		for _, l := range page.Lines {
			lines[l.SKU] = l
		}
	}
	bundles, err := s.db.BundlesAmong(ctx, tenant, skus)
	if err != nil {
		return err
	}
	for _, i := range rows {
		r := requests[i].Count
		line, there := lines[r.SKU]
		before := "–"
		if there && line.State != store.LineAsked {
			before = strconv.FormatInt(line.Count.Units, 10)
		}
		after := strconv.FormatInt(r.Units, 10)
		list[i] = outcome{changed: before != after || r.Picked != nil && *r.Picked != line.Count.Picked, words: before + " → " + after}
		switch {
		case !take.Open():
			list[i].refused, list[i].hint = exchange.CatalogRule, "終了した棚卸"
		case bundles[r.SKU]:
			list[i].refused = exchange.StockOfBundle
		case line.State == store.LineApproved:
			list[i].refused, list[i].hint = exchange.CatalogRule, "反映済み"
		}
	}
	return nil
}

// countOne takes the rows of one stocktake in, or back, all of them or none.
func (s *Service) countOne(ctx context.Context, tenant stock.TenantID, id store.StocktakeID, once, actor string, requests []request, rows []int, list []outcome) error {
	var scans []store.NewScan
	var undone []string
	for _, i := range rows {
		r := requests[i].Count
		if r.Undone != "" {
			undone = append(undone, r.Undone)
			continue
		}
		n := store.NewScan{Key: once + "/" + strconv.Itoa(i), SKU: r.SKU, Sets: true, Units: r.Units, Picked: r.Picked, Age: max(s.clock.Now().Sub(r.At), 0)}
		scans = append(scans, n)
		list[i] = outcome{changed: true, undo: request{Count: &countRow{Stocktake: id, SKU: r.SKU, Undone: n.Key}}}
	}
	var wrong *store.StocktakeError
	if len(undone) > 0 {
		_, err := s.db.UndoScans(ctx, tenant, id, once, undone)
		if errors.As(err, &wrong) { // closed or approved since: nothing can be taken back any more
			return nil
		}
		return err
	}
	results, err := s.db.AddScansOnce(ctx, tenant, id, once, actor, scans)
	if errors.As(err, &wrong) {
		for n, i := range rows {
			if results == nil || results[n].Refused != nil {
				list[i].refused, list[i].hint = exchange.ChangedMeanwhile, wrong.Code
			}
		}
		return nil
	}
	return err
}
