package vendure

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"soroi/internal/channel"
	"soroi/internal/match"
)

const listingsOp = "listings"

// eldest lies before any variant was made.
var eldest = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// ListListings lists the variants, enabled or not, in the order in which they were made.
func (s *shop) ListListings(ctx context.Context, since channel.Cursor) (channel.ListingPage, error) {
	var from reach
	if err := parseCursor(listingsOp, since, &from, func() { from.After = eldest }); err != nil {
		return channel.ListingPage{}, err
	}
	if err := from.check(listingsOp); err != nil {
		return channel.ListingPage{}, err
	}
	var data struct {
		GlobalSettings settingsWire `json:"globalSettings"`
		ProductVariant variantsWire `json:"productVariants"`
	}
	variables := values{"after": stamp(from.After), "skip": from.Skip, "take": pageListings}
	if _, err := s.ask(ctx, listingsOp, listingsDocument, variables, &data); err != nil {
		return channel.ListingPage{}, err
	}
	listings, made, err := readListings(data.GlobalSettings, data.ProductVariant.Items)
	if err != nil {
		return channel.ListingPage{}, err
	}
	next, more := from.next(made, pageListings, grain)
	return channel.ListingPage{Listings: listings, Next: cursorText(next), More: more}, nil
}

func readListings(settings settingsWire, items []json.RawMessage) ([]channel.Listing, []time.Time, error) {
	variants, err := readVariants(listingsOp, settings, items)
	if err != nil {
		return nil, nil, err
	}
	listings := make([]channel.Listing, 0, len(items))
	made := make([]time.Time, 0, len(items))
	for _, item := range items {
		var words struct {
			ID        channel.Ref `json:"id"`
			SKU       string      `json:"sku"`
			Name      string      `json:"name"`
			CreatedAt string      `json:"createdAt"`
		}
		if err := json.Unmarshal(item, &words); err != nil {
			return nil, nil, unreadable(listingsOp, err)
		}
		at, err := instant(words.CreatedAt)
		if err != nil {
			return nil, nil, unreadable(listingsOp, fmt.Errorf("variant %s: %w", words.ID, err))
		}
		made = append(made, at)
		quantity := variants[words.ID].quantity(settings)
		listing := channel.Listing{Ref: words.ID, Title: words.Name, Quantity: &quantity}
		if words.SKU != "" {
			listing.Codes = []match.Code{{Kind: match.SKU, Text: words.SKU}}
		}
		listings = append(listings, listing)
	}
	return listings, made, nil
}
