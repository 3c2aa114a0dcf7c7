package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/explain"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// Process is one running soroi.
type Process interface {
	// Kill ends it as kill -9 does.
	Kill() error
	// Stop asks it to end and waits until it has.
	Stop() error
	// Failed is closed when it has ended without being asked to.
	Failed() <-chan struct{}
}

// Options say how a stream is replayed.
type Options struct {
	Shops       []Connected
	Specs       []channel.Spec // of the shops' channels
	DatabaseURL string
	// Launch starts a soroi on the database.
	Launch func(ctx context.Context) (Process, error)
	Clock  clock.Clock
	// Timed plays each invoice at its own time on Clock; otherwise orders come as fast as soroi takes them in, Rate a second at most.
	Timed bool
	Rate  float64
	// Kills is how often soroi is killed on the way, at moments spread over the stream by Seed.
	Kills int
	Seed  uint64
	// Settle is how long after the last order everything has to come in line.
	Settle   time.Duration
	Progress func(invoices int)
	Log      *slog.Logger
}

// Connected is a shop of the replay with what soroi needs to reach it.
type Connected struct {
	Shop
	Kind     channel.Kind
	Settings channel.Settings
}

// mostAhead is how many orders may have been placed and not be in soroi's books yet, when the stream is played as fast as possible:
// a crowd, not a flood that no shop ever sees.
const mostAhead = 150

// Prepare fills an empty database with the merchant of a replay: SKUs with opening stock, and the shops, live.
func Prepare(ctx context.Context, s *Stream, o Options) (err error) {
	db, err := store.Open(ctx, o.DatabaseURL, o.Clock)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.Migrate(ctx); err != nil {
		return err
	}
	tenants, err := db.ListTenants(ctx)
	if err != nil {
		return err
	}
	if len(tenants) > 0 {
		return errors.New("the database is in use already: a replay needs an empty one")
	}
	if _, err := db.AddTenant(ctx, "replay", "リプレイ"); err != nil {
		return err
	}
	b, err := openBooks(ctx, db, s)
	if err != nil {
		return err
	}
	opening := make(map[int]int64, len(s.Codes))
	for sku, units := range Levels(s) {
		opening[sku] = units
	}
	if err := b.change(ctx, stock.Opening, "opening", "opening", "期首在庫", opening, stock.Set); err != nil {
		return err
	}
	for _, shop := range o.Shops {
		added, err := db.AddShop(ctx, b.tenant, shop.Kind, shop.Name, shop.Settings)
		if err != nil {
			return err
		}
		if err := db.SetMode(ctx, b.tenant, added.ID, store.Live); err != nil {
			return err
		}
	}
	return nil
}

// openBooks finds the merchant and the stream's SKUs, adding those that are missing.
func openBooks(ctx context.Context, db *store.DB, s *Stream) (*books, error) {
	tenants, err := db.ListTenants(ctx)
	if err != nil {
		return nil, err
	}
	b := &books{db: db, tenant: tenants[0].ID}
	if b.location, err = db.DefaultLocation(ctx, b.tenant); err != nil {
		return nil, err
	}
	rows := make([]store.NewSKU, len(s.Codes))
	codes := s.MerchantCodes()
	for i, code := range codes {
		rows[i] = store.NewSKU{Code: code, Name: s.Codes[i]}
	}
	ids, err := db.AddSKUs(ctx, b.tenant, rows)
	if err != nil {
		return nil, err
	}
	for _, code := range codes {
		b.skus = append(b.skus, ids[code])
	}
	return b, nil
}

// Run replays the stream on a prepared database and reports. A cancelled ctx ends it with ctx's error; the database keeps what was done.
func Run(ctx context.Context, s *Stream, o Options) (report Report, err error) {
	// The report's elapsed time is the machine's, whatever the replay's clock says.
	started := clock.System{}.Now()
	db, err := store.Open(ctx, o.DatabaseURL, o.Clock)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	b, err := openBooks(ctx, db, s)
	if err != nil {
		return Report{}, err
	}
	d := &driver{options: o, stream: s, books: b, rng: rand.New(rand.NewPCG(o.Seed, 7))}
	shops := make([]Shop, len(o.Shops))
	for i, c := range o.Shops {
		shops[i] = c.Shop
		for _, spec := range o.Specs {
			if spec.Kind == c.Kind {
				shops[i].Largest = spec.Limits.Largest
			}
		}
	}
	d.world = newWorld(s, shops, b, o.Clock)
	if err := d.launch(ctx); err != nil {
		return Report{}, err
	}
	err = d.connect(ctx)
	if err == nil {
		err = d.drive(ctx)
	}
	if err == nil {
		err = d.settle(ctx)
	}
	if stopped := d.process.Stop(); stopped != nil && err == nil {
		err = fmt.Errorf("stop soroi: %w", stopped)
	}
	if err != nil {
		return Report{}, err
	}
	return d.report(ctx, started)
}

type driver struct {
	options Options
	stream  *Stream
	books   *books
	world   *world
	process Process
	rng     *rand.Rand
	kills   int
	taken   int64
	asked   time.Time
	settled bool
}

