package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"soroi/internal/event"
	"soroi/internal/stock"
)

// ViewReport says that a view is sent once a day, and how that went.
type ViewReport struct {
	Hour       int    // of the tenant's time zone, 0 to 23
	Recipients string // addresses, separated by commas; "" sends no mail
	Webhook    bool   // tell the feed, and with it the webhooks that asked for it
	SkipEmpty  bool   // not on days on which the view finds nothing
	Language   string // of the mail and its file: ja or en
	Encoding   string // of the file
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
	ReportNever   ReportState = "" // nothing was sent: it was not time yet, or there was nothing to say
	ReportSending ReportState = "sending"
	ReportSent    ReportState = "sent"
	ReportFailed  ReportState = "failed" // surely not delivered
)

// due tells whether the report is to be sent now, which is in the given hour of the given day of the tenant's time zone.
func (r *ViewReport) due(now time.Time, today stock.Day, hour int) bool {
	if r.Day < today {
		return hour >= r.Hour
	}
	return r.State == ReportFailed && !r.NextTryAt.IsZero() && !now.Before(r.NextTryAt)
}

// here is the day and the hour in the tenant's time zone.
func (tx *Tx) here(ctx context.Context) (stock.Day, int, error) {
	zone, err := tx.zone(ctx)
	if err != nil {
		return 0, 0, err
	}
	return stock.DayOf(tx.now, zone), tx.now.In(zone).Hour(), nil
}

// SetReport says when and to whom a view is sent; nil sends it no more. Of a day whose hour has passed nothing is sent, so that a new report begins tomorrow; a day
// that failed is tried again at once. A view that is not there gives ErrNotFound.
func (db *DB) SetReport(ctx context.Context, tenant stock.TenantID, id ViewID, r *ViewReport) error {
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		if r == nil {
			_, err := tx.exec(ctx, "DELETE FROM view_report WHERE tenant_id = $1 AND view_id = $2", int64(id))
			return err
		}
		views, err := tx.views(ctx, " AND saved_view.view_id = $2", int64(id))
		if err == nil && len(views) == 0 {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		today, hour, err := tx.here(ctx)
		if err != nil {
			return err
		}
		var old ViewReport
		if views[0].Report != nil {
			old = *views[0].Report
		}
		day, state := old.Day, old.State
		if day < today && hour >= r.Hour {
			day, state = today, ReportNever
		}
		next := int64(0)
		if state == ReportFailed {
			next = micros(tx.now)
		}
		_, err = tx.exec(ctx, `INSERT INTO view_report (tenant_id, view_id, hour, recipients, webhook, skip_empty, language, encoding, day, state, next_try_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
			ON CONFLICT (tenant_id, view_id) DO UPDATE SET hour = excluded.hour, recipients = excluded.recipients, webhook = excluded.webhook, skip_empty = excluded.skip_empty,
			language = excluded.language, encoding = excluded.encoding, day = excluded.day, state = excluded.state, next_try_at = excluded.next_try_at`,
			int64(id), int64(r.Hour), r.Recipients, r.Webhook, r.SkipEmpty, r.Language, r.Encoding, int64(day), string(state), next)
		return err
	})
	if err != nil {
		return fmt.Errorf("set the report of view %d: %w", id, err)
	}
	return nil
}

// DueReports are the views that are to be sent now, with the day for which that is.
func (db *DB) DueReports(ctx context.Context, tenant stock.TenantID) (due []View, today stock.Day, err error) {
	err = db.Read(ctx, tenant, func(tx *Tx) error {
		due = due[:0]
		views, err := tx.views(ctx, " AND view_report.view_id IS NOT NULL")
		if err != nil || len(views) == 0 {
			return err
		}
		var hour int
		if today, hour, err = tx.here(ctx); err != nil {
			return err
		}
		for _, v := range views {
			if v.Report.due(tx.now, today, hour) {
				due = append(due, v)
			}
		}
		return nil
	})
	return due, today, err
}

