package storybook

import (
	"net/url"
	"strings"

	"soroi/internal/report"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/bulk"
	"soroi/internal/web/filter"
	"soroi/internal/web/low"
	"soroi/internal/web/ui"
)

func askPage(p ui.Page, data string) *bulk.Ask {
	p.Title, p.Section = p.T("確保在庫を変える"), ui.SectionStock
	page := &bulk.Ask{Page: p, Kind: bulk.Secured, Total: 11, Form: bulk.Form{Key: "k", Mode: "set", As: stock.InUnits}}
	page.Target = bulk.Target{Back: "/stock"}
	for i := range 11 {
		page.Target.Codes = append(page.Target.Codes, catalogue[i%len(catalogue)].code)
	}
	switch data {
	case "reorder":
		page.Title, page.Kind = p.T("発注点を変える"), bulk.Reorder
	case "refused":
		page.Form = bulk.Form{Key: "k", Mode: "add", N: shout, As: stock.InPercent, Reason: shout}
		page.Wrong = ui.FieldErrors{"n": p.Lang.TermsSentence(&stock.TermsError{Code: "number"}), "": p.T(ui.ErrForm.Text)}
	case "all":
		page.Target = bulk.Target{All: true, Back: "/stock", Filter: filter.Filter{Text: "ソイ " + shout, Show: store.ShowLow, Value: "赤", Product: "KZ-1001", Secured: store.SomeSecured}}
		page.Total = 12041
	}
	return page
}

func jobPage(p ui.Page, data string) *bulk.Job {
	p.Title, p.Section = p.T("一括処理"), ui.SectionStock
	page := &bulk.Job{Page: p, ID: 7, What: p.T("確保在庫を %s にする", "12"), Which: bulk.Target{All: true, Filter: filter.Filter{Show: store.ShowLow}}.Words(p.Lang),
		State: store.BulkState(data), Total: 120410, Seen: 48000, Changed: 41203, StartedAt: ago(12), Back: "/stock"}
	if data == "done" {
		page.Seen, page.Changed, page.Refused = page.Total, 119000, 37
	}
	return page
}

func csvPage(p ui.Page) *bulk.CSV {
	asked := askPage(p, "secured")
	asked.Title = p.T("CSV で書き出す")
	return &bulk.CSV{Page: asked.Page, Target: asked.Target, Total: asked.Total, Columns: ui.FileColumns(p.Lang, report.StockColumns(), nil), Encodings: ui.Encodings()}
}

func lowPage(p ui.Page, data string) *low.Page {
	p.Title, p.Section = p.T("在庫割れ・発注点割れ"), ui.SectionLow
	page := &low.Page{Page: p, Query: low.Read(nil), Options: []string{"カラー", "サイズ"}, Wrong: ui.FieldErrors{}}
	page.Views = []low.View{{ID: 1, Name: "春物の補充", Home: true}, {ID: 2, Name: "在庫割れだけ"}}
	switch data {
	case "empty":
		page.Views = nil
		return page
	case "nothing_found":
		page.Query = low.Read(url.Values{"q": {"ソイ " + shout}, "value": {"赤"}})
		return page
	case "products":
		page.Query.Group = store.ByProduct
		page.Views[1].Chosen = true
		page.View = &page.Views[1]
	case "colours":
		page.Query.Group, page.Query.Option = store.ByOption, "カラー"
	case "refused":
		page.Wrong["name"] = p.T("同じ名前の事前設定があります。別の名前にしてください。")
		page.Name = shout
	}
	page.SKUs, page.Out, page.Total, page.Next = 1284, 231, 1284, "next-place"
	for i := range 24 {
		g := catalogue[i%len(catalogue)]
		r := store.LowRow{Code: g.code, Name: g.name, SKUs: int64(i%4 + 1), Level: stock.Level(3 - i*3/24), Reorder: stock.PointAt(int64(10 + i%5))}
		r.Available, r.Inbound, r.Week, r.Month, r.Secured = int64(i/2-3), int64(i%3*12), int64(i*7%19), int64(i*7%19*3), int64(i%2)
		r.Shortfall = r.Reorder.Units - r.Available
		if i%6 == 5 {
			r.Reorder, r.Month, r.Week = stock.Point{}, 0, 0
		}
		if r.Level >= stock.LevelOut {
			r.Out = 1
		}
		if data == "colours" {
			r.Code, r.Name = "", []string{"ネイビー", "生成り", "黒", "赤", ""}[i%5]
			if i >= 5 {
				break
			}
		}
		if data == "extreme" {
			r.Code, r.Name = strings.Repeat("ＷＩＤＥ", 12), strings.Repeat("長い名前", 30)+shout
			r.Available, r.Shortfall, r.Month = -1_000_000_000, 2_000_000_000, 999_999_999
		}
		page.Add(r)
	}
	return page
}
