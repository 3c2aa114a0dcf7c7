package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"soroi/internal/stock"
)

// ViewID names a saved view.
type ViewID int64

// View is a named way to look at a list (事前設定).
type View struct {
	ID        ViewID
	List      string // which list
	Name      string
	Query     string // the list's address without the place, as the list reads it
	Home      bool   // the list opens with it
	Actor     string
	ChangedAt time.Time
	Report    *ViewReport // nil when it is not sent
}

// MostViews bounds the views of one list.
const MostViews = 100

// ErrTooMany says that there are as many as there may be.
var ErrTooMany = errors.New("there are too many")

// LongestViewName bounds a view's name, in characters.
const LongestViewName = 60

// SaveView keeps a view under its name: it changes the view that has the id, or makes a new one where the id is 0. A name that another view of the list has
// gives a *ConflictError, a view that is not there ErrNotFound, and one view more than MostViews ErrTooMany.
func (db *DB) SaveView(ctx context.Context, tenant stock.TenantID, v View) (ViewID, error) {
	id := v.ID
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		id = v.ID
		if id == 0 {
			var n int64
			if err := tx.one(ctx, []any{&n}, "SELECT COUNT(*) FROM saved_view WHERE tenant_id = $1 AND list = $2", v.List); err != nil {
				return err
			}
			if n >= MostViews {
				return ErrTooMany
			}
			fresh, err := tx.newID(ctx)
			if err != nil {
				return err
			}
			id = ViewID(fresh)
			_, err = tx.exec(ctx, "INSERT INTO saved_view (tenant_id, view_id, list, name, query, actor, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
				fresh, v.List, v.Name, v.Query, v.Actor, micros(tx.now))
			if err != nil {
				return err
			}
		} else {
			n, err := tx.changed(ctx, "UPDATE saved_view SET name = $3, query = $4, actor = $5, changed_at = $6 WHERE tenant_id = $1 AND view_id = $2 AND list = $7",
				int64(id), v.Name, v.Query, v.Actor, micros(tx.now), v.List)
			if err == nil && n == 0 {
				err = ErrNotFound
			}
			if err != nil {
				return err
			}
		}
		if v.Home {
			return tx.setHome(ctx, v.List, id)
		}
		_, err := tx.exec(ctx, "UPDATE saved_view SET home = FALSE WHERE tenant_id = $1 AND view_id = $2", int64(id))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("save view %q: %w", v.Name, err)
	}
	return id, nil
}

func (tx *Tx) setHome(ctx context.Context, list string, id ViewID) error {
	_, err := tx.exec(ctx, "UPDATE saved_view SET home = (view_id = $2) WHERE tenant_id = $1 AND list = $3", int64(id), list)
	return err
}

// DeleteView removes a view, and with it its report.
func (db *DB) DeleteView(ctx context.Context, tenant stock.TenantID, id ViewID) error {
	return db.Write(ctx, tenant, func(tx *Tx) error {
		if _, err := tx.exec(ctx, "DELETE FROM view_report WHERE tenant_id = $1 AND view_id = $2", int64(id)); err != nil {
			return err
		}
		_, err := tx.exec(ctx, "DELETE FROM saved_view WHERE tenant_id = $1 AND view_id = $2", int64(id))
		return err
	})
}

// ListViews lists the views of a list by name.
func (db *DB) ListViews(ctx context.Context, tenant stock.TenantID, list string) ([]View, error) {
	var views []View
	err := db.Read(ctx, tenant, func(tx *Tx) (err error) {
		views, err = tx.views(ctx, " AND saved_view.list = $2", list)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list views: %w", err)
	}
	return views, nil
}
