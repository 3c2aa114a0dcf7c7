package report

import (
	"context"
	"fmt"
	"html/template"
	"strconv"
	"strings"

	"soroi/internal/exchange"
	"soroi/internal/mail"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// wording is what letters say, in one language.
type wording struct {
	try, subject, counts, none, more, open, attached, large, other, foot string
	heads                                                                []string
}

var words = map[exchange.Language]wording{
	exchange.Japanese: {
		try: "【テスト】", subject: "在庫割れ・発注点割れ「%s」%s SKU（%s）", counts: "%s SKU（うち在庫割れ %s）", none: "該当する SKU はありません。", more: "ここに載せたのは最初の %d 件です。",
		open: "画面で開く:", attached: "全件を CSV で添付しています。", large: "全件の CSV は大きすぎて添付できません。画面から書き出してください。",
		other: "ご指定の文字コードでは書けないコードがあるため、UTF-8 で添付しています。", foot: "この事前設定の毎日の送信を止めるには、画面でこの事前設定を開き「毎日送る」を変更してください。",
		heads: []string{"コード", "商品名", "論理在庫", "入荷予定", "発注点", "不足数"},
	},
	exchange.English: {
		try: "[Test] ", subject: "To reorder “%s”: %s SKUs (%s)", counts: "%s SKUs, %s of them out of stock", none: "There is nothing in this view.", more: "These are the first %d rows.",
		open: "Open the screen:", attached: "All rows are in the attached CSV file.", large: "The CSV file of all rows is too large to be attached. Write it out on the screen.",
		other: "A code cannot be written in the chosen encoding; the file is in UTF-8.", foot: "To stop this daily mail, open the view on the screen and change “Send every day”.",
		heads: []string{"Code", "Name", "Available", "Inbound", "Reorder point", "Shortfall"},
	},
}

func language(v store.View) exchange.Language {
	if v.Report != nil && v.Report.Language == string(exchange.English) {
		return exchange.English
	}
	return exchange.Japanese
}

// letterPage is the letter for readers of HTML. Mail programs know little of style: it has a plain table.
var letterPage = template.Must(template.New("letter").Parse(`<!doctype html><html lang="{{.Lang}}"><head><meta charset="utf-8"><title>{{.Name}}</title></head><body style="font-family:sans-serif">
<h1 style="font-size:1.2em">{{.Name}}</h1><p>{{.Counts}}</p>
{{if .Rows}}<table style="border-collapse:collapse"><thead><tr>{{range .Heads}}<th style="border-bottom:1px solid #888;padding:4px 8px;text-align:left">{{.}}</th>{{end}}</tr></thead><tbody>
{{range .Rows}}<tr>{{range $i, $cell := .}}<td style="border-bottom:1px solid #ddd;padding:4px 8px{{if gt $i 1}};text-align:right{{end}}">{{$cell}}</td>{{end}}</tr>
{{end}}</tbody></table>{{end}}
{{range .Notes}}<p>{{.}}</p>{{end}}
<p>{{.Open}} <a href="{{.URL}}">{{.URL}}</a></p><p style="color:#666">{{.Foot}}</p></body></html>
`))

// letter writes what a view finds for people, with all of it as a file.
func (d *Daily) letter(ctx context.Context, tenant stock.TenantID, v store.View, c found) (mail.Letter, error) {
	w, count := words[language(v)], c.page.SKUs
	page := struct {
		Lang, Name, Counts, Open, URL, Foot string
		Heads, Notes                        []string
		Rows                                [][]string
	}{Lang: string(language(v)), Name: v.Name, Counts: fmt.Sprintf(w.counts, grouped(count), grouped(c.page.Out)), Open: w.open, URL: c.event.URL, Foot: w.foot, Heads: w.heads}
	for _, r := range c.page.Rows {
		point := "–"
		if r.Reorder.Set {
			point = grouped(r.Reorder.Units)
		}
		page.Rows = append(page.Rows, []string{r.Code, r.Name, grouped(r.Available), grouped(r.Inbound), point, grouped(r.Shortfall)})
	}
	l := mail.Letter{ID: fmt.Sprintf("view.%d.%d.%s", tenant, v.ID, c.event.Day), To: strings.Split(v.Report.Recipients, ","),
		Subject: fmt.Sprintf(w.subject, v.Name, grouped(count), c.event.Day)}
	switch {
	case len(page.Rows) == 0:
		page.Notes = append(page.Notes, w.none)
	default:
		if c.event.More {
			page.Notes = append(page.Notes, fmt.Sprintf(w.more, len(page.Rows)))
		}
		content, encoding, err := d.file(ctx, tenant, v, c)
		switch {
		case err != nil:
			return l, err
		case content == nil:
			page.Notes = append(page.Notes, w.large)
		default:
			page.Notes = append(page.Notes, w.attached)
			if string(encoding) != v.Report.Encoding {
				page.Notes = append(page.Notes, w.other)
			}
			// No charset: the file may be UTF-16 or Shift_JIS, and its bytes are to arrive as they are.
			l.Files = []mail.File{{Name: "low-" + c.event.Day + ".csv", Type: "text/csv", Content: content}}
		}
	}
	var text, html strings.Builder
	fmt.Fprintf(&text, "%s\n%s\n\n", page.Name, page.Counts)
	if len(page.Rows) > 0 {
		fmt.Fprintln(&text, strings.Join(page.Heads, " | "))
		for _, row := range page.Rows {
			fmt.Fprintln(&text, strings.Join(row, " | "))
		}
		fmt.Fprintln(&text)
	}
	fmt.Fprintf(&text, "%s\n\n%s %s\n\n%s\n", strings.Join(page.Notes, "\n"), page.Open, page.URL, page.Foot)
	err := letterPage.Execute(&html, page)
	l.Text, l.HTML = text.String(), html.String()
	return l, err
}

// grouped is a number with commas.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
