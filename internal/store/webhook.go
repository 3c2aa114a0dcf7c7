package store

import (
	"context"
	"errors"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

// LoopHook is the loop that keeps a shop's webhooks coming. Its cursor is the address that the shop sends them to.
const LoopHook = "hook"

// BeginSubscribe says whether the shop may be asked for webhooks now, and to which address it was last asked to send them, "" when never.
// Asking is a write to the shop like any other: ErrHandsOff says that it is paused, in rehearsal or in a planned outage (design 2.7).
func (db *DB) BeginSubscribe(ctx context.Context, tenant stock.TenantID, lease Lease) (former string, err error) {
	err = db.Write(ctx, tenant, func(tx *Tx) error {
		if err := tx.fence(ctx, lease); err != nil {
			return err
		}
		if err := tx.mayPush(ctx, lease.Shop); err != nil {
			return err
		}
		err := tx.one(ctx, []any{&former}, "SELECT cursor FROM shop_loop WHERE tenant_id = $1 AND shop_id = $2 AND loop = $3", int64(lease.Shop), LoopHook)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	})
	return former, err
}

// Subscribed records that the shop sends its webhooks to address.
func (db *DB) Subscribed(ctx context.Context, tenant stock.TenantID, lease Lease, address string) error {
	at := channel.Cursor(address)
	return db.Write(ctx, tenant, func(tx *Tx) error {
		if err := tx.fence(ctx, lease); err != nil {
			return err
		}
		return tx.loopSucceeded(ctx, lease.Shop, LoopHook, &at)
	})
}

// Notified records that the shop has sent a webhook. Whichever process runs the shop sees it with the shop (Shop.NotifiedAt).
func (db *DB) Notified(ctx context.Context, tenant stock.TenantID, shop channel.ShopID) error {
	return db.Write(ctx, tenant, func(tx *Tx) error {
		_, err := tx.exec(ctx, "UPDATE shop SET notified_at = $3 WHERE tenant_id = $1 AND shop_id = $2", int64(shop), micros(tx.now))
		return err
	})
}
