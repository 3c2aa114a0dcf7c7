package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/engine"
	"soroi/internal/stock"
	"soroi/internal/store/storetest"
)

// halting is the clock of one process that can hang: while it is halted, whoever waits on it goes on waiting.
type halting struct {
	mu       sync.Mutex
	gate     chan struct{} // nil while the process runs
	nextCall bool          // halt when the next push is about to leave
}

func (c *halting) Now() time.Time { return time.Now().UTC() }

func (c *halting) Sleep(ctx context.Context, d time.Duration) error {
	err := clock.System{}.Sleep(ctx, d)
	c.pass()
	return err
}

func (c *halting) After(d time.Duration) <-chan time.Time {
	fired := make(chan time.Time, 1)
	time.AfterFunc(d, func() {
		c.pass()
		fired <- c.Now()
	})
	return fired
}

func (c *halting) pass() {
	c.mu.Lock()
	gate := c.gate
	c.mu.Unlock()
	if gate != nil {
		<-gate
	}
}

func (c *halting) halt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gate == nil {
		c.gate = make(chan struct{})
	}
}

// haltBeforeCall halts the process when it is next about to push.
func (c *halting) haltBeforeCall() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nextCall = true
}

// leaving is where a call leaves the process.
func (c *halting) leaving() {
	c.mu.Lock()
	next := c.nextCall
	c.nextCall = false
	c.mu.Unlock()
	if next {
		c.halt()
	}
	c.pass()
}

func (c *halting) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nextCall = false
	if c.gate != nil {
		close(c.gate)
		c.gate = nil
	}
}

// pushWatch sees every push of every process. Two processes in one shop at once are a failure, and so is a process that comes back
// to a shop without having got its lease again.
type pushWatch struct {
	t    *testing.T
	mu   sync.Mutex
	busy map[string]string   // shop → the process whose push is under way
	by   map[string][]string // shop → the processes that pushed it, in order, each change once
}

func newPushWatch(t *testing.T) *pushWatch {
	return &pushWatch{t: t, busy: make(map[string]string), by: make(map[string][]string)}
}

func (w *pushWatch) enter(shop, process string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if other := w.busy[shop]; other != "" {
		w.t.Errorf("%s pushes to %s while %s does", process, shop, other)
	}
	w.busy[shop] = process
	if seen := w.by[shop]; len(seen) == 0 || seen[len(seen)-1] != process {
		w.by[shop] = append(seen, process)
	}
}

func (w *pushWatch) leave(shop string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.busy, shop)
}

func (w *pushWatch) holders(shop string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.by[shop])
}

// watched tells the watch of the pushes that take effect.
type watched struct {
	memoryConnector
	watch   *pushWatch
	process *process
}

func (c *watched) PushStock(ctx context.Context, updates []channel.Update) ([]channel.Outcome, error) {
	inner := c.memoryConnector
	c.process.clock.leaving() // a process may hang with the call in its hand
	if err := inner.deps.Pace.Wait(ctx, "push", 1); err != nil {
		return nil, &channel.Error{Kind: channel.Temporary, Op: "push", Err: err, NotDone: true}
	}
	c.watch.enter(c.shop.name, c.process.name)
	defer c.watch.leave(c.shop.name)
	time.Sleep(50 * time.Millisecond) // a call takes a while, so that two of them can meet
	free := channel.NewPace(clock.System{}, nil)
	inner.deps.Pace = free // this call has been paid
	return inner.PushStock(ctx, updates)
}

// process is one soroi with a database handle of its own.
type process struct {
	name  string
	clock *halting
	stop  func()
}

// startProcess runs an engine on a handle of its own on the town's database.
func (tn *town) startProcess(url, name string, watch *pushWatch) *process {
	tn.t.Helper()
	p := &process{name: name, clock: &halting{}}
	var specs []channel.Spec
	for _, s := range tn.shops {
		spec := s.spec()
		spec.Open = func(_ channel.Settings, d channel.Deps) (channel.Connector, error) {
			return &watched{memoryConnector{s, d}, watch, p}, nil
		}
		specs = append(specs, spec)
	}
	e := engine.New(storetest.Open(tn.t, url, p.clock), p.clock, tn.log.With("process", name), specs, tn.options)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := e.Run(ctx); err != nil {
			tn.t.Error(err)
		}
	})
	p.stop = func() {
		p.clock.wake()
		cancel()
		running.Wait()
	}
	return p
}

