package channeltest

import (
	"maps"
	"time"

	"soroi/internal/channel"
	"soroi/internal/order"
)

// changed places an order, takes it in, lets change happen and looks again.
func changed(b *bench, lines []Line, change func(number string)) order.Snapshot {
	b.t.Helper()
	number := b.Place(lines...)
	b.wait(time.Minute)
	seen, _ := b.pull("")
	known := b.known(seen, number)
	b.wait(time.Minute)
	change(number)
	b.wait(time.Minute)
	got, ok := b.refresh(known)[number]
	if !ok {
		b.t.Fatalf("RefreshOrders left out %s, which has changed", number)
	}
	if got.Version.Before(known[0].Version) {
		b.t.Errorf("the changed order's version %+v is before %+v", got.Version, known[0].Version)
	}
	if len(got.Problems) != 0 || got.Incomplete {
		b.t.Errorf("the changed order has problems: %+v", got)
	}
	return got
}

func ordersEdit(b *bench) {
	tea, cup := b.list("tea", 10), b.list("cup", 10)
	s := changed(b, []Line{{tea, 3}, {cup, 2}}, func(number string) { b.Edit(number, 0, 1) })
	b.wantClaim(s.Number, tea, order.Claim{Held: 1})
	b.wantClaim(s.Number, cup, order.Claim{Held: 2})
	if s.State != order.Open {
		b.t.Errorf("state is %s, want open", s.State)
	}
}

func ordersZeroUnits(b *bench) {
	tea, cup := b.list("tea", 10), b.list("cup", 10)
	s := changed(b, []Line{{tea, 3}, {cup, 2}}, func(number string) { b.Edit(number, 1, 0) })
	b.wantClaim(s.Number, tea, order.Claim{Held: 3})
	b.wantClaim(s.Number, cup, order.Claim{})
	if s.State != order.Open {
		b.t.Errorf("state is %s, want open", s.State)
	}
}

func ordersCancel(b *bench) {
	tea, cup := b.list("tea", 10), b.list("cup", 10)
	s := changed(b, []Line{{tea, 3}, {cup, 2}}, b.Cancel)
	if s.State != order.Cancelled {
		b.t.Errorf("state is %s, want cancelled", s.State)
	}
	b.wantClaim(s.Number, tea, order.Claim{})
	b.wantClaim(s.Number, cup, order.Claim{})
	switch b.can.ReturnsOnCancel {
	case channel.ReturnsAlways:
		b.wantShown(tea, 10)
	case channel.ReturnsNever:
		b.wantShown(tea, 7)
	case channel.ReturnsDepends:
	default:
		b.t.Errorf("Can.ReturnsOnCancel is %q", b.can.ReturnsOnCancel)
	}
}

func ordersShip(b *bench) {
	tea, cup := b.list("tea", 10), b.list("cup", 10)
	s := changed(b, []Line{{tea, 3}, {cup, 2}}, b.Ship)
	if s.State != order.Shipped {
		b.t.Errorf("state is %s, want shipped", s.State)
	}
	b.wantClaim(s.Number, tea, order.Claim{Shipped: 3})
	b.wantClaim(s.Number, cup, order.Claim{Shipped: 2})
	b.wantShown(tea, 7)
}

func ordersPartlyShipped(b *bench) {
	tea, cup := b.list("tea", 10), b.list("cup", 10)
	s := changed(b, []Line{{tea, 3}, {cup, 2}}, func(number string) { b.ShipUnits(number, 0, 2) })
	if s.State != order.Open {
		b.t.Errorf("state is %s, want open", s.State)
	}
	b.wantClaim(s.Number, tea, order.Claim{Held: 1, Shipped: 2})
	b.wantClaim(s.Number, cup, order.Claim{Held: 2})
}

// Units that left stay gone when the order is cancelled afterwards: only a return brings them back.
func ordersCancelAfterShipping(b *bench) {
	tea := b.list("tea", 10)
	number := b.Place(Line{tea, 3})
	b.wait(time.Minute)
	seen, _ := b.pull("")
	b.Ship(number)
	b.wait(time.Minute)
	maps.Copy(seen, b.refresh(b.known(seen, number)))
	b.wantClaim(number, tea, order.Claim{Shipped: 3})
	b.Cancel(number)
	b.wait(time.Minute)
	b.refresh(b.known(seen, number))
	b.wantClaim(number, tea, order.Claim{Shipped: 3})
	if state := b.taken[number].State; state != order.Cancelled {
		b.t.Errorf("state is %s, want cancelled", state)
	}
}

func ordersReturn(b *bench) {
	tea := b.list("tea", 10)
	number := b.Place(Line{tea, 3})
	b.wait(time.Minute)
	seen, _ := b.pull("")
	b.Ship(number)
	b.wait(time.Minute)
	maps.Copy(seen, b.refresh(b.known(seen, number)))
	b.wantClaim(number, tea, order.Claim{Shipped: 3})
	b.Return(number, 0, 2)
	b.wait(time.Minute)
	b.refresh(b.known(seen, number))
	b.wantClaim(number, tea, order.Claim{Shipped: 3, Returned: 2})
}

// Where the channel tells what changed, PullOrders alone brings edits, shipments and cancels of old orders.
func ordersChangesArePulled(b *bench) {
	tea := b.list("tea", 100)
	edited, shipped, cancelled := b.Place(Line{tea, 5}), b.Place(Line{tea, 2}), b.Place(Line{tea, 1})
	b.wait(time.Minute)
	_, last := b.pull("")
	b.wait(24*time.Hour + b.limits.Lateness)
	_, last = b.pull(last.Next)
	b.Ship(shipped)
	b.Cancel(cancelled)
	if _, lacks := b.h.Lacks["Orders/Edit"]; !lacks {
		b.Edit(edited, 0, 4)
		defer b.wantClaim(edited, tea, order.Claim{Held: 4})
	}
	b.wait(b.limits.Lateness + time.Minute)
	seen, _ := b.pull(last.Next)
	for _, number := range []string{shipped, cancelled} {
		if _, ok := seen[number]; !ok {
			b.t.Errorf("the change of order %s is not pulled", number)
		}
	}
	b.wantClaim(shipped, tea, order.Claim{Shipped: 2})
	b.wantClaim(cancelled, tea, order.Claim{})
}
