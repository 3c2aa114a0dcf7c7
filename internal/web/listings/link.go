package listings

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// sure tells whether a suggestion is a code as written.
func sure(s store.Suggestion) bool {
	switch s.Reason {
	case match.SameCode, match.SameJAN, match.SameOther:
		return !s.Stripped && !s.As.Archived
	}
	return false
}

// target is what a posted form is about.
type target struct {
	shop         channel.ShopID
	ref          order.Ref
	number, line string
	back         string
	quick        bool // htmx asked: the row is answered alone
}

func targetOf(r *http.Request) target {
	shop, _ := strconv.ParseInt(r.PostFormValue("shop"), 10, 64) // an unknown shop is refused by the store
	back := ui.LocalPath(r.PostFormValue("back"))
	if back == "/" {
		back = "/listings"
	}
	return target{shop: channel.ShopID(shop), ref: order.Ref(r.PostFormValue("ref")), number: r.PostFormValue("number"), line: r.PostFormValue("line"), back: back,
		quick: r.Header.Get("HX-Request") != ""}
}

// Link is POST /listings/link: a listing, or a line of an order that names none, is linked to the SKU of a code.
func (s *Screen) Link(w http.ResponseWriter, r *http.Request) error {
	frame, t := ui.FrameOf(r, ui.SectionListings, "出品"), targetOf(r)
	typed := strings.TrimSpace(r.PostFormValue("code"))
	chosen := r.PostFormValue("sku")
	keep := r.PostFormValue("keep") != ""
	sku, code, wrong, err := s.resolve(r, frame, chosen, typed)
	if err != nil {
		return err
	}
	var row Row
	if t.quick {
		if row, err = s.find(r, &frame, t); err != nil {
			return err
		}
	}
	var outcome store.LinkOutcome
	if wrong == "" {
		request := store.LinkRequest{Actor: frame.Actor, KeepClaims: keep, OnlyFree: r.PostFormValue("one") == "",
			Rows: []store.LinkRow{{Shop: t.shop, Ref: t.ref, Number: t.number, Line: t.line, SKU: sku}}}
		answer, err := s.db.Link(r.Context(), frame.TenantID, request)
		if err != nil {
			return err
		}
		if outcome = answer.Rows[0]; outcome.Refused == store.NoSuchShop {
			return ui.ErrMissing
		}
		if !answer.Applied {
			wrong = refusal(frame.Lang, outcome)
		}
	}
	if wrong != "" && t.quick {
		row.Typed, row.Wrong = typed, wrong
		return s.views.List.Fragment(w, "pick", row)
	}
	if wrong != "" {
		page, err := s.onePage(r, frame, t)
		if err != nil {
			return err
		}
		page.Form = LinkForm{Code: typed, Keep: keep, Wrong: wrong}
		return s.views.One.Page(w, http.StatusUnprocessableEntity, page)
	}
	s.engine.Changed()
	if !t.quick {
		s.cookies.After(w, r, t.back, linkedDone(outcome))
		return nil
	}
	done := frame.T("%s に紐付けました", code)
	if outcome.Lines > 0 {
		done = frame.T("%s に紐付け、受注%s行 %s個を引き当てました", code, ui.Number(outcome.Lines), ui.Number(outcome.Units))
	}
	return s.views.List.Fragment(w, "pick", row.did(done, "/listings/unlink?undo=1"))
}

func linkedDone(o store.LinkOutcome) ui.Done {
	if o.Lines > 0 {
		return ui.DoneLinkedClaims
	}
	return ui.DoneLinked
}