func (d *driver) launch(ctx context.Context) error {
	p, err := d.options.Launch(ctx)
	if err != nil {
		return fmt.Errorf("start soroi: %w", err)
	}
	d.process = p
	return nil
}

// stuckAfter is how long nothing may change before the shops are given up as never coming in line.
const stuckAfter = 5 * time.Minute

// connect waits until soroi has found every SKU in every shop: buyers come to shops that are open.
func (d *driver) connect(ctx context.Context) error {
	all := int64(len(d.stream.Codes) * len(d.options.Shops))
	var last store.Totals
	since := d.options.Clock.Now()
	for {
		totals, err := d.books.db.Totals(ctx, d.books.tenant)
		if err != nil {
			return err
		}
		if totals.Linked >= all && totals.NotInLine == 0 && totals.Unplanned == 0 {
			return nil
		}
		if now := d.options.Clock.Now(); totals != last {
			last, since = totals, now
		} else if now.Sub(since) > stuckAfter {
			return fmt.Errorf("the shops do not come in line: %d of %d listings are linked, %d do not show their target, %d SKUs are not planned; %s",
				totals.Linked, all, totals.NotInLine, totals.Unplanned, d.firstTrouble(ctx))
		}
		select {
		case <-d.process.Failed():
			return errors.New("soroi has ended before its shops were connected; its own words are above")
		case <-d.options.Clock.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// firstTrouble is the first thing that soroi has to say against a shop or a listing.
func (d *driver) firstTrouble(ctx context.Context) string {
	status, _, err := d.books.db.ListShopStatus(ctx, d.books.tenant, time.Time{})
	if err != nil {
		return err.Error()
	}
	for _, s := range status {
		if loop, ok := s.Trouble(); ok {
			return fmt.Sprintf("shop %s: %s", s.Shop.Name, loop.ErrorText)
		}
		behind, err := d.books.db.ListPreview(ctx, d.books.tenant, s.Shop.ID, 1)
		if err != nil {
			return err.Error()
		}
		for _, l := range behind {
			return fmt.Sprintf("shop %s, %s: %s %s", s.Shop.Name, l.SKUCode, l.State, l.ErrorText)
		}
	}
	return "no shop says why"
}

// drive plays the whole stream.
func (d *driver) drive(ctx context.Context) error {
	list := Invoices(d.stream)
	killAt := make(map[int]bool)
	for len(killAt) < min(d.options.Kills, len(list)) {
		killAt[len(list)/20+d.rng.IntN(max(len(list)*9/10, 1))] = true
	}
	began := d.options.Clock.Now()
	for i, events := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		select {
		case <-d.process.Failed():
			return errors.New("soroi has ended in the middle of the replay; its own words are above")
		default:
		}
		if killAt[i] {
			if err := d.kill(ctx); err != nil {
				return err
			}
		}
		if err := d.pace(ctx, began, i, events[0].At); err != nil {
			return err
		}
		if err := d.world.play(ctx, events); err != nil {
			return err
		}
		d.options.Progress(i + 1)
	}
	return nil
}

// kill ends soroi as a power cut would, and starts it again beside the malls, which go on.
func (d *driver) kill(ctx context.Context) error {
	if err := d.process.Kill(); err != nil {
		return fmt.Errorf("kill soroi: %w", err)
	}
	d.kills++
	return d.launch(ctx)
}

// pace waits until the next invoice may come.
func (d *driver) pace(ctx context.Context, began time.Time, n int, at time.Time) error {
	c := d.options.Clock
	if d.options.Timed {
		return c.Sleep(ctx, at.Sub(d.stream.First)-c.Now().Sub(began))
	}
	if d.options.Rate > 0 {
		due := time.Duration(float64(n) / d.options.Rate * float64(time.Second))
		if ahead := due - c.Now().Sub(began); ahead > 5*time.Millisecond {
			if err := c.Sleep(ctx, ahead); err != nil {
				return err
			}
		}
	}
	for int64(d.world.counts.Orders)-d.taken >= mostAhead {
		if d.asked.IsZero() || c.Now().Sub(d.asked) > 50*time.Millisecond {
			d.asked = c.Now()
			totals, err := d.books.db.Totals(ctx, d.books.tenant)
			if err != nil {
				return err
			}
			d.taken = totals.Sales
			continue
		}
		if err := c.Sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// settle waits until everything is in line, or Settle has passed.
func (d *driver) settle(ctx context.Context) error {
	c := d.options.Clock
	until := c.Now().Add(d.options.Settle)
	for c.Now().Before(until) {
		if d.world.meter.behind() == 0 {
			differing, err := d.differing(ctx)
			if err != nil {
				return err
			}
			if len(differing) == 0 {
				d.settled = true
				return nil
			}
		}
		if err := c.Sleep(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// differing lists SKUs whose balance in soroi's books is not the truth.
func (d *driver) differing(ctx context.Context) ([]string, error) {
	balances, err := d.books.db.Balances(ctx, d.books.tenant)
	if err != nil {
		return nil, err
	}
	var list []string
	for sku, code := range d.stream.Codes {
		got := balances[d.books.skus[sku]]
		want := stock.Balance{OnHand: d.world.onHand[sku], Committed: d.world.committed[sku]}
		if got != want {
			list = append(list, fmt.Sprintf("%s: on hand %d, committed %d; the world says %d and %d", code, got.OnHand, got.Committed, want.OnHand, want.Committed))
		}
	}
	return list, nil
}

// report examines the books after soroi has ended.
func (d *driver) report(ctx context.Context, started time.Time) (Report, error) {
	db, tenant := d.books.db, d.books.tenant
	totals, err := db.Totals(ctx, tenant)
	if err != nil {
		return Report{}, err
	}
	verified, err := db.Verify(ctx, tenant, nil)
	if err != nil {
		return Report{}, err
	}
	differing, err := d.differing(ctx)
	if err != nil {
		return Report{}, err
	}
	unexplained, err := explain.CountUnexplained(ctx, db, tenant, d.options.Specs...)
	if err != nil {
		return Report{}, err
	}
	r := Report{Counts: d.world.counts, SKUs: len(d.stream.Codes), Pushes: totals.Pushes, PushedItems: totals.PushedItems,
		NaivePushedItems: int64(d.world.counts.Lines) * int64(len(d.options.Shops)-1), Lag: d.world.meter.lags(),
		Conservation: verified.OK() && len(differing) == 0, Converged: d.world.meter.behind() == 0, Unexplained: unexplained,
		LedgerOversold: totals.OversoldUnits, Drifts: totals.Drifts, Kills: d.kills, Ignored: d.stream.Ignored, Differences: differing}
	r.CancelledOrReturned = r.CancelledUnits + r.ReturnedUnits + r.UnmatchedUnits
	if verified.Broken != nil {
		r.Differences = slices.Insert(r.Differences, 0, verified.Broken.String())
	}
	if len(r.Differences) > 20 {
		r.Differences = r.Differences[:20]
	}
	for _, s := range d.options.Shops {
		r.Shops = append(r.Shops, s.Name)
	}
	r.Elapsed = clock.System{}.Now().Sub(started).Seconds()
	r.OrdersPerSecond = float64(r.Orders) / r.Elapsed
	return r, nil
}

// Report is what a replay came to. Times are seconds; lags are in the shops' own time.
type Report struct {
	Counts
	CancelledOrReturned int64          `json:"cancelled_or_returned_units"`
	SKUs                int            `json:"skus"`
	Shops               []string       `json:"shops"`
	Pushes              int64          `json:"pushes"`
	PushedItems         int64          `json:"pushed_items"`
	NaivePushedItems    int64          `json:"naive_pushed_items"`
	Lag                 Lags           `json:"lag_seconds"`
	Conservation        bool           `json:"conservation_ok"`
	Converged           bool           `json:"converged_ok"`
	Unexplained         int64          `json:"unexplained_rows"`
	LedgerOversold      int64          `json:"ledger_oversold_units"`
	Drifts              int64          `json:"drifts"`
	Kills               int            `json:"kills"`
	Elapsed             float64        `json:"elapsed_seconds"`
	OrdersPerSecond     float64        `json:"orders_per_second"`
	Ignored             map[string]int `json:"ignored_lines"`
	Differences         []string       `json:"differences,omitempty"`
}

// OK tells whether everything that must hold holds.
func (r Report) OK() bool { return r.Conservation && r.Converged && r.Unexplained == 0 }

// Print writes the report as a table.
func (r Report) Print(w io.Writer) error {
	line := func(name string, value any) string { return fmt.Sprintf("  %-30s %12v\n", name, value) }
	var b strings.Builder
	b.WriteString("\n" + line("shops", strings.Join(r.Shops, ",")))
	for _, row := range []struct {
		name  string
		value any
	}{
		{"orders", r.Orders}, {"order_lines", r.Lines}, {"units_sold", r.UnitsSold}, {"cancelled_or_returned_units", r.CancelledOrReturned},
		{"lost_sale_units", r.LostUnits}, {"oversold_units", r.Oversold}, {"skus", r.SKUs}, {"pushes", r.Pushes}, {"pushed_items", r.PushedItems},
		{"naive_pushed_items", r.NaivePushedItems}, {"lag_seconds p50", r.Lag.P50}, {"lag_seconds p99", r.Lag.P99}, {"lag_seconds max", r.Lag.Max},
		{"conservation_ok", r.Conservation}, {"converged_ok", r.Converged}, {"unexplained_rows", r.Unexplained}, {"drifts", r.Drifts}, {"kills", r.Kills},
		{"elapsed_seconds", fmt.Sprintf("%.1f", r.Elapsed)}, {"orders_per_second", fmt.Sprintf("%.1f", r.OrdersPerSecond)},
	} {
		b.WriteString(line(row.name, row.value))
	}
	for _, d := range r.Differences {
		b.WriteString("  ! " + d + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
