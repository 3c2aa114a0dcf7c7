package storybook

import (
	"fmt"
	"strings"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
	"soroi/internal/web/shops"
	"soroi/internal/web/sku"
	"soroi/internal/web/ui"
)

func skuPage(p ui.Page, data string) *sku.Page {
	g := catalogue[0]
	p.Title, p.Section = g.code, ui.SectionStock
	page := &sku.Page{Page: p, Code: g.code, Name: g.name, Supply: stock.Stocked, Form: sku.Form{Key: "k", Mode: stock.Add},
		Figures: sku.Figures{OnHand: 24, Committed: 3, Available: 21, Secured: 2, Sellable: stock.Units(19)}}
	page.Terms, page.Product = sku.Terms{Supply: "stocked"}, sku.ProductTerms{Code: "KZ-1001"}
	if data == "empty" {
		page.Figures = sku.Figures{}
		return page
	}
	page.Terms = sku.Terms{Supply: "stocked", Secured: sku.SecuredForm{As: stock.InUnits, N: "2", Reason: "実店舗"}}
	page.Product.Secured, page.Product.Reorder = sku.SecuredForm{As: stock.InPercent, N: "10"}, "12"
	page.Product.Now = stock.Defaults{Secured: stock.Secured{As: stock.InPercent, N: 10}, Reorder: stock.PointAt(12)}
	page.Inbound = sku.Inbound{Key: "k", Left: 42, Lines: []sku.InboundLine{
		{Document: "PO-2026-118", Units: 30, Left: 30, Due: "2026-12-04", Note: "春物の追加"},
		{Document: "PO-2026-097", Units: 24, Received: 12, Left: 12, Due: "2026-11-18", Late: true}}}
	page.Allotment = sku.Allotment{ID: 2, Name: "少ないときは楽天だけ", Assigned: true, Chosen: 2, Patterns: []sku.Pattern{{ID: 1, Name: "同じ数"}, {ID: 2, Name: "少ないときは楽天だけ"}}}
	for i, m := range malls {
		page.Allotment.Exceptions = append(page.Allotment.Exceptions, sku.Exception{Key: fmt.Sprintf("e%d", i+1), Shop: m, Listed: i != 1, As: []string{"", "stop", "at_most"}[i%3]})
	}
	page.Allotment.Exceptions[2].Most = "5"
	switch data {
	case "refused":
		page.Allotment.Exceptions[2].Most = shout
		page.Terms = sku.Terms{Supply: "daily", Figure: shout, Secured: sku.SecuredForm{As: stock.InPercent, N: "130"}}
		page.Wrong = ui.FieldErrors{"figure": p.Lang.TermsSentence(&stock.TermsError{Code: "number"}), "secured": p.Lang.TermsSentence(&stock.TermsError{Code: "percent"}),
			"receive": p.Lang.TermsSentence(&stock.TermsError{Code: "closed"}), "inbound_units": p.Lang.TermsSentence(&stock.TermsError{Code: "number"}),
			"e3": p.T("上限は 0〜%s の整数で入力してください。", ui.Number(stock.LargestUnits)), "pattern": p.T("この配分パターンはもうありません。選び直してください。")}
		page.Inbound.Open, page.Inbound.New = true, sku.InboundForm{Document: shout, Units: "x"}
	case "extreme":
		page.Allotment.Name, page.Allotment.Patterns[1].Name = strings.Repeat("長い名前", 25), strings.Repeat("長い名前", 25)
		page.Allotment.Exceptions[0].Shop = strings.Repeat("9", 100)
		page.Inbound.Lines[0].Document, page.Inbound.Lines[0].Note = strings.Repeat("9", 100), strings.Repeat("長いメモ", 50)
		page.Inbound.Lines[0].Units, page.Inbound.Left = 1_000_000_000, 1_000_000_012
	}
	states := []ui.State{ui.InLine, ui.Sending, ui.InLine, ui.Rehearsing}
	for i, m := range malls {
		s := sku.Shop{ListingID: int64(i + 1), ShopID: int64(i + 1), Name: m, Ref: fmt.Sprintf("kz-1001/nv-m-%d", i), Shown: q(19), ShownAt: ago(float64(i)*31 + 2), Target: q(19), TargetAt: ago(3), State: states[i]}
		if i == 1 {
			s.Shown = q(20)
		}
		page.Shops = append(page.Shops, s)
	}
	onHand, committed := int64(24), int64(3)
	for i := range 14 {
		l := sku.Line{ID: fmt.Sprint(100 - i), At: ago(float64(i*i*i)*977 + 2), OnHand: onHand, Committed: committed, Kind: stock.Claimed, Cause: stock.ByOrder, Shop: malls[i%3], Document: fmt.Sprintf("20261123-%05d", 48210-i*7), CommittedDelta: 1}
		switch i % 5 {
		case 2:
			l.Kind, l.CommittedDelta, l.OnHandDelta = stock.Shipment, -1, -1
		case 4:
			l.Kind, l.Cause, l.Shop, l.Document, l.Actor, l.Reason, l.OnHandDelta, l.CommittedDelta = stock.Adjustment, stock.ByHand, "", "", "hana@example.jp", "棚卸", -2, 0
		}
		onHand -= l.OnHandDelta
		committed -= l.CommittedDelta
		page.History = append(page.History, l)
	}
	page.Older = "87"
	switch data {
	case "why":
		page.Why = &sku.Why{ListingID: 2, Shop: malls[1], Ref: "kz-1001/nv-m-1", State: ui.Sending, Says: "20 を表示しています。19 に変える送信の答えを待っています。",
			Steps: []sku.Step{
				{Label: "実在庫", Value: "24", Note: "最後の変動 2026/11/23 17:20:08 引当"},
				{Op: "minus", Label: "引当済", Value: "3", Note: "未出荷の受注 3 行"},
				{Op: "equals", Label: "論理在庫", Value: "21", Result: true},
				{Op: "minus", Label: "確保在庫", Value: "2", Note: "どの店舗にも出さない数"},
				{Op: "equals", Label: "販売可能数", Value: "19", Result: true},
				{Op: "right", Label: "配分パターン", Note: "配分パターン「same」の規則 1：すべての店舗に同じ数"},
				{Op: "right", Label: "掲載目標", Value: "19", Note: "2026/11/23 17:20:08 に決定", Result: true},
			},
			Explained: true,
			Claims:    []sku.Fact{{At: ago(2), Words: "楽天本店 の受注 20261123-48210（明細 1）が 1 を引当"}, {At: ago(900), Words: "Shopify の受注 #1041（明細 2）が 2 を引当"}},
			Facts: []sku.Fact{
				{At: ago(1.2), Words: "19 になるよう差分を送りました"},
				{At: ago(1.2), Words: "店舗の答えを待っています", Tone: ui.Busy},
				{At: ago(31), Words: "店舗は 20 を表示すると答えました"},
				{Words: "いま 20 を表示しているはずです"},
				{Words: "19 に変えているところです", Tone: ui.Busy},
			}}
	case "refused":
		page.Form = sku.Form{Key: "k", Mode: stock.Subtract, Units: "30", Reason: "破損・廃棄"}
		page.Wrong["units"], page.Wrong["reason"] = "実在庫は 24 個なので、30 個は引けません。", p.T("入力してください。")
		trouble := p.Lang.TroubleOf(channel.Invalid)
		page.Shops[0].State, page.Shops[0].Trouble, page.Shops[0].MallCode, page.Shops[0].MallWords = ui.Failing, &trouble, "IE0105", "inventory is over the limit"
	case "extreme":
		page.Code, page.Name = strings.Repeat("LONG-CODE-", 8), strings.Repeat("とても長い商品名", 20)+shout
		page.Supply = stock.MadeToOrderUnlimited
		page.Figures = sku.Figures{OnHand: -80995, Committed: 999999999, Available: -1000080994, Secured: 123456789, Sellable: stock.Unlimited}
		page.Locations = []sku.Location{{ID: 1, Name: "本社倉庫", OnHand: -80995}, {ID: 2, Name: shout, Committed: 999999999}}
		for i := range page.Shops {
			page.Shops[i].Name = strings.Repeat("長い店舗名", 5) + shout
			page.Shops[i].Ref = strings.Repeat("ref/", 20)
			page.Shops[i].Shown, page.Shops[i].Target = &stock.Unlimited, nil
		}
		for i := range page.History {
			page.History[i].OnHandDelta, page.History[i].OnHand, page.History[i].Committed = -999999999, -80995, 999999999
			page.History[i].Reason, page.History[i].Oversold, page.History[i].Location = strings.Repeat("長い理由", 20)+shout, 80995, "本社倉庫"
		}
	}
	return page
}

