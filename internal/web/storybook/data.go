package storybook

import (
	"fmt"
	"strings"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/account"
	"soroi/internal/web/filter"
	"soroi/internal/web/front"
	"soroi/internal/web/stocklist"
	"soroi/internal/web/ui"
)

const shout = `<script>alert("x")</script>`

func ago(seconds float64) time.Time { return now.Add(-time.Duration(seconds * float64(time.Second))) }

func q(n int64) *stock.Quantity { u := stock.Units(n); return &u }

type goods struct{ code, name string }

var catalogue = []goods{
	{"KZ-1001-NV-M", "オーガニックコットン 長袖Tシャツ ネイビー M"},
	{"KZ-1001-NV-L", "オーガニックコットン 長袖Tシャツ ネイビー L"},
	{"85123A", "ホワイト ハート型 Tライトホルダー"},
	{"MUG-ARITA-03", "有田焼 マグカップ 染付 小花"},
	{"22423", "リージェンシー ケーキスタンド 3段"},
	{"TEA-SENCHA-100", "八女 煎茶 100g"},
	{"BAG-TOTE-BK", "帆布トートバッグ 黒"},
	{"BAG-TOTE-KN", "帆布トートバッグ 生成り"},
	{"4901234567894", "今治タオル フェイスタオル 3枚組 アソート"},
	{"CND-LAV-S", "ソイキャンドル ラベンダー 小"},
	{"POST", "誕生日ギフトセット（受注生産）"},
	{"KTC-0007", "南部鉄器 急須 0.6L"},
}

var malls = []string{"楽天本店", "Yahoo!店", "Shopify", "自社サイト"}

func frontPage(p ui.Page, data string) *front.Page {
	p.Title, p.Section = p.T("状況"), ui.SectionFront
	page := &front.Page{Page: p, AsOf: now, Lag: front.Lag{Minutes: 10}}
	if data == "empty" {
		page.Answer = front.Judge(p.Lang, page.Counts)
		return page
	}
	page.Lag = front.Lag{P50: 740 * time.Millisecond, P99: 2100 * time.Millisecond, Items: 1284, Minutes: 10}
	if data == "extreme" {
		page.StoppedHooks, page.Owner = 2, true
	}
	page.Counts = front.Counts{SKUs: 2841, Listings: 10932, Shops: 4, LiveShops: 4}
	for i, g := range catalogue {
		f := front.Flow{ID: fmt.Sprint(i), At: ago(float64(i)*3.7 + .4), Kind: stock.Claimed, Cause: stock.ByOrder, Shop: malls[i%3],
			Document: fmt.Sprintf("2026%04d-%05d", 1123, 48210-i*7), Code: g.code, Name: g.name, CommittedDelta: int64(i%3 + 1), Available: int64(23 - i*2)}
		switch i {
		case 3:
			f.Kind, f.CommittedDelta = stock.Claimed, -1
		case 5:
			f.Kind, f.Cause, f.Shop, f.Document, f.OnHandDelta, f.CommittedDelta = stock.Receipt, stock.ByHand, "", "入荷", 120, 0
		case 7:
			f.Kind, f.OnHandDelta, f.CommittedDelta = stock.Shipment, -2, -2
		}
		if f.Effect() != 0 {
			for k, m := range malls {
				if m == f.Shop {
					continue
				}
				push := front.Push{Shop: m, Shown: q(f.Available), State: ui.InLine, Lag: time.Duration(420+130*k+37*i) * time.Millisecond}
				if i == 0 {
					push.State, push.Lag, push.Shown = ui.Sending, 0, q(f.Available+1)
				}
				f.Pushes = append(f.Pushes, push)
			}
		}
		page.Flow = append(page.Flow, f)
	}
	for _, shop := range someShops(p, data)[:4] {
		page.Shops = append(page.Shops, front.Shop{ID: shop.ID, Name: shop.Name, State: shop.State(), Lag: front.Lag{P50: shop.P50, P99: shop.P99, Items: shop.Items}, Backlog: shop.Backlog(), PulledAt: shop.PulledAt})
	}
	switch data {
	case "full":
		page.Counts.Behind, page.Counts.Late, page.Counts.Orders, page.Counts.Unlinked = 7, 2, 2, 14
		page.Counts.Waiting, page.Counts.WaitingUnits = 3, 5
		page.Waits = []front.Wait{{Shop: "楽天本店", Number: "388000-20261123-00001", Code: "gift-wrap", Title: "ギフト包装", Units: 2, Since: ago(4000)}, {Shop: "Shopify", Number: "#1001", Title: shout, Units: 3, Since: ago(90)}}
		for i, g := range catalogue[:7] {
			b := front.Behind{Code: g.code, Name: g.name, Shop: malls[i%4], Shown: q(int64(9 - i)), Target: stock.Units(int64(i)), State: ui.Behind, Since: ago(float64(62 - i*9)), Late: i < 2}
			if i > 4 {
				b.State = ui.Sending
			}
			if i == 1 {
				b.State, b.Shown = ui.Uncertain, nil
			}
			page.Behind = append(page.Behind, b)
		}
		page.Orders = []front.Order{
			{Shop: "楽天本店", Number: "399871-20261123-0481903", PlacedAt: ago(912), Problems: []string{"3行目の商品が出品一覧にありません（項目選択肢が変わった可能性）。残りの2行は引き当て済みです。"}},
			{Shop: "Yahoo!店", Number: "hanagasumi-10048213", PlacedAt: ago(98213), LateCancel: 2},
		}
	case "extreme":
		page.Counts = front.Counts{SKUs: 1200345, Listings: 98765432, Shops: 128, LiveShops: 125, Behind: 1234567, Late: 987654, Troubles: 3, Orders: 4821, Oversells: 12, Unlinked: 88123, Waiting: 10000, WaitingUnits: 123456789, WaitingMore: true}
		page.Lag = front.Lag{P50: 83 * time.Second, P99: 5*time.Hour + 3*time.Minute, Items: 98765432, Minutes: 10}
		long := strings.Repeat("とても長い商品名 ", 12) + shout
		for i := range 6 {
			page.Behind = append(page.Behind, front.Behind{Code: strings.Repeat("LONGCODE-", 6), Name: long, Shop: "とても長い名前の店舗 楽天市場 第二支店", Shown: &stock.Unlimited, Target: stock.Units(999999999), State: ui.Failing, Since: ago(float64(i+1) * 86400 * 3), Late: true})
			page.Oversells = append(page.Oversells, front.Oversell{Code: "OVER-" + fmt.Sprint(i), Name: long, Units: 80995, Shop: "楽天本店", Document: shout, At: ago(float64(i) * 1e6)})
		}
		for i, kind := range []channel.ErrorKind{channel.Auth, channel.Maintenance, channel.Throttled} {
			words := p.Lang.TroubleOf(kind)
			page.Troubles = append(page.Troubles, front.Trouble{ShopID: int64(i + 1), Shop: malls[i], Tone: ui.Bad, What: words.What, Next: words.Next, Code: "GA0001", Message: "Un-Authorised " + shout, Since: ago(4000)})
		}
		page.Orders = []front.Order{{Shop: shout, Number: strings.Repeat("9", 60), PlacedAt: ago(1e8), Problems: []string{long, shout}, LateCancel: 1234567}}
	}
	page.Answer = front.Judge(p.Lang, page.Counts)
	return page
}

