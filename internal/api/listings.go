package api

import (
	"net/http"
	"strconv"
	"time"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/store"
)

// ListingRow is one listing of a shop, linked or not.
type ListingRow struct {
	Shop     ShopRef            `json:"shop"`
	Ref      string             `json:"ref"`
	Codes    []ListingCode      `json:"codes"` // the main one first
	Title    string             `json:"title"`
	State    store.ListingState `json:"state"`
	SKU      *string            `json:"sku"` // code
	ByHand   bool               `json:"by_hand"`
	LinkedBy string             `json:"linked_by"`
	LinkedAt *time.Time         `json:"linked_at"`
	Believed *quantity          `json:"believed"`
	Target   *quantity          `json:"target"`
	// Waiting are lines of orders that claim once the listing is linked, Holding those that hold units under its link.
	Waiting     LineSum      `json:"waiting"`
	Holding     LineSum      `json:"holding"`
	Suggestions []Suggestion `json:"suggestions"`
}

// ListingCode is one code of a listing.
type ListingCode struct {
	Kind match.Kind `json:"kind"`
	Code string     `json:"code"`
}

// LineSum counts lines of orders and their units.
type LineSum struct {
	Lines int64 `json:"lines"`
	Units int64 `json:"units"`
}

// Suggestion is a SKU that a listing may stand for.
type Suggestion struct {
	SKU      string       `json:"sku"`
	Name     string       `json:"name"`
	Reason   match.Reason `json:"reason"`
	Code     string       `json:"code"` // of the SKU, that the listing's met
	Archived bool         `json:"archived"`
}

// ListingPage is a page of listings.
type ListingPage struct {
	Items      []ListingRow `json:"items"`
	NextCursor *string      `json:"next_cursor"`
}

// showOf is what a word of the address asks for.
func showOf(word string) store.ListingShow {
	if word == "all" {
		return store.ListingsAll
	}
	return store.ListingShow(word)
}

func (a *API) listListings(r *request) error {
	p := r.parameters("shop", "show", "q", "limit", "cursor")
	q := store.ListingQuery{Text: p.text("q"), Limit: p.number("limit", store.MostListings), After: p.text("cursor"),
		Show: showOf(p.choice("show", "all", string(store.ListingsUnlinked), string(store.ListingsLinked), string(store.ListingsErrors), string(store.ListingsIgnored)))}
	if p.err != nil {
		return p.err
	}
	shop, err := a.shopOf(r, p.text("shop"))
	if err != nil {
		return err
	}
	q.Shop = shop
	page, err := a.deps.DB.ListListings(r.ctx(), r.token.Tenant, q)
	if err != nil {
		return err
	}
	answer := ListingPage{Items: []ListingRow{}, NextCursor: cursor(page.Next)}
	names := shopNames(page.Shops)
	for _, l := range page.Rows {
		answer.Items = append(answer.Items, listingOf(l, names))
	}
	return r.answer(http.StatusOK, answer)
}

func listingOf(l store.ListingRow, names map[int64]string) ListingRow {
	row := ListingRow{Shop: ShopRef{int64(l.Shop), names[int64(l.Shop)]}, Ref: string(l.Ref), Codes: []ListingCode{}, Title: l.Title, State: l.State, ByHand: l.Apart,
		LinkedBy: l.LinkedBy, LinkedAt: instant(l.LinkedAt), Believed: maybe(l.Believed()), Target: maybe(l.Target),
		Waiting: LineSum{l.Waiting, l.WaitingUnits}, Holding: LineSum{l.Holding, l.HeldUnits}, Suggestions: suggestions(l.Suggestions)}
	if l.SKUCode != "" {
		row.SKU = &l.SKUCode
	}
	for _, c := range l.Codes {
		row.Codes = append(row.Codes, ListingCode{c.Kind, c.Text})
	}
	return row
}

func suggestions(list []store.Suggestion) []Suggestion {
	found := []Suggestion{}
	for _, s := range list {
		found = append(found, Suggestion{s.Code, s.Name, s.Reason, s.As.Code, s.As.Archived})
	}
	return found
}

// shopOf is the shop that a name or number means, 0 for "".
func (a *API) shopOf(r *request, named string) (channel.ShopID, error) {
	if named == "" {
		return 0, nil
	}
	byName, err := a.shopsByName(r)
	if err != nil {
		return 0, err
	}
	if id, known := byName[named]; known {
		return id, nil
	}
	return 0, problem(unknownShop, "No shop has the name or number %q. GET /api/v1/shops lists all.", named)
}

// shopsByName are the shops by their names and, where no shop has that name, by their numbers.
func (a *API) shopsByName(r *request) (map[string]channel.ShopID, error) {
	shops, err := a.deps.DB.ListShops(r.ctx(), r.token.Tenant)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]channel.ShopID, 2*len(shops))
	for _, s := range shops {
		byName[strconv.FormatInt(int64(s.ID), 10)] = s.ID
	}
	for _, s := range shops {
		byName[s.Name] = s.ID
	}
	return byName, nil
}

// WaitingLine is a line of an order that waits until it is known which SKU it is.
type WaitingLine struct {
	Shop     ShopRef   `json:"shop"`
	Order    string    `json:"order"`
	Line     string    `json:"line"`
	Listing  *string   `json:"listing"` // its ref; null when the shop named none
	Code     string    `json:"code"`
	Title    string    `json:"title"`
	Wanted   int64     `json:"wanted"`
	Units    int64     `json:"units"` // that will be held, or have left or come back already
	PlacedAt time.Time `json:"placed_at"`
	Since    time.Time `json:"since"`
}

// WaitingPage is a page of them.
type WaitingPage struct {
	Items      []WaitingLine `json:"items"`
	NextCursor *string       `json:"next_cursor"`
}

func (a *API) listWaiting(r *request) error {
	p := r.parameters("shop", "limit", "cursor")
	limit := p.number("limit", store.MostWaiting)
	if p.err != nil {
		return p.err
	}
	shop, err := a.shopOf(r, p.text("shop"))
	if err != nil {
		return err
	}
	page, err := a.deps.DB.ListWaiting(r.ctx(), r.token.Tenant, shop, p.text("cursor"), limit)
	if err != nil {
		return err
	}
	shops, err := a.deps.DB.ListShops(r.ctx(), r.token.Tenant)
	if err != nil {
		return err
	}
	names := shopNames(shops)
	answer := WaitingPage{Items: []WaitingLine{}, NextCursor: cursor(page.Next)}
	for _, l := range page.Lines {
		line := WaitingLine{Shop: ShopRef{int64(l.Shop), names[int64(l.Shop)]}, Order: l.Number, Line: l.Line, Code: l.Code, Title: l.Title, Wanted: l.Wanted, Units: l.Units,
			PlacedAt: l.PlacedAt, Since: l.SeenAt}
		if l.Ref != "" {
			ref := string(l.Ref)
			line.Listing = &ref
		}
		answer.Items = append(answer.Items, line)
	}
	return r.answer(http.StatusOK, answer)
}

// pullListings asks a shop for its listings now.
func (a *API) pullListings(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	v, err := r.read()
	if err != nil {
		return err
	}
	var b body
	object, ok := b.object(v, "", []string{"shop"}, nil)
	if !ok {
		return b.problem()
	}
	named := b.text(object, "shop", "", 1, longestCode)
	if err := b.problem(); err != nil {
		return err
	}
	shop, err := a.shopOf(r, named)
	if err != nil {
		return err
	}
	a.deps.Pull(r.token.Tenant, shop)
	r.w.WriteHeader(http.StatusAccepted)
	return nil
}
