package api

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"soroi/internal/stock"
	"soroi/internal/store"
)

// Stocktake is one campaign of counting, with how far it is.
type Stocktake struct {
	ID        int64             `json:"id"`
	Name      string            `json:"name"`
	Location  string            `json:"location"` // its name
	Blind     bool              `json:"blind"`
	Picked    stock.PickedUnits `json:"picked"`
	OpenedBy  string            `json:"opened_by"`
	OpenedAt  time.Time         `json:"opened_at"`
	ClosedAt  *time.Time        `json:"closed_at"`
	Scope     int64             `json:"scope"`
	Counted   int64             `json:"counted"`
	Waiting   int64             `json:"waiting"`
	Recounts  int64             `json:"recounts"`
	Approved  int64             `json:"approved"`
	Left      int64             `json:"left"`
	Uncounted int64             `json:"uncounted"`
	Missing   int64             `json:"missing"`
	Posted    int64             `json:"posted"`
}

// StocktakePage is a page of them.
type StocktakePage struct {
	Items      []Stocktake `json:"items"`
	NextCursor *string     `json:"next_cursor"`
}

// CountLine is one SKU of a stocktake.
type CountLine struct {
	Code          string          `json:"code"`
	Name          string          `json:"name"`
	State         store.LineState `json:"state"`
	Round         int64           `json:"round"`
	Counted       int64           `json:"counted"`
	Picked        int64           `json:"picked"`
	Expected      int64           `json:"expected"`
	Variance      int64           `json:"variance"`
	Value         int64           `json:"value"`
	Moved         int64           `json:"moved_since"`
	Adjusted      int64           `json:"adjusted_since"`
	AdjustedMeans stock.Adjusted  `json:"adjusted_means"`
	MovedBetween  int64           `json:"moved_between_scans"`
	Delta         int64           `json:"delta"`
	Posted        int64           `json:"posted"`
	OnHand        int64           `json:"on_hand"`
	CountedAt     *time.Time      `json:"counted_at"`
	CountedBy     string          `json:"counted_by"`
	ApprovedAt    *time.Time      `json:"approved_at"`
	ApprovedBy    string          `json:"approved_by"`
	Reason        string          `json:"reason"`
}

// CountLinePage is a page of them.
type CountLinePage struct {
	Items      []CountLine `json:"items"`
	NextCursor *string     `json:"next_cursor"`
}

// UncountedSKU is a SKU that nobody has counted.
type UncountedSKU struct {
	Code   string `json:"code"`
	Name   string `json:"name"`
	OnHand int64  `json:"on_hand"`
}

// UncountedPage is a page of them.
type UncountedPage struct {
	Items      []UncountedSKU `json:"items"`
	NextCursor *string        `json:"next_cursor"`
}

// CountResult is what became of one count, or of one that was taken back.
type CountResult struct {
	Key      string      `json:"key"`
	Code     string      `json:"code"` // the SKU's own; "" where none is known
	Applied  bool        `json:"applied"`
	Repeated bool        `json:"repeated"`
	Counted  int64       `json:"counted"`
	Refused  *RowRefusal `json:"refused"`
}

// CountsAnswer is what became of a batch of counts.
type CountsAnswer struct {
	Applied int64         `json:"applied"`
	Rows    []CountResult `json:"rows"`
}

// ApprovalResult is what became of one line.
type ApprovalResult struct {
	Code    string      `json:"code"`
	Applied bool        `json:"applied"`
	Delta   int64       `json:"delta"`
	OnHand  int64       `json:"on_hand"`
	Refused *RowRefusal `json:"refused"`
}

func (row ApprovalResult) refusal() *RowRefusal { return row.Refused }

// ApprovalsAnswer is what became of a batch.
type ApprovalsAnswer struct {
	Applied  int64            `json:"applied"`
	Repeated bool             `json:"repeated"`
	Rows     []ApprovalResult `json:"rows"`
}

const (
	stocktakesPath   = "/api/v1/stocktakes"
	rowCountRefused  = typePrefix + "count-refused"
	rowAmbiguousCode = typePrefix + "ambiguous-code"
)

// countSentences says why something cannot be done in a stocktake, and what to do; one for each of store.StocktakeCodes.
var countSentences = map[string]string{
	"name": "The name is missing.", "name_long": "The name is too long.", "picked": "picked must be on_shelf, taken or asked.", "skus": "There are too many SKUs.", "none": "There are no SKUs.",
	"location":      "There is no such location.",
	"closed":        "The stocktake is closed. Open a new one.",
	"uncounted":     "%d SKUs are not counted. Count them, or send leave_uncounted.",
	"differences":   "%d differences are not posted. Approve them, or send leave_differences.",
	"unknown":       "The SKU has not been counted.",
	"not_counted":   "The SKU is to be counted again first.",
	"adjusted":      "The stock was adjusted after the count. Send adjusted: corrected (the books were put right) or moved (units came or went), or count again.",
	"moved_between": "Units moved between the first and the last scan. Count again, or send anyway.",
	"units":         "units and picked must be from 0 to 1,000,000,000.",
	"approved":      "The line is approved already. Take the approval back first.",
	"not_approved":  "The line is not approved, so there is nothing to take back.",
	"key":           "The key must have 1 to 100 bytes.",
	"age":           "The count is older than 14 days, or lies ahead.",
	"bundle":        "The SKU is a bundle. Count its parts.",
}

