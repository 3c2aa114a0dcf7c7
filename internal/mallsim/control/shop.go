package control

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"soroi/internal/mallsim"
)

// listingView is one line of a mall's stock book: the true number beside the one that readers are shown.
type listingView struct {
	mallsim.Listing
	Shown     int64     `json:"shown"`
	UpdatedAt time.Time `json:"updated_at"`
}

func listings(s Shop, w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	most, err := limit(q)
	if err != nil {
		return err
	}
	page := s.Mall.ListingsAfter(mallsim.Key{Item: q.Get("after"), Variant: q.Get("after_variant")}, most)
	views := make([]listingView, 0, len(page))
	for _, l := range page {
		_, updated, _ := s.Mall.Listing(l.Key)
		v := listingView{Listing: l, Shown: l.Stock, UpdatedAt: updated}
		v.Stock, _ = s.Mall.Stock(l.Key)
		views = append(views, v)
	}
	var next url.Values
	if most > 0 && len(page) == most {
		last := page[most-1].Key
		next = url.Values{"limit": {strconv.Itoa(most)}, "after": {last.Item}, "after_variant": {last.Variant}}
	}
	lines(w, r, views, next)
	return nil
}

// addListings puts all of them on sale, or none.
func addListings(s Shop, w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Listings []mallsim.Listing `json:"listings"`
	}
	if err := read(r, &body); err != nil {
		return err
	}
	if len(body.Listings) == 0 {
		return wrong("listings is empty")
	}
	seen := make(map[mallsim.Key]bool, len(body.Listings))
	for i, l := range body.Listings {
		_, _, there := s.Mall.Listing(l.Key)
		switch {
		case l.Key.Item == "":
			return wrong("listing %d has no key.item", i+1)
		case there || seen[l.Key]:
			return &refusal{http.StatusConflict, "listed", "listing " + l.Key.String() + " is on sale already"}
		}
		seen[l.Key] = true
	}
	for _, l := range body.Listings {
		if err := s.Mall.AddListing(l); err != nil {
			return err
		}
	}
	answer(w, http.StatusCreated, map[string]int{"added": len(body.Listings)})
	return nil
}

func removeListing(s Shop, w http.ResponseWriter, r *http.Request) error {
	k := mallsim.Key{Item: r.URL.Query().Get("item"), Variant: r.URL.Query().Get("variant")}
	if _, _, there := s.Mall.Listing(k); !there {
		return &mallsim.NoListingError{Key: k}
	}
	s.Mall.RemoveListing(k)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// editStock is the staff's hand on a number.
func (s *server) editStock(shop Shop, w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Item      string `json:"item"`
		Variant   string `json:"variant"`
		Code      string `json:"code"`
		Stock     *int64 `json:"stock"`
		Add       *int64 `json:"add"`
		Unlimited *bool  `json:"unlimited"`
	}
	if err := read(r, &body); err != nil {
		return err
	}
	given := 0
	for _, is := range []bool{body.Stock != nil, body.Add != nil, body.Unlimited != nil} {
		if is {
			given++
		}
	}
	if given != 1 {
		return wrong("give one of stock, add and unlimited")
	}
	k, err := s.find(shop.Mall, body.Item, body.Variant, body.Code)
	if err != nil {
		return err
	}
	const most = 1 << 40
	ok := true
	switch {
	case body.Unlimited != nil:
		ok = shop.Mall.SetUnlimited(k, *body.Unlimited)
	case body.Stock != nil && (*body.Stock < 0 || *body.Stock > most):
		return wrong("stock is %d, not from 0 to %d", *body.Stock, int64(most))
	case body.Stock != nil:
		_, ok = shop.Mall.SetStock(k, *body.Stock, mallsim.ByEdit)
	case *body.Add < -most || *body.Add > most:
		return wrong("add is %d, outside ±%d", *body.Add, int64(most))
	default:
		if _, err := shop.Mall.AddStock(k, *body.Add, mallsim.ByEdit, 0, most); err != nil {
			return err
		}
	}
	l, updated, there := shop.Mall.Listing(k)
	if !ok || !there {
		return &mallsim.NoListingError{Key: k}
	}
	v := listingView{Listing: l, Shown: l.Stock, UpdatedAt: updated}
	v.Stock, _ = shop.Mall.Stock(k)
	answer(w, http.StatusOK, v)
	return nil
}

