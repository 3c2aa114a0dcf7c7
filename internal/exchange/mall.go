package exchange

import (
	"strings"

	"soroi/internal/stock"
)

// The malls' own files of stock. Their columns that have nothing to do with stock are listed in the receipt as the mall's own.

// mallRow is what a mall's row names its SKU by.
type mallRow struct {
	product, variant, across, down string
	kind                           string // the row's kind in the mall's words
}

// column makes a column of a mall's file.
func column(key, header string, kind FieldKind, required bool, help Words, set func(*StockRow, string) *Problem, aliases ...string) Column[StockRow] {
	return Column[StockRow]{Field: Field{Key: key, Header: header, Aliases: aliases, Help: help, Kind: kind, Required: required, Empty: EmptyKeeps}, Set: set}
}

func into(at func(*StockRow) *string) func(*StockRow, string) *Problem {
	return func(r *StockRow, cell string) *Problem { return setCode(at(r), cell, maxCodeRunes) }
}

var (
	setProduct = into(func(r *StockRow) *string { return &r.mall.product })
	setVariant = into(func(r *StockRow) *string { return &r.mall.variant })
	setAcross  = into(func(r *StockRow) *string { return &r.mall.across })
	setDown    = into(func(r *StockRow) *string { return &r.mall.down })
	setKind    = into(func(r *StockRow) *string { return &r.mall.kind })
	setOwnCode = func(r *StockRow, cell string) *Problem { return addCode(&r.SKU.Codes, cell) }
)

var (
	productHelp = Words{"商品の番号", "The product's number"}
	variantHelp = Words{"商品の中で SKU を指す番号", "What names the SKU within its product"}
	ownCodeHelp = Words{"自社の SKU コード。あれば第一に照合します", "The merchant's own code of the SKU; matched before others"}
	unitsHelp   = Words{"在庫数", "The quantity"}
	deleteHelp  = Words{"行の扱い。d(削除)の行は読みません", "What the mall does with the row; rows that delete are passed over"}
	axisHelp    = Words{"選択肢の番号。商品の番号に続けて SKU コードになります", "The option's number; appended to the product's it makes the SKU's code"}
)

// rakutenNormalItem is 楽天's item file after the SKU migration: a row for the product, with neither SKU管理番号 nor 在庫数, then one for each
// of its SKUs. The mall folds the product's number to lower case and keeps the SKU's as it is.
var rakutenNormalItem = Layout[StockRow]{
	Kind:  "rakuten-normal-item",
	Title: Words{"楽天市場 normal-item.csv", "Rakuten normal-item.csv"},
	Marks: []string{"商品管理番号（商品URL）", "SKU管理番号", "在庫数"},
	Columns: []Column[StockRow]{
		column("product", "商品管理番号（商品URL）", CodeField, true, productHelp, setProduct),
		column("connected", "システム連携用SKU番号", CodeField, false, ownCodeHelp, setOwnCode),
		column("variant", "SKU管理番号", CodeField, true, variantHelp, setVariant),
		column("units", "在庫数", NumberField, true, unitsHelp, setUnits),
		column("control", "コントロールカラム", CodeField, false, deleteHelp, setKind),
	},
	Finish: func(r *StockRow) *Problem {
		switch {
		case strings.EqualFold(r.mall.kind, "d"):
			return about("control", RowDeletes, "")
		case r.mall.product == "":
			return about("product", CodeMissing, "")
		case r.mall.variant == "" && !r.counted:
			return about("product", RowOfProduct, "")
		case r.mall.variant == "":
			return about("variant", CodeMissing, "")
		case !r.counted:
			return about("units", NothingAsked, "")
		}
		r.SKU.Channel, r.SKU.Listing = "rakuten", strings.ToLower(r.mall.product)+"/"+r.mall.variant
		r.SKU.Codes = append(r.SKU.Codes, r.mall.variant)
		return finishStock(r)
	},
}

// rakutenSelect is 楽天's file of options before that migration, which old tools still write. Rows of the kind i hold stock.
var rakutenSelect = Layout[StockRow]{
	Kind:  "rakuten-select",
	Title: Words{"楽天市場 select.csv(SKU 移行前)", "Rakuten select.csv (before the SKU migration)"},
	Marks: []string{"商品管理番号（商品URL）", "選択肢タイプ", "項目選択肢別在庫用在庫数"},
	Columns: []Column[StockRow]{
		column("product", "商品管理番号（商品URL）", CodeField, true, productHelp, setProduct),
		column("kind", "選択肢タイプ", CodeField, true, Words{"i の行だけが在庫を持ちます", "Only rows of the kind i hold stock"}, setKind),
		column("across", "項目選択肢別在庫用横軸選択肢子番号", CodeField, false, axisHelp, setAcross),
		column("down", "項目選択肢別在庫用縦軸選択肢子番号", CodeField, false, axisHelp, setDown),
		column("units", "項目選択肢別在庫用在庫数", NumberField, true, unitsHelp, setUnits),
		column("control", "項目選択肢用コントロールカラム", CodeField, false, deleteHelp, setVariant),
	},
	Finish: func(r *StockRow) *Problem {
		switch {
		case strings.EqualFold(r.mall.variant, "d"):
			return about("control", RowDeletes, "")
		case !strings.EqualFold(r.mall.kind, "i"):
			return about("kind", RowOfOption, "")
		case r.mall.product == "":
			return about("product", CodeMissing, "")
		case !r.counted:
			return about("units", NothingAsked, "")
		}
		r.SKU.Codes = []string{r.mall.product + r.mall.across + r.mall.down}
		return finishStock(r)
	},
}

