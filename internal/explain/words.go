package explain

import (
	"strconv"
	"strings"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

// What says what a step is about. Programs read it; Words says it to people.
type What string

// The steps, in the order in which a derivation has them.
const (
	OnHand       What = "on_hand"
	LastMovement What = "last_movement"
	Committed    What = "committed"
	ClaimOf      What = "claim"
	MoreClaims   What = "more_claims"
	CommittedOdd What = "committed_unexplained"
	Available    What = "available"
	Secured      What = "secured"

	SecuredPercent   What = "secured_percent"
	SecuredOfProduct What = "secured_of_product"
	SecuredFor       What = "secured_for"

	NotBelowZero What = "not_below_zero"
	Made         What = "made_to_order"
	MadeDaily    What = "made_to_order_daily"
	OutOfUse     What = "out_of_use"
	Sellable     What = "sellable"
	PartOf       What = "part"
	Sets         What = "sets"
	NoRule       What = "no_rule"
	ShareSame    What = "share_same"
	SharePercent What = "share_percent"
	ShareFixed   What = "share_fixed"
	ShareAtMost  What = "share_at_most"
	ShareStop    What = "share_stop"
	ExactPart    What = "exact_part"
	RoundedDown  What = "rounded_down"
	RoundedUp    What = "rounded_up"
	Reduced      What = "reduced"
	FixedShort   What = "fixed_short"
	MovedHere    What = "moved_here"
	ListedOften  What = "listed_often"
	Capped       What = "capped"
	TargetIs     What = "target"
	TargetWaits  What = "target_being_planned"
	TargetOdd    What = "target_unexplained"
	TargetHeld   What = "target_held_back"
	HeldFor      What = "held_for_shop"
	HeldUnread   What = "held_for_unread_shop"
	HeldOwn      What = "held_for_own_orders"
	Excess       What = "excess"

	PartsAllow   What = "parts_allow"
	PartsDivided What = "parts_divided"

	AutoSame  What = "auto_same"
	AutoSplit What = "auto_split"
	AutoStill What = "auto_still_split"
	AutoPart  What = "auto_part"

	ExceptionStop   What = "exception_stop"
	ExceptionAtMost What = "exception_at_most"

	SentNever      What = "never_sent"
	SentAbsolute   What = "sent_absolute"
	SentChange     What = "sent_change"
	InFlight       What = "in_flight"
	AnswerApplied  What = "answer_applied"
	AnswerAccepted What = "answer_accepted"
	AnswerRefused  What = "answer_refused"
	AnswerConflict What = "answer_conflict"
	AnswerUnknown  What = "answer_unknown"

	ShownNever      What = "never_shown"
	ShownRead       What = "shown_read"
	ShownAnswer     What = "shown_answer"
	ShownOdd        What = "shown_unexplained"
	SoldSince       What = "sold_since"
	Overdrawn       What = "overdrawn"
	Unsure          What = "unsure"
	ExpectedUnknown What = "expected_unknown"
	DriftSeen       What = "drift_seen"
	ExpectedIs      What = "expected"
	ExpectedOdd     What = "expected_unexplained"

	ShopError      What = "shop_error"
	InLine         What = "in_line"
	Waiting        What = "waiting"
	Sending        What = "sending"
	ToBeRead       What = "to_be_read"
	Failing        What = "failing"
	ShopPaused     What = "shop_paused"
	ShopRehearsing What = "shop_rehearsing"
	ShopOutage     What = "shop_outage"
	Held           What = "held"
)

// sentence says a step in both languages; {name} is the step's number of that name.
type sentence struct{ ja, en string }

var sentences = map[What]sentence{
	OnHand:           {"実在庫は {units}", "On hand: {units}"},
	LastMovement:     {"最後の変動：{kind}（{from}、{document}）実在庫 {on_hand_delta}、引当 {committed_delta}", "Last movement: {kind} ({from}, {document}), on hand {on_hand_delta}, committed {committed_delta}"},
	Committed:        {"引当済は {units}（受注明細 {lines} 行）", "Committed: {units}, held by {lines} order lines"},
	ClaimOf:          {"{shop} の受注 {order}（明細 {line}）が {units} を引当", "Order {order} of {shop} (line {line}) holds {units}"},
	MoreClaims:       {"ほかに {lines} 行が {units} を引当", "{lines} more lines hold {units}"},
	CommittedOdd:     {"説明できません：引当済は {committed} ですが、受注の引当は合わせて {held} です", "Unexplained: committed is {committed}, but orders hold {held}"},
	Available:        {"論理在庫は {units}", "Available: {units}"},
	Secured:          {"確保在庫 {units} はどの店舗にも出しません", "Secured and kept back from every shop: {units}"},
	NotBelowZero:     {"残りは {units} ですが、0 より小さい数は表示できません", "That leaves {units}, and no shop can show less than 0"},
	Made:             {"受注生産のため、在庫によらず {quantity} を販売できます", "Made to order: {quantity} whatever lies on the shelf"},
	Sellable:         {"販売可能数は {quantity}", "Sellable: {quantity}"},
	PartOf:           {"構成品 {code}：販売可能数 {sellable}、1 セットに {units} 個で {sets} セット分", "Part {code}: {sellable} sellable, {units} in each bundle, enough for {sets}"},
	Sets:             {"組めるのは {units} セット（いちばん少ない構成品は {code}）", "That makes {units} bundles; the scarcest part is {code}"},
	PartsAllow:       {"構成品 {code} の配分では、この店舗に出せるのは {most} セットまで", "The allocation of part {code} allows {most} bundles in this shop"},
	PartsDivided:     {"構成品 {code} は店舗ごとに分ける配分のため、セットに回せる分がありません", "The units of part {code} are divided among shops, so none is left for bundles"},
	NoRule:           {"配分パターン「{pattern}」に当てはまる規則がないため 0", "No rule of the pattern {pattern} covers it: 0"},
	ShareSame:        {"配分パターン「{pattern}」の規則 {rule}：すべての店舗に同じ数", "Pattern {pattern}, rule {rule}: the same number in every shop"},
	SharePercent:     {"配分パターン「{pattern}」の規則 {rule}：この店舗は {percent}", "Pattern {pattern}, rule {rule}: {percent} in this shop"},
	ShareFixed:       {"配分パターン「{pattern}」の規則 {rule}：この店舗は固定で {units}", "Pattern {pattern}, rule {rule}: fixed at {units} in this shop"},
	ShareAtMost:      {"配分パターン「{pattern}」の規則 {rule}：この店舗は最大 {most}", "Pattern {pattern}, rule {rule}: at most {most} in this shop"},
	ShareStop:        {"配分パターン「{pattern}」の規則 {rule}：この店舗では販売しない", "Pattern {pattern}, rule {rule}: not sold in this shop"},
	ExactPart:        {"割合どおりで {units}", "That is {units}"},
	RoundedDown:      {"割合どおりなら {asked}、端数を切り捨てて {units}", "That is {asked}, rounded down to {units}"},
	RoundedUp:        {"割合どおりなら {asked}。端数の大きい店舗に残りの1個が回るので {units}", "That is {asked}; one of the units that rounding leaves goes to the largest remainder: {units}"},
	Reduced:          {"求める数は {asked} ですが、全店舗の求めに足りないため、同じ比率で減らして {units}", "It asks for {asked}; all shops together ask for more than there is, so each gets the same part of it: {units}"},
	FixedShort:       {"固定の数に足りず、残りは {units}", "There are not that many: {units} are left for it"},
	MovedHere:        {"ほかの店舗に出せない分から {units} を加える", "Units that other shops may not have: {units} more"},
	ListedOften:      {"この店舗に {listings} 件出品しているので、その間で分ける", "Listed {listings} times in this shop: its units are divided among them"},
	Capped:           {"この店舗が表示できる数は {largest} まで", "The shop can show no more than {largest}"},
	TargetIs:         {"掲載目標は {quantity}", "Target: {quantity}"},
	TargetWaits:      {"掲載目標は {quantity}。まもなく {next} に計算し直します", "Target: {quantity}, about to become {next}"},
	TargetHeld:       {"この店舗の分は {share}。いま出せるのは {quantity}", "This shop's share is {share}; {quantity} may be shown now"},
	HeldFor:          {"{shop} が {units} 個減らし終えるのを待っています", "Waits until {shop} has surely given up {units}"},
	HeldUnread:       {"{shop} の表示がまだ確かめられていません", "Waits until it is known what {shop} shows"},
	HeldOwn:          {"この店舗の受注が出そろうか、販売が落ち着くのを待っています", "Waits until this shop's orders are in, or sales are quiet"},
	Excess:           {"店舗の知らないところで在庫が減り、最大 {units} 個が売り越しになるかもしれません。店舗が減らし終えるまで続きます", "Units have left elsewhere: up to {units} may be oversold until the shops have confirmed less"},
	TargetOdd:        {"説明できません：掲載目標は {quantity} ですが、計算では {next} です", "Unexplained: the target is {quantity}, but the books give {next}"},
	Decided:          {"このときの掲載目標は {at} に決めたもので、論理在庫 {available}、販売可能数 {sellable} から計算しました", "What shops were to show was decided at {at}, from {available} available and {sellable} sellable"},
	DecidedShop:      {"{shop} の掲載目標は {target}", "{shop} was to show {target}"},
	NotDecided:       {"このときの掲載目標の記録はありません（まだ計算していないか、イベントの保存期間を過ぎています）", "What shops were to show is not on record: it was not planned yet, or is older than events are kept"},
	NeverMoved:       {"このときまでに在庫の変動はありません", "Nothing had moved by then"},
	BundleThen:       {"セット商品なので、自分の在庫はありません", "A bundle has no stock of its own"},
	ExceptionStop:    {"この SKU の例外：この店舗では販売しない", "Exception for this SKU: not sold in this shop"},
	ExceptionAtMost:  {"この SKU の例外：この店舗は最大 {most}", "Exception for this SKU: at most {most} in this shop"},
	SecuredPercent:   {"論理在庫 {available} の {percent}%（端数は切り上げ）の {units} はどの店舗にも出しません", "{percent}% of the {available} available, rounded up, is kept back from every shop: {units}"},
	SecuredOfProduct: {"この SKU に確保在庫の設定はなく、商品 {product} の設定に従います", "The SKU says nothing about secured stock and follows its product {product}"},
	SecuredFor:       {"確保の理由：{reason}", "Kept back for: {reason}"},
	OutOfUse:         {"取扱終了のため、どの店舗でも販売しません", "Out of use: not sold in any shop"},
	MadeDaily:        {"受注生産で 1 日 {figure} まで。今日の受注 {sold} を引いて {quantity} を販売できます", "Made to order, {figure} a day: less the {sold} ordered today, {quantity}"},

	AutoSame: {"配分パターン「{pattern}」の規則 {rule}（おまかせ）：残り {left}、1時間に {rate}、1回の注文は {large} まで、遅れ {lag}。その間に売り切れる確率 {risk} は {most} 以下なので、すべての店舗に同じ数",
		"Pattern {pattern}, rule {rule} (auto): {left} left, {rate}/h, orders of up to {large}, lag {lag}, risk {risk} ≤ {most}: the same number in every shop"},
	AutoSplit: {"配分パターン「{pattern}」の規則 {rule}（おまかせ）：残り {left}、1時間に {rate}、1回の注文は {large} まで、遅れ {lag}。その間に売り切れる確率 {risk} が {most} を超えるので、店舗で分け合う",
		"Pattern {pattern}, rule {rule} (auto): {left} left, {rate}/h, orders of up to {large}, lag {lag}, risk {risk} > {most}: the shops divide the units"},
	AutoStill: {"配分パターン「{pattern}」の規則 {rule}（おまかせ）：残り {left}、1時間に {rate}、1回の注文は {large} まで、遅れ {lag}。その間に売り切れる確率 {risk} は {most} 以下ですが、まだ余裕が足りないので、店舗で分け合ったまま",
		"Pattern {pattern}, rule {rule} (auto): {left} left, {rate}/h, orders of up to {large}, lag {lag}, risk {risk} ≤ {most}, but not by enough yet: the shops still divide the units"},
	AutoPart: {"売れ行きに合わせ、この店舗の取り分は {units}", "By how fast they sell, this shop's part is {units}"},

	SentNever:      {"まだ何も送っていません", "Nothing has been sent yet"},
	SentAbsolute:   {"{quantity} にするよう送りました（上書き）", "Sent: set to {quantity}"},
	SentChange:     {"{quantity} になるよう差分を送りました", "Sent: the difference to {quantity}"},
	InFlight:       {"店舗の答えを待っています", "The shop's answer is awaited"},
	AnswerApplied:  {"店舗の答え：反映した", "The shop's answer: done"},
	AnswerAccepted: {"店舗の答え：受け付けた（結果は後から）", "The shop's answer: accepted, the result follows"},
	AnswerRefused:  {"店舗の答え：受け付けない", "The shop's answer: refused"},
	AnswerConflict: {"店舗の答え：思っていた数と違う", "The shop's answer: it showed another number than expected"},
	AnswerUnknown:  {"店舗の答えは届きませんでした", "No clear answer arrived"},

	ShownNever:      {"店舗が表示している数はまだ分かりません", "What the shop shows is not known yet"},
	ShownRead:       {"店舗を読み取ると {quantity} を表示していました", "When read, the shop showed {quantity}"},
	ShownAnswer:     {"店舗は {quantity} を表示すると答えました", "The shop confirmed {quantity}"},
	ShownOdd:        {"説明できません：表示 {quantity} は、送信にも読み取りにもよりません", "Unexplained: {quantity} comes neither from a push nor from a reading"},
	SoldSince:       {"その後この店舗で {units} 売れました", "Sold in this shop since: {units}"},
	Overdrawn:       {"表示できたはずの数より多く売れました", "It sold more than it can have shown"},
	Unsure:          {"いま表示している数は確かではありません", "What it shows now is not sure"},
	ExpectedUnknown: {"いま表示している数は分かりません", "What it shows now is not known"},
	DriftSeen:       {"{quantity} のはずが {found} でした。まだ届いていない受注か、店舗での変更かを、次の読み取りで確かめます", "It should show {quantity} and showed {found}: the next reading tells whether an order is late or the shop was edited"},
	ExpectedIs:      {"いま {quantity} を表示しているはずです", "It is believed to show {quantity} now"},
	ExpectedOdd:     {"説明できません：{shown} を表示してから売れたのは {sold} なのに、{quantity} のはずとしています", "Unexplained: it showed {shown} and has sold {sold} since, yet is believed to show {quantity}"},

	ShopError:      {"店舗のエラー：{kind} {code} {text}（続けて {times} 回）", "The shop's error: {kind} {code} {text} ({times} in a row)"},
	InLine:         {"掲載目標どおりです", "It is in line"},
	Waiting:        {"{quantity} を送る順番を待っています（優先 {lane}）", "The change to {quantity} waits its turn (lane {lane})"},
	Sending:        {"{quantity} に変えているところです", "It is being changed to {quantity}"},
	ToBeRead:       {"読み直してから {quantity} にします", "It is read, then becomes {quantity}"},
	Failing:        {"{quantity} にできていません", "It could not become {quantity}"},
	ShopPaused:     {"一時停止中のため何も送りません（動いていれば {quantity}）", "The shop is paused: nothing is sent (otherwise {quantity})"},
	ShopRehearsing: {"リハーサル中のため何も送りません（本番なら {quantity}）", "The shop is rehearsing: nothing is sent (live it would be {quantity})"},
	ShopOutage:     {"計画停止中のため送信を控えています（終わったら {quantity}）", "Planned outage: nothing is sent until it ends (then {quantity})"},
	Held:           {"この時刻まで次の送信を控えます", "Not tried again before this time"},
}

// terms are words that stand as numbers of a step: kinds of movement and of error, and the doors by which a movement came in.
var terms = map[string]sentence{
	string(stock.Opening): {"期首", "opening"}, string(stock.Receipt): {"入荷", "receipt"}, string(stock.Issue): {"出庫", "issue"},
	string(stock.Adjustment): {"在庫調整", "adjustment"}, string(stock.Claimed): {"引当", "claim"}, string(stock.Shipment): {"出荷", "shipment"}, string(stock.Return): {"返品", "return"},
	string(stock.ByOrder): {"受注", "order"}, string(stock.ByHand): {"画面", "screen"}, string(stock.ByAPI): {"API", "API"}, string(stock.ByImport): {"取込", "import"},
	string(stock.ByStocktake): {"棚卸", "stocktake"},
	string(channel.Temporary): {"一時的に応答なし", "no answer for now"}, string(channel.Throttled): {"呼び出し回数の上限", "too many calls"}, string(channel.Maintenance): {"メンテナンス", "maintenance"},
	string(channel.Auth): {"認証の失敗", "not authorized"}, string(channel.NotFound): {"出品なし", "no such listing"}, string(channel.Invalid): {"受け付けない数", "refused"},
	string(channel.Uncounted):   {"在庫管理なし", "not counted there"},
	string(channel.Unsupported): {"できない操作", "not supported"}, string(channel.Unreadable): {"読み取れない答え", "unreadable answer"},
}

func (s sentence) in(language string) string {
	if language == "ja" {
		return s.ja
	}
	return s.en
}

// spanWords says a span of time: 5m30s, 5分30秒.
func spanWords(text, language string) string {
	d, err := time.ParseDuration(text)
	if err != nil {
		return text
	}
	units := []struct {
		of     time.Duration
		ja, en string
	}{{time.Hour, "時間", "h"}, {time.Minute, "分", "m"}, {time.Second, "秒", "s"}}
	var b strings.Builder
	for _, u := range units {
		if n := d / u.of; n > 0 {
			d -= n * u.of
			b.WriteString(strconv.FormatInt(int64(n), 10) + sentence{u.ja, u.en}.in(language))
		}
	}
	return b.String()
}

// Words says the step in Japanese ("ja") or English (anything else).
func (s Step) Words(language string) string {
	text := sentences[s.What].in(language)
	pairs := make([]string, 0, 2*len(s.Numbers))
	for _, n := range s.Numbers {
		value := n.Value
		if term, known := terms[value]; known && (n.Name == "kind" || n.Name == "from") {
			value = term.in(language)
		}
		if n.Name == "lag" {
			value = spanWords(value, language)
		}
		pairs = append(pairs, "{"+n.Name+"}", value)
	}
	return strings.Join(strings.Fields(strings.NewReplacer(pairs...).Replace(text)), " ")
}
