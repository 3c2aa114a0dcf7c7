package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"soroi/internal/channel"
	"soroi/internal/credential"
	"soroi/internal/stock"
)

// UseKeys gives the database the keys that shops' settings and webhooks' secrets are sealed with; without any they lie in clear. It is called before anything
// else is.
func (db *DB) UseKeys(keys credential.Keys) { db.keys = keys }

// about names the place of a setting, so that a sealed value does not open anywhere else.
func (tx *Tx) about(shop channel.ShopID, field string) string {
	return fmt.Sprintf("%d/%d/%s", tx.tenant, shop, field)
}

// sealSetting is a setting as it is written, and the id of its key: "" in clear.
func (tx *Tx) sealSetting(shop channel.ShopID, field string, value channel.Secret) (key, text string) {
	if len(tx.db.keys) == 0 {
		return "", value.Reveal()
	}
	return tx.db.keys.Seal(value.Reveal(), tx.about(shop, field))
}

// openSetting is sealSetting's other way. The error wraps a *credential.KeyError or credential.ErrSeal.
func (tx *Tx) openSetting(shop channel.ShopID, field, key, text string) (channel.Secret, error) {
	if key == "" {
		return channel.Secret(text), nil
	}
	plain, err := tx.db.keys.Open(key, text, tx.about(shop, field))
	if err != nil {
		return "", fmt.Errorf("setting %s of shop %d: %w", field, shop, err)
	}
	return channel.Secret(plain), nil
}

// SealedWith lists the ids of the keys that shops' settings and webhooks' secrets are sealed with, of all merchants; "" is among them when some
// lie in clear.
func (db *DB) SealedWith(ctx context.Context) ([]string, error) {
	tenants, err := db.ListTenants(ctx)
	if err != nil {
		return nil, err
	}
	ids := make(map[string]bool)
	for _, t := range tenants {
		err := db.Read(ctx, t.ID, func(tx *Tx) error {
			return tx.query(ctx, func(rows *sql.Rows) error {
				var id string
				err := rows.Scan(&id)
				ids[id] = true
				return err
			}, "SELECT key_id FROM shop_setting WHERE tenant_id = $1 UNION SELECT key_id FROM webhook WHERE tenant_id = $1 UNION SELECT old_key_id FROM webhook WHERE tenant_id = $1 AND old_secret <> ''")
		})
		if err != nil {
			return nil, err
		}
	}
	var list []string
	for id := range ids {
		list = append(list, id)
	}
	slices.Sort(list)
	return list, nil
}

// Reseal seals with the first key what lies in clear or is sealed with another one, and leaves nothing of the old form behind where the
// engine lets it. It returns how many settings it changed. A setting that none of the keys opens is an error, and then nothing is changed
// of that merchant.
func (db *DB) Reseal(ctx context.Context) (int, error) {
	if len(db.keys) == 0 {
		return 0, errors.New("there is no key to seal with")
	}
	tenants, err := db.ListTenants(ctx)
	if err != nil {
		return 0, err
	}
	var done, clear int
	for _, t := range tenants {
		n, plain, err := db.reseal(ctx, t.ID)
		if err != nil {
			return done, fmt.Errorf("seal the settings of %s: %w", t.Code, err)
		}
		done += n
		clear += plain
	}
	if clear > 0 {
		if err := db.dialect.scrub(ctx, db.write); err != nil {
			return done, fmt.Errorf("wipe the settings that lay in clear: %w", err)
		}
	}
	return done, nil
}

// reseal is Reseal for one merchant; clear is how many of the changed settings lay in clear.
func (db *DB) reseal(ctx context.Context, tenant stock.TenantID) (n, clear int, err error) {
	first := db.keys[0].ID()
	err = db.Write(ctx, tenant, func(tx *Tx) error {
		type setting struct {
			shop            channel.ShopID
			field, key, was string
			value           channel.Secret
		}
		var settings []setting
		err := tx.query(ctx, func(rows *sql.Rows) (err error) {
			var s setting
			if err := rows.Scan(&s.shop, &s.field, &s.key, &s.was); err != nil {
				return err
			}
			s.value, err = tx.openSetting(s.shop, s.field, s.key, s.was)
			settings = append(settings, s)
			return err
		}, "SELECT shop_id, field, key_id, value FROM shop_setting WHERE tenant_id = $1 AND key_id <> $2", first)
		if err != nil {
			return err
		}
		if n, clear, err = tx.resealSecrets(ctx); err != nil {
			return err
		}
		for _, s := range settings { // a handful of shops with a handful of fields each
			key, text := tx.sealSetting(s.shop, s.field, s.value)
			// Whoever has saved the setting meanwhile has sealed it.
			changed, err := tx.changed(ctx, "UPDATE shop_setting SET key_id = $4, value = $5 WHERE tenant_id = $1 AND shop_id = $2 AND field = $3 AND value = $6",
				int64(s.shop), s.field, key, text, s.was)
			if err != nil {
				return err
			}
			n += int(changed)
			if s.key == "" {
				clear += int(changed)
			}
		}
		return nil
	})
	return n, clear, err
}

// ForgetSealed pauses the shops that have settings which none of the keys opens, and takes those settings away, so that they can be entered
// again. It does the like to webhooks' secrets (forgetSecrets). It returns the names.
func (db *DB) ForgetSealed(ctx context.Context) ([]string, error) {
	tenants, err := db.ListTenants(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, t := range tenants {
		var here []string
		err := db.Write(ctx, t.ID, func(tx *Tx) error {
			here = here[:0]
			shops, err := tx.bareShops(ctx)
			if err != nil {
				return err
			}
			lost := make(map[channel.ShopID][]string)
			err = tx.query(ctx, func(rows *sql.Rows) error {
				var shop channel.ShopID
				var field, key, text string
				if err := rows.Scan(&shop, &field, &key, &text); err != nil {
					return err
				}
				if _, err := tx.openSetting(shop, field, key, text); err != nil {
					lost[shop] = append(lost[shop], field)
				}
				return nil
			}, "SELECT shop_id, field, key_id, value FROM shop_setting WHERE tenant_id = $1")
			if err != nil {
				return err
			}
			for _, s := range shops {
				for _, field := range lost[s.ID] {
					if _, err := tx.exec(ctx, "DELETE FROM shop_setting WHERE tenant_id = $1 AND shop_id = $2 AND field = $3", int64(s.ID), field); err != nil {
						return err
					}
				}
				if len(lost[s.ID]) == 0 {
					continue
				}
				if _, err := tx.exec(ctx, "UPDATE shop SET mode = $3 WHERE tenant_id = $1 AND shop_id = $2", int64(s.ID), string(Paused)); err != nil {
					return err
				}
				here = append(here, s.Name+" ("+strings.Join(lost[s.ID], ", ")+")")
			}
			hooks, err := tx.forgetSecrets(ctx)
			here = append(here, hooks...)
			return err
		})
		if err != nil {
			return nil, err
		}
		names = append(names, here...)
	}
	return names, nil
}
