package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"soroi/internal/stock"
	"soroi/internal/store"
)

// quantity is a number of units, or "unlimited".
type quantity stock.Quantity

// MarshalJSON writes a number, or the word "unlimited".
func (q quantity) MarshalJSON() ([]byte, error) {
	if n, limited := stock.Quantity(q).Units(); limited {
		return json.Marshal(n)
	}
	return json.Marshal("unlimited")
}

func maybe(q *stock.Quantity) *quantity { return (*quantity)(q) }

// instant is a time that may be missing.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Stock is one SKU with what every shop shows of it.
type Stock struct {
	Code      string       `json:"code"`
	Name      string       `json:"name"`
	Supply    stock.Supply `json:"supply"`
	OnHand    int64        `json:"on_hand"`
	Committed int64        `json:"committed"`
	Available int64        `json:"available"`
	Secured   int64        `json:"secured"`
	Sellable  quantity     `json:"sellable"`
	MovedAt   *time.Time   `json:"moved_at"`
	Listings  []Listing    `json:"listings"`
}

// ShopRef names a shop.
type ShopRef struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// Listing is what one shop shows.
type Listing struct {
	Shop        ShopRef            `json:"shop"`
	Ref         string             `json:"ref"`
	State       store.ListingState `json:"state"`
	Target      *quantity          `json:"target"`
	TargetAt    *time.Time         `json:"target_at"`
	Published   *quantity          `json:"published"`
	PublishedAt *time.Time         `json:"published_at"`
	Believed    *quantity          `json:"believed"`
	Error       *ShopError         `json:"error"`
}

// ShopError is a shop's last refusal, in its own words.
type ShopError struct {
	Kind string `json:"kind"`
	Code string `json:"code"`
	Text string `json:"text"`
}

func stockOf(row store.StockRow, shops map[int64]string) Stock {
	s := Stock{Code: row.Code, Name: row.Name, Supply: row.Terms.Supply, OnHand: row.Balance.OnHand, Committed: row.Balance.Committed, Available: row.Balance.Available(),
		Secured: row.Terms.SecuredUnits(row.Balance), Sellable: quantity(row.Sellable()), MovedAt: instant(row.MovedAt), Listings: []Listing{}}
	for _, l := range row.Listings {
		listing := Listing{Shop: ShopRef{int64(l.Shop), shops[int64(l.Shop)]}, Ref: string(l.Ref), State: l.State, Target: maybe(l.Target), TargetAt: instant(l.TargetAt),
			Published: maybe(l.Shown), PublishedAt: instant(l.ShownAt), Believed: maybe(l.Believed())}
		if l.ErrorKind != "" {
			listing.Error = &ShopError{string(l.ErrorKind), l.ErrorCode, l.ErrorText}
		}
		s.Listings = append(s.Listings, listing)
	}
	return s
}

func shopNames(shops []store.Shop) map[int64]string {
	names := make(map[int64]string, len(shops))
	for _, s := range shops {
		names[int64(s.ID)] = s.Name
	}
	return names
}

// StockPage is a page of the stock list.
type StockPage struct {
	Items      []Stock `json:"items"`
	NextCursor *string `json:"next_cursor"`
}

func cursor(next string) *string {
	if next == "" {
		return nil
	}
	return &next
}

func (a *API) listStock(r *request) error {
	p := r.parameters("q", "code", "product", "value", "show", "supply", "secured", "archived", "sort", "limit", "cursor")
	q := p.filter(stockShows...)
	q.Codes, q.Limit, q.After = p.values["code"], p.number("limit", store.MostStockRows), p.text("cursor")
	switch p.choice("sort", "code", "available", "-available") {
	case "available":
		q.Sort = store.SortAvailable
	case "-available":
		q.Sort = store.SortMostAvailable
	}
	if len(q.Codes) > store.MostCodes {
		p.refuse("code", "At most %d codes may be asked for at once, these are %d.", store.MostCodes, len(q.Codes))
	}
	if p.err != nil {
		return p.err
	}
	page, err := a.deps.DB.ListStock(r.ctx(), r.token.Tenant, q)
	if err != nil {
		return err
	}
	answer := StockPage{Items: []Stock{}, NextCursor: cursor(page.Next)}
	names := shopNames(page.Shops)
	for _, row := range page.Rows {
		answer.Items = append(answer.Items, stockOf(row, names))
	}
	return r.answer(http.StatusOK, answer)
}

func (a *API) loadStock(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	code := r.r.PathValue("code")
	sku, err := a.deps.DB.LoadSKU(r.ctx(), r.token.Tenant, code)
	if errors.Is(err, store.ErrNotFound) {
		return problemOfSKU(code)
	}
	if err != nil {
		return err
	}
	return r.answer(http.StatusOK, stockOf(sku.StockRow, shopNames(sku.Shops)))
}

// Movement is one line of a SKU's history.
type Movement struct {
	Seq            int64              `json:"seq"`
	Location       string             `json:"location"`
	Kind           stock.MovementKind `json:"kind"`
	OnHandDelta    int64              `json:"on_hand_delta"`
	CommittedDelta int64              `json:"committed_delta"`
	OnHand         int64              `json:"on_hand"`
	Committed      int64              `json:"committed"`
	Oversold       int64              `json:"oversold"`
	Cause          stock.Cause        `json:"cause"`
	Shop           *ShopRef           `json:"shop"`
	Document       string             `json:"document"`
	Line           string             `json:"line"`
	Actor          string             `json:"actor"`
	Reason         string             `json:"reason"`
	OccurredAt     time.Time          `json:"occurred_at"`
	PostedAt       time.Time          `json:"posted_at"`
}

// MovementPage is a page of a SKU's history.
type MovementPage struct {
	Items      []Movement `json:"items"`
	NextCursor *string    `json:"next_cursor"`
}

func (a *API) listMovements(r *request) error {
	p := r.parameters("limit", "cursor")
	limit := p.number("limit", store.MostMovements)
	if p.err != nil {
		return p.err
	}
	code := r.r.PathValue("code")
	page, err := a.deps.DB.ListMovements(r.ctx(), r.token.Tenant, code, p.text("cursor"), limit)
	if errors.Is(err, store.ErrNotFound) {
		return problemOfSKU(code)
	}
	if err != nil {
		return err
	}
	answer := MovementPage{Items: []Movement{}, NextCursor: cursor(page.Next)}
	for _, m := range page.Movements {
		item := Movement{Seq: m.Seq, Location: m.Place, Kind: m.Kind, OnHandDelta: m.OnHandDelta, CommittedDelta: m.CommittedDelta, OnHand: m.After.OnHand,
			Committed: m.After.Committed, Oversold: m.Oversold, Cause: m.Cause, Document: m.Document, Line: m.Line, Actor: m.Actor, Reason: m.Reason,
			OccurredAt: m.OccurredAt, PostedAt: m.PostedAt}
		if m.Shop != 0 {
			item.Shop = &ShopRef{int64(m.Shop), m.ShopName}
		}
		answer.Items = append(answer.Items, item)
	}
	return r.answer(http.StatusOK, answer)
}