func lanes(n ...int64) []shops.Lane {
	var l []shops.Lane
	for i, waiting := range n {
		l = append(l, shops.Lane{Lane: i + 1, Waiting: waiting})
	}
	return l
}

func problem(l ui.Lang, kind channel.ErrorKind, tone ui.Tone, code, message string) *shops.Problem {
	return &shops.Problem{Trouble: l.TroubleOf(kind), Tone: tone, Kind: kind, Code: code, Message: message, At: ago(340)}
}

func someShops(p ui.Page, data string) []shops.Shop {
	if data == "empty" {
		return nil
	}
	list := []shops.Shop{
		{ID: 1, Name: "楽天本店", Channel: "楽天市場", Mode: shops.Live, P50: 640 * time.Millisecond, P99: 1900 * time.Millisecond, Items: 610, Lanes: lanes(0, 0, 0, 0, 0), Listings: shops.Listings{All: 2841, Linked: 2841}, PulledAt: ago(3), PushedAt: ago(4)},
		{ID: 2, Name: "Yahoo!店", Channel: "Yahoo!ショッピング", Mode: shops.Live, P50: 1220 * time.Millisecond, P99: 31 * time.Second, Items: 402, Lanes: lanes(2, 14, 1, 38, 0), Listings: shops.Listings{All: 2790, Linked: 2776, Free: 14, LeftOut: 31}, PulledAt: ago(6), PushedAt: ago(9), Problem: problem(p.Lang, channel.Throttled, ui.Warn, "od90305", "アクセス制限中です")},
		{ID: 3, Name: "Shopify", Channel: "Shopify", Mode: shops.Live, Lanes: lanes(3, 40, 8, 120, 0), Listings: shops.Listings{All: 1804, Linked: 1804}, PulledAt: ago(3900), PushedAt: ago(3902), Problem: problem(p.Lang, channel.Auth, ui.Bad, "401", "Invalid API key or access token"), OutageFrom: now.Add(3 * time.Hour), OutageUntil: now.Add(7 * time.Hour)},
		{ID: 4, Name: "自社サイト", Channel: "Vendure", Mode: shops.Rehearsing, Lanes: lanes(0, 0, 0, 0, 0), Listings: shops.Listings{All: 512, Linked: 498, Free: 14}, PulledAt: ago(11)},
		{ID: 5, Name: "楽天アウトレット", Channel: "楽天市場", Mode: shops.Paused, Lanes: lanes(1, 0, 0, 4, 0), Listings: shops.Listings{All: 90, Linked: 90}, PulledAt: ago(8), PushedAt: ago(90000)},
	}
	if data == "extreme" {
		for i := range list {
			list[i].Name = strings.Repeat("とても長い名前の店舗", 4) + shout
			list[i].Lanes = lanes(1234567, 7654321, 999999, 123456789, 99999999)
			list[i].P50, list[i].P99, list[i].Items = 80*time.Minute, 90*time.Hour, 1e9
			list[i].Listings = shops.Listings{All: 123456789, Linked: 3, Free: 14}
			list[i].Problem = problem(p.Lang, channel.Invalid, ui.Bad, strings.Repeat("CODE", 12), strings.Repeat("long words ", 40)+shout)
		}
	}
	return list
}

