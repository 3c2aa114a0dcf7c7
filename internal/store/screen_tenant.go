package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"soroi/internal/stock"
)

// LoadTenant reads one merchant, or gives ErrNotFound.
func (db *DB) LoadTenant(ctx context.Context, tenant stock.TenantID) (Tenant, error) {
	t := Tenant{ID: tenant}
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		return tx.one(ctx, []any{&t.Code, &t.Name, &t.TimeZone}, "SELECT code, name, time_zone FROM tenant WHERE tenant_id = $1")
	})
	return t, err
}

// RenameTenant changes the name by which a merchant is called on the screens.
func (db *DB) RenameTenant(ctx context.Context, tenant stock.TenantID, name string) error {
	return db.Write(ctx, tenant, func(tx *Tx) error {
		n, err := tx.changed(ctx, "UPDATE tenant SET name = $2 WHERE tenant_id = $1", name)
		if err == nil && n == 0 {
			return ErrNotFound
		}
		return err
	})
}

// Why a time zone is refused.
var (
	ErrZone      = errors.New("there is no such time zone")
	ErrZoneFixed = errors.New("what was sold is counted by the days of the time zone already")
)

// SetTimeZone changes the time zone by which a merchant's days begin, while nothing has been sold yet: what was sold is counted by those days. The
// errors are ErrZone, for a name that the IANA database does not have, and ErrZoneFixed.
func (db *DB) SetTimeZone(ctx context.Context, tenant stock.TenantID, zone string) error {
	if _, err := zoneOf(zone); err != nil || zone == "" || zone == "Local" {
		return fmt.Errorf("%w: %q", ErrZone, zone)
	}
	return db.Write(ctx, tenant, func(tx *Tx) error {
		n, err := tx.changed(ctx, `UPDATE tenant SET time_zone = $2, day = 0 WHERE tenant_id = $1 AND NOT EXISTS (SELECT 1 FROM sku_day WHERE sku_day.tenant_id = $1)`, zone)
		if err != nil || n > 0 {
			return err
		}
		var found int64
		if err := tx.one(ctx, []any{&found}, "SELECT tenant_id FROM tenant WHERE tenant_id = $1"); err != nil {
			return err
		}
		return ErrZoneFixed
	})
}

// ZoneFixed tells whether the time zone stays as it is, because something has been sold.
func (db *DB) ZoneFixed(ctx context.Context, tenant stock.TenantID) (bool, error) {
	fixed := false
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		return tx.one(ctx, []any{&fixed}, "SELECT EXISTS (SELECT 1 FROM sku_day WHERE tenant_id = $1)")
	})
	return fixed, err
}

// Zone is the tenant's time zone.
func (db *DB) Zone(ctx context.Context, tenant stock.TenantID) (zone *time.Location, err error) {
	err = db.Read(ctx, tenant, func(tx *Tx) (err error) {
		zone, err = tx.zone(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("zone of tenant %d: %w", tenant, err)
	}
	return zone, nil
}
