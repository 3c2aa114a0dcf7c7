package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// moment is now, with nothing else happening in its microsecond.
func moment() time.Time {
	at := time.Now().UTC().Truncate(time.Microsecond)
	for !time.Now().After(at.Add(time.Microsecond)) {
	}
	return at
}

// TestPast looks back at random moments of a random life: what was on hand, committed and claimed, and what shops were to show, is what was noted down then, and what
// replaying the ledger up to there comes to.
func TestPast(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		start := moment()
		b.skus("A a", "B b")
		rakuten := b.shop("楽天", "A", "B")
		b.shop("Yahoo!", "A")
		rng := rand.New(rand.NewPCG(4, 7))
		type note struct {
			at      time.Time
			balance stock.Balance
			held    map[string]int64 // by order
			target  stock.Quantity
			decided int // shops
		}
		var notes []note
		open := make(map[string]int64)
		for step := range 40 {
			switch n := rng.IntN(5); {
			case n == 0:
				b.set("A", rng.Int64N(50))
			case n < 4:
				number := fmt.Sprint("N", step)
				open[number] = 1 + rng.Int64N(3)
				b.sale(rakuten, number, fmt.Sprintf("A×%d", open[number]))
			default:
				for number := range open {
					s := snapshot(number, "A×0")
					s.State, s.Version.AskedAt = order.Cancelled, time.Now().Add(time.Hour).UTC()
					b.take(rakuten, s)
					delete(open, number)
					break
				}
			}
			b.allocate()
			for { // on PostgreSQL events are numbered after they are committed
				n, err := db.NumberEvents(ctx, b.tenant, 1000)
				b.must(err)
				if n == 0 {
					break
				}
			}
			held := make(map[string]int64)
			for number, units := range open {
				held[number] = units
			}
			notes = append(notes, note{moment(), b.row("A").Balance, held, b.row("A").Sellable(), 2})
		}
		check := func(at time.Time, want note) {
			t.Helper()
			p, err := db.LoadPast(ctx, b.tenant, "A", at, 100)
			b.must(err)
			if p.Balance != want.balance || p.Lines != int64(len(want.held)) || p.Held != want.balance.Committed {
				t.Fatalf("at %v: %+v with %d lines that hold %d, want %+v with %d", at, p.Balance, p.Lines, p.Held, want.balance, len(want.held))
			}
			for _, c := range p.Claims {
				if want.held[c.Number] != c.Held {
					t.Fatalf("at %v order %s held %d, want %d", at, c.Number, c.Held, want.held[c.Number])
				}
			}
			switch {
			case want.decided == 0 && p.Decided != nil:
				t.Fatalf("at %v: %+v", at, p.Decided)
			case want.decided > 0 && (p.Decided == nil || len(p.Decided.Shops) != want.decided || p.Decided.Sellable != want.target || p.Decided.At.After(at)):
				t.Fatalf("at %v: decided %+v, want %v", at, p.Decided, want.target)
			}
			for i := range want.decided {
				if p.Decided.Shops[i].Target != want.target {
					t.Fatalf("at %v: %+v, want %v everywhere", at, p.Decided, want.target)
				}
			}
			rows, err := db.ListPast(ctx, b.tenant, at, "", 10)
			b.must(err)
			if len(rows) != 2 || rows[0].Code != "A" || rows[0].Balance != want.balance || rows[1].Balance != (stock.Balance{}) {
				t.Fatalf("at %v: %+v, want %+v", at, rows, want.balance)
			}
		}
		for _, n := range notes {
			check(n.at, n)
		}
		check(start, note{})
		check(time.Now().Add(time.Hour), notes[len(notes)-1])

		// The same from the movements alone.
		page, err := db.ListMovements(ctx, b.tenant, "A", "", 500)
		b.must(err)
		for _, n := range notes {
			var sum stock.Balance
			for _, m := range page.Movements {
				if !m.PostedAt.After(n.at) {
					sum.OnHand, sum.Committed = sum.OnHand+m.OnHandDelta, sum.Committed+m.CommittedDelta
				}
			}
			if sum != n.balance {
				t.Fatalf("replayed to %v: %+v, want %+v", n.at, sum, n.balance)
			}
		}
		if _, err := db.LoadPast(ctx, b.tenant, "none", start, 1); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("no such sku: %v", err)
		}
	})
}
