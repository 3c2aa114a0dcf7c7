package bulk

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"soroi/internal/engine"
	"soroi/internal/exchange"
	"soroi/internal/report"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/filter"
	"soroi/internal/web/ui"
)

// Screen serves the pages.
type Screen struct {
	db      *store.DB
	engine  *engine.Service
	cookies ui.Cookies
	views   Views
	now     func() time.Time
}

// New makes it.
func New(u *ui.UI, db *store.DB, e *engine.Service, c ui.Cookies) (*Screen, error) {
	v, err := Parse(u)
	return &Screen{db: db, engine: e, cookies: c, views: v, now: u.Now}, err
}

// ReadTarget reads what was chosen in a list.
func ReadTarget(r *http.Request) Target {
	t := Target{All: r.PostForm.Get("all") != "", Codes: r.PostForm["code"], Filter: filter.Read(r.PostForm), Back: ui.LocalPath(r.PostForm.Get("back"))}
	t.Codes = t.Codes[:min(len(t.Codes), store.MostCodes)]
	if t.Back == "/" {
		t.Back = "/stock"
	}
	return t
}

// ask begins the page before an action. When nothing was chosen it leads back and says so.
func (s *Screen) ask(w http.ResponseWriter, r *http.Request, kind Kind) (*Ask, error) {
	title := map[Kind]string{Secured: "確保在庫を変える", Reorder: "発注点を変える", toFile: "CSV で書き出す"}[kind]
	page := &Ask{Page: ui.FrameOf(r, ui.SectionStock, title), Kind: kind, Target: ReadTarget(r), Wrong: ui.FieldErrors{}}
	if !page.Target.All && len(page.Target.Codes) == 0 {
		s.cookies.After(w, r, page.Target.Back, ui.DoneNothing)
		return nil, nil
	}
	var err error
	if page.Total, err = s.db.CountAllStock(r.Context(), page.TenantID, page.Target.Query()); err != nil {
		return nil, fmt.Errorf("count the chosen skus: %w", err)
	}
	return page, nil
}

// AskSecured is POST /bulk/secured.
func (s *Screen) AskSecured(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, Secured)
}

// AskReorder is POST /bulk/reorder.
func (s *Screen) AskReorder(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, Reorder)
}

func (s *Screen) show(w http.ResponseWriter, r *http.Request, kind Kind) error {
	page, err := s.ask(w, r, kind)
	if page == nil || err != nil {
		return err
	}
	page.Form = Form{Key: rand.Text(), Mode: string(stock.Set), As: stock.InUnits}
	return s.views.Ask.Page(w, http.StatusOK, page)
}

// AskCSV is POST /bulk/csv.
func (s *Screen) AskCSV(w http.ResponseWriter, r *http.Request) error {
	asked, err := s.ask(w, r, toFile)
	if asked == nil || err != nil {
		return err
	}
	page := &CSV{Page: asked.Page, Target: asked.Target, Total: asked.Total, Columns: ui.FileColumns(asked.Lang, report.StockColumns(), nil), Encodings: ui.Encodings()}
	return s.views.CSV.Page(w, http.StatusOK, page)
}

// RunCSV is POST /bulk/csv/run.
func (s *Screen) RunCSV(w http.ResponseWriter, r *http.Request) error {
	asked, err := s.ask(w, r, toFile)
	if asked == nil || err != nil {
		return err
	}
	return ui.ReadFile(asked.Lang, "stock", r.PostForm).Send(w, s.now(), func(out io.Writer, o exchange.WriteOptions) error {
		_, err := report.WriteStock(r.Context(), s.db, asked.TenantID, asked.Target.Query(), out, o)
		return err
	})
}

// RunSecured is POST /bulk/secured/run.
func (s *Screen) RunSecured(w http.ResponseWriter, r *http.Request) error {
	return s.run(w, r, Secured)
}

// RunReorder is POST /bulk/reorder/run.
func (s *Screen) RunReorder(w http.ResponseWriter, r *http.Request) error {
	return s.run(w, r, Reorder)
}

func (s *Screen) run(w http.ResponseWriter, r *http.Request, kind Kind) error {
	page, err := s.ask(w, r, kind)
	if page == nil || err != nil {
		return err
	}
	f := r.PostForm
	page.Form = Form{Key: f.Get("key"), Mode: f.Get("mode"), N: f.Get("n"), As: stock.SecuredAs(f.Get("as")), Reason: strings.TrimSpace(f.Get("reason"))}
	change := page.change()
	if page.Form.Key == "" || len(page.Form.Key) > 64 {
		page.Wrong[""] = page.T(ui.ErrForm.Text)
	}
	if page.Wrong.Any() {
		return s.views.Ask.Page(w, http.StatusUnprocessableEntity, page)
	}
	return s.Start(w, r, page.TenantID, page.Actor, page.Form.Key, page.Target, store.BulkAction{Terms: &change})
}

// change is what the form asks for; what is wrong with it is in Wrong.
func (p *Ask) change() stock.TermsChange {
	n := int64(0)
	if p.Form.Mode != clear {
		var err error
		if n, err = ui.ReadNumber(p.Form.N); err != nil {
			p.Wrong["n"] = p.Lang.TermsSentence(&stock.TermsError{Code: "number"})
			return stock.TermsChange{}
		}
	}
	var c stock.TermsChange
	var err error
	if p.Kind == Reorder {
		point := stock.Point{Units: n, Set: p.Form.Mode != clear}
		c.Reorder, err = &point, point.Check()
		if p.Form.Mode != clear && p.Form.Mode != string(stock.Set) {
			err = &stock.TermsError{Field: "mode", Code: "unknown"}
		}
	} else {
		c.Secured, err = p.secured(n)
	}
	var wrong *stock.TermsError
	if errors.As(err, &wrong) {
		field := map[string]string{"reason": "reason", "mode": "mode"}[wrong.Field]
		if field == "" {
			field = "n"
		}
		p.Wrong[field] = p.Lang.TermsSentence(wrong)
	}
	return c
}

