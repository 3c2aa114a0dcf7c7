package rakuten

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"soroi/internal/channel"
)

// ListListings walks the product search by its own mark, which repeats at the end. The search gives no quantities.
func (c *connector) ListListings(ctx context.Context, since channel.Cursor) (channel.ListingPage, error) {
	mark := string(since)
	if mark == "" {
		mark = "*"
	}
	var answer itemsAnswer
	if err := c.ask(ctx, searchItems, "?hits="+strconv.Itoa(itemPage)+"&cursorMark="+escape(mark), nil, &answer); err != nil {
		return channel.ListingPage{}, err
	}
	listings, err := listingsOf(answer)
	if err != nil {
		return channel.ListingPage{}, err
	}
	return channel.ListingPage{
		Listings: listings,
		Next:     channel.Cursor(answer.NextCursorMark),
		More:     answer.NextCursorMark != "" && answer.NextCursorMark != mark,
	}, nil
}

// listingsOf reads a page of products: one listing per SKU, by SKU number inside a product.
func listingsOf(answer itemsAnswer) ([]channel.Listing, error) {
	if answer.Results == nil {
		return nil, &channel.Error{Kind: channel.Unreadable, Op: searchItems.name, Message: "the answer has no results"}
	}
	var listings []channel.Listing
	for _, result := range *answer.Results {
		item := result.Item
		if item.ManageNumber == "" {
			return nil, &channel.Error{Kind: channel.Unreadable, Op: searchItems.name, Message: "a product without manageNumber"}
		}
		for _, id := range slices.Sorted(maps.Keys(item.Variants)) {
			if id == "" {
				return nil, &channel.Error{Kind: channel.Unreadable, Op: searchItems.name, Message: "a SKU without variantId"}
			}
			v := item.Variants[id]
			title := string(item.Title)
			if options := optionsOf(v.SelectorValues); options != "" {
				title += " (" + options + ")"
			}
			listings = append(listings, channel.Listing{
				Ref:   refOf(item.ManageNumber, id),
				Codes: codes(string(v.MerchantDefinedSkuID), id, item.ManageNumber, string(item.ItemNumber), len(item.Variants) == 1),
				Title: title,
			})
		}
	}
	return listings, nil
}

// optionsOf is a SKU's option values in the order of their keys, "" when they are of another shape.
func optionsOf(raw json.RawMessage) string {
	var values map[string]string
	if json.Unmarshal(raw, &values) != nil {
		return ""
	}
	var words []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		words = append(words, values[key])
	}
	return strings.Join(words, " ")
}
