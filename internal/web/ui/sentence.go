package ui

import (
	"soroi/internal/channel"
	"soroi/internal/stock"
)

// Trouble is what an error of a shop means for the merchant, and what to do next.
type Trouble struct {
	What string
	Next string
}

// troubles has one entry per kind of channel error, in Japanese; english.go has the other side.
var troubles = map[channel.ErrorKind]Trouble{
	channel.Temporary:   {"店舗のシステムが一時的に応答しません。", "自動で繰り返します。30分以上続く場合は、モールの障害情報をご確認ください。"},
	channel.Throttled:   {"店舗の呼び出し回数の上限に達しました。", "間隔をあけて自動で続けます。同じキーを使う他のツールがあれば止めてください。"},
	channel.Maintenance: {"店舗がメンテナンス中です。", "終わり次第、危ないものから順に自動で反映します。予定が分かる場合は計画停止を登録してください。"},
	channel.Auth:        {"店舗の認証に失敗しました。この店舗への送信は止まっています。", "モールの管理画面でキーを更新し、「接続設定」に入れ直してください。"},
	channel.NotFound:    {"店舗にこの出品がありません。", "モールで商品が削除されていないか確認し、「出品の取り込み」をやり直してください。"},
	channel.Uncounted:   {"店舗がこの出品の在庫数を管理していません。", "モールの商品設定で、在庫管理（Shopify では「在庫を追跡」とロケーション）を有効にしてください。1時間以内に自動で送り直します。"},
	channel.Invalid:     {"店舗がこの在庫数を受け付けません。", "モールの言葉を確認し、モール側の商品設定を直してください。"},
	channel.Unsupported: {"この店舗では、この操作ができません。", "出品の種類をモールの管理画面で確認してください。"},
	channel.Unreadable:  {"店舗の答えを読み取れませんでした。", "結果を読み直しています。続く場合は、モールの仕様変更のお知らせをご確認ください。"},
}

// TroubleOf says an error's kind in words.
func (l Lang) TroubleOf(kind channel.ErrorKind) Trouble {
	t, ok := troubles[kind]
	if !ok {
		t = troubles[channel.Temporary]
	}
	return Trouble{l.T(t.What), l.T(t.Next)}
}

// NoWebhooks says that a shop sends no webhooks, which costs time and nothing else.
func (l Lang) NoWebhooks() Trouble {
	return Trouble{l.T("この店舗から注文の通知を受け取れません。"), l.T("受注は決まった間隔で確認しているので、失われません。下の詳細はモールの言葉です。アプリの権限とクライアントシークレットを確かめてください。")}
}

// fieldSentences has one entry per code of channel.FieldError.
var fieldSentences = map[string]string{
	"required": "入力してください。",
	"url":      "https:// から始まるアドレスを入力してください。",
	"https":    "http:// ではなく https:// から始まるアドレスにしてください。",
	"host":     "このモールのアドレスではありません。",
	"format":   "形式が違います。モールの管理画面から写し直してください。",
}

// FieldSentence says what is wrong with a field of a channel's settings.
func (l Lang) FieldSentence(e *channel.FieldError) string {
	if text, ok := fieldSentences[e.Code]; ok {
		return l.T(text)
	}
	return l.T(fieldSentences["format"])
}

// kindWords names the kinds of movement.
var kindWords = map[stock.MovementKind]string{
	stock.Opening:    "期首",
	stock.Receipt:    "入荷",
	stock.Issue:      "出庫",
	stock.Adjustment: "在庫調整",
	stock.Claimed:    "引当",
	stock.Shipment:   "出荷",
	stock.Return:     "返品",
}

// Movement names a movement by its kind; a claim that gives units back has a name of its own.
func (l Lang) Movement(kind stock.MovementKind, committedDelta int64) string {
	if kind == stock.Claimed && committedDelta < 0 {
		return l.T("引当解除")
	}
	if word, ok := kindWords[kind]; ok {
		return l.T(word)
	}
	return string(kind)
}

// causeWords names the doors by which a movement came in.
var causeWords = map[stock.Cause]string{
	stock.ByOrder:  "受注",
	stock.ByHand:   "画面",
	stock.ByAPI:    "API",
	stock.ByImport: "取込",

	stock.ByStocktake: "棚卸",
}

// Cause names a movement's door.
func (l Lang) Cause(c stock.Cause) string {
	if word, ok := causeWords[c]; ok {
		return l.T(word)
	}
	return string(c)
}

// changeSentences say why a change of stock was refused, by stock.ChangeError.Field.
var changeSentences = map[string]string{
	"mode":  "上書き・加算・減算のどれかを選んでください。",
	"units": "0 以上 10億 以下の整数を入力してください。",
	"sku":   "セット商品の在庫数は構成品から決まります。構成品の在庫を変更してください。",
}

// ChangeSentence says what is wrong with one field of a change.
func (l Lang) ChangeSentence(e *stock.ChangeError) string {
	return l.T(changeSentences[e.Field])
}

