package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/stock"
)

// Allotment is how a SKU's sellable quantity is divided: the pattern in force, and the SKU's own exceptions.
type Allotment struct {
	ID         PatternID // 0 when the tenant has no default, so the same number goes everywhere
	Assigned   bool      // the SKU's own; otherwise it follows the tenant's default
	Pattern    allocation.Pattern
	Exceptions map[channel.ShopID]allocation.Share // nil when it has none
	Bundle     *Bundle                             // of a bundle: a shop shows no more than its parts allow there; otherwise nil
	Settled    *Settled                            // what an auto rule came to when the SKU was planned last; nil when none did
}

// Most is the exception of a shop: the most that it may show; nil where it has none.
func (a Allotment) Most(shop channel.ShopID) *int64 {
	switch e := a.Exceptions[shop]; e.Kind {
	case allocation.Stop, allocation.AtMost:
		return &e.N
	}
	return nil
}

// In is a shop as allocation has to know it for this SKU.
func (a Allotment) In(shop allocation.Shop) allocation.Shop {
	shop.Exception = a.Exceptions[channel.ShopID(shop.ID)]
	return shop
}

// Divides tells whether a sellable quantity is divided, so that no unit of it may be for sale in two shops.
func (a Allotment) Divides(sellable stock.Quantity) bool {
	p := a.plain(sellable)
	rule := p.RuleFor(sellable)
	return rule >= 0 && !sellable.IsUnlimited() && p.Rules[rule].Split()
}

// Targets gives each listing's shop its target, in the order of shops.
func (a Allotment) Targets(sellable stock.Quantity, shops []allocation.Shop) []allocation.Target {
	for i := range shops {
		shops[i] = a.In(shops[i])
	}
	targets := a.plain(sellable).Targets(sellable, shops)
	if a.Bundle == nil {
		return targets
	}
	for i := range targets {
		if most, bound := a.Bundle.Limit(shops[i]).Sets.Units(); bound {
			targets[i].Limit(most)
		}
	}
	return targets
}

// allotments are the patterns of a tenant as one transaction sees them.
type allotments struct {
	standard PatternID
	byID     map[PatternID]*allocation.Pattern
}

// allotments reads the patterns in force.
func (tx *Tx) allotments(ctx context.Context) (allotments, error) {
	a := allotments{byID: make(map[PatternID]*allocation.Pattern)}
	err := tx.query(ctx, func(rows *sql.Rows) error {
		var id PatternID
		var body string
		var standard bool
		if err := rows.Scan(&id, &body, &standard); err != nil {
			return err
		}
		p, err := parsedPattern(body)
		if err != nil {
			return fmt.Errorf("pattern %d: %w", id, err)
		}
		a.byID[id] = p
		if standard {
			a.standard = id
		}
		return nil
	}, `SELECT pattern.pattern_id, body, tenant.pattern_id IS NOT NULL AND tenant.pattern_id = pattern.pattern_id FROM pattern
		JOIN tenant ON tenant.tenant_id = pattern.tenant_id WHERE pattern.tenant_id = $1`)
	return a, err
}

// of is the allotment of a SKU that has the pattern assigned, without its exceptions. assigned 0 is none.
func (a allotments) of(assigned PatternID) Allotment {
	id := assigned
	if id == 0 {
		id = a.standard
	}
	if p := a.byID[id]; p != nil {
		return Allotment{ID: id, Assigned: assigned != 0, Pattern: *p}
	}
	return Allotment{Pattern: allocation.Everywhere}
}

// addExceptions reads the exceptions of SKUs, and how their auto rules were settled, into their allotments.
func (tx *Tx) addExceptions(ctx context.Context, skus []stock.SKUID, of func(stock.SKUID) *Allotment) error {
	if err := tx.addSettled(ctx, skus, of); err != nil {
		return err
	}
	return tx.exceptions(ctx, skus, func(e Exception) {
		a := of(e.SKU)
		if a.Exceptions == nil {
			a.Exceptions = make(map[channel.ShopID]allocation.Share)
		}
		a.Exceptions[e.Shop] = e.share()
	})
}

// parsed keeps patterns that have been read, by their text: planning reads them for every batch. It begins anew when it is full of old ones.
var parsed struct {
	sync.Mutex
	byBody map[string]*allocation.Pattern
}

const mostParsed = 10_000

func parsedPattern(body string) (*allocation.Pattern, error) {
	parsed.Lock()
	defer parsed.Unlock()
	if p := parsed.byBody[body]; p != nil {
		return p, nil
	}
	p, err := readPattern(body)
	if err != nil {
		return nil, err
	}
	if parsed.byBody == nil || len(parsed.byBody) >= mostParsed {
		parsed.byBody = make(map[string]*allocation.Pattern)
	}
	parsed.byBody[body] = &p
	return &p, nil
}
