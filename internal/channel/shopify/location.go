package shopify

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"soroi/internal/channel"
)

// place is the location whose stock is kept in line: the merchant's choice, or the only one that fulfils online orders, looked
// up once. It is safe for concurrent use.
type place struct {
	chosen string

	mu    sync.Mutex
	found string
}

// locationID is the place's id as the last part of its global id.
func (c *connector) locationID(ctx context.Context) (string, error) {
	if c.location.chosen != "" {
		return c.location.chosen, nil
	}
	c.location.mu.Lock()
	found := c.location.found
	c.location.mu.Unlock()
	if found != "" {
		return found, nil
	}
	all, err := c.locations(ctx)
	if err != nil {
		return "", err
	}
	one, err := onlyOnline(all)
	if err != nil {
		return "", err
	}
	c.location.mu.Lock()
	c.location.found = one
	c.location.mu.Unlock()
	return one, nil
}

type location struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Active bool   `json:"isActive"`
	Online bool   `json:"fulfillsOnlineOrders"`
}

func (c *connector) locations(ctx context.Context) ([]location, error) {
	var all []location
	for after := any(nil); ; {
		var answer struct {
			Locations *struct {
				Nodes    []location `json:"nodes"`
				PageInfo *page      `json:"pageInfo"`
			} `json:"locations"`
		}
		if err := c.ask(ctx, docLocations, map[string]any{"after": after}, &answer); err != nil {
			return nil, err
		}
		if answer.Locations == nil || answer.Locations.PageInfo == nil {
			return nil, unreadable(docLocations.Op, "the answer holds no page of locations")
		}
		all = append(all, answer.Locations.Nodes...)
		next := answer.Locations.PageInfo
		if !next.HasNextPage {
			return all, nil
		}
		if next.EndCursor == "" || next.EndCursor == after {
			return nil, unreadable(docLocations.Op, "there is a next page and no way to it")
		}
		after = next.EndCursor
	}
}

// onlyOnline is the one active location that fulfils online orders. With none or several the merchant has to choose, since
// their numbers add up on the storefront and a wrong choice would sell the others' units.
func onlyOnline(all []location) (string, error) {
	var online, names []string
	for _, l := range all {
		if !l.Active {
			continue
		}
		names = append(names, fmt.Sprintf("%s (%s)", l.Name, l.ID))
		if l.Online && isID(tail(l.ID)) {
			online = append(online, tail(l.ID))
		}
	}
	if len(online) == 1 {
		return online[0], nil
	}
	return "", &channel.Error{Kind: channel.Auth, Op: docLocations.Op, NotDone: true, Message: fmt.Sprintf(
		"%d locations fulfil online orders: choose the one to keep in line in the shop's settings; there are %s", len(online), strings.Join(names, ", "))}
}
