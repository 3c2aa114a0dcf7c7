package control

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"soroi/internal/mallsim"
)

func orders(s Shop, w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	most, err := limit(q)
	if err != nil {
		return err
	}
	query := mallsim.Query{Hidden: true}
	if query.PlacedFrom, err = moment(q, "from"); err != nil {
		return err
	}
	if query.PlacedUntil, err = moment(q, "until"); err != nil {
		return err
	}
	// A page goes on after the order named: "2026-01-15T10:23:45Z 123-4".
	var after mallsim.Order
	if mark := q.Get("after"); mark != "" {
		at, number, ok := strings.Cut(mark, " ")
		placed, err := time.Parse(time.RFC3339Nano, at)
		if !ok || err != nil {
			return wrong("after is %q, not the mark of a page", mark)
		}
		after = mallsim.Order{PlacedAt: placed, Number: number}
		if placed.After(query.PlacedFrom) {
			query.PlacedFrom = placed
		}
	}
	left := most
	query.Keep = func(o mallsim.Order) bool {
		if after.Number != "" && (o.PlacedAt.Before(after.PlacedAt) || o.PlacedAt.Equal(after.PlacedAt) && o.Number <= after.Number) {
			return false
		}
		left--
		return most == 0 || left >= 0
	}
	page := s.Mall.Find(query)
	var next url.Values
	if most > 0 && left < 0 {
		last := page[len(page)-1]
		next = url.Values{"limit": {strconv.Itoa(most)}, "after": {last.PlacedAt.Format(time.RFC3339Nano) + " " + last.Number}}
		for _, name := range []string{"from", "until"} {
			if q.Has(name) {
				next.Set(name, q.Get(name))
			}
		}
	}
	lines(w, r, page, next)
	return nil
}

func oneOrder(s Shop, w http.ResponseWriter, r *http.Request) error {
	o, there := s.Mall.Order(r.PathValue("number"))
	if !there {
		return &mallsim.NoOrderError{Number: r.PathValue("number")}
	}
	answer(w, http.StatusOK, o)
	return nil
}

func (s *server) placeOrder(shop Shop, w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Number    string     `json:"number"`
		At        *time.Time `json:"at"`
		HeldUntil *time.Time `json:"held_until"`
		Test      bool       `json:"test"`
		Lines     []struct {
			Item    string `json:"item"`
			Variant string `json:"variant"`
			Code    string `json:"code"`
			Units   int64  `json:"units"`
			AtMost  bool   `json:"at_most"`
		} `json:"lines"`
	}
	if err := read(r, &body); err != nil {
		return err
	}
	b := mallsim.Basket{Number: body.Number, Test: body.Test}
	if body.At != nil {
		b.At = *body.At
	}
	if body.HeldUntil != nil {
		b.HeldUntil = *body.HeldUntil
	}
	for _, l := range body.Lines {
		k, err := s.find(shop.Mall, l.Item, l.Variant, l.Code)
		if err != nil {
			return err
		}
		b.Lines = append(b.Lines, mallsim.Want{Key: k, Units: l.Units, AtMost: l.AtMost})
	}
	place := shop.Mall.Place
	if shop.Place != nil {
		place = shop.Place
	}
	o, err := place(b)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/shops/"+url.PathEscape(shop.Name)+"/orders/"+url.PathEscape(o.Number))
	answer(w, http.StatusCreated, o)
	return nil
}

// changeOrder is what buyers and staff do to an order once it is placed.
func changeOrder(s Shop, w http.ResponseWriter, r *http.Request) error {
	number := r.PathValue("number")
	change, known := changes[r.PathValue("change")]
	if !known {
		return &refusal{http.StatusNotFound, "no_change", "an order can be changed by " + strings.Join(names(changes), ", ")}
	}
	var body changeBody
	if r.ContentLength != 0 {
		if err := read(r, &body); err != nil {
			return err
		}
	}
	o, err := change(s, number, body)
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, o)
	return nil
}

type changeBody struct {
	Lines   map[string]int64 `json:"lines"`   // cancel, ship, return: line → units; without it all
	Restock *bool            `json:"restock"` // cancel, return
	Shipped bool             `json:"shipped"` // cancel: what has been shipped too
	Reason  string           `json:"reason"`  // cancel
	Line    string           `json:"line"`    // edit
	Units   *int64           `json:"units"`   // edit
	Stage   string           `json:"stage"`   // advance
}

var changes = map[string]func(Shop, string, changeBody) (mallsim.Order, error){
	"cancel": func(s Shop, number string, b changeBody) (mallsim.Order, error) {
		c := mallsim.Cancellation{Lines: b.Lines, Shipped: b.Shipped, Restock: b.Restock, Reason: b.Reason}
		if s.Cancel != nil {
			return s.Cancel(number, c)
		}
		return s.Mall.Cancel(number, c)
	},
	"edit": func(s Shop, number string, b changeBody) (mallsim.Order, error) {
		if b.Line == "" || b.Units == nil {
			return mallsim.Order{}, wrong("an edit needs line and units")
		}
		return s.Mall.Edit(number, b.Line, *b.Units)
	},
	"ship": func(s Shop, number string, b changeBody) (mallsim.Order, error) { return s.Mall.Ship(number, b.Lines) },
	"return": func(s Shop, number string, b changeBody) (mallsim.Order, error) {
		return s.Mall.Return(number, b.Lines, b.Restock != nil && *b.Restock)
	},
	"advance": func(s Shop, number string, b changeBody) (mallsim.Order, error) {
		if b.Stage == "" {
			return mallsim.Order{}, wrong("an advance needs a stage in the mall's own words")
		}
		return s.Mall.Advance(number, b.Stage)
	},
}
