package order_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"soroi/internal/order"
	"soroi/internal/stock"
)

var placed = time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)

// books takes snapshots in as the ledger does, and keeps the sums of what was posted.
type books struct {
	historic  bool
	recorded  order.Recorded
	onHand    int64
	committed int64
	steps     []string // "claim +2", by snapshot joined with ", "
	late      int64    // shipped units that the shop has cancelled, by the last snapshot
	stale     int
}

func (b *books) take(s order.Snapshot) {
	if b.recorded.Lines == nil {
		b.recorded.Lines = make(map[string]order.RecordedLine)
	}
	d := order.Diff(b.recorded, s, b.historic)
	if d.Stale {
		b.stale++
		b.steps = append(b.steps, "stale")
		return
	}
	var said []string
	for _, l := range d.Lines {
		for _, step := range l.Steps() {
			b.onHand += step.OnHandDelta
			b.committed += step.CommittedDelta
			delta := step.CommittedDelta
			if step.Kind != stock.Claimed {
				delta = step.OnHandDelta
			}
			said = append(said, fmt.Sprintf("%s %s%+d", l.Line.Key, step.Kind, delta))
		}
		b.recorded.Lines[l.Line.Key] = order.RecordedLine{Line: l.Line, Claim: l.To}
	}
	b.recorded.Exists, b.recorded.Version, b.recorded.State = true, s.Version, s.State
	b.steps = append(b.steps, strings.Join(said, ", "))
	b.late = d.LateCancel
}

// claims are the claims that are not nothing.
func (b *books) claims() map[string]order.Claim {
	claims := make(map[string]order.Claim)
	for key, l := range b.recorded.Lines {
		if l.Claim != (order.Claim{}) {
			claims[key] = l.Claim
		}
	}
	return claims
}

// at is an order's snapshot with a revision and lines in the words "a 3", "a 3 shipped 2", "a 3 shipped 2 returned 1".
func at(revision int64, lines ...string) order.Snapshot {
	s := order.Snapshot{Number: "1", PlacedAt: placed, State: order.Open,
		Version: order.Version{Revision: revision, AskedAt: placed.Add(time.Duration(revision) * time.Minute)}}
	for _, text := range lines {
		var l order.Line
		words := strings.Fields(text)
		l.Key, l.Ref = words[0], order.Ref("ref-"+words[0])
		number := func(i int) int64 {
			var n int64
			if i < len(words) {
				if _, err := fmt.Sscan(words[i], &n); err != nil {
					panic("a test's line is not a number of units: " + text)
				}
			}
			return n
		}
		l.Wanted, l.Shipped, l.Returned = number(1), number(3), number(5)
		s.Lines = append(s.Lines, l)
	}
	return s
}

// part is a snapshot that may lack lines.
func part(revision int64, lines ...string) order.Snapshot {
	s := at(revision, lines...)
	s.Incomplete = true
	return s
}

