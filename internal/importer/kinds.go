package importer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"soroi/internal/channel"
	"soroi/internal/exchange"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// looker looks at a part of a file's rows.
type looker[T any] = func(context.Context, *exchange.Rows[T], []exchange.Row[T]) ([]staged, error)

func beginSecured(ctx context.Context, c *Check) (looker[exchange.SecuredRow], error) {
	return beginTerms(c, func(v exchange.SecuredRow) (exchange.Target, stock.TermsChange) {
		change := &stock.SecuredChange{Mode: stock.Set, N: v.Secured.N}
		switch v.Secured.Kind {
		case exchange.InUnits:
			change.As = stock.InUnits
		case exchange.InPercent:
			change.As = stock.InPercent
		}
		if v.Reason.Given {
			change.Reason = &v.Reason.Value
		}
		return v.Target, stock.TermsChange{Secured: change}
	}), nil
}

func beginReorder(ctx context.Context, c *Check) (looker[exchange.ReorderRow], error) {
	return beginTerms(c, func(v exchange.ReorderRow) (exchange.Target, stock.TermsChange) {
		point := stock.Point{}
		if v.Point.Kind == exchange.InUnits {
			point = stock.Point{Units: v.Point.N, Set: true}
		}
		return v.Target, stock.TermsChange{Reorder: &point}
	}), nil
}

// beginTerms looks at rows that change terms of a SKU or a product.
func beginTerms[T any](c *Check, of func(T) (exchange.Target, stock.TermsChange)) looker[T] {
	known, seen := newCodes(c), make(map[string]bool)
	return func(ctx context.Context, rows *exchange.Rows[T], part []exchange.Row[T]) ([]staged, error) {
		targets := make([]exchange.Target, len(part))
		changes := make([]stock.TermsChange, len(part))
		for i, row := range part {
			targets[i], changes[i] = of(row.Value)
		}
		skus, products, err := known.targets(ctx, targets)
		if err != nil {
			return nil, err
		}
		list := make([]staged, len(part))
		requests := make([]request, len(part))
		for i, t := range targets {
			r := &store.TermsRow{Change: changes[i]}
			list[i].row = store.ImportRow{Line: int64(part[i].Line), Label: t.SKU}
			if t.SKU != "" {
				r.SKU = skus[i].sku
				for _, p := range skus[i].problems {
					list[i].problems = append(list[i].problems, rows.Place(&part[i], "code", p))
				}
			} else if r.Product = products[t.Product]; r.Product == 0 {
				list[i].problems = append(list[i].problems, rows.Problem(&part[i], "product", exchange.ProductUnknown, ""))
			} else {
				list[i].row.Label = t.Product
			}
			requests[i] = request{Terms: r}
		}
		return list, stageRequests(ctx, c, rows, part, list, requests, seen, func(r request) string { return fmt.Sprint(r.Terms.SKU, "/", r.Terms.Product) }, "code")
	}
}

// beginAssignment looks at rows that assign patterns. A row about a product stands for each of its SKUs.
func beginAssignment(ctx context.Context, c *Check) (looker[exchange.AssignmentRow], error) {
	patterns, _, err := c.service.db.ListPatterns(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]store.PatternID, len(patterns))
	for _, p := range patterns {
		byName[p.Name] = p.ID
	}
	known, taken := newCodes(c), make(map[stock.SKUID]bool)
	return func(ctx context.Context, rows *exchange.Rows[exchange.AssignmentRow], part []exchange.Row[exchange.AssignmentRow]) ([]staged, error) {
		skus, err := findEach(ctx, known, part, func(v exchange.AssignmentRow) string { return v.SKU })
		if err != nil {
			return nil, err
		}
		list := make([]staged, len(part))
		requests := make([]request, len(part))
		for i := range part {
			v := part[i].Value
			list[i].row = store.ImportRow{Line: int64(part[i].Line), Label: v.SKU}
			id, there := byName[v.Pattern]
			if !there && !v.Default {
				list[i].problems = append(list[i].problems, rows.Problem(&part[i], "pattern", exchange.PatternUnknown, ""))
			}
			if v.SKU != "" {
				for _, p := range skus[i].problems {
					list[i].problems = append(list[i].problems, rows.Place(&part[i], "code", p))
				}
				requests[i] = request{Assign: []store.Assignment{{SKU: skus[i].sku, Pattern: id}}}
				continue
			}
			list[i].row.Label = v.Product
			for after, more := stock.SKUID(0), true; more; {
				of, err := c.service.db.SelectSKUs(ctx, c.tenant, store.StockQuery{Product: v.Product}, after, store.MostSelected)
				if err != nil {
					return nil, err
				}
				for _, sku := range of {
					requests[i].Assign = append(requests[i].Assign, store.Assignment{SKU: sku, Pattern: id})
					after = sku
				}
				more = len(of) == store.MostSelected
			}
			if len(requests[i].Assign) == 0 {
				list[i].problems = append(list[i].problems, rows.Problem(&part[i], "product", exchange.ProductUnknown, ""))
			}
		}
		// A SKU that one row names by itself and another by its product may not get two patterns: which one was meant is not for us to say.
		for i := range list {
			if !list[i].usable() {
				continue
			}
			at, again := "code", slices.ContainsFunc(requests[i].Assign, func(a store.Assignment) bool { return taken[a.SKU] })
			if part[i].Value.SKU == "" {
				at = "product"
			}
			if again {
				list[i].problems = append(list[i].problems, rows.Problem(&part[i], at, exchange.CodeRepeated, ""))
				continue
			}
			for _, a := range requests[i].Assign {
				taken[a.SKU] = true
			}
		}
		return list, stageRequests(ctx, c, rows, part, list, requests, make(map[string]bool), func(r request) string { return fmt.Sprint(r.Assign[0].SKU) }, "code")
	}, nil
}

