// Package app wires soroi together: configuration, store, engine, API and screens, started and stopped in order.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"soroi/internal/channel"
	"soroi/internal/channel/all"
	"soroi/internal/clock"
	"soroi/internal/engine"
	"soroi/internal/feed"
	"soroi/internal/importer"
	"soroi/internal/mail"
	"soroi/internal/report"
	"soroi/internal/store"
	"soroi/internal/web/low"
)

// Specs lists the channels that this soroi speaks.
func Specs() []channel.Spec { return all.Specs() }

// Config is everything that a process is told from outside.
type Config struct {
	// DatabaseURL is postgres://… or the path of a SQLite file.
	DatabaseURL string
	// Listen is the address of the screens and the API, host:port; port 0 takes a free one.
	Listen string
	// PublicURL is where browsers and shops reach this soroi: https://, a host and nothing behind it; http:// is for simulated malls. Shops that
	// can are asked to send webhooks there. "" asks none, and the screens are at the listening address.
	PublicURL string
	Engine    engine.Options
	Feed      feed.Options // Changed and Policy.Test follow the engine
	Mail      mail.Config  // of the views that are sent every day
	Clock     clock.Clock
	Log       *slog.Logger
}

// App is one running soroi.
type App struct {
	DB     *store.DB
	Engine *engine.Service
	Feed   *feed.Service
	Import *importer.Service
	Daily  *report.Daily

	config   Config
	listener net.Listener
	handler  http.Handler
}

// Open opens the database, brings its schema up to date, and listens; nothing runs before Run. A database without any merchant gets one,
// so that the first visitor can set it up.
func Open(ctx context.Context, c Config) (*App, error) {
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	var err error
	if c.PublicURL, err = checkPublicURL(c.PublicURL, c.Engine.TestMalls); err != nil {
		return nil, err
	}
	c.Engine.PublicURL = c.PublicURL
	letters, err := mail.New(c.Mail)
	if err != nil {
		return nil, err
	}
	db, err := OpenStore(ctx, c.DatabaseURL, c.Clock)
	if err != nil {
		return nil, err
	}
	ran, err := db.Migrate(ctx)
	if err == nil {
		err = EnsureTenant(ctx, db)
	}
	if err == nil {
		err = sealSettings(ctx, db, c.DatabaseURL, c.Log)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if len(ran) > 0 {
		c.Log.Info("schema brought up to date", "migrations", len(ran))
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen on %s: %w; give another address with --listen", c.Listen, err), db.Close())
	}
	if c.PublicURL == "" {
		c.PublicURL = "http://" + listener.Addr().String()
	}
	a := &App{DB: db, config: c, listener: listener, Engine: engine.New(db, c.Clock, c.Log, Specs(), c.Engine)}
	c.Feed.Changed, c.Feed.Policy.Test = a.Engine.Subscribe, c.Engine.TestMalls
	a.Feed = feed.New(db, c.Clock, c.Log, c.Feed)
	a.Import = importer.New(db, c.Clock, c.Log, a.Engine.Changed)
	a.Daily = report.NewDaily(db, c.Clock, c.Log, letters, c.PublicURL, low.ReadSaved)
	a.handler, err = a.routes()
	if err != nil {
		return nil, errors.Join(err, listener.Close(), db.Close())
	}
	return a, nil
}

// checkPublicURL is the address without the slash that people add.
func checkPublicURL(address string, testMalls bool) (string, error) {
	if address == "" {
		return "", nil
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil:
		return "", fmt.Errorf("--public-url %q is not an address such as https://soroi.example", address)
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return "", fmt.Errorf("--public-url %q has something behind the host; soroi is reached at the root of a host, such as https://%s", address, u.Host)
	case u.Scheme == "http" && !testMalls:
		return "", fmt.Errorf("--public-url %q must begin with https://: passwords and the shops' webhooks come in there. Without --public-url soroi serves "+
			"the screens at --listen and asks no shop for webhooks", address)
	}
	return u.Scheme + "://" + u.Host, nil
}

// OpenExisting opens a database that is there and up to date, for commands that look into it: a name that was mistyped makes no new file.
func OpenExisting(ctx context.Context, database string, c clock.Clock) (*store.DB, error) {
	path := strings.TrimPrefix(database, "sqlite:")
	if !strings.HasPrefix(path, "postgres://") && !strings.HasPrefix(path, "postgresql://") && path != "" {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("there is no database: %w; name another one with --db, or make this one with: soroi migrate --db %s", err, database)
		}
	}
	db, err := OpenStore(ctx, database, c)
	if err != nil {
		return nil, err
	}
	pending, err := db.Pending(ctx)
	if err == nil && len(pending) > 0 {
		err = fmt.Errorf("the schema of %s is behind by %d; run: soroi migrate --db %s", database, len(pending), database)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// OpenStore opens a database with the keys of its shops' settings, where there are any.
func OpenStore(ctx context.Context, database string, c clock.Clock) (*store.DB, error) {
	if strings.TrimSpace(database) == "" {
		return nil, errors.New("no database: give --db or set SOROI_DATABASE_URL")
	}
	db, err := store.Open(ctx, database, c)
	if err != nil {
		return nil, err
	}
	keys, err := findKeys(db, database)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	db.UseKeys(keys)
	return db, nil
}

// EnsureTenant adds the first merchant. Two processes that start at once agree by the code's unique key.
func EnsureTenant(ctx context.Context, db *store.DB) error {
	tenants, err := db.ListTenants(ctx)
	if err != nil || len(tenants) > 0 {
		return err
	}
	_, err = db.AddTenant(ctx, "main", "")
	var taken *store.ConflictError
	if errors.As(err, &taken) {
		return nil
	}
	return err
}

// URL is where the screens are.
func (a *App) URL() string { return a.config.PublicURL }

// Addr is the address that the process listens on.
func (a *App) Addr() string { return a.listener.Addr().String() }

// Run serves until ctx ends, then stops taking requests, ends the engine (the call in flight is finished and recorded) and closes the
// database.
func (a *App) Run(ctx context.Context) error {
	server := &http.Server{Handler: a.handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(a.config.Log.Handler(), slog.LevelWarn)}
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServing()
	server.BaseContext = func(net.Listener) context.Context { return serving }
	var running sync.WaitGroup
	var engineErr, feedErr error
	engineCtx, stopEngine := context.WithCancel(ctx)
	defer stopEngine()
	running.Go(func() { engineErr = a.Engine.Run(engineCtx) })
	running.Go(func() { feedErr = a.Feed.Run(engineCtx) })
	running.Go(func() { a.Import.Run(engineCtx) })
	running.Go(func() { a.Daily.Run(engineCtx) })
	failed := make(chan error, 1)
	running.Go(func() { failed <- server.Serve(a.listener) })
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	stopEngine()
	stopServing() // ends live streams, which would keep Shutdown waiting
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if stopped := server.Shutdown(closing); stopped != nil {
		err = errors.Join(err, stopped)
	}
	running.Wait()
	return errors.Join(err, engineErr, feedErr, a.DB.Close())
}
