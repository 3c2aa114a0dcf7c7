package shopify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"soroi/internal/channel"
)

// needed are the scopes without which soroi cannot work. A write scope includes its read scope.
var needed = []string{"read_products", "read_inventory", "write_inventory", "read_locations", "read_orders"}

// Check signs in, and looks at the scopes, the location and the API version that really answers.
func (c *connector) Check(ctx context.Context) (channel.Checked, error) {
	var answer struct {
		Shop *struct {
			Name   string `json:"name"`
			Domain string `json:"myshopifyDomain"`
		} `json:"shop"`
		App *struct {
			Scopes []struct {
				Handle string `json:"handle"`
			} `json:"accessScopes"`
		} `json:"currentAppInstallation"`
	}
	header, err := c.askFor(ctx, docShop, nil, &answer)
	if err != nil {
		return channel.Checked{}, err
	}
	if answer.Shop == nil || answer.App == nil {
		return channel.Checked{}, unreadable(docShop.Op, "the shop does not say who it is")
	}
	if served := header.Get("X-Shopify-API-Version"); served != "" && served != version {
		return channel.Checked{}, &channel.Error{Kind: channel.Unsupported, Op: docShop.Op, NotDone: true,
			Message: fmt.Sprintf("the shop serves API version %s instead of %s: soroi must be updated", served, version)}
	}
	var granted []string
	for _, s := range answer.App.Scopes {
		granted = append(granted, s.Handle)
	}
	if missing := missingScopes(granted); len(missing) > 0 {
		return channel.Checked{}, &channel.Error{Kind: channel.Auth, Op: docShop.Op, NotDone: true,
			Message: "the app lacks the scopes " + strings.Join(missing, ", ")}
	}
	if err := c.checkLocation(ctx); err != nil {
		return channel.Checked{}, err
	}
	account := answer.Shop.Name
	if answer.Shop.Domain != "" {
		account = strings.TrimSpace(account + " (" + answer.Shop.Domain + ")")
	}
	return channel.Checked{Account: account}, nil
}

func missingScopes(granted []string) []string {
	var missing []string
	for _, scope := range needed {
		write := strings.Replace(scope, "read_", "write_", 1)
		all := strings.Replace(scope, "read_orders", "read_all_orders", 1)
		if !slices.Contains(granted, scope) && !slices.Contains(granted, write) && !slices.Contains(granted, all) {
			missing = append(missing, scope)
		}
	}
	return missing
}

// checkLocation makes sure that the location is there and sells.
func (c *connector) checkLocation(ctx context.Context) error {
	all, err := c.locations(ctx)
	if err != nil {
		return err
	}
	if c.location.chosen == "" {
		_, err := onlyOnline(all)
		return err
	}
	for _, l := range all {
		if tail(l.ID) == c.location.chosen && l.Active {
			return nil
		}
	}
	return &channel.Error{Kind: channel.Auth, Op: docLocations.Op, NotDone: true,
		Message: fmt.Sprintf("the shop has no active location %s%s", gidLocation, c.location.chosen)}
}
