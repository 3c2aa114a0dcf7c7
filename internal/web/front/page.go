// Package front is the page that answers "is everything in line?" (すべて揃っていますか).
package front

import (
	"time"

	"soroi/internal/stock"
	"soroi/internal/web/ui"
)

// Page is the front page.
type Page struct {
	ui.Page
	Answer    Answer
	AsOf      time.Time
	Counts    Counts
	Lag       Lag
	Behind    []Behind
	Troubles  []Trouble
	Orders    []Order
	Waits     []Wait
	Oversells []Oversell
	Shops     []Shop
	Flow      []Flow

	StoppedHooks int64 // webhooks that soroi has stopped
}

// Counts are all of a kind; the page lists only the first few.
type Counts struct {
	SKUs      int64
	Listings  int64 // linked ones
	Shops     int64
	LiveShops int64
	Behind    int64 // listings of live shops that do not show their target
	Late      int64 // those of Behind that have been due for longer than Patience
	Unlinked  int64 // listings without a SKU
	Troubles  int64
	Orders    int64
	Oversells int64
	// Waiting are lines of orders of goods that nobody knows, WaitingUnits their units. WaitingMore says that there are more.
	Waiting, WaitingUnits int64
	WaitingMore           bool
}

// Patience is how long a listing may be on its way before the page calls it late.
const Patience = 30 * time.Second

// Lag is how long shops took to show a change within the last minutes.
type Lag struct {
	P50, P99 time.Duration
	Items    int64
	Minutes  int
}

// Shop is one line of the list of shops.
type Shop struct {
	ID       int64
	Name     string
	State    ui.ShopState
	Lag      Lag
	Backlog  int64
	PulledAt time.Time
}

// Behind is a listing that does not show what it should.
type Behind struct {
	Code, Name string
	Shop       string
	Shown      *stock.Quantity
	Target     stock.Quantity
	State      ui.State
	Since      time.Time
	Late       bool
}

// Excess tells whether the shop is known to offer more than it should: the risk of an oversell.
func (b Behind) Excess() bool { return b.Shown != nil && b.Shown.Compare(b.Target) > 0 }

// Trouble is a shop with something wrong.
type Trouble struct {
	ShopID  int64
	Shop    string
	Tone    ui.Tone
	What    string
	Next    string
	Code    string // the mall's own
	Message string // the mall's own
	Since   time.Time
}

// Order is an order that a person must look at.
type Order struct {
	Shop       string
	Number     string
	PlacedAt   time.Time
	Problems   []string
	LateCancel int64
}

// Wait is a line of an order that waits until it is known which SKU it is.
type Wait struct {
	Shop, Number, Code, Title string
	Units                     int64
	Since                     time.Time
}

// Oversell is a claim that was taken when nothing was available (売り越し) and still stands.
type Oversell struct {
	Code, Name string
	Units      int64 // short by now: committed − on hand
	Shop       string
	Document   string
	At         time.Time
}

// Flow is one movement and what became of it in the other shops.
type Flow struct {
	ID             string
	At             time.Time
	Kind           stock.MovementKind
	Cause          stock.Cause
	Shop           string
	Document       string
	Code, Name     string
	OnHandDelta    int64
	CommittedDelta int64
	Available      int64
	Oversold       int64
	Others         int64 // further lines of the same order
	Cancelled      bool
	Pushes         []Push
}

// Effect is what the movement did to what is available.
func (f Flow) Effect() int64 { return f.OnHandDelta - f.CommittedDelta }

// Icon is the movement's mark.
func (f Flow) Icon() string {
	switch {
	case f.Cancelled:
		return "back"
	case f.Kind == stock.Shipment:
		return "box"
	case f.Kind == stock.Claimed && f.CommittedDelta > 0:
		return "cart"
	case f.Kind == stock.Claimed, f.Kind == stock.Return:
		return "back"
	}
	return "hand"
}

// Push is a shop's listing of the movement's SKU.
type Push struct {
	Shop  string
	Shown *stock.Quantity // as far as known; State tells whether it is sure
	State ui.State
	Lag   time.Duration // from the movement until the shop showed it; 0 when nothing had to be sent
}

// Answer is the one big answer.
type Answer struct {
	Tone ui.Tone
	Text string
	More string
}

// Judge answers by the worst thing that is there. It never says "all in line" while a listing is known to differ.
func Judge(l ui.Lang, c Counts) Answer {
	switch {
	case c.Shops == 0:
		return Answer{ui.Quiet, l.T("まだ店舗がありません"), l.T("最初の店舗を追加すると、ここに全体の状況が出ます。")}
	case c.Oversells > 0:
		return Answer{ui.Bad, l.T("いいえ。売り越しが%d件あります", c.Oversells), l.T("足りない商品の受注を、下の一覧で確認してください。")}
	case c.Troubles > 0:
		return Answer{ui.Bad, l.T("いいえ。%d店舗に問題があります", c.Troubles), l.T("原因と次の手順は下にあります。ほかの店舗は動き続けています。")}
	case c.Waiting > 0:
		return Answer{ui.Warn, l.T("どの商品か分からない受注が%s行あります", ui.Number(c.Waiting)), l.T("紐付けるまで、その分の在庫は引き当てていません。")}
	case c.Late > 0:
		return Answer{ui.Warn, l.T("いいえ。%d件の反映が遅れています", c.Late), l.T("多く見せているものから順に送っています。")}
	case c.Orders > 0:
		return Answer{ui.Warn, l.T("確認が必要な受注が%d件あります", c.Orders), l.T("分かる範囲の在庫は引き当て済みで、各店舗への反映は続いています。")}
	case c.LiveShops == 0:
		return Answer{ui.Trial, l.T("どの店舗にも送信していません"), l.T("すべての店舗がリハーサル中か一時停止中です。")}
	case c.Behind > 0:
		return Answer{ui.Busy, l.T("はい。%d件を反映中です", c.Behind), l.T("いまの変動を各店舗へ送っています。")}
	}
	return Answer{ui.Good, l.T("はい。すべて揃っています"), l.T("稼働中のどの店舗も、あるべき数を表示しています。")}
}
