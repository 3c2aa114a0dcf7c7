package ui

// englishPatterns is what the page of a SKU says about patterns and exceptions.
var englishPatterns = map[string]string{
	"%s の上限": "At most in %s",
	"パターンより優先して、この SKU だけ店舗に出す数を抑えます。": "Bounds what a shop shows of this SKU, whatever the pattern says.",
	"上限は 0〜%s の整数で入力してください。":           "Give a whole number from 0 to %s.",
	"例外なし":    "No exception",
	"例外を保存":   "Save exceptions",
	"出品なし":    "not listed",
	"割り当てる":   "Assign",
	"店舗ごとの例外": "Exceptions by shop",
	"配分を変更しました。各店舗へ反映します。": "The allocation was changed. It goes to the shops.",
	"（標準）": "(default)",
}