// BeginReport takes the sending of a day's report for one caller: of any number that saw the view due, one is told true, and whoever crashes
// afterwards has used the day up. quiet is a day on which there is nothing to say. What the webhooks get is written in the same transaction, in a
// day's first try; without recipients that is all, and the report is sent.
func (db *DB) BeginReport(ctx context.Context, tenant stock.TenantID, v View, today stock.Day, quiet bool, body event.Report) (begun bool, err error) {
	r := v.Report
	err = db.Write(ctx, tenant, func(tx *Tx) error {
		state, sent := ReportSending, micros(r.SentAt)
		switch {
		case quiet:
			state = ReportNever
		case r.Recipients == "":
			state, sent = ReportSent, micros(tx.now)
		}
		tries := 1
		if r.Day == today {
			tries = r.Tries + 1
		}
		n, err := tx.changed(ctx, `UPDATE view_report SET day = $3, state = $4, tries = $5, next_try_at = 0, attempted_at = $6, sent_at = $7, failure = ''
			WHERE tenant_id = $1 AND view_id = $2 AND day = $8 AND state = $9 AND tries = $10 AND recipients = $11 AND webhook = $12`,
			int64(v.ID), int64(today), string(state), int64(tries), micros(tx.now), sent, int64(r.Day), string(r.State), int64(r.Tries), r.Recipients, r.Webhook)
		if begun = n == 1; err != nil || !begun || quiet || !r.Webhook || r.Day == today {
			return err
		}
		return tx.addEvents(ctx, []newEvent{{kind: event.ViewReport, body: event.Body(body)}})
	})
	return begun, err
}

// ReportResult is how the sending of a report ended.
type ReportResult struct {
	Failure string // "" when it was sent
	Unsure  bool   // nobody knows whether it was: it is not tried again
	// Retry is after how many tries of the day to try again in how long; 0 is not today.
	Retry func(tries int) time.Duration
}

// EndReport records how the sending that BeginReport gave out ended.
func (db *DB) EndReport(ctx context.Context, tenant stock.TenantID, id ViewID, today stock.Day, result ReportResult) error {
	return db.Write(ctx, tenant, func(tx *Tx) error {
		if result.Failure == "" {
			_, err := tx.exec(ctx, "UPDATE view_report SET state = 'sent', sent_at = $3 WHERE tenant_id = $1 AND view_id = $2 AND day = $4 AND state = 'sending'", int64(id), micros(tx.now), int64(today))
			return err
		}
		state, next, tries := ReportFailed, int64(0), 0
		if err := tx.one(ctx, []any{&tries}, "SELECT COALESCE(MAX(tries), 0) FROM view_report WHERE tenant_id = $1 AND view_id = $2", int64(id)); err != nil {
			return err
		}
		if result.Unsure {
			state = ReportSending
		} else if wait := result.Retry(tries); wait > 0 {
			next = micros(tx.now.Add(wait))
		}
		_, err := tx.exec(ctx, "UPDATE view_report SET state = $3, next_try_at = $4, failure = $5 WHERE tenant_id = $1 AND view_id = $2 AND day = $6 AND state = 'sending'",
			int64(id), string(state), next, result.Failure, int64(today))
		return err
	})
}

// views reads views by a condition on saved_view and view_report.
func (tx *Tx) views(ctx context.Context, where string, args ...any) ([]View, error) {
	var views []View
	err := tx.query(ctx, func(rows *sql.Rows) error {
		v, err := scanView(rows)
		views = append(views, v)
		return err
	}, "SELECT "+viewColumns+" WHERE saved_view.tenant_id = $1"+where+" ORDER BY saved_view.name", args...)
	return views, err
}

const viewColumns = `saved_view.view_id, saved_view.list, saved_view.name, saved_view.query, saved_view.home, saved_view.actor, saved_view.changed_at,
	view_report.hour, view_report.recipients, view_report.webhook, view_report.skip_empty, view_report.language, view_report.encoding, view_report.day, view_report.state,
	view_report.tries, view_report.next_try_at, view_report.sent_at, view_report.failure
	FROM saved_view LEFT JOIN view_report ON view_report.tenant_id = saved_view.tenant_id AND view_report.view_id = saved_view.view_id`

func scanView(rows *sql.Rows) (View, error) {
	var v View
	var changed int64
	var hour, day, tries, next, sent sql.NullInt64
	var recipients, language, encoding, state, failure sql.NullString
	var webhook, skip sql.NullBool
	err := rows.Scan(&v.ID, &v.List, &v.Name, &v.Query, &v.Home, &v.Actor, &changed, &hour, &recipients, &webhook, &skip, &language, &encoding, &day, &state, &tries, &next, &sent, &failure)
	v.ChangedAt = instant(changed)
	if hour.Valid {
		v.Report = &ViewReport{Hour: int(hour.Int64), Recipients: recipients.String, Webhook: webhook.Bool, SkipEmpty: skip.Bool, Language: language.String, Encoding: encoding.String,
			Day: stock.Day(day.Int64), State: ReportState(state.String), Tries: int(tries.Int64), NextTryAt: instant(next.Int64), SentAt: instant(sent.Int64), Failure: failure.String}
	}
	return v, err
}
