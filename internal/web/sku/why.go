package sku

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/engine"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// explain opens the derivation of one listing's number on the page (design 2.8).
func (s *Screen) explain(_ *http.Request, page *Page, item store.SKU, listing string) error {
	id, err := strconv.ParseInt(listing, 10, 64)
	if err != nil {
		return ui.ErrMissing
	}
	i := slices.IndexFunc(item.Listings, func(l store.Listing) bool { return int64(l.ID) == id })
	if i < 0 {
		return ui.ErrMissing
	}
	l := item.Listings[i]
	j := slices.IndexFunc(item.Shops, func(shop store.Shop) bool { return shop.ID == l.Shop })
	if j < 0 {
		return ui.ErrMissing
	}
	shop := item.Shops[j]
	target := allocation.Everywhere.Targets(item.Sellable(), []allocation.Shop{engine.AllocationShop(shop, s.engine.Specs()[shop.Kind])})[0]
	page.Why = derive(page.Lang, item, l, shop, target)
	return nil
}

// derive words the way from on hand to what the shop shows.
func derive(l ui.Lang, item store.SKU, listing store.Listing, shop store.Shop, computed allocation.Target) *Why {
	return &Why{ListingID: int64(listing.ID), Shop: shop.Name, Ref: string(listing.Ref), State: ui.State(listing.State), Says: says(l, listing),
		Steps: steps(l, item, listing, computed), Facts: facts(l, listing)}
}

// says is the answer in one sentence.
func says(l ui.Lang, v store.Listing) string {
	shown, target := l.Quantity(v.Believed()), l.Quantity(v.Target)
	switch v.State {
	case store.StateInLine:
		return l.T("掲載目標どおり %s を表示しています。", shown)
	case store.StateSending:
		return l.T("%s に変える送信の答えを待っています。", l.Quantity(v.Sent))
	case store.StateBehind:
		if v.Target == nil {
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

// steps are the arithmetic from on hand to the target.
func steps(l ui.Lang, item store.SKU, v store.Listing, computed allocation.Target) []Step {
	b, terms := item.Balance, item.Terms
	sellable := terms.Sellable(b)
	list := []Step{
		{Label: l.T("実在庫"), Value: ui.Number(b.OnHand)},
		{Op: "minus", Label: l.T("引当済"), Value: ui.Number(b.Committed), Note: l.T("受注済みで、まだ出荷していない数")},
		{Op: "equals", Label: l.T("論理在庫"), Value: ui.Number(b.Available()), Result: true},
	}
	if !item.MovedAt.IsZero() {
		list[0].Note = l.T("最後の変動 %s", ui.When(item.MovedAt))
	}
	switch terms.Supply {
	case stock.MadeToOrder, stock.MadeToOrderUnlimited:
		list = append(list, Step{Op: "right", Label: l.T("販売可能数"), Value: l.Quantity(&sellable), Note: l.T("受注生産のため、在庫の数によらず決めた数"), Result: true})
	default:
		list = append(list, Step{Op: "minus", Label: l.T("確保在庫"), Value: ui.Number(terms.Secured), Note: l.T("どの店舗にも出さない数")})
		last := Step{Op: "equals", Label: l.T("販売可能数"), Value: l.Quantity(&sellable), Result: true}
		if b.Available()-terms.Secured < 0 {
			last.Note = l.T("0 より小さい数は表示できないため 0")
		}
		list = append(list, last)
	}
	share := Step{Op: "right", Label: l.T("配分パターン"), Value: l.Quantity(&computed.Quantity)}
	switch computed.Share.Kind {
	case allocation.Same:
		share.Note = l.T("既定：すべての店舗に同じ数")
	case allocation.AtMost:
		share.Note = l.T("最大 %s まで", ui.Number(computed.Share.N))
	case allocation.Stop:
		share.Note = l.T("この店舗では販売しない")
	}
	if computed.Capped {
		share.Note += l.T("（店舗が表示できる上限まで）")
	}
	list = append(list, share)
	goal := Step{Op: "right", Label: l.T("掲載目標"), Value: l.Quantity(v.Target), Result: true}
	switch {
	case item.Unplanned, v.Target == nil, v.Target.Compare(computed.Quantity) != 0:
		goal.Note = l.T("新しい数で計算し直しています")
	default:
		goal.Note = l.T("%s に決定", ui.When(v.TargetAt))
	}
	return append(list, goal)
}

// answers word what a shop said to a push.
var answers = map[channel.State]string{
	channel.Applied:  "店舗の答え：反映した",
	channel.Accepted: "店舗の答え：受け付けた（結果は後から）",
	channel.Refused:  "店舗の答え：受け付けない",
	channel.Conflict: "店舗の答え：思っていた数と違う",
	channel.Unknown:  "答えが届かなかった：読み直す",
}

var answerTones = map[channel.State]ui.Tone{channel.Applied: ui.Good, channel.Accepted: ui.Busy, channel.Refused: ui.Bad, channel.Conflict: ui.Warn, channel.Unknown: ui.Unclear}

// facts keep apart what was decided, what was sent and answered, what is believed, and what was seen.
func facts(l ui.Lang, v store.Listing) []Fact {
	list := []Fact{{Label: l.T("決めた数"), Value: l.Quantity(v.Target), At: v.TargetAt, Note: l.T("掲載目標")}}
	sent := Fact{Label: l.T("最後に送った数"), Value: l.Quantity(v.Sent), At: v.SentAt}
	switch {
	case v.SentAt.IsZero():
		sent.Note = l.T("まだ何も送っていません")
	case v.InFlight:
		sent.Note, sent.Tone = l.T("答えを待っています"), ui.Busy
	default:
		sent.Note, sent.Tone = l.T(answers[v.Answer]), answerTones[v.Answer]
		if took := v.AnsweredAt.Sub(v.SentAt); took > 0 && !v.AnsweredAt.IsZero() {
			sent.Note += " " + l.T("（%s後）", l.Lag(took))
		}
	}
	list = append(list, sent)
	if v.ErrorKind != "" {
		list = append(list, Fact{Label: l.T("店舗のエラー"), Value: v.ErrorCode, At: v.AnsweredAt, Note: l.TroubleOf(v.ErrorKind).What + " " + v.ErrorText, Tone: ui.Bad})
		if v.HeldUntil.After(v.AnsweredAt) {
			list = append(list, Fact{Label: l.T("次に試す時刻"), At: v.HeldUntil})
		}
	}
	believed := Fact{Label: l.T("表示しているはずの数"), Value: l.Quantity(v.Expected), At: v.SettledAt, Note: l.T("確かめた数から、その後のこの店舗の受注を引いた数")}
	switch {
	case v.Overdrawn:
		believed.Note, believed.Tone = l.T("表示できたはずの数より多く売れました。読み直します"), ui.Unclear
	case v.Unsure:
		believed.Note, believed.Tone = l.T("確かではありません。読み直します"), ui.Unclear
	case v.Expected == nil:
		believed.Note = l.T("まだ分かりません")
	}
	seen := Fact{Label: l.T("店舗が最後に見せた数"), Value: l.Quantity(v.Shown), At: v.ShownAt}
	if !v.ReadAt.IsZero() && v.ReadAt.Sub(v.ShownAt) < time.Second {
		seen.Note = l.T("読み取った数")
	} else if !v.ShownAt.IsZero() {
		seen.Note = l.T("送信への答え")
	}
	return append(list, believed, seen)
}
