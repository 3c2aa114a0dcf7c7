package replay_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/channel"
	"soroi/internal/channel/rakuten"
	"soroi/internal/channel/shopify"
	"soroi/internal/channel/vendure"
	"soroi/internal/channel/yahoo"
	"soroi/internal/clock"
	"soroi/internal/engine"
	"soroi/internal/mallsim"
	"soroi/internal/mallsim/town"
	"soroi/internal/replay"
	"soroi/internal/store"
)

// smallStream is six days of a web shop in the form of the public stream, with what is odd in it: codes that differ in case alone, codes
// that are no stock, the same code twice in an order, goods that come back without ever having been seen leaving, write-offs and finds, a
// huge order that is cancelled twelve minutes later, and one order of more than a thousand lines.
func smallStream() string {
	rng := rand.New(rand.NewPCG(20111209, 1))
	codes := []string{"85099b", "85099B"}
	for i := range 38 {
		codes = append(codes, fmt.Sprintf("%d", 20700+i*37))
	}
	var b strings.Builder
	b.WriteString("InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID\n")
	at := time.Date(2011, 12, 1, 8, 26, 0, 0, time.UTC)
	line := func(invoice, code string, units int, price, customer string) {
		fmt.Fprintf(&b, "%s,%s,%d,%s,%s,%s\n", invoice, code, units, at.Format(time.DateTime), price, customer)
	}
	number := 580000
	next := func(prefix string) string {
		number++
		return fmt.Sprintf("%s%d", prefix, number)
	}
	for day := range 6 {
		at = time.Date(2011, 12, 1+day, 9, 0, 0, 0, time.UTC)
		for n := range 14 {
			at = at.Add(time.Duration(5+rng.IntN(20)) * time.Minute)
			invoice, customer := next(""), fmt.Sprint(12400+rng.IntN(9))
			for range 1 + rng.IntN(8) {
				code := codes[rng.IntN(len(codes))]
				line(invoice, code, 1+rng.IntN(12), "1.25", customer)
				if rng.IntN(7) == 0 { // the same code on two lines
					line(invoice, code, 1+rng.IntN(3), "1.25", customer)
				}
			}
			switch n {
			case 3:
				line(invoice, "POST", 1, "18", customer)
				line(next("A"), "B", 1, "-11062.06", "")
			case 6: // somebody gives back what was bought before, and something that nobody saw leaving
				back := next("C")
				line(back, codes[rng.IntN(len(codes))], -2, "1.25", customer)
				line(back, codes[rng.IntN(len(codes))], -40, "1.25", "99999")
			case 9:
				line(next(""), codes[rng.IntN(len(codes))], -3, "0", "")
				line(next(""), codes[rng.IntN(len(codes))], 5, "0", "")
			}
		}
		switch day {
		case 2:
			at = at.Add(time.Hour)
			invoice := next("")
			for i := range 1114 {
				line(invoice, codes[i%len(codes)], 1, "1.25", "")
			}
		case 4:
			at = at.Add(time.Hour)
			line(next(""), "23843", 80995, "2.08", "16446")
			at = at.Add(12 * time.Minute)
			line(next("C"), "23843", -80995, "2.08", "16446")
		}
	}
	return b.String()
}

// wires carries a soroi's calls to the malls by host, until it is cut.
type wires struct {
	malls  map[string]http.RoundTripper
	writes map[string]*atomic.Int64 // how many numbers soroi has changed in each mall, by host
	cut    chan struct{}
	armed  atomic.Bool   // the next call that changes a number is held until the wires are cut
	caught chan struct{} // closed when there is one
}

func (w *wires) RoundTrip(r *http.Request) (*http.Response, error) {
	mall, known := w.malls[r.URL.Host]
	if !known || w.isCut() {
		return nil, fmt.Errorf("no way to %s", r.URL.Host)
	}
	before := w.writes[r.URL.Host].Load()
	answer, err := mall.RoundTrip(r)
	if w.writes[r.URL.Host].Load() > before && w.armed.CompareAndSwap(true, false) {
		close(w.caught)
		<-w.cut
	}
	if w.isCut() && err == nil { // it had its effect, and nobody is there to hear the answer
		answer.Body.Close()
		return nil, errors.New("cut off")
	}
	return answer, err
}

func (w *wires) isCut() bool {
	select {
	case <-w.cut:
		return true
	default:
		return false
	}
}

// inside is a soroi within the test.
type inside struct {
	db     *store.DB
	wires  *wires
	cancel context.CancelFunc
	ended  sync.WaitGroup
	failed chan struct{}
}

// Kill ends it as far as that can be done from inside, at the worst moment: a mall has done what it was told and has not said so yet. From then on
// nothing that it sends or writes arrives.
func (p *inside) Kill() error {
	p.wires.armed.Store(true)
	select {
	case <-p.wires.caught:
	case <-time.After(time.Minute):
		return errors.New("nothing was sent for a minute")
	}
	err := p.db.Close()
	close(p.wires.cut)
	p.cancel()
	p.ended.Wait()
	return err
}

func (p *inside) Stop() error {
	p.cancel()
	p.ended.Wait()
	return p.db.Close()
}

func (p *inside) Failed() <-chan struct{} { return p.failed }

func specs() []channel.Spec {
	return []channel.Spec{rakuten.Spec(), yahoo.Spec(), shopify.Spec(), vendure.Spec()}
}

