package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/mallsim"
	"soroi/internal/mallsim/rakuten"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// patience bounds every wait; each ends as soon as what it waits for is there. A lease lasts six seconds.
const patience = 2 * time.Minute

const (
	goods   = 5
	opening = 30
)

// street is two simulated malls and the books of the merchant who sells in both.
type street struct {
	t      *testing.T
	db     *store.DB
	url    string
	tenant stock.TenantID
	at     stock.LocationID
	skus   []stock.SKUID
	malls  []*mallsim.Mall
	left   [goods]int64 // what must be for sale
}

func keyOf(i int) mallsim.Key {
	return mallsim.Key{Item: fmt.Sprintf("goods-%d", i), Variant: fmt.Sprintf("sku-%d", i)}
}

func newStreet(t *testing.T) *street {
	t.Helper()
	s := &street{t: t, url: storetest.Postgres(t)}
	s.db = storetest.Open(t, s.url, clock.System{})
	s.tenant, s.at = storetest.Tenant(t, s.db, "main")
	ctx := context.Background()
	var rows []store.NewSKU
	for i := range goods {
		rows = append(rows, store.NewSKU{Code: fmt.Sprintf("code-%d", i), Name: fmt.Sprintf("商品 %d", i)})
		s.left[i] = opening
	}
	ids, err := s.db.AddSKUs(ctx, s.tenant, rows)
	if err != nil {
		t.Fatal(err)
	}
	r := store.ChangeRequest{Cause: stock.ByHand, Kind: stock.Opening, Document: "opening"}
	for _, row := range rows {
		s.skus = append(s.skus, ids[row.Code])
		r.Rows = append(r.Rows, stock.Change{SKU: ids[row.Code], Location: s.at, Mode: stock.Set, Units: opening})
	}
	if _, err := s.db.ChangeStock(ctx, s.tenant, r); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"一号店", "二号店"} {
		mall := mallsim.New(clock.System{}, mallsim.Options{Name: name})
		for i := range goods {
			if err := mall.AddListing(mallsim.Listing{Key: keyOf(i), Code: fmt.Sprintf("code-%d", i), Title: "商品", Stock: 1}); err != nil {
				t.Fatal(err)
			}
		}
		server := httptest.NewServer(rakuten.New(mall, rakuten.Options{ServiceSecret: "SP1_a", Keys: []rakuten.Key{{License: "SL1_b"}}, LimitScale: 20, UnlimitedOrderReads: true}))
		t.Cleanup(server.Close)
		s.malls = append(s.malls, mall)
		shop, err := s.db.AddShop(ctx, s.tenant, "rakuten", name, channel.Settings{"service_secret": "SP1_a", "license_key": "SL1_b",
			channel.BaseURL: channel.Secret(server.URL)})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.db.SetMode(ctx, s.tenant, shop.ID, store.Live); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// buy places an order in each mall.
func (s *street) buy(item int) {
	s.t.Helper()
	for n, mall := range s.malls {
		units := int64(n + 1)
		if _, err := mall.Place(mallsim.Basket{Lines: []mallsim.Want{{Key: keyOf(item), Units: units}}}); err != nil {
			s.t.Fatal(err)
		}
		s.left[item] -= units
	}
}

// wait waits until every mall shows what is left and the books say the same.
func (s *street) wait(what string) {
	s.t.Helper()
	start := time.Now()
	for {
		var shown [][]int64
		right := true
		for _, mall := range s.malls {
			var row []int64
			for i := range goods {
				n, _ := mall.Stock(keyOf(i))
				row = append(row, n)
			}
			right = right && slices.Equal(row, s.left[:])
			shown = append(shown, row)
		}
		if right {
			break
		}
		if time.Since(start) > patience {
			s.t.Fatalf("%s: the malls show %v, %v are left", what, shown, s.left)
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.t.Logf("%s: in line after %v", what, time.Since(start).Round(10*time.Millisecond))
	r := store.ChangeRequest{Cause: stock.ByHand, Kind: stock.Adjustment, Document: "look"}
	for _, sku := range s.skus {
		r.Rows = append(r.Rows, stock.Change{SKU: sku, Location: s.at, Mode: stock.Add})
	}
	answer, err := s.db.ChangeStock(context.Background(), s.tenant, r)
	if err != nil {
		s.t.Fatal(err)
	}
	for i, row := range answer.Rows {
		if row.After.Available() != s.left[i] {
			s.t.Errorf("%s: the books say %d of item %d are available, %d are left", what, row.After.Available(), i, s.left[i])
		}
	}
}

// soroi is one running process.
type soroi struct {
	cmd *exec.Cmd
	log *output
}

// output keeps what a process says.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (s *street) run(binary string) *soroi {
	s.t.Helper()
	p := &soroi{log: &output{}, cmd: exec.Command(binary, "serve", "--db", s.url, "--listen", "127.0.0.1:0", "--test-malls", "--poll", "200ms",
		"--open-every", "2s", "--read-every", "10s", "--test-rate", "rakuten/write=10", "--test-rate", "rakuten/read=20", "--test-rate", "rakuten/orders=20")}
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "SOROI_") {
			p.cmd.Env = append(p.cmd.Env, pair)
		}
	}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		p.end(syscall.SIGKILL)
		if s.t.Failed() {
			p.log.mu.Lock()
			defer p.log.mu.Unlock()
			s.t.Logf("process %d said:\n%s", p.cmd.Process.Pid, p.log.text.String())
		}
	})
	return p
}

// end sends the signal and waits for the end. A process that has ended stays so.
func (p *soroi) end(signal syscall.Signal) {
	if p.cmd.ProcessState != nil {
		return
	}
	_ = p.cmd.Process.Signal(signal) // it may have ended by itself: Wait tells
	_ = p.cmd.Wait()                 // how a killed process ended says nothing
}

// Two processes of the real binary share one PostgreSQL. kill -9 of the one that runs the shops hands them to the other: no order is lost,
// none is counted twice, and both malls come in line again, twice over.
func TestServe_killed_process_hands_its_shops_over(t *testing.T) {
	t.Parallel()
	s := newStreet(t)
	binary := filepath.Join(t.TempDir(), "soroi")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	first := s.run(binary)
	s.wait("one process")
	second := s.run(binary)
	s.buy(0)
	s.wait("two processes")
	s.buy(1)
	first.end(syscall.SIGKILL)
	s.buy(2)
	s.wait("the first one killed")
	third := s.run(binary)
	s.buy(3)
	s.wait("a third one started")
	s.buy(4)
	second.end(syscall.SIGKILL)
	s.buy(0)
	s.wait("the second one killed")
	third.end(syscall.SIGTERM)
	if !third.cmd.ProcessState.Success() {
		t.Errorf("a process that was asked to end ended with %v", third.cmd.ProcessState)
	}
}
