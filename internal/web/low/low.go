package low

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"soroi/internal/exchange"
	"soroi/internal/report"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// List is the name of this list among those that have saved views.
const List = "low"

// Screen serves the list.
type Screen struct {
	ui       *ui.UI
	db       *store.DB
	cookies  ui.Cookies
	daily    *report.Daily
	template *ui.Template
	report   *ui.Template
}

// New makes it.
func New(u *ui.UI, db *store.DB, daily *report.Daily, c ui.Cookies) (*Screen, error) {
	t, err := Parse(u)
	if err != nil {
		return nil, err
	}
	sent, err := ParseReport(u)
	return &Screen{ui: u, db: db, daily: daily, cookies: c, template: t, report: sent}, err
}

const pageRows = 100

// mostOptions bounds the options by which rows can be summed up.
const mostOptions = 30

// Show is GET /low.
func (s *Screen) Show(w http.ResponseWriter, r *http.Request) error {
	page, err := s.page(r, r.URL.Query())
	if err != nil {
		return err
	}
	return s.template.Page(w, http.StatusOK, page)
}

// Rows is the table alone.
func (s *Screen) Rows(w http.ResponseWriter, r *http.Request) error {
	page, err := s.page(r, r.URL.Query())
	if err != nil {
		return err
	}
	return s.template.Fragment(w, "rows", page)
}

// begin is the page with its query and its views: the home view where nothing was asked for, a view where nothing else was.
func (s *Screen) begin(r *http.Request, v url.Values) (*Page, error) {
	page := &Page{Page: ui.FrameOf(r, ui.SectionLow, "在庫割れ・発注点割れ"), Wrong: ui.FieldErrors{}}
	views, err := s.db.ListViews(r.Context(), page.TenantID, List)
	if err != nil {
		return nil, err
	}
	wanted, _ := strconv.ParseInt(v.Get("view"), 10, 64) // 0 is none
	for _, saved := range views {
		view := View{ID: saved.ID, Name: saved.Name, Home: saved.Home, saved: saved.Query, Sent: saved.Report != nil, Failed: saved.Report != nil && saved.Report.Failure != ""}
		if view.Chosen = int64(saved.ID) == wanted || len(v) == 0 && saved.Home; view.Chosen {
			page.View = &view
		}
		page.Views = append(page.Views, view)
	}
	if page.View != nil && (len(v) == 0 || len(v) == 1 && v.Has("view")) {
		if v, err = url.ParseQuery(page.View.saved); err != nil {
			return nil, fmt.Errorf("view %d: %w", page.View.ID, err)
		}
	}
	page.Query = Read(v)
	page.Query.View = 0
	if page.View != nil {
		page.Query.View, page.Name = page.View.ID, page.View.Name
	}
	return page, nil
}

func (s *Screen) page(r *http.Request, v url.Values) (*Page, error) {
	page, err := s.begin(r, v)
	if err != nil {
		return nil, err
	}
	return page, s.fill(r, page)
}

func (s *Screen) fill(r *http.Request, page *Page) error {
	q := page.Query.Low()
	q.After, q.Limit = page.Query.After, pageRows
	list, err := s.db.ListLow(r.Context(), page.TenantID, q)
	if errors.Is(err, store.ErrPlace) {
		return ui.ErrMissing
	}
	if err != nil {
		return err
	}
	if page.Options, err = s.db.OptionNames(r.Context(), page.TenantID, mostOptions); err != nil {
		return err
	}
	page.Total, page.SKUs, page.Out, page.Next = list.Total, list.SKUs, list.Out, list.Next
	for _, row := range list.Rows {
		page.Add(row)
	}
	return nil
}

