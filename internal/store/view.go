package store

import (
	"context"
	"database/sql"
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

// ViewReport says that a view is sent once a day, and how that went.
type ViewReport struct {
	Hour       int    // of the tenant's time zone, 0 to 23
	Recipients string // addresses, separated by commas; "" sends no mail
	Webhook    bool   // tell the webhooks that asked for it
	SkipEmpty  bool   // not on days on which the view finds nothing
	Day        stock.Day
	State      ReportState
	Tries      int // of that day
	NextTryAt  time.Time
	SentAt     time.Time // the last that went out
	Failure    string    // of the last try, for the operator
}

// ReportState is what became of the report of the last day.
type ReportState string

// The states. Sending is one that has begun: after a crash nobody knows whether it went out, and it is not begun again that day.
const (
	ReportNever   ReportState = ""
	ReportSending ReportState = "sending"
	ReportSent    ReportState = "sent"
	ReportFailed  ReportState = "failed" // surely not delivered
)

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

const viewColumns = `saved_view.view_id, saved_view.list, saved_view.name, saved_view.query, saved_view.home, saved_view.actor, saved_view.changed_at,
	view_report.hour, view_report.recipients, view_report.webhook, view_report.skip_empty, view_report.day, view_report.state, view_report.tries, view_report.next_try_at,
	view_report.sent_at, view_report.failure
	FROM saved_view LEFT JOIN view_report ON view_report.tenant_id = saved_view.tenant_id AND view_report.view_id = saved_view.view_id`

func scanView(rows *sql.Rows) (View, error) {
	var v View
	var changed int64
	var hour, day, tries, next, sent sql.NullInt64
	var recipients, state, failure sql.NullString
	var webhook, skip sql.NullBool
	err := rows.Scan(&v.ID, &v.List, &v.Name, &v.Query, &v.Home, &v.Actor, &changed, &hour, &recipients, &webhook, &skip, &day, &state, &tries, &next, &sent, &failure)
	v.ChangedAt = instant(changed)
	if hour.Valid {
		v.Report = &ViewReport{Hour: int(hour.Int64), Recipients: recipients.String, Webhook: webhook.Bool, SkipEmpty: skip.Bool, Day: stock.Day(day.Int64), State: ReportState(state.String),
			Tries: int(tries.Int64), NextTryAt: instant(next.Int64), SentAt: instant(sent.Int64), Failure: failure.String}
	}
	return v, err
}

// ListViews lists the views of a list by name.
func (db *DB) ListViews(ctx context.Context, tenant stock.TenantID, list string) ([]View, error) {
	var views []View
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		views = views[:0]
		return tx.query(ctx, func(rows *sql.Rows) error {
			v, err := scanView(rows)
			views = append(views, v)
			return err
		}, "SELECT "+viewColumns+" WHERE saved_view.tenant_id = $1 AND saved_view.list = $2 ORDER BY saved_view.name", list)
	})
	if err != nil {
		return nil, fmt.Errorf("list views: %w", err)
	}
	return views, nil
}
