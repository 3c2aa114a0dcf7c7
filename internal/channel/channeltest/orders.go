package channeltest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"soroi/internal/channel"
	"soroi/internal/order"
)

var orderTests = []test{
	{name: "Orders/EmptyShop", run: ordersEmptyShop},
	{name: "Orders/One", run: ordersOne},
	{name: "Orders/ListedLate", run: ordersListedLate,
		setup: func(s channel.Spec) Setup { return Setup{OrderLag: s.Limits.Lateness} }},
	{name: "Orders/Pages", run: ordersPages},
	{name: "Orders/SameCursorTwice", run: ordersSameCursorTwice},
	{name: "Orders/CursorsSecond", run: ordersCursorsSecond},
	{name: "Orders/Edit", run: ordersEdit},
	{name: "Orders/ZeroUnits", run: ordersZeroUnits},
	{name: "Orders/Cancel", run: ordersCancel},
	{name: "Orders/Ship", run: ordersShip},
	{name: "Orders/PartlyShipped", run: ordersPartlyShipped},
	{name: "Orders/CancelAfterShipping", run: ordersCancelAfterShipping},
	{name: "Orders/Return", run: ordersReturn},
	{name: "Orders/ChangesArePulled", run: ordersChangesArePulled, needs: func(s channel.Spec) bool { return s.Can.ChangedSince }},
	{name: "Orders/SameListingTwice", run: ordersSameListingTwice},
	{name: "Orders/ListingGone", run: ordersListingGone},
	{name: "Orders/ThousandLines", run: ordersThousandLines},
	{name: "Orders/RareLetters", run: ordersRareLetters},
	{name: "Orders/MidnightInJapan", run: ordersMidnight},
	{name: "Orders/EdgeOfHistory", run: ordersEdgeOfHistory, needs: func(s channel.Spec) bool { return s.Limits.History > 0 }},
	{name: "Orders/OldCursor", run: ordersOldCursor},
	{name: "Orders/WrongCursor", run: ordersWrongCursor},
	{name: "Orders/RefreshNone", run: ordersRefreshNone},
	{name: "Orders/RefreshAtTheLimit", run: ordersRefreshAtTheLimit},
	{name: "Orders/RefreshUnknown", run: ordersRefreshUnknown},
}

func ordersEmptyShop(b *bench) {
	seen, last := b.pull("")
	if len(seen) != 0 {
		b.t.Errorf("an empty shop gave %d orders", len(seen))
	}
	b.wait(time.Minute)
	if seen, _ = b.pull(last.Next); len(seen) != 0 {
		b.t.Errorf("an empty shop gave %d orders on the second pull", len(seen))
	}
}

func ordersOne(b *bench) {
	tea, cup := b.list("tea", 10), b.list("cup", 5)
	b.wait(90 * time.Second)
	before := b.clock.Now()
	number := b.Place(Line{tea, 3}, Line{cup, 1})
	b.wait(time.Second)
	seen, last := b.pull("")
	s, ok := seen[number]
	if !ok || len(seen) != 1 {
		b.t.Fatalf("pulled %v, want order %q alone", slices.Sorted(maps.Keys(seen)), number)
	}
	if s.State != order.Open || s.Incomplete || s.Test || len(s.Problems) != 0 {
		b.t.Errorf("order is %+v, want open, whole, no test, without problems", s)
	}
	if diff := s.PlacedAt.Sub(before).Abs(); diff > time.Second {
		b.t.Errorf("placed at %v, want %v", s.PlacedAt, before)
	}
	b.wantClaim(number, tea, order.Claim{Held: 3})
	b.wantClaim(number, cup, order.Claim{Held: 1})
	for _, l := range s.Lines {
		if l.Title == "" {
			b.t.Errorf("line %s has no title", l.Key)
		}
	}
	if last.UpTo.After(b.clock.Now()) {
		b.t.Errorf("UpTo %v lies in the future", last.UpTo)
	}
	b.wantShown(tea, 7)
}

