package api

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"soroi/internal/store"
	"soroi/internal/text"
)

// IgnoredCode is a code that is no stock.
type IgnoredCode struct {
	Code   string    `json:"code"`
	Reason string    `json:"reason"`
	Actor  string    `json:"actor"`
	At     time.Time `json:"at"`
}

// IgnoredPage is a page of them.
type IgnoredPage struct {
	Items      []IgnoredCode `json:"items"`
	NextCursor *string       `json:"next_cursor"` // the last code of the page
}

// IgnoreAnswer is what became of a batch.
type IgnoreAnswer struct {
	Rows []IgnoreResult `json:"rows"`
}

// IgnoreResult is what became of one row, in the order of the request.
type IgnoreResult struct {
	Code     string      `json:"code"`
	Before   bool        `json:"before"` // whether it was ignored
	After    bool        `json:"after"`
	Linked   int64       `json:"linked"`   // listings with the code that are linked to a SKU and go on being stock
	Listings int64       `json:"listings"` // that are no longer asked about, or are again
	Lines    int64       `json:"lines"`    // of orders
	Refused  *RowRefusal `json:"refused"`
}

const rowIsSKU = typePrefix + "code-of-sku"

func (a *API) listIgnored(r *request) error {
	p := r.parameters("limit", "cursor")
	limit := p.number("limit", 1000)
	if p.err != nil {
		return p.err
	}
	if limit == 0 {
		limit = 100
	}
	list, err := a.deps.DB.ListIgnoredCodes(r.ctx(), r.token.Tenant, p.text("cursor"), limit)
	if err != nil {
		return err
	}
	answer := IgnoredPage{Items: []IgnoredCode{}}
	for _, c := range list {
		answer.Items = append(answer.Items, IgnoredCode{c.Code, c.Reason, c.Actor, c.At})
	}
	if len(list) == limit {
		answer.NextCursor = &list[limit-1].Code
	}
	return r.answer(http.StatusOK, answer)
}

func (a *API) ignoreCodes(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	v, err := r.read()
	if err != nil {
		return err
	}
	var b body
	object, ok := b.object(v, "", []string{"rows"}, nil)
	if !ok {
		return b.problem()
	}
	var rows []store.IgnoreRow
	for i, v := range b.array(object, "rows", "", store.MostIgnoreRows) {
		at := "/rows/" + strconv.Itoa(i)
		row, ok := b.object(v, at, []string{"code", "ignored"}, []string{"reason"})
		if !ok {
			continue
		}
		one := store.IgnoreRow{Code: b.text(row, "code", at, 1, longestCode), Reason: b.text(row, "reason", at, 0, longestReason), Remove: !b.boolean(row, "ignored", at)}
		if one.Code != "" && text.Fold(one.Code) == "" {
			b.wrong(at+"/code", "has nothing that can be compared.")
		}
		rows = append(rows, one)
	}
	if err := b.problem(); err != nil {
		return err
	}
	outcomes, err := a.deps.DB.IgnoreCodes(r.ctx(), r.token.Tenant, r.token.Name, rows)
	if err != nil {
		return err
	}
	answer := IgnoreAnswer{Rows: []IgnoreResult{}}
	for i, o := range outcomes {
		row := IgnoreResult{Code: rows[i].Code, Before: o.Before, After: o.After, Linked: o.Linked, Listings: o.Listings, Lines: o.Lines}
		if o.Refused() {
			row.Refused = &RowRefusal{rowIsSKU, fmt.Sprintf("It is a code of the SKU %s, so it is stock.", o.SKU)}
		}
		answer.Rows = append(answer.Rows, row)
	}
	return r.answer(http.StatusOK, answer)
}
