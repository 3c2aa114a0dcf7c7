package allocation

// Escrow keeps shops that divide the same units from selling one twice, whatever is late, lost or repeated (design 4, "Escrow, precisely";
// the argument is in docs/escrow.md). For each listing it keeps an upper bound of what the shop may have sold or may yet sell without our
// knowing: its exposure. Exposures together stay at or below sellable; a unit goes from one shop to another only when the first has surely lost it.
//
// All instants are microseconds UTC. Numbers that never run out are not divided and have no account.

// Write is the way in which a shop's number is changed.
type Write int

// The ways. Zero is always written absolutely: it is never too much.
const (
	NoWrite    Write = iota
	Overwrite        // an absolute number, whatever is shown: an unseen sale is undone by it
	Move             // a difference, refused where it would lead below zero, or a compare-and-set: an unseen sale stays
	MoveToZero       // a difference that stops at zero instead
)

const (
	// Never is after every instant.
	Never = Open
	// Unbounded is the exposure of a shop of which nothing is known. It is far above any sellable quantity, and sums of it fit.
	Unbounded = int64(1) << 50
	// Keep, as a number that is decided, leaves the one that was decided before.
	Keep = int64(-1)
)

// Account is what we know of one listing. Its exposure is Shown + Unseen + Doubt. The zero Account is a shop that surely shows nothing.
type Account struct {
	Shown      int64 // believed to be shown: the number last known less the orders placed since then that are in. Below 0: it sold more than it can have shown
	Unseen     int64 // more that it may have sold up to UnseenAt, and whose orders are not in
	Doubt      int64 // more that it may show: by writes whose end is not known, by units that the mall may have put back
	KnownFrom  int64 // Shown was what the shop showed at some moment after this one
	KnownAt    int64 // and not after this one; orders placed later have come off it
	UnseenAt   int64
	DoubtUntil int64 // until then, writes without a clear answer may still arrive
	Busy       Write // a write is under way
	Unsure     bool  // Shown may be wrong (never too low, with Unseen and Doubt): it is read before it is raised
}

// Stranger is the account of a shop that joins: until it is read, or has confirmed a zero, it may have any number for sale.
func Stranger() Account {
	return Account{Unseen: Unbounded, KnownAt: Never, UnseenAt: Never, Unsure: true}
}

// Exposure is the most that the shop may have sold or may yet sell without our knowing; at least Unbounded/2 when there is no bound.
func (a Account) Exposure() int64 { return max(a.Shown+a.Unseen+a.Doubt, 0) }

// Gone tells whether a shop that leaves has surely nothing left: a confirmed zero, and every order in.
func (a Account) Gone() bool { return a.Exposure() == 0 }

// Sold takes in an order (or a line of it) of so many units, placed at placedAt by the shop's clock. The caller takes the units off sellable in the
// same transaction, so both sides of the invariant fall alike. What may have been sold before Shown was known comes off Unseen first. The rest
// was sold from what is shown; where that can be told by the bound alone, or not at all, the shop is read again: an order that was later than
// its channel promises has broken the bound, and Shown had long lost its unit.
func (a Account) Sold(units, placedAt int64) Account {
	if placedAt <= a.KnownAt {
		before := min(units, a.Unseen)
		a.Unseen -= before
		units -= before
		a.Unsure = a.Unsure || units > 0 || placedAt > a.KnownFrom
	}
	a.Shown -= units
	a.Unsure = a.Unsure || a.Busy == Overwrite // before or after the write
	return a.owing()
}

// owing is the account with a Shown that has fallen below 0 made up for: it has sold from what was unseen.
func (a Account) owing() Account {
	if a.Shown < 0 {
		more := min(-a.Shown, a.Unseen)
		a.Unseen, a.Shown = a.Unseen-more, a.Shown+more
		a.Unsure = a.Unsure || more > 0 || a.Shown+a.Doubt < 0
	}
	return a
}

// Returned takes in that units of a cancelled order are sellable again, in a shop that may have put them back into its own number. (Units by
// which an order has grown need none of this: they leave sellable, and the exposure stays.)
func (a Account) Returned(units int64) Account {
	a.Doubt += units
	a.Unsure = true
	return a
}

// Complete takes in that every order which was placed at or before upTo is in: the pull's horizon less the channel's declared lateness.
func (a Account) Complete(upTo int64) Account {
	if upTo >= a.UnseenAt {
		a.Unseen = 0
	}
	return a
}

// gain is how many units a write adds at most to what the shop may sell. An absolute number adds all of itself: everything that was shown
// before may have been sold, unseen, the moment before it arrives.
func gain(w Write, number, expected int64) int64 {
	if w == Overwrite {
		return number
	}
	return max(number-expected, 0)
}

// MaySend tells whether a number that was decided may leave now. stale says that something has changed since it was decided: orders, sellable,
// an answer. A zero, and a difference downwards, may leave all the same.
func (a Account) MaySend(w Write, number int64, stale bool) bool {
	switch {
	case a.Busy != NoWrite:
		return false
	case number == 0:
		return true
	case w == Overwrite || number > a.Shown:
		return !stale
	}
	return true
}

// Sent takes in, before it leaves, that a number is sent to the shop, which is expected to show Shown.
func (a Account) Sent(w Write, number int64) Account {
	if number == 0 {
		w = Overwrite
	}
	a.Doubt += gain(w, number, a.Shown)
	a.Busy = w
	if w == Overwrite {
		a.Unsure = false // whatever it shows
		if a.Shown < 0 {
			a.Doubt, a.Shown = max(a.Doubt+a.Shown, 0), 0
		}
	}
	return a
}

