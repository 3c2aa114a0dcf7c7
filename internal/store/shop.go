package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/stock"
)

// Mode says what may be sent to a shop.
type Mode string

// The modes of a shop. A new one starts in rehearsal (design 2.7).
const (
	Rehearsing Mode = "rehearsing" // リハーサル: computed and shown, never sent
	Live       Mode = "live"
	Paused     Mode = "paused" // 一時停止
)

// Shop is one storefront (店舗).
type Shop struct {
	Tenant      stock.TenantID
	ID          channel.ShopID
	Kind        channel.Kind
	Name        string
	Mode        Mode
	ConnectedAt time.Time
	OutageFrom  time.Time // planned outage; zero when there is none
	OutageUntil time.Time // zero with OutageFrom set: until further notice
	NotifiedAt  time.Time // of a webhook of the shop, to within a minute; zero when none came yet
	Settings    channel.Settings
	// Match is how the shop's listings find their SKUs. They are to be tried again while MatchDue is above MatchDone.
	Match               match.Rule
	MatchDue, MatchDone int64
}

// InOutage tells whether the shop is in its planned outage at now.
func (s Shop) InOutage(now time.Time) bool {
	return !s.OutageFrom.IsZero() && !now.Before(s.OutageFrom) && (s.OutageUntil.IsZero() || now.Before(s.OutageUntil))
}

// Allocation is what allocation has to know of the shop; spec is its channel's.
func (s Shop) Allocation(spec channel.Spec) allocation.Shop {
	return allocation.Shop{ID: allocation.ShopID(s.ID), Largest: spec.Limits.Largest, Unlimited: spec.Can.Unlimited}
}

