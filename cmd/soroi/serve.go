package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"soroi/internal/app"
	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/engine"
	"soroi/internal/event"
	"soroi/internal/feed"
	"soroi/internal/store"
)

// engineFlags are the paces of the engine, and what only simulated malls may be given.
type engineFlags struct {
	options engine.Options
	rates   []string
	clock   string
}

func (f *engineFlags) bind(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.DurationVar(&f.options.Poll, "poll", 0, "how often each shop is asked for new orders (default: the channel's own)")
	flags.DurationVar(&f.options.OpenEvery, "open-every", 5*time.Minute, "how often each order that is not final is looked at again")
	flags.DurationVar(&f.options.ReadEvery, "read-every", 30*time.Minute, "how often each listing's shown number is read")
	flags.BoolVar(&f.options.TestMalls, "test-malls", false, "for tests: accept addresses that are not the malls' own, and plain HTTP")
	flags.StringSliceVar(&f.rates, "test-rate", nil, "for tests: another limit, as `channel/bucket=calls-per-second`; needs --test-malls")
	flags.StringVar(&f.clock, "test-clock", "", "for tests: a faster clock, as `epoch,from,speed` (microseconds since 1970); needs --test-malls")
}

// resolve checks the flags and returns the engine's options and its clock.
func (f *engineFlags) resolve() (engine.Options, clock.Clock, error) {
	if !f.options.TestMalls && (len(f.rates) > 0 || f.clock != "") {
		return engine.Options{}, nil, fmt.Errorf("--test-rate and --test-clock are for simulated malls and need --test-malls")
	}
	o := f.options
	o.Rates = make(map[channel.Kind][]channel.Rate)
	for _, text := range f.rates {
		name, calls, ok := strings.Cut(text, "=")
		kind, bucket, ok2 := strings.Cut(name, "/")
		perSecond, err := strconv.ParseFloat(calls, 64)
		if !ok || !ok2 || err != nil || perSecond <= 0 {
			return o, nil, fmt.Errorf("--test-rate %q is not channel/bucket=calls-per-second", text)
		}
		o.Rates[channel.Kind(kind)] = append(o.Rates[channel.Kind(kind)], channel.Rate{Bucket: bucket, Calls: perSecond, Per: time.Second, Burst: max(perSecond, 1)})
	}
	if f.clock == "" {
		return o, clock.System{}, nil
	}
	c, err := clock.ParseScaled(f.clock)
	return o, c, err
}

func serveCommand() *cobra.Command {
	var c common
	var e engineFlags
	var f feed.Options
	var listen, public string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Keep the shops in line, with screens and API",
		Long: `Serve runs soroi: it pulls orders, keeps the ledger, publishes quantities, and serves screens and API.
The first visitor sets up the owner's account. Shops are added on the screen or with "soroi shop add"; a new one starts in
rehearsal and nothing is sent to it before it is set live.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, clk, err := e.resolve()
			if err != nil {
				return err
			}
			if f.Keep < event.GiveUpAfter {
				return fmt.Errorf("--keep-events %s is too short: a webhook may fail for %s before it is stopped, and would miss what is not kept", f.Keep, event.GiveUpAfter)
			}
			a, err := app.Open(cmd.Context(), app.Config{DatabaseURL: c.database, Listen: listen, PublicURL: public, Engine: options, Feed: f, Clock: clk, Log: c.logger()})
			if err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "soroi is at %s  (database: %s)\n", a.URL(), a.DB.Engine())
			return a.Run(cmd.Context())
		},
	}
	c.bind(cmd)
	e.bind(cmd)
	cmd.Flags().DurationVar(&f.Keep, "keep-events", 7*24*time.Hour, "how long events are kept for the feed and for webhooks")
	cmd.Flags().BoolVar(&f.Policy.Private, "webhook-private", false, "let webhooks have addresses that are not public: this machine's, the local network's")
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "`address` of screens and API")
	cmd.Flags().StringVar(&public, "public-url", os.Getenv("SOROI_PUBLIC_URL"), "the `address` under which browsers and shops reach this soroi, such as https://soroi.example; shops that can are asked to send webhooks there (SOROI_PUBLIC_URL)")
	return cmd
}

func migrateCommand() *cobra.Command {
	var c common
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database's schema up to date; a SQLite file is backed up first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			db, err := app.OpenStore(cmd.Context(), c.database, clock.System{})
			if err != nil {
				return err
			}
			defer db.Close()
			pending, err := db.Pending(cmd.Context())
			if err != nil {
				return err
			}
			if len(pending) == 0 {
				fmt.Fprintln(cmd.OutOrStdout(), "the schema is up to date")
				return nil
			}
			if len(pending) == len(store.Migrations()) {
				fmt.Fprintln(cmd.OutOrStdout(), "the database is new: there is nothing to back up")
			} else if err := backUp(cmd, db, c.database); err != nil {
				return err
			}
			ran, err := db.Migrate(cmd.Context())
			for _, name := range ran {
				fmt.Fprintln(cmd.OutOrStdout(), "ran", name)
			}
			if err != nil {
				return err
			}
			return app.EnsureTenant(cmd.Context(), db)
		},
	}
	c.bind(cmd)
	return cmd
}

// backUp copies a SQLite file beside itself before its schema changes.
func backUp(cmd *cobra.Command, db *store.DB, database string) error {
	path, err := db.Backup(cmd.Context(), database, clock.System{}.Now())
	if err == nil && path != "" {
		fmt.Fprintln(cmd.OutOrStdout(), "backup:", path)
	}
	return err
}
