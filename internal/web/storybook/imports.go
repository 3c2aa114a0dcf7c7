package storybook

import (
	"soroi/internal/exchange"
	"soroi/internal/importer"
	"soroi/internal/store"
	"soroi/internal/web/imports"
	"soroi/internal/web/ui"
)

func (b *Book) addImports(v imports.Views) {
	for _, data := range []string{"full", "empty", "refused", "extreme"} {
		b.add("imports/"+data, v.List, func(p ui.Page) ui.Framed { return importsPage(p, data) })
	}
	for _, data := range []string{"full", "like", "refused", "broken", "extreme"} {
		b.add("columns/"+data, v.Columns, func(p ui.Page) ui.Framed { return columnsPage(p, data) })
	}
}

func importsPage(p ui.Page, data string) *imports.List {
	p.Title, p.Section = p.T("取込"), ui.SectionImports
	page := &imports.List{Page: p, Kinds: exchange.Formats(), Kind: exchange.Stock.Name, Wrong: ui.FieldErrors{}}
	if data == "empty" {
		return page
	}
	name := "在庫_20261123.csv"
	if data == "extreme" {
		name = shout + "_とても長い名前のファイル_とても長い名前のファイル_とても長い名前のファイル.csv"
	}
	lang := exchange.Language(p.Lang)
	for i, state := range []store.ImportState{store.ImportChecked, store.ImportApplied, store.ImportUndone, store.ImportRefused, store.ImportApplying} {
		page.Items = append(page.Items, imports.Item{Import: store.Import{ID: store.ImportID(9 - i), Kind: "stock", FileName: name, State: state, Staged: int64(48210 >> i), Refused: int64(i * 7),
			Actor: "佐藤 花", CreatedAt: ago(float64(i) * 7200)}, Lang: lang})
	}
	page.Mappings = []importer.Mapping{
		{Mapping: exchange.Mapping{Format: "stock", Columns: []exchange.MappedColumn{{Header: "品番", Key: "code"}, {Header: "棚にある数", Key: "units"}}}, ImportMapping: store.ImportMapping{Name: "倉庫の棚卸表", Actor: "佐藤 花", ChangedAt: ago(86400)}},
		{Mapping: exchange.Mapping{Format: "link", Columns: []exchange.MappedColumn{{Header: "出品番号", Key: "listing"}, {Header: "自社品番", Key: "code"}}, Constants: []exchange.MappedConstant{{Key: "shop", Value: "楽天本店"}}},
			ImportMapping: store.ImportMapping{Name: "楽天の紐付け", Actor: "鈴木 月", ChangedAt: ago(864000)}},
	}
	if data == "refused" {
		page.Wrong["file"] = "請求書.pdf: " + (&exchange.Problem{Code: exchange.FileNotTable, Hint: "PDF"}).Sentence(lang)
		page.Columns = true
	}
	return page
}

func columnsPage(p ui.Page, data string) *imports.Columns {
	p.Title, p.Section = p.T("列の対応"), ui.SectionImports
	page := &imports.Columns{Page: p, Upload: 12, FileName: "棚卸_11月.csv", Kinds: exchange.Formats(), Kind: exchange.Stock.Info(), Mode: "set", Name: "棚卸_11月", Wrong: ui.FieldErrors{},
		File: exchange.Detection{Encoding: exchange.CP932, Why: exchange.WhyValid, Sure: true}, How: imports.How{Kind: "stock"}}
	page.Why = (&exchange.Problem{Code: exchange.ColumnMissingNear, Header: "在庫数", Hint: "棚にある数"}).Sentence(page.L())
	page.Cols = []imports.Col{
		{N: 0, Header: "品", Samples: []string{"KZ-1001-NV-M", "KZ-1001-NV-L", "85123A"}, Key: "code"},
		{N: 1, Header: "品名", Samples: []string{"オーガニックコットン 長袖Tシャツ ネイビー M", "オーガニックコットン 長袖Tシャツ ネイビー L", "ホワイト ハート型 Tライトホルダー"}},
		{N: 2, Header: "棚にある数", Samples: []string{"１２", "3", ""}, Key: "units"},
		{N: 3, Header: "メモ", Samples: []string{"", "", "棚 3"}, Twice: true},
		{N: 4, Header: "", Samples: []string{"", "", ""}},
		{N: 5, Header: "メモ", Samples: []string{"", "", ""}, Twice: true},
	}
	for _, f := range page.Kind.Fields {
		page.Rest = append(page.Rest, imports.Constant{Field: f})
	}
	switch data {
	case "like":
		page.Like = &imports.Like{Name: "倉庫の棚卸表", Missing: []string{"棚の数"}, Further: []string{"棚にある数", "メモ"}}
		page.Name, page.Replace, page.Replaced = "倉庫の棚卸表", true, true
		page.Rest[3].Value = "main"
	case "refused":
		page.Why = ""
		page.Wrong["columns"], page.Wrong["name"] = p.T("列の選び方を直してください。"), p.T("この名前の対応がすでにあります。置き換えるときは、下のチェックを付けてください。")
		page.Cols[1].Key, page.Cols[1].Wrong = "code", p.T("「%s」と同じ項目です。どちらか一つにしてください。", "品")
		page.Replace = true
	case "broken":
		page.Broken, page.Cols = true, nil
		problem := &exchange.Problem{Code: exchange.HeaderMissing}
		page.Why, page.How.Line = problem.Sentence(page.L())+" "+problem.Next(page.L()), "99"
	case "extreme":
		page.FileName, page.Name = shout+"_とても長い名前のファイル_とても長い名前のファイル.xlsx", shout
		page.Sheets = []string{"Sheet1", "とても長い名前のシートとても長い名前のシート"}
		for i := range page.Cols {
			page.Cols[i].Samples = []string{"とても長い値とても長い値とても長い値とても長い値とても長い値", "VERYLONGVALUEWITHOUTANYSPACEVERYLONGVALUEWITHOUTANYSPACE", shout}
		}
	}
	return page
}
