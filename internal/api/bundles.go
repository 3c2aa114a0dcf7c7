package api

import (
	"fmt"
	"net/http"

	"soroi/internal/stock"
	"soroi/internal/store"
)

// Bundle is a bundle with its direct parts, and what it comes down to.
type Bundle struct {
	Code     string       `json:"code"`
	Name     string       `json:"name"`
	Archived bool         `json:"archived"`
	Parts    []BundlePart `json:"parts"`
	Sets     quantity     `json:"sets"`
	Scarcest *string      `json:"scarcest"`
	Leaves   []BundleLeaf `json:"leaves"`
}

// BundlePart is one direct part.
type BundlePart struct {
	Code  string `json:"code"`
	Units int64  `json:"units"`
}

// BundleLeaf is one part that is no bundle itself.
type BundleLeaf struct {
	Code     string   `json:"code"`
	Units    int64    `json:"units"`
	Sellable quantity `json:"sellable"`
	Sets     quantity `json:"sets"`
}

// BundlePage is a page of bundles.
type BundlePage struct {
	Items      []Bundle `json:"items"`
	NextCursor *string  `json:"next_cursor"`
}

// BundlesAnswer is what became of a batch.
type BundlesAnswer struct {
	Applied  int64          `json:"applied"`
	Repeated bool           `json:"repeated"`
	Rows     []BundleResult `json:"rows"`
}

// BundleResult is what became of one row.
type BundleResult struct {
	Code    string       `json:"code"`
	Applied bool         `json:"applied"`
	Before  []BundlePart `json:"before"`
	After   []BundlePart `json:"after"`
	Lines   int64        `json:"lines"`
	Units   int64        `json:"units"`
	Refused *RowRefusal  `json:"refused"`
}

func (row BundleResult) refusal() *RowRefusal { return row.Refused }

// rowInvalidBundle is the type of a row whose parts cannot be.
const rowInvalidBundle = typePrefix + "invalid-bundle"

func (a *API) listBundles(r *request) error {
	p := r.parameters("code", "part", "limit", "cursor")
	q := store.BundleQuery{Codes: p.values["code"], Part: p.text("part"), Limit: p.number("limit", store.MostStockRows), After: p.text("cursor")}
	if len(q.Codes) > store.MostCodes {
		p.refuse("code", "At most %d codes may be asked for at once, these are %d.", store.MostCodes, len(q.Codes))
	}
	if p.err != nil {
		return p.err
	}
	page, err := a.deps.DB.ListBundles(r.ctx(), r.token.Tenant, q)
	if err != nil {
		return err
	}
	answer := BundlePage{Items: []Bundle{}, NextCursor: cursor(page.Next)}
	for _, item := range page.Items {
		sets, scarcest := item.Sets()
		b := Bundle{Code: item.Code, Name: item.Name, Archived: item.Archived, Parts: []BundlePart{}, Sets: quantity(sets), Leaves: []BundleLeaf{}}
		if scarcest >= 0 {
			b.Scarcest = &item.Bundle.Parts[scarcest].Code
		}
		for _, d := range item.Direct {
			b.Parts = append(b.Parts, BundlePart{d.Code, d.Units})
		}
		for _, l := range item.Bundle.Parts {
			b.Leaves = append(b.Leaves, BundleLeaf{l.Code, l.Units, quantity(l.Sellable()), quantity(l.Sets(l.Sellable()))})
		}
		answer.Items = append(answer.Items, b)
	}
	return r.answer(http.StatusOK, answer)
}

// bundleRow is one row of a request.
type bundleRow struct {
	code  string
	parts []BundlePart
}