// resolve finds the SKU that is meant: the one whose button was pressed, or the one whose code was typed.
func (s *Screen) resolve(r *http.Request, frame ui.Page, chosen, typed string) (sku stock.SKUID, code, wrong string, err error) {
	if chosen != "" {
		ids, err := s.db.FindSKUs(r.Context(), frame.TenantID, []string{chosen})
		if err != nil {
			return 0, "", "", err
		}
		if ids[chosen] == 0 {
			return 0, "", frame.T("「%s」という商品はありません。", chosen), nil
		}
		return ids[chosen], chosen, "", nil
	}
	if typed == "" {
		return 0, "", frame.T("SKUコードかJANを入力してください。"), nil
	}
	if len([]rune(typed)) > longestText {
		return 0, "", frame.T("コードが長すぎます。"), nil
	}
	found, err := s.db.ResolveCodes(r.Context(), frame.TenantID, []string{typed})
	if err != nil {
		return 0, "", "", err
	}
	one := found[typed]
	switch {
	case one.Found():
		return one.SKU, one.Code, "", nil
	case one.Match == store.MatchAmbiguous:
		return 0, "", frame.T("「%s」に合う商品が二つ以上あります（%s）。SKUコードで選んでください。", typed, candidateCodes(one)), nil
	case len(one.Candidates) > 0:
		return 0, "", frame.T("「%s」という商品はありません。頭のゼロが消えていませんか？（%s）", typed, candidateCodes(one)), nil
	}
	return 0, "", frame.T("「%s」という商品はありません。", typed), nil
}

func candidateCodes(r store.Resolution) string {
	codes := make([]string, len(r.Candidates))
	for i, c := range r.Candidates {
		codes[i] = c.Code
	}
	return strings.Join(codes, ", ")
}

// find reads the row that a form was about as it is now.
func (s *Screen) find(r *http.Request, frame *ui.Page, t target) (Row, error) {
	shops, err := s.db.ListShops(r.Context(), frame.TenantID)
	if err != nil {
		return Row{}, fmt.Errorf("list shops: %w", err)
	}
	names := shopNames(shops)
	if names[t.shop] == "" {
		return Row{}, ui.ErrMissing
	}
	if t.ref != "" {
		l, err := s.db.LoadListing(r.Context(), frame.TenantID, t.shop, t.ref)
		if err == nil {
			return s.row(frame, l, names, t.back), nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return Row{}, err
		}
	}
	goods, err := s.db.LoadWaitingGoods(r.Context(), frame.TenantID, t.shop, t.ref, t.number, t.line)
	if errors.Is(err, store.ErrNotFound) {
		return Row{}, ui.ErrMissing
	}
	if err != nil {
		return Row{}, err
	}
	return goodsRow(frame, goods, names[t.shop], t.back), nil
}

// did is a row with what has been done about it.
func (r Row) did(done, undo string) Row {
	r.Done, r.Undo, r.Waiting, r.Orders, r.Apart = done, undo, 0, nil, false
	return r
}

// answerRow answers a quick form with its row as it is now.
func (s *Screen) answerRow(w http.ResponseWriter, r *http.Request, frame ui.Page, t target) error {
	row, err := s.find(r, &frame, t)
	if err != nil {
		return err
	}
	return s.views.List.Fragment(w, "pick", row)
}

// Unlink is POST /listings/unlink.
func (s *Screen) Unlink(w http.ResponseWriter, r *http.Request) error {
	frame, t := ui.FrameOf(r, ui.SectionListings, "出品"), targetOf(r)
	undo := r.URL.Query().Get("undo") != ""
	row := store.LinkRow{Shop: t.shop, Ref: t.ref, Number: t.number, Line: t.line, ByRule: undo}
	answer, err := s.db.Link(r.Context(), frame.TenantID, store.LinkRequest{Actor: frame.Actor, KeepClaims: r.PostFormValue("keep") != "", Rows: []store.LinkRow{row}})
	if err != nil {
		return err
	}
	if !answer.Applied {
		return ui.ErrMissing
	}
	s.engine.Changed()
	if !t.quick {
		s.cookies.After(w, r, t.back, ui.DoneUnlinked)
		return nil
	}
	return s.answerRow(w, r, frame, t)
}

// Forget is POST /listings/forget.
func (s *Screen) Forget(w http.ResponseWriter, r *http.Request) error {
	frame, t := ui.FrameOf(r, ui.SectionListings, "出品"), targetOf(r)
	err := s.db.ForgetListing(r.Context(), frame.TenantID, t.shop, t.ref)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return ui.ErrMissing
	case errors.Is(err, store.ErrStillListed):
		return &ui.Refusal{Status: http.StatusConflict, Text: "店舗にある出品なので、消せません。"}
	case err != nil:
		return err
	}
	s.engine.Changed()
	s.cookies.After(w, r, t.back, ui.DoneForgotten)
	return nil
}

