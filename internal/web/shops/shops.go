package shops

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"soroi/internal/channel"
	"soroi/internal/engine"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// Screen serves the pages of the shops.
type Screen struct {
	ui      *ui.UI
	db      *store.DB
	engine  *engine.Service
	cookies ui.Cookies
	views   Views
}

// New makes it.
func New(u *ui.UI, db *store.DB, e *engine.Service, c ui.Cookies) (*Screen, error) {
	v, err := Parse(u)
	return &Screen{ui: u, db: db, engine: e, cookies: c, views: v}, err
}

const (
	lagSpan     = 10 * time.Minute
	driftRows   = 10
	previewRows = 200
)

// List is GET /shops.
func (s *Screen) List(w http.ResponseWriter, r *http.Request) error {
	page, err := s.list(r)
	if err != nil {
		return err
	}
	return s.views.List.Page(w, http.StatusOK, page)
}

// ListLive is the list alone.
func (s *Screen) ListLive(w http.ResponseWriter, r *http.Request) error {
	page, err := s.list(r)
	if err != nil {
		return err
	}
	return s.views.List.Fragment(w, "list", page)
}

func (s *Screen) list(r *http.Request) (*ListPage, error) {
	page := &ListPage{Page: ui.FrameOf(r, ui.SectionShops, "店舗")}
	status, _, err := s.db.ListShopStatus(r.Context(), page.TenantID, s.ui.Now().Add(-lagSpan))
	if err != nil {
		return nil, fmt.Errorf("list shops: %w", err)
	}
	for _, one := range status {
		page.Shops = append(page.Shops, s.shop(page.Lang, one))
	}
	return page, nil
}

// shop is what the pages show of a shop.
func (s *Screen) shop(l ui.Lang, status store.ShopStatus) Shop {
	now := s.ui.Now()
	shop := Shop{ID: int64(status.Shop.ID), Name: status.Shop.Name, Channel: string(status.Shop.Kind), Mode: Mode(status.Shop.Mode), Outage: status.Shop.InOutage(now),
		P50: status.Lag.P50, P99: status.Lag.P99, Items: status.Lag.Items, Listings: Listings{All: status.Listings, Linked: status.Linked, Free: status.Unlinked, LeftOut: status.LeftOut},
		PulledAt: status.Pulled(), PushedAt: status.PushedAt}
	if spec, known := s.engine.Specs()[status.Shop.Kind]; known {
		shop.Channel = spec.Name
	}
	if shop.Outage || status.Shop.OutageFrom.After(now) {
		shop.OutageFrom, shop.OutageUntil = status.Shop.OutageFrom, status.Shop.OutageUntil
	}
	for lane := store.ToZero; lane <= store.FullPass; lane++ {
		shop.Lanes = append(shop.Lanes, Lane{Lane: int(lane), Waiting: status.Backlog[lane]})
	}
	if loop, ok := status.Trouble(); ok {
		tone := ui.Warn
		if loop.ErrorKind == channel.Auth {
			tone = ui.Bad
		}
		shop.Problem = &Problem{Trouble: l.TroubleOf(loop.ErrorKind), Tone: tone, Kind: loop.ErrorKind, Code: loop.ErrorCode, Message: loop.ErrorText, At: loop.FailedAt}
	}
	return shop
}

// find reads the shop of the path's id with its settings and how it is.
func (s *Screen) find(r *http.Request, tenant stock.TenantID) (store.Shop, store.ShopStatus, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return store.Shop{}, store.ShopStatus{}, ui.ErrMissing
	}
	list, err := s.db.ListShops(r.Context(), tenant)
	if err != nil {
		return store.Shop{}, store.ShopStatus{}, fmt.Errorf("list shops: %w", err)
	}
	i := slices.IndexFunc(list, func(shop store.Shop) bool { return int64(shop.ID) == id })
	if i < 0 {
		return store.Shop{}, store.ShopStatus{}, ui.ErrMissing
	}
	status, _, err := s.db.ListShopStatus(r.Context(), tenant, s.ui.Now().Add(-lagSpan))
	if err != nil {
		return store.Shop{}, store.ShopStatus{}, fmt.Errorf("read shop %d: %w", id, err)
	}
	for _, one := range status {
		if int64(one.Shop.ID) == id {
			return list[i], one, nil
		}
	}
	return store.Shop{}, store.ShopStatus{}, ui.ErrMissing
}

