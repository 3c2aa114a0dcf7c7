package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"soroi/internal/credential"
)

// How long a session lasts: it ends sessionIdle after its last use, and sessionLongest after the sign-in at the latest.
const (
	sessionIdle    = 14 * 24 * time.Hour
	sessionLongest = 90 * 24 * time.Hour
	// sessionStep is how much use is left unrecorded, so that a page view is seldom a write.
	sessionStep = time.Hour
)

// Session is one signed-in browser.
type Session struct {
	Account   Account
	Token     string // what the browser keeps; only a hash of it is stored
	CreatedAt time.Time
	ExpiresAt time.Time
}

func (db *DB) openSession(ctx context.Context, a Account) (Session, error) {
	random := make([]byte, credential.SecretBytes)
	if _, err := rand.Read(random); err != nil {
		return Session{}, err
	}
	token := credential.NewToken(credential.SessionToken, a.Tenant, random)
	s := Session{Account: a, Token: token.Present()}
	err := db.Write(ctx, a.Tenant, func(tx *Tx) error {
		s.CreatedAt, s.ExpiresAt = tx.now, tx.now.Add(sessionIdle)
		if _, err := tx.exec(ctx, "DELETE FROM session WHERE tenant_id = $1 AND expires_at <= $2", micros(tx.now)); err != nil {
			return err
		}
		_, err := tx.exec(ctx, "INSERT INTO session (tenant_id, token_hash, account_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
			token.Hash(), int64(a.ID), micros(s.CreatedAt), micros(s.ExpiresAt))
		return err
	})
	if err != nil {
		return Session{}, fmt.Errorf("open a session: %w", err)
	}
	return s, nil
}

// FindSession returns the open session of a presented token, or ErrNotFound. Each use puts its end off.
func (db *DB) FindSession(ctx context.Context, presented string) (Session, error) {
	token, ok := credential.ParseToken(credential.SessionToken, presented)
	if !ok {
		return Session{}, ErrNotFound
	}
	s := Session{Token: presented}
	var now time.Time
	err := db.Read(ctx, token.Tenant, func(tx *Tx) error {
		now = tx.now
		var account, created, expires int64
		err := tx.one(ctx, []any{&account, &created, &expires}, "SELECT account_id, created_at, expires_at FROM session WHERE tenant_id = $1 AND token_hash = $2 AND expires_at > $3",
			token.Hash(), micros(now))
		if err != nil {
			return err
		}
		s.CreatedAt, s.ExpiresAt = instant(created), instant(expires)
		s.Account, err = tx.account(ctx, "account_id = $2", nil, account)
		return err
	})
	if err != nil {
		return Session{}, err
	}
	until := now.Add(sessionIdle)
	if last := s.CreatedAt.Add(sessionLongest); until.After(last) {
		until = last
	}
	if until.Sub(s.ExpiresAt) < sessionStep {
		return s, nil
	}
	s.ExpiresAt = until
	err = db.Write(ctx, token.Tenant, func(tx *Tx) error {
		_, err := tx.exec(ctx, "UPDATE session SET expires_at = $3 WHERE tenant_id = $1 AND token_hash = $2 AND expires_at < $3", token.Hash(), micros(until))
		return err
	})
	return s, err
}

// SignOut ends the session of a presented token. A token that has no session is fine.
func (db *DB) SignOut(ctx context.Context, presented string) error {
	token, ok := credential.ParseToken(credential.SessionToken, presented)
	if !ok {
		return nil
	}
	return db.Write(ctx, token.Tenant, func(tx *Tx) error {
		_, err := tx.exec(ctx, "DELETE FROM session WHERE tenant_id = $1 AND token_hash = $2", token.Hash())
		return err
	})
}
