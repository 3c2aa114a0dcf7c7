package listings

import (
	"soroi/internal/match"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// kindName names a kind of code of a listing.
func kindName(l ui.Lang, k match.Kind) string {
	switch k {
	case match.SKU:
		return l.T("SKUの商品コード")
	case match.Variant:
		return l.T("SKU管理番号")
	case match.Item:
		return l.T("商品番号")
	case match.Manage:
		return l.T("商品管理番号（URL）")
	case match.Joined:
		return l.T("商品コード:個別コード")
	case match.JAN:
		return l.T("JAN")
	case match.Any:
		return l.T("どのコードでも")
	}
	return ""
}

// ofName names a code of a SKU.
func ofName(l ui.Lang, of match.Of) string {
	switch of {
	case match.Own:
		return l.T("SKUコード")
	case match.Jan:
		return l.T("JAN")
	case match.Other:
		return l.T("その他のコード")
	}
	return l.T("どのコードでも")
}

// reason says why a SKU is suggested.
func reason(l ui.Lang, r match.Reason) string {
	switch r {
	case match.SameCode:
		return l.T("コード一致")
	case match.SameJAN:
		return l.T("JAN一致")
	case match.SameOther:
		return l.T("別のコードと一致")
	case match.OwnFolded:
		return l.T("コードの大文字小文字・全角半角違い")
	}
	return l.T("別のコードの大文字小文字・全角半角違い")
}

// why says why a SKU is suggested for a listing, with the code that met.
func why(l ui.Lang, s store.Suggestion) string {
	words := reason(l, s.Reason)
	if s.As.Code != s.As.Own {
		words += " " + s.As.Code
	}
	if s.Stripped {
		words += l.T("（前後の文字を除く）")
	}
	if s.As.Archived {
		words += l.T("（アーカイブ）")
	}
	return words
}

// refusal says why a link cannot be.
func refusal(l ui.Lang, o store.LinkOutcome) string {
	switch o.Refused {
	case store.SKUArchived:
		return l.T("この商品はアーカイブされています。使うには、商品の画面で戻してください。")
	case store.OtherLink:
		return l.T("ほかの人が、%s に紐付けたところです。", o.Owner)
	case store.NoSKU:
		return l.T("この商品は削除されたところです。")
	}
	return l.T("この出品はなくなっています。一覧を開き直してください。")
}
