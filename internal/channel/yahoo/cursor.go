package yahoo

import (
	"encoding/json"
	"strings"
	"time"

	"soroi/internal/channel"
)

// position is what a cursor says: how far the orders are in, and which of those beyond have been shown already.
type position struct {
	// From: every order placed before is in, unless the mall still holds it back.
	From time.Time
	// Looked is when orders let go by the mall were last looked for.
	Looked time.Time
	// Shown are the orders at or after From that have been returned, with the revision in which they were listed then.
	Shown map[string]shown
}

type shown struct {
	Revision int64
	At       time.Time // placed or let go, the later
}

// storedPosition is the cursor's text. Times are Unix seconds. Order numbers are without the store's name in front.
type storedPosition struct {
	From   int64               `json:"from"`
	Looked int64               `json:"looked"`
	Shown  map[string][2]int64 `json:"shown,omitempty"` // revision, at
}

// readCursor reads a cursor of the store seller; "" starts history before now.
func readCursor(c channel.Cursor, seller string, now time.Time) (position, *channel.Error) {
	if c == "" {
		return position{From: second(now.Add(-history)), Looked: second(now), Shown: map[string]shown{}}, nil
	}
	var s storedPosition
	if err := json.Unmarshal([]byte(c), &s); err != nil || s.From <= 0 {
		return position{}, &channel.Error{Kind: channel.Invalid, Op: opOrderList, Message: "the cursor is not ours", Err: err, NotDone: true}
	}
	p := position{From: time.Unix(s.From, 0).UTC(), Looked: time.Unix(s.Looked, 0).UTC(), Shown: make(map[string]shown, len(s.Shown))}
	for tail, v := range s.Shown {
		number := tail
		if !strings.HasPrefix(tail, "=") {
			number = seller + "-" + tail
		}
		p.Shown[strings.TrimPrefix(number, "=")] = shown{Revision: v[0], At: time.Unix(v[1], 0).UTC()}
	}
	return p, nil
}

// cursor is the position as text. What lies before everything that will be listed again is forgotten.
func (p position) cursor(seller string) channel.Cursor {
	s := storedPosition{From: p.From.Unix(), Looked: p.Looked.Unix(), Shown: make(map[string][2]int64, len(p.Shown))}
	oldest := p.From
	if released := p.Looked.Add(-lateness); released.Before(oldest) {
		oldest = released
	}
	for number, v := range p.Shown {
		if v.At.Before(oldest) {
			continue
		}
		tail, ours := strings.CutPrefix(number, seller+"-")
		if !ours || strings.HasPrefix(tail, "=") {
			tail = "=" + number
		}
		s.Shown[tail] = [2]int64{v.Revision, v.At.Unix()}
	}
	text, err := json.Marshal(s)
	if err != nil { // a struct of integers and a map of strings always marshals
		panic(err)
	}
	return channel.Cursor(text)
}

// has tells whether the order has been returned as it is listed now.
func (p position) has(l listed) bool {
	v, ok := p.Shown[l.Number]
	return ok && v.Revision == l.Revision
}

// second cuts a time down to the whole second, which is all that the mall's conditions know.
func second(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
