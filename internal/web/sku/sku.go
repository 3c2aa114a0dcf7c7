package sku

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"soroi/internal/channel"
	"soroi/internal/engine"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// Screen serves the page of one SKU.
type Screen struct {
	ui       *ui.UI
	db       *store.DB
	engine   *engine.Service
	cookies  ui.Cookies
	template *ui.Template
	past     *ui.Template
}

// New makes it.
func New(u *ui.UI, db *store.DB, e *engine.Service, c ui.Cookies) (*Screen, error) {
	t, err := Parse(u)
	past, pastErr := ParsePast(u)
	return &Screen{ui: u, db: db, engine: e, cookies: c, template: t, past: past}, errors.Join(err, pastErr)
}

const historyRows = 50

// Show is GET /sku.
func (s *Screen) Show(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	page, _, err := s.load(r, v.Get("code"))
	if err != nil {
		return err
	}
	if err := s.history(r, page, v.Get("after")); err != nil {
		return err
	}
	if why := v.Get("why"); why != "" {
		if err := s.explain(r, page, why); err != nil {
			return err
		}
	}
	return s.template.Page(w, http.StatusOK, page)
}

// Now is the part with the figures and the shops.
func (s *Screen) Now(w http.ResponseWriter, r *http.Request) error {
	page, _, err := s.load(r, r.URL.Query().Get("code"))
	if err != nil {
		return err
	}
	return s.template.Fragment(w, "now", page)
}

// History is the part with the movements.
func (s *Screen) History(w http.ResponseWriter, r *http.Request) error {
	page, _, err := s.load(r, r.URL.Query().Get("code"))
	if err != nil {
		return err
	}
	if err := s.history(r, page, r.URL.Query().Get("after")); err != nil {
		return err
	}
	return s.template.Fragment(w, "history", page)
}

func (s *Screen) load(r *http.Request, code string) (*Page, store.SKU, error) {
	page := &Page{Page: ui.FrameOf(r, ui.SectionStock, "在庫"), Form: Form{Key: rand.Text(), Mode: stock.Set}, Inbound: Inbound{Key: rand.Text()}, Wrong: ui.FieldErrors{}}
	item, err := s.db.LoadSKU(r.Context(), page.TenantID, code)
	if errors.Is(err, store.ErrNotFound) {
		return nil, item, ui.ErrMissing
	}
	if err != nil {
		return nil, item, fmt.Errorf("load sku: %w", err)
	}
	fill(page, item)
	fillTerms(page, item)
	if err := s.allotment(r, page, item); err != nil {
		return nil, item, err
	}
	if err := s.inbound(r, page); err != nil {
		return nil, item, err
	}
	if err := s.bundle(r, page); err != nil {
		return nil, item, err
	}
	return page, item, nil
}

// fill turns what the books say of a SKU into what the page shows.
func fill(page *Page, item store.SKU) {
	page.Title, page.Code, page.Name, page.Supply = item.Code, item.Code, item.Name, item.Terms.Supply
	b := item.Balance
	page.Figures = Figures{OnHand: b.OnHand, Committed: b.Committed, Available: b.Available(), Secured: item.Terms.SecuredUnits(b), Sellable: item.Sellable()}
	if len(item.Locations) > 1 {
		for _, l := range item.Locations {
			page.Locations = append(page.Locations, Location{ID: int64(l.ID), Name: l.Name, OnHand: l.Balance.OnHand, Committed: l.Balance.Committed})
		}
	}
	names := shopNames(item.Shops)
	for _, l := range item.Listings {
		shop := Shop{ListingID: int64(l.ID), ShopID: int64(l.Shop), Name: names[l.Shop], Ref: string(l.Ref), Shown: l.Believed(), ShownAt: l.ShownAt, Target: l.Target, TargetAt: l.TargetAt,
			State: ui.State(l.State), MallCode: l.ErrorCode, MallWords: l.ErrorText}
		if l.Share != nil && l.Target != nil && l.Share.Compare(*l.Target) != 0 {
			shop.Share = l.Share
		}
		if l.State == store.StateError {
			trouble := page.Lang.TroubleOf(l.ErrorKind)
			shop.Trouble = &trouble
		}
		page.Shops = append(page.Shops, shop)
	}
}

func shopNames(shops []store.Shop) map[channel.ShopID]string {
	names := make(map[channel.ShopID]string, len(shops))
	for _, s := range shops {
		names[s.ID] = s.Name
	}
	return names
}

