package channeltest

import (
	"fmt"
	"slices"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

func canDelta(s channel.Spec) bool { return s.Can.Write != channel.Overwrite }

var stockTests = []test{
	{name: "Stock/None", run: stockNone},
	{name: "Stock/InOrder", run: stockInOrder},
	{name: "Stock/ZeroOneLargest", run: stockZeroOneLargest},
	{name: "Stock/TooLarge", run: stockTooLarge},
	{name: "Stock/Unlimited", run: stockUnlimited, needs: func(s channel.Spec) bool { return s.Can.Unlimited }},
	{name: "Stock/UnlimitedRefused", run: stockUnlimitedRefused, needs: func(s channel.Spec) bool { return !s.Can.Unlimited }},
	{name: "Stock/AtTheLimit", run: stockAtTheLimit},
	{name: "Stock/SameTwice", run: stockSameTwice},
	{name: "Stock/SameKeyTwice", run: stockSameKeyTwice, needs: func(s channel.Spec) bool { return s.Can.Keyed }},
	{name: "Stock/Gone", run: stockGone, needs: func(s channel.Spec) bool { return !s.Can.ReadAfter }},
	{name: "Stock/GoneHarmsNobody", run: stockGoneHarmsNobody},
	{name: "Stock/Expected", run: stockExpected, needs: canDelta},
	{name: "Stock/UnseenSaleStays", run: stockUnseenSaleStays, needs: canDelta},
	{name: "Stock/LostCompare", run: stockLostCompare, needs: func(s channel.Spec) bool { return s.Can.Write == channel.CompareAndSet }},
	{name: "Stock/DeltaBelowZero", run: stockDeltaBelowZero, needs: func(s channel.Spec) bool { return s.Can.Write == channel.Delta }},
	{name: "Stock/ConflictHarmsNobody", run: stockConflictHarmsNobody, needs: canDelta},
	{name: "Stock/Async", run: stockAsync, needs: func(s channel.Spec) bool { return s.Can.Async }},
}

var readTests = []test{
	{name: "Read/None", run: readNone},
	{name: "Read/Missing", run: readMissing},
	{name: "Read/AtTheLimit", run: readAtTheLimit},
	{name: "Read/AfterASale", run: readAfterASale},
	{name: "Read/OwnPush", run: readOwnPush, setup: func(s channel.Spec) Setup { return Setup{WriteLag: s.Limits.Lag} }},
}

func stockNone(b *bench) {
	if outcomes, err := b.push(); err != nil || len(outcomes) != 0 {
		b.t.Errorf("pushing nothing gave %v, %v", outcomes, err)
	}
	if calls := b.transport.Calls(); calls != 0 {
		b.t.Errorf("pushing nothing made %d calls", calls)
	}
}

func stockInOrder(b *bench) {
	refs := b.listMany(min(7, b.limits.PushItems), 10)
	slices.Reverse(refs)
	var updates []channel.Update
	for i, ref := range refs {
		updates = append(updates, b.update(ref, int64(20+i), nil))
	}
	outcomes := b.settle(updates...)
	b.wantApplied(outcomes)
	for i, ref := range refs {
		b.wantShown(ref, int64(20+i))
		if shown := outcomes[i].Shown; shown != nil && *shown != stock.Units(int64(20+i)) {
			b.t.Errorf("outcome %d says that the shop shows %s, want %d: the outcomes are out of order", i, shown, 20+i)
		}
	}
}

func stockZeroOneLargest(b *bench) {
	ref := b.list("tea", 10)
	for _, want := range []int64{0, 1, b.limits.Largest, 0} {
		b.wantApplied(b.settle(b.update(ref, want, nil)))
		b.wantShown(ref, want)
		if b.can.Write != channel.Overwrite {
			same := b.Shown(ref)
			b.wantApplied(b.settle(b.update(ref, want, &same)))
			b.wantShown(ref, want)
		}
	}
}

// A quantity above the largest is not sent cut down: the caller knows the limit and decides.
func stockTooLarge(b *bench) {
	refs := b.listMany(2, 10)
	updates := []channel.Update{b.update(refs[0], b.limits.Largest+1, nil)}
	if b.limits.PushItems > 1 {
		updates = append(updates, b.update(refs[1], 4, nil))
	}
	outcomes := b.settle(updates...)
	if o := outcomes[0]; o.State != channel.Refused || channel.KindOf(o.Err) != channel.Invalid {
		b.t.Errorf("%d units: %s (%v), want refused as invalid", b.limits.Largest+1, o.State, o.Err)
	}
	b.wantShown(refs[0], 10)
	if len(updates) > 1 {
		b.wantApplied(outcomes[1:])
		b.wantShown(refs[1], 4)
	}
}

func stockUnlimited(b *bench) {
	ref := b.list("tea", 10)
	endless := b.update(ref, 0, nil)
	endless.Want = stock.Unlimited
	b.wantApplied(b.settle(endless))
	b.wait(b.limits.Lag)
	if got := b.read(ref)[0]; !got.Found || !got.Quantity.IsUnlimited() {
		b.t.Errorf("after pushing unlimited the shop shows %+v", got)
	}
	b.wantApplied(b.settle(b.update(ref, 3, nil)))
	b.wait(b.limits.Lag)
	if got := b.read(ref)[0]; got.Quantity != stock.Units(3) {
		b.t.Errorf("after pushing 3 the shop shows %+v", got)
	}
	born := b.AddListing(Listing{Code: "endless", Unlimited: true})
	if got := b.read(born)[0]; !got.Found || !got.Quantity.IsUnlimited() {
		b.t.Errorf("a listing without limit reads as %+v", got)
	}
}

func stockUnlimitedRefused(b *bench) {
	refs := b.listMany(2, 10)
	endless := b.update(refs[0], 0, nil)
	endless.Want = stock.Unlimited
	updates := []channel.Update{endless}
	if b.limits.PushItems > 1 {
		updates = append(updates, b.update(refs[1], 4, nil))
	}
	outcomes := b.settle(updates...)
	if o := outcomes[0]; o.State != channel.Refused || channel.KindOf(o.Err) != channel.Unsupported {
		b.t.Errorf("unlimited: %s (%v), want refused as unsupported", o.State, o.Err)
	}
	b.wantShown(refs[0], 10)
	if len(updates) > 1 {
		b.wantApplied(outcomes[1:])
		b.wantShown(refs[1], 4)
	}
}

func stockAtTheLimit(b *bench) {
	refs := b.listMany(b.limits.PushItems, 10)
	var updates []channel.Update
	for i, ref := range refs {
		updates = append(updates, b.update(ref, int64(i%30), nil))
	}
	b.wantApplied(b.settle(updates...))
	for i, ref := range refs {
		b.wantShown(ref, int64(i%30))
	}
}

func stockSameTwice(b *bench) {
	ref := b.list("tea", 10)
	push := b.update(ref, 6, nil)
	b.wantApplied(b.settle(push))
	b.wantApplied(b.settle(push))
	b.wantShown(ref, 6)
}

// A repeat with the same key is answered like the first, and does nothing more.
func stockSameKeyTwice(b *bench) {
	ref := b.list("tea", 10)
	ten := int64(10)
	push := b.update(ref, 6, &ten)
	b.wantApplied(b.settle(push))
	b.wantApplied(b.settle(push))
	b.wantShown(ref, 6)
	absolute := b.update(ref, 4, nil)
	b.wantApplied(b.settle(absolute))
	b.SetShown(ref, 3) // a sale in between: the repeat must not undo it
	b.wantApplied(b.settle(absolute))
	b.wantShown(ref, 3)
}

func stockGone(b *bench) {
	gone := b.list("gone", 10)
	b.RemoveListing(gone)
	outcomes := b.settle(b.update(gone, 3, nil))
	if o := outcomes[0]; o.State != channel.Refused || channel.KindOf(o.Err) != channel.NotFound {
		b.t.Errorf("a listing that is gone: %s (%v), want refused as not found", o.State, o.Err)
	}
}

func stockGoneHarmsNobody(b *bench) {
	if b.limits.PushItems < 3 {
		b.t.Skipf("%s takes %d listings per push: there are no neighbours", b.spec.Name, b.limits.PushItems)
	}
	refs := b.listMany(2, 10)
	gone := b.list("gone", 10)
	b.RemoveListing(gone)
	outcomes := b.settle(b.update(refs[0], 3, nil), b.update(refs[1], 5, nil), b.update(gone, 4, nil))
	b.wantApplied(outcomes[:2])
	b.wantShown(refs[0], 3)
	b.wantShown(refs[1], 5)
	switch o := outcomes[2]; {
	case o.State == channel.Refused && channel.KindOf(o.Err) == channel.NotFound:
	case b.can.ReadAfter: // the shop's answer says nothing of the item, and that is declared
	default:
		b.t.Errorf("a listing that is gone: %s (%v), want refused as not found", o.State, o.Err)
	}
}

func stockExpected(b *bench) {
	up, down := b.list("up", 10), b.list("down", 10)
	ten := int64(10)
	b.wantApplied(b.settle(b.update(up, 15, &ten)))
	b.wantApplied(b.settle(b.update(down, 0, &ten)))
	b.wantShown(up, 15)
	b.wantShown(down, 0)
}

// A sale that we have not seen stays subtracted: the delta keeps it, the comparison refuses (design 3).
func stockUnseenSaleStays(b *bench) {
	ref := b.list("tea", 10)
	b.Place(Line{ref, 2})
	ten := int64(10)
	o := b.settle(b.update(ref, 9, &ten))[0]
	switch b.can.Write {
	case channel.Delta:
		b.wantApplied([]channel.Outcome{o})
		b.wantShown(ref, 7)
	case channel.CompareAndSet:
		if o.State != channel.Conflict {
			b.t.Errorf("a push that expects 10 where 8 are shown is %s (%v), want conflict", o.State, o.Err)
		}
		b.wantShown(ref, 8)
	}
}

func stockLostCompare(b *bench) {
	refs := b.listMany(2, 10)
	b.SetShown(refs[0], 7)
	ten := int64(10)
	updates := []channel.Update{b.update(refs[0], 9, &ten)}
	if b.limits.PushItems > 1 {
		updates = append(updates, b.update(refs[1], 9, &ten))
	}
	outcomes := b.settle(updates...)
	if o := outcomes[0]; o.State != channel.Conflict {
		b.t.Errorf("a lost comparison is %s (%v), want conflict", o.State, o.Err)
	}
	b.wantShown(refs[0], 7)
	if len(updates) > 1 {
		b.wantApplied(outcomes[1:])
		b.wantShown(refs[1], 9)
	}
}

// A delta that would lead below zero is the sign of a sale not seen: the shop refuses it or stops at zero, and either way
// nothing is sold that is not there.
func stockDeltaBelowZero(b *bench) {
	ref := b.list("tea", 2)
	ten := int64(10)
	o := b.settle(b.update(ref, 1, &ten))[0]
	switch {
	case o.State == channel.Conflict:
		b.wantShown(ref, 2)
	case o.State == channel.Applied:
		b.wantShown(ref, 0)
	default:
		b.t.Errorf("a delta below zero is %s (%v), want conflict, or applied at zero", o.State, o.Err)
	}
}

func stockConflictHarmsNobody(b *bench) {
	if b.limits.PushItems < 4 {
		b.t.Skipf("%s takes %d listings per push: there are no neighbours", b.spec.Name, b.limits.PushItems)
	}
	refs := b.listMany(4, 10)
	for _, i := range []int{1, 2} {
		b.SetShown(refs[i], 2)
	}
	ten := int64(10)
	var updates []channel.Update
	for _, ref := range refs {
		updates = append(updates, b.update(ref, 1, &ten))
	}
	outcomes := b.settle(updates...)
	b.wantApplied([]channel.Outcome{outcomes[0], outcomes[3]})
	b.wantShown(refs[0], 1)
	b.wantShown(refs[3], 1)
	for _, i := range []int{1, 2} {
		if o := outcomes[i]; o.State != channel.Conflict && !(o.State == channel.Applied && b.Shown(refs[i]) == 0) {
			b.t.Errorf("update %d, whose expectation was wrong, is %s (%v) and the mall shows %d", i, o.State, o.Err, b.Shown(refs[i]))
		}
	}
}

func stockAsync(b *bench) {
	if _, ok := b.conn.(channel.Confirmer); !ok {
		b.t.Fatalf("Can.Async is declared, but %T is no Confirmer", b.conn)
	}
	refs := b.listMany(2, 10)
	first, err := b.push(b.update(refs[0], 3, nil))
	if err != nil {
		b.t.Fatal(err)
	}
	if first[0].State != channel.Accepted {
		b.t.Errorf("an asynchronous push is %s at first, want accepted", first[0].State)
	}
	b.wantApplied(b.confirmed(first))
	b.wantShown(refs[0], 3)
	if ended, err := b.conn.(channel.Confirmer).ConfirmPush(b.ctx, nil); err != nil || len(ended) != 0 {
		b.t.Errorf("confirming nothing gave %v, %v", ended, err)
	}
}

func readNone(b *bench) {
	b.read()
	if calls := b.transport.Calls(); calls != 0 {
		b.t.Errorf("reading nothing made %d calls", calls)
	}
}

func readMissing(b *bench) {
	tea, cup := b.list("tea", 3), b.list("cup", 4)
	gone := b.list("gone", 5)
	b.RemoveListing(gone)
	refs := []channel.Ref{cup, gone, tea}
	if b.limits.ReadItems < 3 {
		for i, want := range []channel.Shown{{Ref: cup, Found: true, Quantity: stock.Units(4)}, {Ref: gone}, {Ref: tea, Found: true, Quantity: stock.Units(3)}} {
			wantRead(b, b.read(refs[i])[0], want)
		}
		return
	}
	got := b.read(refs...)
	wantRead(b, got[0], channel.Shown{Ref: cup, Found: true, Quantity: stock.Units(4)})
	wantRead(b, got[1], channel.Shown{Ref: gone})
	wantRead(b, got[2], channel.Shown{Ref: tea, Found: true, Quantity: stock.Units(3)})
}

func wantRead(b *bench, got, want channel.Shown) {
	b.t.Helper()
	if got.Found != want.Found || got.Quantity != want.Quantity {
		b.t.Errorf("read %+v, want %+v", got, want)
	}
	if got.At.After(b.clock.Now()) || !got.At.IsZero() && got.At.Location() != time.UTC {
		b.t.Errorf("%s changed last at %v, want a time in UTC not after %v", got.Ref, got.At, b.clock.Now())
	}
}

func readAtTheLimit(b *bench) {
	refs := make([]channel.Ref, b.limits.ReadItems)
	for i := range refs {
		refs[i] = b.list(fmt.Sprintf("read-%05d", i), int64(i%50))
	}
	slices.Reverse(refs)
	for i, got := range b.read(refs...) {
		wantRead(b, got, channel.Shown{Ref: refs[i], Found: true, Quantity: stock.Units(int64((len(refs) - 1 - i) % 50))})
	}
}

func readAfterASale(b *bench) {
	tea := b.list("tea", 9)
	b.Place(Line{tea, 4})
	b.wait(b.limits.Lag)
	wantRead(b, b.read(tea)[0], channel.Shown{Ref: tea, Found: true, Quantity: stock.Units(5)})
}

// Our own push shows to us within the declared lag, on a mall that takes all of it.
func readOwnPush(b *bench) {
	tea := b.list("tea", 9)
	b.wait(b.limits.Lag + time.Second)
	b.wantApplied(b.settle(b.update(tea, 2, nil)))
	b.wantShown(tea, 2)
	b.wait(b.limits.Lag + time.Millisecond)
	wantRead(b, b.read(tea)[0], channel.Shown{Ref: tea, Found: true, Quantity: stock.Units(2)})
}