// A whole replay on virtual time: four malls, the real connectors, the real engine, the malls' own limits on
// writing. With and without ends of the engine in the
// middle everything that must hold holds, and the world has gone the same way.
func TestReplay(t *testing.T) {
	t.Parallel()
	ends := []int{0, 3}
	reports := make([]replay.Report, len(ends))
	t.Run("all", func(t *testing.T) {
		for i, kills := range ends {
			t.Run(fmt.Sprintf("kills=%d", kills), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { reports[i] = replayed(t, kills) })
				r := reports[i]
				if !r.Conservation || !r.Converged || r.Unexplained != 0 {
					t.Errorf("conservation %v, converged %v, %d rows unexplained: %s", r.Conservation, r.Converged, r.Unexplained, strings.Join(r.Differences, "\n"))
				}
				if r.Drifts != 0 || r.Kills != kills {
					t.Errorf("%d drifts in a world without faults, %d kills", r.Drifts, r.Kills)
				}
				var table strings.Builder
				if err := r.Print(&table); err != nil {
					t.Error(err)
				}
				t.Log(table.String())
			})
		}
	})
	calm, killed := reports[0], reports[1]
	if t.Failed() || calm.Orders == 0 || killed.Orders == 0 { // one of them alone was asked for
		return
	}
	if calm.Counts != killed.Counts {
		t.Errorf("without ends the world saw %+v, with them %+v", calm.Counts, killed.Counts)
	}
	if calm.LostUnits != 0 || calm.CancelledUnits < 80_995 || calm.UnmatchedUnits == 0 || calm.ReturnedUnits == 0 || calm.WrittenOff == 0 || len(calm.Ignored) != 2 {
		t.Errorf("the stream is not as odd as it should be: %+v, left out %v", calm.Counts, calm.Ignored)
	}
	if calm.PushedItems == 0 || calm.PushedItems > calm.NaivePushedItems*2/3 {
		t.Errorf("%d numbers were sent, one for each line and other shop would be %d", calm.PushedItems, calm.NaivePushedItems)
	}
}

// A shop that never comes in line ends a replay with what is the matter, not in silence.
func TestReplay_says_why_it_cannot_begin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReplay(t, 0)
		r.options.Shops[0].Settings["license_key"] = "SL0_wrong"
		if err := replay.Prepare(t.Context(), r.stream, r.options); err != nil {
			t.Fatal(err)
		}
		_, err := replay.Run(t.Context(), r.stream, r.options)
		if err == nil || !strings.Contains(err.Error(), "123 of 164 listings are linked") || !strings.Contains(err.Error(), "shop rakuten") {
			t.Errorf("%v", err)
		}
	})
}

// lifted are the limits on reading orders and catalogues, as the command lifts them when a stream is played as fast as possible.
func lifted() map[channel.Kind][]channel.Rate {
	rate := func(bucket string) channel.Rate {
		return channel.Rate{Bucket: bucket, Calls: 1000, Per: time.Second, Burst: 1000}
	}
	return map[channel.Kind][]channel.Rate{"rakuten": {rate("orders"), rate("items")},
		"yahoo": {rate("orderList"), rate("orderInfo"), rate("myItemList"), rate("getItem")}}
}

type wholeReplay struct {
	stream  *replay.Stream
	options replay.Options
}

func newReplay(t *testing.T, kills int) wholeReplay {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	stream, err := replay.Read(strings.NewReader(smallStream()), time.Time{}, time.Time{})
	must(err)
	malls, err := town.New(clock.System{}, town.Options{Kinds: []string{"rakuten", "yahoo", "shopify", "vendure"}, Seed: 1, Goods: []town.Good{}, UnlimitedOrderReads: true, EndlessCredentials: true, Restock: mallsim.RestockNever})
	must(err)
	must(replay.Open(malls, stream))
	ways, writes := map[string]http.RoundTripper{}, map[string]*atomic.Int64{}
	for _, m := range malls.Malls() {
		host, written := m.Name+".test", new(atomic.Int64)
		ways[host], writes[host] = mallsim.Transport(m.Handler), written
		m.Core.Watch(func(c mallsim.Change) {
			if c.By == mallsim.ByPush {
				written.Add(1)
			}
		})
	}
	log := slog.New(slog.DiscardHandler)
	url := filepath.Join(t.TempDir(), "soroi.db")
	options := replay.Options{Shops: replay.Connect(malls, stream, func(m *town.Mall) string { return "http://" + m.Name + ".test" }),
		Specs: specs(), DatabaseURL: url, Clock: clock.System{}, Rate: 2, Kills: kills, Seed: 1, Settle: 30 * time.Minute, Progress: func(int) {}, Log: log}
	options.Launch = func(context.Context) (replay.Process, error) {
		db, err := store.Open(context.Background(), url, clock.System{})
		if err != nil {
			return nil, err
		}
		p := &inside{db: db, wires: &wires{malls: ways, writes: writes, cut: make(chan struct{}), caught: make(chan struct{})}, failed: make(chan struct{})}
		e := engine.New(db, clock.System{}, log, specs(), engine.Options{TestMalls: true, Transport: p.wires, Poll: 5 * time.Second, OpenEvery: 20 * time.Second, Rates: lifted()})
		running, cancel := context.WithCancel(context.Background())
		p.cancel = cancel
		p.ended.Go(func() { _ = e.Run(running) })
		return p, nil
	}
	return wholeReplay{stream, options}
}

func replayed(t *testing.T, kills int) replay.Report {
	t.Helper()
	r := newReplay(t, kills)
	if err := replay.Prepare(t.Context(), r.stream, r.options); err != nil {
		t.Fatal(err)
	}
	report, err := replay.Run(t.Context(), r.stream, r.options)
	if err != nil {
		t.Fatal(err)
	}
	return report
}
