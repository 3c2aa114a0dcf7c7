package shopify

import (
	"context"
	"encoding/json"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/stock"
)

// noOptions is what Shopify calls the only variant of a product without options.
const noOptions = "Default Title"

type variant struct {
	ID      string `json:"id"`
	SKU     string `json:"sku"`
	Barcode string `json:"barcode"`
	Title   string `json:"title"`
	Product *struct {
		Title string `json:"title"`
	} `json:"product"`
	Item *item `json:"inventoryItem"`
}

// ListListings pages through the variants. It leaves out what soroi cannot steer: variants that the shop does not count, and
// those that are not stocked at the shop's location.
func (c *connector) ListListings(ctx context.Context, since channel.Cursor) (channel.ListingPage, error) {
	at, err := c.locationID(ctx)
	if err != nil {
		return channel.ListingPage{}, err
	}
	variables := map[string]any{"location": gidLocation + at, "after": nil}
	if since != "" {
		variables["after"] = string(since)
	}
	var answer struct {
		Variants *raws `json:"productVariants"`
	}
	if err := c.ask(ctx, docListings, variables, &answer); err != nil {
		return channel.ListingPage{}, err
	}
	if answer.Variants == nil || answer.Variants.PageInfo == nil {
		return channel.ListingPage{}, unreadable(docListings.Op, "the answer holds no page of variants")
	}
	next := answer.Variants.PageInfo
	if next.HasNextPage && (next.EndCursor == "" || next.EndCursor == string(since)) {
		return channel.ListingPage{}, unreadable(docListings.Op, "there is a next page and no way to it")
	}
	result := channel.ListingPage{More: next.HasNextPage}
	if result.More {
		result.Next = channel.Cursor(next.EndCursor)
	}
	for _, raw := range answer.Variants.Nodes {
		var v variant
		if err := json.Unmarshal(raw, &v); err != nil || v.Item == nil || !isID(tail(v.Item.ID)) {
			return channel.ListingPage{}, unreadable(docListings.Op, "a variant has no inventory item")
		}
		if listing, ok := v.listing(at); ok {
			result.Listings = append(result.Listings, listing)
		} else {
			result.LeftOut++
		}
	}
	return result, nil
}

func (v variant) listing(location string) (channel.Listing, bool) {
	if v.Item.uncounted() != nil {
		return channel.Listing{}, false
	}
	made := channel.Listing{Ref: ref(tail(v.Item.ID), location), Title: v.Title}
	if v.Product != nil {
		made.Title = v.Product.Title
		if v.Title != "" && v.Title != noOptions {
			made.Title += " " + v.Title
		}
	}
	for _, code := range []match.Code{{Kind: match.SKU, Text: v.SKU}, {Kind: match.JAN, Text: v.Barcode}} {
		if code.Text != "" {
			made.Codes = append(made.Codes, code)
		}
	}
	if n, _, ok := v.Item.Level.available(); ok {
		q := stock.Units(n)
		made.Quantity = &q
	}
	return made, true
}