func (a *API) setBundles(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	key, err := r.onceKey()
	if err != nil {
		return err
	}
	var rows []bundleRow
	partial, err := r.readRowsOf([]string{"code", "parts"}, nil, func(b *body, row map[string]any, at string) {
		rows = append(rows, b.bundle(row, at))
	})
	if err != nil {
		return err
	}
	codes := make([]string, 0, len(rows))
	for _, row := range rows {
		codes = append(codes, row.code)
		for _, p := range row.parts {
			codes = append(codes, p.Code)
		}
	}
	skus, err := a.deps.DB.FindSKUs(r.ctx(), r.token.Tenant, codes)
	if err != nil {
		return err
	}
	answer := BundlesAnswer{Rows: make([]BundleResult, len(rows))}
	edit := store.BundleEdit{Key: key, Actor: r.token.Name, Partial: partial, Bulk: len(rows) > 100}
	var fine []int
	for i, row := range rows {
		answer.Rows[i].Code = row.code
		wanted := store.BundleRow{SKU: skus[row.code]}
		missing := ""
		if wanted.SKU == 0 {
			missing = row.code
		}
		for _, p := range row.parts {
			if wanted.Parts = append(wanted.Parts, stock.Part{SKU: skus[p.Code], Units: p.Units}); skus[p.Code] == 0 && missing == "" {
				missing = p.Code
			}
		}
		if missing != "" {
			answer.Rows[i].Refused = &RowRefusal{rowUnknownSKU, problemOfSKU(missing).Detail}
			continue
		}
		fine, edit.Rows = append(fine, i), append(edit.Rows, wanted)
	}
	if len(fine) < len(rows) && !partial {
		return refusedRows(answer.Rows)
	}
	done, err := a.deps.DB.EditBundles(r.ctx(), r.token.Tenant, edit)
	if err != nil {
		return err
	}
	if err := a.tellBundles(r, done, fine, &answer); err != nil {
		return err
	}
	if !done.Applied && !partial {
		return refusedRows(answer.Rows)
	}
	if answer.Repeated = done.Repeated; answer.Applied > 0 && !done.Repeated {
		a.deps.Changed()
	}
	return r.answer(http.StatusOK, answer)
}

// tellBundles fills in what became of the rows that were asked for.
func (a *API) tellBundles(r *request, done store.BundleAnswer, fine []int, answer *BundlesAnswer) error {
	var skus []stock.SKUID
	for _, row := range done.Rows {
		for _, p := range append(row.Before, row.After...) {
			skus = append(skus, p.SKU)
		}
		if wrong := row.Refused; wrong != nil {
			skus = append(append(skus, wrong.Part), wrong.Cycle...)
		}
	}
	codes, err := a.deps.DB.CodesOfSKUs(r.ctx(), r.token.Tenant, skus)
	if err != nil {
		return err
	}
	named := func(parts []stock.Part) []BundlePart {
		list := make([]BundlePart, len(parts))
		for i, p := range parts {
			list[i] = BundlePart{codes[p.SKU], p.Units}
		}
		return list
	}
	for n, i := range fine {
		result, row := done.Rows[n], &answer.Rows[i]
		if wrong := result.Refused; wrong != nil {
			detail := fmt.Sprintf("The parts %s.", wrong.Reason)
			if wrong.Code == "cycle" {
				detail = fmt.Sprintf("The parts %s: %s.", wrong.Reason, wrong.CycleText(func(sku stock.SKUID) string { return codes[sku] }))
			} else if wrong.Part != 0 {
				detail = fmt.Sprintf("The parts %s: %s.", wrong.Reason, codes[wrong.Part])
			}
			row.Refused = &RowRefusal{rowInvalidBundle, detail}
		} else if done.Applied {
			row.Applied, row.Before, row.After, row.Lines, row.Units = true, named(result.Before), named(result.After), result.Lines, result.Units
			answer.Applied++
		}
	}
	return nil
}

// bundle reads a row: a bundle and all its parts.
func (b *body) bundle(row map[string]any, at string) bundleRow {
	r := bundleRow{code: b.text(row, "code", at, 1, longestCode)}
	list, ok := row["parts"].([]any)
	switch {
	case !ok:
		b.wrong(at+"/parts", "must be an array, not %s.", typeOf(row["parts"]))
	case len(list) > stock.MostParts:
		b.wrong(at+"/parts", "has %d parts, and a bundle has at most %d.", len(list), stock.MostParts)
		list = nil
	}
	for i, v := range list {
		place := fmt.Sprintf("%s/parts/%d", at, i)
		if part, ok := b.object(v, place, []string{"code", "units"}, nil); ok {
			r.parts = append(r.parts, BundlePart{b.text(part, "code", place, 1, longestCode), b.number(part, "units", place, 1, stock.MostPartUnits)})
		}
	}
	return r
}
