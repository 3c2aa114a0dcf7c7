package vendure

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

// settingsWire are the shop-wide settings that decide how a variant counts.
type settingsWire struct {
	TrackInventory      *bool  `json:"trackInventory"`
	OutOfStockThreshold *int64 `json:"outOfStockThreshold"`
}

func (w settingsWire) check() error {
	if w.TrackInventory == nil || w.OutOfStockThreshold == nil {
		return fmt.Errorf("the shop's settings are missing")
	}
	return nil
}

type locationsWire struct {
	Items []struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"items"`
}

// find is the id of the location that is meant: by id, then by name, and the first one when nothing is said.
func (w locationsWire) find(op, meant string) (string, error) {
	if meant == "" && len(w.Items) > 0 {
		return w.Items[0].ID, nil
	}
	for _, l := range w.Items {
		if l.ID == meant {
			return l.ID, nil
		}
	}
	for _, l := range w.Items {
		if l.Name == meant {
			return l.ID, nil
		}
	}
	return "", &channel.Error{Kind: channel.Auth, Op: op, Status: 200, NotDone: true,
		Message: fmt.Sprintf("the shop has no stock location %q among its %d", meant, len(w.Items))}
}

// The values of trackInventory.
const (
	tracked    = "TRUE"
	untracked  = "FALSE"
	asTheShops = "INHERIT"
)

// variantWire is a variant as far as its stock goes.
type variantWire struct {
	ID             string      `json:"id"`
	TrackInventory string      `json:"trackInventory"`
	Threshold      *int64      `json:"outOfStockThreshold"`
	UseGlobal      *bool       `json:"useGlobalOutOfStockThreshold"`
	StockLevels    []levelWire `json:"stockLevels"`
}

type levelWire struct {
	Location  string `json:"stockLocationId"`
	OnHand    *int64 `json:"stockOnHand"`
	Allocated *int64 `json:"stockAllocated"`
}

func (w variantWire) check() error {
	if w.ID == "" || w.Threshold == nil || w.UseGlobal == nil || w.StockLevels == nil {
		return fmt.Errorf("variant %q lacks its stock", w.ID)
	}
	switch w.TrackInventory {
	case tracked, untracked, asTheShops:
	default:
		return fmt.Errorf("variant %s has trackInventory %q", w.ID, w.TrackInventory)
	}
	for _, l := range w.StockLevels {
		if l.Location == "" || l.OnHand == nil || l.Allocated == nil || far(*l.OnHand) || far(*l.Allocated) {
			return fmt.Errorf("variant %s has a stock level that makes no sense", w.ID)
		}
	}
	return nil
}

// far tells whether a figure lies outside what the shop's 32-bit numbers can be.
func far(n int64) bool { return n > math.MaxInt32 || n < math.MinInt32 }

// counts tells whether the shop counts this variant at all; one that it does not count never runs out.
func (w variantWire) counts(settings settingsWire) bool {
	return w.TrackInventory == tracked || w.TrackInventory == asTheShops && *settings.TrackInventory
}

// saleable is how many units the shop would sell: over all locations, on hand less allocated less the threshold. It may be
// below zero.
func (w variantWire) saleable(settings settingsWire) int64 {
	threshold := *w.Threshold
	if *w.UseGlobal {
		threshold = *settings.OutOfStockThreshold
	}
	units := -threshold
	for _, l := range w.StockLevels {
		units += *l.OnHand - *l.Allocated
	}
	return units
}

func (w variantWire) quantity(settings settingsWire) stock.Quantity {
	if !w.counts(settings) {
		return stock.Unlimited
	}
	return stock.Units(w.saleable(settings))
}

func (w variantWire) onHand(location string) int64 {
	for _, l := range w.StockLevels {
		if l.Location == location {
			return *l.OnHand
		}
	}
	return 0
}

// variantsWire decodes each variant by itself. One that cannot be read is an error: what it shows must not be guessed.
type variantsWire struct {
	Items []json.RawMessage `json:"items"`
}

func instant(text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is no time", text)
	}
	return at.UTC(), nil
}

// stamp writes an instant as the shop's DateTime, in UTC with the milliseconds that the shop itself shows.
func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
