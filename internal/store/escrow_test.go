package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// What transactions do to the account of a listing is what the rules of package allocation do, whatever the account was.
func TestEscrow_texts_are_the_rules(t *testing.T) {
	t.Parallel()
	eachAtHand(t, func(t *testing.T, db *store.DB, clk *handClock) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		b.skus("A")
		b.set("A", 10)
		shop := b.shop("店", "A")
		b.plan()
		item, err := db.LoadSKU(ctx, b.tenant, "A")
		b.must(err)
		listing := item.Listings[0].ID
		account := func() allocation.Account {
			t.Helper()
			a, err := db.Account(ctx, b.tenant, listing)
			b.must(err)
			return a
		}
		const margin = 2 * time.Second
		at := func(moment time.Time) int64 { return moment.UnixMicro() }
		rng := rand.New(rand.NewPCG(5, 5))
		steps := map[string]int{}
		for round := range 900 {
			clk.advance(time.Hour)
			now := clk.Now()
			lease, _, err := db.AcquireLease(ctx, b.tenant, shop, "test", 2*time.Hour)
			b.must(err)
			settled := now.Add(-time.Duration(10+rng.IntN(20)) * time.Second)
			var expected any = rng.Int64N(9) - 2
			unseen := []int64{0, 0, rng.Int64N(7), allocation.Unbounded}[rng.IntN(4)]
			doubt := []int64{0, 0, rng.Int64N(5)}[rng.IntN(3)]
			doubtUntil := []time.Time{now.Add(-time.Minute), now.Add(time.Minute)}[rng.IntN(2)]
			if rng.IntN(10) == 0 {
				expected, unseen = nil, allocation.Unbounded
			}
			target := rng.Int64N(8)
			_, err = db.Exec(ctx, `UPDATE listing SET expected = $3, unseen = $4, unseen_at = $5, doubt = $6, doubt_until = $7, settled_from = $8, settled_until = $9,
				unsure = $10, in_flight = FALSE, share = 5, target = $11, sent_at = 0, answered_at = 0, crossed_at = 0, held_until = 0, strikes = 0, read_at = 1
				WHERE tenant_id = $1 AND listing_id = $2`, int64(b.tenant), int64(listing), expected, unseen, at(settled.Add(5*time.Second)), doubt, at(doubtUntil),
				at(settled), at(settled.Add(3*time.Second)), doubt > 0 || rng.IntN(3) == 0, target)
			b.must(err)
			stale := rng.IntN(3) == 0 // something has changed since the number was decided
			_, err = db.Exec(ctx, "UPDATE sku_plan SET planned = CASE WHEN $3 THEN marked - 1 ELSE marked END WHERE tenant_id = $1 AND sku_id = $2", int64(b.tenant), int64(item.SKU), stale)
			b.must(err)
			want := account()
			same := func(step string) {
				t.Helper()
				steps[step]++
				got := account()
				for _, a := range []*allocation.Account{&got, &want} {
					if a.Unseen >= allocation.Unbounded/2 {
						a.Unseen = allocation.Unbounded // without bound is without bound
					}
				}
				if got != want {
					t.Fatalf("round %d, %s:\ngot  %+v\nwant %+v", round, step, got, want)
				}
			}
			sell := func() {
				t.Helper()
				units, placed := 1+rng.Int64N(8), settled.Add(time.Duration(rng.IntN(16_000)-6_000)*time.Millisecond+time.Microsecond)
				_, err := db.TakeIn(ctx, b.tenant, store.Intake{Lease: lease, Loop: "new", Returns: channel.ReturnsDepends, Orders: []order.Snapshot{{Number: fmt.Sprint("o", round, "-", len(steps), "-", steps["sold"]),
					PlacedAt: placed, State: order.Open, Version: order.Version{AskedAt: clk.Now()}, Lines: []order.Line{{Key: "1", Ref: "A", Code: "A", Wanted: units}}}}})
				b.must(err)
				want = want.Sold(units, at(placed))
				want.Unsure = want.Unsure || want.Shown < 0 && want.Busy == allocation.NoWrite || want.Busy == allocation.NoWrite && want.Doubt > 0
				same("sold")
			}
			known := func() { // what the rules call unsure while nothing is under way, beside their own
				want.Unsure = want.Unsure || want.Busy == allocation.NoWrite && (want.Doubt > 0 || want.Shown < 0)
			}
			switch rng.IntN(5) {
			case 0:
				sell()
			case 1:
				upTo := settled.Add(time.Duration(4+rng.IntN(3)) * time.Second)
				_, err := db.TakeIn(ctx, b.tenant, store.Intake{Lease: lease, Loop: "new", UpTo: upTo})
				b.must(err)
				want = want.Complete(at(upTo))
				same("complete")
			case 2:
				from, until, x := now.Add(-2*time.Second), now.Add(-time.Second), rng.Int64N(9)
				crossed := rng.IntN(3) == 0
				if crossed {
					_, err := db.Exec(ctx, "UPDATE listing SET crossed_at = $3 WHERE tenant_id = $1 AND listing_id = $2", int64(b.tenant), int64(listing), at(now))
					b.must(err)
				}
				if !want.Unsure {
					continue // one that is sure is compared, and adopted when the orders are in
				}
				_, err := db.RecordRead(ctx, b.tenant, lease, from, until, []store.ListingID{listing}, []channel.Shown{{Ref: "A", Found: true, Quantity: stock.Units(x)}})
				b.must(err)
				before := want
				if want = want.Read(x, at(from), at(until), crossed); want != before {
					want.KnownFrom, want.KnownAt, want.UnseenAt = at(from.Add(-margin)), at(until.Add(margin)), at(until.Add(margin))
				}
				same("read")
			default:
				overwrite := rng.IntN(2) == 0
				w := allocation.Move
				if overwrite {
					w = allocation.Overwrite
				}
				p, err := db.BeginPush(ctx, b.tenant, lease, []store.ListingID{listing}, overwrite)
				b.must(err)
				may := want.MaySend(w, target, stale) && (target == 0 || !want.Unsure)
				if len(p.Items) == 0 && may && target != want.Shown {
					t.Fatalf("round %d: %d was not sent to %+v", round, target, want)
				}
				if len(p.Items) == 0 {
					continue
				}
				if !may {
					t.Fatalf("round %d: %d was sent to %+v", round, target, want)
				}
				expect := max(want.Shown, 0)
				want = want.Sent(w, target)
				same("sent")
				if stale {
					same("sent before its plan")
				}
				clk.advance(3 * time.Second)
				if rng.IntN(3) == 0 {
					sell()
				}
				if rng.IntN(5) == 0 {
					clk.advance(3 * time.Hour)
					_, ok, err := db.AcquireLease(ctx, b.tenant, shop, "another", time.Second)
					if b.must(err); !ok {
						t.Fatal("no lease")
					}
					want = want.Unclear(at(clk.Now().Add(channel.LongestLag)))
					same("takeover")
					clk.advance(time.Hour)
					continue
				}
				stops := rng.IntN(2) == 0
				if stops && want.Busy == allocation.Move {
					want.Busy = allocation.MoveToZero
				}
				answered := clk.Now()
				outcome := store.PushOutcome{Stops: stops, HoldUntil: answered.Add(time.Minute)}
				switch outcome.State = []channel.State{channel.Applied, channel.Applied, channel.Refused, channel.Conflict, channel.Unknown}[rng.IntN(5)]; outcome.State {
				case channel.Applied:
					late := at(answered) < want.DoubtUntil
					want = want.Applied(target, expect, at(p.SentAt.Add(-margin)), at(answered.Add(margin)))
					want.Unsure = want.Unsure || late && w == allocation.Overwrite
				case channel.Unknown:
					want = want.Unclear(at(outcome.HoldUntil))
				default:
					want = want.Refused(target, expect, outcome.State == channel.Conflict)
				}
				known()
				b.must(db.RecordPush(ctx, b.tenant, lease, p, []store.PushOutcome{outcome}))
				same(string(outcome.State))
			}
		}
		for _, step := range []string{"sold", "complete", "read", "sent", "sent before its plan", "takeover", "applied", "refused", "conflict", "unknown"} {
			if steps[step] < 10 {
				t.Errorf("%s was compared %d times", step, steps[step])
			}
		}
	})
}

