package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"time"

	"soroi/internal/credential"
	"soroi/internal/stock"
)

// APIToken is a program's right to use the API.
type APIToken struct {
	Tenant    stock.TenantID
	ID        int64
	Name      string // which program it is for
	MayWrite  bool
	CreatedAt time.Time
	UsedAt    time.Time // right to usedStep; zero when never
	RevokedAt time.Time // zero while it works
}

// usedStep is how exactly the last use is kept, so that a busy program does not write at each call.
const usedStep = time.Minute

// AddAPIToken makes a token. presented is what the program sends; it is shown once and cannot be read again.
func (db *DB) AddAPIToken(ctx context.Context, tenant stock.TenantID, name string, mayWrite bool) (t APIToken, presented string, err error) {
	random := make([]byte, credential.SecretBytes)
	if _, err := rand.Read(random); err != nil {
		return APIToken{}, "", err
	}
	token := credential.NewToken(credential.APIToken, tenant, random)
	t = APIToken{Tenant: tenant, Name: name, MayWrite: mayWrite}
	err = db.Write(ctx, tenant, func(tx *Tx) (err error) {
		if t.ID, err = tx.newID(ctx); err != nil {
			return err
		}
		t.CreatedAt = tx.now
		_, err = tx.exec(ctx, "INSERT INTO api_token (tenant_id, api_token_id, token_hash, name, may_write, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
			t.ID, token.Hash(), name, mayWrite, micros(tx.now))
		return err
	})
	if err != nil {
		return APIToken{}, "", fmt.Errorf("add api token %q: %w", name, err)
	}
	return t, token.Present(), nil
}

const apiTokenColumns = "api_token_id, name, may_write, created_at, used_at, revoked_at"

func (tx *Tx) scanAPIToken(rows *sql.Rows) (APIToken, error) {
	t := APIToken{Tenant: tx.tenant}
	var created, used, revoked int64
	err := rows.Scan(&t.ID, &t.Name, &t.MayWrite, &created, &used, &revoked)
	t.CreatedAt, t.UsedAt, t.RevokedAt = instant(created), instant(used), instant(revoked)
	return t, err
}

// ListAPITokens lists a tenant's tokens, revoked ones too, the newest first.
func (db *DB) ListAPITokens(ctx context.Context, tenant stock.TenantID) ([]APIToken, error) {
	var tokens []APIToken
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		tokens = tokens[:0]
		return tx.query(ctx, func(rows *sql.Rows) error {
			t, err := tx.scanAPIToken(rows)
			tokens = append(tokens, t)
			return err
		}, "SELECT "+apiTokenColumns+" FROM api_token WHERE tenant_id = $1 ORDER BY api_token_id DESC")
	})
	return tokens, err
}

// RevokeAPIToken ends a token at once and for ever. Revoking it again changes nothing.
func (db *DB) RevokeAPIToken(ctx context.Context, tenant stock.TenantID, id int64) error {
	return db.Write(ctx, tenant, func(tx *Tx) error {
		n, err := tx.changed(ctx, "UPDATE api_token SET revoked_at = CASE WHEN revoked_at = 0 THEN $3 ELSE revoked_at END WHERE tenant_id = $1 AND api_token_id = $2", id, micros(tx.now))
		if err == nil && n == 0 {
			return ErrNotFound
		}
		return err
	})
}

// FindAPIToken returns the token that a program presents, or ErrNotFound when it is unknown or revoked. It notes the use.
func (db *DB) FindAPIToken(ctx context.Context, presented string) (APIToken, error) {
	token, ok := credential.ParseToken(credential.APIToken, presented)
	if !ok {
		return APIToken{}, ErrNotFound
	}
	var t APIToken
	var now time.Time
	err := db.Read(ctx, token.Tenant, func(tx *Tx) error {
		now = tx.now
		found := false
		err := tx.query(ctx, func(rows *sql.Rows) (err error) {
			found = true
			t, err = tx.scanAPIToken(rows)
			return err
		}, "SELECT "+apiTokenColumns+" FROM api_token WHERE tenant_id = $1 AND token_hash = $2 AND revoked_at = 0", token.Hash())
		if err == nil && !found {
			return ErrNotFound
		}
		return err
	})
	if err != nil || now.Sub(t.UsedAt) < usedStep {
		return t, err
	}
	t.UsedAt = now
	err = db.Write(ctx, token.Tenant, func(tx *Tx) error {
		_, err := tx.exec(ctx, "UPDATE api_token SET used_at = $3 WHERE tenant_id = $1 AND api_token_id = $2 AND used_at < $3", t.ID, micros(now))
		return err
	})
	return t, err
}
