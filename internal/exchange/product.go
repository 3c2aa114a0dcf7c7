package exchange

import (
	"strconv"
	"strings"

	"soroi/internal/stock"
)

// options is how many options (商品属性) part a product into SKUs.
const options = 3

// ProductRow is one SKU with its product, as a file has them. What the file does not say stays as it is.
type ProductRow struct {
	Product     string // the product's code; "" is a product of its own with the SKU's code
	ProductName Maybe[string]
	OptionNames [options]Maybe[string]
	SKU         string        // "" on a row about the product alone
	Name        Maybe[string] // the SKU's own name; "" is the product's with the options
	Options     [options]Maybe[string]
	JANs        Maybe[[]string]
	Codes       Maybe[[]string] // further codes for matching
	Supply      Maybe[stock.Supply]
	Daily       bool         // with MadeToOrder: Figure is what can be made in a day
	Figure      Maybe[int64] // for MadeToOrder
	Cost        Maybe[int64] // what a unit is worth, in the currency's smallest unit
	Archived    Maybe[bool]
}

// supplyChoices are the ways of supply; made to order by the day is one of them for people.
var supplyChoices = []Choice{
	{Value: string(stock.Stocked), Word: "在庫", Aliases: []string{"通常", "通常在庫", "在庫管理"}, Help: Words{"在庫を売る", "sells what is in stock"}},
	{Value: string(stock.MadeToOrder), Word: "受注生産", Aliases: []string{"受注生産(数量)", "made to order"}, Help: Words{"受注枠の数まで売る", "sells up to a standing figure"}},
	{Value: string(stock.MadeToOrder) + "_daily", Word: "受注生産(日産)", Aliases: []string{"日産", "日次", "daily"}, Help: Words{"受注枠の数まで毎日売る", "sells up to a figure each day"}},
	{Value: string(stock.MadeToOrderUnlimited), Word: "受注生産(無制限)", Aliases: []string{"無制限", "unlimited"}, Help: Words{"制限なく売る", "never runs out"}},
}

var stateChoices = []Choice{
	{Value: "active", Word: "取扱中", Aliases: []string{"販売中", "有効", "0", "false"}, Help: Words{"取り扱っている", "in use"}},
	{Value: "archived", Word: "取扱終了", Aliases: []string{"販売終了", "終了", "廃番", "無効", "1", "true"}, Help: Words{"取り扱いをやめた。一覧に出さず、どの店舗でも売らない", "no longer in use: hidden, and sold nowhere"}},
}

var (
	chooseSupply = chooser(supplyChoices)
	chooseState  = chooser(stateChoices)
)

// maybeText is a column of text that is left alone when it is empty.
func maybeText[T any](f Field, most int, at func(*T) *Maybe[string]) Column[T] {
	return Column[T]{Field: f,
		Set: func(r *T, cell string) *Problem {
			m := at(r)
			m.Given = true
			return setText(&m.Value, cell, most)
		},
		Get: func(r *T) string { return at(r).Value }}
}

// maxCodes bounds the further codes of one SKU.
const maxCodes = 50

// codeList is a column of several codes in one cell.
func codeList[T any](f Field, at func(*T) *Maybe[[]string]) Column[T] {
	return Column[T]{Field: f,
		Set: func(r *T, cell string) *Problem {
			m := at(r)
			m.Given = true
			for code := range strings.SplitSeq(strings.NewReplacer("\r\n", "\n", "\r", "\n", "|", "\n", "｜", "\n").Replace(cell), "\n") {
				if code = trim(code); code == "" {
					continue
				}
				if p := addCode(&m.Value, code); p != nil {
					return p
				}
			}
			if len(m.Value) > maxCodes {
				return &Problem{Code: ValueTooLong, Hint: strconv.Itoa(maxCodes)}
			}
			return nil
		},
		Get: func(r *T) string { return strings.Join(at(r).Value, "|") }}
}

