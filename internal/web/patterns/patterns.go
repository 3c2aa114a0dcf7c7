package patterns

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/engine"
	"soroi/internal/explain"
	"soroi/internal/impact"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/bulk"
	"soroi/internal/web/ui"
)

// Screen serves the pages of the patterns.
type Screen struct {
	ui      *ui.UI
	db      *store.DB
	engine  *engine.Service
	clock   clock.Clock
	cookies ui.Cookies
	bulk    *bulk.Screen
	views   Views
	trying  chan struct{} // holds one while somebody tries a pattern out
}

// New makes it.
func New(u *ui.UI, db *store.DB, e *engine.Service, c clock.Clock, cookies ui.Cookies, b *bulk.Screen) (*Screen, error) {
	v, err := Parse(u)
	return &Screen{ui: u, db: db, engine: e, clock: c, cookies: cookies, bulk: b, views: v, trying: make(chan struct{}, 1)}, err
}

// What a page may take.
const (
	lagSpan     = 24 * time.Hour
	previewTime = 1500 * time.Millisecond
)

// List is GET /patterns.
func (s *Screen) List(w http.ResponseWriter, r *http.Request) error {
	page := &ListPage{Page: ui.FrameOf(r, ui.SectionPatterns, "配分パターン")}
	list, plain, err := s.db.ListPatterns(r.Context(), page.TenantID)
	if err != nil {
		return err
	}
	shops, err := s.db.ListShops(r.Context(), page.TenantID)
	if err != nil {
		return err
	}
	page.Plain = plain
	for _, p := range list {
		row := Row{ID: int64(p.ID), Name: p.Name, SKUs: p.SKUs, Default: p.Default, Actor: p.Actor, ChangedAt: p.ChangedAt}
		for _, rule := range p.Rules {
			row.Rules = append(row.Rules, ruleWords(page.Lang, rule, namesOf(shops)))
		}
		if p.Default {
			page.Standard = p.Name
		}
		page.Patterns = append(page.Patterns, row)
	}
	return s.views.List.Page(w, http.StatusOK, page)
}

func namesOf(shops []store.Shop) func(allocation.ShopID) string {
	return func(id allocation.ShopID) string {
		for _, s := range shops {
			if allocation.ShopID(s.ID) == id {
				return s.Name
			}
		}
		return ""
	}
}

// NewForm is GET /patterns/new; ?from=ID begins with a copy.
func (s *Screen) NewForm(w http.ResponseWriter, r *http.Request) error {
	page, err := s.edit(r, 0, r.URL.Query().Get("from"))
	if err != nil {
		return err
	}
	return s.show(w, r, page, http.StatusOK)
}

// EditForm is GET /patterns/{id}.
func (s *Screen) EditForm(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return ui.ErrMissing
	}
	page, err := s.edit(r, store.PatternID(id), "")
	if err != nil {
		return err
	}
	return s.show(w, r, page, http.StatusOK)
}

// edit is the editor of a stored pattern, or of a new one that may begin as a copy of another.
func (s *Screen) edit(r *http.Request, id store.PatternID, from string) (*EditPage, error) {
	page := &EditPage{Page: ui.FrameOf(r, ui.SectionPatterns, "配分パターン"), ID: int64(id)}
	source := id
	if id == 0 {
		n, _ := strconv.ParseInt(from, 10, 64) // no copy asked for
		source = store.PatternID(n)
	}
	var stored store.Pattern
	if source != 0 {
		var err error
		stored, err = s.db.LoadPattern(r.Context(), page.TenantID, source)
		if errors.Is(err, store.ErrNotFound) {
			return nil, ui.ErrMissing
		}
		if err != nil {
			return nil, err
		}
	}
	if err := s.columns(r, page, stored.Pattern); err != nil {
		return nil, err
	}
	switch {
	case id != 0:
		page.Version, page.Default, page.SKUs = stored.Version, stored.Default, stored.SKUs
		page.write(stored.Pattern)
	case source != 0:
		page.write(stored.Pattern)
		page.Name = page.T("%s の写し", stored.Name)
	default:
		page.write(allocation.Everywhere)
		page.Name = ""
	}
	return page, nil
}

