// Package settings holds the pages of what a merchant sets up once (設定): its name, who may sign in, which programs may ask, and which addresses are
// called with what happens.
package settings

import (
	"time"

	"soroi/internal/event"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// Tab is one part of the settings.
type Tab string

// The parts.
const (
	TabGeneral  Tab = "general"
	TabWebhooks Tab = "webhooks"
	TabTokens   Tab = "tokens"
	TabPeople   Tab = "people"
)

// Page is what all pages of the settings share.
type Page struct {
	ui.Page
	Tab   Tab
	Wrong ui.FieldErrors
}

// GeneralPage is the merchant's own data, and the person's.
type GeneralPage struct {
	Page
	Company   string
	Zone      string
	ZoneFixed bool
	Zones     []string // to choose from; any other name of the IANA database may be typed
	Login     string
}

// TokensPage is the programs that may ask.
type TokensPage struct {
	Page
	Tokens []Token
	Form   TokenForm
}

// Token is one program's right.
type Token struct {
	ID                         int64
	Name                       string
	MayWrite                   bool
	CreatedAt, UsedAt, EndedAt time.Time
}

// TokenForm is what making one asks for.
type TokenForm struct {
	Name     string
	MayWrite bool
}

// PeoplePage is who may sign in.
type PeoplePage struct {
	Page
	People []Person
	Form   PersonForm
	// Reset is whose new password was refused; Wrong then has the field "reset".
	Reset int64
}

// Person is one account.
type Person struct {
	ID        int64
	Name      string
	Login     string
	Owner     bool
	Me        bool
	CreatedAt time.Time
}

// PersonForm is what adding somebody asks for.
type PersonForm struct {
	Name, Login string
	Owner       bool
}

// OncePage shows a secret, once.
type OncePage struct {
	Page
	What  string // a sentence
	Value string
	Note  string // a sentence: where it goes, and what happens to the one before
	Back  string // where to go on
}

// WebhooksPage is all webhooks.
type WebhooksPage struct {
	Page
	Hooks []Hook
}

// Hook is how one webhook is.
type Hook struct {
	ID           int64
	Name         string
	URL          string
	Host         string
	Kinds        []Kind // those it is given; all when it chose none
	All          bool
	Most         int
	State        store.WebhookState
	StopReason   string
	Position     int64
	Waiting      int64
	Failures     int64
	FailingSince time.Time
	NextAt       time.Time
	TakenAt      time.Time
	OldUntil     time.Time
	SecretMark   string
	Actor        string
	CreatedAt    time.Time
}

// Kind is a kind of event with its word in Japanese.
type Kind struct {
	Kind   event.Kind
	Word   string
	Chosen bool
}

// Tone is how its state looks.
func (h Hook) Tone() ui.Tone {
	switch {
	case h.State == store.WebhookStopped:
		return ui.Bad
	case h.State == store.WebhookPaused:
		return ui.Quiet
	case h.Failures > 0:
		return ui.Warn
	}
	return ui.Good
}

// Word is its state, in Japanese.
func (h Hook) Word() string {
	switch {
	case h.State == store.WebhookStopped:
		return "停止"
	case h.State == store.WebhookPaused:
		return "一時停止"
	case h.Failures > 0:
		return "再試行中"
	}
	return "稼働中"
}

// Icon is its state's mark.
func (h Hook) Icon() string {
	switch {
	case h.State == store.WebhookStopped:
		return "alert"
	case h.State == store.WebhookPaused:
		return "pause"
	case h.Failures > 0:
		return "clock"
	}
	return "check"
}

// stopSentences say why soroi stopped a webhook, and what to do, by store's reason.
var stopSentences = map[string]string{
	store.StopFailing: "3日間受け取られなかったため、呼び出しを止めました。受け取り側を直してから再開してください。止まっていた間のイベントも順に送ります。",
	store.StopSecret:  "署名シークレットを開く鍵がなくなったため、呼び出しを止めました。シークレットを入れ替え、受け取り側に入れてから再開してください。",
	store.StopGone:    "受け取り側が 410（不要）と答えたため、呼び出しを止めました。要らなければ削除してください。",
}

// Why says why it was stopped.
func (h Hook) Why() string { return stopSentences[h.StopReason] }

// WebhookPage is one webhook with its calls.
type WebhookPage struct {
	Page
	Hook   Hook
	Form   HookForm
	Calls  []Call
	Older  int64 // the number before which older calls are; 0 when there are none
	Replay ReplayForm
	Oldest int64
	Newest int64
	Keep   int // days that events are kept
}

// NewWebhookPage adds one.
type NewWebhookPage struct {
	Page
	Form HookForm
}

// HookForm is a webhook as typed.
type HookForm struct {
	Name  string
	URL   string
	Most  string
	Kinds []Kind
}

// ReplayForm is a replay as typed.
type ReplayForm struct {
	By       string // "time" or "position"
	From     string // JST: 2006-01-02T15:04
	Position string
}

// Call is one call that was made.
type Call struct {
	Number  int64
	Ping    bool
	ID      string
	First   int64
	Last    int64
	Events  int
	Attempt int64
	SentAt  time.Time
	Took    time.Duration
	Status  int
	Problem string // a sentence: why there was no answer
	Error   string // in its own words
	Answer  string
	Taken   bool
}

// kindWords has one word per kind of event.
var kindWords = map[event.Kind]string{
	event.StockChanged:   "在庫の変化",
	event.StockLow:       "発注点割れ・在庫割れと回復",
	event.Oversell:       "売り越し",
	event.SyncFailing:    "店舗の連動の失敗",
	event.SyncRecovered:  "店舗の連動の回復",
	event.WebhookStopped: "Webhook の停止",
	event.ViewReport:     "事前設定の毎日の送信",
}