// An order that the mall lists late must come with a later pull, and UpTo must not have promised it before.
func ordersListedLate(b *bench) {
	tea := b.list("tea", 10)
	b.wait(time.Hour)
	_, last := b.pull("")
	b.wait(time.Minute)
	number := b.Place(Line{tea, 1})
	placed := b.clock.Now()
	if lateness := b.limits.Lateness; lateness > 0 {
		b.wait(lateness / 2)
		var seen map[string]order.Snapshot
		seen, last = b.pull(last.Next)
		if _, early := seen[number]; early {
			b.t.Fatal("the mall listed the order before its lag was over: the harness ignores Setup.OrderLag")
		}
		if !last.UpTo.IsZero() && !last.UpTo.Before(placed) {
			b.t.Errorf("UpTo says that all is in up to %v, but an order of %v is not", last.UpTo, placed)
		}
		b.wait(lateness/2 + time.Second)
	}
	seen, last := b.pull(last.Next)
	if _, ok := seen[number]; !ok {
		b.t.Errorf("order %s, placed at %v and listed within %v, is skipped", number, placed, b.limits.Lateness)
	}
	// It stays within reach until it has surely been in a pull: the overlap ends, the promise goes on.
	b.wait(b.limits.Lateness + time.Hour)
	if _, last = b.pull(last.Next); !last.UpTo.IsZero() && last.UpTo.Before(placed) {
		b.t.Errorf("UpTo is still %v, an hour and the lateness after %v", last.UpTo, placed)
	}
}

// Orders come and change between the pages, and several share a second; none is skipped.
func ordersPages(b *bench) {
	tea := b.list("tea", 1_000_000)
	var placed []string
	for i := range b.h.PageOrders + 10 {
		placed = append(placed, b.Place(Line{tea, 1}))
		if i%7 == 6 {
			b.wait(time.Second)
		}
	}
	b.wait(b.limits.Lateness)
	first := b.page("")
	for len(first.Orders) == 0 && first.More { // a history without orders may take pages, too
		first = b.page(first.Next)
	}
	b.take(first.Orders)
	if !first.More {
		b.t.Fatalf("%d orders came in one page: Harness.PageOrders is too small", len(first.Orders))
	}
	cancelled := first.Orders[0].Number
	b.Cancel(cancelled)
	placed = append(placed, b.Place(Line{tea, 2}))
	seen, last := b.pull(first.Next)
	for _, s := range first.Orders {
		if _, again := seen[s.Number]; !again {
			seen[s.Number] = s
		}
	}
	b.wait(b.limits.Lateness + time.Second)
	later, _ := b.pull(last.Next)
	maps.Copy(seen, later)
	for _, number := range placed {
		if _, ok := seen[number]; !ok {
			b.t.Errorf("order %s is skipped", number)
		}
	}
	if len(seen) != len(placed) {
		b.t.Errorf("pulled %d orders, want %d", len(seen), len(placed))
	}
}

func ordersSameCursorTwice(b *bench) {
	tea := b.list("tea", 100)
	start := b.Place(Line{tea, 1})
	b.wait(time.Minute)
	_, last := b.pull("")
	for range 5 {
		b.Place(Line{tea, 2})
		b.wait(time.Second)
	}
	first, _ := b.pull(last.Next)
	second, _ := b.pull(last.Next)
	if len(first) < 5 {
		b.t.Errorf("pulled %d orders, want the 5 new ones (and perhaps %s again)", len(first), start)
	}
	for _, both := range []map[string]order.Snapshot{first, second} {
		for number, s := range both {
			s.Version = order.Version{Revision: s.Version.Revision}
			both[number] = s
		}
	}
	if !reflect.DeepEqual(first, second) {
		b.t.Errorf("the same cursor gave\n%+v\nand then\n%+v", first, second)
	}
}

