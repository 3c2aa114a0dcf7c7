package allocation_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"soroi/internal/allocation"
)

// The cases of testdata/escrow: what their lines mean is in the README there.
func TestEscrow_cases(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/escrow/cases.txt")
	if err != nil {
		t.Fatal(err)
	}
	for paragraph := range strings.SplitSeq(string(text), "\n\n") {
		lines := strings.Split(strings.TrimSpace(paragraph), "\n")
		name, isCase := strings.CutPrefix(lines[0], "case: ")
		if !isCase {
			t.Fatalf("no case: %s", paragraph)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play{least: 1}
			for i, line := range lines[1:] {
				if err := p.line(line); err != nil {
					t.Fatalf("line %d, %q: %v", i+1, line, err)
				}
			}
			if p.proved == 0 {
				t.Error("the case proves nothing")
			}
		})
	}
}

// play is a case being played.
type play struct {
	names    []string
	holders  []allocation.Holder
	sent     []wireTime
	sellable int64
	least    int64
	now      int64
	proved   int
}

// wireTime is a write under way, as the engine remembers it.
type wireTime struct{ number, expected, at int64 }

func (p *play) find(name string) int {
	for i, n := range p.names {
		if n == name {
			return i
		}
	}
	p.names, p.holders, p.sent = append(p.names, name), append(p.holders, allocation.Holder{}), append(p.sent, wireTime{})
	return len(p.names) - 1
}

// line plays one line. Words are parted by spaces; commas part what a line says.
func (p *play) line(line string) error {
	parts := strings.Split(line, ", ")
	words := strings.Fields(parts[0])
	switch words[0] {
	case "at":
		p.now = number(words[1])
		return nil
	case "sellable":
		p.sellable = number(words[1])
		return nil
	case "least":
		p.least = number(words[1])
		return nil
	case "may":
		return p.may(words[1:])
	case "targets", "exposure", "shown", "decide", "unsure", "sure":
		parts[0] = strings.Join(words[1:], " ")
		return p.each(words[0], parts)
	}
	return p.event(p.find(words[0]), strings.Join(words[1:], " "), parts[1:])
}

func (p *play) event(i int, what string, more []string) error {
	h := &p.holders[i]
	verb, rest, _ := strings.Cut(what, " ")
	ways := map[string]allocation.Write{"moves": allocation.Move, "overwrites": allocation.Overwrite, "stops": allocation.MoveToZero}
	argument := func(name string) int64 {
		for _, m := range more {
			if value, found := strings.CutPrefix(m, name+" "); found {
				return number(value)
			}
		}
		panic("no " + name)
	}
	way := h.Write
	switch verb {
	case "moves", "overwrites", "stops":
		h.Write = ways[verb]
		if h.Account = allocation.Stranger(); more[0] != "shows ?" {
			h.Account = allocation.Account{Shown: argument("shows")}
		}
	case "sends":
		p.sent[i] = wireTime{number(rest), h.Shown, p.now}
		h.Account = h.Sent(way, number(rest))
	case "says":
		w := p.sent[i]
		word, until, _ := strings.Cut(rest, " until ")
		switch word {
		case "yes":
			h.Account = h.Applied(w.number, w.expected, w.at, p.now)
		case "conflict":
			h.Account = h.Refused(w.number, w.expected, true)
		case "nothing":
			h.Account = h.Unclear(number(until))
		default:
			return fmt.Errorf("no such answer")
		}
	case "refuses":
		h.Account = h.Refused(p.sent[i].number, p.sent[i].expected, false)
	case "sold":
		h.Account = h.Sold(number(rest), argument("placed"))
		p.sellable -= number(rest)
	case "complete":
		h.Account = h.Complete(number(strings.TrimPrefix(rest, "to ")))
	case "read":
		h.Account = h.Read(number(rest), argument("from"), p.now, more[len(more)-1] == "crossed")
	case "returns":
		h.Account = h.Returned(number(rest))
		p.sellable += number(rest)
	case "paused", "resumed":
		h.HandsOff = verb == "paused"
	default:
		return fmt.Errorf("nobody knows what that means")
	}
	return nil
}

// each checks or sets a thing of several shops.
func (p *play) each(verb string, parts []string) error {
	numbers, room := make([]int64, len(p.holders)), int64(0)
	if verb == "decide" {
		room = allocation.Decide(numbers, p.sellable, p.holders, p.least)
	}
	for _, part := range parts {
		name, want, _ := strings.Cut(part, " ")
		if name == "room" {
			if room != number(want) {
				return fmt.Errorf("room is %d", room)
			}
			continue
		}
		i := p.find(name)
		h := &p.holders[i]
		p.proved++
		got := ""
		switch verb {
		case "targets":
			p.proved--
			h.Target = number(want)
			continue
		case "exposure":
			got = strconv.FormatInt(h.Exposure(), 10)
			if h.Exposure() >= allocation.Unbounded/2 {
				got = "?"
			}
		case "shown":
			got = strconv.FormatInt(h.Shown, 10)
		case "unsure", "sure":
			if h.Unsure != (verb == "unsure") {
				return fmt.Errorf("%+v", h.Account)
			}
			continue
		case "decide":
			if got = strconv.FormatInt(numbers[i], 10); numbers[i] == allocation.Keep {
				got = "keep"
			}
		}
		if got != want {
			return fmt.Errorf("%s is %s: %+v", name, got, h.Account)
		}
	}
	return nil
}

// may checks "may [not] [stale] SHOP NUMBER".
func (p *play) may(words []string) error {
	want, stale := true, false
	for len(words) > 2 {
		want, stale = want && words[0] != "not", stale || words[0] == "stale"
		words = words[1:]
	}
	p.proved++
	if h := p.holders[p.find(words[0])]; h.MaySend(h.Write, number(words[1]), stale) != want {
		return fmt.Errorf("%+v", h.Account)
	}
	return nil
}

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

// BenchmarkDecide is the arithmetic of one decision for a SKU in 12 shops.
func BenchmarkDecide(b *testing.B) {
	holders := make([]allocation.Holder, 12)
	for i := range holders {
		holders[i] = allocation.Holder{Account: allocation.Account{Shown: int64(10 + i%3)}, Write: allocation.Write(1 + i%3), Target: 11}
	}
	numbers := make([]int64, len(holders))
	b.ReportAllocs()
	for b.Loop() {
		allocation.Decide(numbers, 140, holders, 2)
	}
}
