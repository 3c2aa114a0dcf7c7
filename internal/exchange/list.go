package exchange

import (
	"strconv"

	"soroi/internal/stock"
)

// ListRow is one line of a list of SKUs as a file has it: a SKU, or the sums of several.
type ListRow struct {
	Product   string // its code
	SKU       string // its code; "" of sums
	Name      string // the SKU's or the product's name, or the value of an option
	Options   [options]string
	SKUs      int64 // how many there are
	Out       int64 // how many of them are out
	Level     stock.Level
	Available int64
	Secured   int64
	Inbound   int64
	Reorder   stock.Point
	Shortfall int64
	Week      int64 // sold in 7 days
	Month     int64 // sold in 30 days
	Days      int64 // for how many days what is available lasts
	Forever   bool  // nothing was sold: Days means nothing
	OnHand    int64
	Committed int64
	Sellable  stock.Quantity
	Supply    stock.Supply
	Daily     bool
	Figure    int64
}

// Levels and ways of supply as files say them.
var (
	levelWords = map[stock.Level]Words{stock.LevelFine: {"", ""}, stock.LevelLow: {"発注点割れ", "to reorder"}, stock.LevelOut: {"在庫割れ", "out"}, stock.LevelOversold: {"売り越し", "oversold"}}
)

func listColumn(key, ja, en string, help Words, kind FieldKind, get func(*ListRow) string) Column[ListRow] {
	return Column[ListRow]{Field: Field{Key: key, Header: ja, English: en, Help: help, Kind: kind}, Get: get}
}

func listNumber(key, ja, en string, help Words, get func(*ListRow) int64) Column[ListRow] {
	return listColumn(key, ja, en, help, NumberField, func(r *ListRow) string { return strconv.FormatInt(get(r), 10) })
}

// List is the file that lists of SKUs are written as. It is only written; the columns for SKU, secured stock and reorder point are named as in the files
// that change those, so that it can be edited and read back as one of them.
var List = &Format[ListRow]{
	Name:  "list",
	Title: Words{"在庫の一覧", "List of stock"},
	Help:  Words{"在庫・在庫割れ・発注点割れの一覧です。", "The list of stock, of stock-outs and of what to order."},
	Columns: []Column[ListRow]{
		listColumn("product", "商品コード", "product", Words{"商品のコード", "The product's code"}, CodeField, func(r *ListRow) string { return r.Product }),
		listColumn("sku", "SKUコード", "sku", Words{"SKU のコード", "The SKU's code"}, CodeField, func(r *ListRow) string { return r.SKU }),
		listColumn("name", "名称", "name", Words{"SKU・商品の名前、または色・サイズなど", "The name of the SKU or product, or the colour, size …"}, TextField, func(r *ListRow) string { return r.Name }),
		listColumn("option1", "選択肢1", "option1", Words{"1 つ目の選択肢の値", "The value of the first option"}, TextField, func(r *ListRow) string { return r.Options[0] }),
		listColumn("option2", "選択肢2", "option2", Words{"2 つ目の選択肢の値", "The value of the second option"}, TextField, func(r *ListRow) string { return r.Options[1] }),
		listColumn("option3", "選択肢3", "option3", Words{"3 つ目の選択肢の値", "The value of the third option"}, TextField, func(r *ListRow) string { return r.Options[2] }),
		listNumber("skus", "SKU数", "skus", Words{"まとめた SKU の数", "How many SKUs are in the line"}, func(r *ListRow) int64 { return r.SKUs }),
		listNumber("out", "在庫割れSKU数", "skus_out", Words{"そのうち在庫割れの数", "How many of them are out"}, func(r *ListRow) int64 { return r.Out }),
		listColumn("level", "状態", "level", Words{"在庫割れ・発注点割れ・売り越し", "out, to reorder, oversold"}, TextField, func(r *ListRow) string { return levelWords[r.Level].JA }),
		listNumber("on_hand", "実在庫", "on_hand", Words{"実際にある数", "Units that are there"}, func(r *ListRow) int64 { return r.OnHand }),
		listNumber("committed", "引当済", "committed", Words{"受注済みで未出荷の数", "Sold and not yet shipped"}, func(r *ListRow) int64 { return r.Committed }),
		listNumber("available", "論理在庫", "available", Words{"実在庫 − 引当済", "On hand less committed"}, func(r *ListRow) int64 { return r.Available }),
		listNumber("secured", "確保在庫", "secured", Words{"どの店舗にも出さない数", "Kept back from every shop"}, func(r *ListRow) int64 { return r.Secured }),
		listColumn("sellable", "販売可能数", "sellable", Words{"全店舗で販売できる数。無制限は「無制限」", "What all shops together may offer"}, TextField, func(r *ListRow) string {
			if n, limited := r.Sellable.Units(); limited {
				return strconv.FormatInt(n, 10)
			}
			return "無制限"
		}),
		listNumber("inbound", "入荷予定", "inbound", Words{"まだ届いていない数", "Still expected"}, func(r *ListRow) int64 { return r.Inbound }),
		listColumn("reorder_point", "発注点", "reorder_point", Words{"空欄は発注点なし", "Empty where there is none"}, NumberField, func(r *ListRow) string {
			if !r.Reorder.Set {
				return ""
			}
			return strconv.FormatInt(r.Reorder.Units, 10)
		}),
		listNumber("shortfall", "不足数", "shortfall", Words{"発注点 − 論理在庫（0 より小さくはならない）", "Reorder point less available, at least 0"}, func(r *ListRow) int64 { return r.Shortfall }),
		listNumber("sold_7", "7日販売数", "sold_7", Words{"今日を含む直近 7 日に受注した数", "Ordered in the last 7 days, today included"}, func(r *ListRow) int64 { return r.Week }),
		listNumber("sold_30", "30日販売数", "sold_30", Words{"今日を含む直近 30 日に受注した数", "Ordered in the last 30 days, today included"}, func(r *ListRow) int64 { return r.Month }),
		listColumn("days_left", "残り日数", "days_left", Words{"論理在庫 ÷（30日販売数 ÷ 30）。売れていなければ空欄", "Available ÷ (sold in 30 days ÷ 30); empty where nothing sold"}, NumberField, func(r *ListRow) string {
			if r.Forever {
				return ""
			}
			return strconv.FormatInt(r.Days, 10)
		}),
		listColumn("supply", "供給", "supply", Words{"在庫・受注生産など", "stocked, made to order …"}, TextField, func(r *ListRow) string {
			value := string(r.Supply)
			if r.Daily {
				value += "_daily"
			}
			for _, c := range supplyChoices {
				if c.Value == value {
					return c.Word
				}
			}
			return value
		}),
	},
}
