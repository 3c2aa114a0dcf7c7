package storybook

import (
	"strings"

	"soroi/internal/stock"
	"soroi/internal/web/bundles"
	"soroi/internal/web/sku"
	"soroi/internal/web/ui"
)

// bundlePage is the page of a SKU that is a bundle, or a part of one.
func bundlePage(p ui.Page, data string) *sku.Page {
	page := skuPage(p, "full")
	if data == "part" {
		page.Bundle.In = []sku.InBundle{{Code: "GIFT-01", Name: "誕生日ギフト", Units: 2, Sets: stock.Units(7)}, {Code: "GIFT-02", Name: "二組セット", Units: 4, Sets: stock.Units(0)}}
		return page
	}
	page.Code, page.Name, page.Inbound, page.Locations = "GIFT-01", "誕生日ギフト（マグカップ2個・紅茶・箱）", sku.Inbound{}, nil
	page.Figures = sku.Figures{OnHand: 7, Available: 7, Secured: 1, Sellable: stock.Units(6)}
	page.Bundle = sku.Bundle{Is: true, Text: "CUP-01×2\nTEA-12×1\nBOX-S×1", Parts: []sku.BundlePart{
		{Code: "BOX-S", Name: "ギフト箱 小", Units: 1, Sellable: stock.Units(240), Sets: stock.Units(240)},
		{Code: "CUP-01", Name: "マグカップ 白", Units: 2, Sellable: stock.Units(15), Sets: stock.Units(7), Scarcest: true},
		{Code: "TEA-12", Name: "紅茶 12袋", Units: 1, Sellable: stock.Unlimited, Sets: stock.Unlimited}}}
	if data == "refused" {
		page.Bundle.Open, page.Bundle.Text = true, "CUP-01×0"
		page.Wrong = ui.FieldErrors{"parts": p.T("構成品") + shout}
		page.Bundle.Parts[2].Archived, page.Bundle.Parts[2].Name = true, strings.Repeat("とても長い名前", 20)
	}
	return page
}

func bundlesPage(p ui.Page, data string) *bundles.Page {
	p.Title, p.Section = p.T("セット商品"), ui.SectionStock
	page := &bundles.Page{Page: p}
	if data == "empty" {
		return page
	}
	page.Rows = []bundles.Row{{Code: "GIFT-01", Name: "誕生日ギフト（マグカップ2個・紅茶・箱）", Parts: "BOX-S×1 + CUP-01×2 + TEA-12×1", Sets: stock.Units(7), Scarcest: "CUP-01"},
		{Code: "GIFT-02", Name: "二組セット", Parts: "GIFT-01×2", Sets: stock.Units(3), Scarcest: "CUP-01"},
		{Code: "TEA-SET", Name: "紅茶と受注生産の缶", Parts: "CAN×1 + TEA-12×1", Sets: stock.Unlimited},
		{Code: "OLD-SET", Name: "去年の福袋", Archived: true, Parts: "CUP-09×1 + TEA-03×4", Sets: stock.Units(0), Scarcest: "TEA-03"}}
	page.Next = "x"
	if data == "part" {
		page.Part, page.Rows = "CUP-01", page.Rows[:2]
		page.Rows[0].Parts, page.Rows[0].Name = strings.Repeat("CUP-01×2 + ", 30)+"BOX-S×1", strings.Repeat("とても長い名前", 20)
	}
	return page
}
