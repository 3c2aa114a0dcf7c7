package vendure

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"soroi/internal/channel"
)

// shelf is a list that the shop sorts by time, as a page is cut from it.
type shelf []time.Time

func (s shelf) page(r reach, size int) []time.Time {
	var after []time.Time
	for _, at := range slices.SortedFunc(slices.Values(s), time.Time.Compare) {
		if at.After(r.After) {
			after = append(after, at)
		}
	}
	after = after[min(r.Skip, len(after)):]
	return after[:min(size, len(after))]
}

func TestReach(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	spread := func(n int, step time.Duration) shelf {
		var s shelf
		for i := range n {
			s = append(s, start.Add(time.Duration(i)*step))
		}
		return s
	}
	for name, list := range map[string]shelf{
		"empty":                {},
		"one":                  spread(1, 0),
		"less than a page":     spread(9, time.Minute),
		"a page":               spread(10, time.Minute),
		"many":                 spread(95, time.Minute),
		"many in a second":     spread(95, 0),
		"crowd after a spread": append(spread(23, time.Minute), slices.Repeat(shelf{start.Add(time.Hour)}, 47)...),
		"every 100 ms":         spread(95, 100*time.Millisecond),
	} {
		t.Run(name, func(t *testing.T) {
			from := reach{After: start.Add(-time.Hour)}
			seen := map[string]int{}
			for calls := 0; ; calls++ {
				if calls > 100 {
					t.Fatalf("no end in sight at %+v", from)
				}
				page := list.page(from, 10)
				// An entry is known by its place in the list.
				first := slices.IndexFunc(list, func(at time.Time) bool { return at.After(from.After) })
				for i := range page {
					seen[fmt.Sprint(first+from.Skip+i)]++
				}
				next, more := from.next(page, 10, time.Minute)
				if from = next; !more {
					break
				}
			}
			if len(seen) != len(list) {
				t.Errorf("saw %d of %d", len(seen), len(list))
			}
			if len(list) > 0 && !from.After.Before(list[len(list)-1]) {
				t.Errorf("the next pull starts at %v, without overlap with %v", from.After, list[len(list)-1])
			}
		})
	}
}

// Entries that leave the crowd while it is being read push none of the others out of sight.
func TestReachWhileEntriesLeave(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	type entry struct {
		id int
		at time.Time
	}
	var entries []entry
	for i := range 60 {
		entries = append(entries, entry{i, at})
	}
	from := reach{After: at.Add(-time.Second)}
	seen := map[int]bool{}
	for range 100 {
		slices.SortStableFunc(entries, func(a, b entry) int { return a.at.Compare(b.at) })
		var page []time.Time
		skipped := 0
		for _, e := range entries {
			if !e.at.After(from.After) {
				continue
			}
			if skipped++; skipped > from.Skip && len(page) < 10 {
				page, seen[e.id] = append(page, e.at), true
			}
		}
		next, more := from.next(page, 10, time.Minute)
		if from = next; !more {
			break
		}
		// Four of the first ones change, and go to the end of the list.
		for i := range 4 {
			entries[i].at = at.Add(time.Hour)
		}
	}
	if len(seen) != len(entries) {
		t.Errorf("saw %d of %d", len(seen), len(entries))
	}
}

func FuzzCursor(f *testing.F) {
	f.Add(`{"placed":{"after":"2026-01-01T00:00:00Z"},"changed":{"after":"2026-01-01T00:00:00Z","skip":25}}`)
	f.Add(`{"placed":{}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var c pullCursor
		if text == "" || parseCursor("fuzz", channel.Cursor(text), &c, nil) != nil || c.Placed.check("fuzz") != nil || c.Changed.check("fuzz") != nil {
			return
		}
		var again pullCursor
		if err := parseCursor("fuzz", cursorText(c), &again, nil); err != nil || !again.Placed.After.Equal(c.Placed.After) {
			t.Errorf("%q came back as %+v, %v", text, again, err)
		}
	})
}
