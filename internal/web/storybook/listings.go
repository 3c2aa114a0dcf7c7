package storybook

import (
	"fmt"
	"strings"
	"time"

	"soroi/internal/match"
	"soroi/internal/stock"
	"soroi/internal/web/listings"
	"soroi/internal/web/ui"
)

func listingShops(selected int64) []listings.Shop {
	return []listings.Shop{
		{ID: 1, Name: "楽天本店", ToDo: listings.Count{N: 12}, CanList: true, Selected: selected == 1},
		{ID: 2, Name: "Yahoo!店", ToDo: listings.Count{N: 1000, More: true}, CanList: true, Selected: selected == 2},
		{ID: 3, Name: "Shopify", Selected: selected == 3},
	}
}

func listingTabs(p ui.Page) []listings.Tab {
	return []listings.Tab{
		{Show: listings.ShowUnlinked, Label: p.T("紐付けなし"), Count: listings.Count{N: 1012, More: true}},
		{Show: listings.ShowWaiting, Label: p.T("受注の待ち"), Count: listings.Count{N: 3}, Loud: true},
		{Show: listings.ShowUnlisted, Label: p.T("未出品のSKU"), Count: listings.Count{N: 48}},
		{Show: listings.ShowLinked, Label: p.T("紐付け済み")},
		{Show: listings.ShowErrors, Label: p.T("エラー"), Count: listings.Count{N: 2}, Loud: true},
		{Show: listings.ShowIgnored, Label: p.T("在庫でない")},
		{Show: listings.ShowAll, Label: p.T("すべて")},
	}
}

func listingRows(p *ui.Page) []listings.Row {
	five := stock.Units(5)
	return []listings.Row{
		{P: p, Shop: "楽天本店", ShopID: 1, Ref: "yunomi-09/ao-l", Title: "湯呑み 髙﨑窯 🍵（青 大）", State: ui.NotLinked, Back: "/listings", Shown: &five, Waiting: 2, Units: 3,
			Codes:   []listings.Code{{Kind: "SKUの商品コード", Text: "yu-9-ao-l"}, {Kind: "SKU管理番号", Text: "ao-l"}},
			Choices: []listings.Choice{{Code: "YU-9-AO-L", Name: "湯呑み 青 大", Why: "コードの大文字小文字・全角半角違い", Key: "1"}}},
		{P: p, Shop: "Yahoo!店", ShopID: 2, Ref: "mug:red", Title: "マグカップ 赤", State: ui.NotLinked, Back: "/listings",
			Codes: []listings.Code{{Kind: "SKUの商品コード", Text: "red"}, {Kind: "JAN", Text: "4901234567894"}},
			Choices: []listings.Choice{{Code: "MUG-R", Name: "マグカップ 赤", Why: "JAN一致 4901234567894", Sure: true, Key: "1"}, {Code: "RED", Name: "赤い絵の具", Why: "コードの大文字小文字・全角半角違い", Key: "2"},
				{Code: "OLD-RED", Name: "旧マグカップ", Why: "別のコードと一致 red（アーカイブ）", Archived: true, Key: "3"}}},
		{P: p, Shop: "楽天本店", ShopID: 1, Ref: "gift-wrap/1", Title: "ギフト包装", State: ui.NotLinked, Back: "/listings", Codes: []listings.Code{{Kind: "商品番号", Text: "wrap"}}},
		{P: p, Shop: "楽天本店", ShopID: 1, Ref: "tee-01/m", Title: "Tシャツ 紺 M", State: ui.NotLinked, Back: "/listings", Codes: []listings.Code{{Kind: "SKUの商品コード", Text: "TEE-N-M"}},
			Done: "TEE-NAVY-M に紐付け、受注2行 3個を引き当てました", Undo: "/listings/unlink?undo=1"},
		{P: p, Shop: "Yahoo!店", ShopID: 2, Ref: "cup", Title: "カップ", State: ui.NotLinked, Back: "/listings", Apart: true, Codes: []listings.Code{{Text: "cup"}}, Typed: "kappu", Wrong: "「kappu」という商品はありません。"},
	}
}

