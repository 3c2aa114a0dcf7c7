package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

// Lease is the right to run one shop's loops. Its token rises with each change of holder, and every write of the loops names it, so
// that a process which has lost the shop cannot write for it any more.
type Lease struct {
	Shop      channel.ShopID
	Holder    string
	Token     int64
	ExpiresAt time.Time
}

// alone names shops for works that decide on their orders and listings.
func alone(shops ...channel.ShopID) []string {
	names := make([]string, len(shops))
	for i, shop := range shops {
		names[i] = fmt.Sprintf("shop %d", shop)
	}
	return names
}

// AcquireLease takes the lease of a shop when it is free or has run out, or extends it when holder has it already. ok is false when
// somebody else holds it.
//
// A new holder finds no push in flight: what the last one had sent without an answer becomes unsure, to be read back.
func (db *DB) AcquireLease(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, holder string, ttl time.Duration) (lease Lease, ok bool, err error) {
	err = db.Write(ctx, tenant, func(tx *Tx) error {
		lease, ok = Lease{Shop: shop, Holder: holder, ExpiresAt: tx.now.Add(ttl)}, false
		now, until := micros(tx.now), micros(lease.ExpiresAt)
		err := tx.one(ctx, []any{&lease.Token}, `UPDATE lease SET expires_at = $4 WHERE tenant_id = $1 AND shop_id = $2 AND holder = $3 AND expires_at > $5 RETURNING token`,
			int64(shop), holder, until, now)
		if err == nil {
			ok = true
			return nil
		}
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		err = tx.one(ctx, []any{&lease.Token}, `INSERT INTO lease (tenant_id, shop_id, holder, token, expires_at) VALUES ($1, $2, $3, 1, $4)
			ON CONFLICT (tenant_id, shop_id) DO UPDATE SET holder = excluded.holder, token = lease.token + 1, expires_at = excluded.expires_at
			WHERE lease.expires_at <= $5 RETURNING token`, int64(shop), holder, until, now)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		ok = true
		if err := tx.markInFlight(ctx, shop); err != nil {
			return err
		}
		_, err = tx.exec(ctx, `UPDATE listing SET in_flight = FALSE, unsure = TRUE, doubt_until = `+greater("doubt_until", "$3")+`
			WHERE tenant_id = $1 AND shop_id = $2 AND in_flight`, int64(shop), micros(tx.now.Add(channel.LongestLag)))
		return err
	})
	if err != nil {
		return Lease{}, false, fmt.Errorf("lease of shop %d: %w", shop, err)
	}
	return lease, ok, nil
}

// ReleaseLease gives the shop back, so that another process need not wait for the lease to run out.
func (db *DB) ReleaseLease(ctx context.Context, tenant stock.TenantID, lease Lease) error {
	return db.Write(ctx, tenant, func(tx *Tx) error {
		_, err := tx.exec(ctx, `UPDATE lease SET expires_at = 0 WHERE tenant_id = $1 AND shop_id = $2 AND holder = $3 AND token = $4`,
			int64(lease.Shop), lease.Holder, lease.Token)
		return err
	})
}

// fence makes sure, until the transaction ends, that leases of different shops are still held.
func (tx *Tx) fence(ctx context.Context, leases ...Lease) error {
	held := make(map[channel.ShopID]Lease, len(leases))
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		var l Lease
		err := rows.Scan(&l.Shop, &l.Token, &l.Holder)
		held[l.Shop] = l
		return err
	}, `SELECT shop_id, token, holder FROM lease WHERE tenant_id = $1 AND shop_id IN (`, "BIGINT", `) ORDER BY shop_id`+tx.db.dialect.forUpdate(),
		nil, len(leases), func(args []any, i int) []any { return append(args, int64(leases[i].Shop)) })
	if err != nil {
		return err
	}
	for _, l := range leases {
		if now := held[l.Shop]; now.Token != l.Token || now.Holder != l.Holder {
			return ErrLeaseLost
		}
	}
	return nil
}
