package exchange

import (
	"strconv"
	"time"
)

// CountRow is what was counted of one SKU.
type CountRow struct {
	Stocktake string // its name or number; "" is the only one that is open
	SKU       string
	Units     int64 // on the shelf
	Picked    Maybe[int64]
	At        time.Time // as on the wall where it was counted, with no zone of its own; zero says nothing
	Name      string    // only written
	Expected  string    // only written; "" where it is not to be seen
}

// countTimes are the ways to write a moment.
var countTimes = []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006/1/2 15:04:05", "2006/1/2 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04"}

func parseCountTime(cell string) (time.Time, *Problem) {
	for _, form := range countTimes {
		if at, err := time.Parse(form, cell); err == nil {
			return at, nil
		}
	}
	return time.Time{}, &Problem{Code: BadTime}
}

// Count is the file of what was counted (棚卸), and the sheet to be filled in.
var Count = &Format[CountRow]{
	Name:  "stocktake",
	Title: Words{"棚卸で数えた数", "Counts of a stocktake"},
	Help: Words{"棚卸で数えた数を取り込みます。在庫が変わるのは、差異の画面で反映したときです。",
		"Takes counts into a stocktake. The stock changes when the differences are posted."},
	Columns: []Column[CountRow]{
		textColumn(Field{Key: "stocktake", Header: "棚卸", English: "stocktake", Aliases: []string{"棚卸名", "棚卸番号"},
			Help:    Words{"棚卸の名前または番号。空欄なら、実施中のただ 1 つの棚卸", "The stocktake's name or number; empty is the only one that is open"},
			Example: "春の棚卸", Kind: TextField, Empty: EmptyMeans}, maxTextRunes, func(r *CountRow) *string { return &r.Stocktake }),
		textColumn(skuField, maxCodeRunes, func(r *CountRow) *string { return &r.SKU }),
		{
			Field: Field{Key: "counted", Header: "数えた数", English: "counted", Aliases: []string{"実数", "実地数", "棚卸数", "実在庫数", "数量", "count"},
				Help:    Words{"棚にあった数。空欄の行は数えていないものとします", "Units on the shelf; a row that leaves it empty was not counted"},
				Example: "12", Kind: NumberField, Required: true, Empty: EmptySkips},
			Set: func(r *CountRow, cell string) (p *Problem) {
				r.Units, p = wholeNumber(cell)
				return p
			},
			Get: func(r *CountRow) string { return strconv.FormatInt(r.Units, 10) },
		},
		{
			Field: Field{Key: "picked", Header: "取り出し済み", English: "picked", Aliases: []string{"ピッキング済み", "出荷待ち"},
				Help:    Words{"受注中の商品のうち、棚から取り出してあった数（「SKU ごとに数える」棚卸で使います）", "Units of open orders that were off the shelf; for stocktakes that ask for each SKU"},
				Example: "2", Kind: NumberField, Empty: EmptyKeeps},
			Set: func(r *CountRow, cell string) (p *Problem) {
				r.Picked.Given = true
				r.Picked.Value, p = wholeNumber(cell)
				return p
			},
			Get: func(r *CountRow) string {
				if !r.Picked.Given {
					return ""
				}
				return strconv.FormatInt(r.Picked.Value, 10)
			},
		},
		{
			Field: Field{Key: "counted_at", Header: "数えた日時", English: "counted_at", Aliases: []string{"棚卸日時", "日時"},
				Help:    Words{"数えた日時(2026-04-01 14:30)。空欄なら、ファイルを確認したとき", "When it was counted (2026-04-01 14:30); empty is when the file is checked"},
				Example: "2026-04-01 14:30", Kind: TextField, Empty: EmptyKeeps},
			Set: func(r *CountRow, cell string) (p *Problem) {
				r.At, p = parseCountTime(cell)
				return p
			},
			Get: func(r *CountRow) string {
				if r.At.IsZero() {
					return ""
				}
				return r.At.Format(countTimes[0])
			},
		},
	},
	Total: func(r *CountRow, add func(string, int64)) { add("units_counted", r.Units) },
}

// blank is a column that is left for a person to fill in.
func blank(c Column[CountRow]) Column[CountRow] {
	c.Get = func(*CountRow) string { return "" }
	return c
}

// CountSheet is the sheet to be filled in; what is filled in reads back as Count. It is only written.
var CountSheet = &Format[CountRow]{
	Name:  "stocktake_sheet",
	Title: Words{"数える用紙", "Count sheet"},
	Help:  Words{"まだ数えていない SKU の一覧です。数を書いて取り込めます。", "SKUs that are not counted yet, to be filled in and imported."},
	Columns: []Column[CountRow]{
		Count.Columns[0], Count.Columns[1],
		{Field: Field{Key: "name", Header: "名称", English: "name", Help: Words{"SKU の名前", "The SKU's name"}, Kind: TextField}, Get: func(r *CountRow) string { return r.Name }},
		{Field: Field{Key: "expected", Header: "帳簿の数", English: "expected", Help: Words{"帳簿の数。ブラインドの棚卸にはありません", "What the books say; not there in a blind stocktake"}, Kind: TextField}, Get: func(r *CountRow) string { return r.Expected }},
		blank(Count.Columns[2]), blank(Count.Columns[3]), blank(Count.Columns[4]),
	},
}

