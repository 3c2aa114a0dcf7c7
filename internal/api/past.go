package api

import (
	"errors"
	"net/http"
	"time"

	"soroi/internal/explain"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// Past is a SKU as it was at a moment.
type Past struct {
	Code      string            `json:"code"`
	At        time.Time         `json:"at"`
	OnHand    int64             `json:"on_hand"`
	Committed int64             `json:"committed"`
	Available int64             `json:"available"`
	Claims    []PastClaim       `json:"claims"`
	Lines     int64             `json:"lines"`
	Decided   *PastDecision     `json:"decided"`
	Steps     []ExplanationStep `json:"steps"`
}

// PastClaim is what one line of an order held.
type PastClaim struct {
	Shop  ShopRef `json:"shop"`
	Order string  `json:"order"`
	Line  string  `json:"line"`
	Units int64   `json:"units"`
}

// PastDecision is what shops were to show.
type PastDecision struct {
	At        time.Time    `json:"at"`
	Available int64        `json:"available"`
	Sellable  quantity     `json:"sellable"`
	Shops     []PastTarget `json:"shops"`
}

// PastTarget is what one listing of a shop was to show.
type PastTarget struct {
	Shop   ShopRef  `json:"shop"`
	Target quantity `json:"target"`
}

// PastRow is one SKU of a list.
type PastRow struct {
	Code      string `json:"code"`
	OnHand    int64  `json:"on_hand"`
	Committed int64  `json:"committed"`
	Available int64  `json:"available"`
}

// PastPage is a page of what lay of all SKUs.
type PastPage struct {
	At         time.Time `json:"at"`
	Items      []PastRow `json:"items"`
	NextCursor *string   `json:"next_cursor"`
}

// mostPastClaims is how many of the lines that held units are named.
const mostPastClaims = 100

// moment reads the parameter "at".
func (p *parameters) moment() time.Time {
	text := p.text("at")
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		p.refuse("at", "The parameter at is %q; give a moment as in 2026-11-25T09:30:00+09:00.", text)
	}
	return at.UTC()
}

func (a *API) loadPast(r *request) error {
	p := r.parameters("at")
	at := p.moment()
	if p.err != nil {
		return p.err
	}
	code := r.r.PathValue("code")
	past, err := a.deps.DB.LoadPast(r.ctx(), r.token.Tenant, code, at, mostPastClaims)
	if errors.Is(err, store.ErrNotFound) {
		return problemOfSKU(code)
	}
	if err != nil {
		return err
	}
	shops, err := a.deps.DB.ListShops(r.ctx(), r.token.Tenant)
	if err != nil {
		return err
	}
	names := make(map[int64]string, len(shops))
	for _, s := range shops {
		names[int64(s.ID)] = s.Name
	}
	answer := Past{Code: past.Code, At: at, OnHand: past.Balance.OnHand, Committed: past.Balance.Committed, Available: past.Balance.Available(), Claims: []PastClaim{}, Lines: past.Lines,
		Steps: stepsOf(explain.Past(past, names))}
	for _, c := range past.Claims {
		answer.Claims = append(answer.Claims, PastClaim{ShopRef{int64(c.Shop), names[int64(c.Shop)]}, c.Number, c.Line, c.Held})
	}
	if d := past.Decided; d != nil {
		answer.Decided = &PastDecision{At: d.At, Available: d.Available, Sellable: quantity(d.Sellable), Shops: []PastTarget{}}
		for _, s := range d.Shops {
			answer.Decided.Shops = append(answer.Decided.Shops, PastTarget{ShopRef{int64(s.Shop), s.Name}, quantity(s.Target)})
		}
	}
	return r.answer(http.StatusOK, answer)
}

func (a *API) listPast(r *request) error {
	p := r.parameters("at", "limit", "cursor")
	at, limit := p.moment(), p.number("limit", store.MostStockRows)
	if limit == 0 {
		limit = 100
	}
	if p.err != nil {
		return p.err
	}
	rows, err := a.deps.DB.ListPast(r.ctx(), r.token.Tenant, at, p.text("cursor"), limit)
	if err != nil {
		return err
	}
	answer := PastPage{At: at, Items: []PastRow{}}
	for _, row := range rows {
		answer.Items = append(answer.Items, pastRow(row.Code, row.Balance))
	}
	if len(rows) == limit {
		answer.NextCursor = &rows[limit-1].Code
	}
	return r.answer(http.StatusOK, answer)
}

func pastRow(code string, b stock.Balance) PastRow {
	return PastRow{Code: code, OnHand: b.OnHand, Committed: b.Committed, Available: b.Available()}
}
