package stocktake

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// FromScript is the header by which the page's script asks for the panel alone.
const FromScript = "Soroi-Scan"

// Count is GET /stocktakes/{id}/count.
func (s *Screen) Count(w http.ResponseWriter, r *http.Request) error {
	page, err := s.countPage(r)
	if err == nil {
		err = s.panel(r, page)
	}
	if err != nil {
		return err
	}
	if key := r.URL.Query().Get("last"); key != "" {
		for _, l := range page.Panel.Last {
			if l.Key == key {
				p := &page.Panel
				p.Result, p.Code, p.Name, p.Units, p.Sets, p.Counted = Taken, l.Code, l.Name, l.Units, l.Sets, l.Counted
			}
		}
		if err := s.expect(r, page); err != nil {
			return err
		}
	}
	return s.views.Count.Page(w, http.StatusOK, page)
}

func (s *Screen) countPage(r *http.Request) (*Count, error) {
	take, err := s.load(r)
	if err != nil {
		return nil, err
	}
	page := &Count{Page: ui.FrameOf(r, ui.SectionStock, "数える"), Stocktake: take, Key: rand.Text(), Units: "1"}
	page.Panel.Blind = take.Blind
	return page, nil
}

// panel fills in what was scanned last and how far the stocktake is. A script says how many SKUs are to be counted: it was told with the page, and counting them anew for each
// scan would keep a scanner waiting where there are very many.
func (s *Screen) panel(r *http.Request, page *Count) (err error) {
	if page.Panel.Last, err = s.db.LastScans(r.Context(), page.TenantID, page.Stocktake.ID, page.Actor, lastShown); err != nil {
		return err
	}
	if all, err := strconv.ParseInt(r.PostFormValue("all"), 10, 64); err == nil && all > 0 && r.Header.Get(FromScript) != "" {
		page.Panel.Sums, err = s.db.SumCounted(r.Context(), page.TenantID, page.Stocktake.ID)
		page.Panel.Sums.Scope = all
		return err
	}
	page.Panel.Sums, err = s.db.SumStocktake(r.Context(), page.TenantID, page.Stocktake)
	return err
}

// expect fills in what the books say of the last scan's SKU, for whoever may see it.
func (s *Screen) expect(r *http.Request, page *Count) error {
	if page.Panel.Result != Taken || page.Stocktake.Blind && !page.AsksPicked() {
		return nil
	}
	skus, err := s.db.FindSKUs(r.Context(), page.TenantID, []string{page.Panel.Code})
	if err != nil || skus[page.Panel.Code] == 0 {
		return err
	}
	lines, err := s.db.ListStocktakeLines(r.Context(), page.TenantID, page.Stocktake, store.LineQuery{SKUs: []stock.SKUID{skus[page.Panel.Code]}})
	if err == nil && len(lines.Lines) > 0 {
		page.Panel.Expected, page.Panel.Committed = lines.Lines[0].Expected, lines.Lines[0].Count.Books.Committed
	}
	return err
}

