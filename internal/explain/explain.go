// Package explain answers "why does it show 3?" for any SKU in any shop: from on hand through committed, secured, pattern and the
// shop's limits to the target, the push that set it and the shop's answer, with times (design 2.8). One function serves screens, API
// and the command.
package explain

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// Explanation is the derivation of what one listing shows.
type Explanation struct {
	SKU     string // code
	Name    string
	Shop    string // name
	ShopID  channel.ShopID
	Listing store.ListingID
	Ref     channel.Ref
	State   store.ListingState
	// Published is what the shop last confirmed or showed, Believed what it is believed to show now. Nil when nobody knows.
	Published *stock.Quantity
	Believed  *stock.Quantity
	Target    *stock.Quantity // what it should show; nil until planned
	Steps     []Step
	// Explained is false when a number follows from nothing that is known: the stored target is not the one that the books give while
	// nothing is waiting to be planned, or the number that the shop showed comes neither from a push nor from a reading plus
	// the sales since. Then the step that is at fault says so.
	Explained bool
}

// Step is one line of a derivation.
type Step struct {
	What    What
	Numbers []Number
	At      time.Time // when it became so; zero when it has no time
}

// Number is one figure or name of a step.
type Number struct {
	Name  string
	Value string
}

// add appends a step; numbers are name, value, name, value …
func (e *Explanation) add(what What, at time.Time, numbers ...any) {
	s := Step{What: what, At: at}
	for i := 0; i+1 < len(numbers); i += 2 {
		s.Numbers = append(s.Numbers, Number{Name: fmt.Sprint(numbers[i]), Value: word(numbers[i+1])})
	}
	e.Steps = append(e.Steps, s)
}

func word(v any) string {
	switch v := v.(type) {
	case *stock.Quantity:
		if v == nil {
			return "?"
		}
		return v.String()
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return fmt.Sprint(v)
}

// MissingError says that there is no such SKU, shop or listing.
type MissingError struct {
	What string // "sku", "shop" or "listing"
	Name string // as asked for
}

func (e *MissingError) Error() string { return "no " + e.What + " " + e.Name }

func (e *MissingError) Unwrap() error { return store.ErrNotFound }

// mostClaims is how many of the lines that hold units are named.
const mostClaims = 10

// Load explains the listings of a SKU, by shop: those of one shop, which is named as the merchant named it or by its number, or of
// all shops when shop is "". specs are the channels that are known. The error is a *MissingError when there is no such SKU or shop, or when the
// named shop does not list the SKU.
func Load(ctx context.Context, db *store.DB, specs []channel.Spec, tenant stock.TenantID, code, shop string) ([]Explanation, error) {
	basis, err := db.LoadBasis(ctx, tenant, code, mostClaims)
	if isMissing(err) {
		return nil, &MissingError{"sku", code}
	}
	if err != nil {
		return nil, fmt.Errorf("explain sku %s: %w", code, err)
	}
	var only channel.ShopID
	for _, s := range basis.Shops {
		if shop != "" && (s.Name == shop || only == 0 && strconv.FormatInt(int64(s.ID), 10) == shop) {
			only = s.ID
		}
	}
	if shop != "" && only == 0 {
		return nil, &MissingError{"shop", shop}
	}
	var list []Explanation
	for _, l := range basis.Listings {
		if only == 0 || l.Shop == only {
			list = append(list, Derive(basis, l, specs))
		}
	}
	if shop != "" && len(list) == 0 {
		return nil, &MissingError{"listing", code + " in " + shop}
	}
	return list, nil
}

func isMissing(err error) bool { return errors.Is(err, store.ErrNotFound) }

func specOf(specs []channel.Spec, kind channel.Kind) channel.Spec {
	for _, s := range specs {
		if s.Kind == kind {
			return s
		}
	}
	return channel.Spec{}
}
