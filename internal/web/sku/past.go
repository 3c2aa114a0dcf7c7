package sku

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"soroi/internal/explain"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// Past is the page of a SKU as it was at a moment.
type Past struct {
	ui.Page
	Code, Name string
	At         string // as the form has it, in Japan; "" before a moment was asked for
	Found      bool
	Figures    Figures
	Bundle     bool
	Decided    *PastDecided
	Story      []Fact
	Wrong      ui.FieldErrors
}

// PastDecided is what shops were to show.
type PastDecided struct {
	At    time.Time
	Shops []PastShop
}

// PastShop is one listing of a shop.
type PastShop struct {
	Name   string
	Target string
}

const mostPastClaims = 20

// ShowPast is GET /sku/past.
func (s *Screen) ShowPast(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	page := &Past{Page: ui.FrameOf(r, ui.SectionStock, "過去の在庫"), Code: q.Get("code"), At: strings.TrimSpace(q.Get("at")), Wrong: ui.FieldErrors{}}
	at := s.ui.Now()
	if page.At != "" {
		var err error
		if at, err = ui.ReadFormTime(page.At); err != nil {
			page.Wrong["at"] = page.T("日時を選んでください。")
		} else if at.After(s.ui.Now()) {
			page.Wrong["at"] = page.T("これからの日時は調べられません。")
		}
		at = at.Add(time.Second - time.Microsecond) // all of the second that was typed
	}
	past, err := s.db.LoadPast(r.Context(), page.TenantID, page.Code, at, mostPastClaims)
	if errors.Is(err, store.ErrNotFound) {
		return ui.ErrMissing
	}
	if err != nil {
		return fmt.Errorf("load the past: %w", err)
	}
	page.Name = past.Name
	if page.At != "" && !page.Wrong.Any() {
		if err := s.fillPast(r, page, past); err != nil {
			return err
		}
	}
	status := http.StatusOK
	if page.Wrong.Any() {
		status = http.StatusUnprocessableEntity
	}
	return s.past.Page(w, status, page)
}

func (s *Screen) fillPast(r *http.Request, page *Past, past store.Past) error {
	shops, err := s.db.ListShops(r.Context(), page.TenantID)
	if err != nil {
		return err
	}
	names := make(map[int64]string, len(shops))
	for _, shop := range shops {
		names[int64(shop.ID)] = shop.Name
	}
	b := past.Balance
	page.Found, page.Bundle, page.Figures = true, past.Bundle, Figures{OnHand: b.OnHand, Committed: b.Committed, Available: b.Available()}
	for _, step := range explain.Past(past, names) {
		switch step.What {
		case explain.OnHand, explain.Committed, explain.Available, explain.DecidedShop:
		default:
			page.Story = append(page.Story, Fact{At: step.At, Words: step.Words(string(page.Lang))})
		}
	}
	if d := past.Decided; d != nil {
		page.Decided = &PastDecided{At: d.At}
		for _, shop := range d.Shops {
			page.Decided.Shops = append(page.Decided.Shops, PastShop{shop.Name, page.Lang.Quantity(&shop.Target)})
		}
	}
	return nil
}