func TestDiff(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		historic  bool
		snapshots []order.Snapshot
		steps     []string // of each snapshot
		claims    map[string]order.Claim
		late      int64
	}{
		{
			name:      "new",
			snapshots: []order.Snapshot{at(1, "a 2", "b 1")},
			steps:     []string{"a claim+2, b claim+1"},
			claims:    map[string]order.Claim{"a": {Held: 2}, "b": {Held: 1}},
		},
		{
			name:      "new and shipped at first sight",
			snapshots: []order.Snapshot{at(1, "a 2 shipped 2")},
			steps:     []string{"a claim+2, a shipment-2"},
			claims:    map[string]order.Claim{"a": {Shipped: 2}},
		},
		{
			name:      "new with a line that wants nothing",
			snapshots: []order.Snapshot{at(1, "a 0", "b 1")},
			steps:     []string{"b claim+1"},
			claims:    map[string]order.Claim{"b": {Held: 1}},
		},
		{
			name:      "the same again",
			snapshots: []order.Snapshot{at(1, "a 2"), at(1, "a 2"), at(2, "a 2")},
			steps:     []string{"a claim+2", "", ""},
			claims:    map[string]order.Claim{"a": {Held: 2}},
		},
		{
			name:      "edited up and down",
			snapshots: []order.Snapshot{at(1, "a 2"), at(2, "a 5"), at(3, "a 1")},
			steps:     []string{"a claim+2", "a claim+3", "a claim-4"},
			claims:    map[string]order.Claim{"a": {Held: 1}},
		},
		{
			name:      "a line is added",
			snapshots: []order.Snapshot{at(1, "a 2"), at(2, "a 2", "b 4")},
			steps:     []string{"a claim+2", "b claim+4"},
			claims:    map[string]order.Claim{"a": {Held: 2}, "b": {Held: 4}},
		},
		{
			name:      "a line is gone and comes back",
			snapshots: []order.Snapshot{at(1, "a 2", "b 4"), at(2, "a 2"), at(3, "a 2"), at(4, "a 2", "b 3")},
			steps:     []string{"a claim+2, b claim+4", "b claim-4", "", "b claim+3"},
			claims:    map[string]order.Claim{"a": {Held: 2}, "b": {Held: 3}},
		},
		{
			name:      "partly cancelled",
			snapshots: []order.Snapshot{at(1, "a 5", "b 1"), at(2, "a 3", "b 0")},
			steps:     []string{"a claim+5, b claim+1", "a claim-2, b claim-1"},
			claims:    map[string]order.Claim{"a": {Held: 3}},
		},
		{
			name:      "cancelled",
			snapshots: []order.Snapshot{at(1, "a 5"), at(2, "a 0"), at(3, "a 0")},
			steps:     []string{"a claim+5", "a claim-5", ""},
			claims:    map[string]order.Claim{},
		},
		{
			name:      "cancelled at first sight",
			snapshots: []order.Snapshot{at(1, "a 0")},
			steps:     []string{""},
			claims:    map[string]order.Claim{},
		},
		{
			name:      "shipped in two parcels",
			snapshots: []order.Snapshot{at(1, "a 5"), at(2, "a 5 shipped 2"), at(3, "a 5 shipped 5")},
			steps:     []string{"a claim+5", "a shipment-2", "a shipment-3"},
			claims:    map[string]order.Claim{"a": {Shipped: 5}},
		},
		{
			name:      "a parcel is called back",
			snapshots: []order.Snapshot{at(1, "a 5 shipped 2"), at(2, "a 5 shipped 0")},
			steps:     []string{"a claim+5, a shipment-2", "a shipment+2"},
			claims:    map[string]order.Claim{"a": {Held: 5}},
		},
		{
			name:      "shipped, and the rest cancelled",
			snapshots: []order.Snapshot{at(1, "a 5"), at(2, "a 2 shipped 2")},
			steps:     []string{"a claim+5", "a claim-3, a shipment-2"},
			claims:    map[string]order.Claim{"a": {Shipped: 2}},
		},
		{
			name:      "shipped and grown in one",
			snapshots: []order.Snapshot{at(1, "a 2"), at(2, "a 4 shipped 3")},
			steps:     []string{"a claim+2", "a claim+2, a shipment-3"},
			claims:    map[string]order.Claim{"a": {Held: 1, Shipped: 3}},
		},
		{
			name:      "returned",
			snapshots: []order.Snapshot{at(1, "a 3 shipped 3"), at(2, "a 3 shipped 3 returned 1"), at(3, "a 3 shipped 3 returned 3")},
			steps:     []string{"a claim+3, a shipment-3", "a return+1", "a return+2"},
			claims:    map[string]order.Claim{"a": {Shipped: 3, Returned: 3}},
		},
		{
			name:      "late cancel keeps what has left",
			snapshots: []order.Snapshot{at(1, "a 3 shipped 3"), at(2, "a 0 shipped 3")},
			steps:     []string{"a claim+3, a shipment-3", ""},
			claims:    map[string]order.Claim{"a": {Shipped: 3}},
			late:      3,
		},
		{
			name:      "late cancel by a shop that forgets the parcel",
			snapshots: []order.Snapshot{at(1, "a 3 shipped 2"), at(2, "a 0 shipped 0"), at(3, "a 0 shipped 0")},
			steps:     []string{"a claim+3, a shipment-2", "a claim-1", ""},
			claims:    map[string]order.Claim{"a": {Shipped: 2}},
			late:      2,
		},
		{
			name:      "late cancel of a line that is gone",
			snapshots: []order.Snapshot{at(1, "a 3 shipped 2", "b 1"), at(2, "b 1")},
			steps:     []string{"a claim+3, a shipment-2, b claim+1", "a claim-1"},
			claims:    map[string]order.Claim{"a": {Shipped: 2}, "b": {Held: 1}},
			late:      2,
		},
		{
			name:      "late cancel whose units are back on the shelf",
			snapshots: []order.Snapshot{at(1, "a 3 shipped 3"), at(2, "a 0 shipped 3"), at(3, "a 0 shipped 3 returned 3")},
			steps:     []string{"a claim+3, a shipment-3", "", "a return+3"},
			claims:    map[string]order.Claim{"a": {Shipped: 3, Returned: 3}},
		},
		{
			name:      "cut below what has left",
			snapshots: []order.Snapshot{at(1, "a 5 shipped 4"), at(2, "a 1 shipped 1")},
			steps:     []string{"a claim+5, a shipment-4", "a claim-1"},
			claims:    map[string]order.Claim{"a": {Shipped: 4}},
			late:      3,
		},
		{
			name:      "out of order",
			snapshots: []order.Snapshot{at(3, "a 5 shipped 5"), at(1, "a 2"), at(2, "a 5")},
			steps:     []string{"a claim+5, a shipment-5", "stale", "stale"},
			claims:    map[string]order.Claim{"a": {Shipped: 5}},
		},
		{
			name:      "cancelled before the order is seen placed",
			snapshots: []order.Snapshot{at(2, "a 0"), at(1, "a 5")},
			steps:     []string{"", "stale"},
			claims:    map[string]order.Claim{},
		},
		{
			name:      "incomplete keeps what it lacks",
			snapshots: []order.Snapshot{at(1, "a 2", "b 4"), part(2, "a 3"), at(3, "a 3")},
			steps:     []string{"a claim+2, b claim+4", "a claim+1", "b claim-4"},
			claims:    map[string]order.Claim{"a": {Held: 3}},
		},
		{
			name:      "incomplete claims what it has",
			snapshots: []order.Snapshot{part(1, "a 2"), at(2, "a 2", "b 4")},
			steps:     []string{"a claim+2", "b claim+4"},
			claims:    map[string]order.Claim{"a": {Held: 2}, "b": {Held: 4}},
		},
		{
			name:      "nothing but a number, of an order that is known",
			snapshots: []order.Snapshot{at(1, "a 2"), part(2)},
			steps:     []string{"a claim+2", ""},
			claims:    map[string]order.Claim{"a": {Held: 2}},
		},
		{
			name:      "historic: what has left is not on the shelf that was counted",
			historic:  true,
			snapshots: []order.Snapshot{at(1, "a 5 shipped 3 returned 1", "b 2 shipped 2")},
			steps:     []string{"a claim+2"},
			claims:    map[string]order.Claim{"a": {Held: 2, Shipped: 3, Returned: 1}, "b": {Shipped: 2}},
		},
		{
			name:      "historic: what leaves later is on it",
			historic:  true,
			snapshots: []order.Snapshot{at(1, "a 5 shipped 3"), at(2, "a 5 shipped 5"), at(3, "a 5 shipped 5 returned 4")},
			steps:     []string{"a claim+2", "a shipment-2", "a return+4"},
			claims:    map[string]order.Claim{"a": {Shipped: 5, Returned: 4}},
		},
		{
			name:      "historic: a line that comes later is new",
			historic:  true,
			snapshots: []order.Snapshot{at(1, "a 1 shipped 1"), at(2, "a 1 shipped 1", "b 2 shipped 2")},
			steps:     []string{"", "b claim+2, b shipment-2"},
			claims:    map[string]order.Claim{"a": {Shipped: 1}, "b": {Shipped: 2}},
		},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			b := &books{historic: c.historic}
			for _, s := range c.snapshots {
				b.take(s)
			}
			if !slices.Equal(b.steps, c.steps) {
				t.Errorf("steps %q, want %q", b.steps, c.steps)
			}
			if got := b.claims(); !maps.Equal(got, c.claims) {
				t.Errorf("claims %+v, want %+v", got, c.claims)
			}
			if b.late != c.late {
				t.Errorf("%d units cancelled late, want %d", b.late, c.late)
			}
		})
	}
}

