// Package event is what soroi tells other programs (イベント): which kinds of event there are, what each carries, how it is written for
// them, and how a call that brings events is signed. It is pure: no database, no network, no clock.
package event

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"soroi/internal/stock"
)

// Kind is a kind of event, in the words that programs see. Kinds are never renamed.
type Kind string

// The kinds.
const (
	StockChanged   Kind = "stock.changed"   // available or sellable of a SKU is another one, or what a shop is to show
	StockLow       Kind = "stock.low"       // a SKU came to another level: at its reorder point, out, oversold, or back
	Oversell       Kind = "oversell"        // an order took units that were not there (売り越し)
	SyncFailing    Kind = "sync.failing"    // a shop cannot be kept in line, and it does not look as if it would pass
	SyncRecovered  Kind = "sync.recovered"  // the end of the one before
	WebhookStopped Kind = "webhook.stopped" // a webhook is not called any more until somebody resumes it
	ViewReport     Kind = "view.report"     // a saved view, once a day (事前設定の毎日の送信)
)

// Kinds are all of them, in the order in which people read them.
func Kinds() []Kind {
	return []Kind{StockChanged, StockLow, Oversell, SyncFailing, SyncRecovered, WebhookStopped, ViewReport}
}

// UnknownKindError says that a word is no kind of event.
type UnknownKindError struct{ Word string }

func (e *UnknownKindError) Error() string {
	var words []string
	for _, k := range Kinds() {
		words = append(words, string(k))
	}
	return fmt.Sprintf("%q is no kind of event; there are %s", e.Word, strings.Join(words, ", "))
}

// ParseKinds reads a choice of kinds, each once, in the order of Kinds. No words are no choice: all kinds. The error is an
// *UnknownKindError.
func ParseKinds(words []string) ([]Kind, error) {
	var chosen []Kind
	for _, word := range words {
		if !slices.Contains(Kinds(), Kind(word)) {
			return nil, &UnknownKindError{word}
		}
	}
	for _, k := range Kinds() {
		if slices.Contains(words, string(k)) {
			chosen = append(chosen, k)
		}
	}
	return chosen, nil
}

// Event is one thing that happened to a merchant's stock or shops.
type Event struct {
	// Position is the event's place in its merchant's feed, from 1, without gaps. Whoever has seen a position has been able to see all
	// before it.
	Position int64
	Kind     Kind
	At       time.Time // when it was written down, UTC; never earlier than that of the position before
	SKU      string    // the code; "" when it is about none
	ShopID   int64     // 0 when it is about none
	Shop     string    // the shop's name
	Body     string    // what the kind carries: a JSON object
}

// MarshalJSON writes the event as programs see it: position, type, timestamp, data. SKU and shop are the first fields of data.
func (e Event) MarshalJSON() ([]byte, error) {
	b := append(make([]byte, 0, 160+len(e.Body)), `{"position":`...)
	b = strconv.AppendInt(b, e.Position, 10)
	b = appendString(append(b, `,"type":`...), string(e.Kind))
	b = appendString(append(b, `,"timestamp":`...), Timestamp(e.At))
	b = append(b, `,"data":{`...)
	if e.SKU != "" {
		b = append(appendString(append(b, `"sku":`...), e.SKU), ',')
	}
	if e.ShopID != 0 {
		b = strconv.AppendInt(append(b, `"shop":{"id":`...), e.ShopID, 10)
		b = append(appendString(append(b, `,"name":`...), e.Shop), `},`...)
	}
	rest, ok := strings.CutPrefix(e.Body, "{")
	if !ok {
		return nil, fmt.Errorf("event %d carries no object", e.Position)
	}
	if rest == "}" {
		b = []byte(strings.TrimSuffix(string(b), ","))
	}
	return append(append(b, rest...), '}'), nil
}

// Timestamp is how instants are written for programs: RFC 3339 in UTC, to the microsecond.
func Timestamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.999999Z07:00") }

// appendString appends a text as a JSON string.
func appendString(b []byte, text string) []byte {
	quoted, err := json.Marshal(text)
	if err != nil {
		return append(b, `""`...) // a string always has a form in JSON
	}
	return append(b, quoted...)
}

// Figures are what is left of a SKU at one moment.
type Figures struct {
	Available int64
	Sellable  stock.Quantity
}

// ShopTarget is what one listing of a shop is to show.
type ShopTarget struct {
	ShopID int64
	Target stock.Quantity
}

// StockChange is the body of StockChanged: what a SKU came to after all changes since the event before it.
type StockChange struct {
	OnHand    int64
	Committed int64
	After     Figures
	Before    *Figures // nil when this is the SKU's first
	Shops     []ShopTarget
}

// Body writes it. It is written by hand since each planned SKU has one: encoding/json took two and a half times as long.
func (c StockChange) Body() string {
	b := make([]byte, 0, 128+32*len(c.Shops))
	b = strconv.AppendInt(append(b, `{"on_hand":`...), c.OnHand, 10)
	b = strconv.AppendInt(append(b, `,"committed":`...), c.Committed, 10)
	b = append(c.After.append(append(b, ',')), `,"before":`...)
	if c.Before == nil {
		b = append(b, `null`...)
	} else {
		b = append(c.Before.append(append(b, '{')), '}')
	}
	b = append(b, `,"shops":[`...)
	for i, s := range c.Shops {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, `{"id":`...), s.ShopID, 10)
		b = append(appendQuantity(append(b, `,"target":`...), s.Target), '}')
	}
	return string(append(b, `]}`...))
}

