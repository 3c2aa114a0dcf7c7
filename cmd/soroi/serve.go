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
	"soroi/internal/mail"
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
	var m mail.Config
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
			a, err := app.Open(cmd.Context(), app.Config{DatabaseURL: c.database, Listen: listen, PublicURL: public, Engine: options, Feed: f, Mail: m, Clock: clk, Log: c.logger()})
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
	bindMail(cmd, &m)
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "`address` of screens and API")
	cmd.Flags().StringVar(&public, "public-url", os.Getenv("SOROI_PUBLIC_URL"), "the `address` under which browsers and shops reach this soroi, such as https://soroi.example; shops that can are asked to send webhooks there (SOROI_PUBLIC_URL)")
	return cmd
}

// bindMail adds the flags of the SMTP server. The password has no flag: everybody on the machine sees a command's arguments.
func bindMail(cmd *cobra.Command, m *mail.Config) {
	flags := cmd.Flags()
	port, err := strconv.Atoi(os.Getenv("SOROI_SMTP_PORT"))
	if err != nil {
		port = 0
	}
	way := os.Getenv("SOROI_SMTP_TLS")
	if way == "" {
		way = string(mail.StartTLS)
	}
	flags.StringVar(&m.Host, "smtp-host", os.Getenv("SOROI_SMTP_HOST"), "the `server` that mail is handed to; without it no view can be sent by mail (SOROI_SMTP_HOST)")
	flags.IntVar(&m.Port, "smtp-port", port, "its `port`; 0 is 587, with --smtp-tls tls 465, with none 25 (SOROI_SMTP_PORT)")
	flags.StringVar(&m.User, "smtp-user", os.Getenv("SOROI_SMTP_USER"), "the `user` there; the password is in SOROI_SMTP_PASSWORD (SOROI_SMTP_USER)")
	flags.StringVar(&m.From, "smtp-from", os.Getenv("SOROI_SMTP_FROM"), "the `address` that mail comes from (SOROI_SMTP_FROM)")
	flags.StringVar((*string)(&m.Encryption), "smtp-tls", way, "starttls, tls, or none for a server on this machine without a password (SOROI_SMTP_TLS)")
	m.Password = os.Getenv("SOROI_SMTP_PASSWORD")
}

func mailCommand() *cobra.Command {
	var m mail.Config
	var to []string
	cmd := &cobra.Command{
		Use:   "mail",
		Short: "Send a mail that only tries the SMTP settings of serve out",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := mail.New(m)
			if err != nil {
				return err
			}
			if !s.Ready() {
				return fmt.Errorf("there is no mail server: give --smtp-host, or set SOROI_SMTP_HOST")
			}
			for i := range to {
				if to[i], err = mail.Address(to[i]); err != nil {
					return err
				}
			}
			err = s.Send(cmd.Context(), mail.Letter{ID: "try." + strconv.FormatInt(clock.System{}.Now().UnixMicro(), 10), To: to, Subject: "soroi: テストメール / test mail",
				Text: "soroi からのメールが届きました。\nMail from soroi arrives.\n"})
			if err != nil {
				return fmt.Errorf("%s: %w", s.Server(), err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s took the mail to %s\n", s.Server(), strings.Join(to, ", "))
			return nil
		},
	}
	bindMail(cmd, &m)
	cmd.Flags().StringSliceVar(&to, "to", nil, "to these `addresses`")
	_ = cmd.MarkFlagRequired("to") // it is there: the line above
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
