package storybook

import (
	"soroi/internal/impact"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/bulk"
	"soroi/internal/web/stocktake"
	"soroi/internal/web/ui"
)

func take(name string) store.Stocktake {
	return store.Stocktake{ID: 7, Name: name, Place: "本倉庫", Blind: true, Picked: stock.TakenOff, Actor: "hana", CreatedAt: ago(90)}
}

func takesPage(p ui.Page, data string) *stocktake.List {
	p.Title, p.Section = p.T("棚卸"), ui.SectionStock
	page := &stocktake.List{Page: p}
	if data == "empty" {
		return page
	}
	closed := take(shout)
	closed.ClosedAt, closed.ClosedBy = ago(3), "hana"
	page.Items = []stocktake.Item{{Stocktake: take("春の棚卸"), Sums: store.StocktakeSums{Scope: 12041, Counted: 804, Waiting: 40, Uncounted: 11237, Posted: -37}},
		{Stocktake: closed, Sums: store.StocktakeSums{Scope: 3, Counted: 3, Approved: 3, Posted: 1204}}}
	page.Older, page.Paged = 3, true
	return page
}

func newTakePage(p ui.Page, data string) *stocktake.New {
	p.Title, p.Section = p.T("新しい棚卸"), ui.SectionStock
	page := &stocktake.New{Page: p, Target: bulk.Target{All: true, Back: "/stocktakes"}, Total: 12041, Places: []stocktake.Place{{Code: "main"}, {Code: "second"}}, Wrong: ui.FieldErrors{},
		Form: stocktake.NewForm{Key: "k", Name: "2026-04-01 の棚卸", Picked: stock.OnShelf, Blind: true}}
	page.Pickeds = stocktake.Pickeds(p.Lang, page.Form.Picked)
	if data == "refused" {
		page.Form.Name = shout
		page.Wrong = ui.FieldErrors{"name": p.Lang.StocktakeSentence("name_long", 0), "picked": p.Lang.StocktakeSentence("picked", 0)}
	}
	return page
}

func takePage(p ui.Page, data string) *stocktake.Show {
	p.Section = ui.SectionStock
	page := &stocktake.Show{Page: p, Stocktake: take("春の棚卸"), Which: p.T("すべての SKU"), Picked: p.T("すべて取り出してある"), Query: stocktake.Query{Show: store.LinesOpen}, Key: "k", Wrong: ui.FieldErrors{},
		Chosen: map[string]bool{}, Sums: store.StocktakeSums{Scope: 12041, Uncounted: 12041, Missing: 9011}}
	page.Title = page.Stocktake.Name
	if data == "empty" {
		return page
	}
	page.Sums = store.StocktakeSums{Scope: 12041, Counted: 804, Waiting: 40, Approved: 764, Asked: 2, Uncounted: 11237, Missing: 9011, Posted: -37}
	page.Lines = store.LineSums{Open: 6, Same: 34, Unsure: 2, Rests: 1, Up: 12, Down: 4013}
	page.Impact = impact.Impact{Changed: 12, Shops: []impact.Shop{{Name: "楽天本店", Changed: 12, Up: 3, Down: 9, ToZero: 2}, {Name: shout, Changed: 1, Down: 1}}}
	page.Uncounted = []store.Uncounted{{SKU: 5, Code: "KZ-9", Name: "風呂敷 藍", OnHand: 12}, {SKU: 6, Code: shout, Name: shout, OnHand: 1}}
	for i, line := range []store.StocktakeLine{
		{State: store.LineCounted, Variance: -4013, Delta: -4013, OnHand: 5000, Expected: 5000, Count: stock.Count{Units: 987}},
		{State: store.LineCounted, Variance: 3, Delta: 0, OnHand: 13, Expected: 10, Count: stock.Count{Units: 11, Rule: stock.TakenOff, Books: stock.Balance{OnHand: 10, Committed: 2}, Since: stock.Since{Corrected: 3}}},
		{State: store.LineCounted, Variance: -1, Delta: -1, OnHand: 4, Expected: 5, Between: 2, Count: stock.Count{Units: 4, Since: stock.Since{Moved: -1}}, Reason: shout},
		{State: store.LineAsked, Round: 2},
		{State: store.LineApproved, Variance: -2, OnHand: 8, Expected: 10, Delta: 1, Count: stock.Count{Units: 8, Posted: -2}, Reason: "紛失"},
		{State: store.LineLeft, Variance: -2, OnHand: 10, Expected: 10, Count: stock.Count{Units: 8}},
	} {
		goods := catalogue[i%len(catalogue)]
		line.SKU, line.Code, line.Name, line.Actor = stock.SKUID(i+1), goods.code, goods.name, "hana"
		if line.State != store.LineAsked {
			line.CountedAt = ago(12)
		}
		if i == 2 {
			line.Code, line.Name = shout, shout
		}
		page.Rows = append(page.Rows, stocktake.Row{StocktakeLine: line, Link: "/sku?code=" + goods.code})
	}
	page.Next = "next"
	switch data {
	case "refused":
		page.Rows[1].Wrong = p.Lang.StocktakeSentence("adjusted", 0)
		page.Chosen[page.Rows[1].Code] = true
		page.Reason = shout
		page.Wrong = ui.FieldErrors{"": p.T("反映できない行があるので、どれも反映していません。その行を直すか、選ばずにもう一度実行してください。"), "reason": p.T("理由は200文字までです。"),
			"close": p.Lang.StocktakeSentence("uncounted", 9011)}
	case "closed":
		page.Stocktake.ClosedAt, page.Stocktake.ClosedBy = ago(3), "hana"
	}
	return page
}

func countPage(p ui.Page, data string) *stocktake.Count {
	p.Title, p.Section = p.T("数える"), ui.SectionStock
	page := &stocktake.Count{Page: p, Stocktake: take("春の棚卸"), Key: "k", Units: "1", Panel: stocktake.Panel{Sums: store.StocktakeSums{Scope: 240, Counted: 37}}}
	panel := &page.Panel
	if data == "empty" {
		return page
	}
	panel.Last = []store.LastScan{{Key: "1", Code: "KZ-1001-RD", Name: "風呂敷 赤", Units: 1, Counted: 13}, {Key: "2", Code: shout, Name: shout, Units: 120, Sets: true, Counted: 120}}
	panel.Result, panel.Code, panel.Name, panel.Units, panel.Counted = stocktake.Taken, "KZ-1001-RD", "風呂敷 赤", 1, 13
	switch data {
	case "asked":
		page.Stocktake.Picked, page.Stocktake.Blind = stock.PickedAsked, false
		panel.Expected, panel.Committed, panel.Counted, panel.Code, panel.Name = 1204, 31, 1_000_000_000, shout, shout
	case "unknown":
		page.Code = shout
		panel.Result, panel.Sentence = stocktake.Unknown, p.T("「%s」の商品はありません。", shout)
	case "ambiguous":
		page.Code = "4901234567894"
		panel.Result, panel.Sentence = stocktake.Ambiguous, p.T("「%s」に当てはまる商品が複数あります。選んでください。", page.Code)
		panel.Candidates = []stocktake.Candidate{{Code: "KZ-1001-RD", Key: "k"}, {Code: "KZ-1001-BL", Key: "k"}}
	case "closed":
		page.Stocktake.ClosedAt = ago(3)
	}
	return page
}
