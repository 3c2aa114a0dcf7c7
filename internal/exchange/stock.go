package exchange

import (
	"strconv"
	"unicode/utf8"

	"soroi/internal/stock"
)

// StockRow is one change of on hand that a file asks for.
type StockRow struct {
	SKU      SKURef
	Location string // the code of the location; "" is the default one
	Mode     stock.Mode
	Units    int64  // ≥ 0
	Reason   string // a person's words, may be empty

	mall    mallRow // what a mall's row says before it is put together
	number  number  // as the cell has it
	counted bool    // the row has a number
}

// SKURef is how a row names a SKU: one or several ways, of which the most exact that finds one counts. Order: Listing, Codes in order, JAN.
type SKURef struct {
	Codes []string // codes of ours, or what merchants use as such in a mall's file
	JAN   string
	// Channel and Listing name a listing as its shop does (channel.Ref), in a mall's own file.
	Channel string
	Listing string
}

// Text is how the row is called in messages: its first code.
func (r SKURef) Text() string {
	switch {
	case len(r.Codes) > 0:
		return r.Codes[0]
	case r.JAN != "":
		return r.JAN
	}
	return r.Listing
}

// Empty tells whether the row names nothing.
func (r SKURef) Empty() bool { return len(r.Codes) == 0 && r.JAN == "" && r.Listing == "" }

// code gives the first code.
func (r SKURef) code() string {
	if len(r.Codes) == 0 {
		return ""
	}
	return r.Codes[0]
}

// maxCodeRunes bounds codes; the longest of any mall has 256.
const maxCodeRunes = 256

// maxTextRunes bounds names and reasons.
const maxTextRunes = 1000

func setText(into *string, cell string, most int) *Problem {
	if utf8.RuneCountInString(cell) > most {
		return &Problem{Code: ValueTooLong, Hint: strconv.Itoa(most)}
	}
	*into = cell
	return nil
}

// setCode keeps a code, which has no characters that nobody sees.
func setCode(into *string, cell string, most int) *Problem {
	if what, bad := control(cell); bad {
		return &Problem{Code: ValueControl, Hint: what}
	}
	return setText(into, cell, most)
}

func addCode(into *[]string, cell string) *Problem {
	*into = append(*into, "")
	return setCode(&(*into)[len(*into)-1], cell, maxCodeRunes)
}

// modeChoices are the modes of an import (style 12).
var modeChoices = []Choice{
	{Value: string(stock.Set), Word: "上書き", Aliases: []string{"上書", "更新", "セット", "絶対値", "=", "overwrite", "replace", "absolute"}, Help: Words{"在庫数をこの数にします", "the stock becomes this number"}},
	{Value: string(stock.Add), Word: "加算", Aliases: []string{"追加", "足す", "入荷", "入庫", "+", "plus", "increase"}, Help: Words{"在庫数にこの数を足します", "this number is added to the stock"}},
	{Value: string(stock.Subtract), Word: "減算", Aliases: []string{"引く", "差引", "出庫", "-", "minus", "decrease"}, Help: Words{"在庫数からこの数を引きます", "this number is taken from the stock"}},
}

var chooseMode = chooser(modeChoices)

