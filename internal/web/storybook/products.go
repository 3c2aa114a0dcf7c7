package storybook

import (
	"fmt"
	"strconv"
	"strings"

	"soroi/internal/stock"
	"soroi/internal/web/products"
	"soroi/internal/web/ui"
)

func productsPage(p ui.Page, data string) *products.ListPage {
	p.Title, p.Section = p.T("商品"), ui.SectionProducts
	page := &products.ListPage{Page: p}
	switch data {
	case "empty":
		return page
	case "nothing_found":
		page.Text = "ない商品"
		return page
	}
	for i, g := range catalogue {
		row := products.ListRow{Code: g.code, Name: g.name, Options: p.T("カラー") + " × " + p.T("サイズ"), SKUs: int64(i*7%23 + 1), Available: int64(i * i * 31 % 900), Archived: i == 5}
		if i%4 == 1 {
			row.Out, row.Low = 2, 3
		} else if i%4 == 2 {
			row.Low = 1
		}
		if data == "extreme" {
			row.Code, row.Name, row.Options, row.Available = strings.Repeat("9", 60), strings.Repeat("とても長い商品名", 20), strings.Repeat("属性", 20), -1_234_567_890
		}
		page.Rows = append(page.Rows, row)
	}
	page.Next = "x"
	return page
}

// productPage is a product in colours and sizes.
func productPage(p ui.Page, data string) *products.Product {
	p.Title, p.Section = "TS-001", ui.SectionProducts
	page := &products.Product{Page: p, Axes: products.Axes{0, 1, 2}, Layouts: []products.Choice{{Value: "123", Label: p.T("縦 %s × 横 %s", p.T("カラー"), p.T("サイズ"))}, {Value: "213", Label: p.T("縦 %s × 横 %s", p.T("サイズ"), p.T("カラー"))}}, Code: "TS-001", Name: "オーガニックコットンTシャツ", Layer: products.Available, Form: products.GridForm{Key: "k", Mode: stock.Set},
		Entry: products.Entry{Code: "TS-001", Name: "オーガニックコットンTシャツ", Options: [3]string{p.T("カラー"), p.T("サイズ"), ""}}, Matrix: products.Matrix{Template: "{product}-{1}-{2}"}, Wrong: ui.FieldErrors{}}
	switch data {
	case "edit", "refused", "saved":
		page.Layer = products.OnHand
		if data == "saved" {
			page.Undo, page.Undone = "1z.12~2a.3", 2
		}
	case "secured":
		page.Layer = products.Secured
	}
	for _, l := range []products.LayerTab{{Layer: products.Available, Label: p.T("論理在庫")}, {Layer: products.OnHand, Label: p.T("実在庫を変える")}, {Layer: products.Secured, Label: p.T("確保在庫")}, {Layer: products.Reorder, Label: p.T("発注点")}} {
		l.Chosen = l.Layer == page.Layer
		page.Layers = append(page.Layers, l)
	}
	for i, m := range malls {
		page.Layers = append(page.Layers, products.LayerTab{Layer: products.Layer("shop-" + strconv.Itoa(i+1)), Label: m})
	}
	if data == "empty" {
		return page
	}
	colours, across := []string{"黒", "白", "ネイビー", "チャコールグレー", "ベージュ", "カーキ", "赤", "青", "黄", "緑", "紫", "桜色"}, []string{"SS", "S", "M", "L", "LL", "3L", "4L", "5L", "6L"}
	table := products.Table{Columns: across}
	for i, c := range colours {
		row := products.Row{Label: c}
		for j := range across {
			n := i*37 + j*13 - 9
			cell := products.Cell{SKU: int64(i*100 + j + 1), Code: fmt.Sprintf("TS-001-%d-%s", i+1, across[j]), Value: ui.Number(int64(n)), Was: strconv.Itoa(n), Link: "/sku?code=x", At: fmt.Sprintf("0.%d.%d", i, j)}
			switch {
			case (i+j)%11 == 10:
				cell = products.Cell{}
			case n <= 0:
				cell.Tone = ui.Bad
			case n < 20:
				cell.Tone = ui.Warn
			}
			if page.Layer.Edits() {
				cell.Value = cell.Was
			}
			if page.Layer == products.Secured {
				cell.Value, cell.Was, cell.Hint = "", "", "10%"
			}
			if data == "refused" && i == 2 && j == 3 {
				cell.Value, cell.Wrong = shout, p.T("入力中に %s から %s に変わりました。よければもう一度保存してください。", "103", "102")
			}
			row.Cells = append(row.Cells, cell)
		}
		table.Rows = append(table.Rows, row)
	}
	page.Grid = products.Grid{Down: p.T("カラー"), Across: p.T("サイズ"), Tables: []products.Table{table}}
	switch data {
	case "refused":
		page.Wrong = ui.FieldErrors{"grid": p.T("%s：%s", "TS-001-3-L", "…"), "reason": p.T("理由を入力してください。履歴に残ります。"), "code": p.Lang.CatalogSentence(&stock.CatalogError{Code: "taken"}), "archived": p.Lang.CatalogSentence(&stock.CatalogError{Code: "claims"})}
	case "look":
		page.Matrix = products.Matrix{Open: true, Template: "{product}-{1}-{2}", Values: [3]string{"桃色、水色", "S、M"}, Skipped: 3, Look: []products.NewSKU{
			{Options: [3]string{"桃色", "S"}, Label: "桃色 / S", Code: "TS-001-桃色-S"}, {Options: [3]string{"桃色", "M"}, Label: "桃色 / M", Code: "TS-001", Wrong: p.Lang.CatalogSentence(&stock.CatalogError{Code: "taken"})}}}
		page.Wrong["matrix"] = p.T("登録できないコードがあります。直してから登録してください。")
	case "loose":
		page.Grid.Tables = []products.Table{{Columns: []string{""}}}
		for i := range 60 {
			page.Grid.Tables[0].Rows = append(page.Grid.Tables[0].Rows, products.Row{Label: strings.Repeat("とても長い名前", 5), Code: fmt.Sprintf("TS-%03d", i), Cells: []products.Cell{{SKU: int64(i + 1), Value: ui.Number(int64(i * 1000))}}})
		}
	}
	return page
}

func skuEntryPage(p ui.Page, data string) *products.SKU {
	p.Title, p.Section = p.T("SKU の登録内容"), ui.SectionProducts
	page := &products.SKU{Page: p, Product: "TS-001", Names: [3]string{p.T("カラー"), p.T("サイズ"), ""}, Code: "TS-001-1-M", Wrong: ui.FieldErrors{},
		Form: products.SKUForm{Code: "TS-001-1-M", Name: "オーガニックコットンTシャツ 黒 M", Product: "TS-001", Options: [3]string{"黒", "M", ""}, JANs: "4901234567894", Codes: "ts1-black-m\nTS001BM"}}
	if data == "refused" {
		page.Form.JANs = shout
		for field, code := range map[string]string{"code": "taken", "codes": "jan_check", "archived": "claims", "option1": "no_option", "product": "missing"} {
			page.Wrong[field] = p.Lang.CatalogSentence(&stock.CatalogError{Code: code})
		}
	}
	return page
}

func newProductPage(p ui.Page) *products.New {
	p.Title, p.Section = p.T("商品を登録する"), ui.SectionProducts
	return &products.New{Page: p, Entry: products.Entry{Options: [3]string{p.T("カラー"), p.T("サイズ"), ""}}, Wrong: ui.FieldErrors{}}
}
