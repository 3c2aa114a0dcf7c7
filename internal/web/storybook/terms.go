package storybook

import (
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/bulk"
	"soroi/internal/web/filter"
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