// columns are the shops, those that the pattern mentions first and in its order, which breaks ties; with the lag that was measured lately.
func (s *Screen) columns(r *http.Request, page *EditPage, p allocation.Pattern) error {
	status, _, err := s.db.ListShopStatus(r.Context(), page.TenantID, s.ui.Now().Add(-lagSpan))
	if err != nil {
		return err
	}
	if len(p.Rules) > 0 {
		place := func(id channel.ShopID) int {
			for _, rule := range p.Rules {
				if i := slices.IndexFunc(rule.Shares, func(s allocation.ShopShare) bool { return s.Shop == allocation.ShopID(id) }); i >= 0 {
					return i
				}
			}
			return allocation.MostShops
		}
		slices.SortStableFunc(status, func(a, b store.ShopStatus) int { return place(a.Shop.ID) - place(b.Shop.ID) })
	}
	var fastest time.Duration
	for _, one := range status {
		if p99 := one.Lag.P99; p99 > 0 && (fastest == 0 || p99 < fastest) {
			fastest = p99
		}
	}
	for _, one := range status {
		shop := Shop{ID: int64(one.Shop.ID), Name: one.Shop.Name, Mode: ui.InLine, P50: one.Lag.P50, P99: one.Lag.P99, Items: one.Lag.Items}
		switch one.Shop.Mode {
		case store.Paused:
			shop.Mode = ui.Paused
		case store.Rehearsing:
			shop.Mode = ui.Rehearsing
		}
		shop.Slow = shop.P99 > 30*time.Second && shop.P99 > 3*fastest
		page.Shops = append(page.Shops, shop)
	}
	return nil
}

// typed is the editor with what was posted.
func (s *Screen) typed(r *http.Request) (*EditPage, error) {
	id, err := strconv.ParseInt(r.PostFormValue("id"), 10, 64)
	if err != nil {
		return nil, ui.ErrForm
	}
	page, err := s.edit(r, store.PatternID(id), "")
	if err != nil {
		return nil, err
	}
	page.read(r)
	page.Preview.Code = strings.TrimSpace(r.PostFormValue("sku"))
	return page, nil
}

// Preview is POST /patterns/preview: what the pattern on the screen would do, alone.
func (s *Screen) Preview(w http.ResponseWriter, r *http.Request) error {
	page, err := s.typed(r)
	if err != nil {
		return err
	}
	page.number()
	if err := s.preview(r, page); err != nil {
		return err
	}
	return s.views.Edit.Fragment(w, "preview", page)
}

// Save is POST /patterns: saves, or adds and removes rules for browsers without scripts.
func (s *Screen) Save(w http.ResponseWriter, r *http.Request) error {
	page, err := s.typed(r)
	if err != nil {
		return err
	}
	do, number, _ := strings.Cut(r.PostFormValue("do"), ".")
	switch do {
	case "add":
		page.addRule()
		return s.show(w, r, page, http.StatusOK)
	case "remove":
		if i, err := strconv.Atoi(number); err == nil && i >= 0 && i < len(page.Rules) {
			page.Rules = slices.Delete(page.Rules, i, i+1)
		}
		return s.show(w, r, page, http.StatusOK)
	case "save":
	default:
		return s.show(w, r, page, http.StatusOK)
	}
	page.number()
	p, ok := page.pattern()
	if ok {
		_, err := s.db.SavePattern(r.Context(), page.TenantID, store.PatternChange{ID: store.PatternID(page.ID), Version: page.Version, Pattern: p, Actor: page.Actor})
		if err == nil {
			s.engine.Changed()
			s.cookies.After(w, r, "/patterns", ui.DonePattern)
			return nil
		}
		if page.Wrong = s.refused(page.Page, err, page.shopName); page.Wrong == nil {
			return err
		}
	}
	return s.show(w, r, page, http.StatusUnprocessableEntity)
}

