package rakuten

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"soroi/internal/channel"
)

// seed adds every fixture of a folder.
func seed(f *testing.F, folder string, add func(data []byte)) {
	names, err := filepath.Glob(filepath.Join("testdata", folder, "*.json"))
	if err != nil || len(names) == 0 {
		f.Fatalf("no fixtures in %s: %v", folder, err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		add(data)
	}
}

// Whatever an order holds, its snapshot can be recorded.
func FuzzOrders(f *testing.F) {
	seed(f, "orders", func(data []byte) { f.Add(data) })
	f.Fuzz(func(t *testing.T, data []byte) {
		snapshots, err := decodeOrders(t, data)
		if err != nil {
			return
		}
		for _, s := range snapshots {
			if err := s.Check(); err != nil {
				t.Error(err)
			}
			if s.Incomplete && len(s.Problems) == 0 {
				t.Errorf("order %s is incomplete without a problem", s.Number)
			}
		}
	})
}

// Every outcome of a write is one that can be recorded, and nothing but 204 is success.
func FuzzWriteAnswer(f *testing.F) {
	seed(f, "stock", func(data []byte) { f.Add(400, data); f.Add(200, data) })
	seed(f, "gateway", func(data []byte) { f.Add(401, data) })
	f.Fuzz(func(t *testing.T, status int, data []byte) {
		outcomes, err := writtenOf(channel.Answer{Status: status, Body: data}, 3)
		if (err == nil) != (len(outcomes) == 3) {
			t.Fatalf("%d outcomes with %v", len(outcomes), err)
		}
		for _, o := range outcomes {
			if o.State == "" || (o.State == channel.Applied) != (status == 204) || (o.State == channel.Applied) != (o.Err == nil) {
				t.Errorf("status %d gives %+v", status, o)
			}
		}
	})
}

func FuzzReadAnswer(f *testing.F) {
	seed(f, "stock", func(data []byte) { f.Add(data) })
	f.Fuzz(func(t *testing.T, data []byte) {
		var answer bulkGetAnswer
		if json.Unmarshal(data, &answer) != nil {
			return
		}
		read, err := shownOf(answer)
		if err != nil {
			return
		}
		for ref, s := range read {
			if n, ok := s.Quantity.Units(); !ok || n < 0 || !s.Found || s.Ref != ref {
				t.Errorf("%s reads as %+v", ref, s)
			}
		}
	})
}

func FuzzItems(f *testing.F) {
	seed(f, "items", func(data []byte) { f.Add(data) })
	f.Fuzz(func(t *testing.T, data []byte) {
		var answer itemsAnswer
		if json.Unmarshal(data, &answer) != nil {
			return
		}
		listings, err := listingsOf(answer)
		if err != nil {
			return
		}
		for _, l := range listings {
			if l.Ref == "" {
				t.Errorf("a listing without a ref: %+v", l)
			}
		}
	})
}

// A cursor that is read can be written, and means the same.
func FuzzCursor(f *testing.F) {
	f.Add(`{"v":1,"from":946684800,"seen":{"700001-20260310-10":"l a","":"odd"}}`)
	f.Add(`{"v":1,"from":5,"to":7,"page":2,"last":true,"first":true}`)
	f.Add(`{"v":1,"from":1,"seen":{" 0-1":"0"}}`)
	f.Add(`{"v":1,"from":5,"sweep":7,"page":2,"swept":3,"ended":{"700001-20260310-10":"l a"}}`)
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		now := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
		c, err := readCursor(channel.Cursor(text), now)
		if err != nil {
			return
		}
		again, err := readCursor(c.text(), now)
		if err != nil {
			t.Fatalf("%q was written as %q: %v", text, c.text(), err)
		}
		if len(c.Seen) <= keptSeen && !maps.Equal(c.Seen, again.Seen) || len(c.Ended) <= keptSeen && !maps.Equal(c.Ended, again.Ended) ||
			c.Sweep != again.Sweep || c.From != again.From || c.To != again.To || c.Page != again.Page {
			t.Errorf("%+v became %+v", c, again)
		}
		if b := c.begin(now); b.To < b.From || b.Page != 1 {
			t.Errorf("%+v begins with %+v", c, b)
		}
	})
}

func TestSeenIsExact(t *testing.T) {
	numbers := []string{"700001-20260310-0000000021", "700001-20260310-0000000000", "700001-20260310-00000021", "700001-20260310-00000000021",
		"700001-20260311-0000000021", "x", "x-y", "700001-20260310-99999999999999999999", "-1", "7-"}
	set := seen{}.with(numbers)
	c, err := readCursor(cursor{From: 1, Seen: set}.text(), time.Now())
	if err != nil || !maps.Equal(c.Seen, set) {
		t.Errorf("%v came back as %v (%v)", set, c.Seen, err)
	}
	big := make(seen, keptSeen+1)
	for i := range keptSeen + 1 {
		big[numberOf(i)] = true
	}
	if c, err = readCursor(cursor{From: 1, Seen: big}.text(), time.Now()); err != nil || len(c.Seen) != 0 {
		t.Errorf("a cursor remembers %d orders (%v), want none above %d", len(c.Seen), err, keptSeen)
	}
	delete(big, numberOf(0))
	text := cursor{From: 1, Seen: big}.text()
	if c, err = readCursor(text, time.Now()); err != nil || len(c.Seen) != keptSeen || len(text) > 3*keptSeen {
		t.Errorf("%d orders are remembered in %d bytes (%v)", len(c.Seen), len(text), err)
	}
}