func countRefusal(e *store.StocktakeError) *RowRefusal {
	if e == nil {
		return nil
	}
	return &RowRefusal{rowCountRefused, countSentences[e.Code]}
}

// ofStocktake makes what a stocktake refuses as a whole a problem.
func ofStocktake(err error) error {
	var wrong *store.StocktakeError
	if !errors.As(err, &wrong) {
		return err
	}
	if wrong.Code == "uncounted" || wrong.Code == "differences" {
		return problem(stocktakeState, countSentences[wrong.Code], wrong.N)
	}
	return problem(stocktakeState, "%s", countSentences[wrong.Code])
}

func (a *API) findStocktake(r *request) (store.Stocktake, error) {
	text := r.r.PathValue("stocktake")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return store.Stocktake{}, problem(unknownStocktake, "There is no stocktake %q. GET /api/v1/stocktakes lists all.", text)
	}
	s, err := a.deps.DB.LoadStocktake(r.ctx(), r.token.Tenant, store.StocktakeID(id))
	if errors.Is(err, store.ErrNotFound) {
		return s, problem(unknownStocktake, "There is no stocktake %d. GET /api/v1/stocktakes lists all.", id)
	}
	return s, err
}

func (a *API) stocktakeOf(r *request, s store.Stocktake) (Stocktake, error) {
	sums, err := a.deps.DB.SumStocktake(r.ctx(), r.token.Tenant, s)
	return Stocktake{ID: int64(s.ID), Name: s.Name, Location: s.Place, Blind: s.Blind, Picked: s.Picked, OpenedBy: s.Actor, OpenedAt: s.CreatedAt, ClosedAt: instant(s.ClosedAt), Scope: sums.Scope,
		Counted: sums.Counted, Waiting: sums.Waiting, Recounts: sums.Asked, Approved: sums.Approved, Left: sums.Left, Uncounted: sums.Uncounted, Missing: sums.Missing, Posted: sums.Posted}, err
}

func (a *API) answerStocktake(r *request, status int, id store.StocktakeID) error {
	s, err := a.deps.DB.LoadStocktake(r.ctx(), r.token.Tenant, id)
	if err != nil {
		return err
	}
	out, err := a.stocktakeOf(r, s)
	if err != nil {
		return err
	}
	return r.answer(status, out)
}

func (a *API) listStocktakes(r *request) error {
	p := r.parameters("limit", "cursor")
	limit := p.number("limit", store.MostStocktakes)
	before := int64(0)
	if text := p.text("cursor"); text != "" {
		var err error
		if before, err = strconv.ParseInt(text, 10, 64); err != nil || before < 1 {
			p.refuse("cursor", "The cursor is not one that this list gave. Begin without it, and take next_cursor as it is.")
		}
	}
	if p.err != nil {
		return p.err
	}
	if limit == 0 {
		limit = store.MostStocktakes
	}
	list, err := a.deps.DB.ListStocktakes(r.ctx(), r.token.Tenant, store.StocktakeID(before), limit)
	if err != nil {
		return err
	}
	page := StocktakePage{Items: []Stocktake{}}
	for _, s := range list {
		item, err := a.stocktakeOf(r, s)
		if err != nil {
			return err
		}
		page.Items = append(page.Items, item)
	}
	if len(list) == limit {
		page.NextCursor = cursor(strconv.FormatInt(int64(list[limit-1].ID), 10))
	}
	return r.answer(http.StatusOK, page)
}