func (s *Screen) history(r *http.Request, page *Page, after string) error {
	list, err := s.db.ListMovements(r.Context(), page.TenantID, page.Code, after, historyRows)
	if errors.Is(err, store.ErrPlace) {
		return ui.ErrMissing
	}
	if err != nil {
		return fmt.Errorf("list movements: %w", err)
	}
	page.After, page.Older = after, list.Next
	for _, m := range list.Movements {
		line := Line{ID: fmt.Sprintf("%d-%d", m.Location, m.Seq), At: m.OccurredAt, Kind: m.Kind, Cause: m.Cause, Shop: m.ShopName, Document: m.Document, Actor: m.Actor, Reason: m.Reason,
			OnHandDelta: m.OnHandDelta, CommittedDelta: m.CommittedDelta, OnHand: m.After.OnHand, Committed: m.After.Committed, Oversold: m.Oversold}
		if m.Cause == stock.ByHand && m.Kind != stock.Receipt {
			line.Document = ""
		}
		if len(page.Locations) > 0 {
			line.Location = m.Place
		}
		page.History = append(page.History, line)
	}
	return nil
}

// Change is POST /sku/change: on hand is changed by hand.
func (s *Screen) Change(w http.ResponseWriter, r *http.Request) error {
	page, item, err := s.load(r, r.PostFormValue("code"))
	if err != nil {
		return err
	}
	location, _ := strconv.ParseInt(r.PostFormValue("location"), 10, 64) // 0 is the default one
	page.Form = Form{Key: r.PostFormValue("key"), Mode: stock.Mode(r.PostFormValue("mode")), Units: r.PostFormValue("units"), Location: location, Reason: strings.TrimSpace(r.PostFormValue("reason"))}
	if err := s.change(r, page, item); err != nil {
		return err
	}
	if page.Wrong.Any() {
		if err := s.history(r, page, ""); err != nil {
			return err
		}
		return s.template.Page(w, http.StatusUnprocessableEntity, page)
	}
	s.engine.Changed()
	s.cookies.After(w, r, page.Address(), ui.DoneChanged)
	return nil
}

const longestReason = 200

// change makes the change, or says in page.Wrong why not.
func (s *Screen) change(r *http.Request, page *Page, item store.SKU) error {
	f := page.Form
	units, err := ui.ReadNumber(f.Units)
	if err != nil {
		page.Wrong["units"] = page.Lang.ChangeSentence(&stock.ChangeError{Field: "units"})
	}
	if f.Reason == "" {
		page.Wrong["reason"] = page.T("理由を入力してください。履歴に残ります。")
	}
	if len([]rune(f.Reason)) > longestReason {
		page.Wrong["reason"] = page.T("理由は200文字までです。")
	}
	if f.Key == "" || len(f.Key) > 64 {
		page.Wrong[""] = page.T(ui.ErrForm.Text)
	}
	at, err := s.location(r, page, item)
	if err != nil {
		return err
	}
	c := stock.Change{SKU: item.SKU, Location: at, Mode: f.Mode, Units: units}
	var wrong *stock.ChangeError
	if errors.As(c.Check(), &wrong) {
		page.Wrong[wrong.Field] = page.Lang.ChangeSentence(wrong)
	}
	if page.Wrong.Any() {
		return nil
	}
	answer, err := s.db.ChangeStock(r.Context(), page.TenantID, store.ChangeRequest{Key: "screen-" + f.Key, Cause: stock.ByHand, Kind: stock.Adjustment, Document: f.Reason,
		Actor: page.Actor, Reason: f.Reason, Rows: []stock.Change{c}})
	if errors.Is(err, store.ErrKeyReused) {
		page.Wrong[""] = page.T("この画面からの変更は登録済みです。最新の数を確かめてから、もう一度入力してください。")
		page.Form.Key = rand.Text()
		return nil
	}
	if err != nil {
		return fmt.Errorf("change stock of %s: %w", page.Code, err)
	}
	if answer.Repeated || len(answer.Rows) == 0 || answer.Rows[0].Refused == nil {
		return nil
	}
	if errors.As(answer.Rows[0].Refused, &wrong) {
		page.Wrong["units"] = page.Lang.ChangeSentence(wrong)
		return nil
	}
	var negative *stock.NegativeError
	if errors.As(answer.Rows[0].Refused, &negative) {
		page.Wrong["units"] = page.T("実在庫は %s 個なので、%s 個は引けません。", ui.Number(negative.OnHand), ui.Number(units))
		return nil
	}
	return fmt.Errorf("change stock of %s: %w", page.Code, answer.Rows[0].Refused)
}

// location is where the change happens: the chosen one of the SKU's, else the merchant's first.
func (s *Screen) location(r *http.Request, page *Page, item store.SKU) (stock.LocationID, error) {
	for _, l := range item.Locations {
		if int64(l.ID) == page.Form.Location || len(item.Locations) == 1 {
			return l.ID, nil
		}
	}
	at, err := s.db.DefaultLocation(r.Context(), page.TenantID)
	if err != nil {
		return 0, fmt.Errorf("find the default location: %w", err)
	}
	return at, nil
}