func (p *Ask) secured(n int64) (*stock.SecuredChange, error) {
	c := &stock.SecuredChange{Mode: stock.Mode(p.Form.Mode), As: p.Form.As, N: n}
	if p.Form.Reason != "" {
		c.Reason = &p.Form.Reason
	}
	switch c.Mode {
	case clear:
		return &stock.SecuredChange{Mode: stock.Set}, nil
	case stock.Set, stock.Add, stock.Subtract:
	default:
		return c, &stock.TermsError{Field: "mode", Code: "unknown"}
	}
	if c.As == stock.NotSaid {
		return c, &stock.TermsError{Field: "secured_as", Code: "unknown"}
	}
	return c, stock.Secured{As: c.As, N: c.N, Reason: p.Form.Reason}.Check()
}

// atOnce is how many SKUs are done before the answer: most choices are smaller.
const atOnce = 500

// Start begins an action on what was chosen and leads to its page, or back to the list when it is done already and nothing was refused.
func (s *Screen) Start(w http.ResponseWriter, r *http.Request, tenant stock.TenantID, actor, key string, t Target, action store.BulkAction) error {
	job, err := s.db.StartBulk(r.Context(), tenant, "screen-"+key, actor, t.Query(), action)
	if err != nil {
		return fmt.Errorf("start a bulk action: %w", err)
	}
	if _, err := s.db.StepBulk(r.Context(), tenant, atOnce); err != nil {
		return fmt.Errorf("begin a bulk action: %w", err)
	}
	s.engine.Changed()
	if job, err = s.db.LoadBulk(r.Context(), tenant, job.ID); err != nil {
		return err
	}
	if job.State == store.BulkDone && job.Refused == 0 {
		s.cookies.After(w, r, t.Back, ui.DoneBulk)
		return nil
	}
	http.Redirect(w, r, jobAddress(job.ID, t.Back), http.StatusSeeOther)
	return nil
}

func jobAddress(id store.BulkID, back string) string {
	return "/bulk/" + strconv.FormatInt(int64(id), 10) + "?" + url.Values{"back": {back}}.Encode()
}

// Show is GET /bulk/{id}.
func (s *Screen) Show(w http.ResponseWriter, r *http.Request) error {
	page, err := s.job(r)
	if err != nil {
		return err
	}
	return s.views.Job.Page(w, http.StatusOK, page)
}

// Live is the part that follows the action.
func (s *Screen) Live(w http.ResponseWriter, r *http.Request) error {
	page, err := s.job(r)
	if err != nil {
		return err
	}
	return s.views.Job.Fragment(w, "job", page)
}

// Cancel is POST /bulk/{id}/cancel.
func (s *Screen) Cancel(w http.ResponseWriter, r *http.Request) error {
	page, err := s.job(r)
	if err != nil {
		return err
	}
	if err := s.db.CancelBulk(r.Context(), page.TenantID, page.ID); err != nil {
		return fmt.Errorf("cancel bulk %d: %w", page.ID, err)
	}
	http.Redirect(w, r, jobAddress(page.ID, page.Back), http.StatusSeeOther)
	return nil
}

func (s *Screen) job(r *http.Request) (*Job, error) {
	page := &Job{Page: ui.FrameOf(r, ui.SectionStock, "一括処理"), Back: ui.LocalPath(r.FormValue("back"))}
	if page.Back == "/" {
		page.Back = "/stock"
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return nil, ui.ErrMissing
	}
	job, err := s.db.LoadBulk(r.Context(), page.TenantID, store.BulkID(id))
	if errors.Is(err, store.ErrNotFound) {
		return nil, ui.ErrMissing
	}
	if err != nil {
		return nil, err
	}
	page.ID, page.State, page.Total, page.Seen, page.Changed, page.Refused = job.ID, job.State, max(job.Total, job.Seen), job.Seen, job.Changed, job.Refused
	page.StartedAt, page.EndedAt = job.CreatedAt, job.EndedAt
	page.What = actionWords(page.Lang, job.Action)
	page.Which = page.T("選んだ SKU")
	if job.Filter.Codes == nil {
		page.Which = Target{All: true, Filter: filter.Of(job.Filter)}.Words(page.Lang)
	}
	return page, nil
}

// actionWords says what an action does.
func actionWords(l ui.Lang, a store.BulkAction) string {
	if a.Pattern != nil {
		return l.T("配分パターンを割り当てる")
	}
	if a.Terms == nil {
		return ""
	}
	switch c := a.Terms; {
	case c.Secured != nil && c.Secured.As == stock.NotSaid:
		return l.T("確保在庫：商品の設定に従う")
	case c.Secured != nil:
		n := ui.Number(c.Secured.N)
		if c.Secured.As == stock.InPercent {
			n += "%"
		}
		return l.T(map[stock.Mode]string{stock.Set: "確保在庫を %s にする", stock.Add: "確保在庫に %s を足す", stock.Subtract: "確保在庫から %s を引く"}[c.Secured.Mode], n)
	case c.Reorder != nil && c.Reorder.Set:
		return l.T("発注点を %s にする", ui.Number(c.Reorder.Units))
	case c.Reorder != nil:
		return l.T("発注点：商品の設定に従う")
	}
	return l.T("供給のしかたを変える")
}