func (f Figures) append(b []byte) []byte {
	b = strconv.AppendInt(append(b, `"available":`...), f.Available, 10)
	return appendQuantity(append(b, `,"sellable":`...), f.Sellable)
}

// appendQuantity writes a number, or the word "unlimited".
func appendQuantity(b []byte, q stock.Quantity) []byte {
	if n, limited := q.Units(); limited {
		return strconv.AppendInt(b, n, 10)
	}
	return append(b, `"unlimited"`...)
}

// Level is how a SKU stands between enough and too few.
type Level string

// The levels.
const (
	Fine     Level = "fine"
	Low      Level = "low"      // available is at or below the reorder point (発注点割れ)
	Out      Level = "out"      // nothing is available (在庫割れ)
	Oversold Level = "oversold" // less than nothing is available (売り越し)
)

// LevelChange is the body of StockLow.
type LevelChange struct {
	Level        Level  `json:"level"`
	Before       Level  `json:"before"`
	Available    int64  `json:"available"`
	ReorderPoint *int64 `json:"reorder_point"` // nil when the SKU has none
}

// OversellBody is the body of Oversell: one claim of one order line.
type OversellBody struct {
	Order     string `json:"order"` // the shop's number of it
	Line      string `json:"line"`
	Units     int64  `json:"units"` // of what the claim took, those that were not there
	Available int64  `json:"available"`
}

// Failure is the body of SyncFailing.
type Failure struct {
	Loop     string       `json:"loop"`     // what fails: new, open, push, read or list
	Failures int64        `json:"failures"` // in a row
	Since    string       `json:"since"`    // the first of them
	Error    FailureError `json:"error"`
}

// FailureError is the last error, with the mall's own code and words.
type FailureError struct {
	Kind string `json:"kind"`
	Code string `json:"code"`
	Text string `json:"text"`
}

// Recovery is the body of SyncRecovered.
type Recovery struct {
	Since string `json:"since"` // when SyncFailing told of it
}

// Stop is the body of WebhookStopped.
type Stop struct {
	Webhook  int64  `json:"webhook"`
	Name     string `json:"name"`
	Reason   string `json:"reason"`   // "failing": it did not answer well for too long; "gone": it answered 410
	Since    string `json:"since"`    // the first failure of the row that led here
	Position int64  `json:"position"` // the last that it was given
}

// Report is the body of ViewReport: what a saved view of the list of stock-outs and of what to order finds on a day.
type Report struct {
	View  int64       `json:"view"`
	Name  string      `json:"name"`
	Day   string      `json:"day"`   // of the merchant's time zone, as 2026-04-01
	SKUs  int64       `json:"skus"`  // that the view finds
	Out   int64       `json:"out"`   // of these, those without stock
	URL   string      `json:"url"`   // of the screen
	Items []ReportRow `json:"items"` // the first of it, in the view's order
	More  bool        `json:"more"`  // there is more than items
}

// ReportRow is one row of a Report: a SKU, or what the view sums up.
type ReportRow struct {
	Code         string `json:"code"` // "" of a sum by an option
	Name         string `json:"name"`
	Available    int64  `json:"available"`
	Inbound      int64  `json:"inbound"`
	ReorderPoint *int64 `json:"reorder_point"` // nil when it has none
	Shortfall    int64  `json:"shortfall"`
}

// Body writes what a kind carries. The bodies are structs of this package, which always have a form in JSON.
func Body(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "{}"
	}
	return string(text)
}

// ParseStockChange reads what StockChange.Body has written.
func ParseStockChange(body string) (StockChange, error) {
	type figures struct {
		Available int64       `json:"available"`
		Sellable  storedCount `json:"sellable"`
	}
	var v struct {
		OnHand    int64 `json:"on_hand"`
		Committed int64 `json:"committed"`
		figures
		Before *figures `json:"before"`
		Shops  []struct {
			ID     int64       `json:"id"`
			Target storedCount `json:"target"`
		} `json:"shops"`
	}
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		return StockChange{}, fmt.Errorf("stock change %.80s: %w", body, err)
	}
	c := StockChange{OnHand: v.OnHand, Committed: v.Committed, After: Figures{v.Available, stock.Quantity(v.Sellable)}}
	if v.Before != nil {
		c.Before = &Figures{v.Before.Available, stock.Quantity(v.Before.Sellable)}
	}
	for _, s := range v.Shops {
		c.Shops = append(c.Shops, ShopTarget{s.ID, stock.Quantity(s.Target)})
	}
	return c, nil
}

// storedCount is a quantity as appendQuantity writes it: a number, or a word in quotes.
type storedCount stock.Quantity

func (c *storedCount) UnmarshalJSON(text []byte) error {
	var q stock.Quantity
	err := q.UnmarshalText([]byte(strings.Trim(string(text), `"`)))
	*c = storedCount(q)
	return err
}
