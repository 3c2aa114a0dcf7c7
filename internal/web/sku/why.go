package sku

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"soroi/internal/channel"
	"soroi/internal/explain"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// explain opens the derivation of one listing's number on the page (design 2.8).
func (s *Screen) explain(r *http.Request, page *Page, listing string) error {
	id, err := strconv.ParseInt(listing, 10, 64)
	if err != nil {
		return ui.ErrMissing
	}
	specs := make([]channel.Spec, 0, len(s.engine.Specs()))
	for _, spec := range s.engine.Specs() {
		specs = append(specs, spec)
	}
	list, err := explain.Load(r.Context(), s.db, specs, page.TenantID, page.Code, "")
	if err != nil {
		return fmt.Errorf("explain: %w", err)
	}
	i := slices.IndexFunc(list, func(e explain.Explanation) bool { return int64(e.Listing) == id })
	if i < 0 {
		return ui.ErrMissing
	}
	page.Why = derive(page.Lang, list[i])
	return nil
}

// derive puts an explanation on the page: the arithmetic as a ladder, the lines that hold units beside it, and what was sent, answered and
// seen as a story.
func derive(l ui.Lang, e explain.Explanation) *Why {
	w := &Why{ListingID: int64(e.Listing), Shop: e.Shop, Ref: string(e.Ref), State: ui.State(e.State), Says: says(l, e), Explained: e.Explained}
	for _, step := range e.Steps {
		w.put(l, step)
	}
	return w
}

// says is the answer in one sentence.
func says(l ui.Lang, e explain.Explanation) string {
	shown, target := l.Quantity(e.Believed), l.Quantity(e.Target)
	switch e.State {
	case store.StateInLine:
		return l.T("掲載目標どおり %s を表示しています。", shown)
	case store.StateSending:
		return l.T("%s に変える送信の答えを待っています。", target)
	case store.StateBehind:
		if e.Target == nil {
			return l.T("掲載目標をまだ計算していません。")
		}
		return l.T("%s を表示しています。%s に変える順番を待っています。", shown, target)
	case store.StateUnclear:
		return l.T("いまの表示が確かでないため、読み直してから %s にします。", target)
	case store.StateNeverRead:
		return l.T("店舗の表示をまだ読んでいません。読んでから %s にします。", target)
	case store.StateError:
		return l.T("店舗が受け付けず、%s にできていません。", target)
	case store.StatePaused:
		return l.T("一時停止中のため何も送りません。動いていれば %s にします。", target)
	case store.StateRehearsing:
		return l.T("リハーサル中のため何も送りません。本番なら %s にします。", target)
	case store.StateOutage:
		return l.T("計画停止中のため送信を控えています。終わったら %s にします。", target)
	}
	return ""
}

