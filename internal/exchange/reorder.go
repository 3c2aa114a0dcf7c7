package exchange

// ReorderRow is one setting of a reorder point (発注点).
type ReorderRow struct {
	Target
	Point Setting // InUnits or Follow
}

// Reorder is the file that says at which stock to order more.
var Reorder = &Format[ReorderRow]{
	Name:  "reorder",
	Title: Words{"発注点", "Reorder points"},
	Help:  Words{"在庫がこの数以下になったら知らせます。商品ごとの値を、SKU ごとに変えられます。", "Tells when the stock is at or below this number; a SKU's own goes before its product's."},
	Columns: append(targetColumns(func(r *ReorderRow) *Target { return &r.Target }),
		Column[ReorderRow]{
			Field: Field{Key: "reorder_point", Header: "発注点", English: "reorder_point", Aliases: []string{"発注点在庫", "発注点数", "最低在庫", "最低在庫数", "アラート数", "reorder level", "minimum stock"},
				Help:    Words{"この数以下になったら発注します。" + followHelp, "At or below it, order more; \"default\" removes the setting"},
				Example: "10", Kind: ChoiceField, Required: true, Empty: EmptySkips},
			Set: func(r *ReorderRow, cell string) (p *Problem) {
				r.Point, p = parseSetting(cell, false)
				return p
			},
			Get: func(r *ReorderRow) string { return r.Point.String() },
		}),
	Finish: func(r *ReorderRow) *Problem { return r.finish() },
}
