package store

import (
	"context"

	"soroi/internal/stock"
)

// LoadTenant reads one merchant, or gives ErrNotFound.
func (db *DB) LoadTenant(ctx context.Context, tenant stock.TenantID) (Tenant, error) {
	t := Tenant{ID: tenant}
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		return tx.one(ctx, []any{&t.Code, &t.Name}, "SELECT code, name FROM tenant WHERE tenant_id = $1")
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