// termsSentences say why a change of terms was refused, by stock.TermsError.Code.
var termsSentences = map[string]string{
	"number":   "0 以上 10億 以下の整数を入力してください。",
	"unknown":  "選択肢から選んでください。",
	"negative": "0 以上の数を入力してください。",
	"percent":  "割合は 0〜100% で入力してください。",
	"large":    "10億 以下の数を入力してください。",
	"long":     "文字数が多すぎます。200文字まで（伝票番号は100文字まで）です。",
	"daily":    "1 日あたりの数は、受注生産（数あり）だけで使えます。",
	"mixed":    "いまの設定と単位（個・%）が違います。上書きで入力してください。",
	"below":    "いまの数より多くは引けません。",
	"product":  "供給のしかたは、商品ではなく SKU ごとに決めます。",
	"missing":  "入力してください。",
	"bundle":   "セット商品は構成品から成り、在庫も受注生産の設定も持ちません。構成品で設定してください。",
	"no_line":  "この伝票の入荷予定はありません。",
	"closed":   "この入荷予定は締め切られています。",
}

// TermsSentence says what is wrong with terms.
func (l Lang) TermsSentence(e *stock.TermsError) string { return l.T(termsSentences[e.Code]) }

// SecuredReasons are offered as reasons of secured stock; any other text is as good.
func SecuredReasons(l Lang) []string {
	return []string{l.T("実店舗"), l.T("卸"), l.T("返品・交換用"), l.T("展示・見本"), l.T("予約分")}
}

// Lane names what the publisher has to do for a listing; see the store's listing.lane.
func (l Lang) Lane(lane int) string {
	words := []string{"なし", "ゼロへ", "減らす", "販売再開", "増やす", "全件確認"}
	if lane < 0 || lane >= len(words) {
		return ""
	}
	return l.T(words[lane])
}

// passwordSentences has one Japanese sentence per code of credential.PasswordError.
var passwordSentences = map[string]string{
	"short": "10文字以上にしてください。",
	"long":  "パスワードが長すぎます。",
	"login": "ログインIDと同じパスワードは使えません。",
}

// PasswordSentence says, in Japanese, why a password was refused.
func PasswordSentence(code string) string { return passwordSentences[code] }

// stocktakeSentences has one Japanese sentence per code of a store.StocktakeError.
var stocktakeSentences = map[string]string{
	"name":          "名前を入力してください。",
	"name_long":     "名前は60文字までです。",
	"picked":        "受注中の商品がどこにあるかを選んでください。",
	"skus":          "一度に選べる SKU は 1,000 件までです。",
	"none":          "数える SKU を選んでください。",
	"location":      "保管場所を選んでください。",
	"closed":        "この棚卸は終わっています。新しい棚卸を始めてください。",
	"uncounted":     "数えていない SKU が %s 件あります。数えるか、そのままにすることを選んでください。",
	"differences":   "反映していない差異が %s 件あります。反映するか、そのままにすることを選んでください。",
	"unknown":       "まだ数えていません。",
	"not_counted":   "数え直すまで反映できません。",
	"adjusted":      "数えたあとに在庫調整があります。帳簿の訂正だったか、物が動いたかを選ぶか、数え直してください。",
	"moved_between": "数えている間に入荷や出荷がありました。数え直すか、「それでも反映する」を選んでください。",
	"units":         "数は 0 から 1,000,000,000 までの整数で入力してください。",
	"approved":      "反映済みの SKU です。数え直すには、差異の画面で反映を取り消してください。",
	"not_approved":  "反映していないので、取り消すものがありません。",
	"key":           "画面を開き直して、もう一度読み取ってください。",
	"bundle":        "セット商品です。中に入っている商品を数えてください。",
	"age":           "読み取ってから14日を過ぎたものは受け付けません。数え直してください。",
}

// StocktakeSentence says why something cannot be done in a stocktake; n is how many stand in the way.
func (l Lang) StocktakeSentence(code string, n int64) string {
	if code == "uncounted" || code == "differences" {
		return l.T(stocktakeSentences[code], Number(n))
	}
	return l.T(stocktakeSentences[code])
}

// catalogSentences say why the catalogue refused an edit, by stock.CatalogError.Code.
var catalogSentences = map[string]string{
	"missing":      "入力してください。",
	"long":         "文字数が多すぎます。",
	"control":      "使えない文字が含まれています。",
	"space":        "前後の空白を消してください。",
	"jan_digits":   "JANコードは 8桁か13桁の数字です（海外の商品や箱は12桁・14桁）。",
	"jan_check":    "JANコードの最後の数字が合いません。読み間違いがないか確かめてください。",
	"kind":         "コードの種類を選び直してください。",
	"many":         "コードが多すぎます。50個までです。",
	"gap":          "前の属性を空けたまま、次の属性には名前を付けられません。",
	"same":         "同じ名前の属性が2つあります。",
	"no_option":    "この商品には、その属性がありません。先に商品に属性を足してください。",
	"taken":        "このコードは、もう使われています。",
	"same_options": "同じ属性の SKU が、この商品にもうあります。",
	"claims":       "未出荷の受注が引き当てています。それでも取扱終了にするときは、下の確認を選んでください。",
	"unknown":      "見つかりません。削除されたか、コードが変わりました。",
	"exists":       "このコードは、もう使われています。",
	"twice":        "同じコードが2回あります。",
	"in_use":       "SKU がこの属性の値を使っています。先に SKU の値を消してください。",
}

// CatalogSentence says what the catalogue has against one field of an edit.
func (l Lang) CatalogSentence(e *stock.CatalogError) string { return l.T(catalogSentences[e.Code]) }
