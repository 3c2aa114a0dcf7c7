package exchange

// AssignmentRow gives a SKU, or all SKUs of a product, an allocation pattern (配分パターン).
type AssignmentRow struct {
	Target
	Pattern string // its name; "" with Default
	Default bool   // 既定: the tenant's own pattern
}

// Assignment is the file that assigns patterns.
var Assignment = &Format[AssignmentRow]{
	Name:  "assignment",
	Title: Words{"配分パターンの割り当て", "Pattern assignment"},
	Help:  Words{"SKU または商品に配分パターンを割り当てます。", "Assigns allocation patterns to SKUs or whole products."},
	Columns: append(targetColumns(func(r *AssignmentRow) *Target { return &r.Target }),
		Column[AssignmentRow]{
			Field: Field{Key: "pattern", Header: "配分パターン", English: "pattern", Aliases: []string{"パターン", "パターン名", "配分パターン名", "在庫配分", "allocation pattern", "allocation"},
				Help:    Words{"配分パターンの名前。「既定」と書くと契約の既定に戻します", "The pattern's name; \"default\" goes back to the tenant's own"},
				Example: "均等", Kind: TextField, Required: true, Empty: EmptySkips},
			Set: func(r *AssignmentRow, cell string) *Problem {
				if r.Default = isWord(cell, followWords); r.Default {
					return nil
				}
				return setText(&r.Pattern, cell, maxTextRunes)
			},
			Get: func(r *AssignmentRow) string {
				if r.Default {
					return followWords[0]
				}
				return r.Pattern
			},
		}),
	Finish: func(r *AssignmentRow) *Problem { return r.finish() },
}
