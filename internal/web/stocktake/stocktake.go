package stocktake

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"soroi/internal/engine"
	"soroi/internal/exchange"
	"soroi/internal/impact"
	"soroi/internal/report"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/bulk"
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

// NewScreen makes it.
func NewScreen(u *ui.UI, db *store.DB, e *engine.Service, c ui.Cookies) (*Screen, error) {
	v, err := Parse(u)
	return &Screen{db: db, engine: e, cookies: c, views: v, now: u.Now}, err
}

const (
	listed    = 30 // stocktakes on a page
	pageRows  = 100
	atOnce    = 500  // lines of one approval of many
	examined  = 2000 // lines whose impact at the shops is worked out
	uncounted = 50   // SKUs that are shown of those that nobody counted
	lastShown = 8
)

// List is GET /stocktakes.
func (s *Screen) List(w http.ResponseWriter, r *http.Request) error {
	page := &List{Page: ui.FrameOf(r, ui.SectionStock, "棚卸")}
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // anything else is the start
	list, err := s.db.ListStocktakes(r.Context(), page.TenantID, store.StocktakeID(before), listed+1)
	if err != nil {
		return err
	}
	if page.Paged = before > 0; len(list) > listed {
		list = list[:listed]
		page.Older = list[listed-1].ID
	}
	for _, take := range list {
		item := Item{Stocktake: take}
		if item.Sums, err = s.db.SumStocktake(r.Context(), page.TenantID, take); err != nil {
			return err
		}
		page.Items = append(page.Items, item)
	}
	return s.views.List.Page(w, http.StatusOK, page)
}

// NewForm is GET /stocktakes/new.
func (s *Screen) NewForm(w http.ResponseWriter, r *http.Request) error {
	return s.ask(w, r, bulk.Target{All: true, Filter: filter.Read(r.URL.Query()), Back: "/stocktakes"})
}

// Ask is POST /bulk/stocktake: the form for what was chosen in a list.
func (s *Screen) Ask(w http.ResponseWriter, r *http.Request) error {
	t := bulk.ReadTarget(r)
	if !t.All && len(t.Codes) == 0 {
		s.cookies.After(w, r, t.Back, ui.DoneNothing)
		return nil
	}
	return s.ask(w, r, t)
}

func (s *Screen) ask(w http.ResponseWriter, r *http.Request, t bulk.Target) error {
	page := &New{Page: ui.FrameOf(r, ui.SectionStock, "新しい棚卸"), Target: t, Wrong: ui.FieldErrors{}}
	page.Form = NewForm{Key: rand.Text(), Name: page.T("%s の棚卸", ui.Today(s.now()).String()), Picked: stock.OnShelf, Blind: true, Product: t.Filter.Product, Text: t.Filter.Text}
	if err := s.fillNew(r, page); err != nil {
		return err
	}
	return s.views.New.Page(w, http.StatusOK, page)
}

func (s *Screen) fillNew(r *http.Request, page *New) error {
	locations, err := s.db.FindLocations(r.Context(), page.TenantID)
	if err != nil {
		return err
	}
	for code := range locations {
		if code != "" {
			page.Places = append(page.Places, Place{code})
		}
	}
	slices.SortFunc(page.Places, func(a, b Place) int { return strings.Compare(a.Code, b.Code) })
	page.Pickeds = Pickeds(page.Lang, page.Form.Picked)
	page.Total, err = s.db.CountAllStock(r.Context(), page.TenantID, page.Target.Query())
	return err
}

