package ui

import "soroi/internal/channel"

// ShopState is the state of a shop as the screens show it: tone, mark and Japanese word.
type ShopState struct {
	Tone Tone
	Icon string
	Word string
}

// ShopStateOf chooses the state to tell: mode is Paused, Rehearsing or anything else for a live shop, problem the kind of its last standing
// error, "" for none.
func ShopStateOf(mode State, outage bool, problem channel.ErrorKind) ShopState {
	switch {
	case mode == Paused:
		return ShopState{Quiet, "pause", "一時停止"}
	case problem == channel.Auth:
		return ShopState{Bad, "alert", "停止（認証エラー）"}
	case outage:
		return ShopState{Quiet, "moon", "計画停止"}
	case mode == Rehearsing:
		return ShopState{Trial, "ghost", "リハーサル"}
	case problem != "":
		return ShopState{Warn, "alert", "稼働中（問題あり）"}
	}
	return ShopState{Good, "check", "稼働中"}
}
