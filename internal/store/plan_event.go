package store

import (
	"database/sql"

	"soroi/internal/event"
	"soroi/internal/stock"
)

// told is what the last event of a SKU said, as sku_plan keeps it.
type told struct {
	available int64
	sellable  sql.NullInt64 // NULL when nothing was ever said
	at        int64
}

const toldColumns = "available, sellable, told_at"

// dest is where the columns of toldColumns go.
func (t *told) dest() []any { return []any{&t.available, &t.sellable, &t.at} }

// tellPlanned is what planning tells of SKUs: one event for each of which another number is available or for sale, whatever happened to it
// meanwhile. It sets each one's told.at. A SKU's event is later than the one before it even when the clock of the process that wrote that one was
// ahead: the feed puts them in the order of their times.
func tellPlanned(skus []*Unplanned, now int64) []newEvent {
	var events []newEvent
	for _, u := range skus {
		available, sellable := u.Balance.Available(), u.Terms.Sellable(u.Balance)
		if u.told.sellable.Valid && u.told.available == available && u.told.sellable.Int64 == sellable.Sortable() {
			continue
		}
		c := event.StockChange{OnHand: u.Balance.OnHand, Committed: u.Balance.Committed, After: event.Figures{Available: available, Sellable: sellable},
			Shops: make([]event.ShopTarget, len(u.Listings))}
		if u.told.sellable.Valid {
			c.Before = &event.Figures{Available: u.told.available, Sellable: stock.FromSortable(u.told.sellable.Int64)}
		}
		for i, l := range u.Listings {
			c.Shops[i] = event.ShopTarget{ShopID: int64(l.Shop), Target: l.NewTarget}
		}
		u.told.at = max(now, u.told.at+1)
		events = append(events, newEvent{kind: event.StockChanged, sku: u.SKU, body: c.Body(), at: u.told.at})
	}
	return events
}
