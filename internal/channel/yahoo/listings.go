package yahoo

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"soroi/internal/channel"
	"soroi/internal/match"
)

const (
	// firstLetters are all that an item code can begin with. The mall lists items only for a search word, so the whole shop
	// is asked for letter by letter.
	firstLetters = "abcdefghijklmnopqrstuvwxyz0123456789-"
	// pageItems is how many items a page holds: each one with variations costs a call and a second of its own.
	pageItems = 20
)

// listPosition is the cursor of ListListings.
type listPosition struct {
	Letter int `json:"letter"` // index into firstLetters
	Start  int `json:"start"`  // from 1
}

// ListListings returns the items whose code begins with one letter, a page at a time, and then the next letter. Quantities are
// not told: ReadStock has them.
func (c *connector) ListListings(ctx context.Context, since channel.Cursor) (channel.ListingPage, error) {
	at := listPosition{Start: 1}
	if since != "" {
		err := json.Unmarshal([]byte(since), &at)
		if err != nil || at.Letter < 0 || at.Letter >= len(firstLetters) || at.Start < 1 {
			return channel.ListingPage{}, &channel.Error{
				Kind: channel.Invalid, Op: opItemList, Message: "the cursor is not ours", Err: err, NotDone: true,
			}
		}
	}
	letter := firstLetters[at.Letter : at.Letter+1]
	answer, err := c.get(ctx, opItemList, url.Values{
		"seller_id": {c.seller}, "query": {letter}, "type": {"item_code"},
		"start": {strconv.Itoa(at.Start)}, "results": {strconv.Itoa(pageItems)},
	})
	if err != nil {
		return channel.ListingPage{}, err
	}
	items, total, wrong := readItems(answer)
	if wrong != nil {
		return channel.ListingPage{}, wrong
	}
	var page channel.ListingPage
	for _, item := range items {
		code := strings.TrimSpace(item.ItemCode)
		// Whether the mall matches a word's beginning or any part of it is not documented; either way each item comes once.
		if !strings.HasPrefix(strings.ToLower(code), letter) {
			continue
		}
		listings, err := c.variations(ctx, code, strings.TrimSpace(item.Name), item.single())
		if err != nil {
			return channel.ListingPage{}, err
		}
		page.Listings = append(page.Listings, listings...)
	}
	at.Start += len(items)
	if len(items) == 0 || total >= 0 && at.Start > total || total < 0 && len(items) < pageItems {
		at = listPosition{Letter: at.Letter + 1, Start: 1}
	}
	page.More = at.Letter < len(firstLetters)
	if page.More {
		next, err := json.Marshal(at)
		if err != nil { // a struct of two integers always marshals
			panic(err)
		}
		page.Next = channel.Cursor(next)
	}
	return page, nil
}

// variations are the listings of one item: itself, or each of its sub codes.
func (c *connector) variations(ctx context.Context, code, name string, single bool) ([]channel.Listing, error) {
	whole := []channel.Listing{{Ref: ref(code, ""), Codes: []match.Code{{Kind: match.Item, Text: code}}, Title: name}}
	if single {
		return whole, nil
	}
	answer, err := c.get(ctx, opItem, url.Values{"seller_id": {c.seller}, "item_code": {code}})
	if err != nil {
		if channel.KindOf(err) == channel.NotFound {
			return nil, nil // taken off between the two calls
		}
		return nil, err
	}
	subs, wrong := readItem(answer)
	if wrong != nil {
		return nil, wrong
	}
	if len(subs) == 0 {
		return whole, nil
	}
	var listings []channel.Listing
	for _, s := range subs {
		listings = append(listings, channel.Listing{
			Ref: ref(code, s.code), Codes: []match.Code{{Kind: match.SKU, Text: s.code}, {Kind: match.Joined, Text: code + ":" + s.code}},
			Title: strings.TrimSpace(name + " " + s.options),
		})
	}
	return listings, nil
}

type xmlListed struct {
	ItemCode   string `xml:"ItemCode"`
	Name       string `xml:"Name"`
	HasSubCode string `xml:"HasSubCode"`
}

// single tells whether the list says that the item has no variations.
func (i xmlListed) single() bool {
	said := strings.ToLower(strings.TrimSpace(i.HasSubCode))
	return said == "0" || said == "false"
}

// readItems reads an answer of myItemList: the items of the page and how many there are on all pages, -1 when not told.
func readItems(answer channel.Answer) ([]xmlListed, int, *channel.Error) {
	var a struct {
		Total string      `xml:"totalResultsAvailable,attr"`
		Items []xmlListed `xml:"Result"`
	}
	if err := decode(opItemList, answer, &a, "ResultSet"); err != nil {
		return nil, 0, err
	}
	total, err := strconv.Atoi(strings.TrimSpace(a.Total))
	if err != nil || total < 0 {
		total = -1
	}
	for _, item := range a.Items {
		if strings.TrimSpace(item.ItemCode) == "" {
			return nil, 0, &channel.Error{
				Kind: channel.Unreadable, Op: opItemList, Status: answer.Status, Message: "an item without its code",
			}
		}
	}
	return a.Items, total, nil
}

type variation struct {
	code    string
	options string // the chosen values, for people
}

// readItem reads an answer of getItem: the variations of the item, none for a single item.
func readItem(answer channel.Answer) ([]variation, *channel.Error) {
	var a struct {
		Subs []struct {
			Code    string `xml:"code,attr"`
			Inner   string `xml:"Code"`
			Options []struct {
				Name  string `xml:"name,attr"`
				Value string `xml:"value,attr"`
			} `xml:"Option"`
		} `xml:"Result>SubCodes>SubCode"`
	}
	if err := decode(opItem, answer, &a, "ResultSet"); err != nil {
		return nil, err
	}
	var found []variation
	for _, s := range a.Subs {
		v := variation{code: strings.TrimSpace(s.Code)}
		if v.code == "" {
			v.code = strings.TrimSpace(s.Inner)
		}
		if v.code == "" {
			return nil, &channel.Error{Kind: channel.Unreadable, Op: opItem, Status: answer.Status, Message: "a variation without its code"}
		}
		var values []string
		for _, o := range s.Options {
			if value := strings.TrimSpace(o.Value); value != "" {
				values = append(values, value)
			}
		}
		v.options = strings.Join(values, " ")
		found = append(found, v)
	}
	return found, nil
}
