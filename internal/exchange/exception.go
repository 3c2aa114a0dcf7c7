package exchange

import "strconv"

// ExceptionRow is what holds for one SKU in one shop after its pattern.
type ExceptionRow struct {
	Shop   string // its name
	SKU    string
	Most   int64 // at most so many are shown; 0 stops the SKU in the shop
	Remove bool  // なし: the exception goes
}

var (
	stopWords   = []string{"停止", "掲載停止", "stop"}
	removeWords = []string{"なし", "無し", "解除", "none", "remove"}
)

func isWord(cell string, words []string) bool {
	if len(cell) > 30 || digits(cell) {
		return false
	}
	key := headerKey(cell)
	for _, word := range words {
		if headerKey(word) == key {
			return true
		}
	}
	return false
}

// shopField is the column that names a shop.
var shopField = Field{Key: "shop", Header: "店舗", English: "shop", Aliases: []string{"店舗名", "ショップ", "ショップ名", "モール", "store", "shop name"},
	Help: Words{"店舗の名前", "The shop's name"}, Example: "楽天本店", Kind: TextField, Required: true, Empty: EmptyRefused}

// Exception is the file of exceptions: stop, or at most so many, per SKU and shop.
var Exception = &Format[ExceptionRow]{
	Name:  "exception",
	Title: Words{"店舗ごとの例外", "Exceptions per shop"},
	Help:  Words{"SKU を特定の店舗で停止する、または掲載数に上限を付けます。", "Stops a SKU in one shop, or limits what the shop shows of it."},
	Columns: []Column[ExceptionRow]{
		textColumn(shopField, maxTextRunes, func(r *ExceptionRow) *string { return &r.Shop }),
		textColumn(skuField, maxCodeRunes, func(r *ExceptionRow) *string { return &r.SKU }),
		{
			Field: Field{Key: "most", Header: "上限", English: "at_most", Aliases: []string{"掲載上限", "最大数", "例外", "maximum", "max", "limit"},
				Help:    Words{"掲載する数の上限。「停止」は 0 と同じ、「なし」で例外を消します", "The most that is shown; \"stop\" is 0, \"none\" removes the exception"},
				Example: "5", Kind: ChoiceField, Required: true, Empty: EmptySkips},
			Set: func(r *ExceptionRow, cell string) (p *Problem) {
				switch {
				case isWord(cell, stopWords):
				case isWord(cell, removeWords):
					r.Remove = true
				default:
					r.Most, p = wholeNumber(cell)
				}
				return p
			},
			Get: func(r *ExceptionRow) string {
				switch {
				case r.Remove:
					return removeWords[0]
				case r.Most == 0:
					return stopWords[0]
				}
				return strconv.FormatInt(r.Most, 10)
			},
		},
	},
}
