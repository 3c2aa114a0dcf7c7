package engine_test

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/channel/vendure"
	"soroi/internal/clock"
	"soroi/internal/engine"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/test/vendure/realshop"
)

// patience bounds every wait for the real shop; each ends as soon as what it waits for is there.
const patience = 2 * time.Minute

// TestEngine_real_vendure goes the whole circle with a shop that nobody here wrote and another one beside it: listings are pulled and
// linked, both shops are brought in line, an order is placed, taken in and pushed on to the other shop, partly cancelled, read back,
// shipped, and a sale elsewhere lowers the real shop's number.
func TestEngine_real_vendure(t *testing.T) {
	t.Parallel()
	server := realshop.Start(t)
	beside := newMemoryShop("beside", channel.Delta, 2, 0)
	tn := newTownOn(t, filepath.Join(t.TempDir(), "soroi.db"), 2, beside)
	refs := map[int]string{} // SKU → the real shop's variant
	for i := range 2 {
		refs[i] = server.AddProduct(string(refOf(i)), 3)
	}
	ctx := context.Background()
	shop, err := tn.db.AddShop(ctx, tn.tenant, vendure.Spec().Kind, "real", channel.Settings{
		channel.BaseURL: channel.Secret(server.BaseURL()), "username": channel.Secret(server.Username()), "password": channel.Secret(server.Password())})
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(tn.db, clock.System{}, tn.log, []channel.Spec{vendure.Spec(), beside.spec()}, engine.Options{TestMalls: true,
		Poll: 200 * time.Millisecond, OpenEvery: time.Second, ReadEvery: 5 * time.Second, Tick: 100 * time.Millisecond,
		Rates: map[channel.Kind][]channel.Rate{vendure.Spec().Kind: {{Bucket: vendure.Spec().Limits.PushBucket, Calls: 50, Per: time.Second, Burst: 50}}}})
	running, stop := context.WithCancel(ctx)
	var loops sync.WaitGroup
	loops.Go(func() {
		if err := e.Run(running); err != nil {
			t.Error(err)
		}
	})
	defer loops.Wait()
	defer stop()

	// wait waits until both shops show these numbers, and the books agree.
	wait := func(what string, want map[int]stock.Balance) {
		t.Helper()
		deadline := time.Now().Add(patience)
		for {
			real, other, books := map[int]int64{}, map[int]int64{}, map[int]stock.Balance{}
			right := true
			for i := range 2 {
				real[i], other[i], books[i] = server.Saleable(refs[i]), beside.shows(refOf(i)), tn.balance(tn.skus[i])
				n := want[i].Available()
				right = right && real[i] == n && other[i] == n && books[i] == want[i]
			}
			if right && tn.totals().NotInLine == 0 {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: the real shop would sell %v, the other shows %v, the books are %+v; want %+v", what, real, other, books, want)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}

	// The real shop's listings are pulled, linked and planned; it is in rehearsal, so nothing is sent.
	for deadline := time.Now().Add(patience); tn.totals().NotInLine != 2 || beside.shows(refOf(0)) != opening || beside.shows(refOf(1)) != opening; {
		if time.Now().After(deadline) {
			t.Fatalf("the listings were not pulled: %+v", tn.totals())
		}
		time.Sleep(50 * time.Millisecond)
	}
	if a, b := server.Saleable(refs[0]), server.Saleable(refs[1]); a != 3 || b != 3 {
		t.Fatalf("a shop in rehearsal was written to: it would sell %d and %d", a, b)
	}
	if err := tn.db.SetMode(ctx, tn.tenant, shop.ID, store.Live); err != nil {
		t.Fatal(err)
	}
	want := map[int]stock.Balance{0: {OnHand: opening}, 1: {OnHand: opening}}
	wait("live", want)

	number := server.Order(realshop.Line{Variant: refs[0], Units: 4}, realshop.Line{Variant: refs[1], Units: 1})
	want[0], want[1] = stock.Balance{OnHand: opening, Committed: 4}, stock.Balance{OnHand: opening, Committed: 1}
	wait("an order in the real shop", want)

	server.Cancel(number, realshop.Line{Variant: refs[0], Units: 3})
	want[0] = stock.Balance{OnHand: opening, Committed: 1}
	wait("a part of it cancelled", want)

	server.Fulfil(number)
	want[0], want[1] = stock.Balance{OnHand: opening - 1}, stock.Balance{OnHand: opening - 1}
	wait("the rest shipped", want)

	elsewhere, _ := beside.buy(refOf(1), 6)
	want[1] = stock.Balance{OnHand: opening - 1, Committed: 6}
	wait("an order in the other shop", want)
	beside.cut(elsewhere, 6)
	want[1] = stock.Balance{OnHand: opening - 1}
	wait("cancelled there", want)

	all := server.Order(realshop.Line{Variant: refs[1], Units: want[1].Available()})
	sold := maps.Clone(want)
	sold[1] = stock.Balance{OnHand: want[1].OnHand, Committed: want[1].OnHand}
	wait("everything sold", sold)
	server.Cancel(all)
	wait("all of it cancelled", want)

	if i := slices.IndexFunc(beside.written, func(n int64) bool { return n < 0 || n > opening }); i >= 0 {
		t.Errorf("the other shop was made to show %d", beside.written[i])
	}
}
