package rakuten

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"soroi/internal/channel"
)

// cursor says where pulling stands: in the window From … To at the given page of its search, or, while To is 0, before a
// new window that begins at From. Times are whole seconds of Unix time, as the mall counts them.
type cursor struct {
	V    int   `json:"v"`
	From int64 `json:"from"`
	To   int64 `json:"to,omitempty"`
	Page int   `json:"page,omitempty"`
	// Last: To was the present when the window began, so after it nothing is left to ask for.
	Last bool `json:"last,omitempty"`
	// First: this is the first pull of a shop. What was finished longest ago is not asked for then (see progress).
	First bool `json:"first,omitempty"`
	// Seen are the orders of the coming search whose details have been taken in already.
	Seen seen `json:"seen,omitempty"`
	// Sweep, while it is not 0, is the end of the window whose cancelled orders are being looked through at Page; Swept is
	// when that was last done, and Ended are the cancelled orders that it has given.
	Sweep int64 `json:"sweep,omitempty"`
	Swept int64 `json:"swept,omitempty"`
	Ended seen  `json:"ended,omitempty"`
}

// keptSeen bounds the orders that a cursor remembers. Forgetting them costs calls and nothing else.
const keptSeen = 5000

func readCursor(text channel.Cursor, now time.Time) (cursor, error) {
	if text == "" {
		return cursor{V: 1, From: now.Add(-history).Unix(), First: true}, nil
	}
	var c cursor
	err := json.Unmarshal([]byte(text), &c)
	if err != nil || c.V != 1 || c.From <= 0 || c.To != 0 && (c.To < c.From || c.Page < 1) ||
		c.Sweep != 0 && (c.Sweep < c.From || c.Page < 1 || c.To != 0) {
		return cursor{}, malformed(searchOrder, "%.40q is no cursor of this channel", string(text))
	}
	return c, nil
}

func (c cursor) text() channel.Cursor {
	c.V = 1
	if len(c.Seen) > keptSeen {
		c.Seen = nil
	}
	if len(c.Ended) > keptSeen && c.Sweep == 0 { // within a sweep they are what leads to its end
		c.Ended = nil
	}
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // numbers, flags and texts always encode
	}
	return channel.Cursor(text)
}

// begin opens the next window. The last one is short, so that what it has seen can be remembered.
func (c cursor) begin(now time.Time) cursor {
	from := max(c.From, now.Add(-history).Unix())
	to := max(now.Unix(), from)
	c.Last = true
	if to-from > int64((2*overlap)/time.Second) {
		to = min(from+int64(longest/time.Second)-1, to-int64(overlap/time.Second))
		c.Last = false
	}
	c.From, c.To, c.Page = from, to, 1
	return c
}

// halve is the window's first half, for when it holds more than paging can reach; false when it is a single second.
func (c *cursor) halve() bool {
	half := c.From + (c.To-c.From)/2
	if half == c.To {
		return false
	}
	c.To, c.Page, c.Last = half, 1, false
	return true
}

// progress is the states to search for. When soroi comes to a shop, orders that ended longer ago than one window reaches
// need no claim: what they took had left before the shelf was counted. Those still open do.
func (c cursor) progress(now time.Time) []int {
	if c.First && c.To < now.Add(-longest).Unix() {
		return []int{100, 200, 300, 400, 800}
	}
	return []int{100, 200, 300, 400, 500, 600, 700, 800, 900}
}

// next is the cursor of the following window or pull, which begins at from.
func (c cursor) next(from int64) cursor {
	return cursor{From: from, First: c.First, Swept: c.Swept, Ended: c.Ended}
}

// sweeping tells whether a pull that has come to its end, at To, is to look through the cancelled orders. The first pull has
// just seen those that matter.
func (c cursor) sweeping() bool {
	return !c.First && c.To-c.Swept >= int64(sweepEvery/time.Second)
}

// seen is a set of order numbers that is written short: serials of one shop and day share their beginning.
type seen map[string]bool

// MarshalJSON writes {"123456-20260115-10": "b 1 3"}: beginning and width, then the serials' differences in base 36.
// Numbers of another form stand in full under ""; one with a blank in it is forgotten.
func (s seen) MarshalJSON() ([]byte, error) {
	groups := map[string][]uint64{}
	var others []string
	for _, n := range slices.Sorted(maps.Keys(s)) {
		begin, serial, ok := splitNumber(n)
		if hasBlank(n) {
			continue
		}
		if !ok {
			others = append(others, n)
			continue
		}
		groups[begin] = append(groups[begin], serial)
	}
	short := map[string]string{}
	for begin, serials := range groups {
		var b strings.Builder
		var last uint64
		for i, serial := range serials { // sorted: one width, so text order is number order
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(strconv.FormatUint(serial-last, 36))
			last = serial
		}
		short[begin] = b.String()
	}
	if len(others) > 0 {
		short[""] = strings.Join(others, " ")
	}
	return json.Marshal(short)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *seen) UnmarshalJSON(data []byte) error {
	var short map[string]string
	if err := json.Unmarshal(data, &short); err != nil {
		return err
	}
	*s = seen{}
	for begin, list := range short {
		if begin == "" {
			for _, n := range strings.Fields(list) {
				(*s)[n] = true
			}
			continue
		}
		at := strings.LastIndexByte(begin, '-')
		width, err := strconv.Atoi(begin[at+1:])
		if at < 0 || err != nil || width < 1 || width > 18 || hasBlank(begin) {
			return fmt.Errorf("%q begins no order numbers", begin)
		}
		var serial uint64
		for _, word := range strings.Fields(list) {
			d, err := strconv.ParseUint(word, 36, 64)
			if err != nil {
				return fmt.Errorf("%q is no difference of serials", word)
			}
			serial += d
			(*s)[fmt.Sprintf("%s-%0*d", begin[:at], width, serial)] = true
		}
	}
	return nil
}

func hasBlank(text string) bool { return strings.ContainsFunc(text, unicode.IsSpace) }

// splitNumber cuts an order number into its beginning with the serial's width, and the serial.
func splitNumber(n string) (begin string, serial uint64, ok bool) {
	at := strings.LastIndexByte(n, '-')
	if at < 0 {
		return "", 0, false
	}
	digits := n[at+1:]
	serial, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || len(digits) > 18 {
		return "", 0, false
	}
	return n[:at] + "-" + strconv.Itoa(len(digits)), serial, true
}
