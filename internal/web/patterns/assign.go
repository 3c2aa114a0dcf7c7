package patterns

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"soroi/internal/allocation"
	"soroi/internal/impact"
	"soroi/internal/store"
	"soroi/internal/web/bulk"
	"soroi/internal/web/ui"
)

// AssignPage assigns a pattern to the SKUs that were chosen in a list.
type AssignPage struct {
	ui.Page
	Target   bulk.Target
	Total    int64
	Key      string // makes the assignment happen once
	Patterns []Choice
	Chosen   string
	Impact   *Impact // what the chosen one would change; nil until it is asked for
	Wrong    string
}

// Choice is a pattern to choose; ID 0 is the tenant's default.
type Choice struct {
	ID   int64
	Name string
}

// Assign is POST /bulk/pattern: asks which pattern, and says what it would change; with do=run it assigns.
func (s *Screen) Assign(w http.ResponseWriter, r *http.Request) error {
	page := &AssignPage{Page: ui.FrameOf(r, ui.SectionPatterns, "配分パターンを割り当てる"), Target: bulk.ReadTarget(r), Key: r.PostForm.Get("key"), Chosen: r.PostForm.Get("pattern_id")}
	if !page.Target.All && len(page.Target.Codes) == 0 {
		s.cookies.After(w, r, page.Target.Back, ui.DoneNothing)
		return nil
	}
	if page.Key == "" || len(page.Key) > 64 {
		page.Key = rand.Text()
	}
	list, _, err := s.db.ListPatterns(r.Context(), page.TenantID)
	if err != nil {
		return err
	}
	standard := allocation.Everywhere
	for _, p := range list {
		if p.Default {
			standard = p.Pattern
		}
	}
	page.Patterns = append(page.Patterns, Choice{0, page.T("標準の配分に従う")})
	for _, p := range list {
		page.Patterns = append(page.Patterns, Choice{int64(p.ID), p.Name})
	}
	if page.Total, err = s.db.CountAllStock(r.Context(), page.TenantID, page.Target.Query()); err != nil {
		return fmt.Errorf("count the chosen skus: %w", err)
	}
	if page.Chosen == "" {
		return s.views.Assign.Page(w, http.StatusOK, page)
	}
	id, err := strconv.ParseInt(page.Chosen, 10, 64)
	at := slices.IndexFunc(list, func(p store.Pattern) bool { return int64(p.ID) == id })
	if err != nil || id != 0 && at < 0 {
		page.Wrong = page.T("この配分パターンはもうありません。選び直してください。")
		return s.views.Assign.Page(w, http.StatusUnprocessableEntity, page)
	}
	if r.PostForm.Get("do") == "run" {
		pattern := store.PatternID(id)
		err := s.bulk.Start(w, r, page.TenantID, page.Actor, page.Key, page.Target, store.BulkAction{Pattern: &pattern})
		if errors.Is(err, store.ErrNotFound) {
			page.Wrong = page.T("この配分パターンはもうありません。選び直してください。")
			return s.views.Assign.Page(w, http.StatusUnprocessableEntity, page)
		}
		return err
	}
	chosen := standard
	if id != 0 {
		chosen = list[at].Pattern
	}
	page.Impact, err = s.impact(r, page.Page, impact.Question{Pattern: chosen, SKUs: []store.StockQuery{page.Target.Query()}, Within: previewTime})
	if err != nil {
		return err
	}
	return s.views.Assign.Page(w, http.StatusOK, page)
}
