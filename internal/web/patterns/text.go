package patterns

import (
	"net/http"
	"slices"

	"soroi/internal/allocation"
	"soroi/internal/explain"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// Export is GET /patterns.txt: all patterns as a file that can be kept, read and taken to another merchant.
func (s *Screen) Export(w http.ResponseWriter, r *http.Request) error {
	frame := ui.FrameOf(r, ui.SectionPatterns, "配分パターン")
	text, err := s.text(r, frame)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="soroi-patterns.txt"`)
	_, _ = w.Write([]byte(text)) // a browser that has left needs no answer
	return nil
}

func (s *Screen) text(r *http.Request, frame ui.Page) (string, error) {
	list, _, err := s.db.ListPatterns(r.Context(), frame.TenantID)
	if err != nil {
		return "", err
	}
	shops, err := s.db.ListShops(r.Context(), frame.TenantID)
	if err != nil {
		return "", err
	}
	plain := make([]allocation.Pattern, len(list))
	for i, p := range list {
		plain[i] = p.Pattern
	}
	return allocation.Format(plain, namesOf(shops)), nil
}

// TextForm is GET /patterns/text: all patterns as text, to copy, change and take over.
func (s *Screen) TextForm(w http.ResponseWriter, r *http.Request) error {
	page := &TextPage{Page: ui.FrameOf(r, ui.SectionPatterns, "パターンをテキストで")}
	var err error
	if page.Text, err = s.text(r, page.Page); err != nil {
		return err
	}
	return s.views.Text.Page(w, http.StatusOK, page)
}

// TakeText is POST /patterns/text: says what the text would change, and with do=apply takes it over. Patterns are matched by name; those that the
// text does not hold stay as they are.
func (s *Screen) TakeText(w http.ResponseWriter, r *http.Request) error {
	page := &TextPage{Page: ui.FrameOf(r, ui.SectionPatterns, "パターンをテキストで"), Text: r.PostFormValue("text")}
	shops, err := s.db.ListShops(r.Context(), page.TenantID)
	if err != nil {
		return err
	}
	names := namesOf(shops)
	patterns, mistakes := allocation.Parse(page.Text, func(name string) (allocation.ShopID, bool) {
		i := slices.IndexFunc(shops, func(s store.Shop) bool { return s.Name == name })
		if i < 0 {
			return 0, false
		}
		return allocation.ShopID(shops[i].ID), true
	})
	for _, m := range mistakes {
		page.Wrong = append(page.Wrong, explain.PatternMistake(m, string(page.Lang), names))
	}
	if len(page.Wrong) > 0 {
		return s.views.Text.Page(w, http.StatusUnprocessableEntity, page)
	}
	stored, _, err := s.db.ListPatterns(r.Context(), page.TenantID)
	if err != nil {
		return err
	}
	var changes []store.PatternChange
	for _, p := range patterns {
		plan := Planned{Name: p.Name, New: true}
		change := store.PatternChange{Pattern: p, Actor: page.Actor}
		if i := slices.IndexFunc(stored, func(s store.Pattern) bool { return s.Name == p.Name }); i >= 0 {
			plan.New, plan.SKUs = false, stored[i].SKUs
			plan.Same = allocation.Format([]allocation.Pattern{p}, names) == allocation.Format([]allocation.Pattern{stored[i].Pattern}, names)
			change.ID, change.Version = stored[i].ID, stored[i].Version
		}
		page.Plan = append(page.Plan, plan)
		if !plan.Same {
			changes = append(changes, change)
		}
	}
	if r.PostFormValue("do") != "apply" {
		return s.views.Text.Page(w, http.StatusOK, page)
	}
	if _, err := s.db.SavePatterns(r.Context(), page.TenantID, changes); err != nil {
		if page.Wrong = s.refused(page.Page, err, names); page.Wrong == nil {
			return err
		}
		return s.views.Text.Page(w, http.StatusUnprocessableEntity, page)
	}
	s.engine.Changed()
	s.cookies.After(w, r, "/patterns", ui.DonePattern)
	return nil
}
