package api

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"soroi/internal/channel"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// linkRow is one row of a request.
type linkRow struct {
	shop, listing, order, line string
	sku                        *string // nil takes the link off
	byRule                     bool
}

// LinksAnswer is what became of a batch of links.
type LinksAnswer struct {
	Applied  int64        `json:"applied"`
	Repeated bool         `json:"repeated"`
	DryRun   bool         `json:"dry_run"`
	Rows     []LinkResult `json:"rows"`
}

// LinkResult is what became of one row, in the order of the request.
type LinkResult struct {
	Applied bool        `json:"applied"`
	Listing *string     `json:"listing"` // the ref of the listing that was meant; null for a line of an order, and for what is unknown
	Before  *LinkState  `json:"before"`
	After   *LinkState  `json:"after"`
	Claims  LineSum     `json:"claims"` // lines of orders that claimed, went over or gave back
	Refused *RowRefusal `json:"refused"`
}

func (row LinkResult) refusal() *RowRefusal { return row.Refused }

// LinkState is what a listing is linked to.
type LinkState struct {
	SKU    *string `json:"sku"`
	ByRule bool    `json:"by_rule"` // the shop's rule may link it
}

// The types of a refused row of links.
const (
	rowUnknownListing  = typePrefix + "unknown-listing"
	rowSeveralListings = typePrefix + "several-listings"
	rowUnknownLine     = typePrefix + "unknown-line"
	rowArchivedSKU     = typePrefix + "archived-sku"
	rowNamedTwice      = typePrefix + "named-twice"
	rowLinkedElsewhere = typePrefix + "linked-elsewhere"
)

// linksRequest is a whole request.
type linksRequest struct {
	rows                                []linkRow
	partial, keep, onlyUnlinked, dryRun bool
	reason                              string
}

func (a *API) linkListings(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	key, err := r.onceKey()
	if err != nil {
		return err
	}
	in, err := r.readLinks()
	if err != nil {
		return err
	}
	results := make([]LinkResult, len(in.rows))
	request := store.LinkRequest{Key: key, Actor: r.token.Name, Reason: in.reason, KeepClaims: in.keep, OnlyFree: in.onlyUnlinked, Partial: in.partial, Bulk: len(in.rows) > 100}
	known, err := a.resolveLinks(r, in.rows, results, &request)
	if err != nil {
		return err
	}
	// Rows that name nothing keep the others back; what else is wrong is told all the same.
	kept := len(known) < len(in.rows) && !in.partial
	change := a.deps.DB.Link
	if in.dryRun || kept {
		change = a.deps.DB.PreviewLinks
	}
	request.Partial = in.partial || kept
	answer, err := change(r.ctx(), r.token.Tenant, request)
	if err != nil {
		return err
	}
	out := LinksAnswer{Repeated: answer.Repeated, DryRun: in.dryRun, Rows: results}
	if err := a.takeLinks(r, answer, known, &out); err != nil {
		return err
	}
	if kept {
		out.Applied = 0
		for i := range results {
			results[i].Applied = false
		}
	}
	if (kept || !answer.Applied && !in.partial) && !in.dryRun {
		return refusedRows(results)
	}
	if out.Applied > 0 && !answer.Repeated && !in.dryRun {
		a.deps.Changed()
	}
	return r.answer(http.StatusOK, out)
}

// resolveLinks finds what the rows name, and returns which of them request.Rows holds.
func (a *API) resolveLinks(r *request, rows []linkRow, results []LinkResult, request *store.LinkRequest) (known []int, err error) {
	byName, err := a.shopsByName(r)
	if err != nil {
		return nil, err
	}
	var codes []string
	var names []store.ListingName
	for _, row := range rows {
		if row.sku != nil {
			codes = append(codes, *row.sku)
		}
		if id, there := byName[row.shop]; there && row.listing != "" {
			names = append(names, store.ListingName{Shop: id, Name: row.listing})
		}
	}
	skus, err := a.deps.DB.FindSKUs(r.ctx(), r.token.Tenant, codes)
	if err != nil {
		return nil, err
	}
	listings, err := a.deps.DB.FindListings(r.ctx(), r.token.Tenant, names)
	if err != nil {
		return nil, err
	}
	for i, row := range rows {
		shop, there := byName[row.shop]
		if !there {
			results[i].Refused = &RowRefusal{rowUnknownShop, fmt.Sprintf("No shop has the name or number %q. GET /api/v1/shops lists all.", row.shop)}
			continue
		}
		link := store.LinkRow{Shop: shop, ByRule: row.byRule}
		if row.sku != nil {
			if link.SKU, there = skus[*row.sku]; !there {
				results[i].Refused = &RowRefusal{rowUnknownSKU, fmt.Sprintf("No SKU has the code %q, exactly as written. GET /api/v1/stock?q=… searches.", *row.sku)}
				continue
			}
		}
		link.Number, link.Line = row.order, row.line
		if row.listing != "" {
			refs := listings[store.ListingName{Shop: shop, Name: row.listing}]
			switch {
			case len(refs) > 1:
				results[i].Refused = &RowRefusal{rowSeveralListings, fmt.Sprintf("%d listings of the shop have the code %q: %s. Name one by its ref.", len(refs), row.listing, joinRefs(refs))}
				continue
			case len(refs) == 1:
				link.Ref = refs[0]
			default:
				link.Ref = order.Ref(row.listing) // an order may know it
			}
			ref := string(link.Ref)
			results[i].Listing = &ref
		}
		known = append(known, i)
		request.Rows = append(request.Rows, link)
	}
	return known, nil
}