// refused says why the store did not take a pattern; nil when that is for nobody to read.
func (s *Screen) refused(p ui.Page, err error, shop func(allocation.ShopID) string) []string {
	var wrong *store.PatternError
	var conflict *store.ConflictError
	var use *store.InUseError
	switch {
	case errors.As(err, &wrong):
		var list []string
		for _, found := range wrong.Found {
			list = append(list, explain.PatternMistake(found, string(p.Lang), shop))
		}
		return list
	case errors.As(err, &conflict):
		return []string{p.T("同じ名前のパターンがあります。別の名前にしてください。")}
	case errors.Is(err, store.ErrVersion):
		return []string{p.T("ほかの人がこのパターンを変更しました。開き直してから、もう一度変更してください。")}
	case errors.As(err, &use):
		if use.Default {
			return []string{p.T("標準のパターンは削除できません。先に、別のパターンを標準にしてください。")}
		}
		return []string{p.T("%s 個の SKU が使っているので削除できません。先に、別のパターンを割り当ててください。", ui.Number(use.SKUs))}
	}
	return nil
}

// show renders the editor with its preview.
func (s *Screen) show(w http.ResponseWriter, r *http.Request, page *EditPage, status int) error {
	if page.ID == 0 {
		page.Title = page.T("新しい配分パターン")
	} else if page.Name != "" {
		page.Title = page.Name
	}
	page.number()
	wrong := page.Wrong
	if err := s.preview(r, page); err != nil {
		return err
	}
	if status == http.StatusUnprocessableEntity {
		if len(wrong) > 0 {
			page.Wrong = wrong
		}
	} else {
		page.Wrong = nil // what is wrong while typing stands in the preview
	}
	return s.views.Edit.Page(w, status, page)
}

// preview fills in what the typed pattern would do.
func (s *Screen) preview(r *http.Request, page *EditPage) error {
	p, ok := page.pattern()
	page.Preview.Fine = ok
	if !ok {
		return nil
	}
	shops, err := s.db.ListShops(r.Context(), page.TenantID)
	if err != nil {
		return err
	}
	specs := s.engine.Specs()
	list := make([]allocation.Shop, len(page.Shops))
	for i, column := range page.Shops {
		at := slices.IndexFunc(shops, func(shop store.Shop) bool { return int64(shop.ID) == column.ID })
		list[i] = shops[at].Allocation(specs[shops[at].Kind])
	}
	page.Preview.Figures = figures(p, list)
	if page.Preview.Code != "" {
		if err := s.previewSKU(r, page, p); err != nil {
			return err
		}
	}
	var followers []store.StockQuery
	if page.ID != 0 {
		followers = append(followers, store.StockQuery{Pattern: page.ID})
	}
	if page.Default {
		followers = append(followers, store.StockQuery{Pattern: store.NoPattern})
	}
	if len(followers) > 0 {
		page.Preview.Impact, err = s.impact(r, page.Page, impact.Question{Pattern: p, SKUs: followers, Within: previewTime})
	}
	return err
}

func (s *Screen) impact(r *http.Request, page ui.Page, q impact.Question) (*Impact, error) {
	found, err := impact.Of(r.Context(), s.db, s.clock, page.TenantID, s.engine.Specs(), q)
	if err != nil {
		return nil, err
	}
	out := &Impact{Examined: found.Examined, Changed: found.Changed, Pushes: found.Pushes, All: found.All}
	names := make(map[channel.ShopID]string)
	for _, shop := range found.Shops {
		names[shop.ID] = shop.Name
		if shop.Changed > 0 {
			out.Shops = append(out.Shops, ShopImpact{Name: shop.Name, Quiet: shop.Mode != store.Live, Changed: shop.Changed, Up: shop.Up, Down: shop.Down, ToZero: shop.ToZero, FromZero: shop.FromZero})
		}
	}
	for _, e := range found.Examples[:min(len(found.Examples), mostExamples)] {
		example := Example{Code: e.Code, Sellable: e.Sellable}
		for _, c := range e.Shops {
			example.Lines = append(example.Lines, Line{names[c.Shop], c.Before, c.After})
		}
		out.Examples = append(out.Examples, example)
	}
	return out, nil
}