// The second in which a cursor was made may bring more orders.
func ordersCursorsSecond(b *bench) {
	tea := b.list("tea", 100)
	b.wait(time.Hour)
	one := b.Place(Line{tea, 1})
	seen, last := b.pull("")
	two := b.Place(Line{tea, 1})
	b.wait(b.limits.Lateness + time.Minute)
	later, _ := b.pull(last.Next)
	maps.Copy(seen, later)
	for _, number := range []string{one, two} {
		if _, ok := seen[number]; !ok {
			b.t.Errorf("order %s, placed in the cursor's second, is skipped", number)
		}
	}
}

func ordersSameListingTwice(b *bench) {
	tea, cup := b.list("tea", 10), b.list("cup", 10)
	number := b.Place(Line{tea, 2}, Line{cup, 1}, Line{tea, 3})
	b.wait(time.Minute)
	b.pull("")
	b.wantClaim(number, tea, order.Claim{Held: 5})
	b.wantClaim(number, cup, order.Claim{Held: 1})
	b.wantShown(tea, 5)
}

// A sold listing that is no longer up is still named by its ref.
func ordersListingGone(b *bench) {
	tea := b.list("tea", 10)
	number := b.Place(Line{tea, 2})
	b.RemoveListing(tea)
	b.wait(time.Minute)
	b.pull("")
	b.wantClaim(number, tea, order.Claim{Held: 2})
}

func ordersThousandLines(b *bench) {
	refs := b.listMany(1000, 50)
	lines := make([]Line, len(refs))
	for i, ref := range refs {
		lines[i] = Line{ref, int64(1 + i%7)}
	}
	number := b.Place(lines...)
	b.wait(time.Minute)
	seen, _ := b.pull("")
	if s := seen[number]; len(s.Lines) != len(lines) || s.Incomplete {
		b.t.Fatalf("order has %d lines (incomplete: %t), want %d", len(s.Lines), s.Incomplete, len(lines))
	}
	for _, l := range lines {
		b.wantClaim(number, l.Ref, order.Claim{Held: l.Units})
	}
}

func ordersRareLetters(b *bench) {
	for i, title := range []string{"髙﨑さんの①㈱ 茶碗", "𠮷野家 𩸽の干物", "湯呑み 🍵👨‍👩‍👧", `"引用" & <タグ> \ 改行`, "ｶﾅ～〜−－‖∥"} {
		ref := b.AddListing(Listing{Code: fmt.Sprintf("rare-%d", i), Title: title, Units: 5})
		number := b.Place(Line{ref, 1})
		b.wait(time.Minute)
		seen, _ := b.pull("")
		s := seen[number]
		if len(s.Lines) != 1 || s.Lines[0].Ref != ref || !strings.Contains(s.Lines[0].Title, title) {
			b.t.Errorf("order of %q came as %+v", title, s)
		}
		b.wantClaim(number, ref, order.Claim{Held: 1})
	}
}

// A mall that writes dates in Japan time turns the day at 15:00 UTC, and the year once a year.
func ordersMidnight(b *bench) {
	tea := b.list("tea", 100)
	japan := time.FixedZone("JST", 9*60*60)
	now := b.clock.Now().In(japan)
	midnight := time.Date(now.Year()+1, 1, 1, 0, 0, 0, 0, japan)
	b.wait(midnight.Sub(now) - 2*time.Second)
	_, last := b.pull("")
	placed := map[string]time.Time{}
	for range 5 {
		placed[b.Place(Line{tea, 1})] = b.clock.Now()
		b.wait(time.Second)
	}
	b.wait(b.limits.Lateness)
	seen, _ := b.pull(last.Next)
	for number, at := range placed {
		if s, ok := seen[number]; !ok || s.PlacedAt.Sub(at).Abs() > time.Second {
			b.t.Errorf("order of %v came as %v (found: %t)", at, s.PlacedAt, ok)
		}
	}
}