const mostRefsNamed = 5

func joinRefs(refs []channel.Ref) string {
	var words []string
	for _, ref := range refs[:min(len(refs), mostRefsNamed)] {
		words = append(words, string(ref))
	}
	return strings.Join(words, ", ")
}

// takeLinks notes what the store made of the rows.
func (a *API) takeLinks(r *request, answer store.LinkAnswer, known []int, out *LinksAnswer) error {
	var skus []stock.SKUID
	for _, o := range answer.Rows {
		skus = append(skus, o.Before.SKU, o.After.SKU)
	}
	codes, err := a.deps.DB.CodesOfSKUs(r.ctx(), r.token.Tenant, skus)
	if err != nil {
		return err
	}
	state := func(s store.LinkState) *LinkState {
		l := &LinkState{ByRule: s.ByRule}
		if code, there := codes[s.SKU]; there {
			l.SKU = &code
		}
		return l
	}
	for n, i := range known {
		o, row := answer.Rows[n], &out.Rows[i]
		if o.Refused != "" {
			row.Refused = linkRefusal(o)
			continue
		}
		row.Applied, row.Before, row.After, row.Claims = o.Applied, state(o.Before), state(o.After), LineSum{o.Lines, o.Units}
		if o.Applied {
			out.Applied++
		}
	}
	return nil
}

func linkRefusal(o store.LinkOutcome) *RowRefusal {
	switch o.Refused {
	case store.NoListing:
		return &RowRefusal{rowUnknownListing, "The shop has no listing with this ref or main code, and no order that waits names it. GET /api/v1/listings?q=… searches."}
	case store.NoLine:
		return &RowRefusal{rowUnknownLine, "There is no such line of an order, or it names a listing: link that. GET /api/v1/listings/waiting lists the lines."}
	case store.SKUArchived:
		return &RowRefusal{rowArchivedSKU, "The SKU is archived. Take it back into use first."}
	case store.TwiceLinked:
		return &RowRefusal{rowNamedTwice, "Another row of this request names the same listing. Send one of them."}
	case store.OtherLink:
		return &RowRefusal{rowLinkedElsewhere, fmt.Sprintf("The listing is linked to %s, and only_unlinked is set.", o.Owner)}
	case store.NoSKU:
		return &RowRefusal{rowUnknownSKU, "The SKU has just been removed."}
	}
	return &RowRefusal{rowUnknownShop, "The shop has just been removed."}
}

// longestRef bounds a listing's name.
const longestRef = 1000

// readLinks reads the body of a batch of links.
func (r *request) readLinks() (linksRequest, error) {
	v, err := r.read()
	if err != nil {
		return linksRequest{}, err
	}
	var b body
	object, ok := b.object(v, "", []string{"rows"}, []string{"partial", "keep_claims", "only_unlinked", "dry_run", "reason"})
	if !ok {
		return linksRequest{}, b.problem()
	}
	in := linksRequest{partial: b.boolean(object, "partial", ""), keep: b.boolean(object, "keep_claims", ""), onlyUnlinked: b.boolean(object, "only_unlinked", ""),
		dryRun: b.boolean(object, "dry_run", ""), reason: b.text(object, "reason", "", 0, longestReason)}
	for i, v := range b.array(object, "rows", "", mostRows) {
		at := "/rows/" + strconv.Itoa(i)
		row, ok := b.object(v, at, []string{"shop", "sku"}, []string{"listing", "order", "line", "by_rule"})
		if !ok {
			continue
		}
		one := linkRow{shop: b.text(row, "shop", at, 1, longestCode), listing: b.text(row, "listing", at, 1, longestRef), order: b.text(row, "order", at, 1, longestCode),
			line: b.text(row, "line", at, 1, longestCode), byRule: b.boolean(row, "by_rule", at)}
		if row["sku"] != nil {
			code := b.text(row, "sku", at, 1, longestCode)
			one.sku = &code
		}
		switch {
		case one.listing == "" && (one.order == "" || one.line == ""):
			b.wrong(at, "must name a listing, or an order and its line.")
		case one.listing != "" && (one.order != "" || one.line != ""):
			b.wrong(at, "must name a listing, or an order and its line, not both.")
		case one.byRule && one.sku != nil:
			b.wrong(at+"/by_rule", "says what is to be when the link is taken off; here it is set.")
		}
		in.rows = append(in.rows, one)
	}
	return in, b.problem()
}