// yahooQuantity is Yahoo!ショッピング's file of the stock database. Its column mode says + or −; without one, a sign in front of the
// quantity says the same.
var yahooQuantity = Layout[StockRow]{
	Kind:  "yahoo-quantity",
	Title: Words{"Yahoo!ショッピング quantity.csv", "Yahoo! Shopping quantity.csv"},
	Marks: []string{"code", "sub-code", "quantity"},
	Columns: []Column[StockRow]{
		column("product", "code", CodeField, true, productHelp, setProduct),
		column("variant", "sub-code", CodeField, true, variantHelp, setVariant),
		column("units", "quantity", NumberField, true, unitsHelp, setUnits),
		{
			Field: Field{Key: "mode", Header: "mode", Kind: ChoiceField, Empty: EmptyKeeps, Help: Words{"+ は加算、- は減算、空欄は上書き", "+ adds, - subtracts, empty sets"},
				Choices: []Choice{{Value: string(stock.Add), Word: "+", Aliases: []string{"＋"}}, {Value: string(stock.Subtract), Word: "-", Aliases: []string{"－", "−"}}}},
			Set: func(r *StockRow, cell string) *Problem {
				switch cell {
				case "+", "＋":
					r.Mode = stock.Add
				case "-", "－", "−":
					r.Mode = stock.Subtract
				default:
					return &Problem{Code: NotChoice, Hint: "+・-"}
				}
				return nil
			},
		},
	},
	Finish: func(r *StockRow) *Problem {
		switch {
		case r.mall.product == "":
			return about("product", CodeMissing, "")
		case !r.counted:
			return about("units", NothingAsked, "")
		}
		r.SKU.Channel, r.SKU.Listing, r.SKU.Codes = "yahoo", r.mall.product, []string{r.mall.product}
		if r.mall.variant != "" {
			r.SKU.Listing, r.SKU.Codes = r.mall.product+":"+r.mall.variant, []string{r.mall.variant}
		}
		if r.number.signed && r.Mode == stock.Set {
			r.Mode = stock.Add
		}
		return finishStock(r)
	},
}

// auPAYStock is au PAY マーケット's file of stock: one number for an item (stockSegment 1), or one for each choice of its two axes (2). An
// axis that is not used is "-" or empty; other codes of an axis often begin with a hyphen, which belongs to them.
var auPAYStock = Layout[StockRow]{
	Kind:  "aupay-stock",
	Title: Words{"au PAY マーケット stock.csv", "au PAY Market stock.csv"},
	Marks: []string{"lotNumber", "itemCode", "stockSegment", "stockCount", "choicesStockCount"},
	Columns: []Column[StockRow]{
		column("product", "itemCode", CodeField, true, productHelp, setProduct),
		column("kind", "stockSegment", CodeField, true, Words{"1 は商品に一つの在庫、2 は選択肢ごとの在庫", "1: one stock for the item; 2: one for each choice"}, setKind),
		column("units", "stockCount", NumberField, true, unitsHelp, func(r *StockRow, cell string) *Problem {
			if r.mall.kind != "1" {
				return nil // the row's number is in the other column
			}
			return setUnits(r, cell)
		}),
		column("across", "choicesStockHorizontalCode", CodeField, true, axisHelp, setAcross),
		column("down", "choicesStockVerticalCode", CodeField, true, axisHelp, setDown),
		column("choice_units", "choicesStockCount", NumberField, true, unitsHelp, func(r *StockRow, cell string) *Problem {
			if r.mall.kind != "2" {
				return nil
			}
			return setUnits(r, cell)
		}),
		column("control", "ctrlCol", CodeField, false, deleteHelp, setVariant),
	},
	Finish: func(r *StockRow) *Problem {
		switch {
		case strings.EqualFold(r.mall.variant, "d"):
			return about("control", RowDeletes, "")
		case r.mall.product == "":
			return about("product", CodeMissing, "")
		case r.mall.kind != "1" && r.mall.kind != "2":
			return about("kind", NotChoice, "1・2")
		case !r.counted && r.mall.kind == "1":
			return about("units", NothingAsked, "")
		case !r.counted:
			return about("choice_units", NothingAsked, "")
		}
		code := r.mall.product
		if r.mall.kind == "2" {
			code += axis(r.mall.across) + axis(r.mall.down)
		}
		r.SKU.Codes = []string{code}
		p := finishStock(r)
		if p != nil && r.mall.kind == "2" {
			p.key = "choice_units"
		}
		return p
	},
}

// axis is the code of a choice; "-" says that the axis is not used.
func axis(code string) string {
	if code == "-" {
		return ""
	}
	return code
}
