package store

import (
	"context"
	"database/sql"
	"slices"

	"soroi/internal/match"
	"soroi/internal/stock"
)

// Suggestion is a SKU that a listing may stand for, and why.
type Suggestion struct {
	match.Candidate
	Code string // the SKU's own
	Name string
}

// mostSuggestions bounds the suggestions for one listing.
const mostSuggestions = 5

// suggesting asks for suggestions for one listing.
type suggesting struct {
	rule  match.Rule
	codes []match.Code
}

// suggest finds the SKUs that listings may stand for, in the order in which they are asked for.
func (tx *Tx) suggest(ctx context.Context, asked []suggesting) ([][]Suggestion, error) {
	var keys []string
	for _, a := range asked {
		keys = append(keys, a.rule.Keys(a.codes)...)
	}
	slices.Sort(keys)
	book, err := tx.book(ctx, slices.Compact(keys))
	if err != nil {
		return nil, err
	}
	found := make([][]Suggestion, len(asked))
	var skus []stock.SKUID
	for i, a := range asked {
		list := a.rule.Suggest(a.codes, book)
		for _, c := range list[:min(len(list), mostSuggestions)] {
			found[i] = append(found[i], Suggestion{Candidate: c, Code: c.As.Own})
			skus = append(skus, c.SKU)
		}
	}
	slices.Sort(skus)
	skus = slices.Compact(skus)
	names := make(map[stock.SKUID]string)
	err = tx.queryRows(ctx, func(rows *sql.Rows) error {
		var sku stock.SKUID
		var name string
		err := rows.Scan(&sku, &name)
		names[sku] = name
		return err
	}, "SELECT sku_id, name FROM sku WHERE tenant_id = $1 AND sku_id IN (", "BIGINT", ")", nil, len(skus), func(args []any, i int) []any { return append(args, int64(skus[i])) })
	for _, list := range found {
		for i := range list {
			list[i].Name = names[list[i].SKU]
		}
	}
	return found, err
}

// Sole is the one SKU in use that is suggested, if there is exactly one.
func Sole(list []Suggestion) (Suggestion, bool) {
	candidates := make([]match.Candidate, len(list))
	for i, s := range list {
		candidates[i] = s.Candidate
	}
	if _, ok := match.Sole(candidates); !ok {
		return Suggestion{}, false
	}
	return list[0], true
}
