package api

import (
	"errors"
	"fmt"
	"net/http"

	"soroi/internal/channel"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// AssignmentsAnswer is what became of a batch of assignments.
type AssignmentsAnswer struct {
	Applied  int64              `json:"applied"`
	Repeated bool               `json:"repeated"`
	Rows     []AssignmentResult `json:"rows"`
}

// AssignmentResult is what became of one row: the pattern that the SKU followed, and the one that it follows now. Nil is the default.
type AssignmentResult struct {
	Code    string      `json:"code"`
	Applied bool        `json:"applied"`
	Before  *PatternRef `json:"before"`
	After   *PatternRef `json:"after"`
	Refused *RowRefusal `json:"refused"`
}

// ExceptionsAnswer is what became of a batch of exceptions.
type ExceptionsAnswer struct {
	Applied  int64             `json:"applied"`
	Repeated bool              `json:"repeated"`
	Rows     []ExceptionResult `json:"rows"`
}

// ExceptionResult is what became of one row: what the shop could show of the SKU at most, and can now. 0 is a stop, nil is no exception.
type ExceptionResult struct {
	Code    string      `json:"code"`
	Shop    int64       `json:"shop"`
	Applied bool        `json:"applied"`
	Before  *int64      `json:"before"`
	After   *int64      `json:"after"`
	Refused *RowRefusal `json:"refused"`
}

func (row AssignmentResult) refusal() *RowRefusal { return row.Refused }
func (row ExceptionResult) refusal() *RowRefusal  { return row.Refused }

// The types of a refused row.
const (
	rowUnknownPattern = typePrefix + "unknown-pattern"
	rowUnknownShop    = typePrefix + "unknown-shop"
)

func (a *API) assignPatterns(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	key, err := r.onceKey()
	if err != nil {
		return err
	}
	var codes, names []string
	partial, err := r.readRows([]string{"code", "pattern"}, func(b *body, row map[string]any, at string) {
		codes, names = append(codes, b.text(row, "code", at, 1, longestCode)), append(names, b.patternName(row, at))
	})
	if err != nil {
		return err
	}
	skus, err := a.deps.DB.FindSKUs(r.ctx(), r.token.Tenant, codes)
	if err != nil {
		return err
	}
	patterns, _, err := a.deps.DB.ListPatterns(r.ctx(), r.token.Tenant)
	if err != nil {
		return err
	}
	answer := AssignmentsAnswer{Rows: make([]AssignmentResult, len(codes))}
	var fine []int
	var assignments []store.Assignment
	for i, code := range codes {
		row := &answer.Rows[i]
		row.Code = code
		sku, there := skus[code]
		p, known := findIn(patterns, names[i])
		switch {
		case !there:
			row.Refused = &RowRefusal{rowUnknownSKU, problemOfSKU(code).Detail}
		case !known && names[i] != "":
			row.Refused = &RowRefusal{rowUnknownPattern, missingPattern(names[i]).Detail}
		default:
			fine, assignments = append(fine, i), append(assignments, store.Assignment{SKU: sku, Pattern: p.ID})
		}
	}
	if len(fine) < len(codes) && !partial {
		return refusedRows(answer.Rows)
	}
	before, repeated, err := a.deps.DB.AssignPatternsOnce(r.ctx(), r.token.Tenant, key, assignments)
	if err != nil {
		return goneMeanwhile(err)
	}
	for n, i := range fine {
		answer.Rows[i].Applied, answer.Rows[i].Before, answer.Rows[i].After = true, refOf(patterns, before[n].Pattern), refOf(patterns, assignments[n].Pattern)
	}
	answer.Applied, answer.Repeated = int64(len(fine)), repeated
	if len(fine) > 0 && !repeated {
		a.deps.Changed()
	}
	return r.answer(http.StatusOK, answer)
}

func (a *API) setExceptions(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	key, err := r.onceKey()
	if err != nil {
		return err
	}
	var codes []string
	var wanted []store.Exception
	partial, err := r.readRows([]string{"code", "shop", "most"}, func(b *body, row map[string]any, at string) {
		codes = append(codes, b.text(row, "code", at, 1, longestCode))
		e := store.Exception{Shop: channel.ShopID(b.number(row, "shop", at, 1, 1<<62))}
		if row["most"] != nil {
			most := b.number(row, "most", at, 0, stock.LargestUnits)
			e.Most = &most
		}
		wanted = append(wanted, e)
	})
	if err != nil {
		return err
	}
	skus, err := a.deps.DB.FindSKUs(r.ctx(), r.token.Tenant, codes)
	if err != nil {
		return err
	}
	shops, err := a.deps.DB.ListShops(r.ctx(), r.token.Tenant)
	if err != nil {
		return err
	}
	known := make(map[channel.ShopID]bool, len(shops))
	for _, s := range shops {
		known[s.ID] = true
	}
	answer := ExceptionsAnswer{Rows: make([]ExceptionResult, len(codes))}
	var fine []int
	var exceptions []store.Exception
	for i, code := range codes {
		row := &answer.Rows[i]
		row.Code, row.Shop = code, int64(wanted[i].Shop)
		sku, there := skus[code]
		switch {
		case !there:
			row.Refused = &RowRefusal{rowUnknownSKU, problemOfSKU(code).Detail}
		case !known[wanted[i].Shop]:
			row.Refused = &RowRefusal{rowUnknownShop, fmt.Sprintf("No shop has the number %d. GET /api/v1/shops lists all.", wanted[i].Shop)}
		default:
			wanted[i].SKU = sku
			fine, exceptions = append(fine, i), append(exceptions, wanted[i])
		}
	}
	if len(fine) < len(codes) && !partial {
		return refusedRows(answer.Rows)
	}
	before, repeated, err := a.deps.DB.SetExceptionsOnce(r.ctx(), r.token.Tenant, key, r.token.Name, exceptions)
	if err != nil {
		return goneMeanwhile(err)
	}
	for n, i := range fine {
		answer.Rows[i].Applied, answer.Rows[i].Before, answer.Rows[i].After = true, before[n].Most, exceptions[n].Most
	}
	answer.Applied, answer.Repeated = int64(len(fine)), repeated
	if len(fine) > 0 && !repeated {
		a.deps.Changed()
	}
	return r.answer(http.StatusOK, answer)
}

// goneMeanwhile is for rows whose SKU, pattern or shop was there when it was looked up and is not any more.
func goneMeanwhile(err error) error {
	var conflict *store.ConflictError
	if errors.Is(err, store.ErrNotFound) || errors.As(err, &conflict) {
		return problem(patternChanged, "A SKU, a pattern or a shop of the request was removed meanwhile. Nothing was changed; send the request again.")
	}
	return err
}
