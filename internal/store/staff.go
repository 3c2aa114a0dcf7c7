package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"soroi/internal/credential"
	"soroi/internal/stock"
)

// ErrLastOwner says that a tenant must keep an owner.
var ErrLastOwner = errors.New("the tenant would have no owner left")

// ListAccounts lists the people who may sign in, the oldest account first.
func (db *DB) ListAccounts(ctx context.Context, tenant stock.TenantID) ([]Account, error) {
	var list []Account
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		list = list[:0]
		return tx.query(ctx, func(rows *sql.Rows) error {
			a := Account{Tenant: tenant}
			var created int64
			err := rows.Scan(&a.ID, &a.Login, &a.Name, &a.Role, &a.Language, &created)
			a.CreatedAt = instant(created)
			list = append(list, a)
			return err
		}, "SELECT account_id, login, name, role, language, created_at FROM account WHERE tenant_id = $1 ORDER BY account_id")
	})
	return list, err
}

// AddAccount adds somebody who may sign in. A refused password gives a *credential.PasswordError, an unusable login ErrLogin, one that is taken a
// *ConflictError.
func (db *DB) AddAccount(ctx context.Context, tenant stock.TenantID, n NewAccount, role Role) (Account, error) {
	a, hash, err := db.prepareAccount(ctx, tenant, n, role)
	if err != nil {
		return Account{}, err
	}
	err = db.Write(ctx, tenant, func(tx *Tx) error { return tx.addAccount(ctx, &a, hash) })
	if err != nil {
		return Account{}, fmt.Errorf("add an account: %w", err)
	}
	return a, nil
}

// prepareAccount checks what a new account is to be.
func (db *DB) prepareAccount(ctx context.Context, tenant stock.TenantID, n NewAccount, role Role) (a Account, hash string, err error) {
	a = Account{Tenant: tenant, Login: FoldLogin(n.Login), Name: strings.TrimSpace(n.Name), Role: role, Language: n.Language}
	if a.Login == "" || len(a.Login) > longestLogin {
		return a, "", ErrLogin
	}
	if a.Language == "" {
		a.Language = "ja"
	}
	hash, err = db.hashPassword(ctx, a.Login, n.Password)
	return a, hash, err
}

func (tx *Tx) addAccount(ctx context.Context, a *Account, hash string) error {
	id, err := tx.newID(ctx)
	if err != nil {
		return err
	}
	a.ID, a.CreatedAt = AccountID(id), tx.now
	_, err = tx.exec(ctx, "INSERT INTO account (tenant_id, account_id, login, name, password_hash, role, language, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		id, a.Login, a.Name, hash, string(a.Role), a.Language, micros(tx.now))
	return err
}

// RemoveAccount ends an account and its sessions at once. What the person did stays in the books under the login. The last owner gives ErrLastOwner.
func (db *DB) RemoveAccount(ctx context.Context, tenant stock.TenantID, id AccountID) error {
	return db.Write(ctx, tenant, func(tx *Tx) error {
		// The tenant's row is the lock: of two owners who remove each other at once, one stays.
		var locked int64
		if err := tx.one(ctx, []any{&locked}, "SELECT tenant_id FROM tenant WHERE tenant_id = $1"+tx.db.dialect.forUpdate()); err != nil {
			return err
		}
		var role Role
		if err := tx.one(ctx, []any{&role}, "SELECT role FROM account WHERE tenant_id = $1 AND account_id = $2", int64(id)); err != nil {
			return err
		}
		if role == Owner {
			var others int64
			if err := tx.one(ctx, []any{&others}, "SELECT COUNT(*) FROM account WHERE tenant_id = $1 AND role = 'owner' AND account_id <> $2", int64(id)); err != nil {
				return err
			}
			if others == 0 {
				return ErrLastOwner
			}
		}
		if _, err := tx.exec(ctx, "DELETE FROM session WHERE tenant_id = $1 AND account_id = $2", int64(id)); err != nil {
			return err
		}
		_, err := tx.exec(ctx, "DELETE FROM account WHERE tenant_id = $1 AND account_id = $2", int64(id))
		return err
	})
}

// ChangePassword lets somebody who knows a login's password choose another one. All sessions of the account end. A wrong password gives ErrSignIn, a
// refused new one a *credential.PasswordError.
func (db *DB) ChangePassword(ctx context.Context, tenant stock.TenantID, login, old, password string) error {
	if _, err := db.checkPassword(ctx, tenant, login, old); err != nil {
		return err
	}
	return db.SetPassword(ctx, tenant, login, password)
}

// checkPassword finds the account of a login and its password. It takes as long for a login that does not exist as for a wrong password; both give
// ErrSignIn.
func (db *DB) checkPassword(ctx context.Context, tenant stock.TenantID, login, password string) (Account, error) {
	var a Account
	var hash string
	err := db.Read(ctx, tenant, func(tx *Tx) (err error) {
		a, err = tx.account(ctx, "login = $2", &hash, FoldLogin(login))
		return err
	})
	known := err == nil
	if errors.Is(err, ErrNotFound) {
		hash, err = credential.NoPassword, nil
	}
	if err != nil {
		return Account{}, fmt.Errorf("sign in: %w", err)
	}
	var same bool
	var broken error
	if err := db.hashing(ctx, func() { same, broken = credential.SamePassword(hash, password) }); err != nil {
		return Account{}, err
	}
	if broken != nil {
		return Account{}, fmt.Errorf("account %d: %w", a.ID, broken)
	}
	if !known || !same {
		return Account{}, ErrSignIn
	}
	return a, nil
}