// A line that does not say which listing was sold keeps the one that is recorded.
func TestDiff_line_without_a_listing_keeps_it(t *testing.T) {
	t.Parallel()
	b := &books{}
	b.take(at(1, "a 2"))
	bare := at(2, "a 3")
	bare.Lines[0].Ref = ""
	if got := order.Diff(b.recorded, bare, false).Lines[0].Line.Ref; got != "ref-a" {
		t.Errorf("the line's listing is %q", got)
	}
}

// A shop without revisions is ordered by when it was asked.
func TestVersion_Before(t *testing.T) {
	t.Parallel()
	minute := func(n int) time.Time { return placed.Add(time.Duration(n) * time.Minute) }
	for _, c := range []struct {
		name string
		v, o order.Version
		want bool
	}{
		{"lower revision", order.Version{Revision: 1, AskedAt: minute(9)}, order.Version{Revision: 2, AskedAt: minute(1)}, true},
		{"higher revision", order.Version{Revision: 2, AskedAt: minute(1)}, order.Version{Revision: 1, AskedAt: minute(9)}, false},
		{"same revision, asked before", order.Version{Revision: 1, AskedAt: minute(1)}, order.Version{Revision: 1, AskedAt: minute(2)}, true},
		{"the same", order.Version{Revision: 1, AskedAt: minute(1)}, order.Version{Revision: 1, AskedAt: minute(1)}, false},
		{"no revision, asked before", order.Version{AskedAt: minute(1)}, order.Version{AskedAt: minute(2)}, true},
		{"no revision, asked after", order.Version{AskedAt: minute(2)}, order.Version{AskedAt: minute(1)}, false},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			if got := c.v.Before(c.o); got != c.want {
				t.Errorf("%v", got)
			}
		})
	}
}

