package importer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"soroi/internal/exchange"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// beginBundle looks at rows that say what bundles are put together from.
func beginBundle(_ context.Context, c *Check) (looker[exchange.BundleRow], error) {
	known, seen := newCodes(c), make(map[string]bool)
	return func(ctx context.Context, rows *exchange.Rows[exchange.BundleRow], part []exchange.Row[exchange.BundleRow]) ([]staged, error) {
		var refs []exchange.SKURef // each row's bundle, then its parts
		for _, row := range part {
			refs = append(refs, exchange.SKURef{Codes: []string{row.Value.SKU}})
			for _, p := range row.Value.Parts {
				refs = append(refs, exchange.SKURef{Codes: []string{p.SKU}})
			}
		}
		skus, err := known.find(ctx, refs)
		if err != nil {
			return nil, err
		}
		list := make([]staged, len(part))
		requests := make([]request, len(part))
		for i := range part {
			v := part[i].Value
			list[i].row = store.ImportRow{Line: int64(part[i].Line), Label: v.SKU}
			b := &store.BundleRow{SKU: skus[0].sku}
			for _, p := range skus[0].problems {
				list[i].problems = append(list[i].problems, rows.Place(&part[i], "sku", p))
			}
			for n, p := range v.Parts {
				found := skus[1+n]
				b.Parts = append(b.Parts, stock.Part{SKU: found.sku, Units: p.Units})
				for _, problem := range found.problems {
					problem = rows.Place(&part[i], "parts", problem)
					problem.Value = p.SKU // rather than the whole cell
					list[i].problems = append(list[i].problems, problem)
				}
			}
			skus = skus[1+len(v.Parts):]
			requests[i] = request{Bundle: b}
		}
		return list, stageRequests(ctx, c, rows, part, list, requests, seen, func(r request) string { return fmt.Sprint(r.Bundle.SKU) }, "sku")
	}, nil
}

func (s *Service) editBundles(ctx context.Context, tenant stock.TenantID, key, actor string, requests []request, dry bool) ([]outcome, error) {
	e := store.BundleEdit{Key: key, Actor: actor, Rows: make([]store.BundleRow, len(requests)), Partial: dry, Dry: dry, Bulk: true}
	for i, r := range requests {
		e.Rows[i] = *r.Bundle
	}
	answer, err := s.db.EditBundles(ctx, tenant, e)
	if err != nil {
		return nil, err
	}
	var skus []stock.SKUID
	for _, r := range answer.Rows {
		for _, p := range slices.Concat(r.Before, r.After) {
			skus = append(skus, p.SKU)
		}
		if r.Refused != nil {
			skus = append(append(skus, r.Refused.Part), r.Refused.Cycle...)
		}
	}
	codes, err := s.db.CodesOfSKUs(ctx, tenant, skus)
	if err != nil {
		return nil, err
	}
	words := func(parts []stock.Part) string {
		if len(parts) == 0 {
			return "–"
		}
		refs := make([]exchange.PartRef, len(parts))
		for i, p := range parts {
			refs[i] = exchange.PartRef{SKU: codes[p.SKU], Units: p.Units}
		}
		slices.SortFunc(refs, func(a, b exchange.PartRef) int { return strings.Compare(a.SKU, b.SKU) })
		return exchange.WriteParts(refs)
	}
	list := make([]outcome, len(requests))
	for i, r := range answer.Rows {
		list[i] = outcome{changed: r.Changed(), undo: request{Bundle: &store.BundleRow{SKU: e.Rows[i].SKU, Parts: r.Before}}, words: words(r.Before) + " → " + words(r.After)}
		if r.Refused != nil {
			p := exchange.BundleProblem(r.Refused, codes)
			list[i].refused, list[i].hint = p.Code, p.Hint
		}
	}
	return list, nil
}