// Show is GET /shops/{id}.
func (s *Screen) Show(w http.ResponseWriter, r *http.Request) error {
	page, _, err := s.detail(r)
	if err != nil {
		return err
	}
	return s.views.Detail.Page(w, http.StatusOK, page)
}

// Live is the part of a shop's page that refreshes itself.
func (s *Screen) Live(w http.ResponseWriter, r *http.Request) error {
	page, _, err := s.detail(r)
	if err != nil {
		return err
	}
	return s.views.Detail.Fragment(w, "vital", page)
}

func (s *Screen) detail(r *http.Request) (*DetailPage, store.Shop, error) {
	page := &DetailPage{Page: ui.FrameOf(r, ui.SectionShops, "店舗"), Wrong: ui.FieldErrors{}}
	shop, status, err := s.find(r, page.TenantID)
	if err != nil {
		return nil, shop, err
	}
	page.Title, page.Shop = shop.Name, s.shop(page.Lang, status)
	spec := s.engine.Specs()[shop.Kind]
	page.CanList = spec.Can.ListListings
	page.Hook = s.hook(page.Lang, spec, status)
	page.Fields = settings(page.Lang, spec, shop.Settings, nil, nil)
	if !page.Shop.OutageFrom.IsZero() {
		page.Outage = OutageForm{From: ui.FormTime(page.Shop.OutageFrom), Until: ui.FormTime(page.Shop.OutageUntil)}
	}
	drifts, err := s.db.ListDrifts(r.Context(), page.TenantID, shop.ID, driftRows)
	if err != nil {
		return nil, shop, fmt.Errorf("list drifts: %w", err)
	}
	for _, d := range drifts {
		page.Drifts = append(page.Drifts, Drift{Code: d.Code, Expected: d.Expected, Found: d.Found, At: d.At})
	}
	return page, shop, nil
}

// hook is how the shop's webhooks stand, nil where there are none.
func (s *Screen) hook(l ui.Lang, spec channel.Spec, status store.ShopStatus) *Hook {
	if !spec.Can.Webhook {
		return nil
	}
	loop := status.Hook()
	h := &Hook{Every: s.engine.Poll(spec), Address: s.engine.HookAddress(status.Shop.Tenant, status.Shop.ID), ByHand: !spec.Can.Subscribe, LastAt: status.Shop.NotifiedAt}
	h.Asked = h.Address != "" && string(loop.Cursor) == h.Address
	if loop.ErrorKind != "" && h.Address != "" {
		h.Problem = &Problem{Trouble: l.NoWebhooks(), Tone: ui.Warn, Kind: loop.ErrorKind, Code: loop.ErrorCode, Message: loop.ErrorText, At: loop.FailedAt}
	}
	return h
}

// SetMode is POST /shops/{id}/mode: pause, or go live.
func (s *Screen) SetMode(w http.ResponseWriter, r *http.Request) error {
	tenant := ui.FrameOf(r, ui.SectionShops, "店舗").TenantID
	shop, _, err := s.find(r, tenant)
	if err != nil {
		return err
	}
	mode, done := store.Mode(r.PostFormValue("mode")), ui.Done("")
	switch mode {
	case store.Live:
		done = ui.DoneLive
	case store.Paused:
		done = ui.DonePaused
	case store.Rehearsing:
		done = ui.DoneRehearse
	default:
		return ui.ErrForm
	}
	if err := s.db.SetMode(r.Context(), tenant, shop.ID, mode); err != nil {
		return fmt.Errorf("set mode of shop %d: %w", shop.ID, err)
	}
	s.engine.Changed()
	s.cookies.After(w, r, path(int64(shop.ID), ""), done)
	return nil
}