// AddShop adds a shop in rehearsal. A name that is taken gives a *ConflictError.
func (db *DB) AddShop(ctx context.Context, tenant stock.TenantID, kind channel.Kind, name string, settings channel.Settings) (Shop, error) {
	shop := Shop{Tenant: tenant, Kind: kind, Name: name, Mode: Rehearsing, Settings: settings, Match: match.Default()}
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		id, err := tx.newID(ctx)
		if err != nil {
			return err
		}
		shop.ID, shop.ConnectedAt = channel.ShopID(id), tx.now
		if _, err := tx.exec(ctx, `INSERT INTO shop (tenant_id, shop_id, kind, name, mode, connected_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			id, string(kind), name, string(Rehearsing), micros(tx.now)); err != nil {
			return err
		}
		return tx.writeSettings(ctx, shop.ID, settings)
	})
	if err != nil {
		return Shop{}, fmt.Errorf("add shop %q: %w", name, err)
	}
	return shop, nil
}

// SetSettings replaces a shop's settings.
func (db *DB) SetSettings(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, settings channel.Settings) error {
	return db.Write(ctx, tenant, func(tx *Tx) error {
		if _, err := tx.exec(ctx, "DELETE FROM shop_setting WHERE tenant_id = $1 AND shop_id = $2", int64(shop)); err != nil {
			return err
		}
		return tx.writeSettings(ctx, shop, settings)
	})
}

func (tx *Tx) writeSettings(ctx context.Context, shop channel.ShopID, settings channel.Settings) error {
	keys := slices.Sorted(maps.Keys(settings))
	return tx.insertRows(ctx, "shop_setting (tenant_id, shop_id, field, key_id, value)", "BIGINT TEXT TEXT TEXT", "", len(keys), func(args []any, i int) []any {
		key, text := tx.sealSetting(shop, keys[i], settings[keys[i]])
		return append(args, int64(shop), keys[i], key, text)
	})
}

// SetMode changes what may be sent to a shop. The change holds from the next call on: a call in flight ends and is recorded.
func (db *DB) SetMode(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, mode Mode) error {
	return db.changeSending(ctx, tenant, shop, "UPDATE shop SET mode = $3 WHERE tenant_id = $1 AND shop_id = $2", string(mode))
}

// SetOutage plans an outage: nothing is sent from from until until, the backlog is kept. A zero from ends it; a zero until leaves
// the end open.
func (db *DB) SetOutage(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, from, until time.Time) error {
	return db.changeSending(ctx, tenant, shop, "UPDATE shop SET outage_from = $3, outage_until = $4 WHERE tenant_id = $1 AND shop_id = $2",
		nullable(micros(from)), nullable(micros(until)))
}

// changeSending changes whether something may be sent to a shop. SKUs that divide their units are planned anew before anything is raised.
func (db *DB) changeSending(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, text string, args ...any) error {
	return db.Write(ctx, tenant, func(tx *Tx) error {
		if err := tx.markDividedOf(ctx, shop); err != nil {
			return err
		}
		return tx.changeShop(ctx, text, append([]any{int64(shop)}, args...)...)
	})
}

func (db *DB) changeShop(ctx context.Context, tenant stock.TenantID, text string, args ...any) error {
	return db.Write(ctx, tenant, func(tx *Tx) error { return tx.changeShop(ctx, text, args...) })
}

func (tx *Tx) changeShop(ctx context.Context, text string, args ...any) error {
	n, err := tx.changed(ctx, text, args...)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// ListShops lists a tenant's shops with their settings, by id.
func (db *DB) ListShops(ctx context.Context, tenant stock.TenantID) ([]Shop, error) {
	var shops []Shop
	err := db.Read(ctx, tenant, func(tx *Tx) (err error) {
		shops, err = tx.shops(ctx)
		return err
	})
	return shops, err
}

// bareShops reads the shops without their settings, by id.
func (tx *Tx) bareShops(ctx context.Context) ([]Shop, error) {
	var shops []Shop
	err := tx.query(ctx, func(rows *sql.Rows) error {
		s := Shop{Tenant: tx.tenant}
		var connected, notified int64
		var from, until sql.NullInt64
		var rule string
		err := rows.Scan(&s.ID, &s.Kind, &s.Name, &s.Mode, &connected, &from, &until, &notified, &rule, &s.MatchDue, &s.MatchDone)
		if err == nil {
			s.Match, err = match.Read(rule)
		}
		if err != nil {
			return err
		}
		s.NotifiedAt = instant(notified)
		s.ConnectedAt, s.OutageFrom, s.OutageUntil = instant(connected), instant(from.Int64), instant(until.Int64)
		shops = append(shops, s)
		return nil
	}, "SELECT shop_id, kind, name, mode, connected_at, outage_from, outage_until, notified_at, match_rule, match_due, match_done FROM shop WHERE tenant_id = $1 ORDER BY shop_id")
	return shops, err
}

func (tx *Tx) shops(ctx context.Context) ([]Shop, error) {
	shops, err := tx.bareShops(ctx)
	if err != nil {
		return nil, err
	}
	byID := make(map[channel.ShopID]channel.Settings, len(shops))
	for i := range shops {
		shops[i].Settings = channel.Settings{}
		byID[shops[i].ID] = shops[i].Settings
	}
	return shops, tx.query(ctx, func(rows *sql.Rows) error {
		var shop channel.ShopID
		var field, key, text string
		if err := rows.Scan(&shop, &field, &key, &text); err != nil {
			return err
		}
		var err error
		byID[shop][field], err = tx.openSetting(shop, field, key, text)
		return err
	}, "SELECT shop_id, field, key_id, value FROM shop_setting WHERE tenant_id = $1")
}

// ListOpen lists orders of a shop that are not final and were not asked for since before, the longest unasked first.
func (db *DB) ListOpen(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, before time.Time, limit int) ([]OpenSale, error) {
	var open []OpenSale
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		open = open[:0]
		return tx.query(ctx, func(rows *sql.Rows) error {
			var o OpenSale
			var placed, asked int64
			if err := rows.Scan(&o.Number, &placed, &o.Revision, &asked); err != nil {
				return err
			}
			o.PlacedAt, o.AskedAt = instant(placed), instant(asked)
			open = append(open, o)
			return nil
		}, `SELECT number, placed_at, revision, asked_at FROM sale WHERE tenant_id = $1 AND shop_id = $2 AND state = 'open' AND checked_at < $3
			ORDER BY checked_at LIMIT $4`, int64(shop), micros(before), limit)
	})
	return open, err
}

// OpenSale is an order that is not final.
type OpenSale struct {
	Number   string
	PlacedAt time.Time
	Revision int64
	AskedAt  time.Time
}