func shopsPage(p ui.Page, data string) *shops.ListPage {
	p.Title, p.Section = p.T("店舗"), ui.SectionShops
	return &shops.ListPage{Page: p, Shops: someShops(p, data)}
}

func someFields() []shops.Setting {
	return []shops.Setting{
		{Key: "service_secret", Label: "serviceSecret", Help: "RMS → 店舗様向け情報・サービス → WEB API → 利用設定", Secret: true, Kept: true, Required: true},
		{Key: "license_key", Label: "licenseKey", Help: "同じ画面。3か月ごとに更新が必要です。", Secret: true, Required: true},
		{Key: "private_key", Label: "秘密鍵（PEM）", Secret: true, Kept: true, Long: true},
		{Key: "base_url", Label: "API のアドレス", Value: "https://api.rms.rakuten.co.jp"},
	}
}

func shopPage(p ui.Page, data string) *shops.DetailPage {
	list := someShops(p, data)
	if data == "empty" {
		list = someShops(p, "full")[3:]
		list[0].Listings = shops.Listings{}
		list[0].PulledAt = time.Time{}
	} else {
		list = list[1:]
	}
	p.Title, p.Section = list[0].Name, ui.SectionShops
	page := &shops.DetailPage{Page: p, Shop: list[0], CanList: true, Fields: someFields()}
	page.Hook = &shops.Hook{Every: 15 * time.Second}
	if data != "empty" {
		page.Hook.Address, page.Hook.LastAt = "https://soroi.example/hooks/1/2", ago(64)
		page.Drifts = []shops.Drift{{Code: catalogue[2].code, Expected: stock.Units(4), Found: stock.Units(6), At: ago(5400)}}
	}
	if data == "extreme" {
		page.Hook.Problem = &shops.Problem{Trouble: p.Lang.NoWebhooks(), Tone: ui.Warn, Kind: channel.Invalid, Code: "ORDERS_CREATE", Message: strings.Repeat("Address is invalid ", 20) + shout, At: ago(60)}
		page.Wrong = ui.FieldErrors{"until": p.T("形式が違います。モールの管理画面から写し直してください。")}
		page.Fields[3].Wrong, page.Fields[3].Value = p.T("このモールのアドレスではありません。"), "https://evil.example/"+shout
	}
	return page
}

