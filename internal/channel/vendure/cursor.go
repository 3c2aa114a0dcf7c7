package vendure

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"soroi/internal/channel"
)

// reach says how far a list that the shop sorts by a time has been read: what lies after After, less its first Skip. Pages go
// on by time and not by counting, so that an entry which leaves its place between two pages does not push another one out of
// sight; only inside one crowded moment is there counting, with half a page of overlap.
type reach struct {
	After time.Time `json:"after"`
	Skip  int       `json:"skip,omitempty"`
}

// grain is the coarsest step in which a shop's database keeps times.
const grain = time.Second

// next is where the page after this one starts. times are those of this page's entries, in the list's order.
func (r reach) next(times []time.Time, size int, overlap time.Duration) (next reach, more bool) {
	if len(times) == 0 {
		return reach{After: r.After}, false
	}
	last := slices.MaxFunc(times, time.Time.Compare)
	if len(times) < size {
		return reach{After: last.Add(-overlap)}, false
	}
	if on := last.Add(-grain); on.After(r.After) {
		return reach{After: on}, true
	}
	return reach{After: r.After, Skip: r.Skip + max(len(times)/2, 1)}, true
}

// pullCursor is the cursor of PullOrders: one list by when orders were placed, one by when they were changed.
type pullCursor struct {
	Placed  reach `json:"placed"`
	Changed reach `json:"changed"`
}

func parseCursor(op string, text channel.Cursor, into any, first func()) error {
	if text == "" {
		first()
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return &channel.Error{Kind: channel.Invalid, Op: op, Message: "the cursor makes no sense", Err: err, NotDone: true}
	}
	return nil
}

func (r reach) check(op string) error {
	if r.After.IsZero() || r.After.Year() > 9999 || r.Skip < 0 {
		return &channel.Error{Kind: channel.Invalid, Op: op, Message: fmt.Sprintf("the cursor reaches to %v, less %d", r.After, r.Skip), NotDone: true}
	}
	return nil
}

func cursorText(v any) channel.Cursor {
	text, err := json.Marshal(v)
	if err != nil {
		return "" // unreachable: the years of a reach are checked
	}
	return channel.Cursor(text)
}
