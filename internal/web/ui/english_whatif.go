package ui

// englishWhatif is the English of auto rules and of trying patterns out.
var englishWhatif = map[string]string{
	"おまかせ":   "auto",
	"おまかせ %": "Auto %",
	"おまかせ（売り越しは %s まで）": "auto (oversells at most %s of the times)",
	"規則 %d のおまかせの確率「%s」が読めません。0.0001 以上 50 以下の数字（%%）で入力してください。":                                         "Rule %d is auto, and its risk \"%s\" cannot be read. Give a number (%%) from 0.0001 to 50.",
	"「おまかせ」は規則ぜんたいに効きます。在庫が十分なうちは全店舗に同じ数を出し、売り切れまでに売り越す確率が入力したパーセント（空なら 0.1）を超えそうになると、売れ行きに合わせて分け合います。": "Auto holds for the whole rule. While stock is plentiful, every shop shows the same number; before the chance of overselling in a sell-out exceeds the per cent given (0.1 if left empty), the units are divided by how fast they sell.",
}