// PullListings is POST /shops/{id}/listings.
func (s *Screen) PullListings(w http.ResponseWriter, r *http.Request) error {
	tenant := ui.FrameOf(r, ui.SectionShops, "店舗").TenantID
	shop, _, err := s.find(r, tenant)
	if err != nil {
		return err
	}
	s.engine.ListNow(tenant, shop.ID)
	s.cookies.After(w, r, path(int64(shop.ID), ""), ui.DoneListing)
	return nil
}

// SetOutage is POST /shops/{id}/outage.
func (s *Screen) SetOutage(w http.ResponseWriter, r *http.Request) error {
	page, shop, err := s.detail(r)
	if err != nil {
		return err
	}
	to := path(int64(shop.ID), "")
	if r.PostFormValue("clear") != "" {
		if err := s.db.SetOutage(r.Context(), page.TenantID, shop.ID, time.Time{}, time.Time{}); err != nil {
			return fmt.Errorf("end outage of shop %d: %w", shop.ID, err)
		}
		s.cookies.After(w, r, to, ui.DoneNoOutage)
		return nil
	}
	page.Outage = OutageForm{From: r.PostFormValue("from"), Until: r.PostFormValue("until")}
	from, err := ui.ReadFormTime(page.Outage.From)
	if err != nil {
		page.Wrong["from"] = page.T("日付と時刻を入力してください。")
	}
	until, err := ui.ReadFormTime(page.Outage.Until)
	switch {
	case err != nil:
		page.Wrong["until"] = page.T("日付と時刻を入力してください。")
	case !until.After(from):
		page.Wrong["until"] = page.T("終了は開始より後にしてください。")
	case !until.After(s.ui.Now()):
		page.Wrong["until"] = page.T("終了がすでに過ぎています。")
	}
	if page.Wrong.Any() {
		return s.views.Detail.Page(w, http.StatusUnprocessableEntity, page)
	}
	if err := s.db.SetOutage(r.Context(), page.TenantID, shop.ID, from, until); err != nil {
		return fmt.Errorf("set outage of shop %d: %w", shop.ID, err)
	}
	s.cookies.After(w, r, to, ui.DoneOutage)
	return nil
}

// Preview is GET /shops/{id}/preview: what going live would publish.
func (s *Screen) Preview(w http.ResponseWriter, r *http.Request) error {
	page := &PreviewPage{Page: ui.FrameOf(r, ui.SectionShops, "店舗")}
	shop, status, err := s.find(r, page.TenantID)
	if err != nil {
		return err
	}
	page.Title, page.Shop = shop.Name, s.shop(page.Lang, status)
	sums, err := s.db.SumListings(r.Context(), page.TenantID, shop.ID)
	if err != nil {
		return fmt.Errorf("sum listings: %w", err)
	}
	page.Counts = PreviewCounts{Same: sums.Same, Up: sums.Up, Down: sums.Down, Zero: sums.Zero, Unread: sums.Unread, Unlinked: sums.All - sums.Linked}
	list, err := s.db.ListPreview(r.Context(), page.TenantID, shop.ID, previewRows+1)
	if err != nil {
		return fmt.Errorf("list preview: %w", err)
	}
	page.More = len(list) > previewRows
	for _, l := range list[:min(len(list), previewRows)] {
		c := Change{Code: l.SKUCode, Title: l.SKUName, Shown: l.Believed()}
		if l.Target != nil {
			c.Target = *l.Target
		}
		page.Changes = append(page.Changes, c)
	}
	return s.views.Preview.Page(w, http.StatusOK, page)
}

// isConflict tells whether a name is taken.
func isConflict(err error) bool {
	var conflict *store.ConflictError
	return errors.As(err, &conflict)
}
