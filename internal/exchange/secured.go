package exchange

// SecuredRow is one setting of secured stock (確保在庫).
type SecuredRow struct {
	Target
	Secured Setting
	Reason  Maybe[string] // what it is kept for
}

// Secured is the file that keeps stock back from every shop.
var Secured = &Format[SecuredRow]{
	Name:  "secured",
	Title: Words{"確保在庫", "Secured stock"},
	Help: Words{"どの店舗にも出さない在庫を、SKU ごと、または商品ごとに決めます。",
		"Keeps stock back from every shop, for a SKU or for a whole product."},
	Columns: append(targetColumns(func(r *SecuredRow) *Target { return &r.Target }),
		Column[SecuredRow]{
			Field: Field{Key: "secured", Header: "確保在庫", English: "secured", Aliases: []string{"確保在庫数", "確保数", "取り置き", "取置数", "secured stock", "reserve", "reserved"},
				Help:    Words{"確保する数(12)、または論理在庫に対する割合(10%)。" + followHelp, "Units (12) or a percentage of what is available (10%); \"default\" removes the setting"},
				Example: "3", Kind: ChoiceField, Required: true, Empty: EmptySkips},
			Set: func(r *SecuredRow, cell string) (p *Problem) {
				r.Secured, p = parseSetting(cell, true)
				return p
			},
			Get: func(r *SecuredRow) string { return r.Secured.String() },
		},
		Column[SecuredRow]{
			Field: reasonField.with("実店舗用", Words{"何のために確保するか(返品・実店舗・卸など)", "What it is kept for: returns, a real store, wholesale …"}),
			Set: func(r *SecuredRow, cell string) *Problem {
				r.Reason.Given = true
				return setText(&r.Reason.Value, cell, maxTextRunes)
			},
			Get: func(r *SecuredRow) string { return r.Reason.Value },
		}),
	Finish: func(r *SecuredRow) *Problem { return r.finish() },
}