func ordersEdgeOfHistory(b *bench) {
	tea := b.list("tea", 100)
	number := b.Place(Line{tea, 1})
	b.wait(b.limits.History - time.Hour)
	if seen, _ := b.pull(""); len(seen) != 1 {
		b.t.Errorf("order %s of an hour after the edge of the history is not pulled", number)
	}
	b.wait(2 * time.Hour)
	recent := b.Place(Line{tea, 1})
	b.wait(time.Minute)
	if seen, _ := b.pull(""); len(seen[recent].Lines) != 1 {
		b.t.Errorf("order %s is not pulled once another has left the history", recent)
	}
}

// A shop that was paused for longer than the mall's history goes on from there without an error.
func ordersOldCursor(b *bench) {
	tea := b.list("tea", 100)
	b.Place(Line{tea, 1})
	b.wait(time.Minute)
	_, last := b.pull("")
	b.wait(b.limits.History + 100*24*time.Hour)
	number := b.Place(Line{tea, 1})
	b.wait(time.Minute)
	if seen, _ := b.pull(last.Next); len(seen[number].Lines) != 1 {
		b.t.Errorf("order %s is not pulled with an old cursor; got %v", number, slices.Sorted(maps.Keys(seen)))
	}
}

func ordersWrongCursor(b *bench) {
	for _, cursor := range []channel.Cursor{"no cursor", "{", "\x00", "999999999999999999999"} {
		_, err := b.conn.PullOrders(b.ctx, cursor)
		if err == nil {
			b.t.Errorf("PullOrders(%q) gave no error", cursor)
			continue
		}
		if e := b.fault("a wrong cursor", err); e.Kind != channel.Invalid {
			b.t.Errorf("PullOrders(%q): %v, want kind invalid", cursor, err)
		}
	}
	if calls := b.transport.Calls(); calls != 0 {
		b.t.Errorf("wrong cursors made %d calls", calls)
	}
}

func ordersRefreshNone(b *bench) {
	if got := b.refresh(nil); len(got) != 0 {
		b.t.Errorf("refreshing nothing gave %d orders", len(got))
	}
	if calls := b.transport.Calls(); calls != 0 {
		b.t.Errorf("refreshing nothing made %d calls", calls)
	}
}

func ordersRefreshAtTheLimit(b *bench) {
	tea := b.list("tea", 1_000_000)
	var numbers []string
	for range b.limits.RefreshOrders {
		numbers = append(numbers, b.Place(Line{tea, 2}))
	}
	b.wait(b.limits.Lateness + time.Minute)
	seen, _ := b.pull("")
	known := b.known(seen, numbers...)
	for _, n := range numbers {
		b.Cancel(n)
	}
	b.wait(time.Minute)
	got := b.refresh(known)
	for _, n := range numbers {
		if got[n].State != order.Cancelled {
			b.t.Fatalf("order %s is %+v after refreshing %d orders, want it cancelled", n, got[n], len(known))
		}
	}
}

func ordersRefreshUnknown(b *bench) {
	tea := b.list("tea", 10)
	number := b.Place(Line{tea, 1})
	b.wait(time.Minute)
	seen, _ := b.pull("")
	known := b.known(seen, number)
	gone := order.Known{Number: elsewhere(number), PlacedAt: known[0].PlacedAt, Version: known[0].Version}
	b.Cancel(number)
	b.wait(time.Minute)
	got := b.refresh([]order.Known{gone, known[0]})
	if s := got[number]; s.State != order.Cancelled {
		b.t.Errorf("order %s is %+v beside an unknown one, want it cancelled", number, s)
	}
	s, ok := got[gone.Number]
	if !ok || !s.Incomplete || len(s.Problems) == 0 || len(s.Lines) != 0 {
		b.t.Errorf("an order that the shop does not have came as %+v (found: %t), want a problem, incomplete, and no lines", s, ok)
	}
}

// elsewhere is a number of the same form that no order of this mall has: its last digit is turned by five.
func elsewhere(number string) string {
	digits := []byte(number)
	for i := len(digits) - 1; i >= 0; i-- {
		if c := digits[i]; c >= '0' && c <= '9' {
			digits[i] = '0' + (c-'0'+5)%10
			return string(digits)
		}
	}
	return number + "5"
}
