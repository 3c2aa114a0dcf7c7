package sku

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// Inbound is what is expected of the SKU, and the forms for it.
type Inbound struct {
	Lines []InboundLine
	Left  int64 // units that are still expected in all
	More  bool  // there are more lines
	Key   string
	New   InboundForm
	Open  bool // the form of a new line is open
}

// InboundLine is one expected delivery.
type InboundLine struct {
	Document string
	Units    int64
	Received int64
	Left     int64
	Due      string // 2026-04-01; "" when nobody knows
	Late     bool
	Note     string
}

// InboundForm is a new line as it is typed.
type InboundForm struct {
	Document, Units, Due, Note string
}

const inboundRows = 20

func (s *Screen) inbound(r *http.Request, page *Page) error {
	list, err := s.db.ListInbound(r.Context(), page.TenantID, store.InboundQuery{SKU: page.Code, Limit: inboundRows})
	if err != nil {
		return err
	}
	today := ui.Today(s.ui.Now())
	page.Inbound.More = list.Next != ""
	for _, l := range list.Lines {
		line := InboundLine{Document: l.Document, Units: l.Units, Received: l.Received, Left: l.Left(), Note: l.Note}
		if l.Due != nil {
			line.Due, line.Late = l.Due.String(), *l.Due < today
		}
		page.Inbound.Left += line.Left
		page.Inbound.Lines = append(page.Inbound.Lines, line)
	}
	return nil
}

// AddInbound is POST /sku/inbound: a line that is expected is written down, or changed.
func (s *Screen) AddInbound(w http.ResponseWriter, r *http.Request) error {
	page, item, err := s.load(r, r.PostFormValue("code"))
	if err != nil {
		return err
	}
	f := r.PostForm
	page.Inbound.New = InboundForm{Document: strings.TrimSpace(f.Get("document")), Units: f.Get("units"), Due: f.Get("due"), Note: strings.TrimSpace(f.Get("note"))}
	page.Inbound.Open = true
	form := page.Inbound.New
	units, err := ui.ReadNumber(form.Units)
	if err != nil {
		page.wrongTerm("inbound_units", notANumber)
	}
	var due *stock.Day
	if form.Due != "" {
		day, err := stock.ParseDay(form.Due)
		if err != nil {
			page.Wrong["inbound_due"] = page.T("日付を 2026-04-01 の形で入力してください。")
		}
		due = &day
	}
	if !page.Wrong.Any() {
		answer, err := s.db.EditInbound(r.Context(), page.TenantID, page.Actor, []store.InboundRow{{SKU: item.SKU, Document: form.Document, Units: &units, Due: &due, Note: &form.Note}})
		if err != nil {
			return fmt.Errorf("write down what is expected of %s: %w", page.Code, err)
		}
		if wrong := answer.Rows[0].Refused; wrong != nil {
			page.wrongTerm("inbound_"+wrong.Field, wrong)
		}
	}
	return s.inboundDone(w, r, page, ui.DoneInbound)
}

func (s *Screen) inboundDone(w http.ResponseWriter, r *http.Request, page *Page, done ui.Done) error {
	if page.Wrong.Any() {
		if err := s.history(r, page, ""); err != nil {
			return err
		}
		return s.template.Page(w, http.StatusUnprocessableEntity, page)
	}
	s.engine.Changed()
	s.cookies.After(w, r, page.Address(), done)
	return nil
}

// Receive is POST /sku/receive: units of a line have arrived, or none will.
func (s *Screen) Receive(w http.ResponseWriter, r *http.Request) error {
	page, item, err := s.load(r, r.PostFormValue("code"))
	if err != nil {
		return err
	}
	f := r.PostForm
	if f.Get("close") != "" {
		closed := true
		_, err := s.db.EditInbound(r.Context(), page.TenantID, page.Actor, []store.InboundRow{{SKU: item.SKU, Document: f.Get("document"), Closed: &closed}})
		if err != nil {
			return fmt.Errorf("close what is expected of %s: %w", page.Code, err)
		}
		return s.inboundDone(w, r, page, ui.DoneInboundClosed)
	}
	units, err := ui.ReadNumber(f.Get("units"))
	if err != nil {
		page.wrongTerm("receive", notANumber)
	}
	key := f.Get("key")
	if key == "" || len(key) > 64 {
		page.Wrong["receive"] = page.T(ui.ErrForm.Text)
	}
	if page.Wrong.Any() {
		return s.inboundDone(w, r, page, "")
	}
	at, err := s.db.DefaultLocation(r.Context(), page.TenantID)
	if err != nil {
		return err
	}
	answer, err := s.db.ReceiveInbound(r.Context(), page.TenantID, store.Receipt{Key: "screen-" + key, Cause: stock.ByHand, Actor: page.Actor, Location: at,
		Rows: []store.ReceiptRow{{SKU: item.SKU, Document: f.Get("document"), Units: units}}})
	switch {
	case errors.Is(err, store.ErrKeyReused):
		page.Wrong["receive"] = page.T("この画面からの変更は登録済みです。最新の数を確かめてから、もう一度入力してください。")
	case err != nil:
		return fmt.Errorf("receive what was expected of %s: %w", page.Code, err)
	case answer.Rows[0].Refused != nil:
		page.wrongTerm("receive", answer.Rows[0].Refused)
	}
	return s.inboundDone(w, r, page, ui.DoneReceived)
}
