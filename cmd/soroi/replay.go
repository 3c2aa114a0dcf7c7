package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"soroi/internal/app"
	"soroi/internal/clock"
	"soroi/internal/mallsim"
	"soroi/internal/mallsim/town"
	"soroi/internal/replay"
)

func listen(ctx context.Context, address string) (net.Listener, error) {
	return (&net.ListenConfig{}).Listen(ctx, "tcp", address)
}

type replayFlags struct {
	common
	shops, from, to, speed, report, keep string
	seed                                 uint64
	rate                                 float64
	kill                                 int
	settle                               time.Duration
	realLimits                           bool
}

func replayCommand() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay FILE.csv[.gz]",
		Short: "Replay a real order stream through simulated malls and report whether everything stayed in line",
		Long: `Replay feeds a stream of orders (columns InvoiceNo, StockCode, Quantity, InvoiceDate, and UnitPrice and CustomerID where there
are) through simulated malls, the real connectors over HTTP and a soroi of its own, and examines both sides' books afterwards. Each invoice
is an order at a shop chosen by a hash of its number; a sale happens only if that shop shows stock. docs/replay.md has the rules.

It ends with status 1 when something that must hold does not.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.shops, "shops", "rakuten,yahoo,shopify", "the malls, by channel")
	flags.StringVar(&f.from, "from", "", "first `day` of the stream, 2011-11-01")
	flags.StringVar(&f.to, "to", "", "last `day` of the stream, included")
	flags.StringVar(&f.speed, "speed", "max", "max: as fast as soroi takes orders in; N: N times as fast as the stream's own clock")
	flags.Float64Var(&f.rate, "rate", 100, "with --speed max: at most so many orders a second; 0 is without limit")
	flags.Uint64Var(&f.seed, "seed", 1, "of everything that is random")
	flags.StringVar(&f.report, "report", "", "write the report to this JSON `file`")
	flags.StringVar(&f.keep, "keep", "", "leave the database and the malls' own books in this `directory`, which must be empty")
	flags.IntVar(&f.kill, "kill", 0, "kill -9 soroi so many times on the way, and start it again")
	flags.DurationVar(&f.settle, "settle", 2*time.Minute, "how long after the last order everything has to come in line")
	flags.BoolVar(&f.realLimits, "real-limits", false, "with --speed max: keep the malls' own limits on reading orders too (one order a second at Yahoo!)")
	flags.StringVar(&f.database, "db", "", "use this empty `database` (postgres://…) instead of a SQLite file")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show soroi's own log")
	return cmd
}

func (f *replayFlags) run(cmd *cobra.Command, file string) error {
	ctx := cmd.Context()
	from, until, err := f.span()
	if err != nil {
		return err
	}
	speed, timed := 1.0, false
	if f.speed != "max" {
		if speed, err = strconv.ParseFloat(f.speed, 64); err != nil || speed <= 0 {
			return fmt.Errorf("--speed %q is neither max nor a number above 0", f.speed)
		}
		timed = true
	}
	stream, err := replay.ReadFile(file, from, until)
	if err != nil {
		return err
	}
	dir, clean, err := f.directory()
	if err != nil {
		return err
	}
	defer clean()

	var clk clock.Clock = clock.System{}
	if timed {
		clk = clock.Scaled{Epoch: clock.System{}.Now(), From: stream.First.Add(-time.Minute), Speed: speed}
	}
	t, err := town.New(clk, town.Options{Kinds: splitList(f.shops), Seed: f.seed, Goods: []town.Good{}, UnlimitedOrderReads: !timed && !f.realLimits, EndlessCredentials: true,
		Restock: mallsim.RestockNever})
	if err != nil {
		return err
	}
	if len(t.Malls()) < 2 {
		return errors.New("--shops: a replay needs at least two malls")
	}
	options := replay.Options{Specs: app.Specs(), DatabaseURL: f.database, Clock: clk, Timed: timed, Rate: f.rate, Kills: f.kill, Seed: f.seed, Settle: f.settle}
	if options.DatabaseURL == "" {
		options.DatabaseURL = filepath.Join(dir, "soroi.db")
	}
	if err := replay.Open(t, stream); err != nil {
		return err
	}
	if err := t.Start(ctx); err != nil {
		return err
	}
	defer t.Close()
	options.Shops = replay.Connect(t, stream, nil)
	if err := replay.Prepare(ctx, stream, options); err != nil {
		return err
	}
	options.Launch = f.launcher(options.DatabaseURL, clk, timed)
	bar := progressbar.NewOptions(len(replay.Invoices(stream)), progressbar.OptionSetWriter(os.Stderr), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("orders"), progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(200*time.Millisecond),
		progressbar.OptionSetDescription("replaying"), progressbar.OptionOnCompletion(func() { fmt.Fprintln(os.Stderr) }))
	options.Progress = func(done int) { _ = bar.Set(done) } // a bar that cannot be drawn is no reason to stop
	report, err := replay.Run(ctx, stream, options)
	if err != nil {
		return err
	}
	if f.keep != "" {
		if err := t.Save(filepath.Join(dir, "malls")); err != nil {
			return err
		}
	}
	return f.tell(cmd.OutOrStdout(), report)
}

// span reads --from and --to; the end is the day after the last one.
func (f *replayFlags) span() (from, until time.Time, err error) {
	day := func(flag, text string) (time.Time, error) {
		if text == "" {
			return time.Time{}, nil
		}
		at, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return at, fmt.Errorf("--%s %q is no day such as 2011-11-01", flag, text)
		}
		return at, nil
	}
	if from, err = day("from", f.from); err != nil {
		return from, until, err
	}
	if until, err = day("to", f.to); err != nil || until.IsZero() {
		return from, until, err
	}
	return from, until.AddDate(0, 0, 1), nil
}

// directory is where the database and the books lie, and how to clean it up.
func (f *replayFlags) directory() (dir string, clean func(), err error) {
	if f.keep == "" {
		dir, err = os.MkdirTemp("", "soroi-replay-")
		return dir, func() { _ = os.RemoveAll(dir) }, err // a temporary directory that stays is the machine's to clean
	}
	if err := os.MkdirAll(f.keep, 0o755); err != nil {
		return "", nil, err
	}
	entries, err := os.ReadDir(f.keep)
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("--keep %s: the directory is not empty", f.keep)
	}
	return f.keep, func() {}, err
}

// launcher starts this binary as the soroi of the replay.
func (f *replayFlags) launcher(database string, clk clock.Clock, timed bool) func(context.Context) (replay.Process, error) {
	return func(ctx context.Context) (replay.Process, error) {
		address, err := freeAddress(ctx, "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		args := []string{"serve", "--db", database, "--listen", address, "--test-malls"}
		if timed {
			args = append(args, "--test-clock", clk.(clock.Scaled).String())
		} else {
			// As fast as possible, every interval shrinks with the calendar.
			args = append(args, "--poll", "1s", "--open-every", "20s", "--read-every", "1m")
			if !f.realLimits {
				args = append(args, liftedReads()...)
			}
		}
		log := io.Writer(io.Discard)
		if f.verbose {
			log = os.Stderr
			args = append(args, "--verbose")
		}
		return startChild(ctx, log, address, args...)
	}
}

// liftedReads lift the limits on reading orders and catalogues, which would stretch a year to days: Yahoo! gives one order a second.
// Limits on writing stock and reading it back stay.
func liftedReads() []string {
	var args []string
	for _, rate := range []string{"rakuten/orders=1000", "rakuten/items=1000", "yahoo/orderList=1000", "yahoo/orderInfo=10000", "yahoo/myItemList=1000", "yahoo/getItem=10000"} {
		args = append(args, "--test-rate", rate)
	}
	return args
}

func (f *replayFlags) tell(w io.Writer, report replay.Report) error {
	if err := report.Print(w); err != nil {
		return err
	}
	if f.report != "" {
		text, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(f.report, append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	if f.keep != "" {
		fmt.Fprintf(w, "\n  kept in %s\n", f.keep)
	}
	if !report.OK() {
		return exitCode(1)
	}
	return nil
}