// Product is the file of products and SKUs: a row for each SKU.
var Product = &Format[ProductRow]{
	Name:  "product",
	Title: Words{"商品・SKU", "Products and SKUs"},
	Help: Words{"商品と SKU を登録・変更します。1 行が 1 SKU です。ファイルにない列と空欄は、今のまま変わりません。",
		"Registers and changes products and SKUs, a row for each SKU. Columns that are not there and empty cells change nothing."},
	Columns: productColumns(),
	Finish: func(r *ProductRow) *Problem {
		switch {
		case r.SKU == "" && r.Product == "":
			return about("code", CodeMissing, "")
		case r.Figure.Given && r.Supply.Given && r.Supply.Value != stock.MadeToOrder:
			return about("figure", NotTogether, "「"+wordOf(supplyChoices, string(r.Supply.Value))+"」")
		}
		return nil
	},
}

func productColumns() []Column[ProductRow] {
	product := productField.with("TS-001", Words{"商品のコード。空欄なら SKU コードと同じ商品になります", "The product's code; empty makes a product of its own with the SKU's code"})
	sku := skuField.with("TS-001-RED-M", Words{"SKU のコード。空欄なら商品だけの行です", "The SKU's code; a row without one is about the product alone"})
	sku.Empty, sku.Unless = EmptyMeans, "product"
	sku.Aliases = []string{"SKU", "sku code", "seller sku", "システム連携用SKU番号", "SKU管理番号", "在庫コード", "コード", "自社品番", "品番"}
	columns := []Column[ProductRow]{
		textColumn(product, maxCodeRunes, func(r *ProductRow) *string { return &r.Product }),
		maybeText(Field{Key: "product_name", Header: "商品名", English: "product_name", Aliases: []string{"名称", "品名", "name", "title"},
			Help: Words{"商品の名前", "The product's name"}, Example: "Tシャツ", Kind: TextField, Empty: EmptyKeeps}, maxTextRunes, func(r *ProductRow) *Maybe[string] { return &r.ProductName }),
		textColumn(sku, maxCodeRunes, func(r *ProductRow) *string { return &r.SKU }),
		maybeText(Field{Key: "name", Header: "SKU名", English: "sku_name", Aliases: []string{"SKU名称"},
			Help: Words{"SKU だけの名前。なければ商品名と属性から作ります", "The SKU's own name; made from the product's and its options when missing"}, Kind: TextField, Empty: EmptyKeeps}, maxTextRunes, func(r *ProductRow) *Maybe[string] { return &r.Name }),
	}
	examples := [options][2]string{{"カラー", "赤"}, {"サイズ", "M"}, {"", ""}}
	for i := range options {
		n := strconv.Itoa(i + 1)
		columns = append(columns,
			maybeText(Field{Key: "option" + n + "_name", Header: "属性" + n + "名", English: "option" + n + "_name", Aliases: []string{"属性名" + n, "商品属性名" + n, "バリエーション" + n + "名", "オプション" + n + "名"},
				Help: Words{"商品属性の名前(カラー、サイズなど)", "The option's name: colour, size …"}, Example: examples[i][0], Kind: TextField, Empty: EmptyKeeps}, 100, func(r *ProductRow) *Maybe[string] { return &r.OptionNames[i] }),
			maybeText(Field{Key: "option" + n, Header: "属性" + n, English: "option" + n, Aliases: []string{"属性値" + n, "商品属性" + n, "バリエーション" + n, "オプション" + n},
				Help: Words{"この SKU の値", "This SKU's value of it"}, Example: examples[i][1], Kind: TextField, Empty: EmptyKeeps}, 100, func(r *ProductRow) *Maybe[string] { return &r.Options[i] }))
	}
	return append(columns,
		codeList(Field{Key: "jan", Header: "JANコード", English: "jan", Aliases: []string{"JAN", "EAN", "GTIN", "バーコード", "barcode", "カタログID"},
			Help: Words{"JAN コード。複数は | か改行で区切ります", "JAN; several are parted by | or line ends"}, Example: "4901234567894", Kind: CodeField, Empty: EmptyKeeps}, func(r *ProductRow) *Maybe[[]string] { return &r.JANs }),
		codeList(Field{Key: "codes", Header: "照合コード", English: "other_codes", Aliases: []string{"別コード", "その他コード", "照合用コード", "codes"},
			Help: Words{"店舗や仕入先での別のコード。複数は | か改行で区切ります", "What shops and suppliers call it; several are parted by | or line ends"}, Kind: CodeField, Empty: EmptyKeeps}, func(r *ProductRow) *Maybe[[]string] { return &r.Codes }),
		Column[ProductRow]{
			Field: Field{Key: "supply", Header: "販売方法", English: "supply", Aliases: []string{"在庫タイプ", "供給方法", "在庫区分"},
				Help: Words{"在庫か受注生産か", "Stocked or made to order"}, Example: "在庫", Kind: ChoiceField, Empty: EmptyKeeps, Choices: supplyChoices},
			Set: func(r *ProductRow, cell string) *Problem {
				value, p := chooseSupply(cell)
				bare, daily := strings.CutSuffix(value, "_daily")
				r.Supply, r.Daily = given(stock.Supply(bare)), daily
				return p
			},
			Get: func(r *ProductRow) string {
				switch {
				case !r.Supply.Given:
					return ""
				case r.Daily:
					return wordOf(supplyChoices, string(r.Supply.Value)+"_daily")
				}
				return wordOf(supplyChoices, string(r.Supply.Value))
			},
		},
		Column[ProductRow]{
			Field: Field{Key: "figure", Header: "受注枠", English: "figure", Aliases: []string{"受注生産数", "生産枠", "capacity"},
				Help: Words{"受注生産で売る数。日産なら 1 日あたり", "What is offered of a made-to-order SKU; by the day where it is daily"}, Kind: NumberField, Empty: EmptyKeeps},
			Set: func(r *ProductRow, cell string) (p *Problem) {
				r.Figure.Given = true
				r.Figure.Value, p = wholeNumber(cell)
				return p
			},
			Get: func(r *ProductRow) string {
				if !r.Figure.Given {
					return ""
				}
				return strconv.FormatInt(r.Figure.Value, 10)
			},
		},
		Column[ProductRow]{
			Field: Field{Key: "cost", Header: "原価", English: "cost", Aliases: []string{"仕入単価", "仕入価格", "原価単価", "unit cost"},
				Help: Words{"1 個の原価(円)。棚卸の差異を金額で並べるのに使います", "What a unit is worth, in yen; stocktakes sort differences by it"}, Example: "1200", Kind: NumberField, Empty: EmptyKeeps},
			Set: func(r *ProductRow, cell string) (p *Problem) {
				r.Cost.Given = true
				r.Cost.Value, p = wholeNumber(cell)
				return p
			},
			Get: func(r *ProductRow) string {
				if !r.Cost.Given {
					return ""
				}
				return strconv.FormatInt(r.Cost.Value, 10)
			},
		},
		Column[ProductRow]{
			Field: Field{Key: "state", Header: "状態", English: "state", Aliases: []string{"取扱", "販売状態", "ステータス", "status", "archived"},
				Help: Words{"取扱中か取扱終了か", "In use, or archived"}, Example: "取扱中", Kind: ChoiceField, Empty: EmptyKeeps, Choices: stateChoices},
			Set: func(r *ProductRow, cell string) *Problem {
				value, p := chooseState(cell)
				r.Archived = given(value == "archived")
				return p
			},
			Get: func(r *ProductRow) string {
				switch {
				case !r.Archived.Given:
					return ""
				case r.Archived.Value:
					return stateChoices[1].Word
				}
				return stateChoices[0].Word
			},
		})
}