// beginException looks at rows that limit a SKU in one shop.
func beginException(ctx context.Context, c *Check) (looker[exchange.ExceptionRow], error) {
	shops, names, err := shopsByName(ctx, c)
	if err != nil {
		return nil, err
	}
	known, seen := newCodes(c), make(map[string]bool)
	return func(ctx context.Context, rows *exchange.Rows[exchange.ExceptionRow], part []exchange.Row[exchange.ExceptionRow]) ([]staged, error) {
		skus, err := findEach(ctx, known, part, func(v exchange.ExceptionRow) string { return v.SKU })
		if err != nil {
			return nil, err
		}
		list := make([]staged, len(part))
		requests := make([]request, len(part))
		for i := range part {
			v := part[i].Value
			list[i].row = store.ImportRow{Line: int64(part[i].Line), Label: v.SKU + " " + v.Shop}
			for _, p := range skus[i].problems {
				list[i].problems = append(list[i].problems, rows.Place(&part[i], "code", p))
			}
			shop, there := shops[v.Shop]
			if !there {
				list[i].problems = append(list[i].problems, rows.Problem(&part[i], "shop", exchange.ShopUnknown, names))
			}
			e := &store.Exception{SKU: skus[i].sku, Shop: shop, Most: &v.Most}
			if v.Remove {
				e.Most = nil
			}
			requests[i] = request{Exception: e}
		}
		return list, stageRequests(ctx, c, rows, part, list, requests, seen, func(r request) string { return fmt.Sprint(r.Exception.SKU, "/", r.Exception.Shop) }, "code")
	}, nil
}

// beginLink looks at rows that link listings.
func beginLink(ctx context.Context, c *Check) (looker[exchange.LinkRow], error) {
	shops, names, err := shopsByName(ctx, c)
	if err != nil {
		return nil, err
	}
	known, seen := newCodes(c), make(map[string]bool)
	return func(ctx context.Context, rows *exchange.Rows[exchange.LinkRow], part []exchange.Row[exchange.LinkRow]) ([]staged, error) {
		skus, err := findEach(ctx, known, part, func(v exchange.LinkRow) string { return v.SKU })
		if err != nil {
			return nil, err
		}
		wanted := make([]store.ListingName, 0, len(part))
		for _, row := range part {
			wanted = append(wanted, store.ListingName{Shop: shops[row.Value.Shop], Name: row.Value.Ref})
		}
		listings, err := c.service.db.FindListings(ctx, c.tenant, wanted)
		if err != nil {
			return nil, err
		}
		list := make([]staged, len(part))
		requests := make([]request, len(part))
		for i := range part {
			v := part[i].Value
			list[i].row = store.ImportRow{Line: int64(part[i].Line), Label: v.Shop + " " + v.Ref}
			row := &store.LinkRow{Ref: order.Ref(v.Ref)}
			switch found := listings[wanted[i]]; {
			case len(found) == 1: // by its reference, or by the shop's code for it
				row.Ref = order.Ref(found[0])
			case len(found) > 1:
				list[i].problems = append(list[i].problems, rows.Problem(&part[i], "listing", exchange.ListingAmbiguous, refsIn(found)))
			}
			if !v.Unlink {
				row.SKU = skus[i].sku
				for _, p := range skus[i].problems {
					list[i].problems = append(list[i].problems, rows.Place(&part[i], "code", p))
				}
			}
			var there bool
			if row.Shop, there = shops[v.Shop]; !there {
				list[i].problems = append(list[i].problems, rows.Problem(&part[i], "shop", exchange.ShopUnknown, names))
			}
			requests[i] = request{Link: row}
		}
		return list, stageRequests(ctx, c, rows, part, list, requests, seen, func(r request) string { return fmt.Sprint(r.Link.Shop, "/", r.Link.Ref) }, "listing")
	}, nil
}

// refsIn names some of the listings that share a code.
func refsIn(refs []channel.Ref) string {
	var words []string
	for _, ref := range refs[:min(len(refs), 5)] {
		words = append(words, string(ref))
	}
	return strings.Join(words, ", ")
}