func listingsPage(p ui.Page, data string) ui.Framed {
	p.Title, p.Section = p.T("出品"), ui.SectionListings
	page := &listings.Page{Page: p, Shops: listingShops(0), Tabs: listingTabs(p), Listed: true}
	rows := listingRows(&page.Page)
	switch data {
	case "empty":
		page.Shops, page.Listed = nil, false
		for i := range page.Tabs {
			page.Tabs[i].Count = listings.Count{}
		}
	case "unlinked":
		page.Rows, page.Next = rows, "next"
	case "shop":
		page.Query.Shop, page.Shops = 1, listingShops(1)
		for _, r := range rows {
			r.OneShop = true
			page.Rows = append(page.Rows, r)
		}
	case "nothing_found":
		page.Query.Text = shout
	case "early":
		page.Query.Text, page.Early, page.Next = "急須", true, "next"
	case "waiting":
		page.Query.Show = listings.ShowWaiting
		for i, r := range rows[:3] {
			r.Waiting, r.Units, r.Since = 7, 12, ago(3600)
			r.Orders, r.More = []listings.Order{{Number: "388000-20261123-00001", Units: 2}, {Number: "388000-20261123-00007", Units: 1}}, 5
			if i == 2 {
				r.Ref, r.Number, r.Line = "", "#1001", "7"
			}
			page.Goods = append(page.Goods, r)
		}
		page.Cut = true
	case "nothing_waits":
		page.Query.Show = listings.ShowWaiting
	case "skus":
		page.Query.Show = listings.ShowUnlisted
		page.SKUs = []listings.Unlisted{
			{Code: "YU-9-AO-L", Name: "湯呑み 青 大", Available: 12, Back: "/listings?show=skus", Choices: []listings.Listed{{Shop: "楽天本店", ShopID: 1, Ref: "yunomi-09/ao-l", Code: "yu-9-ao-l", Title: "湯呑み 髙﨑窯 🍵（青 大）"}}},
			{Code: "NEW-1", Name: "新しい急須", Available: -2, Back: "/listings?show=skus"},
		}
	case "all_listed":
		page.Query.Show = listings.ShowUnlisted
	case "linked", "extreme":
		page.Query.Show, page.Query.After, page.Next = listings.ShowLinked, "x", "y"
		for i, r := range rows {
			r.State, r.SKU, r.SKUName = []ui.State{ui.InLine, ui.Behind, ui.Failing, ui.OrdersOnly, ui.Ignored}[i], "SKU-1", "湯呑み 青 大"
			if data == "extreme" {
				r.Title, r.Shop = strings.Repeat("とても長い題名", 20)+shout, strings.Repeat("長い店舗名", 5)
				r.Ref = strings.Repeat("ref/", 30) + fmt.Sprint(i)
				r.SKU, r.SKUName = strings.Repeat("LONG-CODE-", 8), strings.Repeat("長い商品名", 20)
			}
			page.Rows = append(page.Rows, r)
		}
	case "extreme_unlinked":
		for i := range rows {
			rows[i].Title, rows[i].Shop, rows[i].Ref = strings.Repeat("とても長い題名", 20)+shout, strings.Repeat("長い店舗名", 5), strings.Repeat("ref/", 30)+fmt.Sprint(i)
			rows[i].Waiting, rows[i].Units = 123456789, 987654321
			rows[i].Choices = append(rows[i].Choices, listings.Choice{Code: strings.Repeat("LONG-CODE-", 8), Name: strings.Repeat("長い商品名", 20) + shout, Why: "JAN一致", Sure: true, Key: "4"})
		}
		page.Rows = rows
		for i := range page.Shops {
			page.Shops[i].Name = strings.Repeat("長い店舗名", 5) + shout
		}
	}
	return page
}

func onePage(p ui.Page, data string) ui.Framed {
	p.Section = ui.SectionListings
	page := &listings.OnePage{Page: p}
	rows := listingRows(&page.Page)
	row := rows[1]
	row.LinkedAt, row.LinkedBy = ago(86400), "hana"
	switch data {
	case "linked":
		row.SKU, row.SKUName, row.State, row.Choices = "MUG-R", "マグカップ 赤", ui.InLine, nil
		row.Holding, row.Held = 3, 5
	case "gone":
		row.Gone, row.State = true, ui.Failing
		row.SKU, row.SKUName, row.Choices = "MUG-R", "マグカップ 赤", nil
	case "refused":
		row.Waiting, row.Units = 2, 3
		page.Form = listings.LinkForm{Code: "kappu", Wrong: "「kappu」という商品はありません。"}
	}
	page.Title, page.Row = row.Title, row
	return page
}