// openStocktake opens one. Only a key makes it happen once, so it must have one.
func (a *API) openStocktake(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	key, err := r.neededKey("open a second stocktake")
	if err != nil {
		return err
	}
	v, err := r.read()
	if err != nil {
		return err
	}
	var b body
	n := store.NewStocktake{Key: key, Actor: r.token.Name}
	object, ok := b.object(v, "", []string{"name", "picked"}, []string{"location", "blind", "q", "product", "codes"})
	if !ok {
		return b.problem()
	}
	n.Name = b.text(object, "name", "", 1, store.LongestViewName)
	n.Picked = stock.PickedUnits(b.choice(object, "picked", "", string(stock.OnShelf), string(stock.TakenOff), string(stock.PickedAsked)))
	n.Blind = b.boolean(object, "blind", "")
	n.Scope = store.StockQuery{Text: b.text(object, "q", "", 0, longestCode), Product: b.text(object, "product", "", 0, longestCode)}
	place := b.text(object, "location", "", 0, longestCode)
	var codes []string
	for i, v := range b.array(object, "codes", "", mostRows) {
		codes = append(codes, b.text(map[string]any{"code": v}, "code", "/codes/"+strconv.Itoa(i), 1, longestCode))
	}
	if codes != nil && (n.Scope.Text != "" || n.Scope.Product != "") {
		b.wrong("/codes", "go without q and product.")
	}
	if err := b.problem(); err != nil {
		return err
	}
	locations, err := a.deps.DB.FindLocations(r.ctx(), r.token.Tenant)
	if err != nil {
		return err
	}
	if n.Location = locations[place]; n.Location == 0 {
		b.wrong("/location", "there is no location %q.", place)
		return b.problem()
	}
	if codes != nil {
		skus, err := a.deps.DB.FindSKUs(r.ctx(), r.token.Tenant, codes)
		if err != nil {
			return err
		}
		n.SKUs = []stock.SKUID{}
		for i, code := range codes {
			if skus[code] == 0 {
				b.wrong("/codes/"+strconv.Itoa(i), "no SKU has the code %q, exactly as written.", code)
			}
			n.SKUs = append(n.SKUs, skus[code])
		}
		if err := b.problem(); err != nil {
			return err
		}
	}
	s, err := a.deps.DB.OpenStocktake(r.ctx(), r.token.Tenant, n)
	if err != nil {
		return ofStocktake(err)
	}
	r.w.Header().Set("Location", stocktakesPath+"/"+strconv.FormatInt(int64(s.ID), 10))
	return a.answerStocktake(r, http.StatusCreated, s.ID)
}

// neededKey is the Idempotency-Key of a request that must have one.
func (r *request) neededKey(otherwise string) (string, error) {
	key, err := r.onceKey()
	if err == nil && key == "" {
		err = parameterProblem("Idempotency-Key", "The Idempotency-Key is missing: without one a repeated request would %s. Send one that is new for each.", otherwise)
	}
	return key, err
}

func (a *API) loadStocktake(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	s, err := a.findStocktake(r)
	if err != nil {
		return err
	}
	return a.answerStocktake(r, http.StatusOK, s.ID)
}

func (a *API) listCountLines(r *request) error {
	p := r.parameters("show", "sort", "limit", "cursor")
	q := store.LineQuery{Show: store.LineShow(p.choice("show", "open", "same", "sure", "asked", "approved")), Limit: p.number("limit", store.MostInBatch), After: p.text("cursor")}
	switch sort := p.choice("sort", "size", "value", "code"); sort {
	case "value", "code":
		q.Sort = store.LineSort(sort)
	}
	if p.err != nil {
		return p.err
	}
	s, err := a.findStocktake(r)
	if err != nil {
		return err
	}
	page, err := a.deps.DB.ListStocktakeLines(r.ctx(), r.token.Tenant, s, q)
	if err != nil {
		return err
	}
	out := CountLinePage{Items: []CountLine{}, NextCursor: cursor(page.Next)}
	for _, l := range page.Lines {
		out.Items = append(out.Items, CountLine{Code: l.Code, Name: l.Name, State: l.State, Round: l.Round, Counted: l.Count.Units, Picked: l.Count.Off(), Expected: l.Expected, Variance: l.Variance, Value: l.Value(),
			Moved: l.Count.Since.Moved, Adjusted: l.Count.Since.Corrected, AdjustedMeans: l.Count.Says, MovedBetween: l.Between, Delta: l.Delta, Posted: l.Count.Posted, OnHand: l.OnHand,
			CountedAt: instant(l.CountedAt), CountedBy: l.Actor, ApprovedAt: instant(l.ApprovedAt), ApprovedBy: l.ApprovedBy, Reason: l.Reason})
	}
	return r.answer(http.StatusOK, out)
}

func (a *API) listUncounted(r *request) error {
	p := r.parameters("missing", "limit", "cursor")
	missing, limit := p.choice("missing", "true", "false") == "true", p.number("limit", store.MostInBatch)
	after := int64(0)
	if text := p.text("cursor"); text != "" {
		var err error
		if after, err = strconv.ParseInt(text, 10, 64); err != nil {
			p.refuse("cursor", "The cursor is not one that this list gave. Begin without it, and take next_cursor as it is.")
		}
	}
	if p.err != nil {
		return p.err
	}
	s, err := a.findStocktake(r)
	if err != nil {
		return err
	}
	if limit == 0 {
		limit = 100
	}
	list, err := a.deps.DB.ListUncounted(r.ctx(), r.token.Tenant, s, missing, stock.SKUID(after), limit)
	if err != nil {
		return err
	}
	page := UncountedPage{Items: []UncountedSKU{}}
	for _, u := range list {
		page.Items = append(page.Items, UncountedSKU{u.Code, u.Name, u.OnHand})
	}
	if len(list) == limit {
		page.NextCursor = cursor(strconv.FormatInt(int64(list[limit-1].SKU), 10))
	}
	return r.answer(http.StatusOK, page)
}