// Stock is the file that registers stock: a code, a number, and how the number is meant.
var Stock = &Format[StockRow]{
	Name:  "stock",
	Title: Words{"在庫数", "Stock"},
	Help: Words{"SKU ごとの在庫数を上書き・加算・減算します。モールの在庫ファイルもそのまま読み込めます。",
		"Sets, adds to or subtracts from the stock of each SKU. The malls' own stock files are read as they are."},
	Columns: []Column[StockRow]{
		{Field: skuField, Set: func(r *StockRow, cell string) *Problem { return addCode(&r.SKU.Codes, cell) }, Get: func(r *StockRow) string { return r.SKU.code() }},
		{
			Field: Field{Key: "units", Header: "在庫数", English: "quantity", Aliases: []string{"数量", "在庫", "個数", "実在庫", "実在庫数", "現在庫", "現在庫数", "stock", "qty", "units", "on_hand", "count", "入庫数", "出庫数"},
				Help:    Words{"上書きする数、または増減する数", "The number to set, or by which to change"},
				Example: "12", Kind: NumberField, Required: true, Empty: EmptySkips},
			Set: setUnits,
			Get: func(r *StockRow) string { return strconv.FormatInt(r.Units, 10) },
		},
		{
			Field: Field{Key: "mode", Header: "処理", English: "mode", Aliases: []string{"モード", "更新区分", "処理区分", "登録方法", "更新方法", "操作", "方法"},
				Help:    Words{"上書き・加算・減算のどれか。空欄なら取り込みのときに選んだもの", "set, add or subtract; empty is what was chosen for the import"},
				Example: "上書き", Kind: ChoiceField, Empty: EmptyKeeps, Choices: modeChoices},
			Set: func(r *StockRow, cell string) *Problem {
				mode, p := chooseMode(cell)
				if p == nil {
					r.Mode = stock.Mode(mode)
				}
				return p
			},
			Get: func(r *StockRow) string { return wordOf(modeChoices, string(r.Mode)) },
		},
		{
			Field: Field{Key: "location", Header: "保管場所", English: "location", Aliases: []string{"倉庫", "倉庫コード", "保管場所コード", "ロケーション", "拠点", "warehouse"},
				Help:    Words{"保管場所のコード。空欄なら既定の保管場所", "The location's code; empty is the default one"},
				Example: "main", Kind: CodeField, Empty: EmptyKeeps},
			Set: func(r *StockRow, cell string) *Problem { return setCode(&r.Location, cell, maxCodeRunes) },
			Get: func(r *StockRow) string { return r.Location },
		},
		{
			Field: Field{Key: "reason", Header: "理由", English: "reason", Aliases: []string{"備考", "メモ", "摘要", "note", "memo", "comment"},
				Help:    Words{"在庫履歴に残る言葉", "Words that stay in the history"},
				Example: "入荷", Kind: TextField, Empty: EmptyKeeps},
			Set: func(r *StockRow, cell string) *Problem { return setText(&r.Reason, cell, maxTextRunes) },
			Get: func(r *StockRow) string { return r.Reason },
		},
	},
	Layouts: []Layout[StockRow]{rakutenNormalItem, rakutenSelect, yahooQuantity, auPAYStock},
	Start: func(r *StockRow, d Defaults) {
		if r.Mode = d.Mode; r.Mode == "" {
			r.Mode = stock.Set
		}
	},
	Finish: finishStock,
	Total: func(r *StockRow, add func(string, int64)) {
		add(stockTotals[r.Mode][0], 1)
		add(stockTotals[r.Mode][1], r.Units)
	},
}

// stockTotals are the sums of a receipt, by mode.
var stockTotals = map[stock.Mode][2]string{
	stock.Set: {"rows_set", "units_set"}, stock.Add: {"rows_add", "units_add"}, stock.Subtract: {"rows_subtract", "units_subtract"},
}

// skuField is the column by which every format of ours names a SKU.
var skuField = Field{
	Key: "code", Header: "SKUコード", English: "sku",
	Aliases: []string{"SKU", "sku code", "seller sku", "システム連携用SKU番号", "SKU管理番号", "在庫コード", "コード", "自社品番", "品番", "管理番号", "商品コード", "item code", "product code", "商品番号", "商品管理番号",
		"JANコード", "JAN", "EAN", "バーコード", "barcode"},
	Ranked:  true,
	Help:    Words{"SKU のコード、または登録してある別のコード(JAN など)", "The SKU's code, or another of its registered codes (JAN …)"},
	Example: "TS-001-RED-M", Kind: CodeField, Required: true, Empty: EmptyRefused,
}

func setUnits(r *StockRow, cell string) (p *Problem) {
	r.counted = true
	r.number, p = parseNumber(cell)
	return p
}

// wordOf gives the word of a choice.
func wordOf(choices []Choice, value string) string {
	for _, c := range choices {
		if c.Value == value {
			return c.Word
		}
	}
	return value
}

// finishStock decides what a signed number means: +5 and −5 add and subtract where the row adds, and are unclear anywhere else.
func finishStock(r *StockRow) *Problem {
	n := r.number
	if r.SKU.Empty() {
		return about("code", CodeMissing, "")
	}
	switch r.Mode {
	case stock.Set:
		if n.value < 0 {
			return about("units", NegativeNumber, "")
		}
		if n.signed {
			return about("units", SignWithSet, "")
		}
	case stock.Add:
		if n.value < 0 {
			r.Mode, n.value = stock.Subtract, -n.value
		}
	case stock.Subtract:
		if n.signed {
			return about("units", SignWithTake, "")
		}
	}
	r.Units = n.value
	return nil
}
