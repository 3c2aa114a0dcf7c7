package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"soroi/internal/clock"
	"soroi/internal/event"
	"soroi/internal/exchange"
	"soroi/internal/mail"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// Daily sends the views that are wanted every day (事前設定の毎日の送信): by mail, and as events to those who listen. Any number of processes may run it.
type Daily struct {
	db    *store.DB
	clock clock.Clock
	log   *slog.Logger
	mail  *mail.Service
	url   string
	read  func(saved string) (store.LowQuery, []string)
}

// NewDaily makes it; Run starts it. url is where the screens are, and read understands what a saved view keeps.
func NewDaily(db *store.DB, c clock.Clock, log *slog.Logger, m *mail.Service, url string, read func(saved string) (store.LowQuery, []string)) *Daily {
	return &Daily{db: db, clock: c, log: log, mail: m, url: url, read: read}
}

// Mail is what sends the letters.
func (d *Daily) Mail() *mail.Service { return d.mail }

// How often is looked for views that are due, and how many are sent at once.
const (
	dailyEvery  = 20 * time.Second
	mostAtOnce  = 4
	letterRows  = 20       // rows in a letter's table, and in an event
	largestFile = 10 << 20 // bytes of an attachment
)

// dailyRetries is how long to wait after so many failures of a day. After the last the day is given up.
var dailyRetries = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, time.Hour, 2 * time.Hour, 2 * time.Hour, 4 * time.Hour}

// Run works until ctx ends.
func (d *Daily) Run(ctx context.Context) {
	for {
		d.Round(ctx)
		if d.clock.Sleep(ctx, dailyEvery) != nil {
			return
		}
	}
}

// Round sends what is due now, once.
func (d *Daily) Round(ctx context.Context) {
	tenants, err := d.db.ListTenants(ctx)
	if err != nil && ctx.Err() == nil {
		d.log.Error("list tenants", "error", err)
	}
	var work sync.WaitGroup
	defer work.Wait()
	places := make(chan struct{}, mostAtOnce)
	for _, t := range tenants {
		due, today, err := d.db.DueReports(ctx, t.ID)
		if err != nil && ctx.Err() == nil {
			d.log.Error("look for views to send", "tenant", t.ID, "error", err)
		}
		for _, v := range due {
			places <- struct{}{}
			work.Go(func() {
				defer func() { <-places }()
				if err := d.send(ctx, t.ID, v, today); err != nil && ctx.Err() == nil {
					d.log.Error("send a view", "tenant", t.ID, "view", v.ID, "error", err)
				}
			})
		}
	}
}

// send sends one view. What is slow is done before it is begun, so that a crash in between uses no day up.
func (d *Daily) send(ctx context.Context, tenant stock.TenantID, v store.View, today stock.Day) error {
	c, err := d.find(ctx, tenant, v, today)
	if err != nil {
		return err
	}
	quiet := v.Report.SkipEmpty && len(c.event.Items) == 0
	var letter mail.Letter
	if !quiet && v.Report.Recipients != "" {
		if letter, err = d.letter(ctx, tenant, v, c); err != nil {
			return err
		}
	}
	begun, err := d.db.BeginReport(ctx, tenant, v, today, quiet, c.event)
	if err != nil || !begun || len(letter.To) == 0 {
		return err
	}
	// Once begun it is ended, also while the process stops: the letter has its own time limit.
	ctx = context.WithoutCancel(ctx)
	err = d.mail.Send(ctx, letter)
	result := store.ReportResult{}
	var p *mail.Problem
	if errors.As(err, &p) {
		d.log.Warn("a view was not sent by mail", "tenant", tenant, "view", v.ID, "sort", p.Sort)
		result.Failure, result.Unsure = Failure(p), p.Sort == mail.Unsure
		result.Retry = func(tries int) time.Duration {
			if !p.Passing() || tries > len(dailyRetries) {
				return 0
			}
			return dailyRetries[max(tries, 1)-1]
		}
	} else if err != nil {
		return err
	}
	return d.db.EndReport(ctx, tenant, v.ID, today, result)
}

// Failure is a problem as it is kept; ReadFailure reads it.
func Failure(p *mail.Problem) string {
	text := []rune(p.Text)
	return string(p.Sort) + ": " + string(text[:min(len(text), 500)])
}

// ReadFailure is the sort of a kept failure, and the server's words.
func ReadFailure(kept string) (mail.Sort, string) {
	sort, text, _ := strings.Cut(kept, ": ")
	return mail.Sort(sort), text
}

// Try sends a view to its addresses at once, marked as a try; it leaves the day's report as it is. The error is a *mail.Problem where the letter was not sent.
func (d *Daily) Try(ctx context.Context, tenant stock.TenantID, v store.View) error {
	c, err := d.find(ctx, tenant, v, 0)
	if err != nil {
		return err
	}
	letter, err := d.letter(ctx, tenant, v, c)
	if err != nil {
		return err
	}
	letter.ID += fmt.Sprintf(".try.%d", d.clock.Now().UnixMicro())
	letter.Subject = words[language(v)].try + letter.Subject
	return d.mail.Send(ctx, letter)
}

// found is what a view finds.
type found struct {
	query   store.LowQuery
	columns []string
	page    store.LowPage
	event   event.Report
}

// find reads what the view finds. A day of 0 is today.
func (d *Daily) find(ctx context.Context, tenant stock.TenantID, v store.View, day stock.Day) (found, error) {
	var c found
	if day == 0 {
		var err error
		if _, day, err = d.db.DueReports(ctx, tenant); err != nil {
			return c, err
		}
	}
	c.query, c.columns = d.read(v.Query)
	q := c.query
	q.Limit = letterRows
	page, err := d.db.ListLow(ctx, tenant, q)
	if err != nil {
		return c, err
	}
	c.page = page
	c.event = event.Report{View: int64(v.ID), Name: v.Name, Day: day.String(), SKUs: page.SKUs, Out: page.Out, URL: fmt.Sprintf("%s/low?view=%d", d.url, v.ID), Items: []event.ReportRow{}, More: page.Next != ""}
	for _, r := range page.Rows {
		row := event.ReportRow{Code: r.Code, Name: r.Name, Available: r.Available, Inbound: r.Inbound, Shortfall: r.Shortfall}
		if r.Reorder.Set {
			row.ReorderPoint = &r.Reorder.Units
		}
		c.event.Items = append(c.event.Items, row)
	}
	return c, nil
}

// file is the whole view as a file, with a note where it could not be as it was wanted; nil where it is too large to be sent.
func (d *Daily) file(ctx context.Context, tenant stock.TenantID, v store.View, c found) (content []byte, encoding exchange.Encoding, err error) {
	encoding = exchange.Encoding(v.Report.Encoding)
	for {
		out := &bounded{}
		_, err = WriteLow(ctx, d.db, tenant, c.query, out, exchange.WriteOptions{Encoding: encoding, Columns: c.columns, Language: language(v)})
		var wrong *exchange.Problem
		switch {
		case err == nil:
			return out.Bytes(), encoding, nil
		case errors.Is(err, errLarge):
			return nil, encoding, nil
		case errors.As(err, &wrong) && encoding != exchange.UTF8BOM:
			encoding = exchange.UTF8BOM // a code has a character that the wanted encoding lacks
		default:
			return nil, encoding, err
		}
	}
}

var errLarge = errors.New("too large to be sent")

// bounded is a buffer that takes no more than largestFile.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(part []byte) (int, error) {
	if b.Len()+len(part) > largestFile {
		return 0, errLarge
	}
	return b.Buffer.Write(part)
}
