package sku

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"soroi/internal/allocation"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// Allotment is how the SKU's units are divided among shops, and the forms that change it.
type Allotment struct {
	ID         int64  // the pattern in force; 0 is the same number everywhere
	Name       string // its name
	Assigned   bool   // the SKU's own, not the default
	Chosen     int64  // in the form; 0 follows the default
	Patterns   []Pattern
	Exceptions []Exception // one per shop
}

// Pattern is one that can be chosen.
type Pattern struct {
	ID   int64
	Name string
}

// Exception is the form of what one shop may show of the SKU.
type Exception struct {
	Key    string // e12, by the shop's number
	Shop   string
	Listed bool // the shop lists the SKU
	As     string
	Most   string
}

// The ways to bound a shop.
const (
	noException = ""
	stopped     = "stop"
	atMost      = "at_most"
)

// ExceptionWays are the ways to bound a shop, with their names.
func (p *Page) ExceptionWays() []Choice {
	return []Choice{{noException, p.T("例外なし")}, {stopped, p.T("停止")}, {atMost, p.T("上限")}}
}

func (s *Screen) allotment(r *http.Request, page *Page, item store.SKU) error {
	patterns, err := s.db.ReadPatterns(r.Context(), page.TenantID)
	if err != nil {
		return err
	}
	a := &page.Allotment
	a.ID, a.Name, a.Assigned = int64(item.Allotment.ID), item.Allotment.Pattern.Name, item.Allotment.Assigned
	if a.Assigned {
		a.Chosen = a.ID
	}
	for _, p := range patterns {
		a.Patterns = append(a.Patterns, Pattern{int64(p.ID), p.Name})
	}
	listed := make(map[int64]bool)
	for _, l := range item.Listings {
		listed[int64(l.Shop)] = true
	}
	for _, shop := range item.Shops {
		e := Exception{Key: "e" + strconv.FormatInt(int64(shop.ID), 10), Shop: shop.Name, Listed: listed[int64(shop.ID)]}
		switch share := item.Allotment.Exceptions[shop.ID]; share.Kind {
		case allocation.Stop:
			e.As = stopped
		case allocation.AtMost:
			e.As, e.Most = atMost, strconv.FormatInt(share.N, 10)
		}
		a.Exceptions = append(a.Exceptions, e)
	}
	return nil
}

// SavePattern is POST /sku/pattern: which pattern the SKU follows.
func (s *Screen) SavePattern(w http.ResponseWriter, r *http.Request) error {
	page, item, err := s.load(r, r.PostFormValue("code"))
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(r.PostFormValue("pattern_id"), 10, 64)
	if err != nil || id < 0 {
		return ui.ErrForm
	}
	_, err = s.db.AssignPatterns(r.Context(), page.TenantID, []store.Assignment{{SKU: item.SKU, Pattern: store.PatternID(id)}})
	if errors.Is(err, store.ErrNotFound) {
		page.Wrong["pattern"] = page.T("この配分パターンはもうありません。選び直してください。")
		return s.refuse(w, r, page)
	}
	if err != nil {
		return fmt.Errorf("assign a pattern to %s: %w", page.Code, err)
	}
	return s.allotted(w, r, page)
}

// SaveExceptions is POST /sku/exceptions: what each shop may show of the SKU at most. Shops that the form does not name stay as they are.
func (s *Screen) SaveExceptions(w http.ResponseWriter, r *http.Request) error {
	page, item, err := s.load(r, r.PostFormValue("code"))
	if err != nil {
		return err
	}
	var changed []store.Exception
	for i := range page.Allotment.Exceptions {
		e := &page.Allotment.Exceptions[i]
		was := *e
		if !r.PostForm.Has(e.Key + ".as") {
			continue
		}
		e.As, e.Most = r.PostForm.Get(e.Key+".as"), r.PostForm.Get(e.Key+".most")
		to := store.Exception{SKU: item.SKU, Shop: item.Shops[i].ID}
		var most int64
		switch e.As {
		case noException:
		case stopped:
			to.Most = &most
		case atMost:
			to.Most = &most
			if most, err = ui.ReadNumber(e.Most); err != nil || most < 0 || most > stock.LargestUnits {
				page.Wrong[e.Key] = page.T("上限は 0〜%s の整数で入力してください。", ui.Number(stock.LargestUnits))
			}
		default:
			return ui.ErrForm
		}
		if was.As != e.As || e.As == atMost && was.Most != strconv.FormatInt(most, 10) {
			changed = append(changed, to)
		}
	}
	if page.Wrong.Any() {
		return s.refuse(w, r, page)
	}
	if _, err := s.db.SetExceptions(r.Context(), page.TenantID, page.Actor, changed); err != nil {
		return fmt.Errorf("set exceptions of %s: %w", page.Code, err)
	}
	return s.allotted(w, r, page)
}

func (s *Screen) allotted(w http.ResponseWriter, r *http.Request, page *Page) error {
	s.engine.Changed()
	s.cookies.After(w, r, page.Address(), ui.DoneAllotment)
	return nil
}

// refuse shows the page with what is wrong in it.
func (s *Screen) refuse(w http.ResponseWriter, r *http.Request, page *Page) error {
	if err := s.history(r, page, ""); err != nil {
		return err
	}
	return s.template.Page(w, http.StatusUnprocessableEntity, page)
}