func ofPage(p ui.Page, data string) ui.Framed {
	p.Title, p.Section = p.T("%s の出品", "MUG-R"), ui.SectionStock
	page := &listings.OfPage{Page: p, Code: "MUG-R", Name: "マグカップ 赤", Back: "/sku?code=MUG-R"}
	if data == "full" {
		for i, r := range listingRows(&page.Page)[:2] {
			r.SKU, r.State, r.Holding, r.Held = "MUG-R", ui.InLine, int64(i)*2, int64(i)*3
			page.Rows = append(page.Rows, r)
		}
		page.Choices = []listings.Listed{{Shop: "Shopify", ShopID: 3, Ref: "1@2", Code: "mug-r", Title: "Mug red"}}
	}
	return page
}

func rulePage(p ui.Page, data string) ui.Framed {
	p.Title, p.Section = p.T("紐付けルール"), ui.SectionListings
	page := &listings.RulePage{Page: p, ShopID: 1, Shop: "楽天本店", Wrong: ui.FieldErrors{}, Form: listings.RuleForm{Steps: match.Default().Steps}}
	switch data {
	case "tried":
		page.Form = listings.RuleForm{Steps: []match.Step{{From: match.JAN, To: match.Jan}, {From: match.SKU, To: match.Own}}, Fold: true, Prefix: "rk-"}
		page.Preview = &listings.Preview{Tried: 20000, More: true, Linked: 18211, Several: 12, None: 1777,
			Links: []listings.Example{{Title: "湯呑み 髙﨑窯 🍵（青 大）", Code: "rk-YU-9-AO-L", SKU: "YU-9-AO-L"}}, Doubts: []listings.Example{{Title: "マグカップ", Code: "4901234567894"}}, Left: []listings.Example{{Title: "ギフト包装", Code: "wrap"}}}
	case "refused":
		page.Form = listings.RuleForm{Steps: []match.Step{{From: match.SKU, To: match.Own}, {From: match.SKU, To: match.Own}}, Prefix: strings.Repeat("長", 41)}
		page.Wrong = ui.FieldErrors{"steps": p.T("同じ組み合わせが二度あります。"), "prefix": p.T("40文字以内で入力してください。")}
	}
	return page
}

func ignoredPage(p ui.Page, data string) ui.Framed {
	p.Title, p.Section = p.T("在庫でないコード"), ui.SectionListings
	page := &listings.IgnoredPage{Page: p}
	if data != "empty" {
		page.Codes = []listings.Ignored{{Code: "postage", Reason: "送料", Actor: "hana", At: ago(86400)}, {Code: "COD-FEE", Reason: "", Actor: "hana", At: ago(900)}, {Code: strings.Repeat("LONG-", 20), Reason: strings.Repeat("長い理由", 20) + shout, Actor: "taro", At: now.Add(-400 * 24 * time.Hour)}}
		page.Next = "x"
	}
	if data == "refused" {
		page.Form, page.Wrong = listings.IgnoreForm{Code: "MUG-R", Reason: "送料"}, p.T("これは商品 %s のコードです。在庫でないことにはできません。", "MUG-R")
	}
	return page
}

func solePage(p ui.Page, data string) ui.Framed {
	p.Title, p.Section = p.T("まとめて紐付ける"), ui.SectionListings
	page := &listings.SolePage{Page: p, Tried: 812}
	if data == "empty" {
		return page
	}
	page.Shop, page.Query.Shop, page.More = "楽天本店", 1, true
	page.Reasons = []listings.SoleReason{{Value: "same_code", Label: "コード一致", Listings: 512, Chosen: true}, {Value: "same_jan", Label: "JAN一致", Listings: 88, Chosen: true}, {Value: "folded", Label: "コードの大文字小文字・全角半角違い", Listings: 31}}
	page.Examples = []listings.Example{{Title: "湯呑み 髙﨑窯 🍵（青 大）", Code: "YU-9-AO-L", SKU: "YU-9-AO-L"}, {Title: strings.Repeat("とても長い題名", 12), Code: strings.Repeat("LONG-", 12), SKU: "MUG-R"}}
	if data == "done" {
		page.Done = &listings.SoleDone{Linked: 600, Claims: 17}
	}
	return page
}