// life is a random order's life: what the shop says after each change.
func life(rng *rand.Rand) []order.Snapshot {
	type line struct{ wanted, shipped, returned int64 }
	lines := map[string]*line{}
	var snapshots []order.Snapshot
	say := func() {
		var words []string
		for _, key := range slices.Sorted(maps.Keys(lines)) {
			l := lines[key]
			words = append(words, fmt.Sprintf("%s %d shipped %d returned %d", key, l.wanted, l.shipped, l.returned))
		}
		snapshots = append(snapshots, at(int64(len(snapshots)+1), words...))
	}
	for i := range 1 + rng.IntN(3) {
		lines[string(rune('a'+i))] = &line{wanted: rng.Int64N(6)}
	}
	say()
	for range 1 + rng.IntN(8) {
		keys := slices.Sorted(maps.Keys(lines))
		if len(keys) == 0 {
			break
		}
		key := keys[rng.IntN(len(keys))]
		l := lines[key]
		switch rng.IntN(6) {
		case 0: // edited, up or down, but not below what has left
			l.wanted = l.shipped + rng.Int64N(6)
		case 1: // cancelled, whatever has left
			l.wanted = 0
		case 2:
			if l.wanted > l.shipped {
				l.shipped += 1 + rng.Int64N(l.wanted-l.shipped)
			}
		case 3:
			if l.shipped > l.returned {
				l.returned += 1 + rng.Int64N(l.shipped-l.returned)
			}
		case 4:
			lines[fmt.Sprintf("n%d", len(snapshots))] = &line{wanted: 1 + rng.Int64N(4)}
		case 5:
			if l.shipped == 0 {
				delete(lines, key)
			}
		}
		say()
	}
	return snapshots
}

// Snapshots of an order that come in any order and any number of times end in the claims that the newest of them asks for, and the
// sums of what was posted are those claims (design 2.1 and 2.2).
func TestDiff_any_order_and_repetition_ends_the_same(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		snapshots := life(rng)
		straight := &books{}
		for _, s := range snapshots {
			straight.take(s)
		}
		shuffled := slices.Clone(snapshots)
		for range rng.IntN(6) {
			shuffled = append(shuffled, snapshots[rng.IntN(len(snapshots))])
		}
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		other := &books{}
		for _, s := range shuffled {
			other.take(s)
		}
		for _, b := range []*books{straight, other} {
			var onHand, committed int64
			for _, c := range b.claims() {
				onHand += c.Returned - c.Shipped
				committed += c.Held
			}
			if b.onHand != onHand || b.committed != committed {
				t.Fatalf("seed %d: posted on hand %+d and committed %+d, the claims are %+v", seed, b.onHand, b.committed, b.claims())
			}
		}
		if !reflect.DeepEqual(straight.claims(), other.claims()) {
			t.Fatalf("seed %d: the claims end as %+v, and in another order as %+v\n%+v", seed, straight.claims(), other.claims(), shuffled)
		}
		if straight.late != other.late {
			t.Fatalf("seed %d: %d units cancelled late, and in another order %d", seed, straight.late, other.late)
		}
	}
}

func TestSnapshot_Check(t *testing.T) {
	t.Parallel()
	but := func(change func(*order.Snapshot)) order.Snapshot {
		s := at(1, "a 2", "b 1")
		change(&s)
		return s
	}
	for _, c := range []struct {
		name     string
		snapshot order.Snapshot
		wrong    string // a part of the error; "" when there is none
	}{
		{"right", at(1, "a 2"), ""},
		{"no lines", at(1), ""},
		{"no number", but(func(s *order.Snapshot) { s.Number = "" }), "without a number"},
		{"no time", but(func(s *order.Snapshot) { s.PlacedAt = time.Time{} }), "without the time"},
		{"no state", but(func(s *order.Snapshot) { s.State = "" }), "unknown state"},
		{"line without a key", but(func(s *order.Snapshot) { s.Lines[1].Key = "" }), "without a key"},
		{"line twice", but(func(s *order.Snapshot) { s.Lines[1].Key = "a" }), "names line a twice"},
		{"negative wanted", but(func(s *order.Snapshot) { s.Lines[0].Wanted = -1 }), "negative"},
		{"negative shipped", but(func(s *order.Snapshot) { s.Lines[0].Shipped = -1 }), "negative"},
		{"negative returned", but(func(s *order.Snapshot) { s.Lines[0].Returned = -1 }), "negative"},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			err := c.snapshot.Check()
			if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%v, want %q", err, c.wrong)
			}
		})
	}
}