func journal(s Shop, w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	most, err := limit(q)
	if err != nil {
		return err
	}
	after := int64(0)
	if q.Has("after") {
		if after, err = strconv.ParseInt(q.Get("after"), 10, 64); err != nil || after < 0 {
			return wrong("after is %q, not the number of a change", q.Get("after"))
		}
	}
	if most > 0 {
		page := s.Mall.Journal(after, most)
		var next url.Values
		if len(page) == most {
			next = url.Values{"limit": {strconv.Itoa(most)}, "after": {strconv.FormatInt(page[most-1].Seq, 10)}}
		}
		lines(w, r, page, next)
		return nil
	}
	// All of it: page by page, so that a long journal is never in memory twice.
	w.Header().Set("Content-Type", "application/x-ndjson")
	e := json.NewEncoder(w)
	for {
		page := s.Mall.Journal(after, 10_000)
		for _, c := range page {
			if e.Encode(c) != nil {
				return nil
			}
			after = c.Seq
		}
		if len(page) < 10_000 {
			return nil
		}
	}
}

func calls(s Shop, w http.ResponseWriter, _ *http.Request) error {
	answer(w, http.StatusOK, map[string]any{"calls": s.Mall.Calls()})
	return nil
}

// faultBody is a fault as it comes in; times are moments, or spans from now.
type faultBody struct {
	Op          string            `json:"op"`
	Kind        mallsim.FaultKind `json:"kind"`
	Times       int               `json:"times"`
	Probability float64           `json:"probability"`
	Delay       string            `json:"delay"`
	From        *time.Time        `json:"from"`
	Until       *time.Time        `json:"until"`
	After       string            `json:"after"` // instead of from
	For         string            `json:"for"`   // instead of until
}

// faultView is a fault as it goes out, with its delay spelled as it comes in.
type faultView struct {
	mallsim.Fault
	Delay string `json:"delay"`
}

func injectFault(s Shop, w http.ResponseWriter, r *http.Request) error {
	var body faultBody
	if err := read(r, &body); err != nil {
		return err
	}
	f, err := body.fault(s.Mall.Clock().Now())
	if err != nil {
		return err
	}
	s.Mall.Inject(f)
	answer(w, http.StatusCreated, faultView{f, f.Delay.String()})
	return nil
}

func (b faultBody) fault(now time.Time) (mallsim.Fault, error) {
	f := mallsim.Fault{Op: b.Op, Kind: b.Kind, Times: b.Times, Probability: b.Probability}
	var delay, after, last time.Duration
	for name, x := range map[string]struct {
		text string
		into *time.Duration
	}{"delay": {b.Delay, &delay}, "after": {b.After, &after}, "for": {b.For, &last}} {
		if x.text == "" {
			continue
		}
		d, err := time.ParseDuration(x.text)
		if err != nil || d < 0 {
			return f, wrong("%s is %q, not a span such as 90s or 2h", name, x.text)
		}
		*x.into = d
	}
	if !f.Valid() {
		return f, wrong("op %q is not a pattern, or kind %q is not one of %v, or times or probability (0 to 1) is out of range", b.Op, b.Kind, mallsim.FaultKinds())
	}
	f.Delay = delay
	switch {
	case b.From != nil && b.After != "" || b.Until != nil && b.For != "":
		return f, wrong("give from or after, until or for, not both")
	case b.From != nil:
		f.From = *b.From
	case b.After != "":
		f.From = now.Add(after)
	}
	switch {
	case b.Until != nil:
		f.Until = *b.Until
	case b.For != "" && f.From.IsZero():
		f.Until = now.Add(last)
	case b.For != "":
		f.Until = f.From.Add(last)
	}
	if !f.Until.IsZero() && (!f.Until.After(f.From) || !f.Until.After(now)) {
		return f, wrong("the fault would end before it begins")
	}
	return f, nil
}

func faults(s Shop, w http.ResponseWriter, _ *http.Request) error {
	views := []faultView{}
	for _, f := range s.Mall.Faults() {
		views = append(views, faultView{f, f.Delay.String()})
	}
	answer(w, http.StatusOK, map[string]any{"faults": views, "now": s.Mall.Clock().Now()})
	return nil
}

func clearFaults(s Shop, w http.ResponseWriter, _ *http.Request) error {
	s.Mall.ClearFaults()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func names[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