// Applied takes in the shop's clear yes to a number that was sent at sentAt, when Shown was expected. The yes came at at.
func (a Account) Applied(number, expected, sentAt, at int64) Account {
	w := a.Busy
	a.Busy = NoWrite
	a.Doubt -= gain(w, number, expected)
	if w == Overwrite {
		before := a.Unseen + a.Shown // what has sold more than this, while the write was under way, has sold from the new number
		a.Unseen = min(max(before, 0), Unbounded)
		a.Shown = number + min(before, 0)
		a.KnownFrom, a.KnownAt, a.UnseenAt = sentAt, at, at
		a.Unsure = a.Unsure || a.Doubt > 0 || at < a.DoubtUntil // something older may still arrive
		return a
	}
	a.Shown += number - expected
	if w == MoveToZero && number < expected {
		a.Unseen += expected - number // had it sold more than it has left, it has lost less than asked
		a.UnseenAt = at
	}
	return a.owing()
}

// Refused takes in that the write was surely not done; conflict, that the shop did not show what was expected.
func (a Account) Refused(number, expected int64, conflict bool) Account {
	a.Doubt -= gain(a.Busy, number, expected)
	a.Unsure = a.Unsure || conflict || a.Busy == Overwrite
	a.Busy = NoWrite
	return a
}

// Unclear takes in that nobody knows whether the write was done: no answer, an answer that cannot be understood, a process that ended. It may
// still arrive until until.
func (a Account) Unclear(until int64) Account {
	a.Busy = NoWrite
	a.Unsure = true
	a.DoubtUntil = max(a.DoubtUntil, until)
	return a
}

// Read takes in that the shop showed a number when it was read between from and until; no reading begins while a write is under way. What is not
// shown of the exposure may have been sold, until the orders are in. crossed says that since from orders or cancels of the listing have come
// in, or a write has left: nobody knows on which side of the reading they fall, so it proves nothing. Nor does one that an older write may follow.
func (a Account) Read(number, from, until int64, crossed bool) Account {
	if crossed || from < a.DoubtUntil {
		return a
	}
	a.Unseen = min(max(a.Exposure()-number, 0), Unbounded)
	a.Shown, a.Doubt, a.Unsure = number, 0, false
	a.KnownFrom, a.KnownAt, a.UnseenAt = from, until, until
	return a
}

// Holder is a shop that shares in the units of a split, or has an account left from when it did.
type Holder struct {
	Account
	Write    Write
	Target   int64 // what the pattern gives it; 0 for one that leaves
	HandsOff bool  // paused, rehearsing or in an outage: nothing is sent, and its exposure stays
}

// may tells whether a number above zero can be decided for the holder now.
func (h *Holder) may() bool { return !h.HandsOff && h.Busy == NoWrite && !h.Unsure }

// empty tells whether the holder shows nothing and should.
func (h *Holder) empty() bool { return h.Shown <= 0 && h.Target > 0 }

// Decide gives each holder the number to send next, into numbers, and returns the room that is left: sellable less all exposures less what
// was decided; negative when units have left in a way the shops cannot know. It never decides what could let the exposures exceed sellable:
//
//   - a zero and a difference downwards are always right, and free their units once they are confirmed;
//   - a difference upwards takes its units from the room;
//   - an absolute number takes all of itself from the room. Where there is not that much, it goes by way of zero.
//
// Who shows nothing is served first, then the rest, in the order of holders. least is how many units must be out of place before shops that all have some are
// touched for it, or one is sent by way of zero: a move costs two pushes, a zero a moment without sales. 1 moves everything.
func Decide(numbers []int64, sellable int64, holders []Holder, least int64) (room int64) {
	room = sellable
	over, hungry := int64(0), false
	for i := range holders {
		h := &holders[i]
		room -= h.Exposure()
		numbers[i] = max(h.Shown, 0)
		if h.Busy != NoWrite {
			numbers[i] = Keep
		}
		if h.may() {
			over += max(h.Shown-h.Target, 0)
			hungry = hungry || h.empty()
		}
	}
	if room < 0 || over >= least || hungry && room == 0 {
		for i := range holders {
			if h := &holders[i]; h.may() && h.Target < h.Shown {
				numbers[i] = h.Target
				if h.Write == Overwrite && h.Target > room {
					numbers[i] = 0
				} else if h.Write == Overwrite {
					room -= h.Target
				}
			}
		}
	}
	for i := range holders {
		if h := &holders[i]; h.Target == 0 && h.Unsure && h.Busy == NoWrite && !h.HandsOff {
			numbers[i] = 0 // whatever it shows
		}
	}
	for _, empty := range []bool{true, false} {
		for i := range holders {
			if h := &holders[i]; h.may() && h.empty() == empty && h.Target > h.Shown && (h.Write != MoveToZero || h.Unseen == 0) {
				numbers[i] = h.raised(&room, least)
			}
		}
	}
	return room
}

// raised is the number that a holder below its target gets, and takes what that needs from the room.
func (h *Holder) raised(room *int64, least int64) int64 {
	free := max(*room, 0)
	if h.Write != Overwrite {
		units := min(h.Target-h.Shown, free)
		*room -= units
		return h.Shown + units
	}
	if h.Unseen > 0 && free < h.Target {
		return h.Shown // it has just been written, and more is free once its orders are in: a part now would be written over at once
	}
	if number := min(h.Target, free); number > h.Shown {
		*room -= number
		return number
	}
	if better := min(h.Target, free+h.Shown); h.Shown > 0 && better-h.Shown >= least {
		return 0 // and once its orders are in, better
	}
	return h.Shown
}