// A book that lets out more than was decided is found.
func TestVerify_divided(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		b.skus("A")
		b.set("A", 10)
		b.shop("店", "A")
		_, err := db.SavePattern(ctx, b.tenant, store.PatternChange{Pattern: allocation.Pattern{Name: "分ける", Rules: []allocation.Rule{{To: allocation.Open, Default: allocation.Share{Kind: allocation.Fixed, N: 4}}}}})
		b.must(err)
		list, _, err := db.ListPatterns(ctx, b.tenant)
		b.must(err)
		b.must(db.SetDefaultPattern(ctx, b.tenant, list[0].ID))
		for more := true; more; {
			more, err = db.Sweep(ctx, b.tenant, 100)
			b.must(err)
		}
		four := stock.Units(4)
		_, _, err = db.Plan(ctx, b.tenant, 10, func(skus []*store.Unplanned) error {
			for _, u := range skus {
				if !u.Divides() || u.Listings[0].Held == nil {
					t.Fatalf("%+v is not divided", u)
				}
				u.Listings[0].NewTarget, u.Listings[0].NewShare = four, &four
				u.Room = 10 - u.Listings[0].Held.Exposure()
			}
			return nil
		})
		b.must(err)
		if r, err := db.Verify(ctx, b.tenant, nil); err != nil || !r.OK() {
			t.Fatalf("%v, %v", r.Broken, err)
		}
		_, err = db.Exec(ctx, "UPDATE sku_plan SET room = 3 WHERE tenant_id = $1", int64(b.tenant))
		b.must(err)
		want := "sku_plan sku A: what its shops may sell is 1125899906842624 and must be at most 7, as decided: 10 are sellable"
		if r, err := db.Verify(ctx, b.tenant, nil); err != nil || r.OK() || r.Broken.String() != want {
			t.Fatalf("%v, %v", r.Broken, err)
		}
	})
}