// Two processes share one PostgreSQL: each shop is pushed by one of them. When that one hangs, the other takes over once the lease has
// run out, and the one that wakes sends nothing for a shop that is not its own any more.
func TestEngine_two_processes(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	synctest.Test(t, func(t *testing.T) {
		shops := threeShops(4)
		tn := newTownOn(t, url, 4, shops...)
		tn.options.LeaseFor = 3 * time.Second
		watch := newPushWatch(t)
		first := tn.startProcess(url, "first", watch)
		second := tn.startProcess(url, "second", watch)
		defer first.stop()
		defer second.stop()
		sell := func(each int) {
			for i := range each {
				for _, s := range shops {
					s.buy(refOf(i%4), 1)
					time.Sleep(300 * time.Millisecond)
				}
			}
		}
		sell(12)
		tn.settle()
		for _, s := range shops {
			if by := watch.holders(s.name); len(by) != 1 {
				t.Errorf("%s was pushed by %v", s.name, by)
			}
		}
		for round, hang := range []*process{first, second, first} {
			before := make(map[string][]string)
			for _, s := range shops {
				before[s.name] = watch.holders(s.name)
			}
			hang.clock.halt()
			sell(8)
			tn.settle()
			for _, s := range shops {
				by := watch.holders(s.name)
				if by[len(by)-1] == hang.name {
					t.Errorf("round %d: %s was last pushed by the process that hangs: %v", round, s.name, by)
				}
				if n := len(by) - len(before[s.name]); n > 1 {
					t.Errorf("round %d: %s changed hands %d times: %v", round, s.name, n, by)
				}
				before[s.name] = by
			}
			hang.clock.wake()
			sell(8)
			tn.settle()
			for _, s := range shops {
				if by := watch.holders(s.name); !slices.Equal(by, before[s.name]) {
					t.Errorf("round %d: the process that woke pushed to %s again: %v", round, s.name, by)
				}
			}
		}
	})
}

// A process hangs after it has recorded a push and before the call leaves. When it wakes, the shop is another's, which has written a newer
// number: the old call must not leave any more.
func TestEngine_call_in_hand_does_not_leave_after_the_lease(t *testing.T) {
	t.Parallel()
	for _, write := range []channel.Write{channel.Overwrite, channel.Delta} {
		url := storetest.Postgres(t)
		t.Run(string(write), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				shop := newMemoryShop("a", write, 1, opening)
				tn := newTownOn(t, url, 1, shop)
				tn.options.LeaseFor = 3 * time.Second
				watch := newPushWatch(t)
				first := tn.startProcess(url, "first", watch)
				defer first.stop()
				tn.settle()
				second := tn.startProcess(url, "second", watch)
				defer second.stop()
				first.clock.haltBeforeCall()
				tn.change(stock.Subtract, 5, tn.skus[0])
				time.Sleep(time.Second) // the call is in the hand of the first process
				if got := shop.shows(refOf(0)); got != opening {
					t.Fatalf("the shop shows %d: the call has left", got)
				}
				time.Sleep(10 * time.Second) // the second has taken over
				tn.change(stock.Subtract, 5, tn.skus[0])
				tn.settle()
				first.clock.wake()
				for range 100 {
					time.Sleep(100 * time.Millisecond)
					if got := shop.shows(refOf(0)); got != opening-10 {
						t.Fatalf("the shop shows %d after the old call has left, pushed by %v", got, watch.holders("a"))
					}
				}
			})
		})
	}
}

// Processes that hang and wake at random lose nothing and double nothing.
func TestEngine_processes_hang_at_random(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1, 2, 3, 4} {
		url := storetest.Postgres(t)
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { hangAtRandom(t, url, seed) })
		})
	}
}

func hangAtRandom(t *testing.T, url string, seed uint64) {
	const skus = 6
	rng := rand.New(rand.NewPCG(seed, 7))
	shops := threeShops(skus)
	tn := newTownOn(t, url, skus, shops...)
	tn.options.LeaseFor = 2 * time.Second
	watch := newPushWatch(t)
	processes := []*process{tn.startProcess(url, "first", watch), tn.startProcess(url, "second", watch)}
	for _, p := range processes {
		defer p.stop()
	}
	want := make([]int64, skus)
	for i := range want {
		want[i] = opening
	}
	for range 150 {
		time.Sleep(time.Duration(rng.IntN(900)) * time.Millisecond)
		sku := rng.IntN(skus)
		switch p := processes[rng.IntN(2)]; rng.IntN(12) {
		case 0:
			p.clock.halt()
		case 1:
			p.clock.haltBeforeCall()
		case 2:
			p.clock.wake()
		case 3:
			units := rng.Int64N(8)
			tn.change(stock.Add, units, tn.skus[sku])
			want[sku] += units
		default:
			_, taken := shops[rng.IntN(len(shops))].buy(refOf(sku), 1+rng.Int64N(3))
			want[sku] -= taken
		}
	}
	for _, p := range processes {
		p.clock.wake()
	}
	tn.settle()
	time.Sleep(time.Minute)
	tn.settle()
	for i, sku := range tn.skus {
		if got := tn.balance(sku).Available(); got != want[i] {
			t.Errorf("sku %d: available %d, the world says %d", i, got, want[i])
		}
	}
	var hands int
	for _, s := range shops {
		hands += len(watch.holders(s.name)) - 1
	}
	if hands == 0 {
		t.Errorf("seed %d: no shop ever changed hands, so this sequence shows nothing", seed)
	}
	t.Log("shops changed hands", hands, "times:", strings.Join(watch.holders(shops[0].name), " "))
}