// Add adds a row of the books to the list.
func (p *Page) Add(r store.LowRow) {
	row := Row{Code: r.Code, Name: r.Name, SKUs: r.SKUs, Out: r.Out, Level: r.Level}
	switch p.Query.Group {
	case store.BySKU:
		row.Link = "/sku?" + url.Values{"code": {r.Code}}.Encode()
	case store.ByProduct:
		row.Link = p.Query.Into(r.Code, "")
	default:
		if row.Link = p.Query.Into("", r.Name); r.Name == "" {
			row.Name, row.Link = p.T("（%s なし）", p.Query.Option), ""
		}
	}
	days := "∞"
	if n, ends := r.DaysLeft(); ends {
		days = ui.Number(n)
	}
	point := "–"
	if r.Reorder.Set {
		point = ui.Number(r.Reorder.Units)
	}
	for _, f := range []Figure{
		{Key: "available", Text: ui.Number(r.Available), Minus: r.Available < 0, Strong: true}, {Key: "secured", Text: ui.Number(r.Secured)}, {Key: "inbound", Text: ui.Number(r.Inbound)},
		{Key: "reorder_point", Text: point}, {Key: "shortfall", Text: ui.Number(r.Shortfall), Strong: true}, {Key: "sold_7", Text: ui.Number(r.Week)}, {Key: "sold_30", Text: ui.Number(r.Month)},
		{Key: "days_left", Text: days},
	} {
		if p.Query.Shows(f.Key) {
			f.Label = p.label(f.Key)
			row.Figures = append(row.Figures, f)
		}
	}
	p.Rows = append(p.Rows, row)
}

// Save is POST /low/views: what the list shows is kept under a name.
func (s *Screen) Save(w http.ResponseWriter, r *http.Request) error {
	f := r.PostForm
	saved, err := url.ParseQuery(f.Get("query"))
	if err != nil {
		return ui.ErrForm
	}
	q := Read(saved)
	v := store.View{List: List, Name: strings.TrimSpace(f.Get("name")), Query: q.Saved(), Home: f.Get("home") != "", Actor: ui.FrameOf(r, ui.SectionLow, "在庫割れ・発注点割れ").Actor}
	if f.Get("over") != "" {
		id, _ := strconv.ParseInt(f.Get("view"), 10, 64) // 0 makes a new one
		v.ID = store.ViewID(id)
	}
	tenant := ui.FrameOf(r, ui.SectionLow, "在庫割れ・発注点割れ").TenantID
	var taken *store.ConflictError
	wrong := ""
	switch {
	case v.Name == "":
		wrong = "名前を入力してください。"
	case len([]rune(v.Name)) > store.LongestViewName:
		wrong = "名前は60文字までです。"
	default:
		v.ID, err = s.db.SaveView(r.Context(), tenant, v)
		switch {
		case errors.As(err, &taken):
			wrong = "同じ名前の事前設定があります。別の名前にしてください。"
		case errors.Is(err, store.ErrTooMany):
			wrong = "事前設定は100件までです。使わないものを削除してください。"
		case errors.Is(err, store.ErrNotFound):
			return ui.ErrMissing
		case err != nil:
			return err
		}
	}
	if wrong != "" {
		full := q.full()
		full.Set("view", f.Get("view"))
		page, err := s.page(r, full)
		if err != nil {
			return err
		}
		page.Name, page.Wrong["name"] = v.Name, page.T(wrong)
		return s.template.Page(w, http.StatusUnprocessableEntity, page)
	}
	s.cookies.After(w, r, View{ID: v.ID}.Address(), ui.DoneView)
	return nil
}

// Delete is POST /low/views/{id}/delete.
func (s *Screen) Delete(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return ui.ErrMissing
	}
	if err := s.db.DeleteView(r.Context(), ui.FrameOf(r, ui.SectionLow, "在庫割れ・発注点割れ").TenantID, store.ViewID(id)); err != nil {
		return fmt.Errorf("delete view %d: %w", id, err)
	}
	s.cookies.After(w, r, "/low?view=0", ui.DoneViewGone)
	return nil
}

// CSV is GET /low/csv: all rows of the list as a file.
func (s *Screen) CSV(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	page := ui.FrameOf(r, ui.SectionLow, "在庫割れ・発注点割れ")
	q := Read(v)
	return ui.ReadFile(page.Lang, "low", v).Send(w, s.ui.Now(), func(out io.Writer, o exchange.WriteOptions) error {
		_, err := report.WriteLow(r.Context(), s.db, page.TenantID, q.Low(), out, o)
		return err
	})
}
