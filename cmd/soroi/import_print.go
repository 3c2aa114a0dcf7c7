package main

import (
	"fmt"
	"io"
	"strings"

	"soroi/internal/exchange"
	"soroi/internal/importer"
	"soroi/internal/store"
)

// shownFindings is how many findings are printed; the receipt has them all.
const shownFindings = 20

// print writes what became of every column and row, and the totals before and after.
func (f *importFlags) print(w io.Writer, job store.Import) error {
	r, err := importer.ReceiptOf(job)
	if err != nil || r == nil {
		return err
	}
	say := func(japanese, english string, args ...any) { fmt.Fprintln(w, f.say(japanese, english, args...)) }
	format, _ := exchange.FindFormat(job.Kind)
	what := format.Title.In(f.lang())
	if title := r.LayoutTitle.In(f.lang()); title != "" {
		what = title
	}
	say("取込 %d：%s（%s、%s。%s）", "Import %d: %s (%s, %s; %s)", job.ID, job.FileName, what, r.File.Detection.Encoding.Name(), r.File.Detection.Why.Sentence(f.lang()))
	say("列", "Columns")
	for _, c := range r.Columns {
		header := c.Header
		if header == "" {
			header = f.say("（%d列目）", "(column %d)", c.Position)
		}
		if c.Key == "" {
			say("  %s：使いません。%s", "  %s: not used. %s", header, c.Sentence(f.lang()))
			continue
		}
		fmt.Fprintf(w, "  %s → %s\n", header, fieldName(format, c.Key, f.lang()))
	}
	say("行 %d：使う %d、無視 %d、使えない %d（使うが注意 %d）", "Rows %d: used %d, ignored %d, refused %d (used with a remark %d)",
		r.Rows.Read, r.Rows.Used, r.Rows.Ignored, r.Rows.Refused, r.Rows.Noted)
	for i, p := range r.Findings {
		if i == shownFindings {
			break
		}
		place := f.say("%d行目", "line %d", p.Line)
		if p.Header != "" {
			place += " " + p.Header
		}
		fmt.Fprintf(w, "  %s: %s\n", place, strings.TrimSpace(p.Sentence(f.lang())+" "+p.Next(f.lang())))
	}
	if more := int64(len(r.Findings)) + r.More - shownFindings; more > 0 {
		say("  ほか %d件。--receipt FILE.json にすべて書き出します。", "  and %d more; --receipt FILE.json writes them all.", more)
	}
	if job.Kind == exchange.Stock.Name {
		say("在庫数の合計：前 %d → 後 %d（%+d）", "Total on hand: before %d, after %d (%+d)", job.UnitsBefore, job.UnitsAfter, job.UnitsAfter-job.UnitsBefore)
	}
	say("変わる行 %d、もともと同じ行 %d", "Rows that change something %d, that are so already %d", job.Changing, job.Staged-job.Changing)
	return nil
}

// fieldName is how people call a field of a format or of one of its layouts.
func fieldName(format exchange.Info, key string, lang exchange.Language) string {
	lists := [][]exchange.Field{format.Fields}
	for _, l := range format.Layouts {
		lists = append(lists, l.Fields)
	}
	for _, fields := range lists {
		for _, field := range fields {
			if field.Key == key {
				return exchange.Words{JA: field.Header, EN: field.English}.In(lang)
			}
		}
	}
	return key
}