// Open is POST /stocktakes.
func (s *Screen) Open(w http.ResponseWriter, r *http.Request) error {
	f := r.PostForm
	page := &New{Page: ui.FrameOf(r, ui.SectionStock, "新しい棚卸"), Target: bulk.ReadTarget(r), Wrong: ui.FieldErrors{}}
	page.Form = NewForm{Key: f.Get("key"), Name: f.Get("name"), Place: f.Get("place"), Picked: stock.PickedUnits(f.Get("picked")), Blind: f.Get("blind") != ""}
	locations, err := s.db.FindLocations(r.Context(), page.TenantID)
	if err != nil {
		return err
	}
	n := store.NewStocktake{Key: "screen-" + page.Form.Key, Name: page.Form.Name, Location: locations[page.Form.Place], Blind: page.Form.Blind, Picked: page.Form.Picked, Actor: page.Actor}
	if page.Target.All {
		n.Scope = page.Target.Query()
	} else {
		skus, err := s.db.FindSKUs(r.Context(), page.TenantID, page.Target.Codes)
		if err != nil {
			return err
		}
		n.SKUs = []stock.SKUID{}
		for _, sku := range skus {
			n.SKUs = append(n.SKUs, sku)
		}
	}
	if page.Form.Key == "" || len(page.Form.Key) > 64 {
		return ui.ErrForm
	}
	take, err := s.db.OpenStocktake(r.Context(), page.TenantID, n)
	var wrong *store.StocktakeError
	if errors.As(err, &wrong) {
		field := map[string]string{"name": "name", "name_long": "name", "picked": "picked", "location": "place"}[wrong.Code]
		page.Wrong[field] = page.Lang.StocktakeSentence(wrong.Code, wrong.N)
		if err := s.fillNew(r, page); err != nil {
			return err
		}
		return s.views.New.Page(w, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, address(take.ID), http.StatusSeeOther)
	return nil
}

// load reads the stocktake that the address names.
func (s *Screen) load(r *http.Request) (store.Stocktake, error) {
	id, err := ui.PathID(r)
	if err != nil {
		return store.Stocktake{}, err
	}
	take, err := s.db.LoadStocktake(r.Context(), ui.FrameOf(r, ui.SectionStock, "棚卸").TenantID, store.StocktakeID(id))
	if errors.Is(err, store.ErrNotFound) {
		return take, ui.ErrMissing
	}
	return take, err
}

// Show is GET /stocktakes/{id}.
func (s *Screen) Show(w http.ResponseWriter, r *http.Request) error {
	page, err := s.begin(r, readQuery(r.URL.Query()))
	if err != nil {
		return err
	}
	if err := s.fill(r.Context(), page); err != nil {
		return err
	}
	return s.views.Show.Page(w, http.StatusOK, page)
}

// Live is the part that follows what is counted.
func (s *Screen) Live(w http.ResponseWriter, r *http.Request) error {
	page, err := s.begin(r, readQuery(r.URL.Query()))
	if err != nil {
		return err
	}
	if err := s.sums(r.Context(), page); err != nil {
		return err
	}
	return s.views.Show.Fragment(w, "progress", page)
}

func (s *Screen) begin(r *http.Request, q Query) (*Show, error) {
	take, err := s.load(r)
	if err != nil {
		return nil, err
	}
	page := &Show{Page: ui.FrameOf(r, ui.SectionStock, "棚卸"), Stocktake: take, Query: q, Wrong: ui.FieldErrors{}, Key: rand.Text(), Chosen: map[string]bool{}}
	page.Title = take.Name
	page.Picked = page.T(pickedWords[take.Picked][0])
	page.Which = page.T("選んだ SKU")
	if !take.Listed {
		page.Which = bulk.Target{All: true, Filter: filter.Of(take.Scope)}.Words(page.Lang)
	}
	return page, nil
}

func (s *Screen) sums(ctx context.Context, page *Show) (err error) {
	if page.Sums, err = s.db.SumStocktake(ctx, page.TenantID, page.Stocktake); err == nil {
		page.Lines, err = s.db.SumStocktakeLines(ctx, page.TenantID, page.Stocktake)
	}
	return err
}

func (s *Screen) fill(ctx context.Context, page *Show) (err error) {
	take := page.Stocktake
	if err := s.sums(ctx, page); err != nil {
		return err
	}
	lines, err := s.db.ListStocktakeLines(ctx, page.TenantID, take, store.LineQuery{Show: page.Query.Show, Sort: page.Query.Sort, After: page.Query.After, Limit: pageRows})
	if errors.Is(err, store.ErrPlace) {
		return ui.ErrMissing
	}
	if err != nil {
		return err
	}
	page.Next = lines.Next
	for _, l := range lines.Lines {
		page.Rows = append(page.Rows, Row{StocktakeLine: l, Link: "/sku?" + url.Values{"code": {l.Code}}.Encode(), Wrong: page.Wrong[l.Code]})
	}
	if !take.Open() {
		return nil
	}
	if page.Uncounted, err = s.db.ListUncounted(ctx, page.TenantID, take, true, 0, uncounted); err != nil {
		return err
	}
	return s.impact(ctx, page)
}

// impact is what approving everything that is sure would change at the shops.
func (s *Screen) impact(ctx context.Context, page *Show) error {
	deltas := make(map[stock.SKUID]int64)
	for after, more := "", true; more; {
		lines, err := s.db.ListStocktakeLines(ctx, page.TenantID, page.Stocktake, store.LineQuery{Show: store.LinesSure, Sort: store.LinesByID, After: after, Limit: store.MostInBatch})
		if err != nil {
			return err
		}
		for _, l := range lines.Lines {
			if l.Delta != 0 {
				deltas[l.SKU] = l.Delta
			}
		}
		after = lines.Next
		page.Partly = len(deltas) >= examined && after != ""
		more = after != "" && !page.Partly
	}
	if len(deltas) == 0 {
		return nil
	}
	var err error
	page.Impact, err = impact.OfStock(ctx, s.db, page.TenantID, s.engine.Specs(), deltas)
	return err
}

// chosen are the rows of a form whose boxes are ticked, as an approval wants them.
func (s *Screen) chosen(r *http.Request, page *Show) (rows []store.ApprovalRow, codes []string, err error) {
	f := r.PostForm
	codes = f["code"]
	codes = slices.Compact(slices.Sorted(slices.Values(codes[:min(len(codes), pageRows)])))
	skus, err := s.db.FindSKUs(r.Context(), page.TenantID, codes)
	if err != nil {
		return nil, nil, err
	}
	for _, code := range codes {
		page.Chosen[code] = true
		id := strconv.FormatInt(int64(skus[code]), 10)
		rows = append(rows, store.ApprovalRow{SKU: skus[code], Says: stock.Adjusted(f.Get("says-" + id)), Anyway: f.Get("anyway-"+id) != "", Reason: strings.TrimSpace(f.Get("reason-" + id))})
	}
	return rows, codes, nil
}

func formQuery(f url.Values) Query {
	v, _ := url.ParseQuery(f.Get("query")) // what cannot be read asks for nothing
	return readQuery(v)
}

// Approve is POST /stocktakes/{id}/approve: the chosen lines, or, with undo, those approvals taken back.
func (s *Screen) Approve(w http.ResponseWriter, r *http.Request) error {
	page, err := s.begin(r, formQuery(r.PostForm))
	if err != nil {
		return err
	}
	page.Reason = strings.TrimSpace(r.PostForm.Get("reason"))
	rows, codes, err := s.chosen(r, page)
	if err != nil {
		return err
	}
	undo := r.PostForm.Get("undo") != ""
	key := r.PostForm.Get("key")
	switch {
	case len(rows) == 0:
		s.cookies.After(w, r, page.Here(), ui.DoneNothing)
		return nil
	case key == "" || len(key) > 64:
		return ui.ErrForm
	case len([]rune(page.Reason)) > store.LongestNote:
		page.Wrong["reason"] = page.T("理由は200文字までです。")
		return s.again(w, r, page)
	}
	answer, err := s.db.Approve(r.Context(), page.TenantID, store.Approval{Stocktake: page.Stocktake.ID, Key: "screen-" + key, Actor: page.Actor, Reason: page.Reason, Undo: undo, Rows: rows})
	var wrong *store.StocktakeError
	switch {
	case errors.As(err, &wrong):
		page.Wrong[""] = page.Lang.StocktakeSentence(wrong.Code, wrong.N)
		return s.again(w, r, page)
	case errors.Is(err, store.ErrKeyReused):
		return ui.ErrForm
	case err != nil:
		return err
	case !answer.Applied:
		for i, result := range answer.Rows {
			if result.Refused != nil {
				page.Wrong[codes[i]] = page.Lang.StocktakeSentence(result.Refused.Code, result.Refused.N)
			}
		}
		page.Wrong[""] = page.T("反映できない行があるので、どれも反映していません。その行を直すか、選ばずにもう一度実行してください。")
		return s.again(w, r, page)
	}
	s.engine.Changed()
	done := ui.DoneApproved
	if undo {
		done = ui.DoneUnapproved
	}
	s.cookies.After(w, r, page.Here(), done)
	return nil
}

func (s *Screen) again(w http.ResponseWriter, r *http.Request, page *Show) error {
	if err := s.fill(r.Context(), page); err != nil {
		return err
	}
	return s.views.Show.Page(w, http.StatusUnprocessableEntity, page)
}

// ApproveAll is POST /stocktakes/{id}/approve-all: every line that needs no further word, in parts. What a part has posted stays when the next one fails, and is not posted again.
func (s *Screen) ApproveAll(w http.ResponseWriter, r *http.Request) error {
	page, err := s.begin(r, formQuery(r.PostForm))
	if err != nil {
		return err
	}
	if page.Reason = strings.TrimSpace(r.PostForm.Get("reason")); len([]rune(page.Reason)) > store.LongestNote {
		page.Wrong["reason-all"] = page.T("理由は200文字までです。")
		return s.again(w, r, page)
	}
	defer s.engine.Changed()
	for after, more := "", true; more; {
		lines, err := s.db.ListStocktakeLines(r.Context(), page.TenantID, page.Stocktake, store.LineQuery{Show: store.LinesSure, Sort: store.LinesByID, After: after, Limit: atOnce})
		if err != nil {
			return err
		}
		after, more = lines.Next, lines.Next != ""
		rows := make([]store.ApprovalRow, len(lines.Lines))
		for i, l := range lines.Lines {
			rows[i] = store.ApprovalRow{SKU: l.SKU}
		}
		if len(rows) == 0 {
			break
		}
		answer, err := s.db.Approve(r.Context(), page.TenantID, store.Approval{Stocktake: page.Stocktake.ID, Key: "screen-" + rand.Text(), Actor: page.Actor, Reason: page.Reason, Rows: rows})
		var wrong *store.StocktakeError
		if errors.As(err, &wrong) {
			page.Wrong[""] = page.Lang.StocktakeSentence(wrong.Code, wrong.N)
			return s.again(w, r, page)
		}
		if err != nil {
			return err
		}
		if !answer.Applied { // somebody was faster with some of them
			page.Wrong[""] = page.T("ほかの人が同時に変更しました。残りを確かめて、もう一度実行してください。")
			return s.again(w, r, page)
		}
	}
	s.cookies.After(w, r, page.Here(), ui.DoneApproved)
	return nil
}

// Recount is POST /stocktakes/{id}/recount.
func (s *Screen) Recount(w http.ResponseWriter, r *http.Request) error {
	page, err := s.begin(r, formQuery(r.PostForm))
	if err != nil {
		return err
	}
	rows, _, err := s.chosen(r, page)
	if err != nil {
		return err
	}
	skus := make([]stock.SKUID, len(rows))
	for i, row := range rows {
		skus[i] = row.SKU
	}
	asked, err := s.db.AskRecount(r.Context(), page.TenantID, page.Stocktake.ID, page.Actor, skus)
	return s.after(w, r, page, err, asked > 0, ui.DoneRecount)
}

// Absent is POST /stocktakes/{id}/absent: what nobody has counted was looked for and is not there.
func (s *Screen) Absent(w http.ResponseWriter, r *http.Request) error {
	page, err := s.begin(r, formQuery(r.PostForm))
	if err != nil {
		return err
	}
	for after, more := stock.SKUID(0), true; more && err == nil; {
		after, err = s.db.CountAbsent(r.Context(), page.TenantID, page.Stocktake.ID, page.Actor, after)
		more = after != 0
	}
	return s.after(w, r, page, err, true, ui.DoneAbsent)
}

// Close is POST /stocktakes/{id}/close.
func (s *Screen) Close(w http.ResponseWriter, r *http.Request) error {
	page, err := s.begin(r, formQuery(r.PostForm))
	if err != nil {
		return err
	}
	err = s.db.CloseStocktake(r.Context(), page.TenantID, page.Stocktake.ID, page.Actor, r.PostForm.Get("uncounted") != "", r.PostForm.Get("differences") != "")
	return s.after(w, r, page, err, true, ui.DoneClosed)
}

// after leads back to the stocktake, or shows why not.
func (s *Screen) after(w http.ResponseWriter, r *http.Request, page *Show, err error, done bool, what ui.Done) error {
	var wrong *store.StocktakeError
	if errors.As(err, &wrong) {
		page.Wrong["close"] = page.Lang.StocktakeSentence(wrong.Code, wrong.N)
		return s.again(w, r, page)
	}
	if err != nil {
		return fmt.Errorf("stocktake %d: %w", page.Stocktake.ID, err)
	}
	if !done {
		what = ui.DoneNothing
	}
	s.cookies.After(w, r, page.Here(), what)
	return nil
}

// CSV is GET /stocktakes/{id}/csv: the sheet to be filled in, or what differs.
func (s *Screen) CSV(w http.ResponseWriter, r *http.Request) error {
	take, err := s.load(r)
	if err != nil {
		return err
	}
	page := ui.FrameOf(r, ui.SectionStock, "棚卸")
	what := r.URL.Query().Get("what")
	name := map[string]string{"sheet": "count-sheet", "differences": "differences"}[what]
	if name == "" {
		return ui.ErrMissing
	}
	zone, err := s.db.Zone(r.Context(), page.TenantID)
	if err != nil {
		return err
	}
	return ui.ReadFile(page.Lang, name, r.URL.Query()).Send(w, s.now(), func(out io.Writer, o exchange.WriteOptions) error {
		if what == "sheet" {
			_, err = report.WriteCountSheet(r.Context(), s.db, page.TenantID, take, out, o)
			return err
		}
		_, err = report.WriteDifferences(r.Context(), s.db, page.TenantID, take, zone, out, o)
		return err
	})
}
