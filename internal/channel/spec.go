package channel

import (
	"time"

	"soroi/internal/clock"

	"net/http"
)

// Spec is what a channel is and can do, as data. Screens, docs, the conformance suite and Shop read it.
type Spec struct {
	Kind   Kind
	Name   string // 楽天市場
	Fields []Field
	Can    Can
	Limits Limits
	// Hosts are the hosts that a real shop of this channel lives on, as host or .suffix. A merchant's own cart has none:
	// then any HTTPS host is accepted.
	Hosts []string
	// Open makes a connector; it makes no network call. The error is a *FieldError.
	Open func(Settings, Deps) (Connector, error)
}

// Field is one line of a channel's settings form.
type Field struct {
	Key      string
	Label    string // Japanese
	LabelEN  string
	Help     string // Japanese: where in the mall's back office to find it
	HelpEN   string
	Secret   bool // never shown again
	Required bool
	Default  string
	Long     bool // several lines, such as a key in PEM
}

// BaseURL is the settings key of every channel that holds the address of the shop's API.
const BaseURL = "base_url"

// Can is what a channel is able to do. What is not declared is not used.
type Can struct {
	Write        Write // the best way this channel can write
	ChangedSince bool  // PullOrders finds changed orders too
	Async        bool  // Confirmer
	Unlimited    bool  // a listing can be without limit
	Webhook      bool  // Notified
	Subscribe    bool  // Subscriber
	ListListings bool  // Lister
	Check        bool  // Checker
	// RefusesBelowZero says that a difference which would lead below zero is surely refused. Where it stops at zero instead, or nobody knows, units
	// that it takes away are free only when all orders are in.
	RefusesBelowZero bool
	// Keyed says that a repeated push with the same key has one effect, so an unclear answer may be asked again.
	Keyed bool
	// ReturnsOnCancel says what the shop does to its own number when an order is cancelled.
	ReturnsOnCancel Returning
	// ReadAfter says that the answer of a write is no proof of each item (no per-item result, unknown listings accepted in silence),
	// so a push of a listing that has never been read is read back.
	ReadAfter bool
}

// Write is a way to write a quantity.
type Write string

// The ways of writing, each also able to do the ones before it.
const (
	Overwrite     Write = "overwrite"
	Delta         Write = "delta"
	CompareAndSet Write = "compare_and_set"
)

// Returning says whether a shop raises its own number on a cancel.
type Returning string

// The ways of returning.
const (
	ReturnsAlways  Returning = "always"
	ReturnsNever   Returning = "never"
	ReturnsDepends Returning = "depends" // on a setting or a choice: read back
)

// Limits are the channel's bounds, each with its source in docs/channels.
type Limits struct {
	PushItems     int           // listings in one PushStock
	ReadItems     int           // refs in one ReadStock
	RefreshOrders int           // orders in one RefreshOrders
	Rates         []Rate        // by bucket
	PushBucket    string        // the bucket that PushStock draws from
	PushCost      float64       // what one call of it usually costs; 0 is 1
	Largest       int64         // largest quantity a listing may show
	History       time.Duration // how far back orders reach
	Lag           time.Duration // usual time until a write shows, at most LongestLag
	// Lateness: an order placed at t is in the shop's list by t + Lateness.
	Lateness time.Duration
	// Poll is how often new orders are asked for when nothing says "pull now".
	Poll time.Duration
}

// LongestLag is the longest Limits.Lag: when nobody knows whether a write was done, it surely shows after that, or never.
const LongestLag = 10 * time.Second

// Rate is how often calls of one bucket may be made: Calls tokens come back per Per, and at most Burst are kept.
type Rate struct {
	Bucket string
	Calls  float64
	Per    time.Duration
	Burst  float64
}

// Deps is what a connector is given. It uses no other client, clock or pace.
type Deps struct {
	HTTP  *http.Client
	Clock clock.Clock
	Pace  *Pace
}

// Opened is the spec with the merchant's own limits in the place of the published ones, where given.
func (s Spec) Opened(rates []Rate) Spec {
	byBucket := make(map[string]Rate, len(rates))
	for _, r := range rates {
		byBucket[r.Bucket] = r
	}
	own := make([]Rate, len(s.Limits.Rates))
	for i, r := range s.Limits.Rates {
		if better, ok := byBucket[r.Bucket]; ok {
			r = better
		}
		own[i] = r
	}
	s.Limits.Rates = own
	return s
}
