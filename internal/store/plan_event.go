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
	level     stock.Level
	at        int64
}

const toldColumns = "available, sellable, level, told_at"

// dest is where the columns of toldColumns go.
func (t *told) dest() []any { return []any{&t.available, &t.sellable, &t.level, &t.at} }

// tellPlanned is what planning tells of SKUs: one event for each of which another number is available or for sale, whatever happened to it
// meanwhile, and one for each that came to another level. It sets each one's told.at. A SKU's event is later than the one before it even when the
// clock of the process that wrote that one was ahead: the feed puts them in the order of their times.
func tellPlanned(skus []*Unplanned, now int64) []newEvent {
	var events []newEvent
	for _, u := range skus {
		changed, level := u.changed(), u.levelChanged()
		if changed || level {
			u.told.at = max(now, u.told.at+1)
		}
		if changed {
			events = append(events, newEvent{kind: event.StockChanged, sku: u.SKU, body: u.change().Body(), at: u.told.at})
		}
		if level {
			c := event.LevelChange{Level: levels[u.level()], Before: levels[u.told.level], Available: u.Balance.Available()}
			if u.Terms.Reorder.Set {
				c.ReorderPoint = &u.Terms.Reorder.Units
			}
			events = append(events, newEvent{kind: event.StockLow, sku: u.SKU, body: event.Body(c), at: u.told.at})
		}
	}
	return events
}

// changed tells whether another number is available or for sale than was told last, or a shop is to show another one.
func (u *Unplanned) changed() bool {
	for i := range u.Listings {
		if l := &u.Listings[i]; l.Target == nil || l.Target.Compare(l.NewTarget) != 0 {
			return true
		}
	}
	return !u.told.sellable.Valid || u.told.available != u.Balance.Available() || u.told.sellable.Int64 != u.Sellable().Sortable()
}

// levelChanged tells whether the SKU came to another level. A new SKU has not come from anywhere, and one that is out of use is not low on anything.
func (u *Unplanned) levelChanged() bool {
	return u.told.sellable.Valid && !u.Archived && u.told.level != u.level()
}

func (u *Unplanned) change() event.StockChange {
	c := event.StockChange{OnHand: u.Balance.OnHand, Committed: u.Balance.Committed,
		After: event.Figures{Available: u.Balance.Available(), Sellable: u.Sellable()}, Shops: make([]event.ShopTarget, len(u.Listings))}
	if u.told.sellable.Valid {
		c.Before = &event.Figures{Available: u.told.available, Sellable: stock.FromSortable(u.told.sellable.Int64)}
	}
	for i, l := range u.Listings {
		c.Shops[i] = event.ShopTarget{ShopID: int64(l.Shop), Target: l.NewTarget}
	}
	return c
}

// levels are the words of programs for what lists show.
var levels = map[stock.Level]event.Level{stock.LevelFine: event.Fine, stock.LevelLow: event.Low, stock.LevelOut: event.Out, stock.LevelOversold: event.Oversold}