// Scan is POST /stocktakes/{id}/scan: one entry at the shelf, once by its key however often it is sent. A script gets the panel, a form leads back to the page.
func (s *Screen) Scan(w http.ResponseWriter, r *http.Request) error {
	page, err := s.countPage(r)
	if err != nil {
		return err
	}
	f := r.PostForm
	page.Code, page.Units = strings.TrimSpace(f.Get("code")), f.Get("units")
	p := &page.Panel
	p.Text = page.Code
	scan := store.NewScan{Key: f.Get("key"), Sets: f.Get("mode") == "set"}
	refuse := func(result Result, sentence string) error {
		p.Result, p.Sentence = result, sentence
		page.Key = scan.Key // a corrected entry is still the same one: it was not taken
		return s.answerScan(w, r, page, http.StatusUnprocessableEntity)
	}
	if scan.Units, err = ui.ReadNumber(f.Get("units")); err != nil {
		return refuse(Refused, page.Lang.StocktakeSentence("units", 0))
	}
	if f.Get("picked") != "" && page.AsksPicked() {
		picked, err := ui.ReadNumber(f.Get("picked"))
		if err != nil {
			return refuse(Refused, page.Lang.StocktakeSentence("units", 0))
		}
		scan.Picked = &picked
	}
	age, _ := strconv.ParseInt(f.Get("ago"), 10, 64) // a form says nothing: now
	scan.Age = time.Duration(min(max(age, 0), store.OldestScan.Milliseconds())) * time.Millisecond
	found, err := s.db.ResolveCodes(r.Context(), page.TenantID, []string{page.Code})
	if err != nil {
		return err
	}
	of := found[page.Code]
	if !of.Found() {
		for _, c := range of.Candidates {
			p.Candidates = append(p.Candidates, Candidate{c.Code, c.Via, scan.Key})
		}
		if of.Match == store.MatchAmbiguous {
			return refuse(Ambiguous, page.T("「%s」に当てはまる商品が複数あります。選んでください。", page.Code))
		}
		return refuse(Unknown, page.T("「%s」の商品はありません。", page.Code))
	}
	scan.SKU = of.SKU
	results, err := s.db.AddScans(r.Context(), page.TenantID, page.Stocktake.ID, page.Actor, []store.NewScan{scan})
	var wrong *store.StocktakeError
	if err == nil && results[0].Refused != nil {
		err = results[0].Refused
	}
	if errors.As(err, &wrong) {
		p.Code = of.Code
		return refuse(Refused, page.Lang.StocktakeSentence(wrong.Code, wrong.N))
	}
	if err != nil {
		return err
	}
	if r.Header.Get(FromScript) == "" {
		http.Redirect(w, r, page.Address()+"/count?last="+url.QueryEscape(scan.Key), http.StatusSeeOther)
		return nil
	}
	p.Result, p.Code, p.Units, p.Sets, p.Counted = Taken, of.Code, scan.Units, scan.Sets, results[0].Counted
	if err := s.expect(r, page); err != nil {
		return err
	}
	return s.answerScan(w, r, page, http.StatusOK)
}

// Undo is POST /stocktakes/{id}/undo-scan.
func (s *Screen) Undo(w http.ResponseWriter, r *http.Request) error {
	page, err := s.countPage(r)
	if err != nil {
		return err
	}
	_, err = s.db.UndoScan(r.Context(), page.TenantID, page.Stocktake.ID, r.PostForm.Get("key"))
	p := &page.Panel
	var wrong *store.StocktakeError
	switch {
	case errors.As(err, &wrong):
		p.Result, p.Sentence = Refused, page.Lang.StocktakeSentence(wrong.Code, wrong.N)
		return s.answerScan(w, r, page, http.StatusUnprocessableEntity)
	case errors.Is(err, store.ErrNotFound):
		p.Result, p.Sentence = Refused, page.T("その読み取りはありません。")
		return s.answerScan(w, r, page, http.StatusUnprocessableEntity)
	case err != nil:
		return err
	}
	if r.Header.Get(FromScript) == "" {
		http.Redirect(w, r, page.Address()+"/count", http.StatusSeeOther)
		return nil
	}
	p.Result = Undone
	return s.answerScan(w, r, page, http.StatusOK)
}

func (s *Screen) answerScan(w http.ResponseWriter, r *http.Request, page *Count, status int) error {
	if err := s.panel(r, page); err != nil {
		return err
	}
	for _, l := range page.Panel.Last {
		if page.Panel.Result == Taken && l.Code == page.Panel.Code {
			page.Panel.Name = l.Name
		}
	}
	if r.Header.Get(FromScript) != "" {
		// What was read is dealt with, whichever way: the script sends it no more.
		return s.views.Count.Fragment(w, "panel", page)
	}
	return s.views.Count.Page(w, status, page)
}
