// Command bench measures what soroi promises, as ratios of two things measured side by side in one run: rounds of both
// alternate, and the median of each counts, so that a noisy machine harms both alike. docs/bench.md says what each line means.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"soroi/internal/clock"
)

// config is what the flags say.
type config struct {
	engines   []string
	parts     []string
	rounds    int
	lasting   time.Duration
	skus      int
	posters   int
	shops     int
	page      int
	listed    int
	pushFor   time.Duration
	sellFor   time.Duration
	perSecond int
	catalogue int
	poll      time.Duration
	dir       string
	postgres  string
	check     bool
	profile   string
	out       io.Writer
	clock     clock.Clock
}

// parts are the measurements, in the order in which they run.
var parts = []struct {
	name string
	run  func(context.Context, *bench) error
}{
	{"posting", posting},
	{"orders", orders},
	{"planning", planning},
	{"publisher", publisher},
	{"lag", lag},
	{"search", searching},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	c := config{out: os.Stdout, clock: clock.System{}}
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	engines := flag.String("engines", "sqlite,postgres", "which `engines` to measure")
	only := flag.String("only", strings.Join(names, ","), "which `parts` to measure")
	flag.IntVar(&c.rounds, "rounds", 5, "rounds of each measurement; the median counts")
	flag.DurationVar(&c.lasting, "round-for", 500*time.Millisecond, "how long each round of posting and of orders takes")
	flag.IntVar(&c.skus, "skus", 100_000, "SKUs that posting is spread over")
	flag.IntVar(&c.posters, "posters", 1024, "callers that post one change at a time, at once")
	flag.IntVar(&c.shops, "shops", 8, "shops whose orders are taken in at once")
	flag.IntVar(&c.page, "page", 100, "orders in one page")
	flag.IntVar(&c.listed, "listed", 10_000, "SKUs listed in each of 3 shops, for planning, publisher and lag")
	flag.DurationVar(&c.pushFor, "push-for", 5*time.Second, "how long each publisher runs")
	flag.DurationVar(&c.sellFor, "sell-for", 15*time.Second, "how long orders are placed for the lag")
	flag.IntVar(&c.perSecond, "orders-per-second", 100, "orders placed for the lag")
	flag.IntVar(&c.catalogue, "catalogue", 100_000, "SKUs that are searched")
	flag.DurationVar(&c.poll, "poll", time.Second, "polling interval of the shops for the lag")
	flag.StringVar(&c.dir, "dir", "", "`folder` for the SQLite files; default is a temporary one")
	flag.BoolVar(&c.check, "check", false, "end with status 1 when an aim is missed")
	flag.StringVar(&c.profile, "cpuprofile", "", "write a CPU profile to this `file`")
	flag.Parse()
	c.engines, c.parts = strings.Split(*engines, ","), strings.Split(*only, ",")
	c.postgres = os.Getenv("SOROI_TEST_POSTGRES")
	for _, p := range c.parts {
		if !slices.Contains(names, p) {
			return fmt.Errorf("there is no part %q; there is: %s", p, strings.Join(names, ", "))
		}
	}
	if c.profile != "" {
		file, err := os.Create(c.profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer func() {
			pprof.StopCPUProfile()
			err = errors.Join(err, file.Close())
		}()
	}
	fmt.Fprintf(c.out, "%d cores, %s, %s/%s; each figure is the median of %d interleaved rounds\n", runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, c.rounds)
	missed := 0
	for _, engine := range c.engines {
		b := &bench{config: c, engine: engine}
		if err := b.measure(ctx); err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
		missed += b.missed
	}
	if c.check && missed > 0 {
		return fmt.Errorf("%d aims missed", missed)
	}
	return nil
}

// bench measures one engine.
type bench struct {
	config
	engine string
	place  *place
	missed int
}

func (b *bench) measure(ctx context.Context) (err error) {
	if b.engine == "postgres" && b.postgres == "" {
		fmt.Fprintln(b.out, "\npostgres: not measured, SOROI_TEST_POSTGRES names no server (make bench starts one)")
		return nil
	}
	if b.place, err = newPlace(b.config, b.engine); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.place.close()) }()
	version, err := b.place.version(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(b.out, "\n%s\n", version)
	for _, p := range parts {
		if !slices.Contains(b.parts, p.name) {
			continue
		}
		if err := p.run(ctx, b); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

// line prints one result.
func (b *bench) line(name, format string, args ...any) {
	fmt.Fprintf(b.out, "  %-34s %s\n", name, fmt.Sprintf(format, args...))
}

// aim says whether an aim was reached, and counts those that were not.
func (b *bench) aim(reached bool, what string) string {
	if reached {
		return "[aim " + what + ": reached]"
	}
	b.missed++
	return "[aim " + what + ": MISSED]"
}