func newShopPage(p ui.Page, data string) *shops.NewPage {
	p.Title, p.Section = p.T("店舗を追加"), ui.SectionShops
	page := &shops.NewPage{Page: p, Channels: []shops.Channel{{Kind: "rakuten", Name: "楽天市場"}, {Kind: "yahoo", Name: "Yahoo!ショッピング"}, {Kind: "shopify", Name: "Shopify"}, {Kind: "vendure", Name: "Vendure"}}}
	if data == "choose" {
		return page
	}
	page.Kind, page.Channel, page.Fields = "rakuten", "楽天市場", someFields()
	for i := range page.Fields {
		page.Fields[i].Kept = false
	}
	if data == "refused" {
		page.Name = shout
		page.Wrong = ui.FieldErrors{"name": p.T("入力してください。")}
		page.Fields[0].Wrong = p.T("入力してください。")
	}
	return page
}

func previewPage(p ui.Page, data string) *shops.PreviewPage {
	shop := someShops(p, "full")[3]
	p.Title, p.Section = shop.Name, ui.SectionShops
	page := &shops.PreviewPage{Page: p, Shop: shop, Counts: shops.PreviewCounts{Same: 512}}
	if data == "empty" {
		return page
	}
	page.Counts = shops.PreviewCounts{Same: 431, Up: 40, Down: 21, Zero: 4, Unread: 2, Unlinked: 14}
	for i, g := range catalogue {
		c := shops.Change{Code: g.code, Title: g.name, Shown: q(int64(i * 3)), Target: stock.Units(int64(max(i-2, 0) * 4))}
		if i == 4 {
			c.Shown = nil
		}
		if data == "extreme" {
			c.Title, c.Target = strings.Repeat("長い", 60)+shout, stock.Unlimited
		}
		page.Changes = append(page.Changes, c)
	}
	page.More = true
	return page
}
