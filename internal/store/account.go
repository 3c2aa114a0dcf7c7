package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"soroi/internal/credential"
	"soroi/internal/stock"
)

// AccountID names one person who may sign in.
type AccountID int64

// Role says what an account may do.
type Role string

// The roles.
const (
	Owner Role = "owner" // everything
	Staff Role = "staff" // everything but accounts and tokens
)

// Account is one person who may sign in.
type Account struct {
	Tenant    stock.TenantID
	ID        AccountID
	Login     string // folded: no spaces around it, small letters
	Name      string
	Role      Role
	Language  string // "ja" or "en"
	CreatedAt time.Time
}

// NewAccount is an account to be made.
type NewAccount struct {
	Login    string
	Name     string
	Password string
	Language string // "" is "ja"
}

// ErrSetUp says that the tenant has an account already, so the first one cannot be made any more.
var ErrSetUp = errors.New("the tenant is set up already")

// ErrSignIn says that login and password do not belong together, or that there is no such login. It never says which.
var ErrSignIn = errors.New("login or password is wrong")

// ErrLogin says that a login is empty or longer than longestLogin.
var ErrLogin = errors.New("the login is empty or too long")

const longestLogin = 200

// mostHashing bounds how many passwords are hashed at once: each takes 19 MiB.
const mostHashing = 4

// NeedsOwner tells whether the tenant has no account yet.
func (db *DB) NeedsOwner(ctx context.Context, tenant stock.TenantID) (bool, error) {
	var accounts int64
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		return tx.one(ctx, []any{&accounts}, "SELECT COUNT(*) FROM account WHERE tenant_id = $1")
	})
	return accounts == 0, err
}

// SetUpOwner makes a tenant's first account, once: of any number of concurrent calls one wins and the others get ErrSetUp. A refused
// password gives a *credential.PasswordError, an unusable login ErrLogin, an unknown tenant ErrNotFound.
func (db *DB) SetUpOwner(ctx context.Context, tenant stock.TenantID, n NewAccount) (Account, error) {
	a, hash, err := db.prepareAccount(ctx, tenant, n, Owner)
	if err != nil {
		return Account{}, err
	}
	err = db.Write(ctx, tenant, func(tx *Tx) error {
		// The tenant's row is the lock: without it two first accounts could be made at once.
		var locked int64
		if err := tx.one(ctx, []any{&locked}, "SELECT tenant_id FROM tenant WHERE tenant_id = $1"+tx.db.dialect.forUpdate()); err != nil {
			return err
		}
		var accounts int64
		if err := tx.one(ctx, []any{&accounts}, "SELECT COUNT(*) FROM account WHERE tenant_id = $1"); err != nil {
			return err
		}
		if accounts > 0 {
			return ErrSetUp
		}
		return tx.addAccount(ctx, &a, hash)
	})
	if err != nil {
		return Account{}, fmt.Errorf("set up the owner's account: %w", err)
	}
	return a, nil
}

// FoldLogin is the form in which logins are kept and compared.
func FoldLogin(login string) string { return strings.ToLower(strings.TrimSpace(login)) }

func (db *DB) hashPassword(ctx context.Context, login, password string) (string, error) {
	if err := credential.CheckPassword(login, password); err != nil {
		return "", err
	}
	salt := make([]byte, credential.SaltBytes)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	var hash string
	err := db.hashing(ctx, func() { hash = credential.HashPassword(password, salt) })
	return hash, err
}

// hashing runs fn while at most mostHashing others run.
func (db *DB) hashing(ctx context.Context, fn func()) error {
	select {
	case db.hashers <- struct{}{}:
		defer func() { <-db.hashers }()
		fn()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// SignIn checks login and password and opens a session. It takes as long for a login that does not exist as for a wrong password; both
// give ErrSignIn.
func (db *DB) SignIn(ctx context.Context, tenant stock.TenantID, login, password string) (Session, error) {
	a, err := db.checkPassword(ctx, tenant, login, password)
	if err != nil {
		return Session{}, err
	}
	return db.openSession(ctx, a)
}

// account reads one account; hash may be nil.
func (tx *Tx) account(ctx context.Context, where string, hash *string, arg any) (Account, error) {
	a := Account{Tenant: tx.tenant}
	var created int64
	var ignored string
	if hash == nil {
		hash = &ignored
	}
	err := tx.one(ctx, []any{&a.ID, &a.Login, &a.Name, hash, &a.Role, &a.Language, &created},
		"SELECT account_id, login, name, password_hash, role, language, created_at FROM account WHERE tenant_id = $1 AND "+where, arg)
	a.CreatedAt = instant(created)
	return a, err
}

// SetPassword gives the account of a login another password and ends all its sessions. It gives ErrNotFound for an unknown login and a
// *credential.PasswordError for a refused password.
func (db *DB) SetPassword(ctx context.Context, tenant stock.TenantID, login, password string) error {
	hash, err := db.hashPassword(ctx, login, password)
	if err != nil {
		return err
	}
	return db.Write(ctx, tenant, func(tx *Tx) error {
		a, err := tx.account(ctx, "login = $2", nil, FoldLogin(login))
		if err != nil {
			return err
		}
		if _, err := tx.exec(ctx, "UPDATE account SET password_hash = $3 WHERE tenant_id = $1 AND account_id = $2", int64(a.ID), hash); err != nil {
			return err
		}
		_, err = tx.exec(ctx, "DELETE FROM session WHERE tenant_id = $1 AND account_id = $2", int64(a.ID))
		return err
	})
}

// SetLanguage changes the language in which an account sees the screens.
func (db *DB) SetLanguage(ctx context.Context, tenant stock.TenantID, account AccountID, language string) error {
	return db.Write(ctx, tenant, func(tx *Tx) error {
		n, err := tx.changed(ctx, "UPDATE account SET language = $3 WHERE tenant_id = $1 AND account_id = $2", int64(account), language)
		if err == nil && n == 0 {
			return ErrNotFound
		}
		return err
	})
}