// DifferenceRow is what a stocktake found of one SKU.
type DifferenceRow struct {
	Stocktake, SKU, Name                                          string
	Counted, Picked, Expected, Variance, Value, Moved, OnHand, To int64
	State                                                         string
	CountedAt                                                     time.Time // in the zone in which it is shown
	Actor, Reason, ApprovedBy                                     string
}

func differenceColumn(key, ja, en string, help Words, kind FieldKind, get func(*DifferenceRow) string) Column[DifferenceRow] {
	return Column[DifferenceRow]{Field: Field{Key: key, Header: ja, English: en, Help: help, Kind: kind}, Get: get}
}

func differenceNumber(key, ja, en string, help Words, get func(*DifferenceRow) int64) Column[DifferenceRow] {
	return differenceColumn(key, ja, en, help, NumberField, func(r *DifferenceRow) string { return strconv.FormatInt(get(r), 10) })
}

// Differences is what a stocktake found, as a file. It is only written.
var Differences = &Format[DifferenceRow]{
	Name:  "stocktake_differences",
	Title: Words{"棚卸の差異", "Differences of a stocktake"},
	Help:  Words{"棚卸で見つかった差異の一覧です。", "What a stocktake found."},
	Columns: []Column[DifferenceRow]{
		differenceColumn("stocktake", "棚卸", "stocktake", Words{"棚卸の名前", "The stocktake's name"}, TextField, func(r *DifferenceRow) string { return r.Stocktake }),
		differenceColumn("sku", "SKUコード", "sku", Words{"SKU のコード", "The SKU's code"}, CodeField, func(r *DifferenceRow) string { return r.SKU }),
		differenceColumn("name", "名称", "name", Words{"SKU の名前", "The SKU's name"}, TextField, func(r *DifferenceRow) string { return r.Name }),
		differenceNumber("counted", "数えた数", "counted", Words{"棚にあった数", "Units on the shelf"}, func(r *DifferenceRow) int64 { return r.Counted }),
		differenceNumber("picked", "取り出し済み", "picked", Words{"受注中で棚になかった数", "Units of open orders that were off the shelf"}, func(r *DifferenceRow) int64 { return r.Picked }),
		differenceNumber("expected", "帳簿の数", "expected", Words{"数えた時点で帳簿にあった数", "What the books said when it was counted"}, func(r *DifferenceRow) int64 { return r.Expected }),
		differenceNumber("variance", "差異", "difference", Words{"数えた数＋取り出し済み−帳簿の数", "Counted + picked − expected"}, func(r *DifferenceRow) int64 { return r.Variance }),
		differenceNumber("value", "差異金額", "value", Words{"差異×原価(円)。原価が分からなければ 0", "Difference × cost, in yen; 0 where the cost is not known"}, func(r *DifferenceRow) int64 { return r.Value }),
		differenceNumber("moved", "その後の動き", "moved_since", Words{"数えたあとの入荷・出荷・返品など", "Receipts, shipments, returns and the like since"}, func(r *DifferenceRow) int64 { return r.Moved }),
		differenceNumber("on_hand", "実在庫", "on_hand", Words{"いまの実在庫", "On hand now"}, func(r *DifferenceRow) int64 { return r.OnHand }),
		differenceNumber("to", "反映後", "on_hand_after", Words{"反映した後の実在庫", "On hand once it is posted"}, func(r *DifferenceRow) int64 { return r.To }),
		differenceColumn("state", "状態", "state", Words{"数えた・反映済みなど", "counted, approved …"}, TextField, func(r *DifferenceRow) string { return r.State }),
		differenceColumn("counted_at", "数えた日時", "counted_at", Words{"数えた日時", "When it was counted"}, TextField, func(r *DifferenceRow) string {
			if r.CountedAt.IsZero() {
				return ""
			}
			return r.CountedAt.Format(countTimes[0])
		}),
		differenceColumn("actor", "数えた人", "counted_by", Words{"数えた人", "Who counted"}, TextField, func(r *DifferenceRow) string { return r.Actor }),
		differenceColumn("reason", "理由", "reason", Words{"反映したときの理由", "Why, as was said when it was posted"}, TextField, func(r *DifferenceRow) string { return r.Reason }),
		differenceColumn("approved_by", "反映した人", "approved_by", Words{"反映した人", "Who posted it"}, TextField, func(r *DifferenceRow) string { return r.ApprovedBy }),
	},
}