func stockPage(p ui.Page, data string) *stocklist.Page {
	p.Title, p.Section, p.Live = p.T("在庫"), ui.SectionStock, ""
	page := &stocklist.Page{Page: p, Total: 2841, Next: "next-place"}
	switch data {
	case "empty":
		page.Total, page.Next = 0, ""
		return page
	case "nothing_found":
		page.Query = stocklist.Query{Filter: filter.Filter{Text: "ｿｲｷｬﾝﾄﾞﾙ " + shout, Show: store.ShowOut, Value: "赤"}}
		page.Total, page.Next = 0, ""
		return page
	}
	names, rows := malls, 40
	if data == "extreme" {
		names, page.Total, page.More = nil, 10_000, true
		for i := range 12 {
			names = append(names, fmt.Sprintf("%s 第%d支店", malls[i%4], i+1))
		}
	}
	for i, name := range names {
		s := stocklist.Shop{ID: int64(i + 1), Name: name, Mode: ui.InLine}
		if i == 3 {
			s.Mode = ui.Rehearsing
		}
		page.Shops = append(page.Shops, s)
	}
	for i := range rows {
		g := catalogue[i%len(catalogue)]
		r := stocklist.Row{Code: g.code, Name: g.name, OnHand: int64((i*37)%140 + 2), Committed: int64(i % 5), Secured: int64(i % 7 / 6 * 2)}
		if i >= len(catalogue) {
			r.Code += fmt.Sprintf("-%02d", i/len(catalogue))
		}
		if i == 6 {
			r.OnHand, r.Committed = 1, 3
		}
		if data == "extreme" {
			r.Name = strings.Repeat("長い名前", 30) + shout
			r.OnHand, r.Committed = 999999999, -123456789
			if i%2 == 1 {
				r.OnHand, r.Code = -80995, strings.Repeat("ＷＩＤＥ", 12)+fmt.Sprint(i)
			}
		}
		r.Available = r.OnHand - r.Committed
		if i == 10 {
			r.Sellable = &stock.Unlimited
		}
		for k := range names {
			t := stock.Units(r.Available - r.Secured)
			c := stocklist.Cell{State: ui.InLine, Shown: &t, Target: &t, Since: ago(12)}
			n, _ := t.Units()
			switch {
			case k == 3:
				c.State, c.Shown = ui.Rehearsing, q(n+4)
			case i == 1 && k == 0, i == 6 && k == 2:
				c.State, c.Shown = ui.Behind, q(n+2)
			case i == 2 && k == 1:
				c.State, c.Shown = ui.Sending, q(n+1)
			case i == 4 && k == 2:
				c.State, c.Shown = ui.Uncertain, nil
			case i == 8 && k == 1:
				c.State, c.Shown = ui.Failing, q(n+9)
			case (i+k)%9 == 0:
				c = stocklist.Cell{State: ui.NotListed}
			}
			if i == 3 && k == 0 {
				c.More = 2
			}
			r.Cells = append(r.Cells, c)
		}
		page.Rows = append(page.Rows, r)
	}
	return page
}

func setupPage(p ui.Page, data string) *account.SetupPage {
	p.Title, p.User, p.Tenant = p.T("soroi をはじめる"), "", ""
	page := &account.SetupPage{Page: p}
	if data == "refused" {
		page.Form = account.SetupForm{Company: "花霞商店", Name: shout, Login: "hana@example.jp"}
		page.Wrong = ui.FieldErrors{"password": p.T("10文字以上。長い文でもかまいません。"), "name": p.T("入力してください。")}
	}
	return page
}

func signinPage(p ui.Page, data string) *account.SigninPage {
	p.Title, p.User, p.Tenant = p.T("サインイン"), "", ""
	page := &account.SigninPage{Page: p, Back: "/stock"}
	if data == "refused" {
		page.Login = shout
		page.Wrong = ui.FieldErrors{"": p.T("入力してください。")}
	}
	return page
}