// One is GET /listings/one.
func (s *Screen) One(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	shop, _ := strconv.ParseInt(v.Get("shop"), 10, 64)
	t := target{shop: channel.ShopID(shop), ref: order.Ref(v.Get("ref")), back: address("/listings", Query{Shop: shop, Show: ShowLinked}.values())}
	page, err := s.onePage(r, ui.FrameOf(r, ui.SectionListings, "出品"), t)
	if err != nil {
		return err
	}
	return s.views.One.Page(w, http.StatusOK, page)
}

func (s *Screen) onePage(r *http.Request, frame ui.Page, t target) (*OnePage, error) {
	page := &OnePage{Page: frame}
	row, err := s.find(r, &page.Page, t)
	if err != nil {
		return nil, err
	}
	if row.SKU == "" && strings.HasSuffix(row.Back, "show=linked") {
		row.Back = address("/listings", Query{Shop: row.ShopID}.values())
	}
	page.Title, page.Row = row.Title, row
	return page, nil
}

// Of is GET /listings/of: the listings of one SKU.
func (s *Screen) Of(w http.ResponseWriter, r *http.Request) error {
	code := r.URL.Query().Get("code")
	page := &OfPage{Page: ui.FrameOf(r, ui.SectionStock, "%s の出品", code)}
	sku, list, shops, err := s.db.ListListingsOf(r.Context(), page.TenantID, code)
	if errors.Is(err, store.ErrNotFound) {
		return ui.ErrMissing
	}
	if err != nil {
		return err
	}
	names := shopNames(shops)
	page.Code, page.Name, page.Back = sku.Code, sku.Name, address("/sku", url.Values{"code": {sku.Code}})
	for _, l := range list {
		page.Rows = append(page.Rows, s.row(&page.Page, l, names, page.Here))
	}
	page.Choices = listed(page.Lang, sku.Candidates, names)
	return s.views.Of.Page(w, http.StatusOK, page)
}

// mostOptions is how many SKUs are offered while one types.
const mostOptions = 10

// Options is GET /listings/skus: the SKUs that what is typed may mean.
func (s *Screen) Options(w http.ResponseWriter, r *http.Request) error {
	page := &OptionsPage{Page: ui.FrameOf(r, ui.SectionListings, "出品")}
	typed := []rune(strings.TrimSpace(r.URL.Query().Get("code")))
	if len(typed) > 0 && len(typed) <= longestText {
		list, err := s.db.ListStock(r.Context(), page.TenantID, store.StockQuery{Text: string(typed), Limit: mostOptions})
		if err != nil {
			return err
		}
		for _, row := range list.Rows {
			page.Options = append(page.Options, Choice{Code: row.Code, Name: row.Name})
		}
	}
	return s.views.List.Fragment(w, "options", page)
}

// shopOf is the shop that a posted form names.
func (s *Screen) shopOf(r *http.Request, frame ui.Page, id string) (store.Shop, error) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return store.Shop{}, ui.ErrMissing
	}
	shops, err := s.db.ListShops(r.Context(), frame.TenantID)
	if err != nil {
		return store.Shop{}, fmt.Errorf("list shops: %w", err)
	}
	for _, shop := range shops {
		if int64(shop.ID) == n {
			return shop, nil
		}
	}
	return store.Shop{}, ui.ErrMissing
}

// Pull is POST /listings/pull.
func (s *Screen) Pull(w http.ResponseWriter, r *http.Request) error {
	frame, t := ui.FrameOf(r, ui.SectionListings, "出品"), targetOf(r)
	shop, err := s.shopOf(r, frame, r.PostFormValue("shop"))
	if err != nil {
		return err
	}
	s.engine.ListNow(frame.TenantID, shop.ID)
	s.cookies.After(w, r, t.back, ui.DoneListing)
	return nil
}

// FullPass is POST /listings/full.
func (s *Screen) FullPass(w http.ResponseWriter, r *http.Request) error {
	frame, t := ui.FrameOf(r, ui.SectionListings, "出品"), targetOf(r)
	shop, err := s.shopOf(r, frame, r.PostFormValue("shop"))
	if err != nil {
		return err
	}
	if err := s.db.RequestFullPass(r.Context(), frame.TenantID, shop.ID); err != nil {
		return fmt.Errorf("request a full pass of shop %d: %w", shop.ID, err)
	}
	s.engine.Changed()
	s.cookies.After(w, r, t.back, ui.DoneFullPass)
	return nil
}
