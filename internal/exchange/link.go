package exchange

// LinkRow links a listing of a shop to a SKU (紐付け).
type LinkRow struct {
	Shop   string
	Ref    string // what the shop calls the listing (channel.Ref)
	SKU    string // "" with Unlink
	Unlink bool
}

// Link is the file that links listings by hand.
var Link = &Format[LinkRow]{
	Name:  "link",
	Title: Words{"出品の紐付け", "Links of listings"},
	Help:  Words{"店舗の出品を SKU に紐付けます。", "Links a shop's listings to SKUs."},
	Columns: []Column[LinkRow]{
		textColumn(shopField, maxTextRunes, func(r *LinkRow) *string { return &r.Shop }),
		textColumn(Field{Key: "listing", Header: "出品", English: "listing", Aliases: []string{"出品ID", "出品番号", "出品コード", "listing id", "ref"},
			Help:    Words{"店舗での呼び名。楽天は 商品管理番号/SKU管理番号、Yahoo! は 商品コード:個別商品コード。店舗に登録した商品コードでもかまいません", "What the shop calls it: Rakuten manageNumber/variantId, Yahoo! code:sub-code; the code that it has there is as good"},
			Example: "t-shirt/red-m", Kind: CodeField, Required: true, Empty: EmptyRefused}, maxCodeRunes*2+1, func(r *LinkRow) *string { return &r.Ref }),
		{
			Field: func() Field {
				f := skuField
				f.Empty = EmptySkips
				f.Help = Words{"紐付ける SKU のコード。「解除」と書くと紐付けを外します", "The SKU's code; \"remove\" takes the link away"}
				return f
			}(),
			Set: func(r *LinkRow, cell string) *Problem {
				if r.Unlink = isWord(cell, []string{"解除", "remove"}); r.Unlink {
					return nil
				}
				return setCode(&r.SKU, cell, maxCodeRunes)
			},
			Get: func(r *LinkRow) string {
				if r.Unlink {
					return "解除"
				}
				return r.SKU
			},
		},
	},
}
