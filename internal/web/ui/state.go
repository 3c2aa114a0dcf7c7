package ui

// State is how a listing stands (出品の状態), in one word.
type State string

// The states of a listing, from quiet to loud.
const (
	InLine     State = "in_line"    // shows its target
	Behind     State = "behind"     // another number is due and not yet sent
	Sending    State = "sending"    // a push is on its way
	Uncertain  State = "unclear"    // the answer was lost: it is being read back
	Paused     State = "paused"     // nothing is sent: paused by hand
	Rehearsing State = "rehearsing" // nothing is sent: computed only
	Outage     State = "outage"     // nothing is sent: the shop is down as planned
	Failing    State = "error"      // the shop refuses
	NeverRead  State = "never_read" // nobody has looked yet what it shows
	NotLinked  State = "not_linked" // the listing has no SKU
	NotListed  State = "not_listed" // the shop does not sell this SKU
	OrdersOnly State = "orders"     // the listing is known from orders alone: nothing is sent
	Ignored    State = "ignored"    // the listing's code is no stock
)

// States are all of them, in the order of the legend.
var states = []State{InLine, Sending, Behind, Uncertain, NeverRead, Failing, Outage, Paused, Rehearsing, NotListed}

// Label is the state in the screen's words.
func (s State) Label(l Lang) string {
	switch s {
	case InLine:
		return l.T("一致")
	case Behind:
		return l.T("反映待ち")
	case Sending:
		return l.T("送信中")
	case Uncertain:
		return l.T("確認中")
	case Paused:
		return l.T("一時停止")
	case Rehearsing:
		return l.T("リハーサル")
	case Outage:
		return l.T("計画停止")
	case Failing:
		return l.T("エラー")
	case NeverRead:
		return l.T("未確認")
	case NotLinked:
		return l.T("紐付けなし")
	case NotListed:
		return l.T("未出品")
	case OrdersOnly:
		return l.T("受注のみ")
	case Ignored:
		return l.T("在庫でない")
	}
	return string(s)
}

// Tone is the state's colour.
func (s State) Tone() Tone {
	switch s {
	case InLine:
		return Good
	case Behind:
		return Warn
	case Sending:
		return Busy
	case Uncertain:
		return Unclear
	case Failing, NotLinked:
		return Bad
	case Rehearsing:
		return Trial
	}
	return Quiet
}

// Icon is the state's mark, different for each, so that it can be told without colour.
func (s State) Icon() string {
	switch s {
	case InLine:
		return "check"
	case Behind:
		return "clock"
	case Sending:
		return "up"
	case Uncertain:
		return "question"
	case Paused:
		return "pause"
	case Rehearsing:
		return "ghost"
	case Outage:
		return "moon"
	case Failing, NotLinked:
		return "alert"
	case NeverRead:
		return "eye"
	}
	return "dash"
}

// icons are 16 by 16 line drawings.
var icons = map[string]string{
	"check":    `<path d="M3 8.5l3.2 3.2L13 4.8"/>`,
	"clock":    `<circle cx="8" cy="8" r="5.8"/><path d="M8 4.8V8l2.3 1.6"/>`,
	"up":       `<path d="M8 13V3.4M4 7.2l4-4 4 4"/>`,
	"down":     `<path d="M8 3v9.6M4 8.8l4 4 4-4"/>`,
	"question": `<circle cx="8" cy="8" r="6.2"/><path d="M6.2 6.4a1.9 1.9 0 113 1.6c-.8.5-1.2.9-1.2 1.6M8 11.6v.2"/>`,
	"pause":    `<path d="M5.4 3.5v9M10.6 3.5v9" stroke-width="2.4"/>`,
	"play":     `<path d="M5 3.2l7.4 4.8L5 12.8z"/>`,
	"ghost":    `<circle cx="8" cy="8" r="5.8" stroke-dasharray="2.4 2.2"/><circle cx="8" cy="8" r="1.6"/>`,
	"moon":     `<path d="M12.8 9.6A5.4 5.4 0 016.4 3.2a5.4 5.4 0 106.4 6.4z"/>`,
	"alert":    `<path d="M8 2.2l6.2 11H1.8zM8 6.4v3.2M8 11.4v.3"/>`,
	"dash":     `<path d="M4 8h8"/>`,
	"eye":      `<path d="M1.6 8s2.4-4.2 6.4-4.2S14.4 8 14.4 8 12 12.2 8 12.2 1.6 8 1.6 8z"/><circle cx="8" cy="8" r="1.9"/>`,
	"shield":   `<path d="M8 2l5 1.9v3.9c0 3-2.1 4.9-5 6.2-2.9-1.3-5-3.2-5-6.2V3.9z"/>`,
	"search":   `<circle cx="7" cy="7" r="4.4"/><path d="M10.4 10.4L14 14"/>`,
	"out":      `<path d="M6.5 2.8H3v10.4h3.5M7 8h6.6M11 5.2L13.8 8 11 10.8"/>`,
	"cart":     `<path d="M1.6 2.6h1.9l1.7 7.2h6.6l1.5-5.2H4.2"/><circle cx="6" cy="12.8" r="1"/><circle cx="11" cy="12.8" r="1"/>`,
	"hand":     `<path d="M11.2 2.6l2.2 2.2-7.6 7.6-2.9.7.7-2.9z"/>`,
	"box":      `<path d="M2.4 5.2L8 2.4l5.6 2.8v5.6L8 13.6l-5.6-2.8zM2.4 5.2L8 8l5.6-2.8M8 8v5.6"/>`,
	"back":     `<path d="M3 8h7.4a2.8 2.8 0 010 5.6H7M6 4.8L2.8 8 6 11.2"/>`,
	"why":      `<path d="M3 4h10M5 8h6M7 12h2"/>`,
	"right":    `<path d="M6 3.4L10.6 8 6 12.6"/>`,
	"left":     `<path d="M10 3.4L5.4 8 10 12.6"/>`,
	"cross":    `<path d="M4 4l8 8M12 4l-8 8"/>`,
	"plus":     `<path d="M8 3v10M3 8h10"/>`,
	"minus":    `<path d="M3 8h10"/>`,
	"equals":   `<path d="M3 6h10M3 10h10"/>`,
	"split":    `<path d="M8 13V8M8 8L3.6 3.4M8 8l4.4-4.6M3.6 6.4v-3h3M12.4 6.4v-3h-3"/>`,
	"bell":     `<path d="M8 2.2a3.8 3.8 0 013.8 3.8c0 3.4 1.4 4.6 1.4 4.6H2.8S4.2 9.4 4.2 6A3.8 3.8 0 018 2.2zM6.7 13.2a1.4 1.4 0 002.6 0"/>`,
	"key":      `<rect x="1.8" y="4" width="12.4" height="8" rx="1.4"/><path d="M4.4 6.6h.2M7 6.6h.2M9.6 6.6h.2M11.6 6.6h.2M5 9.4h6"/>`,
	"refresh":  `<path d="M13 4.4A5.8 5.8 0 002.4 7M3 11.6A5.8 5.8 0 0013.6 9M13.2 1.8v2.8h-2.8M2.8 14.2v-2.8h2.8"/>`,
}

// loudness orders states by how much a person should know of them.
var loudness = map[State]int{NotListed: 0, Ignored: 0, OrdersOnly: 1, InLine: 1, Paused: 2, Rehearsing: 3, Outage: 4, NeverRead: 5, Sending: 6, Behind: 7, Uncertain: 8, NotLinked: 9, Failing: 10}

// Quieter tells whether another state is more worth showing than s.
func (s State) Quieter(other State) bool { return loudness[s] < loudness[other] }