// put adds one step of the explanation where a reader looks for it.
func (w *Why) put(l ui.Lang, step explain.Step) {
	words := step.Words(string(l))
	rung := func(op, label, value, note string, result bool) {
		w.Steps = append(w.Steps, Step{Op: op, Label: l.T(label), Value: value, Note: note, Result: result})
	}
	note := func(text string) {
		if n := len(w.Steps); n > 0 {
			w.Steps[n-1].Note = text
		}
	}
	more := func(text string) { // to what the last rung's note says
		between := "、"
		if l == ui.English {
			between = ", "
		}
		w.Steps[len(w.Steps)-1].Note += between + text
	}
	switch step.What {
	case explain.OnHand:
		rung("", "実在庫", number(l, step, "units"), "", false)
	case explain.LastMovement:
		note(l.T("最後の変動 %s", ui.When(step.At)+" "+l.Movement(stock.MovementKind(find(step, "kind")), delta(step, "committed_delta"))))
	case explain.Committed:
		rung("minus", "引当済", number(l, step, "units"), l.T("未出荷の受注 %s 行", number(l, step, "lines")), false)
	case explain.ClaimOf, explain.MoreClaims:
		w.Claims = append(w.Claims, Fact{At: step.At, Words: words})
	case explain.PartOf:
		rung("", l.T("構成品 %s", find(step, "code")), number(l, step, "sets"), words, false)
	case explain.Sets:
		rung("equals", "組める数", number(l, step, "units"), l.T("いちばん少ない構成品は %s", find(step, "code")), true)
	case explain.PartsAllow, explain.PartsDivided:
		rung("right", "構成品の配分", number(l, step, "most"), words, false)
	case explain.Available:
		rung("equals", "論理在庫", number(l, step, "units"), "", true)
	case explain.Secured:
		rung("minus", "確保在庫", number(l, step, "units"), l.T("どの店舗にも出さない数"), false)
	case explain.SecuredPercent:
		rung("minus", "確保在庫", number(l, step, "units"), l.T("論理在庫の %s%%（切り上げ）", number(l, step, "percent")), false)
	case explain.SecuredOfProduct:
		more(l.T("商品 %s の設定", find(step, "product")))
	case explain.SecuredFor:
		more(find(step, "reason"))
	case explain.NotBelowZero, explain.Made, explain.MadeDaily, explain.OutOfUse:
		w.pending = words
	case explain.Sellable:
		rung("equals", "販売可能数", number(l, step, "quantity"), w.pending, true)
		w.pending = ""
	case explain.NoRule, explain.ShareSame, explain.SharePercent, explain.ShareFixed, explain.ShareAtMost, explain.ShareStop, explain.AutoSame, explain.AutoSplit, explain.AutoStill:
		rung("right", "配分パターン", "", words, false)
	case explain.ExactPart, explain.RoundedDown, explain.RoundedUp, explain.Reduced, explain.FixedShort, explain.AutoPart:
		rung("right", "この店舗の分", number(l, step, "units"), words, false)
	case explain.MovedHere:
		rung("right", "他店舗からの分", number(l, step, "units"), words, false)
	case explain.ExceptionStop, explain.ExceptionAtMost:
		rung("right", "例外", number(l, step, "most"), words, false)
	case explain.ListedOften:
		rung("right", "出品数", number(l, step, "listings"), words, false)
	case explain.Capped:
		rung("right", "店舗の上限", number(l, step, "largest"), words, false)
	case explain.TargetIs:
		rung("right", "掲載目標", number(l, step, "quantity"), l.T("%s に決定", ui.When(step.At)), true)
	case explain.TargetHeld:
		rung("right", "掲載目標", number(l, step, "quantity"), words, true)
	case explain.HeldFor, explain.HeldUnread, explain.HeldOwn:
		more(words)
	case explain.TargetWaits:
		rung("right", "掲載目標", number(l, step, "quantity"), words, true)
	case explain.TargetOdd:
		rung("right", "掲載目標", number(l, step, "quantity"), words, true)
		w.Steps[len(w.Steps)-1].Tone = ui.Bad
	default:
		w.Facts = append(w.Facts, Fact{At: step.At, Words: words, Tone: tones[step.What]})
	}
}

// tones are those of the story's lines that are more than plain.
var tones = map[explain.What]ui.Tone{
	explain.CommittedOdd: ui.Bad, explain.ShownOdd: ui.Bad, explain.ExpectedOdd: ui.Bad, explain.ShopError: ui.Bad, explain.AnswerRefused: ui.Bad, explain.Failing: ui.Bad, explain.Excess: ui.Bad,
	explain.AnswerApplied: ui.Good, explain.InLine: ui.Good, explain.InFlight: ui.Busy, explain.AnswerAccepted: ui.Busy, explain.Sending: ui.Busy,
	explain.AnswerConflict: ui.Warn, explain.DriftSeen: ui.Warn, explain.Waiting: ui.Warn,
	explain.AnswerUnknown: ui.Unclear, explain.Overdrawn: ui.Unclear, explain.Unsure: ui.Unclear, explain.ExpectedUnknown: ui.Unclear, explain.ToBeRead: ui.Unclear,
	explain.ShopRehearsing: ui.Trial,
}

func find(step explain.Step, name string) string {
	for _, n := range step.Numbers {
		if n.Name == name {
			return n.Value
		}
	}
	return ""
}

func delta(step explain.Step, name string) int64 {
	n, err := strconv.ParseInt(find(step, name), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// number writes a step's figure as the screens write figures; "unlimited" and "?" are no figures.
func number(l ui.Lang, step explain.Step, name string) string {
	text := find(step, name)
	switch n, err := strconv.ParseInt(text, 10, 64); {
	case err == nil:
		return ui.Number(n)
	case text == stock.Unlimited.String():
		return l.Quantity(&stock.Unlimited)
	}
	return "–"
}