const mostExamples = 5

// previewSKU is the chosen SKU under the pattern.
func (s *Screen) previewSKU(r *http.Request, page *EditPage, p allocation.Pattern) error {
	item, err := s.db.LoadSKU(r.Context(), page.TenantID, page.Preview.Code)
	if errors.Is(err, store.ErrNotFound) {
		page.Preview.NoSKU = true
		return nil
	}
	if err != nil {
		return err
	}
	sellable := item.Sellable()
	sku := &SKU{Code: item.Code, Name: item.Name, OnHand: item.Balance.OnHand, Committed: item.Balance.Committed, Available: item.Balance.Available(),
		Withheld: item.Terms.SecuredUnits(item.Balance), Sellable: sellable}
	specs := s.engine.Specs()
	names := make(map[channel.ShopID]store.Shop)
	for _, shop := range item.Shops {
		names[shop.ID] = shop
	}
	shops := make([]allocation.Shop, len(item.Listings))
	for i, l := range item.Listings {
		shop := names[l.Shop]
		shops[i] = shop.Allocation(specs[shop.Kind])
	}
	before := item.Allotment.Targets(sellable, slices.Clone(shops))
	other, err := s.under(r, page.TenantID, item, p, slices.Clone(shops))
	if err != nil {
		return err
	}
	if why := other.Why(sellable); why != nil {
		sku.Why = explain.AutoWords(p.Name, why, string(page.Lang))
	}
	for i, t := range other.Targets(sellable, shops) {
		sku.Lines = append(sku.Lines, Line{names[item.Listings[i].Shop].Name, before[i].Quantity, t.Quantity})
	}
	page.Preview.SKU = sku
	return nil
}

// under is the SKU's allotment if it followed the pattern from now on.
func (s *Screen) under(r *http.Request, tenant stock.TenantID, item store.SKU, p allocation.Pattern, shops []allocation.Shop) (store.Allotment, error) {
	other := item.Allotment
	other.Pattern, other.Settled = p, nil
	if !p.HasAuto() {
		return other, nil
	}
	paces, err := s.db.ShopPaces(r.Context(), tenant, s.engine.Specs())
	if err != nil {
		return other, err
	}
	inputs, err := s.db.PlanInputs(r.Context(), tenant, []stock.SKUID{item.SKU})
	if err != nil || len(inputs) == 0 || len(inputs[0].Listings) != len(shops) {
		return other, err // it changes this very moment; the next look has it
	}
	inputs[0].Allotment = other
	inputs[0].Settle(shops, paces)
	return inputs[0].Allotment, nil
}

// Delete is POST /patterns/{id}/delete.
func (s *Screen) Delete(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return ui.ErrMissing
	}
	frame := ui.FrameOf(r, ui.SectionPatterns, "配分パターン")
	err = s.db.DeletePattern(r.Context(), frame.TenantID, store.PatternID(id), 0)
	if errors.Is(err, store.ErrNotFound) {
		return ui.ErrMissing
	}
	if err != nil {
		wrong := s.refused(frame, err, nil)
		if wrong == nil {
			return err
		}
		page, err := s.edit(r, store.PatternID(id), "")
		if err != nil {
			return err
		}
		page.Wrong = wrong
		return s.show(w, r, page, http.StatusUnprocessableEntity)
	}
	s.cookies.After(w, r, "/patterns", ui.DonePatternGone)
	return nil
}

// SetDefault is POST /patterns/default: what SKUs without a pattern follow.
func (s *Screen) SetDefault(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PostFormValue("id"), 10, 64)
	if err != nil {
		return ui.ErrForm
	}
	frame := ui.FrameOf(r, ui.SectionPatterns, "配分パターン")
	err = s.db.SetDefaultPattern(r.Context(), frame.TenantID, store.PatternID(id))
	if errors.Is(err, store.ErrNotFound) {
		return ui.ErrMissing
	}
	if err != nil {
		return fmt.Errorf("set default pattern: %w", err)
	}
	s.engine.Changed()
	s.cookies.After(w, r, "/patterns", ui.DonePattern)
	return nil
}
