package store

import (
	"context"
	"errors"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

// Loop is how far one loop of a shop has come.
type Loop struct {
	Name        string
	Cursor      channel.Cursor
	SucceededAt time.Time
	FailedAt    time.Time // of the last failure, also when a success came later
	ErrorKind   channel.ErrorKind
	ErrorCode   string
	ErrorText   string // the last failure, "" when the loop last succeeded
}

// LoadLoop reads one loop of a shop; a loop that never ran is empty.
func (db *DB) LoadLoop(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, loop string) (Loop, error) {
	l := Loop{Name: loop}
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		var ok, failed int64
		err := tx.one(ctx, []any{&l.Cursor, &ok, &failed, &l.ErrorKind, &l.ErrorCode, &l.ErrorText},
			"SELECT cursor, succeeded_at, failed_at, error_kind, error_code, error_text FROM shop_loop WHERE tenant_id = $1 AND shop_id = $2 AND loop = $3", int64(shop), loop)
		l.SucceededAt, l.FailedAt = instant(ok), instant(failed)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	})
	return l, err
}

func (tx *Tx) loopSucceeded(ctx context.Context, shop channel.ShopID, loop string, next *channel.Cursor) error {
	var cursor any
	if next != nil {
		cursor = string(*next)
	}
	_, err := tx.exec(ctx, `INSERT INTO shop_loop (tenant_id, shop_id, loop, cursor, succeeded_at) VALUES ($1, $2, $3, COALESCE(CAST($4 AS TEXT), ''), $5)
		ON CONFLICT (tenant_id, shop_id, loop) DO UPDATE SET cursor = COALESCE(CAST($4 AS TEXT), shop_loop.cursor), succeeded_at = excluded.succeeded_at,
		error_kind = '', error_code = '', error_text = ''`, int64(shop), loop, cursor, micros(tx.now))
	return err
}

// LoopSucceeded records that a loop has done its round without orders to take in.
func (db *DB) LoopSucceeded(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, loop string) error {
	return db.Write(ctx, tenant, func(tx *Tx) error { return tx.loopSucceeded(ctx, shop, loop, nil) })
}

// LoopFailed records why a loop's round failed, for the shops screen.
func (db *DB) LoopFailed(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, loop string, cause error) error {
	var code string
	if e, ok := errors.AsType[*channel.Error](cause); ok {
		code = e.Code
	}
	return db.Write(ctx, tenant, func(tx *Tx) error {
		_, err := tx.exec(ctx, `INSERT INTO shop_loop (tenant_id, shop_id, loop, failed_at, error_kind, error_code, error_text) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (tenant_id, shop_id, loop) DO UPDATE SET failed_at = excluded.failed_at, error_kind = excluded.error_kind, error_code = excluded.error_code,
			error_text = excluded.error_text`, int64(shop), loop, micros(tx.now), string(channel.KindOf(cause)), code, cause.Error())
		return err
	})
}
