package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// The types of a call's body.
const (
	TypeEvents = "events"
	TypePing   = "ping"
)

// Payload is the body of one call of a webhook.
type Payload struct {
	Type      string  `json:"type"`      // TypeEvents or TypePing
	Timestamp string  `json:"timestamp"` // of the last event, or of the ping
	Position  int64   `json:"position"`  // up to which the feed has been given with this call, events of other kinds passed over
	Missing   *Range  `json:"missing,omitempty"`
	Events    []Event `json:"events"` // in order; none in a ping
}

// Range is a part of the feed that cannot be given any more, since it is older than what is kept.
type Range struct {
	After  int64 `json:"after"`
	Before int64 `json:"before"`
}

// LargestBody bounds the bytes of a call with more than one event.
const LargestBody = 64 << 10

// Batch is the body of a call that brings the events which come after a position, as many as fit into LargestBody, at least one. upTo is how far the
// feed was looked through for them. It returns how many it took, and up to which position the feed is given with them. The same events give the
// same bytes at each attempt.
func Batch(events []Event, upTo int64, missing *Range) (body []byte, taken int, last int64, err error) {
	const around = 300 // bytes of the payload around the events, at most
	size := around
	for _, e := range events {
		one, err := json.Marshal(e)
		if err != nil {
			return nil, 0, 0, err
		}
		if size += len(one) + 1; taken > 0 && size > LargestBody {
			upTo = events[taken-1].Position
			break
		}
		taken++
	}
	if taken == 0 {
		return nil, 0, 0, errors.New("a call without events")
	}
	body, err = json.Marshal(Payload{Type: TypeEvents, Timestamp: Timestamp(events[taken-1].At), Position: upTo, Missing: missing, Events: events[:taken]})
	return body, taken, upTo, err
}

// Ping is the body of a call that only tries a webhook out.
func Ping(position int64, now time.Time) ([]byte, error) {
	return json.Marshal(Payload{Type: TypePing, Timestamp: Timestamp(now), Position: position, Events: []Event{}})
}

// CallID is the id of a call: the same for every attempt to give the same events, another one after a replay. It holds no full stop.
func CallID(webhook, replays, first, last int64) string {
	return fmt.Sprintf("evt_%d_%d_%d_%d", webhook, replays, first, last)
}
