// Package imports is taking files in (取込): the list with the form, the choice of columns for a file of unknown ones, one file's receipt with what would change,
// and its undoing.
package imports

import (
	"embed"
	"fmt"
	"strings"
	"time"

	"soroi/internal/exchange"
	"soroi/internal/importer"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

//go:embed *.html
var files embed.FS

// Views are the templates of the pages.
type Views struct {
	List, Show, Undo, Columns *ui.Template
}

// Parse reads them.
func Parse(u *ui.UI) (v Views, err error) {
	if v.List, err = u.Parse(files, "list.html", "parts.html"); err != nil {
		return v, err
	}
	if v.Show, err = u.Parse(files, "show.html", "parts.html"); err != nil {
		return v, err
	}
	if v.Columns, err = u.Parse(files, "columns.html", "parts.html"); err != nil {
		return v, err
	}
	v.Undo, err = u.Parse(files, "undo.html", "parts.html")
	return v, err
}

// List is the page of all imports.
type List struct {
	ui.Page
	Kinds []exchange.Info
	Kind  string // that is chosen in the form
	Mode  string
	// Columns: the person wants to choose the columns in any case.
	Columns  bool
	Mappings []importer.Mapping
	Wrong    ui.FieldErrors
	Items    []Item
	Older    store.ImportID // Before of the next page; 0 at the end
	Paged    bool
}

// KindOf names the kind of a mapping.
func (l *List) KindOf(name string) string {
	format, _ := exchange.FindFormat(name)
	return format.Title.In(exchange.Language(l.Lang))
}

// Uses says which of a mapping's headers is which field.
func (l *List) Uses(m importer.Mapping) string {
	format, _ := exchange.FindFormat(m.Format)
	var list []string
	for _, f := range format.Fields {
		for _, c := range m.Columns {
			if c.Key == f.Key {
				list = append(list, c.Header+" → "+exchange.Words{JA: f.Header, EN: f.English}.In(exchange.Language(l.Lang)))
			}
		}
		for _, c := range m.Constants {
			if c.Key == f.Key {
				list = append(list, l.T("すべて「%s」", c.Value)+" → "+exchange.Words{JA: f.Header, EN: f.English}.In(exchange.Language(l.Lang)))
			}
		}
	}
	return strings.Join(list, l.T("、"))
}

// Item is an import in words.
type Item struct {
	store.Import
	Lang exchange.Language
}

// KindTitle names the kind.
func (i Item) KindTitle() string {
	format, _ := exchange.FindFormat(i.Kind)
	return format.Title.In(i.Lang)
}

// Words is the state.
func (i Item) Words() string { return importer.StateWords(i.State).In(i.Lang) }

// Tone is the state's colour.
func (i Item) Tone() ui.Tone {
	switch i.State {
	case store.ImportApplied:
		return ui.Good
	case store.ImportChecked:
		return ui.Warn
	case store.ImportRefused:
		return ui.Bad
	case store.ImportChecking, store.ImportApplying, store.ImportCancelling, store.ImportUndoing:
		return ui.Busy
	}
	return ui.Quiet
}

// Stock tells whether the file is about numbers on hand.
func (i Item) Stock() bool { return i.Kind == exchange.Stock.Name }

// Done and All say how far a busy import is; while checking in bytes, else in rows.
func (i Item) Done() int64 {
	switch i.State {
	case store.ImportChecking:
		return i.BytesRead
	case store.ImportApplying:
		return i.Applied
	}
	return i.Undone + i.Kept
}

// All is the whole of what Done counts.
func (i Item) All() int64 {
	switch i.State {
	case store.ImportChecking:
		return max(i.Bytes, 1)
	case store.ImportApplying:
		return max(i.Staged, 1)
	}
	return max(i.Applied, 1)
}

// Rows is how many rows are done.
func (i Item) Rows() int64 {
	if i.State == store.ImportChecking {
		return i.RowsRead
	}
	return i.Done()
}

// Show is the page of one import.
type Show struct {
	ui.Page
	Item
	Now      time.Time
	Receipt  *importer.Receipt
	Problem  *exchange.Problem // why the file cannot be used
	Earlier  []store.Import    // the same file, applied before
	Findings []Finding
	Found    int64 // Number of the last finding of the page before
	MoreF    int64 // where the next page begins; 0 at the end
	Filter   store.ImportShow
	Diff     []Row
	After    int64
	MoreD    int64
	Wrong    ui.FieldErrors
}

// Frame is the page's.
func (p *Show) Frame() *ui.Page { return &p.Page }

// L is the language of exchange's sentences.
func (p *Show) L() exchange.Language { return exchange.Language(p.Page.Lang) }

// Row is one usable row.
type Row struct{ store.ImportRow }

// Moves is what the row does to on hand.
func (r Row) Moves() int64 { return r.After - r.Before }

// Finding is one finding in words.
type Finding struct {
	*exchange.Problem
	What, Next string
	Tone       ui.Tone
	Fate       string
}

// Pace says how fast the import goes and how long it takes, "" while that is not known.
func (p *Show) Pace() string {
	begun := p.StartedAt
	if p.State == store.ImportChecking {
		begun = p.CreatedAt
	}
	if p.State != store.ImportChecking && p.State != store.ImportApplying || p.Rows() == 0 {
		return ""
	}
	elapsed := p.Now.Sub(begun).Seconds()
	if elapsed < 1 {
		return ""
	}
	words := p.T("%s行/秒", ui.Number(int64(float64(p.Rows())/elapsed)))
	if left := importer.Remaining(p.Done(), p.All(), elapsed); left > 0 {
		words += p.T("、残り約%s", p.Page.Lang.Lag(time.Duration(left*float64(time.Second))))
	}
	return words
}

// Tab is one filter of the rows.
type Tab struct {
	Show  store.ImportShow
	Label string
}

// Tabs are the filters that make sense for the kind.
func (p *Show) Tabs() []Tab {
	list := []Tab{{store.ImportAll, p.T("すべての行")}, {store.ImportChanging, p.T("変わる行")}}
	if p.Stock() {
		list = append(list, Tab{store.ImportUp, p.T("増える")}, Tab{store.ImportDown, p.T("減る")}, Tab{store.ImportToZero, p.T("ゼロになる")})
	}
	if p.Kept > 0 {
		list = append(list, Tab{store.ImportKept, p.T("戻せなかった")})
	}
	return list
}

// Field is how a field of the kind is called.
func (p *Show) Field(key string) string {
	format, _ := exchange.FindFormat(p.Kind)
	lists := [][]exchange.Field{format.Fields}
	for _, l := range format.Layouts {
		lists = append(lists, l.Fields)
	}
	for _, fields := range lists {
		for _, f := range fields {
			if f.Key == key {
				return exchange.Words{JA: f.Header, EN: f.English}.In(p.L())
			}
		}
	}
	return key
}

// ModeWords names a mode.
func (p *Show) ModeWords(mode string) string {
	return p.T(map[string]string{"set": "上書き", "add": "加算", "subtract": "減算"}[mode])
}

// Same is how many usable rows change nothing.
func (p *Show) Same() int64 { return p.Staged - p.Changing }

// UnitsDelta is what the import adds to all stock.
func (p *Show) UnitsDelta() int64 { return p.UnitsAfter - p.UnitsBefore }

// Ended says in words how the import ended.
func (p *Show) Ended() ui.Notice {
	switch p.State {
	case store.ImportApplied:
		return ui.Notice{Tone: ui.Good, Text: p.T("%s行を反映しました。各店舗へ順に反映します。", ui.Number(p.Applied))}
	case store.ImportUndone:
		if p.Kept > 0 {
			return ui.Notice{Tone: ui.Warn, Text: p.T("%s行を元に戻しました。あとから数が変わった%s行は、そのまま残しました。", ui.Number(p.Undone), ui.Number(p.Kept))}
		}
		return ui.Notice{Tone: ui.Good, Text: p.T("%s行を元に戻しました。", ui.Number(p.Undone))}
	case store.ImportCancelled:
		if p.Failure != "" {
			return ui.Notice{Tone: ui.Bad, Text: p.T("途中で反映できない行があったため、反映した分をすべて元に戻しました。もう一度ファイルを取り込んで、何が変わるか確かめてください。（%s）", p.Failure)}
		}
		return ui.Notice{Tone: ui.Warn, Text: p.T("取り消しました。反映した分はすべて元に戻しました。")}
	case store.ImportDiscarded:
		if strings.HasPrefix(p.Failure, "the process") || strings.HasPrefix(p.Failure, "checking broke off") {
			return ui.Notice{Tone: ui.Bad, Text: p.T("確認の途中で止まりました。何も変えていません。もう一度ファイルを送ってください。")}
		}
		return ui.Notice{Tone: ui.Quiet, Text: p.T("反映せずに終わりました。何も変えていません。")}
	case store.ImportRefused:
		if p.Problem == nil {
			return ui.Notice{Tone: ui.Bad, Text: p.T("使える行がありません。何も変えていません。下の理由を見て直し、もう一度取り込んでください。")}
		}
		return ui.Notice{Tone: ui.Bad, Text: p.Problem.Sentence(p.L()) + " " + p.Problem.Next(p.L())}
	}
	return ui.Notice{}
}

// Undo is the page before an import is undone.
type Undo struct {
	ui.Page
	Item
	Unsafe []store.ImportRow // the first of them
	More   bool
}

// Frame is the page's.
func (p *Undo) Frame() *ui.Page { return &p.Page }

// address is the page of an import.
func address(id store.ImportID) string { return fmt.Sprintf("/imports/%d", id) }
