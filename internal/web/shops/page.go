// Package shops holds the pages of the shops (店舗): how they are, adding one, its settings, pausing, rehearsing and going live.
package shops

import (
	"fmt"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
	"soroi/internal/web/ui"
)

// ListPage is all shops.
type ListPage struct {
	ui.Page
	Shops []Shop
}

// Mode is what a shop is doing by the merchant's will.
type Mode string

// The modes.
const (
	Live       Mode = "live"
	Paused     Mode = "paused"
	Rehearsing Mode = "rehearsing"
)

// Shop is how one shop is.
type Shop struct {
	ID          int64
	Name        string
	Channel     string // 楽天市場
	Mode        Mode
	Outage      bool // it is down as planned, now
	OutageFrom  time.Time
	OutageUntil time.Time
	P50, P99    time.Duration
	Items       int64 // pushes that the lag was measured on
	Lanes       []Lane
	Listings    Listings
	PulledAt    time.Time // last complete pull of orders
	PushedAt    time.Time // last push that the shop answered
	Problem     *Problem
}

// Backlog is how many listings wait.
func (s Shop) Backlog() int64 {
	var n int64
	for _, l := range s.Lanes {
		n += l.Waiting
	}
	return n
}

// Lane is how many listings wait in one lane of the publisher.
type Lane struct {
	Lane    int
	Waiting int64
}

// Listings counts a shop's listings.
type Listings struct {
	All     int64
	Linked  int64
	Free    int64 // without a SKU, that are asked about
	LeftOut int64 // more, of which the shop keeps no count
}

// Problem is a shop's last error, still standing.
type Problem struct {
	ui.Trouble
	Tone    ui.Tone
	Kind    channel.ErrorKind
	Code    string
	Message string
	At      time.Time
}

// State is the shop's state in a word.
func (s Shop) State() ui.ShopState {
	var problem channel.ErrorKind
	if s.Problem != nil {
		problem = s.Problem.Kind
	}
	return ui.ShopStateOf(ui.State(s.Mode), s.Outage, problem)
}

// DetailPage is one shop.
type DetailPage struct {
	ui.Page
	Shop      Shop
	Hook      *Hook // nil: the channel knows no webhooks
	CanList   bool
	Fields    []Setting
	Outage    OutageForm
	Wrong     ui.FieldErrors
	Rates     []string
	Drifts    []Drift
	TestMalls bool
}

// Hook is how a shop's webhooks (注文の通知) stand.
type Hook struct {
	Every   time.Duration // how often orders are asked for in any case
	Address string        // where they come in; "" when soroi was told no address under which it is reached
	ByHand  bool          // somebody has to enter the address at the shop
	Asked   bool          // the shop has been asked for them
	LastAt  time.Time     // of the last one; zero when none came yet
	Problem *Problem
}

// Drift is a difference that reading back has found.
type Drift struct {
	Code     string
	Expected stock.Quantity
	Found    stock.Quantity
	At       time.Time
}

// Setting is one line of the channel's form with what is kept for it.
type Setting struct {
	Key      string
	Label    string
	Help     string
	Value    string // never a secret's
	Secret   bool
	Kept     bool // a secret that is kept: shown as dots, an empty entry leaves it
	Required bool
	Long     bool
	Wrong    string
}

// OutageForm is a planned outage as typed, in JST: 2006-01-02T15:04.
type OutageForm struct {
	From, Until string
}

// NewPage begins with the choice of a channel, then asks for its settings.
type NewPage struct {
	ui.Page
	Channels []Channel
	Kind     channel.Kind // "" while choosing
	Channel  string
	Name     string
	Fields   []Setting
	Wrong    ui.FieldErrors
}

// Channel is one to choose from.
type Channel struct {
	Kind  channel.Kind
	Name  string
	Notes string
}

// PreviewPage shows what going live would publish.
type PreviewPage struct {
	ui.Page
	Shop    Shop
	Counts  PreviewCounts
	Changes []Change
	More    bool // there are more changes than shown
}

// PreviewCounts sums a preview up.
type PreviewCounts struct {
	Same, Up, Down, Zero, Unread, Unlinked int64
}

// Changing is how many numbers would be sent.
func (c PreviewCounts) Changing() int64 { return c.Up + c.Down + c.Zero + c.Unread }

// Change is one number that would change.
type Change struct {
	Code, Title string
	Shown       *stock.Quantity
	Target      stock.Quantity
}

// Tone is how the change looks.
func (c Change) Tone() ui.Tone {
	switch {
	case c.Target.IsZero():
		return ui.Bad
	case c.Shown == nil:
		return ui.Unclear
	case c.Shown.Compare(c.Target) > 0:
		return ui.Warn
	}
	return ui.Busy
}

// Word says what the change does, in Japanese.
func (c Change) Word() string {
	switch {
	case c.Target.IsZero():
		return "売り切れにする"
	case c.Shown == nil:
		return "いまの数が不明"
	case c.Shown.Compare(c.Target) > 0:
		return "減らす"
	case c.Shown.IsZero():
		return "販売を再開する"
	}
	return "増やす"
}

// Icon is the change's mark.
func (c Change) Icon() string {
	switch {
	case c.Target.IsZero():
		return "alert"
	case c.Shown == nil:
		return "question"
	case c.Shown.Compare(c.Target) > 0:
		return "down"
	}
	return "up"
}

func path(id int64, more string) string { return fmt.Sprintf("/shops/%d%s", id, more) }
